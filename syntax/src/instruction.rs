use std::borrow::Cow;
use std::sync::OnceLock;

use crate::view::Mount;
use crate::words::{self, Pair, Word};
use crate::{Dockerfile, Heredoc, Item, Keyword, Logical, Problem, Span, json, split};

/// What the parser keeps of an instruction. [`Instruction`] is the way to read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// With places in the source that count from where the item starts.
    pub(crate) logical: Logical,
    /// Number of source lines it takes, heredocs included.
    pub(crate) lines: usize,
    pub(crate) command: Command,
    /// The instruction after ONBUILD, in the same logical text.
    pub(crate) inner: Option<Box<Command>>,
    pub(crate) heredocs: Vec<Heredoc>,
}

/// Keyword, flags and arguments as spans of the logical text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) keyword: Keyword,
    pub(crate) word: Span,
    pub(crate) flags: Vec<Flag>,
    pub(crate) args: Span,
    pub(crate) form: Form,
    /// Of ENV, LABEL and ARG.
    pub(crate) pairs: Box<[Pair]>,
    pub(crate) mounts: Kept<Box<[Mount]>>,
}

/// What is worked out once, when it is asked for. It follows from the rest, so that it is no part of a comparison.
#[derive(Clone, Debug)]
pub(crate) struct Kept<T>(OnceLock<T>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> PartialEq for Kept<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Kept<T> {}

/// How an instruction's arguments are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Words or a shell command.
    Shell,
    /// A JSON array of strings: the exec form.
    Json,
}

/// A flag such as `--from=build`, as spans of the logical text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The whole word, from the dashes on.
    pub span: Span,
    /// The name without dashes.
    pub name: Span,
    /// What follows `=`, quotes and escapes included; `None` without `=`.
    pub value: Option<Span>,
}

/// One instruction of a [`Dockerfile`]: a cheap handle that reads the tree.
#[derive(Clone, Copy, Debug)]
pub struct Instruction<'a> {
    file: &'a Dockerfile,
    item: &'a Item,
    index: usize,
    node: &'a Node,
    command: &'a Command,
    problem: Option<&'a Problem>,
}

impl<'a> Instruction<'a> {
    pub(crate) fn new(
        file: &'a Dockerfile,
        item: &'a Item,
        index: usize,
        node: &'a Node,
        problem: Option<&'a Problem>,
    ) -> Self {
        Self { file, item, index, node, command: &node.command, problem }
    }

    /// The file it belongs to.
    #[must_use]
    pub fn file(&self) -> &'a Dockerfile {
        self.file
    }

    /// Its place among [`Dockerfile::items`].
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its keyword.
    #[must_use]
    pub fn keyword(&self) -> Keyword {
        self.command.keyword
    }

    /// Why BuildKit would reject it, if it would.
    #[must_use]
    pub fn problem(&self) -> Option<&'a Problem> {
        self.problem
    }

    /// Its bytes in the source, with heredocs and the final line end.
    #[must_use]
    pub fn span(&self) -> Span {
        self.item.span
    }

    /// 1-based number of its first line.
    #[must_use]
    pub fn start_line(&self) -> usize {
        self.item.line
    }

    /// 1-based number of its last line.
    #[must_use]
    pub fn end_line(&self) -> usize {
        self.item.line + self.node.lines.saturating_sub(1)
    }

    /// The logical text and the way back to the source, of which the first byte is that of [`span`](Self::span).
    #[must_use]
    pub fn logical(&self) -> &'a Logical {
        &self.node.logical
    }

    /// The logical text: lines joined, heredocs left out.
    #[must_use]
    pub fn text(&self) -> &'a [u8] {
        self.node.logical.text(self.item.span.of(&self.file.source))
    }

    /// The span of the keyword in the logical text.
    #[must_use]
    pub fn keyword_span(&self) -> Span {
        self.command.word
    }

    /// The keyword as written.
    #[must_use]
    pub fn keyword_text(&self) -> &'a [u8] {
        self.command.word.of(self.text())
    }

    /// The flags, in order.
    #[must_use]
    pub fn flags(&self) -> &'a [Flag] {
        &self.command.flags
    }

    /// The first flag with this name (without dashes).
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<&'a Flag> {
        self.flags().iter().find(|flag| flag.name.of(self.text()) == name.as_bytes())
    }

    /// The value of the first flag with this name, quotes and escapes resolved; empty for a flag without value.
    #[must_use]
    pub fn flag_value(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        self.flag(name)
            .map(|flag| flag.value.map_or(Cow::Borrowed(&[][..]), |v| split::unquote(v.of(self.text()))))
    }

    /// The span of the arguments in the logical text: what follows keyword and flags.
    #[must_use]
    pub fn args_span(&self) -> Span {
        self.command.args
    }

    /// The arguments: the logical text after keyword and flags, without surrounding white space.
    #[must_use]
    pub fn args(&self) -> &'a [u8] {
        self.command.args.of(self.text())
    }

    /// Shell or JSON form.
    #[must_use]
    pub fn form(&self) -> Form {
        self.command.form
    }

    /// The strings of the JSON form; `None` in shell form.
    #[must_use]
    pub fn json(&self) -> Option<Vec<String>> {
        if self.command.form != Form::Json {
            return None;
        }
        let args = match self.keyword() {
            Keyword::Healthcheck => words::healthcheck(self.args()).1.of(self.args()),
            _ => self.args(),
        };
        json::parse_json_strings(args).strings()
    }

    /// The arguments split at white space, as for FROM, COPY or EXPOSE. Quotes are not looked at.
    #[must_use]
    pub fn words(&self) -> Vec<Word> {
        self.separated_words().collect()
    }

    pub(crate) fn separated_words(&self) -> impl Iterator<Item = Word> {
        words::separated(self.text(), self.command.args)
    }

    /// The words of ARG, split as BuildKit splits name-value words: quotes and escapes hold a word together.
    #[must_use]
    pub fn quoted_words(&self) -> Vec<Word> {
        words::quoted(self.text(), self.command.args, self.file.escape)
    }

    /// The pairs of ENV or LABEL, in either form, and those of ARG; none for other instructions.
    #[must_use]
    pub fn pairs(&self) -> &'a [Pair] {
        &self.command.pairs
    }

    /// The mounts that the flags of RUN say, in order; none for another instruction.
    #[must_use]
    pub fn mounts(&self) -> &'a [Mount] {
        if self.flags().is_empty() || self.keyword() != Keyword::Run {
            return &[];
        }
        let read = || self.flags().iter().filter_map(|flag| Mount::of(self, flag)).collect();
        self.command.mounts.0.get_or_init(read)
    }

    /// The heredocs, in order.
    #[must_use]
    pub fn heredocs(&self) -> &'a [Heredoc] {
        &self.node.heredocs
    }

    /// The instruction that ONBUILD defers; it shares this one's logical text.
    #[must_use]
    pub fn inner(&self) -> Option<Self> {
        self.node.inner.as_deref().map(|command| Self { command, ..*self })
    }

    /// The source offset of the logical byte at `offset`; for the text's end, the offset just past its last byte.
    #[must_use]
    pub fn source_offset(&self, offset: usize) -> usize {
        self.item.span.start + self.node.logical.source_offset(offset)
    }

    /// The source span of a span of the logical text: see [`Logical::source_span`].
    #[must_use]
    pub fn source_span(&self, logical: Span) -> Span {
        self.node.logical.source_span(logical).shifted(self.item.span.start)
    }
}
