use std::collections::VecDeque;
use std::ops::ControlFlow;

use gix::bstr::BStr;
use gix::objs::TreeRefIter;
use gix::objs::tree::EntryKind;
use gix_diff::tree::visit::{Action, Change};
use gix_diff::tree::{Error, State, Visit};

use super::{HistoryError, Id};

/// Reads commits, for one thread.
pub(crate) struct Reader {
    repository: gix::Repository,
    state: State,
    before: Vec<u8>,
    after: Vec<u8>,
}

/// What stands at a path of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The content.
    pub(crate) id: Id,
    /// What it is.
    pub(crate) kind: EntryKind,
}

/// A file that is not the same in two commits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changed<'a> {
    /// Its path, from the directory that was compared.
    pub(crate) path: &'a [u8],
    /// Whether it was there before.
    pub(crate) was_there: bool,
    /// Whether it is there now.
    pub(crate) is_there: bool,
}

/// The trees of one commit are mostly those of the next: this much of them is kept, in bytes.
const CACHE: usize = 32 * 1024 * 1024;

impl Reader {
    pub(super) fn new(mut repository: gix::Repository) -> Self {
        repository.object_cache_size(CACHE);
        Self { repository, state: State::default(), before: Vec::new(), after: Vec::new() }
    }

    /// What stands at a path of the tree `root`; `""` is the tree itself.
    ///
    /// # Errors
    /// An object cannot be read.
    pub(crate) fn entry(&self, root: Id, path: &str) -> Result<Option<Entry>, HistoryError> {
        if path.is_empty() {
            return Ok(Some(Entry { id: root, kind: EntryKind::Tree }));
        }
        let tree = self.repository.find_tree(root).map_err(HistoryError::objects)?;
        let entry = tree.lookup_entry(path.split('/').map(str::as_bytes)).map_err(HistoryError::objects)?;
        Ok(entry.map(|entry| Entry { id: entry.object_id(), kind: entry.mode().kind() }))
    }

    /// The content of a file, or the target of a link.
    ///
    /// # Errors
    /// The object cannot be read.
    pub(crate) fn content(&self, id: Id) -> Result<Vec<u8>, HistoryError> {
        Ok(self.repository.find_blob(id).map_err(HistoryError::objects)?.take_data())
    }

    /// Calls `visit` with every file below `directory` that is not the same in two trees, in content, mode or kind. A
    /// file that was renamed comes twice. It stops when `visit` says so.
    ///
    /// # Errors
    /// An object cannot be read.
    pub(crate) fn changes(
        &mut self,
        before: Id,
        after: Id,
        directory: &str,
        visit: impl FnMut(Changed<'_>) -> ControlFlow<()>,
    ) -> Result<(), HistoryError> {
        if before == after {
            return Ok(());
        }
        let tree =
            |entry: Option<Entry>| entry.filter(|entry| entry.kind == EntryKind::Tree).map(|entry| entry.id);
        let (before, after) = (tree(self.entry(before, directory)?), tree(self.entry(after, directory)?));
        if before == after {
            return Ok(());
        }
        let hash = self.repository.object_hash();
        let (lhs, rhs) = (
            load(&self.repository, before, &mut self.before)?,
            load(&self.repository, after, &mut self.after)?,
        );
        let (lhs, rhs) = (TreeRefIter::from_bytes(lhs, hash), TreeRefIter::from_bytes(rhs, hash));
        let mut visitor = Visitor { path: Vec::new(), directories: VecDeque::new(), visit };
        match gix_diff::tree(lhs, rhs, &mut self.state, &self.repository.objects, &mut visitor) {
            Ok(()) | Err(Error::Cancelled) => Ok(()),
            Err(error) => Err(HistoryError::objects(error)),
        }
    }
}

/// The bytes of a tree; none of one that is not there.
fn load<'a>(
    repository: &gix::Repository,
    tree: Option<Id>,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a [u8], HistoryError> {
    use gix::objs::FindExt as _;
    match tree {
        Some(id) => Ok(repository.objects.find(&id, buffer).map_err(HistoryError::objects)?.data),
        None => Ok(&[]),
    }
}

/// Follows the way of a comparison through the trees.
struct Visitor<F> {
    /// Where it is.
    path: Vec<u8>,
    /// The directories that it still has to look into.
    directories: VecDeque<Vec<u8>>,
    visit: F,
}

impl<F> Visitor<F> {
    fn push(&mut self, name: &BStr) {
        if !self.path.is_empty() && !name.is_empty() {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(name);
    }
}

impl<F: FnMut(Changed<'_>) -> ControlFlow<()>> Visit for Visitor<F> {
    fn pop_front_tracked_path_and_set_current(&mut self) {
        self.path = self.directories.pop_front().unwrap_or_default();
    }

    fn push_back_tracked_path_component(&mut self, component: &BStr) {
        self.push(component);
        self.directories.push_back(self.path.clone());
    }

    fn push_path_component(&mut self, component: &BStr) {
        self.push(component);
    }

    fn pop_path_component(&mut self) {
        let end = self.path.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
        self.path.truncate(end);
    }

    fn visit(&mut self, change: Change) -> Action {
        // What lies in a directory comes by itself.
        let (was_there, is_there) = match change {
            Change::Addition { entry_mode, .. } => (false, !entry_mode.is_tree()),
            Change::Deletion { entry_mode, .. } => (!entry_mode.is_tree(), false),
            Change::Modification { previous_entry_mode, entry_mode, .. } => {
                (!previous_entry_mode.is_tree(), !entry_mode.is_tree())
            }
        };
        if was_there || is_there {
            return (self.visit)(Changed { path: &self.path, was_there, is_there });
        }
        ControlFlow::Continue(())
    }
}
