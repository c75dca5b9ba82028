//! The program as its users run it, each time in a directory of its own and with an empty environment.
#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod cache;
mod color;
mod context;
mod documentation;
mod errors;
mod history;
mod isolation;
mod modes;
mod page;
mod sandbox;
mod selection;
mod stdin;
mod verify;
