//! pip: `pip`, `pip3`, `pip3.12`, `python3 -m pip`; and `python3 -m venv`, which makes the environment it installs to.
//!
//! - **Commands**: `install`, `download` and `wheel` from requirements files are installs; with packages by name alone
//!   they read no project. `uninstall`, `list`, `freeze`, `show`, `check`, `config`, `cache` and `--version` are known
//!   too. An option that is not known makes the command opaque.
//! - **Manifests**: the files of `-r` and `-c`, the files these include (relative to the including file), archives they
//!   name and directories of `--find-links` (relative to the working directory); `pyproject.toml` for `--group`.
//! - **Prefetch**: none. pip cannot install the dependencies of a local project without the project.
//! - **Caches**: `--cache-dir`, `PIP_CACHE_DIR`, `$XDG_CACHE_HOME/pip`, `~/.cache/pip`; pure. pip writes whole files and
//!   renames them, so builds may share it. It ignores a directory that does not belong to its user
//!   (`utils/filesystem.py`, `check_path_owner`). `--no-cache-dir` goes where a mount comes.
//! - **Refused**: `.`, `-e .` and other directories, here or in a requirements file: they need the sources; files that
//!   variables name; files outside the build context; `PIP_NO_CACHE_DIR` set by ENV, with any value, turns the cache off.
//!
//! Sources: pip's documentation, "User Guide", "Requirements File Format", "Caching"; pip, `cli/cmdoptions.py`.

use dockfix_model::commands::Invocation;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};

use crate::environment::{Environment, Setting};
use crate::options::{Grammar, Operand, Value, Words};
use crate::python::call::{arguments_of, is_interpreter, is_versioned, origin};
use crate::python::closure::Closure;
use crate::python::source::{Source, begins_with_comparison, file_path, has_scheme, source};
use crate::python::{cache, config, places};
use crate::{Cache, CacheKind, CachePlan, CommandEdit, Ecosystem, Needs, Refusal, Sharing, Usage, UsageKind};

/// pip.
pub(crate) struct Pip;

/// Options of pip and of its commands that take a value; also those of earlier versions.
const VALUED: &[&str] = &["\
    -r --requirement -c --constraint --build-constraint --requirements-from-script -e --editable -t --target \
    --platform --python-version --implementation --abi --root --prefix --src --source --source-dir \
    --source-directory --upgrade-strategy -C --config-settings --config-setting --progress-bar \
    --root-user-action --report --group --all-releases --only-final --no-binary --only-binary -i --index-url \
    --pypi-url --extra-index-url --refresh-package -f --find-links --uploaded-prior-to --python --log \
    --log-file --local-log --keyring-provider --proxy --retries --timeout --default-timeout --exists-action \
    --trusted-host --cert --client-cert --cache-dir --use-feature --use-deprecated --resume-retries -b \
    --build --build-dir --install-option --global-option -d --dest -w --wheel-dir --build-option --format \
    --path --exclude"];
/// Options that take none. `--no-cache` is short for `--no-cache-dir`.
const SWITCHES: &[&str] = &["\
    --no-deps --no-dependencies --only-deps --only-dependencies --dry-run --user --no-user -U --upgrade \
    --force-reinstall -I --ignore-installed --ignore-requires-python --no-build-isolation --use-pep517 \
    --no-use-pep517 --check-build-dependencies --break-system-packages --compile --no-compile \
    --no-warn-script-location --no-warn-conflicts --require-hashes --no-require-hashes --no-clean --pre \
    --prefer-binary --no-index -h --help -v --verbose -q --quiet --debug --isolated --require-virtualenv \
    --no-input --no-cache-dir --no-cache --disable-pip-version-check --no-color --no-python-version-warning \
    -V --version -y --yes --no-verify -o --outdated -u --uptodate -l --local --not-required \
    --include-editable --exclude-editable --files --all --global --site"];
const GRAMMAR: Grammar = Grammar::gnu(VALUED, SWITCHES);

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
    /// Shows what is installed or set.
    Show,
    /// Changes pip.conf.
    Configure,
    CleanCache,
    /// `python -m venv`
    Environment,
}

/// What a command installs.
#[derive(Default)]
struct Wanted<'l> {
    /// Requirements and constraints files.
    files: Vec<&'l str>,
    /// Groups of a pyproject.toml.
    groups: Vec<&'l str>,
    /// Archives and directories.
    paths: Vec<&'l str>,
    /// Directories in which a pattern of the command line finds archives.
    globs: Vec<String>,
    /// Where to look for packages.
    links: Vec<&'l str>,
    /// It names a directory that is a project: `.`, `./x/`, `-e x`.
    project: Option<&'l str>,
    /// A word of which it is not known what it names.
    unknown: Option<String>,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        let program = command.program.as_str();
        let first = if is_versioned(program, "pip") {
            0
        } else if is_interpreter(program) {
            if let Some(first) = arguments_of(command, "venv") {
                return Self::environment(command, first);
            }
            arguments_of(command, "pip")?
        } else if program == "virtualenv" {
            return Self::environment(command, 0);
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

    fn environment(command: &'c Invocation<'c>, first: usize) -> Option<Self> {
        const GRAMMAR: Grammar = Grammar::gnu(
            &["--prompt -p --python"],
            &[
                "--system-site-packages --symlinks --copies --always-copy --clear --upgrade --without-pip --no-pip \
             --upgrade-deps --without-scm-ignore-files -q --quiet -v --no-download --download --no-setuptools \
             --no-wheel --no-site-packages",
            ],
        );
        Some(Self { verb: Verb::Environment, words: Words::read(command, first, &GRAMMAR)? })
    }

    fn wanted(&self) -> Wanted<'_> {
        let mut wanted = Wanted::default();
        for option in &self.words.options {
            let list = match option.name {
                "-r" | "--requirement" | "-c" | "--constraint" | "--build-constraint" => &mut wanted.files,
                "--group" => &mut wanted.groups,
                "-f" | "--find-links" => &mut wanted.links,
                "-e" | "--editable" => match option.value.known() {
                    Some(value) if matches!(source(value), Source::Remote) => continue,
                    Some(value) => {
                        wanted.project.get_or_insert(value);
                        continue;
                    }
                    None => {
                        let beginning = option.value.beginning();
                        if beginning == "." {
                            wanted.project.get_or_insert(".");
                        }
                        wanted.unknown.get_or_insert_with(|| format!("-e {beginning}"));
                        continue;
                    }
                },
                "--requirements-from-script" => {
                    wanted.unknown.get_or_insert_with(|| option.name.to_owned());
                    continue;
                }
                _ => continue,
            };
            match option.value.known() {
                Some(value) => list.push(value),
                None => {
                    let text = format!("{} {}", option.name, option.value.beginning());
                    wanted.unknown.get_or_insert(text);
                }
            }
        }
        for operand in &self.words.operands {
            wanted.add(operand);
        }
        wanted
    }

    /// The paths that the options `names` are given; `None` where one is not known.
    fn places(&self, names: &[&str], resolve: impl Fn(&str) -> Option<ImagePath>) -> Option<Vec<ImagePath>> {
        let mut places = Vec::new();
        for option in &self.words.options {
            if names.contains(&option.name) {
                places.push(resolve(option.value.known()?)?);
            } else if option.name == "--install-option" && names.contains(&"--prefix") {
                let prefix = option.value.known()?.strip_prefix("--prefix=");
                places.extend(prefix.and_then(&resolve));
            }
        }
        Some(places)
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

impl<'l> Wanted<'l> {
    fn add(&mut self, operand: &Operand<'l>) {
        let Some(value) = operand.value else { return self.add_unknown(operand) };
        match source(value) {
            Source::Index | Source::Remote => {}
            Source::Local(path) if is_project(path) => {
                self.project.get_or_insert(path);
            }
            Source::Local(path) => self.paths.push(path),
        }
    }

    /// A word with a pattern or a variable in it.
    fn add_unknown(&mut self, operand: &Operand<'_>) {
        let text = String::from_utf8_lossy(operand.argument.text);
        let bare = text.trim_matches('"');
        let start = bare.split(['$', '`']).next().unwrap_or_default();
        if begins_with_comparison(start) {
            return;
        }
        if operand.argument.glob.is_some() {
            // `.[dev]` is one too.
            if bare.starts_with(".[") {
                self.project.get_or_insert(".");
                return;
            }
            // `uvicorn[standard]` is a pattern to the shell, and itself where no file matches.
            if !bare.contains(['$', '*', '?', '/', '{']) && source(bare) == Source::Index {
                return;
            }
            let directory = start.split(['*', '?', '[']).next().unwrap_or_default().rsplit_once('/');
            if let Some((directory, _)) = directory.filter(|(directory, _)| directory.starts_with('/')) {
                return self.globs.push(directory.to_owned());
            }
        }
        self.unknown.get_or_insert_with(|| text.into_owned());
    }
}

/// The path of a value of `--find-links` that is no address.
fn local_link(link: &str) -> Option<&str> {
    if has_scheme(link) { file_path(link) } else { Some(link) }
}

/// Whether a path can only be a directory.
fn is_project(path: &str) -> bool {
    path.ends_with('/') || matches!(path.rsplit('/').next(), Some("." | ".."))
}

impl Ecosystem for Pip {
    fn name(&self) -> &'static str {
        "pip"
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
        for name in PATH_VARIABLES {
            let value = match environment.get(name) {
                Setting::Unset => continue,
                Setting::Known(value) => value,
                Setting::Unknown => return None,
            };
            let words = value.split_whitespace().filter(|word| !has_scheme(word));
            let paths: Option<Vec<_>> =
                words.map(|word| ImagePath::absolute(word).or_else(|| Some(directory?.join(word)))).collect();
            // The file may name others beside it.
            let beside =
                paths?.into_iter().map(|path| path.parent().filter(|at| *at != root).unwrap_or(path));
            places::write(&mut effects, beside.collect());
        }
        let usage = |kind, effects, has_project: bool| Usage {
            kind,
            directory: command.directory.clone().filter(|_| has_project),
            effects,
            runs_package_code: matches!(line.verb, Verb::Install | Verb::Download | Verb::Wheel)
                && !only_wheels(&line.words),
        };
        match line.verb {
            Verb::CleanCache => return Some(usage(UsageKind::CleanCache, effects, false)),
            Verb::Show => return Some(usage(UsageKind::Packages, effects, false)),
            Verb::Configure => {
                let is_edit =
                    line.words.operands.first().is_some_and(|operand| operand.value == Some("edit"));
                return (!is_edit).then(|| usage(UsageKind::Packages, effects, false));
            }
            Verb::Environment => {
                let [operand] = &line.words.operands[..] else { return None };
                let path = directory?.join(operand.value?);
                if inside(&path) {
                    return Some(usage(UsageKind::Install, effects, true));
                }
                places::write(&mut effects, vec![path]);
                return Some(usage(UsageKind::Packages, effects, false));
            }
            Verb::Install | Verb::Download | Verb::Wheel | Verb::Uninstall => {}
        }
        // A path that is relative to a directory that is not known may be any.
        let resolve = |path: &str| ImagePath::absolute(path).or_else(|| Some(directory?.join(path)));
        let written = line.places(&WRITTEN, resolve)?;
        let read = line.places(&READ, resolve)?;
        let wanted = line.wanted();
        let mut named = Vec::new();
        for path in
            wanted.paths.iter().copied().chain(wanted.links.iter().filter_map(|link| local_link(link)))
        {
            named.push(resolve(path)?);
        }
        let destination = match (line.verb, line.destination()) {
            (Verb::Download | Verb::Wheel, None) => Some(directory?.clone()),
            (_, Some(value)) => Some(resolve(value.known()?)?),
            _ => None,
        };
        let uses_project = written.iter().chain(&read).chain(&named).chain(&destination).any(inside)
            || !wanted.files.is_empty()
            || !wanted.groups.is_empty()
            || line.words.options.iter().any(|option| matches!(option.name, "-e" | "--editable"))
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
            return Some(usage(UsageKind::Build, effects, true));
        }
        let kind = if uses_project { UsageKind::Install } else { UsageKind::Packages };
        Some(usage(kind, effects, uses_project))
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        _usage: &Usage,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let unread = || Refusal::new("it is no command of pip that is known");
        let line = Line::read(command).ok_or_else(unread)?;
        if line.verb == Verb::Environment {
            let path = line.words.operands.first().and_then(|operand| operand.value).ok_or_else(unread)?;
            return Ok(Needs { outputs: vec![project.path(path)], ..Needs::default() });
        }
        let wanted = line.wanted();
        if let Some(path) = wanted.project {
            return Err(Refusal::new(format!(
                "it builds the project in {path}, so it needs the sources: pip cannot install the dependencies alone"
            )));
        }
        if let Some(word) = wanted.unknown {
            return Err(Refusal::new(format!("what `{word}` names is only known when it runs")));
        }
        config::check_files(project)?;
        let mut closure = Closure::new(project);
        for file in &wanted.files {
            closure.file(file)?;
        }
        for path in &wanted.paths {
            closure.package(path)?;
        }
        for link in &wanted.links {
            closure.find_links(link)?;
        }
        if let Some(group) = wanted.groups.first() {
            return Err(Refusal::new(format!("it installs the group {group} of pyproject.toml")));
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
                let path = value.known().and_then(|path| {
                    ImagePath::absolute(path).or_else(|| Some(command.directory.as_ref()?.join(path)))
                });
                path.ok_or_else(|| Refusal::new("the directory of --cache-dir is only known when it runs"))?
            }
            None => cache::directory(&environment, "PIP_CACHE_DIR", "pip")?,
        };
        let mut edits = Vec::new();
        for argument in &command.arguments {
            if matches!(argument.value.as_deref(), Some("--no-cache-dir" | "--no-cache")) {
                if argument.span.is_empty() {
                    return Err(Refusal::new("--no-cache-dir stands in the JSON form of RUN"));
                }
                edits.push(CommandEdit::Remove(argument.span));
            }
        }
        let cache = Cache { directory, kind: CacheKind::Pure, sharing: Sharing::Shared };
        Ok(CachePlan { caches: vec![cache], edits })
    }

    fn ignored(&self) -> &'static [&'static str] {
        &["**/__pycache__", "**/*.py[cod]", "**/.venv", "**/*.egg-info"]
    }
}

/// Whether no package is built: `--only-binary :all:`.
fn only_wheels(words: &Words<'_>) -> bool {
    words.value(&["--only-binary"]).is_some_and(|value| value.known() == Some(":all:"))
        && !words.has(&["--no-binary", "-e", "--editable"])
}

#[cfg(test)]
mod tests;
