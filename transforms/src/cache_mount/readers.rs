//! Who reads a cache after the RUN that is to get the mount.

use dockfix_ecosystems::{CacheKind, CachePlan, IndexUse, Refusal};
use dockfix_model::ImagePath;
use dockfix_model::build::{Stage, Step};
use dockfix_model::effects::{Effects, Paths};
use dockfix_model::project::Project;
use dockfix_syntax::Keyword;
use dockfix_syntax::view::{Copy, MountKind, Run};

use super::cleaning;
use crate::analysis::Managed;
use crate::transform::Input;

/// The RUNs after step `index` of a stage, in this stage and in those that start from it.
pub(super) fn later_runs<'i, 'a>(
    input: &'i Input<'a>,
    stage: &'i Stage<'a>,
    index: usize,
) -> impl Iterator<Item = &'i Step<'a>> {
    let here = stage.steps.iter().skip(index + 1);
    let descendants = input.reading.build.descendants(stage.index);
    let there = descendants.into_iter().flat_map(|index| &input.reading.build.stages[index].steps);
    here.chain(there).filter(|step| step.instruction.keyword() == Keyword::Run)
}

/// Nobody may rely on an index that would lie in a mount and not in the image.
pub(super) fn of_index<'a>(
    input: &Input<'a>,
    stage: &Stage<'a>,
    index: usize,
    directory: &ImagePath,
) -> Result<(), String> {
    for step in later_runs(input, stage, index) {
        let line = step.instruction.start_line();
        let left = format!("line {line} may rely on what this step leaves in {directory}");
        let Ok(analysis) = input.reading.run(step) else { return Err(left) };
        for (number, piece) in analysis.pieces.iter().enumerate() {
            match piece.managed.iter().find_map(|managed| index_use(managed, step, directory)) {
                // What comes after a refresh uses what that fetched; this RUN is served.
                Some(IndexUse::Fills) => break,
                Some(IndexUse::Reads) => return Err(left),
                None if analysis.unknown_in(number).is_some() => return Err(left),
                None => {}
            }
        }
    }
    Ok(())
}

fn index_use(managed: &Managed<'_>, step: &Step<'_>, directory: &ImagePath) -> Option<IndexUse> {
    let Ok(plan) = managed.ecosystem.caches(managed.command(), &managed.usage, &step.state, None) else {
        return Some(IndexUse::Reads);
    };
    plan.caches.iter().find_map(|cache| match cache.kind {
        CacheKind::Index(use_of_it) if cache.directory == *directory => Some(use_of_it),
        _ => None,
    })
}

/// Every later reader of a store must get the same mount; the running image gets none.
pub(super) fn of_store<'a>(
    input: &Input<'a>,
    stage: &Stage<'a>,
    index: usize,
    managed: &Managed<'_>,
    directory: &ImagePath,
) -> Result<(), String> {
    if let Some(image) = input.reading.build.image_of(stage.index) {
        let is_last = image.index + 1 == input.reading.build.stages.len();
        return Err(match &image.name {
            Some(name) if !is_last => {
                format!("{directory} is part of the image of stage {name}, which may read it")
            }
            _ => format!("{directory} is part of the final image, which may read it"),
        });
    }
    let reads = Effects { reads: Paths::below(vec![directory.clone()]), ..Effects::none() };
    // Where the manager must keep its files in the image of a stage that this one starts from, a mount would hide them.
    for ancestor in input.reading.build.ancestors(stage.index) {
        for step in &input.reading.build.stages[ancestor].steps {
            let Ok(analysis) = input.reading.run(step) else { continue };
            for other in analysis.managed().filter(|other| other.ecosystem.name() == managed.ecosystem.name())
            {
                let line = step.instruction.start_line();
                plan_of(input, step, other).map_err(|refusal| format!("line {line}: {refusal}"))?;
            }
        }
    }
    // Earlier steps too: what they put into the image at that place would be hidden.
    let earlier = stage.steps.iter().take(index).filter(|step| step.instruction.keyword() == Keyword::Run);
    for step in earlier.chain(later_runs(input, stage, index)) {
        let line = step.instruction.start_line();
        let Ok(analysis) = input.reading.run(step) else {
            return Err(format!("line {line} may read {directory} without the mount"));
        };
        let own = analysis.managed().filter(|other| other.ecosystem.name() == managed.ecosystem.name());
        let mut mounted = false;
        for other in own {
            let plan = plan_of(input, step, other).map_err(|refusal| format!("line {line}: {refusal}"))?;
            let cache = plan.caches.iter().find(|cache| cache.directory == *directory);
            // The mount may be empty while the step that filled it is cached: every reader must be able to fill it.
            if cache.is_some_and(|cache| cache.kind == CacheKind::Index(IndexUse::Reads))
                || (cache.is_some() && step.instruction.flag("network").is_some())
            {
                return Err(format!("line {line} relies on what an earlier step leaves in {directory}"));
            }
            mounted |= cache.is_some();
        }
        if mounted {
            // A token or key that one step has and another has not: only the first could fill the mount.
            if secrets(step) != secrets(&stage.steps[index]) {
                return Err(format!("line {line} has other secrets than this step"));
            }
            let managers = [managed.ecosystem.name()];
            let search =
                cleaning::Search { directories: &[directory], home: step.state.home(), managers: &managers };
            cleaning::find(analysis, &search).map_err(|reason| format!("line {line}: {reason}"))?;
            continue;
        }
        if let Some(unknown) = analysis.unknown() {
            return Err(format!("{unknown} in line {line} may read {directory} without the mount"));
        }
        if analysis.effects().writes.overlaps(&reads.reads) {
            return Err(format!("line {line} writes to {directory}"));
        }
    }
    copied_elsewhere(input, stage, directory)
}

/// The caches of a command of some step, as that step itself is told them.
fn plan_of(input: &Input<'_>, step: &Step<'_>, managed: &Managed<'_>) -> Result<CachePlan, Refusal> {
    let mut stages = input.reading.build.stages.iter();
    let place = stages.find_map(|stage| {
        let index = stage.steps.iter().position(|other| std::ptr::eq(other, step))?;
        Some((stage, index))
    });
    let directory = managed.usage.directory.clone().filter(|_| input.context.is_known());
    let project = place.zip(directory).map(|((stage, index), directory)| {
        Project::new(input.context, input.supplies(stage), directory).until(index)
    });
    managed.ecosystem.caches(managed.command(), &managed.usage, &step.state, project.as_ref())
}

/// The secret and ssh mounts of a RUN, as written.
fn secrets<'a>(step: &Step<'a>) -> Vec<&'a [u8]> {
    let instruction = step.instruction;
    let mounts = Run::of(&instruction).map_or(&[][..], |run| run.mounts);
    let secret = mounts.iter().filter(|mount| matches!(mount.kind, MountKind::Secret | MountKind::Ssh));
    secret.map(|mount| mount.flag.span.of(instruction.text())).collect()
}

/// A later `COPY --from` that takes the store would find it empty.
fn copied_elsewhere(input: &Input<'_>, stage: &Stage<'_>, directory: &ImagePath) -> Result<(), String> {
    let mut holders = input.reading.build.descendants(stage.index);
    holders.push(stage.index);
    for later in &input.reading.build.stages {
        for step in &later.steps {
            let Some(copy) = Copy::of(&step.instruction) else { continue };
            let Some(from) =
                copy.from.as_deref().and_then(|from| input.reading.build.stage_named(from, later.index))
            else {
                continue;
            };
            // What stands before the first wildcard or variable is certain.
            let takes = copy.sources.iter().any(|source| {
                let certain = source.text.split(['$', '*', '?', '[']).next().unwrap_or_default();
                let certain = if certain.len() < source.text.len() {
                    certain.rsplit_once('/').map_or("", |(directory, _)| directory)
                } else {
                    certain
                };
                ImagePath::root().join(certain).overlaps(directory)
            });
            if holders.contains(&from) && takes {
                let line = step.instruction.start_line();
                return Err(format!("line {line} copies {directory} from this stage"));
            }
        }
    }
    Ok(())
}
