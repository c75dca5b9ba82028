use super::*;

/// The names that the script reads, with a question mark where there may be more.
fn reads(text: &str) -> String {
    let reads = read(text).variables();
    let mut names: Vec<&str> = reads.names.into_iter().collect();
    if reads.unknown {
        names.push("?");
    }
    names.join(" ")
}

#[test]
fn plain_parameters() {
    assert_eq!(reads("a $b ${c} \"$d\" '$e' \\$f"), "b c d");
    assert_eq!(reads("a $1 $@ ${#} $? $$"), "");
    assert_eq!(reads("x=$y z=1 a >$t"), "t y");
    assert_eq!(reads("a $b$c-$d_e"), "b c d_e");
}

#[test]
fn operators_and_operands() {
    assert_eq!(reads("a ${b:-$c} ${#d} ${e%$f} ${g/h/\"$i\"}"), "b c d e f g i");
    assert_eq!(reads("a ${b[c+1]} ${d[@]} ${e:f:2}"), "b c d e f");
}

#[test]
fn nested_commands_and_here_documents() {
    assert_eq!(reads("a $(b $c) `d $e` <(f $g)"), "c e g");
    assert_eq!(reads("a <<E\n$b \\$c $(d $e)\nE\n"), "b e");
    assert_eq!(reads("a <<'E'\n$b\nE\n"), "");
    assert_eq!(reads("f() { a $b; }; if $c; then d; fi; for i in $e; do f; done >$g"), "b c e g");
    assert_eq!(reads("case $a in $b) c $d;; esac"), "a b d");
}

#[test]
fn arithmetic_reads_bare_names() {
    assert_eq!(reads("a $((b + 0x1F + 16#ff + $c))"), "b c");
    assert_eq!(reads("(( b = c[d] ))"), "b c d");
    assert_eq!(reads("[[ b -eq c+1 && -v d && e == f ]]"), "b c d");
}

#[test]
fn unknown_reads() {
    assert_eq!(reads("a ${!b}"), "b ?");
    assert_eq!(reads("a ${!b*}"), "b ?");
    assert_eq!(reads("a `b \\$c`"), "?");
    assert!(words("a `b \\$c`")[1].reads_unknown());
    assert!(!words("a `b $c`")[1].reads_unknown());
}

#[test]
fn of_one_command() {
    let script = read("a $b && c $d");
    let commands = script.simple_commands();
    assert_eq!(commands[1].command.variables().names.into_iter().collect::<Vec<_>>(), ["d"]);
    assert_eq!(script.list.variables().names.len(), 2);
}
