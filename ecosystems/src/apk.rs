//! apk: Alpine Linux.
//!
//! - **Commands**: `add`, `fix`, `upgrade` install; `update` fetches the index, which the others do themselves where they
//!   find none; `del`, `info`, `search` and their kin need no cache. `fetch` and what makes packages are not known.
//! - **Manifests**: none. `./x.apk` on the command line is read like any other file.
//! - **Caches**: packages are only kept where `--cache-dir`, or else `/etc/apk/cache`, is a directory; without it the
//!   index alone goes to `/var/cache/apk` (apk-tools, `src/database.c`, `setup_cache` and `apk_db_cache_active`). So the
//!   mount is `/var/cache/apk`, pure, and the command gets `--cache-dir /var/cache/apk`. `--no-cache` goes.
//!   Package files are named by content and checked against it. The index of a mount may be hours old and, before
//!   version 3, that of another platform (its name does not tell, moby/buildkit#2598); `--force-refresh` fetches it anew,
//!   as `--no-cache` did. Locked: apk locks its database, which every build has for itself, and not the cache.
//! - **Refused**: another root, another cache directory, no network; Alpine before 3.7, whose apk has no
//!   `--force-refresh`, and images that may be made of one.
//!
//! Sources: apk(8), apk-add(8), apk-cache(5); apk-tools, `src/database.c`, `src/context.c`.

mod release;

use dockfix_model::commands::Invocation;
use dockfix_model::effects::Effects;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};

use crate::options::{Grammar, Table, Words};
use crate::system::{self, PackageNames};
use crate::{
    Cache, CacheKind, CachePlan, CommandEdit, Ecosystem, IndexUse, Refusal, Sharing, Usage, UsageKind, names,
};

/// apk.
pub(crate) struct Apk;

/// apk(8), and apk-add(8) and the other pages for the options of commands. getopt takes any beginning of a long option:
/// `--update` stands for `--update-cache`.
static GRAMMAR: Grammar = Grammar::gnu(
    &[
        "-p --root -X --repository --arch --cache-dir --cache-max-age --keys-dir --repositories-file --repository-config \
       --timeout --wait --progress-fd -t --virtual --virt",
    ],
    &[
        "-a -d -e -f -i -l -L -q -r -R -s -u -U -v --allow-untrusted --available --cache-packages --cache-predownload \
       --clean-protected --depends --exact --force --force-binary-stdout --force-broken-world \
       --force-missing-repositories --force-non-repository --force-old-apk --force-overwrite --force-refresh --ignore \
       --initdb --installed --interactive --latest --no-cache --no-check-certificate --no-chroot --no-commit-hooks \
       --no-interactive --no-logfile --no-network --no-progress --no-scripts --no-self-upgrade --preserve-env --progress \
       --prune --purge --quiet --rdepends --reinstall --self-upgrade-only --simulate --update --update-cache --upgrade \
       --verbose --xattr",
    ],
)
.kept_in(&OPTIONS);
static OPTIONS: Table = Table::new();

/// The cache directory that a mount goes to.
const DIRECTORY: &str = "/var/cache/apk";

struct Line<'c> {
    words: Words<'c>,
    verb: Verb,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Install,
    Update,
    Remove,
    Query,
    Clean,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        if command.program != "apk" {
            return None;
        }
        let mut words = Words::read(command, 0, &GRAMMAR)?;
        if words.operands.is_empty() {
            return None;
        }
        let verb = match words.operands.remove(0).value? {
            "add" | "fix" | "upgrade" => Verb::Install,
            "update" => Verb::Update,
            "del" => Verb::Remove,
            "info" | "search" | "list" | "version" | "policy" | "stats" | "dot" | "audit" => Verb::Query,
            "cache" if matches!(&words.operands[..], [what] if matches!(what.value, Some("clean" | "purge"))) => {
                Verb::Clean
            }
            _ => return None,
        };
        Some(Self { words, verb })
    }

    /// Whether it works on another root or database, in which anything may be.
    fn is_elsewhere(&self) -> bool {
        self.words.has(&["-p", "--root", "--initdb", "--keys-dir", "--repositories-file"])
    }
}

impl Ecosystem for Apk {
    fn name(&self) -> &'static str {
        "apk"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["apk"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["add"]
    }

    fn recognise(&self, command: &Invocation<'_>, _: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let kind = if line.verb == Verb::Clean { UsageKind::CleanCache } else { UsageKind::Packages };
        let environment =
            names(&["APK_*", "FETCH_BIND_ADDRESS", "NETRC", "HTTP_*", "SSL_*", "SOURCE_DATE_EPOCH", "TERM"]);
        let state =
            system::below(&["/etc", "/lib", "/usr/lib", "/usr/share", "/var/cache", "/var/lib", "/run"]);
        let mut effects = match line.verb {
            Verb::Install | Verb::Remove => {
                Effects { reads: system::directories(), writes: system::written(), environment }
            }
            Verb::Update | Verb::Clean | Verb::Query => Effects {
                reads: state.and(system::programs()),
                writes: system::below(&[DIRECTORY, "/etc/apk/cache", "/lib/apk", "/usr/lib/apk", "/run/apk"]),
                environment,
            },
        };
        if line.is_elsewhere() {
            effects = Effects::opaque();
        } else if line.verb == Verb::Install {
            for operand in &line.words.operands {
                effects.reads = effects.reads.and(NAMES.read_by(operand, command));
            }
        }
        // Scripts of packages get no variable but PATH (`apk_db_run_script`), unless `--preserve-env` says otherwise.
        let runs_package_code = line.words.has(&["--preserve-env"]);
        Some(Usage { kind, directory: None, effects, runs_package_code })
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        _: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let Some(line) = Line::read(command).filter(|line| matches!(line.verb, Verb::Install | Verb::Update))
        else {
            return Ok(CachePlan::default());
        };
        if line.is_elsewhere() {
            return Err(Refusal::new("apk works on another root, with a cache of its own"));
        }
        if line.words.has(&["--no-network", "--cache-max-age"]) {
            return Err(Refusal::new(
                "apk is told how old its index may be, which a shared cache would change",
            ));
        }
        if let Some(directory) = line.words.value(&["--cache-dir"])
            && directory.known() != Some(DIRECTORY)
        {
            return Err(Refusal::new("--cache-dir names a cache directory of its own"));
        }
        release::has_force_refresh(&state.base).map_err(Refusal::new)?;
        let cache = Cache {
            directory: ImagePath::root().join(DIRECTORY),
            kind: CacheKind::Pure,
            sharing: Sharing::Locked,
        };
        Ok(CachePlan { caches: vec![cache], edits: edits(command, &line) })
    }

    fn index_use(&self, command: &Invocation<'_>) -> Option<IndexUse> {
        let line = Line::read(command)?;
        let fetches = || line.words.has(&["-U", "--update", "--update-cache", "--force-refresh"]);
        match line.verb {
            _ if line.words.has(&["--no-cache"]) => None,
            Verb::Update => Some(IndexUse::Fills),
            Verb::Install if fetches() => Some(IndexUse::Fills),
            Verb::Install => Some(IndexUse::Reads),
            Verb::Remove | Verb::Query | Verb::Clean => None,
        }
    }

    fn trusts_cache(&self, command: &Invocation<'_>) -> bool {
        const FETCH: [&str; 4] = ["add", "fix", "upgrade", "fetch"];
        let is_told = ["--no-cache", "--force-refresh"].iter().any(|option| command.has(option));
        let is_elsewhere = |line: &Line<'_>| {
            let directory = line.words.value(&["--cache-dir"]);
            line.is_elsewhere() || directory.is_some_and(|directory| directory.known() != Some(DIRECTORY))
        };
        match Line::read(command) {
            Some(line) => line.verb == Verb::Install && !is_elsewhere(&line) && !is_told,
            None => command.program == "apk" && !is_told && system::may_be_one_of(command, &FETCH),
        }
    }

    /// The link that turns the cache on for good (wiki.alpinelinux.org, "Local APK cache").
    fn other_caches(&self) -> &'static [&'static str] {
        &["/etc/apk/cache"]
    }

    fn installs(&self, command: &Invocation<'_>) -> bool {
        Line::read(command).is_some_and(|line| line.verb == Verb::Install)
    }

    fn upgrades(&self, command: &Invocation<'_>) -> bool {
        let is_one = |word: &str| word == "upgrade";
        Line::read(command).is_some_and(|line| {
            line.verb == Verb::Install
                && (line.words.has(&["-u", "--upgrade"]) || system::says(command, is_one))
        })
    }

    fn is_for_root(&self) -> bool {
        true
    }
}

/// The options that make apk use the cache, in the place of `--no-cache` where that stands.
fn edits(command: &Invocation<'_>, line: &Line<'_>) -> Vec<CommandEdit> {
    let mut wanted = Vec::new();
    if line.verb == Verb::Install {
        if !line.words.has(&["--cache-dir"]) {
            wanted.push(format!("--cache-dir {DIRECTORY}"));
        }
        if !line.words.has(&["--force-refresh"]) {
            wanted.push("--force-refresh".to_owned());
        }
    }
    let mut wanted = Some(wanted.join(" ")).filter(|wanted| !wanted.is_empty());
    let mut edits = Vec::new();
    for argument in &command.arguments {
        if argument.value.as_deref() == Some("--no-cache") {
            edits.push(match wanted.take() {
                Some(wanted) => CommandEdit::Replace(argument.span, wanted),
                None => CommandEdit::Remove(argument.span),
            });
        }
    }
    edits.extend(wanted.map(|wanted| CommandEdit::InsertAfter(command.program_span, wanted)));
    edits
}

/// apk-add(8): a path, or a name that ends in `.apk`, is a file.
const NAMES: PackageNames = PackageNames { files: &[".apk"], slash_is_file: true, beginnings: &['.', '!'] };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn needs(body: &str) -> String {
        testing::needs(&Apk, &format!("FROM alpine\nWORKDIR /app\nRUN {body}"), &[])
    }

    fn caches(body: &str) -> String {
        testing::caches(&Apk, &format!("FROM alpine:3.20\nRUN {body}"), &[])
    }

    #[test]
    fn recognises_commands() {
        for body in [
            "apk add --no-cache curl",
            "apk --no-cache --update add curl=1 'x>2' y@edge !z .deps",
            "apk add -U --virtual .build-deps gcc",
            "apk add -qt .build-deps gcc",
            "apk add --virtual=.deps --repository=http://x/$V/main nodejs=$NODE",
            "apk -X http://x add y",
            "apk update && apk upgrade --available",
            "apk del --purge .build-deps",
            "apk info -e x",
            "apk add $PACKAGES",
            "apk add --root /out --initdb busybox",
        ] {
            assert_eq!(needs(body), "packages", "{body}");
        }
        assert_eq!(needs("apk cache clean"), "clean-cache");
        for body in [
            "apk",
            "apk --unknown add x",
            "apk fetch x",
            "apk index -o x y",
            "apk $VERB x",
            "apk cache sync",
            "apk add --cache-dir",
            "apk add -$X y",
            "xargs apk add",
        ] {
            assert_eq!(needs(body), "opaque", "{body}");
        }
    }

    #[test]
    fn the_cache_takes_the_place_of_no_cache() {
        let mount = "/var/cache/apk pure locked";
        let options = "--cache-dir /var/cache/apk --force-refresh";
        for (body, edit) in [
            ("apk add --no-cache curl", format!("; replace --no-cache with {options}")),
            ("apk --no-cache --update add curl", format!("; replace --no-cache with {options}")),
            ("apk add -U curl", format!("; after apk insert {options}")),
            ("apk upgrade", format!("; after apk insert {options}")),
            ("apk update", String::new()),
            ("apk update --no-cache", "; remove --no-cache".to_owned()),
            ("apk --cache-dir /var/cache/apk --force-refresh add curl", String::new()),
        ] {
            assert_eq!(caches(body), format!("{mount}{edit}"), "{body}");
        }
        for body in ["apk del x", "apk info", "apk cache clean"] {
            assert_eq!(caches(body), "", "{body}");
        }
    }

    #[test]
    fn refuses_what_it_would_change() {
        for (body, reason) in [
            ("apk add -p /out x", "apk works on another root, with a cache of its own"),
            ("apk add --initdb x", "apk works on another root, with a cache of its own"),
            ("apk add --cache-dir /x y", "--cache-dir names a cache directory of its own"),
            (
                "apk add --no-network y",
                "apk is told how old its index may be, which a shared cache would change",
            ),
        ] {
            assert_eq!(caches(body), format!("refused: {reason}"), "{body}");
        }
        let from = |from: &str| testing::caches(&Apk, &format!("FROM {from}\nRUN apk add --no-cache x"), &[]);
        assert_eq!(
            from("alpine:3.5"),
            "refused: apk of Alpine 3.5 has no --force-refresh, so the index in the cache could be an old one"
        );
        let update = testing::caches(&Apk, "FROM x/y\nRUN apk update", &[]);
        assert_eq!(update, from("x/y"), "a mount for the index alone is no gain");
        assert_eq!(
            from("x/y"),
            "refused: which Alpine x/y is made of is not known, and before 3.7 apk has no --force-refresh"
        );
    }

    #[test]
    fn touches_the_system_and_the_files_it_names() {
        let touches = |body: &str, path: &str| {
            let text = format!("FROM alpine\nWORKDIR /app\nRUN {body}");
            testing::touches(&Apk, &text, path)
        };
        assert_eq!(touches("apk add curl", "/app"), "");
        assert_eq!(touches("apk add curl", "/usr/src/app"), "");
        assert_eq!(touches("apk add curl", "/etc/x"), "rw");
        assert_eq!(touches("apk update", "/etc/apk/repositories"), "r");
        assert_eq!(touches("apk add ./x.apk", "/app/x.apk"), "r");
        assert_eq!(touches("apk add x.apk", "/app/x.apk"), "r");
        assert_eq!(touches("apk add --allow-untrusted /tmp/*.apk", "/tmp/x.apk"), "r");
        assert_eq!(touches("apk add --allow-untrusted /tmp/*.apk", "/app"), "");
        assert_eq!(touches("apk add x=$V .deps", "/app"), "");
        assert_eq!(touches("apk add $X", "/app"), "r");
        assert_eq!(touches("apk add -p /out x", "/app"), "rw");
    }

    #[test]
    fn scripts_see_no_variable() {
        let file = "FROM alpine\nRUN apk add x";
        assert!(!testing::reads_variable(&Apk, file, "GIT_SHA"));
        assert!(testing::reads_variable(&Apk, file, "https_proxy"));
    }
}
