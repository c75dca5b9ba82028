//! Which step of the rewritten file is which of the file as it is.

use super::matrix::{Row, Side};

/// A line of a table: a step before, after, or both. Indices into the rows of the sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Pair {
    /// The step of the file as it is; for a part of a step that was split, that step.
    pub(in super::super) before: Option<usize>,
    /// The step of the rewritten file.
    pub(in super::super) after: Option<usize>,
    /// The step after is only a part of the one before.
    pub(in super::super) is_part: bool,
}

/// Whether a row before and one after mean the same.
type Sign = fn(&Row, &Row) -> bool;

/// The current steps of both sides, stage by stage, in the order of the rewritten file; what has become of several steps
/// or of none stands above what follows it.
pub(in super::super) fn pairs(before: &Side, after: &Side) -> Vec<Pair> {
    let current = |side: &Side| -> Vec<usize> {
        (0..side.rows.len()).filter(|&row| side.rows.get(row).is_some_and(|row| row.is_current)).collect()
    };
    let (old, new) = (current(before), current(after));
    let same = |a: usize, b: usize, is_same: Sign| match (before.rows.get(a), after.rows.get(b)) {
        (Some(a), Some(b)) => a.label.stage == b.label.stage && is_same(a, b),
        _ => false,
    };
    let mut partner: Vec<Option<Pair>> = vec![None; after.rows.len()];
    let mut used = vec![false; before.rows.len()];
    // From the surest sign to the least sure: the same text, the same command, a part of a command, its beginning.
    let signs: [(Sign, bool); 4] = [
        (|a, b| a.label.text == b.label.text, false),
        (|a, b| command(a) == command(b), false),
        (is_part_of, true),
        (begins_like, false),
    ];
    for (is_same, is_part) in signs {
        let mut found = Vec::new();
        for &b in &new {
            let free = |a: &&usize| !used[**a] && (is_part || !found.contains(*a));
            if partner[b].is_none()
                && let Some(&a) = old.iter().filter(free).find(|&&a| same(a, b, is_same))
            {
                found.push(a);
                partner[b] = Some(Pair { before: Some(a), after: Some(b), is_part });
            }
        }
        found.into_iter().for_each(|a| used[a] = true);
    }
    let mut pairs = Vec::new();
    let is_whole = |a: usize| partner.iter().flatten().any(|pair| pair.before == Some(a) && !pair.is_part);
    let mut left: Vec<usize> = old.iter().copied().filter(|&a| !is_whole(a)).collect();
    for &b in &new {
        let pair = partner[b].unwrap_or(Pair { before: None, after: Some(b), is_part: false });
        // A step that was split stands above its first part, and one that is gone above what stood below it.
        let reached = pair.before.map_or(0, |before| before + usize::from(pair.is_part));
        pairs.extend(left.extract_if(.., |a| *a < reached).map(gone));
        pairs.push(pair);
    }
    pairs.extend(left.into_iter().map(gone));
    pairs
}

fn gone(before: usize) -> Pair {
    Pair { before: Some(before), after: None, is_part: false }
}

/// A RUN without its flags; another instruction as it is.
fn command(row: &Row) -> String {
    let mut words = row.label.text.split(' ').peekable();
    match words.next() {
        Some(run) if run.eq_ignore_ascii_case("run") => {
            let words: Vec<&str> = words.skip_while(|word| word.starts_with("--")).collect();
            format!("RUN {}", words.join(" "))
        }
        _ => row.label.text.clone(),
    }
}

/// Whether two RUNs begin with the same program and subcommand, as with a command that got another option.
fn begins_like(before: &Row, after: &Row) -> bool {
    let (before, after) = (command(before), command(after));
    let beginning = |command: &str| command.split(' ').take(3).map(str::to_owned).collect::<Vec<_>>();
    before.starts_with("RUN ") && beginning(&before) == beginning(&after)
}

/// Whether the command of `after` is one of the list of commands that `before` is.
fn is_part_of(before: &Row, after: &Row) -> bool {
    let (before, after) = (command(before), command(after));
    match (before.strip_prefix("RUN "), after.strip_prefix("RUN ")) {
        (Some(before), Some(after)) => before.split(" && ").any(|part| part.trim() == after.trim()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::planned::Label;
    use super::*;

    /// A side with these instructions in one stage.
    fn side(texts: &[&str]) -> Side {
        let row = |text: &&str| Row {
            label: Label {
                stage: "build".to_owned(),
                line: 1,
                title: (*text).to_owned(),
                text: (*text).to_owned(),
            },
            is_current: true,
            cells: Vec::new(),
            blame: None,
        };
        Side { rows: texts.iter().map(row).collect() }
    }

    fn paired(before: &[&str], after: &[&str]) -> Vec<(Option<usize>, Option<usize>, bool)> {
        let pairs = pairs(&side(before), &side(after));
        pairs.into_iter().map(|pair| (pair.before, pair.after, pair.is_part)).collect()
    }

    #[test]
    fn a_step_that_moved_or_got_a_mount_is_the_same() {
        let after = ["COPY package.json ./", "RUN --mount=type=cache,target=/c npm ci", "COPY . ."];
        let expected = [(None, Some(0), false), (Some(1), Some(1), false), (Some(0), Some(2), false)];
        assert_eq!(paired(&["COPY . .", "RUN npm ci"], &after), expected);
        let expected = [(Some(0), Some(0), false), (None, Some(1), false)];
        assert_eq!(paired(&["RUN apt-get update && a"], &["RUN apt-get update && b", "RUN c"]), expected);
    }

    #[test]
    fn a_step_that_was_split_stands_above_its_parts() {
        let after = ["RUN npm ci", "COPY . .", "RUN npm run build"];
        let expected = [
            (Some(0), None, false),
            (Some(0), Some(0), true),
            (None, Some(1), false),
            (Some(0), Some(2), true),
        ];
        assert_eq!(paired(&["RUN npm ci && npm run build"], &after), expected);
    }
}
