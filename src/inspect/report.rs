//! What `dockfix inspect` tells, in the shape of its JSON.

use dockfix_syntax::view::{self, Run, RunBody};
use dockfix_syntax::{BuildkitNode, Dockerfile, Instruction, Keyword, Span, shell};
use serde::Serialize;

/// One file.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Version of this shape. It goes up when a field changes its meaning or goes away.
    version: u32,
    /// As given on the command line.
    pub(super) path: String,
    pub(super) directives: Vec<Directive>,
    pub(super) instructions: Vec<Node>,
    /// Everything that Docker would reject the file for.
    pub(super) problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
pub(super) struct Directive {
    pub(super) line: usize,
    pub(super) name: &'static str,
    pub(super) value: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Problem {
    pub(super) line: usize,
    pub(super) message: String,
}

/// An instruction in the fields of the PyPI package `dockerfile` 3.4.0, and what dockfix adds to them.
#[derive(Debug, Serialize)]
pub(super) struct Node {
    pub(super) cmd: String,
    pub(super) sub_cmd: Option<String>,
    pub(super) json: bool,
    pub(super) original: String,
    pub(super) start_line: usize,
    pub(super) end_line: usize,
    pub(super) flags: Vec<String>,
    pub(super) value: Vec<String>,
    pub(super) heredocs: Vec<Heredoc>,
    /// For a RUN in shell form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shell: Option<Shell>,
    /// Why Docker would reject it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
    /// Flags and arguments as written, lines joined; for ONBUILD those of the deferred instruction.
    #[serde(skip)]
    pub(super) written: (Vec<String>, String),
}

#[derive(Debug, Serialize)]
pub(super) struct Heredoc {
    pub(super) name: String,
    pub(super) file_descriptor: u64,
    pub(super) content: String,
}

/// The shell script of a RUN.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Shell {
    Commands { commands: Vec<Command> },
    Opaque { opaque: Opaque },
}

/// A script that is not read.
#[derive(Debug, Serialize)]
pub(super) struct Opaque {
    /// Byte offset in the script.
    pub(super) at: usize,
    pub(super) reason: String,
}

/// Where something stands, in bytes: `start..end`.
#[derive(Debug, Serialize)]
pub(super) struct Place {
    /// In the script: the arguments of RUN with their lines joined, or the body of its heredoc.
    span: [usize; 2],
    /// In the file.
    source: [usize; 2],
    text: String,
}

/// A simple command.
#[derive(Debug, Serialize)]
pub(super) struct Command {
    pub(super) line: usize,
    #[serde(flatten)]
    place: Place,
    assignments: Vec<Assignment>,
    words: Vec<Word>,
    redirects: Vec<Redirect>,
}

#[derive(Debug, Serialize)]
struct Assignment {
    #[serde(flatten)]
    place: Place,
    name: String,
    value: Word,
}

/// A word; its value where nothing in it expands.
#[derive(Debug, Serialize)]
struct Word {
    #[serde(flatten)]
    place: Place,
    literal: Option<String>,
}

#[derive(Debug, Serialize)]
struct Redirect {
    #[serde(flatten)]
    place: Place,
    target: Word,
}

impl Report {
    pub(super) fn of(path: &str, file: &Dockerfile) -> Self {
        let mut reads_shell = true;
        let instructions = file.instructions().map(|instruction| {
            match instruction.keyword() {
                Keyword::From => reads_shell = true,
                Keyword::Shell => {
                    reads_shell = view::shell(&instruction).is_none_or(|words| is_posix(&words))
                }
                _ => {}
            }
            Node::of(&instruction, reads_shell)
        });
        Self {
            version: 1,
            path: path.to_owned(),
            instructions: instructions.collect(),
            directives: file
                .directives()
                .map(|(item, directive)| Directive {
                    line: item.line,
                    name: directive.name.as_str(),
                    value: lossy(directive.value.of(file.source())),
                })
                .collect(),
            problems: file
                .problems()
                .map(|(line, problem)| Problem { line, message: problem.to_string() })
                .collect(),
        }
    }
}

/// Whether SHELL names a shell that reads scripts as sh does.
fn is_posix(words: &[String]) -> bool {
    let program = words.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word));
    matches!(program, "sh" | "ash" | "bash" | "dash")
}

impl Node {
    fn of(instruction: &Instruction<'_>, reads_shell: bool) -> Self {
        let node = BuildkitNode::of(instruction);
        let innermost = instruction.inner().unwrap_or(*instruction);
        let flag = |flag: &dockfix_syntax::Flag| lossy(flag.span.of(innermost.text()));
        let heredoc = |heredoc: dockfix_syntax::BuildkitHeredoc| Heredoc {
            name: heredoc.name,
            file_descriptor: heredoc.file_descriptor,
            content: heredoc.content,
        };
        Self {
            cmd: node.cmd,
            sub_cmd: node.sub_cmd,
            json: node.json,
            original: node.original,
            start_line: node.start_line,
            end_line: node.end_line,
            flags: node.flags,
            value: node.value,
            heredocs: node.heredocs.into_iter().map(heredoc).collect(),
            shell: Script::of(instruction).map(|script| script.shell(reads_shell)),
            problem: instruction.problem().map(ToString::to_string),
            written: (innermost.flags().iter().map(flag).collect(), lossy(innermost.args())),
        }
    }
}

/// The script of a RUN and where it stands.
struct Script<'a> {
    instruction: Instruction<'a>,
    text: &'a [u8],
    /// Offset of the script: in the source for a heredoc, in the logical text otherwise.
    start: usize,
    in_heredoc: bool,
    /// Offsets in the source of the line feeds of the instruction.
    line_ends: Vec<usize>,
}

impl<'a> Script<'a> {
    fn of(instruction: &Instruction<'a>) -> Option<Self> {
        let instruction = instruction.inner().unwrap_or(*instruction);
        let source = instruction.file().source();
        let body = Run::of(&instruction)?.body;
        let line_ends = instruction.span().range().filter(|&at| source.get(at) == Some(&b'\n')).collect();
        match body {
            RunBody::Command(span) => {
                let text = span.of(instruction.text());
                Some(Self { instruction, text, start: span.start, in_heredoc: false, line_ends })
            }
            RunBody::Script(heredoc) if !heredoc.body.of(source).starts_with(b"#!") => {
                let text = heredoc.body.of(source);
                Some(Self { instruction, text, start: heredoc.body.start, in_heredoc: true, line_ends })
            }
            RunBody::Script(_) | RunBody::Empty | RunBody::Exec(_) => None,
        }
    }

    fn shell(&self, reads_shell: bool) -> Shell {
        if !reads_shell {
            return Shell::Opaque { opaque: Opaque { at: 0, reason: "SHELL is no POSIX shell".to_owned() } };
        }
        match shell::scan(self.text) {
            Ok(script) => {
                let commands = script.simple_commands();
                Shell::Commands { commands: commands.iter().map(|it| self.command(it.command)).collect() }
            }
            Err(opaque) => {
                Shell::Opaque { opaque: Opaque { at: opaque.at, reason: opaque.reason.to_string() } }
            }
        }
    }

    fn place(&self, span: Span) -> Place {
        let moved = span.shifted(self.start);
        let source = if self.in_heredoc { moved } else { self.instruction.source_span(moved) };
        Place {
            span: [span.start, span.end],
            source: [source.start, source.end],
            text: lossy(span.of(self.text)),
        }
    }

    fn command(&self, command: &shell::SimpleCommand<'_>) -> Command {
        let place = self.place(command.span);
        Command {
            line: self.line_at(place.source[0]),
            place,
            assignments: command
                .assignments
                .iter()
                .map(|it| Assignment {
                    place: self.place(it.span),
                    name: it.name.to_owned(),
                    value: self.word(&it.value),
                })
                .collect(),
            words: command.words.iter().map(|word| self.word(word)).collect(),
            redirects: command
                .redirects
                .iter()
                .map(|it| Redirect { place: self.place(it.span), target: self.word(&it.target) })
                .collect(),
        }
    }

    fn line_at(&self, offset: usize) -> usize {
        self.instruction.start_line() + self.line_ends.partition_point(|&end| end < offset)
    }

    fn word(&self, word: &shell::Word<'_>) -> Word {
        Word { place: self.place(word.span), literal: word.literal().map(|value| lossy(&value)) }
    }
}

impl Command {
    /// The command as written.
    pub(super) fn text(&self) -> &str {
        &self.place.text
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
