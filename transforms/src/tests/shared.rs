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
        let before = after_a_mount(id, arguments, "").replace("-o Dir::Cache::archives=/var/cache/apt/keep ", "");
        let outcome = run(&["cache-mount"], &[], &before);
        String::from_utf8_lossy(&dockerfile(&outcome).after).into_owned()
    };
    let default = "--mount=type=cache,target=/var/cache/apt,sharing=locked ";
    let own = |id: &str| format!("--mount=type=cache,id={id},target=/var/cache/apt ");
    assert_eq!(of("apt", ""), after_a_mount("apt", "", &own("apt")));
    // An argument of another stage is nothing here.
    assert_eq!(of("a-$TARGETARCH", ""), after_a_mount("a-$TARGETARCH", "", default));
    let declared = "ARG TARGETARCH\n";
    assert_eq!(of("a-$TARGETARCH", declared), after_a_mount("a-$TARGETARCH", declared, &own("a-$TARGETARCH")));
    assert_eq!(of("a-${V}", "ARG V=2\n"), after_a_mount("a-${V}", "ARG V=2\n", default));
    assert_eq!(of("a-${V}", "ENV V=1\n"), after_a_mount("a-${V}", "ENV V=1\n", default));
}
