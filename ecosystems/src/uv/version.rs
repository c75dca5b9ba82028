//! Which uv a command runs, as far as the Dockerfile tells.

use dockfix_model::State;
use dockfix_model::commands::Invocation;
use dockfix_model::images::BaseImage;
use dockfix_model::project::Project;

/// The first uv that builds directories of its command line anew whatever its cache has of them (astral-sh/uv#12038; tried
/// with 0.6.6 and 0.6.7).
const BUILDS_ANEW: (u32, u32, u32) = (0, 6, 7);

/// The images that have it (docs.astral.sh/uv, "Using uv in Docker").
const REPOSITORIES: [&str; 2] = ["ghcr.io/astral-sh/uv", "astral/uv"];

/// What stands in the tags of these images beside a version. Tags that name nothing but the newest variants have moved on
/// since then; those of an Alpine or a Python that was given up may not have.
const MOVED_ON: [&str; 6] = ["latest", "debian", "alpine", "bookworm", "trixie", "slim"];

/// Whether it is known that uv builds the directories of its command line anew: every image of uv's that the file names must
/// have such a one.
pub(super) fn builds_anew(command: &Invocation<'_>, state: &State, project: &Project<'_>) -> bool {
    // `python -m uv`, `.venv/bin/uv`: one that was installed into an environment.
    if command.program_path != "uv" {
        return false;
    }
    let brought = project.taken().filter(|taken| taken.names.iter().any(|name| name == "uv"));
    let mut images =
        brought.map(|taken| &*taken.image).chain(Some(&*state.base).filter(|image| is_uvs(image))).peekable();
    images.peek().is_some() && images.all(|image| is_uvs(image) && has_it(&image.tag))
}

fn is_uvs(image: &BaseImage) -> bool {
    REPOSITORIES.contains(&&*image.repository)
}

/// Whether the uv of the image of this tag builds them anew.
fn has_it(tag: &str) -> bool {
    let mut words = tag.split('-');
    let first = words.next().unwrap_or_default();
    if !first.starts_with(|ch: char| ch.is_ascii_digit()) {
        let is_current = |python: &str| python.parse::<u32>().is_ok_and(|minor| minor >= 10);
        let mut all = words.chain(Some(first));
        return all
            .all(|word| MOVED_ON.contains(&word) || word.strip_prefix("python3.").is_some_and(is_current));
    }
    let mut numbers = first.split('.').map(str::parse);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else { return false };
    // `0.6` is the latest of them.
    let patch = numbers.next().unwrap_or(Ok(u32::MAX));
    patch.is_ok_and(|patch| (major, minor, patch) >= BUILDS_ANEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_tell_how_new_it_is() {
        for tag in [
            "latest",
            "0.6.7",
            "0.6",
            "0.13.9-python3.12-alpine3.22",
            "1.0",
            "python3.12-bookworm-slim",
            "alpine",
        ] {
            assert!(has_it(tag), "{tag}");
        }
        for tag in ["", "0", "0.6.6", "0.5", "0.5.11-bookworm", "python3.8-bookworm", "alpine3.20", "0.6.x"] {
            assert!(!has_it(tag), "{tag}");
        }
    }
}
