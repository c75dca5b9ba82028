//! `dockfix [PATHS]`: from what the command line names to what is printed and written.
//!
//! 1. [`discover`](crate::discover) finds the files; [`input`] reads them and chooses their build contexts.
//! 2. [`project`] puts those together that share a context, because they share its ignore file; [`guard`] hands them to
//!    the engine and turns whatever goes wrong there into a line of the report.
//! 3. [`outcome`] makes reports and diffs of what comes back; [`output`] writes the files and prints.

mod arguments;
mod guard;
mod input;
mod outcome;
mod output;
mod project;
mod single;

use std::io;
use std::process::ExitCode;

use anyhow::Context as _;
use rayon::prelude::*;

use arguments::Mode;
pub(crate) use arguments::{Arguments, Color};
use outcome::Done;
pub(crate) use output::color_choice;
pub(crate) use single::{Single, Version, Versions, single, versions};

use crate::build_context::Contexts;
use crate::paths::Here;
use crate::report::{FileReport, Report, Status};

/// What becomes of the files, and what the caller makes of it.
///
/// # Errors
/// The arguments contradict each other or the world: nothing was done.
pub(crate) fn run(arguments: &Arguments, stdout: &mut impl io::Write) -> anyhow::Result<ExitCode> {
    let here = Here::find().context("the working directory cannot be found; change to another one")?;
    let mut options = arguments.options();
    let contexts = Contexts::new(arguments.context_directory()?);
    let from_stdin = arguments.is_stdin()?;
    guard::keep_panics_quiet();
    let input = if from_stdin {
        // There is one file to give back, and no disk to write to.
        options.skip.push("dockerignore".to_owned());
        input::from_stdin(arguments.stdin_filename.as_deref(), &contexts)?
    } else {
        input::from_disk(&arguments.paths, &contexts)
    };
    let on_stdin = input.files.first().filter(|_| from_stdin).map(|file| file.source.clone());
    let (groups, failed) = project::group(input.files, &contexts, &options);
    let mut done: Vec<Done> =
        groups.into_par_iter().flat_map_iter(|group| group.fix(&options).into_done(&here)).collect();
    let mode = arguments.mode();
    match on_stdin {
        Some(source) if mode == Mode::Write => {
            // Whatever went wrong, what comes out is a whole file.
            let rewritten = done.first().and_then(|one| one.content.as_ref()).map(|content| &content.after);
            stdout.write_all(rewritten.unwrap_or(&source))?;
        }
        None if mode == Mode::Write => output::write(&mut done),
        _ => {}
    }
    let mut files: Vec<FileReport> = done.into_iter().map(|one| one.report).collect();
    files.extend(input.reports.into_iter().chain(failed));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let report = Report { files, written: mode == Mode::Write };
    output::print(arguments, &report, stdout)?;
    Ok(exit_code(mode, &report))
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
