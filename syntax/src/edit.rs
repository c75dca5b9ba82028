use crate::Span;

/// A replacement of a span of the source. An empty span inserts; an empty text deletes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEdit {
    /// The bytes of the source that go.
    pub span: Span,
    /// The bytes that come in their place.
    pub text: Vec<u8>,
}

/// Edits of one source: sorted, disjoint, within bounds by construction.
///
/// Two insertions at the same offset are allowed and keep the order in which they were added; an insertion at the start
/// of a replaced span comes before the replacement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    edits: Vec<TextEdit>,
}

/// Why an edit cannot join the others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It touches bytes that another edit changes.
    #[error("the edit of bytes {0}..{1} overlaps another edit")]
    Overlap(usize, usize),
    /// Its span ends before it starts.
    #[error("the edit's span {0}..{1} is reversed")]
    Reversed(usize, usize),
}

/// Why edits cannot be applied to a source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// An edit reaches past the end of the source.
    #[error("an edit ends at byte {end}, the source at {len}")]
    OutOfBounds {
        /// Where the edit ends.
        end: usize,
        /// Length of the source.
        len: usize,
    },
}

impl Edits {
    /// No edits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The edits, ascending.
    #[must_use]
    pub fn as_slice(&self) -> &[TextEdit] {
        &self.edits
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Adds an edit.
    ///
    /// # Errors
    ///
    /// When it overlaps an edit that is already there. The edits stay as they were.
    pub fn push(&mut self, edit: TextEdit) -> Result<(), EditError> {
        let Span { start, end } = edit.span;
        if start > end {
            return Err(EditError::Reversed(start, end));
        }
        // An insertion goes behind the insertions at its offset and before a replacement that starts there.
        let at = self.edits.partition_point(|other| {
            other.span.start < start || (other.span.start == start && other.span.is_empty())
        });
        let before_overlaps = at > 0 && self.edits[at - 1].span.end > start;
        let after_overlaps = self.edits.get(at).is_some_and(|next| next.span.start < end);
        if before_overlaps || after_overlaps {
            return Err(EditError::Overlap(start, end));
        }
        self.edits.insert(at, edit);
        Ok(())
    }

    /// Adds all of `edits`, or none.
    ///
    /// # Errors
    ///
    /// When one of them overlaps another one or an edit that is already there. The edits stay as they were.
    pub fn push_all(&mut self, edits: impl IntoIterator<Item = TextEdit>) -> Result<(), EditError> {
        let mut all = self.clone();
        edits.into_iter().try_for_each(|edit| all.push(edit))?;
        *self = all;
        Ok(())
    }

    /// Replaces the bytes of `span`.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn replace(&mut self, span: Span, text: impl Into<Vec<u8>>) -> Result<(), EditError> {
        self.push(TextEdit { span, text: text.into() })
    }

    /// Inserts before the byte at `at`.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn insert(&mut self, at: usize, text: impl Into<Vec<u8>>) -> Result<(), EditError> {
        self.replace(Span::empty(at), text)
    }

    /// Deletes the bytes of `span`.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn delete(&mut self, span: Span) -> Result<(), EditError> {
        self.replace(span, Vec::new())
    }

    /// The source with all edits made.
    ///
    /// # Errors
    ///
    /// When an edit reaches past the end of `source`; nothing is applied then.
    pub fn apply(&self, source: &[u8]) -> Result<Vec<u8>, ApplyError> {
        let end = self.edits.last().map_or(0, |edit| edit.span.end);
        if end > source.len() {
            return Err(ApplyError::OutOfBounds { end, len: source.len() });
        }
        let added: usize = self.edits.iter().map(|edit| edit.text.len()).sum();
        let mut out = Vec::with_capacity(source.len() + added);
        let mut at = 0;
        for edit in &self.edits {
            out.extend_from_slice(&source[at..edit.span.start]);
            out.extend_from_slice(&edit.text);
            at = edit.span.end;
        }
        out.extend_from_slice(&source[at..]);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applies_in_order() {
        let mut edits = Edits::new();
        edits.replace(Span::new(4, 6), "X").unwrap();
        edits.insert(0, "a").unwrap();
        edits.insert(4, "1").unwrap();
        edits.insert(4, "2").unwrap();
        edits.delete(Span::new(1, 2)).unwrap();
        assert_eq!(edits.apply(b"012345678").unwrap(), b"a02312X678");
    }

    #[test]
    fn refuses_overlaps() {
        let mut edits = Edits::new();
        edits.replace(Span::new(2, 5), "X").unwrap();
        for span in [
            Span::new(1, 3),
            Span::new(3, 4),
            Span::new(4, 9),
            Span::new(2, 5),
            Span::new(0, 9),
            Span::empty(3),
        ] {
            assert_eq!(edits.delete(span), Err(EditError::Overlap(span.start, span.end)));
        }
        edits.insert(2, "before").unwrap();
        edits.insert(5, "after").unwrap();
        assert_eq!(edits.apply(b"0123456").unwrap(), b"01beforeXafter56");
        assert_eq!(edits.apply(b"0123"), Err(ApplyError::OutOfBounds { end: 5, len: 4 }));
    }

    #[test]
    fn all_or_none() {
        let mut edits = Edits::new();
        edits.delete(Span::new(4, 5)).unwrap();
        let before = edits.clone();
        let edit = |start, end| TextEdit { span: Span::new(start, end), text: Vec::new() };
        assert_eq!(edits.push_all([edit(0, 1), edit(4, 6)]), Err(EditError::Overlap(4, 6)));
        assert_eq!(edits, before);
        edits.push_all([edit(0, 1), edit(5, 6)]).unwrap();
        assert_eq!(edits.apply(b"0123456").unwrap(), b"1236");
    }
}
