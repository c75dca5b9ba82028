//! The commits of a repository, read from git's object database: nothing is checked out, no program is run, and of the
//! configuration only the repository's own is looked at.
//!
//! 1. [`Repository`] is found from a path; a [`Range`] says which commits are meant; [`Repository::walk`] lists them along
//!    first parents, because that is the way in which a branch was built.
//! 2. [`Reader`] tells what a commit changed in a directory, and what stands at a path. Each thread has its own.
//! 3. [`CommitTree`] is the tree of a commit as a build context.

mod changes;
mod range;
mod repository;
mod tree;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub(crate) use changes::{Changed, Reader};
pub(crate) use gix::objs::tree::EntryKind;
pub(crate) use range::Range;
pub(crate) use repository::{Repository, Revision, Walk};
pub(crate) use tree::CommitTree;

/// The name of an object: a commit, a tree, a file's content.
pub(crate) type Id = gix::ObjectId;

/// Why there is no history to read. One line each: what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HistoryError {
    /// No repository around the path.
    #[error("{}: not in a git repository, so there is no history; leave out --history", path.display())]
    NoRepository {
        /// A directory.
        path: PathBuf,
    },
    /// A repository without files.
    #[error("{}: a bare repository, which has no Dockerfile to start from; use a clone of it", path.display())]
    Bare {
        /// The repository.
        path: PathBuf,
    },
    /// There is one, but it cannot be read.
    #[error("{}: the repository cannot be opened: {problem}", path.display())]
    Unreadable {
        /// The repository, or where it was looked for.
        path: PathBuf,
        /// In git's words.
        problem: String,
    },
    /// `HEAD` leads to no commit.
    #[error("{}: the repository has no commits yet; commit something first", path.display())]
    NoCommits {
        /// The repository.
        path: PathBuf,
    },
    /// The text after `--history` cannot be read.
    #[error("--history {text}: {problem}; use a number of commits, or a range like v1.0..main")]
    BadRange {
        /// As it was given.
        text: String,
        /// What is wrong.
        problem: String,
    },
    /// An object is missing or broken.
    #[error(
        "the history cannot be read: {0}; in a partial clone, fetch all objects first, and else try git fsck"
    )]
    Objects(String),
}

impl HistoryError {
    /// What a function of the object database said.
    fn objects(error: impl std::fmt::Display) -> Self {
        Self::Objects(first_line(&error.to_string()))
    }
}

/// The first line of a text, so that a message stays a line.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}
