//! cargo-chef: after an edit of a source the step that compiles the dependencies is cached, and the program is the new one.

use crate::cargo_project::{each, rebuilt};
use crate::docker;

/// One that a stand-in cannot be mistaken for: it says where Cargo's home is, as the official image does.
const BASE: &str = "rust:1.95";
const SETTINGS: &str = "ENV CARGO_HOME=/usr/local/cargo PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A stage without its FROM, and whatever the last instruction copies the program from.
const BUILDS: [(&str, &str); 3] = [
    ("WORKDIR /app\nCOPY . .\nRUN cargo build --release --locked", "/app/target/release/demo"),
    ("COPY . /app\nWORKDIR /app\nENV RUSTFLAGS=-Copt-level=1\nRUN cargo build", "/app/target/debug/demo"),
    (
        "WORKDIR /app\nCOPY Cargo.* ./\nCOPY src ./src\nRUN cargo install --locked --path . --root /out",
        "/out/bin/demo",
    ),
];

/// Whether the step whose text has `part` was taken from the cache, by what the engine told.
fn is_cached(report: &str, part: &str) -> bool {
    let step =
        report.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part}: {report}"));
    let number = step.split(' ').next().unwrap();
    report.lines().any(|line| line.trim_end() == format!("{number} CACHED"))
}

#[test]
#[ignore = "builds with a real engine"]
fn dependencies_stay_in_their_step() {
    each(&BUILDS, |number, (build, path)| {
        docker::provide_with(BASE, SETTINGS);
        docker::provide("debian:bookworm");
        // The same files in the stage that builds, too, by the list that it makes of them.
        let dockerfile = format!(
            "FROM {BASE} AS build\n{build}\nRUN find . -path ./target -prune -o -type f -print | sort | grep -v Dockerfile > /files; ls /usr/local/cargo/bin >> /files || true\n\nFROM debian:bookworm\nCOPY --from=build {path} /bin/demo\nCOPY --from=build /files /files\nCMD [\"demo\"]\n"
        );
        let only = ["--only", "cargo-chef,syntax-directive"];
        let report = rebuilt(&format!("dockfix-chef-{number}"), BASE, &dockerfile, &only);
        assert!(is_cached(&report, "cargo chef cook"), "{build}: {report}");
        assert!(!is_cached(&report, "cargo chef prepare"), "{build}: {report}");
    });
}
