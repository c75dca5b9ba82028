//! Verifies one Dockerfile: builds it as it was and as it is rewritten, compares, edits, and builds again.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Instant;

use dockfix_ecosystems::EditKind;
use dockfix_model::build;
use dockfix_model::cache::{Options, Plan, Target};
use dockfix_model::context::{Context, Kind, MAX_FILE_SIZE, Presence};
use dockfix_syntax::Dockerfile;

use super::Settings;
use super::archive::{Archive, Image};
use super::compare::{Comparison, Expected, compare};
use super::edits;
use super::engine::{Engine, Images, Request};
use super::exceptions::Mounted;
use super::layer::{self, Entry};
use super::live::Live;
use super::process::{self, Failure, Limits};
use super::progress::{Outcome, Progress};
use super::snapshot::Snapshot;
use crate::rewrite::Version;

/// A Dockerfile before and after, in a context on disk.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    /// The Dockerfile's path, for people.
    pub(crate) path: String,
    pub(crate) before: Version,
    pub(crate) after: Version,
}

/// What came of verifying a Dockerfile.
#[derive(Debug)]
pub(crate) struct Verification {
    /// As in [`Pair::path`].
    pub(crate) path: String,
    pub(super) verdict: Verdict,
    /// The first builds, the original's before the other's.
    pub(super) builds: Vec<Build>,
    /// What the images have in common, and what not.
    pub(super) comparison: Option<Comparison>,
    /// What is built again after which edit.
    pub(super) rebuilds: Vec<Rebuild>,
    /// What else a reader has to know, in sentences without a full stop.
    pub(super) notes: Vec<String>,
}

/// In short.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The rewrite changes nothing: there is nothing to verify.
    Unchanged,
    /// The images are the same.
    Same,
    /// They are not.
    Different,
    /// The original does not build: nothing is known of the rewrite.
    OriginalFails(BuildFailure),
    /// The original builds, the rewritten file does not.
    Fails(BuildFailure),
    /// Something else went wrong. One sentence without a full stop.
    Error(String),
}

/// A build that came to its end.
#[derive(Clone, Debug)]
pub(super) struct Build {
    /// From start to end, the export of the image included.
    pub(super) seconds: f64,
    pub(super) steps: Vec<StepReport>,
}

/// A RUN, COPY, ADD or WORKDIR of a build.
#[derive(Clone, Debug)]
pub(super) struct StepReport {
    pub(super) text: String,
    pub(super) cached: bool,
    pub(super) seconds: Option<f64>,
}

impl Build {
    /// How many steps did not come from the cache.
    pub(super) fn executed(&self) -> usize {
        self.steps.iter().filter(|step| !step.cached).count()
    }
}

/// A build that failed.
#[derive(Clone, Debug)]
pub(super) struct BuildFailure {
    /// The step, if it was one.
    pub(super) step: Option<String>,
    /// The end of its log, or of what the engine said.
    pub(super) log: Vec<String>,
}

/// An edit, and the builds after it.
#[derive(Clone, Debug)]
pub(super) struct Rebuild {
    pub(super) kind: EditKind,
    /// The file of the context that was edited.
    pub(super) path: String,
    pub(super) before: Build,
    pub(super) after: Build,
}

impl Rebuild {
    /// How many times as long the original takes.
    pub(super) fn speedup(&self) -> f64 {
        self.before.seconds / self.after.seconds.max(0.001)
    }
}

/// What ends the verification of a file before it is through.
enum Stop {
    /// The user wants to end it all.
    Interrupted,
    Verdict(Verdict),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        if process::is_interrupted() {
            Self::Interrupted
        } else {
            Self::Verdict(Verdict::Error(format!("{error:#}")))
        }
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        anyhow::Error::from(error).into()
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Interrupted => Self::Interrupted,
            failure => Self::Verdict(Verdict::Error(failure.to_string())),
        }
    }
}

/// Verifies a Dockerfile; nothing if the user interrupts.
pub(super) fn verify(
    pair: &Pair,
    engine: Engine,
    settings: &Settings,
    live: &mut Live,
) -> Option<Verification> {
    let mut verification = Verification::new(&pair.path);
    if pair.before.builds_as(&pair.after) {
        return Some(verification);
    }
    live.file(&pair.path);
    let id = format!("{:016x}", random());
    let mut bench = Bench { engine, settings, images: Images::new(engine, &id), live, id };
    match bench.all(pair, &mut verification) {
        Ok(()) => {}
        Err(Stop::Interrupted) => return None,
        Err(Stop::Verdict(verdict)) => verification.verdict = verdict,
    }
    bench.live.step("removing the images");
    Some(verification)
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// White space that does no harm at the end of a text, and is never the same: neither may the rewritten file's build find
/// what the original's has left in the cache, nor either of them what an earlier verification has.
fn blanks(random: u64) -> String {
    let bits = (0..32).map(|bit| if random >> bit & 1 == 1 { '\n' } else { ' ' });
    ['\n'].into_iter().chain(bits).chain(['\n']).collect()
}

/// The label of our images.
const LABEL: &str = "dockfix.verify";

/// What a verification works with.
struct Bench<'a> {
    engine: Engine,
    settings: &'a Settings,
    images: Images,
    live: &'a mut Live,
    id: String,
}

impl Bench<'_> {
    fn all(&mut self, pair: &Pair, verification: &mut Verification) -> Result<(), Stop> {
        verification.notes.extend(left_out(&pair.before, self.settings.target.as_deref()));
        self.live.step("copying the build context");
        let snapshot = Snapshot::take(&pair.before, &pair.after, self.settings.builtin_frontend)?;
        let (original, before) = self.build(&snapshot, true, false, "building the original")?;
        let before = before.map_err(|failure| Stop::Verdict(Verdict::OriginalFails(failure)))?;
        verification.builds.push(before);
        let (rewritten, after) = self.build(&snapshot, false, false, "building the rewritten file")?;
        let after = after.map_err(|failure| Stop::Verdict(Verdict::Fails(failure)))?;
        verification.builds.push(after);

        let mut archive = Archive::default();
        self.read(&mut archive, &[&original, &rewritten])?;
        let mut comparison = self.compare(pair, &archive, [&original, &rewritten])?;
        if !comparison.differences.is_empty() {
            let (again, built) = self.build(
                &snapshot,
                true,
                true,
                "building the original again: does it differ from itself?",
            )?;
            match built {
                Ok(_) => {
                    self.read(&mut archive, &[&again])?;
                    comparison.excuse(&self.compare(pair, &archive, [&original, &again])?);
                }
                Err(_) => verification.notes.push(
                    "the original could not be built a second time, to see whether it differs from itself"
                        .to_owned(),
                ),
            }
        }
        drop(archive);
        let same = comparison.differences.is_empty();
        verification.verdict = if same { Verdict::Same } else { Verdict::Different };
        verification.comparison = Some(comparison);
        self.edit(pair, &snapshot, verification)
    }

    /// Builds one of the two files; the image's tag, and what came of it.
    fn build(
        &mut self,
        snapshot: &Snapshot,
        original: bool,
        no_cache: bool,
        doing: &str,
    ) -> Result<(String, Result<Build, BuildFailure>), Stop> {
        self.live.step(doing);
        let tag = self.images.tag();
        let context = snapshot.context();
        let command = self.engine.build(&Request {
            context: &context,
            dockerfile: if original { &snapshot.before } else { &snapshot.after },
            tag: &tag,
            label: &format!("{LABEL}={}", self.id),
            no_cache,
            passed: &self.settings.passed,
        });
        let mut progress = Progress::default();
        let started = Instant::now();
        let ended = process::run(command, Limits::of(self.settings.passed.time), |line| {
            progress.line(line);
            self.live.detail(progress.current());
        });
        let seconds = started.elapsed().as_secs_f64();
        let failed = |why: Option<String>| {
            let (step, mut log) = progress.failure();
            let step = step.or_else(|| why.as_ref().and(progress.current()).map(str::to_owned));
            log.extend(why);
            BuildFailure { step, log }
        };
        let build = match ended {
            Ok(status) if status.success() => {
                let steps = progress.steps().into_iter().map(|step| StepReport {
                    text: step.text.clone(),
                    cached: step.outcome == Outcome::Cached,
                    seconds: step.seconds,
                });
                Ok(Build { seconds, steps: steps.collect() })
            }
            Ok(_) => Err(failed(None)),
            Err(failure @ Failure::TimedOut(_)) => Err(failed(Some(failure.to_string()))),
            Err(failure) => return Err(failure.into()),
        };
        Ok((tag, build))
    }

    /// Reads images that were built.
    fn read(&mut self, archive: &mut Archive, tags: &[&str]) -> Result<(), Stop> {
        self.live.step("comparing the images");
        for command in self.engine.save(tags) {
            process::stream(command, Limits::of(None), |stdout| archive.read(stdout))?;
        }
        Ok(())
    }

    fn compare(&self, pair: &Pair, archive: &Archive, tags: [&str; 2]) -> Result<Comparison, Stop> {
        let [before, after]: [Image<'_>; 2] = [archive.image(tags[0])?, archive.image(tags[1])?];
        let (seen, still_seen) = (&pair.before.context, &pair.after.context);
        let ignored = |path: &str, entry: &Entry| is_newly_ignored(path, entry, seen, still_seen);
        let mounted = Mounted::by(&pair.after.source);
        Ok(compare(&before, &after, &Expected { mounted, ignored: &ignored, label: LABEL }))
    }

    /// Edits files of the copy and builds both again.
    fn edit(
        &mut self,
        pair: &Pair,
        snapshot: &Snapshot,
        verification: &mut Verification,
    ) -> Result<(), Stop> {
        for (kind, path) in edits::choose(&pair.before, &self.settings.edits) {
            let mut built = Vec::new();
            for (original, which) in [(true, "original"), (false, "rewritten file")] {
                let doing = format!("building the {which} after an edit of {path}");
                let result = snapshot
                    .with_edit(&path, &blanks(random()), || self.build(snapshot, original, false, &doing))?;
                let (_, build) = result?;
                match build {
                    Ok(build) => built.push(build),
                    Err(failure) if original => {
                        let step = failure.step.unwrap_or_default();
                        let note = format!("after an edit of {path} the original does not build ({step})");
                        verification.notes.push(note);
                        break;
                    }
                    Err(failure) => return Err(Stop::Verdict(Verdict::Fails(failure))),
                }
            }
            let mut built = built.into_iter();
            if let (Some(before), Some(after)) = (built.next(), built.next()) {
                verification.rebuilds.push(Rebuild { kind, path, before, after });
            }
        }
        Ok(())
    }
}

/// Whether a file of the image may come from one of the context that only the new ignore file excludes: some end of its
/// path is the path of such a file, and it holds the same.
fn is_newly_ignored(path: &str, entry: &Entry, seen: &Context, still_seen: &Context) -> bool {
    let is_same = |end: &str| match (seen.presence(end), &entry.kind) {
        (Ok(Presence::Present(Kind::Dir)), layer::Kind::Directory) => true,
        (Ok(Presence::Present(Kind::Symlink { target })), layer::Kind::Link(link)) => {
            target.as_bytes() == &**link
        }
        (Ok(Presence::Present(Kind::File { size, .. })), layer::Kind::File { size: written, digest }) => {
            // What is too large to be read is as good as the same.
            size == *written
                && seen.read(end).map_or(size > MAX_FILE_SIZE, |file| layer::digest(&file) == *digest)
        }
        _ => false,
    };
    let starts = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at + 1));
    let mut ends = starts.filter_map(|start| path.get(start..));
    ends.any(|end| matches!(still_seen.presence(end), Ok(Presence::Excluded(_))) && is_same(end))
}

/// The stages that are no part of what is built, if there are any.
fn left_out(version: &Version, target: Option<&str>) -> Option<String> {
    let target = target.map_or(Target::Last, |stage| Target::Stage(stage.to_owned()));
    let file = Dockerfile::parse(version.source.clone());
    let plan =
        Plan::of(&build::Build::of(&file), &version.context, &Options { target, ..Options::default() });
    let stages = plan.stages().iter().filter(|stage| !stage.is_built);
    let names: Vec<String> =
        stages.map(|stage| stage.name.clone().unwrap_or_else(|| format!("number {}", stage.index))).collect();
    let list = names.join(", ");
    (!names.is_empty())
        .then(|| format!("not built, as the image does without: {list}; --target builds another stage"))
}

#[cfg(test)]
mod tests {
    use dockfix_model::dockerignore::Dockerignore;

    use super::*;

    #[test]
    fn a_file_is_newly_ignored_if_it_comes_from_the_context() {
        let seen = Context::in_memory([("node_modules/a.js", "a")]);
        let still_seen = seen.with_ignore(Dockerignore::parse(b"node_modules"));
        let is_ignored = |path: &str, content: &str| {
            let kind =
                layer::Kind::File { size: content.len() as u64, digest: layer::digest(content.as_bytes()) };
            let entry = Entry { kind, mode: 0o644, uid: 0, gid: 0, attributes: [].into() };
            is_newly_ignored(path, &entry, &seen, &still_seen)
        };
        assert!(is_ignored("app/node_modules/a.js", "a"));
        assert!(!is_ignored("app/node_modules/a.js", "b"));
        assert!(!is_ignored("app/a.js", "a"));
    }

    #[test]
    fn stages_that_are_not_built_are_named() {
        let version =
            |text: &str| Version { source: text.as_bytes().into(), context: Context::in_memory([("a", "")]) };
        let file = version("FROM a AS base\nFROM base AS test\nRUN x\nFROM base\nRUN y\n");
        assert!(left_out(&file, None).is_some_and(|note| note.contains(": test;")));
        assert!(left_out(&file, Some("test")).is_some_and(|note| note.contains(": number 2;")));
        assert_eq!(left_out(&version("FROM a\n"), None), None);
    }
}
