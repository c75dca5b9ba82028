use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::disk::DiskTree;
use super::files::MemoryTree;
use super::foreign::ForeignTree;
use super::resolve::Found;
use super::{ContextError, Entry, FileType, Kind, join, split};

/// The raw tree: what lies in the context whether excluded or not, with files written on top of it.
///
/// All paths are normalised, and their directories are real directories, not links; [`Tree::resolve`] makes such paths.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    base: Arc<Base>,
    /// The files written on top.
    written: Arc<BTreeMap<String, Arc<[u8]>>>,
}

#[derive(Debug)]
pub(super) enum Base {
    Unknown,
    Disk(DiskTree),
    Memory(MemoryTree),
    Foreign(ForeignTree),
}

/// The permission bits of files written on top.
pub(super) const FILE_MODE: u32 = 0o644;

impl Tree {
    pub(super) fn new(base: Base) -> Self {
        Self { base: Arc::new(base), written: Arc::default() }
    }

    /// Whether nothing is known of any path.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(*self.base, Base::Unknown) && self.written.is_empty()
    }

    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    pub(super) fn with_file(&self, path: String, bytes: Arc<[u8]>) -> Self {
        let mut written = BTreeMap::clone(&self.written);
        written.insert(path, bytes);
        Self { base: Arc::clone(&self.base), written: Arc::new(written) }
    }

    /// What is at a path; nothing if it does not exist.
    pub(super) fn file_type(&self, path: &str) -> Result<Option<FileType>, ContextError> {
        if path.is_empty() {
            return Ok(Some(FileType::Dir));
        }
        if !self.written.is_empty() {
            if self.written_below(path).next().is_some() {
                return Ok(Some(FileType::Dir));
            }
            if self.written.contains_key(path) {
                return Ok(Some(FileType::File));
            }
        }
        let (dir, name) = split(path);
        let listing = match &*self.base {
            Base::Unknown => return Err(ContextError::Unknown { path: path.to_owned() }),
            Base::Disk(disk) => disk.list(dir)?,
            Base::Memory(memory) => memory.list(dir),
            Base::Foreign(foreign) => foreign.list(dir)?,
        };
        Ok(listing.and_then(|entries| find(&entries, name).map(|entry| entry.file_type)))
    }

    /// What is at a path of this type, in full.
    pub(super) fn kind(&self, path: &str, file_type: FileType) -> Result<Kind, ContextError> {
        match file_type {
            FileType::Dir => return Ok(Kind::Dir),
            FileType::Other => return Ok(Kind::Other),
            FileType::File | FileType::Symlink => {}
        }
        if let Some(bytes) = self.written.get(path) {
            return Ok(Kind::File { size: bytes.len() as u64, mode: FILE_MODE });
        }
        let missing = || ContextError::NotFound { path: path.to_owned() };
        match &*self.base {
            Base::Unknown => Err(ContextError::Unknown { path: path.to_owned() }),
            Base::Disk(disk) => disk.kind(path)?.ok_or_else(missing),
            Base::Memory(memory) => memory.kind(path).ok_or_else(missing),
            Base::Foreign(foreign) => foreign.kind(path)?.ok_or_else(missing),
        }
    }

    /// The entries of a directory, sorted by name.
    pub(super) fn list(&self, dir: &str) -> Result<Arc<[Entry]>, ContextError> {
        let base = match &*self.base {
            Base::Unknown => return Err(ContextError::Unknown { path: dir.to_owned() }),
            Base::Disk(disk) => disk.list(dir)?,
            Base::Memory(memory) => memory.list(dir),
            Base::Foreign(foreign) => foreign.list(dir)?,
        };
        let written: BTreeSet<&str> = self
            .written_below(dir)
            .filter_map(|path| path.get(if dir.is_empty() { 0 } else { dir.len() + 1 }..))
            .filter_map(|below| below.split('/').next())
            .collect();
        match base {
            Some(entries) if written.is_empty() => return Ok(entries),
            None if written.is_empty() => return Err(ContextError::NotADirectory { path: dir.to_owned() }),
            _ => {}
        }
        let hidden = |entry: &&Entry| !written.contains(entry.name.as_str());
        let mut entries: Vec<Entry> =
            base.iter().flat_map(|base| base.iter()).filter(hidden).cloned().collect();
        for name in &written {
            let path = join(dir, name);
            let file_type = if self.written.contains_key(&path) { FileType::File } else { FileType::Dir };
            entries.push(Entry { name: (*name).to_owned(), file_type, exact_name: true });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries.into())
    }

    /// The content of what was found.
    pub(super) fn read(&self, found: &Found) -> Result<Arc<[u8]>, ContextError> {
        let path = &found.path;
        if found.file_type != FileType::File {
            return Err(ContextError::NotAFile { path: path.clone() });
        }
        if let Some(bytes) = self.written.get(path) {
            return Ok(Arc::clone(bytes));
        }
        match &*self.base {
            Base::Unknown => Err(ContextError::Unknown { path: path.clone() }),
            Base::Disk(disk) => disk.read(path),
            Base::Foreign(foreign) => foreign.read(path),
            Base::Memory(memory) => {
                memory.read(path).ok_or_else(|| ContextError::NotFound { path: path.clone() })
            }
        }
    }

    /// Where a file ends up that is written to a path.
    pub(super) fn place_for(&self, path: &str) -> Result<String, ContextError> {
        if path.is_empty() {
            return Err(ContextError::NotAFile { path: path.to_owned() });
        }
        match self.resolve(path, true) {
            // Where nothing is known, nothing is in the way.
            Err(ContextError::Unknown { .. }) => return Ok(path.to_owned()),
            Err(error) => return Err(error),
            Ok(Some(Found { path, file_type: FileType::File, .. })) => return Ok(path),
            Ok(Some(_)) => return Err(ContextError::NotAFile { path: path.to_owned() }),
            Ok(None) => {}
        }
        let mut dir = path;
        loop {
            dir = split(dir).0;
            match self.resolve(dir, true)? {
                Some(Found { path: real, file_type: FileType::Dir, .. }) => {
                    let below = path.get(dir.len()..).unwrap_or_default().trim_start_matches('/');
                    return Ok(join(&real, below));
                }
                Some(_) => return Err(ContextError::NotADirectory { path: dir.to_owned() }),
                // The root always resolves, so this comes to an end.
                None => {}
            }
        }
    }

    /// The files written on top that lie below a directory.
    fn written_below(&self, dir: &str) -> impl Iterator<Item = &str> {
        let from = (Bound::Excluded(dir), Bound::Unbounded);
        self.written
            .range::<str, _>(from)
            .map(|(path, _)| path.as_str())
            .filter(move |path| is_below(path, dir))
    }
}

fn is_below(path: &str, dir: &str) -> bool {
    dir.is_empty() || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
}

pub(super) fn find<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    entries.get(find_index(entries, name)?)
}

pub(super) fn find_index(entries: &[Entry], name: &str) -> Option<usize> {
    entries.binary_search_by(|entry| entry.name.as_str().cmp(name)).ok()
}
