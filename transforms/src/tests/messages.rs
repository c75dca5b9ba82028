//! What messages call things.

use super::{check, check_refused, check_unchanged, dockerfile, run};

#[test]
fn a_command_is_named_without_what_a_rewrite_has_put_into_it() {
    let files = &[
        (".dockerignore", "node_modules\n"),
        ("package.json", r#"{"packageManager": "pnpm@8.0.0", "dependencies": {"a": "1.0.0"}}"#),
        ("pnpm-lock.yaml", "lockfileVersion: '6.0'\n"),
    ];
    let before = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN touch .env\nRUN pnpm install --frozen-lockfile\n";
    let outcome = run(&["manifest-first", "cache-mount"], files, before);
    let file = dockerfile(&outcome);
    let after = String::from_utf8_lossy(&file.after);
    assert!(after.contains(" pnpm --config.side-effects-cache=false install --frozen-lockfile\n"), "{after}");
    let told: Vec<_> = file.refusals.iter().map(|refusal| &*refusal.reason).collect();
    assert!(
        matches!(told[..], [told] if told.starts_with("pnpm install --frozen-lockfile stays below the sources: ")),
        "{told:?}"
    );
}

/// What apt gets is no answer to why pip gets nothing; what is done for one command of pip is, for another.
#[test]
fn what_one_manager_gets_does_not_hide_what_another_lacks() {
    let told = |run: &str| {
        let outcome = run_cache_mount(&format!("FROM x.io/debian\nRUN {run}\n"));
        let file = dockerfile(&outcome);
        assert_eq!(file.changes.len(), 1, "{:?}", file.changes);
        file.refusals.iter().map(|refusal| refusal.reason.clone()).collect::<Vec<_>>()
    };
    let unknown =
        "pip gets no cache mount: it is not known which user runs it, so the cache directory is not either";
    assert_eq!(
        told("apt-get update && apt-get install -y python3-pip && pip install a && pip install b"),
        [unknown]
    );
    assert_eq!(told("apt-get install -y a && apt-get update && apt-get install -y b"), [""; 0]);
}

fn run_cache_mount(dockerfile: &str) -> crate::Outcome {
    run(&["cache-mount"], &[], dockerfile)
}

#[test]
fn notebooks_install_as_their_user() {
    let file =
        |mount: &str| format!("FROM quay.io/jupyter/scipy-notebook:2024-05-27\nRUN {mount}pip install six\n");
    let mount = "--mount=type=cache,target=/home/jovyan/.cache/pip,uid=1000,gid=100 ";
    check(&["cache-mount"], &[], &file(""), &file(mount));
    let file = |mount: &str| {
        format!("FROM mcr.microsoft.com/devcontainers/python:1-3.12\nRUN {mount}pip install six\n")
    };
    check(&["cache-mount"], &[], &file(""), &file("--mount=type=cache,target=/root/.cache/pip "));
}

/// A directory of the root may be anything; one above the working directory holds it.
#[test]
fn a_directory_of_the_root_is_called_so() {
    let file = |cache: &str| {
        format!("FROM python:3.12\nWORKDIR /app\nENV PIP_CACHE_DIR={cache}\nRUN pip install six\n")
    };
    check_refused(
        &["cache-mount"],
        &[],
        &file("/cache"),
        &["4: /cache is a directory of the root, which may hold more than a cache"],
    );
    check_refused(&["cache-mount"], &[], &file("/app"), &["4: /app holds more than a cache"]);
}

/// `apt list --installed` shows what dpkg has noted down, lists or not.
#[test]
fn a_list_of_what_is_installed_is_no_install() {
    check_unchanged(
        &["apt-merge"],
        &[],
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN apt list --installed\n",
    );
}

/// Silence is a bug: an install that is called in a way that is not read is told of.
#[test]
fn an_install_that_is_not_read_is_told_of() {
    let told = |base: &str, run: &str, why: &str| {
        let file = format!("FROM {base}\nWORKDIR /app\nARG APP=web\nRUN {run}\n");
        check_refused(&["cache-mount"], &[], &file, &[&format!("4: {run} gets no cache mount: {why}")]);
    };
    told("node:22", "npm ci --workspace $APP", "what `--workspace $APP` means for it is not known");
    told("node:22", "npm ci -w ${APP}", "what `-w ${APP}` means for it is not known");
    told("node:22", "npm --prefix apps/$APP ci", "what `--prefix apps/$APP` means for it is not known");
    told("golang:1.22", "go get ./...", "what it does is not known");
    told("golang:1.22", "go mod tidy", "what it does is not known");
    told("python:3.12", "uv run --frozen python -m compileall src", "what it does is not known");
    check_refused(
        &["cache-mount"],
        &[],
        "FROM photon:5.0\nRUN tdnf install -y git\n",
        &["2: tdnf keeps no packages unless keepcache in its tdnf.conf says so"],
    );
}

#[test]
fn what_downloads_nothing_is_not_told_of() {
    for run in ["npm run install", "uv run --no-sync pytest", "python -m build --wheel", "go env", "npm ls"] {
        check_unchanged(&["cache-mount"], &[], &format!("FROM node:22\nRUN {run}\n"));
    }
}
