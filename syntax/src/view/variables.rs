use super::{Text, text};
use crate::{Instruction, Keyword};

/// The names that ARG, ENV or LABEL set.
#[derive(Clone, Debug)]
pub struct Variables<'a> {
    /// The names in order.
    pub assigned: Vec<Assigned<'a>>,
}

/// One name of ARG, ENV or LABEL.
#[derive(Clone, Debug)]
pub struct Assigned<'a> {
    /// The whole word; for `ENV name value` all arguments.
    pub whole: Text<'a>,
    /// The name, as written.
    pub name: Text<'a>,
    /// The value as written, quotes and variables unexpanded; `None` for `ARG name`.
    pub value: Option<Text<'a>>,
}

impl<'a> Variables<'a> {
    /// Reads an ARG, ENV or LABEL; `None` for another instruction or without names.
    #[must_use]
    pub fn of(instruction: &Instruction<'a>) -> Option<Self> {
        let pairs = match instruction.keyword() {
            Keyword::Env | Keyword::Label => instruction.pairs(),
            Keyword::Arg => {
                let pair = |word: &crate::Word| crate::words::pair(instruction.text(), word.span);
                instruction.quoted_words().iter().map(pair).collect()
            }
            _ => return None,
        };
        let assigned: Vec<_> = pairs
            .into_iter()
            .map(|pair| Assigned {
                whole: text(instruction, pair.span),
                name: text(instruction, pair.name),
                value: pair.value.map(|span| text(instruction, span)),
            })
            .collect();
        (!assigned.is_empty()).then_some(Self { assigned })
    }
}
