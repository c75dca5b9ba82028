//! Words of instructions: split at white space, or as BuildKit's `parseWords` splits names and values.

use crate::Span;
use crate::decode::{first_char, is_separator, is_space};

/// A word, as a span of the logical text of its instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Where it stands in the logical text, quotes and escapes included.
    pub span: Span,
}

/// A name and its value in ENV, LABEL or ARG, as spans of the logical text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The word, or for `ENV name value` everything.
    pub span: Span,
    /// The name as written.
    pub name: Span,
    /// The value as written, quotes and escapes included; `None` for `ARG name`.
    pub value: Option<Span>,
}

/// `reWhitespace.Split`: the words of `within`.
pub(crate) fn separated(text: &[u8], within: Span) -> impl Iterator<Item = Word> {
    let mut at = within.start;
    std::iter::from_fn(move || {
        let rest = Span::new(at.min(within.end), within.end).of(text);
        let start = at + rest.iter().position(|&byte| !is_separator(byte))?;
        let rest = &rest[start - at..];
        at = start + rest.iter().position(|&byte| is_separator(byte)).unwrap_or(rest.len());
        Some(Word { span: Span::new(start, at) })
    })
}

/// `parseWords`: words of `within`, held together by quotes and escapes.
pub(crate) fn quoted(text: &[u8], within: Span, escape: u8) -> Vec<Word> {
    let mut words = Vec::new();
    each_quoted(text, within, escape, |span| words.push(Word { span }));
    words
}

/// Calls `found` for every word of [`quoted`].
pub(crate) fn each_quoted(text: &[u8], within: Span, escape: u8, mut found: impl FnMut(Span)) {
    let mut at = within.start;
    let mut word: Option<usize> = None;
    let mut quote: Option<u8> = None;
    while at < within.end {
        // Most text stands for itself, in quotes or not.
        let plain = |byte: &u8| byte.is_ascii_graphic() && *byte != escape && !matches!(byte, b'\'' | b'"');
        let rest = &text[at..within.end];
        let len = rest.iter().position(|byte| !plain(byte)).unwrap_or(rest.len());
        if len > 0 {
            word.get_or_insert(at);
            at += len;
        }
        let Some(&byte) = rest.get(len) else { break };
        let (space, len) = if byte < 0x80 {
            (is_separator(byte) || byte == b'\n', 1)
        } else {
            first_char(&text[at..within.end]).map_or((false, 1), |(ch, len)| (is_space(ch), len))
        };
        if quote.is_none() && space {
            if let Some(start) = word.take() {
                found(Span::new(start, at));
            }
            at += len;
            continue;
        }
        word.get_or_insert(at);
        at += len;
        match quote {
            None if byte == b'\'' || byte == b'"' => quote = Some(byte),
            Some(open) if byte == open => quote = None,
            // Nothing can be escaped in single quotes.
            Some(b'\'') => {}
            _ if byte == escape => {
                at += first_char(&text[at.min(within.end)..within.end]).map_or(0, |(_, len)| len)
            }
            _ => {}
        }
    }
    // BuildKit drops an escape character at the end; where nothing else is left there is no word.
    if let Some(start) = word.filter(|&start| text[start..within.end] != [escape]) {
        found(Span::new(start, within.end));
    }
}

/// The text of a word as `parseWords` hands it on: an escape character at the very end is dropped.
pub(crate) fn without_dangling_escape(word: &[u8], escape: u8) -> &[u8] {
    let mut at = 0;
    let mut quote: Option<u8> = None;
    while let Some(&byte) = word.get(at) {
        at += 1;
        match quote {
            None if byte == b'\'' || byte == b'"' => quote = Some(byte),
            Some(open) if byte == open => quote = None,
            Some(b'\'') => {}
            _ if byte == escape => {
                if at == word.len() {
                    return &word[..at - 1];
                }
                at += first_char(&word[at..]).map_or(0, |(_, len)| len);
            }
            _ => {}
        }
    }
    word
}

/// The name and value of a word such as `a=b` or `a`.
pub(crate) fn pair(text: &[u8], span: Span) -> Pair {
    match memchr::memchr(b'=', span.of(text)) {
        Some(at) => Pair {
            span,
            name: Span::new(span.start, span.start + at),
            value: Some(Span::new(span.start + at + 1, span.end)),
        },
        None => Pair { span, name: span, value: None },
    }
}

/// `ENV name value with spaces`; `None` where there is no value.
pub(crate) fn legacy_pair(text: &[u8], within: Span) -> Option<Pair> {
    let args = within.of(text);
    let len = args.iter().position(|&byte| is_separator(byte))?;
    let gap = args[len..].iter().take_while(|&&byte| is_separator(byte)).count();
    Some(Pair {
        span: within,
        name: Span::new(within.start, within.start + len),
        value: Some(Span::new(within.start + len + gap, within.end)),
    })
}

/// HEALTHCHECK's first word and what follows it (`parseHealthConfig`), as spans of `args`.
pub(crate) fn healthcheck(args: &[u8]) -> (Span, Span) {
    // As in the flags, BuildKit asks of each byte whether it is white space.
    let is_space = |byte: &u8| is_separator(*byte) || matches!(*byte, b'\n' | 0x85 | 0xa0);
    let len = args.iter().position(is_space).unwrap_or(args.len());
    let gap = args[len..].iter().take_while(|byte| is_space(byte)).count();
    (Span::new(0, len), Span::new(len + gap, args.len()))
}
