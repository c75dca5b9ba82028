use std::fmt;

/// The instructions of a Dockerfile (Dockerfile reference; moby `frontend/dockerfile/command`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is the instruction of that name")]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
    /// Any other word: BuildKit stops at it with "unknown instruction".
    Unknown,
}

const NAMES: [(&str, Keyword); 18] = [
    ("ADD", Keyword::Add),
    ("ARG", Keyword::Arg),
    ("CMD", Keyword::Cmd),
    ("COPY", Keyword::Copy),
    ("ENTRYPOINT", Keyword::Entrypoint),
    ("ENV", Keyword::Env),
    ("EXPOSE", Keyword::Expose),
    ("FROM", Keyword::From),
    ("HEALTHCHECK", Keyword::Healthcheck),
    ("LABEL", Keyword::Label),
    ("MAINTAINER", Keyword::Maintainer),
    ("ONBUILD", Keyword::Onbuild),
    ("RUN", Keyword::Run),
    ("SHELL", Keyword::Shell),
    ("STOPSIGNAL", Keyword::Stopsignal),
    ("USER", Keyword::User),
    ("VOLUME", Keyword::Volume),
    ("WORKDIR", Keyword::Workdir),
];

impl Keyword {
    /// The keyword that `word` spells, in any case.
    #[must_use]
    pub fn of(word: &[u8]) -> Self {
        NAMES
            .iter()
            .find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()))
            .map_or(Self::Unknown, |&(_, keyword)| keyword)
    }

    /// The keyword in capitals; `"UNKNOWN"` for what is none.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|&&(_, keyword)| keyword == self).map_or("UNKNOWN", |&(name, _)| name)
    }

    /// Whether BuildKit first tries to read the arguments as a JSON array (`parseMaybeJSON`, `parseMaybeJSONToList`).
    #[must_use]
    pub fn takes_json(self) -> bool {
        matches!(
            self,
            Self::Add | Self::Cmd | Self::Copy | Self::Entrypoint | Self::Run | Self::Shell | Self::Volume
        )
    }

    /// Whether the instruction may carry heredocs (`heredocDirectives`).
    #[must_use]
    pub fn takes_heredocs(self) -> bool {
        matches!(self, Self::Add | Self::Copy | Self::Run)
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
