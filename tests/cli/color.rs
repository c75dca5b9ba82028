//! Colours: on terminals only, unless the user wants otherwise (no-color.org, bixense.com/clicolors).

use crate::sandbox::{NODE, Sandbox, run};

fn is_coloured(arguments: &[&str], environment: &[(&str, &str)]) -> bool {
    let sandbox = Sandbox::of(&NODE);
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_dockfix"));
    let outcome = run(command.args(arguments).envs(environment.iter().copied()), "").expect(0);
    let (out, err) = (outcome.stdout.contains('\u{1b}'), outcome.stderr.contains('\u{1b}'));
    assert_eq!(out, err, "both or neither: {outcome:?}");
    out
}

#[test]
fn pipes_have_none_unless_it_is_wanted() {
    assert!(!is_coloured(&[], &[]));
    assert!(is_coloured(&["--color", "always"], &[]));
    assert!(is_coloured(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(is_coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!is_coloured(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!is_coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn a_coloured_diff_is_the_same_diff() {
    let sandbox = Sandbox::of(&NODE);
    let plain = sandbox.dockfix(&[]).expect(0).stdout;
    let coloured = sandbox.dockfix(&["--color", "always"]).expect(0).stdout;
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}
