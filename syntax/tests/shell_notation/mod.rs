//! A shell script written down, so that two trees can be compared: every word with its place and its value.
//!
//! brush's tree can be written in the same notation. It tells no places inside substitutions, no text inside `${...}`
//! and `$((...))`, and no operands of `[[`.

#![allow(dead_code, reason = "each test binary uses the part it needs")]

use dockfix_syntax::Span;
use dockfix_syntax::shell::{
    Command, CompoundCommand, CompoundKind, List, Operator, Redirect, RedirectOperator, Script,
    SimpleCommand, Word, WordPart,
};

/// The script in notation.
pub(crate) fn script(script: &Script<'_>) -> String {
    let mut writer = Writer { out: String::new(), base: 0, documents: true };
    writer.list(&script.list);
    writer.out
}

/// A simple command in notation, with places counted from `base` and without the bodies of here-documents.
pub(crate) fn simple_command(command: &SimpleCommand<'_>, base: usize) -> String {
    let mut writer = Writer { out: String::new(), base, documents: false };
    writer.simple(command);
    writer.out
}

/// Writes a place.
pub(crate) fn place(span: Span, out: &mut String) {
    out.push_str(&format!("<{}-{}>", span.start, span.end));
}

/// Writes text without the characters that mark places.
pub(crate) fn text(value: &str, out: &mut String) {
    out.extend(value.chars().map(|c| match c {
        '<' => '(',
        '>' => ')',
        c => c,
    }));
}

/// The notation with lengths in the stead of places: `<3-5>` becomes `<2>`.
pub(crate) fn without_places(notation: &str) -> String {
    let mut out = String::new();
    let mut rest = notation;
    while let Some(start) = rest.find('<') {
        let (before, from) = rest.split_at(start);
        let (place, after) = from[1..].split_once('>').expect("a place ends");
        out.push_str(before);
        let length = match place.split_once('-') {
            Some((start, end)) => {
                end.parse::<usize>().expect("a number") - start.parse::<usize>().expect("a number")
            }
            None => place.parse().expect("a number"),
        };
        out.push_str(&format!("<{length}>"));
        rest = after;
    }
    out.push_str(rest);
    out
}

struct Writer {
    out: String,
    base: usize,
    documents: bool,
}

impl Writer {
    fn place(&mut self, span: Span) {
        place(Span::new(span.start - self.base, span.end - self.base), &mut self.out);
    }

    fn list(&mut self, list: &List<'_>) {
        self.out.push('{');
        for item in &list.items {
            if item.pipeline.timed {
                self.out.push_str("time ");
            }
            if item.pipeline.negated {
                self.out.push_str("! ");
            }
            for (at, command) in item.pipeline.commands.iter().enumerate() {
                if at > 0 {
                    self.out.push('|');
                }
                self.command(command);
            }
            self.out.push_str(match item.operator {
                Some((Operator::And, _)) => "&&",
                Some((Operator::Or, _)) => "||",
                Some((Operator::Background, _)) => "&",
                Some((Operator::Semicolon | Operator::Newline, _)) | None => ";",
            });
        }
        self.out.push('}');
    }

    fn command(&mut self, command: &Command<'_>) {
        match command {
            Command::Simple(command) => self.simple(command),
            Command::Compound(compound) => self.compound(compound),
            Command::Function(function) => {
                self.out.push_str("function ");
                self.compound(&function.body);
            }
        }
    }

    fn simple(&mut self, command: &SimpleCommand<'_>) {
        self.out.push('[');
        for assignment in &command.assignments {
            self.place(assignment.span);
            self.content(assignment.value.parts());
        }
        self.out.push('/');
        self.words(&command.words);
        self.out.push('/');
        self.redirects(&command.redirects);
        self.out.push(']');
    }

    fn compound(&mut self, compound: &CompoundCommand<'_>) {
        self.out.push_str(&format!("({:?} ", compound.kind));
        if !matches!(compound.kind, CompoundKind::Test | CompoundKind::Arithmetic) {
            self.words(&compound.words);
        }
        for list in &compound.lists {
            self.list(list);
        }
        self.redirects(&compound.redirects);
        self.out.push(')');
    }

    fn redirects(&mut self, redirects: &[Redirect<'_>]) {
        for redirect in redirects {
            let operator = match redirect.operator {
                RedirectOperator::Input => "in",
                RedirectOperator::Output => "out",
                RedirectOperator::Append => "append",
                RedirectOperator::Clobber => "clobber",
                RedirectOperator::ReadWrite => "both",
                RedirectOperator::DuplicateInput => "dupin",
                RedirectOperator::DuplicateOutput => "dupout",
                RedirectOperator::OutputAndError => "all",
                RedirectOperator::AppendOutputAndError => "allappend",
                RedirectOperator::HereDocument => "here",
                RedirectOperator::HereDocumentStripped => "herestrip",
                RedirectOperator::HereString => "herestring",
            };
            self.out.push_str(&format!("({:?} {operator} ", redirect.fd));
            self.word(&redirect.target);
            if let Some(document) = redirect.here_document().filter(|_| self.documents) {
                self.out.push_str(&format!(" {}", document.quoted));
            }
            self.out.push(')');
        }
    }

    fn words(&mut self, words: &[Word<'_>]) {
        for word in words {
            self.word(word);
        }
    }

    fn word(&mut self, word: &Word<'_>) {
        self.place(word.span);
        self.content(word.parts());
    }

    /// Writes what a word holds: its text with quoting resolved, the names of its parameters, its commands.
    fn content(&mut self, parts: &[WordPart<'_>]) {
        for part in parts {
            match part {
                WordPart::Literal { text: value, .. }
                | WordPart::SingleQuoted { text: value, .. }
                | WordPart::AnsiQuoted { text: value, .. } => {
                    text(&String::from_utf8_lossy(value), &mut self.out);
                }
                WordPart::Escaped { byte, .. } => text(&char::from(*byte).to_string(), &mut self.out),
                WordPart::Continuation { .. } => {}
                WordPart::DoubleQuoted { parts, .. } => self.content(parts),
                WordPart::Parameter(parameter) => self.out.push_str(&format!("${{{}}}", parameter.name)),
                WordPart::Arithmetic(_) => self.out.push_str("$(())"),
                WordPart::Command(substitution) => match &substitution.list {
                    Some(commands) => {
                        let mut inner = Self { out: String::new(), base: 0, ..*self };
                        inner.list(commands);
                        self.out.push('$');
                        self.out.push_str(&without_places(&inner.out));
                    }
                    None => self.out.push_str("$?"),
                },
            }
        }
    }
}
