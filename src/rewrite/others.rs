//! What may be built from a context although nobody can tell: its ignore file must not keep out what they copy.
//!
//! Such are Dockerfiles of which no directory has the sources, because these are built first; templates of Dockerfiles; and
//! what a Compose file builds under a name that no search finds, or has written out (`dockerfile_inline`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dockfix_syntax::Dockerfile;

use crate::build_context::{Contexts, Written};

/// The files that were found, with their paths, absolute and without links.
#[derive(Debug, Default)]
pub(super) struct Others {
    files: BTreeMap<PathBuf, Arc<Dockerfile>>,
}

impl Others {
    pub(super) fn add(&mut self, path: PathBuf, file: Arc<Dockerfile>) {
        self.files.insert(path, file);
    }

    pub(super) fn take(&mut self, other: Self) {
        self.files.extend(other.files);
    }

    /// A template, which is read for what it copies.
    pub(super) fn add_template(&mut self, path: &Path) {
        if let (Ok(path), Some(file)) = (fs::canonicalize(path), read(path)) {
            self.add(path, file);
        }
    }

    /// Those that may be built from the directory `root`, besides the Dockerfiles in `known`. Compose files are looked for up to
    /// `top`.
    pub(super) fn of_context(
        &self,
        root: &Path,
        top: &Path,
        known: &[&Path],
        contexts: &Contexts,
    ) -> Vec<Arc<Dockerfile>> {
        let below = self.files.iter().filter(|(path, _)| path.starts_with(root));
        let below = below.map(|(_, file)| Arc::clone(file));
        let named = contexts.built_by_compose(root, top).into_iter().filter_map(|written| match written {
            Written::Inline(text) => Some(Arc::new(Dockerfile::parse(text.into_bytes()))),
            Written::File(path) if known.contains(&&*path) => None,
            Written::File(path) => read(&path),
        });
        below.chain(named).collect()
    }
}

/// What cannot be read copies nothing.
fn read(path: &Path) -> Option<Arc<Dockerfile>> {
    super::input::read_bounded(path).ok().map(|source| Arc::new(Dockerfile::parse(source)))
}
