//! What a commit makes run again.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use dockfix_model::cache::{Cause, Content, FileChange, Input, Options, Outcomes, Plan, Verdict};

use super::super::planned::Planned;
use super::versions::{Built, Place, Versions};
use crate::history::{Changed, HistoryError, Reader, Repository, Revision};

/// What became of the steps of a commit.
#[derive(Clone, Debug)]
pub(super) struct Compared {
    /// Which version of the Dockerfile the commit has.
    pub(super) version: usize,
    /// One for each step.
    pub(super) before: Arc<[StepOutcome]>,
    /// One for each step of the rewritten file.
    pub(super) after: Arc<[StepOutcome]>,
}

/// What became of the steps of the file as it is, and of those of the rewritten one.
type Both = (Arc<[StepOutcome]>, Arc<[StepOutcome]>);

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StepOutcome {
    pub(super) verdict: Verdict,
    /// The step where the chain of causes begins, and what happened there; `None` for a cached step.
    pub(super) root: Option<(usize, CauseKind)>,
}

/// What happened where a chain of causes begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum CauseKind {
    /// It took files that changed.
    Files,
    /// The instruction, a variable or an image of it changed: the Dockerfile was edited.
    Edited,
}

/// What one thread has worked out so far.
pub(super) struct Memory<'a> {
    repository: &'a Repository,
    place: &'a Place,
    versions: &'a Versions,
    options: &'a Options,
    reader: Reader,
    /// By version.
    known: HashMap<usize, Known<'a>>,
}

impl<'a> Memory<'a> {
    pub(super) fn new(
        repository: &'a Repository,
        place: &'a Place,
        versions: &'a Versions,
        options: &'a Options,
    ) -> Self {
        Self { repository, place, versions, options, reader: repository.reader(), known: HashMap::new() }
    }

    /// What a commit makes run again, by its index in the walk; `None` if it does not count.
    pub(super) fn compare(
        &mut self,
        index: usize,
        revision: &Revision,
    ) -> Result<Option<Compared>, HistoryError> {
        let Some((version, parent)) = self.versions.of_commit(index) else { return Ok(None) };
        let (Some(built), Some(old), Some(parent_tree)) =
            (self.versions.get(version), self.versions.get(parent), revision.parent_tree)
        else {
            return Ok(None);
        };
        let directory = &self.place.context;
        if version != parent {
            // Rare, so that nothing needs to be remembered.
            let mut files = Vec::new();
            self.reader.changes(parent_tree, revision.tree, directory, |changed| {
                files.push((
                    String::from_utf8_lossy(changed.path).into_owned(),
                    changed.was_there,
                    changed.is_there,
                ));
                ControlFlow::Continue(())
            })?;
            let files: Vec<FileChange<'_>> = files
                .iter()
                .map(|(path, was_there, is_there)| FileChange {
                    path,
                    was_there: *was_there,
                    is_there: *is_there,
                })
                .collect();
            let (before, after) = built.at(self.repository, self.place, revision.tree, self.options)?;
            let before = before.plan.compare(&old.before.plan, &files, Content::Unknown);
            let after = after.plan.compare(&old.after.plan, &files, Content::Unknown);
            return Ok(Some(Compared { version, before: steps(&before), after: steps(&after) }));
        }
        let known = self.known.entry(version).or_insert_with(|| Known::new(built));
        known.start();
        self.reader.changes(parent_tree, revision.tree, directory, |changed| known.take(changed))?;
        let (before, after) = known.finish();
        Ok(Some(Compared { version, before, after }))
    }
}

/// What is known of one version: as long as the Dockerfile and its ignore file stay the same, all that counts of a
/// changed path is which steps take it, and all that counts of a commit is which steps take any of its paths.
struct Known<'a> {
    built: &'a Built,
    /// What takes a path, as an index into `takers`.
    by_path: HashMap<Box<[u8]>, usize>,
    /// Sets of steps, each sorted: those of the file as it is, then those of the rewritten one, in one row.
    takers: Vec<Vec<usize>>,
    /// By the steps that take something.
    outcomes: HashMap<Vec<usize>, Both>,
    /// All steps that take anything from the context.
    all: usize,
    /// Of the commit at hand: the steps that take something, each with a path.
    taken: HashMap<usize, String>,
    /// Of the commit at hand: which sets of steps were met.
    met: Vec<bool>,
}

impl<'a> Known<'a> {
    fn new(built: &'a Built) -> Self {
        let takes = |planned: &Planned| {
            let steps = planned.plan.steps().iter();
            steps.filter(|step| step.inputs.iter().any(|input| matches!(input, Input::Context(_)))).count()
        };
        Self {
            built,
            by_path: HashMap::new(),
            takers: Vec::new(),
            outcomes: HashMap::new(),
            all: takes(&built.before) + takes(&built.after),
            taken: HashMap::new(),
            met: Vec::new(),
        }
    }

    /// Begins with a commit.
    fn start(&mut self) {
        self.taken.clear();
        self.met.fill(false);
    }

    /// Takes note of a changed file. Where every step has taken one, no other makes a difference.
    fn take(&mut self, changed: Changed<'_>) -> ControlFlow<()> {
        let takers = match self.by_path.get(changed.path) {
            Some(&takers) => takers,
            None => {
                let takers = self.takers_of(&String::from_utf8_lossy(changed.path));
                self.by_path.insert(changed.path.into(), takers);
                takers
            }
        };
        if let Some(met) = self.met.get_mut(takers).filter(|met| !**met) {
            *met = true;
            for &step in self.takers.get(takers).into_iter().flatten() {
                let path = || String::from_utf8_lossy(changed.path).into_owned();
                self.taken.entry(step).or_insert_with(path);
            }
        }
        if self.taken.len() == self.all { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// The steps that take a path.
    fn takers_of(&mut self, path: &str) -> usize {
        let mut takers = taking(&self.built.before.plan, path);
        let count = self.built.before.plan.steps().len();
        takers.extend(taking(&self.built.after.plan, path).into_iter().map(|step| count + step));
        self.takers.iter().position(|known| *known == takers).unwrap_or_else(|| {
            self.takers.push(takers);
            self.met.push(false);
            self.takers.len() - 1
        })
    }

    /// What the commit makes run again.
    fn finish(&mut self) -> Both {
        let mut key: Vec<usize> = self.taken.keys().copied().collect();
        key.sort_unstable();
        if let Some(known) = self.outcomes.get(&key) {
            return known.clone();
        }
        let mut paths: Vec<&str> = self.taken.values().map(String::as_str).collect();
        paths.sort_unstable();
        paths.dedup();
        let files: Vec<FileChange<'_>> = paths.into_iter().map(FileChange::edited).collect();
        let outcome = |plan: &Plan| steps(&plan.compare(plan, &files, Content::Unknown));
        let outcomes = (outcome(&self.built.before.plan), outcome(&self.built.after.plan));
        self.outcomes.insert(key, outcomes.clone());
        outcomes
    }
}

/// The steps that take a path from the context.
fn taking(plan: &Plan, path: &str) -> Vec<usize> {
    let takes = |input: &Input| matches!(input, Input::Context(selection) if selection.takes(path));
    let steps = plan.steps().iter().enumerate();
    let takers: Vec<usize> =
        steps.filter(|(_, step)| step.inputs.iter().any(takes)).map(|(index, _)| index).collect();
    if takers.is_empty() || plan.context().ignore().rules().is_excluded(path) { Vec::new() } else { takers }
}

fn steps(outcomes: &Outcomes) -> Arc<[StepOutcome]> {
    let step = |outcome: &dockfix_model::cache::Outcome| StepOutcome {
        verdict: outcome.verdict,
        root: outcomes.root(outcome.step).map(|(step, cause)| {
            let kind = match cause {
                Cause::Files { .. } => CauseKind::Files,
                _ => CauseKind::Edited,
            };
            (step, kind)
        }),
    };
    outcomes.all().iter().map(step).collect()
}
