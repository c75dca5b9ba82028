//! What a dollar or a backquote starts.

use super::OpaqueReason;
use super::cursor::{Scanned, Scanner, is_name, is_name_start};
use super::grammar::ascii;
use super::word::{Arithmetic, CommandSubstitution, Parameter, SubstitutionKind, WordPart};
use super::word_scan::Quoting;
use crate::Span;

/// The names of the special parameters.
const SPECIAL: &[u8] = b"@*#?-$!";

/// How what follows the operator in `${x...}` is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operand {
    Nothing,
    Value,
    Pattern,
    Arithmetic,
}

impl<'t> Scanner<'t> {
    /// Reads what the dollar at this place starts; nothing when it stands for itself.
    pub(super) fn dollar(&mut self, quoting: Quoting) -> Scanned<Option<WordPart<'t>>> {
        let start = self.pos;
        let part = match self.byte(1) {
            Some(b'(') if self.byte(2) == Some(b'(') => self.arithmetic_substitution()?,
            Some(b'(') => self.command_substitution(SubstitutionKind::Dollar)?,
            Some(b'{') => self.braced_parameter(quoting)?,
            Some(b'[') => return self.opaque(OpaqueReason::Arithmetic),
            Some(b'\\') if self.byte(2) == Some(b'\n') => return self.opaque(OpaqueReason::SplitToken),
            Some(b'\'') if quoting == Quoting::None => self.ansi_quoted()?,
            Some(b'"') if quoting == Quoting::None => {
                self.pos += 1;
                self.double_quoted(start)?
            }
            Some(byte) if is_name_start(byte) => {
                self.pos += 1;
                self.pos += self.rest().iter().take_while(|&&byte| is_name(byte)).count();
                let after = self.after_continuations(self.pos);
                if after > self.pos && self.text.get(after).copied().is_some_and(is_name) {
                    return self.opaque(OpaqueReason::SplitToken);
                }
                self.plain_parameter(start)
            }
            Some(byte) if byte.is_ascii_digit() || SPECIAL.contains(&byte) => {
                self.pos += 2;
                self.plain_parameter(start)
            }
            _ => return Ok(None),
        };
        Ok(Some(part))
    }

    fn plain_parameter(&self, start: usize) -> WordPart<'t> {
        WordPart::Parameter(Box::new(Parameter {
            span: self.since(start),
            name: ascii(self.text_since(start + 1)),
            length: false,
            indirect: false,
            operator: "",
            operand: Vec::new(),
        }))
    }

    /// Reads `$(...)`, `<(...)` or `>(...)`.
    pub(super) fn command_substitution(&mut self, kind: SubstitutionKind) -> Scanned<WordPart<'t>> {
        let start = self.pos;
        self.substitutes = true;
        self.enter()?;
        self.pos += 2;
        if kind != SubstitutionKind::Dollar {
            self.note_bash(start);
        }
        self.whole_operator(b"(")?;
        let outer = std::mem::replace(&mut self.outer_pending, self.pending.len());
        let list = self.list()?;
        self.expect_byte(b')')?;
        self.abandon_here_documents(self.outer_pending, start)?;
        self.outer_pending = outer;
        self.leave();
        Ok(WordPart::Command(Box::new(CommandSubstitution {
            span: self.since(start),
            kind,
            list: Some(list),
        })))
    }

    /// Reads `` `...` ``. The shell ends it at the first backquote without a backslash, takes the backslashes off that
    /// it needs for itself, and reads what remains as a script.
    pub(super) fn backquoted(&mut self, quoting: Quoting) -> Scanned<WordPart<'t>> {
        let start = self.pos;
        self.substitutes = true;
        let mut end = start + 1;
        let mut rewritten = false;
        loop {
            match (self.text.get(end), self.text.get(end + 1)) {
                (None, _) => return self.opaque(OpaqueReason::Unterminated),
                (Some(b'`'), _) => break,
                (Some(b'\\'), escaped) => {
                    rewritten |= match escaped {
                        Some(b'$' | b'`' | b'\\') => true,
                        Some(b'"') => quoting != Quoting::None,
                        _ => false,
                    };
                    end += 2;
                }
                _ => end += 1,
            }
        }
        let list = if rewritten {
            None
        } else {
            self.enter()?;
            let outer = std::mem::replace(&mut self.outer_pending, self.pending.len());
            let list = self.within(Span::new(start + 1, end), Self::list)?;
            self.abandon_here_documents(self.outer_pending, start)?;
            self.outer_pending = outer;
            self.leave();
            Some(list)
        };
        self.pos = end + 1;
        let span = self.since(start);
        Ok(WordPart::Command(Box::new(CommandSubstitution { span, kind: SubstitutionKind::Backquote, list })))
    }

    fn arithmetic_substitution(&mut self) -> Scanned<WordPart<'t>> {
        let start = self.pos;
        self.enter()?;
        self.pos += 3;
        let parts = self.arithmetic(b'(', b')')?;
        let closed = self.close_arithmetic()?;
        self.leave();
        if closed {
            return Ok(WordPart::Arithmetic(Arithmetic { span: self.since(start), parts }));
        }
        // A subshell inside a command substitution, for which dash wants a blank.
        self.retry(start)?;
        self.note_bash(start);
        self.command_substitution(SubstitutionKind::Dollar)
    }

    /// Reads an arithmetic expression up to the `close` that matches nothing in it.
    pub(super) fn arithmetic(&mut self, open: u8, close: u8) -> Scanned<Vec<WordPart<'t>>> {
        let mut parts = Vec::new();
        let mut literal = self.pos;
        let mut nested = 0_usize;
        loop {
            let at = self.pos;
            let part = match self.byte(0) {
                None => return self.opaque(OpaqueReason::Unterminated),
                Some(b'"' | b'\'' | b'\\') => return self.opaque(OpaqueReason::Arithmetic),
                Some(b'<' | b'>') if self.byte(1) == Some(b'(') => {
                    return self.opaque(OpaqueReason::Arithmetic);
                }
                Some(b'$') => self.dollar(Quoting::Double)?,
                Some(b'`') => Some(self.backquoted(Quoting::Double)?),
                // A brace does not nest, and is nothing in arithmetic.
                Some(b'{') if open == b'{' => return self.opaque(OpaqueReason::Arithmetic),
                Some(byte) if byte == open => {
                    nested += 1;
                    None
                }
                Some(byte) if byte == close => {
                    if nested == 0 {
                        break;
                    }
                    nested -= 1;
                    None
                }
                Some(_) => None,
            };
            match part {
                None => self.pos += 1,
                Some(part) => {
                    self.push_literal(literal, at, |part| parts.push(part));
                    parts.push(part);
                    literal = self.pos;
                }
            }
        }
        self.push_literal(literal, self.pos, |part| parts.push(part));
        Ok(parts)
    }

    /// Skips the `)` at this place and the one that must follow it; false when it does not.
    pub(super) fn close_arithmetic(&mut self) -> Scanned<bool> {
        self.expect_byte(b')')?;
        self.whole_operator(b")")?;
        let closed = self.byte(0) == Some(b')');
        self.pos += usize::from(closed);
        Ok(closed)
    }

    fn braced_parameter(&mut self, quoting: Quoting) -> Scanned<WordPart<'t>> {
        let start = self.pos;
        self.enter()?;
        self.pos += 2;
        let (length, indirect) = self.parameter_prefix(start)?;
        let name = self.parameter_name()?;
        let mut operand = Vec::new();
        if self.byte(0) == Some(b'[') {
            self.subscript(&mut operand)?;
            self.note_bash(start);
        }
        if indirect && matches!((self.byte(0), self.byte(1)), (Some(b'*' | b'@'), Some(b'}'))) {
            self.pos += 1;
        }
        let (operator, kind) = self.parameter_operator(start)?;
        if length && (!operator.is_empty() || self.byte(0) != Some(b'}')) {
            return self.opaque(OpaqueReason::Parameter);
        }
        match kind {
            Operand::Nothing => {}
            Operand::Value | Operand::Pattern => {
                self.operand(quoting, kind == Operand::Pattern, &mut operand)?;
            }
            Operand::Arithmetic => {
                let offsets = self.pos;
                let parts = self.arithmetic(b'{', b'}')?;
                operand.push(WordPart::Arithmetic(Arithmetic { span: self.since(offsets), parts }));
            }
        }
        self.expect_byte(b'}')?;
        self.leave();
        let span = self.since(start);
        Ok(WordPart::Parameter(Box::new(Parameter { span, name, length, indirect, operator, operand })))
    }

    /// Skips `#` or `!` before the name: whether the length is meant, whether the reference is indirect.
    fn parameter_prefix(&mut self, start: usize) -> Scanned<(bool, bool)> {
        let named = |byte: u8| is_name(byte) || byte == b'@' || byte == b'*';
        let (length, indirect) = match (self.byte(0), self.byte(1)) {
            (Some(b'#' | b'!'), Some(b'}')) => return Ok((false, false)),
            (Some(b'#'), Some(next)) if named(next) => (true, false),
            (Some(b'!'), Some(next)) if named(next) => (false, true),
            // `${##}`, `${#-x}`, `${!#}`, ...: shells differ.
            (Some(b'#' | b'!'), _) => return self.opaque(OpaqueReason::Parameter),
            _ => return Ok((false, false)),
        };
        self.pos += 1;
        if indirect {
            self.note_bash(start);
        }
        Ok((length, indirect))
    }

    fn parameter_name(&mut self) -> Scanned<&'t str> {
        let start = self.pos;
        let rest = self.rest();
        self.pos += match rest.first().copied() {
            Some(byte) if is_name_start(byte) => rest.iter().take_while(|&&byte| is_name(byte)).count(),
            Some(byte) if byte.is_ascii_digit() => {
                rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
            }
            Some(byte) if SPECIAL.contains(&byte) => 1,
            _ => return self.opaque(OpaqueReason::Parameter),
        };
        Ok(ascii(self.text_since(start)))
    }

    fn subscript(&mut self, operand: &mut Vec<WordPart<'t>>) -> Scanned<()> {
        if self.rest().starts_with(b"[@]") || self.rest().starts_with(b"[*]") {
            self.pos += 3;
            return Ok(());
        }
        let start = self.pos;
        self.pos += 1;
        let parts = self.arithmetic(b'[', b']')?;
        self.pos += 1;
        operand.push(WordPart::Arithmetic(Arithmetic { span: self.since(start), parts }));
        Ok(())
    }

    fn parameter_operator(&mut self, start: usize) -> Scanned<(&'t str, Operand)> {
        let at = self.pos;
        let (length, operand, bash) = match self.rest() {
            [b':', b'-' | b'=' | b'+' | b'?', ..] => (2, Operand::Value, false),
            [b'-' | b'=' | b'+' | b'?', ..] => (1, Operand::Value, false),
            [b'#', b'#', ..] | [b'%', b'%', ..] => (2, Operand::Pattern, false),
            [b'#' | b'%', ..] => (1, Operand::Pattern, false),
            [b'/', b'/', ..] | [b'^', b'^', ..] | [b',', b',', ..] => (2, Operand::Pattern, true),
            [b'/' | b'^' | b',', ..] => (1, Operand::Pattern, true),
            [b'@', letter, b'}', ..] if letter.is_ascii_alphabetic() => (2, Operand::Nothing, true),
            [b':', ..] => (1, Operand::Arithmetic, true),
            [b'}', ..] => (0, Operand::Nothing, false),
            [] => return self.opaque(OpaqueReason::Unterminated),
            _ => return self.opaque(OpaqueReason::Parameter),
        };
        self.pos += length;
        if bash {
            self.note_bash(start);
        }
        Ok((ascii(self.text_since(at)), operand))
    }

    /// Reads a default value or pattern up to the closing brace.
    fn operand(&mut self, quoting: Quoting, pattern: bool, parts: &mut Vec<WordPart<'t>>) -> Scanned<()> {
        let mut literal = self.pos;
        loop {
            let at = self.pos;
            let part = match (self.byte(0), self.byte(1)) {
                (None, _) => return self.opaque(OpaqueReason::Unterminated),
                (Some(b'}'), _) => break,
                // How far quotes reach inside an expansion inside a here-document is not the same in all shells.
                (Some(b'\'' | b'"'), _) if quoting == Quoting::HereDocument => {
                    return self.opaque(OpaqueReason::Parameter);
                }
                (Some(b'\''), _) if quoting == Quoting::None || pattern => Some(self.single_quoted()?),
                (Some(b'"'), _) => Some(self.double_quoted(at)?),
                (Some(b'$'), _) => self.dollar(quoting)?,
                (Some(b'`'), _) => Some(self.backquoted(quoting)?),
                (Some(b'<' | b'>'), Some(b'(')) if quoting == Quoting::None => {
                    return self.opaque(OpaqueReason::ProcessSubstitution);
                }
                (Some(b'\\'), Some(b'\n')) => {
                    self.pos += 2;
                    Some(WordPart::Continuation { span: self.since(at) })
                }
                (Some(b'\\'), Some(byte)) => {
                    self.pos += 2;
                    Some(WordPart::Escaped { span: self.since(at), byte })
                }
                _ => None,
            };
            match part {
                None => self.pos += 1,
                Some(part) => {
                    self.push_literal(literal, at, |part| parts.push(part));
                    parts.push(part);
                    literal = self.pos;
                }
            }
        }
        self.push_literal(literal, self.pos, |part| parts.push(part));
        Ok(())
    }
}
