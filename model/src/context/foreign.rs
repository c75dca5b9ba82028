use std::collections::HashMap;
use std::fmt::Debug;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::{ContextError, Entry, Kind, MAX_FILE_SIZE};

/// Files that lie neither on disk nor in memory, such as a commit in a repository, to make a
/// [`Context`](super::Context) of. All paths are relative to the root of the context, with slashes, without links in
/// their directories; `""` is the root.
pub trait ForeignFiles: Debug + Send + Sync {
    /// The entries of a directory, in any order; `None` if there is no such directory.
    ///
    /// # Errors
    /// What keeps it from being read.
    fn list(&self, dir: &str) -> io::Result<Option<Vec<Entry>>>;

    /// What is at a path; `None` if there is nothing.
    ///
    /// # Errors
    /// What keeps it from being read.
    fn kind(&self, path: &str) -> io::Result<Option<Kind>>;

    /// The content of a file; `None` if there is no such file.
    ///
    /// # Errors
    /// What keeps it from being read.
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>>;
}

/// Such files, listed at most once.
#[derive(Debug)]
pub(super) struct ForeignTree {
    files: Arc<dyn ForeignFiles>,
    listings: Mutex<HashMap<String, Option<Arc<[Entry]>>>>,
}

impl ForeignTree {
    pub(super) fn new(files: Arc<dyn ForeignFiles>) -> Self {
        Self { files, listings: Mutex::default() }
    }

    /// The entries of a directory, sorted by name; nothing if there is no such directory.
    pub(super) fn list(&self, dir: &str) -> Result<Option<Arc<[Entry]>>, ContextError> {
        let listings = || self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = listings().get(dir) {
            return Ok(known.clone());
        }
        let entries =
            self.files.list(dir).map_err(|source| ContextError::Io { path: dir.to_owned(), source })?;
        let entries = entries.map(|mut entries| {
            entries.sort_by(|a, b| a.name.cmp(&b.name));
            Arc::from(entries)
        });
        Ok(listings().entry(dir.to_owned()).or_insert(entries).clone())
    }

    pub(super) fn kind(&self, path: &str) -> Result<Option<Kind>, ContextError> {
        self.files.kind(path).map_err(|source| ContextError::Io { path: path.to_owned(), source })
    }

    pub(super) fn read(&self, path: &str) -> Result<Arc<[u8]>, ContextError> {
        let bytes =
            self.files.read(path).map_err(|source| ContextError::Io { path: path.to_owned(), source })?;
        let bytes = bytes.ok_or_else(|| ContextError::NotFound { path: path.to_owned() })?;
        let size = bytes.len() as u64;
        if size > MAX_FILE_SIZE {
            return Err(ContextError::TooLarge { path: path.to_owned(), size });
        }
        Ok(bytes.into())
    }
}
