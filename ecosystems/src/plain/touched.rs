//! What a command touches, as it is gathered.

use std::borrow::Cow;
use std::sync::LazyLock;

use dockfix_model::commands::{Argument, Invocation};
use dockfix_model::effects::{Effects, Names, Paths};
use dockfix_model::{ImagePath, State};

use crate::options::{self, Grammar, Operand, Value, Words};
use crate::system;

/// The effects of a command, as they are gathered. Every method that answers `None` means: this cannot be told.
pub(super) struct Touched<'c> {
    /// The command.
    pub(super) command: &'c Invocation<'c>,
    /// What holds at its RUN.
    pub(super) state: &'c State,
    reads: Paths,
    writes: Paths,
    environment: Names,
}

/// Variables that the shell itself and the C library read (dash(1), bash(1), environ(7), ld.so(8)).
const SHELL_VARIABLES: &[&str] = &[
    "IFS",
    "ENV",
    "BASH_ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "CDPATH",
    "POSIXLY_CORRECT",
    "PWD",
    "OLDPWD",
    "MALLOC_*",
    "GLIBC_TUNABLES",
    "LOCPATH",
    "NLSPATH",
];

/// Directories that every image has, or that a missing one would be made like by anybody.
const COMMON_DIRECTORIES: &[&str] = &[
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/include",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/etc",
    "/usr/local/include",
    "/usr/local/lib",
    "/usr/local/sbin",
    "/usr/local/share",
    "/usr/local/src",
    "/usr/sbin",
    "/usr/share",
    "/usr/src",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/lock",
    "/var/log",
    "/var/mail",
    "/var/opt",
    "/var/run",
    "/var/spool",
    "/var/tmp",
];

/// Directories that are links to others in current distributions: each with the one that it is the same as.
const LINKS: &[(&str, &str)] = &[
    ("/bin", "/usr/bin"),
    ("/usr/bin", "/bin"),
    ("/sbin", "/usr/sbin"),
    ("/usr/sbin", "/sbin"),
    ("/lib", "/usr/lib"),
    ("/usr/lib", "/lib"),
    ("/lib32", "/usr/lib32"),
    ("/usr/lib32", "/lib32"),
    ("/lib64", "/usr/lib64"),
    ("/usr/lib64", "/lib64"),
    ("/var/run", "/run"),
    ("/run", "/var/run"),
    ("/var/lock", "/run/lock"),
    ("/run/lock", "/var/lock"),
];

impl<'c> Touched<'c> {
    pub(super) fn new(command: &'c Invocation<'c>, state: &'c State) -> Self {
        static VARIABLES: LazyLock<Vec<&str>> =
            LazyLock::new(|| [crate::COMMON_VARIABLES, SHELL_VARIABLES].concat());
        let environment = Names::Matching(Cow::Borrowed(&VARIABLES));
        Self { command, state, reads: Paths::none(), writes: Paths::none(), environment }
    }

    pub(super) fn effects(self) -> Effects {
        Effects { reads: self.reads, writes: self.writes, environment: self.environment }
    }

    /// The words of the command from its first argument on.
    pub(super) fn words(&self, grammar: &Grammar) -> Option<Words<'c>> {
        Words::read(self.command, 0, grammar)
    }

    /// The file that a word names, or a directory that holds what it may name; see [`options::path_of`].
    pub(super) fn path_of(&self, argument: &Argument<'_>) -> Option<ImagePath> {
        options::path_of(argument, self.command.directory.as_ref())
    }

    /// As [`Self::path_of`], for an operand.
    pub(super) fn operand(&self, operand: &Operand<'_>) -> Option<ImagePath> {
        self.path_of(operand.argument)
    }

    /// As [`Self::path_of`], for the value of an option.
    pub(super) fn value(&self, value: &Value<'_>) -> Option<ImagePath> {
        match value {
            Value::None => None,
            Value::Known(value) | Value::Symbolic(value) => self.path(value),
            Value::Unknown(beginning) => {
                options::directory_in(beginning, false, self.command.directory.as_ref())
            }
        }
    }

    /// The path that a known text names.
    pub(super) fn path(&self, text: &str) -> Option<ImagePath> {
        options::path(text, self.command.directory.as_ref())
    }

    /// It reads `path` and what lies below.
    pub(super) fn reads(&mut self, path: ImagePath) {
        if is_device(&path) {
            if may_be_environ(&path) {
                self.reads_every_variable();
            }
            return;
        }
        add(&mut self.reads, path);
    }

    /// It writes `path` and what lies below; how, depends on what is there.
    pub(super) fn writes(&mut self, path: ImagePath) {
        if is_device(&path) {
            return;
        }
        add(&mut self.reads, path.clone());
        add(&mut self.writes, path);
    }

    /// It writes `path` and makes the directories above it that are missing.
    pub(super) fn makes(&mut self, path: ImagePath) {
        let mut topmost = path;
        while let Some(parent) = topmost.parent() {
            let is_working_directory =
                self.command.directory.as_ref().is_some_and(|directory| directory.below(&parent).is_some());
            if is_working_directory || COMMON_DIRECTORIES.contains(&parent.as_str()) {
                break;
            }
            topmost = parent;
        }
        self.writes(topmost);
    }

    /// It reads these absolute paths.
    pub(super) fn reads_all(&mut self, paths: &[&'static str]) {
        paths.iter().for_each(|path| self.reads(ImagePath::fixed(path)));
    }

    /// It writes these absolute paths.
    pub(super) fn writes_all(&mut self, paths: &[&'static str]) {
        paths.iter().for_each(|path| self.writes(ImagePath::fixed(path)));
    }

    /// It may read any path.
    pub(super) fn reads_anything(&mut self) {
        self.reads = Paths::All;
    }

    /// It reads and writes whatever the installation of a system package may.
    pub(super) fn is_like_an_installation(&mut self) {
        self.writes_all(system::DIRECTORIES);
    }

    /// It is a program of its own, to be found in the search path.
    pub(super) fn is_a_program(&mut self) {
        let before = std::mem::replace(&mut self.reads, Paths::none());
        self.reads = before.and(system::programs());
    }

    /// It reads these variables besides those that every program does.
    pub(super) fn reads_variables(&mut self, patterns: &[&'static str]) {
        let before = std::mem::replace(&mut self.environment, Names::All);
        self.environment = before.and(Names::matching(patterns));
    }

    /// It may read any variable: it shows the whole environment.
    pub(super) fn reads_every_variable(&mut self) {
        self.environment = Names::All;
    }

    /// These names in the user's home directory, or in every place where one may be.
    pub(super) fn at_home(&self, names: &[&str]) -> Vec<ImagePath> {
        let home = if self.command.user.is_some() { None } else { self.state.home() };
        match home {
            Some(home) => names.iter().map(|name| home.join(name)).collect(),
            None => vec![ImagePath::root().join("root"), ImagePath::root().join("home")],
        }
    }
}

/// Devices and the kernel's own files are not part of the image.
fn is_device(path: &ImagePath) -> bool {
    ["/dev", "/proc", "/sys"].iter().any(|directory| below(path, directory).is_some())
}

/// Whether a path is that of a process's environment (proc(5), `/proc/pid/environ`), or of a directory that holds it.
fn may_be_environ(path: &ImagePath) -> bool {
    let Some(rest) = below(path, "/proc") else { return false };
    let mut names = rest.split('/').skip(1);
    match (names.next(), names.last()) {
        (None, _) => true,
        (Some(process), None) => {
            matches!(process, "self" | "thread-self") || process.bytes().all(|byte| byte.is_ascii_digit())
        }
        (Some(_), Some(last)) => matches!(last, "environ" | "task"),
    }
}

/// What follows `directory` in `path`, with its slash.
fn below<'p>(path: &'p ImagePath, directory: &str) -> Option<&'p str> {
    let path = path.as_str();
    // The first letters tell most of them apart.
    if path.as_bytes().get(1) != directory.as_bytes().get(1) {
        return None;
    }
    path.strip_prefix(directory).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn add(paths: &mut Paths, path: ImagePath) {
    let Paths::Below(paths) = paths else { return };
    let paths = paths.to_mut();
    for (directory, same) in LINKS {
        if let Some(rest) = below(&path, directory) {
            paths.extend(ImagePath::absolute(&[same, rest].concat()));
        }
    }
    paths.push(path);
}
