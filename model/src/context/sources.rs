use std::borrow::Cow;
use std::sync::{Arc, PoisonError};

use super::resolve::Found;
use super::{Context, ContextError, Entry, FileType, Kind, join, normalise_inside};
use crate::pattern::{Pattern, has_wildcard};

/// Something that a source of COPY or ADD takes from the build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The path that the source names; links are followed only in the directories before a wildcard. A file gets its
    /// name in the image from it.
    pub path: String,
    /// Where that leads, without links. Of a directory, COPY takes the contents: [`Context::walk`] of this path.
    pub resolved: String,
    /// What is there; never a link. [`Context::kind_of`] tells more.
    pub file_type: FileType,
}

impl Match {
    fn of(path: String, found: Found) -> Self {
        Self { path, resolved: found.path, file_type: found.file_type }
    }
}

/// Is given each path that a source takes, and what stands there.
type Take<'t> = dyn FnMut(String, Found) -> Result<(), ContextError> + 't;

impl Context {
    /// What one source of COPY or ADD takes, sorted by path; variables are expanded already and it is no URL.
    ///
    /// The rules are those of BuildKit (`solver/llbsolver/file/backend.go` and fsutil's `copy/copy.go`):
    /// - The source starts at the root of the context, with or without a leading slash, and `..` stops there.
    ///   Trailing slashes do not count. A backslash is no separator, not even for a client on Windows.
    /// - With a wildcard ([`has_wildcard`]), everything that [`Pattern`] matches is taken, links to directories being
    ///   no way into them. A directory that matches is not searched further. It is no error if nothing matches.
    /// - Links in the source itself, also the one that a wildcard found, are followed inside the context; links inside
    ///   a directory that is copied stay links.
    ///
    /// The answer is what a source takes when everything is there. BuildKit, however, transfers only what the sources
    /// of the whole Dockerfile name, so that a few odd ones fail or take nothing unless there is a `COPY . .` too: a
    /// link behind a wildcard directory (`*/link`), a wildcard directory that holds a link to elsewhere, a class that
    /// holds `*` or `?`, and a wildcard in a directory of which nothing else is needed. Two kinds always fail: a
    /// wildcard directory that holds a broken link, and a path through a link to the root of the context.
    ///
    /// # Errors
    /// The build fails too with [`ContextError::NotFound`], [`ContextError::Excluded`] (also for the directory before
    /// a wildcard) and [`ContextError::BadPattern`]; [`ContextError::Unknown`] and [`ContextError::Io`] as everywhere.
    pub fn copy_sources(&self, source: &str) -> Result<Arc<[Match]>, ContextError> {
        let taken = || self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let known = taken().get(source).cloned();
        let answer = match known {
            Some(known) => known,
            None => {
                let answer = match self.find_sources(source) {
                    Ok(matches) => Ok(matches.into()),
                    Err(ContextError::NotFound { path }) => Err(path.into()),
                    Err(other) => return Err(other),
                };
                taken().insert(source.to_owned(), answer.clone());
                answer
            }
        };
        answer.map_err(|path| ContextError::NotFound { path: (*path).to_owned() })
    }

    /// Whether [`Self::copy_sources`] finds anything. No file is looked at for that, only the directories that hold it.
    #[must_use]
    pub fn has_sources(&self, source: &str) -> bool {
        let mut found = false;
        let done = self.each_source(source, &mut |path, source| {
            found = true;
            // Whether a link leads anywhere must be seen.
            if source.file_type == FileType::Symlink { self.source(&path).map(drop) } else { Ok(()) }
        });
        done.is_ok() && found
    }

    fn find_sources(&self, source: &str) -> Result<Vec<Match>, ContextError> {
        let mut matches = Vec::new();
        self.each_source(source, &mut |path, found| {
            matches.push(match found.file_type {
                FileType::Symlink => self.source(&path)?,
                _ => Match::of(path, found),
            });
            Ok(())
        })?;
        Ok(matches)
    }

    /// Hands on every path that a source takes, and what is there: links that a wildcard found are not followed.
    fn each_source(&self, source: &str, take: &mut Take<'_>) -> Result<(), ContextError> {
        if self.tree.is_unknown() {
            return Err(ContextError::Unknown { path: source.to_owned() });
        }
        let path = normalise_inside(source);
        let Some(wildcard) = Wildcard::new(&path)? else {
            let found = self.copied(&path)?;
            return take(path, found);
        };
        let base = self.source(&wildcard.dir)?;
        if base.file_type == FileType::Dir {
            self.expand(&wildcard, &base.resolved, "", 0, take)
        } else {
            Ok(())
        }
    }

    /// What a path without wildcards takes.
    fn source(&self, path: &str) -> Result<Match, ContextError> {
        Ok(Match::of(path.to_owned(), self.copied(path)?))
    }

    /// What a normalised path leads to, as COPY sees it.
    fn copied(&self, path: &str) -> Result<Found, ContextError> {
        let found = self.found_at(path, path)?;
        match self.exclusion_of(&found)? {
            Some(exclusion) => Err(ContextError::Excluded(exclusion)),
            None => Ok(found),
        }
    }

    /// What a source takes, in full.
    ///
    /// # Errors
    /// [`ContextError::NotFound`] and [`ContextError::Io`] where it is gone by now or cannot be looked at.
    pub fn kind_of(&self, taken: &Match) -> Result<Kind, ContextError> {
        self.tree.kind(&taken.resolved, taken.file_type)
    }

    fn expand(
        &self,
        wildcard: &Wildcard,
        base: &str,
        below: &str,
        depth: usize,
        take: &mut Take<'_>,
    ) -> Result<(), ContextError> {
        let entries = self.tree.list(&if below.is_empty() { base.to_owned() } else { join(base, below) })?;
        let ending = wildcard.endings.get(depth).map_or("", String::as_str);
        for entry in wildcard.that_may_match(&entries, depth) {
            // Most entries of a large directory are told by the end of their name.
            if !entry.name.ends_with(ending) {
                continue;
            }
            let relative =
                if below.is_empty() { Cow::Borrowed(&*entry.name) } else { join(below, &entry.name).into() };
            let matched = wildcard.pattern.matches(&relative);
            let leads_on =
                !matched && entry.file_type == FileType::Dir && wildcard.may_match_below(depth, &entry.name);
            // Most entries are not meant, so whether they are excluded is asked last.
            if !(matched || leads_on) {
                continue;
            }
            let path = join(base, &relative);
            if !self.is_copied(&path, entry.file_type)? {
                continue;
            }
            if matched {
                // There are no links on the way there.
                let found = Found { path: path.clone(), file_type: entry.file_type, links: Vec::new() };
                take(path, found)?;
            } else {
                self.expand(wildcard, base, &relative, depth + 1, take)?;
            }
        }
        Ok(())
    }
}

/// A source with a wildcard, parsed.
struct Wildcard {
    /// The components before the first one with a wildcard.
    dir: String,
    /// The rest.
    pattern: Pattern,
    /// The rest by components; empty if it cannot be read that way.
    components: Vec<Pattern>,
    /// What the names that each component matches begin with; empty if `components` is.
    beginnings: Vec<String>,
    /// What they end with; likewise.
    endings: Vec<String>,
}

impl Wildcard {
    /// Nothing if there is no wildcard in the path.
    fn new(path: &str) -> Result<Option<Self>, ContextError> {
        if !has_wildcard(path) {
            return Ok(None);
        }
        let mut dir = String::new();
        let mut rest = path;
        while !rest.is_empty() {
            let (name, after) = rest.split_once('/').unwrap_or((rest, ""));
            if has_wildcard(name) {
                let bad = |_| ContextError::BadPattern { pattern: path.to_owned() };
                let pattern = Pattern::new(rest).map_err(bad)?;
                let components = rest.split('/').map(Pattern::new).collect::<Result<_, _>>();
                let components: Vec<_> =
                    components.ok().filter(|_| !pattern.class_takes_slash()).unwrap_or_default();
                let names = || rest.split('/').take(components.len());
                let beginnings = names().map(literal_beginning).collect();
                let endings = names().map(literal_ending).collect();
                return Ok(Some(Self { dir, pattern, components, beginnings, endings }));
            }
            dir = join(&dir, name);
            rest = after;
        }
        Ok(None)
    }

    /// Those of a directory's entries, which are sorted by name, that begin as a match so many directories down must.
    fn that_may_match<'e>(&self, entries: &'e [Entry], depth: usize) -> &'e [Entry] {
        let Some(beginning) = self.beginnings.get(depth) else { return entries };
        let from = entries.partition_point(|entry| entry.name < *beginning);
        let entries = entries.get(from..).unwrap_or_default();
        let to = entries.partition_point(|entry| entry.name.starts_with(beginning.as_str()));
        entries.get(..to).unwrap_or_default()
    }

    /// Whether something below a directory with this name, so many directories down, could match.
    fn may_match_below(&self, depth: usize, name: &str) -> bool {
        let name_fits =
            self.components.is_empty() || self.components.get(depth).is_some_and(|c| c.matches(name));
        depth < self.pattern.max_slashes() && name_fits
    }
}

/// The part of a pattern before anything that is not to be taken literally.
fn literal_beginning(pattern: &str) -> String {
    pattern.split(['*', '?', '[', '\\']).next().unwrap_or_default().to_owned()
}

/// The part of a pattern after anything that is not to be taken literally.
fn literal_ending(pattern: &str) -> String {
    if pattern.contains('\\') {
        return String::new();
    }
    pattern.rsplit(['*', '?', ']']).next().unwrap_or_default().to_owned()
}
