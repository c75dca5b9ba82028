//! `.npmrc`, which npm, yarn 1, pnpm and bun read (npm docs, configuring-npm/npmrc).

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};

use super::closure::Closure;
use crate::Refusal;
use crate::text_file::TextFile;

/// What a project's .npmrc says.
#[derive(Debug, Default)]
pub(crate) struct Npmrc {
    /// Keys and values in order, with the line of each.
    settings: Vec<(String, String, usize)>,
    /// Its path in messages.
    shown: String,
}

impl Npmrc {
    /// The .npmrc in `directory`, its files and variables added to `closure`; an empty one where there is none.
    ///
    /// # Errors
    ///
    /// When it names code that runs with every node process, or cannot be read.
    pub(crate) fn read(
        project: &Project<'_>,
        directory: &ImagePath,
        closure: &mut Closure,
    ) -> Result<Self, Refusal> {
        let path = directory.join(".npmrc");
        if !closure.add_file(project, &path) {
            return Ok(Self::default());
        }
        let TextFile { shown, text } = TextFile::read(project, &path)?;
        closure.variables.extend(interpolated(&text));
        let npmrc = Self { settings: settings(&text), shown };
        npmrc.check(project, directory, closure)?;
        Ok(npmrc)
    }

    fn check(
        &self,
        project: &Project<'_>,
        directory: &ImagePath,
        closure: &mut Closure,
    ) -> Result<(), Refusal> {
        for (key, value, line) in &self.settings {
            let place = format!("{}:{line}", self.shown);
            // Registry settings: `//registry.example.com/:cafile=x`.
            match key.rsplit(':').next().unwrap_or(key) {
                "cafile" | "certfile" | "keyfile" => {
                    let path = directory.join(value);
                    if value.contains("${") {
                        return Err(Refusal::new(format!("{place} names a file by a variable")));
                    }
                    if project.find_at(&path) == Found::Directory {
                        return Err(Refusal::new(format!("{place} names a directory as {key}")));
                    }
                    closure.add_file(project, &path);
                }
                "node-options" if loads_code(value) => {
                    return Err(Refusal::new(format!("{place} makes every node process load code")));
                }
                "onload-script" | "extension-file" | "userconfig" | "globalconfig" | "script-shell" => {
                    return Err(Refusal::new(format!("{place} sets {key}, which may name any file")));
                }
                "global" | "location" if !matches!(value.as_str(), "false" | "project" | "user") => {
                    return Err(Refusal::new(format!("{place} makes every install a global one")));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The value of the last setting of this name.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.settings.iter().rev().find(|(name, ..)| name == key).map(|(_, value, _)| value.as_str())
    }

    /// Whether a setting is switched on.
    pub(crate) fn is_on(&self, key: &str) -> bool {
        self.get(key) == Some("true")
    }

    /// `.npmrc:3` for a setting.
    pub(crate) fn place(&self, key: &str) -> String {
        let line = self.settings.iter().rev().find(|(name, ..)| name == key).map_or(1, |(.., line)| *line);
        format!("{}:{line}", self.shown)
    }
}

/// Whether node options (`--require ./x`) name code or files.
pub(crate) fn loads_code(options: &str) -> bool {
    let names = ["-r", "--require", "--import", "--loader", "--experimental-loader", "--env-file"];
    options.split_whitespace().any(|word| {
        let name = word.split('=').next().unwrap_or(word);
        names.contains(&name) || name.starts_with("--env-file") || name == "--openssl-config"
    })
}

fn settings(text: &str) -> Vec<(String, String, usize)> {
    let mut settings = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with([';', '#', '[']) {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, "true"));
        let value = value.trim();
        let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
        let key = key.trim().trim_end_matches("[]").replace('_', "-");
        settings.push((key, value.to_owned(), index + 1));
    }
    settings
}

/// The names in `${NAME}`, `${NAME?}`, `${NAME-x}` and `${NAME:-x}` (npm's and pnpm's env-replace; yarn's .yarnrc.yml).
pub(crate) fn interpolated(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices("${") {
        let rest = &text[at + 2..];
        let end = rest.find(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_').unwrap_or(rest.len());
        if end > 0 {
            names.push(rest[..end].to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_settings() {
        let text = "; c\n# c\nregistry=https://x\n//x/:_authToken=${NPM_TOKEN}\nignore_scripts = true\ncache=\"x\"\n";
        let read = settings(text);
        let names: Vec<_> = read.iter().map(|(key, value, line)| format!("{key}={value}@{line}")).collect();
        assert_eq!(
            names,
            ["registry=https://x@3", "//x/:-authToken=${NPM_TOKEN}@4", "ignore-scripts=true@5", "cache=x@6"]
        );
        assert_eq!(interpolated(text), ["NPM_TOKEN"]);
        assert_eq!(interpolated("${A?}${B-x}${C:-y}$D${}"), ["A", "B", "C"]);
    }

    #[test]
    fn tells_options_that_load_code() {
        assert!(loads_code("--max-old-space-size=4096 --require ./x"));
        assert!(loads_code("--import=./x.mjs"));
        assert!(!loads_code("--max-old-space-size=4096 --openssl-legacy-provider"));
    }
}
