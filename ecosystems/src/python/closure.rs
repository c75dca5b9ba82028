//! What an install from requirements files reads: the files, those they include, archives and directories they name.
//!
//! Files that a requirements file includes lie relative to it; packages that it names by path lie relative to the
//! working directory; `--find-links` is relative to the file where that exists, else to the working directory (pip,
//! `req/req_file.py`, `handle_option_line` and `_parse_and_recurse`). uv does the same.

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};

use super::requirements::{self, Item};
use super::source::{Source, file_path, has_scheme, is_archive, source};
use super::toml_file::{Node, TomlFile};
use super::wanted::local_link;
use crate::{Needs, Refusal};

/// What was found so far.
pub(crate) struct Closure<'p> {
    project: &'p Project<'p>,
    /// The program, for messages.
    tool: &'static str,
    needs: Needs,
    /// Directories that are installed, where they are looked for; else they are refused.
    directories: Option<Vec<Directory>>,
}

/// A directory that is installed.
pub(crate) struct Directory {
    pub(crate) path: ImagePath,
    /// The environment only leads to it.
    pub(crate) is_editable: bool,
}

/// Where a file or a package is asked for.
#[derive(Clone, Copy)]
enum Asked<'a> {
    /// On the command line of this program.
    Command(&'static str),
    /// In a file, as messages show file and line.
    Place(&'a str),
}

impl Asked<'_> {
    /// `requirements.txt:3 installs ./lib`, or `pip installs ./lib`.
    fn says(self, verb: &str, what: &str) -> String {
        match self {
            Self::Command(tool) => format!("{tool} {verb} {what}"),
            Self::Place(place) => format!("{place} {verb} {what}"),
        }
    }
}

impl<'p> Closure<'p> {
    /// Nothing yet.
    pub(crate) fn new(project: &'p Project<'p>, tool: &'static str) -> Self {
        Self { project, tool, needs: Needs::default(), directories: None }
    }

    /// Nothing yet; directories that are installed are collected instead of refused.
    pub(crate) fn with_directories(project: &'p Project<'p>, tool: &'static str) -> Self {
        Self { directories: Some(Vec::new()), ..Self::new(project, tool) }
    }

    /// The directories that are installed.
    pub(crate) fn into_directories(self) -> Vec<Directory> {
        self.directories.unwrap_or_default()
    }

    /// Everything that was found.
    pub(crate) fn into_needs(self) -> Needs {
        self.needs
    }

    /// A requirements or constraints file of the command line.
    ///
    /// # Errors
    ///
    /// When it, or what it leads to, cannot be copied apart from the sources.
    pub(crate) fn file(&mut self, path: &str) -> Result<(), Refusal> {
        if has_scheme(path) {
            return file_path(path).map_or(Ok(()), |path| self.file(path));
        }
        let path = self.project.path(path);
        self.present(&path)?;
        match path.name() {
            "pyproject.toml" => self.dependencies(&path),
            "setup.py" | "setup.cfg" => {
                let shown = self.show(&path);
                Err(Refusal::new(format!(
                    "{} runs the build of {shown} to learn what it depends on",
                    self.tool
                )))
            }
            name if is_pylock(name) => self.pylock(&path),
            _ => self.read(&path),
        }
    }

    /// The dependencies of a pyproject.toml, without the project.
    fn dependencies(&mut self, path: &ImagePath) -> Result<(), Refusal> {
        let file = self.toml(path)?;
        let value = file.parse()?;
        let top = file.top(&value);
        for node in top.get(&["project", "dynamic"]).into_iter().flat_map(Node::elements) {
            if matches!(node.as_str(), Some("dependencies" | "optional-dependencies")) {
                return Err(Refusal::new(format!(
                    "{} declares dynamic dependencies, which the build back end takes from the sources",
                    node.at()
                )));
            }
        }
        for key in ["dependencies", "optional-dependencies"] {
            for node in top.get(&["project", key]).map_or_else(Vec::new, Node::strings) {
                self.requirement(node.as_str().unwrap_or_default(), &node.at())?;
            }
        }
        self.check_sources(top)
    }

    /// A lock file of the standard kind (PyPA specifications, "pylock.toml").
    fn pylock(&mut self, path: &ImagePath) -> Result<(), Refusal> {
        let file = self.toml(path)?;
        let value = file.parse()?;
        for package in file.top(&value).get(&["packages"]).into_iter().flat_map(Node::elements) {
            let wheels = package.get(&["wheels"]).into_iter().flat_map(Node::elements);
            let single = ["directory", "archive", "sdist"].into_iter().filter_map(|key| package.get(&[key]));
            for node in single.chain(wheels) {
                if let Some(local) = node.get(&["path"]) {
                    let path = local.as_str().unwrap_or_default();
                    let is_editable = node.get(&["editable"]).and_then(Node::as_bool) == Some(true);
                    if self.directories.is_some()
                        && (is_archive(path) || self.add_directory(path, is_editable))
                    {
                        continue;
                    }
                    return Err(Refusal::new(format!("{} installs {path}", local.at())));
                }
            }
        }
        Ok(())
    }

    /// Fails where the build context brings no file to `path`.
    fn present(&self, path: &ImagePath) -> Result<(), Refusal> {
        match self.project.find_at(path) {
            Found::File(_) => Ok(()),
            Found::Directory => Err(Refusal::new(format!("{} is a directory", self.show(path)))),
            Found::Missing => Err(Refusal::new(format!("{} is not in the build context", self.show(path)))),
            Found::Elsewhere => {
                let directory = path.parent().unwrap_or_else(ImagePath::root);
                let name = path.name();
                Err(Refusal::new(format!("no {name} is copied from the build context to {directory}")))
            }
        }
    }

    /// A package of the command line that is named by a path.
    ///
    /// # Errors
    ///
    /// When it is a directory, or is not there.
    pub(crate) fn package(&mut self, path: &str) -> Result<(), Refusal> {
        let absolute = self.project.path(path);
        // What lies elsewhere and does not come from the context counts among the command's effects.
        if absolute.below(self.project.directory()).is_none()
            && self.project.find_at(&absolute) == Found::Elsewhere
        {
            return Ok(());
        }
        self.local(path, Asked::Command(self.tool))
    }

    /// A file, directory or address that a manifest names on the line `place`.
    ///
    /// # Errors
    ///
    /// When it is a directory, or is not there.
    pub(crate) fn place(&mut self, value: &str, place: &str) -> Result<(), Refusal> {
        let asked = Asked::Place(place);
        match local_link(value) {
            Some(_) if value.contains("${") => {
                Err(Refusal::new(asked.says("names a file by a variable:", value)))
            }
            Some(path) => self.local(path, asked),
            None => Ok(()),
        }
    }

    /// The variables that a manifest mentions in any way a shell knows: `$NAME`, `${NAME}`.
    pub(crate) fn add_variables_of(&mut self, text: &str) {
        for rest in text.split('$').skip(1) {
            let rest = rest.strip_prefix('{').unwrap_or(rest);
            let end = rest.find(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_').unwrap_or(rest.len());
            let name = &rest[..end];
            if !name.is_empty() && !self.needs.variables.iter().any(|known| known == name) {
                self.needs.variables.push(name.to_owned());
            }
        }
    }

    /// A requirement written elsewhere: in a group of pyproject.toml, in a Pipfile.
    ///
    /// # Errors
    ///
    /// As [`Self::package`]; `place` is shown: `pyproject.toml:7`.
    pub(crate) fn requirement(&mut self, text: &str, place: &str) -> Result<(), Refusal> {
        self.add_variables(text);
        match source(text) {
            Source::Local(path) => self.local(path, Asked::Place(place)),
            Source::Index | Source::Remote => Ok(()),
        }
    }

    /// `--find-links` of the command line.
    ///
    /// # Errors
    ///
    /// When it cannot be copied apart from the sources.
    pub(crate) fn find_links(&mut self, link: &str) -> Result<(), Refusal> {
        let Some(path) = local_link(link) else { return Ok(()) };
        let path = self.project.path(path);
        let elsewhere = path.below(self.project.directory()).is_none();
        if elsewhere && self.project.find_at(&path) == Found::Elsewhere {
            return Ok(());
        }
        self.links(&path, Asked::Command(self.tool))
    }

    /// A group of a pyproject.toml: its name, or file and name with a colon between.
    ///
    /// # Errors
    ///
    /// When the file is not there, or one of its groups names a directory.
    pub(crate) fn group(&mut self, group: &str) -> Result<(), Refusal> {
        let path = self.project.path(group.rsplit_once(':').map_or("pyproject.toml", |(path, _)| path));
        let file = self.toml(&path)?;
        let value = file.parse()?;
        let top = file.top(&value);
        // A group may include others, and uv may look elsewhere for what it names.
        for node in top.get(&["dependency-groups"]).map_or_else(Vec::new, Node::strings) {
            self.requirement(node.as_str().unwrap_or_default(), &node.at())?;
        }
        self.check_sources(top)
    }

    /// Fails where pyproject.toml tells uv to take a package from a directory (`tool.uv.sources`).
    ///
    /// # Errors
    ///
    /// The first such package.
    pub(crate) fn check_sources(&mut self, pyproject: Node<'_>) -> Result<(), Refusal> {
        let sources = pyproject.get(&["tool", "uv", "sources"]).into_iter().flat_map(Node::entries);
        for (name, value) in sources {
            let choices = value.elements().chain(Some(value));
            for choice in choices {
                if let Some(path) = choice.string(&["path"]) {
                    let is_editable = choice.get(&["editable"]).and_then(Node::as_bool) == Some(true);
                    if !is_archive(path) && self.add_directory(path, is_editable) {
                        continue;
                    }
                    return Err(Refusal::new(format!("{} takes {name} from {path}", choice.at())));
                }
                if choice.get(&["workspace"]).is_some() {
                    return Err(Refusal::new(format!("{} takes {name} from the workspace", choice.at())));
                }
            }
        }
        Ok(())
    }

    /// A line that could stand in a requirements file of the working directory, found on the line `place`.
    ///
    /// # Errors
    ///
    /// As [`Self::file`].
    pub(crate) fn text_line(&mut self, text: &str, place: &str) -> Result<(), Refusal> {
        let directory = self.project.directory().clone();
        for line in requirements::lines(text) {
            self.add_variables(&line.text);
            self.line(&line.text, Asked::Place(place), &directory)?;
        }
        Ok(())
    }

    /// A file of which a manifest says that the text of the license is in it.
    ///
    /// # Errors
    ///
    /// When the build context brings none.
    pub(crate) fn license(&mut self, node: Node<'_>) -> Result<(), Refusal> {
        let name = node.as_str().unwrap_or_default();
        self.manifest(&self.project.path(name)).map_err(|_| {
            let at = node.at();
            Refusal::new(format!("{at} takes the license from {name}, which is not in the build context"))
        })
    }

    /// A manifest that has to be there, read by the caller.
    ///
    /// # Errors
    ///
    /// When the build context brings none.
    pub(crate) fn manifest(&mut self, path: &ImagePath) -> Result<(), Refusal> {
        self.present(path)?;
        self.add(path.clone());
        Ok(())
    }

    /// A manifest that has to be there.
    ///
    /// # Errors
    ///
    /// When the build context brings none, or it cannot be read.
    pub(crate) fn toml(&mut self, path: &ImagePath) -> Result<TomlFile, Refusal> {
        self.manifest(path)?;
        TomlFile::read(self.project, path)?
            .ok_or_else(|| Refusal::new(format!("{} cannot be read", self.show(path))))
    }

    /// The files that name a version of Python, in the working directory and above.
    ///
    /// # Errors
    ///
    /// When it cannot be told whether they are there.
    pub(crate) fn python_version(&mut self) -> Result<(), Refusal> {
        self.above(&[".python-version", ".python-versions"])
    }

    /// Files of these names, in the working directory and above.
    ///
    /// # Errors
    ///
    /// When it cannot be told whether they are there.
    pub(crate) fn above(&mut self, names: &[&str]) -> Result<(), Refusal> {
        for name in names {
            self.optional(&self.project.path(name))?;
        }
        let mut directory = self.project.directory().parent();
        while let Some(at) = directory {
            for path in names.iter().map(|name| at.join(name)) {
                if matches!(self.project.find_at(&path), Found::File(_)) {
                    self.add(path);
                }
            }
            directory = at.parent();
        }
        Ok(())
    }

    /// A value of a setting that says where packages are: a directory is read as a whole. `beside` is the directory of the
    /// file that says so, on the line `place`.
    ///
    /// # Errors
    ///
    /// When it is no directory of the context.
    pub(crate) fn index(&mut self, value: &str, beside: &ImagePath, place: &str) -> Result<(), Refusal> {
        match local_link(value) {
            Some(path) => self.links(&beside.join(path), Asked::Place(place)),
            None => Ok(()),
        }
    }

    /// A file that is read if it is there.
    ///
    /// # Errors
    ///
    /// When it cannot be told whether it is there.
    pub(crate) fn optional(&mut self, path: &ImagePath) -> Result<bool, Refusal> {
        match self.project.find_at(path) {
            Found::File(_) => {
                self.add(path.clone());
                Ok(true)
            }
            Found::Elsewhere if self.project.supplies().incomplete => {
                Err(Refusal::new(format!("it cannot be told whether a COPY brings {path}")))
            }
            Found::Directory | Found::Missing | Found::Elsewhere => Ok(false),
        }
    }

    fn add(&mut self, path: ImagePath) -> bool {
        let is_new = !self.needs.files.contains(&path);
        if is_new {
            self.needs.files.push(path);
        }
        is_new
    }

    fn add_variables(&mut self, text: &str) {
        for name in requirements::variables(text) {
            if !self.needs.variables.iter().any(|known| known == name) {
                self.needs.variables.push(name.to_owned());
            }
        }
    }

    fn show(&self, path: &ImagePath) -> String {
        self.project.shown(path.as_str())
    }

    /// Reads a file of the context, and what it includes.
    fn read(&mut self, path: &ImagePath) -> Result<(), Refusal> {
        if !self.add(path.clone()) {
            return Ok(());
        }
        let shown = self.show(path);
        let bytes = self
            .project
            .read(path.as_str())
            .ok_or_else(|| Refusal::new(format!("{shown} cannot be read")))?;
        let directory = path.parent().unwrap_or_else(ImagePath::root);
        for line in requirements::lines(&requirements::decode(&bytes)) {
            self.add_variables(&line.text);
            let place = format!("{shown}:{}", line.number);
            self.line(&line.text, Asked::Place(&place), &directory)?;
        }
        Ok(())
    }

    fn line(&mut self, text: &str, asked: Asked<'_>, directory: &ImagePath) -> Result<(), Refusal> {
        let item = requirements::item(text);
        let named = match &item {
            Item::Requirement(text) | Item::Editable(text) => match source(text) {
                Source::Local(path) => Some(path.to_owned()),
                Source::Index | Source::Remote => None,
            },
            Item::Requirements(path) | Item::Constraint(path) => Some(path.clone()),
            Item::FindLinks(links) => {
                links.iter().find(|link| link.contains("${") && !has_scheme(link)).cloned()
            }
            Item::Setting | Item::Unknown(_) => None,
        };
        if let Some(path) = named.filter(|path| path.contains("${")) {
            return Err(Refusal::new(asked.says("names a file by a variable:", &path)));
        }
        match item {
            Item::Setting => Ok(()),
            Item::Unknown(option) => {
                Err(Refusal::new(asked.says("has an option that is not known:", &option)))
            }
            Item::Requirement(text) => match source(&text) {
                Source::Local(path) => self.local(path, asked),
                Source::Index | Source::Remote => Ok(()),
            },
            Item::Editable(text) => self.editable(&text, asked),
            Item::Requirements(path) | Item::Constraint(path) => self.include(&path, asked, directory),
            Item::FindLinks(links) => {
                for link in links.iter().filter_map(|link| local_link(link)) {
                    let beside = directory.join(link);
                    let is_there = matches!(self.project.find_at(&beside), Found::File(_) | Found::Directory);
                    let path = if is_there { beside } else { self.project.path(link) };
                    self.links(&path, asked)?;
                }
                Ok(())
            }
        }
    }

    fn include(&mut self, path: &str, asked: Asked<'_>, directory: &ImagePath) -> Result<(), Refusal> {
        if has_scheme(path) && file_path(path).is_none() {
            return Ok(());
        }
        let included = directory.join(file_path(path).unwrap_or(path));
        match self.project.find_at(&included) {
            Found::File(_) => self.read(&included),
            Found::Directory => Err(Refusal::new(asked.says("includes", &format!("{path}, a directory")))),
            Found::Missing => Err(Refusal::new(
                asked.says("includes", &format!("{path}, which is not in the build context")),
            )),
            Found::Elsewhere => Err(Refusal::new(
                asked.says("includes", &format!("{path}, which no COPY brings from the build context")),
            )),
        }
    }

    /// `-e`: a repository is cloned into `src` beside, a directory is a project.
    fn editable(&mut self, text: &str, asked: Asked<'_>) -> Result<(), Refusal> {
        if let Source::Local(path) = source(text) {
            return if self.add_directory(path, true) { Ok(()) } else { self.local(path, asked) };
        }
        let name =
            text.split_once("egg=").map_or("", |(_, egg)| egg.split(['&', '[', ' ']).next().unwrap_or(egg));
        self.needs.outputs.push(self.project.path("src").join(name));
        Ok(())
    }

    /// Adds a directory that is installed; says whether they are looked for.
    fn add_directory(&mut self, path: &str, is_editable: bool) -> bool {
        let path = self.project.path(path.split('[').next().unwrap_or(path));
        let directories = self.directories.as_mut();
        directories.map(|directories| directories.push(Directory { path, is_editable })).is_some()
    }

    fn local(&mut self, path: &str, asked: Asked<'_>) -> Result<(), Refusal> {
        if !is_archive(path) && self.add_directory(path, false) {
            return Ok(());
        }
        let absolute = self.project.path(path);
        match self.project.find_at(&absolute) {
            Found::File(_) => {
                self.add(absolute);
                Ok(())
            }
            Found::Missing if absolute != *self.project.directory() => {
                let what = format!("{path}, which is not in the build context");
                Err(Refusal::new(asked.says("installs", &what)))
            }
            Found::Directory | Found::Missing | Found::Elsewhere if absolute == *self.project.directory() => {
                let what = format!("{path}, the project itself, so it needs the sources");
                Err(Refusal::new(asked.says("installs", &what)))
            }
            Found::Directory => {
                let what = format!("{path}, a directory of the build context, so it needs the sources");
                Err(Refusal::new(asked.says("installs", &what)))
            }
            Found::Missing | Found::Elsewhere => {
                let what = format!("{path}, which no COPY brings from the build context");
                Err(Refusal::new(asked.says("installs", &what)))
            }
        }
    }

    fn links(&mut self, path: &ImagePath, asked: Asked<'_>) -> Result<(), Refusal> {
        let shown = self.show(path);
        match self.project.find_at(path) {
            Found::Directory if path != self.project.directory() => {
                if !self.needs.directories.contains(path) {
                    self.needs.directories.push(path.clone());
                }
                Ok(())
            }
            Found::Directory => {
                Err(Refusal::new(asked.says("looks for packages in", "the project's own directory")))
            }
            // A page of links leads to files beside it.
            Found::File(_) => {
                Err(Refusal::new(asked.says("takes packages from", &format!("the links in {shown}"))))
            }
            Found::Missing | Found::Elsewhere => Err(Refusal::new(
                asked.says("takes packages from", &format!("{shown}, which is not in the build context")),
            )),
        }
    }
}

fn is_pylock(name: &str) -> bool {
    name == "pylock.toml" || (name.starts_with("pylock.") && name.ends_with(".toml"))
}
