//! npm.
//!
//! - **Installs from manifests**: `npm ci` and `npm install` without packages, with all their aliases and options, also
//!   with `--prefix` (npm docs, `commands/npm-ci`, `commands/npm-install`).
//! - **Manifests**: package.json of the project and of every workspace member, linked directory and local archive;
//!   `package-lock.json`, `npm-shrinkwrap.json`, `yarn.lock` (which npm reads as a hint: `@npmcli/arborist`,
//!   `lib/shrinkwrap.js`), `.npmrc`, patches, and what lifecycle scripts need as far as that can be told.
//! - **Prefetch**: none; there is no form of the install that leaves the project's own scripts for later.
//! - **Cache**: `~/.npm`, or what `--cache`, `npm_config_cache` or .npmrc say (npm docs, `using-npm/config`); pure.
//!   `sharing=locked`, because two npm processes at a time have been seen to fail in one cache (npm/cli#1484).
//! - **Refused**: lifecycle scripts that may read sources, programs of members that are not executable in the build
//!   context (npm makes them so, `bin-links/lib/fix-bin.js`), dependencies on paths outside the build context.

mod command;

use dockfix_model::commands::{Argument, Invocation};
use dockfix_model::project::{Found, Project};
use dockfix_model::{ImagePath, State};

use crate::environment::{Environment, Setting};
use crate::javascript::closure::{Closure, Role, Rules};
use crate::javascript::manifest::Manifest;
use crate::javascript::npmrc::Npmrc;
use crate::javascript::stale::{self, Form};
use crate::javascript::surroundings::{self, variable};
use crate::javascript::workspaces::{Negation, Patterns};
use crate::javascript::{code, lock, packages};
use crate::options::{self, Words};
use crate::{
    Cache, CacheKind, CachePlan, Ecosystem, Needs, Refusal, SettingsFiles, Sharing, Usage, UsageKind,
};
use command::{Line, Verb};

/// npm.
pub(crate) struct Npm;

/// The root's scripts that an install runs, whatever is left out of it (npm docs, `using-npm/scripts`, "Life Cycle
/// Operation Order").
const ROOT_SCRIPTS: &[&str] = &[
    "preinstall",
    "install",
    "postinstall",
    "prepublish",
    "preprepare",
    "prepare",
    "postprepare",
    "dependencies",
];
/// Those of workspace members and linked directories (`@npmcli/arborist`, `lib/arborist/rebuild.js`).
const MEMBER_SCRIPTS: &[&str] = &["preinstall", "install", "postinstall", "prepare"];

impl Ecosystem for Npm {
    fn name(&self) -> &'static str {
        "npm"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["npm"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["ci", "clean-install", "install", "i", "add", "update"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        if command.program != "npm" {
            return None;
        }
        let line = Line::read(command)?;
        const OPAQUE: [&str; 9] = [
            "userconfig",
            "globalconfig",
            "script-shell",
            "onload-script",
            "extension-file",
            "node-options",
            "call",
            "package",
            "git",
        ];
        if line.options.iter().any(|(name, _)| OPAQUE.contains(name))
            || surroundings::is_steered(command, state)
        {
            return None;
        }
        // `--global=$X`
        if ["global", "location"].iter().any(|name| line.option(name) == Some(None)) {
            return None;
        }
        match line.verb {
            Verb::Install | Verb::Ci if !line.is_global() => {
                let here = command.directory.as_ref();
                let directory = line
                    .option("prefix")
                    .map_or_else(|| here.cloned(), |prefix| options::path(prefix?, here));
                if line.operands.iter().any(|operand| !matches!(*operand, "." | "./")) {
                    return (line.verb == Verb::Install).then(|| surroundings::adding(directory));
                }
                let ignores_scripts = line.is_on("ignore-scripts")
                    || surroundings::is_on(variable(command, state, "npm_config_ignore_scripts"));
                Some(Usage {
                    kind: UsageKind::Install,
                    effects: surroundings::install(command, state, directory.as_ref(), &[], !ignores_scripts),
                    directory,
                    runs_package_code: !ignores_scripts,
                })
            }
            Verb::Install | Verb::Update | Verb::Uninstall if line.is_global() => {
                let named = line.operands.iter().all(|operand| is_registry_package(operand));
                (named && (line.verb != Verb::Install || !line.operands.is_empty()))
                    .then(|| global(command, state))
            }
            Verb::Cache => {
                let cleans = matches!(line.operands[..], ["clean" | "clear" | "rm"]);
                let directory = cache_directory(command, &line, state, None);
                cleans.then(|| surroundings::cleaning(command, state, [directory], &[".npm"]))
            }
            // Written to ~/.npmrc, or the system's npmrc with --global.
            Verb::Config => {
                let is_own = matches!(line.option("location"), None | Some(Some("user" | "global")));
                let sets = line.operands.first().is_some_and(|first| *first != "edit" && *first != "fix");
                (is_own && sets).then(|| settings(command, state))
            }
            Verb::Version => Some(settings(command, state)),
            _ => None,
        }
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        usage: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let line = Line::read(command).ok_or_else(|| Refusal::new("the command cannot be read"))?;
        let own = package_directory(project, line.option("prefix").is_some())?;
        let mut closure = Closure::default();
        let own_npmrc = Npmrc::read(project, &own, &mut closure)?;
        let root = match workspace_above(project, &own)? {
            Some(root) if line.option("prefix").is_none() => root,
            _ => own.clone(),
        };
        let npmrc = if root == own { own_npmrc } else { Npmrc::read(project, &root, &mut closure)? };
        let runs_scripts = usage.runs_package_code && !npmrc.is_on("ignore-scripts");
        let locked = line.verb == Verb::Ci;
        let lock_text = add_locks(project, &own, &root, locked, &mut closure)?;
        let lock = lock::NpmLock::read(lock_text.as_deref());
        let copies = line.is_on("install-links") || npmrc.is_on("install-links");
        let members = members(project, &root)?;
        closure.linked.extend(members.iter().cloned());
        if locked && !copies {
            closure.linked.extend(lock.links().map(|path| root.join(path)));
        }
        let rules = Rules {
            manager: "npm",
            root_scripts: if runs_scripts { ROOT_SCRIPTS } else { &[] },
            member_scripts: if runs_scripts { MEMBER_SCRIPTS } else { &[] },
            root_programs: false,
            makes_executable: true,
            paths_from_root: false,
        };
        closure.add_package(project, &root, &root, Role::Root, &rules)?;
        for member in members {
            closure.add_package(project, &root, &member, Role::Member, &rules)?;
        }
        for directory in lock.directories() {
            closure.add_package(project, &root, &root.join(directory), Role::Member, &rules)?;
        }
        for archive in lock.archives() {
            let path = root.join(archive);
            if !closure.add_file(project, &path) {
                closure.add_directory(project, &path);
            }
        }
        // Where both are there npm reads and writes the first alone (npm docs, `configuring-npm/npm-shrinkwrap-json`).
        let mut locks = ["npm-shrinkwrap.json", "package-lock.json"].iter().map(|name| root.join(name));
        if let Some(lock) = locks.find(|lock| closure.rewritten.contains(lock)) {
            stale::add(project, &lock, Form::Npm, &mut closure);
        }
        add_patches(project, &root, &mut closure)?;
        if runs_scripts {
            packages::add_readers(
                project,
                command.directory.as_ref(),
                lock_text.as_deref(),
                &|_| true,
                &mut closure,
            )?;
        }
        Ok(closure.into_needs())
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        usage: &Usage,
        state: &State,
        project: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        if usage.kind == UsageKind::CleanCache {
            return Ok(CachePlan::default());
        }
        let line = Line::read(command).ok_or_else(|| Refusal::new("the command cannot be read"))?;
        let downloads = matches!(line.verb, Verb::Install | Verb::Ci | Verb::Update);
        if !downloads || line.is_on("dry-run") {
            return Ok(CachePlan::default());
        }
        let directory = cache_directory(command, &line, state, project.filter(|_| !line.is_global()))?;
        let cache = Cache { directory, kind: CacheKind::Pure, sharing: Sharing::Locked };
        Ok(CachePlan { caches: vec![cache], edits: Vec::new() })
    }

    /// `--offline` and the setting (npm docs, using-npm/config, "offline").
    fn lives_off(&self, command: &Invocation<'_>, state: &State, _: &Invocation<'_>) -> bool {
        let is_set = || surroundings::is_on(variable(command, state, "npm_config_offline"));
        command.program == "npm" && (command.has("--offline") || command.has("--offline=true") || is_set())
    }

    /// `npx` keeps packages that the project does not have in `_npx` below the cache, by a hash of what it was asked for (npm
    /// docs, "npm-exec"; npm/cli, `workspaces/libnpmexec/lib/index.js`). A name alone is taken for a program of the project.
    fn installs_into_cache(&self, other: &Invocation<'_>, _: Option<&Project<'_>>) -> bool {
        const ASKED: [&str; 4] = ["-y", "--yes", "-p", "--package"];
        let mut words = other.arguments.iter().filter_map(|argument| argument.value.as_deref());
        let is_npx = match &*other.program {
            "npx" => true,
            "npm" => matches!(words.next(), Some("exec" | "x")),
            _ => false,
        };
        let is_asked = |word: &str| ASKED.contains(&word.split('=').next().unwrap_or(word));
        let has_version = |word: &str| word.rfind('@').is_some_and(|at| at > 0);
        let package = || words.clone().find(|word| !word.starts_with('-'));
        is_npx && (words.clone().any(is_asked) || package().is_some_and(has_version))
    }

    fn configured_by(&self) -> &'static [&'static str] {
        &["npm"]
    }

    fn is_moved_by(&self, command: &Invocation<'_>) -> bool {
        options::writes_setting(command, &["config", "c", "set"], &["cache", "location", "global"])
    }

    /// docs.npmjs.com, "npm ci" ("automatically removed before") and "npm install" ("--omit").
    fn removes_extraneous(&self, _: &Invocation<'_>) -> bool {
        true
    }

    fn upgrades(&self, command: &Invocation<'_>) -> bool {
        Line::read(command).is_some_and(|line| line.verb == Verb::Update)
    }

    fn ignored(&self) -> &'static [&'static str] {
        &["**/node_modules", "**/npm-debug.log*"]
    }

    /// npm docs, `configuring-npm/npmrc`, `using-npm/config`.
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles {
            home: &[".npmrc"],
            system: &["/usr/local/etc/npmrc", "/usr/etc/npmrc", "/etc/npmrc"],
            project: &[".npmrc"],
            follows_project: true,
            keys: &["cache"],
        }
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["package.json"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["package-lock.json", "npm-shrinkwrap.json"]
    }
}

/// A command that works on the whole system, and reads nothing of the project: .npmrc of the project is not read in
/// global mode (npm docs, `configuring-npm/npmrc`).
fn global(command: &Invocation<'_>, state: &State) -> Usage {
    Usage {
        kind: UsageKind::Packages,
        directory: None,
        effects: surroundings::global(command, state, &[], &[]),
        runs_package_code: true,
    }
}

fn settings(command: &Invocation<'_>, state: &State) -> Usage {
    Usage { kind: UsageKind::Settings, runs_package_code: false, ..global(command, state) }
}

/// Whether a package is taken from the registry or the network, and not from a path (`npm-package-arg`).
pub(crate) fn is_registry_package(specifier: &str) -> bool {
    let is_archive = [".tgz", ".tar.gz", ".tar"].iter().any(|end| specifier.ends_with(end));
    if specifier.starts_with("https://") || specifier.starts_with("http://") || specifier.starts_with("git+")
    {
        return true;
    }
    let (scope, name) = match specifier.strip_prefix('@') {
        Some(rest) => match rest.split_once('/') {
            Some((scope, name)) => (scope, name),
            None => return false,
        },
        None => ("x", specifier),
    };
    let (name, version) = name.split_once('@').unwrap_or((name, "x"));
    let is_name = |name: &str| {
        name.starts_with(|ch: char| ch.is_ascii_alphanumeric())
            && name.chars().all(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_' | '.'))
    };
    let is_version = !version.contains(['/', ':', '\\']) && !version.starts_with(['.', '~']);
    let is_alias = version.strip_prefix("npm:").is_some_and(is_registry_package);
    !is_archive
        && is_name(scope)
        && is_name(name)
        && (is_version || version.starts_with('~') && !version.contains('/') || is_alias)
}

/// The beginning of a word like `pnpm@$VERSION`, up to the variable: the name of a package whose version a build argument
/// gives.
pub(crate) fn versioned_by_variable<'a>(argument: &'a Argument<'_>) -> Option<&'a str> {
    let text = std::str::from_utf8(argument.text).ok()?;
    let text = text.strip_prefix('"').map_or(text, |rest| rest.strip_suffix('"').unwrap_or(rest));
    let (package, variable) = text.split_once('$')?;
    let is_end = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '_' | '-' | '.');
    let is_variable = match variable.strip_prefix('{') {
        Some(braced) => {
            let (name, rest) = braced.split_once('}')?;
            !name.contains(['/', '$', '`', ' ']) && rest.chars().all(is_end)
        }
        None => !variable.is_empty() && variable.chars().all(is_end),
    };
    let (name, version) = package.rsplit_once('@')?;
    let is_package =
        !name.is_empty() && version.chars().all(|ch| is_end(ch) || matches!(ch, '^' | '~' | '='));
    (is_variable && is_package && is_registry_package(name)).then_some(package)
}

/// The operands of a command line, packages whose version is a variable among them; `None` where another is not known.
pub(crate) fn operands<'w>(line: &'w Words<'_>) -> Option<Vec<&'w str>> {
    line.operands
        .iter()
        .map(|operand| operand.value.or_else(|| versioned_by_variable(operand.argument)))
        .collect()
}

/// The directory of the package.json that npm works on: the project's, or the nearest above that has one
/// (`@npmcli/config`, `loadLocalPrefix`). `--prefix` is taken as it is.
fn package_directory(project: &Project<'_>, is_fixed: bool) -> Result<ImagePath, Refusal> {
    let start = project.directory().clone();
    let mut at = start.clone();
    loop {
        match project.find_at(&at.join("package.json")) {
            Found::File(_) => return Ok(at),
            Found::Missing if !is_fixed && project.find_at(&at.join("node_modules")) != Found::Directory => {}
            _ => break,
        }
        match at.parent() {
            Some(parent) => at = parent,
            None => break,
        }
    }
    Err(Refusal::new(format!("no package.json is copied from the build context to {start}")))
}

/// The nearest directory above whose workspaces hold `own`.
fn workspace_above(project: &Project<'_>, own: &ImagePath) -> Result<Option<ImagePath>, Refusal> {
    let mut at = own.parent();
    while let Some(directory) = at {
        if let Some(manifest) = Manifest::read(project, &directory)?
            && let Some(patterns) = Patterns::of_manifest(&manifest)
            && let Some(below) = own.below(&directory)
            && patterns.has(below, Negation::InOrder)?
        {
            return Ok(Some(directory));
        }
        at = directory.parent();
    }
    Ok(None)
}

fn members(project: &Project<'_>, root: &ImagePath) -> Result<Vec<ImagePath>, Refusal> {
    let manifest = Manifest::read(project, root)?;
    let patterns = manifest.as_ref().and_then(Patterns::of_manifest);
    let members = patterns.map(|patterns| patterns.members(project, root, Negation::InOrder)).transpose()?;
    Ok(members.into_iter().flatten().collect())
}

/// Adds the lock files, and gives the text of the one that counts.
fn add_locks(
    project: &Project<'_>,
    own: &ImagePath,
    root: &ImagePath,
    locked: bool,
    closure: &mut Closure,
) -> Result<Option<String>, Refusal> {
    let mut text = None;
    for directory in [root, own] {
        for name in ["npm-shrinkwrap.json", "package-lock.json", "yarn.lock"] {
            let path = directory.join(name);
            let is_there = match locked {
                true => closure.add_file(project, &path),
                false => closure.add_rewritten(project, &path),
            };
            if is_there && name != "yarn.lock" && text.is_none() {
                text = project.read_text(path.as_str());
            }
        }
    }
    if locked && text.is_none() {
        return Err(Refusal::new(format!(
            "npm ci needs a package-lock.json, and none is copied from the build context to {root}"
        )));
    }
    Ok(text)
}

/// npm 12: patches that package.json names, and `.npm-extension` (npm docs, `commands/npm-patch`).
fn add_patches(project: &Project<'_>, root: &ImagePath, closure: &mut Closure) -> Result<(), Refusal> {
    let manifest = Manifest::read(project, root)?;
    let patches = manifest.as_ref().and_then(|manifest| manifest.object("patchedDependencies"));
    for path in patches.into_iter().flatten().filter_map(|(_, path)| path.as_str()) {
        closure.add_file(project, &root.join(path));
    }
    for name in [".npm-extension.mjs", ".npm-extension.cjs"] {
        let path = root.join(name);
        if closure.add_file(project, &path) {
            let text = project.read_text(path.as_str()).unwrap_or_default();
            if let Some(line) = code::line_that_reads_files(&text) {
                let shown = project.shown(path.as_str());
                return Err(Refusal::new(format!("{shown}:{line} may read any source file")));
            }
        }
    }
    Ok(())
}

/// The cache's directory, for an install in `project`.
fn cache_directory(
    command: &Invocation<'_>,
    line: &Line<'_>,
    state: &State,
    project: Option<&Project<'_>>,
) -> Result<ImagePath, Refusal> {
    let resolve = |path: &str, place: &str| {
        let path = options::path(path, command.directory.as_ref())
            .filter(|_| !path.starts_with('~') && !path.contains('$'));
        path.ok_or_else(|| {
            Refusal::new(format!("{place} names the cache in a way that dockfix does not read"))
        })
    };
    match line.option("cache") {
        Some(Some("true" | "false")) => {
            return Err(Refusal::new("--no-cache leaves it open where the cache is"));
        }
        Some(Some(path)) => return resolve(path, "--cache"),
        Some(None) => return Err(Refusal::new("--cache names a directory that is only known in the build")),
        None => {}
    }
    match variable(command, state, "npm_config_cache") {
        Setting::Known(path) => return resolve(path, "npm_config_cache"),
        Setting::Unknown => return Err(Refusal::new("npm_config_cache is only known in the build")),
        Setting::Unset => {}
    }
    if let Some(project) = project {
        let own = package_directory(project, line.option("prefix").is_some());
        let npmrc =
            own.and_then(|own| Npmrc::read(project, &own, &mut Closure::default())).unwrap_or_default();
        if let Some(path) = npmrc.get("cache") {
            return resolve(path, &npmrc.place("cache"));
        }
    }
    let home = Environment::new(command, state).home()?;
    Ok(home.join(".npm"))
}

#[cfg(test)]
mod tests;
