//! The variables that the text of a script reads.

use std::collections::BTreeSet;

use super::Script;
use super::ast::{Command, CompoundCommand, CompoundKind, List, Redirect, SimpleCommand};
use super::cursor::{is_name, is_name_start};
use super::word::{Word, WordPart};

/// Names of variables that a piece of script reads in its own text.
///
/// What the commands themselves do with their environment is not part of it, nor are scripts in quotes that `eval` or
/// `sh -c` run. Positional and special parameters are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads<'t> {
    /// The names, also where a default is given or the value is assigned in the same script.
    pub names: BTreeSet<&'t str>,
    /// Whether more may be read: by `${!x}`, or in backquotes with escapes inside.
    pub unknown: bool,
}

impl<'t> Script<'t> {
    /// What the script reads.
    #[must_use]
    pub fn variables(&self) -> Reads<'t> {
        self.list.variables()
    }
}

impl<'t> List<'t> {
    /// What the commands of the list read.
    #[must_use]
    pub fn variables(&self) -> Reads<'t> {
        let mut reads = Reads::default();
        reads.list(self);
        reads
    }
}

impl<'t> SimpleCommand<'t> {
    /// What the assignments, words and redirections read, here-documents included.
    #[must_use]
    pub fn variables(&self) -> Reads<'t> {
        let mut reads = Reads::default();
        reads.simple(self);
        reads
    }
}

impl<'t> Word<'t> {
    /// What the word reads.
    #[must_use]
    pub fn variables(&self) -> Reads<'t> {
        let mut reads = Reads::default();
        reads.parts(self.parts());
        reads
    }

    /// Whether the word reads variables that cannot be named.
    #[must_use]
    pub fn reads_unknown(&self) -> bool {
        self.variables().unknown
    }
}

impl<'t> Reads<'t> {
    fn list(&mut self, list: &List<'t>) {
        for command in list.items.iter().flat_map(|item| &item.pipeline.commands) {
            match command {
                Command::Simple(command) => self.simple(command),
                Command::Compound(compound) => self.compound(compound),
                Command::Function(function) => self.compound(&function.body),
            }
        }
    }

    fn simple(&mut self, command: &SimpleCommand<'t>) {
        for assignment in &command.assignments {
            self.parts(assignment.value.parts());
        }
        for word in &command.words {
            self.parts(word.parts());
        }
        self.redirects(&command.redirects);
    }

    fn compound(&mut self, compound: &CompoundCommand<'t>) {
        for word in &compound.words {
            self.parts(word.parts());
        }
        if compound.kind == CompoundKind::Test {
            self.test_operands(&compound.words);
        }
        for list in &compound.lists {
            self.list(list);
        }
        self.redirects(&compound.redirects);
    }

    fn redirects(&mut self, redirects: &[Redirect<'t>]) {
        for redirect in redirects {
            self.parts(redirect.target.parts());
            if let Some(document) = redirect.here_document() {
                self.parts(&document.parts);
            }
        }
    }

    /// `[[ x -eq 1 ]]` evaluates its operands as arithmetic, and `[[ -v x ]]` looks at a name.
    fn test_operands(&mut self, words: &[Word<'t>]) {
        for (at, word) in words.iter().enumerate() {
            let next = words.get(at + 1);
            match word.text() {
                b"-v" | b"-R" => next.into_iter().for_each(|operand| self.identifiers(operand.text())),
                b"-eq" | b"-ne" | b"-lt" | b"-le" | b"-gt" | b"-ge" => {
                    let previous = at.checked_sub(1).and_then(|at| words.get(at));
                    previous.into_iter().chain(next).for_each(|operand| self.identifiers(operand.text()));
                }
                _ => {}
            }
        }
    }

    fn parts(&mut self, parts: &[WordPart<'t>]) {
        for part in parts {
            match part {
                WordPart::DoubleQuoted { parts, .. } => self.parts(parts),
                WordPart::Parameter(parameter) => {
                    if parameter.name.bytes().next().is_some_and(is_name_start) {
                        self.names.insert(parameter.name);
                    }
                    self.unknown |= parameter.indirect;
                    self.parts(&parameter.operand);
                }
                WordPart::Command(substitution) => match &substitution.list {
                    Some(list) => self.list(list),
                    None => self.unknown = true,
                },
                WordPart::Arithmetic(arithmetic) => {
                    for part in &arithmetic.parts {
                        match part {
                            WordPart::Literal { text, .. } => self.identifiers(text),
                            part => self.parts(std::slice::from_ref(part)),
                        }
                    }
                }
                WordPart::Literal { .. }
                | WordPart::Escaped { .. }
                | WordPart::Continuation { .. }
                | WordPart::SingleQuoted { .. }
                | WordPart::AnsiQuoted { .. } => {}
            }
        }
    }

    /// Adds the identifiers of an arithmetic expression, which reads variables without a dollar.
    fn identifiers(&mut self, expression: &'t [u8]) {
        // `#` belongs to numbers such as 16#ff.
        for token in expression.split(|&byte| !is_name(byte) && byte != b'#') {
            if token.first().copied().is_some_and(is_name_start) {
                self.names.extend(std::str::from_utf8(token).ok());
            }
        }
    }
}
