//! What people call a step.

use dockfix_syntax::Instruction;

use super::Step;
use crate::build::Build;

/// The longest title, in characters.
const LENGTH: usize = 60;

impl Step {
    /// The instruction on one line, shortened, without mounts, heredocs and the like: `RUN npm ci`. `build` is the one
    /// that the plan of this step was made of.
    #[must_use]
    pub fn title(&self, build: &Build<'_>) -> String {
        let stage = build.stages.get(self.stage);
        let step = stage.and_then(|stage| stage.steps.get(self.instruction));
        step.map_or_else(String::new, |step| title(&step.instruction))
    }
}

fn title(instruction: &Instruction<'_>) -> String {
    let mut title = instruction.keyword().name().to_owned();
    let flags = instruction.flags().iter().filter(|flag| flag.name.of(instruction.text()) == b"from");
    for flag in flags {
        title.push(' ');
        title.push_str(&String::from_utf8_lossy(flag.span.of(instruction.text())));
    }
    for word in String::from_utf8_lossy(instruction.args()).split_whitespace() {
        title.push(' ');
        title.push_str(word);
        if title.len() > LENGTH * 4 {
            break;
        }
    }
    match title.char_indices().nth(LENGTH) {
        Some((at, _)) => format!("{}…", title.get(..at).unwrap_or_default().trim_end()),
        None => title,
    }
}
