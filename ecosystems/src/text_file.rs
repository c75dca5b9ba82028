//! A file of the project as text.

use dockfix_model::ImagePath;
use dockfix_model::project::Project;

use crate::Refusal;

/// A file of the build context that was read as text.
pub(crate) struct TextFile {
    /// Its path in messages.
    pub(crate) shown: String,
    /// What is in it.
    pub(crate) text: String,
}

impl TextFile {
    /// The file that the build context brings to `path`.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be read as text.
    pub(crate) fn read(project: &Project<'_>, path: &ImagePath) -> Result<Self, Refusal> {
        let shown = project.shown(path.as_str());
        match project.read_text(path.as_str()) {
            Some(text) => Ok(Self { shown, text }),
            None => Err(Refusal::new(format!("{shown} cannot be read as text"))),
        }
    }
}
