use std::sync::Arc;

use crate::instruction::Node;
use crate::{ApplyError, Edits, Instruction, Span, parse};

/// A parsed Dockerfile: the bytes as they were, and the items that partition them.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    pub(crate) source: Arc<[u8]>,
    pub(crate) items: Vec<Item>,
    pub(crate) escape: u8,
    pub(crate) problems: Vec<(usize, Problem)>,
    /// What some instruction is depends on everything that follows it.
    pub(crate) looks_ahead: bool,
    /// There are no problems, neither here nor in the items.
    pub(crate) is_sound: bool,
}

/// A piece of a Dockerfile. Items follow one another without gaps: together they are the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The bytes of the source, with their line end.
    pub span: Span,
    /// 1-based number of the first line.
    pub line: usize,
    /// What the bytes are.
    pub kind: ItemKind,
}

/// What an [`Item`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// The byte order mark at the start of the file.
    ByteOrderMark,
    /// The first line where it starts with `#!`: a comment to the parser, and to the system the program that runs the file. It
    /// is one in no other line, so nothing comes above it.
    Shebang,
    /// A parser directive such as `# syntax=docker/dockerfile:1`.
    Directive(Directive),
    /// A comment line outside an instruction.
    Comment,
    /// A line of white space outside an instruction.
    Blank,
    /// An instruction with its continuation lines and heredocs.
    Instruction(Arc<Node>),
    /// Text in an instruction's place that BuildKit would reject, for the reason given.
    Unknown(Arc<Node>, Box<Problem>),
}

/// A parser directive (Dockerfile reference, "Parser directives").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Which directive it is.
    pub name: DirectiveName,
    /// The value in the source, without surrounding white space.
    pub value: Span,
}

/// The directives that BuildKit knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectiveName {
    /// `# syntax=`: the frontend image that reads the file.
    Syntax,
    /// `# escape=`: the escape and continuation character.
    Escape,
    /// `# check=`: settings of `docker build --check`.
    Check,
}

impl DirectiveName {
    /// The name in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Escape => "escape",
            Self::Check => "check",
        }
    }
}

/// Why BuildKit would reject a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The first word is no instruction. BuildKit's parser lets it pass; the build stops at it.
    #[error("unknown instruction")]
    UnknownInstruction,
    /// `ENV NAME` or `LABEL NAME` without a value.
    #[error("{0} must have two arguments")]
    MissingValue(&'static str),
    /// A word of `ENV a=b c` has no `=`.
    #[error("can't find = in a word; it must be of the form name=value")]
    MissingEquals,
    /// A JSON array that holds something else than strings.
    #[error("the JSON form must be an array of strings only")]
    JsonNotStrings,
    /// The terminator of a heredoc does not come.
    #[error("unterminated heredoc `{0}`")]
    UnterminatedHeredoc(String),
    /// The word after `<<` cannot be read.
    #[error("the heredoc's name cannot be read: {0}")]
    BadHeredocName(String),
    /// A line of more than 65,535 bytes (Go's `bufio.MaxScanTokenSize`).
    #[error("line greater than the maximum of 65535 bytes")]
    LineTooLong,
    /// A directive that stands there twice.
    #[error("only one {0} parser directive can be used")]
    RepeatedDirective(&'static str),
    /// `# escape=` with something else than a backslash or a backquote.
    #[error("the escape directive takes \\ or `")]
    BadEscape,
    /// No instruction at all.
    #[error("file with no instructions")]
    NoInstructions,
}

impl Dockerfile {
    /// Parses `source`. Never fails: what BuildKit would reject is an [`ItemKind::Unknown`] or one of
    /// [`problems`](Self::problems).
    #[must_use]
    pub fn parse(source: impl Into<Arc<[u8]>>) -> Self {
        parse::parse(source.into())
    }

    /// What edits make of the file. The same as parsing the edited text, but items that no edit touches are not read again
    /// and share what is known of them.
    ///
    /// # Errors
    ///
    /// As [`Edits::apply`].
    pub fn edited(&self, edits: &Edits) -> Result<Self, ApplyError> {
        let source: Arc<[u8]> = edits.apply(&self.source)?.into();
        let edited = parse::parse_edited(source, self, edits.as_slice());
        debug_assert_eq!(edited.items, parse::parse(Arc::clone(&edited.source)).items);
        Ok(edited)
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// The same bytes, shared instead of borrowed.
    #[must_use]
    pub fn shared_source(&self) -> Arc<[u8]> {
        Arc::clone(&self.source)
    }

    /// The items, which partition the source.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The escape character: `\` unless an escape directive says otherwise.
    #[must_use]
    pub fn escape(&self) -> u8 {
        self.escape
    }

    /// Whether BuildKit would accept the file: there are no [`problems`](Self::problems).
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.is_sound
    }

    /// Everything BuildKit would reject the file for, with 1-based lines, in the order of the file.
    pub fn problems(&self) -> impl Iterator<Item = (usize, &Problem)> {
        let in_items = self.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Unknown(_, problem) => Some((item.line, &**problem)),
            _ => None,
        });
        let mut problems: Vec<_> =
            self.problems.iter().map(|(line, problem)| (*line, problem)).chain(in_items).collect();
        problems.sort_by_key(|&(line, _)| line);
        problems.into_iter()
    }

    /// The instructions, unknown ones included, in the order of the file.
    pub fn instructions(&self) -> impl DoubleEndedIterator<Item = Instruction<'_>> {
        self.items.iter().enumerate().filter_map(|(index, item)| self.instruction_of(index, item))
    }

    /// The instruction that is item `index`, if that item is one.
    #[must_use]
    pub fn instruction(&self, index: usize) -> Option<Instruction<'_>> {
        self.items.get(index).and_then(|item| self.instruction_of(index, item))
    }

    fn instruction_of<'a>(&'a self, index: usize, item: &'a Item) -> Option<Instruction<'a>> {
        match &item.kind {
            ItemKind::Instruction(node) => Some(Instruction::new(self, item, index, node, None)),
            ItemKind::Unknown(node, problem) => {
                Some(Instruction::new(self, item, index, node, Some(problem)))
            }
            _ => None,
        }
    }

    /// Whether the first line is a shebang. A syntax directive may stand below it, as far as BuildKit 0.11 and later are
    /// concerned (`discardShebang`, moby/buildkit#2937): those before take it for a comment there.
    #[must_use]
    pub fn has_shebang(&self) -> bool {
        self.items.iter().take(2).any(|item| item.kind == ItemKind::Shebang)
    }

    /// The directives at the head of the file.
    pub fn directives(&self) -> impl Iterator<Item = (&Item, &Directive)> {
        self.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Directive(directive) => Some((item, directive)),
            _ => None,
        })
    }

    /// The value of a directive.
    #[must_use]
    pub fn directive(&self, name: DirectiveName) -> Option<&[u8]> {
        self.directives().find(|(_, directive)| directive.name == name).map(|(_, d)| d.value.of(&self.source))
    }

    /// The line end the file uses: that of its first line, `\n` where it has only one line.
    #[must_use]
    pub fn line_end(&self) -> &'static str {
        match memchr::memchr(b'\n', &self.source) {
            Some(at) if at > 0 && self.source[at - 1] == b'\r' => "\r\n",
            _ => "\n",
        }
    }

    /// The 1-based number of the line that holds the byte at `offset`.
    #[must_use]
    pub fn line_at(&self, offset: usize) -> usize {
        let before = &self.source[..offset.min(self.source.len())];
        1 + memchr::memchr_iter(b'\n', before).count()
    }
}
