use super::*;

/// The bodies in `text`, in the order of their redirections.
fn bodies(text: &str) -> Vec<Option<String>> {
    let script = read(text);
    let redirects = script.simple_commands().into_iter().flat_map(|placed| &placed.command.redirects);
    redirects
        .map(|redirect| redirect.here_document().map(|document| cut(document.span, text).to_owned()))
        .collect()
}

fn some(body: &str) -> Option<String> {
    Some(body.to_owned())
}

#[test]
fn body_after_the_line() {
    assert_eq!(bodies("a <<E\nb c\nd\nE\ne"), [some("b c\nd\n")]);
    assert_eq!(shape("a <<E && f\nb c\nE\ne"), "[a] HereDocument[E] && [f] NL [e]");
    assert_eq!(bodies("a <<E | b\nE\n"), [some("")]);
    assert_eq!(bodies("a <<E\nb\nE"), [some("b\n")]);
    assert_eq!(bodies("a <<E &&\nb\nE\nc"), [some("b\n")]);
    assert_eq!(shape("a <<E &&\nb\nE\nc"), "[a] HereDocument[E] && [c]");
}

#[test]
fn several_and_nested() {
    assert_eq!(bodies("a <<E 3<<F\nb\nE\nc\nF\n"), [some("b\n"), some("c\n")]);
    assert_eq!(bodies("a $(b <<E\nc\nE\n) <<F\nd\nF\n"), [some("d\n"), some("c\n")]);
    assert_eq!(shape("{ a <<E\nb\nE\n}"), "Brace({[a] HereDocument[E] NL})");
    assert_eq!(bodies("(a <<E) && b\nc\nE\n"), [some("c\n")]);
}

#[test]
fn tabs_and_quotes() {
    assert_eq!(bodies("a <<-E\n\tb\n\tE\nc"), [some("\tb\n")]);
    assert_eq!(bodies("a <<E\n\tE\nE\n"), [some("\tE\n")]);
    for delimiter in ["'E F'", "\"E F\"", "E\\ F"] {
        let text = format!("a <<{delimiter}\n$b\nE F\n");
        let script = read(&text);
        let document = script.simple_commands()[0].command.redirects[0].here_document().cloned().unwrap();
        assert!(document.quoted && document.parts.len() == 1);
        assert_eq!(cut(document.end, &text), "E F");
    }
}

#[test]
fn unquoted_bodies_expand() {
    let text = "a <<E\n\"$b\" \\$c \\\"\nE\n";
    let script = read(text);
    let document = script.simple_commands()[0].command.redirects[0].here_document().cloned().unwrap();
    let parts: Vec<&str> = document.parts.iter().map(|part| cut(part.span(), text)).collect();
    assert_eq!(parts, ["\"", "$b", "\" ", "\\$", "c \\\"\n"]);
}

#[test]
fn kept_apart_by_buildkit() {
    assert_eq!(shape("a <<E > b"), "[a] HereDocument[E] Output[b]");
    assert_eq!(bodies("a <<E"), [None]);
    assert_eq!(bodies("a $(b <<E)"), [None]);
}

#[test]
fn uncertain_ends() {
    for text in [
        "a <<E\nb",
        "a\nb <<E",
        "a <<E \"b\nc\"\nE\n",
        "a <<E \\\n b\nE\n",
        "a <<$E\nE\n",
        "a $(b <<E)\nc\nE\n",
        "a `b <<E`\nc\nE\n",
        "a <<E\nb\\\nE\nE\n",
    ] {
        assert_eq!(reason(text), OpaqueReason::HereDocument, "{text:?}");
    }
    assert_eq!(bodies("a <<'E'\nb\\\nE\n"), [some("b\\\n")]);
    assert_eq!(bodies("a <<E\nb\\\\\nE\n"), [some("b\\\\\n")]);
}
