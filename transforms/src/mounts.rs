//! What is mounted where a RUN works.

use dockfix_model::ImagePath;
use dockfix_model::build::Step;
use dockfix_syntax::view::{Mount, MountKind, Run};

/// The mounts of a RUN that cover a directory or lie in it, those included of which it cannot be told where they lie. Secrets
/// and keys count where they say that they lie there.
pub(crate) fn over(step: &Step<'_>, directory: &ImagePath) -> Vec<Mount> {
    if step.instruction.flags().is_empty() {
        return Vec::new();
    }
    let escape = step.instruction.file().escape();
    let mut mounts = Run::of(&step.instruction).map_or_else(Vec::new, |run| run.mounts);
    mounts.retain(|mount| match mount.target().and_then(|target| step.state.path(target, escape)) {
        Some(target) => target.overlaps(directory),
        None => !matches!(mount.kind, MountKind::Secret | MountKind::Ssh),
    });
    mounts
}

/// What is mounted over a project's sources may be read-only, and is there for no other RUN.
pub(crate) fn check_sources(step: &Step<'_>, directory: &ImagePath) -> Result<(), String> {
    if over(step, directory).iter().any(|mount| mount.kind == MountKind::Bind) {
        return Err(format!("the sources in {directory} are mounted"));
    }
    Ok(())
}
