//! Glob patterns for directories, as workspaces are declared: `packages/*`, `apps/**`, `{a,b}/*`.
//!
//! Only what npm's minimatch, yarn's and pnpm's fast-glob and bun's own matcher agree on is read: `*`, `?`, `[...]` within
//! a segment, `**` as a segment, and braces. Extended globs (`@(a|b)`) are refused.

use std::collections::BTreeSet;

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};

/// A pattern that is not read, or a tree too large to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unresolved {
    /// The pattern uses what is not read here.
    Unsupported,
    /// More directories than [`MAX_DIRECTORIES`] would have to be looked at.
    TooLarge,
}

/// How many directories are looked at for one pattern.
const MAX_DIRECTORIES: usize = 20_000;
/// How many patterns braces may make of one.
const MAX_ALTERNATIVES: usize = 64;

/// The directories below `base` that `pattern` matches, as far as they come from the build context.
pub(crate) fn directories(
    project: &Project<'_>,
    base: &ImagePath,
    pattern: &str,
) -> Result<BTreeSet<ImagePath>, Unresolved> {
    let mut search = Search { project, found: BTreeSet::new(), visits: 0 };
    for pattern in alternatives(pattern)? {
        let segments = segments(&pattern)?;
        search.descend(base, &segments)?;
    }
    Ok(search.found)
}

/// Whether `pattern` matches the path `below`, relative to the directory that the pattern belongs to.
pub(crate) fn matches(pattern: &str, below: &str) -> Result<bool, Unresolved> {
    let path: Vec<&str> = below.split('/').filter(|segment| !segment.is_empty()).collect();
    for pattern in alternatives(pattern)? {
        if matches_segments(&segments(&pattern)?, &path) {
            return Ok(true);
        }
    }
    Ok(false)
}

enum Segment {
    /// A name, `..` included.
    Name(String),
    /// A pattern for one name.
    Pattern(Vec<Atom>),
    /// `**`
    Any,
}

enum Atom {
    Char(char),
    One,
    Many,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

fn segments(pattern: &str) -> Result<Vec<Segment>, Unresolved> {
    let mut segments = Vec::new();
    for part in pattern.split('/').filter(|part| !matches!(*part, "" | ".")) {
        let segment = segment(part)?;
        // `**/**` means `**`, and would only cost time.
        if !matches!((segments.last(), &segment), (Some(Segment::Any), Segment::Any)) {
            segments.push(segment);
        }
    }
    Ok(segments)
}

fn segment(text: &str) -> Result<Segment, Unresolved> {
    if text == "**" {
        return Ok(Segment::Any);
    }
    if text.contains(['\\', '(', ')']) {
        return Err(Unresolved::Unsupported);
    }
    if !text.contains(['*', '?', '[']) {
        return Ok(Segment::Name(text.to_owned()));
    }
    let mut atoms = Vec::new();
    let mut chars = text.chars();
    while let Some(ch) = chars.next() {
        atoms.push(match ch {
            '*' => Atom::Many,
            '?' => Atom::One,
            '[' => class(&mut chars)?,
            ch => Atom::Char(ch),
        });
    }
    Ok(Segment::Pattern(atoms))
}

fn class(chars: &mut std::str::Chars<'_>) -> Result<Atom, Unresolved> {
    let negated = chars.as_str().starts_with(['!', '^']);
    if negated {
        chars.next();
    }
    let mut ranges = Vec::new();
    loop {
        let low = chars.next().ok_or(Unresolved::Unsupported)?;
        if low == ']' {
            return Ok(Atom::Class { negated, ranges });
        }
        let mut ahead = chars.clone();
        let high = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(high)) if high != ']' => {
                *chars = ahead;
                high
            }
            _ => low,
        };
        ranges.push((low, high));
    }
}

/// The patterns that `{a,b}` stands for.
fn alternatives(pattern: &str) -> Result<Vec<String>, Unresolved> {
    let mut open = vec![pattern.to_owned()];
    let mut done = Vec::new();
    while let Some(pattern) = open.pop() {
        if open.len() + done.len() > MAX_ALTERNATIVES {
            return Err(Unresolved::Unsupported);
        }
        let Some(start) = pattern.find('{') else {
            done.push(pattern);
            continue;
        };
        let (before, rest) = (&pattern[..start], &pattern[start + 1..]);
        let end = rest.find('}').ok_or(Unresolved::Unsupported)?;
        let (inner, after) = (&rest[..end], &rest[end + 1..]);
        if inner.contains(['{', '\\']) || inner.contains("..") || !inner.contains(',') {
            return Err(Unresolved::Unsupported);
        }
        open.extend(inner.split(',').map(|choice| format!("{before}{choice}{after}")));
    }
    Ok(done)
}

fn matches_name(atoms: &[Atom], name: &str) -> bool {
    fn rest(atoms: &[Atom], name: &[char]) -> bool {
        let Some((atom, atoms)) = atoms.split_first() else { return name.is_empty() };
        if let Atom::Many = atom {
            return (0..=name.len()).any(|skip| rest(atoms, &name[skip..]));
        }
        let Some((&ch, name)) = name.split_first() else { return false };
        let fits = match atom {
            Atom::Char(wanted) => *wanted == ch,
            Atom::One => true,
            Atom::Class { negated, ranges } => {
                ranges.iter().any(|&(low, high)| low <= ch && ch <= high) != *negated
            }
            Atom::Many => false,
        };
        fits && rest(atoms, name)
    }
    // A leading dot has to be written out.
    if name.starts_with('.') && !matches!(atoms.first(), Some(Atom::Char('.'))) {
        return false;
    }
    // Several stars in a name are rare, but may not cost exponential time.
    if atoms.iter().filter(|atom| matches!(atom, Atom::Many)).count() > 4 {
        return true;
    }
    rest(atoms, &name.chars().collect::<Vec<_>>())
}

fn matches_segments(segments: &[Segment], path: &[&str]) -> bool {
    match (segments.split_first(), path.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((Segment::Any, rest)), _) => {
            matches_segments(rest, path)
                || path
                    .split_first()
                    .is_some_and(|(name, path)| !name.starts_with('.') && matches_segments(segments, path))
        }
        (Some(_), None) => false,
        (Some((segment, rest)), Some((name, path))) => {
            let fits = match segment {
                Segment::Name(wanted) => wanted == name,
                Segment::Pattern(atoms) => matches_name(atoms, name),
                Segment::Any => false,
            };
            fits && matches_segments(rest, path)
        }
    }
}

struct Search<'s, 'p> {
    project: &'s Project<'p>,
    found: BTreeSet<ImagePath>,
    visits: usize,
}

impl Search<'_, '_> {
    fn descend(&mut self, directory: &ImagePath, segments: &[Segment]) -> Result<(), Unresolved> {
        self.visits += 1;
        if self.visits > MAX_DIRECTORIES {
            return Err(Unresolved::TooLarge);
        }
        let Some((segment, rest)) = segments.split_first() else {
            self.found.insert(directory.clone());
            return Ok(());
        };
        match segment {
            Segment::Name(name) => {
                let next = directory.join(name);
                if name == ".." || self.project.find_at(&next) == Found::Directory {
                    self.descend(&next, rest)?;
                }
            }
            Segment::Pattern(atoms) => {
                for name in self.subdirectories(directory) {
                    if matches_name(atoms, &name) {
                        self.descend(&directory.join(&name), rest)?;
                    }
                }
            }
            Segment::Any => {
                self.descend(directory, rest)?;
                for name in self.subdirectories(directory) {
                    if !name.starts_with('.') {
                        self.descend(&directory.join(&name), segments)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn subdirectories(&self, directory: &ImagePath) -> Vec<String> {
        let entries = self.project.list(directory.as_str()).into_iter();
        entries
            .filter(|(name, is_directory)| *is_directory && name != "node_modules")
            .map(|(name, _)| name)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_segment_by_segment() {
        for (pattern, path, expected) in [
            ("packages/*", "packages/a", true),
            ("packages/*", "packages/a/b", false),
            ("packages/*", "packages/.a", false),
            ("./packages/**", "packages/a/b", true),
            ("packages/**", "packages", true),
            ("**", "a/b/c", true),
            ("{apps,libs}/x-*", "libs/x-y", true),
            ("{apps,libs}/x-*", "lib/x-y", false),
            ("a/[b-d]?", "a/cx", true),
            ("a/[!b-d]?", "a/cx", false),
            ("web/", "web", true),
        ] {
            assert_eq!(matches(pattern, path), Ok(expected), "{pattern} {path}");
        }
        for pattern in ["@(a|b)", "a\\b", "{a", "{a..c}", "[a"] {
            assert_eq!(matches(pattern, "a"), Err(Unresolved::Unsupported), "{pattern}");
        }
    }
}
