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
    sets_shell: false,
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
        env: &[("PHP_INI_DIR", "/usr/local/etc/php")],
        os: Os::Debian,
        source: "docker-library/php, Dockerfile-linux.template; Debian's own www-data (base-passwd), and one that is added on Alpine",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["dunglas/frankenphp"],
        workdir: "/app",
        env: &[
            ("PHP_INI_DIR", "/usr/local/etc/php"),
            ("XDG_CONFIG_HOME", "/config"),
            ("XDG_DATA_HOME", "/data"),
        ],
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
        repositories: &[
            "jupyter/docker-stacks-foundation",
            "jupyter/base-notebook",
            "jupyter/minimal-notebook",
            "jupyter/r-notebook",
            "jupyter/julia-notebook",
            "jupyter/scipy-notebook",
            "jupyter/tensorflow-notebook",
            "jupyter/pytorch-notebook",
            "jupyter/datascience-notebook",
            "jupyter/pyspark-notebook",
            "jupyter/all-spark-notebook",
            "quay.io/jupyter/docker-stacks-foundation",
            "quay.io/jupyter/base-notebook",
            "quay.io/jupyter/minimal-notebook",
            "quay.io/jupyter/r-notebook",
            "quay.io/jupyter/julia-notebook",
            "quay.io/jupyter/scipy-notebook",
            "quay.io/jupyter/tensorflow-notebook",
            "quay.io/jupyter/pytorch-notebook",
            "quay.io/jupyter/datascience-notebook",
            "quay.io/jupyter/pyspark-notebook",
            "quay.io/jupyter/all-spark-notebook",
        ],
        workdir: "/home/jovyan",
        user: "1000",
        users: &[("jovyan", 1000, 100, "/home/jovyan")],
        env: &[
            ("DEBIAN_FRONTEND", "noninteractive"),
            ("CONDA_DIR", "/opt/conda"),
            ("NB_USER", "jovyan"),
            ("NB_UID", "1000"),
            ("NB_GID", "100"),
            ("HOME", "/home/jovyan"),
        ],
        os: Os::Debian,
        sets_shell: true,
        source: "jupyter/docker-stacks, images/docker-stacks-foundation/Dockerfile, on which the others build; LANG, LC_ALL and \
                 SHELL differ from one version to another",
        ..PLAIN
    },
    // Their containers run as root, and `remoteUser` is only for whoever connects (microsoft/vscode-dev-containers#552 and
    // #933: all but the universal image). The user `vscode` has other numbers where the image beneath has a user 1000.
    ImageFacts {
        repositories: &["mcr.microsoft.com/devcontainers/base", "mcr.microsoft.com/devcontainers/cpp"],
        os: Os::Debian,
        source: "devcontainers/images, src/base-{debian,ubuntu,alpine} and src/cpp",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["mcr.microsoft.com/vscode/devcontainers/base"],
        users: &[("vscode", 1000, 1000, "/home/vscode")],
        os: Os::Debian,
        source: "microsoft/vscode-dev-containers, containers/{debian,ubuntu,alpine}/.devcontainer/base.Dockerfile",
        ..PLAIN
    },
    ImageFacts {
        repositories: &[
            "mcr.microsoft.com/devcontainers/python",
            "mcr.microsoft.com/vscode/devcontainers/python",
        ],
        users: &[("vscode", 1000, 1000, "/home/vscode")],
        env: &[("LANG", "C.UTF-8"), ("PIPX_HOME", "/usr/local/py-utils")],
        os: Os::Debian,
        source: "devcontainers/images, src/python, and microsoft/vscode-dev-containers, containers/python-3: built on \
                 docker-library/python",
        ..PLAIN
    },
    ImageFacts {
        repositories: &[
            "mcr.microsoft.com/devcontainers/javascript-node",
            "mcr.microsoft.com/devcontainers/typescript-node",
            "mcr.microsoft.com/vscode/devcontainers/javascript-node",
            "mcr.microsoft.com/vscode/devcontainers/typescript-node",
        ],
        users: &[("node", 1000, 1000, "/home/node")],
        env: &[("NVM_DIR", "/usr/local/share/nvm"), ("NVM_SYMLINK_CURRENT", "true")],
        os: Os::Debian,
        source: "devcontainers/images, src/javascript-node and src/typescript-node, and microsoft/vscode-dev-containers, \
                 containers/javascript-node: built on nodejs/docker-node; of npm's settings only `prefix` is changed",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["mcr.microsoft.com/devcontainers/go"],
        workdir: "/go",
        env: &[("GOPATH", "/go"), ("GOTOOLCHAIN", "local")],
        os: Os::Debian,
        source: "devcontainers/images, src/go: built on docker-library/golang",
        ..PLAIN
    },
    ImageFacts {
        repositories: &["mcr.microsoft.com/devcontainers/rust"],
        env: &[("RUSTUP_HOME", "/usr/local/rustup"), ("CARGO_HOME", "/usr/local/cargo")],
        os: Os::Debian,
        source: "devcontainers/images, src/rust: built on rust-lang/docker-rust",
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
