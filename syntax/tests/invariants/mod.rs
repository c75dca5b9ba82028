//! What holds for every parsed file, whatever its bytes.

use dockfix_syntax::view::{self, Copy, From, Mount, Run, RunBody, Text, Variables};
use dockfix_syntax::{BuildkitNode, Dockerfile, Instruction, ItemKind, Logical, Span, stages, variables};

/// Panics, naming the file, when something does not hold.
pub(crate) fn check(name: &str, file: &Dockerfile) {
    items_are_the_file(name, file);
    for instruction in file.instructions() {
        let context = format!("{name}:{}", instruction.start_line());
        lines_are_right(&context, &instruction);
        logical_leads_back(&context, &instruction);
        heredocs_are_inside(&context, &instruction);
        for command in [Some(instruction), instruction.inner()].into_iter().flatten() {
            parts_are_inside(&context, &command);
            views_are_inside(&context, &command);
        }
        let _ = BuildkitNode::of(&instruction);
    }
    stages_are_all(name, file);
    assert!(file.problems().is_sorted_by_key(|(line, _)| line), "{name}: problems out of order");
    for (line, problem) in file.problems() {
        assert!(line >= 1 && line <= file.line_at(file.source().len()), "{name}:{line}: {problem}");
    }
}

fn items_are_the_file(name: &str, file: &Dockerfile) {
    let source = file.source();
    let mut joined = Vec::with_capacity(source.len());
    for item in file.items() {
        assert_eq!(item.span.start, joined.len(), "{name}:{}: a gap", item.line);
        assert!(!item.span.is_empty(), "{name}:{}: an empty item", item.line);
        assert_eq!(item.line, file.line_at(item.span.start), "{name}: the line of an item");
        joined.extend_from_slice(item.span.of(source));
        if let ItemKind::Directive(directive) = &item.kind {
            assert!(item.span.encloses(directive.value), "{name}: a directive's value");
        }
    }
    assert_eq!(joined, source, "{name}: the items are not the file");
}

fn lines_are_right(context: &str, instruction: &Instruction<'_>) {
    let file = instruction.file();
    let span = instruction.span();
    assert_eq!(instruction.start_line(), file.line_at(span.start), "{context}: first line");
    assert_eq!(instruction.end_line(), file.line_at(span.end - 1), "{context}: last line");
}

fn logical_leads_back(context: &str, instruction: &Instruction<'_>) {
    let source = instruction.file().source();
    let text = instruction.text();
    let logical = instruction.logical();
    let mut before = None;
    for (offset, byte) in text.iter().enumerate() {
        let at = instruction.source_offset(offset);
        assert!(instruction.span().contains(at), "{context}: byte {offset} leads out of the instruction");
        assert_eq!(source.get(at), Some(byte), "{context}: byte {offset} leads to another byte");
        assert!(before < Some(at), "{context}: byte {offset} leads backwards");
        assert_eq!(
            instruction.source_span(Span::new(offset, offset + 1)),
            Span::new(at, at + 1),
            "{context}"
        );
        before = Some(at);
    }
    if let (false, Some(last)) = (text.is_empty(), before) {
        assert_eq!(instruction.source_offset(text.len()), last + 1, "{context}: the end");
        let all = instruction.source_span(Span::new(0, text.len()));
        assert_eq!(all, Span::new(instruction.source_offset(0), last + 1), "{context}: the whole");
    }
    if let Logical::Joined { segments, .. } = logical {
        let ascending = segments.windows(2).all(|pair| {
            pair[0].logical < pair[1].logical
                && pair[0].source + (pair[1].logical - pair[0].logical) < pair[1].source
        });
        assert!(ascending, "{context}: segments {segments:?}");
    }
}

fn heredocs_are_inside(context: &str, instruction: &Instruction<'_>) {
    let mut at = instruction.span().start;
    for heredoc in instruction.heredocs() {
        assert!(at <= heredoc.body.start, "{context}: heredocs out of order");
        assert_eq!(heredoc.body.end, heredoc.terminator.start, "{context}: body and terminator");
        at = heredoc.terminator.end;
    }
    if let Some(last) = instruction.heredocs().last() {
        assert_eq!(last.terminator.end, instruction.span().end, "{context}: after the heredocs");
    }
}

fn parts_are_inside(context: &str, command: &Instruction<'_>) {
    let text = command.text();
    let mut at = command.keyword_span().end;
    assert!(command.keyword_span().end <= text.len(), "{context}: the keyword");
    for flag in command.flags() {
        assert!(at <= flag.span.start && flag.span.end <= text.len(), "{context}: flags out of order");
        assert!(flag.span.of(text).starts_with(b"--"), "{context}: a flag without dashes");
        assert!(flag.span.encloses(flag.name), "{context}: a flag's name");
        assert!(flag.value.is_none_or(|value| flag.span.encloses(value)), "{context}: a flag's value");
        at = flag.span.end;
    }
    let args = command.args_span();
    assert!(at <= args.start && args.end <= text.len(), "{context}: the arguments");
    for word in command.words().iter().chain(&command.quoted_words()) {
        assert!(args.encloses(word.span) && !word.span.is_empty(), "{context}: a word");
    }
    for pair in command.pairs() {
        let inside = |span: Span| pair.span.encloses(span);
        assert!(args.encloses(pair.span), "{context}: a pair");
        assert!(inside(pair.name) && pair.value.is_none_or(inside), "{context}: a pair's name and value");
    }
}

fn views_are_inside(context: &str, command: &Instruction<'_>) {
    let holds = |text: &Text<'_>| {
        assert!(command.args_span().encloses(text.span), "{context}: a view's text");
        assert_eq!(text.text, String::from_utf8_lossy(text.span.of(command.text())), "{context}");
    };
    if let Some(from) = From::of(command) {
        holds(&from.image);
        from.name.iter().for_each(holds);
    }
    if let Some(assigned) = Variables::of(command) {
        for assigned in assigned.assigned {
            assert!(command.args_span().encloses(assigned.span), "{context}: a word");
            holds(&assigned.name);
            assigned.value.iter().for_each(holds);
        }
    }
    if let Some(copy) = Copy::of(command) {
        let spans = copy.sources.iter().chain([&copy.destination]).filter_map(|source| source.span);
        spans.for_each(|span| assert!(command.args_span().encloses(span), "{context}: a path"));
    }
    if let Some(run) = Run::of(command) {
        if let RunBody::Command(span) = run.body {
            assert_eq!(span, command.args_span(), "{context}: the command");
        }
        let mounts = command.flags().iter().filter_map(|flag| Mount::of(command, flag)).count();
        assert_eq!(command.mounts().len(), mounts, "{context}: mounts");
    }
    view::argument(command).iter().for_each(holds);
    let _ = view::shell(command);
    let _ = variables(command.args(), command.file().escape());
}

fn stages_are_all(name: &str, file: &Dockerfile) {
    let (global, stages) = stages(file);
    let in_stages: usize = stages.iter().map(|stage| 1 + stage.instructions.len()).sum();
    assert_eq!(global.len() + in_stages, file.instructions().count(), "{name}: stages");
}
