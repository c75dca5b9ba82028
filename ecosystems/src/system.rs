//! What the installation of a system package may touch.

use std::borrow::Cow;
use std::sync::LazyLock;

use dockfix_model::ImagePath;
use dockfix_model::commands::Invocation;
use dockfix_model::effects::Paths;

use crate::options::{Operand, path_of};

/// Whether a word of a command is one of those that `is_one` tells.
pub(crate) fn says(command: &Invocation<'_>, is_one: impl Fn(&str) -> bool) -> bool {
    command.arguments.iter().filter_map(|word| word.value.as_deref()).any(is_one)
}

/// How a manager tells the names of packages from files.
pub(crate) struct PackageNames {
    /// What the names of the files that it reads end with: `.rpm`.
    pub(crate) files: &'static [&'static str],
    /// A word with a slash is a file, whatever it ends with.
    pub(crate) slash_is_file: bool,
    /// The characters besides letters and digits with which a name may begin.
    pub(crate) beginnings: &'static [char],
}

impl PackageNames {
    /// What a command that takes packages reads of an operand.
    pub(crate) fn read_by(&self, operand: &Operand<'_>, command: &Invocation<'_>) -> Paths {
        let is_name = match operand.value {
            Some(word) => {
                let is_path = self.slash_is_file && word.contains('/');
                !is_path && !self.files.iter().any(|ending| word.ends_with(ending))
            }
            // `name=$VERSION` is a package whatever the version is.
            None => {
                let beginning = operand.beginning();
                let may_begin = |ch: char| ch.is_ascii_alphanumeric() || self.beginnings.contains(&ch);
                operand.argument.glob.is_none()
                    && !beginning.contains('/')
                    && beginning.starts_with(may_begin)
                    && !self.files.iter().any(|ending| operand.argument.text.ends_with(ending.as_bytes()))
            }
        };
        if is_name { Paths::none() } else { file(operand, command) }
    }
}

/// What a command reads of an operand that names a file, or an address from where to fetch it.
pub(crate) fn file(operand: &Operand<'_>, command: &Invocation<'_>) -> Paths {
    if operand.beginning().contains("://") {
        return Paths::none();
    }
    path_of(operand.argument, command.directory.as_ref()).map_or(Paths::All, |path| Paths::below(vec![path]))
}

/// Whether one of these verbs is among the words of a command, or a word that is only known when it runs.
pub(crate) fn may_be_one_of(command: &Invocation<'_>, verbs: &[&str]) -> bool {
    let mut words = command.arguments.iter().map(|argument| argument.value.as_deref());
    words.any(|word| word.is_none_or(|word| verbs.contains(&word)))
}

/// The directories that packages of a distribution own, by the Filesystem Hierarchy Standard 3.0.
///
/// Below `/opt`, `/srv` and `/usr/src` a package stays in a directory of its own name, while applications like to live
/// in one of theirs (`/usr/src/app`): there the names that packages are known to take stand for the rest. `/home` is the
/// users' and `/usr/local` the administrator's (Debian Policy 9.1.2), but scripts of packages write to the directories
/// of `/usr/local` that are listed. Files in `/tmp` get names of their own.
pub(crate) const DIRECTORIES: &[&str] = &[
    "/bin",
    "/boot",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt/google",
    "/opt/intel",
    "/opt/microsoft",
    "/opt/mssql",
    "/opt/mssql-tools",
    "/opt/mssql-tools18",
    "/opt/nvidia",
    "/opt/rh",
    "/opt/rocm",
    "/opt/ros",
    "/root",
    "/run",
    "/sbin",
    "/srv/ftp",
    "/srv/tftp",
    "/srv/www",
    "/usr/bin",
    "/usr/games",
    "/usr/include",
    "/usr/java",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/libx32",
    "/usr/local/bin",
    "/usr/local/etc",
    "/usr/local/include",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/man",
    "/usr/local/sbin",
    "/usr/local/share",
    "/usr/sbin",
    "/usr/share",
    "/usr/src/googletest",
    "/usr/src/gtest",
    "/usr/src/linux",
    "/var/backups",
    "/var/cache",
    "/var/games",
    "/var/lib",
    "/var/local",
    "/var/lock",
    "/var/log",
    "/var/mail",
    "/var/opt",
    "/var/run",
    "/var/spool",
    "/var/www",
];

/// [`DIRECTORIES`] as paths.
pub(crate) fn directories() -> Paths {
    static PATHS: LazyLock<Vec<ImagePath>> = LazyLock::new(|| fixed(DIRECTORIES));
    Paths::Below(Cow::Borrowed(&PATHS))
}

/// What the installation of a package may write: [`DIRECTORIES`], of root's home only [`IN_ROOT`].
pub(crate) fn written() -> Paths {
    static PATHS: LazyLock<Vec<ImagePath>> = LazyLock::new(|| {
        let root = ImagePath::fixed("/root");
        let paths = DIRECTORIES.iter().chain(IN_ROOT).map(|path| ImagePath::fixed(path));
        paths.filter(|path| *path != root).collect()
    });
    Paths::Below(Cow::Borrowed(&PATHS))
}

/// What scripts of packages, and programs that they run, keep in root's home. Packages ship no files there, which is the
/// administrator's (Filesystem Hierarchy Standard 3.0, "/root"); the stores of other managers are none of theirs.
const IN_ROOT: &[&str] = &[
    "/root/.bash_profile",
    "/root/.bashrc",
    "/root/.cache",
    "/root/.config",
    "/root/.cshrc",
    "/root/.dbus",
    "/root/.dotnet",
    "/root/.fonts",
    "/root/.gconf",
    "/root/.gnupg",
    "/root/.java",
    "/root/.local",
    "/root/.lesshst",
    "/root/.mono",
    "/root/.mysql_history",
    "/root/.pki",
    "/root/.profile",
    "/root/.rnd",
    "/root/.rpmdb",
    "/root/.ssh",
    "/root/.tcshrc",
    "/root/.viminfo",
    "/root/.wget-hsts",
];

/// [`PROGRAMS`] as paths.
pub(crate) fn programs() -> Paths {
    static PATHS: LazyLock<Vec<ImagePath>> = LazyLock::new(|| fixed(PROGRAMS));
    Paths::Below(Cow::Borrowed(&PATHS))
}

/// These absolute paths and everything below them.
pub(crate) fn below(paths: &[&'static str]) -> Paths {
    Paths::below(fixed(paths))
}

fn fixed(paths: &[&'static str]) -> Vec<ImagePath> {
    paths.iter().map(|path| ImagePath::fixed(path)).collect()
}

/// What running any program reads: the program itself in the usual search path, its libraries, the list of users.
pub(crate) const PROGRAMS: &[&str] = &[
    "/bin",
    "/etc/group",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/sbin",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libx32",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/sbin",
    "/usr/sbin",
];
