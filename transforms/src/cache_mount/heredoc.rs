//! Edits of a script in a heredoc.
//!
//! The script is the source as it stands: no continuations to join, no comments to keep but the shell's own.

use dockfix_ecosystems::CommandEdit;
use dockfix_model::commands::Chain;
use dockfix_syntax::shell::Operator;
use dockfix_syntax::{EditError, Edits, Span};

use super::cleaning::Cleaning;

/// Why what empties the caches stays, and so no mount comes.
pub(super) const STAYS: &str = "what empties the cache cannot be taken out of the heredoc";

/// The edits of commands, and the removal of what empties the caches. `start` is where the script begins in the source.
///
/// # Errors
///
/// When what has to go cannot be cut out of the script: the outer error says why.
pub(super) fn edits(
    edits: &mut Edits,
    chain: &Chain<'_>,
    commands: &[&CommandEdit],
    cleaning: &Cleaning,
    start: usize,
) -> Result<Result<(), EditError>, String> {
    let mut removed: Vec<Span> = cleaning.words.iter().map(|&word| with_gap(chain.text, word)).collect();
    for edit in commands {
        if let CommandEdit::Remove(span) = edit {
            removed.push(with_gap(chain.text, *span));
        }
    }
    for &number in &cleaning.links {
        removed.push(link(chain, number)?);
    }
    Ok(removed
        .into_iter()
        .map(|span| (span, String::new()))
        .chain(commands.iter().filter_map(|edit| match edit {
            CommandEdit::Remove(_) => None,
            CommandEdit::Replace(span, text) => Some((*span, text.clone())),
            CommandEdit::InsertAfter(span, words) => Some((Span::empty(span.end), format!(" {words}"))),
        }))
        .try_for_each(|(span, text)| edits.replace(span.shifted(start), text.into_bytes())))
}

/// A word and the white space before it, as far as it stands on the same line.
fn with_gap(text: &[u8], word: Span) -> Span {
    let before = text.get(..word.start).unwrap_or_default();
    let blank = before.iter().rev().take_while(|&&byte| matches!(byte, b' ' | b'\t')).count();
    Span::new(word.start - blank, word.end)
}

/// What goes with command `number`: its lines where it has them for itself, or the `&&` before it.
fn link(chain: &Chain<'_>, number: usize) -> Result<Span, String> {
    let of = |number: usize| chain.links.get(number);
    let operator = |number: usize| of(number).and_then(|link| link.operator.map(|(operator, _)| operator));
    let before = number.checked_sub(1).and_then(of);
    let Some(this) = of(number) else {
        return Err("the command that empties the cache is not found".to_owned());
    };
    let ends_line = matches!(operator(number), None | Some(Operator::Newline));
    let span = match number.checked_sub(1).and_then(operator) {
        Some(Operator::And) => Span::new(before.map_or(0, |before| before.span.end), this.span.end),
        None | Some(Operator::Newline) if ends_line => {
            let line =
                chain.text[..this.span.start].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            let rest = &chain.text[this.span.end..];
            let end = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |at| at + 1);
            Span::new(line, this.span.end + end)
        }
        _ => return Err(STAYS.to_owned()),
    };
    // What stands between is more than the command where a comment is among it.
    let rest = [Span::new(span.start, this.span.start), Span::new(this.span.end, span.end)];
    if rest.iter().any(|rest| rest.of(chain.text).contains(&b'#')) {
        return Err(STAYS.to_owned());
    }
    Ok(span)
}
