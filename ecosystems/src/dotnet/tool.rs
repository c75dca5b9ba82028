//! Commands of dotnet that work on no project but read the configuration from the working directory upwards.

use dockfix_model::State;
use dockfix_model::commands::Invocation;
use dockfix_model::effects::Paths;
use dockfix_model::project::Project;

use super::closure::Closure;
use super::line::{Line, Verb};
use super::msbuild::Properties;
use crate::environment::Environment;
use crate::system;
use crate::{Ecosystem, Needs, Refusal, Usage, UsageKind};

/// `dotnet tool install`, `dotnet workload install`, `dotnet --info`. A local tool (without `--global` or `--tool-path`)
/// becomes part of a manifest in the project: that is not known.
pub(crate) struct DotnetTool;

impl Ecosystem for DotnetTool {
    fn name(&self) -> &'static str {
        "dotnet tool"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["dotnet"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command).filter(|line| line.verb == Verb::Tool)?;
        let words = line.words.as_ref();
        if command.has("tool") && !line.has(&["-g", "--global", "--tool-path"]) {
            return None;
        }
        let mut effects = super::effects(&Environment::new(command, state), &line);
        for option in words.iter().flat_map(|words| &words.options) {
            if !matches!(option.name, "--add-source" | "--source" | "-s" | "--configfile") {
                continue;
            }
            if !option.value.beginning().contains("://") {
                let path = command.directory.as_ref()?.join(option.value.known()?);
                effects.reads = effects.reads.and(Paths::below(vec![path]));
            }
        }
        if command.has("workload") {
            effects.writes = effects.writes.and(system::below(&[
                "/usr/share/dotnet",
                "/usr/lib/dotnet",
                "/usr/lib64/dotnet",
            ]));
        }
        let directory = command.directory.clone();
        Some(Usage { kind: UsageKind::Install, directory, effects, runs_package_code: false })
    }

    fn needs(
        &self,
        _: &Invocation<'_>,
        _: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let mut closure = Closure::new(project, Properties::default());
        closure.add_directory(project.directory())?;
        Ok(closure.finish()?.0)
    }
}
