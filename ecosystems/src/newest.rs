//! What an install gets in the version that is there when it runs, though nothing asks it to upgrade: a clone of a branch, an
//! archive of one, a tag of npm that moves.

use dockfix_model::ImagePath;
use dockfix_model::project::Project;
use serde_json::Value;

use crate::javascript::manifest::DEPENDENCIES;

/// Whether a word of a command line, or of a file that lists requirements, names something by a branch or a moving tag.
///
/// A repository is settled by a full commit alone: branches and tags can be moved (pip's "VCS Support", "package.json", "Git URLs as
/// Dependencies").
#[must_use]
pub fn follows_a_branch(word: &str) -> bool {
    word.split_whitespace().any(|part| {
        let part = part.trim_matches(|ch| matches!(ch, '"' | '\'' | ',' | ';'));
        is_repository(part) && !names_a_commit(part)
            || is_archive(part) && !names_a_commit(part) && !names_a_version(part)
            || names_a_tag(part)
    })
}

fn is_repository(word: &str) -> bool {
    const SCHEMES: [&str; 8] = ["git+", "hg+", "svn+", "bzr+", "git://", "git@", "ssh://git@", "git:@"];
    const HOSTS: [&str; 4] = ["github:", "gitlab:", "bitbucket:", "gist:"];
    SCHEMES.iter().any(|scheme| {
        let at = word.find(scheme);
        at.is_some_and(|at| !word[..at].ends_with(|ch: char| ch.is_alphanumeric() || ch == '-'))
    }) || HOSTS.iter().any(|host| word.starts_with(host))
}

fn is_archive(word: &str) -> bool {
    let Some((_, address)) = word.split_once("://") else { return false };
    let path = address.split(['?', '#']).next().unwrap_or_default();
    [".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar"].iter().any(|end| path.ends_with(end))
        || ["/archive/", "/tarball/", "/zipball/"].iter().any(|part| path.contains(part))
}

/// Forty digits or more in a row: a commit, or the hash of an archive.
fn names_a_commit(word: &str) -> bool {
    word.split(|ch: char| !ch.is_ascii_hexdigit()).any(|digits| digits.len() >= 40)
}

/// `1.2` behind the name of the host.
fn names_a_version(word: &str) -> bool {
    let path = word.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    path.contains('$')
        || path
            .as_bytes()
            .windows(3)
            .any(|three| is_digit(&three[0]) && three[1] == b'.' && is_digit(&three[2]))
}

/// `npm@next`: a tag that is no version (docs.npmjs.com, "npm dist-tag"); `latest` of Go's likewise.
fn names_a_tag(word: &str) -> bool {
    let Some((name, tag)) = word.rsplit_once('@') else { return false };
    !name.is_empty() && !name.contains(':') && !name.contains('=') && is_tag(tag)
}

fn is_tag(word: &str) -> bool {
    word.starts_with(|ch: char| ch.is_ascii_alphabetic())
        && word.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_'))
}

/// The file among those that an install reads, as a message shows it, and what it names by a branch or a moving tag. A lock file
/// says which commit that is; `locks` are the names of those.
#[must_use]
pub fn branch_in_files(
    project: &Project<'_>,
    files: &[ImagePath],
    locks: &[&str],
) -> Option<(String, String)> {
    let is_locked = files.iter().any(|file| locks.contains(&file.name()));
    files.iter().find_map(|file| {
        let name = file.name();
        let is_list = name.ends_with(".txt") || name.ends_with(".in");
        let is_manifest = matches!(
            name,
            "package.json" | "pyproject.toml" | "Pipfile" | "Cargo.toml" | "Gemfile" | "setup.cfg"
        );
        if !is_list && (is_locked || !is_manifest) {
            return None;
        }
        let text = project.read_text(file.as_str())?;
        let found = match name {
            "package.json" => branch_in_package(&text),
            _ => text.lines().find_map(branch_in_line),
        };
        found.map(|found| (project.shown(file.as_str()), without_credentials(&found)))
    })
}

/// An address without the token in front of its host: what is found is shown to whoever reads the log.
fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let host = rest.split('/').next().unwrap_or(rest);
    let start = host.rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[start..])
}

fn branch_in_line(line: &str) -> Option<String> {
    let line = line.trim_start();
    if line.starts_with('#') {
        return None;
    }
    let code = line.split(" #").next().unwrap_or(line);
    // `x = {git = "https://..."}`, `gem "x", github: "a/x"`
    let keys = ["git = ", "git=", "git: ", "github: ", ":git =>", ":github =>"];
    let is_settled = || names_a_commit(code);
    let mut words = code.split(|ch: char| ch.is_whitespace() || matches!(ch, '"' | '\'' | ','));
    let named = words.find(|word| {
        is_repository(word) && !names_a_commit(word) || { is_archive(word) && follows_a_branch(word) }
    });
    match named {
        Some(word) => Some(word.to_owned()),
        None => {
            let key = keys.iter().find_map(|key| code.find(key))?;
            let starts_word =
                !code[..key].ends_with(|ch: char| ch.is_alphanumeric() || ch == '_' || ch == '-');
            (starts_word && !is_settled()).then(|| code.trim().to_owned())
        }
    }
}

fn branch_in_package(text: &str) -> Option<String> {
    let json: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    let mut all = DEPENDENCIES.iter().filter_map(|kind| json.get(*kind)?.as_object()).flatten();
    let found = all.find(|(_, range)| {
        range.as_str().is_some_and(|range| {
            // `owner/name`
            let is_short = !range.contains(':')
                && !range.starts_with(['.', '/', '~', '@'])
                && range.split('#').next().is_some_and(|name| name.matches('/').count() == 1);
            follows_a_branch(range) || is_short && !names_a_commit(range) || is_tag(range) && range != "x"
        })
    });
    found.map(|(name, range)| format!("{name}@{}", range.as_str().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn branches_are_told_from_versions() {
        for word in [
            "git+https://github.com/a/b.git@main",
            "git+https://github.com/a/b",
            "b @ git+ssh://git@github.com/a/b@v1.2",
            "github:a/b#main",
            "https://github.com/a/b/archive/master.zip",
            "https://github.com/a/b/archive/refs/heads/my-branch.tar.gz",
            "npm@next",
            "@scope/pkg@beta",
        ] {
            assert!(follows_a_branch(word), "{word}");
        }
        let at = format!("git+https://github.com/a/b@{COMMIT}");
        let archive = format!("https://github.com/a/b/archive/{COMMIT}.zip");
        for word in [
            at.as_str(),
            archive.as_str(),
            "https://x.io/b-1.2.tar.gz",
            "https://github.com/a/b/archive/refs/tags/v1.2.zip",
            "npm@10",
            "@scope/pkg",
            "npm@^10.1",
            "flask==3.0",
            "https://pypi.org/simple",
            "https://x.io/b-1.0-py3-none-any.whl",
            "https://user:pass@host/simple",
            "pnpm@9.x",
        ] {
            assert!(!follows_a_branch(word), "{word}");
        }
    }

    #[test]
    fn tokens_are_not_shown() {
        assert_eq!(without_credentials("git+https://t0ken@x.io/a/b@main"), "git+https://x.io/a/b@main");
        assert_eq!(without_credentials("git+https://x.io/a/b@main"), "git+https://x.io/a/b@main");
    }

    #[test]
    fn lines_name_branches() {
        for line in [
            "-e git+https://github.com/a/b.git#egg=b",
            "b = {git = \"https://github.com/a/b\", branch = \"main\"}",
            "gem \"b\", github: \"a/b\"",
        ] {
            assert!(branch_in_line(line).is_some(), "{line}");
        }
        for line in
            ["# git+https://github.com/a/b", "flask==3 # git+https://x", "legit = 1", "x = 'digit= 1'"]
        {
            assert_eq!(branch_in_line(line), None, "{line}");
        }
        assert_eq!(branch_in_line(&format!("b @ git+https://github.com/a/b@{COMMIT}")), None);
        let package = |range: &str| branch_in_package(&format!(r#"{{"dependencies": {{"a": "{range}"}}}}"#));
        for range in ["github:x/a#main", "x/a", "git+ssh://git@github.com/x/a.git", "next"] {
            assert!(package(range).is_some(), "{range}");
        }
        for range in ["^1.0", "*", "file:../a", "workspace:*", "npm:b@1.0", &format!("x/a#{COMMIT}")] {
            assert_eq!(package(range), None, "{range}");
        }
    }
}
