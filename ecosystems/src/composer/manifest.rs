//! composer.json and composer.lock: the files that an install reads.

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};
use serde_json::Value;

use crate::{Needs, Refusal};

/// Plugins that read nothing of the project but its manifests, or act only when the autoloader is written.
const HARMLESS: [&str; 14] = [
    "composer/installers",
    "composer/package-versions-deprecated",
    "dealerdirect/phpcodesniffer-composer-installer",
    "drupal/core-project-message",
    "ergebnis/composer-normalize",
    "infection/extension-installer",
    "ocramius/package-versions",
    "oomphinc/composer-installers-extender",
    "pestphp/pest-plugin",
    "php-http/discovery",
    "phpro/grumphp",
    "phpstan/extension-installer",
    "symfony/runtime",
    "tbachert/spi",
];

/// What people install for all projects and what reads nothing of them: a plugin that downloads side by side, by the settings of
/// composer.json, and tools that are no plugins and need none.
const HARMLESS_FOR_ALL: [&str; 4] =
    ["hirak/prestissimo", "phpunit/phpunit", "phpstan/phpstan", "squizlabs/php_codesniffer"];

/// Whether a package that is installed for all projects reads nothing more of this one: `vendor/name:^1`. Where composer.lock
/// lists it as well, [`needs`] has seen to it.
pub(super) fn is_settled(package: &str, project: &Project<'_>) -> bool {
    let name = package.split([':', '=']).next().unwrap_or_default();
    let is_listed = || {
        File::read(project, "composer.lock").is_ok_and(|lock| {
            let packages = lock.json.get("packages").and_then(Value::as_array).into_iter().flatten();
            let mut names = packages.filter_map(|package| package.get("name").and_then(Value::as_str));
            names.any(|listed| listed == name)
        })
    };
    HARMLESS.contains(&name) || HARMLESS_FOR_ALL.contains(&name) || is_listed()
}

/// A JSON file with its text, for line numbers.
struct File {
    shown: String,
    text: String,
    json: Value,
}

impl File {
    fn read(project: &Project<'_>, path: &str) -> Result<Self, Refusal> {
        let shown = project.shown(path);
        let text = project.read_text(path).ok_or_else(|| Refusal::new(format!("{shown} cannot be read")))?;
        let json = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| Refusal::new(format!("{shown} is no JSON: {error}")))?;
        Ok(Self { shown, text, json })
    }

    /// `file:line` of the first place where a string stands.
    fn at(&self, string: &str) -> String {
        let quoted = serde_json::to_string(string).unwrap_or_default();
        let escaped = quoted.replace('/', "\\/");
        let found = self.text.find(&quoted).or_else(|| self.text.find(&escaped)).unwrap_or(0);
        let line = self.text.get(..found).map_or(1, |before| before.matches('\n').count() + 1);
        format!("{}:{line}", self.shown)
    }
}

/// What `composer install` needs. `is_complete`: it writes no autoloader and runs no scripts.
pub(super) fn needs(
    project: &Project<'_>,
    with_development: bool,
    with_plugins: bool,
    is_complete: bool,
) -> Result<Needs, Refusal> {
    match project.find("composer.json") {
        Found::File(_) => {}
        _ => {
            let directory = project.directory();
            return Err(Refusal::new(format!(
                "no composer.json is copied from the build context to {directory}"
            )));
        }
    }
    let manifest = File::read(project, "composer.json")?;
    let mut closure = Closure { project, manifest: &manifest, needs: Needs::default() };
    closure.add("composer.json");
    closure.add_if_there("auth.json");
    closure.repositories()?;
    if closure.add_if_there("composer.lock") {
        let lock = File::read(project, "composer.lock")?;
        if with_plugins {
            closure.plugins(&lock, with_development)?;
        }
    } else if is_complete {
        // It resolves anew, as it would below the sources.
    } else {
        // getcomposer.org, "Scripts": post-install-cmd with a lock file, post-update-cmd without.
        return Err(Refusal::new(
            "no composer.lock is in the build context: the download would write one, with which the install runs the \
             scripts of an install and not those of an update",
        ));
    }
    if is_complete && project.find(".git") == Found::Directory {
        return Err(Refusal::new(".git is copied, and composer records the commit that it finds there"));
    }
    closure.outputs()?;
    Ok(closure.needs)
}

/// Events whose scripts run before packages are installed or with each of them (getcomposer.org, "Scripts", "Event names").
/// With a download of its own before it, the install that runs scripts has nothing left to install.
const DURING: [&str; 13] = [
    "pre-install-cmd",
    "pre-dependencies-solving",
    "post-dependencies-solving",
    "pre-operations-exec",
    "pre-package-install",
    "post-package-install",
    "pre-package-update",
    "post-package-update",
    "pre-package-uninstall",
    "post-package-uninstall",
    "pre-pool-create",
    "pre-file-download",
    "post-file-download",
];

/// Checks that the project has no scripts that a download without scripts would leave out for good.
pub(super) fn check_scripts(project: &Project<'_>) -> Result<(), Refusal> {
    let manifest = File::read(project, "composer.json")?;
    let scripts = manifest.json.get("scripts").and_then(Value::as_object);
    match scripts.and_then(|scripts| scripts.keys().find(|name| DURING.contains(&name.as_str()))) {
        Some(name) => Err(Refusal::new(format!(
            "{} has a script for {name}, which would find the packages installed already",
            manifest.at(name)
        ))),
        None => Ok(()),
    }
}

/// Whether clones of repositories may be part of the cache.
///
/// # Errors
///
/// When the manifest moves the cache.
pub(super) fn cache(project: &Project<'_>) -> Result<bool, Refusal> {
    if !project.has_file("composer.json") {
        return Ok(true);
    }
    let manifest = File::read(project, "composer.json")?;
    let config = manifest.json.get("config");
    for name in ["cache-dir", "cache-files-dir", "cache-repo-dir", "cache-vcs-dir"] {
        if config.is_some_and(|config| config.get(name).is_some()) {
            return Err(Refusal::new(format!("{} moves the cache", manifest.at(name))));
        }
    }
    let prefers_source = config
        .and_then(|config| config.get("preferred-install"))
        .is_some_and(|preferred| preferred.to_string().contains("source"));
    let vcs = repositories(&manifest.json).any(|repository| {
        let kind = repository.get("type").and_then(Value::as_str).unwrap_or_default();
        !matches!(kind, "composer" | "path" | "artifact" | "")
    });
    Ok(prefers_source || vcs)
}

/// The repositories of a manifest: a list or an object.
fn repositories(json: &Value) -> impl Iterator<Item = &Value> {
    let repositories = json.get("repositories");
    let list = repositories.and_then(Value::as_array).into_iter().flatten();
    let object = repositories.and_then(Value::as_object).into_iter().flat_map(|object| object.values());
    list.chain(object).filter(|repository| repository.is_object())
}

struct Closure<'p, 'm> {
    project: &'p Project<'p>,
    manifest: &'m File,
    needs: Needs,
}

impl<'m> Closure<'_, 'm> {
    fn add(&mut self, path: &str) {
        let path = self.project.path(path);
        if !self.needs.files.contains(&path) {
            self.needs.files.push(path);
        }
    }

    fn add_if_there(&mut self, path: &str) -> bool {
        let is_there = self.project.has_file(path);
        if is_there {
            self.add(path);
        }
        is_there
    }

    fn repositories(&mut self) -> Result<(), Refusal> {
        let manifest = self.manifest;
        for repository in repositories(&manifest.json) {
            let kind = repository.get("type").and_then(Value::as_str).unwrap_or_default();
            let url = repository.get("url").and_then(Value::as_str).unwrap_or_default();
            let at = || manifest.at(url);
            match kind {
                "path" => {
                    let mirrors = repository.get("options").and_then(|options| options.get("symlink"));
                    if mirrors == Some(&Value::Bool(false)) {
                        return Err(Refusal::new(format!(
                            "{} copies the path repository {url}, so all of its files are install inputs",
                            at()
                        )));
                    }
                    self.path_repository(url, &at())?;
                }
                "artifact" => {
                    let directory = self.project.path(url);
                    match self.project.find_at(&directory) {
                        Found::Directory if directory == *self.project.directory() => {
                            return Err(Refusal::new(format!(
                                "{} takes packages from the sources' own directory",
                                at()
                            )));
                        }
                        Found::Directory => self.needs.directories.push(directory),
                        Found::Missing => {
                            let reason = format!(
                                "{} takes packages from {url}, which is not in the build context",
                                at()
                            );
                            return Err(Refusal::new(reason));
                        }
                        Found::File(_) | Found::Elsewhere => {}
                    }
                }
                "package" => {
                    let text = repository.to_string();
                    if text.contains("\"file://")
                        || text.contains("\"url\":\".")
                        || text.contains("\"url\":\"/")
                    {
                        return Err(Refusal::new(format!(
                            "{} takes a package from a file",
                            manifest.at("package")
                        )));
                    }
                }
                _ if url.starts_with(['.', '/', '~']) || url.starts_with("file:") => {
                    return Err(Refusal::new(format!("{} takes packages from {url} on disk", at())));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Directories whose packages are linked into `vendor`: composer.json is read, and executables get launchers where
    /// they are there (composer/composer, `BinaryInstaller`).
    fn path_repository(&mut self, url: &str, at: &str) -> Result<(), Refusal> {
        let directories = self.matching(url);
        let missing = || Refusal::new(format!("{at} path repository {url} is not in the build context"));
        if directories.is_empty() {
            return Err(missing());
        }
        for directory in directories {
            let path = directory.join("composer.json");
            if !self.add_if_there(path.as_str()) {
                // A pattern may match directories that are no packages.
                if url.contains(['*', '?', '[', '{']) {
                    continue;
                }
                return Err(missing());
            }
            let package = File::read(self.project, path.as_str())?;
            if package.json.get("type").and_then(Value::as_str) == Some("composer-plugin") {
                return Err(Refusal::new(format!("{} is a plugin of composer", package.shown)));
            }
            let executables = package.json.get("bin").map_or_else(Vec::new, strings);
            for executable in executables {
                self.add_if_there(directory.join(executable).as_str());
            }
        }
        Ok(())
    }

    /// The directories that a pattern of a path repository matches.
    fn matching(&self, pattern: &str) -> Vec<ImagePath> {
        let absolute = pattern.starts_with('/');
        let mut found = vec![if absolute { ImagePath::root() } else { self.project.directory().clone() }];
        for segment in pattern.split('/').filter(|segment| !segment.is_empty()) {
            if !segment.contains(['*', '?', '[', '{']) {
                found = found.iter().map(|directory| directory.join(segment)).collect();
                continue;
            }
            let Ok(matcher) = dockfix_model::pattern::Pattern::new(segment) else { return Vec::new() };
            let mut next = Vec::new();
            for directory in &found {
                for (name, is_directory) in self.project.list(directory.as_str()) {
                    if is_directory && !name.starts_with('.') && matcher.matches(&name) {
                        next.push(directory.join(&name));
                    }
                }
            }
            found = next;
        }
        found.retain(|directory| matches!(self.project.find_at(directory), Found::Directory));
        found
    }

    /// Plugins run in the first step too: those that are not known may read anything.
    fn plugins(&mut self, lock: &File, with_development: bool) -> Result<(), Refusal> {
        let lists = [Some("packages"), with_development.then_some("packages-dev")];
        let packages =
            lists.into_iter().flatten().filter_map(|list| lock.json.get(list)?.as_array()).flatten();
        for package in packages {
            if package.get("type").and_then(Value::as_str) != Some("composer-plugin") {
                continue;
            }
            let name = package.get("name").and_then(Value::as_str).unwrap_or_default();
            if HARMLESS.contains(&name) || self.is_forbidden(name) {
                continue;
            }
            match name {
                "symfony/flex" => {
                    if !self.add_if_there("symfony.lock") {
                        return Err(Refusal::new(format!(
                            "{} names the plugin symfony/flex, and without symfony.lock it changes the project",
                            lock.at(name)
                        )));
                    }
                }
                "cweagans/composer-patches" => self.patches()?,
                "drupal/core-composer-scaffold" => self.scaffold()?,
                _ => {
                    return Err(Refusal::new(format!(
                        "{} names the plugin {name}, whose inputs are not known",
                        lock.at(name)
                    )));
                }
            }
        }
        Ok(())
    }

    /// `config.allow-plugins` (since Composer 2.2).
    fn is_forbidden(&self, name: &str) -> bool {
        match self.manifest.json.get("config").and_then(|config| config.get("allow-plugins")) {
            Some(Value::Bool(allowed)) => !allowed,
            Some(Value::Object(plugins)) => plugins.get(name) == Some(&Value::Bool(false)),
            _ => false,
        }
    }

    fn extra(&self, name: &str) -> Option<&'m Value> {
        self.manifest.json.get("extra")?.get(name)
    }

    /// docs.cweagans.net, "Defining patches".
    fn patches(&mut self) -> Result<(), Refusal> {
        let mut lists: Vec<Value> = self.extra("patches").cloned().into_iter().collect();
        let nested = self.extra("composer-patches").and_then(|settings| settings.get("patches-file"));
        let file = self.extra("patches-file").or(nested).and_then(Value::as_str).map(str::to_owned);
        let file = file.unwrap_or_else(|| "patches.json".to_owned());
        if self.add_if_there(&file) {
            lists.push(File::read(self.project, &file)?.json);
        }
        self.add_if_there("patches.lock.json");
        let mut paths = Vec::new();
        for list in &lists {
            collect_strings(list, 0, &mut paths);
        }
        for path in paths {
            // Descriptions and addresses stand among them.
            if !path.contains("://") {
                self.add_if_there(path);
            }
        }
        Ok(())
    }

    /// drupal.org, "Using Drupal's Composer Scaffold": assets of the project itself are files to read.
    fn scaffold(&mut self) -> Result<(), Refusal> {
        let Some(mapping) = self.extra("drupal-scaffold").and_then(|settings| settings.get("file-mapping"))
        else {
            return Ok(());
        };
        let mut paths = Vec::new();
        collect_strings(mapping, 0, &mut paths);
        for path in paths {
            self.add_if_there(path);
        }
        Ok(())
    }

    fn outputs(&mut self) -> Result<(), Refusal> {
        let config = self.manifest.json.get("config");
        let directory = |name: &str| config.and_then(|config| config.get(name)).and_then(Value::as_str);
        let vendor = directory("vendor-dir").unwrap_or("vendor");
        let mut outputs = vec![vendor.trim_end_matches('/')];
        outputs.extend(directory("bin-dir"));
        let installers = self.extra("installer-paths").and_then(Value::as_object);
        let places = installers.into_iter().flat_map(|paths| paths.keys());
        outputs.extend(places.map(|path| path.split('{').next().unwrap_or_default().trim_end_matches('/')));
        for output in outputs {
            if output.contains('$') {
                return Err(Refusal::new(format!("{} depends on the environment", self.manifest.at(output))));
            }
            let path = self.project.path(output);
            let is_covered = self.needs.outputs.iter().any(|other| path.below(other).is_some());
            if !output.is_empty() && !is_covered && path != *self.project.directory() {
                self.needs.outputs.push(path);
            }
        }
        Ok(())
    }
}

/// A string, or the strings of a list.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(string) => vec![string],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Every string within a value.
fn collect_strings<'v>(value: &'v Value, depth: usize, found: &mut Vec<&'v str>) {
    if depth > 8 {
        return;
    }
    match value {
        Value::String(string) => found.push(string),
        Value::Array(list) => list.iter().for_each(|value| collect_strings(value, depth + 1, found)),
        Value::Object(object) => object.values().for_each(|value| collect_strings(value, depth + 1, found)),
        _ => {}
    }
}
