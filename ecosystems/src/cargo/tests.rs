//! Tests of what is known of Cargo.

use super::*;
use crate::testing;

fn needs(body: &str) -> String {
    let file = format!("FROM rust\nWORKDIR /app\nCOPY . .\nRUN {body}");
    let workspace = "[workspace]\nmembers = [\"a\"]\n[patch.crates-io]\nx = { path = \"x\" }\n";
    let member = "[package]\nname = \"a\"\n[dependencies]\ny = { git = \"https://x/y\" }\n";
    let files = [
        ("Cargo.toml", workspace),
        ("a/Cargo.toml", member),
        ("a/build.rs", ""),
        ("a/src/main.rs", ""),
        ("x/Cargo.toml", "[package]\n"),
        ("x/src/lib.rs", ""),
    ];
    testing::needs(&Cargo, &file, &files)
}

fn caches(dockerfile: &str) -> String {
    testing::caches(&Cargo, dockerfile, &[])
}

#[test]
fn builds_cannot_be_split() {
    for body in [
        "cargo build --release",
        "cargo +nightly build -Z unstable",
        "cargo b",
        "cargo test --workspace --any-flag",
        "cargo install --path .",
        "cargo install --locked --path crates/x --root /out",
        "cargo install",
        "SQLX_OFFLINE=true cargo build",
        "cargo zigbuild --target x",
    ] {
        let reason = "cargo compiles the dependencies together with the sources: no other order of steps helps, but a cache mount for what is compiled does, or cargo-chef (cache-mount or cargo-chef with --unsafe)";
        assert_eq!(needs(body), format!("refused: {reason}"), "{body}");
    }
    assert_eq!(
        needs("cargo fetch"),
        "refused: cargo fetch wants a source file of every package, such as src/main.rs"
    );
    assert!(needs("cargo chef cook --release --recipe-path recipe.json").starts_with("refused: cargo chef"));
}

#[test]
fn installs_of_crates_need_no_project() {
    for body in [
        "cargo install cargo-chef",
        "cargo install --locked cargo-chef --version 0.1 sqlx-cli@$V",
        "cargo install --git https://x/y --tag v1",
        "rustup target add wasm32-unknown-unknown",
        "rustup default nightly",
        "rustup toolchain install stable --profile minimal",
        "rustup --version",
    ] {
        assert_eq!(needs(body), "packages", "{body}");
    }
    for body in [
        "cargo",
        "cargo clean",
        "cargo new $X",
        "cargo new",
        "cargo new x --config y=z",
        "cargo chef prepare --recipe-path $RECIPE",
        "cargo make x",
        "cargo vendor",
        "cargo update",
        "cargo $VERB",
        "cargo install --unknown x",
        "cargo install $CRATE",
        "cargo install --config x=y z",
        "rustup override set nightly",
        "rustup run nightly x",
        "cargo --version",
    ] {
        assert_eq!(needs(body), "opaque", "{body}");
    }
}

#[test]
fn caches_lie_in_the_home_of_cargo() {
    let both = |home: &str| format!("{home}/registry store locked; {home}/git store locked");
    let run = |lines: &str, body: &str| caches(&format!("{lines}\nRUN {body}"));
    assert_eq!(run("FROM rust", "cargo build --release"), both("/usr/local/cargo"));
    assert_eq!(run("FROM rust", "cargo install x"), both("/usr/local/cargo"));
    assert_eq!(run("FROM rust", "cargo chef cook"), both("/usr/local/cargo"));
    assert_eq!(run("FROM rust\nUSER 1000:1000", "cargo build"), both("/usr/local/cargo"));
    assert_eq!(run("FROM rust\nENV CARGO_HOME=/c", "cargo build"), both("/c"));
    assert_eq!(run("FROM debian", "CARGO_HOME=/c cargo build"), both("/c"));
    assert_eq!(run("FROM debian", "cargo fetch"), both("/root/.cargo"));
    assert_eq!(run("FROM debian", "rustup default x"), "");
}

#[test]
fn refuses_caches_that_would_do_harm() {
    let run = |lines: &str, body: &str| caches(&format!("{lines}\nRUN {body}"));
    assert_eq!(
        run("FROM rust", "cargo build --offline"),
        "refused: --offline relies on what an earlier step downloaded"
    );
    assert!(run("FROM rust", "cargo build --frozen").starts_with("refused: --frozen"));
    assert!(run("FROM rust\nENV CARGO_NET_OFFLINE=true", "cargo build").starts_with("refused: CARGO_NET"));
    assert_eq!(
        run("FROM company/rust", "cargo build"),
        "refused: the base image is not known, and may set CARGO_HOME"
    );
    assert!(
        run("FROM debian\nARG CARGO_HOME=/x", "cargo build").starts_with("refused: the value of CARGO_HOME")
    );
    assert_eq!(
        run("FROM debian\nENV HOME=/home/x\nUSER 1000:1000", "cargo build"),
        "refused: /home/x/.cargo would be root's where the mount makes it, and cargo writes other files there"
    );
}

#[test]
fn installs_look_for_a_toolchain_file() {
    let touches = |body: &str, path: &str| {
        testing::touches(&Cargo, &format!("FROM rust\nWORKDIR /app/sub\nRUN {body}"), path)
    };
    assert_eq!(touches("cargo install x", "/app/sub/rust-toolchain.toml"), "r");
    assert_eq!(touches("cargo install x", "/app/rust-toolchain"), "r");
    assert_eq!(touches("cargo install x", "/app/sub/src"), "");
    assert_eq!(touches("cargo install x --root /out", "/out/bin"), "rw");
    assert_eq!(touches("cargo install x", "/usr/local/cargo/bin"), "rw");
    assert_eq!(touches("rustup target add x", "/usr/local/rustup"), "rw");
    assert_eq!(touches("rustup target add x", "/app"), "r");
    assert_eq!(touches("rustup target add x", "/usr/local/cargo/bin"), "rw");
    for path in ["/usr/local/cargo/registry", "/usr/local/cargo/git", "/usr/local/cargo/config.toml"] {
        assert_eq!(touches("rustup component add clippy", path), "", "{path}");
    }
    assert_eq!(touches("cargo build", "/anything"), "rw");
    assert_eq!(touches("cargo chef prepare --recipe-path recipe.json", "/app/sub/src"), "rw");
    assert_eq!(touches("cargo chef prepare", "/usr/local/cargo/registry"), "");
    assert_eq!(touches("cargo chef prepare", "/app/rust-toolchain.toml"), "r");
}

#[test]
fn what_is_compiled_reads_any_variable() {
    let file = |body: &str| format!("FROM rust\nRUN {body}");
    assert!(testing::reads_variable(&Cargo, &file("cargo build"), "GIT_SHA"));
    assert!(testing::reads_variable(&Cargo, &file("cargo install x"), "GIT_SHA"));
    assert!(!testing::reads_variable(&Cargo, &file("cargo fetch"), "BUILD_DATE"));
    assert!(testing::reads_variable(&Cargo, &file("cargo fetch"), "CARGO_HTTP_PROXY"));
}

/// What the last command compiles and keeps: directory, sources, name.
fn compiled(dockerfile: &str, files: &[(&str, &str)]) -> String {
    testing::compiled(&Cargo, dockerfile, files)
}

const APP: (&str, &str) = ("Cargo.toml", "[package]\nname = \"app\"\n");
const WORKSPACE: (&str, &str) = ("Cargo.toml", "[workspace]\nmembers = [\"app\"]\nexclude = [\"tool\"]\n");
const MEMBER: (&str, &str) = ("app/Cargo.toml", "[package]\nname = \"app\"\n");
const TOOL: (&str, &str) = ("tool/Cargo.toml", "[package]\nname = \"tool\"\n");

#[test]
fn output_lies_in_the_root_of_the_workspace() {
    let run = |body: &str, files: &[(&str, &str)]| {
        compiled(&format!("FROM rust\nWORKDIR /src\nCOPY . .\nRUN {body}"), files)
    };
    assert_eq!(run("cargo build", &[APP]), "/src/target of app in /src");
    assert_eq!(
        run("cargo install --path app", &[WORKSPACE, MEMBER]),
        "/src/target of app in /src, installed"
    );
    assert_eq!(
        run("cargo build --manifest-path=app/Cargo.toml", &[WORKSPACE, MEMBER]),
        "/src/target of app in /src"
    );
    assert_eq!(run("cd app && cargo build", &[WORKSPACE, MEMBER]), "/src/target of app in /src");
    assert_eq!(
        run("cd tool && cargo build", &[WORKSPACE, MEMBER, TOOL]),
        "/src/tool/target of tool in /src/tool"
    );
    assert_eq!(run("cargo build -p server", &[WORKSPACE, MEMBER]), "/src/target of server in /src");
    assert_eq!(run("CARGO_TARGET_DIR=/t cargo build", &[APP]), "/t of app in /src");
    assert_eq!(run("cargo build --target-dir out", &[APP]), "/src/out of app in /src, fixed");
    assert_eq!(run("cargo fetch", &[APP]), "nothing");
    assert_eq!(run("cargo build", &[TOOL]), "refused: its Cargo.toml does not come from the build context");
    assert_eq!(
        run("cargo build --manifest-path $M", &[APP]),
        "refused: the value of --manifest-path is only known in the build"
    );
    assert!(run("cargo leptos build", &[APP]).starts_with("refused: where `cargo leptos`"));
    assert!(run("cargo -C app build", &[APP]).starts_with("opaque"));
}

#[test]
fn what_others_use_lies_in_the_directory_of_the_profile() {
    let makes = |body: &str, path: &str| testing::makes(&Cargo, &format!("FROM rust\nRUN {body}"), path);
    for (body, path) in [
        ("cargo build", "debug/app"),
        ("cargo build -r", "release/libapp.so"),
        ("cargo build --profile dev", "debug/app"),
        ("cargo build --profile=dist --locked", "dist/app"),
        ("cargo build --release", "x86_64-unknown-linux-musl/release/app"),
        ("cargo build --release --target wasm32-wasi", "wasm32-wasi/release/app.wasm"),
        ("cargo build --release --examples", "release/examples/demo"),
        ("cargo build $FLAGS", "release/app"),
    ] {
        assert!(makes(body, path), "{body}: {path}");
    }
    for (body, path) in [
        ("cargo build", "release/app"),
        ("cargo build --release", "release"),
        ("cargo build --release", "release/deps"),
        ("cargo build --release", "release/build/x/out/y"),
        ("cargo build --release", "release/build/x"),
        ("cargo build --release --target wasm32-wasi", "release/app"),
        ("cargo build --release --target wasm32-wasi", "x86_64-unknown-linux-gnu/release/app"),
        ("cargo build --release", "app"),
    ] {
        assert!(!makes(body, path), "{body}: {path}");
    }
}

#[test]
fn sources_outside_of_the_project_are_found() {
    let run = |manifest: &str| {
        let files = [("app/Cargo.toml", manifest), ("lib/Cargo.toml", "[package]\nname = \"lib\"\n")];
        compiled("FROM rust\nCOPY . /src\nWORKDIR /src/app\nRUN cargo build", &files)
    };
    for manifest in [
        "[dependencies]\nlib = { path = \"../lib\" }\n",
        "[dependencies]\nlib = { version = \"1\", path='../lib' }\n",
        "[build-dependencies.lib]\npath = \"../lib\"\n",
        "[patch.crates-io]\nlib = { path = \"../lib\" }\n",
        "[target.'cfg(unix)'.dependencies]\nlib = { path = \"../lib\" }\n",
        "[workspace]\nmembers = [\"../lib\"]\n",
        "[workspace]\nmembers = [\"../*\"]\n",
        "[lib]\npath = \"../lib/src/lib.rs\"\n",
    ] {
        let reason = "refused: the sources in /src/lib";
        assert!(run(manifest).starts_with(reason), "{manifest}: {}", run(manifest));
    }
    assert_eq!(
        run("# lib = { path = \"../lib\" }\n[lib]\npath = \"x.rs\"\n"),
        "/src/app/target of app in /src/app"
    );
}

#[test]
fn new_packages_are_written_where_they_are_named() {
    let touches = |body: &str, path: &str| {
        testing::touches(&Cargo, &format!("FROM rust\nWORKDIR /app/sub\nRUN {body}"), path)
    };
    for body in ["USER=root cargo new --bin x", "cargo init --vcs none x", "cargo +nightly new ./x"] {
        assert_eq!(touches(body, "/app/sub/x/src/main.rs"), "rw", "{body}");
        assert_eq!(touches(body, "/app/sub/y"), "", "{body}");
        assert_eq!(touches(body, "/app/Cargo.toml"), "rw", "a workspace takes it in: {body}");
        assert_eq!(touches(body, "/app/.git"), "r", "{body}");
        assert_eq!(touches(body, "/root/.gitconfig"), "r", "{body}");
        assert_eq!(touches(body, "/usr/local/cargo/registry"), "", "{body}");
    }
    assert_eq!(touches("cargo init", "/app/sub/src"), "rw");
    assert_eq!(needs("cargo new x"), "settings");
    assert_eq!(caches("FROM rust\nRUN cargo new x"), "");
}
