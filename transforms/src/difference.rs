//! Where two states of a file differ.

use std::ops::Range;

use dockfix_syntax::{Dockerfile, Item};

/// What is left of two files when the items that are the same are taken off at both ends.
pub(crate) struct Difference {
    /// Of the first file: indexes into [`Dockerfile::items`].
    pub(crate) before: Range<usize>,
    /// Of the second file.
    pub(crate) after: Range<usize>,
}

impl Difference {
    pub(crate) fn of(before: &Dockerfile, after: &Dockerfile) -> Self {
        let (ours, theirs) = (before.items(), after.items());
        // With another escape character the same text may mean something else.
        if before.escape() != after.escape() {
            return Self { before: 0..ours.len(), after: 0..theirs.len() };
        }
        let is_same = |(our, their): &(&Item, &Item)| {
            std::mem::discriminant(&our.kind) == std::mem::discriminant(&their.kind)
                && our.span.of(before.source()) == their.span.of(after.source())
        };
        let start = ours.iter().zip(theirs).take_while(is_same).count();
        let rest = (ours.get(start..).unwrap_or_default(), theirs.get(start..).unwrap_or_default());
        let end = rest.0.iter().rev().zip(rest.1.iter().rev()).take_while(is_same).count();
        Self { before: start..ours.len() - end, after: start..theirs.len() - end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(before: &str, after: &str) -> [Range<usize>; 2] {
        let files = [before, after].map(|text| Dockerfile::parse(text.as_bytes()));
        let Difference { before, after } = Difference::of(&files[0], &files[1]);
        [before, after]
    }

    #[test]
    fn what_is_the_same_at_both_ends_is_left_out() {
        assert_eq!(difference("FROM a\nRUN x\nRUN y\n", "FROM a\nRUN z\nCOPY b c\nRUN y\n"), [1..2, 1..3]);
        assert_eq!(difference("FROM a\nRUN x\nRUN x\n", "FROM a\nRUN x\n"), [2..3, 2..2]);
        assert_eq!(difference("FROM a\n", "FROM a\n"), [1..1, 1..1]);
    }

    #[test]
    fn the_same_text_may_be_something_else() {
        let [before, after] = difference("FROM a\n# escape=`\n", "# escape=`\nFROM a\n# escape=`\n");
        assert_eq!((before, after), (0..2, 0..3));
        // What was a heredoc's text is an instruction now.
        let [before, after] = difference("FROM a\nRUN <<E\nRUN x\nE\nRUN y\n", "FROM a\nRUN x\nRUN y\n");
        assert_eq!((before, after), (1..2, 1..2));
    }
}
