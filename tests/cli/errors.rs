//! One bad file never stops the others.

use crate::sandbox::{BROKEN, DONE, IGNORE, NODE, Sandbox};

#[test]
fn a_rejected_file_is_reported_and_the_others_are_finished() {
    let sandbox = Sandbox::of(&NODE);
    sandbox.file("bad/Dockerfile", BROKEN);
    let outcome = sandbox.dockfix(&["--write"]).expect(2);
    assert!(outcome.stderr.contains("bad/Dockerfile:2: error: "), "{}", outcome.stderr);
    assert_eq!(sandbox.read("bad/Dockerfile"), BROKEN);
    assert_ne!(sandbox.read("Dockerfile"), NODE[0].1);
    // Failing outweighs what --check has to say.
    sandbox.dockfix(&["--check", "bad"]).expect(2);
    let report = sandbox.dockfix(&["--format", "json", "bad"]).expect(2).json();
    assert_eq!(report["files"][0]["status"], "failed");
    assert!(report["files"][0]["error"].as_str().unwrap().starts_with("line 2: "), "{report}");
}

#[test]
fn a_missing_path_is_reported_and_the_others_are_finished() {
    let sandbox = Sandbox::of(&NODE);
    let outcome = sandbox.dockfix(&["missing", "Dockerfile"]).expect(2);
    assert!(outcome.stderr.contains("missing: error: "), "{}", outcome.stderr);
    assert!(outcome.stdout.starts_with("diff --git "), "{}", outcome.stdout);
    assert!(sandbox.dockfix(&["-q", "missing"]).expect(2).stderr.contains("missing: error: "));
}

#[test]
fn odd_bytes_are_no_failure() {
    let sandbox = Sandbox::new();
    sandbox.file("Dockerfile", b"FROM a\nRUN echo \xff\n");
    let outcome = sandbox.dockfix(&[]).expect(0);
    assert!(outcome.stderr.contains("Dockerfile:2: "), "{}", outcome.stderr);
}

#[test]
fn nesting_without_end_is_no_failure() {
    let sandbox = Sandbox::new();
    for (name, open, close) in [("a", "$(", ")"), ("b", "(", ")"), ("c", "{ ", "; }"), ("d", "${x:-", "}")] {
        let text = format!("FROM a\nRUN {}true{}\n", open.repeat(10_000), close.repeat(10_000));
        sandbox.file(&format!("{name}/Dockerfile"), text);
    }
    sandbox.file("e/Dockerfile", format!("FROM a\nCOPY {}[\"a\"] b\n", "[".repeat(60_000)));
    sandbox.file("f/Dockerfile", format!("FROM a\nENV {}\n", "a=${b:-".repeat(9_000)));
    let outcome = sandbox.dockfix(&["--format", "json"]);
    assert!(matches!(outcome.code, 0 | 2), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("bug in dockfix"), "{}", outcome.stderr);
    assert_eq!(outcome.json()["files"].as_array().unwrap().len(), 6);
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_it_quietly() {
    let sandbox = Sandbox::new();
    // More than fits into a pipe.
    let comments = "# a comment that takes up some room\n".repeat(4000);
    sandbox.file("long/Dockerfile", format!("FROM debian\n{comments}"));
    sandbox.file("Dockerfile", "FROM debian\nRUN apt-get update\nRUN apt-get install -y a\n");
    for arguments in ["inspect long/Dockerfile", "Dockerfile", "--format json Dockerfile", "explain late-arg"]
    {
        let script = format!("{} {arguments} | head -n 1 | true", env!("CARGO_BIN_EXE_dockfix"));
        let outcome = crate::sandbox::run(sandbox.command("sh").args(["-c", &script]), "").expect(0);
        let complains = ["panic", "roken pipe", "os error"].iter().any(|word| outcome.stderr.contains(word));
        assert!(!complains, "{arguments}: {}", outcome.stderr);
    }
}

#[cfg(unix)]
mod on_unix {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::process::CommandExt as _;

    use super::*;
    use crate::sandbox::run;

    #[test]
    fn a_link_out_of_the_repository_is_read_but_not_written() {
        let (sandbox, other) = (Sandbox::of(&NODE[1..]), Sandbox::of(&NODE[..1]));
        sandbox.git(&["init", "--quiet"], "");
        symlink(other.path("Dockerfile"), sandbox.path("Dockerfile")).unwrap();
        sandbox.file(".dockerignore", IGNORE);
        let outcome = sandbox.dockfix(&["--write", "--only", "manifest-first", "Dockerfile"]).expect(2);
        assert_eq!(other.read("Dockerfile"), NODE[0].1);
        assert!(
            outcome.stderr.contains("Dockerfile: error: not written: it is a link to "),
            "{}",
            outcome.stderr
        );
        let found = sandbox.dockfix(&[]).expect(0);
        assert!(found.stderr.contains("Dockerfile:1: file: left alone: a link to "), "{}", found.stderr);
    }

    /// Root may write anywhere, so this is done as somebody else.
    #[test]
    fn nothing_is_written_where_one_file_cannot_be() {
        let sandbox = Sandbox::of(&NODE);
        sandbox.git(&["init", "--quiet"], "");
        for (name, text) in NODE {
            sandbox.file(&format!("closed/{name}"), text);
        }
        let program = sandbox.path("dockfix");
        fs::copy(env!("CARGO_BIN_EXE_dockfix"), &program).unwrap();
        let mode = |name: &str, mode| {
            fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(mode)).unwrap()
        };
        mode("", 0o777);
        mode("closed", 0o555);
        let mut command = sandbox.command(&program);
        if fs::File::create(sandbox.path("closed/probe")).is_ok() {
            fs::remove_file(sandbox.path("closed/probe")).unwrap();
            command.uid(65534).gid(65534);
        }
        let before: Vec<_> = listing(&sandbox);
        let outcome = run(command.args(["--write", "Dockerfile", "closed/Dockerfile"]), "").expect(2);
        assert!(
            outcome.stderr.contains("error: not written: cannot write in its directory: "),
            "{}",
            outcome.stderr
        );
        assert!(outcome.stderr.contains("error: not written, because "), "{}", outcome.stderr);
        assert_eq!(sandbox.read("Dockerfile"), NODE[0].1);
        assert_eq!(sandbox.read("closed/Dockerfile"), NODE[0].1);
        assert_eq!(listing(&sandbox), before, "no leftovers");
        mode("closed", 0o755);
    }

    fn listing(sandbox: &Sandbox) -> Vec<std::ffi::OsString> {
        let mut names: Vec<_> = ["", "closed"]
            .iter()
            .flat_map(|directory| fs::read_dir(sandbox.path(directory)).unwrap())
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn an_unreadable_file_is_reported() {
        let sandbox = Sandbox::of(&[("Dockerfile", DONE), ("server.js", "")]);
        symlink("loop", sandbox.path("loop")).unwrap();
        let outcome = sandbox.dockfix(&["loop", "Dockerfile"]).expect(2);
        assert!(outcome.stderr.contains("loop: error: ") && outcome.stderr.contains("1 unchanged, 1 failed"));
    }
}
