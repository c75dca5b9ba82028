//! What holds at an instruction: working directory, user, shell, variables.

use std::sync::Arc;

use crate::images::{BaseImage, Os};
use crate::path::ImagePath;
use crate::variables::Variables;

/// What holds when an instruction starts.
#[derive(Clone, Debug)]
pub struct State {
    /// The working directory; `None` where it is not known.
    pub workdir: Option<ImagePath>,
    /// The user that RUN runs as.
    pub user: User,
    /// The shell that RUN uses in shell form.
    pub shell: Shell,
    /// ARG and ENV.
    pub variables: Arc<Variables>,
    /// The image at the bottom of the stage's chain of FROMs.
    pub base: Arc<BaseImage>,
}

/// The user that RUN runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// Root, by name, by number or by default.
    Root,
    /// Somebody else, as far as known.
    Other {
        /// The name or number as given.
        name: String,
        /// Numeric user id.
        uid: Option<u32>,
        /// Numeric group id.
        gid: Option<u32>,
        /// Home directory.
        home: Option<String>,
    },
    /// The default of a base image that is not known, or a build argument.
    Unknown,
}

/// The shell of RUN's shell form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// `/bin/sh -c` or another POSIX shell.
    Posix,
    /// bash, zsh or ksh: a POSIX shell with extensions. `pipefail` and other options do not change what commands mean.
    Bash,
    /// sh or bash with an option that may change how commands are read: commands are opaque.
    Strange,
    /// cmd, PowerShell or anything else: commands are opaque.
    Other,
}

impl Shell {
    /// Whether its commands are read.
    #[must_use]
    pub fn is_read(self) -> bool {
        matches!(self, Self::Posix | Self::Bash)
    }
}

impl State {
    pub(crate) fn of_base(base: Arc<BaseImage>) -> Self {
        let facts = base.facts;
        let mut variables = Variables::new(facts.is_none() && !base.is_scratch());
        for (name, value) in facts.map_or(&[][..], |facts| facts.env) {
            variables.set_env(*name, Some((*value).to_owned()), 0);
        }
        let workdir = match facts {
            Some(facts) => ImagePath::absolute(facts.workdir),
            None if base.is_scratch() => Some(ImagePath::root()),
            None => None,
        };
        let user = match facts {
            Some(facts) => base.user(facts.user),
            None if base.is_scratch() => User::Root,
            None => User::Unknown,
        };
        let shell = if base.os() == Os::Windows { Shell::Other } else { Shell::Posix };
        Self { workdir, user, shell, variables: Arc::new(variables), base }
    }

    /// Whether a RUN means the same under both. The lines in which variables were set may differ.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
            || self.workdir == other.workdir
                && self.user == other.user
                && self.shell == other.shell
                && self.base == other.base
                && (Arc::ptr_eq(&self.variables, &other.variables)
                    || self.variables.same_as(&other.variables))
    }

    /// The home directory of the user: HOME where it is set, else what the base image's user list says.
    #[must_use]
    pub fn home(&self) -> Option<ImagePath> {
        match self.variables.certain("HOME") {
            Some(Some(home)) => return ImagePath::absolute(home),
            None if self.variables.get("HOME").is_some() => return None,
            _ => {}
        }
        match &self.user {
            User::Root => Some(ImagePath::fixed("/root")),
            User::Other { home, .. } => home.as_deref().and_then(ImagePath::absolute),
            User::Unknown => None,
        }
    }

    /// Resolves a path of WORKDIR, COPY or a shell word that holds no shell syntax; `None` where a variable of which
    /// nothing is known takes part, or where it cannot be told whether it is absolute.
    #[must_use]
    pub fn path(&self, word: &str, escape: u8) -> Option<ImagePath> {
        let text = self.variables.expand(word, escape)?.text;
        if text.starts_with("${") && !self.variables.expand_defaults(word, escape)?.starts_with('/') {
            return None;
        }
        match ImagePath::absolute(&text) {
            Some(path) => Some(path),
            None => self.workdir.as_ref().map(|workdir| workdir.join(&text)),
        }
    }
}
