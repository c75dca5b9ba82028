//! A program with one dependency, built in an image that has Cargo, and what becomes of it after an edit.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

use crate::{ENGINE, START, docker, nonce, unavailable};

/// Shows `check` each build with its number, for as long as there is an engine and time.
pub(crate) fn each<B: std::fmt::Debug>(builds: &[B], check: impl Fn(usize, &B)) {
    let start = *START.get_or_init(Instant::now);
    let _one = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
    for (number, build) in builds.iter().enumerate() {
        if let Some(why) = unavailable(start) {
            // Not captured, as the output of a test that passes would be.
            let mut stderr = std::io::stderr();
            writeln!(stderr, "skipped: {build:?}: {why}").unwrap();
            return;
        }
        check(number, build);
    }
}

/// Rewrites a Dockerfile that builds the program in the image `base`, with `only` among the arguments. The image must be
/// the same; after an edit of the source, however old the file is, it must hold the new program, and the dependency must not
/// be compiled again. Gives back what the engine told of the build after the edit.
pub(crate) fn rebuilt(name: &str, base: &str, dockerfile: &str, only: &[&str]) -> String {
    let nonce = nonce();
    let directory = TempDir::new().unwrap();
    let directory = directory.path();
    write_project(directory, base, &nonce);
    fs::write(directory.join("Dockerfile"), dockerfile).unwrap();

    let verify = ["verify", "--format", "json", "--quiet", "--network", "host", "--builtin-frontend"];
    let report: Value = serde_json::from_slice(&dockfix(&[&verify[..], only].concat(), directory)).unwrap();
    assert_eq!(report["files"][0]["status"], "same", "{dockerfile}: {report:#}");

    dockfix(&[&["--write", "--quiet"][..], only].concat(), directory);
    assert_ne!(fs::read_to_string(directory.join("Dockerfile")).unwrap(), dockerfile);
    let name = format!("{name}-{nonce}");
    assert_eq!(build_and_run(directory, &name).1, "one 1", "{dockerfile}");
    edit_source(directory);
    let (report, said) = build_and_run(directory, &name);
    assert_eq!(said, "two 1", "{dockerfile}: {report}");
    assert!(report.contains("Compiling demo"), "{dockerfile}: {report}");
    assert!(!report.contains("Compiling itoa"), "{dockerfile}: {report}");
    report
}

fn program(says: &str) -> String {
    format!("fn main() {{\n    println!(\"{says} {{}}\", itoa::Buffer::new().format(1));\n}}\n")
}

fn dockfix(arguments: &[&str], directory: &Path) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockfix"));
    command.args(arguments).arg("--unsafe").arg(directory);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Writes a program with one dependency, and has Cargo make its lock file in the image `base`.
fn write_project(directory: &Path, base: &str, nonce: &str) {
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
fn edit_source(directory: &Path) {
    let path = directory.join("src/main.rs");
    fs::write(&path, program("two")).unwrap();
    let old = SystemTime::now() - Duration::from_secs(86_400);
    fs::File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
}

/// Builds the Dockerfile in `directory` without its syntax line, and runs what it makes: the report of the build, and what
/// the program says.
fn build_and_run(directory: &Path, name: &str) -> (String, String) {
    let dockerfile = fs::read_to_string(directory.join("Dockerfile")).unwrap();
    let dockerfile = dockerfile.replace("# syntax=docker/dockerfile:1\n", "");
    let report = docker::build(directory, &dockerfile, &["--load", "--tag", name]);
    let said = docker::docker(&["run", "--rm", name]);
    docker::docker(&["rmi", name]);
    (report, said)
}
