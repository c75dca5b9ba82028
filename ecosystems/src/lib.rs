//! What dockfix knows of package managers: which commands install, what they read and write, where their caches lie.
//!
//! Each manager is one file that implements [`Ecosystem`]; [`ALL`] lists them. The transforms ask through
//! [`recognise`] and never look at a manager's name.

mod apk;
mod apt;
mod bun;
mod bundler;
mod cargo;
mod composer;
mod conda;
mod corepack;
mod dnf;
mod dotnet;
mod ecosystem;
mod environment;
mod gem;
mod golang;
mod gradle;
mod java;
mod javascript;
mod maven;
mod mix;
mod newest;
mod npm;
mod options;
mod pacman;
mod pdm;
mod pip;
mod pipenv;
pub mod plain;
mod pnpm;
mod poetry;
mod python;
mod rebuilt;
mod ruby;
mod sbt;
mod settings_files;
mod strangers;
mod system;
mod text_file;
mod typical;
mod uv;
mod xml;
mod yarn;
mod zypper;

#[cfg(test)]
mod testing;

pub use apt::{AptCommand, apt_command};
pub use ecosystem::{
    COMMON_VARIABLES, Cache, CacheKind, CachePlan, CommandEdit, Compiled, Ecosystem, GIT_CREDENTIALS,
    GIT_VARIABLES, IndexUse, Needs, Planned, Planner, Refusal, Sharing, Stale, Unread, Usage, UsageKind,
    managers_of, names, names_a_project_manager, recognise, unread, without_version,
};
pub use javascript::quiet::asks_for_no_commit;
pub use newest::{branch_in_files, follows_a_branch};
pub use settings_files::SettingsFiles;
pub use strangers::stranger;
pub use typical::{EditKind, TypicalEdit, TypicalFiles, typical_edits};

/// Every package manager that is known, in the order in which they are asked.
pub const ALL: &[&dyn Ecosystem] = &[
    &apt::Apt,
    &conda::Conda,
    &dotnet::Dotnet,
    &dotnet::DotnetTool,
    &golang::Golang,
    &npm::Npm,
    &pip::Pip,
    &pdm::Pdm,
    &pipenv::Pipenv,
    &poetry::Poetry,
    &python::venv::Venv,
    &uv::Uv,
    &yarn::Yarn,
    &pnpm::Pnpm,
    &bun::Bun,
    &corepack::Corepack,
    &apk::Apk,
    &cargo::Cargo,
    &bundler::Bundler,
    &gem::Gem,
    &dnf::Dnf,
    &pacman::Pacman,
    &zypper::Zypper,
    &composer::Composer,
    &maven::Maven,
    &gradle::Gradle,
    &sbt::Sbt,
    &mix::Mix,
    &mix::MixLocal,
];
