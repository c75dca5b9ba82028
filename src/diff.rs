//! Unified diffs that `git apply` takes, with the reason for each hunk in its header.
//!
//! The format is that of `git diff` (git's Documentation/diff-format.txt, "Generating patch text with -p"): the text after the
//! second `@@` of a hunk header is a heading for the reader, which patch tools ignore. Lines end with `\n`; a carriage
//! return before it belongs to the line, and a line need not be UTF-8.

mod quote;

use std::fmt;
use std::io::Write as _;
use std::ops::Range;

use dockfix_transforms::{Change, Safety};
use imara_diff::{Algorithm, Diff, Hunk, InternedInput, Interner, Token};

use quote::Name;

/// Unchanged lines around a change, as in git.
const CONTEXT: usize = 3;

/// A file before and after.
pub(crate) struct FileDiff<'a> {
    /// Its path for patch tools, with slashes: below the root of the repository.
    pub(crate) path: &'a [u8],
    /// The bytes before; `None` for a file that is new.
    pub(crate) before: Option<&'a [u8]>,
    /// The bytes after.
    pub(crate) after: &'a [u8],
    /// What was changed and why.
    pub(crate) changes: &'a [Change],
}

impl FileDiff<'_> {
    /// The diff; empty if nothing changed.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        if self.before == Some(self.after) {
            return Vec::new();
        }
        let before = self.before.unwrap_or_default();
        let mut out = Vec::with_capacity(self.after.len());
        self.header(&mut out);
        let sides = Sides::of(before, self.after);
        let input = sides.interned();
        let mut diff = Diff::compute(Algorithm::Histogram, &input);
        diff.postprocess_lines(&input);
        let hunks: Vec<Hunk> = diff.hunks().collect();
        for group in hunks.chunk_by(are_near) {
            self.hunk(&mut out, &sides, group);
        }
        out
    }

    fn header(&self, out: &mut Vec<u8>) {
        let (old, new) = (Name { prefix: "a/", path: self.path }, Name { prefix: "b/", path: self.path });
        out.extend_from_slice(b"diff --git ");
        old.write(out);
        out.push(b' ');
        new.write(out);
        out.push(b'\n');
        if self.before.is_none() {
            out.extend_from_slice(b"new file mode 100644\n");
            if self.after.is_empty() {
                return;
            }
        }
        out.extend_from_slice(b"--- ");
        match self.before {
            Some(_) => old.write_line(out),
            None => out.extend_from_slice(b"/dev/null\n"),
        }
        out.extend_from_slice(b"+++ ");
        new.write_line(out);
    }

    fn hunk(&self, out: &mut Vec<u8>, sides: &Sides<'_>, group: &[Hunk]) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
        let lead = CONTEXT.min(index(first.before.start));
        let trail = CONTEXT.min(sides.before.len() - index(last.before.end));
        let before = index(first.before.start) - lead..index(last.before.end) + trail;
        let after = index(first.after.start) - lead..index(last.after.end) + trail;
        let reasons = self.reasons(&before, &after);
        // Writing to a vector cannot fail.
        let _ = write!(out, "@@ -{} +{} @@", Lines(&before), Lines(&after));
        if !reasons.is_empty() {
            out.push(b' ');
            out.extend_from_slice(reasons.as_bytes());
        }
        out.push(b'\n');
        let mut at = before.start;
        for hunk in group {
            for line in sides.before.get(at..index(hunk.before.start)).unwrap_or_default() {
                write_line(out, b' ', line);
            }
            for line in sides.before.get(indices(&hunk.before)).unwrap_or_default() {
                write_line(out, b'-', line);
            }
            for line in sides.after.get(indices(&hunk.after)).unwrap_or_default() {
                write_line(out, b'+', line);
            }
            at = index(hunk.before.end);
        }
        for line in sides.before.get(at..before.end).unwrap_or_default() {
            write_line(out, b' ', line);
        }
    }

    /// The reasons of the changes in a hunk, given as 0-based lines before and after. A diff may show a move the other
    /// way round than it was made, far from where the change says that it wrote; then the nearest change is meant.
    fn reasons(&self, before: &Range<usize>, after: &Range<usize>) -> String {
        let distance = |change: &Change| {
            let line = change.line.saturating_sub(1);
            let from_line = gap(before, &(line..line + 1));
            let written = change.lines_after.iter();
            let from_written = written
                .map(|lines| gap(after, &(lines.start.saturating_sub(1)..lines.end.saturating_sub(1))));
            from_written.chain([from_line]).min().unwrap_or(from_line)
        };
        let distances: Vec<usize> = self.changes.iter().map(distance).collect();
        let nearest = distances.iter().min().copied();
        let mut reasons: Vec<String> = Vec::new();
        let near = self.changes.iter().zip(&distances).filter(|&(_, distance)| Some(*distance) == nearest);
        for (change, _) in near {
            let reason = heading(change);
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        reasons.join("; ")
    }
}

/// The lines of both sides, with their line ends.
struct Sides<'a> {
    before: Vec<&'a [u8]>,
    after: Vec<&'a [u8]>,
    /// How many lines both sides begin with.
    head: usize,
    /// How many of the other lines both sides end with.
    tail: usize,
}

impl<'a> Sides<'a> {
    /// What both sides begin and end with is split once.
    fn of(before: &'a [u8], after: &'a [u8]) -> Self {
        let before = lines(before);
        let mut between = after;
        let mut head = 0;
        while let Some(line) = before.get(head).filter(|line| line.ends_with(b"\n")) {
            let Some(rest) = between.strip_prefix(*line) else { break };
            between = rest;
            head += 1;
        }
        let mut tail = 0;
        for line in before[head..].iter().rev() {
            let rest = between.strip_suffix(*line);
            let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.ends_with(b"\n")) else { break };
            between = rest;
            tail += 1;
        }
        let between = lines(between);
        let after = [&before[..head], &between, &before[before.len() - tail..]].concat();
        Self { before, after, head, tail }
    }

    /// The lines as numbers, equal ones having the same. Those that both sides begin and end with are looked up once.
    fn interned(&self) -> InternedInput<&'a [u8]> {
        let Self { before, after, head, tail } = self;
        let mut interner = Interner::new(before.len() + after.len() - head - tail);
        let before: Vec<Token> = before.iter().map(|line| interner.intern(*line)).collect();
        let mut numbered = Vec::with_capacity(after.len());
        numbered.extend_from_slice(&before[..*head]);
        numbered.extend(after[*head..after.len() - tail].iter().map(|line| interner.intern(*line)));
        numbered.extend_from_slice(&before[before.len() - tail..]);
        InternedInput { before, after: numbered, interner }
    }
}

/// The lines of a text, with their line ends.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    // So long are the lines of most Dockerfiles.
    let mut lines = Vec::with_capacity(text.len() / 32 + 1);
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text) {
        lines.push(&text[start..=end]);
        start = end + 1;
    }
    if start < text.len() {
        lines.push(&text[start..]);
    }
    lines
}

/// Whether a change is so near to the one before it that their contexts touch: then they stand in one hunk.
fn are_near(change: &Hunk, next: &Hunk) -> bool {
    index(next.before.start).saturating_sub(index(change.before.end)) <= 2 * CONTEXT
}

/// How many lines lie between two half-open ranges; 0 where they overlap or touch.
fn gap(a: &Range<usize>, b: &Range<usize>) -> usize {
    b.start.saturating_sub(a.end).max(a.start.saturating_sub(b.end))
}

/// A reason as it stands in a hunk header: on one line.
fn heading(change: &Change) -> String {
    let mark = match change.safety {
        Safety::Safe => "",
        Safety::Unsafe => "[unsafe] ",
    };
    let mut heading = String::with_capacity(mark.len() + change.transform.len() + 2 + change.reason.len());
    heading.extend([mark, change.transform, ":"]);
    for word in change.reason.split_whitespace() {
        heading.push(' ');
        heading.push_str(word);
    }
    heading
}

/// A range of 0-based lines as a hunk header has it. An empty one names the line before it.
struct Lines<'r>(&'r Range<usize>);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            0 => write!(f, "{},0", self.0.start),
            1 => write!(f, "{}", self.0.start + 1),
            len => write!(f, "{},{len}", self.0.start + 1),
        }
    }
}

fn write_line(out: &mut Vec<u8>, mark: u8, line: &[u8]) {
    out.push(mark);
    out.extend_from_slice(line);
    if !line.ends_with(b"\n") {
        out.extend_from_slice(b"\n\\ No newline at end of file\n");
    }
}

/// The crate counts lines in 32 bits.
fn index(line: u32) -> usize {
    line as usize
}

fn indices(lines: &Range<u32>) -> Range<usize> {
    index(lines.start)..index(lines.end)
}

#[cfg(test)]
mod tests;
