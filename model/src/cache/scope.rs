//! Variables, directory, user and shell with their values, as BuildKit has them when it makes a step.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::LazyLock;

use dockfix_syntax::view;
use dockfix_syntax::{Instruction, Keyword, expand, expands_to_itself};

use super::definition::{Environment, Variable};
use super::reads::{ArgumentNames, Reads};
use super::{Options, Target};
use crate::images::{BaseImage, Os};
use crate::pattern::clean;

/// What holds at an instruction, for the values of build arguments that the build was given.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// ARG and ENV.
    pub(super) environment: Environment,
    /// What ENV set, in the order in which it was set first: the image's configuration.
    configuration: Vec<Variable>,
    /// Declared arguments without a value.
    unset: Vec<(String, Reads)>,
    /// The working directory in its shortest form.
    pub(super) workdir: String,
    /// The same as RUN has it: an absolute path stays as it is written.
    pub(super) directory: String,
    /// The build arguments that decide about the working directory.
    pub(super) workdir_reads: Reads,
    pub(super) user: Expanded,
    /// The words that go before a command in shell form.
    pub(super) shell: Vec<Cow<'static, str>>,
}

/// A text in which the variables were replaced.
#[derive(Clone, Debug, Default)]
pub(super) struct Expanded {
    pub(super) text: String,
    /// The build arguments that decide about the text.
    pub(super) reads: Reads,
}

impl From<String> for Expanded {
    fn from(text: String) -> Self {
        Self { text, reads: Reads::default() }
    }
}

/// The arguments that a build is given, and the names of all that its Dockerfile declares.
#[derive(Clone, Copy)]
pub(super) struct Given<'o> {
    pub(super) options: &'o Options,
    pub(super) names: &'o ArgumentNames,
}

/// What BuildKit sets for an image without PATH (`system.DefaultPathEnv`). It stands for whatever the image sets.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Stands for the variables of the image that are not known; no instruction can set such a name.
const OTHERS: &str = "=";

impl Scope {
    /// What holds above the first FROM: the arguments about the platform (Dockerfile reference, "Automatic platform
    /// ARGs in the global scope").
    pub(super) fn global(options: &Options) -> Self {
        static BY_DEFAULT: LazyLock<Scope> = LazyLock::new(|| Scope::of_platform("linux/amd64", "default"));
        let stage = match &options.target {
            Target::Stage(name) => name,
            Target::Last | Target::All => "default",
        };
        match options.platform.as_deref() {
            None if stage == "default" => BY_DEFAULT.clone(),
            platform => Self::of_platform(platform.unwrap_or("linux/amd64"), stage),
        }
    }

    fn of_platform(platform: &str, stage: &str) -> Self {
        let mut parts = platform.splitn(3, '/');
        let (os, arch, variant) =
            (parts.next().unwrap_or("linux"), parts.next().unwrap_or("amd64"), parts.next().unwrap_or(""));
        let mut scope = Self::default();
        for side in ["TARGET", "BUILD"] {
            for (name, value) in [("PLATFORM", platform), ("OS", os), ("ARCH", arch), ("VARIANT", variant)] {
                scope.set(&format!("{side}{name}"), value.to_owned().into());
            }
        }
        scope.set("TARGETSTAGE", stage.to_owned().into());
        scope
    }

    /// What holds after FROM an image.
    pub(super) fn of_image(image: &BaseImage) -> Self {
        let shell: &[&str] =
            if image.os() == Os::Windows { &["cmd", "/S", "/C"] } else { &["/bin/sh", "-c"] };
        let shell = shell.iter().copied().map(Cow::Borrowed).collect();
        let mut scope = Self { workdir: "/".to_owned(), directory: "/".to_owned(), shell, ..Self::default() };
        // Every image sets PATH, and most set more: their order counts, even where the values are not known.
        scope.set_env("PATH", DEFAULT_PATH.to_owned().into());
        if !image.is_scratch() {
            scope.set_env(OTHERS, image.name.clone().into());
        }
        if let Some(facts) = image.facts {
            facts.workdir.clone_into(&mut scope.workdir);
            facts.workdir.clone_into(&mut scope.directory);
            if facts.user != "root" {
                facts.user.clone_into(&mut scope.user.text);
            }
            for (name, value) in facts.env {
                scope.set_env(name, (*value).to_owned().into());
            }
        }
        scope
    }

    /// What holds after FROM a stage that ends like this: what its ENVs set is set again, and so wins over its ARGs.
    pub(super) fn inherited(&self) -> Self {
        let mut scope = self.clone();
        scope.directory.clone_from(&scope.workdir);
        for variable in &self.configuration {
            scope.set_variable(variable.clone());
        }
        scope
    }

    /// A variable that is set.
    pub(super) fn get(&self, name: &str) -> Option<&Variable> {
        self.environment.get(name)
    }

    fn set_variable(&mut self, variable: Variable) {
        self.unset.retain(|(other, _)| **other != *variable.name);
        self.environment.set(variable);
    }

    fn set(&mut self, name: &str, value: Expanded) {
        let Expanded { text, reads } = value;
        self.set_variable(Variable { name: name.into(), value: text.into(), reads });
    }

    fn set_env(&mut self, name: &str, value: Expanded) {
        let variable = Variable { name: name.into(), value: value.text.into(), reads: value.reads };
        match self.configuration.iter_mut().find(|known| *known.name == *name) {
            Some(known) => known.clone_from(&variable),
            None => self.configuration.push(variable.clone()),
        }
        self.set_variable(variable);
    }

    /// The build arguments that decide about the environment of RUN.
    pub(super) fn environment_reads(&self) -> Reads {
        let unset = self.unset.iter().fold(Reads::default(), |all, (_, reads)| all.and(*reads));
        self.environment.reads().and(unset)
    }

    /// Replaces the variables in a word. A word that BuildKit cannot read stays as it is: the build fails on it.
    pub(super) fn expand(&self, word: &str, escape: u8) -> Expanded {
        if expands_to_itself(word.as_bytes(), escape) {
            return word.to_owned().into();
        }
        let reads = Cell::new(Reads::default());
        let value_of = |name: &str| {
            let variable = self.get(name);
            reads.set(reads.get().and(self.reads_of(name)));
            variable.map(|variable| variable.value.as_bytes().to_vec())
        };
        match expand(word.as_bytes(), escape, &value_of) {
            Ok(done) => {
                let text = String::from_utf8(done.text)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
                let reads = reads.into_inner();
                // What `${x:-y}` and its kin make of another value is not looked into.
                let reads = if has_modifier(word) { reads.doubtful() } else { reads };
                Expanded { text, reads }
            }
            Err(_) => Expanded { text: word.to_owned(), reads: reads.into_inner().doubtful() },
        }
    }

    /// The build arguments that decide about a variable.
    pub(super) fn reads_of(&self, name: &str) -> Reads {
        if let Some(variable) = self.get(name) {
            return variable.reads;
        }
        let unset = self.unset.iter().find(|(other, _)| other == name);
        unset.map_or_else(Reads::default, |(_, reads)| *reads)
    }

    /// Declares global arguments.
    pub(super) fn declare_global(&mut self, instruction: &Instruction<'_>, given: Given<'_>) {
        if instruction.keyword() == Keyword::Arg {
            self.declare(instruction, given, &Self::default());
        }
    }

    fn declare(&mut self, instruction: &Instruction<'_>, given: Given<'_>, global: &Self) {
        let escape = instruction.file().escape();
        for assigned in view::assigned(instruction) {
            let name = self.expand(&assigned.name.text, escape).text;
            let own = given.names.reads(&name).unwrap_or_default();
            let value = match (given.options.arguments.get(&name), &assigned.value) {
                (Some(given), _) => Some(given.clone().into()),
                (None, Some(default)) => Some(self.expand(&default.text, escape)),
                (None, None) => global
                    .get(&name)
                    .map(|variable| Expanded { text: (*variable.value).to_owned(), reads: variable.reads }),
            };
            match value {
                Some(Expanded { text, reads }) => self.set(&name, Expanded { text, reads: reads.and(own) }),
                // Without a value, an ENV of that name goes on holding.
                None if self.get(&name).is_some() => self.environment.add_reads(&name, own),
                None => self.unset.push((name, own)),
            }
        }
    }

    /// Takes an instruction that makes no step, or WORKDIR, into account.
    pub(super) fn advance(&mut self, instruction: &Instruction<'_>, given: Given<'_>, global: &Self) {
        let escape = instruction.file().escape();
        match instruction.keyword() {
            Keyword::Arg => self.declare(instruction, given, global),
            Keyword::Env => {
                // All values are expanded with what held before the instruction.
                let values: Vec<_> = view::assigned(instruction)
                    .map(|assigned| {
                        let value = assigned.value.as_ref().map_or("", |value| &value.text);
                        let (name, value) =
                            (self.expand(&assigned.name.text, escape), self.expand(value, escape));
                        let reads = value.reads.and(name.reads.doubtful());
                        (name.text, Expanded { reads, ..value })
                    })
                    .collect();
                for (name, value) in values {
                    self.set_env(&name, value);
                }
            }
            Keyword::Workdir => {
                let path =
                    view::argument(instruction).map_or_else(String::new, |path| path.text.into_owned());
                let Expanded { text: path, reads } = self.expand(&path, escape);
                let is_absolute = path.starts_with('/');
                self.directory = if is_absolute {
                    path.clone()
                } else {
                    clean(&format!("{}/{path}", self.directory)).into_owned()
                };
                let reads = reads.in_path(&path);
                self.workdir_reads = if is_absolute { reads } else { self.workdir_reads.and(reads) };
                self.workdir = clean(&self.below_workdir(&path)).into_owned();
            }
            Keyword::User => {
                let user =
                    view::argument(instruction).map_or_else(String::new, |user| user.text.into_owned());
                self.user = self.expand(&user, escape);
            }
            Keyword::Shell => {
                if let Some(shell) = view::shell(instruction) {
                    self.shell = shell.into_iter().map(Cow::Owned).collect();
                }
            }
            _ => {}
        }
    }

    /// An absolute path, or one below the working directory.
    pub(super) fn below_workdir(&self, path: &str) -> String {
        if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.workdir) }
    }

    /// The destination of COPY: absolute, a slash at its end kept, because it says that the destination is a directory.
    pub(super) fn destination(&self, path: &str) -> String {
        let is_directory = path.ends_with('/') || matches!(path, "" | ".");
        let path = self.below_workdir(path);
        let cleaned = clean(&path);
        if is_directory && cleaned != "/" { format!("{cleaned}/") } else { cleaned.into_owned() }
    }
}

/// Whether there is more between the braces of a `${x}` than a name.
fn has_modifier(word: &str) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    word.split("${").skip(1).any(|rest| rest.bytes().find(|byte| !is_name(byte)) != Some(b'}'))
}
