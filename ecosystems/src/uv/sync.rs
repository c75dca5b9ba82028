//! `uv sync`.

use dockfix_model::ImagePath;
use dockfix_model::commands::Invocation;
use dockfix_model::project::{Found, Project};

use super::Line;
use crate::python::call::push_options;
use crate::python::closure::Closure;
use crate::python::places;
use crate::python::toml_file::{Node, TomlFile};
use crate::rebuilt::Rebuilt;
use crate::{Needs, Refusal};

/// Options that the prefetch does not repeat: it takes the lock file as it is, and stands in the project's directory.
const DROPPED: [&str; 16] = [
    "--locked",
    "--frozen",
    "-U",
    "--upgrade",
    "-P",
    "--upgrade-package",
    "--upgrade-group",
    "--reinstall",
    "--reinstall-package",
    "--refresh",
    "--refresh-package",
    "--no-install-project",
    "--no-install-workspace",
    "--no-install-local",
    "--directory",
    "--project",
];

/// What a lock file says of packages that lie in the build context.
#[derive(Default)]
struct Local {
    /// The project itself is not installed.
    is_virtual: bool,
    /// There are other members in its workspace.
    has_members: bool,
    /// Dependencies with a path that are no members.
    names: Vec<String>,
}

pub(super) fn needs(
    line: &Line<'_>,
    command: &Invocation<'_>,
    project: &Project<'_>,
    is_locked: bool,
) -> Result<Needs, Refusal> {
    let mut closure = Closure::new(project, "uv");
    let own = own_directory(project)?;
    let pyproject = closure.toml(&own.join("pyproject.toml"))?;
    let content = pyproject.parse()?;
    let top = pyproject.top(&content);
    let root = workspace_root(project, &own, top)?;
    if root != own {
        closure.toml(&root.join("pyproject.toml"))?;
    }
    add_settings(&mut closure, project)?;
    closure.python_version()?;
    let lock = root.join("uv.lock");
    let has_lock = closure.optional(&lock)?;
    let local = if has_lock { read_lock(project, &lock, top)? } else { unlocked(line, top, root != own)? };
    let is_frozen = line.has(&["--frozen"]);
    let skips_all = line.has(&["--no-install-local"]);
    let skips_members = skips_all || line.has(&["--no-install-workspace"]);
    let skips_own = skips_members || line.has(&["--no-install-project"]) || local.is_virtual;
    let skipped = line.words.options.iter().filter(|option| option.name == "--no-install-package");
    let skipped: Vec<_> = skipped.filter_map(|option| option.value.known()).collect();
    let skips_names = skips_all || local.names.iter().all(|name| skipped.contains(&name.as_str()));
    // Unless told to take the lock file as it is, uv compares it with what the sources say now.
    let compares = !is_frozen && (local.has_members || !local.names.is_empty() || !is_static(top));
    let is_whole = skips_own && (skips_members || !local.has_members) && skips_names && !compares;
    if is_locked && compares {
        return Err(Refusal::new(
            "UV_LOCKED makes uv compare uv.lock with what the sources say, and --frozen may not stand beside it",
        ));
    }
    let mut needs = closure.into_needs();
    if !is_whole || is_locked {
        needs.prefetch = Some(prefetch(line, command, &local, has_lock && !is_locked, root != own)?);
    } else if has_lock && !is_frozen && !line.has(&["--locked"]) {
        needs.rewritten.push(lock);
    }
    needs.outputs.extend(places::outputs(project));
    let environment = root.join(".venv");
    if !needs.outputs.contains(&environment) {
        needs.outputs.push(environment);
    }
    Ok(needs)
}

/// The command that installs everything but what lies in the build context.
fn prefetch(
    line: &Line<'_>,
    command: &Invocation<'_>,
    local: &Local,
    is_frozen: bool,
    is_member: bool,
) -> Result<String, Refusal> {
    let mut rebuilt = Rebuilt::of(command)?;
    for argument in command.arguments.iter().take(line.first) {
        rebuilt.push_argument(argument);
    }
    let keeps = |name: &str| !DROPPED.contains(&name);
    push_options(&mut rebuilt, &line.global, keeps);
    rebuilt.push("sync");
    if is_frozen {
        rebuilt.push("--frozen");
    }
    let has_workspace = local.has_members || is_member;
    rebuilt.push(if has_workspace { "--no-install-workspace" } else { "--no-install-project" });
    for name in &local.names {
        rebuilt.push("--no-install-package");
        rebuilt.push(name);
    }
    push_options(&mut rebuilt, &line.words, keeps);
    Ok(rebuilt.line())
}

/// The nearest directory with a pyproject.toml.
pub(super) fn own_directory(project: &Project<'_>) -> Result<ImagePath, Refusal> {
    let mut directory = Some(project.directory().clone());
    while let Some(at) = directory {
        if matches!(project.find_at(&at.join("pyproject.toml")), Found::File(_)) {
            return Ok(at);
        }
        directory = at.parent();
    }
    Ok(project.directory().clone())
}

/// The directory of the workspace that `own` belongs to: its own where it says so, else the nearest above that does.
pub(super) fn workspace_root(
    project: &Project<'_>,
    own: &ImagePath,
    top: Node<'_>,
) -> Result<ImagePath, Refusal> {
    if top.get(&["tool", "uv", "workspace"]).is_some() {
        return Ok(own.clone());
    }
    let mut directory = own.parent();
    while let Some(at) = directory {
        if let Some(file) = TomlFile::read(project, &at.join("pyproject.toml"))? {
            let content = file.parse()?;
            if file.top(&content).get(&["tool", "uv", "workspace"]).is_some() {
                return Ok(at);
            }
        }
        directory = at.parent();
    }
    Ok(own.clone())
}

/// Adds uv's configuration files, and the directories of packages that they name.
pub(super) fn add_settings(closure: &mut Closure<'_>, project: &Project<'_>) -> Result<(), Refusal> {
    let mut directory = Some(project.directory().clone());
    while let Some(at) = directory {
        for name in ["uv.toml", "pyproject.toml"] {
            let path = at.join(name);
            let Some(file) = TomlFile::read(project, &path)? else { continue };
            let content = file.parse()?;
            let top = file.top(&content);
            let Some(settings) = (if name == "uv.toml" { Some(top) } else { top.get(&["tool", "uv"]) })
            else {
                continue;
            };
            closure.optional(&path)?;
            let links = [&["find-links"][..], &["pip", "find-links"]];
            let links = links.iter().filter_map(|keys| settings.get(keys)).flat_map(Node::elements);
            let indexes = settings.get(&["index"]).into_iter().flat_map(Node::elements);
            for node in links.chain(indexes.filter_map(|index| index.get(&["url"]))) {
                closure.index(node.as_str().unwrap_or_default(), &at, &node.at())?;
            }
        }
        directory = at.parent();
    }
    Ok(())
}

/// What the lock file says of local packages.
fn read_lock(project: &Project<'_>, path: &ImagePath, top: Node<'_>) -> Result<Local, Refusal> {
    let Some(file) = TomlFile::read(project, path)? else { return Ok(Local::default()) };
    let content = file.parse()?;
    let lock = file.top(&content);
    let members: Vec<_> = lock
        .get(&["manifest", "members"])
        .into_iter()
        .flat_map(Node::elements)
        .filter_map(Node::as_str)
        .collect();
    let own = top.string(&["project", "name"]).map(normalised);
    let mut local = Local { is_virtual: own.is_none() || is_virtual(top), ..Local::default() };
    for package in lock.get(&["package"]).into_iter().flat_map(Node::elements) {
        let Some((source, name)) = package.get(&["source"]).zip(package.string(&["name"])) else { continue };
        let is_local =
            ["editable", "virtual", "directory", "path"].iter().any(|key| source.get(&[key]).is_some());
        if !is_local {
            continue;
        }
        if own.as_deref() == Some(name) {
            local.is_virtual = source.get(&["virtual"]).is_some();
        } else if members.contains(&name) {
            local.has_members = true;
        } else {
            local.names.push(name.to_owned());
        }
    }
    Ok(local)
}

/// Without a lock file uv asks every local package for its metadata.
fn unlocked(line: &Line<'_>, top: Node<'_>, is_member: bool) -> Result<Local, Refusal> {
    if line.has(&["--frozen", "--locked"]) {
        return Err(Refusal::new("uv.lock is not in the build context, and the command asks for it"));
    }
    let refuse = |node: Node<'_>, what: &str| {
        Err(Refusal::new(format!("{} {what}, and without uv.lock that needs the sources", node.at())))
    };
    if is_member {
        return Err(Refusal::new(
            "there is no uv.lock, so every member of the workspace is asked for its metadata",
        ));
    }
    if let Some(workspace) = top.get(&["tool", "uv", "workspace"]) {
        return refuse(workspace, "declares a workspace");
    }
    for (name, value) in top.get(&["tool", "uv", "sources"]).into_iter().flat_map(Node::entries) {
        let path = value.elements().chain(Some(value)).find_map(|choice| choice.get(&["path"]));
        if let Some(path) = path {
            return refuse(path, &format!("takes {name} from a path"));
        }
    }
    if let Some(dynamic) = top.get(&["project", "dynamic"]) {
        return refuse(dynamic, "declares dynamic metadata");
    }
    Ok(Local { is_virtual: is_virtual(top), ..Local::default() })
}

/// Whether the project is not to be installed: it has no build system, or says so.
pub(super) fn is_virtual(top: Node<'_>) -> bool {
    let is_package = top.get(&["tool", "uv", "package"]).and_then(Node::as_bool);
    !is_package.unwrap_or(top.get(&["build-system"]).is_some())
}

/// Whether the metadata stand in pyproject.toml, all of them.
pub(super) fn is_static(top: Node<'_>) -> bool {
    top.get(&["project", "dynamic"]).is_none_or(|dynamic| dynamic.elements().next().is_none())
}

/// A package's name as lock files have it (PyPA specifications, "Names and normalization").
pub(super) fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for ch in name.chars() {
        match ch {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            ch => out.push(ch.to_ascii_lowercase()),
        }
    }
    out
}
