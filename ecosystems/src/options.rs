//! The words of a command line, told apart: options, their values, operands.

use std::borrow::Cow;
use std::sync::OnceLock;

use dockfix_model::ImagePath;
use dockfix_model::commands::{Argument, Invocation};
use memchr::memmem;
use rustc_hash::FxHashMap;

/// How a program writes its options. An item of a list may be several, with white space between them.
#[derive(Clone, Copy)]
pub(crate) struct Grammar {
    /// Options that take a value: `--option` takes the next word or what follows `=`, `-o` the rest of its word or the
    /// next one.
    pub(crate) valued: &'static [&'static str],
    /// Options that take none, or one after `=` only.
    pub(crate) switches: &'static [&'static str],
    /// How words with one dash are read.
    pub(crate) short: Short,
    /// Whether options end at the first operand.
    pub(crate) ends_at_operand: bool,
    /// Where the options are kept by name, for the grammars by which most commands are read.
    pub(crate) table: Option<&'static Table>,
}

/// The options of a [`Grammar`] by name, with whether they take a value; filled when the first one is looked for.
pub(crate) struct Table(OnceLock<FxHashMap<&'static str, (&'static str, bool)>>);

/// How words with one dash are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Short {
    /// Letters that may stand together: `-qqy`.
    Clustered,
    /// As words with two dashes: `-ldflags x`, as Go programs do.
    Long,
    /// As words with two dashes, and a value may follow a colon: `-p:Version=1`, as MSBuild does.
    Colon,
    /// As words with two dashes, or else a letter with its value: `-ntp`, `-DskipTests`, as Maven and Gradle do.
    Attached,
}

/// A command line read with a [`Grammar`].
pub(crate) struct Words<'c> {
    /// The options in order.
    pub(crate) options: Vec<Given<'c>>,
    /// The operands in order.
    pub(crate) operands: Vec<Operand<'c>>,
}

/// An option that was given.
pub(crate) struct Given<'c> {
    /// Its name as it stands in the grammar.
    pub(crate) name: &'static str,
    /// What it is given.
    pub(crate) value: Value<'c>,
    /// The words that it stands in: its own, and the next one where that is its value.
    pub(crate) words: &'c [Argument<'c>],
}

impl Given<'_> {
    /// The option and its value as they stand in the file.
    pub(crate) fn written(&self) -> String {
        let words: Vec<_> = self.words.iter().map(|word| String::from_utf8_lossy(word.text)).collect();
        words.join(" ")
    }
}

/// The value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'c> {
    /// It takes none.
    None,
    /// This one.
    Known(&'c str),
    /// One with the value of a build argument in it: whatever that is, the same path is the same one, as
    /// [`ImagePath`] has it.
    Symbolic(&'c str),
    /// One that certainly begins like this; the rest is known only when the command runs.
    Unknown(Cow<'c, str>),
}

impl<'c> Value<'c> {
    /// A word as a value of its own.
    fn of(argument: &'c Argument<'c>) -> Self {
        match argument.value.as_deref() {
            Some(value) => Self::of_part(argument, value),
            None => Self::Unknown(beginning(argument)),
        }
    }

    /// What follows the name of the option in the same word.
    fn of_part(argument: &Argument<'_>, value: &'c str) -> Self {
        if argument.is_symbolic() && value.contains('$') { Self::Symbolic(value) } else { Self::Known(value) }
    }

    /// The value as a path, below `here` where it is not absolute; `None` where it is only known when the command runs.
    pub(crate) fn path(&self, here: Option<&ImagePath>) -> Option<ImagePath> {
        match self {
            Self::Known(value) | Self::Symbolic(value) => path(value, here),
            _ => None,
        }
    }

    /// The value where it is known.
    pub(crate) fn known(&self) -> Option<&str> {
        match self {
            Value::Known(value) => Some(value),
            _ => None,
        }
    }

    /// What the value certainly begins with.
    pub(crate) fn beginning(&self) -> &str {
        match self {
            Value::None => "",
            Value::Known(value) => value,
            Value::Symbolic(value) => value.split('$').next().unwrap_or_default(),
            Value::Unknown(beginning) => beginning,
        }
    }
}

/// A word that is no option.
pub(crate) struct Operand<'c> {
    /// The word.
    pub(crate) argument: &'c Argument<'c>,
    /// Its value where it is known. A build argument may be anything: a name, a path, an address.
    pub(crate) value: Option<&'c str>,
}

impl<'c> Operand<'c> {
    fn of(argument: &'c Argument<'c>) -> Self {
        let value = argument.value.as_deref().filter(|_| !argument.is_symbolic());
        Self { argument, value }
    }

    /// What the word certainly begins with: its value, or the text in front of the first expansion.
    pub(crate) fn beginning(&self) -> Cow<'_, str> {
        self.value.map_or_else(|| beginning(self.argument), Cow::Borrowed)
    }
}

impl<'c> Words<'c> {
    /// Reads the arguments of `command` from the one at `first` on; `None` where an option is not in the grammar or a
    /// word may be an option or none.
    pub(crate) fn read(command: &'c Invocation<'c>, first: usize, grammar: &Grammar) -> Option<Self> {
        let arguments = command.arguments.get(first..)?;
        let mut words = Self { options: Vec::new(), operands: Vec::with_capacity(arguments.len()) };
        let mut arguments = arguments.iter();
        loop {
            let (from, given) = (arguments.as_slice(), words.options.len());
            let Some(argument) = arguments.next() else { break };
            if grammar.ends_at_operand && !words.operands.is_empty() {
                words.operands.push(Operand::of(argument));
                continue;
            }
            let Some(value) = argument.value.as_deref() else {
                words.read_unknown(argument, grammar)?;
                words.place(given, from, 1);
                continue;
            };
            if value == "--" {
                words.operands.extend(arguments.by_ref().map(Operand::of));
                break;
            }
            if !value.starts_with('-') || value == "-" {
                words.operands.push(Operand::of(argument));
                continue;
            }
            let mut next = || arguments.next().map(Value::of);
            if value.starts_with("--") || grammar.short != Short::Clustered {
                words.read_long((argument, value), grammar, &mut next)?;
            } else {
                words.read_cluster((argument, &value[1..]), grammar, &mut next)?;
            }
            words.place(given, from, from.len() - arguments.as_slice().len());
        }
        Some(words)
    }

    /// Says of the options from the one of number `given` on that they stand in the first `count` words of `from`.
    fn place(&mut self, given: usize, from: &'c [Argument<'c>], count: usize) {
        for option in self.options.iter_mut().skip(given) {
            option.words = from.get(..count).unwrap_or(from);
        }
    }

    fn read_long(
        &mut self,
        (argument, word): (&'c Argument<'c>, &'c str),
        grammar: &Grammar,
        next: &mut dyn FnMut() -> Option<Value<'c>>,
    ) -> Option<()> {
        let (written, attached) = match grammar.split(word) {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let (name, takes_value, attached) = match grammar.find(written) {
            Some((name, takes_value)) => (name, takes_value, attached),
            None => grammar.letter(word).map(|(name, value)| (name, true, Some(value)))?,
        };
        let value = match attached {
            Some(value) => Value::of_part(argument, value),
            None if takes_value => next()?,
            None => Value::None,
        };
        self.options.push(Given { name, value, words: &[] });
        Some(())
    }

    fn read_cluster(
        &mut self,
        (argument, letters): (&'c Argument<'c>, &'c str),
        grammar: &Grammar,
        next: &mut dyn FnMut() -> Option<Value<'c>>,
    ) -> Option<()> {
        for (at, letter) in letters.char_indices() {
            let rest = &letters[at + letter.len_utf8()..];
            if letter == '=' && at > 0 {
                // `-q=2`
                return Some(());
            }
            let mut written = [0; 5];
            let written = {
                written[0] = b'-';
                let length = letter.encode_utf8(&mut written[1..]).len();
                std::str::from_utf8(&written[..=length]).ok()?
            };
            let (name, takes_value) = grammar.find(written)?;
            if takes_value {
                let value = match rest.strip_prefix('=').unwrap_or(rest) {
                    "" => next()?,
                    rest => Value::of_part(argument, rest),
                };
                self.options.push(Given { name, value, words: &[] });
                return Some(());
            }
            self.options.push(Given { name, value: Value::None, words: &[] });
        }
        Some(())
    }

    /// A word whose value is not known: an option with a value (`--version=$V`), or an operand.
    fn read_unknown(&mut self, argument: &'c Argument<'c>, grammar: &Grammar) -> Option<()> {
        let beginning = beginning(argument);
        if !beginning.starts_with('-') {
            self.operands.push(Operand { argument, value: None });
            return Some(());
        }
        let split = grammar.split(&beginning);
        let named = split.and_then(|(written, value)| Some((grammar.find(written)?, value)));
        let (name, value) = match named {
            Some(((name, true), value)) => (name, value),
            Some(_) => return None,
            None => grammar.letter(&beginning)?,
        };
        let value = Value::Unknown(Cow::Owned(value.to_owned()));
        self.options.push(Given { name, value, words: &[] });
        Some(())
    }

    /// Whether one of these options was given.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|option| names.contains(&option.name))
    }

    /// The value of the last of these options.
    pub(crate) fn value(&self, names: &[&str]) -> Option<&Value<'c>> {
        let option = self.options.iter().rev().find(|option| names.contains(&option.name))?;
        Some(&option.value)
    }

    /// The directory in which `command` works: the one that these options name, else the current one; `None` where it is
    /// only known when the command runs.
    pub(crate) fn directory(&self, command: &Invocation<'_>, names: &[&str]) -> Option<ImagePath> {
        let here = command.directory.as_ref();
        match self.value(names) {
            Some(value) => value.path(here),
            None => here.cloned(),
        }
    }
}

impl Table {
    /// A table to be filled.
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    fn find(&self, bare: &str, grammar: &Grammar) -> Option<(&'static str, bool)> {
        let options = self.0.get_or_init(|| {
            let mut options = FxHashMap::default();
            for (list, takes_value) in [(grammar.valued, true), (grammar.switches, false)] {
                for name in list.iter().flat_map(|row| row.split_ascii_whitespace()) {
                    options.entry(grammar.bare(name)).or_insert((name, takes_value));
                }
            }
            options
        });
        options.get(bare).copied()
    }
}

impl Grammar {
    /// The same grammar, with its options in a table.
    pub(crate) const fn kept_in(self, table: &'static Table) -> Self {
        Self { table: Some(table), ..self }
    }

    /// GNU's way: letters stand together, and operands anywhere.
    pub(crate) const fn gnu(valued: &'static [&'static str], switches: &'static [&'static str]) -> Self {
        Self { valued, switches, short: Short::Clustered, ends_at_operand: false, table: None }
    }

    /// The option as the grammar has it, and whether it takes a value. `-x` and `--x` are the same where words with one
    /// dash are read as long ones.
    fn find(&self, written: &str) -> Option<(&'static str, bool)> {
        let bare = self.bare(written);
        if let Some(table) = self.table {
            return table.find(bare, self);
        }
        if bare.is_empty() || bare.contains(|ch: char| ch.is_ascii_whitespace()) {
            return None;
        }
        let finder = memmem::Finder::new(bare);
        let among = |list: &'static [&'static str]| list.iter().find_map(|row| self.find_in(row, &finder));
        among(self.valued).map(|name| (name, true)).or_else(|| among(self.switches).map(|name| (name, false)))
    }

    /// What of an option's name counts: with long words of one dash, the dashes do not.
    fn bare<'w>(&self, written: &'w str) -> &'w str {
        if self.short == Short::Long { written.trim_start_matches('-') } else { written }
    }

    /// The option of a row of options that is written like what is looked for. The rows are long, so they are searched as
    /// text.
    fn find_in(&self, row: &'static str, finder: &memmem::Finder<'_>) -> Option<&'static str> {
        let (text, length) = (row.as_bytes(), finder.needle().len());
        finder.find_iter(text).find_map(|at| {
            let is_end = text.get(at + length).is_none_or(u8::is_ascii_whitespace);
            let before = text.get(..at)?;
            let dashes = before.iter().rev().take_while(|byte| **byte == b'-' && self.short == Short::Long);
            let start = at - dashes.count();
            let is_start = start == 0 || text.get(start - 1).is_some_and(u8::is_ascii_whitespace);
            if is_start && is_end { row.get(start..at + length) } else { None }
        })
    }

    /// The option that a word's first letter is, and the rest of the word, where its value is attached to it.
    fn letter<'w>(&self, word: &'w str) -> Option<(&'static str, &'w str)> {
        let end =
            1 + word.strip_prefix('-').filter(|_| self.short == Short::Attached)?.chars().next()?.len_utf8();
        let (name, true) = self.find(word.get(..end)?)? else { return None };
        Some((name, word.get(end..)?))
    }

    /// The name and the value of a word that holds both.
    fn split<'w>(&self, word: &'w str) -> Option<(&'w str, &'w str)> {
        match self.short {
            Short::Colon => word.split_once(['=', ':']),
            Short::Clustered | Short::Long | Short::Attached => word.split_once('='),
        }
    }
}

/// Whether a command writes one of these settings: after one of `verbs` (`config`) stands one of `keys`, alone or before `=`,
/// perhaps below a section (`global.cache-dir`). What only shows settings does not.
pub(crate) fn writes_setting(command: &Invocation<'_>, verbs: &[&str], keys: &[&str]) -> bool {
    let text = |argument| match argument {
        &Argument { value: Some(ref value), .. } => Cow::Borrowed(&**value),
        unknown => beginning(unknown),
    };
    let words: Vec<_> = command.arguments.iter().map(text).collect();
    let Some(verb) = words.iter().position(|word| verbs.contains(&&**word)) else { return false };
    let is_key = |word: &str| {
        let name = word.split('=').next().unwrap_or(word);
        keys.iter().any(|key| {
            name.strip_suffix(key).is_some_and(|section| section.is_empty() || section.ends_with('.'))
        })
    };
    let rest = &words[verb + 1..];
    !rest.iter().any(|word| matches!(&**word, "get" | "list" | "ls")) && rest.iter().any(|word| is_key(word))
}

/// The text of an argument in front of the first character that the shell treats specially.
pub(crate) fn beginning<'a>(argument: &'a Argument<'_>) -> Cow<'a, str> {
    let text = argument.text.strip_prefix(b"\"").unwrap_or(argument.text);
    let end = text.iter().position(|byte| b"$`*?[]{}~\\'\"".contains(byte)).unwrap_or(text.len());
    String::from_utf8_lossy(&text[..end])
}

/// The file that a word names, seen from `directory`, or a directory that holds what it may name: `/tmp` for
/// `/tmp/*.log` and for `/tmp/app-$VERSION.tgz`. A variable is taken not to climb out of the directory in front of it.
pub(crate) fn path_of(argument: &Argument<'_>, directory: Option<&ImagePath>) -> Option<ImagePath> {
    match (argument.value.as_deref(), argument.glob.as_deref()) {
        (Some(value), _) => path(value, directory),
        (None, Some(pattern)) => directory_in(pattern.split(['*', '?', '[', '\\']).next()?, true, directory),
        (None, None) => directory_in(&beginning(argument), false, directory),
    }
}

/// The path that a known text names.
pub(crate) fn path(text: &str, directory: Option<&ImagePath>) -> Option<ImagePath> {
    if text.is_empty() {
        return None;
    }
    ImagePath::absolute(text).or_else(|| Some(directory?.join(text)))
}

/// Whether a path lies below a directory that is known, and is no root of everything.
pub(crate) fn is_inside(path: &ImagePath, directory: Option<&ImagePath>) -> bool {
    directory.is_some_and(|directory| *directory != ImagePath::root() && path.below(directory).is_some())
}

/// The directory that a word begins with.
pub(crate) fn directory_in(
    beginning: &str,
    is_glob: bool,
    directory: Option<&ImagePath>,
) -> Option<ImagePath> {
    match beginning.rsplit_once('/') {
        Some(("", _)) => Some(ImagePath::root()),
        Some((start, _)) => path(start, directory),
        None if is_glob || !beginning.is_empty() => directory.cloned(),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_finds_what_a_search_does() {
        static TABLES: [Table; 2] = [Table::new(), Table::new()];
        let plain = Grammar::gnu(&["-o --option", "-t --to"], &["-q --quiet --opt -t", "--no-option"]);
        let long = Grammar { short: Short::Long, ..plain };
        for (grammar, table) in [plain, long].into_iter().zip(&TABLES) {
            let kept = grammar.kept_in(table);
            for written in
                ["-o", "--option", "--opt", "-opt", "-t", "--t", "option", "-", "--", "", "-o --option", "-x"]
            {
                assert_eq!(kept.find(written), grammar.find(written), "{written}");
            }
        }
    }
}
