//! What the README promises.

use crate::sandbox::{NODE, Sandbox};

const README: &str = include_str!("../../README.md");

#[test]
fn the_diff_in_the_readme_is_what_comes_out() {
    let sandbox = Sandbox::of(&NODE);
    sandbox.git(&["init", "--quiet"], "");
    let shown = README.split("```diff\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let real = sandbox.dockfix(&[]).expect(0).stdout;
    assert_eq!(shown, real, "the README should show:\n{real}");
}

#[test]
fn every_option_is_in_the_readme() {
    let sandbox = Sandbox::new();
    let help = sandbox.dockfix(&["--help"]).expect(0).stdout;
    let options: Vec<&str> = help
        .split(|char: char| char != '-' && !char.is_ascii_lowercase())
        .filter(|word| word.starts_with("--"))
        .collect();
    assert!(options.len() > 10, "{help}");
    for option in options {
        assert!(README.contains(&format!("`{option}")), "{option} is missing");
    }
    let commands = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
    // What is indented further goes on with the line above.
    let names = commands.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    for command in names.filter(|name| !matches!(*name, "" | "help")) {
        assert!(README.contains(&format!("dockfix {command}")), "{command} is missing");
    }
}
