//! Nothing gets lost: items are the file, lines and spans are right, and logical text leads back to the source.

mod corpus;
mod invariants;

use dockfix_syntax::{Dockerfile, ItemKind};

#[test]
fn fixtures_and_corpus_hold() {
    let samples = corpus::samples();
    for (name, source) in &samples {
        invariants::check(name, &Dockerfile::parse(&source[..]));
    }
    println!("{} files hold", samples.len());
}

/// The fixtures have every kind of item, so that the test above means something without the corpus.
#[test]
fn fixtures_have_every_kind() {
    let files: Vec<_> = corpus::FIXTURES.iter().map(|source| Dockerfile::parse(*source)).collect();
    let has = |wanted: fn(&ItemKind) -> bool| {
        files.iter().flat_map(Dockerfile::items).any(|item| wanted(&item.kind))
    };
    assert!(has(|kind| matches!(kind, ItemKind::ByteOrderMark)));
    assert!(has(|kind| matches!(kind, ItemKind::Shebang)));
    assert!(has(|kind| matches!(kind, ItemKind::Directive(_))));
    assert!(has(|kind| matches!(kind, ItemKind::Comment)));
    assert!(has(|kind| matches!(kind, ItemKind::Blank)));
    assert!(has(|kind| matches!(kind, ItemKind::Instruction(_))));
    assert!(has(|kind| matches!(kind, ItemKind::Unknown(..))));
}

/// Behind a shebang BuildKit looks for the frontend and the checks, and has the parser no directive.
#[test]
fn a_shebang_lets_some_directives_follow() {
    use dockfix_syntax::DirectiveName::{Check, Escape, Syntax};
    let file = Dockerfile::parse(
        &b"#!/usr/bin/env -S docker build -f\n# escape=`\n# syntax=a\n# check=skip=all\nFROM a\n"[..],
    );
    assert!(file.has_shebang() && file.problems().next().is_none());
    assert_eq!(
        [Syntax, Check, Escape].map(|name| file.directive(name)),
        [Some(&b"a"[..]), Some(b"skip=all"), None]
    );
    assert_eq!(file.escape(), b'\\');
    let twice = Dockerfile::parse(&b"#!x\n# syntax=a\n# syntax=b\n# check=c\nFROM a\n"[..]);
    assert_eq!((twice.directives().count(), twice.problems().count()), (1, 0));
    let indented = Dockerfile::parse(&b" #!x\n# syntax=a\nFROM a\n"[..]);
    assert!(!indented.has_shebang() && indented.directives().next().is_none());
}

#[test]
fn a_line_end_is_only_a_line_feed() {
    let lines = |source: &[u8]| -> Vec<usize> {
        Dockerfile::parse(source).items().iter().map(|item| item.line).collect()
    };
    assert_eq!(lines(b"FROM a\rRUN x\n\r\nRUN \\\n\ny\nRUN z"), [1, 2, 3, 6]);
    assert_eq!(lines(b"\xef\xbb\xbfFROM a\nRUN <<E\n\nE\n#c"), [1, 1, 2, 5]);
}

#[test]
fn problems_are_told_once_and_in_order() {
    let long = "x".repeat(70_000);
    let source = format!("FROM a\nFOO\nRUN <<E <<F\nRUN {long}\nE\n");
    let file = Dockerfile::parse(source.into_bytes());
    let lines: Vec<_> = file.problems().map(|(line, _)| line).collect();
    assert_eq!(lines, [2, 3, 4, 5]);
}

/// A heredoc that never ends is looked for once, not from every line that announces one.
#[test]
fn time_is_linear() {
    let mut source = b"FROM a\n".to_vec();
    for number in 0..200_000 {
        source.extend(format!("RUN <<E{number}\n").bytes());
    }
    let start = std::time::Instant::now();
    assert_eq!(Dockerfile::parse(source).problems().count(), 200_000);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
