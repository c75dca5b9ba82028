//! Moves that keep the blank lines between paragraphs and leave no two of them in a row.

use dockfix_syntax::rewrite::{self, Comments, Place, RewriteError};
use dockfix_syntax::{Dockerfile, Edits, ItemKind};

/// Moves an instruction with its comments. Where it was a paragraph of its own, one of the blank lines around it moves
/// along: two in a row would be left behind otherwise.
pub(crate) fn move_with_blank_line(
    edits: &mut Edits,
    file: &Dockerfile,
    index: usize,
    place: Place,
) -> Result<(), RewriteError> {
    let items = file.items();
    let Some(first) = paragraph(file, index) else { return rewrite::move_to(edits, file, index, place) };
    // Above something the blank line follows, below something it comes first.
    let blank = match place {
        Place::Top | Place::Above(_) | Place::Before(_) => index + 1,
        Place::After(_) | Place::End => first - 1,
    };
    let Some(instruction) = file.instruction(index) else { return Err(RewriteError::NoSuchItem(index)) };
    let source = file.source();
    let block = &source[items[first].span.start..instruction.span().end];
    let line = items[blank].span.of(source);
    let text = if blank > index { [block, line].concat() } else { [line, block].concat() };
    rewrite::insert(edits, file, place, &text)?;
    rewrite::delete(edits, file, index, Comments::Go)?;
    edits.delete(items[blank].span)?;
    Ok(())
}

/// Moves instructions with their comments, in this order. Where some of them are a paragraph together, it leaves no blank
/// line behind either.
pub(crate) fn move_all_with_blank_lines(
    edits: &mut Edits,
    file: &Dockerfile,
    indices: &[usize],
    place: Place,
) -> Result<(), RewriteError> {
    for &index in indices {
        move_with_blank_line(edits, file, index, place)?;
    }
    // Only a paragraph of several is left: each of its own took its blank line along.
    let items = file.items();
    for (at, item) in items.iter().enumerate().skip(1) {
        if !matches!(item.kind, ItemKind::Blank) {
            continue;
        }
        let above = items[..at].iter().rposition(|item| matches!(item.kind, ItemKind::Blank));
        let Some(blank) = above else { continue };
        let paragraph = &items[blank + 1..at];
        let instructions: Vec<_> =
            (blank + 1..at).filter(|&index| file.instruction(index).is_some()).collect();
        let ends_in_comment = paragraph.last().is_some_and(|item| matches!(item.kind, ItemKind::Comment));
        if instructions.len() > 1
            && !ends_in_comment
            && instructions.iter().all(|index| indices.contains(index))
        {
            edits.delete(item.span)?;
        }
    }
    Ok(())
}

/// Deletes an instruction with its comments. Where it was a paragraph of its own, the blank line after it goes too.
pub(crate) fn delete_with_blank_line(
    edits: &mut Edits,
    file: &Dockerfile,
    index: usize,
) -> Result<(), RewriteError> {
    rewrite::delete(edits, file, index, Comments::Go)?;
    if paragraph(file, index).is_some() {
        edits.delete(file.items()[index + 1].span)?;
    }
    Ok(())
}

/// The first item of the paragraph that an instruction makes with its comments, blank lines before and after it.
fn paragraph(file: &Dockerfile, index: usize) -> Option<usize> {
    let items = file.items();
    let is_blank = |index: usize| items.get(index).is_some_and(|item| matches!(item.kind, ItemKind::Blank));
    let comments =
        items[..index].iter().rev().take_while(|item| matches!(item.kind, ItemKind::Comment)).count();
    let first = index - comments;
    (first > 0 && is_blank(first - 1) && is_blank(index + 1)).then_some(first)
}
