//! What a Docker build means, as far as it can be said without running it.
//!
//! - [`context`]: the build context as a tree of files, and what COPY takes from it.
//! - [`build`]: the stages, and what holds at each instruction: directory, user, shell, variables.
//! - [`cache`]: which steps run again after a change.
//! - [`commands`]: the commands of a RUN, told apart as far as they can be.
//! - [`effects`]: what may change places with what.
//! - [`images`]: what is known of official base images.
//! - [`dockerignore`]: which of those files BuildKit never gets to see.
//! - [`pattern`]: Go's file name patterns, which COPY sources are written in.
//! - [`project`]: which files of the context a command finds where in the image.

pub mod build;
pub mod cache;
pub mod commands;
pub mod context;
pub mod dockerignore;
pub mod effects;
pub mod images;
pub mod pattern;
pub mod project;

mod path;
mod state;
mod variables;

pub use path::ImagePath;
pub use state::{Shell, State, User};
pub use variables::{Expanded, Origin, PREDEFINED_ARGS, Variable, Variables};
