//! JSON arrays of strings, as Go's `encoding/json` reads them into `[]interface{}`.

use std::borrow::Cow;

use crate::view::lossy;

/// What a text is, read as a JSON array of strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// An array of strings.
    Strings(Vec<String>),
    /// A JSON array with something else than strings in it: BuildKit rejects the instruction.
    NotStrings,
    /// No JSON array: BuildKit falls back to the shell form.
    NotJson,
}

impl Json {
    /// The strings, if it is an array of strings.
    #[must_use]
    pub fn strings(self) -> Option<Vec<String>> {
        match self {
            Self::Strings(strings) => Some(strings),
            _ => None,
        }
    }
}

/// Reads `text` as a JSON array of strings. Strings are decoded as Go decodes them: invalid UTF-8 and lone surrogates
/// become U+FFFD.
///
/// What follows the array is not looked at: BuildKit decodes the first value of a stream (`json.NewDecoder`), so
/// `CMD ["a"] # why` is the exec form. BuildKits of 2025 and later read the same line in shell form.
#[must_use]
pub fn parse_json_strings(text: &[u8]) -> Json {
    let mut strings = Vec::new();
    match each_string(text, |string| strings.push(string.into_owned())) {
        Some(true) => Json::Strings(strings),
        Some(false) => Json::NotStrings,
        None => Json::NotJson,
    }
}

/// Shows `found` the strings of a JSON array; whether there is nothing else in it, or `None` where the text is no such array.
/// What was found counts only then.
pub(crate) fn each_string<'a>(text: &'a [u8], found: impl FnMut(Cow<'a, str>)) -> Option<bool> {
    let text = &text[crate::decode::leading_space(text)..];
    if text.first() != Some(&b'[') {
        return None;
    }
    Reader { text, at: 1 }.array(found)
}

/// Go stops at this depth ("exceeded max depth").
const MAX_DEPTH: usize = 10_000;

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn array(&mut self, mut found: impl FnMut(Cow<'a, str>)) -> Option<bool> {
        let mut only_strings = true;
        self.space();
        if self.take(b']') {
            return Some(true);
        }
        loop {
            self.space();
            if self.peek() == Some(b'"') {
                found(self.string()?);
            } else {
                only_strings = false;
                self.value()?;
            }
            self.space();
            if self.take(b']') {
                return Some(only_strings);
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    /// Any value, checked and thrown away. A stack stands in for recursion: the depth is the author's.
    fn value(&mut self) -> Option<()> {
        let mut closers = Vec::new();
        loop {
            self.space();
            match self.peek()? {
                open @ (b'[' | b'{') => {
                    self.at += 1;
                    // The array of the instruction itself is one level.
                    if closers.len() + 2 > MAX_DEPTH {
                        return None;
                    }
                    self.space();
                    let close = if open == b'[' { b']' } else { b'}' };
                    if !self.take(close) {
                        closers.push(close);
                        if close == b'}' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'"' => {
                    self.string()?;
                }
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                _ => self.number()?,
            }
            loop {
                let Some(&close) = closers.last() else { return Some(()) };
                self.space();
                if self.take(close) {
                    closers.pop();
                    continue;
                }
                if !self.take(b',') {
                    return None;
                }
                if close == b'}' {
                    self.space();
                    self.key()?;
                }
                break;
            }
        }
    }

    fn key(&mut self) -> Option<()> {
        self.string()?;
        self.space();
        self.take(b':').then_some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.text[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') && self.digits() == 0 {
            return None;
        }
        if self.take(b'.') && self.digits() == 0 {
            return None;
        }
        if self.peek().is_some_and(|byte| byte == b'e' || byte == b'E') {
            self.at += 1;
            if !self.take(b'-') {
                self.take(b'+');
            }
            if self.digits() == 0 {
                return None;
            }
        }
        // Go cannot put a number beyond float64 into an interface: that is an error, so the shell form again.
        let digits = std::str::from_utf8(&self.text[start..self.at]).ok()?;
        digits.parse::<f64>().ok().filter(|number| number.is_finite()).map(|_| ())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        if !self.take(b'"') {
            return None;
        }
        let rest = &self.text[self.at..];
        let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
        let plain = &rest[..plain];
        self.at += plain.len();
        // Most strings have no escapes.
        if self.take(b'"') {
            return Some(lossy(plain));
        }
        let mut out = plain.to_vec();
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => return Some(Cow::Owned(lossy(&out).into_owned())),
                b'\\' => self.escape(&mut out)?,
                0..=0x1f => return None,
                _ => out.push(byte),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let byte = self.peek()?;
        self.at += 1;
        let ch = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return None,
        };
        out.extend_from_slice(ch.encode_utf8(&mut [0; 4]).as_bytes());
        Some(())
    }

    fn unicode(&mut self) -> Option<char> {
        let first = self.hex4()?;
        if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with(b"\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.hex4()?;
            if (0xdc00..0xe000).contains(&second) {
                return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            }
            self.at = before;
        }
        Some(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let mut value = 0;
        for &digit in digits {
            value = value * 16 + char::from(digit).to_digit(16)?;
        }
        self.at += 4;
        Some(value)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(text: &str) -> Json {
        parse_json_strings(text.as_bytes())
    }

    #[test]
    fn reads_strings() {
        assert_eq!(strings(r#"["a", "\u00e9\n"] "#), Json::Strings(vec!["a".into(), "é\n".into()]));
        assert_eq!(strings("[]"), Json::Strings(vec![]));
        assert_eq!(strings("[\"a\"] # x"), Json::Strings(vec!["a".into()]));
        assert_eq!(strings(r#"["\ud83d\ude00\ud800"]"#), Json::Strings(vec!["😀\u{fffd}".into()]));
    }

    #[test]
    fn other_values_are_rejected() {
        for text in ["[1]", "[null, \"a\"]", "[[], {\"a\": [1, {\"b\": 2}]}]", "[-0.5e+3]"] {
            assert_eq!(strings(text), Json::NotStrings, "{text}");
        }
    }

    #[test]
    fn no_json_is_shell_form() {
        for text in ["[ -d x ]", "['a']", "[\"a\",]", "[\"a\"", "[01]", "[1e999]", "x", "[\"\t\"]"] {
            assert_eq!(strings(text), Json::NotJson, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "[".repeat(9_999) + &"]".repeat(9_999);
        assert_eq!(strings(&deep), Json::NotStrings);
        let deeper = "[".repeat(10_001) + &"]".repeat(10_001);
        assert_eq!(strings(&deeper), Json::NotJson);
    }
}
