//! What a RUN may read of an argument.

use std::borrow::Cow;

use dockfix_ecosystems::branch_in_files;
use dockfix_model::ImagePath;
use dockfix_model::build::Step;
use dockfix_model::project::Project;
use dockfix_syntax::view::{Copy, Variables};
use dockfix_syntax::{Keyword, variables};

use super::{Reads, Way, busting, names};
use crate::analysis::{Managed, has_project};
use crate::mounts;

impl Way<'_, '_> {
    /// What sets a name that would move along, where that is not the argument itself.
    fn set_beside(&self, name: &str) -> Option<String> {
        let sets = |index: usize| self.declared(index).iter().any(|set| set == name);
        let carrier = self.carriers.iter().copied().find(|&carrier| sets(carrier) && !sets(self.index))?;
        let instruction = &self.stage.steps[carrier].instruction;
        Some(format!("the {} of line {}", instruction.keyword(), instruction.start_line()))
    }

    pub(super) fn pass_run(&self, step: &Step<'_>, at: usize) -> Reads {
        let texts = self.texts(step);
        if texts.iter().any(|text| self.names.iter().any(|name| has_word(text, name))) {
            return Reads::Yes;
        }
        if let Some(name) = self.names.iter().find(|name| names::steers_every_program(name)) {
            return Reads::Maybe(match self.set_beside(name) {
                Some(place) => format!("{place} sets {name}, by which any program may be steered"),
                None => format!("any program may be steered by variables such as {name}"),
            });
        }
        let analysis = match self.input.reading.run(step) {
            Ok(analysis) => analysis,
            Err(reason) => return Reads::Maybe(format!("{reason}, so it may read any variable")),
        };
        let read = match analysis.variables() {
            Ok(read) => read,
            Err(unknown) => return Reads::Maybe(format!("{unknown} may read any variable")),
        };
        if let Some(name) = self.names.iter().find(|name| read.contains(name)) {
            return Reads::Maybe(match self.set_beside(name) {
                Some(place) => format!("{place} sets {name}, and a command there reads such variables"),
                None => format!("a command there reads variables such as {name}"),
            });
        }
        if let Some(command) = busting::taken_as_it_is(analysis) {
            return Reads::Maybe(format!(
                "`{command}` takes what is there when it runs, which another value may be for"
            ));
        }
        let may_be_a_stamp = self.names.iter().any(|name| names::is_stamp(name) || !self.is_read(name));
        if may_be_a_stamp && let Some(command) = busting::brought_up_to_date(analysis) {
            return Reads::Maybe(format!(
                "`{command}` gets what is newest when it runs, which another value may be for"
            ));
        }
        if analysis.managed().any(|managed| !managed.ecosystem.is_for_root())
            && let Some(line) = self.written_above()
        {
            return Reads::Maybe(format!("line {line} writes it down, which a command there may read"));
        }
        for managed in analysis.managed().filter(|managed| has_project(managed.usage.kind)) {
            let manager = managed.ecosystem.name();
            let Some(directory) = managed.usage.directory.clone().filter(|_| self.input.context.is_known())
            else {
                return Reads::Maybe(format!("the files that {manager} reads there are not known"));
            };
            if mounts::check_sources(step, &directory).is_err() {
                return Reads::Maybe(format!(
                    "the files that {manager} reads there are mounted, and what they name is not looked at"
                ));
            }
            let project =
                Project::new(self.input.context, self.input.supplies(self.stage), directory).until(at);
            match managed.ecosystem.needs(managed.command(), &managed.usage, analysis.state(), &project) {
                Ok(needs) => {
                    let files = needs.files.iter().find(|file| self.file_names_one(&project, file));
                    if let Some(file) = files {
                        return Reads::Maybe(format!("{file}, which {manager} reads there, may name it"));
                    }
                    if !needs.directories.is_empty()
                        || needs.variables.iter().any(|name| self.names.contains(name))
                    {
                        return Reads::Maybe(format!("files that {manager} reads there may name it"));
                    }
                    let locks = managed.ecosystem.lock_files();
                    if may_be_a_stamp
                        && let Some((file, named)) = branch_in_files(&project, &needs.files, locks)
                    {
                        return Reads::Maybe(format!(
                            "{file} names `{named}`, of which {manager} gets what is newest when it runs, which another value may be for"
                        ));
                    }
                    if needs.prefetch.is_some() {
                        return Reads::Maybe(format!(
                            "{manager} builds the project there, which may read any variable"
                        ));
                    }
                }
                Err(refusal) => {
                    return Reads::Maybe(format!(
                        "the files that {manager} reads there are not known: {refusal}"
                    ));
                }
            }
        }
        let runs_code =
            |managed: &&Managed<'_>| managed.usage.runs_package_code && !managed.ecosystem.is_for_root();
        if let Some(managed) = analysis.managed().find(runs_code)
            && let Some(reason) = self.read_by_packages(managed.ecosystem.name())
        {
            return Reads::Maybe(reason);
        }
        let runs_scripts =
            |managed: &Managed<'_>| managed.usage.runs_package_code && managed.ecosystem.is_for_root();
        if analysis.managed().any(runs_scripts)
            && let Some(name) = self.names.iter().find(|name| !self.is_plain(name))
            && let Some(line) = self.adds_repositories(step, at)
        {
            return Reads::Maybe(format!(
                "scripts of packages from elsewhere, which line {line} may bring, may read any variable, such as {name}"
            ));
        }
        Reads::No
    }

    /// The line of the instruction, up to step `at`, that may have system packages come from elsewhere than the distribution:
    /// their scripts may ask for variables (GitLab's ask for EXTERNAL_URL, those of Elasticsearch for
    /// ES_SKIP_SET_KERNEL_PARAMETERS, as their manuals say).
    fn adds_repositories(&self, own: &Step<'_>, at: usize) -> Option<usize> {
        const SIGNS: [&str; 9] = [
            "/etc/apt",
            "apt-repository",
            "yum.repos.d",
            "config-manager",
            "copr",
            "addrepo",
            "/etc/apk",
            ".deb",
            ".rpm",
        ];
        let says = |text: &str| SIGNS.iter().any(|sign| text.contains(sign));
        let mut above = self.input.reading.build.steps_before(self.stage.index, at);
        let adds = |step: &Step<'_>| match step.instruction.keyword() {
            Keyword::Run => {
                let is_known = self.input.reading.run(step).is_ok_and(|run| run.unknown().is_none());
                !is_known || self.texts(step).iter().any(|text| says(text))
            }
            Keyword::Copy | Keyword::Add => self.texts(step).iter().any(|text| says(text)),
            _ => false,
        };
        let step = if adds(own) { Some(own) } else { above.find(|step| adds(step)) };
        step.map(|step| step.instruction.start_line())
    }

    /// Whether a file that an install reads names one of the variables, or cannot be read.
    fn file_names_one(&self, project: &Project<'_>, file: &ImagePath) -> bool {
        match project.read(file.as_str()) {
            Some(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                self.names.iter().any(|name| has_word(&text, name))
            }
            None => true,
        }
    }

    /// Why code of the packages that `manager` installs may read one of the names.
    fn read_by_packages(&self, manager: &str) -> Option<String> {
        let name = self.names.iter().find(|name| names::steers_builds(name) || !self.is_plain(name))?;
        let packages = format!("code of packages that {manager} installs there");
        Some(match names::steers_builds(name) {
            true => format!("{packages} reads variables such as {name}"),
            false => {
                format!("{packages} may read any variable, and no instruction below tells of another use")
            }
        })
    }

    /// Whether it is plain that `name` is not for packages: by what it says, or because an instruction reads its value. An ENV
    /// of the same name does not: it only hands it on to everything below.
    fn is_plain(&self, name: &str) -> bool {
        names::is_plain(name) || self.is_read(name)
    }

    /// Whether an instruction reads the value of `name` and does more with it than to hand it on.
    fn is_read(&self, name: &str) -> bool {
        let build = &self.input.reading.build;
        let escape = self.input.file().escape();
        let expands = |text: &[u8]| variables(text, escape).names.iter().any(|read| read == name);
        let mut below = build.steps_from(self.stage.index, self.index + 1);
        let is_read = |step: &Step<'_>| {
            let instruction = &step.instruction;
            match instruction.keyword() {
                Keyword::Arg | Keyword::Env => {
                    let set = Variables::of(instruction).map_or_else(Vec::new, |view| view.assigned);
                    expands(instruction.args()) && set.iter().all(|set| set.name.text != name)
                }
                Keyword::Shell => false,
                Keyword::Run
                | Keyword::Cmd
                | Keyword::Entrypoint
                | Keyword::Healthcheck
                | Keyword::Onbuild => self.texts(step).iter().any(|text| is_expanded(text, name)),
                _ => expands(instruction.text()),
            }
        };
        below.any(is_read) || build.stages.iter().any(|stage| expands(stage.from.text()))
    }

    /// The line of an instruction above the argument that writes one of the names down, or copies a file that does: the
    /// settings of a manager, perhaps, which read it when they are used.
    fn written_above(&self) -> Option<usize> {
        let above = self.input.reading.build.steps_before(self.stage.index, self.index);
        let names_one = |text: &str| self.names.iter().any(|name| has_word(text, name));
        let mut above = above.filter(|step| match step.instruction.keyword() {
            Keyword::Run => self.texts(step).iter().any(|text| names_one(text)),
            Keyword::Copy | Keyword::Add => {
                let source = step.instruction.file().source();
                let bodies = step.instruction.heredocs().iter().map(|heredoc| heredoc.body.of(source));
                bodies.into_iter().any(|body| names_one(&String::from_utf8_lossy(body)))
                    || self.copies_one(step, names_one)
            }
            _ => false,
        });
        above.next().map(|step| step.instruction.start_line())
    }

    /// Whether a file that a COPY names itself has such a text.
    fn copies_one(&self, step: &Step<'_>, is_meant: impl Fn(&str) -> bool) -> bool {
        let Some(copy) = Copy::of(&step.instruction).filter(|copy| copy.from.is_none()) else { return false };
        let context = self.input.context;
        let mut files = copy.sources.iter().filter_map(|source| context.read(&source.text).ok());
        files.any(|bytes: std::sync::Arc<[u8]>| is_meant(&String::from_utf8_lossy(&bytes)))
    }

    /// The text of an instruction, and its heredocs.
    fn texts<'s>(&'s self, step: &'s Step<'_>) -> Vec<Cow<'s, str>> {
        let source = self.input.file().source();
        let heredocs = step.instruction.heredocs().iter();
        let bodies = heredocs.map(|heredoc| String::from_utf8_lossy(heredoc.body.of(source)));
        bodies.chain([String::from_utf8_lossy(step.instruction.text())]).collect()
    }
}

/// Whether the shell would put the value of `name` into `text`.
fn is_expanded(text: &str, name: &str) -> bool {
    let is_part = |ch: char| ch.is_ascii_alphanumeric() || ch == '_';
    text.match_indices('$').any(|(at, _)| {
        let rest = &text[at + 1..];
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.strip_prefix(name).is_some_and(|rest| !rest.starts_with(is_part))
    })
}

/// Whether `name` stands in `text` as a word of its own.
pub(super) fn has_word(text: &str, name: &str) -> bool {
    let is_part = |ch: Option<char>| ch.is_some_and(|ch| ch.is_alphanumeric() || ch == '_');
    text.match_indices(name).any(|(at, _)| {
        !is_part(text[..at].chars().next_back()) && !is_part(text[at + name.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::{has_word, is_expanded};

    #[test]
    fn expansions_are_whole() {
        for text in ["echo $SHA", "${SHA:-x}", "\"$SHA\"", "a$$SHA"] {
            assert!(is_expanded(text, "SHA"), "{text}");
        }
        for text in ["SHA=1", "$SHA1", "${SHA_1}", "$GIT_SHA", "$"] {
            assert!(!is_expanded(text, "SHA"), "{text}");
        }
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("echo $SHA", "SHA"));
        assert!(has_word("${SHA:-x}", "SHA"));
        assert!(!has_word("GIT_SHA=1 SHA1", "SHA"));
    }
}
