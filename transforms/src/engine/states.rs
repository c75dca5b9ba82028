//! Applies what is proposed, state by state.

use dockfix_model::context::Context;
use dockfix_syntax::{Dockerfile, Edits};
use typed_arena::Arena;

use super::Wanted;
use crate::check;
use crate::reading::Reading;
use crate::report::Safety;
use crate::transform::{Proposal, Proposals};

/// The file in all its states on the way, for as long as it is worked on: what is known of one is taken over by the next.
pub(super) struct States<'s, 'a> {
    pub(super) files: &'a Arena<Dockerfile>,
    pub(super) readings: &'a Arena<Reading<'a>>,
    /// The file before any change.
    pub(super) original: &'s Dockerfile,
    pub(super) context: &'s Context,
    pub(super) wanted: &'s Wanted,
}

/// What one of the rewrites did.
pub(super) struct Applied<'a> {
    /// Its name.
    pub(super) transform: &'static str,
    pub(super) proposals: Vec<Proposal>,
    /// The file after it.
    pub(super) file: &'a Dockerfile,
}

/// What is left alone: line in the current file and reason.
type Lines = Vec<(usize, String)>;

/// What a transform leaves alone in the current file.
#[derive(Default)]
pub(super) struct Left {
    /// Whatever is allowed.
    pub(super) left: Lines,
    /// Whatever is allowed, and whatever became of the rest of the line.
    pub(super) left_beside: Lines,
    /// What it would do if unsafe changes were allowed.
    pub(super) offered: Lines,
    /// Although unsafe changes are allowed.
    pub(super) left_though_unsafe: Lines,
}

/// What came of asking a transform.
pub(super) enum Round<'a> {
    /// It changes nothing, and leaves this alone.
    Done(Left),
    /// It changed the file.
    Next { reading: &'a Reading<'a>, applied: Vec<Applied<'a>> },
}

/// A file after edits, then with what goes along with them, and by what that was done.
type Next<'a> = (&'a Dockerfile, &'a Reading<'a>, Vec<Applied<'a>>);

impl<'a> States<'_, 'a> {
    /// Applies what a transform proposes for the current state, as far as it is wanted.
    pub(super) fn take(
        &self,
        reading: &Reading<'a>,
        id: &'static str,
        proposals: Proposals,
    ) -> Result<Round<'a>, String> {
        let wanted = self.wanted;
        let (taken, unsafe_ones): (Vec<_>, Vec<_>) =
            proposals.changes.into_iter().partition(|proposal| wanted.takes(proposal));
        if taken.is_empty() {
            let left_though_unsafe =
                if wanted.allow_unsafe { proposals.unsafe_refusals } else { Lines::new() };
            let offer = |proposal: Proposal| {
                (proposal.line, format!("{}; this is not shown to be safe (--unsafe)", proposal.reason))
            };
            let offered = unsafe_ones.into_iter().map(offer).collect();
            let (left, left_beside) = (proposals.refusals, proposals.refusals_beside);
            return Ok(Round::Done(Left { left, left_beside, offered, left_though_unsafe }));
        }
        let (mut taken, together) = side_by_side(taken, wanted);
        let is_safe = taken.iter().any(|proposal| proposal.safety == Safety::Safe);
        let safety = if is_safe { Safety::Safe } else { Safety::Unsafe };
        let (file, next, completed) = match self.apply(reading, &together, safety) {
            Ok(done) => done,
            Err(bug) if taken.len() == 1 => return Err(format!("{id}: {bug}")),
            // Together they break a promise: the first one alone will tell whether it is to blame.
            Err(_) => {
                taken.truncate(1);
                self.apply(reading, &taken[0].edits, taken[0].safety).map_err(|bug| format!("{id}: {bug}"))?
            }
        };
        let first = Applied { transform: id, proposals: taken, file };
        Ok(Round::Next { reading: next, applied: std::iter::once(first).chain(completed).collect() })
    }

    /// Applies edits, adds what they need besides, and checks the result. The error says which promise they would break.
    fn apply(&self, reading: &Reading<'a>, edits: &Edits, safety: Safety) -> Result<Next<'a>, String> {
        let first = self.edited(reading.file(), edits)?;
        let mut file = first;
        let mut completed = Vec::new();
        for completion in &self.wanted.completions {
            let proposals = completion.complete(file, self.original).changes;
            let (proposals, together) = side_by_side(proposals, self.wanted);
            if !proposals.is_empty() {
                file = self.edited(file, &together)?;
                completed.push(Applied { transform: completion.id(), proposals, file });
            }
        }
        let next = &*self.readings.alloc(Reading::following(reading, file));
        check::check(reading, next, self.context, safety)?;
        Ok((first, next, completed))
    }

    /// The file after edits.
    fn edited(&self, file: &Dockerfile, edits: &Edits) -> Result<&'a Dockerfile, String> {
        let edited = file.edited(edits).map_err(|error| error.to_string())?;
        if edited.source() == file.source() {
            return Err("the change changes nothing".to_owned());
        }
        Ok(&*self.files.alloc(edited))
    }
}

/// The wanted changes that do not touch each other, which are made at once; what is left over is proposed again.
fn side_by_side(mut proposals: Vec<Proposal>, wanted: &Wanted) -> (Vec<Proposal>, Edits) {
    let mut together = Edits::new();
    proposals.retain(|proposal| {
        wanted.takes(proposal) && together.push_all(proposal.edits.as_slice().to_vec()).is_ok()
    });
    (proposals, together)
}
