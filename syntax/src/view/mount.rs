use std::borrow::Cow;

use super::lossy;
use crate::{Flag, Instruction};

/// A `--mount` of RUN (Dockerfile reference, "RUN --mount"), unexpanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The flag it stands in.
    pub flag: Flag,
    /// Its kind.
    pub kind: MountKind,
    /// All keys with their values, `type` included, lower-cased keys, in order.
    pub fields: Vec<(Cow<'static, str>, Option<String>)>,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the mount type of that name")]
pub enum MountKind {
    Bind,
    Cache,
    Tmpfs,
    Secret,
    Ssh,
    /// A type that is no known one, or one made of variables.
    Other(String),
}

impl Mount {
    /// Reads the mount of a flag; `None` for another flag or without value.
    #[must_use]
    pub fn of(instruction: &Instruction<'_>, flag: &Flag) -> Option<Self> {
        if flag.name.of(instruction.text()) != b"mount" {
            return None;
        }
        let value = crate::split::unquote(flag.value?.of(instruction.text()));
        let value = lossy(&value);
        let fields: Vec<_> = value
            .split(',')
            .map(|field| match field.split_once('=') {
                Some((name, value)) => (key(name), Some(value.to_owned())),
                None => (key(field), None),
            })
            .collect();
        let kind = fields.iter().find(|(key, _)| key == "type").and_then(|(_, value)| value.as_deref());
        let kind = match kind {
            None | Some("bind") => MountKind::Bind,
            Some("cache") => MountKind::Cache,
            Some("tmpfs") => MountKind::Tmpfs,
            Some("secret") => MountKind::Secret,
            Some("ssh") => MountKind::Ssh,
            Some(other) => MountKind::Other(other.to_owned()),
        };
        Some(Self { flag: *flag, kind, fields })
    }

    fn field(&self, names: &[&str]) -> Option<&str> {
        self.fields.iter().rev().find(|(key, _)| names.contains(&&**key)).and_then(|(_, v)| v.as_deref())
    }

    /// `target`, `dst` or `destination`.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.field(&["target", "dst", "destination"])
    }

    /// `source` or `src`.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.field(&["source", "src"])
    }

    /// `from`: the stage or image to mount from.
    #[must_use]
    pub fn from(&self) -> Option<&str> {
        self.field(&["from"])
    }

    /// `id`; without one the target is the cache's name, and the secret's its target's file name.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.field(&["id"])
    }

    /// `sharing` of a cache mount: `shared` (the default), `private` or `locked`.
    #[must_use]
    pub fn sharing(&self) -> Option<&str> {
        self.field(&["sharing"])
    }

    /// `uid` as written.
    #[must_use]
    pub fn uid(&self) -> Option<&str> {
        self.field(&["uid"])
    }

    /// `gid` as written.
    #[must_use]
    pub fn gid(&self) -> Option<&str> {
        self.field(&["gid"])
    }

    /// `mode` as written, octal.
    #[must_use]
    pub fn mode(&self) -> Option<&str> {
        self.field(&["mode"])
    }

    /// Whether a key stands there, with or without value (`readonly`, `rw`, `required`).
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.fields.iter().any(|(name, _)| name == key)
    }
}

/// The keys that most mounts have.
const KEYS: [&str; 13] = [
    "type", "target", "source", "id", "sharing", "from", "dst", "src", "readonly", "required", "mode", "uid",
    "gid",
];

/// A key in lower case, without the white space around it.
fn key(written: &str) -> Cow<'static, str> {
    let written = written.trim();
    let known = KEYS.into_iter().find(|key| *key == written);
    known.map_or_else(|| Cow::Owned(written.to_lowercase()), Cow::Borrowed)
}
