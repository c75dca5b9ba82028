//! How files are called: in messages, and in a diff.

use std::path::{Component, Path, PathBuf};

use crate::discover::repository_of;

/// Where the user stands.
#[derive(Clone, Debug)]
pub(crate) struct Here {
    /// The working directory, absolute and without links.
    directory: PathBuf,
    /// The directory that the paths of a diff start from: `git apply` takes them as paths below the root of the
    /// repository, also in a subdirectory, and outside a repository as paths below the working directory.
    patch_base: PathBuf,
}

impl Here {
    /// The working directory.
    ///
    /// # Errors
    /// There is none any more.
    pub(crate) fn find() -> std::io::Result<Self> {
        Ok(Self::at(std::fs::canonicalize(std::env::current_dir()?)?))
    }

    fn at(directory: PathBuf) -> Self {
        let patch_base = repository_of(&directory).unwrap_or(&directory).to_owned();
        Self { directory, patch_base }
    }

    /// The path of a file or directory for messages, relative to the working directory if both lie in `root`, or the
    /// file lies below. `path` is absolute.
    pub(crate) fn shown(&self, path: &Path, root: &Path) -> PathBuf {
        let related =
            path.starts_with(&self.directory) || (path.starts_with(root) && self.directory.starts_with(root));
        if related { relative(path, &self.directory) } else { path.to_owned() }
    }

    /// The path of a file in a diff: below the repository that the user is in or, for a file outside, below its own root.
    pub(crate) fn in_patch(&self, path: &Path, root: &Path) -> Vec<u8> {
        let below = path.strip_prefix(&self.patch_base).or_else(|_| path.strip_prefix(root));
        let below = below.unwrap_or(Path::new(path.file_name().unwrap_or_default()));
        let names: Vec<&[u8]> = below.components().map(|name| name.as_os_str().as_encoded_bytes()).collect();
        names.join(&b'/')
    }
}

/// The way from one absolute directory to a path; `.` if they are the same.
fn relative(to: &Path, from: &Path) -> PathBuf {
    let shared = to.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to.components().skip(shared)).collect();
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_between_directories() {
        let way = |to, from| relative(Path::new(to), Path::new(from)).to_string_lossy().into_owned();
        assert_eq!(way("/a/b", "/a/b"), ".");
        assert_eq!(way("/a/b/c/d", "/a/b"), "c/d");
        assert_eq!(way("/a", "/a/b/c"), "../..");
        assert_eq!(way("/a/x/y", "/a/b/c"), "../../x/y");
    }

    #[test]
    fn names_in_messages_and_diffs() {
        let here = Here { directory: "/r/sub".into(), patch_base: "/r".into() };
        let shown = |path, root| here.shown(Path::new(path), Path::new(root)).to_string_lossy().into_owned();
        assert_eq!(shown("/r/sub/a/Dockerfile", "/r"), "a/Dockerfile");
        assert_eq!(shown("/r/Dockerfile", "/r"), "../Dockerfile");
        assert_eq!(shown("/other/Dockerfile", "/other"), "/other/Dockerfile");
        let in_patch = |path, root| here.in_patch(Path::new(path), Path::new(root));
        assert_eq!(in_patch("/r/sub/a/Dockerfile", "/r"), b"sub/a/Dockerfile");
        assert_eq!(in_patch("/other/a/Dockerfile", "/other"), b"a/Dockerfile");
        assert_eq!(in_patch("/else/where", "/other"), b"where");
    }
}
