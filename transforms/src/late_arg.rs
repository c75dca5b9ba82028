//! `late-arg`: a build argument is declared where it is first used.
//!
//! Under BuildKit the value of an ARG is part of the environment of every RUN below it, whether the RUN uses it or not.
//!
//! Code of packages that an install runs may read any variable. Past it goes what is plainly for something else: what its
//! name tells ([`names`]), or what an instruction of the file reads itself. Scripts of system packages are known well
//! enough: they read what their managers' effects say.

mod busting;
mod names;
mod place;
mod reads;

use dockfix_ecosystems::UsageKind;
use dockfix_model::PREDEFINED_ARGS;
use dockfix_model::build::{Stage, Step};
use dockfix_model::commands::{Action, Invocation};
use dockfix_syntax::view::Variables;
use dockfix_syntax::{Instruction, Keyword, variables};

use self::place::{Move, is_declaration};
use self::reads::has_word;
use crate::index::torn;
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
                    Found::Blocked(above, reason) => {
                        let names = Way::new(input, stage).shown(index);
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
    /// The RUN of this line may read it, though it does not name it; or it would pass that, but must not for this reason.
    Blocked(Option<usize>, Why),
    /// There is nothing to gain.
    Nothing,
}

/// Why an argument stays.
#[derive(PartialEq, Eq)]
enum Why {
    /// For this reason.
    Told(String),
    /// Its name or its comment says that it defeats the cache.
    IsBusting,
    /// Nothing names it, and this line fetches what is newest.
    MayBeBusting(usize),
}

/// Arguments of one group of declarations that stay for one reason.
struct Blocked {
    /// Their names, as a message shows them.
    names: Vec<String>,
    /// The step of the first one.
    index: usize,
    /// 1-based line of the RUN that they stay above, if that is the reason.
    above: Option<usize>,
    reason: Why,
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
        let is_one = names.len() == 1;
        let stay = match above {
            Some(line) if is_one => format!("stays above line {line}"),
            Some(line) => format!("stay above line {line}"),
            None if is_one => "stays where it is".to_owned(),
            None => "stay where they are".to_owned(),
        };
        let reason = match reason {
            Why::Told(reason) => reason.clone(),
            Why::IsBusting if is_one => "it seems to be there to rerun what follows".to_owned(),
            Why::IsBusting => "they seem to be there to rerun what follows".to_owned(),
            Why::MayBeBusting(line) => {
                let (them, they) = if is_one { ("it", "it") } else { ("them", "they") };
                format!("nothing below names {them}, so {they} may be there to rerun line {line}")
            }
        };
        format!("{} {stay}: {reason}", listed(names, "and"))
    }
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

    /// The names that a message shows. `ARG A=b # why` declares the words of the comment too.
    fn shown(&self, index: usize) -> Vec<String> {
        let names = self.declared(index);
        names.into_iter().take_while(|name| !name.starts_with('#')).collect()
    }

    fn down_from(mut self, index: usize) -> Found {
        self.index = index;
        self.names = self.declared(index);
        self.sources = self.read_by(index);
        let is_fixed = |name: &String| is_special(name) || self.is_of_base(name) || self.reruns_base(name);
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
        let Some(&last_run) = passed.last() else {
            return match maybe {
                Some((line, reason)) => Found::Blocked(Some(line), Why::Told(reason)),
                None => Found::Nothing,
            };
        };
        // A `chmod` saved is not worth a change.
        if passed.iter().all(|&run| self.takes_no_time(run)) {
            return Found::Nothing;
        }
        let is_used = reader.is_some() || !self.carriers.is_empty();
        if !is_used && busting::is_meant(&self.stage.steps[index], &self.names) {
            return Found::Blocked(None, Why::IsBusting);
        }
        let is_plain = || self.names.iter().all(|name| names::is_plain(name));
        if !is_used
            && !is_plain()
            && let Some(&run) = passed.iter().find(|&&run| self.takes_the_newest(run))
        {
            let line = self.stage.steps[run].instruction.start_line();
            return Found::Blocked(None, Why::MayBeBusting(line));
        }
        if let Some(torn) = torn(self.input.reading, self.stage, index, (last_run + 1, 0)) {
            return Found::Blocked(None, Why::Told(torn.reason()));
        }
        // What carries the value on and stands below the last RUN stays: the argument goes above it.
        let at = self.carriers.iter().copied().find(|&carrier| carrier > last_run).or(reader);
        let names = self.shown(index);
        let above = self.carriers.into_iter().filter(|&carrier| carrier < last_run);
        Found::Place(Move { names, steps: [index].into_iter().chain(above).collect(), at, passed })
    }

    /// Whether a RUN does nothing but what is done in no time.
    fn takes_no_time(&self, run: usize) -> bool {
        const QUICK: [&str; 22] = [
            ":", "[", "addgroup", "adduser", "cat", "cd", "chmod", "echo", "export", "groupadd", "id", "ln",
            "ls", "mkdir", "printf", "pwd", "rmdir", "set", "test", "touch", "true", "useradd",
        ];
        let is_quick = |command: &Invocation<'_>| QUICK.contains(&&*command.program);
        self.input.reading.run(&self.stage.steps[run]).is_ok_and(|analysis| {
            analysis.chain.links.iter().all(|link| match &link.action {
                Action::Pipeline(commands) => commands.iter().all(is_quick),
                Action::Nested(_) | Action::Opaque(_) => false,
            })
        })
    }

    /// Whether a RUN installs packages by name, in the versions that are there when it runs.
    fn takes_the_newest(&self, run: usize) -> bool {
        let analysis = self.input.reading.run(&self.stage.steps[run]);
        let mut managed = analysis.iter().flat_map(|analysis| analysis.managed());
        managed.any(|managed| managed.usage.kind == UsageKind::Packages)
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

    /// Whether another value reruns a stage that this one starts from: then all of this one runs again, wherever the argument
    /// stands in it.
    fn reruns_base(&self, name: &str) -> bool {
        let build = &self.input.reading.build;
        build.ancestors(self.stage.index).into_iter().any(|ancestor| {
            let mut steps = build.stages[ancestor].steps.iter();
            let declares = |step: &Step<'_>| {
                let instruction = &step.instruction;
                instruction.keyword() == Keyword::Arg
                    && Variables::of(instruction)
                        .is_some_and(|view| view.assigned.iter().any(|assigned| assigned.name.text == name))
            };
            steps.any(declares) && steps.any(|step| step.instruction.keyword() == Keyword::Run)
        })
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
}

/// Whether an argument means something to BuildKit itself.
fn is_special(name: &str) -> bool {
    names::PLATFORM_ARGS.contains(&name) || PREDEFINED_ARGS.contains(&name)
}
