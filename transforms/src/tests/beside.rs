//! `cache-mount`: what stands beside a command in its RUN, or in a later one, and would miss what lies in the mount.

use super::{Files, check, check_refused, dockerfile, run};

const ONLY: &[&str] = &["cache-mount"];

/// The RUN of a line gets a mount.
#[track_caller]
fn is_mounted(before: &str, line: usize) {
    let outcome = run(ONLY, &[], before);
    let file = dockerfile(&outcome);
    let text = String::from_utf8_lossy(&file.after);
    let found = text.lines().nth(line - 1);
    let is_mounted = found.is_some_and(|found| found.starts_with("RUN --mount=type=cache,"));
    assert!(is_mounted, "{text}{:#?}", file.refusals);
}

/// `uvx`, `uv run --with` and scripts with dependencies of their own keep their environments in the cache.
#[test]
fn environments_in_the_cache_of_uv_stay_in_the_image() {
    const SCRIPT: &str = "# /// script\n# dependencies = [\"rich\"]\n# ///\nimport rich\n";
    let files: Files<'_> = &[
        ("pyproject.toml", "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = []\n"),
        (
            "uv.lock",
            "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { virtual = \".\" }\n",
        ),
        ("s.py", SCRIPT),
        ("tools/s.py", SCRIPT),
        ("manage.py", "import sys\n"),
    ];
    let file = |run: &str| {
        format!(
            "FROM ghcr.io/astral-sh/uv:python3.12-bookworm\nWORKDIR /app\nCOPY . .\nRUN {run}\nCMD [\"x\"]\n"
        )
    };
    for run in [
        "uvx alembic --help",
        "uv tool run alembic --help",
        "uv -q tool run alembic",
        "python -m uv tool run alembic",
        "uv run --with rich python -c 1",
        "uv run -w rich manage.py",
        "uv run s.py",
        "uv run --frozen ./s.py --warm",
        "uv --directory tools run s.py",
        "uv run --script s",
        "uv run https://x/s.py",
        "uv run generated.py",
        "uv sync --script s.py",
    ] {
        let shown =
            format!("4: `{run}` beside it installs into the cache of uv, where the image would not find it");
        check_refused(ONLY, files, &file(&format!("uv sync --frozen && {run}")), &[&shown]);
    }
    check_refused(
        ONLY,
        files,
        &file("uv sync --frozen && if true; then uvx ruff; fi"),
        &["4: `uvx ruff` beside it installs into the cache of uv, where the image would not find it"],
    );
    for run in [
        "uvx --version",
        "uvx --no-cache ruff",
        "uv run manage.py collectstatic",
        "uv run python s.py",
        "uv run --no-dev --extra x manage.py",
        "uv run -m app",
        "uv run alembic --with x",
        "uv tool list",
    ] {
        let run = format!("uv sync --frozen && {run}");
        let after = format!("--mount=type=cache,target=/root/.cache/uv {run}");
        check(ONLY, files, &file(&run), &file(&after));
    }
}

/// It is not told to look at its index anew, and that of a mount may be another platform's (moby/buildkit#2598), or some days
/// old.
#[test]
fn who_is_not_read_must_not_find_an_index_in_the_mount() {
    let apk = |run: &str| format!("FROM alpine:3.20\nARG TARGETARCH\nRUN {run}\n");
    let dnf = |run: &str| format!("FROM fedora:40\nARG TARGETARCH\nRUN {run}\n");
    let is_refused = |before: &str, shown: &str| {
        let outcome = run(ONLY, &[], before);
        let file = dockerfile(&outcome);
        let why = format!(
            "`{shown}` is not read, and would take an index from the mount that another build has left there"
        );
        assert_eq!(String::from_utf8_lossy(&file.after), before);
        assert!(file.refusals.iter().any(|refusal| refusal.reason == why), "{:#?}", file.refusals);
    };
    for (run, shown) in [
        ("if [ $TARGETARCH = x ]; then apk add lld; fi && apk add --no-cache curl", "apk add lld"),
        ("apk update && for p in git make; do apk add $p; done && apk add curl", "apk add $p"),
        ("apk add lld $(cat /p) && apk add curl", "apk add lld $(cat /p)"),
        ("xargs apk add < /p && apk add curl", "xargs apk add"),
        ("sh -c 'if true; then apk add lld; fi' && apk add curl", "apk add lld"),
        // It may not have run.
        ("test -e /x && apk add curl; if true; then apk add lld; fi", "apk add lld"),
        ("test -e /x || apk add curl && if true; then apk add lld; fi", "apk add lld"),
    ] {
        is_refused(&apk(run), shown);
    }
    for (run, shown) in [
        ("if [ $TARGETARCH = x ]; then dnf -y install lld; fi && dnf -y install gcc", "dnf -y install lld"),
        ("dnf -y install $(cat /p) && dnf -y install gcc", "dnf -y install $(cat /p)"),
    ] {
        is_refused(&dnf(run), shown);
    }
    for before in [
        apk("apk add curl && if true; then apk add lld; fi"),
        apk("set -e; apk add curl; for p in a b; do apk add $p; done"),
        apk("test -e /x && apk add curl && if true; then apk add lld; fi"),
        apk("if true; then apk add --no-cache lld; fi && apk add curl"),
        apk("if true; then apk del lld; fi && apk add curl"),
        apk("if true; then apk add --root /out lld; fi && apk add curl"),
        dnf("dnf -y install gcc && for p in a b; do dnf -y install $p; done"),
        dnf("if true; then dnf --refresh -y install lld; fi && dnf -y install gcc"),
    ] {
        is_mounted(&before, 3);
    }
}

/// dnf(8): `-C` runs "entirely from system cache", and fails where that holds no metadata.
#[test]
fn metadata_stays_in_the_image_for_who_asks_nobody_else() {
    let file = |later: &str| format!("FROM fedora:40\nRUN dnf -y install gcc\nRUN {later}\n");
    let why = "2: `dnf` in line 3 lives off what this step leaves in /var/cache/dnf";
    for later in [
        "dnf -C list available > /list",
        "dnf -qC repoquery --installed",
        "dnf --cacheonly info gcc",
        "dnf download -C gcc",
        "echo x && if true; then dnf -C list; fi",
        "<<E\n#!/bin/bash\ndnf -C list\nE",
    ] {
        check_refused(ONLY, &[], &file(later), &[why]);
    }
    check_refused(
        ONLY,
        &[],
        "FROM fedora:40\nRUN dnf makecache\nRUN dnf -C -y install gcc\n",
        &[why, "3: -C hands packages from one command to another in the cache"],
    );
    let beside = "`yum -C -y info kernel` beside it lives off what the image holds in the cache of dnf, which a mount would hide";
    check_refused(
        ONLY,
        &[],
        "FROM centos:7\nRUN yum -y makecache fast\nRUN yum -C -y info kernel > /k && yum -y install gcc\n",
        &["2: `yum` in line 3 lives off what this step leaves in /var/cache/yum", &format!("3: {beside}")],
    );
    is_mounted("FROM centos:7\nRUN yum -y install gcc && yum -C info kernel\n", 2);
}
/// Line 3 installs by the lists of line 2 where the condition holds, and a mount would hide them.
#[test]
fn who_is_not_read_finds_the_lists_of_an_earlier_step() {
    let file = |first: &str, run: &str| format!("FROM debian:12\nRUN apt-get update{first}\nRUN {run}\n");
    let install = "apt-get update && apt-get install -y curl";
    for before in ["if true; then apt-get install -y lld; fi", "xargs apt-get install -y < /p"] {
        let outcome = run(ONLY, &[], &file("", &format!("{before} && {install}")));
        let text = String::from_utf8_lossy(&dockerfile(&outcome).after).into_owned();
        assert!(!text.contains("target=/var/lib/apt/lists"), "{text}");
    }
    let outcome =
        run(ONLY, &[], &file(" && x", &format!("{install} && if true; then apt-get install -y lld; fi")));
    let text = String::from_utf8_lossy(&dockerfile(&outcome).after).into_owned();
    assert!(text.contains("target=/var/lib/apt/lists"), "{text}");
}
