//! Archives that are asked for by their address: `mylib @ https://example.com/mylib-latest.tar.gz`.
//!
//! pip keeps the wheel that it builds of one under the address alone, where the name of the file looks like that of a release
//! (`NAME-VERSION`), and looks there before it asks the server (pip, `wheel_builder.py`, `_should_cache`,
//! `_contains_egg_info`; `cache.py`, `WheelCache`). uv asks as often as the headers of the answer say (uv's documentation,
//! "Caching"). Both were tried, with pip 26.3 and uv 0.13.9: of another archive under the same address the cache gave the old
//! one. A wheel or a hash says what is asked for; repositories are kept by commit.

use dockfix_model::ImagePath;
use dockfix_model::project::Project;

use super::requirements::{self, Item};
use super::source::{Source, file_path, has_scheme, source};
use super::toml_file::{Node, TomlFile};
use super::wanted::{FILES, Wanted};
use crate::Refusal;
use crate::options::Words;

/// Which archives a tool may take from its cache although the server has another one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Those with a name like that of a release.
    Releases,
    /// All of them.
    All,
}

struct Search<'s> {
    project: Option<&'s Project<'s>>,
    kept: Kept,
    seen: Vec<ImagePath>,
}

/// Fails where a command asks for an archive by its address.
///
/// # Errors
///
/// The first such archive; `tool` is named.
pub(crate) fn check(
    tool: &str,
    words: &Words<'_>,
    project: Option<&Project<'_>>,
    kept: Kept,
) -> Result<(), Refusal> {
    let mut search = Search { project, kept, seen: Vec::new() };
    search.command(words).map_or(Ok(()), |archive| Err(refusal(tool, &archive)))
}

/// The same for what the pyproject.toml of a project asks for, as one without a lock file does.
///
/// # Errors
///
/// As [`check`].
pub(crate) fn check_project(tool: &str, project: &Project<'_>) -> Result<(), Refusal> {
    let mut search = Search { project: Some(project), kept: Kept::All, seen: Vec::new() };
    search.file(&project.path("pyproject.toml")).map_or(Ok(()), |archive| Err(refusal(tool, &archive)))
}

fn refusal(tool: &str, archive: &str) -> Refusal {
    Refusal::new(format!(
        "{archive}, of which {tool} would take from the mount what it has built before, whatever lies there by now"
    ))
}

impl Search<'_> {
    fn command(&mut self, words: &Words<'_>) -> Option<String> {
        for operand in &words.operands {
            let text = String::from_utf8_lossy(operand.argument.text);
            let text = operand.value.unwrap_or_else(|| text.trim_matches('"'));
            if let Some(address) = self.archive(text) {
                return Some(format!("it installs {address}"));
            }
        }
        let project = self.project?;
        // `uv pip sync requirements.txt`
        for path in words.operands.iter().filter_map(|operand| operand.value).map(|file| project.path(file)) {
            if let Some(found) = project.has_file(path.as_str()).then(|| self.file(&path)).flatten() {
                return Some(found);
            }
        }
        for option in words.options.iter().filter(|option| FILES.contains(&option.name)) {
            let Some(file) = option.value.known() else { continue };
            if let Some(found) = self.file(&project.path(file_path(file).unwrap_or(file))) {
                return Some(found);
            }
        }
        let wanted = Wanted::of(words);
        for group in &wanted.groups {
            let file = group.rsplit_once(':').map_or("pyproject.toml", |(path, _)| path);
            if let Some(found) = self.file(&project.path(file)) {
                return Some(found);
            }
        }
        let built = wanted.built(|path| Some(project.path(path)))?;
        let mut manifests = ["pyproject.toml", "setup.cfg", "setup.py"].into_iter();
        manifests.find_map(|name| self.file(&built.join(name)))
    }

    /// The first archive of a file, and of those that it includes.
    fn file(&mut self, path: &ImagePath) -> Option<String> {
        if self.seen.contains(path) {
            return None;
        }
        self.seen.push(path.clone());
        let project = self.project?;
        if path.name().ends_with(".toml") {
            return self.toml(path);
        }
        let bytes = project.read(path.as_str())?;
        let (shown, text) = (project.shown(path.as_str()), requirements::decode(&bytes));
        let is_setup = matches!(path.name(), "setup.cfg" | "setup.py");
        for line in requirements::lines(&text) {
            let found = match requirements::item(&line.text) {
                _ if is_setup => {
                    let mut words = line.text.split(['"', '\'']);
                    words
                        .find_map(|word| self.archive(word).filter(|_| word.contains('@')).map(str::to_owned))
                }
                Item::Requirement(_) if line.text.contains("--hash") => None,
                Item::Requirement(text) => self.archive(&text).map(str::to_owned),
                Item::Requirements(file) | Item::Constraint(file) => {
                    let directory = path.parent().unwrap_or_else(ImagePath::root);
                    match self.file(&directory.join(file_path(&file).unwrap_or(&file))) {
                        Some(found) => return Some(found),
                        None => None,
                    }
                }
                _ => None,
            };
            if let Some(address) = found {
                return Some(format!("{shown}:{} installs {address}", line.number));
            }
        }
        None
    }

    fn toml(&self, path: &ImagePath) -> Option<String> {
        let file = TomlFile::read(self.project?, path).ok()??;
        let content = file.parse().ok()?;
        let top = file.top(&content);
        let keys: [&[&str]; 4] = [
            &["project", "dependencies"],
            &["project", "optional-dependencies"],
            &["dependency-groups"],
            &["build-system", "requires"],
        ];
        let strings = keys.iter().flat_map(|keys| top.get(keys).map_or_else(Vec::new, Node::strings));
        let named = strings.filter_map(|node| Some((node, self.archive(node.as_str()?)?.to_owned())));
        let sources = top.get(&["tool", "uv", "sources"]).into_iter().flat_map(Node::entries);
        let choices = sources.flat_map(|(_, value)| value.elements().chain(Some(value)));
        let by_table = choices.filter_map(|choice| {
            let url = choice.string(&["url"])?;
            (self.kept == Kept::All).then(|| self.archive(url).map(|url| (choice, url.to_owned()))).flatten()
        });
        let mut found = named.chain(by_table);
        found.next().map(|(node, address)| format!("{} installs {address}", node.at()))
    }

    /// The address of the archive that a requirement names, where the tool may take an old one.
    fn archive<'t>(&self, requirement: &'t str) -> Option<&'t str> {
        let requirement = requirement.trim();
        if source(requirement) != Source::Remote {
            return None;
        }
        let address = match requirement.split_once('@') {
            Some((_, address)) if !has_scheme(requirement) => address.trim(),
            _ => requirement,
        };
        let address = address.split_ascii_whitespace().next()?;
        let (scheme, rest) = address.split_once("://")?;
        let (path, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let path = path.split('?').next().unwrap_or(path);
        let name = path.rsplit('/').next().unwrap_or(path);
        let hashes = ["md5=", "sha1=", "sha224=", "sha256=", "sha384=", "sha512="];
        let is_told = scheme.contains('+')
            || name.to_ascii_lowercase().ends_with(".whl")
            || fragment.split('&').any(|part| hashes.iter().any(|hash| part.starts_with(hash)));
        let is_kept = self.kept == Kept::All || name.contains(['-', '$']);
        (!is_told && is_kept).then_some(address)
    }
}
