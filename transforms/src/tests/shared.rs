//! Which cache a new mount shares with others: ids.

use super::*;

const APT: &str = "apt-get update && apt-get install -y curl";

/// A stage that mounts what apt downloads under an id of its own, and another that is to get a mount.
fn after_a_mount(id: &str, arguments: &str, mount: &str) -> String {
    format!(
        "FROM debian:12 AS a\nARG TARGETARCH\nARG V=1\nRUN --mount=type=cache,id={id},target=/var/cache/apt {APT}\n\
         FROM debian:12\n{arguments}RUN {mount}apt-get -o Dir::Cache::archives=/var/cache/apt/keep install -y x\n"
    )
}

#[test]
fn an_id_is_taken_over_where_its_variables_mean_the_same() {
    let of = |id: &str, arguments: &str| {
        let before =
            after_a_mount(id, arguments, "").replace("-o Dir::Cache::archives=/var/cache/apt/keep ", "");
        let outcome = run(&["cache-mount"], &[], &before);
        String::from_utf8_lossy(&dockerfile(&outcome).after).into_owned()
    };
    let default = "--mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    ";
    // Another sharing is the other stage's own affair: two processes of apt do not wait for each other.
    let own = |id: &str| format!("--mount=type=cache,id={id},target=/var/cache/apt,sharing=locked \\\n    ");
    assert_eq!(of("apt", ""), after_a_mount("apt", "", &own("apt")));
    // An argument of another stage is nothing here.
    assert_eq!(of("a-$TARGETARCH", ""), after_a_mount("a-$TARGETARCH", "", default));
    let declared = "ARG TARGETARCH\n";
    assert_eq!(
        of("a-$TARGETARCH", declared),
        after_a_mount("a-$TARGETARCH", declared, &own("a-$TARGETARCH"))
    );
    assert_eq!(of("a-${V}", "ARG V=2\n"), after_a_mount("a-${V}", "ARG V=2\n", default));
    assert_eq!(of("a-${V}", "ENV V=1\n"), after_a_mount("a-${V}", "ENV V=1\n", default));
}

#[test]
fn what_was_compiled_with_musl_stays_on_alpine() {
    let files = [("requirements.txt", "uwsgi==2.0.30\n")];
    let file = |[musl, glibc]: [&str; 2]| {
        format!(
            "FROM python:3.12-alpine3.20 AS a\nCOPY requirements.txt .\nRUN {musl}pip install -r requirements.txt\n\
             FROM a AS b\nRUN {musl}pip install x\nFROM python:3.12-slim\nRUN {glibc}pip install y\n"
        )
    };
    let default = "--mount=type=cache,target=/root/.cache/pip ";
    let musl = "--mount=type=cache,id=pip-musl,target=/root/.cache/pip ";
    check(&["cache-mount"], &files, &file(["", ""]), &file([musl, default]));
    let glibc = "--mount=type=cache,id=pip-glibc,target=/root/.cache/pip ";
    // What the file has is taken over by images of the same library only; the id by default is one, too.
    check(&["cache-mount"], &files, &file([default, ""]), &file([default, glibc]));
    check(&["cache-mount"], &files, &file(["", default]), &file([musl, default]));
    let own = "--mount=type=cache,id=p,target=/root/.cache/pip ";
    check(&["cache-mount"], &files, &file([own, ""]), &file([own, default]));
    check(&["cache-mount"], &files, &file(["", own]), &file([musl, own]));
    // What only downloads are in does not care.
    let file = |mount: &str| format!("FROM node:22-alpine\nRUN {mount}npm i -g x\n");
    check(&["cache-mount"], &[], &file(""), &file("--mount=type=cache,target=/root/.npm,sharing=locked "));
}

#[test]
fn two_caches_of_a_manager_have_two_ids() {
    let before = "FROM python:3.12-alpine\nWORKDIR /app\nRUN poetry install --no-root\n";
    let mount = |name: &str| {
        let place = format!("target=/root/.cache/pypoetry/{name},sharing=locked");
        format!("--mount=type=cache,id=poetry-{name}-musl,{place} \\\n    ")
    };
    let mounts = format!("RUN {}{}", mount("artifacts"), mount("cache"));
    check(&["cache-mount"], &[], before, &before.replace("RUN ", &mounts));
}
