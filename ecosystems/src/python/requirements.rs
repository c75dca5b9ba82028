//! The lines of a requirements file.
//!
//! Sources: pip's reference, "Requirements File Format"; pip, `req/req_file.py`. uv reads the same language
//! (`uv-requirements-txt`).

use std::borrow::Cow;

/// A line after continuations were joined and comments removed; never empty.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The 1-based number of its first line.
    pub(crate) number: usize,
    /// Its text.
    pub(crate) text: String,
}

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A package.
    Requirement(String),
    /// `-e`: a directory or a repository.
    Editable(String),
    /// `-r`: another file of this kind.
    Requirements(String),
    /// `-c`: a file of constraints.
    Constraint(String),
    /// `-f`: directories or addresses to find packages at; also an index that lies in a directory.
    FindLinks(Vec<String>),
    /// A setting that names no file.
    Setting,
    /// An option that is not known, or a line that cannot be split into words.
    Unknown(String),
}

/// Options that take a value.
const VALUED: [&str; 20] = [
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-e",
    "--editable",
    "-f",
    "--find-links",
    "-i",
    "--index-url",
    "--pypi-url",
    "--extra-index-url",
    "--no-binary",
    "--only-binary",
    "--trusted-host",
    "--use-feature",
    "--hash",
    "--config-settings",
    "--global-option",
    "--install-option",
];
/// Options that take none.
const SWITCHES: [&str; 8] = [
    "--no-index",
    "--require-hashes",
    "--no-require-hashes",
    "--pre",
    "--prefer-binary",
    "--all-releases",
    "--only-final",
    "--always-unzip",
];

/// Options that name an index of packages.
pub(crate) const INDEXES: [&str; 4] = ["-i", "--index-url", "--pypi-url", "--extra-index-url"];

/// Whether an index lies in a directory.
pub(crate) fn is_local_index(value: &str) -> bool {
    value.starts_with(['.', '/']) || value.starts_with("file:")
}

/// The text of a file: UTF-8, or UTF-16 with its mark; what is neither is read as far as it is ASCII.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let utf16 = |from: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units = bytes.chunks_exact(2).map(|pair| from([pair[0], pair[1]]));
        Cow::Owned(char::decode_utf16(units).map(|ch| ch.unwrap_or('\u{fffd}')).collect())
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        [0xff, 0xfe, rest @ ..] => utf16(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => utf16(u16::from_be_bytes, rest),
        _ => String::from_utf8_lossy(bytes),
    }
}

/// The lines of a file.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut open: Option<Line> = None;
    let mut finish = |line: Line| {
        let text = without_comment(&line.text).trim();
        if !text.is_empty() {
            lines.push(Line { text: text.to_owned(), ..line });
        }
    };
    for (index, physical) in text.split('\n').enumerate() {
        let physical = physical.trim_end_matches('\r');
        // A line with a comment is never continued.
        let is_comment = without_comment(physical).len() != physical.len();
        let continued = physical.strip_suffix('\\').filter(|_| !is_comment);
        let mut line = open.take().unwrap_or(Line { number: index + 1, text: String::new() });
        if is_comment {
            line.text.push(' ');
        }
        line.text.push_str(continued.unwrap_or(physical));
        match continued {
            Some(_) => open = Some(line),
            None => finish(line),
        }
    }
    if let Some(line) = open {
        finish(line);
    }
    lines
}

/// A comment begins at the start of a line or behind white space.
fn without_comment(line: &str) -> &str {
    let comment = line
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|&at| line[..at].chars().next_back().is_none_or(char::is_whitespace));
    &line[..comment.unwrap_or(line.len())]
}

/// The names in `${NAME}`: capitals, digits and underscores only; anything else is no variable.
pub(crate) fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| {
        let name = rest.split_once('}')?.0;
        let is_name =
            name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        (is_name && !name.is_empty()).then_some(name)
    })
}

/// What a line asks for.
pub(crate) fn item(line: &str) -> Item {
    // The requirement ends where the first word begins with a dash.
    let mut at = 0;
    let mut options = "";
    for word in line.split(' ') {
        if word.starts_with('-') {
            options = &line[at..];
            break;
        }
        at += word.len() + 1;
    }
    let requirement = line[..line.len() - options.len()].trim();
    let words = match words(options) {
        Some(words) => words,
        None => return Item::Unknown(line.to_owned()),
    };
    let mut found = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match option(&word, &mut words) {
            Some(option) => found.push(option),
            None => return Item::Unknown(word),
        }
    }
    if !requirement.is_empty() {
        return Item::Requirement(requirement.to_owned());
    }
    let mut first = |names: [&str; 2]| {
        let index = found.iter().position(|(name, _)| names.contains(name))?;
        Some(found.swap_remove(index).1)
    };
    if let Some(path) = first(["-e", "--editable"]) {
        return Item::Editable(path);
    }
    if let Some(path) = first(["-r", "--requirement"]) {
        return Item::Requirements(path);
    }
    if let Some(path) = first(["-c", "--constraint"]) {
        return Item::Constraint(path);
    }
    let is_place = |(name, value): &(&str, String)| match *name {
        "-f" | "--find-links" => true,
        name => INDEXES.contains(&name) && is_local_index(value),
    };
    let links: Vec<_> = found.into_iter().filter(is_place).map(|(_, value)| value).collect();
    if links.is_empty() { Item::Setting } else { Item::FindLinks(links) }
}

/// The option that `word` stands for, with its value.
fn option(word: &str, words: &mut std::vec::IntoIter<String>) -> Option<(&'static str, String)> {
    if let Some(long) = word.strip_prefix("--") {
        let (long, attached) =
            long.split_once('=').map_or((long, None), |(long, value)| (long, Some(value.to_owned())));
        let (name, takes_value) = long_option(long)?;
        return match (takes_value, attached) {
            (true, Some(value)) => Some((name, value)),
            (true, None) => Some((name, words.next()?)),
            (false, None) => Some((name, String::new())),
            (false, Some(_)) => None,
        };
    }
    let name = VALUED.iter().find(|name| name.len() == 2 && word.starts_with(**name))?;
    match &word[2..] {
        "" => Some((name, words.next()?)),
        value => Some((name, value.to_owned())),
    }
}

/// A long option may be cut short as long as only one begins like that.
fn long_option(long: &str) -> Option<(&'static str, bool)> {
    let all = VALUED.iter().map(|name| (*name, true)).chain(SWITCHES.iter().map(|name| (*name, false)));
    let like: Vec<_> =
        all.filter(|(name, _)| name.strip_prefix("--").is_some_and(|name| name.starts_with(long))).collect();
    match (like.iter().find(|(name, _)| name.len() == long.len() + 2), &like[..]) {
        (Some(exact), _) => Some(*exact),
        (None, [only]) if !long.is_empty() => Some(*only),
        _ => None,
    }
}

/// Splits as a POSIX shell would; `None` for an open quote.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(ch) = chars.next() {
        match ch {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        ch => word.push(ch),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            ch @ ('"' | '\\') => word.push(ch),
                            ch => word.extend(['\\', ch]),
                        },
                        ch => word.push(ch),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(chars.next()?),
            ch => word.get_or_insert_default().push(ch),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(file: &str) -> Vec<(usize, String)> {
        lines(file).into_iter().map(|line| (line.number, line.text)).collect()
    }

    #[test]
    fn joins_lines_and_drops_comments() {
        let file = "# head\r\na==1 \\\r\n  --hash=sha256:0\r\n\nb # c \\\nd#e\n  \nf \\\n# g\nh\\";
        let expected = [(2, "a==1   --hash=sha256:0"), (5, "b"), (6, "d#e"), (8, "f"), (10, "h")];
        assert_eq!(texts(file), expected.map(|(number, text)| (number, text.to_owned())));
        assert_eq!(texts(""), []);
    }

    #[test]
    fn decodes_what_editors_write() {
        assert_eq!(decode(b"\xef\xbb\xbfa"), "a");
        assert_eq!(decode(b"\xff\xfea\0\n\0"), "a\n");
        assert_eq!(decode(b"\xfe\xff\0a\0"), "a");
        assert_eq!(decode(b"a # \xe9\n"), "a # \u{fffd}\n");
    }

    #[test]
    fn reads_options() {
        let text = str::to_owned;
        for (line, expected) in [
            ("-r base.txt", Item::Requirements(text("base.txt"))),
            ("-rbase.txt", Item::Requirements(text("base.txt"))),
            ("--requirement=base.txt", Item::Requirements(text("base.txt"))),
            ("--req base.txt", Item::Unknown(text("--req"))),
            ("--requirem base.txt", Item::Requirements(text("base.txt"))),
            ("-r 'a b.txt'", Item::Requirements(text("a b.txt"))),
            ("-c c.txt -i https://x", Item::Constraint(text("c.txt"))),
            ("-e ./lib[dev]", Item::Editable(text("./lib[dev]"))),
            ("-e . -r x.txt", Item::Editable(text("."))),
            ("--find-links=wheels -f w2", Item::FindLinks(vec![text("wheels"), text("w2")])),
            ("--no-index", Item::Setting),
            ("-i https://x", Item::Setting),
            ("--extra-index-url file:///srv/index", Item::FindLinks(vec![text("file:///srv/index")])),
            ("--extra-index-url https://${U}@x", Item::Setting),
            ("flask==3 --hash=sha256:0 --hash sha256:1", Item::Requirement(text("flask==3"))),
            ("x ; python_version < '3' -r y", Item::Requirement(text("x ; python_version < '3'"))),
            ("--frobnicate x", Item::Unknown(text("--frobnicate"))),
            ("--", Item::Unknown(text("--"))),
            ("-r", Item::Unknown(text("-r"))),
            ("-r 'x", Item::Unknown(text("-r 'x"))),
            ("--no-index=1", Item::Unknown(text("--no-index=1"))),
            ("--no", Item::Unknown(text("--no"))),
            ("-é", Item::Unknown(text("-é"))),
        ] {
            assert_eq!(item(line), expected, "{line}");
        }
    }

    #[test]
    fn only_capitals_are_variables() {
        let names = |text: &'static str| variables(text).collect::<Vec<_>>();
        assert_eq!(names("https://${USER_1}:${PASS}@x/${lower}${}$HOME${OPEN"), ["USER_1", "PASS"]);
    }
}
