//! Settings that an earlier command has written and that say where a manager keeps its caches.
//!
//! They lie in files of the image that are not read: a mount where the caches are by default would stay empty.

use dockfix_model::build::Step;
use dockfix_model::commands::{Invocation, each_named_by};
use dockfix_syntax::Keyword;

use super::RunStep;
use crate::analysis::Managed;

/// No command of this stage or one that it starts from, and none before this one in its RUN, may have moved the caches. The
/// error names the line.
pub(super) fn check(run: &RunStep<'_, '_>, managed: &Managed<'_>) -> Result<(), String> {
    let moves = |command: &Invocation<'_>| managed.ecosystem.is_moved_by(command);
    let own = run.analysis.chain.invocations();
    let is_this = |command: &&&Invocation<'_>| command.span != managed.command().span;
    let mover = if own.iter().take_while(is_this).any(|command| moves(command)) {
        Some(run.line())
    } else {
        let steps = run.input.reading.build.steps_before(run.stage.index, run.index);
        let mut runs = steps.filter(|step| step.instruction.keyword() == Keyword::Run);
        runs.find(|step| any_named(run, step, &moves)).map(|step| step.instruction.start_line())
    };
    match mover {
        Some(line) => {
            let name = managed.ecosystem.name();
            Err(format!(
                "a command in line {line} changes the settings of {name}'s cache, which are not followed"
            ))
        }
        None => Ok(()),
    }
}

/// Whether a RUN names such a command, wherever it stands.
fn any_named(run: &RunStep<'_, '_>, step: &Step<'_>, moves: &dyn Fn(&Invocation<'_>) -> bool) -> bool {
    let analysis = run.input.reading.run(step);
    if let Ok(analysis) = analysis
        && analysis.chain.opaque().is_none()
    {
        return analysis.chain.invocations().into_iter().any(moves);
    }
    let mut found = false;
    each_named_by(&step.instruction, &step.state, &mut |_, command| found |= moves(command));
    found
}
