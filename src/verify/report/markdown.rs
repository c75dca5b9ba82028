//! The report for a pull request.

use std::io::{self, Write};

use super::{Report, excepted, lines};
use crate::verify::check::{Build, Rebuild, Verdict, Verification};

/// So many differences are listed.
const MOST: usize = 40;

pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "## dockfix verify\n")?;
    if let Some(engine) = report.engine {
        writeln!(
            out,
            "Each Dockerfile was built as it was and as it is rewritten (`{engine}`); the images were compared file by"
        )?;
        writeln!(out, "file, and both were built again after an edit. Result: {}.\n", report.totals())?;
    } else {
        writeln!(out, "Nothing was built: {}.\n", report.totals())?;
    }
    for file in report.files.iter().filter(|file| !matches!(file.verdict, Verdict::Unchanged)) {
        write_file(file, out)?;
    }
    for note in &report.notes {
        writeln!(out, "{}.\n", text(note))?;
    }
    Ok(())
}

fn write_file(file: &Verification, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "### {}\n", code(&file.path))?;
    let mark = if file.is_good() { "✅" } else { "❌" };
    writeln!(out, "{mark} {}.\n", text(&capital(&file.sentence())))?;
    block(out, "The end of the log", file.log().into_iter().map(str::to_owned).collect())?;
    if let [before, after] = &file.builds[..] {
        writeln!(out, "| build | original | rewritten | |\n|---|---|---|---|")?;
        writeln!(out, "| first | {} | {} | |", super::build(before), super::build(after))?;
        for rebuild in &file.rebuilds {
            let (before, after) = (super::build(&rebuild.before), super::build(&rebuild.after));
            let speedup = super::speedup(rebuild);
            writeln!(out, "| after an edit of {} | {before} | {after} | {speedup} |", cell(&rebuild.path))?;
        }
        writeln!(out)?;
    }
    if let Some(comparison) = &file.comparison {
        let mut all: Vec<String> = lines(&comparison.differences).collect();
        if all.len() > MOST {
            let more = format!("and {} more", all.len() - MOST);
            all.truncate(MOST);
            all.push(more);
        }
        block(out, "Where the images differ", all)?;
        let excepted: Vec<_> = excepted(comparison).collect();
        if !excepted.is_empty() {
            writeln!(out, "May differ, and does:\n")?;
            for (name, paths, reason) in excepted {
                writeln!(out, "- {name}, {}: {reason}", super::count(paths, "path"))?;
            }
            writeln!(out)?;
        }
        let unstable = lines(&comparison.unstable).take(MOST).collect();
        block(out, "Differs between two builds of the original as well", unstable)?;
    }
    for rebuild in &file.rebuilds {
        write_steps(rebuild, out)?;
    }
    for note in &file.notes {
        writeln!(out, "{}.\n", text(&capital(note)))?;
    }
    Ok(())
}

/// The steps of both builds, to be unfolded.
fn write_steps(rebuild: &Rebuild, out: &mut impl Write) -> io::Result<()> {
    let side = |which: &str, build: &Build| {
        let steps = build.steps.iter().map(|step| {
            let outcome = match (step.cached, step.seconds) {
                (true, _) => "cached".to_owned(),
                (false, Some(seconds)) => format!("{seconds:.1} s"),
                (false, None) => "executed".to_owned(),
            };
            format!("{outcome:>8}  {}", step.text)
        });
        [format!("{which}:")].into_iter().chain(steps).collect::<Vec<_>>()
    };
    let mut all = side("original", &rebuild.before);
    all.extend(side("rewritten", &rebuild.after));
    let title = format!("The steps after an edit of {}", code(&rebuild.path));
    block(out, &title, all)
}

/// Lines as they are, to be unfolded.
fn block(out: &mut impl Write, title: &str, lines: Vec<String>) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    // Longer than any row of backticks in the lines.
    let longest = lines.iter().flat_map(|line| line.split(|char| char != '`')).map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or_default().max(2) + 1);
    writeln!(out, "<details><summary>{title}</summary>\n\n{fence}text")?;
    for line in lines {
        writeln!(out, "{}", line.replace(char::is_control, " "))?;
    }
    writeln!(out, "{fence}\n\n</details>\n")
}

/// Text that is to mean nothing but itself.
fn text(text: &str) -> String {
    let mut safe = String::new();
    for char in text.chars() {
        match char {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '@' => safe.extend(['\\', char]),
            _ if char.is_control() => safe.push(' '),
            _ => safe.push(char),
        }
    }
    safe
}

fn code(path: &str) -> String {
    format!("<code>{}</code>", path.replace('&', "&amp;").replace('<', "&lt;").replace(char::is_control, " "))
}

fn cell(path: &str) -> String {
    code(path).replace('|', "&#124;")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
