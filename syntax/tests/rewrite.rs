//! Structural edits of real and of odd files: the result parses to the expected instructions, and every comment is
//! still there.

mod changes;
mod corpus;

use std::sync::LazyLock;

use changes::{KINDS, change, change_commands, commands, meanings, wrong};
use dockfix_syntax::rewrite::{RewriteError, Side};
use dockfix_syntax::{Dockerfile, Form, Keyword, shell};
use proptest::prelude::*;
use proptest::sample::Index;

static SAMPLES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(corpus::samples);

/// The fixtures and some of the corpus: every change of every file takes minutes. `DOCKFIX_EXHAUSTIVE=1` does that.
fn some_samples() -> impl Iterator<Item = &'static (String, Vec<u8>)> {
    let step = if std::env::var_os("DOCKFIX_EXHAUSTIVE").is_some() { 1 } else { 25 };
    let (fixtures, files) = SAMPLES.split_at(corpus::FIXTURES.len());
    fixtures.iter().chain(files.iter().step_by(step))
}

/// Every kind of change at every instruction of every file.
#[test]
fn changes_hold() {
    let (mut made, mut refused) = (0, 0);
    for (name, source) in some_samples() {
        let file = Dockerfile::parse(&source[..]);
        for (number, what) in (0..file.instructions().count()).flat_map(|n| (0..KINDS).map(move |w| (n, w))) {
            match change(&file, what, number, number * 7 + 3) {
                Some(Ok(change)) => {
                    assert_eq!(wrong(&file, &change, meanings), None, "{name}: change {what} at {number}");
                    made += 1;
                }
                Some(Err(_)) => refused += 1,
                None => {}
            }
        }
    }
    println!("{made} changes made, {refused} refused");
    assert!(refused * 20 < made, "{refused} of {made} changes refused");
}

/// Every command of every RUN.
#[test]
fn changes_of_commands_hold() {
    let (mut made, mut refused) = (0, 0);
    for (name, source) in some_samples() {
        let file = Dockerfile::parse(&source[..]);
        for run in file.instructions().filter(|it| it.keyword() == Keyword::Run && it.form() == Form::Shell) {
            let Ok(script) = shell::scan(run.args()) else { continue };
            // The instruction alone: that changes stay inside it shows above.
            let directive = [b"# escape=", &[file.escape()][..], b"\n"].concat();
            let file = Dockerfile::parse([&directive, run.span().of(file.source())].concat());
            let run = file.instructions().next().expect("the same RUN");
            for number in 0..script.list.items.len() {
                for side in [None, Some(Side::Before), Some(Side::After)] {
                    let context = || format!("{name}:{}: command {number}, {side:?}", run.start_line());
                    match change_commands(&file, &run, &script.list, number, side) {
                        Some(Ok(change)) => {
                            assert_eq!(wrong(&file, &change, commands), None, "{}", context());
                            made += 1;
                        }
                        Some(Err(RewriteError::LastCommand | RewriteError::Operator)) | None => {}
                        Some(Err(_)) => refused += 1,
                    }
                }
            }
        }
    }
    println!("{made} changes made, {refused} refused");
    assert!(refused * 20 < made, "{refused} of {made} changes refused");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..Default::default() })]

    /// The same with other line ends.
    #[test]
    fn changes_hold_whatever_the_line_end(
        sample: Index, what in 0..KINDS, at: Index, other in 0..100_usize, crlf: bool, cut: bool,
    ) {
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
        let number = at.index(file.instructions().count().max(1));
        if let Some(Ok(change)) = change(&file, what, number, other) {
            prop_assert_eq!(wrong(&file, &change, meanings), None);
        }
    }
}
