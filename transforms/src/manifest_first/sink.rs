//! How far a COPY can sink, and what has to be copied in its place.

use std::cmp::Ordering;

use dockfix_ecosystems::{Usage, UsageKind, recognise};
use dockfix_model::build::{Stage, Step};
use dockfix_model::commands::{Action, Invocation, each_named_by};
use dockfix_model::context::FileType;
use dockfix_model::effects::{Effects, Paths};
use dockfix_model::project::{Copied, Supplies, copied_by};
use dockfix_model::{ImagePath, User};
use dockfix_syntax::view::{Copy, Variables, argument};
use dockfix_syntax::{Keyword, variables};

use super::destination;
use super::fetched::would_gain;
use super::plan::{Below, Manifests, Plan};
use crate::analysis::{Analysis, Managed, Piece};
use crate::index::torn;
use crate::naming::{named, shown, told_text};
use crate::reading::Reading;
use crate::transform::Input;

/// What became of an attempt.
pub(super) enum Outcome {
    /// The COPY can move.
    Sinks(Box<Plan>),
    /// It stays; with the line and the reason where an install would have gained.
    Stays(Option<(usize, String)>),
}

/// A copy on its way down.
pub(super) struct Sinking<'s, 'a> {
    pub(super) input: &'s Input<'a>,
    pub(super) stage: &'s Stage<'a>,
    /// The copy's step.
    pub(super) index: usize,
    pub(super) copy: Copy<'a>,
    pub(super) target: ImagePath,
    /// What the copy takes.
    pub(super) sources: Vec<Copied>,
    /// Where the copy writes.
    pub(super) writes: Paths,
    /// What all copies of the stage bring.
    pub(super) supplies: &'s Supplies,
    /// What has to be copied in the old place so far.
    pub(super) manifests: Manifests,
    /// The first step that reads any of it.
    needed_at: Option<usize>,
    /// The first WORKDIR below which a relative destination is another one.
    passed_workdir: Option<usize>,
    /// The first WORKDIR that would make its destination otherwise.
    needs_destination: Option<usize>,
    /// What no longer depends on the copy: line and name.
    pub(super) gained: Vec<(usize, String)>,
    /// The last step that gains.
    pub(super) lowest: Option<usize>,
    /// The link of the last RUN at which it could go no further.
    pub(super) stopped_at: Option<usize>,
}

/// Why a copy goes no further.
pub(super) enum Stop {
    /// A step is in the way that may depend on it.
    Blocked,
    /// A step is in the way, and this is why.
    Known(String),
    /// A download above the copy would serve the command, if what stands before it in its RUN did not.
    Served,
    /// An install is left below it for a reason of its own: line and reason.
    Refused(usize, String),
    /// All is well as it is.
    Settled,
}

impl Stop {
    pub(super) fn at(step: &Step<'_>, reason: impl Into<String>) -> Self {
        Self::Refused(step.instruction.start_line(), reason.into())
    }
}

/// What came of a step on the way.
pub(super) enum Passed {
    Whole,
    /// The way ends in this step.
    Ends(Below),
}

pub(super) fn sink<'a>(input: &Input<'a>, stage: &Stage<'a>, index: usize) -> Outcome {
    let mut sinking = match Sinking::start(input, stage, index) {
        Ok(sinking) => sinking,
        Err(reason) => {
            // Only worth a word where an install below would gain.
            let install = first_install(input, stage, index);
            return Outcome::Stays(
                install.map(|(line, name)| (line, format!("{name} stays below the sources: {reason}"))),
            );
        }
    };
    for step in index + 1..stage.steps.len() {
        let passed = sinking.pass(step);
        if !sinking.manifests.is_empty() {
            sinking.needed_at.get_or_insert(step);
        }
        match passed {
            Ok(Passed::Whole) => {}
            Ok(Passed::Ends(below)) => return sinking.finish(Some(below), None),
            Err(stop) => {
                let mut in_place = None;
                if !matches!(stop, Stop::Refused(..) | Stop::Settled) {
                    match sinking.in_place() {
                        Ok(below) => return sinking.finish(Some(below), None),
                        Err(reason) => in_place = reason,
                    }
                }
                let reason = match stop {
                    _ if in_place.is_some() => in_place,
                    Stop::Blocked | Stop::Served => sinking.blocked(step),
                    Stop::Known(why) => sinking.stays(step, &why),
                    Stop::Refused(line, reason) => Some((line, reason)),
                    Stop::Settled => None,
                };
                return sinking.finish(None, reason);
            }
        }
    }
    sinking.finish(None, None)
}

/// The first command below `index` that installs a project or could download for it: its line and name.
fn first_install(input: &Input<'_>, stage: &Stage<'_>, index: usize) -> Option<(usize, String)> {
    install_below(input, stage, index, &|at, managed| would_gain(input, stage, at, managed))
}

/// The first command below `index` that is meant: its line and name.
fn install_below(
    input: &Input<'_>,
    stage: &Stage<'_>,
    index: usize,
    is_meant: &dyn Fn(usize, &Managed<'_>) -> bool,
) -> Option<(usize, String)> {
    stage.steps.iter().enumerate().skip(index + 1).find_map(|(at, step)| {
        if step.instruction.keyword() != Keyword::Run {
            return None;
        }
        let analysis = input.reading.run(step).ok()?;
        let managed = analysis.managed().find(|managed| is_meant(at, managed))?;
        Some((step.instruction.start_line(), shown(managed, analysis)))
    })
}

/// The first install of a project in what is not read of a RUN: why it is not read, and the install.
fn hidden_install(reading: &Reading<'_>, step: &Step<'_>) -> Option<(String, String)> {
    if step.instruction.keyword() != Keyword::Run {
        return None;
    }
    let mut name = None;
    let mut visit = |text: &[u8], command: &Invocation<'_>| {
        let installs = |(manager, usage): (_, Usage)| (usage.kind == UsageKind::Install).then_some(manager);
        if name.is_none()
            && let Some(manager) = recognise(command, &step.state).and_then(installs)
        {
            name = Some(named(text, command, manager));
        }
    };
    each_named_by(&step.instruction, &step.state, &mut visit);
    let why = match reading.run(step) {
        Ok(analysis) => format!("{} may read or write any of them", analysis.unknown()?),
        Err(opaque) => opaque.to_string(),
    };
    Some((why, name?))
}

impl<'s, 'a> Sinking<'s, 'a> {
    pub(super) fn start(input: &'s Input<'a>, stage: &'s Stage<'a>, index: usize) -> Result<Self, String> {
        let step = &stage.steps[index];
        let escape = input.file().escape();
        let copy = Copy::of(&step.instruction).ok_or("the COPY cannot be read")?;
        if !input.context.is_known() {
            return Err("the build context is not known".to_owned());
        }
        if let Some((flag, _)) =
            copy.flags.iter().find(|(flag, _)| !matches!(flag.as_str(), "chown" | "chmod"))
        {
            return Err(format!("the COPY of line {} has --{flag}", step.instruction.start_line()));
        }
        if copy.sources.iter().any(|source| source.is_heredoc || source.text.contains("://")) {
            return Err("the instruction also adds what is no part of the context".to_owned());
        }
        let target = step.state.path(&copy.destination.text, escape).ok_or_else(|| {
            format!("the destination of line {} is not known", step.instruction.start_line())
        })?;
        let sources = copied_by(&copy, step, index, input.context, escape)
            .filter(|sources| !sources.is_empty())
            .ok_or_else(|| {
                format!("what line {} copies is not in the build context", step.instruction.start_line())
            })?;
        let supplies = input.supplies(stage);
        let writes = written(&sources, input);
        Ok(Self {
            input,
            stage,
            index,
            copy,
            target,
            sources,
            writes,
            supplies,
            manifests: Manifests::default(),
            needed_at: None,
            passed_workdir: None,
            needs_destination: None,
            gained: Vec::new(),
            lowest: None,
            stopped_at: None,
        })
    }

    pub(super) fn effects(&self) -> Effects {
        Effects { writes: self.writes.clone(), ..Effects::none() }
    }

    /// Lets the copy sink below a step.
    pub(super) fn pass(&mut self, index: usize) -> Result<Passed, Stop> {
        let stage = self.stage;
        let step = &stage.steps[index];
        match step.instruction.keyword() {
            Keyword::Run => return self.pass_run(index),
            Keyword::Copy | Keyword::Add => self.pass_copy(index)?,
            Keyword::Workdir => self.pass_workdir(index, step)?,
            Keyword::Env | Keyword::Arg => self.pass_variables(step)?,
            Keyword::Volume if !self.leaves_alone_volume(step) => return Err(Stop::Blocked),
            Keyword::From | Keyword::Unknown => return Err(Stop::Blocked),
            // They make no step and read no files: USER and SHELL do not matter to COPY either.
            _ => {}
        }
        Ok(Passed::Whole)
    }

    fn leaves_alone_volume(&self, step: &Step<'_>) -> bool {
        let text = String::from_utf8_lossy(step.instruction.args());
        let volumes =
            step.instruction.json().unwrap_or_else(|| text.split_whitespace().map(str::to_owned).collect());
        volumes.iter().all(|volume| {
            step.state
                .path(volume, self.input.file().escape())
                .is_some_and(|path| !path.overlaps(&self.target))
        })
    }

    fn pass_variables(&self, step: &Step<'_>) -> Result<(), Stop> {
        let read = variables(self.stage.steps[self.index].instruction.text(), self.input.file().escape());
        let set = Variables::of(&step.instruction).map_or_else(Vec::new, |view| view.assigned);
        let reads_one = set.iter().any(|set| read.names.iter().any(|name| *name == *set.name.text));
        if read.unknown || reads_one { Err(Stop::Blocked) } else { Ok(()) }
    }

    /// A WORKDIR makes its directory and those above it, where they are missing, as the user in force; a COPY makes its
    /// destination as root, or as `--chown` says, with the mode of `--chmod`.
    fn pass_workdir(&mut self, index: usize, step: &Step<'_>) -> Result<(), Stop> {
        let escape = self.input.file().escape();
        let path = argument(&step.instruction).and_then(|path| step.state.path(&path.text, escape));
        let Some(path) = path else { return Err(Stop::Blocked) };
        let is_alike = step.state.user == User::Root && self.copy.flags.is_empty();
        let is_near = path.overlaps(&self.target) || parents_in_common(&path, &self.target) > 1;
        // A manifest that is copied before it makes the destination as the copy does, with what lies above. Directories
        // below get the owner and the mode that the copy gives them when it comes.
        if is_near && !is_alike {
            self.needs_destination.get_or_insert(index);
        }
        let text = &*self.copy.destination.text;
        if !text.starts_with('/') && !text.starts_with('$') {
            let may_be_written =
                self.copy.destination.span.is_some() && destination::is_plain(self.target.as_str());
            if self.target.is_symbolic() || !may_be_written {
                return Err(Stop::Blocked);
            }
            self.passed_workdir.get_or_insert(index);
        }
        Ok(())
    }

    /// Another COPY may stay above if both bring the same files to the same places, or if they meet nowhere.
    fn pass_copy(&mut self, index: usize) -> Result<(), Stop> {
        let step = &self.stage.steps[index];
        let escape = self.input.file().escape();
        let Some(other) = Copy::of(&step.instruction) else { return Err(Stop::Blocked) };
        let Some(target) = step.state.path(&other.destination.text, escape) else {
            return Err(Stop::Blocked);
        };
        let writes = match &other.from {
            None if !other.sources.iter().any(|source| source.is_heredoc || source.text.contains("://")) => {
                let mut copied =
                    copied_by(&other, step, index, self.input.context, escape).ok_or(Stop::Blocked)?;
                // ADD takes archives apart, in which something else may lie.
                // Where what is copied comes to lie is known; `--parents` says nothing else.
                let flags = |copy: &Copy<'_>| {
                    let flags = copy.flags.iter().filter(|(name, _)| name != "parents");
                    flags.cloned().collect::<Vec<_>>()
                };
                let is_alike = flags(&other) == flags(&self.copy)
                    && copied.iter().all(|it| it.is_directory || !other.is_add);
                if is_alike {
                    // Each of its sources for itself, as if every one had a COPY of its own.
                    copied.retain(|copied| !self.brings_too(copied));
                }
                if copied.is_empty() {
                    return Ok(());
                }
                written(&copied, self.input)
            }
            _ => Paths::below(vec![target]),
        };
        let other = Effects { writes, ..Effects::none() };
        // What an ignore pattern keeps out of the context can never come with this copy.
        if self.effects().conflicts(&other) && !self.is_kept_out(&other.writes) {
            return Err(Stop::Blocked);
        }
        Ok(())
    }

    /// Whether this copy brings the same file or directory to the same place.
    fn brings_too(&self, other: &Copied) -> bool {
        self.sources.iter().filter(|source| source.is_directory).any(|source| {
            let image = other.target.below(&source.target);
            image.is_some_and(|below| join(&source.source, below) == other.source)
        })
    }

    /// Whether every one of the paths is excluded from the context this copy takes.
    fn is_kept_out(&self, paths: &Paths) -> bool {
        let Paths::Below(paths) = paths else { return false };
        paths.iter().all(|path| self.excluded(path).unwrap_or(false))
    }

    /// Whether what this copy would bring to a path of the image is excluded; `None` where it would not reach there.
    pub(super) fn excluded(&self, path: &ImagePath) -> Option<bool> {
        let mut reached = None;
        for source in self.sources.iter().filter(|source| source.is_directory) {
            if let Some(below) = path.below(&source.target) {
                let excluded = !below.is_empty()
                    && self.input.context.is_excluded(&join(&source.source, below)).unwrap_or(false);
                reached = Some(reached.unwrap_or(true) && excluded);
            }
        }
        reached
    }

    /// The reason why a step that is not known keeps an install below it from gaining.
    fn blocked(&self, index: usize) -> Option<(usize, String)> {
        let step = &self.stage.steps[index];
        if !self.gained.is_empty() {
            return None;
        }
        let own = (step.instruction.keyword() == Keyword::Run)
            .then(|| self.input.reading.run(step).ok())
            .flatten()
            .and_then(|analysis| {
                let managed = analysis.managed().find(|managed| self.would_serve(index, managed))?;
                Some((self.in_the_way(step, analysis, managed), shown(managed, analysis)))
            });
        let line = step.instruction.start_line();
        if own.is_none()
            && let Some((why, name)) = hidden_install(self.input.reading, step)
        {
            return Some((line, format!("{name} stays below the sources: {why}")));
        }
        if let Some((why, name)) = own {
            return Some((line, format!("{name} stays below the sources: {why}")));
        }
        let (install, name) =
            install_below(self.input, self.stage, index, &|at, managed| self.would_serve(at, managed))?;
        let own = self.stage.steps[self.index].instruction.start_line();
        let copied_to = Copy::of(&step.instruction)
            .and_then(|copy| step.state.path(&copy.destination.text, self.input.file().escape()));
        let why = copied_to.as_ref().and_then(|target| {
            let by_other = || Some(format!("{} that line {own} copies to", anywhere(line, target)?));
            let by_this = || Some(format!("{} that line {line} copies to", anywhere(own, &self.target)?));
            by_other().or_else(by_this)
        });
        let why = why.or_else(|| self.meets(step)).unwrap_or_else(|| {
            let keyword = step.instruction.keyword();
            format!("the {keyword} of line {line} may depend on them")
        });
        Some((install, format!("{name} stays below the sources: {why}")))
    }

    /// Whether a command of step `index` would gain, if this copy went below it: one that another copy brings the project of
    /// has nothing to do with this one.
    fn would_serve(&self, index: usize, managed: &Managed<'_>) -> bool {
        let is_project_of = |target: &ImagePath| {
            managed.usage.directory.as_ref().is_none_or(|directory| directory.overlaps(target))
        };
        let escape = self.input.file().escape();
        let mut others = self.stage.steps.iter().take(index).filter_map(|step| {
            let copy = Copy::of(&step.instruction)?;
            step.state.path(&copy.destination.text, escape)
        });
        (is_project_of(&self.target) || !others.any(|target| is_project_of(&target)))
            && would_gain(self.input, self.stage, index, managed)
    }

    /// Where another copy goes that this one does not pass.
    fn meets(&self, step: &Step<'_>) -> Option<String> {
        let (other, line) = (Copy::of(&step.instruction)?, step.instruction.start_line());
        Some(match step.state.path(&other.destination.text, self.input.file().escape()) {
            None => format!("where line {line} copies to is not known"),
            Some(target) if target.overlaps(&self.target) => format!("line {line} also copies to {target}"),
            Some(_) => format!("what line {line} copies is not known"),
        })
    }

    /// Which command of an install's own RUN keeps it below the sources.
    fn in_the_way(&self, step: &Step<'_>, analysis: &Analysis<'_>, install: &Managed<'_>) -> String {
        const MAY: &str = "may read or write any of them";
        let is_its = |piece: &Piece<'_>| piece.managed.iter().any(|managed| std::ptr::eq(managed, install));
        let own = analysis.pieces.iter().position(is_its);
        let (Some(at), Some(own)) = (self.stopped_at, own) else { return format!("it {MAY}") };
        let itself = format!("`{}`", install.command().program);
        let unknown = analysis.unknown_in(at);
        let link = &analysis.chain.links[at];
        let written = told_text(link.span.of(analysis.chain.text));
        let what = match (&link.action, unknown) {
            (Action::Opaque(_), Some(kind)) => kind.to_owned(),
            _ => format!("`{written}`"),
        };
        let is_alone = matches!(&link.action, Action::Pipeline(commands) if commands.len() == 1);
        if unknown.is_none()
            && let Some(anywhere) =
                anywhere(self.stage.steps[self.index].instruction.start_line(), &self.target)
        {
            let who = if at == own { "it".to_owned() } else { what };
            return format!("{anywhere} that {who} reads or writes");
        }
        match (at.cmp(&own), unknown) {
            (Ordering::Less, Some(_)) if is_alone => format!("{what} before it {MAY}"),
            (Ordering::Less, Some(unknown)) => format!("{unknown} before it {MAY}"),
            (Ordering::Less, None) => format!("{what} before it {MAY}"),
            (Ordering::Equal, Some(unknown)) if unknown != itself => format!("{unknown} beside it {MAY}"),
            (Ordering::Equal, _) => format!("it {MAY}"),
            (Ordering::Greater, _) => {
                let uncut = self.uncut(step, analysis, at).unwrap_or("a split would save no download");
                format!("{what} after it in the same RUN {MAY}, and {uncut}")
            }
        }
    }

    /// What keeps the install of a step, or else one below it, below the sources.
    fn stays(&self, index: usize, why: &str) -> Option<(usize, String)> {
        if !self.gained.is_empty() {
            return None;
        }
        let step = &self.stage.steps[index];
        let analysis = self.input.reading.run(step).ok();
        let own = analysis.and_then(|analysis| {
            let installs = |managed: &&Managed<'_>| {
                managed.usage.kind == UsageKind::Packages
                    || would_gain(self.input, self.stage, index, managed)
            };
            let managed = analysis.managed().find(installs)?;
            Some((step.instruction.start_line(), shown(managed, analysis)))
        });
        let packages = || {
            self.stage.steps.iter().skip(index + 1).find_map(|step| {
                let analysis = self.input.reading.run(step).ok()?;
                let managed = analysis.managed().find(|managed| managed.usage.kind == UsageKind::Packages)?;
                Some((step.instruction.start_line(), shown(managed, analysis)))
            })
        };
        let install = own.or_else(|| first_install(self.input, self.stage, self.index)).or_else(packages);
        let (line, name) = install?;
        Some((line, format!("{name} stays below the sources: {why}")))
    }

    pub(super) fn finish(mut self, below: Option<Below>, reason: Option<(usize, String)>) -> Outcome {
        let mut below = match (below, self.lowest) {
            (Some(below), _) => below,
            (None, Some(lowest)) => Below::Step(lowest),
            (None, None) => return Outcome::Stays(reason),
        };
        if self.lacks_destination(&below) {
            let gained = std::mem::take(&mut self.gained);
            let Ok(found) = self.in_place() else {
                return Outcome::Stays(gained.into_iter().next().map(|(line, name)| {
                    let target = &self.target;
                    (
                        line,
                        format!(
                            "{name} stays below the sources: a WORKDIR above it may make {target} with another owner or mode"
                        ),
                    )
                }));
            };
            below = found;
        }
        if !self.takes_more_than_manifests() {
            return Outcome::Stays(None);
        }
        let cached_up_to = match &below {
            Below::Step(step) => (step + 1, 0),
            Below::Split { step, at, .. } => (*step, *at),
            Below::Prefetch { after, .. } => (after.unwrap_or(self.index) + 1, 0),
        };
        if let Some(torn) = torn(self.input.reading, self.stage, self.index, cached_up_to) {
            let parted = match &below {
                Below::Split { step, at, .. } if torn.fetched.line == torn.needed => self.parted(*step, *at),
                _ => None,
            };
            let reason = match parted {
                Some(before) => format!(
                    "line {} would have to be split before {before}, and what follows might rely on an old index of {}",
                    torn.needed, torn.manager
                ),
                None => torn.reason(),
            };
            return Outcome::Stays(Some((torn.needed, format!("the sources stay above: {reason}"))));
        }
        // A single file may have been given a name.
        let is_named =
            matches!(&self.sources[..], [file] if !file.is_directory && file.target == self.target);
        // A WORKDIR that it could have passed, too, does not matter to it.
        let passes_workdir = self.passed_workdir.is_some_and(|workdir| is_above(workdir, &below));
        let destination = passes_workdir.then(|| match self.target.as_str() {
            named if is_named => named.to_owned(),
            target => destination::directory(target, ""),
        });
        let above = match below {
            Below::Step(_) | Below::Split { .. } => self.place_of_manifests(),
            Below::Prefetch { .. } => None,
        };
        Outcome::Sinks(Box::new(Plan {
            copy: self.index,
            manifests: self.manifests,
            above,
            below,
            destination,
            gained: self.gained,
            files: None,
        }))
    }

    /// The command before which a split parts a RUN, and what it may do to the sources.
    fn parted(&self, step: usize, at: usize) -> Option<String> {
        let analysis = self.input.reading.run(&self.stage.steps[step]).ok()?;
        let command = told_text(analysis.chain.links.get(at)?.span.of(analysis.chain.text));
        let target = &self.target;
        let writes =
            analysis.unknown_in(at).is_none() && analysis.effects_of(at).writes.overlaps(&self.writes);
        let why = if writes { format!(", which may write to {target}") } else { String::new() };
        Some(format!("`{command}`{why}"))
    }

    /// The step above which the manifests do: the first that reads them, so that what stands before it does not rerun with
    /// them. Nothing that the copy has passed on the way there depends on it, nor on a part of it.
    fn place_of_manifests(&self) -> Option<usize> {
        let keyword = |step: &usize| self.stage.steps[*step].instruction.keyword();
        let mut passed = self.index + 1..self.needed_at?;
        // A WORKDIR would make the directory that they are copied to, and another COPY may bring the same files.
        let stops = [Keyword::Workdir, Keyword::Copy, Keyword::Add, Keyword::Volume];
        let place = passed.clone().find(|step| stops.contains(&keyword(step))).unwrap_or(passed.end);
        // Below what makes no layer they serve nobody better.
        let gains = passed.any(|step| step < place && keyword(&step) == Keyword::Run);
        let is_torn = || torn(self.input.reading, self.stage, self.index, (place, 0)).is_some();
        (gains && !is_torn()).then_some(place)
    }

    /// Whether the copy would come below a WORKDIR that makes its destination otherwise, and nothing makes it before.
    fn lacks_destination(&self, below: &Below) -> bool {
        let early = match below {
            Below::Prefetch { after: None, .. } => return false,
            Below::Prefetch { early, .. } => early,
            _ => &self.manifests,
        };
        self.needs_destination.is_some_and(|workdir| is_above(workdir, below))
            && !early.files.iter().any(|(_, image)| image.below(&self.target).is_some())
    }

    /// Whether the copy takes anything besides the manifests: if not, it is well where it is.
    fn takes_more_than_manifests(&self) -> bool {
        self.sources.iter().any(|source| {
            if !source.is_directory {
                return self.manifests.files.iter().all(|(path, _)| *path != source.source);
            }
            self.input.context.walk(&source.source).filter_map(Result::ok).any(|entry| {
                let is_directory = entry.file_type == FileType::Dir;
                let is_manifest = self.manifests.files.iter().any(|(path, _)| *path == entry.path)
                    || self.manifests.directories.iter().any(|(path, _)| {
                        entry.path.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/'))
                    });
                !is_directory && !is_manifest
            })
        })
    }
}

/// Whether a step stands above the place where the sources go.
fn is_above(step: usize, place: &Below) -> bool {
    match place {
        Below::Step(last) => step <= *last,
        Below::Split { step: split, .. } => step < *split,
        Below::Prefetch { after, .. } => after.is_some_and(|after| step <= after),
    }
}

/// What may come of the destination of a line that a build argument is part of.
fn anywhere(line: usize, target: &ImagePath) -> Option<String> {
    let told = || format!("line {line} copies to {target}, which --build-arg may make a directory");
    target.is_symbolic().then(told)
}

/// How many directories, the root left out, lie above both paths.
fn parents_in_common(one: &ImagePath, other: &ImagePath) -> usize {
    let segments = |path: &ImagePath| path.as_str().split('/').skip(1).map(str::to_owned).collect::<Vec<_>>();
    segments(one).iter().zip(segments(other)).take_while(|(one, other)| *one == other).count()
}

/// The paths of the image that sources bring; below `/` only what is there now.
fn written(sources: &[Copied], input: &Input<'_>) -> Paths {
    let mut paths = Vec::new();
    for source in sources {
        if source.is_directory && source.target == ImagePath::root() {
            let entries = input.context.list(&source.source).unwrap_or_default();
            paths.extend(entries.iter().map(|entry| source.target.join(&entry.name)));
        } else {
            paths.push(source.target.clone());
        }
    }
    Paths::below(paths)
}

pub(super) fn join(directory: &str, name: &str) -> String {
    match (directory, name) {
        ("", name) => name.to_owned(),
        (directory, "") => directory.to_owned(),
        _ => format!("{directory}/{name}"),
    }
}
