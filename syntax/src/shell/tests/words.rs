use super::super::Parameter;
use super::*;

/// The value of the word, or nothing when it expands.
fn literal(word: &str) -> Option<String> {
    let text = format!("a {word}");
    words(&text)[1].literal_str().map(std::borrow::Cow::into_owned)
}

fn glob(word: &str) -> Option<String> {
    let text = format!("a {word}");
    let words = words(&text);
    words[1].glob().map(|pattern| String::from_utf8(pattern.into_owned()).unwrap())
}

#[test]
fn values() {
    for (word, value) in [
        ("b", "b"),
        ("'b c'", "b c"),
        ("\"b c\"", "b c"),
        ("b'c'\"d\"\\e", "bcde"),
        ("''", ""),
        ("\"\"", ""),
        ("\\$x\\ y", "$x y"),
        ("\"\\$x \\\\ \\\" \\` \\n\"", "$x \\ \" ` \\n"),
        ("'\\'", "\\"),
        ("\"b\\\nc\"", "bc"),
        ("'*'\\?\"[a]\"", "*?[a]"),
        ("b$", "b$"),
        ("\"b$\"", "b$"),
        ("$/ ", "$/"),
        ("[", "["),
        ("1[", "1["),
        ("[]", "[]"),
        ("]b", "]b"),
        ("{}", "{}"),
        ("{b}", "{b}"),
        ("{b,c", "{b,c"),
        ("b~", "b~"),
        ("'~'/b", "~/b"),
        ("\\~", "~"),
        ("b=c:d", "b=c:d"),
        ("b!c@d%e^f,g", "b!c@d%e^f,g"),
        ("+x", "+x"),
        ("a=b", "a=b"),
        ("b\\\n", "b"),
    ] {
        assert_eq!(literal(word).as_deref(), Some(value), "{word:?}");
        assert!(words(&format!("a {word}"))[1].is(value));
    }
}

#[test]
fn what_expands_has_no_value() {
    for word in [
        "$x", "${x}", "\"$x\"", "b$1", "$(b)", "`b`", "\"`b`\"", "$((1))", "<(b)", "*", "b?", "[bc]",
        "b[c]d", "~", "~/b", "b=~/c", "b:~c", "{b,c}", "{1..3}", "b{c,}d", "{'b,c'}", "{b}{c,d}", "{b}c,d}",
        "$'b'", "$\"b\"",
    ] {
        assert_eq!(literal(word), None, "{word:?}");
    }
}

#[test]
fn globs() {
    assert_eq!(glob("/var/lib/apt/lists/*").as_deref(), Some("/var/lib/apt/lists/*"));
    assert_eq!(glob("'b*'?\\[c").as_deref(), Some("b\\*?\\[c"));
    assert_eq!(glob("\"b c\"*").as_deref(), Some("b c*"));
    assert_eq!(glob("b[c]").as_deref(), Some("b[c]"));
    assert_eq!(glob("b").as_deref(), None);
    assert_eq!(glob("$x*").as_deref(), None);
    assert_eq!(glob("{b,c}*").as_deref(), None);
    assert_eq!(glob("~/*").as_deref(), None);
    assert!(words("a $x/*")[1].is_glob());
    assert!(!words("a '*'")[1].is_glob());
}

#[test]
fn bytes_that_are_no_text() {
    let script = scan(b"a \xff'\xfe'").unwrap();
    let word = &script.simple_commands()[0].command.words[1];
    assert_eq!(word.literal().as_deref(), Some(&b"\xff\xfe"[..]));
    assert_eq!(word.literal_str(), None);
}

#[test]
fn quotes_hold_words_together() {
    assert_eq!(shape("a 'b && c' \"d; e\" f\\ g\\;h"), "[a] ['b && c'] [\"d; e\"] [f\\ g\\;h]");
    assert_eq!(shape("a \"b\nc\" 'd\ne'"), "[a] [\"b\nc\"] ['d\ne']");
    assert_eq!(shape("a $'b\\' c' d"), "[a] [$'b\\' c'] [d]");
    assert_eq!(shape("a \"$'\" '\"'"), "[a] [\"$'\"] ['\"']");
    assert_eq!(shape("a \"b\"'c'd"), "[a] [\"b\"'c'd]");
    assert!(
        words("a b\\c")[1].is_quoted() && words("a b\"\"")[1].is_quoted() && !words("a $b")[1].is_quoted()
    );
}

#[test]
fn substitutions() {
    assert_eq!(shape("a $(b c | d)e"), "[a] [$(b c | d)e]<[b] [c] | [d]>");
    assert_eq!(shape("a \"x $(b \"c d\") y\""), "[a] [\"x $(b \"c d\") y\"]<[b] [\"c d\"]>");
    assert_eq!(shape("a `b c`"), "[a] [`b c`]<[b] [c]>");
    assert_eq!(shape("a \"`b \"c\"`\""), "[a] [\"`b \"c\"`\"]<[b] [\"c\"]>");
    assert_eq!(shape("a `b '\\.' c`"), "[a] [`b '\\.' c`]<[b] ['\\.'] [c]>");
    assert_eq!(shape("a $( (b); c )"), "[a] [$( (b); c )]<Subshell({[b]}) ; [c]>");
    assert_eq!(shape("a $((b; c) | d)"), "[a] [$((b; c) | d)]<Subshell({[b] ; [c]}) | [d]>");
    assert_eq!(shape("a $(b # )\n)"), "[a] [$(b # )\n)]<[b] NL>");
    assert_eq!(shape("a $()"), "[a] [$()]<>");
    assert_eq!(shape("a $((1 + $(b)))"), "[a] [$((1 + $(b)))]<[b]>");
    assert_eq!(shape("a ${x:-$(b)} \"${y:-`c`}\""), "[a] [${x:-$(b)}]<[b]> [\"${y:-`c`}\"]<[c]>");
    assert_eq!(shape("a <(b) >(c d)"), "[a] [<(b)]<[b]> [>(c d)]<[c] [d]>");
    assert_eq!(shape("$(a) b"), "[$(a)]<[a]> [b]");
}

#[test]
fn backquotes_with_escapes_are_not_read() {
    assert_eq!(shape("a `b \\`c\\``"), "[a] [`b \\`c\\``]<?>");
    assert_eq!(shape("a \"`b \\\"c\\\"`\""), "[a] [\"`b \\\"c\\\"`\"]<?>");
    assert_eq!(shape("a `b \"\\\"c\"`"), "[a] [`b \"\\\"c\"`]<[b] [\"\\\"c\"]>");
    let text = "a `b` `c \\$d`";
    assert_eq!(cut(read(text).unread_substitution().unwrap(), text), "`c \\$d`");
    assert_eq!(read("a `b`").unread_substitution(), None);
}

fn parameter(word: &str) -> Parameter<'static> {
    let text: &'static str = format!("a {word}").leak();
    let words = words(text);
    let [WordPart::Parameter(parameter)] = words[1].parts() else { panic!("{word}: {words:?}") };
    assert_eq!(cut(parameter.span, text), word);
    (**parameter).clone()
}

#[test]
fn parameters() {
    let read = |word: &str| {
        let Parameter { name, operator, operand, .. } = parameter(word);
        (name, operator, operand.len())
    };
    assert_eq!(read("$x_1"), ("x_1", "", 0));
    assert_eq!(read("${x}"), ("x", "", 0));
    assert_eq!(read("$1"), ("1", "", 0));
    assert_eq!(read("${10}"), ("10", "", 0));
    assert_eq!(read("$@"), ("@", "", 0));
    assert_eq!(read("${#}"), ("#", "", 0));
    assert_eq!(read("${x:-b c}"), ("x", ":-", 1));
    assert_eq!(read("${x-}"), ("x", "-", 0));
    assert_eq!(read("${x:?'b}'}"), ("x", ":?", 1));
    assert_eq!(read("${x##*-}"), ("x", "##", 1));
    assert_eq!(read("${x%\\}}"), ("x", "%", 1));
    assert_eq!(read("${x//b/$c}"), ("x", "//", 2));
    assert_eq!(read("${x:1:2}"), ("x", ":", 1));
    assert_eq!(read("${x^^}"), ("x", "^^", 0));
    assert_eq!(read("${x@Q}"), ("x", "@Q", 0));
    assert_eq!(read("${x[@]}"), ("x", "", 0));
    assert_eq!(read("${x[1]:-b}"), ("x", ":-", 2));
    let Parameter { name, length, indirect, .. } = parameter("${#x}");
    assert_eq!((name, length, indirect), ("x", true, false));
    let Parameter { name, length, indirect, .. } = parameter("${!x}");
    assert_eq!((name, length, indirect), ("x", false, true));
}

#[test]
fn braces_and_quotes_inside_expansions() {
    assert_eq!(shape("a \"${x:-\"b c\"}\" d"), "[a] [\"${x:-\"b c\"}\"] [d]");
    assert_eq!(shape("a \"${x:-'b c'}\" d"), "[a] [\"${x:-'b c'}\"] [d]");
    assert_eq!(shape("a \"${x%'}'}\" d"), "[a] [\"${x%'}'}\"] [d]");
    assert_eq!(shape("a ${x:-{b}} c"), "[a] [${x:-{b}}] [c]");
    assert_eq!(shape("a ${x:-b c}d"), "[a] [${x:-b c}d]");
    assert_eq!(shape("a \"${x-it's}\""), "[a] [\"${x-it's}\"]");
}
