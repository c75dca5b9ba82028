//! Flags.

use super::lines::{self, Code, Line};
use super::pieces::{Piece, end_in_source, insert_at_end, outcome};
use super::{RewriteError, insertion, push_inside, remove};
use crate::decode::{is_separator, leading_space};
use crate::{Edits, Flag, Instruction, Span, TextEdit, heredoc};

/// Inserts flags behind the keyword and the flags that are there.
///
/// They join the line of the last flag (or of the keyword), unless the flags of the instruction stand on lines of their
/// own: then each new one gets a line with the same indentation. Two and more new flags where there was none get lines
/// of their own too, as Docker's documentation writes them, and so does one with which the line would be longer than 120
/// bytes, counted with what `edits` already make of it.
///
/// # Errors
///
/// When a flag does not start with `--` or holds a line break, or the place lies inside a change.
pub fn insert_flags(
    edits: &mut Edits,
    instruction: &Instruction<'_>,
    flags: &[&str],
) -> Result<(), RewriteError> {
    if let Some(wrong) = flags.iter().find(|flag| !flag.starts_with("--") || flag.contains(['\n', '\r'])) {
        return Err(RewriteError::NotAFlag((*wrong).to_owned()));
    }
    let last = instruction.flags().last().map_or(instruction.keyword_span(), |flag| flag.span);
    let (text, may_be_plain) = match own_lines(instruction) {
        Some(line_break) => {
            (flags.iter().flat_map(|flag| [&line_break, flag.as_bytes()].concat()).collect(), false)
        }
        None if instruction.flags().is_empty()
            && (flags.len() > 1 || makes_too_long(edits, instruction, flags)) =>
        {
            let first = first_flags(instruction, flags);
            if first.gap > 0 {
                let gap = Span::new(last.end, last.end + first.gap);
                match replace_gap(edits, instruction, gap, &first.text, flags.len()) {
                    // The command behind it goes, and the white space with it.
                    Err(RewriteError::Edit(_)) => {}
                    done => return done,
                }
            }
            (first.text, first.is_visible)
        }
        None => {
            let mut text = Vec::with_capacity(flags.iter().map(|flag| 1 + flag.len()).sum());
            for flag in flags {
                text.push(b' ');
                text.extend_from_slice(flag.as_bytes());
            }
            (text, true)
        }
    };
    if may_be_plain && flags.iter().all(|flag| is_plain(flag)) && takes_plain_words(instruction, last.end) {
        return push_plain_words(edits, instruction, last.end, text, flags.len());
    }
    insert_at_end(edits, instruction, last.end, &text, flags.len())
}

/// How many bytes a line may have that a flag is added to.
pub(super) const LONGEST_LINE: usize = 120;

/// Whether the line of the keyword would be too long with flags.
fn makes_too_long(edits: &Edits, instruction: &Instruction<'_>, flags: &[&str]) -> bool {
    let lines = lines::of(instruction);
    let keyword_end = end_in_source(instruction, instruction.keyword_span().end);
    let kept = line_at(&lines, keyword_end - 1).map_or(Span::empty(0), |(_, code)| code.kept);
    let on_it =
        edits.as_slice().iter().filter(|edit| edit.span.start >= kept.start && edit.span.end <= kept.end);
    let (added, gone) =
        on_it.fold((0, 0), |(added, gone), edit| (added + edit.text.len(), gone + edit.span.len()));
    let line = (kept.len() + added).saturating_sub(gone);
    line + flags.iter().map(|flag| 1 + flag.len()).sum::<usize>() > LONGEST_LINE
}

/// Whether a flag is one word however it is read: nothing in it quotes, escapes, announces a heredoc, continues a line or
/// starts a comment.
fn is_plain(flag: &str) -> bool {
    // A bare `--` would end the flags.
    flag.len() > 2
        && flag.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'-' | b'=' | b',' | b'.' | b'/' | b'_' | b':' | b'@' | b'+')
        })
}

/// Whether plain words can come behind the keyword or the last flag, which ends at `end`, without another look at what
/// that makes of the instruction.
///
/// The words before them end where they did, because white space followed and follows; the line goes on or ends as it did,
/// because neither its end nor, as the words end in no escape character, what precedes it changes; and what follows is still
/// read from white space on, where it was looked for more flags before as it is now. Between the words, and in front of what
/// follows them, may be line breaks: each behind a blank and an escape character, and none in front of what could be taken
/// for a comment or a blank line. Heredocs are announced by the line as a whole, and those of ONBUILD are another
/// instruction's flags.
fn takes_plain_words(instruction: &Instruction<'_>, end: usize) -> bool {
    let text = instruction.text();
    text.get(end).is_some_and(|&byte| is_separator(byte))
        && !instruction.args_span().is_empty()
        && instruction.problem().is_none()
        && instruction.inner().is_none()
        && !heredoc::may_announce(text)
}

/// Inserts words of which [`is_plain`] and [`takes_plain_words`] are true, with what stands between them.
fn push_plain_words(
    edits: &mut Edits,
    instruction: &Instruction<'_>,
    end: usize,
    text: Vec<u8>,
    flags: usize,
) -> Result<(), RewriteError> {
    let edit = insertion(end_in_source(instruction, end), text);
    if cfg!(debug_assertions) {
        let mut checked = Edits::new();
        let made = insert_at_end(&mut checked, instruction, end, &edit.text, flags);
        assert_eq!((made, checked.as_slice()), (Ok(()), std::slice::from_ref(&edit)));
    }
    Ok(edits.push(edit)?)
}

/// Removes a flag; with its line, where it has one of its own.
///
/// # Errors
///
/// When the flag lies inside a change.
pub fn remove_flag(
    edits: &mut Edits,
    instruction: &Instruction<'_>,
    flag: &Flag,
) -> Result<(), RewriteError> {
    remove(edits, instruction, &[flag.span])
}

/// What separates the flags of an instruction that writes each on a line of its own: from the last byte of one to the
/// first of the next.
fn own_lines(instruction: &Instruction<'_>) -> Option<Vec<u8>> {
    let source = instruction.file().source();
    let last = instruction.flags().last()?;
    let lines = lines::of(instruction);
    let start = instruction.source_offset(last.span.start);
    let end = end_in_source(instruction, last.span.end);
    let (index, first) = line_at(&lines, start)?;
    let (end_index, code) = line_at(&lines, end - 1)?;
    let before = Span::new(first.kept.start, start).of(source);
    let after = Span::new(end, code.kept.end).of(source);
    let breaks_after = code.continued && is_blank(after);
    let indent = if index > 0 && is_blank(before) {
        before
    } else if index == 0 && instruction.flags().len() == 1 && breaks_after {
        next_indent(source, &lines, end_index)?
    } else {
        return None;
    };
    let gap = if breaks_after && !(after.is_empty() && indent.is_empty()) { after } else { b" " };
    Some([gap, &[instruction.file().escape()], line_end(instruction, &lines, index), indent].concat())
}

/// What several flags for an instruction without any come to.
struct FirstFlags {
    text: Vec<u8>,
    /// How many bytes of white space behind the keyword go, as they are no end of the arguments' indentation.
    gap: usize,
    /// What comes to stand on a line of its own is neither a comment nor blank.
    is_visible: bool,
}

/// Several flags for an instruction without any: the first behind the keyword, the others on lines of their own, and
/// the arguments below them.
fn first_flags(instruction: &Instruction<'_>, flags: &[&str]) -> FirstFlags {
    let source = instruction.file().source();
    let lines = lines::of(instruction);
    let keyword_end = end_in_source(instruction, instruction.keyword_span().end);
    let (index, code) = line_at(&lines, keyword_end - 1).unwrap_or((0, Code::default()));
    let rest = Span::new(keyword_end, code.kept.end).of(source);
    let indent = next_indent(source, &lines, index).unwrap_or(FIRST_INDENT);
    // Arguments that go on there stand further in than their command.
    let indent = if holds_arguments(source, &lines, index) { shorter(indent) } else { indent };
    let escape = [instruction.file().escape()];
    let line_end = line_end(instruction, &lines, index);
    let line_break = [b" ", &escape[..], line_end, indent].concat();
    let mut text = Vec::new();
    for (number, flag) in flags.iter().enumerate() {
        text.extend_from_slice(if number == 0 { b" " } else { &line_break });
        text.extend_from_slice(flag.as_bytes());
    }
    let (gap, arguments) = rest.split_at(rest.iter().take_while(|&&byte| is_separator(byte)).count());
    if arguments.is_empty() {
        return FirstFlags { text, gap: 0, is_visible: true };
    }
    let is_visible = !matches!(rest[leading_space(rest)..].first(), None | Some(b'#'));
    text.extend_from_slice(&[b" ", &escape[..], line_end].concat());
    // White space between keyword and arguments stays where it can be the end of the arguments' indentation.
    let (start, gap) = indent.strip_suffix(gap).map_or((indent, gap.len()), |start| (start, 0));
    text.extend_from_slice(start);
    FirstFlags { text, gap, is_visible }
}

/// The indentation of flags and commands where nothing tells of another.
const FIRST_INDENT: &[u8] = b"    ";

fn shorter(indent: &[u8]) -> &[u8] {
    if indent.len() > FIRST_INDENT.len() && indent.iter().all(|&byte| byte == b' ') {
        FIRST_INDENT
    } else {
        indent
    }
}

/// Whether the code line behind line `index` goes on with the arguments of a command: neither of the two ends or begins one.
fn holds_arguments(source: &[u8], lines: &[Line], index: usize) -> bool {
    let code = |line: &Line| line.code.map(|code| code.kept.of(source).trim_ascii());
    let Some(this) = lines.get(index).and_then(code) else { return false };
    let next = lines.get(index + 1..).and_then(|rest| rest.iter().find_map(code)).unwrap_or_default();
    let is_operator = |text: &[u8], is_end: bool| {
        [&b"&&"[..], b"||", b";", b"|", b"{", b"("]
            .iter()
            .any(|operator| if is_end { text.ends_with(operator) } else { text.starts_with(operator) })
    };
    !is_operator(this, true) && !is_operator(next, false)
}

/// Puts so many flags in the place of the white space in front of the arguments, given as a span of the logical text that
/// lies on one line.
fn replace_gap(
    edits: &mut Edits,
    instruction: &Instruction<'_>,
    gap: Span,
    text: &[u8],
    flags: usize,
) -> Result<(), RewriteError> {
    let mut outcome = outcome(instruction, &[Piece { span: gap, text }])?;
    outcome.flags += flags;
    let start = end_in_source(instruction, gap.start);
    let edit = TextEdit { span: Span::new(start, start + gap.len()), text: text.to_vec() };
    push_inside(edits, instruction, vec![edit], &outcome)
}

/// The code line with the byte at `at`.
fn line_at(lines: &[Line], at: usize) -> Option<(usize, Code)> {
    let index = lines.iter().position(|line| line.span.contains(at))?;
    Some((index, lines.get(index)?.code?))
}

/// The indentation of the code line that follows.
fn next_indent<'a>(source: &'a [u8], lines: &[Line], index: usize) -> Option<&'a [u8]> {
    let kept = lines.get(index + 1..)?.iter().find_map(|line| line.code)?.kept.of(source);
    Some(&kept[..kept.iter().take_while(|&&byte| is_separator(byte)).count()])
}

/// The line end of a line; where it has none, the file's.
fn line_end<'a>(instruction: &Instruction<'a>, lines: &[Line], index: usize) -> &'a [u8] {
    let own =
        lines.get(index).map(|line| Span::new(line.text_end, line.span.end).of(instruction.file().source()));
    own.filter(|own| own.ends_with(b"\n")).unwrap_or(instruction.file().line_end().as_bytes())
}

fn is_blank(text: &[u8]) -> bool {
    text.iter().all(|&byte| is_separator(byte))
}
