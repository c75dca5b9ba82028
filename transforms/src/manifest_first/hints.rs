//! Commands that find what a copy brings without being told by their own words where it lies: a variable, a setting or a
//! link that an earlier command has made names the place.
//!
//! What a known command reads at fixed places and by its options is among its effects. What it is led to is not:
//! `ENV NODE_EXTRA_CA_CERTS=/certs/ca.crt`, `pip config set global.cert /certs/ca.crt`, a line `deb file:/opt/debs ./` of
//! APT's lists, `ln -s /app /srv/www`. Only names of what the copy brings count: of `/app/.venv` it brings nothing.

use dockfix_ecosystems::UsageKind;
use dockfix_model::build::Step;
use dockfix_model::commands::{Action, Argument, Invocation, Link};
use dockfix_model::context::Kind;
use dockfix_model::effects::Paths;
use dockfix_model::{ImagePath, State};
use dockfix_syntax::Keyword;

use super::plan::Manifests;
use super::sink::{Sinking, Stop, join};
use crate::analysis::Analysis;

/// What may lead commands to the files of a copy.
#[derive(Default)]
struct Hints {
    /// The line of an instruction that may have put a name of them where others find it, and the name.
    named: Option<(usize, ImagePath)>,
    /// Links to directories above them, and the line in which they are made.
    links: Vec<(ImagePath, usize)>,
}

impl Sinking<'_, '_> {
    /// Stops before link `number` of step `index` where it may be led to what the copy brings. `early` is what it is known
    /// to read of that and gets early; `None` where a download stands in for it, which does not have its words.
    pub(super) fn check_hints(
        &self,
        index: usize,
        analysis: &Analysis<'_>,
        number: usize,
        early: Option<&Manifests>,
    ) -> Result<(), Stop> {
        match self.hint(index, analysis, number, early) {
            Some(hint) => Err(Stop::Known(hint)),
            None => Ok(()),
        }
    }

    fn hint(
        &self,
        index: usize,
        analysis: &Analysis<'_>,
        number: usize,
        early: Option<&Manifests>,
    ) -> Option<String> {
        let piece = &analysis.pieces[number];
        let link = analysis.chain.links.get(number)?;
        if piece.is_shell_state {
            return None;
        }
        let step = &self.stage.steps[index];
        let copied = self.stage.steps[self.index].instruction.start_line();
        let brings = |path: &ImagePath| format!("{path}, which line {copied} copies");
        let hints = self.hints(index, analysis, number);
        if let Some((line, path)) = &hints.named {
            return Some(format!("line {line} names {}", brings(path)));
        }
        let text = String::from_utf8_lossy(link.span.of(analysis.chain.text));
        let mut commands = Vec::new();
        each_command(&link.action, &mut |command| commands.push(command));
        for (alias, line) in &hints.links {
            let is_in = commands.iter().any(|command| {
                command.directory.as_ref().is_some_and(|directory| directory.below(alias).is_some())
            });
            let is_named = !paths_in(&text, alias).is_empty()
                || self.values(step, &commands).any(|(_, value)| !paths_in(value, alias).is_empty());
            if is_in || is_named {
                return Some(format!(
                    "{alias}, a link that line {line} makes, leads to what line {copied} copies"
                ));
            }
        }
        let environment = analysis.effects_of(number).environment;
        for (name, value) in self.values(step, &commands) {
            // Where HOME and PATH lead is part of what is known of each command.
            if matches!(name, "HOME" | "PATH" | "PWD" | "OLDPWD") || !environment.contains(name) {
                continue;
            }
            if let Some(path) = self.named_in(value)
                && !early.is_some_and(|early| self.is_early(&path, early))
                && (name != "PYTHONPATH" || self.has_python_hooks(&path))
            {
                return Some(format!("{name} names {}", brings(&path)));
            }
        }
        let early = early?;
        for managed in &piece.managed {
            let command = managed.command();
            let text = String::from_utf8_lossy(command.span.of(analysis.chain.text));
            let is_known = |path: &ImagePath| {
                managed.usage.directory.as_ref() == Some(path) || self.is_early(path, early)
            };
            let values = command.arguments.iter().filter_map(|argument| argument.value.as_deref());
            let named =
                values.chain([&*text]).flat_map(|text| self.all_named_in(text)).find(|path| !is_known(path));
            let relative = || {
                let words = command.arguments.iter().filter_map(|argument| argument.value.as_deref());
                let words = words.map(|word| word.rsplit_once('=').map_or(word, |(_, value)| value));
                let mut here = words.filter(|word| word.starts_with("./") || word.starts_with("../"));
                here.find_map(|word| {
                    Some(command.directory.as_ref()?.join(word)).filter(|it| self.brings(it))
                })
            };
            let relative = (managed.usage.kind == UsageKind::Packages).then(relative).flatten();
            if let Some(path) = named.or(relative) {
                return Some(format!("it names {}", brings(&path)));
            }
            // A build argument is a path by its default, and may be another one.
            let is_elsewhere = |word: &&Argument<'_>| {
                let value = word.value.as_deref().unwrap_or_default();
                let value = value.split_once('=').map_or(value, |(_, value)| value);
                ImagePath::absolute(value).is_none_or(|path| managed.usage.directory.as_ref() != Some(&path))
            };
            let mut symbolic = command.arguments.iter().filter(|word| word.is_symbolic());
            if let Some(word) = symbolic.find(is_elsewhere) {
                let word = String::from_utf8_lossy(word.text);
                return Some(format!("`{word}` may name what line {copied} copies"));
            }
        }
        None
    }

    /// What the commands of the stage, and of those it starts from, may have noted of the copy before link `number` of step
    /// `until`.
    fn hints(&self, until: usize, analysis: &Analysis<'_>, number: usize) -> Hints {
        let mut hints = Hints::default();
        let build = &self.input.reading.build;
        let inherited = build.ancestors(self.stage.index).into_iter().map(|ancestor| (ancestor, usize::MAX));
        for (stage, until) in inherited.chain([(self.stage.index, until)]) {
            for step in build.stages[stage].steps.iter().take(until) {
                self.add_hints(step, &mut hints);
            }
        }
        let step = &self.stage.steps[until];
        for link in analysis.chain.links.iter().take(number) {
            self.add_link(step, analysis, link, &mut hints);
        }
        hints
    }

    fn add_hints(&self, step: &Step<'_>, hints: &mut Hints) {
        let instruction = &step.instruction;
        match instruction.keyword() {
            Keyword::Run => match self.input.reading.run(step) {
                Ok(analysis) => {
                    for link in &*analysis.chain.links {
                        self.add_link(step, analysis, link, hints);
                    }
                }
                Err(_) => self.add_text(step, &String::from_utf8_lossy(instruction.args()), hints),
            },
            Keyword::Copy | Keyword::Add => {
                for heredoc in instruction.heredocs() {
                    let body = heredoc.body.of(instruction.file().source());
                    self.add_text(step, &String::from_utf8_lossy(body), hints);
                }
            }
            _ => {}
        }
    }

    fn add_link(&self, step: &Step<'_>, analysis: &Analysis<'_>, link: &Link<'_>, hints: &mut Hints) {
        if let Action::Nested(links) = &link.action {
            links.iter().for_each(|link| self.add_link(step, analysis, link, hints));
            return;
        }
        if let Action::Pipeline(commands) = &link.action {
            for command in commands.iter().filter(|command| command.program == "ln") {
                self.add_alias(step, command, hints);
            }
            if commands.iter().all(|command| self.tells_nobody(command, analysis, commands.len() == 1)) {
                return;
            }
            for command in &**commands {
                for value in command.arguments.iter().filter_map(|argument| argument.value.as_deref()) {
                    self.add_text(step, value, hints);
                }
            }
        }
        self.add_text(step, &String::from_utf8_lossy(link.span.of(analysis.chain.text)), hints);
    }

    fn add_text(&self, step: &Step<'_>, text: &str, hints: &mut Hints) {
        // Most words name no path at all.
        if hints.named.is_some() || !text.contains(['/', '$']) {
            return;
        }
        let spelled_out = || self.named_in(&spelled_out(text, &step.state)?);
        let named = self.named_in(text).or_else(spelled_out);
        hints.named = named.map(|path| (step.instruction.start_line(), path));
    }

    /// Whether a command that names the place of the copy notes it nowhere: it writes nothing, or nowhere else, or what it
    /// writes are directories, owners and modes; an install of a project reads what it names.
    fn tells_nobody(&self, command: &Invocation<'_>, analysis: &Analysis<'_>, is_alone: bool) -> bool {
        const SILENT: [&str; 20] = [
            "cd", "mkdir", "rmdir", "rm", "chown", "chmod", "chgrp", "touch", "cp", "mv", "test", "[", "ls",
            "useradd", "adduser", "usermod", "groupadd", "addgroup", "export", "set",
        ];
        let device = ImagePath::fixed("/dev");
        let stays = |path: &ImagePath| {
            path.below(&device).is_some()
                || matches!(&self.writes, Paths::Below(ours) if ours.iter().any(|our| path.below(our).is_some()))
        };
        let is_redirected = command
            .redirects
            .iter()
            .any(|(is_written, path)| *is_written && !path.as_ref().is_some_and(stays));
        if is_redirected {
            return false;
        }
        let managed = analysis.managed().find(|managed| managed.command().span == command.span);
        if let Some(managed) = managed {
            return matches!(
                managed.usage.kind,
                UsageKind::Install | UsageKind::Build | UsageKind::CleanCache
            );
        }
        // What git trusts it does not read.
        if SILENT.contains(&&*command.program) || command.program == "git" && command.has("safe.directory") {
            return true;
        }
        let effects = dockfix_ecosystems::plain::effects(command, analysis.state());
        is_alone
            && effects.is_some_and(|effects| match effects.writes {
                Paths::All => false,
                Paths::Below(paths) => paths.iter().all(stays),
            })
    }

    /// Notes a link to a directory above what the copy brings.
    fn add_alias(&self, step: &Step<'_>, command: &Invocation<'_>, hints: &mut Hints) {
        let is_operand = |word: &&str| !word.starts_with('-');
        let words =
            command.arguments.iter().filter_map(|argument| argument.value.as_deref()).filter(is_operand);
        let (Some(directory), [to, rest @ ..]) = (&command.directory, &words.collect::<Vec<_>>()[..]) else {
            return;
        };
        let name = to.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let link = directory.join(rest.first().copied().unwrap_or(name));
        let to = link.parent().unwrap_or_else(ImagePath::root).join(to);
        let Paths::Below(ours) = &self.writes else { return };
        if ours.iter().any(|our| our.below(&to).is_some()) {
            hints.links.push((link, step.instruction.start_line()));
        }
    }

    /// The variables that commands of a step see, with their values where these are known.
    fn values<'v>(
        &self,
        step: &'v Step<'_>,
        commands: &'v [&'v Invocation<'_>],
    ) -> impl Iterator<Item = (&'v str, &'v str)> {
        let assigned = commands.iter().flat_map(|command| &command.assignments);
        let assigned = assigned.filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)));
        let declared = step.state.variables.iter();
        let declared = declared.filter_map(|(name, variable)| Some((name, variable.value.as_deref()?)));
        declared.chain(assigned)
    }

    /// Whether the copy brings something to a path that is not known to be brought early.
    fn is_early(&self, path: &ImagePath, early: &Manifests) -> bool {
        let all = [early, &self.manifests];
        all.iter().any(|early| {
            early.files.iter().any(|(_, image)| image == path)
                || early.directories.iter().any(|(_, image)| path.below(image).is_some())
        }) || self
            .sources
            .iter()
            .any(|source| source.source_of(path).is_some_and(|source| self.is_there(&source, path)))
    }

    /// Whether the copy brings a file or directory to a path of the image.
    fn brings(&self, path: &ImagePath) -> bool {
        self.sources.iter().filter_map(|source| source.source_of(path)).any(|source| {
            matches!(self.input.context.kind(&source), Ok(Some(_)))
                && (source.is_empty() || !self.input.context.is_excluded(&source).unwrap_or(false))
        })
    }

    /// Whether a directory of the copy, on Python's path, has what every start of Python runs or what pip takes for
    /// installed (Python's library reference, "site").
    fn has_python_hooks(&self, path: &ImagePath) -> bool {
        self.sources.iter().filter_map(|source| source.source_of(path)).any(|source| {
            let names = self.input.context.list(&source).unwrap_or_default();
            names.iter().any(|entry| {
                entry.name.starts_with("sitecustomize")
                    || entry.name.starts_with("usercustomize")
                    || entry.name.ends_with(".egg-info")
                    || entry.name.ends_with(".dist-info")
            }) && matches!(self.input.context.kind(&join(&source, "")), Ok(None | Some(Kind::Dir)))
        })
    }

    /// The first path in a text that leads to what the copy brings.
    fn named_in(&self, text: &str) -> Option<ImagePath> {
        self.all_named_in(text).into_iter().next()
    }

    fn all_named_in(&self, text: &str) -> Vec<ImagePath> {
        let Paths::Below(ours) = &self.writes else { return Vec::new() };
        let found = ours.iter().flat_map(|our| paths_in(text, our));
        found.filter(|path| self.brings(path)).collect()
    }
}

fn each_command<'l, 'a>(action: &'l Action<'a>, visit: &mut dyn FnMut(&'l Invocation<'a>)) {
    match action {
        Action::Pipeline(commands) => commands.iter().for_each(visit),
        Action::Nested(links) => links.iter().for_each(|link| each_command(&link.action, visit)),
        Action::Opaque(_) => {}
    }
}

/// The paths in a text that are `place` or lie below it, as words or as the end of words: `file:/opt/debs`.
pub(super) fn paths_in(text: &str, place: &ImagePath) -> Vec<ImagePath> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-+@%".contains(&byte);
    let wanted = place.as_str();
    if wanted == "/" {
        return Vec::new();
    }
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for at in memchr::memchr_iter(b'/', bytes) {
        if !bytes[at..].starts_with(wanted.as_bytes()) {
            continue;
        }
        let before = text[..at].trim_end_matches('/');
        let is_host = before.len() + 1 == at && before.ends_with(':');
        let starts = before.bytes().next_back().is_none_or(|byte| !is_part(byte) && byte != b'}');
        let end = at + wanted.len();
        let ends = bytes.get(end).is_none_or(|&byte| !is_part(byte));
        if !starts || is_host || !ends {
            continue;
        }
        let rest = bytes[end..].iter().take_while(|&&byte| is_part(byte) || byte == b'/').count();
        found.extend(ImagePath::absolute(&text[at..end + rest]));
    }
    found
}

/// A text with the variables of known values in it replaced, and `~`; `None` where it has neither.
fn spelled_out(text: &str, state: &State) -> Option<String> {
    if !text.contains('$') && !text.contains("~/") {
        return None;
    }
    let mut text = text.to_owned();
    if let Some(home) = state.home() {
        text = text.replace("~/", &format!("{home}/"));
    }
    if text.contains('$') {
        // The longest name first: `$A` is also the beginning of `$AB`.
        let mut known: Vec<_> = state.variables.iter().collect();
        known.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        for (name, variable) in known {
            let Some(value) = variable.value.as_deref() else { continue };
            text = text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_words_or_end_them() {
        let place = ImagePath::fixed("/opt/debs");
        let found = |text| paths_in(text, &place).iter().map(ToString::to_string).collect::<Vec<_>>();
        for text in
            ["/opt/debs", "deb [trusted=yes] file:/opt/debs ./", "file:///opt/debs/", "A=/opt/debs:/b"]
        {
            assert_eq!(found(text), ["/opt/debs"], "{text}");
        }
        assert_eq!(found("--cert=/opt/debs/a.crt,x"), ["/opt/debs/a.crt"]);
        for text in ["/opt/debs.list", "/x/opt/debs", "https://opt/debs", "${A}/opt/debs"] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
