//! Characters in bytes that need not be UTF-8, as Go's `utf8.DecodeRune` and `unicode.IsSpace` see them.

/// The character at the start of `bytes` and its length; U+FFFD and 1 for an invalid byte, `None` at the end.
pub(crate) fn first_char(bytes: &[u8]) -> Option<(char, usize)> {
    let first = *bytes.first()?;
    if first < 0x80 {
        return Some((char::from(first), 1));
    }
    for len in 2..=4 {
        if let Some(Ok(text)) = bytes.get(..len).map(std::str::from_utf8) {
            return text.chars().next().map(|ch| (ch, len));
        }
    }
    Some((char::REPLACEMENT_CHARACTER, 1))
}

/// Go's `unicode.IsSpace`. It differs from Rust's in nothing but U+001C to U+001F, which neither counts.
pub(crate) fn is_space(ch: char) -> bool {
    ch.is_whitespace()
}

/// Offset of the first character of `bytes` that is not white space.
#[inline]
pub(crate) fn leading_space(bytes: &[u8]) -> usize {
    // Most texts begin with a letter, as most end with one.
    if bytes.first().is_some_and(u8::is_ascii_graphic) { 0 } else { spaces_before(bytes) }
}

fn spaces_before(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte < 0x80 {
            if !matches!(byte, b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ') {
                break;
            }
            at += 1;
            continue;
        }
        match first_char(&bytes[at..]) {
            Some((ch, len)) if is_space(ch) => at += len,
            _ => break,
        }
    }
    at
}

/// Offset one past the last character of `bytes` that is not white space.
#[inline]
pub(crate) fn trailing_space(bytes: &[u8]) -> usize {
    if bytes.last().is_some_and(u8::is_ascii_graphic) { bytes.len() } else { without_spaces_behind(bytes) }
}

fn without_spaces_behind(bytes: &[u8]) -> usize {
    let mut end = bytes.len();
    while end > 0 {
        let byte = bytes[end - 1];
        if byte < 0x80 {
            if !matches!(byte, b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ') {
                break;
            }
            end -= 1;
            continue;
        }
        // White space beyond ASCII is two or three bytes long (U+0085 to U+3000).
        let Some(len) = (2..=3).find(|&len| {
            end.checked_sub(len)
                .and_then(|start| std::str::from_utf8(&bytes[start..end]).ok())
                .is_some_and(|text| text.chars().count() == 1 && text.chars().all(is_space))
        }) else {
            break;
        };
        end -= len;
    }
    end
}

/// The separators of BuildKit's `reWhitespace`: `[\t\v\f\r ]`.
pub(crate) fn is_separator(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x0b | 0x0c | b'\r' | b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_unicode_space() {
        let text = "\u{a0} \u{3000}x\u{85}\t".as_bytes();
        assert_eq!(leading_space(text), 6);
        assert_eq!(&text[..trailing_space(text)], "\u{a0} \u{3000}x".as_bytes());
    }

    #[test]
    fn invalid_bytes_are_no_space() {
        assert_eq!(leading_space(b"\xa0x"), 0);
        assert_eq!(trailing_space(b"x\xa0"), 2);
        assert_eq!(first_char(b"\xff"), Some((char::REPLACEMENT_CHARACTER, 1)));
    }
}
