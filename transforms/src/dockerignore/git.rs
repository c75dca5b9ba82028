//! Whether anything in a build reads `.git`.
//!
//! A tool that finds a repository stamps its version into what it builds: Go's `-buildvcs`, .NET's SourceLink, Python's
//! setuptools-scm, build scripts that call git. Where one of them may run, `.git` stays.

use dockfix_syntax::Keyword;

use super::User;

/// Words in a Dockerfile's RUNs that tell of a tool that may read `.git`.
const TOOLS: &[&str] = &[
    "git",
    ".git",
    "go",
    "dotnet",
    "mvn",
    "./mvnw",
    "mvnw",
    "gradle",
    "./gradlew",
    "gradlew",
    "sbt",
    "mix",
    "cargo",
    "make",
    "cmake",
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
    "pbr",
    "dunamai",
    "poetry-dynamic-versioning",
    "poetry-version-plugin",
    "pdm-scm",
    "source = \"scm\"",
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
];

/// Manifests at the root that are looked through.
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
];

/// Whether no RUN of the Dockerfiles, and no manifest that their builds read, gives a hint that `.git` is read.
pub(super) fn is_unused(users: &[User<'_>]) -> bool {
    users.iter().all(|user| !runs_a_tool(user) && !stamps(user))
}

fn runs_a_tool(user: &User<'_>) -> bool {
    user.file.instructions().filter(|instruction| instruction.keyword() == Keyword::Run).any(|run| {
        let text = String::from_utf8_lossy(run.span().of(user.file.source())).into_owned();
        let is_script = |word: &str| {
            let word = word.trim_start_matches("./");
            [".sh", ".py", ".rb", ".pl", ".js", ".mjs", ".ts"].iter().any(|end| word.ends_with(end))
                && script_reads_git(user, word)
        };
        text.split(|ch: char| {
            ch.is_whitespace() || matches!(ch, ';' | '&' | '|' | '(' | ')' | '"' | '\'' | '`' | '=')
        })
        .any(|word| TOOLS.contains(&word) || word.ends_with("/.git") || is_script(word))
    })
}

/// Whether a script of the context names git, or cannot be read.
fn script_reads_git(user: &User<'_>, path: &str) -> bool {
    match user.context.read(path) {
        Ok(text) => String::from_utf8_lossy(&text)
            .split(|ch: char| !ch.is_alphanumeric() && ch != '.')
            .any(|word| word == "git" || word == ".git"),
        Err(_) => false,
    }
}

fn stamps(user: &User<'_>) -> bool {
    MANIFESTS.iter().any(|manifest| {
        user.context.read(manifest).is_ok_and(|text| {
            let text = String::from_utf8_lossy(&text);
            STAMPS.iter().any(|stamp| text.contains(stamp))
        })
    })
}
