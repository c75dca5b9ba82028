//! Whether anything in a build reads `.git`.
//!
//! A tool that finds a repository stamps its version into what it builds: Go's `-buildvcs`, .NET's SourceLink, Python's
//! setuptools-scm, composer. So do manifests that are programs, and the project's own code that a RUN may run. Where one of
//! them may ask, `.git` stays; and where an image takes it along with a program that asks when it runs.

use std::cell::OnceCell;

use dockfix_model::ImagePath;
use dockfix_model::build::Build;
use dockfix_model::context::{Context, FileType};
use dockfix_syntax::Keyword;
use dockfix_syntax::view::Copy;

use super::User;
use crate::analysis::has_project;
use crate::reading::Reading;

/// Programs in a Dockerfile's RUNs that may read `.git`.
const TOOLS: &[&str] = &[
    "git",
    ".git",
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

/// Keys of package.json with which installs run the project's own code (docs.npmjs.com, "scripts").
const LIFECYCLE: &[&str] = &["\"preinstall\"", "\"install\"", "\"postinstall\"", "\"prepare\""];

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

/// Whether no RUN of the Dockerfiles, nothing that their builds read, and no program that their images take along with it
/// gives a hint that `.git` is read.
pub(super) fn is_unused(users: &[User<'_>]) -> bool {
    if users.iter().any(runs_a_tool) {
        return false;
    }
    // They share the files.
    let (manifests, code) = (OnceCell::new(), OnceCell::new());
    users.iter().all(|user| {
        let (work, is_run) = (Work::of(user), is_run_with_it(user));
        if work == Work::Nothing && !is_run {
            return true;
        }
        let files = manifests.get_or_init(|| Files::of(user.context));
        let is_stamped = work != Work::Nothing && files.stamp;
        let is_installed = work != Work::Nothing && files.run_with_installs;
        let runs_code = work == Work::Unknown || is_installed || is_run;
        !files.are_too_many
            && !is_stamped
            && (!runs_code || !code.get_or_init(|| files.call_git(user.context)))
    })
}

/// Whether an image that may be run takes all of the context, `.git` among it: its programs may show their commit.
fn is_run_with_it(user: &User<'_>) -> bool {
    let reading = Reading::of(user.file);
    let build = &reading.build;
    build.stages.iter().any(|stage| {
        let copied = reading.supplies(stage, user.context).copied().iter();
        let mut whole = copied.filter(|copied| copied.is_directory && copied.source.is_empty());
        whole
            .any(|whole| build.image_of(stage.index).is_some() || is_taken(build, stage.index, &whole.target))
    })
}

/// Whether a later stage copies a directory of a stage, or one above it.
fn is_taken(build: &Build<'_>, stage: usize, directory: &ImagePath) -> bool {
    let later = build.stages.iter().skip(stage + 1);
    let mut steps = later.flat_map(|later| later.steps.iter().map(move |step| (later.index, step)));
    steps.any(|(index, step)| {
        let is_from = |copy: &Copy<'_>| {
            copy.from.as_ref().is_some_and(|from| build.stage_named(from, index) == Some(stage))
        };
        let copy = Copy::of(&step.instruction).filter(is_from);
        let holds = |source: &str| directory.below(&ImagePath::root().join(source)).is_some();
        copy.is_some_and(|copy| copy.sources.iter().any(|source| holds(&source.text)))
    })
}

/// What the RUNs of a Dockerfile do with the project.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    Nothing,
    /// Package managers install or build it.
    Managed,
    /// A command that is not known runs, perhaps code of the project.
    Unknown,
}

impl Work {
    fn of(user: &User<'_>) -> Self {
        let reading = Reading::of(user.file);
        let steps = reading.build.stages.iter().flat_map(|stage| &stage.steps);
        let runs = steps.filter(|step| step.instruction.keyword() == Keyword::Run);
        let work = runs.map(|step| match reading.run(step) {
            Ok(analysis) if analysis.unknown().is_none() => {
                let has_project = analysis.managed().any(|managed| has_project(managed.usage.kind));
                if has_project { Self::Managed } else { Self::Nothing }
            }
            _ => Self::Unknown,
        });
        work.max().unwrap_or(Self::Nothing)
    }
}

fn runs_a_tool(user: &User<'_>) -> bool {
    let reading = Reading::of(user.file);
    let steps = reading.build.stages.iter().flat_map(|stage| &stage.steps);
    steps.filter(|step| step.instruction.keyword() == Keyword::Run).any(|step| {
        let text = String::from_utf8_lossy(step.instruction.span().of(user.file.source())).into_owned();
        let mut words = text.split(|ch: char| {
            ch.is_whitespace()
                || matches!(ch, ';' | '&' | '|' | '(' | ')' | '"' | '\'' | '`' | '=' | ',' | '[' | ']')
        });
        words.any(|word| {
            let name = word.rsplit('/').next().unwrap_or(word);
            TOOLS.contains(&name)
                || script_reads_git(user.context, word)
                // PHP's own image has no git.
                || matches!(name, "composer" | "composer.phar")
                    && step.state.base.repository != "php"
                    && records_the_commit(user.context)
        })
    })
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

/// What the files of a context say of `.git`.
struct Files {
    /// A manifest names what stamps versions.
    stamp: bool,
    /// Not all of them were looked at.
    are_too_many: bool,
    /// Installs run code of the project.
    run_with_installs: bool,
    /// Programs.
    code: Vec<String>,
}

impl Files {
    fn of(context: &Context) -> Self {
        let mut files =
            Self { stamp: false, are_too_many: false, run_with_installs: false, code: Vec::new() };
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
        if is_gemspec || MANIFESTS.contains(&name) {
            let text = context.read(&path).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            self.stamp |= STAMPS.iter().any(|stamp| text.contains(stamp));
            match name {
                "pyproject.toml" => self.stamp |= has_dynamic_version(&text) || names_a_plugin(&text),
                "setup.cfg" => self.stamp |= names_a_plugin(&text),
                "package.json" => {
                    self.run_with_installs |= LIFECYCLE.iter().any(|script| text.contains(script));
                }
                "setup.py" => {
                    self.stamp |= names_a_plugin(&text);
                    self.run_with_installs = true;
                }
                "Gemfile" | "build.rs" | "Makefile" => self.stamp |= calls_git(&text),
                _ if is_gemspec => self.stamp |= calls_git(&text),
                _ => {}
            }
        }
        if extension(name).is_none_or(|extension| CODE.contains(&extension)) && !name.ends_with(".min.js") {
            self.code.push(path);
        }
    }

    fn call_git(&self, context: &Context) -> bool {
        self.code.iter().any(|path| {
            let text = context.read(path).unwrap_or_default();
            let is_text = !text.iter().take(1024).any(|byte| *byte == 0);
            is_text && calls_git(&String::from_utf8_lossy(&text))
        })
    }
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
