//! `dockfix cache`: which steps run again after an edit.

use crate::sandbox::{BROKEN, IGNORE, NODE, Sandbox};

fn node() -> Sandbox {
    let sandbox = Sandbox::of(&NODE);
    sandbox.file(".dockerignore", IGNORE);
    sandbox.file("README.md", "");
    sandbox
}

#[test]
fn typical_edits_before_and_after() {
    let text = node().dockfix(&["cache"]).expect(0).stdout;
    assert!(
        text.starts_with("a source edit (server.js): 2 of 3 steps rerun; after the rewrite 1 of 4\n"),
        "{text}"
    );
    let expected = "
  before
    2  WORKDIR /app  cached
    3  COPY . .      reruns because it took server.js
    4  RUN npm ci    reruns because line 3 COPY . . took server.js
  after the rewrite
    3  WORKDIR /app                            cached
    4  COPY package.json package-lock.json ./  cached
    5  RUN npm ci                              cached
    6  COPY . .                                reruns because it took server.js
";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("a documentation edit (README.md): "), "{text}");
    assert!(text.contains(": the same as with server.js\n"), "{text}");
    assert!(text.contains("a manifest edit (package.json): "), "{text}");
    assert!(text.contains("a lock file edit (package-lock.json): "), "{text}");
    assert!(text.contains("a new base image "), "{text}");
}

#[test]
fn edits_are_named() {
    let sandbox = node();
    sandbox.file("Dockerfile", "FROM node:22\nARG V\nCOPY src /src\nRUN make\n");
    sandbox.file("src/a.c", "");
    let text = sandbox.dockfix(&["cache", "Dockerfile", "--edit", "README.md"]).expect(0).stdout;
    assert!(text.starts_with("README.md: 0 of 2 steps rerun"), "{text}");
    let arguments = ["cache", "--edit", "src/new.c", "--arg", "V", "--arg", "W"];
    let text = sandbox.dockfix(&arguments).expect(0).stdout;
    assert!(text.contains("src/new.c, --build-arg V, --build-arg W: 2 of 2 steps rerun"), "{text}");
    assert!(text.contains("  src/new.c is not there; it counts as new\n"), "{text}");
    assert!(text.contains("  no ARG of the Dockerfile is called W\n"), "{text}");
    let text = sandbox.dockfix(&["cache", "--base"]).expect(0).stdout;
    assert!(text.contains("because it started from another node:22"), "{text}");
    sandbox.file(".dockerignore", "src/*.md\n");
    sandbox.file("src/a.md", "");
    // A path counts from where one stands.
    let inner = Sandbox::at(sandbox.path("src"));
    let text = inner.dockfix(&["cache", "../Dockerfile", "--edit", "a.md"]).expect(0).stdout;
    assert!(text.starts_with("src/a.md: 0 of 2 steps rerun"), "{text}");
    assert!(text.contains(".dockerignore"), "{text}");
    let outcome = inner.dockfix(&["cache", "../Dockerfile", "--edit", "/etc/passwd"]).expect(2);
    assert!(outcome.stderr.contains("--edit /etc/passwd: outside the build context"), "{}", outcome.stderr);
}

#[test]
fn what_depends_on_content_is_no_certain_rerun() {
    let sandbox = Sandbox::of(&[
        ("Dockerfile", "FROM a AS build\nCOPY a.c /\nRUN make\nFROM b\nCOPY --from=build /x /\n"),
        ("a.c", ""),
    ]);
    let text = sandbox.dockfix(&["cache", "--edit", "a.c"]).expect(0).stdout;
    assert!(text.starts_with("a.c: 2 and perhaps 1 more of 3 steps rerun"), "{text}");
    assert!(text.contains("may rerun because line 2 COPY a.c / took a.c"), "{text}");
    assert!(text.contains("it stays cached if that stage makes the same files"), "{text}");
}

#[test]
fn json_has_every_step() {
    let report = node().dockfix(&["cache", "--edit", "server.js", "--format", "json"]).expect(0).json();
    assert_eq!(report["version"], 1);
    assert_eq!(report["path"], "Dockerfile");
    let change = &report["changes"][0];
    assert_eq!(change["edits"][0]["file"], "server.js");
    assert_eq!(change["before"]["reruns"], 2);
    assert_eq!(change["after"]["reruns"], 1);
    let step = &change["before"]["steps"][2];
    assert_eq!((&step["line"], &step["verdict"]), (&4.into(), &"reruns".into()));
    assert_eq!(step["reason"], "line 4 RUN npm ci reruns because line 3 COPY . . took server.js");
}

#[test]
fn colours_only_where_they_are_wanted() {
    let sandbox = node();
    assert!(!sandbox.dockfix(&["cache"]).stdout.contains('\u{1b}'));
    assert!(sandbox.dockfix(&["cache", "--color", "always"]).stdout.contains('\u{1b}'));
}

#[test]
fn says_in_a_line_what_is_wrong() {
    let sandbox = Sandbox::of(&[("a.Dockerfile", BROKEN), ("b.Dockerfile", BROKEN)]);
    let stderr = |arguments: &[&str]| {
        let outcome = sandbox.dockfix(arguments).expect(2);
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
        outcome.stderr
    };
    assert!(stderr(&["cache"]).contains("there are 2 Dockerfiles (a.Dockerfile, b.Dockerfile"));
    assert!(stderr(&["cache", "a.Dockerfile"]).starts_with("a.Dockerfile:2: "));
    assert!(stderr(&["cache", "missing"]).starts_with("missing: "));
    assert!(stderr(&["cache", "-"]).starts_with("-: "));
    assert!(stderr(&["cache", "."]).starts_with(".: "));
}
