//! The part of Go's regular expressions that `.dockerignore` patterns are turned into.
//!
//! moby/patternmatcher writes a regular expression for every pattern with a wildcard and leaves classes and escapes as
//! they are, so that `x\d` matches `x1` and `[a?]` means something else than it says. To agree with it, this module
//! reads the regular expression as Go does (package regexp/syntax with the Perl flags) and runs it without
//! backtracking: the time is bounded by the length of the path times the length of the pattern.

use std::str::Chars;

/// Why a regular expression is not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RegexpError {
    /// Go rejects it.
    Malformed,
    /// Go accepts it, this module does not: `\Q` quotes and Unicode classes such as `\pL`.
    Unmodelled,
}

/// A compiled regular expression.
#[derive(Debug, Clone)]
pub(super) struct Regexp {
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
    /// Takes this character.
    Char(char),
    /// `[a-z]`, or `[^/]` for a `?`.
    Class(Class),
    /// A class any number of times: `[^/]*`.
    ClassStar(Class),
    /// `.*`; a dot takes everything but a line feed.
    DotStar,
    /// The start of `(.*/)?`: takes nothing, may be skipped together with [`Node::Directories`].
    MaybeDirectories,
    /// Inside `(.*/)?`: takes everything but a line feed, and may be left after a slash.
    Directories,
    /// Takes nothing and holds at certain places only.
    Assertion(Assertion),
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
    /// Reads a regular expression of the shape that [`super::shape`] writes.
    pub(super) fn new(source: &str) -> Result<Self, RegexpError> {
        let nodes = Parser { rest: source.chars() }.parse()?;
        let anchored = nodes
            .strip_prefix(&[Node::Assertion(Assertion::Start)])
            .and_then(|inner| inner.strip_suffix(&[Node::Assertion(Assertion::End)]))
            .unwrap_or_default();
        let literals = |run: &[Node]| run.iter().map_while(Node::literal).collect::<String>();
        let runs = anchored.split(|node| node.literal().is_none());
        let prefix = literals(anchored);
        let suffix = runs.clone().next_back().map(literals).unwrap_or_default();
        let needle = runs.map(literals).max_by_key(String::len).unwrap_or_default();
        Ok(Self { nodes, prefix, suffix, needle })
    }

    /// Whether the regular expression matches the path. Go searches anywhere, but all of ours are anchored.
    pub(super) fn matches(&self, path: &str) -> bool {
        path.starts_with(&self.prefix)
            && path.ends_with(&self.suffix)
            && path.contains(&self.needle)
            && self.run(path)
    }

    fn run(&self, path: &str) -> bool {
        let mut current = vec![false; self.nodes.len() + 1];
        let mut next = current.clone();
        set(&mut current, 0);
        let mut before = None;
        let mut chars = path.chars();
        loop {
            let c = chars.next();
            self.skip_empty(&mut current, before, c);
            let Some(c) = c else { return current.last() == Some(&true) };
            next.fill(false);
            for (index, node) in self.nodes.iter().enumerate() {
                if !current.get(index).copied().unwrap_or(false) {
                    continue;
                }
                let (stays, moves_on) = match node {
                    Node::Char(wanted) => (false, *wanted == c),
                    Node::Class(class) => (false, class.has(c)),
                    Node::ClassStar(class) => (class.has(c), false),
                    Node::DotStar => (c != '\n', false),
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
            if !next.contains(&true) {
                return false;
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
                Node::ClassStar(_) | Node::DotStar => set(states, index + 1),
                Node::MaybeDirectories => {
                    set(states, index + 1);
                    set(states, index + 2);
                }
                Node::Assertion(assertion) if assertion.holds(before, after) => set(states, index + 1),
                Node::Assertion(_) | Node::Char(_) | Node::Class(_) | Node::Directories => {}
            }
        }
    }
}

impl Node {
    fn literal(&self) -> Option<char> {
        match self {
            Self::Char(c) => Some(*c),
            _ => None,
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

const DIGITS: &[(char, char)] = &[('0', '9')];
const SPACES: &[(char, char)] = &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

/// Everything that is not in the ranges, which are sorted and apart.
fn complement(ranges: &[(char, char)]) -> Vec<(char, char)> {
    let mut free = Vec::new();
    let mut from = 0_u32;
    for &(low, high) in ranges {
        free.extend(between(from, u32::from(low)));
        from = u32::from(high) + 1;
    }
    free.extend(between(from, u32::from(char::MAX) + 1));
    free
}

fn between(from: u32, until: u32) -> Option<(char, char)> {
    (from < until).then(|| Some((char::from_u32(from)?, char::from_u32(until - 1)?)))?
}

/// `\d`, `\s`, `\w` and their negations.
fn perl_class(letter: char) -> Option<Vec<(char, char)>> {
    Some(match letter {
        'd' => DIGITS.to_vec(),
        'D' => complement(DIGITS),
        's' => SPACES.to_vec(),
        'S' => complement(SPACES),
        'w' => WORD.to_vec(),
        'W' => complement(WORD),
        _ => return None,
    })
}

/// `alpha` of `[[:alpha:]]`; `^alpha` is its negation.
fn posix_class(name: &str) -> Option<Vec<(char, char)>> {
    if let Some(name) = name.strip_prefix('^') {
        return posix_class(name).map(|ranges| complement(&ranges));
    }
    Some(match name {
        "alnum" => vec![('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => vec![('A', 'Z'), ('a', 'z')],
        "ascii" => vec![('\0', '\x7f')],
        "blank" => vec![('\t', '\t'), (' ', ' ')],
        "cntrl" => vec![('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => DIGITS.to_vec(),
        "graph" => vec![('!', '~')],
        "lower" => vec![('a', 'z')],
        "print" => vec![(' ', '~')],
        "punct" => vec![('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => vec![('\t', '\r'), (' ', ' ')],
        "upper" => vec![('A', 'Z')],
        "word" => WORD.to_vec(),
        "xdigit" => vec![('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}

struct Parser<'a> {
    rest: Chars<'a>,
}

impl Parser<'_> {
    fn parse(mut self) -> Result<Vec<Node>, RegexpError> {
        let mut nodes = Vec::new();
        loop {
            if self.take("(.*/)?") {
                nodes.extend([Node::MaybeDirectories, Node::Directories]);
            } else if self.take(".*") {
                nodes.push(Node::DotStar);
            } else {
                match self.rest.next() {
                    None => return Ok(nodes),
                    Some('^') => nodes.push(Node::Assertion(Assertion::Start)),
                    Some('$') => nodes.push(Node::Assertion(Assertion::End)),
                    Some('[') => {
                        let class = self.class()?;
                        let repeated = self.take("*");
                        nodes.push(if repeated { Node::ClassStar(class) } else { Node::Class(class) });
                    }
                    Some('\\') => nodes.push(self.escape()?),
                    Some(c) => nodes.push(Node::Char(c)),
                }
            }
        }
    }

    /// Takes this text if it comes next.
    fn take(&mut self, text: &str) -> bool {
        match self.rest.as_str().strip_prefix(text) {
            Some(rest) => {
                self.rest = rest.chars();
                true
            }
            None => false,
        }
    }

    /// What follows a backslash outside a class.
    fn escape(&mut self) -> Result<Node, RegexpError> {
        let mut ahead = self.rest.clone();
        let node = match ahead.next() {
            Some('A') => Node::Assertion(Assertion::Start),
            Some('z') => Node::Assertion(Assertion::End),
            Some('b') => Node::Assertion(Assertion::WordBoundary),
            Some('B') => Node::Assertion(Assertion::NoWordBoundary),
            Some('Q') => return Err(RegexpError::Unmodelled),
            _ => {
                return Ok(match self.class_escape()? {
                    Some(ranges) => Node::Class(Class { negated: false, ranges }),
                    None => Node::Char(self.escaped_char()?),
                });
            }
        };
        self.rest = ahead;
        Ok(node)
    }

    /// A class that is written as an escape, the backslash being taken already; nothing is taken if there is none.
    fn class_escape(&mut self) -> Result<Option<Vec<(char, char)>>, RegexpError> {
        let mut ahead = self.rest.clone();
        match (ahead.next(), ahead.clone().next()) {
            (Some('p' | 'P'), Some('C' | 'L' | 'M' | 'N' | 'P' | 'S' | 'Z')) => Err(RegexpError::Unmodelled),
            (Some('p' | 'P'), _) => Err(RegexpError::Malformed),
            (Some(letter), _) => Ok(perl_class(letter).inspect(|_| self.rest = ahead)),
            (None, _) => Ok(None),
        }
    }

    /// The character that an escape stands for, the backslash being taken already.
    fn escaped_char(&mut self) -> Result<char, RegexpError> {
        match self.rest.next().ok_or(RegexpError::Malformed)? {
            first @ '0'..='7' => {
                let more =
                    self.rest.as_str().bytes().take(2).take_while(|b| (b'0'..=b'7').contains(b)).count();
                if first != '0' && more == 0 {
                    return Err(RegexpError::Malformed);
                }
                let digits: String = std::iter::once(first).chain(self.rest.by_ref().take(more)).collect();
                u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32).ok_or(RegexpError::Malformed)
            }
            'x' => {
                // The form with braces never gets here: moby escapes every brace.
                let digits: String = self.rest.by_ref().take(2).collect();
                let hexadecimal = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                let code = hexadecimal.then(|| u32::from_str_radix(&digits, 16).ok()).flatten();
                code.and_then(char::from_u32).ok_or(RegexpError::Malformed)
            }
            'a' => Ok('\x07'),
            'f' => Ok('\x0c'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\x0b'),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(c),
            _ => Err(RegexpError::Malformed),
        }
    }

    /// The rest of a class, after its `[`.
    fn class(&mut self) -> Result<Class, RegexpError> {
        let negated = self.take("^");
        let mut ranges = Vec::new();
        let mut first = true;
        while first || !self.take("]") {
            first = false;
            if let Some(named) = self.posix_name()? {
                ranges.extend(named);
                continue;
            }
            if self.rest.as_str().starts_with('\\') {
                let before = self.rest.clone();
                self.rest.next();
                if let Some(named) = self.class_escape()? {
                    ranges.extend(named);
                    continue;
                }
                self.rest = before;
            }
            let low = self.class_char()?;
            let is_range = self.rest.as_str().starts_with('-')
                && self.rest.as_str().len() > 1
                && !self.rest.as_str().starts_with("-]");
            let high = if is_range {
                self.rest.next();
                self.class_char()?
            } else {
                low
            };
            if high < low {
                return Err(RegexpError::Malformed);
            }
            ranges.push((low, high));
        }
        Ok(Class { negated, ranges })
    }

    fn posix_name(&mut self) -> Result<Option<Vec<(char, char)>>, RegexpError> {
        let Some((name, rest)) = self.rest.as_str().strip_prefix("[:").and_then(|text| text.split_once(":]"))
        else {
            return Ok(None);
        };
        let ranges = posix_class(name).ok_or(RegexpError::Malformed)?;
        self.rest = rest.chars();
        Ok(Some(ranges))
    }

    fn class_char(&mut self) -> Result<char, RegexpError> {
        match self.rest.next().ok_or(RegexpError::Malformed)? {
            '\\' => self.escaped_char(),
            c => Ok(c),
        }
    }
}
