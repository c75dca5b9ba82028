//! conda: `conda`, `mamba`, `micromamba`.
//!
//! - **Commands**: `env create`, `env update`, and `create`, `install`, `update` with `--file` are installs; with packages
//!   by name alone they read no project. `clean` empties the cache; `config`, `init`, `info`, `list`, `remove` are known
//!   too. `run COMMAND` is what COMMAND is, where some other manager knows it. `activate` and the rest are opaque.
//! - **Manifests**: environment files and lists of packages; what the `pip` part of an environment file includes. Paths in
//!   that part are relative to the file's directory, in which pip runs (conda, `conda_env/installers/pip.py`).
//! - **Prefetch**: none, and none is needed: nothing of the project is installed, or the install is refused.
//! - **Caches**: none is mounted. conda hard-links packages from its cache, or copies them from a mount, and writes into
//!   the image which of the two it did (`conda-meta/*.json`, "link"): the image would be another one.
//! - **Refused**: local projects in the `pip` part, channels in a directory.
//!
//! Sources: conda's documentation, "Commands", "Managing environments", "Custom channels"; mamba's "Micromamba User Guide".

mod environment_file;

use std::sync::Arc;

use dockfix_model::commands::Invocation;
use dockfix_model::effects::{Effects, Paths};
use dockfix_model::images::BaseImage;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, Shell, State, User, Variables};

use crate::environment::Environment;
use crate::options::{self, Given, Grammar, Operand, Short, Words};
use crate::python::closure::Closure;
use crate::python::places;
use crate::python::source::has_scheme;
use crate::{CachePlan, Ecosystem, Needs, Refusal, Usage, UsageKind, names};

/// conda, mamba and micromamba.
pub(crate) struct Conda;

const GRAMMAR: Grammar = Grammar::gnu(
    &[
        "-n --name -p --prefix -f --file -c --channel --repodata-fn --solver --experimental-solver --experimental",
        "--platform --subdir -r --root-prefix --rc-file --category --revision --clone --pinned --add --append",
        "--prepend --set --remove-key --get --channel-priority --env --log-level",
    ],
    &[
        "-y --yes -q --quiet -v --verbose --no-deps --only-deps --override-channels --copy --always-copy",
        "--always-softlink --force --force-reinstall --no-pin --update-all --all --freeze-installed",
        "--no-update-deps --update-deps --update-specs --offline --use-index-cache --use-local",
        "--strict-channel-priority --no-channel-priority --prune --json --mkdir --insecure -k --download-only",
        "--no-default-packages --dev --help -h --version -V --system --tarballs -t --packages --index-cache -i",
        "--force-pkgs-dirs --tempfiles --logfiles -l -s --source-cache --trash --locks -a -d --dry-run --show-channel-urls --no-rc",
        "--no-env --retry-clean-cache --unlink --allow-uninstall --no-allow-uninstall --pyc --no-pyc",
    ],
);
const RUN: Grammar = Grammar {
    valued: &["-n --name -p --prefix --cwd -a --attach -e --env"],
    switches: &["--no-capture-output --live-stream -v --verbose --dev --debug-wrapper-scripts"],
    short: Short::Clustered,
    ends_at_operand: true,
    table: None,
};

/// A command line of conda.
struct Line<'c> {
    verb: Verb,
    words: Words<'c>,
    /// micromamba, or mamba since 2, which takes environment files everywhere.
    is_micromamba: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    /// `env create`, `env update`.
    Environment,
    /// `create`, `install`, `update`.
    Install,
    /// Works on settings or what is installed.
    Own,
    CleanCache,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        if !is_conda(command) {
            return None;
        }
        let is_micromamba = command.program == "micromamba";
        let mut words = Words::read(command, 0, &GRAMMAR)?;
        if words.has(&["--rc-file", "--dry-run", "-d", "--clone"]) {
            return None;
        }
        if words.operands.is_empty() {
            let is_question = words.has(&["-V", "--version", "-h", "--help"]);
            return is_question.then_some(Self { verb: Verb::Own, words, is_micromamba });
        }
        let verb = match words.operands.remove(0).value? {
            "env" if !words.operands.is_empty() => match words.operands.remove(0).value? {
                "create" | "update" => Verb::Environment,
                "list" | "remove" => Verb::Own,
                _ => return None,
            },
            "create" | "install" | "update" | "upgrade" => Verb::Install,
            "clean" => Verb::CleanCache,
            "config" | "init" | "info" | "list" | "remove" | "uninstall" | "search" | "self-update" => {
                Verb::Own
            }
            _ => return None,
        };
        Some(Self { verb, words, is_micromamba })
    }

    /// The files that say what to install; `None` where one is not known.
    fn files(&self) -> Option<Vec<&str>> {
        let given = self.words.options.iter().filter(|option| matches!(option.name, "-f" | "--file"));
        let mut files: Vec<_> = given.map(|option| option.value.known()).collect::<Option<_>>()?;
        match self.verb {
            Verb::Environment => {
                files.extend(self.words.operands.iter().filter_map(|operand| operand.value));
                if files.is_empty() {
                    files.push("environment.yml");
                }
            }
            Verb::Install => {}
            Verb::Own | Verb::CleanCache => files.clear(),
        }
        files.retain(|file| !has_scheme(file) || file.starts_with("file:"));
        Some(files)
    }
}

fn is_conda(command: &Invocation<'_>) -> bool {
    matches!(&*command.program, "conda" | "mamba" | "micromamba")
}

/// The command that `conda run` runs.
fn inner<'c>(command: &'c Invocation<'c>) -> Option<Invocation<'c>> {
    let at = command.arguments.iter().position(|argument| argument.value.as_deref() == Some("run"))?;
    if !is_conda(command) || at != 0 {
        return None;
    }
    let words = Words::read(command, 1, &RUN)?;
    let changes_more = words.has(&["--cwd", "-e", "--env", "-a", "--attach"]);
    let (program, _) = words.operands.split_first().filter(|_| !changes_more)?;
    let path = program.value?;
    let first = command.arguments.len() - words.operands.len() + 1;
    Some(Invocation {
        program: path.rsplit('/').next().unwrap_or(path).into(),
        program_path: path.into(),
        program_span: program.argument.span,
        arguments: command.arguments.get(first..)?.to_vec(),
        ..command.clone()
    })
}

impl Ecosystem for Conda {
    fn name(&self) -> &'static str {
        "conda"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["conda", "mamba", "micromamba"]
    }

    fn upgrades(&self, command: &Invocation<'_>) -> bool {
        Line::read(command).is_some_and(|line| matches!(line.verb, Verb::Install | Verb::Environment))
            && ["update", "upgrade", "--update-all", "--all"].iter().any(|word| command.has(word))
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        if !is_conda(command) {
            return None;
        }
        if let Some(inner) = inner(command) {
            let (_, mut usage) = crate::recognise(&inner, state)?;
            usage.effects = usage.effects.and(effects(command, state)?);
            return Some(usage);
        }
        let line = Line::read(command)?;
        let mut effects = effects(command, state)?;
        let directory = command.directory.as_ref();
        let resolve = |path: &str| options::path(path, directory);
        let inside = |path: &ImagePath| options::is_inside(path, directory);
        let mut uses_project = !line.files()?.is_empty();
        for option in &line.words.options {
            if matches!(option.name, "-p" | "--prefix" | "-r" | "--root-prefix") {
                let path = resolve(option.value.known()?)?;
                uses_project |= inside(&path);
                places::write(&mut effects, Some(path).filter(|path| !inside(path)).into_iter().collect());
            }
        }
        let installs = matches!(line.verb, Verb::Environment | Verb::Install);
        if line.verb == Verb::Install && !line.words.operands.iter().all(is_spec) {
            return None;
        }
        if line.words.options.iter().any(names_local_channel) {
            return None;
        }
        let kind = match line.verb {
            Verb::CleanCache => UsageKind::CleanCache,
            _ if installs && uses_project => UsageKind::Install,
            _ => UsageKind::Packages,
        };
        Some(Usage {
            kind,
            // Where all files are named by absolute paths, it does not matter.
            directory: directory
                .cloned()
                .or_else(|| line.files()?.iter().all(|file| file.starts_with('/')).then(ImagePath::root))
                .filter(|_| kind == UsageKind::Install),
            effects,
            runs_package_code: installs,
        })
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        if let Some(inner) = inner(command) {
            return inner_needs(&inner, project);
        }
        let line = Line::read(command);
        let Some((line, files)) = line.as_ref().and_then(|line| Some((line, line.files()?))) else {
            return Err(Refusal::new("it is no command of conda that is known"));
        };
        let mut needs = Needs::default();
        for file in files {
            let path = project.path(crate::python::source::file_path(file).unwrap_or(file));
            // What pip is told in an environment file, it reads in that file's directory.
            let beside = project.at(path.parent().unwrap_or_else(ImagePath::root));
            let mut closure = Closure::new(&beside, "conda");
            let is_yaml = [".yml", ".yaml"].iter().any(|end| path.name().ends_with(end));
            if line.verb == Verb::Environment || (is_yaml && line.is_micromamba) {
                environment_file::read(&mut closure, &beside, &path)?;
            } else if is_yaml {
                let shown = project.shown(path.as_str());
                return Err(Refusal::new(format!(
                    "{shown} is no list of packages, which conda expects here"
                )));
            } else {
                environment_file::read_list(&mut closure, &beside, &path)?;
            }
            merge(&mut needs, closure.into_needs());
        }
        let prefixes = line.words.options.iter().filter(|option| matches!(option.name, "-p" | "--prefix"));
        let prefixes = prefixes.filter_map(|option| option.value.known()).map(|path| project.path(path));
        needs.outputs.extend(prefixes.filter(|path| path.below(project.directory()).is_some()));
        needs.outputs.extend(places::outputs(project));
        Ok(needs)
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        project: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        if let Some(inner) = inner(command) {
            return match crate::recognise(&inner, state) {
                Some((ecosystem, usage)) => ecosystem.caches(&inner, &usage, state, project),
                None => Ok(CachePlan::default()),
            };
        }
        match Line::read(command) {
            Some(line) if matches!(line.verb, Verb::Environment | Verb::Install) => Err(Refusal::new(
                "conda writes into the image how each package was linked from its cache, so a mount would change the \
                 image",
            )),
            _ => Ok(CachePlan::default()),
        }
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["environment.yml", "environment.yaml"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["conda-lock.yml"]
    }
}

/// What a command run by `conda run` needs. A prefetch would have to be run the same way.
fn inner_needs(inner: &Invocation<'_>, project: &Project<'_>) -> Result<Needs, Refusal> {
    // Whose command it is does not depend on what holds at the RUN; that it is known there was found out before.
    let state = State {
        workdir: inner.directory.clone(),
        user: User::Root,
        shell: Shell::Posix,
        variables: Arc::new(Variables::new(false)),
        base: Arc::new(BaseImage::unknown()),
    };
    let (ecosystem, usage) =
        crate::recognise(inner, &state).ok_or_else(|| Refusal::new("what conda run runs is not known"))?;
    let needs = ecosystem.needs(inner, &usage, &state, project)?;
    match needs.prefetch {
        Some(_) => {
            let name = ecosystem.name();
            Err(Refusal::new(format!("{name} would have to run by conda run without the sources")))
        }
        None => Ok(needs),
    }
}

fn merge(needs: &mut Needs, more: Needs) {
    for file in more.files {
        if !needs.files.contains(&file) {
            needs.files.push(file);
        }
    }
    needs.directories.extend(more.directories);
    needs.outputs.extend(more.outputs);
    needs.variables.extend(more.variables);
}

/// The effects of conda itself, with the root that variables name.
fn effects(command: &Invocation<'_>, state: &State) -> Option<Effects> {
    let mut effects = places::installation(command, state, &["CONDA*", "MAMBA*", "MINIFORGE*"]);
    let environment = Environment::new(command, state);
    let names_of_roots =
        ["CONDA_DIR", "CONDA_ROOT", "CONDA_PREFIX", "MAMBA_ROOT_PREFIX", "CONDA_PKGS_DIRS", "CONDARC"];
    places::add_directories(&mut effects, &environment, &names_of_roots, command.directory.as_ref())?;
    effects.environment = effects.environment.and(names(&["CONDARC", "MAMBARC"]));
    if environment.path("CONDA_ENVS_PATH").ok()?.is_some()
        || environment.path("CONDA_ENVS_DIRS").ok()?.is_some()
    {
        effects.writes = Paths::All;
    }
    Some(effects)
}

/// Whether an operand names a package: `numpy`, `python=3.12`, `conda-forge::x`, `python=$VERSION`.
fn is_spec(operand: &Operand<'_>) -> bool {
    let text = operand.beginning();
    let is_path = text.starts_with(['.', '/', '~', '$'])
        || text.ends_with(".conda")
        || text.ends_with(".tar.bz2")
        || (text.contains('/') && !text.contains("::") && !has_scheme(&text));
    let is_whole =
        operand.value.is_some() || text.contains(['=', '<', '>']) || operand.argument.glob.is_some();
    !is_path && !text.is_empty() && is_whole
}

/// Whether an option names a channel in a directory.
fn names_local_channel(option: &Given<'_>) -> bool {
    let value = option.value.beginning();
    matches!(option.name, "-c" | "--channel")
        && (value.starts_with(['.', '/', '~']) || value.starts_with("file:"))
}

#[cfg(test)]
mod tests;
