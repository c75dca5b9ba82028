//! A step that makes sources newer, above a RUN that makes all of them newer itself.

use dockfix_model::ImagePath;
use dockfix_model::commands::{Action, Invocation, Link};
use dockfix_model::project::{Found, Project};
use dockfix_syntax::rewrite::{self, Comments};
use dockfix_syntax::{Edits, Keyword};

use super::RunStep;
use super::compiled::Compiler;
use crate::report::Safety;
use crate::transform::Proposals;

/// Proposes that such a step go.
pub(super) fn propose(run: &RunStep<'_, '_>, compiler: &Compiler<'_, '_>, proposals: &mut Proposals) {
    let links = &run.analysis.chain.links;
    let before = compiler.link.checked_sub(1).and_then(|number| links.get(number));
    let touched = before.and_then(sole).and_then(|command| touched_by_find(command, compiler));
    let above = run.stage.steps[..run.index].iter().rev();
    let step = above.into_iter().find(|step| step.instruction.keyword() != Keyword::Arg);
    let (Some(touched), Some(step)) = (touched, step) else { return };
    let Ok(analysis) = run.input.reading.run(step) else { return };
    let project = Project::new(run.input.context, run.input.supplies(run.stage), touched.clone());
    let is_there = |path: &ImagePath| matches!(project.find_at(path), Found::File(_));
    let is_for_nothing = |link: &Link<'_>| {
        sole(link).is_some_and(|command| {
            command.program == "touch"
                && command.redirects.is_empty()
                && command.arguments.iter().all(|word| {
                    let path = word.value.as_deref().filter(|path| path.ends_with(ending(compiler)));
                    let path = path.and_then(|path| Some(command.directory.as_ref()?.join(path)));
                    // Of a file that is not there, `touch` makes an empty one.
                    path.is_some_and(|path| path.below(&touched).is_some() && is_there(&path))
                })
        })
    };
    if step.instruction.flags().is_empty() && analysis.chain.links.iter().all(is_for_nothing) {
        let mut edits = Edits::new();
        let done = rewrite::delete(&mut edits, run.input.file(), step.instruction.index(), Comments::Stay);
        let reason = format!("line {} makes all sources newer itself", run.line());
        proposals.offer(step.instruction.start_line(), Safety::Safe, reason, done.map(|()| edits));
    }
}

/// The only command of a link.
fn sole<'l, 'a>(link: &'l Link<'a>) -> Option<&'l Invocation<'a>> {
    match &link.action {
        Action::Pipeline(commands) if commands.len() == 1 => commands.first(),
        _ => None,
    }
}

/// The directory below which a `find` makes all sources newer.
fn touched_by_find(command: &Invocation<'_>, compiler: &Compiler<'_, '_>) -> Option<ImagePath> {
    let words = command.values()?;
    let [directory, "-name", pattern, .., "-exec", "touch", "-c", "{}", "+"] = words[..] else { return None };
    (command.program == "find" && pattern == compiler.compiled.source_names)
        .then(|| command.directory.as_ref().map(|at| at.join(directory)))?
}

fn ending<'c>(compiler: &'c Compiler<'_, '_>) -> &'c str {
    compiler.compiled.source_names.trim_start_matches('*')
}
