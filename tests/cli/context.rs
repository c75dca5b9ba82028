//! The build context.

use crate::sandbox::{NODE, Sandbox};

fn moved() -> Sandbox {
    let sandbox = Sandbox::of(&NODE[1..]);
    sandbox.file("docker/Dockerfile", NODE[0].1);
    sandbox
}

#[test]
fn what_is_assumed_is_told() {
    let sandbox = moved();
    let outcome = sandbox.dockfix(&[]).expect(0);
    assert!(
        outcome.stderr.contains("docker/Dockerfile: context assumed: . (the nearest "),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("docker/Dockerfile:3: manifest-first: "), "{}", outcome.stderr);
    let report = sandbox.dockfix(&["--format", "json"]).json();
    let files = report["files"].as_array().unwrap();
    let file = files.iter().find(|file| file["path"] == "docker/Dockerfile").unwrap();
    assert_eq!(file["context"]["directory"], ".");
}

#[test]
fn what_is_given_holds() {
    let sandbox = moved();
    let outcome = sandbox.dockfix(&["--context", "docker", "--verbose"]).expect(0);
    assert!(
        outcome.stderr.contains("docker/Dockerfile: context: docker (given by --context)"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("manifest-first: npm ci no longer"), "{}", outcome.stderr);
    let outcome = sandbox.dockfix(&["--context", "missing"]).expect(2);
    assert!(outcome.stderr.contains("--context missing: "), "{}", outcome.stderr);
    sandbox.dockfix(&["--context", "package.json"]).expect(2);
}

#[test]
fn what_is_unknown_is_told() {
    let sandbox = Sandbox::of(&[("Dockerfile", "FROM node:22\nCOPY missing /\nRUN npm ci\n")]);
    let outcome = sandbox.dockfix(&[]).expect(0);
    assert!(outcome.stderr.contains("Dockerfile: context unknown: "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("`missing`"), "{}", outcome.stderr);
}

/// What others may copy from the same context stays in it, though nobody can tell where they are built from.
#[test]
fn what_others_copy_stays_in_the_context() {
    const LAMBDA: &str =
        "FROM public.ecr.aws/lambda/nodejs:20\nCOPY node_modules ./node_modules\nCOPY dist ./\n";
    let is_added = |others: &[(&str, &str)]| {
        let sandbox = Sandbox::of(&NODE);
        for (path, text) in others {
            sandbox.file(path, text);
        }
        sandbox.dockfix(&[]).expect(0).stdout.contains("\n+**/node_modules\n")
    };
    assert!(is_added(&[]));
    assert!(is_added(&[("deploy/Dockerfile.jar", "FROM openjdk\nCOPY target/$JAR /\n")]));
    assert!(!is_added(&[("deploy/Dockerfile.lambda", LAMBDA)]));
    let template = format!("{{% if x %}}\n{LAMBDA}{{% endif %}}\n");
    assert!(!is_added(&[("deploy/Dockerfile.j2", &template)]));
    assert!(!is_added(&[("deploy/Dockerfile", &template)]));
    let service = |build: &str| format!("services: {{l: {{build: {{context: ., {build}}}}}}}\n");
    let named = service("dockerfile: deploy/l.txt");
    assert!(!is_added(&[("compose.yml", &named), ("deploy/l.txt", LAMBDA)]));
    let inline = service("dockerfile_inline: \"FROM node\\nCOPY node_modules /n\"");
    assert!(!is_added(&[("compose.yml", &inline)]));
    // Its image lives off what was installed outside.
    assert!(!is_added(&[("Dockerfile.run", "FROM node:22\nCOPY . .\nCMD [\"node\", \"server.js\"]\n")]));
    let other_build = "FROM golang\nCOPY . .\nRUN go build\nFROM scratch\nCOPY --from=0 /x /\n";
    assert!(is_added(&[("Dockerfile.go", other_build)]));
}

/// A Compose file stands above the contexts that it names, in a repository or not.
#[test]
fn what_a_compose_file_above_builds_stays_in_the_context() {
    let is_added = |compose: &str| {
        let sandbox = Sandbox::of(&[]);
        for (path, text) in NODE {
            sandbox.file(&format!("web/{path}"), text);
        }
        sandbox.file("web/docker/serve", "FROM nginx\nCOPY node_modules/x/dist /x\n");
        sandbox.file("compose.yml", compose);
        sandbox.dockfix(&[]).expect(0).stdout.contains("\n+**/node_modules\n")
    };
    let service = |build: &str| {
        format!("services: {{a: {{build: ./web}}, b: {{build: {{context: ./web, {build}}}}}}}\n")
    };
    assert!(is_added("services: {a: {build: ./web}}\n"));
    assert!(!is_added(&service("dockerfile: docker/serve")));
    assert!(!is_added(&service("dockerfile_inline: \"FROM nginx\\nCOPY node_modules/x/dist /x\"")));
}
