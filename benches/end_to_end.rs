//! How long a dry run takes, against ripgrep searching the same files in the same run:
//! `cargo bench --bench end_to_end`; with `-- --quick`, few rounds.
//!
//! The files are those of the corpus (`../shared/corpus`, or where `DOCKFIX_CORPUS` points), on two cores. Both programs
//! write into a pipe, because ripgrep stops at the first match when nobody reads. Without the corpus or ripgrep (`rg`),
//! it says so and measures nothing.

#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on may stop")]

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[path = "../syntax/tests/corpus/mod.rs"]
mod corpus;

/// A dry run takes at most so many times as long as ripgrep.
const RATIO: f64 = 5.0;
/// One small file, start to end.
const SMALL: Duration = Duration::from_millis(10);
/// Peak memory, in bytes.
const MEMORY: u64 = 150_000_000;

/// The shape of a small service.
const DOCKERFILE: &str = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"server.js\"]\n";

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick" || argument == "--test")
        || std::env::var_os("DOCKFIX_BENCH_QUICK").is_some();
    let rounds = if quick { 3 } else { 20 };
    small_file(rounds * 5);
    whole_corpus(rounds);
}

fn small_file(rounds: usize) {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("Dockerfile", DOCKERFILE);
    write("package.json", "{\"name\": \"a\", \"version\": \"1.0.0\"}");
    write("package-lock.json", "{\"name\": \"a\", \"lockfileVersion\": 3, \"packages\": {}}");
    write("server.js", "");
    let mut best = Duration::MAX;
    for _ in 0..rounds {
        best = best.min(run(dockfix(&[]).current_dir(directory.path())).time);
    }
    println!("one small file: {:.1} ms ({})", milliseconds(best), verdict(best <= SMALL, "10 ms"));
}

fn whole_corpus(rounds: usize) {
    let Some(files) = corpus::dockerfiles() else { return };
    if Command::new("rg").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        println!("skipped: there is no ripgrep (rg) to compare with");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut bytes = 0;
    for (name, source) in &files {
        std::fs::write(directory.path().join(name), source).unwrap();
        bytes += source.len();
    }
    println!(
        "{} files, {:.1} MB, each program at its fastest of {rounds} rounds",
        files.len(),
        bytes as f64 / 1e6
    );
    let path = directory.path().to_str().unwrap();
    let (mut ours, mut theirs, mut memory) = (Duration::MAX, Duration::MAX, 0);
    for _ in 0..rounds {
        let mut ripgrep = on_two_cores("rg");
        ripgrep.args(["--no-config", "--threads", "2", "--line-number", "apt-get (update|install)", path]);
        theirs = theirs.min(run(&mut ripgrep).time);
        let measured = run(&mut dockfix(&[path]));
        ours = ours.min(measured.time);
        memory = memory.max(measured.memory);
    }
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!("ripgrep: {:.1} ms", milliseconds(theirs));
    println!("dry run: {:.1} ms", milliseconds(ours));
    println!("ratio: {ratio:.1} ({})", verdict(ratio <= RATIO, "5"));
    if memory > 0 {
        println!("peak memory: {:.0} MB ({})", memory as f64 / 1e6, verdict(memory <= MEMORY, "150 MB"));
    }
}

fn dockfix(arguments: &[&str]) -> Command {
    let mut command = on_two_cores(env!("CARGO_BIN_EXE_dockfix"));
    command.args(arguments);
    command
}

/// A command that uses two cores at most, where the system can be told so.
fn on_two_cores(program: impl AsRef<Path>) -> Command {
    let taskset = PathBuf::from("/usr/bin/taskset");
    if !taskset.is_file() {
        return Command::new(program.as_ref());
    }
    let mut command = Command::new(taskset);
    command.args(["--cpu-list", "0,1"]).arg(program.as_ref());
    command
}

struct Measured {
    time: Duration,
    /// Peak resident memory in bytes; 0 where the system does not tell.
    memory: u64,
}

/// Runs a command to its end, reading all it says.
fn run(command: &mut Command) -> Measured {
    let start = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut errors = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || errors.read_to_end(&mut Vec::new()));
    let mut output = child.stdout.take().unwrap();
    let mut buffer = vec![0; 1 << 16];
    let mut memory = 0;
    while output.read(&mut buffer).unwrap() > 0 {
        memory = memory.max(peak_memory(child.id()));
    }
    let _ = reader.join();
    child.wait().unwrap();
    Measured { time: start.elapsed(), memory }
}

/// The most memory that a process has had so far (Linux, `VmHWM`). It prints when its work is done, so the peak is over
/// by the time that output comes.
fn peak_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .and_then(|number| number.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn verdict(good: bool, target: &str) -> String {
    format!("{} the target of {target}", if good { "meets" } else { "misses" })
}
