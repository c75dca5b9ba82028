//! Configuration in YAML: .yarnrc.yml, pnpm-workspace.yaml, pnpm-lock.yaml.

use dockfix_model::ImagePath;
use dockfix_model::project::Project;
use serde_yaml::Value;

use super::closure::Closure;
use super::manifest::line_of;
use super::npmrc::interpolated;
use crate::Refusal;
use crate::text_file::TextFile;

/// A YAML file that was read.
pub(crate) struct Yaml {
    /// Its path in messages.
    pub(crate) shown: String,
    text: String,
    value: Value,
}

/// Larger files are not parsed: nobody writes them by hand, and aliases could make them larger still.
const MAX_SIZE: usize = 1024 * 1024;

impl Yaml {
    /// Reads the file at `path` and adds it, and the variables it mentions, to `closure`; `None` where the build context
    /// brings none.
    ///
    /// # Errors
    ///
    /// When it is no YAML mapping.
    pub(crate) fn read(
        project: &Project<'_>,
        path: &ImagePath,
        closure: &mut Closure,
    ) -> Result<Option<Self>, Refusal> {
        if !closure.add_file(project, path) {
            return Ok(None);
        }
        let TextFile { shown, text } = TextFile::read(project, path)?;
        if text.len() > MAX_SIZE {
            return Err(Refusal::new(format!("{shown} is too large to be read as YAML")));
        }
        let value = serde_yaml::from_str(&text).map_err(|error| {
            let line = error.location().map_or(1, |location| location.line().max(1));
            Refusal::new(format!("{shown}:{line} is not valid YAML"))
        })?;
        if !matches!(value, Value::Mapping(_) | Value::Null) {
            return Err(Refusal::new(format!("{shown}:1 is not a YAML mapping")));
        }
        closure.variables.extend(interpolated(&text));
        Ok(Some(Self { shown, text, value }))
    }

    /// The value of a field.
    pub(crate) fn get(&self, field: &str) -> Option<&Value> {
        self.value.get(field).filter(|value| !value.is_null())
    }

    /// The value of a field that is a string.
    pub(crate) fn string(&self, field: &str) -> Option<&str> {
        self.get(field)?.as_str()
    }

    /// The value of a field that is a switch.
    pub(crate) fn switch(&self, field: &str) -> Option<bool> {
        self.get(field)?.as_bool()
    }

    /// `.yarnrc.yml:3`, after the line of a word.
    pub(crate) fn at(&self, word: &str) -> String {
        let line = self.text.find(word).map_or(1, |at| line_of(&self.text, at));
        format!("{}:{line}", self.shown)
    }
}

/// The strings in a value, however deep.
pub(crate) fn strings<'v>(value: &'v Value, out: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => out.push(text),
        Value::Sequence(items) => items.iter().for_each(|item| strings(item, out)),
        Value::Mapping(fields) => fields.values().for_each(|value| strings(value, out)),
        _ => {}
    }
}
