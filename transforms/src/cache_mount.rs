//! `cache-mount`: BuildKit cache mounts for package managers' downloads.
//!
//! For each RUN: which caches its commands fill, whether a mount there can be shown to do no harm, and what in the RUN
//! would empty the cache again and has to go.

mod beside;
pub(crate) mod cleaning;
mod compiled;
mod heredoc;
mod hidden;
mod readers;
mod settings;
mod settings_files;
mod shared;
mod touching;
mod uses;

use dockfix_ecosystems::{CacheKind, CachePlan, CommandEdit, IndexUse, Sharing, UsageKind, plain};
use dockfix_model::build::{Stage, Step};
use dockfix_model::commands::{Invocation, Place};
use dockfix_model::effects::Paths;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, Shell, User};
use dockfix_syntax::rewrite::RewriteError;
use dockfix_syntax::view::{Mount, MountKind};
use dockfix_syntax::{DirectiveName, Edits, Keyword, Span, rewrite};

use crate::analysis::{Analysis, Managed, Piece, StepEffects};
use crate::failure;
use crate::mounts;
use crate::report::{Safety, listed};
use crate::transform::{Described, Input, Proposals, Transform};
use shared::Shared;

/// See the [module](self).
pub(crate) struct CacheMount;

impl Described for CacheMount {
    fn id(&self) -> &'static str {
        "cache-mount"
    }

    fn summary(&self) -> &'static str {
        "keeps package managers' downloads in cache mounts"
    }

    fn documentation(&self) -> &'static str {
        include_str!("../docs/cache-mount.md")
    }
}

impl Transform for CacheMount {
    fn propose(&self, input: &Input<'_>) -> Proposals {
        let mut proposals = Proposals::default();
        for stage in &input.reading.build.stages {
            for (index, step) in stage.steps.iter().enumerate() {
                if step.instruction.keyword() != Keyword::Run {
                    continue;
                }
                let Ok(analysis) = input.reading.run(step) else { continue };
                if analysis.managed().next().is_none() {
                    continue;
                }
                let run = RunStep { input, stage, index, step, analysis };
                let before = proposals.changes.len();
                run.propose(&mut proposals);
                if proposals.changes.len() == before {
                    compiled::propose(&run, &mut proposals);
                }
            }
        }
        // Where something is changed, nobody asks yet what is left alone.
        if !proposals.changes.iter().any(|change| change.safety == Safety::Safe) {
            let mut hidden = hidden::refusals(input, &proposals.refusals);
            hidden.append(&mut proposals.refusals);
            proposals.refusals = hidden;
        }
        proposals
    }
}

/// A cache to mount.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    directory: ImagePath,
    is_locked: bool,
    for_root: bool,
    /// The manager whose cleaning would empty it.
    manager: Option<&'static str>,
    /// It holds an index.
    is_index: bool,
    /// It holds a list of packages, and none of them.
    is_catalogue: bool,
    /// The manager, where it also keeps there what it has compiled.
    compiled_by: Option<&'static str>,
}

/// The indexes that the commands of a RUN have used so far.
#[derive(Default)]
struct Indexes {
    /// Those that one of them has fetched.
    filled: Vec<ImagePath>,
    /// Those that one of them has used after that.
    read: Vec<ImagePath>,
    /// Those that one of them has used before.
    torn: Vec<ImagePath>,
}

/// What one command wants.
struct Wanted {
    targets: Vec<Target>,
    edits: Vec<CommandEdit>,
}

/// Whether a command uses no cache by its own words, which stay where it gets no mount (pip's and uv's documentation).
fn keeps_out(command: &Invocation<'_>) -> bool {
    ["--no-cache-dir", "--no-cache"].iter().any(|option| command.has(option))
}

/// The reason for mounts, and their edits.
type Mounting = (String, Result<Edits, RewriteError>);

/// A RUN that is looked at.
struct RunStep<'r, 'a> {
    input: &'r Input<'a>,
    stage: &'r Stage<'a>,
    index: usize,
    step: &'r Step<'a>,
    analysis: &'r Analysis<'a>,
}

impl RunStep<'_, '_> {
    fn line(&self) -> usize {
        self.step.instruction.start_line()
    }

    fn propose(&self, proposals: &mut Proposals) {
        let mut indexes = Indexes::default();
        let mut refused: Vec<(&Managed<'_>, String)> = Vec::new();
        let mut served: Vec<&str> = Vec::new();
        let others: Vec<_> = {
            let managed = self.analysis.managed();
            let downloads = |kind| !matches!(kind, UsageKind::CleanCache | UsageKind::Settings);
            managed.filter(|managed| downloads(managed.usage.kind)).collect()
        };
        let mut wanted: Vec<(&Managed<'_>, Option<Wanted>)> = Vec::new();
        for &managed in &others {
            match self.plan(managed, &mut indexes) {
                Ok(found) => wanted.push((managed, found)),
                Err(reason) => refused.push((managed, reason)),
            }
        }
        // A command that must not take what others have compiled would do so from the mount of the command beside it.
        wanted.retain(|(managed, _)| {
            !managed.ecosystem.keeps_compiled()
                || !refused.iter().any(|(other, _)| {
                    other.ecosystem.name() == managed.ecosystem.name() && !keeps_out(other.command())
                })
        });
        let mut wants: Vec<(&Managed<'_>, Wanted)> = Vec::new();
        for (managed, found) in wanted {
            served.push(managed.ecosystem.name());
            wants.extend(found.map(|found| (managed, found)));
        }
        // What one command would find because of another one is told of the one that it is told of.
        let all: Vec<String> = refused.iter().map(|(_, reason)| reason.clone()).collect();
        refused.retain(|(_, reason)| !all.iter().any(|other| other != reason && reason.ends_with(&**other)));
        for (managed, reason) in refused {
            // What a manager gets for another of its commands is told; what the other managers get says nothing of this one.
            let name = managed.ecosystem.name();
            if served.contains(&name) || others.iter().all(|other| other.ecosystem.name() == name) {
                proposals.refuse(self.line(), reason);
            } else {
                let program = &managed.command().program;
                proposals.refuse_beside(self.line(), format!("{program} gets no cache mount: {reason}"));
            }
        }
        let reason = match self.together(&wants, None, &indexes) {
            None => return,
            Some(Ok((reason, edits))) => return proposals.offer(self.line(), Safety::Safe, reason, edits),
            Some(Err(reason)) => reason,
        };
        // What keeps one of them from its mount (`rm -rf /root/.cache`) may be nothing to the others.
        let mut tried: Vec<&str> = Vec::new();
        let is_of_several =
            wants.iter().any(|(managed, _)| managed.ecosystem.name() != wants[0].0.ecosystem.name());
        for (managed, _) in wants.iter().filter(|_| is_of_several) {
            let (name, program) = (managed.ecosystem.name(), &managed.command().program);
            if tried.contains(&name) {
                continue;
            }
            tried.push(name);
            if let Some(Ok((others, edits))) = self.together(&wants, Some(name), &indexes) {
                proposals.refuse_beside(self.line(), format!("{program} gets no cache mount: {reason}"));
                return proposals.offer(self.line(), Safety::Safe, others, edits);
            }
        }
        match &wants[..] {
            // What the other managers of the RUN get says nothing of the one that is left.
            [(managed, _), ..]
                if wants.iter().all(|(other, _)| other.ecosystem.name() == managed.ecosystem.name())
                    && others.iter().any(|other| other.ecosystem.name() != managed.ecosystem.name()) =>
            {
                let program = &managed.command().program;
                proposals.refuse_beside(self.line(), format!("{program} gets no cache mount: {reason}"));
            }
            _ => proposals.refuse(self.line(), reason),
        }
    }

    /// The mounts that the commands want, one manager left out, with the reason to give; `None` where there are none.
    fn together(
        &self,
        wants: &[(&Managed<'_>, Wanted)],
        without: Option<&str>,
        indexes: &Indexes,
    ) -> Option<Result<Mounting, String>> {
        let wants = wants.iter().filter(|(managed, _)| without != Some(managed.ecosystem.name()));
        let mut targets: Vec<&Target> = Vec::new();
        let mut edits: Vec<&CommandEdit> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for (managed, wanted) in wants {
            for target in &wanted.targets {
                // An index in a mount is hidden from who used it before, and serves nobody where nobody uses it after.
                let is_of_use = !target.is_index
                    || (indexes.read.contains(&target.directory)
                        && !indexes.torn.contains(&target.directory));
                if is_of_use && !targets.iter().any(|other| other.directory == target.directory) {
                    targets.push(target);
                }
            }
            edits.extend(&wanted.edits);
            let name = managed.command().program.clone().into_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if targets.is_empty() {
            return None;
        }
        targets.sort_by(|one, other| one.directory.cmp(&other.directory));
        Some(self.edits(&targets, &edits).map(|done| {
            let shown: Vec<_> = targets.iter().map(|target| target.directory.as_str()).collect();
            let (what, verb) = match targets.iter().all(|target| target.is_catalogue) {
                true => ("the list of packages that there are for", "stays"),
                false => ("downloads of", "stay"),
            };
            let (names, places) = (listed(&names, "and"), shown.join(", "));
            (format!("{what} {names} {verb} in a cache mount ({places})"), done)
        }))
    }

    /// The mounts and edits for one command; `None` where there is nothing to mount.
    fn plan(&self, managed: &Managed<'_>, indexes: &mut Indexes) -> Result<Option<Wanted>, String> {
        let known = managed.usage.directory.clone().filter(|_| self.input.context.is_known());
        let project = known.map(|directory| {
            Project::new(self.input.context, self.input.supplies(self.stage), directory).until(self.index)
        });
        let plan =
            managed.ecosystem.caches(managed.command(), &managed.usage, &self.step.state, project.as_ref());
        let plan = match plan {
            // Its author knows what he does.
            Err(refusal) if refusal.cache.as_ref().is_some_and(|cache| self.is_mounted(cache)) => {
                return Ok(None);
            }
            plan => plan.map_err(|refusal| refusal.to_string())?,
        };
        if plan.caches.is_empty() {
            return Ok(None);
        }
        // Without a network the command lives off what earlier steps left in the image.
        if self.step.instruction.flag("network").is_some() {
            return Ok(None);
        }
        // Somebody has thought about this command's cache already.
        let elsewhere = managed.ecosystem.other_caches().iter().map(|path| ImagePath::fixed(path));
        let mut places = plan.caches.iter().map(|cache| cache.directory.clone()).chain(elsewhere);
        if places.any(|place| self.is_mounted(&place)) {
            return self.check_own_mounts(managed, &plan).map(|()| None);
        }
        self.check_frontend()?;
        settings::check(self, managed)?;
        beside::check(self, managed)?;
        beside::check_compiled(self, managed, project.as_ref())?;
        let for_root = managed.ecosystem.is_for_root();
        if !for_root {
            self.check_user(managed.command())?;
        }
        let mut targets = Vec::new();
        let mut refused = None;
        for cache in plan.caches {
            if let Some(why) = self.is_too_wide(&cache.directory) {
                return Err(format!("{} {why}", cache.directory));
            }
            if cache.directory.is_symbolic() {
                return Err(format!("the cache directory {} depends on a build argument", cache.directory));
            }
            let unsettling = readers::unsettling(self.input, self.stage, &self.step.state, managed, &cache);
            let harmless = match (unsettling, cache.kind) {
                (Some(line), _) => {
                    Err(format!("line {line} leaves it open whether {} is the cache", cache.directory))
                }
                (None, CacheKind::Pure) => self.check_downloads(managed, &cache.directory),
                (None, CacheKind::Compiled) => self.check_compiled(managed, &cache.directory),
                (None, CacheKind::Store) => self.check_store(managed, &cache.directory),
                (None, CacheKind::Index(use_of_it)) => {
                    self.check_index(managed, &cache.directory, use_of_it, indexes)
                }
            };
            let is_index = matches!(cache.kind, CacheKind::Index(_));
            let is_catalogue = managed.ecosystem.keeps_catalogue_in(&cache.directory);
            match harmless {
                Ok(()) => targets.push(Target {
                    directory: cache.directory,
                    is_locked: cache.sharing == Sharing::Locked,
                    for_root,
                    manager: (!is_index || managed.ecosystem.cleans_index())
                        .then(|| managed.ecosystem.name()),
                    is_index,
                    is_catalogue,
                    compiled_by: managed.ecosystem.keeps_compiled().then(|| managed.ecosystem.name()),
                }),
                Err(reason) => refused = Some(reason),
            }
        }
        if targets.is_empty() {
            return refused.map_or(Ok(None), Err);
        }
        settings_files::check(self, managed)?;
        // What the command is told is for its downloads: an index is mounted without it.
        let for_downloads = targets.iter().any(|target| !target.is_index);
        Ok(Some(Wanted { targets, edits: if for_downloads { plan.edits } else { Vec::new() } }))
    }

    /// Why other things live in a directory, too: it is near the root, a home, or above the working directory.
    fn is_too_wide(&self, directory: &ImagePath) -> Option<&'static str> {
        let depth = directory.as_str().split('/').filter(|name| !name.is_empty()).count();
        let holds = |path: Option<ImagePath>| path.is_some_and(|path| path.below(directory).is_some());
        if holds(self.step.state.home()) || holds(self.step.state.workdir.clone()) {
            return Some("holds more than a cache");
        }
        (depth < 2).then_some("is a directory of the root, which may hold more than a cache")
    }

    /// Whether what the RUN leaves behind ends up in an image that is run.
    fn is_in_image(&self) -> bool {
        self.input.reading.build.image_of(self.stage.index).is_some()
    }

    /// Whether a mount of the RUN covers a directory or lies in it.
    fn is_mounted(&self, directory: &ImagePath) -> bool {
        !mounts::over(self.step, directory).is_empty()
    }

    /// A mount that somebody has written serves nobody where the RUN empties it again, or does not use it.
    fn check_own_mounts(&self, managed: &Managed<'_>, plan: &CachePlan) -> Result<(), String> {
        let text = self.analysis.chain.text;
        let name = managed.ecosystem.name();
        for cache in &plan.caches {
            let directory = &cache.directory;
            let is_there = |mount: &&Mount| {
                let target = mount.target();
                let target =
                    target.and_then(|target| self.step.state.path(target, self.input.file().escape()));
                mount.kind == MountKind::Cache
                    && target.is_some_and(|target| directory.below(&target).is_some())
            };
            if !mounts::over(self.step, directory).iter().any(is_there) {
                continue;
            }
            let is_index = matches!(cache.kind, CacheKind::Index(_));
            let managers: &[_] = if is_index && !managed.ecosystem.cleans_index() { &[] } else { &[name] };
            let directories = [directory];
            let search = cleaning::Search::of(self.step, &directories, managers);
            let emptied = cleaning::find(self.analysis, &search).unwrap_or_default();
            let links = emptied.links.iter().map(|&link| self.analysis.chain.links[link].span);
            if let Some(span) = links.chain(emptied.words).next() {
                let shown =
                    String::from_utf8_lossy(span.of(text)).split_whitespace().collect::<Vec<_>>().join(" ");
                return Err(format!("`{shown}` empties the cache mount at {directory} again"));
            }
            let mut words = managed.command().arguments.iter().filter_map(|word| word.value.as_deref());
            if !is_index
                && let Some(option) = words.find(|word| ["--no-cache-dir", "--no-cache"].contains(word))
            {
                return Err(format!("`{option}` leaves the cache mount at {directory} unused"));
            }
        }
        Ok(())
    }

    /// Cache mounts are part of the Dockerfile syntax since 1.2.
    fn check_frontend(&self) -> Result<(), String> {
        let Some(syntax) = self.input.file().directive(DirectiveName::Syntax) else { return Ok(()) };
        let syntax = String::from_utf8_lossy(syntax);
        let tag = syntax.rsplit_once(':').map_or("latest", |(_, tag)| tag);
        let is_old = ["1.0", "1.1"].iter().any(|old| {
            tag.strip_prefix(old).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
        });
        if is_old {
            Err(format!("the syntax directive pins `{syntax}`, which has no cache mounts"))
        } else {
            Ok(())
        }
    }

    /// The user must be root, or one whose number is known, for the directory to be his.
    fn check_user(&self, command: &Invocation<'_>) -> Result<(), String> {
        let user = command.user.as_ref().unwrap_or(&self.step.state.user);
        match user {
            User::Root => Ok(()),
            User::Other { uid: Some(_), gid, name, .. } if command.user.is_none() => {
                let bare = name.split(':').next().unwrap_or(name);
                // A number alone is the same one whatever the list of users says.
                if gid.is_none() && bare.parse::<u32>().is_ok() {
                    return Ok(());
                }
                match readers::changed_user(self.input, self.stage, self.index, bare) {
                    Some(line) => Err(format!(
                        "line {line} changes user `{name}`, so the mount could not be made writable"
                    )),
                    None => Ok(()),
                }
            }
            User::Other { name, .. } => Err(format!(
                "the uid and gid of user `{name}` are not known, so the mount could not be made writable"
            )),
            User::Unknown => Err("the user that the base image sets is not known".to_owned()),
        }
    }

    /// Whether an earlier step of the image may have fetched the index of a manager.
    fn may_be_filled_above(&self, managed: &Managed<'_>) -> bool {
        let its = managed.ecosystem.name();
        let mut steps = self.input.reading.build.steps_before(self.stage.index, self.index);
        steps.any(|step| match self.input.reading.run(step) {
            _ if step.instruction.keyword() != Keyword::Run => false,
            Err(_) => true,
            Ok(analysis) => {
                analysis.unknown().is_some()
                    || analysis.managed().any(|other| {
                        other.ecosystem.name() == its && other.ecosystem.index_use(other.command()).is_some()
                    })
            }
        })
    }

    /// An index may be mounted where this RUN fills it first and nobody later relies on it.
    fn check_index(
        &self,
        managed: &Managed<'_>,
        directory: &ImagePath,
        use_of_it: IndexUse,
        indexes: &mut Indexes,
    ) -> Result<(), String> {
        let fills = |piece: &Piece<'_>| {
            let mut managed = piece.managed.iter();
            managed.any(|managed| managed.ecosystem.index_use(managed.command()) == Some(IndexUse::Fills))
        };
        let last = self.analysis.pieces.iter().rposition(fills).unwrap_or(0);
        let is_filled = indexes.filled.contains(directory);
        if let Some(behind) = beside::reads_behind_removal(self, managed, directory) {
            indexes.torn.push(directory.clone());
            return Err(format!("`{behind}` comes after {directory} is emptied, and would find it full"));
        }
        match use_of_it {
            IndexUse::Fills => {
                if let Some(before) = (!is_filled).then(|| beside::reads_before(self, managed)).flatten() {
                    indexes.torn.push(directory.clone());
                    return Err(format!("{before} on what an earlier step left in {directory}"));
                }
                indexes.filled.push(directory.clone());
                let mut behind = last..self.analysis.pieces.len();
                if behind.any(|number| self.analysis.unknown_in(number).is_some()) {
                    indexes.read.push(directory.clone());
                }
            }
            IndexUse::Reads if is_filled => indexes.read.push(directory.clone()),
            IndexUse::Reads => {
                indexes.torn.push(directory.clone());
                // Packages it downloads; what it does not are their names.
                if managed.usage.kind == UsageKind::Packages && !self.may_be_filled_above(managed) {
                    return Err(format!(
                        "nothing in its RUN fetches the index in {directory} first, and one that another build has left \
                         there may be old"
                    ));
                }
                if managed.usage.kind == UsageKind::Packages {
                    return Err(format!("it relies on what an earlier step left in {directory}"));
                }
                let nothing = readers::downloads_nothing(managed);
                return Err(format!("it {nothing} and relies on what an earlier step left in {directory}"));
            }
        }
        if !cleaning::empties(self.analysis, directory, last) {
            return readers::of_index(self.input, self.stage, self.index, managed, directory);
        }
        // It would no longer be removed here.
        match readers::earlier_index(self.input, self.stage, self.index, directory) {
            Some(line) => Err(format!("it also removes what line {line} leaves in {directory}")),
            None => Ok(()),
        }
    }

    /// Downloads may be mounted where nobody misses them.
    fn check_downloads(&self, managed: &Managed<'_>, directory: &ImagePath) -> Result<(), String> {
        self.check_parents(managed, directory)?;
        beside::check_index(self, managed, directory)?;
        readers::of_downloads(self.input, self.stage, self.index, managed, directory)
    }

    /// So may what was compiled, where nobody compiles with it later and has no mount.
    fn check_compiled(&self, managed: &Managed<'_>, directory: &ImagePath) -> Result<(), String> {
        self.check_downloads(managed, directory)?;
        readers::of_compiled(self.input, self.stage, self.index, managed, directory)
    }

    /// Directories that are made for the mount belong to root: nobody else could make another one beside it in this RUN.
    fn check_parents(&self, managed: &Managed<'_>, directory: &ImagePath) -> Result<(), String> {
        let parent = directory.parent().unwrap_or_else(ImagePath::root);
        let is_roots = managed.ecosystem.is_for_root() || self.step.state.user == User::Root;
        if is_roots || self.step.state.home().is_some_and(|home| home.below(&parent).is_some()) {
            return Ok(());
        }
        let others = |other: &Managed<'_>| {
            other.ecosystem.name() != managed.ecosystem.name()
                && other.usage.effects.writes.overlaps(&Paths::below(vec![parent.clone()]))
        };
        let is_managed = |command: &Invocation<'_>| {
            self.analysis.managed().any(|managed| managed.command().span == command.span)
        };
        let writes_there = |command: &Invocation<'_>| {
            let effects = plain::effects(command, &self.step.state);
            effects.is_none_or(|effects| effects.writes.overlaps(&Paths::below(vec![parent.clone()])))
        };
        let mut commands = self.analysis.chain.invocations().into_iter();
        if self.analysis.unknown().is_some()
            || self.analysis.managed().any(others)
            || commands.any(|command| !is_managed(command) && writes_there(command))
        {
            return Err(format!(
                "the mount would make {parent} root's, in which commands of this RUN may write"
            ));
        }
        Ok(())
    }

    /// A store may be mounted where every later reader has the same mount.
    fn check_store(&self, managed: &Managed<'_>, directory: &ImagePath) -> Result<(), String> {
        readers::of_store(self.input, self.stage, self.index, managed, directory)
    }

    /// Flags, edits of commands, and the removal of what would empty the caches.
    fn edits(
        &self,
        targets: &[&Target],
        commands: &[&CommandEdit],
    ) -> Result<Result<Edits, RewriteError>, String> {
        let directories: Vec<_> = targets.iter().map(|target| &target.directory).collect();
        let managers: Vec<_> = targets.iter().filter_map(|target| target.manager).collect();
        let mut search = cleaning::Search::of(self.step, &directories, &managers);
        search.braces_stand = self.braces_stand();
        let mut cleaning = cleaning::find(self.analysis, &search)?;
        let flags: Vec<_> = targets.iter().map(|target| self.flag(target, targets)).collect();
        let flags: Vec<_> = flags.iter().map(String::as_str).collect();
        let nothing_else = commands.is_empty() && cleaning.is_empty();
        let hiding = failure::hiding_command(&self.analysis.chain, &cleaning.links);
        let mut edits = Edits::new();
        let start = match self.analysis.chain.place {
            Place::Logical(start) => start,
            _ if nothing_else => 0,
            Place::Heredoc(_) if hiding.is_some() => return Err(heredoc::STAYS.to_owned()),
            Place::Heredoc(start) => {
                let done = heredoc::edits(&mut edits, &self.analysis.chain, commands, &cleaning, start)?;
                let done = done.map_err(RewriteError::from);
                let flagged = rewrite::insert_flags(&mut edits, &self.step.instruction, &flags);
                return Ok(done.and(flagged).map(|()| edits));
            }
            Place::Exec if cleaning.is_empty() => {
                return Err(
                    "the command needs another option with a mount, and stands in JSON form".to_owned()
                );
            }
            Place::Exec => return Err("what would empty the cache stands in JSON form".to_owned()),
        };
        // What has hidden failures goes on doing so, and does nothing else.
        let hidden = match hiding {
            Some(last) => {
                cleaning.links.retain(|link| *link != last);
                edits.replace(self.on_one_line(last, start)?, &b"true"[..]).map_err(RewriteError::from)
            }
            None => Ok(()),
        };
        Ok(hidden.and_then(|()| self.write(edits, &flags, commands, &cleaning, start)))
    }

    /// Whether the shell of the RUN takes braces as they stand: where the image comes with such a `sh`, and nothing that is not
    /// known may have put another one in its place.
    fn braces_stand(&self) -> bool {
        let state = &self.step.state;
        let sh = Paths::below(["/bin/sh", "/usr/bin/sh"].map(ImagePath::fixed).to_vec());
        let leaves_sh = |step: &Step<'_>| match step.instruction.keyword() {
            Keyword::Run => {
                let text = String::from_utf8_lossy(step.instruction.args());
                let mut words = text.split(|ch: char| !ch.is_ascii_alphanumeric() && ch != '-');
                // `dash-binsh` and its like are packages of Alpine's.
                let is_named = words.any(|word| matches!(word, "sh" | "dash") || word.ends_with("-binsh"));
                !is_named && self.input.reading.run(step).is_ok_and(|analysis| analysis.unknown().is_none())
            }
            Keyword::Copy | Keyword::Add => {
                let effects = StepEffects::of(self.input.reading, step);
                !effects.files.writes.overlaps(&sh)
            }
            _ => true,
        };
        let mut before = self.input.reading.build.steps_before(self.stage.index, self.index);
        state.shell == Shell::Posix && state.base.has_plain_sh() && before.all(leaves_sh)
    }

    /// Where a command stands in the source. The error is for one with line breaks, and perhaps comments, in it.
    fn on_one_line(&self, link: usize, start: usize) -> Result<Span, String> {
        let span = self.step.instruction.source_span(self.analysis.chain.links[link].span.shifted(start));
        if span.of(self.input.file().source()).contains(&b'\n') {
            return Err(
                "its last command, which would have to go, makes it succeed whatever fails before".to_owned()
            );
        }
        Ok(span)
    }

    fn write(
        &self,
        mut edits: Edits,
        flags: &[&str],
        commands: &[&CommandEdit],
        cleaning: &cleaning::Cleaning,
        start: usize,
    ) -> Result<Edits, RewriteError> {
        let instruction = &self.step.instruction;
        let mut removed: Vec<Span> = cleaning.words.iter().map(|span| span.shifted(start)).collect();
        for edit in commands {
            match edit {
                CommandEdit::Remove(span) => removed.push(span.shifted(start)),
                CommandEdit::Replace(span, text) => {
                    edits.replace(instruction.source_span(span.shifted(start)), text.as_bytes())?;
                }
                CommandEdit::InsertAfter(span, words) => {
                    let end = instruction.source_span(span.shifted(start)).end;
                    edits.insert(end, format!(" {words}"))?;
                }
            }
        }
        // The width of a line is that with the options.
        rewrite::insert_flags(&mut edits, instruction, flags)?;
        if !removed.is_empty() {
            rewrite::remove(&mut edits, instruction, &removed)?;
        }
        if !cleaning.links.is_empty() {
            let links = &self.analysis.chain.links;
            let chain = rewrite::Chain {
                commands: links.iter().map(|link| link.span.shifted(start)).collect(),
                operators: links
                    .iter()
                    .filter_map(|link| link.operator.map(|(_, span)| span.shifted(start)))
                    .collect(),
            };
            rewrite::remove_commands(&mut edits, instruction, &chain, &cleaning.links)?;
        }
        Ok(edits)
    }

    fn flag(&self, target: &Target, targets: &[&Target]) -> String {
        let directory = &target.directory;
        let Shared { id, sharing } = Shared::of(self, target, targets);
        let id = id.map_or(String::new(), |id| format!(",id={id}"));
        let mut flag = format!("--mount=type=cache{id},target={directory}");
        if let Some(sharing) = sharing {
            flag.push_str(&format!(",sharing={sharing}"));
        }
        if let (User::Other { uid: Some(uid), gid, .. }, false) = (&self.step.state.user, target.for_root) {
            flag.push_str(&format!(",uid={uid}"));
            // A new cache has mode 0755 (Dockerfile reference, "RUN --mount=type=cache"): its owner can write to it.
            if let Some(gid) = gid {
                flag.push_str(&format!(",gid={gid}"));
            }
        }
        flag
    }
}
