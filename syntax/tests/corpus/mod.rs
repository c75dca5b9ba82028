//! The corpus of real Dockerfiles, where it is present: `../shared/corpus` beside the repository, or the directory that
//! `DOCKFIX_CORPUS` names.

#![allow(dead_code, reason = "each test binary uses the part it needs")]
#![allow(clippy::print_stderr, reason = "a test tells what it skips")]

use std::io::Read;
use std::path::PathBuf;

/// The corpus directory; `None`, with a message, where there is none.
pub(crate) fn directory() -> Option<PathBuf> {
    let directory = std::env::var_os("DOCKFIX_CORPUS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"), PathBuf::from);
    // The root package lies one directory higher than the others.
    let higher = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let found = [directory, higher].into_iter().find(|path| path.join("dockerfiles.tar.xz").is_file());
    if found.is_none() {
        eprintln!("skipped: no corpus at ../shared/corpus (set DOCKFIX_CORPUS to where it is)");
    }
    found
}

/// Name and bytes of every Dockerfile of the corpus; `None`, with a message, where there is no corpus.
pub(crate) fn dockerfiles() -> Option<Vec<(String, Vec<u8>)>> {
    let archive = std::fs::File::open(directory()?.join("dockerfiles.tar.xz")).expect("the archive opens");
    let mut archive = tar::Archive::new(liblzma::read::XzDecoder::new(archive));
    let mut files = Vec::new();
    for entry in archive.entries().expect("a tar archive") {
        let mut entry = entry.expect("a tar entry");
        let path = entry.path().expect("a path").into_owned();
        if entry.header().entry_type().is_file() {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("the entry can be read");
            let name = path.file_name().expect("a file name").to_string_lossy().into_owned();
            files.push((name, bytes));
        }
    }
    files.sort();
    Some(files)
}

/// Small files with what is rare: each rule of the parser, and each way to end a line or a file.
pub(crate) const FIXTURES: &[&[u8]] = &[
    b"",
    b"\n",
    b"\r",
    b"#",
    b"\xef\xbb\xbf",
    b"\xef\xbb\xbf# syntax=docker/dockerfile:1\r\nFROM a\r\nRUN a \\\r\n  b\r\n",
    b"#!/bin/sh\n# syntax=x\nFROM a\n",
    b"FROM a\nRUN x",
    b"FROM a\r\nRUN x",
    b"FROM a\rRUN x\r",
    b"FROM a\r\r\nRUN x\r",
    b"FROM a\nRUN a\0b\n\0\n",
    b"FROM a\nENV caf\xe9=\xff\xfe\nRUN echo \xc3\n",
    b"# escape=`\nFROM a\nRUN a `\n  # c\n  b\nCOPY x c:\\\\\n",
    b"FROM a\nRUN a && \\\n  # why b\n  b && \\\n\n  c\n# end",
    b"FROM a\nRUN --mount=type=cache,target=/x \\\n    --network=none \\\n    a b\n",
    b"FROM a\nRUN <<E\n# no comment\na\nE\nCOPY <<\"A\" <<-B /x/\n$a\nA\n\tb\n\tB\nRUN cat <<E >f\nx\nE\n",
    b"FROM a\nRUN <<E\nnever ends\n",
    b"FROM a AS b\nCOPY --from=b [\"x y\", \"/\"]\nCMD [\"a\"] # x\nENTRYPOINT [1]\nSHELL [\"a\"]\n",
    b"from a\nonbuild run --mount=type=ssh x\nONBUILD\nfoo bar\nARG\nENV a b c\nENV a=b c\n",
    b"FROM a\nRUN a \\\n# c\n\n",
    b"\\\nfr\\\nom a\n\\",
    b" \t# c\n \tFROM a \n \n\tRUN  a  \\ \n b \n",
    b"FROM \xc2\xa0a\n\xe3\x80\x80RUN x \xc2\x85\n",
    b"ARG A=1\n# syntax=x\nFROM a\nRUN a; b || c & d | e\nHEALTHCHECK --interval=5s CMD [\"a\"]\n",
];

/// The fixtures, and the corpus where it is present.
pub(crate) fn samples() -> Vec<(String, Vec<u8>)> {
    let fixtures = FIXTURES.iter().map(|source| (source.escape_ascii().to_string(), source.to_vec()));
    fixtures.chain(dockerfiles().unwrap_or_default()).collect()
}
