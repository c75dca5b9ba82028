use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn excluded(lines: &str, path: &str) -> bool {
    let ignore = Dockerignore::parse(lines.as_bytes());
    assert_eq!(ignore.problems(), [], "{lines:?}");
    ignore.is_excluded(path)
}

fn problems(lines: &str) -> Vec<Problem> {
    Dockerignore::parse(lines.as_bytes()).problems().to_vec()
}

/// The cases of a tab-separated file under `tests/data`.
fn cases(text: &str) -> impl Iterator<Item = [&str; 3]> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('\t').collect::<Vec<_>>().try_into().unwrap())
}

#[test]
fn moby_own_lists() {
    for [patterns, path, expected] in cases(include_str!("../../tests/data/moby_lists.tsv")) {
        assert_eq!(
            excluded(&patterns.replace(' ', "\n"), path).to_string(),
            expected,
            "{patterns:?} {path:?}"
        );
    }
}

#[test]
fn go_cases_as_moby_runs_them() {
    for [pattern, path, expected] in cases(include_str!("../../tests/data/moby_go_match.tsv")) {
        let found =
            if problems(pattern).is_empty() { excluded(pattern, path).to_string() } else { "bad".into() };
        assert_eq!(found, expected, "{pattern:?} {path:?}");
    }
}

#[test]
fn moby_own_cases_through_the_whole_reader() {
    for [pattern, path, expected] in cases(include_str!("../../tests/data/moby_matches.tsv")) {
        // The root is never excluded, and a name that ends with a backslash cannot be written after cleaning.
        if path != "/" {
            assert_eq!(excluded(pattern, path), expected != "fail", "{pattern:?} {path:?}");
        }
    }
}

#[test]
fn lines_are_read_as_moby_reads_them() {
    // ignorefile_test.go, with the reader's answer written as rules.
    let source = "test1\n/test2\n/a/file/here\n\nlastfile\n# this is a comment\n! /inverted/abs/path\n!\n! ";
    let ignore = Dockerignore::parse(source.as_bytes());
    let rules: Vec<_> = ignore.rules().iter().map(|rule| (rule.line, rule.text.as_str())).collect();
    assert_eq!(
        rules,
        [
            (1, "test1"),
            (2, "/test2"),
            (3, "/a/file/here"),
            (5, "lastfile"),
            (7, "! /inverted/abs/path"),
            (8, "!"),
            (9, "!")
        ]
    );
    assert_eq!(ignore.problems(), [Problem::LoneException { line: 8 }, Problem::LoneException { line: 9 }]);
    for path in ["test1", "test2", "a/file/here", "lastfile"] {
        assert!(ignore.is_excluded(path), "{path}");
    }
    assert_eq!(ignore.source(), source.as_bytes());
}

#[test]
fn paths_in_patterns_are_cleaned() {
    for pattern in ["a/b", "/a/b", "./a/b", "a/b/", "a//b", "a/./b", "/../a/b", "x/../a/b", "  a/b\t\r"] {
        assert!(excluded(pattern, "a/b"), "{pattern:?}");
    }
    for pattern in [".", "/", "..", "../a", "a/..", "x/../.."] {
        assert!(!excluded(pattern, "a"), "{pattern:?}");
    }
}

#[test]
fn only_a_sharp_in_the_first_column_is_a_comment() {
    assert!(!excluded("#a", "#a"));
    assert!(excluded(" #a", "#a"));
    assert!(excluded("\\#a", "#a"));
    assert!(!excluded("\u{feff}#a\n", "#a"));
}

#[test]
fn a_byte_order_mark_counts_in_the_first_line_only() {
    assert!(excluded("\u{feff}a", "a"));
    assert!(!excluded("\n\u{feff}a", "a"));
}

#[test]
fn exceptions_may_stand_apart_from_their_mark() {
    assert!(!excluded("*\n!  a", "a"));
    assert!(!excluded("*\n!/a", "a"));
    assert!(!excluded("*\n!a/", "a"));
}

#[test]
fn what_buildkit_rejects_is_a_problem() {
    assert_eq!(problems("a\n!"), [Problem::LoneException { line: 2 }]);
    assert_eq!(problems("!/"), [Problem::LoneException { line: 1 }]);
    for pattern in [
        "[",
        "a[",
        "[]a]",
        "[a-]",
        "a\\",
        "[z-a]",
        "[Local-Only]/",
        r"\keep",
        r"\pa",
        r"\é",
        r"\x{}",
        r"\p",
        r"[\b]",
        r"\1",
    ] {
        assert_eq!(
            problems(pattern),
            [Problem::Malformed { line: 1, text: pattern.to_owned() }],
            "{pattern}"
        );
    }
    for pattern in
        ["*{2}", "**/a*{2}", "?|{2}*", "a{2}{3}*", "a{3,2}*", "a{1001}*", "a{99999999999999999999}?"]
    {
        assert_eq!(
            problems(pattern),
            [Problem::Malformed { line: 1, text: pattern.to_owned() }],
            "{pattern}"
        );
    }
    let monster = format!("{}*", "a{1000}".repeat(101));
    for pattern in [r"!\pL*", r"\p{Greek}", r"\Qa", &monster] {
        assert_eq!(
            problems(pattern),
            [Problem::Unmodelled { line: 1, text: pattern.to_owned() }],
            "{pattern}"
        );
    }
    assert_eq!(problems(&format!("a\n{}\nb", "x".repeat(65_536))), [Problem::TooLong { line: 2 }]);
    assert_eq!(problems(&"x".repeat(65_535)), []);
}

#[test]
fn every_message_names_the_line() {
    for problem in problems("!\n[\n\\pL\n") {
        assert!(problem.to_string().starts_with("line "), "{problem}");
        assert!(!problem.to_string().contains('\n'));
    }
}

#[test]
fn leading_stars_are_a_suffix_only_without_further_wildcards() {
    assert!(excluded("**file", "xfile"));
    assert!(!excluded("**/file", "xfile"));
    assert!(!excluded("**file*", "xfile"));
    assert!(excluded("**file*", "x/files"));
}

#[test]
fn inner_stars_stand_for_whole_directories() {
    assert!(excluded("a**b", "ab"));
    assert!(excluded("a**b", "ax/y/b"));
    assert!(!excluded("a**b", "axb"));
    assert!(excluded("foo**", "foobar/x"));
}

#[test]
fn escapes_are_those_of_go_regular_expressions() {
    assert!(excluded(r"lib\[1\]", "lib[1]"));
    assert!(!excluded("lib[1]", "lib[1]"));
    assert!(excluded(r"x\d", "x1"));
    assert!(excluded(r"bin\Debug", "bin/ebug"), "a Windows path names no file");
    assert!(excluded(r"x\x41\x{42}\101", "xABA"));
    assert!(excluded(r"a\b/b", "a/b"));
    assert!(!excluded(r"a\b*", "ab"));
    assert!(excluded(r"a\B*", "ab"));
    assert!(excluded(r"\Aa\z", "a"));
    assert!(excluded(r"x\n", "x\n"));
}

#[test]
fn classes_are_those_of_go_regular_expressions() {
    assert!(excluded("a[^x]b", "a/b"));
    assert!(excluded("[a-cx]", "b"));
    assert!(excluded(r"[\d]", "7"));
    assert!(excluded(r"[\W]", "-"));
    assert!(excluded(r"[^\D]", "7"));
    assert!(!excluded(r"[\S]", " "));
    assert!(excluded("[[:alpha:]]", "q"));
    assert!(excluded("[[:^alpha:]]", "7"));
    assert!(excluded(r"[\]]", "]"));
    assert!(excluded(r"[\x41-C]", "B"));
    // moby writes `[[^/]*]` for it: any of `[`, `^` and `/`, any number of times, and then `]`.
    assert!(!excluded("[*]", "*"));
    assert!(excluded("[*]", "[[]"));
    assert!(excluded("[a?]", "a]"));
}

#[test]
fn a_caret_outside_a_class_is_an_anchor_once_there_is_a_wildcard() {
    assert!(excluded("^a", "^a"));
    assert!(excluded("^a*", "ab"));
    assert!(!excluded("^a*", "^ab"));
}

#[test]
fn bars_and_counts_are_in_force_once_there_is_a_wildcard() {
    assert!(excluded("a|b", "a|b"));
    assert!(excluded("a|b*", "ax"), "`^a` alone, which does not ask for the end");
    assert!(excluded("a|b*", "xb"), "`b[^/]*$` alone, which does not ask for the start");
    assert!(!excluded("a|b*", "x"));
    assert!(excluded("*.{js,ts}", "a.{js,ts}"));
    assert!(!excluded("*.{js,ts}", "a.js"));
    assert!(excluded("a{2}", "a{2}"));
    for (pattern, yes, no) in [
        ("[ab]{2}", "ab", "a"),
        ("?{2}", "xy", "x"),
        ("?{1,2}", "xy", "xyz"),
        ("x{2,}?", "xxxx", "xx"),
        ("a{0}?", "x", "ax"),
        ("^{2}a?", "ab", "{2}ab"),
        ("{2}a?", "ab", "{2}ab"),
        ("a{,2}?", "a{,2}b", "aab"),
        ("a{02}?", "a{02}b", "aab"),
        ("a{2?", "a{2x", "aax"),
    ] {
        assert!(excluded(pattern, yes), "{pattern} {yes}");
        assert!(!excluded(pattern, no), "{pattern} {no}");
    }
}

#[test]
fn the_last_match_decides() {
    let lines = "docs\n!docs/api\ndocs/api/old";
    assert!(excluded(lines, "docs/x"));
    assert!(!excluded(lines, "docs/api/x"));
    assert!(excluded(lines, "docs/api/old/x"));
}

#[test]
fn an_exception_for_a_parent_comes_too_late() {
    // The walk looks at `!a` when it stands in `a`, which is not excluded, and never again.
    assert!(excluded("a/b\n!a", "a/b/c"));
    assert!(!excluded("a/b\n!a", "a/c"));
}

#[test]
fn a_later_pattern_for_the_directory_empties_what_was_excepted() {
    let ignore = Dockerignore::parse(b"a\n!a/b\n**/a");
    assert!(!ignore.is_excluded("a/b"));
    assert!(ignore.arrives_empty("a/b"));
    assert!(!ignore.arrives_empty("a/c"), "excluded altogether");
    assert!(!Dockerignore::parse(b"a\n!a/b").arrives_empty("a/b"));
}

#[test]
fn the_pattern_that_decided_is_named() {
    let ignore = Dockerignore::parse(b"# docs\n\n  docs/  \n!docs/a.md\n**/*.md\n");
    assert_eq!(ignore.excluding_pattern("docs/x"), Some((3, "docs/")));
    assert_eq!(ignore.excluding_pattern("docs/b.md"), Some((3, "docs/")));
    assert_eq!(ignore.excluding_pattern("docs/a.md"), Some((5, "**/*.md")));
    assert_eq!(ignore.excluding_pattern("src"), None);
    assert_eq!(ignore.excluding_pattern(""), None);
}

#[test]
fn what_is_no_path_of_the_context_is_not_excluded() {
    for path in ["", ".", "/", "..", "../a"] {
        assert!(!excluded("**", path), "{path:?}");
    }
}

#[test]
fn exceptions_reach_only_where_they_can_match() {
    for (lines, dir, expected) in [
        ("*\n!src", "src", false),
        ("*\n!src", "node_modules", false),
        ("*\n!src/main", "src", true),
        ("*\n!src/main", "src/main", false),
        ("*\n!src/main", "", true),
        ("*\n!*.md", "node_modules", false),
        ("*\n!docs*/x", "docs-old", true),
        ("*\n!docs*/x", "node_modules", false),
        ("*\n!*/x", "a", true),
        ("*\n!*/x", "a/b", false),
        ("*\n!**/x", "a/b/c", true),
        ("*\n!a/**", "a/b", true),
        ("*\n!a/**", "b", false),
        ("*\n![^x]y", "a", true),
        ("*\n!x|y/z*", "a", true),
        ("*\n!a/{0}*", "b", true),
        ("*", "a", false),
    ] {
        assert_eq!(
            Dockerignore::parse(lines.as_bytes()).has_exceptions_below(dir),
            expected,
            "{lines:?} {dir:?}"
        );
    }
}

#[test]
fn no_pattern_takes_exponential_time() {
    let pattern = format!("{}b", "**/*a*/".repeat(60));
    let path = format!("{}c", "aaaaaaaaaa/".repeat(200));
    let start = std::time::Instant::now();
    assert!(!excluded(&pattern, &path));
    assert!(start.elapsed().as_secs() < 20);
}

/// Holds a pattern against one path by trying everything: an independent account of moby's rules for the language of
/// the generated patterns.
fn by_trial(pattern: &str, path: &str) -> bool {
    fn glob(pattern: &[char], path: &[char], at_start: bool) -> bool {
        match (pattern, path) {
            ([], _) => path.is_empty(),
            (['*', '*', rest @ ..], _) => {
                let rest = rest.strip_prefix(&['/']).unwrap_or(rest);
                let skips = || (0..=path.len()).filter(|&skip| skip == 0 || path[skip - 1] == '/');
                if rest.is_empty() {
                    true
                } else if at_start && !rest.iter().any(|c| "*?[".contains(*c)) {
                    // A mere suffix, of whole components only if a slash was written.
                    let whole = pattern[2] == '/';
                    path.ends_with(rest) && (!whole || skips().any(|skip| path[skip..] == *rest))
                } else {
                    skips().any(|skip| glob(rest, &path[skip..], false))
                }
            }
            (['*', rest @ ..], _) => {
                glob(rest, path, false)
                    || matches!(path, [c, after @ ..] if *c != '/' && glob(pattern, after, false))
            }
            (['?', rest @ ..], [c, after @ ..]) => *c != '/' && glob(rest, after, false),
            (['[', '^', set, ']', rest @ ..], [c, after @ ..]) => set != c && glob(rest, after, false),
            (['[', set, ']', rest @ ..], [c, after @ ..]) => set == c && glob(rest, after, false),
            ([wanted, rest @ ..], [c, after @ ..]) => wanted == c && glob(rest, after, false),
            (_, []) => false,
        }
    }
    let chars = |text: &str| text.chars().collect::<Vec<_>>();
    glob(&chars(pattern), &chars(path), true)
}

/// The walk of fsutil's `filter.go`, with a table of every pattern against every directory.
fn by_walk(lines: &[(bool, String)], path: &str) -> bool {
    let mut matched: HashMap<usize, bool> = HashMap::new();
    let mut verdict = false;
    for at in path.match_indices('/').map(|(at, _)| at).chain([path.len()]) {
        verdict = false;
        for (index, (exception, pattern)) in lines.iter().enumerate() {
            let inherited = matched.get(&index).copied().unwrap_or(false);
            let now = inherited || (*exception == verdict && by_trial(pattern, &path[..at]));
            matched.insert(index, now);
            if now {
                verdict = !exception;
            }
        }
    }
    verdict
}

fn clean_pattern() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", ".", "*", "**", "?", "[a]", "[^a]", "/"]), 1..7)
        .prop_map(|parts| crate::pattern::clean(&format!("x{}", parts.concat()))[1..].to_owned())
        .prop_filter("a clean relative pattern", |pattern| {
            !pattern.is_empty()
                && !pattern.starts_with('/')
                && crate::pattern::clean(pattern) == *pattern
                && !pattern.contains("***")
        })
}

fn clean_path() -> impl Strategy<Value = String> {
    prop::collection::vec("[ab]{1,3}|a\\.b|é", 1..5).prop_map(|parts| parts.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn patterns_agree_with_trying_everything(pattern in clean_pattern(), path in clean_path()) {
        let shape = shape::Shape::new(&pattern).unwrap();
        prop_assert_eq!(shape.matches(&path), by_trial(&pattern, &path));
    }

    #[test]
    fn lists_agree_with_a_naive_walk(
        lines in prop::collection::vec((any::<bool>(), clean_pattern()), 0..6),
        path in clean_path(),
    ) {
        let text: String =
            lines.iter().map(|(exception, p)| format!("{}{p}\n", if *exception { "!" } else { "" })).collect();
        let ignore = Dockerignore::parse(text.as_bytes());
        prop_assert_eq!(ignore.problems(), []);
        prop_assert_eq!(ignore.is_excluded(&path), by_walk(&lines, &path));
        prop_assert_eq!(ignore.excluding_pattern(&path).is_some(), ignore.is_excluded(&path));
        // If nothing below an excluded directory can be excepted, nothing below it is.
        let (dir, _) = path.rsplit_once('/').unwrap_or(("", ""));
        if ignore.is_excluded(dir) && !ignore.has_exceptions_below(dir) {
            prop_assert!(ignore.is_excluded(&path));
        }
    }

    #[test]
    fn reading_never_panics(source in prop::collection::vec(any::<u8>(), 0..60), path in ".{0,20}") {
        let ignore = Dockerignore::parse(&source);
        let _ = (ignore.is_excluded(&path), ignore.arrives_empty(&path), ignore.has_exceptions_below(&path));
        prop_assert_eq!(ignore.source(), &source[..]);
    }

    #[test]
    fn reading_odd_patterns_never_panics(source in r"[\[\]\\^*?!#/:a-zA-Z0-9{}. \n-]{0,40}", path in "[a-c/.]{0,12}") {
        let ignore = Dockerignore::parse(source.as_bytes());
        let _ = (ignore.is_excluded(&path), ignore.arrives_empty(&path), ignore.has_exceptions_below(&path));
    }
}
