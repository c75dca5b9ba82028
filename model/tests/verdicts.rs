//! What another value of an argument does is told in two ways, one of them fast: they must agree on real files.
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "../../syntax/tests/corpus/mod.rs"]
mod corpus;

use std::collections::BTreeSet;

use dockfix_model::build::Build;
use dockfix_model::cache::{Edit, Options, Plan, Target};
use dockfix_model::context::Context;
use dockfix_syntax::view::Variables;
use dockfix_syntax::{Dockerfile, Keyword};

#[test]
fn verdicts_are_those_of_the_outcomes() {
    let Some(files) = corpus::dockerfiles() else { return };
    let options = Options { target: Target::All, ..Options::default() };
    let mut edits = 0;
    for (name, source) in &files {
        let file = Dockerfile::parse(source.as_slice());
        let build = Build::of(&file);
        let plan = Plan::of(&build, &Context::unknown(), &options);
        for name_of_argument in arguments(&build) {
            let edit = Edit::Argument(name_of_argument);
            let outcomes = plan.outcomes(&build, std::slice::from_ref(&edit));
            let verdicts: Vec<_> = outcomes.all().iter().map(|outcome| outcome.verdict).collect();
            edits += 1;
            if verdicts.len() != plan.steps().len() {
                // Another value of a WORKDIR makes a step more or less.
                assert_eq!(plan.verdicts(&build, &edit).len(), plan.steps().len());
                continue;
            }
            assert_eq!(plan.verdicts(&build, &edit), verdicts, "{edit:?} in {name}");
        }
    }
    assert!(edits > 1_000, "only {edits} arguments");
}

fn arguments(build: &Build<'_>) -> BTreeSet<String> {
    let steps = build.stages.iter().flat_map(|stage| &stage.steps).map(|step| &step.instruction);
    let declarations = build.global.iter().chain(steps).filter(|it| it.keyword() == Keyword::Arg);
    let assigned = declarations.filter_map(Variables::of).flat_map(|view| view.assigned);
    assigned.map(|assigned| assigned.name.text.into_owned()).collect()
}
