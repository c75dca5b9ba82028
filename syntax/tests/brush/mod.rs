//! brush's tree in the notation of `shell_notation`.
//!
//! Known errors of brush 0.4.0, made good here because they would hide others:
//!
//! - after a continuation or after the tag of a here-document, the place of a word starts at the blank before it;
//! - a continuation inside double quotes stays in the value.
//!
//! Known gap: a `case` inside `$(...)` is rejected, because its patterns end in unmatched parentheses.

use std::panic::{AssertUnwindSafe, catch_unwind};

use brush_parser::ast::{
    AndOr, Assignment, Command, CommandPrefixOrSuffixItem, CompoundCommand, CompoundList, IoFileRedirectKind,
    IoFileRedirectTarget, IoRedirect, Pipeline, RedirectList, SeparatorOperator, SimpleCommand, Word,
};
use brush_parser::word::{Parameter, ParameterExpr, TildeExpr, WordPiece, WordPieceWithSource};
use brush_parser::{Parser, ParserOptions, SourceSpan, word};

use super::shell_notation::{place, text, without_places};
use dockfix_syntax::Span;

/// The script as brush reads it; nothing when brush rejects it.
pub(crate) fn script(script: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(script).ok()?;
    catch_unwind(AssertUnwindSafe(|| program(text))).ok()?
}

fn program(text: &str) -> Option<String> {
    let options = ParserOptions::default();
    let program = Parser::new(text.as_bytes(), &options).parse_program().ok()?;
    let notation =
        Notation { text, offsets: text.char_indices().map(|(at, _)| at).chain([text.len()]).collect() };
    let mut out = String::from("{");
    for command in &program.complete_commands {
        notation.items(command, &mut out)?;
    }
    out.push('}');
    Some(out)
}

struct Notation<'a> {
    text: &'a str,
    /// The byte offset of each character.
    offsets: Vec<usize>,
}

impl Notation<'_> {
    fn list(&self, list: &CompoundList, out: &mut String) -> Option<()> {
        out.push('{');
        self.items(list, out)?;
        out.push('}');
        Some(())
    }

    fn items(&self, list: &CompoundList, out: &mut String) -> Option<()> {
        for item in &list.0 {
            self.pipeline(&item.0.first, out)?;
            for next in &item.0.additional {
                let (operator, pipeline) = match next {
                    AndOr::And(pipeline) => ("&&", pipeline),
                    AndOr::Or(pipeline) => ("||", pipeline),
                };
                out.push_str(operator);
                self.pipeline(pipeline, out)?;
            }
            out.push(if matches!(item.1, SeparatorOperator::Async) { '&' } else { ';' });
        }
        Some(())
    }

    fn pipeline(&self, pipeline: &Pipeline, out: &mut String) -> Option<()> {
        if pipeline.timed.is_some() {
            out.push_str("time ");
        }
        if pipeline.bang {
            out.push_str("! ");
        }
        for (at, command) in pipeline.seq.iter().enumerate() {
            if at > 0 {
                out.push('|');
            }
            self.command(command, out)?;
        }
        Some(())
    }

    fn command(&self, command: &Command, out: &mut String) -> Option<()> {
        match command {
            Command::Simple(command) => self.simple(command, out),
            Command::Compound(compound, redirects) => self.compound(compound, redirects.as_ref(), out),
            Command::Function(function) => {
                out.push_str("function ");
                self.compound(&function.body.0, function.body.1.as_ref(), out)
            }
            Command::ExtendedTest(_, redirects) => {
                out.push_str("(Test ");
                self.redirects(redirects.as_ref(), out)?;
                out.push(')');
                Some(())
            }
        }
    }

    fn simple(&self, command: &SimpleCommand, out: &mut String) -> Option<()> {
        let (mut assignments, mut words, mut redirects) = (String::new(), String::new(), String::new());
        let prefix = command.prefix.iter().flat_map(|prefix| &prefix.0);
        for item in prefix {
            match item {
                CommandPrefixOrSuffixItem::IoRedirect(redirect) => self.redirect(redirect, &mut redirects)?,
                CommandPrefixOrSuffixItem::AssignmentWord(assignment, word) => {
                    self.assignment(assignment, word, &mut assignments)?;
                }
                _ => return None,
            }
        }
        if let Some(word) = &command.word_or_name {
            self.word(word, &mut words)?;
        }
        for item in command.suffix.iter().flat_map(|suffix| &suffix.0) {
            match item {
                CommandPrefixOrSuffixItem::IoRedirect(redirect) => self.redirect(redirect, &mut redirects)?,
                CommandPrefixOrSuffixItem::AssignmentWord(_, word)
                | CommandPrefixOrSuffixItem::Word(word) => {
                    self.word(word, &mut words)?;
                }
                CommandPrefixOrSuffixItem::ProcessSubstitution(_, subshell) => {
                    self.process_substitution(&subshell.list, &subshell.loc, &mut words)?;
                }
            }
        }
        out.push_str(&format!("[{assignments}/{words}/{redirects}]"));
        Some(())
    }

    fn assignment(&self, assignment: &Assignment, _word: &Word, out: &mut String) -> Option<()> {
        let span = self.span(&assignment.loc)?;
        place(span, out);
        // The value begins after the first `=`.
        let raw = self.text.get(span.range())?;
        content(raw.split_once('=')?.1, out)
    }

    fn process_substitution(
        &self,
        list: &CompoundList,
        place_of: &SourceSpan,
        out: &mut String,
    ) -> Option<()> {
        // The location starts at the parenthesis.
        let span = self.span(place_of)?;
        place(Span::new(span.start.checked_sub(1)?, span.end), out);
        let mut inner = String::new();
        self.list(list, &mut inner)?;
        out.push('$');
        out.push_str(&without_places(&inner));
        Some(())
    }

    fn word(&self, word: &Word, out: &mut String) -> Option<()> {
        let span = self.span(word.loc.as_ref()?)?;
        place(span, out);
        content(self.text.get(span.range())?, out)
    }

    fn span(&self, location: &SourceSpan) -> Option<Span> {
        let mut start = *self.offsets.get(location.start.index)?;
        let end = *self.offsets.get(location.end.index)?;
        loop {
            let raw = self.text.get(start..end)?;
            let word = raw.trim_start_matches([' ', '\t']);
            let word = word.strip_prefix("\\\n").unwrap_or(word);
            if word.len() == raw.len() {
                return Some(Span::new(start, end));
            }
            start = end - word.len();
        }
    }

    fn redirects(&self, redirects: Option<&RedirectList>, out: &mut String) -> Option<()> {
        redirects.iter().flat_map(|list| &list.0).try_for_each(|redirect| self.redirect(redirect, out))
    }

    fn redirect(&self, redirect: &IoRedirect, out: &mut String) -> Option<()> {
        let (fd, operator, target) = match redirect {
            IoRedirect::File(fd, kind, target) => {
                let operator = match kind {
                    IoFileRedirectKind::Read => "in",
                    IoFileRedirectKind::Write => "out",
                    IoFileRedirectKind::Append => "append",
                    IoFileRedirectKind::ReadAndWrite => "both",
                    IoFileRedirectKind::Clobber => "clobber",
                    IoFileRedirectKind::DuplicateInput => "dupin",
                    IoFileRedirectKind::DuplicateOutput => "dupout",
                };
                match target {
                    IoFileRedirectTarget::Filename(word) | IoFileRedirectTarget::Duplicate(word) => {
                        (fd, operator, word)
                    }
                    IoFileRedirectTarget::Fd(_) => return None,
                    IoFileRedirectTarget::ProcessSubstitution(_, subshell) => {
                        out.push_str(&format!("({fd:?} {operator} "));
                        self.process_substitution(&subshell.list, &subshell.loc, out)?;
                        out.push(')');
                        return Some(());
                    }
                }
            }
            IoRedirect::HereDocument(fd, document) => {
                let operator = if document.remove_tabs { "herestrip" } else { "here" };
                out.push_str(&format!("({fd:?} {operator} "));
                self.word(&document.here_end, out)?;
                out.push_str(&format!(" {})", !document.requires_expansion));
                return Some(());
            }
            IoRedirect::HereString(fd, word) => (fd, "herestring", word),
            IoRedirect::OutputAndError(word, append) => {
                (&None, if *append { "allappend" } else { "all" }, word)
            }
        };
        out.push_str(&format!("({fd:?} {operator} "));
        self.word(target, out)?;
        out.push(')');
        Some(())
    }

    fn compound(
        &self,
        compound: &CompoundCommand,
        redirects: Option<&RedirectList>,
        out: &mut String,
    ) -> Option<()> {
        match compound {
            CompoundCommand::Arithmetic(_) => out.push_str("(Arithmetic "),
            CompoundCommand::BraceGroup(group) => {
                out.push_str("(Brace ");
                self.list(&group.list, out)?;
            }
            CompoundCommand::Subshell(subshell) => {
                out.push_str("(Subshell ");
                self.list(&subshell.list, out)?;
            }
            CompoundCommand::ForClause(clause) => {
                out.push_str("(For ");
                for word in clause.values.iter().flatten() {
                    self.word(word, out)?;
                }
                self.list(&clause.body.list, out)?;
            }
            CompoundCommand::CaseClause(clause) => {
                out.push_str("(Case ");
                self.word(&clause.value, out)?;
                for case in &clause.cases {
                    for pattern in &case.patterns {
                        self.word(pattern, out)?;
                    }
                }
                for case in &clause.cases {
                    match &case.cmd {
                        Some(list) => self.list(list, out)?,
                        None => out.push_str("{}"),
                    }
                }
            }
            CompoundCommand::IfClause(clause) => {
                out.push_str("(If ");
                self.list(&clause.condition, out)?;
                self.list(&clause.then, out)?;
                for other in clause.elses.iter().flatten() {
                    if let Some(condition) = &other.condition {
                        self.list(condition, out)?;
                    }
                    self.list(&other.body, out)?;
                }
            }
            CompoundCommand::WhileClause(clause) => {
                out.push_str("(While ");
                self.list(&clause.0, out)?;
                self.list(&clause.1.list, out)?;
            }
            CompoundCommand::UntilClause(clause) => {
                out.push_str("(Until ");
                self.list(&clause.0, out)?;
                self.list(&clause.1.list, out)?;
            }
            CompoundCommand::ArithmeticForClause(_) | CompoundCommand::Coprocess(_) => return None,
        }
        self.redirects(redirects, out)?;
        out.push(')');
        Some(())
    }
}

/// See the function of the same name in `shell_notation`.
fn content(raw: &str, out: &mut String) -> Option<()> {
    pieces(&word::parse(raw, &ParserOptions::default()).ok()?, out)
}

fn pieces(list: &[WordPieceWithSource], out: &mut String) -> Option<()> {
    for piece in list {
        match &piece.piece {
            WordPiece::Text(value) => text(&value.replace("\\\n", ""), out),
            WordPiece::SingleQuotedText(value) | WordPiece::AnsiCQuotedText(value) => text(value, out),
            WordPiece::EscapeSequence(value) => text(value.strip_prefix('\\')?, out),
            WordPiece::TildeExpansion(TildeExpr::Home) => out.push('~'),
            WordPiece::TildeExpansion(TildeExpr::UserHome(user)) => out.push_str(&format!("~{user}")),
            WordPiece::TildeExpansion(_) => return None,
            WordPiece::DoubleQuotedSequence(inner) | WordPiece::GettextDoubleQuotedSequence(inner) => {
                pieces(inner, out)?;
            }
            WordPiece::ParameterExpansion(expansion) => out.push_str(&format!("${{{}}}", name(expansion))),
            WordPiece::ArithmeticExpression(_) => out.push_str("$(())"),
            WordPiece::CommandSubstitution(text) | WordPiece::BackquotedCommandSubstitution(text) => {
                out.push('$');
                out.push_str(&without_places(&program(text)?));
            }
        }
    }
    Some(())
}

fn name(expansion: &ParameterExpr) -> String {
    let parameter = match expansion {
        ParameterExpr::Parameter { parameter, .. }
        | ParameterExpr::UseDefaultValues { parameter, .. }
        | ParameterExpr::AssignDefaultValues { parameter, .. }
        | ParameterExpr::IndicateErrorIfNullOrUnset { parameter, .. }
        | ParameterExpr::UseAlternativeValue { parameter, .. }
        | ParameterExpr::ParameterLength { parameter, .. }
        | ParameterExpr::RemoveSmallestSuffixPattern { parameter, .. }
        | ParameterExpr::RemoveLargestSuffixPattern { parameter, .. }
        | ParameterExpr::RemoveSmallestPrefixPattern { parameter, .. }
        | ParameterExpr::RemoveLargestPrefixPattern { parameter, .. }
        | ParameterExpr::Substring { parameter, .. }
        | ParameterExpr::Transform { parameter, .. }
        | ParameterExpr::UppercaseFirstChar { parameter, .. }
        | ParameterExpr::UppercasePattern { parameter, .. }
        | ParameterExpr::LowercaseFirstChar { parameter, .. }
        | ParameterExpr::LowercasePattern { parameter, .. }
        | ParameterExpr::ReplaceSubstring { parameter, .. } => parameter,
        ParameterExpr::VariableNames { prefix, .. } => return prefix.clone(),
        ParameterExpr::MemberKeys { variable_name, .. } => return variable_name.clone(),
    };
    match parameter {
        Parameter::Positional(number) => number.to_string(),
        Parameter::Special(special) => special.to_string(),
        Parameter::Named(name)
        | Parameter::NamedWithIndex { name, .. }
        | Parameter::NamedWithAllIndices { name, .. } => name.clone(),
    }
}
