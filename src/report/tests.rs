use dockfix_ecosystems::EditKind;
use dockfix_model::cache::Edit;
use dockfix_transforms::{Change, Gain, Refusal, Safety};

use super::{ContextNote, FileError, FileReport, Report, Status, Verbosity, write_json, write_text};

fn report() -> Report {
    let change = |line, safety| Change {
        transform: "late-arg",
        line,
        safety,
        reason: "RUN make no longer reruns".to_owned(),
        lines_after: Vec::new(),
    };
    let gain = |kind, edit, before, after| Gain { kind, edit, before, after };
    let context = |directory: Option<&str>, is_plain| {
        Some(ContextNote { directory: directory.map(str::to_owned), reason: "because".to_owned(), is_plain })
    };
    let mut failed = FileReport::failed("c".into(), FileError::bug("it broke"));
    failed.errors.push(FileError { line: Some(4), ..FileError::new("unknown instruction") });
    let files = vec![
        FileReport {
            path: "a".into(),
            status: Status::Changed,
            context: context(Some(".."), false),
            changes: vec![change(2, Safety::Safe), change(9, Safety::Unsafe)],
            refusals: vec![Refusal {
                transform: "apt-merge",
                line: 5,
                reason: "two\nlines \u{1b}[31m".into(),
            }],
            gains: vec![
                gain(EditKind::Source, Edit::File("a.js".into()), 5, 1),
                gain(EditKind::Argument, Edit::Argument("SHA".into()), 3, 2),
                gain(EditKind::BaseImage, Edit::Base, 5, 6),
            ],
            diff: b"diff \xff\n".to_vec(),
            ..FileReport::default()
        },
        FileReport { path: "b".into(), context: context(Some("."), true), ..FileReport::default() },
        failed,
    ];
    Report { files, written: false }
}

fn text(report: &Report, verbosity: Verbosity) -> String {
    let [plain, coloured] = [false, true].map(|colours| {
        let mut out = Vec::new();
        write_text(report, verbosity, colours, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    });
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    plain
}

#[test]
fn the_summary() {
    let normal = "a: context assumed: .. (because)\n\
                  a:2: late-arg: RUN make no longer reruns\n\
                  a:5: apt-merge: left alone: two lines \\u{1b}[31m\n\
                  a:9: late-arg: [unsafe] RUN make no longer reruns\n\
                  a: after a source edit 5 -> 1 step rerun, after another value of SHA 3 -> 2\n\
                  c: bug in dockfix: it broke; the file stays as it is; please report this\n\
                  c:4: error: unknown instruction\n\
                  1 file would change (2 changes, 1 unsafe), 1 unchanged, 1 failed; 1 rewrite left alone\n";
    assert_eq!(text(&report(), Verbosity::Normal), normal);
    let quiet = "c: bug in dockfix: it broke; the file stays as it is; please report this\n\
                 c:4: error: unknown instruction\n";
    assert_eq!(text(&report(), Verbosity::Quiet), quiet);
    let verbose = text(&report(), Verbosity::Verbose);
    assert!(verbose.contains("b: context: . (because)\nb: nothing to change\n"), "{verbose}");
}

#[test]
fn the_counts_in_words() {
    let words = |files, written| text(&Report { files, written }, Verbosity::Normal);
    assert_eq!(words(Vec::new(), false), "no Dockerfile found\n");
    assert_eq!(words(vec![FileReport::default()], true), "no file changed, 1 unchanged\n");
    let changed = || FileReport { status: Status::Changed, ..FileReport::default() };
    assert_eq!(words(vec![changed(), changed()], true), "2 files changed\n");
}

#[test]
fn the_json() {
    let mut out = Vec::new();
    write_json(&report(), &mut out).unwrap();
    let change = |line, safety: &str| {
        serde_json::json!({
            "transform": "late-arg", "line": line, "safety": safety, "reason": "RUN make no longer reruns",
        })
    };
    let expected = serde_json::json!({
        "version": 1,
        "files": [
            {
                "path": "a",
                "status": "changed",
                "changes": [change(2, "safe"), change(9, "unsafe")],
                "refusals": [{"transform": "apt-merge", "line": 5, "reason": "two\nlines \u{1b}[31m"}],
                "gains": [
                    {"kind": "source", "edit": {"file": "a.js"}, "before": 5, "after": 1},
                    {"kind": "argument", "edit": {"argument": "SHA"}, "before": 3, "after": 2},
                    {"kind": "base-image", "edit": {"base-image": true}, "before": 5, "after": 6},
                ],
                "error": null,
                "diff": "diff \u{fffd}\n",
                "context": {"directory": "..", "reason": "because"},
            },
            {
                "path": "b", "status": "unchanged", "changes": [], "refusals": [], "gains": [], "error": null, "diff": null,
                "context": {"directory": ".", "reason": "because"},
            },
            {
                "path": "c",
                "status": "failed",
                "changes": [],
                "refusals": [],
                "gains": [],
                "error": "bug in dockfix: it broke; line 4: unknown instruction",
                "diff": null,
                "context": null,
            },
        ],
        "summary": {
            "files": 3, "changed": 1, "unchanged": 1, "failed": 1, "changes": 2, "unsafe_changes": 1, "refusals": 1,
        },
    });
    // The order of the fields is part of what is promised, hence text.
    assert_eq!(String::from_utf8(out).unwrap(), format!("{expected}\n"));
}
