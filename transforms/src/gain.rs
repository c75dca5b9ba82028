//! What a rewritten Dockerfile is good for: how many steps run again after the edits that its project sees every day.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use dockfix_ecosystems::TypicalFiles;
use dockfix_model::cache::{Options, Plan, Target, Verdict};
use dockfix_model::context::Context;

use crate::difference::Difference;
use crate::reading::Reading;
use crate::report::Gain;
use crate::work;

/// The typical files of a project, searched for once per ignore file and only if a Dockerfile changed.
#[derive(Default)]
pub(crate) struct Usual {
    by_ignore_file: Mutex<HashMap<Vec<u8>, Arc<TypicalFiles>>>,
}

impl Usual {
    /// What became better or worse by a change of a file from `before` to `after`, with the context before and after.
    pub(crate) fn gains(
        &self,
        before: &Reading<'_>,
        after: &Reading<'_>,
        contexts: [&Context; 2],
    ) -> Vec<Gain> {
        let [old, new] = contexts;
        let same_rules = ignore_rules(old) == ignore_rules(new);
        let difference = Difference::of(before.file(), after.file());
        if same_rules && work::same_order(before, after, &difference) {
            return Vec::new();
        }
        // A file that is rewritten is read under the ignore file of afterwards.
        let own = (!same_rules).then(|| {
            let options = Options { target: Target::All, ..Options::default() };
            Plan::of(&before.build, old, &options)
        });
        let plans = (own.as_ref().unwrap_or_else(|| before.plan(new)), after.plan(new));
        let gain = |typical: dockfix_ecosystems::TypicalEdit| {
            let reruns = |plan: &Plan, reading: &Reading<'_>| {
                let verdicts = plan.verdicts(&reading.build, &typical.edit);
                verdicts.into_iter().filter(|verdict| *verdict != Verdict::Cached).count()
            };
            let (before, after) = (reruns(plans.0, before), reruns(plans.1, after));
            Gain { kind: typical.kind, before, after, edit: typical.edit }
        };
        let gains = self.files(old).edits(&before.build).into_iter().map(gain);
        gains.filter(|gain| gain.before != gain.after).collect()
    }

    fn files(&self, context: &Context) -> Arc<TypicalFiles> {
        let ignore = ignore_rules(context);
        let known = || self.by_ignore_file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(files) = known().get(ignore) {
            return Arc::clone(files);
        }
        let files = Arc::new(TypicalFiles::in_context(context));
        known().insert(ignore.to_vec(), Arc::clone(&files));
        files
    }
}

fn ignore_rules(context: &Context) -> &[u8] {
    context.ignore().rules().source()
}
