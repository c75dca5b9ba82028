//! The program `dockfix`.

mod build_context;
mod cache;
mod catalogue;
mod cli;
mod diff;
mod discover;
mod history;
mod inspect;
mod paths;
mod report;
mod rewrite;
mod verify;
mod write;

use std::io::Write as _;
use std::process::ExitCode;

/// Reading Dockerfiles makes many small things of short life, on all cores at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => code,
        Err(error) => {
            // Nothing is left to do when standard error is closed.
            let _ = writeln!(std::io::stderr(), "{error:#}");
            ExitCode::from(2)
        }
    }
}
