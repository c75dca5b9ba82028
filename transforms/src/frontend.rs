//! What the Dockerfile frontend of a file knows.

use dockfix_syntax::{DirectiveName, Dockerfile};

/// Whether the file's syntax directive means Docker's own frontend 1.`minor` or later. Without a directive it is the one
/// that the builder carries, which may be old; a digest may be of any version. Below a shebang an old builder sees no
/// directive.
pub(crate) fn is_at_least(file: &Dockerfile, minor: u32) -> bool {
    if file.has_shebang() {
        return false;
    }
    let Some(syntax) = file.directive(DirectiveName::Syntax) else { return false };
    let syntax = String::from_utf8_lossy(syntax);
    let name = syntax.trim().strip_prefix("docker.io/").unwrap_or(syntax.trim());
    let Some(tag) = name.strip_prefix("docker/dockerfile") else { return false };
    let tag = tag.strip_suffix("-labs").unwrap_or(tag);
    match tag.strip_prefix(':') {
        None => tag.is_empty(),
        Some("1" | "latest" | "labs") => true,
        Some(version) => {
            let mut numbers = version.split('.').map(str::parse::<u32>);
            numbers.next() == Some(Ok(1))
                && numbers.next().is_some_and(|number| number.is_ok_and(|n| n >= minor))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_tells_the_version() {
        let knows = |line: &str| is_at_least(&Dockerfile::parse(format!("{line}\nFROM a\n").as_bytes()), 20);
        for name in [
            "docker/dockerfile",
            "docker/dockerfile:1",
            "docker.io/docker/dockerfile:1.20",
            "docker/dockerfile:1.21.3-labs",
        ] {
            assert!(knows(&format!("# syntax={name}")), "{name}");
        }
        for name in [
            "docker/dockerfile:1.7-labs",
            "docker/dockerfile:1.2.20",
            "docker/dockerfile:1@sha256:0",
            "docker/dockerfile-upstream:1",
            "x/docker/dockerfile:1",
        ] {
            assert!(!knows(&format!("# syntax={name}")), "{name}");
        }
        assert!(!knows("# nothing"));
    }
}
