//! Composer: the packages of a composer.json.
//!
//! - **Commands**: `composer install`, also as `php composer.phar install`. It runs scripts and writes an autoloader, for
//!   which it wants the sources: a first run with `--no-scripts --no-autoloader` does without, and the original command
//!   completes it. With both options it is complete. `update`, `require` and `create-project` change manifests;
//!   `global` commands install by name.
//! - **Manifests**: `composer.json`, `composer.lock`, `auth.json`, what repositories of the types `path` and `artifact`
//!   name, patches, `symfony.lock` (getcomposer.org: "The composer.json schema", "Repositories", "Command-line interface").
//! - **Caches**: `$COMPOSER_CACHE_DIR`, `$COMPOSER_HOME/cache` or `~/.composer/cache`, pure. Where that last directory
//!   exists it comes before the one of XDG (composer/composer, `Factory::getCacheDir`), and a mount makes it exist: not
//!   where XDG's variables are set or another command works on the home. Files
//!   are written aside and renamed; clones of repositories are not, so with those it is locked. The official image has
//!   COMPOSER_HOME=/tmp.
//! - **Outputs**: `vendor`, or what `config.vendor-dir` says.
//! - **Refused**: scripts that run before packages are installed or with each of them, a missing lock file, path repositories that are copied into `vendor` or lie elsewhere, plugins whose
//!   inputs are not known, those that `composer global require` installs for all projects included.

mod manifest;

use dockfix_model::State;
use dockfix_model::commands::Invocation;
use dockfix_model::effects::{Effects, Paths};
use dockfix_model::project::Project;

use crate::environment::{Environment, Setting};
use crate::options::{self, Grammar, Short, Words};
use crate::rebuilt::Rebuilt;
use crate::{
    Cache, CacheKind, CachePlan, CommandEdit, Ecosystem, Needs, Refusal, SettingsFiles, Sharing, Usage,
    UsageKind, names, system,
};

/// Composer.
pub(crate) struct Composer;

/// A command line of composer.
struct Line<'c> {
    words: Words<'c>,
    verb: Verb,
    /// The number of the first argument that is composer's own.
    first: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Install,
    /// `update`, `require`, `create-project`: downloads, and changes manifests.
    Change,
    /// `global install`, `global require`.
    Global,
    ClearCache,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        let first = Self::first(command)?;
        let mut words = Words::read(command, first, &GRAMMAR)?;
        if words.operands.is_empty() || words.has(&["-h", "--help", "-V", "--version", "--dry-run"]) {
            return None;
        }
        let verb = match words.operands.remove(0).value? {
            "install" | "i" if words.operands.is_empty() => Verb::Install,
            "update" | "u" | "upgrade" | "require" | "r" | "create-project" | "remove" | "rm" => Verb::Change,
            "global" if matches!(words.operands.first()?.value?, "install" | "require" | "update") => {
                Verb::Global
            }
            "clear-cache" | "clearcache" | "cc" if words.operands.is_empty() => Verb::ClearCache,
            _ => return None,
        };
        Some(Self { words, verb, first })
    }

    /// The number of the first argument that is composer's own, if it is a command of composer.
    fn first(command: &Invocation<'_>) -> Option<usize> {
        match &*command.program {
            "composer" | "composer.phar" => Some(0),
            "php" => Self::script(command),
            _ => None,
        }
    }

    /// `php [-d NAME=VALUE] composer.phar`: the number of the first argument behind it.
    fn script(command: &Invocation<'_>) -> Option<usize> {
        let mut at = 0;
        loop {
            let word = command.arguments.get(at)?.value.as_deref()?;
            at += 1;
            match word {
                "-d" => at += 1,
                "-n" => {}
                word if word.starts_with("-d") => {}
                word if matches!(word.rsplit('/').next(), Some("composer" | "composer.phar")) => {
                    return Some(at);
                }
                _ => return None,
            }
        }
    }

    /// Whether it needs neither scripts nor sources.
    fn is_complete(&self) -> bool {
        self.words.has(&["--no-scripts"]) && self.words.has(&["--no-autoloader"])
    }
}

impl Ecosystem for Composer {
    fn name(&self) -> &'static str {
        "composer"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["composer", "composer.phar", "php"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["install", "update", "require", "create-project", "global require"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let environment = Environment::new(command, state);
        // They name another manifest, or copy what would be linked.
        let steered = ["COMPOSER", "COMPOSER_VENDOR_DIR", "COMPOSER_MIRROR_PATH_REPOS"];
        if line.verb == Verb::Install && steered.iter().any(|name| environment.get(name) != Setting::Unset) {
            return None;
        }
        // Without a network it lives off what is there: `vendor` from the build context, a cache in the image.
        if !matches!(environment.get("COMPOSER_DISABLE_NETWORK"), Setting::Unset | Setting::Known("0")) {
            return None;
        }
        let kind = match line.verb {
            Verb::Install => UsageKind::Install,
            Verb::Change => UsageKind::Build,
            Verb::Global => UsageKind::Packages,
            Verb::ClearCache => UsageKind::CleanCache,
        };
        let mut effects = if kind == UsageKind::Build { Effects::opaque() } else { effects(&environment) };
        let mut directory = command.directory.clone();
        if let Some(value) = line.words.value(&["-d", "--working-dir"]) {
            directory = Some(value.path(directory.as_ref())?);
        }
        match line.verb {
            // It reads the configuration of the project too.
            Verb::ClearCache => {
                let manifest = Paths::below(vec![directory.take()?.join("composer.json")]);
                effects.reads = effects.reads.and(manifest);
            }
            Verb::Global => directory = None,
            Verb::Install | Verb::Change => {}
        }
        // Plugins are code; scripts are the project's own.
        let runs_package_code = line.verb != Verb::ClearCache && !line.words.has(&["--no-plugins"]);
        Some(Usage { kind, directory, effects, runs_package_code })
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(Needs::default()) };
        if line.verb != Verb::Install {
            return Err(Refusal::new("the command changes composer.json or composer.lock"));
        }
        let with_development = !line.words.has(&["--no-dev"]);
        let with_plugins = !line.words.has(&["--no-plugins"]);
        let is_complete = line.is_complete();
        let mut needs = manifest::needs(project, with_development, with_plugins, is_complete)?;
        if !line.words.has(&["--no-scripts"]) {
            manifest::check_scripts(project)?;
        }
        if let Some(script) = line.first.checked_sub(1).and_then(|at| command.arguments.get(at)) {
            let path = project.path(script.value.as_deref().unwrap_or_default());
            if matches!(project.find_at(&path), dockfix_model::project::Found::File(_)) {
                needs.files.push(path);
            }
        }
        if !is_complete {
            needs.prefetch = Some(prefetch(command, &line)?);
        }
        Ok(needs)
    }

    /// "All plugin packages installed in the COMPOSER_HOME directory using the composer global command are loaded before local
    /// project plugins are loaded" (getcomposer.org, "Setting up and using plugins").
    fn is_extended_by(
        &self,
        command: &Invocation<'_>,
        other: &Invocation<'_>,
        project: &Project<'_>,
    ) -> bool {
        if Line::read(command).is_none_or(|line| line.words.has(&["--no-plugins"])) {
            return false;
        }
        let Some(first) = Line::first(other) else { return false };
        let arguments = other.arguments.get(first..).unwrap_or_default();
        let Some(global) = arguments.iter().position(|word| word.value.as_deref() == Some("global")) else {
            return false;
        };
        let mut names = arguments[global + 1..].iter().map(|word| word.value.as_deref());
        let mut operands = names.by_ref().filter(|word| word.is_none_or(|word| !word.starts_with('-')));
        match operands.next().flatten() {
            Some("config" | "show" | "info" | "clear-cache" | "clearcache" | "remove") => false,
            // Behind an option stands its value perhaps, which is no name of a package that is known.
            Some("require") => {
                !operands.all(|name| name.is_some_and(|name| manifest::is_settled(name, project)))
            }
            _ => true,
        }
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        project: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let mut plan = CachePlan::default();
        // With the mount, what `global` installs would go below ~/.composer, where it might have gone elsewhere.
        let Some(line) = Line::read(command).filter(|line| matches!(line.verb, Verb::Install | Verb::Change))
        else {
            return Ok(plan);
        };
        let environment = Environment::new(command, state);
        if environment.get("COMPOSER_CACHE_DIR") == Setting::Known("/dev/null") {
            return Err(Refusal::new("COMPOSER_CACHE_DIR=/dev/null turns the cache off"));
        }
        let clones = match project.map(manifest::cache).transpose()? {
            Some(clones) => clones || line.words.has(&["--prefer-source"]),
            None => true,
        };
        let directory = if let Some(directory) = environment.path("COMPOSER_CACHE_DIR")? {
            directory
        } else if let Some(home) = environment.path("COMPOSER_HOME")? {
            home.join("cache")
        } else if let Some(name) = xdg(command, state) {
            return Err(Refusal::new(format!(
                "{name} is set, with which composer keeps its home below ~/.config, and a mount in ~/.composer would move it \
                 there; COMPOSER_HOME or COMPOSER_CACHE_DIR would settle it"
            )));
        } else {
            environment.check_root(|| {
                "a mount below ~/.composer would make that directory root's, where composer, run as another user, may have to \
                 write"
                    .to_owned()
            })?;
            environment.home()?.join(".composer/cache")
        };
        let sharing = if clones { Sharing::Locked } else { Sharing::Shared };
        plan.caches.push(Cache { directory, kind: CacheKind::Pure, sharing });
        let off = line.words.options.iter().filter(|option| option.name == "--no-cache");
        plan.edits = off.flat_map(|option| option.words).map(|word| CommandEdit::Remove(word.span)).collect();
        Ok(plan)
    }

    fn configured_by(&self) -> &'static [&'static str] {
        &["composer", "composer.phar", "php"]
    }

    fn is_moved_by(&self, command: &Invocation<'_>) -> bool {
        Line::first(command).is_some()
            && options::writes_setting(
                command,
                &["config"],
                &["cache-dir", "cache-files-dir", "cache-repo-dir", "cache-vcs-dir", "home"],
            )
    }

    /// Where nothing else says so, the home is `~/.composer` if that is there, and on a system with XDG's directories
    /// `~/.config/composer` if not (composer/composer, `Factory::getHomeDir`). What is installed or set for the user goes
    /// there, and a mount makes the former.
    fn unsettles(&self, command: &Invocation<'_>, state: &State, _: &Cache, other: &Invocation<'_>) -> bool {
        let environment = Environment::new(command, state);
        let is_settled = ["COMPOSER_HOME", "COMPOSER_CACHE_DIR"]
            .iter()
            .any(|name| environment.get(name) != Setting::Unset);
        let is = |wanted: fn(&str) -> bool| {
            other.arguments.iter().any(|argument| argument.value.as_deref().is_some_and(wanted))
        };
        let is_composer =
            other.program != "php" || is(|word| word.ends_with("composer") || word.ends_with(".phar"));
        !is_settled && is_composer && is(|word| matches!(word, "global" | "-g" | "--global"))
    }

    /// getcomposer.org, "Command-line interface", "install", `--no-dev`: what is not wanted is uninstalled.
    fn removes_extraneous(&self, _: &Invocation<'_>) -> bool {
        true
    }

    fn ignored(&self) -> &'static [&'static str] {
        // Not `**/vendor`: frameworks keep sources in `resources/views/vendor` and `public/vendor`.
        &["vendor"]
    }

    /// getcomposer.org/doc/06-config, "cache-dir".
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles {
            home: &[".composer/config.json", ".config/composer/config.json"],
            system: &["/tmp/config.json"],
            project: &[],
            follows_project: false,
            keys: &["cache-dir", "cache-files-dir", "cache-repo-dir", "cache-vcs-dir"],
        }
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["composer.json"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["composer.lock"]
    }
}

/// A variable by which composer takes the system for one of XDG's, where `~/.config/composer` is its home unless
/// `~/.composer` is there (composer/composer, `Factory::useXdg`, `Factory::getHomeDir`).
fn xdg<'s>(command: &'s Invocation<'_>, state: &'s State) -> Option<&'s str> {
    let assigned = command.assignments.iter().map(|(name, _)| &**name);
    let mut names = state.variables.iter().map(|(name, _)| name).chain(assigned);
    names.find(|name| name.starts_with("XDG_"))
}

/// The same install without what needs sources, in the project's directory.
fn prefetch(command: &Invocation<'_>, line: &Line<'_>) -> Result<String, Refusal> {
    let mut rebuilt = Rebuilt::of(command)?;
    let directory: Vec<_> = line
        .words
        .options
        .iter()
        .filter(|option| matches!(option.name, "-d" | "--working-dir"))
        .flat_map(|option| option.words)
        .collect();
    for argument in &command.arguments {
        if !directory.iter().any(|word| std::ptr::eq(*word, argument)) {
            rebuilt.push_argument(argument);
        }
    }
    for option in ["--no-scripts", "--no-autoloader"] {
        if !line.words.has(&[option]) {
            rebuilt.push(option);
        }
    }
    Ok(rebuilt.line())
}

/// What composer and the programs it calls keep in the home directory.
const IN_HOME: &[&str] = &[
    ".composer",
    ".config/composer",
    ".cache/composer",
    ".local/share/composer",
    ".gitconfig",
    ".config/git",
    ".ssh",
    ".netrc",
];

fn effects(environment: &Environment<'_>) -> Effects {
    let mut kept = environment.below_home(IN_HOME);
    for name in ["COMPOSER_HOME", "COMPOSER_CACHE_DIR", "COMPOSER_BIN_DIR"] {
        kept = match environment.path(name) {
            Ok(Some(path)) => kept.and(Paths::below(vec![path])),
            Ok(None) => kept,
            Err(_) => Paths::All,
        };
    }
    let read = system::below(&[
        "/etc",
        "/usr/share",
        "/usr/local/etc",
        "/usr/local/share",
        "/usr/local/include",
        "/opt/bitnami/php",
    ]);
    Effects {
        reads: kept.clone().and(read).and(system::below(system::PROGRAMS)),
        writes: kept,
        environment: names(VARIABLES),
    }
}

/// getcomposer.org, "Command-line interface", "Environment variables"; php.net, "The configuration file"; what flex and
/// runtime of Symfony read.
const VARIABLES: &[&str] = &[
    "COMPOSER* PHP* PHPRC XDG_*",
    crate::GIT_VARIABLES,
    "SSH_* SYMFONY_* FLEX_* APP_ENV APP_DEBUG NO_COLOR COLUMNS SHELL_VERBOSITY USER",
    "http_proxy_request_fulluri HTTP_PROXY_REQUEST_FULLURI CGI_HTTP_PROXY GITHUB_ACTIONS",
];

/// `composer help install`, `composer help update`, `composer help require`.
const GRAMMAR: Grammar = Grammar {
    valued: &[
        "-d --working-dir --prefer-install --audit-format --apcu-autoloader-prefix --ignore-platform-req --format",
        "--with --stability -s --repository --repository-url",
    ],
    switches: &[
        "--prefer-source --prefer-dist --dry-run --download-only --dev --no-dev --no-suggest --no-autoloader",
        "--no-progress --no-install --audit --no-audit -v --verbose -o --optimize-autoloader -a",
        "--classmap-authoritative --apcu-autoloader --ignore-platform-reqs -q --quiet -n --no-interaction --ansi",
        "--no-ansi --profile --no-plugins --no-scripts --no-cache -h --help -V --version --no-security-blocking",
        "--lock --no-update -w --with-dependencies -W --with-all-dependencies --prefer-stable --prefer-lowest -m",
        "--minimal-changes -i --interactive --root-reqs --sort-packages --fixed --update-no-dev --keep-vcs",
        "--remove-vcs --no-custom-installers --no-secure-http --ask --unused --update-with-dependencies",
        "--update-with-all-dependencies --bump-after-update --patch-only --strict-psr --strict-ambiguous --gc",
    ],
    short: Short::Clustered,
    ends_at_operand: false,
    table: None,
};

#[cfg(test)]
mod tests;
