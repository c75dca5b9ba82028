//! Command substitutions that can be read: what they run is known as any command is, only what they print is not.

use dockfix_syntax::shell::{
    Command, CommandSubstitution, Redirect, Script, SimpleCommand, SubstitutionKind, Word, WordPart,
};
use smallvec::SmallVec;

use super::{Invocation, Reader, invocation};

/// Programs that people call for a word about the system. What else they may do is up to who knows their effects.
const TELLERS: [&str; 13] = [
    "arch",
    "basename",
    "date",
    "dirname",
    "dpkg",
    "getconf",
    "id",
    "lsb_release",
    "nproc",
    "pwd",
    "uname",
    "which",
    "whoami",
];

/// Programs that print what they are given. A bare `$(cat packages)` may become any number of words, options among them, so
/// that they are read only as a part of a word, or in quotes.
const FILTERS: [&str; 9] = ["cat", "cut", "echo", "grep", "head", "printf", "sed", "tail", "tr"];

/// The substitutions of a command and whether they are all of a word that the shell splits.
type Found<'s, 't> = SmallVec<[(&'s CommandSubstitution<'t>, bool); 2]>;

/// Whether a command substitution that runs anything stands anywhere in a command of `script`.
pub(super) fn is_in(script: &Script<'_>, command: &SimpleCommand<'_>) -> bool {
    // Every kind of substitution has one of these in its text.
    if !script.substitutes || memchr::memchr2(b'(', b'`', command.span.of(script.text)).is_none() {
        return false;
    }
    !found(command).is_empty()
}

/// The commands of all substitutions of `command`, wherever they stand; `None` where one of them is not read.
pub(super) fn read<'a>(
    command: &SimpleCommand<'a>,
    offset: usize,
    reader: &Reader<'_, 'a>,
) -> Option<Vec<Invocation<'a>>> {
    let mut commands = Vec::new();
    for (substitution, is_bare) in found(command) {
        if !matches!(substitution.kind, SubstitutionKind::Dollar | SubstitutionKind::Backquote) {
            return None;
        }
        let [item] = &substitution.list.as_ref()?.items[..] else { return None };
        if item.operator.is_some() || item.pipeline.negated {
            return None;
        }
        for (number, command) in item.pipeline.commands.iter().enumerate() {
            let Command::Simple(simple) = command else { return None };
            let name = simple.words.first()?.literal_str()?;
            let is_filter = FILTERS.contains(&&*name);
            let is_read = if is_filter { number > 0 || !is_bare } else { TELLERS.contains(&&*name) };
            if !is_read || !simple.assignments.is_empty() || !found(simple).is_empty() {
                return None;
            }
            commands.push(invocation(simple, offset, reader)?);
        }
    }
    Some(commands)
}

fn found<'s, 't>(command: &'s SimpleCommand<'t>) -> Found<'s, 't> {
    fn add<'s, 't>(parts: &'s [WordPart<'t>], is_bare: bool, found: &mut Found<'s, 't>) {
        for part in parts {
            match part {
                WordPart::Command(substitution) => found.push((substitution, is_bare)),
                WordPart::DoubleQuoted { parts, .. } => add(parts, false, found),
                WordPart::Parameter(parameter) => add(&parameter.operand, is_bare, found),
                WordPart::Arithmetic(arithmetic) => add(&arithmetic.parts, false, found),
                _ => {}
            }
        }
    }
    let mut found = Found::new();
    for assignment in &command.assignments {
        add(assignment.value.parts(), false, &mut found);
    }
    let targets = command.redirects.iter().map(|redirect: &Redirect<'t>| &redirect.target);
    for word in command.words.iter().filter(|word: &&Word<'t>| !word.is_nothing()).chain(targets) {
        add(word.parts(), word.parts().len() == 1, &mut found);
    }
    found
}
