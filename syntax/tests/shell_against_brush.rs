//! The shell parser of brush (crate `brush-parser`) as a second opinion on every RUN of the corpus.
//!
//! Both trees are written down in one notation, with the place and the value of every word, and compared. What is known
//! to be wrong with brush stands in `brush/mod.rs`.

mod brush;
mod corpus;
mod run_bodies;
mod shell_notation;

use std::collections::BTreeMap;

use dockfix_syntax::shell;

/// RUN bodies that we read and brush rejects; see the known gap in `brush/mod.rs`.
const MOST_REJECTED_BY_BRUSH: usize = 10;

#[test]
fn commands_agree_with_brush() {
    let Some(files) = corpus::dockerfiles() else { return };
    let bodies = run_bodies::run_bodies(&files);
    let mut opaque: BTreeMap<String, usize> = BTreeMap::new();
    let mut agreed = 0;
    let mut rejected = Vec::new();
    let mut differing = Vec::new();
    for body in &bodies {
        let ours = match shell::scan(&body.script) {
            Ok(script) => shell_notation::script(&script),
            Err(error) => {
                *opaque.entry(error.reason.to_string()).or_default() += 1;
                continue;
            }
        };
        match brush::script(&body.script) {
            None => rejected.push(&body.origin),
            Some(theirs) if theirs == ours => agreed += 1,
            Some(theirs) => {
                let script = String::from_utf8_lossy(&body.script);
                differing.push(format!("{}\n{script}\n  ours: {ours}\n  brush: {theirs}\n", body.origin));
            }
        }
    }
    let unread: usize = opaque.values().sum();
    eprintln!(
        "{} bodies: {agreed} agree, {unread} opaque {opaque:?}, brush rejects {rejected:?}",
        bodies.len()
    );
    assert!(differing.is_empty(), "{} differ\n{}", differing.len(), differing.join("\n"));
    assert!(unread * 100 < bodies.len(), "{unread} of {} bodies are opaque", bodies.len());
    assert!(rejected.len() <= MOST_REJECTED_BY_BRUSH, "brush rejects {} bodies that we read", rejected.len());
}
