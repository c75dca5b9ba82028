//! The variables that an instruction sees: ARG and ENV (Dockerfile reference, "Scope" of ARG, "Environment replacement").

use std::borrow::Cow;
use std::sync::Arc;

use dockfix_syntax::{expand, expands_to_itself};

use crate::path::symbol;

/// The arguments that exist without declaration (Dockerfile reference, "Predefined ARGs"). Their values are not part of
/// the cache key.
pub const PREDEFINED_ARGS: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// A variable as far as its value is known before the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its value, symbols standing for what the build decides; `None` where nothing is known of it.
    pub value: Option<String>,
    /// The default of a build argument, whose `value` is a symbol.
    pub default: Option<String>,
    /// The kind of instruction it comes from.
    pub origin: Origin,
    /// 1-based line of that instruction; 0 for the base image.
    pub line: usize,
}

/// Where a variable comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// ARG: part of the environment of RUN, gone in the image.
    Arg,
    /// ENV, or the environment of the base image.
    Env,
}

/// The variables in scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// In order of names. Each is shared with what held before: an instruction sets a few of many.
    known: Vec<Arc<Known>>,
    /// The base image may set others.
    open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    name: String,
    variable: Variable,
    /// How often a build argument of this name was declared so far.
    declared: usize,
    /// The default of the last of them, also where ENV has taken the name over since.
    default: Option<String>,
}

/// A word with its variables replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expanded<'w> {
    /// The text, with symbols for what is only known in the build; the word itself where nothing had to be replaced.
    pub text: Cow<'w, str>,
    /// The names that were read.
    pub names: Vec<String>,
}

impl Variables {
    /// No variables; `open` where an unknown base image may set some.
    #[must_use]
    pub fn new(open: bool) -> Self {
        Self { open, ..Self::default() }
    }

    /// The variable of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Variable> {
        Some(&self.known.get(self.position(name).ok()?)?.variable)
    }

    /// The default of the build argument of this name, also where ENV has taken the name over: `ENV HOME=$HOME`.
    #[must_use]
    pub fn default_of(&self, name: &str) -> Option<&str> {
        self.known.get(self.position(name).ok()?)?.default.as_deref()
    }

    /// Where a name stands among those that are known, or would stand.
    fn position(&self, name: &str) -> Result<usize, usize> {
        self.known.binary_search_by(|known| known.name.as_str().cmp(name))
    }

    /// Whether a name that is not known here may be set all the same, by a base image that is not known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// All variables with their names, in order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.known.iter().map(|known| (known.name.as_str(), &known.variable))
    }

    /// The value of an environment variable where it is known for certain: `Some(None)` where it is known to be unset.
    #[must_use]
    pub fn certain(&self, name: &str) -> Option<Option<&str>> {
        match self.get(name) {
            Some(variable) => {
                let value = variable.value.as_deref()?;
                (!value.contains("${")).then_some(Some(value))
            }
            None => (!self.open).then_some(None),
        }
    }

    /// Whether both hold the same variables with the same values, wherever those were set.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        let same = |ours: &Known, theirs: &Known| {
            (&ours.name, ours.declared, &ours.default) == (&theirs.name, theirs.declared, &theirs.default)
                && {
                    let (ours, theirs) = (&ours.variable, &theirs.variable);
                    (&ours.value, &ours.default, ours.origin)
                        == (&theirs.value, &theirs.default, theirs.origin)
                }
        };
        self.open == other.open
            && self.known.len() == other.known.len()
            && self.known.iter().zip(&other.known).all(|(a, b)| Arc::ptr_eq(a, b) || same(a, b))
    }

    pub(crate) fn set_env(&mut self, name: impl Into<String>, value: Option<String>, line: usize) {
        let (name, variable) = (name.into(), Variable { value, default: None, origin: Origin::Env, line });
        match self.position(&name) {
            Ok(at) => {
                let known = &mut self.known[at];
                let (declared, default) = (known.declared, known.default.clone());
                *known = Arc::new(Known { name, variable, declared, default });
            }
            Err(at) => {
                self.known.insert(at, Arc::new(Known { name, variable, declared: 0, default: None }));
            }
        }
    }

    /// Declares a build argument. Where ENV has set the name before, nothing is known from here on: the reference says that
    /// ENV always overrides ARG, while BuildKit 0.13 gives RUN the value of the later ARG (measured; see
    /// [`crate::cache`]).
    pub(crate) fn declare(&mut self, name: &str, default: Option<String>, line: usize) {
        let argument = |declared: usize| {
            let value = Some(symbol(name, declared));
            let variable = Variable { value, default: default.clone(), origin: Origin::Arg, line };
            Arc::new(Known { name: name.to_owned(), variable, declared, default })
        };
        match self.position(name) {
            Ok(at) => match &mut self.known[at] {
                known if known.variable.origin == Origin::Env => Arc::make_mut(known).variable.value = None,
                known => *known = argument(known.declared + 1),
            },
            Err(at) => self.known.insert(at, argument(1)),
        }
    }

    /// Expands `word` as Docker does; `None` where it cannot be expanded or reads a variable of which nothing is known.
    #[must_use]
    pub fn expand<'w>(&self, word: &'w str, escape: u8) -> Option<Expanded<'w>> {
        if expands_to_itself(word.as_bytes(), escape) {
            return Some(Expanded { text: Cow::Borrowed(word), names: Vec::new() });
        }
        let unknown = std::cell::Cell::new(false);
        let value_of = |name: &str| match self.get(name) {
            Some(variable) => {
                unknown.set(unknown.get() || variable.value.is_none());
                variable.value.as_ref().map(|value| value.clone().into_bytes())
            }
            None => {
                unknown.set(unknown.get() || self.open);
                None
            }
        };
        let done = expand(word.as_bytes(), escape, &value_of).ok()?;
        if unknown.get() {
            return None;
        }
        let text = String::from_utf8(done.text).ok()?.into();
        Some(Expanded { text, names: done.variables.names })
    }

    /// Whether `word` stands for the same where `other` holds, in whatever stage that is: every variable that it names is set
    /// in both, to the same.
    #[must_use]
    pub fn expand_alike(&self, other: &Self, word: &str, escape: u8) -> bool {
        let (Some(ours), Some(theirs)) = (self.expand(word, escape), other.expand(word, escape)) else {
            return false;
        };
        // A symbol is the argument's name alone: its default may be another one.
        let is_same = |name: &String| {
            let variables = self.get(name).zip(other.get(name));
            variables.is_some_and(|(ours, theirs)| ours.default == theirs.default)
        };
        ours.text == theirs.text && ours.names.iter().all(is_same)
    }

    /// Expands `word` with the defaults of build arguments in place of symbols; for FROM, and to tell whether a path
    /// that starts with an argument is meant to be absolute.
    #[must_use]
    pub fn expand_defaults<'w>(&self, word: &'w str, escape: u8) -> Option<Cow<'w, str>> {
        if expands_to_itself(word.as_bytes(), escape) {
            return Some(Cow::Borrowed(word));
        }
        let value_of = |name: &str| {
            let variable = self.get(name)?;
            let value = if variable.origin == Origin::Arg { &variable.default } else { &variable.value };
            value.as_ref().map(|value| value.clone().into_bytes())
        };
        let text = expand(word.as_bytes(), escape, &value_of).ok()?.text;
        String::from_utf8(text).ok().map(Cow::Owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_symbols() {
        let mut variables = Variables::new(false);
        variables.declare("A", Some("/app".into()), 3);
        variables.set_env("B", Some("x".into()), 4);
        let text = |word| variables.expand(word, b'\\').map(|expanded| expanded.text);
        assert_eq!(text("$A/$B/${C:-d}").as_deref(), Some("${A@1}/x/d"));
        assert_eq!(variables.expand_defaults("$A/$B", b'\\').as_deref(), Some("/app/x"));
        assert_eq!(variables.certain("B"), Some(Some("x")));
        assert_eq!(variables.certain("A"), None);
        assert_eq!(variables.certain("C"), Some(None));
    }

    #[test]
    fn env_keeps_the_default_of_the_argument_it_takes_over() {
        let mut variables = Variables::new(false);
        variables.declare("A", Some("/app".into()), 1);
        variables.set_env("A", Some("${A@1}".into()), 2);
        variables.set_env("B", Some("x".into()), 3);
        assert_eq!(variables.default_of("A"), Some("/app"));
        assert_eq!(variables.default_of("B"), None);
    }

    #[test]
    fn an_argument_after_env_leaves_both_open() {
        let mut variables = Variables::new(false);
        variables.set_env("A", Some("env".into()), 1);
        variables.declare("A", Some("arg".into()), 2);
        assert_eq!(variables.certain("A"), None);
        assert_eq!(variables.expand("$A", b'\\'), None);
    }

    #[test]
    fn a_word_is_alike_where_its_variables_are() {
        let (mut here, mut there) = (Variables::new(false), Variables::new(false));
        there.declare("ARCH", None, 1);
        assert!(there.expand_alike(&there, "apt-$ARCH", b'\\'));
        assert!(!here.expand_alike(&there, "apt-$ARCH", b'\\'));
        assert!(here.expand_alike(&there, "apt", b'\\'));
        assert!(!here.expand_alike(&here, "apt-$ARCH", b'\\'));
        here.declare("ARCH", Some("x".into()), 9);
        assert!(!here.expand_alike(&there, "apt-$ARCH", b'\\'));
    }

    #[test]
    fn an_unknown_base_may_set_anything() {
        let variables = Variables::new(true);
        assert_eq!(variables.expand("$PATH", b'\\'), None);
        assert_eq!(variables.certain("HOME"), None);
    }
}
