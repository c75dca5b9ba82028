//! Commands that belong to no package manager and whose words tell what they read and write.
//!
//! What is known of each is in the manual pages of coreutils, busybox, GNU tar, sed and findutils, curl, wget, shadow,
//! Debian's adduser and apache2, and gpg. Everything else is opaque: programs that run other programs or scripts (`make`,
//! `sh`, `python`), programs that look for a project upwards from the working directory (`git`, `npm`), and every
//! known program with an option that is not known.

mod archives;
mod configure;
mod edit;
mod files;
mod interpreters;
mod network;
mod touched;
mod users;

use dockfix_model::State;
use dockfix_model::commands::{Argument, Invocation};
use dockfix_model::effects::{Effects, Names};

use touched::Touched;

pub use users::NewUser;

/// What `command` reads and writes, redirections and the substitutions in its words included; `None` where that cannot be told
/// from its words.
///
/// A word that ends in something only the shell knows stands for the directory in front of it. The effects are those of
/// the command alone, not of others in its pipeline.
#[must_use]
pub fn effects(command: &Invocation<'_>, state: &State) -> Option<Effects> {
    let own = own_effects(command, state)?;
    if command.substituted.is_empty() { Some(own) } else { Some(own.and(of_substituted(command, state)?)) }
}

/// The effects of the commands whose output is put into the words of `command`; `None` where one of them is not known.
#[must_use]
pub fn of_substituted(command: &Invocation<'_>, state: &State) -> Option<Effects> {
    command.substituted.iter().try_fold(Effects::none(), |sum, inner| Some(sum.and(effects(inner, state)?)))
}

/// The variables that `command` reads besides those that its words name; `None` where that cannot be told. What it does with
/// files need not be known for that: `mkdir` looks at no other variable wherever it makes a directory.
#[must_use]
pub fn variables(command: &Invocation<'_>, state: &State) -> Option<Names> {
    if let Some(effects) = effects(command, state) {
        return Some(effects.environment);
    }
    // /proc shows the whole environment.
    let is_looked_at = |word: &Argument<'_>| word.text.windows(4).any(|part| part == b"proc");
    let names = if reads_no_other_variable(command) && !command.arguments.iter().any(is_looked_at) {
        let touched = Touched::new(command, state).effects();
        touched.environment.and(Names::matching(&[
            "SIMPLE_BACKUP_SUFFIX",
            "VERSION_CONTROL",
            "DEBIAN_*",
            "DEBCONF_*",
        ]))
    } else {
        return None;
    };
    Some(names.and(of_substituted(command, state)?.environment))
}

/// Whether a command whose files are not known is one that reads no variables but those of every program, and runs no other
/// program. busybox has all of them in one.
fn reads_no_other_variable(command: &Invocation<'_>) -> bool {
    let is_redirected = command.redirects.iter().any(|(is_written, path)| !is_written && path.is_none());
    !is_redirected
        && finds_the_usual_program(command)
        && matches!(
            &*command.program,
            "" | ":"
                | "["
                | "adduser"
                | "addgroup"
                | "cd"
                | "chgrp"
                | "chmod"
                | "chown"
                | "cp"
                | "echo"
                | "groupadd"
                | "ln"
                | "mkdir"
                | "mv"
                | "printf"
                | "rm"
                | "rmdir"
                | "test"
                | "touch"
                | "true"
                | "useradd"
        )
}

/// Whether the program is the one that systems have by this name: `./install` is not `install`.
fn finds_the_usual_program(command: &Invocation<'_>) -> bool {
    const REDIRECTED: [&str; 7] =
        ["PATH", "IFS", "ENV", "BASH_ENV", "LD_PRELOAD", "LD_LIBRARY_PATH", "TAR_OPTIONS"];
    let place = command.program_path.strip_suffix(&*command.program);
    place.is_some_and(|place| matches!(place, "" | "/bin/" | "/sbin/" | "/usr/bin/" | "/usr/sbin/"))
        && (is_builtin(&command.program)
            || !command.assignments.iter().any(|(name, _)| REDIRECTED.contains(&name.as_str())))
}

fn own_effects(command: &Invocation<'_>, state: &State) -> Option<Effects> {
    let mut touched = Touched::new(command, state);
    for (written, path) in &command.redirects {
        let path = path.clone()?;
        if *written { touched.writes(path) } else { touched.reads(path) }
    }
    if !finds_the_usual_program(command) {
        return None;
    }
    if !is_builtin(&command.program) {
        touched.is_a_program();
    }
    touch(&mut touched)?;
    Some(touched.effects())
}

/// Commands that the shell runs itself, and bare assignments.
fn is_builtin(program: &str) -> bool {
    matches!(
        program,
        "" | ":"
            | "["
            | "break"
            | "cd"
            | "command"
            | "continue"
            | "echo"
            | "exit"
            | "export"
            | "false"
            | "hash"
            | "printf"
            | "pwd"
            | "read"
            | "readonly"
            | "return"
            | "set"
            | "shift"
            | "test"
            | "times"
            | "true"
            | "type"
            | "ulimit"
            | "umask"
            | "unalias"
            | "unset"
            | "wait"
    )
}

fn touch(touched: &mut Touched<'_>) -> Option<()> {
    match &*touched.command.program {
        "export" | "readonly" | "set" => files::set(touched),
        "" | ":" | "break" | "continue" | "exit" | "false" | "hash" | "pwd" | "read" | "return" | "shift"
        | "times" | "true" | "type" | "ulimit" | "umask" | "unalias" | "unset" | "wait" | "echo"
        | "printf" => files::print(touched),
        "cd" => files::change_directory(touched),
        "command" => files::look_up(touched),
        "test" | "[" => files::test(touched),
        "mkdir" => files::mkdir(touched),
        "cp" | "mv" => files::copy(touched),
        "install" => files::install(touched),
        "ln" => files::link(touched),
        "grep" | "egrep" | "fgrep" => files::grep(touched),
        "gzip" | "gunzip" | "bzip2" | "bunzip2" | "xz" | "unxz" | "zstd" | "unzstd" => {
            files::compress(touched)
        }
        "sed" => edit::sed(touched),
        "find" => edit::find(touched),
        "tar" => archives::tar(touched),
        "unzip" => archives::unzip(touched),
        "curl" => network::curl(touched),
        "wget" => network::wget(touched),
        "git" => network::git(touched),
        "node" | "nodejs" | "php" | "python" | "python2" | "python3" | "java" | "javac" | "ruby" => {
            interpreters::version(touched)
        }
        "ssh-keyscan" => network::ssh_keyscan(touched),
        "useradd" => users::useradd(touched),
        "adduser" => users::adduser(touched),
        "groupadd" | "addgroup" | "groupmod" | "groupdel" | "delgroup" | "gpasswd" => users::group(touched),
        "usermod" => users::usermod(touched),
        "passwd" | "chpasswd" | "chsh" => users::password(touched),
        "update-alternatives" => configure::update_alternatives(touched),
        "debconf-set-selections" => configure::set_selections(touched),
        "ldconfig" => configure::ldconfig(touched),
        "apt-key" => configure::apt_key(touched),
        "gpg" | "gpg2" => configure::gpg(touched),
        "dpkg" => configure::dpkg(touched),
        "rpm" => configure::rpm(touched),
        "docker-php-ext-install"
        | "docker-php-ext-configure"
        | "docker-php-ext-enable"
        | "install-php-extensions" => configure::php_extension(touched),
        "pecl" => configure::pecl(touched),
        "md5sum" | "sha1sum" | "sha224sum" | "sha256sum" | "sha384sum" | "sha512sum" | "b2sum" | "shasum"
            if files::checks_sums(touched) =>
        {
            files::check_sums(touched)
        }
        _ => files::touch(touched).or_else(|| configure::touch(touched))?,
    }
}

/// Whether the commands behind this one in the same shell depend on it having run there: it sets a variable, an option,
/// the directory, the file mode mask, or ends the shell. A RUN that is split repeats such commands.
#[must_use]
pub fn changes_shell_state(command: &Invocation<'_>) -> bool {
    let sets_by_default = |text: &[u8]| text.windows(2).any(|pair| matches!(pair, [b':', b'=']));
    match &*command.program {
        "" | "." | "alias" | "break" | "cd" | "continue" | "declare" | "eval" | "exit" | "export"
        | "getopts" | "local" | "popd" | "pushd" | "read" | "readonly" | "return" | "set" | "shift"
        | "shopt" | "source" | "trap" | "typeset" | "ulimit" | "umask" | "unalias" | "unset" => true,
        "printf" if command.has("-v") => true,
        _ => command.arguments.iter().any(|argument| sets_by_default(argument.text)),
    }
}

#[cfg(test)]
mod tests;
