//! Scripts, lists, pipelines and simple commands.

use super::OpaqueReason;
use super::ast::{Assignment, Command, Function, List, ListItem, Operator, Pipeline, SimpleCommand};
use super::cursor::{Reserved, Scanned, Scanner, is_name, is_name_start};
use super::word::Word;
use crate::Span;

impl<'t> Scanner<'t> {
    /// Reads the whole text.
    pub(super) fn script(&mut self) -> Scanned<List<'t>> {
        let list = self.list()?;
        if !self.rest().is_empty() {
            return self.opaque(OpaqueReason::Unexpected);
        }
        self.abandon_here_documents(0, 0)?;
        Ok(list)
    }

    /// Reads commands up to something that ends a list, which is left to the caller.
    pub(super) fn list(&mut self) -> Scanned<List<'t>> {
        self.linebreak()?;
        let mut span = Span::empty(self.pos);
        let mut items = Vec::new();
        while !self.at_list_end() {
            let pipeline = self.pipeline()?;
            self.blanks();
            let operator = self.list_operator()?;
            let item_span = match operator {
                Some((_, operator)) => Span::new(pipeline.span.start, operator.end),
                None => pipeline.span,
            };
            span.end = item_span.end;
            items.push(ListItem { span: item_span, pipeline, operator });
            match operator {
                None => break,
                Some((Operator::And | Operator::Or, _)) => {
                    self.linebreak()?;
                    if self.at_list_end() {
                        return self.opaque(OpaqueReason::MissingCommand);
                    }
                }
                Some((Operator::Semicolon | Operator::Newline | Operator::Background, _)) => {
                    self.linebreak()?
                }
            }
        }
        Ok(List { span, items })
    }

    /// Reads a list that must hold a command.
    pub(super) fn commands(&mut self) -> Scanned<List<'t>> {
        let list = self.list()?;
        if list.items.is_empty() { self.opaque(OpaqueReason::MissingCommand) } else { Ok(list) }
    }

    fn pipeline(&mut self) -> Scanned<Pipeline<'t>> {
        let start = self.pos;
        let mut negated = false;
        let mut timed = false;
        loop {
            match self.reserved() {
                Some(Reserved::Bang) if !negated => negated = true,
                Some(Reserved::Time) if !timed => timed = true,
                Some(Reserved::Bang | Reserved::Time) => return self.opaque(OpaqueReason::PipelinePrefix),
                _ => break,
            }
            self.pipeline_prefix()?;
        }
        let mut commands = Vec::with_capacity(1);
        let mut pipes = Vec::new();
        commands.push(self.command()?);
        let mut end = self.pos;
        loop {
            self.blanks();
            let pipe = self.pos;
            match (self.byte(0), self.byte(1)) {
                (Some(b'|'), Some(b'|')) => break,
                (Some(b'|'), Some(b'&')) => {
                    self.pos += 2;
                    self.note_bash(pipe);
                }
                (Some(b'|'), _) => {
                    self.pos += 1;
                    self.whole_operator(b"|&")?;
                }
                _ => break,
            }
            pipes.push(self.since(pipe));
            self.linebreak()?;
            commands.push(self.command()?);
            end = self.pos;
        }
        Ok(Pipeline { span: Span::new(start, end), negated, timed, commands, pipes })
    }

    /// Skips `!` or `time` and the blanks after it.
    fn pipeline_prefix(&mut self) -> Scanned<()> {
        let start = self.pos;
        let time = self.eat(Reserved::Time);
        if time {
            self.note_bash(start);
        } else {
            self.expect(Reserved::Bang)?;
        }
        // `!(` may open an extended glob.
        if !matches!(self.byte(0), Some(b' ' | b'\t' | b'\\')) {
            return self.opaque(OpaqueReason::PipelinePrefix);
        }
        self.blanks();
        match self.byte(0) {
            None | Some(b'\n') => self.opaque(OpaqueReason::PipelinePrefix),
            Some(b'-') if time => self.opaque(OpaqueReason::TimeOptions),
            _ => Ok(()),
        }
    }

    fn command(&mut self) -> Scanned<Command<'t>> {
        if self.reserved() == Some(Reserved::Function) {
            return self.function_keyword();
        }
        match self.compound()? {
            Some(compound) => Ok(Command::Compound(compound)),
            None => self.simple_command(),
        }
    }

    fn simple_command(&mut self) -> Scanned<Command<'t>> {
        let start = self.pos;
        let mut end = start;
        let mut command = SimpleCommand {
            span: Span::empty(start),
            assignments: Vec::new(),
            words: Vec::new(),
            redirects: Vec::new(),
        };
        loop {
            self.blanks();
            if self.at_redirect()? {
                command.redirects.push(self.redirect()?);
            } else {
                match self.byte(0) {
                    None | Some(b'\n' | b'&' | b'|' | b';' | b')') => break,
                    Some(b'(') => return self.parenthesis(&command),
                    _ => {}
                }
                let assignment = if command.words.is_empty() { self.assignment()? } else { None };
                match assignment {
                    Some(assignment) => command.assignments.push(assignment),
                    None => {
                        let word = self.word()?;
                        self.check_argument(&word)?;
                        if command.words.is_empty() {
                            if subscripts(word.text()) {
                                return self.opaque(OpaqueReason::Array);
                            }
                            // Most commands have fewer words than this.
                            command.words = Vec::with_capacity(8);
                        }
                        command.words.push(word);
                    }
                }
            }
            end = self.pos;
        }
        if end == start {
            return self.opaque(OpaqueReason::MissingCommand);
        }
        if matches!(command.words.as_slice(), [name, _, ..] if name.text() == b"alias" || name.text() == b"unalias")
        {
            self.aliased = true;
        }
        // Comments and continuations after the last word are not part of the command.
        self.pos = end;
        command.span = self.since(start);
        Ok(Command::Simple(command))
    }

    /// Gives up over a word among those of a command that may be more than a word.
    fn check_argument(&self, word: &Word<'t>) -> Scanned<()> {
        // Where bash expects an assignment, `name[` reaches up to the closing bracket, blanks included.
        if word.traits.open_bracket && identifier(word.text()).is_some_and(|(_, rest)| rest.starts_with(b"["))
        {
            return self.opaque(OpaqueReason::Array);
        }
        // bash reads `{name}>file` as a redirection that picks a free descriptor.
        if matches!(self.byte(0), Some(b'<' | b'>'))
            && word.text().starts_with(b"{")
            && word.text().ends_with(b"}")
        {
            return self.opaque(OpaqueReason::Descriptor);
        }
        Ok(())
    }

    /// Reads an assignment, if one stands here.
    fn assignment(&mut self) -> Scanned<Option<Assignment<'t>>> {
        let start = self.pos;
        let Some((name, rest)) = identifier(self.rest()) else { return Ok(None) };
        let append = match rest {
            [b'=', ..] => false,
            [b'+', b'=', ..] => true,
            _ => return Ok(None),
        };
        self.pos += name.len() + 1 + usize::from(append);
        if append {
            self.note_bash(start);
        }
        if self.byte(0) == Some(b'(') {
            return self.opaque(OpaqueReason::Array);
        }
        let value = self.value()?;
        Ok(Some(Assignment { span: self.since(start), name: ascii(name), value, append }))
    }

    /// Reads what an opening parenthesis after the words of `command` makes of them: a function, if anything.
    fn parenthesis(&mut self, command: &SimpleCommand<'t>) -> Scanned<Command<'t>> {
        let name =
            match (command.words.as_slice(), command.assignments.is_empty(), command.redirects.is_empty()) {
                ([name], true, true) => name.bare(),
                _ => None,
            };
        let Some(name) = name else { return self.opaque(OpaqueReason::Parenthesis) };
        // `foo*(` and its kin: the last byte could open an extended glob.
        if name.ends_with(b"+") || name.ends_with(b"@") || name.ends_with(b"!") || name.contains(&b'=') {
            return self.opaque(OpaqueReason::Parenthesis);
        }
        // dash wants the name of a variable.
        let plain = identifier(name).is_some_and(|(_, rest)| rest.is_empty());
        self.empty_parentheses()?;
        let start = command.words.first().map_or(self.pos, |name| name.span.start);
        if !plain {
            self.note_bash(start);
        }
        self.function_body(start, name)
    }

    /// Reads `function name { ...; }`, with or without parentheses.
    fn function_keyword(&mut self) -> Scanned<Command<'t>> {
        let start = self.pos;
        self.expect(Reserved::Function)?;
        self.note_bash(start);
        self.blanks();
        let word = self.word()?;
        let Some(name) = word.bare() else { return self.opaque(OpaqueReason::Unexpected) };
        self.blanks();
        if self.byte(0) == Some(b'(') && self.byte(1) == Some(b')') {
            self.empty_parentheses()?;
        }
        self.function_body(start, name)
    }

    fn empty_parentheses(&mut self) -> Scanned<()> {
        self.expect_byte(b'(')?;
        self.blanks();
        if self.byte(0) == Some(b')') {
            self.pos += 1;
            Ok(())
        } else {
            self.opaque(OpaqueReason::Parenthesis)
        }
    }

    fn function_body(&mut self, start: usize, name: &'t [u8]) -> Scanned<Command<'t>> {
        self.linebreak()?;
        match self.compound()? {
            Some(body) => {
                Ok(Command::Function(Function { span: self.since(start), name, body: Box::new(body) }))
            }
            None => self.misplaced(),
        }
    }
}

/// Bytes known to be ASCII, as text.
pub(super) fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// The name of a variable at the start of `text`, and what follows it.
pub(super) fn identifier(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if !text.first().copied().is_some_and(is_name_start) {
        return None;
    }
    let length = text.iter().take_while(|&&byte| is_name(byte)).count();
    text.split_at_checked(length)
}

/// Whether a word looks like `name[...]=value`.
fn subscripts(word: &[u8]) -> bool {
    // Few words have a bracket.
    word.contains(&b'[')
        && identifier(word).is_some_and(|(_, rest)| {
            rest.starts_with(b"[") && rest.windows(2).any(|pair| pair == b"]=" || pair == b"]+")
        })
}
