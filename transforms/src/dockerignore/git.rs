//! Who in a build may read the data of version control: `.git`, `.hg`, `.svn`.
//!
//! A tool that finds a repository stamps its version into what it builds: Go's `-buildvcs`, .NET's SourceLink, Python's
//! setuptools-scm, composer. So do plugins of bundlers and of site generators, of which there is no end; no list of them is
//! complete. So a repository stays out only where each command that finds it is known not to ask, or where there is no git that it
//! could ask and nothing is named that reads the data by itself. Where an image takes it along, libraries that ask when the
//! program starts count too.

use std::cell::OnceCell;

use dockfix_ecosystems::{asks_for_no_commit, plain, recognise};
use dockfix_model::ImagePath;
use dockfix_model::build::{Stage, Step};
use dockfix_model::commands::Invocation;
use dockfix_model::context::{Context, FileType, IgnoreFile};
use dockfix_model::dockerignore::Dockerignore;
use dockfix_model::project::{Project, Supplies};
use dockfix_syntax::Keyword;
use dockfix_syntax::view::{Copy, MountKind};

use super::program::lacks_git;
use super::{User, VERSION_CONTROL, append, libraries};
use crate::analysis::{Analysis, Managed, has_project};
use crate::naming::{shown, told};
use crate::reading::Reading;

/// Programs in a Dockerfile's RUNs that may read `.git`.
const TOOLS: &[&str] = &[
    "git",
    ".git",
    "hg",
    ".hg",
    "svn",
    ".svn",
    "svnversion",
    "go",
    "dotnet",
    "mvn",
    "mvnw",
    "mvnd",
    "gradle",
    "gradlew",
    "sbt",
    "mix",
    "rebar3",
    "cargo",
    "make",
    "cmake",
    "meson",
    "bazel",
    "goreleaser",
    "lerna",
    "nx",
    "turbo",
    "semantic-release",
    "hatch",
    "flit",
    "tox",
    "nox",
    "xx-go",
    "xx-cargo",
    "mage",
    "task",
    "just",
    "rake",
    "ant",
];

/// Words in manifests that tell of one.
const STAMPS: &[&str] = &[
    "setuptools_scm",
    "setuptools-scm",
    "hatch-vcs",
    "versioneer",
    "versioningit",
    "pbr",
    "dunamai",
    "poetry-dynamic-versioning",
    "uv-dynamic-versioning",
    "poetry-version-plugin",
    "pdm-scm",
    "vergen",
    // Fail where there is no repository.
    "git config",
    "lefthook",
    "git rev-parse",
    "git describe",
    "git log",
    "git-rev",
    "git-describe",
    "gitversion",
    "git-commit-id",
    "simple-git",
    "isomorphic-git",
    "git-revision",
    "child_process",
    "enableGitInfo",
    "showLastUpdate",
];

/// Manifests that are looked through, wherever they lie: what they say holds for the project around them.
const MANIFESTS: &[&str] = &[
    "package.json",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "Cargo.toml",
    "build.rs",
    "Makefile",
    "webpack.config.js",
    "vite.config.js",
    "vite.config.ts",
    "next.config.js",
    "next.config.mjs",
    "next.config.ts",
    "vue.config.js",
    "nuxt.config.js",
    "nuxt.config.ts",
    "angular.json",
    "Gemfile",
    "composer.json",
    "mkdocs.yml",
    "hugo.toml",
    "docusaurus.config.js",
    "docusaurus.config.ts",
];

/// What the names of programs end in that a RUN may load.
const CODE: &[&str] = &[
    "py", "rb", "rake", "ru", "gemspec", "php", "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "sh",
    "bash", "pl", "ex", "exs", "lua", "r", "R",
];

/// Directories of packages, and what tools make.
const FOREIGN: &[&str] = &[
    ".git",
    "node_modules",
    "vendor",
    "bower_components",
    "site-packages",
    ".venv",
    "venv",
    "target",
    "dist",
];

/// Reading code stops to be worthwhile here.
const LIMIT: usize = 10_000;

/// Who may read the data of version control in the context, as a reason why it stays; `None` where nobody does.
pub(super) fn reader(users: &[User<'_>]) -> Option<String> {
    // They share the files.
    let (files, asks) = (OnceCell::new(), OnceCell::new());
    users.iter().find_map(|user| {
        let files = || files.get_or_init(|| Files::of(user.context));
        let code = || asks.get_or_init(|| files().calling(user.context)).as_deref();
        Sight { user, reading: Reading::of(user.file), files: &files, code: &code }.reader()
    })
}

/// A Dockerfile, and what the files of its context say of version control. They are looked through when somebody asks.
struct Sight<'s, 'f, 'a> {
    user: &'s User<'a>,
    reading: Reading<'s>,
    files: &'s dyn Fn() -> &'f Files,
    /// A file of code that calls git.
    code: &'s dyn Fn() -> Option<&'f str>,
}

/// Where the data lies in the image of a stage, from a step on.
struct Lies {
    step: usize,
    beside: ImagePath,
    /// The line that brings it.
    line: usize,
}

impl Sight<'_, '_, '_> {
    fn reader(&self) -> Option<String> {
        let build = &self.reading.build;
        let mut lies: Vec<Vec<Lies>> = Vec::new();
        for stage in &build.stages {
            let here = self.lies_in(stage, &lies);
            lies.push(here);
        }
        for stage in &build.stages {
            for (index, step) in stage.steps.iter().enumerate() {
                let is_found = lies[stage.index].iter().any(|it| it.step < index)
                    || self.reading.build.ancestors(stage.index).iter().any(|above| !lies[*above].is_empty());
                if step.instruction.keyword() == Keyword::Run
                    && (is_found || self.mounts_it(stage, step, &lies))
                    && let Some(reason) = self.read_by_run(stage, index, step)
                {
                    return Some(reason);
                }
            }
        }
        build.stages.iter().find_map(|stage| {
            let image = build.image_of(stage.index)?;
            let line = lies[stage.index].first()?.line;
            let who = self.read_by_image(image)?;
            Some(format!("{} takes it along into an image, and {who}", self.user.line(line)))
        })
    }

    /// Where the COPYs of a stage put it.
    fn lies_in(&self, stage: &Stage<'_>, earlier: &[Vec<Lies>]) -> Vec<Lies> {
        let build = &self.reading.build;
        let line = |step: usize| stage.steps.get(step).map_or(0, |step| step.instruction.start_line());
        let supplies = self.reading.supplies(stage, self.user.context);
        let whole = supplies.copied().iter().filter(|copied| copied.is_directory && copied.source.is_empty());
        let whole = whole.filter_map(|copied| {
            let step = copied.step?;
            Some(Lies { step, beside: copied.target.clone(), line: line(step) })
        });
        let mut lies: Vec<_> = whole.collect();
        for (index, step) in stage.steps.iter().enumerate() {
            let Some(copy) = Copy::of(&step.instruction) else { continue };
            let from = copy.from.as_deref().and_then(|from| build.stage_named(from, stage.index));
            let Some(from) = from else { continue };
            let target = step.state.path(&copy.destination.text, step.instruction.file().escape());
            let target = target.unwrap_or_else(ImagePath::root);
            let stages = build.ancestors(from).into_iter().chain([from]);
            for it in stages.flat_map(|from| &earlier[from]) {
                for source in &copy.sources {
                    // What a wildcard or a variable stands for may be it.
                    let known = source.text.split(['*', '?', '[', '$']).next().unwrap_or_default();
                    let known = if known.len() == source.text.len() {
                        known
                    } else {
                        known.rsplit_once('/').map_or("", |(above, _)| above)
                    };
                    if let Some(below) =
                        it.beside.below(&ImagePath::root().join(known.trim_start_matches('/')))
                    {
                        lies.push(Lies { step: index, beside: target.join(below), line: line(index) });
                    }
                }
            }
        }
        lies
    }

    /// Whether a RUN mounts it.
    fn mounts_it(&self, stage: &Stage<'_>, step: &Step<'_>, lies: &[Vec<Lies>]) -> bool {
        let mut binds = step.instruction.mounts().iter().filter(|mount| mount.kind == MountKind::Bind);
        binds.any(|mount| match mount.from() {
            None => matches!(mount.source().unwrap_or_default().trim_matches('/'), "" | "."),
            Some(from) => self.reading.build.stage_named(from, stage.index).is_some_and(|from| {
                let mut stages = self.reading.build.ancestors(from).into_iter().chain([from]);
                stages.any(|from| !lies[from].is_empty())
            }),
        })
    }

    /// Why a RUN may read it.
    fn read_by_run(&self, stage: &Stage<'_>, index: usize, step: &Step<'_>) -> Option<String> {
        let line = self.user.line(step.instruction.start_line());
        let lacks_git = || lacks_git(&self.reading.build, &self.reading, stage.index, index + 1);
        if let Some(tool) = self.tool(step, &lacks_git) {
            return Some(format!("`{tool}` in {line} may look for the commit there"));
        }
        let unknown = match self.reading.run(step) {
            Ok(analysis) => self.unknown(stage, step, analysis)?,
            Err(reason) => reason.to_string(),
        };
        if !lacks_git() {
            return Some(format!("{unknown} in {line} may ask git for the commit"));
        }
        // There is no git to ask, but what reads the data by itself.
        let files = (self.files)();
        let who = if files.are_too_many {
            Some("the files are too many to look through".to_owned())
        } else {
            let stamp = files.stamp.as_ref().map(|path| format!("{path} names what does"));
            let code = || (self.code)().map(|path| format!("{path} does"));
            let package = || files.reader.as_ref().map(|(path, name)| format!("{path} names {name}"));
            stamp.or_else(package).or_else(code)
        };
        who.map(|who| format!("{unknown} in {line} may run code that reads it: {who}"))
    }

    /// The first command of a RUN that is not known to leave it alone, for a message.
    fn unknown(&self, stage: &Stage<'_>, step: &Step<'_>, analysis: &Analysis<'_>) -> Option<String> {
        if analysis.chain.opaque().is_some() {
            return analysis.unknown().map(str::to_owned);
        }
        let name = |command: &Invocation<'_>| format!("`{}`", told(command, analysis.chain.text));
        for (number, link) in analysis.chain.links.iter().enumerate() {
            if analysis.unknown_in(number).is_none() {
                continue;
            }
            let commands = analysis.chain.invocations();
            let mut commands = commands
                .iter()
                .filter(|command| link.span.start <= command.span.start && command.span.end <= link.span.end);
            let asks = |command: &&&Invocation<'_>| {
                plain::effects(command, &step.state).is_none()
                    && recognise(command, &step.state).is_none()
                    && !self.is_quiet(stage, command)
            };
            if let Some(command) = commands.find(asks) {
                return Some(name(command));
            }
        }
        let mut managed = analysis.managed().filter(|managed| has_project(managed.usage.kind));
        let asks = managed.find(|managed| !self.installs_alone(stage, analysis, managed))?;
        Some(format!("`{}`", shown(asks, analysis)))
    }

    /// Whether a command that no manager knows further is known not to ask.
    fn is_quiet(&self, stage: &Stage<'_>, command: &Invocation<'_>) -> bool {
        let arguments: Vec<_> = command.arguments.iter().filter_map(|word| word.value.as_deref()).collect();
        if command.program.starts_with("python") && matches!(&arguments[..], ["-m", "compileall", ..]) {
            return true;
        }
        let Some(directory) = command.directory.clone() else { return false };
        let supplies = self.reading.supplies(stage, self.user.context);
        asks_for_no_commit(command, &Project::new(self.user.context, supplies, directory))
    }

    /// Whether an install reads nothing but what is known, and builds nothing that might ask.
    fn installs_alone(&self, stage: &Stage<'_>, analysis: &Analysis<'_>, managed: &Managed<'_>) -> bool {
        let Some(directory) = managed.usage.directory.clone() else { return false };
        // Scripts that put hooks into a repository do nothing where there is none.
        let context = self.user.context;
        let path = context.ignore().path().unwrap_or(".dockerignore").to_owned();
        let data = VERSION_CONTROL.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let rules = Dockerignore::parse(&append(context.ignore().rules().source(), &data));
        let bare = context.with_ignore(IgnoreFile::new(&path, rules));
        let supplies = Supplies::of_stage(&self.reading.build, stage.index, &bare);
        let project = Project::new(&bare, &supplies, directory);
        let ecosystem = managed.ecosystem;
        let reads = |manifest: &str| ecosystem.manifests().contains(&manifest);
        match ecosystem.needs(managed.command(), &managed.usage, analysis.state(), &project) {
            Ok(needs) if needs.prefetch.is_none() => (self.files)().hooks.is_none(),
            // What is built of the project itself is built by what its manifest names.
            _ if reads("pyproject.toml") => {
                let files = (self.files)();
                let mut words = managed.command().arguments.iter().map(|word| word.value.as_deref());
                // The directories that are not looked through.
                let is_seen = |word: &str| !word.split('/').any(|part| FOREIGN.contains(&part));
                files.stamp.is_none()
                    && files.has_plain_python
                    && !files.are_too_many
                    && words.all(|word| word.is_some_and(is_seen))
            }
            Ok(_) if reads("composer.json") => {
                let text = context.read("composer.json").unwrap_or_default();
                !records_the_commit(context) && !String::from_utf8_lossy(&text).contains("\"scripts\"")
            }
            _ => false,
        }
    }

    /// Why a program in an image may ask when it runs.
    fn read_by_image(&self, image: &Stage<'_>) -> Option<String> {
        let files = (self.files)();
        if files.are_too_many {
            return Some(
                "the files are too many to look through for code that asks for its commit".to_owned(),
            );
        }
        if let Some((path, name)) = &files.reader {
            return Some(format!("{path} names {name}"));
        }
        if let Some(path) = (self.code)() {
            return Some(format!("{path} asks for its commit"));
        }
        let lacks_git = || lacks_git(&self.reading.build, &self.reading, image.index, usize::MAX);
        let (path, name) = files.reporter.as_ref()?;
        (!lacks_git()).then(|| format!("{path} names {name}, which asks for its commit when it starts"))
    }

    /// A word of a RUN that names a tool, or a script of the context that names git.
    fn tool(&self, step: &Step<'_>, lacks_git: &dyn Fn() -> bool) -> Option<String> {
        let context = self.user.context;
        let text = String::from_utf8_lossy(step.instruction.span().of(self.user.file.source())).into_owned();
        let mut words = text.split(|ch: char| {
            ch.is_whitespace()
                || matches!(ch, ';' | '&' | '|' | '(' | ')' | '"' | '\'' | '`' | '=' | ',' | '[' | ']')
        });
        let found = words.find(|word| {
            let name = word.rsplit('/').next().unwrap_or(word);
            TOOLS.contains(&name)
                || script_reads_git(context, word)
                || matches!(name, "composer" | "composer.phar") && records_the_commit(context) && !lacks_git()
        });
        found.map(str::to_owned)
    }
}

/// Whether composer looks for the commit: it does where composer.json has no version (composer/composer,
/// `RootPackageLoader::load`).
fn records_the_commit(context: &Context) -> bool {
    let text = context.read("composer.json").unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    !text.is_empty() && !text.contains("\"version\"")
}

/// Whether a script of the context that a RUN names names git.
fn script_reads_git(context: &Context, word: &str) -> bool {
    let path = word.trim_start_matches("./");
    if path.is_empty() || path.starts_with(['/', '-', '$']) || !path.contains(['/', '.']) {
        return false;
    }
    let is_code = extension(path).is_none_or(|extension| CODE.contains(&extension));
    is_code
        && context.read(path).is_ok_and(|text| {
            String::from_utf8_lossy(&text)
                .split(|ch: char| !ch.is_alphanumeric() && ch != '.')
                .any(|word| word == "git" || word == ".git")
        })
}

fn extension(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, extension)| extension)
}

/// What the files of a context say of version control.
struct Files {
    /// The manifest that names what stamps versions.
    stamp: Option<String>,
    /// The package.json whose scripts fail where there is no repository.
    hooks: Option<String>,
    /// A manifest or a lock file, and the package there that reads repositories.
    reader: Option<(String, String)>,
    /// The same for one that asks when a program starts.
    reporter: Option<(String, String)>,
    /// What builds Python packages of the project is known to ask nothing.
    has_plain_python: bool,
    /// Not all of them were looked at.
    are_too_many: bool,
    /// Programs.
    code: Vec<String>,
}

impl Files {
    fn of(context: &Context) -> Self {
        let mut files = Self {
            stamp: None,
            hooks: None,
            reader: None,
            reporter: None,
            has_plain_python: true,
            are_too_many: false,
            code: Vec::new(),
        };
        let mut directories = vec![String::new()];
        let mut seen = 0;
        while let Some(directory) = directories.pop() {
            for entry in context.list(&directory).unwrap_or_default().iter() {
                let name = &*entry.name;
                let path = if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
                match entry.file_type {
                    FileType::Dir if FOREIGN.contains(&name) => {}
                    FileType::Dir => directories.push(path),
                    FileType::File | FileType::Symlink => files.add(context, path, name),
                    _ => {}
                }
                seen += 1;
            }
            files.are_too_many = seen > 10 * LIMIT || files.code.len() > LIMIT;
            if files.are_too_many {
                break;
            }
        }
        files
    }

    fn add(&mut self, context: &Context, path: String, name: &str) {
        let is_gemspec = name.ends_with(".gemspec");
        let is_manifest = is_gemspec || MANIFESTS.contains(&name);
        if is_manifest || libraries::may_name_packages(name) {
            let text = context.read(&path).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            if self.reader.is_none() {
                self.reader = libraries::reader(&text).map(|name| (path.clone(), name));
            }
            if self.reporter.is_none() {
                self.reporter = libraries::reporter(&text).map(|name| (path.clone(), name));
            }
            if is_manifest && self.is_stamped(name, &text) {
                self.stamp.get_or_insert_with(|| path.clone());
            }
            if name == "package.json" && ["git config", "lefthook"].iter().any(|hook| text.contains(hook)) {
                self.hooks.get_or_insert_with(|| path.clone());
            }
        }
        if extension(name).is_none_or(|extension| CODE.contains(&extension)) && !name.ends_with(".min.js") {
            self.code.push(path);
        }
    }

    /// Whether a manifest names what stamps versions.
    fn is_stamped(&mut self, name: &str, text: &str) -> bool {
        let is_named = STAMPS.iter().any(|stamp| text.contains(stamp));
        is_named
            || match name {
                "pyproject.toml" => {
                    self.has_plain_python &= has_plain_backend(text);
                    has_dynamic_version(text) || names_a_plugin(text)
                }
                "setup.cfg" | "setup.py" => {
                    // Either may run anything.
                    self.has_plain_python = false;
                    names_a_plugin(text)
                }
                "Gemfile" | "build.rs" | "Makefile" => calls_git(text),
                _ => name.ends_with(".gemspec") && calls_git(text),
            }
    }

    /// The first program that calls git.
    fn calling(&self, context: &Context) -> Option<String> {
        let mut code = self.code.iter();
        let calling = code.find(|path| {
            let text = context.read(path).unwrap_or_default();
            let is_text = !text.iter().take(1024).any(|byte| *byte == 0);
            is_text && calls_git(&String::from_utf8_lossy(&text))
        });
        calling.cloned()
    }
}

/// Whether what builds a Python package loads no code of others or of the project: poetry-core asks git which files are ignored
/// (poetry/core/masonry/builders/builder.py), hooks and plugins may ask anything.
fn has_plain_backend(text: &str) -> bool {
    const BACKENDS: [&str; 7] =
        ["setuptools", "wheel", "hatchling", "flit_core", "flit-core", "uv_build", "uv-build"];
    let Some((_, rest)) = text.split_once("requires") else { return !text.contains("[build-system]") };
    // `requires-python` of [project] stands elsewhere.
    let Some(list) = rest.trim_start().strip_prefix('=') else {
        return has_plain_backend(rest);
    };
    let mut names = list.split(']').next().unwrap_or_default().split(['"', '\'']).skip(1).step_by(2);
    let is_plain = names.all(|name| {
        let name = name.split(|ch: char| !(ch.is_alphanumeric() || matches!(ch, '_' | '-'))).next();
        name.is_some_and(|name| BACKENDS.contains(&name))
    });
    is_plain && !["backend-path", "build.hooks", "cmdclass"].iter().any(|hook| text.contains(hook))
}

/// Which of `names`, directories in the root of the context, a file there names, and that file: a program may read a key by its
/// path.
pub(super) fn named_by_files(context: &Context, names: &[&'static str]) -> Vec<(&'static str, String)> {
    let mut named = Vec::new();
    if names.is_empty() {
        return named;
    }
    let mut directories = vec![String::new()];
    while let Some(directory) = directories.pop() {
        for entry in context.list(&directory).unwrap_or_default().iter() {
            let name = &*entry.name;
            let path = if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
            match entry.file_type {
                FileType::Dir if FOREIGN.contains(&name) || names.contains(&name) => {}
                FileType::Dir => directories.push(path),
                // What keeps things out, or tells people of them, is no use of them.
                _ if ["ignore", ".md", ".rst", ".adoc"].iter().any(|end| name.ends_with(end)) => {}
                _ => {
                    let text = context.read(&path).unwrap_or_default();
                    let is_part =
                        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
                    let words = || text.split(|byte| !is_part(byte));
                    let missing = names.iter().filter(|name| named.iter().all(|(known, _)| known != *name));
                    let found = missing.filter(|name| words().any(|word| word == name.as_bytes()));
                    let found: Vec<_> = found.map(|name| (*name, path.clone())).collect();
                    named.extend(found);
                }
            }
        }
    }
    named
}

/// `dynamic = ["version"]` (packaging.python.org, "pyproject.toml specification"): something else says which.
fn has_dynamic_version(text: &str) -> bool {
    text.split("dynamic").skip(1).any(|rest| {
        rest.trim_start()
            .strip_prefix('=')
            .is_some_and(|list| list.split(']').next().unwrap_or_default().contains("version"))
    })
}

/// Whether a name has one of the names of version control as a part; addresses of repositories aside.
fn names_a_plugin(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.contains("://") && !line.contains("git@"));
    let mut words = lines.flat_map(|line| line.split(|ch: char| !ch.is_alphanumeric()));
    words.any(|word| matches!(word, "git" | "scm" | "vcs"))
}

/// What git can be asked for that it finds in `.git`.
const QUESTIONS: &[&str] = &[
    "-",
    "blame",
    "branch",
    "cat-file",
    "config",
    "describe",
    "diff",
    "for-each-ref",
    "log",
    "ls-files",
    "ls-tree",
    "name-rev",
    "rev-list",
    "rev-parse",
    "shortlog",
    "show",
    "status",
    "symbolic-ref",
    "tag",
];

/// Libraries that read repositories.
const LIBRARIES: &[&str] =
    &["pygit2", "dulwich", "rugged", "simple-git", "isomorphic-git", "nodegit", "git-revision", "gitversion"];

/// Whether a program asks git, loads a library that does, or names `.git`.
fn calls_git(text: &str) -> bool {
    if LIBRARIES.iter().any(|library| text.contains(library)) {
        return true;
    }
    text.match_indices("git").any(|(at, word)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        let ends = !after.starts_with(|ch: char| ch.is_alphanumeric() || matches!(ch, '_' | '-' | '.' | '@'));
        if !ends {
            return false;
        }
        if let Some(before) = before.strip_suffix('.') {
            // `.git`, and not the end of an address.
            return !before.ends_with(|ch: char| {
                ch.is_alphanumeric() || matches!(ch, '_' | '-' | '.' | ')' | '}' | ']')
            });
        }
        if before.ends_with(|ch: char| ch.is_alphanumeric() || matches!(ch, '_' | '-' | '@')) {
            return false;
        }
        let quote = before.chars().next_back().filter(|ch| matches!(ch, '"' | '\'' | '`'));
        let is_quoted = quote.is_some_and(|quote| after.starts_with(quote));
        let question = after.strip_prefix(' ').unwrap_or_default().trim_start();
        let asks = QUESTIONS.iter().any(|word| question.starts_with(word));
        is_quoted
            || asks
            || before.ends_with("import ")
            || before.ends_with("from ") && question.starts_with("import")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_from_addresses() {
        for text in [
            "subprocess.check_output([\"git\", \"rev-parse\"])",
            "V = `git rev-parse HEAD`",
            "exec('git log -n1')",
            "%x(git --git-dir=x describe)",
            "import git\n",
            "from git import Repo",
            "open('.git/HEAD')",
            "path.join(root, '.git')",
            "require 'rugged'",
            "/usr/bin/git status",
        ] {
            assert!(calls_git(text), "{text}");
        }
        for text in [
            "https://github.com/a/b.git",
            "git@host:a/b.git/",
            "digital",
            "'.gitignore'",
            "`${x}.git`",
            "git clone https://x",
            "legit log",
        ] {
            assert!(!calls_git(text), "{text}");
        }
    }

    #[test]
    fn plugins_are_told_by_parts_of_their_names() {
        for text in
            ["requires = [\"setuptools-git\"]", "flit_scm", "source=\"scm\"", "[tool.hatch.build.hooks.vcs]"]
        {
            assert!(names_a_plugin(text), "{text}");
        }
        assert!(!names_a_plugin("url = \"https://x/y.git\"\ndigital"));
        assert!(has_dynamic_version("dynamic=[\n  'readme',\n  'version',\n]"));
        assert!(!has_dynamic_version("dynamic = [\"readme\"]\nversion = '1'"));
    }
}
