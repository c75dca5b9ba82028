use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dockfix_model::context::{ContextError, Entry, FileTree, FileType, Kind, MAX_FILE_SIZE};
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

#[derive(Clone)]
struct Listing {
    /// Sorted by name.
    entries: Arc<[Entry]>,
    /// What each of them is.
    objects: Arc<[(Id, EntryKind)]>,
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

impl FileTree for CommitTree {
    fn list(&self, dir: &str) -> Result<Option<Arc<[Entry]>>, ContextError> {
        Ok(self.inner().listing(dir)?.map(|listing| listing.entries))
    }

    fn kind(&self, path: &str) -> Result<Option<Kind>, ContextError> {
        let mut inner = self.inner();
        let Some((id, kind)) = inner.object(path)? else { return Ok(None) };
        Ok(Some(match kind {
            // What git checks out under the usual umask.
            EntryKind::Blob => Kind::File { size: inner.size(id, path)?, mode: 0o644 },
            EntryKind::BlobExecutable => Kind::File { size: inner.size(id, path)?, mode: 0o755 },
            EntryKind::Link => {
                Kind::Symlink { target: String::from_utf8_lossy(&inner.blob(id, path)?).into_owned() }
            }
            // A submodule is a directory of which the commit knows nothing more.
            EntryKind::Tree | EntryKind::Commit => Kind::Dir,
        }))
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, ContextError> {
        let mut inner = self.inner();
        let not_found = || ContextError::NotFound { path: path.to_owned() };
        let (id, _) = inner.object(path)?.ok_or_else(not_found)?;
        let size = inner.size(id, path)?;
        if size > MAX_FILE_SIZE {
            return Err(ContextError::TooLarge { path: path.to_owned(), size });
        }
        Ok(inner.blob(id, path)?.into())
    }
}

impl Inner {
    fn listing(&mut self, dir: &str) -> Result<Option<Listing>, ContextError> {
        if let Some(known) = self.listings.get(dir) {
            return Ok(known.clone());
        }
        let listing = match self.tree(dir)? {
            Some(tree) => Some(self.read_tree(tree, dir)?),
            None => None,
        };
        self.listings.insert(dir.to_owned(), listing.clone());
        Ok(listing)
    }

    /// The tree of a directory.
    fn tree(&mut self, dir: &str) -> Result<Option<Id>, ContextError> {
        if dir.is_empty() {
            return Ok(self.root);
        }
        let object = self.object(dir)?;
        Ok(object.filter(|(_, kind)| *kind == EntryKind::Tree).map(|(id, _)| id))
    }

    /// What stands at a path.
    fn object(&mut self, path: &str) -> Result<Option<(Id, EntryKind)>, ContextError> {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(listing) = self.listing(dir)? else { return Ok(None) };
        let at = listing.entries.binary_search_by(|entry| entry.name.as_str().cmp(name)).ok();
        Ok(at.and_then(|at| listing.objects.get(at).copied()))
    }

    fn read_tree(&self, tree: Id, dir: &str) -> Result<Listing, ContextError> {
        let tree = self.repository.find_tree(tree).map_err(|error| unreadable(dir, error))?;
        let mut all = Vec::new();
        for entry in tree.iter() {
            let entry = entry.map_err(|error| unreadable(dir, error))?;
            let kind = entry.mode().kind();
            let name = entry.filename();
            let listed = Entry {
                name: String::from_utf8_lossy(name).into_owned(),
                file_type: match kind {
                    EntryKind::Blob | EntryKind::BlobExecutable => FileType::File,
                    EntryKind::Link => FileType::Symlink,
                    EntryKind::Tree | EntryKind::Commit => FileType::Dir,
                },
                exact_name: std::str::from_utf8(name).is_ok(),
            };
            all.push((listed, (entry.object_id(), kind)));
        }
        // Git sorts directories as if their names ended in a slash.
        all.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        let (entries, objects): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        Ok(Listing { entries: entries.into(), objects: objects.into() })
    }

    fn size(&self, id: Id, path: &str) -> Result<u64, ContextError> {
        Ok(self.repository.find_header(id).map_err(|error| unreadable(path, error))?.size())
    }

    fn blob(&self, id: Id, path: &str) -> Result<Vec<u8>, ContextError> {
        let mut blob = self.repository.find_blob(id).map_err(|error| unreadable(path, error))?;
        Ok(blob.take_data())
    }
}

fn unreadable(path: &str, error: impl std::fmt::Display) -> ContextError {
    ContextError::Io { path: path.to_owned(), source: io::Error::other(error.to_string()) }
}
