//! The command line.

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::inspect;

/// Rewrites Dockerfiles so that builds hit the cache, and proves that nothing else changed.
#[derive(Debug, Parser)]
#[command(name = "dockfix", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show a Dockerfile as dockfix reads it: instructions, flags, heredocs, shell commands.
    Inspect(inspect::Arguments),
}

/// Does what the command line says.
///
/// # Errors
///
/// What the user has to know, in one line: where, what, and what to do.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut out = BufWriter::new(io::stdout().lock());
    let done = match arguments.command {
        Command::Inspect(arguments) => inspect::run(&arguments, &mut out),
    };
    match done.and_then(|()| Ok(out.flush()?)) {
        // `dockfix ... | head` is no failure.
        Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        done => done.map(|()| ExitCode::SUCCESS),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
