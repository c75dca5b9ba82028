//! The engine on every real Dockerfile, with its context unknown and with a made-up one.
//!
//! No panic, no failed check of our own, comments kept (the engine checks), a result that parses as well as the original
//! did, CRLF kept, a second run that changes nothing.

#![allow(clippy::print_stderr, reason = "the test tells what it counted")]

#[path = "../../syntax/tests/corpus/mod.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::sync::Arc;

use dockfix_model::context::Context;
use dockfix_syntax::view::Copy;
use dockfix_syntax::{Dockerfile, Keyword};
use dockfix_transforms::{Options, Outcome, Project, ProjectFile, fix};

fn run(name: &str, source: &[u8], context: &Context, options: &Options) -> Outcome {
    let file = ProjectFile {
        name: name.to_owned(),
        file: Arc::new(Dockerfile::parse(source)),
        context: context.clone(),
        rewrite: true,
    };
    fix(&Project { files: vec![file], ..Project::default() }, options)
}

/// A context that has whatever the Dockerfile copies, and the manifests of small projects in every directory of it.
fn made_up(source: &[u8]) -> Context {
    let file = Dockerfile::parse(source);
    let mut files: BTreeMap<String, &[u8]> = BTreeMap::new();
    let mut directories = vec![String::new()];
    for instruction in file.instructions().filter(|i| matches!(i.keyword(), Keyword::Copy | Keyword::Add)) {
        let Some(copy) = Copy::of(&instruction).filter(|copy| copy.from.is_none()) else { continue };
        for source in copy.sources.iter().filter(|source| !source.is_heredoc && !source.text.contains("://"))
        {
            let path = source.text.trim_start_matches("./").trim_matches('/');
            if path.is_empty() || path.contains(['*', '?', '[', '$', '\\', '\0']) || path.contains("..") {
                continue;
            }
            let is_directory =
                source.text.ends_with('/') || !path.rsplit('/').next().unwrap_or_default().contains('.');
            if is_directory {
                directories.push(format!("{path}/"));
            } else {
                files.insert(path.to_owned(), b"");
            }
        }
    }
    for directory in directories {
        for (name, text) in MANIFESTS {
            files.entry(format!("{directory}{name}")).or_insert(text.as_bytes());
        }
    }
    for (name, text) in files.iter_mut() {
        if let Some((_, known)) = MANIFESTS.iter().find(|(known, _)| name.rsplit('/').next() == Some(*known))
        {
            *text = known.as_bytes();
        }
    }
    // A file cannot be a directory too.
    let names: Vec<_> = files.keys().cloned().collect();
    for name in &names {
        if names
            .iter()
            .any(|other| other.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('/')))
        {
            files.remove(name);
        }
    }
    Context::in_memory(files)
}

const MANIFESTS: &[(&str, &str)] = &[
    (
        "package.json",
        "{\"name\": \"a\", \"version\": \"1.0.0\", \"dependencies\": {\"left-pad\": \"1.3.0\"}}\n",
    ),
    ("package-lock.json", "{\"name\": \"a\", \"lockfileVersion\": 3, \"packages\": {}}\n"),
    ("requirements.txt", "requests==2.31.0\n"),
    ("go.mod", "module example.com/a\n\ngo 1.22\n"),
    ("go.sum", ""),
    ("main.go", "package main\n\nfunc main() {}\n"),
    ("Cargo.toml", "[package]\nname = \"a\"\nversion = \"1.0.0\"\n"),
    ("Cargo.lock", "version = 4\n"),
    ("src/main.rs", "fn main() {}\n"),
    ("src/index.js", "console.log(1)\n"),
    ("README.md", "# a\n"),
];

fn check_all(options: &Options, context_of: impl Fn(&[u8]) -> Context) {
    let Some(files) = corpus::dockerfiles() else { return };
    let (mut changed, mut problems) = (0, Vec::new());
    let mut by_transform: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (name, source) in &files {
        let context = context_of(source);
        let outcome = run(name, source, &context, options);
        for file in outcome.files.iter().chain(&outcome.ignore_files) {
            if let Some(bug) = &file.bug {
                problems.push(format!("{name}: {bug}"));
            }
            for change in &file.changes {
                by_transform.entry(change.transform).or_default().0 += 1;
            }
            for refusal in &file.refusals {
                by_transform.entry(refusal.transform).or_default().1 += 1;
            }
        }
        let file = &outcome.files[0];
        if !file.is_changed() {
            continue;
        }
        changed += 1;
        if !Dockerfile::parse(file.after.clone()).is_sound() {
            problems.push(format!("{name}: the result would be rejected"));
        }
        let lone_line_feeds = |text: &[u8]| {
            text.iter()
                .enumerate()
                .filter(|&(at, &b)| b == b'\n' && (at == 0 || text[at - 1] != b'\r'))
                .count()
        };
        if lone_line_feeds(source) == 0 && lone_line_feeds(&file.after) > 0 {
            problems.push(format!("{name}: CRLF became LF"));
        }
        // With the ignore file written, a second run has nothing left to do.
        let context = outcome.ignore_files.iter().fold(context, |context, ignore| {
            context.with_file(&ignore.name, &ignore.after[..]).unwrap_or(context)
        });
        let again = run(name, &file.after, &context, options);
        if again.files[0].is_changed() || again.ignore_files.iter().any(|file| file.is_changed()) {
            problems.push(format!("{name}: a second run changes more"));
        }
    }
    eprintln!("{} files, {changed} changed; changes and refusals: {by_transform:?}", files.len());
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn with_nothing_known_but_the_file() {
    check_all(&Options::default(), |_| Context::unknown());
}

#[test]
fn with_a_made_up_context() {
    check_all(&Options::default(), made_up);
}

#[test]
fn with_unsafe_changes() {
    check_all(&Options { allow_unsafe: true, ..Options::default() }, made_up);
}

/// Where a cache mount for what is compiled would be taken first.
#[test]
fn with_new_stages() {
    let only = vec!["cargo-chef".to_owned(), "syntax-directive".to_owned()];
    check_all(&Options { allow_unsafe: true, only, ..Options::default() }, made_up);
}
