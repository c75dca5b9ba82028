use crate::{Heredoc, Instruction, Keyword, Span};

/// RUN.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// What is run.
    pub body: RunBody<'a>,
}

/// What a RUN runs.
#[derive(Clone, Debug)]
pub enum RunBody<'a> {
    /// Nothing: `RUN` alone, which BuildKit rejects.
    Empty,
    /// A program and its arguments, without a shell.
    Exec(Vec<String>),
    /// A command line for the shell: this span of the logical text. Heredocs on it are the shell's own.
    Command(Span),
    /// The only word is a heredoc: its body is a script for the shell (`RUN <<EOF`), or, where it starts with `#!`, a
    /// program of its own.
    Script(&'a Heredoc),
}

impl<'a> Run<'a> {
    /// Reads a RUN; `None` for another instruction.
    #[must_use]
    pub fn of(instruction: &Instruction<'a>) -> Option<Self> {
        if instruction.keyword() != Keyword::Run {
            return None;
        }
        let args = instruction.args_span();
        let body = match (instruction.json(), instruction.heredocs()) {
            (Some(strings), _) => RunBody::Exec(strings),
            (None, _) if args.is_empty() => RunBody::Empty,
            (None, [heredoc]) if is_heredoc_word(args.of(instruction.text())) => RunBody::Script(heredoc),
            (None, _) => RunBody::Command(args),
        };
        Some(Self { body })
    }
}

/// Whether the whole argument text is one heredoc word (moby `dispatchRun`: `parser.ParseHeredoc` of the line).
fn is_heredoc_word(args: &[u8]) -> bool {
    let digits = args.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let Some(name) = args[digits..].strip_prefix(b"<<") else { return false };
    let name = name.strip_prefix(b"-").unwrap_or(name).trim_ascii_start();
    let quoted = matches!(name.first(), Some(b'\'' | b'"')) && name.len() > 1 && name.last() == name.first();
    quoted || !name.iter().any(|&byte| byte.is_ascii_whitespace() || byte == b'<')
}
