//! `dockfix inspect`: a Dockerfile as dockfix reads it.

mod report;
mod text;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use dockfix_syntax::Dockerfile;

use report::Report;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The Dockerfile; `-` reads standard input.
    file: PathBuf,
    /// How to show it. The fields of the JSON are those of the PyPI package `dockerfile` 3.4.0.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A tree with line numbers.
    Text,
    /// One JSON document.
    Json,
}

/// Writes what the file holds.
///
/// # Errors
///
/// When the file cannot be read or the result cannot be written. A Dockerfile that Docker would reject is no error: the
/// result says what is wrong with it.
pub(crate) fn run(arguments: &Arguments, out: &mut impl io::Write) -> anyhow::Result<()> {
    let path = &arguments.file;
    let file = Dockerfile::parse(read(path)?);
    let report = Report::of(&path.to_string_lossy(), &file);
    match arguments.format {
        Format::Text => text::write(&report, out)?,
        Format::Json => {
            serde_json::to_writer(&mut *out, &report).map_err(io::Error::from)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut source = Vec::new();
        io::stdin().read_to_end(&mut source).context("-: standard input cannot be read")?;
        return Ok(source);
    }
    match std::fs::read(path) {
        Ok(source) => Ok(source),
        Err(error) => {
            let path = path.display();
            anyhow::bail!("{path}: {error}; give the path of a Dockerfile, or - for standard input")
        }
    }
}
