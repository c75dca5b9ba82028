//! `apt-merge`: package lists are fetched in the RUN that uses them.

use dockfix_ecosystems::{AptCommand, apt_command};
use dockfix_model::ImagePath;
use dockfix_model::build::{Stage, Step};
use dockfix_model::commands::{
    Action, Chain, Invocation, Link, Place as ChainPlace, each_named, each_named_by,
};
use dockfix_syntax::rewrite::RewriteError;
use dockfix_syntax::rewrite::{self, Comments, Place, Side};
use dockfix_syntax::shell::Operator;
use dockfix_syntax::{Edits, Keyword, Span};

use crate::analysis::{Analysis, StepEffects};
use crate::cache_mount::cleaning::removes_all;
use crate::failure::stops_at_failure;
use crate::history::Spot;
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
            report_stale(input, stage, &uses, &mut proposals);
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
    /// It installs, and may fetch them before in a part that is not read.
    Unsure,
}

impl AptUse {
    fn of(input: &Input<'_>, step: &Step<'_>) -> Self {
        if step.instruction.keyword() != Keyword::Run {
            return Self::None;
        }
        let Ok(analysis) = input.reading.run(step) else { return Self::hidden(step) };
        let text = analysis.chain.text;
        let names_update = |link: &&Link<'_>| {
            let part = link.span.of(text);
            let is_read = !matches!(link.action, Action::Opaque(_));
            if is_read || memchr::memmem::find(part, b"apt").is_none() {
                return false;
            }
            let mut is_named = false;
            each_named(part, &step.state, &mut |_, command| {
                is_named |= apt_command(command) == Some(AptCommand::Update);
            });
            is_named
        };
        let hidden = analysis.chain.links.iter().find(names_update).map(|link| link.span.start);
        let mut updated = false;
        for command in analysis.chain.invocations() {
            match apt_command(command) {
                Some(AptCommand::Update) => updated = true,
                Some(AptCommand::Install) if updated => return Self::Both,
                Some(AptCommand::Install) if hidden.is_some_and(|start| start < command.span.start) => {
                    return Self::Unsure;
                }
                Some(AptCommand::Install) => return Self::Install,
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
            AptUse::Both | AptUse::Unsure => update = None,
            AptUse::Install => pairs.extend(update.take().map(|update| (update, index))),
            AptUse::Hidden | AptUse::None => {}
        }
    }
    pairs
}

/// What a stage has of package lists, with the line of the RUN that has seen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lists {
    None,
    /// They are in the image.
    Fetched(Spot),
    /// They are in a cache mount of that RUN.
    Mounted(Spot),
    /// That RUN has fetched and removed them.
    Unkept(Spot),
    Removed(usize),
    /// A command that is not known may have fetched them.
    Perhaps,
}

impl Lists {
    /// What there is after a step.
    fn after(self, input: &Input<'_>, step: &Step<'_>, apt_use: AptUse) -> Self {
        let line = step.instruction.start_line();
        let analysis = input.reading.run(step).ok();
        let fetches = matches!(apt_use, AptUse::Update | AptUse::Both | AptUse::Unsure);
        let fetched = fetched_at(step, analysis);
        if fetches && is_mounted(step) {
            return Self::Mounted(fetched);
        }
        match analysis.filter(|analysis| removes_lists(&analysis.chain)) {
            Some(_) if fetches => Self::Unkept(fetched),
            Some(_) if matches!(self, Self::Fetched(_)) => Self::Removed(line),
            _ if fetches => Self::Fetched(fetched),
            _ => self,
        }
    }
}

/// The command of a RUN that fetches package lists last.
fn fetched_at(step: &Step<'_>, analysis: Option<&Analysis<'_>>) -> Spot {
    let chain = analysis.map(|analysis| &analysis.chain);
    let commands = chain.map(Chain::invocations).unwrap_or_default();
    let mut commands = commands.into_iter().rev();
    let update = commands.find(|command| apt_command(command) == Some(AptCommand::Update));
    let offset = update.map(|command| command.span.start);
    Spot::new(step, chain.filter(|_| offset.is_some()), offset.unwrap_or_default())
}

/// Where apt has its package lists.
const LISTS: &str = "/var/lib/apt/lists";

/// Whether a RUN has a cache mount in the place of the package lists.
fn is_mounted(step: &Step<'_>) -> bool {
    let mounts = step.instruction.mounts();
    let mut targets = mounts.iter().filter_map(|mount| ImagePath::absolute(mount.target()?));
    targets.any(|target| ImagePath::fixed(LISTS).below(&target).is_some())
}

/// Whether a RUN removes the package lists behind its last update.
fn removes_lists(chain: &Chain<'_>) -> bool {
    let lists = ImagePath::fixed(LISTS);
    let commands = chain.invocations();
    let mut commands = commands.iter().rev().take_while(|it| apt_command(it) != Some(AptCommand::Update));
    commands.any(|command| removes_all(command, &lists))
}

/// Whether a command that is not known runs before the first install of a RUN.
fn may_be_fetched(input: &Input<'_>, step: &Step<'_>) -> bool {
    let Ok(analysis) = input.reading.run(step) else { return false };
    let commands = analysis.chain.invocations();
    let install = commands.iter().find(|command| apt_command(command) == Some(AptCommand::Install));
    install.is_some_and(|install| {
        let above = analysis.chain.links.iter().take_while(|link| link.span.end <= install.span.start);
        (0..above.count()).any(|number| analysis.unknown_in(number).is_some())
    })
}

/// Installs that rely on lists from another step: they are stale when the step changes and the other is cached.
fn report_stale(input: &Input<'_>, stage: &Stage<'_>, uses: &[AptUse], proposals: &mut Proposals) {
    let mut lists = Lists::None;
    let relies = |fetched: Spot| {
        format!(
            "the install relies on the package lists of line {fetched}, which are old when only this line changes: write `apt-get update &&` before it"
        )
    };
    for (step, apt_use) in stage.steps.iter().zip(uses) {
        let line = step.instruction.start_line();
        let before = lists;
        if step.instruction.keyword() == Keyword::Run {
            lists = lists.after(input, step, *apt_use);
        }
        // Most of all the scripts that set up a repository: `curl https://deb.nodesource.com/setup_lts.x | bash -`.
        if *apt_use == AptUse::Install && may_be_fetched(input, step) {
            let removes = input.reading.run(step).is_ok_and(|analysis| removes_lists(&analysis.chain));
            lists = if removes { Lists::Unkept(Spot::new(step, None, 0)) } else { Lists::Perhaps };
            continue;
        }
        match apt_use {
            AptUse::Install | AptUse::Hidden | AptUse::Unsure => {
                let reason = match before {
                    _ if *apt_use == AptUse::Unsure => {
                        "its own `apt-get update` stands in a part that is not read".to_owned()
                    }
                    Lists::Perhaps => continue,
                    Lists::Mounted(fetched) if is_mounted(step) => relies(fetched),
                    // A mount may have come in the place of an `rm`: this holds before and after.
                    Lists::Mounted(fetched) | Lists::Unkept(fetched) => format!(
                        "the install does not fetch the package lists, and line {fetched} leaves none in the image"
                    ),
                    Lists::Fetched(fetched) => relies(fetched),
                    Lists::Removed(removed) => format!(
                        "the install does not fetch the package lists, and line {removed} has removed them"
                    ),
                    Lists::None => "the install has no `apt-get update` in its stage".to_owned(),
                };
                // The pair has a refusal of its own.
                if !proposals.refusals.iter().any(|(refused, _)| *refused == line) {
                    proposals.refuse(line, reason);
                }
            }
            AptUse::None | AptUse::Update | AptUse::Both => {}
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
    Down(Joint),
    /// The install moves up to the update first.
    Up,
}

/// How an update stands before an install so that the RUN fails where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joint {
    /// In front, with `&&`.
    And,
    /// Behind the `set -e` in front, with `;`.
    AfterSet,
}

impl Joint {
    /// The error says why there is none.
    fn of(first: &Chain<'_>, second: &Chain<'_>) -> Result<Self, String> {
        let operators = || second.links.iter().filter_map(|link| link.operator.map(|(operator, _)| operator));
        if operators().all(|operator| operator == Operator::And) {
            return Ok(Self::And);
        }
        let goes_on = matches!(operators().next(), Some(Operator::Semicolon | Operator::And));
        if !stops_at_failure(second) || !goes_on {
            return Err("this step goes on where one of its commands fails, and would where the update does"
                .to_owned());
        }
        // Under `set -e` the failure of a command in front of `&&` is no reason to stop.
        if first.links.len() > 1 {
            return Err(
                "more than one command stands beside it there, and this step is no list joined by &&"
                    .to_owned(),
            );
        }
        Ok(Self::AfterSet)
    }
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
    let ends = |command: &Invocation<'_>| matches!(&*command.program, "exit" | "exec" | "return" | "trap");
    if first.pieces.iter().any(|piece| piece.is_shell_state)
        || first.chain.invocations().into_iter().any(ends)
    {
        return Err(format!(
            "a command beside the update in line {update_line} changes the shell, and would for this step"
        ));
    }
    for (index, analysis) in [(update, first), (install, second)] {
        if analysis.chain.place == ChainPlace::Exec {
            let line = steps[index].instruction.start_line();
            return Err(format!("line {line} stands in JSON form, in which nothing joins two commands"));
        }
    }
    let behind = links.last().map_or(&[][..], |last| &first.chain.text[last.span.end..]);
    if !behind.trim_ascii().is_empty() {
        return Err(format!("a comment stands behind the update in line {update_line}"));
    }
    let joined =
        links.iter().take(links.len() - 1).all(|link| matches!(link.operator, Some((Operator::And, _))));
    let is_plain = |analysis: &Analysis<'_>, index: usize| {
        matches!(analysis.chain.place, ChainPlace::Logical(_))
            && steps[index].instruction.heredocs().is_empty()
    };
    if !joined || !is_plain(first, update) || !is_plain(second, install) {
        return Err(format!("the update of line {update_line} and this step are not lists joined by &&"));
    }
    let joint = Joint::of(&first.chain, &second.chain)
        .map_err(|why| format!("it does not take in the update of line {update_line}: {why}"))?;
    let flags = |index: usize| -> Vec<&[u8]> {
        let instruction = &steps[index].instruction;
        instruction.flags().iter().map(|flag| flag.span.of(instruction.text())).collect()
    };
    let has_same_flags = flags(update) == flags(install);
    let same_flags = |plan: Plan| {
        let reason = || format!("the update of line {update_line} has other flags");
        has_same_flags.then_some(plan).ok_or_else(reason)
    };
    let between = &steps[update + 1..install];
    let blocking = |moved: usize, analysis: &Analysis<'_>| {
        let (effects, text) = (analysis.effects(), steps[moved].instruction.text());
        between.iter().find(move |step| {
            let between = StepEffects::of(input.reading, step);
            let is_named = |name: &String| memchr::memmem::find(text, name.as_bytes()).is_some();
            !between.commutes_with(&effects) || between.sets.iter().any(is_named)
        })
    };
    let makes_layer =
        |step: &&Step<'_>| matches!(step.instruction.keyword(), Keyword::Copy | Keyword::Add | Keyword::Run);
    let down = blocking(update, first);
    // Below an ARG it would with every value of the argument.
    let argument = || between.iter().find(|step| step.instruction.keyword() == Keyword::Arg);
    let down = down.or_else(argument);
    // Below a COPY the update would run again with every change of the files.
    if down.is_none() && !between.iter().any(|step| makes_layer(&step)) {
        return same_flags(Plan::Down(joint));
    }
    let up = second.unknown().is_none().then(|| blocking(install, second));
    match (up, down) {
        (Some(None), _) => same_flags(Plan::Up),
        (_, None)
            if !between
                .iter()
                .any(|step| matches!(step.instruction.keyword(), Keyword::Copy | Keyword::Add)) =>
        {
            same_flags(Plan::Down(joint))
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
    let Plan::Down(joint) = plan else {
        // The second step follows when the two are neighbours.
        let place = Place::After(update.instruction.index());
        rewrite::move_to(&mut edits, input.file(), install.instruction.index(), place)?;
        return Ok(edits);
    };
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
    match (joint, &chain.commands[..]) {
        (Joint::AfterSet, [set, next, ..]) => {
            let instruction = &install.instruction;
            let between = Span::new(instruction.source_span(*set).end, instruction.source_span(*next).start);
            let written = between.of(input.file().source());
            // What stands between `set -e;` and the next command does as well behind the update.
            let is_plain = written.starts_with(b";") && !written.contains(&b'#');
            let joint = if is_plain { written } else { b"; " };
            edits.insert(between.end, [&command[..], joint].concat())?;
        }
        _ => rewrite::insert_command(&mut edits, &install.instruction, &chain, 0, Side::Before, &command)?,
    }
    rewrite::delete(&mut edits, input.file(), update.instruction.index(), Comments::Stay)?;
    Ok(edits)
}
