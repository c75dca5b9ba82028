//! TOML files of the build context, with the lines of what stands in them.

use std::ops::Range;

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};
use toml::de::{DeTable, DeValue};

use crate::Refusal;
use crate::text_file::TextFile;

/// A file that was read.
pub(crate) struct TomlFile {
    shown: String,
    text: String,
}

/// A value and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Node<'t> {
    file: &'t TomlFile,
    value: &'t DeValue<'t>,
    start: usize,
}

impl TomlFile {
    /// The file at `path`; `None` where the build context brings none there.
    ///
    /// # Errors
    ///
    /// When it cannot be read as text.
    pub(crate) fn read(project: &Project<'_>, path: &ImagePath) -> Result<Option<Self>, Refusal> {
        if !matches!(project.find_at(path), Found::File(_)) {
            return Ok(None);
        }
        let TextFile { shown, text } = TextFile::read(project, path)?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        Ok(Some(Self { shown, text }))
    }

    /// Its text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Its content.
    ///
    /// # Errors
    ///
    /// When it is no valid TOML.
    pub(crate) fn parse(&self) -> Result<DeValue<'_>, Refusal> {
        match DeTable::parse(&self.text) {
            Ok(table) => Ok(DeValue::Table(table.into_inner())),
            Err(error) => {
                let at = self.at(error.span().unwrap_or(0..0).start);
                Err(Refusal::new(format!("{at} is not valid TOML")))
            }
        }
    }

    /// The top of a parsed content.
    pub(crate) fn top<'t>(&'t self, value: &'t DeValue<'t>) -> Node<'t> {
        Node { file: self, value, start: 0 }
    }

    /// `pyproject.toml:12` for a byte offset.
    fn at(&self, offset: usize) -> String {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        format!("{}:{}", self.shown, before.iter().filter(|&&byte| byte == b'\n').count() + 1)
    }
}

impl<'t> Node<'t> {
    /// The value under these keys, one inside the other.
    pub(crate) fn get(self, keys: &[&str]) -> Option<Self> {
        keys.iter().try_fold(self, |node, key| {
            let value = node.value.as_table()?.get(*key)?;
            Some(node.child(value.get_ref(), value.span()))
        })
    }

    /// The string under these keys.
    pub(crate) fn string(self, keys: &[&str]) -> Option<&'t str> {
        self.get(keys)?.as_str()
    }

    /// The value as a string.
    pub(crate) fn as_str(self) -> Option<&'t str> {
        self.value.as_str()
    }

    /// The value as true or false.
    pub(crate) fn as_bool(self) -> Option<bool> {
        self.value.as_bool()
    }

    /// The entries of a table, none for anything else.
    pub(crate) fn entries(self) -> impl Iterator<Item = (&'t str, Self)> {
        let table = self.value.as_table().into_iter().flatten();
        table.map(move |(key, value)| (key.get_ref().as_ref(), self.child(value.get_ref(), value.span())))
    }

    /// The elements of a list, none for anything else.
    pub(crate) fn elements(self) -> impl Iterator<Item = Self> {
        let list = self.value.as_array().into_iter().flat_map(|list| list.iter());
        list.map(move |value| self.child(value.get_ref(), value.span()))
    }

    /// Every string in it, however deep.
    pub(crate) fn strings(self) -> Vec<Self> {
        let mut open = vec![self];
        let mut found = Vec::new();
        while let Some(node) = open.pop() {
            if node.as_str().is_some() {
                found.push(node);
            }
            open.extend(node.elements());
            open.extend(node.entries().map(|(_, value)| value));
        }
        found.reverse();
        found
    }

    /// `pyproject.toml:12`.
    pub(crate) fn at(self) -> String {
        self.file.at(self.start)
    }

    fn child(self, value: &'t DeValue<'t>, span: Range<usize>) -> Self {
        Self { value, start: span.start, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_lines() {
        let text = "[a]\nb = 1\n\n[a.c]\nd = [\n  \"x\",\n  { y = \"z\" },\n]\n";
        let file = TomlFile { shown: "f".to_owned(), text: text.to_owned() };
        let value = file.parse().unwrap();
        let top = file.top(&value);
        assert_eq!(top.get(&["a", "b"]).unwrap().at(), "f:2");
        let strings: Vec<_> =
            top.strings().iter().map(|node| format!("{} {}", node.at(), node.as_str().unwrap())).collect();
        assert_eq!(strings, ["f:6 x", "f:7 z"]);
        assert!(top.get(&["a", "x"]).is_none());
        let broken = TomlFile { shown: "f".to_owned(), text: "a = 1\nb =\n".to_owned() };
        assert_eq!(broken.parse().err().unwrap().reason, "f:2 is not valid TOML");
    }
}
