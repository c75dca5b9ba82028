//! Users and groups.

use dockfix_model::ImagePath;
use dockfix_model::commands::Invocation;

use super::touched::Touched;
use crate::options::{Grammar, Words};

/// What every one of these commands reads and writes: shadow(5), subuid(5), adduser.conf(5), login.defs(5). Numbers are
/// given out in order, so that none of them changes places with another, nor with the installation of a package.
fn database(touched: &mut Touched<'_>) {
    touched.writes_all(&[
        "/etc/passwd",
        "/etc/passwd-",
        "/etc/shadow",
        "/etc/shadow-",
        "/etc/group",
        "/etc/group-",
        "/etc/gshadow",
        "/etc/gshadow-",
        "/etc/subuid",
        "/etc/subuid-",
        "/etc/subgid",
        "/etc/subgid-",
        "/etc/.pwd.lock",
        "/var/mail",
        "/var/spool/mail",
        "/var/log/faillog",
        "/var/log/lastlog",
    ]);
    touched.reads_all(&[
        "/etc/login.defs",
        "/etc/default",
        "/etc/skel",
        "/etc/adduser.conf",
        "/etc/adduser.d",
        "/etc/deluser.conf",
        "/etc/shells",
        "/etc/pam.d",
        "/etc/security",
    ]);
    touched.reads_variables(&["DEBIAN_*", "DEBCONF_*"]);
}

/// The home directory that a command makes for the user that it adds.
fn home(touched: &mut Touched<'_>, words: &Words<'_>, homes: &[&str], name: Option<&str>) -> Option<()> {
    match words.value(homes) {
        Some(home) => touched.makes(touched.value(home)?),
        None => match name {
            Some(name) => touched.writes(ImagePath::root().join("home").join(name)),
            None => touched.writes_all(&["/home"]),
        },
    }
    Some(())
}

/// A user that a command makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// The name.
    pub name: String,
    /// The number, where the command gives it.
    pub uid: Option<u32>,
    /// The number of the group, likewise.
    pub gid: Option<u32>,
    /// The home directory, which the command makes as well.
    pub home: String,
}

impl NewUser {
    /// The user that a command makes together with a home directory; `None` where it makes none, or where it is not known which:
    /// useradd(8), adduser(8) of Debian and adduser of busybox.
    #[must_use]
    pub fn of(command: &Invocation<'_>) -> Option<Self> {
        let words = match &*command.program {
            "useradd" => Words::read(command, 0, &useradd_grammar())?,
            "adduser" => Words::read(command, 0, &adduser_grammar())?,
            _ => return None,
        };
        let [name] = &words.operands[..] else { return None };
        let name = name.value?;
        // Without `-m` it is a matter of login.defs; adduser of Debian gives system users none, where they do not name it.
        let has_home = match &*command.program {
            "useradd" => words.has(&["-m", "--create-home"]) && !words.has(&["-K", "--key"]),
            _ => {
                !words.has(&["-H", "--no-create-home"])
                    && (!words.has(&["--system"]) || words.value(&["--home", "-h"]).is_some())
            }
        };
        if !has_home || words.has(&["-M"]) {
            return None;
        }
        let number = |names: &[&str]| match words.value(names) {
            Some(value) => value.known()?.parse().ok().map(Some),
            None => Some(None),
        };
        let uid = number(&["-u", "--uid"])?;
        // By name it may be any; without one the user is in a group of his own.
        let gid = words.value(&["-g", "--gid"]).and_then(|group| group.known()?.parse().ok());
        let home = match words.value(&["-d", "--home", "--home-dir", "-h"]) {
            Some(home) => ImagePath::absolute(home.known()?)?.to_string(),
            None => format!("/home/{name}"),
        };
        Some(Self { name: name.to_owned(), uid, gid, home })
    }
}

fn useradd_grammar() -> Grammar {
    Grammar::gnu(
        &[
            "-c --comment -d --home --home-dir -e --expiredate -f --inactive -g --gid -G --groups -K --key -p --password",
            "-s --shell -u --uid",
        ],
        &[
            "-l --no-log-init -m --create-home -M --no-create-home -N --no-user-group -o --non-unique -r --system -U",
            "--user-group",
        ],
    )
}

fn adduser_grammar() -> Grammar {
    Grammar::gnu(
        &[
            "--home --shell --uid --gid --ingroup --gecos --comment --firstuid --lastuid --firstgid --lastgid -h -g -s -G -u",
        ],
        &[
            "--system --group --disabled-password --disabled-login --no-create-home --quiet --force-badname",
            "--allow-bad-names --allow-badname --add-extra-groups --add_extra_groups --debug --verbose -q -D -S -H",
        ],
    )
}

/// useradd(8).
pub(super) fn useradd(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&useradd_grammar())?;
    let [name] = &words.operands[..] else { return None };
    database(touched);
    if words.has(&["-M", "--no-create-home"]) {
        return Some(());
    }
    home(touched, &words, &["-d", "--home", "--home-dir"], name.value)
}

/// adduser(8) of Debian and adduser of busybox, whose letters do not collide.
pub(super) fn adduser(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&adduser_grammar())?;
    database(touched);
    match &words.operands[..] {
        [name] => {
            if words.has(&["--no-create-home", "-H"]) {
                return Some(());
            }
            home(touched, &words, &["--home", "-h"], name.value)
        }
        // `adduser USER GROUP`
        [_, _] => Some(()),
        _ => None,
    }
}

/// groupadd(8), addgroup of Debian and busybox, and what else changes the database alone.
pub(super) fn group(touched: &mut Touched<'_>) -> Option<()> {
    touched.words(&Grammar::gnu(
        &["-g --gid -K --key -p --password -n --new-name -a --add -d --delete -M --members -A --administrators --firstgid",
            "--lastgid"],
        &["-f --force -o --non-unique -r --system -S --quiet --force-badname --allow-bad-names"],
    ))?;
    database(touched);
    Some(())
}

/// usermod(8), where it leaves home directories alone.
pub(super) fn usermod(touched: &mut Touched<'_>) -> Option<()> {
    touched.words(&Grammar::gnu(
        &["-c --comment -e --expiredate -f --inactive -G --groups -p --password -s --shell -v -w --add-subuids",
            "--add-subgids"],
        &["-a --append -L --lock -U --unlock -o --non-unique"],
    ))?;
    database(touched);
    Some(())
}

/// passwd(1), chpasswd(8), chsh(1).
pub(super) fn password(touched: &mut Touched<'_>) -> Option<()> {
    touched.words(&Grammar::gnu(
        &["-s --shell -c --crypt-method"],
        &["-d --delete -e --encrypted -l --lock -u --unlock -q"],
    ))?;
    database(touched);
    Some(())
}
