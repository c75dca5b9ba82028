//! Where a requirement such as `flask==3.0`, `./lib[dev]` or `x @ git+https://...` takes its package from.
//!
//! Sources: PEP 508; pip, `req/constructors.py` (`parse_req_from_line`, `_looks_like_path`) and `utils/filetypes.py`.

/// Where a package comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source<'t> {
    /// A package index, by name.
    Index,
    /// An address in the network.
    Remote,
    /// This file or directory.
    Local(&'t str),
}

/// The ends of the names that pip takes for archives.
const ARCHIVES: [&str; 13] = [
    ".whl",
    ".zip",
    ".tar.gz",
    ".tgz",
    ".tar",
    ".tar.bz2",
    ".tbz",
    ".tar.xz",
    ".txz",
    ".tlz",
    ".tar.lz",
    ".tar.lzma",
    ".egg",
];

/// Where `requirement`, with or without marker and extras, takes its package from.
pub(crate) fn source(requirement: &str) -> Source<'_> {
    let text = requirement.trim();
    if has_scheme(text) {
        return address(text);
    }
    if let Some((name, rest)) = text.split_once('@')
        && is_name(name.trim())
    {
        let rest = rest.trim();
        return if has_scheme(rest) { address(rest) } else { Source::Local(without_marker(rest)) };
    }
    let text = without_extras(without_marker(text));
    if text.contains('/') || text.starts_with('.') || is_archive(text) {
        return Source::Local(text);
    }
    Source::Index
}

/// Whether a file of this name is an archive of a package.
pub(crate) fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ARCHIVES.iter().any(|end| name.ends_with(end))
}

/// The path of a `file:` address; `None` for other addresses and for what is no address.
pub(crate) fn file_path(text: &str) -> Option<&str> {
    match address(text) {
        Source::Local(path) => Some(path),
        _ => None,
    }
}

/// Whether `text` begins like an address: `https://`, `git+ssh://`, `file:`.
pub(crate) fn has_scheme(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|ch: char| ch.is_ascii_alphabetic())
        && scheme.chars().all(|ch| ch.is_ascii_alphanumeric() || "+-.".contains(ch));
    is_scheme && (rest.starts_with("//") || scheme.eq_ignore_ascii_case("file"))
}

fn address(text: &str) -> Source<'_> {
    // A marker behind an address needs a space before its semicolon.
    let text = text.split(" ;").next().unwrap_or(text).trim();
    let Some((scheme, rest)) = text.split_once(':') else { return Source::Remote };
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "file" && !scheme.ends_with("+file") {
        return Source::Remote;
    }
    let path = rest.split(['#', '?']).next().unwrap_or(rest);
    let path = match path.strip_prefix("//") {
        Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
        None => path,
    };
    Source::Local(without_extras(path))
}

fn without_marker(text: &str) -> &str {
    text.split(';').next().unwrap_or(text).trim()
}

/// `./lib` for `./lib[dev]`.
fn without_extras(text: &str) -> &str {
    match (text.ends_with(']'), text.rfind('[')) {
        (true, Some(start)) => text[..start].trim_end(),
        _ => text,
    }
}

/// Whether `text` is the name of a package, with or without extras.
pub(crate) fn is_name(text: &str) -> bool {
    let (name, extras) = text.split_once('[').map_or((text, ""), |(name, extras)| (name.trim_end(), extras));
    let is_word = |ch: char| ch.is_ascii_alphanumeric() || "-_.".contains(ch);
    name.starts_with(|ch: char| ch.is_ascii_alphanumeric())
        && name.chars().all(is_word)
        && (extras.is_empty()
            || extras
                .strip_suffix(']')
                .is_some_and(|extras| extras.chars().all(|ch| is_word(ch) || matches!(ch, ',' | ' '))))
}

/// Whether a word that begins like this asks an index for a package, whatever follows: a name and a comparison.
pub(crate) fn begins_with_comparison(beginning: &str) -> bool {
    let end = beginning.find(['=', '<', '>', '~', '!']).unwrap_or(beginning.len());
    let (name, comparison) = beginning.split_at(end);
    let is_comparison =
        ["==", ">=", "<=", "~=", "!=", "<", ">"].iter().any(|sign| comparison.starts_with(sign));
    is_comparison && is_name(name.trim()) && !is_archive(name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_sources_apart() {
        for (requirement, expected) in [
            ("flask", Source::Index),
            ("flask[async]>=3,<4; python_version > '3.8'", Source::Index),
            ("zope.interface==5", Source::Index),
            ("x @ https://example.org/x.zip", Source::Remote),
            ("x@git+https://example.org/x.git@main", Source::Remote),
            ("git+ssh://git@example.org/x.git#egg=x", Source::Remote),
            ("https://example.org/x.whl ; python_version > '3'", Source::Remote),
            ("x @ file:///srv/x-1.0.whl#sha256=0", Source::Local("/srv/x-1.0.whl")),
            ("x[y] @ file://localhost/srv/x", Source::Local("/srv/x")),
            ("file:./lib", Source::Local("./lib")),
            ("file:lib#egg=x", Source::Local("lib")),
            ("git+file:///srv/x", Source::Local("/srv/x")),
            (".", Source::Local(".")),
            (".[dev, test]", Source::Local(".")),
            ("./lib[dev] ; python_version > '3'", Source::Local("./lib")),
            ("lib/", Source::Local("lib/")),
            ("../x", Source::Local("../x")),
            ("x-1.0-py3-none-any.whl", Source::Local("x-1.0-py3-none-any.whl")),
            ("x-1.0.tar.gz", Source::Local("x-1.0.tar.gz")),
            ("x @ ./lib", Source::Local("./lib")),
            ("", Source::Index),
        ] {
            assert_eq!(source(requirement), expected, "{requirement}");
        }
    }

    #[test]
    fn a_version_may_be_anything() {
        for beginning in ["poetry==", "uvicorn[standard]>=", "x~=1."] {
            assert!(begins_with_comparison(beginning), "{beginning}");
        }
        for beginning in ["", "poetry", "./x==", "==", "x.whl==", "x/y==", "poetry="] {
            assert!(!begins_with_comparison(beginning), "{beginning}");
        }
    }
}
