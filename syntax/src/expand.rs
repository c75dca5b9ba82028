//! Docker's variable expansion and word splitting (Dockerfile reference, "Environment replacement"; moby
//! `frontend/dockerfile/shell/lex.go`).

use std::borrow::Cow;

use crate::decode::{first_char, is_space};
use crate::view::lossy;

mod pattern;

/// Why a word cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpandError {
    /// A quote is not closed.
    #[error("a {0} quote is not closed")]
    UnclosedQuote(&'static str),
    /// `${` without `}`.
    #[error("missing `}}`")]
    MissingBrace,
    /// `${x/pattern` without a second slash.
    #[error("missing `/` in `${{}}`")]
    MissingSlash,
    /// `${}`, `${:x}` and the like.
    #[error("bad substitution")]
    BadSubstitution,
    /// `${x^}` or another form Docker does not know.
    #[error("unsupported modifier `{0}` in substitution")]
    UnsupportedModifier(String),
    /// `${x:?message}` with x unset.
    #[error("{0}")]
    Required(String),
    /// A `\` in a pattern before something that is not `*`, `?`, `\`, `/` or `}`.
    #[error("invalid escape in a pattern")]
    BadPattern,
    /// Substitutions nested more than 100 deep.
    #[error("nested too deep")]
    TooDeep,
}

/// An expanded word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// The text, quotes and escapes resolved.
    pub text: Vec<u8>,
    /// The names that were read, whether set or not.
    pub variables: Variables,
}

/// The names of variables that a text reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// The names, in order of first use.
    pub names: Vec<String>,
    /// Some name could not be made out, because the text is malformed: any variable may be read.
    pub unknown: bool,
}

/// Expands `word` as Docker does for COPY, ENV, WORKDIR and the others, with `escape` as the file's escape character
/// and `value_of` giving the value of a set variable.
///
/// # Errors
///
/// Where BuildKit would stop: unclosed quotes or braces, unknown modifiers, `${x:?}` of an unset variable.
pub fn expand(
    word: &[u8],
    escape: u8,
    value_of: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<Expansion, ExpandError> {
    if expands_to_itself(word, escape) {
        return Ok(Expansion { text: word.to_vec(), variables: Variables::default() });
    }
    let mut lexer = Lexer::new(word, escape, LexerOptions::default(), value_of);
    let mut text = Vec::with_capacity(word.len());
    lexer.run(None, false, &mut text)?;
    Ok(Expansion { text, variables: Variables { names: lexer.names, unknown: false } })
}

/// Whether Docker's expansion of a word is the word itself: it holds neither variables nor quotes nor escapes. Most do not.
#[must_use]
pub fn expands_to_itself(word: &[u8], escape: u8) -> bool {
    // Words are short, and this is asked of nearly every one.
    !word.iter().any(|&byte| matches!(byte, b'$' | b'"' | b'\'') || byte == escape)
}

/// The names that Docker's expansion of `word` reads.
#[must_use]
pub fn variables(word: &[u8], escape: u8) -> Variables {
    if memchr::memchr(b'$', word).is_none() {
        return Variables::default();
    }
    let options = LexerOptions { keep_unset: true, ..LexerOptions::default() };
    let mut lexer = Lexer::new(word, escape, options, &|_| None);
    let unknown = lexer.run(None, false, &mut Vec::new()).is_err();
    Variables { names: lexer.names, unknown }
}

/// The switches of BuildKit's `Lex`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LexerOptions {
    /// Quotes stay in the result.
    pub(crate) raw_quotes: bool,
    /// Escape characters stay in the result.
    pub(crate) raw_escapes: bool,
    /// An unset variable stays as it is written.
    pub(crate) keep_unset: bool,
    /// White space after `<<` belongs to the word (BuildKit 0.20 and later).
    pub(crate) heredoc_spaces: bool,
}

pub(crate) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    escape: u8,
    options: LexerOptions,
    value_of: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    names: Vec<String>,
    depth: usize,
    /// The words of the whole text, where they are wanted.
    collected: Option<Collected>,
}

const MAX_DEPTH: usize = 100;

/// Words being collected while the text is walked.
#[derive(Default)]
struct Collected {
    word: Vec<u8>,
    words: Vec<Vec<u8>>,
}

impl Collected {
    fn finish(&mut self) {
        if !self.word.is_empty() {
            self.words.push(std::mem::take(&mut self.word));
        }
    }

    /// Adds text whose white space ends words.
    fn split(&mut self, text: &[u8]) {
        let mut at = 0;
        while let Some((ch, len)) = first_char(&text[at..]) {
            if is_space(ch) {
                self.finish();
            } else {
                self.word.extend_from_slice(&text[at..at + len]);
            }
            at += len;
        }
    }
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(
        text: &'a [u8],
        escape: u8,
        options: LexerOptions,
        value_of: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    ) -> Self {
        Self { text, at: 0, escape, options, value_of, names: Vec::new(), depth: 0, collected: None }
    }

    /// Expands and splits the whole text.
    pub(crate) fn words(mut self) -> Result<Vec<Vec<u8>>, ExpandError> {
        self.collected = Some(Collected::default());
        let raw = self.options.raw_escapes;
        self.run(None, raw, &mut Vec::new())?;
        let mut collected = self.collected.take().unwrap_or_default();
        collected.finish();
        Ok(collected.words)
    }

    /// `processStopOn`: to the end, or just past the byte `stop`. What it makes of that comes to `result`.
    fn run(&mut self, stop: Option<u8>, raw_escapes: bool, result: &mut Vec<u8>) -> Result<(), ExpandError> {
        if self.depth == MAX_DEPTH {
            return Err(ExpandError::TooDeep);
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.options.raw_escapes, raw_escapes);
        let done = self.run_inner(stop, result);
        self.options.raw_escapes = outer;
        self.depth -= 1;
        done
    }

    /// The words of the text at hand: those of a text inside a substitution are not asked for.
    fn collected(&mut self) -> Option<&mut Collected> {
        self.collected.as_mut().filter(|_| self.depth == 1)
    }

    /// Length of the text from here on that stands for itself.
    fn plain_len(&self, stop: Option<u8>) -> usize {
        let rest = &self.text[self.at..];
        let is_plain = |byte: u8| {
            !matches!(byte, b'\'' | b'"' | b'$' | b'<') && byte != self.escape && Some(byte) != stop
        };
        rest.iter().position(|&byte| !is_plain(byte)).unwrap_or(rest.len())
    }

    fn run_inner(&mut self, stop: Option<u8>, result: &mut Vec<u8>) -> Result<(), ExpandError> {
        while let Some(byte) = self.peek() {
            if Some(byte) == stop {
                self.at += 1;
                return Ok(());
            }
            let start = result.len();
            match byte {
                b'\'' | b'"' => {
                    if byte == b'"' {
                        self.double_quote(result)?
                    } else {
                        self.single_quote(result)?
                    }
                    let text = &result[start..];
                    self.collected().into_iter().for_each(|it| it.word.extend_from_slice(text));
                }
                b'$' => {
                    self.dollar(result)?;
                    let text = &result[start..];
                    self.collected().into_iter().for_each(|it| it.split(text));
                }
                b'<' if self.options.heredoc_spaces && self.text[self.at..].starts_with(b"<<") => {
                    let rest = &self.text[self.at + 2..];
                    let spaces = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
                    let text = &self.text[self.at..self.at + 2 + spaces];
                    result.extend_from_slice(text);
                    self.collected().into_iter().for_each(|it| it.word.extend_from_slice(text));
                    self.at += text.len();
                }
                _ if byte == self.escape => {
                    self.at += 1;
                    let raw = self.options.raw_escapes.then_some(byte);
                    let len = first_char(&self.text[self.at..]).map_or(0, |(_, len)| len);
                    let escaped = &self.text[self.at..self.at + len];
                    result.extend(raw);
                    result.extend_from_slice(escaped);
                    if let Some(collected) = self.collected() {
                        collected.word.extend(raw);
                        collected.word.extend_from_slice(escaped);
                    }
                    self.at += len;
                }
                _ => {
                    let len = self.plain_len(stop).max(1);
                    let text = &self.text[self.at..self.at + len];
                    result.extend_from_slice(text);
                    self.collected().into_iter().for_each(|it| it.split(text));
                    self.at += len;
                }
            }
        }
        if stop.is_some() { Err(ExpandError::MissingBrace) } else { Ok(()) }
    }

    fn single_quote(&mut self, result: &mut Vec<u8>) -> Result<(), ExpandError> {
        let start = self.at;
        let Some(len) = memchr::memchr(b'\'', &self.text[start + 1..]) else {
            return Err(ExpandError::UnclosedQuote("single"));
        };
        let end = start + 1 + len;
        self.at = end + 1;
        let text = if self.options.raw_quotes { &self.text[start..=end] } else { &self.text[start + 1..end] };
        result.extend_from_slice(text);
        Ok(())
    }

    fn double_quote(&mut self, out: &mut Vec<u8>) -> Result<(), ExpandError> {
        self.at += 1;
        if self.options.raw_quotes {
            out.push(b'"');
        }
        loop {
            match self.peek() {
                None => return Err(ExpandError::UnclosedQuote("double")),
                Some(b'"') => {
                    self.at += 1;
                    if self.options.raw_quotes {
                        out.push(b'"');
                    }
                    return Ok(());
                }
                Some(b'$') => self.dollar(out)?,
                Some(byte) if byte == self.escape => {
                    self.at += 1;
                    if self.options.raw_escapes {
                        out.push(byte);
                    }
                    match self.peek() {
                        None => {}
                        Some(next) if matches!(next, b'"' | b'$') || next == self.escape => {
                            out.push(next);
                            self.at += 1;
                        }
                        // Any other escape character stays what it is. BuildKit writes it a second time in raw mode.
                        Some(_) => out.push(byte),
                    }
                }
                Some(byte) => {
                    out.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    fn dollar(&mut self, result: &mut Vec<u8>) -> Result<(), ExpandError> {
        let start = self.at;
        self.at += 1;
        if self.peek() != Some(b'{') {
            let name = self.name();
            if name.is_empty() {
                result.push(b'$');
            } else {
                self.plain(&name, start, result);
            }
            return Ok(());
        }
        self.at += 1;
        match self.peek() {
            None => return Err(ExpandError::MissingBrace),
            Some(b'{' | b'}' | b':') => return Err(ExpandError::BadSubstitution),
            Some(_) => {}
        }
        let name = self.name();
        let modifier = self.next();
        match modifier {
            Some(b'}') => self.plain(&name, start, result),
            Some(b':') => {
                let modifier = self.next();
                result.extend(self.modified(&name, modifier, true)?);
            }
            Some(b'/') => result.extend(self.replaced(&name)?),
            modifier => result.extend(self.modified(&name, modifier, false)?),
        }
        Ok(())
    }

    /// A substitution without modifiers, which began at `start`.
    fn plain(&mut self, name: &str, start: usize, result: &mut Vec<u8>) {
        match self.value(name) {
            Some(value) => result.extend(value),
            None if self.options.keep_unset => result.extend_from_slice(&self.text[start..self.at]),
            None => {}
        }
    }

    /// `${name-word}` and its kin, from behind the modifier on.
    fn modified(&mut self, name: &str, modifier: Option<u8>, colon: bool) -> Result<Vec<u8>, ExpandError> {
        let shown = || {
            let sign = modifier.map_or(String::new(), |byte| char::from(byte).to_string());
            if colon { format!(":{sign}") } else { sign }
        };
        let Some(sign @ (b'+' | b'-' | b'?' | b'#' | b'%')) = modifier else {
            return Err(ExpandError::UnsupportedModifier(shown()));
        };
        let trims = matches!(sign, b'#' | b'%');
        let mut word = Vec::new();
        self.run(Some(b'}'), trims, &mut word)?;
        let value = self.value(name);
        if value.is_none() && self.options.keep_unset {
            return Ok([b"${", name.as_bytes(), shown().as_bytes(), &word, b"}"].concat());
        }
        let null = value.as_ref().is_none_or(|value| colon && value.is_empty());
        match sign {
            b'-' => Ok(if null { word } else { value.unwrap_or_default() }),
            b'+' => Ok(if null { Vec::new() } else { word }),
            b'?' if null => {
                let what = if value.is_none() { "unset" } else { "empty" };
                let message = if word.is_empty() {
                    format!("is not allowed to be {what}")
                } else {
                    String::from_utf8_lossy(&word).into_owned()
                };
                Err(ExpandError::Required(format!("{name}: {message}")))
            }
            b'?' => Ok(value.unwrap_or_default()),
            _ => {
                let greedy = word.first() == Some(&sign);
                if greedy {
                    word.remove(0);
                }
                pattern::trim(&word, &value.unwrap_or_default(), sign == b'#', greedy)
            }
        }
    }

    /// `${name/pattern/replacement}` and `${name//pattern/replacement}`, from behind the first slash on.
    fn replaced(&mut self, name: &str) -> Result<Vec<u8>, ExpandError> {
        let all = self.peek() == Some(b'/');
        self.at += usize::from(all);
        let missing =
            |error| if error == ExpandError::MissingBrace { ExpandError::MissingSlash } else { error };
        let (mut wanted, mut replacement) = (Vec::new(), Vec::new());
        self.run(Some(b'/'), true, &mut wanted).map_err(missing)?;
        self.run(Some(b'}'), true, &mut replacement)?;
        match self.value(name) {
            None if self.options.keep_unset => {
                Ok([b"${", name.as_bytes(), b"/", &wanted[..], b"/", &replacement, b"}"].concat())
            }
            value => pattern::replace(&wanted, &value.unwrap_or_default(), &replacement, all),
        }
    }

    /// `processName`: letters, digits and `_`; or digits alone; or one special parameter.
    fn name(&mut self) -> Cow<'a, str> {
        let start = self.at;
        if self.peek().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_') {
            let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
            self.at += self.text[start..].iter().take_while(is_name).count();
        }
        while let Some((ch, len)) = first_char(&self.text[self.at..]) {
            if self.at == start && ch.is_ascii_digit() {
                while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                    self.at += 1;
                }
                break;
            }
            if self.at == start && matches!(ch, '@' | '*' | '#' | '?' | '-' | '$' | '!') {
                self.at += len;
                break;
            }
            if !ch.is_alphanumeric() && ch != '_' {
                break;
            }
            self.at += len;
        }
        lossy(&self.text[start..self.at])
    }

    fn value(&mut self, name: &str) -> Option<Vec<u8>> {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        (self.value_of)(name)
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(name: &str) -> Option<Vec<u8>> {
        match name {
            "x" => Some(b"foo/bar.tar.gz".to_vec()),
            "empty" => Some(Vec::new()),
            _ => None,
        }
    }

    fn text(word: &str) -> Result<String, ExpandError> {
        expand(word.as_bytes(), b'\\', &value_of).map(|done| String::from_utf8(done.text).unwrap())
    }

    #[test]
    fn expands_every_form() {
        for (word, wanted) in [
            ("$x", "foo/bar.tar.gz"),
            ("a${x}b", "afoo/bar.tar.gzb"),
            ("$unset.", "."),
            ("${unset:-a b}", "a b"),
            ("${empty:-d}", "d"),
            ("${empty-d}", ""),
            ("${x:+y}", "y"),
            ("${empty:+y}", ""),
            ("${empty+y}", "y"),
            ("${unset:-${x}}", "foo/bar.tar.gz"),
            ("${x#*/}", "bar.tar.gz"),
            ("${x##*.}", "gz"),
            ("${x%.*}", "foo/bar.tar"),
            ("${x%%.*}", "foo/bar"),
            ("${x/r*r/R}", "foo/baR.gz"),
            ("${x//o/0}", "f00/bar.tar.gz"),
            ("'$x'", "$x"),
            ("\"$x\" \\$x", "foo/bar.tar.gz $x"),
            ("a\\ b", "a b"),
            ("\"a\\nb\"", "a\\nb"),
            ("$", "$"),
        ] {
            assert_eq!(text(word).as_deref(), Ok(wanted), "{word}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(text("'a"), Err(ExpandError::UnclosedQuote("single")));
        assert_eq!(text("${x"), Err(ExpandError::UnsupportedModifier(String::new())));
        assert_eq!(text("${x:-"), Err(ExpandError::MissingBrace));
        assert_eq!(text("${}"), Err(ExpandError::BadSubstitution));
        assert_eq!(text("${x^}"), Err(ExpandError::UnsupportedModifier("^".into())));
        assert_eq!(text("${u:?no}"), Err(ExpandError::Required("u: no".into())));
    }

    #[test]
    fn tells_the_names() {
        let names = |word: &str| variables(word.as_bytes(), b'\\').names;
        assert_eq!(names("$a ${b:-$c} '$d' \\$e ${f/$g/$h}"), ["a", "c", "b", "g", "h", "f"]);
        assert!(variables(b"${a", b'\\').unknown);
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "${a:-".repeat(1_000);
        assert_eq!(text(&deep), Err(ExpandError::TooDeep));
    }
}
