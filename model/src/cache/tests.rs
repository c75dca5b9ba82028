use dockfix_syntax::{Dockerfile, Keyword};

use super::*;

/// Lines that run again.
fn lines(text: &str, edit: Edit) -> Vec<usize> {
    let file = Dockerfile::parse(text.as_bytes());
    let build = Build::of(&file);
    let context = Context::in_memory([("a.txt", ""), ("ignored", ""), (".dockerignore", "ignored\n")]);
    let line = |rerun: &Rerun| build.stages[rerun.stage].steps[rerun.step].instruction.start_line();
    reruns(&build, &context, &edit).iter().map(line).collect()
}

#[test]
fn a_file_reruns_what_copies_it_and_what_follows() {
    let text = "FROM a\nWORKDIR /x\nCOPY p*.json ./\nRUN i\nCOPY . .\nENV A=b\nRUN b\nFROM scratch\nCOPY --from=0 /x /\n";
    assert_eq!(lines(text, Edit::File("src/a.js".into())), [5, 7, 9]);
    assert_eq!(lines(text, Edit::File("package.json".into())), [3, 4, 5, 7, 9]);
    assert_eq!(lines(text, Edit::File("ignored".into())), [] as [usize; 0]);
    assert_eq!(lines(text, Edit::Base), [2, 3, 4, 5, 7, 9]);
}

#[test]
fn an_argument_reruns_the_next_run() {
    let text = "ARG A\nFROM a\nARG A\nCOPY . .\nRUN x\nFROM a\nRUN y\n";
    assert_eq!(lines(text, Edit::Argument("A".into())), [5]);
    let text = "ARG T=1\nFROM a:$T\nRUN x\n";
    assert_eq!(lines(text, Edit::Argument("T".into())), [3]);
    let text = "FROM a AS b\nARG A\nFROM b\nRUN x\n";
    assert_eq!(lines(text, Edit::Argument("A".into())), [4]);
}

fn with_plan(text: &str, options: &Options, check: impl FnOnce(&Build<'_>, &Plan)) {
    let file = Dockerfile::parse(text.as_bytes());
    let build = Build::of(&file);
    let context = Context::in_memory([("a.txt", ""), ("src/a.rs", "")]);
    check(&build, &Plan::of(&build, &context, options));
}

#[test]
fn the_chain_of_causes_is_told() {
    let text = "FROM a AS b\nARG V\nCOPY . .\nRUN npm ci\nFROM scratch\nCOPY --from=b /x /\nCOPY src /\n";
    with_plan(text, &Options::default(), |build, plan| {
        let outcomes = plan.outcomes(build, &[Edit::File("a.txt".into())]);
        let said = |step| outcomes.explain(plan, build, step);
        assert_eq!(said(0).unwrap(), "line 3 COPY . . reruns because it took a.txt");
        assert_eq!(said(1).unwrap(), "line 4 RUN npm ci reruns because line 3 COPY . . took a.txt");
        assert_eq!(said(3).unwrap(), "line 7 COPY src / may rerun because line 3 COPY . . took a.txt");
        assert_eq!((outcomes.reruns(), outcomes.reruns_at_most()), (2, 4));
        let outcomes = plan.outcomes(build, &[Edit::Argument("V".into())]);
        let said = outcomes.explain(plan, build, 1);
        assert_eq!(said.unwrap(), "line 4 RUN npm ci reruns because it saw another value of V");
        assert_eq!(plan.outcomes(build, &[Edit::File("elsewhere/../b".into())]).reruns(), 2);
    });
}

/// What an argument does must be the same whether the plan is made again with another value or not.
#[test]
fn verdicts_are_those_of_the_outcomes() {
    for text in [
        "ARG V=1\nFROM a:$V\nRUN x\nFROM a\nRUN y\n",
        "FROM a\nARG V\nRUN x\nENV V=2\nRUN y\nENV W=$V\nRUN z\n",
        "FROM a\nENV V=1\nARG V\nRUN x\n",
        "FROM a\nARG V=1\nENV W=${V:-2}\nARG V\nRUN x\nENV W=3 V=4\nRUN y\n",
        "FROM a\nARG V=/x\nWORKDIR $V\nCOPY src b\nWORKDIR /y\nCOPY src b\n",
        "FROM a\nARG V=src\nCOPY $V /a/\nCOPY $V/.. /a/\nADD --chown=$V src /\n",
        "FROM a\nARG V\nUSER ${V}\nCOPY src /\nRUN --mount=type=bind,source=$V,target=/t x\n",
        "FROM a\nARG V\nCOPY <<A <<'B' /\n$V\nA\n$V\nB\nCOPY <<A /b\n$W\nA\n",
        "FROM a AS b\nARG V\nRUN --mount=type=cache,id=$V,target=/t x\nFROM b\nENV W=1\nRUN y\nFROM a\nCOPY --from=1 / /\n",
        "ARG V=1\nARG W=$V\nFROM a\nARG W\nRUN x\nFROM a\nARG X=$W\nRUN y\n",
        "FROM a\nARG V=no\nENV $V=1\nRUN --network=$V x\nRUN --mount=target=/t,readonly=$V x\n",
    ] {
        with_plan(text, &Options { target: Target::All, ..Options::default() }, |build, plan| {
            for name in ["V", "W", "X", "OTHER", "TARGETARCH"] {
                let edit = Edit::Argument(name.to_owned());
                let outcomes = plan.outcomes(build, std::slice::from_ref(&edit));
                let verdicts: Vec<_> = outcomes.all().iter().map(|outcome| outcome.verdict).collect();
                assert_eq!(plan.verdicts(build, &edit), verdicts, "{name} in {text}");
            }
        });
    }
}

/// A step that only another value brings is nobody's, and one that it takes away does not run again.
#[test]
fn verdicts_are_those_of_this_plan() {
    for (value, keywords, expected) in [
        ("/", &[Keyword::Copy, Keyword::Run][..], &[Verdict::Reruns, Verdict::Reruns][..]),
        ("/x", &[Keyword::Workdir, Keyword::Copy, Keyword::Run][..], &[Verdict::Reruns; 3][..]),
    ] {
        let text = format!("FROM scratch\nARG V={value}\nWORKDIR $V\nCOPY src /b\nRUN x\n");
        with_plan(&text, &Options::default(), |build, plan| {
            let steps: Vec<_> = plan.steps().iter().map(|step| step.keyword).collect();
            assert_eq!(steps, keywords);
            assert_eq!(plan.verdicts(build, &Edit::Argument("V".to_owned())), expected);
        });
    }
}

#[test]
fn linked_copies_stand_alone_but_bear_what_is_below() {
    let text = "FROM a\nRUN x\nCOPY --link src /\nRUN y\n";
    with_plan(text, &Options::default(), |build, plan| {
        let outcomes = plan.outcomes(build, &[Edit::Base]);
        let verdicts: Vec<_> = outcomes.all().iter().map(|outcome| outcome.verdict).collect();
        assert_eq!(verdicts, [Verdict::Reruns, Verdict::Cached, Verdict::Reruns]);
        assert_eq!(outcomes.root(2), Some((0, &Cause::Image("a".into()))));
    });
}

#[test]
fn the_classic_builder_has_one_chain() {
    let text = "FROM a\nARG A\nLABEL a=$A\nCOPY src /\n";
    let edits = [Edit::Argument("A".into())];
    with_plan(text, &Options::default(), |build, plan| assert_eq!(plan.outcomes(build, &edits).reruns(), 0));
    let classic = Options { builder: Builder::Classic, ..Options::default() };
    with_plan(text, &classic, |build, plan| assert_eq!(plan.outcomes(build, &edits).reruns(), 1));
}

#[test]
fn another_ignore_file_counts_by_what_it_lets_in() {
    let file = Dockerfile::parse(&b"FROM a\nCOPY src /\nCOPY . /\n"[..]);
    let build = Build::of(&file);
    let context = Context::in_memory([("a.txt", ""), ("src/a.rs", "")]);
    let plan = |context: &Context| Plan::of(&build, context, &Options::default());
    let after = plan(&context.with_ignore(crate::dockerignore::Dockerignore::parse(b"a.txt")));
    let outcomes = after.compare(&plan(&context), &[], Content::Unknown);
    assert_eq!(outcomes.explain(&after, &build, 0), None);
    assert_eq!(outcomes.explain(&after, &build, 1).unwrap(), "line 3 COPY . / reruns because it took a.txt");
}
