//! What a step is made from, besides its own text.

use super::selection::Selection;

/// What a step stands on, or copies from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// The empty image.
    Scratch,
    /// An image, by the name that FROM or `--from` gives it, variables replaced.
    Image(String),
    /// A step, as an index into [`Plan::steps`](super::Plan::steps).
    Step(usize),
}

/// Files that a step takes from elsewhere. They count by name, content and mode.
#[derive(Clone, Debug)]
pub enum Input {
    /// Files of the build context.
    Context(Selection),
    /// Files of another stage or image.
    Layer {
        /// Where they come from.
        layer: Layer,
        /// The stage whose end `layer` is; `None` for an image.
        stage: Option<usize>,
        /// The path there, as it is written, variables replaced.
        path: String,
    },
    /// What a server sends for a URL or git reference. That it changes cannot be told from here.
    Remote(String),
}

impl Input {
    /// Whether a path of the context is among the files, if the ignore file lets it through.
    pub(super) fn selects(&self, path: &str) -> bool {
        matches!(self, Self::Context(selection) if selection.takes(path))
    }
}
