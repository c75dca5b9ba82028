//! Base images: what is known of the official ones.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::state::User;

mod table;

/// A base image by name, with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseImage {
    /// The name as FROM gives it, arguments replaced by their defaults; empty where it cannot be told.
    pub name: String,
    /// The repository in Docker Hub's terms (`node`, `mcr.microsoft.com/dotnet/sdk`), without registry and tag.
    pub repository: String,
    /// The tag, `latest` where none is given; empty for a digest alone.
    pub tag: String,
    /// What is known of images of this name.
    pub facts: Option<&'static ImageFacts>,
}

/// What is known of an image: the settings in its published configuration.
#[derive(Debug, PartialEq, Eq)]
pub struct ImageFacts {
    /// The repositories this holds for.
    pub repositories: &'static [&'static str],
    /// WORKDIR.
    pub workdir: &'static str,
    /// USER; `"root"` where none is set.
    pub user: &'static str,
    /// Users besides root: name, uid, gid, home.
    pub users: &'static [(&'static str, u32, u32, &'static str)],
    /// The users of the variants on Alpine, where they have other numbers or homes; empty where they do not.
    pub alpine_users: &'static [(&'static str, u32, u32, &'static str)],
    /// ENV, as far as package managers read it; PATH is left out.
    pub env: &'static [(&'static str, &'static str)],
    /// The operating system, unless the tag says otherwise.
    pub os: Os,
    /// Whether it sets a SHELL, bash, in some of its versions at least. What is read as a script of any POSIX shell is right
    /// under that too.
    pub sets_shell: bool,
    /// Where that stands: the Dockerfile that the image is built from, or its repository.
    pub source: &'static str,
}

impl ImageFacts {
    /// All that is known of images.
    #[must_use]
    pub fn all() -> &'static [Self] {
        table::FACTS
    }

    /// What is known of the images in a repository.
    fn of(repository: &str) -> Option<&'static Self> {
        static BY_REPOSITORY: LazyLock<FxHashMap<&str, &ImageFacts>> = LazyLock::new(|| {
            let of_one =
                |facts: &'static ImageFacts| facts.repositories.iter().map(move |name| (*name, facts));
            table::FACTS.iter().flat_map(of_one).collect()
        });
        BY_REPOSITORY.get(repository).copied()
    }
}

/// The distribution an image is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Os {
    /// Debian or Ubuntu: apt with docker-clean.
    Debian,
    /// Alpine: apk.
    Alpine,
    /// Fedora, RHEL, CentOS, Amazon Linux and kin: dnf, yum or microdnf.
    RedHat,
    /// Another Linux.
    Linux,
    /// Windows: its RUNs are opaque.
    Windows,
    /// Nothing is known.
    Unknown,
}

impl BaseImage {
    /// Reads an image name such as `docker.io/library/node:20-alpine@sha256:...`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let undigested = name.split('@').next().unwrap_or_default();
        let (path, tag) = match undigested.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, tag),
            _ if name.contains('@') => (undigested, ""),
            _ => (undigested, "latest"),
        };
        // What an argument without a default leaves of `FROM runtime_${PACKAGE}` is the name of nothing (distribution/reference,
        // "path-component").
        if path.ends_with(['_', '-', '.', '/']) {
            return Self::unknown();
        }
        // Names of Docker Hub, and a copy of its official images.
        let registries = [
            "docker.io/",
            "index.docker.io/",
            "registry-1.docker.io/",
            "registry.docker.com/",
            "registry.hub.docker.com/",
            "public.ecr.aws/docker/",
        ];
        let path = registries.iter().find_map(|registry| path.strip_prefix(registry)).unwrap_or(path);
        let repository = path.strip_prefix("library/").unwrap_or(path).to_owned();
        // The onbuild variants run instructions of their own right after FROM.
        let facts = ImageFacts::of(&repository).filter(|_| !tag.contains("onbuild"));
        Self { name: name.to_owned(), repository, tag: tag.to_owned(), facts }
    }

    /// An image of which nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        Self { name: String::new(), repository: String::new(), tag: String::new(), facts: None }
    }

    /// Whether it is `scratch`, the empty image.
    #[must_use]
    pub fn is_scratch(&self) -> bool {
        self.repository == "scratch"
    }

    /// The operating system, by name and tag.
    #[must_use]
    pub fn os(&self) -> Os {
        // All of them hold one of two letters, which few names do.
        let windows = ["nanoserver", "servercore", "windows"];
        let is_windows = |name: &str| {
            name.bytes().any(|byte| matches!(byte, b'v' | b'w'))
                && windows.iter().any(|word| name.contains(word))
        };
        if is_windows(&self.tag) || is_windows(&self.repository) {
            return Os::Windows;
        }
        match self.facts.map_or(Os::Unknown, |facts| facts.os) {
            Os::Debian if self.tag.contains("alpine") => Os::Alpine,
            // Variants of otherwise Debian images: Corretto's are on Amazon Linux, GraalVM's on Oracle's.
            Os::Debian
                if ["oracle", "centos", "rockylinux", "ubi", "corretto", "graal"]
                    .iter()
                    .any(|os| self.tag.contains(os)) =>
            {
                Os::RedHat
            }
            Os::Debian if ["mariner", "azurelinux", "suse"].iter().any(|os| self.tag.contains(os)) => {
                Os::Linux
            }
            os => os,
        }
    }

    /// The users besides root, of this variant. A digest alone tells nothing of the variant.
    fn users(&self) -> &'static [(&'static str, u32, u32, &'static str)] {
        match self.facts {
            None => &[],
            Some(facts) if facts.alpine_users.is_empty() => facts.users,
            Some(_) if self.tag.is_empty() => &[],
            Some(facts) if self.os() == Os::Alpine => facts.alpine_users,
            Some(facts) => facts.users,
        }
    }

    /// Whether its C library is musl, by name and tag: Alpine's is (<https://alpinelinux.org/about>), and people call images after
    /// it that they build on it.
    #[must_use]
    pub fn has_musl(&self) -> bool {
        self.os() == Os::Alpine || self.repository.contains("alpine") || self.tag.contains("alpine")
    }

    /// Whether its shell, `/bin/sh`, is known to be one without bash's extensions: Debian's is dash (<https://wiki.debian.org/Shell>),
    /// Alpine's is busybox's ash.
    #[must_use]
    pub fn has_plain_sh(&self) -> bool {
        // A digest alone tells nothing of the variant.
        matches!(self.os(), Os::Debian | Os::Alpine)
            && !self.tag.is_empty()
            && self.facts.is_some_and(|facts| !facts.sets_shell)
    }

    /// Whether it is sure to have no git, as it comes: what their Dockerfiles install stands in docker-library/python, /ruby and
    /// /php and nodejs/docker-node (the variants that are not slim start from buildpack-deps:scm, which has it), and the
    /// distributions' own images have nothing but the base system.
    #[must_use]
    pub fn lacks_git(&self) -> bool {
        // A digest alone tells nothing of the variant.
        let is_slim = || self.tag.contains("slim") || self.tag.contains("alpine");
        match &*self.repository {
            "debian" | "ubuntu" | "alpine" | "busybox" | "scratch" => true,
            "php" | "nginx" | "httpd" => self.facts.is_some() && !self.tag.is_empty(),
            "node" | "python" | "ruby" => self.facts.is_some() && is_slim(),
            _ => false,
        }
    }

    /// The user that a name or number of USER stands for, as far as known.
    #[must_use]
    pub fn user(&self, given: &str) -> User {
        let (name, group) = given.split_once(':').map_or((given, None), |(name, group)| (name, Some(group)));
        if name == "root" || name == "0" {
            return User::Root;
        }
        let users = self.users();
        let number = name.parse::<u32>().ok();
        let known = users.iter().find(|user| user.0 == name || number == Some(user.1));
        let uid = number.or(known.map(|user| user.1));
        let gid = match group {
            None => known.map(|user| user.2),
            Some(group) => group
                .parse::<u32>()
                .ok()
                .or_else(|| users.iter().find(|user| user.0 == group).map(|user| user.2)),
        };
        User::Other { name: given.to_owned(), uid, gid, home: known.map(|user| user.3.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names() {
        for (name, repository, tag) in [
            ("node", "node", "latest"),
            ("node:20-alpine", "node", "20-alpine"),
            ("docker.io/library/node:20@sha256:00", "node", "20"),
            ("localhost:5000/x/y", "localhost:5000/x/y", "latest"),
            ("public.ecr.aws/docker/library/python:3", "python", "3"),
            ("registry.docker.com/library/ruby:3", "ruby", "3"),
            ("registry.hub.docker.com/library/ruby:3", "ruby", "3"),
            ("node@sha256:00", "node", ""),
        ] {
            let image = BaseImage::named(name);
            assert_eq!((image.repository.as_str(), image.tag.as_str()), (repository, tag), "{name}");
        }
        assert_eq!(BaseImage::named("node:20-alpine").os(), Os::Alpine);
        assert_eq!(BaseImage::named("node:20").os(), Os::Debian);
        assert_eq!(BaseImage::named("nvidia/cuda:12.4.1-base-rockylinux9").os(), Os::RedHat);
        assert_eq!(BaseImage::named("maven:3-amazoncorretto-21").os(), Os::RedHat);
        assert_eq!(BaseImage::named("mcr.microsoft.com/dotnet/sdk:8.0-azurelinux3.0").os(), Os::Linux);
        assert_eq!(BaseImage::named("company/node:20").facts, None);
        assert_eq!(BaseImage::named("runtime_"), BaseImage::unknown());
    }

    #[test]
    fn small_variants_lack_git() {
        for name in ["node:22-alpine", "python:3.12-slim-bookworm", "php:8.3-fpm", "debian:12", "scratch"] {
            assert!(BaseImage::named(name).lacks_git(), "{name}");
        }
        for name in ["node:22", "python@sha256:00", "node:8-onbuild", "company/node:22-slim", "composer:2"] {
            assert!(!BaseImage::named(name).lacks_git(), "{name}");
        }
    }

    #[test]
    fn knows_users() {
        let node = BaseImage::named("node:20");
        assert_eq!(node.user("0:0"), User::Root);
        let home = Some("/home/node".to_owned());
        assert_eq!(
            node.user("node"),
            User::Other { name: "node".into(), uid: Some(1000), gid: Some(1000), home: home.clone() }
        );
        assert_eq!(
            node.user("1000:5"),
            User::Other { name: "1000:5".into(), uid: Some(1000), gid: Some(5), home }
        );
    }

    #[test]
    fn notebooks_run_as_their_user() {
        let image = BaseImage::named("quay.io/jupyter/scipy-notebook:2024-05-27");
        let home = Some("/home/jovyan".to_owned());
        let user = image.user(image.facts.unwrap().user);
        assert_eq!(user, User::Other { name: "1000".into(), uid: Some(1000), gid: Some(100), home });
        assert!(!image.has_plain_sh());
        assert!(BaseImage::named("debian:12").has_plain_sh());
        assert!(!BaseImage::named("debian@sha256:00").has_plain_sh());
    }

    #[test]
    fn variants_on_alpine_have_users_of_their_own() {
        for (name, user, wanted) in [
            ("php:8.3-fpm", "www-data", (Some(33), Some(33), Some("/var/www"))),
            ("php:8.3-fpm-alpine", "www-data", (Some(82), Some(82), Some("/home/www-data"))),
            ("php:8-cli-alpine3.20", "82", (Some(82), Some(82), Some("/home/www-data"))),
            ("php:8.3-fpm-alpine", "33", (Some(33), None, None)),
            ("php@sha256:00", "www-data", (None, None, None)),
            ("denoland/deno:2.0.0", "deno", (Some(1993), Some(1993), Some("/home/deno"))),
            ("denoland/deno:alpine-2.0.0", "deno", (Some(1000), Some(1000), Some("/home/deno"))),
            ("nginx:1-alpine", "nginx", (Some(101), Some(101), Some("/var/cache/nginx"))),
            ("node:22-alpine", "node", (Some(1000), Some(1000), Some("/home/node"))),
            ("node@sha256:00", "node", (Some(1000), Some(1000), Some("/home/node"))),
        ] {
            let User::Other { uid, gid, home, .. } = BaseImage::named(name).user(user) else {
                panic!("{name}")
            };
            assert_eq!((uid, gid, home.as_deref()), wanted, "{name} {user}");
        }
    }

    #[test]
    fn every_repository_stands_once() {
        let mut all: Vec<_> = table::FACTS.iter().flat_map(|facts| facts.repositories).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
