use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustc_hash::FxHashMap;

use super::tree::{find, find_index};
use super::{ContextError, Entry, FileType, Kind, MAX_FILE_SIZE, split};

/// A directory on disk, listed and read at most once.
///
/// Every directory is reached through the listing of its parent, so that names are compared exactly and no link is
/// followed: only what a listing calls a directory is ever opened as one.
#[derive(Debug)]
pub(super) struct DiskTree {
    root: PathBuf,
    /// By path; nothing for what is no directory.
    listings: Mutex<FxHashMap<String, Option<Arc<Listing>>>>,
    /// The small files that were read, by path.
    contents: Mutex<FxHashMap<String, Arc<[u8]>>>,
}

#[derive(Debug)]
struct Listing {
    path: PathBuf,
    /// Sorted by name.
    entries: Arc<[Entry]>,
    /// What each of them is in full, once somebody has asked.
    kinds: Box<[OnceLock<Kind>]>,
    /// The true names of the entries whose names are not exact.
    true_names: FxHashMap<String, OsString>,
}

/// Files up to this size are kept once they are read.
const KEPT_SIZE: usize = 1024 * 1024;

impl DiskTree {
    pub(super) fn open(root: &Path) -> Result<Self, ContextError> {
        let shown = || root.to_string_lossy().into_owned();
        let resolved = fs::canonicalize(root).map_err(|source| ContextError::Io { path: shown(), source })?;
        if !resolved.is_dir() {
            return Err(ContextError::NotADirectory { path: shown() });
        }
        Ok(Self { root: resolved, listings: Mutex::default(), contents: Mutex::default() })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The entries of a directory; nothing if there is no such directory.
    pub(super) fn list(&self, dir: &str) -> Result<Option<Arc<[Entry]>>, ContextError> {
        Ok(self.listing(dir)?.map(|listing| Arc::clone(&listing.entries)))
    }

    /// What is at a path; nothing if it is gone.
    pub(super) fn kind(&self, path: &str) -> Result<Option<Kind>, ContextError> {
        let (dir, name) = split(path);
        let Some(listing) = self.listing(dir)? else { return Ok(None) };
        let Some(known) = find_index(&listing.entries, name).and_then(|index| listing.kinds.get(index))
        else {
            return Ok(None);
        };
        if let Some(kind) = known.get() {
            return Ok(Some(kind.clone()));
        }
        let real = listing.path_of(name);
        let error = |source| ContextError::Io { path: path.to_owned(), source };
        let metadata = fs::symlink_metadata(&real).map_err(error)?;
        let kind = match file_type(metadata.file_type()) {
            FileType::File => Kind::File { size: metadata.len(), mode: mode(&metadata) },
            FileType::Dir => Kind::Dir,
            FileType::Symlink => {
                Kind::Symlink { target: fs::read_link(&real).map_err(error)?.to_string_lossy().into_owned() }
            }
            FileType::Other => Kind::Other,
        };
        // As with listings, the answer of the fastest thread stands.
        Ok(Some(known.get_or_init(|| kind).clone()))
    }

    pub(super) fn read(&self, path: &str) -> Result<Arc<[u8]>, ContextError> {
        if let Some(bytes) = lock(&self.contents).get(path) {
            return Ok(Arc::clone(bytes));
        }
        let real = self.real_path(path)?.ok_or_else(|| ContextError::NotFound { path: path.to_owned() })?;
        let error = |source| ContextError::Io { path: path.to_owned(), source };
        let file = fs::File::open(real).map_err(error)?;
        let metadata = file.metadata().map_err(error)?;
        if !metadata.is_file() {
            return Err(ContextError::NotAFile { path: path.to_owned() });
        }
        let mut bytes = Vec::new();
        file.take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes).map_err(error)?;
        if bytes.len() as u64 > MAX_FILE_SIZE {
            let size = metadata.len().max(bytes.len() as u64);
            return Err(ContextError::TooLarge { path: path.to_owned(), size });
        }
        let bytes: Arc<[u8]> = bytes.into();
        if bytes.len() <= KEPT_SIZE {
            lock(&self.contents).insert(path.to_owned(), Arc::clone(&bytes));
        }
        Ok(bytes)
    }

    fn listing(&self, dir: &str) -> Result<Option<Arc<Listing>>, ContextError> {
        if let Some(known) = lock(&self.listings).get(dir) {
            return Ok(known.clone());
        }
        let listing = match self.real_directory(dir)? {
            Some(path) => Listing::read(dir, path)?.map(Arc::new),
            None => None,
        };
        // Another thread may have been faster; its answer stands, so that all see the same.
        Ok(lock(&self.listings).entry(dir.to_owned()).or_insert(listing).clone())
    }

    fn real_directory(&self, dir: &str) -> Result<Option<PathBuf>, ContextError> {
        if dir.is_empty() {
            return Ok(Some(self.root.clone()));
        }
        let (parent, name) = split(dir);
        let Some(parent) = self.listing(parent)? else { return Ok(None) };
        let is_dir = find(&parent.entries, name).is_some_and(|entry| entry.file_type == FileType::Dir);
        Ok(is_dir.then(|| parent.path_of(name)))
    }

    fn real_path(&self, path: &str) -> Result<Option<PathBuf>, ContextError> {
        let (dir, name) = split(path);
        Ok(self.listing(dir)?.map(|listing| listing.path_of(name)))
    }

    /// The directories that were listed so far.
    #[cfg(test)]
    pub(super) fn listed(&self) -> Vec<String> {
        let mut listed: Vec<_> = lock(&self.listings).keys().cloned().collect();
        listed.sort();
        listed
    }
}

impl Listing {
    /// Lists a directory; nothing if it is gone.
    fn read(dir: &str, path: PathBuf) -> Result<Option<Self>, ContextError> {
        let error = |source| ContextError::Io { path: dir.to_owned(), source };
        let found = match fs::read_dir(&path) {
            Ok(found) => found,
            Err(gone) if matches!(gone.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(source) => return Err(error(source)),
        };
        let mut entries = Vec::new();
        let mut true_names = FxHashMap::default();
        for entry in found {
            let entry = entry.map_err(error)?;
            let file_type = file_type(entry.file_type().map_err(error)?);
            let (name, exact_name) = match entry.file_name().into_string() {
                Ok(name) => (name, true),
                Err(true_name) => {
                    let name = true_name.to_string_lossy().into_owned();
                    true_names.insert(name.clone(), true_name);
                    (name, false)
                }
            };
            entries.push(Entry { name, file_type, exact_name });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        let kinds = entries.iter().map(|_| OnceLock::new()).collect();
        Ok(Some(Self { path, entries: entries.into(), kinds, true_names }))
    }

    fn path_of(&self, name: &str) -> PathBuf {
        match self.true_names.get(name) {
            Some(name) => self.path.join(name),
            None => self.path.join(name),
        }
    }
}

/// The lock; what a thread that panicked left behind is still whole, since entries are only ever added.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn file_type(of: fs::FileType) -> FileType {
    if of.is_symlink() {
        FileType::Symlink
    } else if of.is_dir() {
        FileType::Dir
    } else if of.is_file() {
        FileType::File
    } else {
        FileType::Other
    }
}

#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn mode(_metadata: &fs::Metadata) -> u32 {
    0o755
}
