//! `dockfix verify`: proof by building.
//!
//! Each Dockerfile is built twice with the user's own engine, as it is and as it would be rewritten, and the images are
//! compared: configuration and every file. Then a file of the context is edited, both are built again, and the time that
//! takes is told.
//!
//! 1. [`snapshot`] copies the build context; [`engine`] knows the command lines of the engines and [`process`] runs them;
//!    [`progress`] reads what they say.
//! 2. [`archive`] and [`layer`] read the images as the engine writes them; [`compare`] tells where they differ and
//!    [`exceptions`] where they may.
//! 3. [`edits`] chooses what is edited; [`check`] does all this for one file; [`report`] tells of it.
//!
//! Nothing of the user's is touched: the working tree is only read, the images have names and a label of their own and are
//! removed again, and the build cache is left as the builds leave it.

mod archive;
mod arguments;
mod check;
mod compare;
mod edits;
mod engine;
mod exceptions;
mod layer;
mod live;
mod process;
mod progress;
mod report;
mod snapshot;

use std::io;
use std::process::ExitCode;

use anyhow::Context as _;

pub(crate) use arguments::{Arguments, BuildArguments, Settings};
pub(crate) use check::{Pair, Verification};
pub(crate) use report::Report;

use check::Verdict;
use engine::Engine;
use live::Live;

use crate::rewrite;

/// The exit code of whoever was interrupted.
const INTERRUPTED: u8 = 130;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerifyError {
    /// The user wants to end it.
    #[error("interrupted; the images and files of the verification are removed")]
    Interrupted,
    /// Nothing can be built.
    #[error(transparent)]
    NoEngine(anyhow::Error),
}

impl VerifyError {
    /// Tells of it, and how the program ends.
    ///
    /// # Errors
    /// It is an error of which the user is told elsewhere.
    pub(crate) fn exit_code(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Interrupted => {
                let _ = io::Write::write_all(&mut io::stderr(), format!("{self}\n").as_bytes());
                Ok(ExitCode::from(INTERRUPTED))
            }
            Self::NoEngine(error) => Err(error),
        }
    }
}

/// Verifies what the command line names.
///
/// # Errors
/// The arguments contradict the world, or no engine answers: nothing was done.
pub(crate) fn run(arguments: &Arguments, out: &mut impl io::Write) -> anyhow::Result<ExitCode> {
    let selection = &arguments.selection;
    let rewritten = rewrite::rewrite(selection)?;
    let settings = arguments.builds.settings(selection.is_quiet());
    match verify(rewritten.pairs(), &settings) {
        Ok(mut report) => {
            report.files.extend(rewritten.failures());
            report.files.sort_by(|a, b| a.path.cmp(&b.path));
            let mut text = Vec::new();
            report.write(arguments.format, selection.is_verbose(), &mut text)?;
            out.write_all(&selection.in_colour(text, &io::stdout()))?;
            Ok(report.exit_code())
        }
        Err(error) => error.exit_code(),
    }
}

/// Verifies Dockerfiles one after the other.
///
/// # Errors
/// No engine answers, or the user interrupts.
pub(crate) fn verify(
    pairs: impl IntoIterator<Item = Pair>,
    settings: &Settings,
) -> Result<Report, VerifyError> {
    let mut report = Report::default();
    let mut engine = None;
    let mut live = Live::new(settings.quiet);
    for pair in pairs {
        // Where nothing changes, no engine is needed.
        let engine = match engine {
            None if pair.before.builds_as(&pair.after) => {
                report.files.push(Verification::new(&pair.path));
                continue;
            }
            None => {
                let caught = process::catch_signals().context("the signals of the system cannot be had");
                let found =
                    caught.and_then(|()| Engine::find(settings.engine)).map_err(VerifyError::NoEngine)?;
                report.engine = Some(found.kind().command());
                *engine.insert(found)
            }
            Some(engine) => engine,
        };
        let verified = check::verify(&pair, engine, settings, &mut live);
        report.files.push(verified.ok_or(VerifyError::Interrupted)?);
    }
    if settings.builtin_frontend && engine.is_some() {
        let note = "built without the `# syntax=` line, by the frontend that is part of the engine (--builtin-frontend)";
        report.notes.push(note.to_owned());
    }
    Ok(report)
}

impl Verification {
    fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            verdict: Verdict::Unchanged,
            builds: Vec::new(),
            comparison: None,
            rebuilds: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// A file that cannot be verified. `message` is one sentence without a full stop.
    pub(crate) fn failed(path: &str, message: String) -> Self {
        Self { verdict: Verdict::Error(message), ..Self::new(path) }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
