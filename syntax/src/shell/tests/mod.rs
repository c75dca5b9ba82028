//! Scripts and what is read in them, as two strings.

mod commands;
mod compounds;
mod here_documents;
mod opaque;
mod reads;
mod words;

use super::ast::{Command, CompoundCommand, List, Operator};
use super::word::{Word, WordPart};
use super::{OpaqueReason, Script, scan};
use crate::Span;

fn read(text: &str) -> Script<'_> {
    scan(text.as_bytes()).unwrap_or_else(|opaque| panic!("{text:?}: {opaque}"))
}

fn reason(text: &str) -> OpaqueReason {
    match scan(text.as_bytes()) {
        Ok(_) => panic!("{text:?} is read as {}", shape(text)),
        Err(opaque) => opaque.reason,
    }
}

/// The tree as text: every word, assignment and redirection in brackets, cut out of the script by its span.
fn shape(text: &str) -> String {
    list(&read(text).list, text)
}

fn cut(span: Span, text: &str) -> &str {
    &text[span.range()]
}

fn list(list: &List<'_>, text: &str) -> String {
    let items = list.items.iter().map(|item| {
        let prefix = match (item.pipeline.timed, item.pipeline.negated) {
            (false, false) => "",
            (true, false) => "time ",
            (false, true) => "! ",
            (true, true) => "time ! ",
        };
        let commands: Vec<String> = item.pipeline.commands.iter().map(|each| command(each, text)).collect();
        let operator = item.operator.map_or(String::new(), |(operator, span)| {
            let expected = match operator {
                Operator::And => "&&",
                Operator::Or => "||",
                Operator::Semicolon => ";",
                Operator::Newline => "\n",
                Operator::Background => "&",
            };
            assert_eq!(cut(span, text), expected);
            format!(" {}", if expected == "\n" { "NL" } else { expected })
        });
        format!("{prefix}{}{operator}", commands.join(" | "))
    });
    items.collect::<Vec<_>>().join(" ")
}

fn command(command: &Command<'_>, text: &str) -> String {
    let compound = match command {
        Command::Simple(command) => {
            let mut pieces: Vec<(Span, String)> = Vec::new();
            for assignment in &command.assignments {
                let operator = if assignment.append { "+=" } else { "=" };
                let value = word(&assignment.value, text);
                pieces.push((assignment.span, format!("{}{operator}{value}", assignment.name)));
            }
            pieces.extend(command.words.iter().map(|each| (each.span, word(each, text))));
            for redirect in &command.redirects {
                let fd = redirect.fd.map_or(String::new(), |fd| fd.to_string());
                let target = word(&redirect.target, text);
                pieces.push((redirect.span, format!("{fd}{:?}{target}", redirect.operator)));
            }
            pieces.sort();
            return pieces.into_iter().map(|(_, piece)| piece).collect::<Vec<_>>().join(" ");
        }
        Command::Compound(compound) => compound,
        Command::Function(function) => &function.body,
    };
    let name = match command {
        Command::Function(function) => format!("{}() ", String::from_utf8_lossy(function.name)),
        _ => String::new(),
    };
    format!("{name}{}", self::compound(compound, text))
}

fn compound(compound: &CompoundCommand<'_>, text: &str) -> String {
    let mut out = format!("{:?}(", compound.kind);
    if let Some(variable) = compound.variable {
        out.push_str(&format!("{variable} "));
    }
    let words: Vec<String> = compound.words.iter().map(|each| word(each, text)).collect();
    out.push_str(&words.join(" "));
    for each in &compound.lists {
        out.push_str(&format!("{{{}}}", list(each, text)));
    }
    out.push(')');
    for redirect in &compound.redirects {
        out.push_str(&format!(" {:?}{}", redirect.operator, word(&redirect.target, text)));
    }
    out
}

/// The word in brackets, and the commands substituted in it.
fn word(word: &Word<'_>, text: &str) -> String {
    let mut out = format!("[{}]", cut(word.span, text));
    substituted(word.parts(), text, &mut out);
    out
}

fn substituted(parts: &[WordPart<'_>], text: &str, out: &mut String) {
    for part in parts {
        match part {
            WordPart::DoubleQuoted { parts, .. } => substituted(parts, text, out),
            WordPart::Parameter(parameter) => substituted(&parameter.operand, text, out),
            WordPart::Arithmetic(arithmetic) => substituted(&arithmetic.parts, text, out),
            WordPart::Command(substitution) => match &substitution.list {
                Some(commands) => out.push_str(&format!("<{}>", list(commands, text))),
                None => out.push_str("<?>"),
            },
            _ => {}
        }
    }
}

/// The arguments of the one command in `text`.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut script = read(text);
    assert_eq!(script.list.items.len(), 1, "{text:?}");
    match script.list.items.remove(0).pipeline.commands.remove(0) {
        Command::Simple(command) => command.words,
        other => panic!("{other:?}"),
    }
}
