//! `dockfix inspect` as its user sees it: the transcripts in `tests/cases/inspect`, and the JSON.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

#[test]
fn transcripts() {
    trycmd::TestCases::new().case("tests/cases/inspect/*.trycmd");
}

/// Runs `dockfix inspect - --format json` on `source`.
fn inspect(source: &[u8]) -> Value {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dockfix"))
        .args(["inspect", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("dockfix starts");
    child.stdin.take().expect("a pipe").write_all(source).expect("dockfix reads");
    let Output { status, stdout, .. } = child.wait_with_output().expect("dockfix ends");
    assert!(status.success());
    serde_json::from_slice(&stdout).expect("JSON")
}

#[test]
fn json_has_the_fields_of_the_python_package() {
    let report = inspect(b"\xef\xbb\xbfFROM a\r\nCOPY --chown=x <<E 3<<-F \\\r\n /y\r\nhi\r\nE\r\n\tF\r\n");
    assert_eq!(report["version"], 1);
    assert_eq!(report["path"], "-");
    assert_eq!(
        report["instructions"][1],
        json!({
            "cmd": "COPY",
            "sub_cmd": null,
            "json": false,
            "original": "COPY --chown=x <<E 3<<-F  /y\nhi\r\nE\nF\n",
            "start_line": 2,
            "end_line": 6,
            "flags": ["--chown=x"],
            "value": ["<<E", "3<<-F", "/y"],
            "heredocs": [
                {"name": "E", "file_descriptor": 0, "content": "hi\r\n"},
                {"name": "F", "file_descriptor": 3, "content": ""},
            ],
        })
    );
}

#[test]
fn json_has_the_shell_commands_of_run() {
    let report = inspect(b"RUN A=b \\\n  x \"$y\" 'z' >f\n");
    let word = |span: [usize; 2], source: [usize; 2], text: &str, literal: Option<&str>| json!({"span": span, "source": source, "text": text, "literal": literal});
    assert_eq!(
        report["instructions"][0]["shell"],
        json!({"commands": [{
            "line": 1,
            "span": [0, 19],
            "source": [4, 25],
            "text": "A=b   x \"$y\" 'z' >f",
            "assignments": [{
                "span": [0, 3], "source": [4, 7], "text": "A=b",
                "name": "A", "value": word([2, 3], [6, 7], "b", Some("b")),
            }],
            "words": [
                word([6, 7], [12, 13], "x", Some("x")),
                word([8, 12], [14, 18], "\"$y\"", None),
                word([13, 16], [19, 22], "'z'", Some("z")),
            ],
            "redirects": [{
                "span": [17, 19], "source": [23, 25], "text": ">f",
                "target": word([18, 19], [24, 25], "f", Some("f")),
            }],
        }]})
    );
    let report = inspect(b"RUN <<E\nx\nE\nRUN a=(b)\nRUN [\"c\"]\nCMD d\n");
    let shell = |number: usize| report["instructions"][number].get("shell");
    assert_eq!(shell(0).expect("a script")["commands"][0]["source"], json!([8, 9]));
    assert_eq!(shell(0).expect("a script")["commands"][0]["span"], json!([0, 1]));
    assert_eq!(shell(1).expect("a script")["opaque"]["at"], 2);
    assert_eq!((shell(2), shell(3)), (None, None));
}

#[test]
fn problems_are_part_of_the_result() {
    let report = inspect(b"FROM a\nENV x\n");
    assert_eq!(report["problems"], json!([{"line": 2, "message": "ENV must have two arguments"}]));
    assert_eq!(report["instructions"][1]["problem"], "ENV must have two arguments");
    assert_eq!(inspect(b"")["problems"][0]["message"], "file with no instructions");
}
