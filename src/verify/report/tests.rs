use dockfix_ecosystems::EditKind;

use super::*;
use crate::verify::check::{Build, BuildFailure, StepReport};
use crate::verify::compare::{Excepted, Field};

fn build(seconds: f64, cached: bool) -> Build {
    let step = |text: &str, cached| StepReport { text: text.to_owned(), cached, seconds: Some(seconds) };
    Build { seconds, steps: vec![step("RUN npm ci", cached), step("COPY . .", false)] }
}

fn report() -> Report {
    let mut good = Verification::failed("a/Dockerfile", String::new());
    good.verdict = Verdict::Same;
    good.builds = vec![build(10.0, false), build(11.0, false)];
    let (before, after) = (build(8.0, false), build(0.5, true));
    good.rebuilds = vec![Rebuild { kind: EditKind::Source, path: "src/a.js".to_owned(), before, after }];
    let excepted = Excepted { reason: "why", paths: 3 };
    good.comparison =
        Some(Comparison { files: 7, excepted: [("name", excepted)].into(), ..Comparison::default() });
    let mut bad = Verification::failed("b/Dockerfile", String::new());
    let field = Field { name: "mode".to_owned(), before: Some("644".to_owned()), after: None };
    let difference = Difference { path: Some("/x".to_owned()), fields: vec![field] };
    bad.comparison = Some(Comparison { differences: vec![difference], ..Comparison::default() });
    bad.verdict = Verdict::Different;
    let mut broken = Verification::failed("c/Dockerfile", String::new());
    let log = vec!["line `one`".to_owned(), "\u{1b}[2J".to_owned()];
    broken.verdict = Verdict::OriginalFails(BuildFailure { step: Some("RUN false".to_owned()), log });
    Report { files: vec![good, bad, broken], engine: Some("docker build"), notes: Vec::new() }
}

fn written(format: Format) -> String {
    let mut out = Vec::new();
    report().write(format, false, &mut out).unwrap();
    String::from_utf8(anstream::adapter::strip_bytes(&out).into_vec()).unwrap()
}

#[test]
fn text_is_a_table() {
    let expected = "\
a/Dockerfile: the same image: configuration and 7 files
    may differ: 3 in name: why
    first build        original 2 of 2 steps, 10.0 s   rewritten 2 of 2 steps, 11.0 s
    edit of src/a.js   original 2 of 2 steps, 8.0 s    rewritten 1 of 2 steps, 0.5 s    16.0 times as fast
b/Dockerfile: the images differ in 1 place
    /x: mode: 644 -> nothing
c/Dockerfile: not verified: the original does not build; it fails at RUN false
    line `one`
     [2J
of 3 Dockerfiles, 1: the same image, 1: another image, 1: not verified
";
    assert_eq!(written(Format::Text), expected);
}

#[test]
fn json_has_everything() {
    let document: serde_json::Value = serde_json::from_str(&written(Format::Json)).unwrap();
    let statuses: Vec<&str> =
        document["files"].as_array().unwrap().iter().map(|file| file["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["same", "different", "original-fails"]);
    assert_eq!(document["files"][0]["rebuilds"][0]["speedup"], 16.0);
    assert_eq!(document["files"][1]["image"]["differences"][0]["after"], serde_json::Value::Null);
    assert_eq!(document["files"][2]["failure"]["step"], "RUN false");
    assert_eq!(document["summary"]["failed"], 1);
}

#[test]
fn markdown_holds_what_it_quotes() {
    let text = written(Format::Markdown);
    assert!(text.contains("| after an edit of <code>src/a.js</code> | 2 of 2 steps, 8.0 s | 1 of 2 steps, 0.5 s | 16.0 times as fast |"), "{text}");
    assert!(text.contains("❌ Not verified: the original does not build; it fails at RUN false."), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}
