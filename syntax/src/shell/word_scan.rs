//! Reading words: quotes and unquoted text.

use super::OpaqueReason;
use super::cursor::{Scanned, Scanner, is_delimiter, is_plain};
use super::word::{Parts, SubstitutionKind, Traits, Word, WordPart};
use crate::Span;

/// What surrounds an expansion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    /// Nothing.
    None,
    /// Double quotes.
    Double,
    /// The body of a here-document.
    HereDocument,
}

/// What a word is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A word that must be there.
    Word,
    /// The value of an assignment, which may be empty.
    Value,
    /// The regular expression after `=~`, which must be there and in which parentheses and bars are ordinary.
    Regex,
}

impl<'t> Scanner<'t> {
    /// Reads the word that must start here.
    pub(super) fn word(&mut self) -> Scanned<Word<'t>> {
        self.read_word(Role::Word)
    }

    /// Reads the value of an assignment, which may be empty.
    pub(super) fn value(&mut self) -> Scanned<Word<'t>> {
        self.read_word(Role::Value)
    }

    /// Reads the regular expression after `=~`.
    pub(super) fn regex(&mut self) -> Scanned<Word<'t>> {
        self.read_word(Role::Regex)
    }

    #[inline]
    fn read_word(&mut self, role: Role) -> Scanned<Word<'t>> {
        let start = self.pos;
        let rest = self.rest();
        let plain = rest.iter().position(|&byte| !is_plain(byte)).unwrap_or(rest.len());
        self.pos += plain;
        // Most words are nothing but plain text.
        if plain > 0
            && self
                .byte(0)
                .is_none_or(|byte| is_delimiter(byte) && !matches!(byte, b'<' | b'>' | b'(' | b'|'))
        {
            let span = self.since(start);
            let parts = Parts::One(WordPart::Literal { span, text: self.text_since(start) });
            return Ok(Word { span, text: self.written_since(start), parts, traits: Traits::default() });
        }
        self.word_rest(start, role)
    }

    /// Reads on after the plain text at the start of a word.
    fn word_rest(&mut self, start: usize, role: Role) -> Scanned<Word<'t>> {
        let regex = role == Role::Regex;
        let mut literal = start;
        let mut parts = Parts::default();
        let mut traits = Traits::default();
        let (mut bracket, mut brace) = (None, None);
        let (mut brackets, mut parentheses) = (0_usize, 0_usize);
        loop {
            let rest = self.rest();
            self.pos += rest.iter().position(|&byte| !is_plain(byte)).unwrap_or(rest.len());
            let Some(byte) = self.byte(0) else { break };
            let at = self.pos;
            let part = match byte {
                b'(' | b'|' | b')' | b' ' | b'\t'
                    if regex && (parentheses > 0 || matches!(byte, b'(' | b'|')) =>
                {
                    match byte {
                        b'(' => parentheses += 1,
                        b')' => parentheses -= 1,
                        _ => {}
                    }
                    None
                }
                b'<' | b'>' if self.byte(1) == Some(b'(') => {
                    if at > start {
                        return self.opaque(OpaqueReason::ProcessSubstitution);
                    }
                    let input = byte == b'<';
                    let kind =
                        if input { SubstitutionKind::ProcessInput } else { SubstitutionKind::ProcessOutput };
                    Some(self.command_substitution(kind)?)
                }
                b' ' | b'\t' | b'\n' | b'|' | b'&' | b';' | b'(' | b')' | b'<' | b'>' => break,
                b'\'' => Some(self.single_quoted()?),
                b'"' => Some(self.double_quoted(at)?),
                b'$' => self.dollar(Quoting::None)?,
                b'`' => Some(self.backquoted(Quoting::None)?),
                b'\\' => match self.byte(1) {
                    None => return self.opaque(OpaqueReason::FinalBackslash),
                    Some(b'\n') if self.ends_word(at) => {
                        self.pos = self.after_continuations(at);
                        // `2\` and `>` on the next line are one token.
                        if matches!(self.byte(0), Some(b'<' | b'>' | b'(')) {
                            return self.opaque(OpaqueReason::SplitToken);
                        }
                        self.pos = at;
                        break;
                    }
                    Some(b'\n') => return self.opaque(OpaqueReason::SplitToken),
                    Some(byte) => {
                        self.pos += 2;
                        Some(WordPart::Escaped { span: self.since(at), byte })
                    }
                },
                b'*' | b'?' => {
                    traits.glob = true;
                    None
                }
                b'[' => {
                    bracket.get_or_insert(at);
                    brackets += 1;
                    None
                }
                b']' => {
                    brackets = brackets.saturating_sub(1);
                    traits.glob |= bracket.is_some_and(|open| at > open + 1);
                    None
                }
                b'{' => {
                    brace.get_or_insert(at);
                    None
                }
                b'}' => {
                    // After a brace that encloses no comma, the opening one may still find its partner further on.
                    let inner = brace.and_then(|open| self.text.get(open..at)).unwrap_or_default();
                    traits.brace |= inner.contains(&b',') || inner.windows(2).any(|pair| pair == b"..");
                    brace = brace.map(|_| at);
                    None
                }
                b'~' => {
                    let before = at.checked_sub(1).and_then(|before| self.text.get(before));
                    traits.tilde |= at == start || (at > literal && matches!(before, Some(b'=' | b':')));
                    None
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
        if self.pos == start && role != Role::Value {
            return self.opaque(OpaqueReason::MissingWord);
        }
        self.push_literal(literal, self.pos, |part| parts.push(part));
        traits.open_bracket = brackets > 0;
        Ok(Word { span: self.since(start), text: self.written_since(start), parts, traits })
    }

    /// Hands the text from `start` to `end` to `push`, if there is any.
    pub(super) fn push_literal(&self, start: usize, end: usize, push: impl FnOnce(WordPart<'t>)) {
        if start < end {
            let text = self.text.get(start..end).unwrap_or_default();
            push(WordPart::Literal { span: Span::new(start, end), text });
        }
    }

    pub(super) fn single_quoted(&mut self) -> Scanned<WordPart<'t>> {
        let start = self.pos;
        let inner = self.text.get(start + 1..).unwrap_or_default();
        let Some(length) = memchr::memchr(b'\'', inner) else {
            return self.opaque(OpaqueReason::Unterminated);
        };
        self.pos = start + length + 2;
        Ok(WordPart::SingleQuoted { span: self.since(start), text: inner.get(..length).unwrap_or_default() })
    }

    /// Reads bash's `$'...'`.
    pub(super) fn ansi_quoted(&mut self) -> Scanned<WordPart<'t>> {
        let start = self.pos;
        let inner = self.text.get(start + 2..).unwrap_or_default();
        let mut length = 0;
        loop {
            match inner.get(length) {
                None => return self.opaque(OpaqueReason::Unterminated),
                Some(b'\'') => break,
                Some(b'\\') => length += 2,
                Some(_) => length += 1,
            }
        }
        self.pos = start + length + 3;
        self.note_bash(start);
        Ok(WordPart::AnsiQuoted { span: self.since(start), text: inner.get(..length).unwrap_or_default() })
    }

    /// Reads `"..."`; `start` lies before the quote if a dollar stands there.
    pub(super) fn double_quoted(&mut self, start: usize) -> Scanned<WordPart<'t>> {
        let translated = start < self.pos;
        self.enter()?;
        self.pos += 1;
        let parts = self.quoted_parts(Quoting::Double)?;
        self.expect_byte(b'"')?;
        self.leave();
        if translated {
            self.note_bash(start);
        }
        Ok(WordPart::DoubleQuoted { span: self.since(start), parts, translated })
    }

    /// Reads the whole text as the body of a here-document.
    pub(super) fn here_document_parts(&mut self) -> Scanned<Vec<WordPart<'t>>> {
        self.enter()?;
        let parts = self.quoted_parts(Quoting::HereDocument)?;
        self.leave();
        Ok(parts)
    }

    /// Reads text in double quotes up to the closing quote, or a here-document to its end.
    fn quoted_parts(&mut self, quoting: Quoting) -> Scanned<Vec<WordPart<'t>>> {
        let mut parts = Vec::new();
        let mut literal = self.pos;
        loop {
            let rest = self.rest();
            let special = |&byte: &u8| matches!(byte, b'"' | b'\\' | b'$' | b'`');
            self.pos += rest.iter().position(special).unwrap_or(rest.len());
            let at = self.pos;
            let part = match self.byte(0) {
                None => break,
                Some(b'"') if quoting == Quoting::Double => break,
                Some(b'$') => self.dollar(quoting)?,
                Some(b'`') => Some(self.backquoted(quoting)?),
                Some(b'\\') => match self.byte(1) {
                    Some(b'\n') => {
                        self.pos += 2;
                        Some(WordPart::Continuation { span: self.since(at) })
                    }
                    Some(byte @ (b'$' | b'`' | b'\\' | b'"'))
                        if byte != b'"' || quoting == Quoting::Double =>
                    {
                        self.pos += 2;
                        Some(WordPart::Escaped { span: self.since(at), byte })
                    }
                    _ => None,
                },
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
}
