//! Bundler: the gems of a Gemfile.
//!
//! - **Commands**: `bundle install`, which is also `bundle` alone, is complete without sources; `bundle config` settles
//!   how it goes. `bundle exec`, `update`, `add`, `cache` and the rest read or change the project and are not known.
//! - **Manifests**: the Gemfile (or `gems.rb`) nearest upwards and its lock file, files that it evaluates, requires or
//!   reads, the gemspecs of gems with a `path`, `.bundle/config`, `vendor/cache`. A Gemfile is a program: one whose
//!   inputs cannot be worked out is refused (gemfile(5)).
//! - **Caches**: `$GEM_HOME/cache`, the archives of installed gems, which bundler takes again (rubygems/rubygems,
//!   `Bundler::Source::Rubygems#fetch_gem`), and `$BUNDLE_USER_CACHE` or `~/.bundle/cache`, the index: both pure, both
//!   locked, since they are written in place. The official image has GEM_HOME=/usr/local/bundle (docker-library/ruby).
//!   Where a path for gems is set, the archives lie in a directory below it that is named after the version of Ruby.
//!   The gems themselves are what the install is for and are never mounted.
//! - **Outputs**: `vendor/bundle`, where a deployment puts gems; `.bundle`, where options and local settings are kept.
//! - **Refused**: gems of the build context that an install with `--local` takes, path gems that the build context does not
//!   hold, plugins, a `vendor/cache` that the install would bring up to date.
//!
//! Sources: bundle-install(1), bundle-config(1), gemfile(5).

use dockfix_model::commands::Invocation;
use dockfix_model::effects::Paths;
use dockfix_model::project::{Found, Project};
use dockfix_model::{ImagePath, State};

use crate::environment::{Environment, Setting};
use crate::options::{Grammar, Short, Words};
use crate::ruby::{self, gemfile::Gemfile};
use crate::{
    Cache, CacheKind, CachePlan, Ecosystem, Needs, Refusal, SettingsFiles, Sharing, Usage, UsageKind,
};

/// Bundler.
pub(crate) struct Bundler;

/// A command line of bundler.
enum Line<'c> {
    Install(Words<'c>),
    /// `bundle config`: for this project or for the user, and a path that it sets.
    Config {
        is_local: bool,
        path: Option<&'c str>,
    },
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        if !matches!(&*command.program, "bundle" | "bundler") {
            return None;
        }
        let first = command.arguments.first().map(|argument| argument.value.as_deref());
        let start = match first {
            None => 0,
            Some(Some("install" | "i")) => 1,
            Some(Some("config")) => return Self::config(command),
            Some(Some(word)) if word.starts_with('-') => 0,
            Some(_) => return None,
        };
        let words = Words::read(command, start, &GRAMMAR)?;
        // These take all words behind them; nothing else does.
        let takes_words = words.has(&["--without", "--with", "--standalone"]);
        if !words.operands.is_empty() && !takes_words || words.has(&["--version", "-v", "--help", "-h"]) {
            return None;
        }
        if words.operands.iter().any(|operand| operand.value.is_none()) {
            return None;
        }
        let names_directory = ["--path", "--gemfile", "--binstubs", "--standalone"];
        let is_known = words.options.iter().all(|option| {
            !names_directory.contains(&option.name)
                || !matches!(option.value, crate::options::Value::Unknown(_))
        });
        is_known.then_some(Self::Install(words))
    }

    /// Whether it takes gems that are there already and fetches none (bundle-install(1), `--local`).
    fn is_local(&self) -> bool {
        matches!(self, Self::Install(words) if words.has(&["--local"]))
    }

    /// `config [set|unset] [--global|--local] NAME [VALUE]`; a value may look like an option.
    fn config(command: &'c Invocation<'c>) -> Option<Self> {
        let mut is_local = None;
        let mut is_set = false;
        let mut name = None;
        let mut value = None;
        for argument in &command.arguments[1..] {
            match argument.value.as_deref() {
                Some("--global") => is_local = Some(false),
                Some("--local") => is_local = Some(true),
                Some("--delete" | "--parseable") if name.is_none() => {}
                Some("set" | "unset") if name.is_none() && !is_set => is_set = true,
                Some("get" | "list") if name.is_none() => return None,
                Some(word) if name.is_none() => name = Some(word),
                word if name.is_some() => value = value.or(word),
                _ => return None,
            }
        }
        let name = name?;
        // Settings that move the manifest or replace gems by directories.
        if name == "gemfile" || name.starts_with("local.") || name.starts_with("BUNDLE_") {
            return None;
        }
        let path = if name == "path" { Some(value?) } else { None };
        // Without a scope, `set` is local in a project (bundle-config(1)).
        Some(Self::Config { is_local: is_local.unwrap_or(true), path })
    }
}

impl Ecosystem for Bundler {
    fn name(&self) -> &'static str {
        "bundler"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["bundle", "bundler"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["install", "update"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let environment = Environment::new(command, state);
        // They say which Gemfile is meant, and what stands for its gems.
        if environment.get("BUNDLE_GEMFILE") != Setting::Unset || environment.get("RUBYOPT") != Setting::Unset
        {
            return None;
        }
        let mut effects = ruby::effects(&environment);
        let directory = command.directory.clone();
        // The usual place in the project is among the outputs, another one is not.
        if let (Some(directory), Paths::Below(paths)) = (&directory, &mut effects.writes) {
            let usual = [directory.join("vendor/bundle"), directory.join(".bundle")];
            paths.to_mut().retain(|path| !usual.iter().any(|usual| path.below(usual).is_some()));
            if let Paths::Below(paths) = &mut effects.reads {
                paths.to_mut().retain(|path| !usual.iter().any(|usual| path.below(usual).is_some()));
            }
        }
        let runs_package_code = matches!(line, Line::Install(_));
        Some(Usage { kind: UsageKind::Install, directory, effects, runs_package_code })
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        match Line::read(command) {
            Some(Line::Install(words)) => {
                let environment = Environment::new(command, state);
                let is_set = |name| matches!(environment.get(name), Setting::Known("true" | "1"));
                install(&words, ["BUNDLE_FROZEN", "BUNDLE_DEPLOYMENT"].into_iter().any(is_set), project)
            }
            Some(Line::Config { is_local, path }) => Ok(configuration(is_local, path, project)),
            None => Ok(Needs::default()),
        }
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        _: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        // A local install takes what is there: a mount would hide it.
        let Some(Line::Install(words)) = Line::read(command).filter(|line| !line.is_local()) else {
            return Ok(CachePlan::default());
        };
        let environment = Environment::new(command, state);
        let mut plan = CachePlan::default();
        let mut add = |directory| {
            plan.caches.push(Cache { directory, kind: CacheKind::Pure, sharing: Sharing::Locked });
        };
        // Below a path that is set lies a directory for the version of Ruby, which is not known, and in that the archives,
        // though the path be GEM_HOME itself (rubygems/rubygems, `Bundler::Settings::Path#path`, since 2.1;
        // docker-library/ruby#285).
        let elsewhere = words.has(&["--path", "--deployment"])
            || ["BUNDLE_PATH", "BUNDLE_DEPLOYMENT"]
                .iter()
                .any(|name| environment.get(name) != Setting::Unset);
        if let Some(archives) = ruby::archives(&environment, state)?.filter(|_| !elsewhere) {
            add(archives);
        }
        if let Some(cache) = environment.path("BUNDLE_USER_CACHE")? {
            add(cache);
        } else if let Some(home) = environment.path("BUNDLE_USER_HOME")? {
            add(home.join("cache"));
        } else if environment.is_root() {
            add(environment.home()?.join(".bundle/cache"));
        }
        if plan.caches.is_empty() && !elsewhere {
            return Err(ruby::no_archives("bundle", &environment));
        }
        Ok(plan)
    }

    /// A path for gems that is set or remembered moves the archives as BUNDLE_PATH does.
    fn configured_by(&self) -> &'static [&'static str] {
        &["bundle", "bundler"]
    }

    fn unsettles(
        &self,
        command: &Invocation<'_>,
        state: &State,
        cache: &Cache,
        other: &Invocation<'_>,
    ) -> bool {
        let archives = ruby::archives(&Environment::new(command, state), state).ok().flatten();
        let moves =
            |word: &str| matches!(word, "path" | "deployment" | "--deployment") || word.starts_with("--path");
        archives.as_ref() == Some(&cache.directory)
            && other.arguments.iter().any(|argument| argument.value.as_deref().is_some_and(moves))
    }

    /// `path`, which the images of Ruby set (bundle-config(1)).
    fn may_put_outputs_elsewhere(&self) -> bool {
        true
    }

    fn ignored(&self) -> &'static [&'static str] {
        &["**/vendor/bundle", "**/.bundle"]
    }

    /// What index servers list (`Bundler::CompactIndexClient`); archives of gems lie beside the gems.
    fn keeps_catalogue_in(&self, directory: &ImagePath) -> bool {
        directory.as_str().ends_with("/.bundle/cache")
    }

    /// bundle-config(1): a path for gems moves their archives.
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles {
            home: &[".bundle/config"],
            system: &["/usr/local/bundle/config"],
            project: &[".bundle/config"],
            follows_project: false,
            keys: &["BUNDLE_PATH", "BUNDLE_DEPLOYMENT", "BUNDLE_USER_CACHE", "BUNDLE_USER_HOME"],
        }
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["Gemfile"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["Gemfile.lock"]
    }
}

/// The options that bundler remembers in `.bundle/config` (bundle-install(1), "REMEMBERED OPTIONS").
const REMEMBERED: [&str; 12] = [
    "--path",
    "--deployment",
    "--without",
    "--with",
    "--frozen",
    "--no-prune",
    "--clean",
    "--shebang",
    "--system",
    "--binstubs",
    "--no-cache",
    "--standalone",
];

fn install(words: &Words<'_>, is_frozen: bool, project: &Project<'_>) -> Result<Needs, Refusal> {
    let named = words.value(&["--gemfile"]).and_then(|value| value.known());
    let (mut gemfile, path) = Gemfile::find(project, named)?;
    gemfile.add(&path)?;
    let lock = gemfile.lock(&path)?;
    let root = gemfile.root().clone();
    let frozen = words.has(&["--frozen", "--deployment"]);
    // Then a Gemfile with other sources than the lock file has installs nothing (bundle-config(1), "frozen").
    gemfile.check_gems(lock.is_some() && (frozen || is_frozen))?;
    if let Some(lock) = lock.filter(|_| !frozen) {
        gemfile.needs.rewritten.push(lock);
    }
    for name in ruby::VERSION_FILES {
        gemfile.add_if_there(&root.join(name));
    }
    let vendored = root.join("vendor/cache");
    if matches!(project.find_at(&vendored), Found::Directory) {
        if !frozen && !words.has(&["--local", "--no-cache"]) {
            return Err(Refusal::new(format!(
                "{} holds gems, which the install brings up to date",
                project.shown(vendored.as_str())
            )));
        }
        gemfile.needs.directories.push(vendored);
    }
    gemfile.needs.outputs.push(root.join("vendor/bundle"));
    for option in ["--path", "--binstubs", "--standalone"] {
        if !words.has(&[option]) {
            continue;
        }
        let usual = match option {
            "--path" => None,
            "--binstubs" => Some("bin"),
            _ => Some("bundle"),
        };
        let value = words.value(&[option]).and_then(|value| value.known());
        let value = if option == "--standalone" { usual } else { value.or(usual) };
        add_output(&mut gemfile.needs, &root, value);
    }
    let config = root.join(".bundle/config");
    let remembers = words.has(&REMEMBERED);
    if gemfile.add_if_there(&config) {
        let shown = project.shown(config.as_str());
        if remembers {
            return Err(Refusal::new(format!(
                "the install writes its options to {shown}, which is copied too"
            )));
        }
        read_configuration(&mut gemfile.needs, &root, &shown, project)?;
    } else if remembers {
        gemfile.needs.outputs.push(root.join(".bundle"));
    }
    if words.has(&["--local"]) {
        check_gems(&gemfile.needs, project)?;
    }
    Ok(gemfile.finish())
}

/// Gems that are not fetched are there already: in the image, or in the build context, from which they must not be kept out
/// then.
fn check_gems(needs: &Needs, project: &Project<'_>) -> Result<(), Refusal> {
    // Those of vendor/cache are installed like any other.
    let is_made = !needs.directories.is_empty();
    let comes = |path: &&ImagePath| {
        !matches!(path.name(), ".bundle" | "bin")
            && (matches!(project.find_at(path), Found::Directory) || !is_made && project.may_come(path))
    };
    match needs.outputs.iter().find(comes) {
        Some(path) => Err(Refusal::new(format!(
            "with --local it takes the gems that are there, and those in {} may come from the build context",
            project.shown(path.as_str())
        ))),
        None => Ok(()),
    }
}

fn add_output(needs: &mut Needs, root: &ImagePath, path: Option<&str>) {
    if let Some(path) = path.map(|path| root.join(path))
        && path.below(root).is_some()
        && !needs.outputs.contains(&path)
    {
        needs.outputs.push(path);
    }
}

/// `.bundle/config`: `BUNDLE_NAME: "value"` on lines of their own.
fn read_configuration(
    needs: &mut Needs,
    root: &ImagePath,
    shown: &str,
    project: &Project<'_>,
) -> Result<(), Refusal> {
    let text = project.read_text(root.join(".bundle/config").as_str()).unwrap_or_default();
    for (index, line) in text.lines().enumerate() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim().trim_matches(['"', '\'']);
        match name.trim() {
            "BUNDLE_PATH" => add_output(needs, root, Some(value)),
            name if name == "BUNDLE_GEMFILE" || name.starts_with("BUNDLE_LOCAL__") => {
                return Err(Refusal::new(format!("{shown}:{} sets {name}", index + 1)));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What `bundle config` reads and writes in the project. Whether there is a Gemfile decides where a setting goes.
fn configuration(is_local: bool, path: Option<&str>, project: &Project<'_>) -> Needs {
    let mut needs = Needs::default();
    let root = match Gemfile::find(project, None) {
        Ok((gemfile, path)) => {
            needs.files.push(path);
            gemfile.root().clone()
        }
        Err(_) => project.directory().clone(),
    };
    let config = root.join(".bundle/config");
    if matches!(project.find_at(&config), Found::File(_)) {
        needs.files.push(config);
    }
    if is_local {
        needs.outputs.push(root.join(".bundle"));
    }
    add_output(&mut needs, &root, path);
    needs
}

/// bundle-install(1).
const GRAMMAR: Grammar = Grammar {
    valued: &[
        "--gemfile -j --jobs --path --retry --shebang --trust-policy -P --with --without --target-rbconfig",
    ],
    switches: &[
        "--binstubs --standalone --clean --deployment --frozen --full-index --local --no-cache --no-prune --quiet",
        "--redownload --force --system --no-color --verbose -V --prefer-local --version -v --help -h",
    ],
    short: Short::Clustered,
    ends_at_operand: false,
    table: None,
};

#[cfg(test)]
mod tests;
