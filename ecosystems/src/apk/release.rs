//! Which release of Alpine Linux an image is made of, as far as its name tells.

use dockfix_model::images::BaseImage;

/// The first release of Alpine 3 whose apk has `--force-refresh`.
const NEEDED: u32 = 7;

/// The last release of Alpine 3 that a tag of a foreign image may mean, some years ahead of 3.24 (2026, two a year): a greater
/// number is the image's own version.
const LAST: u32 = 34;

/// Official images whose Alpine variants need not name the release: the image's own version from which on every one is
/// made of Alpine 3.7 (November 2017) or later, and earlier versions whose tags were moved on until then. An exact tag of an
/// earlier version may be older.
///
/// Source: the images' Dockerfiles (docker-library/*, nodejs/docker-node, dotnet/dotnet-docker), with a margin.
const OFFICIAL: &[(&str, u32, u32, &[&str])] = &[
    ("node", 12, 0, &["8", "10"]),
    ("python", 3, 7, &["2", "2.7", "3", "3.6"]),
    ("golang", 1, 10, &["1"]),
    ("ruby", 2, 6, &["2", "2.4", "2.5"]),
    ("php", 7, 3, &["5", "5.6", "7", "7.1", "7.2"]),
    ("openjdk", 11, 0, &["8"]),
    ("eclipse-temurin", 8, 0, &[]),
    ("amazoncorretto", 8, 0, &[]),
    ("rust", 1, 34, &["1"]),
    ("erlang", 22, 0, &["21"]),
    ("elixir", 1, 9, &["1"]),
    ("jetty", 10, 0, &[]),
    ("maven", 3, 6, &["3"]),
    ("gradle", 5, 0, &[]),
    ("composer", 1, 8, &["1"]),
    ("docker", 19, 0, &["18"]),
    ("nginx", 1, 16, &["1"]),
    ("httpd", 3, 0, &["2", "2.4"]),
    ("caddy", 2, 0, &[]),
    ("haproxy", 2, 0, &["1.8"]),
    ("redis", 5, 0, &["4"]),
    ("memcached", 1, 6, &["1"]),
    ("postgres", 11, 0, &["9", "9.5", "9.6", "10"]),
    ("rabbitmq", 3, 8, &["3"]),
    ("mcr.microsoft.com/dotnet/sdk", 2, 1, &[]),
    ("mcr.microsoft.com/dotnet/aspnet", 2, 1, &[]),
    ("mcr.microsoft.com/dotnet/runtime", 2, 1, &[]),
    ("mcr.microsoft.com/dotnet/runtime-deps", 2, 1, &[]),
    // Of others: versions that are a year or more younger than Alpine 3.7.
    ("bash", 5, 0, &[]),
    ("nginxinc/nginx-unprivileged", 1, 16, &["1"]),
    ("jenkins/jenkins", 2, 200, &[]),
    ("hashicorp/terraform", 1, 0, &[]),
    ("kong", 3, 0, &[]),
    ("crystallang/crystal", 1, 0, &[]),
    ("telegraf", 1, 20, &[]),
    ("traefik", 2, 0, &[]),
    ("registry", 2, 8, &["2"]),
    ("azul/zulu-openjdk-alpine", 15, 0, &[]),
    ("oven/bun", 0, 0, &[]),
    ("ghcr.io/astral-sh/uv", 0, 0, &[]),
];

/// Images whose every tag is made of a later Alpine, or of Wolfi, which is younger: they were first published after 2017 (cargo-chef
/// and deno's in 2020, AdoptOpenJDK 11 in 2018).
const YOUNG: &[&str] = &[
    "cgr.dev/",
    "hexpm/",
    "ghcr.io/astral-sh/",
    "oven/bun",
    "denoland/deno",
    "lukemathwalker/cargo-chef",
    "adoptopenjdk/openjdk11",
];

/// Where the official images for single architectures lie.
const ARCHITECTURES: &[&str] =
    &["amd64/", "arm32v5/", "arm32v6/", "arm32v7/", "arm64v8/", "i386/", "ppc64le/", "riscv64/", "s390x/"];

/// Whether the apk of an image has `--force-refresh`.
///
/// # Errors
/// It has not, or cannot be told to have: the reason.
pub(super) fn has_force_refresh(image: &BaseImage) -> Result<(), String> {
    let old = |release: &str| {
        format!(
            "apk of Alpine {release} has no --force-refresh, so the index in the cache could be an old one"
        )
    };
    let repository = ARCHITECTURES.iter().find_map(|prefix| image.repository.strip_prefix(prefix));
    let repository = repository.unwrap_or(&image.repository);
    let tag = image.tag.as_str();
    let named = match repository.rsplit('/').next() {
        Some("alpine") => Some(tag),
        // Their tags are Alpine's releases (linuxserver/docker-baseimage-alpine).
        Some("baseimage-alpine" | "baseimage-alpine-nginx") if is_by_linuxserver(repository) => Some(tag),
        // `3.19-2.2.0.3` (crazy-max/docker-alpine-s6).
        Some("alpine-s6") if repository.contains("crazymax/") || repository.contains("crazy-max/") => {
            Some(tag)
        }
        // `alpine-3.20-ocaml-5.2` (ocurrent/docker-base-images).
        Some("opam" | "opam2") if repository.starts_with("ocaml/") => tag.strip_prefix("alpine-"),
        _ => tag.split_once("alpine").map(|(before, release)| match before {
            // `alpine-2.0.0` is Alpine's variant of that version (denoland/deno).
            "" => release,
            _ => release.strip_prefix('-').unwrap_or(release),
        }),
    };
    match named.and_then(release) {
        Some(NEEDED..) => return Ok(()),
        Some(minor) => return Err(old(&format!("3.{minor}"))),
        None => {}
    }
    if repository == "alpine" {
        match version(tag) {
            // `3` is the latest of them, and a date that of a snapshot of edge (since 2019).
            Some((3.., _)) => return Ok(()),
            Some((major, minor)) => return Err(old(&format!("{major}.{}", minor.unwrap_or_default()))),
            None => {}
        }
    }
    let is_young = YOUNG.iter().any(|prefix| repository.starts_with(prefix));
    let is_new = is_young
        || match OFFICIAL.iter().find(|(name, ..)| *name == repository) {
            // `alpine`, `fpm-alpine`, `lts-alpine`, `latest`: what is current.
            Some(_) if version(tag).is_none() => !tag.is_empty(),
            Some((_, major, minor, moved)) => {
                let own = tag.split('-').next().unwrap_or_default();
                moved.contains(&own)
                    || version(tag)
                        .is_some_and(|(one, two)| (one, two.unwrap_or(u32::MAX)) >= (*major, *minor))
            }
            None => repository == "alpine" && !tag.is_empty(),
        };
    if is_new {
        return Ok(());
    }
    let name = if image.name.is_empty() { "the base image" } else { &image.name };
    Err(format!("which Alpine {name} is made of is not known, and before 3.7 apk has no --force-refresh"))
}

fn is_by_linuxserver(repository: &str) -> bool {
    matches!(repository.rsplit('/').nth(1), Some("linuxserver"))
}

/// `N` of what begins with `3.N`, as the releases of Alpine do since 2014. Nothing else is one: an image has versions of its
/// own, and a tag may be a hash.
fn release(text: &str) -> Option<u32> {
    let text = text.strip_prefix('v').unwrap_or(text).strip_prefix("3.")?;
    let end = text.find(|ch: char| !ch.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let is_whole = !rest.starts_with(|ch: char| ch.is_ascii_alphabetic());
    number.parse().ok().filter(|number| is_whole && *number <= LAST)
}

/// The first one or two numbers of a tag that begins with them.
fn version(tag: &str) -> Option<(u32, Option<u32>)> {
    let mut numbers = tag.trim_start_matches('v').split('.');
    let digits = |text: &str| {
        let end = text.find(|ch: char| !ch.is_ascii_digit()).unwrap_or(text.len());
        text.get(..end)?.parse().ok()
    };
    let first = numbers.next()?;
    let major = digits(first)?;
    let is_whole = first.bytes().all(|byte| byte.is_ascii_digit());
    Some((major, numbers.next().filter(|_| is_whole).and_then(digits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_must_tell_of_a_release_that_is_new_enough() {
        for name in [
            "alpine",
            "alpine:3",
            "alpine:3.20.1",
            "alpine:edge",
            "alpine:20240329",
            "arm32v7/alpine:3.18",
            "node:20-alpine",
            "node:20.1.2-alpine3.19",
            "node:8-alpine",
            "node:lts-alpine",
            "node:alpine",
            "python:3.6-alpine",
            "golang:1.22-alpine",
            "php:8.3-fpm-alpine",
            "company/base:1-alpine3.18",
            "ghcr.io/company/alpine:3.23.3",
            "company/alpine:v3.18-2",
            "company/tool:7.4-alpine-3.17",
            "ocaml/opam:alpine-3.20-ocaml-5.2",
            "hexpm/elixir:1.14.2-erlang-25.1.2-alpine-3.16.2",
            "cgr.dev/chainguard/wolfi-base",
            "mcr.microsoft.com/dotnet/sdk:8.0-alpine",
            "ghcr.io/linuxserver/baseimage-alpine:3.21",
            "lscr.io/linuxserver/baseimage-alpine-nginx:3.20-version-1",
            "docker:dind",
            "composer:2",
            "nginxinc/nginx-unprivileged:alpine",
            "nginxinc/nginx-unprivileged:1.27-alpine",
            "jenkins/jenkins:lts-alpine",
            "hashicorp/terraform:1.9",
            "denoland/deno:alpine",
            "denoland/deno:alpine-2.0.0",
            "lukemathwalker/cargo-chef:latest-rust-alpine",
            "kong:3-alpine",
            "crystallang/crystal:1.10-alpine",
            "telegraf:1.30-alpine",
            "bash:5",
            "traefik:v3",
            "registry:2",
            "adoptopenjdk/openjdk11:alpine",
            "azul/zulu-openjdk-alpine:17",
            "crazymax/alpine-s6:3.19-2.2.0.3",
            "ghcr.io/crazy-max/alpine-s6:3.20-edge",
        ] {
            assert_eq!(has_force_refresh(&BaseImage::named(name)), Ok(()), "{name}");
        }
        for name in [
            "alpine:3.6",
            "alpine:2.7",
            "alpine@sha256:00",
            "arm32v7/alpine:3.5",
            "gliderlabs/alpine:3.4",
            "gliderlabs/alpine",
            "node:8.1-alpine",
            "node:6-alpine",
            "golang:1.8-alpine",
            "python:3.6.1-alpine",
            "java:8-jre-alpine",
            "openjdk:8u92-jre-alpine",
            "ruby:2.3.1-alpine",
            "mhart/alpine-node:8",
            "company/base",
            "company/baseimage-alpine:3.21",
            "linuxserver/baseimage-alpine:3.6",
            "linuxserver/baseimage-alpine",
            "traefik:1.4.6-alpine",
            "registry:2.6",
            "jenkins/jenkins:2.60-alpine",
            "adoptopenjdk/openjdk8:alpine",
            "azul/zulu-openjdk-alpine:8",
            "crazymax/alpine-s6:3.6",
            "crazymax/alpine-s6",
            // Versions of the image's own, and hashes.
            "linuxkit/alpine:3683c9a66cd4da40bd7d6c7da599b2dcd738b559",
            "linuxkit/alpine:07f7d136e427dc68154cd5edbb2b9576f9ac5213",
            "company/alpine:3.9a07f7d136e427",
            "company/alpine:3",
            "company/alpine:20240329",
            "company/alpine:4.2",
            "company/alpine:17",
            "company/alpine:3.99",
            "company/alpine:v4.0",
            "company/tool:alpine7",
            "company/tool:alpine3",
            "company/tool:alpine-3.18",
            "",
        ] {
            assert!(has_force_refresh(&BaseImage::named(name)).is_err(), "{name}");
        }
    }
    /// Its own version tells nothing of Alpine's, nor does a hash.
    #[test]
    fn a_version_of_the_image_is_not_taken_for_a_release() {
        for name in ["wombat/alpine:v0.1", "linuxkit/alpine:07f7d136e427", "company/tool:alpine-2.1.1"] {
            let reason = has_force_refresh(&BaseImage::named(name)).unwrap_err();
            assert!(reason.starts_with(&format!("which Alpine {name} is made of is not known")), "{reason}");
        }
        let reason = has_force_refresh(&BaseImage::named("gliderlabs/alpine:3.4")).unwrap_err();
        assert!(reason.starts_with("apk of Alpine 3.4 has no"), "{reason}");
    }
}
