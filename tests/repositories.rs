//! What the program proposes for the real repositories of the corpus: one line for every change and every refusal, and a
//! digest of the diff, so that a change of behaviour shows up here and is read before it is accepted.
//!
//! The diffs themselves are not kept: nothing of the repositories is copied into this one.

#[path = "../syntax/tests/corpus/mod.rs"]
mod corpus;

use std::path::Path;
use std::process::Command;

/// Unpacks a repository's `tree/` into a directory.
fn unpack(archive: &Path, to: &Path) {
    let file = std::fs::File::open(archive).expect("the archive opens");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    archive.unpack(to).expect("the archive unpacks");
}

/// FNV-1a, which is enough to tell that a diff has changed.
fn digest(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn proposals_are_as_reviewed() {
    let Some(directory) = corpus::directory() else { return };
    let mut archives: Vec<_> = std::fs::read_dir(directory.join("repos"))
        .expect("the repositories are listed")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "gz"))
        .collect();
    archives.sort();
    assert!(!archives.is_empty(), "no repositories in the corpus");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for archive in archives {
            let name = archive.file_name().expect("a name").to_string_lossy().replace(".tar.gz", "");
            let temporary = tempfile::tempdir().expect("a temporary directory");
            unpack(&archive, temporary.path());
            let tree = temporary.path().join("tree");
            let output = Command::new(env!("CARGO_BIN_EXE_dockfix"))
                .current_dir(&tree)
                .env("NO_COLOR", "1")
                .output()
                .expect("dockfix runs");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!said.contains("bug in dockfix"), "{name}: {said}");
            let code = output.status.code().expect("an exit code");
            let text = format!("{said}exit {code}, diff {:016x}\n", digest(&output.stdout));
            insta::assert_snapshot!(name.clone(), text);
            // What a change promises: nothing is left to do after it, and git can apply the diff.
            let applied = Command::new("git")
                .args(["apply", "--unsafe-paths", "-"])
                .current_dir(&tree)
                .stdin(std::process::Stdio::piped())
                .spawn()
                .and_then(|mut git| {
                    use std::io::Write;
                    git.stdin.take().expect("a pipe").write_all(&output.stdout)?;
                    git.wait()
                })
                .expect("git runs");
            assert!(output.stdout.is_empty() || applied.success(), "{name}: git apply refuses the diff");
            let again = Command::new(env!("CARGO_BIN_EXE_dockfix"))
                .arg("--check")
                .current_dir(&tree)
                .env("NO_COLOR", "1")
                .output()
                .expect("dockfix runs");
            assert!(again.stdout.is_empty(), "{name}: a second run changes more");
        }
    });
}
