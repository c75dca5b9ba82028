//! What the name of a variable tells of who reads it.

use dockfix_model::effects::Names;

/// The arguments that name the platform: they have one value for each image that is built.
pub(super) const PLATFORM_ARGS: [&str; 8] = [
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
];

/// Whether what runs every program reads `name`, so that any command of a RUN may be steered by it.
pub(super) fn steers_every_program(name: &str) -> bool {
    EVERYWHERE
        .iter()
        .flat_map(|row| row.split_ascii_whitespace())
        .any(|pattern| pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start)))
}

/// Patterns of the names that something between BuildKit and any program reads. Case counts.
const EVERYWHERE: &[&str] = &[
    // environ(7), locale(7), tzset(3), ld.so(8), mallopt(3), resolv.conf(5), hostname(7), iconv(1).
    "HOME PATH PWD TMPDIR LANG LANGUAGE LC_* LOCPATH NLSPATH TZ TZDIR LD_* GLIBC_TUNABLES MALLOC_* GCONV_PATH",
    "RES_OPTIONS LOCALDOMAIN HOSTALIASES",
    // bash(1), "Shell Variables"; dash(1), "Environment".
    "BASH_ENV ENV SHELLOPTS BASHOPTS IFS CDPATH OLDPWD POSIXLY_CORRECT PS4",
    // The emulator of another platform's programs: qemu's user mode, "Command line options" and `qemu-user -h`.
    "QEMU_*",
    // What reproducible builds take for the time: BuildKit itself and every compiler and archiver
    // (reproducible-builds.org/specs/source-date-epoch).
    "SOURCE_DATE_EPOCH",
    // The SHELL of mambaorg/micromamba and of images built on it: mamba-org/micromamba-docker, _dockerfile_shell.sh and
    // _activate_current_env.sh.
    "MAMBA_* ENV_NAME DOCKERFILE_UMASK CONDA_PREFIX",
];

/// Whether builds of packages are known to read `name`, whatever else the file does with it.
pub(super) fn steers_builds(name: &str) -> bool {
    Names::matching(IN_BUILDS).contains(name)
}

/// Patterns of the names that builds of packages are known to read.
const IN_BUILDS: &[&str] = &[
    // Compilers and makefiles: gcc(1), "Environment Variables Affecting GCC"; make(1); cmake-env-variables(7).
    "AR AS CC CXX FC LD NM RANLIB STRIP *FLAGS CPATH *_INCLUDE_PATH *LIBRARY_PATH *_INCLUDE_DIR *_LIB_DIR PKG_CONFIG*",
    "CMAKE_* MAX_JOBS",
    // CUDA and ROCm: torch.utils.cpp_extension; the setup.py of torchvision, detectron2, flash-attn, xformers, vllm.
    "CUDA_HOME CUDA_PATH CUDA_ROOT CUDACXX CUDAHOSTCXX CUDAARCHS CUDA_ARCH* *_CUDA_ARCH* *CUDA_ARCH_LIST CUDNN_* NVCC*",
    "FORCE_CUDA USE_CUDA *_CUDA BUILD_CUDA_* USE_ROCM ROCM_* HIP_* PYTORCH_ROCM_ARCH FLASH_ATTENTION_*",
    // llama-cpp-python, pycurl, grpc (Python and Ruby), openssl-sys and cryptography, mimemagic, exla, vix.
    "GGML_* LLAMA_* PYCURL_* GRPC_* OPENSSL_* FREEDESKTOP_MIME_TYPES_PATH XLA_* EXLA_* VIX_*",
    // Versions and plugins of Python's build back ends: pbr, setuptools-scm, hatch, poetry-dynamic-versioning.
    "PBR_* SETUPTOOLS_* *_PRETEND_VERSION HATCH_* POETRY_DYNAMIC_VERSIONING_*",
];

/// Whether `name` says that it is a stamp or is for pages of the project: code of packages has no use for it.
pub(super) fn is_plain(name: &str) -> bool {
    is_stamp(name) || IN_PAGES.iter().any(|start| name.starts_with(start))
}

/// What bundlers copy into the pages that they make, and nobody else looks at: the documentation of Next.js, Vite,
/// Create React App, Vue CLI, Nuxt and Expo. Not `GATSBY_*`, by which gatsby's install script is told to keep quiet.
const IN_PAGES: [&str; 6] =
    ["NEXT_PUBLIC_", "VITE_", "REACT_APP_", "VUE_APP_", "NUXT_PUBLIC_", "EXPO_PUBLIC_"];

/// Whether `name` is that of a commit, a date or a number which a build is marked with: every part of it is one of the words
/// below. `PBR_VERSION` and `TORCH_VERSION` are somebody's own.
pub(super) fn is_stamp(name: &str) -> bool {
    let is_one_of = |part: &str, words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(part));
    let mut parts = name.split('_').filter(|part| !part.is_empty());
    let is_known = parts.clone().all(|part| is_one_of(part, STAMPS) || is_one_of(part, QUALIFIERS));
    is_known && parts.any(|part| is_one_of(part, STAMPS))
}

/// What the predefined annotations of OCI images (image-spec, annotations.md: created, version, revision) and the labels of
/// label-schema.org (build-date, vcs-ref) are about, under the names that the hooks of Docker Hub (SOURCE_COMMIT, DOCKER_TAG),
/// Jenkins (BUILD_NUMBER, GIT_COMMIT) and GitLab (CI_COMMIT_SHA) gave them.
const STAMPS: &[&str] = &[
    "BRANCH",
    "COMMIT",
    "CREATED",
    "DATE",
    "HASH",
    "NUMBER",
    "REF",
    "RELEASE",
    "REV",
    "REVISION",
    "SHA",
    "SHA1",
    "TAG",
    "TIME",
    "TIMESTAMP",
    "VERSION",
];

/// What may stand beside a stamp.
const QUALIFIERS: &[&str] = &[
    "APP", "BUILD", "CI", "DOCKER", "FULL", "GIT", "GITHUB", "HEAD", "IMAGE", "LAST", "LONG", "NAME",
    "SHORT", "SOURCE", "VCS",
];

#[cfg(test)]
mod tests {
    use super::{is_plain, steers_builds, steers_every_program};

    #[test]
    fn names_tell() {
        for name in ["GIT_SHA", "commit_hash", "VERSION", "BUILD_DATE", "CI_COMMIT_SHORT_SHA", "VITE_API_URL"]
        {
            assert!(is_plain(name), "{name}");
        }
        for name in ["PBR_VERSION", "USER", "APP", "BUILD_TYPE", "TOKEN", "XLA_TARGET", "", "_", "SHARE"] {
            assert!(!is_plain(name), "{name}");
        }
        for name in ["QEMU_CPU", "LC_ALL", "ENV", "MAMBA_DOCKERFILE_ACTIVATE"] {
            assert!(steers_every_program(name), "{name}");
        }
        for name in ["env", "ENVIRONMENT", "HOMEPAGE", "PATHS"] {
            assert!(!steers_every_program(name), "{name}");
        }
        for name in ["TORCH_CUDA_ARCH_LIST", "NVCC_FLAGS", "GGML_CUDA", "CPLUS_INCLUDE_PATH", "PBR_VERSION"] {
            assert!(steers_builds(name), "{name}");
        }
        for name in ["TORCH_VERSION", "CUDA_VERSION", "POETRY_VERSION", "GIT_SHA"] {
            assert!(!steers_builds(name), "{name}");
        }
    }
}
