//! bunfig.toml (bun.sh/docs/runtime/bunfig).

use dockfix_model::ImagePath;
use dockfix_model::project::Project;
use toml::{Table, Value};

use crate::Refusal;
use crate::javascript::closure::Closure;
use crate::javascript::manifest::line_of;
use crate::text_file::TextFile;

/// What a bunfig.toml says.
#[derive(Default)]
pub(super) struct Bunfig {
    shown: String,
    text: String,
    install: Table,
}

impl Bunfig {
    /// The bunfig.toml in `directory`, which joins `closure`; an empty one where there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or names code that the install runs.
    pub(super) fn read(
        project: &Project<'_>,
        directory: &ImagePath,
        closure: &mut Closure,
    ) -> Result<Self, Refusal> {
        let path = directory.join("bunfig.toml");
        if !closure.add_file(project, &path) {
            return Ok(Self::default());
        }
        let TextFile { shown, text } = TextFile::read(project, &path)?;
        let mut table: Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            Refusal::new(format!("{shown}:{line} is not valid TOML"))
        })?;
        closure.variables.extend(variables(&text));
        let install = match table.remove("install") {
            Some(Value::Table(install)) => install,
            _ => Table::new(),
        };
        let bunfig = Self { shown, text, install };
        bunfig.check(project, directory, closure)?;
        Ok(bunfig)
    }

    fn check(
        &self,
        project: &Project<'_>,
        directory: &ImagePath,
        closure: &mut Closure,
    ) -> Result<(), Refusal> {
        let scanner = self.install.get("security").and_then(|security| security.get("scanner"));
        if let Some(scanner) = scanner.and_then(Value::as_str).filter(|path| path.starts_with(['.', '/'])) {
            let at = self.at("scanner");
            return Err(Refusal::new(format!(
                "{at} runs {scanner} on install, which may read any source file"
            )));
        }
        for field in ["cafile", "ca"] {
            if let Some(path) = self.install.get(field).and_then(Value::as_str) {
                closure.add_file(project, &directory.join(path));
            }
        }
        Ok(())
    }

    /// Whether lifecycle scripts are switched off.
    pub(super) fn ignores_scripts(&self) -> bool {
        self.install.get("ignoreScripts").and_then(Value::as_bool) == Some(true)
    }

    /// The line that switches the global virtual store on.
    pub(super) fn global_store(&self) -> Option<String> {
        let is_on = self.install.get("globalStore").and_then(Value::as_bool) == Some(true);
        is_on.then(|| self.at("globalStore"))
    }

    /// The cache's directory, where it is named.
    ///
    /// # Errors
    ///
    /// When there is no cache outside of `node_modules`.
    pub(super) fn cache_directory(&self) -> Result<Option<String>, Refusal> {
        let is_off = |value: &Value| value.as_bool() == Some(false);
        match self.install.get("cache") {
            Some(Value::Table(cache)) => {
                if cache.get("disable").and_then(Value::as_bool) == Some(true) {
                    return Err(Refusal::new(format!("{} turns bun's cache off", self.at("disable"))));
                }
                Ok(cache.get("dir").and_then(Value::as_str).map(str::to_owned))
            }
            Some(Value::String(path)) => Ok(Some(path.clone())),
            Some(value) if is_off(value) => {
                Err(Refusal::new(format!("{} turns bun's cache off", self.at("cache"))))
            }
            _ => Ok(None),
        }
    }

    fn at(&self, word: &str) -> String {
        let line = self.text.find(word).map_or(1, |at| line_of(&self.text, at));
        format!("{}:{line}", self.shown)
    }
}

/// The names after `$` and in `${}`.
fn variables(text: &str) -> Vec<String> {
    let names = text.match_indices('$').filter_map(|(at, _)| {
        let rest = text[at + 1..].trim_start_matches('{');
        let end = rest.find(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_').unwrap_or(rest.len());
        (end > 0).then(|| rest[..end].to_owned())
    });
    names.collect()
}
