//! The part of Go's regular expressions that `.dockerignore` patterns are turned into.
//!
//! moby/patternmatcher writes a regular expression for every pattern with a wildcard and leaves classes and escapes as
//! they are, so that `x\d` matches `x1` and `[a?]` means something else than it says. To agree with it, this module
//! reads the regular expression as Go does (package regexp/syntax with the Perl flags) and runs it without
//! backtracking: the time is bounded by the length of the path times the length of the pattern.

mod parse;

/// Why a regular expression is not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RegexpError {
    /// Go rejects it.
    Malformed,
    /// Go accepts it, this module does not: `\Q` quotes, Unicode classes such as `\pL`, and monstrous counts.
    Unmodelled,
}

/// A compiled regular expression.
#[derive(Debug, Clone)]
pub(super) struct Regexp {
    alternatives: Vec<Alternative>,
}

/// What stands between two `|`.
#[derive(Debug, Clone)]
struct Alternative {
    nodes: Vec<Node>,
    /// Every match starts with this text.
    prefix: String,
    /// Every match ends with this text.
    suffix: String,
    /// Every match holds this text somewhere.
    needle: String,
}

/// One state of the automaton: it takes a character and stays or moves on to the next state.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// Takes characters of a set.
    Take(Set, Times),
    /// The start of `(.*/)?`: takes nothing, may be skipped together with [`Node::Directories`].
    MaybeDirectories,
    /// Inside `(.*/)?`: takes everything but a line feed, and may be left after a slash.
    Directories,
    /// Takes nothing and holds at certain places only.
    Assertion(Assertion),
}

#[derive(Debug, Clone, PartialEq)]
enum Set {
    /// This character.
    Char(char),
    /// `[a-z]`, or `[^/]` for a `?`.
    Class(Class),
    /// A dot: everything but a line feed.
    NoLineFeed,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Times {
    Once,
    AtMostOnce,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Assertion {
    Start,
    End,
    WordBoundary,
    NoWordBoundary,
}

/// A set of characters.
#[derive(Debug, Clone, PartialEq)]
struct Class {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Regexp {
    /// Reads a regular expression of the kind that [`super::shape`] writes.
    pub(super) fn new(source: &str) -> Result<Self, RegexpError> {
        let alternatives = parse::parse(source)?;
        Ok(Self { alternatives: alternatives.into_iter().map(Alternative::new).collect() })
    }

    /// Whether the regular expression matches somewhere in the path. All of ours are anchored at both ends, but a `|`
    /// takes the anchors apart: `^a|b$` matches what starts with `a` or ends with `b`.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.alternatives.iter().any(|alternative| alternative.matches(path))
    }
}

impl Alternative {
    fn new(nodes: Vec<Node>) -> Self {
        let anchored = nodes
            .strip_prefix(&[Node::Assertion(Assertion::Start)])
            .and_then(|inner| inner.strip_suffix(&[Node::Assertion(Assertion::End)]))
            .unwrap_or_default();
        let literals = |run: &[Node]| run.iter().map_while(Node::literal).collect::<String>();
        let runs = anchored.split(|node| node.literal().is_none());
        let prefix = literals(anchored);
        let suffix = runs.clone().next_back().map(literals).unwrap_or_default();
        let needle = runs.map(literals).max_by_key(String::len).unwrap_or_default();
        Self { nodes, prefix, suffix, needle }
    }

    fn matches(&self, path: &str) -> bool {
        path.starts_with(&self.prefix)
            && path.ends_with(&self.suffix)
            && path.contains(&self.needle)
            && self.run(path)
    }

    fn run(&self, path: &str) -> bool {
        let mut current = vec![false; self.nodes.len() + 1];
        let mut next = current.clone();
        let mut before = None;
        let mut chars = path.chars();
        loop {
            let c = chars.next();
            // A match may start anywhere and end anywhere, unless an assertion says otherwise.
            set(&mut current, 0);
            self.skip_empty(&mut current, before, c);
            if current.last() == Some(&true) {
                return true;
            }
            let Some(c) = c else { return false };
            next.fill(false);
            for (index, node) in self.nodes.iter().enumerate() {
                if !current.get(index).copied().unwrap_or(false) {
                    continue;
                }
                let (stays, moves_on) = match node {
                    Node::Take(wanted, Times::Any) => (wanted.has(c), false),
                    Node::Take(wanted, Times::Once | Times::AtMostOnce) => (false, wanted.has(c)),
                    Node::Directories => (c != '\n', c == '/'),
                    Node::MaybeDirectories | Node::Assertion(_) => (false, false),
                };
                if stays {
                    set(&mut next, index);
                }
                if moves_on {
                    set(&mut next, index + 1);
                }
            }
            std::mem::swap(&mut current, &mut next);
            before = Some(c);
        }
    }

    /// Moves over everything that takes no character. All such moves go forward, so one pass finds them all.
    fn skip_empty(&self, states: &mut [bool], before: Option<char>, after: Option<char>) {
        for (index, node) in self.nodes.iter().enumerate() {
            if !states.get(index).copied().unwrap_or(false) {
                continue;
            }
            match node {
                Node::Take(_, Times::Any | Times::AtMostOnce) => set(states, index + 1),
                Node::MaybeDirectories => {
                    set(states, index + 1);
                    set(states, index + 2);
                }
                Node::Assertion(assertion) if assertion.holds(before, after) => set(states, index + 1),
                Node::Assertion(_) | Node::Take(_, Times::Once) | Node::Directories => {}
            }
        }
    }
}

impl Node {
    fn literal(&self) -> Option<char> {
        match self {
            Self::Take(Set::Char(c), Times::Once) => Some(*c),
            _ => None,
        }
    }
}

impl Set {
    fn has(&self, c: char) -> bool {
        match self {
            Self::Char(wanted) => *wanted == c,
            Self::Class(class) => class.has(c),
            Self::NoLineFeed => c != '\n',
        }
    }
}

fn set(states: &mut [bool], index: usize) {
    if let Some(state) = states.get_mut(index) {
        *state = true;
    }
}

impl Assertion {
    fn holds(self, before: Option<char>, after: Option<char>) -> bool {
        let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        match self {
            Self::Start => before.is_none(),
            Self::End => after.is_none(),
            Self::WordBoundary => word(before) != word(after),
            Self::NoWordBoundary => word(before) == word(after),
        }
    }
}

impl Class {
    fn has(&self, c: char) -> bool {
        self.ranges.iter().any(|&(low, high)| low <= c && c <= high) != self.negated
    }
}
