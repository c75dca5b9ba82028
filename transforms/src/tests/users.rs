//! Users that a stage makes itself.

use super::{check, check_refused};

const ONLY: &[&str] = &["cache-mount"];
const PIP: &[(&str, &str)] = &[("requirements.txt", "flask\n")];

fn file(lines: &str, mount: &str) -> String {
    format!(
        "FROM python:3.12\n{lines}WORKDIR /app\nCOPY requirements.txt .\nRUN {mount}pip install --user -r requirements.txt\n"
    )
}

#[test]
fn what_makes_a_user_tells_his_number_and_home() {
    for (lines, target) in [
        ("RUN useradd -m -u 1000 app\nUSER app\n", "/home/app/.cache/pip,uid=1000"),
        (
            "RUN apt-get update && useradd --create-home --uid=1000 app\nUSER app\n",
            "/home/app/.cache/pip,uid=1000",
        ),
        (
            "RUN groupadd -g 1001 app && useradd -u 1001 -g app -m app\nUSER app\n",
            "/home/app/.cache/pip,uid=1001",
        ),
        ("RUN useradd -m -d /srv/app -u 1000 -g 100 app\nUSER app\n", "/srv/app/.cache/pip,uid=1000,gid=100"),
        (
            "RUN adduser --disabled-password --gecos '' --uid 1000 app\nUSER app:app\n",
            "/home/app/.cache/pip,uid=1000",
        ),
        ("RUN useradd -m -u 1000 app\nUSER 1000\n", "/home/app/.cache/pip,uid=1000"),
    ] {
        let mount = format!("--mount=type=cache,target={target} ");
        check(ONLY, PIP, &file(lines, ""), &file(lines, &mount));
    }
}

#[test]
fn he_is_not_known_where_that_may_be_otherwise() {
    let homeless = "the home directory of user app is not known, so its cache is not either";
    for (lines, reason) in [
        // Whether it makes a home is a matter of login.defs.
        ("RUN useradd -u 1000 app\nUSER app\n", homeless),
        ("RUN useradd -m -u 1000 app || true\nUSER app\n", homeless),
        ("RUN useradd -m -u 1000 app; x\nUSER app\n", homeless),
        ("RUN useradd -m -u $ID app\nUSER app\n", homeless),
        ("RUN useradd -m -u 1000 other\nUSER app\n", homeless),
        ("RUN if x; then useradd -m -u 1000 app; fi\nUSER app\n", homeless),
        ("RUN useradd -m -u 1000 app\nRUN deluser app && useradd -m -u 1001 app\nUSER app\n", homeless),
        ("RUN adduser --system --uid 1000 app\nUSER app\n", homeless),
        (
            "RUN useradd -m app\nUSER app\n",
            "the uid and gid of user `app` are not known, so the mount could not be made writable",
        ),
        (
            "RUN useradd -m -u 1000 app\nRUN usermod -u 2000 app\nUSER app\n",
            "line 3 changes user `app`, so the mount could not be made writable",
        ),
    ] {
        let line = 4 + lines.lines().count();
        check_refused(ONLY, PIP, &file(lines, ""), &[&format!("{line}: {reason}")]);
    }
}

/// The stages that start from one go on with its user.
#[test]
fn a_later_stage_knows_him() {
    let file = |mount: &str| {
        format!(
            "FROM python:3.12 AS a\nRUN useradd -m -u 1000 app\nUSER app\nFROM a\nRUN {mount}pip install x\nUSER root\nRUN {}pip install y\n",
            if mount.is_empty() { "" } else { "--mount=type=cache,target=/root/.cache/pip " }
        )
    };
    check(ONLY, &[], &file(""), &file("--mount=type=cache,target=/home/app/.cache/pip,uid=1000 "));
}
