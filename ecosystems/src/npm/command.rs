//! npm's command line, by its parser nopt (npm/nopt, `lib/nopt-lib.js`) and npm's definitions
//! (`@npmcli/config`, `lib/definitions/definitions.js`; commands and aliases in npm's `lib/utils/cmd-list.js`).

use dockfix_model::commands::{Argument, Invocation};

use super::versioned_by_variable;

/// What a command line of npm asks for.
pub(super) struct Line<'c> {
    /// The sub-command, an alias replaced by the name it stands for.
    pub(super) verb: Verb,
    /// The words after it.
    pub(super) operands: Vec<&'c str>,
    /// Options and their values, names without dashes; an option without a value has `true`, `--no-x` has `false`.
    pub(super) options: Vec<(&'c str, Option<&'c str>)>,
}

/// The sub-commands that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// `npm install`
    Install,
    /// `npm ci`
    Ci,
    /// `npm cache`
    Cache,
    /// `npm config`, `npm set`
    Config,
    /// `npm update`
    Update,
    /// `npm uninstall`
    Uninstall,
    /// `npm --version`
    Version,
}

/// Options that take a value, as npm 6 to 12 define them; an item is a row of names.
const VALUED: &[&str] = &[
    "_auth access allow-directory allow-file allow-git allow-remote allow-scripts also audit-level",
    "auth-type before ca cache cache-max cache-min cafile call cert cidr cpu depth diff diff-dst-prefix",
    "diff-src-prefix diff-unified editor expect-result-count expires extension-file fetch-retries",
    "fetch-retry-factor fetch-retry-maxtimeout fetch-retry-mintimeout fetch-timeout git globalconfig",
    "global-ignore-file heading https-proxy include install-strategy key libc local-address location",
    "lockfile-version loglevel logs-dir logs-max maxsockets message min-release-age",
    "min-release-age-exclude node-gyp node-options node-version noproxy omit only onload-script os otp",
    "pack-destination package patches-dir prefix preid proxy python registry replace-registry-host",
    "save-prefix scope script-shell shell tag tag-version-prefix tmp umask user-agent userconfig",
    "workspace cache-lock-retries cache-lock-stale cache-lock-wait group logstream metrics-registry user",
];

/// Options that take none.
const SWITCHES: &[&str] = &[
    "all allow-root allow-same-version audit bin-links build-from-source color commit-hooks debug",
    "description dev diff-ignore-all-space dry-run engine-strict force foreground-scripts",
    "format-package-lock fund git-tag-version global global-style ham-it-up if-present ignore-optional",
    "ignore-prepublish ignore-scripts include-attestations include-staged include-workspace-root",
    "install-links json legacy-bundling legacy-peer-deps link long offline",
    "omit-lockfile-registry-resolved optional package-lock package-lock-only parseable prefer-dedupe",
    "prefer-offline prefer-online production progress quiet read-only rebuild-bundle save save-bundle",
    "save-dev save-exact save-optional save-peer save-prod scripts-prepend-node-path send-metrics",
    "shrinkwrap sign-git-commit sign-git-tag silent strict-peer-deps strict-ssl timing unicode",
    "unsafe-perm update-notifier usage verbose version versions workspaces workspaces-update yes",
];

/// Words with one dash that stand for a longer option, and its value if that is fixed (`shorthands`).
const SHORT: &[(&str, &str, Option<&str>)] = &[
    ("B", "save-bundle", Some("true")),
    ("C", "prefix", None),
    ("D", "save-dev", Some("true")),
    ("E", "save-exact", Some("true")),
    ("H", "usage", Some("true")),
    ("L", "location", None),
    ("O", "save-optional", Some("true")),
    ("P", "save-prod", Some("true")),
    ("S", "save", Some("true")),
    ("a", "all", Some("true")),
    ("c", "call", None),
    ("d", "loglevel", Some("info")),
    ("dd", "loglevel", Some("verbose")),
    ("ddd", "loglevel", Some("silly")),
    ("f", "force", Some("true")),
    ("g", "global", Some("true")),
    ("iwr", "include-workspace-root", Some("true")),
    ("l", "long", Some("true")),
    ("m", "message", None),
    ("n", "yes", Some("false")),
    ("p", "parseable", Some("true")),
    ("q", "loglevel", Some("warn")),
    ("s", "loglevel", Some("silent")),
    ("v", "version", Some("true")),
    ("w", "workspace", None),
    ("ws", "workspaces", Some("true")),
    ("y", "yes", Some("true")),
];

/// Longer words that stand for an option and a value, or are cut short: nopt takes any beginning that fits one name.
const LONG: &[(&str, &str, Option<&str>)] = &[
    ("desc", "description", Some("true")),
    ("enjoy-by", "before", None),
    ("local", "global", Some("false")),
    ("porcelain", "parseable", Some("true")),
    ("prod", "production", Some("true")),
    ("quiet", "loglevel", Some("warn")),
    ("readonly", "read-only", Some("true")),
    ("reg", "registry", None),
    ("silent", "loglevel", Some("silent")),
    ("unsafe", "unsafe-perm", Some("true")),
    ("verbose", "loglevel", Some("verbose")),
];

impl<'c> Line<'c> {
    /// Reads a command of npm; `None` where it is another sub-command, or where a word may mean several things.
    pub(super) fn read(command: &'c Invocation<'c>) -> Option<Self> {
        let mut words = Vec::new();
        let mut options = Vec::new();
        let mut arguments = command.arguments.iter().peekable();
        while let Some(argument) = arguments.next() {
            let word = match argument.value.as_deref() {
                Some(word) => word,
                None => {
                    match versioned_by_variable(argument) {
                        Some(package) => words.push(package),
                        None => options.push((option_of_unknown_value(argument)?, None)),
                    }
                    continue;
                }
            };
            if word == "--" {
                words.extend(
                    arguments.by_ref().map(|rest| rest.value.as_deref()).collect::<Option<Vec<_>>>()?,
                );
                break;
            }
            if !word.starts_with('-') || word == "-" {
                words.push(word);
                continue;
            }
            // nopt cares for the number of dashes only where a word with one of them is a bundle of short options.
            let (name, attached) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            };
            let name = name.trim_start_matches('-');
            if !word.starts_with("--") && attached.is_none() && is_bundle(name) {
                for letter in 0..name.len() {
                    let (_, long, value) = SHORT.iter().find(|short| short.0 == &name[letter..=letter])?;
                    options.push((*long, *value));
                }
                continue;
            }
            let (name, fixed) = long_name(name);
            let (name, value) = match (fixed, attached) {
                (Some(fixed), None) => (name, Some(fixed)),
                (_, Some(value)) => (name, Some(value)),
                (None, None) if is_listed(VALUED, name) => {
                    let next = arguments.next()?;
                    (name, Some(next.value.as_deref()?))
                }
                (None, None) => {
                    let (positive, value) = match name.strip_prefix("no-") {
                        Some(positive) => (positive, "false"),
                        None => (name, "true"),
                    };
                    let next = arguments.peek().and_then(|next| next.value.as_deref());
                    match next {
                        Some(given @ ("true" | "false")) => {
                            arguments.next();
                            let value = if value == "true" {
                                given
                            } else if given == "true" {
                                "false"
                            } else {
                                "true"
                            };
                            (positive, Some(value))
                        }
                        // An option that npm does not know swallows the next word.
                        Some(next) if !next.starts_with('-') && !is_listed(SWITCHES, positive) => {
                            return None;
                        }
                        None if arguments.peek().is_some() && !is_listed(SWITCHES, positive) => return None,
                        _ => (positive, Some(value)),
                    }
                }
            };
            options.push((name, value));
        }
        let mut words = words.into_iter();
        let verb = match words.next() {
            None if options.contains(&("version", Some("true"))) => Verb::Version,
            None => return None,
            Some(verb) => verb_of(verb)?,
        };
        Some(Self { verb, operands: words.collect(), options })
    }

    /// The value of the last option of this name: `Some(None)` where it is not known.
    pub(super) fn option(&self, name: &str) -> Option<Option<&'c str>> {
        self.options.iter().rev().find(|(given, _)| *given == name).map(|(_, value)| *value)
    }

    /// Whether a switch is on.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.option(name) == Some(Some("true"))
    }

    /// Whether packages are installed for the whole system.
    pub(super) fn is_global(&self) -> bool {
        self.is_on("global") || self.option("location") == Some(Some("global"))
    }
}

fn is_listed(rows: &[&str], name: &str) -> bool {
    rows.iter().any(|row| row.split(' ').any(|listed| listed == name))
}

fn verb_of(word: &str) -> Option<Verb> {
    Some(match word {
        "install" | "i" | "in" | "ins" | "inst" | "insta" | "instal" | "isnt" | "isnta" | "isntal"
        | "isntall" | "add" => Verb::Install,
        "ci" | "clean-install" | "ic" | "install-clean" | "isntall-clean" => Verb::Ci,
        "cache" => Verb::Cache,
        "config" | "c" | "set" => Verb::Config,
        "update" | "up" | "upgrade" | "udpate" => Verb::Update,
        "uninstall" | "un" | "unlink" | "remove" | "rm" | "r" => Verb::Uninstall,
        _ => return None,
    })
}

fn is_bundle(name: &str) -> bool {
    !name.is_empty()
        && name.is_ascii()
        && SHORT.iter().all(|short| short.0 != name || name.len() == 1)
        && (0..name.len())
            .all(|letter| SHORT.iter().any(|short| short.0 == &name[letter..=letter] && short.2.is_some()))
}

/// The full name of an option, and its value where the short name fixes it.
fn long_name(name: &str) -> (&str, Option<&'static str>) {
    let known = SHORT.iter().chain(LONG).find(|(short, ..)| *short == name);
    known.map_or((name, None), |(_, long, value)| (*long, *value))
}

/// The name of an option like `--registry=$URL`, whose value is not known.
fn option_of_unknown_value<'c>(argument: &'c Argument<'_>) -> Option<&'c str> {
    let text = std::str::from_utf8(argument.text).ok()?;
    let (name, _) = text.strip_prefix("--")?.split_once('=')?;
    let is_name = name.chars().all(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_'));
    is_name.then_some(name)
}
