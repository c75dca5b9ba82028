//! What is going on, while it goes on: one line that is written over on a terminal, else a line for each thing that begins.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Instant;

/// Shows the progress on standard error.
#[derive(Debug)]
pub(super) struct Live {
    mode: Mode,
    path: String,
    doing: String,
    since: Instant,
    shown: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Silent,
    Lines,
    Terminal,
}

/// As wide as a terminal may be expected to be; in characters.
const WIDTH: usize = 100;

impl Live {
    pub(super) fn new(quiet: bool) -> Self {
        let mode = match quiet {
            true => Mode::Silent,
            false if io::stderr().is_terminal() => Mode::Terminal,
            false => Mode::Lines,
        };
        Self { mode, path: String::new(), doing: String::new(), since: Instant::now(), shown: None }
    }

    /// From now on it is about this file.
    pub(super) fn file(&mut self, path: &str) {
        path.clone_into(&mut self.path);
    }

    /// Something begins.
    pub(super) fn step(&mut self, doing: &str) {
        doing.clone_into(&mut self.doing);
        self.since = Instant::now();
        self.shown = None;
        if self.mode == Mode::Lines {
            // There is nothing to be done where standard error is closed.
            let _ = writeln!(io::stderr(), "{}: {doing}", self.path);
        }
        self.detail(None);
    }

    /// What is at work within it. Often, so that it is not shown each time.
    pub(super) fn detail(&mut self, detail: Option<&str>) {
        let is_new = self.shown.is_none_or(|shown| shown.elapsed().as_millis() > 200);
        if self.mode != Mode::Terminal || !is_new {
            return;
        }
        self.shown = Some(Instant::now());
        let seconds = self.since.elapsed().as_secs();
        let mut line = format!("{}: {} ({seconds} s)", self.path, self.doing);
        if let Some(detail) = detail {
            line += ": ";
            line += detail;
        }
        let line: String = line.chars().filter(|char| !char.is_control()).take(WIDTH).collect();
        let _ = write!(io::stderr(), "\r\x1b[K{line}");
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if self.mode == Mode::Terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
