//! `manifest-first`: sources are copied after the install that does not need them.
//!
//! A broad COPY (one that takes a directory) sinks below the RUNs that need nothing of it but manifests; those are
//! copied in its old place. Where a RUN goes on with commands that need the sources, it is split. Where a manager wants
//! the sources but can download without them, the download is put above the copy.

mod destination;
mod run;
mod sink;
mod text;

use dockfix_model::build::{Base, Stage};
use dockfix_syntax::Keyword;
use dockfix_syntax::view::Copy;

use crate::analysis::has_project;
use crate::report::Safety;
use crate::transform::{Described, Input, Proposals, Transform};

/// See the [module](self).
pub(crate) struct ManifestFirst;

impl Described for ManifestFirst {
    fn id(&self) -> &'static str {
        "manifest-first"
    }

    fn summary(&self) -> &'static str {
        "copies manifests before the install and the sources after it"
    }

    fn documentation(&self) -> &'static str {
        include_str!("../docs/manifest-first.md")
    }
}

impl Transform for ManifestFirst {
    fn propose(&self, input: &Input<'_>) -> Proposals {
        let mut proposals = Proposals::default();
        for stage in &input.reading.build.stages {
            // From below, so that a copy finds its way free of those that follow it.
            for index in (0..stage.steps.len()).rev() {
                if !is_candidate(stage, index, input) {
                    continue;
                }
                let line = stage.steps[index].instruction.start_line();
                match sink::sink(input, stage, index) {
                    sink::Outcome::Sinks(plan) => {
                        let edits = text::edits(input, stage, &plan);
                        proposals.offer(line, Safety::Safe, plan.reason(stage), edits);
                        if !proposals.changes.is_empty() {
                            return proposals;
                        }
                    }
                    sink::Outcome::Stays(Some((line, reason))) => proposals.refuse(line, reason),
                    sink::Outcome::Stays(None) => {}
                }
            }
            inherited_sources(input, stage, &mut proposals);
        }
        proposals
    }
}

/// Whether a step is a COPY or ADD of a directory of the context.
fn is_candidate(stage: &Stage<'_>, index: usize, input: &Input<'_>) -> bool {
    let step = &stage.steps[index];
    if !matches!(step.instruction.keyword(), Keyword::Copy | Keyword::Add) {
        return false;
    }
    let Some(copy) = Copy::of(&step.instruction).filter(|copy| copy.from.is_none()) else { return false };
    copy.sources.iter().any(|source| {
        if source.is_heredoc || source.text.contains("://") {
            return false;
        }
        let text = source.text.trim_start_matches("./").trim_matches('/');
        if matches!(text, "" | ".") {
            return true;
        }
        input
            .context
            .copy_sources(&source.text)
            .is_ok_and(|found| found.iter().any(|found| found.kind == dockfix_model::context::Kind::Dir))
    })
}

/// An install whose sources an earlier stage has copied cannot be helped here: says so.
fn inherited_sources(input: &Input<'_>, stage: &Stage<'_>, proposals: &mut Proposals) {
    if !matches!(stage.base, Base::Stage(_)) {
        return;
    }
    let install = stage.steps.iter().find_map(|step| {
        if step.instruction.keyword() != Keyword::Run {
            return None;
        }
        let analysis = input.reading.run(step).ok()?;
        let managed = analysis.managed().find(|managed| has_project(managed.usage.kind))?;
        Some((step.instruction.start_line(), managed.ecosystem.name(), managed.usage.directory.clone()?))
    });
    let Some((line, manager, directory)) = install else { return };
    for ancestor in input.reading.build.ancestors(stage.index) {
        let ancestor = &input.reading.build.stages[ancestor];
        for (index, step) in ancestor.steps.iter().enumerate() {
            if !is_candidate(ancestor, index, input) {
                continue;
            }
            let target = Copy::of(&step.instruction)
                .and_then(|copy| step.state.path(&copy.destination.text, input.file().escape()));
            if target.is_some_and(|target| directory.overlaps(&target)) {
                let copied = step.instruction.start_line();
                proposals.refuse(
                    line,
                    format!(
                        "the stage this one starts from copies the sources (line {copied}), so the {manager} install \
                         reruns with them"
                    ),
                );
                return;
            }
        }
    }
}
