//! What a command line of `pip install` or `uv pip install` asks for.

use dockfix_model::ImagePath;

use super::closure::Closure;
use super::requirements::{INDEXES, is_local_index};
use super::source::{Source, begins_with_comparison, file_path, has_scheme, is_archive, source};
use crate::Refusal;
use crate::options::{Operand, Value, Words};

/// What a command installs.
#[derive(Default)]
pub(crate) struct Wanted<'l> {
    /// Requirements and constraints files.
    pub(crate) files: Vec<&'l str>,
    /// Groups of a pyproject.toml.
    pub(crate) groups: Vec<&'l str>,
    /// Archives.
    pub(crate) paths: Vec<&'l str>,
    /// Directories in which a pattern of the command line finds archives.
    pub(crate) globs: Vec<String>,
    /// Where to look for packages.
    pub(crate) links: Vec<&'l str>,
    /// Repositories that are cloned beside the project.
    pub(crate) has_repositories: bool,
    /// A directory that is a project: `.`, `./x/`, `-e x`.
    pub(crate) project: Option<&'l str>,
    /// A word of which it is not known what it names.
    pub(crate) unknown: Option<String>,
}

/// Options that name requirements or constraints files, whichever of the two programs knows them.
pub(crate) const FILES: [&str; 9] = [
    "-r",
    "--requirement",
    "--requirements",
    "-c",
    "--constraint",
    "--constraints",
    "--build-constraint",
    "--build-constraints",
    "--overrides",
];

impl<'l> Wanted<'l> {
    /// Reads options and operands.
    pub(crate) fn of(words: &'l Words<'_>) -> Self {
        let mut wanted = Self::default();
        for option in &words.options {
            match option.name {
                "-e" | "--editable" => wanted.add_editable(&option.value),
                "--requirements-from-script" => wanted.set_unknown(option.name),
                "--group" => wanted.groups.extend(option.value.known()),
                "-f" | "--find-links" => wanted.links.extend(option.value.known()),
                name if INDEXES.contains(&name) => {
                    wanted.links.extend(option.value.known().filter(|index| is_local_index(index)));
                    continue;
                }
                name if FILES.contains(&name) => wanted.files.extend(option.value.known()),
                _ => continue,
            }
            if option.value.known().is_none() {
                wanted.set_unknown(option.written());
            }
        }
        for operand in &words.operands {
            wanted.add(operand);
        }
        wanted
    }

    /// Archives and directories of links as paths of the image; `None` where one cannot be told.
    pub(crate) fn paths(&self, resolve: impl Fn(&str) -> Option<ImagePath>) -> Option<Vec<ImagePath>> {
        let links = self.links.iter().filter_map(|link| local_link(link));
        self.paths.iter().copied().chain(links).map(resolve).collect()
    }

    /// The project that is built, as a path of the image where that can be told.
    pub(crate) fn built(&self, resolve: impl Fn(&str) -> Option<ImagePath>) -> Option<ImagePath> {
        match source(self.project?) {
            Source::Local(path) => resolve(path),
            // `-e name` without a dot is a path all the same.
            Source::Index | Source::Remote => resolve(self.project?),
        }
    }

    /// Adds what is asked for to `closure`.
    ///
    /// # Errors
    ///
    /// When it is not known, or cannot be copied apart from the sources; `tool` is named.
    pub(crate) fn add_to(&self, closure: &mut Closure<'_>, tool: &str) -> Result<(), Refusal> {
        if let Some(path) = self.project {
            return Err(Refusal::new(format!(
                "{tool} builds the project in {path}: it cannot install the dependencies without the sources"
            )));
        }
        if let Some(word) = &self.unknown {
            return Err(Refusal::new(format!("what `{word}` names is only known when {tool} runs")));
        }
        for file in &self.files {
            closure.file(file)?;
        }
        for path in &self.paths {
            closure.package(path)?;
        }
        for link in &self.links {
            closure.find_links(link)?;
        }
        for group in &self.groups {
            closure.group(group)?;
        }
        Ok(())
    }

    fn set_unknown(&mut self, word: impl Into<String>) {
        self.unknown.get_or_insert_with(|| word.into());
    }

    fn add_editable(&mut self, value: &'l Value<'_>) {
        match value {
            Value::Known(path) if matches!(source(path), Source::Remote) => self.has_repositories = true,
            Value::Known(path) => self.project = self.project.or(Some(path)),
            // `.[dev]` is a pattern to the shell.
            _ if value.beginning() == "." => self.project = self.project.or(Some(".")),
            _ => {}
        }
    }

    fn add(&mut self, operand: &Operand<'l>) {
        let Some(value) = operand.value else { return self.add_unknown(operand) };
        match source(value) {
            Source::Index | Source::Remote => {}
            Source::Local(path) if is_archive(path) => self.paths.push(path),
            // What is no archive by its name must be a directory.
            Source::Local(path) => self.project = self.project.or(Some(path)),
        }
    }

    /// A word with a pattern or a variable in it.
    fn add_unknown(&mut self, operand: &Operand<'_>) {
        let text = String::from_utf8_lossy(operand.argument.text);
        let bare = text.trim_matches('"');
        let start = bare.split(['$', '`']).next().unwrap_or_default();
        let is_remote = has_scheme(start) && file_path(start).is_none();
        if begins_with_comparison(start) || is_remote {
            return;
        }
        if bare.starts_with(".[") {
            self.project = self.project.or(Some("."));
            return;
        }
        if operand.argument.glob.is_some() {
            // `uvicorn[standard]` is a pattern too, and itself where no file matches.
            if !bare.contains(['$', '*', '?', '/', '{']) && source(bare) == Source::Index {
                return;
            }
            let directory = start.split(['*', '?', '[']).next().unwrap_or_default().rsplit_once('/');
            if let Some((directory, _)) = directory.filter(|(directory, _)| directory.starts_with('/')) {
                return self.globs.push(directory.to_owned());
            }
        }
        self.set_unknown(text.into_owned());
    }
}

/// The path of a value of `--find-links` that is no address.
pub(crate) fn local_link(link: &str) -> Option<&str> {
    if has_scheme(link) { file_path(link) } else { Some(link) }
}
