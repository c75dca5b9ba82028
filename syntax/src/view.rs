//! Typed views of instructions: what the arguments mean, still unexpanded.
//!
//! Texts are handed out as UTF-8; bytes that are none show as U+FFFD. Spans belong to the instruction's logical text.
//! A view of an instruction with too few arguments is `None`: BuildKit stops at it.

mod copy;
mod from;
mod mount;
mod run;
mod variables;

use std::borrow::Cow;

pub use copy::{Copy, Source};
pub use from::From;
pub use mount::{Mount, MountKind};
pub use run::{Run, RunBody};
pub use variables::{Assigned, Variables, assigned};

use crate::{Form, Instruction, Keyword, Span};

/// A piece of an instruction's logical text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// Where it stands in the logical text.
    pub span: Span,
    /// The bytes there as UTF-8.
    pub text: Cow<'a, str>,
}

pub(crate) fn text<'a>(instruction: &Instruction<'a>, span: Span) -> Text<'a> {
    Text { span, text: lossy(span.of(instruction.text())) }
}

/// Bytes as UTF-8, what is none replaced by U+FFFD. Nearly all are, which is told sooner than where they are not.
#[must_use]
pub fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// The single argument of WORKDIR, USER, STOPSIGNAL or MAINTAINER; `None` for another instruction or without one.
#[must_use]
pub fn argument<'a>(instruction: &Instruction<'a>) -> Option<Text<'a>> {
    let takes_one = matches!(
        instruction.keyword(),
        Keyword::Workdir | Keyword::User | Keyword::Stopsignal | Keyword::Maintainer
    );
    (takes_one && !instruction.args_span().is_empty()).then(|| text(instruction, instruction.args_span()))
}

/// The words of SHELL, which must be in JSON form.
#[must_use]
pub fn shell(instruction: &Instruction<'_>) -> Option<Vec<String>> {
    if instruction.keyword() != Keyword::Shell || instruction.form() != Form::Json {
        return None;
    }
    instruction.json().filter(|words| !words.is_empty())
}
