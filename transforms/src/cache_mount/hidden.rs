//! Installs that are not read, or stand in what is not read of a RUN: they get no mount, and that is told.

use dockfix_ecosystems::{Unread, UsageKind, recognise, stranger, unread};
use dockfix_model::build::Step;
use dockfix_model::commands::{Action, Argument, Invocation, Link, Opaque, OpaqueLink, Place, each_named_by};
use dockfix_syntax::view::MountKind;
use dockfix_syntax::{Keyword, Span};

use crate::analysis::Analysis;
use crate::index;
use crate::naming::{named, shortened, told as shown};
use crate::transform::Input;

/// Those of a file: the 1-based line of the RUN, and why.
/// Nothing is told again of those that stand in `told` already.
pub(super) fn refusals(input: &Input<'_>, told: &[(usize, String)]) -> Vec<(usize, String)> {
    let steps = input.reading.build.stages.iter().flat_map(|stage| &stage.steps);
    let runs = steps.filter(|step| step.instruction.keyword() == Keyword::Run);
    let mut strangers = Vec::new();
    let refusals = runs.filter_map(|step| {
        let analysis = input.reading.run(step);
        let reason = refusal(step, analysis)
            .or_else(|| of_unread(input, step, analysis.ok()?, told))
            .or_else(|| of_others(step, analysis.ok()?))
            .or_else(|| of_stranger(step, analysis.ok()?, &mut strangers))?;
        Some((step.instruction.start_line(), reason))
    });
    refusals.collect()
}

/// That a command downloads by a manager which is not known. Of each manager that is told once: nothing can be done about it.
fn of_stranger(step: &Step<'_>, analysis: &Analysis<'_>, told: &mut Vec<&'static str>) -> Option<String> {
    if is_thought_about(step) {
        return None;
    }
    analysis.chain.invocations().into_iter().find_map(|command| {
        let name = stranger(command).filter(|name| !told.contains(name))?;
        told.push(name);
        let command = shown(command, analysis.chain.text);
        Some(format!(
            "`{command}` gets no cache mount: {name} is none of the package managers that are known"
        ))
    })
}

/// Why the first command that would fill a cache gets no mount, where it is not one that is read.
fn of_unread(
    input: &Input<'_>,
    step: &Step<'_>,
    analysis: &Analysis<'_>,
    told: &[(usize, String)],
) -> Option<String> {
    if is_thought_about(step) {
        return None;
    }
    analysis.chain.invocations().into_iter().find_map(|command| {
        let Unread { manager, words } = unread(command, &step.state)?;
        let is_own = |(line, reason): &(usize, String)| {
            *line == step.instruction.start_line() && reason.contains(&*command.program)
        };
        // It first installs what the project asks for, unless that is there.
        let is_run = command.program == "uv" && command.has("run");
        if told.iter().any(is_own) || is_run && (command.has("--no-sync") || is_synced(input, step)) {
            return None;
        }
        let words = words.and_then(|words| command.arguments.get(words));
        let ends = words.and_then(|words| words.first().zip(words.last()));
        // In JSON form they stand nowhere.
        let what = match ends.filter(|(first, _)| !first.text.is_empty()) {
            Some((first, last)) => {
                let words = Span::new(first.span.start, last.span.end).of(analysis.chain.text);
                format!("what `{}` means for it is not known", shortened(&String::from_utf8_lossy(words)))
            }
            None => manager
                .unread_because(command, &step.state)
                .unwrap_or_else(|| "the way it is called is not read".to_owned()),
        };
        Some(format!("{} gets no cache mount: {what}", named(analysis.chain.text, command, manager)))
    })
}

/// Why the first install that another program runs gets no mount: `xargs pip install`.
fn of_others(step: &Step<'_>, analysis: &Analysis<'_>) -> Option<String> {
    const RUNNERS: [&str; 4] = ["xargs", "find", "parallel", "chroot"];
    let commands = analysis.chain.invocations();
    let mut runners = commands.into_iter().filter(|command| RUNNERS.contains(&&*command.program)).peekable();
    if runners.peek().is_none() || is_thought_about(step) {
        return None;
    }
    runners.find_map(|command| {
        let manager = index::run_by(command).find_map(|inner| {
            // More words than are written come from elsewhere.
            let more = Argument { span: Span::empty(0), text: b"$x", value: None, glob: None };
            let inner = Invocation { arguments: [&inner.arguments[..], &[more]].concat(), ..inner };
            let (manager, usage) = recognise(&inner, &step.state)?;
            let installs = matches!(usage.kind, UsageKind::Install | UsageKind::Build | UsageKind::Packages);
            installs.then_some(manager)
        })?;
        let name = named(analysis.chain.text, command, manager);
        Some(format!("{name} gets no cache mount: what `{}` hands to it is not known", command.program))
    })
}

/// Whether the RUN itself, or an earlier one of the image, installs a project with uv.
fn is_synced(input: &Input<'_>, step: &Step<'_>) -> bool {
    let build = &input.reading.build;
    let place = build.stages.iter().find_map(|stage| {
        let index = stage.steps.iter().position(|other| std::ptr::eq(other, step))?;
        Some((stage.index, index))
    });
    place.is_some_and(|(stage, index)| {
        build.steps_before(stage, index).chain([step]).any(|step| {
            let runs = step.instruction.keyword() == Keyword::Run;
            let analysis = if runs { input.reading.run(step).ok() } else { None };
            analysis.is_some_and(|analysis| {
                analysis.managed().any(|managed| {
                    managed.ecosystem.name() == "uv"
                        && matches!(managed.usage.kind, UsageKind::Install | UsageKind::Build)
                })
            })
        })
    })
}

/// Whether somebody has thought already about what a RUN downloads: it has a cache mount, or another network.
fn is_thought_about(step: &Step<'_>) -> bool {
    let mounts = step.instruction.mounts();
    mounts.iter().any(|mount| mount.kind == MountKind::Cache) || step.instruction.flag("network").is_some()
}

/// Why the first command that would fill a cache gets no mount, where it stands in what is not read. Nothing is told of a RUN
/// that has a cache mount: somebody has thought about it already.
fn refusal(step: &Step<'_>, analysis: Result<&Analysis<'_>, &Opaque>) -> Option<String> {
    if is_thought_about(step) {
        return None;
    }
    let source = step.instruction.file().source();
    // The body of a heredoc that is all of its RUN is the script itself.
    let is_handed_on = |analysis: &Analysis<'_>| {
        matches!(analysis.chain.place, Place::Logical(_)) && !step.instruction.heredocs().is_empty()
    };
    let bodies = || step.instruction.heredocs().iter().map(|heredoc| heredoc.body.of(source));
    let hands_on = |analysis: &Analysis<'_>| {
        let mut commands = analysis.chain.invocations().into_iter();
        commands.find(|command| command.script().is_some()).map(|command| command.program.to_string())
    };
    let why = |command: &Invocation<'_>, text: &[u8], outer: Option<&str>| match analysis {
        Err(opaque) => Some(opaque.to_string()),
        Ok(analysis) if is_handed_on(analysis) && bodies().any(|body| std::ptr::eq(text, body)) => {
            Some("it stands in a heredoc for another shell, which is not read further".to_owned())
        }
        Ok(analysis) => {
            let holds = |link: &&Link<'_>| {
                let is_of_it = text.len() == analysis.chain.text.len();
                is_of_it && link.span.start <= command.span.start && command.span.end <= link.span.end
            };
            let in_a_word = || {
                let outer = outer.filter(|_| text.len() != analysis.chain.text.len())?;
                Some(format!("it stands in a word of `{outer}`, which is not read further"))
            };
            let in_a_link = analysis.chain.links.iter().find(holds).and_then(|link| match link.action {
                Action::Opaque(OpaqueLink::Substitution) if !is_substituted(text, link, command) => {
                    Some("what a command substitution puts into it is not known".to_owned())
                }
                Action::Opaque(what) => Some(format!("it stands in {what}, which is not read further")),
                _ => None,
            });
            in_a_link.or_else(in_a_word)
        }
    };
    let mut outer = None;
    if let Ok(analysis) = analysis
        && analysis.chain.opaque().is_none()
        && !is_handed_on(analysis)
    {
        outer = Some(hands_on(analysis)?);
    }
    let mut found = None;
    each_named_by(&step.instruction, &step.state, &mut |text, command| {
        if command.script().is_some() {
            outer = Some(command.program.to_string());
        }
        if found.is_none()
            && let Some((manager, usage)) = recognise(command, &step.state)
            && matches!(usage.kind, UsageKind::Install | UsageKind::Build | UsageKind::Packages)
            && manager.caches(command, &usage, &step.state, None).map_or(true, |plan| !plan.caches.is_empty())
            && let Some(why) = why(command, text, outer.as_deref())
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
