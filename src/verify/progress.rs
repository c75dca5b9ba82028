//! What an engine says while it builds: which steps ran, which came from the cache, which failed.
//!
//! BuildKit's `--progress=plain` is read, which every client of it knows (`rawjson` came with buildx 0.13), and what
//! podman and buildah write. BuildKit writes `#7 [stage-0 3/4] RUN npm ci`, then what the step says as `#7 0.313 text`,
//! and in the end `#7 DONE 4.2s`, `#7 CACHED`, `#7 CANCELED` or `#7 ERROR: why` (moby/buildkit, `util/progress/progressui`).

use std::collections::VecDeque;

/// How many of the last lines of a log are kept.
const TAIL: usize = 20;
/// The instructions that make a step; the others only set what stands in the configuration.
const STEPS: [&str; 4] = ["RUN", "COPY", "ADD", "WORKDIR"];

/// A RUN, COPY, ADD or WORKDIR of a build.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// The instruction, as the engine writes it.
    pub(super) text: String,
    /// What became of it.
    pub(super) outcome: Outcome,
    /// How long it took, where the engine says so.
    pub(super) seconds: Option<f64>,
    /// What BuildKit writes in brackets before it, without the number of all: `stage-0 3` for `stage-0 3/4`.
    place: String,
    /// BuildKit's numbers of it; none with other engines. A step that another build, such as that of the file before the
    /// rewrite, has as well may stand there twice, once with the name that it has there: `stage-0 3/5`.
    numbers: Vec<String>,
    log: VecDeque<String>,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was executed.
    Executed,
    /// Its result was in the cache.
    Cached,
    /// It failed.
    Failed,
    /// It did not come to its end.
    Unfinished,
}

/// The steps of a build, as far as it has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    steps: Vec<Step>,
    tail: VecDeque<String>,
}

impl Progress {
    /// Takes the next line of the output.
    pub(super) fn line(&mut self, line: &str) {
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        keep(&mut self.tail, line);
        match line.strip_prefix('#').and_then(|rest| rest.split_once(' ')) {
            Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.of_buildkit(number, rest);
            }
            _ => self.of_buildah(line),
        }
    }

    fn of_buildkit(&mut self, number: &str, rest: &str) {
        let is_it = |step: &&mut Step| step.numbers.iter().any(|known| known == number);
        let Some(step) = self.steps.iter_mut().find(is_it) else {
            let named = rest.strip_prefix('[').and_then(|rest| rest.split_once("] "));
            let Some((place, text)) = named.filter(|(_, text)| is_step(text)) else { return };
            let place = place.rsplit_once('/').map_or(place, |(place, _)| place);
            match self.steps.iter_mut().find(|step| step.place == place && step.text == text) {
                Some(step) => step.numbers.push(number.to_owned()),
                None => {
                    let step = Step::new(text);
                    self.steps.push(Step {
                        place: place.to_owned(),
                        numbers: vec![number.to_owned()],
                        ..step
                    });
                }
            }
            return;
        };
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        let outcome = match word {
            "DONE" => Outcome::Executed,
            "CACHED" => Outcome::Cached,
            "ERROR:" => Outcome::Failed,
            _ => {
                if word.parse::<f64>().is_ok() {
                    keep(&mut step.log, after);
                }
                return;
            }
        };
        if step.outcome == Outcome::Unfinished {
            step.outcome = outcome;
            step.seconds = after.strip_suffix('s').and_then(|seconds| seconds.parse().ok());
        }
        if outcome == Outcome::Failed {
            keep(&mut step.log, after);
        }
    }

    /// `[1/2] STEP 3/4: RUN npm ci`, `--> Using cache 4a42e758468`, `--> 4a42e758468`
    fn of_buildah(&mut self, line: &str) {
        let rest = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((_, rest)) => rest,
            None => line,
        };
        if let Some((_, text)) = rest.strip_prefix("STEP ").and_then(|rest| rest.split_once(": ")) {
            self.end_last(Outcome::Executed);
            // What makes no step stands there as well, so that what is said next is not taken for the step before.
            self.steps.push(Step::new(text));
        } else if let Some(result) = rest.strip_prefix("--> ") {
            let cached = result.starts_with("Using cache");
            self.end_last(if cached { Outcome::Cached } else { Outcome::Executed });
        } else if rest.starts_with("COMMIT") {
            self.end_last(Outcome::Executed);
        } else if rest.starts_with("Error: ") || rest.starts_with("error ") {
            self.end_last(Outcome::Failed);
        }
        if let Some(step) = self.steps.last_mut().filter(|step| step.numbers.is_empty()) {
            keep(&mut step.log, line);
        }
    }

    fn end_last(&mut self, outcome: Outcome) {
        let last = self.steps.last_mut();
        if let Some(step) = last.filter(|step| step.numbers.is_empty() && step.outcome == Outcome::Unfinished)
        {
            step.outcome = outcome;
        }
    }

    /// The step that is at work.
    pub(super) fn current(&self) -> Option<&str> {
        let running = self.steps.iter().rev().find(|step| step.outcome == Outcome::Unfinished);
        running.map(|step| &*step.text)
    }

    /// The steps so far, those of a stage together and in their order: what is cached, BuildKit tells as it pleases.
    pub(super) fn steps(&self) -> Vec<&Step> {
        let mut steps: Vec<&Step> = self.steps.iter().filter(|step| is_step(&step.text)).collect();
        let stages: Vec<&str> = steps.iter().map(|step| step.stage().0).collect();
        steps.sort_by_cached_key(|step| {
            let (stage, number) = step.stage();
            (stages.iter().position(|known| *known == stage), number)
        });
        steps
    }

    /// The step that failed, if it was one, and the end of its log; else the end of all that was said.
    pub(super) fn failure(&self) -> (Option<String>, Vec<String>) {
        match self.steps.iter().find(|step| step.outcome == Outcome::Failed) {
            Some(step) => (Some(step.text.clone()), step.log.iter().cloned().collect()),
            None => (None, self.tail.iter().cloned().collect()),
        }
    }
}

impl Step {
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            outcome: Outcome::Unfinished,
            seconds: None,
            place: String::new(),
            numbers: Vec::new(),
            log: VecDeque::new(),
        }
    }
}

impl Step {
    /// Its stage, and its number there.
    fn stage(&self) -> (&str, Option<usize>) {
        let (stage, number) = self.place.rsplit_once(' ').unwrap_or(("", &self.place));
        (stage, number.parse().ok())
    }
}

fn is_step(text: &str) -> bool {
    let word = text.split(' ').next().unwrap_or_default();
    STEPS.iter().any(|step| word.eq_ignore_ascii_case(step))
}

fn keep(lines: &mut VecDeque<String>, line: &str) {
    if lines.len() == TAIL {
        lines.pop_front();
    }
    lines.push_back(line.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Progress {
        let mut progress = Progress::default();
        text.lines().for_each(|line| progress.line(line));
        progress
    }

    fn outcomes(progress: &Progress) -> Vec<(&str, Outcome)> {
        progress.steps().iter().map(|step| (&*step.text, step.outcome)).collect()
    }

    #[test]
    fn what_buildkit_says() {
        let progress = read(
            "#0 building with \"default\" instance\n#1 [internal] load build definition\n#1 DONE 0.0s\n\
             #4 [1/4] FROM docker.io/library/node:20\n#4 CACHED\n#7 [stage-0 3/4] RUN --mount=x npm ci\n\
             #6 [build 2/4] COPY . .\n#6 DONE 0.1s\n#7 [stage-0 3/4] RUN --mount=x npm ci\n#7 CACHED\n\
             #8 [linux/amd64 4/4] run npm test\n#8 0.3 DONE\n#8 DONE 12.4s\n#9 exporting to image\n#9 DONE 0.2s\n\
             #10 [stage-0 3/5] RUN --mount=x npm ci\n#10 CACHED\n#11 [stage-0 2/4] WORKDIR /a\n#11 CACHED\n",
        );
        let expected = [
            ("WORKDIR /a", Outcome::Cached),
            ("RUN --mount=x npm ci", Outcome::Cached),
            ("COPY . .", Outcome::Executed),
            ("run npm test", Outcome::Executed),
        ];
        assert_eq!(outcomes(&progress), expected);
        assert_eq!(progress.steps()[3].seconds, Some(12.4));
        assert_eq!(progress.current(), None);
        assert_eq!(read("#5 [2/2] RUN x\n#5 0.1 hi\n").current(), Some("RUN x"));
    }

    #[test]
    fn a_step_that_fails_and_its_log() {
        let progress = read(
            "#5 [2/2] RUN false\n#5 0.2 no such thing\n#6 [a 1/2] COPY a .\n#6 CANCELED\n\
             #5 ERROR: process \"false\" did not complete successfully: exit code: 1\n------\n > [2/2] RUN false:\n",
        );
        let (step, log) = progress.failure();
        assert_eq!(step.as_deref(), Some("RUN false"));
        let why = "process \"false\" did not complete successfully: exit code: 1";
        assert_eq!(log, ["no such thing", why]);
        let (step, log) =
            read("#1 [internal] load\n#1 DONE 0.0s\nERROR: failed to solve: nothing\n").failure();
        assert_eq!((step, log.last().unwrap().as_str()), (None, "ERROR: failed to solve: nothing"));
    }

    #[test]
    fn what_buildah_and_podman_say() {
        let progress = read(
            "[1/2] STEP 1/2: FROM a\n[1/2] STEP 2/2: COPY . /\n--> Using cache 4a42e758468\n--> 4a42e758468\n\
             [2/2] STEP 1/3: FROM b\n[2/2] STEP 2/3: RUN x\nhello\n--> 5b\n[2/2] STEP 3/3: CMD y\nCOMMIT t\n--> 6c\n",
        );
        assert_eq!(outcomes(&progress), [("COPY . /", Outcome::Cached), ("RUN x", Outcome::Executed)]);
        let failed = read(
            "STEP 1/2: FROM a\nSTEP 2/2: RUN false\nError: building at STEP \"RUN false\": exit status 1",
        );
        assert_eq!(failed.failure().0.as_deref(), Some("RUN false"));
    }
}
