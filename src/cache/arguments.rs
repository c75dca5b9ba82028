//! The arguments of `dockfix cache`.

use std::path::PathBuf;

use clap::ValueEnum;
use dockfix_model::cache;

use crate::history::Range;
use crate::rewrite::Color;

/// What to ask the model of the build cache.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The Dockerfile; the only one below the current directory, or the one in it, if none is given.
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// This file of the build context was edited, is new or is gone. Several edits are one change.
    #[arg(long, value_name = "PATH")]
    pub(super) edit: Vec<String>,
    /// This build argument has another value.
    #[arg(long = "arg", value_name = "NAME")]
    pub(super) argument: Vec<String>,
    /// The base images are others.
    #[arg(long)]
    pub(super) base: bool,
    /// Replay commits of the repository: the last N, those of a range like `v1.0..main`, or the last 500. Nothing is
    /// checked out.
    #[arg(
        long,
        value_name = "RANGE|N",
        num_args = 0..=1,
        default_missing_value = "500",
        conflicts_with_all = ["edit", "argument", "base"]
    )]
    history: Option<String>,
    /// Also write the replay as one self-contained HTML page.
    #[arg(long, value_name = "FILE", requires = "history")]
    pub(super) html: Option<PathBuf>,
    /// Who builds the Dockerfile.
    #[arg(long, value_enum, default_value_t = Builder::Buildkit)]
    builder: Builder,
    /// The stage that is built (`docker build --target`); the last one if none is given.
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,
    /// The build context; else it is found out.
    #[arg(long, value_name = "DIR")]
    pub(super) context: Option<PathBuf>,
    /// What to print on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    /// When to use colours; `auto` heeds NO_COLOR, CLICOLOR and CLICOLOR_FORCE.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(super) color: Color,
}

/// Who builds the Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Builder {
    /// BuildKit, which builds only the stages that are needed.
    Buildkit,
    /// The builder before BuildKit, which builds every stage up to the target and knows no `COPY --link`.
    Classic,
}

/// What to print on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Tables.
    Text,
    /// One JSON document.
    Json,
}

impl Arguments {
    /// How the Dockerfile is built.
    pub(super) fn build_options(&self) -> cache::Options {
        cache::Options {
            target: self.target.clone().map_or(cache::Target::Last, cache::Target::Stage),
            builder: match self.builder {
                Builder::Buildkit => cache::Builder::BuildKit,
                Builder::Classic => cache::Builder::Classic,
            },
            ..cache::Options::default()
        }
    }

    /// The commits to replay; `None` where none are asked for.
    pub(super) fn range(&self) -> anyhow::Result<Option<Range>> {
        let Some(text) = &self.history else { return Ok(None) };
        // `--history Dockerfile` is easily written, and not what it seems.
        if self.file.is_none() && PathBuf::from(text).is_file() {
            anyhow::bail!("--history {text}: no range of commits; write `dockfix cache {text} --history`");
        }
        Ok(Some(text.parse()?))
    }
}
