use std::time::{Duration, Instant};

use super::*;

#[test]
fn what_no_shell_accepts() {
    for (text, expected) in [
        ("a \0", OpaqueReason::Nul),
        ("a 'b", OpaqueReason::Unterminated),
        ("a \"b", OpaqueReason::Unterminated),
        ("a $(b", OpaqueReason::Unterminated),
        ("a ${b", OpaqueReason::Unterminated),
        ("a `b", OpaqueReason::Unterminated),
        ("a $((b)", OpaqueReason::Unterminated),
        ("(a", OpaqueReason::Unterminated),
        ("{ a; ", OpaqueReason::Unterminated),
        ("{ a }", OpaqueReason::Unterminated),
        ("if a; then b", OpaqueReason::Unterminated),
        ("for i in a; do b", OpaqueReason::Unterminated),
        ("case a in b) c", OpaqueReason::Unterminated),
        ("[[ a", OpaqueReason::Unterminated),
        ("a)", OpaqueReason::Unexpected),
        ("a; }", OpaqueReason::Unexpected),
        ("a; done", OpaqueReason::Unexpected),
        ("if a; b; fi", OpaqueReason::Unexpected),
        ("(a) b", OpaqueReason::Unexpected),
        ("a;; b", OpaqueReason::Unexpected),
        ("in a", OpaqueReason::Unexpected),
        ("]] a", OpaqueReason::Unexpected),
        ("for 1 in a; do b; done", OpaqueReason::Unexpected),
        ("[[ a b ]]", OpaqueReason::Unexpected),
        ("f() a", OpaqueReason::Unexpected),
        ("a &&", OpaqueReason::MissingCommand),
        ("a && && b", OpaqueReason::MissingCommand),
        ("a & && b", OpaqueReason::MissingCommand),
        ("&& a", OpaqueReason::MissingCommand),
        ("a |", OpaqueReason::MissingCommand),
        ("a; ; b", OpaqueReason::MissingCommand),
        ("()", OpaqueReason::MissingCommand),
        ("{ }", OpaqueReason::MissingCommand),
        ("if ; then a; fi", OpaqueReason::MissingCommand),
        ("a >", OpaqueReason::MissingWord),
        ("a > # b", OpaqueReason::MissingWord),
        ("a > 2>&1", OpaqueReason::MissingWord),
        ("[[ -f ]]", OpaqueReason::MissingWord),
        ("a \\", OpaqueReason::FinalBackslash),
    ] {
        assert_eq!(reason(text), expected, "{text:?}");
    }
}

#[test]
fn what_shells_read_in_different_ways() {
    for (text, expected) in [
        ("x=(a b)", OpaqueReason::Array),
        ("x[1]=a", OpaqueReason::Array),
        ("x[1]+=a", OpaqueReason::Array),
        ("x[ a", OpaqueReason::Array),
        ("export x[ a", OpaqueReason::Array),
        ("export x=(a)", OpaqueReason::Parenthesis),
        ("a !(b)", OpaqueReason::Parenthesis),
        ("a @(b|c)", OpaqueReason::Parenthesis),
        ("a+() { b; }", OpaqueReason::Parenthesis),
        ("case a in b(c)) d;; esac", OpaqueReason::Parenthesis),
        ("[[ a == @(b) ]]", OpaqueReason::Parenthesis),
        ("coproc a", OpaqueReason::RareCompound),
        ("select i in a; do b; done", OpaqueReason::RareCompound),
        ("for ((;;)); do a; done", OpaqueReason::RareCompound),
        ("time -p a", OpaqueReason::TimeOptions),
        ("time", OpaqueReason::PipelinePrefix),
        ("! ! a", OpaqueReason::PipelinePrefix),
        ("!(a)", OpaqueReason::PipelinePrefix),
        ("a ${##}", OpaqueReason::Parameter),
        ("a ${x y}", OpaqueReason::Parameter),
        ("a ${#x:-b}", OpaqueReason::Parameter),
        ("a ${}", OpaqueReason::Parameter),
        ("a <<E\n${b:-'c'}\nE\n", OpaqueReason::Parameter),
        ("a $(( \"1\" ))", OpaqueReason::Arithmetic),
        ("a $[1]", OpaqueReason::Arithmetic),
        ("a ${x:{1}}", OpaqueReason::Arithmetic),
        ("a 12>b", OpaqueReason::Descriptor),
        ("a {b}>c", OpaqueReason::Descriptor),
        ("a 2>&-1", OpaqueReason::Descriptor),
        ("a b<(c)", OpaqueReason::ProcessSubstitution),
        ("a ${b:-<(c)}", OpaqueReason::ProcessSubstitution),
        ("a b\\\nc", OpaqueReason::SplitToken),
        ("i\\\nf a; then b; fi", OpaqueReason::SplitToken),
        ("a 2\\\n>b", OpaqueReason::SplitToken),
        ("a &\\\n>b", OpaqueReason::SplitToken),
        ("a $b\\\nc", OpaqueReason::SplitToken),
        ("a $\\\n(b)", OpaqueReason::SplitToken),
        ("a $(\\\n(b))", OpaqueReason::SplitToken),
        ("alias a=b\na", OpaqueReason::Alias),
    ] {
        assert_eq!(reason(text), expected, "{text:?}");
    }
    assert_eq!(shape("alias a=b && a"), "[alias] [a=b] && [a]");
    assert_eq!(shape("alias a=b\n"), "[alias] [a=b] NL");
}

#[test]
fn the_place_is_told() {
    let opaque = scan(b"a && b 'c").unwrap_err();
    assert_eq!(opaque.at, 7);
    assert_eq!(opaque.to_string(), "a quote or compound is never closed (at byte 7)");
}

#[test]
fn nesting_is_limited() {
    for (open, close) in [
        ("(a;", ")"),
        ("{ a;", "}"),
        ("$(", ")"),
        ("\"$(", ")\""),
        ("a ${x:-", "}"),
        ("if a; then ", " fi"),
        ("f() ", "{ a; }"),
        ("$((", "))"),
        ("[[ a || (", ") ]]"),
        ("! ", "a"),
        ("[[ (", ""),
    ] {
        for depth in [99, 101, 5_000] {
            let text = format!("{}a{}", open.repeat(depth), close.repeat(depth));
            let result = scan(text.as_bytes());
            assert!(depth < 100 || result.is_err(), "{open} {depth}");
        }
    }
    assert_eq!(
        shape(&format!("({}1{})", "(".repeat(5_000), ")".repeat(5_000))).len(),
        10_003 + "Arithmetic([])".len()
    );
    let nested = |depth: usize| format!("{}a{}", "( ".repeat(depth), ")".repeat(depth));
    assert!(scan(nested(99).as_bytes()).is_ok());
    assert_eq!(reason(&nested(101)), OpaqueReason::TooDeep);
}

#[test]
fn misleading_double_parentheses_stay_cheap() {
    let text = "((a; ".repeat(40) + "b" + &"); c)".repeat(40);
    assert_eq!(reason(&text), OpaqueReason::TooDeep);
}

#[test]
fn long_scripts_take_time_in_proportion() {
    for piece in [
        "{a}", "{", "}", "\\\n", "a\\\n ", "$x\\\n", "((", "`a` ", "a[", "1", "$(a)", "a;", "\"", "<<E ",
        "<<E\n",
    ] {
        let text = format!("a {}", piece.repeat(300_000 / piece.len()));
        let start = Instant::now();
        let _ = scan(text.as_bytes());
        // A few milliseconds; were it quadratic, a minute.
        assert!(start.elapsed() < Duration::from_secs(5), "{piece:?}");
    }
}
