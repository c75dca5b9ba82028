use super::super::{Container, SubstitutionKind};
use super::*;

#[test]
fn words_of_a_command() {
    assert_eq!(shape("apt-get install -y curl"), "[apt-get] [install] [-y] [curl]");
    assert_eq!(shape("  a \t b  "), "[a] [b]");
    assert_eq!(shape("a b # c && d"), "[a] [b]");
    assert_eq!(shape("a b#c"), "[a] [b#c]");
    assert_eq!(shape("[ -f x ]"), "[[] [-f] [x] []]");
    assert_eq!(shape("{{x}} a{b }c"), "[{{x}}] [a{b] [}c]");
    assert_eq!(shape("a \r b"), "[a] [\r] [b]");
    assert_eq!(shape("a é\u{a0}b"), "[a] [é\u{a0}b]");
}

#[test]
fn nothing_but_comments() {
    assert_eq!(shape(""), "");
    assert_eq!(shape(" # a\n\n#b"), "");
}

#[test]
fn lists() {
    assert_eq!(shape("a && b || c"), "[a] && [b] || [c]");
    assert_eq!(shape("a; b & c"), "[a] ; [b] & [c]");
    assert_eq!(shape("a&&b||c;d&e"), "[a] && [b] || [c] ; [d] & [e]");
    assert_eq!(shape("a;"), "[a] ;");
    assert_eq!(shape("a &"), "[a] &");
    assert_eq!(shape("a\n\n#x\nb\n"), "[a] NL [b] NL");
    assert_eq!(shape("a && # x\n\n b"), "[a] && [b]");
    assert_eq!(shape("a;\nb"), "[a] ; [b]");
}

#[test]
fn an_item_reaches_to_the_end_of_its_operator() {
    let text = "a b  && c";
    let script = read(text);
    let [first, last] = script.list.items.as_slice() else { panic!("two items") };
    assert_eq!(cut(first.span, text), "a b  &&");
    assert_eq!(cut(first.pipeline.span, text), "a b");
    assert_eq!(cut(last.span, text), "c");
    assert_eq!(cut(script.list.span, text), text);
}

#[test]
fn pipelines() {
    assert_eq!(shape("a | b|c"), "[a] | [b] | [c]");
    assert_eq!(shape("a |\n# x\nb"), "[a] | [b]");
    assert_eq!(shape("! a | b"), "! [a] | [b]");
    assert_eq!(shape("!a"), "[!a]");
    assert_eq!(shape("time a | b"), "time [a] | [b]");
    assert_eq!(shape("time ! a"), "time ! [a]");
    assert_eq!(shape("! time a"), "time ! [a]");
    assert_eq!(shape("a time"), "[a] [time]");
    let text = "a |& b";
    assert_eq!(cut(read(text).list.items[0].pipeline.pipes[0], text), "|&");
}

#[test]
fn continuations() {
    assert_eq!(shape("a \\\n b"), "[a] [b]");
    assert_eq!(shape("a\\\n b"), "[a] [b]");
    assert_eq!(shape("a \\\n\\\n && \\\nb"), "[a] && [b]");
    assert_eq!(shape("if\\\n a; then b; fi"), "If({[a] ;}{[b] ;})");
    assert_eq!(shape("a #x\\\nb"), "[a] NL [b]");
}

#[test]
fn assignments() {
    assert_eq!(shape("x=1 y= a z=2"), "x=[1] y=[] [a] [z=2]");
    assert_eq!(shape("x=$(a b)"), "x=[$(a b)]<[a] [b]>");
    assert_eq!(shape("x+=y"), "x+=[y]");
    assert_eq!(shape("export X=y"), "[export] [X=y]");
    assert_eq!(shape("1x=y a-b=c"), "[1x=y] [a-b=c]");
    assert_eq!(shape("x'='y"), "[x'='y]");
    assert_eq!(shape("pip install a[b]=c"), "[pip] [install] [a[b]=c]");
}

#[test]
fn redirections() {
    assert_eq!(shape("a > b 2>&1 < c"), "[a] Output[b] 2DuplicateOutput[1] Input[c]");
    assert_eq!(shape(">x a >>y b"), "Output[x] [a] Append[y] [b]");
    assert_eq!(shape("a b2>c d 3<>e"), "[a] [b2] Output[c] [d] 3ReadWrite[e]");
    assert_eq!(shape("a >|b <&3 >&-"), "[a] Clobber[b] DuplicateInput[3] DuplicateOutput[-]");
    assert_eq!(shape("a &>b &>>c"), "[a] OutputAndError[b] AppendOutputAndError[c]");
    assert_eq!(shape("a <<<b c"), "[a] HereString[b] [c]");
    assert_eq!(shape("a < <(b c)"), "[a] Input[<(b c)]<[b] [c]>");
    assert_eq!(shape("> a"), "Output[a]");
    assert_eq!(shape("(a) >b; { c; } 2>d"), "Subshell({[a]}) Output[b] ; Brace({[c] ;}) Output[d]");
    let text = "a 2>  b";
    assert_eq!(cut(read(text).simple_commands()[0].command.redirects[0].span, text), "2>  b");
}

#[test]
fn functions() {
    assert_eq!(shape("f() { a; }"), "f() Brace({[a] ;})");
    assert_eq!(shape("f ( )\n(a) >b"), "f() Subshell({[a]}) Output[b]");
    assert_eq!(shape("function f { a; }"), "f() Brace({[a] ;})");
    assert_eq!(shape("function f() { a; }; f"), "f() Brace({[a] ;}) ; [f]");
}

#[test]
fn what_only_bash_reads_so() {
    for (text, construct) in [
        ("a; [[ b ]]; c &>d", "[[ b ]]"),
        ("(( a ))", "(( a ))"),
        ("a &> b", "&>"),
        ("a &>> b", "&>>"),
        ("a <<<b", "<<<"),
        ("a >& b", ">& b"),
        ("a <(b)", "<("),
        ("a |& b", "|&"),
        ("time a", "time"),
        ("x+=1", "x+="),
        ("a $'b'", "$'b'"),
        ("a $\"b\"", "$\"b\""),
        ("function f { a; }", "function"),
        ("f-g() { a; }", "f-g()"),
        ("a ${x//b/c}", "${x//"),
        ("a ${x[1]}", "${x[1]"),
        ("a ${!x}", "${!"),
        ("a ${x:1}", "${x:"),
        ("a $( (b) )$((b) | c)", "$((b) |"),
        ("case a in b) c;& d) e;; esac", ";&"),
    ] {
        let span = read(text).bash_only.unwrap_or_else(|| panic!("{text:?}"));
        assert!(text[span.start..].starts_with(construct), "{text:?}: {}", &text[span.start..]);
    }
    for text in ["a 2>&1 >&2 <&- && ! b | c", "x=1 a ${x:-b} $((1+1)) `c` \"$(d)\" {e,f}", "f() { a; }"] {
        assert_eq!(read(text).bash_only, None, "{text:?}");
    }
}

#[test]
fn every_simple_command_with_what_encloses_it() {
    let text = "a $(b `c`) && if d; then (e) fi; f() { g \"${x:-$(h)}\"; }";
    let script = read(text);
    let found: Vec<(&str, &[Container])> = script
        .simple_commands()
        .iter()
        .map(|placed| (&text[placed.command.span.start..=placed.command.span.start], placed.within.clone()))
        .map(|(name, within)| (name, &*within.leak()))
        .collect();
    let dollar = Container::Substitution(SubstitutionKind::Dollar);
    let backquote = Container::Substitution(SubstitutionKind::Backquote);
    let compound = Container::Compound;
    use super::super::CompoundKind::{Brace, If, Subshell};
    let expected: &[(&str, &[Container])] = &[
        ("a", &[]),
        ("b", &[dollar]),
        ("c", &[dollar, backquote]),
        ("d", &[compound(If)]),
        ("e", &[compound(If), compound(Subshell)]),
        ("g", &[Container::Function, compound(Brace)]),
        ("h", &[Container::Function, compound(Brace), dollar]),
    ];
    assert_eq!(found, expected);
}

#[test]
fn commands_are_visited_in_source_order() {
    let order = |text: &str| -> String {
        let script = read(text);
        script.simple_commands().iter().map(|placed| &text[placed.command.span.start..][..1]).collect()
    };
    assert_eq!(order("a >$(b) $(c) <<E && d\n$(e)\nE\nf"), "abcdef");
    assert_eq!(order("case $(a) in $(b)) c;; $(d)) e;; esac"), "abcde");
}

#[test]
fn a_command_keeps_its_list_item() {
    let script = read("! a | b && c");
    let commands = script.simple_commands();
    assert!(commands[1].item.pipeline.negated);
    assert_eq!(commands[1].item.operator.map(|(operator, _)| operator), Some(Operator::And));
    assert_eq!(commands[2].item.operator, None);
}
