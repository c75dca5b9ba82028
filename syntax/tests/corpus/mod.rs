//! The corpus of real Dockerfiles, where it is present: `../shared/corpus` beside the repository, or the directory that
//! `DOCKFIX_CORPUS` names.

#![allow(dead_code, reason = "each test binary uses the part it needs")]

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
