//! Heredocs: BuildKit's `heredocsFromLine`.

use crate::expand::{Lexer, LexerOptions};
use crate::{Problem, Span};

/// A heredoc of RUN, COPY or ADD (Dockerfile reference, "Here-Documents").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The terminator, quotes resolved.
    pub name: Vec<u8>,
    /// The number before `<<`; 0 where there is none.
    pub file_descriptor: u64,
    /// Whether variables in the body expand: not where a part of the name was quoted.
    pub expand: bool,
    /// `<<-`: leading tabs of the body and the terminator are stripped.
    pub chomp: bool,
    /// The body in the source, its last line end included.
    pub body: Span,
    /// The terminator's line in the source, with its line end if it has one.
    pub terminator: Span,
}

/// A heredoc that a line announces.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Announced {
    pub(crate) name: Vec<u8>,
    pub(crate) file_descriptor: u64,
    pub(crate) expand: bool,
    pub(crate) chomp: bool,
    /// White space between `<<` and the name. BuildKit before 0.20 reads `<< EOF` as two words and no heredoc.
    pub(crate) spaced: bool,
}

/// Whether `<<` stands in a text: without it there is no heredoc.
pub(crate) fn may_announce(text: &[u8]) -> bool {
    memchr::memchr_iter(b'<', text).any(|at| text.get(at + 1) == Some(&b'<'))
}

/// The heredocs that the logical line `text` announces. BuildKit reads the whole line, keyword and flags included, with
/// `\` as the escape character whatever the directive says.
pub(crate) fn announced(text: &[u8]) -> Result<Vec<Announced>, Problem> {
    if !may_announce(text) {
        return Ok(Vec::new());
    }
    let options =
        LexerOptions { raw_quotes: true, raw_escapes: true, keep_unset: true, heredoc_spaces: true };
    // A line that cannot be read as words has no heredocs: BuildKit drops the error.
    let Ok(words) = Lexer::new(text, b'\\', options, &|_| None).words() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for word in &words {
        if let Some(heredoc) = from_word(word)? {
            found.push(heredoc);
        }
    }
    Ok(found)
}

/// Reads a word against BuildKit's `^(\d*)<<(-?)\s*([^<]*)$`.
fn from_word(word: &[u8]) -> Result<Option<Announced>, Problem> {
    let digits = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let Some(rest) = word[digits..].strip_prefix(b"<<") else { return Ok(None) };
    let (chomp, rest) = rest.strip_prefix(b"-").map_or((false, rest), |rest| (true, rest));
    let name = rest.trim_ascii_start();
    if name.is_empty() || name.contains(&b'<') {
        return Ok(None);
    }
    let read = |raw_quotes| {
        let options =
            LexerOptions { raw_quotes, raw_escapes: false, keep_unset: true, heredoc_spaces: false };
        Lexer::new(name, b'\\', options, &|_| None)
            .words()
            .map_err(|error| Problem::BadHeredocName(error.to_string()))
    };
    // Read with and without quotes: a difference in their number means that some part of the name is quoted.
    let [plain] = &read(false)?[..] else { return Ok(None) };
    let raw = read(true)?;
    let quotes = |word: &[u8]| word.iter().filter(|&&byte| byte == b'\'' || byte == b'"').count();
    let expand = raw.first().is_some_and(|raw| quotes(plain) == quotes(raw));
    let file_descriptor = std::str::from_utf8(&word[..digits]).ok().and_then(|d| d.parse().ok());
    Ok(Some(Announced {
        name: plain.clone(),
        // Go's ParseUint yields 0 for nothing and the maximum for what is out of range.
        file_descriptor: file_descriptor.unwrap_or(if digits == 0 { 0 } else { u64::MAX }),
        expand,
        chomp,
        spaced: name.len() != rest.len(),
    }))
}
