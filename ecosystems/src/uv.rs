//! uv: `uv sync`, `uv pip`, `uv tool`, `uv python`. (`uv venv` is with the other virtual environments.)
//!
//! - **Commands**: `sync`, `pip install` and `pip sync` are installs. `tool install`, `python install VERSION`, `self` and
//!   `--version` work on no project, `cache clean` and `cache prune` empty the cache. `run`, `lock`, `add`, `export`,
//!   `build` and the rest are opaque.
//! - **Manifests**: `pyproject.toml`, `uv.lock` and `pyproject.toml` of the workspace, `uv.toml`, `.python-version`; for
//!   `uv pip`, requirements files as pip has them, and `pyproject.toml` with static dependencies.
//! - **Prefetch**: `uv sync --frozen --no-install-project`; `--no-install-workspace` in a workspace, and
//!   `--no-install-package` for each dependency with a path. These flags exist since 0.3.5 and with `--frozen` need no
//!   `pyproject.toml` but the root's; `--no-install-local`, which says the same, exists since 0.8.14 only. Under
//!   `UV_LOCKED` without `--frozen`, which may not stand beside it.
//! - **Caches**: `--cache-dir`, `UV_CACHE_DIR`, `$XDG_CACHE_HOME/uv`, `~/.cache/uv`; pure, and safe for several builds at
//!   once ("Caching", "Cache safety"). Not the directories of Pythons and tools, to which environments are linked.
//!   Not where a package of the context is copied into the environment, of which uv would take an old wheel, nor where an
//!   archive is asked for by its address, or options or variables say how to compile.
//! - **Refused**: local projects in requirements; a cache that environments are linked into (`UV_LINK_MODE=symlink`);
//!   no lock file together with a workspace, path dependencies or dynamic metadata, which uv asks the sources for.
//!
//! Sources: uv's documentation, "CLI reference", "Configuration files", "Using uv in Docker", "Storage reference".

mod cached;
mod local;
mod pip;
mod sync;
mod version;

use dockfix_model::commands::Invocation;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};

use crate::environment::{Environment, Setting};
use crate::options::{self, Given, Grammar, Short, Value, Words};
use crate::python::call::arguments_of;
use crate::python::places;
use crate::python::source::{Source, begins_with_comparison, has_scheme, source};
use crate::{CachePlan, Ecosystem, Needs, Refusal, SettingsFiles, Usage, UsageKind};

/// uv.
pub(crate) struct Uv;

/// Options that every command knows, with the names that they have in pip (tried with 0.6.7 and 0.13.9; `--help` does not
/// show those).
const VALUED: &str = "--cache-dir --color --config-file --directory --project --allow-insecure-host --trusted-host \
                      --python-preference --preview-features --python-fetch";
const SWITCHES: &str = "-n --no-cache --no-cache-dir -q --quiet -v --verbose --no-config --isolated --no-progress \
                        --no-color --offline --no-offline --native-tls --system-certs --managed-python \
                        --no-managed-python --no-python-downloads --preview --no-preview -h --help -V --version";

const GLOBAL: Grammar = Grammar {
    valued: &[VALUED],
    switches: &[SWITCHES],
    short: Short::Clustered,
    ends_at_operand: true,
    table: None,
};
const SYNC: Grammar = Grammar::gnu(
    &[
        VALUED,
        "--extra --no-extra --output-format --group --no-group --only-group --no-editable-package",
        "--no-install-package --package --python-platform --index --default-index -i --index-url",
        "--extra-index-url -f --find-links --index-strategy --keyring-provider -P --upgrade-package --upgrade-group",
        "--resolution --prerelease --prerelease-package --fork-strategy --exclude-newer --exclude-newer-package",
        "--no-sources-package --reinstall-package --link-mode -C --config-setting --config-settings",
        "--config-settings-package --no-build-isolation-package --no-build-package --no-binary-package",
        "--refresh-package -p --python",
    ],
    &[
        SWITCHES,
        "--all-extras --no-dev --only-dev --dev --all-groups --no-default-groups --no-editable --inexact --exact",
        "--active --no-install-project --no-install-workspace --no-install-local --locked --frozen --all-packages",
        "--no-index -U --upgrade --no-sources --reinstall --compile-bytecode --no-compile-bytecode",
        "--no-build-isolation --no-build --no-binary --refresh",
    ],
);
const PIP: Grammar = Grammar::gnu(
    &[
        VALUED,
        "-r --requirement --requirements -e --editable -c --constraint --constraints -b --build-constraint",
        "--build-constraints --overrides --override --excludes --exclude -t --target --prefix --no-binary",
        "--only-binary --python-version --python-platform --torch-backend --cert --group --extra --index",
        "--default-index -i --index-url --extra-index-url -f --find-links --index-strategy --keyring-provider -P",
        "--upgrade-package --resolution --prerelease --fork-strategy --exclude-newer --exclude-newer-package",
        "--reinstall-package --link-mode -C --config-setting --config-settings --config-settings-package",
        "--no-build-isolation-package --no-build-package --refresh-package -p --python --output-format",
    ],
    &[
        SWITCHES,
        "--system --no-system --break-system-packages --no-break-system-packages --no-deps --require-hashes",
        "--no-require-hashes --no-verify-hashes --verify-hashes --user --exact --inexact --strict --no-strict",
        "--all-extras --no-build --build --compile-bytecode --compile --no-compile-bytecode --no-compile --no-index",
        "-U --upgrade --no-upgrade --reinstall --force-reinstall --no-reinstall --refresh --no-refresh --no-sources",
        "--no-build-isolation --build-isolation --pre --dry-run --allow-empty-requirements",
        "--disable-pip-version-check",
    ],
);
const OTHER: Grammar = Grammar::gnu(
    &[
        VALUED,
        "-p --python --with --index --default-index -i --index-url --extra-index-url --mirror -P --upgrade-package",
        "--install-dir --link-mode --exclude-newer --prerelease --resolution",
    ],
    &[SWITCHES, "--force --all --ci --reinstall --default --no-bin -U --upgrade --refresh"],
);

/// `uv run`, `uv tool run` and `uvx`: what they run and its options come last.
const RUN: Grammar = Grammar {
    valued: &[
        VALUED,
        "--extra --no-extra --group --no-group --only-group --no-editable-package --env-file -w --with --with-editable",
        "--with-requirements --package --python-platform --index --default-index -i --index-url --extra-index-url -f",
        "--find-links --index-strategy --keyring-provider -P --upgrade-package --upgrade-group --resolution --prerelease",
        "--prerelease-package --fork-strategy --exclude-newer --exclude-newer-package --no-sources-package",
        "--reinstall-package --link-mode -C --config-setting --config-settings --config-settings-package",
        "--no-build-isolation-package --no-build-package --no-binary-package --refresh-package -p --python --from -c",
        "--constraints --constraint -b --build-constraints --build-constraint --overrides --override --torch-backend",
    ],
    switches: &[
        SWITCHES,
        "--all-extras --no-dev --dev --only-dev --no-default-groups --all-groups -m --module --no-editable --exact",
        "--no-env-file --isolated --active --no-sync --locked --frozen -s --script --gui-script --all-packages --no-project",
        "--no-index -U --upgrade --no-sources --reinstall --compile-bytecode --no-build-isolation --no-build --no-binary",
        "--require-build-hashes --no-require-build-hashes --refresh --lfs",
    ],
    short: Short::Clustered,
    ends_at_operand: true,
    table: None,
};

/// Variables that name files.
const FILES: [&str; 10] = [
    "UV_CONSTRAINT",
    "UV_OVERRIDE",
    "UV_BUILD_CONSTRAINT",
    "UV_EXCLUDE",
    "UV_EXCLUDES",
    "UV_FIND_LINKS",
    "UV_CONFIG_FILE",
    "UV_ENV_FILE",
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
];
/// Variables that name directories which are written to.
const DIRECTORIES: [&str; 6] = [
    "UV_PROJECT_ENVIRONMENT",
    "UV_CACHE_DIR",
    "UV_PYTHON_INSTALL_DIR",
    "UV_PYTHON_CACHE_DIR",
    "UV_TOOL_DIR",
    "UV_TOOL_BIN_DIR",
];

/// A command line of uv.
struct Line<'c> {
    /// The index of the first argument that is uv's own.
    first: usize,
    verb: Verb,
    /// Options in front of the command.
    global: Words<'c>,
    /// What follows the command.
    words: Words<'c>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Sync,
    PipInstall,
    PipSync,
    /// `pip list`, `pip freeze`, `pip uninstall`.
    PipOther,
    ToolInstall,
    /// Works on uv itself, its Pythons and settings.
    Own,
    CleanCache,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        let first = arguments_of(command, "uv")?;
        let global = Words::read(command, first, &GLOBAL)?;
        let at = command.arguments.len() - global.operands.len();
        let word = |at: usize| command.arguments.get(at)?.value.as_deref();
        let (verb, grammar, length) =
            match (global.operands.first().map(|operand| operand.value), word(at + 1)) {
                (None, _) if global.has(&["-V", "--version", "-h", "--help"]) => (Verb::Own, &OTHER, 0),
                (Some(Some("sync")), _) => (Verb::Sync, &SYNC, 1),
                (Some(Some("pip")), Some("install")) => (Verb::PipInstall, &PIP, 2),
                (Some(Some("pip")), Some("sync")) => (Verb::PipSync, &PIP, 2),
                (Some(Some("pip")), Some("uninstall" | "list" | "freeze" | "show" | "check")) => {
                    (Verb::PipOther, &PIP, 2)
                }
                (Some(Some("tool")), Some("install")) => (Verb::ToolInstall, &OTHER, 2),
                (Some(Some("tool")), Some("list" | "update-shell" | "dir")) => (Verb::Own, &OTHER, 2),
                (Some(Some("python")), Some("install" | "list" | "dir")) => (Verb::Own, &OTHER, 2),
                (Some(Some("self")), Some("version" | "update")) => (Verb::Own, &OTHER, 2),
                (Some(Some("help")), _) => (Verb::Own, &OTHER, 1),
                (Some(Some("cache")), Some("clean" | "prune")) => (Verb::CleanCache, &OTHER, 2),
                (Some(Some("cache")), Some("dir")) => (Verb::Own, &OTHER, 2),
                (Some(Some("clean")), _) => (Verb::CleanCache, &OTHER, 1),
                _ => return None,
            };
        let words = Words::read(command, at + length, grammar)?;
        let is_installing_python = verb == Verb::Own && word(at + 1) == Some("install");
        match verb {
            Verb::Sync if !words.operands.is_empty() => return None,
            // Without a version it looks for one in the project.
            Verb::Own if is_installing_python && words.operands.is_empty() => return None,
            _ if words.options.iter().any(names_local_index) => return None,
            Verb::PipOther if words.has(&["-r", "--requirement", "--requirements"]) => return None,
            _ => {}
        }
        Some(Self { first, verb, global, words })
    }

    fn has(&self, names: &[&str]) -> bool {
        self.words.has(names) || self.global.has(names)
    }

    fn value(&self, names: &[&str]) -> Option<&Value<'c>> {
        self.words.value(names).or_else(|| self.global.value(names))
    }

    /// The directory of the project: `--project` below `--directory`; for `uv pip`, what paths are relative to.
    fn directory(&self, command: &Invocation<'_>) -> Option<ImagePath> {
        let names: &[&str] =
            if self.verb == Verb::Sync { &["--directory", "--project"] } else { &["--directory"] };
        let mut directory = command.directory.clone();
        for name in names {
            if let Some(value) = self.value(&[name]) {
                let path = value.known()?;
                directory = options::path(path, directory.as_ref());
            }
        }
        directory
    }

    fn is_install(&self) -> bool {
        matches!(self.verb, Verb::Sync | Verb::PipInstall | Verb::PipSync | Verb::ToolInstall)
    }
}

/// Whether `UV_LOCKED` makes a command compare the lock file with the project that it installs. Up to 0.9.20 no command may
/// be told `--frozen` then, later ones obey that (tried; so does `UV_LOCKED=0`).
fn is_locked(line: &Line<'_>, environment: &Environment<'_>) -> bool {
    !line.has(&["--frozen", "--no-install-project", "--no-install-workspace", "--no-install-local"])
        && environment.get("UV_LOCKED") != Setting::Unset
}

/// Whether an option makes a directory an index of packages.
fn names_local_index(option: &Given<'_>) -> bool {
    const INDEXES: [&str; 5] = ["--index", "--default-index", "-i", "--index-url", "--extra-index-url"];
    let value = option.value.beginning();
    let address = value.split_once('=').map_or(value, |(_, address)| address);
    INDEXES.contains(&option.name)
        && option.value.known().is_some()
        && !has_scheme(address)
        && !has_scheme(value)
}

/// Whether a command has an environment in the cache, or may have one.
fn runs_from_cache(command: &Invocation<'_>, project: Option<&Project<'_>>) -> bool {
    let word = |at: usize| command.arguments.get(at).and_then(|argument| argument.value.as_deref());
    let (is_tool, first, directory) = if command.program == "uvx" {
        (true, 0, None)
    } else {
        let Some(first) = arguments_of(command, "uv") else { return false };
        let Some(global) = Words::read(command, first, &GLOBAL) else { return command.has("run") };
        let at = command.arguments.len() - global.operands.len();
        let directory = global.value(&["--directory"]).map(|value| value.path(command.directory.as_ref()));
        match (word(at), word(at + 1)) {
            (Some("tool"), Some("run")) => (true, at + 2, None),
            (Some("run"), _) => (false, at + 1, directory),
            (Some("sync"), _) => return command.has("--script"),
            _ => return false,
        }
    };
    let Some(words) = Words::read(command, first, &RUN) else { return true };
    if words.has(&["-n", "--no-cache"]) {
        return false;
    }
    let Some(target) = words.operands.first() else { return false };
    if is_tool || words.has(&["-w", "--with", "--with-editable", "--with-requirements"]) {
        return true;
    }
    let Some(path) = target.value else { return true };
    let is_script = [".py", ".pyw"].iter().any(|ending| path.ends_with(ending))
        || words.has(&["-s", "--script", "--gui-script"]);
    if path == "-" || has_scheme(path) {
        return true;
    }
    if !is_script || words.has(&["-m", "--module"]) {
        return false;
    }
    // `# /// script` begins the metadata (packaging.python.org, "Inline script metadata").
    let own = words.value(&["--directory"]).map(|value| value.path(command.directory.as_ref()));
    let directory = own.or(directory).unwrap_or_else(|| command.directory.clone());
    let script = ImagePath::absolute(path).or_else(|| Some(directory?.join(path)));
    let text = project.zip(script).and_then(|(project, script)| project.read_text(script.as_str()));
    text.is_none_or(|text| text.lines().any(|line| line.trim_end() == "# /// script"))
}

impl Ecosystem for Uv {
    fn name(&self) -> &'static str {
        "uv"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["uv", "python", "pypy"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["sync", "add", "run", "pip install", "pip sync", "tool install"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let environment = Environment::new(command, state);
        if ["UV_PROJECT", "UV_WORKING_DIR"].iter().any(|name| environment.get(name) != Setting::Unset) {
            return None;
        }
        let directory = line.directory(command);
        let mut effects = places::installation(command, state, &["UV_*", "GITHUB_TOKEN"]);
        places::add_files(&mut effects, &environment, &FILES)?;
        places::add_directories(&mut effects, &environment, &DIRECTORIES, directory.as_ref())?;
        let usage = |kind, directory, effects| Usage {
            kind,
            directory,
            effects,
            runs_package_code: line.is_install() && !line.has(&["--no-build"]),
        };
        match line.verb {
            Verb::Sync => {
                // `uv sync --config-file x` and `-f x` read what lies anywhere.
                let is_elsewhere = line.has(&["--config-file", "-f", "--find-links"]);
                let kind = if is_locked(&line, &environment) { UsageKind::Build } else { UsageKind::Install };
                (!is_elsewhere).then(|| usage(kind, directory, effects))
            }
            Verb::PipInstall | Verb::PipSync => {
                if line.has(&["--config-file"]) {
                    return None;
                }
                let (kind, effects) = pip::recognise(&line, directory.as_ref(), effects)?;
                let directory = directory.filter(|_| kind != UsageKind::Packages);
                Some(usage(kind, directory, effects))
            }
            Verb::ToolInstall => {
                let named = line.words.operands.iter().all(|operand| match operand.value {
                    // `ruff@0.6.0`
                    Some(name) => !matches!(source(name.split('@').next().unwrap_or(name)), Source::Local(_)),
                    None => begins_with_comparison(&operand.beginning()),
                });
                named.then(|| usage(UsageKind::Packages, None, effects))
            }
            Verb::PipOther | Verb::Own => Some(usage(UsageKind::Packages, None, effects)),
            Verb::CleanCache => Some(usage(UsageKind::CleanCache, None, effects)),
        }
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        usage: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        match Line::read(command) {
            Some(line) if line.verb == Verb::Sync => {
                sync::needs(&line, command, project, usage.kind == UsageKind::Build)
            }
            Some(line) if line.is_install() => pip::needs(&line, project),
            _ => Err(Refusal::new("it is no command of uv that is known")),
        }
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        project: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        match Line::read(command) {
            Some(line) if line.is_install() => cached::plan(&line, command, state, project),
            _ => Ok(CachePlan::default()),
        }
    }

    /// `--offline` and UV_OFFLINE (docs.astral.sh/uv, "Environment variables").
    fn lives_off(&self, command: &Invocation<'_>, state: &State, _: &Invocation<'_>) -> bool {
        let is_set = || Environment::new(command, state).get("UV_OFFLINE") != Setting::Unset;
        matches!(&*command.program, "uv" | "uvx") && (command.has("--offline") || is_set())
    }

    /// `uvx`, `uv run --with` and scripts with metadata of their own have their environments in `archive-v0` and
    /// `environments-v2` of the cache, and find them there again (docs.astral.sh/uv, "Storage reference"; looked at with 0.13.9).
    fn installs_into_cache(&self, other: &Invocation<'_>, project: Option<&Project<'_>>) -> bool {
        runs_from_cache(other, project)
    }

    fn keeps_compiled(&self) -> bool {
        true
    }

    fn check_built(
        &self,
        command: &Invocation<'_>,
        state: &State,
        project: Option<&Project<'_>>,
    ) -> Result<(), Refusal> {
        match Line::read(command).filter(Line::is_install) {
            Some(line) => cached::check_built(&line, command, state, project),
            None => Ok(()),
        }
    }

    /// uv's documentation, "CLI reference", `uv sync` ("an exact sync is performed"), `uv pip sync`.
    fn removes_extraneous(&self, command: &Invocation<'_>) -> bool {
        Line::read(command).is_some_and(|line| matches!(line.verb, Verb::Sync | Verb::PipSync))
    }

    /// docs.astral.sh/uv/reference/cli.
    fn upgrades(&self, command: &Invocation<'_>) -> bool {
        const NEWEST: [&str; 6] = ["-U", "--upgrade", "-P", "--upgrade-package", "--pre", "--prerelease"];
        Line::read(command).is_some_and(|line| {
            line.is_install() && line.has(&NEWEST) || line.verb == Verb::Own && command.has("update")
        })
    }

    fn ignored(&self) -> &'static [&'static str] {
        &["**/.venv"]
    }

    /// docs.astral.sh/uv, "Configuration files".
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles {
            home: &[".config/uv/uv.toml"],
            system: &["/etc/uv/uv.toml"],
            project: &["uv.toml"],
            follows_project: true,
            keys: &["cache-dir", "no-cache"],
        }
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["pyproject.toml"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["uv.lock"]
    }
}

#[cfg(test)]
mod tests;
