//! Whether a RUN fails where one of its commands does.

use dockfix_model::commands::{Action, Chain, Link};
use dockfix_syntax::shell::Operator;

/// Whether the script begins with `set -e`, in whatever company, and never takes it back.
pub(crate) fn stops_at_failure(chain: &Chain<'_>) -> bool {
    chain.links.first().is_some_and(|link| sets_errexit(&link.action, '-'))
        && !chain.links.iter().any(|link| sets_errexit(&link.action, '+'))
}

/// The number of the last command, where it is among those that go and hides that one of the others fails: behind `;` or on
/// a line of its own, its status is that of the RUN. Under `set -e` the RUN has ended before, unless what failed is a part
/// of `a && b`.
pub(crate) fn hiding_command(chain: &Chain<'_>, gone: &[usize]) -> Option<usize> {
    let last = chain.links.len().checked_sub(1).filter(|last| gone.contains(last))?;
    let kept = (0..last).rev().find(|number| !gone.contains(number))?;
    let goes_on = |number: usize| {
        let operator = chain.links.get(number).and_then(|link| link.operator);
        matches!(operator, Some((Operator::Semicolon | Operator::Newline, _)))
    };
    let stands_alone = kept.checked_sub(1).is_none_or(goes_on);
    let is_hidden = (kept..last).any(goes_on) && !(stands_alone && stops_at_failure(chain));
    is_hidden.then_some(last)
}

/// Whether the RUN comes to the command `number` whatever else it does, and fails where that fails.
pub(crate) fn fails_with(chain: &Chain<'_>, number: usize) -> bool {
    let operator = |link: &Link<'_>| link.operator.map(|(operator, _)| operator);
    let links = &chain.links;
    let is_simple = |link: &Link<'_>| match &link.action {
        Action::Pipeline(commands) => commands.len() == 1,
        Action::Nested(inner) => {
            inner.iter().all(|link| matches!(operator(link), None | Some(Operator::And)))
        }
        Action::Opaque(_) => false,
    };
    let goes_on =
        links.iter().enumerate().skip(number).find(|(_, link)| operator(link) != Some(Operator::And));
    let ends = match goes_on.and_then(|(at, link)| Some((at, operator(link)?))) {
        None => true,
        // Of `a && b` only the last one ends it.
        Some((at, Operator::Semicolon | Operator::Newline)) => at == number && stops_at_failure(chain),
        Some(_) => false,
    };
    links.get(number).is_some_and(is_simple)
        && ends
        && links
            .iter()
            .take(number)
            .all(|link| !matches!(operator(link), Some(Operator::Or | Operator::Background)))
}

/// Whether a command is `set -e`, or with the sign `+` its opposite.
fn sets_errexit(action: &Action<'_>, sign: char) -> bool {
    let Action::Pipeline(commands) = action else { return false };
    let [command] = &commands[..] else { return false };
    // Behind `--` stand positional parameters.
    let words = command.arguments.iter().filter_map(|it| it.value.as_deref());
    let words: Vec<&str> = words.take_while(|word| *word != "--").collect();
    let is_short = |word: &&str| word.strip_prefix(sign).is_some_and(|rest| rest.contains('e'));
    let is_long = |pair: &[&str]| pair[1] == "errexit" && pair[0].strip_prefix(sign) == Some("o");
    command.program == "set" && (words.iter().any(is_short) || words.windows(2).any(is_long))
}
