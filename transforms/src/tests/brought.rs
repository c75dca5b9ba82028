//! What a COPY brings to the place of a cache: neither a mount nor a download comes there.

use super::{Files, GO, check, check_refused, run};

const MAVEN: Files<'_> = &[("pom.xml", ""), ("src/A.java", "")];
const STORE: &str = "--mount=type=cache,target=/root/.m2/repository,sharing=locked";

fn maven(deps: &str, copy: &str, flag: &str) -> String {
    format!(
        "# syntax=docker/dockerfile:1\nFROM maven:3.9 AS deps\n{deps}\nFROM maven:3.9 AS b\nWORKDIR /a\n{copy}\nCOPY pom.xml ./\nCOPY src ./src\nRUN {flag}mvn package\nFROM scratch\nCOPY --from=b /a/out /\n"
    )
}

/// What a COPY to a directory above a store brings, a mount would hide: it may be nowhere else.
#[test]
fn a_copy_of_a_directory_above_a_store_brings_it() {
    let fills = "RUN mvn dependency:go-offline";
    for copy in [
        "COPY --from=deps /root/.m2 /root/.m2",
        "COPY --from=deps /root/.m2/ /root/.m2/",
        "COPY --from=deps /root /root",
        "COPY --from=deps /root/.m* /root/.m2",
        "COPY --from=deps / /",
        "COPY --from=registry/deps /root/.m2 /root/.m2",
        "COPY --from=registry/deps /m2 /root/.m2",
    ] {
        let outcome = run(&["cache-mount"], MAVEN, &maven(fills, copy, ""));
        let after = String::from_utf8_lossy(&outcome.files[0].after).into_owned();
        assert!(!after.contains("--mount"), "{copy}: {after}");
        let refusals = &outcome.files[0].refusals;
        let wanted = "line 6 copies what may hold /root/.m2/repository, which a mount would hide";
        assert!(refusals.iter().any(|refusal| refusal.reason == wanted), "{copy}: {refusals:?}");
    }
    // A stage that has written nothing there, and what an image is taken whole for.
    for (deps, copy) in [
        ("RUN mkdir -p /app", "COPY --from=deps /root /root"),
        ("RUN mvn package", "COPY --from=deps /app /a"),
        ("RUN make", "COPY --from=deps /app /root/app"),
        ("RUN make", "COPY --from=tonistiigi/xx / /"),
        ("RUN --mount=type=cache,target=/root/.m2 mvn package", "COPY --from=deps /root /root"),
    ] {
        let flag = format!("{STORE} ");
        let filled = deps.replace("RUN mvn", &format!("RUN {STORE} mvn"));
        check(&["cache-mount"], MAVEN, &maven(deps, copy, ""), &maven(&filled, copy, &flag));
    }
}

/// The listing tells whether a COPY from the context brings it.
#[test]
fn the_context_may_bring_a_store() {
    let file = |copy: &str, flag: &str| {
        format!(
            "# syntax=docker/dockerfile:1\nFROM maven:3.9 AS b\nWORKDIR /a\n{copy}\nRUN {flag}mvn package\nFROM scratch\nCOPY --from=b /a/out /\n"
        )
    };
    let hides = "5: line 4 copies what may hold /root/.m2/repository, which a mount would hide";
    let with: Files<'_> = &[("m2/repository/g/x.jar", ""), ("pom.xml", ""), ("m.tar", "\0")];
    for copy in ["COPY m2 /root/.m2", "ADD m2 /root/.m2/", "ADD m.tar /root/"] {
        check_refused(&["cache-mount"], with, &file(copy, ""), &[hides]);
    }
    let flag = format!("{STORE} ");
    for copy in ["COPY . /root", "COPY pom.xml /root/.m2/", "ADD pom.xml /root/"] {
        check(&["cache-mount"], with, &file(copy, ""), &file(copy, &flag));
    }
    // Nor is it known of a directory of a context that is not.
    for copy in ["COPY m2 /root/.m2", "COPY . /root"] {
        check_refused(&["cache-mount"], &[], &file(copy, ""), &[hides]);
    }
    for copy in ["COPY rootfs /", "COPY settings.xml /root/.m2/"] {
        let after = run(&["cache-mount"], &[], &file(copy, "")).files[0].after.clone();
        let is_settings = copy.contains("settings");
        assert_eq!(String::from_utf8_lossy(&after).contains(STORE), !is_settings, "{copy}");
    }
}

/// What was compiled elsewhere may be more than a stage can compile; a mere download it can repeat.
#[test]
fn wheels_of_another_stage_are_not_hidden() {
    let file = |fills: &str, install: &str, copy: &str| {
        format!(
            "FROM python:3.12 AS deps\nRUN {fills}\nFROM python:3.12-slim AS b\n{copy}\nRUN {install}\nCOPY . .\n"
        )
    };
    let fills = "pip wheel -w /w psycopg2";
    for copy in ["COPY --from=deps /root /root", "COPY --from=deps /root/.cache /root/.cache"] {
        let outcome = run(&["cache-mount"], &[], &file(fills, "pip install psycopg2", copy));
        let after = String::from_utf8_lossy(&outcome.files[0].after).into_owned();
        assert!(!after.contains("--mount"), "{copy}: {after}");
    }
    let npm = "FROM alpine AS deps\nRUN ./make-out\nFROM node:22\nCOPY --from=deps /out /\nRUN npm install -g left-pad\n";
    let flag = "--mount=type=cache,target=/root/.npm,sharing=locked ";
    check(
        &["cache-mount"],
        &[],
        &format!("# syntax=docker/dockerfile:1\n{npm}"),
        &format!("# syntax=docker/dockerfile:1\n{}", npm.replace("RUN npm", &format!("RUN {flag}npm"))),
    );
}

/// No download comes in front of a build that finds the modules in its image.
#[test]
fn no_download_where_another_stage_has_brought_it() {
    check_refused(
        &["manifest-first"],
        GO,
        "FROM golang:1.22 AS deps\nARG TOKEN\nWORKDIR /a\nCOPY go.mod go.sum ./\nRUN git config --global url.x${TOKEN}.insteadOf y && go mod download\nFROM golang:1.22 AS b\nCOPY --from=deps /go/pkg /go/pkg\nWORKDIR /a\nCOPY . .\nRUN CGO_ENABLED=0 go build -o /o .\nFROM scratch\nCOPY --from=b /o /o\n",
        &["10: line 7 copies what may hold /go/pkg/mod, which go build -o /o . takes instead of a download"],
    );
}
