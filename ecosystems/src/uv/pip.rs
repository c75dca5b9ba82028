//! `uv pip install` and `uv pip sync`.

use dockfix_model::ImagePath;
use dockfix_model::effects::Effects;
use dockfix_model::project::Project;

use super::sync::add_settings;
use super::{Line, Verb};
use crate::options;
use crate::python::closure::Closure;
use crate::python::places;
use crate::python::wanted::Wanted;
use crate::{Needs, Refusal, UsageKind};

/// Options that name what is written to, or the interpreter.
const PLACES: [&str; 7] = ["-t", "--target", "--prefix", "-p", "--python", "--cert", "--cache-dir"];
/// More options that name files, besides those that pip has too.
pub(super) const FILES: [&str; 4] = ["-b", "--override", "--excludes", "--exclude"];

/// The kind of the command and its effects.
pub(super) fn recognise(
    line: &Line<'_>,
    directory: Option<&ImagePath>,
    mut effects: Effects,
) -> Option<(UsageKind, Effects)> {
    let resolve = |path: &str| options::path(path, directory);
    let inside = |path: &ImagePath| options::is_inside(path, directory);
    let mut named = Vec::new();
    for option in &line.words.options {
        // `--python 3.12` names no file.
        let is_version = matches!(option.name, "-p" | "--python")
            && option.value.known().is_none_or(|value| !value.contains('/'));
        if PLACES.contains(&option.name) && !is_version {
            named.push(resolve(option.value.known()?)?);
        }
    }
    places::write(&mut effects, named.iter().filter(|path| !inside(path)).cloned().collect());
    let wanted = Wanted::of(&line.words);
    let read = wanted.paths(resolve)?;
    let built = wanted.built(resolve).filter(|path| !inside(path));
    places::write(&mut effects, built.into_iter().collect());
    if line.verb == Verb::PipInstall && (wanted.project.is_some() || wanted.unknown.is_some()) {
        return Some((UsageKind::Build, effects));
    }
    places::read(&mut effects, read.into_iter().filter(|path| !inside(path)).collect());
    places::read(&mut effects, wanted.globs.iter().filter_map(|glob| ImagePath::absolute(glob)).collect());
    // Even for packages by name alone it looks for settings in the working directory and above.
    Some((UsageKind::Install, effects))
}

fn unknown(word: &str) -> Refusal {
    Refusal::new(format!("what `{word}` names is only known when uv runs"))
}

pub(super) fn needs(line: &Line<'_>, project: &Project<'_>) -> Result<Needs, Refusal> {
    let mut closure = Closure::new(project, "uv");
    add_settings(&mut closure, project)?;
    for option in line.words.options.iter().filter(|option| FILES.contains(&option.name)) {
        let path = option.value.known().ok_or_else(|| unknown(&option.written()))?;
        closure.file(path)?;
    }
    if line.verb == Verb::PipSync {
        for operand in &line.words.operands {
            let path =
                operand.value.ok_or_else(|| unknown(&String::from_utf8_lossy(operand.argument.text)))?;
            closure.file(path)?;
        }
    } else {
        Wanted::of(&line.words).add_to(&mut closure, "uv")?;
    }
    let mut needs = closure.into_needs();
    let targets = line.words.options.iter().filter(|option| PLACES.contains(&option.name));
    let targets = targets.filter_map(|option| option.value.known()).map(|path| project.path(path));
    let below = |path: &ImagePath| path.below(project.directory()).is_some_and(|below| !below.is_empty());
    for path in targets.filter(below) {
        if project.has_file(path.as_str()) {
            needs.files.push(path);
        } else if path.name().parse::<f32>().is_err() {
            needs.outputs.push(path);
        }
    }
    // It never makes an environment: what it installs into is there already.
    needs.outputs.extend(places::outputs(project));
    Ok(needs)
}
