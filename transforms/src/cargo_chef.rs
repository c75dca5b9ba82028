//! `cargo-chef`: what a build takes from others is compiled in a step of its own, above the sources.
//!
//! Two stages come in front of the one that compiles: one has the tool, the other makes a plan of the project's manifests.
//! A RUN above the first copy of the project compiles by that plan. What the tool is called and what it can do is the
//! business of its package manager ([`dockfix_ecosystems::Planner`]).
//!
//! Unsafe: the tool comes from a registry, the stages are new, and an image that is run keeps more of the output.

mod between;
mod text;

use dockfix_ecosystems::{Planned, Planner, UsageKind};
use dockfix_model::build::{Base, Stage, Step};
use dockfix_model::commands::Action;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, User};
use dockfix_syntax::Keyword;
use dockfix_syntax::view::{Copy, MountKind};

use crate::analysis::{Analysis, Managed};
use crate::mounts;
use crate::report::Safety;
use crate::stages::names;
use crate::transform::{Described, Input, Proposals, Transform};

/// See the [module](self).
pub(crate) struct CargoChef;

impl Described for CargoChef {
    fn id(&self) -> &'static str {
        "cargo-chef"
    }

    fn summary(&self) -> &'static str {
        "compiles Rust dependencies in a step of their own, with --unsafe"
    }

    fn documentation(&self) -> &'static str {
        include_str!("../docs/cargo-chef.md")
    }
}

impl Transform for CargoChef {
    fn propose(&self, input: &Input<'_>) -> Proposals {
        let mut proposals = Proposals::default();
        for stage in &input.reading.build.stages {
            let Some(compiler) = compiler(input, stage) else { continue };
            let line = compiler.step.instruction.start_line();
            match compiler.plan() {
                Ok(None) => {}
                Ok(Some(plan)) => {
                    let reason = format!(
                        "{} compiles the dependencies in a step of their own, which an edit of the sources leaves cached",
                        compiler.planner.name
                    );
                    proposals.offer(line, Safety::Unsafe, reason, text::edits(&compiler, &plan));
                    // A second stage would want the tool and the plan of the first.
                    return proposals;
                }
                Err(reason) => proposals.refuse_unsafe(line, reason),
            }
        }
        proposals
    }
}

/// The first RUN of a stage that compiles a project.
struct Compiler<'r, 'a> {
    input: &'r Input<'a>,
    stage: &'r Stage<'a>,
    index: usize,
    step: &'r Step<'a>,
    analysis: &'r Analysis<'a>,
    managed: &'r Managed<'a>,
    planner: &'static Planner,
}

/// What will stand where.
struct Plan {
    planned: Planned,
    /// The commands of the new RUN: one for each of the original that compiles.
    cooks: Vec<String>,
    /// The steps of the stage that copy the project, the first of which the new RUN comes above.
    copies: Vec<usize>,
    /// The steps between the copies that have to come above the new RUN.
    raised: Vec<usize>,
    /// The flags of the RUN that the new one needs too.
    flags: Vec<String>,
}

/// What there is to do in a stage, unless somebody has done it in another way.
fn compiler<'r, 'a>(input: &'r Input<'a>, stage: &'r Stage<'a>) -> Option<Compiler<'r, 'a>> {
    let (index, step, analysis, managed, planner) =
        stage.steps.iter().enumerate().find_map(|(index, step)| {
            if step.instruction.keyword() != Keyword::Run {
                return None;
            }
            let analysis = input.reading.run(step).ok()?;
            let managed = analysis.managed().find(|managed| managed.usage.kind == UsageKind::Build)?;
            Some((index, step, analysis, managed, managed.ecosystem.planner()?))
        })?;
    let uses_it = |text: &[u8]| String::from_utf8_lossy(text).to_ascii_lowercase().contains(planner.mark);
    let is_used =
        input.file().instructions().any(|instruction| uses_it(instruction.span().of(input.file().source())));
    (!is_used).then_some(Compiler { input, stage, index, step, analysis, managed, planner })
}

impl Compiler<'_, '_> {
    /// Where everything goes; `None` where the output is in a mount. The error says why it stays as it is.
    fn plan(&self) -> Result<Option<Plan>, String> {
        let usage = &self.managed.usage;
        let directory = usage.directory.clone().ok_or("the directory that it works in is not known")?;
        let project =
            Project::new(self.input.context, self.input.supplies(self.stage), directory).until(self.index);
        let (command, state) = (self.managed.command(), &self.step.state);
        let ecosystem = self.managed.ecosystem;
        let output = ecosystem.compiled(command, usage, state, &project).ok().flatten();
        if output.is_some_and(|compiled| self.is_kept(&compiled.directory)) {
            return Ok(None);
        }
        let flags = self.flags(project.directory())?;
        let planned = ecosystem.planned(command, usage, state, &project);
        let Some(planned) = planned.map_err(|refusal| refusal.to_string())? else { return Ok(None) };
        if planned.directory.is_symbolic() {
            return Err(format!("the directory {} depends on a build argument", planned.directory));
        }
        self.check_stages()?;
        self.check_commands()?;
        self.check_image(&planned)?;
        let copies = self.copies_of(0..self.index, &planned.directory);
        let Some(&first) = copies.first() else {
            return Err("no COPY of this stage brings the project".to_owned());
        };
        // The new stages start as this one does.
        let mut states = [0, first, self.index].into_iter().map(|index| &self.stage.steps[index].state);
        if states.any(|state| state.user != User::Root) {
            return Err("it does not run as root, and may not write where the sources will be".to_owned());
        }
        self.check_later(&planned)?;
        let raised = self.raised(&planned, &copies)?;
        let mut cooks = vec![planned.cook.clone()];
        for other in self.analysis.managed().filter(|other| other.usage.directory == usage.directory) {
            let planned = other.ecosystem.planned(other.command(), &other.usage, state, &project);
            match planned {
                Ok(Some(planned)) if !cooks.contains(&planned.cook) => cooks.push(planned.cook),
                _ => {}
            }
        }
        Ok(Some(Plan { planned, cooks, copies, raised, flags }))
    }

    /// Whether a cache mount of the RUN keeps the output.
    fn is_kept(&self, output: &ImagePath) -> bool {
        mounts::over(self.step, output).iter().any(|mount| mount.kind == MountKind::Cache)
    }

    fn path(&self, step: &Step<'_>, path: &str) -> Option<ImagePath> {
        step.state.path(path, self.input.file().escape())
    }

    /// New stages must leave the others as they are.
    fn check_stages(&self) -> Result<(), String> {
        let build = &self.input.reading.build;
        let taken = |name: &str| {
            self.planner
                .stages
                .iter()
                .any(|ours| name.split([':', '@']).next().is_some_and(|name| name.eq_ignore_ascii_case(ours)))
        };
        let moves = |name: &str| name.parse().is_ok_and(|number: usize| number >= self.stage.index);
        for stage in &build.stages {
            let base = match &stage.base {
                Base::Image(image) => image.name.as_str(),
                Base::Stage(_) => "",
            };
            let name = stage.name.as_deref().unwrap_or_default();
            if let Some(name) = [name, base].into_iter().find(|name| taken(name)) {
                return Err(format!("line {} uses the name `{name}` already", stage.from.start_line()));
            }
            for step in &stage.steps {
                let line = step.instruction.start_line();
                for name in names(step) {
                    if taken(&name) {
                        return Err(format!("line {line} uses the name `{name}` already"));
                    }
                    if moves(&name) {
                        return Err(format!("line {line} names a stage by its number, which would change"));
                    }
                }
            }
        }
        for ancestor in build.ancestors(self.stage.index) {
            for step in &build.stages[ancestor].steps {
                let line = step.instruction.start_line();
                let from_context = Copy::of(&step.instruction).is_some_and(|copy| copy.from.is_none());
                if from_context || step.instruction.keyword() == Keyword::Onbuild {
                    return Err(format!("line {line} copies files into the stage that this one starts from"));
                }
            }
        }
        Ok(())
    }

    /// What the RUN does before it compiles would not be done yet.
    fn check_commands(&self) -> Result<(), String> {
        for link in &*self.analysis.chain.links {
            if link.span.contains(self.managed.command().span.start) {
                return Ok(());
            }
            let program = match &link.action {
                Action::Pipeline(commands) => match &commands[..] {
                    [command] if matches!(&*command.program, "set" | "cd") => continue,
                    [command, ..] => &*command.program,
                    [] => continue,
                },
                _ => "other commands",
            };
            return Err(format!("it runs `{program}` first, and the dependencies may need what that does"));
        }
        Ok(())
    }

    /// Whoever compiles again once more of the project is there has done it for the dependencies.
    fn check_later(&self, planned: &Planned) -> Result<(), String> {
        let copies = self.copies_of(self.index + 1..self.stage.steps.len(), &planned.directory);
        let Some(first) = copies.first() else { return Ok(()) };
        let later = self.stage.steps.iter().skip(*first);
        for step in later.filter(|step| step.instruction.keyword() == Keyword::Run) {
            let compiles = |other: &Managed<'_>| {
                other.usage.kind == UsageKind::Build
                    && other.ecosystem.name() == self.managed.ecosystem.name()
            };
            if self.input.reading.run(step).is_ok_and(|analysis| analysis.managed().any(compiles)) {
                let line = step.instruction.start_line();
                return Err(format!("line {line} compiles again, with more of the project"));
            }
        }
        Ok(())
    }

    /// An image that is run must not keep what was removed before.
    fn check_image(&self, planned: &Planned) -> Result<(), String> {
        if self.input.reading.build.image_of(self.stage.index).is_none() {
            return Ok(());
        }
        let runs = self.stage.steps.iter().skip(self.index);
        for step in runs.filter(|step| step.instruction.keyword() == Keyword::Run) {
            let Ok(analysis) = self.input.reading.run(step) else { continue };
            let removes = analysis.chain.invocations().into_iter().any(|command| {
                let removed = |path: &str| {
                    command.directory.as_ref().is_some_and(|at| {
                        let path = at.join(path.trim_end_matches(['*', '/']));
                        planned.output.below(&path).is_some()
                    })
                };
                match &*command.program {
                    "rm" => command.arguments.iter().any(|word| word.value.as_deref().is_none_or(removed)),
                    program => program == self.managed.command().program && command.has("clean"),
                }
            });
            if removes {
                let line = step.instruction.start_line();
                return Err(format!(
                    "line {line} removes the output, which the image would keep in another layer"
                ));
            }
        }
        Ok(())
    }

    /// The flags that the new RUN needs as well: caches, secrets.
    fn flags(&self, directory: &ImagePath) -> Result<Vec<String>, String> {
        mounts::check_sources(self.step, directory)?;
        let instruction = &self.step.instruction;
        let flags = instruction.flags().iter().map(|flag| {
            let text = String::from_utf8_lossy(flag.span.of(instruction.text())).into_owned();
            if text.starts_with("--mount") { Ok(text) } else { Err(format!("it has the flag `{text}`")) }
        });
        flags.collect()
    }
}
