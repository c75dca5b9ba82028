//! What Maven, Gradle and sbt share: the Java machine under them, its properties, what they touch.

use dockfix_model::ImagePath;
use dockfix_model::effects::{Effects, Paths};

use crate::environment::{Environment, Setting};
use crate::{Refusal, names, system};

/// Variables whose value is options of the Java machine, for every program (docs.oracle.com, "The java command").
const OPTIONS: [&str; 3] = ["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"];

/// The value of a system property that variables set: those of every Java program and `more`.
///
/// # Errors
///
/// When one of the variables is only known in the build.
pub(crate) fn property<'e>(
    environment: &Environment<'e>,
    more: &[&str],
    property: &str,
) -> Result<Option<&'e str>, Refusal> {
    let mut found = None;
    for name in OPTIONS.iter().chain(more) {
        match environment.get(name) {
            Setting::Unset => {}
            Setting::Known(options) => {
                // The last one counts.
                let value =
                    |option: &'e str| option.strip_prefix("-D")?.strip_prefix(property)?.strip_prefix('=');
                found = options.split_ascii_whitespace().rev().find_map(value).or(found);
            }
            Setting::Unknown => {
                return Err(Refusal::new(format!(
                    "{name} is only known in the build, and it may move the cache"
                )));
            }
        }
    }
    Ok(found)
}

/// The directory that Java calls `user.home`: that of the list of users, not HOME.
///
/// # Errors
///
/// When it is not known.
pub(crate) fn home(environment: &Environment<'_>, more: &[&str]) -> Result<ImagePath, Refusal> {
    match property(environment, more, "user.home")? {
        Some(home) => environment.resolve(home),
        None => environment.listed_home(),
    }
}

/// What a download by a program of Java touches besides the project: `in_home` in the home directory.
pub(crate) fn effects(
    environment: &Environment<'_>,
    in_home: &[&str],
    variables: &[&'static str],
) -> Effects {
    let kept = environment.below_home(in_home);
    let read = system::below(&[
        "/etc",
        "/opt/gradle",
        "/opt/java",
        "/opt/jdk",
        "/opt/maven",
        "/opt/openjdk",
        "/opt/sbt",
        "/usr/java",
        "/usr/local/etc",
        "/usr/local/openjdk-11",
        "/usr/local/openjdk-17",
        "/usr/local/openjdk-8",
        "/usr/local/sbt",
        "/usr/local/share",
        "/usr/share",
    ]);
    let mut reads = kept.clone().and(read).and(system::below(system::PROGRAMS));
    for name in ["JAVA_HOME", "MAVEN_HOME", "M2_HOME", "GRADLE_HOME", "SBT_HOME"] {
        if let Ok(Some(path)) = environment.path(name) {
            reads = reads.and(Paths::below(vec![path]));
        }
    }
    Effects { reads, writes: kept, environment: names(COMMON).and(names(variables)) }
}

/// What the machine itself and the start scripts read.
const COMMON: &[&str] =
    &["JAVA_* _JAVA_OPTIONS JDK_* JAVACMD CLASSPATH USER LOGNAME TERM COLUMNS NO_COLOR XDG_*"];
