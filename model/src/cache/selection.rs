//! Which files of the build context a step takes.

use crate::context::{Context, normalise_inside};
use crate::pattern::{Pattern, has_wildcard};

/// The files that one source of COPY or ADD, or one bind mount, takes from the build context, before the ignore file
/// is asked. Prepared once, so that thousands of paths can be tried.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The source in its shortest form, without a slash at its beginning; empty for the whole context.
    source: String,
    /// The directories and files that are taken with all that lies in them: the source, or where its links lead.
    roots: Vec<String>,
    /// The links that were followed: if one of them changes, so do the files.
    links: Vec<String>,
    /// For a source with a wildcard: the directory before it, and what follows it.
    wildcard: Option<(String, Option<Pattern>)>,
}

impl Selection {
    /// What `source` takes, variables replaced. Links in it are followed as far as the context is known.
    pub(super) fn new(source: &str, context: &Context) -> Self {
        let source = normalise_inside(source);
        let mut selection = Self { source, roots: Vec::new(), links: Vec::new(), wildcard: None };
        let (dir, rest) = split_at_wildcard(&selection.source);
        let (dir, rest) = (dir.to_owned(), rest.map(str::to_owned));
        let (root, links) = context.followed(&dir).unwrap_or((dir, Vec::new()));
        selection.links = links;
        match rest {
            None => selection.roots.push(root),
            Some(rest) => {
                // What a wildcard finds may be a link, which is followed.
                if context.is_known() {
                    let found = context.copy_sources(&selection.source).unwrap_or_default();
                    let linked = found.iter().filter(|found| found.path != found.resolved);
                    selection.roots.extend(linked.map(|found| found.resolved.clone()));
                }
                selection.wildcard = Some((root, Pattern::new(&rest).ok()));
            }
        }
        selection
    }

    /// The source in its shortest form, without a slash at its beginning; empty for the whole context.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it takes a path of the context, if the ignore file lets it through. Of a pattern that cannot be read,
    /// nothing is taken: the build fails on it.
    #[must_use]
    pub fn takes(&self, path: &str) -> bool {
        self.roots.iter().any(|root| is_in(path, root))
            || self.links.iter().any(|link| link == path)
            || self.wildcard.as_ref().is_some_and(|(dir, pattern)| {
                let Some(below) = below(path, dir) else { return false };
                let Some(pattern) = pattern else { return false };
                // Whatever lies in a directory that matches is taken, too.
                let ends = below.match_indices('/').map(|(at, _)| at).chain([below.len()]);
                ends.take(pattern.max_slashes() + 1)
                    .any(|end| below.get(..end).is_some_and(|beginning| pattern.matches(beginning)))
            })
    }

    /// The directory below which everything lies that may be taken, apart from what links lead to.
    pub(super) fn top(&self) -> Option<&str> {
        match &self.wildcard {
            Some((dir, _)) => Some(dir),
            None => self.roots.first().map(String::as_str),
        }
    }
}

/// The components before the first one with a wildcard, and the rest.
fn split_at_wildcard(source: &str) -> (&str, Option<&str>) {
    let mut start = 0;
    for name in source.split('/') {
        if has_wildcard(name) {
            let dir = source.get(..start.max(1) - 1).unwrap_or_default();
            return (dir, source.get(start..));
        }
        start += name.len() + 1;
    }
    (source, None)
}

fn is_in(path: &str, root: &str) -> bool {
    root.is_empty() || path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn below<'p>(path: &'p str, dir: &str) -> Option<&'p str> {
    if dir.is_empty() { Some(path) } else { path.strip_prefix(dir)?.strip_prefix('/') }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Files;

    fn takes(source: &str, paths: &[&str]) -> Vec<bool> {
        let files = Files::new().file("real/a", "").symlink("link", "real").symlink("l.txt", "real/a");
        let selection = Selection::new(source, &Context::from_files(files, "Dockerfile"));
        paths.iter().map(|path| selection.takes(path)).collect()
    }

    #[test]
    fn directories_take_what_lies_in_them() {
        assert_eq!(takes("./src/", &["src", "src/a/b", "srcs", "a/src"]), [true, true, false, false]);
        assert_eq!(takes(".", &["a", "a/b"]), [true, true]);
        assert_eq!(takes("../a", &["a", "b"]), [true, false]);
    }

    #[test]
    fn wildcards_stop_at_slashes() {
        assert_eq!(takes("p*.json", &["package.json", "p.json/x", "a/p.json"]), [true, true, false]);
        assert_eq!(takes("a/*/b", &["a/x/b", "a/x/b/c", "a/x", "a/x/y/b"]), [true, true, false, false]);
        assert_eq!(takes("a/b*", &["a/b", "a", "ab"]), [true, false, false]);
    }

    #[test]
    fn links_are_followed() {
        assert_eq!(takes("link", &["link", "real/a", "other"]), [true, true, false]);
        assert_eq!(takes("*.txt", &["l.txt", "real/a", "real/b"]), [true, true, false]);
    }
}
