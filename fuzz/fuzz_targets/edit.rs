//! Edits do what a slow model does, and structural edits lead to the expected instructions and keep every comment.
//!
//! The last 24 bytes of the input say what to edit, so that a Dockerfile is an input as it is.

#![no_main]

use dockfix_syntax::rewrite::Side;
use dockfix_syntax::{Dockerfile, Edits, Form, Keyword, Problem, Span, shell};
use libfuzzer_sys::fuzz_target;

#[path = "../../syntax/tests/changes/mod.rs"]
mod changes;
#[path = "../../syntax/tests/edit_model/mod.rs"]
mod edit_model;

use changes::{KINDS, change, change_commands, commands, meanings, wrong};
use edit_model::Model;

/// What decides where an item ends, and what it is.
const PIECES: [&[u8]; 8] = [b"", b"xy", b"\n", b"\\\n", b" <<E\n", b"E\n", b"# escape=`\n", b"\nRUN <<E\n"];

fuzz_target!(|input: &[u8]| {
    let Some((source, choices)) = input.split_last_chunk::<24>() else { return };
    let file = Dockerfile::parse(source);
    let (mut model, mut edits) = (Model::default(), Edits::new());
    for choice in choices.chunks_exact(3) {
        let [start, end, piece] = [choice[0], choice[1], choice[2]].map(usize::from);
        model.push(&mut edits, Span { start, end }, PIECES[piece % PIECES.len()]);
    }
    assert_eq!(edits.apply(source).ok(), model.apply(source));
    if let Ok(edited) = file.edited(&edits) {
        assert_eq!(edited.items(), Dockerfile::parse(edited.shared_source()).items());
    }

    // What Docker would reject may read differently after a change: a heredoc without end may get one. And what looks
    // like a byte order mark may come to the head of the file.
    let has_mark = source.windows(3).skip(1).any(|bytes| bytes == b"\xef\xbb\xbf");
    let is_valid = !has_mark && file.problems().all(|(_, problem)| *problem == Problem::UnknownInstruction);
    for choice in choices.chunks_exact(3) {
        let number = usize::from(choice[1]) % file.instructions().count().max(1);
        if let Some(Ok(change)) = change(&file, choice[0] % KINDS, number, usize::from(choice[2])) {
            let found = wrong(&file, &change, meanings);
            assert!(!is_valid || found.is_none(), "{}", found.unwrap_or_default());
        }
    }
    for run in file.instructions().filter(|it| it.keyword() == Keyword::Run && it.form() == Form::Shell) {
        let Ok(script) = shell::scan(run.args()) else { continue };
        let directive = [b"# escape=", &[file.escape()][..], b"\n"].concat();
        let file = Dockerfile::parse([&directive, run.span().of(source)].concat());
        let Some(run) = file.instructions().next() else { continue };
        for (number, choice) in choices.iter().enumerate().take(script.list.items.len()) {
            let side = [None, Some(Side::Before), Some(Side::After)][usize::from(choice % 3)];
            if let Some(Ok(change)) = change_commands(&file, &run, &script.list, number, side) {
                let found = wrong(&file, &change, commands);
                assert!(!is_valid || found.is_none(), "{}", found.unwrap_or_default());
            }
        }
    }
});
