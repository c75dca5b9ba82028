//! `cache-mount`: what gets a mount, what goes with it, and what must not get one.

use super::{check, check_refused, check_unchanged};

const NPM: &str = "--mount=type=cache,target=/root/.npm,sharing=locked";

/// A RUN in a node image, before and after.
#[track_caller]
fn node(before: &str, after: &str) {
    check(
        &["cache-mount"],
        &[],
        &format!("FROM node:22\nWORKDIR /app\nRUN {before}\n"),
        &format!("FROM node:22\nWORKDIR /app\nRUN {after}\n"),
    );
}

#[track_caller]
fn node_refused(run: &str, reason: &str) {
    check_refused(&["cache-mount"], &[], &format!("FROM node:22\nWORKDIR /app\nRUN {run}\n"), &[reason]);
}

#[test]
fn what_empties_the_cache_goes() {
    node("npm i -g x && npm cache clean --force && y", &format!("{NPM} npm i -g x && y"));
    node("npm i -g x && rm -rf /root/.npm /tmp/*", &format!("{NPM} npm i -g x && rm -rf /tmp/*"));
    node("npm i -g x && rm -rf ~/.npm", &format!("{NPM} npm i -g x"));
    node("npm i -g x && rm -rf \"$HOME/.npm\"", &format!("{NPM} npm i -g x"));
    node("cd /root && npm i -g x && rm -rf .npm", &format!("{NPM} cd /root && npm i -g x"));
}

/// `rm` of a directory above a mount point fails with "Device or resource busy", and the build with it.
#[test]
fn a_mount_point_must_not_be_removed() {
    let pip = |run: &str, reason: &str| {
        check_refused(&["cache-mount"], &[], &format!("FROM python:3\nRUN {run}\n"), &[reason]);
    };
    pip("pip install x && rm -rf ~/.cache", "2: `rm /root/.cache` would fail on the mount point");
    pip("pip install x && rm -rf $HOME/.cache/*", "2: `rm /root/.cache/*` would fail on the mount point");
    pip("pip install x && rm -rf /root/.cache", "2: `rm /root/.cache` would fail on the mount point");
    pip("pip install x && rm -rf $UNKNOWN", "2: what `rm $UNKNOWN` names is not known");
    pip("pip install x && chown -R 1:1 /root", "2: `chown /root` would work on the mount");
    pip(
        "pip install x && if true; then rm -rf /root/.cache; fi",
        "2: a command that is not read further names /root/.cache",
    );
    node_refused("npm i -g x && find / -name '*.md' -delete", "3: `find /` would work on the mount");
}

#[test]
fn a_variable_of_the_script_is_as_good_as_its_text() {
    node("D=/tmp/x; npm i -g x && rm -rf $D", &format!("{NPM} D=/tmp/x; npm i -g x && rm -rf $D"));
}

#[test]
fn users_get_their_own_mount() {
    check(
        &["cache-mount"],
        &[],
        "FROM node:22\nUSER node\nRUN npm install -g x\n",
        "FROM node:22\nUSER node\nRUN --mount=type=cache,target=/home/node/.npm,sharing=locked,uid=1000,gid=1000 npm install -g x\n",
    );
    check_refused(
        &["cache-mount"],
        &[],
        "FROM company/base\nRUN npm install -g x\n",
        &["2: it is not known which user runs it, so the cache directory is not either"],
    );
}

#[test]
fn every_form_of_run_gets_one() {
    check(
        &["cache-mount"],
        &[],
        "FROM node:22\nRUN [\"npm\", \"install\", \"-g\", \"x\"]\n",
        &format!("FROM node:22\nRUN {NPM} [\"npm\", \"install\", \"-g\", \"x\"]\n"),
    );
    check(
        &["cache-mount"],
        &[],
        "FROM node:22\nRUN <<EOF\nnpm install -g x\nEOF\n",
        &format!("FROM node:22\nRUN {NPM} <<EOF\nnpm install -g x\nEOF\n"),
    );
    check(
        &["cache-mount"],
        &[],
        "FROM node:22\r\nRUN npm i -g x \\\r\n  # why\r\n  && npm cache clean --force\r\n",
        &format!("FROM node:22\r\nRUN {NPM} npm i -g x\r\n  # why\r\n"),
    );
}

#[test]
fn what_is_mounted_already_stays() {
    check_unchanged(&["cache-mount"], &[], "FROM node:22\nRUN --mount=type=cache,target=/root npm i -g x\n");
    check_unchanged(
        &["cache-mount"],
        &[],
        "FROM node:22\nRUN --mount=type=cache,id=n,target=/root/.npm npm i -g x && npm run y\n",
    );
    check_unchanged(&["cache-mount"], &[], "FROM node:22\nRUN --network=none npm i -g x\n");
}

const GO: &[(&str, &str)] =
    &[("go.mod", "module x\n\ngo 1.22\n"), ("go.sum", ""), ("main.go", "package main\n")];

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
        &["4: line 6 relies on what an earlier step leaves in /go/pkg/mod"],
    );
    check_refused(
        &["cache-mount"],
        GO,
        "FROM golang:1.22\nWORKDIR /s\nCOPY go.mod go.sum ./\nRUN go mod download\n",
        &["4: /go/pkg/mod is part of the final image, which may read it"],
    );
}

#[test]
fn lists_are_mounted_only_where_they_are_fetched() {
    let archives = "apt-get -o Dir::Cache::archives=/var/cache/apt/keep";
    check(
        &["cache-mount"],
        &[],
        "FROM debian\nRUN apt-get update\nRUN apt-get install -y x\n",
        &format!(
            "FROM debian\nRUN apt-get update\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked {archives} install -y x\n"
        ),
    );
    check(
        &["cache-mount"],
        &[],
        "FROM debian\nRUN apt-get update && apt-get install -y x\nRUN ./y\n",
        &format!(
            "FROM debian\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked apt-get update && {archives} install -y x\nRUN ./y\n"
        ),
    );
}

/// What the RUN exports decides where the cache lies, as much as ENV does.
#[test]
fn exported_variables_count() {
    node(
        "export npm_config_cache=/srv/npm && npm i -g x",
        "--mount=type=cache,target=/srv/npm,sharing=locked export npm_config_cache=/srv/npm && npm i -g x",
    );
    node_refused("export npm_config_cache=/app && npm i -g x", "3: /app holds more than a cache");
}

/// `apt-get clean` does not touch the lists: it stays where only they are mounted.
#[test]
fn cleaning_stays_where_it_empties_nothing() {
    check(
        &["cache-mount"],
        &[],
        "FROM debian\nRUN apt-get update && ./x && apt-get clean && rm -rf /var/lib/apt/lists/*\n",
        "FROM debian\nRUN --mount=type=cache,target=/var/lib/apt/lists,sharing=locked apt-get update && ./x && apt-get clean\n",
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

/// A script in a heredoc is edited where it stands.
#[test]
fn heredocs_are_edited() {
    const MOUNTS: &str = "--mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\\n    ";
    const KEEP: &str = "-o Dir::Cache::archives=/var/cache/apt/keep ";
    let apt = |before: &str, after: &str| {
        check(
            &["cache-mount"],
            &[],
            &format!("FROM debian\nRUN <<EOF\n{before}\nEOF\n"),
            &format!("FROM debian\nRUN {MOUNTS}<<EOF\n{after}\nEOF\n"),
        );
    };
    let get = |rest: &str| format!("apt-get update\napt-get {KEEP}{rest}");
    apt("apt-get update\napt-get install -y git", &get("install -y git"));
    apt(
        "apt-get update\napt-get install -y git \\\n  && rm -rf /var/lib/apt/lists/*",
        &get("install -y git"),
    );
    apt(
        "apt-get update\napt-get install -y git\napt-get clean\nrm -rf /var/lib/apt/lists/* /tmp/x",
        &get("install -y git\nrm -rf /tmp/x"),
    );
    apt(
        "set -eux\napt-get update\napt-get install -y git\n# all\nrm -rf /var/lib/apt/lists/*",
        &format!("set -eux\n{}", get("install -y git\n# all")),
    );
    // Here the build goes on whatever becomes of the installation.
    check_refused(
        &["cache-mount"],
        &[],
        "FROM debian\nRUN <<EOF\napt-get update\napt-get install -y git\nrm -rf /var/lib/apt/lists/*\nEOF\n",
        &["2: what empties the cache cannot be taken out of the heredoc"],
    );
}

/// Behind `;` the last command decides whether the RUN fails: what goes must not let an install fail it that did not.
#[test]
fn a_failure_that_was_hidden_stays_hidden() {
    let mount = "--mount=type=cache,target=/root/.npm,sharing=locked";
    let npm = |before: &str, after: &str| {
        check(
            &["cache-mount"],
            &[],
            &format!("FROM node:22\nRUN {before}\n"),
            &format!("FROM node:22\nRUN {mount} {after}\n"),
        );
    };
    npm("npm i -g a; npm cache clean --force", "npm i -g a; true");
    npm("npm i -g a && npm i -g b; npm cache clean --force", "npm i -g a && npm i -g b; true");
    npm("npm i -g a && npm cache clean --force", "npm i -g a");
    npm("npm i -g a; npm cache clean --force; ls", "npm i -g a; ls");
    npm("set -ex; npm i -g a; npm cache clean --force", "set -ex; npm i -g a");
    npm("set -o errexit; npm i -g a; npm cache clean --force", "set -o errexit; npm i -g a");
    npm("set -e; set +e; npm i -g a; npm cache clean --force", "set -e; set +e; npm i -g a; true");
    // Under `set -e` the first of two joined by `&&` may fail.
    npm(
        "set -e; npm i -g a && npm i -g b; npm cache clean --force",
        "set -e; npm i -g a && npm i -g b; true",
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
