//! Reads the Dockerfiles and finds out their build contexts.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use dockfix_model::context::MAX_FILE_SIZE;
use dockfix_syntax::Dockerfile;
use dockfix_transforms::Refusal;
use rayon::prelude::*;

use crate::build_context::{Choice, Contexts};
use crate::discover::{Found, discover, repository_of, starts_like_a_dockerfile};
use crate::report::{FileError, FileReport};

use super::others::Others;

/// What there is to do.
#[derive(Debug, Default)]
pub(super) struct Input {
    /// The Dockerfiles, sorted by path.
    pub(super) files: Vec<InputFile>,
    /// What has come to its end already: files that cannot be read, or that are no Dockerfiles after all.
    pub(super) reports: Vec<FileReport>,
    /// Templates of Dockerfiles.
    pub(super) templates: Others,
}

/// A Dockerfile that was read.
#[derive(Clone, Debug)]
pub(super) struct InputFile {
    /// Where it was found.
    pub(super) found: Found,
    /// The file, parsed.
    pub(super) file: Arc<Dockerfile>,
    /// Whether BuildKit would accept it; beside the file, because thousands are asked one after the other.
    is_sound: bool,
    /// Its build context.
    pub(super) context: Choice,
}

/// Finds and reads the Dockerfiles that the paths name.
pub(super) fn from_disk(paths: &[std::path::PathBuf], contexts: &Contexts) -> Input {
    let discovery = discover(paths);
    let mut input = Input::default();
    for (path, reason) in discovery.passed_over {
        input.templates.add_template(&path);
        input.reports.push(passed_over(&path, reason));
    }
    for (path, error) in discovery.errors {
        input.reports.push(FileReport::failed(path.to_string_lossy().into_owned(), FileError::new(error)));
    }
    let read: Vec<Option<Result<InputFile, FileReport>>> = discovery
        .files
        .into_par_iter()
        .map(|found| read_file(found, |found, file| contexts.choose(found, file)))
        .collect();
    for one in read.into_iter().flatten() {
        match one {
            Ok(file) => input.files.push(file),
            Err(report) => {
                if report.errors.is_empty() {
                    input.templates.add_template(Path::new(&report.path));
                }
                input.reports.push(report);
            }
        }
    }
    input
}

/// Reads the Dockerfiles below a directory, and templates of such, for what they say about the context they are built from.
pub(super) fn bystanders(directory: &Path, contexts: &Contexts) -> (Vec<InputFile>, Others) {
    let discovery = discover(&[directory.to_owned()]);
    let mut templates = Others::default();
    discovery.passed_over.iter().for_each(|(path, _)| templates.add_template(path));
    let files = discovery.files.into_par_iter();
    let read = files.map(|found| read_file(found, |found, file| contexts.assume(found, file)));
    (read.flatten_iter().filter_map(Result::ok).collect(), templates)
}

/// Reads the one Dockerfile on standard input, which is meant to have the path `name`.
pub(super) fn from_stdin(name: Option<&Path>, contexts: &Contexts) -> anyhow::Result<Input> {
    let mut source = Vec::new();
    let read = io::stdin().take(MAX_FILE_SIZE + 1).read_to_end(&mut source);
    read.context("standard input cannot be read")?;
    anyhow::ensure!(source.len() as u64 <= MAX_FILE_SIZE, "standard input is larger than any Dockerfile");
    let here = fs::canonicalize(".").context("the working directory cannot be found")?;
    let found = match name {
        None => Found::at(Path::new("-").to_owned(), here.join("Dockerfile"), here),
        Some(name) => {
            let directory =
                name.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let directory = fs::canonicalize(directory).with_context(|| {
                format!("--stdin-filename {}: its directory cannot be found", name.display())
            })?;
            let root = repository_of(&directory).unwrap_or(if directory.starts_with(&here) {
                &here
            } else {
                &directory
            });
            let root = root.to_owned();
            Found::at(name.to_owned(), directory.join(name.file_name().unwrap_or_default()), root)
        }
    };
    let file = Dockerfile::parse(source);
    let context = match name {
        None if !contexts.is_given() => Choice::unknown(),
        _ => contexts.choose(&found, &file),
    };
    Ok(Input { files: vec![InputFile::new(found, file, context)], ..Input::default() })
}

impl InputFile {
    fn new(found: Found, file: Dockerfile, context: Choice) -> Self {
        Self { found, is_sound: file.is_sound(), file: Arc::new(file), context }
    }

    /// Whether BuildKit would accept it.
    pub(super) fn is_sound(&self) -> bool {
        self.is_sound
    }
}

/// Reads a file; `None` if it turns out to be no Dockerfile.
fn read_file(
    found: Found,
    choose: impl Fn(&Found, &Dockerfile) -> Choice,
) -> Option<Result<InputFile, FileReport>> {
    let failed =
        |error: String| FileReport::failed(found.shown.to_string_lossy().into_owned(), FileError::new(error));
    let source = match read_bounded(&found.path) {
        Ok(source) => source,
        Err(error) => return Some(Err(failed(error.to_string()))),
    };
    if found.doubtful && !starts_like_a_dockerfile(&source) {
        return None;
    }
    let file = Dockerfile::parse(source);
    if !found.named && !file.is_sound() && is_template(file.source()) {
        return Some(Err(passed_over(
            &found.shown,
            "a template, not a Dockerfile; fix what is made from it".to_owned(),
        )));
    }
    let context = choose(&found, &file);
    Some(Ok(InputFile::new(found, file, context)))
}

pub(super) fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = fs::File::open(path)?;
    // One that grows meanwhile is taken as it was; what has no size (a pipe) is read to its end.
    let size = file.metadata()?.len().min(MAX_FILE_SIZE);
    let mut source = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.by_ref().take(size).read_to_end(&mut source)?;
    if size == 0 || size == MAX_FILE_SIZE {
        file.take(MAX_FILE_SIZE + 1 - size).read_to_end(&mut source)?;
    }
    if source.len() as u64 > MAX_FILE_SIZE {
        return Err(io::Error::other("larger than any Dockerfile"));
    }
    Ok(source)
}

/// Whether a file that BuildKit would reject is one that an engine makes a Dockerfile from (Jinja, Go templates, ERB).
fn is_template(source: &[u8]) -> bool {
    source.windows(2).any(|pair| matches!(pair, b"{{" | b"{%" | b"<%"))
}

/// A file that is left alone as a whole.
fn passed_over(path: &Path, reason: String) -> FileReport {
    let refusal = Refusal { transform: "file", line: 1, reason };
    FileReport { path: path.to_string_lossy().into_owned(), refusals: vec![refusal], ..FileReport::default() }
}
