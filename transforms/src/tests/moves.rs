//! `manifest-first`, `late-arg` and `apt-merge`: what moves, and what does not.

use super::{check, check_refused, check_unchanged};

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
        "FROM node:22\nWORKDIR /app\nCOPY .yarnrc yarn.lock package.json ./\nRUN yarn global add serve\nRUN yarn install\nCOPY . .\n",
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
