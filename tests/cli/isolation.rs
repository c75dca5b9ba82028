//! dockfix runs nothing and talks to nobody.
#![cfg(target_os = "linux")]

use crate::history::{edit, repository};
use crate::sandbox::{NODE, Sandbox, run};

/// What dockfix does on the network and starts: system calls. `None` where that cannot be found out.
#[allow(clippy::print_stdout, reason = "what is skipped is told")]
fn calls(sandbox: &Sandbox, arguments: &[&str]) -> Option<Vec<String>> {
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: there is no strace");
        return None;
    }
    let trace = sandbox.path("trace");
    let mut command = sandbox.command("strace");
    command.args(["-f", "-qq", "-e", "trace=%network,execve,execveat,fork,vfork", "-o"]).arg(&trace);
    let outcome = run(command.arg(env!("CARGO_BIN_EXE_dockfix")).args(arguments), "");
    let trace = std::fs::read_to_string(trace).unwrap_or_default();
    if trace.is_empty() {
        println!("skipped: strace cannot trace here: {}", outcome.stderr);
        return None;
    }
    outcome.expect(0);
    Some(trace.lines().filter(|line| line.contains('(')).map(str::to_owned).collect())
}

#[track_caller]
fn assert_only_dockfix(calls: &[String]) {
    assert_eq!(calls.len(), 1, "only the start of dockfix itself: {calls:#?}");
    assert!(calls[0].contains("execve("), "{calls:?}");
}

#[test]
fn no_network_and_no_programs() {
    let sandbox = Sandbox::of(&NODE);
    sandbox.git(&["init", "--quiet"], "");
    let Some(calls) = calls(&sandbox, &["--write"]) else { return };
    assert_ne!(sandbox.read("Dockerfile"), NODE[0].1);
    assert_only_dockfix(&calls);
}

#[test]
fn a_history_is_read_without_git_and_without_what_its_repository_would_run() {
    let sandbox = repository();
    edit(&sandbox, "server.js", "1");
    for setting in ["core.fsmonitor", "core.sshCommand", "core.pager", "diff.external", "filter.x.clean"] {
        sandbox.git(&["config", setting, "touch ran"], "");
    }
    sandbox.git(&["config", "core.hooksPath", "."], "");
    sandbox.file(".gitattributes", "* diff=x filter=x\n");
    let Some(calls) = calls(&sandbox, &["cache", "Dockerfile", "--history", "--html", "page.html"]) else {
        return;
    };
    assert_only_dockfix(&calls);
}
