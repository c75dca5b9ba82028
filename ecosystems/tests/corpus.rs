//! Every command of every RUN of the corpus, put to every manager: the promises that the trait makes hold, and how much
//! is known stays known.

#[path = "../../syntax/tests/corpus/mod.rs"]
mod corpus;

use std::collections::BTreeMap;

use dockfix_ecosystems::{CommandEdit, Ecosystem, Usage, UsageKind, plain, recognise};
use dockfix_model::ImagePath;
use dockfix_model::build::{Build, Step};
use dockfix_model::commands::{Chain, Invocation, Place};
use dockfix_model::context::Context;
use dockfix_model::effects::Paths;
use dockfix_model::project::{Found, Project, Supplies};
use dockfix_syntax::{Dockerfile, Keyword};

/// Calls `check` for every command that can be read.
fn each_command(source: &[u8], check: &mut dyn FnMut(&Step<'_>, &Chain<'_>, &Invocation<'_>)) {
    let file = Dockerfile::parse(source);
    let build = Build::of(&file);
    for step in build.stages.iter().flat_map(|stage| &stage.steps) {
        if step.instruction.keyword() != Keyword::Run {
            continue;
        }
        let Ok(chain) = Chain::of(&step.instruction, &step.state) else { continue };
        for command in chain.invocations() {
            check(step, &chain, command);
        }
    }
}

#[test]
fn promises_hold_for_real_commands() {
    let context = Context::in_memory([("x", "")]);
    for (name, source) in corpus::samples() {
        each_command(&source, &mut |step, chain, command| {
            let recognised = recognise(command, &step.state);
            let mut all = dockfix_ecosystems::ALL.iter();
            let first = all.find(|manager| manager.recognise(command, &step.state).is_some());
            assert_eq!(
                recognised.as_ref().map(|(manager, _)| manager.name()),
                first.map(|manager| manager.name()),
                "{name}: `{}` is missing among the programs of its manager",
                command.program
            );
            let Some((manager, usage)) = recognised else { return };
            let place = format!("{name}: {} {}", manager.name(), String::from_utf8_lossy(chain.text));
            stays_out_of_its_project(&usage, &place);
            plans_make_sense(manager, command, &usage, step, chain, &place);
            let supplies = Supplies::whole(ImagePath::root().join("/nowhere"));
            if let Some(directory) = usage.directory.clone() {
                let project = Project::new(&context, &supplies, directory);
                // The context has no manifests: a file that is needed all the same is made up.
                if let Ok(needs) = manager.needs(command, &usage, &step.state, &project) {
                    let is_there = |file| matches!(project.find_at(file), Found::File(_));
                    assert!(needs.files.iter().all(is_there), "{place}: {:?}", needs.files);
                }
            }
        });
    }
}

/// What an install writes besides its outputs must not take in the project, or nothing could ever move past it. Where the
/// project is part of what a package manager owns, that is as it is.
fn stays_out_of_its_project(usage: &Usage, place: &str) {
    let (Some(directory), Paths::Below(written)) = (&usage.directory, &usage.effects.writes) else { return };
    let applications = ["/app", "/usr/src/app", "/src", "/code", "/opt/app", "/srv/app", "/workspace"];
    if usage.kind == UsageKind::Install && applications.contains(&directory.as_str()) {
        // The root of the image stands for anything, as `Paths::All` does.
        let above = written.iter().find(|path| directory.below(path).is_some() && path.as_str() != "/");
        assert!(above.is_none(), "{place}: writes to {above:?}");
    }
}

fn plans_make_sense(
    manager: &dyn Ecosystem,
    command: &Invocation<'_>,
    usage: &Usage,
    step: &Step<'_>,
    chain: &Chain<'_>,
    place: &str,
) {
    let plan = match manager.caches(command, usage, &step.state, None) {
        Ok(plan) => plan,
        Err(refusal) => {
            assert!(!refusal.reason.is_empty() && !refusal.reason.ends_with('.'), "{place}: {refusal}");
            return;
        }
    };
    for cache in &plan.caches {
        let path = cache.directory.as_str();
        assert!(path.starts_with('/') || path.starts_with("${"), "{place}: {path}");
        // A mount hides what is there: never a directory that holds anything else.
        let too_wide = ["/", "/root", "/home", "/usr", "/usr/local", "/var", "/var/cache", "/var/lib", "/go"];
        assert!(!too_wide.contains(&path), "{place}: {path}");
        assert!(usage.kind != UsageKind::CleanCache, "{place}");
    }
    if chain.place == Place::Exec {
        return;
    }
    for edit in &plan.edits {
        let (CommandEdit::Remove(span) | CommandEdit::Replace(span, _) | CommandEdit::InsertAfter(span, _)) =
            edit;
        let is_word = *span == command.program_span
            || command.arguments.iter().any(|argument| argument.span.encloses(*span));
        assert!(is_word && !span.is_empty(), "{place}: {edit:?}");
    }
}

/// Most of what a Dockerfile runs is known. The bounds lie a little below what was counted when they were set, so that a
/// change that loses a form is seen.
#[test]
fn most_commands_are_known() {
    let Some(files) = corpus::dockerfiles() else { return };
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (_, source) in files {
        each_command(&source, &mut |step, _, command| {
            let known =
                recognise(command, &step.state).is_some() || plain::effects(command, &step.state).is_some();
            let count = counts.entry(command.program.to_string()).or_default();
            count.0 += usize::from(known);
            count.1 += 1;
        });
    }
    for (program, percent) in [
        ("apt-get", 99),
        ("apk", 99),
        ("yum", 98),
        ("dnf", 95),
        ("pacman", 98),
        ("npm", 70),
        ("pip", 98),
        ("rm", 80),
        ("mkdir", 92),
        ("chmod", 90),
        ("chown", 93),
        ("ln", 95),
        ("curl", 75),
        ("sed", 80),
        ("useradd", 98),
        ("echo", 90),
    ] {
        let (known, all) = counts.get(program).copied().unwrap_or_default();
        assert!(known * 100 >= all * percent, "{program}: {known} of {all}");
    }
}
