//! What an install of a JavaScript project reads: the manifests of all its packages and what follows from them.

use std::collections::BTreeSet;

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};
use serde_json::Value;

use super::local::{self, Local, LocalKind};
use super::manifest::Manifest;
use super::scripts::{self, Task};
use super::{packages, prisma};
use crate::{Needs, Refusal, Stale};

/// The rules that a manager follows.
pub(crate) struct Rules {
    /// The manager's name in messages.
    pub(crate) manager: &'static str,
    /// The root's scripts that run; none where scripts are switched off.
    pub(crate) root_scripts: &'static [&'static str],
    /// The scripts of workspace members and linked directories that run.
    pub(crate) member_scripts: &'static [&'static str],
    /// Whether the programs that the root itself declares are linked and made executable.
    pub(crate) root_programs: bool,
    /// Whether the programs that members declare are made executable; all managers link them.
    pub(crate) makes_executable: bool,
    /// Whether `file:` in a member is meant from the root's directory, as yarn 1 does (`src/resolvers/exotics/
    /// file-resolver.js`); what lies there from the member's own directory is then taken too.
    pub(crate) paths_from_root: bool,
}

/// What a package is to the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The project itself.
    Root,
    /// A member of its workspace, or a directory that is linked and whose dependencies are installed.
    Member,
    /// The target of `link:`, whose programs are linked, and no more.
    Target,
}

/// What an install reads and writes, while it is being collected.
#[derive(Default)]
pub(crate) struct Closure {
    /// Files that exist.
    pub(crate) files: BTreeSet<ImagePath>,
    /// Directories that exist.
    pub(crate) directories: BTreeSet<ImagePath>,
    /// What is written into the project.
    pub(crate) outputs: BTreeSet<ImagePath>,
    /// Files that may be written again.
    pub(crate) rewritten: BTreeSet<ImagePath>,
    /// Those among them that do not fit the manifests.
    pub(crate) stale: Vec<Stale>,
    /// Variables that configuration mentions.
    pub(crate) variables: BTreeSet<String>,
    /// The manifests of root, members and linked directories.
    pub(crate) manifests: Vec<Manifest>,
    /// Directories that `file:` links: members, and what a lock file calls links. Others are taken to be copied, which
    /// reads all of them.
    pub(crate) linked: BTreeSet<ImagePath>,
    visited: BTreeSet<ImagePath>,
}

impl Closure {
    /// Adds a file where the build context brings it; tells whether it does.
    pub(crate) fn add_file(&mut self, project: &Project<'_>, path: &ImagePath) -> bool {
        let is_there = matches!(project.find_at(path), Found::File(_));
        if is_there {
            self.files.insert(path.clone());
        }
        is_there
    }

    /// Adds a directory where the build context brings it; tells whether it does.
    pub(crate) fn add_directory(&mut self, project: &Project<'_>, path: &ImagePath) -> bool {
        let is_there = project.find_at(path) == Found::Directory;
        if is_there {
            self.directories.insert(path.clone());
        }
        is_there
    }

    /// Adds a file that the install writes again where it is there.
    pub(crate) fn add_rewritten(&mut self, project: &Project<'_>, path: &ImagePath) -> bool {
        let is_there = self.add_file(project, path);
        if is_there {
            self.rewritten.insert(path.clone());
        }
        is_there
    }

    /// Adds the package in `directory`, and what it depends on locally. Tells whether there is one.
    ///
    /// # Errors
    ///
    /// When the install of it reads what cannot be told, or changes what a later COPY brings back.
    pub(crate) fn add_package(
        &mut self,
        project: &Project<'_>,
        root: &ImagePath,
        directory: &ImagePath,
        role: Role,
        rules: &Rules,
    ) -> Result<bool, Refusal> {
        if role != Role::Target && !self.visited.insert(directory.clone()) {
            return Ok(true);
        }
        let Some(manifest) = Manifest::read(project, directory)? else { return Ok(false) };
        self.files.insert(directory.join("package.json"));
        if role != Role::Root || rules.root_programs {
            self.add_programs(project, &manifest, rules)?;
        }
        if role == Role::Target {
            return Ok(true);
        }
        self.outputs.insert(directory.join("node_modules"));
        let names = if role == Role::Root { rules.root_scripts } else { rules.member_scripts };
        self.add_scripts(project, &manifest, names)?;
        if !names.is_empty() && self.add_file(project, &directory.join("binding.gyp")) {
            let shown = project.shown(directory.join("binding.gyp").as_str());
            return Err(Refusal::new(format!("{shown}:1 has the sources compiled on install")));
        }
        let locals = local::of_manifest(&manifest, root).map_err(|unreadable| {
            let local::Unreadable { specifier, why, place } = unreadable;
            Refusal::new(format!("{place} depends on {specifier}, {why}"))
        })?;
        self.manifests.push(manifest);
        for local in &locals {
            let elsewhere = local.seen_from(directory, root).filter(|_| rules.paths_from_root);
            match elsewhere
                .filter(|local| matches!(project.find_at(&local.path), Found::File(_) | Found::Directory))
            {
                Some(elsewhere) => {
                    self.add_local(project, root, &elsewhere, rules)?;
                    if matches!(project.find_at(&local.path), Found::File(_) | Found::Directory) {
                        self.add_local(project, root, local, rules)?;
                    }
                }
                None => self.add_local(project, root, local, rules)?,
            }
        }
        Ok(true)
    }

    /// Adds a dependency on a path.
    ///
    /// # Errors
    ///
    /// When the path does not come from the build context.
    pub(crate) fn add_local(
        &mut self,
        project: &Project<'_>,
        root: &ImagePath,
        local: &Local,
        rules: &Rules,
    ) -> Result<(), Refusal> {
        let Local { specifier, kind, path, place } = local;
        let refuse = |why: &str| Err(Refusal::new(format!("{place} depends on {specifier}, {why}")));
        match (project.find_at(path), kind) {
            (Found::Elsewhere, _) => return refuse("which no COPY from the build context brings"),
            (Found::Missing, LocalKind::Link) => {}
            (Found::Missing, _) => return refuse("which is not in the build context"),
            (Found::File(_), _) => drop(self.files.insert(path.clone())),
            (Found::Directory, LocalKind::Patch) => return refuse("which is a directory"),
            (Found::Directory, LocalKind::Link) => {
                self.add_package(project, root, path, Role::Target, rules)?;
            }
            (Found::Directory, LocalKind::File | LocalKind::Portal) => {
                if root.below(path).is_some() {
                    // The project itself, or what holds it: nothing would be left to copy later.
                    return refuse("which holds the project itself");
                }
                if *kind == LocalKind::File && !self.linked.contains(path) {
                    self.directories.insert(path.clone());
                }
                if !self.add_package(project, root, path, Role::Member, rules)? {
                    return refuse("which has no package.json in the build context");
                }
            }
        }
        Ok(())
    }

    /// Adds the targets of the programs that a package declares: they are linked only if they are there, and made
    /// executable, which a later COPY would take back.
    fn add_programs(
        &mut self,
        project: &Project<'_>,
        manifest: &Manifest,
        rules: &Rules,
    ) -> Result<(), Refusal> {
        let mut programs: Vec<(ImagePath, String, &[&str])> = Vec::new();
        let mut declare = |path: &str, keys: &'static [&'static str]| {
            programs.push((manifest.directory.join(path), path.to_owned(), keys));
        };
        match manifest.get("bin") {
            Some(Value::String(path)) => declare(path, &["bin"]),
            Some(Value::Object(paths)) => {
                paths.values().filter_map(Value::as_str).for_each(|path| declare(path, &["bin"]));
            }
            _ => {}
        }
        let directory = manifest.object("directories").and_then(|directories| directories.get("bin"));
        if let Some(directory) = directory.and_then(Value::as_str) {
            let path = manifest.directory.join(directory);
            for (name, is_directory) in project.list(path.as_str()) {
                if !is_directory {
                    declare(&format!("{directory}/{name}"), &["directories", "bin"]);
                }
            }
        }
        for (path, written, keys) in programs {
            let Found::File(place) = project.find_at(&path) else { continue };
            self.files.insert(path.clone());
            if !rules.makes_executable {
                continue;
            }
            let at = manifest.at(keys);
            let manager = rules.manager;
            if place.mode & 0o7777 != 0o755 {
                return Err(Refusal::new(format!(
                    "{at} names the program {written}, which {manager} makes executable, and a later COPY would \
                     give it back its mode {:04o}",
                    place.mode & 0o7777
                )));
            }
            let bytes = project.read(path.as_str()).unwrap_or_default();
            let first_line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
            if first_line.starts_with(b"#!") && first_line.ends_with(b"\r") {
                return Err(Refusal::new(format!(
                    "{at} names the program {written}, whose first line {manager} rewrites, and a later COPY would \
                     bring it back"
                )));
            }
        }
        Ok(())
    }

    fn add_scripts(
        &mut self,
        project: &Project<'_>,
        manifest: &Manifest,
        names: &[&str],
    ) -> Result<(), Refusal> {
        for name in names {
            let Some(text) = manifest.script(name) else { continue };
            let at = manifest.at(&["scripts", name]);
            let named = |name: &str| manifest.script(name).map(str::to_owned);
            let Some(script) = scripts::read(text, &named) else {
                let text = text.escape_debug();
                return Err(Refusal::new(format!(
                    "{at} runs \"{text}\" on install ({name}), which may read any source file"
                )));
            };
            self.variables.extend(script.variables);
            for task in script.tasks {
                self.add_task(project, manifest, &at, &task)?;
            }
        }
        Ok(())
    }

    fn add_task(
        &mut self,
        project: &Project<'_>,
        manifest: &Manifest,
        at: &str,
        task: &Task,
    ) -> Result<(), Refusal> {
        let directory = &manifest.directory;
        match task {
            Task::GitHooks => {
                packages::refuse_repository(project, directory, &format!("{at} installs git hooks"))
            }
            Task::Patches(path) => {
                self.add_directory(project, &directory.join(path));
                Ok(())
            }
            Task::Prisma(schema) => {
                let has_schema = prisma::add(project, directory, schema.as_deref(), Some(manifest), self)?;
                if has_schema {
                    return Ok(());
                }
                Err(Refusal::new(format!(
                    "{at} runs prisma generate, and its schema is not found in the build context"
                )))
            }
        }
    }

    /// What was collected.
    pub(crate) fn into_needs(self) -> Needs {
        let in_directory =
            |path: &ImagePath| self.directories.iter().any(|directory| path.below(directory).is_some());
        let inner = |path: &ImagePath| {
            let mut outer = self.directories.iter().filter(|directory| *directory != path);
            outer.any(|directory| path.below(directory).is_some())
        };
        Needs {
            files: self.files.iter().filter(|path| !in_directory(path)).cloned().collect(),
            directories: self.directories.iter().filter(|path| !inner(path)).cloned().collect(),
            outputs: self.outputs.into_iter().collect(),
            rewritten: self.rewritten.into_iter().collect(),
            stale: self.stale,
            prefetch: None,
            variables: self.variables.into_iter().collect(),
        }
    }
}
