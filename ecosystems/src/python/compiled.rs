//! Wheels that a tool compiles and keeps.
//!
//! pip and the others take a wheel that they built of the same source archive before, whatever it was built with: "it only
//! means: don't download wheels" is said of `--no-binary` (pip's change log, 23.1). Who says how to compile wants it done
//! here, with the compiler and the libraries of this image; a mount would bring what another image was built with.

use dockfix_model::State;
use dockfix_model::commands::Invocation;

use super::call::origin;
use crate::Refusal;
use crate::environment::{Environment, Setting};
use crate::options::{Value, Words};

/// Variables that say how to compile: for the compiler and the linker (setuptools, `distutils/sysconfig.py`,
/// `customize_compiler`), for CMake (scikit-build-core's documentation, "Configuration"; llama-cpp-python's README), for
/// rustc (Cargo's book, "Environment variables"), for CUDA (PyTorch, `torch.utils.cpp_extension`; torchvision's `setup.py`).
const VARIABLES: [&str; 12] = [
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "ARCHFLAGS",
    "CMAKE_ARGS",
    "FORCE_CMAKE",
    "SKBUILD_CMAKE_ARGS",
    "RUSTFLAGS",
    "TORCH_CUDA_ARCH_LIST",
    "FORCE_CUDA",
    "FLASH_ATTENTION_FORCE_BUILD",
];

/// Fails where one of the options or variables, or one that every build reads, says how to compile.
///
/// # Errors
///
/// The first of them; `tool` is named.
pub(crate) fn check(
    tool: &str,
    command: &Invocation<'_>,
    state: &State,
    words: &Words<'_>,
    options: &[&str],
    variables: &[&str],
) -> Result<(), Refusal> {
    let refuse = |what: &str| {
        Err(Refusal::new(format!(
            "{what} says how to compile in this image, and {tool} would take from the mount what was compiled in another"
        )))
    };
    let mut given = words.options.iter().filter(|option| options.contains(&option.name));
    if let Some(option) = given.find(|option| option.value != Value::Known(":none:")) {
        return refuse(option.name);
    }
    let environment = Environment::new(command, state);
    // What the base image sets is the same for all that start from it.
    let is_set = |name: &&&str| {
        let is_written = command.assignments.iter().any(|(assigned, _)| assigned == *name)
            || state.variables.get(name).is_some_and(|variable| variable.line > 0);
        is_written && !matches!(environment.get(name), Setting::Unset | Setting::Known(":none:"))
    };
    match variables.iter().chain(&VARIABLES).find(is_set) {
        Some(name) => refuse(&origin(command, state, name)),
        None => Ok(()),
    }
}
