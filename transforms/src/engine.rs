//! Applies what the transforms propose, until nothing is left to do.

mod states;

use std::sync::Arc;

use dockfix_model::context::Context;
use dockfix_syntax::{DirectiveName, Dockerfile};
use typed_arena::Arena;

use self::states::{Applied, Left, Round, States};
use crate::gain::Usual;
use crate::history::History;
use crate::reading::Reading;
use crate::report::{Change, FixedFile, Gain, ProjectFile, Refusal, Safety};
use crate::syntax_directive::SyntaxDirective;
use crate::transform::{Completion, Described, Input, Proposal, Transform};

/// Far more changes than any file wants: a transform that is not done by then goes round in circles.
const MAX_CHANGES: usize = 200;

/// What a file may be rewritten with.
#[derive(Default)]
pub(crate) struct Wanted {
    /// The transforms, in their order.
    pub(crate) transforms: Vec<&'static dyn Transform>,
    /// What goes along with their changes.
    pub(crate) completions: Vec<&'static dyn Completion>,
    /// Changes that are not shown to be safe are made too.
    pub(crate) allow_unsafe: bool,
}

impl Wanted {
    fn takes(&self, proposal: &Proposal) -> bool {
        proposal.safety == Safety::Safe || self.allow_unsafe
    }
}

/// Rewrites one Dockerfile.
pub(crate) fn fix_file(
    project_file: &ProjectFile,
    context: &Context,
    wanted: &Wanted,
    usual: &Usual,
) -> FixedFile {
    let original = &*project_file.file;
    let before = original.shared_source();
    let left_alone = |refusals: Vec<Refusal>, bug: Option<String>| FixedFile {
        name: project_file.name.clone(),
        before: Some(Arc::clone(&before)),
        after: Arc::clone(&before),
        changes: Vec::new(),
        refusals,
        gains: Vec::new(),
        bug,
    };
    if let Some((line, reason)) = unreadable(original) {
        return left_alone(vec![Refusal { transform: FILE, line, reason }], None);
    }
    let contexts = [&project_file.context, context];
    let fixed = match converge(original, contexts, wanted, usual) {
        Ok(fixed) => fixed,
        Err(bug) => return left_alone(Vec::new(), Some(bug)),
    };
    let mut changes = fixed.history.finish(fixed.changes);
    changes.sort_by_key(|change| change.line);
    FixedFile {
        name: project_file.name.clone(),
        before: Some(Arc::clone(&before)),
        after: fixed.source,
        changes,
        refusals: fixed.refusals,
        gains: fixed.gains,
        bug: None,
    }
}

/// The name under which a whole file is refused.
pub(crate) const FILE: &str = "file";

/// Why a file is left alone as a whole: 1-based line and reason.
fn unreadable(file: &Dockerfile) -> Option<(usize, String)> {
    if let Err(error) = std::str::from_utf8(file.source()) {
        return Some((file.line_at(error.valid_up_to()), "the file is not UTF-8".to_owned()));
    }
    if let Some((line, problem)) = file.problems().next() {
        return Some((line, problem.to_string()));
    }
    let syntax = file.directive(DirectiveName::Syntax)?;
    let syntax = String::from_utf8_lossy(syntax);
    let image = syntax.split([' ', '\t']).next().unwrap_or_default();
    let image = image.strip_prefix("docker.io/").unwrap_or(image);
    let is_docker = ["docker/dockerfile", "docker/dockerfile-upstream"].iter().any(|known| {
        image.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@']))
    });
    (!is_docker).then(|| {
        let line = file.directives().next().map_or(1, |(item, _)| item.line);
        (line, format!("the syntax directive names another frontend, `{image}`"))
    })
}

struct Converged {
    source: Arc<[u8]>,
    /// Each with its number in the history.
    changes: Vec<(usize, Change)>,
    refusals: Vec<Refusal>,
    gains: Vec<Gain>,
    history: History,
}

/// What a transform leaves alone.
#[derive(Default)]
struct Refused {
    /// Whatever is allowed.
    left: Vec<Refusal>,
    /// Whatever is allowed, and whatever became of the rest of the line.
    left_beside: Vec<Refusal>,
    /// What it would do if unsafe changes were allowed.
    offered: Vec<Refusal>,
    /// Although unsafe changes are allowed.
    left_though_unsafe: Vec<Refusal>,
}

impl Refused {
    /// What a transform leaves alone in the current file, by the lines of the original.
    fn of(transform: &'static str, left: Left, history: &History) -> Self {
        let place = |(line, reason): (usize, String)| refusal(history, transform, line, &reason);
        Self {
            left: left.left.into_iter().map(place).collect(),
            left_beside: left.left_beside.into_iter().map(place).collect(),
            offered: left.offered.into_iter().map(place).collect(),
            left_though_unsafe: left.left_though_unsafe.into_iter().map(place).collect(),
        }
    }
}

/// Applies changes until no transform proposes any; `contexts` are those before and after the ignore file was rewritten.
/// The error is a bug of ours, for the report.
fn converge(
    original: &Dockerfile,
    contexts: [&Context; 2],
    wanted: &Wanted,
    usual: &Usual,
) -> Result<Converged, String> {
    let context = contexts[1];
    let (files, readings) = (Arena::new(), Arena::new());
    let states = States { files: &files, readings: &readings, original, context, wanted };
    let first = &*readings.alloc(Reading::of(original));
    let mut reading = first;
    let mut history = History::new();
    let mut changes: Vec<(usize, Change)> = Vec::new();
    // What each transform leaves alone, as of when it was asked last.
    let transforms = &wanted.transforms;
    let mut left_alone: Vec<Left> = transforms.iter().map(|_| Left::default()).collect();
    let adds_directive = wanted.completions.iter().any(|it| it.id() == SyntaxDirective.id());
    // How many of them, up to the current one, have nothing more to propose for the file as it is.
    let mut content = 0;
    let mut current = 0;
    while content < transforms.len() {
        let transform = transforms[current];
        let proposals = transform.propose(&Input { reading, context, adds_directive });
        match states.take(reading, transform.id(), proposals)? {
            Round::Done(left) => {
                left_alone[current] = left;
                content += 1;
                current = (current + 1) % transforms.len();
            }
            Round::Next { reading: next, applied } => {
                let mut before = reading.file();
                for Applied { transform, proposals, file } in applied {
                    if changes.len() + proposals.len() > MAX_CHANGES {
                        return Err(format!("{transform} does not come to an end"));
                    }
                    record(&mut history, &mut changes, transform, &proposals, [before, file]);
                    before = file;
                }
                reading = next;
                content = 0;
            }
        }
    }
    // All of them have seen the file as it is now.
    let told_by = transforms.iter().zip(left_alone);
    let mut refusals: Vec<_> =
        told_by.map(|(transform, left)| Refused::of(transform.id(), left, &history)).collect();
    if !changes.is_empty() {
        reads_as_a_whole(reading.file())?;
        for completion in &wanted.completions {
            leaves_nothing_to_do(*completion, reading.file(), wanted)?;
            let left = completion.complete(reading.file(), original).refusals;
            let left = left.iter().map(|(line, reason)| refusal(&history, completion.id(), *line, reason));
            refusals.push(Refused { left: left.collect(), ..Refused::default() });
        }
    }
    let refusals = told(refusals, &changes);
    let is_changed = reading.file().source() != original.source();
    let gains = if is_changed { usual.gains(first, reading, contexts) } else { Vec::new() };
    Ok(Converged { source: reading.file().shared_source(), changes, refusals, gains, history })
}

/// A refusal by a line of the current file.
fn refusal(history: &History, transform: &'static str, line: usize, reason: &str) -> Refusal {
    Refusal { transform, line: history.told_line(line), reason: history.of_line_in_original(line, reason) }
}

/// Notes changes that lead together from the first file to the second.
fn record(
    history: &mut History,
    changes: &mut Vec<(usize, Change)>,
    transform: &'static str,
    proposals: &[Proposal],
    [before, after]: [&Dockerfile; 2],
) {
    let told: Vec<_> = proposals
        .iter()
        .map(|it| (history.original_line(it.line), history.of_line_in_original(it.line, &it.reason)))
        .collect();
    let edits: Vec<_> = proposals.iter().map(|proposal| &proposal.edits).collect();
    let number_of_first = history.record(&edits, before.source(), after.source());
    for (number, (proposal, (line, reason))) in proposals.iter().zip(told).enumerate() {
        let change = Change { transform, line, safety: proposal.safety, reason, lines_after: Vec::new() };
        changes.push((number_of_first + number, change));
    }
}

/// What is worth telling of the refusals, in the order of the file.
fn told(refusals: Vec<Refused>, changes: &[(usize, Change)]) -> Vec<Refusal> {
    // What was improved and could not be improved further needs no word; nor does why a line got none of the changes that
    // are not shown to be safe, where it got another of them.
    let is_improved = |refusal: &Refusal, though_unsafe: bool| {
        changes.iter().filter(|(_, change)| change.line == refusal.line).any(|(_, change)| {
            if though_unsafe {
                change.safety == Safety::Unsafe
            } else {
                change.transform == refusal.transform
            }
        })
    };
    let mut told: Vec<Refusal> = Vec::new();
    let mut offers = Vec::new();
    for Refused { left, left_beside, offered, left_though_unsafe: more } in refusals {
        // Of several ways to improve a line the first one is enough: it would be the one that is taken.
        for refusal in offered {
            let is_first = offers
                .iter()
                .all(|(transform, line)| *transform == refusal.transform || *line != refusal.line);
            offers.push((refusal.transform, refusal.line));
            told.extend(Some(refusal).filter(|refusal| is_first && !is_improved(refusal, false)));
        }
        let left = left.into_iter().filter(|refusal| !is_improved(refusal, false));
        let more = more.into_iter().filter(|refusal| !is_improved(refusal, true));
        for refusal in left.chain(left_beside).chain(more) {
            // Of one obstacle one word is enough, whoever met it.
            if !told.iter().any(|other| other.line == refusal.line && other.reason == refusal.reason) {
                told.push(refusal);
            }
        }
    }
    told.sort_by_key(|refusal| refusal.line);
    told
}

/// On the way only what an edit touched was parsed again; who builds the file parses all of it.
fn reads_as_a_whole(file: &Dockerfile) -> Result<(), String> {
    if Dockerfile::parse(file.shared_source()).items() == file.items() {
        Ok(())
    } else {
        Err("the result as a whole means something else than its parts".to_owned())
    }
}

/// Whoever runs dockfix on its result must get what he has: for that run the result is the original. The transforms have
/// just said that they have nothing more to propose, and know of no original.
fn leaves_nothing_to_do(
    completion: &dyn Completion,
    file: &Dockerfile,
    wanted: &Wanted,
) -> Result<(), String> {
    let proposals = completion.complete(file, file).changes;
    match proposals.iter().find(|proposal| wanted.takes(proposal)) {
        Some(proposal) => {
            Err(format!("a second run would change more: {}: {}", completion.id(), proposal.reason))
        }
        None => Ok(()),
    }
}
