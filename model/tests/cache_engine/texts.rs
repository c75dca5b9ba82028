//! What may happen to the text of a Dockerfile.

/// A rewrite of a text; nothing where it does not fit.
type Rewrite = fn(&str) -> Option<String>;

fn replace(text: &str, from: &str, to: &str) -> Option<String> {
    text.contains(from).then(|| text.replacen(from, to, 1))
}

/// Puts a line after the first line that begins with `keyword`.
fn after(text: &str, keyword: &str, line: &str) -> Option<String> {
    let at = text.lines().position(|other| other.starts_with(keyword) && !other.ends_with('\\'))?;
    let mut lines: Vec<&str> = text.lines().collect();
    lines.insert(at + 1, line);
    Some(lines.join("\n") + "\n")
}

fn without_first(text: &str, keyword: &str) -> Option<String> {
    let at = text.lines().position(|line| line.starts_with(keyword) && !line.contains(['\\', '<']))?;
    let lines: Vec<&str> =
        text.lines().enumerate().filter(|(index, _)| *index != at).map(|(_, line)| line).collect();
    Some(lines.join("\n") + "\n")
}

/// Lets two neighbouring lines that begin with these keywords change places.
fn swap(text: &str, first: &str, second: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let is_whole = |line: &str| !line.contains(['\\', '<']);
    let at = lines.windows(2).position(|pair| {
        pair[0].starts_with(first) && pair[1].starts_with(second) && is_whole(pair[0]) && is_whole(pair[1])
    })?;
    lines.swap(at, at + 1);
    Some(lines.join("\n") + "\n")
}

pub(crate) const REWRITES: &[(&str, Rewrite)] = &[
    ("add-label", |text| after(text, "FROM", "LABEL new=1")),
    ("label-value", |text| replace(text, "LABEL a=1", "LABEL a=2")),
    ("add-expose", |text| after(text, "RUN", "EXPOSE 99")),
    ("add-cmd", |text| Some(format!("{text}CMD [\"other\"]\n"))),
    ("entrypoint", |text| replace(text, "ENTRYPOINT [\"true\"]", "ENTRYPOINT [\"false\"]")),
    ("add-comment", |text| after(text, "FROM", "# new comment")),
    ("drop-comment", |text| replace(text, "    # inside\n", "")),
    ("change-comment", |text| replace(text, "# inside", "# somewhere inside")),
    ("break-run", |text| replace(text, "RUN echo one\n", "RUN \\\n echo one\n")),
    ("break-run-inside", |text| replace(text, "RUN echo one\n", "RUN echo \\\n# comment\none\n")),
    ("break-copy", |text| replace(text, "COPY src ", "COPY \\\n  src ")),
    ("join-run", |text| replace(text, "&& \\\n    echo", "&&     echo")),
    ("join-run-narrow", |text| replace(text, "&& \\\n    echo", "&& echo")),
    ("space-in-run", |text| replace(text, "RUN echo one", "RUN echo  one")),
    ("space-before-run", |text| replace(text, "RUN echo one", "RUN    echo one")),
    ("space-after-run", |text| replace(text, "RUN echo one\n", "RUN echo one   \n")),
    ("space-in-copy", |text| replace(text, "COPY src ", "COPY   src   ")),
    ("indent", |text| replace(text, "\nRUN echo one", "\n    RUN echo one")),
    ("lower-case", |text| replace(text, "\nRUN ", "\nrun ")),
    ("lower-case-copy", |text| replace(text, "\nCOPY ", "\ncopy ")),
    ("run-text", |text| replace(text, "echo one", "echo uno")),
    ("run-text-end", |text| replace(text, "echo two", "echo due")),
    ("run-quotes", |text| replace(text, "RUN echo one", "RUN echo 'one'")),
    ("run-exec-form", |text| replace(text, "RUN echo one\n", "RUN [\"/bin/sh\", \"-c\", \"echo one\"]\n")),
    ("add-env", |text| after(text, "FROM", "ENV NEW=1")),
    ("add-env-late", |text| after(text, "RUN", "ENV NEW=1")),
    ("env-value", |text| replace(text, " E=1\n", " E=9\n")),
    ("env-quotes", |text| replace(text, " E=1\n", " E=\"1\"\n")),
    ("env-legacy", |text| replace(text, "ENV A=3\n", "ENV A 3\n")),
    ("env-two", |text| replace(text, "ENV D=/d E=1", "ENV D=/d\nENV E=1")),
    ("env-order", |text| swap(text, "ENV", "ENV")),
    ("env-arg-order", |text| swap(text, "ENV", "ARG")),
    ("arg-order", |text| swap(text, "ARG", "ARG")),
    ("arg-for-env", |text| replace(text, "ENV A=1", "ARG A=1")),
    ("env-again", |text| after(text, "ENV E=1", "ENV E=1")),
    ("env-set-again", |text| replace(text, "ENV A=1\nRUN echo two", "RUN echo two")),
    ("env-path", |text| replace(text, "D=/d", "D=/dd")),
    ("drop-env", |text| without_first(text, "ENV")),
    ("env-same", |text| after(text, "FROM", "ENV PATH=$PATH")),
    ("add-user", |text| after(text, "FROM", "USER daemon")),
    ("add-user-late", |text| after(text, "COPY", "USER daemon")),
    ("user-value", |text| replace(text, "USER 1000", "USER 1001")),
    ("user-same", |text| replace(text, "USER 1000:1000\n", "USER 1000:1000\nUSER 1000:1000\n")),
    ("add-shell", |text| after(text, "FROM", "SHELL [\"/bin/sh\", \"-uc\"]")),
    ("shell-same", |text| after(text, "FROM", "SHELL [\"/bin/sh\", \"-c\"]")),
    ("drop-shell", |text| without_first(text, "SHELL")),
    ("add-workdir", |text| after(text, "FROM", "WORKDIR /new")),
    ("add-root-workdir", |text| after(text, "FROM", "WORKDIR /")),
    ("workdir-value", |text| replace(text, "WORKDIR /app", "WORKDIR /srv")),
    ("workdir-slash", |text| replace(text, "WORKDIR /app\n", "WORKDIR /app/\n")),
    ("workdir-dots", |text| replace(text, "WORKDIR /app\n", "WORKDIR /x/../app/.\n")),
    ("drop-workdir", |text| without_first(text, "WORKDIR")),
    ("arg-default", |text| replace(text, "ARG A=1", "ARG A=5")),
    ("global-default", |text| replace(text, "ARG G=g", "ARG G=h")),
    ("add-arg", |text| after(text, "FROM", "ARG FRESH=1")),
    ("add-arg-unset", |text| after(text, "FROM", "ARG FRESH")),
    ("add-arg-late", |text| after(text, "RUN", "ARG FRESH=1")),
    ("add-global-arg", |text| Some(format!("ARG FRESH=1\n{text}"))),
    ("add-proxy-arg", |text| after(text, "FROM", "ARG HTTP_PROXY")),
    ("drop-arg", |text| without_first(text, "ARG")),
    ("arg-to-env", |text| replace(text, "ARG A=1", "ENV A=1")),
    ("arg-below-copy", |text| swap(text, "ARG", "COPY")),
    ("arg-below-run", |text| swap(text, "ARG", "RUN")),
    ("swap-copies", |text| swap(text, "COPY", "COPY")),
    ("swap-copy-run", |text| swap(text, "COPY", "RUN")),
    ("swap-run-copy", |text| swap(text, "RUN", "COPY")),
    ("drop-run", |text| without_first(text, "RUN echo")),
    ("drop-copy", |text| without_first(text, "COPY")),
    ("add-run", |text| after(text, "FROM", "RUN echo fresh")),
    ("add-run-late", |text| after(text, "RUN", "RUN echo fresh")),
    ("add-copy", |text| after(text, "RUN", "COPY README.md /fresh/")),
    ("append-run", |text| Some(format!("{text}RUN echo last\n"))),
    ("append-copy", |text| Some(format!("{text}COPY package.json /last/\n"))),
    ("copy-dot", |text| replace(text, "COPY src ", "COPY ./src ")),
    ("copy-slash", |text| replace(text, "COPY src ", "COPY src/ ")),
    ("copy-root", |text| replace(text, "COPY src ", "COPY /src ")),
    ("copy-json", |text| replace(text, "COPY src /s/", "COPY [\"src\", \"/s/\"]")),
    ("copy-other-source", |text| replace(text, "COPY src ", "COPY config ")),
    ("copy-part", |text| replace(text, "COPY src ", "COPY src/lib ")),
    ("copy-narrow", |text| replace(text, "COPY . ", "COPY src config ")),
    ("copy-destination", |text| replace(text, " /s/", " /t/")),
    ("copy-destination-slash", |text| replace(text, " /s/\n", " /s\n")),
    ("copy-destination-dot", |text| replace(text, " .\n", " ./\n")),
    ("copy-destination-absolute", |text| replace(text, "COPY . .\n", "COPY . /app/\n")),
    ("copy-to-add", |text| replace(text, "COPY src ", "ADD src ")),
    ("copy-more", |text| replace(text, "COPY src ", "COPY src config ")),
    ("copy-order", |text| replace(text, "README.md docs/keep.md", "docs/keep.md README.md")),
    ("add-chown", |text| replace(text, "COPY src ", "COPY --chown=1:1 src ")),
    ("add-chmod", |text| replace(text, "COPY src ", "COPY --chmod=755 src ")),
    ("chmod-same", |text| replace(text, "--chmod=755", "--chmod=0755")),
    ("chown-name", |text| replace(text, "--chown=daemon", "--chown=1")),
    ("add-link", |text| replace(text, "COPY src ", "COPY --link src ")),
    ("drop-link", |text| replace(text, "--link ", "")),
    ("link-false", |text| replace(text, "--link ", "--link=false ")),
    ("rename-stage", |text| {
        text.contains("AS build").then(|| {
            text.replace("AS build", "AS compile")
                .replace("from=build", "from=compile")
                .replace("FROM build", "FROM compile")
        })
    }),
    ("stage-number", |text| replace(text, "--from=deps", "--from=0")),
    ("upper-case-stage", |text| replace(text, "from=build", "from=BUILD")),
    ("stage-path", |text| replace(text, "--from=build /out", "--from=build out")),
    ("stage-destination", |text| replace(text, " /app\nRUN echo two", " /app2\nRUN echo two")),
    ("first-unneeded", |text| {
        (!text.contains("from=0") && text.starts_with("FROM"))
            .then(|| format!("FROM BASE AS extra\nRUN echo extra\n{text}"))
    }),
    ("heredoc-body", |text| replace(text, "value", "worth")),
    ("heredoc-second-body", |text| replace(text, "two\nTWO", "zwei\nTWO")),
    ("heredoc-name", |text| {
        text.contains("<<EOF\n").then(|| text.replacen("<<EOF", "<<END", 1).replacen("\nEOF\n", "\nEND\n", 1))
    }),
    ("heredoc-quotes", |text| replace(text, "<<EOF /plain", "<<'EOF' /plain")),
    ("heredoc-run-body", |text| replace(text, "echo one\necho two\n", "echo one\necho  two\n")),
    ("heredoc-run-comment", |text| replace(text, "echo one\necho two\n", "echo one\n# two\necho two\n")),
    ("heredoc-script", |text| replace(text, "echo three\nEOF", "echo drei\nEOF")),
    ("heredoc-shell", |text| replace(text, "\nb\nB", "\nbb\nB")),
    ("heredoc-tabs", |text| replace(text, "\n\tsecond", "\n\t\tsecond")),
    ("cache-target", |text| replace(text, "type=cache,target=/k", "type=cache,target=/kk")),
    ("cache-id", |text| replace(text, "id=i,", "id=j,")),
    ("cache-sharing", |text| replace(text, "sharing=locked", "sharing=private")),
    ("cache-sharing-default", |text| replace(text, "sharing=locked", "sharing=shared")),
    ("cache-mode", |text| replace(text, "mode=0700", "mode=0755")),
    ("add-cache", |text| replace(text, "RUN echo one", "RUN --mount=type=cache,target=/n echo one")),
    ("mount-order", |text| replace(text, "type=bind,source=src,target=/s", "source=src,type=bind,target=/s")),
    ("mount-dst", |text| replace(text, "type=bind,source=src,target=/s", "type=bind,src=src,dst=/s")),
    ("mount-source", |text| replace(text, "type=bind,source=src,", "type=bind,source=src/lib,")),
    ("mount-source-dot", |text| replace(text, "type=bind,source=src,", "type=bind,source=./src/,")),
    ("mount-rw", |text| replace(text, "source=src,target=/s", "source=src,target=/s,rw")),
    ("mount-ro", |text| replace(text, "source=src,target=/s", "source=src,target=/s,readonly")),
    ("mount-target", |text| replace(text, "source=src,target=/s ", "source=src,target=/t ")),
    ("secret-id", |text| replace(text, "id=token", "id=other")),
    ("secret-mode", |text| replace(text, "mode=0400", "mode=0440")),
    ("secret-target", |text| replace(text, "target=/t,mode", "target=/u,mode")),
    ("network", |text| replace(text, "--network=none ", "")),
    ("spelled-out-default", |text| replace(text, "RUN echo one", "RUN --network=default echo one")),
    ("platform", |text| replace(text, "FROM --platform=$BUILDPLATFORM BASE", "FROM BASE")),
    ("crlf", |text| (!text.contains("<<")).then(|| text.replace('\n', "\r\n"))),
    ("no-final-newline", |text| text.strip_suffix('\n').map(str::to_owned)),
];
