//! `sed` and `find`.

use super::touched::Touched;
use crate::options::{Grammar, Value};

/// `sed`: with `-i` the operands are written.
pub(super) fn sed(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&Grammar::gnu(
        &["-e --expression -l"],
        &["-n -r -E -s -u -z -i --in-place --quiet --silent --regexp-extended"],
    ))?;
    let command = touched.command;
    // What follows the letter in its word is the suffix of a backup file.
    let makes_backups = command.arguments.iter().any(|argument| {
        let letters = argument.text.strip_prefix(b"-").filter(|letters| !letters.starts_with(b"-"));
        letters.is_some_and(|letters| letters.contains(&b'i') && !letters.ends_with(b"i"))
            || argument.text.starts_with(b"--in-place=")
    });
    if makes_backups {
        return None;
    }
    let expressions: Vec<_> =
        words.options.iter().filter(|option| matches!(option.name, "-e" | "--expression")).collect();
    for expression in &expressions {
        match &expression.value {
            Value::Known(script) => is_tame(script).then_some(())?,
            _ => is_tame(&skeleton(expression.words.last()?.text)?).then_some(())?,
        }
    }
    let mut files = words.operands.iter();
    if expressions.is_empty() {
        let script = files.next()?;
        match script.value {
            Some(script) => is_tame(script).then_some(())?,
            None => is_tame(&skeleton(script.argument.text)?).then_some(())?,
        }
    }
    let in_place = words.has(&["-i", "--in-place"]);
    for file in files {
        let path = touched.operand(file)?;
        if in_place { touched.writes(path) } else { touched.reads(path) }
    }
    Some(())
}

/// Stands for the value of a variable: nothing that sed reads as a command.
const UNKNOWN: char = '\u{1}';

/// The text of a quoted script with [`UNKNOWN`] in the place of every variable; `None` where the shell does more to it.
fn skeleton(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let mut skeleton = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['$', '`', '\'', '"', '\\']) {
        skeleton.push_str(&rest[..at]);
        let special = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match special {
            b'$' => {
                let name = |text: &str| {
                    text.find(|ch: char| !(ch.is_ascii_alphanumeric() || ch == '_')).unwrap_or(text.len())
                };
                if let Some(braced) = rest.strip_prefix('{') {
                    let (name_text, after) = braced.split_once('}')?;
                    if name(name_text) != name_text.len() {
                        return None;
                    }
                    rest = after;
                    skeleton.push(UNKNOWN);
                } else if name(rest) > 0 {
                    rest = &rest[name(rest)..];
                    skeleton.push(UNKNOWN);
                } else {
                    // The last line, or the end of a line in a pattern.
                    skeleton.push('$');
                }
            }
            b'`' => return None,
            b'\\' => {
                let next = rest.chars().next()?;
                if !matches!(next, '$' | '"' | '`') {
                    skeleton.push('\\');
                }
                skeleton.push(next);
                rest = &rest[next.len_utf8()..];
            }
            _ => {}
        }
    }
    skeleton.push_str(rest);
    Some(skeleton)
}

/// Whether a script of sed (POSIX, and sed(1) of GNU) runs no program and reads or writes no file of its own.
fn is_tame(script: &str) -> bool {
    let mut rest = script;
    while let Some(next) = after_command(rest) {
        if next.trim_start_matches([';', '\n', ' ', '\t', '}']).is_empty() {
            return true;
        }
        rest = next;
    }
    rest.trim().is_empty()
}

/// What follows the first command of a script; `None` where that command is not known to be harmless.
fn after_command(script: &str) -> Option<&str> {
    let mut rest = script.trim_start_matches([';', '\n', ' ', '\t', '}']);
    loop {
        rest = after_address(rest)?.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => {
                let after = after.trim_start();
                // GNU: `first,+N` and `first,~N`.
                rest = after.strip_prefix(['+', '~']).unwrap_or(after);
            }
            None => break,
        }
    }
    rest = rest.trim_start_matches(['!', ' ']);
    let command = rest.chars().next()?;
    rest = &rest[command.len_utf8()..];
    match command {
        's' => {
            let delimiter = rest.chars().next().filter(|ch| *ch != '\n' && *ch != '\\')?;
            rest = after_delimited(&rest[delimiter.len_utf8()..], delimiter)?;
            rest = after_delimited(rest, delimiter)?;
            Some(rest.trim_start_matches(|ch: char| ch.is_ascii_digit() || "gpiIMm".contains(ch)))
                .filter(|rest| ends_command(rest))
        }
        'y' => {
            let delimiter = rest.chars().next()?;
            rest = after_delimited(&rest[delimiter.len_utf8()..], delimiter)?;
            after_delimited(rest, delimiter).filter(|rest| ends_command(rest))
        }
        // Text up to the end of a line that does not end in a backslash.
        'a' | 'i' | 'c' => {
            let mut from = 0;
            loop {
                let Some(end) = rest[from..].find('\n') else { return Some("") };
                let end = from + end;
                if !rest[..end].ends_with('\\') {
                    return Some(&rest[end..]);
                }
                from = end + 1;
            }
        }
        'd' | 'D' | 'p' | 'P' | 'n' | 'N' | 'g' | 'G' | 'h' | 'H' | 'x' | '=' | 'z' | 'l' | 'q' | 'Q' => {
            Some(rest.trim_start_matches(|ch: char| ch.is_ascii_digit())).filter(|rest| ends_command(rest))
        }
        '{' => Some(rest),
        ':' | 'b' | 't' | 'T' => Some(rest.trim_start_matches(|ch: char| !matches!(ch, ';' | '\n' | '}'))),
        '#' => Some(rest.find('\n').map_or("", |end| &rest[end..])),
        _ => None,
    }
}

fn ends_command(rest: &str) -> bool {
    rest.trim_start_matches([' ', '\t']).chars().next().is_none_or(|ch| matches!(ch, ';' | '\n' | '}' | '#'))
}

/// What follows an address: a number, `$`, `/regex/`.
fn after_address(script: &str) -> Option<&str> {
    let mut chars = script.chars();
    match chars.next() {
        Some('$') => Some(chars.as_str()),
        Some('/') => Some(after_delimited(chars.as_str(), '/')?.trim_start_matches(['I', 'M'])),
        Some('\\') => {
            let delimiter = chars.next()?;
            Some(after_delimited(chars.as_str(), delimiter)?.trim_start_matches(['I', 'M']))
        }
        Some(digit) if digit.is_ascii_digit() => {
            Some(script.trim_start_matches(|ch: char| ch.is_ascii_digit() || ch == '~'))
        }
        _ => Some(script),
    }
}

/// What follows the next `delimiter` that no backslash protects.
fn after_delimited(text: &str, delimiter: char) -> Option<&str> {
    let mut chars = text.chars();
    while let Some(ch) = chars.next() {
        if ch == '\\' {
            chars.next()?;
        } else if ch == delimiter {
            return Some(chars.as_str());
        }
    }
    None
}

/// `find`: what it does with what it finds, it does below the directories it starts from.
pub(super) fn find(touched: &mut Touched<'_>) -> Option<()> {
    let command = touched.command;
    let arguments = &command.arguments[..];
    let is_expression = |value: Option<&str>| {
        value.is_some_and(|value| value.starts_with('-') || matches!(value, "(" | ")" | "!" | ","))
    };
    let start = arguments.iter().position(|argument| is_expression(argument.value.as_deref()));
    let (places, expression) = arguments.split_at(start.unwrap_or(arguments.len()));
    let writes = acts(expression)?;
    let mut paths = Vec::new();
    for place in places {
        paths.push(touched.path_of(place)?);
    }
    if paths.is_empty() {
        paths.push(command.directory.clone()?);
    }
    for path in paths {
        if writes { touched.writes(path) } else { touched.reads(path) }
    }
    Some(())
}

/// Whether the expression changes what is found; `None` where it does anything else.
fn acts(expression: &[dockfix_model::commands::Argument<'_>]) -> Option<bool> {
    const TESTS_WITH_VALUE: &str = "-name -iname -path -ipath -wholename -regex -iregex -type -xtype -maxdepth -mindepth \
        -perm -user -group -uid -gid -size -mtime -mmin -atime -amin -ctime -cmin -links -inum -regextype -printf -fstype";
    const TESTS: &str = "-depth -d -xdev -mount -empty -nouser -nogroup -print -print0 -ls -prune -quit -not -a -and -o -or \
        -true -false -executable -readable -writable -noleaf -daystart -P ( ) ! ,";
    // What these do to files is done to those that were found: the words behind them are options and modes.
    const PROGRAMS: &str = "rm rmdir chmod chown chgrp touch strip";
    let mut writes = false;
    let mut arguments = expression.iter();
    while let Some(argument) = arguments.next() {
        let word = argument.value.as_deref()?;
        let is_in = |list: &str| list.split_ascii_whitespace().any(|item| item == word);
        if is_in(TESTS_WITH_VALUE) {
            arguments.next()?;
        } else if word == "-delete" {
            writes = true;
        } else if word == "-exec" {
            let program = arguments.next()?.value.as_deref()?;
            if !PROGRAMS.split(' ').any(|known| known == program) {
                return None;
            }
            writes = true;
            let mut operands = 0;
            loop {
                let word = arguments.next()?.value.as_deref()?;
                match word {
                    ";" | "+" => break,
                    "{}" => {}
                    _ if word.starts_with('-') => {}
                    _ => operands += 1,
                }
                let allowed = match program {
                    "chmod" | "chown" | "chgrp" => 1,
                    _ => 0,
                };
                if operands > allowed {
                    return None;
                }
            }
        } else if !is_in(TESTS) {
            return None;
        }
    }
    Some(writes)
}
