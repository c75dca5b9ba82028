//! Lines to items: BuildKit's `Parse`.

mod known;

use std::collections::HashMap;
use std::sync::Arc;

use known::{Known, moved};

use crate::decode::leading_space;
use crate::instruction::{Command, Node};
use crate::logical::Segment;
use crate::{
    Directive, DirectiveName, Dockerfile, Form, Heredoc, Item, ItemKind, Keyword, Logical, Pair, Problem,
    Span, TextEdit, heredoc, json, split, words,
};

/// Go's `bufio.MaxScanTokenSize`: BuildKit's scanner gives up on a longer line.
const MAX_LINE: usize = 64 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(crate) fn parse(source: Arc<[u8]>) -> Dockerfile {
    let mut file = run(source, None);
    // Many are kept for as long as a program runs.
    file.items.shrink_to_fit();
    file
}

/// Parses what edits have made of a file.
pub(crate) fn parse_edited(source: Arc<[u8]>, before: &Dockerfile, edits: &[TextEdit]) -> Dockerfile {
    run(source, Known::of(before, edits))
}

fn run(source: Arc<[u8]>, known: Option<Known<'_>>) -> Dockerfile {
    let mut parser = Parser {
        known,
        source: &source,
        at: 0,
        line: 1,
        escape: b'\\',
        directives: Some(Vec::new()),
        has_shebang: false,
        items: Vec::with_capacity(source.len() / 32),
        problems: Vec::new(),
        segments: Vec::new(),
        endless: 0,
        last_lines: None,
        looks_ahead: false,
    };
    parser.run();
    let Parser { items, escape, problems, looks_ahead, .. } = parser;
    let is_known = |item: &Item| !matches!(item.kind, ItemKind::Unknown(..));
    let is_sound = problems.is_empty() && items.iter().all(is_known);
    Dockerfile { source, items, escape, problems, looks_ahead, is_sound }
}

struct Parser<'a> {
    /// What is known of the file from before it was edited.
    known: Option<Known<'a>>,
    source: &'a [u8],
    at: usize,
    /// 1-based number of the line at `at`.
    line: usize,
    escape: u8,
    /// The directives seen so far; `None` once none may follow.
    directives: Option<Vec<DirectiveName>>,
    items: Vec<Item>,
    problems: Vec<(usize, Problem)>,
    /// The first line is a shebang.
    has_shebang: bool,
    /// The runs of the instruction at hand, with their lengths: room that is used again and again.
    segments: Vec<(Segment, usize)>,
    /// Number of heredocs that do not end.
    endless: usize,
    /// Made when many heredocs do not end, so that the time stays linear however many there are.
    last_lines: Option<LastLines<'a>>,
    /// The end of a heredoc was looked for in vain: what an instruction is depends on everything that follows.
    looks_ahead: bool,
}

/// So many heredocs without end are looked for one by one.
const MAX_ENDLESS: usize = 16;

/// Offset of the last line with a text, by the text: as it is, and without leading tabs.
struct LastLines<'a> {
    plain: HashMap<&'a [u8], usize>,
    without_tabs: HashMap<&'a [u8], usize>,
}

impl<'a> LastLines<'a> {
    /// Of the lines from `at` on.
    fn of(source: &'a [u8], mut at: usize) -> Self {
        let mut lines = Self { plain: HashMap::new(), without_tabs: HashMap::new() };
        for line in source[at..].split_inclusive(|&byte| byte == b'\n') {
            let content = trim_line_end(line, Span::new(0, line.len())).of(line);
            lines.plain.insert(content, at);
            lines.without_tabs.insert(&content[leading_tabs(content)..], at);
            at += line.len();
        }
        lines
    }

    /// Whether a terminator of that name stands at `at` or later.
    fn has(&self, name: &[u8], chomp: bool, at: usize) -> bool {
        let lines = if chomp { &self.without_tabs } else { &self.plain };
        lines.get(name).is_some_and(|&last| last >= at)
    }
}

impl Parser<'_> {
    fn run(&mut self) {
        if self.source.starts_with(BYTE_ORDER_MARK) {
            self.at = BYTE_ORDER_MARK.len();
            self.push(0, 1, ItemKind::ByteOrderMark);
        }
        let start = self.at;
        if self.source[start..].starts_with(b"#!") {
            self.next_line();
            self.push(start, 1, ItemKind::Shebang);
            self.has_shebang = true;
        }
        while self.at < self.source.len() {
            if self.take_known() {
                continue;
            }
            let start = self.at;
            let first_line = self.line;
            let line = self.next_line();
            let content = trim_line_end(self.source, line);
            let from = content.start + leading_space(content.of(self.source));
            let content = Span::new(from, content.end.max(from));
            let kind = match content.of(self.source).first() {
                None => {
                    self.directives = None;
                    ItemKind::Blank
                }
                Some(b'#') => {
                    self.directive(content, first_line).map_or(ItemKind::Comment, ItemKind::Directive)
                }
                Some(_) => {
                    self.directives = None;
                    self.instruction(start, content, first_line)
                }
            };
            self.push(start, first_line, kind);
        }
        let is_instruction =
            |item: &Item| matches!(item.kind, ItemKind::Instruction(_) | ItemKind::Unknown(..));
        if !self.items.iter().any(is_instruction) {
            self.problems.push((1, Problem::NoInstructions));
        }
    }

    fn push(&mut self, start: usize, line: usize, kind: ItemKind) {
        self.items.push(Item { span: Span::new(start, self.at), line, kind });
    }

    /// Takes the next line, its line end included.
    fn next_line(&mut self) -> Span {
        let start = self.at;
        let end = memchr::memchr(b'\n', &self.source[start..]);
        let (len, ended) = end.map_or((self.source.len() - start, false), |at| (at + 1, true));
        self.at = start + len;
        self.line += 1;
        if len > MAX_LINE || (len == MAX_LINE && !ended) {
            self.problems.push((self.line - 1, Problem::LineTooLong));
        }
        Span::new(start, self.at)
    }

    /// A directive, where a comment line is one and directives may still come (`DirectiveParser.ParseLine`).
    ///
    /// Behind a shebang only what is looked for before the file is parsed is one, `syntax` and `check` (`parseDirective`):
    /// `Parse` itself takes the shebang for a comment that ends them, so the escape character stays and none is there twice.
    fn directive(&mut self, content: Span, line: usize) -> Option<Directive> {
        let found = self.directives.as_ref().and_then(|_| read_directive(self.source, content));
        let (Some(directive), Some(seen)) = (found, &mut self.directives) else {
            self.directives = None;
            return None;
        };
        if seen.contains(&directive.name) {
            if self.has_shebang {
                self.directives = None;
                return None;
            }
            self.problems.push((line, Problem::RepeatedDirective(directive.name.as_str())));
            return Some(directive);
        }
        seen.push(directive.name);
        if directive.name == DirectiveName::Escape {
            if self.has_shebang {
                return None;
            }
            match directive.value.of(self.source) {
                [escape @ (b'\\' | b'`')] => self.escape = *escape,
                _ => self.problems.push((line, Problem::BadEscape)),
            }
        }
        Some(directive)
    }

    /// Takes over the items from here on that the edits leave alone; whether there are any.
    fn take_known(&mut self) -> bool {
        // Whether a comment is a directive is up to the lines before it, and so is the escape character.
        let Some(known) = self.known.as_mut().filter(|_| self.directives.is_none()) else { return false };
        if known.before.escape != self.escape {
            self.known = None;
            return false;
        }
        let (unchanged, next) = known.items_at(self.at);
        let Some(first) = unchanged.first() else { return false };
        let (at, line) = (self.at, self.line);
        for item in unchanged {
            let start = self.at;
            self.at += item.span.len();
            let kind = moved(&item.kind, item.span.start, start);
            let line = line + (item.line - first.line);
            self.items.push(Item { span: Span::new(start, self.at), line, kind });
        }
        self.line += next.map_or(0, |next| next.line - first.line);
        self.at > at
    }

    /// An instruction in the item that starts at `start`.
    fn instruction(&mut self, start: usize, first: Span, first_line: usize) -> ItemKind {
        let logical = self.logical(start, first);
        let text = logical.text(&self.source[start..]);
        let (command, inner, mut problem) = self.command(text);
        let mut heredocs = Vec::new();
        let innermost = inner.as_deref().unwrap_or(&command);
        if innermost.keyword.takes_heredocs() && innermost.form == Form::Shell && heredoc::may_announce(text)
        {
            match heredoc::announced(text) {
                Ok(announced) => {
                    let (at, line, problems) = (self.at, self.line, self.problems.len());
                    match self.heredocs(announced) {
                        Ok(found) => heredocs = found,
                        Err(unterminated) => {
                            // The lines that follow are not its body: read them as what they look like.
                            (self.at, self.line) = (at, line);
                            self.problems.truncate(problems);
                            problem = problem.or(unterminated);
                            self.looks_ahead = true;
                        }
                    }
                }
                Err(bad_name) => problem = problem.or(Some(bad_name)),
            }
        }
        let lines = self.line - first_line;
        let node = Arc::new(Node { logical, lines, command, inner, heredocs });
        match problem {
            Some(problem) => ItemKind::Unknown(node, Box::new(problem)),
            None => ItemKind::Instruction(node),
        }
    }

    /// Joins a first line with the lines that continue it, in the item that starts at `start`.
    fn logical(&mut self, start: usize, first: Span) -> Logical {
        let (kept, continued) = trim_continuation(self.source, first, self.escape);
        if !continued {
            return Logical::Contiguous(Span::new(kept.start - start, kept.end - start));
        }
        self.segments.clear();
        self.segments.push((Segment { logical: 0, source: kept.start }, kept.len()));
        let mut len = kept.len();
        while self.at < self.source.len() {
            let line = self.next_line();
            let content = trim_line_end(self.source, line);
            let visible = &content.of(self.source)[leading_space(content.of(self.source))..];
            if matches!(visible.first(), None | Some(b'#')) {
                continue;
            }
            let (kept, continued) = trim_continuation(self.source, content, self.escape);
            if !kept.is_empty() {
                // A continuation line with nothing on it leaves no run of its own.
                let segment = (Segment { logical: len, source: kept.start }, kept.len());
                match self.segments.last_mut() {
                    Some(last) if last.1 == 0 => *last = segment,
                    _ => self.segments.push(segment),
                }
                len += kept.len();
            }
            if !continued {
                break;
            }
        }
        let mut text = Vec::with_capacity(len);
        for &(segment, len) in &self.segments {
            text.extend_from_slice(&self.source[segment.source..segment.source + len]);
        }
        let inside = |segment: Segment| Segment { source: segment.source - start, ..segment };
        let segments = self.segments.iter().map(|&(segment, _)| inside(segment)).collect();
        Logical::Joined { text: text.into_boxed_slice(), segments }
    }

    /// Splits the logical text and checks what BuildKit's line parsers check.
    fn command(&self, text: &[u8]) -> (Command, Option<Box<Command>>, Option<Problem>) {
        let mut command = split::split(text, Span::new(0, text.len()));
        if command.keyword == Keyword::Onbuild && !command.args.is_empty() {
            let mut inner = split::split(text, command.args);
            let problem = self.check(text, &mut inner);
            return (command, Some(Box::new(inner)), problem);
        }
        let problem = self.check(text, &mut command);
        (command, None, problem)
    }

    fn check(&self, text: &[u8], command: &mut Command) -> Option<Problem> {
        let json = match command.keyword {
            Keyword::Unknown => return Some(Problem::UnknownInstruction),
            Keyword::Env => return name_values(text, command, self.escape, "ENV"),
            Keyword::Label => return name_values(text, command, self.escape, "LABEL"),
            Keyword::Arg => {
                let mut pairs = Vec::new();
                let found = |span| pairs.push(words::pair(text, span));
                words::each_quoted(text, command.args, self.escape, found);
                command.pairs = pairs.into_boxed_slice();
                return None;
            }
            Keyword::Healthcheck => {
                let args = command.args.of(text);
                words::healthcheck(args).1.of(args)
            }
            keyword if keyword.takes_json() => command.args.of(text),
            _ => return None,
        };
        if json.first() != Some(&b'[') {
            return None;
        }
        match json::each_string(json, drop) {
            Some(true) => {
                command.form = Form::Json;
                None
            }
            Some(false) => Some(Problem::JsonNotStrings),
            None => None,
        }
    }

    /// Takes the bodies of the announced heredocs.
    fn heredocs(&mut self, announced: Vec<heredoc::Announced>) -> Result<Vec<Heredoc>, Option<Problem>> {
        let mut heredocs = Vec::with_capacity(announced.len());
        for heredoc::Announced { name, file_descriptor, expand, chomp, spaced } in announced {
            let start = self.at;
            let Some(terminator) = self.terminator(&name, chomp) else {
                // Older BuildKits see no heredoc in `<< name`: without a terminator take their view.
                let name = String::from_utf8_lossy(&name).into_owned();
                return Err((!spaced).then_some(Problem::UnterminatedHeredoc(name)));
            };
            let body = Span::new(start, terminator.start);
            heredocs.push(Heredoc { name, file_descriptor, expand, chomp, body, terminator });
        }
        Ok(heredocs)
    }

    /// Takes the lines up to the terminator; the terminator's line, if it comes.
    fn terminator(&mut self, name: &[u8], chomp: bool) -> Option<Span> {
        let from = self.at;
        let terminator = match &self.last_lines {
            Some(lines) if !lines.has(name, chomp, from) => None,
            _ => find_line(self.source, from, name, chomp),
        };
        let Some(terminator) = terminator else {
            self.endless += 1;
            if self.endless == MAX_ENDLESS {
                self.last_lines = Some(LastLines::of(self.source, from));
            }
            return None;
        };
        while self.at < terminator.end {
            self.next_line();
        }
        Some(terminator)
    }
}

/// The first line from `at` on that is `name`; with `chomp`, behind tabs.
fn find_line(source: &[u8], at: usize, name: &[u8], chomp: bool) -> Option<Span> {
    if chomp && name.starts_with(b"\t") {
        return None;
    }
    memchr::memmem::find_iter(&source[at..], name).find_map(|hit| {
        let hit = at + hit;
        let before = &source[at..hit];
        let tabs = if chomp { before.iter().rev().take_while(|&&byte| byte == b'\t').count() } else { 0 };
        let start = hit - tabs;
        let starts = start == at || source[start - 1] == b'\n';
        let len = memchr::memchr(b'\n', &source[hit..]).map_or(source.len() - hit, |len| len + 1);
        let line = Span::new(start, hit + len);
        (starts && trim_line_end(source, line).end == hit + name.len()).then_some(line)
    })
}

fn leading_tabs(content: &[u8]) -> usize {
    content.iter().take_while(|&&byte| byte == b'\t').count()
}

/// `trimNewline`: every CR and LF at the end of a line goes.
pub(crate) fn trim_line_end(source: &[u8], line: Span) -> Span {
    let mut end = line.end;
    while end > line.start && matches!(source[end - 1], b'\n' | b'\r') {
        end -= 1;
    }
    Span::new(line.start, end)
}

/// `trimContinuationCharacter`: an escape character at the end, not preceded by another one, continues the line.
pub(crate) fn trim_continuation(source: &[u8], content: Span, escape: u8) -> (Span, bool) {
    let bytes = content.of(source);
    let blanks = bytes.iter().rev().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
    match bytes[..bytes.len() - blanks].split_last() {
        Some((&last, before)) if last == escape && before.last() != Some(&escape) => {
            (Span::new(content.start, content.start + before.len()), true)
        }
        _ => (content, false),
    }
}

/// `parseNameVal`: the pairs of ENV and LABEL. The first word decides: with `=` in it every word is a pair, without it
/// the rest of the line is the value.
fn name_values(text: &[u8], command: &mut Command, escape: u8, keyword: &'static str) -> Option<Problem> {
    let mut pairs: Vec<Pair> = Vec::new();
    words::each_quoted(text, command.args, escape, |span| pairs.push(words::pair(text, span)));
    if pairs.first()?.value.is_none() {
        let legacy = words::legacy_pair(text, command.args);
        let problem = legacy.is_none().then_some(Problem::MissingValue(keyword));
        command.pairs = legacy.into_iter().collect();
        return problem;
    }
    command.pairs = pairs.into_boxed_slice();
    command.pairs.iter().any(|pair| pair.value.is_none()).then_some(Problem::MissingEquals)
}

/// Reads a line that starts with `#` against `^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$`.
pub(crate) fn read_directive(source: &[u8], content: Span) -> Option<Directive> {
    let space = |byte: &u8| matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' ');
    let text = content.of(source);
    let mut at = 1 + leading_space(text.get(1..)?);
    let name_len = text[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = &text[at..at + name_len];
    if !name.first().is_some_and(u8::is_ascii_alphabetic) {
        return None;
    }
    at += name_len;
    at += text[at..].iter().take_while(|byte| space(byte)).count();
    if text.get(at) != Some(&b'=') {
        return None;
    }
    at += 1;
    let rest = text.len() - at;
    let blanks = text[at..].iter().take_while(|byte| space(byte)).count();
    // With nothing but white space after `=`, the expression gives the last blank back to the value.
    let value_start = if blanks == rest { at + rest.checked_sub(1)? } else { at + blanks };
    let mut end = text.len();
    while end > value_start + 1 && space(&text[end - 1]) {
        end -= 1;
    }
    let name = [DirectiveName::Syntax, DirectiveName::Escape, DirectiveName::Check]
        .into_iter()
        .find(|known| name.eq_ignore_ascii_case(known.as_str().as_bytes()))?;
    Some(Directive { name, value: Span::new(content.start + value_start, content.start + end) })
}
