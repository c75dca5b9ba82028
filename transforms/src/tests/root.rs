//! Stages whose own commands show that root runs them.

use super::{check, check_refused};

const PIP: &[(&str, &str)] = &[("requirements.txt", "flask\n")];

/// `lines` above and below a `pip install` in an image of which nothing is known, which gets a mount in root's home.
fn shows(above: &str, below: &str) {
    let file = |mount: &str| {
        format!(
            "FROM example.com/a\n{above}COPY requirements.txt .\nRUN {mount}pip install -r requirements.txt\n{below}"
        )
    };
    check(&["cache-mount"], PIP, &file(""), &file("--mount=type=cache,target=/root/.cache/pip "));
}

fn shows_not(above: &str, below: &str) {
    let file = format!(
        "FROM example.com/a\n{above}COPY requirements.txt .\nRUN pip install -r requirements.txt\n{below}"
    );
    let line = 3 + above.lines().count();
    let reason = format!("{line}: it is not known which user runs it, so the cache directory is not either");
    check_refused(&["cache-mount"], PIP, &file, &[&reason]);
}

#[test]
fn a_stage_that_installs_packages_is_roots() {
    shows("RUN apt-get remove -y curl\n", "");
    shows("RUN set -ex; apt-get remove -y curl; echo y\n", "");
    // That below it must succeed, too.
    shows("", "RUN yum remove -y curl\n");
    shows("RUN echo y && pacman -R --noconfirm curl\nWORKDIR /app\n", "USER 1000\n");
}

#[test]
fn what_others_may_run_shows_nothing() {
    for above in [
        "",
        "RUN sudo apt-get remove -y curl\n",
        "RUN apt-get remove -y curl || true\n",
        "RUN apt-get remove -y curl; echo y\n",
        "RUN if x; then apt-get remove -y curl; fi\n",
        "RUN echo apt-get install\n",
        "RUN yum --installroot=/x remove -y curl\n",
        "ONBUILD RUN apt-get remove -y curl\n",
        "USER $WHO\nRUN apt-get remove -y curl\n",
        // Alpine, or what keeps its packages as Alpine does: which C library programs are compiled for is not known.
        "RUN apk del curl\n",
    ] {
        shows_not(above, "");
    }
    shows_not("", "USER root\nRUN apt-get remove -y curl\n");
}

/// A stage is only built with those that it starts from.
#[test]
fn stages_start_from_roots_stages() {
    let file = |mount: &str| {
        format!(
            "FROM example.com/a AS a\nRUN apt-get remove -y curl\nFROM a\nCOPY requirements.txt .\nRUN {mount}pip install -r requirements.txt\n"
        )
    };
    check(&["cache-mount"], PIP, &file(""), &file("--mount=type=cache,target=/root/.cache/pip "));
    check_refused(
        &["cache-mount"],
        PIP,
        "FROM example.com/a AS a\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nFROM a\nRUN apt-get remove -y curl\n",
        &["3: it is not known which user runs it, so the cache directory is not either"],
    );
    check_refused(
        &["cache-mount"],
        &[],
        "FROM example.com/a AS a\nRUN apt-get remove -y curl\nUSER app\nFROM a\nRUN pip install x\n",
        &["5: the home directory of user app is not known, so its cache is not either"],
    );
}
