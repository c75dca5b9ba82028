//! Lock files that do not fit their manifests any more, so that an install that may is certain to write them anew.
//!
//! Only what is plain is told: a dependency of a package.json, by a version range, that the lock file does not list by that
//! range. A lock file that fits may be written anew too, in another form, and then says the same.

use std::collections::HashSet;

use dockfix_model::ImagePath;
use dockfix_model::project::Project;
use serde_json::Value;

use super::closure::Closure;
use super::manifest::Manifest;
use crate::Stale;

/// The dependencies that an install of the project itself takes.
const KINDS: [&str; 3] = ["dependencies", "devDependencies", "optionalDependencies"];

/// How a lock file lists what the manifests ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// package-lock.json (npm docs, `configuring-npm/package-lock-json`).
    Npm,
    /// yarn.lock, of yarn 1 (`"a@^1", a@^2:`) or later (`"a@npm:^1, a@npm:^2":`).
    Yarn,
    /// pnpm-lock.yaml, `specifier` below the name, or `specifiers` up to its version 5.
    Pnpm,
    /// bun.lock, as package.json.
    Bun,
}

/// Adds the lock file at `path` to what is stale, where the install may write it and it does not fit.
pub(crate) fn add(project: &Project<'_>, path: &ImagePath, form: Form, closure: &mut Closure) {
    if !closure.rewritten.contains(path) {
        return;
    }
    let Some(text) = project.read_text(path.as_str()) else { return };
    let Some(listed) = Listed::read(&text, form) else { return };
    // They put other ranges into the lock file.
    let overrides = |manifest: &Manifest| ["resolutions", "pnpm"].iter().any(|it| manifest.get(it).is_some());
    if closure.manifests.iter().any(overrides) {
        return;
    }
    let own: HashSet<&str> =
        closure.manifests.iter().filter_map(|manifest| manifest.string("name")).collect();
    let lock = project.shown(path.as_str());
    let missing = closure.manifests.iter().find_map(|manifest| {
        KINDS.iter().find_map(|kind| {
            let mut asked =
                manifest.object(kind)?.iter().filter_map(|(name, range)| Some((name, range.as_str()?)));
            let (name, range) = asked.find(|(name, range)| {
                is_range(range) && !own.contains(name.as_str()) && !listed.has(name, range)
            })?;
            Some(format!(
                "{} asks for {name} {range}, which {lock} does not list",
                manifest.at(&[kind, name])
            ))
        })
    });
    closure.stale.extend(missing.map(|why| Stale { lock: path.clone(), why }));
}

/// Whether a specifier is a version range or tag, and no address, path or name of a protocol.
fn is_range(specifier: &str) -> bool {
    !specifier.trim().is_empty() && !specifier.contains([':', '/'])
}

/// What a lock file lists.
enum Listed {
    /// Names, with the ranges by which they are asked for.
    Ranges(HashSet<(String, String)>),
    /// Names alone: npm's lock files up to version 1.
    Names(HashSet<String>),
}

impl Listed {
    fn has(&self, name: &str, range: &str) -> bool {
        match self {
            Self::Ranges(pairs) => pairs.contains(&(name.to_owned(), range.trim().to_owned())),
            Self::Names(names) => names.contains(name),
        }
    }

    /// `None` where the text cannot be read.
    fn read(text: &str, form: Form) -> Option<Self> {
        match form {
            Form::Npm => Self::of_npm(text),
            Form::Yarn => Some(Self::Ranges(of_yarn(text))),
            Form::Pnpm => Some(Self::Ranges(of_pnpm(text))),
            Form::Bun => Some(Self::Ranges(text.lines().filter_map(json_pair).collect())),
        }
    }

    fn of_npm(text: &str) -> Option<Self> {
        let lock: Value = serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()?;
        let Some(packages) = lock.get("packages") else {
            let names = lock.get("dependencies").and_then(Value::as_object);
            return Some(Self::Names(names.into_iter().flatten().map(|(name, _)| name.clone()).collect()));
        };
        let packages = packages.as_object()?.iter();
        // Members, and linked directories.
        let local = packages.filter(|(path, _)| !path.split('/').any(|name| name == "node_modules"));
        let asked =
            local.flat_map(|(_, package)| KINDS.iter().filter_map(|kind| package.get(kind)?.as_object()));
        let pairs = asked
            .flatten()
            .filter_map(|(name, range)| Some((name.clone(), range.as_str()?.trim().to_owned())));
        Some(Self::Ranges(pairs.collect()))
    }
}

fn of_yarn(text: &str) -> HashSet<(String, String)> {
    let headings = text.lines().filter(|line| !line.starts_with([' ', '#']));
    let entries = headings.flat_map(|line| line.trim_end().trim_end_matches(':').split(", "));
    let pairs = entries.filter_map(|entry| {
        let entry = entry.trim_matches('"');
        // The name may start with a `@` of its own.
        let at = entry.get(1..)?.find('@')? + 1;
        let range = &entry[at + 1..];
        Some((entry[..at].to_owned(), range.strip_prefix("npm:").unwrap_or(range).to_owned()))
    });
    pairs.collect()
}

fn of_pnpm(text: &str) -> HashSet<(String, String)> {
    let unquoted = |word: &str| word.trim().trim_matches(['\'', '"']).to_owned();
    let mut pairs = HashSet::new();
    let mut above = "";
    for line in text.lines() {
        match line.trim_start().split_once(": ") {
            Some(("specifier", range)) => {
                pairs.insert((unquoted(above.trim().trim_end_matches(':')), unquoted(range)))
            }
            Some((name, range)) => pairs.insert((unquoted(name), unquoted(range))),
            None => false,
        };
        above = line;
    }
    pairs
}

/// `"name": "range",`
fn json_pair(line: &str) -> Option<(String, String)> {
    let (name, range) = line.trim().trim_end_matches(',').split_once(": ")?;
    let unquoted = |word: &str| Some(word.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    Some((unquoted(name)?, unquoted(range)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_asked_for() {
        let npm = r#"{"packages": {"": {"dependencies": {"a": "^1"}}, "w": {"devDependencies": {"b": "~2"}},
            "node_modules/a": {"dependencies": {"c": "3"}}}}"#;
        let yarn = "# yarn lockfile v1\n\na@^1, \"a@^2 || 3\":\n  version \"1\"\n\"@s/b@~2\":\n";
        let berry = "\"a@npm:^1, a@npm:^1.2\":\n  version: 1\n\n\"@s/b@npm:~2\":\n";
        let pnpm = "importers:\n\n  .:\n    dependencies:\n      a:\n        specifier: ^1\n        version: 1\n      \
                    '@s/b':\n        specifier: '~2'\n";
        let old = "specifiers:\n  a: ^1\n  '@s/b': ~2\n\ndependencies:\n";
        let bun = "  \"workspaces\": {\n    \"\": {\n      \"dependencies\": {\n        \"a\": \"^1\",\n        \"@s/b\": \"~2\",\n";
        for (text, form, name) in [
            (npm, Form::Npm, "b"),
            (yarn, Form::Yarn, "@s/b"),
            (berry, Form::Yarn, "@s/b"),
            (pnpm, Form::Pnpm, "@s/b"),
            (old, Form::Pnpm, "@s/b"),
            (bun, Form::Bun, "@s/b"),
        ] {
            let listed = Listed::read(text, form).unwrap();
            assert!(listed.has("a", "^1") && listed.has(name, "~2"), "{text}");
            assert!(!listed.has("a", "^9") && !listed.has("c", "3"), "{text}");
        }
        let first =
            Listed::read(r#"{"lockfileVersion": 1, "dependencies": {"a": {"version": "1"}}}"#, Form::Npm)
                .unwrap();
        assert!(first.has("a", "^1") && !first.has("b", "1"));
        assert!(Listed::read("{", Form::Npm).is_none());
    }
}
