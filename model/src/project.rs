//! What a command finds at a path of the image: files of the build context that COPY put there.

use std::borrow::Cow;
use std::sync::Arc;

use dockfix_syntax::view::Copy;
use dockfix_syntax::{Dockerfile, Keyword};

use crate::ImagePath;
use crate::build::{Build, Step};
use crate::context::{Context, FileType, Kind, Match};
use crate::images::BaseImage;

/// Files and directories of the build context and where COPY put them in the image, in the order of the instructions.
#[derive(Clone, Debug, Default)]
pub struct Supplies {
    copied: Vec<Copied>,
    taken: Vec<Taken>,
    /// A COPY from the context could not be followed: at a path that no other copy supplies there may be a file.
    pub incomplete: bool,
}

/// One source of a COPY or ADD from the build context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The index of the instruction's step in its stage; `None` where a stage that this one starts from has it.
    pub step: Option<usize>,
    /// The file or directory in the context, links followed.
    pub source: String,
    /// Where the file, or the content of the directory, lies in the image.
    pub target: ImagePath,
    /// Whether it is a directory.
    pub is_directory: bool,
}

/// What a COPY takes from another image, or from a stage that starts from one: `COPY --from=ghcr.io/astral-sh/uv /uv /bin/`.
#[derive(Clone, Debug)]
pub struct Taken {
    /// As in [`Copied`].
    pub step: Option<usize>,
    /// The image.
    pub image: Arc<BaseImage>,
    /// The last names of its sources.
    pub names: Vec<String>,
}

impl Copied {
    /// The path of the context that this source brings to a path of the image; `None` where it does not reach there.
    #[must_use]
    pub fn source_of(&self, path: &ImagePath) -> Option<String> {
        let below = path.below(&self.target)?;
        (self.is_directory || below.is_empty()).then(|| join(&self.source, below))
    }
}

/// What stands at a path of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A file of the context.
    File(Place),
    /// A directory of the context, or one that holds copied files.
    Directory,
    /// Nothing: the COPY that would bring it finds no such file in the context.
    Missing,
    /// No COPY from the context reaches there: whatever is there comes from the base image, another stage or a RUN.
    Elsewhere,
}

/// A file of the image that comes from the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which of the [`Supplies`] brings it.
    pub copied: usize,
    /// Its path in the context.
    pub path: String,
    /// Its permission bits.
    pub mode: u32,
}

impl Supplies {
    /// What stage `index` of a build brings from the context, with what the stages that it starts from bring.
    #[must_use]
    pub fn of_stage(build: &Build<'_>, index: usize, context: &Context) -> Self {
        let mut supplies = Self { incomplete: !context.is_known(), ..Self::default() };
        let escape = build.file.escape();
        let image_of = |stage: usize| {
            move |name: &str| match build.stage_named(name, stage) {
                Some(from) => Arc::clone(&build.stages[from].end.base),
                None => Arc::new(BaseImage::named(name)),
            }
        };
        for ancestor in build.ancestors(index).into_iter().rev() {
            supplies.add(&build.stages[ancestor].steps, context, escape, &image_of(ancestor));
        }
        supplies.copied.iter_mut().for_each(|copied| copied.step = None);
        supplies.taken.iter_mut().for_each(|taken| taken.step = None);
        if let Some(stage) = build.stages.get(index) {
            supplies.add(&stage.steps, context, escape, &image_of(index));
        }
        supplies
    }

    /// What the instructions `steps` of a stage bring from the context; earlier stages are not looked at.
    #[must_use]
    pub fn of(steps: &[Step<'_>], context: &Context, escape: u8) -> Self {
        let mut supplies = Self { incomplete: !context.is_known(), ..Self::default() };
        supplies.add(steps, context, escape, &|name| Arc::new(BaseImage::named(name)));
        supplies
    }

    fn add(
        &mut self,
        steps: &[Step<'_>],
        context: &Context,
        escape: u8,
        image_of: &dyn Fn(&str) -> Arc<BaseImage>,
    ) {
        // No source is found there, and the supplies are incomplete from the beginning.
        if context.knows_nothing() {
            return;
        }
        for (index, step) in steps.iter().enumerate() {
            if !matches!(step.instruction.keyword(), Keyword::Copy | Keyword::Add) {
                continue;
            }
            let Some(copy) = Copy::of(&step.instruction) else { continue };
            if let Some(from) = &copy.from {
                let names = copy.sources.iter().map(|source| name_of(&source.text).to_owned()).collect();
                self.taken.push(Taken { step: Some(index), image: image_of(from), names });
                continue;
            }
            match copied_by(&copy, step, index, context, escape) {
                Some(copied) => self.copied.extend(copied),
                None => self.incomplete = true,
            }
        }
    }

    /// The whole context at one place in the image.
    #[must_use]
    pub fn whole(target: ImagePath) -> Self {
        let copied = Copied { step: Some(0), source: String::new(), target, is_directory: true };
        Self { copied: vec![copied], ..Self::default() }
    }

    /// The sources, in order.
    #[must_use]
    pub fn copied(&self) -> &[Copied] {
        &self.copied
    }
}

/// What one source takes, and the source where its directories are kept.
type TakenBy<'s> = (Arc<[Match]>, Option<Cow<'s, str>>);

/// What one COPY takes; `None` where that cannot be told.
pub fn copied_by(
    copy: &Copy<'_>,
    step: &Step<'_>,
    index: usize,
    context: &Context,
    escape: u8,
) -> Option<Vec<Copied>> {
    if copy.has_flag("exclude") {
        return None;
    }
    let keeps_parents = match copy.flags.iter().find(|(flag, _)| flag == "parents").map(|(_, value)| value) {
        None => false,
        Some(None) => true,
        Some(Some(value)) if value.eq_ignore_ascii_case("true") => true,
        Some(Some(_)) => return None,
    };
    let target = step.state.path(&copy.destination.text, escape)?;
    let mut taken: Vec<TakenBy<'_>> = Vec::with_capacity(copy.sources.len());
    for source in &copy.sources {
        if source.is_heredoc {
            continue;
        }
        let text = step.state.variables.expand(&source.text, escape)?.text;
        if text.contains("${") {
            return None;
        }
        if copy.is_add && (text.contains("://") || text.starts_with("git@")) {
            continue;
        }
        if !keeps_parents {
            taken.push((context.copy_sources(&text).ok()?, None));
            continue;
        }
        // There `**` stands for any number of directories, and what is not there is no error.
        if text.contains("**") {
            return None;
        }
        taken.push((context.copy_sources(&text).unwrap_or_default(), Some(text)));
    }
    let count = taken.iter().map(|(found, _)| found.len()).sum::<usize>();
    // A destination that ends in a slash, or that is a directory already, takes a file under its own name.
    let written = &*copy.destination.text;
    let is_directory = written.ends_with('/')
        || written.ends_with("/.")
        || matches!(written, "." | "..")
        || copy.sources.len() > 1
        || count > 1
        || step.state.workdir.as_ref() == Some(&target)
        || target == ImagePath::root();
    let mut copied = Vec::with_capacity(count);
    for (found, parents_of) in taken.iter().flat_map(|(all, source)| all.iter().map(move |one| (one, source)))
    {
        let is_dir = found.file_type == FileType::Dir;
        let target = match parents_of {
            Some(_) if found.path != found.resolved => return None,
            Some(source) => target.join(kept_below(source, &found.path)?),
            None if is_directory && !is_dir => target.join(name_of(&found.path)),
            None => target.clone(),
        };
        let source = found.resolved.clone();
        copied.push(Copied { step: Some(index), target, is_directory: is_dir, source });
    }
    Some(copied)
}

/// The last name of a path of the context.
fn name_of(path: &str) -> &str {
    let slash = memchr::memrchr(b'/', path.as_bytes());
    slash.and_then(|at| path.get(at + 1..)).unwrap_or(path)
}

/// Where `--parents` puts the path `found` of the context, which `source` matches: its whole path, or what comes after
/// `/./` in the source (Dockerfile reference, "COPY --parents").
fn kept_below<'f>(source: &str, found: &'f str) -> Option<&'f str> {
    let Some((base, _)) = source.split_once("/./") else { return Some(found) };
    let base = base.trim_start_matches("./").trim_matches('/');
    if base.is_empty() || base == "." {
        return Some(found);
    }
    // A wildcard before the pivot leaves open how much of the path it takes.
    found.strip_prefix(base)?.strip_prefix('/')
}

/// A directory of the image in which a command works, with the files of the context it finds there and around.
///
/// Paths are absolute, or relative to the directory.
#[derive(Clone, Debug)]
pub struct Project<'a> {
    context: &'a Context,
    supplies: &'a Supplies,
    directory: ImagePath,
    /// Copies of this step and later ones are not there yet.
    until: usize,
}

impl<'a> Project<'a> {
    /// The project in `directory`.
    #[must_use]
    pub fn new(context: &'a Context, supplies: &'a Supplies, directory: ImagePath) -> Self {
        Self { context, supplies, directory, until: usize::MAX }
    }

    /// The project as the step of this index finds it: without what later steps copy.
    #[must_use]
    pub fn until(self, step: usize) -> Self {
        Self { until: step, ..self }
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &ImagePath {
        &self.directory
    }

    /// The same files seen from another directory.
    #[must_use]
    pub fn at(&self, directory: ImagePath) -> Self {
        Self { directory, ..self.clone() }
    }

    /// `path` as a path of the image.
    #[must_use]
    pub fn path(&self, path: &str) -> ImagePath {
        self.directory.join(path)
    }

    /// The copies that bring the files.
    #[must_use]
    pub fn supplies(&self) -> &'a Supplies {
        self.supplies
    }

    /// What copies bring from other images.
    pub fn taken(&self) -> impl Iterator<Item = &'a Taken> {
        let until = self.until;
        self.supplies.taken.iter().filter(move |taken| taken.step.is_none_or(|step| step < until))
    }

    /// What stands at `path`. A link in the context is followed.
    #[must_use]
    pub fn find(&self, path: &str) -> Found {
        self.find_at(&self.path(path))
    }

    /// What stands at a path of the image.
    #[must_use]
    pub fn find_at(&self, path: &ImagePath) -> Found {
        let mut reached = false;
        for (index, copied) in self.supplies.copied.iter().enumerate().rev() {
            if copied.step.is_some_and(|step| step >= self.until) {
                continue;
            }
            if copied.target.below(path).is_some_and(|below| !below.is_empty() || copied.is_directory) {
                return Found::Directory;
            }
            let Some(source) = copied.source_of(path) else { continue };
            reached = true;
            let found = self.context.copy_sources(&escaped(&source)).ok();
            match found.as_ref().and_then(|found| found.last()) {
                Some(found) => match self.context.kind_of(found) {
                    Ok(Kind::File { mode, .. }) => {
                        return Found::File(Place { copied: index, path: source, mode });
                    }
                    Ok(Kind::Dir) => return Found::Directory,
                    Ok(_) => {}
                    Err(_) => continue,
                },
                None => continue,
            }
        }
        if reached && !self.supplies.incomplete { Found::Missing } else { Found::Elsewhere }
    }

    /// Whether a file of the context stands at `path`.
    #[must_use]
    pub fn has_file(&self, path: &str) -> bool {
        matches!(self.find(path), Found::File(_))
    }

    /// The content of the file at `path`; `None` where no file of the context stands there or it cannot be read.
    #[must_use]
    pub fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        match self.find(path) {
            Found::File(place) => self.context.read(&place.path).ok(),
            _ => None,
        }
    }

    /// The content of the file at `path` as text.
    #[must_use]
    pub fn read_text(&self, path: &str) -> Option<String> {
        self.read(path).and_then(|bytes| String::from_utf8(bytes.to_vec()).ok())
    }

    /// Whether a copy would bring what stands at `path` one day: it takes in a directory there, of which the ignore file does
    /// not keep that out.
    #[must_use]
    pub fn may_come(&self, path: &ImagePath) -> bool {
        let copied = self.supplies.copied.iter();
        let mut sources = copied
            .filter(|copied| copied.is_directory && copied.step.is_none_or(|step| step < self.until))
            .filter_map(|copied| copied.source_of(path));
        sources.any(|source| !self.context.is_excluded(&source).unwrap_or(false))
    }

    /// Names in the directory at `path` that come from the context, sorted, with a flag for directories; empty where
    /// there is no such directory. A link counts as what it leads to.
    #[must_use]
    pub fn list(&self, path: &str) -> Vec<(String, bool)> {
        let directory = self.path(path);
        let mut names: Vec<(String, bool)> = Vec::new();
        for copied in
            self.supplies.copied.iter().filter(|copied| copied.step.is_none_or(|step| step < self.until))
        {
            if let Some(below) = directory.below(&copied.target).filter(|_| copied.is_directory) {
                let source = join(&copied.source, below);
                let entries = self.context.list(&source).unwrap_or_default();
                names.reserve(entries.len());
                for entry in entries.iter() {
                    let is_directory = match entry.file_type {
                        FileType::Symlink => {
                            matches!(self.find_at(&directory.join(&entry.name)), Found::Directory)
                        }
                        file_type => file_type == FileType::Dir,
                    };
                    names.push((entry.name.clone(), is_directory));
                }
            } else if let Some(below) = copied.target.below(&directory).filter(|below| !below.is_empty()) {
                let (name, deeper) = below.split_once('/').map_or((below, false), |(name, _)| (name, true));
                names.push((name.to_owned(), deeper || copied.is_directory));
            }
        }
        // What comes from one directory is in order already.
        if !names.is_sorted_by(|one, next| one < next) {
            names.sort();
            names.dedup();
        }
        names
    }

    /// The path that a message shows for a path of the image: that of the context where a file comes from there.
    #[must_use]
    pub fn shown(&self, path: &str) -> String {
        match self.find(path) {
            Found::File(place) => place.path,
            _ => {
                let path = self.path(path);
                path.below(&self.directory)
                    .filter(|below| !below.is_empty())
                    .unwrap_or(path.as_str())
                    .to_owned()
            }
        }
    }
}

/// The stages' files are read without wildcards.
fn escaped(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for ch in path.chars() {
        if matches!(ch, '*' | '?' | '[' | '\\') {
            out.push('\\');
        }
        out.push(ch);
    }
    out
}

fn join(directory: &str, name: &str) -> String {
    match (directory, name) {
        ("", name) => name.to_owned(),
        (directory, "") => directory.to_owned(),
        _ => format!("{directory}/{name}"),
    }
}

/// Parses `file` and gives `check` the last stage's project in its last step's working directory: for tests and
/// documentation of package managers.
pub fn with_project<R>(
    file: &str,
    context: &Context,
    check: impl FnOnce(&Project<'_>, &Step<'_>) -> R,
) -> Option<R> {
    let file = Dockerfile::parse(file.as_bytes());
    let build = crate::build::Build::of(&file);
    let stage = build.stages.last()?;
    let step = stage.steps.last()?;
    let supplies = Supplies::of(&stage.steps, context, file.escape());
    let directory = step.state.workdir.clone()?;
    Some(check(&Project::new(context, &supplies, directory), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context::in_memory([
            ("package.json", "{}"),
            ("web/package.json", "{\"w\":1}"),
            ("web/src/a.js", ""),
            ("ignored.txt", ""),
            (".dockerignore", "ignored.txt\n"),
        ])
    }

    fn find(file: &str, path: &str) -> Found {
        with_project(file, &context(), |project, _| project.find(path)).unwrap()
    }

    fn place(found: Found) -> Option<String> {
        match found {
            Found::File(place) => Some(place.path),
            _ => None,
        }
    }

    #[test]
    fn follows_copies() {
        let all = "FROM node\nWORKDIR /app\nCOPY . .\nRUN x";
        assert_eq!(place(find(all, "web/package.json")).as_deref(), Some("web/package.json"));
        assert_eq!(find(all, "web"), Found::Directory);
        assert_eq!(find(all, "ignored.txt"), Found::Missing);
        assert_eq!(find(all, "../x"), Found::Elsewhere);
        let web = "FROM node\nWORKDIR /app\nCOPY web ./\nCOPY package.json /app/root.json\nRUN x";
        assert_eq!(place(find(web, "package.json")).as_deref(), Some("web/package.json"));
        assert_eq!(place(find(web, "root.json")).as_deref(), Some("package.json"));
        assert_eq!(find(web, "web"), Found::Missing);
    }

    #[test]
    fn parents_are_kept() {
        let copied = |copy: &str, path: &str| place(find(&format!("FROM node\n{copy}\nRUN x"), path));
        let plain = "COPY --parents web/package.json none.json /srv/";
        assert_eq!(copied(plain, "/srv/web/package.json").as_deref(), Some("web/package.json"));
        assert_eq!(copied(plain, "/srv/package.json"), None);
        assert_eq!(
            copied("COPY --parents=true */package.json /srv", "/srv/web/package.json").as_deref(),
            Some("web/package.json")
        );
        let pivot = "COPY --parents ./web/./src /srv/";
        assert_eq!(copied(pivot, "/srv/src/a.js").as_deref(), Some("web/src/a.js"));
        // What these take is not followed: any file may have come.
        for copy in ["COPY --parents **/package.json /srv/", "COPY --exclude=*.md web /srv/"] {
            assert_eq!(find(&format!("FROM node\n{copy}\nRUN x"), "/srv/x"), Found::Elsewhere, "{copy}");
        }
    }

    #[test]
    fn files_take_their_names_into_directories() {
        let file = "FROM node\nWORKDIR /app\nCOPY package*.json /srv/x/\nCOPY web/package.json .\nRUN x";
        assert_eq!(place(find(file, "/srv/x/package.json")).as_deref(), Some("package.json"));
        assert_eq!(place(find(file, "package.json")).as_deref(), Some("web/package.json"));
        assert_eq!(find(file, "/srv"), Found::Directory);
        assert_eq!(find(file, "/srv/x/y"), Found::Elsewhere);
    }

    #[test]
    fn lists_what_comes_from_everywhere() {
        let file = "FROM node\nWORKDIR /app\nCOPY web .\nCOPY package.json sub/p.json\nRUN x";
        let names = with_project(file, &context(), |project, _| project.list(".")).unwrap();
        let names: Vec<_> = names.iter().map(|(name, is_directory)| (name.as_str(), *is_directory)).collect();
        assert_eq!(names, [("package.json", false), ("src", true), ("sub", true)]);
    }

    #[test]
    fn an_unknown_context_leaves_everything_open() {
        let file = "FROM node\nWORKDIR /app\nCOPY . .\nRUN x";
        let found = with_project(file, &Context::unknown(), |project, _| project.find("package.json"));
        assert_eq!(found, Some(Found::Elsewhere));
    }
}
