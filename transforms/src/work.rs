//! The third promise of the safety contract: no change of the next build makes more commands run again than before.
//!
//! What counts is work: the commands of RUNs. A command that downloads and builds at once counts as two, for the download
//! can be had apart. Copying files costs next to nothing and does not count.

use std::collections::{BTreeMap, BTreeSet};

use dockfix_model::build::{Build, Stage};
use dockfix_model::cache::{Edit, reruns};
use dockfix_model::context::Context;
use dockfix_syntax::Keyword;
use dockfix_syntax::view::{Copy, Variables};

use crate::analysis::{Analysis, Managed, has_project};

/// Checks that `after` never reruns more work than `before`.
pub(crate) fn check(before: &Build<'_>, after: &Build<'_>, context: &Context) -> Result<(), String> {
    let weights = (Weights::of(before), Weights::of(after));
    for edit in edits(&[before, after]) {
        let (ours, theirs) =
            (weights.0.rerun(before, context, &edit), weights.1.rerun(after, context, &edit));
        if theirs > ours {
            let what = match &edit {
                Edit::File(path) => format!("an edit of {path}"),
                Edit::Argument(name) => format!("another value of {name}"),
                Edit::Base => "a new base image".to_owned(),
            };
            return Err(format!("{what} would make {theirs} commands run again instead of {ours}"));
        }
    }
    Ok(())
}

/// The work of every step.
struct Weights {
    stages: Vec<Vec<usize>>,
}

impl Weights {
    fn of(build: &Build<'_>) -> Self {
        Self { stages: build.stages.iter().map(weights).collect() }
    }

    fn rerun(&self, build: &Build<'_>, context: &Context, edit: &Edit) -> usize {
        reruns(build, context, edit).iter().map(|rerun| self.stages[rerun.stage][rerun.step]).sum()
    }
}

/// A project that a manager works on.
type ProjectKey = (&'static str, String);

fn weights(stage: &Stage<'_>) -> Vec<usize> {
    let analyses: Vec<_> = stage
        .steps
        .iter()
        .map(|step| (step.instruction.keyword() == Keyword::Run).then(|| Analysis::of(step).ok()))
        .collect();
    let mut commands: BTreeMap<ProjectKey, usize> = BTreeMap::new();
    for managed in analyses.iter().flatten().flatten().flat_map(Analysis::managed) {
        if let Some(key) = project_of(managed) {
            *commands.entry(key).or_default() += 1;
        }
    }
    analyses.iter().map(|analysis| weight(analysis.as_ref().map(Option::as_ref), &commands)).collect()
}

/// The work of a step; `None` for what is no RUN, `Some(None)` for a RUN that cannot be read.
fn weight(analysis: Option<Option<&Analysis<'_>>>, commands: &BTreeMap<ProjectKey, usize>) -> usize {
    let Some(analysis) = analysis else { return 0 };
    let Some(analysis) = analysis else { return 1 };
    let pieces = analysis.pieces.iter().filter(|piece| !piece.is_shell_state);
    pieces
        .map(|piece| {
            // A project's only command downloads and builds; of several, each does a part.
            let alone =
                piece.managed.iter().filter_map(project_of).filter(|key| commands.get(key) == Some(&1));
            1 + alone.count()
        })
        .sum()
}

fn project_of(managed: &Managed<'_>) -> Option<ProjectKey> {
    let directory = managed.usage.directory.as_ref().map(ToString::to_string).unwrap_or_default();
    has_project(managed.usage.kind).then(|| (managed.ecosystem.name(), directory))
}

/// The edits that the next build may bring.
fn edits(builds: &[&Build<'_>]) -> Vec<Edit> {
    let mut files = BTreeSet::from(["README.md".to_owned(), "src/a-source-file".to_owned()]);
    let mut names = BTreeSet::new();
    for build in builds {
        let steps = build.stages.iter().flat_map(|stage| &stage.steps).map(|step| &step.instruction);
        for instruction in build.global.iter().chain(steps) {
            if let Some(copy) = Copy::of(instruction).filter(|copy| copy.from.is_none()) {
                for source in copy.sources.iter().filter(|source| !source.is_heredoc) {
                    let path = source.text.trim_start_matches("./").trim_matches('/');
                    if !path.is_empty() && path != "." && !path.contains(['*', '?', '[', '$']) {
                        files.insert(path.to_owned());
                        files.insert(format!("{path}/a-source-file"));
                    }
                }
            }
            if instruction.keyword() == Keyword::Arg {
                let assigned = Variables::of(instruction).map_or_else(Vec::new, |view| view.assigned);
                names.extend(assigned.iter().map(|assigned| assigned.name.text.clone().into_owned()));
            }
        }
    }
    let files = files.into_iter().map(Edit::File);
    files.chain(names.into_iter().map(Edit::Argument)).chain([Edit::Base]).collect()
}
