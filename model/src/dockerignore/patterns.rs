//! A list of patterns and the walk over a tree that it decides (moby/patternmatcher, `MatchesUsingParentResults`).

use super::regexp::RegexpError;
use super::shape::Shape;
use crate::pattern;

/// Patterns in their order; the last one that matches a path decides.
#[derive(Debug, Clone, Default)]
pub(super) struct PatternList {
    patterns: Vec<ListedPattern>,
}

#[derive(Debug, Clone)]
struct ListedPattern {
    exception: bool,
    /// Nothing where the pattern is malformed or not modelled: it matches no path.
    shape: Option<Shape>,
    /// For an exception: its components, to tell which directories it can reach into.
    components: Vec<Component>,
}

/// What a component of an exception says about the directory at its place.
#[derive(Debug, Clone)]
enum Component {
    /// The directory has this name.
    Name(String),
    /// The directory's name matches.
    Wildcard(pattern::Pattern),
    /// From here on anything is possible: `**`, or a class that might take a slash.
    Anything,
}

/// Why a pattern is not in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// An exception without a path.
    LoneException,
    /// BuildKit rejects it, when the list is made or when the first path is matched.
    Malformed,
    /// BuildKit knows what it means, this module does not.
    Unmodelled,
}

/// Which patterns matched a directory or one of its parents, as far as BuildKit's walk looked.
///
/// It does not look at a pattern that could not change the verdict, and does not come back to it further down. That
/// makes a difference: with `a/b` and `!a`, everything in `a/b` stays excluded, although `a` is a parent of it.
#[derive(Debug, Clone)]
pub(crate) struct Matched(Vec<bool>);

/// What the patterns say about one path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) excluded: bool,
    /// The index of the pattern that decided, if any matched.
    pub(super) decided_by: Option<usize>,
}

impl PatternList {
    /// Appends a pattern (patternmatcher, `New`). A refused one keeps its place and matches nothing.
    pub(super) fn push(&mut self, pattern: &str) -> Result<(), Refusal> {
        let cleaned = pattern::clean(pattern.trim());
        let (exception, text) = match cleaned.strip_prefix('!') {
            Some(text) => (true, text),
            None => (false, &*cleaned),
        };
        let shape = if text.is_empty() {
            Err(Refusal::LoneException)
        } else if pattern::Pattern::new(text).is_err() {
            Err(Refusal::Malformed)
        } else {
            Shape::new(text).map_err(|error| match error {
                RegexpError::Malformed => Refusal::Malformed,
                RegexpError::Unmodelled => Refusal::Unmodelled,
            })
        };
        let components = if exception { components(text) } else { Vec::new() };
        let refusal = shape.as_ref().err().copied();
        self.patterns.push(ListedPattern { exception, shape: shape.ok(), components });
        refusal.map_or(Ok(()), Err)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The verdict on a path, given what matched its directory; nothing for the top level.
    pub(super) fn verdict(&self, path: &str, parent: Option<&Matched>) -> Verdict {
        self.walk_step(path, parent, |_| {})
    }

    /// The verdict on a directory, and what its entries have to know.
    pub(super) fn enter(&self, path: &str, parent: Option<&Matched>) -> (Verdict, Matched) {
        let mut matched = vec![false; self.patterns.len()];
        let verdict = self.walk_step(path, parent, |index| {
            if let Some(slot) = matched.get_mut(index) {
                *slot = true;
            }
        });
        (verdict, Matched(matched))
    }

    fn walk_step(&self, path: &str, parent: Option<&Matched>, mut record: impl FnMut(usize)) -> Verdict {
        let mut verdict = Verdict::default();
        for (index, pattern) in self.patterns.iter().enumerate() {
            let parent_matched = parent.is_some_and(|Matched(parent)| parent.get(index) == Some(&true));
            if parent_matched || (pattern.exception == verdict.excluded && pattern.matches(path)) {
                record(index);
                verdict = Verdict { excluded: !pattern.exception, decided_by: Some(index) };
            }
        }
        verdict
    }

    /// The verdict when every pattern is held against every parent (patternmatcher, `MatchesOrParentMatches`).
    /// It is not the walk's, but the one by which the file is opened.
    pub(super) fn excluded_with_all_parents(&self, path: &str) -> bool {
        let parents = || path.match_indices('/').filter_map(|(at, _)| path.get(..at)).chain([path]);
        self.patterns.iter().fold(false, |excluded, pattern| {
            if pattern.exception == excluded && parents().any(|path| pattern.matches(path)) {
                !pattern.exception
            } else {
                excluded
            }
        })
    }

    /// Whether an exception can match something below an excluded directory.
    pub(super) fn has_exceptions_below(&self, dir: &str) -> bool {
        self.patterns
            .iter()
            .any(|pattern| pattern.exception && pattern.shape.is_some() && pattern.reaches_below(dir))
    }
}

impl ListedPattern {
    fn matches(&self, path: &str) -> bool {
        self.shape.as_ref().is_some_and(|shape| shape.matches(path))
    }

    fn reaches_below(&self, dir: &str) -> bool {
        let mut components = self.components.iter();
        for name in dir.split('/').filter(|name| !name.is_empty()) {
            match components.next() {
                None => return false,
                Some(Component::Anything) => return true,
                Some(Component::Name(wanted)) if wanted == name => {}
                Some(Component::Wildcard(pattern)) if pattern.matches(name) => {}
                Some(Component::Name(_) | Component::Wildcard(_)) => return false,
            }
        }
        components.next().is_some()
    }
}

fn components(pattern: &str) -> Vec<Component> {
    // Alternatives and counts of a regular expression do not stop at a slash.
    if pattern.contains(['|', '{']) {
        return vec![Component::Anything];
    }
    pattern
        .split('/')
        .map(|component| {
            if component.contains("**") || component.contains(['[', ']', '\\', '^']) {
                Component::Anything
            } else if component.contains(['*', '?']) {
                pattern::Pattern::new(component).map_or(Component::Anything, Component::Wildcard)
            } else {
                Component::Name(component.to_owned())
            }
        })
        .collect()
}
