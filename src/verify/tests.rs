//! Rewrites that are wrong on purpose, with a real engine. There is no base image in them, so that they take no time and
//! need no registry.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use clap::ValueEnum as _;
use dockfix_model::context::Context;
use dockfix_model::dockerignore::Dockerignore;

use super::engine::EngineKind;
use super::*;
use crate::rewrite::Version;

/// What the original says.
const ORIGINAL: &str = "FROM scratch\nWORKDIR /app\nCOPY . .\nENV A=1\nCMD [\"a\"]\n";

fn fill(directory: &Path) {
    for (path, content) in [("a.py", "a\n"), ("b.py", "b\n"), (".dockerignore", "ignored\n")] {
        fs::write(directory.join(path), content).unwrap();
    }
    for (path, target) in [("links", "a.py"), ("others", "b.py")] {
        fs::create_dir(directory.join(path)).unwrap();
        symlink(target, directory.join(path).join("link")).unwrap();
    }
}

/// The engines that answer.
fn engines() -> Vec<EngineKind> {
    let answer = |kind: &EngineKind| match Engine::find(Some(*kind)) {
        Ok(_) => true,
        Err(error) => {
            // Not captured, as the output of a test that passes would be.
            io::Write::write_all(&mut io::stderr(), format!("skipped: {error}\n").as_bytes()).unwrap();
            false
        }
    };
    EngineKind::value_variants().iter().copied().filter(answer).collect()
}

/// Verifies a rewrite.
fn verified(engine: EngineKind, before: &str, after: &str) -> Verification {
    let settings = Settings { quiet: true, engine: Some(engine), ..Settings::default() };
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    let context = Context::open(directory.path(), Dockerignore::parse(b"ignored\n")).unwrap();
    let version = |text: &str| Version { source: text.as_bytes().into(), context: context.clone() };
    let pair = Pair { path: "Dockerfile".to_owned(), before: version(before), after: version(after) };
    let mut report = verify([pair], &settings).unwrap();
    report.files.remove(0)
}

/// Verifies `ORIGINAL` with `from` replaced by `to`, and tells what is found to differ.
fn found(engine: EngineKind, from: &str, to: &str) -> String {
    assert!(ORIGINAL.contains(from));
    let verification = verified(engine, ORIGINAL, &ORIGINAL.replace(from, to));
    let differences = verification.comparison.iter().flat_map(|comparison| &comparison.differences);
    let shown = differences.map(|difference| {
        let names: Vec<&str> = difference.fields.iter().map(|field| &*field.name).collect();
        format!("{} {}", difference.path.as_deref().unwrap_or("configuration"), names.join(" "))
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[test]
#[ignore = "builds with a real engine"]
fn a_good_rewrite_is_verified() {
    let after = "FROM scratch\nENV A=1\nWORKDIR /app\nCOPY . .\nCMD [\"a\"]\n";
    for engine in engines() {
        let verification = verified(engine, ORIGINAL, after);
        assert!(verification.is_good(), "{engine:?}: {verification:?}");
        assert_eq!(verification.comparison.unwrap().files, 8, "{engine:?}");
        let [rebuild] = &verification.rebuilds[..] else { panic!("{engine:?}: {:?}", verification.rebuilds) };
        assert_eq!(rebuild.path, "a.py");
        let is_copied = |build: &check::Build| {
            build.steps.iter().any(|step| step.text.starts_with("COPY") && !step.cached)
        };
        assert!(is_copied(&rebuild.before) && is_copied(&rebuild.after), "{engine:?}: {rebuild:?}");
    }
}

#[test]
#[ignore = "builds with a real engine"]
fn a_wrong_rewrite_is_caught() {
    let Some(engine) = engines().into_iter().next() else { return };
    for (from, to, expected) in [
        ("COPY . .", "COPY . .\nCOPY b.py a.py", "/app/a.py content"),
        ("COPY . .", "COPY . .\nCOPY --chmod=600 a.py .", "/app/a.py mode"),
        ("COPY . .", "COPY . .\nCOPY --chown=7:8 a.py .", "/app/a.py owner"),
        ("COPY . .", "COPY . .\nCOPY others links", "/app/links/link target"),
        ("COPY . .", "COPY .dockerignore a.py ./\nCOPY links links/\nCOPY others others/", "/app/b.py file"),
        ("COPY . .", "COPY . .\nCOPY a.py c.py", "/app/c.py file"),
        ("A=1", "A=2", "configuration Env A"),
        ("[\"a\"]", "[\"b\"]", "configuration Cmd"),
        ("ENV", "USER 7\nENV", "configuration User"),
        ("ENV", "HEALTHCHECK NONE\nENV", "configuration Healthcheck"),
    ] {
        assert_eq!(found(engine, from, to), expected, "{to}");
    }
}

#[test]
#[ignore = "builds with a real engine"]
fn which_build_fails_is_told() {
    let broken = ORIGINAL.replace("COPY . .", "COPY nothing .");
    for engine in engines() {
        let verification = verified(engine, &broken, ORIGINAL);
        let Verdict::OriginalFails(failure) = verification.verdict else {
            panic!("{engine:?}: {verification:?}")
        };
        assert!(failure.step.is_some_and(|step| step.contains("COPY nothing")) && !failure.log.is_empty());
        let verification = verified(engine, ORIGINAL, &broken);
        assert!(matches!(verification.verdict, Verdict::Fails(_)), "{engine:?}: {verification:?}");
    }
}
