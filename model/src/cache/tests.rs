use dockfix_syntax::Dockerfile;

use super::*;

/// Lines that run again.
fn lines(text: &str, edit: Edit) -> Vec<usize> {
    let file = Dockerfile::parse(text.as_bytes());
    let build = Build::of(&file);
    let context = Context::in_memory([("a.txt", ""), ("ignored", ""), (".dockerignore", "ignored\n")]);
    let line = |rerun: &Rerun| build.stages[rerun.stage].steps[rerun.step].instruction.start_line();
    reruns(&build, &context, &edit).iter().map(line).collect()
}

#[test]
fn a_file_reruns_what_copies_it_and_what_follows() {
    let text = "FROM a\nWORKDIR /x\nCOPY p*.json ./\nRUN i\nCOPY . .\nENV A=b\nRUN b\nFROM scratch\nCOPY --from=0 /x /\n";
    assert_eq!(lines(text, Edit::File("src/a.js".into())), [5, 7, 9]);
    assert_eq!(lines(text, Edit::File("package.json".into())), [3, 4, 5, 7, 9]);
    assert_eq!(lines(text, Edit::File("ignored".into())), [] as [usize; 0]);
    assert_eq!(lines(text, Edit::Base), [2, 3, 4, 5, 7, 9]);
}

#[test]
fn an_argument_reruns_the_next_run() {
    let text = "ARG A\nFROM a\nARG A\nCOPY . .\nRUN x\nFROM a\nRUN y\n";
    assert_eq!(lines(text, Edit::Argument("A".into())), [5]);
    let text = "ARG T=1\nFROM a:$T\nRUN x\n";
    assert_eq!(lines(text, Edit::Argument("T".into())), [3]);
    let text = "FROM a AS b\nARG A\nFROM b\nRUN x\n";
    assert_eq!(lines(text, Edit::Argument("A".into())), [4]);
}
