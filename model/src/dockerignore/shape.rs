//! One pattern of a `.dockerignore`, compiled the way moby/patternmatcher does (`patternmatcher.go`, `compile`).
//!
//! The four shapes are more than a matter of speed: `**file` matches `xfile` because it is a mere suffix, while
//! `**file*` does not match `xfile`, because its `**` stands for whole directories.

use super::regexp::{Regexp, RegexpError};

/// How a pattern is compared with a path.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// The path is this text.
    Exact(String),
    /// The path starts with this text: `dir/**`.
    Prefix(String),
    /// The path ends with this text, or is all of it but its leading slash: `**/file`.
    Suffix(String),
    /// Anything else.
    Regexp(Regexp),
}

/// Which shape moby chooses for a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Exact,
    Prefix,
    Suffix,
    Regexp,
}

impl Shape {
    /// Compiles a pattern that is cleaned and has lost its `!`.
    pub(super) fn new(pattern: &str) -> Result<Self, RegexpError> {
        let (choice, source) = translate(pattern);
        Ok(match choice {
            Choice::Exact => Self::Exact(pattern.to_owned()),
            Choice::Prefix => Self::Prefix(pattern.strip_suffix("**").unwrap_or(pattern).to_owned()),
            Choice::Suffix => Self::Suffix(pattern.strip_prefix("**").unwrap_or(pattern).to_owned()),
            Choice::Regexp => Self::Regexp(Regexp::new(&source)?),
        })
    }

    /// Whether the pattern matches exactly this path; parents are the caller's business.
    pub(super) fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(text) => path == text,
            Self::Prefix(text) => path.starts_with(text.as_str()),
            Self::Suffix(text) => path.ends_with(text.as_str()) || text.strip_prefix('/') == Some(path),
            Self::Regexp(regexp) => regexp.matches(path),
        }
    }
}

/// Chooses the shape and writes the regular expression, which only counts if that is the choice.
fn translate(pattern: &str) -> (Choice, String) {
    let mut source = String::from("^");
    let mut choice = Choice::Exact;
    let mut chars = pattern.chars().peekable();
    let mut at_start = true;
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                if chars.peek().is_some() {
                    source.push_str("(.*/)?");
                    choice = Choice::Regexp;
                } else if choice == Choice::Exact {
                    choice = Choice::Prefix;
                } else {
                    source.push_str(".*");
                    choice = Choice::Regexp;
                }
                if at_start {
                    choice = Choice::Suffix;
                }
            }
            '*' => {
                source.push_str("[^/]*");
                choice = Choice::Regexp;
            }
            '?' => {
                source.push_str("[^/]");
                choice = Choice::Regexp;
            }
            // moby means to escape `{`, `|` and `}` as well, but the bit map that it looks them up in is too small for
            // them (`escapeBytes`). So `a|b*` is an alternative and `a{2}*` a repetition.
            '.' | '+' | '(' | ')' | '$' => source.extend(['\\', c]),
            '\\' => {
                source.push('\\');
                if let Some(escaped) = chars.next() {
                    source.push(escaped);
                    choice = Choice::Regexp;
                }
            }
            '[' | ']' => {
                source.push(c);
                choice = Choice::Regexp;
            }
            literal => source.push(literal),
        }
        at_start = false;
    }
    source.push('$');
    (choice, source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moby_own_translations() {
        let mut cases = 0;
        for line in include_str!("../../tests/data/moby_compile.tsv").lines().filter(|l| !l.starts_with('#'))
        {
            let (pattern, expected) = line.split_once('\t').unwrap();
            let found = match translate(&crate::pattern::clean(pattern)) {
                (Choice::Exact, _) => "exact".to_owned(),
                (Choice::Prefix, _) => "prefix".to_owned(),
                (Choice::Suffix, _) => "suffix".to_owned(),
                (Choice::Regexp, source) => source,
            };
            assert_eq!(found, expected, "{pattern:?}");
            cases += 1;
        }
        assert_eq!(cases, 21);
    }

    #[test]
    fn moby_own_matches() {
        let mut cases = 0;
        for line in include_str!("../../tests/data/moby_matches.tsv").lines().filter(|l| !l.starts_with('#'))
        {
            let [pattern, text, expected] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            let shape = Shape::new(&crate::pattern::clean(pattern)).unwrap();
            assert_eq!(shape.matches(text), expected == "exact", "{pattern:?} {text:?}");
            let parents = text.match_indices('/').map(|(at, _)| &text[..at]);
            let matched = parents.chain([text]).any(|path| shape.matches(path));
            assert_eq!(matched, expected != "fail", "{pattern:?} {text:?} or a parent");
            cases += 1;
        }
        assert_eq!(cases, 68);
    }
}
