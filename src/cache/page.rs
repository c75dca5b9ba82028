//! A replayed history as one HTML page: steps and commits, what ran again in colour, before above after.
//!
//! The page needs nothing else: no scripts, no files, no network, and it says so to the browser. A row is one SVG whose
//! paths hold runs of commits, so that a thousand commits stay small. Everything that comes from the repository goes
//! through [`escaped`].

use std::fmt::{self, Write};

use super::Subject;
use super::replay::{Cell, Replay, Row, Side, pairs};
use super::table::{because, notes, savings};
use crate::report::{count, one_line};

const STYLE: &str = include_str!("page/style.css");

/// What the browser may load: nothing but the styles in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// How many steps are named at the top.
const GAINS: usize = 4;

/// More columns than this are not told apart by a pointer: commits share one then. Rows are drawn exactly all the same.
const MAX_COLUMNS: usize = 1500;

/// How much of a commit's subject is shown, in characters.
const SUBJECT_WIDTH: usize = 90;

/// How much of an instruction is shown where the pointer rests, in characters.
const TEXT_WIDTH: usize = 1000;

/// How many dates stand below the rows.
const DATES: usize = 5;

/// The page.
pub(super) fn page(subject: &Subject, range: &str, replay: &Replay) -> String {
    let mut page = String::new();
    // Writing to a string does not fail.
    let _ = write_page(subject, range, replay, &mut page);
    page
}

fn write_page(subject: &Subject, range: &str, replay: &Replay, out: &mut String) -> fmt::Result {
    let path = escaped(&subject.path);
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<title>Build cache of {path}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>")?;
    writeln!(out, "<h1>What each commit rebuilt of <code>{path}</code></h1>")?;
    let commits = count(replay.commits.len(), "commit");
    match (replay.commits.first(), replay.commits.last()) {
        (Some(first), Some(last)) => {
            writeln!(out, "<p>{commits}, {} to {}</p>", escaped(&first.date), escaped(&last.date))?;
        }
        _ => writeln!(out, "<p>{commits}</p>")?,
    }
    for note in notes(range, replay) {
        writeln!(out, "<p class=\"quiet\">{}</p>", escaped(&note))?;
    }
    if !replay.commits.is_empty() {
        write_gains(replay, out)?;
        write_legend(replay, out)?;
        write_cascade(replay, out)?;
        write_earlier(replay, out)?;
    }
    writeln!(
        out,
        "<footer>\n<p>A column is a commit, the oldest on the left; a row is a step of the build. A step in colour would \
         have run again, had the commit been built after its first parent, with the Dockerfile of that commit or with \
         what dockfix makes of it; a Dockerfile that stayed the same is rewritten once, with the files of the newest \
         commit that has it. Steps are the same if their text and stage are.</p>\n<p>Made by dockfix {}</p>\n</footer>",
        env!("CARGO_PKG_VERSION")
    )?;
    writeln!(out, "</main>\n</body>\n</html>")
}

/// The steps that run less often, and all steps together.
fn write_gains(replay: &Replay, out: &mut String) -> fmt::Result {
    let savings = savings(replay);
    writeln!(out, "<ul class=\"gains\">")?;
    for saving in savings.iter().take(GAINS) {
        let Some((before, after)) = saving.rows(replay) else { continue };
        writeln!(
            out,
            "<li><code title=\"{}\">{}</code><b>{}</b> of {} &rarr; <b class=\"less\">{}</b></li>",
            full_text(after),
            escaped(&after.label.title),
            before.reruns(),
            count(before.present(), "commit"),
            after.reruns()
        )?;
    }
    let (before, after) = (replay.before.reruns(), replay.after.reruns());
    let less = if after < before { " class=\"less\"" } else { "" };
    writeln!(out, "<li><span>all steps</span><b>{before}</b> reruns &rarr; <b{less}>{after}</b></li>\n</ul>")
}

fn write_legend(replay: &Replay, out: &mut String) -> fmt::Result {
    let holds = |cell: Cell| {
        [&replay.before, &replay.after]
            .iter()
            .any(|side| side.rows.iter().any(|row| row.cells.contains(&cell)))
    };
    writeln!(out, "<div class=\"legend\">")?;
    writeln!(out, "<span><i class=\"reruns\"></i>runs again</span>")?;
    if holds(Cell::Depends) {
        writeln!(
            out,
            "<span><i class=\"depends\"></i>runs again unless the stage it copies from made the same files; counted</span>"
        )?;
    }
    writeln!(out, "<span><i></i>cached</span>")?;
    if holds(Cell::Absent) {
        writeln!(out, "<span><i class=\"absent\"></i>not in the Dockerfile then</span>")?;
    }
    writeln!(out, "</div>")
}

/// Both sides, and over them a column for each commit.
fn write_cascade(replay: &Replay, out: &mut String) -> fmt::Result {
    let pairs = pairs(&replay.before, &replay.after);
    writeln!(out, "<div class=\"cascade\">")?;
    write_side("Before", &replay.before, |_| None, out)?;
    let before = |after: usize| {
        let pair = pairs.iter().find(|pair| pair.after == Some(after))?;
        replay.before.rows.get(pair.before?)
    };
    write_side("After the rewrite", &replay.after, before, out)?;
    writeln!(out, "<div class=\"axis\">")?;
    for (number, commit) in dates(replay).enumerate() {
        let space = if number == 0 { "" } else { " " };
        write!(out, "{space}<span>{}</span>", escaped(commit))?;
    }
    writeln!(out, "</div>")?;
    write_columns(replay, out)?;
    writeln!(out, "</div>")
}

/// The dates below the rows, at even distances.
fn dates(replay: &Replay) -> impl Iterator<Item = &str> {
    let last = replay.commits.len().saturating_sub(1);
    let several = DATES.min(last + 1);
    let places = (0..several).map(move |number| last * number / (several - 1).max(1));
    places.filter_map(|place| replay.commits.get(place)).map(|commit| commit.date.as_str())
}

/// The current steps of one side. `before` is the step that one was before the rewrite, if any.
fn write_side<'a>(
    name: &str,
    side: &Side,
    before: impl Fn(usize) -> Option<&'a Row>,
    out: &mut String,
) -> fmt::Result {
    writeln!(out, "<h2>{name}</h2>")?;
    let current = || side.rows.iter().enumerate().filter(|(_, row)| row.is_current);
    let first = current().next().map(|(_, row)| &row.label.stage);
    let several = current().any(|(_, row)| Some(&row.label.stage) != first);
    let mut stage = None;
    for (index, row) in current() {
        if several && stage != Some(&row.label.stage) {
            stage = Some(&row.label.stage);
            writeln!(out, "<h3>stage <code>{}</code></h3>", escaped(&row.label.stage))?;
        }
        write_row(row, &total(row, before(index)), out)?;
    }
    Ok(())
}

fn write_row(row: &Row, total: &str, out: &mut String) -> fmt::Result {
    let why = because(row).map_or_else(String::new, |because| format!("\nmostly {because}"));
    writeln!(
        out,
        "<div class=\"label\" title=\"{}{}\"><span>{}</span><code>{}</code></div>",
        full_text(row),
        escaped_lines(&why),
        row.label.line,
        escaped(&row.label.title)
    )?;
    writeln!(out, "<div class=\"total\">{total}</div>")?;
    let times = format!("ran again in {} of {}", row.reruns(), count(row.present(), "commit"));
    write!(
        out,
        "<svg class=\"strip\" role=\"img\" aria-label=\"{times}\" viewBox=\"0 0 {} 1\" preserveAspectRatio=\"none\">",
        row.cells.len().max(1)
    )?;
    write_runs("", &row.cells, |cell| cell != Cell::Absent, out)?;
    write_runs("depends", &row.cells, |cell| cell == Cell::Depends, out)?;
    write_runs("reruns", &row.cells, |cell| cell == Cell::Reruns, out)?;
    writeln!(out, "</svg>")
}

/// The commits that `wanted` picks as strokes on a path: `m` moves over those between.
fn write_runs(class: &str, cells: &[Cell], wanted: impl Fn(Cell) -> bool, out: &mut String) -> fmt::Result {
    let mut path = String::new();
    let mut end = 0;
    let mut at = 0;
    while at < cells.len() {
        let start = at;
        while cells.get(at).is_some_and(|cell| wanted(*cell)) {
            at += 1;
        }
        if at > start {
            match path.is_empty() {
                true => write!(path, "M{start} .5h{}", at - start)?,
                false => write!(path, "m{} 0h{}", start - end, at - start)?,
            }
            end = at;
        } else {
            at += 1;
        }
    }
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    if path.is_empty() { Ok(()) } else { write!(out, "<path{class} d=\"{path}\"/>") }
}

/// `<b>47</b> of 495`, and the difference to the step before the rewrite.
fn total(row: &Row, before: Option<&Row>) -> String {
    let mut text = format!("<b>{}</b> <span class=\"quiet\">of {}</span>", row.reruns(), row.present());
    if let Some(before) = before {
        let (old, new) = (before.reruns(), row.reruns());
        if new < old {
            text += &format!("<ins>&minus;{}</ins>", old - new);
        } else if new > old {
            text += &format!("<del>+{}</del>", new - old);
        }
    }
    text
}

/// A column for each commit, or for a few, that tells which it is where the pointer rests.
fn write_columns(replay: &Replay, out: &mut String) -> fmt::Result {
    let commits = replay.commits.len();
    let together = commits.div_ceil(MAX_COLUMNS).max(1);
    write!(out, "<svg class=\"commits\" viewBox=\"0 0 {commits} 1\" preserveAspectRatio=\"none\">")?;
    for (number, group) in replay.commits.chunks(together).enumerate() {
        let start = number * together;
        write!(out, "<rect x=\"{start}\" width=\"{}\" height=\"1\"><title>", group.len())?;
        if let [commit] = group {
            let id: String = commit.id.to_string().chars().take(8).collect();
            let subject: String = one_line(&commit.subject).chars().take(SUBJECT_WIDTH).collect();
            write!(out, "{id} {}\n{}", escaped(&commit.date), escaped(&subject))?;
        } else if let (Some(first), Some(last)) = (group.first(), group.last()) {
            let id = |commit: &crate::history::Revision| -> String {
                commit.id.to_string().chars().take(8).collect()
            };
            write!(out, "{} to {}, {}", id(first), id(last), count(group.len(), "commit"))?;
        }
        let reruns =
            |side: &Side| (start..start + group.len()).map(|commit| side.reruns_in(commit)).sum::<usize>();
        let (before, after) = (reruns(&replay.before), reruns(&replay.after));
        write!(out, "\n{} ran again, after the rewrite {after}</title></rect>", count(before, "step"))?;
    }
    writeln!(out, "</svg>")
}

/// The steps that only earlier Dockerfiles had.
fn write_earlier(replay: &Replay, out: &mut String) -> fmt::Result {
    for (name, side) in [("before", &replay.before), ("after the rewrite", &replay.after)] {
        let earlier: Vec<&Row> = side.rows.iter().filter(|row| !row.is_current).collect();
        if earlier.is_empty() {
            continue;
        }
        let steps = count(earlier.len(), "step");
        writeln!(
            out,
            "<details>\n<summary>{steps} of earlier Dockerfiles, {name}</summary>\n<div class=\"cascade\">"
        )?;
        let mut stage = None;
        for row in earlier {
            if stage != Some(&row.label.stage) {
                stage = Some(&row.label.stage);
                writeln!(out, "<h3>stage <code>{}</code></h3>", escaped(&row.label.stage))?;
            }
            write_row(row, &total(row, None), out)?;
        }
        writeln!(out, "</div>\n</details>")?;
    }
    Ok(())
}

/// The whole instruction.
fn full_text(row: &Row) -> String {
    let text: String = row.label.text.chars().take(TEXT_WIDTH).collect();
    escaped(&text)
}

/// Text as HTML, on one line; also for attributes in double quotes. Control characters, and those that turn the
/// direction of what follows, are shown and not obeyed.
fn escaped(text: &str) -> String {
    escaped_lines(&one_line(text))
}

/// The same, line breaks kept.
fn escaped_lines(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => html.extend(char.escape_unicode()),
            _ => html.push(char),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        assert_eq!(
            escaped("<a b=\"c\">&'\u{1b}\n\u{202e}"),
            "&lt;a b=&quot;c&quot;&gt;&amp;&#39;\\u{1b} \\u{202e}"
        );
    }

    #[test]
    fn commits_are_drawn_in_runs() {
        use Cell::{Cached, Reruns};
        let runs = |cells: &[Cell]| {
            let mut out = String::new();
            write_runs("r", cells, Cell::is_rerun, &mut out).unwrap();
            out
        };
        assert_eq!(runs(&[Cached, Cached]), "");
        assert_eq!(runs(&[Reruns, Reruns, Cached, Reruns]), "<path class=\"r\" d=\"M0 .5h2m1 0h1\"/>");
        assert_eq!(runs(&[Cached, Reruns, Cached]), "<path class=\"r\" d=\"M1 .5h1\"/>");
    }
}
