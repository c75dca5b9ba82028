//! Structural edits with what must come of them.

use dockfix_syntax::rewrite::{self, Chain, Comments, Place, RewriteError, Side};
use dockfix_syntax::{Dockerfile, Edits, Flag, Form, Instruction, Item, ItemKind, Keyword, Span, shell};

const NEW: &[u8] = b"LABEL dockfix=new";

fn is_space(byte: &u8) -> bool {
    matches!(byte, b'\t' | 0x0b | 0x0c | b'\r' | b' ')
}

/// What an instruction is but for its place: the words of its logical text, and its heredocs.
fn meaning(instruction: &Instruction<'_>) -> Vec<Vec<u8>> {
    let bodies = instruction.heredocs().iter().map(|heredoc| heredoc.body.of(instruction.file().source()));
    let words = instruction.text().split(is_space);
    // BuildKit trims other white space too, where it stands at the end.
    let words = words.filter(|word| !String::from_utf8_lossy(word).trim().is_empty());
    words.chain(bodies).map(<[u8]>::to_vec).collect()
}

pub(crate) fn meanings(file: &Dockerfile) -> Vec<Vec<Vec<u8>>> {
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
            ItemKind::Shebang | ItemKind::Comment | ItemKind::Instruction(_) | ItemKind::Unknown(..) => {
                comments.extend(lines.filter(starts).map(|line| line.trim_ascii().to_vec()));
            }
            ItemKind::ByteOrderMark | ItemKind::Directive(_) | ItemKind::Blank => {}
        }
    }
    comments.sort();
    comments
}

/// A change and the instructions that must come of it.
pub(crate) struct Change {
    edits: Edits,
    expected: Vec<Vec<Vec<u8>>>,
}

/// Whether the flag holds white space, in quotes.
fn has_space(instruction: &Instruction<'_>, flag: &Flag) -> bool {
    flag.span.of(instruction.text()).iter().any(is_space)
}

/// Whether the flag ends where a word ends: BuildKit also ends it at the bytes 0x85 and 0xA0.
fn ends_in_space(instruction: &Instruction<'_>, flag: &Flag) -> bool {
    instruction.text().get(flag.span.end).is_none_or(is_space)
}

/// Number of kinds of changes.
pub(crate) const KINDS: u8 = 12;

/// Makes change number `what` at instruction number `at`. `None` where there is nothing to change.
pub(crate) fn change(
    file: &Dockerfile,
    what: u8,
    number: usize,
    other: usize,
) -> Option<Result<Change, RewriteError>> {
    let mut edits = Edits::new();
    let mut expected = meanings(file);
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
            let target = other % expected.len();
            let moved = expected.remove(number);
            expected.insert(if target > number { target - 1 } else { target }, moved);
            let place = Place::Above(file.instructions().nth(target)?.index());
            rewrite::move_to(&mut edits, file, index, place)
        }
        8 => {
            let end = 1 + instruction.flags().iter().filter(|flag| !flag.span.is_empty()).count();
            let is_word = |flag: &Flag| ends_in_space(&instruction, flag) && !has_space(&instruction, flag);
            if !instruction.flags().iter().all(is_word) || instruction.keyword_text().is_empty() {
                return None;
            }
            expected[number].insert(end, b"--dockfix".to_vec());
            rewrite::insert_flags(&mut edits, &instruction, &["--dockfix"])
        }
        9 => {
            let flag = instruction.flags().get(other % instruction.flags().len().max(1))?;
            if !ends_in_space(&instruction, flag) {
                return None;
            }
            // An escaped space is part of the flag, and may end it.
            let words = flag.span.of(instruction.text()).split(is_space);
            let words = words.filter(|word| !word.is_empty()).count();
            let before = Span::new(0, flag.span.start).of(instruction.text());
            // As below.
            before.last().filter(|byte| is_space(byte))?;
            let before = before.split(is_space).filter(|word| !word.is_empty()).count();
            expected[number].drain(before..before + words);
            rewrite::remove_flag(&mut edits, &instruction, flag)
        }
        _ => {
            let words = instruction.words();
            let word = words.get(other % words.len().max(1))?.span;
            let before = Span::new(0, word.start).of(instruction.text());
            // White space beyond ASCII stands before the arguments and belongs to none of our words.
            before.last().filter(|byte| is_space(byte))?;
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

/// The simple commands of the RUNs that can be read, without gaps.
pub(crate) fn commands(file: &Dockerfile) -> Vec<Vec<Vec<u8>>> {
    let mut commands = Vec::new();
    for run in file.instructions().filter(|it| it.keyword() == Keyword::Run && it.form() == Form::Shell) {
        let Ok(script) = shell::scan(run.args()) else { continue };
        let words =
            |text: &[u8]| text.split(is_space).filter(|it| !it.is_empty()).map(<[u8]>::to_vec).collect();
        commands.extend(script.simple_commands().iter().map(|it| words(it.command.span.of(run.args()))));
    }
    commands
}

/// Changes the commands of a RUN: takes one out, or puts one on a side of another.
pub(crate) fn change_commands(
    file: &Dockerfile,
    run: &Instruction<'_>,
    list: &shell::List<'_>,
    number: usize,
    side: Option<Side>,
) -> Option<Result<Change, RewriteError>> {
    let span = list.items.get(number)?.pipeline.span;
    let chain = Chain::of(list, run.args_span().start);
    let mut edits = Edits::new();
    let expected = commands(file);
    let spans = |it: &Instruction<'_>| -> Vec<Span> {
        let Ok(script) = shell::scan(it.args()) else { return Vec::new() };
        script.simple_commands().iter().map(|it| it.command.span).collect()
    };
    let own = spans(run);
    let first = own.iter().take_while(|it| it.start < span.start).count();
    let last = first + own.iter().filter(|it| span.encloses(**it)).count();
    let new = vec![b"dockfix".to_vec(), b"new".to_vec()];
    let expected = match side {
        None => [&expected[..first], &expected[last..]].concat(),
        Some(Side::Before) => [&expected[..first], &[new], &expected[first..]].concat(),
        Some(Side::After) => [&expected[..last], &[new], &expected[last..]].concat(),
    };
    let done = match side {
        None => rewrite::remove_commands(&mut edits, run, &chain, &[number]),
        Some(side) => rewrite::insert_command(&mut edits, run, &chain, number, side, b"dockfix new"),
    };
    Some(done.map(|()| Change { edits, expected }))
}

/// What is wrong after a change.
pub(crate) fn wrong(
    file: &Dockerfile,
    change: &Change,
    read: fn(&Dockerfile) -> Vec<Vec<Vec<u8>>>,
) -> Option<String> {
    let after = Dockerfile::parse(change.edits.apply(file.source()).expect("in bounds"));
    let ends = |file: &Dockerfile| file.source().ends_with(b"\n");
    // Without the last line, a blank line before it ends the file.
    let mut lines = file.source().split(|&byte| byte == b'\n').rev().skip(1);
    let has_blank = lines.any(|line| line.trim_ascii().is_empty());
    // The mark at the beginning stays when all else goes.
    let is_bare = |file: &Dockerfile| matches!(file.source(), b"" | b"\xef\xbb\xbf");
    let is_empty = is_bare(file) || is_bare(&after);
    let dangles = |file: &Dockerfile| file.instructions().any(|it| it.args().ends_with(b"&&"));
    let what = if read(&after) != change.expected {
        "other instructions or commands"
    } else if comments(&after) != comments(file) {
        "other comments"
    } else if !is_empty && !has_blank && ends(&after) != ends(file) {
        "another end"
    } else if std::ptr::fn_addr_eq(read, commands as fn(&Dockerfile) -> _)
        && dangles(&after)
        && !dangles(file)
    {
        "a dangling &&"
    } else {
        return None;
    };
    Some(format!("{what}: {}\nbecame\n{}", file.source().escape_ascii(), after.source().escape_ascii()))
}
