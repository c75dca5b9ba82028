//! What Cargo compiles in a cache mount: after an edit the dependencies are not compiled again, and the program is the new
//! one, however old the edited file is.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

use crate::{ENGINE, START, docker, nonce, unavailable};

/// Whatever the last instruction copies the program from.
const BUILDS: [(&str, &str); 3] = [
    ("RUN cargo build --release", "/app/target/release/demo"),
    ("RUN cargo build \\\n && cp target/debug/demo /demo.bin", "/demo.bin"),
    ("RUN cargo install --locked --path . --root /out", "/out/bin/demo"),
];

pub(crate) fn program(says: &str) -> String {
    format!("fn main() {{\n    println!(\"{says} {{}}\", itoa::Buffer::new().format(1));\n}}\n")
}

pub(crate) fn dockfix(arguments: &[&str], directory: &Path) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockfix"));
    command.args(arguments).arg("--unsafe").arg(directory);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Writes a program with one dependency, and has Cargo make its lock file in the image `base`.
pub(crate) fn write_project(directory: &Path, base: &str, nonce: &str) {
    fs::create_dir(directory.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\ndescription = \"{nonce}\"\n\n[dependencies]\nitoa = \"=1.0.11\"\n"
    );
    fs::write(directory.join("Cargo.toml"), manifest).unwrap();
    fs::write(directory.join("src/main.rs"), program("one")).unwrap();
    let lock = format!(
        "FROM {base}\nWORKDIR /app\nCOPY . .\nRUN cargo generate-lockfile\nFROM scratch\nCOPY --from=0 /app/Cargo.lock /\n"
    );
    let destination = format!("type=local,dest={}", directory.display());
    docker::build(directory, &lock, &["--output", &destination]);
}

/// Makes the program say something else, in a file that is older than whatever was compiled.
pub(crate) fn edit_source(directory: &Path) {
    let path = directory.join("src/main.rs");
    fs::write(&path, program("two")).unwrap();
    let old = SystemTime::now() - Duration::from_secs(86_400);
    fs::File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
}

/// Builds the Dockerfile in `directory` without its syntax line, and runs what it makes: the report of the build, and what
/// the program says.
pub(crate) fn build_and_run(directory: &Path, name: &str) -> (String, String) {
    let dockerfile = fs::read_to_string(directory.join("Dockerfile")).unwrap();
    let dockerfile = dockerfile.replace("# syntax=docker/dockerfile:1\n", "");
    let report = docker::build(directory, &dockerfile, &["--load", "--tag", name]);
    let said = docker::docker(&["run", "--rm", name]);
    docker::docker(&["rmi", name]);
    (report, said)
}

#[test]
#[ignore = "builds with a real engine"]
fn dependencies_stay_compiled_and_sources_do_not() {
    let start = *START.get_or_init(Instant::now);
    let _one = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
    for (number, (build, path)) in BUILDS.iter().enumerate() {
        if let Some(why) = unavailable(start) {
            writeln!(std::io::stderr(), "skipped: `{build}`: {why}").unwrap();
            return;
        }
        for base in ["rust:1", "debian:bookworm"] {
            docker::provide(base);
        }
        let nonce = nonce();
        let directory = TempDir::new().unwrap();
        let at = |path: &str| directory.path().join(path);
        write_project(directory.path(), "rust:1", &nonce);
        let dockerfile = format!(
            "FROM rust:1 AS build\nWORKDIR /app\nCOPY . .\n{build}\n\nFROM debian:bookworm\nCOPY --from=build {path} /bin/demo\nCMD [\"demo\"]\n"
        );
        fs::write(at("Dockerfile"), &dockerfile).unwrap();

        let verify = ["verify", "--format", "json", "--quiet", "--network", "host", "--builtin-frontend"];
        let report: Value = serde_json::from_slice(&dockfix(&verify, directory.path())).unwrap();
        assert_eq!(report["files"][0]["status"], "same", "{build}: {report:#}");

        dockfix(&["--write", "--quiet"], directory.path());
        assert_ne!(fs::read_to_string(at("Dockerfile")).unwrap(), dockerfile);
        let name = format!("dockfix-compiled-{number}-{nonce}");
        assert_eq!(build_and_run(directory.path(), &name).1, "one 1", "{build}");
        edit_source(directory.path());
        let (report, said) = build_and_run(directory.path(), &name);
        assert_eq!(said, "two 1", "{build}: {report}");
        assert!(report.contains("Compiling demo"), "{build}: {report}");
        assert!(!report.contains("Compiling itoa"), "{build}: {report}");
    }
}
