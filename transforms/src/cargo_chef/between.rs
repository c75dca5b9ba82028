//! What stands between the first copy of the project and the RUN that compiles it.

use std::ops::Range;

use dockfix_ecosystems::Planned;
use dockfix_model::ImagePath;
use dockfix_model::build::Step;
use dockfix_syntax::Keyword;
use dockfix_syntax::view::{Copy, Variables, argument};

use super::Compiler;
use crate::analysis::has_project;

impl Compiler<'_, '_> {
    /// The steps in a range that copy something of the project from the build context.
    pub(super) fn copies_of(&self, range: Range<usize>, directory: &ImagePath) -> Vec<usize> {
        let steps = self.stage.steps.iter().enumerate().take(range.end).skip(range.start);
        let copies = steps.filter(|(_, step)| {
            let Some(copy) = Copy::of(&step.instruction).filter(|copy| copy.from.is_none()) else {
                return false;
            };
            let target = self.path(step, &copy.destination.text);
            let is_remote = |text: &str| text.contains("://") || text.starts_with("git@");
            copy.sources.iter().any(|source| !is_remote(&source.text))
                && target.is_none_or(|target| target.overlaps(directory))
        });
        copies.map(|(index, _)| index).collect()
    }

    /// The steps between the copies and the RUN that must hold where the dependencies are compiled, and can stand above
    /// the copies. The error names one that cannot.
    pub(super) fn raised(&self, planned: &Planned, copies: &[usize]) -> Result<Vec<usize>, String> {
        let first = copies.first().copied().unwrap_or(self.index);
        let mut raised = Vec::new();
        for (index, step) in self.stage.steps.iter().enumerate().take(self.index).skip(first) {
            if copies.contains(&index) {
                self.check_copy(step)?;
            } else if self.is_raised(planned, copies, index)? {
                raised.push(index);
            }
        }
        let moves = raised.iter().any(|&index| self.is_workdir(index));
        let start = self.stage.steps[first].state.workdir.as_ref();
        if start != Some(&planned.directory) && !moves {
            let line = self.stage.steps[first].instruction.start_line();
            return Err(format!("{} is not the working directory above line {line}", planned.directory));
        }
        // A relative destination would lead elsewhere in the new stage.
        let strays = |index: &&usize| {
            let step = &self.stage.steps[**index];
            let is_absolute =
                Copy::of(&step.instruction).is_some_and(|copy| copy.destination.text.starts_with('/'));
            !is_absolute && (moves || step.state.workdir.as_ref() != Some(&planned.directory))
        };
        match copies.iter().find(strays) {
            None => Ok(raised),
            Some(&index) => {
                let line = self.stage.steps[index].instruction.start_line();
                Err(format!("line {line} copies to a path that is relative to another directory"))
            }
        }
    }

    fn is_workdir(&self, index: usize) -> bool {
        self.stage.steps[index].instruction.keyword() == Keyword::Workdir
    }

    /// A copy is made in another stage too, where variables and users may be others.
    fn check_copy(&self, step: &Step<'_>) -> Result<(), String> {
        let line = step.instruction.start_line();
        if !step.instruction.heredocs().is_empty() {
            return Err(format!("line {line} writes a file of its own"));
        }
        if step.instruction.text().contains(&b'$') {
            return Err(format!("line {line} copies what a variable says"));
        }
        Ok(())
    }

    /// Whether a step must come above the copies.
    fn is_raised(&self, planned: &Planned, copies: &[usize], index: usize) -> Result<bool, String> {
        let step = &self.stage.steps[index];
        let instruction = &step.instruction;
        let line = instruction.start_line();
        let needed = |what: &str| {
            Err(format!("line {line} {what} after the project is copied, and the dependencies may need it"))
        };
        match instruction.keyword() {
            Keyword::Copy | Keyword::Add => Ok(false),
            Keyword::Workdir => {
                let goes_there = argument(instruction).is_some_and(|path| {
                    path.text.starts_with('/')
                        && ImagePath::absolute(&path.text).as_ref() == Some(&planned.directory)
                });
                let is_only = (copies[0]..self.index).filter(|&index| self.is_workdir(index)).count() == 1;
                // Where it is the directory already, it says nothing new.
                if step.state.workdir.as_ref() == Some(&planned.directory) && goes_there {
                    return Ok(false);
                }
                if goes_there && is_only { Ok(true) } else { needed("changes the working directory") }
            }
            Keyword::Env => {
                let assigned = Variables::of(instruction).map_or_else(Vec::new, |view| view.assigned);
                let is_plain = !instruction.text().contains(&b'$') && !assigned.is_empty();
                let is_used = |name: &str| {
                    (copies[0]..index).any(|index| {
                        let text = self.stage.steps[index].instruction.text();
                        memchr::memmem::find(text, name.as_bytes()).is_some()
                    })
                };
                if is_plain && !assigned.iter().any(|assigned| is_used(&assigned.name.text)) {
                    return Ok(true);
                }
                needed("sets a variable")
            }
            // Only the command itself may ask for it, and so may the scripts of dependencies: those run again then.
            Keyword::Arg => {
                let assigned = Variables::of(instruction).map_or_else(Vec::new, |view| view.assigned);
                let patterns = dockfix_model::effects::Names::matching(self.planner.variables);
                let is_read = assigned.iter().any(|assigned| {
                    planned.cook.contains(&*assigned.name.text) || patterns.contains(&assigned.name.text)
                });
                if is_read { needed("declares an argument") } else { Ok(false) }
            }
            Keyword::Run => {
                let is_own = self.input.reading.run(step).is_ok_and(|analysis| {
                    analysis.pieces.iter().filter(|piece| !piece.is_shell_state).all(|piece| {
                        !piece.managed.is_empty()
                            && piece.managed.iter().all(|other| {
                                has_project(other.usage.kind)
                                    && other.ecosystem.name() == self.managed.ecosystem.name()
                            })
                    })
                });
                if is_own { Ok(false) } else { needed("runs commands") }
            }
            Keyword::User | Keyword::Shell => needed("changes who runs commands, or how,"),
            _ => Ok(false),
        }
    }
}
