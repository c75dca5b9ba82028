//! `late-arg`: a build argument is declared where it is first used.
//!
//! Under BuildKit the value of an ARG is part of the environment of every RUN below it, whether the RUN uses it or not.

use dockfix_model::build::{Stage, Step};
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, PREDEFINED_ARGS};
use dockfix_syntax::rewrite::Place;
use dockfix_syntax::rewrite::RewriteError;
use dockfix_syntax::view::Variables;
use dockfix_syntax::{Edits, Keyword, variables};

use crate::analysis::has_project;
use crate::index::torn;
use crate::placing;
use crate::report::Safety;
use crate::transform::{Described, Input, Proposals, Transform};

/// See the [module](self).
pub(crate) struct LateArg;

impl Described for LateArg {
    fn id(&self) -> &'static str {
        "late-arg"
    }

    fn summary(&self) -> &'static str {
        "declares build arguments just above their first use"
    }

    fn documentation(&self) -> &'static str {
        include_str!("../docs/late-arg.md")
    }
}

impl Transform for LateArg {
    fn propose(&self, input: &Input<'_>) -> Proposals {
        let mut proposals = Proposals::default();
        for stage in &input.reading.build.stages {
            // From above, so that arguments that go to one place keep their order.
            for index in 0..stage.steps.len() {
                if stage.steps[index].instruction.keyword() != Keyword::Arg {
                    continue;
                }
                let mut way = Way { input, stage, names: Vec::new(), carriers: Vec::new() };
                let line = stage.steps[index].instruction.start_line();
                match way.down_from(index) {
                    Found::Place { at, last_run, passed } => {
                        let edits = way.edits(index, at, last_run);
                        let names = way.shown(index);
                        let reason = format!("another value of {names} no longer reruns {passed}");
                        proposals.offer(line, Safety::Safe, reason, edits);
                        if !proposals.changes.is_empty() {
                            return proposals;
                        }
                    }
                    Found::Blocked(reason) => proposals.refuse(line, reason),
                    Found::Nothing => {}
                }
            }
        }
        proposals
    }
}

/// The arguments that name the platform: they have one value for each image that is built.
const PLATFORM_ARGS: [&str; 8] = [
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
];

enum Found {
    /// The argument goes directly above this step (or to the end of the stage), below the RUN `last_run`.
    Place { at: Option<usize>, last_run: usize, passed: String },
    /// The next RUN may read it, though it does not name it.
    Blocked(String),
    /// There is nothing to gain.
    Nothing,
}

/// What a RUN has to do with the names.
enum Reads {
    No,
    /// It names one.
    Yes,
    /// It may, for this reason.
    Maybe(String),
}

struct Way<'w, 'a> {
    input: &'w Input<'a>,
    stage: &'w Stage<'a>,
    /// The argument's names, and those of the ENVs that carry its value on.
    names: Vec<String>,
    /// Steps of the ENVs and LABELs that carry it on and move along.
    carriers: Vec<usize>,
}

impl Way<'_, '_> {
    fn declared(&self, index: usize) -> Vec<String> {
        let assigned =
            Variables::of(&self.stage.steps[index].instruction).map_or_else(Vec::new, |v| v.assigned);
        assigned.into_iter().map(|assigned| assigned.name.text.into_owned()).collect()
    }

    /// The names as a message shows them. `ARG A=b # why` declares the words of the comment too.
    fn shown(&self, index: usize) -> String {
        let names = self.declared(index);
        let meant = names.split(|name| name.starts_with('#')).next().unwrap_or_default();
        meant.join(", ")
    }

    fn down_from(&mut self, index: usize) -> Found {
        self.names = self.declared(index);
        let special = |name: &String| {
            PLATFORM_ARGS.contains(&name.as_str()) || PREDEFINED_ARGS.contains(&name.as_str())
        };
        if self.names.is_empty() || self.names.iter().any(special) {
            return Found::Nothing;
        }
        let mut last_run = None;
        let mut passed = Vec::new();
        let mut reader = None;
        let mut maybe = None;
        for (at, step) in self.stage.steps.iter().enumerate().skip(index + 1) {
            match self.pass(step, at) {
                Reads::No => {
                    if step.instruction.keyword() == Keyword::Run {
                        last_run = Some(at);
                        passed.push(step.instruction.start_line());
                    }
                }
                Reads::Yes => {
                    reader = Some(at);
                    break;
                }
                Reads::Maybe(reason) => {
                    reader = Some(at);
                    maybe = Some((step.instruction.start_line(), reason));
                    break;
                }
            }
        }
        let Some(last_run) = last_run else {
            let names = self.shown(index);
            return match maybe {
                Some((line, reason)) => Found::Blocked(format!("{names} stays above line {line}: {reason}")),
                None => Found::Nothing,
            };
        };
        if let Some(torn) = torn(self.input.reading, self.stage, index, (last_run + 1, 0)) {
            return Found::Blocked(format!("{} stays where it is: {}", self.shown(index), torn.reason()));
        }
        // What carries the value on and stands below the last RUN stays: the argument goes above it.
        let at = self.carriers.iter().copied().find(|&carrier| carrier > last_run).or(reader);
        self.carriers.retain(|&carrier| carrier < last_run);
        let passed = match &passed[..] {
            [line] => format!("the RUN of line {line}"),
            [first, .., last] => format!("the RUNs from line {first} to {last}"),
            [] => String::new(),
        };
        Found::Place { at, last_run, passed }
    }

    /// What a step has to do with the names; notes it where it carries the value on.
    fn pass(&mut self, step: &Step<'_>, at: usize) -> Reads {
        let instruction = &step.instruction;
        let escape = self.input.file().escape();
        let keyword = instruction.keyword();
        match keyword {
            Keyword::Run => return self.pass_run(step, at),
            // Their text is for the running container or for another build.
            Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck | Keyword::Onbuild | Keyword::Shell => {
                return Reads::No;
            }
            _ => {}
        }
        let read = variables(instruction.text(), escape);
        let names_one = read.unknown || read.names.iter().any(|read| self.names.contains(read));
        if !names_one && !matches!(keyword, Keyword::Arg | Keyword::Env) {
            return Reads::No;
        }
        let set = Variables::of(instruction).map_or_else(Vec::new, |view| view.assigned);
        let set: Vec<_> = set.into_iter().map(|assigned| assigned.name.text.into_owned()).collect();
        match keyword {
            Keyword::Env | Keyword::Label if names_one && !read.unknown => {
                if !self.may_move(&set, keyword, at) {
                    return Reads::Yes;
                }
                self.carriers.push(at);
                if keyword == Keyword::Env {
                    self.names.extend(set);
                }
                Reads::No
            }
            Keyword::Arg | Keyword::Env if set.iter().any(|name| self.names.contains(name)) => Reads::Yes,
            _ if names_one => Reads::Yes,
            _ => Reads::No,
        }
    }

    /// Whether an ENV or LABEL may move down: nothing of the same name is set elsewhere in the stage.
    fn may_move(&self, set: &[String], keyword: Keyword, at: usize) -> bool {
        let mut others = self
            .stage
            .steps
            .iter()
            .enumerate()
            .filter(|(other, step)| *other != at && step.instruction.keyword() == keyword);
        let reads_itself = {
            let read = variables(self.stage.steps[at].instruction.args(), self.input.file().escape());
            // `ENV A=$A` takes the argument of that name; `ENV PATH=$PATH:/x` takes what the base image has.
            keyword == Keyword::Env
                && read.names.iter().any(|name| set.contains(name) && !self.names.contains(name))
        };
        !reads_itself
            && !others.any(|(_, step)| {
                let other = Variables::of(&step.instruction).map_or_else(Vec::new, |view| view.assigned);
                other.iter().any(|assigned| set.iter().any(|name| *name == *assigned.name.text))
            })
    }

    fn pass_run(&self, step: &Step<'_>, at: usize) -> Reads {
        let instruction = &step.instruction;
        let text = String::from_utf8_lossy(instruction.text());
        let heredocs = instruction.heredocs().iter();
        let bodies =
            heredocs.map(|heredoc| String::from_utf8_lossy(heredoc.body.of(self.input.file().source())));
        let mentioned = bodies.chain([text]).any(|text| self.names.iter().any(|name| has_word(&text, name)));
        if mentioned {
            return Reads::Yes;
        }
        let analysis = match self.input.reading.run(step) {
            Ok(analysis) => analysis,
            Err(reason) => return Reads::Maybe(format!("{reason}, so it may read any variable")),
        };
        if let Some(unknown) = analysis.unknown() {
            return Reads::Maybe(format!("{unknown} may read any variable"));
        }
        let effects = analysis.effects();
        if let Some(name) = self.names.iter().find(|name| effects.environment.contains(name)) {
            return Reads::Maybe(format!("a command there reads variables such as {name}"));
        }
        for managed in analysis.managed().filter(|managed| has_project(managed.usage.kind)) {
            let manager = managed.ecosystem.name();
            let Some(directory) = managed.usage.directory.clone().filter(|_| self.input.context.is_known())
            else {
                return Reads::Maybe(format!("the files that {manager} reads there are not known"));
            };
            let project =
                Project::new(self.input.context, self.input.supplies(self.stage), directory).until(at);
            match managed.ecosystem.needs(managed.command(), &managed.usage, &project) {
                Ok(needs) => {
                    let files = needs.files.iter().find(|file| self.file_names_one(&project, file));
                    if let Some(file) = files {
                        return Reads::Maybe(format!("{file}, which {manager} reads there, may name it"));
                    }
                    if !needs.directories.is_empty()
                        || needs.variables.iter().any(|name| self.names.contains(name))
                    {
                        return Reads::Maybe(format!("files that {manager} reads there may name it"));
                    }
                    if needs.prefetch.is_some() {
                        return Reads::Maybe(format!(
                            "{manager} builds the project there, which may read any variable"
                        ));
                    }
                }
                Err(refusal) => {
                    return Reads::Maybe(format!(
                        "the files that {manager} reads there are not known: {refusal}"
                    ));
                }
            }
        }
        Reads::No
    }

    /// Whether a file that an install reads names one of the variables, or cannot be read.
    fn file_names_one(&self, project: &Project<'_>, file: &ImagePath) -> bool {
        match project.read(file.as_str()) {
            Some(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                self.names.iter().any(|name| has_word(&text, name))
            }
            None => true,
        }
    }

    fn edits(&self, index: usize, at: Option<usize>, last_run: usize) -> Result<Edits, RewriteError> {
        let steps = &self.stage.steps;
        let place = match at {
            Some(at) => Place::Above(steps[at].instruction.index()),
            None => Place::After(steps[last_run].instruction.index()),
        };
        let mut edits = Edits::new();
        let moved = [index].into_iter().chain(self.carriers.iter().copied());
        let moved: Vec<_> = moved.map(|step| steps[step].instruction.index()).collect();
        placing::move_all_with_blank_lines(&mut edits, self.input.file(), &moved, place)?;
        Ok(edits)
    }
}

/// Whether `name` stands in `text` as a word of its own.
fn has_word(text: &str, name: &str) -> bool {
    let is_part = |ch: Option<char>| ch.is_some_and(|ch| ch.is_alphanumeric() || ch == '_');
    text.match_indices(name).any(|(at, _)| {
        !is_part(text[..at].chars().next_back()) && !is_part(text[at + name.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::has_word;

    #[test]
    fn words_are_whole() {
        assert!(has_word("echo $SHA", "SHA"));
        assert!(has_word("${SHA:-x}", "SHA"));
        assert!(!has_word("GIT_SHA=1 SHA1", "SHA"));
    }
}
