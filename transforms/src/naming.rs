//! What a command is called in a message.

use dockfix_ecosystems::Ecosystem;
use dockfix_model::commands::{Argument, Invocation};
use dockfix_syntax::Span;

use crate::analysis::{Analysis, Managed};

/// A command as a message shows it: `npm ci`.
pub(crate) fn shown(managed: &Managed<'_>, analysis: &Analysis<'_>) -> String {
    let command = managed.command();
    // A variable that a command fills has white space in it.
    let start = if command.substituted.is_empty() { command.span.start } else { command.program_span.start };
    let span = Span::new(start, end_of_words(command));
    shown_in(analysis.chain.text, span, managed.ecosystem)
}

/// The same for a command that [`each_named_by`](dockfix_model::commands::each_named_by) shows.
pub(crate) fn named(text: &[u8], command: &Invocation<'_>, manager: &dyn Ecosystem) -> String {
    shown_in(text, Span::new(command.program_span.start, end_of_words(command)), manager)
}

/// Any command as it is written, with that word of it which a message is about.
pub(crate) fn with_word(text: &[u8], command: &Invocation<'_>, word: &Argument<'_>) -> String {
    let span = Span::new(command.program_span.start, end_of_words(command));
    let whole = String::from_utf8_lossy(span.of(text)).split_whitespace().collect::<Vec<_>>().join(" ");
    let begins_with_it = command.arguments.first().is_some_and(|first| first.span == word.span);
    if is_short(&whole) || begins_with_it {
        return shortened(&whole);
    }
    let is_last = command.arguments.last().is_some_and(|last| last.span == word.span);
    let end = if is_last { "" } else { " ..." };
    format!("{} ... {}{end}", command.program, shortened(&String::from_utf8_lossy(word.text)))
}

/// Where a command ends without its redirections: they are nothing that a message has to name.
fn end_of_words(command: &Invocation<'_>) -> usize {
    command.arguments.last().map_or(command.program_span.end, |last| last.span.end)
}

fn shown_in(text: &[u8], span: Span, manager: &dyn Ecosystem) -> String {
    let text = String::from_utf8_lossy(span.of(text));
    let words = without_settings(&text);
    if words.is_empty() { manager.name().to_owned() } else { shortened(&words) }
}

/// A command of any program as a message shows it.
pub(crate) fn told(command: &Invocation<'_>, text: &[u8]) -> String {
    let span = Span::new(command.program_span.start, end_of_words(command));
    shortened(&without_settings(&String::from_utf8_lossy(span.of(text))))
}

/// The text of a command, or of a pipeline, as a message shows it.
pub(crate) fn told_text(text: &[u8]) -> String {
    shortened(&without_settings(&String::from_utf8_lossy(text)))
}

/// A command without variables and settings in front of what it does. They seldom tell commands apart, and some of them a
/// rewrite has put there: the reader looks for his own words.
fn without_settings(command: &str) -> String {
    const PUT: [&str; 3] = ["--force-refresh", "--refresh", "--cache-dir"];
    let is_put = |word: &&str| PUT.contains(word);
    let mut words = command.split_whitespace().skip_while(|word| word.contains('=')).peekable();
    let mut shown: Vec<&str> = words.next().into_iter().collect();
    while let Some(option) =
        words.next_if(|word| is_put(word) || *word == "-o" || word.starts_with("--") && word.contains('='))
    {
        if matches!(option, "-o" | "--cache-dir") {
            words.next();
        }
    }
    // apk takes its options behind the verb.
    shown.extend(words.next());
    while let Some(option) = words.next_if(is_put) {
        if option == "--cache-dir" {
            words.next();
        }
    }
    shown.extend(words);
    shown.join(" ")
}

/// The most characters of a command that a message takes.
const LONGEST: usize = 40;

fn is_short(text: &str) -> bool {
    text.chars().count() <= LONGEST
}

/// A text cut to what a message can take.
pub(crate) fn shortened(text: &str) -> String {
    if is_short(text) {
        return text.to_owned();
    }
    let cut: String = text.chars().take(LONGEST - 3).collect();
    format!("{}...", cut.trim_end())
}
