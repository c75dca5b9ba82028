//! Files in which people write where a manager keeps its caches.

/// Where a manager looks for settings that move its caches, and what they are called. Files that
/// [`Ecosystem::caches`](crate::Ecosystem::caches) finds by itself are listed too: a COPY may bring one that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingsFiles {
    /// Below the user's home directory.
    pub home: &'static [&'static str],
    /// In the whole system.
    pub system: &'static [&'static str],
    /// In the project's directory, manifests left out: `caches` reads those, and where it cannot they are taken to say nothing
    /// of caches, as whatever a `COPY . .` brings.
    pub project: &'static [&'static str],
    /// Whether [`Ecosystem::caches`](crate::Ecosystem::caches) reads those of the project.
    pub follows_project: bool,
    /// The settings that move the caches, switch them off, or put other things beside them; upper and lower case, `-` and `_`
    /// make no difference.
    pub keys: &'static [&'static str],
}

impl SettingsFiles {
    /// Of a manager whose caches no file moves.
    pub const NONE: Self = Self { home: &[], system: &[], project: &[], follows_project: false, keys: &[] };

    /// The 1-based line of a file that has one of the settings, and which. Any of the forms in which such files are written
    /// counts: `key = value`, `key: value`, `key value`, `"key": value`, `<key>`, `[key]`, `<add key="key"`, with sections
    /// in front (`build.target-dir`).
    #[must_use]
    pub fn setting_in(&self, text: &str) -> Option<(usize, &'static str)> {
        text.lines().enumerate().find_map(|(number, line)| {
            let is_comment = ["#", ";", "//"].iter().any(|mark| line.trim_start().starts_with(mark));
            let key = self.keys.iter().find(|key| !is_comment && sets(line, key))?;
            Some((number + 1, *key))
        })
    }
}

fn sets(line: &str, key: &str) -> bool {
    let is_part = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_' | '.');
    let plain = |text: &str| text.replace(['-', '_'], "").to_ascii_lowercase();
    let key = plain(key);
    let mut at = 0;
    while let Some(start) = line[at..].find(is_part).map(|start| at + start) {
        let end = line[start..].find(|ch| !is_part(ch)).map_or(line.len(), |end| start + end);
        at = end;
        let word = plain(&line[start..end]);
        let section = word.strip_suffix(&key);
        if section.is_none_or(|section| !section.is_empty() && !section.ends_with('.')) {
            continue;
        }
        let (before, after) = (line[..start].trim_end(), &line[end..]);
        let is_quoted = before.ends_with(['"', '\'']) && after.starts_with(['"', '\'']);
        let is_name = after.trim_start().starts_with(['=', ':', '>', ']']);
        let is_first = before.is_empty() && after.starts_with(char::is_whitespace);
        if is_quoted || is_first || is_name && !before.ends_with('/') {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_setting_in_every_form() {
        let files = SettingsFiles { keys: &["cache-dir", "cacheFolder", "cache"], ..SettingsFiles::NONE };
        for line in [
            "cache-dir=/x",
            "cache_dir = \"/x\"",
            "  \"config\": {\"cache-dir\": \"/x\"}",
            "cacheFolder: /x",
            "cache-folder \"/x\"",
            "[install.cache]",
            "<cacheFolder>/x</cacheFolder>",
            "<add key=\"cacheFolder\" value=\"/x\" />",
            "install.cache.cache-dir = '/x'",
        ] {
            let found = files.setting_in(&format!("a=b\n{line}\n"));
            assert_eq!(found.map(|(line, _)| line), Some(2), "{line}");
        }
        for line in [
            "# cache-dir=/x",
            "; cache=/x",
            "//registry/cache/:_authToken=x",
            "registry=https://x/cache",
            "cache-min=3",
            "no-cache-directory = 1",
            "prefer-offline=true",
            "",
        ] {
            assert_eq!(files.setting_in(line), None, "{line}");
        }
    }
}
