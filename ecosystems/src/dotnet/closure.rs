//! The files that a restore reads: projects, what they import and refer to, configuration above them.

use std::collections::{BTreeSet, HashSet};

use super::evaluation::Evaluation;
use super::msbuild::{self, Properties};
use super::{nuget, solution};
use crate::{Needs, Refusal};
use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};

/// Files that MSBuild, the SDK and NuGet look for in every directory from a project's upwards (Microsoft Learn,
/// "Customize the build by folder", "Central Package Management", "global.json overview").
const UPWARD: [&str; 5] = [
    "Directory.Build.props",
    "Directory.Build.targets",
    "Directory.Packages.props",
    "Directory.Build.rsp",
    "global.json",
];

/// More projects than this are no project to copy one by one.
const LIMIT: usize = 2000;

/// The closure of a restore.
pub(super) struct Closure<'p> {
    pub(super) project: &'p Project<'p>,
    /// The properties of the command line.
    globals: Properties,
    pub(super) needs: Needs,
    listed: HashSet<ImagePath>,
    above: HashSet<ImagePath>,
    waiting: Vec<ImagePath>,
    /// The properties that the files mention.
    pub(super) names: BTreeSet<String>,
}

impl<'p> Closure<'p> {
    pub(super) fn new(project: &'p Project<'p>, globals: Properties) -> Self {
        Self {
            project,
            globals,
            needs: Needs::default(),
            listed: HashSet::new(),
            above: HashSet::new(),
            waiting: Vec::new(),
            names: BTreeSet::new(),
        }
    }

    /// Adds what a restore in `directory` reads whatever its project is.
    pub(super) fn add_directory(&mut self, directory: &ImagePath) -> Result<(), Refusal> {
        for directory in std::iter::successors(Some(directory.clone()), ImagePath::parent) {
            if !self.above.insert(directory.clone()) {
                break;
            }
            for name in UPWARD {
                self.add_if_there(directory.join(name));
            }
            for name in nuget::NAMES {
                let path = directory.join(name);
                if self.add_if_there(path.clone()) {
                    self.configuration(&path)?;
                }
            }
        }
        Ok(())
    }

    /// Adds a nuget.config and the sources in it.
    pub(super) fn configuration(&mut self, path: &ImagePath) -> Result<(), Refusal> {
        self.list(path.clone());
        let settings = nuget::read(self.project, path)?;
        self.names.extend(settings.variables);
        self.needs.directories.extend(settings.sources);
        Ok(())
    }

    /// Adds the project or solution at `path`, or in the directory there.
    pub(super) fn add_root(&mut self, path: &ImagePath) -> Result<(), Refusal> {
        match self.project.find_at(path) {
            Found::Directory => {
                let names = self.project.list(path.as_str());
                let is_root = |name: &str| {
                    solution::is_project(name) || (solution::is_solution(name) && !name.ends_with(".slnf"))
                };
                let roots: Vec<_> =
                    names.iter().filter(|(name, is_directory)| !is_directory && is_root(name)).collect();
                if roots.is_empty() {
                    return Err(self.no_root(path));
                }
                for (name, _) in roots {
                    self.add_root(&path.join(name))?;
                }
                Ok(())
            }
            Found::File(_) if solution::is_solution(path.name()) => self.solution(path),
            Found::File(_) => {
                self.enqueue(path.clone());
                Ok(())
            }
            Found::Missing | Found::Elsewhere => Err(self.no_root(path)),
        }
    }

    fn no_root(&self, path: &ImagePath) -> Refusal {
        Refusal::new(format!("no project or solution is copied from the build context to {path}"))
    }

    fn solution(&mut self, path: &ImagePath) -> Result<(), Refusal> {
        let shown = self.shown(path);
        let unreadable = || Refusal::new(format!("{shown} cannot be read"));
        let text = self.project.read_text(path.as_str()).ok_or_else(unreadable)?;
        let projects = solution::projects(path.name(), &text).ok_or_else(unreadable)?;
        if !self.list(path.clone()) {
            return Ok(());
        }
        let mut directory = parent(path);
        self.add_directory(&directory)?;
        if path.name().ends_with(".slnf") {
            let (whole, _) = solution::filter(&text).ok_or_else(unreadable)?;
            let whole = msbuild::resolve(&directory, &whole);
            if !self.add_if_there(whole.clone()) {
                return Err(Refusal::new(format!(
                    "{shown} takes its projects from {whole}, which is not in the build context"
                )));
            }
            directory = parent(&whole);
        }
        // Microsoft Learn, "Customize the solution build".
        for name in ["Directory.Solution.props", "Directory.Solution.targets"] {
            for directory in std::iter::successors(Some(directory.clone()), ImagePath::parent) {
                self.add_if_there(directory.join(name));
            }
        }
        for prefix in ["before", "after"] {
            self.add_if_there(directory.join(&format!("{prefix}.{}.targets", path.name())));
        }
        self.globals.fix("SolutionDir", Some(&format!("{}/", directory.as_str().trim_end_matches('/'))));
        for (entry, line) in projects {
            let member = msbuild::resolve(&directory, &entry);
            match self.project.find_at(&member) {
                Found::File(_) => self.enqueue(member),
                _ => {
                    return Err(Refusal::new(format!(
                        "{shown}:{line} lists {entry}, which is not in the build context"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Reads all projects that are waiting, and those they refer to.
    pub(super) fn finish(mut self) -> Result<(Needs, BTreeSet<String>), Refusal> {
        let mut count = 0;
        while let Some(path) = self.waiting.pop() {
            count += 1;
            if count > LIMIT {
                return Err(Refusal::new(format!("there are more than {LIMIT} projects")));
            }
            self.project_file(&path)?;
        }
        self.needs.variables = self.names.iter().cloned().collect();
        Ok((self.needs, self.names))
    }

    fn project_file(&mut self, path: &ImagePath) -> Result<(), Refusal> {
        let directory = parent(path);
        self.add_directory(&directory)?;
        let mut properties = self.globals.clone();
        properties.enter(path);
        Evaluation::run(self, path, properties)?;
        let stem = path.name().rsplit_once('.').map_or(path.name(), |(stem, _)| stem);
        for lock in ["packages.lock.json".to_owned(), format!("packages.{stem}.lock.json")] {
            let lock = directory.join(&lock);
            if self.add_if_there(lock.clone()) {
                self.needs.rewritten.push(lock);
            }
        }
        self.add_if_there(directory.join("packages.config"));
        self.needs.outputs.push(directory.join("obj"));
        Ok(())
    }

    pub(super) fn enqueue(&mut self, path: ImagePath) {
        if self.list(path.clone()) {
            self.waiting.push(path);
        }
    }

    /// Lists a file; false where it is listed already.
    pub(super) fn list(&mut self, path: ImagePath) -> bool {
        let is_new = self.listed.insert(path.clone());
        if is_new {
            self.needs.files.push(path);
        }
        is_new
    }

    /// Lists a file of the context where there is one.
    pub(super) fn add_if_there(&mut self, path: ImagePath) -> bool {
        let is_there = matches!(self.project.find_at(&path), Found::File(_));
        if is_there {
            self.list(path);
        }
        is_there
    }

    pub(super) fn shown(&self, path: &ImagePath) -> String {
        self.project.shown(path.as_str())
    }
}

pub(super) fn parent(path: &ImagePath) -> ImagePath {
    path.parent().unwrap_or_else(ImagePath::root)
}
