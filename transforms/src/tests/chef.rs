//! `cargo-chef`: two stages and a step, or a reason.

use super::{Files, dockerfile, run, run_with};

const ONLY: &[&str] = &["cargo-chef"];
const APP: Files<'_> = &[
    ("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\n"),
    ("Cargo.lock", ""),
    ("src/main.rs", ""),
];
const FINAL: &str = "FROM debian\nCOPY --from=build /app/target/release/app /usr/bin/\n";
const CHEF: &str = "FROM rust AS chef\nRUN cargo install cargo-chef --locked\n\n";
const MOUNTS: &str = "RUN --mount=type=bind,from=chef,source=/usr/local/cargo/bin/cargo-chef,target=/usr/local/cargo/bin/cargo-chef \\\n    --mount=type=bind,from=planner,source=/app/recipe.json,target=recipe.json \\\n    ";

fn planner(copies: &str) -> String {
    format!(
        "FROM chef AS planner\nWORKDIR /app\n{copies}\nRUN cargo chef prepare --recipe-path recipe.json\n\n"
    )
}

fn cook(options: &str) -> String {
    format!("{MOUNTS}cargo chef cook {options}--recipe-path recipe.json\n")
}

fn refusals(outcome: &crate::Outcome) -> Vec<String> {
    let file = dockerfile(outcome);
    file.refusals.iter().map(|refusal| format!("{}: {}", refusal.line, refusal.reason)).collect()
}

#[track_caller]
fn check(files: Files<'_>, before: &str, after: &str) {
    let outcome = run_with(ONLY, files, before, true);
    let text = String::from_utf8_lossy(&dockerfile(&outcome).after);
    assert!(text == after, "\n--- wanted\n{after}\n--- got\n{text}\n{:#?}", refusals(&outcome));
    // Nothing is left to do, with or without unsafe changes.
    for allow_unsafe in [true, false] {
        let again = run_with(ONLY, files, after, allow_unsafe);
        assert_eq!(String::from_utf8_lossy(&dockerfile(&again).after), after);
        assert_eq!(refusals(&again), [""; 0]);
    }
}

/// A build in a stage of its own: what comes above the first copy, the rest of the stage, and the options of cook.
#[track_caller]
fn check_build(files: Files<'_>, above: &str, copies: &str, rest: &str, options: &str) {
    let before = format!("FROM rust AS build\nWORKDIR /app\n{above}{copies}\n{rest}\n{FINAL}");
    let cook = cook(options);
    let after = format!(
        "{CHEF}{}FROM rust AS build\nWORKDIR /app\n{above}{cook}{copies}\n{rest}\n{FINAL}",
        planner(copies)
    );
    check(files, &before, &after);
}

#[track_caller]
fn check_refused(files: Files<'_>, before: &str, reason: &str) {
    let outcome = run_with(ONLY, files, before, true);
    assert_eq!(String::from_utf8_lossy(&dockerfile(&outcome).after), before);
    assert_eq!(refusals(&outcome), [reason]);
    // Who does not want unsafe changes is not told what is wrong with them.
    assert_eq!(refusals(&run(ONLY, files, before)), [""; 0]);
}

#[track_caller]
fn check_unchanged(files: Files<'_>, before: &str) {
    let outcome = run_with(ONLY, files, before, true);
    assert_eq!(String::from_utf8_lossy(&dockerfile(&outcome).after), before);
    assert_eq!(refusals(&outcome), [""; 0]);
}

#[test]
fn dependencies_get_a_step_above_the_copy() {
    check_build(APP, "", "COPY . .", "RUN cargo build --release", "--release ");
    check_build(
        APP,
        "",
        "COPY . ./",
        "RUN cargo build -rp app -F a,b -q",
        "--release --package app --features a,b ",
    );
    check_build(
        APP,
        "ARG FEATURES\nRUN apt-get update && apt-get install -y cmake\n",
        "COPY . .",
        "RUN set -e; cargo build --release --features \"$FEATURES\" && strip target/release/app",
        "--release --features \"$FEATURES\" ",
    );
    check_build(
        APP,
        "",
        "COPY Cargo.toml Cargo.lock ./\nCOPY src src",
        "RUN cargo install --locked --path . --root /out",
        "--release --locked ",
    );
}

#[test]
fn what_the_command_finds_around_it_is_the_same() {
    check(
        APP,
        &format!(
            "FROM rust AS build\nWORKDIR /app\nCOPY . .\nRUN RUSTFLAGS='-C lto' cargo +nightly build --release\n{FINAL}"
        ),
        &format!(
            "{CHEF}{}FROM rust AS build\nWORKDIR /app\n{MOUNTS}RUSTFLAGS='-C lto' cargo +nightly chef cook --release --recipe-path recipe.json\nCOPY . .\nRUN RUSTFLAGS='-C lto' cargo +nightly build --release\n{FINAL}",
            planner("COPY . .")
        ),
    );
    // Caches, secrets and keys are mounted as they are for the build.
    let mount = "--mount=type=cache,target=/usr/local/cargo/registry --mount=type=ssh";
    check(
        APP,
        &format!("FROM rust AS build\nWORKDIR /app\nCOPY . .\nRUN {mount} cargo build --release\n{FINAL}"),
        &format!(
            "{CHEF}{}FROM rust AS build\nWORKDIR /app\n{MOUNTS}{} \\\n    cargo chef cook --release --recipe-path recipe.json\nCOPY . .\nRUN {mount} cargo build --release\n{FINAL}",
            planner("COPY . ."),
            mount.replace(" --", " \\\n    --"),
        ),
    );
}

#[test]
fn every_build_of_the_run_is_prepared() {
    let builds = "cargo build -p a && cargo build -p b && cargo build -p a";
    check(
        APP,
        &format!("FROM rust AS build\nWORKDIR /app\n# All of it.\nCOPY . .\nRUN {builds}\n{FINAL}"),
        &format!(
            "{CHEF}{}FROM rust AS build\nWORKDIR /app\n{MOUNTS}cargo chef cook --package a --recipe-path recipe.json && \\\n    cargo chef cook --package b --recipe-path recipe.json\n\n# All of it.\nCOPY . .\nRUN {builds}\n{FINAL}",
            planner("COPY . .")
        ),
    );
}

#[test]
fn what_stands_between_moves_up() {
    check(
        APP,
        &format!(
            "FROM rust AS build\nCOPY . /app\n\nWORKDIR /app\n# No database.\nENV SQLX_OFFLINE=true\nARG GIT_SHA\nRUN cargo build --release\n{FINAL}"
        ),
        &format!(
            "{CHEF}{}FROM rust AS build\nWORKDIR /app\n# No database.\nENV SQLX_OFFLINE=true\n{}COPY . /app\n\nARG GIT_SHA\nRUN cargo build --release\n{FINAL}",
            planner("COPY . /app"),
            cook("--release ")
        ),
    );
}

#[test]
fn a_stage_may_start_from_another() {
    let base = "ARG V=1\nFROM rust:${V} AS base\nRUN apt-get update && apt-get install -y cmake\n";
    let copies = "COPY --chown=1000:1000 Cargo.* ./\nCOPY src ./src";
    let plain = copies.replace("--chown=1000:1000 ", "");
    check(
        APP,
        &format!(
            "{base}# Compiles.\nfrom --platform=linux/amd64 base as build\nWORKDIR /app\n{copies}\nRUN cargo build\n{FINAL}"
        ),
        &format!(
            "{base}from --platform=linux/amd64 base as chef\nrun cargo install cargo-chef --locked\n\nfrom chef as planner\nworkdir /app\n{plain}\nrun cargo chef prepare --recipe-path recipe.json\n\n# Compiles.\nfrom --platform=linux/amd64 base as build\nWORKDIR /app\n{}{copies}\nRUN cargo build\n{FINAL}",
            cook("").replacen("RUN", "run", 1)
        ),
    );
}

/// The images on Alpine lack what procedural macros are linked with.
#[test]
fn alpine_needs_the_c_library_too() {
    let image = "rust:1.95-alpine";
    let build = "WORKDIR /app\nCOPY . .\nRUN cargo build\n";
    check(
        APP,
        &format!("FROM {image} AS build\n{build}{FINAL}"),
        &format!(
            "{}{}FROM {image} AS build\n{}{FINAL}",
            CHEF.replace("rust", image).replace("RUN ", "RUN apk add --no-cache musl-dev && "),
            planner("COPY . ."),
            build.replace("COPY", &format!("{}COPY", cook("")))
        ),
    );
}

#[test]
fn the_head_of_a_file_stays_its_head() {
    let head = "# Copyright somebody.\n# All rights reserved.\n";
    let build = "WORKDIR /app\nCOPY . .\nRUN cargo build\n";
    check(
        APP,
        &format!("{head}FROM rust AS build\n{build}{FINAL}"),
        &format!(
            "{head}{CHEF}{}FROM rust AS build\n{}{FINAL}",
            planner("COPY . ."),
            build.replace("COPY", &format!("{}COPY", cook("")))
        ),
    );
}

#[test]
fn without_the_option_it_is_one_line() {
    let file = format!("FROM rust AS build\nWORKDIR /app\nCOPY . .\nRUN cargo build --release\n{FINAL}");
    assert_eq!(
        refusals(&run(ONLY, APP, &file)),
        [
            "4: cargo-chef compiles the dependencies in a step of their own, which an edit of the sources leaves cached; this is not shown to be safe (--unsafe)"
        ]
    );
    // A mount for what is compiled would be taken first.
    let offers = |file: &str| {
        let told = refusals(&run(&[], APP, file));
        told.into_iter()
            .filter(|it| it.contains("--unsafe)"))
            .filter(|it| it.contains("not shown"))
            .collect::<Vec<_>>()
    };
    let mounted = file.replace("RUN ", "RUN --mount=type=cache,target=/usr/local/cargo ");
    assert_eq!(offers(&mounted).len(), 1, "{:?}", offers(&mounted));
    assert!(offers(&mounted)[0].contains("cache mount"));
    // Where there can be none, this is what is left.
    let copied = mounted.replace("target/release/app /usr/bin/", "target /target");
    assert_eq!(offers(&copied).len(), 1, "{:?}", offers(&copied));
    assert!(offers(&copied)[0].contains("cargo-chef compiles"));
}

#[test]
fn a_mount_for_what_is_compiled_comes_first() {
    let file = format!("FROM rust AS build\nWORKDIR /app\nCOPY . .\nRUN cargo build --release\n{FINAL}");
    let outcome = run_with(&[], APP, &file, true);
    let text = String::from_utf8_lossy(&dockerfile(&outcome).after);
    assert!(text.contains("CARGO_TARGET_DIR") && !text.contains("chef"), "{text}");
    for allow_unsafe in [true, false] {
        assert_eq!(dockerfile(&run_with(&[], APP, &text, allow_unsafe)).changes, []);
    }
}

#[test]
fn with_everything_else_on() {
    let file = "FROM rust AS build\nWORKDIR /app\nCOPY . .\nRUN cargo build --release\nFROM debian\nCOPY --from=build /app/target /t\n";
    let outcome = run_with(&[], APP, file, true);
    let text = String::from_utf8_lossy(&dockerfile(&outcome).after);
    let caches = "--mount=type=cache,target=/usr/local/cargo/git,sharing=locked \\\n    --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \\\n    ";
    let after = format!(
        "# syntax=docker/dockerfile:1\n{}{}FROM rust AS build\nWORKDIR /app\n{}COPY . .\nRUN {caches}cargo build --release\nFROM debian\nCOPY --from=build /app/target /t\n",
        CHEF.replace("RUN ", &format!("RUN {caches}")),
        planner("COPY . ."),
        cook("--release ").replace("    cargo", &format!("    {caches}cargo")),
    );
    assert!(text == after, "\n--- wanted\n{after}\n--- got\n{text}");
    assert_eq!(refusals(&outcome), [""; 0]);
    // More steps run again, though less is done in them.
    assert!(dockerfile(&outcome).gains.iter().all(|gain| gain.after > gain.before));
    assert_eq!(dockerfile(&run_with(&[], APP, &text, true)).changes, []);
}

#[test]
fn some_need_no_word() {
    for file in [
        "FROM rust\nWORKDIR /app\nCOPY . .\nRUN --mount=type=cache,target=/app/target cargo build",
        "FROM rust\nWORKDIR /app\nCOPY . .\nRUN --mount=type=cache,target=/t CARGO_TARGET_DIR=/t cargo build",
        "FROM rust AS planner\nWORKDIR /app\nCOPY . .\nRUN cargo chef prepare\nFROM rust\nCOPY . .\nRUN cargo build",
        "FROM lukemathwalker/cargo-chef\nWORKDIR /app\nCOPY . .\nRUN cargo build",
        "FROM rust\nRUN cargo install just --locked",
        "FROM node\nCOPY . .\nRUN npm ci",
    ] {
        check_unchanged(APP, file);
    }
}

#[test]
fn refuses_with_a_reason() {
    let build =
        |above: &str, run: &str| format!("FROM rust AS build\nWORKDIR /app\n{above}\nRUN {run}\n{FINAL}");
    let copied = "COPY . .";
    for (before, reason) in [
        (
            build(copied, "cargo build").replace("FROM rust", "FROM company/rust"),
            "4: cargo-chef would have to be installed, and whether the base image has cargo is not known",
        ),
        (
            build(copied, "cargo build").replace("FROM rust", "FROM rust:1.42.0-slim"),
            "4: cargo-chef needs Rust 1.88 or later, and the base image has 1.42",
        ),
        (
            build(copied, "apt-get install -y cmake && cargo build"),
            "4: it runs `apt-get` first, and the dependencies may need what that does",
        ),
        (
            build("COPY . .\nRUN apt-get install -y cmake", "cargo build"),
            "5: line 4 runs commands after the project is copied, and the dependencies may need it",
        ),
        (
            build("COPY . .\nARG RUSTFLAGS", "cargo build"),
            "5: line 4 declares an argument after the project is copied, and the dependencies may need it",
        ),
        (
            build("COPY . .\nENV PATH=/x:$PATH", "cargo build"),
            "5: line 4 sets a variable after the project is copied, and the dependencies may need it",
        ),
        (
            build("USER 1000\nCOPY . .", "cargo build"),
            "5: it does not run as root, and may not write where the sources will be",
        ),
        (build("COPY $X .\nCOPY . .", "cargo build"), "5: line 3 copies what a variable says"),
        (build(copied, "--network=none cargo build"), "4: it has the flag `--network=none`"),
        (
            build("COPY Cargo.* ./", "--mount=type=bind,source=src,target=src cargo build"),
            "4: the sources in /app are mounted",
        ),
        (
            build("COPY . .\nRUN cargo build\nCOPY build.rs .", "cargo build"),
            "4: line 6 compiles again, with more of the project",
        ),
        (
            build("COPY Cargo.* ./", "cargo build"),
            "4: the sources of Cargo.toml are not copied where it is built first",
        ),
        (
            build(copied, "cargo build").replace("--from=build", "--from=0"),
            "4: line 6 names a stage by its number, which would change",
        ),
        (
            build(copied, "cargo build").replace("build /", "planner /").replace("AS build", "AS planner"),
            "4: line 1 uses the name `planner` already",
        ),
        (
            "FROM rust AS base\nWORKDIR /app\nCOPY . .\nFROM base\nRUN cargo build\n".to_owned(),
            "5: line 3 copies files into the stage that this one starts from",
        ),
        (
            "FROM rust\nWORKDIR /app\nCOPY . .\nRUN cargo build && mv target/debug/app / && rm -rf target\n"
                .to_owned(),
            "4: line 4 removes the output, which the image would keep in another layer",
        ),
        (
            "FROM rust\nCOPY . /app\nRUN cd /app && cargo build\n".to_owned(),
            "3: /app is not the working directory above line 2",
        ),
        (
            "FROM rust\nCOPY . app\nWORKDIR /app\nRUN cargo build\n".to_owned(),
            "4: line 2 copies to a path that is relative to another directory",
        ),
    ] {
        check_refused(APP, &before, reason);
    }
}
