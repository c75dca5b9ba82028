//! How long the replay of a history takes, against git listing the same changes in the same run:
//! `cargo bench --bench history`; with `-- --quick`, a shorter history and few rounds.
//!
//! The repository is made for it: every commit changes a thousand of five thousand files, and no step takes all that a
//! commit changes, so that every path has to be looked at. The target is that of 1,000 such commits.

#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on may stop")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// After git's own time, for 1,000 commits.
const TARGET: Duration = Duration::from_secs(1);

const COMMITS: usize = 1000;
const CHANGES: usize = 1000;
const DIRECTORIES: usize = 50;
const FILES: usize = 100;
/// Different contents.
const CONTENTS: usize = 20;

const DOCKERFILE: &str = "FROM node:22 AS build\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\n\
COPY d1 d1\nCOPY d2/*.js d3/f?.js d3/\nCOPY d4/f1.js ./\nRUN npm run build\n\
FROM nginx\nCOPY --from=build /app/dist /srv\nCOPY conf conf\n";
const IGNORED: &str = "**/node_modules\n.git\n*.md\nd[5-9]/f1*\n**/*.log\n!d5/f11.js\n";

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick" || argument == "--test")
        || std::env::var_os("DOCKFIX_BENCH_QUICK").is_some();
    let (commits, rounds) = if quick { (COMMITS / 5, 2) } else { (COMMITS, 5) };
    let directory = tempfile::tempdir().unwrap();
    make_repository(directory.path(), commits);
    let (mut git, mut replay, mut page) = (Duration::MAX, Duration::MAX, Duration::MAX);
    let count = commits.to_string();
    let html = directory.path().join("page.html");
    for _ in 0..rounds {
        let log = ["log", "--raw", "-z", "--first-parent", "-m", "--no-renames", "--no-abbrev", "-n", &count];
        git = git.min(run(in_directory("git", directory.path()).args(log)));
        let dockfix = env!("CARGO_BIN_EXE_dockfix");
        let history = ["cache", "Dockerfile", "--history", &count];
        replay = replay.min(run(in_directory(dockfix, directory.path()).args(history)));
        let mut drawn = in_directory(dockfix, directory.path());
        page = page.min(run(drawn.args(history).arg("--html").arg(&html)));
    }
    println!("{commits} commits of {CHANGES} changed files, each program at its fastest of {rounds} rounds");
    println!("git log --raw: {:.0} ms", milliseconds(git));
    let ratio = replay.as_secs_f64() / git.as_secs_f64();
    println!("replay: {:.0} ms, {ratio:.2} times as long", milliseconds(replay));
    println!("replay with page: {:.0} ms", milliseconds(page));
    let more = replay.saturating_sub(git).mul_f64(COMMITS as f64 / commits as f64);
    let verdict = if more <= TARGET { "meets" } else { "misses" };
    println!(
        "more than git, for {COMMITS} commits: {:.0} ms ({verdict} the target of 1 s)",
        milliseconds(more)
    );
}

/// Writes the history with `git fast-import`.
fn make_repository(directory: &Path, commits: usize) {
    let git = |arguments: &[&str]| {
        let status = in_directory("git", directory).args(arguments).status().unwrap();
        assert!(status.success(), "git {arguments:?}");
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    let mut import = in_directory("git", directory)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stream = import.stdin.take().unwrap();
    let mut text = String::new();
    for content in 0..CONTENTS {
        write!(text, "blob\nmark :{}\ndata 8\n{content:08}\n", content + 1).unwrap();
    }
    for commit in 0..=commits {
        let time = 1_700_000_000 + commit;
        write!(text, "commit refs/heads/main\ncommitter a <a@example.org> {time} +0000\ndata 1\nx\n")
            .unwrap();
        if commit == 0 {
            for (path, content) in [("Dockerfile", DOCKERFILE), (".dockerignore", IGNORED)] {
                write!(text, "M 100644 inline {path}\ndata {}\n{content}\n", content.len()).unwrap();
            }
            for path in ["package.json", "package-lock.json", "conf/a"] {
                write!(text, "M 100644 inline {path}\ndata 2\n{{}}\n").unwrap();
            }
        }
        let files = DIRECTORIES * FILES;
        let changed = if commit == 0 { files } else { CHANGES };
        for number in 0..changed {
            // A different fifth of the files each time.
            let file = (number * (files / changed) + commit) % files;
            let content = (commit + number) % CONTENTS + 1;
            writeln!(text, "M 100644 :{content} d{}/f{}.js", file / FILES, file % FILES).unwrap();
        }
        stream.write_all(text.as_bytes()).unwrap();
        text.clear();
    }
    drop(stream);
    assert!(import.wait().unwrap().success());
    git(&["reset", "--quiet", "--hard"]);
}

/// A command that sees nothing of the user's settings.
fn in_directory(program: &str, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("HOME", directory);
    command
}

fn run(command: &mut Command) -> Duration {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!output.stdout.is_empty());
    start.elapsed()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
