//! What lock files say about local packages, as a second source beside the manifests.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

/// The parts of a package-lock.json or npm-shrinkwrap.json that speak of the file system.
#[derive(Default)]
pub(crate) struct NpmLock {
    directories: Vec<String>,
    archives: Vec<String>,
    links: Vec<String>,
}

#[derive(Deserialize)]
struct Text<'t> {
    #[serde(borrow, default)]
    packages: BTreeMap<Cow<'t, str>, Package<'t>>,
}

#[derive(Deserialize)]
struct Package<'t> {
    #[serde(default)]
    link: bool,
    #[serde(borrow, default)]
    resolved: Option<Resolved<'t>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Resolved<'t> {
    Text(#[serde(borrow)] Cow<'t, str>),
    Other(serde::de::IgnoredAny),
}

impl NpmLock {
    /// Reads a lock file; one that cannot be read says nothing, and npm will say why.
    pub(crate) fn read(text: Option<&str>) -> Self {
        let Some(text) = text else { return Self::default() };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let Ok(Text { packages }) = serde_json::from_str(text) else { return Self::default() };
        let mut lock = Self::default();
        for (path, package) in &packages {
            if !path.is_empty() && !path.split('/').any(|segment| segment == "node_modules") {
                lock.directories.push(path.clone().into_owned());
            }
            let Some(Resolved::Text(resolved)) = &package.resolved else { continue };
            match resolved.strip_prefix("file:") {
                _ if package.link => lock.links.push(resolved.clone().into_owned()),
                Some(path) => lock.archives.push(path.to_owned()),
                None => {}
            }
        }
        lock
    }

    /// Workspace members and linked directories, relative to the root.
    pub(crate) fn directories(&self) -> impl Iterator<Item = &str> {
        self.directories.iter().map(String::as_str)
    }

    /// Archives in the file system, and directories that are packed like archives, relative to the root.
    pub(crate) fn archives(&self) -> impl Iterator<Item = &str> {
        self.archives.iter().map(String::as_str)
    }

    /// Directories that are installed as links, relative to the root.
    pub(crate) fn links(&self) -> impl Iterator<Item = &str> {
        self.links.iter().map(String::as_str)
    }
}

/// The parts of a bun.lock that speak of the file system. bun writes it in one form, JSON with commas at line ends, so
/// it is read line by line.
pub(crate) struct BunLock<'t> {
    text: &'t str,
}

impl<'t> BunLock<'t> {
    /// Reads a lock file.
    pub(crate) fn read(text: Option<&'t str>) -> Self {
        Self { text: text.unwrap_or_default() }
    }

    /// The directories of workspace members, relative to the root.
    pub(crate) fn members(&self) -> impl Iterator<Item = &'t str> {
        let section = self.text.lines().skip_while(|line| *line != "  \"workspaces\": {").skip(1);
        section.take_while(|line| *line != "  },").filter_map(|line| {
            let key = line.strip_prefix("    \"")?.strip_suffix("\": {")?;
            (!key.is_empty()).then_some(key)
        })
    }

    /// Specifiers of directories and archives: `file:../x`.
    pub(crate) fn local(&self) -> impl Iterator<Item = &'t str> {
        self.text.match_indices("@file:").filter_map(|(at, _)| self.text[at + 1..].split('"').next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_local() {
        let lock = NpmLock::read(Some(
            r#"{"packages": {"": {"name": "x"}, "packages/a": {}, "node_modules/a": {"resolved": "packages/a",
            "link": true}, "node_modules/t": {"resolved": "file:t.tgz"}, "node_modules/r": {"resolved": "https://r"},
            "packages/a/node_modules/z": {"resolved": true}}}"#,
        ));
        assert_eq!(lock.directories().collect::<Vec<_>>(), ["packages/a"]);
        assert_eq!(lock.archives().collect::<Vec<_>>(), ["t.tgz"]);
        assert_eq!(lock.links().collect::<Vec<_>>(), ["packages/a"]);
        assert_eq!(NpmLock::read(Some("{")).links().count(), 0);
    }

    #[test]
    fn reads_what_is_local_for_bun() {
        let text = "{\n  \"lockfileVersion\": 1,\n  \"workspaces\": {\n    \"\": {\n      \"name\": \"x\",\n    },\n    \
                    \"packages/a\": {\n    },\n  },\n  \"packages\": {\n    \"l\": [\"l@file:lib\", {}],\n  }\n}\n";
        let lock = BunLock::read(Some(text));
        assert_eq!(lock.members().collect::<Vec<_>>(), ["packages/a"]);
        assert_eq!(lock.local().collect::<Vec<_>>(), ["file:lib"]);
    }
}
