//! Whom the commands of a stage show to be root, where its base image does not tell.
//!
//! `apt-get install` succeeds for root alone, so where one has to succeed for the stage to be built, root is whom the image
//! runs commands as, up to the next USER. A build in which it fails has nothing to lose.

use dockfix_ecosystems::{IndexUse, recognise};
use dockfix_model::build::{Build, Stage, Step};
use dockfix_model::commands::{Action, Argument, Chain, Invocation};
use dockfix_model::{State, User};
use dockfix_syntax::Keyword;

use crate::failure::fails_with;

/// Finds the stages that begin as root by what they run, and makes that known.
pub(crate) fn find(build: &mut Build<'_>) {
    for index in 0..build.stages.len() {
        if is_shown(&build.stages[index]) {
            build.runs_as(index, 0, &User::Root);
        }
    }
}

/// Whether a command of the stage, before any USER, succeeds for root alone, where it is not known who runs it.
fn is_shown(stage: &Stage<'_>) -> bool {
    let steps = stage.steps.iter().take_while(|step| step.instruction.keyword() != Keyword::User);
    let mut runs = steps.filter(|step| step.instruction.keyword() == Keyword::Run);
    let is_asked = stage.steps.first().is_some_and(|step| step.state.user == User::Unknown);
    is_asked && runs.any(succeeds_for_root_alone)
}

fn succeeds_for_root_alone(step: &Step<'_>) -> bool {
    let text = step.instruction.text();
    // Reading commands is dear, and few RUNs have such a one.
    if !PROGRAMS.iter().any(|program| memchr::memmem::find(text, program.as_bytes()).is_some()) {
        return false;
    }
    let Ok(chain) = Chain::of(&step.instruction, &step.state) else { return false };
    let is_for_root = |number: usize, action: &Action<'_>| match action {
        Action::Pipeline(commands) => matches!(&commands[..], [command] if needs_root(command, &step.state)),
        _ => false,
    } && fails_with(&chain, number);
    chain.links.iter().enumerate().any(|(number, link)| is_for_root(number, &link.action))
}

/// The programs of managers that work as root alone, as far as they are asked here. apk is not: of an image that is not known it does not tell
/// whether programs are compiled for musl, as on Alpine, or for glibc, as on Wolfi, and caches of who runs as root are shared.
const PROGRAMS: [&str; 6] = ["apt-get", "apt ", "yum", "dnf", "zypper", "pacman"];

/// Whether a command fails for everybody but root: it installs or removes packages, or fetches the lists of them.
fn needs_root(command: &Invocation<'_>, state: &State) -> bool {
    let Some((manager, usage)) = recognise(command, state).filter(|_| command.user.is_none()) else {
        return false;
    };
    let works = usage.runs_package_code || manager.index_use(command) == Some(IndexUse::Fills);
    let spares_the_image = |argument: &Argument<'_>| argument.value.as_deref().is_some_and(spares_the_image);
    manager.is_for_root()
        && manager.name() != "apk"
        && works
        && !command.arguments.iter().any(spares_the_image)
}

/// Whether a word may keep a command from working on the image, so that others than root could run it: another root
/// directory, other settings, a mere trial.
fn spares_the_image(word: &str) -> bool {
    const OPTIONS: [&str; 12] = [
        "--simulate",
        "--just-print",
        "--dry-run",
        "--recon",
        "--no-act",
        "--print-uris",
        "--installroot",
        "--root",
        "--downloadonly",
        "--assumeno",
        "--config",
        "-c",
    ];
    let is_short = word.starts_with('-') && !word.starts_with("--");
    OPTIONS.iter().any(|option| word.starts_with(option))
        || is_short && word.contains('s')
        || ["Dir::", "RootDir", "NoLocking"].iter().any(|setting| word.contains(setting))
}
