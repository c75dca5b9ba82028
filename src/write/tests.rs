use std::fs;
use std::path::{Path, PathBuf};

use super::{Batch, NewContent, Problem, WriteError};

struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn content(&self, name: &str, before: Option<&str>, after: &str) -> NewContent {
        NewContent {
            path: self.path(name),
            before: before.map(|text| text.as_bytes().into()),
            after: after.as_bytes().into(),
            root: self.0.path().to_owned(),
        }
    }

    /// Every file below the root, so that leftovers show.
    fn names(&self) -> Vec<String> {
        fn walk(root: &Path, dir: &Path, names: &mut Vec<String>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.is_symlink() {
                    walk(root, &path, names);
                } else {
                    names.push(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
                }
            }
        }
        let mut names = Vec::new();
        walk(self.0.path(), self.0.path(), &mut names);
        names.sort();
        names
    }
}

fn write(contents: Vec<NewContent>) -> Result<(), WriteError> {
    Batch::prepare(contents)?.commit()
}

#[test]
fn files_are_replaced_and_created() {
    let tree = Tree::new();
    tree.file("a/Dockerfile", "old");
    write(vec![tree.content("a/Dockerfile", Some("old"), "new"), tree.content(".dockerignore", None, "x")])
        .unwrap();
    assert_eq!((tree.read("a/Dockerfile"), tree.read(".dockerignore")), ("new".into(), "x".into()));
    assert_eq!(tree.names(), [".dockerignore", "a/Dockerfile"]);
}

#[test]
fn if_one_cannot_be_prepared_none_is_written() {
    let tree = Tree::new();
    tree.file("a", "old");
    tree.file("b", "edited meanwhile");
    let error = write(vec![tree.content("a", Some("old"), "new"), tree.content("b", Some("old"), "new")]);
    assert!(matches!(error, Err(WriteError { path, problem: Problem::Changed }) if path.ends_with("b")));
    assert_eq!(tree.read("a"), "old");
    assert_eq!(tree.names(), ["a", "b"]);
}

#[test]
fn a_file_that_changed_or_went_or_came_is_not_touched() {
    let tree = Tree::new();
    tree.file("changed", "theirs");
    tree.file("came", "theirs");
    let failed = |content| write(vec![content]).unwrap_err().problem;
    assert!(matches!(failed(tree.content("changed", Some("old"), "new")), Problem::Changed));
    assert!(matches!(failed(tree.content("gone", Some("old"), "new")), Problem::Io { .. }));
    assert!(matches!(failed(tree.content("came", None, "new")), Problem::Exists));
    assert_eq!((tree.read("changed"), tree.read("came")), ("theirs".into(), "theirs".into()));
    assert_eq!(tree.names(), ["came", "changed"]);
}

#[test]
fn a_change_between_preparing_and_writing_is_seen() {
    let tree = Tree::new();
    tree.file("a", "old");
    let batch = Batch::prepare(vec![tree.content("a", Some("old"), "new")]).unwrap();
    tree.file("a", "theirs");
    assert!(matches!(batch.commit().unwrap_err().problem, Problem::Changed));
    assert_eq!((tree.read("a"), tree.names()), ("theirs".into(), vec!["a".to_owned()]));
}

#[test]
fn a_failed_rename_puts_the_others_back() {
    let tree = Tree::new();
    tree.file("a", "old");
    tree.file("c/file", "old");
    let contents = vec![
        tree.content("a", Some("old"), "new"),
        tree.content("new", None, "new"),
        tree.content("c/file", Some("old"), "new"),
    ];
    let batch = Batch::prepare(contents).unwrap();
    // The temporary file of the third goes away under us: it passes the checks, but cannot be renamed.
    for entry in fs::read_dir(tree.path("c")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "tmp") {
            fs::remove_file(path).unwrap();
        }
    }
    assert!(matches!(batch.commit().unwrap_err().problem, Problem::Io { doing: "rename the new file", .. }));
    assert_eq!((tree.read("a"), tree.read("c/file")), ("old".into(), "old".into()));
    assert_eq!(tree.names(), ["a", "c/file"]);
}

#[cfg(unix)]
mod on_unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn the_mode_is_kept_and_a_new_file_gets_the_usual_one() {
        let tree = Tree::new();
        tree.file("a", "old");
        fs::set_permissions(tree.path("a"), fs::Permissions::from_mode(0o640)).unwrap();
        write(vec![tree.content("a", Some("old"), "new"), tree.content("b", None, "new")]).unwrap();
        let mode = |name: &str| fs::metadata(tree.path(name)).unwrap().permissions().mode() & 0o7777;
        tree.file("by-hand", "");
        assert_eq!((mode("a"), mode("b")), (0o640, mode("by-hand")));
    }

    #[test]
    fn a_link_inside_the_tree_is_followed_and_stays_a_link() {
        let tree = Tree::new();
        tree.file("docker/app", "old");
        symlink("docker/app", tree.path("Dockerfile")).unwrap();
        write(vec![tree.content("Dockerfile", Some("old"), "new")]).unwrap();
        assert_eq!(tree.read("docker/app"), "new");
        assert!(tree.path("Dockerfile").is_symlink());
        assert_eq!(tree.names(), ["Dockerfile", "docker/app"]);
    }

    #[test]
    fn a_link_out_of_the_tree_is_refused() {
        let (tree, other) = (Tree::new(), Tree::new());
        other.file("Dockerfile", "old");
        symlink(other.path("Dockerfile"), tree.path("Dockerfile")).unwrap();
        symlink(other.0.path(), tree.path("sub")).unwrap();
        let file = write(vec![tree.content("Dockerfile", Some("old"), "new")]).unwrap_err();
        let below = write(vec![tree.content("sub/Dockerfile", Some("old"), "new")]).unwrap_err();
        let new = write(vec![tree.content("sub/.dockerignore", None, "new")]).unwrap_err();
        for error in [file, below, new] {
            assert!(matches!(&error.problem, Problem::Outside { .. }), "{error}");
        }
        assert_eq!((other.read("Dockerfile"), other.names()), ("old".into(), vec!["Dockerfile".to_owned()]));
    }

    /// Linux shows files that can be read in directories that nobody can write to, not even root.
    #[test]
    fn a_directory_that_cannot_be_written_to() {
        let path = Path::new("/proc/self/comm");
        let Ok(before) = fs::read(path) else {
            println!("skipped: there is no {}", path.display());
            return;
        };
        let content = NewContent {
            path: path.to_owned(),
            before: Some(before.clone().into()),
            after: b"new"[..].into(),
            root: PathBuf::from("/"),
        };
        let error = write(vec![content]).unwrap_err();
        assert!(matches!(error.problem, Problem::Io { doing: "write in its directory", .. }), "{error}");
        assert_eq!(fs::read(path).unwrap(), before);
    }
}
