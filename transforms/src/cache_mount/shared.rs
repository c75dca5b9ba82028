//! With whom a new mount shares its cache: the `id` and `sharing` that it is given.

use dockfix_model::ImagePath;
use dockfix_model::build::{Stage, Step};
use dockfix_syntax::view::{Mount, MountKind};

use super::{RunStep, Target};
use crate::mounts;
use crate::transform::Input;

/// Which cache a mount is of.
pub(super) struct Shared {
    /// Its `id`; `None` where that of its target does.
    pub(super) id: Option<String>,
    /// Its `sharing`, as far as one is wanted.
    pub(super) sharing: Option<String>,
}

impl Shared {
    /// Of one of the mounts that a RUN is to get: of the cache that the file has for the directory already, if it has one.
    pub(super) fn of(run: &RunStep<'_, '_>, target: &Target, targets: &[&Target]) -> Self {
        let (state, escape) = (&run.step.state, run.input.file().escape());
        let has_musl = state.base.has_musl();
        let locked = target.is_locked.then(|| "locked".to_owned());
        let mut is_default_foreign = false;
        for (step, mount) in same_caches(run.input, run.stage, &target.directory) {
            // What one C library compiles does not run with another.
            let is_foreign = target.compiled_by.is_some() && step.state.base.has_musl() != has_musl;
            is_default_foreign |= is_foreign && mount.id().is_none();
            // The id may name arguments of another stage.
            let id = mount.id().unwrap_or_default();
            if !is_foreign && state.variables.expand_alike(&step.state.variables, id, escape) {
                // BuildKit runs stages side by side: one mount of the two that is locked waits for the other
                // (solver/llbsolver/mounts/mount.go, getRefCacheDir).
                let sharing = locked.or_else(|| mount.sharing().map(str::to_owned));
                return Self { id: mount.id().map(str::to_owned), sharing };
            }
        }
        // The default is for what most images have.
        let library = if has_musl { Some("musl") } else { is_default_foreign.then_some("glibc") };
        let id = target.compiled_by.zip(library).map(|(manager, library)| {
            let own = targets.iter().filter(|target| target.compiled_by == Some(manager));
            if own.count() == 1 {
                format!("{manager}-{library}")
            } else {
                format!("{manager}-{}-{library}", target.directory.name())
            }
        });
        Self { id, sharing: locked }
    }
}

/// The mounts that the file has for a directory, those of this stage first, with the steps that have them.
fn same_caches<'i, 'a>(
    input: &'i Input<'a>,
    stage: &'i Stage<'a>,
    directory: &'i ImagePath,
) -> impl Iterator<Item = (&'i Step<'a>, &'a Mount)> {
    let escape = input.file().escape();
    let stages = std::iter::once(stage).chain(&input.reading.build.stages);
    stages.flat_map(|stage| &stage.steps).flat_map(move |step| {
        let is_same = move |mount: &&Mount| {
            let target = mount.target().and_then(|target| step.state.path(target, escape));
            mount.kind == MountKind::Cache && target.as_ref() == Some(directory)
        };
        mounts::over(step, directory).into_iter().filter(is_same).map(move |mount| (step, mount))
    })
}
