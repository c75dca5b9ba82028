//! .NET: the dotnet command with MSBuild and NuGet.
//!
//! - **Commands**: `dotnet restore` needs project files only. `build`, `publish`, `pack`, `test` and `run` read the
//!   sources and restore first unless told not to; `dotnet restore` of the same project does that part without them.
//!   `dotnet tool install` and the like read configuration from the working directory upwards.
//! - **Manifests**: the project files that references reach or a solution lists, `Directory.*.props` and `.targets` above
//!   them, what they import, `nuget.config` with local sources, `global.json`, `packages.lock.json` (Microsoft Learn:
//!   "Customize the build by folder", "nuget.config reference", "global.json overview").
//! - **Caches**: the global packages folder, `--packages`, `$NUGET_PACKAGES` or `~/.nuget/packages`, a store: a build
//!   after the restore reads it by the paths in `obj/project.assets.json` (NETSDK1064 where it is missing). Locked: the
//!   locks of NuGet lie in the temporary directory, where another container does not see them (NuGet.Client,
//!   `ConcurrencyUtilities.cs`). Never `~/.nuget` itself, which holds the user's NuGet.Config.
//! - **Outputs**: `obj` beside each project; one from the host has other paths in it.
//! - **Refused**: projects, imports and package sources whose place is not known or that the build context does not hold;
//!   paket; targets hooked into the restore; a folder for packages that a configuration file or another user moves.
//!
//! Sources: Microsoft Learn, "dotnet restore", "dotnet publish", "Managing the global packages and cache folders".

mod closure;
mod evaluation;
mod line;
mod msbuild;
mod nuget;
mod solution;
mod tool;

use std::collections::BTreeSet;

use dockfix_model::commands::{Argument, Invocation};
use dockfix_model::effects::{Effects, Names, Paths};
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};

use self::closure::Closure;
use self::line::{Line, Property, Verb};
use self::msbuild::Properties;
use crate::environment::{Environment, Setting};
use crate::options;
use crate::rebuilt::{Rebuilt, written};
use crate::system;
use crate::{
    Cache, CacheKind, CachePlan, Ecosystem, IndexUse, Needs, Refusal, SettingsFiles, Sharing, Usage,
    UsageKind, names,
};

pub(crate) use self::tool::DotnetTool;

/// Projects: restore, build, publish.
pub(crate) struct Dotnet;

impl Ecosystem for Dotnet {
    fn name(&self) -> &'static str {
        "dotnet"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["dotnet"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["restore", "build", "publish"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let environment = Environment::new(command, state);
        let kind = match line.verb {
            Verb::Restore if line.is_clear() => UsageKind::Install,
            Verb::Restore | Verb::Build | Verb::Other => UsageKind::Build,
            Verb::ClearCaches => UsageKind::CleanCache,
            Verb::Tool => return None,
        };
        let effects = match kind {
            UsageKind::Build => Effects { reads: Paths::All, writes: Paths::All, environment: Names::All },
            _ => effects(&environment, &line),
        };
        let directory = command.directory.clone().filter(|_| kind != UsageKind::CleanCache);
        Some(Usage { kind, directory, effects, runs_package_code: kind == UsageKind::Build })
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(Needs::default()) };
        match line.verb {
            Verb::Restore => {
                line.check()?;
                let (mut needs, _) = line.closure(project)?;
                if line.has(&["--locked-mode"]) {
                    needs.rewritten.clear();
                }
                Ok(needs)
            }
            // Where an earlier command has restored, there is nothing to do first.
            Verb::Build if line.has(&["--no-restore", "--no-build"]) => Ok(Needs::default()),
            Verb::Build => {
                line.check()?;
                let (mut needs, mentioned) = line.closure(project)?;
                needs.rewritten.clear();
                let rid = line.rid(|| line.sdk(project, &needs.files))?;
                needs.prefetch = Some(line.prefetch(command, &mentioned, rid)?);
                Ok(needs)
            }
            Verb::Other | Verb::ClearCaches | Verb::Tool => Ok(Needs::default()),
        }
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        project: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(CachePlan::default()) };
        if line.verb == Verb::ClearCaches {
            return Ok(CachePlan::default());
        }
        let directory = line.packages(&Environment::new(command, state), project)?;
        // Without a restore of its own it lives off what an earlier one left.
        let reads = line.has(&["--no-restore", "--no-build"]);
        let kind = if reads { CacheKind::Index(IndexUse::Reads) } else { CacheKind::Store };
        let cache = Cache { directory, kind, sharing: Sharing::Locked };
        Ok(CachePlan { caches: vec![cache], edits: Vec::new() })
    }

    fn configured_by(&self) -> &'static [&'static str] {
        &["dotnet"]
    }

    fn is_moved_by(&self, command: &Invocation<'_>) -> bool {
        options::writes_setting(command, &["config"], &["globalPackagesFolder"])
    }

    fn ignored(&self) -> &'static [&'static str] {
        &["**/obj", "**/bin/Debug", "**/bin/Release"]
    }

    /// Microsoft Learn, "nuget.config reference".
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles {
            home: &[".nuget/NuGet/NuGet.Config", ".config/NuGet/NuGet.Config"],
            system: &[],
            project: &["nuget.config", "NuGet.config", "NuGet.Config"],
            follows_project: true,
            keys: &["globalPackagesFolder"],
        }
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["*.csproj", "*.fsproj", "*.vbproj"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["packages.lock.json"]
    }
}

/// What the command line, NuGet and the SDK keep in the home directory.
const IN_HOME: &[&str] =
    &[".nuget", ".dotnet", ".local/share/NuGet", ".config/NuGet", ".microsoft", ".templateengine", ".aspnet"];

/// What restores and installations of tools touch besides the project.
fn effects(environment: &Environment<'_>, line: &Line<'_>) -> Effects {
    let mut kept = environment.below_home(IN_HOME).and(system::below(&["/tmp/NuGetScratch", "/tmp/.dotnet"]));
    for name in ["NUGET_PACKAGES", "NUGET_HTTP_CACHE_PATH", "NUGET_SCRATCH", "DOTNET_CLI_HOME"] {
        kept = match environment.path(name) {
            Ok(Some(path)) => kept.and(Paths::below(vec![path])),
            Ok(None) => kept,
            Err(_) => Paths::All,
        };
    }
    for option in ["--packages", "--tool-path"] {
        if let Some(path) = line.value(option) {
            kept = match environment.resolve(path) {
                Ok(path) => kept.and(Paths::below(vec![path])),
                Err(_) => Paths::All,
            };
        }
    }
    let sdk = system::below(&["/etc", "/opt/microsoft", "/usr/share", "/usr/local/share"]);
    Effects {
        reads: kept.clone().and(sdk).and(system::below(system::PROGRAMS)),
        writes: kept,
        environment: names(VARIABLES),
    }
}

/// The variables that the command line and NuGet read. MSBuild makes a property of every variable there is: those that
/// the files of a project mention are part of its [`Needs`], and these are what its SDK reads.
const VARIABLES: &[&str] = &[
    "DOTNET_* NUGET_* MSBUILD* COREHOST_* VSS_NUGET_* TF_BUILD GITHUB_ACTIONS XDG_* USER",
    "Allow* AppHost* Append* Artifacts* Assembly* Base* Bundled* Central* Configuration* Custom* Directory*",
    "ContinuousIntegrationBuild Disable* Enable* Generate* Implicit* Import* Include* Intermediate* Is* Known*",
    "LangVersion Latest* Manage* Microsoft* Net* NoWarn NuGet* OutDir Output* Package* Platform* Project* Publish*",
    "Restore* Runtime* Sdk* SelfContained Skip* Solution* Target* Treat* Use* Version* Warn*",
];

impl Line<'_> {
    /// The files that a restore of what the command names reads, and the properties they mention.
    fn closure(&self, project: &Project<'_>) -> Result<(Needs, BTreeSet<String>), Refusal> {
        let mut globals = Properties::default();
        for property in &self.properties {
            globals.fix(&property.name, property.value.as_deref());
        }
        let mut closure = Closure::new(project, globals);
        closure.add_directory(project.directory())?;
        if let Some(file) = self.value("--configfile") {
            closure.configuration(&project.path(file))?;
        }
        closure.add_root(&self.root(project))?;
        closure.finish()
    }

    /// The project, solution or directory that the command names.
    fn root(&self, project: &Project<'_>) -> ImagePath {
        self.project()
            .map_or_else(|| project.directory().clone(), |path| project.path(&path.replace('\\', "/")))
    }

    /// The restore that a build begins with, as a command of its own.
    ///
    /// Everything that `RestoreCommandParser.AddImplicitRestoreOptions` (dotnet/sdk) gives to a build is an option of
    /// `restore` itself, under the same long name. `dotnet build` alone leaves `--no-dependencies` out of it: there it is
    /// said of what is compiled.
    fn prefetch(
        &self,
        command: &Invocation<'_>,
        mentioned: &BTreeSet<String>,
        rid: Option<String>,
    ) -> Result<String, Refusal> {
        let is_build = command.arguments.first().and_then(|word| word.value.as_deref()) == Some("build");
        let mut rebuilt = Rebuilt::of(command)?;
        rebuilt.push("restore");
        if let Some(path) = self.project() {
            rebuilt.push(path);
        }
        let is_mentioned = |name: &str| mentioned.iter().any(|other| other.eq_ignore_ascii_case(name));
        let Some(words) = &self.words else { return Err(self.unclear()) };
        for option in &words.options {
            match option.name {
                "-r"
                | "--runtime"
                | "--source"
                | "--ucr"
                | "--use-current-runtime"
                | "--configfile"
                | "--packages"
                | "--disable-parallel"
                | "--force"
                | "--ignore-failed-sources"
                | "--interactive"
                | "--no-cache"
                | "--no-http-cache" => rebuilt.push_option(option),
                "--no-dependencies" if !is_build => rebuilt.push_option(option),
                "-a" | "--arch" | "--os" if rid.is_none() => rebuilt.push_option(option),
                "--sc" | "--self-contained" => {
                    let value = option.value.known().or_else(|| self.self_contained()).unwrap_or("true");
                    rebuilt.push(&format!("-p:SelfContained={value}"));
                }
                "-c" | "--configuration" if is_mentioned("Configuration") => {
                    let value = option.words.last().map(written).unwrap_or_default();
                    let value = if option.words.len() > 1 {
                        value.as_str()
                    } else {
                        value.split_once(['=', ':']).map_or("", |(_, value)| value)
                    };
                    rebuilt.push_written(format!("-p:Configuration={value}"));
                }
                _ => {}
            }
        }
        if let Some(rid) = rid {
            rebuilt.push("-r");
            rebuilt.push(&rid);
        }
        // What is only known in the build is known in both places alike.
        let mut pushed: Option<&[Argument<'_>]> = None;
        for property in &self.properties {
            let is_read = is_restored(&property.name) || is_mentioned(&property.name);
            if is_read && pushed.is_none_or(|words| !std::ptr::eq(words, property.words)) {
                pushed = Some(property.words);
                property.words.iter().for_each(|word| rebuilt.push_argument(word));
            }
        }
        Ok(rebuilt.line())
    }

    /// The runtime identifier to restore for in place of `--arch` and `--os`; `None` where they stay as they are, because there
    /// are none or because `restore` is sure to have them: `--arch` since 7.0.300 (dotnet/sdk#30762), `--os` since 10
    /// (dotnet/sdk#49166). Before that it stops at them, but knows `--runtime`.
    fn rid(&self, sdk: impl FnOnce() -> Option<u32>) -> Result<Option<String>, Refusal> {
        const ARCHITECTURES: [&str; 4] = ["x64", "x86", "arm64", "arm"];
        const SYSTEMS: [&str; 2] = ["linux", "linux-musl"];
        let has_system = self.has(&["--os"]);
        if !has_system && !self.has(&["-a", "--arch"]) {
            return Ok(None);
        }
        let wanted = if has_system { 10 } else { 8 };
        if sdk().is_some_and(|sdk| sdk >= wanted) {
            return Ok(None);
        }
        let architecture = self.value("-a").or_else(|| self.value("--arch"));
        match (self.value("--os"), architecture) {
            (Some(system), Some(architecture))
                if SYSTEMS.contains(&system) && ARCHITECTURES.contains(&architecture) =>
            {
                Ok(Some(format!("{system}-{architecture}")))
            }
            _ => {
                let option = if has_system { "--os" } else { "--arch" };
                Err(Refusal::new(format!(
                    "dotnet restore is sure to have {option} from SDK {wanted} on, and no project or global.json says that this one is as new"
                )))
            }
        }
    }

    /// The oldest major version that the SDK can have: it builds for no framework that is newer than itself (NETSDK1045), and
    /// global.json never rolls back ("global.json overview", `rollForward`).
    fn sdk(&self, project: &Project<'_>, files: &[ImagePath]) -> Option<u32> {
        let sets = |property: &Property<'_>| {
            property.name.get(..15).is_some_and(|name| name.eq_ignore_ascii_case("TargetFramework"))
        };
        if self.properties.iter().any(sets) {
            return None;
        }
        let read = |file: &ImagePath| {
            let text = project.read_text(file.as_str())?;
            let text = text.trim_start_matches('\u{feff}');
            match file.name() {
                "global.json" => sdk_of_global_json(text),
                name if solution::is_project(name) => evaluation::newest_framework(text),
                _ => None,
            }
        };
        files.iter().filter_map(read).max()
    }

    /// The global packages folder.
    fn packages(
        &self,
        environment: &Environment<'_>,
        project: Option<&Project<'_>>,
    ) -> Result<ImagePath, Refusal> {
        let option = self.value("--packages").or_else(|| {
            let moved = |name: &str| name.eq_ignore_ascii_case("RestorePackagesPath");
            self.properties.iter().find(|property| moved(&property.name))?.value.as_deref()
        });
        if let Some(path) = option {
            let path = environment.resolve(path)?;
            return match project {
                Some(project) if path.below(project.directory()).is_some() => {
                    Err(Refusal::new(format!("the packages lie in {path}, within the project")))
                }
                _ => Ok(path),
            };
        }
        if let Some(path) = environment.path("NUGET_PACKAGES")? {
            return Ok(path);
        }
        if let Some(project) = project {
            let root = self.root(project);
            let directory = if solution::is_project(root.name()) || solution::is_solution(root.name()) {
                root.parent().unwrap_or(root)
            } else {
                root
            };
            for file in nuget::files(project, &directory) {
                if let Some(path) = nuget::read(project, &file)?.packages {
                    return Ok(path);
                }
            }
        }
        if environment.get("DOTNET_CLI_HOME") != Setting::Unset {
            return Err(Refusal::new(
                "DOTNET_CLI_HOME moves the packages, where to depends on the version of NuGet",
            ));
        }
        environment.check_root(|| {
            "a mount below ~/.nuget would make that directory root's, where NuGet, run as another user, has to write its \
             configuration"
                .to_owned()
        })?;
        Ok(environment.home()?.join(".nuget/packages"))
    }
}

/// The major version of the SDK that a global.json asks for.
fn sdk_of_global_json(text: &str) -> Option<u32> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    json.get("sdk")?.get("version")?.as_str()?.split('.').next()?.parse().ok()
}

/// Properties that change what is restored (Microsoft Learn, "MSBuild properties for Microsoft.NET.Sdk").
fn is_restored(name: &str) -> bool {
    const RESTORED: [&str; 12] = [
        "PublishReadyToRun",
        "PublishTrimmed",
        "PublishSingleFile",
        "PublishAot",
        "SelfContained",
        "RuntimeIdentifier",
        "RuntimeIdentifiers",
        "TargetFramework",
        "TargetFrameworks",
        "UseAppHost",
        "Configuration",
        "Platform",
    ];
    let is = |other: &&str| other.eq_ignore_ascii_case(name);
    RESTORED.iter().any(is)
        || name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("Restore"))
        || name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("NuGet"))
}

#[cfg(test)]
mod tests;
