//! What in a RUN empties a cache that is about to be mounted.
//!
//! Under a mount, removing what lies in it empties the cache for the next build; removing the mount point itself, or a
//! directory above it, fails with "Device or resource busy" and breaks the build (measured).

use std::borrow::Cow;

use dockfix_ecosystems::UsageKind;
use dockfix_model::ImagePath;
use dockfix_model::build::Step;
use dockfix_model::commands::{Action, Argument, Invocation};
use dockfix_syntax::Span;
use dockfix_syntax::shell::Operator;

use crate::analysis::Analysis;
use crate::naming;

/// What has to go.
#[derive(Debug, Default)]
pub(super) struct Cleaning {
    /// Numbers of whole links.
    pub(super) links: Vec<usize>,
    /// Words of `rm` that name what lies in a cache.
    pub(super) words: Vec<Span>,
}

impl Cleaning {
    pub(super) fn is_empty(&self) -> bool {
        self.links.is_empty() && self.words.is_empty()
    }
}

/// How a word of a command relates to a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Elsewhere,
    /// It names the directory, or something in it.
    Inside,
    /// It names a directory above it, or a pattern that takes one in.
    Above,
}

/// What is looked for, and where words are resolved.
pub(super) struct Search<'s> {
    /// The directories that are to be mounted.
    pub(super) directories: &'s [&'s ImagePath],
    /// The home directory of the user, where it is known.
    pub(super) home: Option<ImagePath>,
    /// The working directory, where it is known.
    pub(super) workdir: Option<ImagePath>,
    /// The managers whose caches they are.
    pub(super) managers: &'s [&'static str],
    /// The shell is known to take braces as they stand, as dash and busybox's ash do.
    pub(super) braces_stand: bool,
}

/// Finds what empties the directories. The error says why a mount cannot be.
pub(super) fn find(analysis: &Analysis<'_>, search: &Search<'_>) -> Result<Cleaning, String> {
    let mut cleaning = Cleaning::default();
    let text = analysis.chain.text;
    for (number, (link, piece)) in analysis.chain.links.iter().zip(&*analysis.pieces).enumerate() {
        let (links, words) = (cleaning.links.len(), cleaning.words.len());
        let cleans = piece.managed.iter().any(|managed| {
            managed.usage.kind == UsageKind::CleanCache && search.managers.contains(&managed.ecosystem.name())
        });
        match &link.action {
            action if is_made_of_output(action) => search.check_text(link.span.of(text))?,
            Action::Pipeline(commands) if cleans => {
                if commands.len() > 1 {
                    return Err("the cache is cleaned in a pipeline".to_owned());
                }
                cleaning.links.push(number);
            }
            Action::Pipeline(commands) => match &commands[..] {
                [command] if command.program == "rm" => {
                    search.remove(command, number, text, &mut cleaning)?;
                }
                _ => commands.iter().try_for_each(|command| search.leaves_alone(command, text))?,
            },
            _ => search.check_text(link.span.of(text))?,
        }
        if (links, words) != (cleaning.links.len(), cleaning.words.len()) {
            check_traces(&link.action)?;
        }
    }
    if !cleaning.links.is_empty() && text.windows(2).any(|bytes| bytes == b"$?") {
        return Err("a command reads the status of one that would go".to_owned());
    }
    Ok(cleaning)
}

/// Whether a command has words that others print, of which the text tells more than the words do.
fn is_made_of_output(action: &Action<'_>) -> bool {
    matches!(action, Action::Pipeline(commands) if commands.iter().any(|command| !command.substituted.is_empty()))
}

/// What goes must not have written anything down.
fn check_traces(action: &Action<'_>) -> Result<(), String> {
    let Action::Pipeline(commands) = action else { return Ok(()) };
    let is_kept = |path: &Option<ImagePath>| path.as_ref().is_none_or(|path| path.as_str() != "/dev/null");
    let writes = commands
        .iter()
        .find(|command| command.redirects.iter().any(|(is_written, path)| *is_written && is_kept(path)));
    match writes {
        Some(command) => Err(format!("what `{}` writes to a file would be missing", command.program)),
        None => Ok(()),
    }
}

/// Whether the RUN removes all that lies in `directory` behind the link of this number, so that nothing is left for later
/// steps.
pub(crate) fn empties(analysis: &Analysis<'_>, directory: &ImagePath, after: usize) -> bool {
    let links = &analysis.chain.links;
    (after..links.len()).any(|number| match &links[number].action {
        // Behind `||` it may never be run.
        _ if number > 0 && matches!(links[number - 1].operator, Some((Operator::Or, _))) => false,
        Action::Pipeline(commands) => commands.iter().any(|command| removes_all(command, directory)),
        _ => false,
    })
}

/// Whether a command removes all that lies in `directory`.
pub(crate) fn removes_all(command: &Invocation<'_>, directory: &ImagePath) -> bool {
    command.program == "rm"
        && command.arguments.iter().any(|argument| {
            // apt names its lists after their addresses, with `_` for `/` (apt, `URItoFileName`).
            let glob = argument.glob.as_deref();
            let all = glob.and_then(|glob| glob.strip_suffix("/*").or_else(|| glob.strip_suffix("/*_*")));
            let whole = all.or(argument.value.as_deref());
            whole.and_then(ImagePath::absolute).is_some_and(|path| directory.below(&path).is_some())
        })
}

/// The first command that would miss what lies in the directories, as written: it names them, something in them, or what is
/// there because of them alone.
pub(super) fn missed_by(analysis: &Analysis<'_>, search: &Search<'_>) -> Option<String> {
    let text = analysis.chain.text;
    for link in analysis.chain.links.iter() {
        let commands = match &link.action {
            Action::Pipeline(commands) if !is_made_of_output(&link.action) => Some(commands),
            _ => None,
        };
        let Some(commands) = commands else {
            if search.text_misses(link.span.of(text)) {
                return Some(shown(link.span.of(text)));
            }
            continue;
        };
        let managed = |command: &Invocation<'_>| {
            analysis.managed().any(|managed| {
                managed.command().span == command.span && search.managers.contains(&managed.ecosystem.name())
            })
        };
        let command = commands.iter().find(|command| {
            if search.makes_beside(command, text) && !search.has_made_room(analysis) {
                return true;
            }
            let is_content = DO_WITHOUT.contains(&&*command.program)
                || (command.program == "rm" && is_forced(command))
                || managed(command);
            !is_content
                && command.arguments.iter().any(|argument| {
                    let word = search.word(argument, command, text);
                    word.is_ok_and(|word| search.would_miss(&word, command.directory.as_ref()))
                })
        });
        if let Some(command) = command {
            return Some(shown(command.span.of(text)));
        }
    }
    None
}

/// The beginning of a command, for a message.
fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let words: Vec<_> = text.split_ascii_whitespace().take(4).collect();
    words.join(" ")
}

/// Whether a command makes the directories above what it makes, where they are missing: `mkdir -p`, `install -D`.
fn makes_parents(command: &Invocation<'_>) -> bool {
    let short = match &*command.program {
        "mkdir" => 'p',
        "install" => 'D',
        _ => return false,
    };
    let mut options = command.arguments.iter().filter_map(|argument| argument.value.as_deref());
    options.any(|word| {
        word == "--parents"
            || word.strip_prefix('-').is_some_and(|rest| !rest.starts_with('-') && rest.contains(short))
    })
}

/// Whether an `rm` does not mind what is not there.
fn is_forced(command: &Invocation<'_>) -> bool {
    let options = command.arguments.iter().filter_map(|argument| argument.value.as_deref());
    let mut options = options.filter(|word| word.starts_with('-'));
    options.any(|word| word == "--force" || (!word.starts_with("--") && word.contains('f')))
}

/// Commands that do not look at what they name, or make it.
const DO_WITHOUT: [&str; 6] = ["mkdir", "echo", "printf", "export", "true", ":"];

/// Directories that every image has which has a package manager.
const EVERYWHERE: &str = "/ /etc /home /opt /root /srv /tmp /usr /usr/lib /usr/local /usr/local/bin /usr/local/bundle /usr/local/lib \
    /usr/local/share /usr/share /var /var/cache /var/lib /var/lib/apt /var/tmp";

/// Commands that work on whole trees.
const WALKERS: [&str; 12] =
    ["rm", "chown", "chmod", "chgrp", "mv", "cp", "find", "tar", "rsync", "setfacl", "ln", "du"];

impl<'s> Search<'s> {
    /// What is looked for in the RUN of a step.
    pub(super) fn of(
        step: &Step<'_>,
        directories: &'s [&'s ImagePath],
        managers: &'s [&'static str],
    ) -> Self {
        let (home, workdir) = (step.state.home(), step.state.workdir.clone());
        Self { directories, home, workdir, managers, braces_stand: false }
    }

    /// What is not read further must leave the directories alone, as far as its text tells.
    fn check_text(&self, text: &[u8]) -> Result<(), String> {
        self.mentions(text)?;
        match removes_what_is_not_known(&String::from_utf8_lossy(text)) {
            true => Err("what a command that is not read further removes is not known".to_owned()),
            false => Ok(()),
        }
    }

    /// The words of an `rm` that have to go; the whole link where nothing else is left.
    fn remove(
        &self,
        command: &Invocation<'_>,
        number: usize,
        text: &[u8],
        cleaning: &mut Cleaning,
    ) -> Result<(), String> {
        let mut words = Vec::new();
        let mut stays = false;
        for argument in command.arguments.iter().filter(|argument| !argument.text.starts_with(b"-")) {
            let word = self.word(argument, command, text)?;
            if self.stands(&word) {
                stays = true;
                continue;
            }
            match self.relation(&word, command.directory.as_ref()) {
                Relation::Elsewhere => stays = true,
                Relation::Inside => words.push(argument.span),
                Relation::Above if word.contains('{') && word.contains(',') => {
                    return Err(format!("`rm {word}` would fail on the mount point where the shell is bash"));
                }
                Relation::Above => return Err(format!("`rm {word}` would fail on the mount point")),
            }
        }
        if !words.is_empty() && !stays {
            cleaning.links.push(number);
        } else {
            cleaning.words.extend(words);
        }
        Ok(())
    }

    /// Whether a word with braces names a file that is called so, and nothing else.
    fn stands(&self, word: &str) -> bool {
        let has_braces = |text: &str| text.contains('{');
        self.braces_stand
            && word.starts_with('/')
            && has_braces(word)
            && !word.contains(['$', '`', '*', '?', '[', '\\'])
            && !self.directories.iter().any(|directory| has_braces(directory.as_str()))
    }

    /// Any other command must not name the directories, or it would work on the mount instead of the image.
    fn leaves_alone(&self, command: &Invocation<'_>, text: &[u8]) -> Result<(), String> {
        let walks = WALKERS.contains(&&*command.program);
        if ["clean", "purge"].iter().any(|part| command.program.contains(part))
            && command.program.contains(['.', '-', '_'])
        {
            return Err(format!("`{}` may remove what lies in the mount", command.program));
        }
        for (number, argument) in command.arguments.iter().enumerate() {
            // A script in quotes.
            if let Some(script) =
                argument.value.as_deref().filter(|value| value.contains(char::is_whitespace))
            {
                self.mentions(script.as_bytes())?;
                continue;
            }
            let word = match self.word(argument, command, text) {
                Ok(word) => word,
                Err(reason) if walks => return Err(reason),
                Err(_) => continue,
            };
            // `cd /root` does not mind; what walks the tree does.
            let is_hit = match self.relation(&word, command.directory.as_ref()) {
                Relation::Elsewhere => false,
                Relation::Inside => true,
                Relation::Above => walks && !self.only_adds(command, number, &word, text),
            };
            if is_hit {
                return Err(format!(
                    "`{}` would work on the mount",
                    naming::with_word(text, command, argument)
                ));
            }
        }
        Ok(())
    }

    /// Whether a command that walks trees only adds to the directory above a mount that its argument of this number is: `mv x /`
    /// and `cp x /` make `/x`, and an archive holds what it holds, as a script that is not read does what it does.
    fn only_adds(&self, command: &Invocation<'_>, number: usize, directory: &str, text: &[u8]) -> bool {
        let words = || command.arguments.iter().map(|argument| argument.value.as_deref().unwrap_or_default());
        match &*command.program {
            "cp" | "mv" => {
                let is_option = |argument: &Argument<'_>| argument.text.starts_with(b"-");
                // cp(1): `-t`, `-T` and `--parents` give the directory another part, or the files other names.
                let is_plain = words().filter(|word| word.starts_with('-')).all(|option| {
                    let is_long = option.starts_with("--t")
                        || option.starts_with("--no-t")
                        || option.starts_with("--p") && !option.starts_with("--preserve");
                    !is_long && (option.starts_with("--") || !option.contains(['t', 'T']))
                });
                let makes_nothing_there = |argument: &Argument<'_>| {
                    let Ok(source) = self.word(argument, command, text) else { return false };
                    let source = source.trim_end_matches('/');
                    let name = source.rsplit_once('/').map_or(source, |(_, name)| name);
                    let made = format!("{}/{name}", directory.trim_end_matches('/'));
                    // Braces may hold a slash.
                    !matches!(name, "" | "." | "..")
                        && !source.contains('{')
                        && self.relation(&made, command.directory.as_ref()) == Relation::Elsewhere
                };
                let mut sources =
                    command.arguments.iter().take(number).filter(|word| !is_option(word)).peekable();
                number + 1 == command.arguments.len()
                    && is_plain
                    && !directory.contains(['*', '?', '[', '$', '{'])
                    && sources.peek().is_some()
                    && sources.all(makes_nothing_there)
            }
            "tar" => {
                let is_short = |word: &str| word.starts_with('-') && !word.starts_with("--");
                let unpacks = words().enumerate().any(|(number, word)| {
                    matches!(word, "--extract" | "--get")
                        || (number == 0 && !word.starts_with("--") || is_short(word))
                            && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphabetic())
                            && word.contains('x')
                });
                let option = number.checked_sub(1).and_then(|before| words().nth(before));
                let is_destination = option.is_some_and(|option| {
                    option == "--directory" || is_short(option) && option.ends_with('C')
                });
                unpacks && is_destination
            }
            _ => false,
        }
    }

    /// A word with the home directory in the place of `~` and `$HOME`. The error is for a word that may name anything.
    fn word<'w>(
        &self,
        argument: &'w Argument<'_>,
        command: &Invocation<'_>,
        text: &[u8],
    ) -> Result<Cow<'w, str>, String> {
        if let Some(known) = argument.glob.as_deref().or(argument.value.as_deref()) {
            return Ok(known.into());
        }
        let written = String::from_utf8_lossy(argument.text).replace(['"', '\''], "");
        let current = command.directory.as_ref().map(ToString::to_string);
        let home = self.home.as_ref().map(ToString::to_string);
        let places =
            [("~", &home), ("$HOME", &home), ("${HOME}", &home), ("$PWD", &current), ("${PWD}", &current)];
        let known = places.iter().find_map(|(name, place)| {
            let rest = written.strip_prefix(name)?;
            (rest.is_empty() || rest.starts_with('/'))
                .then(|| place.as_ref().map(|place| format!("{place}{rest}")))?
        });
        let word = known.unwrap_or(written);
        // A variable that the script sets holds what its text says; others may hold anything.
        let name = word.strip_prefix('$').map(|rest| rest.trim_start_matches('{'));
        let name = name.map(|rest| {
            rest.split(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_').next().unwrap_or(rest)
        });
        let unknown = || Err(format!("what `{} {word}` names is not known", command.program));
        match name {
            Some(name) => match assigned(text, name) {
                Some(value) if value.starts_with('/') => {
                    let rest = word.trim_start_matches(['$', '{']).strip_prefix(name).unwrap_or_default();
                    Ok(format!("{value}{}", rest.trim_start_matches('}')).into())
                }
                Some(_) => Ok(word.into()),
                None => unknown(),
            },
            None => Ok(word.into()),
        }
    }

    /// Whether what a COPY or a mount takes from the image holds the directories, and then whether it is there without them;
    /// `None` where it lies elsewhere.
    pub(super) fn takes(&self, source: &str) -> Option<bool> {
        let source =
            if source.starts_with('/') { Cow::Borrowed(source) } else { format!("/{source}").into() };
        match self.relation(&source, None) {
            Relation::Elsewhere => None,
            _ => Some(!source.contains(['*', '?', '[']) && !self.would_miss(&source, None)),
        }
    }

    /// Whether a word names what would no longer be there: the directories, something in them, or what they alone make.
    fn would_miss(&self, word: &str, current: Option<&ImagePath>) -> bool {
        match self.relation(word, current) {
            Relation::Elsewhere => false,
            Relation::Inside => true,
            Relation::Above => {
                // What comes before the first wildcard or variable is certain.
                let fixed = match word.find(['*', '?', '[', '$', '{', '`']) {
                    Some(at) => word[..at].rsplit_once('/').map_or("", |(directory, _)| directory),
                    None => word,
                };
                let fixed = if fixed.is_empty() && word.starts_with('/') { "/" } else { fixed };
                let path = ImagePath::absolute(fixed).or_else(|| Some(current?.join(fixed)));
                path.is_some_and(|path| !self.is_there(&path))
            }
        }
    }

    /// Whether a command makes something right beside the directories, in one that may be there because of them alone.
    fn makes_beside(&self, command: &Invocation<'_>, text: &[u8]) -> bool {
        const MAKERS: [&str; 7] = ["mkdir", "touch", "ln", "cp", "mv", "tee", "install"];
        let is_one = MAKERS.contains(&&*command.program) && !makes_parents(command);
        let written = command.redirects.iter().filter(|(is_written, _)| *is_written);
        written.filter_map(|(_, path)| path.as_ref()).any(|path| self.is_beside(path))
            || is_one && self.names_beside(command, text)
    }

    /// Whether a RUN makes that directory itself, if it is not there.
    fn has_made_room(&self, analysis: &Analysis<'_>) -> bool {
        let mut commands = analysis.chain.invocations().into_iter();
        commands.any(|command| makes_parents(command) && self.names_beside(command, analysis.chain.text))
    }

    fn names_beside(&self, command: &Invocation<'_>, text: &[u8]) -> bool {
        command.arguments.iter().any(|argument| {
            let word = self.word(argument, command, text).unwrap_or_default();
            let path = ImagePath::absolute(&word).or_else(|| Some(command.directory.as_ref()?.join(&word)));
            path.is_some_and(|path| self.is_beside(&path))
        })
    }

    fn is_beside(&self, path: &ImagePath) -> bool {
        self.directories.iter().any(|directory| {
            let parent = directory.parent().unwrap_or_else(ImagePath::root);
            path.below(directory).is_none() && path.below(&parent).is_some() && !self.is_there(&parent)
        })
    }

    /// Whether a directory is in the image whatever was installed.
    fn is_there(&self, path: &ImagePath) -> bool {
        let holds =
            |place: &Option<ImagePath>| place.as_ref().is_some_and(|place| place.below(path).is_some());
        holds(&self.home)
            || holds(&self.workdir)
            || EVERYWHERE.split_ascii_whitespace().any(|place| place == path.as_str())
    }

    /// Whether a look at a word is enough to tell that it leads neither to a directory that is looked for nor to one above
    /// it: most words are options, names of packages, or paths that part from it at their first name.
    fn is_at_a_glance_elsewhere(&self, word: &str, current: Option<&ImagePath>) -> bool {
        let bytes = word.as_bytes();
        if matches!(bytes, [b'-' | b'$' | b'~', ..]) {
            return true;
        }
        // A pattern or a variable may stand for any name, and `.` and `..` lead on.
        let is_open = bytes.iter().any(|byte| matches!(byte, b'*' | b'?' | b'[' | b'$' | b'{'));
        if is_open
            || bytes.starts_with(b".")
            || bytes.windows(2).any(|pair| pair[0] == b'.' && pair[1] == b'.')
        {
            return false;
        }
        let parts_from = |path: &str, word: &str| {
            let name = first_name(word);
            !matches!(name, "" | ".") && first_name(path) != name
        };
        match (word.strip_prefix('/'), current) {
            (Some(word), _) => self.directories.iter().all(|directory| {
                directory.as_str().strip_prefix('/').is_some_and(|path| parts_from(path, word))
            }),
            (None, Some(current)) => {
                self.directories.iter().all(|directory| match directory.below(current) {
                    Some(below) => !below.is_empty() && parts_from(below, word),
                    None => current.below(directory).is_none(),
                })
            }
            (None, None) => false,
        }
    }

    fn relation(&self, text: &str, current: Option<&ImagePath>) -> Relation {
        if self.is_at_a_glance_elsewhere(text, current) {
            return Relation::Elsewhere;
        }
        // What comes before the first wildcard or variable is certain.
        let (fixed, is_open) = match text.find(['*', '?', '[', '$', '{']) {
            Some(at) => (text[..at].rsplit_once('/').map_or("", |(directory, _)| directory), true),
            None => (text, false),
        };
        let path = if text.starts_with('/') {
            ImagePath::absolute(if fixed.is_empty() { "/" } else { fixed })
        } else if text.starts_with(['-', '$', '~']) {
            None
        } else if let Some(current) = current {
            Some(current.join(fixed))
        } else {
            // Somewhere: only the names tell.
            let names = |directory: &&ImagePath| {
                text.split('/')
                    .any(|name| name.len() > 1 && directory.as_str().split('/').any(|part| part == name))
            };
            return if self.directories.iter().any(names) { Relation::Above } else { Relation::Elsewhere };
        };
        let Some(path) = path else { return Relation::Elsewhere };
        for directory in self.directories {
            if path.below(directory).is_some() {
                return Relation::Inside;
            }
            if let Some(rest) = directory.below(&path) {
                let first = rest.split('/').next().unwrap_or_default();
                let pattern = text.get(fixed.len()..).unwrap_or_default().trim_start_matches('/');
                let pattern = pattern.split('/').next().unwrap_or_default();
                // The shell's `[!x]` is no pattern of Docker's.
                let reaches = !is_open
                    || pattern.contains(['$', '{', '['])
                    || dockfix_model::pattern::matches(pattern, first).unwrap_or(true);
                if reaches {
                    return Relation::Above;
                }
            }
        }
        Relation::Elsewhere
    }

    /// Text that is not read further must not name the directories, nor work on what lies above them.
    fn mentions(&self, text: &[u8]) -> Result<(), String> {
        let text = String::from_utf8_lossy(text);
        let walks = text.split(ends_word).any(|word| WALKERS.contains(&word));
        for word in self.places(&text) {
            let is_hit = match self.relation(&word, None) {
                Relation::Elsewhere => false,
                Relation::Inside => true,
                Relation::Above => walks,
            };
            if is_hit {
                return Err(format!("a command that is not read further names {word}"));
            }
        }
        Ok(())
    }

    /// Whether text that is not read further names what would no longer be there.
    fn text_misses(&self, text: &[u8]) -> bool {
        self.places(&String::from_utf8_lossy(text)).any(|word| self.would_miss(&word, None))
    }

    /// The words of a text that are paths from the root, the home directory in the place of `~` and `$HOME`.
    fn places<'t>(&self, text: &'t str) -> impl Iterator<Item = String> + use<'t> {
        let home = self.home.as_ref().map(ToString::to_string).unwrap_or_default();
        // In `$(which tar)~` the word does not begin with `~`.
        let words = text.split_inclusive(ends_word).scan(None, |before, piece| {
            let begins = !matches!(before, Some(')' | '`'));
            *before = piece.chars().next_back();
            Some((begins, piece.trim_end_matches(ends_word)))
        });
        let words = words.map(move |(begins, word)| {
            let homes = ["~", "$HOME", "${HOME}"];
            let known = homes.iter().skip(usize::from(!begins)).find_map(|name| {
                let rest = word.strip_prefix(name)?;
                (rest.is_empty() || rest.starts_with('/')).then(|| format!("{home}{rest}"))
            });
            known.unwrap_or_else(|| word.to_owned())
        });
        words.filter(|word| word.starts_with('/'))
    }
}

/// The first name in a relative path.
fn first_name(path: &str) -> &str {
    let end = path.bytes().position(|byte| byte == b'/').unwrap_or(path.len());
    &path[..end]
}

/// Whether a character ends a word in text that is not read further.
fn ends_word(ch: char) -> bool {
    ch.is_whitespace() || "\"';&|()<>=:,`".contains(ch)
}

/// Whether an `rm` in a text is given what only another command or a variable tells.
fn removes_what_is_not_known(text: &str) -> bool {
    let mut commands = text.split([';', '&', '|', '\n']);
    commands.any(|command| {
        let mut words = command.split_ascii_whitespace().skip_while(|word| !matches!(*word, "rm" | "rmdir"));
        words.next().is_some()
            && words.any(|word| {
                let word = word.trim_start_matches('"');
                let is_substitution = word.starts_with("$(") || word.starts_with('`');
                let name = word.strip_prefix('$').map(|rest| rest.trim_start_matches('{'));
                let is_home = name.is_some_and(|name| name.starts_with("HOME"));
                is_substitution || (name.is_some() && !is_home)
            })
    })
}

/// The text that a script assigns to a variable, the last time it does.
fn assigned(text: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let at = text.rfind(&format!("{name}=")).filter(|_| !name.is_empty())?;
    let value = text[at + name.len() + 1..].trim_start_matches(['"', '\'']);
    let end = value.find(|ch: char| ch.is_whitespace() || ";&|\"'".contains(ch)).unwrap_or(value.len());
    Some(value[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_inside_from_above() {
        let lists = ImagePath::absolute("/var/lib/apt/lists").unwrap();
        let search =
            Search { directories: &[&lists], home: None, workdir: None, managers: &[], braces_stand: false };
        let of = |text: &str| search.relation(text, None);
        assert_eq!(of("/var/lib/apt/lists/*"), Relation::Inside);
        assert_eq!(of("/var/lib/apt/lists"), Relation::Inside);
        assert_eq!(of("/var/lib/apt"), Relation::Above);
        assert_eq!(of("/var/lib/*"), Relation::Above);
        assert_eq!(of("/var/lib/$X"), Relation::Above);
        assert_eq!(of("/var/lib/dpkg*"), Relation::Elsewhere);
        assert_eq!(of("/tmp/*"), Relation::Elsewhere);
        assert_eq!(of("/var/lib/apt/extended_states"), Relation::Elsewhere);
        assert_eq!(of("apt"), Relation::Above);
        assert_eq!(of("-rf"), Relation::Elsewhere);
    }
}
