//! The report for programs. `docs/json.md` says what each field means; what is there stays, what is new is added.

use std::io::{self, Write};

use dockfix_model::cache::Edit;
use dockfix_transforms::Safety;
use serde::Serialize;

use super::{Counts, FileReport, Report, Status};

/// Goes up when a field changes its meaning or goes away.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    files: Vec<File<'a>>,
    summary: Counts,
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    status: &'static str,
    changes: Vec<Change<'a>>,
    refusals: Vec<Refusal<'a>>,
    gains: Vec<Gain<'a>>,
    error: Option<String>,
    diff: Option<String>,
    context: Option<Context<'a>>,
}

#[derive(Serialize)]
struct Change<'a> {
    transform: &'a str,
    line: usize,
    safety: &'static str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Refusal<'a> {
    transform: &'a str,
    line: usize,
    reason: &'a str,
}

#[derive(Serialize)]
struct Gain<'a> {
    kind: &'static str,
    edit: EditName<'a>,
    before: usize,
    after: usize,
}

#[derive(Serialize)]
struct Context<'a> {
    directory: Option<&'a str>,
    reason: &'a str,
}

/// An edit, as the name of its one field tells.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EditName<'a> {
    /// A path of the build context.
    File(&'a str),
    /// A build argument by name.
    Argument(&'a str),
    /// The base images: always true.
    BaseImage(bool),
}

impl<'a> EditName<'a> {
    pub(crate) fn of(edit: &'a Edit) -> Self {
        match edit {
            Edit::File(path) => Self::File(path),
            Edit::Argument(name) => Self::Argument(name),
            Edit::Base => Self::BaseImage(true),
        }
    }
}

/// Writes the report as one JSON document and a line end.
pub(crate) fn write_json(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let files = report.files.iter().map(File::of).collect();
    let document = Document { version: VERSION, files, summary: report.counts() };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

impl<'a> File<'a> {
    fn of(file: &'a FileReport) -> Self {
        let changes = file.changes.iter().map(|change| Change {
            transform: change.transform,
            line: change.line,
            safety: match change.safety {
                Safety::Safe => "safe",
                Safety::Unsafe => "unsafe",
            },
            reason: &change.reason,
        });
        let refusals = file.refusals.iter().map(|refusal| Refusal {
            transform: refusal.transform,
            line: refusal.line,
            reason: &refusal.reason,
        });
        let gains = file.gains.iter().map(|gain| Gain {
            kind: gain.kind.name(),
            edit: EditName::of(&gain.edit),
            before: gain.before,
            after: gain.after,
        });
        let errors = file.errors.iter().map(|error| {
            let kind = if error.is_bug { "bug in dockfix: " } else { "" };
            let line = error.line.map_or_else(String::new, |line| format!("line {line}: "));
            format!("{kind}{line}{}", error.message)
        });
        Self {
            path: &file.path,
            status: match file.status {
                Status::Changed => "changed",
                Status::Unchanged => "unchanged",
                Status::Failed => "failed",
            },
            changes: changes.collect(),
            refusals: refusals.collect(),
            gains: gains.collect(),
            error: (!file.errors.is_empty()).then(|| errors.collect::<Vec<_>>().join("; ")),
            diff: (!file.diff.is_empty()).then(|| String::from_utf8_lossy(&file.diff).into_owned()),
            context: file
                .context
                .as_ref()
                .map(|context| Context { directory: context.directory.as_deref(), reason: &context.reason }),
        }
    }
}
