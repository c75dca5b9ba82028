//! Small applications, verified with a real engine: the image of the rewritten file is the same, and after an edit of a
//! source file the install is not done again.
//!
//! The tests are ignored as they take minutes; they pass with a printed message where no engine answers. Lock files
//! are made by the package managers themselves, in the base image.

#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]
#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod applications;
mod cargo_project;
mod chef;
mod compiled;
mod docker;
mod verification;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Instant, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

use docker::docker;

/// An application and what has to become of it.
///
/// `@NONCE@` in the files and in the Dockerfile is different in every run: the first builds find nothing in the cache.
/// `@INDEX@` is the package index that pip uses in the base image.
struct Application {
    name: &'static str,
    base: &'static str,
    dockerfile: &'static str,
    /// Path and content.
    files: &'static [(&'static str, &'static str)],
    /// The command that makes the lock file of this name from the other files.
    lock: Option<(&'static str, &'static str)>,
    /// Part of the install's command.
    install: &'static str,
    /// The source file that is edited.
    source: &'static str,
    /// Whether the original does the install again after that edit.
    original_reruns: bool,
}

/// One at a time: the engine has its hands full with one build.
static ENGINE: Mutex<()> = Mutex::new(());

/// When the first of them came: none begins later than `DOCKFIX_ENGINE_SECONDS` after that, where that is set.
static START: OnceLock<Instant> = OnceLock::new();

impl Application {
    /// Builds both and compares.
    fn check(&self) {
        let start = *START.get_or_init(Instant::now);
        let _one = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = |why: &str| {
            // Not captured, as the output of a test that passes would be.
            let mut stderr = std::io::stderr();
            writeln!(stderr, "skipped: {}: {why}", self.name).unwrap();
        };
        if let Some(why) = unavailable(start) {
            return skipped(why);
        }
        docker::provide(self.base);
        let nonce = nonce();
        let original = TempDir::new().unwrap();
        let lock = TempDir::new().unwrap();
        self.write(original.path(), &nonce);
        if let Some((command, file)) = self.lock {
            let dockerfile = format!(
                "FROM {}\nWORKDIR /w\nCOPY . .\nRUN {command}\nFROM scratch\nCOPY --from=0 /w/{file} /\n",
                self.base
            );
            let destination = format!("type=local,dest={}", lock.path().display());
            docker::build(original.path(), &dockerfile, &["--output", &destination]);
            fs::copy(lock.path().join(file), original.path().join(file)).unwrap();
        }
        let report = self.verify(original.path());
        let file = &report["files"][0];
        assert_eq!(file["status"], "same", "{}: {file:#}", self.name);
        assert!(file["image"]["files"].as_u64().unwrap() > 1000, "{file:#}");
        let rebuilds = file["rebuilds"].as_array().unwrap();
        let rebuild = rebuilds.iter().find(|rebuild| rebuild["path"] == self.source).unwrap();
        let expected = [("original", !self.original_reruns), ("rewritten", true)];
        for (which, expected) in expected {
            let steps = rebuild[which]["steps"].as_array().unwrap();
            let is_install = |step: &&Value| {
                let text = step["text"].as_str().unwrap();
                text.starts_with("RUN ") && text.contains(self.install)
            };
            let install = steps.iter().find(is_install).unwrap_or_else(|| panic!("no install: {rebuild:#}"));
            assert_eq!(install["cached"], expected, "{}, {which}: {rebuild:#}", self.name);
        }
        let count = |which: &str| rebuild[which]["executed"].as_u64().unwrap();
        assert!(count("rewritten") <= count("original"), "{rebuild:#}");
    }

    /// The report of `dockfix verify`.
    fn verify(&self, directory: &Path) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockfix"));
        command.args(["verify", "--format", "json", "--quiet", "--network", "host", "--builtin-frontend"]);
        let output = command.args(["--edit", self.source]).arg(directory).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{}: {text}{}",
            self.name,
            String::from_utf8_lossy(&output.stdout)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn write(&self, directory: &Path, nonce: &str) {
        let dockerfile = format!("FROM {}\n{}", self.base, self.dockerfile);
        for (path, content) in self.files.iter().copied().chain([("Dockerfile", &*dockerfile)]) {
            let mut content = content.replace("@NONCE@", nonce);
            if content.contains("@INDEX@") {
                content = content.replace("@INDEX@", &index(self.base));
            }
            let path = directory.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }
}

/// Why no build may begin, if so; `start` is when the first test came.
fn unavailable(start: Instant) -> Option<&'static str> {
    if !docker::answers() {
        return Some("no Docker Engine answers");
    }
    let seconds = std::env::var("DOCKFIX_ENGINE_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    seconds
        .is_some_and(|seconds: u64| start.elapsed().as_secs() > seconds)
        .then_some("DOCKFIX_ENGINE_SECONDS are over")
}

/// Something that is different in every run, so that nothing of it is in the cache.
fn nonce() -> String {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos().to_string()
}

/// The package index that pip asks by default.
fn index(base: &str) -> String {
    let program = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";
    docker(&["run", "--rm", base, "python3", "-c", program])
}
