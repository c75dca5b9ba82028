//! `cache-mount`: files of settings that a COPY brings.

use super::{check, check_refused};

const NPM: &str = "--mount=type=cache,target=/root/.npm,sharing=locked";

/// A file of settings that a COPY brings may put the cache elsewhere: it is read, and where it cannot be there is no mount.
#[test]
fn settings_that_are_copied_may_move_the_cache() {
    const PYTHON: &str = "[project]\nname = \"a\"\nversion = \"1\"\n";
    /// Image, command, files, what is copied, and why there is no mount.
    type Case =
        (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);
    let cases: &[Case] = &[
        (
            "node:22",
            "npm ci",
            &[(".npmrc", "cache=/c\n")],
            ".npmrc /root/",
            ".npmrc:1 sets cache, which may move npm's cache",
        ),
        (
            "node:22",
            "npm ci",
            &[("etc/npmrc", "a=b\ncache=/c\n")],
            "etc/ /usr/local/etc/",
            "etc/npmrc:2 sets cache, which may move npm's cache",
        ),
        (
            "node:22",
            "npm ci",
            &[(".npmrc", "\u{0}\u{fffd}")],
            "--from=x /x/.npmrc /root/.npmrc",
            "line 3 copies /root/.npmrc, which is not read and may move npm's cache",
        ),
        (
            "node:22",
            "npm ci",
            &[],
            "https://x/.npmrc /root/",
            "line 3 copies /root/.npmrc, which is not read and may move npm's cache",
        ),
        (
            "node:22",
            "npm ci",
            &[],
            "<<E /root/.npmrc\ncache=/c\nE",
            "line 3 sets cache in /root/.npmrc, which may move npm's cache",
        ),
        (
            "node:22",
            "yarn install",
            &[(".yarnrc", "cache-folder \"/c\"\n")],
            ".yarnrc /root/",
            ".yarnrc:1 sets cache-folder, which may move yarn's cache",
        ),
        (
            "node:22",
            "yarn install",
            &[("r.yml", "enableGlobalCache: false\n")],
            "r.yml /root/.yarnrc.yml",
            "r.yml:1 sets enableGlobalCache, which may move yarn's cache",
        ),
        (
            "node:22",
            "pnpm install",
            &[(".npmrc", "store-dir=/c\n")],
            ".npmrc /root/",
            ".npmrc:1 sets store-dir, which may move pnpm's cache",
        ),
        (
            "oven/bun:1",
            "bun install",
            &[("b.toml", "[install.cache]\ndir = \"/c\"\n")],
            "b.toml /root/.bunfig.toml",
            "b.toml:1 sets cache, which may move bun's cache",
        ),
        (
            "python:3",
            "pip install x",
            &[("pip.conf", "[global]\ncache-dir=/c\n")],
            "pip.conf /etc/",
            "pip.conf:2 sets cache-dir, which may move pip's cache",
        ),
        (
            "python:3",
            "pip install x",
            &[("pip/pip.conf", "[global]\ncache-dir=/c\n")],
            "pip /root/.config/pip/",
            "pip/pip.conf:2 sets cache-dir, which may move pip's cache",
        ),
        (
            "python:3",
            "pip install x",
            &[],
            "--from=x /p /etc/pip.conf",
            "line 3 copies /etc/pip.conf, which is not read and may move pip's cache",
        ),
        (
            "ghcr.io/astral-sh/uv:python3.12-bookworm",
            "uv pip install --system x",
            &[("uv.toml", "cache-dir = \"/c\"\n")],
            "uv.toml /etc/uv/",
            "uv.toml:1 sets cache-dir, which may move uv's cache",
        ),
        (
            "python:3",
            "poetry install",
            &[("pyproject.toml", PYTHON), ("c.toml", "cache-dir = \"/c\"\n")],
            "c.toml /root/.config/pypoetry/config.toml",
            "c.toml:1 sets cache-dir, which may move poetry's cache",
        ),
        (
            "python:3",
            "pdm install",
            &[("pyproject.toml", PYTHON), ("c.toml", "cache_dir = \"/c\"\n")],
            "c.toml /root/.config/pdm/config.toml",
            "c.toml:1 sets cache_dir, which may move pdm's cache",
        ),
        (
            "composer:2",
            "composer install",
            &[("c.json", "{\"config\": {\"cache-dir\": \"/c\"}}")],
            "c.json /tmp/config.json",
            "c.json:1 sets cache-dir, which may move composer's cache",
        ),
        (
            "maven:3",
            "mvn package",
            &[("s.xml", "<settings>\n<localRepository>/c</localRepository>\n</settings>")],
            "s.xml /usr/share/maven/conf/settings.xml",
            "s.xml:2 sets localRepository, which may move maven's cache",
        ),
        (
            "maven:3",
            "mvn package",
            &[("m.config", "-Dmaven.repo.local=/c\n")],
            "m.config .mvn/maven.config",
            ".mvn/maven.config may move the local repository",
        ),
        (
            "eclipse-temurin:21",
            "./gradlew build",
            &[("g.properties", "systemProp.gradle.user.home=/c\n")],
            "g.properties gradle.properties",
            "g.properties:1 sets gradle.user.home, which may move gradle's cache",
        ),
        (
            "ruby:3",
            "bundle install",
            &[("config", "---\nBUNDLE_PATH: \"/c\"\n")],
            "config /usr/local/bundle/config",
            "config:2 sets BUNDLE_PATH, which may move bundler's cache",
        ),
        (
            "ruby:3",
            "bundle install",
            &[("config", "BUNDLE_PATH: \"/c\"\n")],
            "config .bundle/config",
            "config:1 sets BUNDLE_PATH, which may move bundler's cache",
        ),
        (
            "mcr.microsoft.com/dotnet/sdk:8.0",
            "dotnet restore",
            &[(
                "n",
                "<configuration><config><add key=\"globalPackagesFolder\" value=\"/c\" /></config></configuration>",
            )],
            "n /root/.nuget/NuGet/NuGet.Config",
            "n:1 sets globalPackagesFolder, which may move dotnet's cache",
        ),
        (
            "golang:1.22",
            "go mod download",
            &[("env", "GOMODCACHE=/c\n")],
            "env /root/.config/go/env",
            "env:1 sets GOMODCACHE, which may move go's cache",
        ),
    ];
    for (image, run, files, copy, reason) in cases {
        let keyword = if copy.starts_with("http") { "ADD" } else { "COPY" };
        let mut all = vec![
            ("package.json", "{}"),
            ("package-lock.json", "{}"),
            ("yarn.lock", "# yarn lockfile v1\n"),
            ("Gemfile", ""),
            ("go.mod", "module a\n"),
            ("pom.xml", "<project></project>"),
            ("a.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\"></Project>"),
            ("composer.json", "{}"),
        ];
        all.extend(files.iter().copied());
        let names = "package.json package-lock.json yarn.lock Gemfile go.mod pom.xml a.csproj composer.json";
        let names = if files.iter().any(|(name, _)| *name == "pyproject.toml") {
            format!("{names} pyproject.toml")
        } else {
            names.to_owned()
        };
        let lines = copy.lines().count() - 1;
        check_refused(
            &["cache-mount"],
            &all,
            &format!(
                "FROM {image} AS build\nWORKDIR /app\n{keyword} {copy}\nCOPY {names} ./\nRUN {run}\n\nFROM scratch\nCOPY --from=build /app/x /x\n"
            ),
            &[&format!("{}: {reason}", 5 + lines)],
        );
    }
}

/// Settings that leave the cache alone stop nothing, nor do those of others.
#[test]
fn settings_that_move_nothing_are_no_hindrance() {
    let files = &[
        ("package.json", "{}"),
        ("package-lock.json", "{}"),
        (".npmrc", "//registry.npmjs.org/:_authToken=${NPM_TOKEN}\n# cache=/c\ncache-min=3\n"),
        ("pip.conf", "[global]\nindex-url = https://x\n"),
    ];
    let file = |mount: &str| {
        format!(
            "FROM node:22\nWORKDIR /app\nCOPY .npmrc /root/\nCOPY pip.conf /etc/\nCOPY package.json package-lock.json .npmrc ./\nRUN {mount}npm ci\n"
        )
    };
    check(&["cache-mount"], files, &file(""), &file(&format!("{NPM} ")));
}
