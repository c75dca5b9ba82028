//! Maven.
//!
//! - **Commands**: `dependency:go-offline`, `dependency:resolve` and their kin read the project's poms only. Every phase
//!   and all other goals are builds.
//! - **Manifests**: `pom.xml` with its parents and modules, `.mvn` (maven.apache.org: "POM Reference", "Configuring Apache
//!   Maven"), and for `mvnw` the script itself.
//! - **No prefetch**: `dependency:go-offline` misses what plugins resolve as they run (apache/maven-dependency-plugin#1168)
//!   and fails where modules need each other (#1186), so none is inserted; one that is there moves.
//! - **Caches**: the local repository, `maven.repo.local`, `<localRepository>` of the settings or `~/.m2/repository`, and
//!   the wrapper's `~/.m2/wrapper`: stores, locked, since the resolver's locks do not reach beyond one process. `~` is the
//!   home directory of the list of users, whatever HOME says. Never `~/.m2` itself: settings.xml lies there.
//! - **Refused**: settings that are not known, repositories of the project on disk, the settings of the official image that
//!   keep the repository in the image (carlossg/docker-maven). And a mount where a command installs into the repository what
//!   it builds or is given, or may do so: a later step finds it in the image alone, and other builds, of another branch or of
//!   whoever depends on it, would take it from the mount in place of what a remote repository has (Maven, "Introduction to
//!   Repositories"; `install` and `deploy` in "Introduction to the Build Lifecycle").

mod pom;

use dockfix_model::commands::Invocation;
use dockfix_model::effects::{Effects, Paths};
use dockfix_model::project::{Found, Project};
use dockfix_model::{ImagePath, State};

use crate::environment::{Environment, Setting};
use crate::java;
use crate::options::{Grammar, Short, Table, Value, Words};
use crate::{
    Cache, CacheKind, CachePlan, Ecosystem, IndexUse, Needs, Refusal, SettingsFiles, Sharing, Usage,
    UsageKind,
};

/// Maven.
pub(crate) struct Maven;

/// A command line of Maven.
struct Line<'c> {
    /// `None` where a word is not known.
    words: Option<Words<'c>>,
    is_wrapper: bool,
}

/// Goals that resolve what poms name and do nothing else.
const RESOLVING: [&str; 4] = ["go-offline", "resolve", "resolve-plugins", "sources"];

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        let is_wrapper = match &*command.program {
            "mvn" | "mvnd" => false,
            "mvnw" => true,
            _ => return None,
        };
        let words = Words::read(command, 0, &GRAMMAR);
        if words
            .as_ref()
            .is_some_and(|words| words.has(&["-v", "--version", "-h", "--help"]) || words.operands.is_empty())
        {
            return None;
        }
        Some(Self { words, is_wrapper })
    }

    /// Whether it only resolves.
    fn resolves(&self) -> bool {
        let Some(words) = &self.words else { return false };
        let is_known = |value: &Value<'_>| !matches!(value, Value::Unknown(_));
        words.operands.iter().all(|operand| operand.value.is_some_and(is_resolving))
            && words.options.iter().all(|option| match option.name {
                "-f" | "--file" | "-s" | "--settings" | "-gs" | "--global-settings" | "-D" | "--define" => {
                    is_known(&option.value)
                }
                "-l" | "--log-file" | "-t" | "--toolchains" | "-gt" | "--global-toolchains" => false,
                _ => true,
            })
    }

    fn value(&self, names: &[&str]) -> Option<&str> {
        self.words.as_ref()?.value(names)?.known()
    }

    /// # Errors
    ///
    /// When it leaves more in the local repository than what it has downloaded, or may do so.
    fn only_downloads(&self, project: Option<&Project<'_>>) -> Result<(), Refusal> {
        let operands = self.words.as_ref().map_or(&[][..], |words| &words.operands);
        for operand in operands {
            match operand.value {
                None => {
                    let word = String::from_utf8_lossy(operand.argument.text);
                    return Err(Refusal::new(format!(
                        "what {word} stands for is not known, and it may install into the local repository"
                    )));
                }
                Some(goal) if is_installing(goal) => {
                    let instead = if goal == "install" { "; `verify` does all but that" } else { "" };
                    return Err(Refusal::new(format!(
                        "`{goal}` installs into the local repository, from where a mount would hand that to other builds, and \
                         not to later steps{instead}"
                    )));
                }
                Some(_) => {}
            }
        }
        match project.and_then(|project| pom::installation(project, self.value(&["-f", "--file"]))) {
            Some(place) => Err(Refusal::new(format!(
                "{place} installs into the local repository, from where a mount would hand that to other builds, and not to \
                 later steps"
            ))),
            None => Ok(()),
        }
    }

    /// The value of `-Dname=value`.
    fn property(&self, name: &str) -> Option<&str> {
        let words = self.words.as_ref()?;
        let prefix = format!("{name}=");
        let defined = words.options.iter().rev().filter(|option| matches!(option.name, "-D" | "--define"));
        defined.filter_map(|option| option.value.known()).find_map(|text| text.strip_prefix(prefix.as_str()))
    }
}

/// A phase from `install` on, or a goal that installs: `install:install-file`, also with the coordinates of the plugin in
/// full and with an execution (`install:install@again`).
fn is_installing(goal: &str) -> bool {
    let goal = goal.split('@').next().unwrap_or_default();
    goal == "deploy" || goal.split(':').any(|part| matches!(part, "install" | "install-file"))
}

/// `dependency:go-offline`, also with the coordinates of the plugin in full.
fn is_resolving(goal: &str) -> bool {
    let parts: Vec<_> = goal.split(':').collect();
    match &parts[..] {
        ["dependency", goal]
        | ["org.apache.maven.plugins", "maven-dependency-plugin", goal]
        | ["org.apache.maven.plugins", "maven-dependency-plugin", _, goal] => RESOLVING.contains(goal),
        ["de.qaware.maven", "go-offline-maven-plugin", goal]
        | ["de.qaware.maven", "go-offline-maven-plugin", _, goal] => *goal == "resolve-dependencies",
        _ => false,
    }
}

impl Ecosystem for Maven {
    fn name(&self) -> &'static str {
        "maven"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["mvn", "mvnd", "mvnw"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let environment = Environment::new(command, state);
        let directory = command.directory.clone();
        // Arguments from the environment are not looked at.
        if !line.resolves() || environment.get("MAVEN_ARGS") != Setting::Unset {
            return Some(Usage {
                kind: UsageKind::Build,
                directory,
                effects: Effects::opaque(),
                runs_package_code: true,
            });
        }
        let mut effects = java::effects(&environment, &[".m2", ".mavenrc"], VARIABLES);
        let mut add = |path: ImagePath| {
            let path = Paths::below(vec![path]);
            for side in [&mut effects.reads, &mut effects.writes] {
                *side = std::mem::replace(side, Paths::none()).and(path.clone());
            }
        };
        match repository(&line, &environment, None) {
            Ok(path) => add(path),
            Err(_) => add(ImagePath::root()),
        }
        for option in ["-s", "--settings", "-gs", "--global-settings"] {
            if let Some(path) = line.value(&[option]).filter(|path| path.starts_with('/')) {
                add(environment.resolve(path).ok()?);
            }
        }
        Some(Usage { kind: UsageKind::Install, directory, effects, runs_package_code: false })
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        usage: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(Needs::default()) };
        if usage.kind == UsageKind::Build {
            return Err(Refusal::new(
                "no command of Maven downloads beforehand all that a build needs (dependency:go-offline misses what plugins \
                 ask for), so only its cache is kept",
            ));
        }
        pom::needs(project, line.value(&["-f", "--file"]), &settings(&line), line.is_wrapper)
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        project: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(CachePlan::default()) };
        let environment = Environment::new(command, state);
        let mut directories = vec![repository(&line, &environment, project)?];
        line.only_downloads(project)?;
        if line.is_wrapper {
            directories.push(match environment.path("MAVEN_USER_HOME")? {
                Some(home) => home.join("wrapper"),
                None => java::home(&environment, &["MAVEN_OPTS"])?.join(".m2/wrapper"),
            });
        }
        // Offline it lives off what an earlier step has left there.
        let is_offline = line.words.as_ref().is_some_and(|words| words.has(&["-o", "--offline"]));
        let kind = if is_offline { CacheKind::Index(IndexUse::Reads) } else { CacheKind::Store };
        let caches =
            directories.into_iter().map(|directory| Cache { directory, kind, sharing: Sharing::Locked });
        Ok(CachePlan { caches: caches.collect(), edits: Vec::new() })
    }

    /// "Settings Reference", "Configuring Apache Maven".
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles {
            home: &[".m2/settings.xml"],
            system: &["/usr/share/maven/conf/settings.xml", "/usr/share/java/maven-3/conf/settings.xml"],
            project: &[".mvn/maven.config", ".mvn/jvm.config"],
            follows_project: false,
            keys: &["localRepository", "maven.repo.local"],
        }
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["pom.xml"]
    }
}

/// The settings files of the command line.
fn settings<'l>(line: &'l Line<'_>) -> Vec<&'l str> {
    ["-s", "--settings", "-gs", "--global-settings"].iter().filter_map(|name| line.value(&[name])).collect()
}

/// The local repository ("Configuring Apache Maven", "Settings Reference").
fn repository(
    line: &Line<'_>,
    environment: &Environment<'_>,
    project: Option<&Project<'_>>,
) -> Result<ImagePath, Refusal> {
    const MOVES: &str = "maven.repo.local";
    if environment.get("MAVEN_ARGS") != Setting::Unset {
        return Err(Refusal::new("MAVEN_ARGS may move the local repository"));
    }
    let inside = |path: ImagePath| match project {
        Some(project) if path.below(project.directory()).is_some() => {
            Err(Refusal::new(format!("the local repository lies in {path}, within the project")))
        }
        _ => Ok(path),
    };
    if line.words.is_none() {
        return Err(Refusal::new("an argument of mvn is not known and may move the local repository"));
    }
    if let Some(path) = line.property(MOVES) {
        return inside(environment.resolve(path)?);
    }
    if let Some(path) = java::property(environment, &["MAVEN_OPTS"], MOVES)? {
        return inside(environment.resolve(path)?);
    }
    if let Some(project) = project {
        let arguments = pom::arguments(project, line.value(&["-f", "--file"]));
        let mentions = |word: &str| arguments.split_whitespace().any(|argument| argument.contains(word));
        if mentions(MOVES)
            || arguments.split_whitespace().any(|argument| matches!(argument, "-s" | "--settings"))
        {
            return Err(Refusal::new(".mvn/maven.config may move the local repository"));
        }
    }
    let home = java::home(environment, &["MAVEN_OPTS"])?;
    let mut files: Vec<ImagePath> = Vec::new();
    for path in settings(line) {
        if path.starts_with("/usr/share/maven/ref/settings-docker.xml") {
            return Err(Refusal::new(format!(
                "{path} keeps the local repository in /usr/share/maven/ref/repository, which is part of the image"
            )));
        }
        files.push(environment.resolve(path)?);
    }
    let is_named = !files.is_empty();
    files.push(home.join(".m2/settings.xml"));
    for file in files {
        let Some(project) = project else { continue };
        match project.find_at(&file) {
            Found::File(_) => {
                if let Some(path) = pom::local_repository(project, &file)? {
                    return Err(Refusal::new(format!(
                        "{} moves the local repository to {path}",
                        project.shown(file.as_str())
                    )));
                }
            }
            _ if is_named && file != home.join(".m2/settings.xml") => {
                return Err(Refusal::new(format!("{file} may move the local repository")));
            }
            _ => {}
        }
    }
    Ok(home.join(".m2/repository"))
}

/// Maven's own variables, those of its start scripts and of its wrapper.
const VARIABLES: &[&str] = &["MAVEN_* M2_HOME MVNW_*"];

/// `mvn --help`.
static GRAMMAR: Grammar = Grammar {
    valued: &[
        "-b --builder -D --define -emp --encrypt-master-password -ep --encrypt-password -f --file -gs",
        "--global-settings -gt --global-toolchains -l --log-file -P --activate-profiles -pl --projects -rf",
        "--resume-from -s --settings -t --toolchains -T --threads --color -is --install-settings",
    ],
    switches: &[
        "-am --also-make -amd --also-make-dependents -B --batch-mode -C --strict-checksums -c --lax-checksums",
        "-cpu --check-plugin-updates -e --errors -fae --fail-at-end -ff --fail-fast -fn --fail-never -h --help",
        "-llr --legacy-local-repository -N --non-recursive -npr --no-plugin-registry -npu --no-plugin-updates -nsu",
        "--no-snapshot-updates -ntp --no-transfer-progress -o --offline -q --quiet -U --update-snapshots -up",
        "--update-plugins -v --version -V --show-version -X --debug -S -itr --ignore-transitive-repositories",
    ],
    short: Short::Attached,
    ends_at_operand: false,
    table: Some(&OPTIONS),
};
static OPTIONS: Table = Table::new();

#[cfg(test)]
mod tests;
