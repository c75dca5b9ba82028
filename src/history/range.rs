use std::str::FromStr;

use super::HistoryError;

/// How many commits are looked at where no start is given.
const DEFAULT_COUNT: usize = 500;

/// Which commits are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// As it was given, for messages.
    pub(crate) text: String,
    /// The newest commit; `HEAD` unless said otherwise.
    pub(super) to: String,
    /// It and what it is made of is left out.
    pub(super) from: Option<String>,
    /// So many commits at most, the newest ones.
    pub(super) count: Option<usize>,
}

impl Default for Range {
    /// The last 500 commits.
    fn default() -> Self {
        Self::last(DEFAULT_COUNT)
    }
}

impl Range {
    /// The last commits.
    pub(crate) fn last(count: usize) -> Self {
        Self { text: count.to_string(), to: HEAD.to_owned(), from: None, count: Some(count) }
    }
}

const HEAD: &str = "HEAD";

impl FromStr for Range {
    type Err = HistoryError;

    /// A number is one of commits; `A..B`, `A..` and `..B` are git's ranges; a revision alone stands for the last 500
    /// commits up to it.
    fn from_str(text: &str) -> Result<Self, HistoryError> {
        let bad =
            |problem: &str| HistoryError::BadRange { text: text.to_owned(), problem: problem.to_owned() };
        let or_head = |text: &str| if text.is_empty() { HEAD.to_owned() } else { text.to_owned() };
        if text.is_empty() {
            return Err(bad("no range"));
        }
        // No abbreviated name of a commit is as short as the numbers that people mean.
        if text.len() < 7 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return match text.parse() {
                Ok(0) | Err(_) => Err(bad("no commits")),
                Ok(count) => Ok(Self::last(count)),
            };
        }
        let range = |to, from, count| Ok(Self { text: text.to_owned(), to, from, count });
        match text.split_once("..") {
            Some((_, to)) if to.starts_with('.') => Err(bad("three dots mean two branches at once")),
            Some((from, to)) => range(or_head(to), Some(or_head(from)), None),
            None if text.starts_with(['^', '-']) => Err(bad("no range")),
            None => range(text.to_owned(), None, Some(DEFAULT_COUNT)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_git_reads() {
        let range = |text: &str| text.parse::<Range>().map(|range| (range.from, range.to, range.count));
        let text = |text: &str| text.to_owned();
        assert_eq!(range("20").unwrap(), (None, text("HEAD"), Some(20)));
        assert_eq!(range("a..b").unwrap(), (Some(text("a")), text("b"), None));
        assert_eq!(range("a..").unwrap(), (Some(text("a")), text("HEAD"), None));
        assert_eq!(range("..b").unwrap(), (Some(text("HEAD")), text("b"), None));
        assert_eq!(range("1234567").unwrap(), (None, text("1234567"), Some(500)));
        for bad in ["", "0", "a...b", "^a", "--all"] {
            assert!(range(bad).is_err(), "{bad}");
        }
    }
}
