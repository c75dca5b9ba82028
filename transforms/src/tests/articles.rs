//! The mistakes that every article on slow builds shows, each with all transforms at work.

use super::{check, run};

const NPM: super::Files<'_> = &[
    ("package.json", "{\"name\": \"a\", \"dependencies\": {\"left-pad\": \"1.3.0\"}}"),
    ("package-lock.json", "{\"name\": \"a\", \"lockfileVersion\": 3, \"packages\": {}}"),
    ("src/index.js", ""),
    ("README.md", ""),
];

#[test]
fn sources_before_npm_ci() {
    check(
        &[],
        NPM,
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\nCMD [\"node\", \"dist\"]\n",
        "# syntax=docker/dockerfile:1\nFROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN --mount=type=cache,target=/root/.npm,sharing=locked npm ci\nCOPY . .\nRUN npm run build\nCMD [\"node\", \"dist\"]\n",
    );
    let outcome = run(&[], NPM, "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n");
    assert_eq!(&*outcome.ignore_files[0].after, b".dockerignore\n**/node_modules\n");
}

#[test]
fn sources_before_pip() {
    check(
        &[],
        &[("requirements.txt", "flask==3.0\n"), ("app.py", "")],
        "FROM python:3.12\nWORKDIR /app\nCOPY . /app\nRUN pip install --no-cache-dir -r requirements.txt\nCMD [\"python\", \"app.py\"]\n",
        "# syntax=docker/dockerfile:1\nFROM python:3.12\nWORKDIR /app\nCOPY requirements.txt /app/\nRUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt\nCOPY . /app\nCMD [\"python\", \"app.py\"]\n",
    );
}

/// Articles mount /root/go/pkg/mod: the official image's GOPATH is /go.
#[test]
fn sources_before_go_build() {
    check(
        &[],
        &[("go.mod", "module x\n\ngo 1.22\n"), ("go.sum", ""), ("main.go", "package main\n")],
        "FROM golang:1.22 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\nFROM scratch\nCOPY --from=build /app /app\n",
        "# syntax=docker/dockerfile:1\nFROM golang:1.22 AS build\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN --mount=type=cache,target=/go/pkg/mod go mod download\nCOPY . .\nRUN --mount=type=cache,target=/go/pkg/mod \\\n    --mount=type=cache,target=/root/.cache/go-build \\\n    go build -o /app .\nFROM scratch\nCOPY --from=build /app /app\n",
    );
}

#[test]
fn build_metadata_at_the_top() {
    check(
        &[],
        NPM,
        "FROM node:22\nARG BUILD_DATE\nARG GIT_SHA\nLABEL date=$BUILD_DATE sha=$GIT_SHA\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY src src\n",
        "# syntax=docker/dockerfile:1\nFROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN --mount=type=cache,target=/root/.npm,sharing=locked npm ci\nCOPY src src\nARG BUILD_DATE\nARG GIT_SHA\nLABEL date=$BUILD_DATE sha=$GIT_SHA\n",
    );
}

/// Articles mount /var/lib/apt and leave docker-clean to empty the cache.
#[test]
fn apt_update_on_its_own() {
    check(
        &[],
        &[],
        "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n",
        "# syntax=docker/dockerfile:1\nFROM debian:12\nRUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\\n    apt-get update && apt-get -o Dir::Cache::archives=/var/cache/apt/keep install -y curl\n",
    );
}
