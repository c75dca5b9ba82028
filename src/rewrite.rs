//! `dockfix [PATHS]`: from what the command line names to what is printed and written.
//!
//! 1. [`discover`](crate::discover) finds the files; [`input`] reads them and chooses their build contexts.
//! 2. [`project`] puts those together that share a context, because they share its ignore file; [`guard`] hands them to
//!    the engine and turns whatever goes wrong there into a line of the report.
//! 3. [`outcome`] makes reports and diffs of what comes back; [`verified`] keeps what does not make the same image from
//!    being written; [`output`] writes the files and prints.

mod arguments;
mod guard;
mod input;
mod others;
mod outcome;
mod output;
mod project;
mod selection;
mod single;
mod verified;

use std::io;
use std::process::ExitCode;

use anyhow::Context as _;
use dockfix_transforms::Options;
use rayon::prelude::*;

pub(crate) use arguments::Arguments;
use arguments::Mode;
use input::Input;
use outcome::Done;
pub(crate) use output::color_choice;
pub(crate) use selection::{Color, Selection};
pub(crate) use single::{Single, Version, Versions, single, versions};

use crate::build_context::Contexts;
use crate::paths::Here;
use crate::report::{FileReport, Report, Status};
use crate::verify::VerifyError;

/// What became of the files, before anything is written.
#[derive(Debug)]
pub(crate) struct Rewritten {
    done: Vec<Done>,
    /// What has come to its end before it was rewritten.
    reports: Vec<FileReport>,
}

/// Rewrites the files on disk that are selected, and writes nothing.
///
/// # Errors
/// The arguments contradict the world: nothing was done.
pub(crate) fn rewrite(selection: &Selection) -> anyhow::Result<Rewritten> {
    anyhow::ensure!(
        !selection.names_stdin(),
        "builds need files on disk; name the Dockerfile instead of `-`"
    );
    let contexts = Contexts::of_argument(selection.context.as_deref())?;
    guard::keep_panics_quiet();
    let input = input::from_disk(&selection.paths, &contexts);
    rewrite_all(input, &contexts, &selection.options())
}

fn rewrite_all(input: Input, contexts: &Contexts, options: &Options) -> anyhow::Result<Rewritten> {
    let here = Here::find().context("the working directory cannot be found; change to another one")?;
    let (groups, failed) = project::group(input.files, input.templates, contexts, options);
    let done = groups.into_par_iter().flat_map_iter(|group| group.fix(options).into_done(&here)).collect();
    Ok(Rewritten { done, reports: input.reports.into_iter().chain(failed).collect() })
}

/// What becomes of the files, and what the caller makes of it.
///
/// # Errors
/// The arguments contradict each other or the world: nothing was done.
pub(crate) fn run(arguments: &Arguments, stdout: &mut impl io::Write) -> anyhow::Result<ExitCode> {
    let mut options = arguments.selection.options();
    let contexts = Contexts::of_argument(arguments.selection.context.as_deref())?;
    let from_stdin = arguments.is_stdin()?;
    arguments.check_builds()?;
    guard::keep_panics_quiet();
    let input = if from_stdin {
        // There is one file to give back, and no disk to write to.
        options.skip.push("dockerignore".to_owned());
        input::from_stdin(arguments.stdin_filename.as_deref(), &contexts)?
    } else {
        input::from_disk(&arguments.selection.paths, &contexts)
    };
    let on_stdin = input.files.first().filter(|_| from_stdin).map(|file| file.file.shared_source());
    let mut rewritten = rewrite_all(input, &contexts, &options)?;
    let mode = arguments.mode();
    if arguments.verify
        && let Err(error) =
            rewritten.keep_verified(&arguments.builds.settings(arguments.selection.is_quiet()))
    {
        return VerifyError::exit_code(error);
    }
    let Rewritten { mut done, reports } = rewritten;
    match on_stdin {
        Some(source) if mode == Mode::Write => {
            // Whatever went wrong, what comes out is a whole file.
            let rewritten = done.first().and_then(|one| one.content.as_ref()).map(|content| &content.after);
            stdout.write_all(rewritten.unwrap_or(&source))?;
        }
        None if mode == Mode::Write => output::write(&mut done),
        _ => {}
    }
    let mut files: Vec<FileReport> = done.into_par_iter().map(|one| one.report).collect();
    files.extend(reports);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let report = Report { files, written: mode == Mode::Write };
    output::print(arguments, &report, stdout)?;
    let code = exit_code(mode, &report);
    // The program ends here. To give back what thousands of files took, piece by piece, would only take time.
    std::mem::forget((report, contexts));
    Ok(code)
}

/// 2 when something failed, 1 with `--check` when a file would change, else 0.
fn exit_code(mode: Mode, report: &Report) -> ExitCode {
    let any = |status| report.files.iter().any(|file| file.status == status);
    if any(Status::Failed) {
        ExitCode::from(2)
    } else if mode == Mode::Check && any(Status::Changed) {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    }
}
