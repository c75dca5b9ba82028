//! What an image holds, and where two images differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::io::{BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::docker::docker;

/// A file, directory or link of an image: everything but its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    kind: tar::EntryType,
    mode: u32,
    owner: (u64, u64),
    target: Option<String>,
    size: u64,
    content: u64,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, mode, owner: (uid, gid), target, size, content } = self;
        write!(f, "{kind:?} {mode:o} {uid}:{gid} {size} bytes {content:016x}")?;
        target.as_ref().map_or(Ok(()), |target| write!(f, " -> {target}"))
    }
}

/// An image: its files by path (without the leading slash), and its configuration.
#[derive(Debug)]
pub(crate) struct Image {
    entries: BTreeMap<String, Entry>,
    configuration: Value,
}

impl Image {
    /// Reads the image `name`.
    pub(crate) fn read(name: &str) -> Self {
        let container = docker(&["create", name, "true"]);
        let mut export =
            Command::new("docker").args(["export", &container]).stdout(Stdio::piped()).spawn().unwrap();
        let entries = entries(export.stdout.take().unwrap());
        assert!(export.wait().unwrap().success());
        docker(&["rm", &container]);
        let json = docker(&["image", "inspect", "--format", "{{json .Config}}", name]);
        Self { entries, configuration: configuration(&json) }
    }

    /// The lines that tell where `other` is not the same, apart from what `tolerated` says of a path. A directory
    /// that is there only for what may differ (`~/.local/share`, made by pnpm for its store) may be missing as well.
    pub(crate) fn differences(&self, other: &Self, tolerated: impl Fn(&str) -> Tolerance) -> Vec<String> {
        let mut lines = Vec::new();
        if self.configuration != other.configuration {
            lines.push(format!("configuration: {} != {}", self.configuration, other.configuration));
        }
        let paths: BTreeSet<&String> = self.entries.keys().chain(other.entries.keys()).collect();
        for path in paths {
            let (ours, theirs) = (self.entries.get(path), other.entries.get(path));
            let holds_nothing_else = |image: &Self| {
                let inside = format!("{path}/");
                let mut below = image.entries.keys().filter(|path| path.starts_with(&inside)).peekable();
                below.peek().is_some() && below.all(|path| tolerated(path) == Tolerance::Anything)
            };
            let same = match (ours, theirs, tolerated(path)) {
                (_, _, Tolerance::Anything) => true,
                (Some(_), None, _) if holds_nothing_else(self) => true,
                (None, Some(_), _) if holds_nothing_else(other) => true,
                (Some(ours), Some(theirs), Tolerance::Content) => {
                    ours.without_content() == theirs.without_content()
                }
                _ => ours == theirs,
            };
            if !same {
                let shown = |entry: Option<&Entry>| entry.map_or("nothing".to_owned(), Entry::to_string);
                lines.push(format!("/{path}: {} != {}", shown(ours), shown(theirs)));
            }
        }
        lines
    }

    /// How many files, directories and links there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

impl Entry {
    fn without_content(&self) -> Self {
        Self { size: 0, content: 0, ..self.clone() }
    }
}

/// What may differ at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tolerance {
    /// Nothing.
    Nothing,
    /// What a file holds.
    Content,
    /// Everything, also whether there is anything.
    Anything,
}

fn entries(export: impl Read) -> BTreeMap<String, Entry> {
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for entry in tar::Archive::new(BufReader::with_capacity(1 << 20, export)).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().trim_end_matches('/').to_owned();
        let target = entry.link_name().unwrap().map(|target| target.to_string_lossy().into_owned());
        let header = entry.header();
        let kind = header.entry_type();
        if kind.is_hard_link() {
            // Which of the names comes first, and whether there is one file or a copy, is no difference of content.
            let file = entries[&target.unwrap()].clone();
            entries.insert(path, file);
            continue;
        }
        let (mode, owner) = (header.mode().unwrap(), (header.uid().unwrap(), header.gid().unwrap()));
        let (size, content) = content(&mut entry);
        entries.insert(path, Entry { kind, mode, owner, target, size, content });
    }
    entries
}

/// The size and a hash of what there is to read.
fn content(file: &mut impl Read) -> (u64, u64) {
    let (mut size, mut hasher, mut buffer) = (0, DefaultHasher::new(), [0; 1 << 16]);
    loop {
        let read = file.read(&mut buffer).unwrap();
        if read == 0 {
            return (size, hasher.finish());
        }
        // The pieces differ with the reads, which `write` does not notice.
        hasher.write(&buffer[..read]);
        size += read as u64;
    }
}

/// The configuration, with the variables as a set.
fn configuration(json: &str) -> Value {
    let mut configuration: Value = serde_json::from_str(json).unwrap();
    if let Some(variables) = configuration["Env"].as_array_mut() {
        variables.sort_by_key(Value::to_string);
    }
    configuration
}
