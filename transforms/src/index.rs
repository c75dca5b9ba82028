//! Package indexes that one command fetches and a later one relies on, such as apt's lists.
//!
//! The packages that an index names are gone from the server some time later. So the two must stay together: where the
//! first is taken from the cache and the second runs again, it asks for what is no longer there.

use dockfix_ecosystems::IndexUse;
use dockfix_model::build::Stage;
use dockfix_syntax::Keyword;

use crate::reading::Reading;

/// Two commands that would be torn apart.
pub(crate) struct Torn {
    /// 1-based line of the RUN that fetches the index.
    pub(crate) fetched: usize,
    /// 1-based line of the RUN that relies on it.
    pub(crate) needed: usize,
    /// The manager.
    pub(crate) manager: &'static str,
}

impl Torn {
    /// Why that must not be.
    pub(crate) fn reason(&self) -> String {
        let Self { fetched, needed, manager } = self;
        let fetched = if fetched == needed { "the same RUN".to_owned() } else { format!("line {fetched}") };
        format!(
            "line {needed} relies on the index of {manager} that {fetched} fetches, and would find an old one"
        )
    }
}

/// The commands that would be torn apart if what stands behind step `from` of a stage and before the link `to.1` of step
/// `to.0` were cached, while everything behind that runs again. Stages that are built on this one count.
pub(crate) fn torn(
    reading: &Reading<'_>,
    stage: &Stage<'_>,
    from: usize,
    to: (usize, usize),
) -> Option<Torn> {
    let later = reading.build.descendants(stage.index);
    let later = later.iter().filter_map(|index| reading.build.stages.get(*index));
    let later = later.flat_map(|stage| stage.steps.iter().map(|step| (usize::MAX, step)));
    let own = stage.steps.iter().enumerate().skip(from + 1);
    // The line of the RUN that fetched each manager's index last, if it would be cached.
    let mut fetched: Vec<(&'static str, usize)> = Vec::new();
    for (index, step) in own.chain(later) {
        if step.instruction.keyword() != Keyword::Run {
            continue;
        }
        let Ok(analysis) = reading.run(step) else { continue };
        let line = step.instruction.start_line();
        for (number, piece) in analysis.pieces.iter().enumerate() {
            for managed in &piece.managed {
                let manager = managed.ecosystem.name();
                let is_cached = (index, number) < to;
                match managed.ecosystem.index_use(&managed.command) {
                    Some(IndexUse::Fills) => {
                        fetched.retain(|(name, _)| *name != manager);
                        if is_cached {
                            fetched.push((manager, line));
                        }
                    }
                    Some(IndexUse::Reads) if !is_cached => {
                        if let Some((_, fetched)) = fetched.iter().find(|(name, _)| *name == manager) {
                            return Some(Torn { fetched: *fetched, needed: line, manager });
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    None
}
