//! Any bytes as a shell script: the invariants of `syntax/tests/shell_invariants` hold.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../syntax/tests/shell_invariants/mod.rs"]
mod shell_invariants;
#[path = "../../syntax/tests/shell_notation/mod.rs"]
mod shell_notation;

fuzz_target!(|text: &[u8]| {
    shell_invariants::check(text);
});
