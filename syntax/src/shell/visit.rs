//! Finding every simple command of a script.

use super::Script;
use super::ast::{Command, CompoundCommand, CompoundKind, List, ListItem, Redirect, SimpleCommand};
use super::word::{SubstitutionKind, Word, WordPart};
use crate::Span;

/// A simple command and where it stands.
#[derive(Clone, Debug)]
pub struct Placed<'s, 't> {
    /// The command.
    pub command: &'s SimpleCommand<'t>,
    /// The list item whose pipeline holds it directly.
    pub item: &'s ListItem<'t>,
    /// What encloses that list, from the outside in; empty for the list of the script itself.
    pub within: Vec<Container>,
}

/// What encloses a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    /// A compound command.
    Compound(CompoundKind),
    /// The body of a function, which runs when the function is called.
    Function,
    /// A command or process substitution.
    Substitution(SubstitutionKind),
}

impl<'t> Script<'t> {
    /// Every simple command, in the order in which they start in the text.
    ///
    /// Those of an [`unread substitution`](Self::unread_substitution) are missing.
    #[must_use]
    pub fn simple_commands(&self) -> Vec<Placed<'_, 't>> {
        let mut found = Vec::new();
        self.visit(|command, item, within| found.push(Placed { command, item, within: within.to_vec() }));
        found.sort_by_key(|placed| placed.command.span.start);
        found
    }

    /// Shows `visit` the commands of [`Self::simple_commands`], in no certain order.
    pub fn each_simple_command<'s>(&'s self, mut visit: impl FnMut(&'s SimpleCommand<'t>)) {
        self.visit(|command, _, _| visit(command));
    }

    /// The first command substitution whose commands are not known: backquotes with escapes inside. A script that has
    /// one may run anything.
    #[must_use]
    pub fn unread_substitution(&self) -> Option<Span> {
        self.visit(|_, _, _| {})
    }

    /// Shows `visit` every simple command; tells the first substitution that was not read.
    fn visit<'s>(
        &'s self,
        visit: impl FnMut(&'s SimpleCommand<'t>, &'s ListItem<'t>, &[Container]),
    ) -> Option<Span> {
        let looks_into_words = self.substitutes;
        let mut visitor = Visitor { visit, looks_into_words, unread: None, within: Vec::new() };
        visitor.list(&self.list);
        visitor.unread
    }
}

struct Visitor<V> {
    visit: V,
    /// Some word may hold a substitution.
    looks_into_words: bool,
    unread: Option<Span>,
    within: Vec<Container>,
}

impl<'s, 't: 's, V: FnMut(&'s SimpleCommand<'t>, &'s ListItem<'t>, &[Container])> Visitor<V> {
    fn list(&mut self, list: &'s List<'t>) {
        for item in &list.items {
            for command in &item.pipeline.commands {
                match command {
                    Command::Simple(command) => self.simple(command, item),
                    Command::Compound(compound) => self.compound(compound),
                    Command::Function(function) => {
                        self.within.push(Container::Function);
                        self.compound(&function.body);
                        self.within.pop();
                    }
                }
            }
        }
    }

    fn simple(&mut self, command: &'s SimpleCommand<'t>, item: &'s ListItem<'t>) {
        (self.visit)(command, item, &self.within);
        if !self.looks_into_words {
            return;
        }
        for assignment in &command.assignments {
            self.word(&assignment.value);
        }
        self.words(&command.words);
        self.redirects(&command.redirects);
    }

    fn compound(&mut self, compound: &'s CompoundCommand<'t>) {
        if self.looks_into_words {
            self.words(&compound.words);
            self.redirects(&compound.redirects);
        }
        self.within.push(Container::Compound(compound.kind));
        for list in &compound.lists {
            self.list(list);
        }
        self.within.pop();
    }

    fn redirects(&mut self, redirects: &'s [Redirect<'t>]) {
        for redirect in redirects {
            self.word(&redirect.target);
            if let Some(document) = redirect.here_document() {
                self.parts(&document.parts);
            }
        }
    }

    fn words(&mut self, words: &'s [Word<'t>]) {
        for word in words {
            self.word(word);
        }
    }

    fn word(&mut self, word: &'s Word<'t>) {
        if word.bare().is_none() {
            self.parts(word.parts());
        }
    }

    fn parts(&mut self, parts: &'s [WordPart<'t>]) {
        for part in parts {
            match part {
                WordPart::DoubleQuoted { parts, .. } => self.parts(parts),
                WordPart::Parameter(parameter) => self.parts(&parameter.operand),
                WordPart::Arithmetic(arithmetic) => self.parts(&arithmetic.parts),
                WordPart::Command(substitution) => match &substitution.list {
                    Some(list) => {
                        self.within.push(Container::Substitution(substitution.kind));
                        self.list(list);
                        self.within.pop();
                    }
                    None => {
                        self.unread.get_or_insert(substitution.span);
                    }
                },
                WordPart::Literal { .. }
                | WordPart::Escaped { .. }
                | WordPart::Continuation { .. }
                | WordPart::SingleQuoted { .. }
                | WordPart::AnsiQuoted { .. } => {}
            }
        }
    }
}
