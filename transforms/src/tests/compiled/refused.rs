//! What is left alone, and why.

use super::{
    APP, FINAL, Files, MOUNT, ONLY, REGISTRY, check, check_refused, compiled, dockerfile, file, refused,
    run_with,
};

/// Cargo would not notice that such sources changed.
#[test]
fn all_sources_must_be_in_the_project() {
    let files: Files<'_> = &[
        ("app/Cargo.toml", "[package]\nname = \"app\"\n[dependencies]\nlib = { path = \"../lib\" }\n"),
        ("lib/Cargo.toml", "[package]\nname = \"lib\"\n"),
    ];
    check_refused(
        files,
        &format!(
            "FROM rust AS build\nCOPY . /src\nWORKDIR /src/app\n{REGISTRY}cargo build\nFROM scratch\nCOPY --from=build /src/app/target/debug/app /\n"
        ),
        &["4: the sources in /src/lib lie outside of the project in /src/app"],
    );
    let files: Files<'_> = &[
        ("Cargo.toml", "[package]\nname = \"app\"\n"),
        (".cargo/config.toml", "[build]\ntarget-dir = \"out\"\n"),
    ];
    check_refused(
        files,
        &file(&format!("{REGISTRY}cargo build"), FINAL),
        &["4: .cargo/config.toml says where compiled output goes"],
    );
    let of_home: Files<'_> =
        &[("Cargo.toml", "[package]\nname = \"app\"\n"), ("c.toml", "build.target-dir = \"/o\"\n")];
    let copied = format!("COPY c.toml /usr/local/cargo/config.toml\n{REGISTRY}cargo build");
    let build = file(&format!("{REGISTRY}cargo build"), FINAL);
    let build = build.replace(&format!("{REGISTRY}cargo build"), &copied);
    check_refused(of_home, &build, &["5: c.toml says where compiled output goes"]);
}

#[test]
fn what_is_used_must_be_known_by_name() {
    let copy = |path: &str| format!("FROM debian\nCOPY --from=build {path} /x\n");
    let unnamed =
        |path: &str| format!("4: line 6 copies {path}, which is not known to be one file of /app/target");
    for path in [
        "/app",
        "/app/target/release",
        "/app/target/release/*",
        "/app/target/release/deps",
        "/app/target/*/app",
        "/app/target/debug/app",
    ] {
        refused("cargo build --release", &copy(path), &unnamed(path));
    }
    refused(
        "cargo build --release",
        &format!("RUN make\n{FINAL}"),
        "4: `make` in line 5 may read /app/target",
    );
    refused(
        "cargo build --release",
        &format!("RUN cp -r target/release /x\n{FINAL}"),
        "4: `cp target/release` in line 5 takes more of /app/target than files by name",
    );
    refused(
        "cargo build --release",
        &format!("RUN cp target/release/$NAME /x\n{FINAL}"),
        "4: `cp target/release/$NAME` in line 5 takes more of /app/target than files by name",
    );
    refused(
        "cargo build --release",
        "FROM debian\nRUN --mount=from=build,source=/app/target,target=/t cp /t/release/app /\n",
        "4: line 6 mounts /app/target of this stage",
    );
    refused(
        "cargo build --release && rm -rf target",
        FINAL,
        "4: its own commands remove what is in /app/target",
    );
}

/// A dummy project that is compiled first keeps the dependencies in a step of their own.
#[test]
fn who_compiles_twice_has_thought_of_it() {
    check_refused(
        APP,
        &file(&format!("{REGISTRY}cargo build --release\n{REGISTRY}cargo test"), FINAL),
        &["4: line 5 compiles the project, too", "5: line 4 compiles the project, too"],
    );
    let dummy = format!(
        "FROM rust AS build\nWORKDIR /app\nCOPY Cargo.toml .\n{REGISTRY}cargo chef cook --release\nCOPY . .\n{REGISTRY}cargo build --release\n{FINAL}"
    );
    check_refused(APP, &dummy, &["6: line 4 compiles the project, too"]);
    let brought =
        file(&format!("COPY --from=cook /app/target target\n{REGISTRY}cargo build --release"), FINAL);
    check_refused(APP, &brought, &["5: line 4 copies into /app/target"]);
}

/// A stale program must not be copied after a build that failed.
#[test]
fn a_failure_must_be_noticed() {
    let reason = "4: the commands beside it run even where it fails";
    refused("cargo build --release; true", FINAL, reason);
    let behind = "4: the commands behind it run even where one fails";
    refused("cargo build --release || true", FINAL, behind);
    refused("cargo build --release && cp target/release/app /x || true", FINAL, behind);
    let without = "4: line 5 may do without a file of /app/target";
    refused("cargo build --release", &format!("RUN strip target/release/b || true\n{FINAL}"), without);
    refused("cargo build --release | tee log", FINAL, "4: `cargo` is part of a pipeline or of another shell");
    let build = |run: &str| file(run, FINAL);
    check(
        APP,
        &build(&format!("{REGISTRY}set -e; cargo build --release; echo")),
        &build(
            &compiled("cargo build --release")
                .replace("    find", "    set -e && \\\n    find")
                .replace(" && ", "; ")
                .replace("target/release/", "target/release/; echo")
                .replace("release/; echoapp", "release/app"),
        ),
    );
}

#[test]
fn the_directory_must_be_writable() {
    let user = |lines: &str| format!("{lines}{REGISTRY}cargo build --release\n{FINAL}");
    let app = "WORKDIR /app\nCOPY . .\n";
    check_refused(
        APP,
        &user(&format!("FROM rust AS build\nUSER 1000:1000\n{app}")),
        &["5: the sources may not belong to user 1000:1000, who could not make them newer"],
    );
    let reasons = |lines: &str| {
        let outcome = run_with(ONLY, APP, &user(lines), true);
        let refusals = &dockerfile(&outcome).refusals;
        refusals.iter().map(|it| it.reason.as_str()).collect::<Vec<_>>().join("; ")
    };
    assert!(
        reasons(&format!("FROM company/rust AS build\n{app}")).contains("the user that the base image sets")
    );
    assert!(
        reasons(&format!("FROM fedora AS build\nENV CARGO_HOME=/usr/local/cargo\n{app}"))
            .contains("may come without `find`")
    );
    // Whoever installs packages is root.
    let lines = format!("FROM company/rust AS build\nRUN apt-get install -y x\n{app}");
    let outcome = run_with(ONLY, APP, &user(&lines), true);
    assert!(String::from_utf8_lossy(&dockerfile(&outcome).after).contains(MOUNT));
}
