//! Whether there is no git in an image, for certain.
//!
//! It comes with many base images, and along with packages that want it (Debian's npm recommends it). So the base image and all
//! that is installed in it must be known, and nothing else may bring it.

use dockfix_ecosystems::{managers_of, plain};
use dockfix_model::build::{Build, Step};
use dockfix_model::commands::Invocation;
use dockfix_syntax::Keyword;
use dockfix_syntax::view::Copy;

use crate::reading::Reading;

/// Packages of Debian and Alpine that bring no git, neither by what they depend on nor by what they recommend (Debian 12,
/// main/binary-amd64/Packages). Libraries and fonts are told by their names.
const PACKAGES: &str = "apt-transport-https apt-utils autoconf automake bash binutils bison build-base build-essential bzip2 \
    ca-certificates cairo-dev clang cmake coreutils cron curl dbus default-libmysqlclient-dev default-mysql-client dirmngr \
    dnsutils dumb-init ffmpeg ffmpeg-dev file findutils flex fontconfig freetype-dev freetype g++ gcc gcompat gdal-bin \
    gettext ghostscript giflib-dev gnupg gnupg2 gosu gpg graphviz icu-data-full icu-dev icu-libs imagemagick iproute2 \
    iputils-ping jpeg-dev jq less linux-headers locales lsb-release m4 make mariadb-client mariadb-connector-c-dev musl \
    musl-dev musl-locales mysql-client nano nasm ncurses-dev net-tools netcat netcat-openbsd netcat-traditional nginx \
    ninja-build oniguruma-dev openssh-client openssl openssl-dev pango-dev patch pixman-dev pkg-config pkgconf pkgconfig \
    poppler-utils postgresql-client postgresql-dev procps python-is-python3 python3 python3-dev python3-distutils python3-pip \
    python3-setuptools python3-venv py3-pip readline-dev redis-tools rsync shadow shared-mime-info software-properties-common \
    sqlite sqlite-dev sqlite3 su-exec sudo supervisor tar tcl telnet tesseract-ocr tini tk ttf-freefont tzdata unixodbc \
    unixodbc-dev unzip util-linux vim vips vips-dev wget xvfb xz xz-utils yaml-dev yarn zip zlib zlib-dev zlib1g-dev";

/// Libraries of Debian that bring it all the same, by the beginnings of their names (ibidem).
const LIBRARIES: &[&str] = &[
    "libdesktop-notify",
    "libevolution",
    "libflatpak",
    "libghc-",
    "libgit",
    "liblightdm",
    "liblomiri",
    "liblxqt",
    "libmalcontent",
    "libnotify3",
    "libopam",
    "libpublicinbox",
    "libqgis",
    "librarian",
    "libreoffice",
];

/// Programs that run code of projects, and that install nothing into the system.
const RUNNERS: &[&str] = &[
    "npm",
    "npx",
    "yarn",
    "pnpm",
    "pnpx",
    "bun",
    "bunx",
    "node",
    "corepack",
    "tsc",
    "vite",
    "next",
    "ng",
    "nest",
    "python",
    "pip",
    "uv",
    "poetry",
    "pdm",
    "pipenv",
    "django-admin",
    "flask",
    "gunicorn",
    "mkdocs",
    "sphinx-build",
    "ruby",
    "bundle",
    "rails",
    "rake",
    "php",
    "composer",
    "artisan",
];

/// Whether no git is in the image while the steps of stage `stage` in front of step `index` run.
pub(super) fn lacks_git(build: &Build<'_>, reading: &Reading<'_>, stage: usize, index: usize) -> bool {
    let Some(own) = build.stages.get(stage) else { return false };
    own.end.base.lacks_git() && build.steps_before(stage, index).all(|step| brings_none(reading, step))
}

fn brings_none(reading: &Reading<'_>, step: &Step<'_>) -> bool {
    match step.instruction.keyword() {
        Keyword::Run => {
            let Ok(analysis) = reading.run(step) else { return false };
            analysis.chain.opaque().is_none()
                && analysis.chain.invocations().iter().all(|command| {
                    installs_none(command)
                        && (plain::effects(command, &step.state).is_some()
                            || !managers_of(&command.program).is_empty()
                            || is_runner(command))
                })
        }
        Keyword::Copy | Keyword::Add => Copy::of(&step.instruction).is_some_and(|copy| {
            let may_hold_programs = |source: &str| {
                let path = source.trim_matches('/');
                path.is_empty() || matches!(path, "usr" | "bin" | "usr/bin" | ".") || path.contains("git")
            };
            copy.from.is_none() || !copy.sources.iter().any(|source| may_hold_programs(&source.text))
        }),
        _ => true,
    }
}

/// Whether a command is no install of system packages, or one of packages that are known.
fn installs_none(command: &Invocation<'_>) -> bool {
    let managers = managers_of(&command.program);
    let Some(manager) = managers.iter().find(|manager| manager.is_for_root()) else { return true };
    if !manager.installs(command) {
        return true;
    }
    let mut words = command.arguments.iter();
    words.all(|word| {
        // What is not known here may be a list of packages.
        let Some(word) = word.value.as_deref() else { return false };
        let name = word.split(['=', '~', '<', '>', '@', ':']).next().unwrap_or_default();
        // `apk add --virtual .build-deps` names a set of packages.
        word.starts_with(['-', '.']) || matches!(name, "install" | "add") || is_known(name)
    })
}

fn is_known(package: &str) -> bool {
    let is_library = ["lib", "fonts-", "font-"].iter().any(|start| package.starts_with(start));
    is_library
        && !LIBRARIES.iter().any(|library| package.starts_with(library))
        && !["git", "-doc", "-perl", "-clojure"].iter().any(|part| package.contains(part))
        || PACKAGES.split(' ').any(|known| known == package)
}

fn is_runner(command: &Invocation<'_>) -> bool {
    let name = command.program.trim_end_matches(|ch: char| ch.is_ascii_digit() || ch == '.');
    RUNNERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_is_known_or_not() {
        let lacks = |text: &str| {
            let file = dockfix_syntax::Dockerfile::parse(text.as_bytes());
            let reading = Reading::of(&file);
            lacks_git(&reading.build, &reading, 0, usize::MAX)
        };
        for text in [
            "FROM node:22-alpine\nRUN apk add --no-cache python3 make g++ libc6-compat && npm ci\n",
            "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y libpq-dev gcc=1.2 && rm -rf /var/lib/apt/lists/*\n",
            "FROM alpine AS a\nCOPY --from=x /usr/bin/y /bin/\nRUN npm run build\n",
        ] {
            assert!(lacks(text), "{text}");
        }
        for text in [
            "FROM node:22\n",
            "FROM node:22-alpine\nRUN apk add git\n",
            "FROM node:22-alpine\nRUN apk add $PACKAGES\n",
            "FROM debian\nRUN apt-get update && apt-get install -y npm\n",
            "FROM debian\nRUN curl https://x | sh\n",
            "FROM debian\nRUN ./install.sh\n",
            "FROM debian\nRUN if true; then apt-get install -y git; fi\n",
            "FROM alpine\nCOPY --from=alpine/git / /\n",
        ] {
            assert!(!lacks(text), "{text}");
        }
    }
}
