//! `dockfix transforms` and `dockfix explain`: what the transforms do.

use std::io::{self, Write};

use anyhow::bail;
use dockfix_transforms::registry;

/// What to explain.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The name of a transform; a list of them if none is given.
    transform: Option<String>,
}

/// Writes one line for each transform.
pub(crate) fn list(out: &mut impl Write) -> io::Result<()> {
    let transforms = registry();
    let width = transforms.iter().map(|transform| transform.id.len()).max().unwrap_or_default();
    for transform in transforms {
        writeln!(out, "{:width$}  {}", transform.id, transform.summary)?;
    }
    Ok(())
}

/// Writes the page of a transform.
///
/// # Errors
/// There is no such transform.
pub(crate) fn explain(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    let Some(name) = &arguments.transform else { return Ok(list(out)?) };
    let transforms = registry();
    let Some(transform) = transforms.iter().find(|transform| transform.id == name) else {
        let known: Vec<&str> = transforms.iter().map(|transform| transform.id).collect();
        bail!("{name}: there is no transform of that name; there are {}", known.join(", "));
    };
    writeln!(out, "{}", transform.documentation.trim_end())?;
    Ok(())
}
