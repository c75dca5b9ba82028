//! Pieces of an instruction: words, flags, commands.

use super::cutter::Cutter;
use super::items::in_own_line_ends;
use super::{Outcome, RewriteError, insertion, push_inside};
use crate::decode::is_separator;
use crate::parse::{trim_continuation, trim_line_end};
use crate::{Edits, Instruction, Span, heredoc};

/// Removes pieces of an instruction, each a whole word or several, given as spans of the logical text.
///
/// White space that stood around a piece goes with it, so that its neighbours keep one gap. A continuation line that
/// held nothing else goes with its continuation character; when the last line goes, the line before it is no longer
/// continued. Comment lines stay.
///
/// # Errors
///
/// When a span is not part of the instruction behind its keyword, two of them overlap, a heredoc would lose its
/// announcement, or the bytes are changed already.
pub fn remove(edits: &mut Edits, instruction: &Instruction<'_>, spans: &[Span]) -> Result<(), RewriteError> {
    splice(edits, instruction, spans.iter().map(|&span| Piece { span, text: b"" }).collect())
}

/// Replaces a piece of an instruction, given as a span of the logical text, by `text`.
///
/// `text` has `\n` as its line end, which becomes the file's own; continuation characters it brings itself. It stands
/// where the piece started; lines that held nothing but the rest of the piece go. Comment lines stay.
///
/// # Errors
///
/// As [`remove`].
pub fn replace(
    edits: &mut Edits,
    instruction: &Instruction<'_>,
    span: Span,
    text: &[u8],
) -> Result<(), RewriteError> {
    let text = in_own_line_ends(instruction.file(), text);
    splice(edits, instruction, vec![Piece { span, text: &text }])
}

/// Replaces the arguments: what follows the keyword and the flags.
///
/// # Errors
///
/// As [`remove`].
pub fn replace_args(
    edits: &mut Edits,
    instruction: &Instruction<'_>,
    text: &[u8],
) -> Result<(), RewriteError> {
    if !instruction.args_span().is_empty() {
        return replace(edits, instruction, instruction.args_span(), text);
    }
    let end = instruction.flags().last().map_or(instruction.keyword_span(), |flag| flag.span).end;
    let text = [b" ", &in_own_line_ends(instruction.file(), text)[..]].concat();
    insert_at_end(edits, instruction, end, &text, 0)
}

/// The source offset just behind the logical byte before `end`. Unlike the offset of the byte at `end`, it lies before
/// a continuation.
pub(super) fn end_in_source(instruction: &Instruction<'_>, end: usize) -> usize {
    match end.checked_sub(1) {
        Some(last) => instruction.source_offset(last) + 1,
        None => instruction.source_offset(0),
    }
}

/// Inserts `text`, which holds so many flags, just behind the logical byte before `end`.
pub(super) fn insert_at_end(
    edits: &mut Edits,
    instruction: &Instruction<'_>,
    end: usize,
    text: &[u8],
    flags: usize,
) -> Result<(), RewriteError> {
    let mut outcome = outcome(instruction, &[Piece { span: Span::empty(end), text }])?;
    outcome.flags += flags;
    push_inside(edits, instruction, vec![insertion(end_in_source(instruction, end), text)], &outcome)
}

/// Inserts `text` just before the logical byte at `start`.
pub(super) fn insert_at_start(
    edits: &mut Edits,
    instruction: &Instruction<'_>,
    start: usize,
    text: &[u8],
) -> Result<(), RewriteError> {
    let outcome = outcome(instruction, &[Piece { span: Span::empty(start), text }])?;
    let at = instruction.source_offset(start);
    push_inside(edits, instruction, vec![insertion(at, text)], &outcome)
}

/// A piece of logical text that goes, and what comes in its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'t> {
    pub(super) span: Span,
    pub(super) text: &'t [u8],
}

/// Takes pieces out of an instruction and puts others in their place.
pub(super) fn splice(
    edits: &mut Edits,
    instruction: &Instruction<'_>,
    pieces: Vec<Piece<'_>>,
) -> Result<(), RewriteError> {
    let pieces = checked(instruction, pieces)?;
    let outcome = outcome(instruction, &pieces)?;
    let mut cutter = Cutter::new(instruction);
    for piece in &pieces {
        cutter.cut(piece.span, piece.text);
    }
    cutter.drop_blank_lines();
    cutter.join_first_line();
    cutter.close_gaps();
    cutter.end_last_line();
    for piece in &pieces {
        cutter.keep_apart(piece.span, piece.text);
    }
    push_inside(edits, instruction, cutter.into_edits(), &outcome)
}

/// Sorts the pieces and joins those with nothing but white space between them.
fn checked<'t>(
    instruction: &Instruction<'_>,
    mut pieces: Vec<Piece<'t>>,
) -> Result<Vec<Piece<'t>>, RewriteError> {
    let text = instruction.text();
    pieces.sort_by_key(|piece| piece.span);
    let mut joined: Vec<Piece<'t>> = Vec::with_capacity(pieces.len());
    let mut at = instruction.keyword_span().end;
    for piece in pieces {
        let Span { start, end } = piece.span;
        if start < at || start > end || end > text.len() {
            return Err(RewriteError::BadSpan(start, end));
        }
        at = end;
        match joined.last_mut() {
            Some(last)
                if last.text.is_empty()
                    && piece.text.is_empty()
                    && Span::new(last.span.end, start).of(text).iter().all(|&byte| is_separator(byte)) =>
            {
                last.span.end = end;
            }
            _ => joined.push(piece),
        }
    }
    Ok(joined)
}

/// What must come of the instruction with the pieces changed. Refuses what would announce other heredocs.
pub(super) fn outcome(instruction: &Instruction<'_>, pieces: &[Piece<'_>]) -> Result<Outcome, RewriteError> {
    let text = instruction.text();
    let mut new = Vec::with_capacity(text.len());
    let mut at = 0;
    for piece in pieces {
        new.extend_from_slice(&text[at..piece.span.start]);
        new.extend(joined(piece.text, instruction.file().escape()));
        at = piece.span.end;
    }
    new.extend_from_slice(&text[at..]);
    let innermost = instruction.inner().unwrap_or(*instruction);
    if innermost.keyword().takes_heredocs() && heredoc::announced(text) != heredoc::announced(&new) {
        return Err(RewriteError::Heredocs);
    }
    // A flag goes with the piece around it; in its place come the flags of the text.
    let encloses_flag = |piece: &Piece<'_>| innermost.flags().iter().any(|it| piece.span.encloses(it.span));
    let gone = innermost.flags().iter().filter(|it| pieces.iter().any(|piece| piece.span.encloses(it.span)));
    let come = pieces.iter().filter(|piece| encloses_flag(piece)).flat_map(|piece| {
        piece.text.split(|&byte| is_separator(byte) || byte == b'\n').filter(|word| word.starts_with(b"--"))
    });
    let flags = innermost.flags().len() - gone.count() + come.count();
    // New text may be in another form.
    let form = pieces.iter().all(|piece| piece.text.is_empty()).then(|| innermost.form());
    Ok(Outcome { text: new, flags, form })
}

/// What lines with continuation characters come to when they are joined; their comments go.
fn joined(text: &[u8], escape: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (number, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let content = trim_line_end(line, Span::new(0, line.len()));
        let is_comment = number > 0 && content.of(line).trim_ascii_start().starts_with(b"#");
        if !is_comment {
            let ends = line.ends_with(b"\n");
            let kept = if ends { trim_continuation(line, content, escape).0 } else { content };
            out.extend_from_slice(kept.of(line));
        }
    }
    out
}
