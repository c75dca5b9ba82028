//! The value that a word of the shell has when the command runs.

use std::borrow::Cow;

use dockfix_syntax::shell::{Redirect, RedirectOperator, Script, SimpleCommand, Word, WordPart};

use super::Reader;
use crate::path::ImagePath;
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
    // Braces and tildes expand too, and a word does not say of which kind it is.
    let may_expand = text.iter().any(|byte| matches!(byte, b'~' | b'{' | b'}'));
    if may_expand && !text.windows(2).any(|pair| pair == b"${") || text.starts_with(b"~") {
        return None;
    }
    let mut value = String::with_capacity(text.len());
    parts(word.parts(), false, state, assigned, &mut value)?;
    Some(Cow::Owned(value))
}

fn parts(
    parts_of_word: &[WordPart<'_>],
    quoted: bool,
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
                value.push_str(text);
            }
            WordPart::Escaped { byte, .. } => value.push(char::from(*byte)),
            WordPart::Continuation { .. } => {}
            WordPart::SingleQuoted { text, .. } => value.push_str(std::str::from_utf8(text).ok()?),
            WordPart::DoubleQuoted { parts: inner, translated: false, .. } => {
                parts(inner, true, state, assigned, value)?;
            }
            WordPart::Parameter(parameter)
                if parameter.operator.is_empty() && !parameter.length && !parameter.indirect =>
            {
                if assigned.iter().any(|name| name == parameter.name) {
                    return None;
                }
                let variable = state.variables.get(parameter.name)?;
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
                value.push_str(known);
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

/// Whether a command substitution that runs anything stands anywhere in a command of `script`.
pub(super) fn has_substitution(script: &Script<'_>, command: &SimpleCommand<'_>) -> bool {
    // Every kind of substitution has one of these in its text.
    if !script.substitutes || memchr::memchr2(b'(', b'`', command.span.of(script.text)).is_none() {
        return false;
    }
    fn in_parts(parts: &[WordPart<'_>]) -> bool {
        parts.iter().any(|part| match part {
            WordPart::Command(_) => true,
            WordPart::DoubleQuoted { parts, .. } => in_parts(parts),
            WordPart::Parameter(parameter) => in_parts(&parameter.operand),
            WordPart::Arithmetic(arithmetic) => in_parts(&arithmetic.parts),
            _ => false,
        })
    }
    let values = command.assignments.iter().map(|assignment| &assignment.value);
    let targets = command.redirects.iter().map(|redirect| &redirect.target);
    let words = command.words.iter().filter(|word| !word.is_nothing());
    values.chain(words).chain(targets).any(|word| in_parts(word.parts()))
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
