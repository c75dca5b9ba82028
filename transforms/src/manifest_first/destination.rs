//! The destination of a COPY as written, and how to write places below it.

use dockfix_model::ImagePath;

/// Writes the place `below` the written destination `written`: a directory, with a slash at the end.
pub(super) fn directory(written: &str, below: &str) -> String {
    let base = match written {
        "." | "./" => "./".to_owned(),
        written if written.ends_with('/') => written.to_owned(),
        written if written.ends_with("/.") => written[..written.len() - 1].to_owned(),
        written => format!("{written}/"),
    };
    if below.is_empty() { base } else { format!("{base}{below}/") }
}

/// The name of a path that COPY takes literally, without quotes: no white space, wildcard, variable or quote in it.
pub(super) fn is_plain(path: &str) -> bool {
    !path.is_empty()
        && !path.starts_with('-')
        && !path.contains("<<")
        && path.chars().all(|ch| {
            !ch.is_whitespace() && !matches!(ch, '*' | '?' | '[' | ']' | '$' | '\\' | '`' | '"' | '\'' | '#')
        })
}

/// `path` split into the directory below `base` and the name.
pub(super) fn split<'p>(path: &'p ImagePath, base: &ImagePath) -> Option<(&'p str, &'p str)> {
    let below = path.below(base)?;
    Some(below.rsplit_once('/').unwrap_or(("", below)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_directories_in_the_style_of_the_file() {
        for (written, below, wanted) in [
            (".", "", "./"),
            ("./", "web", "./web/"),
            ("/app", "", "/app/"),
            ("/app/", "a/b", "/app/a/b/"),
            ("$APP/.", "x", "$APP/x/"),
        ] {
            assert_eq!(directory(written, below), wanted);
        }
    }

    #[test]
    fn odd_names_are_not_plain() {
        assert!(is_plain("packages/@scope/a.b-c/package.json"));
        for path in ["a b", "[id]/x", "$x", "-f", "a*", ""] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
