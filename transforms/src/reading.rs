//! A Dockerfile with what its stages and RUNs mean, worked out once.

use std::cell::OnceCell;

use dockfix_model::build::{Build, Stage, Step};
use dockfix_model::commands::Opaque;
use dockfix_syntax::Dockerfile;

use crate::analysis::Analysis;

/// A Dockerfile, its stages, and the commands of its RUNs.
pub struct Reading<'a> {
    /// The stages.
    pub build: Build<'a>,
    /// What each step of each stage runs; filled when somebody asks.
    runs: Vec<Vec<OnceCell<Result<Analysis<'a>, Opaque>>>>,
}

impl<'a> Reading<'a> {
    pub(crate) fn of(file: &'a Dockerfile) -> Self {
        let build = Build::of(file);
        let cells = |stage: &Stage<'_>| stage.steps.iter().map(|_| OnceCell::new()).collect();
        let runs = build.stages.iter().map(cells).collect();
        Self { build, runs }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &'a Dockerfile {
        self.build.file
    }

    /// What the RUN of a step does.
    ///
    /// # Errors
    ///
    /// When nothing of it can be read, or when the step is no RUN of this file.
    pub(crate) fn run(&self, step: &Step<'_>) -> Result<&Analysis<'a>, &Opaque> {
        const NO_RUN: &Opaque = &Opaque::Empty;
        let item = step.instruction.index();
        // Stages and steps stand in the order of the file.
        let stage = self.build.stages.partition_point(|stage| stage.from.index() < item).wrapping_sub(1);
        let steps = self.build.stages.get(stage).map_or(&[][..], |stage| &stage.steps);
        let Ok(index) = steps.binary_search_by_key(&item, |step| step.instruction.index()) else {
            return Err(NO_RUN);
        };
        self.runs[stage][index].get_or_init(|| Analysis::of(&steps[index])).as_ref()
    }
}
