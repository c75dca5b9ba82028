//! What a transform is.

use dockfix_model::build::Stage;
use dockfix_model::context::Context;
use dockfix_model::project::Supplies;
use dockfix_syntax::rewrite::RewriteError;
use dockfix_syntax::{Dockerfile, Edits};

use crate::reading::Reading;
use crate::report::Safety;

/// What every transform says of itself.
pub trait Described: Sync {
    /// Its name on the command line.
    fn id(&self) -> &'static str;

    /// One line on what it does.
    fn summary(&self) -> &'static str;

    /// Its page: what, why, examples, what it refuses. Markdown.
    fn documentation(&self) -> &'static str;
}

/// A rewrite of one Dockerfile: proposes changes, and says what it leaves alone and why. Does no I/O but reading the
/// build context.
pub trait Transform: Described {
    /// The changes it would make now. They are applied, and it is asked again, until it has none.
    fn propose(&self, input: &Input<'_>) -> Proposals;
}

/// Adds to a file what the changes of the transforms need besides.
pub trait Completion: Described {
    /// What is missing in `file`, which was `original` before any change; nothing where they are the same.
    fn complete(&self, file: &Dockerfile, original: &Dockerfile) -> Proposals;
}

/// What a transform sees.
pub struct Input<'a> {
    /// The file as it is now, and what it means.
    pub reading: &'a Reading<'a>,
    /// The build context, with the ignore file that will be in force.
    pub context: &'a Context,
    /// Whether a file without a syntax directive gets one where a change needs it.
    pub adds_directive: bool,
}

impl<'a> Input<'a> {
    /// The file as it is now.
    #[must_use]
    pub fn file(&self) -> &'a Dockerfile {
        self.reading.file()
    }

    /// What the copies of a stage of the file bring.
    pub(crate) fn supplies(&self, stage: &Stage<'_>) -> &'a Supplies {
        self.reading.supplies(stage, self.context)
    }
}

/// What a transform would do.
#[derive(Debug, Default)]
pub struct Proposals {
    /// The changes, each on its own.
    pub changes: Vec<Proposal>,
    /// What is left alone: 1-based line in the current file, and why.
    pub refusals: Vec<(usize, String)>,
    /// The same, worth a word even where the transform improves something else in that line.
    pub refusals_beside: Vec<(usize, String)>,
    /// What is left alone although unsafe changes are allowed; of no interest where they are not.
    pub unsafe_refusals: Vec<(usize, String)>,
}

/// A change, all or nothing.
#[derive(Debug)]
pub struct Proposal {
    /// 1-based line of the current file that the change is about.
    pub line: usize,
    /// Whether it is shown to keep the safety contract; unsafe unless said otherwise.
    pub safety: Safety,
    /// What it is good for, one sentence without a full stop.
    pub reason: String,
    /// The edits of the current file.
    pub edits: Edits,
}

impl Proposals {
    /// Adds a change, or a refusal where its edits could not be made: the edit engine protects comments, heredocs and
    /// directives, and what it will not do is left alone.
    pub fn offer(
        &mut self,
        line: usize,
        safety: Safety,
        reason: impl Into<String>,
        edits: Result<Edits, RewriteError>,
    ) {
        match edits {
            Ok(edits) if edits.is_empty() => {}
            Ok(edits) => self.changes.push(Proposal { line, safety, reason: reason.into(), edits }),
            Err(error) => self.refuse(line, error.to_string()),
        }
    }

    /// Says that something is left alone, even where unsafe changes are made.
    pub fn refuse_unsafe(&mut self, line: usize, reason: impl Into<String>) {
        self.unsafe_refusals.push((line, reason.into()));
    }

    /// Says that one of several things of a line is left alone, whatever becomes of the others.
    pub fn refuse_beside(&mut self, line: usize, reason: impl Into<String>) {
        self.refusals_beside.push((line, reason.into()));
    }

    /// Says that something is left alone.
    pub fn refuse(&mut self, line: usize, reason: impl Into<String>) {
        self.refusals.push((line, reason.into()));
    }
}
