//! `late-arg`: a build argument is declared where it is first used.
//!
//! Under BuildKit the value of an ARG is part of the environment of every RUN below it, whether the RUN uses it or not.
//!
//! Code of packages that an install runs may read any variable. Past it goes what is plainly for something else: what its
//! name tells ([`names`]), or what an instruction of the file reads itself. Scripts of system packages are known well
//! enough: they read what their managers' effects say.

mod busting;
mod names;

use std::borrow::Cow;

use dockfix_model::build::{Stage, Step};
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, PREDEFINED_ARGS};
use dockfix_syntax::rewrite::Place;
use dockfix_syntax::rewrite::RewriteError;
use dockfix_syntax::view::{Copy, Variables};
use dockfix_syntax::{Edits, Instruction, Keyword, variables};

use crate::analysis::{Managed, has_project};
use crate::index::torn;
use crate::mounts;
use crate::placing;
use crate::report::{Safety, listed};
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
            let is_argument = |step: &Step<'_>| step.instruction.keyword() == Keyword::Arg;
            let arguments: Vec<_> =
                (0..stage.steps.len()).filter(|&at| is_argument(&stage.steps[at])).collect();
            let mut blocked: Vec<Blocked> = Vec::new();
            for (number, &index) in arguments.iter().enumerate() {
                let line = stage.steps[index].instruction.start_line();
                match Way::new(input, stage).down_from(index) {
                    Found::Place(mut found) => {
                        for &other in &arguments[number + 1..] {
                            if let Found::Place(other) = Way::new(input, stage).down_from(other)
                                && other.passed == found.passed
                            {
                                found.join(other);
                            }
                        }
                        proposals.offer(line, Safety::Safe, found.reason(stage), found.edits(input, stage));
                        if !proposals.changes.is_empty() {
                            return proposals;
                        }
                    }
                    Found::Torn(reason) => proposals.refuse(line, reason),
                    Found::Blocked(above, reason) => {
                        let names = vec![Way::new(input, stage).shown(index)];
                        let new = Blocked { names, index, above, reason };
                        match blocked.last_mut() {
                            Some(last) if last.is_like(&new, stage) => last.names.extend(new.names),
                            _ => blocked.push(new),
                        }
                    }
                    Found::Nothing => {}
                }
            }
            for blocked in blocked {
                let line = stage.steps[blocked.index].instruction.start_line();
                proposals.refuse(line, blocked.refusal());
            }
        }
        proposals
    }
}

enum Found {
    /// It goes down.
    Place(Move),
    /// The RUN of this line may read it, though it does not name it.
    Blocked(usize, String),
    /// It would tear apart what must stay together.
    Torn(String),
    /// There is nothing to gain.
    Nothing,
}

/// Arguments that pass the same RUNs. They go to one place, and so keep their order.
struct Move {
    /// Their names, as a message shows them.
    names: Vec<String>,
    /// The steps of the arguments, and those of what carries their values on.
    steps: Vec<usize>,
    /// The step above which they go; the end of the stage where there is none.
    at: Option<usize>,
    /// The steps that they pass and that would run again.
    passed: Vec<usize>,
}

/// Arguments of one group of declarations that stay above one RUN.
struct Blocked {
    /// Their names, as a message shows them.
    names: Vec<String>,
    /// The step of the first one.
    index: usize,
    /// 1-based line of the RUN.
    above: usize,
    /// Why they do not pass it.
    reason: String,
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
    /// The step of the argument.
    index: usize,
    /// The argument's names, and those of the ENVs and ARGs that carry its value on.
    names: Vec<String>,
    /// What the values of all these are made of: nothing of it may change on the way.
    sources: Vec<String>,
    /// Steps of the ENVs, ARGs and LABELs that carry it on and move along.
    carriers: Vec<usize>,
}

impl Blocked {
    fn is_like(&self, other: &Self, stage: &Stage<'_>) -> bool {
        let between = &stage.steps[self.index..other.index];
        (self.above, &self.reason) == (other.above, &other.reason)
            && between.iter().all(|step| is_declaration(step.instruction.keyword()))
    }

    fn refusal(&self) -> String {
        let Self { names, above, reason, .. } = self;
        let stay = if names.len() == 1 { "stays" } else { "stay" };
        format!("{} {stay} above line {above}: {reason}", listed(names, "and"))
    }
}

/// Whether an instruction makes no step, but holds what others read.
fn is_declaration(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::Arg | Keyword::Env | Keyword::Label)
}

impl Move {
    fn join(&mut self, other: Self) {
        self.names.extend(other.names);
        self.steps.extend(other.steps);
        self.steps.sort_unstable();
        self.steps.dedup();
        // Between the last RUN and the next one all places are as good.
        self.at = self.at.into_iter().chain(other.at).min();
    }

    fn reason(&self, stage: &Stage<'_>) -> String {
        let line = |step: usize| stage.steps[step].instruction.start_line();
        let passed = match self.passed[..] {
            [first, .., last] => format!("the RUNs from line {} to {}", line(first), line(last)),
            [run] => format!("the RUN of line {}", line(run)),
            [] => String::new(),
        };
        let names = listed(&self.names, "or");
        format!("another value of {names} no longer reruns {passed}")
    }

    fn edits(&self, input: &Input<'_>, stage: &Stage<'_>) -> Result<Edits, RewriteError> {
        let number = |step: usize| stage.steps[step].instruction.index();
        let place = match (self.at, self.passed.last()) {
            (None, Some(&run)) => Place::After(number(below_copies(stage, below_arguments(stage, run)))),
            (None, None) => Place::End,
            (Some(at), _) => Place::Above(number(head_of_paragraph(stage, at))),
        };
        let moved: Vec<_> = self.steps.iter().map(|&step| number(step)).collect();
        let mut edits = Edits::new();
        placing::move_group(&mut edits, input.file(), &moved, place)?;
        Ok(edits)
    }
}

/// The first step of the paragraph in which step `at` stands, as far as nothing above it there makes a layer: an argument that
/// comes between a heading comment and what it heads tears them apart.
fn head_of_paragraph(stage: &Stage<'_>, at: usize) -> usize {
    let makes_no_layer = |step: &Step<'_>| {
        is_declaration(step.instruction.keyword())
            || matches!(step.instruction.keyword(), Keyword::Workdir | Keyword::User | Keyword::Shell)
    };
    let index = |step: usize| stage.steps[step].instruction.index();
    let adjoins = |step: &usize| {
        let file = stage.steps[*step].instruction.file();
        let between = &file.items()[index(step - 1) + 1..index(*step)];
        makes_no_layer(&stage.steps[step - 1]) && between.is_empty()
    };
    let climbed = (1..=at).rev().take_while(adjoins).count();
    at - climbed
}

/// The last of the copies that stand right below step `at` and end its paragraph, or else this step: what nobody reads below
/// would part them in vain.
fn below_copies(stage: &Stage<'_>, at: usize) -> usize {
    let index = |step: usize| stage.steps[step].instruction.index();
    let adjoins = |step: &usize| index(step - 1) + 1 == index(*step);
    let is_copy =
        |step: &usize| matches!(stage.steps[*step].instruction.keyword(), Keyword::Copy | Keyword::Add);
    let copies = (at + 1..stage.steps.len()).take_while(|step| adjoins(step) && is_copy(step)).count();
    let next = at + copies + 1;
    let ends = next >= stage.steps.len() || !adjoins(&next);
    if ends { at + copies } else { at }
}

/// The step `run`, or the last of the declarations below it, if there are arguments among them: what comes later stays below.
fn below_arguments(stage: &Stage<'_>, run: usize) -> usize {
    let below = stage.steps.iter().enumerate().skip(run + 1);
    let keywords = below.map(|(at, step)| (at, step.instruction.keyword()));
    let declarations: Vec<_> = keywords.take_while(|(_, keyword)| is_declaration(*keyword)).collect();
    let last =
        declarations.last().filter(|_| declarations.iter().any(|(_, keyword)| *keyword == Keyword::Arg));
    last.map_or(run, |(at, _)| *at)
}

impl<'w, 'a> Way<'w, 'a> {
    fn new(input: &'w Input<'a>, stage: &'w Stage<'a>) -> Self {
        let (names, sources, carriers) = (Vec::new(), Vec::new(), Vec::new());
        Self { input, stage, index: 0, names, sources, carriers }
    }

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

    fn down_from(mut self, index: usize) -> Found {
        self.index = index;
        self.names = self.declared(index);
        self.sources = self.read_by(index);
        let is_fixed = |name: &String| is_special(name) || self.is_of_base(name);
        if self.names.is_empty() || self.names.iter().any(is_fixed) {
            return Found::Nothing;
        }
        let mut passed = Vec::new();
        let mut reader = None;
        let mut maybe = None;
        for (at, step) in self.stage.steps.iter().enumerate().skip(index + 1) {
            match self.pass(step, at) {
                Reads::No => {
                    if step.instruction.keyword() == Keyword::Run {
                        passed.push(at);
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
        let names = self.shown(index);
        let Some(&last_run) = passed.last() else {
            return match maybe {
                Some((line, reason)) => Found::Blocked(line, reason),
                None => Found::Nothing,
            };
        };
        let is_used = reader.is_some() || !self.carriers.is_empty();
        if !is_used && busting::is_meant(&self.stage.steps[index], &self.names) {
            return Found::Torn(format!(
                "{names} stays where it is: it seems to be there to rerun what follows"
            ));
        }
        if let Some(torn) = torn(self.input.reading, self.stage, index, (last_run + 1, 0)) {
            return Found::Torn(format!("{names} stays where it is: {}", torn.reason()));
        }
        // What carries the value on and stands below the last RUN stays: the argument goes above it.
        let at = self.carriers.iter().copied().find(|&carrier| carrier > last_run).or(reader);
        let above = self.carriers.into_iter().filter(|&carrier| carrier < last_run);
        Found::Place(Move {
            names: vec![names],
            steps: [index].into_iter().chain(above).collect(),
            at,
            passed,
        })
    }

    /// The names that the value of a step is made of.
    fn read_by(&self, index: usize) -> Vec<String> {
        variables(self.stage.steps[index].instruction.args(), self.input.file().escape()).names
    }

    /// Whether the image that the stage starts from depends on `name`: another value reruns everything.
    fn is_of_base(&self, name: &str) -> bool {
        let build = &self.input.reading.build;
        let escape = self.input.file().escape();
        let stages = build.ancestors(self.stage.index).into_iter().chain([self.stage.index]);
        let mut read: Vec<String> =
            stages.flat_map(|stage| variables(build.stages[stage].from.text(), escape).names).collect();
        // A global argument may be made of those above it.
        for global in build.global.iter().rev().filter(|global| global.keyword() == Keyword::Arg) {
            let set = Variables::of(global).map_or_else(Vec::new, |view| view.assigned);
            if set.iter().any(|set| read.iter().any(|read| *read == *set.name.text)) {
                read.extend(variables(global.args(), escape).names);
            }
        }
        read.iter().any(|read| read == name)
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
        let names_one = read.unknown || self.names_one(&read.names) || self.is_in_heredocs(instruction);
        if !names_one && !matches!(keyword, Keyword::Arg | Keyword::Env) {
            return Reads::No;
        }
        let set = Variables::of(instruction).map_or_else(Vec::new, |view| view.assigned);
        let set: Vec<_> = set.into_iter().map(|assigned| assigned.name.text.into_owned()).collect();
        match keyword {
            Keyword::Env | Keyword::Label | Keyword::Arg if names_one && !read.unknown => {
                if !self.may_move(&set, keyword, at) {
                    return Reads::Yes;
                }
                self.carriers.push(at);
                self.sources.extend(self.read_by(at));
                if keyword != Keyword::Label {
                    self.names.extend(set);
                }
                Reads::No
            }
            Keyword::Arg | Keyword::Env if self.names_one(&set) => Reads::Yes,
            Keyword::Arg | Keyword::Env if set.iter().any(|name| self.sources.contains(name)) => Reads::Yes,
            _ if names_one => Reads::Yes,
            _ => Reads::No,
        }
    }

    /// Whether a heredoc of COPY or ADD, in which BuildKit replaces variables unless its name is quoted, names one.
    fn is_in_heredocs(&self, instruction: &Instruction<'_>) -> bool {
        let source = instruction.file().source();
        instruction.heredocs().iter().filter(|heredoc| heredoc.expand).any(|heredoc| {
            let text = String::from_utf8_lossy(heredoc.body.of(source));
            self.names.iter().any(|name| has_word(&text, name))
        })
    }

    /// The line of an instruction above the argument that writes one of the names down, or copies a file that does: the
    /// settings of a manager, perhaps, which read it when they are used.
    fn written_above(&self) -> Option<usize> {
        let above = self.input.reading.build.steps_before(self.stage.index, self.index);
        let names_one = |text: &str| self.names.iter().any(|name| has_word(text, name));
        let mut above = above.filter(|step| match step.instruction.keyword() {
            Keyword::Run => self.texts(step).iter().any(|text| names_one(text)),
            Keyword::Copy | Keyword::Add => {
                let source = step.instruction.file().source();
                let bodies = step.instruction.heredocs().iter().map(|heredoc| heredoc.body.of(source));
                bodies.into_iter().any(|body| names_one(&String::from_utf8_lossy(body)))
                    || self.copies_one(step, names_one)
            }
            _ => false,
        });
        above.next().map(|step| step.instruction.start_line())
    }

    /// Whether a file that a COPY names itself has such a text.
    fn copies_one(&self, step: &Step<'_>, is_meant: impl Fn(&str) -> bool) -> bool {
        let Some(copy) = Copy::of(&step.instruction).filter(|copy| copy.from.is_none()) else { return false };
        let context = self.input.context;
        let mut files = copy.sources.iter().filter_map(|source| context.read(&source.text).ok());
        files.any(|bytes: std::sync::Arc<[u8]>| is_meant(&String::from_utf8_lossy(&bytes)))
    }

    fn names_one(&self, names: &[String]) -> bool {
        names.iter().any(|name| self.names.contains(name))
    }

    /// Whether an ENV, ARG or LABEL may move down: nothing of the same name is set elsewhere in the stage.
    fn may_move(&self, set: &[String], keyword: Keyword, at: usize) -> bool {
        // An ENV hides every argument of its name, but the one that it carries on.
        let is_like = |other: usize, step: &Step<'_>| {
            let is_hidden = keyword == Keyword::Env && step.instruction.keyword() == Keyword::Arg;
            step.instruction.keyword() == keyword
                || (is_hidden && other != self.index && !self.carriers.contains(&other))
        };
        let steps = self.stage.steps.iter().enumerate();
        let mut others = steps.filter(|(other, step)| *other != at && is_like(*other, step));
        let reads_itself = {
            let read = variables(self.stage.steps[at].instruction.args(), self.input.file().escape());
            // `ENV A=$A` takes the argument of that name; `ENV PATH=$PATH:/x` takes what the base image has.
            keyword == Keyword::Env
                && read.names.iter().any(|name| set.contains(name) && !self.names.contains(name))
        };
        let is_fixed = keyword == Keyword::Arg && set.iter().any(|name| is_special(name));
        !reads_itself
            && !is_fixed
            && !others.any(|(_, step)| {
                let other = Variables::of(&step.instruction).map_or_else(Vec::new, |view| view.assigned);
                other.iter().any(|assigned| set.iter().any(|name| *name == *assigned.name.text))
            })
    }

    fn pass_run(&self, step: &Step<'_>, at: usize) -> Reads {
        let texts = self.texts(step);
        if texts.iter().any(|text| self.names.iter().any(|name| has_word(text, name))) {
            return Reads::Yes;
        }
        if let Some(name) = self.names.iter().find(|name| names::steers_every_program(name)) {
            return Reads::Maybe(format!("any program may be steered by variables such as {name}"));
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
        if let Some(command) = busting::taken_as_it_is(analysis) {
            return Reads::Maybe(format!(
                "`{command}` takes what is there when it runs, which another value may be for"
            ));
        }
        if analysis.managed().any(|managed| !managed.ecosystem.is_for_root())
            && let Some(line) = self.written_above()
        {
            return Reads::Maybe(format!("line {line} writes it down, which a command there may read"));
        }
        for managed in analysis.managed().filter(|managed| has_project(managed.usage.kind)) {
            let manager = managed.ecosystem.name();
            let Some(directory) = managed.usage.directory.clone().filter(|_| self.input.context.is_known())
            else {
                return Reads::Maybe(format!("the files that {manager} reads there are not known"));
            };
            if mounts::check_sources(step, &directory).is_err() {
                return Reads::Maybe(format!(
                    "the files that {manager} reads there are mounted, and what they name is not looked at"
                ));
            }
            let project =
                Project::new(self.input.context, self.input.supplies(self.stage), directory).until(at);
            match managed.ecosystem.needs(managed.command(), &managed.usage, analysis.state(), &project) {
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
        let runs_code =
            |managed: &&Managed<'_>| managed.usage.runs_package_code && !managed.ecosystem.is_for_root();
        if let Some(managed) = analysis.managed().find(runs_code)
            && let Some(reason) = self.read_by_packages(managed.ecosystem.name())
        {
            return Reads::Maybe(reason);
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

    /// Why code of the packages that `manager` installs may read one of the names.
    fn read_by_packages(&self, manager: &str) -> Option<String> {
        let name = self.names.iter().find(|name| names::steers_builds(name) || !self.is_plain(name))?;
        let packages = format!("code of packages that {manager} installs there");
        Some(match names::steers_builds(name) {
            true => format!("{packages} reads variables such as {name}"),
            false => {
                format!("{packages} may read any variable, and no instruction below tells of another use")
            }
        })
    }

    /// Whether it is plain that `name` is not for packages: by what it says, or because an instruction reads its value. An ENV
    /// of the same name does not: it only hands it on to everything below.
    fn is_plain(&self, name: &str) -> bool {
        if names::is_plain(name) {
            return true;
        }
        let build = &self.input.reading.build;
        let escape = self.input.file().escape();
        let expands = |text: &[u8]| variables(text, escape).names.iter().any(|read| read == name);
        let mut below = build.steps_from(self.stage.index, self.index + 1);
        let is_read = |step: &Step<'_>| {
            let instruction = &step.instruction;
            match instruction.keyword() {
                Keyword::Arg | Keyword::Env => {
                    let set = Variables::of(instruction).map_or_else(Vec::new, |view| view.assigned);
                    expands(instruction.args()) && set.iter().all(|set| set.name.text != name)
                }
                Keyword::Shell => false,
                Keyword::Run
                | Keyword::Cmd
                | Keyword::Entrypoint
                | Keyword::Healthcheck
                | Keyword::Onbuild => self.texts(step).iter().any(|text| is_expanded(text, name)),
                _ => expands(instruction.text()),
            }
        };
        below.any(is_read) || build.stages.iter().any(|stage| expands(stage.from.text()))
    }

    /// The text of an instruction, and its heredocs.
    fn texts<'s>(&'s self, step: &'s Step<'_>) -> Vec<Cow<'s, str>> {
        let source = self.input.file().source();
        let heredocs = step.instruction.heredocs().iter();
        let bodies = heredocs.map(|heredoc| String::from_utf8_lossy(heredoc.body.of(source)));
        bodies.chain([String::from_utf8_lossy(step.instruction.text())]).collect()
    }
}

/// Whether an argument means something to BuildKit itself.
fn is_special(name: &str) -> bool {
    names::PLATFORM_ARGS.contains(&name) || PREDEFINED_ARGS.contains(&name)
}

/// Whether the shell would put the value of `name` into `text`.
fn is_expanded(text: &str, name: &str) -> bool {
    let is_part = |ch: char| ch.is_ascii_alphanumeric() || ch == '_';
    text.match_indices('$').any(|(at, _)| {
        let rest = &text[at + 1..];
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.strip_prefix(name).is_some_and(|rest| !rest.starts_with(is_part))
    })
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
    use super::{has_word, is_expanded};

    #[test]
    fn expansions_are_whole() {
        for text in ["echo $SHA", "${SHA:-x}", "\"$SHA\"", "a$$SHA"] {
            assert!(is_expanded(text, "SHA"), "{text}");
        }
        for text in ["SHA=1", "$SHA1", "${SHA_1}", "$GIT_SHA", "$"] {
            assert!(!is_expanded(text, "SHA"), "{text}");
        }
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("echo $SHA", "SHA"));
        assert!(has_word("${SHA:-x}", "SHA"));
        assert!(!has_word("GIT_SHA=1 SHA1", "SHA"));
    }
}
