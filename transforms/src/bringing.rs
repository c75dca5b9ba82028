//! What a COPY brings to a directory in which a manager keeps its cache, from another stage, another image or the context.

use dockfix_model::ImagePath;
use dockfix_model::build::{Base, Stage, Step};
use dockfix_model::context::Context;
use dockfix_model::effects::Paths;
use dockfix_model::images::BaseImage;
use dockfix_model::project::copied_by;
use dockfix_syntax::Keyword;
use dockfix_syntax::view::Copy;

use crate::transform::Input;

/// What a manager loses where nobody sees what was brought to its cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It downloads that again: only what is known to bring it counts.
    Downloads,
    /// It may have been made there, of sources, with programs or with credentials that this stage has not: all counts that may
    /// bring it.
    Work,
}

/// What a COPY above step `index` of a stage does that brings, or may bring, what is to lie in a directory, for a message: one
/// into it, or one to a directory above it whose source may hold it.
pub(crate) fn to<'a>(
    input: &Input<'a>,
    stage: &Stage<'a>,
    index: usize,
    directory: &ImagePath,
    loss: Loss,
) -> Option<String> {
    let stages = input.reading.build.ancestors(stage.index).into_iter().rev();
    let all = stages.map(|ancestor| (ancestor, usize::MAX)).chain([(stage.index, index)]);
    let mut steps = all.filter_map(|(number, until)| Some((input.reading.build.stages.get(number)?, until)));
    steps.find_map(|(stage, until)| {
        let mut steps = stage.steps.iter().take(until).enumerate();
        let found = steps.find(|(number, step)| brings(input, stage, (*number, step), directory, loss));
        let (_, step) = found?;
        let line = step.instruction.start_line();
        Some(match is_into(input, step, directory) {
            true => format!("line {line} copies into {directory}"),
            false => format!("line {line} copies what may hold {directory}"),
        })
    })
}

fn is_into(input: &Input<'_>, step: &Step<'_>, directory: &ImagePath) -> bool {
    let copy = Copy::of(&step.instruction);
    let target = copy.and_then(|copy| step.state.path(&copy.destination.text, input.file().escape()));
    target.is_some_and(|target| target.below(directory).is_some())
}

fn brings<'a>(
    input: &Input<'a>,
    stage: &Stage<'a>,
    (number, step): (usize, &Step<'a>),
    directory: &ImagePath,
    loss: Loss,
) -> bool {
    let escape = input.file().escape();
    let Some(copy) = Copy::of(&step.instruction) else { return false };
    if is_into(input, step, directory) {
        return true;
    }
    let target = step.state.path(&copy.destination.text, escape);
    let Some(below) = target.as_ref().and_then(|target| directory.below(target)) else { return false };
    let Some(from) = copy.from.as_deref() else {
        return from_context(input, &copy, (number, step), directory, loss);
    };
    let from = input.reading.build.stage_named(from, stage.index).ok_or(from);
    let changes_names = copy.has_flag("parents");
    copy.sources.iter().any(|source| {
        // What is put together for the root of an image holds no cache but one that a known command has left there.
        let is_put_together = target.as_ref() == Some(&ImagePath::root()) && source.text != "/";
        let loss = if is_put_together { Loss::Downloads } else { loss };
        let expanded = step.state.variables.expand(&source.text, escape).map(|source| source.text);
        let is_plain = |text: &str| !changes_names && !text.contains(['*', '?', '[', '\\', '$']);
        match expanded.filter(|text| is_plain(text)) {
            Some(text) => {
                let source = ImagePath::root().join(text.trim_start_matches('/'));
                let place = source.join(below);
                match from {
                    Ok(from) => holds(input, from, &source, &place, loss),
                    Err(image) => of_image(&BaseImage::named(image), &source, loss),
                }
            }
            None => loss == Loss::Work && extension(&source.text).is_none(),
        }
    })
}

/// What the last name of a source ends in, where that tells that it is a file's: `*.whl`, but not `.m2`.
fn extension(source: &str) -> Option<&str> {
    let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    name.trim_start_matches('.').rsplit_once('.').map(|(_, extension)| extension)
}

/// Whether what a COPY takes from the context may hold it.
fn from_context(
    input: &Input<'_>,
    copy: &Copy<'_>,
    (number, step): (usize, &Step<'_>),
    directory: &ImagePath,
    loss: Loss,
) -> bool {
    let escape = input.file().escape();
    let (context, is_add) = (input.context, copy.is_add);
    match copied_by(copy, step, number, context, escape) {
        Some(copied) => copied.iter().any(|copied| match copied.source_of(directory) {
            Some(path) => !matches!(context.kind(&path), Ok(None)),
            None => is_add && !copied.is_directory && !is_text(context, &copied.source),
        }),
        None if loss == Loss::Downloads => false,
        // Nobody lays out a cache of his below the root of a context.
        None if step.state.path(&copy.destination.text, escape) == Some(ImagePath::root()) => false,
        // Where the context is not known, a name may tell that it is a file's: ADD takes no manifest apart.
        None => copy.sources.iter().filter(|source| !source.is_heredoc).any(|source| {
            let extension = extension(&source.text);
            extension.is_none_or(|extension| is_add && !MANIFESTS.contains(&extension))
        }),
    }
}

/// What the names of manifests end in.
const MANIFESTS: [&str; 10] = ["txt", "json", "toml", "lock", "xml", "yml", "yaml", "mod", "sum", "in"];

/// Whether the image of a stage may hold what lies at a place, which a COPY takes with `source`.
fn holds(input: &Input<'_>, stage: usize, source: &ImagePath, place: &ImagePath, loss: Loss) -> bool {
    let build = &input.reading.build;
    let stages = build.ancestors(stage).into_iter().chain([stage]);
    stages.filter_map(|stage| build.stages.get(stage)).any(|stage| {
        let writes = |step: &Step<'_>| match step.instruction.keyword() {
            Keyword::Run if is_mounted(step, place) => false,
            Keyword::Run => {
                let Ok(analysis) = input.reading.run(step) else { return loss == Loss::Work };
                let place = Paths::below(vec![place.clone()]);
                let mut managed = analysis.managed();
                match loss {
                    Loss::Work => analysis.effects().writes.overlaps(&place),
                    Loss::Downloads => managed.any(|it| it.usage.effects.writes.overlaps(&place)),
                }
            }
            _ => false,
        };
        let mut steps = stage.steps.iter().enumerate();
        let base = match &stage.base {
            Base::Image(image) => of_image(image, source, loss),
            Base::Stage(_) => false,
        };
        base || stage.steps.iter().any(writes) || steps.any(|step| brings(input, stage, step, place, loss))
    })
}

/// Whether an image of somebody's may hold it. That of one which is taken whole is hidden as that of a base image is: who takes
/// `tonistiigi/xx` so wants its programs.
fn of_image(image: &BaseImage, source: &ImagePath, loss: Loss) -> bool {
    loss == Loss::Work && image.facts.is_none() && !image.is_scratch() && *source != ImagePath::root()
}

/// Whether a mount of a RUN covers a place, so that what is written there is not in the image.
fn is_mounted(step: &Step<'_>, place: &ImagePath) -> bool {
    let escape = step.instruction.file().escape();
    step.instruction.mounts().iter().any(|mount| {
        let target = mount.target().and_then(|target| step.state.path(target, escape));
        target.is_some_and(|target| place.below(&target).is_some())
    })
}

/// Whether a file is text: ADD takes archives apart (Dockerfile reference, "ADD"), none of which is.
pub(crate) fn is_text(context: &Context, path: &str) -> bool {
    context.read(path).is_ok_and(|bytes| !bytes.contains(&0) && std::str::from_utf8(&bytes).is_ok())
}
