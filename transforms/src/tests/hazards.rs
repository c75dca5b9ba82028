//! What has broken rewrites elsewhere, through the transforms: what is refused, and what is known to be safe.

use super::{check, check_refused, check_unchanged};

const GO: &[(&str, &str)] = &[("go.mod", "module x\n"), ("go.sum", ""), ("main.go", "package main\n")];

/// Only what sh and its like read is looked into; in another shell the words may mean anything.
#[test]
fn other_shells_are_left_alone() {
    let files: super::Files<'_> = &[
        (".dockerignore", "**/node_modules\n"),
        ("package.json", "{}"),
        ("package-lock.json", "{}"),
        ("a.js", ""),
    ];
    let file = |head: &str| format!("{head}WORKDIR /app\nCOPY . .\nRUN npm ci\n");
    for head in [
        "FROM node:22\nSHELL [\"pwsh\", \"-Command\"]\n",
        "FROM node:22\nSHELL [\"powershell\", \"-Command\", \"$ErrorActionPreference = 'Stop';\"]\n",
        "FROM node:22\nSHELL [\"cmd\", \"/S\", \"/C\"]\n",
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022\n",
    ] {
        let line = file(head).lines().count();
        check_refused(
            &["manifest-first"],
            files,
            &file(head),
            &[&format!("{line}: npm ci stays below the sources: its shell is not sh or bash")],
        );
        check_refused(
            &["cache-mount", "apt-merge"],
            files,
            &file(head),
            &[&format!("{line}: npm ci gets no cache mount: its shell is not sh or bash")],
        );
    }
    let head = "FROM node:22\nSHELL [\"/bin/bash\", \"-euo\", \"pipefail\", \"-O\", \"extglob\", \"-c\"]\n";
    check_refused(
        &["cache-mount"],
        files,
        &file(head),
        &["5: npm ci gets no cache mount: an option of its shell is not read"],
    );
    let bash = "FROM node:22\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nWORKDIR /app\n";
    check(
        &["manifest-first"],
        files,
        &format!("{bash}COPY . .\nRUN npm ci\n"),
        &format!("{bash}COPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n"),
    );
}

/// What a RUN writes for its download (credentials for private modules) the download would miss.
#[test]
fn a_download_needs_what_its_run_prepares() {
    check_refused(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN echo machine example.com > /root/.netrc && go build .\n",
        &[
            "4: go build . stays below the sources: `echo machine example.com > /root/.netrc` before it writes where a download of \
             its own may look for programs and settings",
        ],
    );
}

/// `go generate` runs what it likes, but what it downloads first is known.
#[test]
fn generators_have_their_modules_downloaded() {
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN go generate ./... && go build -o /app .\n",
        "FROM golang:1.22\nWORKDIR /s\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go generate ./... && go build -o /app .\n",
    );
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN go install golang.org/x/tools/cmd/stringer@v0.1.0\nRUN go generate ./...\n",
        "FROM golang:1.22\nWORKDIR /s\nRUN go install golang.org/x/tools/cmd/stringer@v0.1.0\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go generate ./...\n",
    );
}

/// An argument that only a configuration file names is read by the install.
#[test]
fn an_argument_that_npmrc_names_stays() {
    let file = "FROM node:22\nARG REGISTRY_KEY\nWORKDIR /app\nCOPY .npmrc package.json package-lock.json ./\nRUN npm ci\n";
    let files = |npmrc| [(".npmrc", npmrc), ("package.json", "{}"), ("package-lock.json", "{}")];
    check_refused(
        &["late-arg"],
        &files("//registry.example.com/:_authToken=${REGISTRY_KEY}\n"),
        file,
        &["2: REGISTRY_KEY stays above line 5: /app/.npmrc, which npm reads there, may name it"],
    );
    check_refused(
        &["late-arg"],
        &files("fund=false\n"),
        file,
        &[
            "2: REGISTRY_KEY stays above line 5: code of packages that npm installs there may read any variable, and no \
           instruction below tells of another use",
        ],
    );
    check(
        &["late-arg"],
        &files("fund=false\n"),
        &file.replace("npm ci", "npm ci --ignore-scripts"),
        "FROM node:22\nWORKDIR /app\nCOPY .npmrc package.json package-lock.json ./\nRUN npm ci --ignore-scripts\nARG REGISTRY_KEY\n",
    );
}

/// X1
#[test]
fn copies_with_other_flags_stay() {
    let files: super::Files<'_> = &[
        (".dockerignore", "**/node_modules\n"),
        ("package.json", "{}"),
        ("package-lock.json", "{}"),
        ("a.js", ""),
    ];
    for flag in ["--link", "--parents", "--exclude=*.md"] {
        let name = flag.split('=').next().unwrap();
        check_refused(
            &["manifest-first"],
            files,
            &format!("FROM node:22\nWORKDIR /app\nCOPY {flag} . .\nRUN npm ci\n"),
            &[&format!("4: npm ci stays below the sources: the COPY of line 3 has {name}")],
        );
    }
}

/// An install relies on its index though little is known of it: it stands in an `if`, or a program tells what to install.
#[test]
fn installs_that_are_not_read_keep_their_index() {
    let old = "relies on the index of apt that line 3 fetches, and would find an old one";
    let file = |copy: &str, install: &str, below: &str| {
        format!("FROM debian\n{copy}RUN apt-get update && apt-get install -y git\n{below}RUN {install}\n")
    };
    for install in [
        "if [ -f /app/x ]; then apt-get install -y curl; fi",
        "(apt-get install -y curl)",
        "apt-get install -y $(cat /app/packages)",
        "apt-get install -y $PACKAGES",
        "! apt-get install -y curl",
        "[[ -f /app/x ]] && apt-get install -y curl",
        "bash -c 'if [ -f /app/x ]; then apt-get install -y curl; fi'",
        "if [ -f /app/x ]; then sudo sh -c 'apt-get install -y curl'; fi",
    ] {
        let refusal = format!("4: the sources stay above: line 4 {old}");
        check_refused(&["manifest-first"], GO, &file("COPY . /app\n", install, ""), &[&refusal]);
    }
    for install in ["apt-get install -y $(cat /packages)", "[[ $X ]] && apt-get install -y curl"] {
        check_refused(
            &["apt-merge"],
            GO,
            &format!("FROM debian\nRUN apt-get update\nRUN {install}\n"),
            &[
                "3: the install relies on the package lists of line 2, which are old when only this line changes: write `apt-get update &&` before it",
            ],
        );
    }
    check_unchanged(
        &["apt-merge"],
        GO,
        "FROM debian\nRUN if [ $X ]; then apt-get update && apt-get install -y curl; fi\n",
    );
    check_refused(
        &["late-arg"],
        GO,
        "FROM debian\nARG DEV\nRUN apt-get update\nRUN if [ \"$DEV\" ]; then apt-get install -y curl; fi\n",
        &[&format!("2: DEV stays where it is: line 4 {old}")],
    );
    // Whoever fetches the lists himself needs nobody else's.
    for install in [
        "if [ -f /app/x ]; then apt-get update && apt-get install -y curl; fi",
        "for i in 1 2 3; do apt-get update && break; done && apt-get install -y curl",
    ] {
        let (above, below) = (file("COPY . /app\n", install, ""), file("", install, "COPY . /app\n"));
        check(&["manifest-first"], GO, &above, &below);
    }
}

/// What stands in an `if` runs or not: it is left alone, and the install below it too.
#[test]
fn installs_in_compound_commands_stay() {
    let files: super::Files<'_> = &[("requirements.txt", "flask\n"), ("a.py", "")];
    let pip = "pip install -r requirements.txt";
    let file = |run: &str| format!("FROM python:3.12\nARG DEV\nWORKDIR /app\nCOPY . .\nRUN {run}\n");
    let inside = format!("if [ \"$DEV\" = 1 ]; then {pip}; fi");
    check_refused(
        &["manifest-first"],
        files,
        &file(&inside),
        &[&format!("5: {pip} stays below the sources: a compound command may read or write any of them")],
    );
    check_refused(
        &["manifest-first"],
        files,
        &file(&format!("PIP_INDEX_URL=$(./url) {pip}")),
        &[&format!("5: {pip} stays below the sources: a command substitution may read or write any of them")],
    );
    check_refused(
        &["manifest-first"],
        files,
        &file(&format!("{inside}\nRUN {pip}")),
        &[&format!("5: {pip} stays below the sources: a compound command may read or write any of them")],
    );
    // It gets no mount: whether it runs is not known.
    check_refused(
        &["cache-mount"],
        files,
        &file(&inside),
        &[&format!(
            "5: {pip} gets no cache mount: it stands in a compound command, which is not read further"
        )],
    );
    check_refused(
        &["late-arg"],
        files,
        &file(&format!("for name in a b; do {pip}; done")),
        &["2: DEV stays above line 5: a compound command may read any variable"],
    );
    check(
        &["manifest-first"],
        files,
        &file(&format!("{pip} && {inside}")),
        &format!(
            "FROM python:3.12\nARG DEV\nWORKDIR /app\nCOPY requirements.txt ./\nRUN {pip}\nCOPY . .\nRUN {inside}\n"
        ),
    );
}

/// A package that the command line names comes without the manifests being read, which npm then completes: such a command
/// is not known, and nothing moves past it.
#[test]
fn packages_on_the_command_line_stay() {
    let files: super::Files<'_> = &[
        (".dockerignore", "**/node_modules\n"),
        ("package.json", "{}"),
        ("package-lock.json", "{}"),
        ("a.js", ""),
    ];
    let file = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install left-pad\n";
    check_unchanged(&["manifest-first", "late-arg"], files, file);
    check_refused(
        &["manifest-first"],
        files,
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install left-pad\nRUN npm ci\n",
        &["5: npm ci stays below the sources: the RUN of line 4 may depend on them"],
    );
}

/// What ADD downloads is no part of the context: it blocks where it may lie among the sources, and moves nowhere.
#[test]
fn downloads_by_add_stay() {
    let files: super::Files<'_> = &[
        (".dockerignore", "**/node_modules\n"),
        ("package.json", "{}"),
        ("package-lock.json", "{}"),
        ("a.js", ""),
    ];
    let file = |lines: &str| format!("FROM node:22\nWORKDIR /app\n{lines}RUN npm ci\n");
    let address = "https://example.com/x.tgz";
    check(
        &["manifest-first"],
        files,
        &file(&format!("COPY . .\nADD {address} /opt/\n")),
        &format!(
            "{}COPY . .\n",
            file(&format!("COPY package.json package-lock.json ./\nADD {address} /opt/\n"))
        ),
    );
    check_refused(
        &["manifest-first"],
        files,
        &file(&format!("COPY . .\nADD {address} ./\n")),
        &["5: npm ci stays below the sources: line 4 also copies to /app"],
    );
    check_refused(
        &["manifest-first"],
        files,
        &file(&format!("ADD . {address} ./\n")),
        &["4: npm ci stays below the sources: the instruction also adds what is no part of the context"],
    );
    check_unchanged(&["manifest-first"], files, &file(&format!("ADD {address} ./\n")));
}
