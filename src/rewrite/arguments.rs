//! The arguments of `dockfix [PATHS]`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::selection::Selection;
use crate::verify::BuildArguments;

/// What to rewrite and how to show it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(super) selection: Selection,
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
    /// The path that the file on standard input is meant to have.
    #[arg(long, value_name = "PATH")]
    pub(super) stdin_filename: Option<PathBuf>,
    /// With --write: build before and after as `dockfix verify` does, and write only what makes the same image.
    #[arg(long, requires = "write")]
    pub(super) verify: bool,
    #[command(flatten)]
    pub(super) builds: BuildArguments,
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

    /// Whether the one file is on standard input.
    pub(super) fn is_stdin(&self) -> anyhow::Result<bool> {
        let stdin = self.selection.names_stdin();
        anyhow::ensure!(
            !stdin || self.selection.paths.len() == 1,
            "`-` stands for one file; leave out the other paths"
        );
        anyhow::ensure!(stdin || self.stdin_filename.is_none(), "--stdin-filename needs `-` as the path");
        if stdin && self.write {
            anyhow::ensure!(
                self.output().is_none(),
                "with `-`, --write prints the rewritten file; leave out --diff and --format"
            );
        }
        anyhow::ensure!(
            !stdin || !self.verify,
            "--verify builds files on disk; name the Dockerfile instead of `-`"
        );
        Ok(stdin)
    }

    /// Options of builds are for builds.
    pub(super) fn check_builds(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.verify || !self.builds.is_given(),
            "options of builds need `dockfix verify`, or --write --verify"
        );
        Ok(())
    }
}
