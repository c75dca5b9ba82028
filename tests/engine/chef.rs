//! cargo-chef: after an edit of a source the step that compiles the dependencies is cached, and the program is the new one.

use std::fs;
use std::io::Write as _;
use std::sync::PoisonError;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use crate::compiled::{build_and_run, dockfix, edit_source, write_project};
use crate::{ENGINE, START, docker, nonce, unavailable};

/// One that a stand-in cannot be mistaken for: it says where Cargo's home is, as the official image does.
const BASE: &str = "rust:1.95";
const SETTINGS: &str = "ENV CARGO_HOME=/usr/local/cargo PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A stage without its FROM, and whatever the last instruction copies the program from.
const BUILDS: [(&str, &str); 3] = [
    ("WORKDIR /app\nCOPY . .\nRUN cargo build --release --locked", "/app/target/release/demo"),
    ("COPY . /app\nWORKDIR /app\nENV RUSTFLAGS=-Copt-level=1\nRUN cargo build", "/app/target/debug/demo"),
    (
        "WORKDIR /app\nCOPY Cargo.* ./\nCOPY src ./src\nRUN cargo install --locked --path . --root /out",
        "/out/bin/demo",
    ),
];

/// Whether the step whose text has `part` was taken from the cache, by what the engine told.
fn is_cached(report: &str, part: &str) -> bool {
    let step =
        report.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part}: {report}"));
    let number = step.split(' ').next().unwrap();
    report.lines().any(|line| line.trim_end() == format!("{number} CACHED"))
}

#[test]
#[ignore = "builds with a real engine"]
fn dependencies_stay_in_their_step() {
    let start = *START.get_or_init(Instant::now);
    let _one = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
    for (number, (build, path)) in BUILDS.iter().enumerate() {
        if let Some(why) = unavailable(start) {
            writeln!(std::io::stderr(), "skipped: `{build}`: {why}").unwrap();
            return;
        }
        docker::provide_with(BASE, SETTINGS);
        docker::provide("debian:bookworm");
        let nonce = nonce();
        let directory = TempDir::new().unwrap();
        write_project(directory.path(), BASE, &nonce);
        let dockerfile = format!(
            "FROM {BASE} AS build\n{build}\nRUN find . -path ./target -prune -o -type f -print | sort | grep -v Dockerfile > /files; ls /usr/local/cargo/bin >> /files || true\n\nFROM debian:bookworm\nCOPY --from=build {path} /bin/demo\nCOPY --from=build /files /files\nCMD [\"demo\"]\n"
        );
        fs::write(directory.path().join("Dockerfile"), &dockerfile).unwrap();
        let only = ["--only", "cargo-chef,syntax-directive"];

        // The same files in the stage that builds, too, by the list that it makes of them.
        let verify = ["verify", "--format", "json", "--quiet", "--network", "host", "--builtin-frontend"];
        let report: Value =
            serde_json::from_slice(&dockfix(&[&verify[..], &only[..]].concat(), directory.path())).unwrap();
        assert_eq!(report["files"][0]["status"], "same", "{build}: {report:#}");

        dockfix(&[&["--write", "--quiet"][..], &only[..]].concat(), directory.path());
        assert_ne!(fs::read_to_string(directory.path().join("Dockerfile")).unwrap(), dockerfile);
        let name = format!("dockfix-chef-{number}-{nonce}");
        assert_eq!(build_and_run(directory.path(), &name).1, "one 1", "{build}");
        edit_source(directory.path());
        let (report, said) = build_and_run(directory.path(), &name);
        assert_eq!(said, "two 1", "{build}: {report}");
        assert!(is_cached(&report, "cargo chef cook"), "{build}: {report}");
        assert!(!is_cached(&report, "cargo chef prepare"), "{build}: {report}");
        assert!(report.contains("Compiling demo"), "{build}: {report}");
        assert!(!report.contains("Compiling itoa"), "{build}: {report}");
    }
}
