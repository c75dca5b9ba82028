//! Mix: dependencies of Elixir projects.
//!
//! - **Commands**: `deps.get` and `deps.compile` need mix.exs, mix.lock and the configuration, also several of them in a
//!   `mix do`. A dependency that is compiled by name and with `--force` is compiled again for the sake of sources that it
//!   takes in (hexdocs.pm/sentry, "Setup"), and stays below them. A `mix do` that goes on with other tasks can have its dependencies fetched and compiled before the sources
//!   are there. `local.hex`, `local.rebar` and `archive.install` install tools, but load mix.exs and configuration too,
//!   as every task does. Other tasks are the project's.
//! - **Manifests**: `mix.exs` with those of path dependencies and of the apps of an umbrella, `mix.lock`, `config/config.exs`
//!   and what it imports; files that they read. They are programs: those whose inputs cannot be worked out are refused.
//!   Dependencies are compiled with the configuration, which therefore must not come later (hexdocs.pm, `mix
//!   deps.compile`, `Config`).
//! - **Caches**: `packages` in `$HEX_HOME` or `~/.hex`, pure, locked (hexpm/hex, `mix hex.config`). Never that directory
//!   itself, which holds keys, nor `~/.mix`, which holds the tools.
//! - **Outputs**: `deps`, `_build`.
//! - **Refused**: aliases that redefine these tasks, path dependencies that the build context does not hold; compiling the
//!   apps of an umbrella, dependencies that come from the build context, or with a configuration that names the project's
//!   directory.

mod program;
mod project;
mod tokens;

use dockfix_model::State;
use dockfix_model::commands::{Argument, Invocation};
use dockfix_model::effects::{Effects, Paths};
use dockfix_model::project::Project;

use self::project::Work;

use crate::environment::{Environment, Setting};
use crate::options::{Grammar, Short, Words};
use crate::rebuilt::Rebuilt;
use crate::{
    Cache, CacheKind, CachePlan, Ecosystem, Needs, Refusal, Sharing, Usage, UsageKind, names, system,
};

/// Dependencies.
pub(crate) struct Mix;

/// Tools that mix installs for itself: apart from [`Mix`], for they are no sign that dependencies have been fetched.
pub(crate) struct MixLocal;

/// A command line of mix.
struct Line<'c> {
    tasks: Vec<Task<'c>>,
    /// Whether `+` stands between the tasks, and not a comma.
    has_plus: bool,
}

/// A task with its words, commas taken off.
struct Task<'c> {
    name: String,
    kind: Kind,
    words: Vec<Argument<'c>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Get,
    Compile,
    /// A tool.
    Local,
    /// Any other task.
    Other,
}

impl<'c> Line<'c> {
    fn read(command: &Invocation<'c>) -> Option<Self> {
        if command.program != "mix" {
            return None;
        }
        let (first, rest) = command.arguments.split_first()?;
        let mut groups: Vec<Vec<Argument<'c>>> = vec![Vec::new()];
        let mut has_plus = false;
        if first.value.as_deref()? == "do" {
            for argument in rest {
                if argument.value.as_deref() == Some("+") {
                    has_plus = true;
                    groups.push(Vec::new());
                    continue;
                }
                let (argument, ends) = without_comma(argument);
                if argument.value.as_deref() != Some("")
                    && let Some(group) = groups.last_mut()
                {
                    group.push(argument);
                }
                if ends {
                    groups.push(Vec::new());
                }
            }
        } else {
            groups = vec![command.arguments.clone()];
        }
        let groups = groups.into_iter().filter(|group| !group.is_empty());
        let tasks: Vec<_> = groups.map(|words| Task::of(command, words)).collect::<Option<_>>()?;
        Some(Self { tasks, has_plus })
    }

    fn has(&self, kind: Kind) -> bool {
        self.tasks.iter().any(|task| task.kind == kind)
    }

    /// The tasks in front of the first that is not known.
    fn known(&self) -> &[Task<'c>] {
        let end = self.tasks.iter().position(|task| task.kind == Kind::Other).unwrap_or(self.tasks.len());
        &self.tasks[..end]
    }

    fn usage(&self) -> Option<UsageKind> {
        let fetches = |kind| self.known().iter().any(|task| task.kind == kind);
        if !self.has(Kind::Other) {
            return Some(UsageKind::Install);
        }
        fetches(Kind::Get).then_some(UsageKind::Build)
    }
}

impl<'c> Task<'c> {
    fn of(command: &Invocation<'c>, words: Vec<Argument<'c>>) -> Option<Self> {
        let name = words.first()?.value.as_deref()?.to_owned();
        let kind = match name.as_str() {
            "deps.get" => Kind::Get,
            "deps.compile" => Kind::Compile,
            "local.hex" | "local.rebar" | "archive.install" | "escript.install" | "hex.repo"
            | "hex.organization" => Kind::Local,
            _ => Kind::Other,
        };
        let task = Self { name, kind, words };
        let kind = if task.is_clear(command) { kind } else { Kind::Other };
        Some(Self { kind, ..task })
    }

    /// Whether its words are known.
    fn is_clear(&self, command: &Invocation<'c>) -> bool {
        if self.kind == Kind::Other {
            return false;
        }
        let alone = Invocation { arguments: self.words.clone(), ..command.clone() };
        let Some(words) = Words::read(&alone, 1, &GRAMMAR) else { return false };
        let first = words.operands.first().and_then(|operand| operand.value);
        match self.name.as_str() {
            "deps.get" | "local.rebar" => words.operands.is_empty(),
            // Anything else is a file, or the project itself.
            "archive.install" | "escript.install" => matches!(first, Some("hex" | "github" | "git")),
            "deps.compile" => words.operands.is_empty() || !words.has(&["--force"]),
            _ => true,
        }
    }

    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|argument| argument.value.as_deref() == Some(word))
    }
}

/// An argument without the comma that ends a task, and whether there was one.
fn without_comma<'c>(argument: &Argument<'c>) -> (Argument<'c>, bool) {
    let mut argument = argument.clone();
    let in_text = argument.text.ends_with(b",");
    if in_text {
        argument.text = &argument.text[..argument.text.len() - 1];
    }
    let value = argument.value.as_deref().and_then(|value| value.strip_suffix(','));
    let value = value.map(|value| value.to_owned().into());
    let in_value = value.is_some();
    if in_value {
        argument.value = value;
    }
    (argument, in_text || in_value)
}

impl Ecosystem for Mix {
    fn name(&self) -> &'static str {
        "mix"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["mix"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        if !line.has(Kind::Get) && !line.has(Kind::Compile) {
            return None;
        }
        let kind = line.usage()?;
        let effects = match kind {
            UsageKind::Build => Effects::opaque(),
            _ => effects(command, state)?,
        };
        Some(Usage {
            kind,
            directory: command.directory.clone(),
            effects,
            runs_package_code: line.has(Kind::Compile),
        })
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        usage: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(Needs::default()) };
        let names: Vec<_> = line.known().iter().map(|task| task.name.clone()).collect();
        let compiles = |skip: &[&str]| {
            let mut tasks = line.known().iter().filter(|task| task.kind == Kind::Compile);
            tasks.any(|task| !skip.iter().any(|option| task.has(option)))
        };
        let work = Work {
            fetches: line.has(Kind::Get),
            compiles: compiles(&[]),
            compiles_local: compiles(&["--skip-local-deps"]),
            compiles_apps: compiles(&["--skip-local-deps", "--skip-umbrella-children"]),
        };
        let none = || {
            Refusal::new(format!("no mix.exs is copied from the build context to {}", project.directory()))
        };
        let of = |work| project::needs(project, &names, work)?.ok_or_else(none);
        if usage.kind != UsageKind::Build {
            let mut needs = of(work)?;
            if line.tasks.iter().any(|task| task.kind == Kind::Get && task.has("--check-locked")) {
                needs.rewritten.clear();
            }
            return Ok(needs);
        }
        // Where dependencies cannot be compiled before the sources are there, they can still be fetched.
        let all = Work { compiles: true, compiles_local: true, compiles_apps: true, ..work };
        let (mut needs, compiles) = match of(if work.compiles { work } else { all }) {
            Err(_) if !work.compiles => (of(work)?, false),
            needs => (needs?, true),
        };
        needs.rewritten.clear();
        needs.prefetch = Some(prefetch(command, &line, compiles)?);
        Ok(needs)
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        _: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        if !Line::read(command).is_some_and(|line| line.has(Kind::Get)) {
            return Ok(CachePlan::default());
        }
        let environment = Environment::new(command, state);
        if environment.get("MIX_XDG") != Setting::Unset {
            return Err(Refusal::new("MIX_XDG moves the cache"));
        }
        environment.check_root(|| {
            "a mount in ~/.hex would make that directory root's, where hex, run as another user, has to write".to_owned()
        })?;
        let home = match environment.path("HEX_HOME")? {
            Some(home) => home,
            None => environment.home()?.join(".hex"),
        };
        let cache =
            Cache { directory: home.join("packages"), kind: CacheKind::Pure, sharing: Sharing::Locked };
        Ok(CachePlan { caches: vec![cache], edits: Vec::new() })
    }

    fn ignored(&self) -> &'static [&'static str] {
        // Not `**/deps`: a module may have a directory of that name.
        &["deps", "**/_build"]
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["mix.exs"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["mix.lock"]
    }
}

impl Ecosystem for MixLocal {
    fn name(&self) -> &'static str {
        "mix local"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["mix"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        if line.tasks.is_empty() || line.tasks.iter().any(|task| task.kind != Kind::Local) {
            return None;
        }
        let effects = effects(command, state)?;
        let directory = command.directory.clone();
        Some(Usage { kind: UsageKind::Install, directory, effects, runs_package_code: false })
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(Needs::default()) };
        let names: Vec<_> = line.tasks.iter().map(|task| task.name.clone()).collect();
        let mut needs = project::needs(project, &names, Work::default())?.unwrap_or_default();
        // It loads the project, and writes nothing there.
        needs.rewritten.clear();
        needs.outputs.clear();
        Ok(needs)
    }
}

/// The tasks in front of those that need the sources, and the compilation of dependencies where that is possible.
fn prefetch(command: &Invocation<'_>, line: &Line<'_>, compiles: bool) -> Result<String, Refusal> {
    let mut rebuilt = Rebuilt::of(command)?;
    rebuilt.push("do");
    let known = line.known();
    let separate =
        |rebuilt: &mut Rebuilt| if line.has_plus { rebuilt.push("+") } else { rebuilt.end_with(",") };
    for (at, task) in known.iter().enumerate() {
        if at > 0 {
            separate(&mut rebuilt);
        }
        task.words.iter().for_each(|word| rebuilt.push_argument(word));
    }
    if compiles && !known.iter().any(|task| task.kind == Kind::Compile) {
        separate(&mut rebuilt);
        rebuilt.push("deps.compile");
    }
    Ok(rebuilt.line())
}

/// What mix, hex and rebar keep in the home directory.
const IN_HOME: &[&str] = &[
    ".mix",
    ".hex",
    ".cache",
    ".config",
    ".local/share",
    ".gitconfig",
    ".git-credentials",
    ".ssh",
    ".netrc",
    ".cargo",
];

/// What fetching and compiling dependencies touches besides the project; `None` where variables move the project.
fn effects(command: &Invocation<'_>, state: &State) -> Option<Effects> {
    let environment = Environment::new(command, state);
    if environment.get("MIX_EXS") != Setting::Unset {
        return None;
    }
    let mut kept = environment.below_home(IN_HOME);
    for name in [
        "MIX_HOME",
        "MIX_ARCHIVES",
        "MIX_DEPS_PATH",
        "MIX_BUILD_PATH",
        "MIX_BUILD_ROOT",
        "HEX_HOME",
        "REBAR_CACHE_DIR",
        "REBAR_GLOBAL_CACHE_DIR",
    ] {
        kept = match environment.path(name) {
            Ok(Some(path)) => kept.and(Paths::below(vec![path])),
            Ok(None) => kept,
            Err(_) => Paths::All,
        };
    }
    let read = system::below(&[
        "/etc",
        "/usr/include",
        "/usr/share",
        "/usr/local/include",
        "/usr/local/share",
        "/usr/libexec",
    ]);
    Some(Effects {
        reads: kept.clone().and(read).and(system::below(system::PROGRAMS)),
        writes: kept,
        environment: names(VARIABLES),
    })
}

/// hexdocs.pm, "Mix", environment variables; `mix hex.config`; rebar3.org, "Configuration"; what builds of native code
/// commonly read.
const VARIABLES: &[&str] = &[
    "MIX_* HEX_* REBAR* ERL_* ERLC_* ELIXIR_* ELIXIRC_* XDG_*",
    crate::GIT_VARIABLES,
    "SSH_* NETRC USER NO_COLOR",
    "MAKE MAKEFLAGS CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS PKG_CONFIG* CARGO_* RUST* RUSTLER_* ERTS_*",
];

/// `mix help deps.get`, `mix help deps.compile`, `mix help local.hex`, `mix help archive.install`, `mix help hex.repo`.
const GRAMMAR: Grammar = Grammar {
    valued: &[
        "--only --target --sha512 --branch --tag --ref --app --repo --organization --timeout --sparse --depth --key",
        "--fetch-public-key --auth-key --public-key --key-name --oauth-exchange-url",
    ],
    switches: &[
        "--check-locked --no-archives-check --force --if-missing --include-children --skip-umbrella-children",
        "--skip-local-deps --no-compile --submodules --no-deps-check --all --no-oauth-exchange --no-optional-deps",
    ],
    short: Short::Clustered,
    ends_at_operand: false,
    table: None,
};

#[cfg(test)]
mod tests;
