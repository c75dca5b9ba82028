//! What a Ruby program among the manifests reads, statement by statement.

use dockfix_model::ImagePath;
use dockfix_model::project::Found;

use super::gemfile::Gemfile;
use super::tokens::{Kind, Token};
use crate::Refusal;

/// What kind of program a file is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Gemfile,
    Gemspec,
    /// Required by one of them.
    Code,
}

/// A program that is read.
pub(super) struct Program<'g, 'p> {
    gemfile: &'g mut Gemfile<'p>,
    path: &'g ImagePath,
    directory: ImagePath,
    shown: String,
    role: Role,
    /// Variables that hold paths.
    known: Vec<(String, ImagePath)>,
}

/// Constants whose methods read files.
const READERS: [&str; 8] = ["File", "IO", "YAML", "JSON", "Psych", "Pathname", "CSV", "Marshal"];

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
    pub(super) fn new(gemfile: &'g mut Gemfile<'p>, path: &'g ImagePath, shown: String, role: Role) -> Self {
        let directory = path.parent().unwrap_or_else(ImagePath::root);
        Self { gemfile, path, directory, shown, role, known: Vec::new() }
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

    /// `gem`, `gemspec`, `path`, `ruby` and `plugin` at the start of a statement.
    fn gems(&mut self, tokens: &[Token<'_>]) -> Result<(), Refusal> {
        let Some(first) = tokens.first() else { return Ok(()) };
        let (Kind::Word(word), Role::Gemfile) = (&first.kind, self.role) else {
            return if self.role == Role::Gemspec { self.executables(tokens) } else { Ok(()) };
        };
        let at = format!("{}:{}", self.shown, first.line);
        match *word {
            "plugin" if tokens.len() > 1 => {
                return Err(Refusal::new(format!(
                    "{at} installs a plugin of bundler, which may do anything"
                )));
            }
            "gemspec" => {
                let directory = self.option(tokens, "path")?.unwrap_or_else(|| self.directory.clone());
                self.gemfile.path_gem(&directory, &at)?;
            }
            "path" => {
                if let Some((directory, _)) = self.path_of(&tokens[1..], 0) {
                    self.gemfile.path_gem(&directory, &at)?;
                } else {
                    return Err(self.refuse(first, "takes gems from a directory"));
                }
            }
            "gem" => {
                if let Some(directory) = self.option(tokens, "path")? {
                    self.gemfile.path_gem(&directory, &at)?;
                }
                if self.text_option(tokens, "git").is_some_and(|git| is_local(&git)) {
                    return Err(self.refuse(first, "takes a gem from a git repository on disk"));
                }
            }
            "ruby" => {
                if let Some(file) = self.option(tokens, "file")? {
                    self.gemfile.add_if_there(&file);
                }
            }
            "git" => {
                if let Some(Token { kind: Kind::Text(git), .. }) = tokens.get(1)
                    && is_local(git)
                {
                    return Err(self.refuse(first, "takes gems from a git repository on disk"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The tokens of the value of `name: value` or `:name => value`.
    fn value<'s, 't>(tokens: &'s [Token<'t>], name: &str) -> Option<&'s [Token<'t>]> {
        tokens.iter().enumerate().find_map(|(at, token)| match token.kind {
            Kind::Key(key) if key == name => tokens.get(at + 1..),
            Kind::Symbol(key) if key == name => {
                let arrow = tokens.get(at + 1..at + 3)?;
                let is_arrow = arrow[0].kind == Kind::Mark('=') && arrow[1].kind == Kind::Mark('>');
                tokens.get(at + 3..).filter(|_| is_arrow)
            }
            _ => None,
        })
    }

    fn option(&self, tokens: &[Token<'_>], name: &str) -> Result<Option<ImagePath>, Refusal> {
        let Some(value) = Self::value(tokens, name) else { return Ok(None) };
        match (self.path_of(value, 0), tokens.first()) {
            (Some((path, _)), _) => Ok(Some(path)),
            (None, Some(first)) => Err(self.refuse(first, &format!("works out a {name}"))),
            (None, None) => Ok(None),
        }
    }

    fn text_option(&self, tokens: &[Token<'_>], name: &str) -> Option<String> {
        match &Self::value(tokens, name)?.first()?.kind {
            Kind::Text(text) => Some(text.clone()),
            _ => None,
        }
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
                let path = self.path_of(rest, 0).map(|(path, _)| path);
                let path = path.ok_or_else(|| self.refuse(token, &format!("calls {name}")))?;
                let path = match name {
                    "require_relative" if !path.as_str().ends_with(".rb") => {
                        ImagePath::root().join(&format!("{path}.rb"))
                    }
                    _ => path,
                };
                let role = if name == "eval_gemfile" { Role::Gemfile } else { Role::Code };
                self.code(token, &path, role)
            }
            "require" if !is_method && is_call => self.require(token, rest),
            "load" | "eval" | "exec" | "system" | "spawn" | "fork" | "autoload" if !is_method && is_call => {
                Err(self.refuse(token, &format!("calls {name}")))
            }
            "instance_eval" | "class_eval" | "binding" | "popen" | "capture2" | "capture3" => {
                Err(self.refuse(token, &format!("calls {name}")))
            }
            "Open3" | "FileUtils" | "Kernel" | "Find" | "Process" | "Net" => {
                Err(self.refuse(token, &format!("uses {name}")))
            }
            "ENV" if !is_method => self.environment(token, rest),
            "Dir" if !is_method => self.directory_listing(token, rest, tokens),
            name if READERS.contains(&name) && !is_method => self.reading(token, name, rest),
            _ => Ok(()),
        }
    }

    fn code(&mut self, token: &Token<'_>, path: &ImagePath, role: Role) -> Result<(), Refusal> {
        match self.gemfile.project.find_at(path) {
            Found::File(_) => self.gemfile.file(path, role),
            _ => {
                let shown = self.gemfile.shown(path);
                let (file, line) = (&self.shown, token.line);
                Err(Refusal::new(format!("{file}:{line} loads {shown}, which is not in the build context")))
            }
        }
    }

    /// `require "x/version"` finds the gem's own file where `lib` is on the load path.
    fn require(&mut self, token: &Token<'_>, rest: &[Token<'_>]) -> Result<(), Refusal> {
        let text = rest.iter().find_map(|token| match &token.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        });
        let Some(feature) = text else {
            return match self.path_of(rest, 0) {
                Some((path, _)) => {
                    self.code(token, &ImagePath::root().join(&format!("{path}.rb")), Role::Code)
                }
                None => Err(self.refuse(token, "calls require")),
            };
        };
        if let Some((path, _)) =
            self.path_of(rest, 0).filter(|(path, _)| !path.as_str().ends_with(feature.as_str()))
        {
            return self.code(token, &ImagePath::root().join(&format!("{path}.rb")), Role::Code);
        }
        if is_local(feature) {
            return Err(self.refuse(token, &format!("requires {feature}")));
        }
        let feature = feature.trim_end_matches(".rb");
        for directory in ["lib", ""] {
            let path = self.directory.join(directory).join(&format!("{feature}.rb"));
            if matches!(self.gemfile.project.find_at(&path), Found::File(_)) {
                return self.code(token, &path, Role::Code);
            }
        }
        Ok(())
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
        if self.role == Role::Gemspec && !tokens.iter().any(decides) {
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
        let Some((path, _)) = self.path_of(arguments, 0) else {
            return Err(self.refuse(token, &format!("reads a file by {name}.{method}")));
        };
        if matches!(self.gemfile.project.find_at(&path), Found::Directory) && path != self.directory {
            return Err(self.refuse(token, &format!("looks at the directory {}", path.name())));
        }
        self.gemfile.add_if_there(&path);
        Ok(())
    }

    /// The path that an expression stands for, and how many tokens it takes. Relative names are seen from the file's own
    /// directory, which bundler and rubygems work in.
    fn path_of(&self, tokens: &[Token<'_>], depth: usize) -> Option<(ImagePath, usize)> {
        if depth > 8 {
            return None;
        }
        let (path, length) = match tokens {
            [Token { kind: Kind::Mark('('), .. }, rest @ ..] => {
                let (path, length) = self.path_of(rest, depth + 1)?;
                // The parentheses of a call close behind further arguments, which do not name files.
                (path, length + 1)
            }
            [Token { kind: Kind::Text(text), .. }, ..] => (self.directory.join(text), 1),
            [Token { kind: Kind::Word("__dir__"), .. }, ..] => (self.directory.clone(), 1),
            [Token { kind: Kind::Word("__FILE__"), .. }, ..] => (self.path.clone(), 1),
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
    fn made_path(&self, method: &str, tokens: &[Token<'_>], depth: usize) -> Option<(ImagePath, usize)> {
        let [Token { kind: Kind::Mark('('), .. }, rest @ ..] = tokens else { return None };
        let mut arguments: Vec<(Option<&str>, ImagePath)> = Vec::new();
        let mut at = 0;
        loop {
            let text = match &rest.get(at)?.kind {
                Kind::Text(text) => Some(text.as_str()),
                _ => None,
            };
            let (path, length) = self.path_of(rest.get(at..)?, depth)?;
            arguments.push((text, path));
            at += length;
            match rest.get(at)?.kind {
                Kind::Mark(',') => at += 1,
                Kind::Mark(')') => break,
                _ => return None,
            }
        }
        let path = match (method, &arguments[..]) {
            ("dirname", [(_, path)]) => path.parent()?,
            ("expand_path" | "absolute_path" | "realpath", [(_, path)]) => path.clone(),
            ("expand_path" | "absolute_path", [(Some(text), _), (_, base)]) => base.join(text),
            ("join", [(_, first), rest @ ..]) => {
                let mut path = first.clone();
                for (text, _) in rest {
                    path = path.join(text.as_ref()?.trim_start_matches('/'));
                }
                path
            }
            _ => return None,
        };
        Some((path, at + 2))
    }
}

/// Whether a name is one of a file rather than of something in the network or on a load path.
fn is_local(name: &str) -> bool {
    name.starts_with(['.', '/', '~']) || name.starts_with("file:")
}
