//! The command line.

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{cache, catalogue, inspect, rewrite, verify};

/// Rewrites Dockerfiles so that builds hit the cache, and proves that nothing else changed.
///
/// Without a command, the Dockerfiles are rewritten: the changes are shown as one unified diff, and made with --write.
///
/// Exit codes: 0 done, 1 with --check when a file would change, 2 when something failed.
#[derive(Debug, Parser)]
#[command(name = "dockfix", version, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    rewrite: rewrite::Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tell which steps of a build run again after an edit, before and after the rewrite, and why.
    Cache(cache::Arguments),
    /// Build each Dockerfile as it is and as it would be rewritten, compare the images, and time the rebuilds.
    Verify(Box<verify::Arguments>),
    /// Explain a transform: what it does, why, what it refuses.
    Explain(catalogue::Arguments),
    /// List the transforms.
    Transforms,
    /// Show a Dockerfile as dockfix reads it: instructions, flags, heredocs, shell commands.
    Inspect(inspect::Arguments),
}

/// Does what the command line says.
///
/// # Errors
///
/// What the user has to know, in one line: where, what, and what to do.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let arguments = CommandLine::parse();
    // As much as a pipe takes at once.
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let done = match arguments.command {
        None => rewrite::run(&arguments.rewrite, &mut out),
        Some(Command::Cache(arguments)) => success(cache::run(&arguments, &mut out)),
        Some(Command::Verify(arguments)) => verify::run(&arguments, &mut out),
        Some(Command::Explain(arguments)) => success(catalogue::explain(&arguments, &mut out)),
        Some(Command::Transforms) => success(catalogue::list(&mut out).map_err(Into::into)),
        Some(Command::Inspect(arguments)) => success(inspect::run(&arguments, &mut out)),
    };
    match done.and_then(|code| Ok(out.flush().map(|()| code)?)) {
        // `dockfix ... | head` is no failure.
        Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        done => done,
    }
}

fn success(done: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    done.map(|()| ExitCode::SUCCESS)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
