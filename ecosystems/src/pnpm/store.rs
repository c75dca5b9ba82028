//! pnpm's store.

use dockfix_model::commands::Invocation;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State, User};

use crate::environment::{Environment, Setting};
use crate::javascript::closure::Closure;
use crate::javascript::npmrc::Npmrc;
use crate::javascript::surroundings::variable;
use crate::javascript::yaml::Yaml;
use crate::options::{Value, Words};
use crate::{Cache, CacheKind, CachePlan, CommandEdit, Refusal, Sharing};

/// Where the store is, and whether pnpm was told so.
struct Store {
    directory: ImagePath,
    /// It was named; otherwise it is where it is by default, if pnpm can link from the project to there.
    is_named: bool,
}

/// The mount for an install.
pub(super) fn plan(
    command: &Invocation<'_>,
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
    let mut edits = Vec::new();
    if state.user != User::Root && !store.is_named {
        // The directories above a mount belong to root while the RUN goes on: pnpm would not find the default place
        // writable, and make a store in the project instead. Told where it is, it looks no further.
        if store.directory.as_str().contains([' ', '\'', '$']) {
            return Err(Refusal::new("the store's path is not one that can be written down"));
        }
        let option = format!("--store-dir {}", store.directory);
        edits.push(CommandEdit::InsertAfter(command.program_span, option));
    }
    let cache = Cache { directory: store.directory, kind: CacheKind::Pure, sharing: Sharing::Shared };
    Ok(CachePlan { caches: vec![cache], edits })
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
    has_global_virtual_store: bool,
}

impl Settings {
    fn read(project: &Project<'_>) -> Result<Self, Refusal> {
        let mut settings = Self::default();
        let mut closure = Closure::default();
        for directory in std::iter::successors(Some(project.directory().clone()), ImagePath::parent) {
            let workspace = Yaml::read(project, &directory.join("pnpm-workspace.yaml"), &mut closure)?;
            let is_root = workspace.is_some();
            if let Some(workspace) = workspace {
                settings.has_global_virtual_store |=
                    workspace.switch("enableGlobalVirtualStore") == Some(true);
                if let Some(path) = workspace.string("storeDir") {
                    settings.store.get_or_insert((path.to_owned(), workspace.at("storeDir")));
                }
            }
            let npmrc = Npmrc::read(project, &directory, &mut closure)?;
            settings.has_global_virtual_store |= npmrc.is_on("enable-global-virtual-store");
            if let Some(path) = npmrc.get("store-dir") {
                settings.store.get_or_insert((path.to_owned(), npmrc.place("store-dir")));
            }
            if is_root {
                break;
            }
        }
        Ok(settings)
    }
}
