//! Whole instructions.

use std::borrow::Cow;

use super::lines::{self, Line};
use super::{RewriteError, deletion, insertion, push};
use crate::decode::leading_space;
use crate::parse::{read_directive, trim_line_end};
use crate::{Dockerfile, Edits, Instruction, Item, ItemKind, Span, TextEdit};

/// Where to insert. The numbers are places among [`Dockerfile::items`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The head of the file, behind a byte order mark and a shebang.
    Top,
    /// Before the item and the comments attached to it: the comment lines right above, without a blank line between.
    Above(usize),
    /// Directly before the item, below its comments.
    Before(usize),
    /// Directly after the item.
    After(usize),
    /// The end of the file.
    End,
}

/// What becomes of the comment lines right above an instruction that goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comments {
    /// They stay, and so do the comment lines inside the instruction.
    Stay,
    /// They stay, but those inside go: the caller has them elsewhere.
    Inside,
    /// They go too, with those inside: the caller has them elsewhere.
    Go,
}

/// Inserts whole lines: instructions, comments, blank lines or directives.
///
/// `lines` has `\n` as its line end, which becomes the file's own; it may lack the last one.
///
/// # Errors
///
/// When the place does not exist, lies inside a change, lies behind an instruction that ends in a continuation
/// character, or when a directive would stop being one.
pub fn insert(edits: &mut Edits, file: &Dockerfile, place: Place, lines: &[u8]) -> Result<(), RewriteError> {
    let lines = in_own_line_ends(file, lines);
    let edit = insert_lines(file, place, &lines)?;
    push(edits, vec![edit])
}

/// Deletes the instruction `index` of the file's items.
///
/// # Errors
///
/// When the item is no instruction, lies inside a change, or when a comment would become a directive.
pub fn delete(
    edits: &mut Edits,
    file: &Dockerfile,
    index: usize,
    comments: Comments,
) -> Result<(), RewriteError> {
    let instruction = file.instruction(index).ok_or(RewriteError::NoSuchItem(index))?;
    let (first, gone) = match comments {
        Comments::Stay => (index, without_comments(&instruction)),
        Comments::Inside => (index, vec![instruction.span()]),
        Comments::Go => {
            let first = first_attached(file, index);
            (first, vec![Span::new(start_of(file, first), instruction.span().end)])
        }
    };
    // A comment inside the instruction is what comes first then; otherwise the next item.
    let next = if let [first, _, ..] = gone[..] { first.end } else { start_of(file, index + 1) };
    check_directives(file, first, next)?;
    push(edits, gone.into_iter().map(|span| deletion(lines::whole(file, span))).collect())
}

/// Deletes the blank line that is item `index` of the file.
///
/// # Errors
///
/// When the item is no blank line or lies inside a change.
pub fn delete_blank_line(edits: &mut Edits, file: &Dockerfile, index: usize) -> Result<(), RewriteError> {
    let item = file.items().get(index).filter(|item| matches!(item.kind, ItemKind::Blank));
    let span = item.ok_or(RewriteError::NoSuchItem(index))?.span;
    push(edits, vec![deletion(lines::whole(file, span))])
}

/// Moves the instruction `index` with its comments, byte for byte. It stays where it is when the place is beside it.
///
/// # Errors
///
/// As [`insert`] and [`delete`].
pub fn move_to(edits: &mut Edits, file: &Dockerfile, index: usize, place: Place) -> Result<(), RewriteError> {
    let instruction = file.instruction(index).ok_or(RewriteError::NoSuchItem(index))?;
    if lines::waits(&instruction) {
        return Err(RewriteError::OpenContinuation(instruction.start_line()));
    }
    let first = first_attached(file, index);
    let target = index_of(file, place)?;
    if (first..=index + 1).contains(&target) {
        return Ok(());
    }
    check_directives(file, target, start_of(file, first))?;
    let span = Span::new(start_of(file, first), instruction.span().end);
    check_directives(file, first, span.end)?;
    let text = Span::new(span.start, lines::text_end(file.source(), span)).of(file.source());
    push(edits, vec![insert_lines(file, place, text)?, deletion(lines::whole(file, span))])
}

/// Replaces an instruction by whole lines. The comment lines inside it stay, above the new lines where they can.
///
/// # Errors
///
/// When the instruction lies inside a change.
pub fn replace_instruction(
    edits: &mut Edits,
    instruction: &Instruction<'_>,
    lines: &[u8],
) -> Result<(), RewriteError> {
    let file = instruction.file();
    let mut gone = without_comments(instruction);
    let Some(last) = gone.pop() else { return Err(RewriteError::NoSuchItem(instruction.index())) };
    if let Some(first) = gone.first() {
        check_directives(file, instruction.index(), first.end)?;
    }
    let mut new: Vec<_> = gone.into_iter().map(|span| deletion(lines::whole(file, span))).collect();
    let text = in_own_line_ends(file, lines);
    let text = &text[..lines::text_end(&text, Span::new(0, text.len()))];
    let span = Span::new(last.start, lines::text_end(file.source(), last));
    new.push(TextEdit { span, text: text.to_vec() });
    push(edits, new)
}

/// `lines` with the file's line end in the place of every bare `\n`.
pub(super) fn in_own_line_ends<'a>(file: &Dockerfile, lines: &'a [u8]) -> Cow<'a, [u8]> {
    let line_end = file.line_end().as_bytes();
    if line_end == b"\n" {
        return Cow::Borrowed(lines);
    }
    let mut out = Vec::with_capacity(lines.len() + 8);
    for (at, &byte) in lines.iter().enumerate() {
        if byte == b'\n' && (at == 0 || lines[at - 1] != b'\r') {
            out.extend_from_slice(line_end);
        } else {
            out.push(byte);
        }
    }
    Cow::Owned(out)
}

/// The insertion of `lines`, whose last line end does not matter.
fn insert_lines(file: &Dockerfile, place: Place, lines: &[u8]) -> Result<TextEdit, RewriteError> {
    let source = file.source();
    let items = file.items();
    let (head, index) = (head(file), index_of(file, place)?);
    if let Some(directive) = items[index..].iter().find(|item| matches!(item.kind, ItemKind::Directive(_))) {
        let is_directive = |item: &Item| matches!(item.kind, ItemKind::Directive(_));
        let inserted = Dockerfile::parse(lines);
        if inserted.items().is_empty() || !inserted.items().iter().all(is_directive) {
            return Err(RewriteError::BeforeDirective(directive.line));
        }
    }
    let last = index.checked_sub(1).filter(|_| index == items.len()).and_then(|last| file.instruction(last));
    if let Some(last) = last.filter(|last| lines::waits(last)) {
        return Err(RewriteError::OpenContinuation(last.start_line()));
    }
    let line_end = file.line_end().as_bytes();
    let text = &lines[..lines::text_end(lines, Span::new(0, lines.len()))];
    let at = start_of(file, index);
    if !lines::is_terminated(source) && index > head {
        let at = lines::line_end_before(source, at).unwrap_or(at);
        return Ok(insertion(at, [line_end, text].concat()));
    }
    Ok(insertion(at, [text, line_end].concat()))
}

/// Number of the first item that something can be inserted before: a byte order mark and a shebang stay first.
fn head(file: &Dockerfile) -> usize {
    let stays_first = |item: &&Item| matches!(item.kind, ItemKind::ByteOrderMark | ItemKind::Shebang);
    file.items().iter().take_while(stays_first).count()
}

/// Number of the item that follows the place.
fn index_of(file: &Dockerfile, place: Place) -> Result<usize, RewriteError> {
    let len = file.items().len();
    match place {
        Place::Above(index) | Place::Before(index) | Place::After(index) if index >= len => {
            Err(RewriteError::NoSuchItem(index))
        }
        Place::Top => Ok(head(file)),
        Place::Above(index) => Ok(first_attached(file, index).max(head(file))),
        Place::Before(index) => Ok(index.max(head(file))),
        Place::After(index) => Ok(index + 1),
        Place::End => Ok(len),
    }
}

/// Offset of the item; the source's end for the number behind the last one.
fn start_of(file: &Dockerfile, index: usize) -> usize {
    file.items().get(index).map_or(file.source().len(), |item| item.span.start)
}

/// The number of the first of the comments attached to item `index`, those right above it; its own without any.
#[must_use]
pub fn first_attached(file: &Dockerfile, index: usize) -> usize {
    let is_comment = |item: &&Item| matches!(item.kind, ItemKind::Comment);
    index - file.items()[..index].iter().rev().take_while(is_comment).count()
}

/// The lines of the instruction but its comment lines, as spans of whole lines.
fn without_comments(instruction: &Instruction<'_>) -> Vec<Span> {
    let source = instruction.file().source();
    let mut spans: Vec<Span> = Vec::new();
    let mut add = |span: Span| match spans.last_mut() {
        Some(last) if last.end == span.start => last.end = span.end,
        _ => spans.push(span),
    };
    let lines = lines::of(instruction);
    lines.iter().filter(|line| !line.is_comment(source)).for_each(|line: &Line| add(line.span));
    for heredoc in instruction.heredocs() {
        add(Span::new(heredoc.body.start, heredoc.terminator.end));
    }
    spans
}

/// Refuses what makes the line at `next` follow the items before `first`, if it is a comment that would be a directive
/// there.
fn check_directives(file: &Dockerfile, first: usize, next: usize) -> Result<(), RewriteError> {
    if is_head(file, first) && is_directive(file.source(), next) {
        return Err(RewriteError::BecomesDirective(file.line_at(next)));
    }
    Ok(())
}

/// Whether directives may stand before the item `index`.
fn is_head(file: &Dockerfile, index: usize) -> bool {
    let in_head = |item: &Item| {
        matches!(item.kind, ItemKind::ByteOrderMark | ItemKind::Shebang | ItemKind::Directive(_))
    };
    file.items()[..index].iter().all(in_head)
}

/// Whether the line at `at` is a directive, or a comment that would be one at the head of the file.
fn is_directive(source: &[u8], at: usize) -> bool {
    let len = memchr::memchr(b'\n', &source[at..]).map_or(source.len() - at, |len| len + 1);
    let line = trim_line_end(source, Span::new(at, at + len));
    let content = Span::new(line.start + leading_space(line.of(source)), line.end);
    content.of(source).first() == Some(&b'#') && read_directive(source, content).is_some()
}
