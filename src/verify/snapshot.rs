//! What a build is given: a copy of the context, and a Dockerfile with its ignore file beside it.
//!
//! Everything lies in a temporary directory. Both builds see the same files, whatever the user does meanwhile, and the
//! copy can be edited without touching the working tree. Only what either build takes is copied. The files are real
//! copies, not hard links, through which an edit, by us or by the user, would reach the other side; where the file system
//! can, copying shares the data.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use dockfix_model::context::FileType;
use dockfix_syntax::{DirectiveName, Dockerfile};

use super::process;
use crate::rewrite::Version;

/// Writes a version under a name of its own, and returns the path of the Dockerfile.
///
/// BuildKit prefers `NAME.dockerignore` beside the Dockerfile `NAME` to the context's own, wherever the Dockerfile lies
/// (moby/buildkit, `frontend/dockerui/config.go`; tried with Docker 26).
fn write(version: &Version, directory: &Path, name: &str, builtin_frontend: bool) -> io::Result<PathBuf> {
    let path = directory.join(name);
    let dockerfile = if builtin_frontend { without_syntax(&version.source) } else { version.source.to_vec() };
    fs::write(&path, dockerfile)?;
    let lines = version.context.ignore().rules().source();
    // An empty file might count as none.
    let lines = if lines.is_empty() { b"# nothing is ignored\n" } else { lines };
    fs::write(directory.join(format!("{name}.dockerignore")), lines)?;
    Ok(path)
}

/// Without the line that asks for a frontend image. BuildKit's own frontend then reads the file; asking for it with the
/// build argument `BUILDKIT_SYNTAX` is not possible, since an empty one is an error (tried with Docker 26).
fn without_syntax(source: &[u8]) -> Vec<u8> {
    let file = Dockerfile::parse(source);
    let mut kept = source.to_vec();
    let line = file.directives().find(|(_, directive)| directive.name == DirectiveName::Syntax);
    if let Some((item, _)) = line {
        kept.drain(item.span.start..item.span.end);
    }
    kept
}

/// The temporary directory. It is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Snapshot {
    directory: tempfile::TempDir,
    /// The Dockerfile as it was.
    pub(super) before: PathBuf,
    /// The rewritten one.
    pub(super) after: PathBuf,
    /// The directories of the copy, parents first.
    directories: Vec<PathBuf>,
}

impl Snapshot {
    /// Copies what the two versions take.
    ///
    /// # Errors
    /// A file cannot be read, or the disk is full; or the user interrupts.
    pub(super) fn take(before: &Version, after: &Version, builtin_frontend: bool) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("dockfix-verify-").tempdir()?;
        let root = before.context.root().context("the build context is not known; name it with --context")?;
        let copy = directory.path().join("context");
        fs::create_dir(&copy)?;
        let mut files = BTreeMap::new();
        for version in [before, after] {
            // An ignore file that is not written yet must not be copied, so it is the context as it lies there.
            let context = before.context.with_ignore(version.context.ignore().clone());
            for entry in context.walk("") {
                let entry = entry?;
                anyhow::ensure!(
                    entry.exact_name,
                    "{}: a name that is no UTF-8; dockfix cannot copy it",
                    entry.path
                );
                files.insert(entry.path, entry.file_type);
            }
        }
        let original = write(before, directory.path(), "before.Dockerfile", builtin_frontend)?;
        let rewritten = write(after, directory.path(), "after.Dockerfile", builtin_frontend)?;
        let is_directory = |(_, file_type): &(&String, &FileType)| **file_type == FileType::Dir;
        let directories = files.iter().filter(is_directory).map(|(path, _)| copy.join(path)).collect();
        let snapshot = Self { directory, before: original, after: rewritten, directories };
        copy_all(root, &copy, &files)?;
        Ok(snapshot)
    }

    /// The copy of the context.
    pub(super) fn context(&self) -> PathBuf {
        self.directory.path().join("context")
    }

    /// Adds `text` to a file of the copy, does `work`, and puts the file back as it was.
    pub(super) fn with_edit<T>(&self, path: &str, text: &str, work: impl FnOnce() -> T) -> io::Result<T> {
        let path = self.context().join(path);
        let content = fs::read(&path)?;
        let permissions = fs::metadata(&path)?.permissions();
        make_writable(&path, &permissions)?;
        fs::write(&path, [&content, text.as_bytes()].concat())?;
        fs::set_permissions(&path, permissions.clone())?;
        let done = work();
        make_writable(&path, &permissions)?;
        fs::write(&path, content)?;
        fs::set_permissions(&path, permissions)?;
        Ok(done)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // What lies in a read-only directory could not be removed.
        for directory in &self.directories {
            if let Ok(metadata) = fs::metadata(directory) {
                let _ = make_writable(directory, &metadata.permissions());
            }
        }
    }
}

/// Copies files, directories and links with their modes and, for files, times. Sockets and the like cannot be copied by
/// COPY either.
fn copy_all(root: &Path, to: &Path, files: &BTreeMap<String, FileType>) -> anyhow::Result<()> {
    let mut directories = Vec::new();
    for (path, file_type) in files {
        anyhow::ensure!(!process::is_interrupted(), "interrupted");
        let (from, to) = (root.join(path), to.join(path));
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        match file_type {
            FileType::Dir => {
                fs::create_dir_all(&to)?;
                directories.push((from, to));
            }
            FileType::Symlink => link(&from, &to).with_context(|| from.display().to_string())?,
            FileType::File => copy(&from, &to).with_context(|| from.display().to_string())?,
            FileType::Other => {}
        }
    }
    // In the end, and what lies deepest first: nothing can be put into a directory that is read-only.
    for (from, to) in directories.iter().rev() {
        fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    let modified = fs::metadata(from)?.modified()?;
    let permissions = fs::metadata(to)?.permissions();
    make_writable(to, &permissions)?;
    fs::File::options().write(true).open(to)?.set_modified(modified)?;
    fs::set_permissions(to, permissions)
}

#[cfg(unix)]
fn make_writable(path: &Path, permissions: &fs::Permissions) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(permissions.mode() | 0o200))
}

#[cfg(not(unix))]
fn make_writable(_: &Path, _: &fs::Permissions) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(fs::read_link(from)?, to)
}

#[cfg(windows)]
fn link(from: &Path, to: &Path) -> io::Result<()> {
    let target = fs::read_link(from)?;
    match fs::metadata(from) {
        Ok(metadata) if metadata.is_dir() => std::os::windows::fs::symlink_dir(target, to),
        _ => std::os::windows::fs::symlink_file(target, to),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use dockfix_model::context::Context;
    use dockfix_model::dockerignore::Dockerignore;

    use super::*;

    #[test]
    fn what_either_build_takes_is_copied_as_it_is() {
        let tree = tempfile::tempdir().unwrap();
        let at = |path: &str| tree.path().join(path);
        fs::create_dir(at("d")).unwrap();
        for (path, mode) in [("a", 0o644), ("b", 0o644), ("c", 0o644), ("d/run", 0o555)] {
            fs::write(at(path), path).unwrap();
            fs::set_permissions(at(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        symlink("nowhere", at("d/link")).unwrap();
        fs::set_permissions(at("d"), fs::Permissions::from_mode(0o555)).unwrap();
        let version = |text: &str, ignored: &str| Version {
            source: text.as_bytes().into(),
            context: Context::open(tree.path(), Dockerignore::parse(ignored.as_bytes())).unwrap(),
        };
        let (before, after) = (version("# syntax=x\nFROM a\n", "b\nc\n"), version("FROM b\n", "a\nc\n"));
        let snapshot = Snapshot::take(&before, &after, true).unwrap();
        let copy = |path: &str| snapshot.context().join(path);
        assert!(copy("a").exists() && copy("b").exists() && !copy("c").exists());
        let mode = |path: &str| fs::metadata(copy(path)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("d/run"), mode("d")), (0o555, 0o555));
        assert_eq!(fs::read_link(copy("d/link")).unwrap(), Path::new("nowhere"));
        let time = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
        assert_eq!(time(&copy("d/run")), time(&at("d/run")));
        assert_eq!(fs::read(&snapshot.before).unwrap(), b"FROM a\n");
        let ignore = snapshot.after.with_file_name("after.Dockerfile.dockerignore");
        assert_eq!(fs::read(ignore).unwrap(), b"a\nc\n");

        let edited = snapshot.with_edit("d/run", "!", || fs::read(copy("d/run")).unwrap()).unwrap();
        assert_eq!((edited, fs::read(copy("d/run")).unwrap()), (b"d/run!".to_vec(), b"d/run".to_vec()));
        assert_eq!((mode("d/run"), fs::read(at("d/run")).unwrap()), (0o555, b"d/run".to_vec()));
        let directory = snapshot.directory.path().to_owned();
        drop(snapshot);
        assert!(!directory.exists());
        fs::set_permissions(at("d"), fs::Permissions::from_mode(0o755)).unwrap();
    }
}
