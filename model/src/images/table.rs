//! The table of official images. Each entry names its source.

use super::{ImageFacts, Os};

/// An image that sets nothing: root in `/`.
const PLAIN: ImageFacts = ImageFacts {
    repositories: &[],
    workdir: "/",
    user: "root",
    users: &[],
    alpine_users: &[],
    env: &[],
    os: Os::Linux,
    source: "",
};

pub(super) const FACTS: &[ImageFacts] = &[
    ImageFacts {
        repositories: &["debian", "buildpack-deps", "bitnami/minideb"],
        os: Os::Debian,
        source: "debuerreotype/debuerreotype",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["ubuntu"],
        users: &[("ubuntu", 1000, 1000, "/home/ubuntu")],
        os: Os::Debian,
        source: "tianon/docker-brew-ubuntu-core; the user `ubuntu` since 23.04",
        ..PLAIN
    },
    ImageFacts { repositories: &["alpine"], os: Os::Alpine, source: "alpinelinux/docker-alpine", ..PLAIN },
    ImageFacts {
        repositories: &["busybox", "archlinux", "opensuse/leap", "opensuse/tumbleweed"],
        source: "docker-library/busybox, archlinux/archlinux-docker, openSUSE's container sources: no settings of their own",
        ..PLAIN
    },
    ImageFacts {
        repositories: &[
            "fedora",
            "centos",
            "rockylinux",
            "rockylinux/rockylinux",
            "almalinux",
            "amazonlinux",
            "oraclelinux",
            "redhat/ubi8",
            "redhat/ubi8-minimal",
            "redhat/ubi9",
            "redhat/ubi9-minimal",
            "registry.access.redhat.com/ubi8",
            "registry.access.redhat.com/ubi8-minimal",
            "registry.access.redhat.com/ubi9",
            "registry.access.redhat.com/ubi9-minimal",
            "registry.access.redhat.com/ubi8/ubi",
            "registry.access.redhat.com/ubi8/ubi-minimal",
            "registry.access.redhat.com/ubi9/ubi",
            "registry.access.redhat.com/ubi9/ubi-minimal",
            "quay.io/centos/centos",
        ],
        os: Os::RedHat,
        source: "the distributions' container sources, such as fedora-cloud/docker-brew-fedora: no settings of their own",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["node"],
        users: &[("node", 1000, 1000, "/home/node")],
        os: Os::Debian,
        source: "nodejs/docker-node, Dockerfile-debian.template and Dockerfile-alpine.template",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["oven/bun"],
        workdir: "/home/bun/app",
        users: &[("bun", 1000, 1000, "/home/bun")],
        env: &[("BUN_RUNTIME_TRANSPILER_CACHE_PATH", "0"), ("BUN_INSTALL_BIN", "/usr/local/bin")],
        os: Os::Debian,
        source: "oven-sh/bun, dockerhub/debian/Dockerfile: BUN_INSTALL is not set",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["denoland/deno"],
        users: &[("deno", 1993, 1993, "/home/deno")],
        alpine_users: &[("deno", 1000, 1000, "/home/deno")],
        env: &[("DENO_DIR", "/deno-dir/")],
        os: Os::Debian,
        source: "denoland/deno_docker, debian.dockerfile and alpine.dockerfile",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["python"],
        env: &[("LANG", "C.UTF-8")],
        os: Os::Debian,
        source: "docker-library/python",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["continuumio/miniconda3", "continuumio/anaconda3"],
        env: &[("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")],
        os: Os::Debian,
        source: "ContinuumIO/docker-images, miniconda3/debian/Dockerfile and anaconda3/debian/Dockerfile",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["condaforge/miniforge3", "condaforge/mambaforge", "condaforge/miniforge-pypy3"],
        env: &[("CONDA_DIR", "/opt/conda"), ("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")],
        os: Os::Debian,
        source: "conda-forge/miniforge-images, ubuntu/Dockerfile",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["nvidia/cuda"],
        os: Os::Debian,
        source: "nvidia/container-images/cuda, dist: on Ubuntu where the tag names no other distribution",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["ghcr.io/astral-sh/uv", "astral/uv"],
        env: &[("UV_TOOL_BIN_DIR", "/usr/local/bin")],
        os: Os::Debian,
        source: "astral-sh/uv, docs/guides/integration/docker: the variants on python and debian carry uv in /usr/local/bin",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["golang"],
        workdir: "/go",
        env: &[("GOPATH", "/go"), ("GOTOOLCHAIN", "local")],
        os: Os::Debian,
        source: "docker-library/golang, Dockerfile-linux.template",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["rust", "lukemathwalker/cargo-chef"],
        env: &[("RUSTUP_HOME", "/usr/local/rustup"), ("CARGO_HOME", "/usr/local/cargo")],
        os: Os::Debian,
        source: "rust-lang/docker-rust; LukeMathWalker/cargo-chef builds on it",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["ruby"],
        env: &[
            ("LANG", "C.UTF-8"),
            ("GEM_HOME", "/usr/local/bundle"),
            ("BUNDLE_SILENCE_ROOT_WARNING", "1"),
            ("BUNDLE_APP_CONFIG", "/usr/local/bundle"),
        ],
        os: Os::Debian,
        source: "docker-library/ruby",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["php"],
        workdir: "/var/www/html",
        users: &[("www-data", 33, 33, "/var/www")],
        alpine_users: &[("www-data", 82, 82, "/home/www-data")],
        os: Os::Debian,
        source: "docker-library/php, Dockerfile-linux.template; Debian's own www-data (base-passwd), and one that is added on Alpine",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["dunglas/frankenphp"],
        workdir: "/app",
        env: &[("XDG_CONFIG_HOME", "/config"), ("XDG_DATA_HOME", "/data")],
        os: Os::Debian,
        source: "php/frankenphp, built on docker-library/php",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["composer", "composer/composer"],
        workdir: "/app",
        env: &[("COMPOSER_ALLOW_SUPERUSER", "1"), ("COMPOSER_HOME", "/tmp")],
        os: Os::Alpine,
        source: "composer/docker",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["maven"],
        env: &[("MAVEN_HOME", "/usr/share/maven"), ("MAVEN_CONFIG", "/root/.m2")],
        os: Os::Debian,
        source: "carlossg/docker-maven",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["gradle"],
        workdir: "/home/gradle",
        users: &[("gradle", 1000, 1000, "/home/gradle")],
        env: &[("GRADLE_HOME", "/opt/gradle")],
        os: Os::Debian,
        source: "gradle/docker-gradle",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["eclipse-temurin", "openjdk"],
        os: Os::Debian,
        source: "adoptium/containers, docker-library/openjdk",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["amazoncorretto"],
        os: Os::RedHat,
        source: "corretto/corretto-docker",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["mcr.microsoft.com/dotnet/sdk", "mcr.microsoft.com/dotnet/core/sdk"],
        users: &[("app", 1654, 1654, "/home/app")],
        env: &[("DOTNET_RUNNING_IN_CONTAINER", "true"), ("NUGET_XMLDOC_MODE", "skip")],
        os: Os::Debian,
        source: "dotnet/dotnet-docker; the user `app` since .NET 8",
        ..PLAIN
    },
    ImageFacts {
        repositories: &[
            "mcr.microsoft.com/dotnet/aspnet",
            "mcr.microsoft.com/dotnet/runtime",
            "mcr.microsoft.com/dotnet/core/aspnet",
            "mcr.microsoft.com/dotnet/core/runtime",
        ],
        users: &[("app", 1654, 1654, "/home/app")],
        os: Os::Debian,
        source: "dotnet/dotnet-docker; the user `app` since .NET 8",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["elixir", "hexpm/elixir"],
        env: &[("LANG", "C.UTF-8")],
        os: Os::Debian,
        source: "erlef/docker-elixir, hexpm/bob",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["nginx"],
        users: &[("nginx", 101, 101, "/nonexistent")],
        alpine_users: &[("nginx", 101, 101, "/var/cache/nginx")],
        os: Os::Debian,
        source: "nginxinc/docker-nginx, Dockerfile-debian.template and Dockerfile-alpine-slim.template",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["httpd"],
        workdir: "/usr/local/apache2",
        os: Os::Debian,
        source: "docker-library/httpd",
        ..PLAIN
    },
];
