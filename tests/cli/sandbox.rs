//! A directory to run dockfix in.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A Dockerfile with something to do for `manifest-first`, and the files that it takes to do it.
pub(crate) const NODE: [(&str, &str); 4] = [
    ("Dockerfile", "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"server.js\"]\n"),
    ("package.json", "{\"name\": \"a\", \"version\": \"1.0.0\"}"),
    (
        "package-lock.json",
        "{\"name\": \"a\", \"version\": \"1.0.0\", \"lockfileVersion\": 3, \"packages\": {}}",
    ),
    ("server.js", ""),
];

/// What `manifest-first` wants to find, and else has `dockerignore` write: without it, the copied sources might hold the
/// installed packages of the host.
pub(crate) const IGNORE: &str = "node_modules\n**/node_modules\n";

/// A Dockerfile with nothing to do.
pub(crate) const DONE: &str = "FROM scratch\nCOPY server.js /\n";

/// A Dockerfile that BuildKit rejects.
pub(crate) const BROKEN: &str = "FROM scratch\nCOPPY a /\n";

/// A directory with files, removed at the end.
pub(crate) struct Sandbox {
    directory: PathBuf,
    /// Removes the directory, unless another sandbox does.
    _guard: Option<tempfile::TempDir>,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let guard = tempfile::tempdir().unwrap();
        Self { directory: guard.path().to_owned(), _guard: Some(guard) }
    }

    /// A directory inside another sandbox.
    pub(crate) fn at(directory: PathBuf) -> Self {
        Self { directory, _guard: None }
    }

    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let sandbox = Self::new();
        for (name, text) in files {
            sandbox.file(name, text);
        }
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// A command in the directory that sees nothing of the user's settings.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.directory)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.directory);
        // Without these, programs do not start on Windows.
        for name in ["SystemRoot", "TEMP", "TMP"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    pub(crate) fn dockfix(&self, arguments: &[&str]) -> Outcome {
        run(self.command(env!("CARGO_BIN_EXE_dockfix")).args(arguments), "")
    }

    pub(crate) fn dockfix_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        run(self.command(env!("CARGO_BIN_EXE_dockfix")).args(arguments), input)
    }

    pub(crate) fn git(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.command("git");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "a").env(format!("GIT_{role}_EMAIL"), "a@example.org");
            command.env(format!("GIT_{role}_DATE"), "2026-03-01T12:00:00Z");
        }
        let outcome = run(command.args(arguments), input);
        assert_eq!(outcome.code, 0, "git {arguments:?}: {}", outcome.stderr);
        outcome.stdout
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command, input: &str) -> Outcome {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // Who does not read its input may close it early.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Outcome {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The JSON report on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
