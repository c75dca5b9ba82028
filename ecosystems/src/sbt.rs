//! sbt.
//!
//! - **Commands**: `update`, `sbtVersion`, `about` and `exit` need the definition of the build only; all others are builds.
//! - **Manifests**: `*.sbt` of the root and of the projects below it, `project/` as a whole, which is compiled first,
//!   `.sbtopts`, `.jvmopts`, `.sbtrc` (scala-sbt.org, "Organizing the build", "Command line reference").
//! - **Caches**: coursier's `$COURSIER_CACHE` or `~/.cache/coursier`, `~/.ivy2/cache`, `~/.sbt/boot`: stores for later
//!   steps, locked. Never `~/.ivy2` or `~/.sbt` themselves: `publishLocal` and the user's settings write there. `~` is the
//!   home directory of the list of users.
//! - **Outputs**: `target`, `project/target`, `project/project`.
//! - **Refused**: definitions that read files or run programs; options that move the caches; other users than root, beside
//!   whose caches sbt writes more. No mount where something is published to `~/.ivy2/local`: Ivy keeps what it has resolved there
//!   in `~/.ivy2/cache` under name and version, and another build would go by that (sbt/sbt-dirty-money clears it for that reason).

use dockfix_model::commands::Invocation;
use dockfix_model::effects::Effects;
use dockfix_model::project::{Found, Project};
use dockfix_model::{ImagePath, State};

use crate::environment::{Environment, Setting};
use crate::java;
use crate::options::{Grammar, Short, Words};
use crate::{Cache, CacheKind, CachePlan, Ecosystem, Needs, Refusal, Sharing, Usage, UsageKind};

/// sbt.
pub(crate) struct Sbt;

/// Options and properties that move caches.
const MOVING: [&str; 7] = [
    "sbt.ivy.home",
    "sbt.boot.directory",
    "sbt.global.base",
    "sbt.coursier.home",
    "coursier.cache",
    "ivy.home",
    "user.home",
];

/// A command line of sbt.
struct Line<'c> {
    /// `None` where a word is not known.
    words: Option<Words<'c>>,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        if !matches!(&*command.program, "sbt" | "sbtx") {
            return None;
        }
        let words = Words::read(command, 0, &GRAMMAR);
        let has = |names: &[&str]| words.as_ref().is_some_and(|words| words.has(names));
        (!has(&["-h", "-help", "--help", "--script-version"])).then_some(Self { words })
    }

    /// Whether it needs the definition of the build only.
    fn resolves(&self) -> bool {
        let Some(words) = &self.words else { return false };
        let is_known = |word: Option<&str>| {
            matches!(word, Some("update" | "sbtVersion" | "about" | "exit" | "version" | "reload"))
        };
        !words.operands.is_empty() && words.operands.iter().all(|operand| is_known(operand.value))
    }

    /// The first task that publishes to the repository beside the cache: `publishLocal`, `core/publishLocal`, `+publishLocal`.
    fn publishes(&self) -> Option<&'c str> {
        let mut tasks = self.words.as_ref()?.operands.iter().filter_map(|operand| operand.value);
        tasks.find(|task| task.to_ascii_lowercase().replace('-', "").contains("publishlocal"))
    }

    /// The first option that moves a cache.
    fn moves(&self) -> Option<String> {
        let options = &self.words.as_ref()?.options;
        options.iter().find_map(|option| match option.name {
            "-D" | "-J" => {
                let text = option.value.beginning();
                let property = text.strip_prefix("-D").unwrap_or(text).split('=').next().unwrap_or_default();
                MOVING.contains(&property).then(|| format!("-D{property}"))
            }
            "-ivy" | "--ivy" | "-sbt-dir" | "--sbt-dir" | "-sbt-boot" | "--sbt-boot" => {
                Some(option.name.to_owned())
            }
            _ => None,
        })
    }
}

impl Ecosystem for Sbt {
    fn name(&self) -> &'static str {
        "sbt"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["sbt", "sbtx"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let directory = command.directory.clone();
        if !line.resolves() || line.moves().is_some() {
            return Some(Usage {
                kind: UsageKind::Build,
                directory,
                effects: Effects::opaque(),
                runs_package_code: true,
            });
        }
        let environment = Environment::new(command, state);
        let in_home =
            [".cache", ".coursier", ".ivy2", ".sbt", ".config/coursier", ".local/share/sbt", ".bsp"];
        let variables = &["SBT_* JVM_OPTS COURSIER_* IVY_*"];
        let mut effects = java::effects(&environment, &in_home, variables);
        if environment.get("COURSIER_CACHE") != Setting::Unset
            || environment.get("SBT_OPTS") != Setting::Unset
        {
            effects = Effects::opaque();
        }
        Some(Usage { kind: UsageKind::Install, directory, effects, runs_package_code: true })
    }

    fn needs(
        &self,
        _: &Invocation<'_>,
        usage: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        if usage.kind == UsageKind::Build {
            return Err(Refusal::new(
                "the definition of an sbt build is a program whose inputs are not known, so only its caches are kept",
            ));
        }
        definition(project)
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        _: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(CachePlan::default()) };
        if line.words.is_none() {
            return Err(Refusal::new("an argument of sbt is not known and may move its caches"));
        }
        if let Some(option) = line.moves() {
            return Err(Refusal::new(format!("{option} moves its caches")));
        }
        if let Some(task) = line.publishes() {
            return Err(Refusal::new(format!(
                "`{task}` publishes to ~/.ivy2/local, and what Ivy keeps of that in its cache is not for other builds"
            )));
        }
        const OPTIONS: [&str; 3] = ["SBT_OPTS", "JAVA_OPTS", "JVM_OPTS"];
        let environment = Environment::new(command, state);
        for property in MOVING {
            if java::property(&environment, &OPTIONS, property)?.is_some() {
                return Err(Refusal::new(format!("-D{property} in a variable moves its caches")));
            }
        }
        environment.check_root(|| {
            "mounts below ~/.sbt, ~/.ivy2 and ~/.cache would make these directories root's, where sbt, run as another user, has \
             to write"
                .to_owned()
        })?;
        let home = java::home(&environment, &OPTIONS)?;
        let coursier = match (environment.path("COURSIER_CACHE")?, environment.path("XDG_CACHE_HOME")?) {
            (Some(directory), _) => directory,
            (None, Some(caches)) => caches.join("coursier"),
            (None, None) => home.join(".cache/coursier"),
        };
        let directories = [coursier, home.join(".ivy2/cache"), home.join(".sbt/boot")];
        let caches = directories.into_iter().map(|directory| Cache {
            directory,
            kind: CacheKind::Store,
            sharing: Sharing::Locked,
        });
        Ok(CachePlan { caches: caches.collect(), edits: Vec::new() })
    }

    fn ignored(&self) -> &'static [&'static str] {
        &["target", "*/target", "project/project", "project/target"]
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["build.sbt"]
    }
}

/// Words in a definition that say that it reads more than itself.
const READING: [&str; 9] = [
    "IO.read",
    "scala.io",
    "Source.from",
    "scala.sys.process",
    "sys.process",
    "Process(",
    "java.nio.file",
    "FileInputStream",
    "listFiles",
];

/// The definition of the build: what `update` reads.
fn definition(project: &Project<'_>) -> Result<Needs, Refusal> {
    let mut needs = Needs::default();
    let root = project.directory().clone();
    let mut directories = vec![(root.clone(), 0)];
    let mut read = Vec::new();
    while let Some((directory, depth)) = directories.pop() {
        for (name, is_directory) in project.list(directory.as_str()) {
            let path = directory.join(&name);
            if is_directory {
                let skipped =
                    name.starts_with('.') || matches!(name.as_str(), "target" | "src" | "node_modules");
                if depth < 4 && !skipped && path != root.join("project") {
                    directories.push((path, depth + 1));
                }
            } else if name.ends_with(".sbt") {
                read.push(path);
            }
        }
        if directories.len() > 10_000 {
            return Err(Refusal::new("the project has too many directories to look for definitions in"));
        }
    }
    read.sort();
    if !read.iter().any(|path| path.parent().as_ref() == Some(&root))
        && !project.has_file("project/build.properties")
    {
        return Err(Refusal::new(format!("no build.sbt is copied from the build context to {root}")));
    }
    for path in &read {
        if let Some(directory) = path.parent() {
            let target = directory.join("target");
            if !needs.outputs.contains(&target) {
                needs.outputs.push(target);
            }
        }
    }
    let definitions = root.join("project");
    if matches!(project.find_at(&definitions), Found::Directory) {
        for (name, is_directory) in project.list(definitions.as_str()) {
            if !is_directory && (name.ends_with(".scala") || name.ends_with(".sbt")) {
                read.push(definitions.join(&name));
            }
        }
        needs.directories.push(definitions.clone());
        needs.outputs.extend([definitions.join("target"), definitions.join("project")]);
    }
    for path in &read {
        check(project, path)?;
    }
    needs.files = read.into_iter().filter(|path| path.below(&definitions).is_none()).collect();
    for name in [".sbtopts", ".jvmopts", ".sbtrc"] {
        if project.has_file(name) {
            needs.files.push(root.join(name));
        }
    }
    Ok(needs)
}

/// # Errors
///
/// When a definition reads files or runs programs.
fn check(project: &Project<'_>, path: &ImagePath) -> Result<(), Refusal> {
    let shown = project.shown(path.as_str());
    let text =
        project.read_text(path.as_str()).ok_or_else(|| Refusal::new(format!("{shown} cannot be read")))?;
    for (index, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        if let Some(word) = READING.iter().find(|word| code.contains(**word)) {
            let word = word.trim_end_matches('(');
            return Err(Refusal::new(format!(
                "{shown}:{} uses {word}, so its inputs are not known",
                index + 1
            )));
        }
    }
    Ok(())
}

/// The start script's help (sbt/sbt, `sbt`).
const GRAMMAR: Grammar = Grammar {
    valued: &[
        "-D -J -sbt-version --sbt-version -sbt-boot --sbt-boot -sbt-dir --sbt-dir -ivy --ivy -mem --mem -jvm-debug",
        "--jvm-debug -java-home --java-home -sbt-jar --sbt-jar -sbt-cache --sbt-cache -color --color -supershell",
        "--supershell",
    ],
    switches: &[
        "-batch --batch -v -verbose --verbose -d -debug --debug -no-colors --no-colors -client --client -server --server",
        "-no-share --no-share -no-global --no-global -sbt-create --sbt-create -h -help --help -no-server --no-server",
        "-timings --timings -traces --traces --script-version -error --error -warn --warn -info --info",
    ],
    short: Short::Attached,
    ends_at_operand: true,
    table: None,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{caches, needs};

    fn of(run: &str, files: &[(&str, &str)]) -> String {
        needs(&Sbt, &format!("FROM eclipse-temurin:21\nWORKDIR /app\nCOPY . .\nRUN {run}\n"), files)
    }

    fn cache(from: &str, run: &str) -> String {
        caches(&Sbt, &format!("FROM {from}\nRUN {run}\n"), &[])
    }

    const REFUSED: &str = "refused: the definition of an sbt build is a program whose inputs are not known, so only its caches are kept";

    #[test]
    fn update_needs_the_definition() {
        let files = [
            ("build.sbt", "lazy val core = project // IO.read"),
            ("version.sbt", ""),
            ("core/core.sbt", ""),
            ("core/src/main/x.sbt", ""),
            ("project/plugins.sbt", ""),
            ("project/build.properties", ""),
            (".jvmopts", ""),
        ];
        for run in
            ["sbt update", "sbt -Dsbt.log.format=false -batch sbtVersion", "./sbt -mem 2048 update exit"]
        {
            assert_eq!(
                of(run, &files),
                "install /app; files .jvmopts build.sbt core/core.sbt version.sbt; directories project; \
                 outputs core/target project/project project/target target",
                "{run}"
            );
        }
        assert_eq!(
            of("sbt update", &[("a", "")]),
            "refused: no build.sbt is copied from the build context to /app"
        );
        assert_eq!(
            of("sbt update", &[("build.sbt", "\nversion := IO.read(file(\"V\"))")]),
            "refused: build.sbt:2 uses IO.read, so its inputs are not known"
        );
        assert_eq!(
            of("sbt update", &[("build.sbt", ""), ("project/B.scala", "import scala.sys.process._")]),
            "refused: project/B.scala:1 uses scala.sys.process, so its inputs are not known"
        );
    }

    #[test]
    fn everything_else_is_a_build() {
        for run in [
            "sbt compile",
            "sbt",
            "sbt update compile",
            "sbt $X",
            "sbt 'project a' assembly",
            "sbt --frobnicate update",
            "sbt -ivy /x update",
        ] {
            assert_eq!(of(run, &[("build.sbt", "")]), REFUSED, "{run}");
        }
        assert_eq!(of("scala x", &[("build.sbt", "")]), "opaque");
    }

    #[test]
    fn caches_are_stores() {
        let usual = "/root/.cache/coursier store locked; /root/.ivy2/cache store locked; /root/.sbt/boot store locked";
        assert_eq!(cache("eclipse-temurin:21", "sbt assembly"), usual);
        assert_eq!(
            cache("eclipse-temurin:21\nENV COURSIER_CACHE=/c", "sbt update"),
            usual.replace("/root/.cache/coursier", "/c")
        );
        for (from, run, reason) in [
            ("debian", "sbt -Dsbt.ivy.home=.ivy2 stage", "-Dsbt.ivy.home moves its caches"),
            ("debian", "sbt -ivy /x stage", "-ivy moves its caches"),
            (
                "debian\nENV SBT_OPTS=-Dsbt.boot.directory=/b",
                "sbt stage",
                "-Dsbt.boot.directory in a variable moves its caches",
            ),
            (
                "debian",
                "sbt clean core/publishLocal",
                "`core/publishLocal` publishes to ~/.ivy2/local, and what Ivy keeps of that in its cache is not for other builds",
            ),
            ("debian", "sbt --frobnicate stage", "an argument of sbt is not known and may move its caches"),
        ] {
            assert_eq!(cache(from, run), format!("refused: {reason}"), "{run}");
        }
        assert!(cache("debian\nUSER 1000", "sbt stage").starts_with("refused: mounts below ~/.sbt"));
    }
}
