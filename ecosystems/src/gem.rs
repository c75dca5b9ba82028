//! RubyGems: gems by name.
//!
//! - **Commands**: `gem install NAME`, `gem update`, `gem uninstall`. `gem build` and the like work on a project and are
//!   not known, nor is `gem install -g`, which reads a Gemfile.
//! - **Manifests**: none, but a `NAME-1.0.gem` in the working directory comes before one of the network (rubygems/rubygems,
//!   `Gem::Resolver::InstallerSet`, `Gem::Source::Local`).
//! - **Caches**: `$GEM_HOME/cache`, the archives of installed gems, pure. A gem of the same name and version is taken from
//!   there.
//!
//! Sources: `gem help install`, `gem help environment`.

use dockfix_model::State;
use dockfix_model::commands::Invocation;
use dockfix_model::project::{Found, Project};

use crate::environment::{Environment, Setting};
use crate::options::{Grammar, Short, Words};
use crate::ruby;
use crate::{Cache, CacheKind, CachePlan, Ecosystem, Needs, Refusal, Sharing, Usage, UsageKind};

/// The gem command.
pub(crate) struct Gem;

/// A command line of gem.
struct Line<'c> {
    words: Words<'c>,
    installs: bool,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        if command.program != "gem" {
            return None;
        }
        let installs = match command.arguments.first()?.value.as_deref()? {
            "install" | "i" => true,
            "update" | "uninstall" | "cleanup" | "sources" | "source" => false,
            _ => return None,
        };
        let words = Words::read(command, 1, &GRAMMAR)?;
        if words.has(&["-g", "--file"]) || installs && words.operands.is_empty() {
            return None;
        }
        let is_name = |name: &str| name.starts_with(|ch: char| ch.is_ascii_alphanumeric() || ch == '_');
        let known = !installs
            || words.operands.iter().all(|operand| operand.value.is_some() || is_name(&operand.beginning()));
        known.then_some(Self { words, installs })
    }
}

impl Ecosystem for Gem {
    fn name(&self) -> &'static str {
        "gem"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["gem"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["install"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let environment = Environment::new(command, state);
        if environment.get("RUBYOPT") != Setting::Unset {
            return None;
        }
        let mut effects = ruby::effects(&environment);
        for option in ["-i", "--install-dir", "-n", "--bindir", "--config-file", "--build-root"] {
            if let Some(value) = line.words.value(&[option]) {
                let path = environment.resolve(value.known()?).ok()?;
                let path = dockfix_model::effects::Paths::below(vec![path]);
                effects.reads = effects.reads.and(path.clone());
                effects.writes = effects.writes.and(path);
            }
        }
        let kind = if line.installs { UsageKind::Install } else { UsageKind::Packages };
        let directory = command.directory.clone().filter(|_| line.installs);
        Some(Usage { kind, directory, effects, runs_package_code: true })
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        _: &State,
        project: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        let mut needs = Needs::default();
        let Some(line) = Line::read(command).filter(|line| line.installs) else { return Ok(needs) };
        let names = project.list(".");
        for operand in &line.words.operands {
            let operand = operand.beginning();
            if operand.contains('/') || operand.ends_with(".gem") {
                let path = project.path(&operand);
                match project.find_at(&path) {
                    Found::File(_) => needs.files.push(path),
                    _ => return Err(Refusal::new(format!("{operand} is not copied from the build context"))),
                }
                continue;
            }
            let name = operand.split(':').next().unwrap_or_default();
            for (file, is_directory) in &names {
                if !is_directory && file.starts_with(name) && file.ends_with(".gem") {
                    needs.files.push(project.path(file));
                }
            }
        }
        for name in ruby::VERSION_FILES {
            if project.has_file(name) {
                needs.files.push(project.path(name));
            }
        }
        needs.files.sort();
        needs.files.dedup();
        Ok(needs)
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        _: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let mut plan = CachePlan::default();
        let moves = ["-i", "--install-dir", "--user-install", "--config-file", "--build-root"];
        let Some(line) = Line::read(command).filter(|line| line.installs && !line.words.has(&moves)) else {
            return Ok(plan);
        };
        if line.words.has(&["-l", "--local"]) {
            return Ok(plan);
        }
        let environment = Environment::new(command, state);
        let directory = ruby::archives(&environment, state)?;
        let directory = directory.ok_or_else(|| ruby::no_archives("gem", &environment))?;
        plan.caches.push(Cache { directory, kind: CacheKind::Pure, sharing: Sharing::Locked });
        Ok(plan)
    }
}

/// `gem help install`, `gem help update`, `gem help sources`.
const GRAMMAR: Grammar = Grammar {
    valued: &[
        "-v --version --platform -i --install-dir -n --bindir --build-root -P --trust-policy -s --source",
        "--source-list --config-file --target-rbconfig -p --http-proxy -B --bulk-threshold --without",
        "--add -a --remove -r",
    ],
    switches: &[
        "-g --file -N --no-document --document --no-ri --no-rdoc --ri --rdoc --no-doc --pre --prerelease",
        "--no-prerelease -f --force --no-force -q --quiet --silent -V --verbose --no-verbose -y",
        "--include-dependencies --ignore-dependencies --conservative --no-conservative --minimal-deps",
        "--no-minimal-deps -w --wrappers --no-wrappers -E --env-shebang --no-env-shebang --development",
        "--development-all --default --user-install --no-user-install --explain --no-lock --no-suggestions",
        "--suggestions -l --local -b --both -u --update-sources --no-update-sources --remote --clear-sources",
        "--norc --backtrace --debug --system --post-install-message --no-post-install-message --format-executable",
        "--no-format-executable --vendor -x --executables -a --all -I --abort-on-dependent -c --clear-all -d",
    ],
    short: Short::Clustered,
    ends_at_operand: false,
    table: None,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{caches, needs};

    const RUBY: &str = "FROM ruby:3.3\nWORKDIR /app\nCOPY . .\n";

    fn of(run: &str, files: &[(&str, &str)]) -> String {
        needs(&Gem, &format!("{RUBY}RUN {run}\n"), files)
    }

    #[test]
    fn named_gems_read_archives_of_their_names_alone() {
        let files = [("foreman-1.0.gem", ""), ("Gemfile", "raise"), ("sub/foreman-2.gem", "")];
        for run in
            ["gem install foreman", "gem install -N foreman:1.0 bundler:$V", "gem i foreman --no-ri -v 1.0"]
        {
            assert_eq!(of(run, &files), "install /app; files foreman-1.0.gem", "{run}");
        }
        assert_eq!(of("gem install rake", &files), "install /app");
        assert_eq!(of("gem install rake", &[(".ruby-version", "")]), "install /app; files .ruby-version");
        assert_eq!(of("gem install sub/foreman-2.gem", &files), "install /app; files sub/foreman-2.gem");
        assert_eq!(
            of("gem install ./x.gem", &files),
            "refused: ./x.gem is not copied from the build context"
        );
        assert_eq!(of("gem update --system 3.0", &files), "packages");
        assert_eq!(of("gem sources --add https://x/ --remove https://rubygems.org/", &files), "packages");
    }

    #[test]
    fn what_reads_a_project_is_opaque() {
        for run in [
            "gem install -g",
            "gem install $GEMS",
            "gem build x.gemspec",
            "gem install",
            "gem list",
            "gem install *.gem",
            "RUBYOPT=-r./x gem install a",
        ] {
            assert_eq!(of(run, &[("Gemfile", "")]), "opaque", "{run}");
        }
    }

    #[test]
    fn archives_are_kept_beside_the_gems() {
        let cache = |file: &str| caches(&Gem, file, &[]);
        assert_eq!(cache("FROM ruby:3.3\nRUN gem install rake\n"), "/usr/local/bundle/cache pure locked");
        assert_eq!(
            cache("FROM debian\nRUN gem install rake\n"),
            "refused: where gem keeps what it downloads in this image is not known"
        );
        assert_eq!(
            cache("FROM debian\nENV GEM_HOME=/gems\nRUN gem install rake\n"),
            "/gems/cache pure locked"
        );
        assert_eq!(
            cache("FROM debian\nENV GEM_HOME=/gems\nUSER 1000:1000\nRUN gem install rake\n"),
            "refused: a mount may make /gems root's, where gem, run as another user, has to write"
        );
        assert_eq!(cache("FROM ruby:3.3\nRUN gem install -i /x rake\n"), "");
        assert_eq!(cache("FROM ruby:3.3\nRUN gem update --system\n"), "");
    }
}
