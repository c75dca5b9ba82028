//! How instructions become steps.

use std::borrow::Cow;

use dockfix_syntax::view::{Copy, Mount, MountKind, Run, RunBody, lossy};
use dockfix_syntax::{Instruction, Keyword};

use super::definition::{Definition, Part};
use super::reads::Reads;
use super::scope::{Expanded, Given, Scope};
use super::{Builder, Input, Layer, Plan, Selection, Step};
use crate::build::{Build, Stage};
use crate::pattern::clean;

impl Plan {
    /// Adds the steps of a stage; gives what the stage ends in.
    pub(super) fn push_steps(
        &mut self,
        build: &Build<'_>,
        stage: &Stage<'_>,
        base: &Layer,
        scope: &mut Scope,
        global: &Scope,
        given: Given<'_>,
    ) -> Layer {
        let makes_step =
            |keyword| matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir);
        let from_image = usize::from(matches!(base, Layer::Image(_)));
        let steps = stage.steps.iter().filter(|step| makes_step(step.instruction.keyword()));
        let total = from_image + steps.count();
        self.steps.reserve(total);
        let mut number = from_image;
        let mut below = base.clone();
        // What the classic builder makes of ENV, LABEL and the like counts as a part of the next step.
        let mut between: Vec<Expanded> = Vec::new();
        for (index, step) in stage.steps.iter().enumerate() {
            let instruction = &step.instruction;
            if !makes_step(instruction.keyword()) {
                if self.options.builder == Builder::Classic {
                    let text = String::from_utf8_lossy(instruction.text()).into_owned();
                    // A value that is given shows in RUN alone, not in ARG.
                    let is_argument = instruction.keyword() == Keyword::Arg;
                    let escape = instruction.file().escape();
                    between.push(if is_argument { text.into() } else { scope.expand(&text, escape) });
                }
                scope.advance(instruction, given, global);
                continue;
            }
            let mut step = Step {
                stage: stage.index,
                instruction: index,
                lines: instruction.start_line()..=instruction.end_line(),
                keyword: instruction.keyword(),
                number: 0,
                total,
                below: below.clone(),
                is_linked: false,
                is_on_content: false,
                inputs: Vec::new(),
                definition: Definition::new(),
                definition_hash: 0,
            };
            match instruction.keyword() {
                Keyword::Workdir => {
                    scope.advance(instruction, given, global);
                    if scope.workdir == "/" {
                        // With another value there may be a step.
                        self.structure = self.structure.and(scope.workdir_reads.doubtful());
                        continue;
                    }
                    step.definition.push(Part::Word, "WORKDIR", Reads::default());
                    step.definition.push(Part::Workdir, scope.workdir.clone(), scope.workdir_reads);
                    if !scope.user.text.is_empty() {
                        step.definition.push(Part::User, scope.user.text.clone(), scope.user.reads);
                    }
                }
                Keyword::Run => self.define_run(&mut step, instruction, build, stage, scope),
                _ => self.define_copy(&mut step, instruction, build, stage, scope),
            }
            for Expanded { text, reads } in between.drain(..) {
                step.definition.push(Part::Text, text, reads);
            }
            number += 1;
            step.number = number;
            step.definition_hash = step.definition.hash();
            below = Layer::Step(self.steps.len());
            self.steps.push(step);
        }
        below
    }

    /// The end of the stage that `from` names, or an image.
    fn source(&self, build: &Build<'_>, stage: &Stage<'_>, from: &str) -> (Layer, Option<usize>) {
        match build.stage_named(from, stage.index) {
            Some(index) => (self.stages[index].end.clone(), Some(index)),
            None if from == "scratch" => (Layer::Scratch, None),
            None => (Layer::Image(from.to_owned()), None),
        }
    }

    fn define_run(
        &self,
        step: &mut Step,
        instruction: &Instruction<'_>,
        build: &Build<'_>,
        stage: &Stage<'_>,
        scope: &Scope,
    ) {
        let Some(run) = Run::of(instruction) else { return };
        let escape = instruction.file().escape();
        let source = instruction.file().source();
        let mut word = |text: Cow<'static, str>| step.definition.push(Part::Word, text, Reads::default());
        word("RUN".into());
        let shell = scope.shell.iter().cloned();
        match &run.body {
            RunBody::Empty => shell.for_each(word),
            RunBody::Exec(words) => words.iter().cloned().map(Cow::Owned).for_each(word),
            RunBody::Command(span) => {
                let mut text = lossy(span.of(instruction.text())).into_owned();
                for heredoc in instruction.heredocs() {
                    text.push('\n');
                    text.push_str(&lossy(heredoc.body.of(source)));
                    text.push_str(&lossy(&heredoc.name));
                }
                shell.chain([text.into()]).for_each(word);
            }
            RunBody::Script(heredoc) => {
                let script = heredoc_data(source, heredoc);
                if script.starts_with("#!") {
                    // It is a program of its own, mounted as a file of that name.
                    word(format!("/dev/pipes/{}", lossy(&heredoc.name)).into());
                    step.definition.push(Part::Text, script, Reads::default());
                } else {
                    shell.chain([script.into()]).for_each(word);
                }
            }
        }
        for flag in instruction.flags() {
            match instruction.mounts().iter().find(|mount| mount.flag == *flag) {
                Some(mount) => self.define_mount(step, mount, build, stage, scope, escape),
                None => {
                    let flag = lossy(flag.span.of(instruction.text()));
                    let Expanded { text: flag, reads } = scope.expand(&flag, escape);
                    // The defaults are the same as no flag.
                    let is_default = ["--network=default", "--security=sandbox"].contains(&flag.as_str());
                    if is_default {
                        step.definition.add_reads(reads.doubtful());
                    } else {
                        step.definition.push(Part::Text, flag, reads);
                    }
                }
            }
        }
        let is_old = self.options.builder == Builder::BuildKit013;
        step.is_on_content = is_old
            && instruction
                .mounts()
                .iter()
                .any(|mount| matches!(mount.kind, MountKind::Secret | MountKind::Ssh));
        let directory = if is_old { &scope.directory } else { &scope.workdir };
        step.definition.push(Part::User, scope.user.text.clone(), scope.user.reads);
        step.definition.push(Part::Workdir, directory.clone(), scope.workdir_reads);
        step.definition.set_environment(&scope.environment, scope.environment_reads());
    }

    fn define_mount(
        &self,
        step: &mut Step,
        mount: &Mount,
        build: &Build<'_>,
        stage: &Stage<'_>,
        scope: &Scope,
        escape: u8,
    ) {
        let (text, reads) = mount_definition(mount, scope, escape);
        step.definition.push(Part::Text, text, reads);
        let source = || mount.source().map_or_else(Expanded::default, |source| scope.expand(source, escape));
        match (&mount.kind, mount.from()) {
            (MountKind::Bind, None) => {
                let source = source();
                step.definition.add_reads(source.reads.in_path(&source.text));
                step.inputs.push(Input::Context(Selection::new(&source.text, &self.context)));
            }
            (MountKind::Bind | MountKind::Cache, Some(from)) => {
                let (layer, stage) = self.source(build, stage, from);
                let source = source();
                step.definition.add_reads(source.reads.in_path(&source.text));
                let path = clean(&format!("/{}", source.text)).into_owned();
                step.inputs.push(Input::Layer { layer, stage, path });
            }
            _ => {}
        }
    }

    fn define_copy(
        &self,
        step: &mut Step,
        instruction: &Instruction<'_>,
        build: &Build<'_>,
        stage: &Stage<'_>,
        scope: &Scope,
    ) {
        let Some(copy) = Copy::of(instruction) else { return };
        let escape = instruction.file().escape();
        let mut word = |text: Cow<'static, str>, reads| step.definition.push(Part::Word, text, reads);
        word(instruction.keyword().name().into(), Reads::default());
        for (name, value) in copy.flags.iter().filter(|(name, _)| name != "link") {
            let value = value.as_deref().unwrap_or_default();
            if name == "chmod" && value.contains('$') && self.options.builder == Builder::BuildKit013 {
                continue;
            }
            let Expanded { text: value, reads } = scope.expand(value, escape);
            let text = match u32::from_str_radix(&value, 8) {
                Ok(mode) if name == "chmod" => format!("--chmod={mode:o}"),
                _ => format!("--{name}={value}"),
            };
            word(text.into(), reads);
        }
        let is_off = |value: Option<&str>| value.is_some_and(|value| value.eq_ignore_ascii_case("false"));
        step.is_linked = self.options.builder == Builder::BuildKit
            && copy.has_flag("link")
            && !is_off(copy.flag("link"))
            && !copy.has_flag("chmod");
        for source in copy.sources.iter().filter(|source| !source.is_heredoc) {
            let Expanded { text: path, reads } = scope.expand(&source.text, escape);
            let reads = reads.in_path(&path);
            if copy.is_add && is_remote(&path) {
                word(path.clone().into(), reads);
                step.inputs.push(Input::Remote(path));
                continue;
            }
            // Only the last name is part of the definition: it may decide about the name in the image.
            let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            word(name.to_owned().into(), reads);
            step.inputs.push(match &copy.from {
                None => Input::Context(Selection::new(&path, &self.context)),
                Some(from) => {
                    let (layer, stage) = self.source(build, stage, from);
                    Input::Layer { layer, stage, path: clean(&format!("/{path}")).into_owned() }
                }
            });
        }
        for heredoc in instruction.heredocs() {
            let mut data = heredoc_data(instruction.file().source(), heredoc);
            let mut reads = Reads::default();
            if heredoc.expand {
                for name in dockfix_syntax::variables(data.clone().as_bytes(), escape).names {
                    let variable = scope.get(&name);
                    let value = variable.map(|variable| &*variable.value);
                    data.push_str(&format!("\n{name}={value:?}"));
                    reads = reads.and(scope.reads_of(&name));
                }
            }
            word(lossy(&heredoc.name).into_owned().into(), Reads::default());
            word(data.into(), reads);
        }
        let destination = scope.expand(&copy.destination.text, escape);
        let mut reads = destination.reads.in_path(&destination.text);
        if !destination.text.starts_with('/') {
            reads = reads.and(scope.workdir_reads);
        }
        word(scope.destination(&destination.text).into(), reads);
    }
}

/// What of a mount is part of the key: not which cache it is nor how it is shared, and the files apart.
fn mount_definition(mount: &Mount, scope: &Scope, escape: u8) -> (String, Reads) {
    let mut fields: Vec<String> = vec![format!("{:?}", mount.kind)];
    let target = mount.target().map_or_else(Expanded::default, |target| scope.expand(target, escape));
    let mut reads = target.reads.in_path(&target.text);
    // A secret without a target lies where its name says.
    fields.push(match mount.target() {
        Some(_) => clean(&scope.below_workdir(&target.text)).into_owned(),
        None => String::new(),
    });
    if mount.target().is_some() && !target.text.starts_with('/') {
        reads = reads.and(scope.workdir_reads);
    }
    let mut is_read_only = mount.kind == MountKind::Bind;
    for (key, value) in &mount.fields {
        let value = value.as_ref().map(|value| scope.expand(value, escape));
        let of_it = value.as_ref().map_or_else(Reads::default, |value| value.reads);
        let value = value.map(|value| value.text);
        let is_off = value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("false"));
        match &**key {
            "type" | "source" | "src" | "from" | "target" | "dst" | "destination" | "sharing" => continue,
            "id" if mount.kind == MountKind::Cache => continue,
            "ro" | "readonly" | "rw" | "readwrite" => {
                is_read_only = is_off == matches!(&**key, "rw" | "readwrite");
                reads = reads.and(of_it.doubtful());
            }
            _ => {
                fields.push(format!("{key}={value:?}"));
                reads = reads.and(of_it);
            }
        }
    }
    (format!("{} {is_read_only}", fields.join(",")), reads)
}

fn is_remote(source: &str) -> bool {
    ["http://", "https://", "git://", "git@", "ssh://"].iter().any(|scheme| source.starts_with(scheme))
}

/// The bytes of a heredoc's file; of `<<-`, without the tabs that begin its lines.
fn heredoc_data(source: &[u8], heredoc: &dockfix_syntax::Heredoc) -> String {
    let data = lossy(heredoc.body.of(source)).into_owned();
    if !heredoc.chomp {
        return data;
    }
    data.split_inclusive('\n').map(|line| line.trim_start_matches('\t')).collect()
}
