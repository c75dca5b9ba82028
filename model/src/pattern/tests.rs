use proptest::prelude::*;

use super::*;

#[test]
fn go_own_cases() {
    let mut cases = 0;
    for line in include_str!("../../tests/data/go_match.tsv").lines().filter(|line| !line.starts_with('#')) {
        let [pattern, name, expected] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let found = match matches(pattern, name) {
            Ok(true) => "true",
            Ok(false) => "false",
            Err(BadPattern) => "bad",
        };
        assert_eq!(found, expected, "Match({pattern:?}, {name:?})");
        cases += 1;
    }
    assert_eq!(cases, 56);
}

#[test]
fn a_class_takes_a_slash_and_a_star_does_not() {
    assert_eq!(matches("a[^x]b", "a/b"), Ok(true));
    assert_eq!(matches("a[.-9]b", "a/b"), Ok(true));
    assert_eq!(matches("a*b", "a/b"), Ok(false));
    assert_eq!(matches("*", "a/b"), Ok(false));
    assert_eq!(matches("*/*", "a/b"), Ok(true));
}

#[test]
fn two_stars_are_one() {
    assert_eq!(matches("**", "a"), Ok(true));
    assert_eq!(matches("**", "a/b"), Ok(false));
    assert_eq!(matches("**/b", "a/b"), Ok(true));
    assert_eq!(matches("**/b", "a/c/b"), Ok(false));
}

#[test]
fn dots_braces_and_exclamation_marks_are_plain() {
    assert_eq!(matches("*", ".env"), Ok(true));
    assert_eq!(matches("{a,b}", "a"), Ok(false));
    assert_eq!(matches("[!a]", "b"), Ok(false));
    assert_eq!(matches("[!a]", "!"), Ok(true));
}

#[test]
fn the_empty_pattern_matches_the_empty_name() {
    assert_eq!(matches("", ""), Ok(true));
    assert_eq!(matches("", "a"), Ok(false));
    assert_eq!(matches("*", ""), Ok(true));
}

#[test]
fn an_inverted_range_is_no_error_and_matches_nothing() {
    assert_eq!(matches("[z-a]", "m"), Ok(false));
}

#[test]
fn wildcards_are_seen_unless_escaped() {
    for source in ["*", "a?c", "[x]", r"a\\*"] {
        assert!(has_wildcard(source), "{source}");
    }
    for source in ["", "a.txt", r"a\*", r"\[x]", "x]"] {
        assert!(!has_wildcard(source), "{source}");
    }
}

#[test]
fn clean_is_go_clean() {
    for (path, expected) in [
        ("", "."),
        (".", "."),
        ("a//b/./c/", "a/b/c"),
        ("a/../..", ".."),
        ("../../a", "../../a"),
        ("a/../../b", "../b"),
        ("/..", "/"),
        ("/../a/..//b", "/b"),
        ("./a", "a"),
        ("a/..", "."),
        ("..a/.b", "..a/.b"),
    ] {
        assert_eq!(clean(path), expected, "{path:?}");
    }
}

/// Matching by trying everything, for patterns whose classes take no slash.
fn by_trial(pattern: &[char], name: &[char]) -> bool {
    match (pattern, name) {
        ([], _) => name.is_empty(),
        (['*', rest @ ..], _) => {
            by_trial(rest, name) || matches!(name, [c, after @ ..] if *c != '/' && by_trial(pattern, after))
        }
        (['?', rest @ ..], [c, after @ ..]) => *c != '/' && by_trial(rest, after),
        (['[', set, ']', rest @ ..], [c, after @ ..]) => set == c && by_trial(rest, after),
        (['\\', wanted, rest @ ..], [c, after @ ..]) => wanted == c && by_trial(rest, after),
        ([wanted, rest @ ..], [c, after @ ..]) => wanted == c && by_trial(rest, after),
        (_, []) => false,
    }
}

proptest! {
    #[test]
    fn agrees_with_trying_everything(
        pattern in prop::collection::vec(
            prop::sample::select(vec!["a", "b", "é", "/", "*", "?", "[a]", r"\*", r"\b"]), 0..8,
        ).prop_map(|parts| parts.concat()),
        name in "[abé/*]{0,8}",
    ) {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        // Go's stars may end inside a character; with a `?` behind, that tells the two apart.
        prop_assume!(!(name.contains('é') && pattern.contains('*') && pattern.contains('?')));
        prop_assert_eq!(matches(&pattern, &name), Ok(by_trial(&chars(&pattern), &chars(&name))));
    }

    #[test]
    fn never_panics(pattern in r"[\[\]^*?\\/a-c☺-]{0,12}", name in r"[\[\]^*?\\/a-c☺-]{0,12}") {
        if let Ok(parsed) = Pattern::new(&pattern) {
            let slashes = name.matches('/').count();
            prop_assert!(!parsed.matches(&name) || slashes <= parsed.max_slashes());
        }
    }

    #[test]
    fn an_escaped_name_matches_itself_alone(name in r"[\[\]^*?/a-c☺-]{1,8}", other in r"[\[\]^*?/a-c☺-]{1,8}") {
        let escaped: String = name.chars().flat_map(|c| ['\\', c]).collect();
        prop_assert_eq!(matches(&escaped, &name), Ok(true));
        prop_assert_eq!(matches(&escaped, &other), Ok(name == other));
        prop_assert!(!has_wildcard(&escaped));
    }
}
