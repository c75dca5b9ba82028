//! Wheels that a tool compiles and keeps.
//!
//! pip and the others take a wheel that they built of the same source archive before, whatever it was built with: "it only
//! means: don't download wheels" is said of `--no-binary` (pip's change log, 23.1). Who says how to compile wants it done
//! here, with the compiler and the libraries of this image; a mount would bring what another image was built with.
//!
//! pip builds packages without a pyproject.toml where it is, with the packages that are installed (flash-attention's pull request
//! 958: with one, build isolation "prevents src builds from compiling against the right version of PyTorch", and "the only way
//! is to use a pre-pyproject.toml package"), and keeps the wheel under the address of the source alone (`WheelCache`): with
//! another torch, it takes what was compiled against the first (tried with pip 23.2).

use dockfix_model::State;
use dockfix_model::commands::Invocation;
use dockfix_model::project::Project;

use super::call::origin;
use super::closure::Closure;
use super::requirements::{self, Item};
use super::source::is_name;
use super::wanted::Wanted;
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

/// Packages, as PyPI spells their names, that are compiled against the torch which is installed. Their `setup.py` imports it
/// (tried: `pip download --no-binary :all:` of those on PyPI fails with "No module named 'torch'"; apex, detectron2 and
/// pytorch3d are installed from their repositories alone), takes it along where it is there (mmcv), or writes its version down
/// to compare it when the program runs (deepspeed, `op_builder/builder.py`: "PyTorch version mismatch").
const AGAINST_TORCH: &str = "apex auto-gptq causal-conv1d deepspeed detectron2 exllamav2 flash-attn grouped-gemm inplace-abn \
    mamba-ssm minkowskiengine mmcv mmcv-full natten pytorch3d torch-cluster torch-points-kernels torch-scatter torch-sparse \
    torch-spline-conv transformer-engine-torch xformers";

/// Packages that others are compiled against.
const COMPILED_AGAINST: [&str; 2] = ["torch", "numpy"];

/// A package that a command asks for.
struct Asked {
    /// Its name, as PyPI spells it.
    name: String,
    /// It comes from a repository or another address, so that it is always built.
    is_remote: bool,
    /// Where that stands, for messages.
    place: String,
}

/// What a command asks for by name, on its line and in the files that are known.
fn asked(tool: &'static str, words: &Words<'_>, project: Option<&Project<'_>>) -> Vec<Asked> {
    let mut asked: Vec<_> = words
        .operands
        .iter()
        .filter_map(|operand| Asked::of(&operand.beginning(), tool.to_owned()))
        .collect();
    let Some(project) = project else { return asked };
    let mut closure = Closure::new(project, tool);
    // What comes before something that is not known is looked at all the same.
    let _ = Wanted::of(words).add_to(&mut closure, tool);
    for file in closure.into_needs().files {
        let text = project.read_text(file.as_str()).unwrap_or_default();
        let shown = project.shown(file.as_str());
        for line in requirements::lines(&text) {
            if let Item::Requirement(requirement) = requirements::item(&line.text) {
                asked.extend(Asked::of(&requirement, format!("{shown}:{}", line.number)));
            }
        }
    }
    asked
}

impl Asked {
    /// `flash_attn==2.5`, `x @ git+https://...`, `git+https://...#egg=x`; `None` for what has no name: pip never finds that
    /// again (`WheelCache.get_cache_entry`).
    fn of(requirement: &str, place: String) -> Option<Self> {
        // A wheel was compiled already.
        if requirement.contains(".whl") {
            return None;
        }
        let named = requirement.split_once("#egg=");
        let is_remote = requirement.contains("://");
        let text = match named {
            Some((_, name)) if is_remote => name,
            _ => requirement,
        };
        let end = text.find(|ch: char| !ch.is_ascii_alphanumeric() && !"-_.".contains(ch));
        let name = &text[..end.unwrap_or(text.len())];
        let is_address = end.is_some_and(|end| text[end..].starts_with([':', '+', '/']));
        let name = name.to_ascii_lowercase().replace(['_', '.'], "-");
        (is_name(&name) && !is_address).then_some(Self { name, is_remote, place })
    }
}

/// Fails where a command asks for a package that is compiled against another one of the image.
///
/// # Errors
///
/// The first of them; `tool` is named.
pub(crate) fn check_packages(
    tool: &'static str,
    words: &Words<'_>,
    project: Option<&Project<'_>>,
) -> Result<(), Refusal> {
    let asked = asked(tool, words, project);
    let refuse = |it: &Asked, how: &str| {
        Err(Refusal::new(format!(
            "{} installs {}, which {how}, and {tool} would take from the mount what was compiled against another",
            it.place, it.name
        )))
    };
    if let Some(found) =
        asked.iter().find(|it| AGAINST_TORCH.split_ascii_whitespace().any(|name| name == it.name))
    {
        return refuse(found, "is compiled against the torch of this image");
    }
    let base = asked.iter().find(|it| COMPILED_AGAINST.contains(&it.name.as_str()));
    match (asked.iter().find(|it| it.is_remote), base) {
        (Some(built), Some(base)) if built.name != base.name => {
            refuse(built, &format!("may be compiled against the {} of this image", base.name))
        }
        _ => Ok(()),
    }
}

/// The package that a command installs against which another, later one may compile what it keeps: whatever that builds, where
/// a build argument tells the version; else what it takes from a repository.
pub(crate) fn base_of(
    tool: &'static str,
    later: &Words<'_>,
    project: Option<&Project<'_>>,
    earlier: &Words<'_>,
) -> Option<&'static str> {
    let installs = |name: &&&str| {
        earlier.operands.iter().find(|operand| {
            Asked::of(&operand.beginning(), String::new()).is_some_and(|asked| asked.name == **name)
        })
    };
    let builds = || asked(tool, later, project).iter().any(|it| it.is_remote);
    let is_open =
        |name: &str| name == "torch" && installs(&&name).is_some_and(|operand| operand.value.is_none());
    let found = COMPILED_AGAINST.iter().filter(|name| installs(name).is_some());
    found.copied().find(|name| is_open(name) || builds())
}

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
