//! The table of official images. Each entry's source is the Dockerfile that the image is built from.

use super::{ImageFacts, Os};

/// An image that sets nothing: root in `/`.
const PLAIN: ImageFacts =
    ImageFacts { repositories: &[], workdir: "/", user: "root", users: &[], env: &[], os: Os::Linux };

pub(super) const FACTS: &[ImageFacts] = &[
    // debuerreotype; tianon/docker-brew-ubuntu-core. Ubuntu 23.04 and later have a user `ubuntu`, 1000:1000.
    ImageFacts { repositories: &["debian", "buildpack-deps", "bitnami/minideb"], os: Os::Debian, ..PLAIN },
    ImageFacts {
        repositories: &["ubuntu"],
        users: &[("ubuntu", 1000, 1000, "/home/ubuntu")],
        os: Os::Debian,
        ..PLAIN
    },
    // alpinelinux/docker-alpine
    ImageFacts { repositories: &["alpine"], os: Os::Alpine, ..PLAIN },
    // docker-library/busybox, and distributions without settings of their own
    ImageFacts { repositories: &["busybox", "archlinux", "opensuse/leap", "opensuse/tumbleweed"], ..PLAIN },
    ImageFacts {
        repositories: &[
            "fedora",
            "centos",
            "rockylinux",
            "rockylinux/rockylinux",
            "almalinux",
            "amazonlinux",
            "oraclelinux",
            "registry.access.redhat.com/ubi8/ubi",
            "registry.access.redhat.com/ubi8/ubi-minimal",
            "registry.access.redhat.com/ubi9/ubi",
            "registry.access.redhat.com/ubi9/ubi-minimal",
            "quay.io/centos/centos",
        ],
        os: Os::RedHat,
        ..PLAIN
    },
    // nodejs/docker-node, Dockerfile-debian.template and Dockerfile-alpine.template
    ImageFacts {
        repositories: &["node"],
        users: &[("node", 1000, 1000, "/home/node")],
        os: Os::Debian,
        ..PLAIN
    },
    // oven-sh/bun, dockerhub/debian/Dockerfile: BUN_INSTALL is not set
    ImageFacts {
        repositories: &["oven/bun"],
        workdir: "/home/bun/app",
        users: &[("bun", 1000, 1000, "/home/bun")],
        env: &[("BUN_RUNTIME_TRANSPILER_CACHE_PATH", "0"), ("BUN_INSTALL_BIN", "/usr/local/bin")],
        os: Os::Debian,
        ..PLAIN
    },
    // denoland/deno_docker
    ImageFacts {
        repositories: &["denoland/deno"],
        users: &[("deno", 1993, 1993, "/home/deno")],
        env: &[("DENO_DIR", "/deno-dir/")],
        os: Os::Debian,
        ..PLAIN
    },
    // docker-library/python
    ImageFacts { repositories: &["python"], env: &[("LANG", "C.UTF-8")], os: Os::Debian, ..PLAIN },
    // ContinuumIO/docker-images, miniconda3/debian/Dockerfile and anaconda3/debian/Dockerfile
    ImageFacts {
        repositories: &["continuumio/miniconda3", "continuumio/anaconda3"],
        env: &[("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")],
        os: Os::Debian,
        ..PLAIN
    },
    // conda-forge/miniforge-images, ubuntu/Dockerfile
    ImageFacts {
        repositories: &["condaforge/miniforge3", "condaforge/mambaforge", "condaforge/miniforge-pypy3"],
        env: &[("CONDA_DIR", "/opt/conda"), ("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")],
        os: Os::Debian,
        ..PLAIN
    },
    // nvidia/container-images/cuda, dist: on Ubuntu where the tag names no other distribution
    ImageFacts { repositories: &["nvidia/cuda"], os: Os::Debian, ..PLAIN },
    // astral-sh/uv, docs/guides/integration/docker: the variants on python and debian carry uv in /usr/local/bin
    ImageFacts {
        repositories: &["ghcr.io/astral-sh/uv", "astral/uv"],
        env: &[("UV_TOOL_BIN_DIR", "/usr/local/bin")],
        os: Os::Debian,
        ..PLAIN
    },
    // docker-library/golang, Dockerfile-linux.template
    ImageFacts {
        repositories: &["golang"],
        workdir: "/go",
        env: &[("GOPATH", "/go"), ("GOTOOLCHAIN", "local")],
        os: Os::Debian,
        ..PLAIN
    },
    // rust-lang/docker-rust; LukeMathWalker/cargo-chef builds on it
    ImageFacts {
        repositories: &["rust", "lukemathwalker/cargo-chef"],
        env: &[("RUSTUP_HOME", "/usr/local/rustup"), ("CARGO_HOME", "/usr/local/cargo")],
        os: Os::Debian,
        ..PLAIN
    },
    // docker-library/ruby
    ImageFacts {
        repositories: &["ruby"],
        env: &[
            ("LANG", "C.UTF-8"),
            ("GEM_HOME", "/usr/local/bundle"),
            ("BUNDLE_SILENCE_ROOT_WARNING", "1"),
            ("BUNDLE_APP_CONFIG", "/usr/local/bundle"),
        ],
        os: Os::Debian,
        ..PLAIN
    },
    // docker-library/php
    ImageFacts {
        repositories: &["php"],
        workdir: "/var/www/html",
        users: &[("www-data", 33, 33, "/var/www")],
        os: Os::Debian,
        ..PLAIN
    },
    // composer/docker
    ImageFacts {
        repositories: &["composer", "composer/composer"],
        workdir: "/app",
        env: &[("COMPOSER_ALLOW_SUPERUSER", "1"), ("COMPOSER_HOME", "/tmp")],
        os: Os::Alpine,
        ..PLAIN
    },
    // carlossg/docker-maven
    ImageFacts {
        repositories: &["maven"],
        env: &[("MAVEN_HOME", "/usr/share/maven"), ("MAVEN_CONFIG", "/root/.m2")],
        os: Os::Debian,
        ..PLAIN
    },
    // gradle/docker-gradle
    ImageFacts {
        repositories: &["gradle"],
        workdir: "/home/gradle",
        users: &[("gradle", 1000, 1000, "/home/gradle")],
        env: &[("GRADLE_HOME", "/opt/gradle")],
        os: Os::Debian,
        ..PLAIN
    },
    // adoptium/containers, docker-library/openjdk, corretto/corretto-docker
    ImageFacts { repositories: &["eclipse-temurin", "openjdk"], os: Os::Debian, ..PLAIN },
    ImageFacts { repositories: &["amazoncorretto"], os: Os::RedHat, ..PLAIN },
    // dotnet/dotnet-docker; the user `app` since .NET 8
    ImageFacts {
        repositories: &["mcr.microsoft.com/dotnet/sdk", "mcr.microsoft.com/dotnet/core/sdk"],
        users: &[("app", 1654, 1654, "/home/app")],
        env: &[("DOTNET_RUNNING_IN_CONTAINER", "true"), ("NUGET_XMLDOC_MODE", "skip")],
        os: Os::Debian,
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
        ..PLAIN
    },
    // erlef/docker-elixir, hexpm/bob
    ImageFacts {
        repositories: &["elixir", "hexpm/elixir"],
        env: &[("LANG", "C.UTF-8")],
        os: Os::Debian,
        ..PLAIN
    },
    // nginxinc/docker-nginx, docker-library/httpd
    ImageFacts {
        repositories: &["nginx"],
        users: &[("nginx", 101, 101, "/nonexistent")],
        os: Os::Debian,
        ..PLAIN
    },
    ImageFacts { repositories: &["httpd"], workdir: "/usr/local/apache2", os: Os::Debian, ..PLAIN },
];
