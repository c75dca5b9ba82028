//! What Cargo compiles in a cache mount: after an edit the dependencies are not compiled again, and the program is the new
//! one, however old the edited file is.

use crate::cargo_project::{each, rebuilt};
use crate::docker;

/// Whatever the last instruction copies the program from.
const BUILDS: [(&str, &str); 3] = [
    ("RUN cargo build --release", "/app/target/release/demo"),
    ("RUN cargo build \\\n && cp target/debug/demo /demo.bin", "/demo.bin"),
    ("RUN cargo install --locked --path . --root /out", "/out/bin/demo"),
];

#[test]
#[ignore = "builds with a real engine"]
fn dependencies_stay_compiled_and_sources_do_not() {
    each(&BUILDS, |number, (build, path)| {
        for base in ["rust:1", "debian:bookworm"] {
            docker::provide(base);
        }
        let dockerfile = format!(
            "FROM rust:1 AS build\nWORKDIR /app\nCOPY . .\n{build}\n\nFROM debian:bookworm\nCOPY --from=build {path} /bin/demo\nCMD [\"demo\"]\n"
        );
        rebuilt(&format!("dockfix-compiled-{number}"), "rust:1", &dockerfile, &[]);
    });
}
