//! Edits done the slow way, to compare with.

use dockfix_syntax::{EditError, Edits, Span};

/// Edits in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Model {
    edits: Vec<(Span, Vec<u8>)>,
}

impl Model {
    /// Adds an edit to the model and to `edits`; panics when they do not agree on whether it fits.
    pub(crate) fn push(&mut self, edits: &mut Edits, span: Span, text: &[u8]) {
        let before = edits.clone();
        let added = edits.replace(span, text);
        let expected = if span.start > span.end {
            Err(EditError::Reversed(span.start, span.end))
        } else if self.edits.iter().any(|(other, _)| overlap(span, *other)) {
            Err(EditError::Overlap(span.start, span.end))
        } else {
            Ok(())
        };
        assert_eq!(added, expected, "{span:?} with {:?}", self.edits);
        if expected.is_ok() {
            self.edits.push((span, text.to_vec()));
        } else {
            assert_eq!(*edits, before, "a refused edit left something behind");
        }
    }

    /// The source after all edits; `None` where one reaches past its end.
    pub(crate) fn apply(&self, source: &[u8]) -> Option<Vec<u8>> {
        if self.edits.iter().any(|(span, _)| span.end > source.len()) {
            return None;
        }
        let mut out = Vec::new();
        let mut at = 0;
        loop {
            for (_, text) in self.edits.iter().filter(|(span, _)| *span == Span::empty(at)) {
                out.extend_from_slice(text);
            }
            if let Some((span, text)) =
                self.edits.iter().find(|(span, _)| span.start == at && !span.is_empty())
            {
                out.extend_from_slice(text);
                at = span.end;
            } else if let Some(byte) = source.get(at) {
                out.push(*byte);
                at += 1;
            } else {
                return Some(out);
            }
        }
    }
}

/// Whether two spans have a byte in common, or one is a place inside the other.
fn overlap(a: Span, b: Span) -> bool {
    let is_inside = |place: Span, span: Span| span.start < place.start && place.start < span.end;
    match (a.is_empty(), b.is_empty()) {
        (true, true) => false,
        (true, false) => is_inside(a, b),
        (false, true) => is_inside(b, a),
        (false, false) => a.start < b.end && b.start < a.end,
    }
}
