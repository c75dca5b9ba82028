//! Where Python tools keep their caches.

use dockfix_model::ImagePath;

use crate::Refusal;
use crate::environment::Environment;

/// The directory that `variable` names, or else `name` in the user's cache directory: `$XDG_CACHE_HOME`, or `.cache` in
/// the home directory (XDG Base Directory Specification).
///
/// # Errors
///
/// When it is not known.
pub(crate) fn directory(
    environment: &Environment<'_>,
    variable: &str,
    name: &str,
) -> Result<ImagePath, Refusal> {
    if let Some(path) = environment.path(variable)? {
        return Ok(path);
    }
    if let Some(path) = environment.path("XDG_CACHE_HOME")? {
        return Ok(path.join(name));
    }
    Ok(environment.home()?.join(".cache").join(name))
}
