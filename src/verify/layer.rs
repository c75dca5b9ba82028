//! A layer of an image: what it adds to the ones below, and what it takes away.
//!
//! A file `.wh.NAME` takes `NAME` away, and `.wh..wh..opq` all that the layers below have in its directory
//! (opencontainers/image-spec, `layer.md`, "Whiteouts").

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};

use sha2::{Digest as _, Sha256};

use super::archive::{Files, below};

const BUFFER: usize = 1 << 18;
/// Extended attributes in a tar archive: all other records only say better what the header says as well.
const XATTR: &str = "SCHILY.xattr.";

/// A file, directory or link: all but its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    /// The permission bits, set-user-ID and its like included.
    pub(super) mode: u32,
    pub(super) uid: u64,
    pub(super) gid: u64,
    /// Extended attributes by name, such as file capabilities.
    pub(super) attributes: Attributes,
}

/// Names and values, sorted.
pub(super) type Attributes = Box<[(Box<str>, Box<[u8]>)]>;

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file: its size in bytes and the SHA-256 of its content.
    File { size: u64, digest: [u8; 32] },
    /// A directory.
    Directory,
    /// A symbolic link and where it leads.
    Link(Box<[u8]>),
    /// A character or block device with its numbers, or a named pipe.
    Special { letter: char, major: u32, minor: u32 },
    /// Another name of a file in a layer below.
    SameAs(Box<[u8]>),
}

/// What one layer adds and takes away. Paths have no leading slash.
#[derive(Debug, Default)]
pub(super) struct Layer {
    entries: BTreeMap<Box<[u8]>, Entry>,
    removed: Vec<Box<[u8]>>,
    emptied: Vec<Box<[u8]>>,
}

impl Layer {
    /// Reads a layer to its end.
    ///
    /// # Errors
    /// It breaks off or is no tar archive.
    pub(super) fn read(layer: impl Read) -> io::Result<Self> {
        let mut archive = tar::Archive::new(BufReader::with_capacity(BUFFER, layer));
        let mut layer = Self::default();
        let mut buffer = vec![0; BUFFER];
        for entry in archive.entries()? {
            layer.add(&mut entry?, &mut buffer)?;
        }
        Ok(layer)
    }

    fn add(&mut self, file: &mut tar::Entry<'_, impl Read>, buffer: &mut [u8]) -> io::Result<()> {
        let path = clean(&file.path_bytes());
        let (directory, name) = match path.iter().rposition(|&byte| byte == b'/') {
            Some(slash) => (&path[..slash], &path[slash + 1..]),
            None => (&path[..0], &path[..]),
        };
        if name == b".wh..wh..opq" {
            self.emptied.push(directory.into());
            return Ok(());
        }
        if let Some(name) = name.strip_prefix(b".wh.") {
            // The other names with two prefixes are a storage driver's own.
            if !name.starts_with(b".wh.") {
                let parent = if directory.is_empty() { Vec::new() } else { [directory, b"/"].concat() };
                self.removed.push([&parent, name].concat().into());
            }
            return Ok(());
        }
        if path.is_empty() {
            return Ok(());
        }
        let attributes = attributes(file)?;
        let target = file.link_name_bytes().map(|target| Box::from(&*target));
        let header = file.header();
        let number = |number: io::Result<Option<u32>>| number.ok().flatten().unwrap_or_default();
        let (major, minor) = (number(header.device_major()), number(header.device_minor()));
        let special = |letter| Kind::Special { letter, major, minor };
        let (mode, uid, gid) = (header.mode()? & 0o7777, header.uid()?, header.gid()?);
        let kind = match header.entry_type() {
            tar::EntryType::Directory => Kind::Directory,
            tar::EntryType::Symlink => Kind::Link(target.unwrap_or_default()),
            tar::EntryType::Char => special('c'),
            tar::EntryType::Block => special('b'),
            tar::EntryType::Fifo => special('p'),
            tar::EntryType::Link => {
                // Which of the names comes first, and whether there is one file or a copy, is no difference of content.
                let target = clean(&target.unwrap_or_default());
                match self.entries.get(&target) {
                    Some(entry) => {
                        let entry = entry.clone();
                        self.entries.insert(path, entry);
                        return Ok(());
                    }
                    None => Kind::SameAs(target),
                }
            }
            _ => hash(file, buffer)?,
        };
        self.entries.insert(path, Entry { kind, mode, uid, gid, attributes });
        Ok(())
    }

    /// Puts this layer on top of the files of those below.
    pub(super) fn put_on<'a>(&'a self, files: &mut Files<'a>) {
        for directory in &self.emptied {
            remove_below(files, directory);
        }
        for path in &self.removed {
            files.remove(&**path);
            remove_below(files, path);
        }
        for (path, entry) in &self.entries {
            let entry = match &entry.kind {
                Kind::SameAs(target) => match files.get(&**target) {
                    Some(file) => file,
                    None => entry,
                },
                _ => entry,
            };
            let before = files.insert(path, entry);
            if entry.kind != Kind::Directory && before.is_some_and(|before| before.kind == Kind::Directory) {
                remove_below(files, path);
            }
        }
    }
}

fn remove_below(files: &mut Files<'_>, directory: &[u8]) {
    if directory.is_empty() {
        files.clear();
        return;
    }
    let paths: Vec<&[u8]> = below(files, directory).map(|(path, _)| path).collect();
    for path in paths {
        files.remove(path);
    }
}

/// Without what may stand before and after it.
fn clean(path: &[u8]) -> Box<[u8]> {
    let mut path = path;
    while let Some(rest) = path.strip_prefix(b"./").or_else(|| path.strip_prefix(b"/")) {
        path = rest;
    }
    while let Some(rest) = path.strip_suffix(b"/") {
        path = rest;
    }
    if path == b"." { Box::default() } else { path.into() }
}

fn attributes(file: &mut tar::Entry<'_, impl Read>) -> io::Result<Attributes> {
    let mut attributes = Vec::new();
    for record in file.pax_extensions()?.into_iter().flatten() {
        let record = record?;
        if let Some(name) = record.key().ok().and_then(|key| key.strip_prefix(XATTR)) {
            attributes.push((Box::from(name), Box::from(record.value_bytes())));
        }
    }
    attributes.sort();
    Ok(attributes.into())
}

/// The SHA-256 of a file.
pub(super) fn digest(content: &[u8]) -> [u8; 32] {
    Sha256::digest(content).into()
}

fn hash(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<Kind> {
    let (mut size, mut hasher) = (0, Sha256::new());
    loop {
        let read = file.read(buffer)?;
        if read == 0 {
            return Ok(Kind::File { size, digest: hasher.finalize().into() });
        }
        hasher.update(&buffer[..read]);
        size += read as u64;
    }
}
