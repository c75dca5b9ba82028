//! The edits that a project sees every day: what the effect of a Dockerfile on its cache is measured by.

use std::collections::{BTreeSet, VecDeque};
use std::sync::LazyLock;

use dockfix_model::PREDEFINED_ARGS;
use dockfix_model::build::{Base, Build};
use dockfix_model::cache::Edit;
use dockfix_model::context::{Context, FileType};
use dockfix_model::pattern::{Pattern, has_wildcard};
use dockfix_syntax::Keyword;
use dockfix_syntax::view::Variables;
use rustc_hash::FxHashMap;

use crate::ALL;

/// An edit, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypicalEdit {
    /// What it stands for.
    pub kind: EditKind,
    /// The edit.
    pub edit: Edit,
}

/// What an edit stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EditKind {
    /// A file of the program.
    Source,
    /// A file for people to read.
    Document,
    /// A file that says which packages the project needs.
    Manifest,
    /// A file in which a package manager keeps the versions it chose.
    LockFile,
    /// A build argument.
    Argument,
    /// The base images.
    BaseImage,
}

impl EditKind {
    /// The edit with its article: "a source edit".
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Source => "a source edit",
            Self::Document => "a documentation edit",
            Self::Manifest => "a manifest edit",
            Self::LockFile => "a lock file edit",
            Self::Argument => "another argument",
            Self::BaseImage => "a new base image",
        }
    }

    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Document => "document",
            Self::Manifest => "manifest",
            Self::LockFile => "lock-file",
            Self::Argument => "argument",
            Self::BaseImage => "base-image",
        }
    }
}

/// The edits by which the steps of `build` are measured, in the order of [`EditKind`]: those of
/// [`TypicalFiles::in_context`], then every argument that is declared (those of a proxy are no part of any key), and the
/// base images.
#[must_use]
pub fn typical_edits(build: &Build<'_>, context: &Context) -> Vec<TypicalEdit> {
    TypicalFiles::in_context(context).edits(build)
}

/// The files of a build context that stand for all of their sort. Dockerfiles that share a context share them.
#[derive(Clone, Debug)]
pub struct TypicalFiles {
    edits: Vec<TypicalEdit>,
}

impl TypicalFiles {
    /// The topmost source file, the topmost document, and the topmost manifest and lock file of each package manager, as
    /// COPY sees the context. Where it is not known or holds no source file, `src/main` stands for one. Directories of
    /// installed packages and large trees are not searched to their end.
    #[must_use]
    pub fn in_context(context: &Context) -> Self {
        Self { edits: Found::in_context(context) }
    }

    /// The edits of these files, and those that come from the Dockerfile: see [`typical_edits`].
    #[must_use]
    pub fn edits(&self, build: &Build<'_>) -> Vec<TypicalEdit> {
        let mut edits = self.edits.clone();
        let mut names = BTreeSet::new();
        let stages = build.stages.iter().flat_map(|stage| &stage.steps).map(|step| &step.instruction);
        for instruction in build.global.iter().chain(stages).filter(|i| i.keyword() == Keyword::Arg) {
            for assigned in Variables::of(instruction).map_or_else(Vec::new, |view| view.assigned) {
                let name = assigned.name.text.into_owned();
                if !PREDEFINED_ARGS.contains(&name.as_str()) && names.insert(name.clone()) {
                    edits.push(TypicalEdit { kind: EditKind::Argument, edit: Edit::Argument(name) });
                }
            }
        }
        let has_image = |base: &Base| matches!(base, Base::Image(image) if !image.is_scratch());
        if build.stages.iter().any(|stage| has_image(&stage.base)) {
            edits.push(TypicalEdit { kind: EditKind::BaseImage, edit: Edit::Base });
        }
        edits
    }
}

/// What stands for the sources where none are found.
const SOMEWHERE: &str = "src/main";

/// How many directories are listed, and how many entries are looked at in all.
const MAX_DIRECTORIES: usize = 200;
const MAX_ENTRIES: usize = 5_000;

/// Directories that hold what others wrote, or what a build made.
const SKIPPED: &[&str] = &["node_modules", "vendor", "target", "dist", "build", "__pycache__", "venv"];

/// Endings of source files, without those that are as often settings or data.
const SOURCE_ENDINGS: &[&str] = &[
    "c", "cc", "clj", "cpp", "cs", "dart", "elm", "ex", "fs", "go", "groovy", "h", "hpp", "hs", "java", "jl",
    "js", "jsx", "kt", "lua", "m", "mjs", "ml", "php", "pl", "py", "r", "rb", "rs", "scala", "svelte",
    "swift", "ts", "tsx", "vb", "vue", "zig",
];

/// What a file is for a package manager.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sort {
    /// Its place in [`ALL`].
    number: usize,
    /// A lock file, or else a manifest.
    is_lock_file: bool,
}

/// The names of the manifests and lock files of all managers.
struct Names {
    /// Those that are no patterns.
    plain: FxHashMap<&'static str, Vec<Sort>>,
    patterns: Vec<(Pattern, Sort)>,
}

impl Names {
    fn of_all() -> &'static Self {
        static NAMES: LazyLock<Names> = LazyLock::new(|| {
            let mut all = Names { plain: FxHashMap::default(), patterns: Vec::new() };
            for (number, ecosystem) in ALL.iter().enumerate() {
                for (names, is_lock_file) in [(ecosystem.manifests(), false), (ecosystem.lock_files(), true)]
                {
                    names.iter().for_each(|name| all.add(name, Sort { number, is_lock_file }));
                }
            }
            all
        });
        &NAMES
    }

    fn add(&mut self, name: &'static str, sort: Sort) {
        if has_wildcard(name) {
            // What is no pattern matches no file.
            self.patterns.extend(Pattern::new(name).ok().map(|pattern| (pattern, sort)));
        } else {
            self.plain.entry(name).or_default().push(sort);
        }
    }

    /// What a file of this name is, in the order of [`ALL`].
    fn sorts_of(&self, name: &str) -> Vec<Sort> {
        let matching = self.patterns.iter().filter(|(pattern, _)| pattern.matches(name));
        let plain = self.plain.get(name).into_iter().flatten();
        let mut sorts: Vec<_> = plain.chain(matching.map(|(_, sort)| sort)).copied().collect();
        sorts.sort_unstable();
        sorts.dedup();
        sorts
    }
}

/// The first file of each sort that a search from the top finds.
#[derive(Default)]
struct Found {
    source: Option<String>,
    document: Option<String>,
    manifests: Vec<(&'static str, String)>,
    lock_files: Vec<(&'static str, String)>,
}

impl Found {
    fn in_context(context: &Context) -> Vec<TypicalEdit> {
        let mut found = Self::default();
        let mut ahead = VecDeque::from([String::new()]);
        let mut entries = 0;
        for _ in 0..MAX_DIRECTORIES {
            let Some(dir) = ahead.pop_front().filter(|_| entries < MAX_ENTRIES) else { break };
            // What cannot be listed holds nothing that anybody edits.
            let listed = context.list(&dir).unwrap_or_default();
            entries += listed.len();
            for entry in listed.iter() {
                let path = if dir.is_empty() { entry.name.clone() } else { format!("{dir}/{}", entry.name) };
                match entry.file_type {
                    FileType::Dir
                        if SKIPPED.contains(&entry.name.as_str()) || entry.name.starts_with('.') => {}
                    FileType::Dir => ahead.push_back(path),
                    FileType::File => found.take(&entry.name, path),
                    FileType::Symlink | FileType::Other => {}
                }
            }
        }
        let source = found.source.unwrap_or_else(|| SOMEWHERE.to_owned());
        let mut edits = vec![TypicalEdit { kind: EditKind::Source, edit: Edit::File(source) }];
        let mut add = |kind, path: String| {
            let edit = Edit::File(path);
            if !edits.iter().any(|other| other.edit == edit) {
                edits.push(TypicalEdit { kind, edit });
            }
        };
        found.document.into_iter().for_each(|path| add(EditKind::Document, path));
        found.manifests.into_iter().for_each(|(_, path)| add(EditKind::Manifest, path));
        found.lock_files.into_iter().for_each(|(_, path)| add(EditKind::LockFile, path));
        edits
    }

    fn take(&mut self, name: &str, path: String) {
        let sorts = Names::of_all().sorts_of(name);
        let is_managed = !sorts.is_empty();
        for Sort { number, is_lock_file } in sorts {
            let manager = ALL[number].name();
            let taken = if is_lock_file { &mut self.lock_files } else { &mut self.manifests };
            if !taken.iter().any(|(other, _)| *other == manager) {
                taken.push((manager, path.clone()));
            }
        }
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        // `vite.config.ts` and the like are rarely edited.
        let is_source =
            SOURCE_ENDINGS.contains(&ending) && !name.contains(".config.") && !name.starts_with('.');
        if is_source && !is_managed {
            self.source.get_or_insert(path);
        } else if name.to_ascii_lowercase().starts_with("readme") || ending == "md" {
            let is_readme = |path: &str| path.to_ascii_lowercase().starts_with("readme");
            if self.document.as_deref().is_none_or(|known| !is_readme(known) && is_readme(&path)) {
                self.document = Some(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dockfix_syntax::Dockerfile;

    use super::*;

    fn edits(text: &str, files: &[&str]) -> Vec<(EditKind, Edit)> {
        let file = Dockerfile::parse(text.as_bytes());
        let context = Context::in_memory(files.iter().map(|path| (*path, "")));
        let edits = typical_edits(&Build::of(&file), &context);
        edits.into_iter().map(|edit| (edit.kind, edit.edit)).collect()
    }

    fn file(path: &str) -> Edit {
        Edit::File(path.to_owned())
    }

    #[test]
    fn one_file_of_each_sort_stands_for_all() {
        let files = [
            ".eslintrc.js",
            "CHANGELOG.md",
            "README.md",
            "api/go.mod",
            "api/go.sum",
            "api/main.go",
            "package.json",
            "package-lock.json",
            "vite.config.ts",
            "web/package.json",
            "node_modules/x/index.js",
        ];
        let expected = [
            (EditKind::Source, file("api/main.go")),
            (EditKind::Document, file("README.md")),
            (EditKind::Manifest, file("package.json")),
            (EditKind::Manifest, file("api/go.mod")),
            (EditKind::LockFile, file("package-lock.json")),
            (EditKind::LockFile, file("api/go.sum")),
            (EditKind::Argument, Edit::Argument("V".to_owned())),
            (EditKind::BaseImage, Edit::Base),
        ];
        assert_eq!(edits("ARG V=1\nFROM node:$V\nARG V HTTP_PROXY\n", &files), expected);
    }

    #[test]
    fn without_files_only_the_sources_are_supposed() {
        assert_eq!(edits("FROM scratch\nCOPY . /\n", &[]), [(EditKind::Source, file("src/main"))]);
    }
}
