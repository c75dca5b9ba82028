//! Packages that uv builds of directories, and what it remembers of them.
//!
//! uv keeps what it built of a directory, and takes it again as long as the change times of its `pyproject.toml`,
//! `setup.py` and `setup.cfg` are the same ones, or of what `tool.uv.cache-keys` names instead, whatever became of the
//! sources (uv's documentation, "Caching"; astral-sh/uv#13685, #15224, #11455). A file in a layer that is not made anew
//! keeps its change time, so a mount that outlives the layers of the sources brings what was built of older ones.
//! Tried with 0.5.0, 0.9.20 and 0.13.9:
//!
//! - `uv sync --no-editable` installs the old wheel;
//! - an editable install has nothing of the sources in it, but its metadata may be computed of them (`dynamic`), and what
//!   its build compiles into the sources is not compiled again;
//! - directories on the command line of `uv pip install` are built again since 0.6.7 (0.6.6 takes the old wheel), but not
//!   those on which they depend, nor those that a requirements file, a constraint or an override names (astral-sh/uv#13876).
//!
//! Whether a RUN or a COPY from another stage changes the sources below the COPY of the manifest is not known here. So a
//! package that `uv sync` copies into the environment is never built with a mount.

use dockfix_model::commands::Invocation;
use dockfix_model::project::{Copied, Found, Project};
use dockfix_model::{ImagePath, State};

use super::sync::{is_static, is_virtual, normalised, own_directory, workspace_root};
use super::{Line, Verb, pip, version};
use crate::Refusal;
use crate::environment::{Environment, Setting};
use crate::python::closure::{Closure, Directory};
use crate::python::source::{Source, is_archive, source};
use crate::python::toml_file::{Node, TomlFile};
use crate::python::wanted::Wanted;

/// The files whose change times uv looks at.
const MANIFESTS: [&str; 3] = ["pyproject.toml", "setup.py", "setup.cfg"];

/// Variables that name files of requirements.
const VARIABLES: [&str; 3] = ["UV_CONSTRAINT", "UV_OVERRIDE", "UV_BUILD_CONSTRAINT"];

/// Back ends of which an editable install leaves nothing in the sources, with the tables of pyproject.toml by which they
/// do all the same. Not setuptools, which lists the packages it finds.
const BACK_ENDS: [(&str, &[&[&str]]); 5] = [
    (
        "hatchling.build",
        &[&["tool", "hatch", "build", "hooks"], &["tool", "hatch", "build", "targets", "wheel", "hooks"]],
    ),
    ("flit_core.buildapi", &[]),
    ("uv_build", &[]),
    ("poetry.core.masonry.api", &[&["tool", "poetry", "build"]]),
    ("pdm.backend", &[&["tool", "pdm", "build"], &["tool", "pdm", "version"]]),
];

/// Fails where a mount may bring what was built of older sources.
///
/// # Errors
///
/// The first such package.
pub(super) fn check(
    line: &Line<'_>,
    command: &Invocation<'_>,
    state: &State,
    project: Option<&Project<'_>>,
) -> Result<(), Refusal> {
    match line.verb {
        Verb::Sync => check_sync(line, &Environment::new(command, state), project),
        Verb::PipInstall | Verb::PipSync => match project {
            Some(project) => check_pip(line, command, state, project),
            None => check_words(line),
        },
        _ => Ok(()),
    }
}

fn check_sync(
    line: &Line<'_>,
    environment: &Environment<'_>,
    project: Option<&Project<'_>>,
) -> Result<(), Refusal> {
    let skips_all = line.has(&["--no-install-local"]);
    let copies_all = line.has(&["--no-editable"]) || environment.get("UV_NO_EDITABLE") != Setting::Unset;
    let unknown = || match copies_all && !skips_all {
        true => Err(Refusal::new(
            "what uv builds without --editable is not known, and it would keep old wheels of it",
        )),
        false => Ok(()),
    };
    let Some(project) = project else { return unknown() };
    let own = own_directory(project)?;
    let Some(file) = TomlFile::read(project, &own.join("pyproject.toml"))? else { return unknown() };
    let content = file.parse()?;
    let top = file.top(&content);
    let root = workspace_root(project, &own, top)?;
    let copied: Vec<_> = values(line, "--no-editable-package");
    let skipped: Vec<_> = values(line, "--no-install-package");
    let skips_members = skips_all || line.has(&["--no-install-workspace"]);
    let skips_own =
        skips_members || is_virtual(top) || line.has(&["--no-install-project", "--only-group", "--only-dev"]);
    for package in packages(project, &own, &root, top)? {
        let is_skipped = match package.kind {
            Kind::Own => skips_own,
            Kind::Member => skips_members,
            Kind::Other => skips_all,
        };
        if is_skipped || skipped.contains(&package.name) {
            continue;
        }
        if !package.is_editable || copies_all || copied.contains(&package.name) {
            let name = &package.name;
            let manifest = project.shown(package.directory.join("pyproject.toml").as_str());
            return Err(Refusal::new(format!(
                "uv copies {name} into the environment: as long as {manifest} is not copied anew, it would take an old \
                 wheel from the mount, whatever the sources are"
            )));
        }
        check_editable(project, &package.directory)?;
    }
    Ok(())
}

/// The names that an option is given.
fn values(line: &Line<'_>, option: &str) -> Vec<String> {
    let given = line.words.options.iter().filter(|given| given.name == option);
    given.filter_map(|given| given.value.known()).map(normalised).collect()
}

/// A package that lies in the build context.
struct Package {
    name: String,
    directory: ImagePath,
    is_editable: bool,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// The project itself.
    Own,
    /// Another member of its workspace.
    Member,
    /// A dependency with a path.
    Other,
}

/// The packages that the lock file takes from directories; without one, those that pyproject.toml names.
fn packages(
    project: &Project<'_>,
    own: &ImagePath,
    root: &ImagePath,
    top: Node<'_>,
) -> Result<Vec<Package>, Refusal> {
    let own_name = top.string(&["project", "name"]).map(normalised).unwrap_or_default();
    let mut packages = Vec::new();
    let Some(file) = TomlFile::read(project, &root.join("uv.lock"))? else {
        packages.push(Package { name: own_name, directory: own.clone(), is_editable: true, kind: Kind::Own });
        for (name, value) in top.get(&["tool", "uv", "sources"]).into_iter().flat_map(Node::entries) {
            for choice in value.elements().chain(Some(value)) {
                let is_member = choice.get(&["workspace"]).is_some();
                let path = choice.string(&["path"]).filter(|path| !is_archive(path));
                let Some(path) = path.or(is_member.then_some(".")) else { continue };
                packages.push(Package {
                    name: normalised(name),
                    directory: own.join(path),
                    // Members are editable unless they are said not to be, others only where they are said to be.
                    is_editable: choice.get(&["editable"]).and_then(Node::as_bool).unwrap_or(is_member),
                    kind: if is_member { Kind::Member } else { Kind::Other },
                });
            }
        }
        return Ok(packages);
    };
    let content = file.parse()?;
    let lock = file.top(&content);
    let members: Vec<_> = lock
        .get(&["manifest", "members"])
        .map_or_else(Vec::new, Node::strings)
        .into_iter()
        .filter_map(Node::as_str)
        .collect();
    for package in lock.get(&["package"]).into_iter().flat_map(Node::elements) {
        let Some((source, name)) = package.get(&["source"]).zip(package.string(&["name"])) else { continue };
        let editable = source.string(&["editable"]);
        let Some(path) = editable.or(source.string(&["directory"])) else { continue };
        let kind = match name {
            name if name == own_name => Kind::Own,
            name if members.contains(&name) => Kind::Member,
            _ => Kind::Other,
        };
        let (name, directory) = (name.to_owned(), root.join(path));
        packages.push(Package { name, directory, is_editable: editable.is_some(), kind });
    }
    Ok(packages)
}

/// An editable install may be taken from the cache where it is the same one for all sources.
fn check_editable(project: &Project<'_>, directory: &ImagePath) -> Result<(), Refusal> {
    let path = directory.join("pyproject.toml");
    let setup = directory.join("setup.py");
    if matches!(project.find_at(&setup), Found::File(_)) {
        let shown = project.shown(setup.as_str());
        return Err(Refusal::new(format!(
            "{shown} may compile into the sources, which uv does not do again where its cache is a mount"
        )));
    }
    let Some(file) = TomlFile::read(project, &path)? else { return Ok(()) };
    let content = file.parse()?;
    let top = file.top(&content);
    if let Some(dynamic) = top.get(&["project", "dynamic"]).filter(|_| !is_static(top)) {
        return Err(Refusal::new(format!(
            "{} declares dynamic metadata, which uv would take from the mount as it was for older sources",
            dynamic.at()
        )));
    }
    let Some(named) = top.get(&["build-system", "build-backend"]) else {
        return with_sources(project, directory, Some(top));
    };
    let name = named.as_str().unwrap_or_default();
    if let Some((_, tables)) = BACK_ENDS.iter().find(|(back_end, _)| *back_end == name) {
        return match tables.iter().find_map(|keys| top.get(keys)) {
            Some(table) => Err(Refusal::new(format!(
                "{} may make files among the sources, which uv does not do again where its cache is a mount",
                table.at()
            ))),
            None => Ok(()),
        };
    }
    match top.get(&["tool", "setuptools", "ext-modules"]) {
        None if name == "setuptools.build_meta" => with_sources(project, directory, Some(top)),
        _ => Err(Refusal::new(format!(
            "{} names {name}, which may compile into the sources, and uv does not do that again where its cache is a mount",
            named.at()
        ))),
    }
}

/// Whether a manifest that uv looks at comes by the last COPY to the directory: then it is made anew with the sources.
fn come_together(project: &Project<'_>, directory: &ImagePath, top: Option<Node<'_>>) -> bool {
    let copied = project.supplies().copied();
    let keys = top.and_then(|top| top.get(&["tool", "uv", "cache-keys"])).map(Node::strings);
    let is_key =
        |name: &str| keys.as_ref().is_none_or(|keys| keys.iter().any(|key| key.as_str() == Some(name)));
    // A file that is copied only later is not there yet.
    let is_there = |index: usize, copied: &Copied| {
        copied.is_directory
            || matches!(project.find_at(&copied.target), Found::File(place) if place.copied == index)
    };
    let mut into = copied.iter().enumerate().filter(|(_, copied)| copied.target.overlaps(directory));
    let last = into.rfind(|(index, copied)| is_there(*index, copied)).map(|(_, copied)| copied.step);
    let is_last = |name: &str| match project.find_at(&directory.join(name)) {
        Found::File(place) => copied.get(place.copied).map(|copied| copied.step) == last,
        _ => false,
    };
    !project.supplies().incomplete && MANIFESTS.iter().any(|name| is_key(name) && is_last(name))
}

fn stale(project: &Project<'_>, directory: &ImagePath, uv: &str) -> Refusal {
    let shown = project.shown(directory.join("pyproject.toml").as_str());
    Refusal::new(format!(
        "{shown} does not come by the COPY of the last sources: as long as it is not copied anew, {uv} would take what it \
         built of older ones from the mount"
    ))
}

/// Fails unless the manifest and the sources [`come_together`].
fn with_sources(project: &Project<'_>, directory: &ImagePath, top: Option<Node<'_>>) -> Result<(), Refusal> {
    if come_together(project, directory, top) { Ok(()) } else { Err(stale(project, directory, "uv")) }
}

/// What a command of `uv pip` installs from directories.
#[derive(Default)]
struct Asked {
    /// Directories of the command line.
    named: Vec<Directory>,
    /// Directories that files and groups name.
    listed: Vec<Directory>,
    /// A word or a variable of which it is not known what it names.
    unknown: Option<String>,
}

impl Asked {
    /// Reads the command line, and the files that it names as far as they come from the context.
    fn of(line: &Line<'_>, environment: &Environment<'_>, project: &Project<'_>) -> Self {
        let is_sync = line.verb == Verb::PipSync;
        let wanted = Wanted::of(&line.words);
        let mut asked = Self { unknown: wanted.unknown.filter(|word| !is_archive(word)), ..Self::default() };
        let mut closure = Closure::with_directories(project, "uv");
        let mut files = wanted.files;
        for option in line.words.options.iter().filter(|option| pip::FILES.contains(&option.name)) {
            match option.value.known() {
                Some(file) => files.push(file),
                None => asked.unknown = Some(option.written()),
            }
        }
        for name in VARIABLES {
            match environment.get(name) {
                Setting::Unset => {}
                Setting::Known(value) => files.extend(value.split_ascii_whitespace()),
                Setting::Unknown => asked.unknown = Some(format!("${name}")),
            }
        }
        files.extend(line.words.operands.iter().filter(|_| is_sync).filter_map(|operand| operand.value));
        for file in files {
            // What cannot be read comes of a RUN or of another stage.
            let _ = closure.file(file);
        }
        for group in wanted.groups {
            let _ = closure.group(group);
        }
        asked.listed = closure.into_directories();
        for option in line.words.options.iter().filter(|option| matches!(option.name, "-e" | "--editable")) {
            match source(option.value.beginning()) {
                Source::Remote => {}
                Source::Local(path) => asked.name(project, path, true),
                Source::Index => asked.name(project, option.value.beginning(), true),
            }
        }
        for operand in line.words.operands.iter().filter(|_| !is_sync) {
            let text = String::from_utf8_lossy(operand.argument.text);
            let written = operand.value.unwrap_or(text.trim_matches('"'));
            if operand.value.is_none() && !written.starts_with(".[") {
                continue;
            }
            if let Source::Local(path) = source(written)
                && !is_archive(path)
            {
                asked.name(project, path, false);
            }
        }
        asked
    }

    fn name(&mut self, project: &Project<'_>, path: &str, is_editable: bool) {
        let path = project.path(path.split('[').next().unwrap_or(path));
        self.named.push(Directory { path, is_editable });
    }
}

/// Fails where a command may install directories of a context that is not known.
fn check_words(line: &Line<'_>) -> Result<(), Refusal> {
    let wanted = Wanted::of(&line.words);
    match (wanted.unknown.filter(|word| !is_archive(word)), wanted.project) {
        (Some(word), _) => Err(only_known_later(&word)),
        (None, Some(path)) => Err(Refusal::new(format!(
            "what `{path}` holds is not known without the build context: uv may take what it built of older sources from the \
             mount"
        ))),
        (None, None) => Ok(()),
    }
}

fn only_known_later(word: &str) -> Refusal {
    Refusal::new(format!(
        "what `{word}` names is only known when uv runs: of a directory in a requirements file it would take from the mount \
         what it built of older sources"
    ))
}

fn check_pip(
    line: &Line<'_>,
    command: &Invocation<'_>,
    state: &State,
    project: &Project<'_>,
) -> Result<(), Refusal> {
    let asked = Asked::of(line, &Environment::new(command, state), project);
    let is_empty = project.find_at(&ImagePath::root()) == Found::Elsewhere && !project.supplies().incomplete;
    if let Some(word) = asked.unknown.filter(|_| !is_empty) {
        return Err(only_known_later(&word));
    }
    let builds_anew = version::builds_anew(command, state, project);
    let named = asked.named.into_iter().map(|directory| (directory, true));
    let mut open: Vec<_> =
        named.chain(asked.listed.into_iter().map(|directory| (directory, false))).collect();
    let mut known: Vec<ImagePath> = Vec::new();
    while let Some((Directory { path, is_editable }, is_named)) = open.pop() {
        let file = TomlFile::read(project, &path.join("pyproject.toml"))?;
        let content = file.as_ref().map(TomlFile::parse).transpose()?;
        let top = file.as_ref().zip(content.as_ref()).map(|(file, content)| file.top(content));
        if is_editable {
            check_editable(project, &path)?;
        } else if !(is_named && builds_anew) {
            let whose = if is_named { "uv, which is not known to be 0.6.7 or later," } else { "uv" };
            if !come_together(project, &path, top) {
                return Err(stale(project, &path, whose));
            }
        }
        if let Some(top) = top.filter(|_| !known.contains(&path)) {
            let dependencies = dependencies(&project.at(path.clone()), top)?;
            open.extend(dependencies.into_iter().map(|directory| (directory, false)));
            known.push(path);
        }
    }
    Ok(())
}

/// The directories that the pyproject.toml of a project makes its dependencies.
fn dependencies(project: &Project<'_>, top: Node<'_>) -> Result<Vec<Directory>, Refusal> {
    let mut closure = Closure::with_directories(project, "uv");
    for key in ["dependencies", "optional-dependencies"] {
        for node in top.get(&["project", key]).map_or_else(Vec::new, Node::strings) {
            // An archive is told by its change time, too, but that is its own.
            let _ = closure.requirement(node.as_str().unwrap_or_default(), &node.at());
        }
    }
    // Members of the workspace, which may lie anywhere below its root.
    if closure.check_sources(top).is_err() {
        let root = workspace_root(project, project.directory(), top)?;
        let is_whole = matches!(project.find_at(&root.join("pyproject.toml")), Found::File(place)
            if project.supplies().copied().get(place.copied).is_some_and(|copied| copied.is_directory));
        if !is_whole {
            return Err(stale(project, &root, "uv"));
        }
        with_sources(project, &root, None)?;
    }
    Ok(closure.into_directories())
}
