//! dnf, dnf5, yum, microdnf, tdnf: Fedora, Red Hat Enterprise Linux, Azure Linux and their kin.
//!
//! - **Commands**: `install`, `upgrade`, `group install` and the like install; `makecache` fetches metadata, which the
//!   others do themselves; `remove`, `list`, `copr`, `config-manager` need no cache. `download` writes into the working
//!   directory and is not known.
//! - **Manifests**: none. `./x.rpm` on the command line is read like any other file; `/usr/bin/ps` asks for what
//!   provides that path.
//! - **Caches**, pure and locked: `/var/cache/libdnf5` for dnf 5 (Fedora 41 and later), `/var/cache/dnf` for dnf 4,
//!   `/var/cache/yum` for yum 3 and microdnf. The locks in them hold process numbers of one container. Packages are
//!   removed after they are installed unless `keepcache` is set (dnf.conf(5); the distributions' yum.conf sets it off),
//!   which the command line can do, except for microdnf. Metadata counts as fresh for two days, long enough for packages
//!   to be gone: `--refresh`, or `metadata_expire=0` for yum 3, has it looked at anew. microdnf has `--refresh` since 3.4.0,
//!   which is in RHEL 8.3 and later and in their kin; before, it always looked anew and knew no such option
//!   (rpm-software-management/microdnf#74). From Fedora 38 on `microdnf` is a link to dnf5 (rpm-software-management/dnf5,
//!   `dnf5.spec`).
//! - **Refused**: a base image of which it is not known which of them it has; another root, cache directory or
//!   configuration; `--cacheonly` and `--downloadonly`, which hand packages from one command to another.
//!
//! Sources: dnf(8), dnf.conf(5), dnf5(8), dnf5-caching(7), yum(8), yum.conf(5); rpm-software-management/microdnf,
//! `dnf/dnf-main.c`.

use dockfix_model::commands::Invocation;
use dockfix_model::effects::Effects;
use dockfix_model::images::BaseImage;
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};

use crate::options::{Grammar, Table, Value, Words};
use crate::system::{self, PackageNames};
use crate::{
    Cache, CacheKind, CachePlan, CommandEdit, Ecosystem, IndexUse, Refusal, Sharing, Usage, UsageKind, names,
};

/// dnf and its kin.
pub(crate) struct Dnf;

/// dnf(8), yum(8), microdnf(8).
static GRAMMAR: Grammar = Grammar::gnu(
    &[
        "-c --config -d --debuglevel -e --errorlevel -x --exclude --excludepkgs -R --randomwait --advisory --advisories \
       --bz --bzs --cve --cves --sec-severity --secseverity --color --comment --disableexcludes --disableexcludepkgs \
       --disableplugin --enableplugin --disablerepo --enablerepo --repo --repoid --repofrompath --downloaddir --destdir \
       --forcearch --installroot --releasever --rpmverbosity --setopt --add-repo --save --from-repo",
    ],
    &[
        "-y --assumeyes --assumeno -q --quiet -v --verbose -b --best --nobest -C --cacheonly -4 -6 --allowerasing \
       --bugfix --enhancement --newpackage --security --refresh --nogpgcheck --no-gpgchecks --nogpg --noplugins --nodocs \
       --noautoremove --obsoletes --skip-broken --skip-unavailable --showduplicates --downloadonly --set-enabled \
       --set-disabled --enable --disable --enabled --disabled --installed --available --all --with-optional --skip-if-unavailable \
       --debugsolver --help --version --use-host-config",
    ],
)
.kept_in(&OPTIONS);
static OPTIONS: Table = Table::new();

/// A program's generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Generation {
    Yum3,
    Dnf4,
    Dnf5,
    Micro,
}

impl Generation {
    fn cache(self) -> &'static str {
        match self {
            Self::Yum3 | Self::Micro => "/var/cache/yum",
            Self::Dnf4 => "/var/cache/dnf",
            Self::Dnf5 => "/var/cache/libdnf5",
        }
    }

    /// What `program` is in an image; `None` where that cannot be told.
    fn of(program: &str, state: &State) -> Option<Self> {
        match program {
            "microdnf" => return Self::of_microdnf(&state.base),
            "dnf5" => return Some(Self::Dnf5),
            "dnf-3" | "dnf4" => return Some(Self::Dnf4),
            _ => {}
        }
        let repository = state.base.repository.rsplit('/').next().unwrap_or_default();
        let tag = state.base.tag.as_str();
        let named = release(&state.base);
        // `40`, `7.9.2009`, `centos7`, `stream9`
        let numbers = tag.split(|ch: char| !ch.is_ascii_digit()).find(|number| !number.is_empty());
        let major: Option<u32> = numbers.and_then(|number| number.parse().ok());
        let generation = match (repository, major) {
            _ if named.is_some_and(|release| release <= 7) => Self::Yum3,
            _ if named.is_some() => Self::Dnf4,
            ("fedora", Some(..22)) => Self::Yum3,
            ("fedora", Some(..=40)) => Self::Dnf4,
            ("fedora", Some(_)) => Self::Dnf5,
            ("fedora", None) if matches!(tag, "latest" | "rawhide") => Self::Dnf5,
            // Before CentOS 6, yum had no --setopt.
            ("centos" | "oraclelinux", Some(6 | 7)) => Self::Yum3,
            ("centos" | "oraclelinux" | "rockylinux" | "almalinux", Some(8..)) => Self::Dnf4,
            ("centos" | "rockylinux" | "almalinux", None) if tag == "latest" => Self::Dnf4,
            ("amazonlinux", Some(1 | 2 | 2016 | 2017 | 2018)) => Self::Yum3,
            ("amazonlinux", Some(2023..)) => Self::Dnf4,
            ("ubi", _) if tag != "7" && !tag.starts_with("7.") => Self::Dnf4,
            // Later systems have images of other names.
            ("rhel", Some(6 | 7)) => Self::Yum3,
            // Scientific Linux, rebuilt from it.
            ("scientific" | "sl", Some(6 | 7)) => Self::Yum3,
            _ => return None,
        };
        // yum 3 has no program of another name.
        (generation != Self::Yum3 || program == "yum").then_some(generation)
    }

    /// What `microdnf` is in an image, where that has `--refresh`.
    fn of_microdnf(base: &BaseImage) -> Option<Self> {
        let repository = base.repository.rsplit('/').next().unwrap_or_default();
        let number = |text: &str| text.parse::<u32>().ok();
        let mut numbers = base.tag.split(|ch: char| !ch.is_ascii_digit()).map(number);
        let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
        match (repository, release(base).or(first)) {
            ("fedora" | "fedora-minimal", Some(33..=37)) => Some(Self::Micro),
            ("fedora" | "fedora-minimal", Some(38..)) => Some(Self::Dnf5),
            ("fedora" | "fedora-minimal", None) if base.tag == "latest" => Some(Self::Dnf5),
            // The first of these were made of 8.3 and 8.4 (2021).
            ("rockylinux" | "almalinux", Some(8..=10)) => Some(Self::Micro),
            ("oraclelinux", Some(9 | 10)) => Some(Self::Micro),
            // Tags that are moved on stand for the last of them.
            ("oraclelinux", Some(8)) if base.tag.starts_with("8-slim") || second >= Some(3) => {
                Some(Self::Micro)
            }
            (_, Some(9 | 10)) if release(base).is_some() => Some(Self::Micro),
            ("ubi-minimal" | "ubi8-minimal", Some(8))
                if matches!(base.tag.as_str(), "latest" | "8") || first == Some(8) && second >= Some(3) =>
            {
                Some(Self::Micro)
            }
            _ => None,
        }
    }

    /// The options that keep packages and look at metadata anew.
    fn wanted(self) -> &'static [&'static str] {
        match self {
            Self::Dnf4 | Self::Dnf5 => &["--setopt=keepcache=1", "--refresh"],
            Self::Yum3 => &["--setopt=keepcache=1", "--setopt=metadata_expire=0"],
            Self::Micro => &["--refresh"],
        }
    }
}

/// The release of Red Hat Enterprise Linux, or of a rebuild of it, that the name of an image tells of whatever else it
/// holds: `registry.access.redhat.com/ubi9/python-312`, `redhat/ubi8-minimal`, `nvidia/cuda:12.4.1-base-rockylinux9`. From 8 to
/// 10 they have dnf 4, which `yum` is a link to; before, yum 3.
fn release(image: &BaseImage) -> Option<u32> {
    let number = |name: &str, systems: &[&str]| {
        let mut rest = systems.iter().filter_map(|system| name.strip_prefix(system));
        let is_release = |number: &&str| matches!(*number, "6" | "7" | "8" | "9" | "10");
        rest.find(is_release)?.parse().ok()
    };
    let repository = image.repository.as_str();
    let registries = ["registry.access.redhat.com/", "registry.redhat.io/", "redhat/"];
    let of_red_hat = registries.iter().find_map(|registry| repository.strip_prefix(registry));
    // Without a registry, Red Hat's own docker asked Red Hat's first: `rhel7`.
    let path = of_red_hat.or_else(|| Some(repository).filter(|name| matches!(*name, "rhel6" | "rhel7")));
    let of_space = || number(path?.split(['/', '-', '.']).next()?, &["ubi", "rhel"]);
    let of_tag = || {
        let systems = ["rockylinux", "almalinux", "oraclelinux", "centos", "ubi"];
        image.tag.split('-').find_map(|part| number(part, &systems))
    };
    // `centos/python-36-centos7`, `openshift/base-centos7`, `rhscl/nodejs-8-rhel7` (sclorg).
    let of_builder = || {
        let path = path.unwrap_or(repository);
        let is_one = ["centos/", "openshift/", "rhscl/"].iter().any(|space| path.starts_with(space));
        number(path.rsplit('-').next().filter(|_| is_one)?, &["centos", "rhel"])
    };
    of_space().or_else(of_tag).or_else(of_builder).or_else(|| manylinux(repository))
}

/// The release of which PyPA's images to build wheels in are made (pypa/manylinux, README: CentOS 6 and 7, AlmaLinux 8).
fn manylinux(repository: &str) -> Option<u32> {
    let policy = repository.strip_prefix("quay.io/pypa/manylinux")?;
    [("2010_", 6), ("2014_", 7), ("_2_28_", 8)]
        .into_iter()
        .find_map(|(name, release)| policy.starts_with(name).then_some(release))
}

struct Line<'c> {
    words: Words<'c>,
    verb: Verb,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Install,
    MakeCache,
    Remove,
    Configure,
    Query,
    Clean,
}

impl<'c> Line<'c> {
    fn read(command: &'c Invocation<'c>) -> Option<Self> {
        let mut words = match &*command.program {
            "dnf" | "dnf5" | "dnf-3" | "dnf4" | "yum" | "microdnf" | "tdnf" => {
                Words::read(command, 0, &GRAMMAR)?
            }
            "yum-config-manager" => {
                return Some(Self { words: Words::read(command, 0, &GRAMMAR)?, verb: Verb::Configure });
            }
            _ => return None,
        };
        if words.operands.is_empty() {
            return None;
        }
        let verb = match words.operands.remove(0).value? {
            "install" | "reinstall" | "upgrade" | "update" | "up" | "upgrade-minimal" | "update-minimal"
            | "downgrade" | "distro-sync" | "dsync" | "groupinstall" | "groupupdate" | "localinstall"
            | "swap" | "builddep" => Verb::Install,
            "group" | "grp" | "module" => match words.operands.first()?.value? {
                "install" | "upgrade" | "update" | "enable" | "switch-to" => Verb::Install,
                "disable" | "reset" | "remove" => Verb::Remove,
                "list" | "info" => Verb::Query,
                _ => return None,
            },
            "makecache" | "check-update" => Verb::MakeCache,
            "remove" | "erase" | "autoremove" | "groupremove" | "mark" | "versionlock" => Verb::Remove,
            "copr" | "config-manager" => Verb::Configure,
            "list" | "info" | "search" | "repolist" | "provides" | "whatprovides" | "repoquery"
            | "grouplist" => Verb::Query,
            "clean" => Verb::Clean,
            _ => return None,
        };
        Some(Self { words, verb })
    }

    /// Whether the metadata is looked at anew.
    fn is_fresh(&self, command: &Invocation<'_>) -> bool {
        self.words.has(&["--refresh"]) || command.has("--setopt=metadata_expire=0")
    }

    /// The option that moves directories.
    fn moved(&self) -> Option<String> {
        self.words.options.iter().find_map(|option| match option.name {
            "--installroot" | "-c" | "--config" => {
                Some(format!("{} {}", option.name, option.value.beginning()))
            }
            "--setopt" => {
                let key = option.value.beginning().split('=').next().unwrap_or_default();
                let moves =
                    ["cachedir", "system_cachedir", "installroot", "reposdir", "varsdir", "persistdir"];
                let is_open = matches!(option.value, Value::Unknown(_)) && key.is_empty();
                (is_open || moves.contains(&key)).then(|| format!("--setopt={}", option.value.beginning()))
            }
            _ => None,
        })
    }
}

impl Ecosystem for Dnf {
    fn name(&self) -> &'static str {
        "dnf"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["dnf", "dnf-", "yum", "microdnf", "tdnf", "yum-config-manager"]
    }

    fn downloads_by(&self) -> &'static [&'static str] {
        &["install", "update", "upgrade", "groupinstall"]
    }

    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage> {
        let line = Line::read(command)?;
        let kind = match line.verb {
            // Where its cache is not known, it gets no mount, and what it leaves in the image has to go.
            Verb::Clean if Generation::of(&command.program, state).is_none() => UsageKind::Settings,
            Verb::Clean => UsageKind::CleanCache,
            _ => UsageKind::Packages,
        };
        // Scriptlets inherit the environment.
        let environment = names(&[
            "DNF*",
            "LIBDNF*",
            "YUM*",
            "RPM_*",
            "SMDEV_*",
            "ACCEPT_EULA",
            "TERM",
            "COLUMNS",
            "SHELL",
            "PYTHON*",
            "JAVA_*",
            "JDK_*",
            "SYSTEMD_*",
            "POSTGRESQL_*",
            "MYSQL_*",
        ]);
        let system =
            system::below(&["/etc", "/usr/share", "/var/cache", "/var/lib", "/run"]).and(system::programs());
        let mut effects = match line.verb {
            Verb::Install | Verb::Remove | Verb::Configure => {
                Effects { reads: system::directories(), writes: system::written(), environment }
            }
            Verb::MakeCache | Verb::Query | Verb::Clean => {
                let written =
                    ["/var/cache", "/var/lib/dnf", "/var/lib/yum", "/var/lib/rpm", "/var/log", "/run"];
                Effects { reads: system, writes: system::below(&written), environment }
            }
        };
        if line.moved().is_some() || line.words.has(&["--downloaddir", "--destdir", "--downloadonly"]) {
            effects = Effects::opaque();
        } else if line.verb == Verb::Install {
            for operand in &line.words.operands {
                effects.reads = effects.reads.and(NAMES.read_by(operand, command));
            }
        }
        let runs_package_code = matches!(line.verb, Verb::Install | Verb::Remove);
        Some(Usage { kind, directory: None, effects, runs_package_code })
    }

    fn caches(
        &self,
        command: &Invocation<'_>,
        _: &Usage,
        state: &State,
        _: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        let fills = |line: &Line<'_>| matches!(line.verb, Verb::Install | Verb::MakeCache);
        let Some(line) = Line::read(command).filter(fills) else { return Ok(CachePlan::default()) };
        // github.com/vmware/tdnf/wiki/Configuration-Options
        if command.program == "tdnf" {
            return Err(Refusal::new("tdnf keeps no packages unless keepcache in its tdnf.conf says so"));
        }
        if let Some(moved) = line.moved() {
            return Err(Refusal::new(format!("{moved} may move the cache of {}", command.program)));
        }
        for option in ["-C", "--cacheonly", "--downloadonly"] {
            if line.words.has(&[option]) {
                return Err(Refusal::new(format!(
                    "{option} hands packages from one command to another in the cache"
                )));
            }
        }
        let Some(generation) = Generation::of(&command.program, state) else {
            let what = if command.program == "microdnf" {
                "whether that has --refresh"
            } else {
                "where its cache is"
            };
            return Err(Refusal::new(format!(
                "it is not known which {} the base image has, and so {what}",
                command.program
            )));
        };
        let cache = Cache {
            directory: ImagePath::root().join(generation.cache()),
            kind: CacheKind::Pure,
            sharing: Sharing::Locked,
        };
        Ok(CachePlan { caches: vec![cache], edits: edits(command, &line, generation) })
    }

    /// Metadata that is older than two days is fetched anew by itself; `--refresh` does not wait for that.
    fn index_use(&self, command: &Invocation<'_>) -> Option<IndexUse> {
        let line = Line::read(command)?;
        match line.verb {
            Verb::MakeCache => Some(IndexUse::Fills),
            Verb::Install if !line.is_fresh(command) => Some(IndexUse::Reads),
            _ => None,
        }
    }

    fn installs(&self, command: &Invocation<'_>) -> bool {
        Line::read(command).is_some_and(|line| line.verb == Verb::Install)
    }

    fn upgrades(&self, command: &Invocation<'_>) -> bool {
        let is_one = |word: &str| {
            matches!(word, "update" | "up" | "distro-sync" | "dsync" | "groupupdate")
                || word.starts_with("upgrade")
        };
        Line::read(command).is_some_and(|line| line.verb == Verb::Install) && system::says(command, is_one)
    }

    /// `-C` (dnf(8): "Run entirely from system cache"), which fails where that holds no metadata.
    fn lives_off(&self, command: &Invocation<'_>, _: &State, _: &Invocation<'_>) -> bool {
        const OPTIONS: [&str; 2] = ["-C", "--cacheonly"];
        let is_told = match Line::read(command) {
            Some(line) => line.words.has(&OPTIONS),
            None => OPTIONS.iter().any(|option| command.has(option)),
        };
        is_told && self.programs().contains(&crate::without_version(&command.program))
    }

    fn trusts_cache(&self, command: &Invocation<'_>) -> bool {
        const FETCH: [&str; 8] = [
            "install",
            "reinstall",
            "upgrade",
            "update",
            "groupinstall",
            "localinstall",
            "download",
            "builddep",
        ];
        match Line::read(command) {
            // tdnf has a cache of its own.
            Some(line) => {
                line.verb == Verb::Install
                    && line.moved().is_none()
                    && command.program != "tdnf"
                    && !line.is_fresh(command)
            }
            None => {
                matches!(&*command.program, "dnf" | "dnf5" | "dnf-3" | "dnf4" | "yum" | "microdnf")
                    && !command.has("--refresh")
                    && system::may_be_one_of(command, &FETCH)
            }
        }
    }

    fn is_for_root(&self) -> bool {
        true
    }
}

/// The options that make the cache keep something and its metadata fresh.
fn edits(command: &Invocation<'_>, line: &Line<'_>, generation: Generation) -> Vec<CommandEdit> {
    let mut edits = Vec::new();
    // The last of several settings holds.
    for option in line.words.options.iter().filter(|option| option.name == "--setopt") {
        let turns_off = option.value.known().is_some_and(|value| {
            value
                .strip_prefix("keepcache=")
                .is_some_and(|value| !matches!(value, "1" | "true" | "True" | "yes"))
        });
        if turns_off && generation != Generation::Micro {
            edits.extend(option.words.iter().map(|argument| CommandEdit::Remove(argument.span)));
        }
    }
    let is_given =
        |wanted: &str| command.arguments.iter().any(|argument| argument.value.as_deref() == Some(wanted));
    let wanted: Vec<_> = generation.wanted().iter().copied().filter(|wanted| !is_given(wanted)).collect();
    if !wanted.is_empty() {
        edits.push(CommandEdit::InsertAfter(command.program_span, wanted.join(" ")));
    }
    edits
}

/// Package files; `/usr/bin/ps` is the name of what a package has, `@core` that of a group.
const NAMES: PackageNames =
    PackageNames { files: &[".rpm", ".spec"], slash_is_file: false, beginnings: &['@'] };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn needs(body: &str) -> String {
        testing::needs(&Dnf, &format!("FROM fedora\nRUN {body}"), &[])
    }

    fn caches(from: &str, body: &str) -> String {
        testing::caches(&Dnf, &format!("FROM {from}\nRUN {body}"), &[])
    }

    #[test]
    fn recognises_commands() {
        for body in [
            "dnf install -y git",
            "dnf -y --setopt=tsflags=nodocs install @development-tools /usr/bin/ps",
            "yum update -y",
            "yum install -y nodejs-$V https://x/epel-$V.rpm",
            "yum groupinstall -y 'Development Tools'",
            "microdnf install --nodocs git",
            "dnf module enable -y nodejs:18",
            "dnf makecache",
            "dnf config-manager --set-enabled crb",
            "dnf copr enable -y x/y",
            "yum remove -y gcc",
            "yum --disableplugin subscription-manager install -y x",
            "tdnf install -y ca-certificates",
            "yum-config-manager --add-repo https://x/y.repo",
        ] {
            assert_eq!(needs(body), "packages", "{body}");
        }
        for body in ["dnf clean all", "yum -y clean all", "microdnf clean all"] {
            assert_eq!(needs(body), "clean-cache", "{body}");
        }
        for body in [
            "dnf",
            "dnf -y",
            "dnf download x",
            "dnf shell",
            "dnf --unknown install x",
            "dnf $VERB x",
            "dnf system-upgrade reboot",
            "yum-config-manager --unknown x",
            "reposync x",
            "dnf install --setopt",
        ] {
            assert_eq!(needs(body), "opaque", "{body}");
        }
    }

    #[test]
    fn caches_lie_where_the_program_has_them() {
        let dnf = "insert --setopt=keepcache=1 --refresh";
        let yum = "insert --setopt=keepcache=1 --setopt=metadata_expire=0";
        for (from, body, expected) in [
            ("fedora:41", "dnf install -y x", format!("/var/cache/libdnf5 pure locked; after dnf {dnf}")),
            ("fedora", "dnf install -y x", format!("/var/cache/libdnf5 pure locked; after dnf {dnf}")),
            ("fedora:40", "dnf install -y x", format!("/var/cache/dnf pure locked; after dnf {dnf}")),
            ("rockylinux:9", "yum install -y x", format!("/var/cache/dnf pure locked; after yum {dnf}")),
            (
                "quay.io/centos/centos:stream9",
                "dnf update -y",
                format!("/var/cache/dnf pure locked; after dnf {dnf}"),
            ),
            (
                "registry.access.redhat.com/ubi9/ubi:9.4",
                "dnf install x",
                format!("/var/cache/dnf pure locked; after dnf {dnf}"),
            ),
            ("amazonlinux:2023", "dnf install x", format!("/var/cache/dnf pure locked; after dnf {dnf}")),
            ("amazonlinux:2", "yum install x", format!("/var/cache/yum pure locked; after yum {yum}")),
            ("centos:7", "yum install x", format!("/var/cache/yum pure locked; after yum {yum}")),
            ("centos:centos6", "yum install x", format!("/var/cache/yum pure locked; after yum {yum}")),
            ("fedora:21", "yum install x", format!("/var/cache/yum pure locked; after yum {yum}")),
            ("fedora:22", "yum install x", format!("/var/cache/dnf pure locked; after yum {dnf}")),
            ("centos", "yum install x", format!("/var/cache/dnf pure locked; after yum {dnf}")),
            (
                "fedora-minimal:41",
                "microdnf install x",
                format!("/var/cache/libdnf5 pure locked; after microdnf {dnf}"),
            ),
            (
                "registry.access.redhat.com/ubi7/ubi",
                "yum install x",
                format!("/var/cache/yum pure locked; after yum {yum}"),
            ),
            (
                "nvidia/cuda:11.4.3-base-centos7",
                "yum install x",
                format!("/var/cache/yum pure locked; after yum {yum}"),
            ),
        ] {
            assert_eq!(caches(from, body), expected, "{from}: {body}");
        }
        for from in [
            "registry.access.redhat.com/ubi9",
            "registry.access.redhat.com/ubi8:8.10",
            "registry.access.redhat.com/ubi8-minimal",
            "registry.access.redhat.com/ubi9/python-312:9.5",
            "registry.redhat.io/ubi8/nodejs-20",
            "redhat/ubi9",
            "redhat/ubi9-minimal:9.4",
            "nvidia/cuda:12.4.1-base-rockylinux9",
            "nvcr.io/nvidia/cuda:12.4.1-devel-ubi8",
            "eclipse-temurin:21-jdk-ubi9-minimal",
        ] {
            assert_eq!(
                caches(from, "yum install x"),
                format!("/var/cache/dnf pure locked; after yum {dnf}"),
                "{from}"
            );
        }
        for from in [
            "rhel7",
            "rhel6:latest",
            "redhat/rhel7",
            "registry.access.redhat.com/rhel7.3:latest",
            "registry.access.redhat.com/rhel7/rhel-tools",
            "registry.access.redhat.com/rhel:7.4",
            "registry.access.redhat.com/rhscl/nodejs-8-rhel7",
            "openshift/base-centos7",
            "centos/s2i-core-centos7",
            "sl:7",
            "quay.io/pypa/manylinux2014_x86_64",
        ] {
            assert_eq!(
                caches(from, "yum install x"),
                format!("/var/cache/yum pure locked; after yum {yum}"),
                "{from}"
            );
        }
        for from in ["registry.redhat.io/rhel8/nodejs-12", "quay.io/pypa/manylinux_2_28_aarch64:latest"] {
            assert_eq!(
                caches(from, "yum install x"),
                format!("/var/cache/dnf pure locked; after yum {dnf}"),
                "{from}"
            );
        }
        for body in ["dnf clean all", "dnf remove x", "dnf list installed", "yum-config-manager --enable x"] {
            assert_eq!(caches("fedora", body), "", "{body}");
        }
    }

    /// Since 3.4.0 it trusts metadata of the mount for as long as its settings say: an update would bring nothing.
    #[test]
    fn microdnf_is_told_to_look_at_its_metadata_anew() {
        for from in [
            "registry.access.redhat.com/ubi9/ubi-minimal:9.4",
            "registry.access.redhat.com/ubi9-minimal",
            "redhat/ubi10-minimal",
            "registry.access.redhat.com/ubi8-minimal:8.10-1088",
            "redhat/ubi8-minimal",
            "eclipse-temurin:21-jdk-ubi9-minimal",
            "rockylinux:8-minimal",
            "almalinux:9-minimal",
            "oraclelinux:8-slim",
            "fedora-minimal:36",
        ] {
            assert_eq!(
                caches(from, "microdnf update -y"),
                "/var/cache/yum pure locked; after microdnf insert --refresh",
                "{from}"
            );
        }
        for from in [
            "company/x",
            "redhat/ubi8-minimal:8.2",
            "registry.access.redhat.com/ubi8/ubi-minimal:8.1-407",
            "registry.access.redhat.com/ubi8/nodejs-16-minimal:1-88",
            "registry.access.redhat.com/rhel7-atomic",
            "oraclelinux:7-slim",
            "oraclelinux:8.2",
            "fedora-minimal:30",
        ] {
            assert_eq!(
                caches(from, "microdnf update -y"),
                "refused: it is not known which microdnf the base image has, and so whether that has --refresh",
                "{from}"
            );
        }
    }

    #[test]
    fn edits_take_what_is_there_into_account() {
        assert_eq!(
            caches("fedora", "dnf --setopt=keepcache=1 --refresh install x"),
            "/var/cache/libdnf5 pure locked"
        );
        assert_eq!(
            caches("fedora", "dnf --setopt=keepcache=0 --refresh install x"),
            "/var/cache/libdnf5 pure locked; remove --setopt=keepcache=0; after dnf insert --setopt=keepcache=1"
        );
        assert_eq!(
            caches("fedora", "dnf --setopt keepcache=false --refresh install x"),
            "/var/cache/libdnf5 pure locked; remove --setopt; remove keepcache=false; after dnf insert \
             --setopt=keepcache=1"
        );
    }

    #[test]
    fn refuses_what_it_cannot_place() {
        for (from, body, reason) in [
            (
                "company/x",
                "dnf install y",
                "it is not known which dnf the base image has, and so where its cache is",
            ),
            (
                "company/ubi9-tools",
                "yum install y",
                "it is not known which yum the base image has, and so where its cache is",
            ),
            (
                "registry.access.redhat.com/rhel",
                "yum install y",
                "it is not known which yum the base image has, and so where its cache is",
            ),
            (
                "company/base-centos7",
                "yum install y",
                "it is not known which yum the base image has, and so where its cache is",
            ),
            (
                "centos:5",
                "yum install y",
                "it is not known which yum the base image has, and so where its cache is",
            ),
            (
                "amazonlinux",
                "yum install y",
                "it is not known which yum the base image has, and so where its cache is",
            ),
            ("fedora", "dnf install -C y", "-C hands packages from one command to another in the cache"),
            ("fedora", "dnf --installroot /x install y", "--installroot /x may move the cache of dnf"),
            (
                "fedora",
                "dnf --setopt=cachedir=/x install y",
                "--setopt=cachedir=/x may move the cache of dnf",
            ),
            (
                "fedora",
                "dnf install --downloadonly y",
                "--downloadonly hands packages from one command to another in the cache",
            ),
        ] {
            assert_eq!(caches(from, body), format!("refused: {reason}"), "{from}: {body}");
        }
    }

    /// It has a cache of its own, wherever that is: what it leaves there has to go.
    #[test]
    fn a_program_that_is_not_placed_cleans_its_own_cache() {
        let kind = |from: &str, body: &str| testing::needs(&Dnf, &format!("FROM {from}\nRUN {body}"), &[]);
        assert_eq!(kind("company/x", "yum clean all"), "settings");
        assert_eq!(kind("company/x", "microdnf clean all"), "settings");
        assert_eq!(kind("redhat/ubi9-minimal", "microdnf clean all"), "clean-cache");
        assert_eq!(kind("redhat/ubi8-minimal", "yum clean all"), "clean-cache");
    }

    #[test]
    fn touches_the_system_and_the_files_it_names() {
        let touches = |body: &str, path: &str| {
            testing::touches(&Dnf, &format!("FROM fedora\nWORKDIR /app\nRUN {body}"), path)
        };
        assert_eq!(touches("dnf install x", "/app"), "");
        assert_eq!(touches("dnf install x", "/etc/yum.repos.d"), "rw");
        assert_eq!(touches("dnf makecache", "/etc/yum.repos.d"), "r");
        assert_eq!(touches("dnf install x.rpm", "/app/x.rpm"), "r");
        assert_eq!(touches("dnf install ./rpms/*.rpm", "/app/rpms"), "r");
        assert_eq!(touches("dnf install /usr/bin/ps x-$V", "/app"), "");
        assert_eq!(touches("dnf install $X", "/app"), "r");
        assert_eq!(touches("yum install --downloadonly --downloaddir=/app x", "/app"), "rw");
        assert_eq!(touches("dnf --installroot /app install x", "/app"), "rw");
    }
}
