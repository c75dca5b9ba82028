//! How often each step would have run again, had every commit of a history been built.
//!
//! 1. [`versions`] finds out which Dockerfile and ignore file each commit has, and rewrites each pair of them once, with
//!    the files of the newest commit that has it. So the rewrite stays the same while the Dockerfile does, as it would
//!    have in the repository.
//! 2. [`outcomes`] asks the model what a commit makes run again, given what it changed. What a path is to the steps, and
//!    what a set of them is to the build, is worked out once.
//! 3. [`matrix`] gathers that by steps; one is the same in two commits if its text and stage are.
//!
//! A commit is compared with its first parent. It does not count if one of the two has no such file, or one that
//! BuildKit would reject.

mod matrix;
mod outcomes;
mod pairs;
mod versions;

use dockfix_model::cache::Options;
use rayon::prelude::*;

pub(super) use matrix::{Blame, Cell, Row, Side};
pub(super) use pairs::{Pair, pairs};
pub(super) use versions::Place;

use super::progress::Progress;
use crate::history::{HistoryError, Repository, Revision, Walk};
use outcomes::{Compared, Memory};
use versions::Versions;

/// A history, replayed.
#[derive(Debug)]
pub(super) struct Replay {
    /// The commits that count, the oldest first.
    pub(super) commits: Vec<Revision>,
    /// The steps of the Dockerfile as it was.
    pub(super) before: Side,
    /// The steps of the rewritten one.
    pub(super) after: Side,
    /// How many commits were looked at.
    pub(super) looked_at: usize,
    /// The oldest commit has a parent that a shallow clone does not have.
    pub(super) is_cut: bool,
    /// How many different Dockerfiles, or ignore files with them, there were.
    pub(super) versions: usize,
}

impl Replay {
    /// How many commits do not count.
    pub(super) fn left_out(&self) -> usize {
        self.looked_at - self.commits.len()
    }
}

/// So many commits in a row are left to one thread, at least: what one of them needs, the next one does, too.
fn chunk(commits: usize) -> usize {
    commits / (rayon::current_num_threads() * 2) + 1
}

/// Replays the commits of a walk.
///
/// # Errors
/// The history cannot be read.
pub(super) fn replay(
    repository: &Repository,
    place: &Place,
    walk: Walk,
    options: &Options,
    progress: &Progress,
) -> Result<Replay, HistoryError> {
    let Walk { revisions, is_cut } = walk;
    let looked_at = revisions.len();
    let versions = Versions::of(repository, place, &revisions, options, progress)?;
    progress.expect(looked_at, "commits");
    let compared: Vec<Option<Compared>> = revisions
        .par_iter()
        .enumerate()
        .with_min_len(chunk(looked_at))
        .map_init(
            || Memory::new(repository, place, &versions, options),
            |memory, (index, revision)| {
                let compared = memory.compare(index, revision);
                progress.step();
                compared
            },
        )
        .collect::<Result<_, _>>()?;
    let (commits, compared): (Vec<Revision>, Vec<Compared>) =
        revisions.into_iter().zip(compared).filter_map(|(revision, one)| Some((revision, one?))).unzip();
    let before = Side::of(&versions, &compared, |version| &version.before, |compared| &compared.before);
    let after = Side::of(&versions, &compared, |version| &version.after, |compared| &compared.after);
    let count = versions.count();
    Ok(Replay { commits, before, after, looked_at, is_cut, versions: count })
}
