//! Commands of the shell and of coreutils that work on the files they name.

use dockfix_model::commands::Argument;

use super::touched::Touched;
use crate::options::{Grammar, Words};

/// What a command does with its operands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operands {
    /// Reads them.
    Read,
    /// Reads them, or the working directory where there are none.
    ReadOrHere,
    /// Writes them.
    Written,
    /// They are no files.
    Words,
}

/// A command that treats all its operands alike.
struct Uniform {
    names: &'static [&'static str],
    operands: Operands,
    /// How many operands in front are something else, such as a mode.
    skipped: usize,
    grammar: Grammar,
}

const fn uniform(
    names: &'static [&'static str],
    operands: Operands,
    skipped: usize,
    valued: &'static [&'static str],
    switches: &'static [&'static str],
) -> Uniform {
    Uniform { names, operands, skipped, grammar: Grammar::gnu(valued, switches) }
}

/// coreutils, and what busybox has of it. Options that name files of their own are left out, so that they are not known.
const UNIFORM: &[Uniform] = &[
    uniform(
        &["rm", "unlink"],
        Operands::Written,
        0,
        &[],
        &["-r -R -f -i -I -v -d --recursive --force --verbose --dir --one-file-system --no-preserve-root"],
    ),
    uniform(&["rmdir"], Operands::Written, 0, &[], &["-p -v --parents --verbose --ignore-fail-on-non-empty"]),
    uniform(
        &["touch"],
        Operands::Written,
        0,
        &["-d -t --date --time"],
        &["-a -c -m -h --no-create --no-dereference"],
    ),
    uniform(&["truncate"], Operands::Written, 0, &["-s --size"], &["-c -o --no-create"]),
    uniform(&["tee"], Operands::Written, 0, &[], &["-a -i -p --append --ignore-interrupts"]),
    uniform(
        &["chmod"],
        Operands::Written,
        1,
        &[],
        &["-R -v -c -f --recursive --verbose --changes --silent --quiet --preserve-root --no-preserve-root"],
    ),
    uniform(
        &["chown", "chgrp"],
        Operands::Written,
        1,
        &["--from"],
        &["-R -v -c -f -h -P --recursive --verbose --changes --silent --quiet \
            --no-dereference --preserve-root --no-preserve-root"],
    ),
    uniform(&["setcap"], Operands::Written, 1, &[], &["-q -v -n"]),
    uniform(
        &["strip"],
        Operands::Written,
        0,
        &["-R --remove-section -K --keep-symbol -N --strip-symbol"],
        &["-s -S -g -d -p -x -X -v --strip-all --strip-debug --strip-unneeded --preserve-dates --verbose"],
    ),
    uniform(&["cat", "tac"], Operands::Read, 0, &[], &["-A -b -e -E -n -s -t -T -u -v"]),
    uniform(
        &["head", "tail"],
        Operands::Read,
        0,
        &["-n -c --lines --bytes"],
        &["-q -v -z --quiet --silent --verbose -0 -1 -2 -3 -4 -5 -6 -7 -8 -9"],
    ),
    uniform(&["wc"], Operands::Read, 0, &[], &["-c -l -m -w -L --bytes --lines --words --chars"]),
    uniform(
        &["cut"],
        Operands::Read,
        0,
        &["-b -c -d -f --bytes --characters --delimiter --fields --output-delimiter"],
        &["-s -n -z --only-delimited --complement"],
    ),
    uniform(
        &["sort"],
        Operands::Read,
        0,
        &["-k -t -S --key --field-separator"],
        &["-b -c -d -f -g -h -i -M -m -n -r -R -s -u -V -z --unique --reverse --version-sort --numeric-sort"],
    ),
    uniform(&["uniq"], Operands::Written, 0, &[], &["-c -d -D -i -u -z --count --repeated --unique"]),
    uniform(&["stat"], Operands::Read, 0, &["-c --format --printf"], &["-L -f -t"]),
    uniform(&["file"], Operands::Read, 0, &[], &["-b -i -L -h --brief --mime --mime-type"]),
    uniform(&["readlink", "realpath"], Operands::Read, 0, &[], &["-f -e -m -n -q -s -z"]),
    uniform(&["strings"], Operands::Read, 0, &["-n"], &["-a"]),
    uniform(&["diff", "cmp"], Operands::Read, 0, &[], &["-q -r -s -u -N -b -w -B"]),
    uniform(&["getcap", "ldd"], Operands::Read, 0, &[], &["-r -v"]),
    uniform(
        &["ls"],
        Operands::ReadOrHere,
        0,
        &[],
        &[
            "-a -A -b -C -d -F -g -G -h -H -i -k -l -L -m -n -o -p -q -Q -r -R -s -S -t -u -U -v -x -X -Z -1 --all \
            --color --full-time --human-readable --recursive",
        ],
    ),
    uniform(
        &["du"],
        Operands::ReadOrHere,
        0,
        &["-d --max-depth"],
        &["-a -c -h -H -k -l -L -m -P -s -S -x --summarize --human-readable --total"],
    ),
    uniform(&["df"], Operands::Read, 0, &[], &["-a -h -H -i -k -l -m -P -T --human-readable --total"]),
    uniform(
        &[
            "md5sum",
            "sha1sum",
            "sha224sum",
            "sha256sum",
            "sha384sum",
            "sha512sum",
            "b2sum",
            "cksum",
            "sum",
            "shasum",
        ],
        Operands::Read,
        0,
        &["-a --algorithm"],
        &["-b -t -w -z --binary --text --tag"],
    ),
    uniform(
        &["date"],
        Operands::Words,
        0,
        &["-d --date"],
        &["-u -R -I --utc --universal --iso-8601 --rfc-3339"],
    ),
    uniform(
        &["id", "whoami", "groups", "uname", "arch", "nproc", "sync", "tty"],
        Operands::Words,
        0,
        &[],
        &["-a -g -G -m -n -p -r -s -u -v"],
    ),
    uniform(
        &["getconf", "getent", "which", "pwd", "sleep", "seq", "basename", "dirname"],
        Operands::Words,
        0,
        &["-w -f"],
        &["-a -s -z -L -P"],
    ),
    uniform(&["tr"], Operands::Words, 0, &[], &["-c -C -d -s -t --delete --squeeze-repeats --complement"]),
];

/// The command, where it treats all its operands alike; the outer `None` says that it is none of those.
pub(super) fn touch(touched: &mut Touched<'_>) -> Option<Option<()>> {
    let program = &*touched.command.program;
    let uniform = UNIFORM.iter().find(|uniform| uniform.names.contains(&program))?;
    Some(touch_uniform(touched, uniform))
}

fn touch_uniform(touched: &mut Touched<'_>, uniform: &Uniform) -> Option<()> {
    let words = touched.words(&uniform.grammar)?;
    if uniform.operands == Operands::Words {
        return Some(());
    }
    if uniform.operands == Operands::ReadOrHere && words.operands.is_empty() {
        touched.reads(touched.command.directory.clone()?);
    }
    for operand in words.operands.iter().skip(uniform.skipped) {
        match uniform.operands {
            Operands::Written => touched.writes(touched.operand(operand)?),
            // `-` is the standard input.
            _ if operand.value == Some("-") => {}
            _ => touched.reads(touched.operand(operand)?),
        }
    }
    Some(())
}

/// `mkdir`.
pub(super) fn mkdir(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&Grammar::gnu(&["-m --mode"], &["-p -v --parents --verbose"]))?;
    for operand in &words.operands {
        touched.makes(touched.operand(operand)?);
    }
    Some(())
}

/// `cp`, `mv`: the last operand is written, or the directory of `-t`.
pub(super) fn copy(touched: &mut Touched<'_>) -> Option<()> {
    const SWITCHES: &[&str] = &[
        "-a -b -d -f -H -i -l -L -n -p -P -r -R -s -T -u -v -x -Z --archive --force --link --no-clobber",
        "--no-dereference --dereference --no-target-directory --one-file-system --parents --preserve --recursive",
        "--symbolic-link --update --verbose --reflink --sparse --no-preserve --remove-destination --interactive",
    ];
    let moves = touched.command.program == "mv";
    let words = touched.words(&Grammar::gnu(&["-t --target-directory -S --suffix"], SWITCHES))?;
    touched.reads_variables(&["SIMPLE_BACKUP_SUFFIX", "VERSION_CONTROL"]);
    place(touched, &words, moves)
}

/// The operands of `cp` and its kind: sources and a destination.
fn place(touched: &mut Touched<'_>, words: &Words<'_>, moves: bool) -> Option<()> {
    let mut sources = &words.operands[..];
    let target = match words.value(&["-t", "--target-directory"]) {
        Some(directory) => touched.value(directory)?,
        None => {
            let (target, others) = sources.split_last()?;
            sources = others;
            touched.operand(target)?
        }
    };
    if sources.is_empty() {
        return None;
    }
    touched.writes(target);
    for source in sources {
        let source = touched.operand(source)?;
        if moves { touched.writes(source) } else { touched.reads(source) }
    }
    Some(())
}

/// `install`, which with `-d` makes directories.
pub(super) fn install(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&Grammar::gnu(
        &["-m --mode -o --owner -g --group -t --target-directory -S --suffix"],
        &["-b -c -C -d -D -p -s -T -v --directory --compare --preserve-timestamps --strip --verbose"],
    ))?;
    if words.has(&["-d", "--directory"]) {
        for operand in &words.operands {
            touched.makes(touched.operand(operand)?);
        }
        return Some(());
    }
    if words.has(&["-D"]) {
        let target = match words.value(&["-t", "--target-directory"]) {
            Some(directory) => touched.value(directory)?,
            None => touched.operand(words.operands.last()?)?,
        };
        touched.makes(target);
    }
    place(touched, &words, false)
}

/// `ln`: the link is written; what a symbolic one points to does not matter.
pub(super) fn link(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&Grammar::gnu(
        &["-t --target-directory -S --suffix"],
        &["-b -d -f -F -i -L -n -P -r -s -T -v --force --no-dereference --relative --symbolic --verbose"],
    ))?;
    let mut targets = &words.operands[..];
    match (words.value(&["-t", "--target-directory"]), targets) {
        (Some(directory), _) => touched.writes(touched.value(directory)?),
        (None, []) => return None,
        (None, [_]) => touched.writes(touched.command.directory.clone()?),
        (None, [rest @ .., place]) => {
            targets = rest;
            touched.writes(touched.operand(place)?);
        }
    }
    let symbolic = words.has(&["-s", "--symbolic"]) && !words.has(&["-r", "--relative"]);
    for target in targets.iter().filter(|_| !symbolic) {
        touched.reads(touched.operand(target)?);
    }
    Some(())
}

/// `grep`: the first operand is the pattern, unless `-e` gives it.
pub(super) fn grep(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&Grammar::gnu(
        &["-e --regexp -m --max-count -A -B -C --include --exclude --exclude-dir --color"],
        &[
            "-a -c -E -F -G -h -H -i -I -l -L -n -o -P -q -r -R -s -v -w -x -z --quiet --silent --count",
            "--extended-regexp --fixed-strings --ignore-case --invert-match --line-regexp --only-matching",
            "--perl-regexp --recursive --word-regexp --no-messages --files-with-matches",
        ],
    ))?;
    let skipped = usize::from(!words.has(&["-e", "--regexp"]));
    let files = words.operands.get(skipped..)?;
    if files.is_empty() && words.has(&["-r", "-R", "--recursive"]) {
        touched.reads(touched.command.directory.clone()?);
    }
    for file in files.iter().filter(|file| file.value != Some("-")) {
        touched.reads(touched.operand(file)?);
    }
    touched.reads_variables(&["GREP_*"]);
    Some(())
}

/// Whether `sha256sum` and its kind compare files with a list.
pub(super) fn checks_sums(touched: &Touched<'_>) -> bool {
    touched.command.arguments.iter().any(|argument| {
        argument.text.starts_with(b"--check")
            || (argument.text.starts_with(b"-") && argument.text.contains(&b'c'))
    })
}

/// `sha256sum -c` and its kind read the files that a list names, relative to the working directory.
pub(super) fn check_sums(touched: &mut Touched<'_>) -> Option<()> {
    touched.reads_anything();
    Some(())
}

/// `test` and `[`.
pub(super) fn test(touched: &mut Touched<'_>) -> Option<()> {
    const OF_FILES: [&str; 19] = [
        "-b", "-c", "-d", "-e", "-f", "-g", "-G", "-h", "-k", "-L", "-N", "-O", "-p", "-r", "-s", "-S", "-u",
        "-w", "-x",
    ];
    let mut arguments = touched.command.arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.value.as_deref() {
            Some(operator) if OF_FILES.contains(&operator) => {
                touched.reads(touched.path_of(arguments.next()?)?)
            }
            Some("-nt" | "-ot" | "-ef") => return None,
            _ => {}
        }
    }
    Some(())
}

/// `cd` fails where there is no such directory.
pub(super) fn change_directory(touched: &mut Touched<'_>) -> Option<()> {
    match &touched.command.arguments[..] {
        [directory] => {
            let value = directory.value.as_deref()?;
            if value.starts_with('-') {
                return None;
            }
            touched.reads(touched.path(value)?);
        }
        _ => return None,
    }
    Some(())
}

/// `command -v NAME`: where a program is found (POSIX, "command").
pub(super) fn look_up(touched: &mut Touched<'_>) -> Option<()> {
    touched.is_a_program();
    if touched.command.assignments.iter().any(|(name, _)| name == "PATH") {
        return None;
    }
    let asks = |word: &Argument<'_>| matches!(word.value.as_deref(), Some("-v" | "-V"));
    touched.command.arguments.first().is_some_and(asks).then_some(())
}

/// `echo`, `printf`: words that the shell matches against files read the directory.
pub(super) fn print(touched: &mut Touched<'_>) -> Option<()> {
    let command = touched.command;
    for argument in command.arguments.iter().filter(|argument| argument.glob.is_some()) {
        touched.reads(touched.path_of(argument)?);
    }
    Some(())
}

/// `export`, `readonly`, `set`: without a name they show all variables, and so do the first two with `-p` (POSIX, "export",
/// "set").
pub(super) fn set(touched: &mut Touched<'_>) -> Option<()> {
    let words = &touched.command.arguments;
    let names_none = words.iter().all(|word| word.value.as_deref() == Some("-p"));
    if names_none {
        touched.reads_every_variable();
    }
    print(touched)
}

/// `gzip`, `xz` and their kin replace a file by one of another name.
pub(super) fn compress(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&Grammar::gnu(
        &["-T --threads"],
        &[
            "-c -d -f -k -n -N -q -t -v -z -e -r --stdout --decompress --force --keep --quiet --verbose --rm",
            "-0 -1 -2 -3 -4 -5 -6 -7 -8 -9 --best --fast",
        ],
    ))?;
    touched.reads_variables(&["GZIP", "XZ_*", "BZIP*", "ZSTD_*"]);
    for operand in words.operands.iter().filter(|operand| operand.value != Some("-")) {
        let path = touched.operand(operand)?;
        for suffix in [".gz", ".bz2", ".xz", ".zst", ".lzma", ".Z", ".tgz"] {
            let text = path.as_str();
            let other = text.strip_suffix(suffix).map_or_else(|| format!("{text}{suffix}"), str::to_owned);
            touched.writes(touched.path(&other)?);
        }
        touched.writes(path);
    }
    Some(())
}
