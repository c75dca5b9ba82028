//! The engines that can build, by their command lines.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use clap::ValueEnum;

use super::process::{self, Failure, Limits};

/// What builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineKind {
    /// `docker buildx build`
    Buildx,
    /// `docker build`, with BuildKit
    Docker,
    /// `podman build`
    Podman,
    /// `buildah build`
    Buildah,
}

/// An engine that answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Engine {
    kind: EngineKind,
}

/// What the user wants to be passed on to every build.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passed {
    pub(super) arguments: Vec<String>,
    pub(super) time: Option<Duration>,
}

/// One build.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) context: &'a Path,
    /// Beside it lies its ignore file, with `.dockerignore` after its name.
    pub(super) dockerfile: &'a Path,
    pub(super) tag: &'a str,
    /// `NAME=VALUE`. It makes the image one that nobody else has, so that removing it takes nothing from anybody.
    pub(super) label: &'a str,
    pub(super) no_cache: bool,
    pub(super) passed: &'a Passed,
}

/// How long an engine may take to say that it is there, and to remove an image.
const SHORT: Duration = Duration::from_secs(60);

impl EngineKind {
    /// What is typed.
    pub(super) fn command(self) -> &'static str {
        match self {
            Self::Buildx => "docker buildx build",
            Self::Docker => "docker build",
            Self::Podman => "podman build",
            Self::Buildah => "buildah build",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Buildx | Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        }
    }

    /// Whether it is there and would build.
    fn answers(self) -> Result<(), Failure> {
        let ask = |arguments: &[&str]| {
            let mut command = Command::new(self.program());
            command.args(arguments);
            process::capture(command, Limits::of(Some(SHORT)))
        };
        let failed =
            |said: &str| Failure::Failed { program: self.command().to_owned(), said: said.to_owned() };
        match self {
            Self::Buildx | Self::Docker => {
                // podman may come under docker's name; it does not take all of its options.
                if ask(&["--version"])?.to_ascii_lowercase().contains("podman") {
                    return Err(failed("it is podman by another name"));
                }
                if self == Self::Buildx {
                    ask(&["buildx", "version"])?;
                }
                // Also where only the client is installed, this fails.
                ask(&["version", "--format", "{{.Server.Version}}"]).map(drop)
            }
            Self::Podman | Self::Buildah => ask(&["info"]).map(drop),
        }
    }
}

impl Engine {
    /// The engine that was asked for, or the first that answers.
    ///
    /// # Errors
    /// None answers; in one line, what was tried and what it said.
    pub(super) fn find(asked: Option<EngineKind>) -> anyhow::Result<Self> {
        let all = [EngineKind::Buildx, EngineKind::Docker, EngineKind::Podman, EngineKind::Buildah];
        let candidates = asked.map_or_else(|| all.to_vec(), |kind| vec![kind]);
        let mut tried = Vec::new();
        for kind in candidates {
            match kind.answers() {
                Ok(()) => return Ok(Self { kind }),
                Err(Failure::Interrupted) => anyhow::bail!("interrupted"),
                Err(failure) => tried.push(failure.to_string()),
            }
        }
        tried.dedup();
        anyhow::bail!("no engine answers; start Docker, or install podman or buildah ({})", tried.join("; "))
    }

    pub(super) fn kind(self) -> EngineKind {
        self.kind
    }

    /// The command that builds. It says what it does in a way that [`Progress`](super::progress::Progress) reads.
    pub(super) fn build(self, request: &Request<'_>) -> Command {
        let mut command = Command::new(self.kind.program());
        // One language, and no colours, for whoever reads it.
        command.env("LC_ALL", "C").env("NO_COLOR", "1");
        match self.kind {
            EngineKind::Buildx => {
                // Some drivers keep the result to themselves, unless told otherwise.
                command.args(["buildx", "build", "--progress", "plain", "--load"]);
                command.env("BUILDX_NO_DEFAULT_ATTESTATIONS", "1");
            }
            EngineKind::Docker => {
                command.args(["build", "--progress", "plain"]).env("DOCKER_BUILDKIT", "1");
            }
            EngineKind::Podman | EngineKind::Buildah => {
                command.args(["build", "--layers"]);
                let mut ignore = request.dockerfile.as_os_str().to_owned();
                ignore.push(".dockerignore");
                command.arg("--ignorefile").arg(ignore);
            }
        }
        command.args(["--tag", request.tag, "--label", request.label]);
        if request.no_cache {
            command.arg("--no-cache");
        }
        command.arg("--file").arg(request.dockerfile).args(&request.passed.arguments).arg(request.context);
        command
    }

    /// The commands that write images as archives, which together hold them all.
    pub(super) fn save(self, tags: &[&str]) -> Vec<Command> {
        let command = |arguments: &[&str]| {
            let mut command = Command::new(self.kind.program());
            command.args(arguments);
            command
        };
        match self.kind {
            // What the images share is then written once.
            EngineKind::Buildx | EngineKind::Docker => {
                vec![command(&[&["image", "save"], tags].concat())]
            }
            EngineKind::Podman => tags.iter().map(|tag| command(&["save", "--quiet", tag])).collect(),
            EngineKind::Buildah => {
                let push = tags.iter().map(|tag| {
                    let archive = format!("docker-archive:/dev/stdout:{tag}");
                    let mut command = command(&["push", "--quiet", tag, &archive]);
                    // It looks for credentials, which this does not take, and fails where Docker has none.
                    command.env_remove("DOCKER_CONFIG");
                    command
                });
                push.collect()
            }
        }
    }

    /// Removes an image of ours. Nobody can do anything about it if that fails.
    fn remove(self, tag: &str) {
        let mut command = Command::new(self.kind.program());
        match self.kind {
            EngineKind::Buildah => command.args(["rmi", tag]),
            _ => command.args(["image", "rm", tag]),
        };
        let _ = process::capture(command, Limits { time: Some(SHORT), on_interrupt: false });
    }
}

/// Images of ours, which are removed at the end, whatever becomes of the rest.
#[derive(Debug)]
pub(super) struct Images {
    engine: Engine,
    repository: String,
    tags: Vec<String>,
}

impl Images {
    /// `id` is different in each run.
    pub(super) fn new(engine: Engine, id: &str) -> Self {
        Self { engine, repository: format!("dockfix-verify/{id}"), tags: Vec::new() }
    }

    /// A tag for an image that is about to be made.
    pub(super) fn tag(&mut self) -> String {
        let tag = format!("{}:{}", self.repository, self.tags.len() + 1);
        self.tags.push(tag.clone());
        tag
    }
}

impl Drop for Images {
    fn drop(&mut self) {
        for tag in &self.tags {
            self.engine.remove(tag);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_lines() {
        let passed = Passed { arguments: vec!["--network=host".to_owned()], time: None };
        let request = Request {
            context: Path::new("/c"),
            dockerfile: Path::new("/d/F"),
            tag: "t",
            label: "l=1",
            no_cache: true,
            passed: &passed,
        };
        let line = |kind| {
            let command = Engine { kind }.build(&request);
            let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
            words.collect::<Vec<_>>().join(" ")
        };
        let rest = "--tag t --label l=1 --no-cache --file /d/F --network=host /c";
        assert_eq!(line(EngineKind::Buildx), format!("buildx build --progress plain --load {rest}"));
        let podman = format!("build --layers --ignorefile /d/F.dockerignore {rest}");
        assert_eq!(line(EngineKind::Podman), podman);
    }
}
