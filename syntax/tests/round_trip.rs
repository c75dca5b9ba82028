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
    assert!(has(|kind| matches!(kind, ItemKind::Directive(_))));
    assert!(has(|kind| matches!(kind, ItemKind::Comment)));
    assert!(has(|kind| matches!(kind, ItemKind::Blank)));
    assert!(has(|kind| matches!(kind, ItemKind::Instruction(_))));
    assert!(has(|kind| matches!(kind, ItemKind::Unknown(..))));
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
