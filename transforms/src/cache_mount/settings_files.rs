//! Settings that a COPY brings and that say where a manager keeps its caches.
//!
//! A mount where the caches are by default would stay empty, and what a RUN no longer removes there would stay in the image
//! elsewhere.

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};
use dockfix_syntax::view::Copy;

use super::RunStep;
use crate::analysis::Managed;

/// No file that is copied before a command may move its manager's caches, or be one that is not read and may. The error names
/// the file, or the line that brings it.
pub(super) fn check(run: &RunStep<'_, '_>, managed: &Managed<'_>) -> Result<(), String> {
    let files = managed.ecosystem.settings_files();
    if files.keys.is_empty() {
        return Ok(());
    }
    let name = managed.ecosystem.name();
    let below = |directory: Option<ImagePath>, names: &[&str]| -> Vec<ImagePath> {
        directory.iter().flat_map(|directory| names.iter().map(|name| directory.join(name))).collect()
    };
    let mut places = below(run.step.state.home(), files.home);
    places.extend(files.system.iter().map(|path| ImagePath::fixed(path)));
    let of_project = below(managed.usage.directory.clone(), files.project);
    places.extend(of_project.iter().filter(|path| !places.contains(path)).cloned().collect::<Vec<_>>());
    let supplies = run.input.supplies(run.stage);
    for place in &places {
        let project = Project::new(run.input.context, supplies, ImagePath::root()).until(run.index);
        let is_followed = files.follows_project && of_project.contains(place);
        let is_file = matches!(project.find_at(place), Found::File(_));
        if is_file && !is_followed {
            let shown = project.shown(place.as_str());
            let text = project.read_text(place.as_str());
            let text = text.ok_or_else(|| format!("{shown} cannot be read, and may move {name}'s cache"))?;
            if let Some((line, key)) = files.setting_in(&text) {
                return Err(format!("{shown}:{line} sets {key}, which may move {name}'s cache"));
            }
        }
        let steps = run.input.reading.build.steps_before(run.stage.index, run.index);
        for step in steps {
            let Some(copy) = Copy::of(&step.instruction) else { continue };
            let escape = run.input.file().escape();
            let Some(target) = step.state.path(&copy.destination.text, escape) else { continue };
            let line = step.instruction.start_line();
            for source in &copy.sources {
                let brought = source.text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                let own_name =
                    if source.is_heredoc { brought.trim_start_matches(['<', '-']) } else { brought };
                if target != *place && target.join(own_name.trim_matches(['"', '\''])) != *place {
                    continue;
                }
                if source.is_heredoc {
                    let bodies = step.instruction.heredocs().iter();
                    let bodies = bodies
                        .map(|heredoc| String::from_utf8_lossy(heredoc.body.of(run.input.file().source())));
                    if let Some((_, key)) = bodies.into_iter().find_map(|body| files.setting_in(&body)) {
                        return Err(format!(
                            "line {line} sets {key} in {place}, which may move {name}'s cache"
                        ));
                    }
                } else if !is_file || copy.from.is_some() {
                    return Err(format!(
                        "line {line} copies {place}, which is not read and may move {name}'s cache"
                    ));
                }
            }
        }
    }
    Ok(())
}
