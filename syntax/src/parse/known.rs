//! What is known of an edited file: the items that the edits leave alone.
//!
//! An item is made of its own lines, and of nothing before it but the escape character and whether directives may still come.
//! What follows it counts only where it is the last one, which the end of the file may have cut short, and where the end of
//! a heredoc was looked for in vain.

use std::sync::Arc;

use crate::instruction::Node;
use crate::{Dockerfile, Item, ItemKind, TextEdit};

/// A file, and the edits that made the text at hand of it.
pub(super) struct Known<'a> {
    /// The file before the edits.
    pub(super) before: &'a Dockerfile,
    /// Its items behind the directives and behind the item that ended them.
    items: &'a [Item],
    /// The edits that do not lie behind the parser.
    edits: &'a [TextEdit],
    /// How many bytes the others have added, and how many they have taken.
    added: usize,
    removed: usize,
}

impl<'a> Known<'a> {
    /// Nothing is known where an item may hang on what follows it, or where there is more to tell than the items.
    pub(super) fn of(before: &'a Dockerfile, edits: &'a [TextEdit]) -> Option<Self> {
        let is_head = |item: &&Item| matches!(item.kind, ItemKind::ByteOrderMark | ItemKind::Directive(_));
        let head = before.items.iter().take_while(is_head).count();
        let items = before.items.get(head + 1..)?;
        // Behind a shebang a directive may stand below a comment.
        let is_known = before.problems.is_empty() && !before.looks_ahead && !before.has_shebang();
        is_known.then_some(Self { before, items, edits, added: 0, removed: 0 })
    }

    /// The items that start at `at` of the text at hand and that no edit touches, and the item after them in the file as
    /// it was. Places are asked for in ascending order.
    pub(super) fn items_at(&mut self, at: usize) -> (&'a [Item], Option<&'a Item>) {
        while let Some((edit, rest)) = self.edits.split_first() {
            if edit.span.start + self.added - self.removed + edit.text.len() > at {
                break;
            }
            self.added += edit.text.len();
            self.removed += edit.span.len();
            self.edits = rest;
        }
        let next_edit = self.edits.first().map(|edit| edit.span.start);
        let place = (at + self.removed).checked_sub(self.added);
        // Inside the text of an edit there is no place in the file as it was.
        let place = place.filter(|&place| next_edit.is_none_or(|start| place <= start));
        let first = place.and_then(|at| self.items.binary_search_by_key(&at, |item| item.span.start).ok());
        let Some(items) = first.and_then(|first| self.items.get(first..)) else { return (&[], None) };
        let untouched = match next_edit {
            None => items.len(),
            // The last item may go on in what is added to the file.
            Some(start) => {
                let is_last = |item: &Item| item.span.end == self.before.source.len();
                items.iter().take_while(|item| item.span.end <= start && !is_last(item)).count()
            }
        };
        let (untouched, rest) = items.split_at(untouched);
        (untouched, rest.first())
    }
}

/// An item that started at one place and now starts at another. Only heredocs know where they lie in the file.
pub(super) fn moved(kind: &ItemKind, from: usize, to: usize) -> ItemKind {
    let node = |node: &Arc<Node>| {
        if from == to || node.heredocs.is_empty() {
            return Arc::clone(node);
        }
        let mut node = Node::clone(node);
        for heredoc in &mut node.heredocs {
            for span in [&mut heredoc.body, &mut heredoc.terminator] {
                (span.start, span.end) = (span.start - from + to, span.end - from + to);
            }
        }
        Arc::new(node)
    };
    match kind {
        ItemKind::Instruction(known) => ItemKind::Instruction(node(known)),
        ItemKind::Unknown(known, problem) => ItemKind::Unknown(node(known), problem.clone()),
        kind => kind.clone(),
    }
}
