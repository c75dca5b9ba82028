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

impl Keyword {
    /// The keyword that `word` spells, in any case.
    #[must_use]
    pub fn of(word: &[u8]) -> Self {
        let candidates: &[Self] = match word.first().map(u8::to_ascii_uppercase) {
            Some(b'A') => &[Self::Arg, Self::Add],
            Some(b'C') => &[Self::Copy, Self::Cmd],
            Some(b'E') => &[Self::Env, Self::Expose, Self::Entrypoint],
            Some(b'F') => &[Self::From],
            Some(b'H') => &[Self::Healthcheck],
            Some(b'L') => &[Self::Label],
            Some(b'M') => &[Self::Maintainer],
            Some(b'O') => &[Self::Onbuild],
            Some(b'R') => &[Self::Run],
            Some(b'S') => &[Self::Shell, Self::Stopsignal],
            Some(b'U') => &[Self::User],
            Some(b'V') => &[Self::Volume],
            Some(b'W') => &[Self::Workdir],
            _ => &[],
        };
        let spells = |keyword: &&Self| word.eq_ignore_ascii_case(keyword.name().as_bytes());
        candidates.iter().find(spells).copied().unwrap_or(Self::Unknown)
    }

    /// The keyword in capitals; `"UNKNOWN"` for what is none.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Arg => "ARG",
            Self::Cmd => "CMD",
            Self::Copy => "COPY",
            Self::Entrypoint => "ENTRYPOINT",
            Self::Env => "ENV",
            Self::Expose => "EXPOSE",
            Self::From => "FROM",
            Self::Healthcheck => "HEALTHCHECK",
            Self::Label => "LABEL",
            Self::Maintainer => "MAINTAINER",
            Self::Onbuild => "ONBUILD",
            Self::Run => "RUN",
            Self::Shell => "SHELL",
            Self::Stopsignal => "STOPSIGNAL",
            Self::User => "USER",
            Self::Volume => "VOLUME",
            Self::Workdir => "WORKDIR",
            Self::Unknown => "UNKNOWN",
        }
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
