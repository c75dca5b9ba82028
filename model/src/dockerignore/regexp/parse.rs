//! Reads the regular expressions as Go's package regexp/syntax does with the Perl flags.

use std::str::Chars;

use super::{Assertion, Class, Node, RegexpError, Set, Times};

/// The alternatives of a regular expression.
pub(super) fn parse(source: &str) -> Result<Vec<Vec<Node>>, RegexpError> {
    Parser { rest: source.chars() }.parse()
}

/// A node that is repeated. An assertion holds as often as one likes once it holds.
fn repeated(node: Node, least: usize, most: Option<usize>) -> Vec<Node> {
    match node {
        Node::Take(set, _) => {
            let times = |times, count| std::iter::repeat_n(Node::Take(set.clone(), times), count);
            let rest = match most {
                None => times(Times::Any, 1),
                Some(most) => times(Times::AtMostOnce, most - least),
            };
            times(Times::Once, least).chain(rest).collect()
        }
        assertion => std::iter::repeat_n(assertion, least.min(1)).collect(),
    }
}

struct Parser<'a> {
    rest: Chars<'a>,
}

/// The largest count that Go allows in `x{2,5}`.
const MAX_COUNT: usize = 1000;

/// The largest automaton that is built out of counts. Go's limit is higher; nobody comes near either.
const MAX_NODES: usize = 100_000;

impl Parser<'_> {
    fn parse(mut self) -> Result<Vec<Vec<Node>>, RegexpError> {
        let mut done = Vec::new();
        let mut nodes = Vec::new();
        // What a count can repeat: nothing at the start of an alternative and after another repetition.
        let mut repeatable = None;
        loop {
            if let Some((least, most)) = self.count()? {
                nodes.pop().ok_or(RegexpError::Malformed)?;
                nodes.extend(repeated(repeatable.take().ok_or(RegexpError::Malformed)?, least, most));
                if nodes.len() > MAX_NODES {
                    return Err(RegexpError::Unmodelled);
                }
                continue;
            }
            let node = if self.take("(.*/)?") {
                nodes.push(Node::MaybeDirectories);
                Node::Directories
            } else if self.take(".*") {
                Node::Take(Set::NoLineFeed, Times::Any)
            } else {
                match self.rest.next() {
                    None => {
                        done.push(nodes);
                        return Ok(done);
                    }
                    Some('|') => {
                        done.push(std::mem::take(&mut nodes));
                        repeatable = None;
                        continue;
                    }
                    Some('^') => Node::Assertion(Assertion::Start),
                    Some('$') => Node::Assertion(Assertion::End),
                    Some('[') => {
                        let class = self.class()?;
                        Node::Take(Set::Class(class), if self.take("*") { Times::Any } else { Times::Once })
                    }
                    Some('\\') => self.escape()?,
                    Some(c) => Node::Take(Set::Char(c), Times::Once),
                }
            };
            repeatable =
                matches!(node, Node::Take(_, Times::Once) | Node::Assertion(_)).then(|| node.clone());
            nodes.push(node);
        }
    }

    /// Takes `{2}`, `{2,}` or `{2,5}`. Other braces are plain characters, and nothing is taken.
    fn count(&mut self) -> Result<Option<(usize, Option<usize>)>, RegexpError> {
        let number = |text: &str| {
            let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty();
            let leading_zero = text.len() > 1 && text.starts_with('0');
            // What is too large for a number is too large for a count.
            (plain && !leading_zero).then(|| text.parse().unwrap_or(usize::MAX))
        };
        let braces = self.rest.as_str().strip_prefix('{').and_then(|text| text.split_once('}'));
        let Some((inside, rest)) = braces else { return Ok(None) };
        let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
        let Some(least) = number(least) else { return Ok(None) };
        let most = match (most, number(most)) {
            ("", _) => None,
            (_, Some(most)) => Some(most),
            (_, None) => return Ok(None),
        };
        if most.unwrap_or(least).max(least) > MAX_COUNT || most.is_some_and(|most| most < least) {
            return Err(RegexpError::Malformed);
        }
        self.rest = rest.chars();
        Ok(Some((least, most)))
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
                    Some(ranges) => Node::Take(Set::Class(Class { negated: false, ranges }), Times::Once),
                    None => Node::Take(Set::Char(self.escaped_char()?), Times::Once),
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
            (Some('p' | 'P'), Some('{' | 'C' | 'L' | 'M' | 'N' | 'P' | 'S' | 'Z')) => {
                Err(RegexpError::Unmodelled)
            }
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
                let braces = self.rest.as_str().strip_prefix('{').and_then(|text| text.split_once('}'));
                let digits = match braces {
                    Some((digits, rest)) => {
                        self.rest = rest.chars();
                        digits.to_owned()
                    }
                    None => self.rest.by_ref().take(2).collect::<String>(),
                };
                let long_enough = digits.len() == 2 || (braces.is_some() && !digits.is_empty());
                let hexadecimal = long_enough && digits.bytes().all(|b| b.is_ascii_hexdigit());
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
