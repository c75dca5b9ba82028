//! How fast Dockerfiles are read, on one core: `cargo bench -p dockfix-syntax --bench parse`; with `-- --quick` or
//! `-- --test`, few rounds.
//!
//! The speed of the machine is told by counting the lines of the same bytes with memchr in the same run.

#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dockfix_syntax::Dockerfile;

#[path = "../tests/corpus/mod.rs"]
mod corpus;

/// The target on one core of a machine of 2025, in MB/s.
const TARGET: f64 = 200.0;

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick" || arg == "--test")
        || std::env::var_os("DOCKFIX_BENCH_QUICK").is_some();
    let rounds = if quick { 3 } else { 40 };
    let files: Vec<Arc<[u8]>> = corpus::samples().into_iter().map(|(_, source)| source.into()).collect();
    let bytes: usize = files.iter().map(|file| file.len()).sum();
    let mut whole = Vec::with_capacity(bytes + files.len());
    for file in &files {
        whole.extend_from_slice(file);
        if !file.ends_with(b"\n") {
            whole.push(b'\n');
        }
    }
    let whole: Arc<[u8]> = whole.into();

    let lines = fastest(rounds, || memchr::memchr_iter(b'\n', black_box(&whole)).count());
    println!("{} files, {:.2} MB; lines counted at {:.0} MB/s", files.len(), mb(bytes), speed(bytes, lines));
    let each = fastest(rounds, || {
        files.iter().map(|file| Dockerfile::parse(Arc::clone(black_box(file))).items().len()).sum()
    });
    report("every file", bytes, each, lines);
    let one = fastest(rounds, || Dockerfile::parse(Arc::clone(black_box(&whole))).items().len());
    report("all in one file", whole.len(), one, lines);
}

fn report(what: &str, bytes: usize, time: Duration, lines: Duration) {
    let speed = speed(bytes, time);
    let ratio = time.as_secs_f64() / lines.as_secs_f64();
    let verdict = if speed >= TARGET { "meets" } else { "misses" };
    println!(
        "{what}: {speed:.0} MB/s, {ratio:.1} times the time of counting lines ({verdict} {TARGET} MB/s)"
    );
}

/// The fastest of several rounds: the one that was disturbed least.
fn fastest(rounds: usize, mut work: impl FnMut() -> usize) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..rounds {
        let start = Instant::now();
        black_box(work());
        best = best.min(start.elapsed());
    }
    best
}

fn mb(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

fn speed(bytes: usize, time: Duration) -> f64 {
    mb(bytes) / time.as_secs_f64()
}
