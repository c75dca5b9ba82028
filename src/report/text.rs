//! The summary for people: one line for each change, each refusal and each error, and the counts.

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use dockfix_model::cache::Edit;
use dockfix_transforms::{Gain, Safety};
use rayon::prelude::*;

use super::{FileReport, Report, Status};

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors only.
    Quiet,
    /// Changes, refusals, assumptions and counts as well.
    #[default]
    Normal,
    /// Every file and every build context.
    Verbose,
}

/// How what is told looks.
#[derive(Clone, Copy, Default)]
struct Looks {
    path: Style,
    transform: Style,
    left_alone: Style,
    marked_unsafe: Style,
    error: Style,
}

const COLOURED: Looks = Looks {
    path: Style::new().bold(),
    transform: AnsiColor::Cyan.on_default(),
    left_alone: Style::new().dimmed(),
    marked_unsafe: AnsiColor::Yellow.on_default().bold(),
    error: AnsiColor::Red.on_default().bold(),
};

/// Writes the summary, with or without colours.
pub(crate) fn write_text(
    report: &Report,
    verbosity: Verbosity,
    colours: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let looks = if colours { COLOURED } else { Looks::default() };
    let of_files = report.files.par_iter().map(|file| {
        let mut text = Vec::new();
        write_file(file, verbosity, looks, &mut text).map(|()| text)
    });
    for text in of_files.collect::<io::Result<Vec<_>>>()? {
        out.write_all(&text)?;
    }
    if verbosity == Verbosity::Quiet {
        return Ok(());
    }
    writeln!(out, "{}", totals(report))
}

fn write_file(file: &FileReport, verbosity: Verbosity, looks: Looks, out: &mut impl Write) -> io::Result<()> {
    let Looks { path: bold, error: red, .. } = looks;
    let path = format!("{bold}{}{bold:#}", one_line(&file.path));
    if verbosity > Verbosity::Quiet {
        if let Some(context) =
            file.context.as_ref().filter(|it| !it.is_plain || verbosity == Verbosity::Verbose)
        {
            let reason = one_line(&context.reason);
            let assumed = if context.is_plain { "context" } else { "context assumed" };
            match &context.directory {
                Some(directory) => writeln!(out, "{path}: {assumed}: {} ({reason})", one_line(directory))?,
                None => writeln!(out, "{path}: context unknown: {reason}")?,
            }
        }
        write_findings(file, &path, looks, out)?;
        if let Some(gains) = gains(file) {
            writeln!(out, "{path}: {}", one_line(&gains))?;
        }
        if verbosity == Verbosity::Verbose && file.status == Status::Unchanged && file.refusals.is_empty() {
            writeln!(out, "{path}: nothing to change")?;
        }
    }
    for error in &file.errors {
        let kind = if error.is_bug { "bug in dockfix" } else { "error" };
        let line = error.line.map_or_else(String::new, |line| format!("{line}:"));
        let please = if error.is_bug { "; the file stays as it is; please report this" } else { "" };
        writeln!(out, "{path}:{line} {red}{kind}{red:#}: {}{please}", one_line(&error.message))?;
    }
    Ok(())
}

/// Changes and refusals in the order of lines, so that a file is read from top to bottom.
fn write_findings(file: &FileReport, path: &str, looks: Looks, out: &mut impl Write) -> io::Result<()> {
    let Looks { transform: cyan, left_alone: dim, marked_unsafe: yellow, .. } = looks;
    let changes = file.changes.iter().map(|change| {
        let mark = match change.safety {
            Safety::Safe => String::new(),
            Safety::Unsafe => format!("{yellow}[unsafe]{yellow:#} "),
        };
        (change.line, change.transform, mark, &change.reason)
    });
    let refusals = file.refusals.iter().map(|refusal| {
        (refusal.line, refusal.transform, format!("{dim}left alone:{dim:#} "), &refusal.reason)
    });
    let mut findings: Vec<_> = changes.chain(refusals).collect();
    findings.sort_by_key(|(line, ..)| *line);
    for (line, transform, mark, reason) in findings {
        let reason = one_line(reason);
        writeln!(out, "{path}:{line}: {cyan}{transform}{cyan:#}: {mark}{reason}")?;
    }
    Ok(())
}

/// What the change is good for: `after a source edit 5 -> 2 steps rerun, after a documentation edit 4 -> 1`. Of several
/// edits of a kind, the one with the largest gain is told.
fn gains(file: &FileReport) -> Option<String> {
    let mut told: Vec<&Gain> = Vec::new();
    for gain in file.gains.iter().filter(|gain| gain.after < gain.before) {
        match told.iter_mut().find(|other| other.kind == gain.kind) {
            Some(other) if other.before - other.after < gain.before - gain.after => *other = gain,
            Some(_) => {}
            None => told.push(gain),
        }
    }
    let (first, others) = told.split_first()?;
    let what = |gain: &Gain| match &gain.edit {
        Edit::Argument(name) => format!("after another value of {name}"),
        _ => format!("after {}", gain.kind.describe()),
    };
    let mut text = format!("{} {} -> {} rerun", what(first), first.before, count(first.after, "step"));
    for gain in others {
        text += &format!(", {} {} -> {}", what(gain), gain.before, gain.after);
    }
    Some(text)
}

/// `2 files would change (3 changes, 1 unsafe), 4 unchanged, 1 failed; 2 rewrites left alone`
fn totals(report: &Report) -> String {
    let counts = report.counts();
    if counts.files == 0 {
        return "no Dockerfile found".to_owned();
    }
    let mut text = match (counts.changed, report.written) {
        (0, false) => "no file would change".to_owned(),
        (0, true) => "no file changed".to_owned(),
        (changed, false) => format!("{} would change", count(changed, "file")),
        (changed, true) => format!("{} changed", count(changed, "file")),
    };
    if counts.changes > 0 {
        text += &format!(" ({}", count(counts.changes, "change"));
        if counts.unsafe_changes > 0 {
            text += &format!(", {} unsafe", counts.unsafe_changes);
        }
        text.push(')');
    }
    if counts.unchanged > 0 {
        text += &format!(", {} unchanged", counts.unchanged);
    }
    if counts.failed > 0 {
        text += &format!(", {} failed", counts.failed);
    }
    if counts.refusals > 0 {
        text += &format!("; {} left alone", count(counts.refusals, "rewrite"));
    }
    text
}

pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Text from a file or a file name, made harmless: no line breaks, no control characters for the terminal to act on.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_plain || !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' | '\r' | '\t' => clean.push(' '),
            _ if char.is_control() => clean.extend(char.escape_unicode()),
            _ => clean.push(char),
        }
    }
    Cow::Owned(clean)
}
