//! What the commands of a RUN do, piece by piece.

use dockfix_ecosystems::{Ecosystem, Usage, UsageKind, plain, recognise};
use dockfix_model::build::Step;
use dockfix_model::commands::{Action, Chain, Invocation, Link, Opaque};
use dockfix_model::effects::{Effects, Paths};
use dockfix_syntax::Keyword;
use dockfix_syntax::view::{Copy, Variables, argument};

use crate::reading::Reading;

/// The links of a RUN with what is known of them.
pub(crate) struct Analysis<'a> {
    /// The chain that was read.
    pub(crate) chain: Chain<'a>,
    /// What each link does, in the order of the chain's links.
    pub(crate) pieces: Vec<Piece<'a>>,
}

/// A link of a RUN.
pub(crate) struct Piece<'a> {
    /// The commands of package managers in it.
    pub(crate) managed: Vec<Managed<'a>>,
    /// What all its commands read and write, projects of package managers left out; opaque where one is not known.
    pub(crate) effects: Effects,
    /// It does nothing but change the shell: `cd`, `export`, `set`.
    pub(crate) is_shell_state: bool,
    /// The first command that is not known, for messages: its program, or what kind of syntax it is.
    pub(crate) unknown: Option<String>,
}

/// A command of a package manager.
pub(crate) struct Managed<'a> {
    /// The command.
    pub(crate) command: Invocation<'a>,
    /// Its manager.
    pub(crate) ecosystem: &'static dyn Ecosystem,
    /// What it does.
    pub(crate) usage: Usage,
}

impl<'a> Analysis<'a> {
    /// Reads the RUN of a step.
    ///
    /// # Errors
    ///
    /// When nothing of it can be read.
    pub(crate) fn of(step: &Step<'a>) -> Result<Self, Opaque> {
        let chain = Chain::of(&step.instruction, &step.state)?;
        let pieces = chain.links.iter().map(|link| piece(link, step)).collect();
        Ok(Self { chain, pieces })
    }

    /// Every command of a package manager, in order.
    pub(crate) fn managed(&self) -> impl Iterator<Item = &Managed<'a>> {
        self.pieces.iter().flat_map(|piece| &piece.managed)
    }

    /// The effects of the whole RUN, projects left out.
    pub(crate) fn effects(&self) -> Effects {
        self.pieces.iter().fold(Effects::none(), |sum, piece| sum.and(piece.effects.clone()))
    }

    /// The first command that is not known.
    pub(crate) fn unknown(&self) -> Option<&str> {
        self.pieces.iter().find_map(|piece| piece.unknown.as_deref())
    }
}

fn piece<'a>(link: &Link<'a>, step: &Step<'a>) -> Piece<'a> {
    let mut piece =
        Piece { managed: Vec::new(), effects: Effects::none(), is_shell_state: true, unknown: None };
    read_action(&link.action, step, &mut piece);
    piece
}

fn read_action<'a>(action: &Action<'a>, step: &Step<'a>, piece: &mut Piece<'a>) {
    match action {
        Action::Opaque(reason) => add_unknown(piece, reason.to_string()),
        Action::Nested(links) => {
            piece.is_shell_state = false;
            for link in links {
                // What the inner shell changes ends with it.
                read_action(&link.action, step, piece);
            }
            piece.is_shell_state = false;
        }
        Action::Pipeline(commands) => {
            for command in commands {
                piece.is_shell_state &= commands.len() == 1 && plain::changes_shell_state(command);
                read_command(command, step, piece);
            }
        }
    }
}

fn read_command<'a>(command: &Invocation<'a>, step: &Step<'a>, piece: &mut Piece<'a>) {
    let effects = if let Some((ecosystem, usage)) = recognise(command, &step.state) {
        let effects = usage.effects.clone().and(redirections(command));
        piece.managed.push(Managed { command: command.clone(), ecosystem, usage });
        effects
    } else if let Some(effects) = plain::effects(command, &step.state) {
        effects
    } else {
        let name = if command.program.is_empty() { "an assignment" } else { &command.program };
        return add_unknown(piece, format!("`{name}`"));
    };
    piece.effects = std::mem::replace(&mut piece.effects, Effects::none()).and(effects);
}

/// The files that a command's redirections name; `plain` counts them itself.
fn redirections(command: &Invocation<'_>) -> Effects {
    let mut effects = Effects::none();
    for (is_written, path) in &command.redirects {
        let paths = path.as_ref().map_or(Paths::All, |path| Paths::Below(vec![path.clone()]));
        let side = if *is_written { &mut effects.writes } else { &mut effects.reads };
        *side = std::mem::replace(side, Paths::none()).and(paths);
    }
    effects
}

fn add_unknown(piece: &mut Piece<'_>, name: String) {
    piece.unknown.get_or_insert(name);
    piece.effects = Effects::opaque();
    piece.is_shell_state = false;
}

/// Whether a kind of command works on a project.
pub(crate) fn has_project(kind: UsageKind) -> bool {
    matches!(kind, UsageKind::Install | UsageKind::Build)
}

/// What an instruction does besides its own business that others may depend on.
pub(crate) struct StepEffects {
    /// Paths it reads and writes.
    pub(crate) files: Effects,
    /// Names of variables that it sets for what follows.
    pub(crate) sets: Vec<String>,
    /// It changes who runs what follows, or by which shell.
    pub(crate) changes_run: bool,
}

impl StepEffects {
    /// The effects of any instruction.
    pub(crate) fn of(reading: &Reading<'_>, step: &Step<'_>) -> Self {
        let instruction = &step.instruction;
        let escape = instruction.file().escape();
        let mut effects = Self { files: Effects::none(), sets: Vec::new(), changes_run: false };
        match instruction.keyword() {
            Keyword::Run => {
                effects.files = reading.run(step).map_or_else(|_| Effects::opaque(), Analysis::effects)
            }
            Keyword::Copy | Keyword::Add => {
                let target =
                    Copy::of(instruction).and_then(|copy| step.state.path(&copy.destination.text, escape));
                effects.files.writes = target.map_or(Paths::All, |target| Paths::Below(vec![target]));
            }
            Keyword::Workdir => {
                let path = argument(instruction).and_then(|path| step.state.path(&path.text, escape));
                effects.files.writes = path.map_or(Paths::All, |path| Paths::Below(vec![path]));
            }
            Keyword::Env | Keyword::Arg => {
                let set = Variables::of(instruction).map_or_else(Vec::new, |view| view.assigned);
                effects.sets = set.into_iter().map(|set| set.name.text.into_owned()).collect();
            }
            Keyword::User | Keyword::Shell => effects.changes_run = true,
            Keyword::Volume => effects.files.writes = Paths::All,
            Keyword::From | Keyword::Unknown => effects.files = Effects::opaque(),
            Keyword::Cmd
            | Keyword::Entrypoint
            | Keyword::Expose
            | Keyword::Healthcheck
            | Keyword::Label
            | Keyword::Maintainer
            | Keyword::Onbuild
            | Keyword::Stopsignal => {}
        }
        effects
    }

    /// Whether a RUN with effects `run` means the same on the other side of this instruction.
    pub(crate) fn commutes_with(&self, run: &Effects) -> bool {
        !self.changes_run
            && !self.files.conflicts(run)
            && !self.sets.iter().any(|name| run.environment.contains(name))
    }
}
