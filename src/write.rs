//! Writing files so that no reader and no crash ever sees half of one.
//!
//! Every file is written to a temporary file in its own directory, flushed to disk and then renamed over the old one. The
//! files of a [`Batch`] are all prepared before the first is renamed; if one cannot be prepared, none is written.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

/// A file to be written.
#[derive(Clone, Debug)]
pub(crate) struct NewContent {
    /// Where; a link is followed.
    pub(crate) path: PathBuf,
    /// What was read there; `None` if there was no file.
    pub(crate) before: Option<Arc<[u8]>>,
    /// What shall stand there.
    pub(crate) after: Arc<[u8]>,
    /// The directory that a link must not lead out of.
    pub(crate) root: PathBuf,
}

/// Why nothing was written, and which file is to blame.
#[derive(Debug, thiserror::Error)]
#[error("not written: {problem}")]
pub(crate) struct WriteError {
    /// The path as it was given.
    pub(crate) path: PathBuf,
    /// What is wrong.
    pub(crate) problem: Problem,
}

/// What keeps a file from being written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// A link leads out of the tree that was asked for.
    #[error("it is a link to {}, outside {}; name that file instead", target.display(), root.display())]
    Outside { target: PathBuf, root: PathBuf },
    /// Somebody else wrote the file in the meantime.
    #[error("it changed since it was read; run dockfix again")]
    Changed,
    /// A file that was to be new is there already.
    #[error("it was created in the meantime; run dockfix again")]
    Exists,
    /// The system refused.
    #[error("cannot {doing}: {source}")]
    Io { doing: &'static str, source: io::Error },
    /// A rename failed after others had been made, and not all of those could be undone.
    #[error("{cause}; these files were written and could not be put back: {}", names(written))]
    Half { cause: Box<Problem>, written: Vec<PathBuf> },
}

/// Files that are ready to be renamed into place. Dropping it removes every trace of them.
#[derive(Debug)]
pub(crate) struct Batch {
    files: Vec<Prepared>,
}

#[derive(Debug)]
struct Prepared {
    content: NewContent,
    /// The file itself, links resolved.
    target: PathBuf,
    temporary: NamedTempFile,
}

impl Batch {
    /// Writes the new contents beside the files.
    ///
    /// # Errors
    /// A file lies outside its root, has changed since it was read, or cannot be written; nothing is left behind.
    pub(crate) fn prepare(contents: Vec<NewContent>) -> Result<Self, WriteError> {
        let files = contents.into_iter().map(Prepared::new).collect::<Result<_, _>>()?;
        Ok(Self { files })
    }

    /// Renames the files into place, in the order in which they were given.
    ///
    /// # Errors
    /// A file has changed since it was prepared, or cannot be renamed. Those before it are put back as they were.
    pub(crate) fn commit(self) -> Result<(), WriteError> {
        for file in &self.files {
            file.check_unchanged()?;
        }
        let mut written = Vec::with_capacity(self.files.len());
        for file in self.files {
            match file.rename() {
                Ok(done) => written.push(done),
                Err(cause) => return Err(undo(written, cause)),
            }
        }
        for file in &written {
            file.flush_directory();
        }
        Ok(())
    }
}

impl Prepared {
    fn new(content: NewContent) -> Result<Self, WriteError> {
        let target = resolve(&content)?;
        let temporary = write_beside(&target, &content)?;
        let prepared = Self { content, target, temporary };
        prepared.check_unchanged()?;
        Ok(prepared)
    }

    fn check_unchanged(&self) -> Result<(), WriteError> {
        let problem = match &self.content.before {
            None if fs::symlink_metadata(&self.target).is_ok() => Problem::Exists,
            None => return Ok(()),
            Some(before) => match fs::read(&self.target) {
                Ok(now) if now == **before => return Ok(()),
                Ok(_) => Problem::Changed,
                Err(source) => Problem::Io { doing: "read it again", source },
            },
        };
        Err(WriteError { path: self.content.path.clone(), problem })
    }

    fn rename(self) -> Result<Written, WriteError> {
        let Self { content, target, temporary } = self;
        let renamed = match content.before {
            Some(_) => temporary.persist(&target),
            None => temporary.persist_noclobber(&target),
        };
        match renamed {
            Ok(_) => Ok(Written { content, target }),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(WriteError { path: content.path, problem: Problem::Exists })
            }
            Err(error) => {
                let problem = Problem::Io { doing: "rename the new file", source: error.error };
                Err(WriteError { path: content.path, problem })
            }
        }
    }
}

/// A file that was renamed into place.
struct Written {
    content: NewContent,
    target: PathBuf,
}

impl Written {
    /// Makes the rename survive a power cut, where the system can.
    fn flush_directory(&self) {
        if let Some(Ok(directory)) = self.target.parent().map(fs::File::open) {
            // The file is in place; a directory that cannot be flushed is no reason to say it is not.
            let _ = directory.sync_all();
        }
    }

    fn put_back(self) -> Result<(), WriteError> {
        let Self { content, target } = self;
        match content.before {
            Some(before) => {
                let content = NewContent { before: Some(content.after), after: before, ..content };
                Prepared::new(content)?.rename().map(drop)
            }
            None => fs::remove_file(&target).map_err(io_error(&content.path, "remove it again")),
        }
    }
}

fn undo(written: Vec<Written>, cause: WriteError) -> WriteError {
    let mut left = Vec::new();
    for file in written {
        let path = file.content.path.clone();
        if file.put_back().is_err() {
            left.push(path);
        }
    }
    if left.is_empty() {
        return cause;
    }
    let WriteError { path, problem } = cause;
    WriteError { path, problem: Problem::Half { cause: Box::new(problem), written: left } }
}

/// The file that a path means, which must lie in the root.
fn resolve(content: &NewContent) -> Result<PathBuf, WriteError> {
    let NewContent { path, root, before, .. } = content;
    let error = |doing| io_error(path, doing);
    let target = match before {
        Some(_) => fs::canonicalize(path).map_err(error("find it"))?,
        None => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let parent =
                fs::canonicalize(parent.unwrap_or(Path::new("."))).map_err(error("find its directory"))?;
            parent.join(path.file_name().unwrap_or_default())
        }
    };
    let real_root = fs::canonicalize(root).map_err(error("find the directory it should lie in"))?;
    if !target.starts_with(&real_root) {
        let problem = Problem::Outside { target, root: root.clone() };
        return Err(WriteError { path: path.clone(), problem });
    }
    Ok(target)
}

fn write_beside(target: &Path, content: &NewContent) -> Result<NamedTempFile, WriteError> {
    let error = |doing| io_error(&content.path, doing);
    let directory = target.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".dockfix-").suffix(".tmp");
    if content.before.is_none() {
        allow_as_usual(&mut builder);
    }
    let mut temporary = builder.tempfile_in(directory).map_err(error("write in its directory"))?;
    temporary.write_all(&content.after).map_err(error("write the new file"))?;
    if content.before.is_some() {
        let metadata = fs::metadata(target).map_err(error("read its mode"))?;
        keep_owner(temporary.path(), &metadata);
        fs::set_permissions(temporary.path(), metadata.permissions()).map_err(error("keep its mode"))?;
    }
    temporary.as_file().sync_all().map_err(error("flush the new file"))?;
    Ok(temporary)
}

/// A new file gets the mode that the user's umask gives, not the closed one of a temporary file.
#[cfg(unix)]
fn allow_as_usual(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn allow_as_usual(_builder: &mut tempfile::Builder<'_, '_>) {}

/// Keeps owner and group where the user may give files away. Who may not, could not keep them by any means.
#[cfg(unix)]
fn keep_owner(path: &Path, of: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, chown};
    if fs::metadata(path).is_ok_and(|own| own.uid() != of.uid() || own.gid() != of.gid()) {
        let _ = chown(path, Some(of.uid()), Some(of.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_path: &Path, _of: &fs::Metadata) {}

fn io_error(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> WriteError {
    move |source| WriteError { path: path.to_owned(), problem: Problem::Io { doing, source } }
}

fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
