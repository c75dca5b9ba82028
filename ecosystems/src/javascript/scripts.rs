//! Lifecycle scripts: which of them read nothing of the project but what can be told.

use dockfix_syntax::shell::{self, Command, List, Redirect, RedirectOperator, SimpleCommand};

/// What a script does that an install has to answer for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Writes hooks into the repository's `.git`, where there is one, and does nothing else.
    GitHooks,
    /// Applies the patches in this directory to installed packages.
    Patches(String),
    /// `prisma generate`, with the value of `--schema`.
    Prisma(Option<String>),
}

/// A script that can be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// What it does.
    pub(crate) tasks: Vec<Task>,
    /// The variables its text mentions.
    pub(crate) variables: Vec<String>,
}

/// How deep scripts may call each other.
const MAX_DEPTH: usize = 8;

/// Reads the text of a script; `named` gives the text of the package's other scripts, which `npm run x` runs. `None`
/// where it may read any file.
pub(crate) fn read(text: &str, named: &dyn Fn(&str) -> Option<String>) -> Option<Script> {
    let mut reader = Reader { named, script: Script::default(), depth: 0, moved: false };
    reader.text(text)?;
    Some(reader.script)
}

struct Reader<'n> {
    named: &'n dyn Fn(&str) -> Option<String>,
    script: Script,
    depth: usize,
    /// After `cd ..`: only what does not look at its directory is still known.
    moved: bool,
}

impl Reader<'_> {
    fn text(&mut self, text: &str) -> Option<()> {
        let script = shell::scan(text.as_bytes()).ok()?;
        self.list(&script.list)
    }

    fn list(&mut self, list: &List<'_>) -> Option<()> {
        for command in list.items.iter().flat_map(|item| &item.pipeline.commands) {
            match command {
                Command::Simple(simple) => self.simple(simple)?,
                Command::Compound(compound)
                    if compound.words.is_empty() && go_nowhere(&compound.redirects) =>
                {
                    compound.lists.iter().try_for_each(|list| self.list(list))?;
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn simple(&mut self, command: &SimpleCommand<'_>) -> Option<()> {
        let reads = command.variables();
        if reads.unknown || has_substitution(command) || !go_nowhere(&command.redirects) {
            return None;
        }
        self.script.variables.extend(reads.names.iter().map(|&name| name.to_owned()));
        // What the words are where they are known; a word that expands stays unknown.
        let words: Vec<Option<String>> =
            command.words.iter().map(|word| word.literal_str().map(|text| text.into_owned())).collect();
        self.command(&words)
    }

    fn command(&mut self, words: &[Option<String>]) -> Option<()> {
        let Some((program, arguments)) = words.split_first() else { return Some(()) };
        let program = program.as_deref()?;
        match program {
            "echo" | "printf" | "true" | ":" | "exit" | "sleep" => return Some(()),
            "[" | "test" => return looks_at_no_file(arguments),
            _ => {}
        }
        let arguments: Option<Vec<&str>> = arguments.iter().map(Option::as_deref).collect();
        self.program(program, &arguments?)
    }

    fn program(&mut self, program: &str, arguments: &[&str]) -> Option<()> {
        let (first, rest) = match arguments.split_first() {
            Some((first, rest)) => (*first, rest),
            None => ("", &[][..]),
        };
        match program {
            "is-ci"
            | "in-publish"
            | "not-in-publish"
            | "in-install"
            | "not-in-install"
            | "only-allow"
            | "opencollective-postinstall"
            | "opencollective" => Some(()),
            "husky" if !first.starts_with('-') => {
                self.script.tasks.push(Task::GitHooks);
                Some(())
            }
            "simple-git-hooks" if arguments.is_empty() => {
                self.script.tasks.push(Task::GitHooks);
                Some(())
            }
            "lefthook" if first == "install" => {
                self.script.tasks.push(Task::GitHooks);
                Some(())
            }
            // Fails where there is no repository, with and without the sources.
            "git" if first == "config" && rest.contains(&"core.hooksPath") => {
                self.script.tasks.push(Task::GitHooks);
                Some(())
            }
            "node" if matches!(first, "-e" | "--eval") => self.node(rest),
            // Reads and writes the lock file alone.
            "npm-force-resolutions" if arguments.is_empty() => Some(()),
            "ts-patch" if first == "install" => Some(()),
            "playwright" | "cypress" if first == "install" => Some(()),
            "patch-package" => self.patch_package(arguments),
            "prisma" if first == "generate" => self.prisma(rest),
            "cd" => {
                self.moved = true;
                let only_up = first.split('/').all(|part| matches!(part, "" | "." | ".."));
                (only_up && !first.starts_with('/') && rest.is_empty()).then_some(())
            }
            "npx" | "bunx" | "pnpx" => self.program_after_options(arguments),
            "cross-env" | "env" => {
                let skip = arguments.iter().take_while(|word| word.contains('=')).count();
                self.program_after_options(&arguments[skip..])
            }
            "npm" => match first {
                "run" | "run-script" => self.run(rest),
                "exec" | "x" => self.program_after_options(rest),
                _ => None,
            },
            "yarn" | "pnpm" | "bun" => match first {
                "run" => self.run(rest),
                "exec" | "x" | "dlx" => self.program_after_options(rest),
                "" => None,
                name if name.starts_with('-') => {
                    let skip = arguments.iter().take_while(|word| is_quiet(word)).count();
                    if skip == 0 { None } else { self.program(program, &arguments[skip..]) }
                }
                name => match (self.named)(name) {
                    Some(_) => self.run(arguments),
                    // The managers' own commands are not programs of packages.
                    None if matches!(name, "install" | "add" | "i" | "ci" | "build" | "test") => None,
                    None => self.program(name, rest),
                },
            },
            _ => None,
        }
    }

    /// `node -e "..."`, where the code takes in nothing but husky.
    fn node(&mut self, arguments: &[&str]) -> Option<()> {
        let [code] = arguments else { return None };
        const READERS: [&str; 7] =
            ["import", "fs", "child_process", "spawn", "exec(", "execSync", "process.binding"];
        if READERS.iter().any(|reader| code.contains(reader)) {
            return None;
        }
        for (at, word) in code.match_indices("require") {
            let name = code[at + word.len()..].strip_prefix('(')?.split(')').next()?;
            if !matches!(name.trim_matches(['\'', '"', '`']), "husky") {
                return None;
            }
            self.script.tasks.push(Task::GitHooks);
        }
        Some(())
    }

    /// `npx --no-install husky`
    fn program_after_options(&mut self, arguments: &[&str]) -> Option<()> {
        let skip = arguments
            .iter()
            .take_while(|word| {
                is_quiet(word) || matches!(**word, "--no-install" | "--no" | "-y" | "--yes" | "--" | "--bun")
            })
            .count();
        let (program, arguments) = arguments[skip..].split_first()?;
        let name = match program.get(1..).and_then(|rest| rest.find('@')) {
            Some(at) => &program[..=at],
            None => program,
        };
        if name.starts_with('-') { None } else { self.program(name, arguments) }
    }

    /// A script of the package by its name.
    fn run(&mut self, arguments: &[&str]) -> Option<()> {
        let mut names = arguments.iter().filter(|word| !is_quiet(word));
        let name = *names.next()?;
        if names.next().is_some() || self.depth >= MAX_DEPTH || self.moved {
            return None;
        }
        self.depth += 1;
        // A missing script fails, before as after.
        for name in [format!("pre{name}"), name.to_owned(), format!("post{name}")] {
            if let Some(text) = (self.named)(&name) {
                self.text(&text)?;
            }
        }
        self.depth -= 1;
        Some(())
    }

    fn patch_package(&mut self, arguments: &[&str]) -> Option<()> {
        let mut directory = "patches";
        let mut words = arguments.iter();
        while let Some(&word) = words.next() {
            match word.split_once('=') {
                Some(("--patch-dir", value)) => directory = value,
                _ if word == "--patch-dir" => directory = words.next()?,
                _ if matches!(word, "--error-on-fail" | "--error-on-warn" | "--use-yarn" | "--reverse") => {}
                _ => return None,
            }
        }
        if self.moved {
            return None;
        }
        self.script.tasks.push(Task::Patches(directory.to_owned()));
        Some(())
    }

    fn prisma(&mut self, arguments: &[&str]) -> Option<()> {
        let mut schema = None;
        let mut words = arguments.iter();
        while let Some(&word) = words.next() {
            match word.split_once('=') {
                Some(("--schema", value)) => schema = Some(value),
                Some(("--generator", _)) => {}
                _ if word == "--schema" => schema = Some(*words.next()?),
                _ if word == "--generator" => drop(words.next()?),
                _ if matches!(
                    word,
                    "--no-engine" | "--data-proxy" | "--accelerate" | "--no-hints" | "--allow-no-models"
                ) => {}
                _ => return None,
            }
        }
        if self.moved {
            return None;
        }
        self.script.tasks.push(Task::Prisma(schema.map(str::to_owned)));
        Some(())
    }
}

fn is_quiet(word: &str) -> bool {
    matches!(word, "-s" | "--silent" | "-q" | "--quiet" | "--if-present")
}

/// `[ -n "$CI" ]`, or a look at .git or node_modules.
fn looks_at_no_file(words: &[Option<String>]) -> Option<()> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(word) = word else { continue };
        let is_file_test =
            word.len() == 2 && word.starts_with('-') && !matches!(&**word, "-n" | "-z" | "-a" | "-o");
        if is_file_test {
            let operand = words.next()?.as_deref()?;
            let operand = operand.trim_start_matches("./");
            let known = operand == ".git" || operand.split('/').next() == Some("node_modules");
            if !known {
                return None;
            }
        }
        if matches!(&**word, "-nt" | "-ot" | "-ef") {
            return None;
        }
    }
    Some(())
}

/// Whether redirections touch nothing but descriptors and /dev/null.
fn go_nowhere(redirects: &[Redirect<'_>]) -> bool {
    redirects.iter().all(|redirect| match redirect.operator {
        RedirectOperator::DuplicateInput | RedirectOperator::DuplicateOutput => true,
        _ => redirect.target.is("/dev/null"),
    })
}

fn has_substitution(command: &SimpleCommand<'_>) -> bool {
    let words = command.words.iter().chain(command.assignments.iter().map(|assignment| &assignment.value));
    words.into_iter().any(|word| {
        let text = word.text();
        text.contains(&b'`') || text.windows(2).any(|pair| pair == b"$(" || pair == b"<(")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tasks(text: &str) -> Option<String> {
        let named = |name: &str| {
            let text = match name {
                "hooks" => "husky install",
                "gen" => "prisma generate",
                "postgen" => "patch-package",
                "loop" => "npm run loop",
                "build" => "tsc",
                _ => return None,
            };
            Some(text.to_owned())
        };
        read(text, &named).map(|script| format!("{:?}", script.tasks))
    }

    #[test]
    fn knows_harmless_scripts() {
        for (text, expected) in [
            ("husky", "[GitHooks]"),
            ("husky install || true", "[GitHooks]"),
            ("is-ci || husky install .config/husky", "[GitHooks]"),
            ("cd .. && husky install web/.husky", "[GitHooks]"),
            ("(husky || exit 0) 2>/dev/null", "[GitHooks]"),
            ("[ -n \"$CI\" ] || npx --no-install husky", "[GitHooks]"),
            ("test -d .git && yarn husky install", "[GitHooks]"),
            ("if [ -d .git ]; then husky; fi", "[GitHooks]"),
            ("npx only-allow pnpm", "[]"),
            ("npx -y only-allow@1 pnpm", "[]"),
            ("npm run hooks", "[GitHooks]"),
            ("yarn -s hooks", "[GitHooks]"),
            ("npm run gen", "[Prisma(None), Patches(\"patches\")]"),
            ("npm run missing --if-present", "[]"),
            ("patch-package --patch-dir=p --error-on-fail", "[Patches(\"p\")]"),
            ("yarn patch-package", "[Patches(\"patches\")]"),
            ("pnpm exec prisma generate --schema db/s.prisma", "[Prisma(Some(\"db/s.prisma\"))]"),
            ("DATABASE_URL=x prisma generate --no-engine", "[Prisma(None)]"),
            ("playwright install --with-deps chromium; cypress install", "[]"),
            ("echo 'done'; exit 0", "[]"),
            ("git config core.hooksPath .githooks || true", "[GitHooks]"),
            ("node -e \"try { require('husky').install() } catch (e) {}\"", "[GitHooks]"),
            ("node -e \"process.exit(process.env.CI ? 0 : 1)\"", "[]"),
            ("npx npm-force-resolutions", "[]"),
        ] {
            assert_eq!(tasks(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn knows_no_other() {
        for text in [
            "node scripts/postinstall.js",
            "npm run build",
            "npm run loop",
            "tsc",
            "nuxt prepare",
            "husky && tsc",
            "cd src && husky",
            "cd .. && patch-package",
            "test -f tsconfig.json && husky",
            "echo $(cat src/x)",
            "husky > log",
            "$X",
            "patch-package some-package",
            "prisma generate --sql",
            "yarn install",
            "yarn",
            "npm install --prefix web",
            "sh ./x.sh",
            "node -e \"require('./x')\"",
            "node -e \"require(name)\"",
            "node -e \"import('./x.mjs')\"",
            "node -p 1",
            "git config user.name x",
            "lerna bootstrap",
            "for f in *; do husky; done",
        ] {
            assert_eq!(tasks(text), None, "{text}");
        }
    }

    #[test]
    fn names_variables() {
        let script = read("[ -n \"$SKIP\" ] || husky", &|_| None);
        assert_eq!(script.map(|script| script.variables), Some(vec!["SKIP".to_owned()]));
    }
}
