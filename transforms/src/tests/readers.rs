//! `manifest-first`: what a copy must not sink below.

use super::{APP, Files, check, check_refused, check_unchanged};

const ONLY: &[&str] = &["manifest-first"];

/// What a path with a build argument in it is, the build tells.
#[test]
fn where_a_later_copy_goes_may_be_where_the_sources_lie() {
    let file = |workdir: &str, destination: &str| {
        format!(
            "FROM python:3\nARG H=/app\nWORKDIR {workdir}\nCOPY . /tmp/project/\nCOPY requirements.txt {destination}\nRUN \
             pip install -r requirements.txt\n"
        )
    };
    let files = &[("requirements.txt", "flask\n"), ("a.py", "")];
    let name = "6: pip install -r requirements.txt stays below the sources";
    check_refused(
        ONLY,
        files,
        &file("${H}", "."),
        &[&format!(
            "{name}: line 5 copies to ${{H}}, which --build-arg may make a directory that line 4 copies to"
        )],
    );
}

/// A later copy of the same file means something by its flags, and ADD takes archives apart.
#[test]
fn the_same_file_with_other_flags_is_another() {
    for (copy, target) in [
        ("COPY --chmod=755 package.json ./package.json", "/app/package.json"),
        ("COPY --link entry.sh ./entry.sh", "/app/entry.sh"),
        ("ADD src.tar.gz ./", "/app"),
    ] {
        check_refused(
            ONLY,
            APP,
            &format!("FROM node:22\nWORKDIR /app\nCOPY . .\n{copy}\nRUN npm ci\n"),
            &[&format!("5: npm ci stays below the sources: line 4 also copies to {target}")],
        );
    }
    // It goes first where it can.
    check(
        ONLY,
        APP,
        "FROM node:22\nWORKDIR /app\nCOPY . .\nCOPY --chmod=755 entry.sh ./entry.sh\nRUN npm ci\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nCOPY --chmod=755 entry.sh ./entry.sh\n",
    );
    check(
        ONLY,
        APP,
        "FROM node:22\nWORKDIR /app\nCOPY . .\nCOPY src ./src\nRUN npm ci\nRUN x\n",
        "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nCOPY src ./src\nRUN x\n",
    );
}

#[test]
fn variables_lead_to_what_is_copied() {
    let files: Files<'_> = &[("certs/ca.crt", "x")];
    check_refused(
        ONLY,
        files,
        "FROM debian\nENV CURL_CA_BUNDLE=/certs/ca.crt\nCOPY certs /certs\nRUN curl -o /x https://e && apt-get install -y jq\n",
        &[
            "4: apt-get install -y jq stays below the sources: CURL_CA_BUNDLE names /certs/ca.crt, which line 3 copies",
        ],
    );
    check_refused(
        ONLY,
        files,
        "FROM node:22\nENV NODE_EXTRA_CA_CERTS=/certs/ca.crt\nCOPY certs /certs\nRUN npm install -g x\n",
        &[
            "4: npm install -g x stays below the sources: NODE_EXTRA_CA_CERTS names /certs/ca.crt, which line 3 copies",
        ],
    );
    check_refused(
        ONLY,
        files,
        "FROM node:22\nCOPY certs /certs\nRUN export NODE_EXTRA_CA_CERTS=/certs/ca.crt && npm install -g x\n",
        &[
            "3: npm install -g x stays below the sources: NODE_EXTRA_CA_CERTS names /certs/ca.crt, which line 2 copies",
        ],
    );
    // Where the reader itself has nothing to gain, an install below it has.
    check_refused(
        ONLY,
        files,
        "FROM debian\nENV CURL_CA_BUNDLE=/certs/ca.crt\nCOPY certs /certs\nRUN curl -o /x https://e\nRUN apt-get install -y jq\n",
        &[
            "5: apt-get install -y jq stays below the sources: CURL_CA_BUNDLE names /certs/ca.crt, which line 3 copies",
        ],
    );
    // Names that npm does not read, and places of which the copy brings nothing.
    check(
        ONLY,
        APP,
        "FROM node:22\nENV APP_HOME=/app NODE_PATH=/app/node_modules\nWORKDIR $APP_HOME\nCOPY . $APP_HOME\nRUN npm ci\nRUN x\n",
        "FROM node:22\nENV APP_HOME=/app NODE_PATH=/app/node_modules\nWORKDIR $APP_HOME\nCOPY package.json package-lock.json $APP_HOME/\nRUN npm ci\nCOPY . $APP_HOME\nRUN x\n",
    );
}

#[test]
fn settings_lead_to_what_is_copied() {
    check_refused(
        ONLY,
        &[("certs/ca.crt", "x")],
        "FROM python:3.12\nRUN pip config set global.cert /certs/ca.crt\nCOPY certs /certs\nRUN pip install x\n",
        &["4: pip install x stays below the sources: line 2 names /certs/ca.crt, which line 3 copies"],
    );
    check_refused(
        ONLY,
        &[("debs/Packages", "x")],
        "FROM debian\nCOPY debs /opt/debs\n\
         RUN echo 'deb [trusted=yes] file:/opt/debs ./' > /etc/apt/sources.list.d/l.list\n\
         RUN apt-get update && apt-get install -y jq\n",
        &["4: apt-get update stays below the sources: line 3 names /opt/debs, which line 2 copies"],
    );
    check_refused(
        ONLY,
        &[("repos/x", "x")],
        "FROM alpine\nCOPY repos /repos\nRUN apk add --repository /repos jq\n",
        &["3: apk add --repository /repos jq stays below the sources: it names /repos, which line 2 copies"],
    );
    check_refused(
        ONLY,
        &[("certs/ca.crt", "x")],
        "FROM python:3.12\nCOPY <<EOF /etc/pip.conf\n[global]\ncert = /certs/ca.crt\nEOF\nCOPY certs /certs\nRUN pip install x\n",
        &["7: pip install x stays below the sources: line 2 names /certs/ca.crt, which line 6 copies"],
    );
}

#[test]
fn links_lead_to_what_is_copied() {
    check_refused(
        ONLY,
        APP,
        "FROM node:22\nRUN ln -s /app /srv/www\nWORKDIR /app\nCOPY . .\nRUN cp -r /srv/www/src /copied\nRUN npm ci\n",
        &["6: npm ci stays below the sources: line 2 names /app, which line 4 copies"],
    );
    check_refused(
        ONLY,
        APP,
        "FROM node:22\nRUN ln -s /opt /o\nWORKDIR /opt/app\nCOPY . .\nRUN cp -r /o/app/src /copied\nRUN npm ci\n",
        &["6: npm ci stays below the sources: /o, a link that line 2 makes, leads to what line 4 copies"],
    );
}

/// Who makes a directory, owns it or enters it tells nobody of it.
#[test]
fn the_directory_may_be_made_before() {
    let head = "FROM node:22\nRUN mkdir -p /app && chown node:node /app\nENV HOME=/home/node\nWORKDIR /app\nUSER node\n";
    check(
        ONLY,
        APP,
        &format!("{head}COPY --chown=node . /app\nRUN cd /app && npm ci && npm run build\n"),
        &format!(
            "{head}COPY --chown=node package.json package-lock.json /app/\nRUN cd /app && npm ci\nCOPY --chown=node . /app\nRUN cd /app && npm run build\n"
        ),
    );
    let files: Files<'_> = &[("requirements.txt", "x==1\n"), ("a.py", "")];
    check(
        ONLY,
        files,
        "FROM python:3.12\nENV PYTHONPATH=/app\nCOPY . /app\nRUN pip install -r /app/requirements.txt\nRUN x\n",
        "FROM python:3.12\nENV PYTHONPATH=/app\nCOPY requirements.txt /app/\nRUN pip install -r /app/requirements.txt\nCOPY . /app\nRUN x\n",
    );
}

/// WORKDIR makes what is missing as the user in force, COPY as its flags say.
#[test]
fn a_workdir_makes_no_destination() {
    check_refused(
        ONLY,
        APP,
        "FROM node:22\nCOPY --chown=node:node . /srv/app\nWORKDIR /srv/app/src\nRUN npm install -g pm2\n",
        &[
            "4: npm install -g pm2 stays below the sources: a WORKDIR above it may make /srv/app with another owner or mode",
        ],
    );
    check_refused(
        ONLY,
        APP,
        "FROM node:22\nCOPY --chown=node:node . /data/a/app\nWORKDIR /data/a/other\nRUN npm install -g pm2\n",
        &[
            "4: npm install -g pm2 stays below the sources: a WORKDIR above it may make /data/a/app with another owner or mode",
        ],
    );
    // The manifests make it first.
    check(
        ONLY,
        APP,
        "FROM node:22\nCOPY --chown=node:node . /srv/app\nWORKDIR /srv/app\nRUN npm ci\nRUN x\n",
        "FROM node:22\nCOPY --chown=node:node package.json package-lock.json /srv/app/\nWORKDIR /srv/app\nRUN npm ci\nCOPY --chown=node:node . /srv/app\nRUN x\n",
    );
}

#[test]
fn white_space_in_a_destination_is_written_again() {
    check(
        ONLY,
        APP,
        "FROM node:22\nWORKDIR \"/my app\"\nCOPY [\".\", \"/my app/\"]\nRUN npm ci\nRUN x\n",
        "FROM node:22\nWORKDIR \"/my app\"\nCOPY [\"package.json\", \"package-lock.json\", \"/my app/\"]\nRUN npm ci\nCOPY [\".\", \"/my app/\"]\nRUN x\n",
    );
    // It cannot be written below another WORKDIR.
    check_unchanged(
        ONLY,
        APP,
        "FROM node:22\nWORKDIR /my\\ app\nCOPY . .\nWORKDIR /x\nRUN npm install -g pm2\n",
    );
}

/// What a mount brings is no matter of a copy.
#[test]
fn a_mount_of_the_sources_reruns_the_install() {
    check_refused(
        ONLY,
        APP,
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN --mount=type=bind,source=.,target=/src npm ci\n",
        &[
            "4: npm ci stays below the sources: a mount of its RUN brings them too, and every edit of them reruns it",
        ],
    );
}

#[test]
fn vendored_modules_are_not_downloaded() {
    let files: Files<'_> =
        &[("go.mod", "module x\n\ngo 1.22\n"), ("go.sum", ""), ("main.go", "package main\n")];
    let stage = "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nCOPY --from=x /vendor ";
    check_unchanged(ONLY, files, &format!("{stage} ./vendor\nRUN go build -mod=vendor -o /app .\n"));
    check_refused(
        ONLY,
        files,
        &format!("{stage} ./vendor\nRUN go build .\n"),
        &["5: go build . stays below the sources: line 4 also copies to /src/vendor"],
    );
    for (flags, build) in [
        ("", "go build -mod=vendor ."),
        ("", "export GOFLAGS=-mod=vendor && go build ."),
        ("ENV GOFLAGS=-mod=vendor\n", "go build ."),
        ("ENV GOFLAGS=\"-trimpath --mod=vendor\"\n", "CGO_ENABLED=0 go test ./..."),
    ] {
        let verb = if build.contains("test") { "test" } else { "build" };
        let line = 4 + usize::from(!flags.is_empty());
        check_refused(
            ONLY,
            files,
            &format!("FROM golang:1.22\nWORKDIR /src\n{flags}COPY . .\nRUN {build}\n"),
            &[&format!("{line}: go {verb} is told to take everything from vendor/, so it downloads nothing")],
        );
    }
    check_refused(
        ONLY,
        files,
        "FROM golang:1.22\nRUN go env -w GOFLAGS=-mod=vendor\nWORKDIR /src\nCOPY . .\nRUN go build .\n",
        &["5: a command in line 2 changes the settings of go, and with them what a download would do"],
    );
}

/// What `npm install` has put right the later copy must not put wrong again for who relies on it.
#[test]
fn a_lock_file_that_is_read_again_stays_as_the_install_left_it() {
    let reads = |reader: &str, line: usize| {
        format!(
            "4: npm install stays below the sources: it may write /app/package-lock.json again, which {reader} in line \
             {line} reads, and the later copy would bring the old one back"
        )
    };
    let head = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install";
    for (rest, reader, line) in [
        ("\nRUN npm run build\nRUN npm ci --omit=dev\n", "npm ci --omit=dev", 6),
        (" && node src/index.js\nRUN rm -rf node_modules && npm ci --omit=dev\n", "npm ci --omit=dev", 5),
        ("\nRUN cat package-lock.json\n", "cat package-lock.json", 5),
    ] {
        check_refused(ONLY, APP, &format!("{head}{rest}"), &[&reads(reader, line)]);
    }
    for rest in ["CMD [\"node\", \"src/index.js\"]\n", "RUN npm run build\n"] {
        check(
            ONLY,
            APP,
            &format!("{head}\n{rest}"),
            &format!(
                "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm install\nCOPY . .\n{rest}"
            ),
        );
    }
}

/// A lock file that does not fit package.json is another one after the install: nobody may find the old one that found the
/// new one, but who runs the image.
#[test]
fn a_stale_lock_file_stays_below_who_may_read_it() {
    let stale = |manager: &str, file: &str, lock: &str| {
        [
            (".dockerignore", "node_modules\n.pnp.*\n".to_owned()),
            ("package.json", "{\n  \"dependencies\": {\n    \"left-pad\": \"^2.0.0\"\n  }\n}".to_owned()),
            (file, lock.to_owned()),
            ("src/index.js", manager.to_owned()),
        ]
        .map(|(name, text)| (name.to_owned(), text))
    };
    let npm = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"left-pad": "1.3.0"}}}}"#;
    let old = r#"{"lockfileVersion": 1, "dependencies": {"right-pad": {"version": "2.0.0"}}}"#;
    let yarn = "# yarn lockfile v1\n\n\nleft-pad@1.3.0:\n  version \"1.3.0\"\n";
    let pnpm = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      left-pad:\n        specifier: 1.3.0\n        version: 1.3.0\n";
    let bun = "{\n  \"workspaces\": {\n    \"\": {\n      \"dependencies\": {\n        \"left-pad\": \"1.3.0\",\n      },\n    },\n  },\n}\n";
    for (install, name, lock) in [
        ("npm install", "package-lock.json", npm),
        ("npm install", "package-lock.json", old),
        ("yarn install", "yarn.lock", yarn),
        ("pnpm install", "pnpm-lock.yaml", pnpm),
        ("bun install", "bun.lock", bun),
    ] {
        let files = stale(install, name, lock);
        let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let head = format!("FROM node:22 AS build\nWORKDIR /app\nCOPY . .\nRUN {install}");
        for (rest, reader) in [
            ("\nRUN node src/index.js\n", "`node` in line 5"),
            (" && node src/index.js\n", "`node` in line 4"),
            ("\n\nFROM build\nRUN node src/index.js\n", "`node` in line 7"),
            (
                "\n\nFROM node:22\nCOPY --from=build /app/package*.json /app/\nCOPY --from=build /app /srv\nRUN npm ci\n",
                "",
            ),
        ] {
            let reader = match reader {
                "" if name.ends_with(".json") => "a stage that line 7 takes it to",
                "" => "a stage that line 8 takes it to",
                reader => reader,
            };
            let reason = format!(
                "4: {install} stays below the sources: package.json:3 asks for left-pad ^2.0.0, which {name} does not list, so \
                 it writes that again, {reader} may read it, and the later copy would bring the old one back"
            );
            check_refused(ONLY, &files, &format!("{head}{rest}"), &[&reason]);
        }
        let run = "\nCMD [\"node\", \"src/index.js\"]\n\nFROM node:22\nCOPY --from=build /app /app\n";
        check(
            ONLY,
            &files,
            &format!("{head}{run}"),
            &format!(
                "FROM node:22 AS build\nWORKDIR /app\nCOPY package.json {name} ./\nRUN {install}\nCOPY . .{run}"
            ),
        );
    }
}

#[test]
fn what_go_compiled_stays_where_a_command_that_is_not_known_may_use_it() {
    let file = |mount: &str, later: &str| {
        format!(
            "FROM golang:1.24\nRUN {mount}go install github.com/magefile/mage@v1.15.0\nWORKDIR /b\nCOPY . .\n{later}"
        )
    };
    let missed = |what: &str, line: usize| {
        format!(
            "2: {what} in line {line} may compile with what this step leaves in /root/.cache/go-build, without the mount"
        )
    };
    let refused =
        |later: &str, reason: &str| check_refused(&["cache-mount"], &[], &file("", later), &[reason]);
    refused("RUN mage build\n", &missed("`mage`", 5));
    refused("RUN mkdir /x\nRUN if x; then ./build.sh; fi\n", &missed("a compound command", 6));
    let mount = "--mount=type=cache,target=/root/.cache/go-build ";
    let later = "RUN mkdir /x && cp /go/bin/mage /x\nRUN git submodule update\nCMD [\"mage\"]\n";
    check(&["cache-mount"], &[], &file("", later), &file(mount, later));
    let own = |mount: &str| format!("RUN {mount}make generate && go build ./...\n");
    check(&["cache-mount"], &[], &file("", &own("")), &file(mount, &own(mount)));
    check(&["cache-mount"], &[], &file("", &own(mount)), &file(mount, &own(mount)));
    let modules = "--mount=type=cache,target=/go/pkg/mod ";
    refused(&own(modules), "2: line 5 has cache mounts, but none for /root/.cache/go-build");
    // A stage on top of it.
    let stage = "FROM golang:1.24 AS tools\nRUN go install github.com/a/b@v1\nFROM tools\nRUN make\n";
    check_refused(&["cache-mount"], &[], stage, &[&missed("`make`", 4)]);
}

/// What a build argument is, is not known: a name, an address, or the very file that the copy brings.
#[test]
fn an_argument_may_name_what_is_copied() {
    let files = &[("debs/x.gem", ""), ("debs/pyproject.toml", "[project]\nname = \"x\"\nversion = \"1\"\n")];
    let check = |base: &str, command: &str, reason: &str| {
        let file =
            format!("FROM {base}\nWORKDIR /app\nCOPY debs /app/debs\nARG P=/app/debs\nRUN {command}\n");
        check_refused(&["manifest-first"], files, &file, &[&format!("5: {reason}")]);
    };
    let may = |word: &str| format!("`{word}` may name what line 3 copies");
    check("python:3", "pip install $P", "what `$P` names is only known when pip runs");
    check("python:3", "uv pip install --system $P", "what `$P` names is only known when uv runs");
    check("python:3", "pip install -r $P", "what `-r $P` names is only known when pip runs");
    check("python:3", "pip install -e $P", "what `-e $P` names is only known when pip runs");
    check(
        "python:3",
        "pip install --find-links=$P x",
        "what `--find-links=$P` names is only known when pip runs",
    );
    check(
        "ruby:3.3",
        "gem install -s $P x",
        &format!("gem install -s $P x stays below the sources: {}", may("$P")),
    );
    check(
        "alpine:3.20",
        "apk add -X $P x",
        &format!("apk add -X $P x stays below the sources: {}", may("$P")),
    );
}

/// What is started with a container compiles all anew where the image holds nothing of what was compiled.
#[test]
fn what_go_compiled_stays_where_the_container_compiles() {
    for command in ["CMD [\"air\"]", "ENTRYPOINT CompileDaemon --build=\"go build -o x\"", "CMD go run ."] {
        let file = format!("FROM golang:1.22\nRUN go install x.org/air@v1.49.0\n{command}\n");
        check_refused(
            &["cache-mount"],
            &[],
            &file,
            &["2: the command of line 3 may compile with what this step leaves in /root/.cache/go-build"],
        );
    }
    let file =
        |mount: &str| format!("FROM golang:1.22\nRUN {mount}go install x.org/air@v1.49.0\nCMD [\"/x\"]\n");
    check(&["cache-mount"], &[], &file(""), &file("--mount=type=cache,target=/root/.cache/go-build "));
}
