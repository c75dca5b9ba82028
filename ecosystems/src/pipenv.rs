//! Pipenv: `pipenv`, `python3 -m pipenv`.
//!
//! - **Commands**: `install` without packages, and `sync`. `--version` works on no project, `--clear` empties the cache.
//!   `run`, `lock`, `requirements`, `install PACKAGE`, which rewrites the Pipfile, and the rest are opaque.
//! - **Manifests**: `Pipfile`, `Pipfile.lock`, `.env` beside them, archives that they name.
//! - **Prefetch**: none, and none is needed: pipenv does not install the project it stands in.
//! - **Caches**: `PIPENV_CACHE_DIR`, `$XDG_CACHE_HOME/pipenv` or `~/.cache/pipenv`, which it hands to pip as well
//!   (`pipenv/utils/pip.py`); pure. Locked, since nothing promises that several builds may write there at once.
//! - **Refused**: entries with a path that is a directory; a missing Pipfile, for which pipenv would import
//!   requirements.txt; `PIPENV_PIPFILE` makes the command opaque.
//!
//! Sources: Pipenv's documentation, "Pipfile & Pipfile.lock", "Pipenv Commands", "Configuration";
//! `pipenv/environments.py`.

use dockfix_model::commands::Invocation;
use dockfix_model::project::{Found, Project};
use dockfix_model::{ImagePath, State};
use serde_json::Value as Json;

use crate::environment::{Environment, Setting};
use crate::options::{Grammar, Words};
use crate::python::call::arguments_of;
use crate::python::closure::Closure;
use crate::python::toml_file::Node;
use crate::python::{cache, compiled, config, places};
use crate::{Cache, CacheKind, CachePlan, Ecosystem, Needs, Refusal, Sharing, Usage, UsageKind};

/// Pipenv.
pub(crate) struct Pipenv;

const GRAMMAR: Grammar = Grammar::gnu(
    &[
        "--pypi-mirror --python --extra-pip-args --resolver --categories --category --extras --config-settings -i",
        "--index",
    ],
    &[
        "--system --deploy --site-packages --no-site-packages -v --verbose -q --quiet --clear --pre -d --dev --all",
        "--ignore-pipfile --skip-lock --bare --clean --keep-outdated --sequential --selective-upgrade --three --two",
        "--version --help -h",
    ],
);

/// Keys at the top of a Pipfile or its lock file that hold no packages.
const NO_PACKAGES: [&str; 6] = ["source", "requires", "scripts", "pipenv", "build-system", "_meta"];

/// A command line of pipenv.
struct Line<'c> {
    verb: Verb,
    words: Words<'c>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Install,
    Sync,
    Own,
    CleanCache,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        let words = Words::read(command, arguments_of(command, "pipenv")?, &GRAMMAR)?;
        let verb = match &words.operands[..] {
            [] if words.has(&["--version", "-h", "--help"]) => Verb::Own,
            [] if words.has(&["--clear"]) => Verb::CleanCache,
            [operand] if operand.value == Some("install") => Verb::Install,
            [operand] if operand.value == Some("sync") => Verb::Sync,
            _ => return None,
        };
        Some(Self { verb, words })
    }
}

impl Ecosystem for Pipenv {
    fn name(&self) -> &'static str {
        "pipenv"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["pipenv", "python", "pypy"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["install", "sync"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let environment = Environment::new(command, state);
        if environment.get("PIPENV_PIPFILE") != Setting::Unset {
            return None;
        }
        let mut effects =
            places::installation(command, state, &["PIPENV_*", "WORKON_HOME", "PYENV_*", "ASDF_*"]);
        let names = ["PIPENV_CACHE_DIR", "WORKON_HOME"];
        places::add_directories(&mut effects, &environment, &names, command.directory.as_ref())?;
        let is_install = matches!(line.verb, Verb::Install | Verb::Sync);
        let kind = match line.verb {
            Verb::Install | Verb::Sync => UsageKind::Install,
            Verb::Own => UsageKind::Packages,
            Verb::CleanCache => UsageKind::CleanCache,
        };
        let directory = command.directory.clone().filter(|_| is_install);
        Some(Usage { kind, directory, effects, runs_package_code: is_install })
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let Some(line) = Line::read(command) else {
            return Err(Refusal::new("it is no command of pipenv that is known"));
        };
        config::check_files(project)?;
        let pipfile = project.path("Pipfile");
        if project.find_at(&pipfile) == Found::Missing && project.has_file("requirements.txt") {
            return Err(Refusal::new("there is no Pipfile, so pipenv makes one of requirements.txt"));
        }
        let mut closure = Closure::new(project, "pipenv");
        let file = closure.toml(&pipfile)?;
        let content = file.parse()?;
        let top = file.top(&content);
        closure.add_variables_of(file.text());
        for (_, packages) in top.entries().filter(|(key, _)| !NO_PACKAGES.contains(key)) {
            for (_, package) in packages.entries() {
                check_package(&mut closure, package)?;
            }
        }
        for name in [".env", ".venv"] {
            closure.optional(&project.path(name))?;
        }
        let lock = project.path("Pipfile.lock");
        let has_lock = closure.optional(&lock)?;
        if has_lock {
            read_lock(project, &lock, &mut closure)?;
        }
        let mut needs = closure.into_needs();
        let keeps_lock =
            line.verb == Verb::Sync || line.words.has(&["--deploy", "--ignore-pipfile", "--skip-lock"]);
        if has_lock && !keeps_lock {
            needs.rewritten.push(lock);
        }
        needs.outputs.extend(places::outputs(project));
        if !line.words.has(&["--system"]) && !project.has_file(".venv") {
            places::add_environment(&mut needs, project);
        }
        Ok(needs)
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        _: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(CachePlan::default()) };
        if !matches!(line.verb, Verb::Install | Verb::Sync) {
            return Ok(CachePlan::default());
        }
        let environment = Environment::new(command, state);
        if environment.get("PIP_NO_CACHE_DIR") != Setting::Unset {
            return Err(Refusal::new(
                "PIP_NO_CACHE_DIR turns the cache of pipenv's pip off, whatever its value",
            ));
        }
        if line.words.has(&["--clear"]) {
            return Err(Refusal::new("--clear removes pipenv's cache directory, which fails under a mount"));
        }
        if line.words.value(&["--extra-pip-args"]).is_some_and(|value| value.beginning().contains("cache")) {
            return Err(Refusal::new("--extra-pip-args sets the cache of pipenv's pip"));
        }
        let variables =
            ["PIP_NO_BINARY", "PIP_NO_BUILD_ISOLATION", "PIP_CONFIG_SETTINGS", "PIP_GLOBAL_OPTION"];
        let options = ["--extra-pip-args", "--config-settings"];
        let directory = cache::directory(&environment, "PIPENV_CACHE_DIR", "pipenv")?;
        compiled::check("pipenv", command, state, &line.words, &options, &variables)
            .map_err(|refusal| refusal.of_cache(&directory))?;
        let cache = Cache { directory, kind: CacheKind::Pure, sharing: Sharing::Locked };
        Ok(CachePlan { caches: vec![cache], edits: Vec::new() })
    }

    fn keeps_compiled(&self) -> bool {
        true
    }

    /// `PIPENV_VENV_IN_PROJECT` (pipenv.pypa.io, "Configuration"), and `--system`.
    fn may_put_outputs_elsewhere(&self) -> bool {
        true
    }

    fn ignored(&self) -> &'static [&'static str] {
        &["**/.venv"]
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["Pipfile"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["Pipfile.lock"]
    }
}

/// A package may name a file or a directory: `{ path = "./x", editable = true }`.
fn check_package(closure: &mut Closure<'_>, package: Node<'_>) -> Result<(), Refusal> {
    for key in ["path", "file"] {
        if let Some(node) = package.get(&[key])
            && let Some(path) = node.as_str()
        {
            closure.place(path, &node.at())?;
        }
    }
    Ok(())
}

/// Adds the files that a lock file names.
fn read_lock(project: &Project<'_>, path: &ImagePath, closure: &mut Closure<'_>) -> Result<(), Refusal> {
    let shown = project.shown(path.as_str());
    let text = project.read_text(path.as_str()).unwrap_or_default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lock: Json = serde_json::from_str(text)
        .map_err(|error| Refusal::new(format!("{shown}:{} is not valid JSON", error.line().max(1))))?;
    let categories =
        lock.as_object().into_iter().flatten().filter(|(key, _)| !NO_PACKAGES.contains(&key.as_str()));
    let packages = categories.flat_map(|(_, packages)| packages.as_object().into_iter().flatten());
    for (_, package) in packages {
        for key in ["path", "file"] {
            let Some(value) = package.get(key).and_then(Json::as_str) else { continue };
            let at = text.find(&Json::from(value).to_string()).unwrap_or(0);
            let line = text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1;
            closure.place(value, &format!("{shown}:{line}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
