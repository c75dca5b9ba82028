use super::{Text, text};
use crate::{Instruction, Keyword};

/// `FROM [--platform=P] image [AS name]`.
#[derive(Clone, Debug)]
pub struct From<'a> {
    /// The base image, or the name of an earlier stage.
    pub image: Text<'a>,
    /// The stage's name, as written; stage names are compared in lower case.
    pub name: Option<Text<'a>>,
    /// The value of `--platform`.
    pub platform: Option<String>,
}

impl<'a> From<'a> {
    /// Reads a FROM; `None` where BuildKit would find too few or too many words.
    #[must_use]
    pub fn of(instruction: &Instruction<'a>) -> Option<Self> {
        if instruction.keyword() != Keyword::From {
            return None;
        }
        let mut words = instruction.separated_words();
        let (image, name) = match (words.next()?, words.next(), words.next(), words.next()) {
            (image, None, ..) => (image, None),
            (image, Some(keyword), Some(name), None)
                if keyword.span.of(instruction.text()).eq_ignore_ascii_case(b"as") =>
            {
                (image, Some(name))
            }
            _ => return None,
        };
        let platform =
            instruction.flag_value("platform").map(|value| String::from_utf8_lossy(&value).into_owned());
        Some(Self {
            image: text(instruction, image.span),
            name: name.map(|word| text(instruction, word.span)),
            platform,
        })
    }
}
