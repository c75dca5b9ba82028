//! Package lists: the installs that rely on an update, and lists in a cache mount.

use super::{GO, check, check_refused, check_unchanged};

/// Lists from the cache name packages that are gone: what relies on them must not run again without the update.
#[test]
fn an_update_is_not_torn_from_its_install() {
    let old = "relies on the index of apt that line 3 fetches, and would find an old one";
    check_refused(
        &["manifest-first"],
        GO,
        "FROM debian\nCOPY . /app\nRUN apt-get update && apt-get install -y ./app/*.deb\n",
        &[
            "3: the sources stay above: line 3 would have to be split before `apt-get install -y ./app/*.deb`, and what follows might rely on an old index of apt",
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
    let stays = |from: &str, update: &str, reader: &str, manager: &str| {
        let reason = format!(
            "4: the sources stay above: line 4 would have to be split before `{reader}`, and what follows might rely on an old index of {manager}"
        );
        check_refused(
            &["manifest-first"],
            files,
            &format!("FROM {from}\nWORKDIR /src\nCOPY . .\nRUN {update} && {reader}\n"),
            &[&reason],
        );
    };
    for (from, update, manager) in [
        ("debian", "apt-get update", "apt"),
        ("alpine", "apk update", "apk"),
        ("fedora", "dnf makecache", "dnf"),
        ("opensuse/leap", "zypper refresh", "zypper"),
    ] {
        stays(from, update, "./deps.sh", manager);
    }
    for reader in [
        "make deps",
        "rosdep install --from-paths src -y",
        "xargs apt-get install -y < apt.txt",
        "xargs -a apt.txt apt-get install -y",
        "cat x | xargs sudo apt-get install -y",
    ] {
        stays("debian", "apt-get update", reader, "apt");
    }
    stays("alpine", "apk update", "xargs apk add < apt.txt", "apk");
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
    // What NodeSource says itself: the script fetches the lists.
    for script in [
        "curl -fsSL https://deb.nodesource.com/setup_lts.x | bash -",
        "./add-repository.sh",
        "bash /tmp/setup.sh",
    ] {
        check_unchanged(
            &["apt-merge"],
            &[],
            &format!(
                "FROM debian:12\nRUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\nRUN {script} \
                 && apt-get install -y nodejs\nRUN apt-get install -y yarn\n"
            ),
        );
    }
    refused(
        "FROM debian\nRUN apt-get install -y e && ./x.sh\n",
        "2: the install has no `apt-get update` in its stage",
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

#[test]
fn lists_are_mounted_only_where_they_are_fetched() {
    let archives = "apt-get -o Dir::Cache::archives=/var/cache/apt/keep";
    check(
        &["cache-mount"],
        &[],
        "FROM debian\nRUN apt-get update\nRUN apt-get install -y x\n",
        &format!(
            "FROM debian\nRUN apt-get update\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    {archives} install -y x\n"
        ),
    );
    check(
        &["cache-mount"],
        &[],
        "FROM debian\nRUN apt-get update && apt-get install -y x\nRUN ./y\n",
        &format!(
            "FROM debian\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    apt-get update && {archives} install -y x\nRUN ./y\n"
        ),
    );
}

/// `apt-get clean` does not touch the lists: it stays where only they are mounted.
#[test]
fn cleaning_stays_where_it_empties_nothing() {
    check(
        &["cache-mount"],
        &[],
        "FROM debian\nRUN apt-get update && ./x && apt-get clean && rm -rf /var/lib/apt/lists/*\n",
        "FROM debian\nRUN --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\\n    apt-get update && ./x && apt-get clean\n",
    );
}

/// Lists in a mount serve this RUN alone.
#[test]
fn lists_that_others_need_stay_in_the_image() {
    let archives = "--mount=type=cache,target=/var/cache/apt,sharing=locked ";
    let of = |text: &str| {
        let outcome = super::run(&["cache-mount"], &[], text);
        let after = String::from_utf8_lossy(&outcome.files[0].after).into_owned();
        (after.matches("target=/var/lib/apt/lists").count(), after.matches(archives.trim()).count())
    };
    // An install before the update.
    assert_eq!(
        of(
            "FROM debian:12\nRUN apt-get update && apt-get install -y a\nRUN apt-get install -y b && apt-get update && apt-get install -y c\n"
        ),
        (0, 2)
    );
    // What is removed before the update is no end of it.
    assert_eq!(
        of(
            "FROM debian:12\nRUN rm -rf /var/lib/apt/lists/* && apt-get update && apt-get install -y a\nRUN apt-get install -y b\n"
        ),
        (0, 2)
    );
    // An update for others, a trigger, another stage.
    assert_eq!(of("FROM debian:12\nRUN apt-get update\n"), (0, 0));
    assert_eq!(
        of("FROM debian:12\nRUN apt-get update && apt-get install -y a\nONBUILD RUN apt-get install -y b\n")
            .0,
        0
    );
    assert_eq!(of("FROM debian:12 AS a\nRUN apt-get update && apt-get install -y a\nFROM debian:12\nCOPY --from=a /var/lib/apt/lists /var/lib/apt/lists\nRUN apt-get install -y b\n").0, 0);
    // What is there to be removed has to be there.
    assert_eq!(
        of("FROM debian:12\nRUN apt-get update && apt-get install -y a\nRUN rm -r /var/lib/apt/lists/*\n").0,
        0
    );
    // Archives that are copied stay where they are, and apt is not told of another place.
    let kept = super::run(
        &["cache-mount"],
        &[],
        "FROM debian:12 AS a\nRUN apt-get update && apt-get install -y a\nFROM scratch\nCOPY --from=a /var/cache/apt/archives/*.deb /\n",
    );
    assert!(!String::from_utf8_lossy(&kept.files[0].after).contains("Dir::Cache"));
    // What it removes of an earlier step's lists would come back.
    assert_eq!(of("FROM debian:12\nRUN apt-get update && ./x\nRUN apt-get update && apt-get install -y a && rm -rf /var/lib/apt/lists/*\nRUN ./y\n").0, 0);
}

/// The lists have names of addresses, all of them with `_`, and what mix makes for a release removes them by that.
#[test]
fn lists_are_removed_by_what_their_names_have() {
    let file = |mounts: &str, install: &str, clean: &str| {
        format!("FROM debian:12\nRUN {mounts}apt-get update -y && apt-get {install} -y git{clean}\n")
    };
    let mounts = "--mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\\n    ";
    check(
        &["cache-mount"],
        &[],
        &file("", "install", " && apt-get clean && rm -f /var/lib/apt/lists/*_*"),
        &file(mounts, "-o Dir::Cache::archives=/var/cache/apt/keep install", ""),
    );
}

/// What the image runs when it starts may install, from the lists that it holds.
#[test]
fn a_script_that_the_image_runs_finds_its_lists() {
    let install = "#!/bin/sh\napt-get install -y $EXTRA\nexec \"$@\"\n";
    let files: super::Files<'_> = &[("entrypoint.sh", install), ("other.sh", "#!/bin/sh\nexec \"$@\"\n")];
    let file = |copy: &str, entrypoint: &str, mounts: &str| {
        format!(
            "FROM debian:12\n{copy}\nRUN {mounts}apt-get update && apt-get -o Dir::Cache::archives=/var/cache/apt/keep install -y curl\nENTRYPOINT {entrypoint}\n"
        )
    };
    let both = "--mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\\n    ";
    let one = "--mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    ";
    for (copy, entrypoint, mounts) in [
        ("COPY entrypoint.sh /", "[\"/entrypoint.sh\"]", one),
        ("COPY entrypoint.sh /usr/local/bin/", "[\"sh\", \"-e\", \"entrypoint.sh\"]", one),
        ("COPY . /srv/", "/srv/entrypoint.sh", one),
        ("COPY other.sh /", "[\"/other.sh\"]", both),
    ] {
        let before = file(copy, entrypoint, "").replace(" -o Dir::Cache::archives=/var/cache/apt/keep", "");
        check(&["cache-mount"], files, &before, &file(copy, entrypoint, mounts));
    }
}

/// What finds no list because they are removed above it in its RUN would find them all in a mount: packages more.
#[test]
fn lists_that_are_removed_before_a_command_stay_out_of_the_mount() {
    let file = |behind: &str, flag: &str, option: &str| {
        format!(
            "# syntax=docker/dockerfile:1\nFROM debian:12\nRUN {flag}apt-get update && apt-get {option}install -y wget && rm -rf /var/lib/apt/lists/* && wget -q https://e/x.deb && {behind}\n"
        )
    };
    let flag = "--mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    ";
    let option = "-o Dir::Cache::archives=/var/cache/apt/keep ";
    for (behind, with_option) in [
        (
            "apt-get install -y ./x.deb",
            "apt-get -o Dir::Cache::archives=/var/cache/apt/keep install -y ./x.deb",
        ),
        ("dpkg -i x.deb; apt-get -f install -y", ""),
        ("apt-get upgrade -y", "apt-get -o Dir::Cache::archives=/var/cache/apt/keep upgrade -y"),
        ("apt-cache policy wget > /policy", ""),
        ("gdebi -n x.deb", ""),
        ("if true; then apt-get install -y ./x.deb; fi", ""),
        ("xargs apt-get install -y", ""),
    ] {
        let outcome = super::run(&["cache-mount"], &[], &file(behind, "", ""));
        let after = String::from_utf8_lossy(&outcome.files[0].after).into_owned();
        assert!(!after.contains("target=/var/lib/apt/lists"), "{behind}: {after}");
        assert!(after.contains("&& rm -rf /var/lib/apt/lists/* &&"), "{behind}: {after}");
        if !with_option.is_empty() {
            assert_eq!(after, file(with_option, flag, option));
        }
    }
    // An update in between fetches them again, and what asks nothing of them may come.
    for behind in
        ["apt-get update && apt-get install -y ./x.deb && rm -rf /var/lib/apt/lists/*", "dpkg -i x.deb"]
    {
        let outcome = super::run(&["cache-mount"], &[], &file(behind, "", ""));
        let after = String::from_utf8_lossy(&outcome.files[0].after).into_owned();
        assert!(after.contains("target=/var/lib/apt/lists"), "{behind}: {after}");
        assert!(!after.contains("rm -rf"), "{behind}: {after}");
    }
}
