//! The engine, by its command line.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The image that may stand in for any base image, on a machine without a container registry.
const STAND_IN: &str = "stand-in:1";

/// Runs `docker` with `arguments`; panics with what it said if it fails.
pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", text(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Runs `docker` and tells whether it did what it was told.
fn succeeds(arguments: &[&str]) -> bool {
    Command::new("docker")
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Whether an engine answers.
pub(crate) fn answers() -> bool {
    succeeds(&["version"])
}

/// Makes the base image `name` known, if the engine has to do without a registry.
pub(crate) fn provide(name: &str) {
    if !succeeds(&["image", "inspect", name]) && succeeds(&["image", "inspect", STAND_IN]) {
        docker(&["tag", STAND_IN, name]);
    }
}

/// Builds `dockerfile` with `context` and returns the progress, in plain text. `output` is what to do with the result.
///
/// The Dockerfile lies beside the context, without the line that asks for a frontend image: the engine's own frontend
/// knows all that is in these files.
pub(crate) fn build(context: &Path, dockerfile: &str, output: &[&str]) -> String {
    let beside = tempfile::TempDir::new().unwrap();
    let path = beside.path().join("Dockerfile");
    let lines = dockerfile.split_inclusive('\n').filter(|line| !line.starts_with("# syntax="));
    std::fs::write(&path, lines.collect::<String>()).unwrap();
    let result = Command::new("docker")
        .args(["buildx", "build", "--network", "host", "--progress", "plain"])
        .args(output)
        .arg("--file")
        .args([&path, context])
        .output()
        .unwrap();
    assert!(result.status.success(), "{dockerfile}\n{}", text(&result));
    text(&result)
}

/// What became of the first step whose text contains `command`: `CACHED` or `DONE`.
pub(crate) fn outcome(progress: &str, command: &str) -> String {
    let lines: Vec<(&str, &str)> =
        progress.lines().filter_map(|line| line.strip_prefix('#')?.split_once(' ')).collect();
    let is_step = |text: &str| text.starts_with('[') && text.contains("] RUN ") && text.contains(command);
    let Some((step, _)) = lines.iter().find(|(_, text)| is_step(text)) else {
        panic!("no step runs {command}:\n{progress}")
    };
    let ends = |text: &str| {
        text.split(' ').next().filter(|word| ["CACHED", "DONE"].contains(word)).map(str::to_owned)
    };
    let end = lines.iter().filter(|(number, _)| number == step).find_map(|(_, text)| ends(text));
    end.unwrap_or_else(|| panic!("step {step} does not end:\n{progress}"))
}

/// Images that are removed again at the end, whatever becomes of the test.
pub(crate) struct Images(pub(crate) Vec<String>);

impl Drop for Images {
    fn drop(&mut self) {
        for image in &self.0 {
            succeeds(&["rmi", "--force", image]);
        }
    }
}

#[test]
fn the_outcome_of_a_step_is_found() {
    let progress = "#1 [internal] load\n#1 DONE 0.0s\n#7 [stage-0 3/4] RUN --mount=x npm ci\n\
                    #6 [2/4] COPY . .\n#6 DONE 0.1s\n#7 CACHED\n#8 [4/4] RUN npm test\n#8 0.3 DONE\n#8 DONE 0.4s\n";
    assert_eq!(outcome(progress, "npm ci"), "CACHED");
    assert_eq!(outcome(progress, "npm test"), "DONE");
}
