//! `manifest-first`: a download of its own above the sources, before what installs or builds with them.

use super::{GO, check, check_refused, check_unchanged};

const COMPOSER: &[(&str, &str)] = &[
    (".dockerignore", "vendor\n"),
    ("composer.json", "{\"name\": \"a/b\", \"require\": {\"a/c\": \"^1\"}}"),
    ("composer.lock", "{\"packages\": [], \"packages-dev\": []}"),
    ("index.php", ""),
];

#[test]
fn go_downloads_before_the_sources_come() {
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\n",
        "FROM golang:1.22\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build -o /app .\n",
    );
}

/// The same stage twice: a download that is new in one is new in the other too.
#[test]
fn stages_may_say_the_same() {
    let stage = "FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go test ./...\n";
    let wanted = "FROM golang:1.22\nWORKDIR /s\nCOPY go.mod go.sum /s/\nRUN go mod download\nCOPY . /s\nRUN go test ./...\n";
    check(&["manifest-first"], GO, &stage.repeat(2), &wanted.repeat(2));
}

/// A download above the sources runs as the build does: with its secrets, and with nothing before it that may matter.
#[test]
fn a_download_has_what_the_build_has() {
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN --mount=type=ssh go build .\n",
        "FROM golang:1.22\nWORKDIR /s\nCOPY go.mod go.sum ./\nRUN --mount=type=ssh go mod download\nCOPY . .\nRUN --mount=type=ssh go build .\n",
    );
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN export GOPRIVATE=x && go build .\n",
        "FROM golang:1.22\nWORKDIR /s\nCOPY go.mod go.sum ./\nRUN GOPRIVATE=x go mod download\nCOPY . .\nRUN export GOPRIVATE=x && go build .\n",
    );
    check_refused(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN make x && go build .\n",
        &[
            "4: go build . stays below the sources: `make x` before it may set up what a download of its own would need",
        ],
    );
}

/// What stands between the sources and the install may be what the download needs: here its very program.
#[test]
fn a_download_stays_below_what_brings_its_program() {
    check(
        &["manifest-first"],
        COMPOSER,
        "FROM php:8\nWORKDIR /app\nCOPY . .\nCOPY --from=composer:2 /usr/bin/composer /usr/bin/composer\nRUN composer install\n",
        "FROM php:8\nWORKDIR /app\nCOPY --from=composer:2 /usr/bin/composer /usr/bin/composer\nCOPY composer.json composer.lock ./\nRUN composer install --no-scripts --no-autoloader\nCOPY . .\nRUN composer install\n",
    );
}

/// The download runs as the install does: with its variables, its user and in its directory.
#[test]
fn a_download_stays_below_what_sets_its_state() {
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /src\n\n# All of it.\nCOPY . .\n\nENV GOFLAGS=-trimpath\n# Build.\nRUN go build -o /app .\n",
        "FROM golang:1.22\nWORKDIR /src\n\nENV GOFLAGS=-trimpath\nCOPY go.mod go.sum ./\nRUN go mod download\n# All of it.\nCOPY . .\n# Build.\nRUN go build -o /app .\n",
    );
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nCOPY . src\nWORKDIR /go/src\nRUN go build -o /app .\n",
        "FROM golang:1.22\nWORKDIR /go/src\nCOPY go.mod go.sum /go/src/\nRUN go mod download\nCOPY . /go/src/\nRUN go build -o /app .\n",
    );
}

/// What counts is what an earlier restore has fetched, not where it ran.
#[test]
fn what_is_fetched_is_told_by_its_files() {
    const PROJECT: &str = "<Project Sdk=\"Microsoft.NET.Sdk\" />";
    let files: &[(&str, &str)] =
        &[(".dockerignore", "**/obj\n"), ("a/A.csproj", PROJECT), ("b/B.csproj", PROJECT), ("b/b.cs", "")];
    let file = |restore: &str, copies: &str| {
        format!(
            "FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /src\n{restore}{copies}COPY . .\nRUN dotnet publish b/B.csproj\n"
        )
    };
    let done = "COPY b/B.csproj b/\nRUN cd b && dotnet restore\n";
    check_unchanged(&["manifest-first"], files, &file(done, ""));
    let other = "COPY a/A.csproj a/\nRUN dotnet restore a/A.csproj\n";
    let more = "COPY b/B.csproj ./b/\nRUN dotnet restore b/B.csproj\n";
    check(&["manifest-first"], files, &file(other, ""), &file(other, more));
}

/// A build that could have had its download is told of as an install is.
#[test]
fn a_build_behind_another_program_is_told_of() {
    check_refused(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN make proto\nRUN go build -o /app .\n",
        &[
            "5: go build -o /app . stays below the sources: `make proto` in line 4 may set up what a download of its own would need",
        ],
    );
    let done = "FROM golang:1.22\nWORKDIR /s\nCOPY go.* ./\nRUN go mod download\nCOPY . .\nRUN make proto\nRUN go build -o /app .\n";
    check_unchanged(&["manifest-first"], GO, done);
}

/// Sources that cannot sink can have a download above them, where nothing between matters to it.
#[test]
fn a_download_may_stand_above_sources_that_stay() {
    let file = |above: &str, between: &str| {
        format!("FROM golang:1.22\nWORKDIR /s\n{above}COPY . .\n{between}RUN go build -o /app .\n")
    };
    let download = "COPY go.mod go.sum ./\nRUN go mod download\n";
    let between = "RUN ls -la\nCOPY --from=x /dist /s/web/dist\n";
    check(&["manifest-first"], GO, &file("", between), &file(download, between));
    check_refused(
        &["manifest-first"],
        GO,
        &file("", "COPY --from=x /y /s\n"),
        &["5: go build -o /app . stays below the sources: line 4 also copies to /s"],
    );
}

/// What RUNs read that the copy passes on its way to the download has to be there before.
#[test]
fn the_download_does_not_forget_what_comes_before_it() {
    let mut files = GO.to_vec();
    files.push(("corp.crt", ""));
    check(
        &["manifest-first"],
        &files,
        "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN cp corp.crt /usr/local/share/ca-certificates/ && update-ca-certificates\nRUN go build -o /app .\n",
        "FROM golang:1.22\nWORKDIR /src\nCOPY corp.crt ./\nRUN cp corp.crt /usr/local/share/ca-certificates/ && update-ca-certificates\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build -o /app .\n",
    );
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN cat go.mod > /etc/mod\nRUN go build -o /app .\n",
        "FROM golang:1.22\nWORKDIR /src\nCOPY go.mod ./\nRUN cat go.mod > /etc/mod\nCOPY go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build -o /app .\n",
    );
}

/// A RUN that does without an install that fails would not do without a download that fails.
#[test]
fn a_download_does_not_fail_for_others() {
    for commands in [
        "go build ./... || true",
        "go build ./...; exit 0",
        "go build ./... | tee log",
        "go build a || go build b",
    ] {
        let first = commands.split(['|', ';']).next().unwrap_or_default().trim();
        check_refused(
            &["manifest-first"],
            GO,
            &format!("FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN {commands}\n"),
            &[&format!(
                "4: its RUN goes on where {first} fails, and a download of its own would have to succeed"
            )],
        );
    }
    check(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN set -e; go build ./...; go vet\n",
        "FROM golang:1.22\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN set -e; go build ./...; go vet\n",
    );
}

/// pip keeps what it compiles by its source alone, whatever it was compiled with.
#[test]
fn wheels_that_were_compiled_against_another_torch_stay_out() {
    let mount = "--mount=type=cache,target=/root/.cache/pip ";
    let head = "# syntax=docker/dockerfile:1\nFROM python:3.10\nARG V=2.1.1\n";
    let file = |flag: &str, torch: &str, later: &str| {
        format!("{head}RUN {flag}pip install {torch}\nRUN pip install {later}\n")
    };
    for (torch, later) in
        [("torch==$V", "megablocks"), ("torch==2.1.1", "\"megablocks @ git+https://x/y@3de516d\"")]
    {
        check(&["cache-mount"], &[], &file("", torch, later), &file(mount, torch, later));
    }
    let served = file(mount, "torch==2.1.1", "megablocks").replace("RUN pip", &format!("RUN {mount}pip"));
    check(&["cache-mount"], &[], &file("", "torch==2.1.1", "megablocks"), &served);
    // A command must not take them from the mount of the one beside it.
    let beside = |first: &str, option: &str| {
        format!(
            "# syntax=docker/dockerfile:1\nFROM python:3.10\nRUN {first} && pip install{option} flash-attn\n"
        )
    };
    check_refused(
        &["cache-mount"],
        &[],
        &beside("pip install torch==2.1", ""),
        &[
            "3: pip installs flash-attn, which is compiled against the torch of this image, and pip would take from the mount what was compiled against another",
        ],
    );
    check(
        &["cache-mount"],
        &[],
        &beside("pip install --no-cache-dir torch==2.1", " --no-cache-dir"),
        &beside(&format!("{}\\\n    pip install torch==2.1", mount), " --no-cache-dir"),
    );
}

/// Composer loads what is installed for all projects before it installs one of them.
#[test]
fn plugins_for_all_projects_may_read_more() {
    let file = |global: &str| {
        format!("FROM composer:2\nRUN {global}\nWORKDIR /app\nCOPY . .\nRUN composer install --no-dev\n")
    };
    for global in [
        "composer global require cweagans/composer-patches",
        "composer -n global require --prefer-dist symfony/flex:^2",
        "composer global require $PLUGINS",
        "composer global install",
    ] {
        check_refused(
            &["manifest-first"],
            COMPOSER,
            &file(global),
            &[
                "5: a command in line 2 may install plugins of composer, and what they make composer install --no-dev read is \
               not known",
            ],
        );
    }
    let after = |global: &str| {
        format!(
            "FROM composer:2\nRUN {global}\nWORKDIR /app\nCOPY composer.json composer.lock ./\nRUN composer install --no-dev --no-scripts --no-autoloader\nCOPY . .\nRUN composer install --no-dev\n"
        )
    };
    for global in [
        "composer global require hirak/prestissimo:^0.3 --no-plugins",
        "composer global config sort-packages true",
    ] {
        check(&["manifest-first"], COMPOSER, &file(global), &after(global));
    }
}

/// What they would put right is in the build context as it was; the download above them changes nothing of it.
#[test]
fn go_mod_tidy_gets_a_download_of_its_own() {
    for command in ["go mod tidy", "go get -d -v ./..."] {
        check(
            &["manifest-first"],
            GO,
            &format!("FROM golang:1.22\nWORKDIR /app\nCOPY . .\nRUN {command}\nRUN go build -o /bin/x .\n"),
            &format!(
                "FROM golang:1.22\nWORKDIR /app\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN {command}\nRUN go build -o /bin/x .\n"
            ),
        );
    }
    let file = |before: &str, command: &str| {
        format!("FROM golang:1.22\nWORKDIR /app\nCOPY . .\n{before}RUN {command}\nRUN go build -o /bin/x .\n")
    };
    let stays = |dockerfile: &str| {
        let outcome = super::run(&["manifest-first"], GO, dockerfile);
        let file = super::dockerfile(&outcome);
        assert_eq!(String::from_utf8_lossy(&file.after), dockerfile);
        let told: Vec<_> = file.refusals.iter().map(|refusal| &*refusal.reason).collect();
        assert!(matches!(told[..], [told] if told.contains("go mod tidy ")), "{told:?}");
    };
    // Something above writes the manifests, and the context's may be such as cannot be downloaded.
    for before in [
        "RUN go mod init x\n",
        "RUN go mod edit -require=a.b/c@v1\n",
        "RUN sed -i s/a/b/ go.mod\n",
        "RUN rm -f go.sum go.mod\n",
    ] {
        stays(&file(before, "go mod tidy"));
    }
    for command in ["rm -f go.sum && go mod tidy", "go mod init x && go mod tidy"] {
        stays(&file("", command));
    }
}

/// All of them fill the module cache by themselves.
#[test]
fn go_mod_tidy_shares_the_module_cache() {
    check(
        &["cache-mount"],
        GO,
        "FROM golang:1.22\nWORKDIR /app\nCOPY . .\nRUN go mod tidy\nRUN go build -o /bin/x .\nFROM alpine:3.20\nCOPY --from=0 /bin/x /x\n",
        "FROM golang:1.22\nWORKDIR /app\nCOPY . .\nRUN --mount=type=cache,target=/go/pkg/mod go mod tidy\nRUN --mount=type=cache,target=/go/pkg/mod \\\n    --mount=type=cache,target=/root/.cache/go-build \\\n    go build -o /bin/x .\nFROM alpine:3.20\nCOPY --from=0 /bin/x /x\n",
    );
    check_refused(
        &["cache-mount"],
        GO,
        "FROM golang:1.9\nWORKDIR /go/src/x\nCOPY . .\nRUN go build -o /bin/x .\n",
        &["4: go build -o /bin/x . gets no cache mount: Go 1.9 has no modules"],
    );
}

/// What the RUN of an install removes again, or gives another owner, would stay in the layer of a download.
#[test]
fn a_download_leaves_no_more_in_the_image() {
    let file = |run: &str| format!("FROM composer:2\nWORKDIR /app\nCOPY . .\nRUN {run}\n");
    let refused = |run: &str, why: &str| {
        check_refused(
            &["manifest-first"],
            COMPOSER,
            &file(run),
            &[&format!("4: composer install gets no download of its own: {why}")],
        );
    };
    refused(
        "composer install && vendor/bin/phpunit && composer install --no-dev",
        "what `composer install --no-dev` may remove would stay in the layer of that",
    );
    refused(
        "composer install && composer clear-cache",
        "what `composer clear-cache` may remove would stay in the layer of that",
    );
    refused(
        "composer install && rm -rf vendor",
        "what `rm -rf vendor` may remove would stay in the layer of that",
    );
    refused(
        "composer install && chown -R www-data:www-data /app",
        "what `chown -R www-data:www-data /app` goes over would lie in two layers, its own and the layer of that",
    );
    let done = |run: &str| {
        check(
            &["manifest-first"],
            COMPOSER,
            &file(run),
            &format!(
                "FROM composer:2\nWORKDIR /app\nCOPY composer.json composer.lock ./\nRUN composer install --no-scripts --no-autoloader\nCOPY . .\nRUN {run}\n"
            ),
        );
    };
    done("composer install && vendor/bin/phpunit && rm -rf tests");
    done("composer install && chown -R www-data:www-data /app/var");
    check_refused(
        &["manifest-first"],
        GO,
        "FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN go build -o /app . && go clean -modcache\n",
        &[
            "4: go build -o /app . gets no download of its own: what `go clean -modcache` may remove would stay in the layer of that",
        ],
    );
}

/// Where the manifests have a COPY of their own already, the download alone is missing.
#[test]
fn manifests_may_be_there_already() {
    let uv: &[(&str, &str)] = &[
        (".dockerignore", ".venv\n"),
        (
            "pyproject.toml",
            "[project]\nname = \"a\"\nversion = \"1\"\nrequires-python = \">=3.12\"\ndependencies = []\n[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n",
        ),
        ("uv.lock", "version = 1\n"),
        ("a.py", ""),
    ];
    let poetry: &[(&str, &str)] = &[
        (".dockerignore", ".venv\n"),
        ("pyproject.toml", "[tool.poetry]\nname = \"a\"\nversion = \"1\"\n"),
        ("poetry.lock", ""),
        ("a/__init__.py", ""),
    ];
    let file = |image: &str, manifests: &str, download: &str, run: &str| {
        format!("FROM {image}\nWORKDIR /s\nCOPY {manifests} ./\n{download}# Sources.\nCOPY . .\nRUN {run}\n")
    };
    for (files, image, manifests, download, run) in [
        (GO, "golang:1.22", "go.mod go.sum", "go mod download", "go build -o /app ."),
        (
            COMPOSER,
            "composer:2",
            "composer.json composer.lock",
            "composer install --no-scripts --no-autoloader",
            "composer install",
        ),
        (
            uv,
            "ghcr.io/astral-sh/uv:python3.12-bookworm",
            "pyproject.toml uv.lock",
            "uv sync --frozen --no-install-project",
            "uv sync --frozen",
        ),
        (poetry, "python:3.12", "pyproject.toml poetry.lock*", "poetry install --no-root", "poetry install"),
    ] {
        check(
            &["manifest-first"],
            files,
            &file(image, manifests, "", run),
            &file(image, manifests, &format!("RUN {download}\n"), run),
        );
    }
    // Behind an install in the same RUN, too.
    check(
        &["manifest-first"],
        poetry,
        "FROM python:3.12\nWORKDIR /s\nCOPY pyproject.toml poetry.lock ./\nCOPY . .\nRUN pip install poetry && poetry install\n",
        "FROM python:3.12\nWORKDIR /s\nRUN pip install poetry\nCOPY pyproject.toml poetry.lock ./\nRUN poetry install --no-root\nCOPY . .\nRUN poetry install\n",
    );
    // Sources in directories.
    let mut files = GO.to_vec();
    files.extend([("cmd/app/main.go", ""), ("internal/a.go", "")]);
    let file = |download: &str| {
        format!(
            "FROM golang:1.22\nWORKDIR /s\nCOPY go.mod go.sum ./\n{download}COPY cmd ./cmd\nCOPY internal ./internal\nRUN go build -o /app ./cmd/app\n"
        )
    };
    check(&["manifest-first"], &files, &file(""), &file("RUN go mod download\n"));
}

/// A manifest that is there is not copied once more because of a RUN between that leaves it alone.
#[test]
fn manifests_stay_where_nobody_writes_them() {
    let files: &[(&str, &str)] = &[
        ("pkg/go.mod", "module p\n\ngo 1.22\n"),
        ("pkg/p.go", "package p\n"),
        ("cmd/go.mod", "module c\n\ngo 1.22\n\nreplace p => ../pkg\n"),
        ("cmd/go.sum", ""),
        ("cmd/main.go", "package main\n"),
    ];
    let file = |between: &str, download: &str| {
        format!(
            "FROM golang:1.22\nWORKDIR /s\nCOPY pkg/go.mod ./pkg/\nCOPY cmd/go.mod cmd/go.sum ./cmd/\n{between}{download}COPY pkg ./pkg\nCOPY cmd ./cmd\nRUN cd cmd && go build .\n"
        )
    };
    check(
        &["manifest-first"],
        files,
        &file("RUN mkdir /out\n", ""),
        &file("RUN mkdir /out\n", "RUN cd /s/cmd && go mod download\n"),
    );
}

/// Commands that make code or work on modules set up nothing that a download needs; others may.
#[test]
fn a_download_stands_above_what_works_on_code() {
    let file =
        |download: &str, runs: &str| format!("FROM golang:1.22\nWORKDIR /s\n{download}COPY . .\n{runs}");
    let download = "COPY go.mod go.sum ./\nRUN go mod download\n";
    for runs in [
        "RUN ls -la && go build .\n",
        "RUN go mod tidy && go build .\n",
        "RUN go mod tidy\nRUN go mod vendor\nRUN go build .\n",
        "RUN go get -d -v ./...\nRUN go install -v ./...\n",
        "RUN mkdir -p /out && swag init && CGO_ENABLED=0 go build .\n",
        "RUN ls && go install github.com/swaggo/swag/cmd/swag@latest && swag init && go build .\n",
        "COPY --from=web /dist ./web/dist\nRUN go mod tidy && go build .\n",
        "RUN GOPROXY=x go mod tidy && GOPROXY=x go build .\n",
        "RUN --mount=type=cache,target=/c go mod tidy\nRUN go build .\n",
    ] {
        // It serves the first of them.
        let served = if runs.contains("GOPROXY=x") {
            "RUN GOPROXY=x go mod download\n"
        } else if runs.contains("--mount") {
            "RUN --mount=type=cache,target=/c go mod download\n"
        } else {
            "RUN go mod download\n"
        };
        let download = download.replace("RUN go mod download\n", served);
        check(&["manifest-first"], GO, &file("", runs), &file(&download, runs));
    }
    let set_up = |what: &str| format!("{what} may set up what a download of its own would need");
    let writes =
        |what: &str| format!("{what} writes where a download of its own may look for programs and settings");
    let downloads = |what: &str| {
        format!("{what} downloads with flags or variables that a download of its own would lack")
    };
    for (runs, line, why) in [
        ("RUN echo a > /root/.netrc && go build .\n", 4, writes("`echo a > /root/.netrc` before it")),
        ("RUN make x && go build .\n", 4, set_up("`make x` before it")),
        ("RUN ./setup.sh\nRUN go build .\n", 5, set_up("`./setup.sh` in line 4")),
        ("RUN swag init; ./swag\nRUN go build .\n", 5, set_up("`./swag` in line 4")),
        (
            "RUN git config --global url.a.insteadOf b && go build .\n",
            4,
            writes("`git config --global url.a.insteadOf b` before it"),
        ),
        (
            "RUN sed -i s/a/b/ go.mod && go build .\n",
            4,
            "`sed -i s/a/b/ go.mod` before it writes what a download of its own would read".to_owned(),
        ),
        ("RUN GOPROXY=x swag init\nRUN go build .\n", 5, downloads("`GOPROXY=x swag init` in line 4")),
        (
            "RUN --mount=type=secret,id=n,target=/root/.netrc swag init\nRUN go build .\n",
            5,
            downloads("`swag init` in line 4"),
        ),
        ("RUN go get -u ./... && go build .\n", 4, set_up("`go get -u ./...` before it")),
    ] {
        check_refused(
            &["manifest-first"],
            GO,
            &file("", runs),
            &[&format!("{line}: go build . stays below the sources: {why}")],
        );
    }
}
