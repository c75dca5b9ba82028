//! What stands in a RUN beside a command that gets a mount, and would find another cache in it than so far.

use dockfix_model::ImagePath;
use dockfix_model::commands::{Action, Invocation, Link, each_named};
use dockfix_model::project::Project;

use super::RunStep;
use crate::analysis::Managed;
use crate::naming::named;

/// No command of the RUN may keep in the cache what the image needs. The error names it.
pub(super) fn check(run: &RunStep<'_, '_>, managed: &Managed<'_>) -> Result<(), String> {
    let ecosystem = managed.ecosystem;
    let project = run.input.context.is_known().then(|| {
        Project::new(run.input.context, run.input.supplies(run.stage), ImagePath::root()).until(run.index)
    });
    let mut found = None;
    each(run, &mut |text, _, command, _| {
        if ecosystem.installs_into_cache(command, project.as_ref()) {
            found.get_or_insert_with(|| {
                format!(
                    "`{}` beside it installs into the cache of {}, where the image would not find it",
                    named(text, command, ecosystem),
                    ecosystem.name()
                )
            });
        }
    });
    found.map_or(Ok(()), Err)
}

/// Is shown the text that the spans of a command are offsets into, the number of its link, the command, and whether it is read.
type Visit<'v> = dyn FnMut(&[u8], usize, &Invocation<'_>, bool) + 'v;

/// Shows `visit` every command of a RUN, wherever it stands.
fn each(run: &RunStep<'_, '_>, visit: &mut Visit<'_>) {
    let chain = &run.analysis.chain;
    for (number, link) in chain.links.iter().enumerate() {
        each_of(run, link, &mut |text, command, is_read| visit(text, number, command, is_read));
    }
}

fn each_of(run: &RunStep<'_, '_>, link: &Link<'_>, visit: &mut dyn FnMut(&[u8], &Invocation<'_>, bool)) {
    let text = run.analysis.chain.text;
    match &link.action {
        Action::Pipeline(commands) => commands.iter().for_each(|command| visit(text, command, true)),
        Action::Nested(links) => links.iter().for_each(|link| each_of(run, link, visit)),
        Action::Opaque(_) => each_named(link.span.of(text), &run.step.state, &mut |text, command| {
            visit(text, command, false);
        }),
    }
}
