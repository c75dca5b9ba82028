//! pacman: Arch Linux.
//!
//! - **Commands**: `-S` installs, `-y` in it fetches the databases, which belong to the image's state
//!   (`/var/lib/pacman/sync`); `-U` installs files; `-R`, `-Q`, `-D`, `-T`, `-F` need no cache.
//! - **Manifests**: none. A package file on the command line is read like any other file.
//! - **Caches**: `/var/cache/pacman/pkg`, pure: packages are kept there by default, under names with their versions, and
//!   checked against their signatures (pacman.conf(5)). Locked, since downloads have no lock of their own.
//! - **Refused**: another root, configuration or cache directory; `-Sw`, which leaves packages for a later command.
//!
//! Sources: pacman(8), pacman.conf(5).

use dockfix_model::commands::Invocation;
use dockfix_model::effects::Effects;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};

use crate::options::{Grammar, Table, Words};
use crate::system::{self, PackageNames};
use crate::{Cache, CacheKind, CachePlan, Ecosystem, IndexUse, Refusal, Sharing, Usage, UsageKind, names};

/// pacman.
pub(crate) struct Pacman;

/// pacman(8).
static GRAMMAR: Grammar = Grammar::gnu(
    &[
        "-b --dbpath -r --root --arch --cachedir --color --config --gpgdir --hookdir --logfile --sysroot --assume-installed \
       --print-format --ignore --ignoregroup --overwrite",
    ],
    &[
        "-S --sync -R --remove -U --upgrade -Q --query -D --database -T --deptest -F --files -V --version -y --refresh -u \
       --sysupgrade -w --downloadonly -c --clean -q --quiet -s --search -i --info -l --list -g --groups -p --print -n \
       --nosave -d --nodeps -k --check -o --owns -m --foreign -t --unneeded --needed --noconfirm --confirm \
       --noprogressbar --noscriptlet --asdeps --asexplicit --dbonly --disable-download-timeout --debug -v --verbose \
       --recursive --cascade --disable-sandbox",
    ],
)
.kept_in(&OPTIONS);
static OPTIONS: Table = Table::new();

struct Line<'c> {
    words: Words<'c>,
    verb: Verb,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    /// `-S` and `-U`.
    Install,
    /// `-Sy` alone.
    Refresh,
    Remove,
    Query,
    Clean,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        if command.program != "pacman" {
            return None;
        }
        let words = Words::read(command, 0, &GRAMMAR)?;
        let has = |names: &[&str]| words.has(names);
        let verb = if has(&["-S", "--sync"]) {
            if has(&["-c", "--clean"]) {
                Verb::Clean
            } else if has(&[
                "-s", "--search", "-i", "--info", "-l", "--list", "-g", "--groups", "-p", "--print",
            ]) {
                Verb::Query
            } else if words.operands.is_empty() && !has(&["-u", "--sysupgrade"]) {
                has(&["-y", "--refresh"]).then_some(Verb::Refresh)?
            } else {
                Verb::Install
            }
        } else if has(&["-U", "--upgrade"]) {
            Verb::Install
        } else if has(&["-R", "--remove", "-D", "--database"]) {
            Verb::Remove
        } else if has(&["-Q", "--query", "-T", "--deptest", "-V", "--version"]) {
            Verb::Query
        } else {
            return None;
        };
        Some(Self { words, verb })
    }

    fn moved(&self) -> Option<&'static str> {
        let moves = [
            "-b",
            "--dbpath",
            "-r",
            "--root",
            "--cachedir",
            "--config",
            "--sysroot",
            "--gpgdir",
            "--hookdir",
        ];
        self.words.options.iter().map(|option| option.name).find(|name| moves.contains(name))
    }
}

impl Ecosystem for Pacman {
    fn name(&self) -> &'static str {
        "pacman"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["pacman"]
    }

    fn recognise(&self, command: &Invocation<'_>, _: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let kind = if line.verb == Verb::Clean { UsageKind::CleanCache } else { UsageKind::Packages };
        let environment =
            names(&["PACMAN*", "TERM", "COLUMNS", "SHELL", "SYSTEMD_*", "PYTHON*", "JAVA_*", "GNUPGHOME"]);
        let mut effects = match line.verb {
            Verb::Install | Verb::Remove => {
                Effects { reads: system::directories(), writes: system::written(), environment }
            }
            Verb::Refresh | Verb::Query | Verb::Clean => Effects {
                reads: system::below(&["/etc", "/usr/share", "/var/cache", "/var/lib"])
                    .and(system::programs()),
                writes: system::below(&["/var/cache/pacman", "/var/lib/pacman", "/var/log"]),
                environment,
            },
        };
        if line.moved().is_some() {
            effects = Effects::opaque();
        } else if line.verb == Verb::Install {
            let from_files = line.words.has(&["-U", "--upgrade"]);
            for operand in &line.words.operands {
                let read =
                    if from_files { system::file(operand, command) } else { NAMES.read_by(operand, command) };
                effects.reads = effects.reads.and(read);
            }
        }
        let runs_package_code = matches!(line.verb, Verb::Install | Verb::Remove);
        Some(Usage { kind, directory: None, effects, runs_package_code })
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        _: &State,
        _: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let Some(line) = Line::read(command).filter(|line| line.verb == Verb::Install) else {
            return Ok(CachePlan::default());
        };
        if let Some(moved) = line.moved() {
            return Err(Refusal::new(format!("{moved} may move the cache of pacman")));
        }
        if line.words.has(&["-w", "--downloadonly"]) {
            return Err(Refusal::new("-Sw leaves the packages in /var/cache/pacman/pkg for a later command"));
        }
        let cache = Cache {
            directory: ImagePath::fixed("/var/cache/pacman/pkg"),
            kind: CacheKind::Pure,
            sharing: Sharing::Locked,
        };
        Ok(CachePlan { caches: vec![cache], edits: Vec::new() })
    }

    fn index_use(&self, command: &Invocation<'_>) -> Option<IndexUse> {
        let line = Line::read(command)?;
        match line.verb {
            Verb::Refresh => Some(IndexUse::Fills),
            Verb::Install if line.words.has(&["-y", "--refresh"]) => Some(IndexUse::Fills),
            Verb::Install if line.words.has(&["-U", "--upgrade"]) => None,
            Verb::Install => Some(IndexUse::Reads),
            Verb::Remove | Verb::Query | Verb::Clean => None,
        }
    }

    fn installs(&self, command: &Invocation<'_>) -> bool {
        let is_from_index = |line: Line<'_>| line.words.has(&["-S", "--sync"]) && line.verb == Verb::Install;
        Line::read(command).is_some_and(is_from_index)
    }

    fn upgrades(&self, command: &Invocation<'_>) -> bool {
        let is_system =
            |line: Line<'_>| line.words.has(&["-S", "--sync"]) && line.words.has(&["-u", "--sysupgrade"]);
        Line::read(command).is_some_and(is_system)
    }

    fn is_for_root(&self) -> bool {
        true
    }
}

/// `-S` takes names alone, `repository/package` among them.
const NAMES: PackageNames = PackageNames { files: &[], slash_is_file: false, beginnings: &[] };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn needs(body: &str) -> String {
        testing::needs(&Pacman, &format!("FROM archlinux\nRUN {body}"), &[])
    }

    fn caches(body: &str) -> String {
        testing::caches(&Pacman, &format!("FROM archlinux\nRUN {body}"), &[])
    }

    #[test]
    fn recognises_commands() {
        for body in [
            "pacman -Syu --noconfirm git",
            "pacman --noconfirm --needed -Syuq",
            "pacman --sync --noconfirm --noprogressbar core/git",
            "pacman -Syy",
            "pacman -U --noconfirm https://x/y.pkg.tar.zst",
            "pacman -Rns --noconfirm gcc",
            "pacman -Qdtq",
            "pacman -D --asdeps x",
            "pacman -Ss x",
        ] {
            assert_eq!(needs(body), "packages", "{body}");
        }
        for body in ["pacman -Scc --noconfirm", "pacman -Sccq", "pacman -S --clean"] {
            assert_eq!(needs(body), "clean-cache", "{body}");
        }
        for body in [
            "pacman",
            "pacman -S",
            "pacman git",
            "pacman -S --unknown x",
            "pacman $X y",
            "pacman-key --init",
            "yay -S x",
        ] {
            assert_eq!(needs(body), "opaque", "{body}");
        }
    }

    #[test]
    fn packages_stay_in_the_cache() {
        for body in ["pacman -Syu --noconfirm git", "pacman -S git", "pacman -Syu", "pacman -U https://x/y"] {
            assert_eq!(caches(body), "/var/cache/pacman/pkg pure locked", "{body}");
        }
        for body in ["pacman -Scc", "pacman -Rs x", "pacman -Sy", "pacman -Q"] {
            assert_eq!(caches(body), "", "{body}");
        }
        assert_eq!(caches("pacman -S --cachedir /x y"), "refused: --cachedir may move the cache of pacman");
        assert_eq!(caches("pacman -r /x -S y"), "refused: -r may move the cache of pacman");
        assert_eq!(
            caches("pacman -Syw y"),
            "refused: -Sw leaves the packages in /var/cache/pacman/pkg for a later command"
        );
    }

    #[test]
    fn touches_the_system_and_the_files_it_names() {
        let touches = |body: &str, path: &str| {
            testing::touches(&Pacman, &format!("FROM archlinux\nWORKDIR /app\nRUN {body}"), path)
        };
        assert_eq!(touches("pacman -S git core/x y-$V", "/app"), "");
        assert_eq!(touches("pacman -S $X", "/app"), "r");
        assert_eq!(touches("pacman -U x.pkg.tar.zst", "/app/x.pkg.tar.zst"), "r");
        assert_eq!(touches("pacman -U ./pkg/*.zst", "/app/pkg"), "r");
        assert_eq!(touches("pacman -U https://x/y", "/app"), "");
        assert_eq!(touches("pacman -Sy", "/etc/pacman.conf"), "r");
        assert_eq!(touches("pacman -r /app -S x", "/app"), "rw");
    }
}
