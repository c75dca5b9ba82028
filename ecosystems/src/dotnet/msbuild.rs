//! Properties of MSBuild, as far as paths are made of them.

use std::collections::HashMap;

use dockfix_model::ImagePath;

/// The properties of a project while it is evaluated. Names do not depend on case.
#[derive(Clone, Default)]
pub(super) struct Properties {
    /// `None` where the value depends on a condition or on what is not known.
    values: HashMap<String, Option<String>>,
    /// Properties of the command line, which the files do not change.
    fixed: Vec<String>,
}

/// Properties that name directories of the SDK, of MSBuild or of packages: what is imported from there belongs to the
/// image.
const OF_THE_SDK: &[&str] = &[
    "MSBuildExtensionsPath",
    "MSBuildToolsPath",
    "MSBuildBinPath",
    "MSBuildSDKsPath",
    "MSBuildFrameworkToolsPath",
    "MSBuildStartupDirectory",
    "MSBuildUserExtensionsPath",
    "MSBuildProgramFiles",
    "ProgramFiles",
    "VSToolsPath",
    "NuGetPackageRoot",
    "Pkg",
    "LanguageTargets",
    "CSharpCoreTargetsPath",
    "NETCoreSdk",
    "NetCoreRoot",
    "DOTNET_HOST_PATH",
];

/// Whether a path starts in a directory that the SDK or a package brings.
pub(super) fn is_of_the_sdk(path: &str) -> bool {
    let Some(name) = path.trim_start().strip_prefix("$(") else { return false };
    OF_THE_SDK
        .iter()
        .any(|start| name.get(..start.len()).is_some_and(|name| name.eq_ignore_ascii_case(start)))
}

/// `path` as MSBuild resolves it from `directory` on Linux: backslashes separate too.
pub(super) fn resolve(directory: &ImagePath, path: &str) -> ImagePath {
    directory.join(&path.trim().replace('\\', "/"))
}

/// The names in `$(NAME)`.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split("$(").skip(1).filter_map(|rest| {
        let end = rest.find(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_').unwrap_or(rest.len());
        Some(&rest[..end]).filter(|name| !name.is_empty())
    })
}

impl Properties {
    /// A property of the command line; `None` where its value is not known.
    pub(super) fn fix(&mut self, name: &str, value: Option<&str>) {
        let name = name.to_ascii_lowercase();
        self.values.insert(name.clone(), value.map(str::to_owned));
        self.fixed.push(name);
    }

    /// The properties that every project has (Microsoft Learn, "MSBuild reserved and well-known properties").
    pub(super) fn enter(&mut self, project: &ImagePath) {
        let directory = directory_of(project);
        let name = project.name();
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        for (property, value) in [
            ("msbuildprojectdirectory", directory.trim_end_matches('/')),
            ("msbuildprojectfile", name),
            ("msbuildprojectname", stem),
            ("msbuildprojectfullpath", project.as_str()),
            ("projectdir", &directory),
            ("projectname", stem),
            ("projectpath", project.as_str()),
            ("projectfilename", name),
            ("projectext", &format!(".{extension}")),
        ] {
            self.values.insert(property.to_owned(), Some(value.to_owned()));
        }
    }

    /// Sets a property, as an element of a PropertyGroup in `file` does; `certain` unless a condition decides.
    pub(super) fn set(&mut self, name: &str, text: &str, certain: bool, file: &ImagePath) {
        let name = name.to_ascii_lowercase();
        if self.fixed.contains(&name) {
            return;
        }
        let value = self.expand(text.trim(), file);
        let is_same = self.values.get(&name).is_some_and(|old| *old == value);
        let value = if certain || is_same { value } else { None };
        self.values.insert(name, value);
    }

    /// The value of `text` in `file`; `None` where it is not known.
    pub(super) fn expand(&self, text: &str, file: &ImagePath) -> Option<String> {
        let mut value = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("$(") {
            value.push_str(&rest[..at]);
            let inner = &rest[at + 2..];
            let end = closing(inner)?;
            value.push_str(&self.property(&inner[..end], file)?);
            rest = &inner[end + 1..];
        }
        if rest.contains("@(") || rest.contains("%(") {
            return None;
        }
        value.push_str(rest);
        Some(value)
    }

    fn property(&self, name: &str, file: &ImagePath) -> Option<String> {
        match name.to_ascii_lowercase().as_str() {
            "msbuildthisfiledirectory" => Some(directory_of(file)),
            "msbuildthisfile" => Some(file.name().to_owned()),
            "msbuildthisfilename" => Some(file.name().rsplit_once('.')?.0.to_owned()),
            "msbuildthisfilefullpath" => Some(file.as_str().to_owned()),
            lower => self.values.get(lower)?.clone(),
        }
    }
}

/// The directory of a file, with a slash at the end.
fn directory_of(file: &ImagePath) -> String {
    let directory = file.parent().unwrap_or_else(ImagePath::root);
    if directory == ImagePath::root() { "/".to_owned() } else { format!("{directory}/") }
}

/// Where the parenthesis that is open at the start of `text` closes.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (at, ch) in text.char_indices() {
        match ch {
            '(' => open += 1,
            ')' if open == 0 => return Some(at),
            ')' => open -= 1,
            _ => {}
        }
    }
    None
}

/// The arguments of every call of a function in `text`, by the part of its name in front of the parenthesis:
/// `GetPathOfFileAbove`, `::ReadAllText`. Quotes are taken off; `None` for a call that is not closed.
pub(super) fn calls<'t>(text: &'t str, function: &str) -> Vec<Option<Vec<&'t str>>> {
    let lower = text.to_ascii_lowercase();
    let function = format!("{}(", function.to_ascii_lowercase());
    lower
        .match_indices(&function)
        .map(|(at, found)| {
            let inner = text.get(at + found.len()..)?;
            let inner = inner.get(..closing(inner)?)?;
            let quotes: &[char] = &['\'', '"', '`'];
            Some(inner.split(',').map(|argument| argument.trim().trim_matches(quotes)).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> ImagePath {
        ImagePath::absolute(text).unwrap()
    }

    #[test]
    fn properties_expand() {
        let file = path("/src/Directory.Build.props");
        let mut properties = Properties::default();
        properties.enter(&path("/src/web/Web.csproj"));
        properties.fix("Fixed", Some("1"));
        properties.set("RepoRoot", "$(MSBuildThisFileDirectory)", true, &file);
        properties.set("Eng", "$(reporoot)eng\\", true, &file);
        properties.set("Maybe", "x", false, &file);
        properties.set("fixed", "2", true, &file);
        let expand = |text| properties.expand(text, &file);
        assert_eq!(expand("$(Eng)x.props").as_deref(), Some("/src/eng\\x.props"));
        assert_eq!(expand("$(MSBuildProjectDirectory)/$(FIXED)").as_deref(), Some("/src/web/1"));
        for unknown in ["$(Maybe)", "$(Undefined)", "$([MSBuild]::X('(')", "$(", "@(Item)"] {
            assert_eq!(expand(unknown), None, "{unknown}");
        }
        assert_eq!(resolve(&path("/src/web"), "..\\lib\\L.csproj"), path("/src/lib/L.csproj"));
    }

    #[test]
    fn calls_are_found() {
        let text =
            "$([MSBuild]::GetPathOfFileAbove('Directory.Build.props', '$(MSBuildThisFileDirectory)../'))";
        assert_eq!(
            calls(text, "getpathoffileabove"),
            [Some(vec!["Directory.Build.props", "$(MSBuildThisFileDirectory)../"])]
        );
        assert_eq!(calls("x::ReadAllText(", "::ReadAllText"), [None]);
        assert_eq!(names("$(A) '$(b_1)' $([MSBuild]::X($(C)))").collect::<Vec<_>>(), ["A", "b_1", "C"]);
    }

    #[test]
    fn the_sdk_brings_its_own() {
        assert!(is_of_the_sdk("$(MSBuildExtensionsPath32)\\x.targets"));
        assert!(is_of_the_sdk("$(PkgFoo)/x.props"));
        assert!(!is_of_the_sdk("$(RepoRoot)x") && !is_of_the_sdk("x") && !is_of_the_sdk("$("));
    }
}
