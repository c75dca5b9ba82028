//! What an install of pnpm reads.

use dockfix_model::ImagePath;
use dockfix_model::commands::Invocation;
use dockfix_model::project::{Found, Project};
use serde_yaml::Value as YamlValue;

use super::{Verb, lock};
use crate::javascript::closure::{Closure, Role, Rules};
use crate::javascript::local::{self, LocalKind};
use crate::javascript::manifest::{Manifest, major};
use crate::javascript::npmrc::Npmrc;
use crate::javascript::stale::{self, Form};
use crate::javascript::workspaces::{Negation, Patterns};
use crate::javascript::yaml::{Yaml, strings};
use crate::javascript::{code, packages};
use crate::options::Words;
use crate::{Refusal, Usage};

/// The root's scripts that an install runs, with `--prod` as without (pnpm.io/cli/install; `exec/lifecycle` in
/// pnpm/pnpm).
const ROOT_SCRIPTS: &[&str] = &[
    "pnpm:devPreinstall",
    "preinstall",
    "install",
    "postinstall",
    "prepublish",
    "preprepare",
    "prepare",
    "postprepare",
];
/// Those of members.
const MEMBER_SCRIPTS: &[&str] =
    &["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"];

/// An install or fetch in a project.
pub(super) struct Install<'i> {
    command: &'i Invocation<'i>,
    line: &'i Words<'i>,
    runs_scripts: bool,
    project: &'i Project<'i>,
    /// The directory the command works in.
    own: ImagePath,
    /// The directory of pnpm-workspace.yaml, or the same.
    root: ImagePath,
}

impl<'i> Install<'i> {
    /// # Errors
    ///
    /// When there is no project, or one of a kind that is not read.
    pub(super) fn of(
        command: &'i Invocation<'i>,
        line: &'i Words<'i>,
        usage: &Usage,
        project: &'i Project<'i>,
    ) -> Result<Self, Refusal> {
        let own = project.directory().clone();
        let has = |directory: &ImagePath, name: &str| {
            matches!(project.find_at(&directory.join(name)), Found::File(_))
        };
        for name in ["package.json5", "package.yaml"] {
            if has(&own, name) {
                let shown = project.shown(name);
                return Err(Refusal::new(format!(
                    "{shown} is a kind of manifest that dockfix does not read"
                )));
            }
        }
        let is_own = line.has(&["--ignore-workspace"]);
        let above = std::iter::successors(Some(own.clone()), ImagePath::parent)
            .find(|directory| !is_own && has(directory, "pnpm-workspace.yaml"));
        if above.is_none() && !has(&own, "package.json") && Verb::of(line) != Some(Verb::Fetch) {
            return Err(Refusal::new(format!("no package.json is copied from the build context to {own}")));
        }
        let root = above.unwrap_or_else(|| own.clone());
        Ok(Self { command, line, runs_scripts: usage.runs_package_code, project, own, root })
    }

    /// Whether the install leaves the lock file as it is.
    fn is_frozen(&self) -> bool {
        let cleans = |word: &str| matches!(word, "ci" | "clean-install" | "ic" | "install-clean" | "fetch");
        self.line.has(&["--frozen-lockfile"])
            || self.line.operands.first().and_then(|operand| operand.value).is_some_and(cleans)
    }

    fn has_lock(&self) -> bool {
        self.project.has_file(self.root.join("pnpm-lock.yaml").as_str())
    }

    /// The major version that package.json asks for.
    fn version(&self) -> Option<u32> {
        [&self.own, &self.root].iter().find_map(|directory| {
            let manifest = Manifest::read(self.project, directory).ok()??;
            major(manifest.string("packageManager")?.strip_prefix("pnpm@")?)
        })
    }

    /// What the install reads: all manifests.
    pub(super) fn installed(&self) -> Result<Closure, Refusal> {
        let (project, root) = (self.project, &self.root);
        let mut closure = Closure::default();
        let workspace = self.add_configuration(&mut closure)?;
        let rules = Rules {
            manager: "pnpm",
            root_scripts: if self.runs_scripts { ROOT_SCRIPTS } else { &[] },
            member_scripts: if self.runs_scripts { MEMBER_SCRIPTS } else { &[] },
            root_programs: false,
            // Since pnpm 11 programs keep their mode.
            makes_executable: self.version().is_none_or(|major| major < 11),
            paths_from_root: false,
        };
        let lock = project.read_text(root.join("pnpm-lock.yaml").as_str());
        let mut members = self.members(workspace.as_ref())?;
        members.extend(lock::importers(lock.as_deref().unwrap_or_default()).map(|path| root.join(&path)));
        closure.linked.extend(members.iter().cloned());
        closure.add_package(project, root, root, Role::Root, &rules)?;
        for member in members.iter().chain([&self.own]).filter(|member| *member != root) {
            if closure.add_package(project, root, member, Role::Member, &rules)? {
                Npmrc::read(project, member, &mut closure)?;
                self.add_lock(member, &mut closure);
            }
        }
        if workspace.as_ref().is_none_or(|workspace| workspace.get("overrides").is_none()) {
            stale::add(project, &root.join("pnpm-lock.yaml"), Form::Pnpm, &mut closure);
        }
        self.check_injection(&closure, workspace.as_ref())?;
        self.add_local(lock.as_deref(), workspace.as_ref(), &rules, &mut closure)?;
        self.add_readers(lock.as_deref(), workspace.as_ref(), &mut closure)?;
        Ok(closure)
    }

    /// What `pnpm fetch` reads: the lock file and configuration.
    pub(super) fn fetched(&self) -> Result<Closure, Refusal> {
        let (project, root) = (self.project, &self.root);
        if !self.has_lock() {
            return Err(Refusal::new(format!(
                "no pnpm-lock.yaml is copied from the build context to {root}"
            )));
        }
        let mut closure = Closure::default();
        let workspace = self.add_configuration(&mut closure)?;
        let rules = Rules {
            manager: "pnpm",
            root_scripts: &[],
            member_scripts: &[],
            root_programs: false,
            makes_executable: false,
            paths_from_root: false,
        };
        let lock = project.read_text(root.join("pnpm-lock.yaml").as_str());
        closure.add_package(project, root, root, Role::Root, &rules)?;
        self.add_local(lock.as_deref(), workspace.as_ref(), &rules, &mut closure)?;
        self.add_readers(lock.as_deref(), workspace.as_ref(), &mut closure)?;
        closure.rewritten.clear();
        Ok(closure)
    }

    fn add_lock(&self, directory: &ImagePath, closure: &mut Closure) {
        let path = directory.join("pnpm-lock.yaml");
        if self.is_frozen() {
            closure.add_file(self.project, &path);
        } else {
            closure.add_rewritten(self.project, &path);
        }
    }

    /// Adds lock file, settings, hooks and patches of the root.
    fn add_configuration(&self, closure: &mut Closure) -> Result<Option<Yaml>, Refusal> {
        let (project, root) = (self.project, &self.root);
        self.add_lock(root, closure);
        let workspace = match self.line.has(&["--ignore-workspace"]) {
            true => None,
            false => Yaml::read(project, &root.join("pnpm-workspace.yaml"), closure)?,
        };
        let npmrc = Npmrc::read(project, root, closure)?;
        for key in ["lockfile-dir", "modules-dir", "virtual-store-dir", "workspace-dir", "global-pnpmfile"] {
            if npmrc.get(key).is_some() {
                let at = npmrc.place(key);
                return Err(Refusal::new(format!("{at} sets {key}, which may name any file")));
            }
        }
        for key in ["git-branch-lockfile"] {
            if npmrc.is_on(key) {
                let at = npmrc.place(key);
                return Err(Refusal::new(format!(
                    "{at} chooses the lock file by the branch that .git is on"
                )));
            }
        }
        let mut hooks = vec![".pnpmfile.cjs", ".pnpmfile.mjs"];
        hooks.extend(npmrc.get("pnpmfile"));
        if let Some(workspace) = &workspace {
            self.add_settings(workspace, closure)?;
            if let Some(value) = workspace.get("pnpmfile") {
                strings(value, &mut hooks);
            }
        }
        if !self.line.has(&["--ignore-pnpmfile"]) {
            for path in hooks.iter().map(|name| root.join(name)) {
                if closure.add_file(project, &path) {
                    let text = project.read_text(path.as_str()).unwrap_or_default();
                    if let Some(line) = code::line_that_reads_files(&text) {
                        let shown = project.shown(path.as_str());
                        return Err(Refusal::new(format!("{shown}:{line} may read any source file")));
                    }
                }
            }
        }
        if let Some(manifest) = Manifest::read(project, root)? {
            let patches = manifest.object("pnpm").and_then(|pnpm| pnpm.get("patchedDependencies"));
            for path in patches.and_then(|patches| patches.as_object()).into_iter().flatten() {
                let Some(path) = path.1.as_str() else { continue };
                self.add_patch(path, &manifest.at(&["patchedDependencies", path]), closure)?;
            }
        }
        Ok(workspace)
    }

    fn add_patch(&self, path: &str, at: &str, closure: &mut Closure) -> Result<(), Refusal> {
        if closure.add_file(self.project, &self.root.join(path)) {
            return Ok(());
        }
        Err(Refusal::new(format!("{at} names the patch {path}, which is not in the build context")))
    }

    fn add_settings(&self, workspace: &Yaml, closure: &mut Closure) -> Result<(), Refusal> {
        for field in
            ["lockfileDir", "modulesDir", "virtualStoreDir", "globalPnpmfile", "scriptShell", "npmrcAuthFile"]
        {
            if workspace.get(field).is_some() {
                let at = workspace.at(field);
                return Err(Refusal::new(format!("{at} sets {field}, which may name any file")));
            }
        }
        if workspace.switch("gitBranchLockfile") == Some(true) {
            let at = workspace.at("gitBranchLockfile");
            return Err(Refusal::new(format!("{at} chooses the lock file by the branch that .git is on")));
        }
        for field in ["python", "cargo"] {
            let enabled =
                workspace.get(field).and_then(|value| value.get("enabled")).and_then(YamlValue::as_bool);
            if enabled == Some(true) {
                let at = workspace.at(field);
                return Err(Refusal::new(format!("{at} has pnpm install packages of {field} as well")));
            }
        }
        if let Some(path) = workspace.string("onlyBuiltDependenciesFile") {
            closure.add_file(self.project, &self.root.join(path));
        }
        let patches = workspace.get("patchedDependencies").and_then(YamlValue::as_mapping);
        for path in patches.into_iter().flatten().filter_map(|(_, path)| path.as_str()) {
            self.add_patch(path, &workspace.at(path), closure)?;
        }
        Ok(())
    }

    fn members(&self, workspace: Option<&Yaml>) -> Result<Vec<ImagePath>, Refusal> {
        let (project, root) = (self.project, &self.root);
        let Some(workspace) = workspace else { return Ok(Vec::new()) };
        let Some(list) = workspace.get("packages") else { return Ok(Vec::new()) };
        let mut patterns = Vec::new();
        strings(list, &mut patterns);
        let patterns = patterns.into_iter().map(str::to_owned).collect();
        let patterns = Patterns { patterns, place: workspace.at("packages") };
        for directory in patterns.directories(project, root, Negation::Everywhere)? {
            for name in ["package.json5", "package.yaml"] {
                let path = directory.join(name);
                if project.has_file(path.as_str()) {
                    let shown = project.shown(path.as_str());
                    return Err(Refusal::new(format!(
                        "{shown} is a kind of manifest that dockfix does not read"
                    )));
                }
            }
        }
        Ok(patterns.members(project, root, Negation::Everywhere)?.into_iter().collect())
    }

    /// Injected members are copied whole instead of being linked (pnpm.io/package_json#dependenciesmetainjected).
    fn check_injection(&self, closure: &Closure, workspace: Option<&Yaml>) -> Result<(), Refusal> {
        if let Some(workspace) = workspace
            && workspace.switch("injectWorkspacePackages") == Some(true)
        {
            let at = workspace.at("injectWorkspacePackages");
            return Err(Refusal::new(format!("{at} has the install copy members as a whole")));
        }
        for manifest in &closure.manifests {
            let injects = manifest.object("dependenciesMeta").is_some_and(|meta| {
                meta.values().any(|meta| meta.get("injected").and_then(|value| value.as_bool()) == Some(true))
            });
            if injects {
                let at = manifest.at(&["dependenciesMeta"]);
                return Err(Refusal::new(format!("{at} has the install copy members as a whole (injected)")));
            }
        }
        Ok(())
    }

    /// Adds directories and archives that the lock file and the settings' overrides name.
    fn add_local(
        &self,
        lock: Option<&str>,
        workspace: Option<&Yaml>,
        rules: &Rules,
        closure: &mut Closure,
    ) -> Result<(), Refusal> {
        let (project, root) = (self.project, &self.root);
        let mut overrides = Vec::new();
        if let Some(value) = workspace.and_then(|workspace| workspace.get("overrides")) {
            strings(value, &mut overrides);
        }
        for specifier in overrides {
            let place = || workspace.map(|workspace| workspace.at(specifier)).unwrap_or_default();
            let locals = local::of_specifier(specifier, root, root, place).map_err(|unreadable| {
                let local::Unreadable { specifier, why, place } = unreadable;
                Refusal::new(format!("{place} depends on {specifier}, {why}"))
            })?;
            for local in locals {
                closure.add_local(project, root, &local, rules)?;
            }
        }
        for (path, line) in lock::local(lock.unwrap_or_default()) {
            let place = format!("{}:{line}", project.shown(root.join("pnpm-lock.yaml").as_str()));
            let local = local::Local {
                specifier: path.clone(),
                kind: LocalKind::File,
                path: root.join(&path),
                place,
            };
            closure.linked.remove(&local.path);
            closure.add_local(project, root, &local, rules)?;
        }
        Ok(())
    }

    fn add_readers(
        &self,
        lock: Option<&str>,
        workspace: Option<&Yaml>,
        closure: &mut Closure,
    ) -> Result<(), Refusal> {
        if !self.runs_scripts {
            return Ok(());
        }
        // Since pnpm 10 scripts of dependencies run only where they are allowed.
        let mut allowed = Vec::new();
        let fields = [
            "onlyBuiltDependencies",
            "allowBuilds",
            "dangerouslyAllowAllBuilds",
            "onlyBuiltDependenciesFile",
        ];
        let mut is_open = self.version().is_none_or(|major| major < 10);
        if let Some(workspace) = workspace {
            for value in fields.iter().filter_map(|field| workspace.get(field)) {
                match value {
                    YamlValue::Sequence(names) => {
                        allowed.extend(names.iter().filter_map(|name| name.as_str()))
                    }
                    YamlValue::Mapping(names) => {
                        allowed.extend(names.keys().filter_map(|name| name.as_str()))
                    }
                    _ => is_open = true,
                }
            }
        }
        let manifest = Manifest::read(self.project, &self.root)?;
        for value in manifest.iter().filter_map(|manifest| manifest.object("pnpm")).flatten() {
            match (fields.contains(&value.0.as_str()), value.1.as_array()) {
                (true, Some(names)) => allowed.extend(names.iter().filter_map(|name| name.as_str())),
                (true, None) => is_open = true,
                (false, _) => {}
            }
        }
        is_open |= self.line.has(&["--allow-build", "--dangerously-allow-all-builds"]);
        let may_run = |name: &str| {
            is_open
                || allowed.iter().any(|allowed| allowed.split('@').next() == Some(name) || *allowed == name)
        };
        packages::add_readers(self.project, self.command.directory.as_ref(), lock, &may_run, closure)
    }
}
