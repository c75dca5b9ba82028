//! What an Elixir file among the manifests reads when it is loaded.
//!
//! A mix.exs defines functions that mix calls: `project` and what that calls count, functions that only a release or a
//! test calls do not. Whose functions are called by another file counts as a whole.

use std::collections::HashMap;

use dockfix_model::ImagePath;

use super::tokens::{Kind, Token};

/// What a file does that matters.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Reads this file if it is there.
    Reads(ImagePath),
    /// Loads this file as code.
    Loads(ImagePath),
    /// Imports configuration from files of this directory whose names begin and end like this.
    Imports { directory: ImagePath, start: String, end: String },
    /// Reads a variable.
    Variable(String),
    /// `path: "..."`; in a list of dependencies or elsewhere.
    Path { path: ImagePath, is_dependency: bool },
    /// `{:name, in_umbrella: true}`
    Sibling(String),
    /// A setting of the project that names a place: `deps_path`, `config_path`.
    Place { name: String, path: ImagePath },
    /// An alias for a task, or any other key with a name in quotes or without.
    Alias(String),
    /// Asks for the directory that mix works in.
    WorkingDirectory,
    /// Something whose inputs are not known: what it does.
    Unknown(String),
}

/// The findings of a file with their lines. `is_project`: it is a mix.exs, whose functions mix calls by their names; of any
/// other file another one may call what it likes.
pub(super) fn findings(
    tokens: &[Token<'_>],
    path: &ImagePath,
    root: &ImagePath,
    is_project: bool,
) -> Vec<(usize, Finding)> {
    let directory = path.parent().unwrap_or_else(ImagePath::root);
    let mut program =
        Program { directory, root: root.clone(), attributes: HashMap::new(), found: Vec::new() };
    let parts = if is_project { reachable(tokens) } else { vec![(tokens, false)] };
    for (part, is_dependencies) in parts {
        program.part(part, is_dependencies);
    }
    program.found
}

/// The code outside functions, and the functions that mix calls or that those call; with a flag for the ones that list
/// dependencies.
fn reachable<'s, 't>(tokens: &'s [Token<'t>]) -> Vec<(&'s [Token<'t>], bool)> {
    let mut outside: Vec<(&'s [Token<'t>], bool)> = Vec::new();
    let mut functions: Vec<(&'t str, &'s [Token<'t>])> = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while at < tokens.len() {
        let name = match (&tokens[at].kind, tokens.get(at + 1).map(|token| &token.kind)) {
            (Kind::Word("def" | "defp"), Some(Kind::Word(name))) => name,
            _ => {
                at += 1;
                continue;
            }
        };
        let end = function_end(tokens, at);
        outside.push((&tokens[from..at], false));
        functions.push((name, &tokens[at + 2..end]));
        from = end;
        at = end;
    }
    outside.push((&tokens[from..], false));
    let mut called = vec!["project", "application", "cli"];
    let mut next = 0;
    let calls = |part: &'s [Token<'t>]| {
        part.iter().enumerate().filter_map(move |(at, token)| match token.kind {
            // `&name/1` names a function for later.
            Kind::Word(name) if at == 0 || part[at - 1].kind != Kind::Mark('&') => Some(name),
            _ => None,
        })
    };
    let is_function = |name: &str| functions.iter().any(|(function, _)| *function == name);
    called.extend(outside.iter().flat_map(|(part, _)| calls(part)).filter(|name| is_function(name)));
    while let Some(name) = called.get(next).copied() {
        next += 1;
        for (_, part) in functions.iter().filter(|(function, _)| *function == name) {
            for name in calls(part).filter(|name| is_function(name)) {
                if !called.contains(&name) {
                    called.push(name);
                }
            }
        }
    }
    let is_called = |name: &str| called.contains(&name);
    let reached = functions.into_iter().filter(|(name, _)| is_called(name));
    outside.extend(reached.map(|(name, part)| (part, name.contains("dep"))));
    outside
}

/// Where the function that begins at `start` ends: at the `end` of its `do`, or with the line of its `do:`.
fn function_end(tokens: &[Token<'_>], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut is_short = false;
    for (at, token) in tokens.iter().enumerate().skip(start + 1) {
        match token.kind {
            Kind::Key("do") if depth == 0 => is_short = true,
            Kind::Word("do" | "fn") => depth += 1,
            Kind::Word("end") if depth <= 1 && !is_short => return at + 1,
            Kind::Word("end") => depth = depth.saturating_sub(1),
            Kind::End if is_short && depth == 0 => return at,
            // A head without a body.
            Kind::Word("def" | "defp") if depth == 0 => return at,
            _ => {}
        }
    }
    tokens.len()
}

struct Program<'t> {
    /// The file's own directory.
    directory: ImagePath,
    /// The directory that mix works in.
    root: ImagePath,
    attributes: HashMap<&'t str, ImagePath>,
    found: Vec<(usize, Finding)>,
}

impl<'t> Program<'t> {
    fn part(&mut self, part: &[Token<'t>], is_dependencies: bool) {
        for at in 0..part.len() {
            let line = part[at].line;
            let rest = &part[at + 1..];
            match part[at].kind {
                Kind::Word(module) => {
                    if let [
                        Token { kind: Kind::Mark('.'), .. },
                        Token { kind: Kind::Word(function), .. },
                        arguments @ ..,
                    ] = rest
                    {
                        let before = &part[..at];
                        self.call(line, module, function, before, arguments);
                    } else if module == "import_config" {
                        self.import(line, rest);
                    }
                }
                Kind::Symbol(module @ ("os" | "file" | "filelib" | "prim_file")) => {
                    if let Some(Kind::Mark('.')) = rest.first().map(|token| &token.kind) {
                        self.unknown(line, &format!("calls :{module}"));
                    }
                }
                Kind::Symbol(name) if name.starts_with("root_source_code_path") => {
                    self.add(line, Finding::Alias(name.to_owned()));
                }
                Kind::Mark('@') => {
                    if let [Token { kind: Kind::Word(name), .. }, value @ ..] = rest
                        && let Some(path) = self.path_of(value, 0)
                    {
                        self.attributes.insert(name, path);
                    }
                }
                Kind::Key(name) => self.key(line, name, &part[..at], rest, is_dependencies),
                _ => {}
            }
        }
    }

    fn add(&mut self, line: usize, finding: Finding) {
        self.found.push((line, finding));
    }

    fn unknown(&mut self, line: usize, what: &str) {
        self.add(line, Finding::Unknown(what.to_owned()));
    }

    fn call(
        &mut self,
        line: usize,
        module: &str,
        function: &str,
        before: &[Token<'t>],
        arguments: &[Token<'t>],
    ) {
        let named = || format!("calls {module}.{function}");
        match (module, function) {
            (
                "File",
                "read" | "read!" | "stream!" | "open" | "open!" | "exists?" | "regular?" | "stat" | "stat!"
                | "lstat",
            ) => match self.argument(before, arguments) {
                Some(path) => self.add(line, Finding::Reads(path)),
                None => self.unknown(line, &format!("reads a file by {module}.{function}")),
            },
            ("File", "cwd" | "cwd!") => self.add(line, Finding::WorkingDirectory),
            ("Code", "require_file" | "eval_file" | "compile_file" | "load_file") => {
                match self.argument(before, arguments) {
                    Some(path) => self.add(line, Finding::Loads(path)),
                    None => self.unknown(line, &named()),
                }
            }
            ("System", "get_env" | "fetch_env" | "fetch_env!") => match arguments {
                [Token { kind: Kind::Mark('('), .. }, Token { kind: Kind::Text(name), .. }, ..] => {
                    self.add(line, Finding::Variable((*name).to_owned()));
                }
                _ => match before {
                    [
                        ..,
                        Token { kind: Kind::Text(name), .. },
                        Token { kind: Kind::Mark('|'), .. },
                        Token { kind: Kind::Mark('>'), .. },
                    ] => {
                        self.add(line, Finding::Variable((*name).to_owned()));
                    }
                    _ => self.unknown(line, "reads the environment"),
                },
            },
            ("System", "cmd" | "shell") => {
                let program = arguments.iter().find_map(|token| match token.kind {
                    Kind::Text(text) => Some(text),
                    _ => None,
                });
                self.unknown(line, &format!("runs {}", program.unwrap_or("a program")));
            }
            ("File" | "Port" | "EEx" | "Reader", _) | ("Path", "wildcard") => self.unknown(line, &named()),
            _ => {}
        }
    }

    /// The path that a call gets in parentheses or through a pipe.
    fn argument(&self, before: &[Token<'t>], arguments: &[Token<'t>]) -> Option<ImagePath> {
        let [value @ .., Token { kind: Kind::Mark('|'), .. }, Token { kind: Kind::Mark('>'), .. }] = before
        else {
            return self.path_of(arguments, 0);
        };
        // The longest expression that ends where the pipe begins, within reason.
        let first = value.len().saturating_sub(24);
        (first..value.len()).find_map(|start| {
            let (path, length) = self.measured_path(&value[start..], 0)?;
            (start + length == value.len()).then_some(path)
        })
    }

    fn import(&mut self, line: usize, rest: &[Token<'t>]) {
        let value = rest.iter().find(|token| token.kind != Kind::Mark('('));
        let (text, is_whole) = match value.map(|token| &token.kind) {
            Some(Kind::Text(text)) if !text.contains(['*', '?', '[', '{']) => {
                let path = self.directory.join(text);
                return self.add(line, Finding::Loads(path));
            }
            Some(Kind::Text(text)) => (*text, false),
            Some(Kind::Mixed(text)) => (*text, true),
            _ => return self.unknown(line, "imports configuration"),
        };
        let marks: &[char] = &['*', '?', '[', '{', '#'];
        let first = text.find(marks).unwrap_or(0);
        let last =
            text.rfind(if is_whole { &['}'][..] } else { &['*', '?', ']', '}'][..] }).map_or(0, |at| at + 1);
        let (start, end) = (&text[..first], &text[last..]);
        let (directory, start) = start.rsplit_once('/').unwrap_or(("", start));
        if text[first..].trim_end_matches(end).contains('/') || end.contains('/') {
            return self.unknown(line, "imports configuration from several directories");
        }
        let directory = self.directory.join(directory);
        self.add(line, Finding::Imports { directory, start: start.to_owned(), end: end.to_owned() });
    }

    fn key(
        &mut self,
        line: usize,
        name: &str,
        before: &[Token<'t>],
        rest: &[Token<'t>],
        is_dependencies: bool,
    ) {
        match name {
            "path" => match self.path_of(rest, 0) {
                Some(path) => self.add(line, Finding::Path { path, is_dependency: is_dependencies }),
                // A variable that came from the environment, as a rule.
                None if matches!(rest.first().map(|token| &token.kind), Some(Kind::Word(_))) => {}
                None if is_dependencies => self.unknown(line, "works out a path"),
                None => {}
            },
            "in_umbrella" => {
                let name = before.iter().rev().find_map(|token| match token.kind {
                    Kind::Symbol(name) => Some(name),
                    _ => None,
                });
                if let Some(name) = name {
                    self.add(line, Finding::Sibling(name.to_owned()));
                }
            }
            "apps_path" | "config_path" | "deps_path" | "build_path" | "lockfile" => {
                match self.path_of(rest, 0) {
                    Some(path) => self.add(line, Finding::Place { name: name.to_owned(), path }),
                    None => self.unknown(line, &format!("works out {name}")),
                }
            }
            name => self.add(line, Finding::Alias(name.to_owned())),
        }
    }

    /// The path that an expression stands for. Relative names are seen from the directory that mix works in.
    fn path_of(&self, tokens: &[Token<'t>], depth: usize) -> Option<ImagePath> {
        let (path, length) = self.measured_path(tokens, depth)?;
        match tokens.get(length).map(|token| &token.kind) {
            Some(Kind::Mark('<' | '+' | '|')) => None,
            _ => Some(path),
        }
    }

    fn measured_path(&self, tokens: &[Token<'t>], depth: usize) -> Option<(ImagePath, usize)> {
        if depth > 8 {
            return None;
        }
        match tokens {
            [Token { kind: Kind::Mark('(' | '['), .. }, rest @ ..] => {
                let (path, length) = self.measured_path(rest, depth + 1)?;
                Some((path, length + 1))
            }
            [Token { kind: Kind::Text(text), .. }, ..] => Some((self.root.join(text), 1)),
            [Token { kind: Kind::Mixed(text), .. }, ..] => {
                let rest = text.strip_prefix("#{__DIR__}/").filter(|rest| !rest.contains("#{"))?;
                Some((self.directory.join(rest), 4))
            }
            [Token { kind: Kind::Word("__DIR__"), .. }, ..] => Some((self.directory.clone(), 1)),
            [Token { kind: Kind::Mark('@'), .. }, Token { kind: Kind::Word(name), .. }, ..] => {
                Some((self.attributes.get(name)?.clone(), 2))
            }
            [
                Token { kind: Kind::Word("Path"), .. },
                Token { kind: Kind::Mark('.'), .. },
                Token { kind: Kind::Word(function), .. },
                Token { kind: Kind::Mark('('), .. },
                rest @ ..,
            ] => {
                let (path, length) = self.made_path(function, rest, depth + 1)?;
                Some((path, length + 4))
            }
            _ => None,
        }
    }

    /// `Path.join`, `Path.expand`, `Path.dirname`; `tokens` follow the parenthesis.
    fn made_path(&self, function: &str, tokens: &[Token<'t>], depth: usize) -> Option<(ImagePath, usize)> {
        let mut parts: Vec<(Option<&str>, ImagePath)> = Vec::new();
        let mut at = 0;
        loop {
            match &tokens.get(at)?.kind {
                Kind::Mark('[' | ']' | ',') => at += 1,
                Kind::Mark(')') => break,
                kind => {
                    let text = match kind {
                        Kind::Text(text) => Some(*text),
                        _ => None,
                    };
                    let (path, length) = self.measured_path(&tokens[at..], depth)?;
                    parts.push((text, path));
                    at += length;
                }
            }
        }
        let path = match (function, &parts[..]) {
            ("join", [(_, first), rest @ ..]) => {
                let mut path = first.clone();
                for (text, _) in rest {
                    path = path.join((*text)?.trim_start_matches('/'));
                }
                path
            }
            ("expand" | "absname", [(_, path)]) => path.clone(),
            ("expand" | "absname", [(Some(text), _), (_, base)]) => base.join(text),
            ("dirname", [(_, path)]) => path.parent()?,
            _ => return None,
        };
        Some((path, at + 1))
    }
}
