//! Where Python tools keep their caches, and what is in them.
//!
//! All of them also keep the wheels that they build of sources: pip in `wheels` (`pip/_internal/cache.py`, `WheelCache`; pipenv
//! and what runs pip), uv in `sdists-v*` (uv's documentation, "Caching"), poetry among its artifacts (`poetry/utils/cache.py`,
//! `ArtifactCache`; `installation/chef.py`), pdm in `wheels` (`pdm/models/caches.py`, `WheelCache`). The key is where the source
//! comes from and the interpreter (`_get_cache_path_parts`), and the wheel is called `linux_x86_64` whatever C library it was
//! compiled with: an image of another one takes it, and fails where it is imported. So they are
//! [`crate::Ecosystem::keeps_compiled`].

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
