//! What the key of a step is made of, besides what it stands on and the files that it takes.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHasher;

use super::reads::Reads;

/// The text of a step with all its variables replaced, and for RUN all that it runs under.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    parts: Vec<(Part, Cow<'static, str>)>,
    environment: Option<Environment>,
    /// The build arguments that it depends on.
    pub(super) reads: Reads,
}

/// What a part of a definition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// A word of the instruction itself.
    Word,
    /// A flag of the instruction, or something else that belongs to it.
    Text,
    User,
    Workdir,
}

impl Definition {
    /// Nothing yet, with room for the parts of a RUN: it and its shell, the command, user and directory.
    pub(super) fn new() -> Self {
        Self { parts: Vec::with_capacity(6), environment: None, reads: Reads::default() }
    }

    /// Adds a part that was made from the arguments `reads`.
    pub(super) fn push(&mut self, part: Part, text: impl Into<Cow<'static, str>>, reads: Reads) {
        self.add_reads(reads);
        self.parts.push((part, text.into()));
    }

    /// More arguments decide about it than its parts tell.
    pub(super) fn add_reads(&mut self, reads: Reads) {
        self.reads = self.reads.and(reads);
    }

    /// Makes the environment a part of it.
    pub(super) fn set_environment(&mut self, environment: &Environment, reads: Reads) {
        self.add_reads(reads);
        // Worked out before it is cloned, the hash serves every RUN until the environment changes.
        environment.hash();
        self.environment = Some(environment.clone());
    }

    /// Whether both are the same instruction, under whatever user, directory and environment.
    pub(super) fn has_same_text(&self, other: &Self) -> bool {
        let is_text = |part: &&(Part, Cow<'static, str>)| matches!(part.0, Part::Word | Part::Text);
        self.parts.iter().filter(is_text).eq(other.parts.iter().filter(is_text))
    }

    /// The variables that a RUN sees, with their values.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.environment.iter().flat_map(|environment| environment.all.iter());
        all.map(|variable| (&*variable.name, &*variable.value))
    }

    pub(super) fn hash(&self) -> u64 {
        let mut hasher = FxHasher::default();
        self.parts.hash(&mut hasher);
        self.environment.as_ref().map(Environment::hash).hash(&mut hasher);
        hasher.finish()
    }
}

impl PartialEq for Definition {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts && self.environment == other.environment
    }
}

/// A variable with its value.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) name: Arc<str>,
    pub(super) value: Arc<str>,
    /// The build arguments that decide about the value.
    pub(super) reads: Reads,
}

/// ARG and ENV, the later one of a name standing for both, in the order in which they were set last: this order is part of
/// RUN's environment and of its key. A declared argument without a value is not among them. Copies share what they
/// hold: most RUNs have the environment of the one above.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    all: Arc<Vec<Variable>>,
    /// Worked out when somebody asks; clones made after that have it.
    hash: OnceLock<u64>,
}

impl Environment {
    pub(super) fn get(&self, name: &str) -> Option<&Variable> {
        self.all.iter().find(|variable| &*variable.name == name)
    }

    /// Puts a variable at the end, also one that was set before.
    pub(super) fn set(&mut self, variable: Variable) {
        self.hash = OnceLock::new();
        let all = Arc::make_mut(&mut self.all);
        all.retain(|other| other.name != variable.name);
        all.push(variable);
    }

    /// One more argument decides about a variable: it may be given another value.
    pub(super) fn add_reads(&mut self, name: &str, reads: Reads) {
        if let Some(at) = self.all.iter().position(|variable| &*variable.name == name) {
            let variable = &mut Arc::make_mut(&mut self.all)[at];
            variable.reads = variable.reads.and(reads);
        }
    }

    /// The arguments that decide about any of the values.
    pub(super) fn reads(&self) -> Reads {
        self.all.iter().fold(Reads::default(), |all, variable| all.and(variable.reads))
    }

    fn hash(&self) -> u64 {
        *self.hash.get_or_init(|| {
            let mut hasher = FxHasher::default();
            for variable in self.all.iter() {
                (&variable.name, &variable.value).hash(&mut hasher);
            }
            hasher.finish()
        })
    }
}

impl PartialEq for Environment {
    fn eq(&self, other: &Self) -> bool {
        let pair = |variable: &'_ Variable| (Arc::clone(&variable.name), Arc::clone(&variable.value));
        Arc::ptr_eq(&self.all, &other.all) || self.all.iter().map(pair).eq(other.all.iter().map(pair))
    }
}
