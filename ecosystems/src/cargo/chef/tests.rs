//! Tests of what cargo-chef is told and what it cannot do.

use crate::cargo::Cargo;
use crate::testing;

const APP: (&str, &str) = ("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\n");
const MAIN: (&str, &str) = ("src/main.rs", "");
const LOCK: (&str, &str) = ("Cargo.lock", "version = 4\n");

fn planned(base: &str, body: &str, files: &[(&str, &str)]) -> String {
    testing::planned(&Cargo, &format!("FROM {base}\nWORKDIR /app\nCOPY . .\nRUN {body}"), files)
}

/// What cook is told for a command.
fn told(body: &str) -> String {
    let line = planned("rust", body, &[APP, MAIN, LOCK]);
    let line = line.strip_suffix(" --recipe-path recipe.json").unwrap_or(&line);
    line.strip_prefix("cargo chef cook").unwrap_or(line).trim_start().to_owned()
}

#[test]
fn cook_is_told_what_the_build_is() {
    for (body, options) in [
        ("cargo build", ""),
        ("cargo b -r", "--release"),
        (
            "cargo build --profile=dist --target x86_64-unknown-linux-musl",
            "--profile=dist --target x86_64-unknown-linux-musl",
        ),
        (
            "cargo build --no-default-features -F 'a b' --features=c",
            "--no-default-features --features 'a b' --features=c",
        ),
        (
            "cargo build --all --all-features -p a --bin b --bins --locked -j4",
            "--workspace --all-features --package a --bin b --bins --locked --jobs 4",
        ),
        ("cargo build -v --color=always --message-format short --release", "--release"),
        ("cargo build --features \"$FEATURES\" -Z build-std", "--features \"$FEATURES\" -Z build-std"),
        ("cargo build --target-dir out", "--target-dir out"),
        ("cargo check --workspace", "--check --workspace"),
        ("cargo install --locked --path . --root /out", "--release --locked"),
        ("cargo install --locked --debug --features x", "--locked --features x"),
        ("X=1 cargo +nightly build", "X=1 cargo +nightly chef cook"),
    ] {
        assert_eq!(told(body), options, "{body}");
    }
    let workspace = [
        ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"),
        ("crates/web/Cargo.toml", "[package]\nname = \"web-app\"\nversion = \"1.0.0\"\n"),
        ("crates/web/src/main.rs", ""),
        LOCK,
    ];
    assert_eq!(
        planned("rust", "cargo install --locked --path crates/web", &workspace),
        "cargo chef cook --release --package web-app --locked --recipe-path recipe.json"
    );
}

#[test]
fn some_commands_are_nothing_for_it() {
    for body in [
        "cargo test",
        "cargo build --offline",
        "cargo build --frozen",
        "cargo build --manifest-path Cargo.toml",
        "cargo build --config net.offline=true",
        "cargo build --workspace --exclude x",
        "cargo build --target thumb.json",
        "cargo build --target $TARGET",
        "cargo build $FLAGS",
        "cargo auditable build",
        "cargo install --path .",
    ] {
        assert!(told(body).starts_with("refused: "), "{body}: {}", told(body));
    }
    assert_eq!(told("cargo fetch"), "nothing");
    assert_eq!(told("cargo chef cook"), "nothing");
}

#[test]
fn the_image_must_have_a_cargo_that_can_compile_it() {
    let refused = |base: &str| planned(base, "cargo build", &[APP, MAIN, LOCK]).starts_with("refused: ");
    for base in
        ["rust", "rust:1", "rust:1.88-slim", "rust:1.95.0-alpine3.22", "rust:slim-bookworm", "rust@sha256:0"]
    {
        assert!(!refused(base), "{base}");
    }
    for base in
        ["rust:1.87", "rust:1.42.0-slim", "rust:buster", "debian", "company/rust", "rust\nENV CARGO_HOME=/x"]
    {
        assert!(refused(base), "{base}");
    }
}

/// A recipe holds members of the workspace, and Cargo must tell them from the project's own.
#[test]
fn the_project_must_fit_into_a_recipe() {
    let lone = |rest: &str| format!("{}{rest}", APP.1);
    let other = ("lib/Cargo.toml", "[package]\nname = \"lib\"\nversion = \"1.0.0\"\n");
    let run = |manifest: &str, more: &[(&str, &str)]| {
        let files = [&[("Cargo.toml", manifest), MAIN, ("lib/src/lib.rs", ""), LOCK][..], more].concat();
        planned("rust", "cargo build", &files)
    };
    let fits = |manifest: &str, more: &[(&str, &str)]| run(manifest, more).starts_with("cargo chef cook");
    assert!(fits(&lone("[workspace]\n[dependencies]\nlib = { path = \"lib\" }\n"), &[other]));
    assert!(fits(&lone("[[bin]]\nname = \"x\"\npath = \"src/x.rs\"\n"), &[other]));
    assert!(fits(
        APP.1,
        &[
            (".cargo/config.toml", "[alias]\nx = \"run --package lib\"\n[target.x]\nlinker = \"clang\"\n"),
            other
        ]
    ));
    assert!(fits(
        "[workspace]\nmembers = [\"lib\"]\n[workspace.package]\nversion = \"2.0.0\"\n",
        &[("lib/Cargo.toml", "[package]\nname = \"lib\"\nversion.workspace = true\n")]
    ));
    let leaves_out = "refused: Cargo.toml needs lib, which is no member of the workspace: a recipe of cargo-chef leaves it out";
    for manifest in [
        lone("[dependencies]\nlib = { path = \"lib\" }\n"),
        lone("[workspace]\nexclude = [\"lib\"]\n[dependencies]\nlib = { path = \"lib\" }\n"),
        lone("[workspace]\n[patch.crates-io]\nlib = { path = \"lib\" }\n"),
    ] {
        assert_eq!(run(&manifest, &[other]), leaves_out, "{manifest}");
    }
    for (version, which) in [("version = \"0.0.1\"\n", "the version 0.0.1"), ("", "no version")] {
        let manifest = format!("[package]\nname = \"app\"\n{version}");
        let reason = "as what cargo-chef compiles in its place: cargo could take that for the project's own";
        assert_eq!(run(&manifest, &[]), format!("refused: Cargo.toml has {which}, {reason}"));
    }
    assert_eq!(
        run(&format!("cargo-features = [\"x\"]\n{}", APP.1), &[]),
        "refused: Cargo.toml:1 asks for features of a nightly Cargo, which makes no recipe in the base image"
    );
    let vendored = "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n";
    assert_eq!(
        run(APP.1, &[(".cargo/config.toml", vendored), ("vendor/x/Cargo.toml", "")]),
        "refused: .cargo/config.toml:4 names `vendor`, which is not there yet where cargo-chef compiles"
    );
    assert_eq!(
        planned("rust", "cargo build", &[APP, LOCK]),
        "refused: the sources of Cargo.toml are not copied where it is built first"
    );
    assert!(planned("rust", "cargo build", &[APP, MAIN]).starts_with("refused: Cargo.lock does not come"));
}

#[test]
fn it_works_in_the_root_of_the_workspace() {
    let files = [("Cargo.toml", "[workspace]\nmembers = [\"app\"]\n"), ("app/Cargo.toml", APP.1), LOCK];
    assert!(
        planned("rust", "cd app && cargo build", &files).starts_with("refused: cargo-chef works in the root")
    );
    let above = [
        ("rust-toolchain", "nightly"),
        ("app/Cargo.toml", APP.1),
        ("app/Cargo.lock", ""),
        ("app/src/main.rs", ""),
    ];
    assert_eq!(
        planned("rust", "cd app && cargo build", &above),
        "refused: rust-toolchain holds for the project too, and is no part of a recipe"
    );
}
