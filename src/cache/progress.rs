//! A line on the terminal that tells how far a long work has come.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Nothing is shown of work that is done sooner.
const PATIENCE: Duration = Duration::from_secs(1);

/// The line is written anew no more often.
const INTERVAL: Duration = Duration::from_millis(100);

/// How wide the bar is, in characters.
const WIDTH: usize = 30;

/// How far a work has come. On a terminal, standard error shows it while it takes longer than a second; elsewhere,
/// nothing is shown. The line is gone when this is dropped.
#[derive(Debug)]
pub(super) struct Progress {
    total: usize,
    done: AtomicUsize,
    start: Instant,
    /// When the line was last written.
    written: Mutex<Option<Instant>>,
    is_shown: bool,
}

impl Progress {
    /// A work of so many commits.
    pub(super) fn new(total: usize) -> Self {
        let is_shown = io::stderr().is_terminal();
        Self { total, done: AtomicUsize::new(0), start: Instant::now(), written: Mutex::new(None), is_shown }
    }

    /// One more is done.
    pub(super) fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if !self.is_shown || self.start.elapsed() < PATIENCE {
            return;
        }
        // Who finds another thread writing has nothing to add.
        let Ok(mut written) = self.written.try_lock() else { return };
        if written.is_some_and(|written| written.elapsed() < INTERVAL) {
            return;
        }
        *written = Some(Instant::now());
        let full = WIDTH * done / self.total.max(1);
        let bar = format!("{}{}", "#".repeat(full), " ".repeat(WIDTH.saturating_sub(full)));
        // A terminal that is gone needs no bar.
        let _ = write!(io::stderr(), "\r[{bar}] {done} of {} commits", self.total);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.written.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            let _ = write!(io::stderr(), "\r\u{1b}[2K");
        }
    }
}
