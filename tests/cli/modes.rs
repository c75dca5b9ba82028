//! Showing, checking, writing.

use crate::sandbox::{DONE, IGNORE, NODE, Sandbox};

#[test]
fn a_dry_run_prints_what_git_apply_makes_as_write_would() {
    let shown = Sandbox::of(&NODE);
    shown.git(&["init", "--quiet"], "");
    let outcome = shown.dockfix(&[]).expect(0);
    assert_eq!(shown.read("Dockerfile"), NODE[0].1, "a dry run writes nothing");
    assert!(outcome.stdout.contains("@@ manifest-first: ") || outcome.stdout.contains("; manifest-first: "));
    assert!(outcome.stderr.contains("Dockerfile:3: manifest-first: "), "{}", outcome.stderr);
    shown.git(&["apply"], &outcome.stdout);

    let written = Sandbox::of(&NODE);
    written.git(&["init", "--quiet"], "");
    let outcome = written.dockfix(&["--write"]).expect(0);
    assert_eq!(outcome.stdout, "");
    for name in ["Dockerfile", ".dockerignore"] {
        assert_eq!(shown.read(name), written.read(name), "{name}");
    }
    assert_ne!(written.read("Dockerfile"), NODE[0].1);
}

#[test]
fn git_apply_takes_the_diff_in_a_subdirectory_too() {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "--quiet"], "");
    for (name, text) in NODE {
        sandbox.file(&format!("a b/c/{name}"), text);
    }
    let below = Sandbox::at(sandbox.path("a b/c"));
    let outcome = below.dockfix(&["Dockerfile"]).expect(0);
    assert!(
        outcome.stdout.contains("diff --git a/a b/c/Dockerfile b/a b/c/Dockerfile\n"),
        "{}",
        outcome.stdout
    );
    below.git(&["apply"], &outcome.stdout);
    assert_ne!(sandbox.read("a b/c/Dockerfile"), NODE[0].1);
}

#[test]
fn a_second_run_finds_nothing_to_do() {
    let sandbox = Sandbox::of(&NODE);
    sandbox.dockfix(&["--write"]).expect(0);
    let written = sandbox.read("Dockerfile");
    let again = sandbox.dockfix(&["--write"]).expect(0);
    assert!(again.stderr.contains("no file changed"), "{}", again.stderr);
    assert_eq!(sandbox.read("Dockerfile"), written);
    assert_eq!(sandbox.dockfix(&[]).expect(0).stdout, "");
}

#[test]
fn check_tells_by_its_exit_code() {
    let sandbox = Sandbox::of(&NODE);
    let outcome = sandbox.dockfix(&["--check"]).expect(1);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.contains("would change"), "{}", outcome.stderr);
    assert!(sandbox.dockfix(&["--check", "--diff"]).expect(1).stdout.starts_with("diff --git "));
    assert_eq!(sandbox.read("Dockerfile"), NODE[0].1);
    sandbox.dockfix(&["--write"]).expect(0);
    sandbox.dockfix(&["--check"]).expect(0);
}

#[test]
fn write_may_show_what_it_writes() {
    let sandbox = Sandbox::of(&NODE);
    let dry = sandbox.dockfix(&[]).expect(0).stdout;
    assert_eq!(sandbox.dockfix(&["--write", "--diff"]).expect(0).stdout, dry);
}

#[test]
fn json_tells_of_every_file() {
    let sandbox = Sandbox::of(&NODE);
    sandbox.file(".dockerignore", IGNORE);
    sandbox.file("sub/Dockerfile", DONE);
    sandbox.file("sub/server.js", "");
    let outcome = sandbox.dockfix(&["--format", "json", "--only", "manifest-first"]).expect(0);
    assert_eq!(outcome.stderr, "", "it is all in the JSON");
    let report = outcome.json();
    assert_eq!(report["version"], 1);
    let file = |path: &str| {
        let files = report["files"].as_array().unwrap();
        files.iter().find(|file| file["path"] == path).unwrap_or_else(|| panic!("{path}: {report}")).clone()
    };
    let changed = file("Dockerfile");
    assert_eq!(changed["status"], "changed");
    assert_eq!(changed["changes"][0]["transform"], "manifest-first");
    assert_eq!(changed["changes"][0]["line"], 3);
    assert_eq!(changed["changes"][0]["safety"], "safe");
    assert!(changed["diff"].as_str().unwrap().starts_with("diff --git "));
    assert!(changed["error"].is_null());
    assert_eq!(file("sub/Dockerfile")["status"], "unchanged");
    assert!(file("sub/Dockerfile")["diff"].is_null());
    assert_eq!(report["summary"]["changed"], 1);
    assert_eq!(sandbox.dockfix(&["--format", "json", "--check"]).expect(1).json()["version"], 1);
}

#[test]
fn quiet_says_nothing_and_verbose_everything() {
    let sandbox = Sandbox::of(&[("Dockerfile", DONE), ("server.js", "")]);
    assert_eq!(sandbox.dockfix(&["-q"]).expect(0).stderr, "");
    let normal = sandbox.dockfix(&[]).expect(0).stderr;
    assert_eq!(normal, "no file would change, 1 unchanged\n");
    let verbose = sandbox.dockfix(&["--verbose"]).expect(0).stderr;
    assert!(
        verbose.contains("Dockerfile: context: . (") && verbose.contains("Dockerfile: nothing to change")
    );
}

#[test]
fn the_ignore_file_keeps_what_other_dockerfiles_of_the_context_copy() {
    let sandbox = Sandbox::of(&NODE);
    sandbox.file("Dockerfile.version", "FROM scratch\nCOPY .git/HEAD /version\n");
    sandbox.git(&["init", "--quiet"], "");
    sandbox.dockfix(&["--write", "Dockerfile"]).expect(0);
    let ignored = sandbox.read(".dockerignore");
    assert!(ignored.contains("node_modules") && !ignored.lines().any(|line| line == ".git"), "{ignored}");
    assert_eq!(sandbox.read("Dockerfile.version"), "FROM scratch\nCOPY .git/HEAD /version\n");
}
