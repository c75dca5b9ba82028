//! How long the engine takes for the whole corpus, its files' contexts unknown, on one core: microseconds a file, and as a
//! ratio to parsing the same files in the same run.

#![allow(missing_docs, clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../../syntax/tests/corpus/mod.rs"]
mod corpus;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use dockfix_model::context::Context;
use dockfix_syntax::Dockerfile;
use dockfix_transforms::{Options, Project, ProjectFile, fix};

fn main() {
    let Some(mut files) = corpus::dockerfiles() else { return };
    // The short mode only shows that the benchmark still runs.
    if std::env::args().any(|argument| argument == "--quick" || argument == "--test") {
        files.truncate(200);
    }
    let started = Instant::now();
    for (_, source) in &files {
        black_box(Dockerfile::parse(&source[..]));
    }
    let parsing = started.elapsed();
    let started = Instant::now();
    for (name, source) in &files {
        let file = ProjectFile {
            name: name.clone(),
            file: Arc::new(Dockerfile::parse(&source[..])),
            context: Context::unknown(),
            rewrite: true,
        };
        black_box(fix(&Project { files: vec![file], ..Project::default() }, &Options::default()));
    }
    let fixing = started.elapsed();
    let count = files.len().max(1);
    println!(
        "{count} files: parse {:.1} us, fix {:.1} us a file; ratio {:.1}",
        parsing.as_secs_f64() * 1e6 / count as f64,
        fixing.as_secs_f64() * 1e6 / count as f64,
        fixing.as_secs_f64() / parsing.as_secs_f64()
    );
}
