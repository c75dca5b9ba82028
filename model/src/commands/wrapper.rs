//! Commands that run another command: `sudo`, `env`, `exec`, `sh -c` and so on.

use dockfix_syntax::shell::{SimpleCommand, WordPart};

use super::{Argument, Invocation};
use crate::state::User;

/// A command with its wrappers taken off.
pub(super) struct Unwrapped<'a> {
    pub(super) program: Argument<'a>,
    pub(super) arguments: Vec<Argument<'a>>,
    pub(super) user: Option<User>,
}

/// Takes the wrappers off the words of a command. Variables that `env` sets join `assignments`. `None` where a wrapper's
/// option is not one of those that change nothing else.
pub(super) fn unwrap<'a>(
    words: Vec<Argument<'a>>,
    assignments: &mut Vec<(String, Option<String>)>,
) -> Option<Unwrapped<'a>> {
    let mut words = words.into_iter().peekable();
    let mut user = None;
    loop {
        let program = words.next()?;
        let name = program.value.as_deref()?;
        match name.rsplit('/').next().unwrap_or(name) {
            "exec" | "command" | "nohup" | "time" | "eatmydata" => {
                if words.peek()?.value.as_deref()?.starts_with('-') {
                    return None;
                }
            }
            "sudo" => {
                user = Some(User::Root);
                // -E keeps the environment, -n does not ask, -H sets HOME to root's.
                while words.peek()?.value.as_deref()?.starts_with('-') {
                    if !matches!(&*words.next()?.value?, "-E" | "-n" | "-H" | "-EH" | "-HE") {
                        return None;
                    }
                }
                take_assignments(&mut words, assignments)?;
            }
            "env" => {
                if words.peek()?.value.as_deref()?.starts_with('-') {
                    return None;
                }
                take_assignments(&mut words, assignments)?;
            }
            "gosu" | "su-exec" => {
                let name = words.next()?.value?;
                user = Some(if name == "root" { User::Root } else { User::Unknown });
            }
            _ => return Some(Unwrapped { program, arguments: words.collect(), user }),
        }
    }
}

/// Takes words of the form `NAME=value`; `None` where no word follows them.
fn take_assignments<'a>(
    words: &mut std::iter::Peekable<impl Iterator<Item = Argument<'a>>>,
    assignments: &mut Vec<(String, Option<String>)>,
) -> Option<()> {
    while let Some((name, _)) = String::from_utf8_lossy(words.peek()?.text).split_once('=') {
        let is_name = name.chars().all(|ch| ch.is_ascii_alphanumeric() || ch == '_') && !name.is_empty();
        if !is_name {
            break;
        }
        let value =
            words.next()?.value.and_then(|word| word.split_once('=').map(|(_, value)| value.to_owned()));
        assignments.push((name.to_owned(), value));
    }
    Some(())
}

const SHELLS: [&str; 4] = ["sh", "bash", "ash", "dash"];

fn shell_name(simple: &SimpleCommand<'_>) -> Option<String> {
    let name = simple.words.first()?.literal_str()?;
    let name = name.rsplit('/').next()?.to_owned();
    SHELLS.contains(&name.as_str()).then_some(name)
}

/// The script of a `sh -c 'script'` whose wrappers are taken off, as far as it is known.
pub(super) fn script_of<'c>(command: &'c Invocation<'_>) -> Option<&'c str> {
    let mut arguments = command.arguments.iter().filter(|_| SHELLS.contains(&command.program.as_str()));
    let is_option = |word: &str| word.starts_with('-') && word.ends_with('c');
    arguments.find(|argument| argument.value.as_deref().is_some_and(is_option))?;
    arguments.next()?.value.as_deref()
}

/// Whether the command is bash itself.
pub(super) fn is_bash(simple: &SimpleCommand<'_>) -> bool {
    shell_name(simple).is_some_and(|name| name == "bash")
}

/// The script of `sh -c 'script'` and its offset; `None` where the command is another, has assignments, redirections or
/// more arguments, or where the outer shell changes the script's text.
pub(super) fn inner_script<'a>(simple: &SimpleCommand<'a>) -> Option<(&'a [u8], usize)> {
    shell_name(simple)?;
    let [_, option, script] = &simple.words[..] else { return None };
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
