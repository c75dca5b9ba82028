//! A RUN cut in two: the install above the copy, the rest below it.

use dockfix_ecosystems::{UsageKind, plain};
use dockfix_model::ImagePath;
use dockfix_model::build::Step;
use dockfix_model::commands::{Action, Invocation, Link, Place};
use dockfix_model::effects::Paths;
use dockfix_model::project::Project;
use dockfix_syntax::shell::Operator;
use dockfix_syntax::view::MountKind;

use super::hints::paths_in;
use super::plan::Below;
use super::sink::{Sinking, Stop};
use crate::analysis::{Analysis, Managed};
use crate::failure::stops_at_failure;
use crate::naming::shortened;

impl Sinking<'_, '_> {
    /// Splits a RUN before link `at`, which `stop` keeps below the sources, where what stands before is worth it and the
    /// split means the same.
    pub(super) fn split(
        &self,
        index: usize,
        analysis: &Analysis<'_>,
        at: usize,
        names: &[String],
        stop: Stop,
    ) -> Result<Below, Stop> {
        let step = &self.stage.steps[index];
        let links = &analysis.chain.links;
        if names.is_empty() || self.uncut(step, analysis, at).is_some() {
            return Err(stop);
        }
        // A split for what downloads nothing is only worth it where a download comes free by it.
        let downloads = analysis.pieces[..at].iter().flat_map(|piece| &piece.managed).any(|managed| {
            let directory = managed.usage.directory.clone();
            let project = directory
                .map(|directory| Project::new(self.input.context, self.supplies, directory).until(index));
            let usage = &managed.usage;
            let plan = managed.ecosystem.caches(managed.command(), usage, &step.state, project.as_ref());
            plan.map_or(true, |plan| !plan.caches.is_empty()) && !renews_installer(managed)
        });
        if !downloads && !matches!(stop, Stop::Served) {
            return Err(stop);
        }
        if let Some(path) = own_to_the_run(step, analysis, at) {
            return Err(Stop::Known(format!(
                "what stands in {path} when the first commands of line {} have run is gone in a RUN of its own",
                step.instruction.start_line()
            )));
        }
        // What the second part removes would stay in the layer of the first.
        if self.reaches_the_end()
            && let Some(remover) = removed_later(analysis, at)
        {
            return Err(Stop::Known(format!(
                "its RUN would have to be split, and what {remover} may remove would stay in the layer of the first part"
            )));
        }
        let installs: Vec<_> = analysis.pieces[..at].iter().flat_map(|piece| &piece.managed).collect();
        if self.reaches_the_end()
            && let Some(undone) = self.undone(index, analysis, &installs, at)
        {
            return Err(Stop::Known(format!(
                "its RUN would have to be split, and {}",
                undone.reason("the layer of the first part")
            )));
        }
        let state = analysis.pieces[..at]
            .iter()
            .zip(&**links)
            .filter(|(piece, _)| piece.is_shell_state)
            .map(|(_, link)| String::from_utf8_lossy(link.span.of(analysis.chain.text)).into_owned())
            .collect();
        Ok(Below::Split { step: index, at, state })
    }

    /// Why a RUN does not mean the same when it is cut before link `at`, for a message.
    pub(super) fn uncut(&self, step: &Step<'_>, analysis: &Analysis<'_>, at: usize) -> Option<&'static str> {
        let links = &analysis.chain.links;
        match analysis.chain.place {
            Place::Logical(_) if step.instruction.heredocs().is_empty() => {}
            Place::Exec => return Some("a RUN in JSON form is not split"),
            _ => return Some("a RUN with a heredoc is not split"),
        }
        let fails_alike = may_split(&operators(analysis), at) || stops_between(analysis, at);
        if !fails_alike || links[..at].iter().any(ends_the_shell) {
            return Some("a split would change what is run after a failure");
        }
        if links[..at].iter().any(sets_what_is_printed) {
            return Some("what a command substitution before it prints may be another in a RUN of its own");
        }
        (!self.has_directories(analysis, at)).then_some("a `cd` before it goes into a directory of theirs")
    }

    /// Whether this stage's layers are part of an image that somebody may ask for.
    pub(super) fn reaches_the_end(&self) -> bool {
        self.input.reading.build.image_of(self.stage.index).is_some()
    }
}

/// Whether a list of commands means the same when it is cut before link `at`: the first part must succeed for the second
/// to run, its failure must be the failure of the whole, and neither runs in the background.
fn may_split(operators: &[Option<Operator>], at: usize) -> bool {
    if at == 0 || at >= operators.len() || operators.last() == Some(&Some(Operator::Background)) {
        return false;
    }
    operators[at - 1..operators.len() - 1].iter().all(|operator| *operator == Some(Operator::And))
}

/// The same for a list in which `set -e` makes `;` what `&&` is: what stands before the cut is no part of an `a && b`, of which
/// the shell minds only the last failure (dash(1), `-e`), and so is no command that the second part repeats.
fn stops_between(analysis: &Analysis<'_>, at: usize) -> bool {
    let operators = operators(analysis);
    let ends = |number: usize| operators[number] == Some(Operator::Semicolon);
    // Nothing is to be said of how `set -e` itself ends.
    let is_alone = |number: usize| {
        ends(number)
            && (number == 0 || ends(number - 1) || number == 1 && operators[0] == Some(Operator::And))
    };
    let is_repeated = |number: &usize| analysis.pieces[*number].is_shell_state;
    at > 1
        && at < operators.len()
        && operators.last() != Some(&Some(Operator::Background))
        && stops_at_failure(&analysis.chain)
        && is_alone(at - 1)
        && matches!(operators[0], Some(Operator::And | Operator::Semicolon))
        && (1..at).filter(is_repeated).all(is_alone)
}

fn operators(analysis: &Analysis<'_>) -> Vec<Option<Operator>> {
    analysis.chain.links.iter().map(|link| link.operator.map(|(operator, _)| operator)).collect()
}

/// Whether nothing behind a link is run by the same shell: `exit`, `return`.
fn ends_the_shell(link: &Link<'_>) -> bool {
    let Action::Pipeline(commands) = &link.action else { return false };
    matches!(&commands[..], [command] if matches!(&*command.program, "exit" | "return" | "break" | "continue"))
}

/// Whether a link puts the output of commands into a variable, for which the second part would run them again.
fn sets_what_is_printed(link: &Link<'_>) -> bool {
    let Action::Pipeline(commands) = &link.action else { return false };
    matches!(&commands[..], [command] if !command.substituted.is_empty() && plain::changes_shell_state(command))
}

/// Whether a command installs nothing but the installer itself and what it builds with, `pip install --upgrade pip setuptools`: that
/// is downloaded in no time, and not worth a layer.
fn renews_installer(managed: &Managed<'_>) -> bool {
    const INSTALLERS: [&str; 4] = ["pip", "setuptools", "wheel", "build"];
    let words = managed.command().arguments.iter().map(|word| word.value.as_deref().unwrap_or_default());
    let named: Vec<_> =
        words.skip_while(|word| *word != "install").skip(1).filter(|word| !word.starts_with('-')).collect();
    managed.usage.kind == UsageKind::Packages
        && !named.is_empty()
        && named.iter().all(|word| {
            let end = word.find(['=', '<', '>', '~', '!', '[', ' ']).unwrap_or(word.len());
            INSTALLERS.contains(&&word[..end])
        })
}

/// A place that every RUN finds empty, or as it was, and that the commands before link `at` write to: what BuildKit mounts
/// for each RUN (`/dev/shm`, `/proc`, `/sys`, the files of the network), a tmpfs, a writable bind mount, whose
/// changes are dropped (Dockerfile reference, "RUN --mount").
fn own_to_the_run(step: &Step<'_>, analysis: &Analysis<'_>, at: usize) -> Option<ImagePath> {
    const OF_EVERY_RUN: [ImagePath; 7] = [
        ImagePath::fixed("/dev/shm"),
        ImagePath::fixed("/dev/mqueue"),
        ImagePath::fixed("/proc"),
        ImagePath::fixed("/sys"),
        ImagePath::fixed("/etc/hosts"),
        ImagePath::fixed("/etc/resolv.conf"),
        ImagePath::fixed("/etc/hostname"),
    ];
    let mounts = step.instruction.mounts();
    let mounted = mounts.iter().filter(|mount| match mount.kind {
        MountKind::Tmpfs => true,
        MountKind::Bind => {
            mount.has("rw") || mount.has("readwrite") || mount.has("readonly") || mount.has("ro")
        }
        _ => false,
    });
    let escape = step.instruction.file().escape();
    let mounted = mounted.map(|mount| mount.target().and_then(|target| step.state.path(target, escape)));
    let places = OF_EVERY_RUN.into_iter().map(Some).chain(mounted);
    let written: Vec<Paths> = (0..at).map(|number| written_by(analysis, number)).collect();
    places.into_iter().find_map(|place| {
        let place = place.unwrap_or_else(ImagePath::root);
        let is_written = |paths: &Paths| match paths {
            Paths::All => true,
            Paths::Below(paths) => paths.iter().any(|path| path.below(&place).is_some()),
        };
        // What is known of commands leaves devices out.
        let is_named = place.as_str().starts_with("/dev/")
            && analysis.chain.links[..at].iter().any(|link| {
                let text = String::from_utf8_lossy(link.span.of(analysis.chain.text));
                !paths_in(&text, &place).is_empty()
            });
        (is_named || written.iter().any(is_written)).then_some(place)
    })
}

/// What a link writes, the outputs of an install in its project left out.
fn written_by(analysis: &Analysis<'_>, number: usize) -> Paths {
    let mut written = analysis.effects_of(number).writes;
    each_command(&analysis.chain.links[number].action, &mut |command| {
        let named = command.redirects.iter().filter(|(is_written, _)| *is_written);
        for (_, path) in named {
            let paths = path.as_ref().map_or(Paths::All, |path| Paths::below(vec![path.clone()]));
            written = std::mem::replace(&mut written, Paths::none()).and(paths);
        }
    });
    written
}

pub(super) fn each_command<'l>(action: &'l Action<'_>, visit: &mut dyn FnMut(&'l Invocation<'_>)) {
    match action {
        Action::Pipeline(commands) => commands.iter().for_each(visit),
        Action::Nested(links) => links.iter().for_each(|link| each_command(&link.action, visit)),
        Action::Opaque(_) => {}
    }
}

/// What may remove files, from link `at` on, that the links before it have made.
///
/// Who installs packages rarely means to remove them again, and says so when he does. Files that the first commands write
/// themselves (a token, an archive) any command may remove that is not known.
fn removed_later(analysis: &Analysis<'_>, at: usize) -> Option<String> {
    let own = (0..at).map(|number| made_by_hand(analysis, number)).fold(Paths::none(), Paths::and);
    (at..analysis.chain.links.len()).find_map(|number| {
        let link = &analysis.chain.links[number];
        let removes = !analysis.pieces[number].is_shell_state && removes_files(link, analysis)
            || own != Paths::none()
                && (analysis.unknown_in(number).is_some() || written_by(analysis, number).overlaps(&own));
        let text = String::from_utf8_lossy(link.span.of(analysis.chain.text));
        let words: Vec<_> = text.split_whitespace().collect();
        removes.then(|| format!("`{}`", shortened(&words.join(" "))))
    })
}

/// The files that a link writes and no package manager does, or that hold a manager's credentials. Directories, owners and
/// modes are nobody's secret.
fn made_by_hand(analysis: &Analysis<'_>, number: usize) -> Paths {
    const SECRETS: [&str; 6] = ["token", "auth", "passw", "secret", "cred", "key"];
    const HARMLESS: [&str; 8] =
        ["mkdir", "chown", "chmod", "chgrp", "groupadd", "useradd", "addgroup", "adduser"];
    let mut paths = Paths::none();
    each_command(&analysis.chain.links[number].action, &mut |command| {
        let managed = analysis.managed().find(|managed| managed.command().span == command.span);
        let is_secret = || {
            let text = String::from_utf8_lossy(command.span.of(analysis.chain.text)).to_lowercase();
            SECRETS.iter().any(|word| text.contains(word))
        };
        let writes = match managed {
            Some(managed) if managed.usage.kind == UsageKind::Settings && is_secret() => Paths::All,
            Some(_) => Paths::none(),
            // It changes a file that was there.
            None if command.program == "sed" && !is_secret() => Paths::none(),
            None if HARMLESS.contains(&&*command.program) => Paths::none(),
            None => analysis.effects_of(number).writes,
        };
        let is_redirected = command.redirects.iter().any(|(is_written, path)| {
            *is_written && path.as_ref().is_none_or(|path| path.below(&ImagePath::fixed("/dev")).is_none())
        });
        let redirected = if is_redirected { written_by(analysis, number) } else { Paths::none() };
        paths = std::mem::replace(&mut paths, Paths::none()).and(writes).and(redirected);
    });
    paths
}

/// Whether a link says that it removes files that an earlier one has made.
pub(super) fn removes_files(link: &Link<'_>, analysis: &Analysis<'_>) -> bool {
    const REMOVERS: [&str; 19] = [
        "rm",
        "rmdir",
        "unlink",
        "shred",
        "truncate",
        "del",
        "delete",
        "unset",
        "logout",
        "purge",
        "remove",
        "autoremove",
        "prune",
        "clean",
        "cleanup",
        "uninstall",
        "erase",
        "-delete",
        "mv",
    ];
    let text = String::from_utf8_lossy(link.span.of(analysis.chain.text));
    text.split(|ch: char| !ch.is_ascii_alphanumeric() && ch != '-' && ch != '_')
        .any(|word| REMOVERS.contains(&word.trim_start_matches("--")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_cut_only_where_failure_means_failure() {
        let (and, or, semicolon) = (Some(Operator::And), Some(Operator::Or), Some(Operator::Semicolon));
        assert!(may_split(&[and, and, None], 1));
        assert!(may_split(&[semicolon, and, None], 2));
        assert!(may_split(&[or, and, None], 2));
        assert!(!may_split(&[and, or, None], 1));
        assert!(!may_split(&[and, semicolon, None], 1));
        assert!(!may_split(&[semicolon, None], 1));
        assert!(!may_split(&[and, None], 0));
        assert!(!may_split(&[and, Some(Operator::Background)], 1));
    }
}
