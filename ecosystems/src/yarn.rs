//! yarn: classic (1.x) and berry (2 and later), which share a name.
//!
//! - **Installs from manifests**: `yarn`, `yarn install`, `yarn workspaces focus`, with their options, also with `--cwd`.
//!   Which yarn it is, the project says: `packageManager` of package.json, `yarnPath` of .yarnrc.yml, the first lines of
//!   yarn.lock.
//! - **Manifests**: package.json of the project and of every workspace member, linked and copied directories and
//!   archives, `yarn.lock`; classic: `.npmrc`, `.yarnrc` here and in every directory above (yarn 1, `src/util/rc.js`),
//!   the offline mirror; berry: `.yarnrc.yml`, `.env.yarn`, the release, plugins and patches below `.yarn`
//!   (yarnpkg.com/configuration/yarnrc).
//! - **Prefetch**: none.
//! - **Cache**: classic: `/usr/local/share/.cache/yarn` for root, `~/.cache/yarn` for others (`src/util/user-dirs.js`),
//!   or what `--cache-folder`, `YARN_CACHE_FOLDER` and .yarnrc say; berry: `~/.yarn/berry/cache`. Pure, but for berry's
//!   Plug'n'Play, where programs read packages from the cache: no mount there. `sharing=locked`: concurrent yarn 1
//!   processes corrupt their cache (yarnpkg/yarn#683).
//! - **Refused**: as for npm, and zero-installs that the install prunes, plugins of third parties, `exec:` dependencies.

mod berry;
mod classic;
mod version;

use dockfix_model::State;
use dockfix_model::commands::Invocation;
use dockfix_model::project::Project;

use crate::environment::Setting;
use crate::javascript::surroundings::{self, variable};
use crate::npm::{is_registry_package, operands};
use crate::options::{self, Grammar, Value, Words};
use crate::{CachePlan, Ecosystem, Needs, Refusal, SettingsFiles, Usage, UsageKind};
use version::Version;

/// yarn.
pub(crate) struct Yarn;

/// The options of both yarns' installs (`yarn install --help`). Those that change package.json or write reports are left
/// out, and so is `--use-yarnrc`: such a command is not recognised.
const GRAMMAR: Grammar = Grammar::gnu(
    &[
        "--link-folder --global-folder --modules-folder --preferred-cache-folder --cache-folder --mutex --cwd --proxy",
        "--https-proxy --registry --network-concurrency --network-timeout --otp --mode --prefix",
    ],
    &[
        "--frozen-lockfile --pure-lockfile --no-lockfile --ignore-scripts --ignore-optional --ignore-engines",
        "--ignore-platform --force --check-files --offline --prefer-offline --non-interactive --silent -s -f",
        "--no-progress --no-bin-links --link-duplicates --skip-integrity-check --update-checksums --json --verbose -v",
        "--pnp --strict-semver --no-default-rc --no-node-version-check --focus --audit --production --prod --no-emoji",
        "--emoji --version --immutable --immutable-cache --refresh-lockfile --check-cache --check-resolutions",
        "--inline-builds --all -A --scripts-prepend-node-path --no-audit --no-fund --latest --exact -E --dev -D --global",
        "--cached --mirror",
    ],
);

/// Options that only yarn 2 and later have (yarnpkg.com/cli/install).
const BERRY: &[&str] = &[
    "--immutable",
    "--immutable-cache",
    "--refresh-lockfile",
    "--check-cache",
    "--check-resolutions",
    "--inline-builds",
    "--mode",
    "--all",
    "-A",
    "--cached",
];

/// Options of yarn 1 (classic.yarnpkg.com/docs/cli/install). Later versions take some of them as well, but say so with a
/// warning; the mount does them no harm.
const CLASSIC: &[&str] = &[
    "--frozen-lockfile",
    "--pure-lockfile",
    "--no-lockfile",
    "--production",
    "--prod",
    "--ignore-scripts",
    "--ignore-optional",
    "--ignore-engines",
    "--ignore-platform",
    "--non-interactive",
    "--network-timeout",
    "--network-concurrency",
    "--no-progress",
    "--prefer-offline",
    "--check-files",
    "--cache-folder",
    "--mutex",
    "--link-duplicates",
    "--update-checksums",
];

/// Variables that yarn reads besides npm's: every setting may come from one.
const VARIABLES: &[&str] = &["YARN_*", "FAKEROOTKEY", "SKIP_YARN_COREPACK_CHECK", "BERRY_*"];

/// Settings by environment that name other files to read or write.
const STEERING: [&str; 14] = [
    "yarn_rc_filename",
    "yarn_lockfile_filename",
    "yarn_plugins",
    "yarn_yarn_path",
    "yarn_use_yarnrc",
    "yarn_cwd",
    "yarn_modules_folder",
    "yarn_virtual_folder",
    "yarn_install_state_path",
    "yarn_patch_folder",
    "yarn_offline_mirror",
    "yarn_pnp_data_path",
    "yarn_pnp_unplugged_folder",
    "npm_config_yarn_offline_mirror",
];

/// The settings by which caches lie elsewhere, are kept otherwise, or are what the project links to.
const KEYS: &[&str] = &[
    "cache-folder",
    "preferred-cache-folder",
    "yarn-offline-mirror",
    "cacheFolder",
    "globalFolder",
    "enableGlobalCache",
    "enableMirror",
    "nodeLinker",
    "nmMode",
];

impl Ecosystem for Yarn {
    fn name(&self) -> &'static str {
        "yarn"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["yarn", "yarnpkg"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["install", "add", "global add", "workspaces focus"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        if !matches!(&*command.program, "yarn" | "yarnpkg") {
            return None;
        }
        let line = Words::read(command, 0, &GRAMMAR)?;
        let verb = operands(&line)?;
        let is_steered = STEERING.iter().any(|name| variable(command, state, name) != Setting::Unset);
        if is_steered || surroundings::is_steered(command, state) {
            return None;
        }
        match verb[..] {
            [] if line.has(&["--version", "-v"]) => Some(packages(command, state, false)),
            [] | ["install"] => install(command, state, &line),
            // `--production true`: the value of an option that may do without.
            ["install", "true" | "false"] | ["true" | "false"] if line.has(&["--production", "--prod"]) => {
                install(command, state, &line)
            }
            ["workspaces", "focus", ..] => install(command, state, &line),
            ["global", "add", ref names @ ..] if !names.is_empty() => {
                names.iter().all(|name| is_registry_package(name)).then(|| packages(command, state, true))
            }
            ["add", _, ..] if !line.has(&["--global", "--prefix", "--modules-folder"]) => {
                Some(surroundings::adding(line.directory(command, &["--cwd"])))
            }
            ["cache", "clean", ..] => {
                let caches = [
                    classic::cache_directory(command, state, &line, None),
                    berry::shared_cache(command, state),
                ];
                Some(surroundings::cleaning(command, state, caches, &[".cache/yarn", ".yarn"]))
            }
            // Classic writes ~/.yarnrc, berry the project's .yarnrc.yml.
            ["config", "set", ..] => {
                let directory = command.directory.clone()?;
                let mut usage = packages(command, state, false);
                let own = [".yarnrc", ".yarnrc.yml"].map(|name| directory.join(name));
                usage.effects = usage.effects.and(dockfix_model::effects::Effects::touching(own.into()));
                Some(usage)
            }
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
        let line =
            Words::read(command, 0, &GRAMMAR).ok_or_else(|| Refusal::new("the command cannot be read"))?;
        match Version::of(project) {
            Version::Classic => classic::needs(command, &line, usage, project),
            Version::Berry(_) => berry::needs(command, &line, usage, project),
        }
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        usage: &Usage,
        state: &State,
        project: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let line =
            Words::read(command, 0, &GRAMMAR).ok_or_else(|| Refusal::new("the command cannot be read"))?;
        let downloads = match usage.kind {
            UsageKind::Install => true,
            UsageKind::Packages => {
                line.operands.first().is_some_and(|verb| matches!(verb.value, Some("global" | "add")))
            }
            UsageKind::Build | UsageKind::Settings | UsageKind::CleanCache => false,
        };
        if !downloads {
            return Ok(CachePlan::default());
        }
        let is_verb = |name: &str| line.operands.first().is_some_and(|verb| verb.value == Some(name));
        let is_global = is_verb("global");
        let project = project.filter(|project| !is_global && Version::is_told_by(project));
        match project.map(Version::of) {
            Some(Version::Classic) => classic::caches(command, state, &line, usage, project),
            Some(Version::Berry(major)) => berry::caches(command, state, major, project),
            None if line.has(BERRY) || is_verb("workspaces") => Err(Refusal::new(
                "the project's files are not known, and with Plug'n'Play programs read their packages from yarn's cache",
            )),
            None if is_global || line.has(CLASSIC) => classic::caches(command, state, &line, usage, project),
            None => Err(Refusal::new(
                "the project's files are not known, and yarn 1 keeps its cache elsewhere than later versions",
            )),
        }
    }

    /// `--offline` (classic.yarnpkg.com, "yarn install").
    fn lives_off(&self, command: &Invocation<'_>, _: &State, _: &Invocation<'_>) -> bool {
        matches!(&*command.program, "yarn" | "yarnpkg") && command.has("--offline")
    }

    /// Yarn 1 reads npm's settings, too.
    fn configured_by(&self) -> &'static [&'static str] {
        &["yarn", "yarnpkg", "npm"]
    }

    fn is_moved_by(&self, command: &Invocation<'_>) -> bool {
        options::writes_setting(command, &["config", "c", "set"], KEYS)
    }

    /// classic.yarnpkg.com, "yarn install", `--production`; yarn's later versions link what the lock file asks for anew.
    fn removes_extraneous(&self, _: &Invocation<'_>) -> bool {
        true
    }

    fn ignored(&self) -> &'static [&'static str] {
        &[
            "**/node_modules",
            "**/.yarn/unplugged",
            "**/.yarn/install-state.gz",
            "**/.yarn/build-state.yml",
            "**/yarn-debug.log*",
            "**/yarn-error.log*",
        ]
    }

    /// classic.yarnpkg.com/docs/yarnrc, yarnpkg.com/configuration/yarnrc.
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles {
            home: &[".yarnrc", ".yarnrc.yml", ".npmrc"],
            system: &["/etc/yarnrc", "/usr/local/etc/yarnrc", "/usr/local/etc/npmrc", "/etc/npmrc"],
            project: &[".yarnrc", ".yarnrc.yml", ".npmrc"],
            follows_project: true,
            keys: KEYS,
        }
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["package.json"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["yarn.lock"]
    }
}

fn install(command: &Invocation<'_>, state: &State, line: &Words<'_>) -> Option<Usage> {
    // `--prefix` is npm's; yarn does not know it.
    if line.has(&["--prefix", "--latest", "--global"])
        || matches!(line.value(&["--modules-folder"]), Some(Value::Unknown(_)))
    {
        return None;
    }
    let directory = line.directory(command, &["--cwd"]);
    let mode = line.value(&["--mode"]);
    let ignores_scripts = line.has(&["--ignore-scripts"])
        || mode.is_some_and(|mode| matches!(mode.known(), Some("skip-build" | "update-lockfile")))
        || surroundings::is_on(variable(command, state, "npm_config_ignore_scripts"))
        || surroundings::is_on(variable(command, state, "yarn_ignore_scripts"));
    Some(Usage {
        kind: UsageKind::Install,
        effects: surroundings::install(command, state, directory.as_ref(), VARIABLES, !ignores_scripts),
        directory,
        runs_package_code: !ignores_scripts,
    })
}

/// A command for the whole system. Classic reads configuration of the working directory and above all the same, and a
/// shim of corepack package.json (nodejs/corepack, README).
fn packages(command: &Invocation<'_>, state: &State, runs_package_code: bool) -> Usage {
    const READ: &[&str] = &["package.json", ".npmrc", ".yarnrc", ".yarnrc.yml", ".yarn", ".corepack.env"];
    Usage {
        kind: if runs_package_code { UsageKind::Packages } else { UsageKind::Settings },
        directory: None,
        effects: surroundings::global(command, state, VARIABLES, READ),
        runs_package_code,
    }
}

#[cfg(test)]
mod tests;
