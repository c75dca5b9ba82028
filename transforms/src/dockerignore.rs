//! `dockerignore`: what no build needs stays out of the build context.
//!
//! Works on the ignore file that several Dockerfiles share. What installs write into the context's directories goes in,
//! because a copy after the install would bring the host's; so does litter that is really there. Nothing goes in that a
//! Dockerfile of the context copies, mounts or reads.

mod brought;
mod git;
mod guard;
mod libraries;
mod program;

use std::sync::Arc;

use dockfix_ecosystems::{Ecosystem, Needs, Refusal as Reason, UsageKind, names_a_project_manager};
use dockfix_model::ImagePath;
use dockfix_model::build::{Stage, Step};
use dockfix_model::context::Context;
use dockfix_model::dockerignore::Dockerignore;
use dockfix_model::project::{Found, Project, Supplies};
use dockfix_syntax::view::Copy;
use dockfix_syntax::{Dockerfile, Keyword};
use rayon::prelude::*;

use crate::analysis::{Managed, has_project};
use crate::reading::Reading;
use crate::report::{Change, FixedFile, Refusal, Safety};
use crate::transform::Described;

/// See the [module](self).
pub(crate) struct DockerignoreFile;

impl Described for DockerignoreFile {
    fn id(&self) -> &'static str {
        "dockerignore"
    }

    fn summary(&self) -> &'static str {
        "keeps install outputs, VCS data and litter out of the build context"
    }

    fn documentation(&self) -> &'static str {
        include_str!("../docs/dockerignore.md")
    }
}

/// A Dockerfile that uses the ignore file.
pub(crate) struct User<'a> {
    /// Its name, where there are several.
    pub(crate) name: Option<&'a str>,
    pub(crate) file: &'a Dockerfile,
    pub(crate) context: &'a Context,
}

impl User<'_> {
    /// A line of it, for a message.
    fn line(&self, line: usize) -> String {
        format!("line {line} of {}", self.name.unwrap_or("a Dockerfile"))
    }
}

/// An entry that might go in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// The line.
    pattern: String,
    /// A path of the context that it is to keep out.
    path: String,
    /// Why.
    reason: String,
    /// The manager that makes it in an image.
    manager: Option<&'static str>,
    /// Why it may not: what takes it along into an image and does not make it, for a message.
    taken_by: Option<String>,
    /// Or who may read it, for a message.
    read_by: Option<String>,
}

impl Entry {
    /// What lies in the root of the context, by its name.
    fn in_root(name: &str, reason: &str) -> Self {
        Self {
            pattern: name.to_owned(),
            path: name.to_owned(),
            reason: reason.to_owned(),
            manager: None,
            taken_by: None,
            read_by: None,
        }
    }
}

/// The data of version control, and why it need not be copied.
const VERSION_CONTROL: &[(&str, &str)] = &[
    (".git", "git's data changes with every commit"),
    (".hg", "Mercurial's data changes with every commit"),
    (".svn", "Subversion's data changes with every update"),
];

/// Litter by its name at the root of the context, and why it need not be copied.
const LITTER: &[(&str, &str)] = &[
    (".DS_Store", "macOS writes it"),
    ("Thumbs.db", "Windows writes it"),
    (".idea", SETTINGS),
    (".vscode", SETTINGS),
    ("npm-debug.log", "a log"),
    ("yarn-error.log", "a log"),
    ("yarn-debug.log", "a log"),
    ("__pycache__", "Python's cache"),
    (".pytest_cache", "a test cache"),
    (".mypy_cache", "a checker's cache"),
    (".ruff_cache", "a linter's cache"),
    (".tox", "test environments"),
    (".nyc_output", "test coverage"),
    (".ssh", SECRETS),
    (".aws", SECRETS),
];

/// What a home is for, as a reason why it need not be copied elsewhere.
const SETTINGS: &str = "an editor's settings";
const SECRETS: &str = "secrets";

/// Writes or extends an ignore file. `path` is its place below the root of the context; the users share it. `None` where
/// there is nothing to say. `others` may be built from the context too.
pub(crate) fn fix(path: &str, users: &[User<'_>], others: &[Arc<Dockerfile>]) -> Option<FixedFile> {
    let context = users.iter().map(|user| user.context).find(|context| context.is_known())?;
    let existing = context.read_ignoring_dockerignore(path).ok();
    let current = context.ignore().rules();
    // Lines that BuildKit would not accept are for the author to mend.
    if !current.problems().is_empty() {
        return None;
    }
    let (mut added, mut refusals, mut proposed) = entries(users, others, current);
    // What is kept out may have been in the way of other entries: a second run would find them.
    for _ in 0..MOST_ROUNDS {
        let patterns: Vec<&str> = added.iter().map(|entry| entry.pattern.as_str()).collect();
        let text = append(existing.as_deref().unwrap_or_default(), &patterns);
        let with = |user: &User<'_>| user.context.with_file(path, text.clone()).ok();
        let contexts: Option<Vec<_>> = users.iter().map(with).collect();
        let Some(contexts) = contexts.filter(|_| !added.is_empty()) else { break };
        let later = users.iter().zip(&contexts);
        let later: Vec<_> =
            later.map(|(user, context)| User { name: user.name, file: user.file, context }).collect();
        let (more, left, next) = entries(&later, others, &proposed);
        (refusals, proposed) = (left, next);
        if more.is_empty() {
            break;
        }
        added.extend(more);
    }
    if added.is_empty() && refusals.is_empty() {
        return None;
    }
    let mut patterns: Vec<&str> = added.iter().map(|entry| entry.pattern.as_str()).collect();
    // A new ignore file would itself be copied into the image.
    if existing.is_none() && !patterns.is_empty() {
        patterns.insert(0, path);
    }
    let before = existing.clone();
    let after: Arc<[u8]> = if patterns.is_empty() {
        existing.unwrap_or_else(|| Arc::from(&[][..]))
    } else {
        Arc::from(append(before.as_deref().unwrap_or_default(), &patterns))
    };
    let first_line = before.as_ref().map_or(1, |before| line_count(before) + 1);
    let offset = patterns.len() - added.len();
    let changes = added.iter().enumerate().map(|(index, entry)| Change {
        transform: DockerignoreFile.id(),
        line: if before.is_some() { first_line.saturating_sub(1).max(1) } else { 1 },
        safety: Safety::Safe,
        reason: format!("keeps {} out of the build context: {}", entry.path, entry.reason),
        lines_after: std::iter::once(first_line + offset + index).map(|line| line..line + 1).collect(),
    });
    let changes = changes.collect();
    let before = if patterns.is_empty() { Some(Arc::clone(&after)) } else { before };
    Some(FixedFile { name: path.to_owned(), before, after, changes, refusals, gains: Vec::new(), bug: None })
}

/// How often what has been kept out is looked at for what it makes possible.
const MOST_ROUNDS: usize = 3;

/// The entries that go into an ignore file that holds these rules, why others do not, and the rules with them.
fn entries(
    users: &[User<'_>],
    others: &[Arc<Dockerfile>],
    current: &Dockerignore,
) -> (Vec<Entry>, Vec<Refusal>, Dockerignore) {
    let (mut added, mut refusals, mut proposed) = (Vec::new(), Vec::new(), current.clone());
    let Some(context) = users.iter().map(|user| user.context).find(|context| context.is_known()) else {
        return (added, refusals, proposed);
    };
    let candidates = candidates(users);
    let guard = guard::Guard::new(users, others, context, &candidates);
    for entry in &candidates {
        if proposed.is_excluded(&entry.path) {
            continue;
        }
        match admitted(entry, current, &proposed, &guard) {
            Some(Ok((entry, next))) => {
                proposed = next;
                added.push(entry);
            }
            Some(Err(reason)) => {
                let reason = format!("`{}` is not added: {reason}", entry.pattern);
                refusals.push(Refusal { transform: DockerignoreFile.id(), line: 1, reason });
            }
            None => {}
        }
    }
    (added, refusals, proposed)
}

/// The entry as it may go in, and the ignore file with it; or why it may not. `None` where the line would be none that
/// keeps the path out.
fn admitted(
    entry: &Entry,
    current: &Dockerignore,
    proposed: &Dockerignore,
    guard: &guard::Guard<'_, '_>,
) -> Option<Result<(Entry, Dockerignore), String>> {
    let next = with(proposed, entry)?;
    if let Err(reason) = guard.check(current, &next, &entry.path) {
        return Some(Err(reason));
    }
    if let Some(line) = &entry.taken_by {
        return Some(Err(format!("{line} takes it along into an image in which nobody makes it")));
    }
    if let Some(reason) = &entry.read_by {
        return Some(Err(reason.clone()));
    }
    let Some(hit) = guard.hit(&entry.pattern) else { return Some(Ok((entry.clone(), next))) };
    if !is_plain(&entry.path) {
        return Some(Err(format!("it would keep {hit} out too, which no install makes")));
    }
    // The pattern keeps the path out, so that what the path alone keeps out has been checked with it.
    let reason = format!("{} (`{}` would keep {hit} out too)", entry.reason, entry.pattern);
    let narrow = Entry { pattern: entry.path.clone(), reason, ..entry.clone() };
    with(proposed, &narrow).map(|next| Ok((narrow, next)))
}

/// The ignore file with an entry at its end.
fn with(ignore: &Dockerignore, entry: &Entry) -> Option<Dockerignore> {
    let next = Dockerignore::parse(&append(ignore.source(), &[&entry.pattern]));
    (next.problems().is_empty() && next.is_excluded(&entry.path)).then_some(next)
}

/// Whether a path as a line of an ignore file means itself and nothing else.
fn is_plain(path: &str) -> bool {
    path.trim() == path
        && !path.starts_with(['!', '#'])
        && !path.contains(|ch: char| ch.is_control() || matches!(ch, '*' | '?' | '[' | ']' | '\\'))
}

fn line_count(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte == b'\n').count()
        + usize::from(text.last().is_some_and(|&byte| byte != b'\n'))
}

/// `text` with lines added at its end, in its own line ends.
fn append(text: &[u8], lines: &[&str]) -> Vec<u8> {
    let line_end: &[u8] = match text.iter().position(|&byte| byte == b'\n') {
        Some(at) if at > 0 && text[at - 1] == b'\r' => b"\r\n",
        _ => b"\n",
    };
    let mut out = text.to_vec();
    if out.last().is_some_and(|&byte| byte != b'\n') {
        out.extend_from_slice(line_end);
    }
    for line in lines {
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(line_end);
    }
    out
}

/// What might go in: what installs write, then what lies there.
fn candidates(users: &[User<'_>]) -> Vec<Entry> {
    let Some(context) = users.iter().map(|user| user.context).find(|context| context.is_known()) else {
        return Vec::new();
    };
    let copied: Vec<Copied> = users.par_iter().filter_map(Copied::of).collect();
    let copies_root = copied.iter().any(|copied| copied.root);
    let is_home = copied.iter().any(|copied| copied.is_home);
    let mut entries: Vec<Entry> = Vec::new();
    for entry in copied.iter().flat_map(|copied| &copied.outputs) {
        if !entries.iter().any(|other| other.path == entry.path) {
            let taken_by = || copied.iter().find_map(|copied| copied.takes_along(entry));
            let taken_by = entry.taken_by.clone().or_else(taken_by);
            entries.push(Entry { taken_by, ..entry.clone() });
        }
    }
    for entry in copied.iter().flat_map(|copied| &copied.unread) {
        if !entries.iter().any(|other| other.path == entry.path || other.pattern == entry.pattern) {
            entries.push(entry.clone());
        }
    }
    if !copies_root {
        return entries;
    }
    let exists = |name: &str| matches!(context.kind_ignoring_dockerignore(name), Ok(Some(_)));
    let rules = context.ignore().rules();
    let data: Vec<_> =
        VERSION_CONTROL.iter().filter(|(name, _)| exists(name) && !rules.is_excluded(name)).collect();
    if !data.is_empty() {
        let read_by = git::reader(users);
        let of_data = |(name, reason): &&(&str, &str)| Entry {
            read_by: read_by.clone(),
            ..Entry::in_root(name, reason)
        };
        entries.extend(data.iter().map(of_data));
    }
    let secrets: Vec<_> = LITTER
        .iter()
        .filter(|(name, reason)| *reason == SECRETS && exists(name))
        .map(|(name, _)| *name)
        .collect();
    let named = git::named_by_files(context, &secrets);
    let is_wanted = |reason: &str| is_home && (reason == SECRETS || reason == SETTINGS);
    let litter = LITTER.iter().filter(|(name, reason)| !is_wanted(reason) && exists(name));
    entries.extend(litter.map(|(name, reason)| {
        let by = named.iter().find(|(named, _)| named == name);
        let read_by = by.map(|(_, path)| format!("{path} names it"));
        Entry { read_by, ..Entry::in_root(name, reason) }
    }));
    entries
}

/// What the directories that a Dockerfile copies may bring along.
struct Copied {
    /// The root of the context is one of them.
    root: bool,
    /// It comes to be a user's home, in which settings and keys are what it is for.
    is_home: bool,
    /// What its installs write there.
    outputs: Vec<Entry>,
    /// What installs that are not read further write there, probably: why it does not go in.
    unread: Vec<Entry>,
    /// The directories of the context that end up in an image, and the lines that copy them.
    kept: Vec<(String, String)>,
}

impl Copied {
    /// `None` where a Dockerfile copies nothing of the context.
    fn of(user: &User<'_>) -> Option<Self> {
        let copies = |copy: &Copy<'_>| copy.from.is_none();
        if !user.file.instructions().any(|instruction| Copy::of(&instruction).is_some_and(|it| copies(&it))) {
            return None;
        }
        let reading = Reading::of(user.file);
        let mut copied =
            Self { root: false, is_home: false, outputs: Vec::new(), unread: Vec::new(), kept: Vec::new() };
        for stage in &reading.build.stages {
            let supplies = reading.supplies(stage, user.context);
            let mut roots = supplies
                .copied()
                .iter()
                .filter(|copy| copy.is_directory && copy.source.is_empty())
                .peekable();
            copied.root |= roots.peek().is_some();
            copied.is_home |= roots.any(|copy| {
                let home = copy.step.and_then(|step| stage.steps.get(step)?.state.home());
                let parent = copy.target.parent();
                Some(&copy.target) == home.as_ref()
                    || copy.target.as_str() == "/root"
                    || parent.is_some_and(|parent| parent.as_str() == "/home")
            });
            copied.outputs.extend(outputs(user, &reading, stage));
            copied.unread.extend(unread(user, &reading, stage));
        }
        for stage in &reading.build.stages {
            let supplies = reading.supplies(stage, user.context);
            for entry in brought(user, &reading, stage) {
                if copied.outputs.iter().all(|other| other.path != entry.path) {
                    let taken_by = lacking(user, &reading, &entry.path).map(|line| user.line(line));
                    copied.outputs.push(Entry { taken_by, ..entry });
                }
            }
            if reading.build.image_of(stage.index).is_some() {
                let directories = supplies.copied().iter().filter(|copy| copy.is_directory);
                copied.kept.extend(directories.filter_map(|copy| {
                    let line = stage.steps.get(copy.step?)?.instruction.start_line();
                    Some((copy.source.clone(), user.line(line)))
                }));
            }
        }
        Some(copied)
    }

    /// The line that takes what an entry is for along into an image, where no command of the manager that makes it is run: the
    /// image may live off what was installed outside.
    fn takes_along(&self, entry: &Entry) -> Option<String> {
        if self.outputs.iter().any(|output| output.manager == entry.manager) {
            return None;
        }
        let path = &entry.path;
        let holds = |directory: &str| {
            directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
        };
        self.kept.iter().find(|(directory, _)| holds(directory)).map(|(_, line)| line.clone())
    }
}

/// What the installs of a stage write where a COPY could bring it from the context.
fn outputs(user: &User<'_>, reading: &Reading<'_>, stage: &Stage<'_>) -> Vec<Entry> {
    let supplies = reading.supplies(stage, user.context);
    let mut entries = Vec::new();
    if supplies.copied().iter().all(|copied| !copied.is_directory) {
        return entries;
    }
    each_install(user, reading, stage, may_write_into_a_project, &mut |_, managed, project, needs| {
        let all = needs.outputs.iter();
        entries.extend(
            all.filter_map(|output| output_entry(user, supplies, project, output, managed.ecosystem)),
        );
    });
    entries
}

/// The entries that there would be for installs of which it is not known what they need, and so what they write: silence would be
/// taken for "there is nothing to keep out".
fn unread(user: &User<'_>, reading: &Reading<'_>, stage: &Stage<'_>) -> Vec<Entry> {
    let supplies = reading.supplies(stage, user.context);
    let directories = || supplies.copied().iter().filter(|copied| copied.is_directory);
    let mut entries = Vec::new();
    if directories().next().is_none() {
        return entries;
    }
    each_managed(user, reading, stage, may_write_into_a_project, &mut |step, managed, project, needs| {
        let Err(refusal) = needs else { return };
        let Some(pattern) = managed.ecosystem.ignored().first() else { return };
        // Who keeps no lock file works on what others have made, and of others nobody can tell whether it is made at all.
        let manager = managed.ecosystem;
        let makes = !manager.lock_files().is_empty() && !manager.may_put_outputs_elsewhere();
        if managed.usage.kind != UsageKind::Install || !makes {
            return;
        }
        let name = pattern.strip_prefix("**/").unwrap_or(pattern);
        let output = project.directory().join(name);
        let mut copies = directories().filter(|copied| copied.target != output);
        let Some(path) = copies.find_map(|copied| copied.source_of(&output)) else { return };
        let line = user.line(step.instruction.start_line());
        let why = format!("what {} makes in {line} is not known: {refusal}", manager.name());
        entries.push(Entry {
            pattern: (*pattern).to_owned(),
            read_by: Some(why),
            ..Entry::in_root(&path, "")
        });
    });
    entries
}

/// The same for what a stage has by a COPY from the stage of the install.
fn brought(user: &User<'_>, reading: &Reading<'_>, stage: &Stage<'_>) -> Vec<Entry> {
    let supplies = reading.supplies(stage, user.context);
    if supplies.copied().iter().all(|copied| !copied.is_directory) {
        return Vec::new();
    }
    let made = brought::brought(user, reading, stage);
    let entries = made.iter().filter_map(|made| {
        let project = Project::new(user.context, supplies, made.place.clone());
        let entry = output_entry(user, supplies, &project, &made.place, made.ecosystem)?;
        if made.is_whole {
            return Some(entry);
        }
        // What else the manager makes is not there, and may come from the context.
        is_plain(&entry.path).then(|| Entry { pattern: entry.path.clone(), ..entry })
    });
    entries.collect()
}

/// The line that brings a path of the context to where its stage has no install's work of its own.
fn lacking(user: &User<'_>, reading: &Reading<'_>, path: &str) -> Option<usize> {
    reading.build.stages.iter().find_map(|stage| {
        let supplies = reading.supplies(stage, user.context);
        let places = supplies.copied().iter().filter(|copied| copied.is_directory).filter_map(|copied| {
            let rest = match copied.source.as_str() {
                "" => path,
                source => path.strip_prefix(source)?.strip_prefix('/')?,
            };
            Some((stage.steps.get(copied.step?)?.instruction.start_line(), copied.target.join(rest)))
        });
        let places: Vec<_> = places.collect();
        if places.is_empty() {
            return None;
        }
        let made = brought::in_image(user, reading, stage);
        let mut places = places.into_iter();
        let lacking = places.find(|(_, place)| made.iter().all(|made| made.place != *place));
        lacking.map(|(line, _)| line)
    })
}

/// The entry for what an install makes at a place of a stage to which the stage's copies bring the context's.
fn output_entry(
    user: &User<'_>,
    supplies: &Supplies,
    project: &Project<'_>,
    output: &ImagePath,
    manager: &dyn Ecosystem,
) -> Option<Entry> {
    // The copy that would bring it, and from where.
    let mut copies = supplies.copied().iter().rev().filter(|copied| copied.target != *output);
    let path = copies.find_map(|copied| copied.source_of(output))?;
    // Something of that name that the author committed is his to judge.
    if matches!(project.find_at(output), Found::File(_)) {
        return None;
    }
    let mut patterns = manager.ignored().iter();
    let pattern = patterns.find(|pattern| Dockerignore::parse(pattern.as_bytes()).is_excluded(&path));
    let is_absent = || matches!(user.context.kind_ignoring_dockerignore(&path), Ok(None));
    let pattern = match pattern {
        Some(pattern) => (*pattern).to_owned(),
        // A place of the project's own choice: nothing that lies there now is kept out.
        None if is_plain(&path) && is_absent() => path.clone(),
        None => return None,
    };
    let name = manager.name();
    let reason = match manager.may_put_outputs_elsewhere() {
        true => format!("what {name} has made there outside is not for the image"),
        false => format!("{name} makes it in the image"),
    };
    Some(Entry { pattern, path, reason, manager: Some(manager.name()), taken_by: None, read_by: None })
}

/// Shows `visit` the installs and builds in those RUNs of a stage that are meant, each with its project and what it needs;
/// those of which that is not known are left out.
fn each_install(
    user: &User<'_>,
    reading: &Reading<'_>,
    stage: &Stage<'_>,
    is_meant: fn(&Step<'_>) -> bool,
    visit: &mut dyn FnMut(&Step<'_>, &Managed<'_>, &Project<'_>, Needs),
) {
    each_managed(user, reading, stage, is_meant, &mut |step, managed, project, needs| {
        if let Ok(needs) = needs {
            visit(step, managed, project, needs);
        }
    });
}

/// Who is shown a command with its project and what it needs, or why that is not known.
type Visit<'v> = dyn FnMut(&Step<'_>, &Managed<'_>, &Project<'_>, Result<Needs, Reason>) + 'v;

/// The same with those of which that is not known.
fn each_managed(
    user: &User<'_>,
    reading: &Reading<'_>,
    stage: &Stage<'_>,
    is_meant: fn(&Step<'_>) -> bool,
    visit: &mut Visit<'_>,
) {
    let supplies = reading.supplies(stage, user.context);
    let runs = stage.steps.iter().filter(|step| step.instruction.keyword() == Keyword::Run);
    let read = runs.filter(|step| is_meant(step)).filter_map(|step| Some((step, reading.run(step).ok()?)));
    let managed = read.flat_map(|(step, analysis)| {
        analysis.managed().map(move |managed| (step, analysis.state(), managed))
    });
    for (step, state, managed) in managed.filter(|(.., managed)| has_project(managed.usage.kind)) {
        let Some(directory) = managed.usage.directory.clone() else { continue };
        let project = Project::new(user.context, supplies, directory);
        let needs = managed.ecosystem.needs(managed.command(), &managed.usage, state, &project);
        visit(step, managed, &project, needs);
    }
}

/// Whether a manager that writes into projects may be among the commands of a RUN. Of most it can be told without reading
/// them that none is.
fn may_write_into_a_project(step: &Step<'_>) -> bool {
    let script = step.instruction.span().of(step.instruction.file().source());
    let in_variable = || {
        let mut values = step.state.variables.iter().filter_map(|(_, variable)| variable.value.as_deref());
        values.any(|value| names_a_project_manager(value.as_bytes()))
    };
    names_a_project_manager(script) || memchr::memchr(b'$', script).is_some() && in_variable()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appends_in_the_style_of_the_file() {
        assert_eq!(append(b"", &["a", "b"]), b"a\nb\n");
        assert_eq!(append(b"x", &["a"]), b"x\na\n");
        assert_eq!(append(b"x\r\n", &["a"]), b"x\r\na\r\n");
        assert_eq!(line_count(b"x"), 1);
        assert_eq!(line_count(b"x\ny\n"), 2);
    }
}
