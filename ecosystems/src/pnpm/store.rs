//! pnpm's store.

use dockfix_model::commands::Invocation;
use dockfix_model::project::{Found, Project};
use dockfix_model::{ImagePath, State, User};

use crate::environment::{Environment, Setting};
use crate::javascript::closure::Closure;
use crate::javascript::manifest::{Manifest, major};
use crate::javascript::npmrc::Npmrc;
use crate::javascript::surroundings::variable;
use crate::javascript::yaml::Yaml;
use crate::options::{self, Value, Words};
use crate::{Cache, CacheKind, CachePlan, CommandEdit, Refusal, Sharing, Usage};

/// Where the store is, and whether pnpm was told so.
struct Store {
    directory: ImagePath,
    /// It was named; otherwise it is where it is by default, if pnpm can link from the project to there.
    is_named: bool,
}

/// The mount for an install.
pub(super) fn plan(
    command: &Invocation<'_>,
    usage: &Usage,
    state: &State,
    line: &Words<'_>,
    project: Option<&Project<'_>>,
) -> Result<CachePlan, Refusal> {
    let settings = project.map(Settings::read).transpose()?.unwrap_or_default();
    let by_variable = ["npm_config_enable_global_virtual_store", "pnpm_config_enable_global_virtual_store"]
        .iter()
        .any(|name| !matches!(variable(command, state, name), Setting::Unset | Setting::Known("false")));
    if by_variable || settings.has_global_virtual_store {
        return Err(Refusal::new(
            "with a global virtual store, programs read their packages from pnpm's store",
        ));
    }
    let store = locate(command, state, line, Some(&settings))?;
    if let Some((path, place)) = named_packages(command, state, line, &settings) {
        let is_below = |path: &str| {
            let path = ImagePath::absolute(path).or_else(|| Some(project?.path(path)));
            path.is_none_or(|path| path.below(&store.directory).is_some())
        };
        if path.as_deref().is_none_or(is_below) {
            return Err(Refusal::new(format!(
                "{place} puts the packages below pnpm's store, where the image would not have them"
            )));
        }
    }
    let mut options = Vec::new();
    if state.user != User::Root && !store.is_named {
        // The directories above a mount belong to root while the RUN goes on: pnpm would not find the default place
        // writable, and make a store in the project instead. Told where it is, it looks no further.
        if store.directory.as_str().contains([' ', '\'', '$']) {
            return Err(Refusal::new("the store's path is not one that can be written down"));
        }
        // A pnpm of another version than package.json asks for fetches that one, to `.tools` beside the store (seen with 10).
        if settings.version.is_some() {
            return Err(Refusal::new(
                "the mount would make the directory above the store root's, in which pnpm may have to keep the version that \
                 packageManager asks for; `--store-dir` would settle it",
            ));
        }
        options.push(format!("--store-dir {}", store.directory));
    }
    if keeps_built_packages(command, usage, state, line, &settings)? {
        options.push(format!("{SIDE_EFFECTS}=false"));
    }
    let insert = || CommandEdit::InsertAfter(command.program_span, options.join(" "));
    let edits = if options.is_empty() { Vec::new() } else { vec![insert()] };
    let cache = Cache { directory: store.directory, kind: CacheKind::Pure, sharing: Sharing::Shared };
    Ok(CachePlan { caches: vec![cache], edits })
}

/// Where the packages lie to which `node_modules` leads, if something says so, and what does (pnpm.io/settings,
/// "virtualStoreDir", "modulesDir"); the place is `None` where it is not known.
fn named_packages(
    command: &Invocation<'_>,
    state: &State,
    line: &Words<'_>,
    settings: &Settings,
) -> Option<(Option<String>, String)> {
    if let Some(value) = line.value(&["--virtual-store-dir"]) {
        return Some((value.known().map(str::to_owned), "--virtual-store-dir".to_owned()));
    }
    for name in ["npm_config_virtual_store_dir", "pnpm_config_virtual_store_dir"] {
        match variable(command, state, name) {
            Setting::Known(path) => return Some((Some(path.to_owned()), name.to_owned())),
            Setting::Unknown => return Some((None, name.to_owned())),
            Setting::Unset => {}
        }
    }
    let (path, place) = settings.packages.clone()?;
    Some(((!path.contains(['$', '~'])).then_some(path), place))
}

/// What switches it off that the store keeps what install scripts make. Tried with pnpm 7.0, 7.33, 8.0, 8.15, 9.0, 9.15, 10.0,
/// 10.7, 10.8, 10.20, 10.34, 11 and 12, for `install` and `fetch`: scripts run each time, also where another install has
/// left its results in the store. The variable that does so is another one in 11, and `fetch` does not know the option
/// without `config`.
const SIDE_EFFECTS: &str = "--config.side-effects-cache";

/// Whether the install would take what scripts of packages have made from the store, or leave it there. pnpm 10 and later do
/// neither where no script may run, and pnpm 8 and later where none is to run; 7.0 takes it even then (tried with the same
/// versions).
fn keeps_built_packages(
    command: &Invocation<'_>,
    usage: &Usage,
    state: &State,
    line: &Words<'_>,
    settings: &Settings,
) -> Result<bool, Refusal> {
    let is_off = |value: &Value<'_>| value.known() == Some("false");
    let is_switched_off = line.value(&[SIDE_EFFECTS]).is_some_and(is_off);
    if line.has(&["--side-effects-cache"]) || line.has(&[SIDE_EFFECTS]) && !is_switched_off {
        return Err(Refusal::new(
            "it is told to keep what install scripts make in the store, where builds for other images would find it",
        ));
    }
    let is_set = |name: &str| variable(command, state, name) != Setting::Unset;
    let mut by_variable = BUILDS.iter().map(|(_, key)| key.replace('-', "_"));
    let allows = settings.allows_scripts
        || line.has(&["--allow-build", "--dangerously-allow-all-builds"])
        || by_variable
            .any(|name| is_set(&format!("npm_config_{name}")) || is_set(&format!("pnpm_config_{name}")));
    let leaves_it = match settings.version {
        Some(10..) => !allows || !usage.runs_package_code,
        Some(8..) => !usage.runs_package_code,
        _ => false,
    };
    Ok(!leaves_it && !is_switched_off && !line.has(&["--no-side-effects-cache"]))
}

/// The settings that let scripts of dependencies run, as package.json and pnpm-workspace.yaml have them and as .npmrc does;
/// and the one by which plugins come that may set any of them (pnpm.io/settings).
const BUILDS: [(&str, &str); 6] = [
    ("onlyBuiltDependencies", "only-built-dependencies"),
    ("onlyBuiltDependenciesFile", "only-built-dependencies-file"),
    ("neverBuiltDependencies", "never-built-dependencies"),
    ("allowBuilds", "allow-builds"),
    ("dangerouslyAllowAllBuilds", "dangerously-allow-all-builds"),
    ("configDependencies", "config-dependencies"),
];

/// Whether a command writes settings that say where the store is, or that let scripts run.
pub(super) fn is_moved_by(command: &Invocation<'_>) -> bool {
    const STORE: [&str; 4] =
        ["store-dir", "storeDir", "enable-global-virtual-store", "enableGlobalVirtualStore"];
    let builds = BUILDS.iter().flat_map(|(field, key)| [*field, *key]);
    let keys: Vec<_> = STORE.into_iter().chain(builds).collect();
    options::writes_setting(command, &["config", "c", "set"], &keys)
}

/// The store's directory; its content lies in a directory of its own below, after the format's version.
pub(super) fn directory(
    command: &Invocation<'_>,
    state: &State,
    line: &Words<'_>,
    settings: Option<&Settings>,
) -> Result<ImagePath, Refusal> {
    locate(command, state, line, settings).map(|store| store.directory)
}

fn locate(
    command: &Invocation<'_>,
    state: &State,
    line: &Words<'_>,
    settings: Option<&Settings>,
) -> Result<Store, Refusal> {
    let environment = Environment::new(command, state);
    let named = |path: &str, place: &str| {
        if path.starts_with('~') || path.contains('$') {
            return Err(Refusal::new(format!("{place} names the store in a way that dockfix does not read")));
        }
        Ok(Store { directory: environment.resolve(path)?, is_named: true })
    };
    match line.value(&["--store-dir"]) {
        Some(Value::Known(path)) => return named(path, "--store-dir"),
        Some(_) => return Err(Refusal::new("--store-dir names a directory that is only known in the build")),
        None => {}
    }
    for name in ["npm_config_store_dir", "pnpm_config_store_dir"] {
        match variable(command, state, name) {
            Setting::Known(path) => return named(path, name),
            Setting::Unknown => return Err(Refusal::new(format!("{name} is only known in the build"))),
            Setting::Unset => {}
        }
    }
    if let Some((path, place)) = settings.and_then(|settings| settings.store.as_ref()) {
        return named(path, place);
    }
    let directory = match (environment.path("PNPM_HOME")?, environment.path("XDG_DATA_HOME")?) {
        (Some(home), _) => home.join("store"),
        (None, Some(data)) => data.join("pnpm/store"),
        (None, None) => environment.home()?.join(".local/share/pnpm/store"),
    };
    Ok(Store { directory, is_named: false })
}

/// What the project's files say about the store.
#[derive(Default)]
pub(super) struct Settings {
    store: Option<(String, String)>,
    /// Where packages lie, and what says so.
    packages: Option<(String, String)>,
    has_global_virtual_store: bool,
    /// The major version that package.json asks for.
    version: Option<u32>,
    /// Something may allow scripts of dependencies.
    allows_scripts: bool,
}

impl Settings {
    fn read(project: &Project<'_>) -> Result<Self, Refusal> {
        let mut settings = Self::default();
        let mut closure = Closure::default();
        let mut allows = false;
        for directory in std::iter::successors(Some(project.directory().clone()), ImagePath::parent) {
            let workspace = Yaml::read(project, &directory.join("pnpm-workspace.yaml"), &mut closure)?;
            let is_root = workspace.is_some();
            if let Some(workspace) = workspace {
                settings.has_global_virtual_store |=
                    workspace.switch("enableGlobalVirtualStore") == Some(true);
                allows |= workspace.get("pnpmfile").is_some();
                allows |= BUILDS.iter().any(|(field, _)| workspace.get(field).is_some());
                if let Some(path) = workspace.string("storeDir") {
                    settings.store.get_or_insert((path.to_owned(), workspace.at("storeDir")));
                }
                if let Some(path) = workspace.string("virtualStoreDir") {
                    settings.packages.get_or_insert((path.to_owned(), workspace.at("virtualStoreDir")));
                }
            }
            if let Some(manifest) = Manifest::read(project, &directory)? {
                let named = manifest.string("packageManager").and_then(|named| named.strip_prefix("pnpm@"));
                settings.version = settings.version.or(named.and_then(major));
                let own = manifest.object("pnpm");
                allows |= own.is_some_and(|own| BUILDS.iter().any(|(field, _)| own.contains_key(*field)));
            }
            // Hooks may change any setting.
            let mut hooks = [".pnpmfile.cjs", ".pnpmfile.mjs"].iter().map(|name| directory.join(name));
            allows |= hooks.any(|path| matches!(project.find_at(&path), Found::File(_)));
            let npmrc = Npmrc::read(project, &directory, &mut closure)?;
            allows |= npmrc.get("pnpmfile").is_some();
            allows |= BUILDS.iter().any(|(_, key)| npmrc.get(key).is_some());
            settings.has_global_virtual_store |= npmrc.is_on("enable-global-virtual-store");
            if let Some(path) = npmrc.get("store-dir") {
                settings.store.get_or_insert((path.to_owned(), npmrc.place("store-dir")));
            }
            if let Some(path) = npmrc.get("virtual-store-dir") {
                settings.packages.get_or_insert((path.to_owned(), npmrc.place("virtual-store-dir")));
            }
            if is_root {
                break;
            }
        }
        settings.allows_scripts = allows;
        Ok(settings)
    }
}
