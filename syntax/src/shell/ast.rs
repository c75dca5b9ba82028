//! The tree: lists, pipelines, commands, redirections.

use std::sync::{Arc, OnceLock};

use super::word::{Word, WordPart};
use crate::Span;

/// Commands joined by `&&`, `||`, `;`, `&` and newlines, in source order.
///
/// The list is flat: that `&&` and `||` bind alike and from the left, and tighter than the others, is left to the
/// reader of the operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<'t> {
    /// From the first item to the end of the last, its operator included; empty where the first item would stand when
    /// there are none.
    pub span: Span,
    /// The items; empty only for a script, a `$()` or a `case` arm without commands.
    pub items: Vec<ListItem<'t>>,
}

/// A pipeline and the operator after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListItem<'t> {
    /// The pipeline and the operator with what lies between.
    pub span: Span,
    /// The pipeline; a single command is a pipeline of one.
    pub pipeline: Pipeline<'t>,
    /// The operator after the pipeline and its span; none for the last item of most lists.
    pub operator: Option<(Operator, Span)>,
}

/// What joins a pipeline to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `;`
    Semicolon,
    /// A newline.
    Newline,
    /// `&`
    Background,
}

/// Commands joined by `|`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline<'t> {
    /// From `!` or `time`, if any, to the end of the last command.
    pub span: Span,
    /// Whether `!` inverts the exit status.
    pub negated: bool,
    /// Whether bash's `time` stands before it.
    pub timed: bool,
    /// The commands; never empty.
    pub commands: Vec<Command<'t>>,
    /// The spans of the operators between the commands: `|`, or bash's `|&`.
    pub pipes: Vec<Span>,
}

/// One command of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'t> {
    /// A program, builtin or function with its arguments, or bare assignments or redirections.
    Simple(SimpleCommand<'t>),
    /// A group, loop or condition.
    Compound(CompoundCommand<'t>),
    /// The definition of a function.
    Function(Function<'t>),
}

impl Command<'_> {
    /// The command with everything that belongs to it.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Simple(command) => command.span,
            Self::Compound(command) => command.span,
            Self::Function(function) => function.span,
        }
    }
}

/// Assignments, words and redirections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleCommand<'t> {
    /// From the first to the last of its assignments, words and redirections. The body of a here-document lies
    /// outside.
    pub span: Span,
    /// The assignments before the first word.
    pub assignments: Vec<Assignment<'t>>,
    /// The command name and its arguments. `X=y` after the name, as in `export X=y`, is an argument.
    pub words: Vec<Word<'t>>,
    /// The redirections, which may stand before, between and after the words.
    pub redirects: Vec<Redirect<'t>>,
}

/// `name=value` before a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment<'t> {
    /// Name, operator and value.
    pub span: Span,
    /// The variable.
    pub name: &'t str,
    /// The value; a word of length zero for `name=`.
    pub value: Word<'t>,
    /// Whether the operator is bash's `+=`.
    pub append: bool,
}

/// A redirection such as `2>/dev/null`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect<'t> {
    /// Descriptor, operator and target; not the body of a here-document.
    pub span: Span,
    /// The file descriptor before the operator, 0 to 9.
    pub fd: Option<u8>,
    /// The operator.
    pub operator: RedirectOperator,
    /// What follows the operator: a file, a descriptor, the delimiter of a here-document, the text of a here-string.
    pub target: Word<'t>,
    pub(super) body: Option<Arc<OnceLock<HereDocument<'t>>>>,
}

impl<'t> Redirect<'t> {
    /// The here-document that belongs to `<<` or `<<-`; none for other operators, or when the body is not part of the
    /// scanned text.
    #[must_use]
    pub fn here_document(&self) -> Option<&HereDocument<'t>> {
        self.body.as_ref()?.get()
    }
}

/// The operator of a redirection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RedirectOperator {
    /// `<`
    Input,
    /// `>`
    Output,
    /// `>>`
    Append,
    /// `>|`
    Clobber,
    /// `<>`
    ReadWrite,
    /// `<&`
    DuplicateInput,
    /// `>&`
    DuplicateOutput,
    /// bash's `&>`
    OutputAndError,
    /// bash's `&>>`
    AppendOutputAndError,
    /// `<<`
    HereDocument,
    /// `<<-`, which strips leading tabs
    HereDocumentStripped,
    /// bash's `<<<`
    HereString,
}

/// The body of a here-document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HereDocument<'t> {
    /// The lines of the body, without the line of the delimiter.
    pub span: Span,
    /// The line of the delimiter, without its newline.
    pub end: Span,
    /// Whether the delimiter was quoted, so that nothing in the body expands.
    pub quoted: bool,
    /// The body as the shell expands it; one literal part when quoted. Leading tabs that `<<-` strips are still there.
    pub parts: Vec<WordPart<'t>>,
}

/// A group, loop or condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompoundCommand<'t> {
    /// From the opening token to the last redirection.
    pub span: Span,
    /// Which one.
    pub kind: CompoundKind,
    /// The variable that a `for` sets.
    pub variable: Option<&'t str>,
    /// `for`: the words looped over; `case`: the subject, then all patterns; `[[`: operands and operators save `&&`,
    /// `||`, `<`, `>` and parentheses; `((`: the expression.
    pub words: Vec<Word<'t>>,
    /// The inner lists in source order. `if`: condition and body in turn, and one more for `else`; `while`, `until`:
    /// condition, body; `case`: one for each arm.
    pub lists: Vec<List<'t>>,
    /// The redirections after it.
    pub redirects: Vec<Redirect<'t>>,
}

/// The kinds of [`CompoundCommand`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompoundKind {
    /// `{ ...; }`
    Brace,
    /// `( ... )`
    Subshell,
    /// `if`
    If,
    /// `for name in words`
    For,
    /// `while`
    While,
    /// `until`
    Until,
    /// `case`
    Case,
    /// bash's `(( ... ))`
    Arithmetic,
    /// bash's `[[ ... ]]`
    Test,
}

/// The definition of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function<'t> {
    /// From the name, or the keyword `function`, to the end of the body.
    pub span: Span,
    /// The name.
    pub name: &'t [u8],
    /// The body with its redirections.
    pub body: Box<CompoundCommand<'t>>,
}
