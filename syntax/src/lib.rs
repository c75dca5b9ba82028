//! Lossless Dockerfile syntax.
//!
//! [`Dockerfile::parse`] turns any bytes into a tree of [`Item`]s that partition the source exactly: parser
//! directives, comments, blank lines, instructions. The source is owned and never rendered again; a node is a range of
//! bytes, and a rewrite is a set of [`TextEdit`]s on those ranges.
//!
//! What counts as an instruction, a flag, a heredoc or a JSON form is what BuildKit's own parser makes of it
//! (`frontend/dockerfile/parser` in moby/buildkit). Text that BuildKit would reject becomes an instruction with a
//! [`Problem`], and the rest of the file still parses.
//!
//! The crate does no I/O.

mod buildkit;
mod decode;
mod edit;
mod expand;
mod heredoc;
mod instruction;
mod json;
mod keyword;
mod logical;
mod parse;
pub mod rewrite;
pub mod shell;
mod span;
mod split;
mod stage;
mod tree;
pub mod view;
mod words;

pub use buildkit::{BuildkitHeredoc, BuildkitNode};
pub use edit::{ApplyError, EditError, Edits, TextEdit};
pub use expand::{ExpandError, Expansion, Variables, expand, expands_to_itself, variables};
pub use heredoc::Heredoc;
pub use instruction::{Flag, Form, Instruction};
pub use json::{Json, parse_json_strings};
pub use keyword::Keyword;
pub use logical::Logical;
pub use span::Span;
pub use stage::{Stage, stages};
pub use tree::{Directive, DirectiveName, Dockerfile, Item, ItemKind, Problem};
pub use words::{Pair, Word};
