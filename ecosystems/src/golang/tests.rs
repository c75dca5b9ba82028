use super::*;
use crate::testing;

const MODULE: &str = "module example.com/app\n\ngo 1.21\n\nrequire example.com/lib v1.2.3\n";
const SUMS: &str = "example.com/lib v1.2.3 h1:x\nexample.com/lib v1.2.3/go.mod h1:y\n";

fn needs(body: &str, files: &[(&str, &str)]) -> String {
    testing::needs(&Golang, &format!("FROM golang:1.21\nWORKDIR /app\nCOPY . .\nRUN {body}"), files)
}

fn caches(dockerfile: &str) -> String {
    testing::caches(&Golang, dockerfile, &[])
}

fn simple() -> Vec<(&'static str, &'static str)> {
    vec![("go.mod", MODULE), ("go.sum", SUMS), ("main.go", "package main"), ("cmd/x/main.go", "package main")]
}

#[test]
fn downloads_need_the_manifests() {
    let expected = "install /app; files go.mod go.sum";
    for body in
        ["go mod download", "go mod download -x", "go mod verify", "/usr/local/go/bin/go mod download"]
    {
        assert_eq!(needs(body, &simple()), expected, "{body}");
    }
    assert_eq!(needs("go mod download", &[("go.mod", "module x\n")]), "install /app; files go.mod");
}

#[test]
fn builds_download_first() {
    let expected = "build /app; files go.mod go.sum; prefetch go mod download";
    for body in [
        "go build",
        "go build -o /bin/app .",
        "CGO_ENABLED=0 GOOS=linux go build -a -installsuffix cgo --ldflags '-s -w' -o app ./cmd/x",
        "go build -ldflags=\"-X main.v=$V\" ./...",
        "go build \"-ldflags=-X main.v=$V\" .",
        "go build -tags $tags ./cmd/$SERVICE",
        "go install ./...",
        "go install .",
        "go test ./... -v -run X",
        "go vet ./...",
        "go run main.go --port 80",
        "go generate ./...",
        "go list -mod=readonly all",
    ] {
        assert_eq!(needs(body, &simple()), expected, "{body}");
    }
    assert_eq!(
        needs("GOPRIVATE=a.b go build -o /x", &simple()),
        "build /app; files go.mod go.sum; prefetch GOPRIVATE=a.b go mod download"
    );
    for body in ["cd cmd/x && go build", "go build -C cmd/x"] {
        assert_eq!(
            needs(body, &simple()),
            "refused: go.mod lies in /app, above /app/cmd/x, where the command runs",
            "{body}"
        );
    }
    assert_eq!(
        needs("cd cmd/x && go mod download", &simple()),
        "install /app/cmd/x; files /app/go.mod /app/go.sum"
    );
    assert_eq!(
        needs("GOPROXY=$PROXY go build", &simple()),
        "refused: GOPROXY is set for go build alone, and its value is not known"
    );
}

#[test]
fn tools_need_no_project() {
    for body in [
        "go install example.com/tool@latest",
        "go install example.com/tool@$VERSION example.com/other@v1",
        "go get -u github.com/x/y",
        "go get golang.org/x/tools/cmd/stringer@v0.1.0",
    ] {
        assert_eq!(needs(body, &simple()), "packages", "{body}");
    }
    for body in ["go version", "go env GOPATH", "go env -w GOPROXY=https://x,direct CGO_ENABLED=0"] {
        assert_eq!(needs(body, &simple()), "settings", "{body}");
    }
    assert_eq!(needs("go clean -modcache -cache", &simple()), "clean-cache");
}

#[test]
fn leaves_alone_what_reads_everything() {
    for body in [
        "go",
        "go mod vendor",
        "go mod download example.com/x@v1",
        "go mod init x",
        "go mod edit -x",
        "go get y",
        "go get -u ./...",
        "go get ./... example.com/x",
        "go get ./...@v1",
        "go mod tidy -e",
        "go mod tidy x",
        "GOFLAGS=-mod=vendor go mod tidy",
        "go env -w GOCACHE=/x",
        "go env -w GO111MODULE=on",
        "go env -w",
        "go env -u GOPROXY",
        "go clean",
        "go work sync",
        "go tool x",
        "go run example.com/x@latest",
        "go install example.com/x@latest ./...",
        "go build -overlay x",
        "go build -unknown",
        "go $VERB",
        "go-wrapper download",
        "GO111MODULE=off go build",
        "GO111MODULE=$X go build",
        "GOWORK=/x/go.work go build",
        "GOFLAGS=-modfile=x go build",
    ] {
        assert_eq!(needs(body, &simple()), "opaque", "{body}");
    }
}

/// They run on the same files as before; only a download comes before them.
#[test]
fn what_puts_go_mod_right_downloads_first() {
    let expected = "build /app; files go.mod go.sum; prefetch go mod download";
    for body in
        ["go mod tidy", "go mod tidy -v -compat=1.17", "go get", "go get -d -v ./...", "go get . ./cmd/x"]
    {
        assert_eq!(needs(body, &simple()), expected, "{body}");
    }
    assert_eq!(
        needs("go mod tidy", &[("go.mod", "module x\n")]),
        "build /app; files go.mod; prefetch go mod download"
    );
    let missing = "requires example.com/lib v1.2.3, which go.sum does not list: go mod tidy may be there to put that right, \
                   and a download before it might fail";
    for files in [&[("go.mod", MODULE)][..], &[("go.mod", MODULE), ("go.sum", "a.b/c v1 h1:x\n")]] {
        assert_eq!(needs("go mod tidy", files), format!("refused: go.mod:5 {missing}"));
    }
    assert_eq!(
        needs(
            "go get ./...",
            &[("go.mod", MODULE), ("go.sum", SUMS), ("go.work", "use .\n"), ("go.work.sum", "")]
        ),
        "refused: go.work is there, which go mod download looks at and go get does not"
    );
    // vendor/ is written by neither of them, and read by neither.
    let vendored = [("go.mod", MODULE), ("go.sum", SUMS), ("vendor/modules.txt", "")];
    assert_eq!(needs("go mod tidy", &vendored), expected);
}

#[test]
fn what_puts_go_mod_right_fills_the_caches() {
    let run = |from: &str, body: &str| caches(&format!("FROM {from}\nWORKDIR /app\nRUN {body}"));
    let store = "/go/pkg/mod store shared";
    assert_eq!(run("golang:1.22", "go mod tidy"), store);
    assert_eq!(run("golang:1.22", "go get ./..."), store);
    assert_eq!(run("golang:1.16", "go get -d ./..."), store);
    assert_eq!(run("golang:1.16", "go get ./..."), format!("{store}; /root/.cache/go-build compiled shared"));
    assert_eq!(run("golang:1.10", "go get ./..."), "opaque");
}

#[test]
fn why_a_command_is_not_read_is_told() {
    let why = |file: &str| {
        let file = dockfix_syntax::Dockerfile::parse(file.as_bytes());
        let build = dockfix_model::build::Build::of(&file);
        let step = build.stages[0].steps.last().unwrap();
        let chain = dockfix_model::commands::Chain::of(&step.instruction, &step.state).unwrap();
        Golang.unread_because(chain.invocations()[0], &step.state).unwrap_or_default()
    };
    assert_eq!(why("FROM golang:1.9\nRUN go build"), "Go 1.9 has no modules");
    assert_eq!(
        why("FROM golang:1.12\nWORKDIR /go/src/x\nRUN go build"),
        "Go 1.12 uses no modules in /go/src/x, in GOPATH, unless GO111MODULE=on says so"
    );
    assert_eq!(
        why("FROM company/golang\nWORKDIR /go/src/x\nRUN go mod download"),
        "which Go the base image has is not known, and before 1.13 it uses no modules in /go/src/x if that lies in GOPATH"
    );
    assert_eq!(why("FROM golang\nRUN GO111MODULE=off go install ./..."), "GO111MODULE=off turns modules off");
    assert_eq!(why("FROM golang\nARG GOFLAGS\nRUN go build"), "what GOFLAGS is set to is not known");
    assert_eq!(why("FROM golang:1.22\nRUN go build"), "");
    assert_eq!(why("FROM golang:1.22\nRUN go mod vendor"), "");
}

#[test]
fn gopath_mode_is_not_known() {
    let run = |from: &str, workdir: &str| {
        let file = format!("FROM {from}\nWORKDIR {workdir}\nCOPY . .\nRUN go build");
        testing::needs(&Golang, &file, &[("go.mod", "module x\n")])
    };
    assert_eq!(run("golang:1.10-alpine", "/app"), "opaque");
    assert_eq!(run("golang:1.11", "/go/src/x"), "opaque");
    assert!(run("golang:1.11", "/x").starts_with("build"));
    assert!(run("golang:1.13", "/go/src/x").starts_with("build"));
    assert!(run("golang:alpine", "/go/src/x").starts_with("build"));
    assert!(run("company/go", "/x").starts_with("build"));
    assert_eq!(run("company/go", "/go/src/x"), "opaque");
    assert_eq!(run("golang:stretch", "/go/src/x"), "opaque");
    let off = "FROM golang\nENV GO111MODULE=off\nCOPY . .\nRUN go build";
    assert_eq!(testing::needs(&Golang, off, &[("go.mod", "module x\n")]), "opaque");
}

#[test]
fn replaced_directories_bring_their_go_mod() {
    let module = "module x\nreplace (\n\ta.b/c => ./lib // here\n\ta.b/d v1 => \"../d\"\n)\nreplace a.b/e => a.b/f v1.0.0\n";
    let dockerfile = "FROM golang\nWORKDIR /src/app\nCOPY app .\nCOPY d ../d\nRUN go mod download";
    let files = [
        ("app/go.mod", module),
        ("app/lib/go.mod", "module c\nreplace z => ../nowhere\n"),
        ("app/lib/c.go", "package c"),
        ("d/go.mod", "module d\n"),
    ];
    assert_eq!(
        testing::needs(&Golang, dockerfile, &files),
        "install /src/app; files /src/d/go.mod go.mod lib/go.mod"
    );
    assert_eq!(
        testing::needs(&Golang, dockerfile, &[files[0], files[1], ("d/x.go", "")]),
        "refused: app/go.mod:4 replaces a.b/d by ../d, whose go.mod is not copied from the build context"
    );
    let absolute = [("go.mod", "module x\nreplace y => /opt/y\n")];
    assert_eq!(
        needs("go build", &absolute),
        "refused: go.mod:2 replaces y by /opt/y, whose go.mod is not copied from the build context"
    );
    let ignored = [("go.mod", "module x\nreplace y => ./y\n"), ("y/go.mod", ""), (".dockerignore", "y")];
    assert_eq!(
        needs("go build", &ignored),
        "refused: go.mod:2 replaces y by ./y, whose go.mod is not copied from the build context"
    );
}

#[test]
fn workspaces_bring_every_member() {
    let workspace = "go 1.21\n\nuse (\n\t./a\n\tb\n)\nuse ./c\nreplace z => ./z\n";
    let mut files = vec![
        ("go.work", workspace),
        ("go.work.sum", ""),
        ("a/go.mod", "module a\n"),
        ("a/go.sum", SUMS),
        ("b/go.mod", "module b\nreplace y => ../y\n"),
        ("c/go.mod", "module c\n"),
        ("y/go.mod", "module y\n"),
        ("z/go.mod", "module z\n"),
    ];
    assert_eq!(
        needs("cd a && go build", &files),
        "build /app/a; files /app/b/go.mod /app/c/go.mod /app/go.work /app/go.work.sum /app/y/go.mod /app/z/go.mod \
         go.mod go.sum; prefetch go mod download"
    );
    assert_eq!(
        needs("go build ./a", &files),
        "build /app; files a/go.mod a/go.sum b/go.mod c/go.mod go.work go.work.sum y/go.mod z/go.mod; \
         prefetch go mod download"
    );
    assert_eq!(
        needs("cd cmd && go build ../a", &files),
        "refused: go.work lies in /app, above /app/cmd, where the command runs"
    );
    let without_sums: Vec<_> = files.iter().copied().filter(|(path, _)| *path != "go.work.sum").collect();
    assert_eq!(
        needs("go build ./a", &without_sums),
        "refused: no go.work.sum is copied from the build context to /app, and go mod download may write one"
    );
    assert!(needs("go mod download", &without_sums).starts_with("install /app"));
    files.remove(5);
    assert_eq!(
        needs("cd a && go mod download", &files),
        "refused: go.work:7 uses ./c, whose go.mod is not copied from the build context"
    );
}

#[test]
fn vendored_builds_download_nothing() {
    let mut files = simple();
    files.push(("vendor/modules.txt", ""));
    assert_eq!(
        needs("go build", &files),
        "refused: vendor/modules.txt is there, so go build downloads nothing"
    );
    assert!(needs("go mod download", &files).starts_with("install"));
    assert!(needs("go build -mod=mod", &files).starts_with("build"));
    assert!(needs("go build -mod=vendor", &files).starts_with("refused"));
    assert_eq!(
        testing::caches(&Golang, "FROM golang\nWORKDIR /app\nCOPY . .\nRUN go build", &files),
        "/root/.cache/go-build compiled shared"
    );
}

#[test]
fn refuses_what_it_cannot_find() {
    assert_eq!(
        needs("go build", &[("main.go", "")]),
        "refused: no go.mod is copied from the build context to /app or above"
    );
    let incomplete = [("go.mod", MODULE), ("go.sum", "a v1 h1:x\n")];
    assert_eq!(
        needs("go mod download", &incomplete),
        "refused: go.mod:5 requires example.com/lib v1.2.3, which go.sum does not list: the download would add it, and \
         the copy that follows take it away again"
    );
    assert!(needs("go build", &incomplete).starts_with("build"));
    let file = "FROM golang\nWORKDIR /app\nCOPY --parents **/x ./\nCOPY . .\nRUN go build";
    assert_eq!(
        testing::needs(&Golang, file, &[("go.mod", MODULE)]),
        "refused: it cannot be told which files are copied to /app/go.work"
    );
}

#[test]
fn modfile_stands_in_for_go_mod() {
    let files = [("go.mod", "module x\n"), ("tools.mod", "module x\nreplace y => ./y\n"), ("y/go.mod", "")];
    assert_eq!(
        needs("go build -modfile=tools.mod ./...", &files),
        "build /app; files go.mod tools.mod y/go.mod; prefetch go mod download -modfile=tools.mod"
    );
    assert!(needs("go build -modfile=$X ./...", &files).starts_with("refused"));
}

#[test]
fn any_text_can_be_read() {
    for text in [
        "",
        "\u{feff}module x",
        "replace",
        "replace =>",
        "replace a =>",
        "require (\n",
        "use \"",
        ")",
        "a ( b )",
    ] {
        let files = [("go.mod", text), ("go.work", text), ("go.sum", text)];
        assert!(!needs("go build", &files).is_empty());
        assert!(!needs("go mod download", &files[..1]).is_empty());
    }
}

#[test]
fn caches_follow_the_environment() {
    let both = |modules: &str, build: &str| format!("{modules} store shared; {build} compiled shared");
    let run = |lines: &str, body: &str| caches(&format!("{lines}\nRUN {body}"));
    assert_eq!(run("FROM golang", "go build"), both("/go/pkg/mod", "/root/.cache/go-build"));
    assert_eq!(run("FROM golang", "go mod download"), "/go/pkg/mod store shared");
    assert_eq!(run("FROM golang", "go install x.y/z@v1"), both("/go/pkg/mod", "/root/.cache/go-build"));
    assert_eq!(run("FROM alpine", "go build"), both("/root/go/pkg/mod", "/root/.cache/go-build"));
    assert_eq!(run("FROM golang\nENV GOPATH=/x:/y GOCACHE=/c", "go build"), both("/x/pkg/mod", "/c"));
    assert_eq!(run("FROM golang\nENV GOMODCACHE=/m", "go build"), both("/m", "/root/.cache/go-build"));
    assert_eq!(run("FROM golang\nENV XDG_CACHE_HOME=/x", "go build"), both("/go/pkg/mod", "/x/go-build"));
    assert_eq!(run("FROM golang", "GOMODCACHE=/m go mod download"), "/m store shared");
    for body in ["go version", "go clean -modcache"] {
        assert_eq!(run("FROM golang", body), "", "{body}");
    }
    // What only downloads fills no build cache, and old versions have neither cache.
    assert_eq!(run("FROM golang", "go get -d x.y/z"), "/go/pkg/mod store shared");
    assert_eq!(run("FROM golang:1.10", "go get x.y/z"), "/root/.cache/go-build compiled shared");
    assert_eq!(run("FROM golang:1.8", "go get x.y/z"), "");
    assert_eq!(
        run("FROM golang\nENV GOPROXY=off", "go build"),
        "refused: GOPROXY=off relies on what an earlier step downloaded"
    );
    assert_eq!(
        run("FROM company/go", "go build"),
        "refused: GOPATH is not known here, and so neither is the module cache"
    );
    assert_eq!(
        run("FROM golang\nARG GOCACHE=/x", "go build"),
        "refused: GOCACHE is not known here, and so neither is the build cache"
    );
}

#[test]
fn other_users_cannot_write_beside_the_module_cache() {
    assert_eq!(
        caches("FROM golang\nENV HOME=/home/x\nUSER x\nRUN go build"),
        "/home/x/.cache/go-build compiled shared"
    );
    assert_eq!(
        caches("FROM golang\nUSER x\nRUN go mod download"),
        "refused: /go/pkg/mod is mounted into a directory of root's, where go, run as another user, has to write \
         pkg/sumdb"
    );
}

#[test]
fn a_user_that_is_not_known_may_be_root() {
    assert_eq!(
        caches("FROM company/go\nENV GOMODCACHE=/go/pkg/mod\nRUN go mod download"),
        "refused: the user that the base image sets is not known"
    );
}

#[test]
fn settings_go_to_a_file_of_their_own() {
    let touches = |path: &str| {
        testing::touches(&Golang, "FROM golang\nWORKDIR /app\nRUN go env -w GOPROXY=direct", path)
    };
    assert_eq!(touches("/root/.config/go/env"), "rw");
    assert_eq!(touches("/go/pkg/mod"), "r");
    assert_eq!(touches("/app"), "");
}

#[test]
fn tools_touch_no_project() {
    let touches = |from: &str, body: &str, path: &str| {
        testing::touches(&Golang, &format!("FROM {from}\nWORKDIR /app\nRUN {body}"), path)
    };
    assert_eq!(touches("golang", "go install x.y/z@v1", "/app"), "");
    assert_eq!(touches("golang", "go install x.y/z@v1", "/go/bin"), "rw");
    assert_eq!(touches("golang", "go install x.y/z@v1", "/go/src/app"), "");
    assert_eq!(touches("golang", "go get x.y/z", "/app"), "rw");
    assert_eq!(touches("golang", "go get x.y/z", "/go/src/app"), "rw");
    assert_eq!(touches("golang", "go version", "/app"), "");
    assert_eq!(touches("alpine", "go version", "/app/go.mod"), "r");
    assert_eq!(touches("golang", "go mod download", "/app"), "");
    assert_eq!(touches("golang", "go mod download", "/go/pkg/mod"), "rw");
}

#[test]
fn tells_what_moves_its_caches() {
    for run in [
        "go env -w GOMODCACHE=/c",
        "go env -w GOPROXY=direct GOCACHE=/c",
        "go env -w GOPATH=/c",
        "/usr/local/go/bin/go env -w GOFLAGS=-mod=mod",
        "go env -w \"GOCACHE=$D\"",
    ] {
        assert!(testing::moves_caches(&Golang, run), "{run}");
    }
    for run in [
        "go env GOMODCACHE",
        "go env -w GOPROXY=direct",
        "go env -w GOFLAGS=-trimpath",
        "GOMODCACHE=/c go env",
        "echo env -w GOMODCACHE=/c",
        "go build .",
    ] {
        assert!(!testing::moves_caches(&Golang, run), "{run}");
    }
}
