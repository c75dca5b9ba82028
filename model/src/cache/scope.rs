//! Variables, directory, user and shell with their values, as BuildKit has them when it makes a step.

use std::collections::BTreeMap;

use dockfix_syntax::view::{self, Variables};
use dockfix_syntax::{Instruction, Keyword, expand};

use super::{Options, Target};
use crate::images::ImageFacts;
use crate::pattern::clean;

/// What holds at an instruction, for the values of build arguments that the build was given.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// ARG and ENV, the later one of a name standing for both. A declared argument without a value is not among them.
    pub(super) variables: BTreeMap<String, Value>,
    pub(super) workdir: String,
    pub(super) user: String,
    /// The words of SHELL; empty for the default.
    pub(super) shell: Vec<String>,
}

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) text: String,
    /// It was set by ARG.
    pub(super) is_argument: bool,
}

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
                scope.set(&format!("{side}{name}"), value.to_owned(), true);
            }
        }
        let stage = match &options.target {
            Target::Stage(name) => name,
            Target::Last | Target::All => "default",
        };
        scope.set("TARGETSTAGE", stage.to_owned(), true);
        scope
    }

    /// What holds after FROM an image.
    pub(super) fn of_image(facts: Option<&ImageFacts>) -> Self {
        let mut scope = Self { workdir: "/".to_owned(), ..Self::default() };
        if let Some(facts) = facts {
            facts.workdir.clone_into(&mut scope.workdir);
            if facts.user != "root" {
                facts.user.clone_into(&mut scope.user);
            }
            for (name, value) in facts.env {
                scope.set(name, (*value).to_owned(), false);
            }
        }
        scope
    }

    fn set(&mut self, name: &str, text: String, is_argument: bool) {
        self.variables.insert(name.to_owned(), Value { text, is_argument });
    }

    /// Replaces the variables in a word. A word that BuildKit cannot read stays as it is: the build fails on it.
    pub(super) fn expand(&self, word: &str, escape: u8) -> String {
        let value_of = |name: &str| self.variables.get(name).map(|value| value.text.clone().into_bytes());
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
                (None, None) => global.variables.get(&name).map(|value| value.text.clone()),
            };
            // Without a value, an ENV of that name goes on holding.
            if let Some(value) = value {
                self.set(&name, value, true);
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
                    self.set(&name, value, false);
                }
            }
            Keyword::Workdir => {
                let path =
                    view::argument(instruction).map_or_else(String::new, |path| path.text.into_owned());
                let path = self.expand(&path, escape);
                self.workdir = clean(&self.below_workdir(&path));
            }
            Keyword::User => {
                let user =
                    view::argument(instruction).map_or_else(String::new, |user| user.text.into_owned());
                self.user = self.expand(&user, escape);
            }
            Keyword::Shell => self.shell = view::shell(instruction).unwrap_or_default(),
            _ => {}
        }
    }

    fn below_workdir(&self, path: &str) -> String {
        if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.workdir) }
    }

    /// The destination of COPY: absolute, a slash at its end kept, because it says that the destination is a directory.
    pub(super) fn destination(&self, path: &str) -> String {
        let is_directory = path.ends_with('/') || matches!(path, "" | ".");
        let cleaned = clean(&self.below_workdir(path));
        if is_directory && cleaned != "/" { cleaned + "/" } else { cleaned }
    }
}
