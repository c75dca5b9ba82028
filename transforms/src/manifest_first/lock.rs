//! Lock files that an install may write again.
//!
//! `npm install` puts right a lock file that does not fit package.json; the copy that comes after it brings the old one
//! back. In the image that does not matter (see the safety contract), but `npm ci` would fail on it.

use dockfix_model::ImagePath;
use dockfix_model::build::Stage;
use dockfix_model::commands::Action;
use dockfix_model::context::Kind;
use dockfix_model::effects::Paths;
use dockfix_model::project::Project;
use dockfix_syntax::Keyword;

use super::sink::{Sinking, Stop};
use crate::analysis::{Analysis, Managed, has_project};
use crate::naming::{shortened, shown};

impl Sinking<'_, '_> {
    /// Stops before an install, in link `number` of step `index`, that may write again what the copy brings and what a later
    /// command takes as it is.
    pub(super) fn check_lock(
        &self,
        (index, number): (usize, usize),
        analysis: &Analysis<'_>,
        managed: &Managed<'_>,
        name: &str,
    ) -> Result<(), Stop> {
        let Some(directory) = managed.usage.directory.clone() else { return Ok(()) };
        let project = Project::new(self.input.context, self.supplies, directory).until(index);
        let Ok(needs) = managed.ecosystem.needs(managed.command(), &managed.usage, &project) else {
            return Ok(());
        };
        let ours = |path: &&ImagePath| {
            self.sources
                .iter()
                .filter_map(|source| source.source_of(path))
                .any(|source| matches!(self.input.context.kind(&source), Ok(Some(Kind::File { .. }))))
        };
        for lock in needs.rewritten.iter().filter(ours) {
            if let Some((line, reader)) = self.reader_of(lock, index, number, analysis) {
                return Err(Stop::at(
                    &self.stage.steps[index],
                    format!(
                        "{name} stays below the sources: it may write {lock} again, which {reader} in line {line} reads, \
                         and the later copy would bring the old one back"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The first command behind link `number` of step `index`, in the stage or in one that starts from it, that takes a lock
    /// file as it is.
    fn reader_of(
        &self,
        lock: &ImagePath,
        index: usize,
        number: usize,
        analysis: &Analysis<'_>,
    ) -> Option<(usize, String)> {
        let build = &self.input.reading.build;
        let line = self.stage.steps[index].instruction.start_line();
        let in_the_same =
            || self.reader_in(self.stage, index, analysis, number + 1, lock).map(|reader| (line, reader));
        in_the_same().or_else(|| {
            let children =
                build.stages.iter().filter(|stage| build.ancestors(stage.index).contains(&self.stage.index));
            [(self.stage, index + 1)].into_iter().chain(children.map(|stage| (stage, 0))).find_map(
                |(stage, first)| {
                    stage.steps.iter().enumerate().skip(first).find_map(|(index, step)| {
                        if step.instruction.keyword() != Keyword::Run {
                            return None;
                        }
                        let analysis = self.input.reading.run(step).ok()?;
                        let reader = self.reader_in(stage, index, analysis, 0, lock)?;
                        Some((step.instruction.start_line(), reader))
                    })
                },
            )
        })
    }

    /// The first command of a RUN, from link `first` on, that takes a lock file as it is.
    fn reader_in(
        &self,
        stage: &Stage<'_>,
        index: usize,
        analysis: &Analysis<'_>,
        first: usize,
        lock: &ImagePath,
    ) -> Option<String> {
        let supplies = self.input.supplies(stage);
        (first..analysis.pieces.len()).find_map(|number| {
            let managed = analysis.pieces[number].managed.iter().find(|managed| {
                let Some(directory) = managed.usage.directory.clone() else { return false };
                let project = Project::new(self.input.context, supplies, directory).until(index);
                has_project(managed.usage.kind)
                    && managed
                        .ecosystem
                        .needs(managed.command(), &managed.usage, &project)
                        .is_ok_and(|needs| needs.files.contains(lock) && !needs.rewritten.contains(lock))
            });
            if let Some(managed) = managed {
                return Some(shown(managed, analysis));
            }
            let link = &analysis.chain.links[number];
            let names_it = matches!(&link.action, Action::Pipeline(_))
                && matches!(analysis.effects_of(number).reads, Paths::Below(paths) if paths.contains(lock));
            let text = String::from_utf8_lossy(link.span.of(analysis.chain.text));
            names_it.then(|| shortened(&text.split_whitespace().collect::<Vec<_>>().join(" ")))
        })
    }
}
