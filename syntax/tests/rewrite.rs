//! Structural edits of real and of odd files: the result parses to the expected instructions, and every comment is
//! still there.

mod corpus;

use std::sync::LazyLock;

use dockfix_syntax::rewrite::{self, Comments, Place, RewriteError};
use dockfix_syntax::{Dockerfile, Edits, Instruction, Item, ItemKind, Span};
use proptest::prelude::*;
use proptest::sample::Index;

static SAMPLES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(corpus::samples);

const NEW: &[u8] = b"LABEL dockfix=new";

fn is_space(byte: &u8) -> bool {
    matches!(byte, b'\t' | 0x0b | 0x0c | b'\r' | b' ')
}

/// What an instruction is but for its place: its logical text without gaps, and its heredocs.
fn meaning(instruction: &Instruction<'_>) -> Vec<Vec<u8>> {
    let bodies = instruction.heredocs().iter().map(|heredoc| heredoc.body.of(instruction.file().source()));
    let words = instruction.text().split(is_space).filter(|word| !word.is_empty());
    words.chain(bodies).map(<[u8]>::to_vec).collect()
}

fn meanings(file: &Dockerfile) -> Vec<Vec<Vec<u8>>> {
    file.instructions().map(|instruction| meaning(&instruction)).collect()
}

/// The comment lines between the instructions and inside them, sorted.
fn comments(file: &Dockerfile) -> Vec<Vec<u8>> {
    let mut comments = Vec::new();
    for (index, Item { span, kind, .. }) in file.items().iter().enumerate() {
        let end =
            file.instruction(index).and_then(|it| it.heredocs().first()).map_or(span.end, |h| h.body.start);
        let lines = Span::new(span.start, end).of(file.source()).split(|&byte| byte == b'\n');
        let starts = |line: &&[u8]| String::from_utf8_lossy(line).trim_start().starts_with('#');
        match kind {
            ItemKind::Comment | ItemKind::Instruction(_) | ItemKind::Unknown(..) => {
                comments.extend(lines.filter(starts).map(|line| line.trim_ascii().to_vec()));
            }
            ItemKind::ByteOrderMark | ItemKind::Directive(_) | ItemKind::Blank => {}
        }
    }
    comments.sort();
    comments
}

/// A change and the instructions that must come of it.
struct Change {
    edits: Edits,
    expected: Vec<Vec<Vec<u8>>>,
}

/// Makes change number `what` at instruction number `at`. `None` where there is nothing to change.
fn change(file: &Dockerfile, what: u8, at: Index, other: Index) -> Option<Result<Change, RewriteError>> {
    let mut edits = Edits::new();
    let mut expected = meanings(file);
    if expected.is_empty() {
        return None;
    }
    let number = at.index(expected.len());
    let instruction = file.instructions().nth(number)?;
    let index = instruction.index();
    let new = NEW.split(|&byte| byte == b' ').map(<[u8]>::to_vec).collect();
    let done = match what {
        0..=4 => {
            let (place, number) = [
                (Place::Top, 0),
                (Place::Above(index), number),
                (Place::Before(index), number),
                (Place::After(index), number + 1),
                (Place::End, expected.len()),
            ][usize::from(what)];
            expected.insert(number, new);
            rewrite::insert(&mut edits, file, place, NEW)
        }
        5 => {
            expected.remove(number);
            rewrite::delete(&mut edits, file, index, Comments::Stay)
        }
        6 => {
            expected[number] = new;
            rewrite::replace_instruction(&mut edits, &instruction, NEW)
        }
        7 => {
            let target = other.index(expected.len());
            let moved = expected.remove(number);
            expected.insert(if target > number { target - 1 } else { target }, moved);
            let place = Place::Above(file.instructions().nth(target)?.index());
            rewrite::move_to(&mut edits, file, index, place)
        }
        8 => {
            let end = 1 + instruction.flags().iter().filter(|flag| !flag.span.is_empty()).count();
            if instruction.flags().iter().any(|flag| flag.span.of(instruction.text()).iter().any(is_space)) {
                return None;
            }
            expected[number].insert(end, b"--dockfix".to_vec());
            rewrite::insert_flags(&mut edits, &instruction, &["--dockfix"])
        }
        9 => {
            let flag = instruction.flags().get(other.index(instruction.flags().len().max(1)))?;
            let words = flag.span.of(instruction.text()).split(is_space).count();
            let before = Span::new(0, flag.span.start).of(instruction.text());
            let before = before.split(is_space).filter(|word| !word.is_empty()).count();
            expected[number].drain(before..before + words);
            rewrite::remove_flag(&mut edits, &instruction, flag)
        }
        _ => {
            let words = instruction.words();
            let word = words.get(other.index(words.len().max(1)))?.span;
            let before = Span::new(0, word.start).of(instruction.text());
            let before = before.split(is_space).filter(|word| !word.is_empty()).count();
            if what == 10 {
                expected[number].remove(before);
                rewrite::remove(&mut edits, &instruction, &[word])
            } else {
                expected[number][before] = b"dockfix".to_vec();
                rewrite::replace(&mut edits, &instruction, word, b"dockfix")
            }
        }
    };
    Some(done.map(|()| Change { edits, expected }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn changes_hold(sample: Index, what in 0..12_u8, at: Index, other: Index, crlf: bool, cut: bool) {
        let (_, source) = sample.get(&SAMPLES);
        let mut source = source.clone();
        if crlf {
            source = String::from_utf8_lossy(&source).replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
        }
        if cut {
            while matches!(source.last(), Some(b'\n' | b'\r')) {
                source.pop();
            }
        }
        let file = Dockerfile::parse(source);
        let Some(Ok(Change { edits, expected })) = change(&file, what, at, other) else { return Ok(()) };
        let after = Dockerfile::parse(edits.apply(file.source()).unwrap());
        let shown = format!("{}\nbecame\n{}", file.source().escape_ascii(), after.source().escape_ascii());
        prop_assert_eq!(meanings(&after), expected, "{}", shown);
        prop_assert_eq!(comments(&after), comments(&file), "{}", shown);
        let ends = |file: &Dockerfile| file.source().ends_with(b"\n");
        // Without the last line, a blank line before it ends the file.
        let has_blank = file.items().iter().any(|item| matches!(item.kind, ItemKind::Blank));
        let is_empty = file.source().is_empty() || after.source().is_empty();
        prop_assert!(is_empty || has_blank || ends(&after) == ends(&file), "{}", shown);
    }
}
