//! The members of a workspace.

use std::collections::BTreeSet;

use dockfix_model::ImagePath;
use dockfix_model::project::Project;
use serde_json::Value;

use super::glob::{self, Unresolved};
use super::manifest::Manifest;
use crate::Refusal;

/// What a pattern with `!` before it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Negation {
    /// Takes out what earlier patterns matched; a later one may bring it back (npm, `@npmcli/map-workspaces`).
    InOrder,
    /// Takes out what any pattern matched (fast-glob: pnpm, yarn 2 and later; bun).
    Everywhere,
    /// Nothing: the pattern matches no directory (yarn 1).
    Unknown,
}

/// Patterns for members, and where they stand.
pub(crate) struct Patterns {
    /// The patterns.
    pub(crate) patterns: Vec<String>,
    /// The file in messages, with the line of the field: `package.json:3`.
    pub(crate) place: String,
}

impl Patterns {
    /// The field `workspaces` of a package.json: a list, or an object with the list as `packages`.
    pub(crate) fn of_manifest(manifest: &Manifest) -> Option<Self> {
        let field = manifest.get("workspaces")?;
        let list = match field {
            Value::Object(object) => object.get("packages")?.as_array()?,
            field => field.as_array()?,
        };
        let patterns = list.iter().filter_map(|pattern| Some(pattern.as_str()?.to_owned())).collect();
        Some(Self { patterns, place: manifest.at(&["workspaces"]) })
    }

    /// The directories of the members, as far as they come from the build context and hold a package.json.
    pub(crate) fn members(
        &self,
        project: &Project<'_>,
        root: &ImagePath,
        negation: Negation,
    ) -> Result<BTreeSet<ImagePath>, Refusal> {
        let mut members = self.directories(project, root, negation)?;
        members.retain(|member| project.has_file(member.join("package.json").as_str()));
        Ok(members)
    }

    /// The directories that the patterns match, save the root, as far as they come from the build context.
    pub(crate) fn directories(
        &self,
        project: &Project<'_>,
        root: &ImagePath,
        negation: Negation,
    ) -> Result<BTreeSet<ImagePath>, Refusal> {
        let mut matched = BTreeSet::new();
        for pattern in &self.patterns {
            let (positive, negated) = split_negation(pattern);
            if negated {
                continue;
            }
            let found = glob::directories(project, root, positive);
            matched.extend(found.map_err(|reason| self.refusal(pattern, reason))?);
        }
        let mut kept = BTreeSet::new();
        for directory in matched {
            let is_kept = match directory.below(root) {
                Some("") => false,
                Some(below) => self.has(below, negation)?,
                None => true,
            };
            if is_kept {
                kept.insert(directory);
            }
        }
        Ok(kept)
    }

    /// Whether the directory `below` the root is a member.
    pub(crate) fn has(&self, below: &str, negation: Negation) -> Result<bool, Refusal> {
        let mut is_member = false;
        for pattern in &self.patterns {
            let (positive, negated) = split_negation(pattern);
            let matches = glob::matches(positive, below).map_err(|reason| self.refusal(pattern, reason))?;
            match (matches, negated, negation) {
                (false, ..) | (true, true, Negation::Unknown) => {}
                (true, true, Negation::Everywhere) => return Ok(false),
                (true, negated, _) => is_member = !negated,
            }
        }
        Ok(is_member)
    }

    fn refusal(&self, pattern: &str, reason: Unresolved) -> Refusal {
        let why = match reason {
            Unresolved::Unsupported => "uses a kind of glob that dockfix does not read",
            Unresolved::TooLarge => "matches in a tree too large to search",
        };
        Refusal::new(format!("{} workspaces pattern {pattern:?} {why}", self.place))
    }
}

/// The pattern without its `!` and whether an odd number of them stood there; a leading `/` or `./` means the root.
fn split_negation(pattern: &str) -> (&str, bool) {
    let positive = pattern.trim_start_matches('!');
    (positive.trim_start_matches('/'), (pattern.len() - positive.len()) % 2 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(patterns: &[&str], below: &str, negation: Negation) -> bool {
        let patterns = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        Patterns { patterns, place: String::new() }.has(below, negation).unwrap()
    }

    #[test]
    fn negations_differ_by_manager() {
        let patterns = ["packages/*", "!packages/a", "packages/a"];
        assert!(has(&patterns, "packages/a", Negation::InOrder));
        assert!(!has(&patterns, "packages/a", Negation::Everywhere));
        assert!(has(&patterns[..2], "packages/a", Negation::Unknown));
        assert!(!has(&patterns[..2], "packages/a", Negation::InOrder));
        assert!(has(&["./packages/*"], "packages/b", Negation::InOrder));
    }
}
