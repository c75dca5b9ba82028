//! A replayed history for people.

use std::io::{self, Write};

use super::Subject;
use super::replay::{Blame, Cell, Pair, Replay, Row, Side, pairs};
use super::text::{CACHED, HEADING, MAY_RERUN, RERUNS, pad, shortened};
use crate::report::{count, one_line};

/// How much of an instruction is shown, in characters.
const TITLE_WIDTH: usize = 44;

/// How many characters the course of a history gets on a terminal.
const SPARKS: usize = 20;

/// Writes a table of the steps and how often they ran again, with colours; whoever wants none strips them. `sparks` adds
/// their course over the history, for terminals.
pub(super) fn write_replay(
    subject: &Subject,
    range: &str,
    replay: &Replay,
    sparks: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let path = one_line(&subject.path);
    let dates = match (replay.commits.first(), replay.commits.last()) {
        (Some(first), Some(last)) => format!(" ({} to {})", first.date, last.date),
        _ => String::new(),
    };
    writeln!(out, "{HEADING}{path}{HEADING:#}: {} replayed{dates}", count(replay.commits.len(), "commit"))?;
    for note in notes(range, replay) {
        writeln!(out, "  {note}")?;
    }
    if replay.commits.is_empty() {
        return Ok(());
    }
    let lines = lines(replay);
    for saving in savings(replay).iter().take(3) {
        writeln!(out, "  {}", saving.sentence(replay))?;
    }
    let title = widest(lines.iter().map(|line| &line.title));
    let number = widest(lines.iter().map(|line| &line.number));
    let before = widest(lines.iter().map(|line| &line.before)).max("before".len());
    let after = widest(lines.iter().map(|line| &line.after)).max("after".len());
    let mut stage = None;
    let one_stage = lines.iter().all(|line| line.stage == lines[0].stage);
    let gap = if sparks { " ".repeat(SPARKS + 2) } else { String::new() };
    writeln!(out)?;
    writeln!(
        out,
        "{:number$}  {:title$}  {HEADING}{:>before$}{HEADING:#}{gap}  {HEADING}{:>after$}{HEADING:#}",
        "", "", "before", "after"
    )?;
    for line in &lines {
        if !one_stage && stage != Some(line.stage) {
            stage = Some(line.stage);
            writeln!(out, "{HEADING}{}{HEADING:#}", one_line(line.stage))?;
        }
        let mut text =
            format!("{:>number$}  {}  {:>before$}", line.number, pad(&line.title, title), line.before);
        if sparks {
            text += &format!("  {}", course(line.row(replay, true)));
        }
        text += &format!("  {:>after$}", line.after);
        if sparks {
            text += &format!("  {}", course(line.row(replay, false)));
        }
        if let Some(because) = &line.because {
            text += &format!("  {CACHED}{because}{CACHED:#}");
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    let (old, new) = (replay.before.reruns(), replay.after.reruns());
    writeln!(
        out,
        "{:number$}  {HEADING}{}{HEADING:#}  {old:>before$}{gap}  {new:>after$}",
        "",
        pad("steps that ran again, in all", title)
    )?;
    if [&replay.before, &replay.after].iter().any(|side| side.rows.iter().any(Row::is_uncertain)) {
        writeln!(out, "\n~ {UNCERTAIN}")?;
    }
    Ok(())
}

/// The width of the widest text, in characters.
fn widest<'a>(texts: impl Iterator<Item = &'a String>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or_default()
}

/// What a mark at a number means.
pub(super) const UNCERTAIN: &str =
    "counts the worst case: it copies from a stage that ran again, and is cached if that made the same files";

/// What has to be said of the commits.
pub(super) fn notes(range: &str, replay: &Replay) -> Vec<String> {
    let mut notes = Vec::new();
    if replay.looked_at == 0 {
        notes.push(format!("--history {range} holds no commits"));
    } else if replay.left_out() > 0 {
        notes.push(format!(
            "{} of {} not counted: the Dockerfile is not there or cannot be built, or was not in the commit before",
            replay.left_out(),
            count(replay.looked_at, "commit")
        ));
    }
    if replay.is_cut {
        notes.push(
            "the clone is shallow: older commits are not there; git fetch --unshallow brings them".to_owned(),
        );
    }
    notes
}

/// A step that runs less often after the rewrite. Indices into the rows.
#[derive(Debug)]
pub(super) struct Saving {
    before: usize,
    after: usize,
}

impl Saving {
    /// The step before and after.
    pub(super) fn rows<'a>(&self, replay: &'a Replay) -> Option<(&'a Row, &'a Row)> {
        Some((replay.before.rows.get(self.before)?, replay.after.rows.get(self.after)?))
    }

    /// `RUN npm ci: ran again in 471 of 495 commits, after the rewrite in 47`
    pub(super) fn sentence(&self, replay: &Replay) -> String {
        let Some((before, after)) = self.rows(replay) else { return String::new() };
        format!(
            "{}: ran again in {} of {}, after the rewrite in {}",
            one_line(&shortened(&after.label.title, TITLE_WIDTH)),
            before.reruns(),
            count(before.present(), "commit"),
            after.reruns()
        )
    }
}

/// The steps that run less often after the rewrite, those with the greatest gain first.
pub(super) fn savings(replay: &Replay) -> Vec<Saving> {
    let mut savings: Vec<(usize, Saving)> = pairs(&replay.before, &replay.after)
        .into_iter()
        .filter_map(|pair| {
            let (before, after) = (pair.before?, pair.after?);
            let reruns = |side: &Side, row: usize| side.rows.get(row).map(Row::reruns);
            let gain = reruns(&replay.before, before)?.checked_sub(reruns(&replay.after, after)?)?;
            (gain > 0).then_some((gain, Saving { before, after }))
        })
        .collect();
    savings.sort_by_key(|(gain, _)| std::cmp::Reverse(*gain));
    savings.into_iter().map(|(_, saving)| saving).collect()
}

/// A line of the table.
struct Line<'a> {
    stage: &'a str,
    number: String,
    title: String,
    before: String,
    after: String,
    because: Option<String>,
    pair: Option<Pair>,
}

impl Line<'_> {
    fn row<'r>(&self, replay: &'r Replay, before: bool) -> Option<&'r Row> {
        let pair = self.pair?;
        match before {
            true => replay.before.rows.get(pair.before.filter(|_| !pair.is_part)?),
            false => replay.after.rows.get(pair.after?),
        }
    }
}

fn lines(replay: &Replay) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for pair in pairs(&replay.before, &replay.after) {
        let before = pair.before.filter(|_| !pair.is_part).and_then(|row| replay.before.rows.get(row));
        let after = pair.after.and_then(|row| replay.after.rows.get(row));
        let Some(row) = before.or(after) else { continue };
        lines.push(Line {
            stage: &row.label.stage,
            number: before.map_or_else(|| "+".to_owned(), |row| row.label.line.to_string()),
            title: one_line(&shortened(&row.label.title, TITLE_WIDTH)).into_owned(),
            before: before.map_or_else(String::new, times),
            after: after.map_or_else(String::new, times),
            because: before.and_then(because),
            pair: Some(pair),
        });
    }
    let old = |side: &Side| {
        side.rows
            .iter()
            .filter(|row| !row.is_current)
            .fold((0, 0), |(steps, reruns), row| (steps + 1, reruns + row.reruns()))
    };
    let ((steps, before), (_, after)) = (old(&replay.before), old(&replay.after));
    if steps > 0 {
        lines.push(Line {
            stage: "earlier versions",
            number: String::new(),
            title: format!("{} that the file no longer has", count(steps, "step")),
            before: before.to_string(),
            after: after.to_string(),
            because: None,
            pair: None,
        });
    }
    lines
}

/// `471 of 495`, with a mark where the worst case is counted.
fn times(row: &Row) -> String {
    let mark = if row.is_uncertain() { "~" } else { "" };
    format!("{mark}{} of {}", row.reruns(), row.present())
}

/// Why a step ran again most often.
pub(super) fn because(row: &Row) -> Option<String> {
    let (blame, times) = row.blame.as_ref()?;
    match blame {
        Blame::Other(line, title) => {
            let title = one_line(&shortened(title, TITLE_WIDTH)).into_owned();
            let often = if *times == row.reruns() { String::new() } else { format!(" ({times} times)") };
            Some(format!("because line {line} {title} did{often}"))
        }
        // That a COPY takes changed files is what it is for.
        Blame::OwnFiles | Blame::OwnText => None,
    }
}

/// How often a step ran again in each part of a history: a character is as high as often it did.
fn course(row: Option<&Row>) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let Some(row) = row else { return " ".repeat(SPARKS) };
    let width = SPARKS.min(row.cells.len());
    let mut text = String::new();
    for part in 0..width {
        let cells = &row.cells[row.cells.len() * part / width..row.cells.len() * (part + 1) / width];
        let there = cells.iter().filter(|cell| **cell != Cell::Absent).count();
        let reruns = cells.iter().filter(|cell| cell.is_rerun()).count();
        let certain = cells.iter().filter(|cell| **cell == Cell::Reruns).count();
        if there == 0 {
            text.push(' ');
        } else if reruns == 0 {
            text += &format!("{CACHED}·{CACHED:#}");
        } else {
            let style = if certain * 2 >= reruns { RERUNS } else { MAY_RERUN };
            let height = HEIGHTS[(reruns * 8).div_ceil(there).clamp(1, 8) - 1];
            text += &format!("{style}{height}{style:#}");
        }
    }
    text + &" ".repeat(SPARKS - width)
}
