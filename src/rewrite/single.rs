//! One Dockerfile and what the engine makes of it, for commands that compare the two.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use dockfix_model::context::Context;
use dockfix_transforms::{FixedFile, Options, Project};

use super::others::Others;
use super::{guard, input, outcome, project};
use crate::build_context::Contexts;
use crate::discover::Found;
use crate::paths::Here;
use crate::report::ContextNote;

/// A Dockerfile in its build context, before and after the rewrite.
#[derive(Clone, Debug)]
pub(crate) struct Versions {
    /// As it is.
    pub(crate) before: Version,
    /// As it would be.
    pub(crate) after: Version,
    /// A check of ours failed, so that nothing was rewritten.
    pub(crate) bug: Option<String>,
}

/// A Dockerfile in its build context.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// The bytes.
    pub(crate) source: Arc<[u8]>,
    /// The context, with the ignore file that is in force.
    pub(crate) context: Context,
}

impl Version {
    /// Whether a build of it is the same build.
    pub(crate) fn builds_as(&self, other: &Self) -> bool {
        let ignored = |version: &Self| version.context.ignore().rules().source().to_vec();
        self.source == other.source && ignored(self) == ignored(other)
    }
}

/// A Dockerfile on disk.
#[derive(Debug)]
pub(crate) struct Single {
    /// Where it is.
    pub(crate) found: Found,
    /// The directory of its context, absolute and without links; `None` if it is not known.
    pub(crate) root: Option<PathBuf>,
    /// What is to be said of the context.
    pub(crate) note: ContextNote,
    /// The other Dockerfiles that share the context, absolute and without links.
    pub(crate) others: Vec<PathBuf>,
    /// The file itself.
    pub(crate) versions: Versions,
}

/// Reads the Dockerfile at `path` and rewrites it in its context; nothing is written.
///
/// # Errors
/// The file cannot be read, is no Dockerfile that BuildKit would accept, or its context cannot be opened.
pub(crate) fn single(
    path: &Path,
    contexts: &Contexts,
    options: &Options,
    here: &Here,
) -> anyhow::Result<Single> {
    guard::keep_panics_quiet();
    let input = input::from_disk(&[path.to_owned()], contexts);
    let shown = path.display();
    if let Some(error) = input.reports.iter().find_map(|report| report.errors.first()) {
        bail!("{shown}: {}", error.message);
    }
    let Some(file) = input.files.into_iter().next() else {
        bail!("{shown}: no Dockerfile; name one");
    };
    if let Some((line, problem)) = file.file.problems().next() {
        bail!("{shown}:{line}: {problem}");
    }
    let found = file.found.clone();
    let note = outcome::note(&file.context, &file, here);
    let (groups, failed) = project::group(vec![file], Others::default(), contexts, options);
    if let Some(error) = failed.first().and_then(|report| report.errors.first()) {
        bail!("{shown}: {}", error.message);
    }
    let Some(group) = groups.into_iter().next() else { bail!("{shown}: its context cannot be opened") };
    let Some(versions) = versions(group.project(), options) else {
        bail!("{shown}: the engine lost the file")
    };
    let others = group.bystanders().map(Path::to_owned).collect();
    Ok(Single { found, root: group.root, note, others, versions })
}

/// The file of a project that is to be rewritten, before and after; `None` if there is none.
pub(crate) fn versions(project: &Project, options: &Options) -> Option<Versions> {
    let at = project.files.iter().position(|file| file.rewrite)?;
    let file = project.files.get(at)?;
    let outcome = guard::fix_guarded(project, options);
    let fixed = outcome.files.into_iter().nth(at)?;
    let before = Version { source: file.file.shared_source(), context: file.context.clone() };
    let context = context_after(&file.context, &outcome.ignore_files);
    Some(Versions { before, after: Version { source: fixed.after, context }, bug: fixed.bug })
}

/// The context with the ignore files as they would be.
pub(super) fn context_after(context: &Context, fixed: &[FixedFile]) -> Context {
    // The ignore file in force, or the one that there would be.
    let path = context.ignore().path().unwrap_or(".dockerignore");
    let ignore = fixed.iter().find(|ignore| ignore.is_changed() && ignore.name == path);
    let written = ignore.map(|ignore| context.with_file(&ignore.name, &ignore.after[..]));
    written.and_then(Result::ok).unwrap_or_else(|| context.clone())
}
