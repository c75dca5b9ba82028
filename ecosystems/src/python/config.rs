//! pip.conf.
//!
//! Source: pip's user guide, "Configuration". pip never looks for it in the project, so only copies to the places where
//! it does look matter.

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};

use super::requirements::decode;
use super::source::has_scheme;
use crate::Refusal;

/// A setting of a pip.conf.
pub(crate) struct Entry {
    /// The file and the line in messages: `pip.conf:3`.
    pub(crate) place: String,
    /// The option without dashes in front: `cache-dir`.
    pub(crate) key: String,
    /// Its value, lines joined by a line feed.
    pub(crate) value: String,
}

/// The settings in the configuration files that come from the build context.
pub(crate) fn entries(project: &Project<'_>) -> Vec<Entry> {
    let mut files: Vec<ImagePath> =
        ["/etc/pip.conf", "/etc/xdg/pip/pip.conf", "/root/.pip/pip.conf", "/root/.config/pip/pip.conf"]
            .iter()
            .filter_map(|path| ImagePath::absolute(path))
            .collect();
    let copied = project.supplies().copied().iter().filter(|copied| !copied.is_directory);
    files.extend(copied.map(|copied| copied.target.clone()).filter(|target| target.name() == "pip.conf"));
    files.sort();
    files.dedup();
    let mut entries = Vec::new();
    for file in files.iter().filter(|file| matches!(project.find_at(file), Found::File(_))) {
        let Some(bytes) = project.read(file.as_str()) else { continue };
        parse(&decode(&bytes), &project.shown(file.as_str()), &mut entries);
    }
    entries
}

fn parse(text: &str, shown: &str, entries: &mut Vec<Entry>) {
    let first = entries.len();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';', '[']) {
            continue;
        }
        let is_continued = line.starts_with([' ', '\t']);
        if let Some(entry) = entries[first..].last_mut().filter(|_| is_continued) {
            entry.value.push('\n');
            entry.value.push_str(trimmed);
            continue;
        }
        let Some((key, value)) = trimmed.split_once(['=', ':']) else { continue };
        let key = key.trim().trim_start_matches('-').to_ascii_lowercase().replace('_', "-");
        entries.push(Entry { place: format!("{shown}:{}", index + 1), key, value: value.trim().to_owned() });
    }
}

/// Fails where a configuration file names files that an install would read.
///
/// # Errors
///
/// The first such setting.
pub(crate) fn check_files(project: &Project<'_>) -> Result<(), Refusal> {
    let names = ["constraint", "build-constraint", "requirement", "find-links", "editable", "group"];
    for entry in entries(project) {
        let is_local =
            entry.value.split_whitespace().any(|value| !has_scheme(value) || value.starts_with("file:"));
        if names.contains(&entry.key.as_str()) && is_local {
            return Err(Refusal::new(format!("{} makes every install read {}", entry.place, entry.value)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ini() {
        let mut entries = Vec::new();
        parse(
            "[global]\n# x\nindex_url = https://x\n\nfind-links =\n  ./a\n  ./b\nno-cache-dir: true\n",
            "p",
            &mut entries,
        );
        let entries: Vec<_> =
            entries.iter().map(|entry| format!("{} {}={}", entry.place, entry.key, entry.value)).collect();
        assert_eq!(
            entries,
            ["p:3 index-url=https://x", "p:5 find-links=\n./a\n./b", "p:8 no-cache-dir=true"]
        );
    }
}
