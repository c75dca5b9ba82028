//! Keyword, flags and arguments of a logical line: BuildKit's `splitCommand` and `extractBuilderFlags`.

use std::borrow::Cow;

use crate::decode::{is_separator, leading_space, trailing_space};
use crate::instruction::{Command, Kept};
use crate::{Flag, Form, Keyword, Span};

/// Splits the part `within` of a logical text. Only spans are made; nothing is copied but the flag list.
pub(crate) fn split(text: &[u8], within: Span) -> Command {
    let body = within.of(text);
    let start = within.start + leading_space(body);
    let end = (within.start + trailing_space(body)).max(start);
    let body = &text[start..end];
    let word_len = body.iter().position(|&byte| is_separator(byte)).unwrap_or(body.len());
    let word = Span::new(start, start + word_len);
    let rest = start + word_len + body[word_len..].iter().take_while(|&&byte| is_separator(byte)).count();
    let (flags, args_start) = flags(text, Span::new(rest, end));
    let args = &text[args_start..end];
    let from = args_start + leading_space(args);
    let to = (args_start + trailing_space(args)).max(from);
    Command {
        keyword: Keyword::of(word.of(text)),
        word,
        flags,
        args: Span::new(from, to),
        form: Form::Shell,
        pairs: Box::default(),
        mounts: Kept::default(),
    }
}

/// BuildKit walks the flags byte by byte and asks `unicode.IsSpace` of each byte as if it were a character, so the bytes
/// 0x85 and 0xA0 end a word even in the middle of a UTF-8 sequence.
fn is_space_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ' | 0x85 | 0xa0)
}

/// The flags at the start of `within`, and the offset where they end.
fn flags(text: &[u8], within: Span) -> (Vec<Flag>, usize) {
    let mut flags = Vec::new();
    let mut at = within.start;
    loop {
        while at < within.end && is_space_byte(text[at]) {
            at += 1;
        }
        let rest = &text[at..within.end];
        if !rest.starts_with(b"--") {
            return (flags, at);
        }
        let (len, is_terminator) = flag_word(rest);
        if is_terminator {
            return (flags, at + len);
        }
        flags.push(flag(text, Span::new(at, at + len)));
        at += len;
    }
}

/// Length of the flag word at the start of `rest`, and whether it is a bare `--`.
fn flag_word(rest: &[u8]) -> (usize, bool) {
    let mut at = 0;
    let mut quote = None;
    while let Some(&byte) = rest.get(at) {
        match quote {
            None if is_space_byte(byte) => break,
            None if byte == b'\'' || byte == b'"' => quote = Some(byte),
            Some(open) if byte == open => quote = None,
            // An escaped byte is taken as it is, in either kind of quotes too.
            _ if byte == b'\\' && at + 1 < rest.len() => at += 1,
            _ => {}
        }
        at += 1;
    }
    (at, unquote(&rest[..at]).as_ref() == b"--")
}

fn flag(text: &[u8], span: Span) -> Flag {
    let word = span.of(text);
    let equals = memchr::memchr(b'=', word);
    let name_end = equals.unwrap_or(word.len());
    Flag {
        span,
        name: Span::new(span.start + 2.min(name_end), span.start + name_end),
        value: equals.map(|at| Span::new(span.start + at + 1, span.end)),
    }
}

/// The text of a flag with its quotes and escapes resolved, as `extractBuilderFlags` does.
pub(crate) fn unquote(word: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr3(b'\'', b'"', b'\\', word).is_none() {
        return Cow::Borrowed(word);
    }
    let mut out = Vec::with_capacity(word.len());
    let mut quote = None;
    let mut at = 0;
    while let Some(&byte) = word.get(at) {
        at += 1;
        match quote {
            None if byte == b'\'' || byte == b'"' => quote = Some(byte),
            Some(open) if byte == open => quote = None,
            _ if byte == b'\\' => {
                if let Some(&escaped) = word.get(at) {
                    out.push(escaped);
                    at += 1;
                }
            }
            _ => out.push(byte),
        }
    }
    Cow::Owned(out)
}
