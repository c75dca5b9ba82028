//! Commands that configure the system, its packages and their keys.

use dockfix_model::commands::Argument;

use super::touched::Touched;
use crate::options::{Grammar, Value, Words, beginning};
use crate::system;

/// A command that touches certain places, whatever its words are.
struct Fixed {
    names: &'static [&'static str],
    reads: &'static [&'static str],
    writes: &'static [&'static str],
}

const FIXED: &[Fixed] = &[
    // locale-gen(8), localedef(1), update-locale(8)
    Fixed {
        names: &["locale-gen", "localedef", "update-locale"],
        reads: &["/usr/share/i18n", "/usr/share/locale", "/usr/share/locales"],
        writes: &[
            "/etc/locale.gen",
            "/etc/locale.conf",
            "/etc/default/locale",
            "/usr/lib/locale",
            "/var/lib/locales",
        ],
    },
    // update-ca-certificates(8); hooks keep Java's store
    Fixed {
        names: &["update-ca-certificates"],
        reads: &["/usr/local/share/ca-certificates", "/usr/share/ca-certificates", "/usr/share/pki", "/etc"],
        writes: &[
            "/etc/ssl",
            "/etc/pki",
            "/etc/ca-certificates",
            "/etc/default/cacerts",
            "/var/lib/ca-certificates",
        ],
    },
    // a2enmod(8); phpenmod, of Debian's php-common
    Fixed {
        names: &["a2enmod", "a2dismod", "a2ensite", "a2dissite", "a2enconf", "a2disconf"],
        reads: &["/etc/apache2", "/usr/share/apache2"],
        writes: &["/etc/apache2", "/var/lib/apache2"],
    },
    // lsb_release(1), which Debian wrote in Python up to 11 and which asks apt for the release
    Fixed {
        names: &["lsb_release"],
        reads: &["/etc", "/usr", "/var/lib/dpkg", "/var/lib/apt", "/var/cache/apt"],
        writes: &[],
    },
    Fixed { names: &["phpenmod", "phpdismod"], reads: &["/etc/php"], writes: &["/etc/php", "/var/lib/php"] },
    // fc-cache(1), fonts-conf(5)
    Fixed {
        names: &["fc-cache"],
        reads: &["/etc/fonts", "/usr/share", "/usr/local/share", "/root", "/home"],
        writes: &["/var/cache/fontconfig", "/root/.cache/fontconfig"],
    },
    // dpkg-reconfigure(8), update-alternatives(1), debconf-set-selections(1), update-rc.d(8) and `systemctl enable` work
    // on what packages own
    Fixed {
        names: &[
            "dpkg-reconfigure",
            "dpkg-divert",
            "dpkg-statoverride",
            "update-rc.d",
            "add-apt-repository",
            "apt-add-repository",
        ],
        reads: &[],
        writes: system::DIRECTORIES,
    },
];

/// The command, where it touches certain places only; the outer `None` says that it is none of those.
pub(super) fn touch(touched: &mut Touched<'_>) -> Option<Option<()>> {
    let program = &*touched.command.program;
    let fixed = FIXED.iter().find(|fixed| fixed.names.contains(&program))?;
    touched.reads_all(fixed.reads);
    touched.writes_all(fixed.writes);
    touched.reads_variables(&["DEBIAN_*", "DEBCONF_*", "APACHE_*", "JAVA_*"]);
    if program == "lsb_release" {
        touched.reads_variables(&["PYTHON*", "LSB_*", "APT_*"]);
    }
    // A path among the words would be a file of somebody else's.
    let is_path = |value: &str| value.contains('/') && !value.contains("://") && !value.contains(':');
    let is_tame = touched.command.arguments.iter().all(|argument| {
        let names_path = argument.value.as_deref().is_none_or(is_path);
        !names_path || matches!(program, "localedef" | "add-apt-repository" | "apt-add-repository")
    });
    Some(is_tame.then_some(()))
}

/// update-alternatives(1): `--install LINK NAME PATH PRIORITY`, `--set NAME PATH`.
pub(super) fn update_alternatives(touched: &mut Touched<'_>) -> Option<()> {
    let command = touched.command;
    touched.writes_all(&[
        "/etc/alternatives",
        "/var/lib/dpkg",
        "/var/lib/alternatives",
        "/var/log",
        "/usr/bin",
        "/usr/share",
    ]);
    for argument in &command.arguments {
        let value = argument.value.as_deref()?;
        if value.starts_with('/') {
            touched.writes(touched.path(value)?);
        }
    }
    Some(())
}

/// debconf-set-selections(1).
pub(super) fn set_selections(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&Grammar::gnu(&[], &["-v --verbose -c --checkonly -u --unseen"]))?;
    for file in &words.operands {
        touched.reads(touched.operand(file)?);
    }
    touched.writes_all(&["/var/cache/debconf", "/var/lib/dpkg"]);
    touched.reads_all(&["/etc/debconf.conf", "/usr/share/debconf", "/usr/share/perl5"]);
    touched.reads_variables(&["DEBIAN_*", "DEBCONF_*", "PERL*"]);
    Some(())
}

/// ldconfig(8) reads the directories that /etc/ld.so.conf names, which may be any.
pub(super) fn ldconfig(touched: &mut Touched<'_>) -> Option<()> {
    touched.words(&Grammar::gnu(&[], &["-v --verbose -X -N"]))?.operands.is_empty().then_some(())?;
    touched.reads_anything();
    touched.writes_all(&[
        "/etc/ld.so.cache",
        "/var/cache/ldconfig",
        "/lib",
        "/lib64",
        "/usr/lib",
        "/usr/lib64",
        "/usr/local/lib",
    ]);
    Some(())
}

/// apt-key(8): `add FILE`, `adv OPTIONS OF GPG`.
pub(super) fn apt_key(touched: &mut Touched<'_>) -> Option<()> {
    let command = touched.command;
    let mut arguments = command.arguments.iter().peekable();
    let keyrings: &[&str] = &["/etc/apt", "/usr/share/keyrings", "/var/lib/apt"];
    touched.writes_all(keyrings);
    touched.reads_variables(&["APT_*", "GNUPGHOME"]);
    let mut verb = arguments.next()?.value.as_deref()?;
    while matches!(verb, "--keyring" | "-q" | "--quiet") {
        if verb == "--keyring" {
            touched.writes(touched.path_of(arguments.next()?)?);
        }
        verb = arguments.next()?.value.as_deref()?;
    }
    match verb {
        "add" => {
            let file = arguments.next()?;
            if file.value.as_deref() != Some("-") {
                touched.reads(touched.path_of(file)?);
            }
            arguments.next().is_none().then_some(())
        }
        "adv" => {
            let first = command.arguments.len() - arguments.count();
            gpg_options(touched, &Words::read(command, first, &GPG)?)
        }
        "list" | "finger" | "update" => Some(()),
        "del" | "export" => Some(()),
        _ => None,
    }
}

/// gpg(1).
const GPG: Grammar = Grammar::gnu(
    &[
        "--keyserver --keyserver-options --homedir --keyring --primary-keyring --trust-model -o --output --fetch-keys",
        "--import-options --export-options --status-fd --pinentry-mode --passphrase-fd",
    ],
    &[
        "--recv-keys --recv --receive-keys --dearmor --enarmor --import --export --verify --batch --no-tty --yes -q --quiet",
        "-v --verbose --armor -a --no-default-keyring --no --with-fingerprint --fingerprint --list-keys -k --version",
        "--no-options --ignore-time-conflict --no-permission-warning --refresh-keys --keyid-format --show-keys",
    ],
);

/// gpg(1): keys go to `$GNUPGHOME` or `~/.gnupg`.
pub(super) fn gpg(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&GPG)?;
    touched.reads_variables(&["GNUPGHOME", "GPG_*"]);
    gpg_options(touched, &words)?;
    let takes_files = ["--dearmor", "--enarmor", "--import", "--verify", "--show-keys"];
    if words.options.iter().any(|option| takes_files.contains(&option.name)) {
        for file in &words.operands {
            let path = touched.operand(file)?;
            if words.has(&["--dearmor", "--enarmor"]) && !words.has(&["-o", "--output"]) {
                touched.writes(path.parent()?);
            }
            touched.reads(path);
        }
    }
    Some(())
}

fn gpg_options(touched: &mut Touched<'_>, words: &Words<'_>) -> Option<()> {
    let home = match words.value(&["--homedir"]) {
        Some(home) => vec![touched.value(home)?],
        None => match touched.state.variables.certain("GNUPGHOME") {
            Some(Some(home)) => vec![touched.path(home)?],
            _ => touched.at_home(&[".gnupg"]),
        },
    };
    home.into_iter().for_each(|home| touched.writes(home));
    for option in &words.options {
        match option.name {
            "-o" | "--output" | "--keyring" | "--primary-keyring" if option.value != Value::Known("-") => {
                touched.writes(touched.value(&option.value)?);
            }
            _ => {}
        }
    }
    Some(())
}

/// dpkg(1): installs files, or tells about packages.
pub(super) fn dpkg(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&Grammar::gnu(
        &["--add-architecture --remove-architecture"],
        &["-i --install -a --configure --unpack -l --list -L --listfiles -s --status -S --search -P --purge -r --remove",
            "--print-architecture --print-foreign-architectures --get-selections --force-all --force-depends",
            "--force-confdef --force-confold --force-confnew --force-overwrite -E -G"],
    ))?;
    touched.reads_variables(PACKAGES);
    if words.options.iter().all(|option| option.name == "--print-architecture") && words.operands.is_empty() {
        touched.reads_all(&["/etc/dpkg", "/var/lib/dpkg"]);
        return Some(());
    }
    touched.is_like_an_installation();
    if words.has(&["-i", "--install", "--unpack"]) {
        for file in &words.operands {
            touched.reads(touched.operand(file)?);
        }
    }
    Some(())
}

/// rpm(8): installs files, imports keys, or tells about packages.
pub(super) fn rpm(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&Grammar::gnu(
        &["--qf --queryformat"],
        &["-i -U -F -v -h -q -a -e -V -E --install --upgrade --import --quiet --force --nodeps --nosignature --nodigest",
            "--noscripts --replacepkgs --replacefiles --oldpackage --erase --query --eval --excludedocs --hash --percent"],
    ))?;
    touched.is_like_an_installation();
    touched.reads_variables(PACKAGES);
    for operand in &words.operands {
        let text = operand.beginning();
        let is_file = operand.value.is_none_or(|word| word.contains('/') || word.ends_with(".rpm"));
        if is_file && !text.contains("://") && !text.starts_with('%') {
            touched.reads(touched.operand(operand)?);
        }
    }
    Some(())
}

/// Variables that packages' scripts are known to look at.
const PACKAGES: &[&str] = &[
    "APT_*",
    "DEBIAN_*",
    "DEBCONF_*",
    "DPKG_*",
    "DEB_*",
    "UCF_*",
    "ACCEPT_EULA",
    "RPM_*",
    "SYSTEMD_*",
    "PYTHON*",
    "JAVA_*",
];

/// The scripts of the official PHP image and of mlocati/docker-php-extension-installer: they build extensions in
/// /usr/src/php, on Alpine with packages that they install and remove.
pub(super) fn php_extension(touched: &mut Touched<'_>) -> Option<()> {
    touched.is_like_an_installation();
    touched.writes_all(&[
        "/usr/src/php",
        "/usr/src/php.tar.xz",
        "/usr/local/php",
        "/usr/local/etc/php",
        "/tmp/pear",
    ]);
    touched.reads_variables(PACKAGES);
    touched.reads_variables(&[
        "PHP*",
        "IPE_*",
        "NPROC",
        "CC",
        "CXX",
        "CFLAGS",
        "CXXFLAGS",
        "CPPFLAGS",
        "LDFLAGS",
        "MAKEFLAGS",
        "PKG_CONFIG*",
    ]);
    // `--with-x=/usr/include` is for configure scripts, which look in the system; other paths are files.
    let is_tame = |value: &str| value.starts_with("--") || !value.contains('/') && !value.ends_with(".tgz");
    let arguments = &touched.command.arguments;
    // `-j$(nproc)`: a number of jobs, be it not known.
    let counts_jobs = |at: usize| {
        let jobs = |word: &Argument<'_>| beginning(word) == "-j";
        !touched.command.substituted.is_empty()
            && (jobs(&arguments[at])
                || at.checked_sub(1).is_some_and(|before| arguments[before].value.as_deref() == Some("-j")))
    };
    let is_tame = |(at, argument): (usize, &Argument<'_>)| match argument.value.as_deref() {
        Some(value) => is_tame(value),
        None => counts_jobs(at),
    };
    arguments.iter().enumerate().all(is_tame).then_some(())
}

/// `pecl install NAME`.
pub(super) fn pecl(touched: &mut Touched<'_>) -> Option<()> {
    let mut names = touched.command.arguments.iter().filter(|argument| !argument.text.starts_with(b"-"));
    if names.next()?.value.as_deref()? != "install" || names.next().is_none() {
        return None;
    }
    for path in touched.at_home(&[".pearrc", ".pear"]) {
        touched.writes(path);
    }
    php_extension(touched)
}
