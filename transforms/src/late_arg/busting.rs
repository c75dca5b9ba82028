//! Arguments that somebody has put where they are for the cache's sake: another value makes what follows run again, and fetch
//! what the network has by then.

use dockfix_ecosystems::{follows_a_branch, managers_of};
use dockfix_model::build::Step;
use dockfix_model::commands::{Argument, Invocation};
use dockfix_syntax::ItemKind;

use crate::analysis::Analysis;
use crate::naming::told;

/// Parts of the names that such arguments have, and words of the comments above them.
const MARKS: [&str; 6] = ["CACHE", "BUST", "REBUILD", "INVALIDATE", "REFRESH", "FORCE"];

/// Whether an argument that nothing uses is one, by its name or the comment above it.
pub(super) fn is_meant(step: &Step<'_>, names: &[String]) -> bool {
    let instruction = &step.instruction;
    let (file, index) = (instruction.file(), instruction.index());
    let above = file.items()[..index].iter().rev();
    let comments = above.take_while(|item| matches!(item.kind, ItemKind::Comment));
    let comments = comments.map(|item| String::from_utf8_lossy(item.span.of(file.source())).into_owned());
    let mut texts = names.iter().cloned().chain(comments);
    texts.any(|text| MARKS.iter().any(|mark| text.to_ascii_uppercase().contains(mark)))
}

/// The first command of a RUN, as a message shows it, that takes what a repository or a server has at that time: a clone
/// without a version, a download of the latest one, the time.
pub(super) fn taken_as_it_is(analysis: &Analysis<'_>) -> Option<String> {
    let mut commands = analysis.chain.invocations().into_iter();
    let command = commands.find(|command| match &*command.program {
        "git" => takes_a_branch(command),
        "curl" | "wget" | "aria2c" => command.arguments.iter().any(names_the_latest),
        _ => command.substituted.iter().any(tells_the_time),
    })?;
    Some(told(command, analysis.chain.text))
}

/// The first command of a RUN, as a message shows it, that brings what is installed up to date, or installs the latest version
/// of something, or what a branch holds. Whoever stamps each image with another commit or date has it run each time.
pub(super) fn brought_up_to_date(analysis: &Analysis<'_>) -> Option<String> {
    let mut commands = analysis.chain.invocations().into_iter();
    let command = commands.find(|command| {
        let managers = managers_of(&command.program);
        managers.iter().any(|manager| manager.upgrades(command))
            || command.arguments.iter().any(|word| {
                let word = text(word);
                word.ends_with("@latest") || !managers.is_empty() && follows_a_branch(&word)
            })
    })?;
    Some(told(command, analysis.chain.text))
}

fn text(argument: &Argument<'_>) -> String {
    match &argument.value {
        Some(value) => value.clone().into_owned(),
        None => String::from_utf8_lossy(argument.text).into_owned(),
    }
}

/// Whether a command tells when it runs, not when something else was (date(1)).
fn tells_the_time(command: &Invocation<'_>) -> bool {
    let is_settled = |word: &Argument<'_>| {
        let word = text(word);
        let letters = word.strip_prefix('-').filter(|letters| !letters.starts_with('-')).unwrap_or_default();
        letters.contains(['d', 'r']) || word.starts_with("--date") || word.starts_with("--reference")
    };
    command.program == "date" && !command.arguments.iter().any(is_settled)
}

/// Whether a word may be a version or a commit.
fn is_version(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit() || byte == b'$')
}

/// Whether a command of git takes what a branch holds by now (git-clone(1), git-pull(1)).
fn takes_a_branch(command: &Invocation<'_>) -> bool {
    let words: Vec<_> = command.arguments.iter().map(text).collect();
    let Some(verb) = words.iter().position(|word| matches!(word.as_str(), "clone" | "pull" | "fetch")) else {
        return false;
    };
    let mut options = words[verb + 1..].iter();
    let is_settled = options.any(|word| match word.split_once('=') {
        Some(("--branch" | "--revision", version)) => is_version(version),
        _ => false,
    });
    let follows = |pair: &[String]| {
        matches!(pair[0].as_str(), "--branch" | "-b" | "--revision") && is_version(&pair[1])
    };
    !is_settled && !words[verb + 1..].windows(2).any(follows)
}

/// Whether an address names no version but the newest.
fn names_the_latest(argument: &Argument<'_>) -> bool {
    const NEWEST: [&str; 7] = ["latest", "master", "main", "HEAD", "nightly", "develop", "trunk"];
    let word = text(argument);
    word.contains("://") && word.split(['/', '=', '?', '&']).any(|part| NEWEST.contains(&part))
}
