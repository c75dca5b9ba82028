//! Cargo, Go, Composer and Bundler; the last three without dependencies of the network, which not every machine reaches.

use crate::Application;

#[test]
#[ignore = "builds with a real engine"]
fn cargo_with_a_tool_below_the_sources() {
    Application {
        name: "cargo",
        base: "rust:1",
        dockerfile: r#"ENV CARGO_HOME=/usr/local/cargo
WORKDIR /app
COPY . .
RUN cargo install --locked --root /tools diskus@0.7.0
RUN cargo build --release

FROM rust:1
COPY --from=0 /tools/bin/diskus /app/target/release/demo /usr/local/bin/
CMD ["demo"]
"#,
        files: &[
            (
                "Cargo.toml",
                r#"[package]
name = "demo"
version = "0.1.0"
edition = "2021"
description = "@NONCE@"

[dependencies]
itoa = "=1.0.11"
"#,
            ),
            (
                "src/main.rs",
                r#"fn main() { println!("{}", itoa::Buffer::new().format(1)); }
"#,
            ),
        ],
        lock: Some(("cargo generate-lockfile", "Cargo.lock")),
        install: "cargo install",
        source: "src/main.rs",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn cargo_workspace_with_system_packages() {
    Application {
        name: "cargo-ws",
        base: "rust:1",
        dockerfile: r#"ENV CARGO_HOME=/usr/local/cargo
ENV BUILD=@NONCE@
WORKDIR /app
COPY . .
RUN apt-get update && apt-get install -y --no-install-recommends pkgconf && rm -rf /var/lib/apt/lists/*
RUN cargo build --release --locked --workspace

FROM rust:1
COPY --from=0 /app/target/release/demo /usr/local/bin/
ENTRYPOINT ["demo"]
"#,
        files: &[
            (
                "Cargo.toml",
                r#"[workspace]
members = ["demo", "lib"]
resolver = "2"
"#,
            ),
            (
                "demo/Cargo.toml",
                r#"[package]
name = "demo"
version = "0.1.0"
edition = "2021"

[dependencies]
lib = { path = "../lib" }
"#,
            ),
            (
                "demo/src/main.rs",
                r#"fn main() { println!("{}", lib::one()); }
"#,
            ),
            (
                "lib/Cargo.toml",
                r#"[package]
name = "lib"
version = "0.1.0"
edition = "2021"

[dependencies]
itoa = "=1.0.11"
"#,
            ),
            ("lib/src/lib.rs", "pub fn one() -> String { itoa::Buffer::new().format(1).to_owned() }\n"),
        ],
        lock: Some(("cargo generate-lockfile", "Cargo.lock")),
        install: "apt-get",
        source: "lib/src/lib.rs",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn go_modules() {
    Application {
        name: "go",
        base: "golang:1.19",
        dockerfile: r#"ENV GOPATH=/go
WORKDIR /src
COPY . .
RUN go mod download && go build -trimpath -o /demo ./cmd/demo

FROM golang:1.19
COPY --from=0 /demo /demo
CMD ["/demo"]
"#,
        files: &[
            (
                "go.mod",
                r#"// @NONCE@
module example.com/demo

go 1.19
"#,
            ),
            (
                "cmd/demo/main.go",
                r#"package main

func main() {}
"#,
            ),
        ],
        lock: None,
        install: "go mod download",
        source: "cmd/demo/main.go",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn composer_with_an_autoloader() {
    Application {
        name: "composer",
        base: "php:8.2",
        dockerfile: r#"WORKDIR /app
COPY . .
RUN composer install --no-dev --optimize-autoloader
CMD ["php", "index.php"]
"#,
        files: &[
            (
                "composer.json",
                r#"{
    "name": "demo/demo",
    "description": "@NONCE@",
    "repositories": [{ "packagist.org": false }],
    "config": { "autoloader-suffix": "Demo" },
    "autoload": { "psr-4": { "Demo\\": "src/" } }
}
"#,
            ),
            (
                "src/One.php",
                r#"<?php
namespace Demo;
class One {}
"#,
            ),
            (
                "index.php",
                r#"<?php
require 'vendor/autoload.php';
"#,
            ),
        ],
        lock: Some(("composer update --no-install", "composer.lock")),
        install: "composer install",
        source: "src/One.php",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn bundler_with_a_local_gem() {
    Application {
        name: "bundler",
        base: "ruby:3.1",
        dockerfile: r#"ENV GEM_HOME=/usr/local/bundle BUNDLE_APP_CONFIG=/usr/local/bundle
WORKDIR /app
COPY . .
RUN bundle install --jobs 4
CMD ["bundle", "exec", "ruby", "main.rb"]
"#,
        files: &[
            (
                "Gemfile",
                r#"# @NONCE@
gem "one", path: "gems/one"
"#,
            ),
            (
                "gems/one/one.gemspec",
                r#"Gem::Specification.new do |s|
  s.name = "one"
  s.version = "1.0.0"
  s.summary = "One"
  s.authors = ["One"]
  s.files = ["lib/one.rb"]
end
"#,
            ),
            ("gems/one/lib/one.rb", "One = 1\n"),
            ("main.rb", "require 'one'\n"),
        ],
        lock: Some(("bundle lock", "Gemfile.lock")),
        install: "bundle install",
        source: "main.rb",
        original_reruns: true,
    }
    .check();
}
