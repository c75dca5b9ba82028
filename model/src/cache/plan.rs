//! The steps of a Dockerfile.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use dockfix_syntax::Keyword;
use dockfix_syntax::view::{Copy, From as FromView, Mount};

use super::compare::{Changes, Keys, Taken};
use super::definition::Definition;
use super::reads::{ArgumentNames, Reads};
use super::scope::{Expanded, Given, Scope};
use super::{Builder, Content, Edit, FileChange, Input, Layer, Options, Outcomes, Target, Verdict};
use crate::build::{Base, Build, Stage};
use crate::context::Context;
use crate::images::BaseImage;

/// The steps of a Dockerfile as they are built, with what their keys are made of. See the [module](super).
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) options: Options,
    pub(super) context: Context,
    pub(super) stages: Vec<PlannedStage>,
    pub(super) steps: Vec<Step>,
    /// The keys of the steps where nothing has changed.
    pub(super) keys: Keys,
    /// Whether any step takes files from a stage or image, or stands on files.
    pub(super) takes_content: bool,
    arguments: ArgumentNames,
    /// The arguments whose value decides which stages and steps there are.
    pub(super) structure: Reads,
    /// The images that stages start from, by the name with its variables replaced, and the arguments that decide about it.
    bases: Vec<(String, Reads)>,
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
    /// What it stands on.
    pub below: Layer,
    /// It does not depend on what it stands on (`COPY --link`): only what stands on it does.
    pub is_linked: bool,
    /// It depends on the files of what it stands on, and not on how they came to be.
    pub(super) is_on_content: bool,
    /// The files that it takes from elsewhere.
    pub inputs: Vec<Input>,
    /// What else its key is made of.
    pub(super) definition: Definition,
    /// The hash of the definition, which is asked for with every edit.
    pub(super) definition_hash: u64,
}

impl Plan {
    /// The steps that are made of `build` in `context`.
    #[must_use]
    pub fn of(build: &Build<'_>, context: &Context, options: &Options) -> Self {
        let arguments = ArgumentNames::of(build);
        let given = Given { options, names: &arguments };
        let mut global = Scope::global(options);
        for instruction in &build.global {
            global.declare_global(instruction, given);
        }
        let mut plan = Self {
            options: options.clone(),
            context: context.clone(),
            stages: Vec::with_capacity(build.stages.len()),
            steps: Vec::new(),
            keys: Keys::default(),
            takes_content: false,
            arguments: arguments.clone(),
            structure: Reads::default(),
            bases: Vec::new(),
        };
        let needed = needed(build, &global, options);
        let mut scopes: Vec<Scope> = Vec::with_capacity(build.stages.len());
        for stage in &build.stages {
            let (base, reads) = base(build, stage, &global);
            let (base, mut scope) = match base {
                Err(image) if image != "scratch" => {
                    let scope = match &stage.base {
                        Base::Image(known) if known.name == image => Scope::of_image(known),
                        _ => Scope::of_image(&BaseImage::named(&image)),
                    };
                    plan.bases.push((image.clone(), reads));
                    (Layer::Image(image), scope)
                }
                // Another value would make it another kind of stage.
                other => {
                    plan.structure = plan.structure.and(reads.doubtful());
                    match other {
                        Ok(earlier) => (plan.stages[earlier].end.clone(), scopes[earlier].inherited()),
                        Err(scratch) => (Layer::Scratch, Scope::of_image(&BaseImage::named(&scratch))),
                    }
                }
            };
            let is_built = needed.contains(&stage.index);
            let start = plan.steps.len();
            let mut end = base.clone();
            if is_built {
                end = plan.push_steps(build, stage, &base, &mut scope, &global, given);
            }
            let line = stage.from.start_line();
            let (index, name) = (stage.index, stage.name.clone());
            let steps = start..plan.steps.len();
            plan.stages.push(PlannedStage { index, name, line, base, end, is_built, steps });
            scopes.push(scope);
        }
        let takes_content = |step: &Step| {
            step.is_on_content || step.inputs.iter().any(|input| matches!(input, Input::Layer { .. }))
        };
        plan.takes_content = plan.steps.iter().any(takes_content);
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
        inputs.iter().any(|input| input.selects(path)) && !self.context.ignore().rules().is_excluded(path)
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
                Edit::Argument(name) => set_to_another(&mut options, name),
                Edit::Base => changes.images = true,
            }
        }
        if options == self.options {
            return self.compare_changes(self, &changes, Content::Unknown);
        }
        Self::of(build, &self.context, &options).compare_changes(self, &changes, Content::Unknown)
    }

    /// For each step of this plan what becomes of it after one edit: as [`Self::outcomes`], but much faster, since nobody
    /// asks for causes. What the next build no longer makes a step of counts as cached.
    #[must_use]
    pub fn verdicts(&self, build: &Build<'_>, edit: &Edit) -> Vec<Verdict> {
        let mut changes = Changes::default();
        let takes =
            |path: &str| self.steps.iter().flat_map(|step| &step.inputs).any(|input| input.selects(path));
        match edit {
            Edit::File(path) if takes(path) => changes.files.push(FileChange::edited(path)),
            Edit::File(_) => return vec![Verdict::Cached; self.steps.len()],
            Edit::Base => changes.images = true,
            Edit::Argument(name) => match self.changed_by(name) {
                Some(changed) => changes = changed,
                None => return self.verdicts_with_another(build, name),
            },
        }
        self.verdicts_of(self, &changes, &Taken::of(self, self, &changes), Content::Unknown)
    }

    fn verdicts_with_another(&self, build: &Build<'_>, argument: &str) -> Vec<Verdict> {
        let mut options = self.options.clone();
        set_to_another(&mut options, argument);
        let next = Self::of(build, &self.context, &options);
        let (changes, mut verdicts) = (Changes::default(), vec![Verdict::Cached; self.steps.len()]);
        let found = next.verdicts_of(self, &changes, &Taken::of(&next, self, &changes), Content::Unknown);
        // Another value may bring a WORKDIR that makes no step now, and the other way round.
        let mut ours = self.steps.iter().zip(&mut verdicts).peekable();
        for (step, verdict) in next.steps.iter().zip(found) {
            let place = (step.stage, step.instruction);
            while ours.next_if(|(own, _)| (own.stage, own.instruction) < place).is_some() {}
            if let Some((_, own)) = ours.next_if(|(own, _)| (own.stage, own.instruction) == place) {
                *own = verdict;
            }
        }
        verdicts
    }

    /// The steps and base images of which another value of an argument makes others, for themselves; `None` where that takes
    /// a plan with that value.
    fn changed_by(&self, argument: &str) -> Option<Changes<'_>> {
        if self.options.builder == Builder::Classic {
            return None;
        }
        let argument = self.arguments.reads(argument)?;
        self.structure.changes_with(argument)?;
        let steps = self.steps.iter().map(|step| step.definition.reads.changes_with(argument));
        let steps = steps.collect::<Option<_>>()?;
        Some(Changes { steps, other_images: self.bases_changed_by(argument)?, ..Changes::default() })
    }

    /// The base images that have another name with another value of an argument; `None` where that cannot be told apart from
    /// the same name written elsewhere, or where more follows from it than that the steps above the image run again.
    fn bases_changed_by(&self, argument: Reads) -> Option<Vec<&str>> {
        let mut changed = Vec::new();
        for (image, reads) in &self.bases {
            if reads.changes_with(argument)? {
                changed.push(image.as_str());
            }
        }
        if changed.is_empty() {
            return Some(changed);
        }
        let stays = |(image, reads): &(String, Reads)| {
            changed.contains(&image.as_str()) && reads.changes_with(argument) != Some(true)
        };
        let is_copied = |input: &Input| matches!(input, Input::Layer { layer: Layer::Image(image), .. } if changed.contains(&image.as_str()));
        // A linked copy takes nothing of the image but its settings, of which those of another are not known.
        let depends = |step: &Step| step.is_linked || step.inputs.iter().any(is_copied);
        (!self.bases.iter().any(stays) && !self.steps.iter().any(depends)).then_some(changed)
    }
}

/// Gives an argument a value like none that a file names, or the change would be none.
fn set_to_another(options: &mut Options, argument: &str) {
    let value = options.arguments.get(argument).map_or("", String::as_str);
    let value = format!("{value}-another-value");
    options.arguments.insert(argument.to_owned(), value);
}

/// The stage that a stage starts from, or an image; and the build arguments that decide about it.
fn base(build: &Build<'_>, stage: &Stage<'_>, global: &Scope) -> (Result<usize, String>, Reads) {
    let image = FromView::of(&stage.from).map_or_else(String::new, |from| from.image.text.into_owned());
    let Expanded { text: image, reads } = global.expand(&image, build.file.escape());
    let earlier = build.stages.get(..stage.index).unwrap_or_default();
    let name = image.to_lowercase();
    let found = earlier.iter().rposition(|earlier| earlier.name.as_deref() == Some(&name));
    (found.ok_or(image), reads)
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
        ahead.extend(base(build, stage, global).0);
        for step in &stage.steps {
            let instruction = &step.instruction;
            let copied = Copy::of(instruction).and_then(|copy| copy.from);
            let mounts = instruction.mounts();
            let mounted = mounts.iter().filter_map(Mount::from);
            let names = copied.as_deref().into_iter().chain(mounted);
            ahead.extend(names.filter_map(|name| build.stage_named(name, index)));
        }
    }
    found
}
