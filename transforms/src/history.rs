//! Follows lines through changes: from the current file back to the original, and from a change on to the end.

use std::fmt;
use std::ops::Range;

use dockfix_model::build::Step;
use dockfix_model::commands::{Chain, Place as ChainPlace};
use dockfix_syntax::{Edits, Span, TextEdit};

use crate::report::Change;

/// A command of a RUN, in a sentence about the current file: `line {spot}`. What stands in one RUN now may have stood in two,
/// so that the line of the RUN is not enough to find where the command was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// 1-based line of the RUN.
    pub(crate) line: usize,
    /// Where in the file the command begins.
    at: usize,
}

impl Spot {
    /// The command at an offset of the chain that a RUN's step holds; the RUN itself where it has none.
    pub(crate) fn new(step: &Step<'_>, chain: Option<&Chain<'_>>, offset: usize) -> Self {
        let instruction = &step.instruction;
        let at = match chain.map(|chain| chain.place) {
            Some(ChainPlace::Logical(start)) => {
                instruction.source_span(Span::empty(offset).shifted(start)).start
            }
            Some(ChainPlace::Heredoc(start)) => start + offset,
            Some(ChainPlace::Exec) | None => instruction.span().start,
        };
        Self { line: instruction.start_line(), at }
    }
}

impl fmt::Display for Spot {
    /// As [`History::in_original`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.line, self.at)
    }
}

/// What the changes so far did to the lines.
#[derive(Debug)]
pub(crate) struct History {
    /// For each line of the current file, the 1-based line of the original it stands for; empty until a change is recorded.
    origins: Vec<usize>,
    /// For each line of the current file, whether a change wrote it and nothing of the original; likewise.
    is_new: Vec<bool>,
    /// New RUNs, by their 1-based lines of the current file, and the lines of the original that they serve: a download of
    /// its own stands above the command that it is for.
    serves: Vec<(usize, usize)>,
    /// What the recorded changes wrote, as byte ranges of the current file, by number of the change.
    marks: Vec<(usize, Range<usize>)>,
    /// Commands that have come into an instruction from another: where they stand in the current file, and the 1-based line
    /// of the original they come from.
    joined: Vec<(Range<usize>, usize)>,
    recorded: usize,
    /// Where the lines of the current file start; likewise.
    starts: Vec<usize>,
}

impl History {
    pub(crate) fn new() -> Self {
        let (origins, is_new, serves) = (Vec::new(), Vec::new(), Vec::new());
        let (marks, joined, starts) = (Vec::new(), Vec::new(), Vec::new());
        Self { origins, is_new, serves, marks, joined, recorded: 0, starts }
    }

    /// The line of the original that a reader of it knows a line of the current file by; both 1-based.
    pub(crate) fn told_line(&self, line: usize) -> usize {
        let served = self.serves.iter().find(|(new, _)| *new == line);
        served.map_or_else(|| self.original_line(line), |(_, served)| *served)
    }

    /// The line of the original that a line of the current file stands for; both 1-based.
    pub(crate) fn original_line(&self, line: usize) -> usize {
        if self.recorded == 0 {
            return line;
        }
        let index = line.clamp(1, self.origins.len().max(1)) - 1;
        self.origins.get(index).copied().unwrap_or(1)
    }

    /// The line of the original in which a command of the current file stood, that of its RUN where it always stood there.
    fn original_line_of(&self, spot: Spot) -> usize {
        let joined = self.joined.iter().find(|(range, _)| range.contains(&spot.at));
        joined.map_or_else(|| self.told_line(spot.line), |(_, line)| *line)
    }

    /// What is said of a line of the current file, said of the original. Who shared an instruction with that line then and
    /// does no longer has no line of his own to be found by.
    pub(crate) fn of_line_in_original(&self, line: usize, sentence: &str) -> String {
        let told = self.in_original(sentence);
        let own = format!("line {} ", self.told_line(line));
        match told.strip_prefix(&own) {
            Some(rest) if !sentence.starts_with(&format!("line {line} ")) => {
                format!("another command of the same RUN {rest}")
            }
            _ => told,
        }
    }

    /// A sentence about the current file (`the COPY of line 3`, `from line 3 to 7`) with the lines of the original.
    pub(crate) fn in_original(&self, sentence: &str) -> String {
        let mut out = String::with_capacity(sentence.len());
        // What the word before was: `line`, or the number of one, after which `to` leads to another.
        let (mut names_lines, mut is_line) = (false, false);
        for word in sentence.split_inclusive(' ') {
            let (line, rest) = number(word);
            match line {
                Some(line) if names_lines => {
                    let (at, rest) = match rest.strip_prefix('@').map(number) {
                        Some((Some(at), rest)) => (Some(at), rest),
                        _ => (None, rest),
                    };
                    let line = match at {
                        Some(at) => self.original_line_of(Spot { line, at }),
                        None => self.told_line(line),
                    };
                    out.push_str(&line.to_string());
                    out.push_str(rest);
                    (names_lines, is_line) = (false, true);
                }
                _ => {
                    let leads_on = is_line && word == "to ";
                    (names_lines, is_line) =
                        (leads_on || matches!(word.trim_end(), "line" | "lines" | "(line"), false);
                    out.push_str(word);
                }
            }
        }
        out
    }

    /// Records changes, given by their edits, that lead together from `before` to `after`; returns the number of the
    /// first, the others follow.
    pub(crate) fn record(&mut self, changes: &[&Edits], before: &[u8], after: &[u8]) -> usize {
        let first = self.recorded;
        if first == 0 {
            self.starts = line_starts(before);
            self.origins = (1..=self.starts.len()).collect();
            self.is_new = vec![false; self.starts.len()];
        }
        self.recorded += changes.len();
        let mut owned: Vec<(usize, &TextEdit)> = changes
            .iter()
            .enumerate()
            .flat_map(|(number, edits)| edits.as_slice().iter().map(move |edit| (first + number, edit)))
            .collect();
        // Insertions at one place keep the order of the changes, and stand before a replacement that starts there.
        owned.sort_by_key(|(_, edit)| (edit.span.start, !edit.span.is_empty()));
        let edits: Vec<&TextEdit> = owned.iter().map(|&(_, edit)| edit).collect();
        let starts = starts_after(&self.starts, before, &edits);
        debug_assert_eq!(starts, line_starts(after));
        let lines_before = Lines { text: before, starts: &self.starts };
        // A line that goes in one place and comes in another is the same line.
        let gone: Vec<(&[u8], usize)> = edits
            .iter()
            .flat_map(|edit| lines_before.within(edit.span.range()))
            .filter(|(text, _)| !text.trim_ascii().is_empty())
            .collect();
        let taken = self.taken(&edits, before);
        let lines_after = Lines { text: after, starts: &starts };
        let mut back = Back { edits: &edits, done: 0, shift: 0 };
        let mut line_before = 0;
        let of_before = |line: usize| {
            (self.origins.get(line).copied().unwrap_or(1), self.is_new.get(line).copied().unwrap_or_default())
        };
        let origins = starts.iter().enumerate().map(|(line, &start)| {
            let (at, is_new) = back.of(start);
            let text = lines_after.text_of(line).trim_ascii();
            let mut candidates = is_new.then_some(&gone).into_iter().flatten();
            if let Some(&(_, moved)) = candidates.find(|(gone, _)| gone.trim_ascii() == text) {
                return of_before(moved);
            }
            if is_new && let Some(line) = origin_of(&taken, arguments(text)) {
                return (line, false);
            }
            while self.starts.get(line_before + 1).is_some_and(|&start| start <= at) {
                line_before += 1;
            }
            let (origin, was_new) = of_before(line_before);
            // Of what a new text only begins, the rest is as it was.
            let last = lines_after.text_of(line).trim_ascii_end().len().saturating_sub(1);
            (origin, was_new || is_new && back.of(start + last).1)
        });
        let (origins, is_new): (Vec<usize>, Vec<bool>) = origins.unzip();
        let is_run = |line: usize| {
            let text = lines_after.text_of(line).trim_ascii_start();
            text.get(..4).is_some_and(|keyword| keyword.eq_ignore_ascii_case(b"run "))
        };
        let new_runs = (0..starts.len()).filter(|&line| is_new[line] && is_run(line));
        let serves = new_runs.filter_map(|line| {
            let mut below = line + 1..starts.len();
            let served = below.find(|&other| !is_new[other] && is_run(other))?;
            Some((line + 1, origins[served]))
        });
        self.serves = serves.collect();
        for (_, range) in &mut self.marks {
            *range = forth(&edits, range.start)..forth(&edits, range.end);
        }
        for (range, _) in &mut self.joined {
            *range = forth(&edits, range.start)..forth(&edits, range.end);
        }
        let mut shift = 0isize;
        for (number, edit) in owned {
            let start = edit.span.start.saturating_add_signed(shift);
            let range = start..start + edit.text.len();
            // Whole lines are told by the line they were.
            if !edit.text.ends_with(b"\n")
                && let Some(line) = origin_of(&taken, &edit.text)
            {
                self.joined.push((range.clone(), line));
            }
            self.marks.push((number, range));
            shift += edit.text.len().cast_signed() - edit.span.len().cast_signed();
        }
        self.origins = origins;
        self.is_new = is_new;
        self.starts = starts;
        first
    }

    /// The texts that edits take out of the current file, each with the 1-based line of the original that it comes from.
    fn taken<'t>(&self, edits: &[&TextEdit], before: &'t [u8]) -> Vec<(&'t [u8], usize)> {
        let gone = edits.iter().filter(|edit| !edit.span.is_empty());
        let taken = gone.map(|edit| {
            let line = self.starts.partition_point(|&start| start <= edit.span.start);
            let line = self.original_line_of(Spot { line, at: edit.span.start });
            (edit.span.of(before), line)
        });
        taken.collect()
    }

    /// Tells each change which lines of the file after it wrote.
    pub(crate) fn finish(self, changes: Vec<(usize, Change)>) -> Vec<Change> {
        let line_of = |at: usize| self.starts.partition_point(|&start| start <= at);
        changes
            .into_iter()
            .map(|(number, mut change)| {
                let ranges = self.marks.iter().filter(|(mark, _)| *mark == number).map(|(_, range)| range);
                change.lines_after = ranges
                    .map(|range| {
                        let first = line_of(range.start);
                        let end = if range.is_empty() { first } else { line_of(range.end - 1) + 1 };
                        first..end
                    })
                    .collect();
                change
            })
            .collect()
    }
}

/// The number that a word begins with, and what follows it.
fn number(word: &str) -> (Option<usize>, &str) {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    (word[..digits].parse().ok(), &word[digits..])
}

/// An instruction without its keyword.
fn arguments(line: &[u8]) -> &[u8] {
    let keyword = line.iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
    &line[keyword..]
}

/// The line from which commands come that are part of a text that is taken.
fn origin_of(taken: &[(&[u8], usize)], commands: &[u8]) -> Option<usize> {
    if taken.is_empty() {
        return None;
    }
    let commands = without_layout(commands);
    // `.`, as a COPY has it, is everywhere.
    let commands = commands.trim_matches(['&', ';', '|']);
    if commands.len() < 4 {
        return None;
    }
    taken.iter().find(|(text, _)| without_layout(text).contains(commands)).map(|(_, line)| *line)
}

/// A text without what a rewrite may change of it: white space and the ends of lines that go on.
fn without_layout(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars().filter(|ch| !ch.is_whitespace() && !matches!(ch, '\\' | '`')).collect()
}

struct Lines<'a> {
    text: &'a [u8],
    starts: &'a [usize],
}

impl<'a> Lines<'a> {
    fn text_of(&self, line: usize) -> &'a [u8] {
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        &self.text[self.starts[line]..end]
    }

    /// The lines that lie in a range as a whole, with their 0-based numbers.
    fn within(&self, range: Range<usize>) -> Vec<(&'a [u8], usize)> {
        let first = self.starts.partition_point(|&start| start < range.start);
        (first..self.starts.len())
            .take_while(|&line| self.starts[line] < range.end)
            .map(|line| (self.text_of(line), line))
            .collect()
    }
}

fn line_starts(text: &[u8]) -> Vec<usize> {
    // Most lines are longer than this.
    let mut starts = Vec::with_capacity(1 + text.len() / 16);
    starts.push(0);
    memchr::memchr_iter(b'\n', text).for_each(|at| starts.push(at + 1));
    if starts.len() > 1 && starts.last() == Some(&text.len()) {
        starts.pop();
    }
    starts
}

/// The starts of the lines after edits, from those before.
fn starts_after(starts: &[usize], before: &[u8], edits: &[&TextEdit]) -> Vec<usize> {
    // What follows the last line end is a line only where there is something.
    let end = before.ends_with(b"\n").then_some(before.len());
    let mut kept = starts.iter().skip(1).copied().chain(end).peekable();
    let mut after = Vec::with_capacity(starts.len() + edits.len() + 1);
    after.push(0);
    let mut shift = 0isize;
    for edit in edits {
        while let Some(start) = kept.next_if(|&start| start <= edit.span.start) {
            after.push(start.saturating_add_signed(shift));
        }
        let at = edit.span.start.saturating_add_signed(shift);
        after.extend(memchr::memchr_iter(b'\n', &edit.text).map(|line_end| at + line_end + 1));
        // The line ends that went.
        while kept.next_if(|&start| start <= edit.span.end).is_some() {}
        shift += edit.text.len().cast_signed() - edit.span.len().cast_signed();
    }
    after.extend(kept.map(|start| start.saturating_add_signed(shift)));
    let length = before.len().saturating_add_signed(shift);
    if after.len() > 1 && after.last() == Some(&length) {
        after.pop();
    }
    after
}

/// Finds, from the first byte to the last, where offsets after some edits were before them.
struct Back<'e> {
    edits: &'e [&'e TextEdit],
    /// How many edits lie before the last offset.
    done: usize,
    /// By how much these moved what follows.
    shift: isize,
}

impl Back<'_> {
    /// The offset before the edits of an offset after them, and whether it lies in new text. No offset may be smaller than
    /// the one before.
    fn of(&mut self, at: usize) -> (usize, bool) {
        for edit in self.edits.iter().skip(self.done) {
            let start = edit.span.start.saturating_add_signed(self.shift);
            if at < start {
                break;
            }
            if at < start + edit.text.len() {
                return (edit.span.start, true);
            }
            self.shift += edit.text.len().cast_signed() - edit.span.len().cast_signed();
            self.done += 1;
        }
        (at.saturating_add_signed(-self.shift), false)
    }
}

/// The offset after the edits of an offset before them; for a byte that goes, the place where it was.
fn forth(edits: &[&TextEdit], at: usize) -> usize {
    let mut shift = 0isize;
    for edit in edits {
        if edit.span.end > at || (edit.span.is_empty() && edit.span.start >= at) {
            if edit.span.start < at {
                return edit.span.start.saturating_add_signed(shift);
            }
            break;
        }
        shift += edit.text.len().cast_signed() - edit.span.len().cast_signed();
    }
    at.saturating_add_signed(shift)
}

#[cfg(test)]
mod tests {
    use dockfix_syntax::Span;

    use super::*;
    use crate::report::Safety;

    #[test]
    fn follows_a_moved_line() {
        let before = b"FROM a\nCOPY . .\nRUN x\nRUN y\n";
        let mut edits = Edits::new();
        edits.delete(Span::new(7, 16)).unwrap();
        edits.insert(22, "COPY . .\n").unwrap();
        edits.insert(7, "COPY p .\n").unwrap();
        let after = edits.apply(before).unwrap();
        assert_eq!(after, b"FROM a\nCOPY p .\nRUN x\nCOPY . .\nRUN y\n");
        let mut history = History::new();
        let number = history.record(&[&edits], before, &after);
        let origins: Vec<_> = (1..=5).map(|line| history.original_line(line)).collect();
        assert_eq!(origins, [1, 2, 3, 2, 4]);
        let sentence = "the RUNs from line 3 to 5; 4 of line 5: lines 1 to 4";
        assert_eq!(history.in_original(sentence), "the RUNs from line 3 to 4; 4 of line 4: lines 1 to 2");
        let change = Change {
            transform: "t",
            line: 2,
            safety: Safety::Safe,
            reason: String::new(),
            lines_after: Vec::new(),
        };
        let changes = history.finish(vec![(number, change)]);
        assert_eq!(changes[0].lines_after, [2..3, 3..3, 4..5]);
    }
}
