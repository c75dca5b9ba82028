//! The report for programs. `docs/json.md` says what each field means; what is there stays, what is new is added.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Report;
use crate::verify::check::{Build, BuildFailure, Rebuild, Verdict, Verification};
use crate::verify::compare::{Comparison, Difference};

/// Goes up when a field changes its meaning or goes away.
const VERSION: u32 = 1;

pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let document = json!({
        "version": VERSION,
        "engine": report.engine,
        "files": report.files.iter().map(file).collect::<Vec<_>>(),
        "notes": report.notes,
        "summary": report.counts(),
    });
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

fn file(file: &Verification) -> Value {
    let (status, failure) = match &file.verdict {
        Verdict::Unchanged => ("unchanged", None),
        Verdict::Same => ("same", None),
        Verdict::Different => ("different", None),
        Verdict::OriginalFails(failure) => ("original-fails", Some(failure)),
        Verdict::Fails(failure) => ("rewritten-fails", Some(failure)),
        Verdict::Error(_) => ("error", None),
    };
    let error = (!file.is_good()).then(|| file.sentence());
    let (before, after) = (file.builds.first().map(build), file.builds.get(1).map(build));
    json!({
        "path": file.path,
        "status": status,
        "error": error,
        "failure": failure.map(|failure| self::failure(failure, file)),
        "image": file.comparison.as_ref().map(image),
        "builds": {"original": before, "rewritten": after},
        "rebuilds": file.rebuilds.iter().map(rebuild).collect::<Vec<_>>(),
        "notes": file.notes,
    })
}

fn failure(failure: &BuildFailure, file: &Verification) -> Value {
    json!({"step": failure.step, "log": file.log()})
}

fn image(comparison: &Comparison) -> Value {
    let excepted = super::excepted(comparison);
    let excepted =
        excepted.map(|(name, paths, reason)| json!({"name": name, "paths": paths, "reason": reason}));
    json!({
        "files": comparison.files,
        "differences": differences(&comparison.differences),
        "unstable": differences(&comparison.unstable),
        "excepted": excepted.collect::<Vec<_>>(),
    })
}

/// One object for each field of each path.
fn differences(differences: &[Difference]) -> Vec<Value> {
    let fields = differences.iter().flat_map(|difference| {
        difference.fields.iter().map(
            |field| json!({"path": difference.path, "field": field.name, "before": field.before, "after": field.after}),
        )
    });
    fields.collect()
}

fn build(build: &Build) -> Value {
    let steps = build
        .steps
        .iter()
        .map(|step| json!({"text": step.text, "cached": step.cached, "seconds": step.seconds}));
    json!({"seconds": tenths(build.seconds), "executed": build.executed(), "steps": steps.collect::<Vec<_>>()})
}

fn rebuild(rebuild: &Rebuild) -> Value {
    json!({
        "edit": rebuild.kind.name(),
        "path": rebuild.path,
        "original": build(&rebuild.before),
        "rewritten": build(&rebuild.after),
        "speedup": tenths(rebuild.speedup()),
    })
}

/// Nobody measures more exactly than this here.
fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
