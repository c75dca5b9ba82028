//! What becomes of the steps, and why.

use super::{Plan, Step};
use crate::build::Build;

/// What becomes of a step in the next build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its result is taken from the cache.
    Cached,
    /// It runs again.
    Reruns,
    /// A stage that it copies from (or the step it stands on copies from) runs again: cached if the files come out the
    /// same, else it runs again.
    DependsOnContent,
}

/// Why a step is not, or not certainly, cached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It takes files of the context that changed.
    Files {
        /// Some of them, in the order in which they were given; at least one.
        paths: Vec<String>,
        /// How many there are.
        count: usize,
    },
    /// Variables that are part of it have other values, or were added or taken away.
    Variables(Vec<String>),
    /// An image is another one: its name.
    Image(String),
    /// The step that it stands on is not cached: its index.
    Above(usize),
    /// It copies from a stage whose last step is this one, which is not cached.
    Stage(usize),
    /// The instruction itself is new or was rewritten, or the user, shell or directory under which it stands.
    Instruction,
}

/// What becomes of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Index into [`Plan::steps`].
    pub step: usize,
    /// Whether it is cached.
    pub verdict: Verdict,
    /// Why not; `None` if it is.
    pub cause: Option<Cause>,
}

/// What becomes of all steps of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes {
    pub(super) all: Vec<Outcome>,
}

impl Outcomes {
    /// One outcome for each of [`Plan::steps`], in the same order.
    #[must_use]
    pub fn all(&self) -> &[Outcome] {
        &self.all
    }

    /// How many steps run again for certain.
    #[must_use]
    pub fn reruns(&self) -> usize {
        self.all.iter().filter(|outcome| outcome.verdict == Verdict::Reruns).count()
    }

    /// How many steps run again if every stage that runs again makes other files.
    #[must_use]
    pub fn reruns_at_most(&self) -> usize {
        self.all.iter().filter(|outcome| outcome.verdict != Verdict::Cached).count()
    }

    /// The step where the chain of causes of a step begins, and its cause; `None` for a cached step.
    #[must_use]
    pub fn root(&self, step: usize) -> Option<(usize, &Cause)> {
        let mut at = step;
        loop {
            let cause = self.all.get(at)?.cause.as_ref()?;
            match cause {
                // Causes lie above, so this comes to an end.
                Cause::Above(above) | Cause::Stage(above) if *above < at => at = *above,
                _ => return Some((at, cause)),
            }
        }
    }

    /// One sentence without a full stop on why a step is not cached, such as "line 7 RUN npm ci reruns because line 6
    /// COPY . . took README.md"; `None` for a cached step. `plan` is the one that was built, and `build` what it was made
    /// of.
    #[must_use]
    pub fn explain(&self, plan: &Plan, build: &Build<'_>, step: usize) -> Option<String> {
        let outcome = self.all.get(step)?;
        let does = match outcome.verdict {
            Verdict::Cached => return None,
            Verdict::Reruns => "reruns",
            Verdict::DependsOnContent => "may rerun",
        };
        let (root, cause) = self.root(step)?;
        let (own, cause_step) = (plan.steps().get(step)?, plan.steps().get(root)?);
        let took = cause.describe();
        if root == step {
            return Some(format!("{} {does} because it {took}", named(own, build)));
        }
        Some(format!("{} {does} because {} {took}", named(own, build), named(cause_step, build)))
    }
}

fn named(step: &Step, build: &Build<'_>) -> String {
    format!("line {} {}", step.lines.start(), step.title(build))
}

impl Cause {
    /// What the step did, in the past tense, to follow the step's name: "took README.md and 2 other files".
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Files { paths, count } => {
                let first = paths.first().map_or("", String::as_str);
                match count {
                    0 | 1 => format!("took {first}"),
                    2 => format!("took {first} and another file"),
                    more => format!("took {first} and {} other files", more - 1),
                }
            }
            Self::Variables(names) => match &names[..] {
                [name] => format!("saw another value of {name}"),
                names => format!("saw other values of {}", names.join(", ")),
            },
            Self::Image(name) => format!("started from another {name}"),
            Self::Above(_) => "stood on a step that ran again".to_owned(),
            Self::Stage(_) => "copied from a stage that ran again".to_owned(),
            Self::Instruction => "was rewritten".to_owned(),
        }
    }
}
