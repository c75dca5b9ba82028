//! The scanner's place in the text, and the tokens that are no words.

use super::ast::Operator;
use super::heredoc::Pending;
use super::word::Text;
use super::{Opaque, OpaqueReason};
use crate::Span;

/// Deepest nesting of compound commands, substitutions and quotes. Scripts people write stay below ten.
const MAX_DEPTH: usize = 100;

/// How often `((` may turn out not to open an arithmetic expression: each time the text is read again.
const MAX_RETRIES: u8 = 8;

pub(super) type Scanned<T> = Result<T, Opaque>;

/// Classes of bytes, as far as unquoted words go.
const PLAIN: u8 = 0;
const BLANK: u8 = 1;
const META: u8 = 2;
const SPECIAL: u8 = 3;

static CLASSES: [u8; 256] = {
    let mut classes = [PLAIN; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b' ' | b'\t' => BLANK,
            b'\n' | b'|' | b'&' | b';' | b'(' | b')' | b'<' | b'>' => META,
            b'\'' | b'"' | b'\\' | b'$' | b'`' | b'*' | b'?' | b'[' | b']' | b'{' | b'}' | b'~' => SPECIAL,
            _ => PLAIN,
        };
        byte += 1;
    }
    classes
};

/// Whether `byte` is an ordinary character of a word.
pub(super) fn is_plain(byte: u8) -> bool {
    CLASSES[usize::from(byte)] == PLAIN
}

/// Whether `byte` ends an unquoted word.
pub(super) fn is_delimiter(byte: u8) -> bool {
    matches!(CLASSES[usize::from(byte)], BLANK | META)
}

/// Whether `byte` can start the name of a variable.
pub(super) fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// Whether `byte` can stand in the name of a variable.
pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Words that the grammar reserves in the place of a command name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reserved {
    Bang,
    Time,
    OpenBrace,
    CloseBrace,
    OpenTest,
    CloseTest,
    If,
    Then,
    Elif,
    Else,
    Fi,
    For,
    In,
    Case,
    Esac,
    While,
    Until,
    Do,
    Done,
    Function,
    Select,
    Coproc,
}

impl Reserved {
    fn of(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"!" => Self::Bang,
            b"time" => Self::Time,
            b"{" => Self::OpenBrace,
            b"}" => Self::CloseBrace,
            b"[[" => Self::OpenTest,
            b"]]" => Self::CloseTest,
            b"if" => Self::If,
            b"then" => Self::Then,
            b"elif" => Self::Elif,
            b"else" => Self::Else,
            b"fi" => Self::Fi,
            b"for" => Self::For,
            b"in" => Self::In,
            b"case" => Self::Case,
            b"esac" => Self::Esac,
            b"while" => Self::While,
            b"until" => Self::Until,
            b"do" => Self::Do,
            b"done" => Self::Done,
            b"function" => Self::Function,
            b"select" => Self::Select,
            b"coproc" => Self::Coproc,
            _ => return None,
        })
    }

    /// Whether the word ends the list before it.
    pub(super) fn closes(self) -> bool {
        matches!(
            self,
            Self::CloseBrace
                | Self::Then
                | Self::Elif
                | Self::Else
                | Self::Fi
                | Self::Esac
                | Self::Do
                | Self::Done
        )
    }

    fn len(self) -> usize {
        match self {
            Self::Bang | Self::OpenBrace | Self::CloseBrace => 1,
            Self::OpenTest | Self::CloseTest | Self::If | Self::In | Self::Fi | Self::Do => 2,
            Self::For => 3,
            Self::Time | Self::Then | Self::Elif | Self::Else | Self::Case | Self::Esac | Self::Done => 4,
            Self::While | Self::Until => 5,
            Self::Select | Self::Coproc => 6,
            Self::Function => 8,
        }
    }
}

/// A recursive-descent scanner over the text.
pub(super) struct Scanner<'t> {
    /// The text up to where this scanner may read: inside backquotes it ends at the closing one.
    pub(super) text: &'t [u8],
    /// The same and what follows it, where the whole script is UTF-8.
    utf8: Option<&'t str>,
    /// Where the next byte is read.
    pub(super) pos: usize,
    /// Here-documents whose bodies start after the next newline.
    pub(super) pending: Vec<Pending<'t>>,
    /// How many of them belong to text around the present substitution.
    pub(super) outer_pending: usize,
    /// Whether a command so far defined an alias.
    pub(super) aliased: bool,
    pub(super) bash_only: Option<Span>,
    /// Whether a command or process substitution was met so far.
    pub(super) substitutes: bool,
    depth: usize,
    retries: u8,
    /// The last answer of [`Self::reserved`] and the place it was given for.
    reserved: (usize, Option<Reserved>),
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t [u8]) -> Scanned<Self> {
        if let Some(at) = memchr::memchr(0, text) {
            return Err(Opaque { at, reason: OpaqueReason::Nul });
        }
        Ok(Self {
            text,
            utf8: std::str::from_utf8(text).ok(),
            pos: 0,
            pending: Vec::new(),
            outer_pending: 0,
            aliased: false,
            bash_only: None,
            substitutes: false,
            depth: 0,
            retries: 0,
            reserved: (usize::MAX, None),
        })
    }

    pub(super) fn opaque<T>(&self, reason: OpaqueReason) -> Scanned<T> {
        Err(Opaque { at: self.pos, reason })
    }

    /// The byte `ahead` of the present one.
    #[inline]
    pub(super) fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.pos + ahead).copied()
    }

    /// What is still to be read.
    #[inline]
    pub(super) fn rest(&self) -> &'t [u8] {
        self.text.get(self.pos..).unwrap_or_default()
    }

    /// The span from `start` to here.
    pub(super) fn since(&self, start: usize) -> Span {
        Span::new(start, self.pos)
    }

    /// The bytes from `start` to here.
    pub(super) fn text_since(&self, start: usize) -> &'t [u8] {
        self.text.get(start..self.pos).unwrap_or_default()
    }

    /// The word from `start` to here.
    pub(super) fn written_since(&self, start: usize) -> Text<'t> {
        match self.utf8.and_then(|text| text.get(start..self.pos)) {
            Some(text) => Text::Utf8(text),
            None => Text::Bytes(self.text_since(start)),
        }
    }

    pub(super) fn enter(&mut self) -> Scanned<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { self.opaque(OpaqueReason::TooDeep) } else { Ok(()) }
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Goes back to `start` for a second reading.
    pub(super) fn retry(&mut self, start: usize) -> Scanned<()> {
        self.retries += 1;
        if self.retries > MAX_RETRIES {
            return self.opaque(OpaqueReason::TooDeep);
        }
        self.pos = start;
        Ok(())
    }

    /// Notes that what lies between `start` and here is read so by bash only.
    pub(super) fn note_bash(&mut self, start: usize) {
        let span = self.since(start);
        if self.bash_only.is_none_or(|first| span.start < first.start) {
            self.bash_only = Some(span);
        }
    }

    /// Skips blanks, continuations and a comment. Call it only where a token may start.
    pub(super) fn blanks(&mut self) {
        loop {
            match self.byte(0) {
                Some(b' ' | b'\t') => self.pos += 1,
                Some(b'\\') if self.byte(1) == Some(b'\n') => self.pos += 2,
                Some(b'#') => {
                    let rest = self.rest();
                    self.pos += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                _ => return,
            }
        }
    }

    /// Skips blanks, comments and newlines, reading the here-documents that follow a newline.
    pub(super) fn linebreak(&mut self) -> Scanned<()> {
        loop {
            self.blanks();
            if self.byte(0) != Some(b'\n') {
                return Ok(());
            }
            self.newline()?;
        }
    }

    /// The offset of the first byte at or after `at` that is not part of a continuation.
    pub(super) fn after_continuations(&self, mut at: usize) -> usize {
        while self.text.get(at..).is_some_and(|rest| rest.starts_with(b"\\\n")) {
            at += 2;
        }
        at
    }

    /// Whether a word that reaches up to `at` ends there. A continuation between the word and a blank is none of its
    /// bytes.
    pub(super) fn ends_word(&self, at: usize) -> bool {
        self.text.get(self.after_continuations(at)).is_none_or(|&byte| is_delimiter(byte))
    }

    /// Gives up where a continuation splits the operator before it from one of the bytes `more` that could extend it.
    pub(super) fn whole_operator(&self, more: &[u8]) -> Scanned<()> {
        let at = self.after_continuations(self.pos);
        if at > self.pos && self.text.get(at).is_some_and(|byte| more.contains(byte)) {
            return self.opaque(OpaqueReason::SplitToken);
        }
        Ok(())
    }

    /// The reserved word at this place, if one stands here.
    #[inline]
    pub(super) fn reserved(&mut self) -> Option<Reserved> {
        if self.reserved.0 != self.pos {
            self.reserved = (self.pos, self.read_reserved());
        }
        self.reserved.1
    }

    fn read_reserved(&self) -> Option<Reserved> {
        let rest = self.rest();
        if !matches!(
            rest.first(),
            Some(b'c'..=b'f' | b'i' | b's'..=b'u' | b'w' | b'{' | b'}' | b'!' | b'[' | b']')
        ) {
            return None;
        }
        // The longest reserved word has eight letters.
        let head = rest.get(..9).unwrap_or(rest);
        let end = head.iter().position(|&byte| is_delimiter(byte) || byte == b'\\').unwrap_or(head.len());
        let word = Reserved::of(head.get(..end)?)?;
        self.ends_word(self.pos + end).then_some(word)
    }

    /// Makes the text end at `end`, or brings a longer one back, and goes on at `pos`.
    pub(super) fn set_text(&mut self, text: &'t [u8], pos: usize) {
        self.text = text;
        self.pos = pos;
        self.reserved = (usize::MAX, None);
    }

    /// Skips `word` if it stands here.
    pub(super) fn eat(&mut self, word: Reserved) -> bool {
        let found = self.reserved() == Some(word);
        if found {
            self.pos += word.len();
        }
        found
    }

    /// Skips `word`, which must stand here.
    pub(super) fn expect(&mut self, word: Reserved) -> Scanned<()> {
        if self.eat(word) { Ok(()) } else { self.misplaced() }
    }

    /// Skips `byte`, which must stand here.
    pub(super) fn expect_byte(&mut self, byte: u8) -> Scanned<()> {
        if self.byte(0) == Some(byte) {
            self.pos += 1;
            Ok(())
        } else {
            self.misplaced()
        }
    }

    /// Gives up over the byte at this place, or over the end of the text.
    pub(super) fn misplaced<T>(&self) -> Scanned<T> {
        self.opaque(if self.rest().is_empty() {
            OpaqueReason::Unterminated
        } else {
            OpaqueReason::Unexpected
        })
    }

    /// Reads the operator after a pipeline, if one stands here. `;;` and its kin are none.
    pub(super) fn list_operator(&mut self) -> Scanned<Option<(Operator, Span)>> {
        let start = self.pos;
        let operator = match (self.byte(0), self.byte(1)) {
            (Some(b'&'), Some(b'&')) => {
                self.pos += 2;
                Operator::And
            }
            (Some(b'|'), Some(b'|')) => {
                self.pos += 2;
                Operator::Or
            }
            (Some(b'&'), _) => {
                self.pos += 1;
                self.whole_operator(b"&>")?;
                Operator::Background
            }
            (Some(b';'), Some(b';' | b'&')) => return Ok(None),
            (Some(b';'), _) => {
                self.pos += 1;
                self.whole_operator(b";&")?;
                Operator::Semicolon
            }
            (Some(b'\n'), _) => {
                let span = Span::new(start, start + 1);
                self.newline()?;
                return Ok(Some((Operator::Newline, span)));
            }
            _ => return Ok(None),
        };
        Ok(Some((operator, self.since(start))))
    }

    /// Whether the list being read ends here.
    pub(super) fn at_list_end(&mut self) -> bool {
        match self.byte(0) {
            None | Some(b')') => true,
            Some(b';') => matches!(self.byte(1), Some(b';' | b'&')),
            _ => self.reserved().is_some_and(Reserved::closes),
        }
    }
}
