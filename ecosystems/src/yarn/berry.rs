//! yarn 2 and later.

use dockfix_model::commands::Invocation;
use dockfix_model::project::{Found, Project};
use dockfix_model::{ImagePath, State, User};

use super::version::Version;
use crate::environment::{Environment, Setting};
use crate::javascript::closure::{Closure, Role, Rules};
use crate::javascript::manifest::Manifest;
use crate::javascript::stale::{self, Form};
use crate::javascript::surroundings::variable;
use crate::javascript::workspaces::{Negation, Patterns};
use crate::javascript::yaml::{Yaml, strings};
use crate::javascript::{code, packages};
use crate::options::Words;
use crate::{Cache, CacheKind, CachePlan, Needs, Refusal, Sharing, Usage};

/// The scripts of a project's own packages that an install runs, those of `prepare` not among them
/// (yarnpkg.com/advanced/lifecycle-scripts).
const SCRIPTS: &[&str] = &["preinstall", "install", "postinstall"];

/// Members of members are members too, to this depth.
const MAX_NESTING: usize = 8;

pub(super) fn needs(
    command: &Invocation<'_>,
    line: &Words<'_>,
    usage: &Usage,
    project: &Project<'_>,
) -> Result<Needs, Refusal> {
    let root = root_of(project)?;
    let mut closure = Closure::default();
    let settings = Settings::read(project, &mut closure)?;
    let linker = settings.string("nodeLinker").unwrap_or("pnp");
    let makes_modules = linker == "node-modules";
    let runs_scripts = usage.runs_package_code;
    let rules = Rules {
        manager: "yarn",
        root_scripts: if runs_scripts { SCRIPTS } else { &[] },
        member_scripts: if runs_scripts { SCRIPTS } else { &[] },
        root_programs: makes_modules,
        makes_executable: makes_modules,
        paths_from_root: false,
    };
    let lock_path = root.join(settings.string("lockfileFilename").unwrap_or("yarn.lock"));
    if line.has(&["--immutable", "--frozen-lockfile"]) {
        closure.add_file(project, &lock_path);
    } else {
        closure.add_rewritten(project, &lock_path);
    }
    settings.add_files(project, &root, &mut closure)?;
    let mut members = Vec::new();
    add_members(project, &root, 0, &mut members)?;
    closure.linked.extend(members.iter().cloned());
    closure.add_package(project, &root, &root, Role::Root, &rules)?;
    for member in members {
        closure.add_package(project, &root, &member, Role::Member, &rules)?;
    }
    stale::add(project, &lock_path, Form::Yarn, &mut closure);
    closure.add_directory(project, &root.join(".yarn/patches"));
    let lock = project.read_text(lock_path.as_str());
    if runs_scripts {
        packages::add_readers(project, command.directory.as_ref(), lock.as_deref(), &|_| true, &mut closure)?;
    }
    add_zero_install(project, &root, &settings, line, &mut closure)?;
    closure.outputs.insert(root.join(".yarn/install-state.gz"));
    if !makes_modules {
        closure.outputs.insert(root.join(".yarn/unplugged"));
        if linker == "pnp" {
            closure.outputs.extend([".pnp.cjs", ".pnp.loader.mjs"].map(|name| root.join(name)));
        }
    }
    Ok(closure.into_needs())
}

/// The root of the project: the nearest directory with a lock file, or else the topmost with a package.json
/// (`@yarnpkg/core`, `Configuration.findProjectCwd`).
fn root_of(project: &Project<'_>) -> Result<ImagePath, Refusal> {
    let mut topmost = None;
    for directory in std::iter::successors(Some(project.directory().clone()), ImagePath::parent) {
        let has = |name: &str| matches!(project.find_at(&directory.join(name)), Found::File(_));
        if has("package.json") {
            topmost = Some(directory.clone());
            if has("yarn.lock") {
                return Ok(directory);
            }
        } else if topmost.is_none() && project.find_at(&directory.join("package.json")) != Found::Missing {
            break;
        }
    }
    topmost.ok_or_else(|| {
        let directory = project.directory();
        Refusal::new(format!("no package.json is copied from the build context to {directory}"))
    })
}

fn add_members(
    project: &Project<'_>,
    directory: &ImagePath,
    depth: usize,
    members: &mut Vec<ImagePath>,
) -> Result<(), Refusal> {
    let Some(manifest) = Manifest::read(project, directory)? else { return Ok(()) };
    let Some(patterns) = Patterns::of_manifest(&manifest).filter(|_| depth < MAX_NESTING) else {
        return Ok(());
    };
    for member in patterns.members(project, directory, Negation::Everywhere)? {
        if !members.contains(&member) {
            members.push(member.clone());
            add_members(project, &member, depth + 1, members)?;
        }
    }
    Ok(())
}

/// The .yarnrc.yml of the project and those of the directories above, nearest first.
struct Settings {
    files: Vec<(ImagePath, Yaml)>,
}

impl Settings {
    fn read(project: &Project<'_>, closure: &mut Closure) -> Result<Self, Refusal> {
        let mut files = Vec::new();
        for directory in std::iter::successors(Some(project.directory().clone()), ImagePath::parent) {
            if let Some(file) = Yaml::read(project, &directory.join(".yarnrc.yml"), closure)? {
                files.push((directory, file));
            }
        }
        Ok(Self { files })
    }

    fn string(&self, field: &str) -> Option<&str> {
        self.files.iter().find_map(|(_, file)| file.string(field))
    }

    fn switch(&self, field: &str) -> Option<bool> {
        self.files.iter().find_map(|(_, file)| file.switch(field))
    }

    /// Adds the files that settings name.
    fn add_files(
        &self,
        project: &Project<'_>,
        root: &ImagePath,
        closure: &mut Closure,
    ) -> Result<(), Refusal> {
        for (directory, file) in &self.files {
            if let Some(path) = file.string("yarnPath")
                && !closure.add_file(project, &directory.join(path))
            {
                let at = file.at("yarnPath");
                return Err(Refusal::new(format!(
                    "{at} hands over to {path}, which is not in the build context"
                )));
            }
            add_plugins(project, directory, file, closure)?;
            for field in ["caFilePath", "httpsCaFilePath", "httpsCertFilePath", "httpsKeyFilePath"] {
                let mut paths: Vec<&str> = file.string(field).into_iter().collect();
                let networks = file.get("networkSettings").and_then(|networks| networks.as_mapping());
                paths.extend(
                    networks.into_iter().flatten().filter_map(|(_, network)| network.get(field)?.as_str()),
                );
                for path in paths {
                    closure.add_file(project, &directory.join(path));
                }
            }
            let mut environments = Vec::new();
            if let Some(value) = file.get("injectEnvironmentFiles") {
                strings(value, &mut environments);
            }
            for path in environments {
                closure.add_file(project, &directory.join(path.trim_end_matches('?')));
            }
        }
        closure.add_file(project, &root.join(".env.yarn"));
        if self.switch("enableConstraintsChecks") == Some(true) {
            closure.add_file(project, &root.join("constraints.pro"));
            let path = root.join("yarn.config.cjs");
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
}

fn add_plugins(
    project: &Project<'_>,
    directory: &ImagePath,
    file: &Yaml,
    closure: &mut Closure,
) -> Result<(), Refusal> {
    for plugin in file.get("plugins").and_then(|plugins| plugins.as_sequence()).into_iter().flatten() {
        let (path, name) = match plugin.as_str() {
            Some(path) => (path, path),
            None => {
                let field = |field| plugin.get(field).and_then(|value| value.as_str());
                let Some(path) = field("path") else { continue };
                (path, field("spec").unwrap_or(path))
            }
        };
        let at = file.at(path);
        let is_own = name.contains("@yarnpkg/plugin-") || name.contains("plugin-workspace-tools");
        if !is_own {
            return Err(Refusal::new(format!(
                "{at} loads the plugin {name}, which may read any source file"
            )));
        }
        if !closure.add_file(project, &directory.join(path)) {
            return Err(Refusal::new(format!("{at} loads {path}, which is not in the build context")));
        }
    }
    Ok(())
}

/// A cache that is part of the repository: the install reads it, and removes what nobody needs any more.
fn add_zero_install(
    project: &Project<'_>,
    root: &ImagePath,
    settings: &Settings,
    line: &Words<'_>,
    closure: &mut Closure,
) -> Result<(), Refusal> {
    let is_global = settings.switch("enableGlobalCache").unwrap_or(match Version::of(project) {
        Version::Berry(Some(major)) => major >= 4,
        // Not known: the cache counts where there is one.
        _ => false,
    });
    let folder = root.join(settings.string("cacheFolder").unwrap_or(".yarn/cache"));
    if is_global || folder.below(root).is_none() || project.find_at(&folder) != Found::Directory {
        return Ok(());
    }
    if !line.has(&["--immutable-cache"]) {
        let shown = project.shown(folder.as_str());
        return Err(Refusal::new(format!(
            "{shown} is part of the build context: the install may remove archives from it, which a later COPY would \
             bring back"
        )));
    }
    closure.directories.insert(folder);
    Ok(())
}

pub(super) fn caches(
    command: &Invocation<'_>,
    state: &State,
    major: Option<u32>,
    project: Option<&Project<'_>>,
) -> Result<CachePlan, Refusal> {
    let mut closure = Closure::default();
    let settings = project.map(|project| Settings::read(project, &mut closure)).transpose()?;
    let settings = settings.unwrap_or(Settings { files: Vec::new() });
    let is_on = |field: &str, name: &str| match variable(command, state, name) {
        Setting::Known("true" | "1") => Some(true),
        Setting::Known(_) => Some(false),
        _ => settings.switch(field),
    };
    let is_global = is_on("enableGlobalCache", "yarn_enable_global_cache").or(major.map(|major| major >= 4));
    let linker = match variable(command, state, "yarn_node_linker") {
        Setting::Known(linker) => Some(linker),
        _ => settings.string("nodeLinker"),
    };
    if linker.unwrap_or("pnp") == "pnp" && is_global != Some(false) {
        return Err(Refusal::new(
            "with Plug'n'Play, programs read their packages from yarn's cache when they run",
        ));
    }
    if settings.string("nmMode") == Some("hardlinks-global") {
        return Err(Refusal::new("nmMode: hardlinks-global keeps packages in yarn's global folder"));
    }
    if is_global == Some(false) && is_on("enableMirror", "yarn_enable_mirror") == Some(false) {
        return Ok(CachePlan::default());
    }
    let cache = global_cache(command, state, Some(&settings))?;
    // The directories above a mount belong to root while the RUN goes on: for others the global folder as a whole, which
    // holds caches alone.
    let directory = match (&state.user, cache.parent()) {
        (User::Root, _) | (_, None) => cache,
        (_, Some(parent)) => parent,
    };
    let cache = Cache { directory, kind: CacheKind::Pure, sharing: Sharing::Locked };
    Ok(CachePlan { caches: vec![cache], edits: Vec::new() })
}

/// The directory that all projects share: the cache of yarn 4, the mirror of earlier ones' caches
/// (yarnpkg.com/configuration/yarnrc, `globalFolder`).
fn global_cache(
    command: &Invocation<'_>,
    state: &State,
    settings: Option<&Settings>,
) -> Result<ImagePath, Refusal> {
    let absolute = |path: &str, name: &str| {
        // Only variables of Docker's are symbols.
        let is_read = !path.contains("${") || name != "globalFolder";
        ImagePath::absolute(path).filter(|_| is_read).ok_or_else(|| {
            Refusal::new(format!("{name} names the cache in a way that dockfix does not read"))
        })
    };
    match variable(command, state, "yarn_global_folder") {
        Setting::Known(path) => return Ok(absolute(path, "YARN_GLOBAL_FOLDER")?.join("cache")),
        Setting::Unknown => return Err(Refusal::new("YARN_GLOBAL_FOLDER is only known in the build")),
        Setting::Unset => {}
    }
    if let Some(path) = settings.and_then(|settings| settings.string("globalFolder")) {
        // Variables of the environment may stand in settings (yarnpkg.com/configuration/yarnrc).
        if let Some(rest) = path.strip_prefix("${HOME}/").filter(|rest| !rest.contains('$')) {
            return Ok(Environment::new(command, state).home()?.join(rest).join("cache"));
        }
        return Ok(absolute(path, "globalFolder")?.join("cache"));
    }
    match variable(command, state, "XDG_DATA_HOME") {
        Setting::Known(path) => return Ok(absolute(path, "XDG_DATA_HOME")?.join("yarn/berry/cache")),
        Setting::Unknown => return Err(Refusal::new("XDG_DATA_HOME is only known in the build")),
        Setting::Unset => {}
    }
    let home = Environment::new(command, state).home()?;
    Ok(home.join(".yarn/berry/cache"))
}

/// The shared cache, for a command of which no project is known.
pub(super) fn shared_cache(command: &Invocation<'_>, state: &State) -> Result<ImagePath, Refusal> {
    global_cache(command, state, None)
}
