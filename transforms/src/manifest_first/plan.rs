//! Where a COPY goes, and what comes in its place.

use dockfix_model::ImagePath;
use dockfix_model::build::Stage;
use dockfix_syntax::view::Copy;

use super::files::{Files, name_of};

/// Where a COPY goes, and what comes in its place.
pub(super) struct Plan {
    /// The COPY's step.
    pub(super) copy: usize,
    /// What is copied in its place.
    pub(super) manifests: Manifests,
    /// The step above which that is done; `None` for the place of the COPY itself.
    pub(super) above: Option<usize>,
    /// Where it goes.
    pub(super) below: Below,
    /// The destination to write in the COPY, where a WORKDIR that it passes would change the meaning of a relative one.
    pub(super) destination: Option<String>,
    /// The steps that no longer depend on it, for the reason: line and what they run.
    pub(super) gained: Vec<(usize, String)>,
    /// How a COPY of nothing but files goes; `None` for sources.
    pub(super) files: Option<Files>,
}

/// Where the sources go.
pub(super) enum Below {
    /// After this step.
    Step(usize),
    /// Into this step, a RUN that is split behind the link of this number.
    Split {
        /// The step.
        step: usize,
        /// Number of the first link of the second part.
        at: usize,
        /// Texts of the commands that change the shell and stand in the first part: the second part repeats them.
        state: Vec<String>,
    },
    /// A RUN that downloads comes above them.
    Prefetch {
        /// The flags of the RUN that it serves: mounts with secrets, networks.
        flags: Vec<String>,
        /// The command.
        command: String,
        /// The directory to change to first, where it is not the working directory.
        directory: Option<ImagePath>,
        /// The step after which both go; `None` where the sources stay.
        after: Option<usize>,
        /// What is copied in the old place nevertheless, for what comes before the download.
        early: Manifests,
    },
}

/// Files and directories to copy early, each once, in the order in which they are asked for.
#[derive(Clone, Default)]
pub(super) struct Manifests {
    /// Path in the context and in the image, of files.
    pub(super) files: Vec<(String, ImagePath)>,
    /// Path in the context and in the image, of directories.
    pub(super) directories: Vec<(String, ImagePath)>,
}

impl Manifests {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.directories.is_empty()
    }

    /// Takes out what is among `others`.
    pub(super) fn remove(&mut self, others: &Self) {
        self.files.retain(|entry| !others.files.contains(entry));
        self.directories.retain(|entry| !others.directories.contains(entry));
    }

    /// Adds what is not there yet.
    pub(super) fn add(&mut self, more: Self) {
        for (ours, theirs) in [(&mut self.files, more.files), (&mut self.directories, more.directories)] {
            for entry in theirs {
                if !ours.contains(&entry) {
                    ours.push(entry);
                }
            }
        }
    }
}

impl Plan {
    /// The step of the first COPY that goes.
    pub(super) fn first(&self) -> usize {
        self.files.as_ref().and_then(|files| files.with.first()).copied().unwrap_or(self.copy)
    }

    /// What goes down.
    fn sinks(&self, stage: &Stage<'_>) -> String {
        let Some(Files { late, with }) = &self.files else { return "sources change".to_owned() };
        let instruction = |step: usize| &stage.steps[step].instruction;
        let sources = |step: usize| Copy::of(instruction(step)).map_or_else(Vec::new, |copy| copy.sources);
        let own = sources(self.copy).into_iter().enumerate().filter(|(number, _)| late.has(*number));
        let all = with.iter().flat_map(|&step| sources(step)).chain(own.map(|(_, source)| source));
        let names: Vec<_> = all.map(|source| name_of(&source.text).to_owned()).collect();
        let last = instruction(self.copy).start_line();
        match (&names[..], with.first()) {
            ([name], _) if !name.contains('*') => format!("{name} changes"),
            ([one, other], _) => format!("{one} or {other} changes"),
            (_, Some(&first)) => {
                format!("the files of lines {} to {last} change", instruction(first).start_line())
            }
            (_, None) => format!("the files of line {last} change"),
        }
    }

    pub(super) fn reason(&self, stage: &Stage<'_>) -> String {
        let mut names: Vec<&str> = Vec::new();
        for (_, name) in &self.gained {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let (first, more) = names.split_first().map_or(("", 0), |(first, rest)| (*first, rest.len()));
        let verb = if more == 0 { "reruns" } else { "rerun" };
        let shown = match names.len() {
            0..=1 => first.to_owned(),
            2 => names.join(" and "),
            _ => format!("{first} and {more} more"),
        };
        let copied = stage.steps[self.copy].instruction.start_line();
        match self.below {
            Below::Prefetch { .. } => {
                format!("{shown} runs before the sources are copied and stays cached when they change")
            }
            _ if more == 0 && shown.is_empty() => format!("line {copied} moves down"),
            _ => format!("{shown} no longer {verb} when {}", self.sinks(stage)),
        }
    }
}
