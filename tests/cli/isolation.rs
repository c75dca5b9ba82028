//! dockfix runs nothing and talks to nobody.

use crate::sandbox::{NODE, Sandbox, run};

#[cfg(target_os = "linux")]
#[test]
fn no_network_and_no_programs() {
    let sandbox = Sandbox::of(&NODE);
    sandbox.git(&["init", "--quiet"], "");
    let trace = sandbox.path("trace");
    let mut command = sandbox.command("strace");
    command.args(["-f", "-qq", "-e", "trace=%network,execve,execveat,fork,vfork", "-o"]).arg(&trace);
    command.arg(env!("CARGO_BIN_EXE_dockfix")).arg("--write");
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: there is no strace");
        return;
    }
    let outcome = run(&mut command, "");
    let Ok(trace) = std::fs::read_to_string(trace) else {
        println!("skipped: strace cannot trace here: {}", outcome.stderr);
        return;
    };
    if trace.is_empty() {
        println!("skipped: strace cannot trace here: {}", outcome.stderr);
        return;
    }
    outcome.expect(0);
    assert_ne!(sandbox.read("Dockerfile"), NODE[0].1);
    let calls: Vec<&str> = trace.lines().filter(|line| line.contains('(')).collect();
    assert_eq!(calls.len(), 1, "only the start of dockfix itself: {calls:#?}");
    assert!(calls[0].contains("execve("), "{calls:?}");
}
