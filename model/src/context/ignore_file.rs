use std::path::{Component, Path};

use super::disk::DiskTree;
use super::resolve::Found;
use super::tree::{Base, Tree};
use super::{ContextError, Exclusion, FileType, join, normalise, split};
use crate::dockerignore::Dockerignore;

pub(super) const DEFAULT_NAME: &str = ".dockerignore";

/// The ignore file of a context: its lines, and where they come from.
///
/// BuildKit looks for `NAME.dockerignore` beside the Dockerfile `NAME`, and only if there is none for `.dockerignore`
/// at the root of the context (`frontend/dockerui/config.go`). Either may be a link, which is followed inside the
/// Dockerfile's directory or the context; what is no file then, counts as missing.
#[derive(Debug, Clone)]
pub struct IgnoreFile {
    path: Option<String>,
    rules: Dockerignore,
    /// The files of the context that are looked at when it changes, the preferred one first.
    candidates: Vec<Candidate>,
}

#[derive(Debug, Clone)]
struct Candidate {
    path: String,
    /// The directory that a link must not lead out of.
    scope: String,
}

impl IgnoreFile {
    /// No ignore file: nothing is excluded, until `.dockerignore` is written.
    pub fn none() -> Self {
        Self { path: None, rules: Dockerignore::default(), candidates: vec![default_candidate()] }
    }

    /// Lines that come from this file, a path of the context. When the file changes, so do the lines.
    pub fn new(path: &str, rules: Dockerignore) -> Self {
        let candidates = normalise(path).map(|path| vec![Candidate { path, scope: String::new() }]);
        Self { path: Some(path.to_owned()), rules, candidates: candidates.unwrap_or_default() }
    }

    /// The file that the lines come from: a path of the context, or as the system writes it for a file outside.
    /// Nothing if there is no ignore file.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// The lines.
    pub fn rules(&self) -> &Dockerignore {
        &self.rules
    }

    /// The pattern that excludes a clean path.
    pub(super) fn exclusion(&self, path: &str) -> Option<Exclusion> {
        let (line, pattern) = self.rules.excluding_pattern(path)?;
        Some(Exclusion { path: path.to_owned(), file: self.path.clone(), line, pattern: pattern.to_owned() })
    }

    /// Whether a file of the tree, written just now, is one of those that the lines may come from.
    pub(super) fn may_come_from(&self, tree: &Tree, written: &str) -> Result<bool, ContextError> {
        for candidate in &self.candidates {
            if candidate.path == written || candidate.find(tree)?.is_some_and(|found| found.path == written) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is in force after the tree has changed; nothing if none of the candidates is a file.
    pub(super) fn picked_again(&self, tree: &Tree) -> Result<Option<Self>, ContextError> {
        for candidate in &self.candidates {
            let Some(found) = candidate.find(tree)? else { continue };
            return Ok(Some(Self {
                path: Some(candidate.path.clone()),
                rules: Dockerignore::parse(&tree.read(&found)?),
                candidates: self.candidates.clone(),
            }));
        }
        Ok(None)
    }
}

impl Candidate {
    fn find(&self, tree: &Tree) -> Result<Option<Found>, ContextError> {
        match tree.resolve_in(&self.scope, &self.path, true) {
            Ok(found) => Ok(found.filter(|found| found.file_type == FileType::File)),
            // Of an unknown context, no ignore file is known either.
            Err(ContextError::Unknown { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Default for IgnoreFile {
    fn default() -> Self {
        Self::none()
    }
}

/// Lines given by hand, which are in force until `.dockerignore` is written.
impl From<Dockerignore> for IgnoreFile {
    fn from(rules: Dockerignore) -> Self {
        Self { rules, ..Self::none() }
    }
}

fn default_candidate() -> Candidate {
    Candidate { path: DEFAULT_NAME.to_owned(), scope: String::new() }
}

/// The ignore file for a Dockerfile inside the context.
pub(super) fn pick(tree: &Tree, dockerfile: &str) -> Result<IgnoreFile, ContextError> {
    let mut candidates = vec![default_candidate()];
    if let Ok(dockerfile) = normalise(dockerfile) {
        let scope = split(&dockerfile).0.to_owned();
        candidates.insert(0, Candidate { path: format!("{dockerfile}{DEFAULT_NAME}"), scope });
    }
    let none = IgnoreFile { candidates, ..IgnoreFile::none() };
    Ok(none.picked_again(tree)?.unwrap_or(none))
}

/// The ignore file for a Dockerfile on disk, inside the context or not.
pub(super) fn pick_on_disk(tree: &Tree, dockerfile: &Path) -> Result<IgnoreFile, ContextError> {
    if let Some(inside) = inside(tree, dockerfile) {
        return pick(tree, &inside);
    }
    let parent = dockerfile.parent().filter(|parent| !parent.as_os_str().is_empty());
    let dir = DiskTree::open(parent.unwrap_or(Path::new(".")));
    if let (Base::Disk(context), Ok(dir), Some(name)) = (tree.base(), dir, dockerfile.file_name()) {
        let name = name.to_string_lossy();
        if let Ok(inside) = dir.root().strip_prefix(context.root()) {
            let inside: Vec<_> = inside.iter().map(|component| component.to_string_lossy()).collect();
            return pick(tree, &join(&inside.join("/"), &name));
        }
        if let Some(found) = pick_outside(dir, format!("{name}{DEFAULT_NAME}"))? {
            return Ok(found);
        }
    }
    let none = IgnoreFile::none();
    Ok(none.picked_again(tree)?.unwrap_or(none))
}

/// The path in the context of a Dockerfile whose own path leads there without links.
fn inside(tree: &Tree, dockerfile: &Path) -> Option<String> {
    let Base::Disk(context) = tree.base() else { return None };
    let below = dockerfile.strip_prefix(context.root()).ok()?;
    let names = below.components().map(|part| match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    });
    let path = names.collect::<Option<Vec<_>>>()?.join("/");
    let dir = split(&path).0;
    let found = tree.resolve(dir, true).ok()??;
    (found.links.is_empty() && found.file_type == FileType::Dir).then_some(path)
}

/// The preferred ignore file beside a Dockerfile that lies outside the context.
fn pick_outside(dir: DiskTree, name: String) -> Result<Option<IgnoreFile>, ContextError> {
    let shown = dir.root().join(&name).to_string_lossy().into_owned();
    let candidates = vec![Candidate { path: name, scope: String::new() }];
    let found = IgnoreFile { candidates, ..IgnoreFile::none() }.picked_again(&Tree::new(Base::Disk(dir)))?;
    // Nothing in the context is preferred to it, so it stays in force whatever changes there.
    Ok(found.map(|found| IgnoreFile { path: Some(shown), candidates: Vec::new(), ..found }))
}
