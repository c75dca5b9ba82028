//! Packages whose own install scripts look at the project they are installed into.

use dockfix_model::ImagePath;
use dockfix_model::project::{Found, Project};

use super::closure::Closure;
use super::manifest::{Manifest, major};
use super::{code, prisma};
use crate::Refusal;

/// Adds what the install scripts of dependencies read: those that the manifests collected so far name, or that stand in
/// `lock`, the text of the lock file. `started_in` is the directory the manager was started in, which such scripts find
/// in INIT_CWD; `may_run` tells whose scripts are not blocked.
///
/// # Errors
///
/// When one of them reads sources, or writes what a later COPY would bring back.
pub(crate) fn add_readers(
    project: &Project<'_>,
    started_in: Option<&ImagePath>,
    lock: Option<&str>,
    may_run: &dyn Fn(&str) -> bool,
    closure: &mut Closure,
) -> Result<(), Refusal> {
    let manifests = std::mem::take(&mut closure.manifests);
    let done = Readers { project, started_in, lock, may_run, manifests: &manifests }.add(closure);
    closure.manifests = manifests;
    done
}

struct Readers<'r> {
    project: &'r Project<'r>,
    started_in: Option<&'r ImagePath>,
    lock: Option<&'r str>,
    may_run: &'r dyn Fn(&str) -> bool,
    manifests: &'r [Manifest],
}

impl Readers<'_> {
    fn add(&self, closure: &mut Closure) -> Result<(), Refusal> {
        self.add_prisma(closure)?;
        self.add_puppeteer(closure)?;
        self.check_git_hooks()?;
        self.check_msw(closure)?;
        self.check_nx()
    }

    /// The package.json that names a dependency and the range it gives.
    fn named(&self, name: &str) -> Option<(&Manifest, &str)> {
        if !(self.may_run)(name) {
            return None;
        }
        self.manifests.iter().find_map(|manifest| Some((manifest, manifest.dependency(name)?)))
    }

    /// Whether a package may be installed. A lock file names every package that is, and some that are not.
    fn may_install(&self, name: &str) -> bool {
        (self.may_run)(name)
            && (self.named(name).is_some() || self.lock.is_some_and(|lock| lock.contains(name)))
    }

    fn directories(&self) -> impl Iterator<Item = (&ImagePath, Option<&Manifest>)> {
        let started = self
            .started_in
            .into_iter()
            .filter(|started| !self.manifests.iter().any(|manifest| manifest.directory == **started));
        let own = self.manifests.iter().map(|manifest| (&manifest.directory, Some(manifest)));
        own.chain(started.map(|started| (started, None)))
    }

    /// `@prisma/client` up to version 6 generates its client on install (`postinstall`), if it finds a schema.
    fn add_prisma(&self, closure: &mut Closure) -> Result<(), Refusal> {
        let name = "@prisma/client";
        let generates = match self.named(name).map(|(_, range)| major(range)) {
            Some(Some(major)) => major <= 6,
            Some(None) => true,
            None => self.may_install(name),
        };
        if generates {
            for (directory, manifest) in self.directories() {
                prisma::add(self.project, directory, None, manifest, closure)?;
            }
        }
        Ok(())
    }

    /// puppeteer reads its configuration on install (pptr.dev, guides/configuration).
    fn add_puppeteer(&self, closure: &mut Closure) -> Result<(), Refusal> {
        if !self.may_install("puppeteer") {
            return Ok(());
        }
        const NAMES: [&str; 11] = [
            ".puppeteerrc",
            ".puppeteerrc.json",
            ".puppeteerrc.yaml",
            ".puppeteerrc.yml",
            ".puppeteerrc.js",
            ".puppeteerrc.cjs",
            ".puppeteerrc.mjs",
            ".puppeteerrc.ts",
            "puppeteer.config.js",
            "puppeteer.config.cjs",
            "puppeteer.config.mjs",
        ];
        for (directory, _) in self.directories() {
            for name in NAMES.iter().chain(&["puppeteer.config.ts", ".config/puppeteerrc.json"]) {
                let path = directory.join(name);
                if !closure.add_file(self.project, &path) {
                    continue;
                }
                let text = self.project.read_text(path.as_str()).unwrap_or_default();
                let is_code = name.ends_with("js") || name.ends_with("ts");
                if let Some(line) = code::line_that_reads_files(&text).filter(|_| is_code) {
                    let shown = self.project.shown(path.as_str());
                    return Err(Refusal::new(format!("{shown}:{line} may read any source file")));
                }
            }
        }
        Ok(())
    }

    /// Packages that write hooks into `.git` on install: husky up to version 4 and its kind.
    fn check_git_hooks(&self) -> Result<(), Refusal> {
        for name in ["husky", "simple-git-hooks", "lefthook", "pre-commit", "yorkie", "ghooks", "git-hooks"] {
            let Some((manifest, range)) = self.named(name) else { continue };
            if name == "husky" && major(range).is_some_and(|major| major > 4) {
                continue;
            }
            let at = manifest.at(&[name]);
            let what = format!("{at} depends on {name}, which installs git hooks");
            refuse_repository(self.project, &manifest.directory, &what)?;
        }
        Ok(())
    }

    /// msw up to version 2 copies its worker into the directory that package.json names (`msw.workerDirectory`).
    fn check_msw(&self, closure: &mut Closure) -> Result<(), Refusal> {
        for manifest in self.manifests {
            let Some(field) = manifest.object("msw").and_then(|msw| msw.get("workerDirectory")) else {
                continue;
            };
            if !self.may_install("msw") {
                continue;
            }
            let one = field.as_str().into_iter();
            let several = field.as_array().into_iter().flatten().filter_map(|value| value.as_str());
            for directory in one.chain(several) {
                let worker = manifest.directory.join(directory).join("mockServiceWorker.js");
                if matches!(self.project.find_at(&worker), Found::File(_)) {
                    let at = manifest.at(&["msw", "workerDirectory"]);
                    let shown = self.project.shown(worker.as_str());
                    return Err(Refusal::new(format!(
                        "{at} has msw write {shown} on install, and a later COPY would bring back the old one"
                    )));
                }
                closure.outputs.insert(worker);
            }
        }
        Ok(())
    }

    /// nx looks at the whole workspace on install (`nx/bin/post-install`).
    fn check_nx(&self) -> Result<(), Refusal> {
        let Some((manifest, _)) = self.named("nx") else { return Ok(()) };
        let configuration = manifest.directory.join("nx.json");
        if matches!(self.project.find_at(&configuration), Found::File(_)) {
            let at = manifest.at(&["nx"]);
            return Err(Refusal::new(format!(
                "{at} depends on nx, which reads the whole workspace on install"
            )));
        }
        Ok(())
    }
}

/// Refuses where a repository is copied to `directory` or above it; `what` begins the reason.
pub(crate) fn refuse_repository(
    project: &Project<'_>,
    directory: &ImagePath,
    what: &str,
) -> Result<(), Refusal> {
    let mut at = Some(directory.clone());
    while let Some(directory) = at {
        let git = directory.join(".git");
        let is_there = match project.find_at(&git) {
            Found::File(_) => true,
            // A COPY to a path below is no repository.
            Found::Directory => matches!(project.find_at(&git.join("HEAD")), Found::File(_)),
            Found::Missing | Found::Elsewhere => false,
        };
        if is_there {
            let shown = project.shown(git.join("HEAD").as_str());
            let shown = shown.trim_end_matches("/HEAD").to_owned();
            return Err(Refusal::new(format!("{what}, and {shown} is part of the build context")));
        }
        at = directory.parent();
    }
    Ok(())
}
