//! PDM: `pdm`, `python3 -m pdm`.
//!
//! - **Commands**: `install` and `sync`. `config`, `self`, `plugin` and `--version` work on no project, `cache clear`
//!   empties the cache. `run`, `build`, `lock`, `use`, `export` and the rest are opaque.
//! - **Manifests**: `pyproject.toml`, `pdm.lock` or the file of `--lockfile`, `pdm.toml`, `.pdm-python`,
//!   `.python-version`.
//! - **Prefetch**: `pdm sync --no-self` with the same groups, which takes the lock file as it is; with `--skip :all` where
//!   pyproject.toml has hooks. `distribution = false` means `--no-self`.
//! - **Caches**: `PDM_CACHE_DIR`, `$XDG_CACHE_HOME/pdm` or `~/.cache/pdm`; pure, unless `install.cache` is on, in
//!   `pdm.toml` or by `pdm config` (no variable turns it on): then environments are linked into it. Locked, since nothing
//!   promises that several builds may write there at once.
//! - **Refused**: a missing lock file, or one of PDM 1; path dependencies, for which PDM has no way around; dynamic
//!   dependencies, which the build back end takes from the sources; hooks in an install without prefetch.
//!
//! Sources: PDM's documentation, "Lock file", "Install dependencies", "Hooks", "Configurations".

use dockfix_model::commands::Invocation;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};

use crate::environment::{Environment, Setting};
use crate::options::{self, Grammar, Words};
use crate::python::call::{arguments_of, push_options};
use crate::python::closure::Closure;
use crate::python::toml_file::{Node, TomlFile};
use crate::python::{cache, compiled, places};
use crate::rebuilt::Rebuilt;
use crate::{
    Cache, CacheKind, CachePlan, Ecosystem, Needs, Refusal, SettingsFiles, Sharing, Usage, UsageKind,
};

/// PDM.
pub(crate) struct Pdm;

const GRAMMAR: Grammar = Grammar::gnu(
    &["-p --project -G --group --with --without -L --lockfile -k --skip -C --config-setting -c --config"],
    &[
        "--no-default -d --dev --prod --production --no-editable --no-self --fail-fast -x --no-isolation",
        "--frozen-lockfile --no-lock --check --clean --only-keep -r --reinstall -v --verbose -q --quiet -n",
        "--non-interactive -V --version -h --help",
    ],
);

/// Options that the prefetch repeats as they stand.
const REPEATED: [&str; 23] = [
    "-G",
    "--group",
    "--with",
    "--without",
    "-L",
    "--lockfile",
    "-C",
    "--config-setting",
    "-c",
    "--config",
    "--no-default",
    "-d",
    "--dev",
    "--prod",
    "--production",
    "--no-editable",
    "--fail-fast",
    "-x",
    "--no-isolation",
    "-v",
    "--verbose",
    "-q",
    "--quiet",
];

/// Scripts that an install runs by themselves.
const HOOKS: [&str; 7] =
    ["pre_install", "post_install", "pre_lock", "post_lock", "pre_invoke", "post_use", "post_init"];

/// A command line of pdm.
struct Line<'c> {
    /// The index of the first argument that is pdm's own.
    first: usize,
    verb: Verb,
    words: Words<'c>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Install,
    Sync,
    /// Shows or changes settings.
    Configure,
    Own,
    CleanCache,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        let first = arguments_of(command, "pdm")?;
        let words = Words::read(command, first, &GRAMMAR)?;
        let operands: Vec<_> = words.operands.iter().map(|operand| operand.value).collect();
        let verb = match operands[..] {
            [] if words.has(&["-V", "--version", "-h", "--help"]) => Verb::Own,
            [Some("install")] => Verb::Install,
            [Some("sync")] => Verb::Sync,
            [Some("config"), ..] => Verb::Configure,
            [Some("self" | "plugin"), ..] => Verb::Own,
            [Some("cache"), Some("clear"), ..] => Verb::CleanCache,
            _ => return None,
        };
        Some(Self { first, verb, words })
    }

    fn prefetch(&self, command: &Invocation<'_>, has_hooks: bool) -> Result<String, Refusal> {
        let mut rebuilt = Rebuilt::of(command)?;
        for argument in command.arguments.iter().take(self.first) {
            rebuilt.push_argument(argument);
        }
        for word in ["sync", "--no-self"] {
            rebuilt.push(word);
        }
        if has_hooks {
            rebuilt.push("--skip");
            rebuilt.push(":all");
        }
        push_options(&mut rebuilt, &self.words, |name| REPEATED.contains(&name));
        Ok(rebuilt.line())
    }
}

impl Ecosystem for Pdm {
    fn name(&self) -> &'static str {
        "pdm"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["pdm", "python", "pypy"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["install", "sync", "add"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let environment = Environment::new(command, state);
        // Another project, lock file or set of overrides than the command line says.
        let moved = ["PDM_PROJECT", "PDM_LOCKFILE", "PDM_OVERRIDE", "PDM_CONFIG_FILE"];
        if moved.iter().any(|name| environment.get(name) != Setting::Unset) {
            return None;
        }
        let mut effects = places::installation(command, state, &["PDM_*"]);
        let directory = line.words.directory(command, &["-p", "--project"]);
        let names = ["PDM_CACHE_DIR", "PDM_HOME", "PDM_LOG_DIR"];
        places::add_directories(&mut effects, &environment, &names, directory.as_ref())?;
        let is_install = matches!(line.verb, Verb::Install | Verb::Sync);
        let kind = match line.verb {
            Verb::Install | Verb::Sync => UsageKind::Install,
            Verb::Configure => UsageKind::Settings,
            Verb::Own => UsageKind::Packages,
            Verb::CleanCache => UsageKind::CleanCache,
        };
        Some(Usage {
            kind,
            directory: directory.filter(|_| is_install),
            effects,
            runs_package_code: is_install,
        })
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let Some(line) = Line::read(command) else {
            return Err(Refusal::new("it is no command of pdm that is known"));
        };
        let mut closure = Closure::new(project, "pdm");
        let file = closure.toml(&project.path("pyproject.toml"))?;
        let content = file.parse()?;
        let top = file.top(&content);
        closure.add_variables_of(file.text());
        check_dynamic(top)?;
        for name in ["pdm.toml", ".pdm-python"] {
            closure.optional(&project.path(name))?;
        }
        closure.python_version()?;
        let lock = match line.words.value(&["-L", "--lockfile"]) {
            Some(value) => value
                .known()
                .map(|path| project.path(path))
                .ok_or_else(|| Refusal::new("the file of --lockfile is only known when it runs"))?,
            None => project.path("pdm.lock"),
        };
        if !closure.optional(&lock)? {
            let shown = project.shown(lock.as_str());
            return Err(Refusal::new(format!("{shown} is not in the build context, so pdm resolves anew")));
        }
        read_lock(project, &lock, &mut closure)?;
        let scripts = top.get(&["tool", "pdm", "scripts"]);
        let hook = scripts.and_then(|scripts| HOOKS.iter().find_map(|name| scripts.get(&[name])));
        let is_application = ["distribution", "package-type"].iter().any(|key| {
            let value = top.get(&["tool", "pdm", key]);
            value.is_some_and(|value| value.as_bool() == Some(false) || value.as_str() == Some("application"))
        });
        let mut needs = closure.into_needs();
        if line.words.has(&["--no-self"]) || is_application {
            if let Some(hook) = hook.filter(|_| !skips_all_hooks(&line)) {
                return Err(Refusal::new(format!("{} makes pdm run a script of the project", hook.at())));
            }
            if line.verb == Verb::Install && !line.words.has(&["--frozen-lockfile", "--no-lock", "--check"]) {
                needs.rewritten.push(lock);
            }
        } else {
            needs.prefetch = Some(line.prefetch(command, hook.is_some())?);
        }
        needs.outputs.extend(places::outputs(project));
        places::add_environment(&mut needs, project);
        needs.outputs.push(project.path(".pdm-python"));
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
        if !matches!(line.verb, Verb::Install | Verb::Sync) {
            return Ok(CachePlan::default());
        }
        let environment = Environment::new(command, state);
        if environment.get("PDM_NO_CACHE") != Setting::Unset {
            return Err(Refusal::new("PDM_NO_CACHE turns pdm's cache off"));
        }
        let options = ["--no-isolation", "-x", "-C", "--config-setting"];
        let variables = ["PDM_NO_BINARY", "PDM_BUILD_ISOLATION"];
        compiled::check("pdm", command, state, &line.words, &options, &variables)?;
        if line.words.has(&["-c", "--config"]) {
            return Err(Refusal::new("what the file of --config says of pdm's cache is not known"));
        }
        if let Some(project) = project
            && let Some(file) = TomlFile::read(project, &project.path("pdm.toml"))?
        {
            let content = file.parse()?;
            let top = file.top(&content);
            if let Some(moved) = top.get(&["cache_dir"]) {
                return Err(Refusal::new(format!("{} moves pdm's cache", moved.at())));
            }
            if let Some(linked) =
                top.get(&["install", "cache"]).filter(|cache| cache.as_bool() != Some(false))
            {
                let at = linked.at();
                return Err(Refusal::new(format!("{at} links the environment into pdm's cache")));
            }
        }
        let directory = cache::directory(&environment, "PDM_CACHE_DIR", "pdm")?;
        let cache = Cache { directory, kind: CacheKind::Pure, sharing: Sharing::Locked };
        Ok(CachePlan { caches: vec![cache], edits: Vec::new() })
    }

    fn keeps_compiled(&self) -> bool {
        true
    }

    fn configured_by(&self) -> &'static [&'static str] {
        &["pdm", "python", "pypy"]
    }

    fn is_moved_by(&self, command: &Invocation<'_>) -> bool {
        arguments_of(command, "pdm").is_some()
            && options::writes_setting(command, &["config"], &["cache_dir", "install.cache"])
    }

    /// pdm-project.org, "CLI Reference", `pdm sync --clean`.
    fn removes_extraneous(&self, command: &Invocation<'_>) -> bool {
        command.has("--clean") || command.has("--only-keep") || command.has("--clean-unselected")
    }

    /// `python.use_venv` and `venv.in_project` (pdm-project.org, "Configurations").
    fn may_put_outputs_elsewhere(&self) -> bool {
        true
    }

    fn ignored(&self) -> &'static [&'static str] {
        &["**/.venv", "**/.pdm-python", "**/__pypackages__"]
    }

    /// pdm-project.org, "Configurations".
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles {
            home: &[".config/pdm/config.toml"],
            system: &["/etc/xdg/pdm/config.toml"],
            project: &["pdm.toml"],
            follows_project: true,
            keys: &["cache_dir", "install.cache", "cache"],
        }
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["pyproject.toml"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["pdm.lock"]
    }
}

fn skips_all_hooks(line: &Line<'_>) -> bool {
    line.words.value(&["-k", "--skip"]).is_some_and(|value| value.known() == Some(":all"))
}

/// The hash in the lock file covers dependencies, which may have to be computed.
fn check_dynamic(top: Node<'_>) -> Result<(), Refusal> {
    let dynamic = top.get(&["project", "dynamic"]).into_iter().flat_map(Node::elements);
    for node in dynamic {
        if matches!(node.as_str(), Some("dependencies" | "optional-dependencies" | "requires-python")) {
            return Err(Refusal::new(format!(
                "{} declares dynamic dependencies, which the build back end takes from the sources",
                node.at()
            )));
        }
    }
    Ok(())
}

fn read_lock(project: &Project<'_>, path: &ImagePath, closure: &mut Closure<'_>) -> Result<(), Refusal> {
    let Some(file) = TomlFile::read(project, path)? else { return Ok(()) };
    let content = file.parse()?;
    let lock = file.top(&content);
    let version = lock.get(&["metadata", "lock_version"]);
    let major =
        version.and_then(Node::as_str).and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    if major.is_none_or(|major| major < 4) {
        let at = version.unwrap_or(lock).at();
        return Err(Refusal::new(format!("{at} is not of PDM 2, whose options are other ones")));
    }
    for package in lock.get(&["package"]).into_iter().flat_map(Node::elements) {
        for key in ["path", "url"] {
            if let Some(node) = package.get(&[key])
                && let Some(value) = node.as_str()
            {
                closure.place(value, &node.at())?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
