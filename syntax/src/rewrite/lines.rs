//! The physical lines of a file and of an instruction.

use crate::decode::leading_space;
use crate::parse::{trim_continuation, trim_line_end};
use crate::{Dockerfile, Instruction, Span};

/// A physical line of an instruction. Heredoc bodies and terminators are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The line with its line end.
    pub(super) span: Span,
    /// Where its line end starts.
    pub(super) text_end: usize,
    /// What it adds to the logical text; `None` for a comment or blank line among continued lines.
    pub(super) code: Option<Code>,
}

/// The part of a line that belongs to the logical text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    /// The bytes in the source, without the continuation character and what follows it.
    pub(super) kept: Span,
    /// Offset of the first of them in the logical text.
    pub(super) logical: usize,
    /// A continuation character follows.
    pub(super) continued: bool,
}

impl Line {
    /// The line is a comment.
    pub(super) fn is_comment(&self, source: &[u8]) -> bool {
        let text = Span::new(self.span.start, self.text_end).of(source);
        self.code.is_none() && text.get(leading_space(text)) == Some(&b'#')
    }
}

/// The lines of an instruction, as BuildKit joins them.
pub(super) fn of(instruction: &Instruction<'_>) -> Vec<Line> {
    let file = instruction.file();
    let source = file.source();
    let span = instruction.span();
    let end = instruction.heredocs().first().map_or(span.end, |heredoc| heredoc.body.start);
    let mut lines = Vec::new();
    let (mut at, mut logical, mut continued) = (span.start, 0, true);
    while at < end && continued {
        let len = memchr::memchr(b'\n', &source[at..end]).map_or(end - at, |len| len + 1);
        let line = Span::new(at, at + len);
        let content = trim_line_end(source, line);
        let visible = content.start + leading_space(content.of(source));
        let first = lines.is_empty();
        let code = if first || !matches!(source[visible..content.end].first(), None | Some(b'#')) {
            let content = if first { Span::new(visible, content.end) } else { content };
            let (kept, is_continued) = trim_continuation(source, content, file.escape());
            continued = is_continued;
            let code = Code { kept, logical, continued };
            logical += kept.len();
            Some(code)
        } else {
            None
        };
        lines.push(Line { span: line, text_end: content.end, code });
        at += len;
    }
    lines
}

/// Whether the instruction of these lines still waits for a line when the file ends.
pub(super) fn is_open(lines: &[Line]) -> bool {
    lines.iter().rev().find_map(|line| line.code).is_some_and(|code| code.continued)
}

/// Whether the instruction still waits for a line when the file ends: [`is_open`], told by the last line alone.
pub(super) fn waits(instruction: &Instruction<'_>) -> bool {
    let file = instruction.file();
    let (source, span) = (file.source(), instruction.span());
    // Only the end of the file ends an instruction that is continued, and heredocs follow one that is complete.
    if span.end < source.len() || !instruction.heredocs().is_empty() {
        return false;
    }
    let before = text_end(source, span);
    let start =
        memchr::memrchr(b'\n', &source[span.start..before]).map_or(span.start, |at| span.start + at + 1);
    let content = trim_line_end(source, Span::new(start, span.end));
    let visible = content.start + leading_space(content.of(source));
    let is_code = start == span.start || !matches!(source[visible..content.end].first(), None | Some(b'#'));
    // A comment or blank line belongs to an instruction only where it goes on.
    !is_code || trim_continuation(source, content, file.escape()).1
}

/// Whether the last line of the file has a line end.
pub(super) fn is_terminated(source: &[u8]) -> bool {
    source.last() == Some(&b'\n')
}

/// What to delete so that the lines of `span` are gone.
pub(super) fn whole(file: &Dockerfile, span: Span) -> Span {
    let source = file.source();
    if is_terminated(source) {
        return span;
    }
    match line_end_before(source, span.start) {
        Some(start) => Span::new(start, text_end(source, span)),
        None => span,
    }
}

/// Where the line end in front of the line at `start` starts; `None` for the first line.
pub(super) fn line_end_before(source: &[u8], start: usize) -> Option<usize> {
    let before = &source[..start];
    let text = before.strip_suffix(b"\n")?;
    Some(text.len() - text.iter().rev().take_while(|&&byte| byte == b'\r').count())
}

/// Where the line end of the last line of `span` starts. A last line without `\n` has none.
pub(super) fn text_end(source: &[u8], span: Span) -> usize {
    line_end_before(source, span.end).filter(|&end| end >= span.start).unwrap_or(span.end)
}
