//! Which files, and which transforms.

use crate::sandbox::{DONE, IGNORE, NODE, Sandbox};

fn transforms_of(sandbox: &Sandbox, arguments: &[&str]) -> Vec<String> {
    let mut all = vec!["--format", "json"];
    all.extend(arguments);
    let report = sandbox.dockfix(&all).expect(0).json();
    let files = report["files"].as_array().unwrap();
    let changes = files.iter().flat_map(|file| file["changes"].as_array().unwrap());
    let mut names: Vec<String> =
        changes.map(|change| change["transform"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn only_and_skip() {
    let sandbox = Sandbox::of(&NODE);
    sandbox.file(".dockerignore", IGNORE);
    let all = transforms_of(&sandbox, &[]);
    assert!(all.contains(&"manifest-first".to_owned()) && all.contains(&"cache-mount".to_owned()), "{all:?}");
    assert_eq!(transforms_of(&sandbox, &["--only", "manifest-first"]), ["manifest-first"]);
    assert_eq!(transforms_of(&sandbox, &["--only=manifest-first,late-arg"]), ["manifest-first"]);
    let without = transforms_of(&sandbox, &["--skip", "cache-mount", "--skip", "syntax-directive"]);
    assert!(without.contains(&"manifest-first".to_owned()) && !without.contains(&"cache-mount".to_owned()));
}

#[test]
fn a_transform_that_does_not_exist_is_an_error_that_names_those_that_do() {
    let sandbox = Sandbox::of(&NODE);
    for option in ["--only", "--skip"] {
        let outcome = sandbox.dockfix(&[option, "manifest-frist"]).expect(2);
        assert!(outcome.stderr.contains("manifest-frist") && outcome.stderr.contains("manifest-first, "));
    }
    let outcome = sandbox.dockfix(&["explain", "manifest-frist"]).expect(2);
    assert!(outcome.stderr.contains("manifest-first, "), "{}", outcome.stderr);
}

#[test]
fn every_transform_is_listed_and_explained() {
    let sandbox = Sandbox::new();
    let list = sandbox.dockfix(&["transforms"]).expect(0).stdout;
    assert_eq!(sandbox.dockfix(&["explain"]).expect(0).stdout, list);
    let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(&"late-arg"), "{list}");
    for name in names {
        let page = sandbox.dockfix(&["explain", name]).expect(0).stdout;
        assert!(page.starts_with("# ") && page.lines().count() > 10, "{name}: {page}");
    }
}

#[test]
fn files_are_found_by_name_and_taken_when_named() {
    let sandbox = Sandbox::of(&[
        ("b/Containerfile", DONE),
        ("a/web.Dockerfile", DONE),
        ("Dockerfile-dev", DONE),
        ("dockerfile.go", "package dockerfile\n"),
        ("build.txt", DONE),
        ("Dockerfile.j2", "FROM {{ image }}\n"),
        ("templated/Dockerfile", "FROM scratch\n{% if x %}\nRUN y\n"),
        ("hidden/Dockerfile", DONE),
        (".gitignore", "hidden\n"),
    ]);
    let paths = |arguments: &[&str]| {
        let mut all = vec!["--format", "json"];
        all.extend(arguments);
        let report = sandbox.dockfix(&all).expect(0).json();
        let files = report["files"].as_array().unwrap().iter();
        files
            .map(|file| {
                format!("{} {}", file["path"].as_str().unwrap(), file["refusals"].as_array().unwrap().len())
            })
            .collect::<Vec<_>>()
    };
    let found = paths(&[]);
    let expected = [
        "Dockerfile-dev 0",
        "Dockerfile.j2 1",
        "a/web.Dockerfile 0",
        "b/Containerfile 0",
        "templated/Dockerfile 1",
    ];
    assert_eq!(found, expected);
    assert_eq!(paths(&["build.txt", "hidden/Dockerfile"]), ["build.txt 0", "hidden/Dockerfile 0"]);
    assert_eq!(paths(&["b", "./a/web.Dockerfile", "a"]), ["a/web.Dockerfile 0", "b/Containerfile 0"]);
}

#[test]
fn an_empty_directory_is_no_failure() {
    let outcome = Sandbox::new().dockfix(&[]).expect(0);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", "no Dockerfile found\n"));
}
