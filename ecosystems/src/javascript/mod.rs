//! What npm, yarn, pnpm and bun share: package.json, workspaces, local dependencies, lifecycle scripts.
//!
//! A manager's own file says which lock and configuration files it reads and which of the rules here it follows
//! ([`closure::Rules`]); [`closure::Closure`] collects what an install of a project reads.

pub(crate) mod closure;
pub(crate) mod code;
pub(crate) mod glob;
pub(crate) mod local;
pub(crate) mod lock;
pub(crate) mod manifest;
pub(crate) mod npmrc;
pub(crate) mod packages;
pub(crate) mod prisma;
pub(crate) mod quiet;
pub(crate) mod scripts;
pub(crate) mod stale;
pub(crate) mod surroundings;
pub(crate) mod workspaces;
pub(crate) mod yaml;
