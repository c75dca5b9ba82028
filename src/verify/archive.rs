//! Reads what `docker save` and `podman save` write, as it comes: nothing is unpacked, and of each file only its hash is
//! kept.
//!
//! An archive holds the layers, tar archives that may be compressed, the images' configurations, and `manifest.json`, which
//! says what belongs to which image and often comes last (moby/docker-image-spec; opencontainers/image-spec). The same layer
//! of two images is read once.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufReader, Read};
use std::ops::Bound;

use serde_json::Value;

use super::layer::Layer;

/// Configurations and manifests are not longer than this; in bytes.
const MAX_DOCUMENT: u64 = 16 * 1024 * 1024;
const BUFFER: usize = 1 << 18;

/// What has been read so far, of any number of archives.
#[derive(Debug, Default)]
pub(super) struct Archive {
    layers: HashMap<String, Layer>,
    documents: HashMap<String, Vec<u8>>,
    /// Names that stand for others: older engines write each layer once and link the rest.
    links: HashMap<String, String>,
    /// What each `manifest.json` lists.
    images: Vec<Value>,
}

/// An image: its configuration, and its layers from the bottom up.
#[derive(Debug)]
pub(super) struct Image<'a> {
    /// As it stands in the image.
    pub(super) configuration: Value,
    pub(super) layers: Vec<&'a Layer>,
}

impl Archive {
    /// Reads an archive to its end.
    ///
    /// # Errors
    /// It breaks off or is no archive.
    pub(super) fn read(&mut self, archive: impl Read) -> io::Result<()> {
        let mut archive = tar::Archive::new(BufReader::with_capacity(BUFFER, archive));
        for entry in archive.entries()? {
            let mut entry = entry?;
            let name = normal(&String::from_utf8_lossy(&entry.path_bytes()));
            if let Some(target) = entry.link_name_bytes() {
                let target = String::from_utf8_lossy(&target).into_owned();
                let target = if entry.header().entry_type().is_symlink() {
                    beside(&name, &target)
                } else {
                    normal(&target)
                };
                self.links.insert(name, target);
            } else if entry.header().entry_type().is_file() && !self.layers.contains_key(&name) {
                self.read_file(name, &mut entry)?;
            }
        }
        // The engine writes on until it is through, and what nobody reads would stop it.
        io::copy(&mut archive.into_inner(), &mut io::sink())?;
        Ok(())
    }

    fn read_file(&mut self, name: String, file: &mut (impl Read + Sized)) -> io::Result<()> {
        let mut head = Vec::new();
        file.take(512).read_to_end(&mut head)?;
        let rest = head.clone();
        let mut whole = io::Cursor::new(rest).chain(file);
        let layer = match head.as_slice() {
            [b'{' | b'[', ..] => {
                let mut document = Vec::new();
                whole.take(MAX_DOCUMENT).read_to_end(&mut document)?;
                if name == "manifest.json" {
                    let images: Vec<Value> = serde_json::from_slice(&document)?;
                    self.images.extend(images);
                } else {
                    self.documents.insert(name, document);
                }
                return Ok(());
            }
            [0x1f, 0x8b, ..] => Layer::read(flate2::read::MultiGzDecoder::new(whole))?,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                let plain = ruzstd::decoding::StreamingDecoder::new(whole).map_err(io::Error::other)?;
                Layer::read(plain)?
            }
            _ if is_tar(&head) => Layer::read(&mut whole)?,
            // `VERSION`, `oci-layout` of other times.
            _ => return Ok(()),
        };
        self.layers.insert(name, layer);
        Ok(())
    }

    /// The image with this tag.
    ///
    /// # Errors
    /// It is not there, or something that it consists of is not.
    pub(super) fn image(&self, tag: &str) -> io::Result<Image<'_>> {
        let missing = |what: &str| io::Error::other(format!("the engine's archive has no {what}"));
        let is_it = |image: &&Value| {
            let tags = image["RepoTags"].as_array();
            // podman and buildah write the registry in front.
            let named = |name: &str| name == tag || name.ends_with(&format!("/{tag}"));
            tags.is_some_and(|tags| tags.iter().filter_map(Value::as_str).any(named))
        };
        let image = self.images.iter().find(is_it).ok_or_else(|| missing(tag))?;
        let configuration = image["Config"].as_str().unwrap_or_default();
        let document = self.documents.get(self.resolve(configuration));
        let configuration = serde_json::from_slice(document.ok_or_else(|| missing(configuration))?)?;
        let mut layers = Vec::new();
        for name in image["Layers"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            layers.push(self.layers.get(self.resolve(name)).ok_or_else(|| missing(name))?);
        }
        Ok(Image { configuration, layers })
    }

    fn resolve<'a>(&'a self, name: &'a str) -> &'a str {
        self.links.get(name).map_or(name, |target| target)
    }
}

/// The files of all layers, by path.
pub(super) type Files<'a> = BTreeMap<&'a [u8], &'a super::layer::Entry>;

/// What lies below a directory.
pub(super) fn below<'f, 'a>(
    files: &'f Files<'a>,
    directory: &[u8],
) -> impl Iterator<Item = (&'a [u8], &'a super::layer::Entry)> + use<'f, 'a> {
    let inside = [directory, b"/"].concat();
    let after = files.range::<[u8], _>((Bound::Included(&*inside), Bound::Unbounded));
    after.map(|(path, entry)| (*path, *entry)).take_while(move |(path, _)| path.starts_with(&inside))
}

impl<'a> Image<'a> {
    /// What a container made from the image would find.
    pub(super) fn files(&self) -> Files<'a> {
        let mut files = Files::new();
        for layer in &self.layers {
            layer.put_on(&mut files);
        }
        files
    }
}

/// Whether a file that begins so is a tar archive; an empty one consists of zeros.
fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar") || head.len() == 512 && head.iter().all(|&byte| byte == 0)
}

fn normal(path: &str) -> String {
    path.trim_start_matches("./").trim_matches('/').to_owned()
}

/// Where a link in an archive leads.
fn beside(name: &str, target: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
