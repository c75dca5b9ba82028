//! Tests of the transforms in a few strings: files of the context, a Dockerfile before, a Dockerfile after.

mod articles;
mod beside;
mod brought;
mod chef;
mod compiled;
mod documentation;
mod downloads;
mod files;
mod hazards;
mod ignored;
mod indexes;
mod late_arg;
mod messages;
mod mounts;
mod moves;
mod readers;
mod root;
mod settings;
mod shared;
mod splits;
mod stores;
mod users;

mod words;

use std::sync::Arc;

use dockfix_model::context::Context;
use dockfix_syntax::Dockerfile;

use crate::{FixedFile, Options, Outcome, Project, ProjectFile, fix};

/// Files of a context: path and content.
type Files<'f> = &'f [(&'f str, &'f str)];

/// An application of Node with a lock file and sources.
const APP: Files<'_> = &[
    (".dockerignore", "node_modules\n"),
    (
        "package.json",
        "{\"name\": \"a\", \"version\": \"1.0.0\", \"dependencies\": {\"left-pad\": \"1.3.0\"}}",
    ),
    (
        "package-lock.json",
        "{\"name\": \"a\", \"version\": \"1.0.0\", \"lockfileVersion\": 3, \"packages\": {\"\": {\"name\": \"a\", \
         \"version\": \"1.0.0\", \"dependencies\": {\"left-pad\": \"1.3.0\"}}, \
         \"node_modules/left-pad\": {\"version\": \"1.3.0\"}}}",
    ),
    ("src/index.js", ""),
    ("entry.sh", ""),
    ("src.tar.gz", "\0"),
];

/// A module of Go.
const GO: Files<'_> = &[("go.mod", "module x\n\ngo 1.22\n"), ("go.sum", ""), ("main.go", "package main\n")];

/// Runs some transforms (all where `only` is empty). Without files the context is unknown.
fn run(only: &[&str], files: Files<'_>, dockerfile: &str) -> Outcome {
    run_with(only, files, dockerfile, false)
}

/// As [`run`], with unsafe changes if they are allowed.
fn run_with(only: &[&str], files: Files<'_>, dockerfile: &str, allow_unsafe: bool) -> Outcome {
    let context =
        if files.is_empty() { Context::unknown() } else { Context::in_memory(files.iter().copied()) };
    let file = ProjectFile {
        name: "Dockerfile".to_owned(),
        file: Arc::new(Dockerfile::parse(dockerfile.as_bytes())),
        context,
        rewrite: true,
    };
    let only = only.iter().map(|&id| id.to_owned()).collect();
    fix(
        &Project { files: vec![file], ..Project::default() },
        &Options { only, allow_unsafe, ..Options::default() },
    )
}

fn dockerfile(outcome: &Outcome) -> &FixedFile {
    let file = &outcome.files[0];
    assert_eq!(file.bug, None);
    file
}

/// The transforms make `after` of `before`.
#[track_caller]
fn check(only: &[&str], files: Files<'_>, before: &str, after: &str) {
    let outcome = run(only, files, before);
    let file = dockerfile(&outcome);
    let text = String::from_utf8_lossy(&file.after);
    assert!(
        text == after,
        "\n--- wanted\n{after}\n--- got\n{text}\n--- changes {:#?}\n--- refusals {:#?}",
        file.changes,
        file.refusals
    );
}

/// They leave it alone and have nothing to say.
#[track_caller]
fn check_unchanged(only: &[&str], files: Files<'_>, before: &str) {
    let outcome = run(only, files, before);
    let file = dockerfile(&outcome);
    assert_eq!(String::from_utf8_lossy(&file.after), before, "{:#?}", file.changes);
    assert_eq!(file.refusals, []);
}

/// They leave it alone and say why: `line: reason`.
#[track_caller]
fn check_refused(only: &[&str], files: Files<'_>, before: &str, refusals: &[&str]) {
    let outcome = run(only, files, before);
    let file = dockerfile(&outcome);
    assert_eq!(String::from_utf8_lossy(&file.after), before, "{:#?}", file.changes);
    let got: Vec<_> =
        file.refusals.iter().map(|refusal| format!("{}: {}", refusal.line, refusal.reason)).collect();
    assert_eq!(got, refusals);
}

/// What they have to say, whether they change anything or not: `line: reason`.
fn refusals(only: &[&str], files: Files<'_>, before: &str) -> Vec<String> {
    let outcome = run(only, files, before);
    let refusals = &dockerfile(&outcome).refusals;
    refusals.iter().map(|refusal| format!("{}: {}", refusal.line, refusal.reason)).collect()
}
