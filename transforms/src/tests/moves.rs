//! `manifest-first`: copies that sink, manifests that go first, and what does neither.

use super::{APP, GO, check, check_refused, check_unchanged};

#[test]
fn a_copy_sinks_below_what_reads_nothing_of_it() {
    check(
        &["manifest-first"],
        GO,
        "FROM debian\nCOPY . /app\nRUN apt-get update && apt-get install -y curl\nRUN make\n",
        "FROM debian\nRUN apt-get update && apt-get install -y curl\nCOPY . /app\nRUN make\n",
    );
}

/// What does not read the manifests does not rerun with them either.
#[test]
fn manifests_are_copied_where_they_are_read() {
    let check = |before: &str, after: &str| check(&["manifest-first"], APP, before, after);
    check(
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN apt-get update && apt-get install -y git\nENV X=1\n\n# Packages\nRUN npm ci\nRUN npm run build\n",
        "FROM node:22\nWORKDIR /app\nRUN apt-get update && apt-get install -y git\nENV X=1\n\nCOPY package.json package-lock.json ./\n# Packages\nRUN npm ci\nCOPY . .\nRUN npm run build\n",
    );
    // The comment tells of both.
    check(
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN apt-get update && apt-get install -y git\n# Install\nRUN npm ci\nRUN npm run build\n",
        "FROM node:22\nWORKDIR /app\nRUN apt-get update && apt-get install -y git\n# Install\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n",
    );
    // A WORKDIR would make the directory in another way, and an edit of a manifest would tear the install from its lists.
    check(
        "FROM node:22\nUSER node\nWORKDIR /app\nCOPY . .\nWORKDIR /app\nENV X=1\nRUN npm ci\nRUN npm run build\n",
        "FROM node:22\nUSER node\nWORKDIR /app\nCOPY package.json package-lock.json ./\nWORKDIR /app\nENV X=1\nRUN npm ci\nCOPY . /app/\nRUN npm run build\n",
    );
    check(
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN apt-get update\nRUN npm ci && apt-get install -y git\nRUN npm run build\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN apt-get update\nRUN npm ci && apt-get install -y git\nCOPY . .\nRUN npm run build\n",
    );
}

#[test]
fn what_is_there_already_is_not_copied_again() {
    check(
        &["manifest-first"],
        GO,
        "FROM golang\nWORKDIR /a\nCOPY go.mod ./\nCOPY . .\nRUN go mod download\nRUN make\n",
        "FROM golang\nWORKDIR /a\nCOPY go.mod ./\nCOPY go.sum ./\nRUN go mod download\nCOPY . .\nRUN make\n",
    );
    check(
        &["manifest-first"],
        GO,
        "FROM golang\nWORKDIR /a\nCOPY go.mod go.sum ./\nCOPY . .\nRUN go mod download\nRUN make\n",
        "FROM golang\nWORKDIR /a\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN make\n",
    );
    // The owner counts.
    check(
        &["manifest-first"],
        GO,
        "FROM golang\nWORKDIR /a\nCOPY go.mod go.sum ./\nCOPY --chown=1 . .\nRUN go mod download\nRUN make\n",
        "FROM golang\nWORKDIR /a\nCOPY go.mod go.sum ./\nCOPY --chown=1 go.mod go.sum ./\nRUN go mod download\nCOPY --chown=1 . .\nRUN make\n",
    );
}

/// A comment goes with the copy that it explains, and stays where it heads the install.
#[test]
fn comments_stay_with_what_they_tell_of() {
    let go = |before: &str, after: &str| check(&["manifest-first"], GO, before, after);
    go(
        "FROM golang\nWORKDIR /a\n\n# Install dependencies\nCOPY . .\nRUN go mod download\nRUN make\n",
        "FROM golang\nWORKDIR /a\n\n# Install dependencies\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN make\n",
    );
    go(
        "FROM golang\nWORKDIR /a\n\n# Copy the sources\nCOPY . .\nRUN go mod download && make\n",
        "FROM golang\nWORKDIR /a\n\nCOPY go.mod go.sum ./\nRUN go mod download\n# Copy the sources\nCOPY . .\nRUN make\n",
    );
    go(
        "FROM golang\nWORKDIR /a\n# Install dependencies\nCOPY . .\nRUN go build .\n",
        "FROM golang\nWORKDIR /a\n# Install dependencies\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build .\n",
    );
    // No two blank lines are left where the copy stood.
    go(
        "FROM debian\n\n# Sources\nCOPY . /app\n\n# Tools\nRUN apt-get install -y make && make\n",
        "FROM debian\n\n# Tools\nRUN apt-get install -y make\n# Sources\nCOPY . /app\nRUN make\n",
    );
}

/// Two sources with an install each: neither copy may take the other's place for ever.
#[test]
fn two_projects_settle() {
    let files: super::Files<'_> = &[
        (".dockerignore", "**/node_modules\n"),
        ("a/package.json", "{\"name\": \"a\"}"),
        ("a/x.js", ""),
        ("b/package.json", "{\"name\": \"b\"}"),
        ("b/x.js", ""),
    ];
    check(
        &["manifest-first"],
        files,
        "FROM node\nADD a /a\nRUN cd /a && npm install\nADD b /b\nRUN cd /b && npm install\n",
        "FROM node\nCOPY a/package.json /a/\nRUN cd /a && npm install\nCOPY b/package.json /b/\nRUN cd /b && npm install\nADD a /a\nADD b /b\n",
    );
}

/// What cannot pass an install must not be put into the middle of its RUN either.
#[test]
fn a_run_is_not_split_for_its_own_install() {
    let files: super::Files<'_> = &[
        (".dockerignore", "**/node_modules\n"),
        ("a/package.json", "{\"name\": \"a\"}"),
        ("ssh/config", ""),
    ];
    let file = "FROM node\nADD ssh /root/.ssh\nADD a/package.json /a/\nRUN cd /a && npm install\n";
    check_unchanged(&["manifest-first"], files, file);
}

/// A command may be a file of the copy where the search path leads there.
#[test]
fn programs_of_the_sources_block() {
    let files: super::Files<'_> =
        &[(".dockerignore", "**/node_modules\n"), ("package.json", "{\"name\": \"a\"}"), ("bin/npm", "")];
    check_refused(
        &["manifest-first"],
        files,
        "FROM node\nENV PATH=/app/bin:$PATH\nWORKDIR /app\nCOPY . .\nRUN npm install\n",
        &["5: npm install stays below the sources: it may read or write any of them"],
    );
}

/// A stage that builds on another's sources reruns with them, unless what it downloads is there already.
#[test]
fn inherited_sources_are_told_of() {
    let file = |download: &str| {
        format!(
            "FROM golang:1.22 AS b\nWORKDIR /src\n{download}COPY . .\nCMD x\n\nFROM b\nRUN go build ./...\n"
        )
    };
    check_refused(
        &["manifest-first"],
        GO,
        &file(""),
        &[
            "7: the stage this one starts from copies the sources (line 3), so the go install reruns with them",
        ],
    );
    check_unchanged(&["manifest-first"], GO, &file("COPY go.mod go.sum ./\nRUN go mod download\n"));
}

/// A stage finds what the one it starts from has copied.
#[test]
fn manifests_are_inherited() {
    check(
        &["manifest-first"],
        &[
            (".dockerignore", "node_modules\n"),
            ("package.json", "{}"),
            ("package-lock.json", "{}"),
            ("src/a.js", ""),
        ],
        "FROM node:22 AS m\nWORKDIR /app\nCOPY package.json package-lock.json ./\n\nFROM m\nCOPY src src\nRUN npm ci\n",
        "FROM node:22 AS m\nWORKDIR /app\nCOPY package.json package-lock.json ./\n\nFROM m\nRUN npm ci\nCOPY src src\n",
    );
}

/// Settings are not worth a split: nothing is downloaded.
#[test]
fn settings_do_not_gain() {
    check_unchanged(
        &["manifest-first"],
        &[("a/a.js", "")],
        "FROM node:22\nCOPY a /a\nRUN npm config set audit false && node /a/a.js\n",
    );
}

/// What a command reads of the sources is copied for it, if it is a file or two.
#[test]
fn files_that_a_command_reads_go_first() {
    check(
        &["manifest-first"],
        &[
            (".dockerignore", "node_modules\n"),
            (".yarnrc", ""),
            ("package.json", "{}"),
            ("yarn.lock", ""),
            ("a.js", ""),
        ],
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN yarn global add serve\nRUN yarn install\n",
        "FROM node:22\nWORKDIR /app\nCOPY .yarnrc package.json yarn.lock ./\nRUN yarn global add serve\nRUN yarn install\nCOPY . .\n",
    );
}

/// Manifests before their lock file, in one COPY as in several.
#[test]
fn lock_files_come_behind_manifests() {
    let member = ["a", "b", "c", "d", "e", "f"]
        .map(|name| (format!("{name}/package.json"), format!("{{\"name\": \"{name}\"}}")));
    let mut files = vec![
        (".dockerignore", "**/node_modules\n"),
        ("package.json", "{\"private\": true, \"workspaces\": [\"*\"]}"),
        ("yarn.lock", "# yarn lockfile v1\n"),
        ("a/x.js", ""),
    ];
    files.extend(member.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let file = |copies: &str, below: &str| {
        format!(
            "# syntax=docker/dockerfile:1\nFROM node:22\nWORKDIR /app\n{copies}RUN yarn install --frozen-lockfile\n{below}"
        )
    };
    check(
        &["manifest-first"],
        &files,
        &file("COPY . .\n", ""),
        &file("COPY --parents package.json yarn.lock */package.json ./\n", "COPY . .\n"),
    );
}

/// The members of a large workspace come by one COPY where the frontend can keep their directories.
#[test]
fn many_manifests_are_copied_with_their_parents() {
    let names: Vec<_> =
        ["a", "b", "c", "d"].iter().map(|name| format!("packages/{name}/package.json")).collect();
    let mut files = vec![
        (".dockerignore", "**/node_modules\n"),
        ("package.json", "{\"workspaces\": [\"packages/*\", \"apps/web\", \"tools\"]}"),
        ("package-lock.json", "{}"),
        ("apps/web/package.json", "{\"name\": \"web\"}"),
        ("apps/web/a.js", ""),
        ("apps/old/package.json", "{}"),
        ("tools/package.json", "{\"name\": \"tools\"}"),
    ];
    let content = ["{\"name\": \"a\"}", "{\"name\": \"b\"}", "{\"name\": \"c\"}", "{\"name\": \"d\"}"];
    files.extend(names.iter().zip(content).map(|(name, content)| (name.as_str(), content)));
    let file = |syntax: &str, copies: &str, below: &str| {
        format!(
            "# syntax=docker/dockerfile:{syntax}\nFROM node:22\nWORKDIR /app\n{copies}RUN npm ci\n{below}"
        )
    };
    let all = "COPY . .\n";
    check(
        &["manifest-first"],
        &files,
        &file("1", all, ""),
        &file(
            "1",
            "COPY --parents \\\n    package.json \\\n    package-lock.json \\\n    apps/web/package.json \\\n    packages/*/package.json \\\n    tools/package.json ./\n",
            all,
        ),
    );
    let outcome = super::run(&["manifest-first"], &files, &file("1.7", all, ""));
    assert_eq!(String::from_utf8_lossy(&outcome.files[0].after).matches("COPY ").count(), 8);
    // A file without a directive gets one, unless that is not wanted.
    let bare = format!("FROM node:22\nWORKDIR /app\n{all}RUN npm ci\nRUN npm run build\n");
    let outcome = super::run(&["manifest-first"], &files, &bare);
    assert_eq!(String::from_utf8_lossy(&outcome.files[0].after).matches("COPY ").count(), 8);
    let outcome = super::run(&["manifest-first", "syntax-directive"], &files, &bare);
    let after = String::from_utf8_lossy(&outcome.files[0].after).into_owned();
    assert!(after.starts_with("# syntax=docker/dockerfile:1\nFROM"), "{after}");
    assert_eq!(after.matches("COPY ").count(), 2, "{after}");
    let reasons: Vec<_> = outcome.files[0].changes.iter().map(|change| change.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "COPY --parents needs Dockerfile syntax 1.20 or later",
            "npm ci no longer reruns when sources change"
        ]
    );
    super::check_unchanged(&["manifest-first", "syntax-directive"], &files, &after);
    // Older builders would not see it below a shebang.
    let outcome = super::run(&["manifest-first", "syntax-directive"], &files, &format!("#!/bin/x\n{bare}"));
    assert_eq!(String::from_utf8_lossy(&outcome.files[0].after).matches("COPY ").count(), 8);
    // The context may lie in a directory of its own.
    let nested: Vec<_> = files.iter().map(|(name, content)| (format!("web/{name}"), *content)).collect();
    let mut nested: Vec<_> = nested.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    nested.push(files[0]);
    check(
        &["manifest-first"],
        &nested,
        &file("1", "COPY web /app\n", ""),
        &file(
            "1",
            "COPY --parents \\\n    web/./package.json \\\n    web/./package-lock.json \\\n    web/./apps/web/package.json \\\n    web/./packages/*/package.json \\\n    web/./tools/package.json /app/\n",
            "COPY web /app\n",
        ),
    );
}

/// A directory passes a COPY of manifests of which it brings some, as it passes those of one COPY each.
#[test]
fn copies_are_passed_source_by_source() {
    let files = &[
        ("package.json", "{\"workspaces\": [\"web\"]}"),
        ("package-lock.json", "{}"),
        ("web/package.json", "{}"),
        ("web/a.js", ""),
        (".dockerignore", "**/node_modules\n"),
    ];
    let copy = "COPY --parents package.json package-lock.json web/package.json ./\n";
    let file = |above: &str, below: &str| {
        format!(
            "# syntax=docker/dockerfile:1\nFROM node:22\nWORKDIR /app\n{above}{copy}RUN npm ci\n{below}RUN npm test\n"
        )
    };
    check(&["manifest-first"], files, &file("COPY web web\n", ""), &file("", "COPY web web\n"));
}

/// What an install of another stage reads is not told of as the sources that stand in its way, and what does is named.
#[test]
fn what_a_stage_inherits_is_told_truly() {
    let files: super::Files<'_> = &[
        ("package.json", "{\"packageManager\": \"yarn@4.5.0\"}"),
        ("yarn.lock", "__metadata:\n  version: 8\n"),
        (".yarnrc.yml", "nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-4.5.0.cjs\n"),
        (".yarn/releases/yarn-4.5.0.cjs", ""),
        ("lib/a.js", ""),
        ("src/a.js", ""),
        (".dockerignore", "**/node_modules\n**/.yarn/install-state.gz\n**/.yarn/unplugged\n"),
    ];
    let file = |copies: &str| {
        format!(
            "FROM node:22 AS deps\nWORKDIR /app\nCOPY package.json yarn.lock .yarnrc.yml ./\n{copies}\n\
             FROM deps\nRUN yarn install --immutable\n"
        )
    };
    let release = "COPY .yarn/releases .yarn/releases";
    super::check_unchanged(&["manifest-first"], files, &file(release));
    super::check_refused(
        &["manifest-first"],
        files,
        &file(&format!("{release}\nCOPY ./lib lib")),
        &["7: the stage this one starts from copies `./lib` (line 5), so the yarn install reruns with it"],
    );
    super::check_refused(
        &["manifest-first"],
        files,
        &file("COPY . ."),
        &[
            "6: the stage this one starts from copies the sources (line 4), so the yarn install reruns with them",
        ],
    );
}

/// A submodule's files may have to be fetched in the build, for which git needs its own.
#[test]
fn git_keeps_what_submodules_need() {
    let files = &[(".git/HEAD", ""), (".gitmodules", ""), ("lib/.git", ""), ("package.json", "{}")];
    let ignored = |run: &str| {
        let outcome =
            super::run(&["dockerignore"], files, &format!("FROM node:22-alpine\nCOPY . .\nRUN {run}\n"));
        let ignore =
            outcome.ignore_files.first().map(|file| String::from_utf8_lossy(&file.after).into_owned());
        ignore.unwrap_or_default().contains(".git\n")
    };
    assert!(ignored("npm test"));
    assert!(!ignored("git submodule update --init && npm test"));
}

/// What stood apart from the install stands apart from it below, too.
#[test]
fn a_copy_below_an_install_keeps_its_distance() {
    check(
        &["manifest-first"],
        APP,
        "FROM node:22\n\nWORKDIR /app\n\n# all of it\nCOPY . .\n\nRUN npm ci\n\nRUN npm run build\n",
        "FROM node:22\n\nWORKDIR /app\n\nCOPY package.json package-lock.json ./\n\nRUN npm ci\n\n# all of it\nCOPY . .\n\nRUN npm run build\n",
    );
    check(
        &["manifest-first"],
        APP,
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n\nRUN npm run build\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n\nRUN npm run build\n",
    );
}

/// A destination is written anew only for a WORKDIR that the copy passes, not for one at which it stops.
#[test]
fn a_workdir_below_the_copy_does_not_matter() {
    let file =
        |head: &str| format!("FROM node:22\nWORKDIR /repo\n{head}WORKDIR /repo/x\nRUN npm run build\n");
    check(
        &["manifest-first"],
        APP,
        &file("COPY . .\nRUN npm ci\n"),
        &file("COPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n"),
    );
}
