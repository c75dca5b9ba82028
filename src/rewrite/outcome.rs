//! Makes reports, and contents to be written, of what the engine made of the files.

use std::path::{Path, PathBuf};

use dockfix_model::context::Context;
use dockfix_syntax::Dockerfile;
use dockfix_transforms::FixedFile;
use rayon::prelude::*;

use super::input::InputFile;
use super::project::Fixed;
use super::single::{Version, context_after};
use crate::build_context::{Choice, Reason};
use crate::diff::FileDiff;
use crate::discover::repository_of;
use crate::paths::Here;
use crate::report::{ContextNote, FileError, FileReport, Status};
use crate::verify::Pair;
use crate::write::NewContent;

/// A file that is through.
#[derive(Debug)]
pub(super) struct Done {
    /// What is to be told of it.
    pub(super) report: FileReport,
    /// What is to be written, if it changed.
    pub(super) content: Option<NewContent>,
    /// The root of the repository, or what stands for it: the files of one are written together.
    pub(super) repository: PathBuf,
    /// An ignore file. A Dockerfile may rely on it, so it is written first.
    pub(super) is_ignore_file: bool,
    /// The directory of the build context, if it is known: who shares it shares the ignore file.
    pub(super) context: Option<PathBuf>,
    /// The Dockerfile before and after, with what it takes to build it; `None` where that is not known.
    pub(super) pair: Option<Pair>,
}

impl Fixed {
    /// What is to be told and written.
    pub(super) fn into_done(self, here: &Here) -> Vec<Done> {
        // Links must not lead a write out of the repository, or out of the context where there is no repository.
        let ignore_root = self.root.as_deref().map(|root| {
            let around =
                self.files.iter().map(|(file, ..)| &file.found.root).find(|around| root.starts_with(around));
            around.map_or_else(|| repository_of(root).unwrap_or(root), PathBuf::as_path).to_owned()
        });
        let mut done = Vec::with_capacity(self.files.len() + self.ignore_files.len());
        let repository = self.files.first().map(|(file, ..)| file.found.root.clone());
        let of_dockerfiles = self.files.into_par_iter().map(|(file, fixed, context)| {
            let after = context_after(&context, &self.ignore_files);
            Done::of_dockerfile(file, fixed, [context, after], self.root.as_deref(), here)
        });
        let of_dockerfiles: Vec<Done> = of_dockerfiles.collect();
        if let (Some(root), Some(around)) = (&self.root, &ignore_root) {
            let told =
                |file: &FixedFile| file.is_changed() || !file.refusals.is_empty() || file.bug.is_some();
            for ignore_file in self.ignore_files.into_iter().filter(told) {
                let path = root.join(&ignore_file.name);
                let shown = here.shown(&path, around).to_string_lossy().into_owned();
                let one = Done::of(shown, path, around, ignore_file, here);
                let repository = repository.clone().unwrap_or(one.repository);
                done.push(Done { is_ignore_file: true, repository, context: Some(root.clone()), ..one });
            }
        }
        done.extend(of_dockerfiles);
        done
    }
}

impl Done {
    /// `contexts` are those before and after the ignore file was rewritten, `root` the directory of both.
    fn of_dockerfile(
        file: InputFile,
        fixed: FixedFile,
        contexts: [Context; 2],
        root: Option<&Path>,
        here: &Here,
    ) -> Self {
        let [before, after] = contexts;
        let context = note(&file.context, &file, here);
        let is_sound = file.is_sound() && fixed.bug.is_none();
        let pair = before.root().is_some().then(|| Pair {
            path: file.found.shown.to_string_lossy().into_owned(),
            before: Version { source: file.file.shared_source(), context: before },
            after: Version { source: fixed.after.clone(), context: after },
        });
        let shown = file.found.shown.to_string_lossy().into_owned();
        let mut one = match file.is_sound() {
            true => Self::of(shown, file.found.path, &file.found.root, fixed, here),
            false => Self::rejected(shown, &file.file, file.found.root),
        };
        one.report.context = Some(context);
        one.context = root.map(Path::to_owned);
        one.pair = pair.filter(|_| is_sound);
        one
    }

    fn of(shown: String, path: PathBuf, root: &Path, fixed: FixedFile, here: &Here) -> Self {
        let FixedFile { before, after, changes, refusals, gains, bug, .. } = fixed;
        let mut report = FileReport { path: shown, changes, refusals, gains, ..FileReport::default() };
        let done = |report, content| Self {
            report,
            content,
            repository: root.to_owned(),
            is_ignore_file: false,
            context: None,
            pair: None,
        };
        if let Some(bug) = bug {
            report.fail(FileError::bug(bug));
            return done(report, None);
        }
        if before.as_ref() == Some(&after) {
            return done(report, None);
        }
        report.status = Status::Changed;
        let patch_path = here.in_patch(&path, root);
        let diff = FileDiff {
            path: &patch_path,
            before: before.as_deref(),
            after: &after,
            changes: &report.changes,
        };
        report.diff = diff.to_bytes();
        done(report, Some(NewContent { path, before, after, root: root.to_owned() }))
    }

    /// A file that BuildKit would reject.
    fn rejected(shown: String, file: &Dockerfile, repository: PathBuf) -> Self {
        let errors = file
            .problems()
            .map(|(line, problem)| FileError { line: Some(line), ..FileError::new(problem.to_string()) });
        let report = FileReport {
            path: shown,
            status: Status::Failed,
            errors: errors.collect(),
            ..FileReport::default()
        };
        Self { report, content: None, repository, is_ignore_file: false, context: None, pair: None }
    }
}

/// What is said of a Dockerfile's context.
pub(super) fn note(choice: &Choice, file: &InputFile, here: &Here) -> ContextNote {
    let shown = |path: &Path| here.shown(path, &file.found.root).to_string_lossy().into_owned();
    let (is_plain, reason) = match &choice.reason {
        Reason::Given => (true, "given by --context".to_owned()),
        Reason::Own => (true, "the Dockerfile's directory".to_owned()),
        Reason::Compose(file) => (false, format!("named in {}", shown(file))),
        Reason::Several(contexts) => {
            let contexts: Vec<_> = contexts.iter().map(|context| shown(context)).collect();
            (false, format!("Compose files build it from {}; name one with --context", list(&contexts)))
        }
        Reason::Nearest => (false, "the nearest directory that has the sources".to_owned()),
        Reason::Manifests => (false, "the nearest directory that has what the installs need".to_owned()),
        Reason::Most(missing) => (false, format!("though it has no {}", list(missing))),
        Reason::Nowhere(missing) if missing.is_empty() => {
            (true, "the file has no path; give one with --stdin-filename, or --context".to_owned())
        }
        Reason::Nowhere(missing) => {
            let root = shown(&file.found.root);
            (false, format!("no directory up to {root} has {}; name it with --context", list(missing)))
        }
    };
    ContextNote { directory: choice.root.as_deref().map(shown), reason, is_plain }
}

/// A few names, so that a line stays a line.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let mut text = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text += &format!(" and {} more", names.len() - SHOWN);
    }
    text
}
