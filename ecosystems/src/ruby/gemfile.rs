//! The files that a Gemfile takes part in.
//!
//! A Gemfile is a program (gemfile(5)). What it reads is told by the calls that read files: with names that can be worked
//! out they are listed, others are refused. A gemspec may look around for the files it packages: those are not read by an
//! installation, the executables are.

use std::collections::{BTreeSet, HashSet};

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};

use super::lock;
use super::program::{Program, Role, Surroundings};
use super::tokens::statements;
use crate::{Needs, Refusal};

/// Reading code stops to be worthwhile here.
const LIMIT: usize = 100;

/// The files that take part in `bundle install`.
pub(crate) struct Gemfile<'p> {
    pub(super) project: &'p Project<'p>,
    /// The Gemfile's directory.
    root: ImagePath,
    pub(crate) needs: Needs,
    seen: HashSet<(ImagePath, Role, Surroundings)>,
    /// Why it is not known where gems of directories lie. A lock file has them all.
    pub(super) worked_out: Option<Refusal>,
    /// Directories that programs have put on the load path.
    pub(super) load_path: Vec<ImagePath>,
    pub(super) variables: BTreeSet<String>,
}

impl<'p> Gemfile<'p> {
    /// Finds the Gemfile from the project's directory upwards, or takes the one that is named.
    pub(crate) fn find(project: &'p Project<'p>, named: Option<&str>) -> Result<(Self, ImagePath), Refusal> {
        let path = match named {
            Some(path) => project.path(path),
            None => {
                let upwards = std::iter::successors(Some(project.directory().clone()), ImagePath::parent);
                let mut candidates =
                    upwards.flat_map(|directory| ["gems.rb", "Gemfile"].map(|name| directory.join(name)));
                let is_there = |path: &ImagePath| matches!(project.find_at(path), Found::File(_));
                candidates.find(is_there).unwrap_or_else(|| project.path("Gemfile"))
            }
        };
        if !matches!(project.find_at(&path), Found::File(_)) {
            return Err(Refusal::new(format!(
                "no {} is copied from the build context to {}",
                path.name(),
                path.parent().unwrap_or_else(ImagePath::root)
            )));
        }
        let root = path.parent().unwrap_or_else(ImagePath::root);
        let gemfile = Self {
            project,
            root,
            needs: Needs::default(),
            seen: HashSet::new(),
            worked_out: None,
            load_path: Vec::new(),
            variables: BTreeSet::new(),
        };
        Ok((gemfile, path))
    }

    /// The Gemfile's directory.
    pub(crate) fn root(&self) -> &ImagePath {
        &self.root
    }

    /// The lock file of the Gemfile at `path`, if it is there.
    pub(crate) fn lock(&mut self, path: &ImagePath) -> Result<Option<ImagePath>, Refusal> {
        let name = match path.name() {
            "gems.rb" => "gems.locked".to_owned(),
            name => format!("{name}.lock"),
        };
        let path = self.root.join(&name);
        if !self.add_if_there(&path) {
            return Ok(None);
        }
        let text = self.read(&path)?;
        let lock = lock::read(&text);
        if lock.has_plugins {
            return Err(Refusal::new(format!(
                "{} has plugins of bundler, which may do anything",
                self.shown(&path)
            )));
        }
        for directory in lock.paths {
            self.path_gem(&self.root.join(directory), &self.shown(&path))?;
        }
        Ok(Some(path))
    }

    /// Adds the Gemfile and all that it reads.
    pub(crate) fn add(&mut self, path: &ImagePath) -> Result<(), Refusal> {
        let working = self.project.directory().clone();
        let surroundings = Surroundings { working, gems: Some(self.root.clone()), is_located: true };
        self.file(path, Role::Gemfile, surroundings)
    }

    /// Refuses where a gem may lie in a directory that is not known, unless the lock file is known to say all.
    pub(crate) fn check_gems(&mut self, lock_says_all: bool) -> Result<(), Refusal> {
        self.worked_out.take().filter(|_| !lock_says_all).map_or(Ok(()), Err)
    }

    /// What it all comes to.
    pub(crate) fn finish(mut self) -> Needs {
        self.needs.variables = self.variables.into_iter().collect();
        self.needs
    }

    /// Lists a file of the context where there is one.
    pub(crate) fn add_if_there(&mut self, path: &ImagePath) -> bool {
        let is_there = matches!(self.project.find_at(path), Found::File(_));
        if is_there && !self.needs.files.contains(path) {
            self.needs.files.push(path.clone());
        }
        is_there
    }

    pub(super) fn shown(&self, path: &ImagePath) -> String {
        self.project.shown(path.as_str())
    }

    fn read(&self, path: &ImagePath) -> Result<String, Refusal> {
        let text = self.project.read_text(path.as_str());
        text.ok_or_else(|| Refusal::new(format!("{} cannot be read", self.shown(path))))
    }

    pub(super) fn file(
        &mut self,
        path: &ImagePath,
        role: Role,
        surroundings: Surroundings,
    ) -> Result<(), Refusal> {
        if !self.seen.insert((path.clone(), role, surroundings.clone())) {
            return Ok(());
        }
        let shown = self.shown(path);
        if self.seen.len() > LIMIT {
            return Err(Refusal::new(format!("{shown} is one of too many files that the Gemfile leads to")));
        }
        self.add_if_there(path);
        let text = self.read(path)?;
        let statements = statements(text.trim_start_matches('\u{feff}'))
            .ok_or_else(|| Refusal::new(format!("{shown} is not understood as Ruby")))?;
        let mut program = Program::new(self, path, role, surroundings);
        for statement in statements {
            program.statement(&statement)?;
        }
        Ok(())
    }

    /// A gem in a directory: its gemspecs, which bundler looks for up to two directories down (gemfile(5), "PATH").
    pub(super) fn path_gem(&mut self, directory: &ImagePath, at: &str) -> Result<(), Refusal> {
        let below = directory.below(self.project.directory()).unwrap_or(directory.as_str());
        let shown = if below.is_empty() { "." } else { below };
        if !matches!(self.project.find_at(directory), Found::Directory) {
            return Err(Refusal::new(format!(
                "{at} takes a gem from {shown}, which is not in the build context"
            )));
        }
        let mut specs = Vec::new();
        let mut directories = vec![(directory.clone(), 0)];
        while let Some((directory, depth)) = directories.pop() {
            for (name, is_directory) in self.project.list(directory.as_str()) {
                let path = directory.join(&name);
                if is_directory && depth < 2 {
                    directories.push((path, depth + 1));
                } else if !is_directory && name.ends_with(".gemspec") {
                    specs.push(path);
                }
            }
            if directories.len() > 10_000 {
                return Err(Refusal::new(format!(
                    "{at} takes a gem from {shown}, which has too many directories"
                )));
            }
        }
        // In the project's own directory, the gemspecs of other gems lie deeper.
        if *directory == self.root {
            specs.retain(|path| path.parent().as_ref() == Some(directory));
        }
        if specs.is_empty() {
            return Err(Refusal::new(format!("{at} takes a gem from {shown}, which has no gemspec")));
        }
        specs.sort();
        specs.iter().try_for_each(|path| {
            let working = path.parent().unwrap_or_else(ImagePath::root);
            self.file(path, Role::Gemspec, Surroundings { working, gems: None, is_located: true })
        })
    }
}
