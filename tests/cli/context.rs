//! The build context.

use crate::sandbox::{NODE, Sandbox};

fn moved() -> Sandbox {
    let sandbox = Sandbox::of(&NODE[1..]);
    sandbox.file("docker/Dockerfile", NODE[0].1);
    sandbox
}

#[test]
fn what_is_assumed_is_told() {
    let sandbox = moved();
    let outcome = sandbox.dockfix(&[]).expect(0);
    assert!(
        outcome.stderr.contains("docker/Dockerfile: context assumed: . (the nearest "),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("docker/Dockerfile:3: manifest-first: "), "{}", outcome.stderr);
    let report = sandbox.dockfix(&["--format", "json"]).json();
    let files = report["files"].as_array().unwrap();
    let file = files.iter().find(|file| file["path"] == "docker/Dockerfile").unwrap();
    assert_eq!(file["context"]["directory"], ".");
}

#[test]
fn what_is_given_holds() {
    let sandbox = moved();
    let outcome = sandbox.dockfix(&["--context", "docker", "--verbose"]).expect(0);
    assert!(
        outcome.stderr.contains("docker/Dockerfile: context: docker (given by --context)"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("manifest-first: npm ci no longer"), "{}", outcome.stderr);
    let outcome = sandbox.dockfix(&["--context", "missing"]).expect(2);
    assert!(outcome.stderr.contains("--context missing: "), "{}", outcome.stderr);
    sandbox.dockfix(&["--context", "package.json"]).expect(2);
}

#[test]
fn what_is_unknown_is_told() {
    let sandbox = Sandbox::of(&[("Dockerfile", "FROM node:22\nCOPY missing /\nRUN npm ci\n")]);
    let outcome = sandbox.dockfix(&[]).expect(0);
    assert!(outcome.stderr.contains("Dockerfile: context unknown: "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("`missing`"), "{}", outcome.stderr);
}
