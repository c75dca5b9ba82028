//! Keeps a fault of ours from taking the other files down with it: a panic becomes an error of the file at hand.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};

use dockfix_transforms::{Options, Outcome, Project, ProjectFile, fix};

thread_local! {
    /// What the last panic of this thread said, and where.
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on a panic prints nothing; what it says is kept for the report.
pub(super) fn keep_panics_quiet() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |location| format!(" at {location}"));
        let message = format!("{}{place}", message_of(info.payload()));
        LAST_PANIC.with(|last| *last.borrow_mut() = Some(message));
    }));
}

/// Runs the engine. Where it panics, each file is tried alone, so that only the one that it cannot bear is lost; the
/// ignore file is then left alone, since it is a matter of all files.
pub(super) fn fix_guarded(project: &Project, options: &Options) -> Outcome {
    fix_with(fix, project, options)
}

fn fix_with(fix: impl Fn(&Project, &Options) -> Outcome, project: &Project, options: &Options) -> Outcome {
    if let Ok(outcome) = caught(|| fix(project, options))
        && outcome.files.len() == project.files.len()
    {
        return outcome;
    }
    let mut options = options.clone();
    options.skip.push("dockerignore".to_owned());
    let fix_alone = |file: &ProjectFile| {
        if !file.rewrite {
            return unchanged(file, None);
        }
        // The others only matter for the ignore file.
        let alone = Project { files: vec![file.clone()], ..Project::default() };
        match caught(|| fix(&alone, &options)).map(|outcome| outcome.files.into_iter().next()) {
            Ok(Some(fixed)) => fixed,
            Ok(None) => unchanged(file, Some("the engine lost the file".to_owned())),
            Err(bug) => unchanged(file, Some(bug)),
        }
    };
    Outcome { files: project.files.iter().map(fix_alone).collect(), ignore_files: Vec::new() }
}

fn unchanged(file: &ProjectFile, bug: Option<String>) -> dockfix_transforms::FixedFile {
    dockfix_transforms::FixedFile {
        name: file.name.clone(),
        before: Some(file.file.shared_source()),
        after: file.file.shared_source(),
        changes: Vec::new(),
        refusals: Vec::new(),
        gains: Vec::new(),
        bug,
    }
}

/// What `work` makes, or what its panic said.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // What a panic leaves half done is dropped here, and the projects are only read.
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        // A panic that comes from another thread has left its place there, but brings its message along.
        let noted = LAST_PANIC.with(|last| last.borrow_mut().take());
        noted.unwrap_or_else(|| message_of(&*payload).to_owned())
    })
}

fn message_of(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dockfix_model::context::Context;
    use dockfix_syntax::Dockerfile;

    use super::*;

    fn project(names: &[&str]) -> Project {
        let file = |name: &&str| ProjectFile {
            name: (*name).to_owned(),
            file: Arc::new(Dockerfile::parse(name.as_bytes())),
            context: Context::unknown(),
            rewrite: true,
        };
        Project { files: names.iter().map(file).collect(), ..Project::default() }
    }

    #[test]
    fn a_panic_loses_only_its_own_file() {
        let engine = |project: &Project, options: &Options| {
            assert!(project.files.len() == 1, "not together");
            assert!(!project.files.iter().any(|file| file.rewrite && file.name == "bad"), "it broke");
            assert!(options.skip.iter().any(|skip| skip == "dockerignore"));
            Outcome {
                files: project.files.iter().map(|file| unchanged(file, None)).collect(),
                ..Outcome::default()
            }
        };
        let outcome = fix_with(engine, &project(&["a", "bad", "c"]), &Options::default());
        let bugs: Vec<_> =
            outcome.files.iter().map(|file| (file.name.as_str(), file.bug.is_some())).collect();
        assert_eq!(bugs, [("a", false), ("bad", true), ("c", false)]);
        assert_eq!(outcome.files[1].bug.as_deref(), Some("it broke"));
    }

    #[test]
    fn without_a_panic_the_engine_has_the_last_word() {
        let engine = |project: &Project, _: &Options| Outcome {
            files: project.files.iter().map(|file| unchanged(file, Some("x".to_owned()))).collect(),
            ..Outcome::default()
        };
        let outcome = fix_with(engine, &project(&["a"]), &Options::default());
        assert_eq!(outcome.files[0].bug.as_deref(), Some("x"));
    }
}
