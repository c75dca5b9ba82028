//! Users and groups.

use dockfix_model::ImagePath;

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

/// useradd(8).
pub(super) fn useradd(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&Grammar::gnu(
        &["-c --comment -d --home --home-dir -e --expiredate -f --inactive -g --gid -G --groups -K --key -p --password",
            "-s --shell -u --uid"],
        &["-l --no-log-init -m --create-home -M --no-create-home -N --no-user-group -o --non-unique -r --system -U",
            "--user-group"],
    ))?;
    let [name] = &words.operands[..] else { return None };
    database(touched);
    if words.has(&["-M", "--no-create-home"]) {
        return Some(());
    }
    home(touched, &words, &["-d", "--home", "--home-dir"], name.value)
}

/// adduser(8) of Debian and adduser of busybox, whose letters do not collide.
pub(super) fn adduser(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&Grammar::gnu(
        &["--home --shell --uid --gid --ingroup --gecos --comment --firstuid --lastuid --firstgid --lastgid -h -g -s -G -u"],
        &["--system --group --disabled-password --disabled-login --no-create-home --quiet --force-badname",
            "--allow-bad-names --allow-badname --add-extra-groups --add_extra_groups --debug --verbose -q -D -S -H"],
    ))?;
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
