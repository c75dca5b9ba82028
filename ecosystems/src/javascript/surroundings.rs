//! What the JavaScript managers touch besides the project: the system, the home directory, the environment.

use dockfix_model::commands::Invocation;
use dockfix_model::effects::{Effects, Names, Paths};
use dockfix_model::{ImagePath, State};

use super::npmrc::loads_code;
use crate::environment::{Environment, Setting};
use crate::{Refusal, Usage, UsageKind, names, system};

/// Directories that an install may read, broad ones first. One that holds the project's directory is left out: there the
/// narrower ones of [`system::DIRECTORIES`] stand for it.
const READ: &[&str] = &["/usr/local", "/usr/etc", "/opt", "/tmp"];
/// Directories that it may write: temporary files, and the home directory.
const WRITTEN: &[&str] = &["/tmp", "/var/tmp", "/usr/local/share/.cache"];
/// What managers and install scripts keep in the home directory, where the project lies in it.
const IN_HOME: &[&str] = &[
    ".npm",
    ".npmrc",
    ".npm-global",
    ".node-gyp",
    ".node_repl_history",
    ".cache",
    ".config",
    ".local",
    ".yarn",
    ".yarnrc",
    ".yarnrc.yml",
    ".bun",
    ".bunfig.toml",
    ".pnpm-state",
    ".pnpm-store",
    ".nvm",
    ".corepack",
    ".gitconfig",
    ".ssh",
    ".netrc",
    ".electron-gyp",
    ".cargo",
    ".rustup",
    ".prisma",
];

/// Names that programs built or downloaded by install scripts read: compilers, node-gyp, browsers.
const READ_BY_SCRIPTS: &[&str] = &[
    "CC",
    "CXX",
    "AR",
    "LD",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "MAKE",
    "MAKEFLAGS",
    "JOBS",
    "PYTHON*",
    "PKG_CONFIG*",
    "CARGO_*",
    "RUST*",
    "GYP_*",
    "SHARP_*",
    "SASS_*",
    "CYPRESS_*",
    "PUPPETEER_*",
    "PLAYWRIGHT_*",
    "ELECTRON_*",
    "PRISMA_*",
    "SENTRY*",
    "NX_*",
    "HUSKY*",
    "LEFTHOOK*",
    "ESBUILD_*",
    "SWC_*",
    "CHROMEDRIVER_*",
    "GECKODRIVER_*",
    "SQLITE*",
    "CANVAS_*",
    "CI_*",
    "GITHUB_*",
    "GITLAB_*",
    "VERCEL*",
    "NETLIFY*",
];

/// Names that node itself and all managers read.
const READ_BY_ALL: &[&str] = &[
    "NODE_*",
    "NPM_*",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLOR",
    "TERM",
    "SHELL",
    "EDITOR",
    crate::GIT_VARIABLES,
    "SSH_*",
    "XDG_*",
    "COREPACK_*",
    "PREFIX",
    "DESTDIR",
    "OPENSSL_*",
    "UV_THREADPOOL_SIZE",
    "USER",
    "LOGNAME",
    "INIT_CWD",
];

/// The effects of an install in `project`, as far as they lie outside of it.
pub(crate) fn install(
    command: &Invocation<'_>,
    state: &State,
    project: Option<&ImagePath>,
    variables: &[&'static str],
    runs_scripts: bool,
) -> Effects {
    let home = homes(command, state, project);
    // What the install touches where the project lies is for its needs to say; all else stays, even inside.
    let outside = |paths: Paths| match paths {
        Paths::Below(paths) => Paths::below(
            paths
                .into_owned()
                .into_iter()
                .filter(|path| project.is_none_or(|project| project.below(path).is_none()))
                .collect(),
        ),
        all => all,
    };
    let mut environment = names(READ_BY_ALL).and(Names::matching(variables));
    if runs_scripts {
        environment = environment.and(Names::matching(READ_BY_SCRIPTS));
    }
    Effects {
        reads: outside(system::directories().and(system::below(READ))).and(home.clone()),
        writes: outside(system::below(WRITTEN)).and(home),
        environment,
    }
}

/// The effects of installing named packages for the whole system, `cwd_files` being the configuration that is read in
/// the working directory.
pub(crate) fn global(
    command: &Invocation<'_>,
    state: &State,
    variables: &[&'static str],
    cwd_files: &[&str],
) -> Effects {
    let home = homes(command, state, None);
    let prefixes =
        ["npm_config_prefix", "PNPM_HOME", "BUN_INSTALL", "BUN_INSTALL_BIN", "BUN_INSTALL_GLOBAL_DIR"];
    let prefixes = prefixes.iter().filter_map(|name| match variable(command, state, name) {
        Setting::Known(path) => ImagePath::absolute(path),
        _ => None,
    });
    let installed = system::directories().and(system::below(&["/usr/local", "/opt", "/tmp", "/var/tmp"]));
    let installed = installed.and(Paths::below(prefixes.collect())).and(home);
    let mut reads = installed.clone();
    let mut directory = command.directory.clone();
    while let Some(at) = directory.filter(|_| !cwd_files.is_empty()) {
        reads = reads.and(Paths::below(cwd_files.iter().map(|name| at.join(name)).collect()));
        directory = at.parent();
    }
    if command.directory.is_none() && !cwd_files.is_empty() {
        reads = Paths::All;
    }
    let environment =
        names(READ_BY_ALL).and(Names::matching(READ_BY_SCRIPTS)).and(Names::matching(variables));
    Effects { reads, writes: installed, environment }
}

/// A command that adds named packages to the project in `directory`: it downloads like an install, and reads and writes of
/// the project what is not told.
pub(crate) fn adding(directory: Option<ImagePath>) -> Usage {
    Usage { kind: UsageKind::Packages, directory, effects: Effects::opaque(), runs_package_code: true }
}

/// The effects of emptying caches: in these directories, or where one of them is not known, at these names in every home
/// directory that the command may take for its own.
pub(crate) fn cleaning(
    command: &Invocation<'_>,
    state: &State,
    directories: impl IntoIterator<Item = Result<ImagePath, Refusal>>,
    in_home: &[&str],
) -> Usage {
    let environment = names(READ_BY_ALL);
    let known: Result<Vec<_>, _> = directories.into_iter().collect();
    let paths = known.map_or_else(|_| Environment::new(command, state).below_home(in_home), Paths::below);
    Usage {
        kind: UsageKind::CleanCache,
        directory: None,
        effects: Effects { reads: paths.clone(), writes: paths, environment },
        runs_package_code: false,
    }
}

/// What may be touched in home directories: all of it, or where the project lies in it, what is known to be kept there.
fn homes(command: &Invocation<'_>, state: &State, project: Option<&ImagePath>) -> Paths {
    let known = Environment::new(command, state).home();
    let candidates = match &known {
        Ok(home) => vec![home.clone()],
        Err(_) => ["/root", "/home"].iter().filter_map(|path| ImagePath::absolute(path)).collect(),
    };
    let mut paths = Vec::new();
    for home in candidates {
        let lies_in = |path: &ImagePath| project.is_some_and(|project| project.below(path).is_some());
        let is_part = |path: &ImagePath| project.is_some_and(|project| path.below(project).is_some());
        if lies_in(&home) {
            let inside = IN_HOME.iter().map(|name| home.join(name));
            paths.extend(inside.filter(|path| !lies_in(path) && !is_part(path)));
        } else {
            paths.push(home);
        }
    }
    Paths::below(paths)
}

/// A variable whose name may stand in small or in capital letters, as npm, yarn and pnpm take it.
pub(crate) fn variable<'s>(command: &'s Invocation<'_>, state: &'s State, name: &str) -> Setting<'s> {
    let environment = Environment::new(command, state);
    match environment.get(&name.to_ascii_lowercase()) {
        Setting::Unset => environment.get(&name.to_ascii_uppercase()),
        setting => setting,
    }
}

/// Whether a variable is set to what switches something on.
pub(crate) fn is_on(setting: Setting<'_>) -> bool {
    matches!(setting, Setting::Known("true" | "1" | "yes"))
}

/// Whether the environment changes which code or configuration a manager reads: the names that npm and its kin take
/// from `npm_config_*`, and node's own options. Such a command is not recognised.
pub(crate) fn is_steered(command: &Invocation<'_>, state: &State) -> bool {
    const STEERING: [&str; 12] = [
        "npm_config_global",
        "npm_config_location",
        "npm_config_userconfig",
        "npm_config_globalconfig",
        "npm_config_script_shell",
        "npm_config_node_options",
        "npm_config_onload_script",
        "npm_config_extension_file",
        "npm_config_local_prefix",
        "npm_config_dir",
        "npm_config_workspace",
        "npm_config_install_links",
    ];
    let steers = |name: &str, value: Option<&str>| {
        let options = name.eq_ignore_ascii_case("node_options");
        match value {
            Some(value) if options => loads_code(value),
            None if options => true,
            Some("" | "false") => false,
            _ => STEERING.iter().any(|steering| steering.eq_ignore_ascii_case(name)),
        }
    };
    let by_assignment = command.assignments.iter().any(|(name, value)| steers(name, value.as_deref()));
    by_assignment
        || state.variables.iter().any(|(name, variable)| {
            let value = variable.value.as_deref().unwrap_or_default();
            // A build argument is what its default says, until somebody gives it another value.
            let value =
                if value.contains("${") { variable.default.as_deref().unwrap_or_default() } else { value };
            steers(name, Some(value))
        })
}

#[cfg(test)]
mod tests {
    use dockfix_model::build::Build;
    use dockfix_model::commands::Chain;
    use dockfix_syntax::Dockerfile;

    use crate::recognise;

    /// Whether the install of the last RUN may move past a COPY to `target`.
    fn is_free_of(dockerfile: &str, target: &str) -> bool {
        let file = Dockerfile::parse(dockerfile.as_bytes());
        let build = Build::of(&file);
        let step = build.stages.last().and_then(|stage| stage.steps.last()).unwrap();
        let chain = Chain::of(&step.instruction, &step.state).unwrap();
        let (_, usage) = recognise(chain.invocations()[0], &step.state).unwrap();
        let target = super::ImagePath::absolute(target).unwrap();
        !usage.effects.conflicts(&super::Effects::touching(vec![target]))
    }

    #[test]
    fn effects_leave_the_project_alone() {
        for (dockerfile, free, bound) in [
            ("FROM node\nWORKDIR /app\nRUN npm ci", "/app", "/etc/ssl"),
            ("FROM node\nWORKDIR /usr/src/app\nRUN yarn", "/usr/src/app", "/usr/lib"),
            ("FROM node\nWORKDIR /opt/app/web\nRUN pnpm i", "/opt/app", "/usr/local/bin"),
            ("FROM node\nWORKDIR /var/www/html\nRUN npm ci", "/var/www/html", "/var/lib/x"),
            ("FROM node\nWORKDIR /root/app\nRUN bun i", "/root/app", "/root/.npmrc"),
            ("FROM node\nUSER node\nWORKDIR /home/node/app\nRUN npm ci", "/home/node/app", "/home/node/.npm"),
            ("FROM node\nENV HOME=/app\nWORKDIR /app\nRUN npm ci", "/app", "/tmp"),
            ("FROM node\nRUN npm ci", "/src", "/etc"),
            ("FROM node\nWORKDIR /app\nRUN npm i -g x", "/app", "/usr/local/lib"),
            ("FROM node\nENV NPM_CONFIG_PREFIX=/n\nRUN npm i -g x", "/app", "/n/bin"),
        ] {
            assert!(is_free_of(dockerfile, free), "{dockerfile}");
            assert!(!is_free_of(dockerfile, bound), "{dockerfile} {bound}");
        }
    }

    #[test]
    fn global_installs_read_configuration_where_they_stand() {
        // npm does not; yarn 1 does, and corepack's shims look for packageManager.
        assert!(is_free_of("FROM node\nWORKDIR /app\nRUN npm i -g x", "/app"));
        for command in ["yarn global add x", "pnpm add -g x", "bun add -g x"] {
            let dockerfile = format!("FROM node\nWORKDIR /app\nRUN {command}");
            assert!(!is_free_of(&dockerfile, "/app"), "{command}");
            assert!(is_free_of(&dockerfile, "/srv/x"), "{command}");
        }
    }
}
