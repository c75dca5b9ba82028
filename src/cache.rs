//! `dockfix cache`: which steps of a build run again, and why.
//!
//! [`edits`] asks the model after an edit; [`mod@replay`] asks it for every commit of a history. Both compare a Dockerfile
//! with what the rewrite makes of it.

mod arguments;
mod edits;
mod json;
mod page;
mod planned;
mod progress;
mod replay;
mod table;
mod text;

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anstream::ColorChoice;
use anyhow::{Context as _, bail};
use dockfix_transforms::Options;

pub(crate) use arguments::Arguments;
use arguments::Format;

use crate::build_context::Contexts;
use crate::discover::discover;
use crate::history::{Range, Repository};
use crate::paths::Here;
use crate::report::one_line;
use crate::rewrite::{Single, color_choice, single};
use crate::write::{Batch, NewContent};
use progress::Progress;
use replay::{Place, replay};

/// What the answers are about, as it is shown.
#[derive(Debug)]
struct Subject {
    /// The Dockerfile.
    path: String,
    /// The directory of its context, if it is known.
    context: Option<String>,
}

/// Answers what the arguments ask.
///
/// # Errors
/// There is no such Dockerfile, it cannot be built, or its history cannot be read.
pub(crate) fn run(arguments: &Arguments, stdout: &mut impl Write) -> anyhow::Result<()> {
    let here = Here::find().context("the working directory cannot be found; change to another one")?;
    let contexts = Contexts::of_argument(arguments.context.as_deref())?;
    let path = dockerfile(arguments.file.as_deref())?;
    let single = single(&path, &contexts, &Options::default(), &here)?;
    let subject = Subject {
        path: single.found.shown.to_string_lossy().into_owned(),
        context: single.note.directory.clone(),
    };
    tell(&single, &subject)?;
    if let Some(range) = arguments.range()? {
        return tell_history(&single, &subject, &range, arguments, stdout);
    }
    let answers = edits::answers(arguments, &single, &arguments.build_options())?;
    match arguments.format {
        Format::Json => json::write_answers(&subject, &answers, stdout)?,
        Format::Text => {
            let mut text = Vec::new();
            text::write_answers(&answers, &mut text)?;
            print(text, arguments, stdout)?;
        }
    }
    Ok(())
}

/// Replays the history of a Dockerfile.
fn tell_history(
    single: &Single,
    subject: &Subject,
    range: &Range,
    arguments: &Arguments,
    stdout: &mut impl Write,
) -> anyhow::Result<()> {
    let path = &single.found.path;
    let repository = Repository::around(path.parent().unwrap_or(path))?;
    let Some(context) = &single.root else {
        bail!("{}: its build context is not known; name it with --context", subject.path);
    };
    let place = Place::of(&repository, path, context, &single.others).with_context(|| {
        format!(
            "{}: the file or its build context lies outside the repository {}; its history says nothing of them",
            subject.path,
            repository.work_tree().display()
        )
    })?;
    let walk = repository.walk(range)?;
    let progress = Progress::new();
    let replay = replay(&repository, &place, walk, &arguments.build_options(), &progress)?;
    drop(progress);
    if let Some(path) = &arguments.html {
        write_page(path, page::page(subject, &range.text, &replay))?;
    }
    match arguments.format {
        Format::Json => json::write_replay(subject, &range.text, &replay, stdout)?,
        Format::Text => {
            let mut text = Vec::new();
            table::write_replay(subject, &range.text, &replay, io::stdout().is_terminal(), &mut text)?;
            print(text, arguments, stdout)?;
        }
    }
    Ok(())
}

/// Writes the page in one step: nobody ever sees half of it.
fn write_page(path: &Path, page: String) -> anyhow::Result<()> {
    let shown = path.display();
    let before = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {
            let before = std::fs::read(path).with_context(|| format!("--html {shown}: cannot be read"))?;
            Some(before.into())
        }
        Ok(_) => bail!("--html {shown}: no regular file; name another one"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => bail!("--html {shown}: {error}"),
    };
    let root = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let after = page.into_bytes().into();
    let content = NewContent { path: path.to_owned(), before, after, root: root.to_owned() };
    Batch::prepare(vec![content]).and_then(Batch::commit).with_context(|| format!("--html {shown}"))
}

/// Writes text with or without its colours.
fn print(mut text: Vec<u8>, arguments: &Arguments, stdout: &mut impl Write) -> io::Result<()> {
    if color_choice(arguments.color, &io::stdout()) == ColorChoice::Never {
        text = anstream::adapter::strip_bytes(&text).into_vec();
    }
    stdout.write_all(&text)
}

/// What has to be said before any answer.
fn tell(single: &Single, subject: &Subject) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    let path = one_line(&subject.path);
    if !single.note.is_plain {
        let reason = one_line(&single.note.reason);
        match &subject.context {
            Some(directory) => {
                writeln!(stderr, "{path}: context assumed: {} ({reason})", one_line(directory))?
            }
            None => writeln!(stderr, "{path}: context unknown: {reason}")?,
        }
    }
    if let Some(bug) = &single.versions.bug {
        writeln!(
            stderr,
            "{path}: bug in dockfix: {}; there is no rewrite; please report this",
            one_line(bug)
        )?;
    }
    Ok(())
}

/// The Dockerfile that is meant.
fn dockerfile(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(path) = given {
        if path == Path::new("-") {
            bail!("-: the cache is that of a file in its build context; name one");
        }
        if path.is_dir() {
            let below = path.join("Dockerfile");
            if below.is_file() {
                return Ok(below);
            }
            bail!("{}: a directory without a Dockerfile; name a file", path.display());
        }
        return Ok(path.to_owned());
    }
    let usual = PathBuf::from("Dockerfile");
    if usual.is_file() {
        return Ok(usual);
    }
    let mut found: Vec<PathBuf> = discover(&[]).files.into_iter().map(|found| found.shown).collect();
    match found.len() {
        0 => bail!("no Dockerfile found; name one"),
        1 => Ok(found.remove(0)),
        many => {
            let first: Vec<_> = found.iter().take(3).map(|path| path.display().to_string()).collect();
            let more = if many > first.len() { ", ..." } else { "" };
            bail!("there are {many} Dockerfiles ({}{more}); name one", first.join(", "))
        }
    }
}
