//! Cutting bytes out of the lines of one instruction.

use super::insertion;
use super::lines::{self, Code, Line};
use crate::decode::is_separator;
use crate::{Instruction, Span, TextEdit};

/// The lines of an instruction, and which of their bytes go.
pub(super) struct Cutter<'a> {
    instruction: Instruction<'a>,
    source: &'a [u8],
    lines: Vec<Line>,
    /// For each line, whether something was cut out of it.
    touched: Vec<bool>,
    /// For each line, whether all of it goes.
    dropped: Vec<bool>,
    /// Offset of the instruction in the source.
    start: usize,
    /// For each byte of the lines, whether it goes.
    gone: Vec<bool>,
    /// What comes, and before which byte of the source.
    insertions: Vec<(usize, Vec<u8>)>,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(instruction: &Instruction<'a>) -> Self {
        let lines = lines::of(instruction);
        let start = instruction.span().start;
        let end = lines.last().map_or(start, |line| line.span.end);
        Self {
            instruction: *instruction,
            source: instruction.file().source(),
            touched: vec![false; lines.len()],
            dropped: vec![false; lines.len()],
            lines,
            start,
            gone: vec![false; end - start],
            insertions: Vec::new(),
        }
    }

    /// Cuts a span of the logical text and puts `text` in its place.
    pub(super) fn cut(&mut self, span: Span, text: &[u8]) {
        for index in 0..self.lines.len() {
            let Some(Code { kept, logical, .. }) = self.code(index) else { continue };
            let from = kept.start + (span.start.max(logical) - logical).min(kept.len());
            let to = kept.start + (span.end.max(logical) - logical).min(kept.len());
            self.touched[index] |= from < to;
            // The indentation and the blank before a continuation character go only with the line.
            let is_space = |at: &usize| is_separator(self.source[*at]);
            let indent = if from == kept.start { (from..to).take_while(is_space).count() } else { 0 };
            let from = from + indent;
            let blank = if to == kept.end { (from..to).rev().take_while(is_space).count() } else { 0 };
            self.mark(Span::new(from, to - blank));
        }
        if !text.is_empty() {
            let at = self.instruction.source_offset(span.start);
            self.insertions.push((at, text.to_vec()));
        }
    }

    /// Drops the lines of which nothing is left but white space.
    pub(super) fn drop_blank_lines(&mut self) {
        for index in 1..self.lines.len() {
            let Some(Code { kept, .. }) = self.code(index) else { continue };
            if self.touched[index] && self.is_blank(kept) && !self.inserts_in(kept) {
                self.dropped[index] = true;
                self.mark(lines::whole(self.instruction.file(), self.lines[index].span));
            }
        }
    }

    /// Where nothing is left of the first line but its keyword, moves what follows up to it, unless a comment lies
    /// between.
    pub(super) fn join_first_line(&mut self) {
        let Some(Code { kept, .. }) = self.code(0) else { return };
        let keyword_end =
            self.instruction.source_offset(self.instruction.keyword_span().end.saturating_sub(1)) + 1;
        let Some(cut) = kept.range().find(|&at| self.is_gone(at)) else { return };
        let next = (1..self.lines.len()).find(|&index| !self.dropped[index]);
        let Some(Code { kept: next, .. }) = next.and_then(|next| self.code(next)) else { return };
        let rest = Span::new(keyword_end.min(kept.end), kept.end);
        if !self.is_blank(rest) || self.inserts_in(rest) || self.inserts_in(Span::empty(next.start)) {
            return;
        }
        let first = next.range().find(|&at| !self.is_blank(Span::new(at, at + 1)));
        self.mark(Span::new(cut, first.unwrap_or(next.end)));
    }

    /// Leaves one gap where a piece stood between two others, and none at the end of a line.
    pub(super) fn close_gaps(&mut self) {
        for index in 0..self.lines.len() {
            let Some(Code { kept, .. }) = self.code(index) else { continue };
            if self.dropped[index] {
                continue;
            }
            let mut at = kept.start;
            while let Some(start) = (at..kept.end).find(|&at| self.is_gone(at)) {
                let end = (start..kept.end).find(|&at| !self.is_gone(at)).unwrap_or(kept.end);
                at = end;
                if self.inserts_in(Span::new(start, end)) {
                    continue;
                }
                let (left, right) = (Span::new(kept.start, start), Span::new(end, kept.end));
                let space = |&at: &usize| is_separator(self.source[at]);
                let before = left.range().rev().take_while(space).count();
                let after = right.range().take_while(space).count();
                let ends_line = self.is_blank(right) || self.ends_command(end);
                if index > 0 && !ends_line && self.is_blank(left) {
                    // The next word takes the place, at the same indentation.
                    let gap = if before > 0 { after } else { 0 };
                    self.mark(Span::new(end, end + gap));
                    at = end + gap;
                } else if ends_line || after > 0 {
                    // What stands behind keeps its gap, so that it can be cut away in the same edit.
                    self.mark(Span::new(start - before, start));
                }
            }
        }
    }

    /// Takes the continuation character from the last line that is left, where the lines after it went.
    pub(super) fn end_last_line(&mut self) {
        if lines::is_open(&self.lines) {
            return;
        }
        let is_code = |&index: &usize| !self.dropped[index] && self.lines[index].code.is_some();
        let Some(index) = (0..self.lines.len()).rev().find(is_code) else { return };
        let Some(Code { kept, continued: true, .. }) = self.code(index) else { return };
        let is_left =
            |&at: &usize| !self.is_blank(Span::new(at, at + 1)) || self.inserts_in(Span::empty(at + 1));
        let end = kept.range().rev().find(is_left).map_or(kept.start, |at| at + 1);
        self.mark(Span::new(end, self.lines[index].text_end));
    }

    /// Puts a blank where the neighbours of a piece would otherwise grow together.
    pub(super) fn keep_apart(&mut self, span: Span, text: &[u8]) {
        let logical = self.instruction.text();
        let is_space =
            |at: Option<usize>| at.and_then(|at| logical.get(at)).is_some_and(|&b| is_separator(b));
        let (gap_before, gap_after) = (is_space(span.start.checked_sub(1)), is_space(Some(span.end)));
        if span.is_empty() || !(gap_before || gap_after) {
            return;
        }
        let to_source = |at: usize| self.instruction.source_offset(at);
        let before = (0..span.start).rev().map(to_source).find(|&at| !self.is_gone(at));
        // Indentation inside the piece may be left.
        let after = (span.start..logical.len()).map(to_source).find(|&at| !self.is_gone(at));
        let (Some(before), Some(after)) = (before, after) else { return };
        let touches = |at: usize| !is_separator(self.source[at]);
        let first = to_source(span.start);
        if text.is_empty() && touches(before) && touches(after) && !self.ends_command(after) {
            self.insertions.push((before + 1, b" ".to_vec()));
        }
        if !text.is_empty() && gap_after && touches(after) {
            self.insertions.push((first, b" ".to_vec()));
        }
        if !text.is_empty() && gap_before && touches(before) {
            self.insertions.insert(0, (first, b" ".to_vec()));
        }
    }

    /// The edits: one for each run of bytes that go or come.
    pub(super) fn into_edits(mut self) -> Vec<TextEdit> {
        self.insertions.sort_by_key(|&(at, _)| at);
        let mut insertions = self.insertions.into_iter().peekable();
        let mut edits = Vec::new();
        let mut at = 0;
        loop {
            // On to the next byte that goes or before which something comes.
            let next_gone = self.gone.iter().skip(at).position(|&gone| gone).map(|ahead| at + ahead);
            let next_new = insertions.peek().map(|&(new, _)| new.saturating_sub(self.start).max(at));
            let Some(next) = next_gone.into_iter().chain(next_new).min() else { break };
            if next > self.gone.len() {
                break;
            }
            at = next;
            let run = self.gone[at..].iter().take_while(|&&gone| gone).count();
            let span = Span::new(self.start + at, self.start + at + run);
            let mut text = Vec::new();
            while let Some((_, new)) = insertions.next_if(|&(at, _)| at <= span.end) {
                text.extend(new);
            }
            if !span.is_empty() || !text.is_empty() {
                edits.push(TextEdit { span, text });
            }
            at += run + 1;
        }
        edits.extend(insertions.map(|(at, text)| insertion(at, text)));
        edits
    }

    /// Whether the byte at `at` needs no blank before it: `;` or `)`.
    fn ends_command(&self, at: usize) -> bool {
        matches!(self.source.get(at), Some(b';' | b')'))
    }

    fn code(&self, index: usize) -> Option<Code> {
        self.lines.get(index).and_then(|line| line.code)
    }

    fn mark(&mut self, span: Span) {
        if let Some(bytes) = self.gone.get_mut(span.start - self.start..span.end - self.start) {
            bytes.fill(true);
        }
    }

    fn is_gone(&self, at: usize) -> bool {
        at.checked_sub(self.start).and_then(|at| self.gone.get(at)).is_some_and(|&gone| gone)
    }

    /// Whether nothing but white space is left of `span`.
    fn is_blank(&self, span: Span) -> bool {
        span.range().all(|at| self.is_gone(at) || is_separator(self.source[at]))
    }

    /// Whether something comes at or between the ends of `span`.
    fn inserts_in(&self, span: Span) -> bool {
        self.insertions.iter().any(|&(at, _)| span.start <= at && at <= span.end)
    }
}
