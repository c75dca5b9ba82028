//! Writes the files and prints the report.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::arguments::{Arguments, Format};
use super::outcome::Done;
use super::selection::Color;
use crate::report::{FileError, Report, Verbosity, write_json, write_text};
use crate::write::{Batch, NewContent};

/// Writes the files that changed. Those of one repository are all written or none; a report says why not.
pub(super) fn write(done: &mut [Done]) {
    let mut repositories: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
    for (index, one) in done.iter().enumerate() {
        if one.content.is_some() {
            repositories.entry(one.repository.clone()).or_default().push(index);
        }
    }
    for mut indices in repositories.into_values() {
        indices.sort_by_key(|&index| !done[index].is_ignore_file);
        let contents: Vec<NewContent> =
            indices.iter().filter_map(|&index| done[index].content.clone()).collect();
        let Err(error) = Batch::prepare(contents).and_then(Batch::commit) else { continue };
        for index in indices {
            let one = &mut done[index];
            let to_blame = one.content.as_ref().is_some_and(|content| content.path == error.path);
            one.report.fail(FileError::new(match to_blame {
                true => error.to_string(),
                false => format!("not written, because {} is not", error.path.display()),
            }));
        }
    }
}

/// Prints what was asked for on standard output, and the summary on standard error.
pub(super) fn print(arguments: &Arguments, report: &Report, stdout: &mut impl Write) -> io::Result<()> {
    match arguments.output() {
        Some(Format::Diff) => {
            let colours = arguments.selection.has_colour(&io::stdout());
            for file in &report.files {
                if colours { write_coloured(&file.diff, stdout)? } else { stdout.write_all(&file.diff)? }
            }
        }
        Some(Format::Json) => write_json(report, stdout)?,
        None => {}
    }
    // The summary comes below the diff where both go to a terminal.
    stdout.flush()?;
    let verbosity = match (arguments.output(), arguments.selection.verbosity()) {
        // JSON says it all.
        (Some(Format::Json), Verbosity::Normal) => Verbosity::Quiet,
        (_, verbosity) => verbosity,
    };
    let mut text = Vec::new();
    let colours = arguments.selection.has_colour(&io::stderr());
    write_text(report, verbosity, colours, &mut text)?;
    io::stderr().lock().write_all(&text)
}

/// Whether to use colours on a stream.
pub(crate) fn color_choice<S: anstream::stream::RawStream>(color: Color, stream: &S) -> ColorChoice {
    match color {
        Color::Auto => AutoStream::choice(stream),
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
}

/// A diff in git's colours.
fn write_coloured(diff: &[u8], out: &mut impl Write) -> io::Result<()> {
    for line in diff.split_inclusive(|&byte| byte == b'\n') {
        let style = match line {
            [b'@', ..] => AnsiColor::Cyan.on_default(),
            [b'+', b'+', b'+', b' ', ..] | [b'-', b'-', b'-', b' ', ..] | [b'd' | b'n', ..] => {
                Style::new().bold()
            }
            [b'+', ..] => AnsiColor::Green.on_default(),
            [b'-', ..] => AnsiColor::Red.on_default(),
            _ => Style::new(),
        };
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        write!(out, "{style}")?;
        out.write_all(text)?;
        writeln!(out, "{style:#}")?;
    }
    Ok(())
}
