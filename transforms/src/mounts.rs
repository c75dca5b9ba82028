//! What is mounted where a RUN works.

use dockfix_model::ImagePath;
use dockfix_model::build::Step;
use dockfix_syntax::view::{Mount, MountKind};

/// The mounts of a RUN that cover a directory or lie in it, those included of which it cannot be told where they lie. Secrets
/// and keys count where they say that they lie there.
pub(crate) fn over<'a>(step: &Step<'a>, directory: &ImagePath) -> Vec<&'a Mount> {
    let escape = step.instruction.file().escape();
    let mounts = step.instruction.mounts().iter();
    let overlaps = |mount: &&Mount| match mount.target().and_then(|target| step.state.path(target, escape)) {
        Some(target) => target.overlaps(directory),
        None => !matches!(mount.kind, MountKind::Secret | MountKind::Ssh),
    };
    mounts.filter(overlaps).collect()
}

/// What is mounted over a project's sources may be read-only, and is there for no other RUN.
pub(crate) fn check_sources(step: &Step<'_>, directory: &ImagePath) -> Result<(), String> {
    if over(step, directory).iter().any(|mount| mount.kind == MountKind::Bind) {
        return Err(format!("the sources in {directory} are mounted"));
    }
    Ok(())
}
