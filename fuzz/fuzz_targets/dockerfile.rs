//! Any bytes parse: the items are the file, spans lie inside, logical text leads back, no view panics.

#![no_main]

use dockfix_syntax::{Dockerfile, Edits};
use libfuzzer_sys::fuzz_target;

#[path = "../../syntax/tests/invariants/mod.rs"]
mod invariants;

fuzz_target!(|source: &[u8]| {
    let file = Dockerfile::parse(source);
    invariants::check("input", &file);
    let mut edits = Edits::new();
    for instruction in file.instructions() {
        edits.replace(instruction.span(), instruction.span().of(source)).expect("instructions are disjoint");
    }
    assert_eq!(edits.apply(source).expect("in bounds"), source);
});
