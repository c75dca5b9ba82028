//! The build context: the tree of files that COPY and ADD take from.
//!
//! A [`Context`] is read-only, cheap to clone and to share between threads, and lists and reads the disk only where
//! somebody asks. Paths are relative to the root of the context, with slashes; `""` is the root. Names are compared
//! byte for byte, also on file systems that fold case, because BuildKit does.
//!
//! There are two views of the tree. The questions without further name answer **as COPY sees it**: what
//! `.dockerignore` excludes is not there. [`Context::presence`] tells an excluded file from a missing one, and the
//! methods that end in `_ignoring_dockerignore` show what lies in the repository.
//!
//! **Symbolic links** are resolved as BuildKit resolves them (continuity, `fs.RootPath`; fsutil, `followlinks.go`): an
//! absolute target starts at the root of the context, `..` stops there, and 255 links in a row lead nowhere. Nothing
//! outside the root is ever looked at. A path leads through linked directories, while a link at its end is followed
//! by [`Context::read`], [`Context::list`], [`Context::walk`] and [`Context::copy_sources`], and described by
//! [`Context::presence`] and [`Context::kind`]. A link or its target being excluded breaks the path.

mod disk;
mod error;
mod files;
mod foreign;
mod ignore_file;
mod resolve;
mod sources;
mod tree;
mod walk;

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::dockerignore::Dockerignore;
use disk::DiskTree;
pub use error::{ContextError, Exclusion};
pub use files::Files;
pub use foreign::ForeignFiles;
use foreign::ForeignTree;
pub use ignore_file::IgnoreFile;
pub use sources::Match;
use tree::{Base, Tree};
pub use walk::{Walk, WalkEntry};

/// The largest file that is read, in bytes: 16 MiB. Nothing that decides about a build is larger.
pub const MAX_FILE_SIZE: u64 = 16 * 1024 * 1024;

/// A build context. See the [module](self) for what its answers mean.
#[derive(Debug, Clone)]
pub struct Context {
    tree: Tree,
    ignore: Arc<IgnoreFile>,
    /// What sources of COPY take, by source: the same few are asked about again and again.
    taken: Arc<Taken>,
    /// The same for the other ignore files of this tree, by their paths.
    taken_under: Arc<Mutex<HashMap<Option<String>, Arc<Taken>>>>,
}

/// What sources of COPY take, by source; the path that is missing where nothing is there.
type Taken = Mutex<FxHashMap<String, Result<Arc<[Match]>, Arc<str>>>>;

/// What a directory entry is, as a listing tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileType {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Symlink,
    /// A device, a named pipe or a socket.
    Other,
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File {
        /// In bytes.
        size: u64,
        /// The permission bits, `0o7777` at most. They are copied into the image, and so part of the cache key.
        /// Where the system knows no such bits, what Docker makes of them: `0o755`.
        mode: u32,
    },
    /// A directory.
    Dir,
    /// A symbolic link, not followed.
    Symlink {
        /// As it is written in the link; absolute targets start at the root of the context.
        target: String,
    },
    /// A device, a named pipe or a socket.
    Other,
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name, without any slash.
    pub name: String,
    /// What it is.
    pub file_type: FileType,
    /// Whether the name is exact. If not, it is no UTF-8 on disk, and what cannot be read is replaced by U+FFFD.
    pub exact_name: bool,
}

/// Whether something is in the build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// COPY finds it.
    Present(Kind),
    /// It lies in the repository, but a pattern keeps it, or a link on the way to it, out of the build context.
    Excluded(Exclusion),
    /// There is no such file, or the path leads through a broken link.
    Absent,
}

impl Context {
    fn new(tree: Tree, ignore: Arc<IgnoreFile>) -> Self {
        Self { tree, ignore, taken: Arc::default(), taken_under: Arc::default() }
    }

    /// The context in a directory on disk, with the given ignore file. Nothing is listed or read yet.
    ///
    /// # Errors
    /// [`ContextError::Io`] and [`ContextError::NotADirectory`] if `root` cannot be a context.
    pub fn open(root: &Path, ignore: impl Into<IgnoreFile>) -> Result<Self, ContextError> {
        let tree = Tree::new(Base::Disk(DiskTree::open(root)?));
        Ok(Self::new(tree, Arc::new(ignore.into())))
    }

    /// The context in a directory on disk, with the ignore file that BuildKit picks for this Dockerfile.
    ///
    /// `dockerfile` is a path as for `docker build --file`: absolute or relative to the working directory, and not
    /// necessarily inside the context. It does not have to exist.
    ///
    /// # Errors
    /// As [`Self::open`], and [`ContextError::Io`] or [`ContextError::TooLarge`] for an unreadable ignore file.
    pub fn open_for(root: &Path, dockerfile: &Path) -> Result<Self, ContextError> {
        let tree = Tree::new(Base::Disk(DiskTree::open(root)?));
        let ignore = ignore_file::pick_on_disk(&tree, dockerfile)?;
        Ok(Self::new(tree, Arc::new(ignore)))
    }

    /// The same context for another Dockerfile, with the ignore file that BuildKit picks for that one. What was listed
    /// and read is shared.
    ///
    /// `dockerfile` is a path as for [`Self::open_for`].
    ///
    /// # Errors
    /// [`ContextError::Io`] or [`ContextError::TooLarge`] for an unreadable ignore file.
    pub fn for_dockerfile(&self, dockerfile: &Path) -> Result<Self, ContextError> {
        let ignore = ignore_file::pick_on_disk(&self.tree, dockerfile)?;
        let mut known = self.taken_under.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = Arc::clone(known.entry(ignore.path().map(str::to_owned)).or_default());
        drop(known);
        Ok(Self { taken, ignore: Arc::new(ignore), ..self.clone() })
    }

    /// A context of these files, with the ignore file that BuildKit picks for a Dockerfile named `Dockerfile`.
    pub fn in_memory<P: AsRef<str>, B: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        let files =
            files.into_iter().fold(Files::new(), |files, (path, bytes)| files.file(path.as_ref(), bytes));
        Self::from_files(files, "Dockerfile")
    }

    /// A context in memory, with the ignore file that BuildKit picks for this Dockerfile, a path of the context.
    pub fn from_files(files: Files, dockerfile: &str) -> Self {
        let tree = Tree::new(Base::Memory(files.into()));
        // Memory can always be read; a broken ignore file counts as none, as with BuildKit.
        let ignore = ignore_file::pick(&tree, dockerfile).unwrap_or_default();
        Self::new(tree, Arc::new(ignore))
    }

    /// A context of files from elsewhere, with the ignore file that BuildKit picks for this Dockerfile, a path of the
    /// context (or one outside, which has no ignore file of its own). Nothing is listed or read but that ignore file.
    ///
    /// # Errors
    /// [`ContextError::Io`] or [`ContextError::TooLarge`] for an unreadable ignore file.
    pub fn from_foreign(files: Arc<dyn ForeignFiles>, dockerfile: &str) -> Result<Self, ContextError> {
        let tree = Tree::new(Base::Foreign(ForeignTree::new(files)));
        let ignore = ignore_file::pick(&tree, dockerfile)?;
        Ok(Self::new(tree, Arc::new(ignore)))
    }

    /// A context of which nothing is known but the Dockerfile: every question ends in [`ContextError::Unknown`],
    /// except for files that [`Self::with_file`] adds.
    pub fn unknown() -> Self {
        Self::new(Tree::new(Base::Unknown), Arc::default())
    }

    /// Whether the files are known: false for [`Self::unknown`].
    pub fn is_known(&self) -> bool {
        !matches!(self.tree.base(), Base::Unknown)
    }

    /// Whether nothing is known of any file: a context that is not known, and nothing was written to it.
    pub(crate) fn knows_nothing(&self) -> bool {
        self.tree.is_unknown()
    }

    /// The directory on disk, resolved; nothing for a context that is not on disk.
    pub fn root(&self) -> Option<&Path> {
        match self.tree.base() {
            Base::Disk(disk) => Some(disk.root()),
            Base::Memory(_) | Base::Foreign(_) | Base::Unknown => None,
        }
    }

    /// The ignore file in force.
    pub fn ignore(&self) -> &IgnoreFile {
        &self.ignore
    }

    /// This context with one file written, mode `0o644`; the disk is not touched, and this context stays as it is.
    ///
    /// A link at the path is written through if it leads to a file, and replaced if it is broken. Missing directories
    /// are made. If the file is the ignore file in force or one that would be preferred to it, its lines are in force.
    ///
    /// # Errors
    /// [`ContextError::Outside`], [`ContextError::NotAFile`] for a directory, [`ContextError::NotADirectory`] for a
    /// path below a file, and what the disk has to say.
    pub fn with_file(&self, path: &str, bytes: impl Into<Vec<u8>>) -> Result<Self, ContextError> {
        let real = self.tree.place_for(&normalise(path)?)?;
        let tree = self.tree.with_file(real.clone(), Arc::from(bytes.into()));
        let mut ignore = Arc::clone(&self.ignore);
        if self.ignore.may_come_from(&tree, &real)? {
            ignore = self.ignore.picked_again(&tree)?.map_or(ignore, Arc::new);
        }
        Ok(Self::new(tree, ignore))
    }

    /// This context with another ignore file in force, whatever lies in it.
    #[must_use]
    pub fn with_ignore(&self, ignore: impl Into<IgnoreFile>) -> Self {
        Self::new(self.tree.clone(), Arc::new(ignore.into()))
    }

    /// Whether a path is in the build context, and why not.
    ///
    /// An excluded directory is present if something below it is not excluded.
    ///
    /// # Errors
    /// [`ContextError::Unknown`], [`ContextError::Outside`] for a path that leads out of the root, and
    /// [`ContextError::Io`].
    pub fn presence(&self, path: &str) -> Result<Presence, ContextError> {
        let Some(found) = self.tree.resolve(&normalise(path)?, false)? else { return Ok(Presence::Absent) };
        match self.exclusion_of(&found)? {
            Some(exclusion) => Ok(Presence::Excluded(exclusion)),
            None => Ok(Presence::Present(self.tree.kind(&found.path, found.file_type)?)),
        }
    }

    /// What a path leads to, as COPY sees it; a link at the end of the path is not followed. Nothing if it is absent
    /// or excluded.
    ///
    /// # Errors
    /// As [`Self::presence`].
    pub fn kind(&self, path: &str) -> Result<Option<Kind>, ContextError> {
        match self.presence(path)? {
            Presence::Present(kind) => Ok(Some(kind)),
            Presence::Excluded(_) | Presence::Absent => Ok(None),
        }
    }

    /// What a path leads to in the repository, excluded or not.
    ///
    /// # Errors
    /// As [`Self::presence`].
    pub fn kind_ignoring_dockerignore(&self, path: &str) -> Result<Option<Kind>, ContextError> {
        let found = self.tree.resolve(&normalise(path)?, false)?;
        found.map(|found| self.tree.kind(&found.path, found.file_type)).transpose()
    }

    /// Whether the patterns exclude a path, whether or not it exists. A path that leads out of the root is not
    /// excluded.
    ///
    /// # Errors
    /// [`ContextError::Unknown`] if neither the files nor an ignore file are known.
    pub fn is_excluded(&self, path: &str) -> Result<bool, ContextError> {
        Ok(self.exclusion(path)?.is_some())
    }

    /// The pattern that excludes a path, whether or not the path exists.
    ///
    /// # Errors
    /// As [`Self::is_excluded`].
    pub fn exclusion(&self, path: &str) -> Result<Option<Exclusion>, ContextError> {
        if !self.is_known() && self.ignore.path().is_none() && self.rules().rules().is_empty() {
            return Err(ContextError::Unknown { path: path.to_owned() });
        }
        let Ok(path) = normalise(path) else { return Ok(None) };
        Ok(self.ignore.exclusion(&path))
    }

    /// The content of a file, as COPY would take it.
    ///
    /// # Errors
    /// [`ContextError::NotFound`], [`ContextError::Excluded`], [`ContextError::NotAFile`],
    /// [`ContextError::TooLarge`] above [`MAX_FILE_SIZE`], and as [`Self::presence`].
    pub fn read(&self, path: &str) -> Result<Arc<[u8]>, ContextError> {
        let found = self.found(path)?;
        match self.exclusion_of(&found)? {
            Some(exclusion) => Err(ContextError::Excluded(exclusion)),
            None => self.tree.read(&found),
        }
    }

    /// The content of a file in the repository, excluded or not.
    ///
    /// # Errors
    /// As [`Self::read`], but never [`ContextError::Excluded`].
    pub fn read_ignoring_dockerignore(&self, path: &str) -> Result<Arc<[u8]>, ContextError> {
        self.tree.read(&self.found(path)?)
    }

    /// The entries of a directory, as COPY sees them, sorted by name.
    ///
    /// # Errors
    /// [`ContextError::NotFound`], [`ContextError::Excluded`], [`ContextError::NotADirectory`], and as
    /// [`Self::presence`].
    pub fn list(&self, dir: &str) -> Result<Arc<[Entry]>, ContextError> {
        let found = self.found(dir)?;
        if let Some(exclusion) = self.exclusion_of(&found)? {
            return Err(ContextError::Excluded(exclusion));
        }
        let all = self.tree.list(&found.path)?;
        if self.rules().rules().is_empty() {
            return Ok(all);
        }
        let mut entries = Vec::new();
        for entry in all.iter() {
            if self.is_copied(&join(&found.path, &entry.name), entry.file_type)? {
                entries.push(entry.clone());
            }
        }
        Ok(entries.into())
    }

    /// The entries of a directory of the repository, excluded or not, sorted by name.
    ///
    /// # Errors
    /// As [`Self::list`], but never [`ContextError::Excluded`].
    pub fn list_ignoring_dockerignore(&self, dir: &str) -> Result<Arc<[Entry]>, ContextError> {
        self.tree.list(&self.found(dir)?.path)
    }

    /// Everything below a directory that COPY of it takes, parents before their children, sorted by name. Directories
    /// that are excluded and hold no exception are not even listed. The first item is an error if `dir` is no
    /// directory of the context.
    pub fn walk(&self, dir: &str) -> Walk<'_> {
        Walk::start(self, dir)
    }

    /// Where a path leads, and the links on the way; nothing if it leads nowhere or the files are not known.
    pub(crate) fn followed(&self, path: &str) -> Option<(String, Vec<String>)> {
        let found = self.tree.resolve(&normalise(path).ok()?, true).ok()??;
        Some((found.path, found.links))
    }

    /// What a path leads to, links at its end included.
    fn found(&self, path: &str) -> Result<resolve::Found, ContextError> {
        self.found_at(&normalise(path)?, path)
    }

    /// What a normalised path leads to; a message shows it as it is `written`.
    fn found_at(&self, path: &str, written: &str) -> Result<resolve::Found, ContextError> {
        self.tree.resolve(path, true)?.ok_or_else(|| ContextError::NotFound { path: written.to_owned() })
    }

    /// Why COPY does not see what was found.
    fn exclusion_of(&self, found: &resolve::Found) -> Result<Option<Exclusion>, ContextError> {
        if let Some(exclusion) = found.links.iter().find_map(|link| self.ignore.exclusion(link)) {
            return Ok(Some(exclusion));
        }
        if self.is_copied(&found.path, found.file_type)? {
            return Ok(None);
        }
        Ok(self.ignore.exclusion(&found.path))
    }

    /// Whether COPY sees something that exists.
    fn is_copied(&self, path: &str, file_type: FileType) -> Result<bool, ContextError> {
        if !self.rules().is_excluded(path) {
            return Ok(true);
        }
        if file_type != FileType::Dir || !self.rules().has_exceptions_below(path) {
            return Ok(false);
        }
        Ok(Walk::below(self, path)?.next().transpose()?.is_some())
    }

    fn rules(&self) -> &Dockerignore {
        self.ignore.rules()
    }
}

/// The path in its shortest form.
fn normalise(path: &str) -> Result<String, ContextError> {
    let cleaned = crate::pattern::clean(path);
    let relative = cleaned.trim_start_matches('/');
    match relative {
        "." => Ok(String::new()),
        ".." => Err(ContextError::Outside { path: path.to_owned() }),
        _ if relative.starts_with("../") => Err(ContextError::Outside { path: path.to_owned() }),
        _ => Ok(relative.to_owned()),
    }
}

/// The path in its shortest form, which never leads above the root: Go's `path.Join("/", path)`.
pub(crate) fn normalise_inside(path: &str) -> String {
    if let Cow::Borrowed(clean) = crate::pattern::clean(path) {
        return clean.trim_start_matches('/').to_owned();
    }
    crate::pattern::clean(&format!("/{path}")).trim_start_matches('/').to_owned()
}

fn join(dir: &str, name: &str) -> String {
    if dir.is_empty() {
        return name.to_owned();
    }
    let mut path = String::with_capacity(dir.len() + 1 + name.len());
    path.push_str(dir);
    path.push('/');
    path.push_str(name);
    path
}

/// The directory and the name of a path that is not the root.
fn split(path: &str) -> (&str, &str) {
    match memchr::memrchr(b'/', path.as_bytes()).and_then(|at| path.split_at_checked(at)) {
        Some((dir, name)) => (dir, name.get(1..).unwrap_or_default()),
        None => ("", path),
    }
}

#[cfg(test)]
mod tests;
