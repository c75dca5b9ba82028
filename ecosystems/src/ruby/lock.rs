//! Gemfile.lock, as far as it names files.

/// The directories that the PATH sections of a lock file name, and whether there are plugins.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lock<'t> {
    pub(super) paths: Vec<&'t str>,
    pub(super) has_plugins: bool,
}

/// Reads a lock file (rubygems/rubygems, `bundler/lib/bundler/lockfile_parser.rb`).
pub(super) fn read(text: &str) -> Lock<'_> {
    let mut lock = Lock::default();
    let mut section = "";
    for line in text.lines() {
        if !line.starts_with(' ') && !line.is_empty() {
            section = line.trim_end();
            lock.has_plugins |= section == "PLUGIN SOURCE";
        } else if section == "PATH"
            && let Some(path) = line.trim().strip_prefix("remote: ")
        {
            lock.paths.push(path.trim());
        }
    }
    lock
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_paths() {
        let text =
            "PATH\n  remote: engines/a\n  specs:\n    a (0.1)\n\nGEM\n  remote: https://rubygems.org/\n";
        assert_eq!(read(text), Lock { paths: vec!["engines/a"], has_plugins: false });
        assert!(read("PLUGIN SOURCE\n").has_plugins);
    }
}
