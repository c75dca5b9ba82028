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
use imara_diff::{Algorithm, Diff, Hunk, InternedInput, Interner};

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
        let mut sides = Sides::around(before, self.after);
        let mut hunks = sides.hunks(false);
        if hunks.iter().any(|hunk| sides.can_move(hunk)) {
            // Where such a hunk is put best may be up to lines far away.
            sides = Sides::whole(before, self.after);
            hunks = sides.hunks(true);
        }
        for group in groups(hunks) {
            self.hunk(&mut out, &sides, &group);
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
        let (in_before, in_after) = (sides.in_file(&before), sides.in_file(&after));
        let reasons = self.reasons(&in_before, &in_after);
        // Writing to a vector cannot fail.
        let _ = write!(out, "@@ -{} +{} @@", Lines(&in_before), Lines(&in_after));
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

/// Lines of both sides, with their line ends.
struct Sides<'a> {
    before: Vec<&'a [u8]>,
    after: Vec<&'a [u8]>,
    /// How many lines, the same on both sides, come before these.
    skipped: usize,
}

impl<'a> Sides<'a> {
    /// All lines.
    fn whole(before: &'a [u8], after: &'a [u8]) -> Self {
        Self { before: lines(before), after: lines(after), skipped: 0 }
    }

    /// The lines from the first that differs to the last, and as many around them as a hunk shows.
    fn around(before: &'a [u8], after: &'a [u8]) -> Self {
        let head = common_head(before, after);
        let tail = common_tail(&before[head..], &after[head..]);
        let mut breaks = memchr::memrchr_iter(b'\n', &before[..head]);
        let start = breaks.nth(CONTEXT).map_or(0, |at| at + 1);
        let rest = &before[before.len() - tail..];
        let mut breaks = memchr::memchr_iter(b'\n', rest);
        let skipped = tail - breaks.nth(CONTEXT - 1).map_or(tail, |at| at + 1);
        Self {
            before: lines(&before[start..before.len() - skipped]),
            after: lines(&after[start..after.len() - skipped]),
            skipped: memchr::memchr_iter(b'\n', &before[..start]).count(),
        }
    }

    /// What differs; with `settled`, each hunk where people would put it.
    fn hunks(&self, settled: bool) -> Vec<Hunk> {
        let mut input = InternedInput {
            before: Vec::with_capacity(self.before.len()),
            after: Vec::with_capacity(self.after.len()),
            interner: Interner::new(self.before.len() + self.after.len()),
        };
        input.update_before(self.before.iter().copied());
        input.update_after(self.after.iter().copied());
        let mut diff = Diff::compute(Algorithm::Histogram, &input);
        if settled {
            diff.postprocess_lines(&input);
        }
        diff.hunks().collect()
    }

    /// Whether a hunk says the same one line further up or down: what it begins with follows it, or what it ends with
    /// precedes it.
    fn can_move(&self, hunk: &Hunk) -> bool {
        let can_move = |lines: &[&[u8]], range: &Range<usize>| {
            let Some(last) = range.end.checked_sub(1).filter(|last| range.contains(last)) else {
                return false;
            };
            let up = range.start.checked_sub(1).is_some_and(|above| lines.get(above) == lines.get(last));
            up || (range.end < lines.len() && lines.get(range.start) == lines.get(range.end))
        };
        can_move(&self.before, &indices(&hunk.before)) || can_move(&self.after, &indices(&hunk.after))
    }

    /// The numbers that lines have in their file.
    fn in_file(&self, lines: &Range<usize>) -> Range<usize> {
        lines.start + self.skipped..lines.end + self.skipped
    }
}

/// The length of the lines that both texts begin with.
fn common_head(one: &[u8], other: &[u8]) -> usize {
    let pieces = one.as_chunks::<32>().0.iter().zip(other.as_chunks::<32>().0);
    let same = 32 * pieces.take_while(|(a, b)| a == b).count();
    let same = same + one[same..].iter().zip(&other[same..]).take_while(|(a, b)| a == b).count();
    memchr::memrchr(b'\n', &one[..same]).map_or(0, |at| at + 1)
}

/// The length of the lines that both texts end with.
fn common_tail(one: &[u8], other: &[u8]) -> usize {
    let pieces = one.as_rchunks::<32>().1.iter().rev().zip(other.as_rchunks::<32>().1.iter().rev());
    let same = 32 * pieces.take_while(|(a, b)| a == b).count();
    let (rest, other_rest) = (&one[..one.len() - same], &other[..other.len() - same]);
    let bytes = rest.iter().rev().zip(other_rest.iter().rev());
    let same = same + bytes.take_while(|(a, b)| a == b).count();
    let is_line = |text: &[u8]| text[..text.len() - same].last().is_none_or(|&byte| byte == b'\n');
    if is_line(one) && is_line(other) {
        return same;
    }
    memchr::memchr(b'\n', &one[one.len() - same..]).map_or(0, |at| same - at - 1)
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

/// Changes that are so near to each other that their contexts touch stand in one hunk.
fn groups(hunks: Vec<Hunk>) -> Vec<Vec<Hunk>> {
    let mut groups: Vec<Vec<Hunk>> = Vec::new();
    for hunk in hunks {
        let previous = groups.last_mut().filter(|group| {
            group.last().is_some_and(|last| {
                index(hunk.before.start).saturating_sub(index(last.before.end)) <= 2 * CONTEXT
            })
        });
        match previous {
            Some(group) => group.push(hunk),
            None => groups.push(vec![hunk]),
        }
    }
    groups
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
