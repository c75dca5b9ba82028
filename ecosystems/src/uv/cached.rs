//! uv's cache.

use dockfix_model::commands::Invocation;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};

use super::{Line, Verb, local};
use crate::environment::{Environment, Setting};
use crate::python::archives::{self, Kept};
use crate::python::toml_file::{Node, TomlFile};
use crate::python::{cache, compiled};
use crate::{Cache, CacheKind, CachePlan, CommandEdit, Refusal, Sharing};

/// Options and variables that say how to compile.
const COMPILING: [&str; 8] = [
    "--no-binary",
    "--no-binary-package",
    "--no-build-isolation",
    "--no-build-isolation-package",
    "-C",
    "--config-setting",
    "--config-settings",
    "--config-settings-package",
];
const COMPILING_VARIABLES: [&str; 3] = ["UV_NO_BINARY", "UV_NO_BINARY_PACKAGE", "UV_NO_BUILD_ISOLATION"];

pub(super) fn plan(
    line: &Line<'_>,
    command: &Invocation<'_>,
    state: &State,
    project: Option<&Project<'_>>,
) -> Result<CachePlan, Refusal> {
    let environment = Environment::new(command, state);
    match environment.get("UV_NO_CACHE") {
        Setting::Unset => {}
        Setting::Known(value) if is_false(value) => {}
        _ => return Err(Refusal::new("UV_NO_CACHE turns uv's cache off")),
    }
    let links = "links the environment into uv's cache, so that cannot be a mount";
    if environment.get("UV_LINK_MODE") == Setting::Known("symlink") {
        return Err(Refusal::new(format!("UV_LINK_MODE=symlink {links}")));
    }
    if line.value(&["--link-mode"]).is_some_and(|value| value.known().is_none_or(|mode| mode == "symlink")) {
        return Err(Refusal::new(format!("--link-mode {links}")));
    }
    if let Some(project) = project {
        check_settings(project, links)?;
    }
    let directory = match line.value(&["--cache-dir"]) {
        Some(value) => {
            let path = value
                .known()
                .ok_or_else(|| Refusal::new("the directory of --cache-dir is only known when it runs"))?;
            environment.resolve(path)?
        }
        None => cache::directory(&environment, "UV_CACHE_DIR", "uv")?,
    };
    let of_cache = |refusal: Refusal| refusal.of_cache(&directory);
    check_built(line, command, state, project).map_err(of_cache)?;
    local::check(line, command, state, project).map_err(of_cache)?;
    let is_off = |word: &str| matches!(word, "--no-cache" | "--no-cache-dir" | "-n");
    let switched_off =
        command.arguments.iter().filter(|argument| argument.value.as_deref().is_some_and(is_off));
    let edits = switched_off.map(|argument| CommandEdit::Remove(argument.span)).collect();
    let cache = Cache { directory, kind: CacheKind::Pure, sharing: Sharing::Shared };
    Ok(CachePlan { caches: vec![cache], edits })
}

/// Fails where uv would take what it built before of something else.
pub(super) fn check_built(
    line: &Line<'_>,
    command: &Invocation<'_>,
    state: &State,
    project: Option<&Project<'_>>,
) -> Result<(), Refusal> {
    compiled::check("uv", command, state, &line.words, &COMPILING, &COMPILING_VARIABLES)?;
    match line.verb {
        Verb::Sync => match project {
            // The lock file has their hashes.
            Some(project) if !project.has_file("uv.lock") => archives::check_project("uv", project),
            _ => Ok(()),
        },
        _ => archives::check("uv", &line.words, project, Kept::All),
    }
}

fn is_false(value: &str) -> bool {
    ["0", "false", "f", "no", "n", "off"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// The nearest configuration file may move the cache or link into it.
fn check_settings(project: &Project<'_>, links: &str) -> Result<(), Refusal> {
    let mut directory = Some(project.directory().clone());
    while let Some(at) = directory {
        for name in ["uv.toml", "pyproject.toml"] {
            check_file(project, &at.join(name), links)?;
        }
        directory = at.parent();
    }
    Ok(())
}

fn check_file(project: &Project<'_>, path: &ImagePath, links: &str) -> Result<(), Refusal> {
    let Some(file) = TomlFile::read(project, path)? else { return Ok(()) };
    let content = file.parse()?;
    let top = file.top(&content);
    let Some(settings) = (if path.name() == "uv.toml" { Some(top) } else { top.get(&["tool", "uv"]) }) else {
        return Ok(());
    };
    if let Some(moved) = settings.get(&["cache-dir"]) {
        return Err(Refusal::new(format!("{} moves uv's cache", moved.at())));
    }
    if let Some(off) = settings.get(&["no-cache"]).filter(|off| off.as_bool() != Some(false)) {
        return Err(Refusal::new(format!("{} turns uv's cache off", off.at())));
    }
    let modes = [&["link-mode"][..], &["pip", "link-mode"]];
    let symlink =
        modes.iter().filter_map(|keys| settings.get(keys)).find(|mode| mode.as_str() == Some("symlink"));
    match symlink.map(Node::at) {
        Some(at) => Err(Refusal::new(format!("{at} {links}"))),
        None => Ok(()),
    }
}
