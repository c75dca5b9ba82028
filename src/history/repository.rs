use std::path::{Path, PathBuf};

use gix::discover::upwards;
use gix::sec::trust::Mapping;

use super::changes::Reader;
use super::{HistoryError, Id, Range, first_line};

/// A repository with a work tree. Clones share what was opened.
#[derive(Clone)]
pub(crate) struct Repository {
    shared: gix::ThreadSafeRepository,
    work_tree: PathBuf,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("work_tree", &self.work_tree).finish_non_exhaustive()
    }
}

/// The commits that a range means.
#[derive(Debug)]
pub(crate) struct Walk {
    /// Along first parents, the oldest first.
    pub(crate) revisions: Vec<Revision>,
    /// The oldest commit has a parent that a shallow clone does not have.
    pub(crate) is_cut: bool,
}

/// A commit.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    /// Its name.
    pub(crate) id: Id,
    /// The tree of its files.
    pub(crate) tree: Id,
    /// The tree of its first parent; `None` for the first commit of all, and where a shallow clone ends.
    pub(crate) parent_tree: Option<Id>,
    /// The first line of its message.
    pub(crate) subject: String,
    /// The day on which it was committed, `2026-03-01`.
    pub(crate) date: String,
}

impl Repository {
    /// The repository around `directory`, which is absolute and without links.
    ///
    /// # Errors
    /// There is none, it has no work tree, or it cannot be opened.
    pub(crate) fn around(directory: &Path) -> Result<Self, HistoryError> {
        // Nothing but the repository itself is read: no configuration of the user, no environment.
        let options =
            Mapping { full: gix::open::Options::isolated(), reduced: gix::open::Options::isolated() };
        if gix::discover::upwards_opts(directory, search()).is_err() {
            return Err(HistoryError::NoRepository { path: directory.to_owned() });
        }
        let shared =
            gix::ThreadSafeRepository::discover_opts(directory, search(), options).map_err(|error| {
                HistoryError::Unreadable {
                    path: directory.to_owned(),
                    problem: first_line(&error.to_string()),
                }
            })?;
        let Some(work_tree) = shared.work_dir() else {
            return Err(HistoryError::Bare { path: shared.path().to_owned() });
        };
        let work_tree = std::fs::canonicalize(work_tree).map_err(|error| HistoryError::Unreadable {
            path: work_tree.to_owned(),
            problem: error.to_string(),
        })?;
        Ok(Self { shared, work_tree })
    }

    /// The directory that the paths in commits start from; absolute, without links.
    pub(crate) fn work_tree(&self) -> &Path {
        &self.work_tree
    }

    /// A handle for this thread.
    pub(super) fn thread_local(&self) -> gix::Repository {
        self.shared.to_thread_local()
    }

    /// A reader for this thread.
    pub(crate) fn reader(&self) -> Reader {
        Reader::new(self.shared.to_thread_local())
    }

    /// The commits that a range means.
    ///
    /// # Errors
    /// The range cannot be read or names no commits, there are no commits, or they cannot be read.
    pub(crate) fn walk(&self, range: &Range) -> Result<Walk, HistoryError> {
        let repository = self.shared.to_thread_local();
        let head = repository.head().map_err(HistoryError::objects)?;
        if head.is_unborn() && (range.to == "HEAD" || range.from.as_deref() == Some("HEAD")) {
            return Err(HistoryError::NoCommits { path: self.work_tree.clone() });
        }
        let to = commit(&repository, range, &range.to)?;
        let hidden = range.from.as_ref().map(|from| commit(&repository, range, from)).transpose()?;
        let shallow = repository.shallow_commits().map_err(HistoryError::objects)?;
        let is_shallow = |id: &Id| shallow.as_ref().is_some_and(|shallow| shallow.contains(id));
        let walk = repository
            .rev_walk([to])
            .first_parent_only()
            .with_hidden(hidden)
            .all()
            .map_err(HistoryError::objects)?;
        let mut revisions = Vec::new();
        let mut is_cut = false;
        for info in walk.take(range.count.unwrap_or(usize::MAX)) {
            let id = info.map_err(HistoryError::objects)?.id;
            is_cut = is_shallow(&id);
            revisions.push(revision(&repository, id, is_cut)?);
        }
        revisions.reverse();
        Ok(Walk { revisions, is_cut })
    }
}

/// As everywhere in dockfix, the nearest `.git` counts, on whatever file system it lies.
fn search() -> upwards::Options<'static> {
    upwards::Options { cross_fs: true, ..upwards::Options::default() }
}

/// The commit that a revision names.
fn commit(repository: &gix::Repository, range: &Range, revision: &str) -> Result<Id, HistoryError> {
    let bad = |problem: String| HistoryError::BadRange { text: range.text.clone(), problem };
    let id = repository
        .rev_parse_single(revision)
        .map_err(|_| bad(format!("there is no revision `{revision}`")))?;
    let object = id.object().map_err(HistoryError::objects)?;
    let commit = object.peel_to_commit().map_err(|_| bad(format!("`{revision}` is no commit")))?;
    Ok(commit.id)
}

/// Reads a commit. The parents of one that `is_cut` are not there.
fn revision(repository: &gix::Repository, id: Id, is_cut: bool) -> Result<Revision, HistoryError> {
    let commit = repository.find_commit(id).map_err(HistoryError::objects)?;
    let parent = if is_cut { None } else { commit.parent_ids().next() };
    let parent_tree = match parent {
        None => None,
        Some(parent) => {
            let parent = repository.find_commit(parent).map_err(HistoryError::objects)?;
            Some(parent.tree_id().map_err(HistoryError::objects)?.detach())
        }
    };
    let subject = commit.message_raw_sloppy();
    let subject = subject.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    let date = commit.time().map(|time| time.format_or_unix(gix::date::time::format::SHORT));
    Ok(Revision {
        id,
        tree: commit.tree_id().map_err(HistoryError::objects)?.detach(),
        parent_tree,
        subject: String::from_utf8_lossy(subject.unwrap_or_default()).trim().to_owned(),
        // A time that cannot be read keeps nobody from reading the rest.
        date: date.unwrap_or_default(),
    })
}
