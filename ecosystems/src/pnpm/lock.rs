//! What pnpm-lock.yaml says about the file system, read line by line: pnpm writes it in one form, and it may be large.

/// The directories of the packages that the lock file was made for, relative to its own: the keys of `importers`.
pub(super) fn importers(lock: &str) -> impl Iterator<Item = String> {
    let section = lock.lines().skip_while(|line| *line != "importers:").skip(1);
    section.take_while(|line| line.is_empty() || line.starts_with(' ')).filter_map(|line| {
        let key = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '))?;
        let key = key.strip_suffix(": {}").or_else(|| key.strip_suffix(':'))?;
        let key = key.trim_matches(['\'', '"']);
        (!key.is_empty() && key != ".").then(|| key.to_owned())
    })
}

/// Directories that are copied and archives, relative to the lock file's directory, with the line that names them:
/// `resolution: {directory: x, type: directory}` and `{tarball: file:x.tgz}`.
pub(super) fn local(lock: &str) -> Vec<(String, usize)> {
    let mut found: Vec<(String, usize)> = Vec::new();
    for (index, line) in lock.lines().enumerate() {
        let line = line.trim_start();
        let Some(fields) = line.strip_prefix("resolution: {").and_then(|rest| rest.strip_suffix('}')) else {
            continue;
        };
        for field in fields.split(", ") {
            let path = match field.split_once(": ") {
                Some(("directory", path)) => Some(path),
                Some(("tarball", path)) => path.strip_prefix("file:"),
                _ => None,
            };
            let Some(path) = path.map(|path| path.trim_matches(['\'', '"'])) else { continue };
            if !found.iter().any(|(known, _)| known == path) {
                found.push((path.to_owned(), index + 1));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_importers_and_paths() {
        let lock = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      x:\n        version: 1\n\n  \
                    packages/a: {}\n\n  '@b':\n    dependencies:\n\npackages:\n\n  lib@file:lib:\n    resolution: \
                    {directory: lib, type: directory}\n\n  t@file:t.tgz:\n    resolution: {integrity: sha512-x, \
                    tarball: file:t.tgz}\n\n  r@1:\n    resolution: {integrity: y, tarball: https://r}\n";
        assert_eq!(importers(lock).collect::<Vec<_>>(), ["packages/a", "@b"]);
        assert_eq!(local(lock), [("lib".to_owned(), 18), ("t.tgz".to_owned(), 21)]);
        assert_eq!(importers("").count(), 0);
    }
}
