//! The arguments of `dockfix verify`, and those of a build, which `dockfix --write --verify` takes as well.

use std::time::Duration;

use clap::ValueEnum;

use super::engine::{EngineKind, Passed};
use crate::rewrite::Selection;

/// What to verify and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(super) selection: Selection,
    /// How to print what was found.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    #[command(flatten)]
    pub(super) builds: BuildArguments,
}

/// How to print what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table.
    Text,
    /// One JSON document.
    Json,
    /// Markdown, for a pull request.
    Markdown,
}

/// What the builds of a verification need.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Builds of verify")]
pub(crate) struct BuildArguments {
    /// What builds; the first of them that answers if it is not said.
    #[arg(long, value_enum)]
    engine: Option<EngineKind>,
    /// A build argument; without a value, that of the environment.
    #[arg(long, value_name = "NAME[=VALUE]")]
    build_arg: Vec<String>,
    /// A secret for the builds, as for `docker build`.
    #[arg(long, value_name = "SECRET")]
    secret: Vec<String>,
    /// The stage to build, instead of the last.
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,
    /// The platform to build for; one at a time.
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// The network of the RUN instructions, such as `host`.
    #[arg(long, value_name = "NETWORK")]
    network: Option<String>,
    /// End a build that takes longer than this, in seconds.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: Option<u64>,
    /// Leave the `# syntax=` line out of what is built: the engine's own frontend reads the file, and none is pulled.
    #[arg(long)]
    builtin_frontend: bool,
    /// Edit this file of the build context before the builds are repeated, instead of one that is chosen; may be repeated.
    #[arg(long, value_name = "PATH")]
    edit: Vec<String>,
    /// What else to pass on to every build.
    #[arg(last = true, value_name = "BUILD OPTIONS")]
    extra: Vec<String>,
}

/// What all verifications of a run have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(super) engine: Option<EngineKind>,
    pub(super) passed: Passed,
    pub(super) builtin_frontend: bool,
    /// The stage that is built; the last if it is not said.
    pub(super) target: Option<String>,
    /// The files of the context to edit; typical ones are chosen where this is empty.
    pub(super) edits: Vec<String>,
    /// Show no progress.
    pub(super) quiet: bool,
}

impl BuildArguments {
    /// Whether any of them is there.
    pub(crate) fn is_given(&self) -> bool {
        let flags =
            self.engine.is_some() || self.timeout.is_some() || self.builtin_frontend || !self.edit.is_empty();
        flags || !self.passed_on().is_empty()
    }

    pub(crate) fn settings(&self, quiet: bool) -> Settings {
        Settings {
            engine: self.engine,
            passed: Passed { arguments: self.passed_on(), time: self.timeout.map(Duration::from_secs) },
            builtin_frontend: self.builtin_frontend,
            target: self.target.clone(),
            edits: self.edit.clone(),
            quiet,
        }
    }

    /// In the words of all engines; what the user wrote for this one comes last.
    fn passed_on(&self) -> Vec<String> {
        let several = [("--build-arg", &self.build_arg), ("--secret", &self.secret)];
        let several =
            several.into_iter().flat_map(|(flag, values)| values.iter().map(move |value| (flag, value)));
        let single =
            [("--target", &self.target), ("--platform", &self.platform), ("--network", &self.network)];
        let single = single.into_iter().filter_map(|(flag, value)| Some((flag, value.as_ref()?)));
        let flags = several.chain(single).map(|(flag, value)| format!("{flag}={value}"));
        flags.chain(self.extra.iter().cloned()).collect()
    }
}
