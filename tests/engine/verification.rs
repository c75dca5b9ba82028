//! What `dockfix verify` and `dockfix --write --verify` leave behind.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::PoisonError;

use tempfile::TempDir;

use crate::{ENGINE, docker, nonce};

const BASE: &str = "debian:bookworm";

fn dockfix(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockfix"));
    command.args(arguments).args(["--network", "host", "--builtin-frontend"]).arg(directory);
    command
}

/// A Dockerfile in which ARG can stand further down: `cp` may take some time.
fn dockerfile(command: &str) -> String {
    let nonce = nonce();
    format!(
        "FROM {BASE}\nARG VERSION=1\nRUN cp /etc/passwd /x && {command} {nonce}\nLABEL version=$VERSION\n"
    )
}

#[test]
#[ignore = "builds with a real engine"]
fn only_what_was_verified_is_written() {
    let _one = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
    if !docker::answers() {
        return;
    }
    docker::provide(BASE);
    let directory = TempDir::new().unwrap();
    let at = |path: &str| directory.path().join(path);
    let (good, bad) = (dockerfile("echo"), dockerfile("test 1 ="));
    for (path, content) in [("good", &good), ("bad", &bad)] {
        fs::create_dir(at(path)).unwrap();
        fs::write(at(path).join("Dockerfile"), content).unwrap();
    }
    let output = dockfix(directory.path(), &["--write", "--verify"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(
        text.contains("bad/Dockerfile: error: not written: not verified: the original does not build"),
        "{text}"
    );
    assert_ne!(fs::read_to_string(at("good/Dockerfile")).unwrap(), good, "{text}");
    assert_eq!(fs::read_to_string(at("bad/Dockerfile")).unwrap(), bad);
}

#[test]
#[ignore = "builds with a real engine"]
fn an_interrupt_leaves_nothing_behind() {
    let _one = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
    if !docker::answers() {
        return;
    }
    docker::provide(BASE);
    let (directory, temporary) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    fs::write(directory.path().join("Dockerfile"), dockerfile("sleep 600 && echo")).unwrap();
    let mut command = dockfix(directory.path(), &["verify"]);
    let mut child = command.env("TMPDIR", temporary.path()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("building the original")));
    let files = |directory: &Path| fs::read_dir(directory).unwrap().count();
    assert_eq!(files(temporary.path()), 1);
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let said: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said:?}");
    assert_eq!(files(temporary.path()), 0);
    assert!(said.last().is_some_and(|line| line.starts_with("interrupted")), "{said:?}");
}
