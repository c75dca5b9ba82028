use std::fs;
use std::path::{Path, PathBuf};

use dockfix_syntax::Dockerfile;

use super::{Choice, Contexts, Reason};
use crate::discover::discover;

struct Tree(tempfile::TempDir);

impl Tree {
    /// A tree with these files, the first of which is the Dockerfile, and a Dockerfile text.
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = tree.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        tree
    }

    fn choose(&self) -> (String, Reason) {
        let found = discover(&[self.0.path().to_owned()]).files.remove(0);
        let file = Dockerfile::parse(fs::read(&found.path).unwrap());
        let Choice { root, reason } = Contexts::new(None).choose(&found, &file);
        let below = |path: &Path| path.strip_prefix(&found.root).unwrap().to_string_lossy().into_owned();
        let reason = match reason {
            Reason::Compose(file) => Reason::Compose(PathBuf::from(below(&file))),
            Reason::Several(contexts) => {
                Reason::Several(contexts.iter().map(|context| PathBuf::from(below(context))).collect())
            }
            reason => reason,
        };
        (root.map_or_else(|| "unknown".to_owned(), |root| below(&root)), reason)
    }
}

fn chosen(dockerfile: &str, text: &str, others: &[&str]) -> (String, Reason) {
    let mut files = vec![(dockerfile, text)];
    files.extend(others.iter().map(|&name| (name, "")));
    Tree::new(&files).choose()
}

#[test]
fn its_own_directory_if_the_sources_lie_there() {
    let own =
        |text, others: &[&str]| assert_eq!(chosen("a/Dockerfile", text, others), ("a".into(), Reason::Own));
    own("FROM a\nCOPY package.json .\n", &["a/package.json", "package.json"]);
    own("FROM a\nCOPY . .\n", &["a/main.go", "go.mod"]);
    own("FROM a\nRUN x\n", &["go.mod"]);
    own("FROM a\nCOPY package.json yarn.lock* ./\n", &["a/package.json", "package.json", "yarn.lock"]);
}

#[test]
fn the_nearest_directory_above_that_has_them() {
    let nearest = |text, others: &[&str], expected: &str| {
        assert_eq!(chosen("a/b/Dockerfile", text, others), (expected.to_owned(), Reason::Nearest), "{text}");
    };
    nearest("FROM a\nCOPY package.json .\n", &["a/package.json", "package.json"], "a");
    nearest("FROM a\nCOPY a/b/x y .\n", &["a/b/x", "y"], "");
    nearest("FROM a\nCOPY package*.json .\nCOPY . .\n", &["a/b/x", "a/package.json"], "a");
    nearest("FROM a\nCOPY . .\n", &["a/b/Dockerfile.dev", "a/b/.dockerignore", "a/main.go"], "a");
    nearest("FROM a\nCOPY . .\n", &["a/c/Dockerfile", "a/c/x.sh", "go.mod"], "");
    nearest("FROM a\nCOPY . .\n", &["a/c/Dockerfile", "a/lib/x.sh", "go.mod"], "a");
    nearest("FROM a\nRUN --mount=type=bind,source=go.mod,target=go.mod go mod download\n", &["go.mod"], "");
}

#[test]
fn the_one_that_has_the_most_if_none_has_all() {
    let reason = Reason::Most(vec!["target/app.jar".into()]);
    let text = "FROM a\nCOPY conf/x target/app.jar ./\n";
    assert_eq!(chosen("a/b/Dockerfile", text, &["a/conf/x", "conf/x"]), ("a".into(), reason));
}

#[test]
fn none_if_the_sources_are_nowhere() {
    let text = "FROM a\nCOPY target/app.jar ./\nCOPY . .\n";
    let reason = Reason::Nowhere(vec!["target/app.jar".into()]);
    assert_eq!(chosen("a/Dockerfile", text, &["a/x"]), ("unknown".into(), reason));
}

#[test]
fn a_compose_file_that_names_it_decides() {
    let dockerfile = ("a/docker/Dockerfile", "FROM a\nCOPY . .\n");
    let cases = [
        (
            "compose.yaml",
            "services:\n  x:\n    build:\n      context: a\n      dockerfile: docker/Dockerfile\n",
            "a",
        ),
        (
            "a/docker-compose.yml",
            "services: {x: {build: {context: .., dockerfile: a/docker/Dockerfile}}}",
            "",
        ),
        (
            "a/docker/compose.dev.yml",
            "x: &x {context: ../}\nservices: {x: {build: {<<: *x, dockerfile: docker/Dockerfile}}}",
            "a",
        ),
    ];
    for (name, text, expected) in cases {
        let tree = Tree::new(&[dockerfile, (name, text), ("a/docker/start.sh", ""), ("a/main.py", "")]);
        assert_eq!(tree.choose(), (expected.to_owned(), Reason::Compose(name.into())), "{text}");
    }
    for text in [
        "services: {x: {build: a/docker}}",
        "services: {x: {build: {context: \"${X}\"}}}",
        "services: [",
        "services: {x: {build: {context: a, dockerfile: other}}}",
    ] {
        let tree = Tree::new(&[dockerfile, ("compose.yml", text), ("a/docker/start.sh", "")]);
        assert_eq!(tree.choose().0, "a/docker", "{text}");
    }
}

/// What one of its contexts holds tells nothing of the others.
#[test]
fn none_if_compose_files_build_it_from_several() {
    let files = |first, second| {
        let text = "FROM a\nCOPY . .\n";
        [
            ("web/Dockerfile", text),
            ("web/x", ""),
            ("docker-compose.yml", first),
            ("docker-compose.prod.yml", second),
        ]
    };
    let of = |first, second| Tree::new(&files(first, second)).choose();
    let several = ("unknown".to_owned(), Reason::Several(vec![PathBuf::from("web"), PathBuf::new()]));
    let root = "services: {a: {build: {context: ., dockerfile: web/Dockerfile}}}";
    let own = "services: {b: {build: ./web}}";
    assert_eq!(of(root, own), several);
    let both = "services: {b: {build: ./web}, a: {build: {context: ., dockerfile: web/Dockerfile}}}";
    assert_eq!(of(both, ""), several);
    assert_eq!(of(own, own), ("web".to_owned(), Reason::Own));
}

/// The Dockerfile's path below its context tells of a context that a variable names.
#[test]
fn a_variable_context_is_told_by_the_dockerfile() {
    let files = |compose| [("web/Dockerfile", "FROM a\nCOPY . .\n"), ("web/x", ""), ("compose.yml", compose)];
    let of = |compose| Tree::new(&files(compose)).choose();
    let root = (String::new(), Reason::Compose("compose.yml".into()));
    assert_eq!(of("services: {a: {build: {context: '${CTX}', dockerfile: web/Dockerfile}}}"), root);
    assert_eq!(of("services: {a: {build: {context: '${CTX:-.}', dockerfile: web/Dockerfile}}}"), root);
    assert_eq!(of("services: {a: {build: {context: '${CTX}'}}}"), ("web".to_owned(), Reason::Own));
}

#[test]
fn a_compose_file_whose_context_lacks_the_sources_is_not_believed() {
    let text = "services: {x: {build: {context: ., dockerfile: a/Dockerfile}}}";
    let files = [("a/Dockerfile", "FROM a\nCOPY x .\n"), ("a/x", ""), ("compose.yml", text)];
    assert_eq!(Tree::new(&files).choose(), ("a".into(), Reason::Own));
}

#[cfg(unix)]
#[test]
fn the_directory_of_a_link_comes_first() {
    let tree = Tree::new(&[("docker/app", "FROM a\nCOPY . .\n"), ("docker/start.sh", ""), ("main.py", "")]);
    std::os::unix::fs::symlink("docker/app", tree.0.path().join("Dockerfile")).unwrap();
    assert_eq!(tree.choose(), (String::new(), Reason::Own));
}

#[test]
fn the_command_line_has_the_last_word() {
    let tree = Tree::new(&[("Dockerfile", "FROM a\nCOPY x .\n"), ("x", ""), ("sub/y", "")]);
    let found = discover(&[tree.0.path().to_owned()]).files.remove(0);
    let given = tree.0.path().join("sub");
    let choice =
        Contexts::new(Some(given.clone())).choose(&found, &Dockerfile::parse(&b"FROM a\nCOPY x ."[..]));
    assert_eq!(choice, Choice { root: Some(given), reason: Reason::Given });
}

#[test]
fn what_is_installed_tells_where_all_is_copied() {
    let text = "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o /app ./cmd/x\n";
    let of = |others: &[&str]| chosen("build/package/Dockerfile", text, others);
    assert_eq!(of(&["go.mod", "build/package/entrypoint.sh"]), (String::new(), Reason::Manifests));
    assert_eq!(of(&["go.mod", "build/package/x/go.mod"]), ("build/package".into(), Reason::Own));
    assert_eq!(of(&["x", "build/package/entrypoint.sh"]), ("build/package".into(), Reason::Own));
    let other = "FROM python:3.12\nCOPY . .\nRUN pip install flask\n";
    let others = &["requirements.txt", "docker/app.py"];
    assert_eq!(chosen("docker/Dockerfile", other, others), ("docker".into(), Reason::Own));
}
