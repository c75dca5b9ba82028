//! The report for people at a terminal.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{Report, build, excepted, lines, speedup};
use crate::verify::check::{Verdict, Verification};

/// So many differences are listed.
const MOST: usize = 40;

const PATH: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const QUIET: Style = Style::new().dimmed();

pub(super) fn write(report: &Report, verbose: bool, out: &mut impl Write) -> io::Result<()> {
    for file in &report.files {
        if verbose || !matches!(file.verdict, Verdict::Unchanged) {
            write_file(file, verbose, out)?;
        }
    }
    for note in &report.notes {
        writeln!(out, "{note}")?;
    }
    writeln!(out, "{}", report.totals())
}

fn write_file(file: &Verification, verbose: bool, out: &mut impl Write) -> io::Result<()> {
    let style = if file.is_good() { GOOD } else { BAD };
    writeln!(out, "{PATH}{}{PATH:#}: {style}{}{style:#}", file.path, clean(&file.sentence()))?;
    for line in file.log() {
        writeln!(out, "    {}", clean(line))?;
    }
    if let Some(comparison) = &file.comparison {
        let all: Vec<String> = lines(&comparison.differences).collect();
        for line in all.iter().take(MOST) {
            writeln!(out, "    {}", clean(line))?;
        }
        if all.len() > MOST {
            writeln!(out, "    and {} more; --format json lists them all", all.len() - MOST)?;
        }
        for (name, paths, reason) in excepted(comparison) {
            writeln!(out, "    {QUIET}may differ: {paths} in {name}: {reason}{QUIET:#}")?;
        }
        for line in lines(&comparison.unstable).take(MOST) {
            let line = clean(&line);
            writeln!(out, "    {QUIET}differs between two builds of the original as well: {line}{QUIET:#}")?;
        }
    }
    write_builds(file, out)?;
    if verbose {
        for rebuild in &file.rebuilds {
            for (which, build) in [("original", &rebuild.before), ("rewritten", &rebuild.after)] {
                for step in &build.steps {
                    let outcome = match (step.cached, step.seconds) {
                        (true, _) => "cached".to_owned(),
                        (false, Some(seconds)) => format!("{seconds:.1} s"),
                        (false, None) => "executed".to_owned(),
                    };
                    writeln!(out, "    {}, {which}: {outcome}: {}", rebuild.path, clean(&step.text))?;
                }
            }
        }
    }
    for note in &file.notes {
        writeln!(out, "    {}", clean(note))?;
    }
    Ok(())
}

/// A table with a line for the first build and one for each edit.
fn write_builds(file: &Verification, out: &mut impl Write) -> io::Result<()> {
    let mut rows: Vec<[String; 4]> = Vec::new();
    if let [before, after] = &file.builds[..] {
        rows.push(["first build".to_owned(), build(before), build(after), String::new()]);
    }
    for rebuild in &file.rebuilds {
        let edit = format!("edit of {}", clean(&rebuild.path));
        rows.push([edit, build(&rebuild.before), build(&rebuild.after), speedup(rebuild)]);
    }
    let widths: [usize; 3] =
        [0, 1, 2].map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default());
    let [first, second, third] = widths;
    for [label, before, after, speedup] in rows {
        let line =
            format!("    {label:first$}   original {before:second$}   rewritten {after:third$}   {speedup}");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Without anything that a terminal would act on.
fn clean(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}
