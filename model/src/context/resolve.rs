use super::tree::Tree;
use super::{ContextError, FileType, join, normalise_inside, split};

/// Where a path leads.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The path without links on the way.
    pub(super) path: String,
    pub(super) file_type: FileType,
    /// The links that were followed, in that order.
    pub(super) links: Vec<String>,
}

/// Where a path leads if there is no link on the way.
enum Straight {
    To(Found),
    /// Something is missing, or a file stands where a directory should.
    Nowhere,
    /// There is one.
    OverLink,
}

/// The number of links in a path that continuity's `RootPath` follows.
const MAX_LINKS: usize = 255;

impl Tree {
    /// Follows a normalised path from the root. Nothing if it leads nowhere: something is missing, a file stands where
    /// a directory should, or there are too many links.
    pub(super) fn resolve(&self, path: &str, follow_last: bool) -> Result<Option<Found>, ContextError> {
        self.follow("", path, follow_last)
    }

    /// Like [`Self::resolve`], for a path in a directory that the links on the way cannot lead out of.
    pub(super) fn resolve_in(
        &self,
        scope: &str,
        path: &str,
        follow_last: bool,
    ) -> Result<Option<Found>, ContextError> {
        let Some(Found { path: root, file_type: FileType::Dir, .. }) = self.resolve(scope, true)? else {
            return Ok(None);
        };
        let below = path.strip_prefix(scope).unwrap_or(path).trim_start_matches('/');
        self.follow(&root, below, follow_last)
    }

    fn follow(&self, root: &str, path: &str, follow_last: bool) -> Result<Option<Found>, ContextError> {
        match self.follow_without_links(root, path, follow_last)? {
            Straight::To(found) => return Ok(Some(found)),
            Straight::Nowhere => return Ok(None),
            Straight::OverLink => {}
        }
        let mut found = Found { path: root.to_owned(), file_type: FileType::Dir, links: Vec::new() };
        let mut ahead: Vec<String> = components(path).rev().map(str::to_owned).collect();
        while let Some(name) = ahead.pop() {
            if found.file_type != FileType::Dir {
                return Ok(None);
            }
            let path = join(&found.path, &name);
            let Some(file_type) = self.file_type(&path)? else { return Ok(None) };
            if file_type == FileType::Symlink && (follow_last || !ahead.is_empty()) {
                let target = self.target(root, &path)?;
                ahead.extend(components(&target).rev().map(str::to_owned));
                found.links.push(path);
                root.clone_into(&mut found.path);
                if found.links.len() > MAX_LINKS {
                    return Ok(None);
                }
            } else {
                found.path = path;
                found.file_type = file_type;
            }
        }
        Ok(Some(found))
    }

    /// Most paths have no link on the way: each of their directories is a beginning of the path itself.
    fn follow_without_links(
        &self,
        root: &str,
        path: &str,
        follow_last: bool,
    ) -> Result<Straight, ContextError> {
        let whole = if path.is_empty() { root.to_owned() } else { join(root, path) };
        let mut file_type = FileType::Dir;
        let mut at = whole.len() - path.len();
        while at < whole.len() {
            let rest = whole.get(at..).unwrap_or_default();
            let length = memchr::memchr(b'/', rest.as_bytes()).unwrap_or(rest.len());
            if file_type != FileType::Dir {
                return Ok(Straight::Nowhere);
            }
            let beginning = whole.get(..at + length).unwrap_or_default();
            file_type = match self.file_type(beginning)? {
                None => return Ok(Straight::Nowhere),
                Some(FileType::Symlink) if follow_last || beginning.len() < whole.len() => {
                    return Ok(Straight::OverLink);
                }
                Some(file_type) => file_type,
            };
            at += length + 1;
        }
        Ok(Straight::To(Found { path: whole, file_type, links: Vec::new() }))
    }

    /// Where a link points to, relative to the root. Like BuildKit, `x/..` is dropped without looking at `x`.
    fn target(&self, root: &str, link: &str) -> Result<String, ContextError> {
        let super::Kind::Symlink { target } = self.kind(link, FileType::Symlink)? else {
            // It was replaced since it was listed.
            return Err(ContextError::NotFound { path: link.to_owned() });
        };
        if target.starts_with('/') {
            return Ok(normalise_inside(&target));
        }
        let dir = split(link).0;
        let below = dir.strip_prefix(root).unwrap_or(dir);
        Ok(normalise_inside(&format!("{below}/{target}")))
    }
}

fn components(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}
