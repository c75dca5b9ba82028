//! nuget.config: sources in the project, and where packages go (Microsoft Learn, "nuget.config reference").

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};
use roxmltree::Document;

use crate::Refusal;
use crate::xml::line;

/// The spellings that NuGet looks for where names depend on case (NuGet.Client, `Settings.OrderedSettingsFileNames`).
pub(super) const NAMES: [&str; 3] = ["nuget.config", "NuGet.config", "NuGet.Config"];

/// What a nuget.config says that matters to a restore.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// Directories of the build context that are package sources.
    pub(super) sources: Vec<ImagePath>,
    /// The global packages folder.
    pub(super) packages: Option<ImagePath>,
    /// Names in `%NAME%`.
    pub(super) variables: Vec<String>,
}

/// Reads the configuration at `path`.
pub(super) fn read(project: &Project<'_>, path: &ImagePath) -> Result<Settings, Refusal> {
    let shown = project.shown(path.as_str());
    let Some(text) = project.read_text(path.as_str()) else {
        return Err(Refusal::new(format!("{shown} cannot be read")));
    };
    let text = text.trim_start_matches('\u{feff}');
    // NuGet stops at an empty file, sooner or later.
    if text.trim().is_empty() {
        return Ok(Settings::default());
    }
    let document =
        Document::parse(text).map_err(|error| Refusal::new(format!("{shown} is no XML: {error}")))?;
    let mut settings = Settings { variables: variables(text), ..Settings::default() };
    let directory = path.parent().unwrap_or_else(ImagePath::root);
    for node in document.descendants().filter(|node| node.has_tag_name("add")) {
        let section = node.parent().map_or("", |parent| parent.tag_name().name());
        let (Some(key), Some(value)) = (node.attribute("key"), node.attribute("value")) else { continue };
        let at = || format!("{shown}:{}", line(&document, node));
        match section {
            "packageSources" | "fallbackPackageFolders" => {
                if value.contains("://") {
                    continue;
                }
                if value.contains('%') {
                    return Err(Refusal::new(format!(
                        "{} takes packages from {value}, which is not known",
                        at()
                    )));
                }
                let source = super::msbuild::resolve(&directory, value);
                if source.below(&directory) == Some("") || directory.below(&source).is_some() {
                    return Err(Refusal::new(format!(
                        "{} takes packages from the sources' own directory",
                        at()
                    )));
                }
                match project.find_at(&source) {
                    Found::Directory => settings.sources.push(source),
                    Found::Missing => {
                        let source = source.below(&directory).unwrap_or(source.as_str());
                        return Err(Refusal::new(format!(
                            "{} takes packages from {source}, which is not in the build context",
                            at()
                        )));
                    }
                    Found::File(_) | Found::Elsewhere => {}
                }
            }
            "config" if key.eq_ignore_ascii_case("globalPackagesFolder") => {
                if value.contains('%') {
                    return Err(Refusal::new(format!(
                        "{} puts packages in {value}, which is not known",
                        at()
                    )));
                }
                settings.packages = Some(super::msbuild::resolve(&directory, value));
            }
            _ => {}
        }
    }
    Ok(settings)
}

/// The files of this kind that NuGet finds from `directory` upwards, nearest first.
pub(super) fn files(project: &Project<'_>, directory: &ImagePath) -> Vec<ImagePath> {
    let upwards = std::iter::successors(Some(directory.clone()), ImagePath::parent);
    let candidates = upwards.flat_map(|directory| NAMES.map(|name| directory.join(name)));
    candidates.filter(|path| matches!(project.find_at(path), Found::File(_))).collect()
}

/// The names in `%NAME%`.
fn variables(text: &str) -> Vec<String> {
    let is_name = |word: &&str| {
        !word.is_empty() && word.chars().all(|ch| ch.is_ascii_alphanumeric() || ch == '_' || ch == '.')
    };
    text.split('%').skip(1).filter(is_name).map(str::to_owned).collect()
}
