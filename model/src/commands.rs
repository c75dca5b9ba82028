//! The commands of a RUN, told apart as far as they can be.
//!
//! [`Chain::of`] reads the body of a RUN under a POSIX shell as a flat list of [`Link`]s joined by `&&`, `;` and so on. A
//! link whose commands can be read is a pipeline of [`Invocation`]s: program, arguments, working directory, with wrappers
//! such as `sudo`, `env` and `sh -c` taken off. Anything else is opaque.

mod substitution;
mod value;
mod wrapper;

use std::borrow::Cow;
use std::rc::Rc;

use dockfix_syntax::shell::{self, Command, ListItem, Operator, Script, SimpleCommand, Word};
use dockfix_syntax::view::{Run, RunBody};
use dockfix_syntax::{Instruction, Span};
use smallvec::SmallVec;

use crate::path::{self, ImagePath};
use crate::state::{Shell, State, User};

/// The commands of a RUN.
#[derive(Clone, Debug)]
pub struct Chain<'a> {
    /// The links in order. All spans in them are offsets into `text`.
    pub links: Rc<[Link<'a>]>,
    /// The text that was read.
    pub text: &'a [u8],
    /// Where that text stands.
    pub place: Place,
}

/// Where the text of a chain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the logical text of the instruction, from this offset on.
    Logical(usize),
    /// In a heredoc, whose body starts at this offset of the source.
    Heredoc(usize),
    /// In the JSON form: there is no shell, and the spans of words are empty.
    Exec,
}

/// A pipeline of a chain and the operator behind it.
#[derive(Clone, Debug)]
pub struct Link<'a> {
    /// The pipeline, without the operator.
    pub span: Span,
    /// The operator behind it and its span.
    pub operator: Option<(Operator, Span)>,
    /// What it runs.
    pub action: Action<'a>,
}

/// What a link runs.
#[derive(Clone, Debug)]
pub enum Action<'a> {
    /// A pipeline of simple commands; mostly one. They are shared with what is found out about them.
    Pipeline(Rc<[Invocation<'a>]>),
    /// `sh -c '...'`: the links of the inner script, spans in the same text.
    Nested(Vec<Link<'a>>),
    /// Something that is not read further.
    Opaque(OpaqueLink),
}

/// Why a link is not read further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpaqueLink {
    /// `if`, `for`, `{}`, `()`, a function.
    #[error("a compound command")]
    Compound,
    /// `!` before it, or `&` behind it or behind the list that it is a part of.
    #[error("a negated or background command")]
    Negated,
    /// `exec` with more commands behind it, which nobody runs.
    #[error("an `exec` before other commands")]
    Replaced,
    /// A command substitution of which more is not known than what it prints.
    #[error("a command substitution")]
    Substitution,
    /// The program's name is made of variables, or there is none.
    #[error("a command whose name is only known when it runs")]
    Unnamed,
}

/// Why a RUN is not read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Opaque {
    /// The shell is not a POSIX one.
    #[error("its shell is not sh or bash")]
    Shell,
    /// It is one, with options that are not.
    #[error("an option of its shell is not read")]
    ShellOptions,
    /// The text could not be scanned.
    #[error("its shell script cannot be read: {0}")]
    Script(#[from] shell::Opaque),
    /// It uses what only bash knows, and the shell may be another.
    #[error("it uses bash's own syntax under a shell that may not be bash")]
    BashOnly,
    /// A script of its own in a heredoc, with `#!`.
    #[error("its heredoc names an interpreter of its own")]
    Interpreter,
    /// There is nothing to run.
    #[error("it is empty")]
    Empty,
}

/// The invocations of a chain: asked for so often that the few that most RUNs have take no room of their own.
pub type Invocations<'l, 'a> = SmallVec<[&'l Invocation<'a>; 8]>;

/// A program that is run, with its arguments.
#[derive(Clone, Debug)]
pub struct Invocation<'a> {
    /// The command from its first assignment, or its wrapper, to its last word or redirection.
    pub span: Span,
    /// The program's name without its directory.
    pub program: Cow<'a, str>,
    /// The program as it is called: its name, or its path.
    pub program_path: Cow<'a, str>,
    /// The span of the word that names the program.
    pub program_span: Span,
    /// What follows the name.
    pub arguments: Vec<Argument<'a>>,
    /// Variables set for this command, or exported by those before it in the same script, in that order; the value where it
    /// is known.
    pub assignments: Vec<(String, Option<String>)>,
    /// The directory it runs in; `None` where that is not known.
    pub directory: Option<ImagePath>,
    /// The user it runs as, where a wrapper changed it.
    pub user: Option<User>,
    /// Files that redirections name: whether it is written, and the path where it is known.
    pub redirects: Vec<(bool, Option<ImagePath>)>,
    /// The commands whose output is put into its words. They run before it; what they do is not among its own effects.
    pub substituted: Vec<Invocation<'a>>,
}

/// An argument of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument<'a> {
    /// Where it stands in the chain's text; empty in JSON form.
    pub span: Span,
    /// The text as written.
    pub text: &'a [u8],
    /// The value it has when the command runs, where that is known.
    pub value: Option<Cow<'a, str>>,
    /// The pattern, where it is one that the shell matches against files.
    pub glob: Option<String>,
}

impl Argument<'_> {
    /// Whether the value of a build argument is part of this one, and so of its `value`, which as a path is then one that
    /// [`ImagePath`] takes.
    #[must_use]
    pub fn is_symbolic(&self) -> bool {
        // What the shell takes as it is written has no value of a variable in it.
        matches!(&self.value, Some(Cow::Owned(value)) if path::has_symbol(value))
    }
}

impl Invocation<'_> {
    /// The values of all arguments; `None` where one of them is not known.
    #[must_use]
    pub fn values(&self) -> Option<Vec<&str>> {
        self.arguments.iter().map(|argument| argument.value.as_deref()).collect()
    }

    /// The script that a shell, `su` or `runuser` is handed in a word of its own, as far as it is known.
    #[must_use]
    pub fn script(&self) -> Option<&str> {
        wrapper::script_of(self)
    }

    /// Whether an argument with this value stands among the arguments.
    #[must_use]
    pub fn has(&self, value: &str) -> bool {
        self.arguments.iter().any(|argument| argument.value.as_deref() == Some(value))
    }
}

impl<'a> Chain<'a> {
    /// Reads the commands of a RUN, `state` being what holds before it.
    ///
    /// # Errors
    ///
    /// When nothing of the body can be read; such a RUN may do anything.
    pub fn of(instruction: &Instruction<'a>, state: &State) -> Result<Self, Opaque> {
        let run = Run::of(instruction).ok_or(Opaque::Empty)?;
        if let RunBody::Exec(words) = &run.body {
            return Self::of_words(instruction, words, state);
        }
        let (text, place) = script(&run, instruction).ok_or(Opaque::Empty)?;
        if matches!(place, Place::Heredoc(_)) && text.starts_with(b"#!") {
            return Err(Opaque::Interpreter);
        }
        match state.shell {
            Shell::Other => return Err(Opaque::Shell),
            Shell::Strange => return Err(Opaque::ShellOptions),
            Shell::Posix | Shell::Bash => {}
        }
        let mut reader = Reader::new(state);
        let script = scan(text, state.shell, &mut reader)?;
        let mut links: Rc<[_]> = links(&script, 0, state.shell, &mut reader).collect();
        // Nobody shares them yet.
        Rc::get_mut(&mut links).into_iter().for_each(hide_background);
        Ok(Self { links, text, place })
    }

    /// The same commands in another RUN, which has other flags but the same script; `None` where it differs in more, or
    /// where the script stands in a heredoc or in JSON form. What holds before both RUNs must be the same.
    #[must_use]
    pub fn with_other_flags(&self, instruction: &Instruction<'a>) -> Option<Self> {
        if !instruction.text().ends_with(self.text) {
            return None;
        }
        let run = Run::of(instruction)?;
        let (text, place) = script(&run, instruction)?;
        let is_same =
            matches!((self.place, place), (Place::Logical(_), Place::Logical(_))) && text == self.text;
        is_same.then(|| Self { links: Rc::clone(&self.links), text, place })
    }

    fn of_words(instruction: &Instruction<'a>, words: &[String], state: &State) -> Result<Self, Opaque> {
        let (program, arguments) = words.split_first().ok_or(Opaque::Empty)?;
        let argument = |value: &String| Argument {
            span: Span::empty(0),
            text: &[],
            value: Some(value.clone().into()),
            glob: None,
        };
        let invocation = Invocation {
            span: Span::empty(0),
            program: name_of(&program.clone().into()),
            program_path: program.clone().into(),
            program_span: Span::empty(0),
            arguments: arguments.iter().map(argument).collect(),
            assignments: Vec::new(),
            directory: state.workdir.clone(),
            user: None,
            redirects: Vec::new(),
            substituted: Vec::new(),
        };
        let action = Action::Pipeline(Rc::from([invocation]));
        let link = Link { span: Span::empty(0), operator: None, action };
        Ok(Self { links: Rc::new([link]), text: instruction.args(), place: Place::Exec })
    }

    /// The source span of a span of the chain's text; `None` in JSON form.
    #[must_use]
    pub fn source_span(&self, instruction: &Instruction<'_>, span: Span) -> Option<Span> {
        match self.place {
            Place::Logical(start) => Some(instruction.source_span(span.shifted(start))),
            Place::Heredoc(start) => Some(span.shifted(start)),
            Place::Exec => None,
        }
    }

    /// Every invocation that can be read, those of nested scripts included, in order.
    #[must_use]
    pub fn invocations(&self) -> Invocations<'_, 'a> {
        let mut found = Invocations::new();
        add_invocations(&self.links, &mut found);
        found
    }

    /// The first opaque link, nested ones included.
    #[must_use]
    pub fn opaque(&self) -> Option<OpaqueLink> {
        first_opaque(&self.links)
    }
}

/// The script of a RUN and where it stands.
fn script<'a>(run: &Run<'a>, instruction: &Instruction<'a>) -> Option<(&'a [u8], Place)> {
    match &run.body {
        RunBody::Empty | RunBody::Exec(_) => None,
        RunBody::Command(span) => Some((span.of(instruction.text()), Place::Logical(span.start))),
        // BuildKit expands nothing in a RUN's heredoc; `<<-` strips tabs, which the shell skips anyway.
        RunBody::Script(heredoc) => {
            Some((heredoc.body.of(instruction.file().source()), Place::Heredoc(heredoc.body.start)))
        }
    }
}

/// Shows `visit` every command that a script names, wherever it stands: in an `if`, in a substitution, behind `!`, in the
/// script of another shell. Whether it runs, and in which directory, is not known. The text that its spans are offsets into
/// comes with it.
///
/// Of a text that cannot be scanned as a whole, what can be by itself.
pub fn each_named(text: &[u8], state: &State, visit: &mut dyn FnMut(&[u8], &Invocation<'_>)) {
    match shell::scan(text) {
        Ok(script) => each_in_script(&script, text, state, visit),
        Err(_) => {
            for piece in pieces(text) {
                if let Ok(script) = shell::scan(piece) {
                    each_in_script(&script, piece, state, visit);
                }
            }
        }
    }
}

/// What stands between the operators of a text, wherever they stand.
fn pieces(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut last = 0;
    let split = move |&byte: &u8| {
        let is_doubled = byte == b'&' && last == b'&';
        last = byte;
        is_doubled || matches!(byte, b'\n' | b';' | b'|')
    };
    let pieces = text.split(split).map(|piece| piece.strip_suffix(b"&").unwrap_or(piece).trim_ascii());
    pieces.filter(|piece| !piece.is_empty())
}

fn each_in_script(
    script: &Script<'_>,
    text: &[u8],
    state: &State,
    visit: &mut dyn FnMut(&[u8], &Invocation<'_>),
) {
    let mut reader = Reader { directory: None, ..Reader::new(state) };
    let mut commands = Vec::with_capacity(script.list.items.len());
    script.each_simple_command(|command| {
        value::add_assigned(command, &mut reader.assigned);
        commands.push(command);
    });
    commands.sort_by_key(|command| command.span.start);
    for command in commands {
        let Some(command) = invocation(command, 0, &reader) else { continue };
        visit(text, &command);
        if let Some(inner) = wrapper::script_of(&command) {
            each_named(inner.as_bytes(), state, visit);
        }
    }
}

/// [`each_named`] of the script of a RUN, whatever its shell, and of the heredocs on its line where a shell may read them:
/// `RUN <<EOF bash -ex`. Of a RUN in JSON form, that of a script among its words.
pub fn each_named_by(
    instruction: &Instruction<'_>,
    state: &State,
    visit: &mut dyn FnMut(&[u8], &Invocation<'_>),
) {
    let run = Run::of(instruction);
    if let Some(RunBody::Exec(words)) = run.as_ref().map(|run| &run.body) {
        let chain = Chain::of_words(instruction, words, state);
        let commands = chain.as_ref().map(Chain::invocations).unwrap_or_default();
        if let Some(script) = commands.first().and_then(|command| command.script()) {
            each_named(script.as_bytes(), state, visit);
        }
        return;
    }
    let Some((text, place)) = run.as_ref().and_then(|run| script(run, instruction)) else { return };
    let mut has_shell = false;
    each_named(text, state, &mut |text, command| {
        has_shell |= wrapper::is_shell(command);
        visit(text, command);
    });
    if has_shell && matches!(place, Place::Logical(_)) {
        for heredoc in instruction.heredocs() {
            each_named(heredoc.body.of(instruction.file().source()), state, visit);
        }
    }
}

fn add_invocations<'l, 'a>(links: &'l [Link<'a>], found: &mut Invocations<'l, 'a>) {
    for link in links {
        match &link.action {
            Action::Pipeline(commands) => commands.iter().for_each(|command| found.push(command)),
            Action::Nested(inner) => add_invocations(inner, found),
            Action::Opaque(_) => {}
        }
    }
}

fn first_opaque(links: &[Link<'_>]) -> Option<OpaqueLink> {
    links.iter().find_map(|link| match &link.action {
        Action::Pipeline(_) => None,
        Action::Nested(inner) => first_opaque(inner),
        Action::Opaque(reason) => Some(*reason),
    })
}

/// What changes from link to link.
#[derive(Clone)]
struct Reader<'s, 'a> {
    state: &'s State,
    directory: Option<ImagePath>,
    /// Names that the script sets: their values are not those of ENV.
    assigned: Vec<Cow<'a, str>>,
    /// Variables that commands so far have exported.
    exported: Vec<(String, Option<String>)>,
}

impl<'s> Reader<'s, '_> {
    fn new(state: &'s State) -> Self {
        Self { state, directory: state.workdir.clone(), assigned: Vec::new(), exported: Vec::new() }
    }
}

/// Scans a script and notes the names that it sets.
fn scan<'a>(text: &'a [u8], shell: Shell, reader: &mut Reader<'_, 'a>) -> Result<Script<'a>, Opaque> {
    let script = shell::scan(text)?;
    if script.bash_only.is_some() && shell != Shell::Bash {
        return Err(Opaque::BashOnly);
    }
    script.each_simple_command(|command| value::add_assigned(command, &mut reader.assigned));
    Ok(script)
}

/// The links of a script, those in the background not yet [hidden](hide_background).
fn links<'a>(
    script: &Script<'a>,
    offset: usize,
    shell: Shell,
    reader: &mut Reader<'_, 'a>,
) -> impl Iterator<Item = Link<'a>> {
    script.list.items.iter().map(move |item| link(script, item, offset, shell, reader))
}

/// `a && b &` runs both in the background, where nobody waits for them.
fn hide_background(links: &mut [Link<'_>]) {
    let mut is_hidden = false;
    for link in links.iter_mut().rev() {
        is_hidden = match link.operator {
            Some((Operator::Background, _)) => true,
            Some((Operator::And | Operator::Or, _)) => is_hidden,
            _ => false,
        };
        if is_hidden {
            link.action = Action::Opaque(OpaqueLink::Negated);
        }
    }
}

fn link<'a>(
    script: &Script<'a>,
    item: &ListItem<'a>,
    offset: usize,
    shell: Shell,
    reader: &mut Reader<'_, 'a>,
) -> Link<'a> {
    let operator = item.operator.map(|(operator, span)| (operator, span.shifted(offset)));
    let span = item.pipeline.span.shifted(offset);
    let action = action(script, item, offset, shell, reader).unwrap_or_else(Action::Opaque);
    if matches!(action, Action::Opaque(_)) {
        // `{ cd x; }`, `eval`, `.`: after them the directory is anybody's guess.
        reader.directory = None;
    }
    Link { span, operator, action }
}

fn action<'a>(
    script: &Script<'a>,
    item: &ListItem<'a>,
    offset: usize,
    shell: Shell,
    reader: &mut Reader<'_, 'a>,
) -> Result<Action<'a>, OpaqueLink> {
    let background = matches!(item.operator, Some((Operator::Background, _)));
    if item.pipeline.negated || background {
        return Err(OpaqueLink::Negated);
    }
    if let [command] = &item.pipeline.commands[..] {
        let simple = simple(command)?;
        if item.operator.is_some() && wrapper::replaces_the_shell(simple) {
            return Err(OpaqueLink::Replaced);
        }
        if let Some(inner) = nested(simple, offset, shell, reader) {
            return Ok(Action::Nested(inner));
        }
        let command = readable(script, simple, offset, reader)?;
        change_directory(&command, reader);
        export(&command, reader);
        return Ok(Action::Pipeline(Rc::from([command])));
    }
    let read = |command| readable(script, simple(command)?, offset, reader);
    Ok(Action::Pipeline(item.pipeline.commands.iter().map(read).collect::<Result<_, _>>()?))
}

fn simple<'s, 'a>(command: &'s Command<'a>) -> Result<&'s SimpleCommand<'a>, OpaqueLink> {
    match command {
        Command::Simple(simple) => Ok(simple),
        _ => Err(OpaqueLink::Compound),
    }
}

/// A command whose words can be read, substitutions in them included.
fn readable<'a>(
    script: &Script<'a>,
    simple: &SimpleCommand<'a>,
    offset: usize,
    reader: &Reader<'_, 'a>,
) -> Result<Invocation<'a>, OpaqueLink> {
    if !substitution::is_in(script, simple) {
        return invocation(simple, offset, reader).ok_or(OpaqueLink::Unnamed);
    }
    let substituted = substitution::read(simple, offset, reader).ok_or(OpaqueLink::Substitution)?;
    let command = invocation(simple, offset, reader).ok_or(OpaqueLink::Unnamed)?;
    // Where a shell's script is made of them, what it runs is not known.
    if wrapper::is_shell(&command) {
        return Err(OpaqueLink::Substitution);
    }
    Ok(Invocation { substituted, ..command })
}

/// The links of `sh -c 'script'`, where the script stands in one pair of quotes with nothing that the outer shell
/// replaces.
fn nested<'a>(
    simple: &SimpleCommand<'a>,
    offset: usize,
    shell: Shell,
    reader: &Reader<'_, 'a>,
) -> Option<Vec<Link<'a>>> {
    let (text, at) = wrapper::inner_script(simple)?;
    // The inner shell starts where the outer one is, and what it changes ends with it.
    let mut inner = reader.clone();
    let inner_shell = if wrapper::is_bash(simple) { Shell::Bash } else { shell };
    let script = scan(text, inner_shell, &mut inner).ok()?;
    let mut links: Vec<_> = links(&script, offset + at, inner_shell, &mut inner).collect();
    hide_background(&mut links);
    Some(links)
}

fn invocation<'a>(
    simple: &SimpleCommand<'a>,
    offset: usize,
    reader: &Reader<'_, 'a>,
) -> Option<Invocation<'a>> {
    let value = |word: &Word<'a>| value::of_word(word, reader.state, &reader.assigned);
    let words = simple.words.iter().filter(|word| !word.is_nothing()).map(|word| Argument {
        span: word.span.shifted(offset),
        text: word.text(),
        value: value(word),
        glob: value::pattern_of(word, reader.state, &reader.assigned),
    });
    let mut words = words.peekable();
    let runs_nothing = words.peek().is_none();
    let mut assignments = Vec::new();
    if !runs_nothing {
        // The environment that earlier commands have made is set for this one as if it stood before it.
        assignments.extend_from_slice(&reader.exported);
    }
    for assignment in &simple.assignments {
        assignments.push((assignment.name.to_owned(), value(&assignment.value).map(Cow::into_owned)));
    }
    let mut redirects = Vec::new();
    for redirect in &simple.redirects {
        redirects.extend(value::redirect(redirect, reader));
    }
    let span = simple.span.shifted(offset);
    if runs_nothing {
        // Bare assignments and redirections: the shell's own doing.
        return Some(Invocation {
            span,
            program: Cow::Borrowed(""),
            program_path: Cow::Borrowed(""),
            program_span: span,
            arguments: Vec::new(),
            assignments,
            directory: reader.directory.clone(),
            user: None,
            redirects,
            substituted: Vec::new(),
        });
    }
    let (program, user) = wrapper::unwrap(&mut words, &mut assignments)?;
    let program_path = program.value?;
    let mut arguments = Vec::with_capacity(simple.words.len() - 1);
    arguments.extend(words);
    Some(Invocation {
        span,
        program: name_of(&program_path),
        program_path,
        program_span: program.span,
        arguments,
        assignments,
        directory: reader.directory.clone(),
        user,
        redirects,
        substituted: Vec::new(),
    })
}

/// The name of the program at `path`.
fn name_of<'a>(path: &Cow<'a, str>) -> Cow<'a, str> {
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(last_segment(path)),
        Cow::Owned(path) => Cow::Owned(last_segment(path).to_owned()),
    }
}

/// What follows the last slash of a path.
fn last_segment(path: &str) -> &str {
    let start = path.bytes().rposition(|byte| byte == b'/').map_or(0, |at| at + 1);
    &path[start..]
}

fn change_directory(command: &Invocation<'_>, reader: &mut Reader<'_, '_>) {
    match &*command.program {
        "cd" => {
            let mut targets = command.arguments.iter().filter(|argument| argument.text != b"--");
            let target = targets.next().and_then(|argument| argument.value.as_deref());
            reader.directory = match (target, targets.next()) {
                (Some(target), None) if !target.starts_with('-') => {
                    ImagePath::absolute(target).or_else(|| Some(reader.directory.as_ref()?.join(target)))
                }
                _ => None,
            };
        }
        "pushd" | "popd" | "eval" | "." | "source" => reader.directory = None,
        _ => {}
    }
}

/// Notes what a command adds to the environment of those after it.
fn export(command: &Invocation<'_>, reader: &mut Reader<'_, '_>) {
    match &*command.program {
        "export" => {
            for argument in &command.arguments {
                let text = String::from_utf8_lossy(argument.text);
                let Some((name, _)) = text.split_once('=') else { continue };
                let value = argument.value.as_deref().and_then(|word| word.split_once('='));
                reader.exported.push((name.to_owned(), value.map(|(_, value)| value.to_owned())));
            }
        }
        // A bare assignment reaches programs where the variable is in the environment already.
        "" => {
            let known = |name: &String| reader.state.variables.get(name).is_some();
            let set: Vec<_> = command.assignments.iter().filter(|(name, _)| known(name)).cloned().collect();
            reader.exported.extend(set);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
