//! The program `dockfix`.

#[cfg(test)]
mod build_context;
mod cli;
#[cfg(test)]
mod diff;
#[cfg(test)]
mod discover;
mod inspect;
#[cfg(test)]
mod write;

use std::io::Write as _;
use std::process::ExitCode;

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
