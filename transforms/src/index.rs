//! Package indexes that one command fetches and a later one relies on, such as apt's lists.
//!
//! The packages that an index names are gone from the server some time later. So the two must stay together: where the
//! first is taken from the cache and the second runs again, it asks for what is no longer there.

use dockfix_ecosystems::IndexUse;
use dockfix_model::build::{Stage, Step};
use dockfix_model::commands::{Action, Invocation, Link, each_named, each_named_by};
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

/// What a command of a RUN does with an index.
struct Use {
    /// The manager.
    manager: &'static str,
    kind: IndexUse,
    /// The number of the link that it stands in.
    link: usize,
    /// It runs when the RUN does. A command in an `if` may not, nor any of a RUN that is not read.
    is_sure: bool,
}

/// What the commands of a RUN do with indexes, in order.
fn uses(reading: &Reading<'_>, step: &Step<'_>) -> Vec<Use> {
    let mut uses = Vec::new();
    match reading.run(step) {
        Ok(analysis) => {
            for (number, link) in analysis.chain.links.iter().enumerate() {
                uses_of(link, number, analysis.chain.text, step, &mut uses);
            }
        }
        Err(_) => each_named_by(&step.instruction, &step.state, &mut |_, command| {
            uses.extend(Use::of(command, 0, false));
        }),
    }
    uses
}

fn uses_of(link: &Link<'_>, number: usize, text: &[u8], step: &Step<'_>, uses: &mut Vec<Use>) {
    match &link.action {
        Action::Pipeline(commands) => {
            uses.extend(commands.iter().filter_map(|command| Use::of(command, number, true)));
        }
        Action::Nested(links) => links.iter().for_each(|link| uses_of(link, number, text, step, uses)),
        Action::Opaque(_) => each_named(link.span.of(text), &step.state, &mut |_, command| {
            uses.extend(Use::of(command, number, false));
        }),
    }
}

impl Use {
    fn of(command: &Invocation<'_>, link: usize, is_sure: bool) -> Option<Self> {
        let mut all = dockfix_ecosystems::ALL.iter();
        let (manager, kind) = all.find_map(|manager| Some((manager.name(), manager.index_use(command)?)))?;
        Some(Self { manager, kind, link, is_sure })
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
        let line = step.instruction.start_line();
        // What may have been fetched in this RUN, and is then as new as the RUN.
        let mut renewed = Vec::new();
        for Use { manager, kind, link, is_sure } in uses(reading, step) {
            let is_cached = (index, link) < to;
            match kind {
                IndexUse::Fills => {
                    if is_sure {
                        fetched.retain(|(name, _)| *name != manager);
                    }
                    if is_cached {
                        fetched.push((manager, line));
                    } else {
                        renewed.push(manager);
                    }
                }
                IndexUse::Reads if !is_cached && !renewed.contains(&manager) => {
                    if let Some((_, fetched)) = fetched.iter().find(|(name, _)| *name == manager) {
                        return Some(Torn { fetched: *fetched, needed: line, manager });
                    }
                }
                IndexUse::Reads => {}
            }
        }
    }
    None
}
