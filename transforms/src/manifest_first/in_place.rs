//! A download above sources that cannot sink.
//!
//! What stands between them and the command they hold up may need them (`RUN ls`, a COPY of generated files among them)
//! and still be nothing to the download: it changes neither what that reads nor how it runs.

use dockfix_model::ImagePath;
use dockfix_model::build::Step;
use dockfix_model::commands::{Action, Invocation};
use dockfix_model::effects::Paths;
use dockfix_syntax::Keyword;
use dockfix_syntax::view::{Copy, MountKind};

use super::destination;
use super::plan::{Below, Manifests};
use super::run::{Position, Prefetched, ProjectOutcome};
use super::sink::Sinking;
use crate::analysis::{Analysis, has_project};
use crate::naming::{shortened, shown};

/// Where programs lie, settings, credentials and certificates: what a download may need besides its manifests.
const NEEDED: [ImagePath; 11] = [
    ImagePath::fixed("/root"),
    ImagePath::fixed("/home"),
    ImagePath::fixed("/etc"),
    ImagePath::fixed("/usr"),
    ImagePath::fixed("/bin"),
    ImagePath::fixed("/sbin"),
    ImagePath::fixed("/lib"),
    ImagePath::fixed("/lib64"),
    ImagePath::fixed("/opt"),
    ImagePath::fixed("/go"),
    ImagePath::fixed("/run"),
];

/// Programs that make, check or format code: none of them sets up by what a download gets at the network.
const OF_CODE: [&str; 22] = [
    "buf",
    "easyjson",
    "enumer",
    "ent",
    "go-bindata",
    "gofmt",
    "goimports",
    "golangci-lint",
    "golint",
    "gqlgen",
    "mockery",
    "mockgen",
    "oapi-codegen",
    "packr2",
    "protoc",
    "sqlc",
    "staticcheck",
    "statik",
    "stringer",
    "swag",
    "templ",
    "wire",
];

/// A command that a download may need, and why.
enum Setup {
    /// It is not known what it does.
    Unknown(String),
    /// It writes where settings or programs lie.
    Writes(String),
    /// It writes what the download reads, which may be such as only can be had then.
    Manifests(String),
    /// It has downloaded with a mount, a network or variables of its own.
    Downloads(String),
}

impl Sinking<'_, '_> {
    /// The download that can stand where the sources are copied, if nothing between matters to it; the line of the command that
    /// it would serve and a reason where that is all that keeps it.
    pub(super) fn in_place(&mut self) -> Result<Below, Option<(usize, String)>> {
        let mut reason = None;
        self.find_in_place(&mut reason).ok_or(reason)
    }

    fn find_in_place(&mut self, reason: &mut Option<(usize, String)>) -> Option<Below> {
        if !self.gained.is_empty() {
            return None;
        }
        let (stage, input) = (self.stage, self.input);
        let above = &stage.steps[self.index].state;
        // Places among the sources that other COPYs write to.
        let mut touched: Vec<ImagePath> = Vec::new();
        // RUNs that write something, and their steps.
        let mut writers: Vec<(&Step<'_>, &Analysis<'_>)> = Vec::new();
        for (index, step) in stage.steps.iter().enumerate().skip(self.index + 1) {
            match step.instruction.keyword() {
                Keyword::Run => {
                    let analysis = input.reading.run(step).ok()?;
                    self.check_mounts(step).ok()?;
                    let installs = analysis.pieces.iter().enumerate().find_map(|(number, piece)| {
                        let managed = piece.managed.iter().find(|managed| has_project(managed.usage.kind))?;
                        Some((number, managed))
                    });
                    let Some((number, managed)) = installs else {
                        if analysis.effects().writes != Paths::none() {
                            writers.push((step, analysis));
                        }
                        continue;
                    };
                    let is_same = above.user == step.state.user
                        && above.shell == step.state.shell
                        && above.variables == step.state.variables;
                    if !is_same || self.brings_programs(step) || self.mounts_the_sources(step) {
                        return None;
                    }
                    let outcome =
                        self.pass_project(index, analysis, (number, managed), Position::InPlace).ok()?;
                    let ProjectOutcome::Prefetch(prefetched) = outcome else { return None };
                    let Prefetched { manifests, needs, below, name } = *prefetched;
                    let Below::Prefetch { flags, command, .. } = below else { return None };
                    self.check_hints(index, analysis, number, None).ok()?;
                    let mut read = needs.files.iter().chain(&needs.directories);
                    if read.any(|path| touched.iter().any(|touched| path.overlaps(touched))) {
                        return None;
                    }
                    let directory = managed.usage.directory.clone()?;
                    let is_here = above.workdir.as_ref() == Some(&directory);
                    if !is_here && !destination::is_plain(directory.as_str()) {
                        return None;
                    }
                    // A COPY makes the directory that the download works in.
                    if !is_here && !needs.files.iter().any(|path| path.below(&directory).is_some()) {
                        return None;
                    }
                    // What the download puts into the project, commands before the install would find there.
                    let is_apart = needs.outputs.is_empty();
                    let is_silent = |number: usize| analysis.effects_of(number).writes == Paths::none();
                    let is_alone = writers.is_empty()
                        && (0..number).all(|at| analysis.pieces[at].is_shell_state || is_silent(at));
                    if !is_alone && !is_apart {
                        return None;
                    }
                    let line = step.instruction.start_line();
                    let setups =
                        writers.iter().map(|(step, analysis)| (*step, *analysis, analysis.pieces.len()));
                    let mut setups = setups.chain([(step, analysis, number)]);
                    let read = Paths::below([&needs.files[..], &needs.directories].concat());
                    let found = setups.find_map(|(step, analysis, count)| {
                        let download = Download {
                            has_flags: has_flags_of(step, &flags),
                            variables: &managed.command().assignments,
                            reads: &read,
                        };
                        Some((step.instruction.start_line(), download.set_up_by(analysis, count)?))
                    });
                    if let Some((at, setup)) = found {
                        let served = shown(managed, analysis);
                        *reason = Some((line, setup.reason(&served, (at != line).then_some(at))));
                        return None;
                    }
                    self.gained.push((step.instruction.start_line(), name));
                    self.manifests = manifests;
                    let directory = (!is_here).then_some(directory);
                    return Some(Below::Prefetch {
                        flags,
                        command,
                        directory,
                        after: None,
                        early: Manifests::default(),
                    });
                }
                Keyword::Copy | Keyword::Add => {
                    let copy = Copy::of(&step.instruction)?;
                    let target = step.state.path(&copy.destination.text, input.file().escape())?;
                    if target.below(&self.target).is_none_or(str::is_empty) {
                        return None;
                    }
                    touched.push(target);
                }
                Keyword::Volume | Keyword::From | Keyword::Unknown => return None,
                _ => {}
            }
        }
        None
    }
}

impl Setup {
    fn reason(&self, served: &str, line: Option<usize>) -> String {
        let place = line.map_or("before it".to_owned(), |line| format!("in line {line}"));
        match self {
            Self::Unknown(what) => format!(
                "{served} stays below the sources: {what} {place} may set up what a download of its own would need"
            ),
            Self::Downloads(what) => format!(
                "{served} stays below the sources: {what} {place} downloads with flags or variables that a download of its own would \
                 lack"
            ),
            Self::Manifests(what) => {
                format!(
                    "{served} stays below the sources: {what} {place} writes what a download of its own would read"
                )
            }
            Self::Writes(what) => format!(
                "{served} stays below the sources: {what} {place} writes where a download of its own may look for programs and \
                 settings"
            ),
        }
    }
}

/// Whether all flags of a RUN are among those of another, but for caches: secrets and networks are for downloads.
fn has_flags_of(step: &Step<'_>, flags: &[String]) -> bool {
    let instruction = &step.instruction;
    let mounts = instruction.mounts();
    let is_cache = |written: &str| {
        mounts
            .iter()
            .filter(|mount| matches!(mount.kind, MountKind::Cache | MountKind::Tmpfs))
            .any(|mount| mount.flag.span.of(instruction.text()) == written.as_bytes())
    };
    instruction.flags().iter().all(|flag| {
        let written = String::from_utf8_lossy(flag.span.of(instruction.text())).into_owned();
        flags.contains(&written) || is_cache(&written)
    })
}

/// A download that would come above commands.
struct Download<'d> {
    /// It has the flags of their RUN, too.
    has_flags: bool,
    /// The variables that it sets.
    variables: &'d [(String, Option<String>)],
    /// What it reads.
    reads: &'d Paths,
}

impl Download<'_> {
    /// A command among the first `count` links of a RUN that it may need to have run before it.
    fn set_up_by(&self, analysis: &Analysis<'_>, count: usize) -> Option<Setup> {
        (0..count).find_map(|number| {
            let link = &analysis.chain.links[number];
            if analysis.pieces[number].is_shell_state {
                return None;
            }
            let text = String::from_utf8_lossy(link.span.of(analysis.chain.text));
            let named = || format!("`{}`", shortened(&text.split_whitespace().collect::<Vec<_>>().join(" ")));
            if is_of_code(&link.action) {
                let downloads_alike = self.has_flags && has_variables(&link.action, self.variables);
                return (!downloads_alike).then(|| Setup::Downloads(named()));
            }
            if let Some(unknown) = analysis.unknown_in(number) {
                return Some(Setup::Unknown(match &link.action {
                    Action::Opaque(_) => unknown.to_owned(),
                    _ => named(),
                }));
            }
            let home = analysis.state().home().map(|home| vec![home]).unwrap_or_default();
            let needed = Paths::below(NEEDED.to_vec()).and(Paths::below(home));
            let writes = analysis.effects_of(number).writes;
            if writes.overlaps(self.reads) {
                return Some(Setup::Manifests(named()));
            }
            writes.overlaps(&needed).then(|| Setup::Writes(named()))
        })
    }
}

/// Whether commands have no variables but those that the download gets, and such as say for which machine is built.
fn has_variables(action: &Action<'_>, variables: &[(String, Option<String>)]) -> bool {
    const OF_BUILDS: [&str; 4] = ["CGO_ENABLED", "GOOS", "GOARCH", "GOARM"];
    let Action::Pipeline(commands) = action else { return false };
    commands.iter().flat_map(|command| &command.assignments).all(|assigned| {
        OF_BUILDS.contains(&&*assigned.0) || assigned.1.is_some() && variables.contains(assigned)
    })
}

/// Whether commands make, check or format code, or fetch modules.
fn is_of_code(action: &Action<'_>) -> bool {
    let Action::Pipeline(commands) = action else { return false };
    commands.iter().all(|command| {
        let is_found = matches!(command.program_path.rsplit_once('/'), None | Some(("/go/bin", _)));
        is_found && (OF_CODE.contains(&&*command.program) || is_of_modules(command))
    })
}

/// Whether a command of go works on modules or code and runs none of it; `go get -u` asks for other versions than a download
/// would.
fn is_of_modules(command: &Invocation<'_>) -> bool {
    let mut words = command.arguments.iter().map(|argument| argument.value.as_deref());
    let is_known =
        |verb: &str| matches!(verb, "build" | "fix" | "fmt" | "install" | "list" | "vet" | "version");
    command.program == "go"
        && match words.next().flatten() {
            Some("mod") => {
                matches!(words.next().flatten(), Some("tidy" | "vendor" | "verify" | "graph" | "why"))
            }
            Some("get") => !command.arguments.iter().any(|word| word.text.starts_with(b"-u")),
            Some(verb) => is_known(verb),
            None => false,
        }
}
