use std::fs;
use std::path::{Path, PathBuf};

use super::{Discovery, discover};

struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = tree.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        tree
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn discover(&self, names: &[&str]) -> Discovery {
        discover(&names.iter().map(|name| self.path(name)).collect::<Vec<_>>())
    }

    fn below(&self, path: &Path) -> String {
        path.strip_prefix(self.0.path()).unwrap().to_string_lossy().into_owned()
    }

    fn shown(&self, discovery: &Discovery) -> Vec<String> {
        discovery.files.iter().map(|found| self.below(&found.shown)).collect()
    }
}

#[test]
fn a_directory_is_searched_and_gitignore_honoured() {
    let tree = Tree::new(&[
        ("b/Dockerfile", ""),
        ("a/api.Dockerfile", ""),
        (".devcontainer/Dockerfile", ""),
        ("node_modules/x/Dockerfile", ""),
        (".git/Dockerfile", ""),
        ("vendor/Dockerfile", ""),
        ("c/vendor/modules.txt", ""),
        ("c/vendor/x/Dockerfile", ""),
        ("ignored/Dockerfile", ""),
        ("a/README.md", ""),
        (".gitignore", "/ignored\n"),
    ]);
    let found = tree.discover(&[""]);
    assert_eq!(
        tree.shown(&found),
        [".devcontainer/Dockerfile", "a/api.Dockerfile", "b/Dockerfile", "vendor/Dockerfile"]
    );
    assert!(found.errors.is_empty() && found.passed_over.is_empty());
    let named = tree.discover(&["ignored/Dockerfile", "a/README.md", "ignored"]);
    assert_eq!(tree.shown(&named), ["a/README.md", "ignored/Dockerfile"]);
}

#[test]
fn the_root_is_the_repository_or_else_what_was_searched() {
    let tree = Tree::new(&[("r/.git/HEAD", ""), ("r/a/b/Dockerfile", ""), ("s/a/b/Dockerfile", "")]);
    let root = |names: &[&str]| {
        let found = tree.discover(names).files;
        found.iter().map(|found| tree.below(&found.root)).collect::<Vec<_>>()
    };
    assert_eq!(root(&["r/a"]), ["r"]);
    assert_eq!(root(&["r/a/b/Dockerfile"]), ["r"]);
    assert_eq!(root(&["s/a"]), ["s/a"]);
    assert_eq!(root(&[""]), ["r", ""]);
    assert_eq!(root(&["s/a/b/Dockerfile"]), ["s/a/b"]);
}

#[test]
fn a_file_is_found_once_however_often_it_is_named() {
    let tree = Tree::new(&[("a/Dockerfile", "")]);
    assert_eq!(tree.shown(&tree.discover(&["", "a", "a/Dockerfile"])), ["a/Dockerfile"]);
}

#[test]
fn templates_and_missing_files_are_told() {
    let tree = Tree::new(&[("Dockerfile.j2", ""), ("Dockerfile", "")]);
    let found = tree.discover(&["", "missing"]);
    assert_eq!(tree.shown(&found), ["Dockerfile"]);
    assert_eq!(tree.below(&found.passed_over[0].0), "Dockerfile.j2");
    assert_eq!(tree.below(&found.errors[0].0), "missing");
    // A template that is named is taken.
    assert_eq!(tree.shown(&tree.discover(&["Dockerfile.j2"])), ["Dockerfile.j2"]);
}

#[test]
fn a_strange_name_is_doubtful_unless_it_is_named() {
    let tree = Tree::new(&[("Dockerfile-dev", "FROM a")]);
    assert!(tree.discover(&[""]).files[0].doubtful);
    assert!(!tree.discover(&["Dockerfile-dev"]).files[0].doubtful);
    assert!(!tree.discover(&["", "Dockerfile-dev"]).files[0].doubtful);
}

#[cfg(unix)]
#[test]
fn links_are_resolved_inside_and_reported_outside() {
    use std::os::unix::fs::symlink;
    let other = Tree::new(&[("Dockerfile", "")]);
    let tree = Tree::new(&[("docker/Dockerfile", ""), ("deploy/app", "")]);
    symlink("docker/Dockerfile", tree.path("Dockerfile")).unwrap();
    symlink("deploy/app", tree.path("Dockerfile.app")).unwrap();
    symlink(other.path("Dockerfile"), tree.path("Dockerfile.out")).unwrap();
    symlink("nowhere", tree.path("Dockerfile.broken")).unwrap();
    symlink("..", tree.path("docker/loop")).unwrap();
    let found = tree.discover(&[""]);
    assert_eq!(tree.shown(&found), ["Dockerfile.app", "docker/Dockerfile"]);
    let linked: Vec<_> = found.files.iter().map(|found| found.linked_from.clone()).collect();
    let top = fs::canonicalize(tree.path("")).unwrap();
    assert_eq!(linked, [vec![top.clone()], vec![top]]);
    let passed_over: Vec<_> =
        found.passed_over.iter().map(|(path, reason)| (tree.below(path), &reason[..10])).collect();
    assert_eq!(
        passed_over,
        [("Dockerfile.broken".to_owned(), "a link tha"), ("Dockerfile.out".to_owned(), "a link to ")]
    );
}
