//! An instruction in the fields of BuildKit's parser, named as the Python package `dockerfile` names them.

use crate::words::{self, without_dangling_escape};
use crate::{Instruction, Keyword, Span, split};

/// What BuildKit's parser (`frontend/dockerfile/parser`, `Node`) keeps of an instruction.
///
/// Bytes that are not UTF-8 show as U+FFFD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildkitNode {
    /// The first word, as written.
    pub cmd: String,
    /// The deferred instruction's first word, for ONBUILD.
    pub sub_cmd: Option<String>,
    /// The arguments are a JSON array of strings.
    pub json: bool,
    /// The logical line, followed by the heredocs.
    pub original: String,
    /// 1-based number of the first line.
    pub start_line: usize,
    /// 1-based number of the last line, heredocs included.
    pub end_line: usize,
    /// The flags with quotes and escapes resolved. BuildKit reads them byte by byte, so that every byte beyond ASCII is
    /// a character of its own.
    pub flags: Vec<String>,
    /// The arguments, split as the instruction wants them.
    pub value: Vec<String>,
    /// The heredocs. The package shows none for ONBUILD.
    pub heredocs: Vec<BuildkitHeredoc>,
}

/// A heredoc in the fields of BuildKit's parser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildkitHeredoc {
    /// The terminator.
    pub name: String,
    /// The number before `<<`, or 0.
    pub file_descriptor: u64,
    /// The body, its last line end included.
    pub content: String,
}

impl BuildkitNode {
    /// The fields of `instruction`.
    #[must_use]
    pub fn of(instruction: &Instruction<'_>) -> Self {
        let source = instruction.file().source();
        let inner = instruction.inner();
        let innermost = inner.as_ref().unwrap_or(instruction);
        let mut original = lossy(instruction.text());
        let mut heredocs = Vec::new();
        if inner.is_none() && !instruction.heredocs().is_empty() {
            original.push('\n');
            for heredoc in instruction.heredocs() {
                let name = lossy(&heredoc.name);
                let content = lossy(heredoc.body.of(source));
                original.extend([&content, &name, "\n"]);
                heredocs.push(BuildkitHeredoc { name, file_descriptor: heredoc.file_descriptor, content });
            }
        }
        let flag = |flag: &crate::Flag| {
            split::unquote(flag.span.of(instruction.text())).iter().map(|&byte| char::from(byte)).collect()
        };
        Self {
            cmd: lossy(instruction.keyword_text()),
            sub_cmd: inner.map(|inner| lossy(inner.keyword_text())),
            json: innermost.json().is_some(),
            original,
            start_line: instruction.start_line(),
            end_line: instruction.end_line(),
            flags: instruction.flags().iter().map(flag).collect(),
            value: value(innermost, inner.is_some()),
            heredocs,
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn value(instruction: &Instruction<'_>, deferred: bool) -> Vec<String> {
    let text = instruction.text();
    let args = instruction.args();
    let escape = instruction.file().escape();
    let of_span = |span: Span| lossy(span.of(text));
    let of_word = |span: Span| lossy(without_dangling_escape(span.of(text), escape));
    let whole = |args: &[u8]| if args.is_empty() { Vec::new() } else { vec![lossy(args)] };
    match instruction.keyword() {
        Keyword::Unknown => vec![String::new()],
        // A deferred ONBUILD keeps an empty node in front of its own child.
        Keyword::Onbuild if deferred && !args.is_empty() => vec![String::new()],
        Keyword::Onbuild => Vec::new(),
        Keyword::Env | Keyword::Label => instruction
            .pairs()
            .iter()
            .flat_map(|pair| {
                // The value of `ENV name value` is the rest of the line as it is.
                let legacy = pair.value.is_some_and(|value| text.get(value.start - 1) != Some(&b'='));
                let value = pair.value.map(|span| if legacy { of_span(span) } else { of_word(span) });
                [of_span(pair.name), value.unwrap_or_default()]
            })
            .collect(),
        Keyword::Arg => instruction.quoted_words().iter().map(|word| of_word(word.span)).collect(),
        Keyword::Add | Keyword::Copy | Keyword::Volume | Keyword::Expose | Keyword::From => instruction
            .json()
            .unwrap_or_else(|| instruction.words().iter().map(|word| of_span(word.span)).collect()),
        Keyword::Cmd | Keyword::Entrypoint | Keyword::Run | Keyword::Shell => {
            instruction.json().unwrap_or_else(|| whole(args))
        }
        Keyword::Healthcheck => {
            let (kind, command) = words::healthcheck(args);
            let mut value = whole(kind.of(args));
            value.extend(instruction.json().unwrap_or_else(|| whole(command.of(args))));
            value
        }
        Keyword::Maintainer | Keyword::Stopsignal | Keyword::User | Keyword::Workdir => whole(args),
    }
}
