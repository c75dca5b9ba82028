//! Which steps run again after a change, by the rules of BuildKit's cache.
//!
//! Sources: moby/buildkit `frontend/dockerfile/dockerfile2llb/convert.go`, Docker docs "Build cache invalidation"; measured
//! on Docker 26. A step that runs again makes everything after it in its stage run again, and the stages that start from
//! it. `COPY --from` is keyed by content: here it counts as run again when its stage does, which is the worst case.

use dockfix_syntax::view::{Copy, MountKind, Run, Variables};
use dockfix_syntax::{Instruction, Keyword};

use crate::build::{Base, Build, Stage};
use crate::context::Context;
use crate::pattern::Pattern;

/// Something that is different in the next build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// The content of this file of the context.
    File(String),
    /// The value of this build argument.
    Argument(String),
    /// The base images.
    Base,
}

/// A step that runs again: the stage and the place of the instruction in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rerun {
    /// Index of the stage.
    pub stage: usize,
    /// Index among the stage's steps.
    pub step: usize,
}

/// The steps that run again after `edit`, in the order of the file. Instructions that make no step are not listed.
#[must_use]
pub fn reruns(build: &Build<'_>, context: &Context, edit: &Edit) -> Vec<Rerun> {
    let mut found = Vec::new();
    // For each stage: whether a step of it ran again, and whether its last state carries a changed argument.
    let mut ran: Vec<bool> = Vec::with_capacity(build.stages.len());
    let mut changed_argument: Vec<bool> = Vec::with_capacity(build.stages.len());
    for stage in &build.stages {
        let (mut running, mut argument) = match &stage.base {
            Base::Stage(parent) => (ran[*parent], changed_argument[*parent]),
            Base::Image(_) => (*edit == Edit::Base || from_reads(build, stage, edit), false),
        };
        for (index, step) in stage.steps.iter().enumerate() {
            let instruction = &step.instruction;
            match instruction.keyword() {
                Keyword::Arg => argument = argument || declares(build, instruction, edit),
                Keyword::Run => {
                    running = running
                        || argument
                        || Run::of(instruction).is_some_and(|run| {
                            run.mounts.iter().any(|mount| match mount.from() {
                                None => {
                                    mount.kind == MountKind::Bind
                                        && takes(context, mount.source().unwrap_or("."), edit)
                                }
                                Some(from) => other_stage_ran(build, stage, from, &ran),
                            })
                        });
                }
                Keyword::Copy | Keyword::Add => {
                    running = running || copy_reruns(build, stage, instruction, context, edit, &ran);
                    running = running || (argument && expands_changed(instruction, edit));
                }
                Keyword::Workdir => running = running || (argument && expands_changed(instruction, edit)),
                // They make no step.
                _ => continue,
            }
            if running && instruction.keyword() != Keyword::Arg {
                found.push(Rerun { stage: stage.index, step: index });
            }
        }
        ran.push(running);
        changed_argument.push(argument);
    }
    found
}

fn copy_reruns(
    build: &Build<'_>,
    stage: &Stage<'_>,
    instruction: &Instruction<'_>,
    context: &Context,
    edit: &Edit,
    ran: &[bool],
) -> bool {
    let Some(copy) = Copy::of(instruction) else { return false };
    match &copy.from {
        Some(from) => other_stage_ran(build, stage, from, ran),
        None => copy.sources.iter().any(|source| !source.is_heredoc && takes(context, &source.text, edit)),
    }
}

fn other_stage_ran(build: &Build<'_>, stage: &Stage<'_>, from: &str, ran: &[bool]) -> bool {
    build.stage_named(from, stage.index).is_some_and(|index| ran.get(index) == Some(&true))
}

/// Whether a source of COPY takes the edited file.
fn takes(context: &Context, source: &str, edit: &Edit) -> bool {
    let Edit::File(path) = edit else { return false };
    if context.is_excluded(path).unwrap_or(false) {
        return false;
    }
    let source: Vec<_> = source.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect();
    if source.iter().any(|segment| segment.contains('$')) {
        return true;
    }
    let path: Vec<_> = path.split('/').collect();
    source.len() <= path.len()
        && source.iter().zip(&path).all(|(pattern, name)| {
            Pattern::new(pattern).map_or(pattern == name, |pattern| pattern.matches(name))
        })
}

fn declares(build: &Build<'_>, instruction: &Instruction<'_>, edit: &Edit) -> bool {
    let Edit::Argument(name) = edit else { return false };
    let declared = Variables::of(instruction).map_or_else(Vec::new, |view| view.assigned);
    // An argument whose default names another one changes with it.
    declared.iter().any(|assigned| {
        assigned.name.text == *name
            || assigned.value.as_ref().is_some_and(|value| mentions(build, &value.text, name))
    })
}

fn from_reads(build: &Build<'_>, stage: &Stage<'_>, edit: &Edit) -> bool {
    let Edit::Argument(name) = edit else { return false };
    mentions(build, &String::from_utf8_lossy(stage.from.text()), name)
}

fn mentions(build: &Build<'_>, text: &str, name: &str) -> bool {
    let read = dockfix_syntax::variables(text.as_bytes(), build.file.escape());
    read.unknown || read.names.iter().any(|read| read == name)
}

/// Whether an instruction other than RUN expands the changed argument. ENV lines that carry it on are followed no
/// further: what they set counts as changed wherever the argument does.
fn expands_changed(instruction: &Instruction<'_>, edit: &Edit) -> bool {
    let Edit::Argument(_) = edit else { return false };
    let read = dockfix_syntax::variables(instruction.text(), instruction.file().escape());
    read.unknown || !read.names.is_empty()
}

#[cfg(test)]
mod tests {
    use dockfix_syntax::Dockerfile;

    use super::*;

    /// Lines that run again.
    fn lines(text: &str, edit: Edit) -> Vec<usize> {
        let file = Dockerfile::parse(text.as_bytes());
        let build = Build::of(&file);
        let context = Context::in_memory([("a.txt", ""), ("ignored", ""), (".dockerignore", "ignored\n")]);
        let line = |rerun: &Rerun| build.stages[rerun.stage].steps[rerun.step].instruction.start_line();
        reruns(&build, &context, &edit).iter().map(line).collect()
    }

    #[test]
    fn a_file_reruns_what_copies_it_and_what_follows() {
        let text = "FROM a\nWORKDIR /x\nCOPY p*.json ./\nRUN i\nCOPY . .\nENV A=b\nRUN b\nFROM scratch\nCOPY --from=0 /x /\n";
        assert_eq!(lines(text, Edit::File("src/a.js".into())), [5, 7, 9]);
        assert_eq!(lines(text, Edit::File("package.json".into())), [3, 4, 5, 7, 9]);
        assert_eq!(lines(text, Edit::File("ignored".into())), [] as [usize; 0]);
        assert_eq!(lines(text, Edit::Base), [2, 3, 4, 5, 7, 9]);
    }

    #[test]
    fn an_argument_reruns_the_next_run() {
        let text = "ARG A\nFROM a\nARG A\nCOPY . .\nRUN x\nFROM a\nRUN y\n";
        assert_eq!(lines(text, Edit::Argument("A".into())), [5]);
        let text = "ARG T=1\nFROM a:$T\nRUN x\n";
        assert_eq!(lines(text, Edit::Argument("T".into())), [3]);
        let text = "FROM a AS b\nARG A\nFROM b\nRUN x\n";
        assert_eq!(lines(text, Edit::Argument("A".into())), [4]);
    }
}
