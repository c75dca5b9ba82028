//! Tests of a package manager in two strings: a Dockerfile, whose last instruction is the RUN in question, and the files
//! of the build context.

use dockfix_model::ImagePath;
use dockfix_model::build::Build;
use dockfix_model::commands::Chain;
use dockfix_model::context::{Context, Files};
use dockfix_model::effects::Paths;
use dockfix_model::project::{Project, Supplies};
use dockfix_syntax::Dockerfile;

use crate::{CommandEdit, Ecosystem, Usage, UsageKind};

/// What the last command of the last RUN that `ecosystem` recognises is, and what it needs:
/// `install /app; files package.json package-lock.json; outputs node_modules`. Paths are shown below the project's
/// directory, or absolute. A refusal is `refused: reason`; a command that is not recognised is `opaque`.
pub(crate) fn needs(ecosystem: &dyn Ecosystem, dockerfile: &str, files: &[(&str, &str)]) -> String {
    with_last(ecosystem, dockerfile, files, |found| {
        let Some((command, usage, project, state)) = found else { return "opaque".to_owned() };
        let kind = match usage.kind {
            UsageKind::Install => "install",
            UsageKind::Build => "build",
            UsageKind::Packages => return "packages".to_owned(),
            UsageKind::Settings => return "settings".to_owned(),
            UsageKind::CleanCache => return "clean-cache".to_owned(),
        };
        let Some(project) = project else { return format!("{kind} ?") };
        let needs = match ecosystem.needs(command, usage, state, project) {
            Ok(needs) => needs,
            Err(refusal) => return format!("refused: {refusal}"),
        };
        let mut out = format!("{kind} {}", project.directory());
        let show = |paths: &[dockfix_model::ImagePath]| -> Vec<String> {
            let mut shown: Vec<_> = paths
                .iter()
                .map(|path| match path.below(project.directory()) {
                    Some("") => ".".to_owned(),
                    Some(below) => below.to_owned(),
                    None => path.to_string(),
                })
                .collect();
            shown.sort();
            shown
        };
        for (name, paths) in [
            ("files", show(&needs.files)),
            ("directories", show(&needs.directories)),
            ("outputs", show(&needs.outputs)),
            ("rewritten", show(&needs.rewritten)),
            ("prefetch", needs.prefetch.into_iter().collect()),
            ("variables", needs.variables),
        ] {
            if !paths.is_empty() {
                out.push_str(&format!("; {name} {}", paths.join(" ")));
            }
        }
        out
    })
}

/// The caches of that command: `/root/.npm pure shared; remove --no-cache`. A refusal is `refused: reason`.
pub(crate) fn caches(ecosystem: &dyn Ecosystem, dockerfile: &str, files: &[(&str, &str)]) -> String {
    with_last(ecosystem, dockerfile, files, |found| {
        let Some((command, usage, project, state)) = found else { return "opaque".to_owned() };
        let plan = match ecosystem.caches(command, usage, state, project) {
            Ok(plan) => plan,
            Err(refusal) => return format!("refused: {refusal}"),
        };
        let text = |span: &dockfix_syntax::Span| {
            let argument = command.arguments.iter().find(|argument| argument.span == *span);
            argument.map_or_else(
                || command.program.to_string(),
                |argument| String::from_utf8_lossy(argument.text).into_owned(),
            )
        };
        let caches = plan
            .caches
            .iter()
            .map(|cache| format!("{} {:?} {:?}", cache.directory, cache.kind, cache.sharing).to_lowercase());
        let edits = plan.edits.iter().map(|edit| match edit {
            CommandEdit::Remove(span) => format!("remove {}", text(span)),
            CommandEdit::Replace(span, with) => format!("replace {} with {with}", text(span)),
            CommandEdit::InsertAfter(span, words) => format!("after {} insert {words}", text(span)),
        });
        caches.chain(edits).collect::<Vec<_>>().join("; ")
    })
}

/// Whether that command reads (`r`) and writes (`w`) at or below a path of the image, by what its [`Usage`] says.
pub(crate) fn touches(ecosystem: &dyn Ecosystem, dockerfile: &str, path: &str) -> String {
    with_last(ecosystem, dockerfile, &[], |found| {
        let Some((_, usage, _, _)) = found else { return "opaque".to_owned() };
        let path = Paths::below(vec![ImagePath::root().join(path)]);
        let mark = |set: &Paths, mark| if set.overlaps(&path) { mark } else { "" };
        format!("{}{}", mark(&usage.effects.reads, "r"), mark(&usage.effects.writes, "w"))
    })
}

/// Whether that command reads a variable, by what its [`Usage`] says.
pub(crate) fn reads_variable(ecosystem: &dyn Ecosystem, dockerfile: &str, name: &str) -> bool {
    with_last(ecosystem, dockerfile, &[], |found| {
        let (_, usage, _, _) = found.expect("a command that is known");
        usage.runs_package_code || usage.effects.environment.contains(name)
    })
}

/// Whether a command of a RUN writes settings that move the manager's caches, as the transforms ask it: of programs that
/// [`Ecosystem::configured_by`] names.
pub(crate) fn moves_caches(ecosystem: &dyn Ecosystem, run: &str) -> bool {
    let file = Dockerfile::parse(format!("FROM debian\nRUN {run}\n").as_bytes());
    let build = Build::of(&file);
    let step = build.stages[0].steps.last().expect("a RUN");
    let chain = Chain::of(&step.instruction, &step.state).expect("a RUN that can be read");
    let its = |program: &str| ecosystem.configured_by().contains(&crate::without_version(program));
    chain.invocations().into_iter().any(|command| its(&command.program) && ecosystem.is_moved_by(command))
}

/// What that command compiles and keeps.
pub(crate) fn compiled(ecosystem: &dyn Ecosystem, dockerfile: &str, files: &[(&str, &str)]) -> String {
    with_last(ecosystem, dockerfile, files, |found| {
        let Some((command, usage, Some(project), state)) = found else { return "opaque".to_owned() };
        match ecosystem.compiled(command, usage, state, project) {
            Err(refusal) => format!("refused: {refusal}"),
            Ok(None) => "nothing".to_owned(),
            Ok(Some(compiled)) => {
                let installed = if compiled.is_installed { ", installed" } else { "" };
                let fixed = if compiled.variable.is_none() { ", fixed" } else { "" };
                let (directory, name, sources) = (compiled.directory, compiled.name, compiled.sources);
                format!("{directory} of {name} in {sources}{installed}{fixed}")
            }
        }
    })
}

/// How a tool compiles what that command takes from others: the command that does it.
pub(crate) fn planned(ecosystem: &dyn Ecosystem, dockerfile: &str, files: &[(&str, &str)]) -> String {
    with_last(ecosystem, dockerfile, files, |found| {
        let Some((command, usage, Some(project), state)) = found else { return "opaque".to_owned() };
        match ecosystem.planned(command, usage, state, project) {
            Err(refusal) => format!("refused: {refusal}"),
            Ok(None) => "nothing".to_owned(),
            Ok(Some(planned)) => planned.cook,
        }
    })
}

/// Whether that command makes a file of what it compiles for others.
pub(crate) fn makes(ecosystem: &dyn Ecosystem, dockerfile: &str, path: &str) -> bool {
    with_last(ecosystem, dockerfile, &[], |found| {
        let (command, ..) = found.expect("a command that is known");
        ecosystem.makes(command, path)
    })
}

/// A context of these files; a path that ends in ` +x` is that of an executable one.
fn context_of(files: &[(&str, &str)]) -> Context {
    let files = files.iter().fold(Files::new(), |files, (path, text)| match path.strip_suffix(" +x") {
        Some(path) => files.file_with_mode(path, 0o755, *text),
        None => files.file(path, *text),
    });
    Context::from_files(files, "Dockerfile")
}

type LastCommand<'f> = (
    &'f dockfix_model::commands::Invocation<'f>,
    &'f Usage,
    Option<&'f Project<'f>>,
    &'f dockfix_model::State,
);

fn with_last<R>(
    ecosystem: &dyn Ecosystem,
    dockerfile: &str,
    files: &[(&str, &str)],
    check: impl FnOnce(Option<LastCommand<'_>>) -> R,
) -> R {
    let context = if files.is_empty() { Context::unknown() } else { context_of(files) };
    let file = Dockerfile::parse(dockerfile.as_bytes());
    let build = Build::of(&file);
    let stage = build.stages.last().expect("a stage");
    let step = stage.steps.last().expect("an instruction");
    let supplies = Supplies::of(&stage.steps, &context, file.escape());
    let chain = Chain::of(&step.instruction, &step.state).expect("a RUN that can be read");
    let commands = chain.invocations();
    let recognised = commands
        .iter()
        .rev()
        .find_map(|command| ecosystem.recognise(command, &step.state).map(|usage| (*command, usage)));
    let Some((command, usage)) = recognised else { return check(None) };
    let project = usage
        .directory
        .clone()
        .filter(|_| context.is_known())
        .map(|directory| Project::new(&context, &supplies, directory));
    check(Some((command, &usage, project.as_ref(), &step.state)))
}
