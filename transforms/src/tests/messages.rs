//! What messages call things.

use std::sync::Arc;

use dockfix_model::context::Context;
use dockfix_syntax::Dockerfile;

use super::{APP, Files, check, check_refused, check_unchanged, dockerfile, run};
use crate::{Options, Project, ProjectFile, fix};

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
        told("apt-get update && apt-get install -y python3-pip && pip install a && pip install b; c"),
        [unknown]
    );
    assert_eq!(told("apt-get install -y a && apt-get update && apt-get install -y b"), [""; 0]);
}

/// What keeps one manager from its mount keeps the others not.
#[test]
fn what_one_manager_cannot_have_the_others_get() {
    let outcome = run_cache_mount(
        "FROM python:3.12\nRUN apt-get update && apt-get install -y gcc && pip install a && rm -rf /root/.cache\n",
    );
    let file = dockerfile(&outcome);
    let changes: Vec<_> = file.changes.iter().map(|change| &*change.reason).collect();
    assert_eq!(changes, ["downloads of apt-get stay in a cache mount (/var/cache/apt, /var/lib/apt/lists)"]);
    let told: Vec<_> = file.refusals.iter().map(|refusal| &*refusal.reason).collect();
    assert_eq!(told, ["pip gets no cache mount: `rm /root/.cache` would fail on the mount point"]);
}

fn run_cache_mount(dockerfile: &str) -> crate::Outcome {
    run(&["cache-mount"], &[], dockerfile)
}

/// A shell that is handed a heredoc is any command to this program, but not one to be silent about.
#[test]
fn what_stands_in_a_heredoc_for_a_shell_is_told_of() {
    for shell in ["bash -ex", "sh", "sudo bash"] {
        let file =
            format!("FROM node:22\nWORKDIR /app\nCOPY . .\nRUN <<EOF {shell}\nnpm ci\nnpm run build\nEOF\n");
        let program = shell.trim_start_matches("sudo ").split(' ').next().expect("a word");
        check_refused(
            &["manifest-first"],
            super::APP,
            &file,
            &[&format!("4: npm ci stays below the sources: `{program}` may read or write any of them")],
        );
        check_refused(
            &["cache-mount"],
            super::APP,
            &file,
            &[
                "4: npm ci gets no cache mount: it stands in a heredoc for another shell, which is not read further",
            ],
        );
    }
    check_unchanged(&["cache-mount"], &[], "FROM node:22\nRUN cat <<EOF > /x\nnpm ci\nEOF\n");
}

/// What stands in one RUN after an `apt-merge` or in two after a split is told of by the lines that its reader sees.
#[test]
fn a_reason_names_lines_of_the_file_as_it_was() {
    let told = |only: &[&str], files: Files<'_>, before: &str| {
        let outcome = run(only, files, before);
        let file = dockerfile(&outcome);
        let told = file.refusals.iter().map(|refusal| format!("{}: {}", refusal.line, refusal.reason));
        told.collect::<Vec<_>>()
    };
    let relies = |line: usize, fetched: usize| {
        format!(
            "{line}: the install relies on the package lists of line {fetched}, which are old when only this line changes: write `apt-get update &&` before it"
        )
    };
    let before =
        "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y git\nRUN apt-get install -y vim\n";
    assert_eq!(told(&["apt-merge"], &[], before), [relies(4, 2)]);
    assert_eq!(told(&["apt-merge", "cache-mount"], &[], before), [relies(4, 2)]);
    // The lists come with a second command, in lines of its own, past an ENV.
    let before = "FROM debian:12\nRUN echo a > /a \\\n && apt-get update\nENV A=b\n# why\nRUN apt-get install -y \\\n    git\n\nRUN apt-get install -y vim\n";
    assert_eq!(told(&["apt-merge", "cache-mount"], &[], before), [relies(9, 2)]);
    // An install that has its own update names itself.
    let before = "FROM debian:12\nRUN echo a\nRUN apt-get update && apt-get install -y git\nRUN apt-get install -y vim\n";
    assert_eq!(told(&["apt-merge", "cache-mount"], &[], before), [relies(4, 3)]);
    let before = "FROM debian:12\nARG U=a\nARG V=b\nRUN apt-get update\nRUN apt-get install -y git\nRUN apt-get install -y $U $V\n";
    let wanted = "2: U and V stay where they are: line 6 relies on the index of apt that line 4 fetches, and would find an old one";
    assert_eq!(told(&["late-arg", "apt-merge"], &[], before), [wanted.to_owned(), relies(6, 4)]);
    let files = &[
        ("App.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\"></Project>\n"),
        ("Program.cs", ""),
        (".dockerignore", "**/bin\n**/obj\n"),
    ];
    // The first RUN is split, and gets a download of its own above the COPY.
    let publish = "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /src\nCOPY . .\nRUN dotnet workload install wasm-tools && dotnet publish -c Release -o /out\n";
    assert_eq!(
        told(&["manifest-first", "cache-mount"], files, publish),
        ["4: /root/.nuget/packages is part of the final image, which may read it"]
    );
    let before = format!("{publish}FROM nginx:alpine\nCOPY --from=0 /out /usr/share/nginx/html\n");
    assert_eq!(
        told(&["manifest-first", "cache-mount"], files, &before),
        ["4: another command of the same RUN writes to /root/.nuget/packages"]
    );
}

#[test]
fn a_dockerfile_is_named_where_there_are_several() {
    let context = Context::in_memory([("Api.csproj", ""), (".vscode/x", ""), (".vscode/y", "")]);
    let file = |name: &str, text: &str| ProjectFile {
        name: name.to_owned(),
        file: Arc::new(Dockerfile::parse(text.as_bytes())),
        context: context.clone(),
        rewrite: true,
    };
    let project = |files: Vec<ProjectFile>| Project { files, ..Project::default() };
    let told = |files: Vec<ProjectFile>| {
        let outcome = fix(&project(files), &Options::default());
        outcome.ignore_files[0].refusals.iter().map(|refusal| refusal.reason.clone()).collect::<Vec<_>>()
    };
    let all = "FROM debian\nCOPY . /a\n";
    let one = file("src/Web/Dockerfile", "FROM debian\nCOPY . /a\nCOPY .vscode /b\n");
    assert_eq!(told(vec![one.clone()]), ["`.vscode` is not added: line 3 of a Dockerfile takes `.vscode`"]);
    assert_eq!(
        told(vec![file("Dockerfile", all), one]),
        ["`.vscode` is not added: line 3 of src/Web/Dockerfile takes `.vscode`"]
    );
}

/// What a build argument makes of a destination is only known when it is built.
#[test]
fn a_directory_that_a_build_argument_names_is_told_of() {
    let refused = |before: &str, reason: &str| check_refused(&["manifest-first"], APP, before, &[reason]);
    refused(
        "FROM node:22\nARG APP_DIR=/app\nWORKDIR $APP_DIR\nCOPY . .\nRUN npm ci\nRUN npm run build\n",
        "5: npm ci stays below the sources: line 4 copies to ${APP_DIR}, which --build-arg may make a directory that it reads or writes",
    );
    refused(
        "FROM node:22\nARG D=/app\nWORKDIR /app\nCOPY src $D/src\nRUN mkdir -p /x && npm install -g a && npm ci\n",
        "5: npm ci stays below the sources: line 4 copies to ${D}/src, which --build-arg may make a directory that `mkdir -p /x` reads or writes",
    );
    refused(
        "FROM node:22\nARG D=/app\nWORKDIR $D\nCOPY . /tmp/project\nCOPY package.json package-lock.json ./\nRUN npm ci\n",
        "6: npm ci stays below the sources: line 5 copies to ${D}, which --build-arg may make a directory that line 4 copies to",
    );
    refused(
        "FROM node:22\nARG D=/app\nWORKDIR /app\nCOPY . $D\nCOPY package.json package-lock.json ./\nRUN npm ci\n",
        "6: npm ci stays below the sources: line 4 copies to ${D}, which --build-arg may make a directory that line 5 copies to",
    );
}

#[test]
fn reasons_say_what_is_in_the_way() {
    let refused = |only: &str, files: Files<'_>, before: &str, reasons: &[&str]| {
        check_refused(&[only], files, before, reasons);
    };
    refused(
        "apt-merge",
        &[],
        "FROM ubuntu:24.04\nRUN [\"apt-get\", \"update\"]\nRUN [\"apt-get\", \"install\", \"-y\", \"curl\"]\n",
        &["3: line 2 stands in JSON form, in which nothing joins two commands"],
    );
    let files: Files<'_> = &[
        ("App.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\"></Project>\n"),
        ("a.cs", ""),
        (".dockerignore", "**/obj\n**/bin\n"),
    ];
    let dotnet = |before: &str| {
        format!(
            "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /src\nCOPY . .\n{before}FROM scratch\nCOPY --from=0 /out /\n"
        )
    };
    refused(
        "manifest-first",
        files,
        &dotnet("RUN dotnet tool restore && dotnet restore\n"),
        &[
            "4: dotnet restore stays below the sources: `dotnet tool restore` before it may read or write any of them",
        ],
    );
    refused(
        "cache-mount",
        files,
        &dotnet("RUN dotnet restore\nRUN dotnet publish --no-restore -o /out\n"),
        &[
            "4: line 5 downloads nothing (--no-restore) and relies on what an earlier step leaves in /root/.nuget/packages",
            "5: it downloads nothing (--no-restore) and relies on what an earlier step left in /root/.nuget/packages",
        ],
    );
    let outcome = run(
        &["late-arg"],
        &[],
        "FROM debian:12\nARG UID=1 GID=2\nRUN apt-get update && apt-get install -y curl\nRUN useradd -u $UID -g $GID app\n",
    );
    assert_eq!(
        dockerfile(&outcome).changes[0].reason,
        "another value of UID or GID no longer reruns the RUN of line 3"
    );
    refused(
        "manifest-first",
        &[("Makefile", ""), (".vscode/x", "")],
        "FROM debian:12\nCOPY . /srv\nRUN apt-get update && apt-get install -y gcc make && make -C /srv\nCMD [\"/srv/run\"]\n",
        &[
            "3: the sources stay above: line 3 would have to be split before `apt-get install -y gcc make`, which may write to /srv, and what follows might rely on an old index of apt",
        ],
    );
}

#[test]
fn arguments_that_stay_for_one_reason_are_told_of_at_once() {
    let told = |arguments: &str, reasons: &[&str]| {
        let before =
            format!("FROM debian:12\n{arguments}RUN apt-get update && apt-get install -y curl\nCOPY a /a\n");
        check_refused(&["late-arg"], &[("a", "")], &before, reasons);
    };
    told(
        "ARG CACHEBUST=1\nARG REBUILD_KEY\n",
        &["2: CACHEBUST and REBUILD_KEY stay where they are: they seem to be there to rerun what follows"],
    );
    told(
        "ARG WEEK\nARG TODAY\n",
        &[
            "2: WEEK and TODAY stay where they are: nothing below names them, so they may be there to rerun line 4",
        ],
    );
    told(
        "ARG WEEK\nARG CACHEBUST\n",
        &[
            "2: WEEK stays where it is: nothing below names it, so it may be there to rerun line 4",
            "3: CACHEBUST stays where it is: it seems to be there to rerun what follows",
        ],
    );
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
    told("golang:1.22", "go mod vendor", "the way it is called is not read");
    told("golang:1.9", "go get ./...", "Go 1.9 has no modules");
    told("python:3.12", "uv run --frozen python -m compileall src", "the way it is called is not read");
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

/// A mount that its author empties again, or does not use, does nothing: there is a word of it, and no change.
#[test]
fn mounts_that_do_nothing_are_told_of() {
    let apt = "--mount=type=cache,target=/var/cache/apt,sharing=locked";
    let lists = "--mount=type=cache,target=/var/lib/apt/lists,sharing=locked";
    let pip = "--mount=type=cache,target=/root/.cache/pip";
    for (from, run, reason) in [
        (
            "debian:12",
            format!("{apt} apt-get update && apt-get install -y curl && apt-get clean"),
            "`apt-get clean` empties the cache mount at /var/cache/apt again",
        ),
        (
            "debian:12",
            format!("{lists} apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*"),
            "`rm -rf /var/lib/apt/lists/*` empties the cache mount at /var/lib/apt/lists again",
        ),
        (
            "python:3.12",
            format!("{pip} pip install --no-cache-dir flask"),
            "`--no-cache-dir` leaves the cache mount at /root/.cache/pip unused",
        ),
        (
            "node:22",
            "--mount=type=cache,target=/root/.npm npm install -g x && npm cache clean --force".to_owned(),
            "`npm cache clean --force` empties the cache mount at /root/.npm again",
        ),
    ] {
        let file = format!("# syntax=docker/dockerfile:1\nFROM {from}\nRUN {run}\n");
        check_refused(&["cache-mount"], &[], &file, &[&format!("3: {reason}")]);
    }
    // What is emptied there is no mount.
    let file = format!(
        "# syntax=docker/dockerfile:1\nFROM debian:12\nRUN {apt} apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n"
    );
    check_unchanged(&["cache-mount"], &[], &file);
}

/// Scripts of packages may write anywhere, which is not to say that they do; an index is no download.
#[test]
fn what_may_be_is_not_said_to_be() {
    let outcome = super::run(
        &["cache-mount"],
        &[],
        "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nWORKDIR /src\nRUN npm install --global x\nRUN dotnet publish a.csproj -o /out\nFROM scratch\nCOPY --from=b /out /out\n",
    );
    let refusals = outcome.files[0].refusals.iter().map(|refusal| refusal.reason.as_str());
    let wanted = "`npm install --global x` in line 3 runs scripts of packages, which may write to /root/.nuget/packages";
    assert!(refusals.clone().any(|reason| reason == wanted), "{:?}", refusals.collect::<Vec<_>>());
    let outcome = super::run(
        &["cache-mount"],
        &[],
        "FROM ubuntu:22.04\nRUN apt-get update && apt-get install -y ruby-bundler\nWORKDIR /app\nCOPY Gemfile Gemfile.lock ./\nRUN bundle install\n",
    );
    let reasons = outcome.files[0].changes.iter().map(|change| change.reason.as_str());
    let wanted =
        "the list of packages that there are for bundle stays in a cache mount (/root/.bundle/cache)";
    assert!(reasons.clone().any(|reason| reason == wanted), "{:?}", reasons.collect::<Vec<_>>());
    let gems: super::Files<'_> = &[("Gemfile", ""), ("a.rb", "")];
    let outcome =
        super::run(&["dockerignore"], gems, "FROM ruby:3\nWORKDIR /app\nCOPY . .\nRUN bundle install\n");
    assert_eq!(
        outcome.ignore_files[0].changes[0].reason,
        "keeps vendor/bundle out of the build context: what bundler has made there outside is not for the image"
    );
}

/// What is told to lie there is what a step of the file may have put there.
#[test]
fn an_index_that_nobody_fetches_is_none_of_an_earlier_step() {
    let nothing = "nothing in its RUN fetches the index in /var/cache/zypp first, and one that another build has left there \
                   may be old";
    check_refused(
        &["cache-mount"],
        &[],
        "FROM opensuse/leap\nRUN useradd x\nRUN zypper -n install git && zypper clean -a\n",
        &[&format!("3: {nothing}")],
    );
    check_refused(
        &["cache-mount"],
        &[],
        "FROM opensuse/leap\nRUN zypper -n refresh\nRUN zypper -n install git\n",
        &[
            "2: line 3 may rely on what this step leaves in /var/cache/zypp",
            "3: it relies on what an earlier step left in /var/cache/zypp",
        ],
    );
}

/// One line for each of them in a file.
#[test]
fn managers_that_are_not_known_are_told_of_once() {
    check_refused(
        &["cache-mount"],
        &[],
        "FROM debian\nRUN stack setup\nRUN stack build && luarocks --lua-version 5.1 install x\nRUN R -e 'install.packages(\"x\")'\nRUN deno --version\n",
        &[
            "2: `stack setup` gets no cache mount: Stack is none of the package managers that are known",
            "3: `luarocks --lua-version 5.1 install x` gets no cache mount: LuaRocks is none of the package managers that are \
             known",
            "4: `R -e 'install.packages(\"x\")'` gets no cache mount: R is none of the package managers that are known",
        ],
    );
    check_unchanged(&["cache-mount"], &[], "FROM debian\nRUN --mount=type=cache,target=/s stack setup\n");
}

/// Where the gems lie depends on the Ruby of the image.
#[test]
fn gems_outside_of_the_official_image_are_told_of() {
    check_refused(
        &["cache-mount"],
        &[],
        "FROM debian\nRUN gem install fpm\n",
        &["2: where gem keeps what it downloads in this image is not known"],
    );
    check_refused(
        &["cache-mount"],
        &[],
        "FROM jruby:9\nRUN bundle install\n",
        &["2: where bundle keeps what it downloads in this image is not known"],
    );
}
