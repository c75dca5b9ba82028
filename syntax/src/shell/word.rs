//! Words and what the shell makes of them.

use std::borrow::Cow;

use super::ast::List;
use crate::Span;

/// A word: a command name, an argument, a value, a redirection target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'t> {
    /// Where the word stands, quotes included.
    pub span: Span,
    pub(super) text: Text<'t>,
    pub(super) parts: Parts<'t>,
    pub(super) traits: Traits,
}

/// A word as written. Most scripts are UTF-8, which is found out once for all of their words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text<'t> {
    /// It is UTF-8.
    Utf8(&'t str),
    /// It stands in a script that is not.
    Bytes(&'t [u8]),
}

impl<'t> Text<'t> {
    #[inline]
    fn bytes(self) -> &'t [u8] {
        match self {
            Self::Utf8(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    fn utf8(self) -> Option<&'t str> {
        match self {
            Self::Utf8(text) => Some(text),
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
        }
    }
}

/// The parts of a word, without an allocation for the one part that most words have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Parts<'t> {
    #[default]
    None,
    One(WordPart<'t>),
    Many(Vec<WordPart<'t>>),
}

impl<'t> Parts<'t> {
    pub(super) fn push(&mut self, part: WordPart<'t>) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(part),
            Self::One(first) => Self::Many(vec![first, part]),
            Self::Many(mut parts) => {
                parts.push(part);
                Self::Many(parts)
            }
        };
    }

    fn as_slice(&self) -> &[WordPart<'t>] {
        match self {
            Self::None => &[],
            Self::One(part) => std::slice::from_ref(part),
            Self::Many(parts) => parts,
        }
    }
}

/// What unquoted text in a word makes the shell do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traits {
    /// `*`, `?` or `[...]`
    pub(super) glob: bool,
    /// `{a,b}` or `{1..3}`, as bash reads it
    pub(super) brace: bool,
    /// `~` at the start, or after `=` or `:`
    pub(super) tilde: bool,
    /// `[` without `]`
    pub(super) open_bracket: bool,
}

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordPart<'t> {
    /// Text that stands for itself; unquoted, it may hold glob characters, a tilde or braces.
    Literal {
        /// The text's place.
        span: Span,
        /// The text.
        text: &'t [u8],
    },
    /// A backslash and the byte that it quotes.
    Escaped {
        /// Both bytes.
        span: Span,
        /// The quoted byte.
        byte: u8,
    },
    /// A backslash and newline inside double quotes or a here-document; it vanishes.
    Continuation {
        /// Both bytes.
        span: Span,
    },
    /// `'...'`
    SingleQuoted {
        /// The text with its quotes.
        span: Span,
        /// What lies between the quotes.
        text: &'t [u8],
    },
    /// bash's `$'...'`, with C escapes that are not resolved here.
    AnsiQuoted {
        /// The text with dollar and quotes.
        span: Span,
        /// What lies between the quotes.
        text: &'t [u8],
    },
    /// `"..."`, or bash's `$"..."`
    DoubleQuoted {
        /// The text with its quotes.
        span: Span,
        /// What lies between the quotes.
        parts: Vec<WordPart<'t>>,
        /// Whether a dollar stands before it: bash translates the text.
        translated: bool,
    },
    /// `$x` or `${...}`
    Parameter(Box<Parameter<'t>>),
    /// `$(...)`, backquotes, `<(...)` or `>(...)`
    Command(Box<CommandSubstitution<'t>>),
    /// `$((...))`; also the subscript and the substring offsets inside `${...}`
    Arithmetic(Arithmetic<'t>),
}

impl WordPart<'_> {
    /// The part with everything that belongs to it.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Literal { span, .. }
            | Self::Escaped { span, .. }
            | Self::Continuation { span }
            | Self::SingleQuoted { span, .. }
            | Self::AnsiQuoted { span, .. }
            | Self::DoubleQuoted { span, .. } => *span,
            Self::Parameter(parameter) => parameter.span,
            Self::Command(substitution) => substitution.span,
            Self::Arithmetic(arithmetic) => arithmetic.span,
        }
    }
}

/// `$x`, `${x}` and the forms with an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter<'t> {
    /// From the dollar to the end.
    pub span: Span,
    /// The variable, the digits of a positional parameter, or one of `@*#?-$!`.
    pub name: &'t str,
    /// Whether this is the length, `${#x}`.
    pub length: bool,
    /// Whether this is bash's `${!x}`, which reads the variable that `x` names (or lists names).
    pub indirect: bool,
    /// The operator such as `:-`, `%%`, `/` or `:`; empty without one.
    pub operator: &'t str,
    /// A subscript, then what follows the operator.
    pub operand: Vec<WordPart<'t>>,
}

/// A command whose output (or, for process substitution, whose pipe) is put in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandSubstitution<'t> {
    /// With the delimiters.
    pub span: Span,
    /// Which one.
    pub kind: SubstitutionKind,
    /// The commands, with spans in the same text; none for backquotes with escapes inside, whose text the shell
    /// rewrites before it reads it (see [`Script::unread_substitution`](super::Script::unread_substitution)).
    pub list: Option<List<'t>>,
}

/// The kinds of [`CommandSubstitution`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubstitutionKind {
    /// `$(...)`
    Dollar,
    /// `` `...` ``
    Backquote,
    /// bash's `<(...)`
    ProcessInput,
    /// bash's `>(...)`
    ProcessOutput,
}

/// An arithmetic expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arithmetic<'t> {
    /// With the delimiters, where it has its own.
    pub span: Span,
    /// Literal text and the expansions in it.
    pub parts: Vec<WordPart<'t>>,
}

impl<'t> Word<'t> {
    /// The word as written.
    #[must_use]
    #[inline]
    pub fn text(&self) -> &'t [u8] {
        self.text.bytes()
    }

    /// The pieces of the word, in order and without gaps; none for the empty value of `x=`.
    #[must_use]
    pub fn parts(&self) -> &[WordPart<'t>] {
        self.parts.as_slice()
    }

    /// Whether the word disappears: a substitution of no commands, as people write it around a comment in the middle of a
    /// command (`` `# why` ``).
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        let [WordPart::Command(substitution)] = self.parts() else { return false };
        matches!(substitution.kind, SubstitutionKind::Dollar | SubstitutionKind::Backquote)
            && substitution.list.as_ref().is_some_and(|list| list.items.is_empty())
    }

    /// The value, with quoting resolved, when nothing in the word expands: no `$`, no backquote, no unquoted glob, no
    /// tilde, no brace expansion.
    #[must_use]
    pub fn literal(&self) -> Option<Cow<'t, [u8]>> {
        // Most words are plain.
        if let Some(text) = self.bare() {
            return Some(Cow::Borrowed(text));
        }
        let Traits { glob, brace, tilde, .. } = self.traits;
        if glob || brace || tilde { None } else { self.value(false) }
    }

    /// [`Self::literal`] where it is UTF-8.
    #[must_use]
    pub fn literal_str(&self) -> Option<Cow<'t, str>> {
        if self.bare().is_some() {
            // The text of a bare word is its value.
            return self.text.utf8().map(Cow::Borrowed);
        }
        match self.literal()? {
            Cow::Borrowed(value) => std::str::from_utf8(value).ok().map(Cow::Borrowed),
            Cow::Owned(value) => String::from_utf8(value).ok().map(Cow::Owned),
        }
    }

    /// Whether the literal value is `expected`.
    #[must_use]
    #[inline]
    pub fn is(&self, expected: &str) -> bool {
        // Quotes and backslashes only add to a value.
        self.text().len() >= expected.len() && self.has_value(expected)
    }

    fn has_value(&self, expected: &str) -> bool {
        self.literal().is_some_and(|value| *value == *expected.as_bytes())
    }

    /// Whether an unquoted `*`, `?` or `[...]` makes the word a pathname pattern.
    #[must_use]
    pub fn is_glob(&self) -> bool {
        self.traits.glob
    }

    /// The pattern, when the word is one and nothing else in it expands. Quoting is resolved; quoted pattern
    /// characters have a backslash before them.
    #[must_use]
    pub fn glob(&self) -> Option<Cow<'t, [u8]>> {
        let Traits { glob, brace, tilde, .. } = self.traits;
        if glob && !brace && !tilde { self.value(true) } else { None }
    }

    /// Whether any of the word is quoted, be it by a backslash.
    #[must_use]
    pub fn is_quoted(&self) -> bool {
        self.parts().iter().any(|part| {
            matches!(
                part,
                WordPart::Escaped { .. }
                    | WordPart::SingleQuoted { .. }
                    | WordPart::AnsiQuoted { .. }
                    | WordPart::DoubleQuoted { .. }
            )
        })
    }

    /// The text when the word is nothing but unquoted characters that stand for themselves.
    #[inline]
    pub(super) fn bare(&self) -> Option<&'t [u8]> {
        let Traits { glob, brace, tilde, .. } = self.traits;
        match &self.parts {
            Parts::One(WordPart::Literal { text, .. }) if !glob && !brace && !tilde => Some(text),
            _ => None,
        }
    }

    fn value(&self, pattern: bool) -> Option<Cow<'t, [u8]>> {
        match self.parts() {
            [] => return Some(Cow::Borrowed(b"")),
            [WordPart::Literal { text, .. }] => return Some(Cow::Borrowed(text)),
            [WordPart::SingleQuoted { text, .. }] if !pattern => return Some(Cow::Borrowed(text)),
            [WordPart::DoubleQuoted { parts, translated: false, .. }] if !pattern => match parts.as_slice() {
                [] => return Some(Cow::Borrowed(b"")),
                [WordPart::Literal { text, .. }] => return Some(Cow::Borrowed(text)),
                _ => {}
            },
            _ => {}
        }
        let mut value = Vec::with_capacity(self.text().len());
        self.parts().iter().all(|part| resolve(part, false, pattern, &mut value)).then_some(Cow::Owned(value))
    }
}

/// Appends the value of `part`, or returns false when it expands.
fn resolve(part: &WordPart<'_>, quoted: bool, pattern: bool, value: &mut Vec<u8>) -> bool {
    let mut push = |byte: u8, quoted: bool| {
        if pattern && quoted && matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\') {
            value.push(b'\\');
        }
        value.push(byte);
    };
    match part {
        WordPart::Literal { text, .. } => text.iter().for_each(|&byte| push(byte, quoted)),
        WordPart::Escaped { byte, .. } => push(*byte, true),
        WordPart::Continuation { .. } => {}
        WordPart::SingleQuoted { text, .. } => text.iter().for_each(|&byte| push(byte, true)),
        WordPart::DoubleQuoted { parts, translated: false, .. } => {
            return parts.iter().all(|part| resolve(part, true, pattern, value));
        }
        WordPart::DoubleQuoted { .. }
        | WordPart::AnsiQuoted { .. }
        | WordPart::Parameter(_)
        | WordPart::Command(_)
        | WordPart::Arithmetic(_) => return false,
    }
    true
}
