//! The cache model against a real BuildKit: `tests/data/cache_engine.tsv` holds scenarios (a Dockerfile, its context, what
//! changes between two builds) and which steps the engine then took from its cache. The ordinary test compares the model
//! with the record, step by step. The ignored one builds every scenario twice, with the engine at hand and an image with
//! a shell, and writes the record anew:
//!
//!     DOCKFIX_ENGINE_BASE=busybox cargo test -p dockfix-model --test cache_engine -- --ignored
//!
//! It fails where the engine does something else than was recorded. Recorded with Docker 26.1.5 (BuildKit 0.13.1, the
//! built-in frontend, overlay2): see [`Builder::BuildKit013`] for what later ones do otherwise.
#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]
#![cfg(unix)]

#[path = "cache_engine/record.rs"]
mod record;
#[path = "cache_engine/scenario.rs"]
mod scenario;
#[path = "cache_engine/shapes.rs"]
mod shapes;
#[path = "cache_engine/texts.rs"]
mod texts;
#[path = "cache_engine/tree.rs"]
mod tree;

use std::collections::BTreeMap;

use dockfix_model::cache::{Builder, Content, Verdict};
use scenario::Scenario;

const RECORD: &str = include_str!("data/cache_engine.tsv");

/// The engine of the record.
const BUILDER: Builder = Builder::BuildKit013;

/// The outcome of a scenario that the engine refuses to build.
const FAILS: &str = "fails";

/// The steps of a build by their number (`build 2/3`), and whether they were cached.
type Steps = BTreeMap<String, bool>;

fn read_steps(outcome: &str) -> Steps {
    let step = |step: &str| {
        let (name, state) = step.rsplit_once(' ').unwrap();
        (name.to_owned(), state == "cached")
    };
    outcome.split(';').filter(|step| !step.is_empty()).map(step).collect()
}

fn show_steps(steps: &Steps) -> String {
    let show =
        |(name, cached): (&String, &bool)| format!("{name} {}", if *cached { "cached" } else { "ran" });
    steps.iter().map(show).collect::<Vec<_>>().join(";")
}

/// What the model says with and without knowing what the stages make. Nothing if the two do not fit together.
fn predict(scenario: &Scenario) -> Option<Steps> {
    let (plan, outcomes) = scenario.predicted(scenario.content);
    let (_, unknown) = scenario.predicted(Content::Unknown);
    let mut steps = Steps::new();
    for (outcome, unknown) in outcomes.all().iter().zip(unknown.all()) {
        let step = &plan.steps()[outcome.step];
        let stage = &plan.stages()[step.stage];
        let stage = match &stage.name {
            _ if plan.stages().len() == 1 => String::new(),
            Some(name) => format!("{name} "),
            None => format!("stage-{} ", stage.index),
        };
        if unknown.verdict != Verdict::DependsOnContent && unknown.verdict != outcome.verdict {
            return None;
        }
        steps.insert(format!("{stage}{}/{}", step.number, step.total), outcome.verdict == Verdict::Cached);
    }
    Some(steps)
}

fn has_stages(scenario: &Scenario) -> bool {
    scenario.texts[1].lines().filter(|line| line.starts_with("FROM")).count() > 1
}

#[test]
fn every_step_is_predicted() {
    let (mut scenarios, mut steps, mut failing, mut wrong) = (0, 0, 0, Vec::new());
    for line in RECORD.lines() {
        let (scenario, outcome) = Scenario::read(line);
        if outcome == FAILS {
            failing += 1;
            continue;
        }
        let mut recorded = read_steps(&outcome);
        if !has_stages(&scenario) {
            // The engine names the only stage where a mount or image counts as another one.
            recorded =
                recorded.into_iter().map(|(name, cached)| (name.replace("stage-0 ", ""), cached)).collect();
        }
        scenarios += 1;
        steps += recorded.len();
        let predicted = predict(&scenario);
        if predicted.as_ref() != Some(&recorded) {
            let predicted = predicted.map_or("contradicts itself".to_owned(), |steps| show_steps(&steps));
            wrong.push(format!("{line}\n  predicted {predicted}"));
        }
    }
    eprintln!("{scenarios} scenarios, {steps} steps; {failing} do not build");
    assert!(wrong.is_empty(), "{} of {scenarios} scenarios:\n{}", wrong.len(), wrong.join("\n"));
    assert!(scenarios >= 300 && failing < 60);
}

#[test]
fn the_record_is_of_these_scenarios() {
    let recorded: Vec<String> = RECORD.lines().map(|line| Scenario::read(line).0.line()).collect();
    let made: Vec<String> = scenario::all().iter().map(Scenario::line).collect();
    assert_eq!(recorded, made);
}
