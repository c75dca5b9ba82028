//! What the RUN instructions of the corpus hand to a shell.

#![allow(dead_code, reason = "each test binary uses the part it needs")]

use dockfix_syntax::view::{Run, RunBody};
use dockfix_syntax::{Dockerfile, Instruction};

/// A script and where it comes from.
pub(crate) struct Body {
    /// File name and line.
    pub(crate) origin: String,
    /// The script. Heredocs follow it after a newline, as BuildKit passes them on.
    pub(crate) script: Vec<u8>,
}

/// The scripts of every RUN in shell form, ONBUILD RUN included.
pub(crate) fn run_bodies(files: &[(String, Vec<u8>)]) -> Vec<Body> {
    let mut bodies = Vec::new();
    for (name, source) in files {
        let file = Dockerfile::parse(source.as_slice());
        for instruction in file.instructions() {
            let run = instruction.inner().unwrap_or(instruction);
            if let Some(script) = script(&run, source) {
                bodies.push(Body { origin: format!("{name}:{}", instruction.start_line()), script });
            }
        }
    }
    bodies
}

fn script(instruction: &Instruction<'_>, source: &[u8]) -> Option<Vec<u8>> {
    match Run::of(instruction)?.body {
        RunBody::Empty | RunBody::Exec(_) => None,
        RunBody::Command(span) => {
            let mut script = span.of(instruction.text()).to_vec();
            for heredoc in instruction.heredocs() {
                script.push(b'\n');
                script.extend_from_slice(heredoc.body.of(source));
                script.extend_from_slice(heredoc.terminator.of(source).trim_ascii_end());
            }
            Some(script)
        }
        RunBody::Script(heredoc) => {
            let script = heredoc.body.of(source);
            (!script.starts_with(b"#!")).then(|| script.to_vec())
        }
    }
}
