//! `cache-mount`: a store may be mounted only for those who can fill it.

use super::{GO, check, check_refused};

/// A store may be empty while the step that filled it is cached: whoever reads it must be able to fill it.
#[test]
fn stores_are_for_those_who_can_fill_them() {
    let file = |middle: &str| {
        format!(
            "FROM golang:1.22 AS b\nWORKDIR /s\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\n{middle}\nFROM scratch\nCOPY --from=b /a /a\n"
        )
    };
    check(
        &["cache-mount"],
        GO,
        &file("RUN go build -o /a ."),
        &file(
            "RUN --mount=type=cache,target=/go/pkg/mod \\\n    --mount=type=cache,target=/root/.cache/go-build \\\n    go build -o /a .",
        )
        .replace("RUN go mod", "RUN --mount=type=cache,target=/go/pkg/mod go mod"),
    );
    check_refused(
        &["cache-mount"],
        GO,
        &file("RUN make"),
        &["4: `make` in line 6 may read /go/pkg/mod without the mount"],
    );
    check_refused(
        &["cache-mount"],
        GO,
        &file("RUN --network=none go build -o /a ."),
        &["4: line 6 downloads nothing and relies on what an earlier step leaves in /go/pkg/mod"],
    );
    check_refused(
        &["cache-mount"],
        GO,
        "FROM golang:1.22\nWORKDIR /s\nCOPY go.mod go.sum ./\nRUN go mod download\n",
        &["4: /go/pkg/mod is part of the final image, which may read it"],
    );
}

/// A stage that nobody uses is built with `--target` and run: what is in a mount is not in its image.
#[test]
fn a_stage_of_its_own_needs_its_store() {
    let file = |more: &str| {
        format!(
            "FROM golang:1.22 AS b\nWORKDIR /s\nCOPY go.mod go.sum ./\nRUN go mod download\n{more}FROM scratch\n"
        )
    };
    check_refused(
        &["cache-mount"],
        GO,
        &file("FROM b AS test\nCOPY . .\nCMD go test ./...\n"),
        &["4: /go/pkg/mod is part of the image of stage test, which may read it"],
    );
}

/// Packages of a distribution leave root's home alone, but for a few names.
#[test]
fn packages_do_not_fill_the_stores_in_roots_home() {
    let file = |mount: &str| {
        format!(
            "FROM debian AS b\nRUN dnf install -y maven\nRUN {mount}mvn -f /a/pom.xml package\nFROM scratch\nCOPY --from=b /a /a\n"
        )
    };
    check(
        &["cache-mount"],
        &[],
        &file(""),
        &file("--mount=type=cache,target=/root/.m2/repository,sharing=locked "),
    );
}

/// What one step keeps in a store, no later step may miss, whose store it is.
#[test]
fn every_store_is_for_those_who_can_fill_it() {
    for (image, fill, store) in [
        ("mcr.microsoft.com/dotnet/sdk:8.0", "dotnet restore", "/root/.nuget/packages"),
        ("maven:3.9", "mvn -B package", "/root/.m2/repository"),
        ("gradle:8", "gradle build", "/home/gradle/.gradle/caches"),
        ("rust", "cargo fetch", "/usr/local/cargo/git"),
    ] {
        let file = |more: &str| format!("FROM {image} AS b\nWORKDIR /s\nRUN {fill}\n{more}");
        check_refused(
            &["cache-mount"],
            &[],
            &file("RUN ./tool\nFROM scratch\nCOPY --from=b /a /a\n"),
            &[&format!("3: `tool` in line 4 may read {store} without the mount")],
        );
        check_refused(
            &["cache-mount"],
            &[],
            &file(""),
            &[&format!("3: {store} is part of the final image, which may read it")],
        );
    }
}

/// A store is shared by all who read it, or by nobody.
#[test]
fn a_store_is_mounted_for_all_or_none() {
    let go: &[(&str, &str)] =
        &[("go.mod", "module x\n\ngo 1.22\n"), ("go.sum", ""), ("main.go", "package main\n")];
    check_refused(
        &["cache-mount"],
        go,
        "# syntax=docker/dockerfile:1\nFROM golang:1.22 AS b\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN --mount=type=cache,target=/root/.cache/go-build go build -o /app .\nFROM scratch\nCOPY --from=b /app /app\n",
        &["5: line 7 has cache mounts, but none for /go/pkg/mod"],
    );
    let outcome = super::run(
        &["cache-mount"],
        go,
        "FROM golang:1.22 AS deps\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN --mount=type=ssh go mod download\nFROM deps AS build\nCOPY . .\nRUN go build -o /app .\nFROM scratch\nCOPY --from=build /app /app\n",
    );
    let after = String::from_utf8_lossy(&outcome.files[0].after).into_owned();
    assert!(!after.contains("target=/go/pkg/mod"), "{after}");
}

/// A stage with a command of its own is run as it is.
#[test]
fn a_stage_with_a_command_keeps_its_store() {
    check_refused(
        &["cache-mount"],
        &[],
        "FROM golang:1.22 AS dev\nWORKDIR /s\nCOPY go.mod go.sum ./\nRUN go mod download\nCMD [\"go\", \"run\", \".\"]\nFROM scratch\nCOPY --from=dev /x /x\n",
        &["4: /go/pkg/mod is part of the image of the stage whose command line 5 sets, which may read it"],
    );
}

/// What the step that fills a store downloads with, and another one that reads it has not.
#[test]
fn credentials_of_one_step_are_not_those_of_another() {
    for (commands, missing) in [
        ("git config --global url.x.insteadOf y && go mod download && rm /root/.gitconfig", "insteadOf"),
        ("GOPROXY=https://u:$TOK@proxy go mod download", "GOPROXY"),
    ] {
        check_refused(
            &["cache-mount"],
            &[("go.mod", "module x\n\ngo 1.22\n"), ("go.sum", ""), ("main.go", "package main\n")],
            &format!(
                "FROM golang:1.22 AS b\nARG TOK\nWORKDIR /s\nCOPY go.mod go.sum ./\nRUN {commands}\nCOPY . .\nRUN --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/go/pkg/mod go build -o /x .\nFROM scratch\nCOPY --from=b /x /x\n"
            ),
            &[&format!("5: line 7 has no {missing}, with which this step downloads")],
        );
    }
}

/// What the one compiles for and the other does not say matters to no download.
#[test]
fn settings_of_the_compiler_are_no_credentials() {
    let go = "--mount=type=cache,target=/go/pkg/mod ";
    let file = |download: &str, build: &str| {
        format!(
            "FROM golang:1.22 AS b\nWORKDIR /s\nCOPY go.mod go.sum ./\nRUN {download}go mod download\nCOPY . .\nRUN {build}GOOS=linux CGO_ENABLED=0 go build -o /x .\nFROM scratch\nCOPY --from=b /x /x\n"
        )
    };
    let both = "--mount=type=cache,target=/go/pkg/mod \\\n    --mount=type=cache,target=/root/.cache/go-build \\\n    ";
    check(
        &["cache-mount"],
        &[("go.mod", "module x\n\ngo 1.22\n"), ("go.sum", ""), ("main.go", "package main\n")],
        &file("", ""),
        &file(go, both),
    );
}

#[test]
fn what_maven_installs_is_not_hidden_by_a_mount() {
    let installs = "`install` installs into the local repository, from where a mount would hand that to other builds, and not to \
                    later steps; `verify` does all but that";
    let end = "FROM eclipse-temurin:17-jre\nCOPY --from=b /app/b/target/a.jar /a.jar\n";
    let files = [("pom.xml", "<project/>")];
    let lines = [format!("4: {installs}"), format!("5: line 4: {installs}")];
    check_refused(
        &["cache-mount"],
        &files,
        &format!(
            "FROM maven:3.9 AS b\nWORKDIR /app\nCOPY . .\nRUN mvn install -pl a\nRUN mvn package -pl b\n{end}"
        ),
        &lines.each_ref().map(String::as_str),
    );
    let lines = [format!("4: {installs}"), format!("6: line 4: {installs}")];
    check_refused(
        &["cache-mount"],
        &files,
        &format!(
            "FROM maven:3.9 AS a\nWORKDIR /app\nCOPY . .\nRUN mvn install -pl a\nFROM a AS b\nRUN mvn package -pl b\n{end}"
        ),
        &lines.each_ref().map(String::as_str),
    );
    // What is in a pom counts for the other steps, too.
    let plugin = "<project><build><plugins><plugin><artifactId>maven-install-plugin</artifactId><executions><execution><goals>\
                  <goal>install-file</goal></goals></execution></executions></plugin></plugins></build></project>";
    let pom = "a/pom.xml:1 installs into the local repository, from where a mount would hand that to other builds, and not to \
               later steps";
    let lines = [format!("3: {pom}"), format!("4: line 3: {pom}")];
    check_refused(
        &["cache-mount"],
        &[("a/pom.xml", plugin), ("b/pom.xml", "<project/>")],
        &format!(
            "FROM maven:3.9 AS b\nCOPY . /app\nRUN cd /app/a && mvn clean\nRUN cd /app/b && mvn package\n{end}"
        ),
        &lines.each_ref().map(String::as_str),
    );
}

/// What is there only because of the cache is not there any more: `mkdir` of a neighbour would fail.
#[test]
fn neighbours_of_a_cache_need_its_parent() {
    let file = |user: &str, mount: &str, later: &str| {
        format!(
            "# syntax=docker/dockerfile:1\nFROM python:3.12\n{user}RUN {mount}pip install numpy\nRUN {later}\n"
        )
    };
    for later in
        ["mkdir /root/.cache/a", "touch ~/.cache/a", "echo a > /root/.cache/a", "ln -s /a /root/.cache/a"]
    {
        check_refused(
            &["cache-mount"],
            &[],
            &file("", "", later),
            &[&format!("3: `{later}` in line 4 would not find what this step leaves in /root/.cache/pip")],
        );
    }
    let mount = "--mount=type=cache,target=/root/.cache/pip ";
    for later in [
        "mkdir -p /root/.cache/a",
        "mkdir -p /root/.cache/a && touch /root/.cache/b",
        "rm -rf /root/.cache/a",
        "touch /root/a",
    ] {
        check(&["cache-mount"], &[], &file("", "", later), &file("", mount, later));
    }
}

/// BuildKit makes the directories above a mount as root.
#[test]
fn others_than_root_write_beside_no_mount() {
    let file = |mount: &str, beside: &str| {
        format!(
            "# syntax=docker/dockerfile:1\nFROM python:3.12\nRUN useradd -m -u 1000 app\nUSER app\nRUN {mount}pip install numpy{beside}\n"
        )
    };
    for beside in ["mkdir -p ~/.cache/a", "touch /home/app/.cache/a", "echo a > ~/.cache/a"] {
        check_refused(
            &["cache-mount"],
            &[],
            &file("", &format!(" && {beside}")),
            &["5: the mount would make /home/app/.cache root's, in which commands of this RUN may write"],
        );
    }
    let mount = "--mount=type=cache,target=/home/app/.cache/pip,uid=1000 ";
    for beside in ["", " && touch ~/a", " && rm -rf /tmp/a"] {
        check(&["cache-mount"], &[], &file("", beside), &file(mount, beside));
    }
}
