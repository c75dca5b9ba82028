//! package.json.

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};
use serde_json::{Map, Value};

use crate::Refusal;
use crate::text_file::TextFile;

/// A package.json that was read.
pub(crate) struct Manifest {
    /// The directory it lies in.
    pub(crate) directory: ImagePath,
    /// Its path in messages.
    pub(crate) shown: String,
    /// Its text.
    text: String,
    /// Its content.
    json: Map<String, Value>,
}

/// The kinds of dependencies that a package.json lists.
pub(crate) const DEPENDENCIES: [&str; 4] =
    ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

impl Manifest {
    /// The package.json in `directory`; `None` where the build context brings none there.
    ///
    /// # Errors
    ///
    /// When it is no JSON object.
    pub(crate) fn read(project: &Project<'_>, directory: &ImagePath) -> Result<Option<Self>, Refusal> {
        let path = directory.join("package.json");
        if !matches!(project.find_at(&path), Found::File(_)) {
            return Ok(None);
        }
        let TextFile { shown, text } = TextFile::read(project, &path)?;
        let unmarked = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let json = match serde_json::from_str(unmarked) {
            Ok(Value::Object(json)) => json,
            Ok(_) => return Err(Refusal::new(format!("{shown}:1 is not a JSON object"))),
            Err(error) => {
                return Err(Refusal::new(format!("{shown}:{} is not valid JSON", error.line().max(1))));
            }
        };
        Ok(Some(Self { directory: directory.clone(), shown, text, json }))
    }

    /// The value of a field.
    pub(crate) fn get(&self, field: &str) -> Option<&Value> {
        self.json.get(field)
    }

    /// The value of a field that is a string.
    pub(crate) fn string(&self, field: &str) -> Option<&str> {
        self.get(field)?.as_str()
    }

    /// A field that is an object.
    pub(crate) fn object(&self, field: &str) -> Option<&Map<String, Value>> {
        self.get(field)?.as_object()
    }

    /// The text of a script; an empty one counts as none.
    pub(crate) fn script(&self, name: &str) -> Option<&str> {
        self.object("scripts")?.get(name)?.as_str().filter(|text| !text.trim().is_empty())
    }

    /// The version range of a dependency of any kind.
    pub(crate) fn dependency(&self, name: &str) -> Option<&str> {
        DEPENDENCIES.iter().find_map(|kind| self.object(kind)?.get(name)?.as_str())
    }

    /// `package.json:12`, after the line of these keys, one inside the other.
    pub(crate) fn at(&self, keys: &[&str]) -> String {
        let mut from = 0;
        for key in keys {
            let quoted = Value::from(*key).to_string();
            match self.text.get(from..).and_then(|rest| rest.find(&quoted)) {
                Some(at) => from += at + quoted.len(),
                None => break,
            }
        }
        format!("{}:{}", self.shown, line_of(&self.text, from))
    }
}

/// The 1-based line of a byte offset.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

/// The first number in a version range such as `^6.2.1` or `~4`: the major version it allows, unless the range is a
/// tag, an address or `*`.
pub(crate) fn major(range: &str) -> Option<u32> {
    let range = range.strip_prefix("npm:").and_then(|rest| rest.rsplit('@').next()).unwrap_or(range);
    let range = range.trim_start_matches(['^', '~', '>', '=', 'v', ' ']);
    let digits = range.split(|ch: char| !ch.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_major_versions() {
        for (range, expected) in [
            ("^6.2.1", Some(6)),
            ("7", Some(7)),
            (">=4.0", Some(4)),
            ("npm:@scope/x@3.1.0", Some(3)),
            ("*", None),
            ("latest", None),
            ("workspace:*", None),
        ] {
            assert_eq!(major(range), expected, "{range}");
        }
    }

    #[test]
    fn counts_lines_from_one() {
        assert_eq!(line_of("a\nb", 0), 1);
        assert_eq!(line_of("a\nb", 2), 2);
    }
}
