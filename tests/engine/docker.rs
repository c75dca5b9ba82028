//! The engine, by its command line.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The image that may stand in for any base image, on a machine without a container registry.
const STAND_IN: &str = "stand-in:1";

/// Runs `docker` with `arguments`; panics with what it said if it fails.
pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", text(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Runs `docker` and tells whether it did what it was told.
fn succeeds(arguments: &[&str]) -> bool {
    Command::new("docker")
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Whether an engine answers.
pub(crate) fn answers() -> bool {
    succeeds(&["version"])
}

/// Makes the base image `name` known, if the engine has to do without a registry.
pub(crate) fn provide(name: &str) {
    if !succeeds(&["image", "inspect", name]) && succeeds(&["image", "inspect", STAND_IN]) {
        docker(&["tag", STAND_IN, name]);
    }
}

/// As [`provide`], with what `settings`, instructions of a Dockerfile, say of the image.
pub(crate) fn provide_with(name: &str, settings: &str) {
    if !succeeds(&["image", "inspect", name]) && succeeds(&["image", "inspect", STAND_IN]) {
        let nothing = tempfile::TempDir::new().unwrap();
        build(nothing.path(), &format!("FROM {STAND_IN}\n{settings}\n"), &["--load", "--tag", name]);
    }
}

/// Builds `dockerfile`, which lies beside the context, and does with the result what `output` says; gives back what the
/// engine told of it.
pub(crate) fn build(context: &Path, dockerfile: &str, output: &[&str]) -> String {
    let beside = tempfile::TempDir::new().unwrap();
    let path = beside.path().join("Dockerfile");
    std::fs::write(&path, dockerfile).unwrap();
    let result = Command::new("docker")
        .args(["buildx", "build", "--network", "host", "--progress", "plain"])
        .args(output)
        .arg("--file")
        .args([&path, context])
        .output()
        .unwrap();
    assert!(result.status.success(), "{dockerfile}\n{}", text(&result));
    text(&result)
}
