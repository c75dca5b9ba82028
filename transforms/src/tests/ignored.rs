//! `dockerignore`: what stays in the build context.

/// The refusals of the ignore file, which is not written.
#[track_caller]
fn check_not_ignored(files: super::Files<'_>, dockerfile: &str, refusals: &[&str]) {
    let outcome = super::run(&["dockerignore"], files, dockerfile);
    let file = &outcome.ignore_files[0];
    assert!(!file.is_changed(), "{}", String::from_utf8_lossy(&file.after));
    let got: Vec<_> = file.refusals.iter().map(|refusal| refusal.reason.as_str()).collect();
    assert_eq!(got, refusals);
}

/// What an install reads stays in the build context, whatever its name, and though no instruction names it.
#[test]
fn what_an_install_reads_is_not_ignored() {
    let pip = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n";
    check_not_ignored(
        &[("requirements.txt", "-r .idea/more.txt\n"), (".idea/more.txt", "flask\n"), ("a.py", "")],
        pip,
        &["`.idea` is not added: pip reads .idea/more.txt"],
    );
    check_not_ignored(
        &[("requirements.txt", "--find-links .tox/wheels\nx\n"), (".tox/wheels/x-1.0.zip", ""), ("a.py", "")],
        pip,
        &["`.tox` is not added: pip reads .tox/wheels"],
    );
    // What the install writes has the same name as what it reads.
    let manifest =
        r#"{"repositories": [{"type": "artifact", "url": "vendor/packages"}], "require": {"a/b": "1"}}"#;
    check_not_ignored(
        &[("composer.json", manifest), ("composer.lock", "{}"), ("vendor/packages/b.zip", ""), ("a.php", "")],
        "FROM composer\nWORKDIR /app\nCOPY . .\nRUN composer install\n",
        &["`vendor` is not added: composer reads vendor/packages"],
    );
}

/// The lines of the ignore file that is written.
fn ignored(files: super::Files<'_>, dockerfile: &str) -> Vec<String> {
    let outcome = super::run(&["dockerignore"], files, dockerfile);
    let text = outcome.ignore_files.first().map(|file| file.after.to_vec()).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

/// What the sources have of the name of an install's output stays: no install makes it in the image.
#[test]
fn what_no_install_makes_is_not_ignored() {
    let npm = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n";
    let package = ("package.json", r#"{"name": "a", "workspaces": ["web"]}"#);
    let plain =
        [package, ("package-lock.json", "{}"), ("web/package.json", "{}"), ("web/node_modules/x.js", "")];
    let with = |path| [plain.as_slice(), &[(path, "")]].concat();
    assert_eq!(ignored(&plain, npm), [".dockerignore", "**/node_modules"]);
    assert_eq!(
        ignored(&with("web/node_modules/x/node_modules/y.js"), npm),
        [".dockerignore", "**/node_modules"]
    );
    // Sapper keeps sources there, and a test its fixtures.
    for path in ["src/node_modules/images/kid.jpg", "web/test/node_modules/x.js", "web/src/node_modules"] {
        assert_eq!(
            ignored(&with(path), npm),
            [".dockerignore", "node_modules", "web/node_modules"],
            "{path}"
        );
    }
    let outcome = super::run(&["dockerignore"], &with("src/node_modules/images/kid.jpg"), npm);
    assert_eq!(
        outcome.ignore_files[0].changes[0].reason,
        "keeps node_modules out of the build context: npm makes it in the image \
         (`**/node_modules` would keep src/node_modules out too)"
    );

    // Settings in `env`, models in `obj`.
    let python =
        "FROM python:3\nWORKDIR /app\nCOPY . .\nRUN python -m venv env && env/bin/pip install -r r.txt\n";
    let settings = [("r.txt", "flask\n"), ("a.py", ""), ("src/config/env/prod.py", "")];
    assert_eq!(ignored(&settings, python), [".dockerignore", "env"]);
    let dotnet = "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /src\nCOPY . .\nRUN dotnet restore\n";
    let models = [("A.csproj", r#"<Project Sdk="Microsoft.NET.Sdk"></Project>"#), ("assets/obj/a.obj", "")];
    assert_eq!(ignored(&models, dotnet), [".dockerignore", "obj"]);
}

/// An output of a name that no manager gives goes in by its path, where the context has nothing of it.
#[test]
fn outputs_of_a_name_of_their_own_are_ignored() {
    let schema =
        "generator client {\n  provider = \"prisma-client\"\n  output = \"../generated/prisma\"\n}\n";
    let files = [
        (
            "package.json",
            r#"{"scripts": {"postinstall": "prisma generate"}, "dependencies": {"prisma": "7.0.0"}}"#,
        ),
        ("package-lock.json", "{}"),
        ("prisma/schema.prisma", schema),
        ("index.js", ""),
    ];
    let npm = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n";
    assert_eq!(ignored(&files, npm), [".dockerignore", "generated/prisma", "**/node_modules"]);
    let with = [files.as_slice(), &[("generated/prisma/client.ts", "")]].concat();
    assert_eq!(ignored(&with, npm), [".dockerignore", "**/node_modules"]);
}

/// Nor is what a Dockerfile takes by name, or what an exception brings back.
#[test]
fn what_a_dockerfile_names_is_not_ignored() {
    let files = &[(".vscode/x", ""), ("a.py", "")];
    let file = |line: &str| format!("FROM debian\nWORKDIR /app\nCOPY . .\n{line}\n");
    for line in ["COPY .vscode /settings", "RUN --mount=type=bind,source=.vscode,target=/v ls /v"] {
        check_not_ignored(
            files,
            &file(line),
            &["`.vscode` is not added: line 4 of a Dockerfile takes `.vscode`"],
        );
    }
    // The sources bring it, and what comes after them uses it.
    for line in ["RUN cp -r /app/.vscode/x /etc/x", "ENV SETTINGS=/app/.vscode", "CMD [\"x\", \".vscode/x\"]"]
    {
        check_not_ignored(files, &file(line), &["`.vscode` is not added: line 4 of a Dockerfile names it"]);
    }
    check_not_ignored(
        &[(".dockerignore", "!.vscode\n"), files[0], files[1]],
        &file("CMD x"),
        &["`.vscode` is not added: line 1 makes an exception, `!.vscode`"],
    );
}

/// A tool that stamps a version into what it builds looks for it in git's data.
#[test]
fn git_stays_where_a_version_is_stamped() {
    let is_ignored = |pyproject: &str, from: &str, run: &str| {
        let files = &[(".git/HEAD", ""), ("pyproject.toml", pyproject), ("build.rs", ""), ("a.py", "")];
        let text = format!("FROM {from}\nWORKDIR /app\nCOPY . .\nRUN {run}\n");
        let outcome = super::run(&["dockerignore"], files, &text);
        let ignore = outcome.ignore_files.first().map(|file| file.after.to_vec()).unwrap_or_default();
        String::from_utf8_lossy(&ignore).lines().any(|line| line == ".git")
    };
    let plain = "[build-system]\nrequires = [\"hatchling\"]\n";
    assert!(is_ignored(plain, "python:3.12", "pip install ."));
    for requires in ["setuptools_scm", "setuptools-scm>=8", "hatch-vcs", "poetry-dynamic-versioning"] {
        let stamped = format!("[build-system]\nrequires = [\"{requires}\"]\n");
        assert!(!is_ignored(&stamped, "python:3.12", "pip install ."), "{requires}");
    }
    for (from, run) in [
        ("golang", "go build ."),
        ("mcr.microsoft.com/dotnet/sdk:8.0", "dotnet publish"),
        ("rust", "cargo build --release"),
        ("maven", "mvn package"),
        ("gradle", "./gradlew build"),
        ("debian", "make"),
    ] {
        assert!(!is_ignored(plain, from, run), "{run}");
    }
}

/// So does a manifest of a project in a directory, a program that a RUN runs, and composer.
#[test]
fn git_stays_where_code_of_the_project_may_ask_it() {
    let is_ignored = |files: super::Files<'_>, from: &str, run: &str| {
        let all: Vec<_> = [(".git/HEAD", "")].iter().chain(files).copied().collect();
        let text = format!("FROM {from}\nWORKDIR /app\nCOPY . .\nRUN {run}\n");
        let outcome = super::run(&["dockerignore"], &all, &text);
        let ignore = outcome.ignore_files.first().map(|file| file.after.to_vec()).unwrap_or_default();
        String::from_utf8_lossy(&ignore).lines().any(|line| line == ".git")
    };
    for requires in
        ["uv-dynamic-versioning", "versioningit", "setuptools-git-versioning", "flit_scm", "setuptools-git"]
    {
        let stamped = format!("[build-system]\nrequires = [\"{requires}\"]\n");
        assert!(!is_ignored(&[("backend/pyproject.toml", &stamped)], "python:3.12", "pip install ./backend"));
    }
    let dynamic = "[project]\nname = \"a\"\ndynamic=[\"version\"]\n";
    assert!(!is_ignored(&[("pyproject.toml", dynamic)], "python:3.12", "pip install ."));
    // Nothing is built.
    assert!(is_ignored(&[("pyproject.toml", dynamic)], "python:3.12", "mkdir /x"));

    let settings = "RELEASE = subprocess.check_output([\"git\", \"rev-parse\", \"HEAD\"])";
    let django = [("manage.py", ""), ("proj/settings.py", settings)];
    assert!(!is_ignored(&django, "python:3.12-slim", "python manage.py collectstatic"));
    assert!(is_ignored(&django[..1], "python:3.12-slim", "python manage.py collectstatic"));
    // The build does not run it, the image may.
    assert!(!is_ignored(&django, "python:3.12", "pip install flask"));
    let rails = ("config/initializers/version.rb", "V = `git rev-parse --short HEAD`.strip");
    assert!(!is_ignored(&[rails], "ruby:3.3", "bin/rails assets:precompile"));
    let laravel = ("config/app.php", "<?php return ['v' => exec('git log -n1 HEAD')];");
    assert!(!is_ignored(&[laravel], "php:8.3", "php artisan config:cache"));
    let gemspec = "Gem::Specification.new { |s| s.files = `git ls-files`.split }";
    assert!(!is_ignored(&[("Gemfile", "gemspec"), ("x.gemspec", gemspec)], "ruby:3.3", "bundle install"));
    let hook =
        [("package.json", r#"{"scripts": {"prepare": "node v.js"}}"#), ("v.js", "execSync('git describe')")];
    assert!(!is_ignored(&hook, "node:22", "npm install"));

    let composer = |manifest| [("composer.json", manifest), ("composer.lock", "{}")];
    assert!(!is_ignored(&composer("{}"), "composer:2", "composer install"));
    assert!(is_ignored(&composer(r#"{"version": "1"}"#), "composer:2", "composer install"));
    // It has no git to ask.
    assert!(is_ignored(&composer("{}"), "php:8.3", "composer install"));
}

/// Without git's data a script that may look at it is none of the install's, whose output can be kept out then.
#[test]
fn what_is_kept_out_makes_other_entries_possible() {
    let files = &[
        ("package.json", r#"{"scripts": {"prepare": "husky install"}}"#),
        ("package-lock.json", r#"{"lockfileVersion": 3, "packages": {}}"#),
        (".git/HEAD", ""),
        ("src/index.js", ""),
    ];
    let outcome = super::run(&[], files, "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n");
    let ignore = String::from_utf8_lossy(&outcome.ignore_files[0].after).into_owned();
    assert_eq!(ignore, ".dockerignore\n.git\n**/node_modules\n");
    let after = String::from_utf8_lossy(&outcome.files[0].after).into_owned();
    assert!(after.contains("npm ci\nCOPY . ."), "{after}");
}

/// A context that becomes somebody's home brings his keys and settings on purpose.
#[test]
fn a_home_keeps_its_keys() {
    let ignored = |target: &str| {
        let file = format!("FROM debian:12\nCOPY . {target}\nRUN git clone git@github.com:x/y /y\n");
        let outcome = super::run(&["dockerignore"], &[(".ssh/config", "x"), (".vscode/x", "")], &file);
        outcome.ignore_files.first().map(|file| String::from_utf8_lossy(&file.after).into_owned())
    };
    assert_eq!(ignored("/srv/app").as_deref(), Some(".dockerignore\n.vscode\n.ssh\n"));
    assert_eq!(ignored("/root"), None);
    assert_eq!(ignored("/home/me"), None);
}

/// A program may show its commit when it runs.
#[test]
fn git_stays_where_a_program_takes_it_along() {
    let code = ("server.js", "console.log(execSync('git rev-parse HEAD'))");
    let files = [(".git/HEAD", ""), ("package.json", "{}"), code];
    let plain = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD node server.js\n";
    let taken = "FROM node:22 AS b\nWORKDIR /app\nCOPY . .\nRUN npm install\nFROM node:22\nCOPY --from=b /app /app\nCMD node /app/server.js\n";
    let built = taken.replace("b /app /app", "b /app/dist /app");
    let holds_git = |dockerfile: &str| ignored(&files, dockerfile).iter().any(|line| line == ".git");
    assert!(!holds_git(plain));
    assert!(!holds_git(taken));
    assert!(holds_git(&built));
}

/// An install in another stage, whose work a COPY brings to where the context's would come.
#[test]
fn what_comes_from_the_stage_of_an_install_is_ignored() {
    let files = [
        ("package.json", r#"{"name": "a", "dependencies": {"left-pad": "1.3.0"}}"#),
        ("yarn.lock", "# yarn lockfile v1\n"),
        ("pages/index.js", ""),
    ];
    let deps = "FROM node:20-alpine AS deps\nWORKDIR /app\nCOPY package.json yarn.lock ./\nRUN yarn install --frozen-lockfile\n";
    let builder = |copies: &str| {
        format!("{deps}FROM node:20-alpine AS builder\nWORKDIR /app\n{copies}RUN yarn build\n")
    };
    let entry = [".dockerignore", "**/node_modules"];
    let next = builder("COPY --from=deps /app/node_modules ./node_modules\nCOPY . .\n");
    assert_eq!(ignored(&files, &next), entry);
    let runner = "FROM node:20-alpine\nWORKDIR /app\nCOPY --from=builder /app/.next ./.next\nCMD node x.js\n";
    assert_eq!(ignored(&files, &format!("{next}{runner}")), entry);
    assert_eq!(ignored(&files, &builder("COPY . .\nCOPY --from=0 --chown=node app/ /app\n")), entry);
    assert_eq!(
        ignored(&files, &next.replace("COPY . .\nRUN", "COPY . .\nFROM builder\nRUN")),
        entry,
        "by a stage that starts from it"
    );
    // By way of a third one.
    let third = "FROM node:20-alpine AS builder\nCOPY --from=deps /app/node_modules /m/node_modules\nFROM node:20-alpine\nWORKDIR /app\nCOPY --from=builder /m .\nCOPY . .\n";
    assert_eq!(ignored(&files, &format!("{deps}{third}")), entry);

    // It comes to lie elsewhere, from elsewhere, or is none.
    for copies in [
        "COPY --from=deps /app/node_modules /node_modules\nCOPY . .\n",
        "COPY --from=deps /app/node_modules ./\nCOPY . .\n",
        "COPY --from=deps /app/node_modules/left-pad ./node_modules/left-pad\nCOPY . .\n",
        "COPY --from=deps /app/node_* ./\nCOPY . .\n",
        "COPY --from=x.io/deps /app/node_modules ./node_modules\nCOPY . .\n",
        "COPY --from=deps /app/node_modules ./node_modules\nCOPY . /srv\n",
        "COPY . .\n",
    ] {
        assert_eq!(ignored(&files, &builder(copies)), [""; 0], "{copies}");
    }
    let mounted =
        next.replace("RUN yarn install", "RUN --mount=type=cache,target=/app/node_modules yarn install");
    assert_eq!(ignored(&files, &mounted), [""; 0]);

    // Another stage takes it from the context.
    let other = format!("{next}FROM node:20-alpine\nWORKDIR /app\nCOPY . .\nCMD node pages/index.js\n");
    let taken = "`**/node_modules` is not added: line 12 of a Dockerfile takes it along into an image in which nobody makes it";
    check_not_ignored(&files, &other, &[taken]);

    // Of two the one that is not brought may come from the context of somebody else's checkout.
    let workspaces = [
        ("package.json", r#"{"name": "a", "private": true, "workspaces": ["web"]}"#),
        files[1],
        ("web/package.json", r#"{"name": "web"}"#),
    ];
    let next = next.replace("yarn.lock ./\n", "yarn.lock ./\nCOPY web/package.json ./web/\n");
    assert_eq!(ignored(&workspaces, &next), [".dockerignore", "node_modules"]);
    let all = next.replace("/app/node_modules ./node_modules", "/app ./");
    assert_eq!(ignored(&workspaces, &all), entry);
}

/// What asks for the commit is mostly a package, and no list of them is complete: so a command that is not known must find no git.
#[test]
fn git_stays_where_a_package_may_ask_it() {
    let refused = |files: super::Files<'_>, dockerfile: &str| -> Option<String> {
        let all: Vec<_> = [(".git/HEAD", "")].iter().chain(files).copied().collect();
        let outcome = super::run(&["dockerignore"], &all, dockerfile);
        let file = outcome.ignore_files.first()?;
        let text = String::from_utf8_lossy(&file.after).into_owned();
        let reason = file.refusals.iter().find(|refusal| refusal.reason.starts_with("`.git`"));
        assert_eq!(reason.is_none(), text.lines().any(|line| line == ".git"), "{text}");
        reason.map(|refusal| refusal.reason.trim_start_matches("`.git` is not added: ").to_owned())
    };
    let node = |image: &str, run: &str| {
        format!(
            "FROM node:{image} AS b\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN {run}\nFROM nginx\nCOPY --from=b /app/dist /x\n"
        )
    };
    let lock = ("package-lock.json", r#"{"lockfileVersion": 3, "packages": {"": {}}}"#);
    let next = [("package.json", r#"{"scripts": {"build": "next build"}}"#), lock];
    let asks = Some("`npm run build` in line 6 of a Dockerfile may ask git for the commit".to_owned());
    assert_eq!(refused(&next, &node("22", "npm run build")), asks);
    // There is no git.
    assert_eq!(refused(&next, &node("22-alpine", "npm run build")), None);
    let installed =
        node("22-alpine", "npm run build").replace("WORKDIR", "RUN apk add python3 make\nWORKDIR");
    assert_eq!(refused(&next, &installed), None);
    let installed = installed.replace("make", "make git");
    assert_eq!(refused(&next, &installed), asks.clone().map(|reason| reason.replace('6', "7")));
    // But what reads the data by itself.
    let id = ("package-lock.json", r#"{"packages": {"node_modules/next-build-id": {"version": "3.0.0"}}}"#);
    let reads = "`npm run build` in line 6 of a Dockerfile may run code that reads it: package-lock.json names next-build-id";
    assert_eq!(refused(&[next[0], id], &node("22-alpine", "npm run build")).as_deref(), Some(reads));
    // Tools that are known to leave it alone.
    let tsc = [("package.json", r#"{"scripts": {"build": "tsc"}}"#), lock];
    assert_eq!(refused(&tsc, &node("22", "npm run build")), None);
    assert_eq!(refused(&tsc, &node("22", "npx tsc -p . && chmod -R a+rX dist")), None);
    assert!(refused(&tsc, &node("22", "npx nx affected -t build")).is_some());
    assert!(refused(&tsc, &node("22", "./build")).is_some());
    // What runs above the copy finds nothing.
    let above = "FROM python:3.12 AS b\nRUN git clone https://x.io/y && make -C y\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n";
    let python = [("requirements.txt", "flask==3\n"), ("a.py", "")];
    assert_eq!(refused(&python, above), None);
    // What another stage takes along, or mounts.
    let taken = "FROM scratch AS s\nCOPY . /src\nFROM node:22 AS b\nCOPY --from=s /src /app\nRUN npm run docs\nFROM nginx\nCOPY --from=b /app/dist /x\n";
    assert_eq!(
        refused(&next, taken).as_deref(),
        Some("`npm run docs` in line 5 of a Dockerfile may ask git for the commit")
    );
    let mounted = "FROM scratch AS s\nCOPY . /src\nFROM node:22\nRUN --mount=type=bind,from=s,source=/src,target=/app npm run docs\n";
    assert_eq!(
        refused(&next, mounted).as_deref(),
        Some("`npm run docs` in line 4 of a Dockerfile may ask git for the commit")
    );
    // A hook that fails without a repository.
    let hook = [("package.json", r#"{"scripts": {"prepare": "git config core.hooksPath .githooks"}}"#), lock];
    assert!(
        refused(
            &hook,
            &node("22", "tsc").replace(
                "COPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .",
                "COPY . .\nRUN npm ci"
            )
        )
        .is_some()
    );

    // A library that asks when the program starts.
    let sentry = [("requirements.txt", "sentry-sdk==2.0\n"), ("a.py", "")];
    let app = |image: &str| {
        format!(
            "FROM python:{image}\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD python a.py\n"
        )
    };
    assert_eq!(
        refused(&sentry, &app("3.12")).as_deref(),
        Some(
            "line 3 of a Dockerfile takes it along into an image, and requirements.txt names sentry-sdk, which asks for its commit when it starts"
        )
    );
    assert_eq!(refused(&sentry, &app("3.12-slim")), None);
    assert_eq!(refused(&python, &app("3.12")), None);
}

/// Subversion and Mercurial are asked as well as git.
#[test]
fn data_of_other_version_control_stays_likewise() {
    let files = [(".svn/wc.db", ""), (".hg/store", ""), ("a.py", "")];
    let is_ignored = |image: &str, run: &str| {
        let file = format!(
            "FROM {image} AS b\nWORKDIR /app\nCOPY . .\nRUN {run}\nFROM nginx\nCOPY --from=b /app/x /x\n"
        );
        ignored(&files, &file)
    };
    assert_eq!(is_ignored("python:3.12", "mkdir x"), [".dockerignore", ".hg", ".svn"]);
    assert_eq!(is_ignored("python:3.12-slim", "python a.py"), [".dockerignore", ".hg", ".svn"]);
    assert_eq!(is_ignored("python:3.12", "python a.py"), [""; 0]);
    assert_eq!(is_ignored("python:3.12-slim", "svnversion > x"), [""; 0]);
}

/// Keys that a program reads by their path are no litter.
#[test]
fn keys_that_code_names_stay() {
    let file = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"python\", \"a.py\"]\n";
    let key = ("requirements.txt", "paramiko\n");
    let reads = ("a.py", "k = RSAKey.from_private_key_file('.ssh/id_rsa')\n");
    check_not_ignored(&[(".ssh/id_rsa", ""), key, reads], file, &["`.ssh` is not added: a.py names it"]);
    assert_eq!(ignored(&[(".ssh/id_rsa", ""), key, ("a.py", "")], file), [".dockerignore", ".ssh"]);
    let loads = ("src/a.go", "config.LoadDefaultConfig(\"./.aws/config\")\n");
    check_not_ignored(&[(".aws/config", ""), key, loads], file, &["`.aws` is not added: src/a.go names it"]);
}

/// Where the install is not read, it is told why nothing is kept out.
#[test]
fn an_install_that_is_not_read_is_told_of() {
    let npm = "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nCOPY scripts ./scripts\nRUN npm install\nCOPY . .\nRUN npm run build\n";
    let files = [
        ("package.json", r#"{"scripts": {"postinstall": "node scripts/x.js"}, "dependencies": {"a": "1"}}"#),
        ("package-lock.json", r#"{"lockfileVersion": 3, "packages": {}}"#),
        ("scripts/x.js", ""),
    ];
    check_not_ignored(
        &files,
        npm,
        &[
            "`**/node_modules` is not added: what npm makes in line 5 of a Dockerfile is not known: package.json:1 runs \"node scripts/x.js\" on install (postinstall), which may read any source file",
        ],
    );
    let with = [files.as_slice(), &[(".dockerignore", "node_modules\n")]].concat();
    let outcome = super::run(&["dockerignore"], &with, npm);
    assert!(outcome.ignore_files.is_empty());
}
