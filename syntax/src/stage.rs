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
    let mut all = Vec::with_capacity(file.items().len());
    all.extend(file.instructions());
    let mut parts = all.chunk_by(|_, next| next.keyword() != Keyword::From).peekable();
    let is_global = |part: &&[Instruction<'_>]| part.first().is_some_and(|it| it.keyword() != Keyword::From);
    let global = parts.next_if(is_global).map(<[_]>::to_vec).unwrap_or_default();
    let stages = parts.filter_map(<[_]>::split_first).enumerate().map(|(index, (from, instructions))| {
        Stage { index, from: *from, base: From::of(from), instructions: instructions.to_vec() }
    });
    (global, stages.collect())
}
