//! Which steps run again after a change, by the rules of BuildKit's cache.
//!
//! BuildKit turns a Dockerfile into *steps*: one for every RUN, COPY and ADD, and for every WORKDIR that does not name
//! the root. LABEL, ENV, ARG, USER, SHELL and the others make none; they only take part in the steps below them. Each
//! step has a *key*, made of
//! - its definition: what it does, with variables replaced, and for RUN also the whole environment, user, shell and
//!   directory (arguments of a proxy are left out);
//! - the key of the step that it stands on;
//! - the content of the files that it takes: from the build context, from another stage, or from an image. How and when
//!   they came to be does not count.
//!
//! Some corners, all of them measured:
//! - The order of the environment counts. ARG and ENV put a name at the end, also one that was set before, and a stage
//!   sets what the ENVs of the stage below it set once more: there they win over its ARGs.
//! - A RUN is its list of arguments: `RUN x` and `RUN ["/bin/sh", "-c", "x"]` are the same, and so is SHELL with the
//!   default. Defaults that are written out (`--network=default`, `readonly` of a bind mount) do not count.
//! - Of a cache mount, target, owner and mode count, not its id, how it is shared, or what is in it.
//! - Of a copied path only the last name counts, beside the content: `COPY ./src/ /x` is `COPY src /x`.
//! - The mode of a directory is content, but BuildKit only notices a change of it in a directory that it has not seen
//!   before (fsutil, `DiskWriter.HandleChange`). Whoever lists a directory among the changes says that it was noticed.
//!
//! A step whose key was known before is *cached*. A stage that the target does not need is not built at all.
//!
//! A [`Plan`] holds the steps of a Dockerfile with what their keys are made of. [`Plan::compare`] tells, for two
//! plans and a set of changed files, what becomes of every step and why. [`Plan::outcomes`] asks the same of one plan
//! and an [`Edit`], and [`Plan::verdicts`] does so without the reasons, for those who ask often. Nothing is hashed
//! but names: that the content of a file changed is known because somebody says so.
//!
//! Sources: moby/buildkit `frontend/dockerfile/dockerfile2llb/convert.go` (which instructions make steps, and from
//! what), `solver/llbsolver/ops/{exec,file}.go` (`CacheMap`: what is in the key), `cache/contenthash` (what counts as
//! content); measured on Docker 26 with BuildKit 0.13.

mod compare;
mod definition;
mod input;
mod outcome;
mod plan;
mod reads;
mod scope;
mod selection;
mod steps;
mod title;

#[cfg(test)]
mod tests;

pub use compare::{Content, FileChange};
pub use input::{Input, Layer};
pub use outcome::{Cause, Outcome, Outcomes, Verdict};
pub use plan::{Plan, PlannedStage, Step};
pub use selection::Selection;

use std::collections::BTreeMap;

use crate::build::Build;
use crate::context::Context;

/// How a Dockerfile is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What is built.
    pub target: Target,
    /// Values given with `--build-arg`.
    pub arguments: BTreeMap<String, String>,
    /// The platform, such as `linux/arm64`; `linux/amd64` if none is given.
    pub platform: Option<String>,
    /// Who builds it.
    pub builder: Builder,
}

/// What is built of a Dockerfile, with all that it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// The last stage.
    #[default]
    Last,
    /// The stage of this name or number (`--target`); the last one if there is no such stage.
    Stage(String),
    /// Every stage, as if each were built after the other.
    All,
}

/// Who builds a Dockerfile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Builder {
    /// BuildKit. Only what the target needs is built, and `COPY --link` does not depend on what stands above it.
    #[default]
    BuildKit,
    /// BuildKit 0.13 as it is in Docker 26 with the classic image store, which cannot merge layers. It differs in that
    /// - `--link` is ignored, as in every engine with that store (the default before Docker 29);
    /// - `--chmod` with a variable does nothing, instead of having the variable replaced;
    /// - RUN sees an absolute WORKDIR as it is written, so that `/app/` and `/app` are different directories;
    /// - RUN with a secret or ssh mount depends on the content of what it stands on, instead of on the step.
    BuildKit013,
    /// The builder before BuildKit: one chain of steps for all instructions, in which nothing is cached any more after
    /// the first step that is not. All stages up to the target are built. What ENV, LABEL and the like make is not among
    /// the steps: it counts as a part of the next one.
    Classic,
}

/// Something that is different in the next build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    /// This file of the context: its content or mode, or that it is there. A path of the context.
    File(String),
    /// The value of this build argument.
    Argument(String),
    /// The base images, and all others that are copied from.
    Base,
}

/// A step that runs again: the stage and the place of the instruction in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rerun {
    /// Index of the stage.
    pub stage: usize,
    /// Index among the stage's steps in the [`Build`].
    pub step: usize,
}

/// The steps that run again after `edit` if every stage is built, in the order of the file. Instructions that make no step are not listed.
/// `COPY --from` is keyed by content: here it counts as run again when its stage does, which is the worst case.
#[must_use]
pub fn reruns(build: &Build<'_>, context: &Context, edit: &Edit) -> Vec<Rerun> {
    let plan = Plan::of(build, context, &Options { target: Target::All, ..Options::default() });
    let outcomes = plan.outcomes(build, std::slice::from_ref(edit));
    let steps = outcomes.all().iter().filter(|outcome| outcome.verdict != Verdict::Cached);
    steps
        .filter_map(|outcome| plan.steps().get(outcome.step))
        .map(|step| Rerun { stage: step.stage, step: step.instruction })
        .collect()
}
