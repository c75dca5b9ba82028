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
    total: AtomicUsize,
    done: AtomicUsize,
    start: Instant,
    line: Mutex<Line>,
    is_shown: bool,
}

#[derive(Debug, Default)]
struct Line {
    /// What is counted.
    what: &'static str,
    /// When the line was last written.
    written: Option<Instant>,
}

impl Progress {
    /// A work that begins now.
    pub(super) fn new() -> Self {
        let is_shown = io::stderr().is_terminal();
        let (total, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { total, done, start: Instant::now(), line: Mutex::default(), is_shown }
    }

    /// So many of something are to be done next.
    pub(super) fn expect(&self, total: usize, what: &'static str) {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).what = what;
        self.total.store(total, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
    }

    /// One more is done.
    pub(super) fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if !self.is_shown || self.start.elapsed() < PATIENCE {
            return;
        }
        // Who finds another thread writing has nothing to add.
        let Ok(mut line) = self.line.try_lock() else { return };
        if line.written.is_some_and(|written| written.elapsed() < INTERVAL) {
            return;
        }
        line.written = Some(Instant::now());
        let total = self.total.load(Ordering::Relaxed).max(done);
        let full = WIDTH * done / total;
        let bar = format!("{}{}", "#".repeat(full), " ".repeat(WIDTH.saturating_sub(full)));
        // A terminal that is gone needs no bar.
        let _ = write!(io::stderr(), "\r[{bar}] {done} of {total} {}\u{1b}[K", line.what);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.line.lock().unwrap_or_else(PoisonError::into_inner).written.is_some() {
            let _ = write!(io::stderr(), "\r\u{1b}[2K");
        }
    }
}
