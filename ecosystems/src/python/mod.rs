//! What pip, uv, poetry, pipenv, pdm and conda share: requirements files and what they include, pyproject.toml, how the
//! tools are called, where they keep packages and caches.

pub(crate) mod archives;
pub(crate) mod cache;
pub(crate) mod call;
pub(crate) mod closure;
pub(crate) mod compiled;
pub(crate) mod config;
pub(crate) mod places;
pub(crate) mod requirements;
pub(crate) mod source;
pub(crate) mod toml_file;
pub(crate) mod venv;
pub(crate) mod wanted;
