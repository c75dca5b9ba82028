//! `cache-mount` for what is compiled: programs are copied out of the mount to where they would be without it.

mod refused;

use super::{Files, dockerfile, run, run_with};

const ONLY: &[&str] = &["cache-mount"];
const APP: Files<'_> =
    &[("Cargo.toml", "[package]\nname = \"app\"\n"), ("Cargo.lock", ""), ("src/main.rs", "")];
const FINAL: &str = "FROM debian\nCOPY --from=build /app/target/release/app /usr/bin/\n";

/// The registry is mounted here already, so that only what is compiled is talked about.
const REGISTRY: &str = "RUN --mount=type=cache,target=/usr/local/cargo ";
const MOUNT: &str = "--mount=type=cache,id=app-target-rust,target=/var/cache/cargo-target,sharing=locked";

fn file(run: &str, rest: &str) -> String {
    format!("FROM rust AS build\nWORKDIR /app\nCOPY . .\n{run}\n{rest}")
}

#[track_caller]
fn check(files: Files<'_>, before: &str, after: &str) {
    let outcome = run_with(ONLY, files, before, true);
    let file = dockerfile(&outcome);
    let text = String::from_utf8_lossy(&file.after);
    assert!(text == after, "\n--- wanted\n{after}\n--- got\n{text}\n{:#?}", file.refusals);
    // Nothing is left to do, with or without unsafe changes.
    for allow_unsafe in [true, false] {
        let again = run_with(ONLY, files, after, allow_unsafe);
        assert_eq!(String::from_utf8_lossy(&dockerfile(&again).after), after);
        assert_eq!(dockerfile(&again).refusals, []);
    }
}

#[track_caller]
fn check_refused(files: Files<'_>, before: &str, refusals: &[&str]) {
    let outcome = run_with(ONLY, files, before, true);
    let file = dockerfile(&outcome);
    assert_eq!(String::from_utf8_lossy(&file.after), before);
    let got: Vec<_> =
        file.refusals.iter().map(|refusal| format!("{}: {}", refusal.line, refusal.reason)).collect();
    assert_eq!(got, refusals);
    // Who does not want unsafe changes is not told what is wrong with them.
    assert_eq!(dockerfile(&run(ONLY, files, before)).refusals, []);
}

/// A build of which `rest` uses the program.
#[track_caller]
fn refused(build: &str, rest: &str, reason: &str) {
    check_refused(APP, &file(&format!("{REGISTRY}{build}"), rest), &[reason]);
}

/// The lines of a RUN that compiles under the mount.
fn compiled(command: &str) -> String {
    format!(
        "{REGISTRY}{MOUNT} \\\n    find . -name '*.rs' -exec touch -c {{}} + && \\\n    CARGO_TARGET_DIR=/var/cache/cargo-target {command} && \\\n    mkdir -p target/release && \\\n    cp /var/cache/cargo-target/release/app target/release/"
    )
}

#[test]
fn a_program_is_copied_out() {
    let build = |run: &str| file(run, FINAL);
    check(
        APP,
        &build(&format!("{REGISTRY}cargo build --release")),
        &build(&compiled("cargo build --release")),
    );
    check(
        APP,
        &build(&format!("{REGISTRY}SQLX_OFFLINE=true cargo build -r $FLAGS")),
        &build(&compiled("SQLX_OFFLINE=true cargo build -r $FLAGS")),
    );
}

/// What is mounted beside it does not make the commands around the build more work than it was.
#[test]
fn other_mounts_do_not_matter() {
    for mount in ["--mount=type=secret,id=t ", "--mount=type=ssh ", "--mount=from=x,target=/x "] {
        let registry = format!("{REGISTRY}{mount}");
        check(
            APP,
            &file(&format!("{registry}cargo build --release"), FINAL),
            &file(&compiled("cargo build --release").replace(REGISTRY, &registry), FINAL),
        );
    }
}

#[test]
fn without_the_option_it_is_one_line() {
    let outcome = run(ONLY, APP, &file(&format!("{REGISTRY}cargo build --release"), FINAL));
    let refusals: Vec<_> = dockerfile(&outcome).refusals.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(
        refusals,
        [
            "compiled dependencies stay in a cache mount (/var/cache/cargo-target), and cargo does not notice another base image or system library; this is not shown to be safe (--unsafe)"
        ]
    );
}

/// Two base images may have the same compiler and other C libraries.
#[test]
fn each_base_image_has_its_own() {
    let build = |run: &str| file(run, FINAL).replace("FROM rust", "FROM rust:1.90.0-slim-bookworm");
    check(
        APP,
        &build(&format!("{REGISTRY}cargo build --release")),
        &build(
            &compiled("cargo build --release")
                .replace("id=app-target-rust", "id=app-target-rust-slim-bookworm"),
        ),
    );
}

/// What is left alone is told, whatever else was done in the line.
#[test]
fn a_safe_change_does_not_hide_it() {
    let build = file("RUN cargo build", "FROM debian\nCOPY --from=build /app/target /t\n");
    let outcome = run_with(ONLY, APP, &build, true);
    let reasons: Vec<_> = dockerfile(&outcome).refusals.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(reasons, ["line 6 copies /app/target, which is not known to be one file of /app/target"]);
    assert_eq!(dockerfile(&run(ONLY, APP, &build)).refusals, []);
}

#[test]
fn later_steps_may_work_on_the_copy() {
    let rest = format!("RUN strip target/release/app\nRUN target/release/app --version\n{FINAL}");
    check(
        APP,
        &file(&format!("{REGISTRY}cargo build --release"), &rest),
        &file(&compiled("cargo build --release"), &rest),
    );
}

#[test]
fn every_program_is_copied() {
    let rest = "FROM debian\nCOPY --from=build /app/target/release/a /app/target/release/libb.so /usr/bin/\nCOPY --from=build /app/target/wasm32-unknown-unknown/release/c.wasm /\n";
    check(
        APP,
        &file(&format!("{REGISTRY}cargo build --release"), rest),
        &file(
            &compiled("cargo build --release").replace(
                "/release/app target/release/",
                "/release/a /var/cache/cargo-target/release/libb.so target/release/ && \\\n    mkdir -p target/wasm32-unknown-unknown/release && \\\n    cp /var/cache/cargo-target/wasm32-unknown-unknown/release/c.wasm target/wasm32-unknown-unknown/release/",
            ),
            rest,
        ),
    );
}

/// What the RUN has copied out itself needs nothing but the mount, in the place of the directory.
#[test]
fn what_is_copied_already_needs_only_the_mount() {
    let flag = "--mount=type=cache,id=app-target-rust,target=/app/target,sharing=locked";
    let touch = "find . -name '*.rs' ! -path './target/*' -exec touch -c {} +";
    let rest = "FROM debian\nCOPY --from=build /app.bin /\n";
    check(
        APP,
        &file(&format!("{REGISTRY}cargo build \\\n && cp target/debug/app /app.bin"), rest),
        &file(
            &format!(
                "{REGISTRY}{flag} \\\n    {touch} \\\n && cargo build \\\n && cp target/debug/app /app.bin"
            ),
            rest,
        ),
    );
    check(
        APP,
        &file(
            &format!("{REGISTRY}cargo install --locked --path ."),
            "FROM debian\nCOPY --from=build /usr/local/cargo/bin/app /\n",
        ),
        &file(
            &format!("{REGISTRY}{flag} \\\n    {touch} && \\\n    cargo install --locked --path ."),
            "FROM debian\nCOPY --from=build /usr/local/cargo/bin/app /\n",
        ),
    );
}

#[test]
fn the_final_image_keeps_the_program_it_runs() {
    let image =
        |run: &str| format!("FROM rust\nWORKDIR /app\nCOPY . .\n{run}\nCMD [\"./target/release/app\"]\n");
    check(
        APP,
        &image(&format!("{REGISTRY}cargo build --release")),
        &image(&compiled("cargo build --release")),
    );
    let refused = |build: &str, rest: &str, reason: &str| {
        check_refused(
            APP,
            &format!("FROM rust\nWORKDIR /app\nCOPY . .\n{REGISTRY}{build}\n{rest}\n"),
            &[&format!("4: /app/target is part of the final image, {reason}")],
        );
    };
    refused("cargo build", "CMD cargo run", "and line 5 runs `cargo`");
    refused("cargo build", "CMD [\"./start.sh\"]", "which may need it");
    refused("cargo build --release", "CMD [\"ls\", \"target/release\"]", "and line 5 names target/release");
}

#[test]
fn the_target_directory_is_that_of_the_workspace() {
    let files: Files<'_> = &[
        ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"),
        ("crates/app/Cargo.toml", "[package]\nname = \"app\"\n"),
        ("crates/app/src/main.rs", ""),
    ];
    let build = |run: &str| file(&format!("WORKDIR /app/crates/app\n{run}"), FINAL);
    check(
        files,
        &build(&format!("{REGISTRY}cargo build --release")),
        &build(
            &compiled("cargo build --release")
                .replace("find .", "find /app")
                .replace(" target/release", " /app/target/release"),
        ),
    );
}

/// In the root of the image the other file systems are left out.
#[test]
fn the_project_may_be_the_root_of_the_image() {
    let build = |run: &str| {
        format!("FROM rust AS build\nCOPY . .\n{run}\nFROM debian\nCOPY --from=build /target/release/app /\n")
    };
    check(
        APP,
        &build(&format!("{REGISTRY}cargo build --release")),
        &build(&compiled("cargo build --release").replace("find .", "find . -xdev")),
    );
    check(
        APP,
        &build(&format!("WORKDIR /x\n{REGISTRY}cargo install --path /")).replace("/target/release", "/bin"),
        &build(&format!("WORKDIR /x\n{REGISTRY}--mount=type=cache,id=app-target-rust,target=/target,sharing=locked \\\n    find / -xdev -name '*.rs' ! -path '/target/*' -exec touch -c {{}} + && \\\n    cargo install --path /")).replace("/target/release", "/bin"),
    );
}

#[test]
fn commands_before_it_keep_their_line() {
    let build = |run: &str| file(run, FINAL);
    check(
        APP,
        &build(&format!("{REGISTRY}cd /app && cargo build --release")),
        &build(&compiled("cargo build --release").replace("    find", "    cd /app && \\\n    find")),
    );
}

#[test]
fn heredocs_get_lines() {
    let build =
        |flags: &str, script: &str| file(&format!("{REGISTRY}{flags}<<EOF\nset -e\n{script}\nEOF"), FINAL);
    check(
        APP,
        &build("", "cargo build --release\necho"),
        &build(
            &format!("{MOUNT} "),
            "find . -name '*.rs' -exec touch -c {} +\nCARGO_TARGET_DIR=/var/cache/cargo-target cargo build --release\nmkdir -p target/release\ncp /var/cache/cargo-target/release/app target/release/\necho",
        ),
    );
}

/// The RUN makes all sources newer itself.
#[test]
fn a_touch_above_goes() {
    let rest = |run: &str| format!("ARG V\n{run}\n{FINAL}");
    check(
        APP,
        &file("# why\nRUN touch src/main.rs", &rest(&format!("{REGISTRY}cargo build --release"))),
        &file("# why", &rest(&compiled("cargo build --release"))),
    );
    // Another file, or one that this makes.
    for touch in ["RUN touch README.md", "RUN touch src/lib.rs"] {
        let before = file(touch, &rest(&format!("{REGISTRY}cargo build --release")));
        let outcome = run_with(ONLY, APP, &before, true);
        assert!(String::from_utf8_lossy(&dockerfile(&outcome).after).contains(touch));
    }
}
