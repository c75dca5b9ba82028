//! The answers for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use dockfix_model::cache::{Edit, Verdict};

use super::edits::{Answer, StepAnswer, reruns};
use crate::report::{count, one_line};

/// A step that runs again.
pub(super) const RERUNS: Style = AnsiColor::Red.on_default();
/// A step that may run again.
pub(super) const MAY_RERUN: Style = AnsiColor::Yellow.on_default();
/// A step that does not.
pub(super) const CACHED: Style = Style::new().dimmed();
/// What a block is about.
pub(super) const HEADING: Style = Style::new().bold();

/// How much of an instruction is shown, in characters.
const TITLE_WIDTH: usize = 48;

/// Writes a table for every change, with colours; whoever wants none strips them.
pub(super) fn write_answers(answers: &[Answer], out: &mut impl Write) -> io::Result<()> {
    for (number, answer) in answers.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        let like = answers.iter().take(number).find(|other| is_alike(answer, other));
        write_answer(answer, like, out)?;
    }
    if answers.iter().any(|answer| all_steps(answer).any(|step| step.verdict == Verdict::DependsOnContent)) {
        writeln!(out)?;
        writeln!(
            out,
            "What may rerun copies from a stage that reruns: it stays cached if that stage makes the same files."
        )?;
    }
    Ok(())
}

fn all_steps(answer: &Answer) -> impl Iterator<Item = &StepAnswer> {
    answer.before.iter().chain(answer.after.iter().flatten())
}

/// Whether two changes of files make the same steps run again, because of the same ones.
fn is_alike(answer: &Answer, other: &Answer) -> bool {
    let files = |answer: &Answer| answer.edits.iter().all(|edit| matches!(edit, Edit::File(_)));
    let steps = |answer| all_steps(answer).map(|step| (step.verdict, step.root)).collect::<Vec<_>>();
    files(answer) && files(other) && answer.notes.is_empty() && steps(answer) == steps(other)
}

/// `like` is a change that was told already, and makes the same steps run again.
fn write_answer(answer: &Answer, like: Option<&Answer>, out: &mut impl Write) -> io::Result<()> {
    let edits = |answer: &Answer| answer.edits.iter().map(describe).collect::<Vec<_>>().join(", ");
    let what = match answer.kind {
        Some(kind) => format!("{} ({})", kind.describe(), edits(answer)),
        None => edits(answer),
    };
    let before = format!("{} of {} rerun", counts(&answer.before), count(answer.before.len(), "step"));
    let after = match &answer.after {
        Some(after) => format!("; after the rewrite {} of {}", counts(after), after.len()),
        None => String::new(),
    };
    let like = like.map_or_else(String::new, |like| format!(": the same as with {}", one_line(&edits(like))));
    writeln!(out, "{HEADING}{}{HEADING:#}: {before}{after}{like}", one_line(&what))?;
    if !like.is_empty() {
        return Ok(());
    }
    for note in &answer.notes {
        writeln!(out, "  {}", one_line(note))?;
    }
    match &answer.after {
        None => write_steps(&answer.before, "  ", out),
        Some(after) => {
            writeln!(out, "  before")?;
            write_steps(&answer.before, "    ", out)?;
            writeln!(out, "  after the rewrite")?;
            write_steps(after, "    ", out)
        }
    }
}

/// `3`, or `1 and perhaps 2 more` where it depends on what the stages make.
fn counts(steps: &[StepAnswer]) -> String {
    let certain = steps.iter().filter(|step| step.verdict == Verdict::Reruns).count();
    match reruns(steps) - certain {
        0 => certain.to_string(),
        more => format!("{certain} and perhaps {more} more"),
    }
}

/// A change in a few words.
pub(super) fn describe(edit: &Edit) -> String {
    match edit {
        Edit::File(path) => path.clone(),
        Edit::Argument(name) => format!("--build-arg {name}"),
        Edit::Base => "base images".to_owned(),
    }
}

fn write_steps(steps: &[StepAnswer], indent: &str, out: &mut impl Write) -> io::Result<()> {
    let title_width =
        steps.iter().map(|step| step.label.title.chars().count().min(TITLE_WIDTH)).max().unwrap_or_default();
    let line_width = steps.iter().map(|step| step.label.line.to_string().len()).max().unwrap_or_default();
    let several = steps.windows(2).any(|pair| pair[0].label.stage != pair[1].label.stage);
    let mut stage = "";
    for step in steps {
        let label = &step.label;
        if several && label.stage != stage {
            stage = &label.stage;
            writeln!(out, "{indent}{}", one_line(stage))?;
        }
        let (style, verdict) = match step.verdict {
            Verdict::Cached => (CACHED, "cached"),
            Verdict::Reruns => (RERUNS, "reruns"),
            Verdict::DependsOnContent => (MAY_RERUN, "may rerun"),
        };
        let title = pad(&shortened(&label.title, TITLE_WIDTH), title_width);
        let because = step.reason.as_deref().and_then(because).map_or_else(String::new, one_line_because);
        let several = if several { "  " } else { "" };
        writeln!(
            out,
            "{indent}{several}{:>line_width$}  {title}  {style}{verdict}{style:#}{because}",
            label.line
        )?;
    }
    Ok(())
}

/// What follows `because` in a sentence.
fn because(reason: &str) -> Option<&str> {
    reason.split_once(" because ").map(|(_, because)| because)
}

fn one_line_because(because: &str) -> String {
    format!(" because {}", one_line(because))
}

/// The beginning of a text, and a mark where something is left out.
pub(super) fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let start: String = text.chars().take(width.saturating_sub(3)).collect();
    format!("{}...", start.trim_end())
}

/// A text and spaces up to a width, in characters.
pub(super) fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}
