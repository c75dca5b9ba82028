//! Installs in what is not read of a RUN: they get no mount, and that is told.

use dockfix_ecosystems::{UsageKind, recognise};
use dockfix_model::build::Step;
use dockfix_model::commands::{Action, Invocation, Link, Opaque, OpaqueLink, Place, each_named_by};
use dockfix_syntax::Keyword;
use dockfix_syntax::view::MountKind;

use crate::analysis::Analysis;
use crate::naming::named;
use crate::transform::Input;

/// Those of a file: the 1-based line of the RUN, and why.
pub(super) fn refusals(input: &Input<'_>) -> Vec<(usize, String)> {
    let steps = input.reading.build.stages.iter().flat_map(|stage| &stage.steps);
    let runs = steps.filter(|step| step.instruction.keyword() == Keyword::Run);
    let refusals = runs
        .filter_map(|step| Some((step.instruction.start_line(), refusal(step, input.reading.run(step))?)));
    refusals.collect()
}

/// Why the first command that would fill a cache gets no mount, where it stands in what is not read. Nothing is told of a RUN
/// that has a cache mount: somebody has thought about it already.
fn refusal(step: &Step<'_>, analysis: Result<&Analysis<'_>, &Opaque>) -> Option<String> {
    let mounts = step.instruction.mounts();
    if mounts.iter().any(|mount| mount.kind == MountKind::Cache) || step.instruction.flag("network").is_some()
    {
        return None;
    }
    let source = step.instruction.file().source();
    // The body of a heredoc that is all of its RUN is the script itself.
    let is_handed_on = |analysis: &Analysis<'_>| {
        matches!(analysis.chain.place, Place::Logical(_)) && !step.instruction.heredocs().is_empty()
    };
    let bodies = || step.instruction.heredocs().iter().map(|heredoc| heredoc.body.of(source));
    let why = |command: &Invocation<'_>, text: &[u8]| match analysis {
        Err(opaque) => Some(opaque.to_string()),
        Ok(analysis) if is_handed_on(analysis) && bodies().any(|body| std::ptr::eq(text, body)) => {
            Some("it stands in a heredoc for another shell, which is not read further".to_owned())
        }
        Ok(analysis) => {
            let holds = |link: &&Link<'_>| {
                let is_of_it = text.len() == analysis.chain.text.len();
                is_of_it && link.span.start <= command.span.start && command.span.end <= link.span.end
            };
            analysis.chain.links.iter().find(holds).and_then(|link| match link.action {
                Action::Opaque(OpaqueLink::Substitution) if !is_substituted(text, link, command) => {
                    Some("what a command substitution puts into it is not known".to_owned())
                }
                Action::Opaque(what) => Some(format!("it stands in {what}, which is not read further")),
                _ => None,
            })
        }
    };
    if let Ok(analysis) = analysis
        && analysis.chain.opaque().is_none()
        && !is_handed_on(analysis)
    {
        return None;
    }
    let mut found = None;
    each_named_by(&step.instruction, &step.state, &mut |text, command| {
        if found.is_none()
            && let Some((manager, usage)) = recognise(command, &step.state)
            && matches!(usage.kind, UsageKind::Install | UsageKind::Build | UsageKind::Packages)
            && manager.caches(command, &usage, &step.state, None).map_or(true, |plan| !plan.caches.is_empty())
            && let Some(why) = why(command, text)
        {
            found = Some(format!("{} gets no cache mount: {why}", named(text, command, manager)));
        }
    });
    found
}

/// Whether a command stands in a command substitution of its link, and not only before or after one.
fn is_substituted(text: &[u8], link: &Link<'_>, command: &Invocation<'_>) -> bool {
    let before = &text[link.span.start..command.span.start];
    let count = |byte: u8| before.iter().filter(|it| **it == byte).count();
    count(b'(') > count(b')') || count(b'`') % 2 == 1
}
