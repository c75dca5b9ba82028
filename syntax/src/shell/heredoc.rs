//! Here-documents: their bodies start after the newline that ends the line of the redirection.

use std::sync::{Arc, OnceLock};

use super::OpaqueReason;
use super::ast::{HereDocument, Redirect, RedirectOperator};
use super::cursor::{Scanned, Scanner};
use super::word::WordPart;
use crate::Span;

/// A here-document whose redirection was read and whose body was not.
pub(super) struct Pending<'t> {
    delimiter: Vec<u8>,
    strip: bool,
    quoted: bool,
    /// The end of the redirection.
    after: usize,
    body: Arc<OnceLock<HereDocument<'t>>>,
}

impl<'t> Scanner<'t> {
    /// Has the body of `redirect` read after the next newline, and returns the place where it will appear.
    pub(super) fn expect_here_document(
        &mut self,
        redirect: &Redirect<'t>,
    ) -> Scanned<Arc<OnceLock<HereDocument<'t>>>> {
        let Some(delimiter) = redirect.target.literal() else {
            return self.opaque(OpaqueReason::HereDocument);
        };
        if delimiter.contains(&b'\n') {
            return self.opaque(OpaqueReason::HereDocument);
        }
        let body = Arc::new(OnceLock::new());
        self.pending.push(Pending {
            delimiter: delimiter.into_owned(),
            strip: redirect.operator == RedirectOperator::HereDocumentStripped,
            quoted: redirect.target.is_quoted(),
            after: redirect.span.end,
            body: Arc::clone(&body),
        });
        Ok(body)
    }

    /// Skips the newline at this place and reads the here-documents that follow it.
    pub(super) fn newline(&mut self) -> Scanned<()> {
        let newline = self.pos;
        if self.aliased && !self.rest().trim_ascii().is_empty() {
            return self.opaque(OpaqueReason::Alias);
        }
        self.expect_byte(b'\n')?;
        for pending in self.pending.split_off(self.outer_pending) {
            // Shells disagree when a newline in quotes or a continuation lies between redirection and line end.
            if self.text.get(pending.after..newline).is_none_or(|line| line.contains(&b'\n')) {
                return self.opaque(OpaqueReason::HereDocument);
            }
            self.here_document(&pending)?;
        }
        Ok(())
    }

    /// Forgets the here-documents past the first `keep`, whose bodies do not follow in the text from `start` on.
    ///
    /// That is the case for the one line of logical text that BuildKit makes of a RUN; among more lines it is a body
    /// gone astray.
    pub(super) fn abandon_here_documents(&mut self, keep: usize, start: usize) -> Scanned<()> {
        if self.pending.len() > keep && self.text.get(start..).is_some_and(|text| text.contains(&b'\n')) {
            return self.opaque(OpaqueReason::HereDocument);
        }
        self.pending.truncate(keep);
        Ok(())
    }

    fn here_document(&mut self, pending: &Pending<'t>) -> Scanned<()> {
        let start = self.pos;
        let mut continued = false;
        loop {
            let line_start = self.pos;
            let rest = self.rest();
            if rest.is_empty() {
                return self.opaque(OpaqueReason::HereDocument);
            }
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let mut line = rest.get(..length).unwrap_or_default();
            let joined = !pending.quoted && ends_in_odd_backslashes(line);
            while pending.strip && line.first() == Some(&b'\t') {
                line = line.get(1..).unwrap_or_default();
            }
            if line == pending.delimiter {
                // The shell joins the lines before it compares, unless the delimiter is quoted.
                if continued {
                    return self.opaque(OpaqueReason::HereDocument);
                }
                let end = Span::new(line_start, line_start + length);
                self.pos = (end.end + 1).min(self.text.len());
                return self.here_document_body(pending, Span::new(start, line_start), end);
            }
            continued = joined;
            self.pos = (line_start + length + 1).min(self.text.len());
        }
    }

    fn here_document_body(&mut self, pending: &Pending<'t>, span: Span, end: Span) -> Scanned<()> {
        let parts = if span.is_empty() {
            Vec::new()
        } else if pending.quoted {
            vec![WordPart::Literal { span, text: self.text.get(span.range()).unwrap_or_default() }]
        } else {
            self.within(span, |scanner| scanner.here_document_parts())?
        };
        // Set once: the pending entry is taken off the list before its body is read.
        let _ = pending.body.set(HereDocument { span, end, quoted: pending.quoted, parts });
        Ok(())
    }

    /// Runs `read` on the bytes of `span` as if the text ended there, and comes back to this place.
    pub(super) fn within<T>(&mut self, span: Span, read: impl FnOnce(&mut Self) -> Scanned<T>) -> Scanned<T> {
        let (text, pos) = (self.text, self.pos);
        self.set_text(text.get(..span.end).unwrap_or_default(), span.start);
        let result = read(self)?;
        if self.pos != span.end {
            return self.misplaced();
        }
        self.set_text(text, pos);
        Ok(result)
    }
}

fn ends_in_odd_backslashes(line: &[u8]) -> bool {
    line.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}
