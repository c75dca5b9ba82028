//! Manifests of many directories in one `COPY --parents`.
//!
//! It keeps the directories of what it copies, those after `/./` where the source has that (Dockerfile reference, "COPY
//! --parents"), and belongs to the Dockerfile syntax since 1.20 (Dockerfile release notes).

use std::collections::{BTreeMap, BTreeSet};

use dockfix_model::ImagePath;
use dockfix_model::context::{Context, Kind};
use dockfix_syntax::DirectiveName;

use super::text::is_lock_file;
use crate::frontend;
use crate::transform::Input;

/// More directories than this are worth it.
const HANDFUL: usize = 5;
/// So many files with one name in neighbouring directories become a pattern.
const PATTERN: usize = 3;
/// A longer instruction is broken into lines.
const LONGEST: usize = 100;

/// The instruction that copies `files`, paths of the context and of the image, to `destination`, which means `target`;
/// `None` where one instruction per directory is better, or the frontend may not have the flag.
pub(super) fn copy(
    input: &Input<'_>,
    files: &[(String, ImagePath)],
    target: &ImagePath,
    flags: &str,
    destination: &str,
) -> Option<String> {
    let (file, context) = (input.file(), input.context);
    let directories: BTreeSet<_> = files.iter().map(|(path, _)| parent(path)).collect();
    if directories.len() <= HANDFUL || !may_keep_parents(input) {
        return None;
    }
    let mut sources = BTreeSet::new();
    for (path, image) in files {
        // A link would be copied as it is.
        if !matches!(context.kind(path), Ok(Some(Kind::File { .. }))) {
            return None;
        }
        let below = image.below(target)?;
        let base = path.strip_suffix(below)?;
        if !base.is_empty() && !base.ends_with('/') {
            return None;
        }
        sources.insert((base.trim_end_matches('/'), below));
    }
    let mut words = vec![format!("COPY --parents{flags}")];
    words.extend(patterns(&sources, context));
    words.push(destination.to_owned());
    let line = words.join(" ");
    if line.len() <= LONGEST {
        return Some(line);
    }
    let last = words.split_off(words.len() - 2).join(" ");
    words.push(last);
    Some(words.join(&format!(" {}\n    ", char::from(file.escape()))))
}

/// Whether the frontend knows the flag, or will: a file without a directive gets one with the flag, which is certain to be
/// seen where no shebang stands above it.
fn may_keep_parents(input: &Input<'_>) -> bool {
    match input.file().directive(DirectiveName::Syntax) {
        Some(_) => frontend::is_at_least(input.file(), 20),
        None => input.adds_directive && !input.file().has_shebang(),
    }
}

/// The sources as they are written, files that a pattern finds and nothing else does by that pattern. Files at the top
/// come first, as they do without the flag.
fn patterns(sources: &BTreeSet<(&str, &str)>, context: &Context) -> Vec<String> {
    let full = |base: &str, below: &str| {
        if base.is_empty() { below.to_owned() } else { format!("{base}/{below}") }
    };
    let mut alike: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for &(base, below) in sources {
        let pattern = match parent(below).rsplit_once('/') {
            _ if parent(below).is_empty() => below.to_owned(),
            Some((above, _)) => format!("{above}/*/{}", name(below)),
            None => format!("*/{}", name(below)),
        };
        alike.entry((base, pattern)).or_default().push(below);
    }
    let mut words = Vec::new();
    for ((base, pattern), below) in alike {
        let written =
            |below: &str| if base.is_empty() { below.to_owned() } else { format!("{base}/./{below}") };
        let found = context.copy_sources(&full(base, &pattern)).unwrap_or_default();
        let found: BTreeSet<_> = found.iter().map(|found| found.path.clone()).collect();
        let wanted: BTreeSet<_> = below.iter().map(|below| full(base, below)).collect();
        if below.len() >= PATTERN && found == wanted {
            words.push((parent(&pattern).is_empty(), written(&pattern)));
        } else {
            words.extend(below.into_iter().map(|below| (parent(below).is_empty(), written(below))));
        }
    }
    let directory = |word: &str| if word.contains('/') { parent(word).to_owned() } else { String::new() };
    words.sort_by_cached_key(|(is_top, word)| {
        (!is_top, directory(word), is_lock_file(word), if *is_top { word.len() } else { 0 }, word.clone())
    });
    words.into_iter().map(|(_, word)| word).collect()
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
