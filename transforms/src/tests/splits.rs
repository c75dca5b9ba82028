//! `manifest-first`: which RUNs are split.

use super::{APP, Files, check, check_refused, check_unchanged};

const ONLY: &[&str] = &["manifest-first"];

#[track_caller]
fn refused(run: &str, reason: &str) {
    let file = format!("FROM node:22\nWORKDIR /app\nCOPY . .\nRUN {run}\n");
    check_refused(ONLY, APP, &file, &[&format!("4: npm ci stays below the sources: {reason}")]);
}

/// What is mounted for each RUN anew does not come to the second part.
#[test]
fn data_stays_in_a_mount() {
    let gone = |path: &str| {
        format!(
            "what stands in {path} when the first commands of line 4 have run is gone in a RUN of its own"
        )
    };
    refused("echo a > /dev/shm/x && npm ci && npm run build", &gone("/dev/shm"));
    refused("cp /x /dev/shm/x && npm ci && npm run build", &gone("/dev/shm"));
    refused("echo '1.2.3.4 a' >> /etc/hosts && npm ci && npm run build", &gone("/etc/hosts"));
    refused("--mount=type=tmpfs,target=/work mkdir -p /work/a && npm ci && npm run build", &gone("/work"));
    refused(
        "--mount=type=bind,from=x,target=/work,rw cp /a /work/a && npm ci && npm run build",
        &gone("/work"),
    );
    check(
        ONLY,
        APP,
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN echo a > /dev/null && npm ci && npm run build\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN echo a > /dev/null && npm ci\nCOPY . .\nRUN npm run build\n",
    );
}

/// What the second part removes would stay in the layer of the first.
#[test]
fn secrets_do_not_stay_in_a_layer() {
    let stays = |remover: &str| {
        format!(
            "its RUN would have to be split, and what `{remover}` may remove would stay in the layer of the first part"
        )
    };
    let head = "echo token > /root/.npmtoken && npm ci";
    refused(&format!("{head} && node src/index.js && shred -u /root/.npmtoken"), &stays("node src/index.js"));
    refused(&format!("{head} && make"), &stays("make"));
    refused(&format!("{head} && ./cleanup.sh"), &stays("./cleanup.sh"));
    refused("npm ci && make && unlink src/x", &stays("unlink src/x"));
    refused(
        "npm config set //r.example.com/:_authToken abc && npm ci && npm run build",
        &stays("npm run build"),
    );
    check(
        ONLY,
        APP,
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN mkdir -p /x && npm config set registry https://r.example.com && npm ci && npm run build\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN mkdir -p /x && npm config set registry https://r.example.com && npm ci\nCOPY . .\nRUN npm run build\n",
    );
}

/// Behind `exec` nothing runs, and nobody waits for what runs in the background.
#[test]
fn commands_that_nobody_runs_are_not_split_off() {
    refused("exec npm ci && npm run build", "an `exec` before other commands may read or write any of them");
    refused("npm ci && npm run build &", "a negated or background command may read or write any of them");
}

/// A split for what downloads nothing reruns the install all the same.
#[test]
fn a_split_is_for_a_download() {
    let files: Files<'_> = &[("requirements.txt", "-e .\n"), ("setup.py", ""), ("a.py", "")];
    check_refused(
        ONLY,
        files,
        "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN python -m venv /opt/venv && . /opt/venv/bin/activate && pip install -r requirements.txt\n",
        &[
            "4: pip install -r requirements.txt stays below the sources: `. /opt/venv/bin/activate` before it may read or write any of them",
        ],
    );
    check_unchanged(
        ONLY,
        files,
        "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN python -m venv /opt/venv && make\n",
    );
}

/// A reason names what is in the way: where it stands, and why the RUN is not cut before it.
#[test]
fn what_keeps_an_install_in_its_run_is_told() {
    let build = "`npm run build` after it in the same RUN may read or write any of them, and";
    let fails = format!("{build} a split would change what is run after a failure");
    refused("npm ci; npm run build", &fails);
    refused("npm ci && npm run build || true", &fails);
    refused("set -e; npm ci && npm run lint; npm run build", &fails.replace("build", "lint"));
    refused(
        "<<EOF\nset -e\nnpm ci\nnpm run build\nEOF",
        &format!("{build} a RUN with a heredoc is not split"),
    );
    check_refused(
        ONLY,
        APP,
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN cd src && npm ci --prefix .. && cd .. && npm run build\n",
        &[&format!(
            "4: npm ci --prefix .. stays below the sources: {build} a `cd` before it goes into a directory of theirs"
        )],
    );
    refused("make && npm ci", "`make` before it may read or write any of them");
    refused("npm ci > install.log && npm run build", "it may read or write any of them");
}

/// Behind `set -e`, what is run after `;` is what is run after `&&`, but for lists whose failure the shell does not mind.
#[test]
fn set_e_makes_semicolons_fail() {
    let split = |run: &str, first: &str, second: &str| {
        check(
            ONLY,
            APP,
            &format!("FROM node:22\nWORKDIR /app\nCOPY . .\nRUN {run}\n"),
            &format!(
                "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN {first}\nCOPY . .\nRUN {second}\n"
            ),
        );
    };
    split("set -e; npm ci; npm run build", "set -e; npm ci", "set -e; npm run build");
    split(
        "set -eux; \\\n    npm ci; \\\n    npm run lint; \\\n    npm run build || true",
        "set -eux; \\\n    npm ci",
        "set -eux; npm run lint; \\\n    npm run build || true",
    );
    split("set -e && npm ci; npm run build", "set -e && npm ci", "set -e; npm run build");
    split("set -ex && npm ci && npm run build", "set -ex && npm ci", "set -ex && npm run build");
    let stays = "`npm run build` after it in the same RUN may read or write any of them, and a split would change what is \
                 run after a failure";
    for run in [
        "set -x; npm ci; npm run build",
        "set -- -e; npm ci; npm run build",
        "set -e; mkdir /x && npm ci; npm run build",
        "set -e; mkdir /x && cd /app; npm ci; npm run build",
        "set -e; npm ci; npm run build; set +e",
    ] {
        refused(run, stays);
    }
}

/// The second part has the flags as the author has written them.
#[test]
fn flags_keep_their_lines() {
    let flags = "--mount=type=secret,id=npmrc,target=/root/.npmrc \\\n    --mount=type=ssh \\\n    ";
    check(
        ONLY,
        APP,
        &format!("FROM node:22\nWORKDIR /app\nCOPY . .\nRUN {flags}npm ci && \\\n    npm run build\n"),
        &format!(
            "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN {flags}npm ci\nCOPY . .\nRUN {flags}npm run build\n"
        ),
    );
}

/// A second install removes what the first one has brought for the build, which a layer of its own would keep.
#[test]
fn development_dependencies_do_not_stay_in_a_layer() {
    let stays = |remover: &str| {
        format!(
            "its RUN would have to be split, and what `{remover}` may remove would stay in the layer of the first part"
        )
    };
    for remover in [
        "npm ci --omit=dev",
        "npm install --production",
        "npx modclean -r",
        "node-prune",
        "npx @tuananh/node-prune",
        "npx rimraf node_modules",
        "yarn install --production",
    ] {
        refused(&format!("npm ci && npm run build && {remover}"), &stays(remover));
    }
    // From a stage that is no image's, nobody takes layers.
    check(
        ONLY,
        APP,
        "FROM node:22 AS b\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build && npm ci --omit=dev\nFROM node:22\nCOPY --from=b /app/dist /\n",
        "FROM node:22 AS b\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build && npm ci --omit=dev\nFROM node:22\nCOPY --from=b /app/dist /\n",
    );
    // Another project's install removes nothing of this one's.
    check(
        ONLY,
        APP,
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build && npm ci --prefix /other\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build && npm ci --prefix /other\n",
    );
}

/// A layer holds a file once more as soon as its owner or mode is another.
#[test]
fn installs_are_not_held_twice() {
    let twice = |changer: &str| {
        format!(
            "its RUN would have to be split, and what `{changer}` goes over would lie in two layers, its own and the layer of the first part"
        )
    };
    for changer in [
        "chown -R node:node /app",
        "chown --recursive node .",
        "chmod -R 755 node_modules",
        "chgrp -hR 0 \"$DIR\"",
        "(chown -R node .)",
        "find . -type d -exec chmod 755 {} +",
    ] {
        refused(&format!("npm ci && npm run build && {changer}"), &twice(changer));
    }
    for changer in ["chown -R node:node /app/dist", "chown node /app", "chmod +x entry.sh"] {
        check(
            ONLY,
            APP,
            &format!("FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build && {changer}\n"),
            &format!(
                "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build && {changer}\n"
            ),
        );
    }
    let files: Files<'_> = &[("requirements.txt", "flask==3.0.0\n"), ("build.py", "")];
    let venv = "python -m venv /venv && /venv/bin/pip install -r requirements.txt && python build.py";
    check_refused(
        ONLY,
        files,
        &format!("FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN {venv} && chown -R 1000 /venv\n"),
        &[&format!("4: python -m venv /venv stays below the sources: {}", twice("chown -R 1000 /venv"))],
    );
    check(
        ONLY,
        files,
        &format!("FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN {venv} && chown -R 1000 /app\n"),
        "FROM python:3.12\nWORKDIR /app\nCOPY requirements.txt ./\nRUN python -m venv /venv && /venv/bin/pip install -r requirements.txt\nCOPY . .\nRUN python build.py && chown -R 1000 /app\n",
    );
}

/// A layer for pip's own renewal alone serves nobody; what it makes way for does.
#[test]
fn an_installer_alone_is_not_worth_a_layer() {
    let files: Files<'_> =
        &[("pyproject.toml", "[project]\nname = \"a\"\nversion = \"1\"\n"), ("src/a.py", "")];
    let file = |run: &str| {
        format!("FROM python:3.12\nWORKDIR /app\nCOPY pyproject.toml ./\nCOPY src ./src\nRUN {run}\n")
    };
    for first in ["pip install --upgrade pip", "python -m pip install -U pip 'setuptools>=61' wheel"] {
        check_refused(
            ONLY,
            files,
            &file(&format!("{first} && pip install -e . && pip install black")),
            &["5: pip builds the project in .: it cannot install the dependencies without the sources"],
        );
    }
    check(
        ONLY,
        files,
        &file("pip install --upgrade pip black && pip install -e ."),
        "FROM python:3.12\nWORKDIR /app\nRUN pip install --upgrade pip black\nCOPY pyproject.toml ./\nCOPY src ./src\nRUN pip install -e .\n",
    );
}
