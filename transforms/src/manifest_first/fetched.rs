//! Whether an earlier command has downloaded already what another needs.

use dockfix_ecosystems::{Needs, UsageKind};
use dockfix_model::ImagePath;
use dockfix_model::build::Stage;
use dockfix_model::project::Project;
use dockfix_syntax::Keyword;

use crate::analysis::Managed;
use crate::transform::Input;

/// Whether a command above step `until` of a stage, or in a stage that this one starts from, has installed or downloaded
/// for the project of `managed`, which needs `needs`.
pub(super) fn is_fetched(
    input: &Input<'_>,
    stage: &Stage<'_>,
    until: usize,
    managed: &Managed<'_>,
    needs: &Needs,
) -> bool {
    let build = &input.reading.build;
    let inherited = build.ancestors(stage.index).into_iter().map(|ancestor| (ancestor, usize::MAX));
    inherited.chain([(stage.index, until)]).any(|(index, until)| {
        let stage = &build.stages[index];
        stage.steps.iter().take(until).enumerate().any(|(step, found)| {
            if found.instruction.keyword() != Keyword::Run {
                return false;
            }
            let Ok(analysis) = input.reading.run(found) else { return false };
            analysis.managed().any(|other| {
                let is_like_it = other.usage.kind == UsageKind::Install
                    && other.ecosystem.name() == managed.ecosystem.name();
                let Some(directory) = other.usage.directory.clone().filter(|_| is_like_it) else {
                    return false;
                };
                let project = Project::new(input.context, input.supplies(stage), directory).until(step);
                match other.ecosystem.needs(other.command(), &other.usage, &found.state, &project) {
                    Ok(found) => is_part(&found.files, &needs.files) || is_part(&needs.files, &found.files),
                    Err(_) => other.usage.directory == managed.usage.directory,
                }
            })
        })
    })
}

/// Whether some files are all among others. One of two projects that share but a file or two is no part of the other.
fn is_part(some: &[ImagePath], others: &[ImagePath]) -> bool {
    !some.is_empty() && some.iter().all(|file| others.contains(file))
}

/// Whether a command of step `index` would be served by an install or a download above the sources: every install, and a
/// build that has a download which nobody has run yet.
pub(super) fn would_gain(input: &Input<'_>, stage: &Stage<'_>, index: usize, managed: &Managed<'_>) -> bool {
    let usage = &managed.usage;
    match (usage.kind, usage.directory.clone()) {
        (UsageKind::Install, _) => true,
        (UsageKind::Build, Some(directory)) => {
            let project = Project::new(input.context, input.supplies(stage), directory).until(index);
            let needs =
                managed.ecosystem.needs(managed.command(), usage, &stage.steps[index].state, &project);
            needs.is_ok_and(|needs| {
                needs.prefetch.is_some() && !is_fetched(input, stage, index, managed, &needs)
            })
        }
        _ => false,
    }
}
