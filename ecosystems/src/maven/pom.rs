//! Poms: what Maven reads before it resolves anything.

use std::collections::HashSet;

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};
use roxmltree::{Document, Node};

use crate::xml::{child, children, line, text};
use crate::{Needs, Refusal};

/// More poms than this are not copied one by one.
const LIMIT: usize = 2000;

/// What a goal that only resolves needs: the poms, `.mvn`, settings of the command line.
pub(super) fn needs(
    project: &Project<'_>,
    file: Option<&str>,
    settings: &[&str],
    is_wrapper: bool,
) -> Result<Needs, Refusal> {
    let root = pom_at(project, file.unwrap_or_default());
    if !matches!(project.find_at(&root), Found::File(_)) {
        return Err(Refusal::new(format!(
            "no {} is copied from the build context to {}",
            root.name(),
            parent(&root)
        )));
    }
    let mut poms = Poms { project, needs: Needs::default(), seen: HashSet::new() };
    poms.pom(&root, true)?;
    if let Some(directory) = configuration(project, &parent(&root)) {
        poms.needs.directories.push(directory);
    }
    for path in settings.iter().filter(|path| !path.starts_with('/')) {
        let path = project.path(path);
        match project.find_at(&path) {
            Found::File(_) => poms.needs.files.push(path),
            _ => return Err(Refusal::new(format!("{path} is not copied from the build context"))),
        }
    }
    if is_wrapper {
        let script = project.path("mvnw");
        match project.find_at(&script) {
            Found::File(_) => poms.needs.files.push(script),
            _ => {
                return Err(Refusal::new(format!(
                    "no mvnw is copied from the build context to {}",
                    project.directory()
                )));
            }
        }
    }
    poms.needs.variables.sort();
    poms.needs.variables.dedup();
    Ok(poms.needs)
}

/// The place in a pom of the project that has the install plugin run within other phases, as many do to install a jar that no
/// repository has (maven-install-plugin, "install:install-file").
pub(super) fn installation(project: &Project<'_>, file: Option<&str>) -> Option<String> {
    let poms = Poms { project, needs: Needs::default(), seen: HashSet::new() };
    let mut waiting = vec![pom_at(project, file.unwrap_or_default())];
    let mut seen = HashSet::new();
    while let Some(path) = waiting.pop() {
        if seen.len() > LIMIT || !seen.insert(path.clone()) {
            continue;
        }
        let Some(content) = project.read_text(path.as_str()) else { continue };
        let Ok(document) = Document::parse(content.trim_start_matches('\u{feff}')) else { continue };
        let shown = project.shown(path.as_str());
        let plugins = document.descendants().filter(|node| node.tag_name().name() == "plugin");
        let mut plugins = plugins.filter(|node| text(*node, "artifactId") == Some("maven-install-plugin"));
        if let Some(goal) = plugins.find_map(|plugin| plugin.descendants().find(is_installing)) {
            return Some(format!("{shown}:{}", line(&document, goal)));
        }
        let pom = Pom { directory: parent(&path), shown: &shown, document: &document };
        // What cannot be followed ends the build, or is taken from a repository.
        waiting.extend(poms.parent_of(&pom).ok().flatten());
        waiting.extend(poms.modules_of(&pom).unwrap_or_default());
    }
    None
}

fn is_installing(node: &Node<'_, '_>) -> bool {
    node.tag_name().name() == "goal" && matches!(node.text().map(str::trim), Some("install" | "install-file"))
}

/// The arguments in `.mvn/maven.config`.
pub(super) fn arguments(project: &Project<'_>, file: Option<&str>) -> String {
    let root = parent(&pom_at(project, file.unwrap_or_default()));
    configuration(project, &root)
        .and_then(|directory| project.read_text(directory.join("maven.config").as_str()))
        .unwrap_or_default()
}

/// `<localRepository>` of a settings file.
pub(super) fn local_repository(project: &Project<'_>, path: &ImagePath) -> Result<Option<String>, Refusal> {
    let shown = project.shown(path.as_str());
    let content = project.read_text(path.as_str()).unwrap_or_default();
    let document = Document::parse(content.trim_start_matches('\u{feff}'))
        .map_err(|error| Refusal::new(format!("{shown} is no XML: {error}")))?;
    Ok(text(document.root_element(), "localRepository").filter(|path| !path.is_empty()).map(str::to_owned))
}

/// The pom that `path` names: a file, or the pom.xml of a directory.
fn pom_at(project: &Project<'_>, path: &str) -> ImagePath {
    let path = project.path(path);
    match project.find_at(&path) {
        Found::File(_) => path,
        _ if path.name().ends_with(".xml") => path,
        _ => path.join("pom.xml"),
    }
}

/// The nearest `.mvn` upwards, which makes a directory the root of the project.
fn configuration(project: &Project<'_>, directory: &ImagePath) -> Option<ImagePath> {
    let upwards = std::iter::successors(Some(directory.clone()), ImagePath::parent);
    let mut candidates = upwards.map(|directory| directory.join(".mvn"));
    candidates.find(|path| matches!(project.find_at(path), Found::Directory))
}

fn parent(path: &ImagePath) -> ImagePath {
    path.parent().unwrap_or_else(ImagePath::root)
}

struct Poms<'p> {
    project: &'p Project<'p>,
    needs: Needs,
    seen: HashSet<ImagePath>,
}

impl Poms<'_> {
    /// Reads a pom, its parents, and its modules unless it is only somebody's parent.
    fn pom(&mut self, path: &ImagePath, with_modules: bool) -> Result<(), Refusal> {
        let mut waiting = vec![(path.clone(), with_modules)];
        while let Some((path, with_modules)) = waiting.pop() {
            if !self.seen.insert(path.clone()) {
                continue;
            }
            let shown = self.project.shown(path.as_str());
            if self.seen.len() > LIMIT {
                return Err(Refusal::new(format!("{shown} is one of more than {LIMIT} poms")));
            }
            self.needs.files.push(path.clone());
            let content = self.project.read_text(path.as_str());
            let content = content.ok_or_else(|| Refusal::new(format!("{shown} cannot be read")))?;
            let document = Document::parse(content.trim_start_matches('\u{feff}'))
                .map_err(|error| Refusal::new(format!("{shown} is no XML: {error}")))?;
            let pom = Pom { directory: parent(&path), shown: &shown, document: &document };
            let variables = content.split("${env.").skip(1).filter_map(|rest| rest.split_once('}'));
            self.needs.variables.extend(variables.map(|(name, _)| name.to_owned()));
            self.local_files(&pom)?;
            waiting.extend(self.parent_of(&pom)?.map(|path| (path, false)));
            if with_modules {
                waiting.extend(self.modules_of(&pom)?.into_iter().map(|path| (path, true)));
            }
        }
        Ok(())
    }

    /// The parent on disk. Where there is none, it comes from a repository.
    fn parent_of(&self, pom: &Pom<'_, '_>) -> Result<Option<ImagePath>, Refusal> {
        let Some(node) = child(pom.document.root_element(), "parent") else { return Ok(None) };
        let written = match child(node, "relativePath") {
            Some(path) => path.text().map(str::trim).unwrap_or_default(),
            None => "../pom.xml",
        };
        if written.is_empty() {
            return Ok(None);
        }
        let path = pom.resolve(written, node)?;
        let path =
            if matches!(self.project.find_at(&path), Found::Directory) { path.join("pom.xml") } else { path };
        Ok(Some(path).filter(|path| matches!(self.project.find_at(path), Found::File(_))))
    }

    fn modules_of(&self, pom: &Pom<'_, '_>) -> Result<Vec<ImagePath>, Refusal> {
        let root = pom.document.root_element();
        let mut found = Vec::new();
        let profiles = children(root, "profiles").flat_map(|profiles| children(profiles, "profile"));
        for (node, is_optional) in std::iter::once((root, false)).chain(profiles.map(|node| (node, true))) {
            let lists = children(node, "modules").chain(children(node, "subprojects"));
            for module in lists.flat_map(|list| list.children().filter(Node::is_element)) {
                let written = module.text().map(str::trim).unwrap_or_default();
                let path = pom.resolve(written, module)?;
                let path = match self.project.find_at(&path) {
                    Found::Directory => path.join("pom.xml"),
                    _ => path,
                };
                match self.project.find_at(&path) {
                    Found::File(_) => found.push(path),
                    _ if is_optional => {}
                    _ => {
                        let reason =
                            format!("{} module {written} is not in the build context", pom.at(module));
                        return Err(Refusal::new(reason));
                    }
                }
            }
        }
        Ok(found)
    }

    /// Jars, repositories and switches of profiles on disk.
    fn local_files(&mut self, pom: &Pom<'_, '_>) -> Result<(), Refusal> {
        for node in pom.document.descendants().filter(Node::is_element) {
            let written = node.text().map(str::trim).unwrap_or_default();
            let holder = node.parent().map_or("", |parent| parent.tag_name().name());
            match (holder, node.tag_name().name()) {
                ("dependency", "systemPath") => {
                    if written.starts_with("${java.home}") {
                        continue;
                    }
                    let path = pom.resolve(written, node)?;
                    match self.project.find_at(&path) {
                        Found::File(_) => self.needs.files.push(path),
                        _ => {
                            let reason = format!(
                                "{} depends on {written}, which is not in the build context",
                                pom.at(node)
                            );
                            return Err(Refusal::new(reason));
                        }
                    }
                }
                ("repository" | "pluginRepository", "url") if written.starts_with("file:") => {
                    let path = written.trim_start_matches("file:").trim_start_matches("//");
                    let path = pom.resolve(path, node)?;
                    if matches!(self.project.find_at(&path), Found::Directory) && path != pom.directory {
                        self.needs.directories.push(path);
                    } else {
                        return Err(Refusal::new(format!("{} takes packages from {written}", pom.at(node))));
                    }
                }
                ("file", "exists" | "missing") => {
                    let path = pom.resolve(written, node)?;
                    match self.project.find_at(&path) {
                        Found::File(_) => self.needs.files.push(path),
                        Found::Directory => {
                            let reason = format!("{} depends on whether {written} exists", pom.at(node));
                            return Err(Refusal::new(reason));
                        }
                        Found::Missing | Found::Elsewhere => {}
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A pom that is read.
struct Pom<'d, 't> {
    directory: ImagePath,
    shown: &'d str,
    document: &'d Document<'t>,
}

impl Pom<'_, '_> {
    fn at(&self, node: Node<'_, '_>) -> String {
        format!("{}:{}", self.shown, line(self.document, node))
    }

    /// A path in this pom, `${basedir}` being its directory.
    fn resolve(&self, written: &str, node: Node<'_, '_>) -> Result<ImagePath, Refusal> {
        let directory = self.directory.as_str().trim_end_matches('/');
        let mut path = written.replace('\\', "/");
        for name in ["${basedir}", "${project.basedir}", "${pom.basedir}"] {
            path = path.replace(name, directory);
        }
        if path.contains("${") && !directory.contains("${") {
            return Err(Refusal::new(format!(
                "{} names {written}, and where that is is not known",
                self.at(node)
            )));
        }
        Ok(self.directory.join(&path))
    }
}
