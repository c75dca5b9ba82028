//! What the environment makes of a command of go: where it keeps things, and what it reads and writes.

use dockfix_model::commands::Invocation;
use dockfix_model::effects::{Effects, Names, Paths};
use dockfix_model::{ImagePath, State, User};

use super::{Line, Verb};
use crate::{Refusal, names, system};

/// The variables that a command sees.
pub(super) struct Environment<'e> {
    pub(super) command: &'e Invocation<'e>,
    pub(super) state: &'e State,
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

    pub(super) fn user(&self) -> &User {
        self.command.user.as_ref().unwrap_or(&self.state.user)
    }

    fn home(&self) -> Option<ImagePath> {
        match self.certain("HOME") {
            Some(Some(home)) => ImagePath::absolute(home),
            _ if self.command.user.is_some() => None,
            _ => self.state.home(),
        }
    }

    /// Whether nothing may be downloaded.
    pub(super) fn is_offline(&self) -> bool {
        self.certain("GOPROXY") == Some(Some("off"))
    }

    /// The first directory of GOPATH.
    fn gopath(&self) -> Option<ImagePath> {
        match self.certain("GOPATH")? {
            Some(list) => ImagePath::absolute(list.split(':').next()?),
            None => Some(self.home()?.join("go")),
        }
    }

    /// `go help environment`, GOMODCACHE.
    pub(super) fn module_cache(&self) -> Result<ImagePath, Refusal> {
        let directory = match self.certain("GOMODCACHE") {
            Some(Some(directory)) => ImagePath::absolute(directory),
            Some(None) => self.gopath().map(|gopath| gopath.join("pkg/mod")),
            None => None,
        };
        directory.ok_or_else(|| Refusal::new("GOPATH is not known here, and so neither is the module cache"))
    }

    /// `go help cache`, and os.UserCacheDir.
    pub(super) fn build_cache(&self) -> Result<ImagePath, Refusal> {
        let directory = match (self.certain("GOCACHE"), self.certain("XDG_CACHE_HOME")) {
            (Some(Some(directory)), _) => ImagePath::absolute(directory),
            (Some(None), Some(Some(cache))) => ImagePath::absolute(cache).map(|cache| cache.join("go-build")),
            (Some(None), Some(None)) => self.home().map(|home| home.join(".cache/go-build")),
            _ => None,
        };
        directory.ok_or_else(|| Refusal::new("GOCACHE is not known here, and so neither is the build cache"))
    }

    /// Checks that the command works on modules, with flags that are known. GO111MODULE is `auto` up to Go 1.15: no modules
    /// below GOPATH/src before Go 1.13 (Go 1.13 release notes).
    ///
    /// # Errors
    /// It does not, or cannot be told to: the reason.
    pub(super) fn check_modules(&self, line: &Line<'_>) -> Result<(), String> {
        let mode = match self.certain("GO111MODULE") {
            Some(mode) => mode,
            // An unknown base image hardly turns modules off; a build argument may.
            None if !self.is_set("GO111MODULE") => None,
            None => return Err("what GO111MODULE is set to is not known".to_owned()),
        };
        if mode == Some("off") {
            return Err("GO111MODULE=off turns modules off".to_owned());
        }
        let version = self.version();
        if let Some((major, minor)) = version.filter(|version| *version < (1, 11)) {
            return Err(format!("Go {major}.{minor} has no modules"));
        }
        let in_gopath = || {
            let source = self.gopath().map(|gopath| gopath.join("src"));
            match (&line.directory, source) {
                (Some(directory), Some(source)) => directory.below(&source).is_some(),
                // Wherever GOPATH is, there is a `src` in it.
                (Some(directory), None) => directory.as_str().split('/').any(|name| name == "src"),
                (None, _) => version.is_some(),
            }
        };
        // Where the version is not known, it may be one that would not download modules there.
        if version.is_none_or(|version| version < (1, 13)) && mode != Some("on") && in_gopath() {
            let place = line.directory.as_ref().map_or_else(|| "there".to_owned(), |at| format!("in {at}"));
            return Err(match version {
                Some((major, minor)) => {
                    format!(
                        "Go {major}.{minor} uses no modules {place}, in GOPATH, unless GO111MODULE=on says so"
                    )
                }
                None => format!(
                    "which Go the base image has is not known, and before 1.13 it uses no modules {place} if that lies in GOPATH"
                ),
            });
        }
        let flags = match self.certain("GOFLAGS") {
            Some(flags) => flags.unwrap_or_default(),
            None if !self.is_set("GOFLAGS") => "",
            None => return Err("what GOFLAGS is set to is not known".to_owned()),
        };
        let moves = ["-modfile", "-overlay", "-toolexec", "-C"];
        let name = |flag: &str| {
            let flag = flag.strip_prefix('-').filter(|flag| flag.starts_with('-')).unwrap_or(flag);
            flag.split('=').next().unwrap_or(flag).to_owned()
        };
        if let Some(flag) =
            flags.split_ascii_whitespace().map(name).find(|flag| moves.contains(&flag.as_str()))
        {
            return Err(format!("what {flag} in GOFLAGS changes is not known"));
        }
        if line.tidies()
            && let Some(mode) = self.mode(line).filter(|mode| *mode != "mod")
        {
            return Err(format!("GOFLAGS has -mod={mode}, with which go.mod would not be put right"));
        }
        if self.is_set("GOWORK") && self.certain("GOWORK") != Some(Some("off")) {
            return Err("which workspace GOWORK names is not known".to_owned());
        }
        Ok(())
    }

    /// The value of `-mod`, by the command's own flag or by GOFLAGS, whose flags come first and may have two dashes
    /// (`go help environment`, GOFLAGS).
    pub(super) fn mode<'m>(&'m self, line: &'m Line<'_>) -> Option<&'m str> {
        if let Some(mode) = line.words.value(&["-mod"]) {
            return mode.known();
        }
        let flags = self.certain("GOFLAGS")??.split_ascii_whitespace();
        flags.filter_map(|flag| flag.trim_start_matches('-').strip_prefix("mod=")).next_back()
    }

    /// The version of Go by the tag of the official image, where the tag tells.
    pub(super) fn version(&self) -> Option<(u32, u32)> {
        if self.state.base.repository != "golang" {
            return None;
        }
        // These have moved on with every release so far.
        let moving = ["latest", "alpine", "trixie", "bookworm", "bullseye"];
        if moving.iter().any(|tag| self.state.base.tag.starts_with(tag)) {
            return Some((1, 99));
        }
        let mut numbers = self.state.base.tag.split(|ch: char| !ch.is_ascii_digit());
        Some((
            numbers.next()?.parse().ok()?,
            numbers.next().and_then(|minor| minor.parse().ok()).unwrap_or(99),
        ))
    }

    /// The file of `go env -w` (`go help environment`, GOENV).
    fn settings(&self) -> Option<ImagePath> {
        match (self.certain("GOENV")?, self.certain("XDG_CONFIG_HOME")?) {
            (Some(file), _) => ImagePath::absolute(file),
            (None, Some(directory)) => Some(ImagePath::absolute(directory)?.join("go/env")),
            (None, None) => Some(self.home()?.join(".config/go/env")),
        }
    }

    /// `None` where it cannot be told where go writes.
    pub(super) fn effects(&self, line: &Line<'_>) -> Option<Effects> {
        let network = ["GO*", crate::GIT_VARIABLES, crate::GIT_CREDENTIALS, "SSH_*", "NETRC", "XDG_*"];
        let build = [&network[..], &["CGO_*", "GCCGO*", "CC", "CXX", "AR", "FC", "PKG_CONFIG*"]].concat();
        if matches!(line.verb, Verb::Build | Verb::Run) || line.tidies() {
            let environment = if line.verb == Verb::Run { Names::All } else { names(&build) };
            return Some(Effects { reads: Paths::All, writes: Paths::All, environment });
        }
        let homes = self.home().map_or_else(
            || vec![ImagePath::fixed("/root"), ImagePath::fixed("/home")],
            |home| {
                ["go", ".cache", ".config", ".netrc", ".gitconfig", ".git-credentials", ".ssh"]
                    .iter()
                    .map(|name| home.join(name))
                    .collect()
            },
        );
        let mut written = homes;
        let gopath = self.gopath().unwrap_or_else(|| ImagePath::fixed("/go"));
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
            Verb::Show | Verb::Configure => self.certain("GOTOOLCHAIN") != Some(Some("local")),
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
        } else if line.verb == Verb::Configure {
            written = vec![self.settings()?];
        }
        Some(Effects {
            reads: Paths::below(reads).and(system::below(&read)).and(system::programs()),
            writes: Paths::below(written),
            environment: names(if line.verb == Verb::Download { &network } else { &build }),
        })
    }
}
