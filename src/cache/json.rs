//! The answers for programs. What the fields mean is told in docs/json.md.

use std::io::{self, Write};

use dockfix_model::cache::Verdict;
use serde::Serialize;

use super::Subject;
use super::edits::{Answer, StepAnswer, reruns};
use super::replay::{Cell, Replay, Side as ReplaySide};
use super::table::notes;
use crate::report::EditName;

/// Goes up when a field changes its meaning or goes away.
pub(super) const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    path: &'a str,
    context: Option<&'a str>,
    changes: Vec<Change<'a>>,
}

#[derive(Serialize)]
struct Change<'a> {
    kind: Option<&'static str>,
    edits: Vec<EditName<'a>>,
    notes: &'a [String],
    before: Side<'a>,
    after: Side<'a>,
}

#[derive(Serialize)]
struct Side<'a> {
    reruns: usize,
    steps: Vec<Step<'a>>,
}

#[derive(Serialize)]
struct Step<'a> {
    stage: &'a str,
    line: usize,
    text: &'a str,
    verdict: &'static str,
    reason: Option<&'a str>,
}

/// Writes the answers as one document.
pub(super) fn write_answers(subject: &Subject, answers: &[Answer], out: &mut impl Write) -> io::Result<()> {
    let changes = answers.iter().map(|answer| Change {
        kind: answer.kind.map(dockfix_ecosystems::EditKind::name),
        edits: answer.edits.iter().map(EditName::of).collect(),
        notes: &answer.notes,
        before: side(&answer.before),
        after: side(answer.after.as_ref().unwrap_or(&answer.before)),
    });
    let document = Document {
        version: VERSION,
        path: &subject.path,
        context: subject.context.as_deref(),
        changes: changes.collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn side(steps: &[StepAnswer]) -> Side<'_> {
    Side { reruns: reruns(steps), steps: steps.iter().map(step).collect() }
}

fn step(step: &StepAnswer) -> Step<'_> {
    Step {
        stage: &step.label.stage,
        line: step.label.line,
        text: &step.label.text,
        verdict: verdict(step.verdict),
        reason: step.reason.as_deref(),
    }
}

/// A verdict's name.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Cached => "cached",
        Verdict::Reruns => "reruns",
        Verdict::DependsOnContent => "depends-on-content",
    }
}

#[derive(Serialize)]
struct History<'a> {
    version: u32,
    path: &'a str,
    context: Option<&'a str>,
    range: &'a str,
    notes: Vec<String>,
    looked_at: usize,
    shallow: bool,
    versions: usize,
    commits: Vec<Commit<'a>>,
    before: Rows<'a>,
    after: Rows<'a>,
}

#[derive(Serialize)]
struct Commit<'a> {
    id: String,
    date: &'a str,
    subject: &'a str,
}

#[derive(Serialize)]
struct Rows<'a> {
    reruns: usize,
    steps: Vec<HistoryStep<'a>>,
}

#[derive(Serialize)]
struct HistoryStep<'a> {
    stage: &'a str,
    line: usize,
    text: &'a str,
    current: bool,
    commits: usize,
    reruns: usize,
    reruns_certain: usize,
    course: String,
}

/// Writes a replayed history as one document.
pub(super) fn write_replay(
    subject: &Subject,
    range: &str,
    replay: &Replay,
    out: &mut impl Write,
) -> io::Result<()> {
    let commits = replay.commits.iter().map(|commit| Commit {
        id: commit.id.to_string(),
        date: &commit.date,
        subject: &commit.subject,
    });
    let document = History {
        version: VERSION,
        path: &subject.path,
        context: subject.context.as_deref(),
        range,
        notes: notes(range, replay),
        looked_at: replay.looked_at,
        shallow: replay.is_cut,
        versions: replay.versions,
        commits: commits.collect(),
        before: rows(&replay.before),
        after: rows(&replay.after),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn rows(side: &ReplaySide) -> Rows<'_> {
    let steps = side.rows.iter().map(|row| HistoryStep {
        stage: &row.label.stage,
        line: row.label.line,
        text: &row.label.text,
        current: row.is_current,
        commits: row.present(),
        reruns: row.reruns(),
        reruns_certain: row.cells.iter().filter(|cell| **cell == Cell::Reruns).count(),
        course: row.cells.iter().map(|cell| letter(*cell)).collect(),
    });
    Rows { reruns: side.reruns(), steps: steps.collect() }
}

fn letter(cell: Cell) -> char {
    match cell {
        Cell::Absent => ' ',
        Cell::Cached => '.',
        Cell::Depends => '~',
        Cell::Reruns => 'R',
    }
}
