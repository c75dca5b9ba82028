use super::{Text, text};
use crate::{Instruction, Span};

/// The names that ARG, ENV or LABEL set.
#[derive(Clone, Debug)]
pub struct Variables<'a> {
    /// The names in order.
    pub assigned: Vec<Assigned<'a>>,
}

/// One name of ARG, ENV or LABEL.
#[derive(Clone, Debug)]
pub struct Assigned<'a> {
    /// Where the whole word stands in the logical text; for `ENV name value` all arguments.
    pub span: Span,
    /// The name, as written.
    pub name: Text<'a>,
    /// The value as written, quotes and variables unexpanded; `None` for `ARG name`.
    pub value: Option<Text<'a>>,
}

impl<'a> Variables<'a> {
    /// Reads an ARG, ENV or LABEL; `None` for another instruction or without names.
    #[must_use]
    pub fn of(instruction: &Instruction<'a>) -> Option<Self> {
        let assigned: Vec<_> = assigned(instruction).collect();
        (!assigned.is_empty()).then_some(Self { assigned })
    }
}

/// The names that an ARG, ENV or LABEL sets, in order; none for another instruction.
pub fn assigned<'a>(instruction: &Instruction<'a>) -> impl Iterator<Item = Assigned<'a>> {
    // No other instruction has any.
    instruction.pairs().iter().map(|pair| Assigned {
        span: pair.span,
        name: text(instruction, pair.name),
        value: pair.value.map(|span| text(instruction, span)),
    })
}
