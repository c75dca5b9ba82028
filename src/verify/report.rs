//! What was found, for people, programs and pull requests.

mod json;
mod markdown;
mod text;

use std::io::{self, Write};
use std::process::ExitCode;

use super::arguments::Format;
use super::check::{Rebuild, Verdict, Verification};
use super::compare::{Comparison, Difference};

/// What came of all files.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Sorted by path.
    pub(crate) files: Vec<Verification>,
    /// What built, as it is typed; `None` if there was nothing to build.
    pub(super) engine: Option<&'static str>,
    /// What holds for all files, in sentences without a full stop.
    pub(super) notes: Vec<String>,
}

/// How often what came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
struct Counts {
    files: usize,
    same: usize,
    different: usize,
    failed: usize,
    unchanged: usize,
}

impl Report {
    fn counts(&self) -> Counts {
        let mut counts = Counts { files: self.files.len(), ..Counts::default() };
        for file in &self.files {
            *match file.verdict {
                Verdict::Unchanged => &mut counts.unchanged,
                Verdict::Same => &mut counts.same,
                Verdict::Different => &mut counts.different,
                Verdict::OriginalFails(_) | Verdict::Fails(_) | Verdict::Error(_) => &mut counts.failed,
            } += 1;
        }
        counts
    }

    /// 2 when a build, or something else, failed, 1 when an image differs, else 0.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let counts = self.counts();
        ExitCode::from(if counts.failed > 0 { 2 } else { u8::from(counts.different > 0) })
    }

    /// Writes it; text comes with colours, and whoever wants none strips them.
    pub(super) fn write(&self, format: Format, verbose: bool, out: &mut impl Write) -> io::Result<()> {
        match format {
            Format::Text => text::write(self, verbose, out),
            Format::Json => json::write(self, out),
            Format::Markdown => markdown::write(self, out),
        }
    }

    /// What came of the files, in a few words.
    fn totals(&self) -> String {
        let counts = self.counts();
        if counts.files == 0 {
            return "no Dockerfile found".to_owned();
        }
        let parts = [
            (counts.same, "the same image"),
            (counts.different, "another image"),
            (counts.failed, "not verified"),
            (counts.unchanged, "nothing to verify"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let text = parts.map(|(count, what)| format!("{count}: {what}")).collect::<Vec<_>>().join(", ");
        format!("of {}, {text}", count(counts.files, "Dockerfile"))
    }
}

impl Verification {
    /// What came of it, in one sentence without a full stop.
    pub(crate) fn sentence(&self) -> String {
        match &self.verdict {
            Verdict::Unchanged => "nothing to verify: the rewrite changes nothing".to_owned(),
            Verdict::Same => {
                let files = self.comparison.as_ref().map_or(0, |comparison| comparison.files);
                format!("the same image: configuration and {files} files")
            }
            Verdict::Different => {
                let differences =
                    self.comparison.as_ref().map_or(0, |comparison| comparison.differences.len());
                format!("the images differ in {}", count(differences, "place"))
            }
            Verdict::OriginalFails(failure) => {
                format!("not verified: the original does not build{}", at(failure.step.as_deref()))
            }
            Verdict::Fails(failure) => {
                format!("the original builds, the rewritten file does not{}", at(failure.step.as_deref()))
            }
            Verdict::Error(message) => format!("not verified: {message}"),
        }
    }

    /// What came of it, and the first of what is wrong.
    pub(crate) fn details(&self) -> String {
        let differences = self.comparison.iter().flat_map(|comparison| lines(&comparison.differences));
        let details = match &self.verdict {
            Verdict::Different => differences.take(3).collect::<Vec<_>>(),
            _ => self.log().last().map(|line| (*line).to_owned()).into_iter().collect(),
        };
        [self.sentence()].into_iter().chain(details).collect::<Vec<_>>().join("; ")
    }

    /// Whether the rewrite may be written.
    pub(crate) fn is_good(&self) -> bool {
        matches!(self.verdict, Verdict::Same | Verdict::Unchanged)
    }

    /// The log of the build that failed, and what to do about it.
    fn log(&self) -> Vec<&str> {
        let (Verdict::OriginalFails(failure) | Verdict::Fails(failure)) = &self.verdict else {
            return Vec::new();
        };
        let mut log: Vec<&str> = failure.log.iter().map(String::as_str).collect();
        if failure.step.is_none() && log.iter().any(|line| line.contains("docker/dockerfile")) {
            log.push(
                "if the engine cannot pull the frontend of the `# syntax=` line, try --builtin-frontend",
            );
        }
        log
    }
}

fn at(step: Option<&str>) -> String {
    step.map_or_else(String::new, |step| format!("; it fails at {step}"))
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// `3 of 5 steps, 12.4 s`
fn build(build: &super::check::Build) -> String {
    format!("{} of {}, {:.1} s", build.executed(), count(build.steps.len(), "step"), build.seconds)
}

/// `13.8 times as fast`
fn speedup(rebuild: &Rebuild) -> String {
    format!("{:.1} times as fast", rebuild.speedup())
}

/// One line for each field of each difference: `/app/x: mode: 644 -> 755`.
fn lines(differences: &[Difference]) -> impl Iterator<Item = String> {
    differences.iter().flat_map(|difference| {
        difference.fields.iter().map(|field| {
            let place = difference.path.as_deref().unwrap_or("configuration");
            let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
            format!("{place}: {}: {} -> {}", field.name, side(&field.before), side(&field.after))
        })
    })
}

/// What the exceptions cover: name, paths, reason.
fn excepted(comparison: &Comparison) -> impl Iterator<Item = (&'static str, usize, &'static str)> {
    comparison.excepted.iter().map(|(name, excepted)| (*name, excepted.paths, excepted.reason))
}

#[cfg(test)]
mod tests;
