//! What a RUN undoes of its own install, or goes over once more.
//!
//! Within one RUN that costs the image nothing. Where the install gets a layer of its own, that keeps the development
//! dependencies for ever, or the next layer holds every file a second time: a layer has a file whole as soon as its owner or mode
//! is another (OCI image specification, "Image Layer Filesystem Changeset").

use dockfix_ecosystems::UsageKind;
use dockfix_model::build::Step;
use dockfix_model::commands::{Action, Link};
use dockfix_model::effects::{Effects, Paths};
use dockfix_model::project::Project;

use super::sink::Sinking;
use super::split::{each_command, removes_files};
use crate::analysis::{Analysis, Managed};
use crate::naming::shortened;

/// What one layer would hold of another's: for a message, behind a name of the other.
pub(super) struct Undone {
    /// The command, as written.
    command: String,
    is_removed: bool,
}

impl Undone {
    /// What comes of it where the install has the layer `layer`.
    pub(super) fn reason(&self, layer: &str) -> String {
        let Self { command, is_removed } = self;
        match is_removed {
            true => format!("what {command} may remove would stay in {layer}"),
            false => format!("what {command} goes over would lie in two layers, its own and {layer}"),
        }
    }
}

impl Sinking<'_, '_> {
    /// What undoes an install among `installs`, commands of the RUN `index`, in one of its links from `at` on.
    pub(super) fn undone(
        &self,
        index: usize,
        analysis: &Analysis<'_>,
        installs: &[&Managed<'_>],
        at: usize,
    ) -> Option<Undone> {
        let step = &self.stage.steps[index];
        let left = installs.iter().map(|managed| self.left_by(index, step, managed));
        let left = left.fold(Paths::none(), Paths::and);
        (at..analysis.chain.links.len()).find_map(|number| {
            let piece = &analysis.pieces[number];
            let link = &analysis.chain.links[number];
            let text = String::from_utf8_lossy(link.span.of(analysis.chain.text));
            let empties_cache = || {
                let mut emptied = piece.managed.iter().filter(|it| it.usage.kind == UsageKind::CleanCache);
                emptied
                    .any(|it| installs.iter().any(|install| it.ecosystem.name() == install.ecosystem.name()))
            };
            let installs_again = || {
                let mut again =
                    piece.managed.iter().filter(|managed| managed.usage.kind == UsageKind::Install);
                again.any(|again| installs.iter().any(|install| is_in_its_place(again, install)))
            };
            let meets = |effects: &Effects| effects.writes.overlaps(&left);
            let is_removed = !piece.is_shell_state
                && (installs_again()
                    || empties_cache()
                    || prunes(link)
                    || removes_files(link, analysis) && meets(&analysis.effects_of(number)));
            let is_gone_over = || goes_over(link, &text, &left);
            (is_removed || is_gone_over()).then(|| {
                let words: Vec<_> = text.split_whitespace().collect();
                Undone { command: format!("`{}`", shortened(&words.join(" "))), is_removed }
            })
        })
    }

    /// Where the files lie that an install leaves.
    fn left_by(&self, index: usize, step: &Step<'_>, managed: &Managed<'_>) -> Paths {
        let system = match &managed.usage.effects.writes {
            Paths::All => Paths::none(),
            known => known.clone(),
        };
        let Some(directory) = managed.usage.directory.clone() else { return system };
        let project = Project::new(self.input.context, self.supplies, directory).until(index);
        let needs = managed.ecosystem.needs(managed.command(), &managed.usage, &step.state, &project);
        system.and(Paths::below(needs.map_or_else(|_| Vec::new(), |needs| needs.outputs)))
    }
}

/// Whether a command installs where an earlier one has, and so may remove what that has installed. Managers that install into
/// the same place keep the same out of the build context.
fn is_in_its_place(again: &Managed<'_>, earlier: &Managed<'_>) -> bool {
    let (mine, its) = (again.ecosystem.ignored(), earlier.ecosystem.ignored());
    again.ecosystem.removes_extraneous(again.command())
        && again.usage.directory == earlier.usage.directory
        && mine.iter().any(|entry| its.contains(entry))
}

/// Whether a link removes packages, or files of them, by a command that says so by its name or its verb.
fn prunes(link: &Link<'_>) -> bool {
    const PRUNERS: [&str; 8] =
        ["modclean", "node-prune", "clean-modules", "autoclean", "dedupe", "rimraf", "focus", "del-cli"];
    let mut found = false;
    each_command(&link.action, &mut |command| {
        let words = command.arguments.iter().filter_map(|word| word.value.as_deref());
        // `@tuananh/node-prune`, `modclean@3`
        let name = |word: &str| word.rsplit('/').next().unwrap_or(word).split('@').next().map(str::to_owned);
        found |= std::iter::once(&*command.program)
            .chain(words)
            .filter_map(name)
            .any(|word| PRUNERS.contains(&word.as_str()));
    });
    found
}

/// Whether a link changes owners or modes of whole directories that overlap `left`.
fn goes_over(link: &Link<'_>, text: &str, left: &Paths) -> bool {
    const CHANGERS: [&str; 4] = ["chown", "chmod", "chgrp", "setfacl"];
    let is_recursive = |word: &str| {
        word == "--recursive" || word.starts_with('-') && !word.starts_with("--") && word.contains('R')
    };
    let words = || text.split(|ch: char| ch.is_whitespace() || "()'\";".contains(ch));
    let Action::Pipeline(commands) = &link.action else {
        return words().any(|word| CHANGERS.contains(&word))
            && words().any(|word| is_recursive(word) || matches!(word, "find" | "xargs"));
    };
    commands.iter().any(|command| {
        if !CHANGERS.contains(&&*command.program) {
            // `find /app -exec chown ...`, `xargs chown`
            return matches!(&*command.program, "find" | "xargs" | "sudo")
                && words().any(|word| CHANGERS.contains(&word));
        }
        let values = || command.arguments.iter().map(|argument| argument.value.as_deref());
        // The first operand is the owner or the mode; where it is taken for a path, it is none that anything is installed in.
        values().flatten().any(is_recursive)
            && values().any(|value| match (value, &command.directory) {
                (Some(word), _) if word.starts_with('-') => false,
                (Some(word), Some(directory)) => Paths::below(vec![directory.join(word)]).overlaps(left),
                _ => true,
            })
    })
}
