//! Ruby source as tokens: as much of the language as manifests use. What it gets wrong is for the reader of the tokens
//! to refuse: nothing that is code is ever taken for text or the reverse without the rest of the file looking odd.

/// A token and its 1-based line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    /// A name, constant or keyword, with `?` or `!` at its end.
    Word(&'t str),
    /// `name:` in front of a value.
    Key(&'t str),
    /// `:name`
    Symbol(&'t str),
    /// A string without interpolation.
    Text(String),
    /// A string with interpolation, of which the code follows as tokens.
    Mixed,
    /// `` `command` `` or `%x{command}`
    Command(String),
    /// A character of an operator or bracket.
    Mark(char),
    /// The end of a statement.
    End,
}

/// The statements of `text`; `None` where a string or comment is not closed.
pub(super) fn statements(text: &str) -> Option<Vec<Vec<Token<'_>>>> {
    let mut lexer = Lexer { text, at: 0, line: 1, depth: 0, tokens: Vec::new(), heredocs: Vec::new() };
    lexer.run()?;
    let statements = lexer.tokens.split(|token| token.kind == Kind::End);
    Some(statements.filter(|statement| !statement.is_empty()).map(<[_]>::to_vec).collect())
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    /// Open parentheses and brackets: within them a line may end anywhere. A block in braces holds statements.
    depth: usize,
    tokens: Vec<Token<'t>>,
    /// The tags of heredocs whose bodies begin on the next line.
    heredocs: Vec<&'t str>,
}

impl<'t> Lexer<'t> {
    fn run(&mut self) -> Option<()> {
        while let Some(ch) = self.rest().chars().next() {
            if self.is_line_start() && self.rest().starts_with("=begin") {
                self.skip_to_line("=end")?;
            } else if self.is_line_start() && self.rest().starts_with("__END__") {
                break;
            } else {
                self.token(ch)?;
            }
        }
        Some(())
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn is_line_start(&self) -> bool {
        self.at == 0 || self.text.as_bytes().get(self.at - 1) == Some(&b'\n')
    }

    fn push(&mut self, kind: Kind<'t>) {
        self.tokens.push(Token { kind, line: self.line });
    }

    fn previous(&self) -> Option<&Kind<'t>> {
        self.tokens.last().map(|token| &token.kind)
    }

    /// Goes over `length` bytes and counts their lines.
    fn skip(&mut self, length: usize) {
        let skipped = self.rest().get(..length).unwrap_or_default();
        self.line += skipped.matches('\n').count();
        self.at += length;
    }

    /// Goes to the end of the line that begins with `start`.
    fn skip_to_line(&mut self, start: &str) -> Option<()> {
        let found = self.rest().find(&format!("\n{start}"))? + 1;
        let end = self.rest()[found..].find('\n').map_or(self.rest().len(), |end| found + end);
        self.skip(end);
        Some(())
    }

    fn token(&mut self, ch: char) -> Option<()> {
        match ch {
            '\n' => self.newline()?,
            '\\' if self.rest().starts_with("\\\n") => self.skip(2),
            '\\' if self.rest().starts_with("\\\r\n") => self.skip(3),
            ' ' | '\t' | '\r' => self.at += 1,
            '#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
            '"' | '\'' | '`' => self.string(1, ch, ch)?,
            '%' if self.starts_value() => self.percent()?,
            '/' if self.starts_value() => self.regexp()?,
            '<' if self.is_heredoc() => self.heredoc(),
            '?' if self.starts_value() && self.is_character() => self.skip(2),
            ':' if self.rest().starts_with("::") => {
                self.push(Kind::Mark(':'));
                self.at += 2;
            }
            ':' => self.symbol()?,
            '@' | '$' => {
                self.at += 1;
                self.word();
            }
            ch if ch.is_alphanumeric() || ch == '_' => self.word(),
            ';' => {
                self.push(Kind::End);
                self.at += 1;
            }
            ch => {
                match ch {
                    '(' | '[' => self.depth += 1,
                    ')' | ']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                self.push(Kind::Mark(ch));
                self.at += ch.len_utf8();
            }
        }
        Some(())
    }

    fn newline(&mut self) -> Option<()> {
        self.skip(1);
        for tag in std::mem::take(&mut self.heredocs) {
            loop {
                let line = self.rest().lines().next()?;
                let length = self.rest().find('\n').map_or(self.rest().len(), |end| end + 1);
                self.skip(length);
                if line.trim() == tag {
                    break;
                }
            }
        }
        let next = self.rest().trim_start_matches([' ', '\t']);
        // The last bar of `|x|` ends the head of a block.
        let bars = self.tokens.iter().rev().take_while(|token| token.kind == Kind::Mark('|')).count();
        let goes_on = matches!(self.previous(), Some(Kind::Mark(',' | '.' | '+' | '&' | '=' | '>' | ':')))
            || bars == 2
            || next.starts_with('.') && !next.starts_with("..");
        if !goes_on && self.depth == 0 {
            self.push(Kind::End);
        }
        Some(())
    }

    /// Whether what comes now is the beginning of a value, where `/` is no division and `%` no remainder.
    fn starts_value(&self) -> bool {
        let after_space = self.text.get(..self.at).is_some_and(|before| before.ends_with([' ', '\t']));
        let next_is_space = self.rest().chars().nth(1).is_some_and(char::is_whitespace);
        match self.previous() {
            None | Some(Kind::End | Kind::Key(_)) => true,
            Some(Kind::Mark(mark)) => !matches!(mark, ')' | ']' | '}'),
            Some(Kind::Word(_)) => after_space && !next_is_space,
            Some(_) => false,
        }
    }

    fn is_character(&self) -> bool {
        let mut chars = self.rest().chars().skip(1);
        chars.next().is_some_and(|ch| ch.is_ascii_graphic())
            && chars.next().is_none_or(|ch| !ch.is_alphanumeric())
    }

    /// A string between `open` and `close`, of which the first `start` bytes open it.
    fn string(&mut self, start: usize, open: char, close: char) -> Option<()> {
        let interpolates = !matches!(open, '\'');
        let (body, length) = delimited(&self.rest()[start..], open, close)?;
        let kind = match (open, interpolates && body.contains("#{")) {
            ('`', _) => Kind::Command(body.to_owned()),
            (_, true) => Kind::Mixed,
            _ => Kind::Text(unescaped(body, interpolates)),
        };
        let is_mixed = kind == Kind::Mixed;
        let is_key = !is_mixed && self.rest()[start + length..].starts_with(": ");
        if is_key {
            self.push(Kind::Key(body));
            self.skip(start + length + 1);
            return Some(());
        }
        self.push(kind);
        if is_mixed {
            self.interpolated(body)?;
        }
        self.skip(start + length);
        Some(())
    }

    /// The code between `#{` and `}` in a string.
    fn interpolated(&mut self, body: &'t str) -> Option<()> {
        let mut rest = body;
        while let Some(at) = rest.find("#{") {
            let (code, length) = delimited(&rest[at + 2..], '{', '}')?;
            let mut inner = Lexer {
                text: code,
                at: 0,
                line: self.line,
                depth: 0,
                tokens: Vec::new(),
                heredocs: Vec::new(),
            };
            inner.run()?;
            self.push(Kind::Mark('('));
            self.tokens.extend(inner.tokens.into_iter().filter(|token| token.kind != Kind::End));
            self.push(Kind::Mark(')'));
            rest = &rest[at + 2 + length..];
        }
        Some(())
    }

    /// `%w[a b]`, `%q(x)`, `%x{command}`, `%r{regexp}` and the like.
    fn percent(&mut self) -> Option<()> {
        let mut chars = self.rest().chars().skip(1);
        let written = chars.next()?;
        let (letter, open) =
            if written.is_ascii_alphabetic() { (written, chars.next()?) } else { ('Q', written) };
        if !open.is_ascii_punctuation() {
            self.push(Kind::Mark('%'));
            self.at += 1;
            return Some(());
        }
        let start = usize::from(written.is_ascii_alphabetic()) + 1 + open.len_utf8();
        let close = match open {
            '(' => ')',
            '[' => ']',
            '{' => '}',
            '<' => '>',
            other => other,
        };
        let (body, length) = delimited(&self.rest()[start..], open, close)?;
        match letter {
            'w' | 'W' | 'i' | 'I' => {
                self.push(Kind::Mark('['));
                for word in body.split_whitespace() {
                    self.push(Kind::Text(word.to_owned()));
                    self.push(Kind::Mark(','));
                }
                self.push(Kind::Mark(']'));
            }
            'x' => self.push(Kind::Command(body.to_owned())),
            'q' | 's' => self.push(Kind::Text(body.to_owned())),
            _ if body.contains("#{") => {
                self.push(Kind::Mixed);
                self.interpolated(body)?;
            }
            _ => self.push(Kind::Text(body.to_owned())),
        }
        self.skip(start + length);
        Some(())
    }

    fn regexp(&mut self) -> Option<()> {
        let (body, length) = delimited(&self.rest()[1..], '/', '/')?;
        self.push(Kind::Mixed);
        self.interpolated(body)?;
        self.skip(1 + length);
        Some(())
    }

    fn is_heredoc(&self) -> bool {
        let Some(tag) = self.rest().strip_prefix("<<") else { return false };
        let squiggly = tag.strip_prefix(['~', '-']);
        let first = squiggly.unwrap_or(tag).chars().next();
        match squiggly {
            Some(_) => first.is_some_and(|ch| ch.is_alphabetic() || matches!(ch, '_' | '"' | '\'')),
            None => first.is_some_and(|ch| ch.is_ascii_uppercase()),
        }
    }

    fn heredoc(&mut self) {
        let tag = self.rest().trim_start_matches('<').trim_start_matches(['~', '-']);
        let quoted = tag.trim_start_matches(['"', '\'']);
        let end = quoted.find(|ch: char| !ch.is_alphanumeric() && ch != '_').unwrap_or(quoted.len());
        let closing = usize::from(quoted.len() < tag.len());
        self.heredocs.push(&quoted[..end]);
        let length = self.rest().len() - quoted.len() + end + closing;
        self.push(Kind::Mixed);
        self.skip(length.min(self.rest().len()));
    }

    fn symbol(&mut self) -> Option<()> {
        self.at += 1;
        if let Some(quote @ ('"' | '\'')) = self.rest().chars().next() {
            return self.string(1, quote, quote);
        }
        let name = name(self.rest());
        if name.is_empty() {
            self.push(Kind::Mark(':'));
        } else {
            self.push(Kind::Symbol(name));
            self.at += name.len();
        }
        Some(())
    }

    fn word(&mut self) {
        let name = name(self.rest());
        let after = &self.rest()[name.len()..];
        if after.starts_with(':')
            && !after.starts_with("::")
            && !matches!(self.previous(), Some(Kind::Mark('?')))
        {
            self.push(Kind::Key(name));
            self.at += name.len() + 1;
        } else {
            self.push(Kind::Word(name));
            self.at += name.len();
        }
    }
}

/// The name that `text` begins with.
fn name(text: &str) -> &str {
    let end = text.find(|ch: char| !ch.is_alphanumeric() && ch != '_').unwrap_or(text.len());
    match text[end..].chars().next() {
        // `x != y` and `x ?a : b` are no names with a mark.
        Some('?' | '!') if !text[end + 1..].starts_with('=') => &text[..=end],
        _ => &text[..end],
    }
}

/// The text up to the closing delimiter, and the length with it.
fn delimited(text: &str, open: char, close: char) -> Option<(&str, usize)> {
    let mut depth = 0_usize;
    let mut chars = text.char_indices();
    while let Some((at, ch)) = chars.next() {
        if ch == '\\' {
            chars.next();
        } else if ch == close {
            if depth == 0 {
                return Some((&text[..at], at + ch.len_utf8()));
            }
            depth -= 1;
        } else if ch == open {
            depth += 1;
        }
    }
    None
}

/// The value of a string, as far as names of files need it.
fn unescaped(body: &str, interpolates: bool) -> String {
    let mut value = String::with_capacity(body.len());
    let mut chars = body.chars();
    while let Some(ch) = chars.next() {
        match (ch, interpolates) {
            ('\\', true) => match chars.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some(other) => value.push(other),
                None => {}
            },
            ('\\', false) => match chars.next() {
                Some(other @ ('\\' | '\'')) => value.push(other),
                other => value.extend(['\\'].into_iter().chain(other)),
            },
            (ch, _) => value.push(ch),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let statements = statements(text).unwrap();
        let shown = statements.iter().map(|statement| {
            let tokens = statement.iter().map(|token| match &token.kind {
                Kind::Word(name) => (*name).to_owned(),
                Kind::Key(name) => format!("{name}:"),
                Kind::Symbol(name) => format!(":{name}"),
                Kind::Text(text) => format!("'{text}'"),
                Kind::Mixed => "mixed".to_owned(),
                Kind::Command(text) => format!("`{text}`"),
                Kind::Mark(mark) => mark.to_string(),
                Kind::End => unreachable!(),
            });
            tokens.collect::<Vec<_>>().join(" ")
        });
        shown.collect()
    }

    #[test]
    fn reads_statements() {
        for (text, wanted) in [
            (
                "gem \"a\", '~> 1', path: 'x' # c\ngem 'b',\n  :path => \"y\"",
                vec!["gem 'a' , '~> 1' , path: 'x'", "gem 'b' , :path = > 'y'"],
            ),
            ("x = `git describe`; %x{ls}", vec!["x = `git describe`", "`ls`"]),
            ("=begin\nDir['x']\n=end\ngem 'a'", vec!["gem 'a'"]),
            ("a %w[b c]", vec!["a [ 'b' , 'c' , ]"]),
            ("a \"b#{File.read('c')}\"", vec!["a mixed ( File . read ( 'c' ) )"]),
            ("s.d = <<~EOS, 1\n  Dir['x'] \"\n  EOS\ngem 'a'", vec!["s . d = mixed , 1", "gem 'a'"]),
            ("a.grep(%r{^exe/}) { |f| f }", vec!["a . grep ( '^exe/' ) { | f | f }"]),
            ("x = a / 2 # /\ny =~ /[\"']/\n", vec!["x = a / 2", "y = ~ mixed"]),
            ("a\n  .b\nFoo::Bar if File.exist?('x')", vec!["a . b", "Foo : Bar if File . exist? ( 'x' )"]),
            ("'a': 1, \"b\\n\" \\\n 'c\\d'", vec!["a: 1 , 'b\n' 'c\\d'"]),
            ("gem 'a'\n__END__\n'", vec!["gem 'a'"]),
        ] {
            assert_eq!(shown(text), wanted, "{text}");
        }
    }

    #[test]
    fn strings_must_close() {
        for text in ["'", "\"#{", "x %w[a", "=begin", "x <<~A\n", "`", "/a"] {
            assert_eq!(statements(text), None, "{text}");
        }
        let sample = "gem 'é', path: \"a#{b('c')}\" if x =~ /[\"#{d}]/ # f\n%w[é b]; <<~A.b\n é\n A\n=begin\n=end\n%x(é)";
        for end in (0..sample.len()).filter(|&end| sample.is_char_boundary(end)) {
            let _ = statements(&sample[..end]);
        }
        for text in ["", "%%", "%é", "?", ":", "%", "$", "@", "<<", "a ?b : c", "é: 1", "%é"] {
            let _ = statements(text);
        }
    }
}
