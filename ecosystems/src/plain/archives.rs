//! `tar` and `unzip`.

use dockfix_model::ImagePath;

use super::touched::Touched;
use crate::options::{Grammar, Words, beginning};

/// The options of GNU tar and of busybox that take a value.
const TAR_VALUED: &str = "-f --file -C --directory --exclude --strip-components --strip --transform --xform --owner --group \
    --mode --mtime -I --use-compress-program --format -b --totals";
const TAR_SWITCHES: &str = "-x --extract --get -c --create -t --list -z --gzip --gunzip --ungzip -j --bzip2 -J --xz \
    --lzma --zstd -Z -a --auto-compress -v --verbose -p --preserve-permissions --same-permissions -o --no-same-owner \
    --same-owner --no-same-permissions -m --touch -k --keep-old-files --skip-old-files --overwrite --wildcards \
    --no-wildcards --anchored --no-anchored -O --to-stdout -h --dereference --warning --no-overwrite-dir \
    --keep-directory-symlink --overwrite-dir --checkpoint --checkpoint-action --numeric-owner --no-recursion -B -S \
    --sparse --no-xattrs --ignore-zeros -i --delay-directory-restore";

/// An option of tar, and the path that its value names, where it has one that can be told.
type TarOption = (String, Option<ImagePath>);

/// `tar`: extraction writes below the working directory or those of `-C`.
pub(super) fn tar(touched: &mut Touched<'_>) -> Option<()> {
    let (options, operands) = tar_words(touched)?;
    touched.reads_variables(&["TAPE", "TAR_OPTIONS", "GZIP", "XZ_*", "BZIP*", "ZSTD_*"]);
    let given = |names: &[&str]| options.iter().any(|(name, _)| names.contains(&name.as_str()));
    let archive = options.iter().rev().find(|(name, _)| matches!(name.as_str(), "-f" | "--file"));
    let mut directories = Vec::new();
    for (name, value) in &options {
        if matches!(name.as_str(), "-C" | "--directory") {
            directories.push(value.clone()?);
        }
    }
    if directories.is_empty() {
        directories.push(touched.command.directory.clone()?);
    }
    if given(&["-I", "--use-compress-program"]) {
        return None;
    }
    if given(&["-x", "--extract", "--get"]) {
        if let Some((_, archive)) = archive {
            touched.reads(archive.clone()?);
        }
        if !given(&["-O", "--to-stdout"]) {
            directories.into_iter().for_each(|directory| touched.writes(directory));
        }
        return Some(());
    }
    if given(&["-t", "--list"]) {
        if let Some((_, archive)) = archive {
            touched.reads(archive.clone()?);
        }
        return Some(());
    }
    if given(&["-c", "--create"]) {
        if let Some((_, archive)) = archive {
            touched.writes(archive.clone()?);
        }
        for operand in operands {
            for directory in &directories {
                touched.reads(directory.join(&operand));
            }
        }
        return Some(());
    }
    None
}

/// The options of tar and its operands, of which unknown ones stand for the whole directory. The first word may hold
/// letters without a dash; values of its letters follow it in order.
fn tar_words(touched: &Touched<'_>) -> Option<(Vec<TarOption>, Vec<String>)> {
    let mut options = Vec::new();
    let mut operands = Vec::new();
    // Each `-C` is seen from the one before, the archive from where the command was started.
    let here = touched.command.directory.clone();
    let mut from = here.clone();
    let mut arguments = touched.command.arguments.iter().enumerate();
    while let Some((index, argument)) = arguments.next() {
        let start = beginning(argument);
        let word = argument.value.as_deref().unwrap_or(&start);
        let is_known = argument.value.is_some();
        let mut value = |name: &str, attached: Option<&str>| -> Option<Option<ImagePath>> {
            let base = if matches!(name, "-C" | "--directory") { &from } else { &here };
            let path = match attached {
                Some(text) if is_known => base.as_ref().map(|base| base.join(text)),
                Some(_) => None,
                None => {
                    let (_, next) = arguments.next()?;
                    match next.value.as_deref() {
                        Some("-") => Some(ImagePath::root().join("dev/stdin")),
                        Some(text) => base.as_ref().map(|base| base.join(text)),
                        None => touched.path_of(next),
                    }
                }
            };
            if matches!(name, "-C" | "--directory") {
                from.clone_from(&path);
            }
            Some(path)
        };
        let is_in = |list: &str, name: &str| list.split_ascii_whitespace().any(|item| item == name);
        if word.starts_with("--") {
            let (name, attached) = match word.split_once('=') {
                Some((name, attached)) => (name, Some(attached)),
                None => (word, None),
            };
            if is_in(TAR_VALUED, name) {
                let value = value(name, attached)?;
                options.push((name.to_owned(), value));
            } else if is_in(TAR_SWITCHES, name) && is_known {
                options.push((name.to_owned(), None));
            } else {
                return None;
            }
        } else if word.starts_with('-') && word.len() > 1 || index == 0 {
            if !is_known {
                return None;
            }
            let bundled = !word.starts_with('-');
            let letters = word.trim_start_matches('-');
            for (at, letter) in letters.char_indices() {
                let name = format!("-{letter}");
                if is_in(TAR_VALUED, &name) {
                    let rest = &letters[at + letter.len_utf8()..];
                    let attached = (!bundled && !rest.is_empty()).then_some(rest);
                    let value = value(&name, attached)?;
                    options.push((name, value));
                    if attached.is_some() {
                        break;
                    }
                } else if is_in(TAR_SWITCHES, &name) {
                    options.push((name, None));
                } else {
                    return None;
                }
            }
        } else {
            operands.push(if is_known { word.to_owned() } else { ".".to_owned() });
        }
    }
    Some((options, operands))
}

/// `unzip`: writes below the working directory or that of `-d`.
pub(super) fn unzip(touched: &mut Touched<'_>) -> Option<()> {
    let words: Words<'_> =
        touched.words(&Grammar::gnu(&["-d -P"], &["-q -o -n -u -j -v -l -p -C -L -X -K -f -t -z -aa -a"]))?;
    touched.reads_variables(&["UNZIP", "UNZIPOPT", "ZIPINFO*"]);
    touched.reads(touched.operand(words.operands.first()?)?);
    if words.has(&["-l", "-v", "-p", "-t", "-z"]) {
        return Some(());
    }
    match words.value(&["-d"]) {
        Some(directory) => touched.makes(touched.value(directory)?),
        None => touched.writes(touched.command.directory.clone()?),
    }
    Some(())
}
