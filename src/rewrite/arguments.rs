//! The arguments of `dockfix [PATHS]`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use dockfix_transforms::{Options, registry};

use crate::report::Verbosity;

/// What to rewrite and how to show it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Dockerfiles, and directories to search for Dockerfiles; `-` reads one from standard input. The current directory
    /// if none is given.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Apply the changes, instead of showing them. With `-`, print the rewritten file.
    #[arg(long, short, conflicts_with = "check")]
    write: bool,
    /// Exit with 1 if a file would change, and change nothing.
    #[arg(long)]
    check: bool,
    /// Print the changes as a unified diff that `git apply` takes, also with --write or --check.
    #[arg(long, conflicts_with = "format")]
    diff: bool,
    /// What to print on standard output.
    #[arg(long, value_enum)]
    format: Option<Format>,
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
    context: Option<PathBuf>,
    /// The path that the file on standard input is meant to have.
    #[arg(long, value_name = "PATH")]
    pub(super) stdin_filename: Option<PathBuf>,
    /// When to use colours; `auto` heeds NO_COLOR, CLICOLOR and CLICOLOR_FORCE.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(super) color: Color,
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

/// What to print on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A unified diff.
    Diff,
    /// One JSON document with every change, refusal and error.
    Json,
}

/// What to do with the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Show,
    Check,
    Write,
}

impl Arguments {
    pub(super) fn mode(&self) -> Mode {
        match (self.write, self.check) {
            (true, _) => Mode::Write,
            (_, true) => Mode::Check,
            _ => Mode::Show,
        }
    }

    /// What goes to standard output: the diff, unless the changes are wanted elsewhere or only counted.
    pub(super) fn output(&self) -> Option<Format> {
        let asked = if self.diff { Some(Format::Diff) } else { self.format };
        asked.or((self.mode() == Mode::Show).then_some(Format::Diff))
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

    /// The directory after --context, absolute and without links.
    pub(super) fn context_directory(&self) -> anyhow::Result<Option<PathBuf>> {
        let Some(directory) = &self.context else { return Ok(None) };
        let shown = directory.display();
        let real = std::fs::canonicalize(directory).with_context(|| format!("--context {shown}"))?;
        anyhow::ensure!(real.is_dir(), "--context {shown}: no directory");
        Ok(Some(real))
    }

    /// Whether the one file is on standard input.
    pub(super) fn is_stdin(&self) -> anyhow::Result<bool> {
        let stdin = self.paths.iter().any(|path| path == Path::new("-"));
        anyhow::ensure!(
            !stdin || self.paths.len() == 1,
            "`-` stands for one file; leave out the other paths"
        );
        anyhow::ensure!(stdin || self.stdin_filename.is_none(), "--stdin-filename needs `-` as the path");
        if stdin && self.write {
            anyhow::ensure!(
                self.output().is_none(),
                "with `-`, --write prints the rewritten file; leave out --diff and --format"
            );
        }
        Ok(stdin)
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
