//! Which directory is the build context of a Dockerfile.
//!
//! A Dockerfile does not say it: it is an argument of `docker build`. `--context` settles it; then a Compose file that
//! names the Dockerfile. Otherwise it is the Dockerfile's own directory if what it copies lies there, and else the nearest
//! directory above where that is so, which is how monorepos build. Nothing above the root of the repository is looked
//! at. Where some sources lie nowhere (they are built first, perhaps), the directory that has the most of them is
//! assumed; where none is found, nothing is assumed at all. `COPY .` alone is no evidence: then the manifests that the
//! installs below it need decide.

mod compose;
mod sources;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use dockfix_model::context::{Context, ContextError, IgnoreFile};
use dockfix_syntax::Dockerfile;

pub(crate) use compose::Written;

use crate::discover::{Found, repository_of};
use sources::{Directory, Sources, manifests};

/// The build context of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The directory, absolute and without links; `None` where it is not known.
    pub(crate) root: Option<PathBuf>,
    /// Why this one.
    pub(crate) reason: Reason,
}

impl Choice {
    /// Nothing is known, and nothing was looked for.
    pub(crate) fn unknown() -> Self {
        Self { root: None, reason: Reason::Nowhere(Vec::new()) }
    }
}

/// Why a directory is taken for the build context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The command line says so.
    Given,
    /// The Dockerfile, or a link to it, lies there, and so do its sources.
    Own,
    /// This Compose file says so.
    Compose(PathBuf),
    /// Compose files build it from each of these directories, so that what one of them holds tells nothing of the others.
    Several(Vec<PathBuf>),
    /// The nearest directory that has the sources.
    Nearest,
    /// The nearest directory that has what the installs need, where the Dockerfile's own has nothing of it.
    Manifests,
    /// It has the most of the sources, though not these.
    Most(Vec<String>),
    /// No directory has any of these sources; the context is unknown.
    Nowhere(Vec<String>),
}

/// The directories that were considered so far. Each is listed once, whoever asks.
#[derive(Debug, Default)]
pub(crate) struct Contexts {
    given: Option<PathBuf>,
    open: Mutex<HashMap<PathBuf, Arc<Directory>>>,
    compose: compose::Files,
}

impl Contexts {
    /// With `given`, an absolute directory, that is every Dockerfile's context.
    pub(crate) fn new(given: Option<PathBuf>) -> Self {
        Self { given, ..Self::default() }
    }

    /// With the directory after --context, if there is one, which is that of every Dockerfile.
    ///
    /// # Errors
    /// It is no directory.
    pub(crate) fn of_argument(context: Option<&Path>) -> anyhow::Result<Self> {
        let Some(directory) = context else { return Ok(Self::new(None)) };
        let shown = directory.display();
        let real = std::fs::canonicalize(directory).with_context(|| format!("--context {shown}"))?;
        anyhow::ensure!(real.is_dir(), "--context {shown}: no directory");
        Ok(Self::new(Some(real)))
    }

    /// The context in a directory, without any ignore file. Clones share what was read.
    ///
    /// # Errors
    /// The directory cannot be opened.
    pub(crate) fn open(&self, root: &Path) -> Result<Context, ContextError> {
        Ok(self.directory(root)?.context().clone())
    }

    /// What the Compose files in a directory, or above it up to `top` and in its repository, build from it.
    pub(crate) fn built_by_compose(&self, root: &Path, top: &Path) -> Vec<Written> {
        let repository = repository_of(root).unwrap_or(root);
        let top = if repository.starts_with(top) { top } else { repository };
        let directories = root.ancestors().take_while(|directory| directory.starts_with(top));
        let entries = directories.flat_map(|directory| self.compose.in_directory(directory).to_vec());
        entries.filter(|entry| entry.context == root).map(|entry| entry.dockerfile).collect()
    }

    fn directory(&self, root: &Path) -> Result<Arc<Directory>, ContextError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(directory) = open.get(root) {
            return Ok(Arc::clone(directory));
        }
        let directory = Arc::new(Directory::new(Context::open(root, IgnoreFile::none())?));
        open.insert(root.to_owned(), Arc::clone(&directory));
        Ok(directory)
    }

    /// Whether the command line says which it is.
    pub(crate) fn is_given(&self) -> bool {
        self.given.is_some()
    }

    /// Chooses the context of a Dockerfile that the user means.
    pub(crate) fn choose(&self, found: &Found, file: &Dockerfile) -> Choice {
        match &self.given {
            Some(given) => Choice { root: Some(given.clone()), reason: Reason::Given },
            None => self.assume(found, file),
        }
    }

    /// Finds out the context of a Dockerfile of which the command line says nothing.
    pub(crate) fn assume(&self, found: &Found, file: &Dockerfile) -> Choice {
        let candidates = candidates(found);
        let sources = Sources::of(file);
        let own = found.linked_from.len() + 1;
        let named = self.by_compose(found, &candidates, &sources);
        if named.len() > 1 {
            let contexts = named.into_iter().map(|(context, _)| context).collect();
            return Choice { root: None, reason: Reason::Several(contexts) };
        }
        if let Some((context, file)) = named.into_iter().next() {
            let is_own = candidates.iter().take(own).any(|candidate| *candidate == context);
            let reason = if is_own { Reason::Own } else { Reason::Compose(file) };
            return Choice { root: Some(context), reason };
        }
        if let Some(root) = self.by_manifests(file, &candidates, own, &sources) {
            return Choice { root: Some(root), reason: Reason::Manifests };
        }
        let mut best: Option<(&PathBuf, Arc<Directory>, usize)> = None;
        for (index, directory) in candidates.iter().enumerate() {
            let Ok(opened) = self.directory(directory) else { continue };
            let top = *directory == found.root;
            if sources.all_in(&opened, top) {
                let reason = if index < own { Reason::Own } else { Reason::Nearest };
                return Choice { root: Some(directory.clone()), reason };
            }
            let count = sources.count_in(&opened);
            if count > best.as_ref().map_or(0, |(.., most)| *most) {
                best = Some((directory, opened, count));
            }
        }
        match best {
            Some((directory, opened, _)) => {
                Choice { root: Some(directory.clone()), reason: Reason::Most(sources.missing_in(&opened)) }
            }
            None => Choice { root: None, reason: Reason::Nowhere(sources.names()) },
        }
    }

    /// Where all that is copied is `.`, every directory has it: the nearest one above that has what the installs need,
    /// where nothing of it lies below the Dockerfile's own.
    fn by_manifests(
        &self,
        file: &Dockerfile,
        candidates: &[PathBuf],
        own: usize,
        sources: &Sources,
    ) -> Option<PathBuf> {
        if !sources.is_whole_alone() || candidates.len() <= own {
            return None;
        }
        let needed = manifests(file);
        let is_here = |directory: &PathBuf| {
            self.directory(directory).is_ok_and(|directory| directory.may_hold_below(&needed))
        };
        if needed.is_empty() || candidates.iter().take(own).any(is_here) {
            return None;
        }
        let above = candidates.iter().skip(own);
        let mut above =
            above.filter(|above| self.directory(above).is_ok_and(|directory| directory.holds(&needed)));
        above.next().cloned()
    }

    /// What the Compose files beside or above the Dockerfile say, as far as the sources bear it out: each context once, and a file
    /// that names it.
    fn by_compose(
        &self,
        found: &Found,
        candidates: &[PathBuf],
        sources: &Sources,
    ) -> Vec<(PathBuf, PathBuf)> {
        let mut named: Vec<(PathBuf, PathBuf)> = Vec::new();
        for directory in candidates {
            for entry in self.compose.in_directory(directory).iter() {
                if !matches!(&entry.dockerfile, Written::File(path) if *path == found.path)
                    || !entry.context.starts_with(&found.root)
                    || named.iter().any(|(context, _)| *context == entry.context)
                {
                    continue;
                }
                let Ok(directory) = self.directory(&entry.context) else { continue };
                if sources.all_in(&directory, true) {
                    named.push((entry.context.clone(), entry.file.clone()));
                }
            }
        }
        named
    }
}

/// The directories that may be the context, the likeliest first: those of links to the Dockerfile, its own, and those
/// above up to the root.
fn candidates(found: &Found) -> Vec<PathBuf> {
    let own = found.path.parent().unwrap_or(&found.path);
    let starts: Vec<&Path> = found.linked_from.iter().map(PathBuf::as_path).chain([own]).collect();
    let mut candidates: Vec<PathBuf> = starts.iter().map(|&start| start.to_owned()).collect();
    for start in starts {
        let above = start.ancestors().skip(1).take_while(|above| above.starts_with(&found.root));
        for directory in above {
            if !candidates.iter().any(|candidate| candidate == directory) {
                candidates.push(directory.to_owned());
            }
        }
    }
    candidates
}

#[cfg(test)]
mod tests;
