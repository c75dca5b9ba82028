//! Small applications, built with a real engine as they are and as dockfix rewrites them: the same image, and after an
//! edit of a source file the install is not done again.
//!
//! The tests are ignored as they take minutes; they pass with a printed message where no engine answers. Lock files
//! are made by the package managers themselves, in the base image.

#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]
#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod applications;
mod docker;
mod image;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use tempfile::TempDir;

use docker::{Images, docker};
use image::{Image, Tolerance};

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

impl Application {
    /// Builds both and compares.
    fn check(&self) {
        let _one = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
        if !docker::answers() {
            // Not captured, as the output of a test that passes would be.
            let mut stderr = std::io::stderr();
            writeln!(stderr, "skipped: {}: no Docker Engine answers", self.name).unwrap();
            return;
        }
        docker::provide(self.base);
        let nonce = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos().to_string();
        let original = TempDir::new().unwrap();
        let rewritten = TempDir::new().unwrap();
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
        copy_files(original.path(), rewritten.path());
        rewrite(rewritten.path());

        let image = |which: &str| format!("dockfix-test/{}-{which}", self.name);
        let names = [image("original"), image("rewritten")];
        let images = Images(names.to_vec());
        let build = |directory: &Path, name: &String| {
            let dockerfile = fs::read_to_string(directory.join("Dockerfile")).unwrap();
            docker::build(directory, &dockerfile, &["--load", "--tag", name])
        };
        let [first, second] = &names;
        build(original.path(), first);
        build(rewritten.path(), second);
        let (before, after) = std::thread::scope(|scope| {
            let before = scope.spawn(|| Image::read(first));
            let after = Image::read(second);
            (before.join().unwrap(), after)
        });
        let mut problems = before.differences(&after, tolerated);
        assert!(before.len() > 1000, "{} entries", before.len());

        for directory in [original.path(), rewritten.path()] {
            let mut file = fs::OpenOptions::new().append(true).open(directory.join(self.source)).unwrap();
            writeln!(file).unwrap();
        }
        let expected = if self.original_reruns { "DONE" } else { "CACHED" };
        for (directory, name, expected) in
            [(original.path(), first, expected), (rewritten.path(), second, "CACHED")]
        {
            let found = docker::outcome(&build(directory, name), self.install);
            if found != expected {
                problems.push(format!("{name}: after an edit the install is {found}, not {expected}"));
            }
        }
        drop(images);
        let dockerfile = fs::read_to_string(rewritten.path().join("Dockerfile")).unwrap();
        assert!(problems.is_empty(), "{}:\n{}\n\n{dockerfile}", self.name, problems.join("\n"));
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

/// The package index that pip asks by default.
fn index(base: &str) -> String {
    let program = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";
    docker(&["run", "--rm", base, "python3", "-c", program])
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) =
            (from.join(entry.as_ref().unwrap().file_name()), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            fs::create_dir(&to).unwrap();
            copy_files(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// Lets dockfix do what it does by default.
fn rewrite(directory: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_dockfix")).arg("--write").arg(directory).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}

/// What two builds of one file do not have in common either, and what dockfix may change.
fn tolerated(path: &str) -> Tolerance {
    let below = |directory: &&str| {
        path.strip_prefix(*directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // The caches and logs of package managers, package lists, and what dockfix has to edit.
    let anything = [
        "root/.npm",
        "root/.cache",
        "home/node/.npm",
        "home/node/.cache",
        "usr/local/share/.cache",
        "root/.local/share/pnpm",
        "root/.local/state/pnpm",
        "var/cache/apt",
        "var/lib/apt/lists",
        "app/Dockerfile",
        "app/.dockerignore",
        "tmp",
    ];
    // Times, and the place of pnpm's store.
    let content = ["var/log", "var/cache/ldconfig/aux-cache", "app/node_modules/.modules.yaml"];
    if anything.iter().any(below) {
        Tolerance::Anything
    } else if content.iter().any(below)
        // The time of the source file, and the time of a manifest with the line of the list of files that hashes it.
        || path.ends_with(".pyc")
        || path.ends_with(".dist-info/uv_cache.json")
        || path.starts_with("app/.venv/") && path.ends_with(".dist-info/RECORD")
    {
        Tolerance::Content
    } else {
        Tolerance::Nothing
    }
}
