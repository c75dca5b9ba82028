//! Cargo, and rustup beside it.
//!
//! - **Commands**: `cargo build`, `check`, `test`, `run`, `install --path` and the like compile the dependencies together
//!   with the sources. `cargo fetch` downloads, but wants a source file of every package. `cargo install CRATE` and
//!   `rustup target add` read no project but the `rust-toolchain` file around them. `cargo new` writes one and downloads nothing. `cargo chef prepare` reads the manifests and
//!   what lies beside them, and downloads nothing.
//! - **Prefetch**: none. A dummy `main.rs` that is built first and replaced by COPY is taken for the real one where that
//!   has an older time stamp, for Cargo compares times (The Cargo Book, "Build Cache").
//! - **Caches**: `registry` and `git` in `$CARGO_HOME` or `~/.cargo`, stores: later commands read them, and `--offline`
//!   ones fail without. Locked, since Cargo's own lock, `.package-cache`, lies beside them and not in them. Never
//!   `$CARGO_HOME` itself, whose `bin` is what was installed.
//!   The official image has CARGO_HOME=/usr/local/cargo, writable for everybody (rust-lang/docker-rust,
//!   `Dockerfile-debian.template`).
//! - **Compiled output**: `target` in the root of the workspace, or where CARGO_TARGET_DIR says. Only with `--unsafe`: Cargo
//!   goes by the time stamps of the project's own sources, which the RUN makes newer first, and by the versions of all other
//!   packages; it does not notice that a C library or a system header changed.
//! - **Compiled apart**: cargo-chef makes a recipe of the manifests and compiles the dependencies by it, before the sources are
//!   there (`chef.rs`). Only with `--unsafe`.
//! - **Refused**: `--offline` and `--frozen`, which rely on what an earlier step left; manifests first, see above.
//!
//! Sources: The Cargo Book, "Cargo Home", "Environment Variables", "cargo install"; The rustup book, "Overrides".

mod chef;
mod output;

use dockfix_model::commands::Invocation;
use dockfix_model::effects::{Effects, Names, Paths};
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};

use crate::environment::{Environment, Setting};
use crate::options::{Grammar, Words};
use crate::system;
use crate::{
    Cache, CacheKind, CachePlan, Compiled, Ecosystem, Needs, Planned, Planner, Refusal, Sharing, Usage,
    UsageKind, names,
};

/// Cargo.
pub(crate) struct Cargo;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    /// Compiles the project.
    Build,
    /// Downloads what the project's manifests ask for.
    Fetch,
    /// Compiles the dependencies from a recipe that `cargo chef prepare` made of the manifests.
    Cook,
    /// Makes that recipe: `cargo chef prepare`.
    Prepare,
    /// Compiles a package that it names.
    Install,
    /// Installs toolchains.
    Toolchain,
    /// Makes a package with nothing in it: `cargo new`, `cargo init`.
    New,
}

/// Commands that compile the project, those of well-known extensions included.
const BUILDS: &str = "build b check c test t run r bench doc d rustc rustdoc clippy nextest zigbuild xwin auditable \
    tarpaulin leptos build-deps";

fn verb(command: &Invocation<'_>) -> Option<Verb> {
    match &*command.program {
        "cargo" => {}
        "rustup" => return rustup(command),
        _ => return None,
    }
    let mut values = command.arguments.iter().map(|argument| argument.value.as_deref());
    let mut name = values.next()??;
    if name.starts_with('+') {
        name = values.next()??;
    }
    if BUILDS.split_ascii_whitespace().any(|build| build == name) {
        return Some(Verb::Build);
    }
    match name {
        "fetch" => Some(Verb::Fetch),
        "new" | "init" => Some(Verb::New),
        "chef" => match values.next()?? {
            "cook" => Some(Verb::Cook),
            "prepare" => Some(Verb::Prepare),
            _ => None,
        },
        "install" => {
            // Cargo before 1.32 took the package around it where nothing else was named.
            let words = install_words(command)?;
            let is_local = words.has(&["--path"]) || (words.operands.is_empty() && !words.has(&["--git"]));
            Some(if is_local { Verb::Build } else { Verb::Install })
        }
        _ => None,
    }
}

/// The words behind `cargo install`.
fn install_words<'c>(command: &'c Invocation<'c>) -> Option<Words<'c>> {
    let at = command.arguments.iter().position(|argument| argument.value.as_deref() == Some("install"))?;
    Words::read(command, at + 1, &INSTALL)
}

/// `cargo install --help`.
const INSTALL: Grammar = Grammar::gnu(
    &[
        "--version --vers --index --registry --git --branch --tag --rev --path --root --message-format --profile --target \
       --target-dir -F --features --bin --example -j --jobs --color --config",
    ],
    &[
        "-f --force --no-track --debug --bins --examples --all-features --no-default-features --locked --offline --frozen \
       -q --quiet -v --verbose --keep-going --list -s --ignore-rust-version",
    ],
);

/// `rustup`, where it installs or tells something.
fn rustup(command: &Invocation<'_>) -> Option<Verb> {
    let grammar = Grammar::gnu(
        &["--toolchain --profile -c --component -t --target --default-toolchain"],
        &["-q --quiet -v --verbose --no-self-update --force --allow-downgrade -y --version -V"],
    );
    let words = Words::read(command, 0, &grammar)?;
    let mut operands = words.operands.iter().map(|operand| operand.value);
    match (operands.next(), operands.next()) {
        (
            Some(Some("target" | "component" | "toolchain")),
            Some(Some("add" | "install" | "list" | "remove")),
        ) => {}
        (Some(Some("default" | "update" | "show")), _) => {}
        (Some(Some("set")), Some(Some("profile"))) => {}
        (None, _) if words.has(&["--version", "-V"]) => {}
        _ => return None,
    }
    Some(Verb::Toolchain)
}

impl Ecosystem for Cargo {
    fn name(&self) -> &'static str {
        "cargo"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["cargo", "rustup"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["build", "fetch", "install"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let verb = verb(command)?;
        let kind = match verb {
            Verb::Build => UsageKind::Build,
            Verb::Fetch | Verb::Cook => UsageKind::Install,
            Verb::Install | Verb::Toolchain => UsageKind::Packages,
            Verb::Prepare | Verb::New => UsageKind::Settings,
        };
        let effects = match verb {
            // build.rs and `env!` read what they like.
            Verb::Build | Verb::Cook => Effects::opaque(),
            Verb::Fetch => Effects { environment: names(NETWORK_VARIABLES), ..Effects::opaque() },
            Verb::Install => effects(command, state)?,
            Verb::Toolchain => toolchain_effects(command, state)?,
            Verb::New => new_effects(command, state)?,
            Verb::Prepare => prepare_effects(command, state)?,
        };
        let has_project = matches!(kind, UsageKind::Build | UsageKind::Install);
        let directory = command.directory.clone().filter(|_| has_project);
        let runs_package_code = !matches!(verb, Verb::Fetch | Verb::Toolchain | Verb::Prepare | Verb::New);
        Some(Usage { kind, directory, effects, runs_package_code })
    }

    fn needs(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        _: &State,
        _: &Project<'_>,
    ) -> Result<Needs, Refusal> {
        match verb(command) {
            Some(Verb::Build) => Err(Refusal::new(
                "cargo compiles the dependencies together with the sources: no other order of steps helps, but a cache mount \
                 for what is compiled does, or cargo-chef (cache-mount or cargo-chef with --unsafe)",
            )),
            Some(Verb::Fetch) => {
                Err(Refusal::new("cargo fetch wants a source file of every package, such as src/main.rs"))
            }
            Some(Verb::Cook) => Err(Refusal::new(
                "cargo chef takes care itself that dependencies are compiled before the sources",
            )),
            _ => Ok(Needs::default()),
        }
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        _: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        match verb(command) {
            None | Some(Verb::Toolchain | Verb::Prepare | Verb::New) => return Ok(CachePlan::default()),
            Some(_) => {}
        }
        let environment = Environment::new(command, state);
        for flag in ["--offline", "--frozen"] {
            if command.has(flag) {
                return Err(Refusal::new(format!("{flag} relies on what an earlier step downloaded")));
            }
        }
        if !matches!(environment.get("CARGO_NET_OFFLINE"), Setting::Unset | Setting::Known("false")) {
            return Err(Refusal::new("CARGO_NET_OFFLINE relies on what an earlier step downloaded"));
        }
        let home = cargo_home(&environment, state)?;
        // For the lock and the installed programs that lie beside the two.
        if !belongs_to_all(state, &home) {
            environment.check_root(|| {
                format!("{home} would be root's where the mount makes it, and cargo writes other files there")
            })?;
        }
        let cache = |name: &str| Cache {
            directory: home.join(name),
            kind: CacheKind::Store,
            sharing: Sharing::Locked,
        };
        Ok(CachePlan { caches: vec![cache("registry"), cache("git")], edits: Vec::new() })
    }

    fn compiled(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        project: &Project<'_>,
    ) -> Result<Option<Compiled>, Refusal> {
        match verb(command) {
            Some(Verb::Build) => output::of(command, state, project),
            Some(Verb::Cook) => {
                Err(Refusal::new("cargo chef keeps the compiled dependencies in a step of their own"))
            }
            _ => Ok(None),
        }
    }

    fn planner(&self) -> Option<&'static Planner> {
        Some(&chef::PLANNER)
    }

    fn planned(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        project: &Project<'_>,
    ) -> Result<Option<Planned>, Refusal> {
        match verb(command) {
            Some(Verb::Build) => chef::of(command, state, project).map(Some),
            _ => Ok(None),
        }
    }

    fn makes(&self, command: &Invocation<'_>, path: &str) -> bool {
        output::makes(command, path)
    }

    fn ignored(&self) -> &'static [&'static str] {
        &["**/target"]
    }

    fn manifests(&self) -> &'static [&'static str] {
        &["Cargo.toml"]
    }

    fn lock_files(&self) -> &'static [&'static str] {
        &["Cargo.lock"]
    }
}

/// `$CARGO_HOME`, or `.cargo` in the home directory.
fn cargo_home(environment: &Environment<'_>, state: &State) -> Result<ImagePath, Refusal> {
    if let Some(home) = environment.path("CARGO_HOME")? {
        return Ok(home);
    }
    if state.variables.is_open() {
        return Err(Refusal::new("the base image is not known, and may set CARGO_HOME"));
    }
    Ok(environment.home()?.join(".cargo"))
}

/// Whether a directory is the one that the official image lets everybody write to.
fn belongs_to_all(state: &State, home: &ImagePath) -> bool {
    let facts = state.base.facts.map_or(&[][..], |facts| facts.env);
    facts.iter().any(|(name, value)| *name == "CARGO_HOME" && *value == home.as_str())
}

/// What downloads read of the environment (The Cargo Book, "Environment Variables"; "Network").
const NETWORK_VARIABLES: &[&str] = &[
    "CARGO_*",
    "RUST*",
    "HTTP_TIMEOUT",
    "TERM",
    "USER",
    "EMAIL",
    crate::GIT_VARIABLES,
    "SSH_*",
    "XDG_*",
    "NETRC",
];

/// The effects of a command that installs crates; `None` where its directory is not known.
fn effects(command: &Invocation<'_>, state: &State) -> Option<Effects> {
    let environment = Environment::new(command, state);
    let mut written = environment.below_home(&[".cargo", ".rustup"]);
    for name in
        ["CARGO_HOME", "RUSTUP_HOME", "CARGO_INSTALL_ROOT", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"]
    {
        if let Some(path) = environment.path(name).ok()? {
            written = written.and(Paths::below(vec![path]));
        }
    }
    if state.variables.is_open() {
        written = written.and(system::below(&["/usr/local/cargo", "/usr/local/rustup"]));
    }
    let words = install_words(command)?;
    for option in ["--root", "--target-dir"] {
        if let Some(directory) = words.value(&[option]) {
            let path = ImagePath::absolute(directory.known()?)
                .or_else(|| Some(command.directory.as_ref()?.join(directory.known()?)))?;
            written = written.and(Paths::below(vec![path]));
        }
    }
    // `$CRATE` may be an option.
    let is_open = words.operands.iter().any(|operand| operand.beginning().is_empty());
    if is_open || words.has(&["--config"]) {
        return None;
    }
    let compilers = [
        "CC*",
        "CXX*",
        "AR*",
        "CFLAGS*",
        "CXXFLAGS*",
        "LDFLAGS",
        "PKG_CONFIG*",
        "OPENSSL_*",
        "LIBCLANG_PATH",
    ];
    let reads = around(command, &environment, &written)?;
    let environment = names(NETWORK_VARIABLES).and(Names::matching(&compilers));
    Some(Effects { reads, writes: written, environment })
}

/// The effects of rustup. Beside its own home it has the programs in `bin` of CARGO_HOME, which it may bring up to date with
/// itself, and the files there that set the search path: it keeps nothing of what Cargo downloads (The rustup book,
/// "Concepts", "Installation"; rust-lang/rustup, `self_update.rs`, `self_update/shell.rs`). `None` where its directory is
/// not known.
fn toolchain_effects(command: &Invocation<'_>, state: &State) -> Option<Effects> {
    const BESIDE_CARGO: [&str; 6] = ["bin", "env", "env.fish", "env.nu", "env.tcsh", "env.xsh"];
    let environment = Environment::new(command, state);
    let in_home = BESIDE_CARGO.map(|name| format!(".cargo/{name}"));
    let in_home: Vec<_> = in_home.iter().map(String::as_str).collect();
    let mut written = rustup_home(&environment, state)?.and(environment.below_home(&in_home));
    let mut homes: Vec<_> = environment.path("CARGO_HOME").ok()?.into_iter().collect();
    if state.variables.is_open() {
        homes.push(ImagePath::fixed("/usr/local/cargo"));
    }
    for home in homes {
        written = written.and(Paths::below(BESIDE_CARGO.map(|name| home.join(name)).to_vec()));
    }
    let reads = around(command, &environment, &written)?;
    Some(Effects { reads, writes: written, environment: names(NETWORK_VARIABLES) })
}

/// Where rustup keeps toolchains and settings.
fn rustup_home(environment: &Environment<'_>, state: &State) -> Option<Paths> {
    let mut paths = environment.below_home(&[".rustup"]);
    if let Some(path) = environment.path("RUSTUP_HOME").ok()? {
        paths = paths.and(Paths::below(vec![path]));
    }
    if state.variables.is_open() {
        paths = paths.and(system::below(&["/usr/local/rustup"]));
    }
    Some(paths)
}

/// What cargo and rustup read when they download something, besides what they write.
fn around(command: &Invocation<'_>, environment: &Environment<'_>, written: &Paths) -> Option<Paths> {
    let above = toolchain_files(command.directory.clone()?);
    let system = system::below(&["/etc", "/usr/include", "/usr/share"]).and(system::programs());
    let home = environment.below_home(&[".gitconfig", ".git-credentials", ".ssh", ".netrc", ".config/git"]);
    Some(written.clone().and(Paths::below(above)).and(system).and(home))
}

/// The files in which rustup, whose program answers to the name of Cargo, looks for the toolchain to use.
fn toolchain_files(directory: ImagePath) -> Vec<ImagePath> {
    let above = std::iter::successors(Some(directory), ImagePath::parent);
    above.flat_map(|at| [at.join("rust-toolchain"), at.join("rust-toolchain.toml")]).collect()
}

/// The effects of `cargo chef prepare`, which reads the project and the settings and writes a file; where the project asks
/// for a toolchain that is not there, rustup installs it. `None` where its directory is not known.
fn prepare_effects(command: &Invocation<'_>, state: &State) -> Option<Effects> {
    let environment = Environment::new(command, state);
    let directory = command.directory.clone()?;
    let is_elsewhere = command
        .arguments
        .iter()
        .any(|word| word.value.as_deref().is_none_or(|value| value.contains("..") || value.contains('/')));
    if is_elsewhere {
        return None;
    }
    let written = rustup_home(&environment, state)?.and(Paths::below(vec![directory.clone()]));
    let settings = environment.below_home(&[".cargo"]).and(system::below(&["/usr/local/cargo/config.toml"]));
    let around = Paths::below(toolchain_files(directory));
    let reads = written.clone().and(settings).and(around).and(system::programs());
    Some(Effects { reads, writes: written, environment: names(NETWORK_VARIABLES) })
}

/// The effects of `cargo new`, which makes a package and a repository of git in a directory, looks above it for others of
/// both, and makes the package a member of the workspace there (The Cargo Book, "cargo new"). `None` where it is not known
/// which directory that is.
fn new_effects(command: &Invocation<'_>, state: &State) -> Option<Effects> {
    let environment = Environment::new(command, state);
    let at =
        command.arguments.iter().position(|word| matches!(word.value.as_deref(), Some("new" | "init")))?;
    let words = Words::read(command, at + 1, &NEW)?;
    let from = command.directory.clone()?;
    let directory = match &words.operands[..] {
        [] if command.has("init") => from.clone(),
        [name] => {
            ImagePath::absolute(name.value?).unwrap_or_else(|| from.join(name.value.unwrap_or_default()))
        }
        _ => return None,
    };
    let above: Vec<_> = std::iter::successors(directory.parent(), ImagePath::parent).collect();
    let members = above.iter().map(|at| at.join("Cargo.toml")).collect();
    let others = above.iter().flat_map(|at| [".git", ".hg", ".cargo"].map(|name| at.join(name))).collect();
    let written =
        rustup_home(&environment, state)?.and(Paths::below(vec![directory])).and(Paths::below(members));
    let mut settings = environment.below_home(&[".cargo/config", ".cargo/config.toml"]);
    if let Some(home) = environment.path("CARGO_HOME").ok()? {
        settings = settings.and(Paths::below(vec![home.join("config"), home.join("config.toml")]));
    }
    let reads = around(command, &environment, &written)?.and(settings).and(Paths::below(others));
    Some(Effects { reads, writes: written, environment: names(NETWORK_VARIABLES) })
}

/// `cargo new --help`.
const NEW: Grammar = Grammar::gnu(
    &["--edition --name --vcs --registry --color"],
    &["--bin --lib -q --quiet -v --verbose --offline --frozen --locked"],
);

#[cfg(test)]
mod tests;
