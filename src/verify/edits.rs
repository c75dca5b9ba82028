//! Which files are edited to see what is built again: a source file and a manifest that the build takes.

use dockfix_ecosystems::{ALL, EditKind, typical_edits};
use dockfix_model::build::Build;
use dockfix_model::cache::{Edit, reruns};
use dockfix_model::context::{FileType, Kind, Presence};
use dockfix_model::pattern::matches;
use dockfix_syntax::Dockerfile;

use crate::rewrite::Version;

/// Larger files are not what people edit; in bytes.
const MAX_SIZE: u64 = 1024 * 1024;
/// So many files are looked at.
const MAX_FILES: usize = 20_000;

/// The files to edit: those that the user names, else a source file and a manifest. Each is a text of the context at which
/// white space at the end does no harm, and after an edit of it the original has something to do again.
pub(super) fn choose(version: &Version, named: &[String]) -> Vec<(EditKind, String)> {
    let context = &version.context;
    let file = Dockerfile::parse(version.source.clone());
    let build = Build::of(&file);
    let is_text = |path: &str| {
        let presence = context.presence(path);
        matches!(presence, Ok(Presence::Present(Kind::File { size, .. })) if size <= MAX_SIZE)
            && context.read(path).is_ok_and(|bytes| !bytes.is_empty() && std::str::from_utf8(&bytes).is_ok())
    };
    let is_taken = |path: &str| !reruns(&build, context, &Edit::File(path.to_owned())).is_empty();
    let is_good = |path: &str| is_taken(path) && is_text(path);
    if !named.is_empty() {
        let of_context = named.iter().map(|path| path.trim_start_matches("./")).filter(|path| is_text(path));
        return of_context.map(|path| (kind(path), path.to_owned())).collect();
    }
    let typical: Vec<(EditKind, String)> = typical_edits(&build, context)
        .into_iter()
        .filter_map(|typical| match typical.edit {
            Edit::File(path) => Some((typical.kind, path)),
            _ => None,
        })
        .collect();
    let mut chosen = Vec::new();
    for wanted in [EditKind::Source, EditKind::Manifest] {
        let found = typical.iter().find(|(kind, path)| *kind == wanted && is_good(path)).cloned();
        // The topmost ones may be those of another image of the repository.
        let any = || {
            let entries = context.walk("").take(MAX_FILES).filter_map(Result::ok);
            let files = entries.filter(|entry| entry.file_type == FileType::File && entry.exact_name);
            let mut paths = files.map(|entry| entry.path).filter(|path| kind(path) == wanted);
            paths.find(|path| is_good(path)).map(|path| (wanted, path))
        };
        chosen.extend(found.or_else(any));
    }
    chosen
}

/// What a file is to its project, by its name.
fn kind(path: &str) -> EditKind {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_one = |names: &[&str]| names.iter().any(|pattern| matches(pattern, name).unwrap_or(false));
    if ALL.iter().any(|ecosystem| is_one(ecosystem.manifests())) {
        EditKind::Manifest
    } else if ALL.iter().any(|ecosystem| is_one(ecosystem.lock_files())) {
        EditKind::LockFile
    } else if name.ends_with(".md")
        || name.starts_with('.')
        || is_one(&["README*", "LICENSE*", "*ockerfile*"])
    {
        EditKind::Document
    } else {
        EditKind::Source
    }
}

#[cfg(test)]
mod tests {
    use dockfix_model::context::Context;

    use super::*;

    #[test]
    fn files_that_the_build_takes() {
        let files = [
            ("package.json", "{}"),
            ("web/README.md", "x"),
            ("web/package.json", "{}"),
            ("web/vite.config.js", "x"),
            ("web/yarn.lock", "x"),
            ("a.js", "x"),
        ];
        let context = Context::in_memory(files);
        let version = |text: &str| Version { source: text.as_bytes().into(), context: context.clone() };
        let expected = [
            (EditKind::Source, "web/vite.config.js".to_owned()),
            (EditKind::Manifest, "web/package.json".to_owned()),
        ];
        let web = version("FROM a\nCOPY web .\nRUN x\n");
        assert_eq!(choose(&web, &[]), expected);
        assert_eq!(choose(&version("FROM a\nRUN x\n"), &[]), []);
        let named = ["./web/yarn.lock".to_owned(), "nowhere".to_owned()];
        assert_eq!(choose(&web, &named), [(EditKind::LockFile, "web/yarn.lock".to_owned())]);
    }
}
