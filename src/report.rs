//! What became of every file, and how it is told: a summary for people, JSON for programs.

mod json;
mod text;

use dockfix_transforms::{Change, Gain, Refusal, Safety};

pub(crate) use json::{EditName, write_json};
pub(crate) use text::{Verbosity, count, one_line, write_text};

/// What became of all files.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Sorted by path.
    pub(crate) files: Vec<FileReport>,
    /// Whether the changes were written, and not only shown.
    pub(crate) written: bool,
}

/// What became of one file.
#[derive(Debug, Default)]
pub(crate) struct FileReport {
    /// Its path, for people.
    pub(crate) path: String,
    /// In short.
    pub(crate) status: Status,
    /// What is to be said of its build context, if anything.
    pub(crate) context: Option<ContextNote>,
    /// What was changed.
    pub(crate) changes: Vec<Change>,
    /// What was considered and not changed.
    pub(crate) refusals: Vec<Refusal>,
    /// How many steps the edits of every day make run again, before and after.
    pub(crate) gains: Vec<Gain>,
    /// What went wrong; not empty exactly if the status is [`Status::Failed`].
    pub(crate) errors: Vec<FileError>,
    /// The change as a unified diff; empty if there is none.
    pub(crate) diff: Vec<u8>,
}

/// In short, what became of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    /// It changed, or would change.
    Changed,
    /// It stays as it is.
    #[default]
    Unchanged,
    /// It could not be read, understood, rewritten or written; it stays as it is.
    Failed,
}

/// The build context of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContextNote {
    /// The directory, for people; `None` if it is not known.
    pub(crate) directory: Option<String>,
    /// Why this one, or why none.
    pub(crate) reason: String,
    /// Whether it goes without saying: the Dockerfile's own directory, or what the command line says.
    pub(crate) is_plain: bool,
}

/// What went wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileError {
    /// The 1-based line, if there is one.
    pub(crate) line: Option<usize>,
    /// One sentence without a full stop.
    pub(crate) message: String,
    /// The fault is ours.
    pub(crate) is_bug: bool,
}

impl FileError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { line: None, message: message.into(), is_bug: false }
    }

    pub(crate) fn bug(message: impl Into<String>) -> Self {
        Self { line: None, message: message.into(), is_bug: true }
    }
}

impl FileReport {
    /// A file that failed before anything was done with it.
    pub(crate) fn failed(path: String, error: FileError) -> Self {
        Self { path, status: Status::Failed, errors: vec![error], ..Self::default() }
    }

    /// The file stays as it is: what was to be changed is forgotten.
    pub(crate) fn fail(&mut self, error: FileError) {
        self.status = Status::Failed;
        self.changes.clear();
        self.gains.clear();
        self.diff.clear();
        self.errors.push(error);
    }
}

/// How often what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Counts {
    pub(crate) files: usize,
    pub(crate) changed: usize,
    pub(crate) unchanged: usize,
    pub(crate) failed: usize,
    pub(crate) changes: usize,
    pub(crate) unsafe_changes: usize,
    pub(crate) refusals: usize,
}

impl Report {
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts { files: self.files.len(), ..Counts::default() };
        for file in &self.files {
            *match file.status {
                Status::Changed => &mut counts.changed,
                Status::Unchanged => &mut counts.unchanged,
                Status::Failed => &mut counts.failed,
            } += 1;
            counts.changes += file.changes.len();
            counts.unsafe_changes +=
                file.changes.iter().filter(|change| change.safety == Safety::Unsafe).count();
            counts.refusals += file.refusals.len();
        }
        counts
    }
}

#[cfg(test)]
mod tests;
