//! `manifest-first`: sources are copied after the install that does not need them.
//!
//! A broad COPY (one that takes a directory) sinks below the RUNs that need nothing of it but manifests; those are
//! copied in its old place. Where a RUN goes on with commands that need the sources, it is split. Where a manager wants
//! the sources but can download without them, the download is put above the copy. A COPY of single files sinks as far as no
//! install needs one of them.

mod destination;
mod fetched;
mod files;
mod hints;
mod in_place;
mod layers;
mod lock;
mod parents;
mod plan;
mod run;
mod sink;
mod split;
mod text;

use dockfix_ecosystems::{Needs, UsageKind};
use dockfix_model::ImagePath;
use dockfix_model::build::{Base, Stage, Step};
use dockfix_model::context::FileType;
use dockfix_model::project::{Project, copied_by};
use dockfix_syntax::Keyword;
use dockfix_syntax::view::Copy;

use self::fetched::is_fetched;
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
                let outcome = match taken(stage, index, input) {
                    Some(Taken::Directories) => sink::sink(input, stage, index),
                    Some(Taken::Files) => files::sink(input, stage, index)
                        .map_or(sink::Outcome::Stays(None), sink::Outcome::Sinks),
                    None => continue,
                };
                match outcome {
                    sink::Outcome::Sinks(plan) => {
                        let line = stage.steps[plan.first()].instruction.start_line();
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

/// What a COPY or ADD takes of the context.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// A directory at least.
    Directories,
    /// Files alone.
    Files,
}

/// What a step takes of the context, if it is a COPY or ADD of what is there.
fn taken(stage: &Stage<'_>, index: usize, input: &Input<'_>) -> Option<Taken> {
    let step = &stage.steps[index];
    if !matches!(step.instruction.keyword(), Keyword::Copy | Keyword::Add) {
        return None;
    }
    let copy = Copy::of(&step.instruction).filter(|copy| copy.from.is_none())?;
    let is_directory = copy.sources.iter().any(|source| {
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
            .is_ok_and(|found| found.iter().any(|found| found.file_type == FileType::Dir))
    });
    if is_directory {
        return Some(Taken::Directories);
    }
    (input.context.is_known() && files::takes_files(&copy, input.context)).then_some(Taken::Files)
}

/// An install whose sources an earlier stage has copied cannot be helped here: says so.
fn inherited_sources(input: &Input<'_>, stage: &Stage<'_>, proposals: &mut Proposals) {
    if !matches!(stage.base, Base::Stage(_)) {
        return;
    }
    let Some(first) = first_project(input, stage) else { return };
    for ancestor in input.reading.build.ancestors(stage.index) {
        let ancestor = &input.reading.build.stages[ancestor];
        for (index, step) in ancestor.steps.iter().enumerate() {
            if taken(ancestor, index, input) != Some(Taken::Directories) {
                continue;
            }
            let Some(copy) = Copy::of(&step.instruction) else { continue };
            let target = step.state.path(&copy.destination.text, input.file().escape());
            if target.is_some_and(|target| first.directory.overlaps(&target))
                && !first.needs_all_of(&copy, step, index, input)
            {
                let copied = step.instruction.start_line();
                let is_all = |text: &str| matches!(text.trim_start_matches("./").trim_matches('/'), "" | ".");
                let (what, them) = match &copy.sources[..] {
                    [source] if !is_all(&source.text) => (format!("`{}`", source.text), "it"),
                    _ => ("the sources".to_owned(), "them"),
                };
                let reason = first.refusal.unwrap_or_else(|| {
                    format!(
                        "the stage this one starts from copies {what} (line {copied}), so the {} install reruns with \
                         {them}",
                        first.manager
                    )
                });
                proposals.refuse(first.line, reason);
                return;
            }
        }
    }
}

/// A command that works on a project.
struct First {
    line: usize,
    directory: ImagePath,
    manager: &'static str,
    /// What it needs; nothing that is known where its manifests cannot be read.
    needs: Needs,
    /// Why it could not do without the sources anyway.
    refusal: Option<String>,
}

impl First {
    /// Whether a copy brings nothing but what the command reads, as one of `.yarn/releases` does.
    fn needs_all_of(&self, copy: &Copy<'_>, step: &Step<'_>, index: usize, input: &Input<'_>) -> bool {
        let Some(copied) = copied_by(copy, step, index, input.context, input.file().escape()) else {
            return false;
        };
        let is_needed = |image: &ImagePath| {
            self.needs.files.contains(image)
                || self.needs.directories.iter().any(|directory| image.below(directory).is_some())
        };
        copied.iter().all(|copied| {
            if !copied.is_directory {
                return is_needed(&copied.target);
            }
            input.context.walk(&copied.source).all(|entry| {
                entry.is_ok_and(|entry| {
                    let below = entry.path.strip_prefix(&copied.source).unwrap_or(&entry.path);
                    let image = copied.target.join(below.trim_start_matches('/'));
                    entry.file_type == FileType::Dir || is_needed(&image)
                })
            })
        })
    }
}

/// The first command of a stage that installs, or builds what nobody has downloaded for it.
fn first_project(input: &Input<'_>, stage: &Stage<'_>) -> Option<First> {
    let runs = stage.steps.iter().enumerate().filter(|(_, step)| step.instruction.keyword() == Keyword::Run);
    runs.filter_map(|(index, step)| Some((index, step, input.reading.run(step).ok()?)))
        .flat_map(|(index, step, analysis)| analysis.managed().map(move |managed| (index, step, managed)))
        .filter(|(_, _, managed)| has_project(managed.usage.kind))
        .find_map(|(index, step, managed)| {
            let usage = &managed.usage;
            let directory = usage.directory.clone()?;
            let project = Project::new(input.context, input.supplies(stage), directory.clone()).until(index);
            let needs = managed.ecosystem.needs(managed.command(), usage, &step.state, &project);
            let refusal = match &needs {
                Ok(Needs { prefetch: None, .. }) if usage.kind == UsageKind::Build => return None,
                Ok(needs) if needs.prefetch.is_some() && is_fetched(input, stage, index, managed, needs) => {
                    return None;
                }
                Err(refusal) => Some(refusal.to_string()),
                Ok(_) => None,
            };
            let line = step.instruction.start_line();
            let needs = needs.unwrap_or_default();
            Some(First { line, directory, manager: managed.ecosystem.name(), needs, refusal })
        })
}
