//! The steps of a Dockerfile under the names by which people know them.

use dockfix_model::build::Build;
use dockfix_model::cache::{Options, Plan};

use dockfix_syntax::Dockerfile;

use crate::report::one_line;
use crate::rewrite::Version;

/// A Dockerfile's steps and what they are called.
#[derive(Debug)]
pub(super) struct Planned {
    /// The steps.
    pub(super) plan: Plan,
    /// One for each of them.
    pub(super) labels: Vec<Label>,
}

/// What a step is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    /// The stage: its name, or `stage-2` for the third.
    pub(super) stage: String,
    /// The 1-based line at which the instruction begins.
    pub(super) line: usize,
    /// The instruction on one line, shortened, without mounts: `RUN npm ci`.
    pub(super) title: String,
    /// The whole instruction on one line.
    pub(super) text: String,
}

impl Planned {
    pub(super) fn parse(version: &Version, options: &Options) -> Self {
        let file = Dockerfile::parse(version.source.clone());
        Self::of(&Build::of(&file), version, options)
    }

    pub(super) fn of(build: &Build<'_>, version: &Version, options: &Options) -> Self {
        let plan = Plan::of(build, &version.context, options);
        let labels = plan.steps().iter().map(|step| {
            let stage = build.stages.get(step.stage);
            let text = stage
                .and_then(|stage| stage.steps.get(step.instruction))
                .map(|step| String::from_utf8_lossy(step.instruction.text()).into_owned());
            Label {
                stage: plan.stages().get(step.stage).map_or_else(String::new, |stage| {
                    stage.name.clone().unwrap_or_else(|| format!("stage-{}", stage.index))
                }),
                line: *step.lines.start(),
                title: one_line(&step.title(build)).into_owned(),
                text: text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "),
            }
        });
        let labels = labels.collect();
        Self { plan, labels }
    }
}
