//! A COPY of single files that sinks below installs which need none of them.
//!
//! `COPY app.py .` above `pip install flask`, `COPY requirements.txt .` above `apt-get install`. Where an install needs some
//! of the files and not the others, the COPY is parted.

use dockfix_model::build::Stage;
use dockfix_model::context::{Context, FileType};
use dockfix_model::pattern::matches;
use dockfix_syntax::view::Copy;

use super::Taken;
use super::plan::{Below, Manifests, Plan};
use super::sink::{Outcome, Passed, Sinking};
use super::text;
use crate::analysis::has_project;
use crate::bringing::is_text;
use crate::transform::Input;

/// Whether a COPY or ADD takes nothing but files of the context.
pub(super) fn takes_files(copy: &Copy<'_>, context: &Context) -> bool {
    copy.sources.iter().all(|source| {
        let found = context.copy_sources(&source.text).unwrap_or_default();
        !source.is_heredoc && !found.is_empty() && found.iter().all(|found| found.file_type == FileType::File)
    })
}

/// Where a COPY of files can sink to, together with those right above it that sink as far. Nobody misses it much where it
/// cannot, so there is no word of that.
pub(super) fn sink<'a>(input: &Input<'a>, stage: &Stage<'a>, index: usize) -> Option<Box<Plan>> {
    let mut plan = alone(input, stage, index)?;
    let as_it_is = |plan: &Plan| match (&plan.below, &plan.files) {
        (Below::Step(step), Some(Files { late: Late::Whole, .. })) if plan.destination.is_none() => {
            Some(*step)
        }
        _ => None,
    };
    if let (Some(step), Some(files)) = (as_it_is(&plan), &mut plan.files) {
        let above = (0..index).rev().take_while(|&above| {
            super::taken(stage, above, input) == Some(Taken::Files)
                && alone(input, stage, above).is_some_and(|plan| as_it_is(&plan) == Some(step))
        });
        files.with = above.collect();
        files.with.reverse();
    }
    Some(plan)
}

fn alone<'a>(input: &Input<'a>, stage: &Stage<'a>, index: usize) -> Option<Box<Plan>> {
    let mut sinking = Sinking::start(input, stage, index).ok()?;
    // As of the last step that gains: what is passed below it may ask for more.
    let mut reached = None;
    for step in index + 1..stage.steps.len() {
        let gained = sinking.gained.len();
        let passed = sinking.pass(step);
        let below = match passed {
            Ok(Passed::Whole) => Below::Step(step),
            Ok(Passed::Ends(below @ Below::Split { .. })) => below,
            Ok(Passed::Ends(_)) | Err(_) => break,
        };
        let Some(late) = sinking.late() else { break };
        let is_end = !matches!(below, Below::Step(_));
        // A RUN is not cut for a single file, unless another one of the COPY is what it installs from.
        if is_end && late == Late::Whole || sinking.leaves_a_manifest(step, &late) {
            break;
        }
        if sinking.gained.len() > gained {
            reached = Some((below, late, sinking.gained.len(), sinking.manifests.clone()));
        }
        if is_end {
            break;
        }
    }
    let (below, late, gained, manifests) = reached?;
    // ADD takes archives apart.
    let mut found = sinking.sources.iter();
    if sinking.copy.is_add && !found.all(|found| is_text(input.context, &found.source)) {
        return None;
    }
    sinking.gained.truncate(gained);
    sinking.manifests = manifests;
    let Outcome::Sinks(mut plan) = sinking.finish(Some(below), None) else { return None };
    if matches!(plan.below, Below::Prefetch { .. }) {
        return None;
    }
    plan.files = Some(Files { late, with: Vec::new() });
    plan.manifests = Manifests::default();
    plan.above = None;
    Some(plan)
}

/// How a COPY of files goes down.
pub(super) struct Files {
    /// What of it does.
    pub(super) late: Late,
    /// The steps of the COPYs above it that do, too, in their order.
    pub(super) with: Vec<usize>,
}

/// What of a COPY of files goes down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// All of it.
    Whole,
    /// The sources of these numbers; the others stay.
    Sources(Vec<usize>),
}

impl Late {
    /// Whether the source of this number goes down.
    pub(super) fn has(&self, source: usize) -> bool {
        match self {
            Self::Whole => true,
            Self::Sources(sources) => sources.contains(&source),
        }
    }
}

/// The last name of a path of the context.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl Sinking<'_, '_> {
    /// Whether what goes below a step is by its name a manifest of the manager that installs there. People have put it above
    /// that install; if it is not needed there, little is lost.
    fn leaves_a_manifest(&self, step: usize, late: &Late) -> bool {
        let Ok(analysis) = self.input.reading.run(&self.stage.steps[step]) else { return false };
        let sources = self.copy.sources.iter().enumerate().filter(|(number, _)| late.has(*number));
        let found =
            sources.flat_map(|(_, source)| self.input.context.copy_sources(&source.text)).flat_map(|found| {
                found.iter().map(|found| name_of(&found.resolved).to_owned()).collect::<Vec<_>>()
            });
        let names: Vec<_> = found.collect();
        let installs = analysis.managed().filter(|managed| has_project(managed.usage.kind));
        let managers = installs.map(|managed| managed.ecosystem).filter(|manager| !manager.names_manifests());
        let mut patterns =
            managers.flat_map(|manager| manager.manifests().iter().chain(manager.lock_files()));
        patterns.any(|pattern| names.iter().any(|name| matches(pattern, name).unwrap_or(true)))
    }

    /// What may go below the steps passed so far; `None` where nothing may, or where one source brings both what must stay and
    /// what may go.
    fn late(&self) -> Option<Late> {
        if self.manifests.is_empty() {
            return Some(Late::Whole);
        }
        let is_early = |path: &str| self.manifests.files.iter().any(|(file, _)| file == path);
        let mut late = Vec::new();
        for (number, source) in self.copy.sources.iter().enumerate() {
            // Words in JSON form have no place of their own in the text.
            source.span?;
            let found = self.input.context.copy_sources(&source.text).ok()?;
            let early = found.iter().filter(|found| is_early(&found.resolved)).count();
            match early {
                // A lock file and its manifest stay together.
                0 if found.iter().any(|found| text::is_lock_file(&found.resolved)) => return None,
                0 => late.push(number),
                _ if early == found.len() => {}
                _ => return None,
            }
        }
        (!late.is_empty() && self.manifests.directories.is_empty()).then_some(Late::Sources(late))
    }
}
