//! The program as its users run it, each time in a directory of its own and with an empty environment.

mod color;
mod context;
mod errors;
mod isolation;
mod modes;
mod sandbox;
mod selection;
mod stdin;
