//! pip: `pip`, `pip3`, `pip3.12`, `python3 -m pip`.
//!
//! - **Commands**: `install`, `download` and `wheel` from requirements files are installs; with packages by name alone
//!   they read no project. `uninstall`, `list`, `freeze`, `show`, `check`, `config`, `cache` and `--version` are known
//!   too. An option that is not known makes the command opaque.
//! - **Manifests**: the files of `-r` and `-c`, the files these include (relative to the including file), archives they
//!   name and directories of `--find-links` (relative to the working directory); `pyproject.toml` for `--group`.
//! - **Prefetch**: none. pip cannot install the dependencies of a local project without the project.
//! - **Caches**: `--cache-dir`, `PIP_CACHE_DIR`, `$XDG_CACHE_HOME/pip`, `~/.cache/pip`; pure. pip writes whole files and
//!   renames them, so builds may share it. It ignores a directory that does not belong to its user
//!   (`utils/filesystem.py`, `check_path_owner`). `--no-cache-dir` goes where a mount comes. With
//!   `--no-index` and local `--find-links` there is nothing to download, and no cache. What it builds of a directory
//!   (`pip install .`) it never keeps ("Caching"). No mount where options or variables say how to compile (`--no-binary`,
//!   `CFLAGS`), or for packages that are compiled against another one of the image (flash-attn, and torch): it takes wheels
//!   that were compiled otherwise; nor where an archive is asked for by its address.
//! - **Refused**: `.`, `-e .` and other directories, here or in a requirements file: they need the sources; files that
//!   variables name; files outside the build context; `PIP_NO_CACHE_DIR` set by ENV, with any value, turns the cache off.
//!
//! Sources: pip's documentation, "User Guide", "Requirements File Format", "Caching"; pip, `cli/cmdoptions.py`.

use dockfix_model::commands::Invocation;
use dockfix_model::effects::Effects;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};

use crate::environment::{Environment, Setting};
use crate::options::{self, Grammar, Table, Value, Words};
use crate::python::archives::{self, Kept};
use crate::python::call::{arguments_of, is_interpreter, is_versioned, origin};
use crate::python::closure::Closure;
use crate::python::wanted::Wanted;
use crate::python::{cache, compiled, config, places};
use crate::{
    Cache, CacheKind, CachePlan, CommandEdit, Ecosystem, Needs, Refusal, SettingsFiles, Sharing, Usage,
    UsageKind,
};

/// pip.
pub(crate) struct Pip;

/// Options of pip and of its commands that take a value; also those of earlier versions.
const VALUED: &[&str] = &[
    "-r --requirement -c --constraint --build-constraint --requirements-from-script -e --editable -t",
    "--target --platform --python-version --implementation --abi --root --prefix --src --source",
    "--source-dir --source-directory --upgrade-strategy -C --config-settings --config-setting",
    "--progress-bar --root-user-action --report --group --all-releases --only-final --no-binary",
    "--only-binary -i --index-url --pypi-url --extra-index-url --refresh-package -f --find-links",
    "--uploaded-prior-to --python --log --log-file --local-log --keyring-provider --proxy --retries",
    "--timeout --default-timeout --exists-action --trusted-host --cert --client-cert --cache-dir",
    "--use-feature --use-deprecated --resume-retries --allow-external --allow-unverified --index -b",
    "--build --build-dir --install-option --global-option -d --dest -w --wheel-dir --build-option",
    "--format --path --exclude",
];
/// Options that take none. `--no-cache` is short for `--no-cache-dir`.
const SWITCHES: &[&str] = &[
    "--no-deps --no-dependencies --only-deps --only-dependencies --dry-run --user --no-user -U --upgrade",
    "--force-reinstall -I --ignore-installed --ignore-requires-python --no-build-isolation --use-pep517",
    "--no-use-pep517 --check-build-dependencies --break-system-packages --compile --no-compile",
    "--no-warn-script-location --no-warn-conflicts --require-hashes --no-require-hashes --no-clean --pre",
    "--prefer-binary --no-index -h --help -v --verbose -q --quiet --debug --isolated --require-virtualenv",
    "--no-input --no-cache-dir --no-cache --disable-pip-version-check --no-color",
    "--no-python-version-warning -V --version -y --yes --no-verify -o --outdated -u --uptodate -l --local",
    "--not-required --use-mirrors --egg --process-dependency-links --allow-all-external --use-wheel",
    "--no-use-wheel --default-pip --include-editable --exclude-editable --files --all --global --site",
];
static GRAMMAR: Grammar = Grammar::gnu(VALUED, SWITCHES).kept_in(&OPTIONS);
static OPTIONS: Table = Table::new();

/// Options that name what is written to.
const WRITTEN: [&str; 14] = [
    "-t",
    "--target",
    "--root",
    "--prefix",
    "--src",
    "--source",
    "--source-dir",
    "--source-directory",
    "--report",
    "--log",
    "--log-file",
    "--local-log",
    "-b",
    "--build-dir",
];
/// Options that name a file or a directory that is read.
const READ: [&str; 3] = ["--cert", "--client-cert", "--python"];
/// Variables that name files or directories which an install reads or writes.
const PATH_VARIABLES: [&str; 12] = [
    "PIP_CONSTRAINT",
    "PIP_BUILD_CONSTRAINT",
    "PIP_FIND_LINKS",
    "PIP_CONFIG_FILE",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_LOG",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_SRC",
    "PIP_REPORT",
];
/// Variables that add requirements to every install.
const REQUIREMENT_VARIABLES: [&str; 4] =
    ["PIP_REQUIREMENT", "PIP_EDITABLE", "PIP_GROUP", "PIP_REQUIREMENTS_FROM_SCRIPT"];

/// Options and variables that say how to compile.
const COMPILING: [&str; 7] = [
    "--no-binary",
    "--no-build-isolation",
    "-C",
    "--config-settings",
    "--config-setting",
    "--global-option",
    "--build-option",
];
const COMPILING_VARIABLES: [&str; 5] = [
    "PIP_NO_BINARY",
    "PIP_NO_BUILD_ISOLATION",
    "PIP_CONFIG_SETTINGS",
    "PIP_GLOBAL_OPTION",
    "PIP_BUILD_OPTION",
];

/// A command line of pip.
struct Line<'c> {
    verb: Verb,
    words: Words<'c>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Install,
    Download,
    Wheel,
    Uninstall,
    /// Shows what is installed or set, or installs pip itself.
    Show,
    /// Changes pip.conf.
    Configure,
    CleanCache,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        let program = &*command.program;
        let first = if is_versioned(program, "pip") {
            0
        } else if is_interpreter(program) {
            match arguments_of(command, "pip") {
                Some(first) => first,
                None => return Self::bootstrap(command),
            }
        } else {
            return None;
        };
        let mut words = Words::read(command, first, &GRAMMAR)?;
        if words.operands.is_empty() {
            let is_question = words.has(&["-V", "--version", "-h", "--help"]);
            return is_question.then_some(Self { verb: Verb::Show, words });
        }
        let verb = match words.operands.remove(0).value? {
            "install" => Verb::Install,
            "download" => Verb::Download,
            "wheel" => Verb::Wheel,
            "uninstall" => Verb::Uninstall,
            "list" | "freeze" | "show" | "check" | "inspect" | "debug" | "help" | "index" => Verb::Show,
            "config" => Verb::Configure,
            "cache" => match words.operands.first().and_then(|operand| operand.value)? {
                "purge" | "remove" => Verb::CleanCache,
                "dir" | "info" | "list" => Verb::Show,
                _ => return None,
            },
            _ => return None,
        };
        Some(Self { verb, words })
    }

    /// `python3 -m ensurepip`, which installs the pip that Python carries: nothing is downloaded.
    fn bootstrap(command: &'c Invocation<'c>) -> Option<Self> {
        let words = Words::read(command, arguments_of(command, "ensurepip")?, &GRAMMAR)?;
        let is_plain = words.operands.is_empty() && !words.has(&["--root"]);
        is_plain.then_some(Self { verb: Verb::Show, words })
    }

    /// The paths that the options `names` are given; `None` where one is not known.
    fn places(&self, names: &[&str], resolve: impl Fn(&str) -> Option<ImagePath>) -> Option<Vec<ImagePath>> {
        let mut places = Vec::new();
        for option in &self.words.options {
            if names.contains(&option.name) {
                places.push(resolve(option.value.known()?)?);
            } else if option.name == "--install-option" && names.contains(&"--prefix") {
                // `--install-option="--prefix=/install"`
                let place = option.value.known()?.split_once("=/").map(|(_, place)| format!("/{place}"));
                places.extend(place.and_then(|place| resolve(&place)));
            }
        }
        Some(places)
    }

    /// Whether all that it installs lies in the image: `--no-index --find-links=/wheels`.
    fn downloads_nothing(&self) -> bool {
        let is_local = |value: &Value<'_>| value.known().is_some_and(|place| !place.contains("://"));
        let mut places =
            self.words.options.iter().filter(|option| ["-f", "--find-links"].contains(&option.name));
        self.words.has(&["--no-index"])
            && places.all(|option| is_local(&option.value))
            && self.words.operands.iter().all(|operand| !operand.beginning().contains("://"))
    }

    /// Where `download` and `wheel` put archives: the working directory unless an option says otherwise.
    fn destination(&self) -> Option<&Value<'c>> {
        match self.verb {
            Verb::Download => self.words.value(&["-d", "--dest"]),
            Verb::Wheel => self.words.value(&["-w", "--wheel-dir"]),
            _ => None,
        }
    }
}

impl Ecosystem for Pip {
    fn name(&self) -> &'static str {
        "pip"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["pip", "python", "pypy"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["install", "download", "wheel", "pip install", "pip download", "pip wheel"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let environment = Environment::new(command, state);
        if REQUIREMENT_VARIABLES.iter().any(|name| environment.get(name) != Setting::Unset) {
            return None;
        }
        let mut effects = places::installation(command, state, &[]);
        let root = ImagePath::root();
        let directory = command.directory.as_ref();
        let inside = |path: &ImagePath| {
            directory.is_some_and(|directory| *directory != root && path.below(directory).is_some())
        };
        let outside =
            |paths: Vec<ImagePath>| paths.into_iter().filter(|path| !inside(path)).collect::<Vec<_>>();
        places::add_files(&mut effects, &environment, &PATH_VARIABLES)?;
        let usage = |kind, effects, has_project: bool| Usage {
            kind,
            directory: command.directory.clone().filter(|_| has_project),
            effects,
            runs_package_code: matches!(line.verb, Verb::Install | Verb::Download | Verb::Wheel)
                && !only_wheels(&line.words),
        };
        match line.verb {
            Verb::CleanCache => return Some(usage(UsageKind::CleanCache, effects, false)),
            Verb::Show => return Some(usage(UsageKind::Settings, effects, false)),
            Verb::Configure => {
                let is_edit =
                    line.words.operands.first().is_some_and(|operand| operand.value == Some("edit"));
                return (!is_edit).then(|| usage(UsageKind::Settings, effects, false));
            }
            Verb::Install | Verb::Download | Verb::Wheel | Verb::Uninstall => {}
        }
        // A path that is relative to a directory that is not known may be any.
        let resolve = |path: &str| options::path(path, directory);
        let written = line.places(&WRITTEN, resolve)?;
        let read = line.places(&READ, resolve)?;
        let wanted = Wanted::of(&line.words);
        let Some(named) = wanted.paths(resolve) else {
            return Some(usage(UsageKind::Build, Effects::opaque(), true));
        };
        let destination = match (line.verb, line.destination()) {
            (Verb::Download | Verb::Wheel, None) => Some(directory?.clone()),
            (_, Some(value)) => Some(resolve(value.known()?)?),
            _ => None,
        };
        let uses_project = written.iter().chain(&read).chain(&named).chain(&destination).any(inside)
            || !wanted.files.is_empty()
            || !wanted.groups.is_empty()
            || wanted.has_repositories
            // `pip wheel` alone builds the project.
            || (line.words.operands.is_empty() && line.words.options.is_empty());
        places::write(&mut effects, outside(written));
        places::write(&mut effects, outside(destination.into_iter().collect()));
        places::read(&mut effects, outside(read));
        places::read(&mut effects, outside(named));
        places::read(
            &mut effects,
            wanted.globs.iter().filter_map(|glob| ImagePath::absolute(glob)).collect(),
        );
        if wanted.project.is_some() || wanted.unknown.is_some() {
            places::write(&mut effects, outside(wanted.built(resolve).into_iter().collect()));
            return Some(usage(UsageKind::Build, effects, true));
        }
        let kind = if uses_project { UsageKind::Install } else { UsageKind::Packages };
        Some(usage(kind, effects, uses_project))
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        _usage: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let unread = || Refusal::new("it is no command of pip that is known");
        let line = Line::read(command).ok_or_else(unread)?;
        config::check_files(project)?;
        let mut closure = Closure::new(project, "pip");
        Wanted::of(&line.words).add_to(&mut closure, "pip")?;
        // Versions before 23 read where to install to (distutils, `Distribution.find_config_files`).
        if project.read_text("setup.cfg").is_some_and(|text| text.contains("[install")) {
            closure.manifest(&project.path("setup.cfg"))?;
        }
        let mut needs = closure.into_needs();
        let resolve = |path: &str| Some(project.path(path));
        for path in line.places(&READ, resolve).ok_or_else(unread)? {
            if project.has_file(path.as_str()) {
                needs.files.push(path);
            }
        }
        let written = line.places(&WRITTEN, resolve).ok_or_else(unread)?;
        let destination = line.destination().and_then(Value::known).map(|path| project.path(path));
        if matches!(line.verb, Verb::Download | Verb::Wheel)
            && destination.as_ref().is_none_or(|path| path == project.directory())
        {
            return Err(Refusal::new(
                "it puts archives into the project's directory, under names that are not known",
            ));
        }
        let inside = |path: &ImagePath| path.below(project.directory()).is_some();
        needs.outputs.extend(written.into_iter().chain(destination).filter(inside));
        needs.outputs.extend(places::outputs(project));
        Ok(needs)
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _usage: &Usage,
        state: &State,
        project: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(CachePlan::default()) };
        if !matches!(line.verb, Verb::Install | Verb::Download | Verb::Wheel) {
            return Ok(CachePlan::default());
        }
        if line.downloads_nothing() {
            return Ok(CachePlan::default());
        }
        let environment = Environment::new(command, state);
        if environment.get("PIP_NO_CACHE_DIR") != Setting::Unset {
            let origin = origin(command, state, "PIP_NO_CACHE_DIR");
            return Err(Refusal::new(format!("{origin} turns pip's cache off, whatever its value")));
        }
        for entry in project.map(config::entries).unwrap_or_default() {
            if matches!(entry.key.as_str(), "cache-dir" | "no-cache-dir") {
                return Err(Refusal::new(format!("{} sets {} for pip", entry.place, entry.key)));
            }
        }
        let directory = match line.words.value(&["--cache-dir"]) {
            Some(value) => {
                let path = value.known().and_then(|path| options::path(path, command.directory.as_ref()));
                path.ok_or_else(|| Refusal::new("the directory of --cache-dir is only known when it runs"))?
            }
            None => cache::directory(&environment, "PIP_CACHE_DIR", "pip")?,
        };
        self.check_built(command, state, project).map_err(|refusal| refusal.of_cache(&directory))?;
        let mut edits = Vec::new();
        for argument in &command.arguments {
            if matches!(argument.value.as_deref(), Some("--no-cache-dir" | "--no-cache")) {
                edits.push(CommandEdit::Remove(argument.span));
            }
        }
        let cache = Cache { directory, kind: CacheKind::Pure, sharing: Sharing::Shared };
        Ok(CachePlan { caches: vec![cache], edits })
    }

    fn check_built(
        &self,
        command: &Invocation<'_>,
        state: &State,
        project: Option<&Project<'_>>,
    ) -> Result<(), Refusal> {
        let installs = |line: &Line<'_>| matches!(line.verb, Verb::Install | Verb::Download | Verb::Wheel);
        let Some(line) = Line::read(command).filter(installs) else { return Ok(()) };
        compiled::check("pip", command, state, &line.words, &COMPILING, &COMPILING_VARIABLES)?;
        if !only_wheels(&line.words) {
            compiled::check_packages("pip", &line.words, project)?;
        }
        archives::check("pip", &line.words, project, Kept::Releases)
    }

    fn keeps_compiled(&self) -> bool {
        true
    }

    fn compiles_against(
        &self,
        command: &Invocation<'_>,
        project: Option<&Project<'_>>,
        earlier: &Invocation<'_>,
    ) -> Option<&'static str> {
        let line = Line::read(command).filter(|line| !only_wheels(&line.words))?;
        let earlier = Line::read(earlier).filter(|earlier| earlier.verb == Verb::Install)?;
        compiled::base_of("pip", &line.words, project, &earlier.words)
    }

    /// With `--upgrade` the newest versions that fit, with `--pre` those that are not out yet (pip install, "Options").
    fn upgrades(&self, command: &Invocation<'_>) -> bool {
        Line::read(command).is_some_and(|line| {
            matches!(line.verb, Verb::Install | Verb::Download | Verb::Wheel)
                && line.words.has(&["-U", "--upgrade", "--pre"])
        })
    }

    fn configured_by(&self) -> &'static [&'static str] {
        &["pip", "python", "pypy"]
    }

    fn is_moved_by(&self, command: &Invocation<'_>) -> bool {
        (arguments_of(command, "pip").is_some() || is_versioned(&command.program, "pip"))
            && options::writes_setting(command, &["config"], &["cache-dir", "no-cache-dir"])
    }

    fn ignored(&self) -> &'static [&'static str] {
        &["**/.venv", "**/venv", "**/env"]
    }

    /// pip's user guide, "Configuration".
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles {
            home: &[".config/pip/pip.conf", ".pip/pip.conf"],
            system: &["/etc/pip.conf", "/etc/xdg/pip/pip.conf"],
            project: &[],
            follows_project: false,
            keys: &["cache-dir", "no-cache-dir"],
        }
    }

    fn names_manifests(&self) -> bool {
        true
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["requirements.txt", "requirements*.txt", "pyproject.toml", "setup.py"]
    }
}

/// Whether no package is built: `--only-binary :all:`.
fn only_wheels(words: &Words<'_>) -> bool {
    words.value(&["--only-binary"]).is_some_and(|value| value.known() == Some(":all:"))
        && !words.has(&["--no-binary", "-e", "--editable"])
}

#[cfg(test)]
mod tests;
