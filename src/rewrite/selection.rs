//! The arguments that say which files are meant and which rewrites are wanted, whatever is done with them.

use std::path::{Path, PathBuf};

use anstream::ColorChoice;
use clap::ValueEnum;
use dockfix_transforms::{Options, registry};

use super::output::color_choice;
use crate::report::Verbosity;

/// Which files and which rewrites.
#[derive(Debug, clap::Args)]
pub(crate) struct Selection {
    /// Dockerfiles, and directories to search for Dockerfiles; `-` reads one from standard input. The current directory
    /// if none is given.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Only these transforms, separated by commas.
    #[arg(long, value_name = "TRANSFORMS", value_delimiter = ',', value_parser = transform_name)]
    only: Vec<String>,
    /// All but these transforms, separated by commas.
    #[arg(long, value_name = "TRANSFORMS", value_delimiter = ',', value_parser = transform_name)]
    skip: Vec<String>,
    /// Also make changes that are not shown to keep the image as it is. The diff marks them.
    #[arg(long = "unsafe")]
    allow_unsafe: bool,
    /// The build context of all the Dockerfiles; else it is found out for each.
    #[arg(long, value_name = "DIR")]
    pub(super) context: Option<PathBuf>,
    /// When to use colours; `auto` heeds NO_COLOR, CLICOLOR and CLICOLOR_FORCE.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    /// Say nothing but errors on standard error.
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Tell of every file and its build context.
    #[arg(long, short)]
    verbose: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On terminals.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Selection {
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    pub(super) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }

    pub(super) fn options(&self) -> Options {
        Options { only: self.only.clone(), skip: self.skip.clone(), allow_unsafe: self.allow_unsafe }
    }

    /// Whether standard input is among the paths.
    pub(super) fn names_stdin(&self) -> bool {
        self.paths.iter().any(|path| path == Path::new("-"))
    }

    /// Whether what goes to `stream` may have colours.
    pub(super) fn has_colour(&self, stream: &impl anstream::stream::RawStream) -> bool {
        color_choice(self.color, stream) != ColorChoice::Never
    }

    /// Text with colours, or without them if `stream` may have none.
    pub(crate) fn in_colour(&self, text: Vec<u8>, stream: &impl anstream::stream::RawStream) -> Vec<u8> {
        if self.has_colour(stream) { text } else { anstream::adapter::strip_bytes(&text).into_vec() }
    }
}

/// A name of a transform that exists.
fn transform_name(name: &str) -> Result<String, String> {
    let known: Vec<&str> = registry().iter().map(|transform| transform.id).collect();
    if known.contains(&name) {
        return Ok(name.to_owned());
    }
    Err(format!("there is no transform of that name; there are {}", known.join(", ")))
}
