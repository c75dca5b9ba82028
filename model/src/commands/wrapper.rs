//! Commands that run another command: `sudo`, `env`, `exec`, `sh -c` and so on.

use std::iter::Peekable;

use dockfix_syntax::shell::{SimpleCommand, Word, WordPart};

use super::{Argument, Invocation, last_segment};
use crate::state::User;

/// The program of a command whose words are `words`, the wrappers in front of it being taken off, and the user that it runs
/// as where they change it; `words` goes on behind it. Variables that `env` sets join `assignments`. `None` where a
/// wrapper's option is not one of those that change nothing else, or where no program follows.
pub(super) fn unwrap<'a, I: Iterator<Item = Argument<'a>>>(
    words: &mut Peekable<I>,
    assignments: &mut Vec<(String, Option<String>)>,
) -> Option<(Argument<'a>, Option<User>)> {
    let mut user = None;
    loop {
        let program = words.next()?;
        match last_segment(program.value.as_deref()?) {
            // It tells where a program is, and runs nothing.
            "command" if matches!(words.peek()?.value.as_deref(), Some("-v" | "-V")) => {
                return Some((program, user));
            }
            "exec" | "command" | "nohup" | "time" | "eatmydata" => {
                if is_option(words.peek()?)? {
                    return None;
                }
            }
            // timeout(1): how long, and which signal ends it.
            "timeout" => {
                while is_option(words.peek()?)? {
                    match words.next()?.value.as_deref()? {
                        "-k" | "-s" => drop(words.next()?),
                        "--foreground" | "--preserve-status" | "-v" | "--verbose" => {}
                        option if option.starts_with("--kill-after=") || option.starts_with("--signal=") => {}
                        _ => return None,
                    }
                }
                if !words.next()?.value?.starts_with(|ch: char| ch.is_ascii_digit()) {
                    return None;
                }
            }
            "sudo" => {
                user = Some(User::Root);
                // -E keeps the environment, -n does not ask, -H sets HOME to that of the user, whom -u names.
                while is_option(words.peek()?)? {
                    match words.next()?.value.as_deref()? {
                        "-E" | "-n" | "-H" | "-EH" | "-HE" => {}
                        "-u" | "-Eu" | "-Hu" | "-EHu" | "-HEu" => user = Some(named(&words.next()?)),
                        option if option.starts_with("--user=") => {
                            user = Some(if option == "--user=root" { User::Root } else { User::Unknown });
                        }
                        _ => return None,
                    }
                }
                take_assignments(words, assignments)?;
            }
            "env" => {
                if is_option(words.peek()?)? {
                    return None;
                }
                take_assignments(words, assignments)?;
            }
            "gosu" | "su-exec" => {
                user = Some(named(&words.next()?));
            }
            _ => return Some((program, user)),
        }
    }
}

/// The user that a word names.
fn named(word: &Argument<'_>) -> User {
    if word.value.as_deref() == Some("root") { User::Root } else { User::Unknown }
}

/// Whether a word begins like an option; `None` where it is not known.
fn is_option(word: &Argument<'_>) -> Option<bool> {
    Some(word.value.as_deref()?.starts_with('-'))
}

/// Takes words of the form `NAME=value`; `None` where no word follows them.
fn take_assignments<'a, I: Iterator<Item = Argument<'a>>>(
    words: &mut Peekable<I>,
    assignments: &mut Vec<(String, Option<String>)>,
) -> Option<()> {
    while let Some((name, _)) = String::from_utf8_lossy(words.peek()?.text).split_once('=') {
        let is_name = name.chars().all(|ch| ch.is_ascii_alphanumeric() || ch == '_') && !name.is_empty();
        if !is_name {
            break;
        }
        let value = words.next()?.value;
        let value = value.as_deref().and_then(|word| word.split_once('=').map(|(_, value)| value.to_owned()));
        assignments.push((name.to_owned(), value));
    }
    Some(())
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

/// Whether a command is a shell, whose wrappers are taken off.
pub(super) fn is_shell(command: &Invocation<'_>) -> bool {
    shell_of(&command.program).is_some()
}

/// The script of a `sh -c 'script'`, or of `su user -c 'script'`, whose wrappers are taken off, as far as it is known.
pub(super) fn script_of<'c>(command: &'c Invocation<'_>) -> Option<&'c str> {
    if !matches!(&*command.program, "su" | "runuser") {
        shell_of(&command.program)?;
    }
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
