//! The rewrites, and the engine that applies and checks them.
//!
//! A transform is a pure function of a Dockerfile, its build context and the options: it proposes changes and says
//! what it leaves alone and why. [`fix`] applies the proposals one at a time, checks each against the safety contract, and
//! goes on until nothing is left to do.

mod report;

pub use report::{Change, FixedFile, Options, Outcome, Project, ProjectFile, Refusal, Safety};

/// What is known of a transform without running it.
#[derive(Clone, Copy, Debug)]
pub struct TransformInfo {
    /// Its name on the command line.
    pub id: &'static str,
    /// One line on what it does.
    pub summary: &'static str,
    /// Its page: what, why, examples, what it refuses. Markdown.
    pub documentation: &'static str,
}

/// Every transform, in the order in which they are applied.
#[must_use]
pub fn registry() -> Vec<TransformInfo> {
    Vec::new()
}

/// Rewrites the Dockerfiles of a project.
#[must_use]
pub fn fix(project: &Project, options: &Options) -> Outcome {
    let _ = options;
    let unchanged = |file: &ProjectFile| FixedFile {
        name: file.name.clone(),
        before: Some(file.source.clone()),
        after: file.source.clone(),
        changes: Vec::new(),
        refusals: Vec::new(),
        bug: None,
    };
    Outcome { files: project.files.iter().map(unchanged).collect(), ignore_files: Vec::new() }
}
