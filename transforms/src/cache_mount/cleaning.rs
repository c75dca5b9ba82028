//! What in a RUN empties a cache that is about to be mounted.
//!
//! Under a mount, removing what lies in it empties the cache for the next build; removing the mount point itself, or a
//! directory above it, fails with "Device or resource busy" and breaks the build (measured).

use dockfix_ecosystems::UsageKind;
use dockfix_model::ImagePath;
use dockfix_model::commands::{Action, Invocation};
use dockfix_syntax::Span;

use crate::analysis::Analysis;

/// What has to go.
#[derive(Debug, Default)]
pub(super) struct Cleaning {
    /// Numbers of whole links.
    pub(super) links: Vec<usize>,
    /// Words of `rm` that name what lies in a cache.
    pub(super) words: Vec<Span>,
}

impl Cleaning {
    pub(super) fn is_empty(&self) -> bool {
        self.links.is_empty() && self.words.is_empty()
    }
}

/// How a word of a command relates to a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Elsewhere,
    /// It names the directory, or something in it.
    Inside,
    /// It names a directory above it, or a pattern that takes one in.
    Above,
}

/// Finds what empties `directories`. The error says why a mount cannot be.
pub(super) fn find(
    analysis: &Analysis<'_>,
    directories: &[&ImagePath],
    managers: &[&str],
) -> Result<Cleaning, String> {
    let mut cleaning = Cleaning::default();
    for (number, (link, piece)) in analysis.chain.links.iter().zip(&analysis.pieces).enumerate() {
        let cleans = piece.managed.iter().any(|managed| {
            managed.usage.kind == UsageKind::CleanCache && managers.contains(&managed.ecosystem.name())
        });
        match &link.action {
            Action::Pipeline(commands) if cleans => {
                if commands.len() > 1 {
                    return Err("the cache is cleaned in a pipeline".to_owned());
                }
                cleaning.links.push(number);
            }
            Action::Pipeline(commands) => match &commands[..] {
                [command] if command.program == "rm" => remove(command, number, directories, &mut cleaning)?,
                _ => commands.iter().try_for_each(|command| leaves_alone(command, directories))?,
            },
            _ => mentions(link.span.of(analysis.chain.text), directories)?,
        }
    }
    Ok(cleaning)
}

/// Whether the RUN removes all that lies in `directory`, so that nothing is left for later steps.
pub(super) fn empties(analysis: &Analysis<'_>, directory: &ImagePath) -> bool {
    analysis.chain.links.iter().any(|link| match &link.action {
        Action::Pipeline(commands) => commands.iter().any(|command| {
            command.program == "rm"
                && command.arguments.iter().any(|argument| {
                    let all = argument.glob.as_deref().and_then(|glob| glob.strip_suffix("/*"));
                    let whole = all.or(argument.value.as_deref());
                    whole.and_then(ImagePath::absolute).is_some_and(|path| directory.below(&path).is_some())
                })
        }),
        _ => false,
    })
}

/// The words of an `rm` that have to go; the whole link where nothing else is left.
fn remove(
    command: &Invocation<'_>,
    number: usize,
    directories: &[&ImagePath],
    cleaning: &mut Cleaning,
) -> Result<(), String> {
    let mut words = Vec::new();
    let mut stays = false;
    for argument in &command.arguments {
        if argument.text.starts_with(b"-") {
            continue;
        }
        let text = argument.glob.as_deref().or(argument.value.as_deref());
        let Some(text) = text else {
            mentions(argument.text, directories)?;
            stays = true;
            continue;
        };
        match relation(text, command.directory.as_ref(), directories) {
            Relation::Elsewhere => stays = true,
            Relation::Inside => words.push(argument.span),
            Relation::Above => {
                return Err(format!("`{} {text}` would fail on the mount point", command.program));
            }
        }
    }
    if !words.is_empty() && !stays {
        cleaning.links.push(number);
    } else {
        cleaning.words.extend(words);
    }
    Ok(())
}

/// Any other command must not name the directories, or it would work on the mount instead of the image.
fn leaves_alone(command: &Invocation<'_>, directories: &[&ImagePath]) -> Result<(), String> {
    const WALKERS: [&str; 10] =
        ["chown", "chmod", "chgrp", "mv", "cp", "find", "tar", "rsync", "setfacl", "ln"];
    for argument in &command.arguments {
        let text = argument.glob.as_deref().or(argument.value.as_deref());
        let Some(text) = text else {
            mentions(argument.text, directories)?;
            continue;
        };
        let is_hit = match relation(text, command.directory.as_ref(), directories) {
            Relation::Elsewhere => false,
            Relation::Inside => true,
            // `cd /root` does not mind; what walks the tree does.
            Relation::Above => WALKERS.contains(&command.program.as_str()),
        };
        if is_hit {
            return Err(format!("`{} {text}` would work on the mount", command.program));
        }
    }
    Ok(())
}

fn relation(text: &str, current: Option<&ImagePath>, directories: &[&ImagePath]) -> Relation {
    // What comes before the first wildcard is certain.
    let (fixed, has_wildcard) = match text.find(['*', '?', '[']) {
        Some(at) => (text[..at].rsplit_once('/').map_or("", |(directory, _)| directory), true),
        None => (text, false),
    };
    let path = if text.starts_with('/') {
        ImagePath::absolute(if fixed.is_empty() { "/" } else { fixed })
    } else if text.starts_with(['-', '$']) {
        None
    } else {
        current.map(|current| current.join(fixed))
    };
    let Some(path) = path else { return Relation::Elsewhere };
    for directory in directories {
        if path.below(directory).is_some() {
            return Relation::Inside;
        }
        if let Some(rest) = directory.below(&path) {
            // `/var/cache/a*` does not reach `/var/cache/debconf`, but nobody needs to know that exactly.
            let first = rest.split('/').next().unwrap_or_default();
            let pattern = text.get(fixed.len()..).unwrap_or_default().trim_start_matches('/');
            let pattern = pattern.split('/').next().unwrap_or_default();
            let reaches = !has_wildcard || dockfix_model::pattern::matches(pattern, first).unwrap_or(true);
            if reaches {
                return Relation::Above;
            }
        }
    }
    Relation::Elsewhere
}

/// Text that is not read further must not name the directories, or what lies above them, at all.
fn mentions(text: &[u8], directories: &[&ImagePath]) -> Result<(), String> {
    let text = String::from_utf8_lossy(text);
    for directory in directories {
        let home = directory.as_str().strip_prefix("/root/").map(|rest| format!("~/{rest}"));
        let named = [Some(directory.as_str().to_owned()), home];
        let parent = directory.parent().filter(|parent| parent.as_str().matches('/').count() > 1);
        let above = parent.is_some_and(|parent| {
            text.split(|ch: char| ch.is_whitespace() || matches!(ch, '"' | '\'' | ';' | ')' | '}')).any(
                |word| {
                    word == parent.as_str()
                        || word.strip_prefix(parent.as_str()).is_some_and(|rest| rest.starts_with("/*"))
                },
            )
        });
        if above || named.iter().flatten().any(|name| text.contains(name.as_str())) {
            return Err(format!("a command that is not read further names {directory}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_inside_from_above() {
        let lists = ImagePath::absolute("/var/lib/apt/lists").unwrap();
        let of = |text: &str| relation(text, None, &[&lists]);
        assert_eq!(of("/var/lib/apt/lists/*"), Relation::Inside);
        assert_eq!(of("/var/lib/apt/lists"), Relation::Inside);
        assert_eq!(of("/var/lib/apt"), Relation::Above);
        assert_eq!(of("/var/lib/*"), Relation::Above);
        assert_eq!(of("/var/lib/dpkg*"), Relation::Elsewhere);
        assert_eq!(of("/tmp/*"), Relation::Elsewhere);
        assert_eq!(of("/var/lib/apt/extended_states"), Relation::Elsewhere);
        assert_eq!(of("-rf"), Relation::Elsewhere);
    }
}
