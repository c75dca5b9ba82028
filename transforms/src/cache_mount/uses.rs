//! Who uses what a RUN compiles, and which files of it.
//!
//! A mount takes the output out of the image: everything that is used later has to be known by its name.

use std::borrow::Cow;
use std::collections::BTreeSet;

use dockfix_ecosystems::plain;
use dockfix_model::ImagePath;
use dockfix_model::build::{Stage, Step};
use dockfix_model::commands::{Action, Argument, Invocation, Link};
use dockfix_model::effects::Paths;
use dockfix_syntax::Keyword;
use dockfix_syntax::shell::Operator;
use dockfix_syntax::view::{Copy, MountKind};

use super::compiled::{self, Compiler};
use super::{RunStep, readers};
use crate::analysis::{Analysis, Managed};

/// Files of the output that are used, as paths below its directory.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// By commands of the RUN itself.
    pub(super) inside: BTreeSet<String>,
    /// By anybody else.
    pub(super) outside: BTreeSet<String>,
}

/// Everything that uses the output. The error says who may use what cannot be told.
pub(super) fn find(run: &RunStep<'_, '_>, compiler: &Compiler<'_, '_>) -> Result<Uses, String> {
    let search = Search { run, compiler };
    search.others_compile()?;
    search.is_brought()?;
    let mut uses = Uses::default();
    search.own(&mut uses.inside)?;
    for step in readers::later_runs(run.input, run.stage, run.index) {
        let line = step.instruction.start_line();
        let Ok(analysis) = run.input.reading.run(step) else {
            return Err(format!("line {line} may read {}", search.directory()));
        };
        search.links(&analysis.chain.links, analysis, step, &mut uses.outside)?;
    }
    search.copied(&mut uses.outside)?;
    if run.is_in_image() {
        let named = uses.inside.iter().chain(&uses.outside);
        let names: BTreeSet<_> = named.map(|path| file_name(path).to_owned()).collect();
        search.run_later(&names, &mut uses.outside)?;
    }
    Ok(uses)
}

/// How a word relates to the output.
enum Named {
    Elsewhere,
    /// A file that the command makes for others.
    File(String),
    /// The whole directory, a part of it that is more than one file, or a directory above.
    Whole,
}

struct Search<'s, 'r, 'a, 'm, 'c> {
    run: &'s RunStep<'r, 'a>,
    compiler: &'s Compiler<'m, 'c>,
}

/// Commands that do not mind whether the output is in a directory that they are given.
const UNCONCERNED: &str =
    "rm rmdir ls du mkdir chown chmod chgrp cd pushd popd echo printf test [ touch export set pwd";

/// Programs that run what others wrote, and may look for anything.
const RUNNERS: &str = "make gmake ninja just sh bash dash ash zsh python python3 node npm npx yarn pnpm bun perl ruby cargo \
    docker mvn gradle cmake meson env xargs";

impl Search<'_, '_, '_, '_, '_> {
    fn directory(&self) -> &ImagePath {
        &self.compiler.compiled.directory
    }

    /// Steps before and after it that compile into the same directory have arranged it between them.
    fn others_compile(&self) -> Result<(), String> {
        let build = &self.run.input.reading.build;
        let mut stages = build.ancestors(self.run.stage.index);
        stages.push(self.run.stage.index);
        stages.extend(build.descendants(self.run.stage.index));
        for stage in stages.into_iter().filter_map(|index| build.stages.get(index)) {
            for (index, step) in stage.steps.iter().enumerate() {
                let is_this = stage.index == self.run.stage.index && index == self.run.index;
                if !is_this && step.instruction.keyword() == Keyword::Run && self.compiles(stage, index) {
                    let line = step.instruction.start_line();
                    return Err(format!("line {line} compiles the project, too"));
                }
            }
        }
        Ok(())
    }

    fn compiles(&self, stage: &Stage<'_>, index: usize) -> bool {
        let own = self.compiler.managed;
        let Ok(analysis) = self.run.input.reading.run(&stage.steps[index]) else { return true };
        let is_named = |link: &Link<'_>| {
            let text = String::from_utf8_lossy(link.span.of(analysis.chain.text)).into_owned();
            matches!(link.action, Action::Opaque(_)) && text.contains(&*own.command().program)
        };
        let compiles = |other: &Managed<'_>| {
            other.ecosystem.name() == own.ecosystem.name()
                && !matches!(compiled::of(self.run.input, stage, index, other), Ok(None))
        };
        analysis.managed().any(compiles) || analysis.chain.links.iter().any(is_named)
    }

    /// Output that a COPY brings would be hidden by the mount.
    fn is_brought(&self) -> Result<(), String> {
        for step in self.run.stage.steps.iter().take(self.run.index) {
            let Some(copy) = Copy::of(&step.instruction) else { continue };
            let target = step.state.path(&copy.destination.text, self.run.input.file().escape());
            if target.is_some_and(|target| target.below(self.directory()).is_some()) {
                let line = step.instruction.start_line();
                return Err(format!("line {line} copies into {}", self.directory()));
            }
        }
        Ok(())
    }

    /// What the commands behind it in the same RUN use.
    fn own(&self, found: &mut BTreeSet<String>) -> Result<(), String> {
        let links = &self.run.analysis.chain.links[self.compiler.link + 1..];
        let removes = |link: &Link<'_>| match &link.action {
            Action::Pipeline(commands) => commands.iter().any(|command| {
                let mut words = command.arguments.iter();
                matches!(&*command.program, "rm" | "rmdir")
                    && words.any(|word| !matches!(self.named(word, command), Named::Elsewhere))
            }),
            _ => false,
        };
        if self.run.analysis.chain.links.iter().any(removes) {
            return Err(format!("its own commands remove what is in {}", self.directory()));
        }
        self.links(links, self.run.analysis, self.run.step, found)
    }

    fn links(
        &self,
        links: &[Link<'_>],
        analysis: &Analysis<'_>,
        step: &Step<'_>,
        found: &mut BTreeSet<String>,
    ) -> Result<(), String> {
        let line = step.instruction.start_line();
        for (number, link) in links.iter().enumerate() {
            let (count, before) = (found.len(), number.checked_sub(1).and_then(|before| links.get(before)));
            match &link.action {
                Action::Opaque(what) => {
                    return Err(format!("{what} in line {line} may read {}", self.directory()));
                }
                Action::Nested(inner) => self.links(inner, analysis, step, found)?,
                Action::Pipeline(commands) => {
                    for command in commands.iter() {
                        for inner in &command.substituted {
                            self.command(inner, analysis, step, found)?;
                        }
                        self.command(command, analysis, step, found)?;
                    }
                }
            }
            let is_alternative = |link: &Link<'_>| matches!(link.operator, Some((Operator::Or, _)));
            if found.len() > count && (is_alternative(link) || before.is_some_and(is_alternative)) {
                return Err(format!("line {line} may do without a file of {}", self.directory()));
            }
        }
        Ok(())
    }

    fn command(
        &self,
        command: &Invocation<'_>,
        analysis: &Analysis<'_>,
        step: &Step<'_>,
        found: &mut BTreeSet<String>,
    ) -> Result<(), String> {
        let (line, directory) = (step.instruction.start_line(), self.directory());
        let program = &*command.program;
        let may_read = || format!("`{program}` in line {line} may read {directory}");
        if let Some(managed) = analysis.managed().find(|managed| managed.command().span == command.span) {
            let reads = &managed.usage.effects.reads;
            let takes = *reads == Paths::All || reads.overlaps(&Paths::below(vec![directory.clone()]));
            return if takes { Err(may_read()) } else { Ok(()) };
        }
        let mut named = BTreeSet::new();
        let runs =
            command.program_path.contains('/').then(|| self.path(&command.program_path, command)).flatten();
        if let Some(file) = runs.and_then(|path| self.file(&path)) {
            named.insert(file);
        }
        for word in &command.arguments {
            match self.named(word, command) {
                Named::Elsewhere => {}
                Named::File(_) if program == "rm" && command.has("-f") => {}
                Named::File(file) => {
                    named.insert(file);
                }
                Named::Whole if UNCONCERNED.split(' ').any(|unconcerned| unconcerned == program) => {}
                Named::Whole => {
                    let word = String::from_utf8_lossy(word.text).into_owned();
                    return Err(format!(
                        "`{program} {word}` in line {line} takes more of {directory} than files by name"
                    ));
                }
            }
        }
        let reads_more = match plain::effects(command, &step.state) {
            Some(effects) => effects.reads == Paths::All,
            None => named.is_empty() || RUNNERS.split_ascii_whitespace().any(|runner| runner == program),
        };
        if reads_more || command.redirects.iter().any(|(_, path)| self.is_redirected(path.as_ref())) {
            return Err(may_read());
        }
        found.extend(named);
        Ok(())
    }

    fn is_redirected(&self, path: Option<&ImagePath>) -> bool {
        path.is_none_or(|path| path.overlaps(self.directory()))
    }

    fn path(&self, text: &str, command: &Invocation<'_>) -> Option<ImagePath> {
        ImagePath::absolute(text).or_else(|| Some(command.directory.as_ref()?.join(text)))
    }

    /// The file of the output that a path is.
    fn file(&self, path: &ImagePath) -> Option<String> {
        let below = path.below(self.directory()).filter(|below| !below.is_empty())?;
        let managed = self.compiler.managed;
        managed.ecosystem.makes(managed.command(), below).then(|| below.to_owned())
    }

    fn named(&self, word: &Argument<'_>, command: &Invocation<'_>) -> Named {
        let text = String::from_utf8_lossy(word.text);
        let Some(value) = word.value.as_deref() else {
            // What stands before the first wildcard or variable is certain.
            let certain = text.trim_start_matches(['"', '\'']).split(['$', '*', '?', '[', '`', '{']).next();
            let certain = certain.unwrap_or_default();
            let certain = certain.rsplit_once('/').map_or("", |(directory, _)| directory);
            let is_hit = self.path(certain, command).is_none_or(|path| self.is_near(&path, &text));
            return if is_hit { Named::Whole } else { Named::Elsewhere };
        };
        let value = match value.split_once('=') {
            Some((option, value)) if option.starts_with('-') => value,
            _ => value,
        };
        if value.starts_with('-') || value.is_empty() {
            return Named::Elsewhere;
        }
        match self.path(value, command) {
            Some(path) => match self.file(&path) {
                Some(file) => Named::File(file),
                None if path.overlaps(self.directory()) => Named::Whole,
                None => Named::Elsewhere,
            },
            None => Named::Elsewhere,
        }
    }

    /// Whether a word with a variable or a wildcard in it, which lies below `path`, may mean the output.
    fn is_near(&self, path: &ImagePath, text: &str) -> bool {
        path.below(self.directory()).is_some()
            || self.directory().below(path).is_some() && text.contains(self.directory().name())
    }

    /// What later stages copy or mount from this one.
    fn copied(&self, found: &mut BTreeSet<String>) -> Result<(), String> {
        let build = &self.run.input.reading.build;
        let mut holders = build.descendants(self.run.stage.index);
        holders.push(self.run.stage.index);
        let holds = |name: &str, stage: usize| {
            build.stage_named(name, stage).is_some_and(|from| holders.contains(&from))
        };
        for stage in &build.stages {
            for step in &stage.steps {
                let line = step.instruction.start_line();
                let mounts = step.instruction.mounts();
                for mount in mounts.iter().filter(|mount| mount.kind == MountKind::Bind) {
                    let source = ImagePath::root().join(mount.source().unwrap_or("/"));
                    let is_from = mount.from().is_some_and(|from| holds(from, stage.index));
                    if is_from && source.overlaps(self.directory()) {
                        return Err(format!("line {line} mounts {source} of this stage"));
                    }
                }
                let Some(copy) = Copy::of(&step.instruction) else { continue };
                if copy.from.as_deref().is_some_and(|from| holds(from, stage.index)) {
                    self.copy(&copy, step, found)?;
                }
            }
        }
        Ok(())
    }

    fn copy(&self, copy: &Copy<'_>, step: &Step<'_>, found: &mut BTreeSet<String>) -> Result<(), String> {
        let (line, escape) = (step.instruction.start_line(), self.run.input.file().escape());
        for source in copy.sources.iter().filter(|source| !source.is_heredoc) {
            let text = step.state.variables.expand(&source.text, escape).map(|expanded| expanded.text);
            let text = text.unwrap_or_else(|| Cow::Borrowed(&*source.text));
            let certain = text.split(['$', '*', '?', '[']).next().unwrap_or_default();
            let path = ImagePath::root().join(&text);
            let is_known = certain.len() == text.len();
            match self.file(&path).filter(|_| is_known) {
                Some(file) => {
                    found.insert(file);
                }
                None => {
                    let near = certain.rsplit_once('/').map_or("", |(directory, _)| directory);
                    let near = ImagePath::root().join(near);
                    let is_hit = if is_known {
                        path.overlaps(self.directory())
                    } else {
                        near.below(self.directory()).is_some() || self.directory().below(&near).is_some()
                    };
                    if is_hit {
                        let source = &source.text;
                        return Err(format!(
                            "line {line} copies {source}, which is not known to be one file of {}",
                            self.directory()
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// What the image runs: a program of the output, or one that a RUN copied from it under the same name.
    fn run_later(&self, names: &BTreeSet<String>, found: &mut BTreeSet<String>) -> Result<(), String> {
        let build = &self.run.input.reading.build;
        let Some(image) = build.image_of(self.run.stage.index) else { return Ok(()) };
        let mut stages = build.ancestors(image.index);
        stages.push(image.index);
        let steps = stages.iter().filter_map(|&stage| build.stages.get(stage)).flat_map(|stage| &stage.steps);
        let runs = [Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck];
        let (mut is_known, part) = (false, format!("{} is part of the final image", self.directory()));
        for step in steps.filter(|step| runs.contains(&step.instruction.keyword())) {
            let line = step.instruction.start_line();
            let words = words(step);
            for word in &words {
                let path = step.state.workdir.as_ref().map(|directory| directory.join(word));
                let path = ImagePath::absolute(word).or(path);
                match path.as_ref().map(|path| (self.file(path), path.below(self.directory()))) {
                    Some((Some(file), _)) => {
                        is_known = true;
                        found.insert(file);
                    }
                    Some((None, Some(_))) => return Err(format!("{part}, and line {line} names {word}")),
                    _ => {}
                }
            }
            let program = words.first().map(|word| file_name(word)).unwrap_or_default();
            if program == self.compiler.managed.command().program {
                return Err(format!("{part}, and line {line} runs `{program}`"));
            }
            is_known |= names.contains(program);
        }
        if is_known || self.compiler.compiled.is_installed {
            Ok(())
        } else {
            Err(format!("{part}, which may need it"))
        }
    }
}

/// The words of a CMD and its like, as far as they go without a shell.
fn words(step: &Step<'_>) -> Vec<String> {
    let instruction = &step.instruction;
    instruction.json().unwrap_or_else(|| {
        let text = String::from_utf8_lossy(instruction.args()).into_owned();
        let words = text.split_whitespace().map(|word| word.trim_matches(['"', '\'', ';']).to_owned());
        words.filter(|word| word != "exec").collect()
    })
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
