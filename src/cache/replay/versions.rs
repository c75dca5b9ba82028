//! The Dockerfiles of a history, and what the rewrite makes of each.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use dockfix_model::cache::Options;
use dockfix_model::context::Context;
use dockfix_syntax::Dockerfile;
use dockfix_transforms::{Options as Transforms, Project, ProjectFile};
use rayon::prelude::*;

use super::super::planned::Planned;
use super::super::progress::Progress;
use super::chunk;
use crate::history::{CommitTree, EntryKind, HistoryError, Id, Reader, Repository, Revision};
use crate::rewrite::{self, Version};

/// Where the Dockerfile and its context lie, as paths of the repository with slashes; `""` is its root.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The Dockerfile.
    pub(crate) dockerfile: String,
    /// The directory of the build context.
    pub(crate) context: String,
    /// Other Dockerfiles that share the context.
    pub(crate) others: Vec<String>,
}

impl Place {
    /// The place of a Dockerfile in a repository; all paths are absolute and without links. `None` if the Dockerfile or
    /// its context lies outside.
    pub(crate) fn of(
        repository: &Repository,
        dockerfile: &Path,
        context: &Path,
        others: &[PathBuf],
    ) -> Option<Self> {
        let path = |path: &Path| {
            let below = path.strip_prefix(repository.work_tree()).ok()?;
            let names = below.components().map(|name| match name {
                Component::Normal(name) => name.to_str(),
                _ => None,
            });
            Some(names.collect::<Option<Vec<_>>>()?.join("/"))
        };
        let others = others.iter().filter_map(|other| path(other)).collect();
        Some(Self { dockerfile: path(dockerfile)?, context: path(context)?, others })
    }

    /// The Dockerfile as a path of the context. One outside gets a path that leads out of it.
    fn in_context(&self, path: &str) -> String {
        match self.context.as_str() {
            "" => path.to_owned(),
            context => match path.strip_prefix(context).and_then(|rest| rest.strip_prefix('/')) {
                Some(below) => below.to_owned(),
                None => format!("../{path}"),
            },
        }
    }
}

/// What decides about the steps of a commit, apart from the files that they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    dockerfile: Id,
    /// `NAME.dockerignore`
    own_ignore: Option<Id>,
    /// `.dockerignore`
    ignore: Option<Id>,
}

/// A Dockerfile and what the rewrite makes of it.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) before: Planned,
    pub(super) after: Planned,
    versions: rewrite::Versions,
}

/// The Dockerfiles of a history.
#[derive(Debug)]
pub(super) struct Versions {
    /// Of each commit: what it has, and what its first parent has.
    keys: Vec<(Option<Key>, Option<Key>)>,
    /// Each of them, the newest first; without those that BuildKit would reject.
    built: Vec<(Key, Built)>,
    by_key: HashMap<Key, usize>,
}

/// How many links in a row are followed to a Dockerfile.
const MAX_LINKS: usize = 8;

impl Versions {
    /// The Dockerfiles of these commits and the parent of the first.
    pub(super) fn of(
        repository: &Repository,
        place: &Place,
        revisions: &[Revision],
        options: &Options,
        progress: &Progress,
    ) -> Result<Self, HistoryError> {
        let trees: Vec<Option<Id>> = revisions
            .first()
            .map(|first| first.parent_tree)
            .into_iter()
            .chain(revisions.iter().map(|revision| Some(revision.tree)))
            .collect();
        let keys: Vec<Option<Key>> = trees
            .par_iter()
            .with_min_len(chunk(trees.len()))
            .map_init(
                || repository.reader(),
                |reader, tree| tree.map_or(Ok(None), |tree| place.key(reader, tree)),
            )
            .collect::<Result<_, _>>()?;
        let mut newest: Vec<(Key, Id)> = Vec::new();
        let mut by_key: HashMap<Key, usize> = HashMap::new();
        for (key, tree) in keys.iter().zip(&trees).rev() {
            if let (Some(key), Some(tree)) = (key, tree)
                && !by_key.contains_key(key)
            {
                by_key.insert(*key, newest.len());
                newest.push((*key, *tree));
            }
        }
        progress.expect(newest.len(), "Dockerfiles");
        let built: Vec<(Key, Option<Built>)> = newest
            .into_par_iter()
            .map(|(key, tree)| {
                let built = place.build(repository, tree, key, options)?;
                progress.step();
                Ok((key, built))
            })
            .collect::<Result<_, _>>()?;
        let built: Vec<(Key, Built)> =
            built.into_iter().filter_map(|(key, built)| Some((key, built?))).collect();
        let by_key = built.iter().enumerate().map(|(index, (key, _))| (*key, index)).collect();
        let own = keys.iter().skip(1).copied();
        // A commit whose parent is not known has none in the list either.
        let parents = keys.iter().copied().zip(revisions).map(|(key, one)| one.parent_tree.and(key));
        Ok(Self { keys: own.zip(parents).collect(), built, by_key })
    }

    /// The versions that a commit and its first parent have, if both can be built.
    pub(super) fn of_commit(&self, index: usize) -> Option<(usize, usize)> {
        let (own, parent) = self.keys.get(index)?;
        Some((*self.by_key.get(own.as_ref()?)?, *self.by_key.get(parent.as_ref()?)?))
    }

    pub(super) fn get(&self, index: usize) -> Option<&Built> {
        self.built.get(index).map(|(_, built)| built)
    }

    /// All of them, the newest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Built> {
        self.built.iter().map(|(_, built)| built)
    }

    pub(super) fn count(&self) -> usize {
        self.built.len()
    }
}

impl Built {
    /// The same two files, with the files of another commit.
    pub(super) fn at(
        &self,
        repository: &Repository,
        place: &Place,
        tree: Id,
        options: &Options,
    ) -> Result<(Planned, Planned), HistoryError> {
        let context = place.open(repository, tree)?;
        let before = Version { source: Arc::clone(&self.versions.before.source), context };
        let mut after =
            Version { source: Arc::clone(&self.versions.after.source), context: before.context.clone() };
        let (old, new) = (self.versions.before.context.ignore(), self.versions.after.context.ignore());
        if old.rules().source() != new.rules().source() {
            after.context = before.context.with_ignore(new.clone());
        }
        Ok((Planned::parse(&before, options), Planned::parse(&after, options)))
    }
}

impl Place {
    /// What decides about the steps of a tree; `None` if it has no such Dockerfile.
    fn key(&self, reader: &mut Reader, tree: Id) -> Result<Option<Key>, HistoryError> {
        let Some(dockerfile) = file_at(reader, tree, &self.dockerfile)? else { return Ok(None) };
        let own_ignore = file_at(reader, tree, &format!("{}.dockerignore", self.dockerfile))?;
        let ignore = match self.context.as_str() {
            "" => ".dockerignore".to_owned(),
            context => format!("{context}/.dockerignore"),
        };
        Ok(Some(Key { dockerfile, own_ignore, ignore: file_at(reader, tree, &ignore)? }))
    }

    /// The build context in a tree.
    fn open(&self, repository: &Repository, tree: Id) -> Result<Context, HistoryError> {
        self.open_for(repository, tree, &self.dockerfile)
    }

    fn open_for(&self, repository: &Repository, tree: Id, dockerfile: &str) -> Result<Context, HistoryError> {
        let entry = repository.reader().entry(tree, &self.context)?;
        let root = entry.filter(|entry| entry.kind == EntryKind::Tree).map(|entry| entry.id);
        let files = Arc::new(CommitTree::new(repository, root));
        Context::from_foreign(files, &self.in_context(dockerfile))
            .map_err(|error| HistoryError::Objects(error.to_string()))
    }

    /// Rewrites the Dockerfile of a tree; `None` if BuildKit would reject it.
    fn build(
        &self,
        repository: &Repository,
        tree: Id,
        key: Key,
        options: &Options,
    ) -> Result<Option<Built>, HistoryError> {
        let reader = repository.reader();
        let file = Dockerfile::parse(reader.content(key.dockerfile)?);
        if !file.is_sound() {
            return Ok(None);
        }
        let context = self.open(repository, tree)?;
        let project_file = |name: &str, file, context, rewrite| ProjectFile {
            name: name.to_owned(),
            file: Arc::new(file),
            context,
            rewrite,
        };
        let mut files = vec![project_file(&self.dockerfile, file, context, true)];
        for other in &self.others {
            if let Some(id) = file_at(&reader, tree, other)? {
                let context = self.open_for(repository, tree, other)?;
                let file = Dockerfile::parse(reader.content(id)?);
                files.push(project_file(other, file, context, false));
            }
        }
        let versions = rewrite::versions(&Project { files, ..Project::default() }, &Transforms::default());
        Ok(versions.map(|versions| Built {
            before: Planned::parse(&versions.before, options),
            after: Planned::parse(&versions.after, options),
            versions,
        }))
    }
}

/// The content of a file at a path, links at its end followed.
fn file_at(reader: &Reader, tree: Id, path: &str) -> Result<Option<Id>, HistoryError> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Some(entry) = reader.entry(tree, &path)? else { return Ok(None) };
        match entry.kind {
            EntryKind::Blob | EntryKind::BlobExecutable => return Ok(Some(entry.id)),
            EntryKind::Tree | EntryKind::Commit => return Ok(None),
            EntryKind::Link => {
                let target = reader.content(entry.id)?;
                match linked(&path, &String::from_utf8_lossy(&target)) {
                    Some(target) => path = target,
                    None => return Ok(None),
                }
            }
        }
    }
    Ok(None)
}

/// Where a link leads, if it stays in the repository.
fn linked(path: &str, target: &str) -> Option<String> {
    let mut names: Vec<&str> = path.split('/').collect();
    names.pop();
    if target.starts_with('/') {
        return None;
    }
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()?),
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}
