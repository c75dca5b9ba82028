//! What the name of a file, or its first line, says about its being a Dockerfile.

use std::ffi::OsStr;

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameKind {
    /// A Dockerfile.
    Dockerfile,
    /// A Dockerfile if it [`starts_like_a_dockerfile`].
    Doubtful,
    /// Something a Dockerfile is made from.
    Template,
    /// Something else.
    Other,
}

/// Endings of template engines.
const TEMPLATES: &[&str] = &[
    "ejs",
    "envsubst",
    "erb",
    "gotmpl",
    "gtpl",
    "handlebars",
    "hbs",
    "in",
    "j2",
    "jinja",
    "jinja2",
    "jsonnet",
    "liquid",
    "m4",
    "mako",
    "mustache",
    "njk",
    "template",
    "templ",
    "tera",
    "tmpl",
    "tpl",
];

/// Endings of what is kept beside a Dockerfile, but never is one.
const OTHERS: &[&str] = &[
    "adoc",
    "asc",
    "bak",
    "backup",
    "cfg",
    "conf",
    "containerignore",
    "diff",
    "dockerignore",
    "env",
    "gz",
    "html",
    "ini",
    "json",
    "jsonl",
    "license",
    "lock",
    "log",
    "md",
    "mdx",
    "orig",
    "patch",
    "pdf",
    "png",
    "properties",
    "rej",
    "rst",
    "save",
    "sha256",
    "sig",
    "snap",
    "sublime-syntax",
    "svg",
    "swo",
    "swp",
    "tar",
    "tmlanguage",
    "toml",
    "xml",
    "yaml",
    "yml",
    "zip",
];

/// Endings of programming languages. `dockerfile.go` is a source file, while `Dockerfile.go` may well be the Dockerfile
/// of the Go variant.
const LANGUAGES: &[&str] = &[
    "bash", "bats", "c", "cc", "clj", "cpp", "cs", "css", "dart", "el", "erl", "ex", "exs", "fs", "go",
    "groovy", "h", "hpp", "hs", "java", "js", "jsx", "kt", "kts", "lua", "mjs", "ml", "php", "pl", "pm",
    "ps1", "py", "pyi", "r", "rb", "rs", "sc", "scala", "scss", "sh", "sql", "swift", "ts", "tsx", "txt",
    "vim", "vue", "zig",
];

/// What a file name says. Upper and lower case count as the same, as on file systems that fold case.
pub(super) fn kind_of_name(name: &OsStr) -> NameKind {
    // Cheap, because every file of a tree is asked; and a name that is no UTF-8 may still end as it should.
    if !name.as_encoded_bytes().windows(4).any(|window| window.eq_ignore_ascii_case(b"file")) {
        return NameKind::Other;
    }
    let name = name.to_string_lossy().to_ascii_lowercase();
    let Some((stem, ending)) = name.rsplit_once('.') else { return kind_of_stem(&name) };
    if is_plain(ending) {
        // `api.Dockerfile`, but also `.dockerfile`.
        return NameKind::Dockerfile;
    }
    if kind_of_stem(stem) == NameKind::Other && !stem.split('.').any(is_plain) {
        return NameKind::Other;
    }
    let begins_right = stem.split('.').next().is_some_and(is_plain);
    match ending {
        _ if ending.ends_with('~') || OTHERS.contains(&ending) => NameKind::Other,
        _ if TEMPLATES.contains(&ending) => NameKind::Template,
        _ if LANGUAGES.contains(&ending) || !begins_right => NameKind::Doubtful,
        _ => NameKind::Dockerfile,
    }
}

/// A name, or the part before its ending.
fn kind_of_stem(stem: &str) -> NameKind {
    if is_plain(stem) {
        return NameKind::Dockerfile;
    }
    let rest = stem.strip_prefix("dockerfile").or_else(|| stem.strip_prefix("containerfile"));
    match rest.and_then(|rest| rest.chars().next()) {
        Some('-' | '_' | '.') if !stem.ends_with('~') => NameKind::Doubtful,
        _ => NameKind::Other,
    }
}

fn is_plain(part: &str) -> bool {
    matches!(part, "dockerfile" | "containerfile")
}

/// Whether the first line that is neither blank nor a comment is FROM or ARG in capitals: what a Dockerfile begins with,
/// and no source file, not even one in Python.
pub(crate) fn starts_like_a_dockerfile(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let mut instructions = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let keyword = instructions.next().and_then(|line| line.split(u8::is_ascii_whitespace).next());
    matches!(keyword, Some(b"FROM" | b"ARG"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let cases = [
            (
                NameKind::Dockerfile,
                "Dockerfile dockerfile Containerfile Dockerfile.dev Dockerfile.fips.amd64 Containerfile.alpine \
                 api.Dockerfile api.dockerfile a.b.dockerfile .dockerfile Dockerfile.alpine3.20 api.containerfile \
                 Dockerfile.test.d",
            ),
            (
                NameKind::Doubtful,
                "dockerfile.go Dockerfile.go dockerfile_test.go dockerfile.ex Dockerfile.txt Dockerfile-dev \
                 Dockerfile_test_run Containerfile-dev boilerplate.Dockerfile.txt api.Dockerfile.dev Dockerfile.py \
                 Dockerfile-alpine.3",
            ),
            (
                NameKind::Template,
                "Dockerfile.j2 Dockerfile.tmpl Dockerfile.erb Dockerfile.dev.tpl Dockerfile.in prod.dockerfile.j2 \
                 Dockerfile-alpine.template",
            ),
            (
                NameKind::Other,
                "Dockerfile.dockerignore api.Dockerfile.dockerignore Dockerfile~ Dockerfile.dev~ Dockerfile.orig \
                 Dockerfile.swp README.md Makefile dockerfiles mydockerfile DockerfileParser.java dockerfile-parse.yml \
                 Dockerfile.md file profile.txt mydockerfile.txt not-a-dockerfile.sh",
            ),
        ];
        for (kind, names) in cases {
            for name in names.split_whitespace() {
                assert_eq!(kind_of_name(OsStr::new(name)), kind, "{name}");
            }
        }
    }

    #[test]
    fn first_lines() {
        for text in ["FROM a", "\u{feff}# syntax=x\n\n  FROM a\r\n", "ARG\tA\nFROM $A", "# FROM\nFROM\n"] {
            assert!(starts_like_a_dockerfile(text.as_bytes()), "{text}");
        }
        for text in ["", "package main", "from os import path", "#!/bin/sh\necho FROM", "FROMAGE x", "RUN x"]
        {
            assert!(!starts_like_a_dockerfile(text.as_bytes()), "{text}");
        }
    }
}
