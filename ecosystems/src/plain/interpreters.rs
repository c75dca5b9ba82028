//! Interpreters and compilers that are asked for their version, as people do to see it in the build's output.

use dockfix_model::ImagePath;

use super::touched::Touched;

/// Files in which version managers, who put programs of their own before an interpreter, look for the version that a directory
/// wants: pyenv, nodenv, rbenv, jenv, phpenv and asdf, from the working directory upwards (the READMEs of each).
const WANTED: [&str; 6] =
    [".python-version", ".node-version", ".ruby-version", ".java-version", ".php-version", ".tool-versions"];

/// `node -v`, `php --version`, `java -version`: nothing is run. What else the interpreters are told is not known.
pub(super) fn version(touched: &mut Touched<'_>) -> Option<()> {
    let [asked] = &touched.command.arguments[..] else { return None };
    let program = &*touched.command.program;
    let is_asked = match asked.value.as_deref()? {
        "--version" => true,
        // Those of Python and Ruby; `php -V` and `java -v` are something else.
        "-V" => matches!(program, "python" | "python2" | "python3"),
        "-v" => matches!(program, "node" | "nodejs" | "php" | "ruby"),
        "-version" => matches!(program, "java" | "javac"),
        _ => false,
    };
    if !is_asked {
        return None;
    }
    touched.reads_variables(&[
        "NODE_*",
        "PHP*",
        "PYTHON*",
        "JAVA_*",
        "JDK_*",
        "_JAVA_OPTIONS",
        "RUBY*",
        "GEM_*",
    ]);
    touched.reads_variables(&["PYENV*", "NODENV*", "RBENV*", "JENV*", "PHPENV*", "ASDF*"]);
    match program {
        "php" => touched.reads_all(&["/etc/php", "/usr/local/etc/php"]),
        // The JVM leaves a directory of its own there (`-XX:+UsePerfData`).
        "java" | "javac" => {
            touched.reads_all(&["/opt", "/usr/java"]);
            touched.writes_all(&["/tmp"]);
        }
        _ => {}
    }
    let here = touched.command.directory.clone()?;
    let mut directory = Some(here);
    while let Some(at) = directory {
        WANTED.iter().for_each(|name| touched.reads(at.join(name)));
        directory = (at != ImagePath::root()).then(|| at.parent()).flatten();
    }
    Some(())
}
