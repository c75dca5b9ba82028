//! Where Cargo puts what it compiles, and which of it others use.
//!
//! Sources: The Cargo Book, "Build Cache", "Workspaces", "Configuration" (`build.target-dir`), "Profiles" (the names of their
//! directories), "Specifying Dependencies" (path dependencies).

use std::collections::BTreeSet;

use dockfix_model::commands::Invocation;
use dockfix_model::project::{Found, Project};
use dockfix_model::{ImagePath, State};

use crate::environment::Environment;
use crate::python::toml_file::{Node, TomlFile};
use crate::{Compiled, Refusal};

/// Subcommands that keep what they compile in the target directory and heed CARGO_TARGET_DIR.
const KEEPERS: &str = "build b check c test t bench rustc clippy zigbuild auditable install";

/// What a command that compiles the project keeps of it.
///
/// # Errors
///
/// When the directory, or where all the sources lie, cannot be told.
pub(super) fn of(
    command: &Invocation<'_>,
    state: &State,
    project: &Project<'_>,
) -> Result<Option<Compiled>, Refusal> {
    let mut words = command.arguments.iter().filter_map(|word| word.value.as_deref());
    let Some(verb) = words.find(|word| !word.starts_with(['-', '+'])) else { return Ok(None) };
    if !KEEPERS.split(' ').any(|keeper| keeper == verb) {
        return Err(Refusal::new(format!("where `cargo {verb}` keeps what it compiles is not known")));
    }
    if command.arguments.iter().any(|word| word.text.starts_with(b"-C")) {
        return Err(Refusal::new("`-C` changes the directory that it works in"));
    }
    let environment = Environment::new(command, state);
    let unknown = || Refusal::new("the directory that it works in is not known");
    let directory = command.directory.clone().ok_or_else(unknown)?;
    let start = match (option(command, "--manifest-path")?, option(command, "--path")?) {
        (Some(path), _) => environment.resolve(path)?.parent().unwrap_or_else(ImagePath::root),
        (None, Some(path)) => environment.resolve(path)?,
        (None, None) => directory.clone(),
    };
    let package = above(&start).find(|at| is_manifest(project, at));
    let Some(package) = package else {
        return Err(Refusal::new("its Cargo.toml does not come from the build context"));
    };
    let root = workspace(project, &package)?;
    stays_inside(project, &root, &package)?;
    let (target, variable) = match option(command, "--target-dir")? {
        Some(target) => (environment.resolve(target)?, None),
        None => (target_directory(&environment, project, &directory, &root)?, Some("CARGO_TARGET_DIR")),
    };
    let name = match name(project, &package)? {
        Some(name) => name,
        None => option(command, "--package")?.or(option(command, "-p")?).unwrap_or(root.name()).to_owned(),
    };
    Ok(Some(Compiled {
        name: name.chars().filter(|ch| ch.is_ascii_alphanumeric() || "-_.".contains(*ch)).collect(),
        sources: root,
        source_names: "*.rs",
        directory: target,
        variable,
        elsewhere: ImagePath::fixed("/var/cache/cargo-target"),
        is_installed: verb == "install",
    }))
}

/// Whether a path below the target directory is that of a file which the command makes for others to use:
/// `release/app`, `x86_64-unknown-linux-musl/release/examples/demo`.
pub(super) fn makes(command: &Invocation<'_>, path: &str) -> bool {
    /// What Cargo keeps for itself, directories all.
    const OWN: [&str; 5] = ["build", "deps", "examples", "incremental", ".fingerprint"];
    let mut names: Vec<_> = path.split('/').collect();
    let Some(name) = names.pop() else { return false };
    if names.last() == Some(&"examples") {
        names.pop();
    }
    let (triple, profile) = match names[..] {
        [profile] => (None, profile),
        [triple, profile] => (Some(triple), profile),
        _ => return false,
    };
    let fits = match (triple, option(command, "--target").unwrap_or(None)) {
        (None, named) => named.is_none(),
        (Some(triple), None) => triple.contains('-'),
        (Some(triple), Some(named)) => triple == named,
    };
    let is_known = command.arguments.iter().all(|word| word.value.is_some());
    let is_made = !is_known || profile == profile_directory(command);
    fits && is_made && !name.is_empty() && !OWN.contains(&name)
}

/// The directory of the command's profile (The Cargo Book, "Profiles"; `cargo install` compiles for release).
fn profile_directory<'c>(command: &'c Invocation<'_>) -> &'c str {
    match option(command, "--profile").unwrap_or(None) {
        Some("dev" | "test") => "debug",
        Some("bench") => "release",
        Some(profile) => profile,
        None if ["--release", "-r", "bench", "install"].iter().any(|word| command.has(word)) => "release",
        None => "debug",
    }
}

/// The value of an option, in either spelling.
///
/// # Errors
///
/// When it is only known in the build.
pub(super) fn option<'c>(command: &'c Invocation<'_>, name: &str) -> Result<Option<&'c str>, Refusal> {
    let unknown = || Refusal::new(format!("the value of {name} is only known in the build"));
    let mut words = command.arguments.iter();
    while let Some(word) = words.next() {
        match &word.value {
            Some(value) if value == "--" => break,
            Some(value) if value == name => {
                return words.next().and_then(|next| next.value.as_deref()).map(Some).ok_or_else(unknown);
            }
            Some(value) => {
                if let Some(value) = value.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
                    return Ok(Some(value));
                }
            }
            None if String::from_utf8_lossy(word.text).starts_with(&format!("{name}=")) => {
                return Err(unknown());
            }
            None => {}
        }
    }
    Ok(None)
}

/// A directory and those above it, from the inside out.
pub(super) fn above(directory: &ImagePath) -> impl Iterator<Item = ImagePath> {
    std::iter::successors(Some(directory.clone()), ImagePath::parent)
}

pub(super) fn is_manifest(project: &Project<'_>, directory: &ImagePath) -> bool {
    matches!(project.find_at(&directory.join("Cargo.toml")), Found::File(_))
}

/// Reads the manifest in a directory.
pub(super) fn manifest<R>(
    project: &Project<'_>,
    directory: &ImagePath,
    read: impl FnOnce(Node<'_>) -> R,
) -> Result<Option<R>, Refusal> {
    let Some(file) = TomlFile::read(project, &directory.join("Cargo.toml"))? else { return Ok(None) };
    let content = file.parse()?;
    Ok(Some(read(file.top(&content))))
}

fn name(project: &Project<'_>, package: &ImagePath) -> Result<Option<String>, Refusal> {
    Ok(manifest(project, package, |top| top.string(&["package", "name"]).map(str::to_owned))?.flatten())
}

/// The root of the workspace of a package: the nearest manifest above that has one and does not exclude the package.
fn workspace(project: &Project<'_>, package: &ImagePath) -> Result<ImagePath, Refusal> {
    let named = manifest(project, package, |top| top.string(&["package", "workspace"]).map(str::to_owned))?;
    if let Some(root) = named.flatten() {
        return Ok(package.join(&root));
    }
    for directory in above(package) {
        let below = package.below(&directory).unwrap_or_default();
        let holds = manifest(project, &directory, |top| {
            top.get(&["workspace"]).is_some_and(|workspace| {
                let excluded = workspace.get(&["exclude"]).map_or_else(Vec::new, Node::strings);
                let mut excluded = excluded.iter().filter_map(|path| path.as_str());
                !excluded.any(|path| !below.is_empty() && below.starts_with(path.trim_end_matches('/')))
            })
        })?;
        if holds == Some(true) {
            return Ok(directory);
        }
    }
    Ok(package.clone())
}

/// All the sources that a package is made of must lie below the root of its workspace: path dependencies may lead away.
fn stays_inside(project: &Project<'_>, root: &ImagePath, package: &ImagePath) -> Result<(), Refusal> {
    let mut open = vec![root.clone(), package.clone()];
    open.extend(manifest(project, root, |top| members(top, project, root))?.into_iter().flatten());
    let mut seen = BTreeSet::new();
    while let Some(directory) = open.pop() {
        if !seen.insert(directory.clone()) {
            continue;
        }
        if directory.below(root).is_none() {
            return Err(Refusal::new(format!(
                "the sources in {directory} lie outside of the project in {root}"
            )));
        }
        if let Some(file) = TomlFile::read(project, &directory.join("Cargo.toml"))? {
            open.extend(paths(file.text()).map(|path| directory.join(path)));
        }
    }
    Ok(())
}

/// Whatever a manifest gives as a `path`: other packages, and files of its own. Large workspaces have many manifests, so
/// that they are not parsed for it.
pub(super) fn paths(manifest: &str) -> impl Iterator<Item = &str> {
    let lines = manifest.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| line.split("path").skip(1)).filter_map(|rest| {
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        let quote = rest.chars().next().filter(|ch| matches!(ch, '"' | '\''))?;
        rest[1..].split(quote).next()
    })
}

/// The directories of the members that a workspace lists.
pub(super) fn members(top: Node<'_>, project: &Project<'_>, root: &ImagePath) -> Vec<ImagePath> {
    let mut found = Vec::new();
    let members = top.get(&["workspace", "members"]).map_or_else(Vec::new, Node::strings);
    for member in members.iter().filter_map(|member| member.as_str()) {
        match member.strip_suffix("/*") {
            Some(parent) => {
                let parent = root.join(parent);
                let names =
                    project.list(parent.as_str()).into_iter().filter(|(_, is_directory)| *is_directory);
                found.extend(names.map(|(name, _)| parent.join(&name)));
            }
            None if member.contains(['*', '?', '[']) => {}
            None => found.push(root.join(member)),
        }
    }
    found
}

/// The target directory: what the environment or a configuration file says, or `target` in the root of the workspace.
fn target_directory(
    environment: &Environment<'_>,
    project: &Project<'_>,
    directory: &ImagePath,
    root: &ImagePath,
) -> Result<ImagePath, Refusal> {
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
        if let Some(target) = environment.path(name)? {
            return Ok(target);
        }
    }
    // Cargo's home comes last (The Cargo Book, "Configuration", "Hierarchical structure").
    let home = match environment.path("CARGO_HOME")? {
        Some(home) => Some(home),
        None => environment.home().ok().map(|home| home.join(".cargo")),
    };
    for at in above(directory).map(|at| at.join(".cargo")).chain(home) {
        for file in ["config.toml", "config"] {
            let path = at.join(file);
            if project.read_text(path.as_str()).is_some_and(|text| text.contains("target-dir")) {
                let shown = project.shown(path.as_str());
                return Err(Refusal::new(format!("{shown} says where compiled output goes")));
            }
        }
    }
    Ok(root.join("target"))
}
