use crate::Span;

/// The logical text of an instruction: its lines joined as BuildKit joins them, with the way back to the source.
///
/// Continuation characters, line ends, and the comment and blank lines between continued lines are left out. Heredoc
/// bodies are not part of it. Most instructions stand on one line; their logical text is a slice of the source.
///
/// The source is here that of the instruction alone: its first byte has the offset 0, wherever it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logical {
    /// The text is this span of the source.
    Contiguous(Span),
    /// The text is joined from several lines.
    Joined {
        /// The joined bytes.
        text: Box<[u8]>,
        /// The pieces, ascending in both offsets. The first has `logical == 0`.
        segments: Box<[Segment]>,
    },
}

/// A run of logical text that is contiguous in the source: it reaches to the next segment's `logical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Offset of the run's first byte in the logical text.
    pub logical: usize,
    /// Offset of the same byte in the source.
    pub source: usize,
}

impl Logical {
    /// The logical bytes, `source` being that of the instruction.
    #[must_use]
    pub fn text<'a>(&'a self, source: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Contiguous(span) => span.of(source),
            Self::Joined { text, .. } => text,
        }
    }

    /// Source offset of the logical byte at `offset`; for the text's end, the offset just past its last byte.
    #[must_use]
    pub fn source_offset(&self, offset: usize) -> usize {
        match self {
            Self::Contiguous(span) => span.start + offset,
            Self::Joined { text, segments } => {
                if offset == text.len() && offset > 0 {
                    return self.source_offset(offset - 1) + 1;
                }
                let index = segments.partition_point(|segment| segment.logical <= offset).saturating_sub(1);
                segments.get(index).map_or(offset, |segment| segment.source + (offset - segment.logical))
            }
        }
    }

    /// The source span from the first to the last byte of a logical span.
    ///
    /// Where the text crosses a continuation, the span takes in the continuation too. An empty span stays at the byte
    /// that follows it.
    #[must_use]
    pub fn source_span(&self, span: Span) -> Span {
        let start = self.source_offset(span.start);
        if span.is_empty() {
            return Span::empty(start);
        }
        Span::new(start, self.source_offset(span.end - 1) + 1)
    }
}
