//! A cache mount for what a build compiles, with the programs copied out of it to where they would be without it.
//!
//! Unsafe: the manager decides by time stamps what it compiles anew. The project's own sources are made newer than
//! anything in the mount, so that they are always compiled; of dependencies it looks at the versions alone.

use std::collections::{BTreeMap, BTreeSet};

use dockfix_ecosystems::{Compiled, Refusal, UsageKind};
use dockfix_model::ImagePath;
use dockfix_model::User;
use dockfix_model::build::Stage;
use dockfix_model::commands::{Action, Place};
use dockfix_model::images::Os;
use dockfix_model::project::Project;
use dockfix_syntax::rewrite::{self, RewriteError};
use dockfix_syntax::shell::Operator;
use dockfix_syntax::{Edits, Span};

use super::uses::{self, Uses};
use super::{RunStep, touching};
use crate::analysis::Managed;
use crate::failure;
use crate::mounts;
use crate::report::Safety;
use crate::transform::{Input, Proposals};

/// The command of a RUN that compiles, and what it keeps.
pub(super) struct Compiler<'r, 'a> {
    /// The command.
    pub(super) managed: &'r Managed<'a>,
    /// The number of its link.
    pub(super) link: usize,
    /// What it keeps.
    pub(super) compiled: Compiled,
}

/// What a command of a step compiles; `None` where the manager keeps nothing of it.
///
/// # Errors
///
/// When where it lies cannot be told.
pub(super) fn of(
    input: &Input<'_>,
    stage: &Stage<'_>,
    index: usize,
    managed: &Managed<'_>,
) -> Result<Option<Compiled>, Refusal> {
    if !matches!(managed.usage.kind, UsageKind::Build | UsageKind::Install) {
        return Ok(None);
    }
    let directory = managed.usage.directory.clone().unwrap_or_else(ImagePath::root);
    let project = Project::new(input.context, input.supplies(stage), directory).until(index);
    managed.ecosystem.compiled(managed.command(), &managed.usage, &stage.steps[index].state, &project)
}

/// Proposes the mount for a RUN that has got all others.
pub(super) fn propose(run: &RunStep<'_, '_>, proposals: &mut Proposals) {
    match plan(run, proposals) {
        Ok(None) => {}
        Ok(Some(plan)) => {
            let shown = &plan.mount;
            let reason = format!(
                "compiled dependencies stay in a cache mount ({shown}), and {} does not notice another base image or system library",
                plan.compiler.managed.command().program
            );
            proposals.offer(run.line(), Safety::Unsafe, reason, plan.edits(run));
        }
        Err(reason) if run.analysis.managed().any(|managed| managed.usage.kind == UsageKind::Build) => {
            proposals.refuse_unsafe(run.line(), reason);
        }
        // Whoever compiles in a step that is no build has arranged it otherwise.
        Err(_) => {}
    }
}

struct Plan<'r, 'a> {
    compiler: Compiler<'r, 'a>,
    mount: ImagePath,
    /// What is copied out, below the directory of the output; empty where the mount takes its place.
    copied: BTreeSet<String>,
    layout: Layout,
}

fn plan<'r, 'a>(run: &'r RunStep<'_, 'a>, proposals: &mut Proposals) -> Result<Option<Plan<'r, 'a>>, String> {
    let Some(compiler) = compiler(run)? else { return Ok(None) };
    let compiled = &compiler.compiled;
    if run.is_mounted(&compiled.directory) {
        touching::propose(run, &compiler, proposals);
        return Ok(None);
    }
    run.check_frontend()?;
    check_user(run, &compiler)?;
    mounts::check_sources(run.step, &compiled.sources)?;
    let layout = Layout::of(run, compiler.link)?;
    let Uses { inside, outside } = uses::find(run, &compiler)?;
    if outside.is_empty() {
        if compiled.directory.is_symbolic() {
            return Err(format!("the directory {} depends on a build argument", compiled.directory));
        }
        let mount = compiled.directory.clone();
        return Ok(Some(Plan { layout, compiler, mount, copied: BTreeSet::new() }));
    }
    if compiled.variable.is_none() {
        return Err(format!("the command says itself that its output goes to {}", compiled.directory));
    }
    let copied = inside.into_iter().chain(outside).collect();
    let mount = compiled.elsewhere.clone();
    if run.is_mounted(&mount) {
        return Err(format!("{mount} is mounted already"));
    }
    Ok(Some(Plan { layout, compiler, mount, copied }))
}

/// The command that compiles; `None` where there is none that keeps anything.
fn compiler<'r, 'a>(run: &'r RunStep<'_, 'a>) -> Result<Option<Compiler<'r, 'a>>, String> {
    let mut found: Option<Compiler<'r, 'a>> = None;
    for managed in run.analysis.managed() {
        let compiled = of(run.input, run.stage, run.index, managed).map_err(|refusal| refusal.to_string())?;
        let Some(compiled) = compiled else { continue };
        if found.is_some() {
            return Err("two of its commands compile".to_owned());
        }
        let link = run.analysis.chain.links.iter().position(|link| match &link.action {
            Action::Pipeline(commands) => {
                matches!(&commands[..], [command] if command.span == managed.command().span)
            }
            _ => false,
        });
        if run.analysis.chain.place == Place::Exec {
            return Err("it is in JSON form, without a shell".to_owned());
        }
        let Some(link) = link else {
            return Err(format!("`{}` is part of a pipeline or of another shell", managed.command().program));
        };
        found = Some(Compiler { managed, link, compiled });
    }
    Ok(found)
}

/// The directory must be writable, the sources the user's own to make them newer, and there must be a `find`.
fn check_user(run: &RunStep<'_, '_>, compiler: &Compiler<'_, '_>) -> Result<(), String> {
    let state = &run.step.state;
    match compiler.managed.command().user.as_ref().unwrap_or(&state.user) {
        _ if compiler.managed.command().user.is_some() => {
            return Err("it runs as another user than the RUN itself".to_owned());
        }
        User::Root => {}
        User::Unknown => return Err("the user that the base image sets is not known".to_owned()),
        User::Other { name, .. } => {
            return Err(format!("the sources may not belong to user {name}, who could not make them newer"));
        }
    }
    if state.base.os() == Os::RedHat {
        return Err("images of this distribution may come without `find`".to_owned());
    }
    Ok(())
}

impl Plan<'_, '_> {
    fn edits(&self, run: &RunStep<'_, '_>) -> Result<Edits, RewriteError> {
        let mut edits = Edits::new();
        let instruction = &run.step.instruction;
        let compiled = &self.compiler.compiled;
        let flag = format!("--mount=type=cache,id={},target={},sharing=locked", self.id(run), self.mount);
        rewrite::insert_flags(&mut edits, instruction, &[&flag])?;
        let Layout { top, line_break, joint } = &self.layout;
        let (mut before, after) = (self.before(), self.after());
        if let Some(variable) = compiled.variable.filter(|_| !self.copied.is_empty()) {
            let assignment = format!("{variable}={} ", self.mount);
            before = format!("{before}{joint}{assignment}");
        } else {
            before.push_str(joint);
        }
        let chain = &run.analysis.chain;
        let start = chain.links.first().and_then(|link| chain.source_span(instruction, link.span));
        let span = chain.source_span(instruction, self.compiler.managed.command().span);
        let (Some(start), Some(span)) = (start, span) else {
            return Err(RewriteError::NoSuchItem(instruction.index()));
        };
        edits.insert(start.start, top.as_str())?;
        edits.insert(span.start, format!("{line_break}{before}"))?;
        if let Some(after) = after {
            edits.insert(span.end, format!("{joint}{after}"))?;
        }
        Ok(edits)
    }

    /// The name of the mount: other projects have others, and so have other base images, whose C library the output is
    /// linked with. Of their tags the words without digits count, for versions come and go.
    fn id(&self, run: &RunStep<'_, '_>) -> String {
        let (compiled, base) = (&self.compiler.compiled, &run.step.state.base);
        let words = base.tag.split('-').filter(|word| {
            !word.is_empty() && *word != "latest" && !word.contains(|ch: char| ch.is_ascii_digit())
        });
        let image = base.repository.rsplit('/').next().unwrap_or_default();
        let parts = [compiled.name.as_str(), compiled.directory.name(), image].into_iter().chain(words);
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
    }

    /// Makes the sources newer than all that is in the mount.
    fn before(&self) -> String {
        let compiled = &self.compiler.compiled;
        let current = self.compiler.managed.command().directory.as_ref();
        let here = if current == Some(&compiled.sources) { "." } else { compiled.sources.as_str() };
        let inside = compiled.directory.below(&compiled.sources).filter(|_| self.copied.is_empty());
        let above = here.trim_end_matches('/');
        let except = inside.map_or(String::new(), |inside| format!(" ! -path '{above}/{inside}/*'"));
        // The root of the image holds more than the project: other file systems at least are left out.
        let own = if compiled.sources == ImagePath::root() { " -xdev" } else { "" };
        let names = compiled.source_names;
        format!("find {here}{own} -name '{names}'{except} -exec touch -c {{}} +")
    }

    /// Copies what others use out of the mount.
    fn after(&self) -> Option<String> {
        let compiled = &self.compiler.compiled;
        let current = self.compiler.managed.command().directory.as_ref();
        let relative = current.and_then(|current| compiled.directory.below(current));
        let target = relative.unwrap_or(compiled.directory.as_str());
        let mut directories: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for path in &self.copied {
            let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
            directories.entry(directory).or_default().push(format!("{}/{path}", self.mount));
        }
        let commands = directories.iter().flat_map(|(directory, files)| {
            let directory = format!("{target}/{directory}");
            [format!("mkdir -p {directory}"), format!("cp {} {directory}/", files.join(" "))]
        });
        let commands: Vec<_> = commands.collect();
        (!commands.is_empty()).then(|| commands.join(&self.layout.joint))
    }
}

/// How new commands are joined to those of a RUN.
struct Layout {
    /// At the start of the script, which shares its line with the flags.
    top: String,
    /// Before the first of them, where it shares its line with the command before.
    line_break: String,
    /// Between two commands.
    joint: String,
}

impl Layout {
    /// In the manner of the commands beside it. The error says that a failure would not be noticed there.
    fn of(run: &RunStep<'_, '_>, number: usize) -> Result<Self, String> {
        let chain = &run.analysis.chain;
        let operator = |number: usize| {
            let link = chain.links.get(number)?;
            chain.links.get(number + 1).and(link.operator).map(|(operator, _)| operator)
        };
        let before = number.checked_sub(1).and_then(operator);
        let after = operator(number);
        if (number..chain.links.len()).any(|number| operator(number) == Some(Operator::Or)) {
            return Err("the commands behind it run even where one fails".to_owned());
        }
        let each_counts = failure::stops_at_failure(chain);
        let beside = match (before, after) {
            (None | Some(Operator::And | Operator::Semicolon | Operator::Newline), None) => {
                number.checked_sub(1).filter(|_| before == Some(Operator::And))
            }
            (None | Some(Operator::And | Operator::Semicolon | Operator::Newline), Some(Operator::And)) => {
                Some(number)
            }
            (
                None | Some(Operator::Semicolon | Operator::Newline),
                Some(Operator::Semicolon | Operator::Newline),
            ) if each_counts => Some(number),
            _ => return Err("the commands beside it run even where it fails".to_owned()),
        };
        let file = run.input.file();
        let source = |span: Span| {
            let span = chain.source_span(&run.step.instruction, span).unwrap_or_default();
            String::from_utf8_lossy(span.of(file.source())).into_owned()
        };
        let gap_after = |number: usize| {
            let link = |number: usize| chain.links.get(number).map_or(Span::empty(0), |link| link.span);
            source(Span::new(link(number).end, link(number + 1).start))
        };
        let line_end = file.line_end();
        let own_line = match chain.place {
            Place::Logical(_) => format!("{}{line_end}    ", char::from(file.escape())),
            _ => line_end.to_owned(),
        };
        let joint = match beside.map(gap_after) {
            Some(gap) if gap.contains('\n') && !gap.contains('#') => gap,
            Some(gap) if gap.trim() == ";" => format!("; {own_line}"),
            _ => format!(" && {own_line}"),
        };
        let instruction = &run.step.instruction;
        let start = instruction.flags().last().map_or(instruction.keyword_span(), |flag| flag.span).end;
        let is_on_own_line = match chain.place {
            Place::Logical(offset) => {
                let start = instruction.source_span(Span::new(start, offset));
                start.of(file.source()).contains(&b'\n')
            }
            _ => true,
        };
        let breaks = |is_wanted: bool| if is_wanted { own_line.clone() } else { String::new() };
        let gap = number.checked_sub(1).map(gap_after);
        let is_inline =
            matches!(chain.place, Place::Logical(_)) && gap.is_some_and(|gap| !gap.contains('\n'));
        Ok(Self { top: breaks(!is_on_own_line), line_break: breaks(is_inline), joint })
    }
}
