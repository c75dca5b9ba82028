//! What a Dockerfile takes from its build context, and whether a directory has it.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use dockfix_ecosystems::{UsageKind, recognise};
use dockfix_model::build::{Build, Step};
use dockfix_model::commands::{Action, Chain};
use dockfix_model::context::{Context, FileType};
use dockfix_model::pattern::has_wildcard;
use dockfix_model::{Origin, Variables};
use dockfix_syntax::view::{Copy, Mount, MountKind};
use dockfix_syntax::{Dockerfile, Instruction, Keyword};

/// The sources of a Dockerfile's COPY, ADD and bind mounts, as far as they can be read without building.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sources {
    /// Paths that must be there.
    literal: Vec<String>,
    /// Patterns. One that matches nothing does not fail the build: `yarn.lock*` is how one writes "if there is one".
    wildcard: Vec<String>,
    /// The whole context is taken.
    whole: bool,
}

impl Sources {
    pub(super) fn of(file: &Dockerfile) -> Self {
        let mut raw = Vec::new();
        // The number of the stage and that of the instruction in it, from the first FROM on.
        let mut place: Option<(usize, usize)> = None;
        for instruction in file.instructions() {
            if instruction.keyword() == Keyword::From {
                place = Some((place.map_or(0, |(stage, _)| stage + 1), 0));
            } else if let Some((stage, step)) = &mut place {
                each_source_of(&instruction, |text| raw.push((*stage, *step, text)));
                *step += 1;
            }
        }
        let mut sources = Self::default();
        // What the variables are is only worked out where somebody asks.
        let build = raw.iter().any(|(_, _, text)| text.contains('$')).then(|| Build::of(file));
        for (stage, step, text) in raw {
            let text = match &build {
                Some(build) if text.contains('$') => {
                    let step = build.stages.get(stage).and_then(|stage| stage.steps.get(step));
                    step.and_then(|step| by_default(&step.state.variables, &text, file.escape()))
                }
                _ => Some(text),
            };
            if let Some(text) = text {
                sources.add(text);
            }
        }
        sources
    }

    fn add(&mut self, text: String) {
        if text.contains("://") || text.starts_with("git@") {
            return;
        }
        let list = match text.trim_matches('/') {
            "" | "." => {
                self.whole = true;
                return;
            }
            _ if has_wildcard(&text) => &mut self.wildcard,
            _ => &mut self.literal,
        };
        if !list.contains(&text) {
            list.push(text);
        }
    }

    /// Whether a directory has all that the build cannot do without. `top` says that there is no better one above.
    pub(super) fn all_in(&self, directory: &Directory, top: bool) -> bool {
        self.literal.iter().all(|source| directory.has(source))
            && (!self.literal.is_empty()
                || self.wildcard.is_empty()
                || self.wildcard.iter().any(|source| directory.has(source)))
            && (!self.whole || top || directory.is_worth_copying())
    }

    /// Whether nothing but the context as a whole is taken, which every directory has.
    pub(super) fn is_whole_alone(&self) -> bool {
        self.whole && self.literal.is_empty() && self.wildcard.is_empty()
    }

    /// How many of the paths and patterns lead to something.
    pub(super) fn count_in(&self, directory: &Directory) -> usize {
        self.literal.iter().chain(&self.wildcard).filter(|source| directory.has(source)).count()
    }

    /// The paths that are not there.
    pub(super) fn missing_in(&self, directory: &Directory) -> Vec<String> {
        self.literal.iter().filter(|source| !directory.has(source)).cloned().collect()
    }

    /// All paths and patterns.
    pub(super) fn names(&self) -> Vec<String> {
        self.literal.iter().chain(&self.wildcard).cloned().collect()
    }
}

/// The names of the files that the installs and builds of a Dockerfile need from what a `COPY .` brings, as patterns: one of
/// each group.
pub(super) fn manifests(file: &Dockerfile) -> Vec<&'static [&'static str]> {
    let build = Build::of(file);
    let mut found = Vec::new();
    for stage in &build.stages {
        let copies = |step: &Step<'_>| {
            Copy::of(&step.instruction).is_some_and(|copy| {
                copy.from.is_none() && copy.sources.iter().any(|source| matches!(&*source.text, "." | "./"))
            })
        };
        let below = stage.steps.iter().skip_while(|step| !copies(step));
        for step in below.filter(|step| step.instruction.keyword() == Keyword::Run) {
            let Ok(chain) = Chain::of(&step.instruction, &step.state) else { continue };
            let pipelines = chain.links.iter().filter_map(|link| match &link.action {
                Action::Pipeline(commands) => Some(commands),
                _ => None,
            });
            for command in pipelines.flat_map(|commands| commands.iter()) {
                let Some((ecosystem, usage)) = recognise(command, &step.state) else { continue };
                let is_project = matches!(usage.kind, UsageKind::Install | UsageKind::Build);
                let names = ecosystem.manifests();
                if is_project && !names.is_empty() && !found.contains(&names) {
                    found.push(names);
                }
            }
        }
    }
    found
}

/// A directory that may be a context, and what was found out about it. Many Dockerfiles ask the same.
#[derive(Debug)]
pub(super) struct Directory {
    context: Context,
    has: Mutex<HashMap<String, bool>>,
    is_worth_copying: OnceLock<bool>,
}

impl Directory {
    pub(super) fn new(context: Context) -> Self {
        Self { context, has: Mutex::default(), is_worth_copying: OnceLock::new() }
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Whether a source leads to something.
    fn has(&self, source: &str) -> bool {
        let known = self.has.lock().unwrap_or_else(PoisonError::into_inner).get(source).copied();
        if let Some(has) = known {
            return has;
        }
        let found = self.context.has_sources(source);
        self.has.lock().unwrap_or_else(PoisonError::into_inner).insert(source.to_owned(), found);
        found
    }

    /// Whether it holds a file of each group of names itself.
    pub(super) fn holds(&self, groups: &[&[&str]]) -> bool {
        let Ok(entries) = self.context.list_ignoring_dockerignore("") else { return false };
        groups.iter().all(|names| entries.iter().any(|entry| is_one_of(&entry.name, names)))
    }

    /// Whether a file of each group of names may lie in it or somewhere below; yes if there is too much to look through.
    pub(super) fn may_hold_below(&self, groups: &[&[&str]]) -> bool {
        const MANY: usize = 4096;
        let mut names = Vec::new();
        for entry in self.context.walk("").filter_map(Result::ok) {
            names.push(entry.path);
            if names.len() == MANY {
                return true;
            }
        }
        let name = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
        groups.iter().all(|group| names.iter().any(|path| is_one_of(&name(path), group)))
    }

    /// Whether it holds anything but what tells Docker how to build: `COPY . .` from a directory `docker/` that holds
    /// nothing else, or nothing but directories with a Dockerfile each, is no context.
    fn is_worth_copying(&self) -> bool {
        *self.is_worth_copying.get_or_init(|| {
            let Ok(entries) = self.context.list_ignoring_dockerignore("") else { return false };
            entries.iter().any(|entry| {
                let name = entry.name.to_ascii_lowercase();
                let of_people = ["readme", "license", "makefile", ".gitignore", ".gitkeep"];
                let is_of_people = of_people.iter().any(|part| name.starts_with(part));
                let is_directory = entry.file_type == FileType::Dir;
                !is_of_docker(&name) && !is_of_people && (!is_directory || !self.has_dockerfile(&entry.name))
            })
        })
    }

    fn has_dockerfile(&self, directory: &str) -> bool {
        let entries = self.context.list_ignoring_dockerignore(directory);
        entries.is_ok_and(|entries| {
            entries.iter().any(|entry| {
                let name = entry.name.to_ascii_lowercase();
                name.starts_with("dockerfile") || name.starts_with("containerfile")
            })
        })
    }
}

fn is_one_of(name: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| dockfix_model::pattern::matches(pattern, name).unwrap_or(false))
}

/// Whether a file of this name, in lower case, tells Docker how to build.
fn is_of_docker(name: &str) -> bool {
    ["dockerfile", "containerfile", "dockerignore", "compose", "docker-bake"]
        .iter()
        .any(|part| name.contains(part))
}

/// Calls `found` for the sources of one instruction, as written, remote ones included.
fn each_source_of(instruction: &Instruction<'_>, mut found: impl FnMut(String)) {
    match instruction.keyword() {
        Keyword::Copy | Keyword::Add if instruction.flag("from").is_none() => {
            let Some(copy) = Copy::of(instruction) else { return };
            let is_remote = |text: &str| copy.is_add && (text.contains("://") || text.starts_with("git@"));
            for source in copy.sources {
                if !source.is_heredoc && !is_remote(&source.text) {
                    found(source.text.into_owned());
                }
            }
        }
        Keyword::Run => {
            let of_context = |mount: &&Mount| mount.kind == MountKind::Bind && mount.from().is_none();
            for mount in instruction.mounts().iter().filter(of_context) {
                mount.source().map(str::to_owned).into_iter().for_each(&mut found);
            }
        }
        _ => {}
    }
}

/// The text with the defaults of its variables; `None` if one of them has none.
fn by_default(variables: &Variables, text: &str, escape: u8) -> Option<String> {
    let names = variables.expand(text, escape)?.names;
    let has_value = |name: &String| {
        variables.get(name).is_some_and(|variable| match variable.origin {
            Origin::Arg => variable.default.is_some(),
            Origin::Env => variable.value.is_some(),
        })
    };
    let text = names.iter().all(has_value).then(|| variables.expand_defaults(text, escape))??;
    (!text.contains('$')).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str) -> Sources {
        Sources::of(&Dockerfile::parse(text.as_bytes()))
    }

    fn of(literal: &[&str], wildcard: &[&str], whole: bool) -> Sources {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        Sources { literal: owned(literal), wildcard: owned(wildcard), whole }
    }

    #[test]
    fn what_comes_from_the_context() {
        let text = "FROM a\nCOPY a /b* ./\nADD https://x/y z ./\nADD [\"c\", \"/\"]\nCOPY --from=b d ./\n\
                    RUN --mount=type=bind,source=e,target=/e --mount=type=cache,target=/f x\nCOPY ./ /app\n";
        assert_eq!(sources(text), of(&["a", "z", "c", "e"], &["/b*"], true));
        assert_eq!(sources("FROM a\nCOPY <<EOF /x\ny\nEOF\nONBUILD COPY z .\n"), of(&[], &[], false));
    }

    #[test]
    fn variables_stand_for_their_defaults() {
        let text = "FROM scratch\nARG A=app\nARG B\nENV C=$A/c D=d\nCOPY $A/x $B/y $C/z $D/w $E/v /\n\
                    ARG F=https://x\nADD $F/y /\n";
        assert_eq!(sources(text), of(&["app/x", "d/w"], &[], false));
    }
}
