//! What bundler and gem share: Ruby's tokens, the files that a Gemfile takes part in, what an installation touches.

pub(crate) mod gemfile;
mod lock;
mod program;
mod tokens;

use dockfix_model::effects::{Effects, Paths};
use dockfix_model::{ImagePath, State};

use crate::environment::Environment;
use crate::{Refusal, names, system};

/// Where gems go: the official images, Debian, Alpine, builds from source, version managers; what a build of an
/// extension reads besides.
const GEMS: &[&str] = &[
    "/opt/ruby",
    "/opt/rubies",
    "/usr/lib/ruby",
    "/usr/lib64/ruby",
    "/usr/lib64/gems",
    "/usr/share/gems",
    "/usr/share/ruby",
    "/usr/local/bin",
    "/usr/local/bundle",
    "/usr/local/etc",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/rbenv",
    "/usr/local/rvm",
    "/usr/local/share",
    "/usr/bin",
    "/var/lib/gems",
];

/// What bundler, gem and the builds of extensions keep in the home directory.
const IN_HOME: &[&str] = &[
    ".bundle",
    ".gem",
    ".gemrc",
    ".local",
    ".cache",
    ".config",
    ".rbenv",
    ".rvm",
    ".asdf",
    ".gitconfig",
    ".ssh",
    ".netrc",
    ".npm",
    ".cargo",
    ".rustup",
];

/// Files by which version managers (rbenv, rvm, asdf) choose Ruby in a project.
pub(crate) const VERSION_FILES: [&str; 3] = [".ruby-version", ".ruby-gemset", ".tool-versions"];

/// Where RubyGems keeps the archives of what it installs in `$GEM_HOME`. Another user than root needs that directory to be
/// there: it is in the official image, open to everybody (docker-library/ruby, `Dockerfile.template`).
pub(crate) fn archives(environment: &Environment<'_>, state: &State) -> Result<Option<ImagePath>, Refusal> {
    let home = environment.path("GEM_HOME")?;
    let may_write = environment.is_root() || state.base.repository == "ruby";
    Ok(home.filter(|_| may_write).map(|home| home.join("cache")))
}

/// Why what `program` downloads gets no mount where there are no [`archives`].
pub(crate) fn no_archives(program: &str, environment: &Environment<'_>) -> Refusal {
    match environment.path("GEM_HOME") {
        Ok(Some(home)) => Refusal::new(format!(
            "a mount may make {home} root's, where {program}, run as another user, has to write"
        )),
        _ => Refusal::new(format!("where {program} keeps what it downloads in this image is not known")),
    }
}

/// What an installation of gems touches besides the project.
pub(crate) fn effects(environment: &Environment<'_>) -> Effects {
    let mut written = system::below(GEMS).and(environment.below_home(IN_HOME));
    for name in [
        "GEM_HOME",
        "GEM_PATH",
        "BUNDLE_PATH",
        "BUNDLE_APP_CONFIG",
        "BUNDLE_BIN",
        "BUNDLE_USER_HOME",
        "BUNDLE_USER_CACHE",
        "BUNDLE_USER_CONFIG",
        "BUNDLE_USER_PLUGIN",
    ] {
        written = match environment.path(name) {
            Ok(Some(path)) => written.and(Paths::below(vec![path])),
            Ok(None) => written,
            Err(_) => Paths::All,
        };
    }
    let read = system::below(&["/etc", "/usr/include", "/usr/libexec", "/usr/local/include", "/usr/share"]);
    Effects {
        reads: written.clone().and(read).and(system::below(system::PROGRAMS)),
        writes: written,
        environment: names(VARIABLES),
    }
}

/// bundle-config(1), gem help environment, and what makefiles of extensions commonly look at.
const VARIABLES: &[&str] = &[
    "BUNDLE_* BUNDLER_* GEM_* GEMRC RUBY* RBENV_* RVM_* JRUBY_* XDG_*",
    crate::GIT_VARIABLES,
    "SSH_* DEBUG* EDITOR NO_COLOR USER SHELL",
    "MAKE MAKEFLAGS CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS PKG_CONFIG* NOKOGIRI_* SASS_* CARGO_* RUST* NODE_*",
];
