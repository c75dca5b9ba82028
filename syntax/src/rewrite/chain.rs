//! Commands in a list such as `a && b; c`.

use super::RewriteError;
use super::items::in_own_line_ends;
use super::lines::{self, Line};
use super::pieces::{Piece, end_in_source, insert_at_end, insert_at_start, splice};
use crate::decode::is_separator;
use crate::shell::List;
use crate::{Edits, Instruction, Span};

/// The commands of one shell list and the operators between them, as spans of an instruction's logical text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The commands (whole pipelines), in order.
    pub commands: Vec<Span>,
    /// The operators: number `i` joins the commands `i` and `i + 1`. An operator behind the last command is no part of
    /// the chain.
    pub operators: Vec<Span>,
}

impl Chain {
    /// The chain of a shell list. `start` is the offset in the logical text of what was scanned: for all arguments of a
    /// RUN the start of [`args_span`](Instruction::args_span).
    #[must_use]
    pub fn of(list: &List<'_>, start: usize) -> Self {
        let operators =
            list.items.iter().filter_map(|item| item.operator).map(|(_, span)| span.shifted(start));
        Self {
            commands: list.items.iter().map(|item| item.pipeline.span.shifted(start)).collect(),
            operators: operators.take(list.items.len().saturating_sub(1)).collect(),
        }
    }
}

/// On which side of a command to insert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Before it.
    Before,
    /// After it.
    After,
}

/// Removes commands, given by their numbers, each with one of the operators beside it.
///
/// Of two `&&` the one goes that stands on the command's own line. The list means what it would mean if each command
/// had been one that does nothing and succeeds; only the status of a last command behind `;` becomes that of the
/// command before it.
///
/// # Errors
///
/// When no command would be left, when `||` or `&` depends on a command that goes, or as
/// [`remove`](super::remove()).
pub fn remove_commands(
    edits: &mut Edits,
    instruction: &Instruction<'_>,
    chain: &Chain,
    numbers: &[usize],
) -> Result<(), RewriteError> {
    // Each command with the operator behind it.
    let mut left: Vec<(usize, Option<Span>)> = Vec::with_capacity(chain.commands.len());
    left.extend(
        chain.commands.iter().enumerate().map(|(number, _)| (number, chain.operators.get(number).copied())),
    );
    if let Some(last) = left.last_mut() {
        last.1 = None;
    }
    let lines = lines::of(instruction);
    let (mut pieces, mut come) = (Vec::new(), Vec::new());
    for &number in numbers {
        let Some(at) = left.iter().position(|&(other, _)| other == number) else { continue };
        if left.len() == 1 {
            return Err(RewriteError::LastCommand);
        }
        let command = chain.commands[number];
        let before = at.checked_sub(1).and_then(|before| left[before].1);
        let after = left[at].1;
        if takes_operator_before(instruction, &lines, command, before, after)? {
            left[at - 1].1 = after;
            pieces.extend(before);
            // A `;` that stays follows its new command at once.
            let semicolon = after.filter(|after| after.of(instruction.text()) == b";");
            let previous = chain.commands.get(left[at - 1].0).map(|previous| previous.end);
            if let (Some(semicolon), Some(end)) =
                (semicolon.filter(|_| !numbers.contains(&(number + 1))), previous)
            {
                pieces.push(semicolon);
                come.push(Piece { span: Span::empty(end), text: b";" });
            }
            // One at the end of all goes with the last command.
            let trailing = chain.operators.get(number).filter(|_| number + 1 == chain.commands.len());
            pieces.extend(trailing.filter(|operator| operator.of(instruction.text()) == b";"));
        } else {
            pieces.extend(after);
        }
        pieces.push(command);
        left.remove(at);
    }
    come.extend(pieces.into_iter().map(|span| Piece { span, text: b"" }));
    splice(edits, instruction, come)
}

/// Inserts `text`, a command, beside the command `number` of a chain and joins it by `&&`.
///
/// Where the chain has its commands on lines of their own, so has the new one, with `&&` at the end or the start of the
/// line as the others have it.
///
/// # Errors
///
/// When the chain has no such command, when the operator beside it is no `&&`, so that the new command would run at
/// other times than its neighbour, or the place lies inside a change.
pub fn insert_command(
    edits: &mut Edits,
    instruction: &Instruction<'_>,
    chain: &Chain,
    number: usize,
    side: Side,
    text: &[u8],
) -> Result<(), RewriteError> {
    let Some(&command) = chain.commands.get(number) else { return Err(RewriteError::NoSuchItem(number)) };
    let before = number.checked_sub(1).and_then(|before| chain.operators.get(before)).copied();
    let after = chain.operators.get(number).copied().filter(|_| number + 1 < chain.commands.len());
    let binds =
        |operator: Option<Span>| operator.is_some_and(|op| matches!(op.of(instruction.text()), b"||"));
    if binds(before) || binds(after) {
        return Err(RewriteError::Operator);
    }
    let (first, second) = match side {
        Side::Before => (before, after),
        Side::After => (after, before),
    };
    let joint =
        [first, second].into_iter().flatten().find_map(|operator| broken_joint(instruction, operator));
    let joint = joint.unwrap_or_else(|| b" && ".to_vec());
    let text = in_own_line_ends(instruction.file(), text);
    match side {
        Side::Before => insert_at_start(edits, instruction, command.start, &[&text[..], &joint].concat()),
        Side::After => insert_at_end(edits, instruction, command.end, &[&joint, &text[..]].concat(), 0),
    }
}

/// Whether a command goes with the operator before it rather than with the one after it.
fn takes_operator_before(
    instruction: &Instruction<'_>,
    lines: &[Line],
    command: Span,
    before: Option<Span>,
    after: Option<Span>,
) -> Result<bool, RewriteError> {
    let text = |operator: Option<Span>| operator.map(|operator| operator.of(instruction.text()));
    match (text(before), text(after)) {
        (Some(b"&&"), Some(b"&&")) => {
            let line = |at: usize| {
                let at = instruction.source_offset(at);
                lines.iter().position(|line| line.span.contains(at))
            };
            let own =
                |operator: Option<Span>, end: usize| operator.is_some_and(|op| line(op.start) == line(end));
            Ok(own(before, command.start) || !own(after, command.end.saturating_sub(1)))
        }
        // `x && true` is `x`, whatever follows.
        (Some(b"&&"), _) | (Some(b";"), None) => Ok(true),
        (Some(b"||"), _) | (_, Some(b"||")) => Err(RewriteError::Operator),
        (_, Some(b"&&" | b";" | b"&")) => Ok(false),
        _ => Err(RewriteError::Operator),
    }
}

/// What joins two commands by `&&` in the manner of an operator that stands at the start or the end of a line: from the
/// last byte of one command to the first of the next. `None` for an operator in the middle of a line, or broken itself.
fn broken_joint(instruction: &Instruction<'_>, operator: Span) -> Option<Vec<u8>> {
    let source = instruction.file().source();
    let lines = lines::of(instruction);
    let start = instruction.source_offset(operator.start);
    let end = end_in_source(instruction, operator.end);
    let index = lines.iter().position(|line| line.span.contains(start))?;
    let line = lines.get(index)?;
    let code = line.code.filter(|code| end <= code.kept.end)?;
    let blank = |text: &[u8]| text.iter().all(|&byte| is_separator(byte));
    let line_end = Span::new(line.text_end, line.span.end).of(source);
    let escape = [instruction.file().escape()];
    let left = Span::new(code.kept.start, start).of(source);
    let right = Span::new(end, code.kept.end).of(source);
    if index > 0 && blank(left) {
        let previous = lines.get(..index)?.iter().rev().find(|line| line.code.is_some())?;
        let line_end = Span::new(previous.text_end, previous.span.end).of(source);
        return Some([b" ", &escape[..], line_end, left, b"&& "].concat());
    }
    if code.continued && blank(right) {
        let next = lines.get(index + 1..)?.iter().find_map(|line| line.code)?.kept.of(source);
        let indent = &next[..next.iter().take_while(|&&byte| is_separator(byte)).count()];
        let gap = if right.is_empty() { b" " } else { right };
        return Some([b" &&", gap, &escape, line_end, indent].concat());
    }
    None
}
