//! One file on standard input.

use crate::sandbox::{BROKEN, DONE, NODE, Sandbox};

#[test]
fn without_write_the_diff_comes_out() {
    let sandbox = Sandbox::of(&NODE[1..]);
    let outcome = sandbox.dockfix_with_input(&["-", "--stdin-filename", "Dockerfile"], NODE[0].1).expect(0);
    assert!(outcome.stdout.starts_with("diff --git a/Dockerfile b/Dockerfile\n"), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("Dockerfile:"), "{}", outcome.stderr);
    sandbox.dockfix_with_input(&["-", "--check", "--stdin-filename", "Dockerfile"], NODE[0].1).expect(1);
}

#[test]
fn with_write_the_file_comes_out_and_the_disk_stays_as_it_is() {
    let sandbox = Sandbox::of(&NODE[1..]);
    let outcome = sandbox
        .dockfix_with_input(&["--write", "-"], "FROM debian\nRUN apt-get update\nRUN apt-get install -y a\n");
    let rewritten = outcome.expect(0).stdout;
    assert!(
        rewritten.contains("FROM debian\n") && !rewritten.contains("RUN apt-get update\n"),
        "{rewritten}"
    );
    assert!(!sandbox.path("Dockerfile").exists() && !sandbox.path(".dockerignore").exists());
    assert_eq!(sandbox.dockfix_with_input(&["--write", "-"], DONE).expect(0).stdout, DONE);
    // Whatever is wrong with it, an editor must not be left with an empty file.
    assert_eq!(sandbox.dockfix_with_input(&["--write", "-"], BROKEN).expect(2).stdout, BROKEN);
}

#[test]
fn without_a_name_nothing_is_known_of_the_context() {
    let sandbox = Sandbox::of(&NODE[1..]);
    let outcome = sandbox.dockfix_with_input(&["-", "--verbose"], NODE[0].1).expect(0);
    assert!(outcome.stderr.contains("-: context unknown: "), "{}", outcome.stderr);
    assert!(!outcome.stdout.contains("COPY package"), "{}", outcome.stdout);
}

#[test]
fn contradictions_are_errors() {
    let sandbox = Sandbox::of(&NODE);
    for arguments in [
        &["-", "Dockerfile"][..],
        &["--stdin-filename", "Dockerfile"],
        &["-", "--write", "--diff"],
        &["-", "--write", "--format", "json"],
        &["--write", "--check"],
        &["--diff", "--format", "json"],
        &["--quiet", "--verbose"],
        &["-", "--stdin-filename", "missing/Dockerfile"],
    ] {
        let outcome = sandbox.dockfix_with_input(arguments, DONE).expect(2);
        assert_ne!(outcome.stderr, "", "{arguments:?}");
    }
}
