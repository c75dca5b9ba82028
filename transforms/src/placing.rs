//! Moves that keep the blank lines between paragraphs and leave no two of them in a row.

use std::ops::Range;

use dockfix_syntax::rewrite::{self, Comments, Place, RewriteError};
use dockfix_syntax::view::Variables;
use dockfix_syntax::{Dockerfile, Edits, Item, ItemKind, Keyword};

/// Moves instructions, given in their order, with their comments. Where they were a paragraph of their own, one of the blank
/// lines around it moves along: two in a row would be left behind otherwise.
pub(crate) fn move_with_blank_line(
    edits: &mut Edits,
    file: &Dockerfile,
    indices: &[usize],
    place: Place,
) -> Result<(), RewriteError> {
    move_all(edits, file, indices, place, &|index| rewrite::first_attached(file, index))
}

/// Moves instructions, given in their order, with the comments that are theirs. A paragraph of which all of them go takes one
/// of the blank lines around it along; what comes below a paragraph starts a new one, unless it is beside its like.
pub(crate) fn move_group(
    edits: &mut Edits,
    file: &Dockerfile,
    indices: &[usize],
    place: Place,
) -> Result<(), RewriteError> {
    let first = |index: usize| {
        let first = rewrite::first_attached(file, index);
        if heads_only(file, first..index, indices) { first } else { index }
    };
    move_all(edits, file, indices, place, &first)
}

/// Whether the comments `comments` speak of none but the instructions `indices`, which are declarations. They head what
/// follows them up to the next blank line or comment.
fn heads_only(file: &Dockerfile, comments: Range<usize>, indices: &[usize]) -> bool {
    let items = file.items();
    let headed = (comments.end..items.len()).take_while(|&index| file.instruction(index).is_some());
    let staying: Vec<_> = headed.clone().filter(|index| !indices.contains(index)).collect();
    if staying.is_empty() {
        return true;
    }
    let text = items[comments].iter().map(|item| String::from_utf8_lossy(item.span.of(file.source())));
    let text = text.collect::<String>();
    let words: Vec<_> = text.split(|ch: char| !ch.is_alphanumeric() && ch != '_').collect();
    let names = |index: usize| {
        let instruction = file.instruction(index);
        let assigned = instruction.and_then(|it| Variables::of(&it)).map_or_else(Vec::new, |it| it.assigned);
        assigned.iter().any(|assigned| words.contains(&&*assigned.name.text))
    };
    let is_argument = |index: usize| file.instruction(index).is_some_and(|it| it.keyword() == Keyword::Arg);
    let is_of_arguments = || {
        let is_word = |word: &&str| ["arg", "args", "argument", "arguments"].contains(&&*word.to_lowercase());
        words.iter().any(is_word) && !staying.iter().any(|&index| is_argument(index))
    };
    !staying.iter().any(|&index| names(index)) && (headed.clone().any(names) || is_of_arguments())
}

/// `first` tells with which of its comments an instruction goes.
fn move_all(
    edits: &mut Edits,
    file: &Dockerfile,
    indices: &[usize],
    place: Place,
    first_of: &dyn Fn(usize) -> usize,
) -> Result<(), RewriteError> {
    let (items, source) = (file.items(), file.source());
    let beside = beside_its_like(file, indices, place, first_of);
    let place = beside.unwrap_or(place);
    // Above something the blank line follows, below something it comes first.
    let is_above = matches!(place, Place::Top | Place::Above(_) | Place::Before(_));
    // Lines that come above a paragraph with a comment at its head are none of what the comment speaks of.
    let heads_paragraph = match place {
        Place::Above(at) => {
            let first = rewrite::first_attached(file, at);
            first < at && first.checked_sub(1).is_some_and(|above| is_blank(items.get(above)))
        }
        _ => false,
    };
    let mut rest = indices;
    let mut previous = None;
    let has_blank = |range: Range<usize>| items[range].iter().any(|item| is_blank(Some(item)));
    while let [index, ..] = rest {
        let first = first_of(*index);
        let whole = paragraph(file, *index)
            .filter(|paragraph| instructions(file, paragraph).all(|index| indices.contains(&index)));
        let block = whole.clone().unwrap_or(first..*index + 1);
        let starts_anew = match place {
            _ if beside.is_some() => false,
            _ if whole.is_some() => true,
            // What follows another of the same paragraph stays with it.
            Place::After(_) if previous.is_some_and(|previous| !has_blank(previous..first)) => false,
            Place::After(place) => is_blank(items.get(place + 1)),
            _ => false,
        };
        let moved = rest.iter().take_while(|index| block.contains(index)).count();
        let starts_anew = starts_anew || (heads_paragraph && moved == rest.len());
        let line = if starts_anew { file.line_end().as_bytes() } else { b"" };
        let text = &source[items[block.start].span.start..items[block.end - 1].span.end];
        let text = if is_above { [text, line].concat() } else { [line, text].concat() };
        rewrite::insert(edits, file, place, &text)?;
        for index in instructions(file, &block) {
            let comments = if first_of(index) == index { Comments::Inside } else { Comments::Go };
            rewrite::delete(edits, file, index, comments)?;
        }
        if whole.is_some() {
            rewrite::delete_blank_line(edits, file, if is_above { block.end } else { block.start - 1 })?;
        }
        previous = Some(block.end);
        rest = &rest[moved..];
    }
    Ok(())
}

/// Whether an instruction that comes below another starts a paragraph of its own there: blank lines follow both.
pub(crate) fn starts_anew(file: &Dockerfile, index: usize, below: usize) -> bool {
    [index, below].iter().all(|&index| is_blank(file.items().get(index + 1)))
}

/// Deletes an instruction with its comments. Where it was a paragraph of its own, the blank line after it goes too.
pub(crate) fn delete_with_blank_line(
    edits: &mut Edits,
    file: &Dockerfile,
    index: usize,
) -> Result<(), RewriteError> {
    rewrite::delete(edits, file, index, Comments::Go)?;
    if let Some(paragraph) = paragraph(file, index)
        && instructions(file, &paragraph).count() == 1
    {
        rewrite::delete_blank_line(edits, file, paragraph.end)?;
    }
    Ok(())
}

/// The place beside an instruction of the same keyword, where that is as good as `place`: no instruction stands between.
fn beside_its_like(
    file: &Dockerfile,
    indices: &[usize],
    place: Place,
    first_of: &dyn Fn(usize) -> usize,
) -> Option<Place> {
    let [index, ..] = *indices else { return None };
    let keyword = |index: usize| file.instruction(index).map(|instruction| instruction.keyword());
    let is_alone = |index: usize| first_of(index) == index;
    if !indices.iter().all(|&other| keyword(other) == keyword(index) && is_alone(other)) {
        return None;
    }
    let items = file.items();
    match place {
        Place::Above(at) => {
            let blank = rewrite::first_attached(file, at)
                .checked_sub(1)
                .filter(|&blank| is_blank(items.get(blank)))?;
            let above = blank.checked_sub(1).filter(|above| !indices.contains(above))?;
            (keyword(above) == keyword(index)).then_some(Place::After(above))
        }
        Place::After(at) if is_blank(items.get(at + 1)) => {
            let below = Some(at + 2).filter(|below| !indices.contains(below))?;
            (keyword(below) == keyword(index)).then_some(Place::Before(below))
        }
        _ => None,
    }
}

/// The items of the paragraph in which an instruction stands, where there are blank lines before and after it and no
/// comment ends it.
fn paragraph(file: &Dockerfile, index: usize) -> Option<Range<usize>> {
    let items = file.items();
    let is_blank = |item: &Item| matches!(item.kind, ItemKind::Blank);
    let start = items[..index].iter().rposition(is_blank)? + 1;
    let end = index + items[index..].iter().position(is_blank)?;
    let ends_in_comment = matches!(items[end - 1].kind, ItemKind::Comment);
    (!ends_in_comment).then_some(start..end)
}

fn instructions<'a>(file: &'a Dockerfile, items: &Range<usize>) -> impl Iterator<Item = usize> + 'a {
    items.clone().filter(|&index| file.instruction(index).is_some())
}

fn is_blank(item: Option<&Item>) -> bool {
    item.is_some_and(|item| matches!(item.kind, ItemKind::Blank))
}
