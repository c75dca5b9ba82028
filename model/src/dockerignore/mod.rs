//! `.dockerignore`: which files of the build context BuildKit never gets to see.
//!
//! Two things are taken from BuildKit exactly, oddities included, because a rewrite that misjudges one file changes
//! the image: how the file is read (moby/patternmatcher, `ignorefile.ReadAll`) and how the patterns decide
//! (moby/patternmatcher as fsutil's `filter.go` drives it). The
//! [reference](https://docs.docker.com/build/concepts/context/#dockerignore-files) describes the same loosely.
//!
//! **Reading.** A byte order mark is dropped, a line that *starts* with `#` is a comment (after a blank it is a
//! pattern), other lines lose white space at both ends, a leading slash, and what `path.Clean` removes: `./`, `..`, a
//! trailing slash. `!` may be followed by blanks. One malformed line fails the whole build; see
//! [`Dockerignore::problems`].
//!
//! **Matching.** The last pattern that matches decides, `!` patterns are exceptions, and a pattern that matches a
//! directory covers all of it. There is no anchoring by slash as in `.gitignore`: `*.md` matches at the top only,
//! `**/*.md` everywhere. Upper and lower case differ. Wildcards follow [`crate::pattern`], with `**` for any number
//! of directories. But moby compiles them to Go's regular expressions and escapes too little: once a pattern holds a
//! wildcard, a class takes a slash, `\d` is any digit, `a|b*` is an alternative, `a{2}*` a repetition, and a class
//! that holds `*` or `?` means something else than it says.
//!
//! **Backslashes.** A client on Linux or macOS is assumed. Docker on Windows reads a backslash as a separator.
//!
//! **The Dockerfile and the ignore file themselves** are read apart from the context (BuildKit,
//! `frontend/dockerui/config.go`), so excluding them never breaks a build: it only keeps COPY from seeing them. They
//! are not special in any other way; `COPY . .` copies both unless they are excluded. (The classic builder forced both
//! into the context.)
//!
//! **Which file.** `NAME.dockerignore` beside the Dockerfile `NAME` is used instead of `.dockerignore` at the root of
//! the context, even if it is empty. The patterns of both are relative to the root of the context.
//! [`crate::context::IgnoreFile`] picks it.

mod patterns;
mod regexp;
mod shape;

pub(crate) use patterns::Matched;
use patterns::{PatternList, Refusal};

/// A parsed `.dockerignore`. The bytes it was read from are kept, so that lines can be added to them.
#[derive(Debug, Clone, Default)]
pub struct Dockerignore {
    source: Vec<u8>,
    list: PatternList,
    /// Where the patterns of the list stand, in the same order.
    rules: Vec<Rule>,
    problems: Vec<Problem>,
}

/// One pattern as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The line it stands in, counted from 1.
    pub line: usize,
    /// The line without white space at its ends; bytes that are not UTF-8 are replaced by U+FFFD.
    pub text: String,
    /// Whether it starts with `!` and so takes files back in.
    pub exception: bool,
}

/// A line that keeps its pattern from being in force.
///
/// All but [`Problem::Unmodelled`] fail the build: BuildKit refuses the file or stops at the first path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// `!` without a path.
    #[error("line {line}: `!` excepts nothing; put a path after it or delete the line")]
    LoneException {
        /// Counted from 1.
        line: usize,
    },
    /// A pattern that Go cannot parse: `[`, `[z-a]`, a backslash at the end or before a letter such as `k`.
    #[error(
        "line {line}: `{text}` is no valid pattern, the build fails on it; escape a literal `[` or `\\` with `\\`"
    )]
    Malformed {
        /// Counted from 1.
        line: usize,
        /// See [`Rule::text`].
        text: String,
    },
    /// A line of 65,536 bytes or more, at which BuildKit stops to read.
    #[error("line {line}: longer than 65535 bytes, the build fails on it; split or delete the line")]
    TooLong {
        /// Counted from 1.
        line: usize,
    },
    /// A pattern with `\Q` or a Unicode class such as `\pL`, which BuildKit understands and dockfix does not.
    #[error(
        "line {line}: `{text}` uses an escape that dockfix does not know; write it without `\\p` and `\\Q`"
    )]
    Unmodelled {
        /// Counted from 1.
        line: usize,
        /// See [`Rule::text`].
        text: String,
    },
}

/// The length from which on Go's `bufio.Scanner` gives a line up.
const LINE_LIMIT: usize = 64 * 1024;

impl Dockerignore {
    /// Reads an ignore file. Lines that BuildKit rejects are left out and listed as [problems](Self::problems).
    pub fn parse(source: &[u8]) -> Self {
        let mut parsed = Self { source: source.to_vec(), ..Self::default() };
        let text = source.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(source);
        for (index, bytes) in text.split(|&byte| byte == b'\n').enumerate() {
            let line = index + 1;
            if bytes.len() >= LINE_LIMIT {
                parsed.problems.push(Problem::TooLong { line });
                break;
            }
            parsed.push(line, &String::from_utf8_lossy(bytes));
        }
        parsed
    }

    fn push(&mut self, line: usize, untrimmed: &str) {
        let text = untrimmed.trim();
        if untrimmed.starts_with('#') || text.is_empty() {
            return;
        }
        let exception = text.starts_with('!');
        let path = text.strip_prefix('!').unwrap_or(text).trim_start();
        let mut pattern =
            if path.is_empty() { String::new() } else { crate::pattern::clean(path).into_owned() };
        if pattern.len() > 1 && pattern.starts_with('/') {
            pattern.remove(0);
        }
        if exception {
            pattern.insert(0, '!');
        }
        match self.list.push(&pattern) {
            Ok(()) => {}
            Err(Refusal::LoneException) => self.problems.push(Problem::LoneException { line }),
            Err(Refusal::Malformed) => self.problems.push(Problem::Malformed { line, text: text.to_owned() }),
            Err(Refusal::Unmodelled) => {
                self.problems.push(Problem::Unmodelled { line, text: text.to_owned() })
            }
        }
        self.rules.push(Rule { line, text: text.to_owned(), exception });
    }

    /// The bytes of the file, as they were given.
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// The patterns in their order, problematic ones included.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What is wrong with the file, in the order of its lines. With a problem, no statement about the context holds:
    /// the build fails or does something that is not modelled.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether a path is kept out of the build context, because a pattern matches it or one of its directories.
    ///
    /// The path is relative to the root of the context, with slashes, and is cleaned first. The root itself and what
    /// lies outside of it are never excluded. An excluded directory may still hold files that are not: see
    /// [`Self::has_exceptions_below`].
    pub fn is_excluded(&self, path: &str) -> bool {
        self.verdict(path).excluded
    }

    /// The pattern that keeps a path out of the build context: its line, counted from 1, and its text. Nothing if the
    /// path is not excluded.
    pub fn excluding_pattern(&self, path: &str) -> Option<(usize, &str)> {
        let verdict = self.verdict(path);
        let rule = verdict.excluded.then(|| self.rules.get(verdict.decided_by?))??;
        Some((rule.line, &rule.text))
    }

    /// Whether something below a directory could be in the build context although the directory is excluded. If not,
    /// nobody needs to look into it. Errs towards yes where a pattern is hard to tell.
    pub fn has_exceptions_below(&self, dir: &str) -> bool {
        self.list.has_exceptions_below(crate::pattern::clean(&format!("/{dir}")).trim_start_matches('/'))
    }

    /// Whether a file that is not excluded nevertheless arrives in the context **without its content**.
    ///
    /// This is a trap in BuildKit (seen with Docker 26; fsutil, `filterFS.Open`): the walk that lists the files and the
    /// check by which they are opened treat parents differently. With the lines `a`, `!a/b` and `**/a`, the file `a/b`
    /// is listed but cannot be opened, and COPY writes an empty file, unless the engine still has the unchanged file
    /// from an earlier build. So it is never safe to append a pattern that matches a directory in which an exception
    /// takes something back in.
    pub fn arrives_empty(&self, path: &str) -> bool {
        let path = crate::pattern::clean(path);
        !self.is_excluded(&path) && self.list.excluded_with_all_parents(&path)
    }

    fn verdict(&self, path: &str) -> patterns::Verdict {
        if self.list.is_empty() {
            return patterns::Verdict::default();
        }
        let cleaned = crate::pattern::clean(path);
        let path = cleaned.trim_start_matches('/');
        if matches!(path, "" | "." | "..") || path.starts_with("../") {
            return patterns::Verdict::default();
        }
        let mut parent = None;
        for (at, _) in path.match_indices('/') {
            let dir = path.get(..at).unwrap_or_default();
            parent = Some(self.list.enter(dir, parent.as_ref()).1);
        }
        self.list.verdict(path, parent.as_ref())
    }

    /// For a walk that goes down one directory at a time: whether a path is excluded, given what matched its
    /// directory (nothing at the top level). The path must be clean.
    pub(crate) fn is_excluded_in(&self, path: &str, parent: Option<&Matched>) -> bool {
        self.list.verdict(path, parent).excluded
    }

    /// Like [`Self::is_excluded_in`], for a directory that the walk may enter.
    pub(crate) fn enter(&self, dir: &str, parent: Option<&Matched>) -> (bool, Matched) {
        let (verdict, matched) = self.list.enter(dir, parent);
        (verdict.excluded, matched)
    }
}

#[cfg(test)]
mod tests;
