//! yarn 1.

use dockfix_model::commands::Invocation;
use dockfix_model::project::{Found, Project};
use dockfix_model::{ImagePath, State, User};

use crate::environment::{Environment, Setting};
use crate::javascript::closure::{Closure, Role, Rules};
use crate::javascript::local;
use crate::javascript::manifest::Manifest;
use crate::javascript::npmrc::Npmrc;
use crate::javascript::packages;
use crate::javascript::stale::{self, Form};
use crate::javascript::surroundings::variable;
use crate::javascript::workspaces::{Negation, Patterns};
use crate::options::{Value, Words};
use crate::text_file::TextFile;
use crate::{Cache, CacheKind, CachePlan, Needs, Refusal, Sharing, Usage};

/// The root's scripts that an install runs (yarn 1, `src/cli/commands/install.js`, `wrapLifecycle`); with
/// `--production` the last two stay away.
const ROOT_SCRIPTS: &[&str] = &["preinstall", "install", "postinstall", "prepublish", "prepare"];
/// Those of members and of directories that `file:` copies.
const MEMBER_SCRIPTS: &[&str] = &["preinstall", "install", "postinstall"];

pub(super) fn needs(
    command: &Invocation<'_>,
    line: &Words<'_>,
    usage: &Usage,
    project: &Project<'_>,
) -> Result<Needs, Refusal> {
    let own = project.directory().clone();
    if !matches!(project.find("package.json"), Found::File(_)) {
        return Err(Refusal::new(format!("no package.json is copied from the build context to {own}")));
    }
    let root = workspace_above(project, &own)?.unwrap_or_else(|| own.clone());
    let mut closure = Closure::default();
    let mut ignores_scripts = !usage.runs_package_code;
    for directory in std::iter::successors(Some(own.clone()), ImagePath::parent) {
        let npmrc = Npmrc::read(project, &directory, &mut closure)?;
        ignores_scripts |= npmrc.is_on("ignore-scripts");
        if let Some(mirror) = npmrc.get("yarn-offline-mirror") {
            closure.add_directory(project, &directory.join(mirror));
        }
        let yarnrc = Yarnrc::read(project, &directory, &mut closure)?;
        ignores_scripts |= yarnrc.get("ignore-scripts") == Some("true");
        yarnrc.add_files(project, &directory, &mut closure)?;
        // yarn 1 looks into the configuration of later versions for a release to hand over to.
        closure.add_file(project, &directory.join(".yarnrc.yml"));
    }
    let rules = Rules {
        manager: "yarn",
        root_scripts: match (ignores_scripts, is_production(command, line)) {
            (true, _) => &[],
            (false, true) => MEMBER_SCRIPTS,
            (false, false) => ROOT_SCRIPTS,
        },
        member_scripts: if ignores_scripts { &[] } else { MEMBER_SCRIPTS },
        root_programs: false,
        makes_executable: true,
        paths_from_root: true,
    };
    let keeps_lock = line.has(&["--frozen-lockfile", "--pure-lockfile", "--immutable"]);
    for path in [root.join("yarn.lock"), own.join("yarn.lock")] {
        if keeps_lock {
            closure.add_file(project, &path)
        } else {
            closure.add_rewritten(project, &path)
        };
    }
    closure.add_file(project, &root.join(".yarnclean"));
    let members = members(project, &root)?;
    closure.linked.extend(members.iter().cloned());
    closure.add_package(project, &root, &root, Role::Root, &rules)?;
    for member in members {
        closure.add_package(project, &root, &member, Role::Member, &rules)?;
    }
    stale::add(project, &root.join("yarn.lock"), Form::Yarn, &mut closure);
    let lock = project.read_text(root.join("yarn.lock").as_str());
    add_locked(project, &root, lock.as_deref(), &rules, &mut closure)?;
    if !ignores_scripts {
        packages::add_readers(project, command.directory.as_ref(), lock.as_deref(), &|_| true, &mut closure)?;
    }
    if let Some(Value::Known(folder)) = line.value(&["--modules-folder"]) {
        closure.outputs.insert(own.join(folder));
    }
    if line.has(&["--pnp"]) {
        closure.outputs.insert(root.join(".pnp.js"));
    }
    Ok(closure.into_needs())
}

/// Whether what only development needs is left out, and with it the scripts that prepare the project itself. The option
/// counts more than the variable.
fn is_production(command: &Invocation<'_>, line: &Words<'_>) -> bool {
    if let Some(value) = line.value(&["--production", "--prod"]) {
        let follows = |word: &str| line.operands.iter().any(|operand| operand.value == Some(word));
        return value.known() != Some("false") && !follows("false");
    }
    let is_set = |(name, value): &(String, Option<String>)| {
        name == "NODE_ENV" && value.as_deref() == Some("production")
    };
    command.assignments.iter().any(is_set)
}

/// The nearest directory above whose workspaces hold `own`.
fn workspace_above(project: &Project<'_>, own: &ImagePath) -> Result<Option<ImagePath>, Refusal> {
    for directory in std::iter::successors(own.parent(), ImagePath::parent) {
        if let Some(manifest) = Manifest::read(project, &directory)?
            && let Some(patterns) = Patterns::of_manifest(&manifest)
            && let Some(below) = own.below(&directory)
            && patterns.has(below, Negation::Unknown)?
        {
            return Ok(Some(directory));
        }
    }
    Ok(None)
}

fn members(project: &Project<'_>, root: &ImagePath) -> Result<Vec<ImagePath>, Refusal> {
    let manifest = Manifest::read(project, root)?;
    let patterns = manifest.as_ref().and_then(Patterns::of_manifest);
    let members = patterns.map(|patterns| patterns.members(project, root, Negation::Unknown)).transpose()?;
    Ok(members.into_iter().flatten().collect())
}

/// Adds the local packages that the lock file names and the build context brings: `"x@file:../x":`.
fn add_locked(
    project: &Project<'_>,
    root: &ImagePath,
    lock: Option<&str>,
    rules: &Rules,
    closure: &mut Closure,
) -> Result<(), Refusal> {
    let headings = lock.unwrap_or_default().lines().filter(|line| !line.starts_with([' ', '#']));
    for heading in headings.filter(|heading| heading.contains("@file:")) {
        for entry in heading.trim_end_matches(':').split(", ") {
            let entry = entry.trim_matches('"');
            let Some((_, specifier)) = entry.split_once("@file:") else { continue };
            let place = || format!("{}:1", project.shown(root.join("yarn.lock").as_str()));
            let specifier = format!("file:{specifier}");
            for local in local::of_specifier(&specifier, root, root, place).unwrap_or_default() {
                if matches!(project.find_at(&local.path), Found::File(_) | Found::Directory) {
                    closure.add_local(project, root, &local, rules)?;
                }
            }
        }
    }
    Ok(())
}

/// A `.yarnrc`: lines of a key and a value (yarn 1, `src/util/rc.js`).
#[derive(Default)]
struct Yarnrc {
    settings: Vec<(String, String, usize)>,
    shown: String,
}

impl Yarnrc {
    fn read(project: &Project<'_>, directory: &ImagePath, closure: &mut Closure) -> Result<Self, Refusal> {
        let path = directory.join(".yarnrc");
        if !closure.add_file(project, &path) {
            return Ok(Self::default());
        }
        let TextFile { shown, text } = TextFile::read(project, &path)?;
        let settings = text.lines().enumerate().filter_map(|(index, line)| {
            let line = line.trim();
            let (key, value) = line.split_once([' ', '\t']).unwrap_or((line, ""));
            let unquoted = |text: &str| text.trim().trim_matches('"').to_owned();
            let is_setting = !line.is_empty() && !line.starts_with('#');
            is_setting.then(|| (unquoted(key), unquoted(value), index + 1))
        });
        Ok(Self { settings: settings.collect(), shown })
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.settings.iter().rev().find(|(name, ..)| name == key).map(|(_, value, _)| value.as_str())
    }

    fn place(&self, key: &str) -> String {
        let line = self.settings.iter().rev().find(|(name, ..)| name == key).map_or(1, |(.., line)| *line);
        format!("{}:{line}", self.shown)
    }

    /// Adds the files that the settings name.
    fn add_files(
        &self,
        project: &Project<'_>,
        directory: &ImagePath,
        closure: &mut Closure,
    ) -> Result<(), Refusal> {
        for (key, value, line) in &self.settings {
            let place = format!("{}:{line}", self.shown);
            match key.as_str() {
                "yarn-path" if !closure.add_file(project, &directory.join(value)) => {
                    return Err(Refusal::new(format!(
                        "{place} hands over to {value}, which is not in the build context"
                    )));
                }
                "yarn-offline-mirror" => {
                    closure.add_directory(project, &directory.join(value));
                }
                "yarn-offline-mirror-pruning" if value == "true" => {
                    return Err(Refusal::new(format!(
                        "{place} has the install remove archives, which a later COPY would bring back"
                    )));
                }
                "cafile" => drop(closure.add_file(project, &directory.join(value))),
                // `--install.modules-folder x`: options for every command.
                key if key.starts_with("--") => {
                    const FILES: [&str; 4] = ["modules-folder", "cwd", "use-yarnrc", "pnp"];
                    if FILES.iter().any(|name| key.ends_with(name)) {
                        return Err(Refusal::new(format!("{place} sets {key}, which may name any file")));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

pub(super) fn caches(
    command: &Invocation<'_>,
    state: &State,
    line: &Words<'_>,
    usage: &Usage,
    project: Option<&Project<'_>>,
) -> Result<CachePlan, Refusal> {
    let directory = cache_directory(command, state, line, project)?;
    // The directories above a mount belong to root while the RUN goes on.
    let in_cache = Environment::new(command, state).home().ok().map(|home| home.join(".cache"));
    let is_inner =
        in_cache.is_some_and(|cache| directory.below(&cache).is_some_and(|below| !below.is_empty()));
    if is_inner && state.user != User::Root && usage.runs_package_code {
        return Err(Refusal::new(format!(
            "a mount at {directory} would leave its parent to root, and install scripts may write beside it"
        )));
    }
    let cache = Cache { directory, kind: CacheKind::Pure, sharing: Sharing::Locked };
    Ok(CachePlan { caches: vec![cache], edits: Vec::new() })
}

/// The cache's directory; its content lies in a directory of its own below, after the format's version.
pub(super) fn cache_directory(
    command: &Invocation<'_>,
    state: &State,
    line: &Words<'_>,
    project: Option<&Project<'_>>,
) -> Result<ImagePath, Refusal> {
    let resolve = |path: &str, place: &str| {
        ImagePath::absolute(path)
            .or_else(|| Some(command.directory.as_ref()?.join(path)))
            .filter(|_| !path.starts_with('~') && !path.contains('$'))
            .ok_or_else(|| {
                Refusal::new(format!("{place} names the cache in a way that dockfix does not read"))
            })
    };
    match line.value(&["--cache-folder"]) {
        Some(Value::Known(path)) => return resolve(path, "--cache-folder"),
        Some(_) => {
            return Err(Refusal::new("--cache-folder names a directory that is only known in the build"));
        }
        None => {}
    }
    for name in ["yarn_cache_folder", "npm_config_cache_folder"] {
        match variable(command, state, name) {
            Setting::Known(path) => return resolve(path, name),
            Setting::Unknown => {
                return Err(Refusal::new(format!("{} is only known in the build", name.to_uppercase())));
            }
            Setting::Unset => {}
        }
    }
    if let Some(project) = project {
        for directory in std::iter::successors(Some(project.directory().clone()), ImagePath::parent) {
            let yarnrc = Yarnrc::read(project, &directory, &mut Closure::default())?;
            for key in ["cache-folder", "--cache-folder", "--install.cache-folder"] {
                if let Some(path) = yarnrc.get(key) {
                    let path = ImagePath::absolute(path).unwrap_or_else(|| directory.join(path));
                    return resolve(path.as_str(), &yarnrc.place(key));
                }
            }
        }
    }
    if let Some(Value::Known(path)) = line.value(&["--preferred-cache-folder"]) {
        return resolve(path, "--preferred-cache-folder");
    }
    match variable(command, state, "XDG_CACHE_HOME") {
        Setting::Known(path) => return Ok(resolve(path, "XDG_CACHE_HOME")?.join("yarn")),
        Setting::Unknown => return Err(Refusal::new("XDG_CACHE_HOME is only known in the build")),
        Setting::Unset => {}
    }
    let home = Environment::new(command, state).home()?;
    if state.user == User::Root {
        return ImagePath::absolute("/usr/local/share/.cache/yarn")
            .ok_or_else(|| Refusal::new("the cache directory is not known"));
    }
    Ok(home.join(".cache/yarn"))
}
