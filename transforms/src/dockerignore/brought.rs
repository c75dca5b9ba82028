//! What an install makes in one stage and a COPY brings to another.

use dockfix_ecosystems::Ecosystem;
use dockfix_model::ImagePath;
use dockfix_model::build::{Build, Stage, Step};
use dockfix_syntax::view::Copy;

use super::{User, each_install, may_write_into_a_project};
use crate::mounts;
use crate::reading::Reading;

/// What an install makes, where it lies in the image of a stage.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) place: ImagePath,
    pub(super) ecosystem: &'static dyn Ecosystem,
    /// All that its manager makes in the stage of the install has come along.
    pub(super) is_whole: bool,
}

/// What is in the image of a stage of what installs make: its own, those of the stages that it starts from, and those that
/// a COPY brings.
pub(super) fn in_image(user: &User<'_>, reading: &Reading<'_>, stage: &Stage<'_>) -> Vec<Made> {
    let build = &reading.build;
    let stages = build.ancestors(stage.index).into_iter().chain([stage.index]);
    stages
        .filter_map(|index| build.stages.get(index))
        .flat_map(|stage| of_stage(user, reading, stage))
        .collect()
}

/// The same without what the stages that it starts from make.
fn of_stage(user: &User<'_>, reading: &Reading<'_>, stage: &Stage<'_>) -> Vec<Made> {
    let mut made = brought(user, reading, stage);
    each_install(user, reading, stage, may_write_into_a_project, &mut |step, managed, _, needs| {
        // What goes into a mount is not in the image.
        let places = needs.outputs.iter().filter(|place| mounts::over(step, place).is_empty());
        made.extend(places.map(|place| Made {
            place: place.clone(),
            ecosystem: managed.ecosystem,
            is_whole: true,
        }));
    });
    made
}

/// What COPYs of a stage bring of that from other stages.
pub(super) fn brought(user: &User<'_>, reading: &Reading<'_>, stage: &Stage<'_>) -> Vec<Made> {
    let mut brought = Vec::new();
    for step in &stage.steps {
        let Some(taken) = Taken::of(&reading.build, stage, step) else { continue };
        let made = in_image(user, reading, taken.stage);
        for it in &made {
            let Some(place) = taken.comes_to(&it.place) else { continue };
            let is_whole = it.is_whole
                && made.iter().all(|other| {
                    other.ecosystem.name() != it.ecosystem.name() || taken.comes_to(&other.place).is_some()
                });
            brought.push(Made { place, ecosystem: it.ecosystem, is_whole });
        }
    }
    brought
}

/// A COPY of one directory from another stage.
struct Taken<'s, 'a> {
    stage: &'s Stage<'a>,
    source: ImagePath,
    target: ImagePath,
}

impl<'s, 'a> Taken<'s, 'a> {
    fn of(build: &'s Build<'a>, stage: &Stage<'_>, step: &Step<'_>) -> Option<Self> {
        let copy = Copy::of(&step.instruction)?;
        // Only stages above are meant, so that no stage leads back to itself.
        let from = build.stage_named(copy.from.as_deref()?, stage.index)?;
        let keeps_names = |(flag, _): &(String, _)| matches!(flag.as_str(), "chown" | "chmod" | "link");
        let [source] = &copy.sources[..] else { return None };
        let is_plain = !source.is_heredoc && !source.text.contains(['*', '?', '[', '\\', '$', '"', '\'']);
        if !is_plain || !copy.flags.iter().all(keeps_names) {
            return None;
        }
        let source = ImagePath::root().join(source.text.trim_start_matches('/'));
        let target = step.state.path(&copy.destination.text, step.instruction.file().escape())?;
        Some(Self { stage: build.stages.get(from)?, source, target })
    }

    /// Where a path of the other stage comes to.
    fn comes_to(&self, path: &ImagePath) -> Option<ImagePath> {
        let below = path.below(&self.source)?;
        // Whether a file or a directory of that name is copied: it comes to the target where that is called like it.
        let name = |path: &ImagePath| path.as_str().rsplit('/').next().map(str::to_owned);
        (!below.is_empty() || name(path) == name(&self.target)).then(|| self.target.join(below))
    }
}
