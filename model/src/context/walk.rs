use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::Arc;

use super::{Context, ContextError, Entry, FileType, join};
use crate::dockerignore::Matched;

/// The iterator of [`Context::walk`]. It lists a directory when it comes to it; where that fails, the error is one
/// item and the walk goes on.
#[derive(Debug)]
pub struct Walk<'a> {
    context: &'a Context,
    frames: Vec<Frame>,
    ready: VecDeque<WalkEntry>,
    failed: Option<ContextError>,
}

/// One item of a [`Walk`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkEntry {
    /// The path from the root of the context.
    pub path: String,
    /// What it is; links are not followed.
    pub file_type: FileType,
    /// As [`Entry::exact_name`], for the last name of the path.
    pub exact_name: bool,
}

/// A directory that the walk is in.
#[derive(Debug)]
struct Frame {
    dir: String,
    entries: Arc<[Entry]>,
    next: usize,
    matched: Option<Matched>,
    /// The directory's own entry, if it is excluded and only there if something in it is not.
    held_back: Option<WalkEntry>,
}

impl<'a> Walk<'a> {
    pub(super) fn start(context: &'a Context, dir: &str) -> Self {
        let walk = context.found(dir).and_then(|found| match context.exclusion_of(&found)? {
            Some(exclusion) => Err(ContextError::Excluded(exclusion)),
            None => Self::below(context, &found.path),
        });
        walk.unwrap_or_else(|error| Self {
            context,
            frames: Vec::new(),
            ready: VecDeque::new(),
            failed: Some(error),
        })
    }

    /// What is below a real directory, whether the directory itself is excluded or not.
    pub(super) fn below(context: &'a Context, dir: &str) -> Result<Self, ContextError> {
        let mut matched = None;
        if !dir.is_empty() {
            for end in dir.match_indices('/').map(|(at, _)| at).chain([dir.len()]) {
                let above = dir.get(..end).unwrap_or_default();
                matched = Some(context.rules().enter(above, matched.as_ref()).1);
            }
        }
        let entries = context.tree.list(dir)?;
        let frame = Frame { dir: dir.to_owned(), entries, next: 0, matched, held_back: None };
        Ok(Self { context, frames: vec![frame], ready: VecDeque::new(), failed: None })
    }

    /// Hands out an entry, after the directories that are there because of it.
    fn hand_out(&mut self, entry: WalkEntry) -> Option<Result<WalkEntry, ContextError>> {
        self.ready.extend(self.frames.iter_mut().filter_map(|frame| frame.held_back.take()));
        self.ready.push_back(entry);
        self.ready.pop_front().map(Ok)
    }

    /// Enters a directory if something in it may be copied. Tells whether the directory is to be handed out.
    fn enter(&mut self, entry: &WalkEntry, matched: Matched, excluded: bool) -> Result<bool, ContextError> {
        if excluded && !self.context.rules().has_exceptions_below(&entry.path) {
            return Ok(false);
        }
        let entries = match self.context.tree.list(&entry.path) {
            Ok(entries) => entries,
            // BuildKit, too, passes over an excluded directory that it may not read (fsutil, `filter.go`).
            Err(ContextError::Io { source, .. })
                if excluded && source.kind() == ErrorKind::PermissionDenied =>
            {
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let held_back = excluded.then(|| entry.clone());
        self.frames.push(Frame {
            dir: entry.path.clone(),
            entries,
            next: 0,
            matched: Some(matched),
            held_back,
        });
        Ok(!excluded)
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<WalkEntry, ContextError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        if let Some(entry) = self.ready.pop_front() {
            return Some(Ok(entry));
        }
        loop {
            let frame = self.frames.last_mut()?;
            let Some(entry) = frame.entries.get(frame.next) else {
                self.frames.pop();
                continue;
            };
            frame.next += 1;
            let path = join(&frame.dir, &entry.name);
            let Entry { file_type, exact_name, .. } = *entry;
            let rules = self.context.rules();
            if file_type == FileType::Dir {
                let (excluded, matched) = rules.enter(&path, frame.matched.as_ref());
                let entry = WalkEntry { path, file_type, exact_name };
                match self.enter(&entry, matched, excluded) {
                    Ok(true) => return self.hand_out(entry),
                    Ok(false) => {}
                    Err(error) => return Some(Err(error)),
                }
            } else if !rules.is_excluded_in(&path, frame.matched.as_ref()) {
                return self.hand_out(WalkEntry { path, file_type, exact_name });
            }
        }
    }
}
