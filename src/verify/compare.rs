//! Where two images are not the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::archive::{Files, Image, below};
use super::exceptions::{self, Exception, IGNORED, Mounted, PARENTS};
use super::layer::{Entry, Kind};

/// What may differ between the images of this comparison, besides the [table](exceptions::ALL).
pub(super) struct Expected<'a> {
    /// What the rewritten file keeps in cache mounts.
    pub(super) mounted: Mounted,
    /// Whether only the new ignore file keeps this file, at this path of the image, out of the context.
    pub(super) ignored: &'a dyn Fn(&str, &Entry) -> bool,
    /// The label that marks our own images.
    pub(super) label: &'a str,
}

/// What came of a comparison.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// How many files, directories and links the first image has.
    pub(super) files: usize,
    /// What differs and should not, configuration first, then by path.
    pub(super) differences: Vec<Difference>,
    /// What differs between two builds of the original as well.
    pub(super) unstable: Vec<Difference>,
    /// How many paths each exception covers.
    pub(super) excepted: BTreeMap<&'static str, Excepted>,
}

/// The paths that an exception covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Excepted {
    pub(super) reason: &'static str,
    pub(super) paths: usize,
}

/// A path, or the configuration, and how it differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// With a leading slash; `None` for the configuration.
    pub(super) path: Option<String>,
    /// What is different; not empty.
    pub(super) fields: Vec<Field>,
}

/// One thing that is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// `file` if it is there only in one image, `type`, `mode`, `owner`, `content`, `target`, `device`, `attributes`; for the
    /// configuration, the name there (`Env`).
    pub(super) name: String,
    /// In the first image; `None` if there is nothing.
    pub(super) before: Option<String>,
    /// In the second.
    pub(super) after: Option<String>,
}

impl Field {
    fn new(name: &str, before: impl Into<Option<String>>, after: impl Into<Option<String>>) -> Self {
        Self { name: name.to_owned(), before: before.into(), after: after.into() }
    }
}

/// Compares two images.
pub(super) fn compare(before: &Image<'_>, after: &Image<'_>, expected: &Expected<'_>) -> Comparison {
    let mut comparison = Comparison::default();
    let fields = configuration(&before.configuration, &after.configuration, expected.label);
    if !fields.is_empty() {
        comparison.differences.push(Difference { path: None, fields });
    }
    compare_files(&before.files(), &after.files(), expected, &mut comparison);
    comparison
}

fn compare_files(
    before: &Files<'_>,
    after: &Files<'_>,
    expected: &Expected<'_>,
    comparison: &mut Comparison,
) {
    comparison.files = before.len();
    let removed = before.iter().map(|(path, entry)| (*path, Some(*entry), after.get(path).copied()));
    let added = after.iter().filter(|(path, _)| !before.contains_key(*path));
    let pairs = removed.chain(added.map(|(path, entry)| (*path, None, Some(*entry))));
    for (bytes, ours, theirs) in pairs {
        let fields = match (ours, theirs) {
            (Some(ours), Some(theirs)) if std::ptr::eq(ours, theirs) => continue,
            (Some(ours), Some(theirs)) => differing(ours, theirs),
            (ours, theirs) => vec![Field::new("file", ours.map(describe), theirs.map(describe))],
        };
        if fields.is_empty() {
            continue;
        }
        let path = String::from_utf8_lossy(bytes);
        let only_content = fields.iter().all(|field| field.name == "content");
        let exception = match (ours, theirs) {
            (Some(ours), None) if (expected.ignored)(&path, ours) => Some(&IGNORED),
            _ => exceptions::find(&path, only_content, &expected.mounted),
        };
        let exception = exception.or_else(|| {
            let there = match (ours, theirs) {
                (Some(entry), None) => Some((before, entry)),
                (None, Some(entry)) => Some((after, entry)),
                _ => None,
            };
            let (files, _) = there.filter(|(_, entry)| entry.kind == Kind::Directory)?;
            let is_excepted = |path: &str, entry: &Entry| {
                exceptions::find(path, false, &expected.mounted).is_some()
                    || theirs.is_none() && (expected.ignored)(path, entry)
            };
            holds_only(files, bytes, &is_excepted).then_some(&PARENTS)
        });
        match exception {
            Some(exception) => comparison.except(exception),
            None => comparison.differences.push(Difference { path: Some(format!("/{path}")), fields }),
        }
    }
    comparison.differences.sort_by(|a, b| a.path.cmp(&b.path));
}

/// Whether a directory is not empty, and holds nothing but such files and the directories of such files.
fn holds_only(files: &Files<'_>, directory: &[u8], is_excepted: &dyn Fn(&str, &Entry) -> bool) -> bool {
    let mut any = false;
    for (path, entry) in below(files, directory) {
        if is_excepted(&String::from_utf8_lossy(path), entry) {
            any = true;
        } else if entry.kind != Kind::Directory || !holds_only(files, path, is_excepted) {
            return false;
        }
    }
    any
}

impl Comparison {
    fn except(&mut self, exception: &Exception) {
        let reason = exception.reason;
        self.excepted.entry(exception.name).or_insert(Excepted { reason, paths: 0 }).paths += 1;
    }

    /// Takes out what differs in the same way between two builds of the original.
    pub(super) fn excuse(&mut self, between_originals: &Self) {
        let known: BTreeMap<&Option<String>, BTreeSet<&str>> = between_originals
            .differences
            .iter()
            .map(|other| (&other.path, other.fields.iter().map(|field| &*field.name).collect()))
            .collect();
        let is_known = |difference: &Difference| {
            let names = known.get(&difference.path);
            names.is_some_and(|names| difference.fields.iter().all(|field| names.contains(&*field.name)))
        };
        let all = std::mem::take(&mut self.differences);
        (self.unstable, self.differences) = all.into_iter().partition(is_known);
    }
}

/// What differs between two entries of the same path.
fn differing(ours: &Entry, theirs: &Entry) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut add = |name: &str, before: String, after: String| {
        if before != after {
            fields.push(Field::new(name, before, after));
        }
    };
    add("mode", format!("{:o}", ours.mode), format!("{:o}", theirs.mode));
    add("owner", format!("{}:{}", ours.uid, ours.gid), format!("{}:{}", theirs.uid, theirs.gid));
    if ours.attributes != theirs.attributes {
        add("attributes", attributes(ours), attributes(theirs));
    }
    if ours.kind != theirs.kind {
        let name = match (&ours.kind, &theirs.kind) {
            (Kind::File { .. }, Kind::File { .. }) => "content",
            (Kind::Link(_), Kind::Link(_)) => "target",
            (Kind::Special { letter: a, .. }, Kind::Special { letter: b, .. }) if a == b => "device",
            _ => "type",
        };
        fields.push(Field::new(name, describe_kind(&ours.kind), describe_kind(&theirs.kind)));
    }
    fields
}

fn describe(entry: &Entry) -> String {
    format!("{}, mode {:o}, owner {}:{}", describe_kind(&entry.kind), entry.mode, entry.uid, entry.gid)
}

fn describe_kind(kind: &Kind) -> String {
    match kind {
        Kind::File { size, digest } => {
            let start: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
            format!("file of {size} bytes, sha256:{start}…")
        }
        Kind::Directory => "directory".to_owned(),
        Kind::Link(target) => format!("link to {}", String::from_utf8_lossy(target)),
        Kind::Special { letter: 'p', .. } => "named pipe".to_owned(),
        Kind::Special { letter, major, minor } => format!("device {letter} {major}:{minor}"),
        Kind::SameAs(target) => format!("another name of {}", String::from_utf8_lossy(target)),
    }
}

fn attributes(entry: &Entry) -> String {
    let shown = entry.attributes.iter().map(|(name, value)| {
        let value: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{name}={value}")
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// What the configurations do not have in common. Times, history and layer names are no part of it.
fn configuration(before: &Value, after: &Value, label: &str) -> Vec<Field> {
    let (before, after) = (settings(before, label), settings(after, label));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut fields = Vec::new();
    for name in names {
        let (before, after) = (before.get(name), after.get(name));
        if before != after {
            let shown = |value: Option<&Value>| value.map(Value::to_string);
            fields.push(Field::new(name, shown(before), shown(after)));
        }
    }
    fields
}

/// What a container is run with: the platform and the settings that are not empty, each under its own name.
fn settings(configuration: &Value, label: &str) -> Map<String, Value> {
    let mut settings = Map::new();
    for name in ["architecture", "variant", "os", "os.version", "os.features"] {
        settings.insert(name.to_owned(), configuration[name].clone());
    }
    for (name, value) in configuration["config"].as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            // The image below, as older engines write it; the name of the container that it was made in.
            ("Image" | "Hostname", _) => {}
            ("Env", Value::Array(variables)) => {
                for variable in variables.iter().filter_map(Value::as_str) {
                    let (key, value) = variable.split_once('=').unwrap_or((variable, ""));
                    settings.insert(format!("Env {key}"), value.into());
                }
            }
            ("Labels" | "ExposedPorts" | "Volumes", Value::Object(map)) => {
                for (key, value) in map.iter().filter(|(key, _)| *key != label) {
                    settings.insert(format!("{} {key}", name.trim_end_matches('s')), value.clone());
                }
            }
            _ => drop(settings.insert(name.clone(), value.clone())),
        }
    }
    settings.retain(|name, value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty() || name.contains(' '),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    });
    settings
}

#[cfg(test)]
mod tests;
