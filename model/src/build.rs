//! The stages of a Dockerfile and what holds at each of their instructions.

use std::borrow::Cow;
use std::sync::Arc;

use dockfix_syntax::view;
use dockfix_syntax::{Dockerfile, Instruction, Keyword, Stage as SyntaxStage, stages};

use crate::images::BaseImage;
use crate::state::{Shell, State, User};
use crate::variables::Variables;

/// What a Dockerfile means: its stages in order.
#[derive(Debug)]
pub struct Build<'a> {
    /// The file.
    pub file: &'a Dockerfile,
    /// The instructions above the first FROM.
    pub global: Vec<Instruction<'a>>,
    /// The stages.
    pub stages: Vec<Stage<'a>>,
}

/// A stage with the state at each instruction.
#[derive(Debug)]
pub struct Stage<'a> {
    /// Its place in the file, from 0.
    pub index: usize,
    /// The name after AS, in lower case.
    pub name: Option<String>,
    /// What it starts from.
    pub base: Base,
    /// The FROM.
    pub from: Instruction<'a>,
    /// The instructions after it.
    pub steps: Vec<Step<'a>>,
    /// What holds after the last instruction.
    pub end: Arc<State>,
}

/// What a stage starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// An earlier stage.
    Stage(usize),
    /// An image.
    Image(Arc<BaseImage>),
}

/// An instruction and what holds when it starts.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// The instruction.
    pub instruction: Instruction<'a>,
    /// What holds before it.
    pub state: Arc<State>,
}

impl<'a> Build<'a> {
    /// Reads the stages of `file`.
    #[must_use]
    pub fn of(file: &'a Dockerfile) -> Self {
        Self::read(file, None)
    }

    /// Reads the stages of a later state of the file of `before`. Where nothing is different, what holds is shared.
    #[must_use]
    pub fn following(before: &Build<'_>, file: &'a Dockerfile) -> Self {
        Self::read(file, Some(before))
    }

    fn read(file: &'a Dockerfile, before: Option<&Build<'_>>) -> Self {
        let (global, syntax_stages) = stages(file);
        let mut arguments = Variables::new(false);
        for instruction in &global {
            declare_arguments(&mut arguments, instruction, None);
        }
        // Under another escape character or with other arguments, the same text may mean something else.
        let mut before = before.filter(|before| {
            let texts = before.global.iter().map(Instruction::text);
            before.file.escape() == file.escape() && texts.eq(global.iter().map(Instruction::text))
        });
        let mut stages: Vec<Stage<'a>> = Vec::with_capacity(syntax_stages.len());
        for syntax in syntax_stages {
            // What a stage starts from follows from its FROM and those above it.
            let known = before.and_then(|before| before.stages.get(syntax.index));
            let known = known.filter(|known| known.from.text() == syntax.from.text());
            before = before.filter(|_| known.is_some());
            let base = known.map_or_else(|| base(&syntax, &stages, &arguments), |known| known.base.clone());
            let mut state = match (&base, known) {
                // BuildKit hands the environment on, and the arguments declared so far as well.
                (Base::Stage(index), _) => Arc::clone(&stages[*index].end),
                (Base::Image(_), Some(known)) => Arc::clone(known.start()),
                (Base::Image(image), None) => Arc::new(State::of_base(Arc::clone(image))),
            };
            let mut steps = Vec::with_capacity(syntax.instructions.len());
            for &instruction in &syntax.instructions {
                steps.push(Step { instruction, state: Arc::clone(&state) });
                match known.and_then(|known| known.after(&state, &instruction)) {
                    Some(after) => state = Arc::clone(after),
                    None => advance(&mut state, &instruction, &arguments),
                }
            }
            let (index, name) = (syntax.index, syntax.name());
            stages.push(Stage { index, name, base, from: syntax.from, steps, end: state });
        }
        Self { file, global, stages }
    }

    /// Takes it as known that stage `index` runs its commands as `user` from step `first` on, up to the next USER, and so the
    /// stages that start from it: for where the list of users in the base image is not known, and what the stage runs tells.
    pub fn runs_as(&mut self, index: usize, first: usize, user: &User) {
        // States are shared by steps; what was one stays one.
        let mut known: Vec<(Arc<State>, Arc<State>)> = Vec::new();
        let mut change = |state: &mut Arc<State>| {
            let found = known.iter().rev().find(|(before, _)| Arc::ptr_eq(before, state));
            let after = found.map_or_else(
                || Arc::new(State { user: user.clone(), ..State::clone(state) }),
                |(_, after)| Arc::clone(after),
            );
            let before = std::mem::replace(state, Arc::clone(&after));
            known.push((before, after));
        };
        let mut to_the_end = Vec::new();
        for stage in self.stages.iter_mut().skip(index) {
            let first = match stage.base {
                _ if stage.index == index => first,
                Base::Stage(parent) if to_the_end.contains(&parent) => 0,
                _ => continue,
            };
            let is_user = |step: &Step<'_>| step.instruction.keyword() == Keyword::User;
            let next = stage.steps.iter().skip(first).position(is_user);
            // USER itself is still read under what holds before it.
            let count = next.map_or(stage.steps.len(), |next| next + 1);
            stage.steps.iter_mut().skip(first).take(count).for_each(|step| change(&mut step.state));
            if next.is_none() {
                change(&mut stage.end);
                to_the_end.push(stage.index);
            }
        }
    }

    /// The stage that `name`, a value of `--from` or of FROM, refers to among those before `before`.
    #[must_use]
    pub fn stage_named(&self, name: &str, before: usize) -> Option<usize> {
        let stages = self.stages.get(..before).unwrap_or(&self.stages);
        find_stage(stages, name).or_else(|| name.parse().ok().filter(|&index: &usize| index < stages.len()))
    }

    /// The stages that start from stage `index`, directly or through others.
    #[must_use]
    pub fn descendants(&self, index: usize) -> Vec<usize> {
        let mut found = Vec::new();
        for stage in &self.stages {
            if let Base::Stage(parent) = stage.base
                && (parent == index || found.contains(&parent))
            {
                found.push(stage.index);
            }
        }
        found
    }

    /// The stages that stage `index` starts from, nearest first.
    #[must_use]
    pub fn ancestors(&self, index: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut at = index;
        while let Some(Base::Stage(parent)) = self.stages.get(at).map(|stage| &stage.base) {
            found.push(*parent);
            at = *parent;
        }
        found
    }

    /// The steps whose work step `index` of stage `stage` finds: those of the stages that it starts from, the furthest
    /// first, and those above it.
    pub fn steps_before(&self, stage: usize, index: usize) -> impl DoubleEndedIterator<Item = &Step<'a>> {
        let above = self.ancestors(stage).into_iter().rev().flat_map(|ancestor| &self.stages[ancestor].steps);
        let own = self.stages.get(stage).map_or(&[][..], |stage| &stage.steps);
        above.chain(&own[..index.min(own.len())])
    }

    /// The steps of stage `stage` from step `index` on, and those of the stages that start from it.
    pub fn steps_from(&self, stage: usize, index: usize) -> impl Iterator<Item = &Step<'a>> {
        let own = self.stages.get(stage).map_or(&[][..], |stage| &stage.steps);
        let below = self.descendants(stage).into_iter().flat_map(|below| &self.stages[below].steps);
        own.iter().skip(index).chain(below)
    }

    /// A stage whose image holds what stage `index` makes, if somebody may ask for such an image: the last one, which is
    /// built by default, or one that no other stage uses and that only `--target` can mean.
    #[must_use]
    pub fn image_of(&self, index: usize) -> Option<&Stage<'a>> {
        let last = self.stages.len().saturating_sub(1);
        let mut holders = self.descendants(index);
        holders.push(index);
        holders.sort_by_key(|&holder| holder != last);
        let holder = holders.into_iter().find(|&holder| holder == last || !self.is_used(holder))?;
        self.stages.get(holder)
    }

    /// Whether a later stage starts from stage `index`, copies from it or mounts it.
    fn is_used(&self, index: usize) -> bool {
        self.stages.iter().skip(index + 1).any(|stage| {
            let names = |name: &str| self.stage_named(name, stage.index) == Some(index);
            let uses = |instruction: &Instruction<'_>| {
                let copied = view::Copy::of(instruction).and_then(|copy| copy.from);
                let mounts = instruction.mounts();
                copied.is_some_and(|from| names(&from))
                    || mounts.iter().any(|mount| mount.from().is_some_and(names))
            };
            stage.base == Base::Stage(index) || stage.steps.iter().any(|step| uses(&step.instruction))
        })
    }
}

impl Stage<'_> {
    /// What holds before the first instruction.
    fn start(&self) -> &Arc<State> {
        self.steps.first().map_or(&self.end, |step| &step.state)
    }

    /// What holds after an instruction that says the same as the one that came upon the very same state here.
    fn after(&self, state: &Arc<State>, instruction: &Instruction<'_>) -> Option<&Arc<State>> {
        let keeps_line = match instruction.keyword() {
            Keyword::Arg | Keyword::Env => true,
            Keyword::Workdir | Keyword::User | Keyword::Shell => false,
            _ => return None,
        };
        // A state holds up to the one instruction that makes another of it.
        let last = self.steps.iter().rposition(|step| Arc::ptr_eq(&step.state, state))?;
        let other = &self.steps[last].instruction;
        let is_same = other.text() == instruction.text()
            && (!keeps_line || other.start_line() == instruction.start_line());
        is_same.then(|| self.steps.get(last + 1).map_or(&self.end, |next| &next.state))
    }
}

/// What a stage starts from that comes after `stages`.
fn base(syntax: &SyntaxStage<'_>, stages: &[Stage<'_>], arguments: &Variables) -> Base {
    let escape = syntax.from.file().escape();
    let from = syntax.base.as_ref();
    let image = from.and_then(|from| arguments.expand_defaults(&from.image.text, escape));
    if let Some(index) = image.as_deref().and_then(|image| find_stage(stages, image)) {
        return Base::Stage(index);
    }
    let image = image.filter(|image| !image.is_empty());
    Base::Image(Arc::new(image.map_or_else(BaseImage::unknown, |name| BaseImage::named(&name))))
}

/// A later stage of the same name hides an earlier one.
fn find_stage(stages: &[Stage<'_>], name: &str) -> Option<usize> {
    stages.iter().rposition(|stage| stage.name.as_deref() == Some(&name.to_lowercase()))
}

fn declare_arguments(variables: &mut Variables, instruction: &Instruction<'_>, global: Option<&Variables>) {
    let escape = instruction.file().escape();
    if instruction.keyword() != Keyword::Arg {
        return;
    }
    for assigned in view::assigned(instruction) {
        let name = &*assigned.name.text;
        let default = match &assigned.value {
            Some(value) => variables.expand_defaults(&value.text, escape).map(Cow::into_owned),
            // ARG without a value takes the default of a global argument of that name.
            None => global.and_then(|global| global.get(name)).and_then(|variable| variable.default.clone()),
        };
        variables.declare(name, default, instruction.start_line());
    }
}

/// Makes `state` what holds after `instruction`.
fn advance(state: &mut Arc<State>, instruction: &Instruction<'_>, global: &Variables) {
    let escape = instruction.file().escape();
    match instruction.keyword() {
        Keyword::Arg => {
            let variables = Arc::make_mut(&mut Arc::make_mut(state).variables);
            declare_arguments(variables, instruction, Some(global));
        }
        Keyword::Env => {
            // All values are expanded with what held before the instruction.
            let before = Arc::clone(&state.variables);
            let variables = Arc::make_mut(&mut Arc::make_mut(state).variables);
            for assigned in view::assigned(instruction) {
                let value = assigned.value.as_ref().and_then(|value| before.expand(&value.text, escape));
                let name = before.expand(&assigned.name.text, escape).map(|name| name.text);
                let name = name.as_deref().unwrap_or(&assigned.name.text);
                let value = value.map(|value| value.text.into_owned());
                variables.set_env(name, value, instruction.start_line());
            }
        }
        Keyword::Workdir => {
            let path = view::argument(instruction).and_then(|path| state.path(&path.text, escape));
            Arc::make_mut(state).workdir = path;
        }
        Keyword::User => {
            let user = view::argument(instruction);
            let user = user
                .as_ref()
                .and_then(|user| state.variables.expand(&user.text, escape))
                .filter(|user| !user.text.contains("${"))
                .map_or(User::Unknown, |user| state.base.user(&user.text));
            Arc::make_mut(state).user = user;
        }
        Keyword::Shell => {
            let shell = view::shell(instruction).map_or(Shell::Other, |words| shell_of(&words));
            Arc::make_mut(state).shell = shell;
        }
        _ => {}
    }
}

/// What kind of shell the words of SHELL name.
fn shell_of(words: &[String]) -> Shell {
    let Some((program, options)) = words.split_first() else { return Shell::Other };
    let name = program.rsplit('/').next().unwrap_or(program);
    match name {
        "sh" | "ash" | "dash" | "bash" if !takes_command(options) => Shell::Strange,
        "sh" | "ash" | "dash" => Shell::Posix,
        "bash" => Shell::Bash,
        _ => Shell::Other,
    }
}

/// Whether a shell with these options takes a command, and reads it as it would without them.
fn takes_command(options: &[String]) -> bool {
    let mut takes_command = false;
    let mut options = options.iter();
    while let Some(option) = options.next() {
        if option.starts_with("--") {
            if !LONG_OPTIONS.contains(&option.as_str()) {
                return false;
            }
            continue;
        }
        let Some(letters) = option.strip_prefix(['-', '+']).filter(|letters| !letters.is_empty()) else {
            return false;
        };
        for letter in letters.chars() {
            let is_known = match letter {
                'o' => options.next().is_some_and(|name| SET_OPTIONS.contains(&name.as_str())),
                'c' => option.starts_with('-'),
                _ => LETTERS.contains(letter),
            };
            if !is_known {
                return false;
            }
            takes_command |= letter == 'c';
        }
    }
    takes_command
}

/// Options of one letter that do not change how commands are read: those of dash(1) and of bash(1), "Options" and "set". Not
/// `-f` (noglob), `-k` (keyword), `-n` (noexec), `-r` (restricted) or `-t` (onecmd).
const LETTERS: &str = "abeghilmpuvxCEHT";

/// Their names, after `-o`; likewise without noexec, noglob, keyword, onecmd and posix.
const SET_OPTIONS: [&str; 15] = [
    "allexport",
    "errexit",
    "errtrace",
    "functrace",
    "hashall",
    "history",
    "ignoreeof",
    "monitor",
    "noclobber",
    "nolog",
    "notify",
    "nounset",
    "pipefail",
    "verbose",
    "xtrace",
];

/// Options of bash that tell which files it reads first.
const LONG_OPTIONS: [&str; 4] = ["--login", "--noprofile", "--norc", "--verbose"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::ImagePath;

    fn with_build(text: &str, check: impl FnOnce(&Build<'_>)) {
        let file = Dockerfile::parse(text.as_bytes());
        check(&Build::of(&file));
    }

    #[test]
    fn follows_workdir_user_and_env() {
        with_build(
            "FROM node:20 AS a\nENV D=/srv\nWORKDIR $D/app\nWORKDIR x\nUSER node\nRUN y\nFROM a\nRUN z\n",
            |build| {
                let last = build.stages[1].steps[0].state.as_ref();
                assert_eq!(last.workdir, ImagePath::absolute("/srv/app/x"));
                assert_eq!(last.home(), ImagePath::absolute("/home/node"));
                assert_eq!(build.stages[1].base, Base::Stage(0));
                assert_eq!(build.descendants(0), [1]);
                assert_eq!(build.ancestors(1), [0]);
            },
        );
    }

    #[test]
    fn later_states_are_read_alike() {
        let texts = [
            "ARG V=1\nFROM node:$V AS a\nENV A=b\nWORKDIR /x\nRUN y\nUSER node\nFROM a\nARG V\nRUN z\nENV B=$A\n",
            "ARG V=1\nFROM node:$V AS a\nENV A=b\nRUN y\nWORKDIR /x\nUSER node\nFROM a\nARG V\nRUN z\nENV B=$A\n",
            "ARG V=1\nFROM node:$V AS a\nENV A=c\nWORKDIR /x\nRUN y\nUSER node\nFROM a\nARG V\nRUN z\nENV B=$A\n",
            "ARG V=2\nFROM node:$V AS a\nENV A=b\nWORKDIR /x\nRUN y\nUSER node\nFROM a\nARG V\nRUN z\nENV B=$A\n",
            "# syntax=docker/dockerfile:1\nARG V=1\nFROM node:$V AS a\nENV A=b\nWORKDIR /x\nFROM a\nARG V\nENV B=$A\n",
            "ARG V=1\nFROM node:$V AS b\nENV A=b\nWORKDIR /x\nRUN y\nUSER node\nFROM a\nARG V\nRUN z\nENV B=$A\n",
            "# escape=`\nARG V=1\nFROM node:$V AS a\nENV A=\\b\nFROM a\nWORKDIR $A\n",
            "ARG V=1\nFROM node:$V AS a\nENV A=\\b\nFROM a\nWORKDIR $A\nWORKDIR $A\n",
            "FROM a\nWORKDIR x\nRUN y\nWORKDIR x\nFROM a AS b\nWORKDIR x\nFROM b\nWORKDIR x\nWORKDIR x\n",
        ];
        let files = texts.map(|text| Dockerfile::parse(text.as_bytes()));
        let said = |build: &Build<'_>| {
            let stages = build.stages.iter().map(|stage| {
                let states = stage.steps.iter().map(|step| &step.state).chain([&stage.end]);
                (stage.base.clone(), states.map(|state| format!("{state:?}")).collect::<Vec<_>>())
            });
            stages.collect::<Vec<_>>()
        };
        for before in &files {
            let before = Build::of(before);
            for after in &files {
                assert_eq!(said(&Build::following(&before, after)), said(&Build::of(after)));
            }
        }
    }

    #[test]
    fn stages_that_nobody_uses_are_images_too() {
        let text = "FROM a AS b\nFROM b AS t\nFROM a AS m\nFROM x\nCOPY --from=b /y /\nRUN --mount=from=2,target=/m z\n";
        with_build(text, |build| {
            let image_of = |index| build.image_of(index).map(|stage| stage.index);
            assert_eq!([0, 1, 2, 3].map(image_of), [Some(1), Some(1), None, Some(3)]);
        });
    }

    #[test]
    fn arguments_take_global_defaults() {
        with_build("ARG V=20\nARG D=/d\nFROM node:$V\nARG D\nWORKDIR $D\nRUN x\n", |build| {
            let state = build.stages[0].steps[2].state.as_ref();
            assert_eq!(state.base.name, "node:20");
            assert_eq!(state.workdir.as_ref().map(ImagePath::as_str), Some("${D@1}"));
        });
        with_build("FROM node\nARG D\nWORKDIR $D\nRUN x\n", |build| {
            assert_eq!(build.stages[0].steps[2].state.workdir, None);
        });
    }

    #[test]
    fn unknown_bases_leave_user_and_home_open() {
        with_build("FROM company/base\nRUN x\nUSER root\nRUN y\n", |build| {
            let steps = &build.stages[0].steps;
            assert_eq!(steps[0].state.user, User::Unknown);
            assert_eq!(steps[2].state.home(), ImagePath::absolute("/root"));
            assert_eq!(steps[2].state.workdir, None);
        });
    }

    #[test]
    fn only_posix_shells_are_read() {
        let shell = |text: &str| {
            let words: Vec<_> = text.split(' ').map(str::to_owned).collect();
            shell_of(&words)
        };
        assert_eq!(shell("/bin/bash -o pipefail -c"), Shell::Bash);
        assert_eq!(shell("/bin/sh -ec"), Shell::Posix);
        for options in [
            "-o errexit -c",
            "-o errexit -o pipefail -c",
            "-o errexit -o nounset -o nolog -o xtrace -c",
            "-eou pipefail -c",
            "-ceuxo pipefail",
            "--login -c",
            "-l -e +x -c",
        ] {
            assert_eq!(shell(&format!("/bin/bash {options}")), Shell::Bash, "{options}");
        }
        for options in
            ["-o errexit", "-o noglob -c", "-fc", "-o -c", "-O extglob -c", "-n -c", "-c -o", "x -c"]
        {
            assert_eq!(shell(&format!("/bin/bash {options}")), Shell::Strange, "{options}");
        }
        assert_eq!(shell("powershell -Command"), Shell::Other);
        assert_eq!(shell("/bin/bash -l"), Shell::Strange);
        assert_eq!(shell("conda run -n x /bin/bash -c"), Shell::Other);
        assert_eq!(shell("cmd /S /C"), Shell::Other);
        assert_eq!(shell("pwsh -Command"), Shell::Other);
        for image in [
            "mcr.microsoft.com/windows/servercore:ltsc2022",
            "mcr.microsoft.com/dotnet/sdk:8.0-nanoserver-ltsc2022",
            "golang:1.22-windowsservercore-ltsc2022",
        ] {
            with_build(&format!("FROM {image}\nRUN x\n"), |build| {
                assert_eq!(build.stages[0].steps[0].state.shell, Shell::Other, "{image}");
            });
        }
    }

    #[test]
    fn a_file_can_be_any_nonsense() {
        for text in
            ["", "FROM", "RUN x", "FROM a\nFROM a b\nENV\nWORKDIR\nUSER\nSHELL x\nARG", "FROM $X\nENV $Y=z\n"]
        {
            with_build(text, |build| assert!(build.stages.len() <= 2));
        }
    }
}
