//! What the installation of Python packages may touch besides its project.

use dockfix_model::commands::Invocation;
use dockfix_model::effects::{Effects, Names, Paths};
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};

use super::source::has_scheme;
use crate::environment::{Environment, Setting};
use crate::{Needs, names, system};

/// Where packages land: the interpreters of distributions and of the official images, usual places of environments.
const WRITTEN: &[&str] = &[
    "/env",
    "/opt/app-root/bin",
    "/opt/app-root/lib",
    "/opt/conda",
    "/opt/env",
    "/opt/micromamba",
    "/opt/pipx",
    "/opt/poetry",
    "/opt/venv",
    "/opt/virtualenv",
    "/opt/virtualenvs",
    "/usr/bin",
    "/usr/include",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/bin",
    "/usr/local/etc",
    "/usr/local/include",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/man",
    "/usr/local/share",
    "/usr/share",
    "/venv",
    "/virtualenv",
];

/// What a build of a source distribution and the tools themselves read besides.
const READ: &[&str] = &["/bin", "/etc", "/lib", "/lib64", "/opt/rh", "/sbin", "/usr/libexec", "/usr/sbin"];

/// Where the tools write and read below HOME.
const BELOW_HOME: &[&str] = &[
    ".bash_profile",
    ".bashrc",
    ".cache",
    ".cargo",
    ".conda",
    ".condarc",
    ".config",
    ".gitconfig",
    ".git-credentials",
    ".local",
    ".mamba",
    ".mambarc",
    ".netrc",
    ".pip",
    ".profile",
    ".pydistutils.cfg",
    ".rustup",
    ".ssh",
    ".zshrc",
    "micromamba",
];

/// The variables that every Python tool reads, and those that builds of packages commonly read. Patterns as wide as
/// `GIT_*`, `PYTHON_*` or `BUILD_*` would catch the names that people give to a commit, a version or a date; pip looks at
/// `BUILD_ID` and `BUILD_BUILDID` only to tell the index that it runs in CI.
const VARIABLES: &[&str] = &[
    "ALL_PROXY",
    "ARCHFLAGS",
    "AR",
    "CARGO_*",
    "CC",
    "CFLAGS",
    "CMAKE_*",
    "CONDA_*",
    "CPATH",
    "CPPFLAGS",
    "CURL_CA_BUNDLE",
    "CXX",
    "CXXFLAGS",
    "C_INCLUDE_PATH",
    "DISTUTILS_*",
    "FORCE_COLOR",
    "GIT_ASKPASS",
    "GIT_CONFIG*",
    "GIT_DIR",
    "GIT_EXEC_PATH",
    "GIT_HTTP_*",
    "GIT_LFS_*",
    "GIT_PROXY_*",
    "GIT_SSH*",
    "GIT_SSL_*",
    "GIT_TEMPLATE_DIR",
    "GIT_TERMINAL_PROMPT",
    "GIT_TRACE*",
    "GIT_WORK_TREE",
    "LDFLAGS",
    "LIBRARY_PATH",
    "MAKEFLAGS",
    "MAX_JOBS",
    "NETRC",
    "NO_COLOR",
    "PIP_*",
    "PKG_CONFIG_PATH",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHASHSEED",
    "PYTHONHOME",
    "PYTHONIOENCODING",
    "PYTHONNOUSERSITE",
    "PYTHONOPTIMIZE",
    "PYTHONPATH",
    "PYTHONPLATLIBDIR",
    "PYTHONPYCACHEPREFIX",
    "PYTHONSAFEPATH",
    "PYTHONSTARTUP",
    "PYTHONUNBUFFERED",
    "PYTHONUSERBASE",
    "PYTHONUTF8",
    "PYTHONWARNINGS",
    "REQUESTS_CA_BUNDLE",
    "RUST*",
    "SETUPTOOLS_*",
    "SKBUILD_*",
    "SOURCE_DATE_EPOCH",
    "SSH_*",
    "SSL_CLIENT_CERT",
    "VIRTUAL_ENV",
    "XDG_*",
    "_PIP_*",
];

/// The effects of a command that installs packages, with the variables that match `variables`. Its project, the
/// directory it works in, is left out: [`crate::Needs`] tells what it does there.
pub(crate) fn installation(command: &Invocation<'_>, state: &State, variables: &[&'static str]) -> Effects {
    let mut paths: Vec<_> = WRITTEN.iter().map(|path| ImagePath::fixed(path)).collect();
    paths.extend(home(state, command));
    paths.extend(environments(command, state));
    Effects {
        reads: Paths::below(paths.clone()).and(system::below(READ)).and(system::programs()),
        writes: Paths::below(paths),
        environment: names(VARIABLES).and(Names::matching(variables)),
    }
}

/// The home directory; where the project is in it or is it, the parts of it that tools use. Of a project in the home
/// directory itself, [`outputs`] tells.
fn home(state: &State, command: &Invocation<'_>) -> Vec<ImagePath> {
    let home = state.home().unwrap_or_else(|| ImagePath::root().join("root"));
    match &command.directory {
        Some(directory) if *directory == home && home != ImagePath::root() => Vec::new(),
        Some(directory) if directory.below(&home).is_none() && home != ImagePath::root() => vec![home],
        _ => BELOW_HOME.iter().map(|name| home.join(name)).collect(),
    }
}

/// The virtual environments that the command may work on and that lie outside its directory: `VIRTUAL_ENV`, the
/// directories of PATH, the place of the program.
fn environments(command: &Invocation<'_>, state: &State) -> Vec<ImagePath> {
    let mut found = Vec::new();
    let mut add = |path: Option<ImagePath>| {
        let Some(path) = path.filter(|path| *path != ImagePath::root()) else { return };
        let inside = command.directory.as_ref().is_some_and(|directory| path.below(directory).is_some());
        if !inside || command.directory.as_ref().is_some_and(|directory| *directory == ImagePath::root()) {
            found.push(path);
        }
    };
    let environment = Environment::new(command, state);
    if let Setting::Known(path) = environment.get("VIRTUAL_ENV") {
        add(ImagePath::absolute(path));
    }
    let path = match environment.get("PATH") {
        Setting::Known(path) => path,
        _ => "",
    };
    for directory in
        path.split(':').chain(command.program_path.rsplit_once('/').map(|(directory, _)| directory))
    {
        let absolute = ImagePath::absolute(directory).or_else(|| {
            command.directory.as_ref().filter(|_| !directory.is_empty()).map(|at| at.join(directory))
        });
        add(absolute.filter(|path| path.name() == "bin").and_then(|path| path.parent()));
    }
    found
}

/// What an installation may write into its project although nobody said so: virtual environments that lie there, and
/// the tools' own directories where the project is the home directory. Only what the context has too is of interest.
pub(crate) fn outputs(project: &Project<'_>) -> Vec<ImagePath> {
    let mut outputs = Vec::new();
    for (name, is_directory) in project.list(".") {
        let is_environment = is_directory && project.has_file(&format!("{name}/pyvenv.cfg"));
        if is_environment || matches!(name.as_str(), ".local" | ".cache") {
            outputs.push(project.path(&name));
        }
    }
    outputs
}

/// Names at the top of a project that belong to tools: what a command writes there is an output.
const OWN: &[&str] = &[".cache", ".local", ".venv", "venv", "env"];

/// Whether a path that a variable names counts as an effect: it lies outside of the project in `directory`, or in a place
/// of it where no tool is expected to write.
pub(crate) fn is_apart(path: &ImagePath, directory: Option<&ImagePath>) -> bool {
    let below = directory.filter(|directory| **directory != ImagePath::root()).and_then(|at| path.below(at));
    !below.is_some_and(|below| OWN.contains(&below.split('/').next().unwrap_or_default()))
}

/// Adds the directories that the variables `names` hold to what is read and written; `None` where one is not known.
pub(crate) fn add_directories(
    effects: &mut Effects,
    environment: &Environment<'_>,
    names: &[&str],
    directory: Option<&ImagePath>,
) -> Option<()> {
    for name in names {
        let path = environment.path(name).ok()?;
        write(effects, path.into_iter().filter(|path| is_apart(path, directory)).collect());
    }
    Some(())
}

/// Adds the files that the variables `names` list, with what lies beside them since one file may name others; `None`
/// where one is not known.
pub(crate) fn add_files(effects: &mut Effects, environment: &Environment<'_>, names: &[&str]) -> Option<()> {
    for name in names {
        let value = match environment.get(name) {
            Setting::Unset => continue,
            Setting::Known(value) => value,
            Setting::Unknown => return None,
        };
        let mut paths = Vec::new();
        // An index may have a name: `name=https://...`.
        let is_local = |word: &&str| !has_scheme(word.split_once('=').map_or(*word, |(_, address)| address));
        for word in value.split_whitespace().filter(|word| !has_scheme(word)).filter(is_local) {
            let path = environment.resolve(word).ok()?;
            paths.push(path.parent().filter(|parent| *parent != ImagePath::root()).unwrap_or(path));
        }
        write(effects, paths);
    }
    Some(())
}

/// Adds the virtual environment that tools make in a project.
pub(crate) fn add_environment(needs: &mut Needs, project: &Project<'_>) {
    let path = project.path(".venv");
    if !needs.outputs.contains(&path) {
        needs.outputs.push(path);
    }
}

/// Adds the paths to what is read.
pub(crate) fn read(effects: &mut Effects, paths: Vec<ImagePath>) {
    let before = std::mem::replace(&mut effects.reads, Paths::none());
    effects.reads = before.and(Paths::below(paths));
}

/// Adds the paths to what is read and written.
pub(crate) fn write(effects: &mut Effects, paths: Vec<ImagePath>) {
    let before = std::mem::replace(&mut effects.writes, Paths::none());
    effects.writes = before.and(Paths::below(paths.clone()));
    read(effects, paths);
}
