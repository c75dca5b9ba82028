//! What holds for the shell tree of any text. The property tests and the fuzz target share it.

use dockfix_syntax::Span;
use dockfix_syntax::shell::{
    self, Command, CompoundCommand, List, ListItem, Redirect, Script, SimpleCommand, Word, WordPart,
};

use super::shell_notation;

/// Scans `text` and panics where an invariant does not hold. Returns whether the text was read.
pub(crate) fn check(text: &[u8]) -> bool {
    let script = match shell::scan(text) {
        Ok(script) => script,
        Err(opaque) => {
            assert!(opaque.at <= text.len(), "{opaque} lies outside the text");
            return false;
        }
    };
    let checker = Checker { text };
    checker.list(&script.list, Span::new(0, text.len()));
    checker.visits(&script);
    checker.rescans(&script.list);
    checker.deletes(&script.list);
    true
}

struct Checker<'t> {
    text: &'t [u8],
}

impl<'t> Checker<'t> {
    /// Spans lie in `outer`, in order, and do not overlap.
    fn ordered(&self, outer: Span, spans: impl IntoIterator<Item = Span>) {
        let mut end = outer.start;
        for span in spans {
            assert!(end <= span.start && span.start <= span.end, "{span:?} overlaps what ends at {end}");
            end = span.end;
        }
        assert!(end <= outer.end, "{outer:?} ends before {end}");
    }

    /// The parts make up all of `outer`.
    fn partition(&self, outer: Span, parts: &[WordPart<'t>]) {
        let mut end = outer.start;
        for part in parts {
            assert_eq!(part.span().start, end, "a gap before {part:?}");
            assert!(!part.span().is_empty(), "an empty {part:?}");
            end = part.span().end;
        }
        assert_eq!(end, outer.end, "a gap at the end of {parts:?}");
        self.parts(outer, parts);
    }

    fn list(&self, list: &List<'t>, outer: Span) {
        assert!(outer.encloses(list.span));
        self.ordered(list.span, list.items.iter().map(|item| item.span));
        for item in &list.items {
            self.item(item);
        }
    }

    fn item(&self, item: &ListItem<'t>) {
        let operator = item.operator.map(|(_, span)| span);
        self.ordered(item.span, std::iter::once(item.pipeline.span).chain(operator));
        assert_eq!(item.span.end, operator.unwrap_or(item.pipeline.span).end);
        assert_eq!(item.span.start, item.pipeline.span.start);
        let commands = &item.pipeline.commands;
        assert_eq!(commands.len(), item.pipeline.pipes.len() + 1);
        let mut spans: Vec<Span> = commands.iter().map(Command::span).collect();
        spans.extend(&item.pipeline.pipes);
        spans.sort();
        self.ordered(item.pipeline.span, spans);
        for command in commands {
            assert!(!command.span().is_empty());
            match command {
                Command::Simple(command) => self.simple(command),
                Command::Compound(compound) => self.compound(compound),
                Command::Function(function) => {
                    assert!(function.span.encloses(function.body.span));
                    self.compound(&function.body);
                }
            }
        }
    }

    fn simple(&self, command: &SimpleCommand<'t>) {
        let mut spans: Vec<Span> = command.assignments.iter().map(|assignment| assignment.span).collect();
        spans.extend(command.words.iter().map(|word| word.span));
        spans.extend(command.redirects.iter().map(|redirect| redirect.span));
        spans.sort();
        assert_eq!(spans.first().map(|span| span.start), Some(command.span.start));
        assert_eq!(spans.last().map(|span| span.end), Some(command.span.end));
        self.ordered(command.span, spans);
        for assignment in &command.assignments {
            assert_eq!(assignment.span.end, assignment.value.span.end);
            assert!(assignment.span.of(self.text).starts_with(assignment.name.as_bytes()));
            self.word(&assignment.value);
        }
        for word in &command.words {
            assert!(!word.span.is_empty());
            self.word(word);
        }
        self.redirects(&command.redirects);
    }

    fn compound(&self, compound: &CompoundCommand<'t>) {
        let mut spans: Vec<Span> = compound.lists.iter().map(|list| list.span).collect();
        spans.extend(compound.words.iter().map(|word| word.span));
        spans.extend(compound.redirects.iter().map(|redirect| redirect.span));
        spans.sort();
        self.ordered(compound.span, spans);
        for word in &compound.words {
            self.word(word);
        }
        for list in &compound.lists {
            self.list(list, compound.span);
        }
        self.redirects(&compound.redirects);
    }

    fn redirects(&self, redirects: &[Redirect<'t>]) {
        for redirect in redirects {
            assert!(
                redirect.span.encloses(redirect.target.span) && redirect.span.end == redirect.target.span.end
            );
            self.word(&redirect.target);
            if let Some(document) = redirect.here_document() {
                assert!(redirect.span.end < document.span.start && document.end.end <= self.text.len());
                assert_eq!(document.span.end, document.end.start);
                self.partition(document.span, &document.parts);
            }
        }
    }

    fn word(&self, word: &Word<'t>) {
        assert_eq!(word.text(), word.span.of(self.text));
        self.partition(word.span, word.parts());
        if let Some(value) = word.literal() {
            assert!(!word.is_glob() && word.glob().is_none());
            assert!(word.is_quoted() || *value == *word.text());
            assert!(word.variables().names.is_empty() && !word.reads_unknown());
        }
    }

    fn parts(&self, outer: Span, parts: &[WordPart<'t>]) {
        self.ordered(outer, parts.iter().map(WordPart::span));
        for part in parts {
            let span = part.span();
            match part {
                WordPart::Literal { text, .. } => assert_eq!(*text, span.of(self.text)),
                WordPart::Escaped { byte, .. } => assert_eq!([b'\\', *byte], span.of(self.text)),
                WordPart::Continuation { .. } => assert_eq!(b"\\\n", span.of(self.text)),
                WordPart::SingleQuoted { text, .. } => {
                    assert_eq!(*text, Span::new(span.start + 1, span.end - 1).of(self.text));
                }
                WordPart::AnsiQuoted { text, .. } => {
                    assert_eq!(*text, Span::new(span.start + 2, span.end - 1).of(self.text));
                }
                WordPart::DoubleQuoted { parts, translated, .. } => {
                    self.partition(Span::new(span.start + 1 + usize::from(*translated), span.end - 1), parts);
                }
                WordPart::Parameter(parameter) => {
                    assert!(span.of(self.text).starts_with(b"$") && !parameter.name.is_empty());
                    self.parts(span, &parameter.operand);
                }
                WordPart::Arithmetic(arithmetic) => self.parts(span, &arithmetic.parts),
                WordPart::Command(substitution) => {
                    if let Some(list) = &substitution.list {
                        self.list(list, span);
                    }
                }
            }
        }
    }

    /// The visitor yields commands in order, each inside its list item.
    fn visits(&self, script: &Script<'t>) {
        let commands = script.simple_commands();
        assert!(commands.is_sorted_by_key(|placed| placed.command.span.start));
        assert!(commands.iter().all(|placed| placed.item.span.encloses(placed.command.span)));
        let top = commands.iter().filter(|placed| placed.within.is_empty()).count();
        let pipelines = script.list.items.iter().flat_map(|item| &item.pipeline.commands);
        assert_eq!(top, pipelines.filter(|command| matches!(command, Command::Simple(_))).count());
    }

    /// The text of a simple command alone is that command.
    fn rescans(&self, list: &List<'t>) {
        for command in list.items.iter().flat_map(|item| &item.pipeline.commands) {
            let Command::Simple(command) = command else { continue };
            let text = command.span.of(self.text);
            // A here-document without its body is read only on a single line.
            if text.contains(&b'\n')
                && command.redirects.iter().any(|redirect| redirect.here_document().is_some())
            {
                continue;
            }
            let script = shell::scan(text).expect("a simple command alone is read");
            let [ListItem { pipeline, operator: None, .. }] = script.list.items.as_slice() else {
                panic!("a simple command alone is one item: {script:?}");
            };
            let [Command::Simple(alone)] = pipeline.commands.as_slice() else {
                panic!("a simple command alone is a simple command: {script:?}");
            };
            assert_eq!(
                shell_notation::simple_command(alone, 0),
                shell_notation::simple_command(command, command.span.start)
            );
        }
    }

    /// Without one of its items, the script holds the others.
    fn deletes(&self, list: &List<'t>) {
        // The body of a here-document would stay behind.
        if self.text.windows(2).any(|pair| pair == b"<<") {
            return;
        }
        let texts = |text: &[u8], items: &[ListItem<'_>]| -> Vec<Vec<u8>> {
            items.iter().map(|item| item.pipeline.span.of(text).to_vec()).collect()
        };
        let before = texts(self.text, &list.items);
        for (at, item) in list.items.iter().enumerate().filter(|(_, item)| item.operator.is_some()) {
            let mut text = self.text.to_vec();
            // The blank keeps `&` and `>` on either side apart.
            text.splice(item.span.range(), *b" ");
            let script = match shell::scan(&text) {
                Ok(script) => script,
                // `a || b` without its last command, and the like, are no scripts.
                Err(_) if at + 1 == list.items.len() => continue,
                Err(opaque) => panic!("{opaque} after taking out {:?}", before[at]),
            };
            let mut expected = before.clone();
            expected.remove(at);
            assert_eq!(texts(&text, &script.list.items), expected);
        }
    }
}
