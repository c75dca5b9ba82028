use super::*;
use crate::testing::{caches, needs};

const MAVEN: &str = "FROM maven:3.9\nWORKDIR /app\nCOPY . .\n";
const POM: (&str, &str) = ("pom.xml", "<project/>");
const REFUSED: &str = "refused: no command of Maven downloads beforehand all that a build needs (dependency:go-offline misses \
                       what plugins ask for), so only its cache is kept";

fn of(run: &str, files: &[(&str, &str)]) -> String {
    needs(&Maven, &format!("{MAVEN}RUN {run}\n"), files)
}

fn with(pom: &str, files: &[(&str, &str)]) -> String {
    let all: Vec<_> = [("pom.xml", pom)].into_iter().chain(files.iter().copied()).collect();
    of("mvn -B dependency:go-offline", &all).replace("install /app; files ", "")
}

fn cache(from: &str, run: &str) -> String {
    caches(&Maven, &format!("FROM {from}\nWORKDIR /app\nRUN {run}\n"), &[])
}

#[test]
fn resolving_needs_poms_alone() {
    let files = [POM, ("src/A.java", ""), ("mvnw", ""), (".mvn/wrapper/maven-wrapper.properties", "")];
    for run in [
        "mvn dependency:go-offline",
        "mvn -B -ntp -DskipTests -Pprod dependency:resolve dependency:resolve-plugins",
        "mvn -q -f pom.xml org.apache.maven.plugins:maven-dependency-plugin:3.1.2:go-offline",
        "mvn --define x=y -T1C de.qaware.maven:go-offline-maven-plugin:resolve-dependencies",
        "mvn -P $PROFILE dependency:go-offline",
        "mvn -P$PROFILE dependency:go-offline",
    ] {
        assert_eq!(of(run, &files), "install /app; files pom.xml; directories .mvn", "{run}");
    }
    assert_eq!(
        of("./mvnw dependency:go-offline", &files),
        "install /app; files mvnw pom.xml; directories .mvn"
    );
    assert_eq!(
        of("./mvnw dependency:go-offline", &[POM]),
        "refused: no mvnw is copied from the build context to /app"
    );
    assert_eq!(
        of("mvn dependency:go-offline -s settings.xml", &[POM, ("settings.xml", "<settings/>")]),
        "install /app; files pom.xml settings.xml"
    );
    assert_eq!(
        of("mvn -f server dependency:resolve", &[("server/pom.xml", "<project/>")]),
        "install /app; files server/pom.xml"
    );
    assert_eq!(
        of("mvn dependency:resolve", &[("a", "")]),
        "refused: no pom.xml is copied from the build context to /app"
    );
}

#[test]
fn builds_have_no_download_of_their_own() {
    for run in [
        "mvn package",
        "mvn clean install -DskipTests",
        "mvn dependency:go-offline package",
        "mvn -Dx=$Y dependency:resolve",
        "mvn --frobnicate dependency:resolve",
        "mvn dependency:copy-dependencies",
        "mvn $GOALS",
        "MAVEN_ARGS=-o mvn dependency:resolve",
    ] {
        assert_eq!(of(run, &[POM]), REFUSED, "{run}");
    }
    for run in ["mvn -v", "mvn", "java -jar x.jar", "sh mvnw package"] {
        assert_eq!(of(run, &[POM]), "opaque", "{run}");
    }
}

#[test]
fn parents_and_modules_are_followed() {
    let parent = |path: &str| {
        format!(
            "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><parent>\n<relativePath>{path}</relativePath></parent></project>"
        )
    };
    assert_eq!(
        with(&parent("pom.parent.xml"), &[("pom.parent.xml", "<project/>")]),
        "pom.parent.xml pom.xml"
    );
    assert_eq!(with(&parent("base"), &[("base/pom.xml", "<project/>")]), "base/pom.xml pom.xml");
    assert_eq!(with(&parent(""), &[]), "pom.xml");
    let modules = "<project><modules>\n<module>a</module><module>b/other.xml</module></modules>\n<profiles><profile><modules><module>no</module></modules></profile></profiles></project>";
    let child = "<project><parent/><modules><module>c</module></modules></project>";
    assert_eq!(
        with(modules, &[("a/pom.xml", child), ("a/c/pom.xml", "<project/>"), ("b/other.xml", "<project/>")]),
        "a/c/pom.xml a/pom.xml b/other.xml pom.xml"
    );
    assert_eq!(
        with(modules, &[("a/pom.xml", "<project/>")]),
        "refused: pom.xml:2 module b/other.xml is not in the build context"
    );
    // A module reads its parent, not its siblings.
    assert_eq!(
        of(
            "cd a && mvn dependency:resolve",
            &[("pom.xml", modules), ("a/pom.xml", "<project><parent/></project>")]
        ),
        "install /app/a; files /app/pom.xml pom.xml"
    );
}

#[test]
fn files_on_disk_are_part_of_it() {
    let jar = "<project><dependencies><dependency>\n<systemPath>${basedir}/lib/x.jar</systemPath></dependency></dependencies></project>";
    assert_eq!(with(jar, &[("lib/x.jar", "")]), "lib/x.jar pom.xml");
    assert_eq!(
        with(jar, &[]),
        "refused: pom.xml:2 depends on ${basedir}/lib/x.jar, which is not in the build context"
    );
    let repository = "<project><repositories><repository><url>file://${project.basedir}/repo</url></repository></repositories></project>";
    assert_eq!(with(repository, &[("repo/x.jar", "")]), "pom.xml; directories repo");
    assert_eq!(
        with(repository, &[]),
        "refused: pom.xml:1 takes packages from file://${project.basedir}/repo"
    );
    let profile = "<project><profiles><profile><activation><file><exists>.dev</exists></file></activation></profile></profiles></project>";
    assert_eq!(with(profile, &[(".dev", "")]), ".dev pom.xml");
    assert_eq!(with("<project><a>${env.CI_TOKEN}</a></project>", &[]), "pom.xml; variables CI_TOKEN");
    assert_eq!(
        with("<project><modules><module>${x}</module></modules></project>", &[]),
        "refused: pom.xml:1 names ${x}, and where that is is not known"
    );
    assert!(with("<project", &[]).starts_with("refused: pom.xml is no XML"));
}

#[test]
fn the_repository_is_a_store() {
    let usual = "/root/.m2/repository store locked";
    for run in ["mvn package", "mvn dependency:go-offline", "mvn -B -P$X verify", "mvn help:install-x"] {
        assert_eq!(cache("maven:3.9", run), usual, "{run}");
    }
    assert_eq!(
        cache("eclipse-temurin:17", "./mvnw package"),
        format!("{usual}; /root/.m2/wrapper store locked")
    );
    assert_eq!(cache("maven:3.9", "mvn -o package"), "/root/.m2/repository index(reads) locked");
    // Java looks the user up and takes no notice of HOME.
    assert_eq!(cache("maven:3.9\nENV HOME=/h", "mvn package"), usual);
    assert_eq!(
        cache("maven:3.9\nENV MAVEN_OPTS=\"-Xmx1g -Duser.home=/u\"", "mvn package"),
        "/u/.m2/repository store locked"
    );
    assert_eq!(cache("maven:3.9", "mvn -Dmaven.repo.local=/r package"), "/r store locked");
    assert_eq!(cache("maven:3.9\nENV MAVEN_OPTS=-Dmaven.repo.local=/r", "mvn package"), "/r store locked");
    for (from, run, reason) in [
        (
            "maven:3.9",
            "mvn -s /usr/share/maven/ref/settings-docker.xml package",
            "/usr/share/maven/ref/settings-docker.xml keeps the local repository in /usr/share/maven/ref/repository, which is part of the image",
        ),
        ("maven:3.9", "MAVEN_ARGS=x mvn package", "MAVEN_ARGS may move the local repository"),
        (
            "maven:3.9",
            "mvn --frobnicate package",
            "an argument of mvn is not known and may move the local repository",
        ),
        (
            "maven:3.9\nARG MAVEN_OPTS",
            "mvn package",
            "MAVEN_OPTS is only known in the build, and it may move the cache",
        ),
        (
            "maven:3.9\nUSER 1234",
            "mvn package",
            "the home directory of user 1234 is not known, so its cache is not either",
        ),
    ] {
        assert_eq!(cache(from, run), format!("refused: {reason}"), "{run}");
    }
}

#[test]
fn settings_and_arguments_in_the_context_count() {
    let copied = "FROM maven:3.9\nWORKDIR /app\nCOPY . .\nCOPY settings.xml /root/.m2/\nRUN mvn package\n";
    let with = |settings: &str| caches(&Maven, copied, &[POM, ("settings.xml", settings)]);
    assert_eq!(with("<settings/>"), "/root/.m2/repository store locked");
    assert_eq!(
        with("<settings><localRepository>/r</localRepository></settings>"),
        "refused: settings.xml moves the local repository to /r"
    );
    let run = |files: &[(&str, &str)], run: &str| caches(&Maven, &format!("{MAVEN}RUN {run}\n"), files);
    assert_eq!(
        run(&[POM, (".mvn/maven.config", "-Dmaven.repo.local=.m2")], "mvn package"),
        "refused: .mvn/maven.config may move the local repository"
    );
    assert_eq!(
        run(&[POM], "mvn -Dmaven.repo.local=.m2 package"),
        "refused: the local repository lies in /app/.m2, within the project"
    );
    assert_eq!(run(&[POM], "mvn -s /etc/s.xml package"), "refused: /etc/s.xml may move the local repository");
}

#[test]
fn what_is_installed_stays_in_the_image() {
    let refused = |what: &str, more: &str| {
        format!(
            "refused: {what} installs into the local repository, from where a mount would hand that to other builds, and not to \
             later steps{more}"
        )
    };
    for run in ["mvn -B clean install -DskipTests", "./mvnw install -pl a", "mvn -o install"] {
        assert_eq!(cache("maven:3.9", run), refused("`install`", "; `verify` does all but that"), "{run}");
    }
    for goal in [
        "deploy",
        "install:install-file",
        "install:install@again",
        "org.apache.maven.plugins:maven-install-plugin:3.1.1:install-file",
    ] {
        assert_eq!(
            cache("maven:3.9", &format!("mvn {goal} -Dfile=x.jar")),
            refused(&format!("`{goal}`"), "")
        );
    }
    for (run, word) in [("mvn -B $GOALS", "$GOALS"), ("mvn package \"$X\"", "\"$X\"")] {
        let reason = "is not known, and it may install into the local repository";
        assert_eq!(cache("maven:3.9", run), format!("refused: what {word} stands for {reason}"), "{run}");
    }
    assert_eq!(
        cache("maven:3.9\nENV GOALS=package", "mvn $GOALS"),
        "/root/.m2/repository store locked",
        "the value is known"
    );
}

#[test]
fn poms_may_install_too() {
    let plugin = |goal: &str| {
        format!(
            "<project><build><plugins><plugin>\n<artifactId>maven-install-plugin</artifactId><executions><execution>\n\
             <phase>clean</phase><goals><goal>{goal}</goal></goals></execution></executions></plugin></plugins></build></project>"
        )
    };
    let run = |files: &[(&str, &str)]| caches(&Maven, &format!("{MAVEN}RUN mvn package\n"), files);
    assert!(
        run(&[("pom.xml", &plugin("install-file"))])
            .starts_with("refused: pom.xml:3 installs into the local")
    );
    assert_eq!(run(&[("pom.xml", &plugin("help"))]), "/root/.m2/repository store locked");
    let parent = ("pom.xml", "<project><modules><module>a</module></modules></project>");
    let child = plugin("install-file");
    assert!(run(&[parent, ("a/pom.xml", &child)]).starts_with("refused: a/pom.xml:3"));
}
