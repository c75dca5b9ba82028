//! `dockfix verify` where there is no engine, or nothing for it to do.

use crate::sandbox::{DONE, NODE, Sandbox, run};

#[test]
fn without_an_engine_it_says_so_in_a_line() {
    let sandbox = Sandbox::of(&NODE);
    let dockfix = |arguments: &[&str]| {
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_dockfix"));
        run(command.args(arguments).env("PATH", sandbox.path("nothing")), "").expect(2)
    };
    for arguments in [&["verify"][..], &["--write", "--verify"], &["verify", "--engine", "podman"]] {
        let outcome = dockfix(arguments);
        assert!(outcome.stderr.starts_with("no engine answers; start Docker"), "{outcome:?}");
        assert_eq!((outcome.stderr.lines().count(), &*outcome.stdout), (1, ""));
    }
    assert_eq!(sandbox.read("Dockerfile"), NODE[0].1);
}

#[test]
fn where_nothing_changes_no_engine_is_needed() {
    let sandbox = Sandbox::of(&[("Dockerfile", DONE), ("server.js", "")]);
    let text = sandbox.dockfix(&["verify", "--quiet"]).expect(0).stdout;
    assert_eq!(text, "of 1 Dockerfile, 1: nothing to verify\n");
    let report = sandbox.dockfix(&["verify", "--format", "json"]).expect(0).json();
    assert_eq!(
        (&report["files"][0]["status"], &report["engine"]),
        (&"unchanged".into(), &serde_json::Value::Null)
    );
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let sandbox = Sandbox::of(&NODE);
    for (arguments, why) in [
        (&["--verify"][..], "--write"),
        (&["--network", "host"], "options of builds need `dockfix verify`, or --write --verify"),
        (&["verify", "-"], "name the Dockerfile instead of `-`"),
        (&["--write", "--verify", "-"], "name the Dockerfile instead of `-`"),
        (&["verify", "--timeout", "0"], "--timeout"),
    ] {
        let outcome = sandbox.dockfix(arguments).expect(2);
        assert!(outcome.stderr.contains(why), "{outcome:?}");
    }
}
