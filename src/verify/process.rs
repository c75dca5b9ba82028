//! Runs the engine's command line: in a process group of its own, so that all of it can be ended when the time is up or
//! the user presses Ctrl-C, and nothing is left running.

use std::io::{self, BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, LazyLock, atomic::AtomicBool, atomic::Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often the clock and the signals are looked at.
const TICK: Duration = Duration::from_millis(50);
/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(5);

static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From now on Ctrl-C, and being asked to end, do not end dockfix at once: what runs is ended, and what was made is removed
/// on the way out.
///
/// # Errors
/// The system does not let us have the signals.
pub(super) fn catch_signals() -> io::Result<()> {
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&INTERRUPTED))?;
    }
    Ok(())
}

/// Whether the user wants us to end.
pub(super) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Why a program did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The user, or the system, asked us to end.
    #[error("interrupted")]
    Interrupted,
    /// It took too long and was ended.
    #[error("stopped after {} s (--timeout)", .0.as_secs())]
    TimedOut(Duration),
    /// It could not be started, or what it says could not be read.
    #[error("{program}: {source}")]
    Io { program: String, source: io::Error },
    /// It ended with an error.
    #[error("{program}: {said}")]
    Failed { program: String, said: String },
}

/// When to end a program that has not ended by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// After this time.
    pub(super) time: Option<Duration>,
    /// On Ctrl-C. Not so for what cleans up after it.
    pub(super) on_interrupt: bool,
}

impl Limits {
    /// Ends on Ctrl-C, and after this time.
    pub(super) fn of(time: Option<Duration>) -> Self {
        Self { time, on_interrupt: true }
    }

    fn check(self, started: Instant) -> Result<(), Failure> {
        if self.on_interrupt && is_interrupted() {
            return Err(Failure::Interrupted);
        }
        match self.time {
            Some(time) if started.elapsed() >= time => Err(Failure::TimedOut(time)),
            _ => Ok(()),
        }
    }
}

/// Runs a command to its end and hands on each line that it writes, to whichever of its outputs.
pub(super) fn run(
    mut command: Command,
    limits: Limits,
    mut line: impl FnMut(&str),
) -> Result<ExitStatus, Failure> {
    let program = name(&command);
    let io = |source| Failure::Io { program: program.clone(), source };
    let (reader, writer) = io::pipe().map_err(io)?;
    let (stdout, stderr) = (writer.try_clone().map_err(io)?, writer);
    let mut group = Group::start(command.stdout(stdout).stderr(stderr)).map_err(io)?;
    // The command holds the ends that are written to; as long as they are open, the pipe has no end.
    drop(command);
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned();
            if sender.send(text).is_err() {
                return;
            }
            bytes.clear();
        }
    });
    let started = Instant::now();
    let mut ended = None;
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(text) => line(&text),
            Err(RecvTimeoutError::Disconnected) => break,
            // Something that the program left behind may keep the pipe open.
            Err(RecvTimeoutError::Timeout) if ended.is_some() => break,
            Err(RecvTimeoutError::Timeout) => ended = group.child.try_wait().map_err(io)?,
        }
        limits.check(started)?;
    }
    loop {
        if let Some(status) = group.child.try_wait().map_err(io)? {
            return Ok(status);
        }
        limits.check(started)?;
        thread::sleep(TICK);
    }
}

/// Runs a command that says little, and returns what it writes to standard output.
pub(super) fn capture(mut command: Command, limits: Limits) -> Result<String, Failure> {
    let mut said = String::new();
    command.stderr(Stdio::piped());
    let text = stream(command, limits, |stdout| {
        stdout.read_to_string(&mut said)?;
        Ok(said)
    })?;
    Ok(text.trim().to_owned())
}

/// Runs a command whose standard output is for `read`, which runs in another thread.
pub(super) fn stream<T: Send>(
    mut command: Command,
    limits: Limits,
    read: impl FnOnce(&mut dyn Read) -> io::Result<T> + Send,
) -> Result<T, Failure> {
    let program = name(&command);
    let io = |source| Failure::Io { program: program.clone(), source };
    let mut group = Group::start(command.stdout(Stdio::piped()).stderr(Stdio::piped())).map_err(io)?;
    let stdout = group.child.stdout.take();
    let stderr = group.child.stderr.take();
    let started = Instant::now();
    thread::scope(|scope| {
        let read = scope.spawn(|| match stdout {
            Some(mut stdout) => read(&mut stdout),
            None => Err(io::Error::other("no output")),
        });
        let said = scope.spawn(|| {
            let mut said = Vec::new();
            if let Some(stderr) = stderr {
                let _ = stderr.take(1 << 16).read_to_end(&mut said);
            }
            String::from_utf8_lossy(&said).trim().to_owned()
        });
        let mut done = Ok(());
        while done.is_ok() && !read.is_finished() {
            thread::sleep(TICK / 10);
            done = limits.check(started);
        }
        let status = match done {
            Ok(()) => group.child.wait().map_err(io)?,
            Err(failure) => {
                // Closes the pipes that the threads read from.
                group.end();
                return Err(failure);
            }
        };
        let value = read.join().map_err(|_| io(io::Error::other("reading its output failed")))?;
        if !status.success() {
            let said = said.join().unwrap_or_default();
            return Err(Failure::Failed { program: program.clone(), said: last_line(&said) });
        }
        value.map_err(io)
    })
}

/// What says best what went wrong.
fn last_line(said: &str) -> String {
    said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("failed without a word").to_owned()
}

fn name(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args()).take(2);
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// A program with all that it starts. It is ended when this is dropped.
struct Group {
    child: Child,
}

impl Group {
    fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        Ok(Self { child: command.stdin(Stdio::null()).spawn()? })
    }

    /// Asks the program to end, and makes it end if it does not. BuildKit stops a build when its client goes away.
    fn end(&mut self) {
        let is_running = |child: &mut Child| matches!(child.try_wait(), Ok(None));
        if !is_running(&mut self.child) {
            return;
        }
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process_group};
            let group = Pid::from_child(&self.child);
            let asked = Instant::now();
            // That it has just ended is no fault.
            let _ = kill_process_group(group, Signal::TERM);
            while is_running(&mut self.child) && asked.elapsed() < GRACE {
                thread::sleep(TICK);
            }
            if is_running(&mut self.child) {
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
        #[cfg(not(unix))]
        let _ = (GRACE, self.child.kill());
        let _ = self.child.wait();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn both_outputs_are_read_and_the_end_is_told() {
        let mut lines = Vec::new();
        let status =
            run(sh("echo a; echo b >&2; exit 3"), Limits::of(None), |line| lines.push(line.to_owned()));
        assert_eq!(status.unwrap().code(), Some(3));
        assert_eq!(lines, ["a", "b"]);
        assert_eq!(capture(sh("echo c; echo d >&2"), Limits::of(None)).unwrap(), "c");
        let failed = capture(sh("echo why >&2; exit 1"), Limits::of(None)).unwrap_err();
        assert_eq!(failed.to_string(), "sh -c: why");
    }

    #[test]
    fn what_takes_too_long_is_ended_with_its_children() {
        let limits = Limits::of(Some(Duration::from_millis(200)));
        let mut child = String::new();
        let script = "sleep 60 & echo $!; wait";
        let ended = run(sh(script), limits, |line| line.clone_into(&mut child));
        assert!(matches!(ended, Err(Failure::TimedOut(_))), "{ended:?}");
        let gone = || !sh(&format!("kill -0 {child}")).stderr(Stdio::null()).status().unwrap().success();
        // Whoever adopts the child has to wait for it before it is gone.
        assert!(
            (0..100).any(|_| {
                thread::sleep(Duration::from_millis(20));
                gone()
            }),
            "{child} still runs"
        );
        let ended = stream(sh("sleep 60"), limits, |stdout| stdout.read_to_end(&mut Vec::new()));
        assert!(matches!(ended, Err(Failure::TimedOut(_))), "{ended:?}");
    }
}
