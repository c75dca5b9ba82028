//! `docs/managers.md` is made here: of what the managers' own files say at their top, and of what each does with an example.
//!
//! `DOCKFIX_UPDATE_DOCS=1 cargo test -p dockfix-ecosystems --test managers_page` writes it anew.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use dockfix_ecosystems::{ALL, CacheKind, Ecosystem, Sharing, recognise};
use dockfix_model::build::Build;
use dockfix_model::commands::Chain;
use dockfix_model::context::Context;
use dockfix_model::images::ImageFacts;
use dockfix_model::project::{Project, Supplies};
use dockfix_syntax::Dockerfile;

/// Manager, image, command, and files of the project besides a source file.
type Example = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const PYPROJECT: &str = "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = []\n\n[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n";
const EXAMPLES: &[Example] = &[
    ("apt", "debian", "apt-get install -y git", &[]),
    ("apk", "alpine", "apk add git", &[]),
    ("dnf", "fedora", "dnf install -y git", &[]),
    ("zypper", "opensuse/leap", "zypper install -y git", &[]),
    ("pacman", "archlinux", "pacman -Sy git", &[]),
    ("npm", "node", "npm ci", &[("package.json", "{}"), ("package-lock.json", "{}")]),
    ("yarn", "node", "yarn install", &[("package.json", "{}"), ("yarn.lock", "# yarn lockfile v1\n")]),
    (
        "pnpm",
        "node",
        "pnpm install",
        &[("package.json", "{}"), ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n")],
    ),
    ("bun", "oven/bun", "bun install", &[("package.json", "{}"), ("bun.lock", "{}")]),
    ("pip", "python", "pip install -r requirements.txt", &[("requirements.txt", "six\n")]),
    ("uv", "python", "uv sync --frozen", &[("pyproject.toml", PYPROJECT), ("uv.lock", "version = 1\n")]),
    (
        "poetry",
        "python",
        "poetry install",
        &[("pyproject.toml", PYPROJECT), ("poetry.lock", "[metadata]\nlock-version = \"2.0\"\n")],
    ),
    (
        "pdm",
        "python",
        "pdm sync",
        &[("pyproject.toml", PYPROJECT), ("pdm.lock", "[metadata]\nlock_version = \"4.5.0\"\n")],
    ),
    ("pipenv", "python", "pipenv sync", &[("Pipfile", ""), ("Pipfile.lock", "{}")]),
    (
        "conda",
        "continuumio/miniconda3",
        "conda env create -f environment.yml",
        &[("environment.yml", "name: a\ndependencies: [python]\n")],
    ),
    ("go", "golang", "go build ./...", &[("go.mod", "module a\n\ngo 1.22\n"), ("go.sum", "")]),
    ("cargo", "rust", "cargo build --release", &[("Cargo.toml", "[package]\nname = \"a\"\n")]),
    (
        "maven",
        "maven",
        "mvn package",
        &[("pom.xml", "<project><modelVersion>4.0.0</modelVersion></project>")],
    ),
    ("gradle", "gradle", "gradle build", &[("build.gradle", "")]),
    ("sbt", "eclipse-temurin", "sbt assembly", &[("build.sbt", "")]),
    (
        "bundler",
        "ruby",
        "bundle install",
        &[
            ("Gemfile", "source \"https://rubygems.org\"\n"),
            (
                "Gemfile.lock",
                "GEM\n  remote: https://rubygems.org/\n  specs:\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n",
            ),
        ],
    ),
    ("gem", "ruby", "gem install rake", &[]),
    (
        "composer",
        "composer",
        "composer install",
        &[
            ("composer.json", "{\"name\": \"a/b\"}"),
            ("composer.lock", "{\"packages\": [], \"packages-dev\": []}"),
        ],
    ),
    (
        "dotnet",
        "mcr.microsoft.com/dotnet/sdk",
        "dotnet publish",
        &[("a.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\" />")],
    ),
    (
        "mix",
        "elixir",
        "mix deps.get",
        &[
            (
                "mix.exs",
                "defmodule A do\n  use Mix.Project\n  def project, do: [app: :a, version: \"1.0.0\", deps: []]\nend\n",
            ),
            ("mix.lock", "%{}\n"),
        ],
    ),
];

#[test]
fn the_page_on_managers_is_current() {
    let page = page();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/managers.md");
    if env::var_os("DOCKFIX_UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == page,
        "docs/managers.md is not what the code says; DOCKFIX_UPDATE_DOCS=1 writes it anew"
    );
}

fn page() -> String {
    let mut page = String::from(
        "# Package managers\n\nWhat dockfix knows of each. This page is made from the code by a test, \
         `ecosystems/tests/managers_page.rs`.\n\n## At a glance\n\nFor an example of each: the command that downloads before \
         the sources are copied (`manifest-first`), what is mounted (`cache-mount`), and what belongs into the ignore file \
         (`dockerignore`).\nA *pure* cache may always be mounted; a *compiled* one unless a later command that is not known may \
         compile without the mount; a *store* only where every later reader has the mount too, \
         and never in an image that is run; an *index* only in the RUN that\nfills it.\n\n\
         | manager | example | before the sources | mounts | ignored |\n|---|---|---|---|---|\n",
    );
    for ecosystem in ALL {
        if let Some(example) = EXAMPLES.iter().find(|(name, ..)| *name == ecosystem.name()) {
            page.push_str(&row(*ecosystem, example));
        }
    }
    let mut sections: Vec<_> = sources().into_iter().filter_map(|path| section(&path)).collect();
    sections.sort_by_key(|(name, _)| ALL.iter().position(|ecosystem| ecosystem.name() == name));
    sections.into_iter().for_each(|(name, text)| write!(page, "\n## {name}\n\n{text}").unwrap());
    page.push_str(
        "\n## Official images\n\nWhat their configuration sets, as far as package managers read it; root in `/` where a column \
         is empty.\n\n| images | working directory | users (uid:gid, home) | environment | source |\n|---|---|---|---|---|\n",
    );
    ImageFacts::all().iter().for_each(|facts| page.push_str(&image(facts)));
    page
}

/// What becomes of an example.
fn row(ecosystem: &dyn Ecosystem, (name, image, command, files): &Example) -> String {
    let text = format!("FROM {image}\nWORKDIR /app\nCOPY . .\nRUN {command}\n");
    let file = Dockerfile::parse(text.as_bytes());
    let build = Build::of(&file);
    let step = build.stages[0].steps.last().unwrap();
    let context = Context::in_memory(files.iter().copied().chain([("src/source", "")]));
    let supplies = Supplies::of_stage(&build, 0, &context);
    let chain = Chain::of(&step.instruction, &step.state).unwrap();
    let command_line = chain.invocations().into_iter().next_back().unwrap();
    let (found, usage) = recognise(command_line, &step.state).unwrap_or_else(|| panic!("{command}"));
    assert_eq!(found.name(), *name, "{command}");
    let project = usage.directory.clone().map(|directory| Project::new(&context, &supplies, directory));
    let before =
        match project.as_ref().map(|project| ecosystem.needs(command_line, &usage, &step.state, project)) {
            None => "reads no project".to_owned(),
            Some(Err(refusal)) => format!("refused: {refusal}"),
            Some(Ok(needs)) => needs
                .prefetch
                .map_or_else(|| "the command itself".to_owned(), |prefetch| format!("`{prefetch}`")),
        };
    let mounts = match ecosystem.caches(command_line, &usage, &step.state, project.as_ref()) {
        Err(refusal) => format!("refused: {refusal}"),
        Ok(plan) if plan.caches.is_empty() => "none".to_owned(),
        Ok(plan) => {
            let shown = plan.caches.iter().map(|cache| {
                let kind = match cache.kind {
                    CacheKind::Pure => "pure",
                    CacheKind::Compiled => "compiled",
                    CacheKind::Store => "store",
                    CacheKind::Index(_) => "index",
                };
                let sharing = if cache.sharing == Sharing::Locked { ", locked" } else { "" };
                format!("`{}` ({kind}{sharing})", cache.directory)
            });
            shown.collect::<Vec<_>>().join("<br>")
        }
    };
    let ignored: Vec<_> = ecosystem.ignored().iter().map(|entry| format!("`{entry}`")).collect();
    format!("| {name} | `{command}` in `{image}` | {before} | {mounts} | {} |\n", ignored.join(" "))
}

/// The files of the crate, at any depth.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The name of the manager that a file is about, and what the file says of it at its top.
fn section(path: &Path) -> Option<(String, String)> {
    let source = fs::read_to_string(path).unwrap();
    let (_, implementation) = source.split_once("\nimpl Ecosystem for ")?;
    let name = implementation.split_once("fn name(&self)")?.1.split('"').nth(1)?;
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let lines = lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)));
    // Links to items of the code lead nowhere here.
    Some((name.to_owned(), lines.collect::<String>().replace("[`", "`").replace("`]", "`")))
}

fn image(facts: &ImageFacts) -> String {
    assert!(!facts.source.is_empty(), "{:?} has no source", facts.repositories);
    let names: Vec<_> = facts.repositories.iter().map(|name| format!("`{name}`")).collect();
    let users = facts
        .users
        .iter()
        .map(|user| (user, ""))
        .chain(facts.alpine_users.iter().map(|user| (user, "on Alpine ")));
    let users =
        users.map(|((name, uid, gid, home), place)| format!("{place}`{name}` ({uid}:{gid}, `{home}`)"));
    let variables = facts.env.iter().map(|(name, value)| format!("`{name}={value}`"));
    let directory = if facts.workdir == "/" { String::new() } else { format!("`{}`", facts.workdir) };
    format!(
        "| {} | {directory} | {} | {} | {} |\n",
        names.join(" "),
        users.collect::<Vec<_>>().join(" "),
        variables.collect::<Vec<_>>().join(" "),
        facts.source
    )
}
