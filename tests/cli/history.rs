//! `dockfix cache --history`: how often each step ran again over the commits of a repository.

use std::fs;

use crate::sandbox::{IGNORE, NODE, Outcome, Sandbox};

/// A repository with the sources of [`NODE`] and nothing else.
pub(crate) fn repository() -> Sandbox {
    let sandbox = Sandbox::of(&NODE);
    sandbox.file(".dockerignore", IGNORE);
    sandbox.git(&["init", "-q", "-b", "main"], "");
    commit(&sandbox, "first");
    sandbox
}

pub(crate) fn commit(sandbox: &Sandbox, message: &str) {
    sandbox.git(&["add", "-A"], "");
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", message], "");
}

/// Writes a file and commits it.
pub(crate) fn edit(sandbox: &Sandbox, path: &str, text: &str) {
    sandbox.file(path, text);
    commit(sandbox, path);
}

/// The course of the steps with this text before and after the rewrite: a letter for each commit.
fn courses(outcome: &Outcome, text: &str) -> [Option<String>; 2] {
    let report = outcome.json();
    ["before", "after"].map(|side| {
        let steps = report[side]["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["text"].as_str().unwrap().ends_with(text))?;
        Some(step["course"].as_str().unwrap().to_owned())
    })
}

fn both(before: &str, after: &str) -> [Option<String>; 2] {
    [Some(before.to_owned()), Some(after.to_owned())]
}

fn replay(sandbox: &Sandbox, range: &str) -> Outcome {
    sandbox.dockfix(&["cache", "Dockerfile", "--history", range, "--format", "json"]).expect(0)
}

#[test]
fn counts_what_each_commit_makes_run_again() {
    let sandbox = repository();
    edit(&sandbox, "server.js", "1");
    edit(&sandbox, "package.json", "{\"name\": \"a\", \"version\": \"1.0.1\"}");
    commit(&sandbox, "nothing");
    let outcome = replay(&sandbox, "10");
    assert_eq!(courses(&outcome, "npm ci"), both("RR.", ".R."));
    assert_eq!(courses(&outcome, "COPY . ."), both("RR.", "RR."));
    let text = sandbox.dockfix(&["cache", "Dockerfile", "--history"]).expect(0).stdout;
    let expected = "\
Dockerfile: 3 commits replayed (2026-03-01 to 2026-03-01)
  1 of 4 commits not counted: the Dockerfile is not there or cannot be built, or was not in the commit before
  RUN npm ci: ran again in 2 of 3 commits, after the rewrite in 1

                                           before   after
2  WORKDIR /app                            0 of 3  0 of 3
+  COPY package.json package-lock.json ./          1 of 3
4  RUN npm ci                              2 of 3  1 of 3  because line 3 COPY . . did
3  COPY . .                                2 of 3  2 of 3
   steps that ran again, in all                 4       4
";
    assert_eq!(text, expected);
}

#[test]
fn follows_renames_modes_and_merges() {
    let sandbox = repository();
    sandbox.git(&["mv", "server.js", "main.js"], "");
    commit(&sandbox, "rename");
    sandbox.git(&["update-index", "--chmod=+x", "main.js"], "");
    sandbox.git(&["commit", "-q", "-m", "mode"], "");
    sandbox.git(&["reset", "-q", "--hard"], "");
    sandbox.git(&["checkout", "-q", "-b", "side", "HEAD~2"], "");
    edit(&sandbox, "side.js", "");
    edit(&sandbox, "package.json", "{\"name\": \"a\", \"version\": \"1.0.1\"}");
    sandbox.git(&["checkout", "-q", "main"], "");
    sandbox.git(&["merge", "-q", "--no-ff", "-m", "merge", "side"], "");
    // What lies outside what COPY takes makes nothing run again.
    edit(&sandbox, "node_modules/x.js", "");
    let outcome = replay(&sandbox, "10");
    assert_eq!(courses(&outcome, "npm ci"), both("RRR.", "..R."));
    let subjects = outcome.json()["commits"].clone();
    let subjects: Vec<_> =
        subjects.as_array().unwrap().iter().map(|commit| commit["subject"].clone()).collect();
    assert_eq!(subjects, ["rename", "mode", "merge", "node_modules/x.js"]);
}

#[test]
fn follows_changes_of_the_dockerfile_and_its_ignore_file() {
    let sandbox = repository();
    edit(&sandbox, "docs/a.md", "");
    edit(&sandbox, ".dockerignore", &format!("{IGNORE}docs\n.dockerignore\n"));
    edit(&sandbox, "docs/a.md", "1");
    edit(&sandbox, "Dockerfile", &NODE[0].1.replace("RUN npm ci", "RUN make\nRUN npm ci"));
    edit(&sandbox, "Dockerfile", "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN make\n");
    let outcome = replay(&sandbox, "10");
    // What .dockerignore lets in no more is a change of what is copied, and so is the Dockerfile itself.
    let [before, after] = courses(&outcome, "npm ci");
    assert_eq!(before.as_deref(), Some("RR.RR"));
    assert!(after.is_some_and(|after| after.starts_with("...")), "{outcome:?}");
    assert_eq!(courses(&outcome, "RUN make")[0].as_deref(), Some("   RR"));
    assert_eq!(outcome.json()["versions"], 4);
}

#[test]
fn commits_without_the_file_do_not_count() {
    let sandbox = repository();
    edit(&sandbox, "server.js", "1");
    let dockerfile = sandbox.read("Dockerfile");
    fs::remove_file(sandbox.path("Dockerfile")).unwrap();
    commit(&sandbox, "gone");
    edit(&sandbox, "server.js", "2");
    edit(&sandbox, "Dockerfile", &dockerfile);
    edit(&sandbox, "server.js", "3");
    let report = replay(&sandbox, "10").json();
    assert_eq!(report["looked_at"], 6);
    let subjects: Vec<_> =
        report["commits"].as_array().unwrap().iter().map(|commit| commit["id"].clone()).collect();
    assert_eq!(subjects.len(), 2);
    // Nothing at all is no failure.
    let outcome = sandbox.dockfix(&["cache", "Dockerfile", "--history", "HEAD~3..HEAD~2"]).expect(0);
    assert!(
        outcome.stdout.starts_with("Dockerfile: 0 commits replayed\n  1 of 1 commit not counted: "),
        "{outcome:?}"
    );
    let outcome = sandbox.dockfix(&["cache", "Dockerfile", "--history", "main..main"]).expect(0);
    assert!(outcome.stdout.contains("--history main..main holds no commits"), "{outcome:?}");
}

#[test]
fn stages_that_are_copied_from_count_by_the_worst_case() {
    let sandbox = repository();
    edit(&sandbox, "Dockerfile", "FROM a AS b\nCOPY . .\nRUN make\nFROM c\nCOPY --from=b /x /\n");
    edit(&sandbox, "server.js", "1");
    let outcome = replay(&sandbox, "1");
    assert_eq!(courses(&outcome, "COPY --from=b /x /")[0].as_deref(), Some("~"));
    let text = sandbox.dockfix(&["cache", "--history", "1"]).expect(0).stdout;
    assert!(text.contains("~1 of 1"), "{text}");
    assert!(text.contains("~ counts the worst case"), "{text}");
}

#[test]
fn contexts_below_and_above_the_file() {
    let sandbox = Sandbox::of(&[("docker/Dockerfile", NODE[0].1), ("server.js", ""), ("docker/x", "")]);
    sandbox.git(&["init", "-q", "-b", "main"], "");
    commit(&sandbox, "first");
    edit(&sandbox, "server.js", "1");
    edit(&sandbox, "docker/x", "1");
    let replay = |context: &str| {
        let arguments =
            ["cache", "docker/Dockerfile", "--context", context, "--history", "10", "--format", "json"];
        courses(&sandbox.dockfix(&arguments).expect(0), "COPY . .")[0].clone()
    };
    assert_eq!(replay(".").as_deref(), Some("RR"));
    assert_eq!(replay("docker").as_deref(), Some(".R"));
}

#[test]
fn says_in_a_line_what_is_wrong() {
    let sandbox = repository();
    let stderr = |sandbox: &Sandbox, arguments: &[&str]| {
        let outcome = sandbox.dockfix(arguments).expect(2);
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
        outcome.stderr
    };
    let error = stderr(&sandbox, &["cache", "Dockerfile", "--history", "nowhere..main"]);
    assert!(error.starts_with("--history nowhere..main: there is no revision `nowhere`"), "{error}");
    let error = stderr(&sandbox, &["cache", "--history", "Dockerfile"]);
    assert!(error.contains("write `dockfix cache Dockerfile --history`"), "{error}");
    let plain = Sandbox::of(&NODE);
    let error = stderr(&plain, &["cache", "--history"]);
    assert!(error.contains("not in a git repository"), "{error}");
    plain.git(&["init", "-q"], "");
    let error = stderr(&plain, &["cache", "--history"]);
    assert!(error.contains("has no commits yet"), "{error}");
    // The context of a file in a submodule, say, may lie above its repository.
    let inner = Sandbox::at(sandbox.path("inner"));
    inner.file("Dockerfile", NODE[0].1);
    inner.git(&["init", "-q"], "");
    commit(&inner, "first");
    let error = stderr(&inner, &["cache", "--history", "--context", ".."]);
    assert!(error.contains("lies outside the repository"), "{error}");
}
