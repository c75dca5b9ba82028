use std::borrow::Cow;

use super::lossy;
use crate::{Instruction, Keyword, Span};

/// COPY or ADD.
#[derive(Clone, Debug)]
pub struct Copy<'a> {
    /// The instruction is ADD.
    pub is_add: bool,
    /// What is copied.
    pub sources: Vec<Source<'a>>,
    /// Where to, as written.
    pub destination: Source<'a>,
    /// The value of `--from`.
    pub from: Option<String>,
    /// The values of all flags but `--from`, in order, as written: name and value.
    pub flags: Vec<(String, Option<String>)>,
}

/// A source or the destination of a COPY.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    /// The path as written; in JSON form, decoded.
    pub text: Cow<'a, str>,
    /// Where it stands in the logical text; `None` in JSON form.
    pub span: Option<Span>,
    /// It announces a heredoc: the file's content stands in the Dockerfile.
    pub is_heredoc: bool,
}

impl<'a> Copy<'a> {
    /// Reads a COPY or ADD; `None` where BuildKit would find fewer than two arguments.
    #[must_use]
    pub fn of(instruction: &Instruction<'a>) -> Option<Self> {
        if !matches!(instruction.keyword(), Keyword::Copy | Keyword::Add) {
            return None;
        }
        let mut sources: Vec<Source<'a>> = match instruction.json() {
            Some(strings) => strings
                .into_iter()
                .map(|text| Source { text: Cow::Owned(text), span: None, is_heredoc: false })
                .collect(),
            None => instruction
                .separated_words()
                .map(|word| {
                    let text = lossy(word.span.of(instruction.text()));
                    let is_heredoc = !instruction.heredocs().is_empty() && text.contains("<<");
                    Source { text, span: Some(word.span), is_heredoc }
                })
                .collect(),
        };
        let destination = sources.pop()?;
        if sources.is_empty() {
            return None;
        }
        let flags = instruction
            .flags()
            .iter()
            .filter(|flag| flag.name.of(instruction.text()) != b"from")
            .map(|flag| {
                let text = |span: Span| lossy(span.of(instruction.text())).into_owned();
                (text(flag.name), flag.value.map(text))
            })
            .collect();
        Some(Self {
            is_add: instruction.keyword() == Keyword::Add,
            sources,
            destination,
            from: instruction.flag_value("from").map(|value| String::from_utf8_lossy(&value).into_owned()),
            flags,
        })
    }

    /// Whether a flag is given, whatever its value.
    #[must_use]
    pub fn has_flag(&self, name: &str) -> bool {
        self.flags.iter().any(|(flag, _)| flag == name)
    }

    /// The value of a flag as written; `None` without the flag or without a value.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().find(|(flag, _)| flag == name).and_then(|(_, value)| value.as_deref())
    }
}
