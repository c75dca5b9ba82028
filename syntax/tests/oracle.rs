//! BuildKit's own parser as the judge, by way of the PyPI package `dockerfile` 3.4.0 (BuildKit 0.12.5).
//!
//! Needs Python with the package: `python3 -m venv .venv && .venv/bin/pip install dockerfile==3.4.0`, or any interpreter
//! that `DOCKFIX_PYTHON` names. Without it the tests pass with a message.

mod corpus;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dockfix_syntax::{BuildkitNode, Dockerfile};
use serde_json::{Value, json};

/// The Python that has the package.
#[expect(clippy::print_stderr, reason = "whoever runs the tests wants to know what is not tested")]
fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let candidates = [
        std::env::var_os("DOCKFIX_PYTHON").map(PathBuf::from),
        Some(root.join(".venv/bin/python")),
        Some("python3".into()),
    ];
    let has_package = |python: &PathBuf| {
        let check = "import importlib.metadata as m, dockerfile; assert m.version('dockerfile') == '3.4.0'";
        let status =
            Command::new(python).args(["-c", check]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let found = candidates.into_iter().flatten().find(has_package);
    if found.is_none() {
        eprintln!(
            "skipped: no Python with dockerfile==3.4.0 (pip install it into .venv, or set DOCKFIX_PYTHON)"
        );
    }
    found
}

/// What the oracle says of each source.
fn ask(python: &Path, sources: &[(String, Vec<u8>)]) -> Vec<Value> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut paths = Vec::new();
    for (index, (_, source)) in sources.iter().enumerate() {
        let path = directory.path().join(index.to_string());
        std::fs::write(&path, source).expect("the file is written");
        paths.push(path);
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let paths = serde_json::to_vec(&paths).expect("paths are JSON");
    child.stdin.take().expect("a pipe").write_all(&paths).expect("Python reads");
    let output = child.wait_with_output().expect("Python ends");
    assert!(output.status.success(), "the oracle failed");
    serde_json::from_slice(&output.stdout).expect("the oracle writes JSON")
}

fn ours(file: &Dockerfile) -> Value {
    let node = |node: BuildkitNode| {
        json!({
            "cmd": node.cmd, "sub_cmd": node.sub_cmd, "json": node.json, "original": node.original,
            "start_line": node.start_line, "end_line": node.end_line, "flags": node.flags, "value": node.value,
            "heredocs": node.heredocs.iter().map(|heredoc| json!({
                "name": heredoc.name, "file_descriptor": heredoc.file_descriptor, "content": heredoc.content,
            })).collect::<Vec<_>>(),
        })
    };
    file.instructions().map(|instruction| node(BuildkitNode::of(&instruction))).collect()
}

/// The package hands strings through C, where a NUL ends them.
fn cut_at_nul(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.split('\0').next().unwrap_or_default().to_owned()),
        Value::Array(values) => values.into_iter().map(cut_at_nul).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, cut_at_nul(value))).collect(),
        other => other,
    }
}

/// Compares `sources` with the oracle; returns what differs.
fn differences(python: &Path, sources: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut differences = Vec::new();
    for ((name, source), theirs) in sources.iter().zip(ask(python, sources)) {
        let file = Dockerfile::parse(&source[..]);
        if let Some(error) = theirs.get("error") {
            if file.is_sound() {
                differences.push(format!("{name}: BuildKit rejects it ({error}), we do not"));
            }
            continue;
        }
        let ours = cut_at_nul(ours(&file));
        let theirs = &theirs["nodes"];
        let (ours, theirs) = (ours.as_array().expect("a list"), theirs.as_array().expect("a list"));
        if let Some((ours, theirs)) = ours.iter().zip(theirs).find(|(ours, theirs)| ours != theirs) {
            differences.push(format!("{name}:\n  ours   {ours}\n  theirs {theirs}"));
        } else if ours.len() != theirs.len() {
            differences.push(format!("{name}: {} instructions, theirs {}", ours.len(), theirs.len()));
        }
        // What the oracle accepts has no problem but words that the build, not the parser, stops at.
        let rejected =
            |problem: &dockfix_syntax::Problem| *problem != dockfix_syntax::Problem::UnknownInstruction;
        if let Some((line, problem)) = file.problems().find(|(_, problem)| rejected(problem)) {
            differences.push(format!("{name}:{line}: BuildKit accepts it, we say: {problem}"));
        }
    }
    differences
}

/// Small files for every rule of the parser.
const CASES: &[&str] = &[
    "FROM a\nRUN x \\\\\n y\n",
    "# escape=`\nFROM a\nRUN a `\n b\n",
    "# escape=`\n# Escape=\\\nFROM a",
    "# escape= \nFROM a",
    "# escape=\nFROM a\nRUN a \\\n b",
    "#syntax=a\n#escape = `\n\nFROM a\nRUN a `\n b",
    "# comment\n# escape=`\nFROM a\nRUN a `\n b",
    " # escape=`\nFROM a\nRUN x `\ny",
    "FROM a\n# escape=`\nRUN a `\n b",
    "FROM a\nONBUILD RUN --mount=x foo <<E\nx\nE\n",
    "\\\nFROM x\n",
    "FROM x\n\\",
    "fr\\\nom x\n",
    "ENV a b=c d\nENV a=b c='d e'\n",
    "ENV x\n",
    "LABEL a=b c\n",
    "ENV a=b\\ c \\\n d=\"e\\\"f\" g=\\\n",
    "ENV a   b \\\n c\nLABEL \"x y\"=z 'q'=\"r\\\n s\"",
    "ENV a=\\\\\nENV b=\"\\\\\" c=\\",
    "CMD [1]",
    "CMD [\"a\",\"\\ud800\"]",
    "CMD [1e999]",
    "CMD [\"a\"] # x\nENTRYPOINT ['a']\nRUN [ -d x ] && y\nSHELL [\"a\", \"b\"]",
    "FROM a\nENV\nLABEL\nARG\nHEALTHCHECK\nRUN\nEXPOSE\nCOPY\nONBUILD\n",
    "ARG a=b c \"d e\"=f\\ g\nARG x=\"\" y='\\' z\n",
    "HEALTHCHECK NONE\nHEALTHCHECK --interval=5s CMD [\"a\"]\nHEALTHCHECK CMD a b\nHEALTHCHECK CMD",
    "FROM a\nRUN --mount type=x foo\nCOPY --from=\"a b\" x y\nCOPY --  x y\nCOPY --é=ü a b\nCOPY --à a b",
    "RUN --a='b\\'c' --d=\\\"e --\nRUN --x",
    "\u{feff}FROM a\n\r\nRUN a\rb \\\r\n  c\r",
    "\u{feff}# escape=`\nFROM a\nRUN b `\n c",
    "",
    "#x\n",
    "FROM a\nRUN a\\\n#c\n\n b\\\n",
    "FROM a\nRUN a \\\n  # c \\\n  b\nRUN \\\n\n\nRUN b",
    "FROM a\nRUN <<E <<'F G'\n1\nE\n2\nF G\n",
    "FROM a\nRUN <<-\"\tE\" x\n\t\tE\n",
    "FROM a\nRUN <<-E\nE E\n EE\n\tE \n\tE\r\nRUN <<E\n\tE\nEE\nE",
    "FROM a\nRUN 3<<-\"E\" x\n\ta\n\tE\nRUN echo <<<foo\nRUN echo <<\nRUN $((1<<2))\n",
    "FROM a\nCOPY <<E <<\"F\" /x\n$a\nE\nF\n",
    "FROM a\nCOPY [\"<<E\", \"x\"]\nRUN [\"<<E\"]\n",
    "FROM a\nRUN <<E\nfoo\n",
    "FROM a\nRUN x 'y <<E\nfoo\nRUN z",
    "FROM a\nRUN cat <<E | x && cat <<F>y\n1\r\nE\r\n2\nF\nRUN z",
    "FROM a\nRUN <<E$x\n1\nE$x\nRUN <<E\\ F\n2\nE F\n",
    "FROM a\nADD --checksum=x <<E <<'' y\nE\n",
    "ONBUILD\n",
    "ONBUILD ONBUILD RUN [\"x\"]\nONBUILD ENV a=b\nONBUILD FOO\n",
    "FROM\ta  AS  b\nEXPOSE 80 \t90\nVOLUME [\"a\"] \nVOLUME a b\n",
    "// syntax=x\nFROM a\nFOO bar\n",
    "MAINTAINER  a  b \nUSER a b\nWORKDIR c:\\\\\nWORKDIR c:\\\nSTOPSIGNAL x",
    "FROM\u{a0}a\n\u{3000}FROM b\u{a0}\nRUN\u{b}x\n",
    "FROM a\nRUN a\0b\n",
];

/// Where we differ from BuildKit 0.12.5 on purpose, because BuildKit changed since.
const KNOWN: &[(&str, &str)] = &[
    ("# check=skip=all\n# escape=`\nFROM a\nRUN a `\n b\n", "`# check=` is a directive since BuildKit 0.15"),
    ("FROM a\nRUN cat << E\na\nE\n", "white space after `<<` is allowed since BuildKit 0.20"),
    ("FROM a\nRUN echo ${x#y} <<E\nRUN z\nE\n", "`${x#y}` can be lexed since BuildKit 0.13"),
];

#[test]
fn agrees_on_small_files() {
    let Some(python) = python() else { return };
    let sources: Vec<_> = CASES.iter().map(|case| (format!("{case:?}"), case.as_bytes().to_vec())).collect();
    let found = differences(&python, &sources);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn known_differences_are_real() {
    let Some(python) = python() else { return };
    for (case, reason) in KNOWN {
        let sources = [(format!("{case:?}"), case.as_bytes().to_vec())];
        assert!(!differences(&python, &sources).is_empty(), "no difference any more: {reason}");
    }
}

#[test]
fn agrees_on_the_corpus() {
    let (Some(python), Some(files)) = (python(), corpus::dockerfiles()) else { return };
    let found = differences(&python, &files);
    assert!(found.is_empty(), "{} differences\n{}", found.len(), found.join("\n"));
    eprintln!("{} files agree", files.len());
}

/// Rejected files still parse around the trouble.
#[test]
fn the_rest_of_a_rejected_file_parses() {
    let file = Dockerfile::parse(&b"FROM a\nENV x\nRUN [1]\nRUN <<E\nCMD [\"b\"]\n"[..]);
    let keywords: Vec<_> = file.instructions().map(|instruction| instruction.keyword().name()).collect();
    assert_eq!(keywords, ["FROM", "ENV", "RUN", "RUN", "CMD"]);
    let lines: Vec<_> = file.problems().map(|(line, _)| line).collect();
    assert_eq!(lines, [2, 3, 4]);
}
