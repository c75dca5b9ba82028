//! Packages that read the data of version control, by the names that manifests and lock files have for them.

use memchr::memmem;

/// Those that read it without any git: of the names that do not say it.
const READERS: &[&str] = &[
    "dd-trace",
    "dugite",
    "dulwich",
    "gitdb",
    "gitinfo",
    "gitlog",
    "gitpython",
    "gitsha",
    "libgit2",
    "nextra",
    "nodegit",
    "next-build-id",
    "pygit2",
    "rugged",
    "this-commit",
    "unplugin-info",
];

/// Those that ask git for the commit when a program starts, to report it with what happens (sentry_sdk/utils.py,
/// `get_git_revision`; sentry-ruby, `ReleaseDetector`; honeybadger-ruby, `Util::Revision`; scout_apm_python#7).
const REPORTERS: &[&str] = &[
    "airbrake",
    "appsignal",
    "bugsnag",
    "datadog",
    "ddtrace",
    "elastic-apm",
    "honeybadger",
    "raven",
    "rollbar",
    "scout-apm",
    "scout_apm",
    "sentry-rails",
    "sentry-raven",
    "sentry-ruby",
    "sentry-sdk",
    "sentry_sdk",
];

/// Names with git in them that only take addresses apart, or that serve who commits.
const HARMLESS: &[&str] = &[
    "git",
    "git-hooks-list",
    "git-raw-commits",
    "git-remote-origin-url",
    "git-semver-tags",
    "git-up",
    "git-url-parse",
    "hosted-git-info",
    "simple-git-hooks",
];

/// Whether a file of this name may list packages.
pub(super) fn may_name_packages(name: &str) -> bool {
    const FILES: [&str; 14] = [
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lock",
        "bun.lockb",
        "poetry.lock",
        "uv.lock",
        "pdm.lock",
        "Pipfile",
        "Pipfile.lock",
        "Gemfile.lock",
        "composer.lock",
        "environment.yml",
    ];
    FILES.contains(&name) || name.ends_with(".txt") || name.ends_with(".in")
}

/// A package in a text that reads repositories by itself, or may.
pub(super) fn reader(text: &str) -> Option<String> {
    let git = memmem::find_iter(text.as_bytes(), "git").filter_map(|at| name_at(text, at));
    let mut git = git.filter(|name| {
        !HARMLESS.contains(name) && name.split(|ch: char| !ch.is_alphanumeric()).any(|part| part == "git")
    });
    git.next().map(str::to_owned).or_else(|| named(text, READERS))
}

/// A package in a text that asks for the commit when a program starts.
pub(super) fn reporter(text: &str) -> Option<String> {
    named(text, REPORTERS)
}

/// The first of `names` that a text names.
fn named(text: &str, names: &[&str]) -> Option<String> {
    let is_named = |name: &&&str| {
        let mut found = memmem::find_iter(text.as_bytes(), name.as_bytes());
        found.any(|at| name_at(text, at) == Some(**name))
    };
    names.iter().find(is_named).map(|name| (*name).to_owned())
}

/// The name of the package that is meant at a place of a text: the last part of a path, without its version. `None` in
/// addresses.
fn name_at(text: &str, at: usize) -> Option<&str> {
    let is_part =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'/' | b'.' | b'_' | b'-');
    let bytes = text.as_bytes();
    let start = at - bytes[..at].iter().rev().take_while(|byte| is_part(byte)).count();
    let end = at + bytes[at..].iter().take_while(|byte| is_part(byte)).count();
    let word = text.get(start..end)?;
    if word.starts_with("//") || [".git", ".tgz"].iter().any(|end| word.ends_with(end)) {
        return None;
    }
    let name = text.get(start + word[..at - start].rfind('/').map_or(0, |slash| slash + 1)..end)?;
    let name = name.split('/').next().unwrap_or(name);
    let version = name.get(1..)?.find('@').map(|version| version + 1);
    Some(name[..version.unwrap_or(name.len())].trim_start_matches('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_told_from_addresses() {
        for (text, name) in [
            ("\"simple-git\": \"3\"", "simple-git"),
            ("\"node_modules/next-build-id\": {", "next-build-id"),
            ("/@napi-rs/simple-git@0.1.9:", "simple-git"),
            ("isomorphic-git@^1.0.0:", "isomorphic-git"),
            ("@vuepress/plugin-git@2", "plugin-git"),
            ("    rugged (1.0)", "rugged"),
            ("setuptools-git==1", "setuptools-git"),
        ] {
            assert_eq!(reader(text).as_deref(), Some(name), "{text}");
        }
        for text in [
            "\"url\": \"git+https://github.com/a/b.git\", \"type\": \"git\"",
            "\"resolved\": \"https://registry.npmjs.org/hosted-git-info/-/hosted-git-info-2.8.9.tgz\"",
            "\"node_modules/hosted-git-info\": {",
            "x @ git+https://github.com/a/x-git@main",
            ".gitignore digital",
        ] {
            assert_eq!(reader(text), None, "{text}");
        }
        assert_eq!(reporter("sentry-sdk[flask]==2.0\n").as_deref(), Some("sentry-sdk"));
        assert_eq!(reporter("gem \"sentry-rails\"\n").as_deref(), Some("sentry-rails"));
        assert_eq!(reporter("@sentry/react travensta\n"), None);
    }
}
