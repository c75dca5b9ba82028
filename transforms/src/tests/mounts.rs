//! `cache-mount`: what gets a mount, what goes with it, and what must not get one.

use super::{check, check_refused, check_unchanged, dockerfile, run};

const NPM: &str = "--mount=type=cache,target=/root/.npm,sharing=locked";

const NODE: &[(&str, &str)] = &[("package.json", "{}"), ("package-lock.json", "{}"), ("npm-cache/x", "")];

/// A RUN in a node image, before and after.
#[track_caller]
fn node(before: &str, after: &str) {
    check(
        &["cache-mount"],
        &[],
        &format!("FROM node:22\nWORKDIR /app\nRUN {before}\n"),
        &format!("FROM node:22\nWORKDIR /app\nRUN {after}\n"),
    );
}

#[track_caller]
fn node_refused(run: &str, reason: &str) {
    check_refused(&["cache-mount"], &[], &format!("FROM node:22\nWORKDIR /app\nRUN {run}\n"), &[reason]);
}

#[test]
fn what_empties_the_cache_goes() {
    node("npm i -g x && npm cache clean --force && y", &format!("{NPM} npm i -g x && y"));
    node("npm i -g x && rm -rf /root/.npm /tmp/*", &format!("{NPM} npm i -g x && rm -rf /tmp/*"));
    node("npm i -g x && rm -rf ~/.npm", &format!("{NPM} npm i -g x"));
    node("npm i -g x && rm -rf \"$HOME/.npm\"", &format!("{NPM} npm i -g x"));
    node("cd /root && npm i -g x && rm -rf .npm", &format!("{NPM} cd /root && npm i -g x"));
}

/// `rm` of a directory above a mount point fails with "Device or resource busy", and the build with it.
#[test]
fn a_mount_point_must_not_be_removed() {
    let pip = |run: &str, reason: &str| {
        check_refused(&["cache-mount"], &[], &format!("FROM python:3\nRUN {run}\n"), &[reason]);
    };
    pip("pip install x && rm -rf ~/.cache", "2: `rm /root/.cache` would fail on the mount point");
    pip("pip install x && rm -rf $HOME/.cache/*", "2: `rm /root/.cache/*` would fail on the mount point");
    pip("pip install x && rm -rf /root/.cache", "2: `rm /root/.cache` would fail on the mount point");
    pip("pip install x && rm -rf $UNKNOWN", "2: what `rm $UNKNOWN` names is not known");
    pip("pip install x && chown -R 1:1 /root", "2: `chown -R 1:1 /root` would work on the mount");
    pip(
        "pip install x && if true; then rm -rf /root/.cache; fi",
        "2: a command that is not read further names /root/.cache",
    );
    node_refused(
        "npm i -g x && find / -name '*.md' -delete",
        "3: `find / -name '*.md' -delete` would work on the mount",
    );
}

/// What is put into a directory above a mount has a name of its own there.
#[test]
fn files_may_be_put_beside_a_mount() {
    for rest in [
        "mv node_modules /",
        "cp -a a/x ./y/ /root",
        "cp *.so /root/",
        "curl https://x.example | tar xvzf - -C /",
        "tar -C / -Jxpf x.tar.xz",
        "tar --extract --file x.tar --directory /root",
    ] {
        node(&format!("npm i -g x && {rest}"), &format!("{NPM} npm i -g x && {rest}"));
    }
    for (rest, shown) in [
        ("mv root /", "mv root /"),
        ("cp -r x/. /", "cp -r x/. /"),
        ("cp -r x/* /", "cp -r x/* /"),
        ("cp -r x/.n* /root", "cp -r x/.n* /root"),
        ("mv /root /old", "mv /root /old"),
        ("cp -rT x /", "cp -rT x /"),
        ("cp -t / x", "cp -t / x"),
        ("cp --parents root/.npm/x /", "cp --parents root/.npm/x /"),
        ("tar -czf /tmp/x.tgz -C / root", "tar -czf /tmp/x.tgz -C / root"),
        ("tar xf x.tar /root", "tar xf x.tar /root"),
        ("chown --verbose --recursive 1000:1000 /srv /var /root /opt", "chown ... /root ..."),
    ] {
        node_refused(&format!("npm i -g x && {rest}"), &format!("3: `{shown}` would work on the mount"));
    }
}

#[test]
fn a_variable_of_the_script_is_as_good_as_its_text() {
    node("D=/tmp/x; npm i -g x && rm -rf $D", &format!("{NPM} D=/tmp/x; npm i -g x && rm -rf $D"));
}

#[test]
fn users_get_their_own_mount() {
    check(
        &["cache-mount"],
        &[],
        "FROM node:22\nUSER node\nRUN npm install -g x\n",
        "FROM node:22\nUSER node\nRUN --mount=type=cache,target=/home/node/.npm,sharing=locked,uid=1000,gid=1000 npm install -g x\n",
    );
    check_refused(
        &["cache-mount"],
        &[],
        "FROM company/base\nRUN npm install -g x\n",
        &["2: it is not known which user runs it, so the cache directory is not either"],
    );
}

#[test]
fn every_form_of_run_gets_one() {
    check(
        &["cache-mount"],
        &[],
        "FROM node:22\nRUN [\"npm\", \"install\", \"-g\", \"x\"]\n",
        &format!("FROM node:22\nRUN {NPM} [\"npm\", \"install\", \"-g\", \"x\"]\n"),
    );
    check(
        &["cache-mount"],
        &[],
        "FROM node:22\nRUN <<EOF\nnpm install -g x\nEOF\n",
        &format!("FROM node:22\nRUN {NPM} <<EOF\nnpm install -g x\nEOF\n"),
    );
    check(
        &["cache-mount"],
        &[],
        "FROM node:22\r\nRUN npm i -g x \\\r\n  # why\r\n  && npm cache clean --force\r\n",
        &format!("FROM node:22\r\nRUN {NPM} npm i -g x\r\n  # why\r\n"),
    );
}

/// What a command has written to a file of the image decides where the cache is, and is not read.
#[test]
fn settings_that_move_a_cache_leave_it_unmounted() {
    let moved = |base: &str, settings: &str, install: &str, name: &str| {
        let reason = |line| {
            format!("a command in line {line} changes the settings of {name}'s cache, which are not followed")
        };
        let refused = |file: String, at: usize, line: usize| {
            check_refused(&["cache-mount"], &[], &file, &[&format!("{at}: {}", reason(line))]);
        };
        refused(format!("FROM {base}\nRUN {settings}\nRUN {install}\n"), 3, 2);
        refused(format!("FROM {base} AS a\nRUN {settings}\nFROM a\nRUN {install}\n"), 4, 2);
        refused(format!("FROM {base}\nRUN {settings} && {install}\n"), 2, 2);
        refused(format!("FROM {base}\nRUN if true; then {settings}; fi\nRUN {install}\n"), 3, 2);
    };
    moved("node:22", "npm config set cache /c --global", "npm i -g x", "npm");
    moved("node:22", "npm set cache=/c", "npm i -g x", "npm");
    moved("node:22", "npm config set cache $C", "npm i -g x", "npm");
    moved("node:22", "yarn config set cache-folder /c", "yarn global add x", "yarn");
    moved("node:22", "pnpm config set store-dir /s", "pnpm fetch", "pnpm");
    moved("node:22", "npm config set store-dir=/s", "pnpm fetch", "pnpm");
    moved("node:22", "pnpm config set dangerouslyAllowAllBuilds true", "pnpm fetch", "pnpm");
    moved("python:3", "pip3 config set global.cache-dir /c", "pip install x", "pip");
    moved("python:3", "python -m pip config --user set install.no-cache-dir true", "pip install x", "pip");
    node(
        "npm config set registry $R && npm i -g x",
        &format!("{NPM} npm config set registry $R && npm i -g x"),
    );
    node("npm config get cache && npm i -g x", &format!("{NPM} npm config get cache && npm i -g x"));
    node("npm i -g x && npm config set cache /c", &format!("{NPM} npm i -g x && npm config set cache /c"));
}

/// An install that is not read gets no mount, and is told of once.
#[test]
fn installs_that_are_not_read_are_told_of() {
    let compound = "gets no cache mount: it stands in a compound command, which is not read further";
    node_refused(
        "if [ -f package-lock.json ]; then npm ci; else npm install; fi",
        &format!("3: npm ci {compound}"),
    );
    node_refused("for i in 1 2; do npm ci > /dev/null && break; done", &format!("3: npm ci {compound}"));
    let unmounted = |run: &str| {
        check_unchanged(&["cache-mount"], &[], &format!("FROM node:22\nWORKDIR /app\nRUN {run}\n"));
    };
    unmounted("if true; then npm run build; fi");
    unmounted("if true; then npm config set x y; fi");
    unmounted("--mount=type=cache,target=/root/.npm if true; then npm ci; fi");
    node("timeout 600 npm ci", &format!("{NPM} timeout 600 npm ci"));
    node("timeout -k 5 10m npm i -g x", &format!("{NPM} timeout -k 5 10m npm i -g x"));
}

/// What `npm install x` does to the project is not told, but its downloads lie where those of any install do.
#[test]
fn packages_that_are_added_to_a_project_come_from_the_mount() {
    node("npm install sharp@0.33", &format!("{NPM} npm install sharp@0.33"));
    node("npm install ./x.tgz && ./y", &format!("{NPM} npm install ./x.tgz && ./y"));
    node(
        "pnpm add sharp",
        "--mount=type=cache,target=/root/.local/share/pnpm/store pnpm --config.side-effects-cache=false add sharp",
    );
    check(
        &["cache-mount"],
        &[("package.json", "{}"), ("yarn.lock", "# yarn lockfile v1\n")],
        "FROM node:22\nWORKDIR /app\nCOPY package.json yarn.lock ./\nRUN yarn add x\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json yarn.lock ./\nRUN --mount=type=cache,target=/usr/local/share/.cache/yarn,sharing=locked yarn add x\n",
    );
}

/// One cause, one word.
#[test]
fn a_reason_is_given_once_for_a_run() {
    check_refused(
        &["cache-mount"],
        &[],
        "FROM node:22\nUSER 1234\nRUN npm i -g x && npm i -g y\n",
        &["3: the home directory of user 1234 is not known, so its cache is not either"],
    );
}

#[test]
fn what_is_mounted_already_stays() {
    check_unchanged(&["cache-mount"], &[], "FROM node:22\nRUN --mount=type=cache,target=/root npm i -g x\n");
    check_unchanged(
        &["cache-mount"],
        &[],
        "FROM node:22\nRUN --mount=type=cache,id=n,target=/root/.npm npm i -g x && npm run y\n",
    );
    check_unchanged(&["cache-mount"], &[], "FROM node:22\nRUN --network=none npm i -g x\n");
}

/// What the RUN exports decides where the cache lies, as much as ENV does.
#[test]
fn exported_variables_count() {
    node(
        "export npm_config_cache=/srv/npm && npm i -g x",
        "--mount=type=cache,target=/srv/npm,sharing=locked export npm_config_cache=/srv/npm && npm i -g x",
    );
    node_refused("export npm_config_cache=/app && npm i -g x", "3: /app holds more than a cache");
}

/// A script in a heredoc is edited where it stands.
#[test]
fn heredocs_are_edited() {
    const MOUNTS: &str = "--mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\\n    ";
    const KEEP: &str = "-o Dir::Cache::archives=/var/cache/apt/keep ";
    let apt = |before: &str, after: &str| {
        check(
            &["cache-mount"],
            &[],
            &format!("FROM debian\nRUN <<EOF\n{before}\nEOF\n"),
            &format!("FROM debian\nRUN {MOUNTS}<<EOF\n{after}\nEOF\n"),
        );
    };
    let get = |rest: &str| format!("apt-get update\napt-get {KEEP}{rest}");
    apt("apt-get update\napt-get install -y git", &get("install -y git"));
    apt(
        "apt-get update\napt-get install -y git \\\n  && rm -rf /var/lib/apt/lists/*",
        &get("install -y git"),
    );
    apt(
        "apt-get update\napt-get install -y git\napt-get clean\nrm -rf /var/lib/apt/lists/* /tmp/x",
        &get("install -y git\nrm -rf /tmp/x"),
    );
    apt(
        "set -eux\napt-get update\napt-get install -y git\n# all\nrm -rf /var/lib/apt/lists/*",
        &format!("set -eux\n{}", get("install -y git\n# all")),
    );
    // Here the build goes on whatever becomes of the installation.
    check_refused(
        &["cache-mount"],
        &[],
        "FROM debian\nRUN <<EOF\napt-get update\napt-get install -y git\nrm -rf /var/lib/apt/lists/*\nEOF\n",
        &["2: what empties the cache cannot be taken out of the heredoc"],
    );
}

/// Behind `;` the last command decides whether the RUN fails: what goes must not let an install fail it that did not.
#[test]
fn a_failure_that_was_hidden_stays_hidden() {
    let mount = "--mount=type=cache,target=/root/.npm,sharing=locked";
    let npm = |before: &str, after: &str| {
        check(
            &["cache-mount"],
            &[],
            &format!("FROM node:22\nRUN {before}\n"),
            &format!("FROM node:22\nRUN {mount} {after}\n"),
        );
    };
    npm("npm i -g a; npm cache clean --force", "npm i -g a; true");
    npm("npm i -g a && npm i -g b; npm cache clean --force", "npm i -g a && npm i -g b; true");
    npm("npm i -g a && npm cache clean --force", "npm i -g a");
    npm("npm i -g a; npm cache clean --force; ls", "npm i -g a; ls");
    npm("set -ex; npm i -g a; npm cache clean --force", "set -ex; npm i -g a");
    npm("set -o errexit; npm i -g a; npm cache clean --force", "set -o errexit; npm i -g a");
    npm("set -e; set +e; npm i -g a; npm cache clean --force", "set -e; set +e; npm i -g a; true");
    // Under `set -e` the first of two joined by `&&` may fail.
    npm(
        "set -e; npm i -g a && npm i -g b; npm cache clean --force",
        "set -e; npm i -g a && npm i -g b; true",
    );
}

/// What others than the manager look for must be in the image.
#[test]
fn downloads_that_somebody_misses_stay() {
    let of = |head: &str, rest: &str| {
        let file = format!(
            "FROM node:22 AS deps\nENV npm_config_cache=/opt/npm\nWORKDIR /app\n{head}COPY package.json package-lock.json ./\nRUN npm ci\n{rest}"
        );
        let outcome = super::run(&["cache-mount"], NODE, &file);
        let refusals = outcome.files[0].refusals.iter();
        refusals.map(|refusal| refusal.reason.clone()).collect::<Vec<_>>().join("; ")
    };
    for (rest, reason) in [
        ("FROM node:22\nCOPY --from=deps /opt/npm /opt/npm\n", "line 7 copies /opt/npm from this stage"),
        (
            "FROM node:22\nCOPY --from=deps /opt/npm/_cacache /x/\n",
            "line 7 copies /opt/npm/_cacache from this stage",
        ),
        ("FROM node:22\nCOPY --from=deps /opt/* /x/\n", "line 7 copies /opt/* from this stage"),
        (
            "FROM node:22\nRUN --mount=from=deps,source=/opt/npm,target=/x ls\n",
            "line 7 copies /opt/npm from this stage",
        ),
        (
            "RUN chgrp -R 0 /opt/npm\n",
            "`chgrp -R 0 /opt/npm` in line 6 would not find what this step leaves in /opt/npm",
        ),
        (
            "RUN rm -r /opt/npm\n",
            "`rm -r /opt/npm` in line 6 would not find what this step leaves in /opt/npm",
        ),
        (
            "RUN npm ci --offline\n",
            "`npm` in line 6 lives off what this step leaves in /opt/npm; `npm` lives off what the image holds in /opt/npm, which a mount would hide",
        ),
        (
            "FROM deps\nRUN if true; then npm ci --offline; fi\n",
            "`npm` in line 7 lives off what this step leaves in /opt/npm; npm ci --offline gets no cache mount: it stands in a compound command, which is not read further",
        ),
        (
            "FROM node:22\nCOPY --from=deps /opt /opt\nRUN npm ci --offline\n",
            "`npm` in line 8 lives off what this step leaves in /opt/npm",
        ),
        ("RUN rm -rf /opt/npm && mkdir -p /opt/npm\n", ""),
        ("FROM node:22\nCOPY --from=deps /opt /opt\nCOPY --from=deps /app /app\n", ""),
    ] {
        assert_eq!(
            of("", rest).replace(
                "; `npm` lives off what the image holds in /root/.npm, which a mount would hide",
                ""
            ),
            reason,
            "{rest}"
        );
    }
    assert_eq!(of("COPY npm-cache /opt/npm\n", ""), "line 4 copies into /opt/npm, which a mount would hide");
    for removed in ["$(npm config get cache)", "`npm config get cache`", "\"$(dirname $X)\""] {
        check_refused(
            &["cache-mount"],
            NODE,
            &format!("FROM node:22\nWORKDIR /app\nRUN npm ci && rm -rf {removed}\n"),
            &["3: what a command that is not read further removes is not known"],
        );
    }
    check_refused(
        &["cache-mount"],
        NODE,
        "FROM node:22\nWORKDIR /app\nRUN npm ci && rm -rf /root/.[!.]*\n",
        &["3: `rm /root/.[!.]*` would fail on the mount point"],
    );
    // What lies above is there because of the cache alone.
    check_refused(
        &["cache-mount"],
        &[("requirements.txt", "flask\n")],
        "FROM python:3.12 AS b\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nFROM python:3.12\nCOPY --from=b /root/.cache /root/.cache\n",
        &["3: line 5 copies /root/.cache from this stage"],
    );
}

/// Directories made for a mount are root's.
#[test]
fn nobody_else_needs_the_directory_above_the_mount() {
    let file =
        |commands: &str| format!("FROM ubuntu:24.04\nUSER ubuntu\nCOPY requirements.txt .\nRUN {commands}\n");
    let files = &[("requirements.txt", "flask\n")];
    check_refused(
        &["cache-mount"],
        files,
        &file("pip install -r requirements.txt && playwright install chromium"),
        &["4: the mount would make /home/ubuntu/.cache root's, in which commands of this RUN may write"],
    );
    check(
        &["cache-mount"],
        files,
        &file("pip install -r requirements.txt"),
        &file(
            "--mount=type=cache,target=/home/ubuntu/.cache/pip,uid=1000,gid=1000 pip install -r requirements.txt",
        ),
    );
}

/// Which uv it is tells whether it builds again what stands on its command line.
#[test]
fn uv_builds_anew_what_it_is_told() {
    let files = &[
        ("pyproject.toml", "[project]\nname = \"a\"\nversion = \"1\"\n"),
        ("src/a.py", ""),
        ("requirements.txt", "/pkg\n"),
    ];
    let file = |uv: &str, run: &str| {
        format!(
            "{uv} /uv /bin/\nWORKDIR /app\nCOPY pyproject.toml ./\nRUN echo x\nCOPY src ./src\nRUN {run}\n"
        )
    };
    let direct = "FROM python:3.12-slim\nCOPY --from=ghcr.io/astral-sh/uv:0.8.0";
    let stage = "FROM ghcr.io/astral-sh/uv:0.8 AS uv\nFROM python:3.12-slim\nCOPY --from=uv";
    let mount = "--mount=type=cache,target=/root/.cache/uv";
    for uv in [direct, stage] {
        let after = file(uv, &format!("{mount} uv pip install --system ."));
        check(&["cache-mount"], files, &file(uv, "uv pip install --system --no-cache-dir ."), &after);
    }
    check_refused(
        &["cache-mount"],
        files,
        &file(direct, "set -- -r requirements.txt && uv pip install --no-cache --system \"$@\""),
        &[
            "7: what `\"$@\"` names is only known when uv runs: of a directory in a requirements file it would take from the mount what it built of older sources",
        ],
    );
}

/// A number is a user's without a list of users. What its group is depends on that list, and a cache mount, which has mode 0755,
/// is the user's all the same.
#[test]
fn a_user_by_number_has_that_number() {
    let files = &[("requirements.txt", "flask\n")];
    let file = |user: &str, mount: &str| {
        format!(
            "FROM python:3.12-slim\nENV PIP_CACHE_DIR=/tmp/pip\nUSER {user}\nCOPY requirements.txt .\nRUN {mount}pip install \
             --user -r requirements.txt\n"
        )
    };
    for (user, numbers) in
        [("1000", "uid=1000"), ("1000:staff", "uid=1000"), ("1000:1000", "uid=1000,gid=1000")]
    {
        let mount = format!("--mount=type=cache,target=/tmp/pip,{numbers} ");
        check(&["cache-mount"], files, &file(user, ""), &file(user, &mount));
    }
    check_refused(
        &["cache-mount"],
        files,
        &file("app", ""),
        &["5: the uid and gid of user `app` are not known, so the mount could not be made writable"],
    );
}

/// Who removes what lies in the mount breaks the build, or empties the cache.
#[test]
fn hidden_removals_are_seen() {
    let apt = |commands: &str, reason: &str| {
        check_refused(
            &["cache-mount"],
            &[],
            &format!("FROM debian:12\nRUN apt-get update && apt-get install -y jq {commands}\n"),
            &[&format!("2: {reason}")],
        );
    };
    apt("&& D=/var/lib && rm -rf $D/apt", "`rm /var/lib/apt` would fail on the mount point");
    apt(
        "&& trap 'rm -rf /var/lib/apt/lists' EXIT",
        "a command that is not read further names /var/lib/apt/lists",
    );
    apt("&& cleanup.sh", "`cleanup.sh` may remove what lies in the mount");
    apt("&& rm -rfv /var/lib/apt/lists/* > /removed", "what `rm` writes to a file would be missing");
    apt(
        "; rm -rf /var/lib/apt/lists/*; echo $? > /status",
        "a command reads the status of one that would go",
    );
    check(
        &["cache-mount"],
        &[],
        "FROM debian:12\nRUN apt-get update && apt-get install -y jq && export G=\"$(mktemp -d)\" && rm -rf \"$G\"\n",
        "FROM debian:12\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\\n    apt-get update && apt-get -o Dir::Cache::archives=/var/cache/apt/keep install -y jq && export G=\"$(mktemp -d)\" && rm -rf \"$G\"\n",
    );
}

/// A number that the image's table tells is not that of a user whom the file has changed.
#[test]
fn users_that_the_file_changes_have_other_numbers() {
    check_refused(
        &["cache-mount"],
        NODE,
        "FROM node:22\nRUN usermod -u 1001 node && groupmod -g 1001 node\nUSER node\nWORKDIR /home/node/app\nRUN npm ci\n",
        &["5: line 2 changes user `node`, so the mount could not be made writable"],
    );
}

/// An id that the file has for a cache is that of the cache. Stages run side by side: who needs to be alone says so.
#[test]
fn a_cache_that_has_an_id_keeps_it() {
    let file = |mount: &str| {
        format!(
            "FROM node:22\nWORKDIR /app\nRUN --mount=type=cache,id=npm,target=/root/.npm npm ci\nRUN {mount}npm i -g x\n"
        )
    };
    check(
        &["cache-mount"],
        NODE,
        &file(""),
        &file("--mount=type=cache,id=npm,target=/root/.npm,sharing=locked "),
    );
}

/// Whose home it is depends on what is there: a mount in `~/.composer` would decide it for what is installed for the user.
#[test]
fn a_home_that_another_command_works_on_is_not_made() {
    let files = &[("composer.json", r#"{"version": "1"}"#), ("composer.lock", "{}")];
    let run = "RUN composer install --no-scripts --no-autoloader\n";
    let file = |env: &str, other: &str| {
        format!("FROM php:8.3\n{env}WORKDIR /app\nCOPY composer.json composer.lock ./\n{run}RUN {other}\n")
    };
    for other in
        ["composer global require laravel/installer", "composer config -g repos.x composer https://x"]
    {
        check_refused(
            &["cache-mount"],
            files,
            &file("", other),
            &["4: line 5 leaves it open whether /root/.composer/cache is the cache"],
        );
        let settled = file("ENV COMPOSER_HOME=/root/.composer\n", other);
        let mounted = settled.replace(
            "RUN composer install",
            "RUN --mount=type=cache,target=/root/.composer/cache composer install",
        );
        check(&["cache-mount"], files, &settled, &mounted);
    }
}

/// A path that `bundle config` sets moves the archives.
#[test]
fn archives_of_a_path_that_is_set_are_not_mounted() {
    let file = |setting: &str, mounts: &str| {
        format!(
            "FROM ruby:3.3\nWORKDIR /app\nRUN bundle config set --local {setting}\nCOPY Gemfile ./\nRUN {mounts}bundle install\n"
        )
    };
    let index = "--mount=type=cache,target=/root/.bundle/cache,sharing=locked ";
    let both = "--mount=type=cache,target=/root/.bundle/cache,sharing=locked \\\n    \
                --mount=type=cache,target=/usr/local/bundle/cache,sharing=locked \\\n    ";
    for (setting, mounts) in [("deployment true", index), ("path /gems", index), ("frozen true", both)] {
        check(&["cache-mount"], &[("Gemfile", "")], &file(setting, ""), &file(setting, mounts));
    }
}

/// `npx` finds again in `/root/.npm/_npx` what it was asked for when the image was made.
#[test]
fn what_is_installed_into_the_cache_stays_in_the_image() {
    let npm = |run: &str| format!("FROM node:22\nRUN npm ci{run}\nCMD npx prisma@6 migrate deploy\n");
    for run in ["npx prisma@6 generate", "npx -y prisma generate", "npm exec -p prisma -- prisma generate"] {
        let shown =
            format!("2: `{run}` beside it installs into the cache of npm, where the image would not find it");
        check_refused(&["cache-mount"], &[], &npm(&format!(" && {run}")), &[&shown]);
    }
    check(
        &["cache-mount"],
        &[],
        &npm(" && npx prisma generate"),
        &npm(" && npx prisma generate")
            .replace("RUN npm", "RUN --mount=type=cache,target=/root/.npm,sharing=locked npm"),
    );
}

/// What runs the file reads `#!` in the first line only, and BuildKit finds the directive below it.
#[test]
fn the_directive_stays_below_a_shebang() {
    let after = "RUN --mount=type=cache,target=/root/.npm,sharing=locked npm i -g serve\n";
    let only = &["cache-mount", "syntax-directive"];
    for shebang in ["#!/usr/bin/env -S docker build -f\n", "\u{feff}#!/bin/sh\n"] {
        check(
            only,
            &[],
            &format!("{shebang}FROM node:20\nRUN npm i -g serve\n"),
            &format!("{shebang}# syntax=docker/dockerfile:1\nFROM node:20\n{after}"),
        );
    }
    let own = "#!/bin/sh\n# syntax=docker/dockerfile:1\nFROM node:20\n";
    check(only, &[], &format!("{own}RUN npm i -g serve\n"), &format!("{own}{after}"));
}

#[test]
fn a_substitution_as_an_argument_is_no_place_to_stand_in() {
    let file = |command: &str| format!("FROM rust:1.90 AS b\nWORKDIR /app\nRUN {command}\nFROM scratch\n");
    check_refused(
        &["cache-mount"],
        &[],
        &file("cargo build $(test x && echo --release)"),
        &[
            "3: cargo build $(test x && echo --release) gets no cache mount: what a command substitution puts into it is not known",
        ],
    );
    check_refused(
        &["cache-mount"],
        &[],
        &file("echo $(cargo build --release)"),
        &[
            "3: cargo build --release gets no cache mount: it stands in a command substitution, which is not read further",
        ],
    );
}

#[test]
fn a_tilde_within_a_word_is_no_home() {
    let file = |mount: &str, word: &str| {
        format!("FROM node:22\nRUN {mount}npm i -g yarn && mv $(which tar){word} $(which tar)\n")
    };
    let mount = "--mount=type=cache,target=/root/.npm,sharing=locked ";
    check(&["cache-mount"], &[], &file("", "~"), &file(mount, "~"));
    let reason = "2: a command that is not read further names /root";
    check_refused(&["cache-mount"], &[], &file("", " ~"), &[reason]);
}

#[test]
fn without_an_index_pip_downloads_nothing() {
    let file =
        |mount: &str, words: &str| format!("FROM python:3.12\nRUN {mount}pip install --no-index {words}\n");
    check_unchanged(&["cache-mount"], &[], &file("", "--find-links=/wheels x"));
    check_unchanged(
        &["cache-mount"],
        &[],
        &file("", "--no-cache-dir -f /wheels -r /wheels/requirements.txt"),
    );
    let elsewhere = "-f https://x.org/whl.html torch";
    let mount = "--mount=type=cache,target=/root/.cache/pip ";
    check(&["cache-mount"], &[], &file("", elsewhere), &file(mount, elsewhere));
}

/// dash and busybox's ash take braces as they stand: such an `rm` removes nothing.
#[test]
fn braces_are_for_bash() {
    let refused = |before: &str| {
        check_refused(
            &["cache-mount"],
            &[],
            &format!("{before}RUN npm i -g x && rm -rf /root/{{.npm,.cache}}\n"),
            &[&format!(
                "{}: `rm /root/{{.npm,.cache}}` would fail on the mount point where the shell is bash",
                before.lines().count() + 1
            )],
        );
    };
    refused("FROM node:22\nSHELL [\"/bin/bash\", \"-c\"]\n");
    refused("FROM node:22\nRUN ln -sf bash /bin/sh\n");
    refused("FROM node:22\nCOPY root /\n");
    refused("FROM node:22\nRUN ./setup.sh\n");
    refused("FROM x.io/node:22\nUSER root\nENV HOME=/root\n");
    let braces = "npm i -g x && rm -rf /root/{.npm,.cache}";
    node(braces, &format!("{NPM} {braces}"));
    check(
        &["cache-mount"],
        &[],
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl && rm -rf /var/lib/{apt,dpkg,cache,log}/\n",
        "FROM debian:12\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\\n    apt-get update && apt-get -o Dir::Cache::archives=/var/cache/apt/keep install -y curl && rm -rf /var/lib/{apt,dpkg,cache,log}/\n",
    );
}

#[test]
fn every_program_is_named_once() {
    let file = "FROM python:3.12\nRUN npm i -g a && pip install b && npm i -g c && yarn global add d\n";
    let outcome = run(&["cache-mount"], &[], file);
    let reason = &dockerfile(&outcome).changes[0].reason;
    assert!(reason.starts_with("downloads of npm, pip and yarn stay"), "{reason}");
}

/// Who cleans another root or another cache than the mounted one is still needed (dnf(8) and dnf5-installroot(7): the cache lies
/// in the root that `--installroot` names).
#[test]
fn what_cleans_elsewhere_stays() {
    let stays = |base: &str, before: &str, install: &str, clean: &str| {
        let file = format!("FROM {base}\nRUN {before} && {clean}\n");
        let outcome = run(&["cache-mount"], &[], &file);
        let after = String::from_utf8_lossy(&dockerfile(&outcome).after).into_owned();
        assert!(after.ends_with(&format!("{install} && {clean}\n")), "{after}");
        assert!(after.contains("--mount="), "{after}");
    };
    let dnf = "--setopt=keepcache=1 --refresh";
    stays(
        "fedora:40",
        "dnf install -y a",
        &format!("dnf {dnf} install -y a"),
        "dnf --installroot /mnt/r clean all",
    );
    stays(
        "fedora:40",
        "dnf install -y a",
        &format!("dnf {dnf} install -y a"),
        "dnf --installroot $R clean all",
    );
    stays("python:3", "pip install a", "pip install a", "pip --cache-dir /out cache purge");
    stays("node:22", "npm i -g a", "npm i -g a", "npm --cache /out cache clean --force");
    let apt = "apt-get -o Dir::Cache::archives=/var/cache/apt/keep install -y a";
    stays("debian:12", "apt-get update && apt-get install -y a", apt, "apt-get -o Dir=/out clean");
}

/// The width of a line is measured with the options that the rewrite puts in.
#[test]
fn options_count_for_the_width_of_a_line() {
    check(
        &["cache-mount"],
        &[],
        "FROM debian:12\nRUN apt-get update && apt-get install -y libfreetype6-dev\nRUN ls /var/lib/apt/lists\n",
        "FROM debian:12\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    apt-get update && apt-get -o Dir::Cache::archives=/var/cache/apt/keep install -y libfreetype6-dev\nRUN ls /var/lib/apt/lists\n",
    );
}

/// What asks for an archive by its address finds no mount of its neighbour's either.
#[test]
fn an_archive_by_address_keeps_the_mount_from_its_run() {
    let files: &[(&str, &str)] = &[("requirements.txt", "mylib @ https://e.com/mylib-latest.tar.gz\n")];
    let take = "requirements.txt:1 installs https://e.com/mylib-latest.tar.gz, of which pip would take from the mount what it \
                has built before, whatever lies there by now";
    let file = |run: &str| format!("FROM python:3.12\nWORKDIR /app\nCOPY requirements.txt .\nRUN {run}\n");
    check_refused(
        &["cache-mount"],
        files,
        &file("pip install --no-cache-dir -r requirements.txt"),
        &[&format!("4: {take}")],
    );
    check_refused(
        &["cache-mount"],
        files,
        &file("pip install six && pip install -r requirements.txt"),
        &[&format!("4: {take}")],
    );
    check(
        &["cache-mount"],
        files,
        &file("pip install six && pip install --no-cache-dir -r requirements.txt"),
        &file(
            "--mount=type=cache,target=/root/.cache/pip pip install six && pip install --no-cache-dir -r requirements.txt",
        ),
    );
}

/// Who has mounted the cache himself is not told why it would not have been.
#[test]
fn who_has_the_mount_needs_no_advice() {
    let file = |mount: &str| {
        format!(
            "FROM python:3.12-slim\nCOPY --from=ghcr.io/astral-sh/uv:0.9 /uv /bin/\nWORKDIR /app\nRUN {mount}uv sync --locked --no-install-project --no-editable\n"
        )
    };
    let files = &[("a.py", "")];
    check_unchanged(&["cache-mount"], files, &file("--mount=type=cache,target=/root/.cache/uv "));
    check_refused(
        &["cache-mount"],
        files,
        &file(""),
        &["4: what uv builds without --editable is not known, and it would keep old wheels of it"],
    );
    let pip = "pip install --no-binary=lxml lxml\n";
    check_unchanged(
        &["cache-mount"],
        files,
        &format!("FROM python:3.12\nRUN --mount=type=cache,target=/root/.cache/pip {pip}"),
    );
}
