//! Applies what the transforms propose, one change at a time, until nothing is left to do.

use std::sync::Arc;

use dockfix_model::context::Context;
use dockfix_syntax::{DirectiveName, Dockerfile, Edits};
use typed_arena::Arena;

use crate::check;
use crate::gain::Usual;
use crate::history::History;
use crate::reading::Reading;
use crate::report::{Change, FixedFile, Gain, Options, ProjectFile, Refusal, Safety};
use crate::transform::{Input, Proposal, Proposals, Transform};

/// Far more changes than any file wants: a transform that is not done by then goes round in circles.
const MAX_CHANGES: usize = 200;

/// Rewrites one Dockerfile with `transforms`, in their order.
pub(crate) fn fix_file(
    project_file: &ProjectFile,
    context: &Context,
    transforms: &[&dyn Transform],
    options: &Options,
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
    let fixed = match converge(original, contexts, transforms, options, usual) {
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
    /// Although unsafe changes are allowed.
    left_though_unsafe: Vec<Refusal>,
}

/// The file in all its states on the way, for as long as it is worked on: what is known of one is taken over by the next.
struct States<'a> {
    files: &'a Arena<Dockerfile>,
    readings: &'a Arena<Reading<'a>>,
}

/// Applies changes until no transform proposes any; `contexts` are those before and after the ignore file was rewritten.
/// The error is a bug of ours, for the report.
fn converge(
    original: &Dockerfile,
    contexts: [&Context; 2],
    transforms: &[&dyn Transform],
    options: &Options,
    usual: &Usual,
) -> Result<Converged, String> {
    let context = contexts[1];
    let (files, readings) = (Arena::new(), Arena::new());
    let states = States { files: &files, readings: &readings };
    let first = &*readings.alloc(Reading::of(original));
    let mut reading = first;
    let mut history = History::new(original.source());
    let mut changes: Vec<(usize, Change)> = Vec::new();
    // What each transform leaves alone, as of when it was asked last.
    let mut refusals: Vec<Refused> = transforms.iter().map(|_| Refused::default()).collect();
    // How many of them, up to the current one, have nothing more to propose for the file as it is.
    let mut content = 0;
    let mut current = 0;
    while content < transforms.len() {
        let transform = transforms[current];
        let input = Input { reading, context, original };
        let proposals = transform.propose(&input);
        match apply_proposals(&states, &input, transform.id(), proposals, options)? {
            Round::Done { left, left_though_unsafe } => {
                let place = |(line, reason): (usize, String)| {
                    let (line, reason) = (history.original_line(line), history.in_original(&reason));
                    Refusal { transform: transform.id(), line, reason }
                };
                refusals[current] = Refused {
                    left: left.into_iter().map(place).collect(),
                    left_though_unsafe: left_though_unsafe.into_iter().map(place).collect(),
                };
                content += 1;
                current = (current + 1) % transforms.len();
            }
            Round::Next { reading: next, proposals } => {
                let transform = transform.id();
                if changes.len() + proposals.len() > MAX_CHANGES {
                    return Err(format!("{transform} does not come to an end"));
                }
                let told: Vec<_> = proposals
                    .iter()
                    .map(|it| (history.original_line(it.line), history.in_original(&it.reason)))
                    .collect();
                let edits: Vec<_> = proposals.iter().map(|proposal| &proposal.edits).collect();
                let number_of_first = history.record(&edits, reading.file().source(), next.file().source());
                for (number, (proposal, (line, reason))) in proposals.iter().zip(told).enumerate() {
                    let safety = proposal.safety;
                    let change = Change { transform, line, safety, reason, lines_after: Vec::new() };
                    changes.push((number_of_first + number, change));
                }
                reading = next;
                content = 0;
            }
        }
    }
    if !changes.is_empty() {
        leaves_nothing_to_do(&Input { reading, context, original: reading.file() }, transforms, options)?;
    }
    // What was improved and could not be improved further needs no word.
    let is_improved = |refusal: &Refusal, safety: Option<Safety>| {
        changes.iter().any(|(_, change)| {
            change.transform == refusal.transform
                && change.line == refusal.line
                && safety.is_none_or(|safety| change.safety == safety)
        })
    };
    let mut told = Vec::new();
    for Refused { left, left_though_unsafe: more } in refusals {
        told.extend(left.into_iter().filter(|refusal| !is_improved(refusal, None)));
        told.extend(more.into_iter().filter(|refusal| !is_improved(refusal, Some(Safety::Unsafe))));
    }
    let mut refusals = told;
    refusals.sort_by_key(|refusal| refusal.line);
    refusals.dedup();
    let is_changed = reading.file().source() != original.source();
    let gains = if is_changed { usual.gains(first, reading, contexts) } else { Vec::new() };
    Ok(Converged { source: reading.file().shared_source(), changes, refusals, gains, history })
}

/// Whoever runs dockfix on its result must get what he has: for that run the result is the original. Transforms that do not
/// look at the original have just said that they have nothing more to propose.
fn leaves_nothing_to_do(
    again: &Input<'_>,
    transforms: &[&dyn Transform],
    options: &Options,
) -> Result<(), String> {
    for transform in transforms.iter().filter(|transform| transform.heeds_original()) {
        let proposals = transform.propose(again).changes;
        if let Some(proposal) = proposals.iter().find(|proposal| is_wanted(proposal, options)) {
            let reason = &proposal.reason;
            return Err(format!("a second run would change more: {}: {reason}", transform.id()));
        }
    }
    Ok(())
}

fn is_wanted(proposal: &Proposal, options: &Options) -> bool {
    proposal.safety == Safety::Safe || options.allow_unsafe
}

/// What is left alone: line in the current file and reason.
type Lines = Vec<(usize, String)>;

/// What came of asking a transform.
enum Round<'a> {
    /// It changes nothing, and leaves this alone.
    Done { left: Lines, left_though_unsafe: Lines },
    /// It changed the file.
    Next { reading: &'a Reading<'a>, proposals: Vec<Proposal> },
}

fn apply_proposals<'a>(
    states: &States<'a>,
    input: &Input<'a>,
    id: &'static str,
    proposals: Proposals,
    options: &Options,
) -> Result<Round<'a>, String> {
    let mut refusals = Vec::new();
    let (wanted, unsafe_ones): (Vec<_>, Vec<_>) =
        proposals.changes.into_iter().partition(|proposal| is_wanted(proposal, options));
    for proposal in unsafe_ones {
        let reason = format!("{}; this is not shown to be safe (--unsafe)", proposal.reason);
        refusals.push((proposal.line, reason));
    }
    refusals.extend(proposals.refusals);
    if wanted.is_empty() {
        let left_though_unsafe = if options.allow_unsafe { proposals.unsafe_refusals } else { Lines::new() };
        return Ok(Round::Done { left: refusals, left_though_unsafe });
    }
    // Changes that do not touch each other are made at once; what is left over is proposed again.
    let mut together = Edits::new();
    let mut taken = wanted;
    taken.retain(|proposal| together.push_all(proposal.edits.as_slice().to_vec()).is_ok());
    let reading = match apply(states, input, &together) {
        Ok(reading) => reading,
        Err(bug) if taken.len() == 1 => return Err(format!("{id}: {bug}")),
        // Together they break a promise: the first one alone will tell whether it is to blame.
        Err(_) => {
            taken.truncate(1);
            apply(states, input, &taken[0].edits).map_err(|bug| format!("{id}: {bug}"))?
        }
    };
    Ok(Round::Next { reading, proposals: taken })
}

/// Applies edits and checks the result. The error says which promise they would break.
fn apply<'a>(states: &States<'a>, input: &Input<'a>, edits: &Edits) -> Result<&'a Reading<'a>, String> {
    let text = edits.apply(input.file().source()).map_err(|error| error.to_string())?;
    if text == input.file().source() {
        return Err("the change changes nothing".to_owned());
    }
    let next = &*states.files.alloc(Dockerfile::parse(text));
    let reading = &*states.readings.alloc(Reading::following(input.reading, next));
    check::check(input, reading)?;
    Ok(reading)
}
