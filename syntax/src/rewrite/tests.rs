use super::*;
use crate::{Dockerfile, Edits, Instruction, Keyword};

type Made = Result<(), RewriteError>;

/// Applies a change to `before`; the same change to the file with other line ends gives the same with those.
fn check(before: &str, change: impl Fn(&mut Edits, &Dockerfile) -> Made, after: &str) {
    assert_eq!(changed(before, &change).as_deref(), Ok(after));
    let crlf = |text: &str| text.replace('\n', "\r\n");
    if before.contains('\n') {
        assert_eq!(changed(&crlf(before), &change), Ok(crlf(after)));
    }
}

fn changed(before: &str, change: impl Fn(&mut Edits, &Dockerfile) -> Made) -> Result<String, RewriteError> {
    let file = Dockerfile::parse(before.as_bytes());
    let mut edits = Edits::new();
    change(&mut edits, &file)?;
    Ok(String::from_utf8(edits.apply(file.source()).unwrap()).unwrap())
}

/// The first RUN.
fn run(file: &Dockerfile) -> Instruction<'_> {
    file.instructions().find(|instruction| instruction.keyword() == Keyword::Run).expect("a RUN")
}

fn span_of(instruction: &Instruction<'_>, piece: &str) -> Span {
    let start = memchr::memmem::find(instruction.text(), piece.as_bytes()).expect("the piece");
    Span::new(start, start + piece.len())
}

mod whole_instructions {
    use super::*;

    fn insert_at(place: Place) -> impl Fn(&mut Edits, &Dockerfile) -> Made {
        move |edits, file| insert(edits, file, place, b"X\n")
    }

    #[test]
    fn come() {
        check("FROM a\n# c\nRUN x\n", insert_at(Place::Above(2)), "FROM a\nX\n# c\nRUN x\n");
        check("FROM a\n# c\nRUN x\n", insert_at(Place::Before(2)), "FROM a\n# c\nX\nRUN x\n");
        check("FROM a\n\nRUN x\n", insert_at(Place::After(0)), "FROM a\nX\n\nRUN x\n");
        check("FROM a\nRUN x\n", insert_at(Place::End), "FROM a\nRUN x\nX\n");
        check("FROM a\n", insert_at(Place::Top), "X\nFROM a\n");
        check("\u{feff}FROM a\n", insert_at(Place::Top), "\u{feff}X\nFROM a\n");
        check("", insert_at(Place::End), "X\n");
        check("FROM a\n", |e, f| insert(e, f, Place::End, b"RUN a \\\n b"), "FROM a\nRUN a \\\n b\n");
    }

    #[test]
    fn come_without_a_final_line_end() {
        check("FROM a\nRUN x", insert_at(Place::End), "FROM a\nRUN x\nX");
        check("FROM a\nRUN x", insert_at(Place::After(1)), "FROM a\nRUN x\nX");
        check("FROM a\nRUN x", insert_at(Place::Before(1)), "FROM a\nX\nRUN x");
        check("FROM a\nRUN x", insert_at(Place::Top), "X\nFROM a\nRUN x");
        check("FROM a", insert_at(Place::After(0)), "FROM a\nX");
        check("\u{feff}", insert_at(Place::End), "\u{feff}X\n");
    }

    #[test]
    fn come_and_go_together() {
        for end in ["", "\n"] {
            let before = format!("A\nB\nC{end}");
            let change = |e: &mut Edits, f: &Dockerfile| {
                delete(e, f, 2, Comments::Stay)?;
                insert(e, f, Place::After(2), b"X")?;
                insert(e, f, Place::Before(2), b"W")?;
                delete(e, f, 1, Comments::Stay)
            };
            check(&before, change, &format!("A\nW\nX{end}"));
        }
    }

    #[test]
    fn go() {
        let go = |index, comments| move |e: &mut Edits, f: &Dockerfile| delete(e, f, index, comments);
        check("A\n# c\nB\nC\n", go(2, Comments::Stay), "A\n# c\nC\n");
        check("A\n# c\n# d\nB\nC\n", go(3, Comments::Go), "A\nC\n");
        check("A\n# c\n\nB\nC\n", go(3, Comments::Go), "A\n# c\n\nC\n");
        check("A\nRUN a \\\n # c\n b\nC\n", go(1, Comments::Stay), "A\n # c\nC\n");
        check("A\nRUN a \\\n # c\n b\nC\n", go(1, Comments::Go), "A\nC\n");
        check("A\nRUN <<E\n# no comment\nE\nC\n", go(1, Comments::Stay), "A\nC\n");
        check("A\nB", go(1, Comments::Stay), "A");
        check("A\nB", go(0, Comments::Stay), "B");
        check("A\nRUN a \\\n # c\n b", go(1, Comments::Stay), "A\n # c");
        check("A\n# c\nB", go(2, Comments::Go), "A");
    }

    #[test]
    fn move_with_their_comments() {
        let sink = |index, place| move |e: &mut Edits, f: &Dockerfile| move_to(e, f, index, place);
        check("A\n# c\nB \\\n  x\nC\n", sink(2, Place::After(3)), "A\nC\n# c\nB \\\n  x\n");
        check("A\n# c\nB\nC", sink(2, Place::After(3)), "A\nC\n# c\nB");
        check("A\nB\nC", sink(2, Place::Above(1)), "A\nC\nB");
    }

    #[test]
    fn are_replaced() {
        let by = |new: &'static str| {
            move |e: &mut Edits, f: &Dockerfile| replace_instruction(e, &run(f), new.as_bytes())
        };
        check("A\nRUN a\nB\n", by("X\nY\n"), "A\nX\nY\nB\n");
        check("RUN a", by("X\n"), "X");
        check("RUN a \\\n # c\n b\n", by("X"), " # c\nX\n");
        check("RUN <<E\n1\nE\nB\n", by("X"), "X\nB\n");
    }

    #[test]
    fn are_refused() {
        let refused = |before: &str, change: fn(&mut Edits, &Dockerfile) -> Made| {
            changed(before, change).expect_err("refused")
        };
        let end = |e: &mut Edits, f: &Dockerfile| insert(e, f, Place::End, b"X");
        assert_eq!(refused("A\nRUN a \\\n", end), RewriteError::OpenContinuation(2));
        assert_eq!(refused("A\nRUN a \\\n# c", end), RewriteError::OpenContinuation(2));
        assert_eq!(
            refused("A\nRUN a \\", |e, f| move_to(e, f, 1, Place::Top)),
            RewriteError::OpenContinuation(2)
        );
        assert_eq!(
            refused("# escape=`\nA\n", |e, f| insert(e, f, Place::Top, b"X")),
            RewriteError::BeforeDirective(1)
        );
        assert_eq!(
            refused("A\n# escape=`\nB\n", |e, f| delete(e, f, 0, Comments::Stay)),
            RewriteError::BecomesDirective(2)
        );
        assert_eq!(
            refused("RUN a\\\n# escape=`\nB\nA", |e, f| delete(e, f, 0, Comments::Stay)),
            RewriteError::BecomesDirective(2)
        );
        assert_eq!(
            refused("A\n# escape=`\nB\n", |e, f| move_to(e, f, 2, Place::Top)),
            RewriteError::BecomesDirective(2)
        );
        assert_eq!(refused("A\n\n", |e, f| delete(e, f, 1, Comments::Stay)), RewriteError::NoSuchItem(1));
    }

    #[test]
    fn directives_come_first() {
        let syntax = |e: &mut Edits, f: &Dockerfile| insert(e, f, Place::Top, b"# syntax=x\n");
        check("# escape=`\nRUN a `\n b\n", syntax, "# syntax=x\n# escape=`\nRUN a `\n b\n");
    }

    #[test]
    fn nothing_comes_above_a_shebang() {
        let syntax = |e: &mut Edits, f: &Dockerfile| insert(e, f, Place::Top, b"# syntax=x\n");
        check("#!/bin/x\nFROM a\n", syntax, "#!/bin/x\n# syntax=x\nFROM a\n");
        check("\u{feff}#!/bin/x\nFROM a\n", syntax, "\u{feff}#!/bin/x\n# syntax=x\nFROM a\n");
        let up = |e: &mut Edits, f: &Dockerfile| move_to(e, f, 2, Place::Above(1));
        check("#!/bin/x\nFROM a\nFROM b\n", up, "#!/bin/x\nFROM b\nFROM a\n");
    }
}

mod flags {
    use super::*;

    fn add<'a>(flags: &'a [&'a str]) -> impl Fn(&mut Edits, &Dockerfile) -> Made + 'a {
        move |edits, file| insert_flags(edits, &run(file), flags)
    }

    fn drop(name: &str) -> impl Fn(&mut Edits, &Dockerfile) -> Made {
        move |edits, file| remove_flag(edits, &run(file), run(file).flag(name).expect("the flag"))
    }

    #[test]
    fn come() {
        let one = &["--n"][..];
        check("RUN a", add(one), "RUN --n a");
        check("RUN\n", add(one), "RUN --n\n");
        check("RUN a && \\\n  b\n", add(one), "RUN --n a && \\\n  b\n");
        check("RUN \\\n  b\n", add(one), "RUN --n \\\n  b\n");
        check("RUN --m a \\\n  b\n", add(one), "RUN --m --n a \\\n  b\n");
        check("RUN --l --m \\\n  b\n", add(one), "RUN --l --m --n \\\n  b\n");
        check("RUN --m \\\n  b\n", add(one), "RUN --m \\\n  --n \\\n  b\n");
        check(
            "RUN --l \\\n # c\n\t--m  \\ \n  b\n",
            add(one),
            "RUN --l \\\n # c\n\t--m  \\\n\t--n  \\ \n  b\n",
        );
        check("RUN --l \\\n  --m b\n", add(one), "RUN --l \\\n  --m \\\n  --n b\n");
        check("RUN <<E\nx\nE\n", add(one), "RUN --n <<E\nx\nE\n");
        check("ru\\\nn a\n", add(one), "ru\\\nn --n a\n");
        check("# escape=`\nRUN --m `\n a", add(one), "# escape=`\nRUN --m `\n --n `\n a");
    }

    #[test]
    fn come_by_twos() {
        let two = &["--n", "--o"][..];
        check("RUN a && \\\n  b\n", add(two), "RUN --n \\\n  --o \\\n  a && \\\n  b\n");
        check("RUN a && \\\n\tb\n", add(two), "RUN --n \\\n\t--o \\\n\ta && \\\n\tb\n");
        check("RUN  a && \\\nb\n", add(two), "RUN --n \\\n--o \\\na && \\\nb\n");
        check("RUN  a && \\\n b\n", add(two), "RUN --n \\\n --o \\\n a && \\\n b\n");
        check("RUN a\n", add(two), "RUN --n \\\n    --o \\\n    a\n");
        check("RUN \\\n  b\n", add(two), "RUN --n \\\n  --o \\\n  b\n");
        check("RUN --m a\n", add(two), "RUN --m --n --o a\n");
        check("RUN --m \\\n  a\n", add(two), "RUN --m \\\n  --n \\\n  --o \\\n  a\n");
        // Arguments stay further in than their command.
        check("RUN a \\\n        b\n", add(two), "RUN --n \\\n    --o \\\n    a \\\n        b\n");
        check(
            "RUN a && \\\n        b\n",
            add(two),
            "RUN --n \\\n        --o \\\n        a && \\\n        b\n",
        );
    }

    #[test]
    fn a_long_line_is_broken() {
        let one = &["--n"][..];
        let long = "a".repeat(super::super::flags::LONGEST_LINE - "RUN  --n".len());
        check(&format!("RUN {long}\n"), add(one), &format!("RUN --n {long}\n"));
        check(&format!("RUN {long}a\n"), add(one), &format!("RUN --n \\\n    {long}a\n"));
    }

    #[test]
    fn go() {
        check("RUN --m a\n", drop("m"), "RUN a\n");
        check("RUN --l  --m=x  a\n", drop("m"), "RUN --l  a\n");
        check("RUN --l \\\n  --m \\\n  a\n", drop("m"), "RUN --l \\\n  a\n");
        check("RUN --l \\\n  --m a\n", drop("m"), "RUN --l \\\n  a\n");
        check("RUN --m \\\n  a\n", drop("m"), "RUN a\n");
        check("RUN --m \\\n  # c\n  a\n", drop("m"), "RUN \\\n  # c\n  a\n");
        check("RUN --l --m \\\n  a\n", drop("m"), "RUN --l \\\n  a\n");
        check("RUN --l \\\n  --m", drop("m"), "RUN --l");
        check("RUN --m=\\\nx a", drop("m"), "RUN a");
    }

    #[test]
    fn are_refused() {
        assert_eq!(changed("RUN a", add(&["--n --o"])), Err(RewriteError::Torn(1)));
        for wrong in ["n", "--n \\\n"] {
            assert_eq!(changed("RUN a", add(&[wrong])), Err(RewriteError::NotAFlag(wrong.into())));
        }
    }
}

mod pieces {
    use super::*;

    fn cut<'a>(pieces: &'a [&'a str]) -> impl Fn(&mut Edits, &Dockerfile) -> Made + 'a {
        move |edits, file| {
            let spans: Vec<_> = pieces.iter().map(|piece| span_of(&run(file), piece)).collect();
            remove(edits, &run(file), &spans)
        }
    }

    fn swap<'a>(piece: &'a str, text: &'a str) -> impl Fn(&mut Edits, &Dockerfile) -> Made + 'a {
        move |edits, file| replace(edits, &run(file), span_of(&run(file), piece), text.as_bytes())
    }

    #[test]
    fn go() {
        check("RUN a b c", cut(&["b"]), "RUN a c");
        check("RUN a b c", cut(&["b", "c"]), "RUN a");
        check("RUN a b", cut(&["a"]), "RUN b");
        check("RUN a \\\n  --b \\\n  c\n", cut(&["--b"]), "RUN a \\\n  c\n");
        check("RUN a \\\n  --b c\n", cut(&["--b"]), "RUN a \\\n  c\n");
        check("RUN a --b \\\n  c\n", cut(&["--b"]), "RUN a \\\n  c\n");
        check("RUN a --b \\\n  c\n", cut(&["--b", "c"]), "RUN a\n");
        check("RUN a \\\n  # why\n  --b \\\n\n  c\n", cut(&["--b"]), "RUN a \\\n  # why\n\n  c\n");
        check("RUN a \\\n  # why\n  --b\nX\n", cut(&["--b"]), "RUN a\n  # why\nX\n");
    }

    #[test]
    fn neighbours_stay_apart() {
        check("RUN a b\\\nc", cut(&["b"]), "RUN a \\\nc");
        check("RUN a\\\n b \\\nc", cut(&["b"]), "RUN a \\\nc");
        check("RUN a b\\\nb c d", swap("bb", "x"), "RUN a x\\\n c d");
    }

    #[test]
    fn are_replaced() {
        check("RUN a b c\n", swap("b", "x\\\ny"), "RUN a x\\\ny c\n");
        check("RUN a \\\n  b \\\n  # c\n  d && e\n", swap("a   b   d", "x"), "RUN x \\\n  # c\n  && e\n");
        check("RUN a \\\n  b\n", swap("a   b", "x"), "RUN x\n");
        check("RUN a\n", |e, f| replace_args(e, &run(f), b"x \\\n y"), "RUN x \\\n y\n");
        check("RUN a\n", |e, f| replace_args(e, &run(f), b"[\"x\"]"), "RUN [\"x\"]\n");
        check("RUN --l --m a\n", swap("--m", "--n --o"), "RUN --l --n --o a\n");
        check("RUN\n", |e, f| replace_args(e, &run(f), b"x"), "RUN x\n");
        check("RUN --m  a \\\n # c\n b", |e, f| replace_args(e, &run(f), b"x"), "RUN --m  x\n # c");
    }

    #[test]
    fn are_refused() {
        assert_eq!(changed("RUN a <<E\nE\n", cut(&["<<E"])), Err(RewriteError::Heredocs));
        assert_eq!(changed("RUN a\n", swap("a", "<<E")), Err(RewriteError::Heredocs));
        assert_eq!(changed("RUN a", cut(&["a", "a"])), Err(RewriteError::BadSpan(4, 5)));
        assert_eq!(changed("RUN a", cut(&["N a"])), Err(RewriteError::BadSpan(2, 5)));
        assert_eq!(changed("RUN a\\ b\n", cut(&["b"])), Err(RewriteError::Torn(1)));
        assert_eq!(changed("RUN a\\ b\\\n c\n", cut(&["b"])), Err(RewriteError::Torn(1)));
        assert_eq!(changed("RUN a\n", swap("a", "a\nb")), Err(RewriteError::Torn(1)));
        assert_eq!(changed("RUN a \\\n b #c \\\n && d\n", cut(&["b"])), Err(RewriteError::Torn(1)));
        assert_eq!(changed("RUN a --b\n", cut(&["a"])), Err(RewriteError::Torn(1)));
        assert_eq!(changed("RUN a [\"b\"]\n", cut(&["a"])), Err(RewriteError::Torn(1)));
        assert_eq!(changed("RUN a\n", |e, f| replace_args(e, &run(f), b"--b c")), Err(RewriteError::Torn(1)));
        let past = |e: &mut Edits, f: &Dockerfile| remove(e, &run(f), &[Span::new(4, 9)]);
        assert_eq!(changed("RUN a", past), Err(RewriteError::BadSpan(4, 9)));
    }
}

mod commands {
    use super::*;

    /// The chain of one-letter commands.
    fn chain(instruction: &Instruction<'_>) -> Chain {
        let mut chain = Chain::default();
        let text = instruction.text();
        let mut at = instruction.args_span().start;
        while let Some(&byte) = text.get(at) {
            let len = if text[at..].starts_with(b"&&") || text[at..].starts_with(b"||") { 2 } else { 1 };
            let span = Span::new(at, at + len);
            if byte.is_ascii_lowercase() {
                chain.commands.push(span);
            } else if byte != b' ' {
                chain.operators.push(span);
            }
            at += len;
        }
        chain
    }

    /// The chain of these commands, joined by `&&`.
    fn chain_of(instruction: &Instruction<'_>, commands: &[&str]) -> Chain {
        let commands: Vec<_> = commands.iter().map(|command| span_of(instruction, command)).collect();
        let operator = span_of(instruction, "&&");
        Chain { operators: vec![operator; commands.len() - 1], commands }
    }

    fn cut(numbers: &[usize]) -> impl Fn(&mut Edits, &Dockerfile) -> Made {
        move |edits, file| remove_commands(edits, &run(file), &chain(&run(file)), numbers)
    }

    fn add(number: usize, side: Side) -> impl Fn(&mut Edits, &Dockerfile) -> Made {
        move |edits, file| insert_command(edits, &run(file), &chain(&run(file)), number, side, b"x y")
    }

    #[test]
    fn come_beside_an_operator_of_two_lines() {
        check("RUN a &\\\n& b\n", add(0, Side::After), "RUN a && x y &\\\n& b\n");
        check("RUN a \\\n &\\\n& b\n", add(1, Side::Before), "RUN a \\\n &\\\n& x y && b\n");
    }

    #[test]
    fn go_from_one_line() {
        check("RUN a && b && c\n", cut(&[0]), "RUN b && c\n");
        check("RUN a && b && c\n", cut(&[1]), "RUN a && c\n");
        check("RUN a && b && c\n", cut(&[2]), "RUN a && b\n");
        check("RUN a && b && c", cut(&[2, 0]), "RUN b");
        check("RUN a; b; c\n", cut(&[1]), "RUN a; c\n");
        check("RUN a;b&&c", cut(&[1]), "RUN a;c");
        check("RUN a && b; c", cut(&[1]), "RUN a; c");
        check("RUN a && b || c", cut(&[1]), "RUN a || c");
        check("RUN a; b;", cut(&[1]), "RUN a");
        check("RUN a; \\\n    b; \\\n    c;\n", cut(&[2]), "RUN a; \\\n    b\n");
        check("RUN a \\\n  && b; \\\n  c\n", cut(&[1]), "RUN a; \\\n  c\n");
        check("RUN a && b ; c\n", cut(&[1]), "RUN a; c\n");
    }

    #[test]
    fn go_with_their_lines() {
        check("RUN a && \\\n    b && \\\n    c\n", cut(&[1]), "RUN a && \\\n    c\n");
        check("RUN a && \\\n    b && \\\n    c\n", cut(&[2]), "RUN a && \\\n    b\n");
        check("RUN a && \\\n    b && \\\n    c\n", cut(&[0]), "RUN b && \\\n    c\n");
        check("RUN a \\\n && b \\\n && c\n", cut(&[1]), "RUN a \\\n && c\n");
        check("RUN a \\\n && b \\\n && c\n", cut(&[2]), "RUN a \\\n && b\n");
        check("RUN a \\\n && b \\\n && c", cut(&[1, 2]), "RUN a");
        check("RUN a \\\n && b \\\n && c", cut(&[0]), "RUN b \\\n && c");
        check("RUN a \\\n && b \\\n && c", cut(&[0, 1]), "RUN c");
        check("RUN a \\\n && b && c\n", cut(&[1]), "RUN a \\\n && c\n");
        check("# escape=`\nRUN a `\n && b\n", cut(&[1]), "# escape=`\nRUN a\n");
        check("RUN \\\n  a && \\\n  b\n", cut(&[0]), "RUN \\\n  b\n");
        check("RUN a; \\\n b; \\\n c\nX", cut(&[1]), "RUN a; \\\n c\nX");
    }

    #[test]
    fn go_together_with_words() {
        let change = |e: &mut Edits, f: &Dockerfile| {
            insert_flags(e, &run(f), &["--m"])?;
            remove(e, &run(f), &[span_of(&run(f), "--no")])?;
            remove_commands(e, &run(f), &chain_of(&run(f), &["a --no", "c"]), &[1])
        };
        check("RUN a --no \\\n  && c\n", change, "RUN --m a\n");
        check("RUN a --no && \\\n  c\n", change, "RUN --m a\n");
        check("RUN a --no && c", change, "RUN --m a");
    }

    #[test]
    fn leave_comments_and_mounts() {
        check("RUN a \\\n # b\n && b \\\n # c\n && c\n# x\n", cut(&[1, 2]), "RUN a\n # b\n # c\n# x\n");
        check("RUN a && \\\n # b\n b\n", cut(&[0]), "RUN \\\n # b\n b\n");
        check("RUN --m a \\\n && b\n", cut(&[0]), "RUN --m \\\n b\n");
    }

    #[test]
    fn are_refused() {
        assert_eq!(changed("RUN a && b", cut(&[0, 1])), Err(RewriteError::LastCommand));
        for (before, number) in [("RUN a || b", 0), ("RUN a || b && c", 1), ("RUN a & b", 1)] {
            assert_eq!(changed(before, cut(&[number])), Err(RewriteError::Operator), "{before}");
        }
        assert_eq!(changed("RUN a || b", add(0, Side::After)), Err(RewriteError::Operator));
    }

    #[test]
    fn come() {
        check("RUN a\n", add(0, Side::After), "RUN a && x y\n");
        check("RUN a; b\n", add(1, Side::Before), "RUN a; x y && b\n");
        check("RUN a \\\n  && b\n", add(1, Side::After), "RUN a \\\n  && b \\\n  && x y\n");
        check("RUN a \\\n  && b\n", add(0, Side::Before), "RUN x y \\\n  && a \\\n  && b\n");
        check("RUN a && \\\n  b\n", add(0, Side::Before), "RUN x y && \\\n  a && \\\n  b\n");
        check("RUN a && \\\n  b", add(1, Side::After), "RUN a && \\\n  b && \\\n  x y");
        check("RUN a && \\\n  b", add(0, Side::After), "RUN a && \\\n  x y && \\\n  b");
        check("# escape=`\nRUN a `\n && b", add(1, Side::Before), "# escape=`\nRUN a `\n && x y `\n && b");
    }
}
