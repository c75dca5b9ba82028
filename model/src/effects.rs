//! What an instruction or a command reads and writes: the one place that says what may change places.
//!
//! Two neighbours may swap only if neither writes what the other reads or writes. A command that is not known is opaque:
//! it reads and writes everything and reads every variable.

use std::borrow::Cow;

use crate::ImagePath;

/// What something reads and writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effects {
    /// Paths of the image that are read.
    pub reads: Paths,
    /// Paths of the image that are written.
    pub writes: Paths,
    /// Environment variables that are read.
    pub environment: Names,
}

/// A set of paths in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paths {
    /// Any path.
    All,
    /// These files, and everything below these directories. A table of paths that the program itself knows is not
    /// copied until something comes to it.
    Below(Cow<'static, [ImagePath]>),
}

/// A set of names of environment variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// Any name.
    All,
    /// Names that match one of these patterns: a name, or a beginning followed by `*`, or `*` followed by an end, or a part
    /// between two of them. Case is not looked at. An item may be several patterns, with white space between them.
    Matching(Cow<'static, [&'static str]>),
}

impl Effects {
    /// Nothing at all.
    #[must_use]
    pub fn none() -> Self {
        Self { reads: Paths::none(), writes: Paths::none(), environment: Names::none() }
    }

    /// Everything: the effects of a command that is not known.
    #[must_use]
    pub fn opaque() -> Self {
        Self { reads: Paths::All, writes: Paths::All, environment: Names::All }
    }

    /// Reads and writes below these paths, and reads no variable.
    #[must_use]
    pub fn touching(paths: Vec<ImagePath>) -> Self {
        Self { reads: Paths::below(paths.clone()), writes: Paths::below(paths), ..Self::none() }
    }

    /// Whether the two must keep their order as far as files go.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        self.writes.overlaps(&other.reads)
            || self.writes.overlaps(&other.writes)
            || self.reads.overlaps(&other.writes)
    }

    /// The effects of doing both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            reads: self.reads.and(other.reads),
            writes: self.writes.and(other.writes),
            environment: self.environment.and(other.environment),
        }
    }
}

impl Paths {
    /// No path.
    #[must_use]
    pub fn none() -> Self {
        Self::Below(Cow::Borrowed(&[]))
    }

    /// These files, and everything below these directories.
    #[must_use]
    pub fn below(paths: Vec<ImagePath>) -> Self {
        Self::Below(Cow::Owned(paths))
    }

    /// Whether some path is in both sets.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Below(paths), _) | (_, Self::Below(paths)) if paths.is_empty() => false,
            (Self::All, _) | (_, Self::All) => true,
            (Self::Below(ours), Self::Below(theirs)) => {
                ours.iter().any(|our| theirs.iter().any(|their| our.overlaps(their)))
            }
        }
    }

    /// Both sets together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Below(ours), Self::Below(theirs)) => Self::Below(both(ours, theirs)),
            _ => Self::All,
        }
    }
}

impl Names {
    /// No name.
    #[must_use]
    pub fn none() -> Self {
        Self::Matching(Cow::Borrowed(&[]))
    }

    /// The names that match `patterns`.
    #[must_use]
    pub fn matching(patterns: &[&'static str]) -> Self {
        Self::Matching(patterns.to_vec().into())
    }

    /// Whether `name` is in the set.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        let Self::Matching(patterns) = self else { return true };
        let name = name.as_bytes();
        let is = |part: Option<&[u8]>, wanted: &str| {
            part.is_some_and(|part| part.eq_ignore_ascii_case(wanted.as_bytes()))
        };
        let first = name.first().map(u8::to_ascii_uppercase);
        patterns.iter().flat_map(|row| row.split_ascii_whitespace()).any(|pattern| {
            // Most patterns begin with another letter.
            let begins = pattern.as_bytes().first();
            if begins != Some(&b'*') && begins.map(u8::to_ascii_uppercase) != first {
                return false;
            }
            match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
                (Some(end), Some(_)) => {
                    let part = end.strip_suffix('*').unwrap_or(end);
                    part.is_empty() || name.windows(part.len()).any(|window| is(Some(window), part))
                }
                (Some(end), _) => is(name.len().checked_sub(end.len()).map(|at| &name[at..]), end),
                (None, Some(start)) => is(name.get(..start.len()), start),
                (None, None) => is(Some(name), pattern),
            }
        })
    }

    /// Both sets together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Matching(ours), Self::Matching(theirs)) => Self::Matching(both(ours, theirs)),
            _ => Self::All,
        }
    }
}

/// The items of both lists; one beside which the other is empty stays as it is.
fn both<T: Clone>(ours: Cow<'static, [T]>, theirs: Cow<'static, [T]>) -> Cow<'static, [T]> {
    if theirs.is_empty() {
        return ours;
    }
    if ours.is_empty() {
        return theirs;
    }
    let mut all = match ours {
        Cow::Owned(ours) => ours,
        Cow::Borrowed(ours) => {
            let mut all = Vec::with_capacity(ours.len() + theirs.len());
            all.extend_from_slice(ours);
            all
        }
    };
    match theirs {
        Cow::Owned(theirs) => all.extend(theirs),
        Cow::Borrowed(theirs) => all.extend_from_slice(theirs),
    }
    Cow::Owned(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touching(path: &str) -> Effects {
        Effects::touching(vec![ImagePath::root().join(path)])
    }

    #[test]
    fn conflicts_are_about_files() {
        assert!(touching("/app").conflicts(&touching("/app/src")));
        assert!(!touching("/app").conflicts(&touching("/usr")));
        assert!(Effects::opaque().conflicts(&touching("/usr")));
        assert!(!Effects::opaque().conflicts(&Effects::none()));
        let reader = |path: &str| Effects { writes: Paths::none(), ..touching(path) };
        assert!(!reader("/app").conflicts(&reader("/app")));
    }

    #[test]
    fn names_match_patterns() {
        let names = Names::matching(&["NPM_CONFIG_*", "CI", "*_proxy", "*TOKEN*"]);
        for name in ["npm_config_cache", "CI", "HTTP_PROXY", "TOKEN", "MY_TOKEN_1", "token1", "NPMTOKEN"] {
            assert!(names.contains(name), "{name}");
        }
        assert!(!names.contains("GIT_SHA"));
        assert!(Names::All.contains("GIT_SHA"));
    }
}
