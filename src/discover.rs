//! Which files are meant: what the command line names, and the Dockerfiles below the directories it names.
//!
//! A directory is searched as ripgrep searches it: what .gitignore excludes is passed over, links are not followed into
//! directories. Hidden directories are searched, because `.devcontainer/Dockerfile` is a Dockerfile. What a name cannot
//! decide, the first line of the file does. A file that is named is always taken.

mod names;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};

pub(crate) use names::starts_like_a_dockerfile;
use names::{NameKind, kind_of_name};

/// What was found, each list sorted by path.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    /// The Dockerfiles; each file once, under whatever names it was found.
    pub(crate) files: Vec<Found>,
    /// What looks like a Dockerfile but is left alone: the path as shown, and why.
    pub(crate) passed_over: Vec<(PathBuf, String)>,
    /// What cannot be read: the path as shown, and why.
    pub(crate) errors: Vec<(PathBuf, String)>,
}

/// A Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The path to show: as named on the command line, or below what was named there.
    pub(crate) shown: PathBuf,
    /// The file itself: absolute, without links.
    pub(crate) path: PathBuf,
    /// The directories of links that lead to it: it is built from there, too. Absolute, without links.
    pub(crate) linked_from: Vec<PathBuf>,
    /// The root of its repository or, without one, of the search. Absolute, without links; the file lies in it, unless
    /// it is a link that was named.
    pub(crate) root: PathBuf,
    /// The directory in whose search it was found, absolute and without links; `None` if it was only named.
    pub(crate) searched: Option<PathBuf>,
    /// It is named on the command line, not only found below a directory.
    pub(crate) named: bool,
    /// The name could be that of another file: it is a Dockerfile only if it [`starts_like_a_dockerfile`].
    pub(crate) doubtful: bool,
}

impl Found {
    /// A file that is named, and is no link.
    pub(crate) fn at(shown: PathBuf, path: PathBuf, root: PathBuf) -> Self {
        Self { shown, path, linked_from: Vec::new(), root, searched: None, named: true, doubtful: false }
    }
}

/// Directories that hold other people's files, whether or not .gitignore says so.
const FOREIGN_DIRECTORIES: &[&str] =
    &[".git", ".hg", ".jj", ".nox", ".svn", ".tox", ".venv", "node_modules", "site-packages"];

/// What Go and Composer leave in a directory `vendor` that they have filled.
const VENDOR_FILES: &[&str] = &["modules.txt", "autoload.php"];

/// Finds the Dockerfiles that `paths` name; the current directory is searched if it is empty.
pub(crate) fn discover(paths: &[PathBuf]) -> Discovery {
    let here = [PathBuf::from(".")];
    let mut search = Search::default();
    for path in if paths.is_empty() { &here } else { paths } {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => search.directory(path),
            Ok(metadata) if metadata.is_file() => search.named(path),
            Ok(_) => search.error(path, "no regular file; give its text on standard input with `-`"),
            Err(error) => search.error(path, &error.to_string()),
        }
    }
    search.finish()
}

/// The nearest directory from `dir` up that holds a repository. `dir` is absolute.
pub(crate) fn repository_of(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|ancestor| ancestor.join(".git").exists())
}

#[derive(Default)]
struct Search {
    /// By the file itself. Plain strings, because comparing paths takes them apart each time.
    files: HashMap<OsString, Found>,
    /// The root of every directory that was asked for.
    roots: HashMap<OsString, PathBuf>,
    discovery: Discovery,
}

/// How sure it is that a file is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    Named,
    Found,
    Doubtful,
}

/// What a walk came upon.
enum Seen {
    File { path: PathBuf, is_link: bool, doubtful: bool },
    Template(PathBuf),
    Error(PathBuf, String),
}

impl Search {
    fn error(&mut self, path: &Path, message: &str) {
        self.discovery.errors.push((shown(path), message.to_owned()));
    }

    fn named(&mut self, path: &Path) {
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(error) => return self.error(path, &error.to_string()),
        };
        let dir = parent(path);
        let Ok(dir) = fs::canonicalize(dir) else { return self.error(path, "its directory cannot be found") };
        let root = match repository_of(&dir) {
            Some(repository) => repository.to_owned(),
            None => match std::env::current_dir().and_then(fs::canonicalize) {
                Ok(here) if dir.starts_with(&here) => here,
                _ => dir.clone(),
            },
        };
        // Both are without links, so that their bytes tell whether they are the same.
        let is_elsewhere = real.parent().map(Path::as_os_str) != Some(dir.as_os_str());
        let is_link = is_elsewhere || real.file_name() != path.file_name();
        let link_in = is_link.then_some(dir);
        self.add(path, real, link_in, root, Certainty::Named, None);
    }

    fn directory(&mut self, path: &Path) {
        let top = match fs::canonicalize(path) {
            Ok(top) => top,
            Err(error) => return self.error(path, &error.to_string()),
        };
        for seen in walk(path) {
            match seen {
                Seen::Template(path) => {
                    let reason = "a template, not a Dockerfile; fix what is made from it".to_owned();
                    self.discovery.passed_over.push((shown(&path), reason));
                }
                Seen::Error(path, message) => self.error(&path, &message),
                Seen::File { path: found, is_link, doubtful } => {
                    // The walk follows no links, so that what it finds lies where its path says.
                    let real = match found.strip_prefix(path) {
                        Ok(below) if !is_link => Ok(top.join(below)),
                        _ => fs::canonicalize(&found),
                    };
                    self.below(&top, &found, real, is_link, doubtful);
                }
            }
        }
    }

    /// A file that a walk from `top` came upon, and where it really lies.
    fn below(&mut self, top: &Path, path: &Path, real: io::Result<PathBuf>, is_link: bool, doubtful: bool) {
        let real = match real {
            Ok(real) => real,
            Err(_) if is_link => {
                return self
                    .discovery
                    .passed_over
                    .push((shown(path), "a link that leads nowhere".to_owned()));
            }
            Err(error) => return self.error(path, &error.to_string()),
        };
        if is_link && !real.is_file() {
            return;
        }
        let dir = match is_link {
            true => fs::canonicalize(parent(path)).unwrap_or_else(|_| top.to_owned()),
            false => parent(&real).to_owned(),
        };
        let root = self.root_of(&dir, top);
        // What is no link lies in its directory, and that below the root.
        if !is_link || real.starts_with(&root) {
            let certainty = if doubtful { Certainty::Doubtful } else { Certainty::Found };
            self.add(path, real, is_link.then_some(dir), root, certainty, Some(top));
        } else {
            let reason = format!("a link to {}, outside {}", real.display(), root.display());
            self.discovery.passed_over.push((shown(path), reason));
        }
    }

    /// The root of a directory below `top`.
    fn root_of(&mut self, dir: &Path, top: &Path) -> PathBuf {
        if let Some(root) = self.roots.get(dir.as_os_str()) {
            return root.clone();
        }
        let root = repository_of(dir).unwrap_or(top).to_owned();
        self.roots.insert(dir.as_os_str().to_owned(), root.clone());
        root
    }

    /// `link_in` is the directory where `path` stands, if that is a link.
    fn add(
        &mut self,
        path: &Path,
        real: PathBuf,
        link_in: Option<PathBuf>,
        root: PathBuf,
        certainty: Certainty,
        searched: Option<&Path>,
    ) {
        let found = Found {
            named: certainty == Certainty::Named,
            doubtful: certainty == Certainty::Doubtful,
            ..Found::at(shown(path), real.clone(), root)
        };
        let known = match self.files.entry(real.into_os_string()) {
            Entry::Vacant(entry) => entry.insert(found),
            Entry::Occupied(entry) => {
                let known = entry.into_mut();
                // Its own name is shown rather than that of a link.
                if link_in.is_none() && found.shown != known.shown && !known.linked_from.is_empty() {
                    known.shown = found.shown;
                    known.root = found.root;
                }
                known
            }
        };
        if let Some(top) = searched {
            known.searched = Some(top.to_owned());
        }
        // What is certain once is certain.
        known.named |= certainty == Certainty::Named;
        known.doubtful &= certainty == Certainty::Doubtful;
        if let Some(dir) = link_in.filter(|dir| !known.linked_from.contains(dir)) {
            known.linked_from.push(dir);
        }
    }

    fn finish(self) -> Discovery {
        let mut discovery = self.discovery;
        discovery.files = self.files.into_values().collect();
        for found in &mut discovery.files {
            found.linked_from.sort();
        }
        discovery.files.sort_by(|a, b| a.shown.as_os_str().cmp(b.shown.as_os_str()));
        discovery.passed_over.sort();
        discovery.passed_over.dedup();
        discovery.errors.sort();
        discovery.errors.dedup();
        discovery
    }
}

/// Walks a directory on all cores. What comes back is sorted, so that nothing depends on which thread was faster.
fn walk(top: &Path) -> Vec<Seen> {
    let seen = Mutex::new(Vec::new());
    WalkBuilder::new(top)
        .hidden(false)
        .require_git(false)
        .threads(std::thread::available_parallelism().map_or(1, usize::from))
        .filter_entry(|entry| !is_foreign(entry))
        .build_parallel()
        .run(|| {
            Box::new(|entry| {
                if let Some(one) = look_at(entry) {
                    seen.lock().unwrap_or_else(PoisonError::into_inner).push(one);
                }
                WalkState::Continue
            })
        });
    let mut seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    seen.sort_by(|a, b| a.path().as_os_str().cmp(b.path().as_os_str()));
    seen
}

fn look_at(entry: Result<DirEntry, ignore::Error>) -> Option<Seen> {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => {
            let (path, message) = split_error(error);
            return Some(Seen::Error(path, message));
        }
    };
    let file_type = entry.file_type()?;
    if !file_type.is_file() && !file_type.is_symlink() {
        return None;
    }
    let doubtful = match kind_of_name(entry.file_name()) {
        NameKind::Dockerfile => false,
        NameKind::Doubtful => true,
        NameKind::Template => return Some(Seen::Template(entry.into_path())),
        NameKind::Other => return None,
    };
    Some(Seen::File { is_link: file_type.is_symlink(), path: entry.into_path(), doubtful })
}

/// Tells the path of an error from its message, which would else say it again.
fn split_error(error: ignore::Error) -> (PathBuf, String) {
    match error {
        ignore::Error::WithPath { path, err } => (path, split_error(*err).1),
        ignore::Error::WithDepth { err, .. } => split_error(*err),
        ignore::Error::WithLineNumber { line, err } => {
            let (path, message) = split_error(*err);
            (path, format!("line {line}: {message}"))
        }
        error => (PathBuf::new(), error.to_string()),
    }
}

impl Seen {
    fn path(&self) -> &Path {
        match self {
            Self::File { path, .. } | Self::Template(path) | Self::Error(path, _) => path,
        }
    }
}

fn is_foreign(entry: &DirEntry) -> bool {
    if entry.depth() == 0 || !entry.file_type().is_some_and(|file_type| file_type.is_dir()) {
        return false;
    }
    let name = entry.file_name();
    FOREIGN_DIRECTORIES.iter().any(|foreign| name == OsStr::new(foreign))
        || (name == OsStr::new("vendor")
            && VENDOR_FILES.iter().any(|written| entry.path().join(written).is_file()))
}

/// The directory that a path lies in.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A path without the `./` that a search of the current directory puts before it.
fn shown(path: &Path) -> PathBuf {
    match path.strip_prefix(".") {
        Ok(rest) if !rest.as_os_str().is_empty() => rest.to_owned(),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests;
