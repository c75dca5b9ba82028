use dockfix_model::build::Build;
use dockfix_model::commands::Chain;
use dockfix_model::effects::Paths;
use dockfix_syntax::Dockerfile;

use super::*;
use crate::system;

/// What the last command of a RUN under `WORKDIR /app` reads (`r`) and writes (`w`), where programs are looked for left
/// out; what is written is not shown as read.
fn touches(body: &str) -> String {
    in_file(&format!("FROM debian\nWORKDIR /app\nENV D=/data\nARG V=1\nRUN {body}\n"))
}

fn in_file(text: &str) -> String {
    let file = Dockerfile::parse(text.as_bytes());
    let build = Build::of(&file);
    let step = build.stages.last().unwrap().steps.last().unwrap();
    let chain = Chain::of(&step.instruction, &step.state).unwrap();
    let commands = chain.invocations();
    let Some(effects) = effects(commands.last().unwrap(), &step.state) else { return "opaque".to_owned() };
    let below = |paths: &Paths| match paths {
        Paths::All => vec!["everything".to_owned()],
        Paths::Below(paths) => paths.iter().map(ToString::to_string).collect(),
    };
    let writes = below(&effects.writes);
    let mut shown = Vec::new();
    for (mark, paths) in [("r", below(&effects.reads)), ("w", writes.clone())] {
        let mut paths: Vec<_> = paths
            .into_iter()
            .filter(|path| {
                mark == "w" || !(writes.contains(path) || system::PROGRAMS.contains(&path.as_str()))
            })
            .filter(|path| mark == "w" || !(path.starts_with("/usr/lib") || path.starts_with("/etc/")))
            .collect();
        paths.sort();
        paths.dedup();
        if !paths.is_empty() {
            shown.push(format!("{mark} {}", paths.join(" ")));
        }
    }
    shown.join("; ")
}

fn all_opaque(bodies: &[&str]) {
    for body in bodies {
        assert_eq!(touches(body), "opaque", "{body}");
    }
}

#[test]
fn files() {
    for (body, expected) in [
        ("rm -rf /tmp/x ./y", "w /app/y /tmp/x"),
        ("rm -rf /var/lib/apt/lists/*", "w /var/lib/apt/lists"),
        ("rm -f *.log", "w /app"),
        ("rm /tmp/x-$V.tgz", "w /tmp"),
        ("rm -rf \"$D/x\"", "w /data/x"),
        ("rm -rf /a/{b,c}", "w /a"),
        ("mkdir -p /data/a/b", "w /data"),
        ("mkdir -p /var/log/x", "w /var/log/x"),
        ("mkdir -p a/b", "w /app/a"),
        ("mkdir /usr/src/app/logs", "w /usr/src/app"),
        ("touch a", "w /app/a"),
        ("chmod +x /start.sh", "w /start.sh"),
        ("chmod -R 755 /start.sh x", "w /app/x /start.sh"),
        ("chown -R $V:$V /srv/x", "w /srv/x"),
        ("cp -r a b /c/", "r /app/a /app/b; w /c"),
        ("cp -t /c a", "r /app/a; w /c"),
        ("mv a /c", "w /app/a /c"),
        ("ln -s /a/b /c", "w /c"),
        ("ln -sf ../x y", "w /app/y"),
        ("ln -s /a/b", "w /app"),
        ("ln /a /b", "r /a; w /b"),
        ("install -m 755 x /opt/x", "r /app/x; w /opt/x"),
        ("install -d -m 0755 /x/y /z", "w /x /z"),
        ("cat a - b", "r /app/a /app/b"),
        ("cat /run/x > /out", "r /run/x /var/run/x; w /out"),
        ("tee -a /x", "w /x"),
        ("ls", "r /app"),
        ("ls /x", "r /x"),
        ("grep -q foo /x", "r /x"),
        ("grep -e foo -e bar /x", "r /x"),
        ("head -5 /x", "r /x"),
        ("sha256sum /x", "r /x"),
        ("sha256sum -c /x", "r everything"),
        (
            "gunzip /x/y.gz",
            "w /x/y /x/y.gz /x/y.gz.Z /x/y.gz.bz2 /x/y.gz.lzma /x/y.gz.tgz /x/y.gz.xz /x/y.gz.zst",
        ),
        ("chmod 755 /bin/x", "w /bin/x /usr/bin/x"),
        ("truncate -s 0 /x", "w /x"),
        ("rm ~/x", "w /root/x"),
        ("rm -f $D/*.log \"$D/a b\"/*", "w /data /data/a b"),
        ("rm -f '/tmp/x'/*", "w /tmp/x"),
        ("rm -f '*'", "w /app/*"),
    ] {
        assert_eq!(touches(body), expected, "{body}");
    }
    all_opaque(&[
        "rm --unknown x",
        "rm $X",
        "rm ~/*",
        "rm ~bob/x",
        "mkdir \"$X/y\"",
        "cp a",
        "touch -r x y",
        "chown -R app --reference=/x y",
        "cd /nowhere/$V && cp a b",
        "./install -d x",
        "tools/test",
        "PATH=/x rm y",
        "cat < $X",
    ]);
}

#[test]
fn the_shell_itself() {
    for (body, expected) in [
        ("echo hello $WORLD", ""),
        ("echo a > /x", "w /x"),
        ("echo a >> x 2>&1", "w /app/x"),
        ("echo a > /dev/null", ""),
        ("echo *", "r /app"),
        ("printf '%s' \"$A\" > /x", "w /x"),
        (":", ""),
        ("true", ""),
        ("set -eux", ""),
        ("export A=b C", ""),
        ("A=b", ""),
        ("test -f /x", "r /x"),
        ("[ \"$V\" = 1 ]", ""),
        ("[ -d x ]", "r /app/x"),
        ("cd /x", "r /x"),
        ("sleep 1", ""),
        ("id -u", ""),
        ("date -u", ""),
    ] {
        assert_eq!(touches(body), expected, "{body}");
    }
    all_opaque(&[
        "cd",
        "cd -",
        "cd $X",
        "eval x",
        ". ./env",
        "[ -f \"$X\" ]",
        "exec ./x",
        "make",
        "python x.py",
        "sh x.sh",
        "git status",
        "npm run x",
        "date -f x",
        "trap x EXIT",
        "alias x=y",
    ]);
}

#[test]
fn editing() {
    for (body, expected) in [
        ("sed -i 's/a/b/' /etc/x", "w /etc/x"),
        ("sed -i -e 's|a|b|g' -e '/x/d' y z", "w /app/y /app/z"),
        ("sed -i \"s#a#$V#;s/c/${D}/\" /x", "w /x"),
        ("sed 's/a/b/' /x > /y", "r /x; w /y"),
        ("sed -ri '1,3d; /a\\/b/,$ s/(x)/\\1/2gI' /x", "w /x"),
        ("sed -i '/x/a text; w file' /x", "w /x"),
        ("sed -i '/^#/!s/a/b/' /x", "w /x"),
        ("sed -i '/x/{s/a/b/;n;d}' /x", "w /x"),
        ("sed -i '$ d' /x", "w /x"),
        ("sed -n '/a/p' /x", "r /x"),
        ("find /usr -name '*.pyc' -delete", "w /usr"),
        ("find . -type f", "r /app"),
        ("find -name x", "r /app"),
        ("find /a /b -depth \\( -type d -a -name test \\) -exec rm -rf '{}' +", "w /a /b"),
        ("find /a -type f -exec chmod 644 {} \\;", "w /a"),
    ] {
        let shown = touches(body);
        assert_eq!(shown, expected, "{body}");
    }
    all_opaque(&[
        "sed -i 's/a/b/w out' /x",
        "sed -i 's/a/b/e' /x",
        "sed -i '/x/r file' /x",
        "sed -i '/x/R file' /x",
        "sed -n 'w out' /x",
        "sed -i '1e date' /x",
        "sed -i.bak 's/a/b/' /x",
        "sed -f script /x",
        "sed -i \"$SCRIPT\" /x",
        "sed -i \"s/a/${V:-b}/\" /x",
        "find /a -exec sh -c x \\;",
        "find /a -exec rm -rf /b \\;",
        "find /a -newer /b",
        "find -L /a -delete",
        "find /a -fprint /x",
    ]);
}

#[test]
fn archives() {
    for (body, expected) in [
        ("tar xzf /tmp/x.tgz", "r /tmp/x.tgz; w /app"),
        ("tar -xzf x.tgz -C /opt --strip-components=1", "r /app/x.tgz; w /opt"),
        ("tar -C /opt -xzf x.tgz", "r /app/x.tgz; w /opt"),
        ("tar -xz -C /opt", "w /opt"),
        ("tar -xJC /opt", "w /opt"),
        ("tar xf - -C /opt", "w /opt"),
        ("tar -xzf /tmp/x-$V.tgz --directory=/opt", "r /tmp; w /opt"),
        ("tar xvzf /x.tgz bin/a \"b-$V\" -C /usr/local", "r /x.tgz; w /usr/local"),
        ("tar czf /out.tgz -C /data .", "r /data; w /out.tgz"),
        ("tar tf /x.tar", "r /x.tar"),
        ("tar xOf /x.tar", "r /x.tar"),
        ("unzip -q /tmp/x.zip -d /opt/x", "r /tmp/x.zip; w /opt/x"),
        ("unzip x.zip", "r /app/x.zip; w /app"),
    ] {
        assert_eq!(touches(body), expected, "{body}");
    }
    all_opaque(&[
        "tar -xP -f x",
        "tar --unknown -xf x",
        "tar",
        "tar xf",
        "tar -xf x -I ./y",
        "unzip",
        "tar -xz -C $X",
    ]);
}

#[test]
fn network() {
    for (body, expected) in [
        ("curl -fsSLo /tmp/x https://a.b/c", "r /root/.config/curlrc /root/.curlrc /root/.netrc; w /tmp/x"),
        ("curl -sSL https://a.b/c", "r /root/.config/curlrc /root/.curlrc /root/.netrc"),
        ("curl -O https://a.b/c", "r /root/.config/curlrc /root/.curlrc /root/.netrc; w /app"),
        ("curl -o /tmp/x-$V.tgz https://a.b/$V", "r /root/.config/curlrc /root/.curlrc /root/.netrc; w /tmp"),
        ("wget -qO- https://a.b", "r /root/.netrc /root/.wgetrc; w /root/.wget-hsts"),
        ("wget -O /x https://a.b", "r /root/.netrc /root/.wgetrc; w /root/.wget-hsts /x"),
        ("wget -nv -P /x/y https://a.b", "r /root/.netrc /root/.wgetrc; w /root/.wget-hsts /x"),
        ("wget a.b/c", "r /root/.netrc /root/.wgetrc; w /app /root/.wget-hsts"),
    ] {
        let shown = touches(body)
            .replace("r /usr/share/ca-certificates", "r")
            .replace(" /usr/share/ca-certificates", "");
        assert_eq!(shown, expected, "{body}");
    }
    assert!(touches("git clone --depth 1 https://a.b/c.git").contains("w /app/c "));
    assert!(touches("git clone -b v$V https://a.b/c /opt/c").contains("w /opt/c "));
    all_opaque(&[
        "curl -K x https://a.b",
        "curl -d @x https://a.b",
        "curl $URL",
        "curl file:///x",
        "curl -F x=@y https://a.b",
        "wget -r https://a.b",
        "wget -i list",
        "wget -x https://a.b",
        "wget",
        "git clone ./x y",
        "git pull",
        "git clone $URL",
        "curl --data \"$X\" https://a.b",
    ]);
}

#[test]
fn users_and_groups() {
    assert!(touches("useradd -m -u 1000 app").contains("/home/app"));
    assert!(touches("useradd -r -d /srv/app -s /bin/false app").contains("/srv/app"));
    assert!(!touches("useradd -M app").contains("/home"));
    assert!(touches("adduser -D -h /opt/x -G y app").contains("/opt/x"));
    assert!(touches("adduser --disabled-password --gecos '' app").contains("/home/app"));
    assert!(touches("adduser $V").contains("/home"));
    assert!(touches("addgroup -S -g 10 app").contains("/etc/group"));
    assert!(touches("usermod -aG docker app").contains("/etc/group"));
    assert!(touches("echo a:b | chpasswd").contains("/etc/shadow"));
    all_opaque(&[
        "useradd",
        "usermod -u 1 app",
        "usermod -d /x -m app",
        "userdel -r app",
        "useradd -R /x app",
    ]);
}

#[test]
fn configuration() {
    for body in [
        "locale-gen en_US.UTF-8",
        "update-ca-certificates",
        "a2enmod rewrite",
        "apt-key add -",
        "apt-key add /x.asc",
        "apt-key adv --keyserver hkp://a:80 --recv-keys X",
        "gpg --batch --keyserver a --recv-keys X",
        "gpg --dearmor -o /x",
        "dpkg -i /tmp/x.deb",
        "rpm --import https://a.b/c",
        "rpm -ivh https://a.b/c.rpm",
        "debconf-set-selections",
        "update-alternatives --set x /usr/bin/x",
        "add-apt-repository -y ppa:a/b",
        "docker-php-ext-install -j4 pdo_mysql",
        "pecl install redis-5.3",
        "ldconfig",
        "chsh -s /bin/bash",
    ] {
        let shown = touches(body);
        assert!(shown.contains("w /") && !shown.contains("/app"), "{body}: {shown}");
    }
    assert!(touches("dpkg -i x.deb").contains("r /app/x.deb"));
    assert!(touches("dpkg -i *.deb").contains("r /app;"));
    assert!(touches("gpg --dearmor x").contains("/app"));
    assert!(touches("ldconfig").contains("r everything"));
    all_opaque(&[
        "apt-key net-update",
        "gpg --sign x",
        "pecl install ./x.tgz",
        "pecl install",
        "dpkg --root=/x -i y",
        "a2enmod ./x",
        "service x start",
    ]);
}

#[test]
fn every_program_depends_on_its_own_files() {
    let text = "FROM debian\nRUN mkdir /x";
    let file = Dockerfile::parse(text.as_bytes());
    let build = Build::of(&file);
    let step = &build.stages[0].steps[0];
    let chain = Chain::of(&step.instruction, &step.state).unwrap();
    let effects = effects(chain.invocations()[0], &step.state).unwrap();
    for path in ["/usr/local/bin/tool", "/bin", "/etc/passwd", "/lib64/ld.so"] {
        assert!(effects.reads.overlaps(&system::below(&[path])), "{path}");
    }
    assert!(!effects.reads.overlaps(&system::below(&["/app"])));
    for name in ["HOME", "LC_ALL", "http_proxy", "BASH_ENV"] {
        assert!(effects.environment.contains(name), "{name}");
    }
    assert!(!effects.environment.contains("GIT_SHA"));
    assert_eq!(in_file("FROM debian\nRUN [\"mkdir\", \"/x\"]"), "w /x");
    assert_eq!(in_file("FROM debian\nRUN [\"./mkdir\", \"/x\"]"), "opaque");
    assert_eq!(in_file("FROM debian\nRUN /bin/mkdir /x"), "w /x");
}

#[test]
fn tells_what_stays_in_the_shell() {
    let changes = |body: &str| {
        let text = format!("FROM debian\nRUN {body}");
        let file = Dockerfile::parse(text.as_bytes());
        let build = Build::of(&file);
        let step = &build.stages[0].steps[0];
        let chain = Chain::of(&step.instruction, &step.state).unwrap();
        changes_shell_state(chain.invocations()[0])
    };
    for body in [
        "cd x",
        "export A=b",
        "A=b",
        "set -e",
        "umask 022",
        ". x",
        "eval x",
        ": ${A:=b}",
        "printf -v a b",
        "exit 0",
    ] {
        assert!(changes(body), "{body}");
    }
    for body in ["npm ci", "A=b npm ci", "echo set", "printf x", "true", "echo ${A:-b}"] {
        assert!(!changes(body), "{body}");
    }
}

/// What shows the whole environment reads every variable.
#[test]
fn the_environment_as_a_whole_is_read() {
    let reads = |body: &str| {
        let text = format!("FROM debian\nARG WHATEVER\nRUN {body}\n");
        let file = Dockerfile::parse(text.as_bytes());
        let build = Build::of(&file);
        let step = build.stages.last().unwrap().steps.last().unwrap();
        let chain = Chain::of(&step.instruction, &step.state).unwrap();
        let commands = chain.invocations();
        let effects = commands.last().and_then(|command| effects(command, &step.state));
        effects.is_none_or(|it| it.environment.contains("WHATEVER"))
    };
    for body in [
        "export > /etc/environment",
        "export -p > /x",
        "set > /x",
        "readonly -p",
        "declare -p",
        "declare -x > /x",
        "typeset > /x",
        "env > /x",
        "printenv > /x",
        "cat /proc/self/environ > /x",
        "cat /proc/*/environ",
        "cat /proc/1/task/1/environ",
        "tr '\\0' x < /proc/self/environ",
        "cp -r /proc/self /x",
    ] {
        assert!(reads(body), "{body}");
    }
    for body in ["export A=b", "set -ex", "set -- a", "cat /proc/cpuinfo", "cat /proc/self/status", "echo x"]
    {
        assert!(!reads(body), "{body}");
    }
}

/// A credential helper or `url.insteadOf` in the settings of git may name them.
#[test]
fn git_reads_what_may_be_a_credential() {
    let reads = |name: &str| {
        let file = Dockerfile::parse("FROM company/base\nRUN git clone https://x/y /y\n".as_bytes());
        let build = Build::of(&file);
        let step = build.stages.last().unwrap().steps.last().unwrap();
        let chain = Chain::of(&step.instruction, &step.state).unwrap();
        let commands = chain.invocations();
        effects(commands.last().unwrap(), &step.state).unwrap().environment.contains(name)
    };
    for name in
        ["GITHUB_TOKEN", "TOKEN", "GH_PAT", "MY_TOKEN_FILE", "DEPLOY_KEY", "GIT_USER", "github_secret"]
    {
        assert!(reads(name), "{name}");
    }
    for name in ["GIT_SHA", "VERSION", "BUILD_DATE", "MONKEY", "AUTHOR"] {
        assert!(!reads(name), "{name}");
    }
}
