//! What an ignore file must not keep out.

use std::sync::{Arc, OnceLock};

use dockfix_model::ImagePath;
use dockfix_model::context::{Context, FileType};
use dockfix_model::dockerignore::Dockerignore;
use dockfix_model::project::{Found, Project, Supplies};
use dockfix_syntax::view::{Copy, MountKind};
use dockfix_syntax::{Dockerfile, Instruction, stages};
use rayon::prelude::*;

use super::{Entry, LITTER, User, VERSION_CONTROL, each_install};
use crate::reading::Reading;

/// The Dockerfiles that use the ignore file, and their context.
pub(super) struct Guard<'u, 'a> {
    users: &'u [User<'a>],
    /// What may be built from the context too.
    others: &'u [Arc<Dockerfile>],
    context: &'u Context,
    /// All that might go in.
    candidates: &'u [Entry],
    /// What the installs read; found out when the first entry comes so far.
    read: OnceLock<Vec<Read>>,
    /// What the others name; found out likewise.
    named: OnceLock<Vec<String>>,
    /// What the patterns hit beside what they are for; found out likewise.
    hits: OnceLock<Vec<Hit<'u>>>,
}

/// A path of the context that an install reads.
struct Read {
    manager: &'static str,
    path: String,
}

/// A path of the context that a pattern keeps out although it is for others.
struct Hit<'u> {
    pattern: &'u str,
    path: String,
}

impl<'u, 'a> Guard<'u, 'a> {
    pub(super) fn new(
        users: &'u [User<'a>],
        others: &'u [Arc<Dockerfile>],
        context: &'u Context,
        candidates: &'u [Entry],
    ) -> Self {
        let (read, named, hits) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { users, others, context, candidates, read, named, hits }
    }

    /// Checks that `next` keeps nothing out that `current` lets in and that a Dockerfile names or an install reads.
    pub(super) fn check(
        &self,
        current: &Dockerignore,
        next: &Dockerignore,
        entry: &str,
    ) -> Result<(), String> {
        let newly = |path: &str| !current.is_excluded(path) && next.is_excluded(path);
        let name = entry.rsplit('/').next().unwrap_or(entry);
        if let Some(rule) = current.rules().iter().find(|rule| rule.exception && rule.text.contains(name)) {
            return Err(format!("line {} makes an exception, `{}`", rule.line, rule.text));
        }
        self.users.iter().try_for_each(|user| {
            let (_, stages) = stages(user.file);
            stages.iter().try_for_each(|stage| named_by_steps(user, &stage.instructions, entry, &newly))
        })?;
        let others = self.named.get_or_init(|| {
            let all = |file: &Arc<Dockerfile>| {
                file.instructions().flat_map(|step| named_sources(&step)).collect::<Vec<_>>()
            };
            self.others.par_iter().flat_map_iter(all).collect()
        });
        // What a variable stands for there is rather something else than just this.
        let is_meant = |source: &&String| {
            is_named(source, name, &newly)
                || is_open(source) && !source.contains('$') && may_match(source, entry)
        };
        if let Some(source) = others.iter().find(is_meant) {
            return Err(format!("a Dockerfile that may be built from this context takes `{source}`"));
        }
        match self.read().iter().find(|read| newly(&read.path)) {
            Some(Read { manager, path }) => Err(format!("{manager} reads {path}")),
            None => Ok(()),
        }
    }

    /// Something of the context that the pattern keeps out and that is none of the candidates' paths. Nobody makes it in the
    /// image: a `node_modules` among the fixtures of a test, settings in a directory `env`.
    pub(super) fn hit(&self, pattern: &str) -> Option<&str> {
        let hits = self.hits.get_or_init(|| self.walk());
        hits.iter().find(|hit| hit.pattern == pattern).map(|hit| hit.path.as_str())
    }

    /// Looks for the first hit of each pattern, in one walk that ends where all have one.
    fn walk(&self) -> Vec<Hit<'u>> {
        let mut patterns: Vec<(&'u str, Dockerignore)> = Vec::new();
        for Entry { pattern, path, .. } in self.candidates {
            // A pattern that is a path hits that alone.
            if pattern != path && patterns.iter().all(|(other, _)| other != pattern) {
                patterns.push((pattern, Dockerignore::parse(pattern.as_bytes())));
            }
        }
        let mut hits = Vec::new();
        let mut directories = vec![String::new()];
        while let Some(directory) = directories.pop() {
            if patterns.is_empty() {
                break;
            }
            let Ok(entries) = self.context.list(&directory) else {
                // What is not seen may be hit.
                hits.extend(patterns.drain(..).map(|(pattern, _)| Hit { pattern, path: directory.clone() }));
                break;
            };
            for entry in entries.iter() {
                let path = match directory.as_str() {
                    "" => entry.name.clone(),
                    directory => format!("{directory}/{}", entry.name),
                };
                if self.candidates.iter().any(|candidate| candidate.path == path) {
                    continue;
                }
                patterns.retain(|(pattern, rules)| {
                    let is_hit = may_end_in(pattern, &entry.name) && rules.is_excluded(&path);
                    if is_hit {
                        hits.push(Hit { pattern, path: path.clone() });
                    }
                    !is_hit
                });
                if entry.file_type == FileType::Dir {
                    directories.push(path);
                }
            }
        }
        hits
    }

    /// Reading commands is dear, so that it is done on all cores.
    fn read(&self) -> &[Read] {
        self.read.get_or_init(|| self.users.par_iter().flat_map_iter(read_by_installs).collect())
    }
}

/// Whether the last name of a pattern may be this one. Most are told without asking for the whole path.
fn may_end_in(pattern: &str, name: &str) -> bool {
    let last = pattern.rsplit('/').next().unwrap_or(pattern);
    last == name || last.contains(['*', '?', '[', '\\'])
}

/// What a step names must stay.
fn named_by_steps(
    user: &User<'_>,
    instructions: &[Instruction<'_>],
    entry: &str,
    newly: &dyn Fn(&str) -> bool,
) -> Result<(), String> {
    let name = entry.rsplit('/').next().unwrap_or(entry);
    // What installs make is there without the context; nobody else brings the rest.
    let is_brought = LITTER.iter().chain(VERSION_CONTROL).any(|(litter, _)| *litter == entry);
    for instruction in instructions {
        let line = || user.line(instruction.start_line());
        for source in named_sources(instruction) {
            if is_named(&source, name, newly) || is_open(&source) && may_match(plain(&source), entry) {
                return Err(format!("{} takes `{source}`", line()));
            }
        }
        if is_brought && mentions(instruction, name) {
            return Err(format!("{} names it", line()));
        }
    }
    Ok(())
}

/// A source without what changes nothing at its ends.
fn plain(source: &str) -> &str {
    source.trim_start_matches("./").trim_matches('/')
}

/// Whether a source is what is newly kept out, or has its name in it.
fn is_named(source: &str, name: &str, newly: &dyn Fn(&str) -> bool) -> bool {
    newly(plain(source)) || plain(source).contains(name)
}

/// Whether a source is a wildcard or a variable, which may stand for the very thing.
fn is_open(source: &str) -> bool {
    let path = plain(source);
    path.contains(['*', '?', '[', '$']) && !path.contains('/') && !is_whole(path)
}

/// Whether an instruction has a path with this name in it.
fn mentions(instruction: &Instruction<'_>, name: &str) -> bool {
    let text = String::from_utf8_lossy(instruction.span().of(instruction.file().source()));
    let is_part = |ch: char| ch.is_alphanumeric() || matches!(ch, '.' | '_' | '-');
    text.split(|ch| !is_part(ch)).any(|word| word == name)
}

fn is_whole(path: &str) -> bool {
    matches!(path, "" | "." | "*")
}

fn may_match(pattern: &str, entry: &str) -> bool {
    pattern.contains('$') || dockfix_model::pattern::matches(pattern, entry).unwrap_or(true)
}

/// The sources that an instruction takes from the context, the whole context left out.
fn named_sources(instruction: &Instruction<'_>) -> Vec<String> {
    let mut sources = Vec::new();
    if let Some(copy) = Copy::of(instruction).filter(|copy| copy.from.is_none()) {
        let texts = copy.sources.iter().filter(|source| !source.is_heredoc);
        sources.extend(texts.map(|source| source.text.clone().into_owned()));
    }
    let mounts = instruction.mounts().iter();
    let binds = mounts.filter(|mount| mount.kind == MountKind::Bind && mount.from().is_none());
    sources.extend(binds.filter_map(|mount| mount.source().map(str::to_owned)));
    sources.retain(|source| !is_whole(plain(source)));
    sources
}

/// The files and directories of the context that the installs of a Dockerfile read.
fn read_by_installs(user: &User<'_>) -> Vec<Read> {
    let reading = Reading::of(user.file);
    let mut read = Vec::new();
    for stage in &reading.build.stages {
        let supplies = reading.supplies(stage, user.context);
        each_install(user, &reading, stage, |_| true, &mut |_, managed, project, needs| {
            let manager = managed.ecosystem.name();
            let paths = needs.files.iter().chain(&needs.directories);
            let paths = paths.flat_map(|path| sources_of(path, project, supplies));
            read.extend(paths.map(|path| Read { manager, path }));
        });
    }
    read
}

/// Where a path of the image comes from in the context.
fn sources_of(path: &ImagePath, project: &Project<'_>, supplies: &Supplies) -> Vec<String> {
    match project.find_at(path) {
        Found::File(place) => vec![place.path],
        // Several copies may bring parts of it.
        Found::Directory => supplies.copied().iter().filter_map(|copied| copied.source_of(path)).collect(),
        Found::Missing | Found::Elsewhere => Vec::new(),
    }
}
