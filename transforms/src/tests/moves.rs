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
