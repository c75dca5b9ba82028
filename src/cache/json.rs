//! The answers for programs. What the fields mean is told in docs/json.md.

use std::io::{self, Write};

use dockfix_model::cache::{Edit, Verdict};
use serde::Serialize;

use super::Subject;
use super::edits::{Answer, StepAnswer, reruns};

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
#[serde(rename_all = "kebab-case")]
enum EditName<'a> {
    File(&'a str),
    Argument(&'a str),
    BaseImage(bool),
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
        edits: answer.edits.iter().map(edit).collect(),
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

fn edit(edit: &Edit) -> EditName<'_> {
    match edit {
        Edit::File(path) => EditName::File(path),
        Edit::Argument(name) => EditName::Argument(name),
        Edit::Base => EditName::BaseImage(true),
    }
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
