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

/// The words of a COPY behind its flags: in JSON form where the destination cannot be written otherwise.
pub(super) fn words(sources: &[&str], destination: &str) -> String {
    if !needs_json(destination) {
        return format!("{} {destination}", sources.join(" "));
    }
    let strings: Vec<_> = sources.iter().chain([&destination]).map(|text| json(text)).collect();
    format!("[{}]", strings.join(", "))
}

/// Whether white space, which ends a word of the plain form, is part of a destination.
pub(super) fn needs_json(destination: &str) -> bool {
    destination.contains(char::is_whitespace)
}

/// A text as a JSON string.
fn json(text: &str) -> String {
    let mut out = String::from("\"");
    for ch in text.chars() {
        match ch {
            '"' | '\\' => out.extend(['\\', ch]),
            ch if ch.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(ch))),
            ch => out.push(ch),
        }
    }
    out.push('"');
    out
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
