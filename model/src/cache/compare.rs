//! Keys of steps, and what becomes of a plan when another one was built before it.

use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use super::{Cause, Input, Layer, Outcome, Outcomes, Plan, Selection, Step, Verdict};
use crate::context::Context;
use crate::dockerignore::{Dockerignore, Matched};

/// A file of the context that is different in the next build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileChange<'a> {
    /// Its path in the context.
    pub path: &'a str,
    /// Whether it was there before.
    pub was_there: bool,
    /// Whether it is there now.
    pub is_there: bool,
}

impl<'a> FileChange<'a> {
    /// The content or mode of this file is different.
    #[must_use]
    pub fn edited(path: &'a str) -> Self {
        Self { path, was_there: true, is_there: true }
    }

    /// This file is new.
    #[must_use]
    pub fn added(path: &'a str) -> Self {
        Self { path, was_there: false, is_there: true }
    }

    /// This file is gone.
    #[must_use]
    pub fn removed(path: &'a str) -> Self {
        Self { path, was_there: true, is_there: false }
    }
}

/// What the stages that run again make, as seen by those who copy from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// It is not known: such copies come out as [`Verdict::DependsOnContent`].
    #[default]
    Unknown,
    /// The same files as before.
    Same,
    /// Other files.
    Other,
}

/// All that is different outside the Dockerfile and its arguments.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes<'a> {
    pub(super) files: Vec<FileChange<'a>>,
    pub(super) images: bool,
    /// The images that these names stood for before have other names now.
    pub(super) other_images: Vec<&'a str>,
    /// For each step, whether it is another one for itself; none is where this is empty.
    pub(super) steps: Vec<bool>,
}

impl Plan {
    /// What becomes of the steps of this plan if `before` was built before it and `files` are what changed in the
    /// context. Files that only an ignore file lets in or keeps out need not be among them.
    #[must_use]
    pub fn compare(&self, before: &Self, files: &[FileChange<'_>], content: Content) -> Outcomes {
        self.compare_changes(before, &Changes { files: files.to_vec(), ..Changes::default() }, content)
    }

    /// As [`Self::compare`], and all images that the Dockerfile names are others than before.
    #[must_use]
    pub fn compare_with_other_images(
        &self,
        before: &Self,
        files: &[FileChange<'_>],
        content: Content,
    ) -> Outcomes {
        self.compare_changes(
            before,
            &Changes { files: files.to_vec(), images: true, ..Changes::default() },
            content,
        )
    }

    pub(super) fn compare_changes(&self, before: &Self, changes: &Changes<'_>, content: Content) -> Outcomes {
        let taken = Taken::of(self, before, changes);
        let verdicts = self.verdicts_of(before, changes, &taken, content);
        let mut all: Vec<Outcome> = Vec::with_capacity(self.steps.len());
        for (step, verdict) in verdicts.into_iter().enumerate() {
            let cause = (verdict != Verdict::Cached).then(|| self.cause(step, before, changes, &taken, &all));
            all.push(Outcome { step, verdict, cause });
        }
        Outcomes { all }
    }

    pub(super) fn verdicts_of(
        &self,
        before: &Self,
        changes: &Changes<'_>,
        taken: &Taken<'_>,
        content: Content,
    ) -> Vec<Verdict> {
        let first = self.first_different(before, changes, taken);
        if first == self.steps.len() {
            return vec![Verdict::Cached; first];
        }
        let keys = |content| Keys::of_next(self, before, changes, taken, content, first).own;
        // A known key mostly stands where it stood.
        let is_known = |(index, key): (usize, &u64)| {
            before.keys.own.get(index) == Some(key) || before.keys.own_sorted.binary_search(key).is_ok()
        };
        let of_keys = |content| keys(content).iter().enumerate().map(is_known).collect::<Vec<bool>>();
        let worst = of_keys(if content == Content::Unknown { Content::Other } else { content });
        // Without content from elsewhere there is but one answer.
        let best = (content == Content::Unknown && self.takes_content).then(|| of_keys(Content::Same));
        let best = best.as_deref().unwrap_or(&worst);
        let verdict = |(worst, best): (&bool, &bool)| match (best, worst) {
            (_, true) => Verdict::Cached,
            (true, false) => Verdict::DependsOnContent,
            (false, false) => Verdict::Reruns,
        };
        worst.iter().zip(best).map(verdict).collect()
    }

    /// How many of the first steps have the keys that they had before, because nothing in or below them is different.
    fn first_different(&self, before: &Self, changes: &Changes<'_>, taken: &Taken<'_>) -> usize {
        if !std::ptr::eq(self, before) || changes.images || !changes.other_images.is_empty() {
            return 0;
        }
        let is_other = |step: &usize| changes.steps.get(*step) == Some(&true) || taken.by(*step);
        (0..self.steps.len()).find(is_other).unwrap_or(self.steps.len())
    }

    fn cause(
        &self,
        index: usize,
        before: &Self,
        changes: &Changes<'_>,
        taken: &Taken<'_>,
        done: &[Outcome],
    ) -> Cause {
        let step = &self.steps[index];
        if !step.is_linked
            && let Some(cause) = self.uncached(&step.below, changes, done)
        {
            return cause;
        }
        let of_step = taken.inputs.get(index).map_or(&[][..], Vec::as_slice);
        if let Some(more) = of_step.iter().find_map(|(_, ignored)| ignored.clone()) {
            return Cause::Files { count: more.len(), paths: more };
        }
        let mut taken: Vec<&str> = of_step.iter().flat_map(|(paths, _)| paths).copied().collect();
        if !taken.is_empty() {
            let mut seen = HashSet::new();
            taken.retain(|path| seen.insert(*path));
            let paths = taken.iter().take(SHOWN_PATHS).map(|path| (*path).to_owned()).collect();
            return Cause::Files { paths, count: taken.len() };
        }
        for input in &step.inputs {
            if let Input::Layer { layer, .. } = input
                && let Some(cause) = self.uncached(layer, changes, done)
            {
                return match cause {
                    Cause::Above(last) => Cause::Stage(last),
                    cause => cause,
                };
            }
        }
        self.different_variables(step, before).map_or(Cause::Instruction, Cause::Variables)
    }

    /// Why a layer is not the one that was there before; nothing if it is.
    fn uncached(&self, layer: &Layer, changes: &Changes<'_>, done: &[Outcome]) -> Option<Cause> {
        match layer {
            Layer::Scratch => None,
            Layer::Image(name) => changes.images.then(|| Cause::Image(name.clone())),
            Layer::Step(index) => match (self.steps.get(*index), done.get(*index)) {
                (_, Some(outcome)) if outcome.verdict != Verdict::Cached => Some(Cause::Above(*index)),
                // What it was laid on is still part of the layer.
                (Some(step), _) if step.is_linked => self.uncached(&step.below, changes, done),
                _ => None,
            },
        }
    }

    /// The variables in which a step differs from the same one before; nothing if it differs in other ways.
    fn different_variables(&self, step: &Step, before: &Self) -> Option<Vec<String>> {
        let names = |step: &Step| -> HashMap<String, String> {
            let variables = step.definition.variables();
            variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        let same =
            |other: &&Step| other.keyword == step.keyword && other.definition.has_same_text(&step.definition);
        let ours = names(step);
        let candidates = before.steps.iter().filter(same).map(|other| {
            let theirs = names(other);
            let all: std::collections::BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
            let different = all.into_iter().filter(|name| ours.get(*name) != theirs.get(*name));
            different.cloned().collect::<Vec<_>>()
        });
        candidates.filter(|names| !names.is_empty()).min_by_key(Vec::len)
    }
}

/// How many paths a cause names.
const SHOWN_PATHS: usize = 5;

/// The files of the context that the steps of a plan take and that are different from before.
#[derive(Debug, Default)]
pub(super) struct Taken<'c> {
    /// For each input of each step.
    inputs: Vec<Vec<TakenFiles<'c>>>,
}

/// The changed files, and what only an ignore file lets in or keeps out.
type TakenFiles<'c> = (Vec<&'c str>, Option<Vec<String>>);

impl<'c> Taken<'c> {
    pub(super) fn of(after: &Plan, before: &Plan, changes: &'c Changes<'_>) -> Self {
        // The same ignore file, and no file that changed.
        if changes.files.is_empty() && std::ptr::eq(after, before) {
            return Self::default();
        }
        let (mut ours, mut theirs) = (Exclusions::of(&after.context), Exclusions::of(&before.context));
        let same_rules = after.context.ignore().rules().source() == before.context.ignore().rules().source();
        // Whether each changed file is in either context; asked only of those that something selects.
        let mut is_seen: Vec<Option<bool>> = vec![None; changes.files.len()];
        let mut taken = |input: &Input| match input {
            Input::Context(selection) => {
                let mut paths = Vec::new();
                for (change, is_seen) in changes.files.iter().zip(&mut is_seen) {
                    if !selection.takes(change.path) {
                        continue;
                    }
                    let is_seen = is_seen.get_or_insert_with(|| {
                        change.is_there && !ours.has(change.path)
                            || change.was_there
                                && !(same_rules && change.is_there)
                                && !theirs.has(change.path)
                    });
                    if *is_seen {
                        paths.push(change.path);
                    }
                }
                (paths, ignored_otherwise(after, before, selection))
            }
            Input::Layer { .. } | Input::Remote(_) => (Vec::new(), None),
        };
        let inputs = after.steps.iter().map(|step| step.inputs.iter().map(&mut taken).collect());
        Self { inputs: inputs.collect() }
    }
}

impl Taken<'_> {
    /// Whether a step takes any.
    fn by(&self, step: usize) -> bool {
        let inputs = self.inputs.get(step).map_or(&[][..], Vec::as_slice);
        inputs.iter().any(|(files, ignored)| !files.is_empty() || ignored.is_some())
    }
}

/// What an ignore file excludes; what is known of a directory serves for all files in it.
struct Exclusions<'p> {
    rules: &'p Dockerignore,
    directories: HashMap<String, Matched>,
}

impl<'p> Exclusions<'p> {
    fn of(context: &'p Context) -> Self {
        Self { rules: context.ignore().rules(), directories: HashMap::new() }
    }

    fn has(&mut self, path: &str) -> bool {
        let Some((directory, _)) = path.rsplit_once('/') else {
            return self.rules.is_excluded_in(path, None);
        };
        if !self.directories.contains_key(directory) {
            let mut matched: Option<Matched> = None;
            for end in directory.match_indices('/').map(|(at, _)| at).chain([directory.len()]) {
                let above = directory.get(..end).unwrap_or_default();
                matched = Some(self.rules.enter(above, matched.as_ref()).1);
            }
            self.directories.extend(matched.map(|matched| (directory.to_owned(), matched)));
        }
        self.rules.is_excluded_in(path, self.directories.get(directory))
    }
}

/// The files that a selection takes because of the ignore file in force now, or no longer takes because of it.
/// `None` if that makes no difference.
fn ignored_otherwise(after: &Plan, before: &Plan, selection: &Selection) -> Option<Vec<String>> {
    let (ours, theirs) = (after.context.ignore().rules().source(), before.context.ignore().rules().source());
    if ours == theirs || !after.context.is_known() {
        return None;
    }
    let files = |context: &Context| -> HashSet<String> {
        let top = selection.top().unwrap_or_default();
        let walk = context.walk(top).filter_map(Result::ok).map(|entry| entry.path);
        walk.chain([top.to_owned()]).filter(|path| selection.takes(path)).collect()
    };
    // The same files under both ignore files: those that changed are found without.
    let was = files(&after.context.with_ignore(before.context.ignore().clone()));
    let is = files(&after.context);
    let mut different: Vec<_> = was.symmetric_difference(&is).cloned().collect();
    different.sort();
    (!different.is_empty()).then_some(different)
}

/// The keys of the steps of a plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    /// Of each step: known means cached.
    own: Vec<u64>,
    /// The same in order, for the search.
    own_sorted: Vec<u64>,
    /// Of each step, for what stands on it. They differ only for `COPY --link`.
    layers: Vec<u64>,
}

impl Keys {
    /// Where nothing is different.
    pub(super) fn of(plan: &Plan) -> Self {
        let start = Self::with_capacity(plan.steps.len());
        let mut keys =
            Self::made(plan, None, &Changes::default(), &Taken::default(), Content::Unknown, start);
        keys.own_sorted.clone_from(&keys.own);
        keys.own_sorted.sort_unstable();
        keys
    }

    fn with_capacity(steps: usize) -> Self {
        let room = || Vec::with_capacity(steps);
        Self { own: room(), own_sorted: Vec::new(), layers: room() }
    }

    /// `before` is what was built before, and `content` what the stages make whose keys were not known then;
    /// [`Content::Unknown`] counts as other content. The keys of the steps before `first` are those of `before`.
    fn of_next(
        plan: &Plan,
        before: &Plan,
        changes: &Changes<'_>,
        taken: &Taken<'_>,
        content: Content,
        first: usize,
    ) -> Self {
        let mut start = Self::with_capacity(plan.steps.len());
        start.own.extend(before.keys.own.iter().take(first));
        start.layers.extend(before.keys.layers.iter().take(first));
        Self::made(plan, Some(before), changes, taken, content, start)
    }

    /// Adds the keys of the steps that `keys` has none of yet.
    fn made(
        plan: &Plan,
        before: Option<&Plan>,
        changes: &Changes<'_>,
        taken: &Taken<'_>,
        content: Content,
        mut keys: Self,
    ) -> Self {
        let was_layer = |key: &u64| before.is_some_and(|before| before.keys.layers.contains(key));
        for (index, step) in plan.steps.iter().enumerate().skip(keys.own.len()) {
            let mut hasher = FxHasher::default();
            step.definition_hash.hash(&mut hasher);
            changes.steps.get(index).is_some_and(|is_other| *is_other).hash(&mut hasher);
            let mut below = keys.layer(&step.below, changes);
            if step.is_on_content && content == Content::Same && !was_layer(&below) {
                below = keys.same_step(step, before).unwrap_or(below);
            }
            (!step.is_linked).then_some(below).hash(&mut hasher);
            for (number, input) in step.inputs.iter().enumerate() {
                match input {
                    Input::Context(selection) => {
                        selection.source().hash(&mut hasher);
                        let taken = taken.inputs.get(index).and_then(|inputs| inputs.get(number));
                        if let Some((files, ignored)) = taken
                            && (!files.is_empty() || ignored.is_some())
                        {
                            ("changed", files, ignored).hash(&mut hasher);
                        }
                    }
                    Input::Layer { layer, stage, path } => {
                        let mut key = keys.layer(layer, changes);
                        if content == Content::Same && !was_layer(&key) {
                            key = keys.same_content(plan, before, layer, *stage).unwrap_or(key);
                        }
                        (path, key).hash(&mut hasher);
                    }
                    Input::Remote(url) => url.hash(&mut hasher),
                }
            }
            let own = hasher.finish();
            keys.own.push(own);
            keys.layers.push(if step.is_linked { hash(&(own, below)) } else { own });
        }
        keys
    }

    fn layer(&self, layer: &Layer, changes: &Changes<'_>) -> u64 {
        match layer {
            Layer::Scratch => hash(&"scratch"),
            Layer::Image(name) => {
                let is_other = changes.images || changes.other_images.contains(&name.as_str());
                hash(&("image", name, is_other))
            }
            Layer::Step(step) => self.layers.get(*step).copied().unwrap_or_default(),
        }
    }

    /// The key of what the same step stood on before.
    fn same_step(&self, step: &Step, before: Option<&Plan>) -> Option<u64> {
        let before = before?;
        let same =
            before.steps.iter().find(|other| other.is_on_content && other.definition == step.definition);
        Some(before.keys.layer(&same?.below, &Changes::default()))
    }

    /// The key that a layer had before, if the files in it are the same.
    fn same_content(
        &self,
        plan: &Plan,
        before: Option<&Plan>,
        layer: &Layer,
        stage: Option<usize>,
    ) -> Option<u64> {
        let unchanged = Changes::default();
        if matches!(layer, Layer::Image(_)) {
            return Some(self.layer(layer, &unchanged));
        }
        // The same stage before, by its name or else by its place.
        let (before, stage) = (before?, plan.stages.get(stage?)?);
        let same = match &stage.name {
            Some(_) => before.stages.iter().find(|other| other.name == stage.name),
            None => before.stages.get(stage.index).filter(|other| other.name.is_none()),
        };
        Some(before.keys.layer(&same?.end, &unchanged))
    }
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    of.hash(&mut hasher);
    hasher.finish()
}
