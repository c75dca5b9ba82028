//! The evaluation of a project file: properties, imports, references (Microsoft Learn, "How MSBuild builds projects").

use std::collections::HashSet;

use dockfix_model::ImagePath;
use dockfix_model::project::Found;
use roxmltree::{Document, Node};

use super::closure::{Closure, parent};
use super::msbuild::{self, Properties};
use crate::Refusal;
use crate::xml::line;

/// Properties that move what a restore reads or writes.
const MOVING: [&str; 12] = [
    "BaseIntermediateOutputPath",
    "MSBuildProjectExtensionsPath",
    "RestoreOutputPath",
    "UseArtifactsOutput",
    "ArtifactsPath",
    "DirectoryBuildPropsPath",
    "DirectoryBuildTargetsPath",
    "DirectoryPackagesPropsPath",
    "CustomBeforeMicrosoftCommonProps",
    "CustomAfterMicrosoftCommonProps",
    "RestoreConfigFile",
    "RestoreRootConfigDirectory",
];

/// Properties that add package sources.
const SOURCES: [&str; 4] = [
    "RestoreSources",
    "RestoreAdditionalProjectSources",
    "RestoreFallbackFolders",
    "RestoreAdditionalProjectFallbackFolders",
];

/// The newest version of .NET that a project is certainly built for: the `8` of `net8.0-android`. Frameworks before .NET 5
/// have other names, `netcoreapp3.1` and `net48`.
pub(super) fn newest_framework(text: &str) -> Option<u32> {
    let document = Document::parse(text).ok()?;
    let is_certain = |node: &Node<'_, '_>| node.is_element() && !node.has_attribute("Condition");
    let of = |node: Node<'_, '_>, names: &[&str]| names.contains(&node.tag_name().name());
    let groups = document.root_element().children().filter(is_certain);
    let groups = groups.filter(|node| of(*node, &["PropertyGroup"]));
    let properties = groups.flat_map(|group| group.children().filter(is_certain));
    let frameworks = properties.filter(|node| of(*node, &["TargetFramework", "TargetFrameworks"]));
    let names = frameworks.filter_map(|node| node.text()).flat_map(|text| text.split(';'));
    names.filter_map(|name| name.trim().strip_prefix("net")?.split_once('.')?.0.parse().ok()).max()
}

/// A `ProjectReference`.
struct Reference {
    include: String,
    /// Where it stands, for messages.
    at: String,
    file: ImagePath,
    is_conditional: bool,
}

/// The evaluation of one project: properties and imports first, items after that.
pub(super) struct Evaluation<'c, 'p> {
    closure: &'c mut Closure<'p>,
    properties: Properties,
    references: Vec<Reference>,
    seen: HashSet<ImagePath>,
}

/// A file that is evaluated.
struct Source<'d, 't> {
    path: &'d ImagePath,
    shown: &'d str,
    document: &'d Document<'t>,
}

impl Source<'_, '_> {
    fn at(&self, node: Node<'_, '_>) -> String {
        format!("{}:{}", self.shown, line(self.document, node))
    }
}

impl<'c, 'p> Evaluation<'c, 'p> {
    /// Evaluates the project at `path` and adds what it reads to `closure`.
    pub(super) fn run(
        closure: &'c mut Closure<'p>,
        path: &ImagePath,
        properties: Properties,
    ) -> Result<(), Refusal> {
        let directory = parent(path);
        let mut evaluation = Self { closure, properties, references: Vec::new(), seen: HashSet::new() };
        evaluation.nearest("Directory.Build.props", &directory)?;
        evaluation.nearest("Directory.Packages.props", &directory)?;
        evaluation.file(path)?;
        evaluation.file_if_there(&directory.join(&format!("{}.user", path.name())))?;
        evaluation.nearest("Directory.Build.targets", &directory)?;
        evaluation.finish(&directory)
    }

    /// Evaluates the nearest file of this name from `directory` upwards.
    fn nearest(&mut self, name: &str, directory: &ImagePath) -> Result<(), Refusal> {
        let upwards = std::iter::successors(Some(directory.clone()), ImagePath::parent);
        let mut candidates = upwards.map(|directory| directory.join(name));
        let project = self.closure.project;
        match candidates.find(|path| matches!(project.find_at(path), Found::File(_))) {
            Some(path) => self.file(&path),
            None => Ok(()),
        }
    }

    fn file_if_there(&mut self, path: &ImagePath) -> Result<(), Refusal> {
        if self.closure.add_if_there(path.clone()) { self.file(path) } else { Ok(()) }
    }

    fn file(&mut self, path: &ImagePath) -> Result<(), Refusal> {
        if !self.seen.insert(path.clone()) {
            return Ok(());
        }
        self.closure.list(path.clone());
        let shown = self.closure.shown(path);
        if self.seen.len() > 200 {
            return Err(Refusal::new(format!("{shown} is one of too many imports")));
        }
        let text = self.closure.project.read_text(path.as_str());
        let text = text.ok_or_else(|| Refusal::new(format!("{shown} cannot be read")))?;
        let text = text.trim_start_matches('\u{feff}');
        let document =
            Document::parse(text).map_err(|error| Refusal::new(format!("{shown} is no XML: {error}")))?;
        let source = Source { path, shown: &shown, document: &document };
        self.text(text, &source)?;
        let root = document.root_element();
        if root.attribute("InitialTargets").is_some_and(|targets| !targets.trim().is_empty()) {
            return Err(Refusal::new(format!(
                "{} runs targets of its own before everything else",
                source.at(root)
            )));
        }
        self.walk(root, false, 0, &source)
    }

    /// What stands anywhere in the text of a file: properties, files that functions read.
    fn text(&mut self, text: &str, source: &Source<'_, '_>) -> Result<(), Refusal> {
        let names = msbuild::names(text).filter(|name| !name.starts_with("MSBuild"));
        self.closure.names.extend(names.map(str::to_owned));
        let directory = parent(source.path);
        for arguments in msbuild::calls(text, "GetPathOfFileAbove") {
            let (name, start) = match arguments.as_deref() {
                Some([name]) => (*name, ""),
                Some([name, start]) => (*name, *start),
                _ => return Err(self.unknown_function(text, "GetPathOfFileAbove", source)),
            };
            self.above(name, start, &directory, source)?;
        }
        for arguments in msbuild::calls(text, "GetDirectoryNameOfFileAbove") {
            let Some([start, name]) = arguments.as_deref() else {
                return Err(self.unknown_function(text, "GetDirectoryNameOfFileAbove", source));
            };
            self.above(name, start, &directory, source)?;
        }
        for function in ["ReadAllText", "ReadAllLines"] {
            for arguments in msbuild::calls(text, function) {
                let path = arguments.as_deref().and_then(|arguments| arguments.first()).copied();
                let path = path.and_then(|path| self.properties.expand(path, source.path));
                let Some(path) = path else { return Err(self.unknown_function(text, function, source)) };
                self.closure.add_if_there(msbuild::resolve(&directory, &path));
            }
        }
        let read = ["[System.IO.Directory]::", "[System.IO.File]::OpenText", "[System.IO.File]::ReadLines"];
        match read.iter().find(|function| text.contains(**function)) {
            Some(function) => Err(self.unknown_function(text, function, source)),
            None => Ok(()),
        }
    }

    /// Adds the files of a name from a directory upwards.
    fn above(
        &mut self,
        name: &str,
        start: &str,
        directory: &ImagePath,
        source: &Source<'_, '_>,
    ) -> Result<(), Refusal> {
        let (Some(name), Some(start)) =
            (self.properties.expand(name, source.path), self.properties.expand(start, source.path))
        else {
            return Err(Refusal::new(format!(
                "{} looks for {name} in a directory that is not known",
                source.shown
            )));
        };
        let start = msbuild::resolve(directory, &start);
        for directory in std::iter::successors(Some(start), ImagePath::parent) {
            let path = directory.join(&name);
            if self.closure.add_if_there(path.clone()) && !name.ends_with("json") {
                self.file(&path)?;
            }
        }
        Ok(())
    }

    fn unknown_function(&self, text: &str, function: &str, source: &Source<'_, '_>) -> Refusal {
        let before = text.to_ascii_lowercase().find(&function.to_ascii_lowercase()).unwrap_or(0);
        let line = text.get(..before).map_or(1, |before| before.matches('\n').count() + 1);
        let function = function.rsplit("::").next().unwrap_or(function);
        Refusal::new(format!(
            "{}:{line} reads files by {function}, and which ones is not known",
            source.shown
        ))
    }

    fn walk(
        &mut self,
        parent: Node<'_, '_>,
        conditional: bool,
        depth: usize,
        source: &Source<'_, '_>,
    ) -> Result<(), Refusal> {
        if depth > 16 {
            return Err(Refusal::new(format!("{} is nested too deep", source.at(parent))));
        }
        for node in parent.children().filter(Node::is_element) {
            let condition = node.attribute("Condition");
            let conditional = conditional || condition.is_some();
            match node.tag_name().name() {
                "PropertyGroup" => {
                    self.condition(node, source)?;
                    for property in node.children().filter(Node::is_element) {
                        self.condition(property, source)?;
                        self.property(property, conditional || property.has_attribute("Condition"), source)?;
                    }
                }
                "ItemGroup" => self.items(node, conditional, source)?,
                "Import" => self.import(node, conditional, source)?,
                "ImportGroup" => {
                    self.condition(node, source)?;
                    self.walk(node, conditional, depth + 1, source)?;
                }
                "Choose" | "When" | "Otherwise" => {
                    self.condition(node, source)?;
                    self.walk(node, true, depth + 1, source)?;
                }
                "Target" => Self::target(node, source)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Files whose existence a condition asks for.
    fn condition(&mut self, node: Node<'_, '_>, source: &Source<'_, '_>) -> Result<(), Refusal> {
        let Some(condition) = node.attribute("Condition") else { return Ok(()) };
        for arguments in msbuild::calls(condition, "exists") {
            let asked =
                arguments.as_deref().and_then(|arguments| arguments.first()).copied().unwrap_or_default();
            if msbuild::is_of_the_sdk(asked) {
                continue;
            }
            let path = self.properties.expand(asked, source.path).filter(|path| !path.is_empty());
            let unclear = || Refusal::new(format!("{} depends on whether {asked} exists", source.at(node)));
            let path = msbuild::resolve(&parent(source.path), &path.ok_or_else(unclear)?);
            match self.closure.project.find_at(&path) {
                Found::Missing | Found::Elsewhere => {}
                Found::File(_) => {
                    self.closure.list(path);
                }
                Found::Directory => return Err(unclear()),
            }
        }
        Ok(())
    }

    fn property(
        &mut self,
        node: Node<'_, '_>,
        conditional: bool,
        source: &Source<'_, '_>,
    ) -> Result<(), Refusal> {
        let name = node.tag_name().name();
        let text = node.text().unwrap_or_default();
        let is = |names: &[&str]| names.iter().any(|other| other.eq_ignore_ascii_case(name));
        if is(&MOVING) && !text.trim().eq_ignore_ascii_case("false") {
            return Err(Refusal::new(format!(
                "{} sets {name}, which moves files of the restore",
                source.at(node)
            )));
        }
        if is(&SOURCES) {
            let is_local =
                |part: &&str| !part.is_empty() && !part.contains("://") && !part.starts_with("$(Restore");
            if let Some(part) = text.split(';').map(str::trim).find(is_local) {
                return Err(Refusal::new(format!("{} takes packages from {part}", source.at(node))));
            }
        }
        if is(&["NuGetLockFilePath"]) {
            let path = self.properties.expand(text, source.path).ok_or_else(|| {
                Refusal::new(format!("{} sets {name} to a path that is not known", source.at(node)))
            })?;
            let project =
                self.properties.expand("$(MSBuildProjectDirectory)", source.path).unwrap_or_default();
            let path = msbuild::resolve(&ImagePath::root().join(&project), &path);
            if self.closure.add_if_there(path.clone()) {
                self.closure.needs.rewritten.push(path);
            }
        }
        self.properties.set(name, text, !conditional, source.path);
        Ok(())
    }

    fn items(
        &mut self,
        group: Node<'_, '_>,
        conditional: bool,
        source: &Source<'_, '_>,
    ) -> Result<(), Refusal> {
        const RESTORED: [&str; 6] = [
            "ProjectReference",
            "PackageReference",
            "PackageVersion",
            "GlobalPackageReference",
            "PackageDownload",
            "FrameworkReference",
        ];
        let restored = |node: &Node<'_, '_>| RESTORED.contains(&node.tag_name().name());
        if !group.children().any(|node| restored(&node)) {
            return Ok(());
        }
        self.condition(group, source)?;
        for node in group.children().filter(restored) {
            self.condition(node, source)?;
            if node.tag_name().name() != "ProjectReference" {
                continue;
            }
            if let Some(include) = node.attribute("Include") {
                self.references.push(Reference {
                    include: include.to_owned(),
                    at: source.at(node),
                    file: source.path.clone(),
                    is_conditional: conditional || node.has_attribute("Condition"),
                });
            }
        }
        Ok(())
    }

    fn import(
        &mut self,
        node: Node<'_, '_>,
        conditional: bool,
        source: &Source<'_, '_>,
    ) -> Result<(), Refusal> {
        let Some(written) = node.attribute("Project") else { return Ok(()) };
        if node.has_attribute("Sdk") || msbuild::is_of_the_sdk(written) {
            return Ok(());
        }
        if written.to_ascii_lowercase().contains("paket") {
            return Err(Refusal::new(format!(
                "{} leaves packages to paket, which is not known",
                source.at(node)
            )));
        }
        self.condition(node, source)?;
        // What these functions find has been evaluated.
        let lower = written.to_ascii_lowercase();
        if lower.contains("getpathoffileabove") || lower.contains("getdirectorynameoffileabove") {
            return Ok(());
        }
        let path = self.properties.expand(written, source.path).filter(|path| !path.contains(['*', '?']));
        let Some(path) = path else {
            return Err(Refusal::new(format!(
                "{} imports {written}, a path that is not known",
                source.at(node)
            )));
        };
        let path = msbuild::resolve(&parent(source.path), &path);
        match self.closure.project.find_at(&path) {
            Found::File(_) => self.file(&path),
            _ if conditional => Ok(()),
            _ => Err(Refusal::new(format!(
                "{} imports {written}, which is not in the build context",
                source.at(node)
            ))),
        }
    }

    /// Targets that hook themselves into the restore may do anything.
    fn target(node: Node<'_, '_>, source: &Source<'_, '_>) -> Result<(), Refusal> {
        let hooked = ["Name", "BeforeTargets", "AfterTargets"].iter().any(|attribute| {
            let value = node.attribute(*attribute).unwrap_or_default().to_ascii_lowercase();
            ["restore", "collectpackage", "collectcentral"].iter().any(|word| value.contains(word))
        });
        if hooked {
            return Err(Refusal::new(format!(
                "{} runs a target of its own with the restore",
                source.at(node)
            )));
        }
        Ok(())
    }

    /// Follows the references: items are relative to the project, whichever file they stand in.
    fn finish(self, directory: &ImagePath) -> Result<(), Refusal> {
        for reference in self.references {
            let at = &reference.at;
            let include = self.properties.expand(&reference.include, &reference.file);
            let Some(include) = include.filter(|include| !include.contains(['*', '?'])) else {
                let include = &reference.include;
                return Err(Refusal::new(format!(
                    "{at} refers to {include}, and which projects these are is not known"
                )));
            };
            for written in include.split(';').map(str::trim).filter(|path| !path.is_empty()) {
                let path = msbuild::resolve(directory, written);
                match self.closure.project.find_at(&path) {
                    Found::File(_) => self.closure.enqueue(path),
                    _ if reference.is_conditional => {}
                    _ => {
                        let reason = format!("{at} refers to {written}, which is not in the build context");
                        return Err(Refusal::new(reason));
                    }
                }
            }
        }
        Ok(())
    }
}
