//! Lock files that an install may write again.
//!
//! `npm install` puts right a lock file that does not fit package.json; the copy that comes after it brings the old one
//! back. In the image that does not matter (see the safety contract), but `npm ci` would fail on it, and where it does not fit,
//! what others would make of it is not known.

use dockfix_model::ImagePath;
use dockfix_model::build::{Stage, Step};
use dockfix_model::commands::Action;
use dockfix_model::context::Kind;
use dockfix_model::effects::Paths;
use dockfix_model::project::Project;
use dockfix_syntax::Keyword;
use dockfix_syntax::view::Copy;

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
        let Ok(needs) =
            managed.ecosystem.needs(managed.command(), &managed.usage, analysis.state(), &project)
        else {
            return Ok(());
        };
        let ours = |path: &&ImagePath| {
            self.sources
                .iter()
                .filter_map(|source| source.source_of(path))
                .any(|source| matches!(self.input.context.kind(&source), Ok(Some(Kind::File { .. }))))
        };
        for stale in needs.stale.iter().filter(|stale| ours(&&stale.lock)) {
            if let Some(reader) = self.misled_by(&stale.lock, index, number, analysis) {
                return Err(Stop::at(
                    &self.stage.steps[index],
                    format!(
                        "{name} stays below the sources: {}, so it writes that again, {reader} may read it, and the later \
                         copy would bring the old one back",
                        stale.why
                    ),
                ));
            }
        }
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

    /// What may go wrong by a lock file that does not fit the manifests, where the install in link `number` of step `index` has
    /// put it right so far: the first command behind it that is not known, or an instruction that takes the file to a stage
    /// which goes on with it. Who merely runs the image finds what is installed.
    fn misled_by(
        &self,
        lock: &ImagePath,
        index: usize,
        number: usize,
        analysis: &Analysis<'_>,
    ) -> Option<String> {
        let build = &self.input.reading.build;
        let named = |unknown: &str, step: &Step<'_>| {
            Some(format!("{unknown} in line {}", step.instruction.start_line()))
        };
        let step = &self.stage.steps[index];
        let in_the_same = || (number + 1..analysis.pieces.len()).find_map(|later| analysis.unknown_in(later));
        let is_run = |step: &&Step<'_>| step.instruction.keyword() == Keyword::Run;
        let by_unknown = || {
            let mut later = build.steps_from(self.stage.index, index + 1).filter(is_run);
            later.find_map(|step| match self.input.reading.run(step) {
                Ok(analysis) => named(analysis.unknown()?, step),
                Err(opaque) => named(&opaque.to_string(), step),
            })
        };
        let mut holders = build.descendants(self.stage.index);
        holders.push(self.stage.index);
        let by_taker = || {
            build.stages.iter().skip(self.stage.index + 1).find_map(|stage| {
                let goes_on = |at: usize| build.steps_from(stage.index, at + 1).any(|step| is_run(&step));
                let (_, taker) = stage.steps.iter().enumerate().find(|(at, step)| {
                    let copy = Copy::of(&step.instruction);
                    copy.is_some_and(|copy| {
                        let from = copy.from.as_deref().and_then(|from| build.stage_named(from, stage.index));
                        from.is_some_and(|from| holders.contains(&from))
                            && copy.sources.iter().any(|source| may_take(&source.text, lock))
                            && goes_on(*at)
                    })
                })?;
                Some(format!("a stage that line {} takes it to", taker.instruction.start_line()))
            })
        };
        in_the_same().and_then(|unknown| named(unknown, step)).or_else(by_unknown).or_else(by_taker)
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
                        .needs(managed.command(), &managed.usage, analysis.state(), &project)
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

/// Whether a source of `COPY --from` may take a file: it names the file or a directory above, or starts as those do up to a
/// wildcard or variable.
fn may_take(source: &str, file: &ImagePath) -> bool {
    let fixed = source.split(['*', '?', '[', '$']).next().unwrap_or(source);
    let path = ImagePath::root().join(fixed.trim_start_matches('/'));
    let is_whole = fixed.len() == source.len();
    file.below(&path).is_some() || !is_whole && file.as_str().starts_with(path.as_str())
}
