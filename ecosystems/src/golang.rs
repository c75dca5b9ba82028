//! Go.
//!
//! - **Commands**: `go mod download` and `go mod verify` need the module's manifests only. `go build`, `install`, `test`,
//!   `vet`, `run`, `generate` and `list` read the sources; what they download first, `go mod download` downloads
//!   without them. `go install PACKAGE@VERSION` ignores the module it stands in; `go get PACKAGE` does not.
//! - **Manifests**: `go.mod`, `go.sum`, the `go.mod` of every directory that `replace` names, `go.work` and its members
//!   (Go Modules Reference, "go.mod files", "Workspaces").
//! - **Caches**: the module cache, `$GOMODCACHE` or `$GOPATH/pkg/mod` or `~/go/pkg/mod`, a store: every later command of
//!   go reads it; it holds locks of its own. The build cache, `$GOCACHE` or `~/.cache/go-build`, pure and addressed by
//!   content (`go help cache`; C libraries that cgo links are not part of its keys). The official image has GOPATH=/go
//!   (docker-library/golang, `Dockerfile-linux.template`). Never `$GOPATH` itself: its `bin` is what was installed.
//! - **Not known**: GOPATH mode (`GO111MODULE=off`, Go before 1.11), `go mod tidy` and `vendor`, which read every import,
//!   `go env -w`, which moves caches.
//! - **Refused**: a `vendor` directory, from which a build takes everything; replacements and members that the build
//!   context does not hold; a `go.sum` that `go mod download` would complete, since the copy below it would undo that.

mod manifests;

use dockfix_model::commands::Invocation;
use dockfix_model::effects::{Effects, Names, Paths};
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State, User};

use crate::options::{Grammar, Short, Words};
use crate::system;
use crate::{Cache, CacheKind, CachePlan, Ecosystem, Needs, Refusal, Sharing, Usage, UsageKind, names};

/// The go command.
pub(crate) struct Golang;

/// A command line of go.
struct Line<'c> {
    words: Words<'c>,
    verb: Verb,
    directory: Option<ImagePath>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    /// `mod download`, `mod verify`.
    Download,
    /// `build`, `install`, `vet`, `list`: runs no code of the project.
    Build,
    /// `test`, `run`, `generate`: runs code of the project.
    Run,
    /// `install PACKAGE@VERSION`.
    InstallTool,
    /// `get PACKAGE`.
    Get,
    /// `clean -cache`, `clean -modcache`.
    Clean,
    /// `version`, `env`.
    Show,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        if command.program != "go" {
            return None;
        }
        let mut values = command.arguments.iter().map(|argument| argument.value.as_deref());
        let name = values.next()??;
        let (verb, first) = match name {
            "mod" => match values.next()?? {
                "download" | "verify" => (Verb::Download, 2),
                _ => return None,
            },
            "build" | "vet" | "list" => (Verb::Build, 1),
            "test" | "run" | "generate" => (Verb::Run, 1),
            "install" => (Verb::Build, 1),
            "get" => (Verb::Get, 1),
            "clean" => (Verb::Clean, 1),
            "version" | "env" => (Verb::Show, 1),
            _ => return None,
        };
        let grammar = match (verb, name) {
            (_, "test") => &TEST,
            (Verb::Get, _) => &GET,
            (Verb::Download | Verb::Clean | Verb::Show, _) => &OTHER,
            _ => &BUILD,
        };
        let words = Words::read(command, first, grammar)?;
        let mut line = Self { words, verb, directory: command.directory.clone() };
        if let Some(directory) = line.words.value(&["-C"]) {
            let directory = directory.known()?;
            line.directory = line.directory.map(|from| from.join(directory));
        }
        line.check(name)?;
        Some(line)
    }

    /// Tells tool installations from builds and sorts out what is not known.
    fn check(&mut self, name: &str) -> Option<()> {
        let operands = &self.words.operands;
        let text = |at: usize| String::from_utf8_lossy(operands[at].argument.text);
        let versioned = (0..operands.len()).filter(|&at| text(at).contains('@')).count();
        match self.verb {
            Verb::Download if !operands.is_empty() => return None,
            Verb::Build | Verb::Run if self.words.has(&["-overlay", "-toolexec"]) => return None,
            Verb::Build if name == "install" && versioned > 0 => {
                if versioned < operands.len() {
                    return None;
                }
                self.verb = Verb::InstallTool;
            }
            // `go run PACKAGE@VERSION` builds the package and runs it, with the working directory before it.
            Verb::Run if name == "run" && !operands.is_empty() && text(0).contains('@') => return None,
            Verb::Get => {
                let is_remote = |word: &str| {
                    let host = word.split('/').next().unwrap_or_default();
                    !word.starts_with('.') && host.contains('.')
                };
                if operands.is_empty() || !operands.iter().all(|operand| is_remote(&operand.beginning())) {
                    return None;
                }
            }
            Verb::Clean => {
                let cleans = ["-cache", "-modcache", "-testcache", "-fuzzcache"];
                let known = self.words.options.iter().all(|option| cleans.contains(&option.name));
                if !known || self.words.options.is_empty() || !operands.is_empty() {
                    return None;
                }
            }
            Verb::Show if name == "version" && !operands.is_empty() => return None,
            _ => {}
        }
        Some(())
    }
}

impl Ecosystem for Golang {
    fn name(&self) -> &'static str {
        "go"
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let environment = Environment { command, state };
        if matches!(line.verb, Verb::Download | Verb::Build | Verb::Run) && !environment.uses_modules(&line) {
            return None;
        }
        let kind = match line.verb {
            Verb::Download => UsageKind::Install,
            Verb::Build | Verb::Run => UsageKind::Build,
            Verb::InstallTool | Verb::Get | Verb::Show => UsageKind::Packages,
            Verb::Clean => UsageKind::CleanCache,
        };
        let effects = environment.effects(&line)?;
        let directory = match kind {
            UsageKind::Install | UsageKind::Build => line.directory,
            _ => None,
        };
        Some(Usage { kind, directory, effects, runs_package_code: line.verb == Verb::Run })
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        usage: &Usage,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        match Line::read(command) {
            Some(line) if matches!(usage.kind, UsageKind::Install | UsageKind::Build) => {
                manifests::needs(command, &line, project)
            }
            _ => Ok(Needs::default()),
        }
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        project: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(CachePlan::default()) };
        if matches!(line.verb, Verb::Clean | Verb::Show) {
            return Ok(CachePlan::default());
        }
        let environment = Environment { command, state };
        let vendored = line.verb != Verb::Download
            && project.is_some_and(|project| manifests::is_vendored(&line, project));
        let mut plan = CachePlan::default();
        if !vendored {
            let directory = environment.module_cache()?;
            match environment.user() {
                User::Root => {
                    plan.caches.push(Cache { directory, kind: CacheKind::Store, sharing: Sharing::Shared });
                }
                // A missing $GOPATH/pkg would be root's while the mount is there, and go writes pkg/sumdb in it
                // (cmd/go/internal/cfg, SumdbDir).
                _ if line.verb != Verb::Build => {
                    return Err(Refusal::new(format!(
                        "{directory} is mounted into a directory of root's, where go, run as another user, has to \
                         write pkg/sumdb"
                    )));
                }
                _ => {}
            }
        }
        if line.verb != Verb::Download {
            let directory = environment.build_cache()?;
            // Other programs find ~/.cache made by root where it was missing.
            if line.verb == Verb::Run && *environment.user() != User::Root {
                return Err(Refusal::new(format!(
                    "{directory} is mounted into a directory of root's, where the program that is run may want to write"
                )));
            }
            plan.caches.push(Cache { directory, kind: CacheKind::Pure, sharing: Sharing::Shared });
        }
        Ok(plan)
    }

    fn ignored(&self) -> &'static [&'static str] {
        &[]
    }
}

/// The variables that a command sees.
struct Environment<'e> {
    command: &'e Invocation<'e>,
    state: &'e State,
}

impl Environment<'_> {
    /// The value of a variable, `Some(None)` where it is known to be unset or empty, `None` where nothing is known.
    fn certain(&self, name: &str) -> Option<Option<&str>> {
        let assigned = self.command.assignments.iter().rev().find(|(assigned, _)| assigned == name);
        let value = match assigned {
            Some((_, value)) => Some(value.as_deref()?),
            None => self.state.variables.certain(name)?,
        };
        Some(value.filter(|value| !value.is_empty()))
    }

    /// Whether the Dockerfile or the command sets a variable, or the base image is known to.
    fn is_set(&self, name: &str) -> bool {
        self.state.variables.get(name).is_some()
            || self.command.assignments.iter().any(|(assigned, _)| assigned == name)
    }

    fn user(&self) -> &User {
        self.command.user.as_ref().unwrap_or(&self.state.user)
    }

    fn home(&self) -> Option<ImagePath> {
        match self.certain("HOME") {
            Some(Some(home)) => ImagePath::absolute(home),
            _ if self.command.user.is_some() => None,
            _ => self.state.home(),
        }
    }

    /// The first directory of GOPATH.
    fn gopath(&self) -> Option<ImagePath> {
        match self.certain("GOPATH")? {
            Some(list) => ImagePath::absolute(list.split(':').next()?),
            None => Some(self.home()?.join("go")),
        }
    }

    /// `go help environment`, GOMODCACHE.
    fn module_cache(&self) -> Result<ImagePath, Refusal> {
        let directory = match self.certain("GOMODCACHE") {
            Some(Some(directory)) => ImagePath::absolute(directory),
            Some(None) => self.gopath().map(|gopath| gopath.join("pkg/mod")),
            None => None,
        };
        directory.ok_or_else(|| Refusal::new("GOPATH is not known here, and so neither is the module cache"))
    }

    /// `go help cache`, and os.UserCacheDir.
    fn build_cache(&self) -> Result<ImagePath, Refusal> {
        let directory = match (self.certain("GOCACHE"), self.certain("XDG_CACHE_HOME")) {
            (Some(Some(directory)), _) => ImagePath::absolute(directory),
            (Some(None), Some(Some(cache))) => ImagePath::absolute(cache).map(|cache| cache.join("go-build")),
            (Some(None), Some(None)) => self.home().map(|home| home.join(".cache/go-build")),
            _ => None,
        };
        directory.ok_or_else(|| Refusal::new("GOCACHE is not known here, and so neither is the build cache"))
    }

    /// Whether the command works on modules, with flags that are known. GO111MODULE is `auto` up to Go 1.15: no modules
    /// below GOPATH/src before Go 1.13 (Go 1.13 release notes).
    fn uses_modules(&self, line: &Line<'_>) -> bool {
        let mode = match self.certain("GO111MODULE") {
            Some(mode) => mode,
            // An unknown base image hardly turns modules off; a build argument may.
            None if !self.is_set("GO111MODULE") => None,
            None => return false,
        };
        let version = self.version();
        let in_gopath = || {
            let source = self.gopath().map(|gopath| gopath.join("src"));
            match (&line.directory, source) {
                (Some(directory), Some(source)) => directory.below(&source).is_some(),
                _ => true,
            }
        };
        let old = version.is_some_and(|version| version < (1, 11))
            || version.is_some_and(|version| version < (1, 13)) && mode != Some("on") && in_gopath();
        let flags = match self.certain("GOFLAGS") {
            Some(flags) => flags.unwrap_or_default(),
            None if !self.is_set("GOFLAGS") => "",
            None => return false,
        };
        let moves = ["-modfile", "-overlay", "-toolexec", "-C"];
        let plain_flags = flags.split_ascii_whitespace().all(|flag| {
            let flag = flag.strip_prefix('-').filter(|flag| flag.starts_with('-')).unwrap_or(flag);
            !moves.contains(&flag.split('=').next().unwrap_or(flag))
        });
        let workspace = !self.is_set("GOWORK") || self.certain("GOWORK") == Some(Some("off"));
        mode != Some("off") && !old && plain_flags && workspace
    }

    /// The version of Go by the tag of the official image.
    fn version(&self) -> Option<(u32, u32)> {
        if self.state.base.repository != "golang" {
            return None;
        }
        let mut numbers = self.state.base.tag.split(|ch: char| !ch.is_ascii_digit());
        Some((
            numbers.next()?.parse().ok()?,
            numbers.next().and_then(|minor| minor.parse().ok()).unwrap_or(99),
        ))
    }

    /// `None` where it cannot be told where go writes.
    fn effects(&self, line: &Line<'_>) -> Option<Effects> {
        let network = ["GO*", "GIT_*", "SSH_*", "NETRC", "XDG_*"];
        let build = [&network[..], &["CGO_*", "GCCGO*", "CC", "CXX", "AR", "FC", "PKG_CONFIG*"]].concat();
        if matches!(line.verb, Verb::Build | Verb::Run) {
            let environment = if line.verb == Verb::Run { Names::All } else { names(&build) };
            return Some(Effects { reads: Paths::All, writes: Paths::All, environment });
        }
        let homes = self.home().map_or_else(
            || vec![ImagePath::root().join("/root"), ImagePath::root().join("/home")],
            |home| {
                ["go", ".cache", ".config", ".netrc", ".gitconfig", ".git-credentials", ".ssh"]
                    .iter()
                    .map(|name| home.join(name))
                    .collect()
            },
        );
        let mut written = homes;
        let gopath = self.gopath().unwrap_or_else(|| ImagePath::root().join("/go"));
        if line.verb == Verb::Get {
            written.push(gopath);
        } else {
            written.extend([gopath.join("pkg"), gopath.join("bin")]);
        }
        for name in ["GOMODCACHE", "GOCACHE", "GOBIN", "GOENV", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"] {
            if self.is_set(name) {
                match self.certain(name)? {
                    Some("off") | None => {}
                    Some(directory) => written.push(ImagePath::absolute(directory)?),
                }
            }
        }
        // Since Go 1.21 every command looks for the toolchain that the module or workspace around it asks for, unless
        // it installs a package by version (cmd/go/internal/toolchain, Select).
        let mut around = Vec::new();
        let looks = match line.verb {
            Verb::Get => true,
            Verb::Show => self.certain("GOTOOLCHAIN") != Some(Some("local")),
            _ => false,
        };
        if looks {
            let mut directory = Some(line.directory.clone()?);
            while let Some(at) = directory {
                around.extend(["go.mod", "go.sum", "go.work", "go.work.sum"].map(|name| at.join(name)));
                directory = at.parent();
            }
        }
        let read = ["/etc", "/usr/local/go", "/usr/include", "/usr/share"];
        let mut reads = written.clone();
        reads.extend(around.clone());
        if line.verb == Verb::Get {
            written.extend(around);
        }
        if line.verb == Verb::Show {
            written.clear();
        }
        Some(Effects {
            reads: Paths::Below(reads).and(system::below(&read)).and(system::below(system::PROGRAMS)),
            writes: Paths::Below(written),
            environment: names(if line.verb == Verb::Download { &network } else { &build }),
        })
    }
}

/// `go help build`, `go help list`, `go help run`, `go help generate`.
const BUILD: Grammar = Grammar {
    valued: &[
        "-C",
        "-p",
        "-asmflags",
        "-buildmode",
        "-compiler",
        "-covermode",
        "-coverpkg",
        "-gccgoflags",
        "-gcflags",
        "-installsuffix",
        "-ldflags",
        "-mod",
        "-modfile",
        "-o",
        "-overlay",
        "-pgo",
        "-pkgdir",
        "-tags",
        "-toolexec",
        "-exec",
        "-f",
        "-run",
        "-skip",
        "-vettool",
    ],
    switches: &[
        "-a",
        "-n",
        "-v",
        "-x",
        "-work",
        "-race",
        "-msan",
        "-asan",
        "-cover",
        "-json",
        "-trimpath",
        "-linkshared",
        "-modcacherw",
        "-i",
        "-e",
        "-m",
        "-u",
        "-deps",
        "-test",
        "-find",
        "-export",
        "-compiled",
        "-buildvcs",
    ],
    short: Short::Long,
    ends_at_operand: true,
};

/// `go help test`, `go help testflag`: flags may follow the packages.
const TEST: Grammar = Grammar {
    valued: &[
        "-C",
        "-p",
        "-asmflags",
        "-buildmode",
        "-compiler",
        "-covermode",
        "-coverpkg",
        "-gccgoflags",
        "-gcflags",
        "-installsuffix",
        "-ldflags",
        "-mod",
        "-modfile",
        "-o",
        "-overlay",
        "-pgo",
        "-pkgdir",
        "-tags",
        "-toolexec",
        "-exec",
        "-bench",
        "-benchtime",
        "-blockprofile",
        "-blockprofilerate",
        "-count",
        "-coverprofile",
        "-cpu",
        "-cpuprofile",
        "-fuzz",
        "-fuzzminimizetime",
        "-fuzztime",
        "-list",
        "-memprofile",
        "-memprofilerate",
        "-mutexprofile",
        "-mutexprofilefraction",
        "-outputdir",
        "-parallel",
        "-run",
        "-skip",
        "-shuffle",
        "-timeout",
        "-trace",
        "-vet",
        "-vettool",
    ],
    switches: &[
        "-a",
        "-n",
        "-v",
        "-x",
        "-work",
        "-race",
        "-msan",
        "-asan",
        "-cover",
        "-json",
        "-trimpath",
        "-linkshared",
        "-modcacherw",
        "-i",
        "-c",
        "-failfast",
        "-short",
        "-benchmem",
        "-fullpath",
        "-buildvcs",
    ],
    short: Short::Long,
    ends_at_operand: false,
};

/// `go help get`, and `go help gopath-get` for what went before.
const GET: Grammar = Grammar {
    valued: &["-C", "-p", "-buildmode", "-gcflags", "-ldflags", "-mod", "-tags"],
    switches: &["-a", "-d", "-f", "-fix", "-insecure", "-t", "-tool", "-u", "-v", "-x"],
    short: Short::Long,
    ends_at_operand: true,
};

/// `go help mod download`, `go help mod verify`, `go help clean`, `go help env`.
const OTHER: Grammar = Grammar {
    valued: &["-C", "-modfile"],
    switches: &[
        "-x",
        "-v",
        "-json",
        "-modcacherw",
        "-cache",
        "-modcache",
        "-testcache",
        "-fuzzcache",
        "-changed",
    ],
    short: Short::Long,
    ends_at_operand: true,
};

#[cfg(test)]
mod tests;
