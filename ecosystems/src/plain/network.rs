//! `curl`, `wget`, `git clone`, `ssh-keyscan`: what comes from the network is no file of the image.

use dockfix_model::ImagePath;

use super::touched::Touched;
use crate::options::{Grammar, Operand, Table, Value, Words};

/// What clients of TLS and name services read.
const NETWORK: &[&str] = &[
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/usr/share/ca-certificates",
];

/// Whether a word is certainly the address of something elsewhere.
fn is_remote(operand: &Operand<'_>) -> bool {
    let beginning = operand.beginning();
    if ["http://", "https://", "ftp://"].iter().any(|scheme| beginning.starts_with(scheme)) {
        return true;
    }
    // `example.com/x`
    operand.value.is_some_and(|value| !value.contains("://") && !value.starts_with(['/', '.', '$']))
}

/// curl(1).
static CURL: Grammar = Grammar::gnu(
    &[
        "-A --user-agent -b --cookie -c --cookie-jar -C --continue-at -d --data --data-raw --data-binary --data-urlencode",
        "-D --dump-header -e --referer -E --cert --cacert --capath --key --cert-type --key-type --pass -F --form",
        "--form-string -H --header -m --max-time --connect-timeout -o --output --output-dir -r --range --retry",
        "--retry-delay --retry-max-time -T --upload-file -u --user -U --proxy-user -w --write-out -x --proxy -X",
        "--request -y --speed-time -Y --speed-limit -z --time-cond --limit-rate --max-redirs --max-filesize --url",
        "--ciphers --tls-max --interface --resolve --noproxy --proto --proto-redir --proto-default --stderr",
        "--oauth2-bearer --connect-to --dns-servers --keepalive-time -P --ftp-port -Q --quote",
    ],
    &[
        "-f --fail --fail-early --fail-with-body -s --silent -S --show-error -L --location --location-trusted -k --insecure",
        "-O --remote-name --remote-name-all -J --remote-header-name -v --verbose -i --include -I --head -g --globoff",
        "-G --get -n --netrc --netrc-optional -N --no-buffer -p --proxytunnel -q --disable -R --remote-time -Z --parallel",
        "-# --progress-bar --no-progress-meter --compressed --compressed-ssh --create-dirs --retry-connrefused",
        "--retry-all-errors -0 -1 -2 -3 -4 -6 --http1.0 --http1.1 --http2 --http2-prior-knowledge --http3 --tlsv1",
        "--tlsv1.0 --tlsv1.1 --tlsv1.2 --tlsv1.3 --ipv4 --ipv6 --tcp-nodelay --no-keepalive --ssl-no-revoke --raw",
        "--path-as-is --anyauth --basic --digest --negotiate --ntlm -a --append -B --use-ascii -l --list-only",
    ],
)
.kept_in(&CURL_OPTIONS);

static CURL_OPTIONS: Table = Table::new();

pub(super) fn curl(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&CURL)?;
    network(
        touched,
        &[".curlrc", ".config/curlrc", ".netrc"],
        &["CURL_*", "NETRC", "SSLKEYLOGFILE", "XDG_*"],
    );
    let directory = match words.value(&["--output-dir"]) {
        Some(directory) => touched.value(directory)?,
        None => touched.command.directory.clone().unwrap_or_else(ImagePath::root),
    };
    for option in &words.options {
        match option.name {
            "-o" | "--output" if option.value.known() == Some("-") => {}
            "-o" | "--output" if words.has(&["--output-dir"]) => touched.writes(directory.clone()),
            "-o" | "--output" if words.has(&["--create-dirs"]) => {
                touched.makes(touched.value(&option.value)?)
            }
            "-c" | "--cookie-jar" | "-D" | "--dump-header" | "--stderr"
                if option.value.known() == Some("-") => {}
            "-o" | "--output" | "-c" | "--cookie-jar" | "-D" | "--dump-header" | "--stderr" => {
                touched.writes(touched.value(&option.value)?);
            }
            "-O" | "--remote-name" | "--remote-name-all" | "-J" => {
                if touched.command.directory.is_none() && !words.has(&["--output-dir"]) {
                    return None;
                }
                touched.writes(directory.clone());
            }
            "--cacert" | "--capath" | "-E" | "--cert" | "--key" | "-T" | "--upload-file" => {
                touched.reads(touched.value(&option.value)?);
            }
            // `@file`, or a file without `=` for cookies.
            "-d" | "--data" | "--data-binary" | "--data-urlencode" | "-F" | "--form" | "-H" | "--header"
            | "-w" | "--write-out"
                if names_file(&option.value) =>
            {
                return None;
            }
            "-b" | "--cookie" if option.value.known().is_none_or(|value| !value.contains('=')) => {
                return None;
            }
            "--url" if !option.value.beginning().starts_with("http") => return None,
            _ => {}
        }
    }
    words.operands.iter().all(is_remote).then_some(())
}

/// Whether the value of an option of curl may name a file.
fn names_file(value: &Value<'_>) -> bool {
    match value {
        Value::None => false,
        Value::Known(value) => value.contains('@') || value.contains('<'),
        Value::Symbolic(_) | Value::Unknown(_) => {
            let beginning = value.beginning();
            beginning.is_empty() || beginning.contains(['@', '<'])
        }
    }
}

/// wget(1); `-n` and the letter behind it are two letters that say what one does.
static WGET: Grammar = Grammar::gnu(
    &[
        "-O --output-document -P --directory-prefix -o --output-file -t --tries -T --timeout -w --wait --waitretry",
        "-U --user-agent --header --user --password --http-user --http-password --post-data --limit-rate -Q --quota",
        "--referer --secure-protocol --ca-certificate --ca-directory --dns-timeout --connect-timeout --read-timeout",
        "--progress --max-redirect --retry-on-http-error --method --body-data --prefer-family --compression",
    ],
    &[
        "-q --quiet -v --verbose -n --no-verbose -c --continue -N --timestamping -S --server-response -4 -6 -d",
        "--no-check-certificate --no-clobber --no-cache --no-cookies --no-dns-cache --no-hsts --no-netrc --no-proxy",
        "--show-progress --trust-server-names --content-disposition --https-only --inet4-only --inet6-only",
        "--retry-connrefused --retry-on-host-error --auth-no-challenge --no-directories --no-iri --unlink",
    ],
)
.kept_in(&WGET_OPTIONS);

static WGET_OPTIONS: Table = Table::new();

pub(super) fn wget(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&WGET)?;
    network(touched, &[".wgetrc", ".netrc"], &["WGETRC", "WGET_*", "NETRC"]);
    touched.reads_all(&["/etc/wgetrc"]);
    for path in touched.at_home(&[".wget-hsts"]) {
        touched.writes(path);
    }
    for option in &words.options {
        match option.name {
            "-o" | "--output-file" => touched.writes(touched.value(&option.value)?),
            "--ca-certificate" | "--ca-directory" => touched.reads(touched.value(&option.value)?),
            _ => {}
        }
    }
    let document = words.value(&["-O", "--output-document"]);
    match (document, words.value(&["-P", "--directory-prefix"])) {
        (Some(Value::Known("-")), _) => {}
        (Some(document), _) => touched.writes(touched.value(document)?),
        (None, Some(directory)) => touched.makes(touched.value(directory)?),
        // Under a name that the server may choose.
        (None, None) => touched.writes(touched.command.directory.clone()?),
    }
    (!words.operands.is_empty() && words.operands.iter().all(is_remote)).then_some(())
}

fn network(touched: &mut Touched<'_>, homes: &[&str], variables: &[&'static str]) {
    touched.reads_all(NETWORK);
    touched.reads_variables(variables);
    for path in touched.at_home(homes) {
        touched.reads(path);
    }
}

/// `git clone`, which does not look for a repository around it. Every other command of git does.
pub(super) fn git(touched: &mut Touched<'_>) -> Option<()> {
    match touched.command.arguments.first()?.value.as_deref()? {
        "clone" => {}
        "config" => return git_config(touched),
        "--version" | "version" if touched.command.arguments.len() == 1 => {
            touched.reads_variables(&[crate::GIT_VARIABLES]);
            return Some(());
        }
        _ => return None,
    }
    let grammar = Grammar::gnu(
        &["-b --branch --depth -j --jobs --filter -o --origin --shallow-since --shallow-exclude -c --config"],
        &[
            "-q --quiet -v --verbose --progress -n --no-checkout --bare --mirror --single-branch --no-single-branch",
            "--no-tags --recursive --recurse-submodules --shallow-submodules --no-shallow-submodules --remote-submodules",
            "--sparse",
        ],
    );
    let words = Words::read(touched.command, 1, &grammar)?;
    network(
        touched,
        &[".gitconfig", ".config/git", ".git-credentials", ".netrc", ".ssh"],
        &[crate::GIT_VARIABLES, crate::GIT_CREDENTIALS, "SSH_*", "XDG_*", "GPG_*", "CURL_*"],
    );
    touched.reads_all(&["/etc/gitconfig", "/etc/ssh"]);
    for path in touched.at_home(&[".ssh", ".git-credential-cache"]) {
        touched.writes(path);
    }
    let (source, target) = match &words.operands[..] {
        [source] => (source, None),
        [source, target] => (source, Some(target)),
        _ => return None,
    };
    let beginning = source.beginning();
    let is_remote =
        ["http://", "https://", "git://", "ssh://", "git@"].iter().any(|start| beginning.starts_with(start));
    if !is_remote {
        return None;
    }
    match target {
        Some(target) => touched.makes(touched.operand(target)?),
        None => {
            let directory = touched.command.directory.clone()?;
            let name = source.value.and_then(|url| url.trim_end_matches('/').rsplit(['/', ':']).next());
            let name =
                name.map(|name| name.strip_suffix(".git").unwrap_or(name)).filter(|name| !name.is_empty());
            touched.makes(name.map_or(directory.clone(), |name| directory.join(name)));
        }
    }
    Some(())
}

/// `git config --global` and `--system` (git-config(1)). They look for a repository around them too, and do the same whichever
/// they find.
fn git_config(touched: &mut Touched<'_>) -> Option<()> {
    let grammar = Grammar::gnu(
        &["--type --default"],
        &[
            "--global --system --add --replace-all --unset --unset-all --get --get-all --bool --int --path -l --list",
        ],
    );
    let words = Words::read(touched.command, 1, &grammar)?;
    // Where they are set, the settings of the user lie elsewhere (git-config(1), "FILES").
    let moves = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "XDG_CONFIG_HOME"];
    let is_moved = |name: &&str| {
        touched.state.variables.get(name).is_some()
            || touched.command.assignments.iter().any(|(set, _)| set == name)
    };
    let is_home_moved = touched.command.assignments.iter().any(|(name, _)| name == "HOME");
    if is_home_moved || moves.iter().any(is_moved) {
        return None;
    }
    touched.reads_variables(&[crate::GIT_VARIABLES, "XDG_*"]);
    let written = match (words.has(&["--global"]), words.has(&["--system"])) {
        (true, false) => touched.at_home(&[".gitconfig", ".gitconfig.lock", ".config/git"]),
        (false, true) => {
            vec![ImagePath::fixed("/etc/gitconfig"), ImagePath::fixed("/usr/local/etc/gitconfig")]
        }
        _ => return None,
    };
    written.into_iter().for_each(|path| touched.writes(path));
    touched.reads_all(&["/etc/gitconfig", "/usr/local/etc/gitconfig"]);
    for path in touched.at_home(&[".gitconfig", ".config/git"]) {
        touched.reads(path);
    }
    Some(())
}

pub(super) fn ssh_keyscan(touched: &mut Touched<'_>) -> Option<()> {
    let words = touched.words(&Grammar::gnu(&["-p -t -T"], &["-4 -6 -c -D -H -q -v"]))?;
    network(touched, &[".ssh"], &["SSH_*"]);
    touched.reads_all(&["/etc/ssh"]);
    (!words.operands.is_empty()).then_some(())
}
