//! What may differ between the two images: the exceptions of the safety contract, each with its reason, in one table.
//!
//! Times are never compared. Everything else that is not here has to be the same.

use dockfix_syntax::view::MountKind;
use dockfix_syntax::{Dockerfile, stages};

/// A kind of files that may differ.
#[derive(Debug)]
pub(super) struct Exception {
    /// Its name in reports.
    pub(super) name: &'static str,
    /// Why these files may differ.
    pub(super) reason: &'static str,
    covers: Covers,
    paths: &'static [At],
}

/// What may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Covers {
    /// What a file holds, but not its name, mode or owner.
    Content,
    /// Everything, also whether there is anything at all.
    Everything,
    /// Everything, if the rewritten file keeps it in a cache mount.
    EverythingMounted,
}

/// Which paths; without a leading slash.
#[derive(Clone, Copy, Debug)]
enum At {
    /// This path and all below it.
    Below(&'static str),
    /// These names in a row anywhere, and all below.
    Within(&'static str),
    /// Paths that end so.
    Ends(&'static str),
    /// Paths that begin so.
    Begins(&'static str),
}
use At::{Begins, Below, Ends, Within};

/// Files of the context that only the new lines of the ignore file keep out. These are found by asking the context.
pub(super) const IGNORED: Exception = Exception {
    name: "ignored-files",
    reason: "the rewritten ignore file keeps them out of the build context",
    covers: Covers::Everything,
    paths: &[],
};

/// Directories that are only there for what lies in them.
pub(super) const PARENTS: Exception = Exception {
    name: "directories-of-exceptions",
    reason: "they hold nothing but what is excepted",
    covers: Covers::Everything,
    paths: &[],
};

/// All exceptions, in the order in which they are tried.
pub(super) const ALL: &[Exception] = &[
    Exception {
        name: "package-caches",
        reason: "downloads that package managers keep; a later build does without them",
        covers: Covers::Everything,
        paths: &[
            Within(".npm"),
            Within(".cache/pip"),
            Within(".cache/pypoetry"),
            Within(".cache/uv"),
            Within(".cache/pipenv"),
            Within(".cache/pdm"),
            Within(".cache/yarn"),
            Within(".cache/node"),
            Within(".cache/pnpm"),
            Within(".cache/go-build"),
            Within(".cache/composer"),
            Within(".cache/coursier"),
            Within(".cache/rebar3"),
            Within(".cache/hex"),
            Within(".yarn/berry/cache"),
            Within(".bun/install/cache"),
            Within(".local/share/pnpm"),
            Within(".local/state/pnpm"),
            Within(".local/share/NuGet"),
            Within(".composer/cache"),
            Within(".hex/packages"),
            Within(".bundle/cache"),
            Below("usr/local/share/.cache/yarn"),
            Below("usr/local/bundle/cache"),
            Below("opt/conda/pkgs"),
            Below("var/cache/apt"),
            Below("var/cache/apk"),
            Below("etc/apk/cache"),
            Below("var/cache/dnf"),
            Below("var/cache/libdnf5"),
            Below("var/cache/yum"),
            Below("var/cache/zypp"),
            Below("var/cache/pacman/pkg"),
        ],
    },
    Exception {
        name: "package-stores",
        reason: "packages that the build reads from a cache mount of the rewritten file, in every step that needs them",
        covers: Covers::EverythingMounted,
        paths: &[
            Below("go/pkg/mod"),
            Within("go/pkg/mod"),
            Below("usr/local/cargo/registry"),
            Below("usr/local/cargo/git"),
            Within(".cargo/registry"),
            Within(".cargo/git"),
            Within(".m2"),
            Within(".gradle"),
            Within(".nuget/packages"),
            Within(".ivy2"),
            Within(".sbt"),
        ],
    },
    Exception {
        name: "package-lists",
        reason: "what the distribution offers is fetched anew with every update",
        covers: Covers::Everything,
        paths: &[Below("var/lib/apt/lists"), Below("lib/apk/db/scripts.tar"), Below("var/lib/dnf/repos")],
    },
    Exception {
        name: "package-logs",
        reason: "package managers write down when they did what",
        covers: Covers::Everything,
        paths: &[
            Below("var/log/apt"),
            Below("var/log/dpkg.log"),
            Below("var/log/alternatives.log"),
            Begins("var/log/dnf"),
            Begins("var/log/yum"),
            Begins("var/log/zypp"),
            Below("var/log/pacman.log"),
            Below("var/log/apk.log"),
        ],
    },
    Exception {
        name: "temporary-files",
        reason: "what Node.js and yarn leave in /tmp: compiled code, and directories whose names are random",
        covers: Covers::Everything,
        paths: &[Begins("tmp/v8-compile-cache"), Begins("tmp/node-compile-cache"), Begins("tmp/yarn--")],
    },
    Exception {
        name: "python-bytecode",
        reason: "it holds the time of the source file",
        covers: Covers::Content,
        paths: &[Ends(".pyc")],
    },
    Exception {
        name: "install-times",
        reason: "uv and pnpm write down when they installed what",
        covers: Covers::Content,
        paths: &[
            Ends(".dist-info/uv_cache.json"),
            // It lists the hash of the file above.
            Ends(".dist-info/RECORD"),
            Ends("node_modules/.modules.yaml"),
            Ends("node_modules/.pnpm-workspace-state.json"),
            Ends("node_modules/.pnpm-workspace-state-v1.json"),
        ],
    },
    Exception {
        name: "lock-files",
        reason: "an install may write its lock file again",
        covers: Covers::Content,
        paths: &[
            Ends("/package-lock.json"),
            Ends("/npm-shrinkwrap.json"),
            Ends("/yarn.lock"),
            Ends("/pnpm-lock.yaml"),
            Ends("/bun.lock"),
            Ends("/bun.lockb"),
            Ends("/poetry.lock"),
            Ends("/uv.lock"),
            Ends("/pdm.lock"),
            Ends("/Pipfile.lock"),
            Ends("/Gemfile.lock"),
            Ends("/composer.lock"),
            Ends("/Cargo.lock"),
            Ends("/packages.lock.json"),
            Ends("/mix.lock"),
        ],
    },
    Exception {
        name: "ldconfig-cache",
        reason: "it holds the times of the libraries",
        covers: Covers::Content,
        paths: &[Below("var/cache/ldconfig/aux-cache")],
    },
];

impl At {
    fn matches(self, path: &str) -> bool {
        let ends_name = |rest: &str| rest.is_empty() || rest.starts_with('/');
        match self {
            Self::Below(directory) => path.strip_prefix(directory).is_some_and(ends_name),
            Self::Within(names) => path.match_indices(names).any(|(at, _)| {
                (at == 0 || path.as_bytes().get(at - 1) == Some(&b'/'))
                    && path.get(at + names.len()..).is_some_and(ends_name)
            }),
            Self::Ends(end) => path.ends_with(end),
            Self::Begins(start) => path.starts_with(start),
        }
    }
}

/// The directories that a Dockerfile keeps in cache mounts, as they are written, without the slash in front.
#[derive(Debug, Default)]
pub(super) struct Mounted(Vec<String>);

impl Mounted {
    pub(super) fn by(dockerfile: &[u8]) -> Self {
        let file = Dockerfile::parse(dockerfile);
        let (_, stages) = stages(&file);
        let instructions = stages.iter().flat_map(|stage| &stage.instructions);
        let mounts = instructions
            .flat_map(|instruction| instruction.mounts())
            .filter(|mount| mount.kind == MountKind::Cache)
            .filter_map(|mount| mount.target().map(|target| target.trim_matches('/').to_owned()));
        Self(mounts.collect())
    }

    fn has(&self, path: &str) -> bool {
        self.0.iter().any(|directory| {
            path.strip_prefix(directory.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

/// The exception for a path, if there is one for what differs there.
pub(super) fn find(path: &str, only_content: bool, mounted: &Mounted) -> Option<&'static Exception> {
    ALL.iter().find(|exception| {
        let covers = match exception.covers {
            Covers::Content => only_content,
            Covers::Everything => true,
            Covers::EverythingMounted => mounted.has(path),
        };
        covers && exception.paths.iter().any(|at| at.matches(path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str, only_content: bool) -> Option<&'static str> {
        let mounted = Mounted::by(
            b"FROM a\nRUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/x go build\n",
        );
        find(path, only_content, &mounted).map(|exception| exception.name)
    }

    #[test]
    fn what_may_differ() {
        assert_eq!(name("home/node/.npm/_cacache/x", false), Some("package-caches"));
        assert_eq!(name("var/cache/apt", false), Some("package-caches"));
        assert_eq!(name("app/__pycache__/a.cpython-311.pyc", true), Some("python-bytecode"));
        assert_eq!(name("go/pkg/mod/a.com/b@v1/c.go", false), Some("package-stores"));
        assert_eq!(name("app/package-lock.json", true), Some("lock-files"));
        assert_eq!(name("tmp/yarn--1795267293891-0.2236105618927544/node", false), Some("temporary-files"));
    }

    #[test]
    fn what_may_not() {
        for path in [
            "app/a.js",
            "app/.npmrc",
            "x/.npm2/a",
            "var/cache/aptitude",
            "root/.m2/settings.xml",
            "x/target/a",
        ] {
            assert_eq!(name(path, true), None, "{path}");
        }
        assert_eq!(name("app/a.pyc", false), None, "another mode, or none at all");
        assert_eq!(name("app/package-lock.json", false), None);
    }
}
