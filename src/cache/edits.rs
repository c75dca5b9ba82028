//! What an edit makes run again, before and after the rewrite.

use std::path::{Path, PathBuf};

use anyhow::bail;
use dockfix_ecosystems::{EditKind, typical_edits};
use dockfix_model::build::Build;
use dockfix_model::cache::{Edit, Options, Verdict};
use dockfix_model::context::{Context, Presence};
use dockfix_syntax::Dockerfile;

use super::arguments::Arguments;
use super::planned::{Label, Planned};
use crate::rewrite::{Single, Version, Versions};

/// A change, and what it makes run again.
#[derive(Debug)]
pub(super) struct Answer {
    /// The edits that are made at once.
    pub(super) edits: Vec<Edit>,
    /// What they stand for, if they were chosen here.
    pub(super) kind: Option<EditKind>,
    /// What is to be said of the edits: a file that is excluded, say.
    pub(super) notes: Vec<String>,
    /// The steps of the file as it is.
    pub(super) before: Vec<StepAnswer>,
    /// The steps of the rewritten file; `None` if it is the same.
    pub(super) after: Option<Vec<StepAnswer>>,
}

/// What becomes of a step.
#[derive(Debug)]
pub(super) struct StepAnswer {
    /// What it is called.
    pub(super) label: Label,
    /// Whether it runs again.
    pub(super) verdict: Verdict,
    /// Why, in one sentence; `None` for a cached step.
    pub(super) reason: Option<String>,
    /// The step where the chain of causes begins, counted from 0; `None` for a cached step.
    pub(super) root: Option<usize>,
}

/// How many steps run again, if every stage that does makes other files.
pub(super) fn reruns(steps: &[StepAnswer]) -> usize {
    steps.iter().filter(|step| step.verdict != Verdict::Cached).count()
}

/// What the edits on the command line make run again or, without any, what the typical ones do.
///
/// # Errors
/// A file that was named lies outside the build context.
pub(super) fn answers(
    arguments: &Arguments,
    single: &Single,
    options: &Options,
) -> anyhow::Result<Vec<Answer>> {
    let Versions { before, after, .. } = &single.versions;
    let is_changed = before.source != after.source
        || before.context.ignore().rules().source() != after.context.ignore().rules().source();
    let file = Dockerfile::parse(before.source.clone());
    let build = Build::of(&file);
    let answer = |edits: Vec<Edit>, kind, notes| Answer {
        before: ask(before, &edits, options),
        after: is_changed.then(|| ask(after, &edits, options)),
        edits,
        kind,
        notes,
    };
    let (mut edits, mut notes) = (Vec::new(), Vec::new());
    for path in &arguments.edit {
        let path = in_context(path, single.root.as_deref())?;
        notes.extend(note(&path, &before.context));
        edits.push(Edit::File(path));
    }
    for name in &arguments.argument {
        if !declared(&build, name) {
            notes.push(format!("no ARG of the Dockerfile is called {name}"));
        }
        edits.push(Edit::Argument(name.clone()));
    }
    if arguments.base {
        edits.push(Edit::Base);
    }
    if !edits.is_empty() {
        return Ok(vec![answer(edits, None, notes)]);
    }
    let typical = typical_edits(&build, &before.context);
    Ok(typical
        .into_iter()
        .map(|typical| answer(vec![typical.edit], Some(typical.kind), Vec::new()))
        .collect())
}

fn ask(version: &Version, edits: &[Edit], options: &Options) -> Vec<StepAnswer> {
    let file = Dockerfile::parse(version.source.clone());
    let build = Build::of(&file);
    let Planned { plan, labels } = Planned::of(&build, version, options);
    let outcomes = plan.outcomes(&build, edits);
    let steps = labels.into_iter().zip(outcomes.all());
    steps
        .map(|(label, outcome)| StepAnswer {
            label,
            verdict: outcome.verdict,
            reason: outcomes.explain(&plan, &build, outcome.step),
            root: outcomes.root(outcome.step).map(|(root, _)| root),
        })
        .collect()
}

/// A path of the command line as one of the build context.
fn in_context(path: &str, root: Option<&Path>) -> anyhow::Result<String> {
    let Some(root) = root else { return Ok(path.to_owned()) };
    let here = std::fs::canonicalize(".").unwrap_or_else(|_| PathBuf::from("."));
    // The file itself may be gone, or a link.
    let absolute = here.join(path);
    let real = match (absolute.parent().map(std::fs::canonicalize), absolute.file_name()) {
        (Some(Ok(directory)), Some(name)) => directory.join(name),
        _ => absolute,
    };
    let below = match real.strip_prefix(root) {
        Ok(below) => below,
        // As COPY would write it.
        Err(_) if Path::new(path).is_relative() && root.join(path).exists() => Path::new(path),
        Err(_) => bail!(
            "--edit {path}: outside the build context {}; name a file in it, or the context with --context",
            root.display()
        ),
    };
    let names: Vec<_> = below.components().map(|name| name.as_os_str().to_string_lossy()).collect();
    Ok(names.join("/"))
}

/// What is to be said of a path.
fn note(path: &str, context: &Context) -> Option<String> {
    match context.presence(path) {
        Ok(Presence::Excluded(exclusion)) => Some(exclusion.to_string()),
        Ok(Presence::Absent) => Some(format!("{path} is not there; it counts as new")),
        _ => None,
    }
}

fn declared(build: &Build<'_>, name: &str) -> bool {
    use dockfix_syntax::Keyword;
    use dockfix_syntax::view::Variables;
    let stages = build.stages.iter().flat_map(|stage| &stage.steps).map(|step| &step.instruction);
    let mut arguments = build.global.iter().chain(stages).filter(|one| one.keyword() == Keyword::Arg);
    arguments.any(|argument| {
        let view = Variables::of(argument);
        view.is_some_and(|view| view.assigned.iter().any(|assigned| assigned.name.text == name))
    })
}
