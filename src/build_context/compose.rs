//! What Compose files say about how Dockerfiles are built (Compose specification, "build").

use std::collections::HashMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_yaml::Value;

/// A service that is built: its Dockerfile and its context, absolute and without links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The Compose file.
    pub(super) file: PathBuf,
    pub(super) dockerfile: Written,
    pub(super) context: PathBuf,
}

/// Where the text of a Dockerfile is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// In this file.
    File(PathBuf),
    /// In the Compose file (`dockerfile_inline`).
    Inline(String),
}

/// The Compose files of the directories that were asked for so far.
#[derive(Debug, Default)]
pub(super) struct Files {
    by_directory: Mutex<HashMap<PathBuf, Arc<[Entry]>>>,
}

/// Nobody writes longer ones by hand; in bytes.
const MAX_SIZE: u64 = 1024 * 1024;

impl Files {
    /// The services that the Compose files of a directory build, in the order of file names.
    pub(super) fn in_directory(&self, directory: &Path) -> Arc<[Entry]> {
        let mut known = self.by_directory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entries) = known.get(directory) {
            return Arc::clone(entries);
        }
        let entries: Arc<[Entry]> = read_directory(directory).into();
        known.insert(directory.to_owned(), Arc::clone(&entries));
        entries
    }
}

fn read_directory(directory: &Path) -> Vec<Entry> {
    let Ok(listing) = fs::read_dir(directory) else { return Vec::new() };
    let mut names: Vec<_> =
        listing.flatten().map(|entry| entry.file_name()).filter(|name| is_compose(name)).collect();
    names.sort();
    names.iter().flat_map(|name| read_file(directory, &directory.join(name)).unwrap_or_default()).collect()
}

/// `compose.yaml`, `docker-compose.yml`, `docker-compose.dev.yml`, `compose-ci.yaml`, ...
fn is_compose(name: &std::ffi::OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let name = name.to_ascii_lowercase();
    (name.starts_with("compose") || name.starts_with("docker-compose"))
        && (name.ends_with(".yml") || name.ends_with(".yaml"))
}

/// A file that cannot be read or is no Compose file says nothing.
fn read_file(directory: &Path, file: &Path) -> Option<Vec<Entry>> {
    let mut text = String::new();
    if !fs::metadata(file).ok()?.is_file() {
        return None;
    }
    fs::File::open(file).ok()?.take(MAX_SIZE).read_to_string(&mut text).ok()?;
    if !text.contains("build") {
        return None;
    }
    let mut document: Value = serde_yaml::from_str(&text).ok()?;
    // `<<: *defaults`; where the merge is malformed, the rest is still good.
    let _ = document.apply_merge();
    let services = document.get("services")?.as_mapping()?;
    Some(services.values().filter_map(|service| entry(directory, file, service.get("build")?)).collect())
}

fn entry(directory: &Path, file: &Path, build: &Value) -> Option<Entry> {
    let text = |key: &str, default: &'static str| match build.get(key) {
        Some(value) => value.as_str().map(str::to_owned),
        None => Some(default.to_owned()),
    };
    let (context, dockerfile) = match build {
        Value::String(context) => (context.clone(), "Dockerfile".to_owned()),
        _ => (text("context", ".")?, text("dockerfile", "Dockerfile")?),
    };
    let (context, dockerfile) = (with_defaults(&context), with_defaults(&dockerfile));
    if dockerfile.contains('$') || context.contains("://") {
        return None;
    }
    // Of a context that a variable names the Dockerfile tells: it lies there, at its path below it.
    let is_below = Path::new(&dockerfile).components().count() > 1 && !dockerfile.contains("..");
    let context = match context.contains('$') {
        true if is_below => ".",
        true => return None,
        false => &*context,
    };
    let context = fs::canonicalize(directory.join(context)).ok()?;
    let dockerfile = match build.get("dockerfile_inline").and_then(Value::as_str) {
        Some(text) => Written::Inline(text.to_owned()),
        None => Written::File(fs::canonicalize(context.join(dockerfile)).ok()?),
    };
    Some(Entry { file: file.to_owned(), dockerfile, context })
}

/// A value with the defaults of its variables in their places: `${CONTEXT:-.}` (Compose specification, "Interpolation").
fn with_defaults(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, variable)) = rest.split_once("${") {
        let Some((variable, after)) = variable.split_once('}') else { break };
        out.push_str(before);
        match variable.split_once(":-").or_else(|| variable.split_once('-')) {
            Some((_, default)) if !default.contains('$') => out.push_str(default),
            _ => out.extend(["${", variable, "}"]),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
