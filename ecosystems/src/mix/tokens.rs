//! Elixir source as tokens: as much of the language as mix.exs and configuration use.

/// A token and its 1-based line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    /// A name, module or keyword, with `?` or `!` at its end.
    Word(&'t str),
    /// `name:` in front of a value.
    Key(&'t str),
    /// `:name`
    Symbol(&'t str),
    /// A string without interpolation.
    Text(&'t str),
    /// A string with interpolation as it stands there; the code in it follows as tokens in parentheses.
    Mixed(&'t str),
    /// A character of an operator or bracket.
    Mark(char),
    /// The end of an expression, as far as a line end tells.
    End,
}

/// The tokens of `text`; `None` where a string is not closed.
pub(super) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut lexer = Lexer { text, at: 0, line: 1, depth: 0, tokens: Vec::new() };
    lexer.run()?;
    Some(lexer.tokens)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    /// Open brackets.
    depth: usize,
    tokens: Vec<Token<'t>>,
}

impl<'t> Lexer<'t> {
    fn run(&mut self) -> Option<()> {
        while let Some(ch) = self.rest().chars().next() {
            self.token(ch)?;
        }
        Some(())
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind<'t>) {
        self.tokens.push(Token { kind, line: self.line });
    }

    /// Goes over `length` bytes and counts their lines.
    fn skip(&mut self, length: usize) {
        let skipped = self.rest().get(..length).unwrap_or_default();
        self.line += skipped.matches('\n').count();
        self.at += length;
    }

    fn token(&mut self, ch: char) -> Option<()> {
        match ch {
            '\n' => self.newline(),
            ' ' | '\t' | '\r' => self.at += 1,
            '#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
            '"' | '\'' => {
                let start =
                    if self.rest().starts_with("\"\"\"") || self.rest().starts_with("'''") { 3 } else { 1 };
                self.string(start, true)?;
            }
            '~' if self.rest()[1..].starts_with(|ch: char| ch.is_ascii_alphabetic()) => self.sigil()?,
            '?' if self.is_character() => {
                let escaped = usize::from(self.rest().starts_with("?\\"));
                let length = self.rest().chars().take(2 + escaped).map(char::len_utf8).sum();
                self.skip(length);
            }
            ':' if self.rest().starts_with("::") => {
                self.push(Kind::Mark(':'));
                self.at += 2;
            }
            ':' => {
                self.at += 1;
                let name = name(self.rest());
                if name.is_empty() {
                    self.push(Kind::Mark(':'));
                } else {
                    self.push(Kind::Symbol(name));
                    self.at += name.len();
                }
            }
            ch if ch.is_alphabetic() || ch == '_' => {
                let name = name(self.rest());
                let after = &self.rest()[name.len()..];
                if after.starts_with(':') && !after.starts_with("::") {
                    self.push(Kind::Key(name));
                    self.at += name.len() + 1;
                } else {
                    self.push(Kind::Word(name));
                    self.at += name.len();
                }
            }
            ch if ch.is_ascii_digit() => {
                let end = self.rest().find(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_');
                self.at += end.unwrap_or(self.rest().len());
            }
            ch => {
                match ch {
                    '(' | '[' | '{' => self.depth += 1,
                    ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                self.push(Kind::Mark(ch));
                self.at += ch.len_utf8();
            }
        }
        Some(())
    }

    fn newline(&mut self) {
        self.skip(1);
        let goes_on = matches!(
            self.tokens.last().map(|token| &token.kind),
            Some(Kind::Key(_) | Kind::Mark(',' | '|' | '=' | '+' | '<' | '>' | '&' | '.' | '-'))
        );
        let next = self.rest().trim_start_matches([' ', '\t']);
        if self.depth == 0 && !goes_on && !next.starts_with('|') {
            self.push(Kind::End);
        }
    }

    /// `?a` is a number; `name?` is part of a name and never comes here.
    fn is_character(&self) -> bool {
        self.rest().chars().nth(1).is_some_and(|ch| !ch.is_whitespace())
    }

    /// A string whose delimiter takes the first `start` bytes.
    fn string(&mut self, start: usize, interpolates: bool) -> Option<()> {
        let delimiter = self.rest().get(..start)?;
        let (body, length) = delimited(&self.rest()[start..], "", delimiter)?;
        let whole = start + length;
        let after = self.rest().get(whole..).unwrap_or_default();
        let is_key = start == 1 && after.starts_with(':') && !after.starts_with("::");
        if is_key {
            self.push(Kind::Key(body));
            self.skip(whole + 1);
            return Some(());
        }
        self.content(body, interpolates)?;
        self.skip(whole);
        Some(())
    }

    fn content(&mut self, body: &'t str, interpolates: bool) -> Option<()> {
        if !interpolates || !body.contains("#{") {
            self.push(Kind::Text(body));
            return Some(());
        }
        self.push(Kind::Mixed(body));
        let mut rest = body;
        while let Some(at) = rest.find("#{") {
            let (code, length) = delimited(&rest[at + 2..], "{", "}")?;
            let mut inner = Lexer { text: code, at: 0, line: self.line, depth: 1, tokens: Vec::new() };
            inner.run()?;
            self.push(Kind::Mark('('));
            self.tokens.extend(inner.tokens);
            self.push(Kind::Mark(')'));
            rest = &rest[at + 2 + length..];
        }
        Some(())
    }

    /// `~w(a b)`, `~r/x/`, `~S"""..."""`
    fn sigil(&mut self) -> Option<()> {
        let letters = self.rest()[1..].find(|ch: char| !ch.is_ascii_alphanumeric())?;
        let letter = self.rest()[1..].chars().next()?;
        let start = 1 + letters;
        let open = self.rest().get(start..)?.chars().next()?;
        let (open, close) = match open {
            '(' => ("(", ")"),
            '[' => ("[", "]"),
            '{' => ("{", "}"),
            '<' => ("<", ">"),
            '"' if self.rest()[start..].starts_with("\"\"\"") => ("", "\"\"\""),
            '\'' if self.rest()[start..].starts_with("'''") => ("", "'''"),
            '"' => ("", "\""),
            '\'' => ("", "'"),
            '/' => ("", "/"),
            '|' => ("", "|"),
            _ => {
                self.push(Kind::Mark('~'));
                self.at += 1;
                return Some(());
            }
        };
        let (body, length) = delimited(&self.rest()[start + close.len()..], open, close)?;
        if letter.eq_ignore_ascii_case(&'w') {
            self.push(Kind::Mark('['));
            for word in body.split_whitespace() {
                self.push(Kind::Text(word));
                self.push(Kind::Mark(','));
            }
            self.push(Kind::Mark(']'));
        } else {
            self.content(body, letter.is_ascii_lowercase())?;
        }
        self.skip(start + close.len() + length);
        Some(())
    }
}

/// The name that `text` begins with.
fn name(text: &str) -> &str {
    let end = text.find(|ch: char| !ch.is_alphanumeric() && ch != '_').unwrap_or(text.len());
    match text[end..].chars().next() {
        Some('?' | '!') if end > 0 && !text[end + 1..].starts_with('=') => &text[..=end],
        _ => &text[..end],
    }
}

/// The text up to the closing delimiter, and the length with it. Brackets within it are matched.
fn delimited<'t>(text: &'t str, open: &str, close: &str) -> Option<(&'t str, usize)> {
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let ch = rest.chars().next()?;
        if ch == '\\' {
            at += 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
        } else if rest.starts_with(close) {
            if depth == 0 {
                return Some((&text[..at], at + close.len()));
            }
            depth -= 1;
            at += close.len();
        } else if rest.starts_with("#{") && close != "}" {
            // Quotes within the code of an interpolation do not end the string.
            let (_, length) = delimited(&rest[2..], "{", "}")?;
            at += 2 + length;
        } else {
            depth += usize::from(!open.is_empty() && rest.starts_with(open));
            at += ch.len_utf8();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let shown = tokens(text).unwrap().into_iter().map(|token| match token.kind {
            Kind::Word(name) => name.to_owned(),
            Kind::Key(name) => format!("{name}:"),
            Kind::Symbol(name) => format!(":{name}"),
            Kind::Text(text) => format!("'{text}'"),
            Kind::Mixed(text) => format!("mixed'{text}'"),
            Kind::Mark(mark) => mark.to_string(),
            Kind::End => ";".to_owned(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn reads_tokens() {
        for (text, wanted) in [
            ("{:a, \"~> 1\", path: \"x\"} # c\n", "{ :a , '~> 1' , path: 'x' } ;"),
            (
                "import_config \"#{config_env()}.exs\"",
                "import_config mixed'#{config_env()}.exs' ( config_env ( ) )",
            ),
            ("\"a#{f(\"b\")}\"", "mixed'a#{f(\"b\")}' ( f ( 'b' ) )"),
            (
                "@doc \"\"\"\nFile.read \"x\"\n\"\"\"\ndef x, do: 1",
                "@ doc '\nFile.read \"x\"\n' ; def x , do:",
            ),
            ("~w(a b)a ~r/[\"#]/ ~S\"#{x}\"", "[ 'a' , 'b' , ] a '[\"#]' '#{x}'"),
            ("\"deps.get\": [\n'x'\n]", "deps.get: [ 'x' ]"),
            ("x = ?\" <> y?", "x = < > y?"),
            ("a\n|> b()\n", "a | > b ( ) ;"),
            ("&f/1, %{a: 1} \\\\ <<1::8>>", "& f / , % { a: } \\ \\ < < : > >"),
        ] {
            assert_eq!(shown(text), wanted, "{text}");
        }
    }

    #[test]
    fn strings_must_close() {
        for text in ["\"", "\"\"\"", "'", "~w(a", "\"#{\"", "~r/"] {
            assert_eq!(tokens(text), None, "{text}");
        }
        let sample =
            "@é \"a#{f(\"b\")}é\" |> x?()\n~w(é a)s ~S\"\"\"\né\n\"\"\" ?é ?\\\\n :\"a\" b: 'c' <<1::8>>";
        for end in (0..sample.len()).filter(|&end| sample.is_char_boundary(end)) {
            let _ = tokens(&sample[..end]);
        }
        for text in ["", ":", "?", "~", "~é", "\\", "é: 1", "~a", "~aé"] {
            let _ = tokens(text);
        }
    }
}
