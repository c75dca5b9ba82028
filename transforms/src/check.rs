//! The checks after a change: the safety contract, as far as it can be checked without building.
//!
//! They know nothing of the transforms. A check that fails is a bug of ours: the file stays as it is.

use std::collections::BTreeMap;
use std::ops::Range;

use dockfix_model::build::{Build, Stage};
use dockfix_model::context::Context;
use dockfix_syntax::view::{Copy, Source, Variables};
use dockfix_syntax::{Dockerfile, Keyword};

use crate::difference::Difference;
use crate::reading::Reading;
use crate::report::Safety;
use crate::{stages, work};

/// Checks the file after a change against the one before. One that is not shown to be safe may add stages; those that were
/// there keep every promise all the same.
pub(crate) fn check(
    before: &Reading<'_>,
    after: &Reading<'_>,
    context: &Context,
    safety: Safety,
) -> Result<(), String> {
    let (file, after_file) = (before.file(), after.file());
    if let Some((line, problem)) = after_file.problems().next() {
        return Err(format!("line {line} of the result would be rejected: {problem}"));
    }
    let difference = Difference::of(file, after_file);
    if let Some(comment) = lost_comment(file, after_file, &difference) {
        return Err(format!("the comment `{comment}` would be lost"));
    }
    if safety == Safety::Safe && before.build.stages.len() != after.build.stages.len() {
        return Err("the number of stages would change".to_owned());
    }
    let stages = stages::matched(&before.build, &after.build)?;
    same_images(&before.build, &after.build, &stages)?;
    work::check(before, after, &difference, context, &stages)
}

/// The comments in some items of a file, those inside instructions included, heredocs left out.
fn comments(file: &Dockerfile, items: Range<usize>) -> Vec<&str> {
    let mut comments = Vec::new();
    for (index, item) in file.items().iter().enumerate().take(items.end).skip(items.start) {
        let instruction = file.instruction(index);
        let heredoc = instruction.and_then(|run| run.heredocs().first().map(|heredoc| heredoc.body.start));
        let end = heredoc.unwrap_or(item.span.end);
        let text = file.source().get(item.span.start..end).unwrap_or_default();
        // Few lines have a `#`.
        let mut read = 0;
        for hash in memchr::memchr_iter(b'#', text) {
            if hash < read {
                continue;
            }
            let start = memchr::memrchr(b'\n', &text[..hash]).map_or(0, |end| end + 1);
            let end = memchr::memchr(b'\n', &text[hash..]).map_or(text.len(), |length| hash + length);
            read = end;
            let line = std::str::from_utf8(&text[start..end]).unwrap_or_default().trim();
            comments.extend(Some(line).filter(|line| line.starts_with('#')));
        }
    }
    comments
}

/// A comment of `before` that `after` does not have, or has fewer times.
fn lost_comment<'a>(before: &'a Dockerfile, after: &Dockerfile, difference: &Difference) -> Option<&'a str> {
    let mut left = comments(after, difference.after.clone());
    comments(before, difference.before.clone()).into_iter().find(|comment| {
        match left.iter().position(|other| other == comment) {
            Some(at) => {
                left.swap_remove(at);
                false
            }
            None => true,
        }
    })
}

/// What of an instruction ends up in the image's configuration, by keyword and name.
type Configuration = BTreeMap<(&'static str, String), Vec<String>>;

/// Each stage ends in the same configuration, and copies the same files. `stages` tells which is which.
fn same_images(before: &Build<'_>, after: &Build<'_>, stages: &[Option<usize>]) -> Result<(), String> {
    for (after, number) in after.stages.iter().zip(stages) {
        let Some(before) = number.and_then(|number| before.stages.get(number)) else { continue };
        if before.end.user != after.end.user || before.end.workdir != after.end.workdir {
            return Err("the user or working directory would change".to_owned());
        }
        // Nothing but RUNs and ARGs changed, as a rule.
        if told_by_image(before).eq(told_by_image(after)) {
            continue;
        }
        let (ours, theirs) = (configuration(before), configuration(after));
        if let Some(((keyword, name), _)) = ours.iter().find(|(key, value)| theirs.get(*key) != Some(value)) {
            return Err(format!("{keyword} {name} would change in the image"));
        }
        if let Some(((keyword, name), _)) = theirs.iter().find(|(key, _)| !ours.contains_key(*key)) {
            return Err(format!("{keyword} {name} would be new in the image"));
        }
        let mut copies = copies(after);
        for copy in self::copies(before) {
            let Some(at) = copies.iter().position(|other| *other == copy) else {
                return Err(format!("`{copy}` would be lost"));
            };
            copies.remove(at);
        }
    }
    Ok(())
}

/// The instructions whose arguments are part of the image, as written: all but RUN, which only makes files, and ARG.
fn told_by_image<'s>(stage: &'s Stage<'_>) -> impl Iterator<Item = &'s [u8]> {
    let instructions = stage.steps.iter().map(|step| &step.instruction);
    instructions
        .filter(|instruction| !matches!(instruction.keyword(), Keyword::Run | Keyword::Arg))
        .map(|instruction| instruction.span().of(instruction.file().source()))
}

fn configuration(stage: &Stage<'_>) -> Configuration {
    let mut configuration = Configuration::new();
    for step in &stage.steps {
        let instruction = &step.instruction;
        let keyword = instruction.keyword();
        match keyword {
            Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Arg | Keyword::From | Keyword::Unknown => {
            }
            Keyword::Env | Keyword::Label => {
                for assigned in Variables::of(instruction).map_or_else(Vec::new, |view| view.assigned) {
                    let value = assigned.value.map_or_else(String::new, |value| value.text.into_owned());
                    let key = (keyword.name(), assigned.name.text.into_owned());
                    configuration.entry(key).or_default().push(value);
                }
            }
            _ => {
                let text = String::from_utf8_lossy(instruction.text()).into_owned();
                configuration.entry((keyword.name(), String::new())).or_default().push(text);
            }
        }
    }
    configuration
}

/// What the COPYs and ADDs of a stage take, heredocs included; destination left out: it may be written another way.
fn copies(stage: &Stage<'_>) -> Vec<String> {
    let copies = stage.steps.iter().filter_map(|step| Copy::of(&step.instruction).map(|copy| (step, copy)));
    copies
        .flat_map(|(step, copy)| {
            let from = copy.from.as_deref().unwrap_or("context");
            let flags = format!("{:?}", copy.flags);
            let source = step.instruction.file().source();
            let written: String = step
                .instruction
                .heredocs()
                .iter()
                .map(|heredoc| String::from_utf8_lossy(heredoc.body.of(source)).into_owned())
                .collect();
            let keyword = step.instruction.keyword();
            let told =
                |source: &Source<'_>| format!("{keyword} from {from}: {} {flags}{written}", source.text);
            copy.sources.iter().map(told).collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "FROM a AS b\nRUN x\nCOPY . .\nRUN y\nFROM c\nCOPY --from=b /z /\n";

    fn check(after: &str, safety: Safety) -> Result<(), String> {
        let files = [BEFORE, after].map(|text| Dockerfile::parse(text.as_bytes()));
        let [before, after] = [Reading::of(&files[0]), Reading::of(&files[1])];
        super::check(&before, &after, &Context::unknown(), safety)
    }

    #[test]
    fn only_what_is_not_shown_to_be_safe_adds_stages() {
        let added = format!("FROM a AS new\nCOPY . .\nRUN anything\n\n{BEFORE}");
        assert_eq!(check(&added, Safety::Unsafe), Ok(()));
        assert_eq!(check(&added, Safety::Safe), Err("the number of stages would change".to_owned()));
    }

    #[test]
    fn the_other_stages_keep_their_promises() {
        let added = |rest: &str| check(&format!("FROM a AS new\nRUN n\n{rest}"), Safety::Unsafe);
        assert_eq!(
            added(&BEFORE.replace("COPY . .\n", "").replace("RUN x", "COPY . .\nRUN x")),
            Err("an edit of README.md would make more commands run again than before: 1".to_owned())
        );
        // An opaque command in a stage that was there counts, whatever it takes from the new one.
        assert_eq!(
            added(&BEFORE.replace("COPY . .\n", "COPY . .\nRUN --mount=from=new,target=/n more\n")),
            Err("an edit of README.md would make more commands run again than before: 1".to_owned())
        );
        assert_eq!(
            added(&BEFORE.replace("COPY . .\n", "")),
            Err("`COPY from context: . []` would be lost".to_owned())
        );
        assert_eq!(
            added(&BEFORE.replace("RUN y", "ENV K=1\nRUN y")),
            Err("ENV K would be new in the image".to_owned())
        );
    }
}
