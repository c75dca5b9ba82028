#![cfg(unix)]

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use dockfix_model::context::{Context, Kind};
use tempfile::TempDir;

use super::*;

/// Runs git in a directory, away from the user's settings.
fn git(directory: &Path, arguments: &str) -> String {
    let mut command = Command::new("git");
    command.args(arguments.split(' ')).current_dir(directory).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", directory);
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "a").env(format!("GIT_{role}_EMAIL"), "a@example.org");
        command.env(format!("GIT_{role}_DATE"), "2026-03-01T12:00:00Z");
    }
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "git {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

struct Fixture {
    directory: PathBuf,
    _guard: TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self::init("init -q -b main")
    }

    fn init(arguments: &str) -> Self {
        let guard = tempfile::tempdir().unwrap();
        let directory = fs::canonicalize(guard.path()).unwrap().join("r");
        fs::create_dir(&directory).unwrap();
        git(&directory, arguments);
        Self { directory, _guard: guard }
    }

    fn git(&self, arguments: &str) -> String {
        git(&self.directory, arguments)
    }

    /// Writes files (`path=text`, `path` removes one) and commits them; the message is their list.
    fn commit(&self, files: &str) {
        for file in files.split(' ') {
            let (path, text) = file.split_once('=').map_or((file, None), |(path, text)| (path, Some(text)));
            let path = self.directory.join(path);
            match text {
                None => drop(git(&self.directory, &format!("rm -q {file}"))),
                Some(text) => {
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, text).unwrap();
                }
            }
        }
        self.git("add -A");
        self.git(&format!("commit -q -m {}", files.replace(' ', ",")));
    }

    fn walk(&self, range: &str) -> Result<Walk, HistoryError> {
        Repository::around(&self.directory)?.walk(&range.parse()?)
    }

    fn subjects(&self, range: &str) -> Vec<String> {
        self.walk(range).unwrap().revisions.into_iter().map(|one| one.subject).collect()
    }

    /// What the newest commit changed below a directory.
    fn changed(&self, directory: &str) -> Vec<String> {
        let repository = Repository::around(&self.directory).unwrap();
        let revision = repository.walk(&Range::last(1)).unwrap().revisions.remove(0);
        let mut paths = Vec::new();
        let visit = |changed: Changed<'_>| {
            paths.push(String::from_utf8_lossy(changed.path).into_owned());
            ControlFlow::Continue(())
        };
        let before = revision.parent_tree.unwrap();
        repository.reader().changes(before, revision.tree, directory, visit).unwrap();
        paths.sort();
        paths
    }
}

#[test]
fn tells_what_changed() {
    let fixture = Fixture::new();
    fixture.commit("a=1 sub/b=2 sub/deep/c=3 other/d=4");
    fixture.commit("a=2");
    assert_eq!(fixture.changed(""), ["a"]);
    assert_eq!(fixture.changed("sub"), [] as [&str; 0]);
    fixture.git("mv sub/b sub/deep/e");
    fixture.git("commit -q -m rename");
    assert_eq!(fixture.changed(""), ["sub/b", "sub/deep/e"]);
    assert_eq!(fixture.changed("sub"), ["b", "deep/e"]);
    fixture.git("update-index --chmod=+x a");
    fixture.git("commit -q -m mode");
    fixture.git("reset -q --hard");
    assert_eq!(fixture.changed(""), ["a"]);
    fixture.commit("other/d other=file");
    assert_eq!(fixture.changed(""), ["other", "other/d"]);
    fixture.commit("sub/deep/c sub/deep/e");
    assert_eq!(fixture.changed("sub"), ["deep/c", "deep/e"]);
    assert_eq!(fixture.changed("missing"), [] as [&str; 0]);
}

#[test]
fn follows_first_parents() {
    let fixture = Fixture::new();
    for name in ["one=1", "two=2"] {
        fixture.commit(name);
    }
    fixture.git("checkout -q -b side HEAD~1");
    fixture.commit("side=1");
    fixture.git("checkout -q main");
    fixture.git("merge -q --no-ff -m merge side");
    fixture.commit("three=3");
    assert_eq!(fixture.subjects("10"), ["one=1", "two=2", "merge", "three=3"]);
    assert_eq!(fixture.subjects("2"), ["merge", "three=3"]);
    assert_eq!(fixture.subjects("main~1.."), ["three=3"]);
    // What the side branch has is what `one` has, and its own commit.
    assert_eq!(fixture.subjects("side..main"), ["two=2", "merge", "three=3"]);
    assert_eq!(fixture.subjects("main..side"), [] as [&str; 0]);
    assert_eq!(fixture.subjects("main~2"), ["one=1", "two=2"]);
    // Of a merge, what came from the side branch is the change.
    fixture.git("reset -q --hard HEAD~1");
    assert_eq!(fixture.changed(""), ["side"]);
    let revision = fixture.walk("1").unwrap().revisions.remove(0);
    assert_eq!(revision.date, "2026-03-01");
}

#[test]
fn says_in_a_line_what_is_missing() {
    let fixture = Fixture::new();
    let error = |fixture: &Fixture, range: &str| {
        let error = fixture.walk(range).unwrap_err().to_string();
        assert!(!error.contains('\n'), "{error}");
        error
    };
    assert!(error(&fixture, "5").contains("has no commits yet"));
    fixture.commit("a=1");
    assert!(error(&fixture, "nowhere..").contains("there is no revision `nowhere`"));
    assert!(error(&fixture, "HEAD:a").contains("`HEAD:a` is no commit"));
    let bare = Fixture::init("init -q --bare");
    assert!(error(&bare, "5").contains("a bare repository"));
    let plain = tempfile::tempdir().unwrap();
    let error = Repository::around(&fs::canonicalize(plain.path()).unwrap()).unwrap_err();
    assert!(error.to_string().contains("not in a git repository"), "{error}");
    fs::write(fixture.directory.join(".git/config"), "[core\n").unwrap();
    assert!(matches!(fixture.walk("5"), Err(HistoryError::Unreadable { .. })));
}

#[test]
fn ends_where_a_shallow_clone_ends() {
    let fixture = Fixture::new();
    for name in ["a=1", "a=2", "a=3"] {
        fixture.commit(name);
    }
    let url = format!("file://{}", fixture.directory.display());
    fixture.git(&format!("clone -q --depth 2 {url} shallow"));
    let walk = Repository::around(&fixture.directory.join("shallow")).unwrap().walk(&Range::default());
    let walk = walk.unwrap();
    assert!(walk.is_cut);
    let known: Vec<bool> = walk.revisions.iter().map(|one| one.parent_tree.is_some()).collect();
    assert_eq!(known, [false, true]);
    assert!(!fixture.walk("10").unwrap().is_cut);
}

#[test]
fn reads_work_trees_and_longer_names() {
    let fixture = Fixture::new();
    fixture.commit("a=1");
    fixture.git("worktree add -q ../linked");
    let linked = fixture.directory.with_file_name("linked");
    let repository = Repository::around(&linked).unwrap();
    assert_eq!(repository.work_tree(), linked);
    assert_eq!(repository.walk(&Range::default()).unwrap().revisions.len(), 1);
    let long = Fixture::init("init -q -b main --object-format=sha256");
    long.commit("a=1");
    long.commit("a=2");
    assert_eq!(long.subjects("10"), ["a=1", "a=2"]);
    assert_eq!(long.changed(""), ["a"]);
}

#[test]
fn a_commit_is_a_build_context() {
    let fixture = Fixture::new();
    fixture.commit("sub/run.sh=x sub/dir/file=hello sub/dir-more/z= sub/.dockerignore=*.log sub/a.log=");
    std::os::unix::fs::symlink("dir/file", fixture.directory.join("sub/link")).unwrap();
    fixture.git("add -A");
    fixture.git("update-index --chmod=+x sub/run.sh");
    fixture.git("commit -q -m more");
    let repository = Repository::around(&fixture.directory).unwrap();
    let tree = repository.walk(&Range::last(1)).unwrap().revisions[0].tree;
    let sub = repository.reader().entry(tree, "sub").unwrap().map(|entry| entry.id);
    let context = Context::from_foreign(Arc::new(CommitTree::new(&repository, sub)), "Dockerfile").unwrap();
    let names: Vec<String> = context.list("").unwrap().iter().map(|entry| entry.name.clone()).collect();
    assert_eq!(names, [".dockerignore", "dir", "dir-more", "link", "run.sh"]);
    assert_eq!(&*context.read("link").unwrap(), b"hello");
    assert_eq!(context.kind("run.sh").unwrap(), Some(Kind::File { size: 1, mode: 0o755 }));
    assert_eq!(context.kind("dir/file").unwrap(), Some(Kind::File { size: 5, mode: 0o644 }));
    assert!(context.read("a.log").is_err());
    assert!(context.read("missing/x").is_err());
    assert_eq!(context.copy_sources("dir*").unwrap().len(), 2);
}
