//! `manifest-first`, `late-arg` and `apt-merge`: what moves, and what does not.

use super::{APP, check, check_refused, check_unchanged};

const GO: &[(&str, &str)] =
    &[("go.mod", "module x\n\ngo 1.22\n"), ("go.sum", ""), ("main.go", "package main\n")];

#[test]
fn go_downloads_before_the_sources_come() {
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\n",
        "FROM golang:1.22\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build -o /app .\n",
    );
}

#[test]
fn a_copy_sinks_below_what_reads_nothing_of_it() {
    check(
        &["manifest-first"],
        GO,
        "FROM debian\nCOPY . /app\nRUN apt-get update && apt-get install -y curl\nRUN make\n",
        "FROM debian\nRUN apt-get update && apt-get install -y curl\nCOPY . /app\nRUN make\n",
    );
}

/// What does not read the manifests does not rerun with them either.
#[test]
fn manifests_are_copied_where_they_are_read() {
    let check = |before: &str, after: &str| check(&["manifest-first"], APP, before, after);
    check(
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN apt-get update && apt-get install -y git\nENV X=1\n\n# Packages\nRUN npm ci\nRUN npm run build\n",
        "FROM node:22\nWORKDIR /app\nRUN apt-get update && apt-get install -y git\nENV X=1\n\nCOPY package.json package-lock.json ./\n# Packages\nRUN npm ci\nCOPY . .\nRUN npm run build\n",
    );
    // The comment tells of both.
    check(
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN apt-get update && apt-get install -y git\n# Install\nRUN npm ci\nRUN npm run build\n",
        "FROM node:22\nWORKDIR /app\nRUN apt-get update && apt-get install -y git\n# Install\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n",
    );
    // A WORKDIR would make the directory in another way, and an edit of a manifest would tear the install from its lists.
    check(
        "FROM node:22\nWORKDIR /app\nCOPY . .\nWORKDIR /app\nRUN apt-get update && apt-get install -y git\nRUN npm ci\nRUN npm run build\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nWORKDIR /app\nRUN apt-get update && apt-get install -y git\nRUN npm ci\nCOPY . /app/\nRUN npm run build\n",
    );
    check(
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN apt-get update\nRUN npm ci && apt-get install -y git\nRUN npm run build\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN apt-get update\nRUN npm ci && apt-get install -y git\nCOPY . .\nRUN npm run build\n",
    );
}

/// Lists from the cache name packages that are gone: what relies on them must not run again without the update.
#[test]
fn an_update_is_not_torn_from_its_install() {
    let old = "relies on the index of apt that line 3 fetches, and would find an old one";
    check_refused(
        &["manifest-first"],
        GO,
        "FROM debian\nCOPY . /app\nRUN apt-get update && apt-get install -y ./app/*.deb\n",
        &[
            "3: the sources stay above: line 3 relies on the index of apt that the same RUN fetches, and would find an old one",
        ],
    );
    check_refused(
        &["manifest-first"],
        GO,
        "FROM debian\nCOPY . /app\nRUN apt-get update\nENV X=1\nRUN make && apt-get install -y curl\n",
        &[&format!("5: the sources stay above: line 5 {old}")],
    );
    check_refused(
        &["manifest-first"],
        GO,
        "FROM debian\nCOPY . /app\nRUN apt-get update && apt-get install -y curl\nRUN make\nRUN apt-get install -y git\n",
        &[&format!("5: the sources stay above: line 5 {old}")],
    );
    check_refused(
        &["late-arg"],
        GO,
        "FROM debian\nARG V\nRUN apt-get update\nENV X=1\nRUN apt-get install -y curl=$V\n",
        &[&format!("2: V stays where it is: line 5 {old}")],
    );
    // Whoever fetches the lists himself needs nobody else's.
    check(
        &["manifest-first"],
        GO,
        "FROM debian\nCOPY . /app\nRUN apt-get update && apt-get install -y curl\nRUN make\nRUN apt-get update && apt-get install git\n",
        "FROM debian\nRUN apt-get update && apt-get install -y curl\nCOPY . /app\nRUN make\nRUN apt-get update && apt-get install git\n",
    );
}

/// What is not known may be the install for which the lists are fetched.
#[test]
fn an_update_is_not_torn_from_what_may_install() {
    let files: super::Files<'_> =
        &[("deps.sh", "apt-get install -y curl"), ("apt.txt", "curl"), ("Makefile", "deps:"), ("x", "")];
    let stays = |from: &str, body: &str, who: &str, manager: &str| {
        let reason = format!(
            "4: the sources stay above: {who} on the index of {manager} that the same RUN fetches, and would find an old one"
        );
        check_refused(
            &["manifest-first"],
            files,
            &format!("FROM {from}\nWORKDIR /src\nCOPY . .\nRUN {body}\n"),
            &[&reason],
        );
    };
    let unknown = |name: &str| format!("`{name}` in line 4 may rely");
    for (from, update, manager) in [
        ("debian", "apt-get update", "apt"),
        ("alpine", "apk update", "apk"),
        ("fedora", "dnf makecache", "dnf"),
        ("opensuse/leap", "zypper refresh", "zypper"),
    ] {
        stays(from, &format!("{update} && ./deps.sh"), &unknown("deps.sh"), manager);
    }
    stays("debian", "apt-get update && make deps", &unknown("make"), "apt");
    stays("debian", "apt-get update && rosdep install --from-paths src -y", &unknown("rosdep"), "apt");
    let relies = "line 4 relies";
    for install in [
        "xargs apt-get install -y < apt.txt",
        "xargs -a apt.txt apt-get install -y",
        "cat apt.txt | xargs sudo apt-get install -y",
    ] {
        stays("debian", &format!("apt-get update && {install}"), relies, "apt");
    }
    stays("alpine", "apk update && xargs apk add < apt.txt", relies, "apk");
    let may_rely = "may rely on the index of apt that line 3 fetches, and would find an old one";
    check_refused(
        &["manifest-first"],
        files,
        "FROM debian\nCOPY . /src\nRUN apt-get update\nRUN /src/deps.sh\n",
        &[&format!("4: the sources stay above: `deps.sh` in line 4 {may_rely}")],
    );
    check_refused(
        &["late-arg"],
        files,
        "FROM debian\nARG V=1\nRUN apt-get update\nRUN ./deps.sh $V\n",
        &[&format!("2: V stays where it is: `deps.sh` in line 4 {may_rely}")],
    );
    // A known install is what the lists are for.
    for install in ["apk update && apk add --no-cache curl", "apk add -U curl", "apk upgrade --update-cache"]
    {
        check(
            &["manifest-first"],
            files,
            &format!("FROM alpine\nCOPY . /src\nRUN {install}\nRUN make\n"),
            &format!("FROM alpine\nRUN {install}\nCOPY . /src\nRUN make\n"),
        );
    }
    check(
        &["manifest-first"],
        files,
        "FROM archlinux\nCOPY . /src\nRUN pacman -Syu --noconfirm git\nRUN make\n",
        "FROM archlinux\nRUN pacman -Syu --noconfirm git\nCOPY . /src\nRUN make\n",
    );
}

#[test]
fn what_is_there_already_is_not_copied_again() {
    check(
        &["manifest-first"],
        GO,
        "FROM golang\nWORKDIR /a\nCOPY go.mod ./\nCOPY . .\nRUN go mod download\nRUN make\n",
        "FROM golang\nWORKDIR /a\nCOPY go.mod ./\nCOPY go.sum ./\nRUN go mod download\nCOPY . .\nRUN make\n",
    );
    check(
        &["manifest-first"],
        GO,
        "FROM golang\nWORKDIR /a\nCOPY go.mod go.sum ./\nCOPY . .\nRUN go mod download\nRUN make\n",
        "FROM golang\nWORKDIR /a\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN make\n",
    );
    // The owner counts.
    check(
        &["manifest-first"],
        GO,
        "FROM golang\nWORKDIR /a\nCOPY go.mod go.sum ./\nCOPY --chown=1 . .\nRUN go mod download\nRUN make\n",
        "FROM golang\nWORKDIR /a\nCOPY go.mod go.sum ./\nCOPY --chown=1 go.mod go.sum ./\nRUN go mod download\nCOPY --chown=1 . .\nRUN make\n",
    );
}

/// A comment goes with the copy that it explains, and stays where it heads the install.
#[test]
fn comments_stay_with_what_they_tell_of() {
    let go = |before: &str, after: &str| check(&["manifest-first"], GO, before, after);
    go(
        "FROM golang\nWORKDIR /a\n\n# Install dependencies\nCOPY . .\nRUN go mod download\nRUN make\n",
        "FROM golang\nWORKDIR /a\n\n# Install dependencies\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN make\n",
    );
    go(
        "FROM golang\nWORKDIR /a\n\n# Copy the sources\nCOPY . .\nRUN go mod download && make\n",
        "FROM golang\nWORKDIR /a\n\nCOPY go.mod go.sum ./\nRUN go mod download\n# Copy the sources\nCOPY . .\nRUN make\n",
    );
    go(
        "FROM golang\nWORKDIR /a\n# Install dependencies\nCOPY . .\nRUN go build .\n",
        "FROM golang\nWORKDIR /a\n# Install dependencies\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build .\n",
    );
    // No two blank lines are left where the copy stood.
    go(
        "FROM debian\n\n# Sources\nCOPY . /app\n\n# Tools\nRUN apt-get install -y make && make\n",
        "FROM debian\n\n# Tools\nRUN apt-get install -y make\n# Sources\nCOPY . /app\nRUN make\n",
    );
}

#[test]
fn an_update_joins_its_install() {
    check(
        &["apt-merge"],
        &[],
        "FROM debian\nRUN apt-get update\nRUN apt-get install -y curl\n",
        "FROM debian\nRUN apt-get update && apt-get install -y curl\n",
    );
    check_refused(
        &["apt-merge"],
        &[],
        "FROM debian\nRUN apt-get install -y curl\n",
        &["2: the install has no `apt-get update` in its stage"],
    );
    check_unchanged(&["apt-merge"], &[], "FROM debian\nRUN apt-get update && apt-get install -y curl\n");
}

/// Where the update fails, the RUN must fail.
#[test]
fn an_update_fails_where_it_did() {
    let merge = |before: &str, after: &str| {
        let file = |body: &str| format!("FROM debian\n{body}");
        check(&["apt-merge"], &[], &file(before), &file(after));
    };
    merge(
        "RUN apt-get update\nRUN set -eux; apt-get install -y gnupg; rm -rf /var/lib/apt/lists/*\n",
        "RUN set -eux; apt-get update; apt-get install -y gnupg; rm -rf /var/lib/apt/lists/*\n",
    );
    merge(
        "RUN apt-get update\nRUN set -eux; \\\n    apt-get install -y gnupg; \\\n    useradd foo\n",
        "RUN set -eux; \\\n    apt-get update; \\\n    apt-get install -y gnupg; \\\n    useradd foo\n",
    );
    merge(
        "RUN apt-get update\nRUN set -ex && apt-get install -y gnupg; useradd foo\n",
        "RUN set -ex && apt-get update; apt-get install -y gnupg; useradd foo\n",
    );
    merge(
        "RUN apt-get update\nRUN set -ex && apt-get install -y gnupg && useradd foo\n",
        "RUN apt-get update && set -ex && apt-get install -y gnupg && useradd foo\n",
    );
    let goes_on = "this step goes on where one of its commands fails, and would where the update does";
    for (first, second, why) in [
        ("apt-get update", "apt-get install -y gnupg; useradd foo", goes_on),
        ("apt-get update", "export A=b; apt-get install -y gnupg", goes_on),
        ("apt-get update", "test -f /x || apt-get install -y c", goes_on),
        ("apt-get update", "apt-get install -y d || echo failed", goes_on),
        ("apt-get update", "set -e; set +e; apt-get install -y d", goes_on),
        (
            "dpkg --add-architecture i386 && apt-get update",
            "set -e; apt-get install -y d; echo",
            "more than one command stands beside it there, and this step is no list joined by &&",
        ),
    ] {
        check_refused(
            &["apt-merge"],
            &[],
            &format!("FROM debian\nRUN {first}\nRUN {second}\n"),
            &[&format!("3: it does not take in the update of line 2: {why}")],
        );
    }
}

/// `apt-get update` runs no maintainer scripts, and so no debconf.
#[test]
fn an_update_passes_what_it_does_not_read() {
    check(
        &["apt-merge"],
        &[],
        "FROM ubuntu:22.04\nRUN apt-get update\nENV DEBIAN_FRONTEND=noninteractive\nENV PKG=curl\nLABEL a=b\nWORKDIR /x\nRUN apt-get install -y $PKG\n",
        "FROM ubuntu:22.04\nENV DEBIAN_FRONTEND=noninteractive\nENV PKG=curl\nLABEL a=b\nWORKDIR /x\nRUN apt-get update && apt-get install -y $PKG\n",
    );
    // With the update below it, another value would fetch the lists again.
    check(
        &["apt-merge"],
        &[],
        "FROM debian\nRUN apt-get update\nARG VERSION\nRUN apt-get install -y curl\nRUN echo $VERSION\n",
        "FROM debian\nRUN apt-get update && apt-get install -y curl\nARG VERSION\nRUN echo $VERSION\n",
    );
    for file in [
        "FROM debian\nRUN apt-get update\nARG PKG=curl\nRUN apt-get install -y $PKG\n",
        "FROM debian\nRUN apt-get update\nARG DEBIAN_FRONTEND=noninteractive\nRUN apt-get install -y curl\n",
    ] {
        let reason = "4: the ARG of line 3 stands between it and the update of line 2";
        check_refused(&["apt-merge"], &[], file, &[reason]);
    }
    // Neither RUN passes a variable that it names.
    for (update, install) in
        [("apt-get update", "apt-get install -y $OPT"), ("apt-get update $OPT", "apt-get install -y $OPT")]
    {
        check_refused(
            &["apt-merge"],
            &[("app/x", "")],
            &format!("FROM debian\nRUN {update}\nENV OPT=curl\nCOPY app /app\nRUN {install}\n"),
            &["5: the ENV of line 3 stands between it and the update of line 2"],
        );
    }
    for (between, keyword) in [("ENV APT_CONFIG=/x", "ENV"), ("ENV http_proxy=x", "ENV"), ("USER x", "USER")]
    {
        check_refused(
            &["apt-merge"],
            &[],
            &format!("FROM debian\nRUN apt-get update\n{between}\nRUN apt-get install -y curl\n"),
            &[&format!("4: the {keyword} of line 3 stands between it and the update of line 2")],
        );
    }
}

#[test]
fn what_becomes_of_package_lists_is_told_as_it_is() {
    let refused = |file: &str, reason: &str| check_refused(&["apt-merge"], &[], file, &[reason]);
    refused(
        "FROM debian\nRUN apt-get update && apt-get install -y d && rm -rf /var/lib/apt/lists/*\nRUN apt-get install -y e\n",
        "3: the install does not fetch the package lists, and line 2 leaves none in the image",
    );
    refused(
        "FROM debian\nRUN apt-get update && apt-get install -y d\nRUN rm -rf /var/lib/apt/lists\nRUN apt-get install -y e\n",
        "4: the install does not fetch the package lists, and line 3 has removed them",
    );
    refused(
        "FROM debian\nRUN --mount=type=cache,target=/var/lib/apt/lists apt-get update && apt-get install -y d\nRUN apt-get install -y e\n",
        "3: the install does not fetch the package lists, and line 2 leaves none in the image",
    );
    refused(
        "FROM debian\nRUN apt-get update && apt-get install -y curl\nRUN set -ex; case \"$(uname -m)\" in x86_64) apt-get update ;; esac; apt-get install -y git\n",
        "3: its own `apt-get update` stands in a part that is not read",
    );
    // The mounts are dockfix's own.
    let outcome = super::run(
        &[],
        &[],
        "FROM debian\nRUN apt-get update\nRUN add-apt-repository ppa:x/y\nRUN apt-get install -y foo\n",
    );
    let refusals = &super::dockerfile(&outcome).refusals;
    let told = "the RUN of line 3 stands between it and the update of line 2";
    assert!(refusals.iter().any(|refusal| refusal.reason == told), "{refusals:#?}");
}

/// `ENV H=$H` keeps what is known of the argument of that name.
#[test]
fn an_argument_passes_mkdir_of_a_variable() {
    for env in ["H", "OTHER"] {
        check(
            &["late-arg"],
            &[],
            &format!(
                "FROM debian\nARG COMMIT_SHA\nARG H=/x\nENV {env}=$H\nRUN mkdir -p \"${env}\"\nLABEL r=$COMMIT_SHA\n"
            ),
            &format!(
                "FROM debian\nARG H=/x\nENV {env}=$H\nRUN mkdir -p \"${env}\"\nARG COMMIT_SHA\nLABEL r=$COMMIT_SHA\n"
            ),
        );
    }
}

#[test]
fn a_token_stays_above_git() {
    for name in ["GITHUB_TOKEN", "GH_PAT", "DEPLOY_SECRET"] {
        check_refused(
            &["late-arg"],
            &[("gitconfig", "")],
            &format!(
                "FROM debian\nCOPY gitconfig /root/.gitconfig\nARG {name}\nRUN git clone https://github.com/x/y /y\nRUN echo done\n"
            ),
            &[&format!("3: {name} stays above line 4: a command there reads variables such as {name}")],
        );
    }
}

#[test]
fn an_argument_goes_to_its_first_use() {
    check(
        &["late-arg"],
        &[],
        "FROM debian\nARG GIT_SHA\nRUN apt-get update && apt-get install -y curl\nLABEL sha=$GIT_SHA\nCMD [\"x\"]\n",
        "FROM debian\nRUN apt-get update && apt-get install -y curl\nARG GIT_SHA\nLABEL sha=$GIT_SHA\nCMD [\"x\"]\n",
    );
    check_refused(
        &["late-arg"],
        &[],
        "FROM debian\nARG GIT_SHA\nRUN ./build.sh\n",
        &["2: GIT_SHA stays above line 3: `build.sh` may read any variable"],
    );
    check_unchanged(&["late-arg"], &[], "FROM debian\nARG V\nRUN echo $V\n");
}

/// Two sources with an install each: neither copy may take the other's place for ever.
#[test]
fn two_projects_settle() {
    let files: super::Files<'_> = &[
        (".dockerignore", "**/node_modules\n"),
        ("a/package.json", "{\"name\": \"a\"}"),
        ("a/x.js", ""),
        ("b/package.json", "{\"name\": \"b\"}"),
        ("b/x.js", ""),
    ];
    check(
        &["manifest-first"],
        files,
        "FROM node\nADD a /a\nRUN cd /a && npm install\nADD b /b\nRUN cd /b && npm install\n",
        "FROM node\nCOPY a/package.json /a/\nRUN cd /a && npm install\nCOPY b/package.json /b/\nRUN cd /b && npm install\nADD a /a\nADD b /b\n",
    );
}

/// The same stage twice: a download that is new in one is new in the other too.
#[test]
fn stages_may_say_the_same() {
    let stage = "FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go test ./...\n";
    let wanted = "FROM golang:1.22\nWORKDIR /s\nCOPY go.mod go.sum /s/\nRUN go mod download\nCOPY . /s\nRUN go test ./...\n";
    check(&["manifest-first"], GO, &stage.repeat(2), &wanted.repeat(2));
}

/// What cannot pass an install must not be put into the middle of its RUN either.
#[test]
fn a_run_is_not_split_for_its_own_install() {
    let files: super::Files<'_> = &[
        (".dockerignore", "**/node_modules\n"),
        ("a/package.json", "{\"name\": \"a\"}"),
        ("ssh/config", ""),
    ];
    let file = "FROM node\nADD ssh /root/.ssh\nADD a/package.json /a/\nRUN cd /a && npm install\n";
    check_refused(
        &["manifest-first"],
        files,
        file,
        &["4: npm install stays below the sources: it may read or write any of them"],
    );
}

/// A download above the sources runs as the build does: with its secrets, and with nothing before it that may matter.
#[test]
fn a_download_has_what_the_build_has() {
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN --mount=type=ssh go build .\n",
        "FROM golang:1.22\nWORKDIR /s\nCOPY go.mod go.sum ./\nRUN --mount=type=ssh go mod download\nCOPY . .\nRUN --mount=type=ssh go build .\n",
    );
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN export GOPRIVATE=x && go build .\n",
        "FROM golang:1.22\nWORKDIR /s\nCOPY go.mod go.sum ./\nRUN GOPRIVATE=x go mod download\nCOPY . .\nRUN export GOPRIVATE=x && go build .\n",
    );
    check_refused(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN make x && go build .\n",
        &["4: go build . stays below the sources: `make` before it may read or write any of them"],
    );
}

/// A command may be a file of the copy where the search path leads there.
#[test]
fn programs_of_the_sources_block() {
    let files: super::Files<'_> =
        &[(".dockerignore", "**/node_modules\n"), ("package.json", "{\"name\": \"a\"}"), ("bin/npm", "")];
    check_refused(
        &["manifest-first"],
        files,
        "FROM node\nENV PATH=/app/bin:$PATH\nWORKDIR /app\nCOPY . .\nRUN npm install\n",
        &["5: npm install stays below the sources: it may read or write any of them"],
    );
}

const COMPOSER: &[(&str, &str)] = &[
    (".dockerignore", "vendor\n"),
    ("composer.json", "{\"name\": \"a/b\", \"require\": {\"a/c\": \"^1\"}}"),
    ("composer.lock", "{\"packages\": [], \"packages-dev\": []}"),
    ("index.php", ""),
];

/// What stands between the sources and the install may be what the download needs: here its very program.
#[test]
fn a_download_stays_below_what_brings_its_program() {
    check(
        &["manifest-first"],
        COMPOSER,
        "FROM php:8\nWORKDIR /app\nCOPY . .\nCOPY --from=composer:2 /usr/bin/composer /usr/bin/composer\nRUN composer install\n",
        "FROM php:8\nWORKDIR /app\nCOPY --from=composer:2 /usr/bin/composer /usr/bin/composer\nCOPY composer.json composer.lock ./\nRUN composer install --no-scripts --no-autoloader\nCOPY . .\nRUN composer install\n",
    );
}

/// The download runs as the install does: with its variables, its user and in its directory.
#[test]
fn a_download_stays_below_what_sets_its_state() {
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /src\n\n# All of it.\nCOPY . .\n\nENV GOFLAGS=-trimpath\n# Build.\nRUN go build -o /app .\n",
        "FROM golang:1.22\nWORKDIR /src\n\nENV GOFLAGS=-trimpath\nCOPY go.mod go.sum ./\nRUN go mod download\n# All of it.\nCOPY . .\n# Build.\nRUN go build -o /app .\n",
    );
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nCOPY . src\nWORKDIR /go/src\nRUN go build -o /app .\n",
        "FROM golang:1.22\nWORKDIR /go/src\nCOPY go.mod go.sum /go/src/\nRUN go mod download\nCOPY . /go/src/\nRUN go build -o /app .\n",
    );
}

/// What counts is what an earlier restore has fetched, not where it ran.
#[test]
fn what_is_fetched_is_told_by_its_files() {
    const PROJECT: &str = "<Project Sdk=\"Microsoft.NET.Sdk\" />";
    let files: &[(&str, &str)] =
        &[(".dockerignore", "**/obj\n"), ("a/A.csproj", PROJECT), ("b/B.csproj", PROJECT), ("b/b.cs", "")];
    let file = |restore: &str, copies: &str| {
        format!(
            "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /src\n{restore}{copies}COPY . .\nRUN dotnet publish b/B.csproj\n"
        )
    };
    let done = "COPY b/B.csproj b/\nRUN cd b && dotnet restore\n";
    check_unchanged(&["manifest-first"], files, &file(done, ""));
    let other = "COPY a/A.csproj a/\nRUN dotnet restore a/A.csproj\n";
    let more = "COPY b/B.csproj ./b/\nRUN dotnet restore b/B.csproj\n";
    check(&["manifest-first"], files, &file(other, ""), &file(other, more));
}

/// A stage that builds on another's sources reruns with them, unless what it downloads is there already.
#[test]
fn inherited_sources_are_told_of() {
    let file = |download: &str| {
        format!(
            "FROM golang:1.22 AS b\nWORKDIR /src\n{download}COPY . .\nCMD x\n\nFROM b\nRUN go build ./...\n"
        )
    };
    check_refused(
        &["manifest-first"],
        GO,
        &file(""),
        &[
            "7: the stage this one starts from copies the sources (line 3), so the go install reruns with them",
        ],
    );
    check_unchanged(&["manifest-first"], GO, &file("COPY go.mod go.sum ./\nRUN go mod download\n"));
}

/// A stage finds what the one it starts from has copied.
#[test]
fn manifests_are_inherited() {
    check(
        &["manifest-first"],
        &[
            (".dockerignore", "node_modules\n"),
            ("package.json", "{}"),
            ("package-lock.json", "{}"),
            ("src/a.js", ""),
        ],
        "FROM node:22 AS m\nWORKDIR /app\nCOPY package.json package-lock.json ./\n\nFROM m\nCOPY src src\nRUN npm ci\n",
        "FROM node:22 AS m\nWORKDIR /app\nCOPY package.json package-lock.json ./\n\nFROM m\nRUN npm ci\nCOPY src src\n",
    );
}

/// A build that could have had its download is told of as an install is.
#[test]
fn a_build_behind_another_program_is_told_of() {
    check_refused(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN make proto\nRUN go build -o /app .\n",
        &["5: go build -o /app . stays below the sources: the RUN of line 4 may depend on them"],
    );
    let done = "FROM golang:1.22\nWORKDIR /s\nCOPY go.* ./\nRUN go mod download\nCOPY . .\nRUN make proto\nRUN go build -o /app .\n";
    check_unchanged(&["manifest-first"], GO, done);
}

/// Settings are not worth a split: nothing is downloaded.
#[test]
fn settings_do_not_gain() {
    check_unchanged(
        &["manifest-first"],
        &[("a/a.js", "")],
        "FROM node:22\nCOPY a /a\nRUN npm config set audit false && node /a/a.js\n",
    );
}

/// What a command reads of the sources is copied for it, if it is a file or two.
#[test]
fn files_that_a_command_reads_go_first() {
    check(
        &["manifest-first"],
        &[
            (".dockerignore", "node_modules\n"),
            (".yarnrc", ""),
            ("package.json", "{}"),
            ("yarn.lock", ""),
            ("a.js", ""),
        ],
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN yarn global add serve\nRUN yarn install\n",
        "FROM node:22\nWORKDIR /app\nCOPY .yarnrc package.json yarn.lock ./\nRUN yarn global add serve\nRUN yarn install\nCOPY . .\n",
    );
}

/// Sources that cannot sink can have a download above them, where nothing between matters to it.
#[test]
fn a_download_may_stand_above_sources_that_stay() {
    let file = |above: &str, between: &str| {
        format!("FROM golang:1.22\nWORKDIR /s\n{above}COPY . .\n{between}RUN go build -o /app .\n")
    };
    let download = "COPY go.mod go.sum ./\nRUN go mod download\n";
    let between = "RUN ls -la\nCOPY --from=x /dist /s/web/dist\n";
    check(&["manifest-first"], GO, &file("", between), &file(download, between));
    check_refused(
        &["manifest-first"],
        GO,
        &file("", "COPY --from=x /y /s\n"),
        &["5: go build -o /app . stays below the sources: the COPY of line 4 may depend on them"],
    );
}

/// The members of a large workspace come by one COPY where the frontend can keep their directories.
#[test]
fn many_manifests_are_copied_with_their_parents() {
    let names: Vec<_> =
        ["a", "b", "c", "d"].iter().map(|name| format!("packages/{name}/package.json")).collect();
    let mut files = vec![
        (".dockerignore", "**/node_modules\n"),
        ("package.json", "{\"workspaces\": [\"packages/*\", \"apps/web\", \"tools\"]}"),
        ("package-lock.json", "{}"),
        ("apps/web/package.json", "{\"name\": \"web\"}"),
        ("apps/web/a.js", ""),
        ("apps/old/package.json", "{}"),
        ("tools/package.json", "{\"name\": \"tools\"}"),
    ];
    let content = ["{\"name\": \"a\"}", "{\"name\": \"b\"}", "{\"name\": \"c\"}", "{\"name\": \"d\"}"];
    files.extend(names.iter().zip(content).map(|(name, content)| (name.as_str(), content)));
    let file = |syntax: &str, copies: &str, below: &str| {
        format!(
            "# syntax=docker/dockerfile:{syntax}\nFROM node:22\nWORKDIR /app\n{copies}RUN npm ci\n{below}"
        )
    };
    let all = "COPY . .\n";
    check(
        &["manifest-first"],
        &files,
        &file("1", all, ""),
        &file(
            "1",
            "COPY --parents \\\n    package.json \\\n    package-lock.json \\\n    apps/web/package.json \\\n    packages/*/package.json \\\n    tools/package.json ./\n",
            all,
        ),
    );
    let outcome = super::run(&["manifest-first"], &files, &file("1.7", all, ""));
    assert_eq!(String::from_utf8_lossy(&outcome.files[0].after).matches("COPY ").count(), 8);
    // A file without a directive gets one, unless that is not wanted.
    let bare = format!("FROM node:22\nWORKDIR /app\n{all}RUN npm ci\nRUN npm run build\n");
    let outcome = super::run(&["manifest-first"], &files, &bare);
    assert_eq!(String::from_utf8_lossy(&outcome.files[0].after).matches("COPY ").count(), 8);
    let outcome = super::run(&["manifest-first", "syntax-directive"], &files, &bare);
    let after = String::from_utf8_lossy(&outcome.files[0].after).into_owned();
    assert!(after.starts_with("# syntax=docker/dockerfile:1\nFROM"), "{after}");
    assert_eq!(after.matches("COPY ").count(), 2, "{after}");
    let reasons: Vec<_> = outcome.files[0].changes.iter().map(|change| change.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "COPY --parents needs Dockerfile syntax 1.20 or later",
            "npm ci no longer reruns when sources change"
        ]
    );
    super::check_unchanged(&["manifest-first", "syntax-directive"], &files, &after);
    // Older builders would not see it below a shebang.
    let outcome = super::run(&["manifest-first", "syntax-directive"], &files, &format!("#!/bin/x\n{bare}"));
    assert_eq!(String::from_utf8_lossy(&outcome.files[0].after).matches("COPY ").count(), 8);
    // The context may lie in a directory of its own.
    let nested: Vec<_> = files.iter().map(|(name, content)| (format!("web/{name}"), *content)).collect();
    let mut nested: Vec<_> = nested.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    nested.push(files[0]);
    check(
        &["manifest-first"],
        &nested,
        &file("1", "COPY web /app\n", ""),
        &file(
            "1",
            "COPY --parents \\\n    web/./package.json \\\n    web/./package-lock.json \\\n    web/./apps/web/package.json \\\n    web/./packages/*/package.json \\\n    web/./tools/package.json /app/\n",
            "COPY web /app\n",
        ),
    );
}

/// A directory passes a COPY of manifests of which it brings some, as it passes those of one COPY each.
#[test]
fn copies_are_passed_source_by_source() {
    let files = &[
        ("package.json", "{\"workspaces\": [\"web\"]}"),
        ("package-lock.json", "{}"),
        ("web/package.json", "{}"),
        ("web/a.js", ""),
        (".dockerignore", "**/node_modules\n"),
    ];
    let copy = "COPY --parents package.json package-lock.json web/package.json ./\n";
    let file = |above: &str, below: &str| {
        format!(
            "# syntax=docker/dockerfile:1\nFROM node:22\nWORKDIR /app\n{above}{copy}RUN npm ci\n{below}RUN npm test\n"
        )
    };
    check(&["manifest-first"], files, &file("COPY web web\n", ""), &file("", "COPY web web\n"));
}

/// What an install of another stage reads is not told of as the sources that stand in its way, and what does is named.
#[test]
fn what_a_stage_inherits_is_told_truly() {
    let files: super::Files<'_> = &[
        ("package.json", "{\"packageManager\": \"yarn@4.5.0\"}"),
        ("yarn.lock", "__metadata:\n  version: 8\n"),
        (".yarnrc.yml", "nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-4.5.0.cjs\n"),
        (".yarn/releases/yarn-4.5.0.cjs", ""),
        ("lib/a.js", ""),
        ("src/a.js", ""),
        (".dockerignore", "**/node_modules\n**/.yarn/install-state.gz\n**/.yarn/unplugged\n"),
    ];
    let file = |copies: &str| {
        format!(
            "FROM node:22 AS deps\nWORKDIR /app\nCOPY package.json yarn.lock .yarnrc.yml ./\n{copies}\n\
             FROM deps\nRUN yarn install --immutable\n"
        )
    };
    let release = "COPY .yarn/releases .yarn/releases";
    super::check_unchanged(&["manifest-first"], files, &file(release));
    super::check_refused(
        &["manifest-first"],
        files,
        &file(&format!("{release}\nCOPY ./lib lib")),
        &["7: the stage this one starts from copies `./lib` (line 5), so the yarn install reruns with it"],
    );
    super::check_refused(
        &["manifest-first"],
        files,
        &file("COPY . ."),
        &[
            "6: the stage this one starts from copies the sources (line 4), so the yarn install reruns with them",
        ],
    );
}

/// A submodule's files may have to be fetched in the build, for which git needs its own.
#[test]
fn git_keeps_what_submodules_need() {
    let files = &[(".git/HEAD", ""), (".gitmodules", ""), ("lib/.git", ""), ("package.json", "{}")];
    let ignored = |run: &str| {
        let outcome = super::run(&["dockerignore"], files, &format!("FROM node:22\nCOPY . .\nRUN {run}\n"));
        let ignore =
            outcome.ignore_files.first().map(|file| String::from_utf8_lossy(&file.after).into_owned());
        ignore.unwrap_or_default().contains(".git\n")
    };
    assert!(ignored("npm test"));
    assert!(!ignored("git submodule update --init && npm test"));
}

/// An argument and the line that carries it on, a paragraph together: no second blank line is left.
#[test]
fn paragraphs_move_whole() {
    check(
        &["late-arg"],
        &[],
        "FROM debian\n\nARG SHA\nENV COMMIT=$SHA\n\nRUN apt-get update && apt-get install -y curl\n\nRUN ./x\n",
        "FROM debian\n\nRUN apt-get update && apt-get install -y curl\n\nARG SHA\nENV COMMIT=$SHA\n\nRUN ./x\n",
    );
}

/// What goes as whole paragraphs takes one blank line each along, wherever it goes and wherever the file ends.
#[test]
fn paragraphs_move_as_such() {
    check(
        &["late-arg"],
        &[],
        "FROM alpine\n\nARG A\nARG B\n\nLABEL a=$A b=$B\n\nRUN apk add curl\n\nWORKDIR /x",
        "FROM alpine\n\nRUN apk add curl\n\nARG A\nARG B\n\nLABEL a=$A b=$B\n\nWORKDIR /x",
    );
    check(
        &["late-arg"],
        &[],
        "FROM alpine\n\nARG A\nARG V\n\nLABEL a=$A\n\nENV W=$V\n\nRUN apk add curl\n\nWORKDIR /x",
        "FROM alpine\n\nRUN apk add curl\n\nARG A\nARG V\n\nLABEL a=$A\n\nENV W=$V\n\nWORKDIR /x",
    );
}

/// What RUNs read that the copy passes on its way to the download has to be there before.
#[test]
fn the_download_does_not_forget_what_comes_before_it() {
    let mut files = GO.to_vec();
    files.push(("corp.crt", ""));
    check(
        &["manifest-first"],
        &files,
        "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN cp corp.crt /usr/local/share/ca-certificates/ && update-ca-certificates\nRUN go build -o /app .\n",
        "FROM golang:1.22\nWORKDIR /src\nCOPY corp.crt ./\nRUN cp corp.crt /usr/local/share/ca-certificates/ && update-ca-certificates\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build -o /app .\n",
    );
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN cat go.mod > /etc/mod\nRUN go build -o /app .\n",
        "FROM golang:1.22\nWORKDIR /src\nCOPY go.mod ./\nRUN cat go.mod > /etc/mod\nCOPY go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build -o /app .\n",
    );
}

/// A RUN that does without an install that fails would not do without a download that fails.
#[test]
fn a_download_does_not_fail_for_others() {
    for commands in [
        "go build ./... || true",
        "go build ./...; exit 0",
        "go build ./... | tee log",
        "go build a || go build b",
    ] {
        let first = commands.split(['|', ';']).next().unwrap_or_default().trim();
        check_refused(
            &["manifest-first"],
            GO,
            &format!("FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN {commands}\n"),
            &[&format!(
                "4: its RUN goes on where {first} fails, and a download of its own would have to succeed"
            )],
        );
    }
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN set -e; go build ./...; go vet\n",
        "FROM golang:1.22\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN set -e; go build ./...; go vet\n",
    );
}

/// What the update's RUN says besides must not reach the install.
#[test]
fn an_update_is_joined_alone() {
    let refused = |update: &str, reason: &str| {
        check_refused(
            &["apt-merge"],
            &[],
            &format!("FROM debian:12\nRUN {update}\nRUN apt-get install -y jq\n"),
            &[&format!("3: {reason}")],
        );
    };
    refused("apt-get update # refresh the lists", "a comment stands behind the update in line 2");
    for update in [
        "cd /tmp && apt-get update",
        "set -e && umask 077 && apt-get update",
        "apt-get update && exit 0",
        "export A=1 && apt-get update",
    ] {
        refused(update, "a command beside the update in line 2 changes the shell, and would for this step");
    }
}
