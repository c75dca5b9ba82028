//! The third promise of the safety contract: no change of the next build makes more commands run again than before.
//!
//! What counts is work: the commands of RUNs. A download that was put above the sources counts as a part of the command
//! that did it before. Copying files costs next to nothing and does not count, and neither does what a stage does that the
//! change added: only one that is not shown to be safe may add any.

use std::collections::BTreeSet;

use dockfix_model::build::{Build, Stage};
use dockfix_model::cache::{Edit, Plan, Verdict};
use dockfix_model::context::Context;
use dockfix_syntax::Keyword;
use dockfix_syntax::view::{Copy, MountKind, Run, Variables};

use crate::analysis::{Analysis, Managed, has_project};
use crate::reading::Reading;

/// Checks that `after` never reruns more work than `before`; `stages` tells what its stages were before.
pub(crate) fn check(
    before: &Reading<'_>,
    after: &Reading<'_>,
    context: &Context,
    stages: &[Option<usize>],
) -> Result<(), String> {
    if same_order(before, after) {
        return Ok(());
    }
    // Where nothing but declarations of variables moved, files act as they did.
    let declarations_only = steps(&before.build) == steps(&after.build);
    let known = runs(&before.build);
    let known = Known { runs: &known, stages };
    let work = (Work::of(before, None, context), Work::of(after, Some(&known), context));
    for edit in edits(&[&before.build, &after.build]) {
        if declarations_only && !matches!(edit, Edit::Argument(_)) {
            continue;
        }
        let (ours, theirs) = (work.0.rerun(&edit), work.1.rerun(&edit));
        if let Some((ours, theirs)) = ours.into_iter().zip(theirs).find(|(ours, theirs)| theirs > ours) {
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

/// Whether the same steps run again after any edit: which do is decided by what stands between the RUNs, and by their order.
pub(crate) fn same_order(before: &Reading<'_>, after: &Reading<'_>) -> bool {
    let skeletons = (skeleton(&before.build), skeleton(&after.build));
    skeletons.0 == skeletons.1
}

/// The steps of a build, and the work of every one.
struct Work<'b, 'a> {
    build: &'b Build<'a>,
    plan: &'b Plan,
    stages: Vec<Vec<usize>>,
}

impl<'b, 'a> Work<'b, 'a> {
    /// The work of a build; `known` is what was there before the change.
    fn of(reading: &'b Reading<'a>, known: Option<&Known<'_>>, context: &Context) -> Self {
        let build = &reading.build;
        let stages = build.stages.iter().map(|stage| weights(reading, stage, known)).collect();
        Self { build, plan: reading.plan(context), stages }
    }

    /// The work that an edit makes again: for certain, and if every stage that runs again makes other files.
    fn rerun(&self, edit: &Edit) -> [usize; 2] {
        let verdicts = self.plan.verdicts(self.build, edit);
        let weights = self.plan.steps().iter().map(|step| self.stages[step.stage][step.instruction]);
        let weighed: Vec<_> = verdicts.into_iter().zip(weights).collect();
        let sum = |counts: fn(Verdict) -> bool| {
            weighed.iter().filter(|(verdict, _)| counts(*verdict)).map(|(_, weight)| weight).sum()
        };
        [sum(|verdict| verdict == Verdict::Reruns), sum(|verdict| verdict != Verdict::Cached)]
    }
}

/// What was there before a change.
struct Known<'k> {
    /// The RUNs, with the number that their stage had.
    runs: &'k BTreeSet<(usize, Vec<u8>)>,
    /// The numbers that the stages had; `None` for those that were added.
    stages: &'k [Option<usize>],
}

/// A project that a manager works on.
type ProjectKey = (&'static str, String);

/// All instructions in order, of RUNs nothing but the keyword and the mounts of other files.
fn skeleton<'b>(build: &'b Build<'_>) -> Vec<&'b [u8]> {
    texts(build, |_| true)
}

/// As [`skeleton`], without what only declares variables or labels.
fn steps<'b>(build: &'b Build<'_>) -> Vec<&'b [u8]> {
    texts(build, |keyword| !matches!(keyword, Keyword::Arg | Keyword::Env | Keyword::Label))
}

fn texts<'b>(build: &'b Build<'_>, is_meant: impl Fn(Keyword) -> bool) -> Vec<&'b [u8]> {
    let steps = build.stages.iter().flat_map(|stage| &stage.steps).map(|step| &step.instruction);
    let steps = steps.filter(|instruction| is_meant(instruction.keyword()));
    let mut texts = Vec::new();
    for instruction in steps {
        if instruction.keyword() != Keyword::Run {
            texts.push(instruction.text());
            continue;
        }
        texts.push(b"RUN");
        // Caches, secrets and keys take no part in what runs again.
        let mounts = Run::of(instruction).map_or_else(Vec::new, |run| run.mounts);
        let is_apart = |kind: &MountKind| {
            matches!(kind, MountKind::Cache | MountKind::Tmpfs | MountKind::Secret | MountKind::Ssh)
        };
        let files = mounts.iter().filter(|mount| !is_apart(&mount.kind));
        texts.extend(files.map(|mount| mount.flag.span.of(instruction.text())));
    }
    texts
}

/// The texts of all RUNs, with the index of their stage.
fn runs(build: &Build<'_>) -> BTreeSet<(usize, Vec<u8>)> {
    let of_stage = |stage: &Stage<'_>| -> Vec<(usize, Vec<u8>)> {
        let runs =
            stage.steps.iter().map(|step| &step.instruction).filter(|run| run.keyword() == Keyword::Run);
        runs.map(|run| (stage.index, run.text().to_vec())).collect()
    };
    build.stages.iter().flat_map(of_stage).collect()
}

fn weights(reading: &Reading<'_>, stage: &Stage<'_>, known: Option<&Known<'_>>) -> Vec<usize> {
    let number = known.map_or(Some(stage.index), |known| known.stages[stage.index]);
    let Some(number) = number else { return vec![0; stage.steps.len()] };
    let analyses: Vec<_> = stage
        .steps
        .iter()
        .map(|step| (step.instruction.keyword() == Keyword::Run).then(|| reading.run(step).ok()))
        .collect();
    let mut weights = Vec::with_capacity(analyses.len());
    for (index, (step, analysis)) in stage.steps.iter().zip(&analyses).enumerate() {
        let is_new =
            known.is_some_and(|known| !known.runs.contains(&(number, step.instruction.text().to_vec())));
        let later =
            || analyses.iter().skip(index + 1).flatten().flatten().flat_map(|analysis| analysis.managed());
        weights.push(match analysis {
            None => 0,
            Some(None) => 1,
            // A download that was put above the sources does a part of what a later command did before.
            Some(Some(analysis)) if is_new && serves(analysis, later) => 0,
            Some(Some(analysis)) => analysis.pieces.iter().filter(|piece| !piece.is_shell_state).count(),
        });
    }
    weights
}

/// Whether all that a RUN does is to download for a project that a later command works on.
fn serves<'m, I: Iterator<Item = &'m Managed<'m>>>(analysis: &Analysis<'_>, later: impl Fn() -> I) -> bool {
    let mut pieces = analysis.pieces.iter().filter(|piece| !piece.is_shell_state);
    pieces.all(|piece| {
        !piece.managed.is_empty()
            && piece.managed.iter().all(|managed| {
                let key = project_of(managed);
                key.is_some() && later().any(|other| project_of(other) == key)
            })
    })
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
