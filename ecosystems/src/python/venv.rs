//! Virtual environments: `python3 -m venv`, `virtualenv`, `uv venv`.
//!
//! - **Commands**: those, with one directory.
//! - **Manifests**: none for the first two; `uv venv` looks at `.python-version`, `pyproject.toml` and `uv.toml` for the
//!   version of Python.
//! - **Outputs**: the environment, where it lies in the project.
//!
//! Sources: Python's library reference, "venv"; virtualenv's "CLI interface"; uv's "CLI reference", "uv venv".

use dockfix_model::State;
use dockfix_model::commands::Invocation;
use dockfix_model::project::Project;

use super::call::arguments_of;
use super::closure::Closure;
use super::places;
use crate::options::{self, Grammar, Words};
use crate::{Ecosystem, Needs, Refusal, Usage, UsageKind};

/// The makers of virtual environments.
pub(crate) struct Venv;

const PYTHON: Grammar = Grammar::gnu(
    &["--prompt"],
    &[
        "--system-site-packages --symlinks --copies --clear --upgrade --without-pip --upgrade-deps",
        "--without-scm-ignore-files",
    ],
);
const VIRTUALENV: Grammar = Grammar::gnu(
    &["--prompt -p --python"],
    &[
        "--system-site-packages --symlinks --copies --always-copy --clear --no-pip --no-setuptools --no-wheel",
        "--download --no-download --no-site-packages --no-vcs-ignore -q --quiet -v --verbose",
    ],
);
const UV: Grammar = Grammar::gnu(
    &["--prompt -p --python --index-url --default-index --link-mode --cache-dir --exclude-newer"],
    &[
        "--system-site-packages --seed --relocatable --allow-existing -c --clear --no-project -n --no-cache",
        "--no-cache-dir -q --quiet -v --verbose --no-config --no-python-downloads --managed-python --no-managed-python",
        "--python-preference --offline --no-progress --native-tls --system-certs",
    ],
);

/// A command line that makes an environment.
struct Line<'c> {
    words: Words<'c>,
    /// uv's, which looks for a version of Python in the project.
    is_uv: bool,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        let is_uv = command.program == "uv";
        let words = if is_uv {
            if command.arguments.first()?.value.as_deref()? != "venv" {
                return None;
            }
            Words::read(command, 1, &UV)?
        } else if let Some(first) = arguments_of(command, "virtualenv") {
            Words::read(command, first, &VIRTUALENV)?
        } else {
            Words::read(command, arguments_of(command, "venv")?, &PYTHON)?
        };
        Some(Self { words, is_uv })
    }

    /// The environment as it is named.
    fn path(&self) -> Option<&'c str> {
        match &self.words.operands[..] {
            [] if self.is_uv => Some(".venv"),
            [operand] => operand.value,
            _ => None,
        }
    }
}

impl Ecosystem for Venv {
    fn name(&self) -> &'static str {
        "venv"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["virtualenv", "uv", "python", "pypy"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let directory = command.directory.as_ref();
        let path = line.path()?;
        let path = options::path(path, directory)?;
        let inside = options::is_inside(&path, directory);
        let mut effects = places::installation(command, state, &["UV_*", "VIRTUALENV_*"]);
        if !inside {
            places::write(&mut effects, vec![path]);
        }
        let uses_project = inside || line.is_uv;
        Some(Usage {
            kind: if uses_project { UsageKind::Install } else { UsageKind::Packages },
            directory: directory.filter(|_| uses_project).cloned(),
            effects,
            runs_package_code: false,
        })
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let line = Line::read(command);
        let path = line.as_ref().and_then(Line::path).map(|path| project.path(path));
        let (Some(line), Some(path)) = (line, path) else {
            return Err(Refusal::new("the environment it makes is not known"));
        };
        let mut closure = Closure::new(project, "uv");
        if line.is_uv {
            closure.python_version()?;
            for name in ["pyproject.toml", "uv.toml"] {
                closure.optional(&project.path(name))?;
            }
        }
        let mut needs = closure.into_needs();
        needs.outputs.extend(Some(path).filter(|path| path.below(project.directory()).is_some()));
        Ok(needs)
    }

    fn ignored(&self) -> &'static [&'static str] {
        &["**/.venv", "**/venv", "**/env"]
    }
}

#[cfg(test)]
mod tests {
    use super::Venv;
    use crate::testing;

    #[test]
    fn environments_are_outputs_or_lie_elsewhere() {
        let needs = |run: &str| {
            let text = format!("FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN {run}\n");
            testing::needs(&Venv, &text, &[("pyproject.toml", ""), (".python-version", "3.12\n")])
        };
        for (run, expected) in [
            ("python -m venv /opt/venv", "packages"),
            ("virtualenv -p python3 /venv", "packages"),
            ("python3 -m venv --copies venv", "install /app; outputs venv"),
            ("python3.12 -m virtualenv ./env", "install /app; outputs env"),
            ("uv venv", "install /app; files .python-version pyproject.toml; outputs .venv"),
            ("uv venv --seed /opt/venv", "install /app; files .python-version pyproject.toml"),
            ("python -m venv", "opaque"),
            ("python -m venv a b", "opaque"),
            ("python -m venv $X", "opaque"),
            ("python -m venv --nonsense a", "opaque"),
            ("uv sync", "opaque"),
            ("uv", "opaque"),
        ] {
            assert_eq!(needs(run), expected, "{run}");
        }
    }
}
