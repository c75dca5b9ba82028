//! apt-get, apt, aptitude, apt-cache, apt-mark: Debian and Ubuntu.
//!
//! - **Commands**: `update` fetches the package lists; `install`, `upgrade`, `build-dep` and their kin look packages up
//!   in them; `clean` empties the cache. `download` and `source` write into the working directory and are not known.
//! - **Manifests**: none. A `./package.deb` on the command line is read like any other file.
//! - **Caches**: `/var/cache/apt`, pure, and `/var/lib/apt/lists`, an index; both locked, since apt gives up at once where
//!   another process holds the lock. Never `/var/lib/apt`: its `extended_states` says which packages were installed on
//!   purpose and belongs to the image.
//! - The official images carry `/etc/apt/apt.conf.d/docker-clean`, which removes `/var/cache/apt/archives/*.deb` after
//!   every install (debuerreotype, `scripts/debuerreotype-minimizing-config`). `-o Dir::Cache::archives` puts the
//!   downloads where it does not look, for this one command and without a change to the image's files. `apt`, unlike
//!   `apt-get`, also removes what it downloaded itself unless `APT::Keep-Downloaded-Packages` is set. aptitude takes the
//!   same option (aptitude(8), `-o`; tried with 0.8.13, which makes the directory itself).
//! - **Refused**: caches that options or a configuration file move; `--no-download` and `--download-only`, which hand
//!   the archives from one command to another.
//!
//! Sources: apt-get(8), apt(8), apt.conf(5), aptitude(8), apt-mark(8); `CommandLine::FileList` in apt-pkg for what
//! counts as a file.

use std::borrow::Cow;
use std::sync::LazyLock;

use dockfix_model::commands::Invocation;
use dockfix_model::effects::{Effects, Names, Paths};
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};

use crate::options::{Grammar, Operand, Short, Table, Value, Words};
use crate::system;
use crate::{
    COMMON_VARIABLES, Cache, CacheKind, CachePlan, CommandEdit, Ecosystem, IndexUse, Refusal, Sharing, Usage,
    UsageKind,
};

/// apt and its front ends.
pub(crate) struct Apt;

/// What a command of apt means for the package lists in `/var/lib/apt/lists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AptCommand {
    /// Fetches them: `apt-get update`.
    Update,
    /// Looks packages up in them: `install`, `upgrade`, `build-dep`, `apt-cache policy`.
    Install,
    /// Empties caches and does nothing else: `clean`, `autoclean`.
    Clean,
    /// Neither: `remove`, `autoremove`, `apt-mark hold`, `apt list --installed`.
    Other,
}

/// Programs that install by the lists, and are not read further: gdebi(1), mk-build-deps(1) with `--install`, tasksel(8).
const BY_LISTS: [&str; 3] = ["gdebi", "mk-build-deps", "tasksel"];

/// Where downloads go that docker-clean must not find.
const ARCHIVES: &str = "/var/cache/apt/keep";

/// What `command` does, if it is one of apt's that is known in full.
#[must_use]
pub fn apt_command(command: &Invocation<'_>) -> Option<AptCommand> {
    let line = Line::read(command)?;
    // What is installed stands in dpkg's status file; the lists only add from where it might come.
    let shows_installed =
        command.program == "apt" && line.verb == Verb::Query && line.words.has(&["--installed"]);
    Some(if shows_installed { AptCommand::Other } else { line.verb.command() })
}

/// A command line of apt.
struct Line<'c> {
    words: Words<'c>,
    verb: Verb,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Update,
    /// Installs packages.
    Install,
    /// Installs what a source package needs to be built, which may be a directory.
    BuildDep,
    /// Shows what the lists say.
    Query,
    /// Removes packages.
    Remove,
    /// Changes the marks of packages.
    Mark,
    Clean,
}

impl Verb {
    fn command(self) -> AptCommand {
        match self {
            Self::Update => AptCommand::Update,
            Self::Install | Self::BuildDep | Self::Query => AptCommand::Install,
            Self::Clean => AptCommand::Clean,
            Self::Remove | Self::Mark => AptCommand::Other,
        }
    }
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        let grammar = match &*command.program {
            "apt-get" | "apt" | "apt-cache" | "apt-mark" => &GRAMMAR,
            "aptitude" => &APTITUDE,
            _ => return None,
        };
        let mut words = Words::read(command, 0, grammar)?;
        if words.operands.is_empty() {
            return None;
        }
        let verb = verb(&command.program, words.operands.remove(0).value?)?;
        Some(Self { words, verb })
    }

    /// The option that moves apt's directories or whose meaning is not known, as far as it can be shown.
    fn moved(&self, command: &Invocation<'_>, state: &State) -> Option<String> {
        if command.assignments.iter().any(|(name, _)| name == "APT_CONFIG")
            || state.variables.get("APT_CONFIG").is_some()
        {
            return Some("APT_CONFIG".to_owned());
        }
        self.words.options.iter().find_map(|option| match option.name {
            "-c" | "--config-file" => Some(format!("{} {}", option.name, option.value.beginning())),
            "-o" | "--option" if !is_own(&option.value) && !is_harmless(&option.value) => {
                Some(format!("{} {}", option.name, option.value.beginning()))
            }
            _ => None,
        })
    }

    fn sets(&self, key: &str) -> bool {
        self.words.options.iter().any(|option| {
            matches!(option.name, "-o" | "--option")
                && option.value.beginning().split('=').next().is_some_and(|set| set.eq_ignore_ascii_case(key))
        })
    }
}

/// Whether a value of `-o` puts the archives where [`Apt::caches`] would.
fn is_own(value: &Value<'_>) -> bool {
    let Some((key, directory)) = value.known().and_then(|value| value.split_once('=')) else { return false };
    let below = ImagePath::absolute(directory)
        .is_some_and(|path| path.below(&ImagePath::fixed("/var/cache/apt")).is_some());
    key.eq_ignore_ascii_case("Dir::Cache::archives") && below
}

/// Whether a value of `-o` neither moves directories nor names files or programs.
fn is_harmless(value: &Value<'_>) -> bool {
    const HARMLESS: &[&str] = &[
        "acquire::",
        "apt::acquire::",
        "apt::cache-limit",
        "apt::default-release",
        "apt::get::",
        "apt::immediate-configure",
        "apt::install-",
        "apt::keep-downloaded-packages",
        "apt::color",
        "debug::",
        "dpkg::options",
        "dpkg::progress-fancy",
        "dpkg::use-pty",
        "dpkg::lock::timeout",
    ];
    let key = value.beginning().to_ascii_lowercase();
    HARMLESS.iter().any(|harmless| key.starts_with(harmless))
}

fn verb(program: &str, word: &str) -> Option<Verb> {
    let verb = match (program, word) {
        ("apt-cache", "gencaches" | "dump" | "dumpavail" | "dotty" | "xvcg") => return None,
        ("apt-cache", _) => Verb::Query,
        ("apt-mark", "auto" | "manual" | "hold" | "unhold" | "minimize-manual") => Verb::Mark,
        ("apt-mark", "showauto" | "showmanual" | "showhold") => Verb::Mark,
        ("apt-mark", _) => return None,
        ("aptitude", "safe-upgrade" | "full-upgrade") => Verb::Install,
        ("aptitude", "hold" | "unhold" | "markauto" | "unmarkauto") => Verb::Mark,
        ("aptitude", "build-dep" | "download" | "changelog") => return None,
        (_, "update") => Verb::Update,
        (_, "install" | "reinstall" | "upgrade" | "dist-upgrade" | "full-upgrade" | "dselect-upgrade") => {
            Verb::Install
        }
        (_, "satisfy") => Verb::Install,
        (_, "build-dep") => Verb::BuildDep,
        (_, "remove" | "purge" | "autoremove" | "auto-remove" | "autopurge" | "check") => Verb::Remove,
        (_, "clean" | "autoclean" | "auto-clean" | "distclean") => Verb::Clean,
        ("apt", "policy" | "show" | "showsrc" | "list" | "search" | "depends" | "rdepends") => Verb::Query,
        ("aptitude", "show" | "search" | "versions") => Verb::Query,
        ("apt-get", "indextargets") => Verb::Query,
        _ => return None,
    };
    Some(verb)
}

impl Ecosystem for Apt {
    fn name(&self) -> &'static str {
        "apt"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["apt-get", "apt", "apt-cache", "apt-mark", "aptitude", "gdebi", "mk-build-deps", "tasksel"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["install", "upgrade", "dist-upgrade"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let kind = if line.verb == Verb::Clean { UsageKind::CleanCache } else { UsageKind::Packages };
        let mut effects = effects(line.verb);
        if line.moved(command, state).is_some() {
            effects = Effects::opaque();
        } else if matches!(line.verb, Verb::Install | Verb::BuildDep) {
            for operand in &line.words.operands {
                effects.reads = effects.reads.and(read_by(operand, line.verb, command)?);
            }
        }
        if let Some(source) = line.words.value(&["--with-source"]) {
            let path = ImagePath::absolute(source.known()?)?;
            effects.reads = effects.reads.and(Paths::below(vec![path]));
        }
        let runs_package_code = matches!(line.verb, Verb::Install | Verb::BuildDep | Verb::Remove);
        Some(Usage { kind, directory: None, effects, runs_package_code })
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        _: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(CachePlan::default()) };
        let lists = |index| Cache {
            directory: ImagePath::fixed("/var/lib/apt/lists"),
            kind: CacheKind::Index(index),
            sharing: Sharing::Locked,
        };
        let mut plan = CachePlan::default();
        match line.verb {
            Verb::Clean | Verb::Remove | Verb::Mark => return Ok(plan),
            Verb::Update => plan.caches.push(lists(IndexUse::Fills)),
            Verb::Install | Verb::BuildDep | Verb::Query => plan.caches.push(lists(IndexUse::Reads)),
        }
        if let Some(moved) = line.moved(command, state) {
            return Err(Refusal::new(format!("{moved} may move the cache of {}", command.program)));
        }
        if !matches!(line.verb, Verb::Install | Verb::BuildDep)
            || line.words.has(&["-s", "--simulate", "--just-print", "--dry-run", "--recon", "--no-act"])
            || line.words.has(&["--print-uris"])
        {
            return Ok(plan);
        }
        if line.words.has(&["-d", "--download-only"]) {
            return Err(Refusal::new(
                "--download-only leaves the packages in /var/cache/apt for a later command",
            ));
        }
        if line.words.has(&["--no-download"]) {
            return Err(Refusal::new(
                "--no-download takes the packages that an earlier command left in /var/cache/apt",
            ));
        }
        let archives = Cache {
            directory: ImagePath::fixed("/var/cache/apt"),
            kind: CacheKind::Pure,
            sharing: Sharing::Locked,
        };
        plan.caches.insert(0, archives);
        plan.edits = keeping(command, &line);
        Ok(plan)
    }

    fn index_use(&self, command: &Invocation<'_>) -> Option<IndexUse> {
        if BY_LISTS.contains(&&*command.program) {
            return Some(IndexUse::Reads);
        }
        match Line::read(command)?.verb {
            Verb::Update => Some(IndexUse::Fills),
            Verb::Install | Verb::BuildDep => Some(IndexUse::Reads),
            Verb::Query | Verb::Remove | Verb::Mark | Verb::Clean => None,
        }
    }

    fn upgrades(&self, command: &Invocation<'_>) -> bool {
        let is_one = |word: &str| word.ends_with("upgrade");
        Line::read(command).is_some_and(|line| line.verb == Verb::Install) && system::says(command, is_one)
    }

    fn is_for_root(&self) -> bool {
        true
    }
}

/// The edit that keeps docker-clean and `apt` itself from removing the downloads.
fn keeping(command: &Invocation<'_>, line: &Line<'_>) -> Vec<CommandEdit> {
    let mut options = Vec::new();
    if matches!(&*command.program, "apt" | "apt-get" | "aptitude") && !line.sets("Dir::Cache::archives") {
        options.push(format!("-o Dir::Cache::archives={ARCHIVES}"));
    }
    if command.program == "apt" && !line.sets("APT::Keep-Downloaded-Packages") {
        options.push("-o APT::Keep-Downloaded-Packages=true".to_owned());
    }
    if options.is_empty() {
        return Vec::new();
    }
    vec![CommandEdit::InsertAfter(command.program_span, options.join(" "))]
}

/// The files that an operand of `install` or `build-dep` names; `None` where the operand cannot be told.
fn read_by(operand: &Operand<'_>, verb: Verb, command: &Invocation<'_>) -> Option<Paths> {
    let is_file = |word: &str| {
        word.starts_with('/')
            || word.starts_with("./")
            || word.starts_with("../")
            || word.starts_with("${")
            || (verb == Verb::BuildDep && (matches!(word, "." | "..") || word.ends_with(".dsc")))
    };
    match operand.value {
        Some(word) if is_file(word) => {
            let path = ImagePath::absolute(word).or_else(|| Some(command.directory.as_ref()?.join(word)))?;
            Some(Paths::below(vec![path]))
        }
        Some(_) => Some(Paths::none()),
        None => {
            // `name=$VERSION` is a package whatever the version is; `$PACKAGES` may be anything, and `name-*` is what the
            // working directory makes of it.
            let is_package = operand.argument.glob.is_none()
                && operand.beginning().starts_with(|ch: char| ch.is_ascii_alphanumeric());
            Some(if is_package { Paths::none() } else { Paths::All })
        }
    }
}

/// Maintainer scripts get the whole environment (dpkg does not clear it); these are the names that they and apt are known
/// to look at.
static VARIABLES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let own = [
        "APT_*",
        "DEBIAN_*",
        "DEBCONF_*",
        "DPKG_*",
        "DEB_*",
        "UCF_*",
        "NEEDRESTART_*",
        "ACCEPT_EULA",
        "SHELL",
        "TERM",
        "COLUMNS",
        "PAGER",
        "PERL*",
        "PYTHON*",
        "JAVA_*",
        "JDK_*",
        "SYSTEMD_*",
        "POSTGRESQL_*",
        "MYSQL_*",
    ];
    [COMMON_VARIABLES, &own].concat()
});

/// What apt, its methods, dpkg and the hooks in `/etc/apt/apt.conf.d` look at where no maintainer script runs. debconf,
/// whose settings are `DEBIAN_*` and `DEBCONF_*`, is run by maintainer scripts and before them alone
/// (`DPkg::Pre-Install-Pkgs` in debconf's `/etc/apt/apt.conf.d/70debconf`).
static OWN_VARIABLES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let own = [
        "APT_*",
        "DPKG_*",
        "GNUPGHOME",
        "SHELL",
        "TERM",
        "COLUMNS",
        "PAGER",
        "PERL*",
        "PYTHON*",
        "SYSTEMD_*",
        "DBUS_*",
        "XDG_*",
    ];
    [COMMON_VARIABLES, &own].concat()
});

fn effects(verb: Verb) -> Effects {
    let variables = match verb {
        Verb::Install | Verb::BuildDep | Verb::Remove => &VARIABLES,
        Verb::Update | Verb::Query | Verb::Mark | Verb::Clean => &OWN_VARIABLES,
    };
    let environment = Names::Matching(Cow::Borrowed(variables));
    let programs = system::programs();
    let (reads, writes) = match verb {
        Verb::Install | Verb::BuildDep | Verb::Remove => (system::directories(), system::written()),
        // Hooks in /etc/apt/apt.conf.d keep lists of their own below /var (command-not-found, update-notifier).
        Verb::Update | Verb::Clean => (
            programs.and(system::below(&["/etc", "/usr/share", "/var/cache", "/var/lib"])),
            system::below(&["/var/cache", "/var/lib", "/var/log"]),
        ),
        Verb::Query | Verb::Mark => (
            programs.and(system::below(&["/etc", "/usr/share", "/var/cache", "/var/lib"])),
            system::below(&["/var/cache/apt", "/var/lib/apt", "/var/lib/aptitude", "/var/lib/dpkg"]),
        ),
    };
    Effects { reads, writes, environment }
}

/// apt-private/private-cmndline.cc, `addArgumentsAPTGet` and the functions beside it.
static GRAMMAR: Grammar = Grammar {
    valued: &[
        "-t --target-release --default-release -o --option -c --config-file -a --host-architecture -P \
        --build-profiles --with-source --format",
    ],
    switches: &["-y --yes --assume-yes --assume-no -q --quiet --silent -d --download-only -f --fix-broken \
        --no-fix-broken -m --ignore-missing --fix-missing -s --simulate --just-print --dry-run --recon \
        --no-act -u --show-upgraded -V --verbose-versions -b --build --compile --no-download \
        --no-upgrade --only-upgrade --allow-downgrades --allow-remove-essential \
        --allow-change-held-packages --allow-unauthenticated --allow-insecure-repositories \
        --no-allow-insecure-repositories --allow-releaseinfo-change --force-yes --print-uris --purge \
        --reinstall --list-cleanup --no-list-cleanup --trivial-only --no-remove --auto-remove \
        --autoremove --no-auto-remove --no-autoremove --only-source --arch-only --indep-only \
        --show-progress --install-recommends --no-install-recommends --install-suggests \
        --no-install-suggests --ignore-hold --with-new-pkgs --no-strict-pinning --fix-policy -e \
        --error-on -n --names-only --installed --upgradable --all-versions --color --no-color -g \
        --no-progress"],
    short: Short::Clustered,
    ends_at_operand: false,
    table: Some(&OPTIONS),
};

static OPTIONS: Table = Table::new();

/// aptitude(8).
const APTITUDE: Grammar = Grammar {
    valued: &["-o -t --target-release -F --display-format -w --width -O --sort"],
    switches: &[
        "-y --assume-yes -q --quiet -f -P --prompt -V --show-versions -v --verbose -s --simulate -R \
        --without-recommends -r --with-recommends -d --download-only --allow-untrusted --purge-unused -Z \
        -D --no-gui --safe-resolver --full-resolver",
    ],
    short: Short::Clustered,
    ends_at_operand: false,
    table: None,
};

#[cfg(test)]
mod tests;
