//! How fast shell scripts are read: `cargo bench -p dockfix-syntax --bench shell`; with `-- --test`, each once.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use dockfix_syntax::shell;

#[path = "../tests/corpus/mod.rs"]
mod corpus;
#[path = "../tests/run_bodies/mod.rs"]
mod run_bodies;

fn main() {
    divan::main();
}

/// A RUN as people write it.
const TYPICAL: &[u8] = b"apt-get update && apt-get install -y --no-install-recommends ca-certificates curl \"python3=${PYTHON_VERSION}\" \
    && curl -fsSL https://example.com/install.sh | sh -s -- --prefix=/usr/local > /dev/null 2>&1 && rm -rf /var/lib/apt/lists/*";

#[divan::bench]
fn typical(bencher: Bencher<'_, '_>) {
    bencher.counter(BytesCount::of_slice(TYPICAL)).bench(|| shell::scan(black_box(TYPICAL)));
}

#[divan::bench]
fn every_run_of_the_corpus(bencher: Bencher<'_, '_>) {
    let bodies = corpus::dockerfiles().map(|files| run_bodies::run_bodies(&files)).unwrap_or_default();
    let bytes: usize = bodies.iter().map(|body| body.script.len()).sum();
    bencher
        .counter(BytesCount::new(bytes))
        .bench(|| bodies.iter().filter(|body| shell::scan(black_box(&body.script)).is_ok()).count());
}
