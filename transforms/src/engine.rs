//! Applies what the transforms propose, one change at a time, until nothing is left to do.

use std::sync::Arc;

use dockfix_model::build::Build;
use dockfix_model::context::Context;
use dockfix_syntax::{DirectiveName, Dockerfile};

use crate::check;
use crate::history::History;
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
    // The rewritten file must leave nothing to do: whoever runs dockfix twice gets what he has.
    if !fixed.changes.is_empty() {
        let again = Dockerfile::parse(Arc::clone(&fixed.source));
        match converge(&again, context, transforms, options) {
            Ok(second) if second.changes.is_empty() => {}
            Ok(second) => {
                let (_, change) = &second.changes[0];
                let (id, reason) = (change.transform, &change.reason);
                return left_alone(
                    Vec::new(),
                    Some(format!("a second run would change more: {id}: {reason}")),
                );
            }
            Err(bug) => return left_alone(Vec::new(), Some(bug)),
        }
    }
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
    let mut refusals;
    'again: loop {
        refusals = Vec::new();
        let build = Build::of(&current);
        let input = Input { file: &current, build: &build, context, original };
        for transform in transforms {
            let proposals = transform.propose(&input);
            for proposal in proposals.changes {
                if proposal.safety == Safety::Unsafe && !options.allow_unsafe {
                    let reason = format!("{}; this is not shown to be safe (--unsafe)", proposal.reason);
                    refusals.push(Refusal {
                        transform: transform.id(),
                        line: history.original_line(proposal.line),
                        reason,
                    });
                    continue;
                }
                if changes.len() == MAX_CHANGES {
                    return Err(format!("{} does not come to an end", transform.id()));
                }
                let next = apply(&input, &proposal).map_err(|bug| format!("{}: {bug}", transform.id()))?;
                let line = history.original_line(proposal.line);
                let number = history.record(&proposal.edits, current.source(), next.source());
                changes.push((
                    number,
                    Change {
                        transform: transform.id(),
                        line,
                        safety: proposal.safety,
                        reason: proposal.reason,
                        lines_after: Vec::new(),
                    },
                ));
                drop(build);
                current = next;
                continue 'again;
            }
            refusals.extend(proposals.refusals.into_iter().map(|(line, reason)| Refusal {
                transform: transform.id(),
                line: history.original_line(line),
                reason,
            }));
        }
        break;
    }
    refusals.sort_by_key(|refusal| refusal.line);
    refusals.dedup();
    Ok(Converged { source: Arc::from(current.source()), changes, refusals, history })
}

/// Applies a proposal and checks the result. The error says which promise it would break.
fn apply(input: &Input<'_>, proposal: &Proposal) -> Result<Dockerfile, String> {
    let text = proposal.edits.apply(input.file.source()).map_err(|error| error.to_string())?;
    if text == input.file.source() {
        return Err("the change changes nothing".to_owned());
    }
    let next = Dockerfile::parse(text);
    check::check(input, &next)?;
    Ok(next)
}
