//! Structural edits: instructions, flags and shell commands that come, go or change, in the style of the file.
//!
//! Each function works out the [`TextEdit`]s for one change and adds all of them to an [`Edits`], or none. Line ends,
//! the continuation character and the indentation are the file's own; every other byte stays. No comment is lost:
//! a comment line inside an instruction outlives the text around it.
//!
//! Several changes may join one [`Edits`] in any order. Changes that touch the same bytes are refused; make the second
//! one after parsing the result of the first.
//!
//! A file whose last line has no line end keeps lacking it. In such a file a line end stands *between* two lines rather
//! than after each, so that a line that goes takes the line end before it and a line that comes brings one along.
//!
//! ```
//! use dockfix_syntax::{Dockerfile, Edits, rewrite};
//!
//! let file = Dockerfile::parse(*b"FROM node\nCOPY . .\nRUN npm ci");
//! let mut edits = Edits::new();
//! let run = file.instructions().last().expect("a RUN");
//! rewrite::insert_flags(&mut edits, &run, &["--mount=type=cache,target=/root/.npm"])?;
//! rewrite::insert(&mut edits, &file, rewrite::Place::Above(1), b"COPY package*.json ./")?;
//! assert_eq!(
//!     edits.apply(file.source())?,
//!     b"FROM node\nCOPY package*.json ./\nCOPY . .\nRUN --mount=type=cache,target=/root/.npm npm ci"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chain;
mod cutter;
mod flags;
mod items;
mod lines;
mod pieces;

#[cfg(test)]
mod tests;

pub use chain::{Chain, Side, insert_command, remove_commands};
pub use flags::{insert_flags, remove_flag};
pub use items::{
    Comments, Place, delete, delete_blank_line, first_attached, insert, move_to, replace_instruction,
};
pub use pieces::{remove, replace, replace_args};

use crate::decode::is_separator;
use crate::{Dockerfile, EditError, Edits, Form, Instruction, Item, ItemKind, Span, TextEdit};

/// Why a structural edit is not made. The edits stay as they were.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RewriteError {
    /// It touches bytes that another edit changes.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The file has no item of this index, or the item is no instruction.
    #[error("the file has no such item as number {0}")]
    NoSuchItem(usize),
    /// A span is reversed, reaches past the logical text or takes in the keyword, or two spans overlap.
    #[error("bytes {0}..{1} of the instruction cannot be removed")]
    BadSpan(usize, usize),
    /// The instruction ends in a continuation character: what came after it would be read as a part of it.
    #[error("the instruction of line {0} ends in a continuation character")]
    OpenContinuation(usize),
    /// A parser directive would become a plain comment.
    #[error("only parser directives can stand before the parser directive of line {0}")]
    BeforeDirective(usize),
    /// A plain comment would become a parser directive.
    #[error("the comment of line {0} would become a parser directive")]
    BecomesDirective(usize),
    /// The instruction would not be what it should: it would end early or take in the line after it (as when its last word
    /// ends in an escape character), lose text to a comment (as when `#` comes to stand first on a line), find a flag
    /// in what was an argument, or be rejected by BuildKit.
    #[error("the instruction of line {0} would be torn")]
    Torn(usize),
    /// The instruction would announce other heredocs than those that follow it.
    #[error("the heredocs of the instruction would no longer fit")]
    Heredocs,
    /// A flag must start with `--` and stand on one line.
    #[error("`{0}` is not a flag")]
    NotAFlag(String),
    /// No command of the list would be left.
    #[error("no command would be left")]
    LastCommand,
    /// The command decides whether others run, as in `a || b`: without it the list would mean something else.
    #[error("an operator other than && or ; depends on the command")]
    Operator,
}

/// Adds all edits or none.
fn push(edits: &mut Edits, new: Vec<TextEdit>) -> Result<(), RewriteError> {
    Ok(edits.push_all(new)?)
}

/// What must come of an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    /// Its logical text, but for white space.
    text: Vec<u8>,
    /// How many flags it has.
    flags: usize,
    /// Its form, where that must not change.
    form: Option<Form>,
}

/// Adds all edits, which lie inside one instruction, or none.
fn push_inside(
    edits: &mut Edits,
    instruction: &Instruction<'_>,
    new: Vec<TextEdit>,
    outcome: &Outcome,
) -> Result<(), RewriteError> {
    if !comes_to(instruction, &new, outcome) {
        return Err(RewriteError::Torn(instruction.start_line()));
    }
    push(edits, new)
}

/// Whether the instruction, after the edits, is one instruction as expected, and nothing but comments and blank lines
/// is left over.
fn comes_to(instruction: &Instruction<'_>, new: &[TextEdit], outcome: &Outcome) -> bool {
    let file = instruction.file();
    let span = instruction.span();
    let mut moved = Edits::new();
    for TextEdit { span: Span { start, end }, text } in new {
        let (Some(start), Some(end)) = (start.checked_sub(span.start), end.checked_sub(span.start)) else {
            return false;
        };
        if moved.replace(Span::new(start, end), &text[..]).is_err() {
            return false;
        }
    }
    let Ok(source) = moved.apply(span.of(file.source())) else { return false };
    let directive = [b"# escape=", &[file.escape()][..], b"\n"].concat();
    let after = Dockerfile::parse([directive, source].concat());
    let Some(changed) = after.instruction(1) else { return false };
    let innermost = changed.inner().unwrap_or(changed);
    let is_rest = |item: &Item| matches!(item.kind, ItemKind::Comment | ItemKind::Blank);
    after.items().iter().skip(2).all(is_rest)
        && (!lines::waits(&changed) || lines::waits(instruction))
        && (instruction.problem().is_some() || changed.problem().is_none())
        && is_same_but_for_space(changed.text(), &outcome.text)
        && innermost.flags().len() == outcome.flags
        && outcome.form.is_none_or(|form| form == innermost.form())
}

fn is_same_but_for_space(one: &[u8], other: &[u8]) -> bool {
    let same = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    without_space(&one[same..]).eq(without_space(&other[same..]))
}

fn without_space(text: &[u8]) -> impl Iterator<Item = &u8> {
    text.iter().filter(|&&byte| !is_separator(byte))
}

fn deletion(span: Span) -> TextEdit {
    TextEdit { span, text: Vec::new() }
}

fn insertion(at: usize, text: impl Into<Vec<u8>>) -> TextEdit {
    TextEdit { span: Span::empty(at), text: text.into() }
}
