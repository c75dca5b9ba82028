//! Gradle.
//!
//! - **Commands**: all tasks are builds: build scripts are programs, and no task downloads what all others need
//!   (docs.gradle.org, "Viewing and debugging dependencies": `dependencies` shows one project's declared configurations).
//!   `gradlew --version` downloads Gradle itself and reads the wrapper's files only.
//! - **Caches**: `caches` and `wrapper` in the Gradle user home: `--gradle-user-home`, `gradle.user.home`,
//!   `$GRADLE_USER_HOME` or `~/.gradle`, by the list of users ("The directories and files Gradle uses"). Stores for later
//!   steps. Locked: Gradle hands locks over by the loopback network, on which another container is not heard, and then
//!   gives up (gradle/gradle#851). The user home itself is not mounted, for `gradle.properties` and `init.d` lie in it.
//!   In the official image it is `/home/gradle/.gradle` for root too, by a link (gradle/docker-gradle). What `publishToMavenLocal`
//!   publishes goes to `~/.m2/repository`, from where Gradle takes it in place ("Declaring repositories", "Maven local"): that
//!   stays in the image.
//! - **Refused**: a user home in the project; another user than root where `~/.gradle` is not known to be there.

use dockfix_model::commands::Invocation;
use dockfix_model::effects::{Effects, Paths};
use dockfix_model::project::{Found, Project};
use dockfix_model::{ImagePath, State};

use crate::environment::Environment;
use crate::java;
use crate::options::{Grammar, Short, Words};
use crate::{
    Cache, CacheKind, CachePlan, Ecosystem, IndexUse, Needs, Refusal, SettingsFiles, Sharing, Usage,
    UsageKind,
};

/// Gradle.
pub(crate) struct Gradle;

/// A command line of Gradle.
struct Line<'c> {
    /// `None` where a word is not known.
    words: Option<Words<'c>>,
    is_wrapper: bool,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        let is_wrapper = match &*command.program {
            "gradle" => false,
            "gradlew" => true,
            _ => return None,
        };
        let words = Words::read(command, 0, &GRAMMAR);
        let line = Self { words, is_wrapper };
        // Without the wrapper it shows the version and fetches nothing.
        let is_idle = line.has(&["-h", "--help", "-?", "--status", "--stop"]);
        (!is_idle && (is_wrapper || !line.shows_version())).then_some(line)
    }

    fn has(&self, names: &[&str]) -> bool {
        self.words.as_ref().is_some_and(|words| words.has(names))
    }

    /// Whether it is `--version` alone.
    fn shows_version(&self) -> bool {
        let Some(words) = &self.words else { return false };
        words.has(&["-v", "--version"])
            && words.operands.is_empty()
            && words.options.iter().all(|option| matches!(option.name, "-v" | "--version" | "--no-daemon"))
    }

    fn value(&self, names: &[&str]) -> Option<&str> {
        self.words.as_ref()?.value(names)?.known()
    }

    /// The value of `-Dgradle.user.home=D`.
    fn user_home(&self) -> Option<&str> {
        let defined = |text: &str| text.starts_with("gradle.user.home=");
        let options = &self.words.as_ref()?.options;
        let values = options.iter().filter(|option| matches!(option.name, "-D" | "--system-prop"));
        values
            .filter_map(|option| option.value.known())
            .find(|text| defined(text))?
            .split_once('=')
            .map(|(_, home)| home)
    }
}

impl Ecosystem for Gradle {
    fn name(&self) -> &'static str {
        "gradle"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["gradle", "gradlew"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let directory = command.directory.clone();
        if !line.shows_version() {
            return Some(Usage {
                kind: UsageKind::Build,
                directory,
                effects: Effects::opaque(),
                runs_package_code: true,
            });
        }
        let environment = Environment::new(command, state);
        let mut effects = java::effects(&environment, &[".gradle"], &["GRADLE_* ORG_GRADLE_PROJECT_*"]);
        let home = match home(&line, &environment, state) {
            Ok(home) => Paths::below(vec![home]),
            Err(_) => Paths::All,
        };
        effects.reads = effects.reads.and(home.clone());
        effects.writes = effects.writes.and(home);
        Some(Usage { kind: UsageKind::Install, directory, effects, runs_package_code: false })
    }

    fn needs(
        &self,
        _: &Invocation<'_>,
        usage: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        if usage.kind == UsageKind::Build {
            let scripts = ["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"];
            let script = scripts
                .iter()
                .find(|name| project.has_file(name))
                .map_or_else(|| "a build script".to_owned(), |name| project.shown(name));
            return Err(Refusal::new(format!(
                "{script} is a program whose inputs are not known, and no task of Gradle downloads beforehand all that a build \
                 needs, so only its caches are kept"
            )));
        }
        let mut needs = Needs::default();
        let jar = "gradle/wrapper/gradle-wrapper.jar";
        let properties = "gradle/wrapper/gradle-wrapper.properties";
        for name in ["gradlew", jar, properties] {
            match project.find(name) {
                Found::File(_) => needs.files.push(project.path(name)),
                _ => {
                    let directory = project.directory();
                    return Err(Refusal::new(format!(
                        "no {name} is copied from the build context to {directory}"
                    )));
                }
            }
        }
        for name in ["gradle.properties", "gradle/gradle-daemon-jvm.properties"] {
            if project.has_file(name) {
                needs.files.push(project.path(name));
            }
        }
        Ok(needs)
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        project: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let Some(line) = Line::read(command) else { return Ok(CachePlan::default()) };
        if line.words.is_none() {
            return Err(Refusal::new("an argument of gradle is not known and may move its caches"));
        }
        let environment = Environment::new(command, state);
        let home = home(&line, &environment, state)?;
        if project.is_some_and(|project| home.below(project.directory()).is_some()) {
            return Err(Refusal::new(format!("the Gradle user home is {home}, within the project")));
        }
        // Gradle writes `daemon`, `native` and more beside its caches.
        let is_there =
            state.base.repository == "gradle" && home.below(&ImagePath::root().join("home/gradle")).is_some();
        if !is_there {
            environment.check_root(|| {
                format!("mounts in {home} would make that directory root's, where Gradle, run as another user, has to write")
            })?;
        }
        let mut names = Vec::new();
        if !line.shows_version() {
            names.push("caches");
        }
        if line.is_wrapper {
            names.push("wrapper");
        }
        // Offline it lives off what an earlier step has left there.
        let kind =
            if line.has(&["--offline"]) { CacheKind::Index(IndexUse::Reads) } else { CacheKind::Store };
        let caches = names.into_iter().map(|name| Cache {
            directory: home.join(name),
            kind,
            sharing: Sharing::Locked,
        });
        Ok(CachePlan { caches: caches.collect(), edits: Vec::new() })
    }

    /// docs.gradle.org, "Build Environment"; the wrapper takes `systemProp` before it looks for the user home.
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles {
            home: &[".gradle/gradle.properties"],
            system: &[],
            project: &["gradle.properties"],
            follows_project: false,
            keys: &["gradle.user.home"],
        }
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["build.gradle", "build.gradle.kts"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["gradle.lockfile"]
    }
}

/// The Gradle user home.
fn home(line: &Line<'_>, environment: &Environment<'_>, state: &State) -> Result<ImagePath, Refusal> {
    const OPTIONS: [&str; 2] = ["GRADLE_OPTS", "JAVA_OPTS"];
    if let Some(home) = line.value(&["-g", "--gradle-user-home"]).or_else(|| line.user_home()) {
        return environment.resolve(home);
    }
    if let Some(home) = java::property(environment, &OPTIONS, "gradle.user.home")? {
        return environment.resolve(home);
    }
    if let Some(home) = environment.path("GRADLE_USER_HOME")? {
        return Ok(home);
    }
    if state.base.repository == "gradle" && environment.is_root() {
        return Ok(ImagePath::root().join("home/gradle/.gradle"));
    }
    Ok(java::home(environment, &OPTIONS)?.join(".gradle"))
}

/// docs.gradle.org, "Command-line interface reference".
const GRAMMAR: Grammar = Grammar {
    valued: &[
        "-b --build-file -c --settings-file -p --project-dir -g --gradle-user-home -I --init-script --include-build -D",
        "--system-prop -P --project-prop -x --exclude-task --project-cache-dir --max-workers --console --warning-mode",
        "--priority -M --write-verification-metadata -F --dependency-verification --configuration-cache-problems",
        "--update-locks --tests --args --task --configuration --gradle-version --distribution-type",
    ],
    switches: &[
        "-a --no-rebuild --build-cache --no-build-cache --configure-on-demand --no-configure-on-demand",
        "--configuration-cache --no-configuration-cache --continue --daemon --no-daemon --foreground --stop --status -d",
        "--debug -i --info -q --quiet -w --warn -s --stacktrace -S --full-stacktrace -m --dry-run --offline --parallel",
        "--no-parallel --rerun-tasks --rerun --refresh-dependencies --refresh-keys --export-keys --profile --scan",
        "--no-scan --write-locks --watch-fs --no-watch-fs -t --continuous -v --version -V --show-version -h --help -?",
        "--all --info --no-search-upward -u --problems-report --no-problems-report",
    ],
    short: Short::Attached,
    ends_at_operand: false,
    table: None,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{caches, needs};

    fn of(run: &str, files: &[(&str, &str)]) -> String {
        needs(&Gradle, &format!("FROM eclipse-temurin:21\nWORKDIR /app\nCOPY . .\nRUN {run}\n"), files)
    }

    fn cache(from: &str, run: &str) -> String {
        caches(&Gradle, &format!("FROM {from}\nWORKDIR /app\nCOPY . .\nRUN {run}\n"), &[("build.gradle", "")])
    }

    #[test]
    fn builds_have_no_download_of_their_own() {
        let refused = |script: &str| {
            format!(
                "refused: {script} is a program whose inputs are not known, and no task of Gradle downloads beforehand all that \
                 a build needs, so only its caches are kept"
            )
        };
        for run in [
            "gradle build",
            "./gradlew --no-daemon :a:bootJar -x test -Pv=$V",
            "gradle",
            "gradlew dependencies",
            "gradle $X --frobnicate",
        ] {
            assert_eq!(of(run, &[("settings.gradle.kts", "")]), refused("settings.gradle.kts"), "{run}");
        }
        assert_eq!(of("gradle build", &[("x", "")]), refused("a build script"));
        let more = [
            ("settings.gradle", "include 'a'"),
            ("buildSrc/build.gradle", ""),
            ("gradle/libs.versions.toml", ""),
            ("a/build.gradle", ""),
        ];
        assert_eq!(of("gradle :a:build", &more), refused("settings.gradle"));
        for run in ["gradle --version", "gradle --stop", "gradle -h", "sh gradlew build"] {
            assert_eq!(of(run, &[("x", "")]), "opaque", "{run}");
        }
    }

    #[test]
    fn the_wrapper_downloads_gradle_by_its_own_files() {
        let wrapper = [
            ("gradlew", ""),
            ("gradle/wrapper/gradle-wrapper.jar", ""),
            ("gradle/wrapper/gradle-wrapper.properties", ""),
            ("gradle.properties", ""),
            ("build.gradle", ""),
        ];
        assert_eq!(
            of("./gradlew --version", &wrapper),
            "install /app; files gradle.properties gradle/wrapper/gradle-wrapper.jar \
             gradle/wrapper/gradle-wrapper.properties gradlew"
        );
        assert_eq!(
            of("./gradlew -v --no-daemon", &wrapper[..1]),
            "refused: no gradle/wrapper/gradle-wrapper.jar is copied from the build context to /app"
        );
    }

    #[test]
    fn caches_lie_in_the_user_home() {
        for (from, run, wanted) in [
            (
                "eclipse-temurin:21",
                "./gradlew build",
                "/root/.gradle/caches store locked; /root/.gradle/wrapper store locked",
            ),
            ("eclipse-temurin:21", "./gradlew --version", "/root/.gradle/wrapper store locked"),
            ("gradle:8", "gradle build", "/home/gradle/.gradle/caches store locked"),
            ("gradle:8", "gradle publishToMavenLocal", "/home/gradle/.gradle/caches store locked"),
            ("gradle:8\nUSER gradle", "gradle build", "/home/gradle/.gradle/caches store locked"),
            ("debian\nENV GRADLE_USER_HOME=/g", "gradle build", "/g/caches store locked"),
            ("debian\nENV HOME=/h", "gradle build", "/root/.gradle/caches store locked"),
            ("debian", "gradle -g /g build", "/g/caches store locked"),
            ("debian", "gradle --offline build", "/root/.gradle/caches index(reads) locked"),
            ("debian", "gradle build -Dgradle.user.home=/g", "/g/caches store locked"),
            ("debian\nENV GRADLE_OPTS=-Dgradle.user.home=/g", "gradle build", "/g/caches store locked"),
            (
                "debian",
                "gradle -g .gradle build",
                "refused: the Gradle user home is /app/.gradle, within the project",
            ),
            (
                "debian",
                "gradle build --frobnicate",
                "refused: an argument of gradle is not known and may move its caches",
            ),
            (
                "ubuntu\nUSER ubuntu",
                "gradle build",
                "refused: mounts in /home/ubuntu/.gradle would make that directory root's, where Gradle, run as another user, \
                 has to write",
            ),
        ] {
            assert_eq!(cache(from, run), wanted, "{from} {run}");
        }
    }
}
