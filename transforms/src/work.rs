//! The third promise of the safety contract: no change of the next build makes more commands run again than before.
//!
//! What counts is work: the commands of RUNs. A download that was put above the sources counts as a part of the command
//! that did it before. Copying files costs next to nothing and does not count, and neither does what a stage does that the
//! change added: only one that is not shown to be safe may add any.

use std::collections::BTreeSet;
use std::ops::Range;

use dockfix_model::build::{Build, Stage, Step as BuildStep};
use dockfix_model::cache::{Edit, Plan, Step, Verdict};
use dockfix_model::context::Context;
use dockfix_syntax::Keyword;
use dockfix_syntax::view::{Copy, MountKind, Variables};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::{Analysis, Managed, has_project};
use crate::difference::Difference;
use crate::reading::Reading;

/// Checks that `after` never reruns more work than `before`; `stages` tells what its stages were before.
pub(crate) fn check(
    before: &Reading<'_>,
    after: &Reading<'_>,
    difference: &Difference,
    context: &Context,
    stages: &[Option<usize>],
) -> Result<(), String> {
    if same_order(before, after, difference) {
        return Ok(());
    }
    // Where nothing but declarations of variables moved, files act as they did.
    let is_step = |keyword| !matches!(keyword, Keyword::Arg | Keyword::Env | Keyword::Label);
    let declarations_only = same_texts(before, after, difference, is_step);
    let work = Comparison::of(before, after, context, stages);
    for edit in edits(&[&before.build, &after.build]) {
        if declarations_only && !matches!(edit, Edit::Argument(_)) {
            continue;
        }
        if let Some(more) = work.more(&edit) {
            let what = match &edit {
                Edit::File(path) => format!("an edit of {path}"),
                Edit::Argument(name) => format!("another value of {name}"),
                Edit::Base => "a new base image".to_owned(),
            };
            return Err(format!("{what} would make more commands run again than before: {more}"));
        }
    }
    Ok(())
}

/// Whether the same steps run again after any edit: which do is decided by what stands between the RUNs, and by their order.
pub(crate) fn same_order(before: &Reading<'_>, after: &Reading<'_>, difference: &Difference) -> bool {
    same_texts(before, after, difference, |_| true)
}

/// Whether the instructions that are meant are the same in the same order; of RUNs only the keyword and the mounts of other
/// files count.
fn same_texts(
    before: &Reading<'_>,
    after: &Reading<'_>,
    difference: &Difference,
    is_meant: fn(Keyword) -> bool,
) -> bool {
    texts(&before.build, &difference.before, is_meant) == texts(&after.build, &difference.after, is_meant)
}

/// The work of a file before and after a change.
struct Comparison<'b, 'x, 'y> {
    before: Work<'b, 'x>,
    after: Work<'b, 'y>,
    /// The number that each stage had before; `None` for those that were added.
    stages: &'b [Option<usize>],
    /// The RUNs before the change, with the number of their stage.
    known: FxHashSet<(usize, &'b [u8])>,
    /// For each step before and after, the step that is the same RUN on the other side. It is the same work, which need
    /// not be weighed where it is done both times.
    same: [Vec<Option<usize>>; 2],
}

/// A file with its steps.
struct Work<'b, 'a> {
    reading: &'b Reading<'a>,
    plan: &'b Plan,
}

impl<'b, 'a> Work<'b, 'a> {
    fn instruction(&self, step: &Step) -> Option<&'b BuildStep<'a>> {
        self.reading.build.stages.get(step.stage)?.steps.get(step.instruction)
    }

    fn verdicts(&self, edit: &Edit) -> Vec<Verdict> {
        self.plan.verdicts(&self.reading.build, edit)
    }

    /// The RUNs among the steps: number of the step, stage and text.
    fn runs(&self) -> impl Iterator<Item = (usize, usize, &'b [u8])> + use<'_, 'b, 'a> {
        let runs = self.plan.steps().iter().enumerate().filter(|(_, step)| step.keyword == Keyword::Run);
        runs.filter_map(|(number, step)| {
            Some((number, step.stage, self.instruction(step)?.instruction.text()))
        })
    }
}

impl<'b, 'x, 'y> Comparison<'b, 'x, 'y> {
    fn of(
        before: &'b Reading<'x>,
        after: &'b Reading<'y>,
        context: &Context,
        stages: &'b [Option<usize>],
    ) -> Self {
        let before = Work { reading: before, plan: before.plan(context) };
        let after = Work { reading: after, plan: after.plan(context) };
        let mut same = [before.plan, after.plan].map(|plan| vec![None; plan.steps().len()]);
        let mut left: FxHashMap<(usize, &[u8]), Vec<usize>> = FxHashMap::default();
        for (number, stage, text) in before.runs() {
            left.entry((stage, text)).or_default().push(number);
        }
        for (number, stage, text) in after.runs() {
            let stage = stages.get(stage).copied().flatten();
            let other = stage.and_then(|stage| left.get_mut(&(stage, text))?.pop());
            if let Some(other) = other {
                same[0][other] = Some(number);
                same[1][number] = Some(other);
            }
        }
        let known = before.runs().map(|(_, stage, text)| (stage, text)).collect();
        Self { before, after, stages, known, same }
    }

    /// How many commands an edit makes run again that did not run again before, less those that no longer do; `None` where
    /// these are not more, neither for certain nor if every stage that runs again makes other files.
    fn more(&self, edit: &Edit) -> Option<usize> {
        let verdicts = [self.before.verdicts(edit), self.after.verdicts(edit)];
        let counts: [fn(Verdict) -> bool; 2] =
            [|verdict| verdict == Verdict::Reruns, |verdict| verdict != Verdict::Cached];
        counts.into_iter().find_map(|counts| {
            let only = |side: usize| {
                let runs_again = |side: usize, step: usize| counts(verdicts[side][step]);
                (0..verdicts[side].len()).filter(move |&step| {
                    let other = self.same[side][step];
                    runs_again(side, step) && !other.is_some_and(|other| runs_again(1 - side, other))
                })
            };
            let before: usize = only(0).map(|step| self.weight_before(step)).sum();
            let after: usize = only(1).map(|step| self.weight_after(step)).sum();
            after.checked_sub(before).filter(|more| *more > 0)
        })
    }

    fn weight_before(&self, step: usize) -> usize {
        let work = &self.before;
        let Some(step) = work.plan.steps().get(step).and_then(|step| work.instruction(step)) else {
            return 0;
        };
        weight(work.reading, step)
    }

    fn weight_after(&self, step: usize) -> usize {
        let work = &self.after;
        let Some(planned) = work.plan.steps().get(step) else { return 0 };
        // What a stage does that was added does not count.
        let Some(number) = self.stages.get(planned.stage).copied().flatten() else { return 0 };
        let Some(step) = work.instruction(planned) else { return 0 };
        let is_new = !self.known.contains(&(number, step.instruction.text()));
        // A download that was put above the sources does a part of what a later command did before.
        if is_new
            && serves_later(work.reading, &work.reading.build.stages[planned.stage], planned.instruction)
        {
            return 0;
        }
        weight(work.reading, step)
    }
}

/// A project that a manager works on.
type ProjectKey = (&'static str, String);

/// What counts of the instructions below FROM among some items of the file.
fn texts<'b>(build: &'b Build<'_>, items: &Range<usize>, is_meant: fn(Keyword) -> bool) -> Vec<&'b [u8]> {
    let steps = build.stages.iter().flat_map(|stage| &stage.steps).map(|step| &step.instruction);
    let steps = steps.filter(|it| items.contains(&it.index()) && is_meant(it.keyword()));
    let mut texts = Vec::new();
    for instruction in steps {
        if instruction.keyword() != Keyword::Run {
            texts.push(instruction.text());
            continue;
        }
        texts.push(b"RUN");
        // Caches, secrets and keys take no part in what runs again.
        let mounts = instruction.mounts();
        let is_apart = |kind: &MountKind| {
            matches!(kind, MountKind::Cache | MountKind::Tmpfs | MountKind::Secret | MountKind::Ssh)
        };
        let files = mounts.iter().filter(|mount| !is_apart(&mount.kind));
        texts.extend(files.map(|mount| mount.flag.span.of(instruction.text())));
    }
    texts
}

/// The commands of a step that are work; of one that cannot be read, one.
fn weight(reading: &Reading<'_>, step: &BuildStep<'_>) -> usize {
    if step.instruction.keyword() != Keyword::Run {
        return 0;
    }
    let count =
        |analysis: &Analysis<'_>| analysis.pieces.iter().filter(|piece| !piece.is_shell_state).count();
    reading.run(step).map_or(1, count)
}

/// Whether all that a RUN does is to download for projects that later commands of its stage work on.
fn serves_later(reading: &Reading<'_>, stage: &Stage<'_>, index: usize) -> bool {
    let run = |step: &BuildStep<'_>| {
        (step.instruction.keyword() == Keyword::Run).then(|| reading.run(step).ok()).flatten()
    };
    let Some(analysis) = stage.steps.get(index).and_then(run) else { return false };
    serves(analysis, || stage.steps.iter().skip(index + 1).filter_map(run).flat_map(Analysis::managed))
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
