//! The files that take part in the tasks of mix which fetch and compile dependencies.

use std::collections::{BTreeSet, HashSet};

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};

use super::program::{Finding, findings};
use super::tokens::tokens;
use crate::{Needs, Refusal};

/// Reading code stops to be worthwhile here.
const LIMIT: usize = 200;

/// What kind of file is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The project's own mix.exs, or one of its umbrella.
    Project,
    /// The mix.exs of a dependency in a directory.
    Dependency,
    Configuration,
    Code,
}

/// What the tasks are to do with dependencies.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Work {
    /// They fetch them, so that none of them comes from the build context.
    pub fetches: bool,
    /// They compile them.
    pub compiles: bool,
    /// They compile those in directories too.
    pub compiles_local: bool,
    /// They compile the apps of an umbrella too, which are dependencies of the umbrella (elixir-lang/elixir,
    /// `Mix.Tasks.Deps.Compile`, `reject_umbrella_children`).
    pub compiles_apps: bool,
}

/// What the tasks `names` need. Without a mix.exs they need nothing.
pub(super) fn needs(project: &Project<'_>, names: &[String], work: Work) -> Result<Option<Needs>, Refusal> {
    let root = project.directory().clone();
    if !project.has_file("mix.exs") {
        return Ok(None);
    }
    let mut closure = Closure {
        project,
        root: root.clone(),
        tasks: names,
        work,
        needs: Needs::default(),
        seen: HashSet::new(),
        variables: BTreeSet::new(),
        configuration: root.join("config/config.exs"),
        lock: root.join("mix.lock"),
        dependencies: root.join("deps"),
        outputs: vec![root.join("deps"), root.join("_build")],
    };
    closure.file(&root.join("mix.exs"), Role::Project)?;
    let configuration = closure.configuration.clone();
    if closure.is_file(&configuration) {
        closure.file(&configuration, Role::Configuration)?;
    }
    // By it asdf chooses Elixir.
    let versions = root.join(".tool-versions");
    if closure.is_file(&versions) {
        closure.needs.files.push(versions);
    }
    if work.compiles && !work.fetches {
        closure.check_dependencies()?;
    }
    let lock = closure.lock.clone();
    if closure.is_file(&lock) {
        closure.needs.files.push(lock.clone());
        closure.needs.rewritten.push(lock);
    }
    let Closure { mut needs, variables, outputs, .. } = closure;
    needs.variables = variables.into_iter().collect();
    needs.outputs = outputs;
    needs.directories.sort();
    needs.directories.dedup();
    let Needs { files, directories, .. } = &mut needs;
    files.retain(|file| !directories.iter().any(|directory| file.below(directory).is_some()));
    Ok(Some(needs))
}

struct Closure<'p> {
    project: &'p Project<'p>,
    root: ImagePath,
    tasks: &'p [String],
    work: Work,
    needs: Needs,
    seen: HashSet<ImagePath>,
    variables: BTreeSet<String>,
    configuration: ImagePath,
    lock: ImagePath,
    /// Where dependencies are fetched to.
    dependencies: ImagePath,
    outputs: Vec<ImagePath>,
}

impl Closure<'_> {
    fn is_file(&self, path: &ImagePath) -> bool {
        matches!(self.project.find_at(path), Found::File(_))
    }

    /// Whether a task of this name is run, by the command or by mix itself.
    fn is_used(&self, task: &str) -> bool {
        matches!(task, "loadconfig" | "deps.loadpaths") || self.tasks.iter().any(|name| name == task)
    }

    /// What is compiled without being fetched is there already: in the image, or in the build context, from which it must
    /// not be kept out then.
    fn check_dependencies(&self) -> Result<(), Refusal> {
        let path = &self.dependencies;
        // Where they are not there now, somebody may fetch them before the build.
        let is_there = matches!(self.project.find_at(path), Found::File(_) | Found::Directory);
        if is_there || self.project.may_come(path) {
            let shown = path.below(&self.root).unwrap_or(path.as_str());
            return Err(Refusal::new(format!(
                "it compiles the dependencies in {shown}, which may come from the build context"
            )));
        }
        Ok(())
    }

    fn file(&mut self, path: &ImagePath, role: Role) -> Result<(), Refusal> {
        if !self.seen.insert(path.clone()) {
            return Ok(());
        }
        let shown = self.project.shown(path.as_str());
        if self.seen.len() > LIMIT {
            return Err(Refusal::new(format!("{shown} is one of too many files that mix.exs leads to")));
        }
        if !self.needs.files.contains(path) {
            self.needs.files.push(path.clone());
        }
        let text = self.project.read_text(path.as_str());
        let text = text.ok_or_else(|| Refusal::new(format!("{shown} cannot be read")))?;
        let tokens = tokens(text.trim_start_matches('\u{feff}'))
            .ok_or_else(|| Refusal::new(format!("{shown} is not understood as Elixir")))?;
        // Mix works in the directory of a mix.exs while it loads that, and in the project's otherwise.
        let root = if path.name() == "mix.exs" { path.parent() } else { None };
        let root = root.unwrap_or_else(|| self.root.clone());
        let is_project = matches!(role, Role::Project | Role::Dependency);
        for (line, finding) in findings(&tokens, path, &root, is_project) {
            self.finding(&format!("{shown}:{line}"), finding, path, role)?;
        }
        Ok(())
    }

    fn finding(&mut self, at: &str, finding: Finding, file: &ImagePath, role: Role) -> Result<(), Refusal> {
        let directory = file.parent().unwrap_or_else(ImagePath::root);
        match finding {
            Finding::Unknown(what) => {
                return Err(Refusal::new(format!("{at} {what}, so its inputs are not known")));
            }
            Finding::Reads(path) => match self.project.find_at(&path) {
                Found::File(_) if !self.needs.files.contains(&path) => self.needs.files.push(path),
                Found::Directory => {
                    return Err(Refusal::new(format!("{at} looks at the directory {}", path.name())));
                }
                _ => {}
            },
            Finding::Loads(path) => {
                let role = if role == Role::Configuration { Role::Configuration } else { Role::Code };
                if self.is_file(&path) {
                    self.file(&path, role)?;
                }
            }
            Finding::Imports { directory, start, end } => {
                for (name, is_directory) in self.project.list(directory.as_str()) {
                    let path = directory.join(&name);
                    // It is read when the application starts.
                    if is_directory
                        || name == "runtime.exs"
                        || !name.starts_with(&start)
                        || !name.ends_with(&end)
                    {
                        continue;
                    }
                    self.file(&path, Role::Configuration)?;
                }
            }
            Finding::Variable(name) => {
                self.variables.insert(name);
            }
            Finding::Path { path, is_dependency } if matches!(role, Role::Project | Role::Dependency) => {
                let manifest = path.join("mix.exs");
                if self.is_file(&manifest) {
                    self.file(&manifest, Role::Dependency)?;
                    if self.work.compiles_local && path != self.root {
                        self.needs.directories.push(path);
                    }
                } else if is_dependency && !matches!(self.project.find_at(&path), Found::Directory) {
                    let below = path.below(&self.root).unwrap_or(path.as_str());
                    return Err(Refusal::new(format!(
                        "{at} path dependency {below} is not in the build context"
                    )));
                }
            }
            Finding::Sibling(name) if role == Role::Project => {
                let path = directory.join("..").join(&name);
                let manifest = path.join("mix.exs");
                if self.is_file(&manifest) {
                    self.file(&manifest, Role::Project)?;
                    // Seen from the umbrella itself it is one of its apps.
                    if self.work.compiles_local && directory == self.root {
                        self.needs.directories.push(path);
                    }
                }
            }
            Finding::Place { name, path } if role == Role::Project && directory == self.root => {
                self.place(at, &name, path)?;
            }
            Finding::Alias(name) if role == Role::Project && self.is_used(&name) => {
                return Err(Refusal::new(format!("{at} redefines {name}")));
            }
            // Dependencies are compiled with the configuration, and some take sources of the project in
            // (hexdocs.pm/sentry, `root_source_code_paths`).
            Finding::WorkingDirectory if role == Role::Configuration && self.work.compiles => {
                return Err(Refusal::new(format!(
                    "{at} names the project's directory, from which a dependency may take sources when it is compiled"
                )));
            }
            Finding::Alias(name)
                if role == Role::Configuration
                    && self.work.compiles
                    && name.starts_with("root_source_code_path") =>
            {
                return Err(Refusal::new(format!(
                    "{at} has a dependency take the project's sources when it is compiled"
                )));
            }
            _ => {}
        }
        Ok(())
    }

    /// A setting that says where something lies.
    fn place(&mut self, at: &str, name: &str, path: ImagePath) -> Result<(), Refusal> {
        match name {
            "apps_path" if self.work.compiles_apps => {
                return Err(Refusal::new(format!(
                    "{at} makes an umbrella, whose apps deps.compile compiles with their sources unless it is told \
                     --skip-umbrella-children or --skip-local-deps"
                )));
            }
            "apps_path" => {
                let apps = self.project.list(path.as_str());
                for (app, _) in apps.into_iter().filter(|(_, is_directory)| *is_directory) {
                    let manifest = path.join(&app).join("mix.exs");
                    if self.is_file(&manifest) {
                        self.file(&manifest, Role::Project)?;
                    }
                }
            }
            "config_path" => self.configuration = path,
            "lockfile" => self.lock = path,
            _ if path.below(&self.root) == Some("") => {
                return Err(Refusal::new(format!("{at} puts {name} into the sources' own directory")));
            }
            _ => {
                if name == "deps_path" {
                    self.dependencies = path.clone();
                }
                self.outputs.push(path);
            }
        }
        Ok(())
    }
}
