//! bash and dash themselves on the RUN bodies of the corpus, where they are installed.

#![allow(clippy::print_stderr, reason = "a test tells what it skips")]

mod corpus;
mod run_bodies;

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use dockfix_syntax::shell;

/// Every how-manieth RUN body is tried; a process for each of them takes its time. `DOCKFIX_EVERY_BODY` tries all.
const STRIDE: usize = 10;

fn installed(program: &str) -> bool {
    let found = Command::new(program).args(["-c", ":"]).status().is_ok_and(|status| status.success());
    if !found {
        eprintln!("skipped: no {program}");
    }
    found
}

fn accepts(program: &str, script: &[u8]) -> bool {
    let script = String::from_utf8_lossy(script);
    let mut command = Command::new(program);
    command.args(["-n", "-c", "--", &script]).stdin(Stdio::null()).stderr(Stdio::null());
    command.status().expect("the shell starts").success()
}

#[test]
fn shells_accept_what_we_read() {
    let Some(files) = corpus::dockerfiles() else { return };
    if !installed("bash") || !installed("dash") {
        return;
    }
    let stride = if std::env::var_os("DOCKFIX_EVERY_BODY").is_some() { 1 } else { STRIDE };
    let bodies = run_bodies::run_bodies(&files);
    let mut tried = 0;
    for body in bodies.iter().step_by(stride) {
        let Ok(script) = shell::scan(&body.script) else { continue };
        tried += 1;
        assert!(accepts("bash", &body.script), "bash rejects {}", body.origin);
        assert!(script.bash_only.is_some() || accepts("dash", &body.script), "dash rejects {}", body.origin);
    }
    eprintln!("{tried} bodies accepted");
}

#[test]
fn shells_see_the_values_that_we_see() {
    let Some(files) = corpus::dockerfiles() else { return };
    let bodies = run_bodies::run_bodies(&files);
    let mut words: BTreeSet<(&[u8], Vec<u8>)> = BTreeSet::new();
    for body in &bodies {
        let Ok(script) = shell::scan(&body.script) else { continue };
        for placed in script.simple_commands() {
            for word in &placed.command.words {
                // The words are run, so that nothing that could be a command may stand in them.
                let harmless =
                    !word.text().iter().any(|byte| b"`(\n".contains(byte)) && word.text().is_ascii();
                if let Some(value) = word.literal().filter(|_| harmless && word.is_quoted()) {
                    words.insert((word.text(), value.into_owned()));
                }
            }
        }
    }
    let words: Vec<_> = words.into_iter().collect();
    for program in ["bash", "dash"] {
        if !installed(program) {
            continue;
        }
        for chunk in words.chunks(1000) {
            let mut script = b"printf '%s\\n' x".to_vec();
            let mut expected = b"x\n".to_vec();
            for (text, value) in chunk {
                script.push(b' ');
                script.extend_from_slice(text);
                expected.extend_from_slice(value);
                expected.push(b'\n');
            }
            let script = String::from_utf8(script).expect("ASCII");
            let output = Command::new(program).args(["-c", &script]).output().expect("the shell starts");
            let (got, expected) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&expected));
            for (got, expected) in got.lines().zip(expected.lines()) {
                assert_eq!(got, expected, "{program}");
            }
            assert_eq!(got.len(), expected.len(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
    eprintln!("{} quoted words have the value that the shells give them", words.len());
}
