//! The rewrites, and the engine that applies and checks them.
//!
//! A [`Transform`] is a pure function of a Dockerfile, its build context and the options: it proposes changes and says
//! what it leaves alone and why. [`fix`] applies the proposals, with what they need besides (a [`Completion`]), checks the
//! result against the safety contract, and goes on until nothing is left to do.

mod analysis;
mod apt_merge;
mod bringing;
mod cache_mount;
mod cargo_chef;
mod check;
mod difference;
mod dockerignore;
mod engine;
mod failure;
mod frontend;
mod gain;
mod history;
mod index;
mod late_arg;
mod manifest_first;
mod mounts;
mod naming;
mod placing;
mod reading;
mod report;
mod root;
mod stages;
mod syntax_directive;
mod transform;
mod users;
mod work;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use dockfix_model::context::Context;
use rayon::prelude::*;

pub use reading::Reading;
pub use report::{Change, FixedFile, Gain, Options, Outcome, Project, ProjectFile, Refusal, Safety};
pub use transform::{Completion, Described, Input, Proposal, Proposals, Transform};

/// The transforms of Dockerfiles, in the order in which they are applied.
const TRANSFORMS: &[&dyn Transform] = &[
    &apt_merge::AptMerge,
    &manifest_first::ManifestFirst,
    &late_arg::LateArg,
    &cache_mount::CacheMount,
    &cargo_chef::CargoChef,
];

/// What goes along with the changes of the transforms.
const COMPLETIONS: &[&dyn Completion] = &[&syntax_directive::SyntaxDirective];

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

impl TransformInfo {
    fn of(transform: &(impl Described + ?Sized)) -> Self {
        Self { id: transform.id(), summary: transform.summary(), documentation: transform.documentation() }
    }
}

/// Every transform, in the order in which they are applied: the ignore file comes first, because the others rely on it.
#[must_use]
pub fn registry() -> Vec<TransformInfo> {
    let mut all = vec![TransformInfo::of(&dockerignore::DockerignoreFile)];
    all.extend(TRANSFORMS.iter().map(|transform| TransformInfo::of(*transform)));
    all.extend(COMPLETIONS.iter().map(|completion| TransformInfo::of(*completion)));
    all
}

/// Rewrites the Dockerfiles of a project, and the ignore files that they use.
#[must_use]
pub fn fix(project: &Project, options: &Options) -> Outcome {
    let ignore_files = if options.wants(dockerignore::DockerignoreFile.id()) {
        fix_ignore_files(project)
    } else {
        Vec::new()
    };
    let wanted = engine::Wanted {
        transforms: TRANSFORMS.iter().copied().filter(|transform| options.wants(transform.id())).collect(),
        completions: COMPLETIONS.iter().copied().filter(|it| options.wants(it.id())).collect(),
        allow_unsafe: options.allow_unsafe,
    };
    let nothing = engine::Wanted::default();
    let usual = gain::Usual::default();
    let files = project.files.par_iter().map(|file| {
        let ignore =
            ignore_files.iter().find(|fixed| fixed.is_changed() && fixed.name == ignore_path(&file.context));
        let context = match ignore {
            Some(fixed) => {
                file.context.with_file(&fixed.name, &fixed.after[..]).unwrap_or_else(|_| file.context.clone())
            }
            None => file.context.clone(),
        };
        let wanted = if file.rewrite { &wanted } else { &nothing };
        engine::fix_file(file, &context, wanted, &usual)
    });
    Outcome { files: files.collect(), ignore_files }
}

/// The ignore file that is in force, or that would be if it were written.
fn ignore_path(context: &Context) -> &str {
    context.ignore().path().unwrap_or(".dockerignore")
}

fn fix_ignore_files(project: &Project) -> Vec<FixedFile> {
    let mut users: BTreeMap<&str, Vec<dockerignore::User<'_>>> = BTreeMap::new();
    let mut asked: BTreeSet<&str> = BTreeSet::new();
    // One that BuildKit rejects is not built, so it needs nothing.
    let is_built = |ProjectFile { file, context, .. }: &ProjectFile| {
        context.is_known() && file.is_sound() && std::str::from_utf8(file.source()).is_ok()
    };
    let built: Vec<bool> = project.files.par_iter().map(is_built).collect();
    for (ProjectFile { name, file, context, rewrite }, is_built) in project.files.iter().zip(built) {
        let path = ignore_path(context);
        if *rewrite && context.is_known() {
            asked.insert(path);
        }
        if is_built {
            users.entry(path).or_default().push(dockerignore::User { name: Some(name), file, context });
        }
    }
    for alone in users.values_mut().filter(|users| users.len() == 1) {
        alone.iter_mut().for_each(|user| user.name = None);
    }
    users
        .iter()
        .filter(|(path, _)| asked.contains(*path))
        .filter_map(|(path, users)| dockerignore::fix(path, users, &project.others))
        .collect()
}
