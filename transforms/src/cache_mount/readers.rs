//! Who reads a cache after the RUN that is to get the mount.

use dockfix_ecosystems::{Cache, CacheKind, CachePlan, IndexUse, Refusal};
use dockfix_model::build::{Stage, Step};
use dockfix_model::commands::{Action, Invocation, Link, each_named, each_named_by};
use dockfix_model::effects::{Effects, Paths};
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};
use dockfix_syntax::Keyword;
use dockfix_syntax::view::{Copy, MountKind};

use super::cleaning;
use super::settings::Settings;
use crate::analysis::Managed;
use crate::bringing::{self, Loss};
use crate::mounts;
use crate::naming;
use crate::transform::Input;

/// The RUNs after step `index` of a stage, in this stage and in those that start from it.
pub(super) fn later_runs<'i, 'a>(
    input: &'i Input<'a>,
    stage: &'i Stage<'a>,
    index: usize,
) -> impl Iterator<Item = &'i Step<'a>> {
    let later = input.reading.build.steps_from(stage.index, index + 1);
    later.filter(|step| step.instruction.keyword() == Keyword::Run)
}

/// The line of a RUN in this image, earlier or later, that leaves it open what a mount for a cache would do
/// ([`dockfix_ecosystems::Ecosystem::unsettles`]).
pub(super) fn unsettling<'a>(
    input: &Input<'a>,
    stage: &Stage<'a>,
    state: &State,
    managed: &Managed<'_>,
    cache: &Cache,
) -> Option<usize> {
    let settings = Settings::of(managed)?;
    let build = &input.reading.build;
    let steps = build.steps_before(stage.index, 0).chain(build.steps_from(stage.index, 0));
    let mut runs = steps.filter(|step| step.instruction.keyword() == Keyword::Run);
    let unsettles = |other: &Invocation<'_>| {
        settings.may_be_written_by(other)
            && managed.ecosystem.unsettles(managed.command(), state, cache, other)
    };
    let found = runs.find(|step| {
        let analysis = input.reading.run(step);
        analysis.is_ok_and(|analysis| analysis.chain.invocations().into_iter().any(unsettles))
    });
    found.map(|step| step.instruction.start_line())
}

/// Nobody may rely on an index that would lie in a mount and not in the image.
pub(super) fn of_index<'a>(
    input: &Input<'a>,
    stage: &Stage<'a>,
    index: usize,
    managed: &Managed<'_>,
    directory: &ImagePath,
) -> Result<(), String> {
    for step in later_runs(input, stage, index) {
        needs_index(input, step, directory)?;
        if mounts::over(step, directory).is_empty() {
            names(input, step, managed, directory)?;
        }
    }
    named_later(input, stage, index, managed, directory)?;
    for taker in takers(input, stage, directory) {
        if !taker.is_certain_to_be_there {
            return Err(format!("line {} copies {} from this stage", taker.line, taker.source));
        }
        let own = taker.stage.steps.get(taker.index);
        let own = own.filter(|step| step.instruction.keyword() == Keyword::Run);
        for step in own.into_iter().chain(later_runs(input, taker.stage, taker.index)) {
            needs_index(input, step, directory)?;
        }
    }
    Ok(())
}

/// What keeps a command from filling a mount again that has lost what another one left there, for a message.
pub(super) fn downloads_nothing(managed: &Managed<'_>) -> String {
    let words = managed.command().arguments.iter().filter_map(|argument| argument.value.as_deref());
    let mut options = words.filter(|word| matches!(*word, "--no-restore" | "--no-build" | "--offline"));
    match options.next() {
        Some(option) => format!("downloads nothing ({option})"),
        None => "downloads nothing".to_owned(),
    }
}

/// Whether a RUN relies on an index that another step has left.
fn needs_index(input: &Input<'_>, step: &Step<'_>, directory: &ImagePath) -> Result<(), String> {
    let line = step.instruction.start_line();
    let left = || format!("line {line} may rely on what this step leaves in {directory}");
    let Ok(analysis) = input.reading.run(step) else { return Err(left()) };
    for (number, piece) in analysis.pieces.iter().enumerate() {
        match piece.managed.iter().find_map(|managed| index_use(managed, step, directory)) {
            // What comes after a refresh uses what that fetched; this RUN is served.
            Some(IndexUse::Fills) => return Ok(()),
            Some(IndexUse::Reads) => return Err(left()),
            None if analysis.unknown_in(number).is_some() => return Err(left()),
            None => {}
        }
    }
    Ok(())
}

/// What images run later, triggers of ONBUILD among it, finds what the image holds.
fn named_later<'a>(
    input: &Input<'a>,
    stage: &Stage<'a>,
    index: usize,
    managed: &Managed<'_>,
    directory: &ImagePath,
) -> Result<(), String> {
    const RUN_LATER: [Keyword; 4] =
        [Keyword::Onbuild, Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck];
    for step in input.reading.build.steps_from(stage.index, index + 1) {
        let instruction = &step.instruction;
        if !RUN_LATER.contains(&instruction.keyword()) {
            continue;
        }
        let text = String::from_utf8_lossy(instruction.args());
        let line = instruction.start_line();
        if names_a_program(&text, managed) {
            return Err(format!("line {line} may rely on what this step leaves in {directory}"));
        }
        if let Some(script) = scripts(input, step, &text).find(|(_, text)| names_a_program(text, managed)) {
            let (path, _) = script;
            return Err(format!(
                "{path}, which line {line} runs, may rely on what this step leaves in {directory}"
            ));
        }
    }
    Ok(())
}

/// Whether a program of the manager is named.
fn names_a_program(text: &str, managed: &Managed<'_>) -> bool {
    let mut words = text.split(|ch: char| !ch.is_ascii_alphanumeric() && ch != '-');
    words.any(|word| managed.ecosystem.programs().contains(&word))
}

/// The files of the context that the words of an instruction name, by their paths in the image or by their names alone where the
/// search path finds them: path in the context and text.
fn scripts<'s>(
    input: &'s Input<'_>,
    step: &'s Step<'_>,
    text: &'s str,
) -> impl Iterator<Item = (String, String)> + 's {
    let is_part = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_' | '.' | '/');
    let words = text.split(move |ch: char| !is_part(ch)).filter(|word| !word.is_empty());
    let copied = || {
        let stages = input.reading.build.stages.iter();
        stages.flat_map(|stage| input.supplies(stage).copied())
    };
    let sources = words.flat_map(move |word| {
        let path = step.state.path(word, input.file().escape());
        let is_bare = !word.contains('/');
        copied().filter_map(move |copied| {
            let found = || path.as_ref().and_then(|path| copied.source_of(path));
            let is_it = is_bare && !copied.is_directory && copied.target.name() == word;
            if is_it { Some(copied.source.clone()) } else { found() }
        })
    });
    sources.filter_map(|source| {
        let text = input.context.read(&source).ok()?;
        Some((source, String::from_utf8_lossy(&text).into_owned()))
    })
}

/// Whether an earlier step leaves an index in the image, which goes nowhere if this one no longer removes it.
pub(super) fn earlier_index<'a>(
    input: &Input<'a>,
    stage: &Stage<'a>,
    index: usize,
    directory: &ImagePath,
) -> Option<usize> {
    let earlier = input.reading.build.steps_before(stage.index, index).rev();
    for step in earlier.filter(|step| step.instruction.keyword() == Keyword::Run) {
        let Ok(analysis) = input.reading.run(step) else { continue };
        if cleaning::empties(analysis, directory, 0) {
            return None;
        }
        let fills = |managed: &Managed<'_>| index_use(managed, step, directory) == Some(IndexUse::Fills);
        if mounts::over(step, directory).is_empty() && analysis.managed().any(fills) {
            return Some(step.instruction.start_line());
        }
    }
    None
}

/// What a command does with an index that lies in a directory.
pub(super) fn index_use(managed: &Managed<'_>, step: &Step<'_>, directory: &ImagePath) -> Option<IndexUse> {
    let Ok(plan) = managed.ecosystem.caches(managed.command(), &managed.usage, &step.state, None) else {
        // Of a manager that has no index, it is none of that.
        return managed.ecosystem.index_use(managed.command());
    };
    plan.caches.iter().find_map(|cache| match cache.kind {
        CacheKind::Index(use_of_it) if cache.directory == *directory => Some(use_of_it),
        _ => None,
    })
}

/// Every later reader of a store must get the same mount; the running image gets none.
pub(super) fn of_store<'a>(
    input: &Input<'a>,
    stage: &Stage<'a>,
    index: usize,
    managed: &Managed<'_>,
    directory: &ImagePath,
) -> Result<(), String> {
    if let Some(image) = input.reading.build.image_of(stage.index) {
        let is_last = image.index + 1 == input.reading.build.stages.len();
        return Err(match &image.name {
            Some(name) if !is_last => {
                format!("{directory} is part of the image of stage {name}, which may read it")
            }
            _ => format!("{directory} is part of the final image, which may read it"),
        });
    }
    if let Some(line) = own_command(input, stage) {
        return Err(format!(
            "{directory} is part of the image of the stage whose command line {line} sets, which may read it"
        ));
    }
    let reads = Effects { reads: Paths::below(vec![directory.clone()]), ..Effects::none() };
    brought(input, stage, index, directory, Loss::Work)?;
    copied_elsewhere(input, stage, directory)?;
    let mut lacks_it = None;
    // Earlier steps too: what they put into the image at that place would be hidden.
    let earlier = input.reading.build.steps_before(stage.index, index);
    let earlier = earlier.filter(|step| step.instruction.keyword() == Keyword::Run);
    for step in earlier.chain(later_runs(input, stage, index)) {
        let line = step.instruction.start_line();
        let Ok(analysis) = input.reading.run(step) else {
            return Err(format!("line {line} may read {directory} without the mount"));
        };
        let own = analysis.managed().filter(|other| other.ecosystem.name() == managed.ecosystem.name());
        let mut mounted = false;
        for other in own {
            let plan = plan_of(input, step, other).map_err(|refusal| format!("line {line}: {refusal}"))?;
            let cache = plan.caches.iter().find(|cache| cache.directory == *directory);
            // The mount may be empty while the step that filled it is cached: every reader must be able to fill it.
            if cache.is_some_and(|cache| cache.kind == CacheKind::Index(IndexUse::Reads))
                || (cache.is_some() && step.instruction.flag("network").is_some())
            {
                let nothing = downloads_nothing(other);
                return Err(format!(
                    "line {line} {nothing} and relies on what an earlier step leaves in {directory}"
                ));
            }
            // Who has mounts of his own gets no other (`RunStep::plan`).
            let has_own = plan.caches.iter().any(|cache| !mounts::over(step, &cache.directory).is_empty());
            if cache.is_some() && has_own && mounts::over(step, directory).is_empty() {
                lacks_it = Some(line);
            }
            mounted |= cache.is_some();
        }
        if mounted {
            // A token or key that one step has and another has not: only the first could fill the mount.
            if secrets(step) != secrets(&stage.steps[index]) {
                return Err(format!("line {line} has other secrets than this step"));
            }
            let this = &stage.steps[index];
            if this.state.user != step.state.user {
                return Err(format!("line {line} runs as another user"));
            }
            // Whichever of the two finds the mount empty must be able to fill it.
            let text = |step: &Step<'_>| String::from_utf8_lossy(step.instruction.args()).into_owned();
            let (here, there) = (text(this), text(step));
            let mut ours = credentials(&here, managed).into_iter();
            if let Some(missing) = ours.find(|missing| !there.contains(missing)) {
                return Err(format!("line {line} has no {missing}, with which this step downloads"));
            }
            let own = analysis.managed().filter(|other| other.ecosystem.name() == managed.ecosystem.name());
            let mut theirs = own.flat_map(|other| credentials(&there, other));
            if let Some(missing) = theirs.find(|missing| !here.contains(missing)) {
                return Err(format!("line {line} downloads with {missing}, which this step has not"));
            }
            let managers = [managed.ecosystem.name()];
            let directories = [directory];
            let search = cleaning::Search::of(step, &directories, &managers);
            cleaning::find(analysis, &search).map_err(|reason| format!("line {line}: {reason}"))?;
            continue;
        }
        if let Some(unknown) = analysis.unknown() {
            return Err(format!("{unknown} in line {line} may read {directory} without the mount"));
        }
        if analysis.effects().writes.overlaps(&reads.reads) {
            let runs_scripts = |other: &&Managed<'_>| {
                other.usage.runs_package_code && other.usage.effects.writes.overlaps(&reads.reads)
            };
            return Err(match analysis.managed().find(runs_scripts) {
                Some(other) => format!(
                    "`{}` in line {line} runs scripts of packages, which may write to {directory}",
                    naming::shown(other, analysis)
                ),
                None => format!("line {line} writes to {directory}"),
            });
        }
    }
    // Perhaps because another reason has kept this mount from it: so that comes last.
    match lacks_it {
        Some(line) => Err(format!("line {line} has cache mounts, but none for {directory}")),
        None => Ok(()),
    }
}

/// The line where a stage, or one that starts from it, gets a command to run: somebody runs its image (`--target`).
fn own_command<'a>(input: &Input<'a>, stage: &Stage<'a>) -> Option<usize> {
    let mut steps = input.reading.build.steps_from(stage.index, 0);
    let command = steps.find(|step| matches!(step.instruction.keyword(), Keyword::Cmd | Keyword::Entrypoint));
    command.map(|step| step.instruction.start_line())
}

/// What a RUN, whose text is given, downloads with that another RUN has only if it says the same: settings for the one
/// command, and those that are made and taken back.
fn credentials(text: &str, managed: &Managed<'_>) -> Vec<String> {
    const OPTIONS: [&str; 5] = ["--configfile", "--settings", "-s", "-gs", "--index"];
    const KEPT: [&str; 6] =
        [".netrc", "insteadOf", "git config", "nuget add source", "nuget update source", "credential"];
    const NAMES: [&str; 14] = [
        "TOKEN",
        "PASS",
        "SECRET",
        "KEY",
        "AUTH",
        "CREDENTIAL",
        "USER",
        "PROXY",
        "PRIVATE",
        "NOSUM",
        "REGISTR",
        "URL",
        "NETRC",
        "GIT_",
    ];
    let command = managed.command();
    let is_before = |name: &str| {
        text.contains(&format!("{name}="))
            && NAMES.iter().any(|part| name.to_ascii_uppercase().contains(part))
    };
    let names = command.assignments.iter().map(|(name, _)| name.clone());
    let mut found: Vec<_> = names.filter(|name| is_before(name)).collect();
    found.extend(OPTIONS.iter().filter(|option| command.has(option)).map(|&option| option.to_owned()));
    if ["rm ", "unset", "remove source"].iter().any(|removal| text.contains(removal)) {
        found.extend(KEPT.iter().filter(|kept| text.contains(**kept)).map(|&kept| kept.to_owned()));
    }
    found
}

/// The caches of a command of some step, as that step itself is told them.
fn plan_of(input: &Input<'_>, step: &Step<'_>, managed: &Managed<'_>) -> Result<CachePlan, Refusal> {
    let mut stages = input.reading.build.stages.iter();
    let place = stages.find_map(|stage| {
        let index = stage.steps.iter().position(|other| std::ptr::eq(other, step))?;
        Some((stage, index))
    });
    let directory = managed.usage.directory.clone().filter(|_| input.context.is_known());
    let project = place.zip(directory).map(|((stage, index), directory)| {
        Project::new(input.context, input.supplies(stage), directory).until(index)
    });
    managed.ecosystem.caches(managed.command(), &managed.usage, &step.state, project.as_ref())
}

/// The secret and ssh mounts of a RUN, as written.
fn secrets<'a>(step: &Step<'a>) -> Vec<&'a [u8]> {
    let instruction = step.instruction;
    let mounts = instruction.mounts();
    let secret = mounts.iter().filter(|mount| matches!(mount.kind, MountKind::Secret | MountKind::Ssh));
    secret.map(|mount| mount.flag.span.of(instruction.text())).collect()
}

/// Nobody may miss downloads that would lie in a mount and not in the image.
pub(super) fn of_downloads<'a>(
    input: &Input<'a>,
    stage: &Stage<'a>,
    index: usize,
    managed: &Managed<'_>,
    directory: &ImagePath,
) -> Result<(), String> {
    let state = &stage.steps[index].state;
    if managed.ecosystem.lives_off(managed.command(), state, managed.command()) {
        let program = &managed.command().program;
        return Err(format!(
            "`{program}` lives off what the image holds in {directory}, which a mount would hide"
        ));
    }
    let loss = if managed.ecosystem.keeps_compiled() { Loss::Work } else { Loss::Downloads };
    brought(input, stage, index, directory, loss)?;
    for step in later_runs(input, stage, index).filter(|step| mounts::over(step, directory).is_empty()) {
        misses(input, step, managed, directory)?;
    }
    for taker in takers(input, stage, directory) {
        if taker.is_certain_to_be_there {
            for step in later_runs(input, taker.stage, taker.index) {
                lives_off(input, step, managed, directory)?;
                // What was compiled here may be more than that stage can compile.
                if loss == Loss::Work && uses(input, step, managed, directory) {
                    let line = step.instruction.start_line();
                    return Err(format!("line {line} installs what this step leaves in {directory}"));
                }
            }
        } else {
            return Err(format!("line {} copies {} from this stage", taker.line, taker.source));
        }
    }
    Ok(())
}

/// Whether a command of the manager in a RUN takes from a cache.
fn uses(input: &Input<'_>, step: &Step<'_>, managed: &Managed<'_>, directory: &ImagePath) -> bool {
    let Ok(analysis) = input.reading.run(step) else { return false };
    let own = analysis.managed().filter(|other| other.ecosystem.name() == managed.ecosystem.name());
    let mut plans = own.filter_map(|other| plan_of(input, step, other).ok());
    plans.any(|plan| plan.caches.iter().any(|cache| cache.directory == *directory))
}

/// Programs of which it is not known what they read and write, but that they compile nothing.
const COMPILE_NOTHING: [&str; 11] =
    ["cargo", "cd", "dep", "git", "glide", "ln", "patch", "php", "protoc", "source", "upx"];

/// Programs that compile when the image is run: go itself, and what people let watch their sources and call it.
const COMPILE_LATER: [&str; 13] = [
    "go",
    "air",
    "arelo",
    "CompileDaemon",
    "dlv",
    "fresh",
    "gin",
    "ginkgo",
    "gotestsum",
    "gow",
    "realize",
    "reflex",
    "wgo",
];

/// The line of the command of an image that holds what a stage makes, where that compiles.
fn compiles_later<'a>(input: &Input<'a>, stage: &Stage<'a>) -> Option<usize> {
    let build = &input.reading.build;
    let mut steps = build.steps_before(stage.index, 0).chain(build.steps_from(stage.index, 0));
    let compiles = |step: &&Step<'_>| {
        let text = String::from_utf8_lossy(step.instruction.args());
        let mut words =
            text.split(|ch: char| !ch.is_ascii_alphanumeric() && !matches!(ch, '-' | '_' | '.' | '/'));
        matches!(step.instruction.keyword(), Keyword::Cmd | Keyword::Entrypoint)
            && words.any(|word| COMPILE_LATER.contains(&word.rsplit('/').next().unwrap_or(word)))
    };
    steps.find(compiles).map(|step| step.instruction.start_line())
}

/// Nobody may compile with what would lie in a mount and not in the image: without it he compiles the standard library and all
/// that is the same, whenever his own step runs again.
pub(super) fn of_compiled<'a>(
    input: &Input<'a>,
    stage: &Stage<'a>,
    index: usize,
    managed: &Managed<'_>,
    directory: &ImagePath,
) -> Result<(), String> {
    if let Some(line) = compiles_later(input, stage) {
        return Err(format!(
            "the command of line {line} may compile with what this step leaves in {directory}"
        ));
    }
    for step in later_runs(input, stage, index).filter(|step| mounts::over(step, directory).is_empty()) {
        let line = step.instruction.start_line();
        let misses = |what: &str| {
            Err(format!(
                "{what} in line {line} may compile with what this step leaves in {directory}, without the mount"
            ))
        };
        let Ok(analysis) = input.reading.run(step) else { return misses("a command") };
        let own = analysis.managed().filter(|other| other.ecosystem.name() == managed.ecosystem.name());
        let plans = own.filter_map(|other| plan_of(input, step, other).ok());
        let mut plans =
            plans.filter(|plan| plan.caches.iter().any(|cache| cache.directory == *directory)).peekable();
        if plans.peek().is_some() {
            // Who has mounts of his own gets no other (`RunStep::plan`).
            let is_mounted = |cache: &Cache| !mounts::over(step, &cache.directory).is_empty();
            if plans.any(|plan| plan.caches.iter().any(is_mounted)) {
                return Err(format!("line {line} has cache mounts, but none for {directory}"));
            }
        } else {
            let mut unknown = (0..analysis.pieces.len()).filter_map(|number| analysis.unknown_in(number));
            if let Some(unknown) = unknown.find(|name| !COMPILE_NOTHING.contains(&name.trim_matches('`'))) {
                return misses(unknown);
            }
        }
    }
    Ok(())
}

/// The line of a RUN or COPY before step `index` that changes a user who is called by name, or all of them.
pub(super) fn changed_user<'a>(
    input: &Input<'a>,
    stage: &Stage<'a>,
    index: usize,
    name: &str,
) -> Option<usize> {
    const CHANGES: [&str; 6] = ["usermod", "groupmod", "userdel", "groupdel", "deluser", "delgroup"];
    let escape = input.file().escape();
    let changes = |step: &&Step<'_>| match Copy::of(&step.instruction) {
        Some(copy) => {
            let target = step.state.path(&copy.destination.text, escape);
            target.is_some_and(|target| ["/etc/passwd", "/etc/group"].contains(&target.as_str()))
        }
        None => {
            let text = String::from_utf8_lossy(step.instruction.args());
            let words = || text.split(|ch: char| ch.is_whitespace() || ";&|()\"'".contains(ch));
            step.instruction.keyword() == Keyword::Run
                && words().any(|word| CHANGES.contains(&word))
                && words().any(|word| word == name)
        }
    };
    let found = input.reading.build.steps_before(stage.index, index).find(changes);
    found.map(|step| step.instruction.start_line())
}

/// What a COPY brings would be hidden by the mount.
fn brought<'a>(
    input: &Input<'a>,
    stage: &Stage<'a>,
    index: usize,
    directory: &ImagePath,
    loss: Loss,
) -> Result<(), String> {
    match bringing::to(input, stage, index, directory, loss) {
        Some(copies) => Err(format!("{copies}, which a mount would hide")),
        None => Ok(()),
    }
}

/// A later RUN without the mount may neither name the directory nor live off it.
fn misses(
    input: &Input<'_>,
    step: &Step<'_>,
    managed: &Managed<'_>,
    directory: &ImagePath,
) -> Result<(), String> {
    let line = step.instruction.start_line();
    let Ok(analysis) = input.reading.run(step) else { return lives_off(input, step, managed, directory) };
    let network = step.instruction.flag("network").and_then(|flag| flag.value);
    let is_cut_off = network.is_some_and(|value| value.of(step.instruction.text()) == b"none");
    let own = |other: &Managed<'_>| other.ecosystem.name() == managed.ecosystem.name();
    if is_cut_off && analysis.managed().any(own) {
        return Err(format!("line {line} has no network and lives off what this step leaves in {directory}"));
    }
    names(input, step, managed, directory)?;
    lives_off(input, step, managed, directory)
}

/// A later RUN without the mount may not name the directory, nor one that is there because of it alone.
fn names(
    input: &Input<'_>,
    step: &Step<'_>,
    managed: &Managed<'_>,
    directory: &ImagePath,
) -> Result<(), String> {
    let Ok(analysis) = input.reading.run(step) else { return Ok(()) };
    let managers = [managed.ecosystem.name()];
    let directories = [directory];
    let search = cleaning::Search::of(step, &directories, &managers);
    match cleaning::missed_by(analysis, &search) {
        Some(command) => {
            let line = step.instruction.start_line();
            Err(format!("`{command}` in line {line} would not find what this step leaves in {directory}"))
        }
        None => Ok(()),
    }
}

fn lives_off(
    input: &Input<'_>,
    step: &Step<'_>,
    managed: &Managed<'_>,
    directory: &ImagePath,
) -> Result<(), String> {
    let line = step.instruction.start_line();
    let left =
        |program: &str| format!("`{program}` in line {line} lives off what this step leaves in {directory}");
    let lives =
        |command: &Invocation<'_>| managed.ecosystem.lives_off(command, &step.state, managed.command());
    let mut hidden = None;
    let mut look = |_: &[u8], command: &Invocation<'_>| {
        if hidden.is_none() && lives(command) {
            hidden = Some(command.program.clone().into_owned());
        }
    };
    let Ok(analysis) = input.reading.run(step) else {
        each_named_by(&step.instruction, &step.state, &mut look);
        return hidden.map_or(Ok(()), |program| Err(left(&program)));
    };
    let mut links: Vec<&Link<'_>> = analysis.chain.links.iter().collect();
    while let Some(link) = links.pop() {
        match &link.action {
            Action::Pipeline(commands) => {
                if let Some(command) = commands.iter().find(|command| lives(command)) {
                    return Err(left(&command.program));
                }
            }
            Action::Nested(inner) => links.extend(inner),
            Action::Opaque(_) => {
                each_named(link.span.of(analysis.chain.text), &step.state, &mut look);
                let text = String::from_utf8_lossy(link.span.of(analysis.chain.text));
                let mut words = text.split(|ch: char| ch.is_whitespace() || ";&|()".contains(ch));
                let program = words.find(|word| managed.ecosystem.programs().contains(word));
                if let Some(program) = program.filter(|_| words.any(|word| word == "--offline")) {
                    return Err(left(program));
                }
            }
        }
    }
    hidden.map_or(Ok(()), |program| Err(left(&program)))
}

/// An instruction that takes from a stage what lies at a place, or above it.
struct Taker<'i, 'a> {
    stage: &'i Stage<'a>,
    index: usize,
    line: usize,
    source: String,
    /// What it takes is there whatever lies in the cache.
    is_certain_to_be_there: bool,
}

/// The `COPY --from` and `RUN --mount=from=` that take a directory, something in it, or what it lies in.
fn takers<'i, 'a>(
    input: &'i Input<'a>,
    stage: &'i Stage<'a>,
    directory: &'i ImagePath,
) -> impl Iterator<Item = Taker<'i, 'a>> {
    let build = &input.reading.build;
    let mut holders = build.descendants(stage.index);
    holders.push(stage.index);
    let home = stage.steps.last().and_then(|step| step.state.home());
    // What a stage takes from another comes below that.
    let later = build.stages.iter().skip(stage.index + 1);
    let steps = later.flat_map(|later| later.steps.iter().enumerate().map(move |it| (later, it)));
    steps.flat_map(move |(later, (index, step))| {
        let holds =
            |from: &str| build.stage_named(from, later.index).is_some_and(|from| holders.contains(&from));
        let mounts = step.instruction.mounts();
        let mounted = mounts.iter().filter(|mount| mount.from().is_some_and(holds));
        let mut sources: Vec<String> =
            mounted.map(|mount| mount.source().unwrap_or("/").to_owned()).collect();
        if let Some(copy) = Copy::of(&step.instruction).filter(|copy| copy.from.as_deref().is_some_and(holds))
        {
            let expanded = |text: &str| {
                let expanded = step.state.variables.expand(text, input.file().escape());
                expanded.map_or_else(|| text.to_owned(), |expanded| expanded.text.into_owned())
            };
            sources.extend(copy.sources.iter().map(|source| expanded(&source.text)));
        }
        let search = cleaning::Search {
            directories: &[directory],
            home: home.clone(),
            workdir: None,
            managers: &[],
            braces_stand: false,
        };
        let found = sources.into_iter().filter_map(|source| {
            let is_certain_to_be_there = search.takes(&source)?;
            let line = step.instruction.start_line();
            Some(Taker { stage: later, index, line, source, is_certain_to_be_there })
        });
        found.collect::<Vec<_>>()
    })
}

/// A later `COPY --from` that takes the store would find it empty.
fn copied_elsewhere<'a>(input: &Input<'a>, stage: &Stage<'a>, directory: &ImagePath) -> Result<(), String> {
    match takers(input, stage, directory).next() {
        Some(taker) => Err(format!("line {} copies {directory} from this stage", taker.line)),
        None => Ok(()),
    }
}
