//! A command line of dotnet.

use dockfix_model::commands::{Argument, Invocation};

use crate::Refusal;
use crate::options::{Grammar, Short, Value, Words};

/// A command line of dotnet.
pub(super) struct Line<'c> {
    pub(super) verb: Verb,
    /// The words after the verb; `None` where one of them is not known.
    pub(super) words: Option<Words<'c>>,
    /// `-p:NAME=VALUE` and its other spellings.
    pub(super) properties: Vec<Property<'c>>,
    /// A word that is not known, as it was written.
    unclear: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// `restore`
    Restore,
    /// `build`, `publish`, `pack`, `test`, `run`: restores first.
    Build,
    /// `clean`, `msbuild`, `watch`, `vstest`: reads the project.
    Other,
    /// `nuget locals all --clear`
    ClearCaches,
    /// `tool install`, `--info`: no project, but its configuration.
    Tool,
}

/// A property of the command line.
pub(super) struct Property<'c> {
    pub(super) name: String,
    /// `None` where it is only known in the build.
    pub(super) value: Option<String>,
    /// The words that it stands in, perhaps with others.
    pub(super) words: &'c [Argument<'c>],
}

impl<'c> Line<'c> {
    pub(super) fn read(command: &'c Invocation<'c>) -> Option<Self> {
        if command.program != "dotnet" {
            return None;
        }
        let mut values = command.arguments.iter().map(|argument| argument.value.as_deref());
        let (verb, first) = match values.next()?? {
            "restore" => (Verb::Restore, 1),
            "build" | "publish" | "pack" | "test" | "run" => (Verb::Build, 1),
            "clean" | "msbuild" | "watch" | "vstest" => (Verb::Other, 1),
            "nuget" if values.next()?? == "locals" => {
                let clears = command.has("--clear") || command.has("-c");
                return clears.then(|| Self::plain(Verb::ClearCaches, None));
            }
            "tool" => match values.next()?? {
                "install" | "update" => (Verb::Tool, 2),
                _ => return None,
            },
            "workload" if matches!(values.next()??, "install" | "update") => (Verb::Tool, 2),
            "help" | "--info" | "--version" | "--list-sdks" | "--list-runtimes" => (Verb::Tool, 1),
            "dev-certs" => return Some(Self::plain(Verb::Tool, None)),
            _ => return None,
        };
        let grammar = if verb == Verb::Tool { &TOOL_GRAMMAR } else { &GRAMMAR };
        let mut line = Self::plain(verb, Words::read(command, first, grammar));
        if line.words.is_none() && verb == Verb::Tool {
            return None;
        }
        line.read_properties();
        Some(line)
    }

    fn plain(verb: Verb, words: Option<Words<'c>>) -> Self {
        Self { verb, words, properties: Vec::new(), unclear: None }
    }

    /// Takes MSBuild's switches with a slash out of the operands, and properties out of all options.
    fn read_properties(&mut self) {
        let Some(words) = &mut self.words else { return };
        let operands = std::mem::take(&mut words.operands);
        for option in words.options.iter().filter(|option| PROPERTIES.contains(&option.name)) {
            let is_known = matches!(option.value, Value::Known(_));
            if !add_properties(option.value.beginning(), is_known, option.words, &mut self.properties) {
                self.unclear = Some(option.value.beginning().to_owned());
            }
        }
        for operand in operands {
            let text = operand.beginning();
            match Slash::of(&text) {
                Slash::Properties(text) => {
                    let words = std::slice::from_ref(operand.argument);
                    if !add_properties(text, operand.value.is_some(), words, &mut self.properties) {
                        self.unclear = Some(text.to_owned());
                    }
                }
                Slash::Harmless => {}
                Slash::Unclear => self.unclear = Some(text.into_owned()),
                Slash::None => {
                    if operand.value.is_none_or(|value| value.starts_with('@')) {
                        self.unclear = Some(String::from_utf8_lossy(operand.argument.text).into_owned());
                    }
                    words.operands.push(operand);
                }
            }
        }
    }

    /// Whether all of its words are known that choose what it reads.
    pub(super) fn is_clear(&self) -> bool {
        self.check().is_ok()
    }

    /// # Errors
    ///
    /// When a word is not known that may choose what the command reads.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        if self.words.is_none() || self.unclear.is_some() || self.operands().count() > 1 {
            return Err(self.unclear());
        }
        Ok(())
    }

    pub(super) fn unclear(&self) -> Refusal {
        match self.unclear.as_ref().filter(|word| !word.is_empty()) {
            Some(word) if word.contains('$') => {
                Refusal::new(format!("the argument {word} of dotnet is only known in the build"))
            }
            Some(word) => Refusal::new(format!("what dotnet reads with the argument {word} is not known")),
            None => Refusal::new("an argument of dotnet is not known"),
        }
    }

    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.words.as_ref().is_some_and(|words| words.has(names))
    }

    /// The value of an option, where it is known.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.words.as_ref()?.value(&[name])?.known()
    }

    /// The project, solution or directory that is named.
    pub(super) fn project(&self) -> Option<&'c str> {
        let named = self.operands().next();
        named.or_else(|| match self.words.as_ref()?.value(&["--project"])? {
            Value::Known(path) => Some(path),
            _ => None,
        })
    }

    /// The value of `--self-contained` that stands in a word of its own.
    pub(super) fn self_contained(&self) -> Option<&'c str> {
        let operands = self.words.as_ref()?.operands.iter();
        operands.filter_map(|operand| operand.value).find(|value| is_truth(value))
    }

    fn operands(&self) -> impl Iterator<Item = &'c str> {
        let contained = self.has(&["--self-contained", "--sc"]);
        let operands = self.words.iter().flat_map(|words| words.operands.iter());
        operands.filter_map(|operand| operand.value).filter(move |value| !(contained && is_truth(value)))
    }
}

fn is_truth(value: &str) -> bool {
    matches!(value, "true" | "false")
}

/// Adds `NAME=VALUE;NAME=VALUE`, of which the end may be missing; false where a name is not known.
fn add_properties<'c>(
    text: &str,
    is_whole: bool,
    words: &'c [Argument<'c>],
    properties: &mut Vec<Property<'c>>,
) -> bool {
    let mut parts = text.split(';').peekable();
    while let Some(part) = parts.next() {
        let is_known = is_whole || parts.peek().is_some();
        match part.split_once('=') {
            Some((name, value)) => {
                let value = is_known.then(|| value.to_owned());
                properties.push(Property { name: name.trim().to_owned(), value, words });
            }
            None if is_known => {}
            None => return false,
        }
    }
    true
}

/// A switch of MSBuild with a slash. Other words with a slash in front are absolute paths.
enum Slash<'t> {
    None,
    /// `/p:NAME=VALUE`: what follows the colon.
    Properties(&'t str),
    Harmless,
    Unclear,
}

impl<'t> Slash<'t> {
    fn of(text: &'t str) -> Self {
        let Some(switch) = text.strip_prefix('/') else { return Self::None };
        let (name, rest) = switch.split_once(':').unwrap_or((switch, ""));
        match name.to_ascii_lowercase().as_str() {
            "p" | "property" => Self::Properties(rest),
            "m"
            | "maxcpucount"
            | "v"
            | "verbosity"
            | "nologo"
            | "nowarn"
            | "warnaserror"
            | "clp"
            | "bl"
            | "nr"
            | "nodereuse"
            | "consoleloggerparameters"
            | "tl" => Self::Harmless,
            "t" | "target" | "r" | "restore" => Self::Unclear,
            _ => Self::None,
        }
    }
}

const PROPERTIES: [&str; 3] = ["-p", "--property", "-property"];

/// Microsoft Learn: "dotnet restore", "dotnet build", "dotnet publish", "dotnet test", "dotnet run", "MSBuild command-line
/// reference".
const GRAMMAR: Grammar = Grammar {
    valued: &[
        "-p --property -property -s --source --packages --configfile -r --runtime -a --arch --os",
        "-v --verbosity -c --configuration -f --framework -o --output --version-suffix --manifest --project",
        "-l --logger --filter --settings --results-directory --launch-profile --collect -d --diag",
        "--test-adapter-path --blame-hang-timeout",
    ],
    switches: &[
        "--no-restore --no-build --no-dependencies --no-cache --no-http-cache --disable-parallel",
        "--ignore-failed-sources --force --force-evaluate --use-lock-file --locked-mode --interactive",
        "--no-incremental --nologo --self-contained --sc --no-self-contained --use-current-runtime --ucr",
        "--disable-build-servers -nologo -m -maxcpucount -nowarn -warnaserror -bl -tl --tl -clp -nr -nodereuse",
        "--include-symbols --include-source --serviceable --no-launch-profile --blame --list-tests",
    ],
    short: Short::Colon,
    ends_at_operand: false,
    table: None,
};

/// Microsoft Learn: "dotnet tool install", "dotnet workload install".
const TOOL_GRAMMAR: Grammar = Grammar {
    valued: &[
        "--version --tool-path --add-source --source -s --configfile --framework -v --verbosity -a --arch",
        "--temp-dir",
    ],
    switches: &[
        "-g --global --no-cache --no-http-cache --disable-parallel --ignore-failed-sources --interactive",
        "--prerelease --include-previews --skip-manifest-update --allow-downgrade --skip-sign-check",
    ],
    short: Short::Colon,
    ends_at_operand: false,
    table: None,
};
