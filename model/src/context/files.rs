use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::tree::{FILE_MODE, find};
use super::{Entry, FileType, Kind, normalise_inside, split};

/// Files for a [`Context`](super::Context) in memory. Directories above a file are there by themselves; a file that
/// something else lies below becomes a directory; of two entries with the same path the later one stands.
#[derive(Debug, Clone, Default)]
pub struct Files {
    nodes: BTreeMap<String, Node>,
}

#[derive(Debug, Clone)]
enum Node {
    File { bytes: Arc<[u8]>, mode: u32 },
    Symlink(String),
    Dir,
}

impl Files {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file with mode `0o644`. The path is normalised; `..` does not lead above the root.
    #[must_use]
    pub fn file(self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.file_with_mode(path, FILE_MODE, bytes)
    }

    /// Adds a file with these permission bits.
    #[must_use]
    pub fn file_with_mode(self, path: &str, mode: u32, bytes: impl Into<Vec<u8>>) -> Self {
        self.with(path, Node::File { bytes: bytes.into().into(), mode: mode & 0o7777 })
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.with(path, Node::Symlink(target.to_owned()))
    }

    /// Adds a directory, which is only needed for an empty one.
    #[must_use]
    pub fn dir(self, path: &str) -> Self {
        self.with(path, Node::Dir)
    }

    fn with(mut self, path: &str, node: Node) -> Self {
        self.nodes.insert(normalise_inside(path), node);
        self
    }
}

/// The finished tree.
#[derive(Debug)]
pub(super) struct MemoryTree {
    nodes: BTreeMap<String, Node>,
    /// The entries of every directory, sorted by name.
    listings: HashMap<String, Arc<[Entry]>>,
}

impl MemoryTree {
    pub(super) fn list(&self, dir: &str) -> Option<Arc<[Entry]>> {
        self.listings.get(dir).cloned()
    }

    pub(super) fn kind(&self, path: &str) -> Option<Kind> {
        let (dir, name) = split(path);
        find(self.listings.get(dir)?, name)?;
        Some(match self.nodes.get(path) {
            _ if self.listings.contains_key(path) => Kind::Dir,
            Some(Node::File { bytes, mode }) => Kind::File { size: bytes.len() as u64, mode: *mode },
            Some(Node::Symlink(target)) => Kind::Symlink { target: target.clone() },
            Some(Node::Dir) | None => Kind::Dir,
        })
    }

    pub(super) fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        match self.nodes.get(path)? {
            Node::File { bytes, .. } => Some(Arc::clone(bytes)),
            Node::Symlink(_) | Node::Dir => None,
        }
    }
}

impl From<Files> for MemoryTree {
    fn from(files: Files) -> Self {
        let nodes = files.nodes;
        let mut types: BTreeMap<String, BTreeMap<String, FileType>> =
            BTreeMap::from([(String::new(), BTreeMap::new())]);
        for (path, node) in nodes.iter().filter(|(path, _)| !path.is_empty()) {
            let file_type = match node {
                Node::File { .. } => FileType::File,
                Node::Symlink(_) => FileType::Symlink,
                Node::Dir => FileType::Dir,
            };
            if file_type == FileType::Dir {
                types.entry(path.clone()).or_default();
            }
            let (dir, name) = split(path);
            types.entry(dir.to_owned()).or_default().insert(name.to_owned(), file_type);
        }
        // The directories above are entries of theirs, and win over a file of the same path.
        let dirs: Vec<String> = types.keys().cloned().collect();
        for dir in dirs {
            let mut path = dir.as_str();
            while !path.is_empty() {
                let (parent, name) = split(path);
                types.entry(parent.to_owned()).or_default().insert(name.to_owned(), FileType::Dir);
                path = parent;
            }
        }
        let listings = types.into_iter().map(|(dir, names)| {
            let entries =
                names.into_iter().map(|(name, file_type)| Entry { name, file_type, exact_name: true });
            (dir, entries.collect())
        });
        Self { listings: listings.collect(), nodes }
    }
}
