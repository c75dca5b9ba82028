//! What holds for any bytes: nothing panics, nothing gets lost, edits do what they say.

mod corpus;
mod edit_model;
mod invariants;

use std::sync::LazyLock;

use dockfix_syntax::{Dockerfile, Edits, Span};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use edit_model::Model;

static SAMPLES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(corpus::samples);

/// What means something to the parser.
const PIECES: &[&str] = &[
    "FROM a AS b",
    "RUN ",
    "run\t",
    "COPY ",
    "ADD ",
    "ENV ",
    "ARG ",
    "LABEL ",
    "CMD ",
    "SHELL ",
    "ONBUILD ",
    "HEALTHCHECK ",
    "EXPOSE 80",
    "VOLUME ",
    "WORKDIR /x",
    "USER a:b",
    "STOPSIGNAL 9",
    "MAINTAINER x",
    "FOO",
    "--from=x ",
    "--mount=type=cache",
    "--",
    "--x=\"a b\" ",
    "<<E",
    "<<-'E'",
    "3<<\"E F\"",
    "<< E",
    "E\n",
    "\tE\n",
    "E F\r\n",
    "\\\n",
    " \\ \t\n",
    "`\n",
    "\\\r\n",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "# c\n",
    " # c\n",
    "#",
    "# escape=`\n",
    "# escape=\\\n",
    "# syntax=a/b:1\n",
    "# check=skip=all\n",
    "\u{feff}",
    "[\"a\", \"b\"]",
    "[",
    "]",
    "[1]",
    "\"",
    "'",
    "a=b",
    "=",
    "$x",
    "${x:-y}",
    "${",
    "a",
    " ",
    "\t",
    "\u{a0}",
    "\u{85}",
    "\u{3000}",
    "\0",
    " && ",
    "; ",
    "|| ",
    "&",
    "(",
    ")",
    "\\\\",
    "`",
];

/// Bytes of any kind, with much that means something between them.
fn source() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..6),
    ];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A change that somebody might make to a file, or a broken disk.
#[derive(Clone, Debug)]
enum Mutation {
    DeleteLine(Index),
    DuplicateLine(Index, Index),
    SwapLines(Index, Index),
    InsertLine(Index, Index, Index),
    JoinLines(Index),
    Splice(Index, Index, Index),
    Insert(Index, Vec<u8>),
    Delete(Index, usize),
    Flip(Index, u8),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<Index>;
    prop_oneof![
        index().prop_map(Mutation::DeleteLine),
        (index(), index()).prop_map(|(a, b)| Mutation::DuplicateLine(a, b)),
        (index(), index()).prop_map(|(a, b)| Mutation::SwapLines(a, b)),
        (index(), index(), index()).prop_map(|(a, b, c)| Mutation::InsertLine(a, b, c)),
        index().prop_map(Mutation::JoinLines),
        (index(), index(), index()).prop_map(|(a, b, c)| Mutation::Splice(a, b, c)),
        (index(), source()).prop_map(|(a, bytes)| Mutation::Insert(a, bytes)),
        (index(), 1..20_usize).prop_map(|(a, len)| Mutation::Delete(a, len)),
        (index(), any::<u8>()).prop_map(|(a, byte)| Mutation::Flip(a, byte)),
    ]
}

fn mutate(source: Vec<u8>, mutation: &Mutation) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = source.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    let line = |index: &Index| index.index(lines.len().max(1));
    let place = |index: &Index, bytes: &[u8]| index.index(bytes.len() + 1);
    let mut bytes = source.clone();
    match mutation {
        _ if lines.is_empty() => return source,
        Mutation::DeleteLine(at) => {
            lines.remove(line(at));
        }
        Mutation::DuplicateLine(from, to) => {
            let (from, to) = (line(from), line(to));
            lines.insert(to, lines[from].clone());
        }
        Mutation::SwapLines(a, b) => {
            let (a, b) = (line(a), line(b));
            lines.swap(a, b);
        }
        Mutation::InsertLine(file, from, to) => {
            let (_, other) = file.get(&SAMPLES);
            let others: Vec<_> = other.split_inclusive(|&byte| byte == b'\n').collect();
            let new = others.get(from.index(others.len().max(1))).map_or_else(Vec::new, |new| new.to_vec());
            let to = line(to);
            lines.insert(to, new);
        }
        Mutation::JoinLines(at) => {
            let at = line(at);
            while matches!(lines[at].last(), Some(b'\n' | b'\r')) {
                lines[at].pop();
            }
        }
        Mutation::Splice(file, from, to) => {
            let (_, other) = file.get(&SAMPLES);
            return [&source[..place(to, &source)], &other[place(from, other)..]].concat();
        }
        Mutation::Insert(at, new) => {
            let at = place(at, &bytes);
            bytes.splice(at..at, new.iter().copied());
            return bytes;
        }
        Mutation::Delete(at, len) => {
            let at = place(at, &bytes);
            bytes.drain(at..(at + len).min(source.len()));
            return bytes;
        }
        Mutation::Flip(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
            return bytes;
        }
    }
    lines.concat()
}

/// Replacing each instruction by itself is no change.
fn replacing_by_itself_is_identity(file: &Dockerfile) {
    let mut edits = Edits::new();
    for instruction in file.instructions() {
        edits.replace(instruction.span(), instruction.span().of(file.source())).expect("disjoint");
    }
    assert_eq!(edits.apply(file.source()).expect("in bounds"), file.source());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_bytes_parse(bytes: Vec<u8>) {
        invariants::check("bytes", &Dockerfile::parse(bytes));
    }

    #[test]
    fn any_pieces_parse(bytes in source()) {
        let file = Dockerfile::parse(bytes);
        invariants::check(&file.source().escape_ascii().to_string(), &file);
        replacing_by_itself_is_identity(&file);
    }

    #[test]
    fn changed_files_parse(sample: Index, mutations in vec(mutation(), 1..8)) {
        let (name, source) = sample.get(&SAMPLES);
        let file = Dockerfile::parse(mutations.iter().fold(source.clone(), mutate));
        invariants::check(name, &file);
        replacing_by_itself_is_identity(&file);
    }

    #[test]
    fn edited_files_parse_as_their_text(
        sample: Index,
        pieces in source(),
        real: bool,
        changes in vec((any::<Index>(), 0..40_usize, source()), 1..4),
        again in (any::<Index>(), 0..40_usize, source()),
    ) {
        let mut file = Dockerfile::parse(if real { sample.get(&SAMPLES).1.clone() } else { pieces });
        for changes in [&changes[..], &[again]] {
            let mut edits = Edits::new();
            for (at, len, text) in changes {
                let start = at.index(file.source().len() + 1);
                let end = (start + len).min(file.source().len());
                // Some overlap, and are left out.
                let _ = edits.replace(Span { start, end }, text.get(..*len).unwrap_or(text));
            }
            let edited = file.edited(&edits).expect("in bounds");
            let parsed = Dockerfile::parse(edits.apply(file.source()).expect("in bounds"));
            prop_assert_eq!(edited.source(), parsed.source());
            prop_assert_eq!(edited.items(), parsed.items());
            prop_assert_eq!(edited.escape(), parsed.escape());
            prop_assert!(edited.problems().eq(parsed.problems()));
            invariants::check("edited", &edited);
            file = edited;
        }
    }

    #[test]
    fn edits_do_what_they_say(
        source in vec(b'a'..=b'z', 0..12),
        edits in vec((0..14_usize, 0..14_usize, vec(b'A'..=b'Z', 0..3)), 0..10),
    ) {
        let (mut model, mut set) = (Model::default(), Edits::new());
        for (start, end, text) in &edits {
            model.push(&mut set, Span { start: *start, end: *end }, text);
        }
        prop_assert_eq!(set.apply(&source).ok(), model.apply(&source));
    }
}
