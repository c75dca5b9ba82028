//! The manifests of a module or workspace, and what `go mod download` reads of them.

use std::collections::HashSet;

use dockfix_model::ImagePath;
use dockfix_model::commands::Invocation;
use dockfix_model::project::{Found, Project};

use super::{Line, Verb};
use crate::{Needs, Refusal};

/// A directive of `go.mod` or `go.work`.
struct Directive {
    verb: String,
    words: Vec<String>,
    /// 1-based.
    line: usize,
}

/// Reads the directives of `go.mod` or `go.work` (Go Modules Reference, "Lexical elements", "Grammar").
fn directives(text: &str) -> Vec<Directive> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    for (index, line) in text.lines().enumerate() {
        let mut words = words(line.trim_start_matches('\u{feff}'));
        match (&block, words.first().map(String::as_str)) {
            (_, None) => {}
            (Some(_), Some(")")) => block = None,
            (Some(verb), Some(_)) => {
                found.push(Directive { verb: verb.clone(), words, line: index + 1 });
            }
            (None, Some(_)) => {
                let verb = words.remove(0);
                if words.first().is_some_and(|word| word == "(") {
                    if words.last().is_none_or(|word| word != ")") {
                        block = Some(verb);
                    }
                } else {
                    found.push(Directive { verb, words, line: index + 1 });
                }
            }
        }
    }
    found
}

/// The words of a line up to its comment; quotes are taken off.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && !rest.starts_with("//") {
        let (word, after) = match rest.chars().next() {
            Some(quote @ ('"' | '`')) => rest[1..].split_once(quote).unwrap_or((&rest[1..], "")),
            Some('(' | ')') => (&rest[..1], &rest[1..]),
            _ => {
                let end =
                    rest.find(|ch: char| ch.is_whitespace() || matches!(ch, '(' | ')')).unwrap_or(rest.len());
                let end = rest.find("//").map_or(end, |comment| comment.min(end));
                rest.split_at(end)
            }
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

/// A file with its directives.
struct Manifest {
    path: ImagePath,
    directory: ImagePath,
    directives: Vec<Directive>,
}

impl Manifest {
    fn read(project: &Project<'_>, directory: &ImagePath, name: &str) -> Result<Self, Refusal> {
        let path = directory.join(name);
        let text = project
            .read_text(path.as_str())
            .ok_or_else(|| Refusal::new(format!("{} cannot be read", project.shown(path.as_str()))))?;
        Ok(Self { path, directory: directory.clone(), directives: directives(&text) })
    }

    fn of<'m>(&'m self, verb: &'m str) -> impl Iterator<Item = &'m Directive> {
        self.directives.iter().filter(move |directive| directive.verb == verb)
    }

    /// `go.mod:7`, as the build context has it.
    fn place(&self, project: &Project<'_>, directive: &Directive) -> String {
        format!("{}:{}", project.shown(self.path.as_str()), directive.line)
    }
}

/// Whether a file of the context stands at `path`; a refusal where that cannot be told.
fn has(project: &Project<'_>, path: &ImagePath) -> Result<bool, Refusal> {
    match project.find_at(path) {
        Found::File(_) => Ok(true),
        Found::Missing | Found::Directory => Ok(false),
        // Where no COPY reaches, the context has nothing to bring.
        Found::Elsewhere if !project.supplies().incomplete => Ok(false),
        Found::Elsewhere => Err(Refusal::new(format!("it cannot be told which files are copied to {path}"))),
    }
}

/// The nearest directory from `from` upwards that holds `name`.
fn upwards(project: &Project<'_>, from: &ImagePath, name: &str) -> Result<Option<ImagePath>, Refusal> {
    let mut directory = Some(from.clone());
    while let Some(at) = directory {
        if has(project, &at.join(name))? {
            return Ok(Some(at));
        }
        directory = at.parent();
    }
    Ok(None)
}

/// Whether a build takes everything from a `vendor` directory (Go Modules Reference, "Vendoring").
pub(super) fn is_vendored(line: &Line<'_>, project: &Project<'_>) -> bool {
    vendored_by(line, project).is_some()
}

fn vendored_by(line: &Line<'_>, project: &Project<'_>) -> Option<ImagePath> {
    if let Some(mode) = line.words.value(&["-mod"])
        && mode.known() != Some("vendor")
    {
        return None;
    }
    ["go.mod", "go.work"].iter().find_map(|name| {
        let directory = upwards(project, project.directory(), name).ok()??;
        let modules = directory.join("vendor/modules.txt");
        matches!(project.find_at(&modules), Found::File(_)).then_some(modules)
    })
}

/// What `go mod download` reads, for the command itself or as what comes before a build; `mode` is that of the build. In a workspace it writes the
/// checksums of all that it downloads to `go.work.sum` (cmd/go/internal/modcmd, `runDownload`), which the copy below must
/// bring, so that the file is what it was.
pub(super) fn needs(
    command: &Invocation<'_>,
    line: &Line<'_>,
    mode: Option<&str>,
    project: &Project<'_>,
) -> Result<Needs, Refusal> {
    let is_build = line.verb != Verb::Download;
    // Where another stage brings the directory, the build context has none to show.
    let may_be_vendored = is_build && !line.tidies();
    if may_be_vendored && mode == Some("vendor") {
        return Err(Refusal::new(format!(
            "{} is told to take everything from vendor/, so it downloads nothing",
            shown_command(command)
        )));
    }
    if may_be_vendored && let Some(modules) = vendored_by(line, project) {
        let shown = project.shown(modules.as_str());
        return Err(Refusal::new(format!(
            "{shown} is there, so {} downloads nothing",
            shown_command(command)
        )));
    }
    let workspace = upwards(project, project.directory(), "go.work")?;
    // A workspace needs no module around it (Go Modules Reference, "Workspaces").
    let module = upwards(project, project.directory(), "go.mod")?;
    let Some(root) = module.clone().or_else(|| workspace.clone()) else {
        let directory = project.directory();
        return Err(Refusal::new(format!(
            "no go.mod is copied from the build context to {directory} or above"
        )));
    };
    if line.tidies()
        && let Some(workspace) = &workspace
    {
        return Err(Refusal::new(format!(
            "{} is there, which go mod download looks at and {} does not",
            project.shown(workspace.join("go.work").as_str()),
            shown_command(command)
        )));
    }
    let mut closure =
        Closure { project, needs: Needs::default(), sums: HashSet::new(), requires: Vec::new() };
    // GOWORK=off leaves the workspace alone; its files do no harm then.
    match &workspace {
        Some(workspace) => closure.workspace(workspace)?,
        None => closure.module(&root, true)?,
    }
    if let Some(file) = line.words.value(&["-modfile"]) {
        closure.module_file(file.known(), &root)?;
    }
    let mut needs = if line.tidies() {
        closure.finish_complete(&shown_command(command))?
    } else {
        closure.finish(is_build)?
    };
    if is_build {
        if let Some(workspace) = &workspace
            && !has(project, &workspace.join("go.work.sum"))?
        {
            return Err(Refusal::new(format!(
                "no go.work.sum is copied from the build context to {workspace}, and go mod download may write one"
            )));
        }
        let name = if module.is_some() { "go.mod" } else { "go.work" };
        needs.prefetch = Some(prefetch(command, line, project, &root, name)?);
    }
    Ok(needs)
}

/// The files that are read, as they are found.
struct Closure<'p> {
    project: &'p Project<'p>,
    needs: Needs,
    /// `path version` of every line of the checksum files.
    sums: HashSet<String>,
    /// Where a module is required that is not replaced by a directory, and the `path version` that is fetched for it.
    requires: Vec<(String, String)>,
}

impl Closure<'_> {
    fn workspace(&mut self, directory: &ImagePath) -> Result<(), Refusal> {
        let workspace = Manifest::read(self.project, directory, "go.work")?;
        self.add(workspace.path.clone());
        self.sums(&directory.join("go.work.sum"))?;
        self.replacements(&workspace)?;
        for used in workspace.of("use") {
            let Some(member) = used.words.first() else { continue };
            let member_directory = directory.join(member);
            if !has(self.project, &member_directory.join("go.mod"))? {
                let place = workspace.place(self.project, used);
                return Err(Refusal::new(format!(
                    "{place} uses {member}, whose go.mod is not copied from the build context"
                )));
            }
            self.module(&member_directory, true)?;
        }
        Ok(())
    }

    /// The module in `directory`; of a replacement only the `go.mod` is read, and what it replaces itself is ignored.
    fn module(&mut self, directory: &ImagePath, is_main: bool) -> Result<(), Refusal> {
        let path = directory.join("go.mod");
        if !is_main {
            self.add(path);
            return Ok(());
        }
        let manifest = Manifest::read(self.project, directory, "go.mod")?;
        self.add(path);
        self.sums(&directory.join("go.sum"))?;
        let replaced = self.replacements(&manifest)?;
        self.requirements(&manifest, &replaced);
        Ok(())
    }

    /// The file of `-modfile`, which stands in for `go.mod`, with the checksums beside it (Go Modules Reference,
    /// "Build commands").
    fn module_file(&mut self, file: Option<&str>, root: &ImagePath) -> Result<(), Refusal> {
        let unknown = || Refusal::new("the file that -modfile names is not copied from the build context");
        let path = self.project.path(file.ok_or_else(unknown)?);
        if !has(self.project, &path)? {
            return Err(unknown());
        }
        let text = self.project.read_text(path.as_str()).ok_or_else(unknown)?;
        let manifest =
            Manifest { path: path.clone(), directory: root.clone(), directives: directives(&text) };
        self.add(path.clone());
        if let Some(stem) = path.as_str().strip_suffix(".mod")
            && let Some(sums) = ImagePath::absolute(&format!("{stem}.sum"))
        {
            self.sums(&sums)?;
        }
        let replaced = self.replacements(&manifest)?;
        self.requirements(&manifest, &replaced);
        Ok(())
    }

    /// Adds the `go.mod` of every directory that a `replace` names; returns the replacements as they are written.
    fn replacements(&mut self, manifest: &Manifest) -> Result<Vec<Vec<String>>, Refusal> {
        let mut replaced = Vec::new();
        for directive in manifest.of("replace") {
            replaced.push(directive.words.clone());
            let Some(arrow) = directive.words.iter().position(|word| word == "=>") else { continue };
            let Some(target) = directive.words.get(arrow + 1) else { continue };
            if !is_directory(target) {
                continue;
            }
            let directory = manifest.directory.join(target);
            if !has(self.project, &directory.join("go.mod"))? {
                return Err(Refusal::new(format!(
                    "{} replaces {} by {target}, whose go.mod is not copied from the build context",
                    manifest.place(self.project, directive),
                    directive.words[0],
                )));
            }
            self.module(&directory, false)?;
        }
        Ok(replaced)
    }

    /// Notes what the checksum files must list.
    fn requirements(&mut self, manifest: &Manifest, replaced: &[Vec<String>]) {
        for required in manifest.of("require") {
            let [path, version, ..] = &required.words[..] else { continue };
            let replacement = replaced.iter().find(|words| {
                words.first() == Some(path) && words.get(1).is_none_or(|word| word == "=>" || word == version)
            });
            let place = manifest.place(self.project, required);
            match replacement.and_then(|words| words.split(|word| word == "=>").nth(1)) {
                None => self.requires.push((place, format!("{path} {version}"))),
                Some([target, version]) => self.requires.push((place, format!("{target} {version}"))),
                Some(_) => {}
            }
        }
    }

    fn sums(&mut self, path: &ImagePath) -> Result<(), Refusal> {
        if !has(self.project, path)? {
            return Ok(());
        }
        for line in self.project.read_text(path.as_str()).unwrap_or_default().lines() {
            if let [path, version, ..] = line.split_ascii_whitespace().collect::<Vec<_>>()[..] {
                let version = version.strip_suffix("/go.mod").unwrap_or(version);
                self.sums.insert(format!("{path} {version}"));
            }
        }
        self.add(path.clone());
        Ok(())
    }

    fn add(&mut self, path: ImagePath) {
        if !self.needs.files.contains(&path) {
            self.needs.files.push(path);
        }
    }

    /// For a download before `command`, which puts right what is missing: what nobody has ever downloaded, or what is not needed
    /// and gone by now, may be what it is there for.
    fn finish_complete(self, command: &str) -> Result<Needs, Refusal> {
        match self.requires.iter().find(|(_, module)| !self.sums.contains(module)) {
            Some((place, module)) => Err(Refusal::new(format!(
                "{place} requires {module}, which go.sum does not list: {command} may be there to put that right, and a \
                 download before it might fail"
            ))),
            None => Ok(self.needs),
        }
    }

    fn finish(self, is_build: bool) -> Result<Needs, Refusal> {
        // Without any checksums the download writes them, and no copy brings others in their place.
        if !is_build && !self.sums.is_empty() {
            for (place, module) in &self.requires {
                if !self.sums.contains(module) {
                    return Err(Refusal::new(format!(
                        "{place} requires {module}, which go.sum does not list: the download would add it, and the \
                         copy that follows take it away again"
                    )));
                }
            }
        }
        Ok(self.needs)
    }
}

/// Whether the target of a replacement is a directory (Go Modules Reference, "replace directive").
fn is_directory(target: &str) -> bool {
    target.starts_with('/')
        || target.starts_with("./")
        || target.starts_with("../")
        || matches!(target, "." | "..")
}

fn shown_command(command: &Invocation<'_>) -> String {
    let mut words = command.arguments.iter().map(|argument| argument.value.as_deref().unwrap_or_default());
    match words.next().unwrap_or_default() {
        "mod" => format!("go mod {}", words.next().unwrap_or_default()),
        verb => format!("go {verb}"),
    }
}

/// `go mod download`, with the settings that the command itself has.
fn prefetch(
    command: &Invocation<'_>,
    line: &Line<'_>,
    project: &Project<'_>,
    root: &ImagePath,
    name: &str,
) -> Result<String, Refusal> {
    const BUILD_ONLY: [&str; 12] = [
        "CGO_ENABLED",
        "GOOS",
        "GOARCH",
        "GOARM",
        "GOARM64",
        "GOAMD64",
        "GO386",
        "GOEXPERIMENT",
        "GOCACHE",
        "GOBIN",
        "GOGC",
        "GOMAXPROCS",
    ];
    let mut text = String::new();
    // The directory of the command need not be there before the sources are.
    if root != project.directory() {
        let directory = project.directory();
        return Err(Refusal::new(format!(
            "{name} lies in {root}, above {directory}, where the command runs"
        )));
    }
    for (name, value) in &command.assignments {
        if BUILD_ONLY.contains(&name.as_str()) || name.starts_with("CGO_") {
            continue;
        }
        match value {
            Some(value) if value.bytes().all(is_plain) => text.push_str(&format!("{name}={value} ")),
            _ => {
                return Err(Refusal::new(format!(
                    "{name} is set for {} alone, and its value is not known",
                    shown_command(command)
                )));
            }
        }
    }
    text.push_str("go mod download");
    if let Some(file) = line.words.value(&["-modfile"]).and_then(|file| file.known()) {
        let path = project.path(file);
        let path = path.below(root).filter(|path| path.bytes().all(is_plain));
        let path =
            path.ok_or_else(|| Refusal::new("the file that -modfile names lies outside the module"))?;
        text.push_str(&format!(" -modfile={path}"));
    }
    Ok(text)
}

/// Whether a byte stands for itself in a shell.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_./,:=@%+".contains(&byte)
}
