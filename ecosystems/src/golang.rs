//! Go.
//!
//! - **Commands**: `go mod download` and `go mod verify` need the module's manifests only. `go build`, `install`, `test`,
//!   `vet`, `run`, `generate` and `list` read the sources; what they download first, `go mod download` downloads
//!   without them, and so it does for `go mod tidy` and `go get ./...`, which put go.mod and go.sum right by the sources:
//!   `go mod download` takes a go.mod that lacks requirements, has too old ones or a branch for a version, and one that asks for
//!   a later go (tried with 1.19 and 1.27), but none that asks for what cannot be had, so go.sum must list all. `go install
//!   PACKAGE@VERSION` ignores the module it stands in; `go get PACKAGE` does not.
//! - **Manifests**: `go.mod`, `go.sum`, the `go.mod` of every directory that `replace` names, `go.work` and its members
//!   (Go Modules Reference, "go.mod files", "Workspaces").
//! - **Caches**: the module cache, `$GOMODCACHE` or `$GOPATH/pkg/mod` or `~/go/pkg/mod`, a store: every later command of
//!   go reads it; it holds locks of its own. The build cache, `$GOCACHE` or `~/.cache/go-build`, pure and addressed by
//!   content, since Go 1.10 (`go help cache`; C libraries that cgo links are not part of its keys). The official image has GOPATH=/go
//!   (docker-library/golang, `Dockerfile-linux.template`). Never `$GOPATH` itself: its `bin` is what was installed.
//! - **Not known**: GOPATH mode (`GO111MODULE=off`, Go before 1.11), `go mod vendor`, `go get -u ./...`, `go env -w` of what
//!   moves caches.
//! - **Refused**: a `vendor` directory, from which a build takes everything, or `-mod=vendor`, by GOFLAGS too; replacements and members that the build
//!   context does not hold; a `go.sum` that `go mod download` would complete, since the copy below it would undo that.

mod environment;
mod flags;
mod manifests;

use dockfix_model::commands::Invocation;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State, User};

use self::environment::Environment;
use crate::options::{self, Words};
use crate::{
    Cache, CacheKind, CachePlan, Ecosystem, Needs, Refusal, SettingsFiles, Sharing, Usage, UsageKind,
};

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
    /// `get`, `get ./...`: puts go.mod and go.sum right, and compiles before Go 1.18.
    GetOwn,
    /// `mod tidy`.
    Tidy,
    /// `clean -cache`, `clean -modcache`.
    Clean,
    /// `version`, `env`.
    Show,
    /// `env -w NAME=VALUE`, which changes the defaults of later commands.
    Configure,
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
                "tidy" => (Verb::Tidy, 2),
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
            (_, "test") => &flags::TEST,
            (Verb::Get, _) => &flags::GET,
            (Verb::Tidy, _) => &flags::TIDY,
            (Verb::Download | Verb::Clean | Verb::Show, _) => &flags::OTHER,
            _ => &flags::BUILD,
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

    /// Whether it works on the module around it, and on nothing else.
    fn works_on_module(&self) -> bool {
        matches!(self.verb, Verb::Download | Verb::Build | Verb::Run | Verb::GetOwn | Verb::Tidy)
    }

    /// Whether it puts go.mod and go.sum right by what the sources import.
    fn tidies(&self) -> bool {
        matches!(self.verb, Verb::GetOwn | Verb::Tidy)
    }

    /// Tells tool installations from builds and sorts out what is not known.
    fn check(&mut self, name: &str) -> Option<()> {
        let operands = &self.words.operands;
        let text = |at: usize| String::from_utf8_lossy(operands[at].argument.text);
        let versioned = (0..operands.len()).filter(|&at| text(at).contains('@')).count();
        match self.verb {
            Verb::Download | Verb::Tidy if !operands.is_empty() => return None,
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
                let is_own = |word: &str| {
                    let is_path = matches!(word.split('/').next(), Some("." | ".."));
                    is_path && !word.contains('@')
                };
                let is_plain =
                    self.words.options.iter().all(|option| matches!(option.name, "-C" | "-d" | "-v" | "-x"));
                if is_plain && operands.iter().all(|operand| operand.value.is_some_and(is_own)) {
                    self.verb = Verb::GetOwn;
                    return Some(());
                }
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
            Verb::Show if self.words.has(&["-w"]) => {
                if operands.is_empty() || !operands.iter().all(|operand| is_setting(&operand.beginning())) {
                    return None;
                }
                self.verb = Verb::Configure;
            }
            _ => {}
        }
        Some(())
    }
}

/// Whether an operand of `go env -w` sets where and what go downloads or builds for. Others move the caches or change what
/// a module is.
fn is_setting(word: &str) -> bool {
    const SETTINGS: [&str; 16] = [
        "GOPROXY",
        "GOPRIVATE",
        "GONOPROXY",
        "GOSUMDB",
        "GONOSUMDB",
        "GONOSUMCHECK",
        "GOINSECURE",
        "GOVCS",
        "GOAUTH",
        "GOTOOLCHAIN",
        "GOOS",
        "GOARCH",
        "GOARM",
        "GOAMD64",
        "CGO_ENABLED",
        "GOTELEMETRY",
    ];
    word.split_once('=').is_some_and(|(name, _)| SETTINGS.contains(&name))
}

impl Ecosystem for Golang {
    fn name(&self) -> &'static str {
        "go"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["go"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["get", "install", "build", "mod download", "mod tidy", "mod vendor"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let environment = Environment { command, state };
        if line.works_on_module() && environment.check_modules(&line).is_err() {
            return None;
        }
        let kind = match line.verb {
            Verb::Download => UsageKind::Install,
            Verb::Build | Verb::Run | Verb::GetOwn | Verb::Tidy => UsageKind::Build,
            Verb::InstallTool | Verb::Get => UsageKind::Packages,
            Verb::Show | Verb::Configure => UsageKind::Settings,
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
        state: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        match Line::read(command) {
            Some(line) if matches!(usage.kind, UsageKind::Install | UsageKind::Build) => {
                let environment = Environment { command, state };
                manifests::needs(command, &line, environment.mode(&line), project)
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
        if matches!(line.verb, Verb::Clean | Verb::Show | Verb::Configure) {
            return Ok(CachePlan::default());
        }
        let environment = Environment { command, state };
        if environment.is_offline() {
            return Err(Refusal::new("GOPROXY=off relies on what an earlier step downloaded"));
        }
        let vendored = matches!(line.verb, Verb::Build | Verb::Run)
            && project.is_some_and(|project| manifests::is_vendored(&line, project));
        let mut plan = CachePlan::default();
        let is_since = |minor| environment.version().is_none_or(|version| version >= (1, minor));
        if !vendored && is_since(11) {
            let directory = environment.module_cache()?;
            match environment.user() {
                User::Root => {
                    plan.caches.push(Cache { directory, kind: CacheKind::Store, sharing: Sharing::Shared });
                }
                User::Unknown => return Err(Refusal::new("the user that the base image sets is not known")),
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
        let compiles = match line.verb {
            Verb::Download | Verb::Tidy => false,
            Verb::Get => !line.words.has(&["-d"]),
            // Go 1.18 release notes, "go get".
            Verb::GetOwn => {
                !line.words.has(&["-d"]) && environment.version().is_none_or(|version| version < (1, 18))
            }
            _ => true,
        };
        if compiles && is_since(10) {
            let directory = environment.build_cache()?;
            // Other programs find ~/.cache made by root where it was missing.
            if line.verb == Verb::Run && *environment.user() != User::Root {
                return Err(Refusal::new(format!(
                    "{directory} is mounted into a directory of root's, where the program that is run may want to write"
                )));
            }
            plan.caches.push(Cache { directory, kind: CacheKind::Compiled, sharing: Sharing::Shared });
        }
        Ok(plan)
    }

    fn unread_because(&self, command: &Invocation<'_>, state: &State) -> Option<String> {
        let line = Line::read(command).filter(Line::works_on_module)?;
        Environment { command, state }.check_modules(&line).err()
    }

    fn configured_by(&self) -> &'static [&'static str] {
        &["go"]
    }

    fn is_moved_by(&self, command: &Invocation<'_>) -> bool {
        let vendors = |word: &str| word.starts_with("GOFLAGS=") && word.contains("-mod");
        command.has("-w")
            && (options::writes_setting(command, &["env"], &["GOMODCACHE", "GOCACHE", "GOPATH"])
                || command.arguments.iter().filter_map(|word| word.value.as_deref()).any(vendors))
    }

    /// `go help environment`, GOENV.
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles {
            home: &[".config/go/env"],
            system: &["/usr/local/go/go.env"],
            project: &[],
            follows_project: false,
            keys: &["GOMODCACHE", "GOCACHE", "GOPATH", "GOFLAGS"],
        }
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["go.mod"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["go.sum"]
    }
}

#[cfg(test)]
mod tests;
