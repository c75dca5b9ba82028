use dockfix_model::build::Build;
use dockfix_model::commands::Chain;
use dockfix_syntax::Dockerfile;

use super::*;
use crate::testing;

fn needs(body: &str) -> String {
    testing::needs(&Apt, &format!("FROM debian\nRUN {body}"), &[])
}

fn caches(body: &str) -> String {
    testing::caches(&Apt, &format!("FROM debian\nRUN {body}"), &[])
}

/// What the command reads and writes of each of these paths.
fn touches(dockerfile: &str, paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| testing::touches(&Apt, dockerfile, path)).collect()
}

#[test]
fn recognises_installs() {
    for body in [
        "apt-get update",
        "apt-get install -y --no-install-recommends curl",
        "apt-get -y -t bookworm-backports install curl",
        "apt-get -qqyt stable install curl",
        "apt-get -q=2 install curl -y",
        "apt-get -o Acquire::Retries=3 -oDpkg::Use-Pty=0 update",
        "apt-get install nodejs=$VERSION \"php${V}-cli\" linux-image-`x`",
        "DEBIAN_FRONTEND=noninteractive sudo -E apt-get upgrade -y",
        "/usr/bin/apt install -y curl",
        "aptitude -y install curl",
        "apt-mark hold curl",
        "apt-cache policy curl",
        "apt-get purge -y --auto-remove gcc",
    ] {
        let body = body.replace(" linux-image-`x`", "");
        assert_eq!(needs(&body), "packages", "{body}");
    }
    for body in ["apt-get clean", "apt clean", "apt-get -y autoclean", "aptitude clean"] {
        assert_eq!(needs(body), "clean-cache", "{body}");
    }
}

#[test]
fn leaves_the_rest_alone() {
    for body in [
        "apt-get",
        "apt-get -y",
        "apt-get download curl",
        "apt-get source curl",
        "apt-get --some-new-flag install curl",
        "apt-get $FLAGS install curl",
        "apt-get -$FLAG install curl",
        "apt edit-sources",
        "add-apt-repository ppa:x/y",
        "apt-key add x",
        "xargs apt-get install",
        "apt-get install -t",
    ] {
        assert_eq!(needs(body), "opaque", "{body}");
    }
}

#[test]
fn caches_are_locked_and_keep_what_they_hold() {
    let both = "/var/cache/apt pure locked; /var/lib/apt/lists index(reads) locked";
    let keep = "insert -o Dir::Cache::archives=/var/cache/apt/keep";
    assert_eq!(caches("apt-get update"), "/var/lib/apt/lists index(fills) locked");
    assert_eq!(caches("apt-get install -y curl"), format!("{both}; after apt-get {keep}"));
    assert_eq!(
        caches("apt install -y curl"),
        format!("{both}; after apt {keep} -o APT::Keep-Downloaded-Packages=true")
    );
    assert_eq!(caches("aptitude install -y curl"), format!("{both}; after aptitude {keep}"));
    assert_eq!(caches("aptitude -o Dir::Cache::archives=/var/cache/apt/keep install -y curl"), both);
    assert_eq!(caches("apt-cache policy curl"), "/var/lib/apt/lists index(reads) locked");
    for body in ["apt-get clean", "apt-get remove curl", "apt-mark hold curl"] {
        assert_eq!(caches(body), "", "{body}");
    }
}

#[test]
fn its_own_work_is_left_as_it_is() {
    assert_eq!(
        caches("apt-get -o Dir::Cache::archives=/var/cache/apt/keep install -y curl"),
        "/var/cache/apt pure locked; /var/lib/apt/lists index(reads) locked"
    );
    assert_eq!(
        caches(
            "apt -o Dir::Cache::archives=/var/cache/apt/keep install -o APT::Keep-Downloaded-Packages=true x"
        ),
        "/var/cache/apt pure locked; /var/lib/apt/lists index(reads) locked"
    );
}

#[test]
fn moved_caches_are_refused() {
    for (body, reason) in [
        ("apt-get -o Dir::Cache=/x install y", "-o Dir::Cache=/x may move the cache of apt-get"),
        (
            "apt-get -o dir::cache::archives=/x install y",
            "-o dir::cache::archives=/x may move the cache of apt-get",
        ),
        ("apt-get -o $OPTION install y", "-o  may move the cache of apt-get"),
        ("apt-get -c /x.conf install y", "-c /x.conf may move the cache of apt-get"),
        ("APT_CONFIG=/x apt-get install y", "APT_CONFIG may move the cache of apt-get"),
        ("apt-get install -d y", "--download-only leaves the packages in /var/cache/apt for a later command"),
        (
            "apt-get install --no-download y",
            "--no-download takes the packages that an earlier command left in /var/cache/apt",
        ),
    ] {
        assert_eq!(caches(body), format!("refused: {reason}"), "{body}");
    }
    let file = "FROM debian\nENV APT_CONFIG=/x\nRUN apt-get install y";
    assert_eq!(testing::caches(&Apt, file, &[]), "refused: APT_CONFIG may move the cache of apt-get");
}

#[test]
fn touches_the_system_and_no_project() {
    let paths =
        ["/app", "/usr/src/app", "/opt/app", "/srv/x", "/home/node/app", "/etc/apt/sources.list", "/"];
    let file = |body: &str| format!("FROM debian\nWORKDIR /app\nRUN {body}");
    let install = touches(&file("apt-get install -y x"), &paths);
    assert_eq!(install, ["", "", "", "", "", "rw", "rw"]);
    assert_eq!(touches(&file("apt-get update"), &paths), ["", "", "", "", "", "r", "rw"]);
    assert_eq!(
        touches(&file("apt-get install -y x"), &["/var/www/html", "/usr", "/opt"]),
        ["rw", "rw", "rw"]
    );
}

#[test]
fn reads_local_packages() {
    let file = |body: &str| format!("FROM debian\nWORKDIR /app\nRUN {body}");
    let reads = |body: &str| touches(&file(body), &["/app/x.deb", "/app/y", "/opt/z"]);
    assert_eq!(reads("apt-get install ./x.deb"), ["r", "", ""]);
    assert_eq!(reads("apt-get install ../opt/z"), ["", "", "r"]);
    assert_eq!(reads("apt-get install x.deb pkg/stable pkg=1"), ["", "", ""]);
    assert_eq!(reads("apt-get build-dep ."), ["r", "r", ""]);
    assert_eq!(reads("apt-get install $PACKAGES"), ["r", "r", "r"]);
    assert_eq!(reads("apt-get install x=$VERSION"), ["", "", ""]);
    assert_eq!(reads("apt-get install python3-*"), ["r", "r", "r"]);
    assert_eq!(reads("apt-get install ./$X.deb"), ["r", "r", "r"]);
}

#[test]
fn says_what_it_does_with_the_lists() {
    let command = |body: &str| {
        let text = format!("FROM debian\nRUN {body}");
        let file = Dockerfile::parse(text.as_bytes());
        let build = Build::of(&file);
        let step = &build.stages[0].steps[0];
        let chain = Chain::of(&step.instruction, &step.state).unwrap();
        apt_command(chain.invocations()[0])
    };
    assert_eq!(command("apt-get -q update"), Some(AptCommand::Update));
    assert_eq!(command("apt install x"), Some(AptCommand::Install));
    assert_eq!(command("apt-get autoremove"), Some(AptCommand::Other));
    assert_eq!(command("apt-get clean"), Some(AptCommand::Clean));
    assert_eq!(command("echo update"), None);
}
