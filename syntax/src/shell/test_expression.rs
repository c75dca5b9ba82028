//! bash's `[[ ... ]]` (Bash Reference Manual, 3.2.5.2 Conditional Constructs).

use super::OpaqueReason;
use super::ast::{CompoundCommand, CompoundKind};
use super::cursor::{Reserved, Scanned, Scanner};
use super::word::Word;

impl<'t> Scanner<'t> {
    pub(super) fn test(&mut self) -> Scanned<CompoundCommand<'t>> {
        let start = self.pos;
        self.expect(Reserved::OpenTest)?;
        let mut compound = self.new_compound(CompoundKind::Test, Vec::new());
        self.test_terms(&mut compound.words)?;
        self.expect(Reserved::CloseTest)?;
        self.note_bash(start);
        Ok(compound)
    }

    /// Reads terms joined by `&&` and `||`.
    fn test_terms(&mut self, words: &mut Vec<Word<'t>>) -> Scanned<()> {
        self.enter()?;
        loop {
            self.linebreak()?;
            self.test_term(words)?;
            self.linebreak()?;
            match (self.byte(0), self.byte(1)) {
                (Some(b'&'), Some(b'&')) | (Some(b'|'), Some(b'|')) => self.pos += 2,
                _ => break,
            }
        }
        self.leave();
        Ok(())
    }

    fn test_term(&mut self, words: &mut Vec<Word<'t>>) -> Scanned<()> {
        while self.reserved() == Some(Reserved::Bang) {
            words.push(self.word()?);
            self.linebreak()?;
        }
        if self.byte(0) == Some(b'(') {
            self.pos += 1;
            self.test_terms(words)?;
            return self.expect_byte(b')');
        }
        let first = self.test_operand()?;
        let unary = matches!(first.text(), [b'-', letter] if b"abcdefghknoprstuvwxzGLNORS".contains(letter));
        words.push(first);
        self.blanks();
        if unary {
            words.push(self.test_operand()?);
            return Ok(());
        }
        match (self.byte(0), self.byte(1)) {
            (Some(b'<' | b'>'), Some(b'(')) => return self.opaque(OpaqueReason::ProcessSubstitution),
            (Some(b'<' | b'>'), _) => self.pos += 1,
            (None | Some(b')' | b'\n' | b'&' | b'|'), _) => return Ok(()),
            _ if self.reserved() == Some(Reserved::CloseTest) => return Ok(()),
            _ => {
                let operator = self.word()?;
                let regex = match operator.text() {
                    b"=~" => true,
                    b"=" | b"==" | b"!=" | b"-eq" | b"-ne" | b"-lt" | b"-le" | b"-gt" | b"-ge" | b"-nt"
                    | b"-ot" | b"-ef" => false,
                    _ => return self.opaque(OpaqueReason::Unexpected),
                };
                words.push(operator);
                if regex {
                    self.blanks();
                    words.push(self.regex()?);
                    return Ok(());
                }
            }
        }
        self.blanks();
        words.push(self.test_operand()?);
        Ok(())
    }

    fn test_operand(&mut self) -> Scanned<Word<'t>> {
        if self.reserved() == Some(Reserved::CloseTest) {
            return self.opaque(OpaqueReason::MissingWord);
        }
        let word = self.word()?;
        // An extended glob.
        if self.byte(0) == Some(b'(') { self.opaque(OpaqueReason::Parenthesis) } else { Ok(word) }
    }
}
