use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use dockfix_transforms::{Change, Safety};
use proptest::prelude::*;

use super::FileDiff;

fn change(line: usize, lines_after: &[(usize, usize)], safety: Safety, reason: &str) -> Change {
    Change {
        transform: "late-arg",
        line,
        safety,
        reason: reason.to_owned(),
        lines_after: lines_after.iter().map(|&(start, end)| start..end).collect(),
    }
}

fn diff(before: Option<&str>, after: &str, changes: &[Change]) -> String {
    let before = before.map(str::as_bytes);
    let bytes = FileDiff { path: b"Dockerfile", before, after: after.as_bytes(), changes }.to_bytes();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_reason_stands_in_the_hunk_header() {
    let changes = [change(2, &[(2, 2), (3, 4)], Safety::Safe, "RUN make no longer\nreruns")];
    assert_eq!(
        diff(Some("FROM a\nARG B\nRUN make\n"), "FROM a\nRUN make\nARG B\n", &changes),
        "diff --git a/Dockerfile b/Dockerfile\n--- a/Dockerfile\n+++ b/Dockerfile\n\
         @@ -1,3 +1,3 @@ late-arg: RUN make no longer reruns\n FROM a\n-ARG B\n RUN make\n+ARG B\n"
    );
}

#[test]
fn every_hunk_has_the_reasons_of_its_own_changes_and_unsafe_ones_are_marked() {
    let before: String = (1..=40).map(|n| format!("line {n}\n")).collect();
    let after =
        before.replace("line 5\n", "LINE 5\n").replace("line 6\n", "LINE 6\n").replace("line 30\n", "");
    let changes = [
        change(5, &[(5, 6)], Safety::Safe, "five"),
        change(6, &[(6, 7)], Safety::Unsafe, "six"),
        change(30, &[(30, 30)], Safety::Safe, "thirty"),
    ];
    let text = diff(Some(&before), &after, &changes);
    let headers: Vec<_> = text.lines().filter(|line| line.starts_with("@@")).collect();
    assert_eq!(
        headers,
        ["@@ -2,8 +2,8 @@ late-arg: five; [unsafe] late-arg: six", "@@ -27,7 +27,6 @@ late-arg: thirty"]
    );
}

#[test]
fn a_hunk_far_from_what_the_change_says_it_wrote_takes_the_nearest_reason() {
    let before: String = (1..=40).map(|n| format!("line {n}\n")).collect();
    let after = before.replace("line 5\n", "").replace("line 30\n", "line 30\nline 5\n");
    let changes = [change(5, &[], Safety::Safe, "moved"), change(39, &[], Safety::Safe, "other")];
    let text = diff(Some(&before), &after, &changes);
    let headers: Vec<_> = text.lines().filter(|line| line.starts_with("@@")).collect();
    assert_eq!(headers, ["@@ -2,7 +2,6 @@ late-arg: moved", "@@ -28,6 +27,7 @@ late-arg: other"]);
}

#[test]
fn nothing_changed_gives_no_diff() {
    assert_eq!(diff(Some("FROM a"), "FROM a", &[]), "");
}

#[test]
fn a_new_file_and_a_missing_final_newline() {
    assert_eq!(
        diff(None, "node_modules", &[]),
        "diff --git a/Dockerfile b/Dockerfile\nnew file mode 100644\n--- /dev/null\n+++ b/Dockerfile\n\
         @@ -0,0 +1 @@\n+node_modules\n\\ No newline at end of file\n"
    );
}

#[test]
fn names_are_quoted_as_git_quotes_them() {
    let header = |path: &[u8]| {
        let bytes = FileDiff { path, before: Some(b"a\n"), after: b"b\n", changes: &[] }.to_bytes();
        bytes.split(|&byte| byte == b'\n').take(3).map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let repository = Repository::new();
    for name in
        ["Dockerfile", "a b/Dockerfile", "a\"b", "a\\b", "é/Dockerfile", "tab\there", "new\nline", "x\u{7f}"]
    {
        repository.write(name, b"a\n");
        repository.git(&["add", "--", name]);
        repository.write(name, b"b\n");
        let theirs = repository.git(&["diff", "--no-color", "--", name]);
        let mut theirs = theirs.split(|&byte| byte == b'\n').map(<[u8]>::to_vec);
        let (Some(first), Some(_index), Some(old), Some(new)) =
            (theirs.next(), theirs.next(), theirs.next(), theirs.next())
        else {
            panic!("git diff of {name:?} is too short")
        };
        assert_eq!(header(name.as_bytes()), [first, old, new], "{name:?}");
    }
}

/// `git apply` of the diff onto `before` gives `after`, byte for byte.
fn applies(repository: &Repository, name: &str, before: Option<&[u8]>, after: &[u8]) {
    let diff = FileDiff { path: name.as_bytes(), before, after, changes: &[] }.to_bytes();
    if before == Some(after) {
        assert!(diff.is_empty());
        return;
    }
    match before {
        Some(before) => repository.write(name, before),
        None => repository.remove(name),
    }
    repository.apply(&diff);
    let got = std::fs::read(repository.path(name)).unwrap();
    assert_eq!(got, after, "\n{}", String::from_utf8_lossy(&diff));
}

#[test]
fn git_applies_empty_files_and_strange_names() {
    let repository = Repository::new();
    applies(&repository, "Dockerfile", Some(b""), b"FROM a\n");
    applies(&repository, "Dockerfile", Some(b"FROM a"), b"");
    applies(&repository, "Dockerfile", Some(b"FROM a\r\n"), b"FROM a\r");
    applies(&repository, ".dockerignore", None, b"a\nb\n");
    applies(&repository, "new", None, b"");
    applies(&repository, "a b/c d", Some(b"x\n"), b"y\n");
    applies(&repository, "a b/new", None, b"y\n");
    applies(&repository, "é\"\\\t", Some(b"x"), b"x\n");
    applies(&repository, "é\"\\\tnew", None, b"x");
    applies(&repository, "not utf-8", Some(b"\xff\xfe\n\0\n"), b"\0\xfe\n");
}

/// Lines as files have them: repeated, empty, with every kind of line end, and the last one possibly without.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => proptest::sample::select(vec!["FROM a", "RUN b", "COPY . .", "", "# c", "  x", "-- y", "+++ z", "\\"])
            .prop_map(|line| line.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>().prop_filter("ends the line", |&byte| byte != b'\n'), 0..6),
    ];
    let end = proptest::sample::select(vec!["\n", "\n", "\n", "\r\n", "\r\r\n"]);
    let lines = proptest::collection::vec((line, end), 0..24);
    (lines, any::<bool>()).prop_map(|(lines, ends)| {
        let mut bytes: Vec<u8> =
            lines.into_iter().flat_map(|(line, end)| [line, end.as_bytes().to_vec()].concat()).collect();
        if !ends {
            while bytes.last() == Some(&b'\n') {
                bytes.pop();
            }
        }
        bytes
    })
}

/// `before` with a few lines taken out, doubled or moved, so that hunks have context between them.
fn edited() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (file(), proptest::collection::vec((0..30usize, 0..30usize, 0..3u8), 0..5)).prop_map(|(before, edits)| {
        let mut lines: Vec<Vec<u8>> =
            before.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
        for (from, to, what) in edits {
            if lines.is_empty() {
                break;
            }
            let line = lines[from % lines.len()].clone();
            if what > 0 {
                lines.remove(from % lines.len());
            }
            if what < 2 {
                lines.insert(to % (lines.len() + 1), line);
            }
        }
        (before, lines.concat())
    })
}

#[test]
fn git_applies_what_we_print() {
    let repository = Repository::new();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let pairs = prop_oneof![3 => edited(), 1 => (file(), file())];
    runner
        .run(&pairs, |(before, after)| {
            applies(&repository, "Dockerfile", Some(&before), &after);
            Ok(())
        })
        .unwrap();
}

/// A git repository in a temporary directory, out of reach of the user's settings.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.git(&["init", "--quiet"]);
        repository
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn remove(&self, name: &str) {
        let _ = std::fs::remove_file(self.path(name));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE");
        command
    }

    fn git(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn apply(&self, diff: &[u8]) {
        let mut child = self
            .command(&["apply", "--whitespace=nowarn", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(diff).unwrap();
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}\n{}", String::from_utf8_lossy(diff));
    }
}
