//! A download above sources that cannot sink.
//!
//! What stands between them and the command they hold up may need them (`RUN ls`, a COPY of generated files among them)
//! and still be nothing to the download: it changes neither what that reads nor how it runs.

use dockfix_model::ImagePath;
use dockfix_model::effects::Paths;
use dockfix_syntax::Keyword;
use dockfix_syntax::view::Copy;

use super::destination;
use super::plan::{Below, Manifests};
use super::run::ProjectOutcome;
use super::sink::Sinking;
use crate::analysis::has_project;

impl Sinking<'_, '_> {
    /// The download that can stand where the sources are copied, if nothing between matters to it.
    pub(super) fn in_place(&mut self) -> Option<Below> {
        if !self.gained.is_empty() {
            return None;
        }
        let (stage, input) = (self.stage, self.input);
        let above = &stage.steps[self.index].state;
        // Places among the sources that other COPYs write to.
        let mut touched: Vec<ImagePath> = Vec::new();
        for (index, step) in stage.steps.iter().enumerate().skip(self.index + 1) {
            match step.instruction.keyword() {
                Keyword::Run => {
                    let analysis = input.reading.run(step).ok()?;
                    self.check_mounts(step).ok()?;
                    let installs = analysis.pieces.iter().enumerate().find_map(|(number, piece)| {
                        let managed = piece.managed.iter().find(|managed| has_project(managed.usage.kind))?;
                        Some((number, managed))
                    });
                    let Some((number, managed)) = installs else {
                        if analysis.effects().writes == Paths::none() {
                            continue;
                        }
                        return None;
                    };
                    let is_same = above.user == step.state.user
                        && above.shell == step.state.shell
                        && above.variables == step.state.variables;
                    if !is_same || self.brings_programs(step) || self.mounts_the_sources(step) {
                        return None;
                    }
                    let outcome = self.pass_project(index, analysis, (number, managed), true).ok()?;
                    let ProjectOutcome::Prefetch(manifests, below, name) = outcome else { return None };
                    let Below::Prefetch { flags, command, .. } = below else { return None };
                    self.check_hints(index, analysis, number, None).ok()?;
                    let read = manifests.files.iter().chain(&manifests.directories).map(|(_, path)| path);
                    if read.clone().any(|path| touched.iter().any(|touched| path.overlaps(touched))) {
                        return None;
                    }
                    let directory = managed.usage.directory.clone()?;
                    let is_here = above.workdir.as_ref() == Some(&directory);
                    if !is_here && !destination::is_plain(directory.as_str()) {
                        return None;
                    }
                    // A COPY makes the directory that the download works in.
                    if !is_here && !manifests.files.iter().any(|(_, path)| path.below(&directory).is_some()) {
                        return None;
                    }
                    self.gained.push((step.instruction.start_line(), name));
                    self.manifests = manifests;
                    let directory = (!is_here).then_some(directory);
                    return Some(Below::Prefetch {
                        flags,
                        command,
                        directory,
                        after: None,
                        early: Manifests::default(),
                    });
                }
                Keyword::Copy | Keyword::Add => {
                    let copy = Copy::of(&step.instruction)?;
                    let target = step.state.path(&copy.destination.text, input.file().escape())?;
                    if target.below(&self.target).is_none_or(str::is_empty) {
                        return None;
                    }
                    touched.push(target);
                }
                Keyword::Volume | Keyword::From | Keyword::Unknown => return None,
                _ => {}
            }
        }
        None
    }
}
