//! Commands that run another command: `sudo`, `env`, `exec`, `sh -c` and so on.

use dockfix_syntax::shell::{SimpleCommand, Word, WordPart};

use super::{Argument, Invocation, last_segment};
use crate::state::User;

/// Takes the wrappers off the words of a command, so that the first one is the program's, and tells the user that it runs
/// as where they change it. Variables that `env` sets join `assignments`. `None` where a wrapper's option is not one of
/// those that change nothing else, or where no program follows.
pub(super) fn unwrap(
    words: &mut Vec<Argument<'_>>,
    assignments: &mut Vec<(String, Option<String>)>,
) -> Option<Option<User>> {
    let mut rest = Rest { words, at: 0 };
    let mut user = None;
    loop {
        let name = rest.next()?.value.as_deref()?;
        match last_segment(name) {
            "exec" | "command" | "nohup" | "time" | "eatmydata" => {
                if rest.peek()?.value.as_deref()?.starts_with('-') {
                    return None;
                }
            }
            // timeout(1): how long, and which signal ends it.
            "timeout" => {
                while rest.peek()?.value.as_deref()?.starts_with('-') {
                    match rest.next()?.value.as_deref()? {
                        "-k" | "-s" => drop(rest.next()?),
                        "--foreground" | "--preserve-status" | "-v" | "--verbose" => {}
                        option if option.starts_with("--kill-after=") || option.starts_with("--signal=") => {}
                        _ => return None,
                    }
                }
                let duration = rest.next()?.value.as_deref()?;
                if !duration.starts_with(|ch: char| ch.is_ascii_digit()) {
                    return None;
                }
            }
            "sudo" => {
                user = Some(User::Root);
                // -E keeps the environment, -n does not ask, -H sets HOME to root's.
                while rest.peek()?.value.as_deref()?.starts_with('-') {
                    if !matches!(rest.next()?.value.as_deref()?, "-E" | "-n" | "-H" | "-EH" | "-HE") {
                        return None;
                    }
                }
                rest.take_assignments(assignments)?;
            }
            "env" => {
                if rest.peek()?.value.as_deref()?.starts_with('-') {
                    return None;
                }
                rest.take_assignments(assignments)?;
            }
            "gosu" | "su-exec" => {
                let name = rest.next()?.value.as_deref()?;
                user = Some(if name == "root" { User::Root } else { User::Unknown });
            }
            _ => break,
        }
    }
    let wrappers = rest.at - 1;
    if wrappers > 0 {
        words.drain(..wrappers);
    }
    Some(user)
}

/// The words of a command from a certain one on.
struct Rest<'w, 'a> {
    words: &'w [Argument<'a>],
    at: usize,
}

impl<'w, 'a> Rest<'w, 'a> {
    fn peek(&self) -> Option<&'w Argument<'a>> {
        self.words.get(self.at)
    }

    fn next(&mut self) -> Option<&'w Argument<'a>> {
        self.at += 1;
        self.words.get(self.at - 1)
    }

    /// Takes words of the form `NAME=value`; `None` where no word follows them.
    fn take_assignments(&mut self, assignments: &mut Vec<(String, Option<String>)>) -> Option<()> {
        while let Some((name, _)) = String::from_utf8_lossy(self.peek()?.text).split_once('=') {
            let is_name = name.chars().all(|ch| ch.is_ascii_alphanumeric() || ch == '_') && !name.is_empty();
            if !is_name {
                break;
            }
            let value = self.next()?.value.as_deref();
            let value = value.and_then(|word| word.split_once('=').map(|(_, value)| value.to_owned()));
            assignments.push((name.to_owned(), value));
        }
        Some(())
    }
}

/// Whether a command takes the shell's place, so that nothing behind it is run: `exec`, a builtin of the shell.
pub(super) fn replaces_the_shell(simple: &SimpleCommand<'_>) -> bool {
    let mut names = simple.words.iter().map(Word::literal_str);
    let name = names.find(|name| name.as_deref() != Some("command")).flatten();
    name.as_deref() == Some("exec")
}

/// The name of the program without its directory, if it is a shell.
fn shell_of(program: &str) -> Option<&str> {
    let name = last_segment(program);
    matches!(name, "sh" | "bash" | "ash" | "dash").then_some(name)
}

/// The script of a `sh -c 'script'` whose wrappers are taken off, as far as it is known.
pub(super) fn script_of<'c>(command: &'c Invocation<'_>) -> Option<&'c str> {
    shell_of(&command.program)?;
    let mut arguments = command.arguments.iter();
    let is_option = |word: &str| word.starts_with('-') && word.ends_with('c');
    arguments.find(|argument| argument.value.as_deref().is_some_and(is_option))?;
    arguments.next()?.value.as_deref()
}

/// Whether the command is bash itself.
pub(super) fn is_bash(simple: &SimpleCommand<'_>) -> bool {
    let program = simple.words.first().and_then(Word::literal_str);
    program.is_some_and(|program| shell_of(&program) == Some("bash"))
}

/// The script of `sh -c 'script'` and its offset; `None` where the command is another, has assignments, redirections or
/// more arguments, or where the outer shell changes the script's text.
pub(super) fn inner_script<'a>(simple: &SimpleCommand<'a>) -> Option<(&'a [u8], usize)> {
    let [program, option, script] = &simple.words[..] else { return None };
    shell_of(&program.literal_str()?)?;
    // Options such as -e and -x change what happens on errors, not what a command is. A login shell reads profiles.
    let option = option.literal_str()?;
    let known = option.strip_prefix('-')?.chars().all(|ch| matches!(ch, 'c' | 'e' | 'u' | 'x'));
    if !known || !option.ends_with('c') || !simple.assignments.is_empty() || !simple.redirects.is_empty() {
        return None;
    }
    match script.parts() {
        [WordPart::SingleQuoted { text, span }] => Some((text, span.start + 1)),
        [WordPart::DoubleQuoted { parts, translated: false, .. }] => match &parts[..] {
            [WordPart::Literal { text, span }] => Some((text, span.start)),
            _ => None,
        },
        _ => None,
    }
}
