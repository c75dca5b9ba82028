use std::fmt;

/// Why a question about the build context has no answer, or why a COPY fails. One line each: the path and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// Nothing is known about the files of the context.
    #[error("cannot tell anything about `{path}`: the build context is not known; name its directory")]
    Unknown {
        /// The path that was asked for.
        path: String,
    },
    /// The path leads out of the context.
    #[error("`{path}` lies outside the build context; use a path below its root")]
    Outside {
        /// The path that was asked for.
        path: String,
    },
    /// There is no such file, or the path leads through a broken link.
    #[error("`{path}` is not in the build context; check the path, upper and lower case count")]
    NotFound {
        /// The path that was asked for.
        path: String,
    },
    /// It exists, but is kept out of the build context.
    #[error("{0}; change that pattern or put an exception below it")]
    Excluded(Exclusion),
    /// A directory, device, pipe or socket where a file is needed.
    #[error("`{path}` is no regular file; name a file")]
    NotAFile {
        /// The path that was asked for.
        path: String,
    },
    /// A file where a directory is needed.
    #[error("`{path}` is no directory; name a directory")]
    NotADirectory {
        /// The path that was asked for; for a root as the system writes it.
        path: String,
    },
    /// Larger than [`MAX_FILE_SIZE`](super::MAX_FILE_SIZE).
    #[error(
        "`{path}` has {size} bytes, more than the {} that are read; exclude it or make it smaller",
        super::MAX_FILE_SIZE
    )]
    TooLarge {
        /// The path that was asked for.
        path: String,
        /// In bytes.
        size: u64,
    },
    /// A COPY source with a malformed wildcard.
    #[error("`{pattern}` is no valid pattern, the build fails on it; escape a literal `[` or `\\` with `\\`")]
    BadPattern {
        /// The source.
        pattern: String,
    },
    /// The system refused.
    #[error("cannot read `{path}`: {source}; check that it exists and may be read")]
    Io {
        /// The path that was asked for; for a root as the system writes it.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
}

/// The pattern that keeps a path out of the build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// The path that the pattern excludes: the one that was asked for, or a link on the way to it.
    pub path: String,
    /// The ignore file, as [`IgnoreFile::path`](super::IgnoreFile::path) tells it.
    pub file: Option<String>,
    /// The line of the pattern, counted from 1.
    pub line: usize,
    /// The pattern as it stands in the file.
    pub pattern: String,
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, file, line, pattern } = self;
        let file = file.as_deref().unwrap_or(super::ignore_file::DEFAULT_NAME);
        write!(f, "`{path}` is excluded by {file}:{line} `{pattern}`")
    }
}
