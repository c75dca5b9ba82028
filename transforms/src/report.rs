//! What the engine says of a file: plain data for whoever prints or writes it.

use std::sync::Arc;

use dockfix_ecosystems::EditKind;
use dockfix_model::cache::Edit;
use dockfix_model::context::Context;
use dockfix_syntax::Dockerfile;

/// Dockerfiles that share a build context.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// The Dockerfiles.
    pub files: Vec<ProjectFile>,
    /// What may be built from the same context too, though nobody can tell: what it names of the context is not kept out.
    pub others: Vec<Arc<Dockerfile>>,
}

/// A Dockerfile and its build context.
#[derive(Clone, Debug)]
pub struct ProjectFile {
    /// A name that comes back in the outcome and in messages; the engine does not look at it.
    pub name: String,
    /// The file, parsed.
    pub file: Arc<Dockerfile>,
    /// Its context, with the ignore file that is in force for it; [`Context::unknown`] where none is known.
    pub context: Context,
    /// Whether it may be rewritten. One that may not was not asked for; it is here because what it copies decides what
    /// the ignore file that it shares must keep.
    pub rewrite: bool,
}

/// What to do, and what not.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only these transforms; all where empty.
    pub only: Vec<String>,
    /// Not these transforms.
    pub skip: Vec<String>,
    /// Also make changes that are not shown to be safe.
    pub allow_unsafe: bool,
}

impl Options {
    /// Whether a transform is to be tried.
    #[must_use]
    pub fn wants(&self, id: &str) -> bool {
        (self.only.is_empty() || self.only.iter().any(|only| only == id))
            && !self.skip.iter().any(|skip| skip == id)
    }
}

/// What became of a project.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The Dockerfiles, in the order of [`Project::files`].
    pub files: Vec<FixedFile>,
    /// Ignore files that were written or extended; `name` is the path below the root of the context.
    pub ignore_files: Vec<FixedFile>,
}

/// A file after fixing.
#[derive(Clone, Debug)]
pub struct FixedFile {
    /// The name of the [`ProjectFile`], or the path of an ignore file below the root of the context.
    pub name: String,
    /// The bytes before; `None` for a file that is new.
    pub before: Option<Arc<[u8]>>,
    /// The bytes after; the same as before where nothing changed.
    pub after: Arc<[u8]>,
    /// The changes, in the order of the file.
    pub changes: Vec<Change>,
    /// What was considered and not done, in the order of the file.
    pub refusals: Vec<Refusal>,
    /// What the change is good for, by the typical edits of its project; empty for a file that stays as it is, and for an
    /// ignore file.
    pub gains: Vec<Gain>,
    /// A check of our own failed: the file was left as it was, and this is a bug of dockfix to report.
    pub bug: Option<String>,
}

impl FixedFile {
    /// Whether the file is new or its bytes changed.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.before.as_ref() != Some(&self.after)
    }
}

/// How many steps run again after an edit, before and after the change of a Dockerfile. A step that copies from a stage
/// that runs again counts as running again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gain {
    /// What the edit stands for.
    pub kind: EditKind,
    /// The edit.
    pub edit: Edit,
    /// With the file before.
    pub before: usize,
    /// With the file after.
    pub after: usize,
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The transform that made it.
    pub transform: &'static str,
    /// 1-based line of the file before, where the changed instruction begins; 1 for a new file.
    pub line: usize,
    /// Whether it is shown to change nothing but caching.
    pub safety: Safety,
    /// What it is good for, one sentence without a full stop.
    pub reason: String,
    /// Lines of the file after that it wrote, 1-based and half-open; empty ranges mark where lines went.
    pub lines_after: Vec<std::ops::Range<usize>>,
}

/// A change that was considered and not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The transform that considered it.
    pub transform: &'static str,
    /// 1-based line of the file before.
    pub line: usize,
    /// Why it was left alone, one sentence without a full stop.
    pub reason: String,
}

/// Whether a change keeps the safety contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Safety {
    /// The same image, by the rules of the contract.
    Safe,
    /// Not shown to be safe: made only on demand.
    #[default]
    Unsafe,
}

/// `A, B or C`, as a message lists names.
pub(crate) fn listed(names: &[String], last: &str) -> String {
    match names {
        [names @ .., name] if !names.is_empty() => format!("{} {last} {name}", names.join(", ")),
        names => names.concat(),
    }
}
