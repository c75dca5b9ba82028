use super::*;

#[test]
fn groups() {
    assert_eq!(shape("(a; b)"), "Subshell({[a] ; [b]})");
    assert_eq!(shape("{ a; b; }"), "Brace({[a] ; [b] ;})");
    assert_eq!(shape("{ (a) }"), "Brace({Subshell({[a]})})");
    assert_eq!(shape("((a; b) | c)"), "Subshell({Subshell({[a] ; [b]}) | [c]})");
    assert_eq!(shape("( (a) )"), "Subshell({Subshell({[a]})})");
    assert_eq!(shape("(a)|{ b; } && c"), "Subshell({[a]}) | Brace({[b] ;}) && [c]");
    assert_eq!(shape("echo } {"), "[echo] [}] [{]");
}

#[test]
fn conditions() {
    assert_eq!(shape("if a; then b; fi"), "If({[a] ;}{[b] ;})");
    assert_eq!(
        shape("if a; then b; elif c && d; then e; else f; g; fi > h"),
        "If({[a] ;}{[b] ;}{[c] && [d] ;}{[e] ;}{[f] ; [g] ;}) Output[h]"
    );
    assert_eq!(shape("if a\nthen b\nfi"), "If({[a] NL}{[b] NL})");
    assert_eq!(shape("if (a) then (b) fi"), "If({Subshell({[a]})}{Subshell({[b]})})");
    assert_eq!(shape("echo if then fi"), "[echo] [if] [then] [fi]");
    assert_eq!(shape("iffy; \\if a; 'if' b"), "[iffy] ; [\\if] [a] ; ['if'] [b]");
    assert_eq!(shape("x=1 if; >y if"), "x=[1] [if] ; Output[y] [if]");
}

#[test]
fn loops() {
    assert_eq!(shape("for i in a b; do c $i; done"), "For(i [a] [b]{[c] [$i] ;})");
    assert_eq!(shape("for i in; do c; done"), "For(i {[c] ;})");
    assert_eq!(shape("for i; do c; done"), "For(i {[c] ;})");
    assert_eq!(shape("for i do c; done"), "For(i {[c] ;})");
    assert_eq!(shape("for i\nin a do # x\ndo c\ndone"), "For(i [a] [do]{[c] NL})");
    assert_eq!(shape("while a; do b; done"), "While({[a] ;}{[b] ;})");
    assert_eq!(shape("until a || b; do c; done | d"), "Until({[a] || [b] ;}{[c] ;}) | [d]");
    assert_eq!(shape("while :; do a; done < b"), "While({[:] ;}{[a] ;}) Input[b]");
}

#[test]
fn cases() {
    assert_eq!(shape("case x in a|b) c;; (d) e; f ;; esac"), "Case([x] [a] [b] [d]{[c]}{[e] ; [f]})");
    assert_eq!(shape("case x in a) ;; *) b; esac"), "Case([x] [a] [*]{}{[b] ;})");
    assert_eq!(shape("case x in esac"), "Case([x])");
    assert_eq!(shape("case \"$(a)\" in\n# x\n[yY]*)\n b\n;;\nesac"), "Case([\"$(a)\"]<[a]> [[yY]*]{[b] NL})");
    assert_eq!(shape("case x in a) b;& c) d;;& e) f; esac"), "Case([x] [a] [c] [e]{[b]}{[d]}{[f] ;})");
    assert_eq!(shape("$(case x in a) b;; esac)"), "[$(case x in a) b;; esac)]<Case([x] [a]{[b]})>");
}

#[test]
fn arithmetic() {
    assert_eq!(shape("(( x++ )) && a"), "Arithmetic([(( x++ ))]) && [a]");
    assert_eq!(shape("((a) | (b))"), "Subshell({Subshell({[a]}) | Subshell({[b]})})");
    assert_eq!(shape("(((1+1)*2))"), "Arithmetic([(((1+1)*2))])");
}

#[test]
fn tests() {
    assert_eq!(shape("[[ -f a && ! b == c* ]]"), "Test([-f] [a] [!] [b] [==] [c*])");
    assert_eq!(shape("[[ ( a < b || c ) && d > e ]] || f"), "Test([a] [b] [c] [d] [e]) || [f]");
    assert_eq!(shape("[[ $x =~ ^(a|b)+$ ]]"), "Test([$x] [=~] [^(a|b)+$])");
    assert_eq!(shape("[[ $x =~ (a b) ]]"), "Test([$x] [=~] [(a b)])");
    assert_eq!(shape("[[ a -eq 1\n&&\nb ]]"), "Test([a] [-eq] [1] [b])");
    assert_eq!(shape("[[ -n $x ]] >a"), "Test([-n] [$x]) Output[a]");
    assert_eq!(shape("[ a ]; [[x"), "[[] [a] []] ; [[[x]");
}
