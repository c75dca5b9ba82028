//! Compound commands: groups, conditions, loops.

use super::OpaqueReason;
use super::ast::{CompoundCommand, CompoundKind, List};
use super::cursor::{Reserved, Scanned, Scanner, is_name, is_name_start};
use super::grammar::ascii;
use super::word::{Arithmetic, Parts, Traits, Word, WordPart};

impl<'t> Scanner<'t> {
    /// Reads the compound command that starts here, if one does.
    pub(super) fn compound(&mut self) -> Scanned<Option<CompoundCommand<'t>>> {
        let start = self.pos;
        let reserved = self.reserved();
        if reserved.is_none() && self.byte(0) != Some(b'(') {
            return Ok(None);
        }
        self.enter()?;
        let mut compound = match reserved {
            None if self.byte(1) == Some(b'(') => self.arithmetic_command()?,
            None => self.subshell()?,
            Some(Reserved::OpenBrace) => self.brace_group()?,
            Some(Reserved::OpenTest) => self.test()?,
            Some(Reserved::If) => self.if_command()?,
            Some(Reserved::For) => self.for_command()?,
            Some(Reserved::Case) => self.case_command()?,
            Some(Reserved::While) => self.loop_command(Reserved::While, CompoundKind::While)?,
            Some(Reserved::Until) => self.loop_command(Reserved::Until, CompoundKind::Until)?,
            Some(Reserved::Select | Reserved::Coproc) => return self.opaque(OpaqueReason::RareCompound),
            Some(
                Reserved::Bang
                | Reserved::Time
                | Reserved::Function
                | Reserved::In
                | Reserved::CloseTest
                | Reserved::CloseBrace
                | Reserved::Then
                | Reserved::Elif
                | Reserved::Else
                | Reserved::Fi
                | Reserved::Esac
                | Reserved::Do
                | Reserved::Done,
            ) => return self.misplaced(),
        };
        let mut end = self.pos;
        loop {
            self.blanks();
            if !self.at_redirect()? {
                break;
            }
            compound.redirects.push(self.redirect()?);
            end = self.pos;
        }
        self.pos = end;
        compound.span = self.since(start);
        self.leave();
        Ok(Some(compound))
    }

    pub(super) fn new_compound(&self, kind: CompoundKind, lists: Vec<List<'t>>) -> CompoundCommand<'t> {
        let span = self.since(self.pos);
        CompoundCommand { span, kind, variable: None, words: Vec::new(), lists, redirects: Vec::new() }
    }

    fn subshell(&mut self) -> Scanned<CompoundCommand<'t>> {
        self.expect_byte(b'(')?;
        self.whole_operator(b"(")?;
        let list = self.commands()?;
        self.expect_byte(b')')?;
        Ok(self.new_compound(CompoundKind::Subshell, vec![list]))
    }

    fn brace_group(&mut self) -> Scanned<CompoundCommand<'t>> {
        self.expect(Reserved::OpenBrace)?;
        let list = self.commands()?;
        self.expect(Reserved::CloseBrace)?;
        Ok(self.new_compound(CompoundKind::Brace, vec![list]))
    }

    fn arithmetic_command(&mut self) -> Scanned<CompoundCommand<'t>> {
        let start = self.pos;
        self.pos += 2;
        let parts = self.arithmetic(b'(', b')')?;
        if !self.close_arithmetic()? {
            self.retry(start)?;
            return self.subshell();
        }
        // dash reads two subshells.
        self.note_bash(start);
        let span = self.since(start);
        let mut compound = self.new_compound(CompoundKind::Arithmetic, Vec::new());
        compound.words.push(Word {
            span,
            text: self.written_since(start),
            parts: Parts::One(WordPart::Arithmetic(Arithmetic { span, parts })),
            traits: Traits::default(),
        });
        Ok(compound)
    }

    fn if_command(&mut self) -> Scanned<CompoundCommand<'t>> {
        self.expect(Reserved::If)?;
        let mut lists = vec![self.commands()?];
        self.expect(Reserved::Then)?;
        lists.push(self.commands()?);
        while self.eat(Reserved::Elif) {
            lists.push(self.commands()?);
            self.expect(Reserved::Then)?;
            lists.push(self.commands()?);
        }
        if self.eat(Reserved::Else) {
            lists.push(self.commands()?);
        }
        self.expect(Reserved::Fi)?;
        Ok(self.new_compound(CompoundKind::If, lists))
    }

    fn loop_command(&mut self, word: Reserved, kind: CompoundKind) -> Scanned<CompoundCommand<'t>> {
        self.expect(word)?;
        let mut lists = vec![self.commands()?];
        lists.push(self.do_group()?);
        Ok(self.new_compound(kind, lists))
    }

    fn do_group(&mut self) -> Scanned<List<'t>> {
        self.expect(Reserved::Do)?;
        let list = self.commands()?;
        self.expect(Reserved::Done)?;
        Ok(list)
    }

    fn for_command(&mut self) -> Scanned<CompoundCommand<'t>> {
        self.expect(Reserved::For)?;
        self.blanks();
        if self.byte(0) == Some(b'(') {
            return self.opaque(OpaqueReason::RareCompound);
        }
        let name = self.pos;
        let rest = self.rest();
        if rest.first().copied().is_some_and(is_name_start) {
            self.pos += rest.iter().take_while(|&&byte| is_name(byte)).count();
        }
        if self.pos == name || !self.ends_word(self.pos) {
            return self.misplaced();
        }
        let variable = Some(ascii(self.text_since(name)));
        let words = self.loop_words()?;
        let list = self.do_group()?;
        Ok(CompoundCommand { variable, words, ..self.new_compound(CompoundKind::For, vec![list]) })
    }

    /// Reads `in words;` between the name and `do`, all of which may be missing.
    fn loop_words(&mut self) -> Scanned<Vec<Word<'t>>> {
        let mut words = Vec::new();
        self.blanks();
        if self.byte(0) == Some(b';') {
            self.pos += 1;
            self.linebreak()?;
            return Ok(words);
        }
        self.linebreak()?;
        if !self.eat(Reserved::In) {
            return Ok(words);
        }
        loop {
            self.blanks();
            match self.byte(0) {
                Some(b';') => {
                    self.pos += 1;
                    break;
                }
                Some(b'\n') => break,
                _ => words.push(self.word()?),
            }
        }
        self.linebreak()?;
        Ok(words)
    }

    fn case_command(&mut self) -> Scanned<CompoundCommand<'t>> {
        self.expect(Reserved::Case)?;
        self.blanks();
        let mut words = vec![self.word()?];
        let mut lists = Vec::new();
        self.linebreak()?;
        if !self.eat(Reserved::In) {
            return self.misplaced();
        }
        loop {
            self.linebreak()?;
            if self.eat(Reserved::Esac) {
                break;
            }
            self.case_patterns(&mut words)?;
            lists.push(self.list()?);
            let end = self.pos;
            match self.rest() {
                [b';', b';', b'&', ..] => self.pos += 3,
                [b';', b';' | b'&', ..] => self.pos += 2,
                _ => {
                    self.expect(Reserved::Esac)?;
                    break;
                }
            }
            if self.text_since(end).ends_with(b"&") {
                self.note_bash(end);
            }
        }
        Ok(CompoundCommand { words, ..self.new_compound(CompoundKind::Case, lists) })
    }

    fn case_patterns(&mut self, words: &mut Vec<Word<'t>>) -> Scanned<()> {
        if self.byte(0) == Some(b'(') {
            self.pos += 1;
            self.blanks();
        }
        loop {
            words.push(self.word()?);
            self.blanks();
            match self.byte(0) {
                Some(b'|') => self.pos += 1,
                Some(b'(') => return self.opaque(OpaqueReason::Parenthesis),
                _ => return self.expect_byte(b')'),
            }
            self.blanks();
        }
    }
}
