//! The steps of a Dockerfile.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use dockfix_syntax::view::{Copy, From as FromView, Mount, MountKind, Run, RunBody};
use dockfix_syntax::{Instruction, Keyword};

use super::compare::{Changes, Keys};
use super::input::{Aspect, AspectKind};
use super::scope::Scope;
use super::{Builder, Content, Edit, Input, Layer, Options, Outcomes, Selection, Target};
use crate::build::{Build, Stage};
use crate::context::Context;
use crate::images::BaseImage;
use crate::pattern::clean;

/// The steps of a Dockerfile as they are built, with what their keys are made of. See the [module](super).
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) options: Options,
    pub(super) context: Context,
    pub(super) stages: Vec<PlannedStage>,
    pub(super) steps: Vec<Step>,
    /// The keys of the steps where nothing has changed.
    pub(super) keys: Keys,
}

/// A stage of a [`Plan`].
#[derive(Clone, Debug)]
pub struct PlannedStage {
    /// Its place in the file, from 0.
    pub index: usize,
    /// The name after AS, in lower case.
    pub name: Option<String>,
    /// 1-based line of its FROM.
    pub line: usize,
    /// What it starts from.
    pub base: Layer,
    /// What it ends in.
    pub end: Layer,
    /// Whether the target needs it. If not, it has no steps.
    pub is_built: bool,
    /// Its steps, as a range of [`Plan::steps`].
    pub steps: std::ops::Range<usize>,
}

/// A step: what a RUN, COPY, ADD or WORKDIR makes.
#[derive(Clone, Debug)]
pub struct Step {
    /// Index of the stage in [`Plan::stages`] and in [`Build::stages`].
    pub stage: usize,
    /// Index among the stage's instructions in [`Stage::steps`].
    pub instruction: usize,
    /// Its first and last line, 1-based.
    pub lines: RangeInclusive<usize>,
    /// The keyword.
    pub keyword: Keyword,
    /// Its number as BuildKit shows it: `[stage 2/5]` for number 2 of 5. The FROM of an image is number 1.
    pub number: usize,
    /// The last number of its stage, as BuildKit shows it.
    pub total: usize,
    /// The instruction on one line, shortened, without mounts, heredocs and the like: `RUN npm ci`.
    pub title: String,
    /// What it stands on.
    pub below: Layer,
    /// It does not depend on what it stands on (`COPY --link`): only what stands on it does.
    pub is_linked: bool,
    /// It depends on the files of what it stands on, and not on how they came to be.
    pub(super) is_on_content: bool,
    /// The files that it takes from elsewhere.
    pub inputs: Vec<Input>,
    /// What else its key is made of.
    pub(super) definition: Vec<Aspect>,
}

impl Plan {
    /// The steps that are made of `build` in `context`.
    #[must_use]
    pub fn of(build: &Build<'_>, context: &Context, options: &Options) -> Self {
        let mut global = Scope::global(options);
        for instruction in &build.global {
            global.declare_global(instruction, options);
        }
        let mut plan = Self {
            options: options.clone(),
            context: context.clone(),
            stages: Vec::with_capacity(build.stages.len()),
            steps: Vec::new(),
            keys: Keys::default(),
        };
        let needed = needed(build, &global, options);
        let mut scopes: Vec<Scope> = Vec::with_capacity(build.stages.len());
        for stage in &build.stages {
            let base = base(build, stage, &global);
            let (base, mut scope) = match base {
                Ok(earlier) => (plan.stages[earlier].end.clone(), scopes[earlier].inherited()),
                Err(image) if image == "scratch" => {
                    (Layer::Scratch, Scope::of_image(&BaseImage::named(&image)))
                }
                Err(image) => {
                    let scope = Scope::of_image(&BaseImage::named(&image));
                    (Layer::Image(image), scope)
                }
            };
            let is_built = needed.contains(&stage.index);
            let start = plan.steps.len();
            let mut end = base.clone();
            if is_built {
                end = plan.push_steps(build, stage, &base, &mut scope, &global);
            }
            let line = stage.from.start_line();
            let (index, name) = (stage.index, stage.name.clone());
            let steps = start..plan.steps.len();
            plan.stages.push(PlannedStage { index, name, line, base, end, is_built, steps });
            scopes.push(scope);
        }
        plan.keys = Keys::of(&plan);
        plan
    }

    /// The stages, in the order of the file.
    #[must_use]
    pub fn stages(&self) -> &[PlannedStage] {
        &self.stages
    }

    /// The steps of the stages that are built, in the order of the file.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The build context.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Whether a step takes a file of the context: one that a source or mount of it selects, and that the ignore file
    /// does not exclude. The path need not exist.
    #[must_use]
    pub fn takes(&self, step: usize, path: &str) -> bool {
        let inputs = self.steps.get(step).map_or(&[][..], |step| &step.inputs);
        inputs.iter().any(|input| matches!(input, Input::Context(selection) if selection.takes(path)))
            && !self.context.ignore().rules().is_excluded(path)
    }

    /// What becomes of the steps if the same Dockerfile is built after `edits`. `build` is the one that the plan was
    /// made of.
    #[must_use]
    pub fn outcomes(&self, build: &Build<'_>, edits: &[Edit]) -> Outcomes {
        let mut options = self.options.clone();
        let mut changes = Changes::default();
        for edit in edits {
            match edit {
                Edit::File(path) => changes.files.push(super::FileChange::edited(path)),
                Edit::Argument(name) => {
                    let value = options.arguments.get(name).map_or("", String::as_str);
                    // No value is like any that a file names, or the change would be none.
                    let value = format!("{value}-another-value");
                    options.arguments.insert(name.clone(), value);
                }
                Edit::Base => changes.images = true,
            }
        }
        if options == self.options {
            return self.compare_changes(self, &changes, Content::Unknown);
        }
        Self::of(build, &self.context, &options).compare_changes(self, &changes, Content::Unknown)
    }

    fn push_steps(
        &mut self,
        build: &Build<'_>,
        stage: &Stage<'_>,
        base: &Layer,
        scope: &mut Scope,
        global: &Scope,
    ) -> Layer {
        let makes_step =
            |keyword| matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir);
        let from_image = usize::from(matches!(base, Layer::Image(_)));
        let steps = stage.steps.iter().filter(|step| makes_step(step.instruction.keyword()));
        let total = from_image + steps.count();
        let mut number = from_image;
        let mut below = base.clone();
        // What the classic builder makes of ENV, LABEL and the like counts as a part of the next step.
        let mut between: Vec<String> = Vec::new();
        for (index, step) in stage.steps.iter().enumerate() {
            let instruction = &step.instruction;
            if !makes_step(instruction.keyword()) {
                if self.options.builder == Builder::Classic {
                    let text = String::from_utf8_lossy(instruction.text()).into_owned();
                    // A value that is given shows in RUN alone, not in ARG.
                    let is_argument = instruction.keyword() == Keyword::Arg;
                    let escape = instruction.file().escape();
                    between.push(if is_argument { text } else { scope.expand(&text, escape) });
                }
                scope.advance(instruction, &self.options, global);
                continue;
            }
            let mut step = Step {
                stage: stage.index,
                instruction: index,
                lines: instruction.start_line()..=instruction.end_line(),
                keyword: instruction.keyword(),
                number: 0,
                total,
                title: title(instruction),
                below: below.clone(),
                is_linked: false,
                is_on_content: false,
                inputs: Vec::new(),
                definition: Vec::new(),
            };
            match instruction.keyword() {
                Keyword::Workdir => {
                    scope.advance(instruction, &self.options, global);
                    if scope.workdir == "/" {
                        continue;
                    }
                    step.define(AspectKind::Text, format!("WORKDIR {}", scope.workdir));
                    if !scope.user.is_empty() {
                        step.define(AspectKind::User, scope.user.clone());
                    }
                }
                Keyword::Run => self.define_run(&mut step, instruction, build, stage, scope),
                _ => self.define_copy(&mut step, instruction, build, stage, scope),
            }
            for text in between.drain(..) {
                step.define(AspectKind::Text, text);
            }
            number += 1;
            step.number = number;
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
        let mut command = match &run.body {
            RunBody::Exec(words) => words.clone(),
            RunBody::Empty | RunBody::Command(_) | RunBody::Script(_) => scope.shell.clone(),
        };
        match &run.body {
            RunBody::Empty | RunBody::Exec(_) => {}
            RunBody::Command(span) => {
                let mut text = String::from_utf8_lossy(span.of(instruction.text())).into_owned();
                for heredoc in instruction.heredocs() {
                    text.push('\n');
                    text.push_str(&String::from_utf8_lossy(heredoc.body.of(source)));
                    text.push_str(&String::from_utf8_lossy(&heredoc.name));
                }
                command.push(text);
            }
            RunBody::Script(heredoc) => {
                let script = heredoc_data(source, heredoc);
                if script.starts_with("#!") {
                    // It is a program of its own, mounted as a file of that name.
                    let name = String::from_utf8_lossy(&heredoc.name);
                    command = vec![format!("/dev/pipes/{name}")];
                    step.define(AspectKind::Text, script);
                } else {
                    command.push(script);
                }
            }
        }
        step.define(AspectKind::Text, format!("RUN {command:?}"));
        for flag in instruction.flags() {
            match Mount::of(instruction, flag) {
                Some(mount) => self.define_mount(step, &mount, build, stage, scope, escape),
                None => {
                    let flag = String::from_utf8_lossy(flag.span.of(instruction.text())).into_owned();
                    let flag = scope.expand(&flag, escape);
                    // The defaults are the same as no flag.
                    if !["--network=default", "--security=sandbox"].contains(&flag.as_str()) {
                        step.define(AspectKind::Text, flag);
                    }
                }
            }
        }
        let is_old = self.options.builder == Builder::BuildKit013;
        step.is_on_content =
            is_old && run.mounts.iter().any(|mount| matches!(mount.kind, MountKind::Secret | MountKind::Ssh));
        let directory = if is_old { &scope.directory } else { &scope.workdir };
        step.define(AspectKind::User, scope.user.clone());
        step.define(AspectKind::Workdir, directory.clone());
        for (name, value) in &scope.variables {
            step.define(AspectKind::Variable(name.clone()), value.clone());
        }
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
        let source = mount.source().map_or_else(String::new, |source| scope.expand(source, escape));
        step.define(AspectKind::Text, mount_definition(mount, scope, escape));
        match (&mount.kind, mount.from()) {
            (MountKind::Bind, None) => {
                step.inputs.push(Input::Context(Selection::new(&source, &self.context)))
            }
            (MountKind::Bind | MountKind::Cache, Some(from)) => {
                let (layer, stage) = self.source(build, stage, from);
                step.inputs.push(Input::Layer { layer, stage, path: clean(&format!("/{source}")) });
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
        let mut text = vec![instruction.keyword().name().to_owned()];
        for (name, value) in copy.flags.iter().filter(|(name, _)| name != "link") {
            let value = value.as_deref().unwrap_or_default();
            if name == "chmod" && value.contains('$') && self.options.builder == Builder::BuildKit013 {
                continue;
            }
            let value = scope.expand(value, escape);
            text.push(match u32::from_str_radix(&value, 8) {
                Ok(mode) if name == "chmod" => format!("--chmod={mode:o}"),
                _ => format!("--{name}={value}"),
            });
        }
        let is_off = |value: Option<&str>| value.is_some_and(|value| value.eq_ignore_ascii_case("false"));
        step.is_linked = self.options.builder == Builder::BuildKit
            && copy.has_flag("link")
            && !is_off(copy.flag("link"))
            && !copy.has_flag("chmod");
        for source in copy.sources.iter().filter(|source| !source.is_heredoc) {
            let path = scope.expand(&source.text, escape);
            if copy.is_add && is_remote(&path) {
                text.push(path.clone());
                step.inputs.push(Input::Remote(path));
                continue;
            }
            // Only the last name is part of the definition: it may decide about the name in the image.
            text.push(path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned());
            step.inputs.push(match &copy.from {
                None => Input::Context(Selection::new(&path, &self.context)),
                Some(from) => {
                    let (layer, stage) = self.source(build, stage, from);
                    Input::Layer { layer, stage, path: clean(&format!("/{path}")) }
                }
            });
        }
        for heredoc in instruction.heredocs() {
            let mut data = heredoc_data(instruction.file().source(), heredoc);
            if heredoc.expand {
                for name in dockfix_syntax::variables(data.clone().as_bytes(), escape).names {
                    let value = scope.get(&name);
                    data.push_str(&format!("\n{name}={value:?}"));
                }
            }
            text.push(String::from_utf8_lossy(&heredoc.name).into_owned());
            text.push(data);
        }
        text.push(scope.destination(&scope.expand(&copy.destination.text, escape)));
        step.define(AspectKind::Text, format!("{text:?}"));
    }
}

impl Step {
    fn define(&mut self, kind: AspectKind, value: String) {
        self.definition.push((kind, value));
    }
}

/// The stage that a stage starts from, or an image.
fn base(build: &Build<'_>, stage: &Stage<'_>, global: &Scope) -> Result<usize, String> {
    let image = FromView::of(&stage.from).map_or_else(String::new, |from| from.image.text.into_owned());
    let image = global.expand(&image, build.file.escape());
    let earlier = build.stages.get(..stage.index).unwrap_or_default();
    let found = earlier.iter().rposition(|earlier| earlier.name.as_deref() == Some(&image.to_lowercase()));
    found.ok_or(image)
}

/// The stages that the target needs.
fn needed(build: &Build<'_>, global: &Scope, options: &Options) -> BTreeSet<usize> {
    let last = build.stages.len().checked_sub(1);
    let named = match &options.target {
        Target::Last => None,
        Target::Stage(name) => build.stage_named(name, build.stages.len()),
        Target::All => return (0..build.stages.len()).collect(),
    };
    let Some(target) = named.or(last) else { return BTreeSet::new() };
    if options.builder == Builder::Classic {
        return (0..=target).collect();
    }
    let mut found = BTreeSet::new();
    let mut ahead = vec![target];
    while let Some(index) = ahead.pop() {
        let Some(stage) = build.stages.get(index) else { continue };
        if !found.insert(index) {
            continue;
        }
        ahead.extend(base(build, stage, global));
        for step in &stage.steps {
            let instruction = &step.instruction;
            let copied = Copy::of(instruction).and_then(|copy| copy.from);
            let mounts = Run::of(instruction).map_or_else(Vec::new, |run| run.mounts);
            let mounted = mounts.iter().filter_map(Mount::from);
            let names = copied.as_deref().into_iter().chain(mounted);
            ahead.extend(names.filter_map(|name| build.stage_named(name, index)));
        }
    }
    found
}

/// What of a mount is part of the key: not which cache it is nor how it is shared, and the files apart.
fn mount_definition(mount: &Mount, scope: &Scope, escape: u8) -> String {
    let mut fields: Vec<String> = vec![format!("{:?}", mount.kind)];
    let target = mount.target().map(|target| scope.expand(target, escape));
    // A secret without a target lies where its name says.
    fields.push(target.map_or_else(String::new, |target| clean(&scope.below_workdir(&target))));
    let mut is_read_only = mount.kind == MountKind::Bind;
    for (key, value) in &mount.fields {
        let value = value.as_ref().map(|value| scope.expand(value, escape));
        let is_off = value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("false"));
        match key.as_str() {
            "type" | "source" | "src" | "from" | "target" | "dst" | "destination" | "sharing" => {}
            "id" if mount.kind == MountKind::Cache => {}
            "ro" | "readonly" => is_read_only = !is_off,
            "rw" | "readwrite" => is_read_only = is_off,
            _ => fields.push(format!("{key}={value:?}")),
        }
    }
    format!("{} {is_read_only}", fields.join(","))
}

fn is_remote(source: &str) -> bool {
    ["http://", "https://", "git://", "git@", "ssh://"].iter().any(|scheme| source.starts_with(scheme))
}

/// The bytes of a heredoc's file; of `<<-`, without the tabs that begin its lines.
fn heredoc_data(source: &[u8], heredoc: &dockfix_syntax::Heredoc) -> String {
    let data = String::from_utf8_lossy(heredoc.body.of(source)).into_owned();
    if !heredoc.chomp {
        return data;
    }
    data.split_inclusive('\n').map(|line| line.trim_start_matches('\t')).collect()
}

/// The longest title, in characters.
const TITLE_LENGTH: usize = 60;

fn title(instruction: &Instruction<'_>) -> String {
    let mut words: Vec<String> = vec![instruction.keyword().name().to_owned()];
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for flag in instruction.flags() {
        if flag.name.of(instruction.text()) == b"from" {
            words.push(lossy(flag.span.of(instruction.text())));
        }
    }
    let args = lossy(instruction.args());
    words.extend(args.split_whitespace().map(str::to_owned));
    let title = words.join(" ");
    match title.char_indices().nth(TITLE_LENGTH) {
        Some((at, _)) => format!("{}…", title.get(..at).unwrap_or_default().trim_end()),
        None => title,
    }
}
