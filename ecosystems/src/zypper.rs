//! zypper: openSUSE and SUSE Linux Enterprise.
//!
//! - **Commands**: `install`, `update`, `patch`, `dist-upgrade` install; `refresh` fetches the repositories' metadata;
//!   `remove`, `addrepo`, `search` and their kin need no cache.
//! - **Manifests**: none. A package file on the command line is read like any other file.
//! - **Caches**: `/var/cache/zypp`, an index, locked (zypp.conf). Packages are kept only where the repository's own
//!   settings say so, which belong to the image. An install looks at the metadata anew only some ten minutes after the last
//!   time (zypp.conf, `repo.refresh.delay`), `zypper refresh` always does; so a mount wants a refresh in the same RUN.
//! - **Refused**: another root or cache directory; `--download-only` and `--no-refresh`, which rely on other commands.
//!
//! Sources: zypper(8), zypp.conf.

use dockfix_model::commands::Invocation;
use dockfix_model::effects::Effects;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};

use crate::options::{Grammar, Words};
use crate::system::{self, PackageNames};
use crate::{Cache, CacheKind, CachePlan, Ecosystem, IndexUse, Refusal, Sharing, Usage, UsageKind, names};

/// zypper.
pub(crate) struct Zypper;

/// Options before the command (zypper(8), "Global options"); the same letters mean other things behind it.
const GLOBAL: Grammar = Grammar {
    ends_at_operand: true,
    ..Grammar::gnu(
        &[
            "-c --config -s --table-style -D --reposd-dir -C --cache-dir --raw-cache-dir --solv-cache-dir --pkg-cache-dir \
           --userdata -p --plus-repo --plus-content --releasever -R --root --installroot",
        ],
        &["-h -V -q --quiet -v --verbose --color --no-color -A --no-abbrev -t --terse -x --xmlout -i \
           --ignore-unknown -n --non-interactive --non-interactive-include-patches --gpg-auto-import-keys \
           --no-gpg-checks --no-refresh --no-cd --no-remote --disable-repositories --pkg-cache-dir"],
    )
};

/// Options behind the command (zypper(8)).
const LOCAL: Grammar = Grammar::gnu(
    &["-r --repo --from -t --type --solver-focus --download -p --priority -n --name --plus-repo"],
    &[
        "-y --no-confirm -l --auto-agree-with-licenses --auto-agree-with-product-licenses --agree-to-third-party-licenses \
       --replacefiles --no-recommends --recommends -f --force -F --force-resolution -R --no-force-resolution --oldpackage \
       --allow-vendor-change --no-allow-vendor-change --allow-downgrade --no-allow-downgrade --allow-name-change \
       --allow-arch-change --allow-unsigned-rpm -C --capability --details --clean-deps -u --no-clean-deps -d \
       --download-only --download-in-advance --dry-run -D -a --all -m --metadata -M --raw-metadata -b -B -s --services -e \
       -k -K --refresh -g -G --no-gpgcheck --gpgcheck --check --no-check -i --installed-only --enable --disable \
       --with-interactive --skip-interactive --with-update --no-refresh --gpg-auto-import-keys",
    ],
);

struct Line<'c> {
    global: Words<'c>,
    local: Words<'c>,
    verb: Verb,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Install,
    Refresh,
    Change,
    Query,
    Clean,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        if command.program != "zypper" {
            return None;
        }
        let mut global = Words::read(command, 0, &GLOBAL)?;
        let count = global.operands.len();
        if count == 0 {
            return None;
        }
        let verb = match global.operands.remove(0).value? {
            "install"
            | "in"
            | "update"
            | "up"
            | "patch"
            | "dist-upgrade"
            | "dup"
            | "install-new-recommends"
            | "inr"
            | "verify"
            | "ve"
            | "source-install"
            | "si" => Verb::Install,
            "refresh" | "ref" => Verb::Refresh,
            "remove" | "rm" | "addrepo" | "ar" | "removerepo" | "rr" | "modifyrepo" | "mr" | "addlock"
            | "al" => Verb::Change,
            "search" | "se" | "info" | "if" | "repos" | "lr" | "list-updates" | "lu" | "packages" | "pa" => {
                Verb::Query
            }
            "clean" | "cc" => Verb::Clean,
            _ => return None,
        };
        let local = Words::read(command, command.arguments.len() - count + 1, &LOCAL)?;
        Some(Self { global, local, verb })
    }

    fn moved(&self) -> Option<&'static str> {
        let moves = [
            "-c",
            "--config",
            "-D",
            "--reposd-dir",
            "-C",
            "--cache-dir",
            "--raw-cache-dir",
            "--solv-cache-dir",
            "--pkg-cache-dir",
            "-R",
            "--root",
            "--installroot",
        ];
        self.global.options.iter().map(|option| option.name).find(|name| moves.contains(name))
    }
}

impl Ecosystem for Zypper {
    fn name(&self) -> &'static str {
        "zypper"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["zypper"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["install", "in"]
    }

    fn recognise(&self, command: &Invocation<'_>, _: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let kind = if line.verb == Verb::Clean { UsageKind::CleanCache } else { UsageKind::Packages };
        let environment = names(&[
            "ZYPP*",
            "RPM_*",
            "ACCEPT_EULA",
            "TERM",
            "COLUMNS",
            "SHELL",
            "PYTHON*",
            "JAVA_*",
            "SYSTEMD_*",
            "PAGER",
        ]);
        let mut effects = match line.verb {
            Verb::Install | Verb::Change => {
                Effects { reads: system::directories(), writes: system::written(), environment }
            }
            Verb::Refresh | Verb::Query | Verb::Clean => Effects {
                reads: system::below(&["/etc", "/usr/share", "/var/cache", "/var/lib", "/run", "/root"])
                    .and(system::programs()),
                writes: system::below(&["/var/cache/zypp", "/var/lib/zypp", "/var/log", "/run", "/etc/zypp"]),
                environment,
            },
        };
        if line.moved().is_some() {
            effects = Effects::opaque();
        } else if matches!(line.verb, Verb::Install | Verb::Change) {
            for operand in &line.local.operands {
                effects.reads = effects.reads.and(NAMES.read_by(operand, command));
            }
        }
        let runs_package_code = matches!(line.verb, Verb::Install | Verb::Change);
        Some(Usage { kind, directory: None, effects, runs_package_code })
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        _: &State,
        _: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(CachePlan::default()) };
        let Some(index) = self.index_use(command) else { return Ok(CachePlan::default()) };
        if let Some(moved) = line.moved() {
            return Err(Refusal::new(format!("{moved} may move the cache of zypper")));
        }
        if line.local.has(&["-d", "--download-only"]) && line.verb == Verb::Install {
            return Err(Refusal::new(
                "--download-only leaves the packages in /var/cache/zypp for a later command",
            ));
        }
        let cache = Cache {
            directory: ImagePath::fixed("/var/cache/zypp"),
            kind: CacheKind::Index(index),
            sharing: Sharing::Locked,
        };
        Ok(CachePlan { caches: vec![cache], edits: Vec::new() })
    }

    fn index_use(&self, command: &Invocation<'_>) -> Option<IndexUse> {
        match Line::read(command)?.verb {
            Verb::Refresh => Some(IndexUse::Fills),
            Verb::Install => Some(IndexUse::Reads),
            Verb::Change | Verb::Query | Verb::Clean => None,
        }
    }

    /// `clean` removes metadata, or all (zypper(8)).
    fn cleans_index(&self) -> bool {
        true
    }

    fn upgrades(&self, command: &Invocation<'_>) -> bool {
        let is_one = |word: &str| matches!(word, "update" | "up" | "patch" | "dist-upgrade" | "dup");
        Line::read(command).is_some_and(|line| line.verb == Verb::Install) && system::says(command, is_one)
    }

    fn is_for_root(&self) -> bool {
        true
    }
}

/// Package files and descriptions of repositories; `obs://` and `https://` are fetched, a `dir:` is a directory.
const NAMES: PackageNames = PackageNames { files: &[".rpm", ".repo"], slash_is_file: true, beginnings: &[] };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn needs(body: &str) -> String {
        testing::needs(&Zypper, &format!("FROM opensuse/leap\nRUN {body}"), &[])
    }

    fn caches(body: &str) -> String {
        testing::caches(&Zypper, &format!("FROM opensuse/leap\nRUN {body}"), &[])
    }

    #[test]
    fn recognises_commands() {
        for body in [
            "zypper --non-interactive install git",
            "zypper -n in -y --no-recommends git",
            "zypper -n -q install -D git",
            "zypper --gpg-auto-import-keys ref -s",
            "zypper ref",
            "zypper -n dup",
            "zypper ar -f https://x/y z",
            "zypper -n rm gcc",
            "zypper se x",
            "zypper -R /x in y",
        ] {
            assert_eq!(needs(body), "packages", "{body}");
        }
        assert_eq!(needs("zypper clean -a"), "clean-cache");
        for body in [
            "zypper",
            "zypper -n",
            "zypper -n shell",
            "zypper --unknown in x",
            "zypper in --unknown x",
            "zypper $X y",
        ] {
            assert_eq!(needs(body), "opaque", "{body}");
        }
    }

    #[test]
    fn metadata_is_an_index() {
        assert_eq!(caches("zypper -n ref"), "/var/cache/zypp index(fills) locked");
        assert_eq!(caches("zypper -n in git"), "/var/cache/zypp index(reads) locked");
        for body in ["zypper clean", "zypper ar x y", "zypper se x"] {
            assert_eq!(caches(body), "", "{body}");
        }
        assert_eq!(caches("zypper -C /x in y"), "refused: -C may move the cache of zypper");
        assert_eq!(caches("zypper in -C y"), "/var/cache/zypp index(reads) locked");
        assert_eq!(
            caches("zypper in -d y"),
            "refused: --download-only leaves the packages in /var/cache/zypp for a later command"
        );
    }

    #[test]
    fn touches_the_system_and_the_files_it_names() {
        let touches = |body: &str, path: &str| {
            testing::touches(&Zypper, &format!("FROM opensuse/leap\nWORKDIR /app\nRUN {body}"), path)
        };
        assert_eq!(touches("zypper in git", "/app"), "");
        assert_eq!(touches("zypper in ./x.rpm", "/app/x.rpm"), "r");
        assert_eq!(touches("zypper in https://x/y.rpm", "/app"), "");
        assert_eq!(touches("zypper ar x.repo", "/app/x.repo"), "r");
        assert_eq!(touches("zypper ref", "/etc/zypp/repos.d"), "rw");
        assert_eq!(touches("zypper -R /app in x", "/app"), "rw");
        assert_eq!(touches("zypper in $X", "/app"), "r");
    }
}
