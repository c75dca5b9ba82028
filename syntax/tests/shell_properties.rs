//! The invariants of the shell tree on generated scripts and on every RUN of the corpus.

mod corpus;
mod run_bodies;
mod shell_invariants;
mod shell_notation;

use proptest::prelude::*;

/// What scripts are made of, in pieces that often meet.
const PIECES: &[&str] = &[
    "a",
    "b",
    "x",
    " ",
    " ",
    " ",
    "\t",
    "\n",
    "\\\n",
    ";",
    "&",
    "|",
    "&&",
    "||",
    "|&",
    "(",
    ")",
    "{ ",
    " }",
    ";;",
    "!",
    "time ",
    "if a; then b; fi",
    "if ",
    "then ",
    "elif ",
    "else ",
    "fi",
    "for i in a b; do c; done",
    "for ",
    "in ",
    "do ",
    "done",
    "while ",
    "until ",
    "case x in a) b;; esac",
    "case ",
    "esac",
    "f() { a; }",
    "function ",
    "coproc ",
    "[[ a == b ]]",
    "[[ ",
    " ]]",
    "((a+1))",
    "((",
    "))",
    "'",
    "\"",
    "\\",
    "$",
    "$x",
    "${x",
    "${x:-",
    "${x%",
    "${#x}",
    "${!x}",
    "}",
    "$(a b)",
    "$(",
    "`a`",
    "`",
    "$((1+x))",
    "$((",
    "$'",
    "<(a)",
    "<(",
    ">",
    ">>",
    "<",
    "2>",
    ">&2",
    "&>",
    "<<<",
    "<<E\n",
    "<<-'E'\n",
    "E\n",
    "\nE\n",
    "x=",
    "x=y ",
    "x+=",
    "x=(",
    "x[1]=",
    "#",
    "~",
    "*",
    "[a]",
    "{a,b}",
    "=",
    "12>",
    "{v}>",
    "\r",
    "é",
    "alias a=b",
    "\0",
];

fn script() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        20 => proptest::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_script(text in script()) {
        shell_invariants::check(&text);
    }

    #[test]
    fn any_bytes(text in proptest::collection::vec(any::<u8>(), 0..40)) {
        shell_invariants::check(&text);
    }
}

#[test]
fn every_run_of_the_corpus() {
    let Some(files) = corpus::dockerfiles() else { return };
    let bodies = run_bodies::run_bodies(&files);
    let read = bodies.iter().filter(|body| shell_invariants::check(&body.script)).count();
    assert!(read * 100 > bodies.len() * 98, "{read} of {} bodies are read", bodies.len());
}
