//! `apt-merge`: package lists are fetched in the RUN that uses them.

use dockfix_ecosystems::{AptCommand, apt_command};
use dockfix_model::build::{Stage, Step};
use dockfix_model::commands::{Place as ChainPlace, each_named_by};
use dockfix_syntax::rewrite::RewriteError;
use dockfix_syntax::rewrite::{self, Comments, Place, Side};
use dockfix_syntax::shell::Operator;
use dockfix_syntax::{Edits, Keyword};

use crate::analysis::{Analysis, StepEffects};
use crate::report::Safety;
use crate::transform::{Described, Input, Proposals, Transform};

/// See the [module](self).
pub(crate) struct AptMerge;

impl Described for AptMerge {
    fn id(&self) -> &'static str {
        "apt-merge"
    }

    fn summary(&self) -> &'static str {
        "joins `apt-get update` and the install that relies on it"
    }

    fn documentation(&self) -> &'static str {
        include_str!("../docs/apt-merge.md")
    }
}

impl Transform for AptMerge {
    fn propose(&self, input: &Input<'_>) -> Proposals {
        let mut proposals = Proposals::default();
        for stage in &input.reading.build.stages {
            let uses: Vec<_> = stage.steps.iter().map(|step| AptUse::of(input, step)).collect();
            for (update, install) in pairs(&uses) {
                self::propose(input, stage, update, install, &mut proposals);
                if !proposals.changes.is_empty() {
                    return proposals;
                }
            }
            report_stale(stage, &uses, &mut proposals);
        }
        proposals
    }
}

/// What a step does with the package lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AptUse {
    /// Nothing that is known.
    None,
    /// It fetches them, and installs nothing.
    Update,
    /// It fetches them before it installs.
    Both,
    /// It installs from what is there.
    Install,
    /// It may do so, in a part that is not read.
    Hidden,
}

impl AptUse {
    fn of(input: &Input<'_>, step: &Step<'_>) -> Self {
        if step.instruction.keyword() != Keyword::Run {
            return Self::None;
        }
        let Ok(analysis) = input.reading.run(step) else { return Self::hidden(step) };
        let mut updated = false;
        for command in analysis.chain.invocations() {
            match apt_command(command) {
                Some(AptCommand::Update) => updated = true,
                Some(AptCommand::Install) => return if updated { Self::Both } else { Self::Install },
                _ => {}
            }
        }
        match analysis.chain.opaque() {
            _ if updated => Self::Update,
            Some(_) => Self::hidden(step),
            None => Self::None,
        }
    }

    /// What a RUN may do whose commands are not all read. This is for the report alone.
    fn hidden(step: &Step<'_>) -> Self {
        // Most scripts that are not read have nothing to do with apt.
        let text = step.instruction.span().of(step.instruction.file().source());
        if memchr::memmem::find(text, b"apt").is_none() {
            return Self::None;
        }
        let mut first = None;
        each_named_by(&step.instruction, &step.state, &mut |_, command| {
            let command = apt_command(command);
            first = first.or(command.filter(|it| matches!(it, AptCommand::Update | AptCommand::Install)));
        });
        if first == Some(AptCommand::Install) { Self::Hidden } else { Self::None }
    }
}

/// Each update alone with the install after it that relies on it.
fn pairs(uses: &[AptUse]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let mut update = None;
    for (index, apt_use) in uses.iter().enumerate() {
        match apt_use {
            AptUse::Update => update = Some(index),
            AptUse::Both => update = None,
            AptUse::Install => pairs.extend(update.take().map(|update| (update, index))),
            AptUse::Hidden | AptUse::None => {}
        }
    }
    pairs
}

/// Installs that rely on lists from another step: they are stale when the step changes and the other is cached.
fn report_stale(stage: &Stage<'_>, uses: &[AptUse], proposals: &mut Proposals) {
    let mut fetched = None;
    for (step, apt_use) in stage.steps.iter().zip(uses) {
        let line = step.instruction.start_line();
        match apt_use {
            AptUse::Update | AptUse::Both => fetched = Some(line),
            AptUse::Install | AptUse::Hidden => {
                let reason = match fetched {
                    Some(fetched) => format!(
                        "the install relies on the package lists of line {fetched}, which are old when only this line changes"
                    ),
                    None => "the install has no `apt-get update` in its stage".to_owned(),
                };
                // The pair has a refusal of its own.
                if !proposals.refusals.iter().any(|(refused, _)| *refused == line) {
                    proposals.refuse(line, reason);
                }
            }
            AptUse::None => {}
        }
    }
}

fn propose(input: &Input<'_>, stage: &Stage<'_>, update: usize, install: usize, proposals: &mut Proposals) {
    let line = stage.steps[install].instruction.start_line();
    let update_line = stage.steps[update].instruction.start_line();
    match plan(input, stage, update, install) {
        Ok(plan) => {
            let edits = edits(input, stage, update, install, plan);
            let reason =
                format!("fetches the package lists it needs itself instead of relying on line {update_line}");
            proposals.offer(line, Safety::Safe, reason, edits);
        }
        Err(reason) => proposals.refuse(line, reason),
    }
}

/// How the two come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// The update moves down to the install.
    Down,
    /// The install moves up to the update first.
    Up,
}

fn plan(input: &Input<'_>, stage: &Stage<'_>, update: usize, install: usize) -> Result<Plan, String> {
    let steps = &stage.steps;
    let update_line = steps[update].instruction.start_line();
    let read = |index: usize| {
        input
            .reading
            .run(&steps[index])
            .map_err(|_| format!("line {} cannot be read", steps[index].instruction.start_line()))
    };
    let (first, second) = (read(update)?, read(install)?);
    if let Some(unknown) = first.unknown() {
        return Err(format!("{unknown} stands beside the update in line {update_line}"));
    }
    let links = &first.chain.links;
    let joined =
        links.iter().take(links.len() - 1).all(|link| matches!(link.operator, Some((Operator::And, _))));
    let is_plain = |analysis: &Analysis<'_>, index: usize| {
        matches!(analysis.chain.place, ChainPlace::Logical(_))
            && steps[index].instruction.heredocs().is_empty()
    };
    if !joined || !is_plain(first, update) || !is_plain(second, install) {
        return Err(format!("the update of line {update_line} and this step are not lists joined by &&"));
    }
    let flags = |index: usize| -> Vec<&[u8]> {
        let instruction = &steps[index].instruction;
        instruction.flags().iter().map(|flag| flag.span.of(instruction.text())).collect()
    };
    if flags(update) != flags(install) {
        return Err(format!("the update of line {update_line} has other flags"));
    }
    let between = &steps[update + 1..install];
    let blocking = |effects: &dockfix_model::effects::Effects| {
        between.iter().find(|step| !StepEffects::of(input.reading, step).commutes_with(effects))
    };
    let makes_layer =
        |step: &&Step<'_>| matches!(step.instruction.keyword(), Keyword::Copy | Keyword::Add | Keyword::Run);
    let down = blocking(&first.effects());
    // Below a COPY the update would run again with every change of the files.
    if down.is_none() && !between.iter().any(|step| makes_layer(&step)) {
        return Ok(Plan::Down);
    }
    let up = second.unknown().is_none().then(|| blocking(&second.effects()));
    match (up, down) {
        (Some(None), _) => Ok(Plan::Up),
        (_, None)
            if !between
                .iter()
                .any(|step| matches!(step.instruction.keyword(), Keyword::Copy | Keyword::Add)) =>
        {
            Ok(Plan::Down)
        }
        (Some(Some(step)), _) | (None, Some(step)) => {
            let line = step.instruction.start_line();
            let keyword = step.instruction.keyword();
            Err(format!(
                "the {keyword} of line {line} stands between it and the update of line {update_line}"
            ))
        }
        (None, None) => Err(format!(
            "it does more than install, and files are copied since the update of line {update_line}"
        )),
    }
}

fn edits(
    input: &Input<'_>,
    stage: &Stage<'_>,
    update: usize,
    install: usize,
    plan: Plan,
) -> Result<Edits, RewriteError> {
    let (update, install) = (&stage.steps[update], &stage.steps[install]);
    let mut edits = Edits::new();
    if plan == Plan::Up {
        // The second step follows when the two are neighbours.
        let place = Place::After(update.instruction.index());
        rewrite::move_to(&mut edits, input.file(), install.instruction.index(), place)?;
        return Ok(edits);
    }
    let Ok(analysis) = input.reading.run(install) else {
        return Err(RewriteError::NoSuchItem(install.instruction.index()));
    };
    let start = match analysis.chain.place {
        ChainPlace::Logical(start) => start,
        _ => return Err(RewriteError::NoSuchItem(install.instruction.index())),
    };
    let links = &analysis.chain.links;
    let chain = rewrite::Chain {
        commands: links.iter().map(|link| link.span.shifted(start)).collect(),
        operators: links
            .iter()
            .filter_map(|link| link.operator.map(|(_, span)| span.shifted(start)))
            .collect(),
    };
    let command = update.instruction.args().to_vec();
    rewrite::insert_command(&mut edits, &install.instruction, &chain, 0, Side::Before, &command)?;
    rewrite::delete(&mut edits, input.file(), update.instruction.index(), Comments::Stay)?;
    Ok(edits)
}
