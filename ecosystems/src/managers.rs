//! Which managers a command or a script may call, by the names of their programs.

use std::sync::LazyLock;

use dockfix_model::State;
use dockfix_model::commands::Invocation;
use rustc_hash::FxHashMap;

use crate::{ALL, Ecosystem, Usage};

/// The manager whose command this is, and what it does.
#[must_use]
pub fn recognise(command: &Invocation<'_>, state: &State) -> Option<(&'static dyn Ecosystem, Usage)> {
    managers_of(&command.program).iter().find_map(|&number| {
        let ecosystem = ALL[number];
        ecosystem.recognise(command, state).map(|usage| (ecosystem, usage))
    })
}

/// Some of the managers in [`ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Managers {
    /// Bit `n` stands for the manager number `n`.
    bits: u64,
}

const _: () = assert!(ALL.len() <= u64::BITS as usize);

impl Managers {
    /// Those whose command a program may be ([`Ecosystem::programs`]). Most programs are of none.
    #[must_use]
    pub fn of(program: &str) -> Self {
        Self { bits: managers_of(program).iter().fold(0, |bits, number| bits | 1 << number) }
    }

    /// Those of which a word of a script, wherever it stands, names a program. For any other manager, [`recognise`] finds no
    /// command in the script, unless the program's name is made of quoted pieces or comes out of a variable.
    #[must_use]
    pub fn named_in(script: &[u8]) -> Self {
        let mut all = Self::default();
        let mut start = 0;
        for end in 0..=script.len() {
            if script.get(end).is_some_and(|byte| IS_PART[usize::from(*byte)]) {
                continue;
            }
            if let Some(word) = script.get(start..end).filter(|word| NAMES.may_hold(word))
                && let Ok(word) = std::str::from_utf8(word)
            {
                all = all.and(Self::of(word));
            }
            start = end + 1;
        }
        all
    }

    /// These and others.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self { bits: self.bits | others.bits }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// Whether a manager is among them.
    #[must_use]
    pub fn holds(self, manager: &dyn Ecosystem) -> bool {
        self.iter().any(|one| one.name() == manager.name())
    }

    /// The managers, in the order of [`ALL`].
    pub fn iter(self) -> impl Iterator<Item = &'static dyn Ecosystem> {
        ALL.iter()
            .enumerate()
            .filter(move |(number, _)| self.bits >> number & 1 == 1)
            .map(|(_, manager)| *manager)
    }
}

/// The numbers of the managers whose command a program may be, in order.
fn managers_of(program: &str) -> &'static [usize] {
    NAMES.managers.get(without_version(program)).map_or(&[], Vec::as_slice)
}

/// The bytes that names of programs are made of.
const IS_PART: [bool; 256] = {
    let mut is_part = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        is_part[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'-' | b'_' | b'.');
        byte += 1;
    }
    is_part
};

/// The names of all programs.
struct Names {
    /// The numbers of the managers that each may be of, in order.
    managers: FxHashMap<&'static str, Vec<usize>>,
    /// For the lower five bits of a name's first byte, which second bytes names have, by theirs: every script is searched,
    /// and most words are ruled out by this alone.
    beginnings: [u32; 32],
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names { managers: FxHashMap::default(), beginnings: [0; 32] };
    for (number, ecosystem) in ALL.iter().enumerate() {
        for program in ecosystem.programs() {
            names.managers.entry(*program).or_default().push(number);
            if let [first, second, ..] = program.as_bytes() {
                names.beginnings[usize::from(first % 32)] |= 1 << (second % 32);
            }
        }
    }
    names
});

impl Names {
    /// Whether a word may be one of them; no name has a single letter.
    fn may_hold(&self, word: &[u8]) -> bool {
        matches!(word, [first, second, ..] if self.beginnings[usize::from(first % 32)] >> (second % 32) & 1 == 1)
    }
}

/// The name of a program without the version that may stand behind it: `pip` for `pip3.12`.
#[must_use]
pub fn without_version(program: &str) -> &str {
    let is_version = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let version = program.bytes().rev().take_while(is_version).count();
    &program[..program.len() - version]
}
