use dockfix_syntax::Dockerfile;

use super::*;
use crate::build::Build;

/// The last RUN of a file: program, arguments and directory of every invocation, `?` for what is opaque.
fn commands(text: &str) -> Vec<String> {
    let file = Dockerfile::parse(text.as_bytes());
    let build = Build::of(&file);
    let step = build.stages.last().unwrap().steps.last().unwrap();
    let chain = match Chain::of(&step.instruction, &step.state) {
        Ok(chain) => chain,
        Err(reason) => return vec![reason.to_string()],
    };
    fn show(links: &[Link<'_>], out: &mut Vec<String>) {
        for link in links {
            match &link.action {
                Action::Pipeline(commands) => out.extend(commands.iter().map(|command| {
                    let values: Vec<_> = command
                        .arguments
                        .iter()
                        .map(|argument| argument.value.clone().unwrap_or_else(|| "?".into()))
                        .collect();
                    let directory = command.directory.as_ref().map_or("?", ImagePath::as_str);
                    format!("{directory}: {} {}", command.program, values.join(" ")).trim_end().to_owned()
                })),
                Action::Nested(inner) => show(inner, out),
                Action::Opaque(reason) => out.push(reason.to_string()),
            }
        }
    }
    let mut out = Vec::new();
    show(&chain.links, &mut out);
    out
}

#[test]
fn takes_wrappers_off() {
    let run = |body: &str| commands(&format!("FROM node\nWORKDIR /app\nRUN {body}\n"));
    assert_eq!(run("sudo -E A=b apt-get update"), ["/app: apt-get update"]);
    assert_eq!(run("env A=b C=d /usr/bin/npm ci"), ["/app: npm ci"]);
    assert_eq!(run("A=b exec npm ci"), ["/app: npm ci"]);
    assert_eq!(run("sh -c 'cd web && npm ci'"), ["/app: cd web", "/app/web: npm ci"]);
    assert_eq!(run("bash -ec \"npm ci\" && x"), ["/app: npm ci", "/app: x"]);
    assert_eq!(run("sudo -Hu bob npm ci"), ["/app: npm ci"]);
    assert_eq!(run("sudo -iu bob npm ci"), ["a command whose name is only known when it runs"]);
    assert_eq!(run("command -v npm"), ["/app: command -v npm"]);
}

#[test]
fn what_nobody_runs_or_waits_for_is_opaque() {
    let run = |body: &str| commands(&format!("FROM node\nWORKDIR /app\nRUN {body}\n"));
    assert_eq!(run("exec npm ci && x"), ["an `exec` before other commands", "?: x"]);
    assert_eq!(run("x && command exec npm ci"), ["/app: x", "/app: npm ci"]);
    let background = "a negated or background command";
    assert_eq!(run("a; npm ci && x &"), ["/app: a", background, background]);
    assert_eq!(run("npm ci || x & y"), [background, background, "?: y"]);
}

#[test]
fn follows_cd() {
    let run = |body: &str| commands(&format!("FROM node\nWORKDIR /app\nRUN {body}\n"));
    assert_eq!(
        run("cd web && npm ci; cd ../api; x"),
        ["/app: cd web", "/app/web: npm ci", "/app/web: cd ../api", "/app/api: x"]
    );
    assert_eq!(run("cd $X && y"), ["/app: cd ?", "?: y"]);
    assert_eq!(run("(cd web && npm ci) && x"), ["a compound command", "?: x"]);
}

#[test]
fn knows_env_but_not_arguments() {
    let text = "FROM node\nENV D=/srv\nARG A=/a\nARG B\nRUN cd $D && x ${A}/y \"$B\" $UNSET\n";
    assert_eq!(commands(text), ["/: cd /srv", "/srv: x ${A@1}/y ? ?"]);
    assert_eq!(
        commands("FROM node\nENV D=/srv\nRUN D=/x; cd $D && y\n"),
        ["/:  ", "/: cd ?", "?: y"].map(str::trim_end)
    );
}

#[test]
fn leaves_alone_what_it_cannot_read() {
    assert_eq!(commands("FROM node\nRUN [\"npm\", \"ci\"]\n"), ["/: npm ci"]);
    assert_eq!(commands("FROM node\nRUN $(x) y\n"), ["a command substitution"]);
    assert_eq!(commands("FROM node\nRUN a -j$(nproc) \"$(cat b)\" ~/x $HOME\n"), ["/: a ? ? /root/x /root"]);
    assert_eq!(commands("FROM node\nRUN a $(cat b)\n"), ["a command substitution"]);
    assert_eq!(commands("FROM node\nRUN a $(nproc && b)\n"), ["a command substitution"]);
    assert_eq!(commands("FROM node\nRUN [[ x ]]\n"), [Opaque::BashOnly.to_string()]);
    assert_eq!(commands("FROM node\nSHELL [\"pwsh\", \"-c\"]\nRUN x\n"), [Opaque::Shell.to_string()]);
    assert_eq!(commands("FROM node\nRUN <<E\n#!/usr/bin/python\nE\n"), [Opaque::Interpreter.to_string()]);
    assert_eq!(commands("FROM node\nRUN <<E\ncd a\nnpm ci\nE\n"), ["/: cd a", "/a: npm ci"]);
}

/// A comment in backquotes, and whatever else comes to no word at all.
#[test]
fn passes_over_comments_between_words() {
    let run = |body: &str| commands(&format!("FROM node\nWORKDIR /app\nRUN {body}\n"));
    assert_eq!(run("apt-get install -y a `# why` \\\n  b `#c` d"), ["/app: apt-get install -y a b d"]);
    assert_eq!(run("apt-get install $() a"), ["/app: apt-get install a"]);
    assert_eq!(run("apt-get install a`# x`"), ["a command substitution"]);
}

#[test]
fn names_what_it_does_not_read() {
    let named = |body: &str| {
        let file = Dockerfile::parse(format!("FROM node\nRUN {body}\n").into_bytes());
        let build = Build::of(&file);
        let step = &build.stages[0].steps[0];
        let mut names = Vec::new();
        each_named_by(&step.instruction, &step.state, &mut |text, command| {
            assert!(command.span.end <= text.len());
            names.push(command.program.to_string());
        });
        names.join(" ")
    };
    assert_eq!(named("if a; then sudo b \"$(c)\"; fi; ! d || (e & f)"), "a b c d e f");
    assert_eq!(named("[[ $X ]] && sudo sh -ec 'a; b'"), "sh a b");
    assert_eq!(named("a=() && b c && (d) || e; a+=(\"x;y\") && f 2>&1"), "b d e f");
    assert_eq!(named("su x -c 'a && b'; runuser -u x -- c"), "su a b runuser");
    assert_eq!(named("[\"/bin/bash\", \"-c\", \"a && b\"]"), "a b");
    assert_eq!(named("[\"a\", \"b\"]"), "");
    assert_eq!(named("if a"), "");
    assert_eq!(named("<<E bash -ex\na\nif b; then c; fi\nE"), "bash a b c");
    assert_eq!(named("<<E\na\nE"), "a");
    assert_eq!(named("cat <<E > /x\na\nE"), "cat");
}
