//! RUNs on the way of a sinking copy: passed, or served by a download of their own.

use dockfix_ecosystems::{CacheKind, Needs, UsageKind, without_version};
use dockfix_model::ImagePath;
use dockfix_model::build::Step;
use dockfix_model::commands::Action;
use dockfix_model::context::Kind;
use dockfix_model::effects::{Effects, Paths};
use dockfix_model::project::{Found, Project};
use dockfix_syntax::Keyword;
use dockfix_syntax::view::{Copy, MountKind};

use super::destination;
use super::fetched::is_fetched;
use super::plan::{Below, Manifests};
use super::sink::{Passed, Sinking, Stop, join};
use crate::analysis::{Analysis, Managed};
use crate::bringing;
use crate::failure;
use crate::naming::{shortened, shown};

/// Why the install of a RUN that mounts what the copy brings has nothing to gain.
pub(super) const MOUNTS_THE_SOURCES: &str =
    "a mount of its RUN brings them too, and every edit of them reruns it";

/// What came of one link.
enum LinkOutcome {
    Passed,
    /// A download above the copy serves it.
    Prefetch(Below, String),
}

/// What came of a command that works on a project.
pub(super) enum ProjectOutcome {
    /// It needs these manifests; its name.
    Passed(Manifests, String),
    /// A download above the copy serves it, with these manifests; the download's name.
    Prefetch(Box<Prefetched>),
}

/// The download that serves a command.
pub(super) struct Prefetched {
    /// What the copy has to bring early.
    pub(super) manifests: Manifests,
    /// All that the download reads, and where it stands.
    pub(super) needs: Needs,
    pub(super) below: Below,
    pub(super) name: String,
}

/// Where a command stands that works on a project, and a download of its own would.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// The copy has passed all that stands before it in its RUN, and no install is among that: the download comes right above
    /// the RUN.
    First,
    /// There it has passed an install.
    Later,
    /// The download comes above the copy, and what stands before the command may stay there.
    InPlace,
}

impl Sinking<'_, '_> {
    pub(super) fn pass_run(&mut self, index: usize) -> Result<Passed, Stop> {
        let stage = self.stage;
        let step = &stage.steps[index];
        self.stopped_at = None;
        self.check_mounts(step)?;
        let Ok(analysis) = self.input.reading.run(step) else { return Err(Stop::Blocked) };
        if self.brings_programs(step) {
            return Err(Stop::Blocked);
        }
        let line = step.instruction.start_line();
        let reruns = self.mounts_the_sources(step);
        let mut names = Vec::new();
        for number in 0..analysis.pieces.len() {
            match self.pass_piece(index, analysis, number, &mut names) {
                Ok(_) if reruns && !names.is_empty() => {
                    return Err(Stop::Known(MOUNTS_THE_SOURCES.to_owned()));
                }
                Ok(LinkOutcome::Passed) => {}
                Ok(LinkOutcome::Prefetch(..)) if reruns => {
                    return Err(Stop::Known(MOUNTS_THE_SOURCES.to_owned()));
                }
                Ok(LinkOutcome::Prefetch(below, name)) => {
                    self.gained.push((line, name));
                    return Ok(Passed::Ends(below));
                }
                Err(stop) => {
                    self.stopped_at = Some(number);
                    let below = self.split(index, analysis, number, &names, stop)?;
                    self.gained.extend(names.into_iter().map(|name| (line, name)));
                    return Ok(Passed::Ends(below));
                }
            }
        }
        if !self.has_directories(analysis, analysis.pieces.len()) {
            return Err(Stop::Blocked);
        }
        // A RUN that installs nothing is not worth moving sources for, but it is not in the way either.
        if !names.is_empty() {
            self.gained.extend(names.into_iter().map(|name| (line, name)));
            self.lowest = Some(index);
        }
        Ok(Passed::Whole)
    }

    /// Files that come by a mount are not those of the copies: such a RUN is only passed when its mounts lie elsewhere.
    pub(super) fn check_mounts(&self, step: &Step<'_>) -> Result<(), Stop> {
        let here = |target: &str| {
            step.state
                .path(target, self.input.file().escape())
                .is_none_or(|path| Paths::below(vec![path]).overlaps(&self.writes))
        };
        let is_here = step.instruction.mounts().iter().any(|mount| match mount.kind {
            MountKind::Secret | MountKind::Ssh => mount.target().is_some_and(here),
            _ => mount.target().is_none_or(here),
        });
        if is_here { Err(Stop::Blocked) } else { Ok(()) }
    }

    /// Whether a mount brings all that the copy brings: every edit of it reruns the RUN then, wherever the copy is.
    pub(super) fn mounts_the_sources(&self, step: &Step<'_>) -> bool {
        let escape = self.input.file().escape();
        let mounts = step.instruction.mounts();
        mounts.iter().filter(|mount| mount.kind == MountKind::Bind && mount.from().is_none()).any(|mount| {
            let source = mount.source().unwrap_or_default();
            let source = step.state.variables.expand(source, escape).map(|source| source.text.into_owned());
            let Some(mounted) = source.map(|source| ImagePath::root().join(source.trim_start_matches('/')))
            else {
                return false;
            };
            self.sources.iter().all(|source| ImagePath::root().join(&source.source).below(&mounted).is_some())
        })
    }

    /// Whether the search path leads into what the copy brings: then any command may be one of its files.
    pub(super) fn brings_programs(&self, step: &Step<'_>) -> bool {
        let path =
            step.state.variables.get("PATH").and_then(|path| path.value.as_deref()).unwrap_or_default();
        path.split(':')
            .filter_map(ImagePath::absolute)
            .any(|directory| self.excluded(&directory) == Some(false) && self.has_directory(&directory))
    }

    /// Passes one link of a RUN. The names of what gains are added to `names`.
    fn pass_piece(
        &mut self,
        index: usize,
        analysis: &Analysis<'_>,
        number: usize,
        names: &mut Vec<String>,
    ) -> Result<LinkOutcome, Stop> {
        let piece = &analysis.pieces[number];
        let mut gained = Vec::new();
        let mut manifests = Manifests::default();
        for managed in &piece.managed {
            match managed.usage.kind {
                UsageKind::Install | UsageKind::Build => {
                    // What stands before it in the same RUN goes above the copy by a split.
                    let is_first = names.is_empty() && gained.is_empty();
                    let position = if is_first { Position::First } else { Position::Later };
                    match self.pass_project(index, analysis, (number, managed), position)? {
                        ProjectOutcome::Prefetch(prefetched) => {
                            let Prefetched { manifests: found, below, name, .. } = *prefetched;
                            self.check_hints(index, analysis, number, None)?;
                            let early = std::mem::replace(&mut self.manifests, found);
                            return Ok(LinkOutcome::Prefetch(self.with_early(below, early), name));
                        }
                        ProjectOutcome::Passed(found, name) => {
                            self.check_lock((index, number), analysis, managed, &name)?;
                            manifests.add(found);
                            gained.push(name);
                        }
                    }
                }
                UsageKind::Packages => gained.push(shown(managed, analysis)),
                UsageKind::Settings | UsageKind::CleanCache => {}
            }
        }
        // That `cd` finds its directory is seen to when the RUN is done with.
        let effects = analysis.effects_of(number);
        if effects.conflicts(&self.effects()) && entered(analysis, number).is_none() {
            manifests.add(self.files_read(index, &effects).ok_or(Stop::Blocked)?);
        }
        self.check_hints(index, analysis, number, Some(&manifests))?;
        self.manifests.add(manifests);
        names.extend(gained);
        Ok(LinkOutcome::Passed)
    }

    /// What the commands that the copy has passed read of it has to be there before the download, where the copy was.
    fn with_early(&mut self, below: Below, early: Manifests) -> Below {
        match below {
            Below::Prefetch { flags, command, directory, after: Some(after), .. } => {
                self.manifests.remove(&early);
                Below::Prefetch { flags, command, directory, after: Some(after), early }
            }
            below => {
                self.manifests.add(early);
                below
            }
        }
    }

    /// Passes a command that works on a project, or finds the download that serves it.
    pub(super) fn pass_project(
        &self,
        index: usize,
        analysis: &Analysis<'_>,
        (number, managed): (usize, &Managed<'_>),
        position: Position,
    ) -> Result<ProjectOutcome, Stop> {
        let stage = self.stage;
        let step = &stage.steps[index];
        let name = shown(managed, analysis);
        let refuse = |reason: String| Stop::at(step, reason);
        let directory = managed.usage.directory.clone();
        let directory =
            directory.ok_or_else(|| refuse(format!("the directory that {name} works in is not known")))?;
        let project = Project::new(self.input.context, self.supplies, directory).until(index);
        let needs = managed.ecosystem.needs(managed.command(), &managed.usage, &step.state, &project);
        // Who has what it takes from others compiled apart already needs no advice.
        let is_apart = || {
            managed.usage.kind == UsageKind::Build
                && managed.ecosystem.planner().is_some()
                && is_fetched(self.input, stage, index, managed, &Needs::default())
        };
        let needs = match needs {
            Err(_) if is_apart() => return Err(Stop::Settled),
            needs => needs.map_err(|refusal| refuse(refusal.to_string()))?,
        };
        let manifests = self.manifests_of(&needs, &project).map_err(refuse)?;
        if let Some(line) = self.is_extended(index, analysis, managed, &project) {
            let manager = managed.ecosystem.name();
            return Err(refuse(format!(
                "a command in line {line} may install plugins of {manager}, and what they make {name} read is not known"
            )));
        }
        if let Some(command) = &needs.prefetch {
            if let Some(line) = self.is_vendored(index, project.directory()) {
                return Err(refuse(format!("line {line} brings what {name} may take instead of a download")));
            }
            if is_fetched(self.input, stage, self.index, managed, &needs) {
                return Err(Stop::Settled);
            }
            self.check_brought(index, managed, &project, &name)?;
            if let Some(line) = self.is_set_otherwise(index, managed) {
                let manager = managed.ecosystem.name();
                return Err(refuse(format!(
                    "a command in line {line} changes the settings of {manager}, and with them what a download would do"
                )));
            }
            // A variable that a command fills, or a word that it prints, would be another one there, or none.
            let own = managed.command();
            let takes_output = command.contains("$(")
                || command.contains('`')
                || !own.substituted.is_empty() && own.assignments.iter().any(|(_, value)| value.is_none());
            if takes_output {
                return Err(refuse(format!("what a command substitution puts into {name} is not known")));
            }
            if position == Position::First && !only_prepares(analysis, managed) {
                return Err(Stop::Known(
                    "what stands before it in its RUN may matter to a download of its own".to_owned(),
                ));
            }
            if !failure::fails_with(&analysis.chain, number) {
                return Err(refuse(format!(
                    "its RUN goes on where {name} fails, and a download of its own would have to succeed"
                )));
            }
            self.check_outputs(&needs, &name).map_err(refuse)?;
            if self.reaches_the_end()
                && let Some(undone) = self.undone(index, analysis, &[managed], number + 1)
            {
                return Err(refuse(format!(
                    "{name} gets no download of its own: {}",
                    undone.reason("the layer of that")
                )));
            }
            // Manifests that have a COPY of their own already are there without this one.
            let has_manifests = !needs.files.is_empty();
            if position == Position::Later {
                return Err(if has_manifests { Stop::Served } else { Stop::Blocked });
            }
            if !has_manifests {
                return Err(Stop::Settled);
            }
            let (below, name) = self.prefetch(index, &project, command)?;
            return Ok(ProjectOutcome::Prefetch(Box::new(Prefetched { manifests, needs, below, name })));
        }
        if managed.usage.kind == UsageKind::Build {
            return Err(Stop::Blocked);
        }
        self.check_outputs(&needs, &name).map_err(refuse)?;
        Ok(ProjectOutcome::Passed(manifests, name))
    }

    /// The line of a COPY from another stage or image that brings a directory `vendor` of the project, which a build takes in
    /// place of what it would download.
    fn is_vendored(&self, until: usize, directory: &ImagePath) -> Option<usize> {
        let escape = self.input.file().escape();
        let step = self.stage.steps.iter().take(until).find(|step| {
            let from_elsewhere = Copy::of(&step.instruction).filter(|copy| copy.from.is_some());
            let target = from_elsewhere.and_then(|copy| step.state.path(&copy.destination.text, escape));
            target.is_some_and(|target| {
                let below = target.below(directory).unwrap_or_default();
                below.split('/').any(|name| name == "vendor")
            })
        })?;
        Some(step.instruction.start_line())
    }

    /// What another stage or the context has downloaded, nobody need download again: not all of it may be had from here.
    fn check_brought(
        &self,
        index: usize,
        managed: &Managed<'_>,
        project: &Project<'_>,
        name: &str,
    ) -> Result<(), Stop> {
        let step = &self.stage.steps[index];
        let plan = managed.ecosystem.caches(managed.command(), &managed.usage, &step.state, Some(project));
        let caches = plan.map(|plan| plan.caches).unwrap_or_default();
        let mut stores = caches.iter().filter(|cache| cache.kind == CacheKind::Store);
        let brought = stores.find_map(|cache| {
            bringing::to(self.input, self.stage, index, &cache.directory, bringing::Loss::Work)
        });
        match brought {
            Some(copies) => {
                Err(Stop::at(step, format!("{copies}, which {name} takes instead of a download")))
            }
            None => Ok(()),
        }
    }

    /// The line of a command above that makes an install read more than its project tells.
    fn is_extended(
        &self,
        until: usize,
        analysis: &Analysis<'_>,
        managed: &Managed<'_>,
        project: &Project<'_>,
    ) -> Option<usize> {
        let its = managed.command();
        let extends = |analysis: &Analysis<'_>| {
            let mut commands = analysis.chain.invocations().into_iter();
            commands.any(|other| {
                managed.ecosystem.programs().contains(&without_version(&other.program))
                    && managed.ecosystem.is_extended_by(its, other, project)
            })
        };
        if extends(analysis) {
            return Some(self.stage.steps[until].instruction.start_line());
        }
        let mut steps = self.input.reading.build.steps_before(self.stage.index, until);
        let step = steps.find(|step| self.input.reading.run(step).is_ok_and(&extends))?;
        Some(step.instruction.start_line())
    }

    /// The line of a RUN above that writes settings of a manager which are not followed: `go env -w GOFLAGS=-mod=vendor`.
    fn is_set_otherwise(&self, until: usize, managed: &Managed<'_>) -> Option<usize> {
        let mut steps = self.input.reading.build.steps_before(self.stage.index, until);
        let step = steps.find(|step| {
            let analysis = self.input.reading.run(step);
            let commands = analysis.map(|analysis| analysis.chain.invocations()).unwrap_or_default();
            let is_its =
                |program: &str| managed.ecosystem.configured_by().contains(&without_version(program));
            commands
                .into_iter()
                .any(|command| is_its(&command.program) && managed.ecosystem.is_moved_by(command))
        })?;
        Some(step.instruction.start_line())
    }

    /// What of a command's needs comes with this copy.
    fn manifests_of(&self, needs: &Needs, project: &Project<'_>) -> Result<Manifests, String> {
        let mut manifests = Manifests::default();
        for file in &needs.files {
            match project.find_at(file) {
                Found::File(place) if self.is_ours(place.copied) => {
                    if !self.is_there(&place.path, file) {
                        self.check_path(&place.path)?;
                        manifests.files.push((place.path, file.clone()));
                    }
                }
                Found::File(_) => {}
                _ => return Err(format!("{file} is not among the files that are copied")),
            }
        }
        for directory in &needs.directories {
            let ours = self.sources.iter().filter(|source| source.is_directory);
            let mut found =
                ours.filter_map(|source| Some(join(&source.source, directory.below(&source.target)?)));
            let Some(path) = found.next_back() else { continue };
            if path.is_empty() {
                return Err("it needs the whole build context".to_owned());
            }
            self.check_path(&path)?;
            manifests.directories.push((path, directory.clone()));
        }
        Ok(manifests)
    }

    /// The files that the copy has to bring early for a command of step `index` that reads nothing else of it; `None` where
    /// it may read more, or writes where the copy does.
    fn files_read(&self, index: usize, effects: &Effects) -> Option<Manifests> {
        let Paths::Below(paths) = &effects.reads else { return None };
        if effects.writes.overlaps(&self.writes) {
            return None;
        }
        let project = Project::new(self.input.context, self.supplies, self.target.clone()).until(index);
        let mut manifests = Manifests::default();
        for path in paths.iter().filter(|&path| Paths::below(vec![path.clone()]).overlaps(&self.writes)) {
            match project.find_at(path) {
                Found::File(place) if self.is_ours(place.copied) => {
                    self.check_path(&place.path).ok()?;
                    manifests.files.push((place.path, path.clone()));
                }
                Found::File(_) | Found::Missing => {}
                Found::Directory | Found::Elsewhere => return None,
            }
        }
        Some(manifests)
    }

    /// Whether the copy brings a directory of the context to this place.
    fn has_directory(&self, path: &ImagePath) -> bool {
        self.sources.iter().filter(|source| source.is_directory).any(|source| {
            let below = path.below(&source.target);
            below.is_some_and(|below| {
                matches!(self.input.context.kind(&join(&source.source, below)), Ok(Some(Kind::Dir)))
            })
        })
    }

    /// Whether a copy above this one has brought the same file already, and nothing between can have changed it.
    pub(super) fn is_there(&self, path: &str, image: &ImagePath) -> bool {
        self.supplies.copied().iter().any(|copied| {
            let Some(step) = copied.step.filter(|step| *step < self.index) else { return false };
            let between = self.stage.steps.get(step + 1..self.index).unwrap_or_default();
            // Where the file comes to is told by its target.
            let flags = |copy: &Copy<'_>| {
                let flags = copy.flags.iter().filter(|(flag, _)| flag != "parents");
                flags.cloned().collect::<Vec<_>>()
            };
            let other = self.stage.steps.get(step).and_then(|step| Copy::of(&step.instruction));
            !copied.is_directory
                && other.is_some_and(|other| flags(&other) == flags(&self.copy))
                && copied.source == path
                && copied.target == *image
                && between
                    .iter()
                    .enumerate()
                    .all(|(number, between)| self.leaves(step + 1 + number, between, image))
        })
    }

    /// Whether a step leaves a file as it is.
    fn leaves(&self, index: usize, step: &Step<'_>, file: &ImagePath) -> bool {
        match step.instruction.keyword() {
            Keyword::Run => {
                let Ok(analysis) = self.input.reading.run(step) else { return false };
                let rewrites = |managed: &Managed<'_>| {
                    let Some(directory) = managed.usage.directory.clone() else { return false };
                    let project = Project::new(self.input.context, self.supplies, directory).until(index);
                    let (command, usage) = (managed.command(), &managed.usage);
                    let needs = managed.ecosystem.needs(command, usage, &step.state, &project);
                    needs.map_or(true, |needs| {
                        needs.rewritten.contains(file)
                            || needs.outputs.iter().any(|output| file.below(output).is_some())
                    })
                };
                !analysis.effects().writes.overlaps(&Paths::below(vec![file.clone()]))
                    && !analysis.managed().any(rewrites)
            }
            Keyword::Copy | Keyword::Add => {
                let escape = self.input.file().escape();
                let elsewhere = Copy::of(&step.instruction).filter(|copy| copy.from.is_some());
                elsewhere.is_none_or(|copy| {
                    let target = step.state.path(&copy.destination.text, escape);
                    target.is_some_and(|target| !target.overlaps(file))
                })
            }
            Keyword::From | Keyword::Unknown | Keyword::Volume => false,
            _ => true,
        }
    }

    fn is_ours(&self, copied: usize) -> bool {
        self.supplies.copied().get(copied).is_some_and(|copied| copied.step == Some(self.index))
    }

    /// A manifest below a linked directory cannot be copied early: the later COPY would have to replace the directory
    /// by the link, which fails (moby fsutil, `copy.go`: "cannot replace to directory").
    fn check_path(&self, path: &str) -> Result<(), String> {
        if !destination::is_plain(path) {
            return Err(format!("`{path}` has a character in its name that COPY reads as something else"));
        }
        for (at, _) in path.match_indices('/') {
            let directory = &path[..at];
            if matches!(self.input.context.kind(directory), Ok(Some(Kind::Symlink { .. }))) {
                return Err(format!("{directory} is a link, through which {path} cannot be copied early"));
            }
        }
        Ok(())
    }

    /// What the install writes must not come with the sources that are now copied after it.
    fn check_outputs(&self, needs: &Needs, name: &str) -> Result<(), String> {
        match needs.outputs.iter().find(|output| self.excluded(output) == Some(false)) {
            Some(output) => Err(format!(
                "{output} is not excluded by .dockerignore: copied after {name}, it would overwrite what that installs"
            )),
            None => Ok(()),
        }
    }

    /// The download that goes above the copy. What stands between the copy and the command may be what the download needs
    /// (a program that a COPY brings, a variable, a user): the copy sinks below all of it first, so that the download runs
    /// where the command does.
    fn prefetch(&self, index: usize, project: &Project<'_>, command: &str) -> Result<(Below, String), Stop> {
        // Whatever the copy can pass with a gain it passes first; the download comes when it is asked again.
        if !self.gained.is_empty() {
            return Err(Stop::Settled);
        }
        let step = &self.stage.steps[index];
        if !step.state.shell.is_read() {
            return Err(Stop::Blocked);
        }
        let is_here = step.state.workdir.as_ref() == Some(project.directory());
        let directory = (!is_here).then(|| project.directory().clone());
        if directory.as_ref().is_some_and(|directory| !destination::is_plain(directory.as_str())) {
            return Err(Stop::Blocked);
        }
        let flags = step.instruction.flags().iter().map(|flag| flag.span.of(step.instruction.text()));
        let flags = flags.map(|flag| String::from_utf8_lossy(flag).into_owned()).collect();
        let after = (index > self.index + 1).then(|| index - 1);
        let below = Below::Prefetch {
            flags,
            command: command.to_owned(),
            directory,
            after,
            early: Manifests::default(),
        };
        Ok((below, shortened(command)))
    }

    /// Whether every directory that the first `count` links enter is there without the copy: a manifest brings it, or it
    /// lies elsewhere.
    pub(super) fn has_directories(&self, analysis: &Analysis<'_>, count: usize) -> bool {
        (0..count).filter_map(|number| entered(analysis, number)).all(|directory| match directory {
            Some(directory) => {
                !Paths::below(vec![directory.clone()]).overlaps(&self.writes)
                    || self.manifests.files.iter().any(|(_, image)| image.below(&directory).is_some())
            }
            None => false,
        })
    }
}

/// The directory that a link enters, if it is a `cd`; `Some(None)` where that is not known.
fn entered(analysis: &Analysis<'_>, number: usize) -> Option<Option<ImagePath>> {
    let Action::Pipeline(commands) = &analysis.chain.links.get(number)?.action else { return None };
    let [command] = &commands[..] else { return None };
    if command.program != "cd" {
        return None;
    }
    let target = command.arguments.last().and_then(|argument| argument.value.as_deref());
    Some(target.and_then(|target| {
        ImagePath::absolute(target).or_else(|| Some(command.directory.as_ref()?.join(target)))
    }))
}

/// Whether nothing stands before a command in its RUN but `cd`, settings of the shell, and variables, which the download
/// brings itself.
fn only_prepares(analysis: &Analysis<'_>, managed: &Managed<'_>) -> bool {
    let mut links =
        analysis.chain.links.iter().take_while(|link| link.span.end <= managed.command().span.start);
    links.all(|link| match &link.action {
        Action::Pipeline(commands) => {
            matches!(&commands[..], [command] if command.substituted.is_empty()
                && matches!(&*command.program, "cd" | "set" | "export"))
        }
        _ => false,
    })
}
