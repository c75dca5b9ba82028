//! Poetry: `poetry`, `python3 -m poetry`.
//!
//! - **Commands**: `install` and `sync`. `config`, `self`, `about` and `--version` work on no project, `cache clear`
//!   empties the cache. `run`, `build`, `lock`, `add`, `export` and the rest are opaque.
//! - **Manifests**: `pyproject.toml`, `poetry.lock`, `poetry.toml`, archives that the lock file names, and the file of
//!   `project.license`, which every command reads (poetry-core, `Factory._configure_package_metadata`). It reads no
//!   readme and no file of `license-files` before it builds (tried with 1.8.5, 2.1.1 and 2.5.1).
//! - **Prefetch**: the same command with `--no-root`, which leaves out the project itself, and with `--no-directory`,
//!   since Poetry 1.5, where the lock file names directories. `package-mode = false` means `--no-root`.
//! - **Caches**: `cache` and `artifacts` below `POETRY_CACHE_DIR`, `$XDG_CACHE_HOME/pypoetry` or `~/.cache/pypoetry`; pure.
//!   That directory itself only where virtual environments, which lie in it by default, certainly lie elsewhere. Locked, since nothing promises that
//!   several builds may write there at once.
//! - **Refused**: a lock file made by a Poetry before 1.5 with a directory in it; path dependencies without a lock file;
//!   poetry-dynamic-versioning, which reads `.git` whatever the command.
//!
//! Sources: Poetry's documentation, "Commands", "Configuration", "The pyproject.toml file"; `poetry/locations.py`;
//! python-poetry/poetry#6444 on which directories may be mounted.

use dockfix_model::commands::Invocation;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State, User};

use crate::environment::{Environment, Setting};
use crate::options::{self, Grammar, Words};
use crate::python::call::{arguments_of, push_options};
use crate::python::closure::Closure;
use crate::python::toml_file::{Node, TomlFile};
use crate::python::{cache, compiled, places};
use crate::rebuilt::Rebuilt;
use crate::{
    Cache, CacheKind, CachePlan, CommandEdit, Ecosystem, Needs, Refusal, SettingsFiles, Sharing, Usage,
    UsageKind,
};

/// Poetry.
pub(crate) struct Poetry;

const GRAMMAR: Grammar = Grammar::gnu(
    &["--without --with --only -E --extras -C --directory -P --project"],
    &[
        "--no-dev --dev --no-root --no-directory --sync --remove-untracked --all-extras --all-groups --only-root",
        "--compile -q --quiet -n --no-interaction --ansi --no-ansi --no-plugins --no-cache -v --verbose",
        "-V --version -h --help --all --local --list --unset --migrate --dry-run",
    ],
);

/// Options that the prefetch repeats as they stand.
const REPEATED: [&str; 22] = [
    "--without",
    "--with",
    "--only",
    "-E",
    "--extras",
    "--no-dev",
    "--dev",
    "--sync",
    "--remove-untracked",
    "--all-extras",
    "--all-groups",
    "--compile",
    "-q",
    "--quiet",
    "-n",
    "--no-interaction",
    "--ansi",
    "--no-ansi",
    "--no-plugins",
    "--no-cache",
    "-v",
    "--verbose",
];

/// A command line of poetry.
struct Line<'c> {
    /// The index of the first argument that is poetry's own.
    first: usize,
    verb: Verb<'c>,
    words: Words<'c>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb<'c> {
    /// `install` or `sync`.
    Install(&'c str),
    /// Works on settings or on poetry itself.
    Own,
    CleanCache,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        let first = arguments_of(command, "poetry")?;
        let mut words = Words::read(command, first, &GRAMMAR)?;
        if words.operands.is_empty() {
            let is_question = words.has(&["-V", "--version", "-h", "--help"]);
            return is_question.then_some(Self { first, verb: Verb::Own, words });
        }
        let verb = match words.operands.remove(0).value? {
            verb @ ("install" | "sync") if words.operands.is_empty() && !words.has(&["--dry-run"]) => {
                Verb::Install(verb)
            }
            "config" if !words.has(&["--local"]) => Verb::Own,
            "self" | "about" | "list" | "help" => Verb::Own,
            "cache" => match words.operands.first()?.value? {
                "clear" => Verb::CleanCache,
                "list" => Verb::Own,
                _ => return None,
            },
            _ => return None,
        };
        Some(Self { first, verb, words })
    }

    /// The command that installs everything but the project.
    fn prefetch(&self, command: &Invocation<'_>, has_directories: bool) -> Result<String, Refusal> {
        let mut rebuilt = Rebuilt::of(command)?;
        for argument in command.arguments.iter().take(self.first) {
            rebuilt.push_argument(argument);
        }
        if let Verb::Install(verb) = self.verb {
            rebuilt.push(verb);
        }
        rebuilt.push("--no-root");
        if has_directories {
            rebuilt.push("--no-directory");
        }
        push_options(&mut rebuilt, &self.words, |name| REPEATED.contains(&name));
        Ok(rebuilt.line())
    }
}

impl Ecosystem for Poetry {
    fn name(&self) -> &'static str {
        "poetry"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["poetry", "python", "pypy"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["install", "add", "sync", "update"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let environment = Environment::new(command, state);
        let mut effects = places::installation(command, state, &["POETRY_*"]);
        let directory = line.words.directory(command, &["-C", "--directory", "-P", "--project"]);
        let names = ["POETRY_CACHE_DIR", "POETRY_HOME", "POETRY_VIRTUALENVS_PATH", "POETRY_CONFIG_DIR"];
        places::add_directories(&mut effects, &environment, &names, directory.as_ref())?;
        let (kind, directory) = match line.verb {
            Verb::Install(_) if line.words.has(&["--only-root"]) => (UsageKind::Build, directory),
            Verb::Install(_) => (UsageKind::Install, directory),
            Verb::Own => (UsageKind::Packages, None),
            Verb::CleanCache => (UsageKind::CleanCache, None),
        };
        let runs_package_code = matches!(line.verb, Verb::Install(_));
        Some(Usage { kind, directory, effects, runs_package_code })
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let Some(line) = Line::read(command) else {
            return Err(Refusal::new("it is no command of poetry that is known"));
        };
        if line.words.has(&["--only-root"]) {
            return Err(Refusal::new(
                "poetry install --only-root installs the project itself, from its sources",
            ));
        }
        let mut closure = Closure::new(project, "poetry");
        let pyproject = closure.toml(&project.path("pyproject.toml"))?;
        closure.optional(&project.path("poetry.toml"))?;
        let content = pyproject.parse()?;
        let top = pyproject.top(&content);
        let poetry = top.get(&["tool", "poetry"]);
        check_plugins(top)?;
        if let Some(license) = top.get(&["project", "license", "file"]) {
            closure.license(license)?;
        }
        let lock = project.path("poetry.lock");
        let has_directories = if closure.optional(&lock)? {
            read_lock(project, &lock, &mut closure)?
        } else {
            check_unlocked(top)?;
            false
        };
        let is_application = poetry
            .and_then(|poetry| poetry.get(&["package-mode"]))
            .and_then(Node::as_bool)
            .is_some_and(|is_package| !is_package);
        let skips_root = line.words.has(&["--no-root"]) || is_application;
        let skips_directories = !has_directories || line.words.has(&["--no-directory"]);
        let mut needs = closure.into_needs();
        if !(skips_root && skips_directories) {
            needs.prefetch = Some(line.prefetch(command, has_directories)?);
        }
        needs.outputs.extend(places::outputs(project));
        places::add_environment(&mut needs, project);
        Ok(needs)
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        project: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(CachePlan::default()) };
        if !matches!(line.verb, Verb::Install(_)) {
            return Ok(CachePlan::default());
        }
        let environment = Environment::new(command, state);
        let settings = project.map(|project| TomlFile::read(project, &project.path("poetry.toml")));
        let settings = settings.transpose()?.flatten();
        let content = settings.as_ref().map(TomlFile::parse).transpose()?;
        let top = settings.as_ref().zip(content.as_ref()).map(|(file, content)| file.top(content));
        if let Some(moved) = top.and_then(|top| top.get(&["cache-dir"])) {
            return Err(Refusal::new(format!("{} moves poetry's cache", moved.at())));
        }
        // What poetry builds of archives it keeps too (`installation/chef.py`).
        let settings = state.variables.iter().map(|(name, _)| name);
        let settings = settings.filter(|name| name.starts_with("POETRY_INSTALLER_BUILD_CONFIG_SETTINGS_"));
        let variables: Vec<&str> = settings.chain(["POETRY_INSTALLER_NO_BINARY"]).collect();
        compiled::check("poetry", command, state, &line.words, &[], &variables)?;
        let directory = cache::directory(&environment, "POETRY_CACHE_DIR", "pypoetry")?;
        let is_cache_alone = keeps_environments_elsewhere(&environment, top, &directory);
        // While the mount is there, the directories above it that did not exist before belong to root.
        if *environment.user() != User::Root && !is_cache_alone {
            return Err(Refusal::new(format!(
                "poetry makes virtual environments in {directory} too, which would belong to root during the RUN"
            )));
        }
        let directories = if is_cache_alone && is_own(&directory, command, state) {
            vec![directory]
        } else {
            ["cache", "artifacts"].iter().map(|name| directory.join(name)).collect()
        };
        let caches = directories.into_iter().map(|directory| Cache {
            directory,
            kind: CacheKind::Pure,
            sharing: Sharing::Locked,
        });
        let caches = caches.collect();
        let unused =
            command.arguments.iter().filter(|argument| argument.value.as_deref() == Some("--no-cache"));
        let edits = unused.map(|argument| CommandEdit::Remove(argument.span)).collect();
        Ok(CachePlan { caches, edits })
    }

    fn keeps_compiled(&self) -> bool {
        true
    }

    fn configured_by(&self) -> &'static [&'static str] {
        &["poetry", "python", "pypy"]
    }

    fn is_moved_by(&self, command: &Invocation<'_>) -> bool {
        arguments_of(command, "poetry").is_some()
            && options::writes_setting(command, &["config"], &["cache-dir"])
    }

    /// python-poetry.org, "Commands", "sync"; `poetry install --sync` before it.
    fn removes_extraneous(&self, command: &Invocation<'_>) -> bool {
        command.has("sync") || command.has("--sync") || command.has("--remove-untracked")
    }

    /// `virtualenvs.create`, `virtualenvs.in-project` and `virtualenvs.path` (python-poetry.org/docs/configuration).
    fn may_put_outputs_elsewhere(&self) -> bool {
        true
    }

    fn ignored(&self) -> &'static [&'static str] {
        &["**/.venv"]
    }

    /// python-poetry.org/docs/configuration.
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles {
            home: &[".config/pypoetry/config.toml"],
            system: &[],
            project: &["poetry.toml"],
            follows_project: true,
            keys: &["cache-dir", "virtualenvs", "in-project", "path", "create"],
        }
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["pyproject.toml"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["poetry.lock"]
    }
}

/// Whether nothing but poetry's cache lies in its directory: neither a program nor a project nor a home.
fn is_own(directory: &ImagePath, command: &Invocation<'_>, state: &State) -> bool {
    let environment = Environment::new(command, state);
    let known = |name: &str| match environment.get(name) {
        Setting::Known(value) => value,
        Setting::Unset | Setting::Unknown => "",
    };
    let listed = known("PATH").split(':').chain(["POETRY_HOME", "VIRTUAL_ENV"].map(known));
    let program = [&*command.program_path].into_iter();
    let places = listed.chain(program).filter_map(ImagePath::absolute);
    let mut places = places.chain(state.home()).chain(state.workdir.clone()).chain(command.directory.clone());
    directory.parent().is_some_and(|parent| parent != ImagePath::root())
        && places.all(|place| place.below(directory).is_none())
}

/// Whether virtual environments are switched off or lie outside the cache directory.
fn keeps_environments_elsewhere(
    environment: &Environment<'_>,
    settings: Option<Node<'_>>,
    directory: &ImagePath,
) -> bool {
    let is = |variable: &str, key: &str, wanted: bool| match environment.get(variable) {
        // Anything but these two is false; `True` is what 2 alone takes for true (`config/config.py`, `boolean_normalizer`).
        Setting::Known(value) if wanted => matches!(value, "true" | "1"),
        Setting::Known(value) => !value.eq_ignore_ascii_case("true") && value != "1",
        Setting::Unset => settings
            .and_then(|settings| settings.get(&["virtualenvs", key]))
            .and_then(Node::as_bool)
            .is_some_and(|value| value == wanted),
        Setting::Unknown => false,
    };
    is("POETRY_VIRTUALENVS_CREATE", "create", false)
        || is("POETRY_VIRTUALENVS_IN_PROJECT", "in-project", true)
        || matches!(environment.path("POETRY_VIRTUALENVS_PATH"), Ok(Some(path)) if path.below(directory).is_none())
}

/// Plugins run whatever the command is.
fn check_plugins(top: Node<'_>) -> Result<(), Refusal> {
    if let Some(versioning) = top.get(&["tool", "poetry-dynamic-versioning"])
        && versioning.get(&["enable"]).and_then(Node::as_bool) != Some(false)
    {
        let at = versioning.at();
        return Err(Refusal::new(format!(
            "{at} sets up poetry-dynamic-versioning, which reads .git on every command"
        )));
    }
    let plugins = top.get(&["tool", "poetry", "requires-plugins"]).into_iter().flat_map(Node::entries);
    for (name, plugin) in plugins {
        if let Some(path) = plugin.string(&["path"]) {
            return Err(Refusal::new(format!("{} takes the plugin {name} from {path}", plugin.at())));
        }
    }
    Ok(())
}

/// Adds the archives of a lock file; says whether it has directories.
fn read_lock(project: &Project<'_>, path: &ImagePath, closure: &mut Closure<'_>) -> Result<bool, Refusal> {
    let Some(lock) = TomlFile::read(project, path)? else { return Ok(false) };
    let content = lock.parse()?;
    let mut has_directories = false;
    for package in lock.top(&content).get(&["package"]).into_iter().flat_map(Node::elements) {
        let Some(source) = package.get(&["source"]) else { continue };
        let name = package.string(&["name"]).unwrap_or("a package");
        match (source.string(&["type"]), source.string(&["url"])) {
            (Some("directory"), _) => {
                if !is_made_by_1_5(lock.text()) {
                    return Err(Refusal::new(format!(
                        "{} names a directory for {name}, and poetry can leave that out only since 1.5",
                        source.at()
                    )));
                }
                has_directories = true;
            }
            (Some("file"), Some(url)) => closure.requirement(&format!("{name} @ ./{url}"), &source.at())?,
            _ => {}
        }
    }
    Ok(has_directories)
}

/// Whether the first line of a lock file says that Poetry 1.5 or later wrote it. Those before 1.4 did not say.
fn is_made_by_1_5(lock: &str) -> bool {
    let version = lock.lines().next().and_then(|line| line.split("by Poetry ").nth(1));
    let mut numbers = version.unwrap_or_default().split(['.', ' ']).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (1, 5),
        _ => false,
    }
}

/// Without a lock file every path dependency has to be there.
fn check_unlocked(top: Node<'_>) -> Result<(), Refusal> {
    let poetry = top.get(&["tool", "poetry"]);
    let groups = poetry.and_then(|poetry| poetry.get(&["group"])).into_iter().flat_map(Node::entries);
    let tables = groups
        .filter_map(|(_, group)| group.get(&["dependencies"]))
        .chain(poetry.and_then(|poetry| poetry.get(&["dependencies"])))
        .chain(poetry.and_then(|poetry| poetry.get(&["dev-dependencies"])));
    for (name, dependency) in tables.flat_map(Node::entries) {
        for choice in dependency.elements().chain(Some(dependency)) {
            if let Some(path) = choice.string(&["path"]).or(choice.string(&["file"])) {
                return Err(Refusal::new(format!(
                    "{} takes {name} from {path}, and there is no poetry.lock",
                    choice.at()
                )));
            }
        }
    }
    let standard = ["dependencies", "optional-dependencies"].map(|key| top.get(&["project", key]));
    let strings =
        standard.into_iter().flatten().chain(top.get(&["dependency-groups"])).flat_map(Node::strings);
    for node in strings {
        if node.as_str().is_some_and(|text| text.contains("file:")) {
            return Err(Refusal::new(format!("{} names a file, and there is no poetry.lock", node.at())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
