use crate::view::From;
use crate::{Dockerfile, Instruction, Keyword};

/// A build stage: a FROM and the instructions up to the next one.
#[derive(Clone, Debug)]
pub struct Stage<'a> {
    /// Its place in the file, from 0.
    pub index: usize,
    /// The FROM.
    pub from: Instruction<'a>,
    /// What the FROM says; `None` where BuildKit would reject it.
    pub base: Option<From<'a>>,
    /// The instructions after the FROM.
    pub instructions: Vec<Instruction<'a>>,
}

impl Stage<'_> {
    /// The name after AS, in lower case, as stage names are compared.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.base.as_ref().and_then(|from| from.name.as_ref()).map(|name| name.text.to_lowercase())
    }
}

/// The global instructions (those above the first FROM: ARGs, in a valid file) and the stages.
#[must_use]
pub fn stages(file: &Dockerfile) -> (Vec<Instruction<'_>>, Vec<Stage<'_>>) {
    let mut global = Vec::new();
    let mut stages: Vec<Stage<'_>> = Vec::new();
    for instruction in file.instructions() {
        if instruction.keyword() == Keyword::From {
            let (index, base) = (stages.len(), From::of(&instruction));
            // Most files have one stage, which takes all that follows.
            let instructions = Vec::with_capacity(file.items().len() - instruction.index() - 1);
            stages.push(Stage { index, from: instruction, base, instructions });
        } else if let Some(stage) = stages.last_mut() {
            stage.instructions.push(instruction);
        } else {
            global.push(instruction);
        }
    }
    (global, stages)
}
