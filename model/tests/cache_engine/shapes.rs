//! The Dockerfiles of the scenarios, before any change.
//!
//! Every RUN works whatever files there are, for the sake of the changes. A file that another stage copies is either the
//! same whenever it is made (`constant`) or never (`uuid`), so that it is known whether the bytes come out the same.

/// What the stages that run again make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// The same bytes, or nobody copies from a stage.
    Same,
    /// Other bytes.
    Other,
    /// Copies of what lies below this directory of the context.
    Below(&'static str),
}

pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    pub(crate) made: Made,
}

const fn shape(name: &'static str, made: Made, text: &'static str) -> Shape {
    Shape { name, text, made }
}

/// `BASE` stands for an image with a shell that no other scenario uses.
pub(crate) const SHAPES: &[Shape] = &[
    shape(
        "install",
        Made::Same,
        "FROM BASE\nWORKDIR /app\nCOPY package*.json ./\nRUN echo install\nCOPY . .\nRUN echo build\nCMD [\"true\"]\n",
    ),
    shape(
        "naive",
        Made::Same,
        "FROM BASE\nWORKDIR /app\nCOPY . .\nRUN echo install\nEXPOSE 80\nRUN echo build\n",
    ),
    shape(
        "sources",
        Made::Same,
        "FROM BASE\nCOPY src ./s/\nRUN echo one\nCOPY config/ /etc/app/\nRUN echo two\nCOPY README.md docs/keep.md /doc/\n",
    ),
    shape(
        "wildcards",
        Made::Same,
        "FROM BASE\nCOPY src/*.c /c/\nRUN echo one\nCOPY s*/l* /w/\nCOPY *.md /m/\nCOPY package-?*.json /p/\nRUN echo two\n",
    ),
    shape(
        "files",
        Made::Same,
        "FROM BASE\nCOPY src/main.c /m.c\nCOPY src/run.sh /bin/r\nCOPY package.json /app/\nRUN echo one\n",
    ),
    shape(
        "links",
        Made::Same,
        "FROM BASE\nCOPY link /via/\nRUN echo one\nCOPY lnk.txt /l\nRUN echo two\nCOPY l* /w/\n",
    ),
    shape("through-link", Made::Same, "FROM BASE\nCOPY link/app.conf /via/\nRUN echo one\n"),
    shape(
        "empty",
        Made::Same,
        "FROM BASE\nCOPY config/empty /e/\nRUN echo one\nCOPY config /c/\nRUN echo two\n",
    ),
    shape(
        "owner",
        Made::Same,
        "FROM BASE\nARG OWNER=1:1\nARG MODE=750\nCOPY --chown=$OWNER src /s/\nCOPY --chmod=$MODE config /c/\nRUN echo one\nADD --chown=daemon README.md /r\n",
    ),
    shape(
        "archive",
        Made::Same,
        "FROM BASE\nADD data.tar /x/\nRUN echo one\nADD README.md src /y/\nRUN echo two\n",
    ),
    shape(
        "json",
        Made::Same,
        "FROM BASE\nCOPY [\"my file.txt\", \"/m/\"]\nRUN [\"/bin/sh\", \"-c\", \"echo one\"]\nCOPY [\"src\", \"config\", \"/sc/\"]\nRUN [\"/bin/sh\", \"-c\", \"echo two\"]\n",
    ),
    shape(
        "link-flag",
        Made::Same,
        "FROM BASE\nRUN echo zero\nCOPY --link src /s/\nCOPY --link config /c/\nRUN echo one\nADD --link README.md /\nWORKDIR /w\n",
    ),
    shape(
        "arguments",
        Made::Same,
        "ARG G=g\nFROM BASE\nWORKDIR /app\nARG A=1\nCOPY src .\nRUN echo one\nARG B\nRUN echo two\nARG G\nCOPY config /c/\nRUN echo three\n",
    ),
    shape(
        "late-argument",
        Made::Same,
        "FROM BASE\nWORKDIR /app\nCOPY src .\nRUN echo one\nARG A=1\nLABEL a=$A\n",
    ),
    shape(
        "redeclared",
        Made::Same,
        "ARG A=0\nFROM BASE\nARG A\nRUN echo one\nARG A=2\nRUN echo two\nENV A=3\nRUN echo three\nARG A=4\nRUN echo four\n",
    ),
    shape(
        "environment",
        Made::Same,
        "FROM BASE\nENV D=/d E=1\nRUN echo one\nENV E=2 F=$E\nCOPY src $D/s/\nWORKDIR $D\nENV G=a${F}b\nRUN echo two\nENV G=\nRUN echo three\n",
    ),
    shape(
        "carried",
        Made::Same,
        "FROM BASE\nARG A=1\nARG UNUSED=x\nENV V=v$A\nWORKDIR /w\nCOPY src $V/\nCOPY config /c/\nRUN echo one\n",
    ),
    shape(
        "only-copies",
        Made::Same,
        "FROM BASE\nARG A=1\nENV V=$A\nWORKDIR /w\nCOPY src s/\nWORKDIR /v\nCOPY config c/\n",
    ),
    shape(
        "user",
        Made::Same,
        "FROM BASE\nRUN echo zero\nUSER 1000:1000\nWORKDIR /u\nRUN echo one\nCOPY src .\nUSER root\nRUN echo two\n",
    ),
    shape(
        "shell",
        Made::Same,
        "FROM BASE\nRUN echo zero\nSHELL [\"/bin/sh\", \"-ec\"]\nRUN echo one\nRUN [\"/bin/true\"]\nCOPY src /s/\nRUN echo two\n",
    ),
    shape(
        "directories",
        Made::Same,
        "FROM BASE\nWORKDIR /a\nWORKDIR b\nCOPY README.md .\nWORKDIR /\nCOPY src s\nRUN echo one\nWORKDIR /a/b/../c\nRUN echo two\n",
    ),
    shape(
        "metadata",
        Made::Same,
        "FROM BASE\nLABEL a=1\nRUN echo one\nEXPOSE 80 81\nVOLUME /v\nSTOPSIGNAL SIGINT\nHEALTHCHECK CMD true\nCOPY src /s/\nENTRYPOINT [\"true\"]\nCMD [\"x\"]\nMAINTAINER me\nRUN echo two\n",
    ),
    shape(
        "continuations",
        Made::Same,
        "FROM BASE\n# top\nRUN echo one && \\\n    # inside\n    echo two && \\\n\n    echo three\nCOPY src \\\n  /s/\nRUN   echo   spaced\n",
    ),
    shape(
        "two-lines",
        Made::Same,
        "FROM BASE\nCOPY src /s/\nRUN echo two && \\\n    echo three\nRUN echo one\n",
    ),
    shape(
        "bind",
        Made::Same,
        "FROM BASE\nRUN --mount=type=bind,source=src,target=/s echo one\nRUN --mount=type=bind,target=/all echo two\nRUN --mount=source=package.json,target=/p.json,rw echo three\nCOPY config /c/\nRUN echo four\n",
    ),
    shape(
        "cache",
        Made::Same,
        "FROM BASE\nRUN --mount=type=cache,target=/k echo x >> /k/f\nRUN --mount=type=cache,id=i,target=/k,sharing=locked echo two\nRUN --mount=type=tmpfs,target=/t --mount=type=cache,target=/k,uid=1000,mode=0700 echo three\nCOPY src /s/\nRUN echo four\n",
    ),
    shape(
        "secret",
        Made::Same,
        "FROM BASE\nRUN --mount=type=secret,id=token echo one\nRUN --mount=type=secret,id=token,target=/t,mode=0400 --mount=type=ssh echo two\nCOPY src /s/\nRUN --network=none echo three\n",
    ),
    shape(
        "heredoc-copy",
        Made::Same,
        "FROM BASE\nARG A=1\nCOPY <<EOF /plain\nvalue $A\nEOF\nCOPY <<'EOF' /quoted\nvalue $A\nEOF\nCOPY <<ONE <<TWO src /all/\none\nONE\ntwo\nTWO\nRUN echo one\n",
    ),
    shape(
        "heredoc-only",
        Made::Same,
        "FROM BASE\nCOPY <<EOF /plain\nvalue\nEOF\nCOPY --chmod=755 <<-FILE /bin/f\n\tfirst\n\tsecond\nFILE\nWORKDIR /w\n",
    ),
    shape(
        "heredoc-run",
        Made::Same,
        "FROM BASE\nRUN <<EOF\necho one\necho two\nEOF\nRUN <<'EOF'\n#!/bin/sh\necho three\nEOF\nRUN cat <<A && cat <<B\na\nA\nb\nB\nCOPY src /s/\nRUN <<-EOF\n\techo four\nEOF\n",
    ),
    shape(
        "stages-same",
        Made::Same,
        "FROM BASE AS deps\nCOPY package*.json /d/\nRUN echo constant > /out\nFROM BASE AS build\nCOPY src /s/\nRUN echo constant > /bin/app\nFROM BASE\nCOPY --from=deps /out /deps\nRUN echo one\nCOPY --from=build /bin/app /app\nRUN echo two\n",
    ),
    shape(
        "stages-other",
        Made::Other,
        "FROM BASE AS deps\nCOPY package*.json /d/\nRUN cat /proc/sys/kernel/random/uuid > /out\nFROM BASE AS build\nCOPY src /s/\nRUN cat /proc/sys/kernel/random/uuid > /bin/app\nFROM BASE\nCOPY --from=deps /out /deps\nRUN echo one\nCOPY --from=build /bin/app /app\nRUN echo two\n",
    ),
    shape(
        "stage-mounts",
        Made::Same,
        "FROM BASE AS build\nCOPY src /s/\nRUN echo constant > /out\nFROM BASE\nRUN --mount=type=bind,from=build,source=/out,target=/o echo one\nRUN --mount=from=build,src=out,dst=/b,rw echo two\nCOPY config /c/\n",
    ),
    shape(
        "stage-mounts-other",
        Made::Other,
        "FROM BASE AS build\nCOPY src /s/\nRUN cat /proc/sys/kernel/random/uuid > /out\nFROM BASE\nRUN --mount=type=bind,from=build,source=/out,target=/o echo one\nCOPY config /c/\nRUN --mount=from=build,target=/k echo two\nRUN --mount=type=cache,from=build,target=/kk echo three\n",
    ),
    shape(
        "chain",
        Made::Same,
        "FROM BASE AS base\nWORKDIR /app\nARG A=1\nRUN echo base\nFROM base AS deps\nCOPY package.json .\nRUN echo constant > /out\nFROM base AS build\nCOPY src .\nRUN echo constant > /out\nFROM base\nCOPY --from=deps /out /d\nCOPY --from=build /out /b\nRUN echo end\n",
    ),
    shape(
        "chain-other",
        Made::Other,
        "FROM BASE AS base\nWORKDIR /app\nARG A=1\nRUN cat /proc/sys/kernel/random/uuid > /id\nFROM base AS build\nCOPY src .\nRUN cat /proc/sys/kernel/random/uuid > /out\nFROM scratch\nCOPY --from=build /out /b\nCOPY --from=base /id /id\n",
    ),
    shape(
        "scratch",
        Made::Same,
        "FROM BASE AS build\nCOPY src /s/\nRUN echo constant > /out\nFROM scratch\nCOPY --from=build /out /out\nCOPY config /c/\nWORKDIR /w\n",
    ),
    shape(
        "copied-files",
        Made::Below("src"),
        "FROM scratch AS files\nCOPY . /all/\nFROM BASE\nCOPY --from=files /all/src /s/\nRUN echo one\n",
    ),
    shape(
        "copied-files-by-number",
        Made::Below("config"),
        "FROM BASE\nCOPY . /all/\nRUN echo zero\nFROM BASE\nCOPY --from=0 /all/config /c/\nRUN echo one\nCOPY package.json /\n",
    ),
    shape(
        "linked-stages",
        Made::Same,
        "FROM BASE AS build\nCOPY src /s/\nRUN echo constant > /out\nFROM BASE\nRUN echo zero\nCOPY --link --from=build /out /o\nRUN echo one\n",
    ),
    shape(
        "unneeded",
        Made::Same,
        "FROM BASE AS lint\nCOPY . /l/\nRUN echo lint\nFROM BASE AS build\nCOPY src /s/\nRUN echo build\nFROM BASE AS test\nCOPY --from=lint /l /l\nRUN echo test\nFROM build\nCOPY config /c/\nRUN echo end\n",
    ),
    shape(
        "image-argument",
        Made::Same,
        "ARG WHICH=one\nFROM BASE AS one\nRUN echo one\nFROM BASE AS two\nRUN echo two\nFROM ${WHICH}\nCOPY src /s/\nRUN echo end\n",
    ),
    shape(
        "from-image",
        Made::Same,
        "FROM scratch\nCOPY --from=BASE /salt /salt\nCOPY src /s/\nCOPY --from=BASE /etc/passwd /p\n",
    ),
    shape(
        "platform",
        Made::Same,
        "FROM --platform=$BUILDPLATFORM BASE AS build\nARG TARGETARCH\nARG TARGETPLATFORM BUILDPLATFORM\nRUN echo one\nCOPY src /s/\nFROM build\nRUN echo two\n",
    ),
    shape(
        "expanded-source",
        Made::Same,
        "FROM BASE\nARG DIR=src\nCOPY $DIR /d/\nRUN echo one\nARG FILE=package\nCOPY ${FILE}.json /f/\nRUN echo two\n",
    ),
    shape(
        "escape",
        Made::Same,
        "# escape=`\nFROM BASE\nRUN echo one && `\n    echo two\nENV P=C:\\x\nCOPY src /s/\nRUN echo three\n",
    ),
    shape(
        "inherited",
        Made::Below("config"),
        "FROM BASE AS base\nENV E=1\nARG A=1\nARG E=2\nWORKDIR /app\nUSER daemon\nFROM base\nRUN echo one\nCOPY config s/\nFROM base\nARG A=3\nENV A=$A$E\nRUN echo two\nCOPY --from=1 /app/s/ s/\nRUN echo three\n",
    ),
    shape(
        "order",
        Made::Same,
        "FROM BASE\nENV A=1\nENV B=2\nARG C=3\nARG D=4\nRUN echo one\nENV A=1\nRUN echo two\n",
    ),
];

/// The parts of which further shapes are put together at random. None needs what another leaves behind.
pub(crate) const PARTS: &[&str] = &[
    "WORKDIR /app",
    "WORKDIR sub",
    "WORKDIR /",
    "COPY . .",
    "COPY . /all/",
    "COPY package*.json ./",
    "COPY package.json package-lock.json ./",
    "COPY src ./src",
    "COPY src/ /s/",
    "COPY ./src/main.c ./",
    "COPY src/*.c /c/",
    "COPY docs /docs/",
    "COPY config/app.conf /etc/",
    "COPY --chown=1000 src /o/",
    "COPY --chmod=700 src/run.sh /r",
    "COPY --link config /l/",
    "COPY link /via/",
    "COPY [\"my file.txt\", \"/m/\"]",
    "COPY */*.c /deep/",
    "ADD README.md /",
    "ADD data.tar /x/",
    "ADD src config /sc/",
    "RUN echo one",
    "RUN echo two",
    "RUN echo three && \\\n    echo four",
    "RUN [\"/bin/true\"]",
    "RUN <<EOF\necho five\nEOF",
    "RUN --mount=type=bind,source=src,target=/s echo six",
    "RUN --mount=type=cache,target=/k echo seven",
    "RUN --mount=type=bind,source=package.json,target=/p echo eight",
    "COPY <<EOF /h\nbody $A\nEOF",
    "ENV E=1",
    "ENV E=2 P=$A",
    "ENV D=/d",
    "WORKDIR $D/x",
    "ARG A=1",
    "ARG A",
    "ARG B=2",
    "ARG G",
    "ARG TARGETOS",
    "LABEL l=1",
    "EXPOSE 80",
    "USER 1000",
    "USER root",
    "SHELL [\"/bin/sh\", \"-ec\"]",
    "# a comment",
    "CMD [\"x\"]",
    "VOLUME /v",
    "HEALTHCHECK NONE",
    "COPY lnk.txt /lnk",
    "COPY config/empty /empty/",
    "RUN --network=none echo nine",
    "STOPSIGNAL SIGQUIT",
];
