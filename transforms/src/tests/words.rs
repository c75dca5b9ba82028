//! Words of the shell of which less is known than of others: command substitutions, home directories, variables.

use super::{check, check_refused, check_unchanged, refusals};

const COMPOSER: super::Files<'_> = &[
    (".dockerignore", "vendor\n"),
    ("composer.json", "{\"require\": {\"monolog/monolog\": \"^3\"}}"),
    ("composer.lock", "{\"packages\": []}"),
    ("VERSION", "1"),
    ("index.php", "<?php"),
];

/// What a substitution runs is known as any command is; only the value of the word is not.
#[test]
fn substitutions_that_only_tell_something_are_read() {
    check(
        &["late-arg"],
        &[],
        "FROM php:8.3-apache\nARG COMMIT\nLABEL org.label-schema.vcs-ref=$COMMIT\nRUN docker-php-ext-install -j$(nproc) pdo_mysql\n",
        "FROM php:8.3-apache\nRUN docker-php-ext-install -j$(nproc) pdo_mysql\nARG COMMIT\nLABEL org.label-schema.vcs-ref=$COMMIT\n",
    );
    let file = |command: &str| {
        format!(
            "FROM php:8.3-apache\nWORKDIR /app\nCOPY . .\nRUN {command}\nRUN composer install --no-scripts --no-autoloader\n"
        )
    };
    for command in [
        "docker-php-ext-install -j \"$(nproc)\" pdo_mysql",
        "docker-php-ext-install -j`nproc` pdo_mysql",
        "echo \"deb [arch=$(dpkg --print-architecture)] http://x/y $(lsb_release -cs) main\" > /etc/apt/sources.list.d/x.list",
        "A=$(uname -m | sed s/x86_64/amd64/) && curl -fsSL https://x/y-$A -o /usr/local/bin/y",
        "mkdir -p /data/$(date +%Y)",
    ] {
        check(
            &["manifest-first"],
            COMPOSER,
            &file(command),
            &format!(
                "FROM php:8.3-apache\nWORKDIR /app\nRUN {command}\nCOPY composer.json composer.lock ./\nRUN composer install --no-scripts --no-autoloader\nCOPY . .\n"
            ),
        );
    }
    // What it may write, what may be any words, what nobody knows.
    for command in [
        "echo $(cat /etc/issue) > /x",
        "mkdir -p /data/$(sed -i s/a/b/ index.php)",
        "docker-php-ext-install $(cat /etc/list)",
        "docker-php-ext-install -j$(nproc) $(nproc)",
        "mkdir -p /data/$(./name)",
        "rm -rf $(pwd)/x",
        "sh -c \"$(cat /etc/issue)\"",
        "mkdir /x-$(A=b date)",
        "cat <(uname -m)",
    ] {
        let reasons = refusals(&["manifest-first"], COMPOSER, &file(command));
        assert!(
            reasons.len() == 1 && reasons[0].contains("stays below the sources"),
            "{command}: {reasons:?}"
        );
    }
    // What it reads is copied before it.
    check(
        &["manifest-first"],
        COMPOSER,
        &file("A=\"$(cat VERSION)\" && echo $A > /version"),
        "FROM php:8.3-apache\nWORKDIR /app\nCOPY VERSION composer.json composer.lock ./\nRUN A=\"$(cat VERSION)\" && echo $A > /version\nRUN composer install --no-scripts --no-autoloader\nCOPY . .\n",
    );
    check(
        &["manifest-first"],
        &[("requirements.txt", "flask\n"), ("url", ""), ("a.py", "")],
        "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN PIP_INDEX_URL=$(cat url) pip install -r requirements.txt\n",
        "FROM python:3.12\nWORKDIR /app\nCOPY url requirements.txt ./\nRUN PIP_INDEX_URL=$(cat url) pip install -r requirements.txt\nCOPY . .\n",
    );
    // An argument that stands above the time of day may be there for its sake.
    check_refused(
        &["late-arg"],
        &[],
        "FROM debian\nARG COMMIT\nRUN echo \"$(date)\" > /built\nLABEL a=$COMMIT\n",
        &[
            "2: COMMIT stays above line 3: `echo \"$(date)\"` takes what is there when it runs, which another value may be for",
        ],
    );
    // What an install is told so, it is not asked for.
    check(
        &["cache-mount"],
        &[],
        "FROM debian:12\nRUN apt-get update && apt-get install -y linux-headers-$(uname -r)\n",
        "FROM debian:12\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\\n    apt-get update && apt-get -o Dir::Cache::archives=/var/cache/apt/keep install -y linux-headers-$(uname -r)\n",
    );
}

/// The second part of a RUN would ask for the time again.
#[test]
fn a_run_is_not_split_behind_the_output_of_a_command() {
    let files: super::Files<'_> = &[
        (".dockerignore", "node_modules\n"),
        ("package.json", "{\"scripts\": {\"build\": \"x\"}}"),
        ("package-lock.json", "{\"packages\": {}}"),
        ("a.js", ""),
    ];
    check_refused(
        &["manifest-first"],
        files,
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN T=$(date) && npm ci && npm run build -- $T\n",
        &[
            "4: npm ci stays below the sources: `npm run build -- $T` after it in the same RUN may read or write any of them, and what a command substitution before it prints may be another in a RUN of its own",
        ],
    );
    check_unchanged(
        &["manifest-first"],
        files,
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN T=$(date) && npm ci\nCOPY . .\n",
    );
}

/// What a build is told of the time is no matter of the download; what it is told of the proxy is.
#[test]
fn downloads_are_not_told_what_commands_print() {
    let file = |build: &str| format!("FROM golang:1.22\nWORKDIR /app\nCOPY . .\nRUN {build}\n");
    let build = "go build -ldflags \"-X main.date=$(date -u +%F)\" -o /x .";
    check(
        &["manifest-first"],
        super::GO,
        &file(build),
        &format!(
            "FROM golang:1.22\nWORKDIR /app\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN {build}\n"
        ),
    );
    for build in
        ["GOPROXY=$(cat /proxy) go build -o /x .", "export GOPROXY=\"$(cat /proxy)\" && go build -o /x ."]
    {
        let reasons = refusals(&["manifest-first"], super::GO, &file(build));
        assert!(reasons.len() == 1 && reasons[0].starts_with("4: "), "{build}: {reasons:?}");
    }
}

/// An unquoted tilde and a HOME that nobody sets are the home directory of the user.
#[test]
fn the_home_directory_is_known() {
    let file = |user: &str, command: &str| {
        format!(
            "FROM php:8.3-apache\n{user}WORKDIR /app\nCOPY . .\nRUN {command}\nRUN composer install --no-scripts --no-autoloader\n"
        )
    };
    let sunk = |user: &str, command: &str| {
        format!(
            "FROM php:8.3-apache\n{user}WORKDIR /app\nRUN {command}\nCOPY composer.json composer.lock ./\nRUN composer install --no-scripts --no-autoloader\nCOPY . .\n"
        )
    };
    for command in [
        "mkdir -p ~/.ssh",
        "mkdir -p $HOME/.ssh",
        "echo a >> ~/.bashrc",
        "rm -rf \"${HOME}\"/x ~",
        "sh -c 'mkdir ~/x'",
    ] {
        check(&["manifest-first"], COMPOSER, &file("", command), &sunk("", command));
    }
    check(
        &["manifest-first"],
        COMPOSER,
        &file("ENV HOME=/h\n", "mkdir ~/x"),
        &sunk("ENV HOME=/h\n", "mkdir ~/x"),
    );
    for (user, command) in [
        ("ENV HOME=/app\n", "mkdir ~/x"),
        ("ENV HOME=/app\n", "rm -rf $HOME/x"),
        ("USER bob\n", "mkdir ~/x"),
        ("ARG HOME\n", "mkdir ~/x"),
        ("", "HOME=/app; mkdir ~/x"),
        ("", "mkdir ~bob/x"),
        ("", "mkdir ~\"/x\""),
        ("", "rm -rf ~/*"),
        ("", "mkdir \"~/x\""),
        ("", "mkdir ~/{a,b}"),
    ] {
        let reasons = refusals(&["manifest-first"], COMPOSER, &file(user, command));
        assert!(
            reasons.len() == 1 && reasons[0].contains("stays below the sources"),
            "{user}{command}: {reasons:?}"
        );
    }
}

/// Where `mkdir` makes a directory may be unknown; that it looks at no variable but those of its words is not.
#[test]
fn words_name_the_variables_that_a_command_reads() {
    for command in [
        "mkdir -p \"$UNSET\"",
        "adduser -h ${PWD} -D ${USERNAME}",
        "cd /work/otp_${V}",
        "chown -R $U:$U $D",
        "echo hi >> ${SOMEWHERE}/.bashrc",
        "rm -rf $X && cp a $Y",
    ] {
        check(
            &["late-arg"],
            &[],
            &format!("FROM debian\nARG COMMIT\nRUN {command}\nRUN cp -r /a /b\nLABEL a=$COMMIT\n"),
            &format!("FROM debian\nRUN {command}\nRUN cp -r /a /b\nARG COMMIT\nLABEL a=$COMMIT\n"),
        );
    }
    for command in
        ["./mkdir $X", "cat < $X", "$X", "PATH=/x mkdir $X", "cp -r /proc/self $X", "make $X", "eval $X"]
    {
        let reasons = refusals(
            &["late-arg"],
            &[],
            &format!("FROM debian\nARG COMMIT\nRUN {command}\nLABEL a=$COMMIT\n"),
        );
        assert!(
            reasons.len() == 1 && reasons[0].ends_with("may read any variable"),
            "{command}: {reasons:?}"
        );
    }
    // Who makes what is not known still stands in the way of files.
    let file = "FROM php:8.3-apache\nWORKDIR /app\nCOPY . .\nRUN mkdir -p $X\nRUN composer install --no-scripts --no-autoloader\n";
    assert_eq!(refusals(&["manifest-first"], COMPOSER, file).len(), 1);
}

/// Versions are asked for to be seen; settings of git and of PHP are no files of the project.
#[test]
fn versions_and_settings_of_the_system_keep_no_sources_above() {
    let file = |command: &str| {
        format!(
            "FROM php:8.3-apache\nWORKDIR /app\nCOPY . .\nRUN {command}\nRUN composer install --no-scripts --no-autoloader\n"
        )
    };
    for command in [
        "node -v && php -v && python3 --version && java -version && ruby --version && git --version",
        "command -v npm",
        "df -h",
        "git config --global --add safe.directory /app",
        "mv \"$PHP_INI_DIR/php.ini-production\" \"$PHP_INI_DIR/php.ini\"",
    ] {
        check(
            &["manifest-first"],
            COMPOSER,
            &file(command),
            &format!(
                "FROM php:8.3-apache\nWORKDIR /app\nRUN {command}\nCOPY composer.json composer.lock ./\nRUN composer install --no-scripts --no-autoloader\nCOPY . .\n"
            ),
        );
    }
    for command in [
        "node -v index.js",
        "php -V",
        "node .",
        "java -v",
        "./node -v",
        "rustc --version",
        "git status",
        "git config user.name x",
        "HOME=/app git config --global user.name x",
        "git config --global --edit",
        "command npm -v && PATH=. command -v x",
    ] {
        let reasons = refusals(&["manifest-first"], COMPOSER, &file(command));
        assert!(
            reasons.len() == 1 && reasons[0].contains("stays below the sources"),
            "{command}: {reasons:?}"
        );
    }
    // A version manager would take the version that the file asks for.
    check(
        &["manifest-first"],
        &[("requirements.txt", "flask\n"), (".python-version", "3.12"), ("a.py", "")],
        "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN python --version\nRUN pip install -r requirements.txt\n",
        "FROM python:3.12\nWORKDIR /app\nCOPY .python-version requirements.txt ./\nRUN python --version\nRUN pip install -r requirements.txt\nCOPY . .\n",
    );
}

/// The value of a variable in a pattern is as well known as anywhere.
#[test]
fn patterns_have_the_values_of_variables() {
    let after = |command: &str| {
        format!("FROM python:3.12\nENV D=/opt/x\nARG E=/opt/y\nRUN {command} && pip install flask\n")
    };
    let mounted = |command: &str| {
        format!(
            "FROM python:3.12\nENV D=/opt/x\nARG E=/opt/y\nRUN --mount=type=cache,target=/root/.cache/pip {command} && pip install flask\n"
        )
    };
    for command in ["chmod +x ${D}/*.sh", "chmod +x \"$D\"/*.sh"] {
        check(&["cache-mount"], &[], &after(command), &mounted(command));
    }
    check_refused(
        &["cache-mount"],
        &[],
        &after("chmod +x $E/*.sh"),
        &["4: what `chmod $E/*.sh` names is not known"],
    );
}

/// The body of a function is not what stands before the install.
#[test]
fn what_a_function_runs_is_not_said_to_run_before() {
    check_refused(
        &["cache-mount"],
        &[],
        "FROM debian:12\nRUN inst() { apt-get install -y \"$@\"; } && apt-get update && inst curl && rm -rf /var/lib/apt/lists/*\n",
        &[
            "2: apt-get install -y \"$@\" gets no cache mount: it stands in a compound command, which is not read further",
            "2: `apt-get install -y \"$@\"` in a function, which is not read further, may rely on what an earlier step left in /var/lib/apt/lists",
        ],
    );
}

/// Installs that another program runs, or that bash alone reads, are told of where they get nothing.
#[test]
fn installs_in_words_of_others_are_told_of() {
    let told =
        |text: &str| refusals(&["cache-mount"], &[], &format!("FROM python:3.12\nWORKDIR /app\n{text}\n"));
    for (run, reason) in [
        (
            "RUN su app -c \"pip install flask\"",
            "pip install flask gets no cache mount: it stands in a word of `su`, which is not read further",
        ),
        (
            "RUN su - app -c 'cd x && pip install flask'",
            "pip install flask gets no cache mount: it stands in a word of `su`, which is not read further",
        ),
        (
            "RUN bash -lc 'pip install flask'",
            "pip install flask gets no cache mount: it stands in a word of `bash`, which is not read further",
        ),
        (
            "RUN [\"/bin/bash\", \"-c\", \"pip install flask\"]",
            "pip install flask gets no cache mount: it stands in a word of `bash`, which is not read further",
        ),
        (
            "RUN cat requirements.txt | xargs -n1 pip install",
            "xargs -n1 pip install gets no cache mount: what `xargs` hands to it is not known",
        ),
        (
            "RUN find . -name '*.txt' -exec pip install -r {} \\;",
            "find . -name '*.txt' -exec pip instal... gets no cache mount: what `find` hands to it is not known",
        ),
        (
            "SHELL [\"/bin/bash\", \"-c\"]\nRUN pip install flask && a=() && a+=(\"x\")",
            "pip install flask gets no cache mount: its shell script cannot be read: ",
        ),
        (
            "RUN sudo -u app pip install flask",
            "it runs as another user than the RUN itself, so the cache directory is not known",
        ),
    ] {
        let reasons = told(run);
        assert!(reasons.len() == 1 && reasons[0].contains(reason), "{run}: {reasons:?}");
    }
    for run in [
        "RUN xargs rm",
        "RUN su app -c 'ls'",
        "RUN bash -lc 'ls'",
        "RUN [\"/bin/bash\", \"-c\", \"ls\"]",
        "RUN find . -name pip",
    ] {
        assert_eq!(told(run), [""; 0], "{run}");
    }
}

/// The reader looks for his own words, and not for a copy that has nothing to do with the install.
#[test]
fn reasons_are_about_what_the_user_wrote_and_the_project() {
    let outcome = super::run(
        &["manifest-first", "cache-mount"],
        COMPOSER,
        "FROM php:8.3-apache\nWORKDIR /var/www/html\nCOPY . .\nRUN apt-get update && apt-get install -y libzip-dev && rm -rf /var/lib/apt/lists/*\nRUN composer install --no-scripts --no-autoloader\n",
    );
    let reasons: Vec<_> =
        super::dockerfile(&outcome).refusals.iter().map(|refusal| refusal.reason.clone()).collect();
    assert_eq!(
        reasons,
        [
            "the sources stay above: line 4 would have to be split before `apt-get install -y libzip-dev`, which may write to /var/www/html, and what follows might rely on an old index of apt"
        ]
    );
    let files: super::Files<'_> = &[
        (".dockerignore", "app/node_modules\nnode_modules\n"),
        ("nginx/nginx.conf", ""),
        ("package.json", "{\"dependencies\": {\"a\": \"1.0.0\"}}"),
        ("package-lock.json", "{\"packages\": {}}"),
        ("a.js", ""),
    ];
    // It gains by the copy of its project; the other is none of its business.
    let outcome = super::run(
        &["manifest-first"],
        files,
        "FROM nginx\nCOPY ./nginx /etc/nginx\nWORKDIR /app\nCOPY . /app/\nRUN npm ci\n",
    );
    let file = super::dockerfile(&outcome);
    assert_eq!((file.changes.len(), &file.refusals[..]), (1, &[][..]), "{:?}", file.changes);
}
