//! What a rewritten Dockerfile is good for: how many steps run again after the edits that its project sees every day.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use dockfix_ecosystems::TypicalFiles;
use dockfix_model::build::Build;
use dockfix_model::cache::{Options, Plan, Target};
use dockfix_model::context::Context;
use dockfix_syntax::Dockerfile;

use crate::report::{Gain, ProjectFile};

/// The typical files of a project, searched for once per ignore file and only if a Dockerfile changed.
#[derive(Default)]
pub(crate) struct Usual {
    by_ignore_file: Mutex<HashMap<Vec<u8>, Arc<TypicalFiles>>>,
}

impl Usual {
    /// What became better or worse by a change of `file` to `after`, whose context is `context` from then on.
    pub(crate) fn gains(&self, file: &ProjectFile, after: &[u8], context: &Context) -> Vec<Gain> {
        let (before, after) = (Dockerfile::parse(Arc::clone(&file.source)), Dockerfile::parse(after));
        let (before, after) = (Build::of(&before), Build::of(&after));
        let options = Options { target: Target::All, ..Options::default() };
        let plans = (Plan::of(&before, &file.context, &options), Plan::of(&after, context, &options));
        let gain = |typical: dockfix_ecosystems::TypicalEdit| {
            let edits = std::slice::from_ref(&typical.edit);
            let (ours, theirs) = (plans.0.outcomes(&before, edits), plans.1.outcomes(&after, edits));
            let (kind, before, after) = (typical.kind, ours.reruns_at_most(), theirs.reruns_at_most());
            Gain { kind, before, after, edit: typical.edit }
        };
        self.files(&file.context).edits(&before).into_iter().map(gain).collect()
    }

    fn files(&self, context: &Context) -> Arc<TypicalFiles> {
        let ignore = context.ignore().rules().source();
        let known = || self.by_ignore_file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(files) = known().get(ignore) {
            return Arc::clone(files);
        }
        let files = Arc::new(TypicalFiles::in_context(context));
        known().insert(ignore.to_vec(), Arc::clone(&files));
        files
    }
}
