//! The value that a word of the shell has when the command runs.

use std::borrow::Cow;

use dockfix_syntax::shell::{Redirect, RedirectOperator, SimpleCommand, Word, WordPart};

use super::Reader;
use crate::path::{self, ImagePath};
use crate::state::State;
use crate::variables::Origin;

/// The value of `word`, where nothing but ENV variables of known value expand in it.
pub(super) fn of_word<'t>(word: &Word<'t>, state: &State, assigned: &[Cow<'_, str>]) -> Option<Cow<'t, str>> {
    if let Some(literal) = word.literal_str() {
        return Some(literal);
    }
    if word.is_glob() {
        return None;
    }
    let text = word.text();
    if text.starts_with(b"~") {
        return at_home(word, state, assigned).map(Cow::Owned);
    }
    // Braces and tildes expand too, and a word does not say of which kind it is.
    let may_expand = text.iter().any(|byte| matches!(byte, b'~' | b'{' | b'}'));
    if may_expand && !text.windows(2).any(|pair| pair == b"${") {
        return None;
    }
    let mut value = String::with_capacity(text.len());
    parts(word.parts(), false, Wanted::Value, state, assigned, &mut value)?;
    Some(Cow::Owned(value))
}

/// The value of a word that begins with a tilde: the home directory stands for one that is alone or before a slash (POSIX,
/// "Tilde Expansion").
fn at_home(word: &Word<'_>, state: &State, assigned: &[Cow<'_, str>]) -> Option<String> {
    let (WordPart::Literal { text, .. }, rest) = word.parts().split_first()? else { return None };
    let text = std::str::from_utf8(text).ok()?.strip_prefix('~')?;
    let is_own = text.starts_with('/') || text.is_empty() && rest.is_empty();
    if !is_own || text.bytes().any(|byte| matches!(byte, b'{' | b'}' | b'~')) {
        return None;
    }
    let home = home(state, assigned)?;
    let mut value = format!("{}{text}", home.as_str().trim_end_matches('/'));
    parts(rest, false, Wanted::Value, state, assigned, &mut value)?;
    Some(if value.is_empty() { "/".to_owned() } else { value })
}

/// The home directory, where the script does not set another one.
fn home(state: &State, assigned: &[Cow<'_, str>]) -> Option<ImagePath> {
    if assigned.iter().any(|name| name == "HOME") { None } else { state.home() }
}

/// The pattern that a word is, variables of known value in it put in; those of build arguments are none.
pub(super) fn pattern_of(word: &Word<'_>, state: &State, assigned: &[Cow<'_, str>]) -> Option<String> {
    if !word.is_glob() {
        return None;
    }
    if let Some(pattern) = word.glob() {
        return Some(String::from_utf8_lossy(&pattern).into_owned());
    }
    let mut pattern = String::with_capacity(word.text().len());
    parts(word.parts(), false, Wanted::Pattern, state, assigned, &mut pattern)?;
    (!path::has_symbol(&pattern)).then_some(pattern)
}

/// What is made of a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Value,
    /// What is quoted in it, or the value of a variable, has a backslash before characters that patterns are made of.
    Pattern,
}

impl Wanted {
    fn push(self, text: &str, value: &mut String) {
        for ch in text.chars() {
            if self == Self::Pattern && matches!(ch, '*' | '?' | '[' | ']' | '\\') {
                value.push('\\');
            }
            value.push(ch);
        }
    }
}

fn parts(
    parts_of_word: &[WordPart<'_>],
    quoted: bool,
    wanted: Wanted,
    state: &State,
    assigned: &[Cow<'_, str>],
    value: &mut String,
) -> Option<()> {
    for part in parts_of_word {
        match part {
            WordPart::Literal { text, .. } => {
                let text = std::str::from_utf8(text).ok()?;
                if !quoted && text.bytes().any(|byte| matches!(byte, b'{' | b'}' | b'~')) {
                    return None;
                }
                if quoted { wanted.push(text, value) } else { value.push_str(text) }
            }
            WordPart::Escaped { byte, .. } => wanted.push(char::from(*byte).encode_utf8(&mut [0; 4]), value),
            WordPart::Continuation { .. } => {}
            WordPart::SingleQuoted { text, .. } => wanted.push(std::str::from_utf8(text).ok()?, value),
            WordPart::DoubleQuoted { parts: inner, translated: false, .. } => {
                parts(inner, true, wanted, state, assigned, value)?;
            }
            WordPart::Parameter(parameter)
                if parameter.operator.is_empty() && !parameter.length && !parameter.indirect =>
            {
                if assigned.iter().any(|name| name == parameter.name) {
                    return None;
                }
                let Some(variable) = state.variables.get(parameter.name) else {
                    // It is set for every RUN, and is what a tilde stands for.
                    if parameter.name != "HOME" {
                        return None;
                    }
                    wanted.push(state.home()?.as_str(), value);
                    continue;
                };
                let known = variable.value.as_deref()?;
                // A build argument may hold anything: as part of a path its symbol will do only where it cannot split
                // into words or come first.
                let usable = match variable.origin {
                    Origin::Env => !known.contains("${") || starts_absolute(known, state),
                    Origin::Arg => {
                        variable.default.as_deref().is_some_and(|default| default.starts_with('/'))
                    }
                };
                let splits = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'*' | b'?' | b'[');
                let splits = known.bytes().any(splits) || known.is_empty();
                if !usable || (!quoted && splits) {
                    return None;
                }
                wanted.push(known, value);
            }
            _ => return None,
        }
    }
    Some(())
}

/// Whether an ENV value that starts with the symbol of a build argument is meant to be an absolute path.
fn starts_absolute(value: &str, state: &State) -> bool {
    let name = value.strip_prefix("${").and_then(|rest| rest.split_once('@')).map(|(name, _)| name);
    name.and_then(|name| state.variables.default_of(name)).is_some_and(|default| default.starts_with('/'))
}

/// Adds the names that a command sets in the shell or for itself.
pub(super) fn add_assigned<'t>(command: &SimpleCommand<'t>, names: &mut Vec<Cow<'t, str>>) {
    names.extend(command.assignments.iter().map(|assignment| Cow::Borrowed(assignment.name)));
    let Some((program, words)) = command.words.split_first() else { return };
    if !program.literal().is_some_and(|name| declares(&name)) {
        return;
    }
    names.extend(words.iter().map(|word| {
        let name = word.text().split(|byte| *byte == b'=').next().unwrap_or_default();
        let plus = name.iter().rev().take_while(|byte| **byte == b'+').count();
        String::from_utf8_lossy(&name[..name.len() - plus])
    }));
}

/// Whether the words behind a program of this name are variables that it sets or unsets.
fn declares(program: &[u8]) -> bool {
    matches!(
        program,
        b"export"
            | b"read"
            | b"unset"
            | b"local"
            | b"declare"
            | b"typeset"
            | b"readonly"
            | b"printf"
            | b"getopts"
    )
}

/// The file that a redirection names, and whether it is written; `None` for descriptors and here-documents.
pub(super) fn redirect(
    redirect: &Redirect<'_>,
    reader: &Reader<'_, '_>,
) -> Option<(bool, Option<ImagePath>)> {
    let written = match redirect.operator {
        RedirectOperator::Input => false,
        RedirectOperator::Output
        | RedirectOperator::Append
        | RedirectOperator::Clobber
        | RedirectOperator::ReadWrite
        | RedirectOperator::OutputAndError
        | RedirectOperator::AppendOutputAndError => true,
        RedirectOperator::DuplicateInput
        | RedirectOperator::DuplicateOutput
        | RedirectOperator::HereDocument
        | RedirectOperator::HereDocumentStripped
        | RedirectOperator::HereString => return None,
    };
    let target = of_word(&redirect.target, reader.state, &reader.assigned);
    let path = target.and_then(|target| {
        ImagePath::absolute(&target).or_else(|| Some(reader.directory.as_ref()?.join(&target)))
    });
    Some((written, path))
}
