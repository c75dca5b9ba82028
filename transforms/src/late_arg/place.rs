//! Where an argument goes.

use dockfix_model::build::Stage;
use dockfix_syntax::rewrite::{Place, RewriteError};
use dockfix_syntax::{Edits, Keyword};

use crate::placing;
use crate::report::listed;
use crate::transform::Input;

/// Arguments that pass the same RUNs. They go to one place, and so keep their order.
pub(super) struct Move {
    /// Their names, as a message shows them.
    pub(super) names: Vec<String>,
    /// The steps of the arguments, and those of what carries their values on.
    pub(super) steps: Vec<usize>,
    /// The step above which they go; the end of the stage where there is none.
    pub(super) at: Option<usize>,
    /// The steps that they pass and that would run again.
    pub(super) passed: Vec<usize>,
}

/// Whether an instruction makes no step, but holds what others read.
pub(super) fn is_declaration(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::Arg | Keyword::Env | Keyword::Label)
}

impl Move {
    pub(super) fn join(&mut self, other: Self) {
        self.names.extend(other.names);
        self.steps.extend(other.steps);
        self.steps.sort_unstable();
        self.steps.dedup();
        // Between the last RUN and the next one all places are as good.
        self.at = self.at.into_iter().chain(other.at).min();
    }

    pub(super) fn reason(&self, stage: &Stage<'_>) -> String {
        let line = |step: usize| stage.steps[step].instruction.start_line();
        let passed = match self.passed[..] {
            [first, .., last] => format!("the RUNs from line {} to {}", line(first), line(last)),
            [run] => format!("the RUN of line {}", line(run)),
            [] => String::new(),
        };
        let names = listed(&self.names, "or");
        format!("another value of {names} no longer reruns {passed}")
    }

    pub(super) fn edits(&self, input: &Input<'_>, stage: &Stage<'_>) -> Result<Edits, RewriteError> {
        let number = |step: usize| stage.steps[step].instruction.index();
        let place = match (self.at, self.passed.last()) {
            (None, Some(&run)) => Place::After(number(below_copies(stage, below_arguments(stage, run)))),
            (None, None) => Place::End,
            (Some(at), _) => Place::Above(number(head_of_paragraph(stage, at))),
        };
        let moved: Vec<_> = self.steps.iter().map(|&step| number(step)).collect();
        let mut edits = Edits::new();
        placing::move_group(&mut edits, input.file(), &moved, place)?;
        Ok(edits)
    }
}

/// The first step of the paragraph in which step `at` stands, where nothing above it there is a RUN, which it would rerun: an
/// argument that comes between a heading comment and what it heads tears them apart. Otherwise the step itself.
fn head_of_paragraph(stage: &Stage<'_>, at: usize) -> usize {
    let index = |step: usize| stage.steps[step].instruction.index();
    let adjoins = |step: &usize| {
        let file = stage.steps[*step].instruction.file();
        file.items()[index(step - 1) + 1..index(*step)].is_empty()
    };
    // Beside another argument is a good place, and the order of those that go there one by one stays.
    let is_passed = |step: &usize| {
        use Keyword::{Add, Copy, Env, Label, Shell, User, Workdir};
        let keyword = stage.steps[step - 1].instruction.keyword();
        adjoins(step) && matches!(keyword, Env | Label | Workdir | User | Shell | Copy | Add)
    };
    let head = at - (1..=at).rev().take_while(is_passed).count();
    let stops_at_run =
        head > 0 && adjoins(&head) && stage.steps[head - 1].instruction.keyword() == Keyword::Run;
    if stops_at_run { at } else { head }
}

/// The last of the copies that stand right below step `at` and end its paragraph, or else this step: what nobody reads below
/// would part them in vain.
fn below_copies(stage: &Stage<'_>, at: usize) -> usize {
    let index = |step: usize| stage.steps[step].instruction.index();
    let adjoins = |step: &usize| index(step - 1) + 1 == index(*step);
    let is_copy =
        |step: &usize| matches!(stage.steps[*step].instruction.keyword(), Keyword::Copy | Keyword::Add);
    let copies = (at + 1..stage.steps.len()).take_while(|step| adjoins(step) && is_copy(step)).count();
    let next = at + copies + 1;
    let ends = next >= stage.steps.len() || !adjoins(&next);
    if ends { at + copies } else { at }
}

/// The step `run`, or the last of the declarations below it, if there are arguments among them: what comes later stays below.
fn below_arguments(stage: &Stage<'_>, run: usize) -> usize {
    let below = stage.steps.iter().enumerate().skip(run + 1);
    let keywords = below.map(|(at, step)| (at, step.instruction.keyword()));
    let declarations: Vec<_> = keywords.take_while(|(_, keyword)| is_declaration(*keyword)).collect();
    let last =
        declarations.last().filter(|_| declarations.iter().any(|(_, keyword)| *keyword == Keyword::Arg));
    last.map_or(run, |(at, _)| *at)
}
