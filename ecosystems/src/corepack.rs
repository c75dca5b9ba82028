//! corepack, which brings yarn and pnpm to images that have node.
//!
//! - **Packages**: `corepack enable`, `corepack prepare NAME --activate`, `corepack install --global NAME` read no project
//!   (nodejs/corepack, README).
//! - **Installs from manifests**: `corepack install` and `corepack prepare` without a name: the nearest package.json.
//! - **Cache**: none. What corepack keeps in `~/.cache/node/corepack` are the managers themselves, which later commands
//!   run.

use dockfix_model::commands::Invocation;
use dockfix_model::project::{Found, Project};
use dockfix_model::{ImagePath, State};

use crate::javascript::closure::Closure;
use crate::javascript::manifest::Manifest;
use crate::javascript::surroundings;
use crate::npm::{is_registry_package, operands};
use crate::options::{Grammar, Words};
use crate::{Ecosystem, Needs, Refusal, Usage, UsageKind};

/// corepack.
pub(crate) struct Corepack;

const GRAMMAR: Grammar = Grammar::gnu(
    &["--install-directory"],
    &["--activate --all -g --global --cache-only --json --version -v"],
);

impl Ecosystem for Corepack {
    fn name(&self) -> &'static str {
        "corepack"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["corepack"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        if command.program != "corepack" {
            return None;
        }
        let line = Words::read(command, 0, &GRAMMAR)?;
        let words = operands(&line)?;
        let is_global = line.has(&["-g", "--global"]);
        let names = |names: &[&str]| names.iter().all(|name| is_registry_package(name));
        match words[..] {
            [] if line.has(&["--version", "-v"]) => {}
            ["enable" | "disable", ..] => {}
            ["prepare", ref given @ ..] if !given.is_empty() && names(given) => {}
            ["install", ref given @ ..] if is_global && !given.is_empty() && names(given) => {}
            ["prepare"] | ["install"] if !is_global && !line.has(&["--all"]) => {
                return Some(Usage {
                    kind: UsageKind::Install,
                    effects: surroundings::install(command, state, command.directory.as_ref(), &[], false),
                    directory: command.directory.clone(),
                    runs_package_code: false,
                });
            }
            _ => return None,
        }
        Some(Usage {
            kind: UsageKind::Packages,
            directory: None,
            effects: surroundings::global(command, state, &[], &[".corepack.env"]),
            runs_package_code: false,
        })
    }

    fn needs(
        &self,
        _: &Invocation<'_>,
        _: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let mut closure = Closure::default();
        for directory in std::iter::successors(Some(project.directory().clone()), ImagePath::parent) {
            closure.add_file(project, &directory.join(".corepack.env"));
            let path = directory.join("package.json");
            match project.find_at(&path) {
                Found::Missing => continue,
                Found::File(_) if closure.add_file(project, &path) => {}
                _ => break,
            }
            // A package.json that names no manager does not end the search.
            let manifest = Manifest::read(project, &directory)?;
            if manifest.is_some_and(|manifest| manifest.string("packageManager").is_some()) {
                return Ok(closure.into_needs());
            }
        }
        let directory = project.directory();
        Err(Refusal::new(format!(
            "no package.json with packageManager is copied from the build context to {directory}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn needs(run: &str, files: &[(&str, &str)]) -> String {
        testing::needs(&Corepack, &format!("FROM node:20\nWORKDIR /app\nCOPY . .\nRUN {run}"), files)
    }

    #[test]
    fn tells_what_reads_the_project() {
        let manifest = ("package.json", r#"{"packageManager": "pnpm@9.0.0"}"#);
        for run in [
            "corepack enable",
            "corepack enable pnpm",
            "corepack enable --install-directory /bin yarn",
            "corepack prepare pnpm@9.1.0 --activate",
            "corepack prepare yarn@stable --activate",
            "corepack prepare pnpm@$PNPM_VERSION --activate",
            "corepack install -g yarn@4",
        ] {
            assert_eq!(needs(run, &[manifest]), "packages", "{run}");
        }
        for run in ["corepack install", "corepack prepare --activate", "corepack prepare"] {
            assert_eq!(
                needs(run, &[manifest, (".corepack.env", "")]),
                "install /app; files .corepack.env package.json"
            );
        }
        for run in [
            "corepack use pnpm@9",
            "corepack up",
            "corepack pnpm i",
            "corepack prepare ./x.tgz",
            "corepack pack",
        ] {
            assert_eq!(needs(run, &[manifest]), "opaque", "{run}");
        }
        assert_eq!(
            needs("corepack install", &[("package.json", "{}")]),
            "refused: no package.json with packageManager is copied from the build context to /app"
        );
    }

    #[test]
    fn has_no_cache_to_mount() {
        assert_eq!(testing::caches(&Corepack, "FROM node:20\nRUN corepack enable", &[]), "");
    }
}
