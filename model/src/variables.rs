//! The variables that an instruction sees: ARG and ENV (Dockerfile reference, "Scope" of ARG, "Environment replacement").

use std::collections::BTreeMap;

use dockfix_syntax::expand;

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
    known: BTreeMap<String, Variable>,
    /// How often each build argument was declared so far.
    declared: BTreeMap<String, usize>,
    /// The base image may set others.
    open: bool,
}

/// A word with its variables replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expanded {
    /// The text, with symbols for what is only known in the build.
    pub text: String,
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
        self.known.get(name)
    }

    /// Whether a name that is not known here may be set all the same, by a base image that is not known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// All variables with their names, in order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.known.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    /// The value of an environment variable where it is known for certain: `Some(None)` where it is known to be unset.
    #[must_use]
    pub fn certain(&self, name: &str) -> Option<Option<&str>> {
        match self.known.get(name) {
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
        let same = |ours: &Variable, theirs: &Variable| {
            (&ours.value, &ours.default, ours.origin) == (&theirs.value, &theirs.default, theirs.origin)
        };
        self.open == other.open
            && self.known.len() == other.known.len()
            && self.declared == other.declared
            && self.known.iter().zip(&other.known).all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
    }

    pub(crate) fn set_env(&mut self, name: &str, value: Option<String>, line: usize) {
        self.known.insert(name.to_owned(), Variable { value, default: None, origin: Origin::Env, line });
    }

    /// Declares a build argument. Where ENV has set the name before, nothing is known from here on: the reference says that
    /// ENV always overrides ARG, while BuildKit 0.13 gives RUN the value of the later ARG (measured; see
    /// [`crate::cache`]).
    pub(crate) fn declare(&mut self, name: &str, default: Option<String>, line: usize) {
        if let Some(variable) = self.known.get_mut(name).filter(|known| known.origin == Origin::Env) {
            variable.value = None;
            return;
        }
        let number = self.declared.entry(name.to_owned()).or_default();
        *number += 1;
        let value = Some(symbol(name, *number));
        self.known.insert(name.to_owned(), Variable { value, default, origin: Origin::Arg, line });
    }

    /// Expands `word` as Docker does; `None` where it cannot be expanded or reads a variable of which nothing is known.
    #[must_use]
    pub fn expand(&self, word: &str, escape: u8) -> Option<Expanded> {
        let unknown = std::cell::Cell::new(false);
        let value_of = |name: &str| match self.known.get(name) {
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
        Some(Expanded { text: String::from_utf8(done.text).ok()?, names: done.variables.names })
    }

    /// Expands `word` with the defaults of build arguments in place of symbols; for FROM, and to tell whether a path
    /// that starts with an argument is meant to be absolute.
    #[must_use]
    pub fn expand_defaults(&self, word: &str, escape: u8) -> Option<String> {
        let value_of = |name: &str| {
            let variable = self.known.get(name)?;
            let value = if variable.origin == Origin::Arg { &variable.default } else { &variable.value };
            value.as_ref().map(|value| value.clone().into_bytes())
        };
        String::from_utf8(expand(word.as_bytes(), escape, &value_of).ok()?.text).ok()
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
    fn an_argument_after_env_leaves_both_open() {
        let mut variables = Variables::new(false);
        variables.set_env("A", Some("env".into()), 1);
        variables.declare("A", Some("arg".into()), 2);
        assert_eq!(variables.certain("A"), None);
        assert_eq!(variables.expand("$A", b'\\'), None);
    }

    #[test]
    fn an_unknown_base_may_set_anything() {
        let variables = Variables::new(true);
        assert_eq!(variables.expand("$PATH", b'\\'), None);
        assert_eq!(variables.certain("HOME"), None);
    }
}
