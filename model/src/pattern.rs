//! Go's file name patterns: what `*.txt` means as a source of COPY and ADD.
//!
//! BuildKit expands the sources with Go's `path/filepath.Match` (fsutil, `copy/copy.go`, `ResolveWildcards`), which
//! is neither a shell glob nor the language of `.dockerignore`: there is no `**`, no `{a,b}` and no `[!a]`, a leading
//! dot is nothing special, and the pattern has to match all of the path. Some corners that matter to exactness:
//!
//! - `*` and `?` never match `/`, but a class does: `a[^x]b` matches `a/b`.
//! - `?` and a class take one character, not one byte.
//! - A backslash escapes the next character, also inside a class. (Go on Windows differs; BuildKit expands the
//!   sources on Linux, whatever the client runs on.)
//! - A malformed pattern is an error even for a name that differs before the malformed part (Go since 1.16).

use std::borrow::Cow;

use crate::path::is_normal;

/// The pattern is malformed: an unclosed or empty class, a range without an end, or a backslash at the very end.
/// Go calls this `ErrBadPattern`; a build that meets one fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub struct BadPattern;

/// A parsed pattern, to be matched against any number of names.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// What stands between the stars. Only the first piece may lack a star before it.
    pieces: Vec<Piece>,
}

/// A run of atoms, each of which takes exactly one byte or character.
#[derive(Debug, Clone, Default)]
struct Piece {
    /// Whether a `*` (or several) stands before the atoms.
    after_star: bool,
    atoms: Vec<Atom>,
}

#[derive(Debug, Clone)]
enum Atom {
    /// This byte; a character of several bytes is several atoms.
    Byte(u8),
    /// `?`
    AnyButSlash,
    /// `[a-z]` or `[^a-z]`; both ends are part of a range, and an inverted range matches nothing.
    Class { negated: bool, ranges: Vec<(char, char)> },
}

/// Whether `name` matches `pattern`.
///
/// # Errors
/// [`BadPattern`] where the pattern is malformed.
pub fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    Ok(Pattern::new(pattern)?.matches(name))
}

/// Whether BuildKit expands a source (or one component of it): it holds an unescaped `*`, `?` or `[`.
/// A source without is taken literally, backslashes included (fsutil, `containsWildcards`).
pub fn has_wildcard(source: &str) -> bool {
    if memchr::memchr3(b'*', b'?', b'[', source.as_bytes()).is_none() {
        return false;
    }
    let mut bytes = source.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'*' | b'?' | b'[' => return true,
            _ => {}
        }
    }
    false
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// [`BadPattern`] where it is malformed.
    pub fn new(pattern: &str) -> Result<Self, BadPattern> {
        let mut pieces = Vec::new();
        let mut piece = Piece::default();
        let mut rest = pattern.chars();
        while let Some(c) = rest.next() {
            match c {
                '*' => {
                    if !piece.atoms.is_empty() {
                        pieces.push(std::mem::take(&mut piece));
                    }
                    piece.after_star = true;
                }
                '?' => piece.atoms.push(Atom::AnyButSlash),
                '[' => piece.atoms.push(class(&mut rest)?),
                '\\' => piece.push_literal(rest.next().ok_or(BadPattern)?),
                literal => piece.push_literal(literal),
            }
        }
        pieces.push(piece);
        Ok(Self { pieces })
    }

    /// Whether the pattern matches the whole of `name`.
    pub fn matches(&self, name: &str) -> bool {
        let mut rest = name.as_bytes();
        let last = self.pieces.len() - 1;
        for (index, piece) in self.pieces.iter().enumerate() {
            if piece.after_star && piece.atoms.is_empty() {
                return !rest.contains(&b'/');
            }
            // Go takes the leftmost place where a piece fits and never comes back to it; only the last piece has to
            // reach the end. It tries every byte, also those inside a character.
            let tries = if piece.after_star { rest.iter().take_while(|&&b| b != b'/').count() } else { 0 };
            // Where each atom takes one byte, the last piece reaches the end from one place alone.
            let from = if index == last && piece.is_literal() {
                rest.len().checked_sub(piece.atoms.len()).unwrap_or(usize::MAX)
            } else {
                0
            };
            let first = piece.first_byte();
            let fit = (from..=tries).find_map(|skip| {
                if first.is_some_and(|byte| rest.get(skip) != Some(&byte)) {
                    return None;
                }
                let after = piece.strip_from(rest.get(skip..)?)?;
                (index < last || after.is_empty()).then_some(after)
            });
            match fit {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.is_empty()
    }

    /// How many `/` a name that matches can have at most.
    pub(crate) fn max_slashes(&self) -> usize {
        self.atoms().filter(|atom| atom.takes_slash()).count()
    }

    /// Whether some class can match a `/`, so that the pattern cannot be read component by component.
    pub(crate) fn class_takes_slash(&self) -> bool {
        self.atoms().any(|atom| matches!(atom, Atom::Class { .. }) && atom.takes_slash())
    }

    fn atoms(&self) -> impl Iterator<Item = &Atom> {
        self.pieces.iter().flat_map(|piece| &piece.atoms)
    }
}

impl Piece {
    fn push_literal(&mut self, literal: char) {
        let mut buffer = [0; 4];
        self.atoms.extend(literal.encode_utf8(&mut buffer).bytes().map(Atom::Byte));
    }

    fn is_literal(&self) -> bool {
        self.atoms.iter().all(|atom| matches!(atom, Atom::Byte(_)))
    }

    /// The byte that a name has to begin with to fit, where only one will do.
    fn first_byte(&self) -> Option<u8> {
        match self.atoms.first() {
            Some(Atom::Byte(byte)) => Some(*byte),
            _ => None,
        }
    }

    /// What is left of `name` after the atoms took their share, or nothing if they do not fit.
    fn strip_from<'a>(&self, name: &'a [u8]) -> Option<&'a [u8]> {
        let mut rest = name;
        for atom in &self.atoms {
            let (&byte, after_byte) = rest.split_first()?;
            rest = match atom {
                Atom::Byte(wanted) => (*wanted == byte).then_some(after_byte)?,
                Atom::AnyButSlash if byte == b'/' => return None,
                Atom::AnyButSlash => rest.get(first_char(rest).1..)?,
                Atom::Class { .. } => {
                    let (c, width) = first_char(rest);
                    atom.class_has(c).then(|| rest.get(width..))??
                }
            };
        }
        Some(rest)
    }
}

impl Atom {
    fn class_has(&self, c: char) -> bool {
        match self {
            Self::Class { negated, ranges } => {
                ranges.iter().any(|&(low, high)| low <= c && c <= high) != *negated
            }
            Self::Byte(_) | Self::AnyButSlash => false,
        }
    }

    fn takes_slash(&self) -> bool {
        matches!(self, Self::Byte(b'/')) || self.class_has('/')
    }
}

/// The rest of a class, after its `[`.
fn class(rest: &mut std::str::Chars<'_>) -> Result<Atom, BadPattern> {
    let negated = rest.as_str().starts_with('^');
    if negated {
        rest.next();
    }
    let mut ranges = Vec::new();
    while ranges.is_empty() || !rest.as_str().starts_with(']') {
        let low = class_char(rest)?;
        let high = if rest.as_str().starts_with('-') {
            rest.next();
            class_char(rest)?
        } else {
            low
        };
        ranges.push((low, high));
    }
    rest.next();
    Ok(Atom::Class { negated, ranges })
}

fn class_char(rest: &mut std::str::Chars<'_>) -> Result<char, BadPattern> {
    match rest.next() {
        None | Some('-' | ']') => Err(BadPattern),
        Some('\\') => rest.next().ok_or(BadPattern),
        Some(c) => Ok(c),
    }
}

/// The first character and its width in bytes. Like Go, one byte that starts no character counts as U+FFFD.
fn first_char(bytes: &[u8]) -> (char, usize) {
    let window = bytes.get(..4).unwrap_or(bytes);
    match window.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next()) {
        Some(c) => (c, c.len_utf8()),
        None => (char::REPLACEMENT_CHARACTER, 1),
    }
}

/// Go's `path.Clean`: the shortest path that means the same, without looking at any file. An empty path becomes `.`.
pub(crate) fn clean(path: &str) -> Cow<'_, str> {
    if is_normal(path.strip_prefix('/').unwrap_or(path)) {
        return Cow::Borrowed(path);
    }
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if rooted => {}
            _ => kept.push(part),
        }
    }
    Cow::Owned(match (rooted, kept.is_empty()) {
        (true, _) => format!("/{}", kept.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => kept.join("/"),
    })
}

#[cfg(test)]
mod tests;
