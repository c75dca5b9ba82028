//! Environment files, lock files and lists of packages.

use dockfix_model::ImagePath;
use dockfix_model::project::Project;
use serde_yaml::Value;

use crate::Refusal;
use crate::python::closure::Closure;
use crate::python::requirements::decode;

/// Larger files are not parsed: nobody writes them by hand.
const MAX_SIZE: usize = 4 * 1024 * 1024;

/// Adds an environment file and what its `pip` part reads.
pub(super) fn read(
    closure: &mut Closure<'_>,
    project: &Project<'_>,
    path: &ImagePath,
) -> Result<(), Refusal> {
    let (shown, text) = text(closure, project, path)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let value: Value = serde_yaml::from_str(text).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line().max(1));
        Refusal::new(format!("{shown}:{line} is not valid YAML"))
    })?;
    closure.add_variables_of(text);
    let list = |value: Option<&Value>| value.and_then(Value::as_sequence).cloned().unwrap_or_default();
    for channel in list(value.get("channels")) {
        if let Some(channel) = channel.as_str()
            && (channel.starts_with("file:") || channel.starts_with(['.', '/', '~']))
        {
            return Err(Refusal::new(format!(
                "{} has a channel in a directory: {channel}",
                at(&shown, text, channel)
            )));
        }
    }
    for dependency in list(value.get("dependencies")) {
        if let Some(spec) = dependency.as_str() {
            check_spec(spec, &at(&shown, text, spec))?;
        }
        for requirement in list(dependency.get("pip")) {
            if let Some(requirement) = requirement.as_str() {
                closure.text_line(requirement, &at(&shown, text, requirement))?;
            }
        }
    }
    // A lock file of conda-lock.
    for package in list(value.get("package")) {
        let url = package.get("url").and_then(Value::as_str).unwrap_or_default();
        check_spec(url, &at(&shown, text, url))?;
    }
    Ok(())
}

/// Adds a list of packages, one a line.
pub(super) fn read_list(
    closure: &mut Closure<'_>,
    project: &Project<'_>,
    path: &ImagePath,
) -> Result<(), Refusal> {
    let (shown, text) = text(closure, project, path)?;
    for (index, line) in text.lines().enumerate() {
        let spec = line.split('#').next().unwrap_or_default().trim();
        check_spec(spec, &format!("{shown}:{}", index + 1))?;
    }
    Ok(())
}

fn text(
    closure: &mut Closure<'_>,
    project: &Project<'_>,
    path: &ImagePath,
) -> Result<(String, String), Refusal> {
    closure.manifest(path)?;
    let shown = project.shown(path.as_str());
    let bytes = project.read(path.as_str()).filter(|bytes| bytes.len() <= MAX_SIZE);
    let bytes = bytes.ok_or_else(|| Refusal::new(format!("{shown} cannot be read")))?;
    Ok((shown, decode(&bytes).into_owned()))
}

/// A package must not be a file.
fn check_spec(spec: &str, place: &str) -> Result<(), Refusal> {
    if spec.contains("file:") || spec.starts_with(['.', '/', '~']) {
        return Err(Refusal::new(format!("{place} installs {spec}")));
    }
    Ok(())
}

/// `environment.yml:3`, after the first line that holds `what`.
fn at(shown: &str, text: &str, what: &str) -> String {
    let first = what.lines().next().unwrap_or_default();
    let line = text.lines().position(|line| line.contains(first)).unwrap_or(0) + 1;
    format!("{shown}:{line}")
}
