//! A command made of another one.

use dockfix_model::commands::{Argument, Invocation};

use crate::Refusal;
use crate::options::Given;

/// The words of a command that repeats parts of another one, ready for a shell.
pub(crate) struct Rebuilt {
    words: Vec<String>,
}

impl Rebuilt {
    /// Assignments and program of `command`.
    ///
    /// # Errors
    ///
    /// When they cannot be repeated elsewhere.
    pub(crate) fn of(command: &Invocation<'_>) -> Result<Self, Refusal> {
        if command.user.is_some() {
            return Err(Refusal::new("it runs as another user, through sudo or a command of that kind"));
        }
        let mut words = Vec::with_capacity(command.assignments.len() + command.arguments.len() + 1);
        for (name, value) in &command.assignments {
            let value = value.as_deref().filter(|value| !value.contains("${")).ok_or_else(|| {
                Refusal::new(format!("{name}= has a value that is only known when the command runs"))
            })?;
            words.push(format!("{name}={}", quoted(value)));
        }
        if command.program_path.contains("${") {
            return Err(Refusal::new("a build argument is part of its program's path"));
        }
        words.push(quoted(&command.program_path));
        Ok(Self { words })
    }

    /// Adds an argument as it was written.
    pub(crate) fn push_argument(&mut self, argument: &Argument<'_>) {
        self.words.push(written(argument));
    }

    /// Adds an option with its value, as they were written.
    pub(crate) fn push_option(&mut self, option: &Given<'_>) {
        self.words.extend(option.words.iter().map(written));
    }

    /// Adds a word.
    pub(crate) fn push(&mut self, word: &str) {
        self.words.push(quoted(word));
    }

    /// Adds a word that is ready for a shell.
    pub(crate) fn push_written(&mut self, word: String) {
        self.words.push(word);
    }

    /// Puts a mark right behind the last word.
    pub(crate) fn end_with(&mut self, mark: &str) {
        if let Some(word) = self.words.last_mut() {
            word.push_str(mark);
        }
    }

    /// The command line.
    pub(crate) fn line(&self) -> String {
        self.words.join(" ")
    }
}

/// An argument as it was written.
pub(crate) fn written(argument: &Argument<'_>) -> String {
    if argument.text.is_empty() {
        return quoted(argument.value.as_deref().unwrap_or_default());
    }
    String::from_utf8_lossy(argument.text).into_owned()
}

/// `value` as one word of a shell.
pub(crate) fn quoted(value: &str) -> String {
    let is_plain = |ch: char| ch.is_ascii_alphanumeric() || "-_./:=@%+,".contains(ch);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}
