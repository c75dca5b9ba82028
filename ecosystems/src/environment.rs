//! What a command finds around it: variables, user, home directory.

use dockfix_model::commands::Invocation;
use dockfix_model::effects::Paths;
use dockfix_model::{ImagePath, Origin, State, User};

use crate::Refusal;

/// The environment of a command.
#[derive(Clone, Copy)]
pub(crate) struct Environment<'a> {
    command: &'a Invocation<'a>,
    state: &'a State,
}

/// The value of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting<'a> {
    /// It is not set, as far as the Dockerfile tells, or empty.
    Unset,
    /// It has this value.
    Known(&'a str),
    /// It is set, to what only the build knows.
    Unknown,
}

impl<'a> Environment<'a> {
    /// The environment of `command` in a RUN at which `state` holds.
    pub(crate) fn new(command: &'a Invocation<'a>, state: &'a State) -> Self {
        Self { command, state }
    }

    /// The value of `name`. What an unknown base image may set does not count: a cache that it moves is merely not
    /// mounted.
    pub(crate) fn get(&self, name: &str) -> Setting<'a> {
        let assigned = self.command.assignments.iter().rev().find(|(assigned, _)| assigned == name);
        let value = match (assigned, self.state.variables.get(name)) {
            (Some((_, value)), _) => value.as_deref(),
            (None, None) => Some(""),
            (None, Some(variable)) => match variable.origin {
                Origin::Env => variable.value.as_deref(),
                Origin::Arg => None,
            },
        };
        match value {
            Some("") => Setting::Unset,
            Some(value) if !value.contains("${") => Setting::Known(value),
            _ => Setting::Unknown,
        }
    }

    /// The directory that `name` holds; `None` where it is not set.
    ///
    /// # Errors
    ///
    /// When its value is not known.
    pub(crate) fn path(&self, name: &str) -> Result<Option<ImagePath>, Refusal> {
        match self.get(name) {
            Setting::Unset => Ok(None),
            Setting::Known(path) => self.resolve(path).map(Some),
            Setting::Unknown => Err(Refusal::new(format!(
                "the value of {name} is only known in the build, and it names a directory"
            ))),
        }
    }

    /// `path` seen from the working directory.
    ///
    /// # Errors
    ///
    /// When that is not known.
    pub(crate) fn resolve(&self, path: &str) -> Result<ImagePath, Refusal> {
        ImagePath::absolute(path)
            .or_else(|| Some(self.command.directory.as_ref()?.join(path)))
            .ok_or_else(|| Refusal::new(format!("the directory that {path} is relative to is not known")))
    }

    /// Whether the command runs as root.
    pub(crate) fn is_root(&self) -> bool {
        *self.user() == User::Root
    }

    /// # Errors
    ///
    /// When somebody else than root runs the command, for whom `otherwise` tells why that matters, or it is not known who.
    pub(crate) fn check_root(&self, otherwise: impl FnOnce() -> String) -> Result<(), Refusal> {
        match self.user() {
            User::Root => Ok(()),
            User::Other { .. } => Err(Refusal::new(otherwise())),
            User::Unknown => Err(Refusal::new("the user that the base image sets is not known")),
        }
    }

    /// Who runs the command.
    pub(crate) fn user(&self) -> &'a User {
        self.command.user.as_ref().unwrap_or(&self.state.user)
    }

    /// The home directory: HOME, or else what the list of users says.
    ///
    /// # Errors
    ///
    /// When it is not known.
    pub(crate) fn home(&self) -> Result<ImagePath, Refusal> {
        if self.command.user.as_ref().is_some_and(|user| *user != self.state.user) {
            return Err(Refusal::new(
                "it runs as another user than the RUN itself, so the cache directory is not known",
            ));
        }
        if let Some(home) = self.path("HOME")? {
            return Ok(home);
        }
        self.state.home().ok_or_else(|| self.homeless())
    }

    /// The home directory in the list of users: what Java calls `user.home`, whatever HOME says.
    ///
    /// # Errors
    ///
    /// When it is not known.
    pub(crate) fn listed_home(&self) -> Result<ImagePath, Refusal> {
        let home = match self.user() {
            User::Root => Some(ImagePath::fixed("/root")),
            User::Other { home, .. } => home.as_deref().and_then(ImagePath::absolute),
            User::Unknown => None,
        };
        home.ok_or_else(|| self.homeless())
    }

    fn homeless(&self) -> Refusal {
        match self.user() {
            User::Other { name, .. } => Refusal::new(format!(
                "the home directory of user {name} is not known, so its cache is not either"
            )),
            _ => Refusal::new("it is not known which user runs it, so the cache directory is not either"),
        }
    }

    /// These names in every home directory that the command may take for its own.
    pub(crate) fn below_home(&self, names: &[&str]) -> Paths {
        let mut homes: Vec<_> = [self.home(), self.listed_home()].into_iter().flatten().collect();
        homes.dedup();
        let mut paths: Vec<_> =
            homes.iter().flat_map(|home| names.iter().map(|name| home.join(name))).collect();
        if homes.is_empty() {
            paths.extend(names.iter().map(|name| ImagePath::root().join("root").join(name)));
            paths.push(ImagePath::root().join("home"));
        }
        Paths::below(paths)
    }
}
