//! Variables, directory, user and shell with their values, as BuildKit has them when it makes a step.

use dockfix_syntax::view::{self, Variables};
use dockfix_syntax::{Instruction, Keyword, expand};

use super::{Options, Target};
use crate::images::{BaseImage, Os};
use crate::pattern::clean;

/// What holds at an instruction, for the values of build arguments that the build was given.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// ARG and ENV, the later one of a name standing for both, in the order in which they were set last: this order is
    /// part of RUN's environment and of its key. A declared argument without a value is not among them.
    pub(super) variables: Vec<(String, String)>,
    /// What ENV set, in the order in which it was set first: the image's configuration.
    configuration: Vec<(String, String)>,
    /// The working directory in its shortest form.
    pub(super) workdir: String,
    /// The same as RUN has it: an absolute path stays as it is written.
    pub(super) directory: String,
    pub(super) user: String,
    /// The words that go before a command in shell form.
    pub(super) shell: Vec<String>,
}

/// What BuildKit sets for an image without PATH (`system.DefaultPathEnv`). It stands for whatever the image sets.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Stands for the variables of the image that are not known; no instruction can set such a name.
const OTHERS: &str = "=";

impl Scope {
    /// What holds above the first FROM: the arguments about the platform (Dockerfile reference, "Automatic platform
    /// ARGs in the global scope").
    pub(super) fn global(options: &Options) -> Self {
        let platform = options.platform.as_deref().unwrap_or("linux/amd64");
        let mut parts = platform.splitn(3, '/');
        let (os, arch, variant) =
            (parts.next().unwrap_or("linux"), parts.next().unwrap_or("amd64"), parts.next().unwrap_or(""));
        let mut scope = Self::default();
        for side in ["TARGET", "BUILD"] {
            for (name, value) in [("PLATFORM", platform), ("OS", os), ("ARCH", arch), ("VARIANT", variant)] {
                scope.set(&format!("{side}{name}"), value.to_owned());
            }
        }
        let stage = match &options.target {
            Target::Stage(name) => name,
            Target::Last | Target::All => "default",
        };
        scope.set("TARGETSTAGE", stage.to_owned());
        scope
    }

    /// What holds after FROM an image.
    pub(super) fn of_image(image: &BaseImage) -> Self {
        let shell: &[&str] =
            if image.os() == Os::Windows { &["cmd", "/S", "/C"] } else { &["/bin/sh", "-c"] };
        let shell = shell.iter().map(|word| (*word).to_owned()).collect();
        let mut scope = Self { workdir: "/".to_owned(), directory: "/".to_owned(), shell, ..Self::default() };
        // Every image sets PATH, and most set more: their order counts, even where the values are not known.
        scope.set_env("PATH", DEFAULT_PATH.to_owned());
        if !image.is_scratch() {
            scope.set_env(OTHERS, image.name.clone());
        }
        if let Some(facts) = image.facts {
            facts.workdir.clone_into(&mut scope.workdir);
            facts.workdir.clone_into(&mut scope.directory);
            if facts.user != "root" {
                facts.user.clone_into(&mut scope.user);
            }
            for (name, value) in facts.env {
                scope.set_env(name, (*value).to_owned());
            }
        }
        scope
    }

    /// What holds after FROM a stage that ends like this: what its ENVs set is set again, and so wins over its ARGs.
    pub(super) fn inherited(&self) -> Self {
        let mut scope = self.clone();
        scope.directory.clone_from(&scope.workdir);
        for (name, value) in &self.configuration {
            scope.set(name, value.clone());
        }
        scope
    }

    /// The value of a variable that is set.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    fn set(&mut self, name: &str, value: String) {
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.to_owned(), value));
    }

    fn set_env(&mut self, name: &str, value: String) {
        match self.configuration.iter_mut().find(|(other, _)| other == name) {
            Some((_, known)) => known.clone_from(&value),
            None => self.configuration.push((name.to_owned(), value.clone())),
        }
        self.set(name, value);
    }

    /// Replaces the variables in a word. A word that BuildKit cannot read stays as it is: the build fails on it.
    pub(super) fn expand(&self, word: &str, escape: u8) -> String {
        let value_of = |name: &str| self.get(name).map(|value| value.as_bytes().to_vec());
        match expand(word.as_bytes(), escape, &value_of) {
            Ok(done) => String::from_utf8_lossy(&done.text).into_owned(),
            Err(_) => word.to_owned(),
        }
    }

    /// Declares global arguments.
    pub(super) fn declare_global(&mut self, instruction: &Instruction<'_>, options: &Options) {
        if instruction.keyword() == Keyword::Arg {
            self.declare(instruction, options, &Self::default());
        }
    }

    fn declare(&mut self, instruction: &Instruction<'_>, options: &Options, global: &Self) {
        let escape = instruction.file().escape();
        for assigned in Variables::of(instruction).map_or_else(Vec::new, |view| view.assigned) {
            let name = self.expand(&assigned.name.text, escape);
            let value = match (options.arguments.get(&name), &assigned.value) {
                (Some(given), _) => Some(given.clone()),
                (None, Some(default)) => Some(self.expand(&default.text, escape)),
                (None, None) => global.get(&name).map(str::to_owned),
            };
            // Without a value, an ENV of that name goes on holding.
            if let Some(value) = value {
                self.set(&name, value);
            }
        }
    }

    /// Takes an instruction that makes no step, or WORKDIR, into account.
    pub(super) fn advance(&mut self, instruction: &Instruction<'_>, options: &Options, global: &Self) {
        let escape = instruction.file().escape();
        match instruction.keyword() {
            Keyword::Arg => self.declare(instruction, options, global),
            Keyword::Env => {
                // All values are expanded with what held before the instruction.
                let assigned = Variables::of(instruction).map_or_else(Vec::new, |view| view.assigned);
                let values: Vec<_> = assigned
                    .iter()
                    .map(|assigned| {
                        let value = assigned.value.as_ref().map_or("", |value| &value.text);
                        (self.expand(&assigned.name.text, escape), self.expand(value, escape))
                    })
                    .collect();
                for (name, value) in values {
                    self.set_env(&name, value);
                }
            }
            Keyword::Workdir => {
                let path =
                    view::argument(instruction).map_or_else(String::new, |path| path.text.into_owned());
                let path = self.expand(&path, escape);
                self.directory = match path.starts_with('/') {
                    true => path.clone(),
                    false => clean(&format!("{}/{path}", self.directory)),
                };
                self.workdir = clean(&self.below_workdir(&path));
            }
            Keyword::User => {
                let user =
                    view::argument(instruction).map_or_else(String::new, |user| user.text.into_owned());
                self.user = self.expand(&user, escape);
            }
            Keyword::Shell => {
                if let Some(shell) = view::shell(instruction) {
                    self.shell = shell;
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
        let cleaned = clean(&self.below_workdir(path));
        if is_directory && cleaned != "/" { cleaned + "/" } else { cleaned }
    }
}
