//! `syntax-directive`: names the frontend that knows what the other transforms put into a file.

use dockfix_syntax::rewrite::{self, Place};
use dockfix_syntax::view::{Mount, MountKind};
use dockfix_syntax::{DirectiveName, Dockerfile, Edits, Keyword};

use crate::report::Safety;
use crate::transform::{Completion, Described, Proposals};

/// See the [module](self).
pub(crate) struct SyntaxDirective;

impl Described for SyntaxDirective {
    fn id(&self) -> &'static str {
        "syntax-directive"
    }

    fn summary(&self) -> &'static str {
        "adds `# syntax=docker/dockerfile:1` where a change needs it"
    }

    fn documentation(&self) -> &'static str {
        include_str!("../docs/syntax-directive.md")
    }
}

impl Completion for SyntaxDirective {
    fn complete(&self, file: &Dockerfile, original: &Dockerfile) -> Proposals {
        let mut proposals = Proposals::default();
        // A file that had mounts builds as it is, by whatever frontend its builders have.
        let is_new = |has: fn(&Dockerfile) -> bool| has(file) && !has(original);
        let keeps_parents = is_new(keeps_parents);
        if (keeps_parents || is_new(has_mount)) && file.directive(DirectiveName::Syntax).is_none() {
            let mut edits = Edits::new();
            let done = rewrite::insert(&mut edits, file, Place::Top, b"# syntax=docker/dockerfile:1");
            let caches = mounts(file).any(|mount| mount.kind == MountKind::Cache);
            let what = if caches { "cache mounts" } else { "mounts" };
            let reason = if keeps_parents {
                "COPY --parents needs Dockerfile syntax 1.20 or later".to_owned()
            } else {
                format!("{what} need Dockerfile syntax 1.2 or later")
            };
            proposals.offer(1, Safety::Safe, reason, done.map(|()| edits));
        }
        proposals
    }
}

fn has_mount(file: &Dockerfile) -> bool {
    file.instructions().any(|instruction| {
        let run = instruction.inner().unwrap_or(instruction);
        run.keyword() == Keyword::Run && run.flag("mount").is_some()
    })
}

/// Whether a COPY keeps the directories of what it copies.
fn keeps_parents(file: &Dockerfile) -> bool {
    file.instructions().any(|instruction| {
        let copy = instruction.inner().unwrap_or(instruction);
        copy.keyword() == Keyword::Copy && copy.flag("parents").is_some()
    })
}

/// The mounts of all RUNs.
fn mounts(file: &Dockerfile) -> impl Iterator<Item = &Mount> {
    file.instructions().flat_map(|instruction| instruction.mounts())
}
