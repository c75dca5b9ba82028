//! Applies what the transforms propose, one change at a time, until nothing is left to do.

use std::sync::Arc;

use dockfix_model::context::Context;
use dockfix_syntax::{DirectiveName, Dockerfile, Edits};

use crate::check;
use crate::history::History;
use crate::reading::Reading;
use crate::report::{Change, FixedFile, Options, ProjectFile, Refusal, Safety};
use crate::transform::{Input, Proposal, Transform};

/// Far more changes than any file wants: a transform that is not done by then goes round in circles.
const MAX_CHANGES: usize = 200;

/// Rewrites one Dockerfile with `transforms`, in their order.
pub(crate) fn fix_file(
    project_file: &ProjectFile,
    context: &Context,
    transforms: &[&dyn Transform],
    options: &Options,
) -> FixedFile {
    let before = &project_file.source;
    let left_alone = |refusals: Vec<Refusal>, bug: Option<String>| FixedFile {
        name: project_file.name.clone(),
        before: Some(Arc::clone(before)),
        after: Arc::clone(before),
        changes: Vec::new(),
        refusals,
        bug,
    };
    let original = Dockerfile::parse(Arc::clone(before));
    if let Some((line, reason)) = unreadable(&original) {
        return left_alone(vec![Refusal { transform: FILE, line, reason }], None);
    }
    let fixed = match converge(&original, context, transforms, options) {
        Ok(fixed) => fixed,
        Err(bug) => return left_alone(Vec::new(), Some(bug)),
    };
    let mut changes = fixed.history.finish(fixed.changes);
    changes.sort_by_key(|change| change.line);
    FixedFile {
        name: project_file.name.clone(),
        before: Some(Arc::clone(before)),
        after: fixed.source,
        changes,
        refusals: fixed.refusals,
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
    history: History,
}

/// Applies changes until no transform proposes any. The error is a bug of ours, for the report.
fn converge(
    original: &Dockerfile,
    context: &Context,
    transforms: &[&dyn Transform],
    options: &Options,
) -> Result<Converged, String> {
    let mut current = original.clone();
    let mut history = History::new(original.source());
    let mut changes: Vec<(usize, Change)> = Vec::new();
    loop {
        let round = {
            let reading = Reading::of(&current);
            let input = Input { reading: &reading, context, original };
            let done = round(&input, transforms, options, &history)?;
            if !changes.is_empty() && matches!(done, Round::Done(_)) {
                leaves_nothing_to_do(&input, transforms, options, &history)?;
            }
            done
        };
        match round {
            Round::Done(mut refusals) => {
                // What was improved and could not be improved further needs no word.
                refusals.retain(|refusal: &Refusal| {
                    !changes.iter().any(|(_, change)| {
                        change.transform == refusal.transform && change.line == refusal.line
                    })
                });
                refusals.sort_by_key(|refusal| refusal.line);
                refusals.dedup();
                return Ok(Converged { source: Arc::from(current.source()), changes, refusals, history });
            }
            Round::Next { file, transform, proposals } => {
                if changes.len() + proposals.len() > MAX_CHANGES {
                    return Err(format!("{transform} does not come to an end"));
                }
                let lines: Vec<_> =
                    proposals.iter().map(|proposal| history.original_line(proposal.line)).collect();
                let reasons: Vec<_> =
                    proposals.iter().map(|proposal| history.in_original(&proposal.reason)).collect();
                let edits: Vec<_> = proposals.iter().map(|proposal| &proposal.edits).collect();
                let first = history.record(&edits, current.source(), file.source());
                for (number, ((proposal, line), reason)) in
                    proposals.into_iter().zip(lines).zip(reasons).enumerate()
                {
                    let Proposal { safety, .. } = proposal;
                    let change = Change { transform, line, safety, reason, lines_after: Vec::new() };
                    changes.push((first + number, change));
                }
                current = file;
            }
        }
    }
}

/// Whoever runs dockfix on its result must get what he has: for that run the result is the original.
fn leaves_nothing_to_do(
    input: &Input<'_>,
    transforms: &[&dyn Transform],
    options: &Options,
    history: &History,
) -> Result<(), String> {
    let again = Input { original: input.file(), ..*input };
    match round(&again, transforms, options, history)? {
        Round::Next { transform, proposals, .. } => {
            let reason = proposals.first().map_or("", |proposal| &proposal.reason);
            Err(format!("a second run would change more: {transform}: {reason}"))
        }
        Round::Done(_) => Ok(()),
    }
}

/// What came of asking all transforms once.
enum Round {
    /// Nothing is left to do.
    Done(Vec<Refusal>),
    /// One of them changed the file.
    Next { file: Dockerfile, transform: &'static str, proposals: Vec<Proposal> },
}

fn round(
    input: &Input<'_>,
    transforms: &[&dyn Transform],
    options: &Options,
    history: &History,
) -> Result<Round, String> {
    let mut refusals = Vec::new();
    for transform in transforms {
        let id = transform.id();
        let mut refuse = |line: usize, reason: String| {
            let reason = history.in_original(&reason);
            refusals.push(Refusal { transform: id, line: history.original_line(line), reason });
        };
        let proposals = transform.propose(input);
        let (wanted, unsafe_ones): (Vec<_>, Vec<_>) = proposals
            .changes
            .into_iter()
            .partition(|proposal| proposal.safety == Safety::Safe || options.allow_unsafe);
        for proposal in unsafe_ones {
            refuse(proposal.line, format!("{}; this is not shown to be safe (--unsafe)", proposal.reason));
        }
        for (line, reason) in proposals.refusals {
            refuse(line, reason);
        }
        if wanted.is_empty() {
            continue;
        }
        // Changes that do not touch each other are made at once; what is left over is proposed again.
        let mut together = Edits::new();
        let mut taken = wanted;
        taken.retain(|proposal| together.push_all(proposal.edits.as_slice().to_vec()).is_ok());
        let file = match apply(input, &together) {
            Ok(file) => file,
            Err(bug) if taken.len() == 1 => return Err(format!("{id}: {bug}")),
            // Together they break a promise: the first one alone will tell whether it is to blame.
            Err(_) => {
                taken.truncate(1);
                apply(input, &taken[0].edits).map_err(|bug| format!("{id}: {bug}"))?
            }
        };
        return Ok(Round::Next { file, transform: id, proposals: taken });
    }
    Ok(Round::Done(refusals))
}

/// Applies edits and checks the result. The error says which promise they would break.
fn apply(input: &Input<'_>, edits: &Edits) -> Result<Dockerfile, String> {
    let text = edits.apply(input.file().source()).map_err(|error| error.to_string())?;
    if text == input.file().source() {
        return Err("the change changes nothing".to_owned());
    }
    let next = Dockerfile::parse(text);
    check::check(input, &next)?;
    Ok(next)
}
