//! Which build arguments decide about a text.

use std::collections::BTreeSet;

use dockfix_syntax::Keyword;
use dockfix_syntax::view::Variables;

use crate::build::Build;

/// The build arguments that a part of a step is made from. It tells what another value of one of them does to the part,
/// without making the step again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reads {
    /// Another value makes this part another one for certain: its text holds the value.
    certain: u64,
    /// Another value may make it another one, or the whole plan.
    doubtful: u64,
}

impl Reads {
    /// The arguments of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self { certain: self.certain | other.certain, doubtful: self.doubtful | other.doubtful }
    }

    /// The same arguments, where it cannot be told what another value does.
    pub(super) fn doubtful(self) -> Self {
        Self { certain: 0, doubtful: self.certain | self.doubtful }
    }

    /// For a path that is made shorter after its variables are replaced: `..` may swallow a value.
    pub(super) fn in_path(self, path: &str) -> Self {
        if path.contains("..") { self.doubtful() } else { self }
    }

    /// Whether another value of `argument` makes the part another one, if that can be told.
    pub(super) fn changes_with(self, argument: Self) -> Option<bool> {
        (self.doubtful & argument.certain == 0).then_some(self.certain & argument.certain != 0)
    }
}

/// The names of all build arguments that a Dockerfile declares.
#[derive(Clone, Debug)]
pub(super) struct ArgumentNames {
    /// In alphabetical order; `None` where there are too many, or some that are only known in the build.
    names: Option<Vec<String>>,
}

impl ArgumentNames {
    pub(super) fn of(build: &Build<'_>) -> Self {
        let steps = build.stages.iter().flat_map(|stage| &stage.steps).map(|step| &step.instruction);
        let declarations = build.global.iter().chain(steps).filter(|it| it.keyword() == Keyword::Arg);
        let assigned = declarations.filter_map(Variables::of).flat_map(|view| view.assigned);
        let names: BTreeSet<String> = assigned.map(|assigned| assigned.name.text.into_owned()).collect();
        let is_plain = |name: &String| !name.contains(['$', '\\', '`', '"', '\'']);
        let are_few = names.len() <= 64 && names.iter().all(is_plain);
        Self { names: are_few.then(|| names.into_iter().collect()) }
    }

    /// What reads the value of this argument; `None` where that is not followed.
    pub(super) fn reads(&self, name: &str) -> Option<Reads> {
        let names = self.names.as_ref()?;
        let found = names.binary_search_by(|other| other.as_str().cmp(name));
        Some(found.map_or_else(|_| Reads::default(), |at| Reads { certain: 1 << at, doubtful: 0 }))
    }
}
