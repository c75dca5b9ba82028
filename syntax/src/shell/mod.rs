//! Shell commands inside a RUN instruction.
//!
//! [`scan`] reads a shell script (the logical text of a RUN body, or the body of a heredoc that RUN executes) and
//! returns the tree of its commands. Every node carries its exact [`Span`] in that text, so that a caller can put a
//! flag after a word or take one command out of an `&&` chain. Nodes borrow the text: a word knows its own bytes.
//!
//! The scanner reads what sh, dash, ash and bash read alike, plus the common constructs of bash. Whatever it is not
//! sure of makes the whole script [`Opaque`]: arrays, extended globs, coprocesses, aliases used on a later line, text
//! that a shell would reject. A script that holds a construct which only bash reads this way says so in
//! [`Script::bash_only`]; a caller that does not know the shell to be bash must then treat it as opaque.
//!
//! The grammar is that of POSIX.1-2024, XCU chapter 2 (Shell Command Language), and of the Bash Reference Manual,
//! chapter 3.
//!
//! ```
//! use dockfix_syntax::shell;
//!
//! let script = shell::scan(b"apt-get update && rm -rf /var/lib/apt/lists/*")?;
//! let commands = script.simple_commands();
//! assert!(commands[0].command.words[1].is("update"));
//! assert_eq!(commands[1].command.words[2].glob().as_deref(), Some(&b"/var/lib/apt/lists/*"[..]));
//! # Ok::<(), shell::Opaque>(())
//! ```

mod ast;
mod compound;
mod cursor;
mod expansion;
mod grammar;
mod heredoc;
mod reads;
mod redirect;
mod test_expression;
mod visit;
mod word;
mod word_scan;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::Span;

pub use ast::{
    Assignment, Command, CompoundCommand, CompoundKind, Function, HereDocument, List, ListItem, Operator,
    Pipeline, Redirect, RedirectOperator, SimpleCommand,
};
pub use reads::Reads;
pub use visit::{Container, Placed};
pub use word::{Arithmetic, CommandSubstitution, Parameter, SubstitutionKind, Word, WordPart};

/// A scanned script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script<'t> {
    /// The text that all spans point into.
    pub text: &'t [u8],
    /// The commands; empty for a script of blanks and comments.
    pub list: List<'t>,
    /// The first construct that a plain POSIX shell rejects or reads as something else: `[[`, `((`, `&>`, `<<<`, `<(`,
    /// `|&`, `;&`, `$'...'`, `+=`, `time`, `function`, and parameter expansions such as `${x//a/b}` or `${!x}`. Brace
    /// expansion is not counted; it only keeps [`Word::literal`] from answering.
    pub bash_only: Option<Span>,
    /// Whether a command or process substitution stands anywhere in it. Most scripts have none, and their words need not be
    /// looked into for one.
    pub substitutes: bool,
}

/// Scans a script.
///
/// `text` may be any bytes; it need not be UTF-8. A here-document whose body does not follow inside a text of one
/// line has no body in the tree, because BuildKit keeps heredoc bodies apart from the logical text.
///
/// # Errors
///
/// [`Opaque`] when the text is not a complete script or holds something whose meaning is uncertain.
pub fn scan(text: &[u8]) -> Result<Script<'_>, Opaque> {
    let mut scanner = cursor::Scanner::new(text)?;
    let list = scanner.script()?;
    Ok(Script { text, list, bash_only: scanner.bash_only, substitutes: scanner.substitutes })
}

/// Why a script was not scanned, and where the scanner gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (at byte {at})")]
pub struct Opaque {
    /// Byte offset into the scanned text.
    pub at: usize,
    /// What stood there.
    pub reason: OpaqueReason,
}

/// What the scanner does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OpaqueReason {
    /// A NUL byte, which no shell accepts in a script.
    Nul,
    /// Constructs nested more than 100 deep.
    TooDeep,
    /// A quote, substitution or compound command that is never closed.
    Unterminated,
    /// A token that cannot stand here.
    Unexpected,
    /// No command where one is needed, as after a final `&&`.
    MissingCommand,
    /// No word where one is needed, as after a final `>`.
    MissingWord,
    /// An array assignment, which only bash knows.
    Array,
    /// A parenthesis right after a word: an extended glob or a mistake.
    Parenthesis,
    /// `coproc`, `select`, or the arithmetic form of `for`.
    RareCompound,
    /// `time` with options of its own: bash and an installed `time` program disagree on them.
    TimeOptions,
    /// `!` or `time` written twice, or with nothing to stand for.
    PipelinePrefix,
    /// A parameter expansion that shells reject or read differently.
    Parameter,
    /// Quotes or backslashes inside an arithmetic expression, or `$[...]`.
    Arithmetic,
    /// A file descriptor that POSIX leaves undefined: more than one digit, or `{name}>`.
    Descriptor,
    /// A here-document whose extent is uncertain.
    HereDocument,
    /// A process substitution in the middle of a word.
    ProcessSubstitution,
    /// A backslash and newline in the middle of a word or operator.
    SplitToken,
    /// A backslash at the end of the text.
    FinalBackslash,
    /// An alias is defined and more lines follow, which may use it.
    Alias,
}

impl fmt::Display for OpaqueReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nul => "a NUL byte cannot stand in a script",
            Self::TooDeep => "the script is nested too deeply",
            Self::Unterminated => "a quote or compound is never closed",
            Self::Unexpected => "a token cannot stand here",
            Self::MissingCommand => "a command is missing",
            Self::MissingWord => "a word is missing",
            Self::Array => "array assignments are not read",
            Self::Parenthesis => "a parenthesis follows a word",
            Self::RareCompound => "coproc, select and arithmetic for are not read",
            Self::TimeOptions => "options of time are not read",
            Self::PipelinePrefix => "! or time stands alone or twice",
            Self::Parameter => "shells differ on this parameter expansion",
            Self::Arithmetic => "quotes in arithmetic are not read",
            Self::Descriptor => "shells differ on this file descriptor",
            Self::HereDocument => "the end of a here-document is uncertain",
            Self::ProcessSubstitution => "a process substitution stands inside a word",
            Self::SplitToken => "a line break splits a word or operator",
            Self::FinalBackslash => "a backslash ends the text",
            Self::Alias => "an alias may change the lines after it",
        })
    }
}
