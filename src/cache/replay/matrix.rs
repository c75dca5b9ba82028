//! Steps and commits.

use std::collections::{BTreeMap, HashMap};

use dockfix_model::cache::Verdict;

use super::super::planned::{Label, Planned};
use super::outcomes::{CauseKind, Compared, StepOutcome};
use super::versions::{Built, Versions};

/// The steps of all versions of a file, and what became of them in every commit.
#[derive(Debug)]
pub(in super::super) struct Side {
    /// The steps of the newest version in its order; then those that only older versions have, stage by stage.
    pub(in super::super) rows: Vec<Row>,
}

/// A step: the same text in the same stage.
#[derive(Debug)]
pub(in super::super) struct Row {
    /// What it is called in the newest version that has it.
    pub(in super::super) label: Label,
    /// Whether the newest version has it.
    pub(in super::super) is_current: bool,
    /// One for each commit.
    pub(in super::super) cells: Vec<Cell>,
    /// Where the chain of causes began most often: the step, and how often.
    pub(in super::super) blame: Option<(Blame, usize)>,
}

/// Where a chain of causes began.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Blame {
    /// Here: it took changed files.
    OwnFiles,
    /// Here: the Dockerfile was edited.
    OwnText,
    /// At another step: its line and what it is called.
    Other(usize, String),
}

/// What became of a step in a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) enum Cell {
    /// There was no such step.
    #[default]
    Absent,
    /// It was cached.
    Cached,
    /// It would have run again, unless the stages it copies from had made the same files as before.
    Depends,
    /// It would have run again.
    Reruns,
}

impl Cell {
    /// It ran again, in the worst case.
    pub(in super::super) fn is_rerun(self) -> bool {
        matches!(self, Self::Depends | Self::Reruns)
    }
}

impl Row {
    /// In how many commits the step was there.
    pub(in super::super) fn present(&self) -> usize {
        self.cells.iter().filter(|cell| **cell != Cell::Absent).count()
    }

    /// In how many commits it ran again, in the worst case.
    pub(in super::super) fn reruns(&self) -> usize {
        self.cells.iter().filter(|cell| cell.is_rerun()).count()
    }

    /// Whether the worst case is counted: in some commits it could have been cached.
    pub(in super::super) fn is_uncertain(&self) -> bool {
        self.cells.contains(&Cell::Depends)
    }
}

impl Side {
    /// One side of what was compared.
    pub(super) fn of<'a>(
        versions: &'a Versions,
        compared: &[Compared],
        planned: impl Fn(&'a Built) -> &'a Planned,
        outcomes: impl Fn(&Compared) -> &[StepOutcome],
    ) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        let mut by_text: HashMap<(&str, &str, usize), usize> = HashMap::new();
        // Of each version, the row of each step.
        let mut rows_of: Vec<Vec<usize>> = Vec::new();
        let newest = compared.last().map(|compared| compared.version);
        let mut order: Vec<(usize, &Planned)> =
            versions.all().enumerate().map(|(index, built)| (index, planned(built))).collect();
        // What a commit that does not count has is not shown first.
        order.sort_by_key(|(index, _)| (Some(*index) != newest, *index));
        rows_of.resize(order.len(), Vec::new());
        for (version, planned) in order {
            let mut seen: HashMap<(&str, &str), usize> = HashMap::new();
            for label in &planned.labels {
                let number = seen.entry((&label.stage, &label.text)).or_default();
                let row = *by_text.entry((&label.stage, &label.text, *number)).or_insert_with(|| {
                    rows.push(Row {
                        label: label.clone(),
                        is_current: Some(version) == newest,
                        cells: vec![Cell::Absent; compared.len()],
                        blame: None,
                    });
                    rows.len() - 1
                });
                *number += 1;
                if let Some(of_version) = rows_of.get_mut(version) {
                    of_version.push(row);
                }
            }
        }
        let mut blame: Vec<BTreeMap<Blame, usize>> = vec![BTreeMap::new(); rows.len()];
        for (commit, compared) in compared.iter().enumerate() {
            let Some(of_version) = rows_of.get(compared.version) else { continue };
            for (step, outcome) in outcomes(compared).iter().enumerate() {
                let Some(&row) = of_version.get(step) else { continue };
                if let Some((root, kind)) = outcome.root {
                    let root = of_version.get(root).copied().unwrap_or(row);
                    let cause = match (rows.get(root), kind) {
                        (Some(other), _) if root != row => {
                            Blame::Other(other.label.line, other.label.title.clone())
                        }
                        (_, CauseKind::Files) => Blame::OwnFiles,
                        (_, CauseKind::Edited) => Blame::OwnText,
                    };
                    if let Some(blame) = blame.get_mut(row) {
                        *blame.entry(cause).or_default() += 1;
                    }
                }
                if let Some(cell) = rows.get_mut(row).and_then(|row| row.cells.get_mut(commit)) {
                    *cell = match outcome.verdict {
                        Verdict::Cached => Cell::Cached,
                        Verdict::Reruns => Cell::Reruns,
                        Verdict::DependsOnContent => Cell::Depends,
                    };
                }
            }
        }
        for (row, blame) in rows.iter_mut().zip(blame) {
            // Of two that are as frequent, the one that comes first in the file.
            row.blame = blame.into_iter().rev().max_by_key(|(_, count)| *count);
        }
        // A step of a version that no counted commit has is none.
        rows.retain(|row| row.is_current || row.present() > 0);
        Self { rows }
    }

    /// How often any step ran again, in the worst case.
    pub(in super::super) fn reruns(&self) -> usize {
        self.rows.iter().map(Row::reruns).sum()
    }

    /// How many steps ran again in a commit.
    pub(in super::super) fn reruns_in(&self, commit: usize) -> usize {
        self.rows.iter().filter(|row| row.cells.get(commit).is_some_and(|cell| cell.is_rerun())).count()
    }
}
