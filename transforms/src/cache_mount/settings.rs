//! Settings that an earlier command has written and that say where a manager keeps its caches.
//!
//! They lie in files of the image that are not read: a mount where the caches are by default would stay empty.

use dockfix_ecosystems::{Ecosystem, without_version};
use dockfix_model::build::Step;
use dockfix_model::commands::{Invocation, each_named_by};
use dockfix_syntax::Keyword;

use super::RunStep;
use crate::analysis::Managed;

/// The settings of a manager that commands may write.
pub(super) struct Settings {
    ecosystem: &'static dyn Ecosystem,
}

impl Settings {
    /// Those of a command's manager; `None` where it has none that move its caches.
    pub(super) fn of(managed: &Managed<'_>) -> Option<Self> {
        let ecosystem = managed.ecosystem;
        (!ecosystem.configured_by().is_empty()).then_some(Self { ecosystem })
    }

    /// Whether the program of a command is one that writes them.
    pub(super) fn may_be_written_by(&self, command: &Invocation<'_>) -> bool {
        self.ecosystem.configured_by().contains(&without_version(&command.program))
    }

    fn are_written_by(&self, command: &Invocation<'_>) -> bool {
        self.may_be_written_by(command) && self.ecosystem.is_moved_by(command)
    }

    /// Whether a RUN names such a command, wherever it stands.
    fn are_written_in(&self, run: &RunStep<'_, '_>, step: &Step<'_>) -> bool {
        let analysis = run.input.reading.run(step);
        if let Ok(analysis) = analysis
            && analysis.chain.opaque().is_none()
        {
            return analysis.chain.invocations().into_iter().any(|command| self.are_written_by(command));
        }
        let mut found = false;
        each_named_by(&step.instruction, &step.state, &mut |_, command| {
            found |= self.are_written_by(command);
        });
        found
    }
}

/// No command of this stage or one that it starts from, and none before this one in its RUN, may have moved the caches. The
/// error names the line.
pub(super) fn check(run: &RunStep<'_, '_>, managed: &Managed<'_>) -> Result<(), String> {
    let Some(settings) = Settings::of(managed) else { return Ok(()) };
    let own = run.analysis.chain.invocations();
    let is_this = |command: &&&Invocation<'_>| command.span != managed.command().span;
    let mover = if own.iter().take_while(is_this).any(|command| settings.are_written_by(command)) {
        Some(run.line())
    } else {
        let steps = run.input.reading.build.steps_before(run.stage.index, run.index);
        let mut runs = steps.filter(|step| step.instruction.keyword() == Keyword::Run);
        runs.find(|step| settings.are_written_in(run, step)).map(|step| step.instruction.start_line())
    };
    match mover {
        Some(line) => Err(format!(
            "a command in line {line} changes the settings of {}'s cache, which are not followed",
            managed.ecosystem.name()
        )),
        None => Ok(()),
    }
}
