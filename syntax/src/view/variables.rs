use super::{Text, text};
use crate::{Instruction, Keyword, Span};

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
        if !matches!(instruction.keyword(), Keyword::Arg | Keyword::Env | Keyword::Label) {
            return None;
        }
        let assigned: Vec<_> = instruction
            .pairs()
            .iter()
            .map(|pair| Assigned {
                span: pair.span,
                name: text(instruction, pair.name),
                value: pair.value.map(|span| text(instruction, span)),
            })
            .collect();
        (!assigned.is_empty()).then_some(Self { assigned })
    }
}
