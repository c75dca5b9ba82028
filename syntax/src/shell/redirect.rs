//! Redirections.

use super::OpaqueReason;
use super::ast::{Redirect, RedirectOperator};
use super::cursor::{Scanned, Scanner};

impl<'t> Scanner<'t> {
    /// Whether a redirection starts here; a process substitution is none.
    #[inline]
    pub(super) fn at_redirect(&self) -> Scanned<bool> {
        match self.byte(0) {
            Some(b'0'..=b'9' | b'<' | b'>' | b'&') => self.find_redirect(),
            _ => Ok(false),
        }
    }

    fn find_redirect(&self) -> Scanned<bool> {
        let rest = self.rest();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let found = match rest.get(digits..) {
            Some([b'<' | b'>', b'(', ..]) if digits == 0 => false,
            Some([b'<' | b'>', ..]) => true,
            Some([b'&', b'>', ..]) => digits == 0,
            _ => false,
        };
        // dash takes one digit for a descriptor and more for a word, bash takes any number.
        if found && digits > 1 {
            return self.opaque(OpaqueReason::Descriptor);
        }
        Ok(found)
    }

    /// Reads the redirection that starts here.
    pub(super) fn redirect(&mut self) -> Scanned<Redirect<'t>> {
        let start = self.pos;
        let fd = self.byte(0).filter(u8::is_ascii_digit).map(|digit| digit - b'0');
        if fd.is_some() {
            self.pos += 1;
        }
        let operator = self.redirect_operator()?;
        self.blanks();
        // `> 2>&1`: the digit belongs to the second redirection, which leaves the first without a target. bash reads
        // `>&1>x` otherwise.
        if self.at_redirect()? {
            return self.opaque(OpaqueReason::MissingWord);
        }
        let target = self.word()?;
        let mut redirect = Redirect { span: self.since(start), fd, operator, target, body: None };
        match operator {
            RedirectOperator::HereDocument | RedirectOperator::HereDocumentStripped => {
                redirect.body = Some(self.expect_here_document(&redirect)?);
            }
            RedirectOperator::DuplicateOutput | RedirectOperator::DuplicateInput => {
                let target = redirect.target.text();
                // `>&-x`: bash closes the descriptor and reads a word `x`.
                if target.len() > 1 && target.starts_with(b"-") {
                    return self.opaque(OpaqueReason::Descriptor);
                }
                // Anything but a descriptor is a file in bash and an error elsewhere.
                if !target.strip_suffix(b"-").unwrap_or(target).iter().all(u8::is_ascii_digit) {
                    self.note_bash(start);
                }
            }
            _ => {}
        }
        Ok(redirect)
    }

    fn redirect_operator(&mut self) -> Scanned<RedirectOperator> {
        let start = self.pos;
        let rest = self.rest();
        let (length, operator) = match rest {
            [b'<', b'<', b'<', ..] => (3, RedirectOperator::HereString),
            [b'<', b'<', b'-', ..] => (3, RedirectOperator::HereDocumentStripped),
            [b'<', b'<', ..] => (2, RedirectOperator::HereDocument),
            [b'<', b'&', ..] => (2, RedirectOperator::DuplicateInput),
            [b'<', b'>', ..] => (2, RedirectOperator::ReadWrite),
            [b'<', ..] => (1, RedirectOperator::Input),
            [b'>', b'>', ..] => (2, RedirectOperator::Append),
            [b'>', b'&', ..] => (2, RedirectOperator::DuplicateOutput),
            [b'>', b'|', ..] => (2, RedirectOperator::Clobber),
            [b'>', ..] => (1, RedirectOperator::Output),
            [b'&', b'>', b'>', ..] => (3, RedirectOperator::AppendOutputAndError),
            [b'&', b'>', ..] => (2, RedirectOperator::OutputAndError),
            _ => return self.misplaced(),
        };
        self.pos += length;
        self.whole_operator(b"<>&|-(")?;
        if matches!(
            operator,
            RedirectOperator::HereString
                | RedirectOperator::AppendOutputAndError
                | RedirectOperator::OutputAndError
        ) {
            self.note_bash(start);
        }
        Ok(operator)
    }
}
