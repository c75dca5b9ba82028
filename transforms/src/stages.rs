//! Which stage of a file is which after a change.

use dockfix_model::build::{Base, Build, Stage, Step};
use dockfix_syntax::view::Copy;

/// For every stage of `after` the number that it had in `before`; `None` for one that was added.
///
/// # Errors
///
/// When a stage is lost, starts from something else or means another stage by a name, when one that was added takes a name
/// that was in use, or when another one would be the last.
pub(crate) fn matched(before: &Build<'_>, after: &Build<'_>) -> Result<Vec<Option<usize>>, String> {
    let changed = |stage: &Stage<'_>| format!("the FROM of line {} would change", stage.from.start_line());
    let mut earlier = before.stages.iter().peekable();
    let mut found: Vec<Option<usize>> = Vec::with_capacity(after.stages.len());
    for stage in &after.stages {
        let is_same = |earlier: &&Stage<'_>| {
            earlier.name == stage.name
                && earlier.from.text() == stage.from.text()
                && match (&earlier.base, &stage.base) {
                    (Base::Image(earlier), Base::Image(image)) => earlier == image,
                    (Base::Stage(earlier), Base::Stage(index)) => {
                        found.get(*index).copied().flatten() == Some(*earlier)
                    }
                    _ => false,
                }
        };
        match earlier.next_if(is_same) {
            Some(earlier) => found.push(Some(earlier.index)),
            None => {
                let is_new = stage.name.is_some() && before.stages.iter().all(|it| it.name != stage.name);
                if !is_new {
                    return Err(changed(earlier.peek().copied().unwrap_or(stage)));
                }
                found.push(None);
            }
        }
    }
    if let Some(lost) = earlier.next() {
        return Err(changed(lost));
    }
    if found.last() == Some(&None) {
        return Err("another stage would be the last one".to_owned());
    }
    if before.stages.len() != after.stages.len() {
        same_names(before, after, &found)?;
    }
    Ok(found)
}

/// Every name that a stage took files by means the same stage, or the same image.
fn same_names(before: &Build<'_>, after: &Build<'_>, found: &[Option<usize>]) -> Result<(), String> {
    for (stage, number) in after.stages.iter().zip(found) {
        let Some(earlier) = number.and_then(|number| before.stages.get(number)) else { continue };
        for name in earlier.steps.iter().flat_map(names) {
            let meant = before.stage_named(&name, earlier.index);
            let means = after.stage_named(&name, stage.index).map(|index| found[index]);
            if means != meant.map(Some) {
                return Err(format!("`{name}` would mean another stage"));
            }
        }
    }
    Ok(())
}

/// The stages and images that an instruction takes files from, by the names or numbers that it uses.
pub(crate) fn names(step: &Step<'_>) -> impl Iterator<Item = String> {
    let copied = Copy::of(&step.instruction).and_then(|copy| copy.from);
    let mounts = step.instruction.mounts();
    let mounted = mounts.iter().filter_map(|mount| mount.from().map(str::to_owned));
    copied.into_iter().chain(mounted)
}

#[cfg(test)]
mod tests {
    use dockfix_syntax::Dockerfile;

    use super::*;

    fn matched(before: &str, after: &str) -> Result<Vec<Option<usize>>, String> {
        let files = [before, after].map(|text| Dockerfile::parse(text.as_bytes()));
        super::matched(&Build::of(&files[0]), &Build::of(&files[1]))
    }

    #[test]
    fn stages_may_come_in_between() {
        assert_eq!(
            matched(
                "FROM a AS b\nFROM b\nCOPY --from=b x y\n",
                "FROM n AS m\nFROM a AS b\nFROM b AS o\nFROM b\nCOPY --from=b x y\n"
            ),
            Ok(vec![None, Some(0), None, Some(1)])
        );
        assert_eq!(matched("FROM a\n", "FROM a\n"), Ok(vec![Some(0)]));
    }

    #[test]
    fn those_that_were_there_stay_what_they_are() {
        let lost = |line| Err(format!("the FROM of line {line} would change"));
        assert_eq!(matched("FROM a AS b\nFROM b\n", "FROM b\n"), lost(1));
        assert_eq!(matched("FROM a AS b\nFROM b\n", "FROM a AS b\n"), lost(2));
        assert_eq!(matched("FROM a AS b\nFROM c\n", "FROM c\nFROM a AS b\n"), lost(1));
        // Without a name, or with one that was there, a stage is no new one.
        assert_eq!(matched("FROM a\n", "FROM n\nFROM a\n"), lost(1));
        assert_eq!(matched("FROM a AS b\n", "FROM n AS b\nFROM a AS b\n"), lost(1));
        // It starts from a stage that was added, and no longer from an image.
        assert_eq!(matched("FROM n\n", "FROM a AS n\nFROM n\n"), lost(1));
        assert_eq!(
            matched("FROM a\n", "FROM a\nFROM a AS n\n"),
            Err("another stage would be the last one".to_owned())
        );
    }

    #[test]
    fn names_mean_what_they_meant() {
        let other = |name| Err(format!("`{name}` would mean another stage"));
        assert_eq!(
            matched(
                "FROM a\nFROM c\nCOPY --from=0 x y\n",
                "FROM n AS m\nFROM a\nFROM c\nCOPY --from=0 x y\n"
            ),
            other("0")
        );
        assert_eq!(
            matched("FROM c\nCOPY --from=m x y\n", "FROM n AS m\nFROM c\nCOPY --from=m x y\n"),
            other("m")
        );
        assert_eq!(
            matched(
                "FROM c\nRUN --mount=from=m,target=/x y\n",
                "FROM n AS m\nFROM c\nRUN --mount=from=m,target=/x y\n"
            ),
            other("m")
        );
    }
}
