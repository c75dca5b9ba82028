//! Builds the scenarios with the engine at hand.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::scenario::{self, Scenario};
use super::{FAILS, RECORD, Steps, read_steps, show_steps, tree};

fn docker(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("docker").args(arguments).output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

/// An image of this name with a file that no other image has.
fn make_base(name: &str, salt: &str) {
    let base = std::env::var("DOCKFIX_ENGINE_BASE").unwrap_or_else(|_| "busybox".to_owned());
    let dir = tempfile::TempDir::new().unwrap();
    fs::write(dir.path().join("Dockerfile"), format!("FROM {base}\nCOPY salt /salt\n")).unwrap();
    fs::write(dir.path().join("salt"), salt).unwrap();
    let (done, text) = docker(&["buildx", "build", "--quiet", "--tag", name, dir.path().to_str().unwrap()]);
    assert!(done, "{text}");
}

/// Builds, and reads from the log which steps were cached; nothing if the build fails.
fn build(context: &Path, options: &str, secret: &Path) -> Option<Steps> {
    let secret = secret.display();
    let (token, other) = (format!("id=token,src={secret}"), format!("id=other,src={secret}"));
    let mut arguments = vec![
        "buildx",
        "build",
        "--network=host",
        "--progress=plain",
        // No image is kept.
        "--output=type=cacheonly",
        "--secret",
        &token,
        "--secret",
        &other,
    ];
    arguments.extend(options.split_whitespace());
    arguments.push(context.to_str().unwrap());
    let (done, text) = docker(&arguments);
    if !done {
        return None;
    }
    let mut names: HashMap<&str, String> = HashMap::new();
    let mut steps = BTreeMap::new();
    for line in text.lines() {
        let Some((number, rest)) = line.split_once(' ').filter(|(number, _)| number.starts_with('#')) else {
            continue;
        };
        match rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((name, text)) if name.contains('/') && !text.starts_with("FROM ") => {
                // Numbers are aligned with spaces.
                let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
                steps.entry(name.clone()).or_insert(false);
                names.insert(number, name);
            }
            _ if rest == "CACHED" => {
                if let Some(name) = names.get(number) {
                    steps.insert(name.clone(), true);
                }
            }
            _ => {}
        }
    }
    Some(steps)
}

/// Makes another user the owner of all files, where that is allowed.
fn give_away(dir: &Path) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if std::os::unix::fs::lchown(entry.path(), Some(1234), Some(1234)).is_err() {
            return;
        }
        if entry.file_type().unwrap().is_dir() {
            give_away(&entry.path());
        }
    }
}

fn outcome(scenario: &Scenario, salt: &str) -> String {
    let image = format!("dockfix-cache-{salt}");
    make_base(&image, salt);
    let dir = tempfile::TempDir::new().unwrap();
    let secret = dir.path().join("secret");
    fs::write(&secret, "before").unwrap();
    let trees = scenario.trees().unwrap();
    let text = |side: usize| scenario.texts[side].replace("BASE", &image);
    let (before, after) = (dir.path().join("before"), dir.path().join("after"));
    tree::write(&trees[0], &text(0), &before, salt);
    let outcome = build(&before, &scenario.options[0], &secret).and_then(|_| {
        if scenario.operations.iter().any(|operation| operation == "base") {
            make_base(&image, &format!("{salt} again"));
        }
        if scenario.operations.iter().any(|operation| operation == "secret") {
            fs::write(&secret, "after").unwrap();
        }
        // All files are written anew, so that their times differ, and belong to somebody else.
        tree::write(&trees[1], &text(1), &after, salt);
        give_away(&after);
        build(&after, &scenario.options[1], &secret)
    });
    docker(&["image", "rm", "--force", &image]);
    outcome.map_or(FAILS.to_owned(), |steps| show_steps(&steps))
}

#[test]
#[ignore = "needs a Docker Engine and an image with a shell; takes half an hour"]
fn the_engine_caches_as_recorded() {
    let scenarios = scenario::all();
    // DOCKFIX_ENGINE_ONLY=PART records only the scenarios whose names contain it, and `new` those without a record.
    let only = std::env::var("DOCKFIX_ENGINE_ONLY").unwrap_or_default();
    let keeps = |scenario: &Scenario| only == "new" || !scenario.name.contains(&only);
    let recorded: HashMap<String, String> =
        RECORD.lines().map(Scenario::read).map(|(scenario, outcome)| (scenario.line(), outcome)).collect();
    let lines: Mutex<BTreeMap<usize, String>> = Mutex::default();
    let different: Mutex<Vec<String>> = Mutex::default();
    let next = AtomicUsize::new(0);
    let run = std::process::id();
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(scenario) = scenarios.get(index) else { break };
            let known = recorded.get(&scenario.line());
            let outcome = match known {
                Some(known) if keeps(scenario) => known.clone(),
                None if only != "new" && keeps(scenario) => continue,
                _ => outcome(scenario, &format!("{run}-{index}")),
            };
            if known.is_some_and(|known| *known != outcome) {
                let known = known.map(|known| read_steps_or_fails(known));
                different.lock().unwrap().push(format!("{}: {outcome}, recorded {known:?}", scenario.name));
            }
            let mut lines = lines.lock().unwrap();
            lines.insert(index, format!("{}\t{outcome}\n", scenario.line()));
            let text: String = lines.values().map(String::as_str).collect();
            fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cache_engine.tsv"), text)
                .unwrap();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
        scope.spawn(work);
    });
    let different = different.into_inner().unwrap();
    assert!(different.is_empty(), "{} scenarios:\n{}", different.len(), different.join("\n"));
}

fn read_steps_or_fails(outcome: &str) -> String {
    if outcome == FAILS { FAILS.to_owned() } else { show_steps(&read_steps(outcome)) }
}
