use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dockfix_model::context::{Entry, FileType, ForeignFiles, Kind, MAX_FILE_SIZE};
use gix::objs::tree::EntryKind;

use super::{Id, Repository};

/// The files of a commit below a directory, as a build context. What is asked for is read, and kept.
pub(crate) struct CommitTree(Mutex<Inner>);

struct Inner {
    repository: gix::Repository,
    root: Option<Id>,
    /// By path; nothing for what is no directory.
    listings: HashMap<String, Option<Listing>>,
}

/// What is in a directory, by name.
type Listing = Arc<HashMap<String, Object>>;

/// Something in a directory.
#[derive(Clone, Copy)]
struct Object {
    id: Id,
    kind: EntryKind,
    /// Whether the name is UTF-8.
    exact_name: bool,
}

impl std::fmt::Debug for CommitTree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommitTree").finish_non_exhaustive()
    }
}

impl CommitTree {
    /// The tree `root`. Where it is `None` there is nothing.
    pub(crate) fn new(repository: &Repository, root: Option<Id>) -> Self {
        let repository = repository.thread_local();
        Self(Mutex::new(Inner { repository, root, listings: HashMap::new() }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ForeignFiles for CommitTree {
    fn list(&self, dir: &str) -> io::Result<Option<Vec<Entry>>> {
        let Some(listing) = self.inner().listing(dir)? else { return Ok(None) };
        let entry = |(name, object): (&String, &Object)| Entry {
            name: name.clone(),
            file_type: match object.kind {
                EntryKind::Blob | EntryKind::BlobExecutable => FileType::File,
                EntryKind::Link => FileType::Symlink,
                EntryKind::Tree | EntryKind::Commit => FileType::Dir,
            },
            exact_name: object.exact_name,
        };
        Ok(Some(listing.iter().map(entry).collect()))
    }

    fn kind(&self, path: &str) -> io::Result<Option<Kind>> {
        let mut inner = self.inner();
        let Some(Object { id, kind, .. }) = inner.object(path)? else { return Ok(None) };
        Ok(Some(match kind {
            // What git checks out under the usual umask.
            EntryKind::Blob => Kind::File { size: inner.size(id)?, mode: 0o644 },
            EntryKind::BlobExecutable => Kind::File { size: inner.size(id)?, mode: 0o755 },
            EntryKind::Link => {
                Kind::Symlink { target: String::from_utf8_lossy(&inner.blob(id)?).into_owned() }
            }
            // A submodule is a directory of which the commit knows nothing more.
            EntryKind::Tree | EntryKind::Commit => Kind::Dir,
        }))
    }

    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let mut inner = self.inner();
        let Some(Object { id, kind, .. }) = inner.object(path)? else { return Ok(None) };
        if !matches!(kind, EntryKind::Blob | EntryKind::BlobExecutable) {
            return Ok(None);
        }
        if inner.size(id)? > MAX_FILE_SIZE {
            return Err(io::Error::other("it is too large"));
        }
        inner.blob(id).map(Some)
    }
}

impl Inner {
    fn listing(&mut self, dir: &str) -> io::Result<Option<Listing>> {
        if let Some(known) = self.listings.get(dir) {
            return Ok(known.clone());
        }
        let tree = match dir {
            "" => self.root,
            dir => self.object(dir)?.filter(|object| object.kind == EntryKind::Tree).map(|object| object.id),
        };
        let listing = tree.map(|tree| self.read_tree(tree)).transpose()?;
        self.listings.insert(dir.to_owned(), listing.clone());
        Ok(listing)
    }

    /// What stands at a path.
    fn object(&mut self, path: &str) -> io::Result<Option<Object>> {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok(self.listing(dir)?.and_then(|listing| listing.get(name).copied()))
    }

    fn read_tree(&self, tree: Id) -> io::Result<Listing> {
        let tree = self.repository.find_tree(tree).map_err(io::Error::other)?;
        let mut listing = HashMap::new();
        for entry in tree.iter() {
            let entry = entry.map_err(io::Error::other)?;
            let name = entry.filename();
            let exact_name = std::str::from_utf8(name).is_ok();
            let object = Object { id: entry.object_id(), kind: entry.mode().kind(), exact_name };
            listing.insert(String::from_utf8_lossy(name).into_owned(), object);
        }
        Ok(Arc::new(listing))
    }

    fn size(&self, id: Id) -> io::Result<u64> {
        Ok(self.repository.find_header(id).map_err(io::Error::other)?.size())
    }

    fn blob(&self, id: Id) -> io::Result<Vec<u8>> {
        Ok(self.repository.find_blob(id).map_err(io::Error::other)?.take_data())
    }
}
