//! cargo-chef: the dependencies of a project compiled in a step of their own.
//!
//! `cargo chef prepare` makes a recipe of the manifests, the lock file, `.cargo/config.toml` and `rust-toolchain`;
//! `cargo chef cook` writes them down again with empty sources, compiles that, and removes what came of the empty
//! libraries. Both run in the root of the workspace, and both know its members only, as `cargo metadata --no-deps` lists
//! them. The versions of members become 0.0.1, so that Cargo does not take what was cooked for the project's own: it goes
//! by the time stamps of the sources, and those from a build context are older.
//!
//! Sources: LukeMathWalker/cargo-chef 0.1.78, README ("Benefits vs Limitations"), `src/main.rs` (the options), `src/recipe.rs`
//! (what becomes of them), `src/skeleton` (what a recipe holds), `Cargo.lock` (the Rust that its packages need),
//! `docker/Dockerfile` (how it is installed on Alpine); The Cargo Book, "cargo install" (the lock file is left aside without `--locked`), "Workspaces" (what is a member).

use std::collections::BTreeSet;

use dockfix_model::commands::Invocation;
use dockfix_model::images::Os;
use dockfix_model::project::{Found, Project};
use dockfix_model::{ImagePath, State};

use super::{cargo_home, output};
use crate::environment::{Environment, Setting};
use crate::options::{Given, Grammar, Value, Words};
use crate::python::toml_file::{Node, TomlFile};
use crate::rebuilt::{Rebuilt, written};
use crate::{Planned, Planner, Refusal};

/// The oldest Rust 1.x that compiles cargo-chef: its `cargo-platform` and `guppy` ask for it.
const OLDEST_RUST: u32 = 88;

/// cargo-chef, as its README uses it without its own images.
pub(super) const PLANNER: Planner = Planner {
    name: "cargo-chef",
    mark: "chef",
    prepare: "cargo chef prepare --recipe-path recipe.json",
    plan: RECIPE,
    stages: ["chef", "planner"],
    variables: &["CARGO_*", "RUST*", "CC*", "CXX*", "AR*", "CFLAGS*", "CXXFLAGS*", "LDFLAGS"],
};

const INSTALL: &str = "cargo install cargo-chef --locked";

/// The images on Alpine come without the start files that procedural macros are linked with.
const INSTALL_ON_ALPINE: &str = "apk add --no-cache musl-dev && cargo install cargo-chef --locked";

const RECIPE: &str = "recipe.json";

/// How cargo-chef compiles the dependencies of a command.
///
/// # Errors
///
/// When the image, the command or the project is nothing for it.
pub(super) fn of(command: &Invocation<'_>, state: &State, project: &Project<'_>) -> Result<Planned, Refusal> {
    let program = program(command, state)?;
    let compiled = output::of(command, state, project)?
        .ok_or_else(|| Refusal::new("what the command compiles is not known"))?;
    let root = compiled.sources;
    if command.directory.as_ref() != Some(&root) {
        return Err(Refusal::new(format!(
            "cargo-chef works in the root of a workspace, and the command does not run in {root}"
        )));
    }
    let cook = cook(command, state, &root, &compiled.name)?;
    check_project(project, &root)?;
    check_configuration(project, &root)?;
    let install = if state.base.os() == Os::Alpine { INSTALL_ON_ALPINE } else { INSTALL };
    Ok(Planned { install, program, directory: root, output: compiled.directory, cook })
}

/// Where cargo-chef is once it is installed in the base image, which must have a Cargo that can compile it.
fn program(command: &Invocation<'_>, state: &State) -> Result<ImagePath, Refusal> {
    let facts = state.base.facts.map_or(&[][..], |facts| facts.env);
    let home = facts.iter().find(|(name, _)| *name == "CARGO_HOME").map(|(_, home)| ImagePath::fixed(home));
    let Some(home) = home else {
        return Err(Refusal::new(
            "cargo-chef would have to be installed, and whether the base image has cargo is not known",
        ));
    };
    let environment = Environment::new(command, state);
    if cargo_home(&environment, state)? != home || environment.get("CARGO_INSTALL_ROOT") != Setting::Unset {
        return Err(Refusal::new(
            "the file says where cargo installs programs, and cargo-chef may not be found there",
        ));
    }
    let too_old = |version: &str| {
        Refusal::new(format!(
            "cargo-chef needs Rust 1.{OLDEST_RUST} or later, and the base image has {version}"
        ))
    };
    let tag = &state.base.tag;
    let mut numbers = tag.split('-').next().unwrap_or_default().split('.').map(str::parse::<u32>);
    if let (Some(Ok(1)), Some(Ok(minor))) = (numbers.next(), numbers.next())
        && minor < OLDEST_RUST
    {
        return Err(too_old(&format!("1.{minor}")));
    }
    // No newer Rust has come out for these.
    if let Some(old) = tag.split('-').find(|word| matches!(*word, "jessie" | "stretch" | "buster")) {
        return Err(too_old(&format!("the last one for {old}")));
    }
    Ok(home.join("bin/cargo-chef"))
}

/// `+nightly`, where the command begins with it.
fn toolchain<'c>(command: &'c Invocation<'_>) -> Result<Option<&'c str>, Refusal> {
    let first = command.arguments.first();
    let unknown = || Refusal::new("its first argument is only known in the build");
    let first = first.and_then(|first| first.value.as_deref()).ok_or_else(unknown)?;
    Ok(first.strip_prefix('+').map(|_| first))
}

/// Options of `cargo build`, `cargo check`, `cargo clippy` and `cargo install`.
const OPTIONS: Grammar = Grammar::gnu(
    &[
        "--profile --target --target-dir -F --features -p --package --bin -j --jobs -Z --color --message-format --path --root",
    ],
    &[
        "-r --release --no-default-features --all-features --bins --workspace --all --locked --examples --tests --benches \
       --all-targets --lib -q --quiet -v --verbose --keep-going --timings --future-incompat-report -f --force --no-track \
       --debug",
    ],
);

/// `cargo chef cook` with what the command is told.
fn cook(command: &Invocation<'_>, state: &State, root: &ImagePath, name: &str) -> Result<String, Refusal> {
    let mut line = Rebuilt::of(command)?;
    let toolchain = toolchain(command)?;
    let at = usize::from(toolchain.is_some());
    let verb = command.arguments.get(at).and_then(|verb| verb.value.as_deref()).unwrap_or_default();
    toolchain.into_iter().for_each(|toolchain| line.push(toolchain));
    line.push("chef");
    line.push("cook");
    let is_install = verb == "install";
    match verb {
        "build" | "b" | "install" => {}
        "check" | "c" => line.push("--check"),
        "clippy" => line.push("--clippy"),
        "zigbuild" => line.push("--zigbuild"),
        _ => return Err(Refusal::new(format!("cargo-chef does not compile for `cargo {verb}`"))),
    }
    let unknown = || {
        let words = command.arguments.get(at + 1..).unwrap_or_default().iter().map(written);
        let words = words.collect::<Vec<_>>().join(" ");
        Refusal::new(format!("cargo-chef may not know what `cargo {verb}` is told with `{words}`"))
    };
    let words = Words::read(command, at + 1, &OPTIONS).ok_or_else(unknown)?;
    if !words.operands.is_empty() {
        return Err(unknown());
    }
    if is_install {
        if !words.has(&["--locked"]) {
            return Err(Refusal::new(
                "cargo install without --locked takes newer versions than those of Cargo.lock, by which cargo-chef compiles",
            ));
        }
        if !words.has(&["--debug", "--profile"]) {
            line.push("--release");
        }
        if let Some(path) = words.value(&["--path"]) {
            let path = path.known().ok_or_else(unknown)?;
            if Environment::new(command, state).resolve(path)? != *root {
                line.push("--package");
                line.push(name);
            }
        }
    }
    for option in &words.options {
        push_option(&mut line, option).ok_or_else(unknown)?;
    }
    line.push("--recipe-path");
    line.push(RECIPE);
    Ok(line.line())
}

/// Adds an option of the original in the spelling of `cargo chef cook`; nothing for one that only changes what is shown
/// or where it is installed. `None` for one that cook could not do.
fn push_option(line: &mut Rebuilt, option: &Given<'_>) -> Option<()> {
    let name = match option.name {
        "-q"
        | "--quiet"
        | "-v"
        | "--verbose"
        | "--color"
        | "--message-format"
        | "--keep-going"
        | "--timings"
        | "--future-incompat-report"
        | "--lib"
        | "--path"
        | "--root"
        | "-f"
        | "--force"
        | "--no-track"
        | "--debug" => {
            return Some(());
        }
        // A specification of a target is a file of the project.
        "--target" if option.value.known().is_none_or(|target| target.ends_with(".json")) => return None,
        "-r" => "--release",
        "-F" => "--features",
        "-j" => "--jobs",
        "-p" => "--package",
        "--all" => "--workspace",
        name => name,
    };
    let is_spelled_out = option.words.first().is_some_and(|word| word.text.starts_with(name.as_bytes()));
    match option.value {
        _ if is_spelled_out && name.starts_with("--") => line.push_option(option),
        Value::None => line.push(name),
        Value::Known(value) => {
            line.push(name);
            line.push(value);
        }
        Value::Symbolic(_) | Value::Unknown(_) => {
            let [_, value] = option.words else { return None };
            line.push(name);
            line.push_argument(value);
        }
    }
    Some(())
}

/// The recipe must hold every manifest that Cargo asks for, and must stay the same as long as they do.
fn check_project(project: &Project<'_>, root: &ImagePath) -> Result<(), Refusal> {
    if !matches!(project.find_at(&root.join("Cargo.lock")), Found::File(_)) {
        return Err(Refusal::new(
            "Cargo.lock does not come from the build context, and without it the recipe changes with each release of a dependency",
        ));
    }
    let members = Members::of(project, root)?;
    let (mut open, mut seen) = (members.listed.clone(), BTreeSet::new());
    while let Some(directory) = open.pop() {
        if !seen.insert(directory.clone()) {
            continue;
        }
        let Some(file) = TomlFile::read(project, &directory.join("Cargo.toml"))? else { continue };
        check_manifest(project, &directory, &file)?;
        check_sources(project, &directory, &file)?;
        for path in output::paths(file.text()) {
            let target = directory.join(path);
            let is_own = target == directory || members.replaced.contains(&target);
            if is_own || !output::is_manifest(project, &target) {
                continue;
            }
            if !members.holds(&target) {
                return Err(not_a_member(project, &directory, path));
            }
            open.push(target);
        }
    }
    match members.replaced.iter().find(|directory| !seen.contains(directory)) {
        Some(directory) => {
            Err(not_a_member(project, root, directory.below(root).unwrap_or(directory.as_str())))
        }
        None => Ok(()),
    }
}

fn not_a_member(project: &Project<'_>, directory: &ImagePath, path: &str) -> Refusal {
    let shown = project.shown(directory.join("Cargo.toml").as_str());
    Refusal::new(format!(
        "{shown} needs {path}, which is no member of the workspace: a recipe of cargo-chef leaves it out"
    ))
}

/// What belongs to a workspace.
struct Members {
    root: ImagePath,
    /// Whether there is one at all: packages that a lone package depends on are none of its members.
    is_workspace: bool,
    excluded: Vec<ImagePath>,
    /// The root, and the members that it lists.
    listed: Vec<ImagePath>,
    /// What `[patch]` and `[replace]` put in the place of other packages.
    replaced: Vec<ImagePath>,
}

impl Members {
    fn of(project: &Project<'_>, root: &ImagePath) -> Result<Self, Refusal> {
        let read = |top: Node<'_>| {
            let join = |found: Vec<Node<'_>>| -> Vec<ImagePath> {
                found.iter().filter_map(|path| path.as_str()).map(|path| root.join(path)).collect()
            };
            let strings = |keys: &[&str]| top.get(keys).map_or_else(Vec::new, Node::strings);
            // Single stars are looked up, other patterns are not.
            let is_pattern = |member: &Node<'_>| {
                member
                    .as_str()
                    .is_some_and(|path| path.strip_suffix("/*").unwrap_or(path).contains(['*', '?', '[']))
            };
            let pattern = strings(&["workspace", "members"]).into_iter().find(is_pattern);
            if let Some(pattern) = pattern.and_then(Node::as_str) {
                let shown = project.shown(root.join("Cargo.toml").as_str());
                return Err(Refusal::new(format!(
                    "which members {shown} means with `{pattern}` is not worked out"
                )));
            }
            let mut listed = output::members(top, project, root);
            listed.push(root.clone());
            Ok(Self {
                root: root.clone(),
                is_workspace: top.get(&["workspace"]).is_some(),
                excluded: join(strings(&["workspace", "exclude"])),
                listed,
                replaced: [&["patch"], &["replace"]]
                    .into_iter()
                    .flat_map(|keys| join(strings(keys)))
                    .filter(|directory| output::is_manifest(project, directory))
                    .collect(),
            })
        };
        let members = output::manifest(project, root, read)?;
        members.unwrap_or_else(|| Err(Refusal::new("its Cargo.toml does not come from the build context")))
    }

    fn holds(&self, directory: &ImagePath) -> bool {
        let is_excluded = self.excluded.iter().any(|excluded| directory.below(excluded).is_some());
        self.is_workspace && directory.below(&self.root).is_some() && !is_excluded
    }
}

fn check_manifest(project: &Project<'_>, directory: &ImagePath, file: &TomlFile) -> Result<(), Refusal> {
    let shown = || project.shown(directory.join("Cargo.toml").as_str());
    let text = file.text();
    let line =
        |word: &str| text.lines().position(|line| line.trim_start().starts_with(word)).map(|line| line + 1);
    if let Some(line) = line("cargo-features") {
        return Err(Refusal::new(format!(
            "{}:{line} asks for features of a nightly Cargo, which makes no recipe in the base image",
            shown()
        )));
    }
    // Large workspaces have many manifests: most need not be parsed.
    if !text.contains("0.0.1") && text.contains("version") {
        return Ok(());
    }
    let content = file.parse()?;
    let top = file.top(&content);
    let versions = [&["package", "version"], &["workspace", "package", "version"][..]];
    let is_masked = versions.iter().any(|keys| top.string(keys) == Some("0.0.1"));
    let has_none = top.get(&["package"]).is_some() && top.get(&["package", "version"]).is_none();
    if is_masked || has_none {
        let which = if is_masked { "the version 0.0.1" } else { "no version" };
        return Err(Refusal::new(format!(
            "{} has {which}, as what cargo-chef compiles in its place: cargo could take that for the project's own",
            shown()
        )));
    }
    Ok(())
}

/// Where a manifest is copied without sources, as for a dummy project, Cargo cannot tell what it describes.
fn check_sources(project: &Project<'_>, directory: &ImagePath, file: &TomlFile) -> Result<(), Refusal> {
    let is_there =
        |path: &str| matches!(project.find_at(&directory.join(path)), Found::File(_) | Found::Directory);
    let mut named = output::paths(file.text()).filter(|path| path.ends_with(".rs"));
    let has_package = file.text().lines().any(|line| line.trim_start().starts_with("[package]"));
    if !has_package
        || ["src/main.rs", "src/lib.rs", "src/bin"].into_iter().any(is_there)
        || named.any(is_there)
    {
        return Ok(());
    }
    let shown = project.shown(directory.join("Cargo.toml").as_str());
    Err(Refusal::new(format!("the sources of {shown} are not copied where it is built first")))
}

/// Of configuration, the recipe holds what lies in the root; the files that it names are not there yet.
fn check_configuration(project: &Project<'_>, root: &ImagePath) -> Result<(), Refusal> {
    for at in output::above(root) {
        for name in [".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"] {
            let path = at.join(name);
            if !matches!(project.find_at(&path), Found::File(_)) {
                continue;
            }
            let shown = project.shown(path.as_str());
            if at != *root {
                return Err(Refusal::new(format!(
                    "{shown} holds for the project too, and is no part of a recipe"
                )));
            }
            if name.starts_with(".cargo") {
                check_named(project, root, &path)?;
            }
        }
    }
    Ok(())
}

/// The files that the configuration in a file names.
fn check_named(project: &Project<'_>, root: &ImagePath, path: &ImagePath) -> Result<(), Refusal> {
    let Some(file) = TomlFile::read(project, path)? else { return Ok(()) };
    let content = file.parse()?;
    // Aliases are commands, and name packages.
    let settings = file.top(&content).entries().filter(|(name, _)| *name != "alias");
    for value in settings.flat_map(|(_, node)| node.strings()) {
        let text = value.as_str().unwrap_or_default();
        // `-Clink-arg=-Tlayout.ld`
        let words = text.split([' ', '=', ',']).map(|word| word.strip_prefix("-T").unwrap_or(word));
        let mut names = words.filter(|word| !word.is_empty() && !matches!(*word, "." | "./"));
        let is_there =
            |name: &str| matches!(project.find_at(&root.join(name)), Found::File(_) | Found::Directory);
        if names.any(is_there) {
            return Err(Refusal::new(format!(
                "{} names `{text}`, which is not there yet where cargo-chef compiles",
                value.at()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
