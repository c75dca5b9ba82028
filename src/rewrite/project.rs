//! Puts together the Dockerfiles that share a build context, and hands them to the engine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dockfix_model::context::Context;
use dockfix_syntax::Dockerfile;
use dockfix_transforms::{FixedFile, Options, Project, ProjectFile};
use rayon::prelude::*;

use super::guard;
use super::input::{InputFile, bystanders};
use super::others::Others;
use crate::build_context::Contexts;
use crate::report::{FileError, FileReport};

/// Dockerfiles that share a build context.
#[derive(Debug)]
pub(super) struct Group {
    /// The directory of the context, if it is known.
    pub(super) root: Option<PathBuf>,
    /// The files in the order of the project's, and whether they were asked for. The others are there because the
    /// ignore file must keep what they copy.
    files: Vec<(InputFile, bool)>,
    project: Project,
}

/// What the engine made of a group.
#[derive(Debug)]
pub(super) struct Fixed {
    /// The directory of the context, if it is known.
    pub(super) root: Option<PathBuf>,
    /// The files that were asked for, each with its context as it was.
    pub(super) files: Vec<(InputFile, FixedFile, Context)>,
    /// The ignore files that changed; their names are paths below the root.
    pub(super) ignore_files: Vec<FixedFile>,
}

/// Groups the files by context. Files whose context cannot be opened come back as reports.
pub(super) fn group(
    files: Vec<InputFile>,
    mut others: Others,
    contexts: &Contexts,
    options: &Options,
) -> (Vec<Group>, Vec<FileReport>) {
    let mut groups = Vec::new();
    let mut by_root: BTreeMap<PathBuf, Vec<(InputFile, bool)>> = BTreeMap::new();
    for file in files {
        match &file.context.root {
            Some(root) => by_root.entry(root.clone()).or_default().push((file, true)),
            // Nothing is shared with others of which nothing is known either; what it copies may be theirs.
            None => {
                others.add(file.found.path.clone(), Arc::clone(&file.file));
                groups.push(Group::unknown(file));
            }
        }
    }
    let mut failed = Vec::new();
    for (root, mut files) in by_root {
        let mut beside = Vec::new();
        if options.wants("dockerignore") {
            add_bystanders(&root, &mut files, &mut others, contexts);
            let known: Vec<&Path> = files.iter().map(|(file, _)| &*file.found.path).collect();
            // Where there is no repository, the search has begun at its root.
            let tops = files.iter().map(|(file, _)| &*file.found.root).filter(|top| root.starts_with(top));
            let top = tops.min_by_key(|top| top.components().count()).unwrap_or(&root);
            beside = others.of_context(&root, top, &known, contexts);
        }
        groups.push(Group::of(root, files, beside, contexts, &mut failed));
    }
    (groups, failed)
}

/// Adds the Dockerfiles below the root that were not asked for, but are built from the same context.
fn add_bystanders(root: &Path, files: &mut Vec<(InputFile, bool)>, others: &mut Others, contexts: &Contexts) {
    // A search from above has found them already.
    if files
        .iter()
        .any(|(file, _)| file.found.searched.as_ref().is_some_and(|searched| root.starts_with(searched)))
    {
        return;
    }
    let (found, templates) = bystanders(root, contexts);
    others.take(templates);
    for bystander in found {
        if bystander.context.root.is_none() {
            others.add(bystander.found.path.clone(), Arc::clone(&bystander.file));
        }
        let known = files.iter().any(|(file, _)| file.found.path == bystander.found.path);
        if !known && bystander.context.root.as_deref() == Some(root) {
            files.push((bystander, false));
        }
    }
}

impl Group {
    fn unknown(file: InputFile) -> Self {
        let files = vec![project_file(&file, Context::unknown(), true)];
        let project = Project { files, ..Project::default() };
        Self { root: None, files: vec![(file, true)], project }
    }

    fn of(
        root: PathBuf,
        files: Vec<(InputFile, bool)>,
        others: Vec<Arc<Dockerfile>>,
        contexts: &Contexts,
        failed: &mut Vec<FileReport>,
    ) -> Self {
        let opened = contexts.open(&root);
        let project = Project { others, ..Project::default() };
        let mut group = Self { root: Some(root), files: Vec::new(), project };
        let contexts: Vec<Result<Context, String>> = files
            .par_iter()
            .map(|(file, _)| match &opened {
                Ok(context) => context.for_dockerfile(&file.found.path).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            })
            .collect();
        for ((file, asked), context) in files.into_iter().zip(contexts) {
            match context {
                Ok(context) => {
                    group.project.files.push(project_file(&file, context, asked));
                    group.files.push((file, asked));
                }
                Err(error) if asked => {
                    let path = file.found.shown.to_string_lossy().into_owned();
                    failed.push(FileReport::failed(path, FileError::new(error)));
                }
                Err(_) => {}
            }
        }
        group
    }

    /// The files as the engine gets them.
    pub(super) fn project(&self) -> &Project {
        &self.project
    }

    /// The files that were not asked for.
    pub(super) fn bystanders(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().filter(|(_, asked)| !asked).map(|(file, _)| file.found.path.as_path())
    }

    /// Runs the engine.
    pub(super) fn fix(self, options: &Options) -> Fixed {
        let outcome = guard::fix_guarded(&self.project, options);
        let contexts = self.project.files.into_iter().map(|file| file.context);
        let all = self.files.into_iter().zip(outcome.files).zip(contexts);
        let asked = all.filter(|(((_, asked), _), _)| *asked);
        let files = asked.map(|(((file, _), fixed), context)| (file, fixed, context)).collect();
        Fixed { root: self.root, files, ignore_files: outcome.ignore_files }
    }
}

/// A file that BuildKit rejects takes part, since it says what it copies, but is not rewritten.
fn project_file(file: &InputFile, context: Context, asked: bool) -> ProjectFile {
    ProjectFile {
        name: file.found.shown.to_string_lossy().into_owned(),
        file: Arc::clone(&file.file),
        context,
        rewrite: asked && file.is_sound(),
    }
}
