//! pnpm.
//!
//! - **Installs from manifests**: `pnpm install`, `pnpm ci` and `pnpm fetch` with their options, also with `--dir` and
//!   `--filter` (pnpm.io/cli/install, /cli/fetch).
//! - **Manifests**: package.json of the project and of every member that pnpm-workspace.yaml names, linked and copied
//!   directories and archives, `pnpm-lock.yaml`, `pnpm-workspace.yaml`, `.npmrc` of root and members, `.pnpmfile.cjs`,
//!   patches (pnpm.io/settings).
//! - **Prefetch**: none. `pnpm fetch` does without the manifests, but an install after it writes other starters into
//!   `node_modules/.bin` than an install alone: they lack NODE_PATH (seen with pnpm 10). One that is there already is
//!   recognised, and needs the lock file and configuration.
//! - **Cache**: the store: `~/.local/share/pnpm/store`, `$PNPM_HOME/store`, or what `--store-dir` and settings say
//!   (pnpm.io/settings#storedir); made for several processes at a time (pnpm.io/docker). Its parent must not be mounted:
//!   pnpm tries to link from the project into it, and moves the store into the image where it cannot. What is downloaded
//!   is pure. But the store also keeps what install scripts have made of packages, by platform, processor and major
//!   version of node alone, and their scripts do not run again (pnpm.io/settings#sideeffectscache, pnpm/pnpm#4888,
//!   pnpm/pnpm#9394): Alpine would get what Debian has built, and what a script puts elsewhere would be missing. Where
//!   scripts may run, the command is told to do without.
//! - **Refused**: as for npm, and settings that install other ecosystems' packages or read `.git`; no mount for a global
//!   virtual store, which programs run from.

mod install;
mod lock;
mod store;

use dockfix_model::State;
use dockfix_model::commands::Invocation;
use dockfix_model::project::Project;

use crate::environment::Setting;
use crate::javascript::surroundings::{self, variable};
use crate::npm::{is_registry_package, operands};
use crate::options::{Grammar, Words};
use crate::{CachePlan, Ecosystem, Needs, Refusal, SettingsFiles, Usage, UsageKind};
use install::Install;

/// pnpm.
pub(crate) struct Pnpm;

/// The options of installs in pnpm 8 to 12 (`pnpm install --help`). Those that move the lock file or the modules
/// directory, or name further configuration, are left out: such a command is not recognised.
const GRAMMAR: Grammar = Grammar::gnu(
    &[
        "-C --dir --prefix --filter -F --filter-prod --store-dir --state-dir --global-dir --global-bin-dir --cache-dir",
        "--reporter --loglevel --child-concurrency --network-concurrency --workspace-concurrency --hoist-pattern",
        "--public-hoist-pattern --package-import-method --trust-policy --trust-policy-exclude --cpu --os --libc",
        "--registry --fetch-timeout --fetch-retries --fetch-retry-factor --fetch-retry-mintimeout",
        "--fetch-retry-maxtimeout --node-linker --user-agent --https-proxy --http-proxy --allow-build --use-node-version",
        "--trust-policy-ignore-after --resolution-mode --config.side-effects-cache",
    ],
    &[
        "--frozen-lockfile --no-frozen-lockfile --prefer-frozen-lockfile --no-prefer-frozen-lockfile --offline",
        "--prefer-offline --prod -P --production --dev -D --no-optional --optional --ignore-scripts --ignore-pnpmfile",
        "--ignore-workspace --lockfile-only --fix-lockfile --force -f --no-lockfile --shamefully-hoist --recursive -r",
        "--workspace-root -w --silent -s --stream --aggregate-output --use-stderr --color --no-color --trust-lockfile",
        "--frozen-store --side-effects-cache --no-side-effects-cache --strict-peer-dependencies --yes -y --no-hoist",
        "--no-strict-peer-dependencies --version -v --global -g --unsafe-perm --no-verify-store-integrity --no-runtime",
        "--verify-store-integrity --resolution-only --merge-git-branch-lockfiles --ignore-workspace-root-check",
        "--save-dev --save-prod --save-optional -O --auto-install-peers --save --no-save --save-exact -E --dangerously-allow-all-builds --use-beta-cli",
        "--fail-if-no-match --include-workspace-root",
    ],
);

const VARIABLES: &[&str] = &["PNPM_*"];

/// Settings by environment that name other files to read or write.
const STEERING: [&str; 10] = [
    "npm_config_workspace_dir",
    "npm_config_lockfile_dir",
    "npm_config_modules_dir",
    "npm_config_virtual_store_dir",
    "npm_config_pnpmfile",
    "npm_config_global_pnpmfile",
    "pnpm_config_lockfile_dir",
    "pnpm_config_modules_dir",
    "pnpm_config_virtual_store_dir",
    "pnpm_config_pnpmfile",
];

/// What a command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Install,
    Fetch,
    /// `add x` in a project.
    Add,
    Global,
    Prune,
    Config,
    Version,
}

impl Verb {
    fn of(line: &Words<'_>) -> Option<Self> {
        let words = operands(line)?;
        let is_global = line.has(&["--global", "-g"]);
        Some(match words[..] {
            [] if line.has(&["--version", "-v"]) => Self::Version,
            ["install" | "i"] | ["recursive" | "multi" | "m", "install" | "i"] if !is_global => Self::Install,
            ["ci" | "clean-install" | "ic" | "install-clean"] if !is_global => Self::Install,
            ["fetch"] => Self::Fetch,
            ["install" | "i" | "add", ref names @ ..] if is_global && !names.is_empty() => {
                names.iter().all(|name| is_registry_package(name)).then_some(Self::Global)?
            }
            ["install" | "i" | "add", ref names @ ..] if !names.is_empty() => Self::Add,
            ["store", "prune"] => Self::Prune,
            ["config" | "c", "set", ..] | ["set", ..] => Self::Config,
            _ => return None,
        })
    }
}

impl Ecosystem for Pnpm {
    fn name(&self) -> &'static str {
        "pnpm"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["pnpm"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["install", "i", "ci", "add", "fetch", "update"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        if command.program != "pnpm" {
            return None;
        }
        let line = Words::read(command, 0, &GRAMMAR)?;
        let verb = Verb::of(&line)?;
        let is_steered = STEERING.iter().any(|name| variable(command, state, name) != Setting::Unset);
        if is_steered || surroundings::is_steered(command, state) {
            return None;
        }
        match verb {
            Verb::Install | Verb::Fetch => {
                let directory = line.directory(command, &["-C", "--dir", "--prefix"]);
                let ignores_scripts = line.has(&["--ignore-scripts", "--lockfile-only"])
                    || surroundings::is_on(variable(command, state, "npm_config_ignore_scripts"))
                    || surroundings::is_on(variable(command, state, "pnpm_config_ignore_scripts"));
                Some(Usage {
                    kind: UsageKind::Install,
                    effects: surroundings::install(
                        command,
                        state,
                        directory.as_ref(),
                        VARIABLES,
                        !ignores_scripts,
                    ),
                    directory,
                    runs_package_code: !ignores_scripts,
                })
            }
            Verb::Add => Some(surroundings::adding(line.directory(command, &["-C", "--dir", "--prefix"]))),
            Verb::Prune => Some(surroundings::cleaning(
                command,
                state,
                [store::directory(command, state, &line, None)],
                &[".local", ".cache/pnpm"],
            )),
            Verb::Global | Verb::Config | Verb::Version => Some(Usage {
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
        let install = Install::of(command, &line, usage, project)?;
        let closure = match Verb::of(&line) {
            Some(Verb::Fetch) => install.fetched()?,
            _ => install.installed()?,
        };
        Ok(closure.into_needs())
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
        match Verb::of(&line) {
            Some(Verb::Install | Verb::Fetch | Verb::Add) if !line.has(&["--lockfile-only"]) => {
                store::plan(command, usage, state, &line, project)
            }
            Some(Verb::Global) => Err(Refusal::new(
                "pnpm 11 and later run global packages from the store, so it cannot be mounted",
            )),
            _ => Ok(CachePlan::default()),
        }
    }

    /// `--offline`, unless `pnpm fetch` has put all into the project's own `node_modules` (pnpm.io, "pnpm fetch"); and
    /// `pnpm deploy`, which takes what it installs out of the store.
    fn lives_off(&self, command: &Invocation<'_>, _: &State, earlier: &Invocation<'_>) -> bool {
        let is_offline = command.has("--offline") && !earlier.has("fetch");
        command.program == "pnpm" && (is_offline || command.has("deploy"))
    }

    /// pnpm reads npm's settings, too.
    fn configured_by(&self) -> &'static [&'static str] {
        &["pnpm", "npm"]
    }

    fn is_moved_by(&self, command: &Invocation<'_>) -> bool {
        store::is_moved_by(command)
    }

    /// pnpm.io, "pnpm install", `--prod`: "will remove those insofar they were already installed".
    fn removes_extraneous(&self, _: &Invocation<'_>) -> bool {
        true
    }

    fn ignored(&self) -> &'static [&'static str] {
        &["**/node_modules", "**/.pnpm-store", "**/.pnpm-debug.log*"]
    }

    /// pnpm.io/npmrc, pnpm.io/settings.
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles {
            home: &[".npmrc", ".config/pnpm/rc", ".config/pnpm/config.yaml"],
            system: &["/usr/local/etc/npmrc", "/etc/npmrc"],
            project: &[".npmrc"],
            follows_project: true,
            keys: &["store-dir", "enable-global-virtual-store"],
        }
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["package.json"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["pnpm-lock.yaml"]
    }
}

/// What any command of pnpm looks at, in its directory and above: which version of pnpm is wanted, and configuration.
const READ_ANYWHERE: &[&str] =
    &["package.json", "package.json5", "package.yaml", "pnpm-workspace.yaml", ".npmrc", ".corepack.env"];

#[cfg(test)]
mod tests;
