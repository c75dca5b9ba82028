//! `late-arg`: which arguments pass which commands, and what goes along.

use super::{APP, Files, check, check_refused, check_unchanged};

const ONLY: &[&str] = &["late-arg"];

const PYTHON: Files<'_> = &[("requirements.txt", "flash-attn\n"), ("env.yaml", "dependencies: [numpy]\n")];

/// The argument stays above the install, and the reason names it.
#[track_caller]
fn check_stays(files: Files<'_>, text: &str, line: usize, name: &str, install: usize, why: &str) {
    check_refused(ONLY, files, text, &[&format!("{line}: {name} stays above line {install}: {why}")]);
}

fn may_read(manager: &str) -> String {
    let end = "and no instruction below tells of another use";
    format!("code of packages that {manager} installs there may read any variable, {end}")
}

#[test]
fn what_nobody_mentions_may_be_for_packages() {
    let file = |lines: &str| {
        format!("FROM python:3.12\n{lines}COPY requirements.txt ./\nRUN pip install -r requirements.txt\n")
    };
    for name in ["FORCE_IT", "MY_TOKEN", "DIST_VERSION_FILE"] {
        check_stays(PYTHON, &file(&format!("ARG {name}=1\n")), 2, name, 4, &may_read("pip"));
        let carried = format!("ARG {name}=1\nENV {name}=${{{name}}}\n");
        check_stays(PYTHON, &file(&carried), 2, name, 5, &may_read("pip"));
    }
    // What the variable of another name is for is not plain either.
    check_stays(PYTHON, &file("ARG V\nENV WITH_IT=$V\n"), 2, "V", 5, &may_read("pip"));
    let known = "code of packages that pip installs there reads variables such as TORCH_CUDA_ARCH_LIST";
    let file = format!("{}RUN echo $TORCH_CUDA_ARCH_LIST\n", file("ARG TORCH_CUDA_ARCH_LIST=9\n"));
    check_stays(PYTHON, &file, 2, "TORCH_CUDA_ARCH_LIST", 4, known);
    check_stays(
        &[("Gemfile", "gem 'mimemagic'\n"), ("Gemfile.lock", "GEM\n")],
        "FROM ruby:3.4\nARG MIME_PATH\nENV MIME_PATH=$MIME_PATH\nRUN gem install mimemagic\n",
        2,
        "MIME_PATH",
        4,
        &may_read("gem"),
    );
}

#[test]
fn scripts_of_system_packages_are_known() {
    check(
        ONLY,
        PYTHON,
        "FROM python:3.12\nARG TORCH_CUDA_ARCH_LIST\nRUN apt-get update && apt-get install -y git\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\n",
        "FROM python:3.12\nRUN apt-get update && apt-get install -y git\nCOPY requirements.txt ./\nARG TORCH_CUDA_ARCH_LIST\nRUN pip install -r requirements.txt\n",
    );
}

#[test]
fn what_is_plainly_for_others_passes_packages() {
    let moves = |lines: &str, below: &str| {
        let install = "COPY requirements.txt ./\nRUN pip install -r requirements.txt\n";
        let before = format!("FROM python:3.12\n{lines}{install}{below}");
        let after = format!("FROM python:3.12\n{install}{lines}{below}");
        check(ONLY, PYTHON, &before, &after);
    };
    moves("ARG GIT_SHA\nENV GIT_SHA=$GIT_SHA\n", "");
    moves("ARG VITE_URL\nENV VITE_URL=$VITE_URL\n", "");
    moves("ARG DB_URL\n", "RUN ./migrate $DB_URL\n");
    moves("ARG DB_URL\nENV DB_URL=$DB_URL\n", "CMD ./serve ${DB_URL}\n");
    moves("ARG VENDOR\nLABEL vendor=$VENDOR\n", "");
    moves("ARG TOOL_HOME=/opt\n", "ENV PATH=$TOOL_HOME/bin:$PATH\n");
    moves("ARG NODE_MAJOR=20\n", "FROM node:$NODE_MAJOR\n");
}

/// What starts, translates or emulates a program reads them, whatever the program.
#[test]
fn some_names_pass_no_run() {
    for name in ["QEMU_CPU", "LD_PRELOAD", "SOURCE_DATE_EPOCH", "MAMBA_DOCKERFILE_ACTIVATE", "BASH_ENV"] {
        check_stays(
            PYTHON,
            &format!("FROM company/base\nARG {name}=1\nRUN apk add curl\n"),
            2,
            name,
            3,
            &format!("any program may be steered by variables such as {name}"),
        );
    }
}

/// An argument does not do what is set beside it.
#[test]
fn the_line_that_sets_more_is_told_of() {
    let file = |set: &str| {
        format!(
            "FROM alpine:3.20\nARG BUILD_DATE\nARG TAG\nENV {set} TAGGED=\"$TAG\" BD=\"$BUILD_DATE\"\nRUN apk add --no-cache curl\n"
        )
    };
    for (set, reason) in [
        ("TZ=Asia/Shanghai", "the ENV of line 4 sets TZ, by which any program may be steered"),
        (
            "https_proxy=http://x",
            "the ENV of line 4 sets https_proxy, and a command there reads such variables",
        ),
    ] {
        check_refused(
            ONLY,
            PYTHON,
            &file(set),
            &[&format!("2: BUILD_DATE and TAG stay above line 5: {reason}")],
        );
    }
}

/// Another value makes another base image, and everything runs again.
#[test]
fn what_names_the_base_stays() {
    for head in [
        "ARG B=debian\nFROM $B\n",
        "ARG B=12\nARG I=debian:$B\nFROM ${I}\n",
        "ARG B=debian\nFROM $B AS x\nRUN echo\nFROM x\n",
    ] {
        check_unchanged(
            ONLY,
            PYTHON,
            &format!("{head}ARG B\nRUN apt-get update && apt-get install -y y\nRUN echo $B\n"),
        );
    }
}

/// A value is made of what holds where it is set.
#[test]
fn values_stay_what_they_are() {
    check(
        ONLY,
        PYTHON,
        "FROM debian\nENV D=1\nARG A=$D\nRUN apt-get update && apt-get install -y y\nENV D=2\nRUN apt-get update && echo $A\n",
        "FROM debian\nENV D=1\nRUN apt-get update && apt-get install -y y\nARG A=$D\nENV D=2\nRUN apt-get update && echo $A\n",
    );
}

#[test]
fn arguments_keep_their_order() {
    check(
        ONLY,
        PYTHON,
        "FROM debian\nARG A\nARG B\nRUN apt-get update && apt-get install -y y\nWORKDIR /x\nRUN echo $A $B\n",
        "FROM debian\nRUN apt-get update && apt-get install -y y\nWORKDIR /x\nARG A\nARG B\nRUN echo $A $B\n",
    );
    check(
        ONLY,
        PYTHON,
        "FROM debian\nARG V=1\nARG TOKEN\nARG P=x\nARG FILE=$P-$V\nRUN apt-get update && apt-get install -y y\nRUN tar -cf /tmp/$FILE /srv && echo $TOKEN\n",
        "FROM debian\nRUN apt-get update && apt-get install -y y\nARG V=1\nARG TOKEN\nARG P=x\nARG FILE=$P-$V\nRUN tar -cf /tmp/$FILE /srv && echo $TOKEN\n",
    );
    check(
        ONLY,
        PYTHON,
        "FROM debian\n\n# first\nARG A\nENV A=$A\n\n# second\nARG B\nENV B=$B\n\nRUN apt-get update && apt-get install -y y\n\nCMD [\"x\"]\n",
        "FROM debian\n\nRUN apt-get update && apt-get install -y y\n\n# first\nARG A\nENV A=$A\n\n# second\nARG B\nENV B=$B\n\nCMD [\"x\"]\n",
    );
    // Those that come later and pass fewer RUNs.
    check(
        ONLY,
        PYTHON,
        "FROM debian\nARG A\nRUN apt-get update && apt-get install -y y\nARG B\nRUN apt-get update && apt-get install -y y\nWORKDIR /x\nRUN echo $A $B\n",
        "FROM debian\nRUN apt-get update && apt-get install -y y\nRUN apt-get update && apt-get install -y y\nWORKDIR /x\nARG A\nARG B\nRUN echo $A $B\n",
    );
}

#[test]
fn a_comment_stays_with_what_it_heads() {
    // It heads the RUN as well.
    check(
        ONLY,
        &[],
        "FROM python:3.12\n\n# Install Poetry\nARG DIR=/opt/p\nARG V\nRUN pip install poetry==${V}\n\n# Search path\nENV PATH=$DIR/bin:$PATH\n",
        "FROM python:3.12\n\n# Install Poetry\nARG V\nRUN pip install poetry==${V}\n\nARG DIR=/opt/p\n\n# Search path\nENV PATH=$DIR/bin:$PATH\n",
    );
    check(
        ONLY,
        &[],
        "FROM debian\n\n# Redeclare ARGs\nARG A\nARG LC_X\n\nRUN apt-get update && apt-get install -y y\nRUN x $A\n",
        "FROM debian\n\n# Redeclare ARGs\nARG LC_X\n\nRUN apt-get update && apt-get install -y y\nARG A\nRUN x $A\n",
    );
    // All that it heads goes, or it says so.
    check(
        ONLY,
        &[],
        "FROM debian\n# Metadata\nARG A\nLABEL a=$A\nARG B\nLABEL b=$B\n\nRUN apt-get update && apt-get install -y y\nUSER 1\n",
        "FROM debian\n\nRUN apt-get update && apt-get install -y y\n# Metadata\nARG A\nLABEL a=$A\nARG B\nLABEL b=$B\nUSER 1\n",
    );
    for comment in ["# GIT_SHA is the commit", "# Build arguments"] {
        check(
            ONLY,
            &[],
            &format!(
                "FROM debian\n{comment}\nARG GIT_SHA\nRUN apt-get update && apt-get install -y y\nUSER 1\n"
            ),
            &format!(
                "FROM debian\nRUN apt-get update && apt-get install -y y\n{comment}\nARG GIT_SHA\nUSER 1\n"
            ),
        );
    }
    check(
        ONLY,
        &[],
        "FROM debian\n# Tools\nARG A=\\\n  # inside\n  1\nRUN apt-get update && apt-get install -y y\nUSER $A\n",
        "FROM debian\n# Tools\nRUN apt-get update && apt-get install -y y\nARG A=\\\n  # inside\n  1\nUSER $A\n",
    );
}

/// What stands together is told of together.
#[test]
fn arguments_that_stay_together_are_told_of_once() {
    check_refused(
        ONLY,
        &[],
        "FROM debian\nARG A\nARG B\nENV B=$B\nARG C\nRUN ./x\n",
        &["2: A, B and C stay above line 6: `x` may read any variable"],
    );
    check_refused(
        ONLY,
        &[],
        "FROM debian\nARG A\nWORKDIR /x\nARG B\nRUN ./x\n",
        &[
            "2: A stays above line 5: `x` may read any variable",
            "4: B stays above line 5: `x` may read any variable",
        ],
    );
}

/// BuildKit replaces variables in the heredocs of COPY.
#[test]
fn a_heredoc_of_copy_reads_variables() {
    let file = |heredoc: &str| {
        format!(
            "FROM debian:12\nARG GIT_SHA\nRUN cp -r /a /x\nCOPY <<{heredoc} /version\n$GIT_SHA\nEOF\nRUN mkdir /y\n"
        )
    };
    check(
        ONLY,
        &[],
        &file("EOF"),
        "FROM debian:12\nRUN cp -r /a /x\nARG GIT_SHA\nCOPY <<EOF /version\n$GIT_SHA\nEOF\nRUN mkdir /y\n",
    );
}

/// Settings that were written above read the variable when an install uses them.
#[test]
fn settings_above_may_name_it() {
    let files =
        &[("home.npmrc", "registry=${BUILD_TAG}"), ("package.json", "{}"), ("package-lock.json", "{}")];
    for (above, below) in [
        ("COPY home.npmrc /root/.npmrc", "RUN npm ci"),
        ("RUN echo 'registry=${BUILD_TAG}' > /root/.npmrc", "RUN npm ci"),
        ("COPY <<'EOF' /root/.npmrc\nregistry=${BUILD_TAG}\nEOF", "RUN npm ci"),
    ] {
        let line = 6 + 2 * usize::from(above.contains('\n'));
        check_refused(
            ONLY,
            files,
            &format!(
                "FROM node:22\nWORKDIR /app\n{above}\nARG BUILD_TAG\nCOPY package.json package-lock.json ./\n{below}\n"
            ),
            &[&format!(
                "{}: BUILD_TAG stays above line {line}: line 3 writes it down, which a command there may read",
                line - 2
            )],
        );
    }
}

/// An ENV hides the argument of its name: below it, that says nothing any more.
#[test]
fn an_env_stays_where_it_hides_another_argument() {
    let outcome = super::run(
        ONLY,
        &[],
        "FROM debian:12\nARG VERSION\nARG APP_VERSION\nENV VERSION=$APP_VERSION\nRUN apt-get update && apt-get install -y curl\n",
    );
    assert_eq!(outcome.files[0].bug, None);
    assert!(outcome.files[0].changes.is_empty(), "{:?}", outcome.files[0].changes);
}

/// Another value is the way to get what a server has by now.
#[test]
fn arguments_that_are_there_for_the_cache_stay() {
    for argument in ["ARG CACHEBUST=1", "# nothing below comes from the cache\nARG STAMP"] {
        let name = argument.rsplit("ARG ").next().unwrap_or_default().split('=').next().unwrap_or_default();
        let line = 1 + argument.lines().count();
        check_refused(
            &["late-arg"],
            &[],
            &format!("FROM debian\n{argument}\nRUN apt-get update && apt-get install -y git\n"),
            &[&format!("{line}: {name} stays where it is: it seems to be there to rerun what follows")],
        );
    }
    let takes = "takes what is there when it runs, which another value may be for";
    for command in [
        "git clone https://x.org/a",
        "git clone -b main https://x.org/a",
        "curl -LO https://x.org/a/latest/a.tar",
    ] {
        check_refused(
            &["late-arg"],
            &[],
            &format!("FROM debian\nARG SHA\nRUN {command}\nLABEL sha=$SHA\n"),
            &[&format!("2: SHA stays above line 3: `{command}` {takes}")],
        );
    }
    for command in ["git clone -b v1.2 https://x.org/a", "curl -LO https://x.org/releases/v1/a.tar"] {
        check(
            &["late-arg"],
            &[],
            &format!("FROM debian\nARG SHA\nRUN {command}\nLABEL sha=$SHA\n"),
            &format!("FROM debian\nRUN {command}\nARG SHA\nLABEL sha=$SHA\n"),
        );
    }
}

/// An argument does not come between a heading and what it heads.
#[test]
fn an_argument_stands_above_the_paragraph_of_its_reader() {
    check(
        &["late-arg"],
        &[],
        "FROM debian\nARG A\nRUN apt-get update && apt-get install -y curl\n\n# The tool\nENV DIR=/x\nRUN echo $A > $DIR\n",
        "FROM debian\nRUN apt-get update && apt-get install -y curl\n\nARG A\n\n# The tool\nENV DIR=/x\nRUN echo $A > $DIR\n",
    );
    // A copy above it reruns for no argument.
    check(
        &["late-arg"],
        &[],
        "FROM debian\nARG A\nRUN apt-get update && apt-get install -y curl\n\n# The tool\nCOPY x /x\nWORKDIR /x\nRUN echo $A\n",
        "FROM debian\nRUN apt-get update && apt-get install -y curl\n\nARG A\n\n# The tool\nCOPY x /x\nWORKDIR /x\nRUN echo $A\n",
    );
}

#[test]
fn an_index_that_is_gone_serves_nobody() {
    let conditional = "RUN if x; then apt install -y gcc; fi\n";
    let file = |run: &str| {
        (
            format!("FROM ubuntu:22.04\nARG V\n{run}{conditional}"),
            format!("FROM ubuntu:22.04\n{run}ARG V\n{conditional}"),
        )
    };
    let install = "apt-get update && apt-get install -y a";
    let removed = format!("RUN {install} && rm -rf /var/lib/apt/lists/*\n");
    let (before, after) = file(&removed);
    check(&["late-arg"], APP, &before, &after);
    let (before, after) = file(&format!("RUN {install}\nRUN rm -rf /var/lib/apt/lists/*\n"));
    check(&["late-arg"], APP, &before, &after);
    let mounted = format!("RUN --mount=type=cache,target=/var/lib/apt/lists {install}\n");
    let (before, after) = file(&mounted);
    check(&["late-arg"], APP, &before, &after);
    // It is there for who has the mount too.
    let both = format!(
        "FROM ubuntu:22.04\nARG V\n{mounted}{}",
        conditional.replace("RUN", "RUN --mount=type=cache,target=/var/lib/apt/lists")
    );
    let left = "line 4 relies on the index of apt that line 3 fetches, and would find an old one";
    check_refused(&["late-arg"], APP, &both, &[&format!("2: V stays where it is: {left}")]);
    let (before, _) = file(&format!("RUN {install} || rm -rf /var/lib/apt/lists/*\n"));
    check_refused(&["late-arg"], APP, &before, &[&format!("2: V stays where it is: {left}")]);
}

#[test]
fn manifests_that_are_mounted_are_no_missing_ones() {
    let mount = "--mount=type=bind,target=/work/package.json,source=package.json";
    check_refused(
        &["late-arg"],
        APP,
        &format!("FROM node:22\nARG V\nWORKDIR /work\nRUN {mount} npm ci\nRUN echo $V\n"),
        &[
            "2: V stays above line 4: the files that npm reads there are mounted, and what they name is not looked at",
        ],
    );
}

/// What nobody reads any more does not part copies that stand together.
#[test]
fn what_nobody_reads_comes_below_a_paragraph() {
    check(
        &["late-arg"],
        &[],
        "FROM debian AS a\nFROM debian\n\nARG V\nLABEL v=$V\n\nRUN apt-get update && apt-get install -y curl\nCOPY --from=a /b /b\nCOPY --from=a /c /c\n\nUSER 1000\n",
        "FROM debian AS a\nFROM debian\n\nRUN apt-get update && apt-get install -y curl\nCOPY --from=a /b /b\nCOPY --from=a /c /c\n\nARG V\nLABEL v=$V\n\nUSER 1000\n",
    );
}

/// `ENV H=$H` keeps what is known of the argument of that name.
#[test]
fn an_argument_passes_mkdir_of_a_variable() {
    for env in ["H", "OTHER"] {
        check(
            &["late-arg"],
            &[],
            &format!(
                "FROM debian\nARG COMMIT_SHA\nARG H=/x\nENV {env}=$H\nRUN mkdir -p \"${env}\" && cp -r /a /b\nLABEL r=$COMMIT_SHA\n"
            ),
            &format!(
                "FROM debian\nARG H=/x\nENV {env}=$H\nRUN mkdir -p \"${env}\" && cp -r /a /b\nARG COMMIT_SHA\nLABEL r=$COMMIT_SHA\n"
            ),
        );
    }
}

#[test]
fn a_token_stays_above_git() {
    for name in ["GITHUB_TOKEN", "GH_PAT", "DEPLOY_SECRET"] {
        check_refused(
            &["late-arg"],
            &[("gitconfig", "")],
            &format!(
                "FROM debian\nCOPY gitconfig /root/.gitconfig\nARG {name}\nRUN git clone https://github.com/x/y /y\nRUN echo done\n"
            ),
            &[&format!("3: {name} stays above line 4: a command there reads variables such as {name}")],
        );
    }
}

#[test]
fn an_argument_goes_to_its_first_use() {
    check(
        &["late-arg"],
        &[],
        "FROM debian\nARG GIT_SHA\nRUN apt-get update && apt-get install -y curl\nLABEL sha=$GIT_SHA\nCMD [\"x\"]\n",
        "FROM debian\nRUN apt-get update && apt-get install -y curl\nARG GIT_SHA\nLABEL sha=$GIT_SHA\nCMD [\"x\"]\n",
    );
    check_refused(
        &["late-arg"],
        &[],
        "FROM debian\nARG GIT_SHA\nRUN ./build.sh\n",
        &["2: GIT_SHA stays above line 3: `build.sh` may read any variable"],
    );
    check_unchanged(&["late-arg"], &[], "FROM debian\nARG V\nRUN echo $V\n");
}

/// An argument and the line that carries it on, a paragraph together: no second blank line is left.
#[test]
fn paragraphs_move_whole() {
    check(
        &["late-arg"],
        &[],
        "FROM debian\n\nARG SHA\nENV COMMIT=$SHA\n\nRUN apt-get update && apt-get install -y curl\n\nRUN ./x\n",
        "FROM debian\n\nRUN apt-get update && apt-get install -y curl\n\nARG SHA\nENV COMMIT=$SHA\n\nRUN ./x\n",
    );
}

/// What goes as whole paragraphs takes one blank line each along, wherever it goes and wherever the file ends.
#[test]
fn paragraphs_move_as_such() {
    check(
        &["late-arg"],
        &[],
        "FROM alpine\n\nARG A\nARG B\n\nLABEL a=$A b=$B\n\nRUN apk add curl\n\nWORKDIR /x",
        "FROM alpine\n\nRUN apk add curl\n\nARG A\nARG B\n\nLABEL a=$A b=$B\n\nWORKDIR /x",
    );
    check(
        &["late-arg"],
        &[],
        "FROM alpine\n\nARG A\nARG V\n\nLABEL a=$A\n\nENV W=$V\n\nRUN apk add curl\n\nWORKDIR /x",
        "FROM alpine\n\nRUN apk add curl\n\nARG A\nARG V\n\nLABEL a=$A\n\nENV W=$V\n\nWORKDIR /x",
    );
}

/// Who marks each image with another commit or week gets the updates of the day with it.
#[test]
fn updates_of_the_day_are_not_cached_for_ever() {
    let upgrades = [
        ("debian:12", "apt-get update && apt-get upgrade -y", "apt-get upgrade -y"),
        ("alpine:3.20", "apk -U upgrade", "apk -U upgrade"),
        ("fedora:41", "dnf -y update", "dnf -y update"),
        ("archlinux", "pacman -Syu --noconfirm git", "pacman -Syu --noconfirm git"),
        ("node:22", "npm install -g typescript@latest", "npm install -g typescript@latest"),
        ("node:22", "npm install -g typescript@next", "npm install -g typescript@next"),
        ("python:3.12", "pip install -U yt-dlp", "pip install -U yt-dlp"),
        ("python:3.12", "pip install -qU yt-dlp", "pip install -qU yt-dlp"),
        ("python:3.12", "pip install --pre torch", "pip install --pre torch"),
        ("python:3.12", "uv pip install --system -U yt-dlp", "uv pip install --system -U yt-dlp"),
        ("python:3.12", "pip install git+https://x.io/a/b@main", "pip install git+https://x.io/a/b@main"),
        (
            "python:3.12",
            "pip install https://x.io/b/archive/x.zip",
            "pip install https://x.io/b/archive/x.zip",
        ),
    ];
    for (base, run, command) in upgrades {
        let why = format!("`{command}` gets what is newest when it runs, which another value may be for");
        let file = format!("FROM {base}\nARG GIT_SHA\nRUN {run}\nLABEL sha=$GIT_SHA\n");
        check_refused(ONLY, PYTHON, &file, &[&format!("2: GIT_SHA stays above line 3: {why}")]);
        // A number that is used for itself is not there for that.
        check(
            ONLY,
            PYTHON,
            &format!("FROM {base}\nARG UID\nRUN {run}\nRUN useradd -u $UID x\n"),
            &format!("FROM {base}\nRUN {run}\nARG UID\nRUN useradd -u $UID x\n"),
        );
    }
    check_refused(
        ONLY,
        PYTHON,
        "FROM debian:12\nARG WEEK\nRUN apt-get update && apt-get install -y curl\n",
        &["2: WEEK stays where it is: nothing below names it, so it may be there to rerun line 3"],
    );
}

/// Nor is what the files of an install name by a branch.
#[test]
fn branches_are_not_cached_for_ever() {
    let refused = |files: super::Files<'_>, base: &str, run: &str, why: &str| {
        let file =
            format!("FROM {base}\nWORKDIR /app\nARG GIT_SHA\nCOPY . .\nRUN {run}\nLABEL sha=$GIT_SHA\n");
        check_refused(ONLY, files, &file, &[&format!("3: GIT_SHA stays above line 5: {why}")]);
    };
    refused(
        &[("requirements.txt", "flask==3\ngit+https://github.com/a/b@main\n")],
        "python:3.12",
        "pip install -r requirements.txt",
        "requirements.txt names `git+https://github.com/a/b@main`, of which pip gets what is newest when it runs, which another value may be for",
    );
    let package = ("package.json", r#"{"dependencies": {"a": "github:x/a#main"}}"#);
    refused(
        &[package],
        "node:22",
        "npm install",
        "package.json names `a@github:x/a#main`, of which npm gets what is newest when it runs, which another value may be for",
    );
    // A commit, and a lock file, say what it is.
    let passes = |files: super::Files<'_>, base: &str, run: &str| {
        let above =
            format!("FROM {base}\nWORKDIR /app\nARG GIT_SHA\nCOPY . .\nRUN {run}\nLABEL sha=$GIT_SHA\n");
        let below =
            format!("FROM {base}\nWORKDIR /app\nCOPY . .\nRUN {run}\nARG GIT_SHA\nLABEL sha=$GIT_SHA\n");
        check(ONLY, files, &above, &below);
    };
    passes(
        &[("requirements.txt", "git+https://github.com/a/b@0123456789abcdef0123456789abcdef01234567\n")],
        "python:3.12",
        "pip install -r requirements.txt",
    );
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "github:x/a#main"}}, "node_modules/a": {"version": "1.0.0"}}}"#;
    passes(&[package, ("package-lock.json", lock)], "node:22", "npm ci");
}

/// The scripts of Debian's packages are known well enough, and not those of everybody's.
#[test]
fn scripts_of_packages_from_elsewhere_may_read_any_variable() {
    let file = |repository: &str| {
        let install = "RUN apt-get update && apt-get install -y gitlab-ee";
        format!(
            "FROM debian:12\n{repository}ARG EXTERNAL_URL\nENV EXTERNAL_URL=$EXTERNAL_URL\n{install}\nCMD run\n"
        )
    };
    let why = "scripts of packages from elsewhere, which line 2 may bring, may read any variable, such as EXTERNAL_URL";
    for repository in ["COPY x.list /etc/apt/sources.list.d/\n", "RUN wget -O- https://a.io/x.sh | bash\n"] {
        check_refused(
            ONLY,
            PYTHON,
            &file(repository),
            &[&format!("3: EXTERNAL_URL stays above line 5: {why}")],
        );
    }
    check(
        ONLY,
        PYTHON,
        &file(""),
        "FROM debian:12\nRUN apt-get update && apt-get install -y gitlab-ee\nARG EXTERNAL_URL\nENV EXTERNAL_URL=$EXTERNAL_URL\nCMD run\n",
    );
}

/// Where the stage below runs again in any case, nothing is gained above it.
#[test]
fn an_argument_of_the_parent_stage_gains_nothing_in_the_child() {
    let file = |parent: &str| {
        format!(
            "FROM debian:12 AS a\n{parent}FROM a\nARG user\nRUN apt-get update && apt-get install -y curl\nUSER $user\n"
        )
    };
    super::check_unchanged(ONLY, PYTHON, &file("ARG user\nRUN useradd $user\n"));
    check(
        ONLY,
        PYTHON,
        &file("RUN useradd x\nARG user\n"),
        "FROM debian:12 AS a\nRUN useradd x\nARG user\nFROM a\nRUN apt-get update && apt-get install -y curl\nARG user\nUSER $user\n",
    );
}

/// A `chmod` that no longer runs again is not worth a change.
#[test]
fn what_takes_no_time_is_not_passed() {
    check_unchanged(
        &["late-arg"],
        &[],
        "FROM debian\nARG GIT_SHA\nRUN mkdir -p /a && chmod 700 /a && echo x > /a/b\nRUN useradd app\nLABEL r=$GIT_SHA\n",
    );
}
