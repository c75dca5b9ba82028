//! Dependencies that lie in the file system: `file:../x`, `link:`, `portal:`, `./x.tgz`.

use std::collections::BTreeSet;

use dockfix_model::ImagePath;
use serde_json::Value;

use super::manifest::{DEPENDENCIES, Manifest};

/// A dependency on a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Local {
    /// The specifier as written.
    pub(crate) specifier: String,
    /// How it is taken.
    pub(crate) kind: LocalKind,
    /// The path.
    pub(crate) path: ImagePath,
    /// Where it is asked for: `package.json:12`.
    pub(crate) place: String,
}

/// How a dependency on a path is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LocalKind {
    /// `file:`, or a bare path: a directory or an archive.
    File,
    /// `link:`: a symbolic link, whatever stands there.
    Link,
    /// `portal:` (yarn 2 and later): a symbolic link to a package whose dependencies are installed too.
    Portal,
    /// The file of a `patch:` specifier (yarn 2 and later).
    Patch,
}

impl Local {
    /// The same specifier of a package in `directory`, its path seen from `root` instead; `None` where that is the same
    /// path or the specifier is not one of `file:`.
    pub(crate) fn seen_from(&self, directory: &ImagePath, root: &ImagePath) -> Option<Self> {
        let path = self
            .specifier
            .strip_prefix("file:")
            .filter(|_| directory != root && self.kind == LocalKind::File)?;
        Some(Self { path: root.join(path), ..self.clone() })
    }
}

/// A specifier that cannot be followed.
pub(crate) struct Unreadable {
    /// The specifier.
    pub(crate) specifier: String,
    /// Why: completes "depends on X, ...".
    pub(crate) why: &'static str,
    /// Where it is asked for.
    pub(crate) place: String,
}

/// The local dependencies that a package.json names, `root` being the directory of the project's root: in its lists of
/// dependencies, and in `overrides`, `resolutions` and `pnpm.overrides`.
pub(crate) fn of_manifest(manifest: &Manifest, root: &ImagePath) -> Result<BTreeSet<Local>, Unreadable> {
    let mut found = BTreeSet::new();
    for kind in DEPENDENCIES {
        for (name, specifier) in manifest.object(kind).into_iter().flatten() {
            let Some(specifier) = specifier.as_str() else { continue };
            let place = || manifest.at(&[kind, name]);
            found.extend(of_specifier(specifier, &manifest.directory, root, place)?);
        }
    }
    let pnpm = manifest.object("pnpm").and_then(|pnpm| pnpm.get("overrides"));
    for field in ["overrides", "resolutions"] {
        let value = manifest.get(field);
        for value in value.into_iter().chain(pnpm.filter(|_| field == "overrides")) {
            let mut specifiers = Vec::new();
            strings(value, &mut specifiers);
            for specifier in specifiers {
                found.extend(of_specifier(specifier, &manifest.directory, root, || manifest.at(&[field]))?);
            }
        }
    }
    Ok(found)
}

fn strings<'v>(value: &'v Value, out: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => out.push(text),
        Value::Object(object) => object.values().for_each(|value| strings(value, out)),
        _ => {}
    }
}

/// The path that a specifier names, if it names one; `~/` of a patch is the project's root.
pub(crate) fn of_specifier(
    specifier: &str,
    directory: &ImagePath,
    root: &ImagePath,
    place: impl Fn() -> String,
) -> Result<Vec<Local>, Unreadable> {
    let unreadable = |why| Unreadable { specifier: specifier.to_owned(), why, place: place() };
    let local = |kind, base: &ImagePath, path: &str| {
        if path.starts_with('~') {
            return Err(unreadable("which lies in the home directory"));
        }
        if path.contains(['%', '#', '\\', '$']) || path.starts_with("//") {
            return Err(unreadable("whose path dockfix does not read"));
        }
        let path = base.join(path);
        Ok(vec![Local { specifier: specifier.to_owned(), kind, path, place: place() }])
    };
    if let Some(path) = specifier.strip_prefix("file:") {
        let path = path.strip_prefix("//").filter(|rest| rest.starts_with('/')).unwrap_or(path);
        // yarn 2 and later add parameters: `file:./x#./x::version=...`; they say nothing about the path.
        let path = path.split("::").next().unwrap_or(path);
        return local(LocalKind::File, directory, path.split('#').next().unwrap_or(path));
    }
    if let Some(path) = specifier.strip_prefix("link:") {
        return local(LocalKind::Link, directory, path.split("::").next().unwrap_or(path));
    }
    if let Some(path) = specifier.strip_prefix("portal:") {
        return local(LocalKind::Portal, directory, path.split("::").next().unwrap_or(path));
    }
    if specifier.starts_with("exec:") {
        return Err(unreadable("which runs a script"));
    }
    if let Some(rest) = specifier.strip_prefix("patch:") {
        // `patch:NAME@RANGE#FILE&FILE`; `builtin<...>` is the manager's own, `optional!` may be missing.
        let Some((_, files)) = rest.split_once('#') else { return Ok(Vec::new()) };
        let files = files.split("::").next().unwrap_or(files);
        let mut found = Vec::new();
        for file in files.split('&') {
            let file = file.strip_prefix("optional!").unwrap_or(file);
            if file.is_empty() || file.contains("builtin<") {
                continue;
            }
            match file.strip_prefix("~/") {
                Some(below) => found.extend(local(LocalKind::Patch, root, below)?),
                None => found.extend(local(LocalKind::Patch, directory, file)?),
            }
        }
        return Ok(found);
    }
    let is_path = ["./", "../", "/", "~/"].iter().any(|start| specifier.starts_with(start))
        || matches!(specifier, "." | "..");
    if is_path {
        return local(LocalKind::File, directory, specifier);
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(specifier: &str) -> Option<Vec<String>> {
        let root = ImagePath::root().join("/app");
        let found = of_specifier(specifier, &root.join("web"), &root, String::new).ok()?;
        Some(found.into_iter().map(|local| format!("{:?} {}", local.kind, local.path)).collect())
    }

    #[test]
    fn reads_specifiers() {
        for (specifier, expected) in [
            ("file:../lib", "File /app/lib"),
            ("file:///srv/x.tgz", "File /srv/x.tgz"),
            ("./x", "File /app/web/x"),
            ("link:../lib", "Link /app/lib"),
            ("portal:./p", "Portal /app/web/p"),
            ("patch:a@npm%3A1.0.0#~/.yarn/patches/a.patch", "Patch /app/.yarn/patches/a.patch"),
            ("patch:a@npm:1.0.0#./a.patch::version=1&hash=2", "Patch /app/web/a.patch"),
        ] {
            assert_eq!(paths(specifier), Some(vec![expected.to_owned()]), "{specifier}");
        }
        for specifier in [
            "^1.2.3",
            "npm:x@1",
            "workspace:*",
            "github:a/b",
            "https://x/y.tgz",
            "git+ssh://git@github.com/a/b.git#main",
            "patch:typescript@4#optional!builtin<compat/typescript>",
        ] {
            assert_eq!(paths(specifier), Some(Vec::new()), "{specifier}");
        }
        for specifier in ["exec:./x.js", "file:~/x", "file:$HOME/x", "file://host/x"] {
            assert_eq!(paths(specifier), None, "{specifier}");
        }
    }
}
