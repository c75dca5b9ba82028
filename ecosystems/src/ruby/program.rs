//! What a Ruby program among the manifests reads, statement by statement.

use dockfix_model::ImagePath;
use dockfix_model::project::Found;

use super::gemfile::Gemfile;
use super::tokens::{Kind, Token};
use crate::Refusal;

/// What kind of program a file is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Role {
    Gemfile,
    Gemspec,
    /// Required by one of them.
    Code,
}

/// From where relative names are seen, which is not where the file lies that has them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Surroundings {
    /// The working directory, from which Ruby opens files: bundler's own, and a gemspec's directory while that is evaluated
    /// (rubygems/rubygems, `Bundler.eval_gemspec`).
    pub(super) working: ImagePath,
    /// The directory of the Gemfile that is evaluated, from which the paths of gems are seen (`Bundler::Dsl#path`); `None`
    /// in what a gemspec loads, which names no gems.
    pub(super) gems: Option<ImagePath>,
    /// Whether `__FILE__` is where the file lies. Bundler evaluates a Gemfile under the name that `eval_gemfile` got, though
    /// that be seen from another directory than the working one.
    pub(super) is_located: bool,
}

/// A program that is read.
pub(super) struct Program<'g, 'p> {
    gemfile: &'g mut Gemfile<'p>,
    path: &'g ImagePath,
    directory: ImagePath,
    surroundings: Surroundings,
    shown: String,
    role: Role,
    /// Variables that hold paths, as texts: what a relative one is seen from depends on who takes it.
    known: Vec<(String, String)>,
}

/// Constants whose methods read files.
const READERS: [&str; 8] = ["File", "IO", "YAML", "JSON", "Psych", "Pathname", "CSV", "Marshal"];

/// What a `Pathname` may be asked for that does not lead to another file.
const ASKED: [&str; 8] =
    ["read", "binread", "readlines", "each_line", "exist?", "file?", "readable?", "basename"];

/// Methods of [`READERS`] that read no file: they make paths or parse text.
const PURE: [&str; 14] = [
    "join",
    "expand_path",
    "dirname",
    "basename",
    "extname",
    "absolute_path",
    "load",
    "safe_load",
    "parse",
    "dump",
    "generate",
    "fnmatch",
    "split",
    "SEPARATOR",
];

impl<'g, 'p> Program<'g, 'p> {
    pub(super) fn new(
        gemfile: &'g mut Gemfile<'p>,
        path: &'g ImagePath,
        role: Role,
        surroundings: Surroundings,
    ) -> Self {
        let directory = path.parent().unwrap_or_else(ImagePath::root);
        let shown = gemfile.shown(path);
        Self { gemfile, path, directory, surroundings, shown, role, known: Vec::new() }
    }

    fn refuse(&self, token: &Token<'_>, what: &str) -> Refusal {
        Refusal::new(format!("{}:{} {what}, so its inputs are not known", self.shown, token.line))
    }

    pub(super) fn statement(&mut self, tokens: &[Token<'_>]) -> Result<(), Refusal> {
        self.gems(tokens)?;
        for (at, token) in tokens.iter().enumerate() {
            let rest = tokens.get(at + 1..).unwrap_or_default();
            let is_method = at > 0 && matches!(tokens[at - 1].kind, Kind::Mark('.'));
            match &token.kind {
                Kind::Command(command) => self.command(token, command, tokens)?,
                Kind::Word(name) => self.word(token, name, rest, is_method, tokens)?,
                // `$:`, as the tokens have it.
                Kind::Key("") => self.add_to_load_path(rest),
                _ => {}
            }
        }
        // `file = File.expand_path("x", __dir__)`
        if let [Token { kind: Kind::Word(name), .. }, Token { kind: Kind::Mark('='), .. }, rest @ ..] = tokens
            && let Some((path, _)) = self.path_of(rest, 0)
        {
            self.known.push(((*name).to_owned(), path));
        }
        Ok(())
    }

    /// The calls of a Gemfile that name gems and their sources. They may stand in a block or behind a condition; an option
    /// such as `path:` counts in whatever makes it, for it may be handed on.
    fn gems(&mut self, tokens: &[Token<'_>]) -> Result<(), Refusal> {
        let Some(base) = self.surroundings.gems.clone() else {
            return if self.role == Role::Gemspec { self.executables(tokens) } else { Ok(()) };
        };
        for (token, value) in Self::values(tokens, "path") {
            self.gems_in(token, value, &base)?;
        }
        let is_text = |token: Option<&Token<'_>>| match token.map(|token| &token.kind) {
            Some(Kind::Text(text)) => is_local(text),
            _ => false,
        };
        for (token, value) in Self::values(tokens, "git") {
            if is_text(value.first()) {
                return Err(self.refuse(token, "takes a gem from a git repository on disk"));
            }
        }
        if self.role != Role::Gemfile {
            return Ok(());
        }
        for (at, token) in tokens.iter().enumerate() {
            let Kind::Word(word) = token.kind else { continue };
            let rest = &tokens[at + 1..];
            let is_method = at > 0 && tokens[at - 1].kind == Kind::Mark('.');
            let is_call = match rest.first().map(|next| &next.kind) {
                Some(Kind::Mark('(') | Kind::Text(_) | Kind::Mixed) => true,
                Some(Kind::Mark('=')) => false,
                _ => at == 0,
            };
            match word {
                _ if is_method => {}
                "plugin" if is_call && !rest.is_empty() => {
                    return Err(Refusal::new(format!(
                        "{}:{} installs a plugin of bundler, which may do anything",
                        self.shown, token.line
                    )));
                }
                "gemspec" if Self::values(rest, "path").next().is_none() => {
                    self.gemfile.path_gem(&base, &format!("{}:{}", self.shown, token.line))?;
                }
                "path" if is_call => self.gems_in(token, rest, &base)?,
                "ruby" if is_call => {
                    for (token, value) in Self::values(rest, "file") {
                        let Some((file, _)) = self.path_of(value, 0) else {
                            return Err(self.refuse(token, "works out a file"));
                        };
                        // Older bundlers look beside the first Gemfile, newer ones beside the one that says so.
                        let first = self.gemfile.root().join(&file);
                        self.gemfile.add_if_there(&first);
                        self.gemfile.add_if_there(&base.join(&file));
                    }
                }
                "git" if is_call && is_text(rest.iter().find(|next| next.kind != Kind::Mark('('))) => {
                    return Err(self.refuse(token, "takes gems from a git repository on disk"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The gems in a directory that `value` stands for.
    fn gems_in(&mut self, token: &Token<'_>, value: &[Token<'_>], base: &ImagePath) -> Result<(), Refusal> {
        match self.path_of(value, 0) {
            Some((path, _)) => {
                self.gemfile.path_gem(&base.join(&path), &format!("{}:{}", self.shown, token.line))
            }
            None => {
                let refusal = self.refuse(token, "works out a path");
                self.gemfile.worked_out.get_or_insert(refusal);
                Ok(())
            }
        }
    }

    /// Where `name: value` or `:name => value` stands, each time with the tokens from the value on.
    fn values<'s, 't>(
        tokens: &'s [Token<'t>],
        name: &str,
    ) -> impl Iterator<Item = (&'s Token<'t>, &'s [Token<'t>])> {
        tokens.iter().enumerate().filter_map(move |(at, token)| match token.kind {
            Kind::Key(key) if key == name => Some((token, tokens.get(at + 1..)?)),
            Kind::Symbol(key) if key == name => {
                let arrow = tokens.get(at + 1..at + 3)?;
                let is_arrow = arrow[0].kind == Kind::Mark('=') && arrow[1].kind == Kind::Mark('>');
                Some((token, tokens.get(at + 3..).filter(|_| is_arrow)?))
            }
            _ => None,
        })
    }

    /// `s.executables = ["x"]`: an executable that is there when the gem is installed gets a launcher
    /// (rubygems/rubygems, `Gem::Installer#generate_bin`).
    fn executables(&mut self, tokens: &[Token<'_>]) -> Result<(), Refusal> {
        let [Token { kind: Kind::Word(_), .. }, Token { kind: Kind::Mark('.'), .. }, method, value @ ..] =
            tokens
        else {
            return Ok(());
        };
        let Kind::Word(name) = method.kind else { return Ok(()) };
        if name == "extensions" {
            return Err(self.refuse(method, "builds an extension"));
        }
        if !matches!(name, "executables" | "executable" | "default_executable") {
            return Ok(());
        }
        for token in value {
            match &token.kind {
                Kind::Text(executable) => {
                    for directory in ["bin", "exe"] {
                        let path = self.directory.join(directory).join(executable);
                        self.gemfile.add_if_there(&path);
                    }
                }
                Kind::Mark('=' | '[' | ']' | ',' | '<') => {}
                _ => return Err(self.refuse(method, "looks for its executables")),
            }
        }
        Ok(())
    }

    fn command(&self, token: &Token<'_>, command: &str, tokens: &[Token<'_>]) -> Result<(), Refusal> {
        // Which files a gem packages does not matter where it is used from its directory.
        let lists = command.trim_start().starts_with("git ls-files");
        let decides = tokens.iter().any(|token| matches!(token.kind, Kind::Word("version" | "executables")));
        if self.role == Role::Gemspec && lists && !decides {
            return Ok(());
        }
        let command = command.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        Err(self.refuse(token, &format!("runs `{command}`")))
    }

    fn word(
        &mut self,
        token: &Token<'_>,
        name: &str,
        rest: &[Token<'_>],
        is_method: bool,
        tokens: &[Token<'_>],
    ) -> Result<(), Refusal> {
        let is_call = matches!(
            rest.first().map(|next| &next.kind),
            Some(Kind::Mark('(') | Kind::Text(_) | Kind::Mixed | Kind::Word(_))
        );
        match name {
            "eval_gemfile" | "require_relative" if !is_method => {
                let named = self.path_of(rest, 0).map(|(path, _)| path);
                let named = named.ok_or_else(|| self.refuse(token, &format!("calls {name}")))?;
                self.loaded(token, name, &named)
            }
            "require" if !is_method && is_call => self.require(token, rest),
            "load" | "eval" | "exec" | "system" | "spawn" | "fork" | "autoload" if !is_method && is_call => {
                Err(self.refuse(token, &format!("calls {name}")))
            }
            "instance_eval" | "class_eval" | "binding" | "popen" | "capture2" | "capture3" => {
                Err(self.refuse(token, &format!("calls {name}")))
            }
            "load_gemspec" => Err(self.refuse(token, "calls load_gemspec")),
            "Specification"
                if matches!(
                    rest,
                    [Token { kind: Kind::Mark('.'), .. }, Token { kind: Kind::Word("load"), .. }, ..]
                ) =>
            {
                Err(self.refuse(token, "loads a gemspec"))
            }
            // `Kernel#open`, and what other parsers than those of `READERS` have.
            "open" | "readlines" if !is_method && is_call => self.opened(token, name, rest),
            "load_file" | "read_file" if is_method && !self.is_of_reader(tokens, rest) => {
                self.opened(token, name, rest)
            }
            "Open3" | "FileUtils" | "Kernel" | "Find" | "Process" | "Net" => {
                Err(self.refuse(token, &format!("uses {name}")))
            }
            "LOAD_PATH" => {
                self.add_to_load_path(rest);
                Ok(())
            }
            "ENV" if !is_method => self.environment(token, rest),
            "Dir" if !is_method => self.directory_listing(token, rest, tokens),
            name if READERS.contains(&name) && !is_method => self.reading(token, name, rest),
            _ => Ok(()),
        }
    }

    /// Whether the method before `rest` is called on one of [`READERS`].
    fn is_of_reader(&self, tokens: &[Token<'_>], rest: &[Token<'_>]) -> bool {
        let receiver = (tokens.len() - rest.len()).checked_sub(3).and_then(|at| tokens.get(at));
        matches!(receiver.map(|token| &token.kind), Some(Kind::Word(name)) if READERS.contains(name))
    }

    /// `eval_gemfile` and `require_relative`, which look beside the file that has them.
    fn loaded(&mut self, token: &Token<'_>, name: &str, named: &str) -> Result<(), Refusal> {
        let is_relative = ImagePath::absolute(named).is_none();
        if name == "eval_gemfile" {
            let path = self.directory.join(named);
            let surroundings = Surroundings {
                working: self.surroundings.working.clone(),
                gems: path.parent(),
                is_located: !is_relative || self.directory == self.surroundings.working,
            };
            return self.code(token, &path, Role::Gemfile, surroundings);
        }
        if is_relative && !self.surroundings.is_located {
            return Err(self.refuse(token, "calls require_relative"));
        }
        self.code_at(token, &self.directory.join(named))
    }

    /// A program that is required, with or without its `.rb`.
    fn code_at(&mut self, token: &Token<'_>, path: &ImagePath) -> Result<(), Refusal> {
        let path = match path.as_str() {
            named if named.ends_with(".rb") => path.clone(),
            named => ImagePath::root().join(&format!("{named}.rb")),
        };
        let surroundings = Surroundings { is_located: true, ..self.surroundings.clone() };
        self.code(token, &path, Role::Code, surroundings)
    }

    fn code(
        &mut self,
        token: &Token<'_>,
        path: &ImagePath,
        role: Role,
        surroundings: Surroundings,
    ) -> Result<(), Refusal> {
        match self.gemfile.project.find_at(path) {
            Found::File(_) => self.gemfile.file(path, role, surroundings),
            _ => {
                let shown = self.gemfile.shown(path);
                let (file, line) = (&self.shown, token.line);
                Err(Refusal::new(format!("{file}:{line} loads {shown}, which is not in the build context")))
            }
        }
    }

    /// `require "x/version"` finds the gem's own file where `lib` is on the load path.
    fn require(&mut self, token: &Token<'_>, rest: &[Token<'_>]) -> Result<(), Refusal> {
        let argument = rest.iter().find(|token| token.kind != Kind::Mark('('));
        let Some(Kind::Text(feature)) = argument.map(|token| &token.kind) else {
            return match self.path_of(rest, 0) {
                Some((path, _)) if ImagePath::absolute(&path).is_some() => {
                    self.code_at(token, &self.directory.join(&path))
                }
                _ => Err(self.refuse(token, "calls require")),
            };
        };
        if is_local(feature) {
            return Err(self.refuse(token, &format!("requires {feature}")));
        }
        let mut directories = self.gemfile.load_path.clone();
        for directory in [&self.directory, &self.surroundings.working] {
            directories.extend([directory.join("lib"), directory.clone()]);
        }
        // Which of them comes first depends on what is run before.
        for directory in directories {
            let path = directory.join(&format!("{}.rb", feature.trim_end_matches(".rb")));
            if matches!(self.gemfile.project.find_at(&path), Found::File(_)) {
                self.code_at(token, &path)?;
            }
        }
        Ok(())
    }

    /// `$LOAD_PATH.unshift DIRECTORY`, and what else puts one there.
    fn add_to_load_path(&mut self, rest: &[Token<'_>]) {
        let directory = match rest {
            [
                Token { kind: Kind::Mark('.'), .. },
                Token { kind: Kind::Word("unshift" | "push" | "prepend" | "append"), .. },
                directory @ ..,
            ]
            | [Token { kind: Kind::Mark('<'), .. }, Token { kind: Kind::Mark('<'), .. }, directory @ ..] => {
                directory
            }
            _ => return,
        };
        if let Some((directory, _)) = self.path_of(directory, 0) {
            let directory = self.opens(&directory);
            self.gemfile.load_path.push(directory);
        }
    }

    fn environment(&mut self, token: &Token<'_>, rest: &[Token<'_>]) -> Result<(), Refusal> {
        let name = match rest {
            [Token { kind: Kind::Mark('['), .. }, name, ..] => name,
            [
                Token { kind: Kind::Mark('.'), .. },
                Token { kind: Kind::Word("fetch" | "key?" | "has_key?" | "include?"), .. },
                Token { kind: Kind::Mark('('), .. },
                name,
                ..,
            ] => name,
            [Token { kind: Kind::Mark('.'), .. }, Token { kind: Kind::Word("fetch"), .. }, name, ..] => name,
            _ => return Err(self.refuse(token, "reads the environment")),
        };
        match &name.kind {
            Kind::Text(name) => {
                self.gemfile.variables.insert(name.clone());
                Ok(())
            }
            _ => Err(self.refuse(token, "reads the environment")),
        }
    }

    fn directory_listing(
        &self,
        token: &Token<'_>,
        rest: &[Token<'_>],
        tokens: &[Token<'_>],
    ) -> Result<(), Refusal> {
        let decides = |token: &Token<'_>| {
            matches!(
                token.kind,
                Kind::Word("version" | "executables" | "add_dependency" | "add_runtime_dependency")
            )
        };
        // Behind a `Dir.chdir` names are seen from elsewhere.
        let leaves = match rest {
            [
                Token { kind: Kind::Mark('.'), .. },
                Token { kind: Kind::Word("chdir"), .. },
                directory @ ..,
            ] => self.path_of(directory, 0).is_none_or(|(path, _)| self.opens(&path) != self.directory),
            _ => false,
        };
        if self.role == Role::Gemspec && !leaves && !tokens.iter().any(decides) {
            return Ok(());
        }
        let pattern = rest.iter().take(4).find_map(|token| match &token.kind {
            Kind::Text(text) => Some(text.as_str()),
            _ => None,
        });
        Err(self.refuse(
            token,
            &format!("reads Dir[{}]", pattern.map_or("...".to_owned(), |text| format!("{text:?}"))),
        ))
    }

    /// A call of a method that may read a file.
    fn reading(&mut self, token: &Token<'_>, name: &str, rest: &[Token<'_>]) -> Result<(), Refusal> {
        let (method, arguments) = match rest {
            [
                Token { kind: Kind::Mark('.' | ':'), .. },
                Token { kind: Kind::Word(method), .. },
                arguments @ ..,
            ] => (*method, arguments),
            [Token { kind: Kind::Mark('('), .. }, ..] if name == "Pathname" => ("new", rest),
            // The constant itself: `File::SEPARATOR`, an argument.
            _ => return Ok(()),
        };
        if PURE.contains(&method) && name != "Pathname" {
            return Ok(());
        }
        // From a `Pathname` others are made.
        let is_asked = || {
            let (_, length) = self.path_of(arguments, 0)?;
            let [
                Token { kind: Kind::Mark(')'), .. },
                Token { kind: Kind::Mark('.'), .. },
                Token { kind: Kind::Word(asked), .. },
                ..,
            ] = arguments.get(length..)?
            else {
                return None;
            };
            ASKED.contains(asked).then_some(())
        };
        if name == "Pathname" && is_asked().is_none() {
            return Err(self.refuse(token, &format!("reads a file by {name}.{method}")));
        }
        self.opened(token, &format!("{name}.{method}"), arguments)
    }

    /// A call that opens the file that its first argument names.
    fn opened(&mut self, token: &Token<'_>, call: &str, arguments: &[Token<'_>]) -> Result<(), Refusal> {
        let Some((path, _)) = self.path_of(arguments, 0) else {
            return Err(self.refuse(token, &format!("reads a file by {call}")));
        };
        let path = self.opens(&path);
        if matches!(self.gemfile.project.find_at(&path), Found::Directory) && path != self.directory {
            return Err(self.refuse(token, &format!("looks at the directory {}", path.name())));
        }
        self.gemfile.add_if_there(&path);
        Ok(())
    }

    /// The file that is opened by a name.
    fn opens(&self, name: &str) -> ImagePath {
        self.surroundings.working.join(name)
    }

    /// The text that an expression stands for, where it may be a path, and how many tokens it takes. A relative one is left
    /// so: `require_relative` looks beside its file, `path:` beside the Gemfile, and what opens files in the working directory.
    fn path_of(&self, tokens: &[Token<'_>], depth: usize) -> Option<(String, usize)> {
        if depth > 8 {
            return None;
        }
        let (path, length) = match tokens {
            [Token { kind: Kind::Mark('('), .. }, rest @ ..] => {
                let (path, length) = self.path_of(rest, depth + 1)?;
                // The parentheses of a call close behind further arguments, which do not name files.
                (path, length + 1)
            }
            [Token { kind: Kind::Text(text), .. }, ..] => (text.clone(), 1),
            [Token { kind: Kind::Word("__dir__" | "__FILE__"), .. }, ..] if !self.surroundings.is_located => {
                return None;
            }
            [Token { kind: Kind::Word("__dir__"), .. }, ..] => (self.directory.to_string(), 1),
            [Token { kind: Kind::Word("__FILE__"), .. }, ..] => (self.path.to_string(), 1),
            [
                Token { kind: Kind::Word("File"), .. },
                Token { kind: Kind::Mark('.' | ':'), .. },
                Token { kind: Kind::Word(method), .. },
                rest @ ..,
            ] => {
                let (path, length) = self.made_path(method, rest, depth + 1)?;
                (path, length + 3)
            }
            [Token { kind: Kind::Word(name), .. }, ..] => {
                let (_, path) = self.known.iter().rev().find(|(known, _)| known == name)?;
                (path.clone(), 1)
            }
            _ => return None,
        };
        match tokens.get(length).map(|token| &token.kind) {
            // `a + b`, `a / b`, `a % b`, "a" "b": not worked out.
            Some(Kind::Mark('+' | '/' | '%' | '[') | Kind::Text(_) | Kind::Mixed) => None,
            _ => Some((path, length)),
        }
    }

    /// The result of `File.join`, `File.expand_path`, `File.dirname`.
    fn made_path(&self, method: &str, tokens: &[Token<'_>], depth: usize) -> Option<(String, usize)> {
        let [Token { kind: Kind::Mark('('), .. }, rest @ ..] = tokens else { return None };
        let mut arguments: Vec<String> = Vec::new();
        let mut at = 0;
        loop {
            let (path, length) = self.path_of(rest.get(at..)?, depth)?;
            arguments.push(path);
            at += length;
            match rest.get(at)?.kind {
                Kind::Mark(',') => at += 1,
                Kind::Mark(')') => break,
                _ => return None,
            }
        }
        let path = match (method, &arguments[..]) {
            ("dirname", [path]) => match (ImagePath::absolute(path), path.rsplit_once('/')) {
                (Some(path), _) => path.parent()?.to_string(),
                (None, Some((directory, _))) => directory.to_owned(),
                (None, None) => ".".to_owned(),
            },
            ("expand_path" | "absolute_path" | "realpath", [path, ..]) if path.starts_with('~') => {
                return None;
            }
            ("expand_path" | "absolute_path" | "realpath", [path]) => self.opens(path).to_string(),
            ("expand_path" | "absolute_path", [path, base]) => self.opens(base).join(path).to_string(),
            ("join", [first, rest @ ..]) => rest.iter().fold(first.clone(), |path, name| {
                format!("{}/{}", path.trim_end_matches('/'), name.trim_start_matches('/'))
            }),
            _ => return None,
        };
        Some((path, at + 2))
    }
}

/// Whether a name is one of a file rather than of something in the network or on a load path.
fn is_local(name: &str) -> bool {
    name.starts_with(['.', '/', '~']) || name.starts_with("file:")
}
