//! What stands in a RUN beside a command that gets a mount, and would find another cache in it than so far.

use dockfix_ecosystems::{IndexUse, plain, without_version};
use dockfix_model::ImagePath;
use dockfix_model::commands::{Action, Chain, Invocation, Link, each_named};
use dockfix_model::project::Project;
use dockfix_syntax::Keyword;
use dockfix_syntax::shell::Operator;

use super::{RunStep, cleaning, readers};
use crate::analysis::Managed;
use crate::index;
use crate::naming::named;

/// No command of the RUN may keep in the cache what the image needs, or live off what earlier steps have left there. The error
/// names it.
pub(super) fn check(run: &RunStep<'_, '_>, managed: &Managed<'_>) -> Result<(), String> {
    let (ecosystem, state) = (managed.ecosystem, &run.step.state);
    let project = run.input.context.is_known().then(|| {
        Project::new(run.input.context, run.input.supplies(run.stage), ImagePath::root()).until(run.index)
    });
    let own = number_of(run, managed);
    check_built(run, managed)?;
    let mut found = None;
    each(run, &mut |text, number, command, _| {
        let does = if ecosystem.installs_into_cache(command, project.as_ref()) {
            format!("installs into the cache of {}, where the image would not find it", ecosystem.name())
        } else if own.is_some_and(|own| number < own)
            && ecosystem.lives_off(command, state, managed.command())
        {
            let name = ecosystem.name();
            format!("lives off what the image holds in the cache of {name}, which a mount would hide")
        } else {
            return;
        };
        found.get_or_insert_with(|| format!("`{}` beside it {does}", named(text, command, ecosystem)));
    });
    found.map_or(Ok(()), Err)
}

/// No command before it, in its RUN or above, may install what it compiles against, if it keeps that for others. The error names
/// the line.
pub(super) fn check_compiled(
    run: &RunStep<'_, '_>,
    managed: &Managed<'_>,
    project: Option<&Project<'_>>,
) -> Result<(), String> {
    let (ecosystem, command) = (managed.ecosystem, managed.command());
    if !ecosystem.keeps_compiled() {
        return Ok(());
    }
    let above = run.input.reading.build.steps_before(run.stage.index, run.index);
    let above = above.filter(|step| step.instruction.keyword() == Keyword::Run);
    for step in above.chain([run.step]) {
        let Ok(analysis) = run.input.reading.run(step) else { continue };
        let commands = analysis.chain.invocations().into_iter();
        let is_before =
            |other: &&Invocation<'_>| !std::ptr::eq(step, run.step) || other.span.end <= command.span.start;
        let mut commands = commands.filter(is_before);
        if let Some(package) =
            commands.find_map(|earlier| ecosystem.compiles_against(command, project, earlier))
        {
            let line = step.instruction.start_line();
            return Err(format!(
                "line {line} installs {package}, with which it may compile, and a mount may bring what was compiled with another version"
            ));
        }
    }
    Ok(())
}

/// No other command of the manager may take from the mount what was built before of something else. The error names it.
fn check_built(run: &RunStep<'_, '_>, managed: &Managed<'_>) -> Result<(), String> {
    const OFF: [&str; 3] = ["--no-cache-dir", "--no-cache", "-n"];
    let ecosystem = managed.ecosystem;
    let others = run
        .analysis
        .managed()
        .filter(|other| other.ecosystem.name() == ecosystem.name() && !std::ptr::eq(*other, managed));
    for other in others.filter(|other| !OFF.iter().any(|off| other.command().has(off))) {
        let directory = other.usage.directory.clone().filter(|_| run.input.context.is_known());
        let project = directory.map(|directory| {
            Project::new(run.input.context, run.input.supplies(run.stage), directory).until(run.index)
        });
        if let Err(refusal) = ecosystem.check_built(other.command(), &run.step.state, project.as_ref()) {
            let name = named(run.analysis.chain.text, other.command(), ecosystem);
            return Err(format!("`{name}` beside it would find the mount, too: {refusal}"));
        }
    }
    Ok(())
}

/// No command of the manager that gets no options of its own may take from the mount what is too old, unless one that gets
/// them has brought that up to date. The error names it.
pub(super) fn check_index(
    run: &RunStep<'_, '_>,
    managed: &Managed<'_>,
    directory: &ImagePath,
) -> Result<(), String> {
    let ecosystem = managed.ecosystem;
    let mut found = None;
    each(run, &mut |text, number, command, is_read| {
        let is_own = |other: &&Managed<'_>| other.command().span == command.span;
        let gets_options =
            || is_read && run.analysis.managed().find(is_own).is_some_and(|own| fills(run, own, directory));
        let trusts = |command: &Invocation<'_>| ecosystem.trusts_cache(command);
        let is_unknown = || plain::effects(command, &run.step.state).is_none();
        // Most commands are no other's, and of those of most managers none trusts what it finds: the dear questions come last.
        if found.is_none()
            && (trusts(command) || index::run_by(command).any(|inner| trusts(&inner)) && is_unknown())
            && !gets_options()
            && !is_refreshed(run, managed, directory, number)
        {
            found = Some(format!(
                "`{}` is not read, and would take an index from the mount that another build has left there",
                named(text, command, ecosystem)
            ));
        }
    });
    found.map_or(Ok(()), Err)
}

/// A command that is not read and installs by an index before a command of its manager fetches one, and what it does with that
/// index. What a function runs, it may run later.
pub(super) fn reads_before(run: &RunStep<'_, '_>, managed: &Managed<'_>) -> Option<String> {
    let (ecosystem, own) = (managed.ecosystem, number_of(run, managed)?);
    let mut found = None;
    each(run, &mut |text, number, command, is_read| {
        let reads = |command: &Invocation<'_>| {
            ecosystem.programs().contains(&without_version(&command.program))
                && ecosystem.index_use(command) == Some(IndexUse::Reads)
        };
        let by_words = || {
            index::run_by(command).any(|inner| reads(&inner))
                && plain::effects(command, &run.step.state).is_none()
        };
        if number < own && found.is_none() && (!is_read && reads(command) || by_words()) {
            let name = named(text, command, ecosystem);
            let link = run.analysis.chain.links.get(number);
            let defines = link.is_some_and(|link| is_definition(link.span.of(run.analysis.chain.text)));
            let does = if defines {
                "in a function, which is not read further, may rely"
            } else {
                "before it relies"
            };
            found = Some(format!("`{name}` {does}"));
        }
    });
    found
}

/// A command that looks into an index behind its removal, which a mount would do without: what found no list so far (`apt-get
/// install -y ./x.deb`, `apt-get upgrade`) would find them all.
pub(super) fn reads_behind_removal(
    run: &RunStep<'_, '_>,
    managed: &Managed<'_>,
    directory: &ImagePath,
) -> Option<String> {
    let (ecosystem, pieces) = (managed.ecosystem, &run.analysis.pieces);
    let mut found = None;
    let mut is_removed = false;
    each(run, &mut |text, number, command, is_read| {
        let use_of = |command: &Invocation<'_>| {
            let known = ecosystem.programs().contains(&without_version(&command.program));
            known.then(|| ecosystem.index_use(command)).flatten()
        };
        if cleaning::removes_all(command, directory) {
            is_removed = true;
        } else if use_of(command) == Some(IndexUse::Fills) && is_read {
            is_removed = false;
        } else if is_removed && found.is_none() {
            let is_own = |other: &&Managed<'_>| other.command().span == command.span;
            let own = pieces[number].managed.iter().filter(|_| is_read).find(is_own);
            let looks = match own.map(|own| readers::index_use(own, run.step, directory)) {
                Some(use_of_it) => use_of_it == Some(IndexUse::Reads),
                None => {
                    let is_unknown = || plain::effects(command, &run.step.state).is_none();
                    let mut inner = index::run_by(command);
                    use_of(command) == Some(IndexUse::Reads)
                        || inner.any(|inner| use_of(&inner) == Some(IndexUse::Reads)) && is_unknown()
                }
            };
            found = looks.then(|| named(text, command, ecosystem));
        }
    });
    found
}

/// Whether a command is the definition of a function: `name() { ...; }`.
fn is_definition(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    text.starts_with("function ")
        || text.split_once('(').is_some_and(|(name, rest)| {
            let is_name = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '_' | '-');
            name.trim_end().chars().all(is_name) && rest.trim_start().starts_with(')')
        })
}

/// Whether a command gets the mount, and the options that go with it.
fn fills(run: &RunStep<'_, '_>, managed: &Managed<'_>, directory: &ImagePath) -> bool {
    let plan = managed.ecosystem.caches(managed.command(), &managed.usage, &run.step.state, None);
    plan.is_ok_and(|plan| plan.caches.iter().any(|cache| cache.directory == *directory))
}

/// Whether the RUN does not come to link `number` but by an install of the manager, which looks at its index anew.
fn is_refreshed(run: &RunStep<'_, '_>, managed: &Managed<'_>, directory: &ImagePath, number: usize) -> bool {
    let chain = &run.analysis.chain;
    let refreshes = |own: &Managed<'_>| {
        let ecosystem = own.ecosystem;
        ecosystem.name() == managed.ecosystem.name()
            && ecosystem.installs(own.command())
            && fills(run, own, directory)
    };
    let mut before = run.analysis.pieces.iter().zip(chain.links.iter()).take(number).enumerate();
    before.any(|(at, (piece, link))| {
        let is_simple = matches!(&link.action, Action::Pipeline(commands) if commands.len() == 1);
        is_simple && piece.managed.iter().any(refreshes) && is_passed(chain, at, number)
    })
}

/// Whether link `at` runs before link `number` does: it begins its list, or all up to there is joined by `&&`.
fn is_passed(chain: &Chain<'_>, at: usize, number: usize) -> bool {
    let operator = |number: usize| chain.links[number].operator.map(|(operator, _)| operator);
    let joins = |number: &usize| matches!(operator(*number), Some(Operator::And | Operator::Or));
    let first = at - (0..at).rev().take_while(joins).count();
    first == at || (first..number).all(|number| operator(number) == Some(Operator::And))
}

/// The number of the link that a command stands in.
fn number_of(run: &RunStep<'_, '_>, managed: &Managed<'_>) -> Option<usize> {
    let is_it = |other: &Managed<'_>| std::ptr::eq(other, managed);
    run.analysis.pieces.iter().position(|piece| piece.managed.iter().any(is_it))
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
