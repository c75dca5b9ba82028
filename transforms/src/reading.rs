//! A Dockerfile with what its stages and RUNs mean, worked out once.

use std::cell::OnceCell;
use std::rc::Rc;

use dockfix_model::build::{Build, Stage, Step};
use dockfix_model::cache::{Options, Plan, Target};
use dockfix_model::commands::Opaque;
use dockfix_model::context::Context;
use dockfix_model::project::Supplies;
use dockfix_syntax::{Dockerfile, Keyword};

use crate::analysis::Analysis;
use crate::{root, users};

/// A Dockerfile, its stages, and the commands of its RUNs.
pub struct Reading<'a> {
    /// The stages.
    pub build: Build<'a>,
    /// What each step of each stage runs; filled when somebody asks.
    runs: Vec<Vec<Run<'a>>>,
    /// What the copies of each stage bring; filled when somebody asks.
    supplies: Vec<OnceCell<Supplies>>,
    /// The steps of all stages; made when somebody asks.
    plan: OnceCell<Plan>,
}

type Run<'a> = OnceCell<Result<Rc<Analysis<'a>>, Opaque>>;

impl<'a> Reading<'a> {
    pub(crate) fn of(file: &'a Dockerfile) -> Self {
        Self::with(Build::of(file))
    }

    fn with(mut build: Build<'a>) -> Self {
        root::find(&mut build);
        users::find(&mut build);
        let cells = |stage: &Stage<'_>| stage.steps.iter().map(|_| OnceCell::new()).collect();
        let runs = build.stages.iter().map(cells).collect();
        let supplies = build.stages.iter().map(|_| OnceCell::new()).collect();
        Self { build, runs, supplies, plan: OnceCell::new() }
    }

    /// Reads a later state of the file of `before`. What was found out about RUNs that still say and mean the same, flags
    /// apart, is taken over: reading commands is most of the work.
    pub(crate) fn following(before: &Self, file: &'a Dockerfile) -> Self {
        let reading = Self::with(Build::following(&before.build, file));
        let stages = reading.build.stages.iter().zip(&reading.runs);
        for ((stage, runs), (earlier, known)) in stages.zip(before.build.stages.iter().zip(&before.runs)) {
            let earlier: Vec<_> =
                earlier.steps.iter().zip(known).filter(|(_, run)| run.get().is_some()).collect();
            for (step, run) in stage.steps.iter().zip(runs) {
                if step.instruction.keyword() != Keyword::Run || !step.instruction.heredocs().is_empty() {
                    continue;
                }
                let same = earlier.iter().find(|(other, _)| {
                    other.instruction.text() == step.instruction.text() && other.state.same_as(&step.state)
                });
                let known = match same {
                    Some((_, run)) => run.get().cloned(),
                    None => earlier.iter().find_map(|(other, run)| {
                        let analysis = run.get()?.as_ref().ok()?.with_other_flags(step)?;
                        other.state.same_as(&step.state).then(|| Ok(Rc::new(analysis)))
                    }),
                };
                if let Some(known) = known {
                    // The cell is new, so it is empty.
                    let _ = run.set(known);
                }
            }
        }
        reading
    }

    /// What the copies of a stage bring from the context, which is the same one whenever this is asked.
    pub(crate) fn supplies(&self, stage: &Stage<'_>, context: &Context) -> &Supplies {
        let supplies = || Supplies::of_stage(&self.build, stage.index, context);
        self.supplies[stage.index].get_or_init(supplies)
    }

    /// The steps of all stages in the context, which is the same one whenever this is asked.
    pub(crate) fn plan(&self, context: &Context) -> &Plan {
        let options = || Options { target: Target::All, ..Options::default() };
        self.plan.get_or_init(|| Plan::of(&self.build, context, &options()))
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
        self.runs[stage][index].get_or_init(|| Analysis::of(&steps[index]).map(Rc::new)).as_deref()
    }
}
