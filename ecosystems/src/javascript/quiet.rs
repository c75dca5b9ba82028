//! Commands of a JavaScript project that are known not to ask which commit it is at.
//!
//! A build runs whatever its scripts, settings and plugins name, and many of these ask git. So each of them has to be known: the
//! programs by name, those that take plugins with what their settings import.

use dockfix_model::ImagePath;
use dockfix_model::commands::Invocation;
use dockfix_model::project::Project;
use dockfix_syntax::shell::{self, Command, List, SimpleCommand};

use super::manifest::Manifest;

/// Programs that load nothing but their input, or only settings that are data.
const PLAIN: &[&str] = &[
    "tsc",
    "vue-tsc",
    "tsc-alias",
    "esbuild",
    "rimraf",
    "copyfiles",
    "cpx",
    "cpy",
    "mkdirp",
    "ncp",
    "echo",
    "true",
    "rm",
    "cp",
    "mv",
    "mkdir",
    "chmod",
];

/// Commands of yarn, pnpm and bun themselves (their manuals), for which there may be scripts of the same name.
const OWN: &[&str] = &[
    "add",
    "audit",
    "cache",
    "ci",
    "config",
    "create",
    "deploy",
    "dlx",
    "env",
    "exec",
    "import",
    "info",
    "init",
    "install",
    "i",
    "licenses",
    "link",
    "list",
    "outdated",
    "pack",
    "patch",
    "plugin",
    "policies",
    "prune",
    "publish",
    "rebuild",
    "release",
    "remove",
    "set",
    "stage",
    "store",
    "unlink",
    "up",
    "update",
    "upgrade",
    "version",
    "why",
    "workspace",
    "workspaces",
];

/// Modules that settings import and that ask nothing.
const MODULES: &[&str] = &[
    "path",
    "url",
    "vite",
    "vitest/config",
    "@vitejs/plugin-react",
    "@vitejs/plugin-react-swc",
    "@vitejs/plugin-vue",
    "@vitejs/plugin-vue-jsx",
    "@vitejs/plugin-legacy",
    "@sveltejs/vite-plugin-svelte",
    "@tailwindcss/vite",
    "@tailwindcss/postcss",
    "@tailwindcss/typography",
    "@tailwindcss/forms",
    "vite-tsconfig-paths",
    "vite-plugin-svgr",
    "vite-plugin-compression",
    "tailwindcss",
    "tailwindcss-animate",
    "tailwindcss/defaultTheme",
    "tailwindcss/colors",
    "autoprefixer",
    "postcss-import",
    "postcss-nesting",
];

/// How deep scripts may call each other.
const MAX_DEPTH: usize = 8;

/// Whether a command, one that may run scripts and tools of a JavaScript project, is known not to ask which commit that is at.
#[must_use]
pub fn asks_for_no_commit(command: &Invocation<'_>, project: &Project<'_>) -> bool {
    let Some(arguments) = command.values() else { return false };
    // `./tsc` is some program of the project's own.
    let is_by_name = matches!(
        command.program_path.strip_suffix(&*command.program),
        Some("" | "node_modules/.bin/" | "./node_modules/.bin/")
    );
    let Ok(manifest) = Manifest::read(project, project.directory()) else { return false };
    let reader = Reader { project, manifest: manifest.as_ref() };
    is_by_name && reader.program(&command.program, &arguments, 0).is_some()
}

struct Reader<'r> {
    project: &'r Project<'r>,
    manifest: Option<&'r Manifest>,
}

impl Reader<'_> {
    fn program(&self, program: &str, arguments: &[&str], depth: usize) -> Option<()> {
        let (first, rest) = match arguments.split_first() {
            Some((first, rest)) => (*first, rest),
            None => ("", &[][..]),
        };
        match program {
            "npm" | "yarn" | "pnpm" | "bun" => match first {
                "run" | "run-script" => self.run(rest, depth),
                "exec" | "x" => self.program_of(rest, depth),
                "test" | "start" => self.run(arguments, depth),
                // A script goes before what the manager knows itself, or after it: `yarn version` asks git.
                name if program != "npm"
                    && !(program == "bun" && name == "build")
                    && !OWN.contains(&name) =>
                {
                    match self.script(name) {
                        Some(_) => self.run(arguments, depth),
                        None if PLAIN.contains(&name) => Some(()),
                        None => None,
                    }
                }
                _ => None,
            },
            "npx" | "bunx" | "pnpx" => self.program_of(arguments, depth),
            "cross-env" => {
                let skip = arguments.iter().take_while(|word| word.contains('=')).count();
                self.program_of(&arguments[skip..], depth)
            }
            "vite" => {
                let has_own_settings = |word: &&&str| word.starts_with("-c") || word.starts_with("--config");
                let is_build = first == "build" && rest.iter().find(has_own_settings).is_none();
                (is_build && self.are_settings_known(&["vite.config"]) && self.has_known_styles())
                    .then_some(())
            }
            "react-scripts" => (first == "build" && self.has_known_styles()).then_some(()),
            "prisma" => (first == "generate").then_some(()),
            _ if PLAIN.contains(&program) => Some(()),
            _ => None,
        }
    }

    fn program_of(&self, arguments: &[&str], depth: usize) -> Option<()> {
        let skip = arguments.iter().take_while(|word| matches!(**word, "--no-install" | "--" | "--bun"));
        let (program, arguments) = arguments[skip.count()..].split_first()?;
        (depth < MAX_DEPTH && !program.starts_with('-')).then_some(())?;
        self.program(program, arguments, depth + 1)
    }

    fn script(&self, name: &str) -> Option<&str> {
        self.manifest?.script(name)
    }

    /// A script of the package by its name, and those around it.
    fn run(&self, arguments: &[&str], depth: usize) -> Option<()> {
        let mut words = arguments.iter().filter(|word| !matches!(**word, "-s" | "--silent" | "--if-present"));
        let name = *words.next()?;
        // More words go to the script, whose program then has others than those that are read.
        if words.next().is_some() || depth >= MAX_DEPTH {
            return None;
        }
        self.script(name)?;
        for name in [format!("pre{name}"), name.to_owned(), format!("post{name}")] {
            if let Some(text) = self.script(&name) {
                let script = shell::scan(text.as_bytes()).ok()?;
                self.list(&script.list, depth + 1)?;
            }
        }
        Some(())
    }

    fn list(&self, list: &List<'_>, depth: usize) -> Option<()> {
        for command in list.items.iter().flat_map(|item| &item.pipeline.commands) {
            match command {
                Command::Simple(simple) => self.simple(simple, depth)?,
                Command::Compound(_) | Command::Function(_) => return None,
            }
        }
        Some(())
    }

    fn simple(&self, command: &SimpleCommand<'_>, depth: usize) -> Option<()> {
        let words: Option<Vec<_>> = command.words.iter().map(|word| word.literal_str()).collect();
        let words = words?;
        let words: Vec<&str> = words.iter().map(|word| &**word).collect();
        // `VERSION=$(git describe) vite build`
        let is_plain = |text: &[u8]| !text.iter().any(|byte| matches!(byte, b'`' | b'$' | b'<'));
        if !command.assignments.iter().all(|assignment| is_plain(assignment.value.text())) {
            return None;
        }
        let (program, arguments) = words.split_first()?;
        self.program(program, arguments, depth)
    }

    /// Whether the settings of these names, where there are any, import nothing but what is known.
    fn are_settings_known(&self, names: &[&str]) -> bool {
        const ENDS: [&str; 6] = ["js", "mjs", "cjs", "ts", "mts", "cts"];
        let mut paths = names.iter().flat_map(|name| ENDS.map(|end| format!("{name}.{end}")));
        paths.all(|path| {
            let path: ImagePath = self.project.path(&path);
            match self.project.read_text(path.as_str()) {
                Some(text) => imports_only_known(&text),
                None => !self.project.has_file(path.as_str()),
            }
        })
    }

    /// PostCSS and Tailwind load plugins too.
    fn has_known_styles(&self) -> bool {
        let hidden = [".postcssrc", ".postcssrc.json", ".postcssrc.yml", ".postcssrc.js", ".babelrc"];
        self.are_settings_known(&["postcss.config", "tailwind.config"])
            && !hidden.iter().any(|name| self.project.has_file(name))
    }
}

/// Whether a module takes in nothing but known ones.
fn imports_only_known(text: &str) -> bool {
    let mut from =
        text.match_indices("import").chain(text.match_indices("require")).chain(text.match_indices("from"));
    from.all(|(at, word)| {
        let is_word = !text[..at].ends_with(|ch: char| ch.is_alphanumeric() || matches!(ch, '_' | '.' | '-'));
        let rest = text[at + word.len()..].trim_start();
        let called = rest.strip_prefix('(');
        let rest = called.unwrap_or(rest).trim_start();
        if !is_word || rest.starts_with(".meta") {
            return true;
        }
        match rest.chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`')) {
            Some(quote) => {
                let name = rest[1..].split(quote).next().unwrap_or_default();
                let name = name.strip_prefix("node:").unwrap_or(name);
                MODULES.contains(&name)
            }
            // `import x from "y"` names it further on; `require(x)` may take anything.
            None => called.is_none() && word != "require",
        }
    })
}

#[cfg(test)]
mod tests {
    use dockfix_model::build::Build;
    use dockfix_model::commands::Chain;
    use dockfix_model::context::Context;
    use dockfix_model::project::Supplies;
    use dockfix_syntax::Dockerfile;

    use super::*;

    fn is_quiet(run: &str, files: &[(&str, &str)]) -> bool {
        let text = format!("FROM node:22\nWORKDIR /app\nCOPY . .\nRUN {run}\n");
        let file = Dockerfile::parse(text.as_bytes());
        let context = Context::in_memory(files.iter().copied());
        let build = Build::of(&file);
        let supplies = Supplies::of_stage(&build, 0, &context);
        let project = Project::new(&context, &supplies, ImagePath::fixed("/app"));
        let step = build.stages[0].steps.last().unwrap();
        let chain = Chain::of(&step.instruction, &step.state).unwrap();
        chain.invocations().iter().all(|command| asks_for_no_commit(command, &project))
    }

    #[test]
    fn known_tools_are_told() {
        let package = |script: &'static str| -> &'static str {
            Box::leak(format!(r#"{{"scripts": {{"build": "{script}"}}}}"#).into_boxed_str())
        };
        for script in ["tsc", "rimraf dist && tsc -p .", "cross-env CI=1 tsc", "npm run build2 || true"] {
            let expected = !script.contains("build2");
            assert_eq!(is_quiet("npm run build", &[("package.json", package(script))]), expected, "{script}");
        }
        let vite = ("package.json", package("tsc -b && vite build"));
        assert!(is_quiet("npm run build", &[vite]));
        for (config, expected) in [
            (
                "import { defineConfig } from 'vite'\nimport react from '@vitejs/plugin-react'\nimport path from 'node:path'",
                true,
            ),
            ("import { sentryVitePlugin } from '@sentry/vite-plugin'", false),
            ("import { execSync } from 'child_process'", false),
            ("import x from './version'", false),
            ("const x = require(name)", false),
            ("const x = await import('simple-git')", false),
            (
                "export default { resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } } }",
                true,
            ),
        ] {
            assert_eq!(is_quiet("npm run build", &[vite, ("vite.config.ts", config)]), expected, "{config}");
        }
        let styles = ("postcss.config.js", "module.exports = { plugins: [require('postcss-git')] }");
        assert!(!is_quiet("npm run build", &[vite, styles]));
        for script in [
            "next build",
            "node x.js",
            "V=$(git describe) tsc",
            "nx affected",
            "lerna run build",
            "if true; then tsc; fi",
        ] {
            assert!(!is_quiet("npm run build", &[("package.json", package(script))]), "{script}");
        }
        assert!(is_quiet("npx tsc", &[]));
        assert!(is_quiet("yarn build", &[vite]));
        for run in [
            "./tsc",
            "npm run missing",
            "npm run build -- --config x",
            "npm test",
            "npx next build",
            "yarn foo",
        ] {
            assert!(!is_quiet(run, &[vite]), "{run}");
        }
    }
}
