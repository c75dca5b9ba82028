//! Package indexes that one command fetches and a later one relies on, such as apt's lists.
//!
//! The packages that an index names are gone from the server some time later. So the two must stay together: where the
//! first is taken from the cache and the second runs again, it asks for what is no longer there. A command that is not
//! known may be the one for which an index was fetched, unless a known one installs by it.

use std::borrow::Cow;

use dockfix_ecosystems::{CacheKind, Ecosystem, IndexUse, UsageKind, managers_of, plain};
use dockfix_model::ImagePath;
use dockfix_model::build::{Stage, Step};
use dockfix_model::commands::{Action, Invocation, Link, each_named, each_named_by};
use dockfix_syntax::Keyword;

use crate::analysis::Analysis;
use crate::cache_mount::cleaning;
use crate::history::Spot;
use crate::mounts;
use crate::reading::Reading;

/// Two commands that would be torn apart.
pub(crate) struct Torn {
    /// What fetches the index.
    pub(crate) fetched: Spot,
    /// 1-based line of the RUN that relies on it.
    pub(crate) needed: usize,
    /// The manager.
    pub(crate) manager: &'static str,
    reader: Reader,
}

/// Who would find an old index.
enum Reader {
    /// A command of the manager.
    Known,
    /// A command that is not known, as far as it can be named: it may install something.
    Unknown(Option<String>),
}

impl Torn {
    /// Why that must not be.
    pub(crate) fn reason(&self) -> String {
        let Self { fetched, needed, manager, reader } = self;
        let fetched =
            if fetched.line == *needed { "the same RUN".to_owned() } else { format!("line {fetched}") };
        let relies = match reader {
            Reader::Known => format!("line {needed} relies"),
            Reader::Unknown(Some(name)) => format!("{name} in line {needed} may rely"),
            Reader::Unknown(None) => format!("line {needed} may rely"),
        };
        format!("{relies} on the index of {manager} that {fetched} fetches, and would find an old one")
    }
}

/// What a part of a RUN has to do with indexes.
struct Use {
    /// The number of the link that it stands in.
    link: usize,
    /// Where the link stands.
    spot: Spot,
    kind: Kind,
}

enum Kind {
    /// A command of a manager.
    Managed {
        manager: &'static str,
        index: Option<IndexUse>,
        /// It installs something by the index.
        installs: bool,
        /// It runs when the RUN does. A command in an `if` may not, nor any of a RUN that is not read.
        is_sure: bool,
        /// Where the index lies that it fetches, as far as that is known.
        directory: Option<ImagePath>,
    },
    /// What is not known, as far as it can be named.
    Unknown(Option<String>),
}

/// What the parts of a RUN have to do with indexes, in order.
fn uses(reading: &Reading<'_>, step: &Step<'_>) -> Vec<Use> {
    let mut uses = Vec::new();
    match reading.run(step) {
        Ok(analysis) => {
            for (number, link) in analysis.chain.links.iter().enumerate() {
                uses_of_link(analysis, step, number, link, &mut uses);
            }
        }
        Err(_) => {
            let spot = Spot::new(step, None, 0);
            uses.push(Use { link: 0, spot, kind: Kind::Unknown(None) });
            each_named_by(&step.instruction, &step.state, &mut |_, command| {
                uses.extend(Kind::of(command, step, false).map(|kind| Use { link: 0, spot, kind }));
            });
        }
    }
    uses
}

fn uses_of_link(
    analysis: &Analysis<'_>,
    step: &Step<'_>,
    number: usize,
    link: &Link<'_>,
    uses: &mut Vec<Use>,
) {
    let mut kinds = Vec::new();
    // Where in the link it stands does not show: it may come first.
    kinds.extend(analysis.unknown_in(number).map(|unknown| Kind::Unknown(Some(unknown.to_owned()))));
    kinds_of(link, analysis.chain.text, step, &mut kinds);
    let spot = Spot::new(step, Some(&analysis.chain), link.span.start);
    uses.extend(kinds.into_iter().map(|kind| Use { link: number, spot, kind }));
}

/// The commands of managers in a link.
fn kinds_of(link: &Link<'_>, text: &[u8], step: &Step<'_>, kinds: &mut Vec<Kind>) {
    match &link.action {
        Action::Pipeline(commands) => {
            kinds.extend(commands.iter().filter_map(|command| Kind::of(command, step, true)));
        }
        Action::Nested(links) => links.iter().for_each(|link| kinds_of(link, text, step, kinds)),
        Action::Opaque(_) => each_named(link.span.of(text), &step.state, &mut |_, command| {
            kinds.extend(Kind::of(command, step, false));
        }),
    }
}

impl Kind {
    fn of(command: &Invocation<'_>, step: &Step<'_>, is_sure: bool) -> Option<Self> {
        let managed = managers_of(&command.program).iter().find_map(|manager| {
            let (index, installs) = (manager.index_use(command), manager.installs(command));
            let fills = index == Some(IndexUse::Fills);
            let directory = fills.then(|| index_directory(*manager, command, step)).flatten();
            let manager = manager.name();
            let is_of_it = index.is_some() || installs;
            is_of_it.then_some(Self::Managed { manager, index, installs, is_sure, directory })
        });
        managed.or_else(|| Self::of_words(command, step))
    }

    /// The install that a command which is not known runs by its words: `xargs apt-get install -y`, `timeout 99 apk add x`.
    fn of_words(command: &Invocation<'_>, step: &Step<'_>) -> Option<Self> {
        let found = run_by(command).find_map(|inner| {
            let manager = managers_of(&inner.program).first()?;
            let index = manager.index_use(&inner).filter(|index| *index == IndexUse::Reads)?;
            let manager = manager.name();
            Some(Self::Managed {
                manager,
                index: Some(index),
                installs: true,
                is_sure: false,
                directory: None,
            })
        });
        found.filter(|_| plain::effects(command, &step.state).is_none())
    }
}

/// The commands that another one may run by its words: `apk add x` for `timeout 99 apk add x`.
pub(crate) fn run_by<'c>(command: &'c Invocation<'_>) -> impl Iterator<Item = Invocation<'c>> {
    (0..command.arguments.len()).filter_map(|at| {
        let path = command.arguments[at].value.as_deref()?;
        let program = path.rsplit('/').next().unwrap_or(path);
        managers_of(program).first()?;
        Some(Invocation {
            program: Cow::Borrowed(program),
            program_path: Cow::Borrowed(path),
            arguments: command.arguments[at + 1..].to_vec(),
            ..command.clone()
        })
    })
}

/// Where a command that fetches an index puts it.
fn index_directory(manager: &dyn Ecosystem, command: &Invocation<'_>, step: &Step<'_>) -> Option<ImagePath> {
    let usage = manager.recognise(command, &step.state)?;
    let plan = manager.caches(command, &usage, &step.state, None).ok()?;
    let index = plan.caches.into_iter().find(|cache| matches!(cache.kind, CacheKind::Index(_)));
    index.map(|cache| cache.directory)
}

/// An index that would be cached.
struct Fetched {
    manager: &'static str,
    /// What fetched it last.
    spot: Spot,
    /// A known command has installed something by it since.
    is_used: bool,
    /// Where it lies, as far as that is known.
    directory: Option<ImagePath>,
    /// It lies in a mount there.
    is_mounted: bool,
}

impl Fetched {
    /// Whether a RUN finds it, as far as mounts go.
    fn is_found_by(&self, step: &Step<'_>) -> bool {
        !self.is_mounted || self.directory.as_ref().is_some_and(|at| !mounts::over(step, at).is_empty())
    }

    /// Whether a RUN removes it, or what it has itself fetched by the link `fetched` at the latest.
    fn is_removed_by(&self, reading: &Reading<'_>, step: &Step<'_>, fetched: usize) -> bool {
        let (Ok(analysis), Some(directory)) = (reading.run(step), &self.directory) else { return false };
        let cleans = analysis.pieces.iter().skip(fetched).flat_map(|piece| &piece.managed).any(|managed| {
            managed.usage.kind == UsageKind::CleanCache
                && managed.ecosystem.cleans_index()
                && managed.ecosystem.name() == self.manager
        });
        cleans || cleaning::empties(analysis, directory, fetched)
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
    let mut fetched: Vec<Fetched> = Vec::new();
    for (index, step) in own.chain(later) {
        if step.instruction.keyword() != Keyword::Run {
            continue;
        }
        let line = step.instruction.start_line();
        // What may have been fetched in this RUN, and is then as new as the RUN.
        let mut renewed = Vec::new();
        // An install that is known tells more.
        let mut may_be_torn = None;
        // The last link of this RUN that has to do with an index.
        let mut last = 0;
        for Use { link, spot, kind } in uses(reading, step) {
            let is_cached = (index, link) < to;
            let (manager, index, installs, is_sure, directory) = match kind {
                Kind::Managed { manager, index, installs, is_sure, directory } => {
                    (manager, index, installs, is_sure, directory)
                }
                Kind::Unknown(_) if is_cached => continue,
                Kind::Unknown(name) => {
                    let waits =
                        |it: &&Fetched| !it.is_used && !renewed.contains(&it.manager) && it.is_found_by(step);
                    if let Some(&Fetched { manager, spot: fetched, .. }) = fetched.iter().find(waits) {
                        let reader = Reader::Unknown(name);
                        may_be_torn.get_or_insert(Torn { fetched, needed: line, manager, reader });
                    }
                    continue;
                }
            };
            match index {
                Some(IndexUse::Fills) => {
                    last = link;
                    if is_sure {
                        fetched.retain(|it| it.manager != manager);
                    }
                    if is_cached {
                        let is_mounted =
                            directory.as_ref().is_some_and(|at| !mounts::over(step, at).is_empty());
                        fetched.push(Fetched { manager, spot, is_used: false, directory, is_mounted });
                    } else {
                        renewed.push(manager);
                    }
                }
                Some(IndexUse::Reads) if !is_cached && !renewed.contains(&manager) => {
                    if let Some(&Fetched { spot: fetched, .. }) =
                        fetched.iter().find(|it| it.manager == manager && it.is_found_by(step))
                    {
                        return Some(Torn { fetched, needed: line, manager, reader: Reader::Known });
                    }
                }
                Some(IndexUse::Reads) | None => {}
            }
            if is_cached && installs {
                fetched.iter_mut().filter(|it| it.manager == manager).for_each(|it| it.is_used = true);
            }
        }
        if may_be_torn.is_some() {
            return may_be_torn;
        }
        // What is gone serves nobody.
        fetched.retain(|it| !it.is_removed_by(reading, step, last));
    }
    None
}
