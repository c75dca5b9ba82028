use std::borrow::Cow;
use std::fmt;

/// An absolute path in the image, normalised: no `.`, `..`, empty or trailing segments.
///
/// Where a build argument takes part, whose value is not known before the build, the path holds a *symbol* in its
/// place: `${NAME@n}`, after the name's n-th declaration. Two paths with the same symbols are the same path; of paths with
/// different symbols nothing is known.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImagePath {
    text: Cow<'static, str>,
    /// Whether there is a symbol in it: asked so often that it is not searched for each time.
    is_symbolic: bool,
}

impl Clone for ImagePath {
    /// Sets of paths are copied often, and most paths in them are [fixed](Self::fixed).
    #[inline]
    fn clone(&self) -> Self {
        let text = match self.text {
            Cow::Borrowed(text) => Cow::Borrowed(text),
            Cow::Owned(ref text) => Cow::Owned(text.clone()),
        };
        Self { text, is_symbolic: self.is_symbolic }
    }
}

impl ImagePath {
    /// `/`
    #[must_use]
    pub const fn root() -> Self {
        Self { text: Cow::Borrowed("/"), is_symbolic: false }
    }

    /// A path that the program itself knows: absolute and normal, as in a table of directories.
    #[must_use]
    pub const fn fixed(path: &'static str) -> Self {
        debug_assert!(matches!(path.as_bytes(), [b'/', ..]));
        Self { text: Cow::Borrowed(path), is_symbolic: false }
    }

    /// The path that `text` names; `None` where it is relative.
    #[must_use]
    pub fn absolute(text: &str) -> Option<Self> {
        is_absolute(text).then(|| Self::root().join(text))
    }

    /// `text` seen from here: an absolute text stands for itself, a relative one is appended.
    #[must_use]
    pub fn join(&self, text: &str) -> Self {
        // The root alone ends in a slash.
        let is_root = self.text.len() == 1;
        let (base, is_symbolic) =
            if is_root || is_absolute(text) { ("", false) } else { (&*self.text, self.is_symbolic) };
        let segments = text.strip_prefix('/').unwrap_or(text);
        let seen = Seen::in_segments(segments.as_bytes());
        if seen.is_odd && !has_normal_segments(segments) {
            return Self::of_text(normalised(base, text));
        }
        let path = match base {
            "" if seen.has_dollar && segments.starts_with(SYMBOL) => segments.to_owned(),
            "" if segments.len() < text.len() => text.to_owned(),
            _ => [base, "/", segments].concat(),
        };
        let is_symbolic = is_symbolic || seen.has_dollar && segments.contains(SYMBOL);
        Self { text: Cow::Owned(path), is_symbolic }
    }

    fn of_text(text: String) -> Self {
        let is_symbolic = has_symbol(&text);
        Self { text: Cow::Owned(text), is_symbolic }
    }

    /// The path as text. A leading symbol stands for an absolute path of its own.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the value of a build argument is part of it.
    #[must_use]
    pub fn is_symbolic(&self) -> bool {
        self.is_symbolic
    }

    /// What follows `ancestor`, without a leading slash; `""` for the same path, `None` for a path elsewhere.
    #[must_use]
    pub fn below(&self, ancestor: &Self) -> Option<&str> {
        // The root alone ends in a slash.
        let prefix = if ancestor.text.len() == 1 { "" } else { &*ancestor.text };
        let rest = self.text.strip_prefix(prefix)?;
        if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
    }

    /// Whether one of the two may contain the other.
    #[must_use]
    #[inline]
    pub fn overlaps(&self, other: &Self) -> bool {
        // Asked for each pair of two sets, most of which part at the first letter.
        if let ([_, ours, ..], [_, theirs, ..]) = (self.text.as_bytes(), other.text.as_bytes())
            && ours != theirs
            && !self.is_symbolic
            && !other.is_symbolic
        {
            return false;
        }
        self.overlaps_in_full(other)
    }

    fn overlaps_in_full(&self, other: &Self) -> bool {
        // A symbol may stand for anything: only paths with the same symbols can be told apart.
        if self.is_symbolic() || other.is_symbolic() {
            let ours = self.text.split('/').filter(|segment| segment.contains(SYMBOL));
            let theirs = other.text.split('/').filter(|segment| segment.contains(SYMBOL));
            if !ours.eq(theirs) {
                return true;
            }
        }
        self.below(other).is_some() || other.below(self).is_some()
    }

    /// The directory that holds it; `None` for the root and for a lone symbol.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let at = self.text.rfind('/')?;
        match at {
            0 if self.text.len() == 1 => None,
            0 => Some(Self::root()),
            at => Some(Self::of_text(self.text[..at].to_owned())),
        }
    }

    /// The last segment; `""` for the root.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }
}

/// As a message shows it: with the names of build arguments, as a Dockerfile has them.
impl fmt::Display for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = &*self.text;
        while self.is_symbolic
            && let Some((before, symbol)) = rest.split_once(SYMBOL)
            && let Some((declaration, after)) = symbol.split_once('}')
        {
            let name = declaration.split('@').next().unwrap_or_default();
            write!(f, "{before}${{{name}}}")?;
            rest = after;
        }
        f.write_str(rest)
    }
}

/// How a symbol begins.
const SYMBOL: &str = "${";

/// The symbol for the value that the `number`-th declaration of `name` gives it.
pub(crate) fn symbol(name: &str, number: usize) -> String {
    format!("{SYMBOL}{name}@{number}}}")
}

fn is_absolute(text: &str) -> bool {
    matches!(text.as_bytes(), [b'/', ..] | [b'$', b'{', ..])
}

/// Whether the value of a build argument is part of a text. Most texts have no dollar at all.
pub(crate) fn has_symbol(text: &str) -> bool {
    text.as_bytes().contains(&b'$') && text.contains(SYMBOL)
}

/// What a look at each byte of some segments tells of them: joining paths is among the most frequent things.
#[derive(Default)]
struct Seen {
    /// Some segment is empty or begins with a dot; without any, the path [is normal](is_normal).
    is_odd: bool,
    has_dollar: bool,
}

impl Seen {
    fn in_segments(segments: &[u8]) -> Self {
        let (mut seen, mut start) = (Self::default(), 0);
        for (at, &byte) in segments.iter().enumerate() {
            match byte {
                // Letters and digits, which most bytes are.
                b'0'.. => {}
                b'$' => seen.has_dollar = true,
                b'.' => seen.is_odd |= at == start,
                b'/' => {
                    seen.is_odd |= at == start;
                    start = at + 1;
                }
                _ => {}
            }
        }
        seen.is_odd |= start == segments.len();
        seen
    }
}

/// Whether there is nothing to take out of a text without a leading slash: no `.`, `..` or empty segments.
pub(crate) fn is_normal(text: &str) -> bool {
    !Seen::in_segments(text.as_bytes()).is_odd || has_normal_segments(text)
}

fn has_normal_segments(text: &str) -> bool {
    text.as_bytes().split(|byte| *byte == b'/').all(|segment| !matches!(segment, b"" | b"." | b".."))
}

/// `base` with the segments of `text` behind it, one by one.
fn normalised(base: &str, text: &str) -> String {
    let mut path = base.to_owned();
    for segment in text.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                let end = path.rfind('/').unwrap_or(0);
                path.truncate(end);
            }
            segment => {
                if !(path.is_empty() && segment.starts_with(SYMBOL)) {
                    path.push('/');
                }
                path.push_str(segment);
            }
        }
    }
    if path.is_empty() {
        path.push('/');
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> ImagePath {
        ImagePath::absolute(text).unwrap()
    }

    #[test]
    fn normalises() {
        assert_eq!(path("//a/./b/../c/").as_str(), "/a/c");
        assert_eq!(path("/..").as_str(), "/");
        assert_eq!(path("/app").join("x/../../y").as_str(), "/y");
        assert_eq!(path("/app").join("/x").as_str(), "/x");
        assert_eq!(path("/app").join("."), path("/app"));
        assert_eq!(path("/app").join(".cache/..x").as_str(), "/app/.cache/..x");
        assert_eq!(path("/").join("a//").as_str(), "/a");
        assert_eq!(path("/app").join("").as_str(), "/app");
        assert_eq!(ImagePath::absolute("a"), None);
    }

    #[test]
    fn tells_what_lies_below() {
        assert_eq!(path("/app/a/b").below(&path("/app")), Some("a/b"));
        assert_eq!(path("/app").below(&path("/app")), Some(""));
        assert_eq!(path("/apple").below(&path("/app")), None);
        assert_eq!(path("/a").below(&path("/")), Some("a"));
        assert!(path("/app").overlaps(&path("/app/x")));
        assert!(!path("/app").overlaps(&path("/apple")));
    }

    #[test]
    fn symbols_may_be_anything() {
        let symbolic = path("${APP@2}/src");
        assert_eq!(symbolic.below(&path("${APP@2}")), Some("src"));
        assert!(symbolic.overlaps(&path("/usr")));
        assert!(!symbolic.overlaps(&path("${APP@2}/lib")));
        assert_eq!(symbolic.parent(), Some(path("${APP@2}")));
        assert_eq!(path("${APP@2}").parent(), None);
        assert_eq!(path("/${APP@2}/src"), symbolic);
        assert_eq!(path("/a/${APP@2}b/${C@1}").to_string(), "/a/${APP}b/${C}");
        assert!(symbolic.join("x").is_symbolic() && !symbolic.join("/x").is_symbolic());
        assert!(!symbolic.join("../../x").is_symbolic() && path("/app").join("${APP@2}x").is_symbolic());
    }
}
