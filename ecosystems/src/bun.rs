//! bun.
//!
//! - **Installs from manifests**: `bun install` without packages and `bun ci`, also with `--cwd` and `--filter`
//!   (bun.sh/docs/pm/cli/install).
//! - **Manifests**: package.json of the project and of every workspace member, linked and copied directories and
//!   archives, `bun.lock` or `bun.lockb`, or without these the lock file of npm, yarn or pnpm, which bun migrates;
//!   `bunfig.toml`, `.npmrc`, the `.env` files, patches.
//! - **Prefetch**: none.
//! - **Cache**: `~/.bun/install/cache`, or what `--cache-dir`, `BUN_INSTALL_CACHE_DIR`, `BUN_INSTALL` and bunfig.toml say
//!   (bun.sh/docs/pm/global-cache); pure, unless `--backend symlink` or a global virtual store has programs run from it.
//!   `sharing=locked`: nothing says that bun's cache can be shared.
//! - **Refused**: as for npm, and `link:` dependencies, which bun takes from the machine.

mod config;

use dockfix_model::commands::Invocation;
use dockfix_model::project::{Found, Project};
use dockfix_model::{ImagePath, State, User};

use crate::environment::{Environment, Setting};
use crate::javascript::closure::{Closure, Role, Rules};
use crate::javascript::local;
use crate::javascript::lock::BunLock;
use crate::javascript::manifest::{DEPENDENCIES, Manifest};
use crate::javascript::npmrc::Npmrc;
use crate::javascript::stale::{self, Form};
use crate::javascript::workspaces::{Negation, Patterns};
use crate::javascript::{packages, surroundings};
use crate::npm::{is_registry_package, operands};
use crate::options::{Grammar, Value, Words};
use crate::{
    Cache, CacheKind, CachePlan, Ecosystem, Needs, Refusal, SettingsFiles, Sharing, Usage, UsageKind,
};
use config::Bunfig;

/// bun.
pub(crate) struct Bun;

/// The options of `bun install` (`bun install --help`). Those that name further configuration and `--analyze`, which
/// reads sources, are left out: such a command is not recognised.
const GRAMMAR: Grammar = Grammar::gnu(
    &[
        "--ca --cafile --cache-dir --cwd --backend --registry --concurrent-scripts --network-concurrency --omit --linker",
        "--minimum-release-age --minimum-release-age-excludes --cpu --os --libc -F --filter",
    ],
    &[
        "-y --yarn -p --production --no-save --save --dry-run --frozen-lockfile -f --force --no-cache --silent --quiet",
        "--verbose --no-progress --no-summary --no-verify --offline --prefer-offline --ignore-scripts --trust -g --global",
        "--no-env-file --save-text-lockfile --lockfile-only -d --dev -D --optional --peer --save-prod -E --exact",
        "--use-system-ca --version -v --revision",
    ],
);

const VARIABLES: &[&str] = &["BUN_*"];

/// The root's scripts that an install runs (bun.sh/docs/pm/lifecycle).
const ROOT_SCRIPTS: &[&str] =
    &["preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare"];

/// What a command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Install,
    Global,
    Clean,
    Version,
}

impl Verb {
    fn of(line: &Words<'_>) -> Option<Self> {
        let words = operands(line)?;
        let is_global = line.has(&["-g", "--global"]);
        Some(match words[..] {
            [] if line.has(&["--version", "-v", "--revision"]) => Self::Version,
            ["install" | "i" | "ci"] if !is_global => Self::Install,
            ["install" | "i" | "add" | "a", ref names @ ..] if is_global && !names.is_empty() => {
                names.iter().all(|name| is_registry_package(name)).then_some(Self::Global)?
            }
            ["pm", "cache", "rm"] => Self::Clean,
            _ => return None,
        })
    }
}

impl Ecosystem for Bun {
    fn name(&self) -> &'static str {
        "bun"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["bun"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["install", "i", "add"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        if command.program != "bun" {
            return None;
        }
        let line = Words::read(command, 0, &GRAMMAR)?;
        let verb = Verb::of(&line)?;
        // BUN_OPTIONS stands in front of every command line.
        let environment = Environment::new(command, state);
        if environment.get("BUN_OPTIONS") != Setting::Unset || surroundings::is_steered(command, state) {
            return None;
        }
        match verb {
            Verb::Install => {
                let directory = line.directory(command, &["--cwd"]);
                let runs_scripts = !line.has(&["--ignore-scripts"]);
                Some(Usage {
                    kind: UsageKind::Install,
                    effects: surroundings::install(
                        command,
                        state,
                        directory.as_ref(),
                        VARIABLES,
                        runs_scripts,
                    ),
                    directory,
                    runs_package_code: runs_scripts,
                })
            }
            Verb::Clean => Some(surroundings::cleaning(
                command,
                state,
                [cache_directory(command, state, &line, None)],
                &[".bun"],
            )),
            Verb::Global | Verb::Version => Some(Usage {
                kind: if verb == Verb::Global { UsageKind::Packages } else { UsageKind::Settings },
                directory: None,
                effects: surroundings::global(command, state, VARIABLES, READ_ANYWHERE),
                runs_package_code: verb == Verb::Global,
            }),
        }
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        usage: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let line =
            Words::read(command, 0, &GRAMMAR).ok_or_else(|| Refusal::new("the command cannot be read"))?;
        let own = package_directory(project)?;
        let root = workspace_above(project, &own)?.unwrap_or_else(|| own.clone());
        let mut closure = Closure::default();
        let mut runs_scripts = usage.runs_package_code;
        for directory in [&root, &own, project.directory()] {
            runs_scripts &= !Bunfig::read(project, directory, &mut closure)?.ignores_scripts();
            Npmrc::read(project, directory, &mut closure)?;
            if !line.has(&["--no-env-file"]) {
                for name in ENVIRONMENT_FILES {
                    closure.add_file(project, &directory.join(name));
                }
            }
        }
        let lock = add_locks(project, &root, &line, &mut closure);
        let scripts = if runs_scripts { ROOT_SCRIPTS } else { &[] };
        let rules = Rules {
            manager: "bun",
            root_scripts: scripts,
            member_scripts: scripts,
            root_programs: false,
            makes_executable: true,
            paths_from_root: false,
        };
        let bun_lock = BunLock::read(lock.as_deref());
        let members = members(project, &root, &bun_lock)?;
        closure.linked.extend(members.iter().cloned());
        closure.add_package(project, &root, &root, Role::Root, &rules)?;
        for member in members.iter().filter(|member| **member != root) {
            closure.add_package(project, &root, member, Role::Member, &rules)?;
        }
        for specifier in bun_lock.local() {
            let place = || project.shown(root.join("bun.lock").as_str());
            for local in local::of_specifier(specifier, &root, &root, place).unwrap_or_default() {
                if matches!(project.find_at(&local.path), Found::File(_) | Found::Directory) {
                    closure.add_local(project, &root, &local, &rules)?;
                }
            }
        }
        stale::add(project, &root.join("bun.lock"), Form::Bun, &mut closure);
        refuse_links(&closure)?;
        add_patches(project, &root, &mut closure)?;
        if runs_scripts {
            packages::add_readers(
                project,
                command.directory.as_ref(),
                lock.as_deref(),
                &|_| true,
                &mut closure,
            )?;
        }
        Ok(closure.into_needs())
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _usage: &Usage,
        state: &State,
        project: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let line =
            Words::read(command, 0, &GRAMMAR).ok_or_else(|| Refusal::new("the command cannot be read"))?;
        let verb = Verb::of(&line);
        if !matches!(verb, Some(Verb::Install | Verb::Global)) || line.has(&["--dry-run", "--lockfile-only"])
        {
            return Ok(CachePlan::default());
        }
        if line
            .value(&["--backend"])
            .is_some_and(|backend| backend.known().is_none_or(|name| name == "symlink"))
        {
            return Err(Refusal::new("--backend symlink has programs read their packages from bun's cache"));
        }
        refuse_global_store(command, state, &line, project)?;
        if verb == Some(Verb::Global) && state.user != User::Root {
            return Err(Refusal::new(
                "a mount would leave ~/.bun to root while bun installs a global package there",
            ));
        }
        let directory = cache_directory(command, state, &line, project)?;
        let cache = Cache { directory, kind: CacheKind::Pure, sharing: Sharing::Locked };
        Ok(CachePlan { caches: vec![cache], edits: Vec::new() })
    }

    /// `--offline` (bun.sh/docs/cli/install).
    fn lives_off(&self, command: &Invocation<'_>, _: &State, _: &Invocation<'_>) -> bool {
        command.program == "bun" && command.has("--offline")
    }

    /// bun.com/docs, "bun install", says nothing of it: it may.
    fn removes_extraneous(&self, _: &Invocation<'_>) -> bool {
        true
    }

    fn ignored(&self) -> &'static [&'static str] {
        &["**/node_modules"]
    }

    /// bun.com/docs/runtime/bunfig.
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles {
            home: &[".bunfig.toml", ".config/.bunfig.toml"],
            system: &[],
            project: &["bunfig.toml"],
            follows_project: true,
            keys: SETTINGS,
        }
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["package.json"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["bun.lock", "bun.lockb"]
    }
}

/// What moves the cache, and what has programs run from it (bun.sh/docs/runtime/bunfig, bun.sh/docs/pm/global-store).
const SETTINGS: &[&str] = &["cache", "globalStore"];

/// The files that bun takes variables from, whatever NODE_ENV is (bun.sh/docs/runtime/env).
const ENVIRONMENT_FILES: [&str; 8] = [
    ".env",
    ".env.local",
    ".env.development",
    ".env.development.local",
    ".env.production",
    ".env.production.local",
    ".env.test",
    ".env.test.local",
];

/// What any command of bun reads in its directory and above.
const READ_ANYWHERE: &[&str] = &[
    "package.json",
    "bunfig.toml",
    ".npmrc",
    ".env",
    ".env.local",
    ".env.development",
    ".env.development.local",
    ".env.production",
    ".env.production.local",
];

/// The nearest directory with a package.json.
fn package_directory(project: &Project<'_>) -> Result<ImagePath, Refusal> {
    for directory in std::iter::successors(Some(project.directory().clone()), ImagePath::parent) {
        match project.find_at(&directory.join("package.json")) {
            Found::File(_) => return Ok(directory),
            Found::Missing => {}
            Found::Directory | Found::Elsewhere => break,
        }
    }
    let directory = project.directory();
    Err(Refusal::new(format!("no package.json is copied from the build context to {directory}")))
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

/// The members. Exclusions (`!x`) count only since bun 1.3: where no lock file says who is a member, what they take out
/// is read as well.
fn members(project: &Project<'_>, root: &ImagePath, lock: &BunLock<'_>) -> Result<Vec<ImagePath>, Refusal> {
    let locked: Vec<_> = lock.members().map(|path| root.join(path)).collect();
    let negation = if locked.is_empty() { Negation::Unknown } else { Negation::Everywhere };
    let manifest = Manifest::read(project, root)?;
    let patterns = manifest.as_ref().and_then(Patterns::of_manifest);
    let members = patterns.map(|patterns| patterns.members(project, root, negation)).transpose()?;
    Ok(members.into_iter().flatten().chain(locked).collect())
}

/// Adds bun's lock file, or those that it would migrate, and gives its text.
fn add_locks(
    project: &Project<'_>,
    root: &ImagePath,
    line: &Words<'_>,
    closure: &mut Closure,
) -> Option<String> {
    let is_frozen = line.has(&["--frozen-lockfile", "--production", "-p"])
        || line.operands.first().is_some_and(|verb| verb.value == Some("ci"));
    let mut has_own = false;
    for name in ["bun.lock", "bun.lockb"] {
        let path = root.join(name);
        has_own |= match is_frozen {
            true => closure.add_file(project, &path),
            false => closure.add_rewritten(project, &path),
        };
    }
    if !has_own {
        for name in
            ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "pnpm-workspace.yaml"]
        {
            closure.add_file(project, &root.join(name));
        }
    }
    project.read_text(root.join("bun.lock").as_str())
}

/// `link:x` is a package that `bun link` registered on the machine.
fn refuse_links(closure: &Closure) -> Result<(), Refusal> {
    for manifest in &closure.manifests {
        for kind in DEPENDENCIES {
            for (name, specifier) in manifest.object(kind).into_iter().flatten() {
                let Some(specifier) = specifier.as_str().filter(|text| text.starts_with("link:")) else {
                    continue;
                };
                let at = manifest.at(&[kind, name]);
                return Err(Refusal::new(format!(
                    "{at} depends on {specifier}, a package linked on the machine"
                )));
            }
        }
    }
    Ok(())
}

fn add_patches(project: &Project<'_>, root: &ImagePath, closure: &mut Closure) -> Result<(), Refusal> {
    let manifest = Manifest::read(project, root)?;
    for manifest in manifest.iter() {
        for (name, path) in manifest.object("patchedDependencies").into_iter().flatten() {
            let Some(path) = path.as_str() else { continue };
            if !closure.add_file(project, &root.join(path)) {
                let at = manifest.at(&["patchedDependencies", name]);
                return Err(Refusal::new(format!(
                    "{at} names the patch {path}, which is not in the build context"
                )));
            }
        }
    }
    Ok(())
}

/// With a global virtual store `node_modules` holds links to `links` in the cache (bun.sh/docs/pm/global-store; `links` is seen
/// with bun 1.3.14, 1.4.0 and 1.4.5, which have it off unless they are told). BUN_INSTALL_GLOBAL_STORE goes before bunfig.toml,
/// and 1.3.14 takes any value of it but `0` for yes; bun finds both variables in .env files too.
fn refuse_global_store(
    command: &Invocation<'_>,
    state: &State,
    line: &Words<'_>,
    project: Option<&Project<'_>>,
) -> Result<(), Refusal> {
    if line.value(&["--linker"]).is_some_and(|linker| linker.known() == Some("hoisted")) {
        return Ok(());
    }
    let refusal = |at: &str| {
        Err(Refusal::new(format!(
            "with {at}, programs run from bun's global virtual store, which lies in its cache"
        )))
    };
    let environment = Environment::new(command, state);
    match environment.get("BUN_INSTALL_GLOBAL_STORE") {
        Setting::Known("0") => return Ok(()),
        Setting::Unset => {}
        Setting::Known(_) | Setting::Unknown => return refusal("BUN_INSTALL_GLOBAL_STORE"),
    }
    let Some(project) = project else { return Ok(()) };
    let own = package_directory(project).unwrap_or_else(|_| project.directory().clone());
    let root = workspace_above(project, &own)?.unwrap_or_else(|| own.clone());
    for directory in [&root, &own, project.directory()] {
        if let Some(at) = Bunfig::read(project, directory, &mut Closure::default())?.global_store() {
            return refusal(&at);
        }
        for path in ENVIRONMENT_FILES.iter().map(|name| directory.join(name)) {
            let text = project.read_text(path.as_str()).unwrap_or_default();
            for name in ["BUN_INSTALL_GLOBAL_STORE", "BUN_INSTALL_CACHE_DIR"] {
                if let Some(number) = text.lines().position(|line| line.contains(name)) {
                    let shown = project.shown(path.as_str());
                    let number = number + 1;
                    return Err(Refusal::new(format!("{shown}:{number} sets {name}, which is not followed")));
                }
            }
        }
    }
    if let Some(directory) = environment.path("XDG_CONFIG_HOME")? {
        let path = directory.join(".bunfig.toml");
        let text = project.read_text(path.as_str()).unwrap_or_default();
        if let Some((number, key)) = Bun.settings_files().setting_in(&text) {
            let shown = project.shown(path.as_str());
            return Err(Refusal::new(format!("{shown}:{number} sets {key}, which may move bun's cache")));
        }
    }
    Ok(())
}

fn cache_directory(
    command: &Invocation<'_>,
    state: &State,
    line: &Words<'_>,
    project: Option<&Project<'_>>,
) -> Result<ImagePath, Refusal> {
    let environment = Environment::new(command, state);
    match line.value(&["--cache-dir"]) {
        Some(Value::Known(path)) => return environment.resolve(path),
        Some(_) => return Err(Refusal::new("--cache-dir names a directory that is only known in the build")),
        None => {}
    }
    if let Some(path) = environment.path("BUN_INSTALL_CACHE_DIR")? {
        return Ok(path);
    }
    if let Some(project) = project {
        let directory = package_directory(project).unwrap_or_else(|_| project.directory().clone());
        if let Some(path) = Bunfig::read(project, &directory, &mut Closure::default())?.cache_directory()? {
            return Ok(directory.join(&path));
        }
    }
    Ok(match (environment.path("BUN_INSTALL")?, environment.path("XDG_CACHE_HOME")?) {
        (Some(home), _) => home.join("install/cache"),
        (None, Some(cache)) => cache.join(".bun/install/cache"),
        (None, None) => environment.home()?.join(".bun/install/cache"),
    })
}

#[cfg(test)]
mod tests;
