//! What the commands of a RUN do, piece by piece.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use dockfix_ecosystems::{Ecosystem, Usage, UsageKind, plain, recognise};
use dockfix_model::State;
use dockfix_model::build::Step;
use dockfix_model::commands::{Action, Chain, Invocation, Opaque};
use dockfix_model::effects::{Effects, Names, Paths};
use dockfix_syntax::Keyword;
use dockfix_syntax::view::{Copy, Variables, argument};

use crate::reading::Reading;

/// The links of a RUN with what is known of them.
pub(crate) struct Analysis<'a> {
    /// The chain that was read.
    pub(crate) chain: Chain<'a>,
    /// What each link does, in the order of the chain's links.
    pub(crate) pieces: Rc<[Piece<'a>]>,
    state: Arc<State>,
}

/// A link of a RUN.
pub(crate) struct Piece<'a> {
    /// The commands of package managers in it.
    pub(crate) managed: Vec<Managed<'a>>,
    /// It does nothing but change the shell: `cd`, `export`, `set`.
    pub(crate) is_shell_state: bool,
    /// Worked out when somebody asks: most RUNs are of no interest to anybody.
    judgement: OnceCell<Judgement>,
}

/// What a link touches.
struct Judgement {
    /// What all its commands read and write, projects of package managers left out; opaque where one is not known.
    effects: Effects,
    /// The first command that is not known, for messages: its program, or what kind of syntax it is.
    unknown: Option<String>,
}

/// A command of a package manager.
pub(crate) struct Managed<'a> {
    /// The pipeline that it stands in, and its number there.
    pipeline: Rc<[Invocation<'a>]>,
    number: usize,
    /// Its manager.
    pub(crate) ecosystem: &'static dyn Ecosystem,
    /// What it does.
    pub(crate) usage: Usage,
}

impl<'a> Managed<'a> {
    /// The command.
    pub(crate) fn command(&self) -> &Invocation<'a> {
        &self.pipeline[self.number]
    }
}

impl<'a> Analysis<'a> {
    /// Reads the RUN of a step.
    ///
    /// # Errors
    ///
    /// When nothing of it can be read.
    pub(crate) fn of(step: &Step<'a>) -> Result<Self, Opaque> {
        let chain = Chain::of(&step.instruction, &step.state)?;
        let pieces = chain.links.iter().map(|link| Piece::of(&link.action, &step.state)).collect();
        Ok(Self { chain, pieces, state: Arc::clone(&step.state) })
    }

    /// The same for a RUN that has other flags and runs the same script, in a later state of the file; `None` where it
    /// differs in more. What holds before both must be the same.
    pub(crate) fn with_other_flags(&self, step: &Step<'a>) -> Option<Self> {
        let chain = self.chain.with_other_flags(&step.instruction)?;
        Some(Self { chain, pieces: Rc::clone(&self.pieces), state: Arc::clone(&step.state) })
    }

    /// What holds at the RUN.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Every command of a package manager, in order.
    pub(crate) fn managed(&self) -> impl Iterator<Item = &Managed<'a>> {
        self.pieces.iter().flat_map(|piece| &piece.managed)
    }

    /// The effects of link `number`, projects left out; opaque where a command in it is not known.
    pub(crate) fn effects_of(&self, number: usize) -> Effects {
        self.judgement(number).map_or_else(Effects::opaque, |judgement| judgement.effects.clone())
    }

    /// The first command of link `number` that is not known.
    pub(crate) fn unknown_in(&self, number: usize) -> Option<&str> {
        self.judgement(number).and_then(|judgement| judgement.unknown.as_deref())
    }

    /// The effects of the whole RUN, projects left out.
    pub(crate) fn effects(&self) -> Effects {
        (0..self.pieces.len()).fold(Effects::none(), |sum, number| sum.and(self.effects_of(number)))
    }

    /// The first command that is not known.
    pub(crate) fn unknown(&self) -> Option<&str> {
        (0..self.pieces.len()).find_map(|number| self.unknown_in(number))
    }

    /// The variables that the RUN reads besides those that its text names.
    ///
    /// # Errors
    ///
    /// The first command that may read any variable.
    pub(crate) fn variables(&self) -> Result<Names, &str> {
        (0..self.pieces.len()).try_fold(Names::none(), |sum, number| {
            let read = match self.unknown_in(number) {
                None => self.effects_of(number).environment,
                Some(unknown) => self.variables_of(number).ok_or(unknown)?,
            };
            Ok(sum.and(read))
        })
    }

    /// The variables that the commands of a link read although more of them is not known.
    fn variables_of(&self, number: usize) -> Option<Names> {
        let (piece, link) = (self.pieces.get(number)?, self.chain.links.get(number)?);
        let Action::Pipeline(commands) = &link.action else { return None };
        if !piece.managed.is_empty() {
            return None;
        }
        commands
            .iter()
            .try_fold(Names::none(), |sum, command| Some(sum.and(plain::variables(command, &self.state)?)))
    }

    fn judgement(&self, number: usize) -> Option<&Judgement> {
        let (piece, link) = (self.pieces.get(number)?, self.chain.links.get(number)?);
        Some(piece.judgement.get_or_init(|| {
            let mut judgement = Judgement { effects: Effects::none(), unknown: None };
            judgement.add_action(&link.action, &piece.managed, &self.state);
            judgement
        }))
    }
}

impl<'a> Piece<'a> {
    fn of(action: &Action<'a>, state: &State) -> Self {
        let mut piece = Self { managed: Vec::new(), is_shell_state: true, judgement: OnceCell::new() };
        piece.read(action, state);
        piece
    }

    fn read(&mut self, action: &Action<'a>, state: &State) {
        match action {
            Action::Opaque(_) => self.is_shell_state = false,
            Action::Nested(links) => {
                links.iter().for_each(|link| self.read(&link.action, state));
                // What the inner shell changes ends with it.
                self.is_shell_state = false;
            }
            Action::Pipeline(commands) => {
                for (number, command) in commands.iter().enumerate() {
                    self.is_shell_state &= commands.len() == 1 && plain::changes_shell_state(command);
                    if let Some((ecosystem, mut usage)) = recognise(command, state) {
                        if !command.substituted.is_empty() {
                            let own = std::mem::replace(&mut usage.effects, Effects::opaque());
                            let beside = plain::of_substituted(command, state);
                            usage.effects = beside.map_or_else(Effects::opaque, |beside| own.and(beside));
                        }
                        let pipeline = Rc::clone(commands);
                        // Nearly always it is the only one.
                        self.managed.reserve_exact(1);
                        self.managed.push(Managed { pipeline, number, ecosystem, usage });
                    }
                }
            }
        }
    }
}

impl Judgement {
    fn add_action(&mut self, action: &Action<'_>, managed: &[Managed<'_>], state: &State) {
        match action {
            Action::Opaque(reason) => self.add_unknown(reason.to_string()),
            Action::Nested(links) => {
                links.iter().for_each(|link| self.add_action(&link.action, managed, state));
            }
            Action::Pipeline(commands) => {
                commands.iter().for_each(|command| self.add_command(command, managed, state));
            }
        }
    }

    fn add_command(&mut self, command: &Invocation<'_>, managed: &[Managed<'_>], state: &State) {
        let known = managed.iter().find(|managed| managed.command().span == command.span);
        let effects = match known {
            Some(managed) if managed.usage.effects == Effects::opaque() => {
                return self.add_unknown(format!("`{}`", command.program));
            }
            Some(managed) => managed.usage.effects.clone().and(redirections(command)),
            None => match plain::effects(command, state) {
                Some(effects) => effects,
                None if plain::of_substituted(command, state).is_none() => {
                    return self.add_unknown("a command substitution".to_owned());
                }
                None if command.program.is_empty() => return self.add_unknown("an assignment".to_owned()),
                None => return self.add_unknown(format!("`{}`", command.program)),
            },
        };
        if self.unknown.is_none() {
            self.effects = std::mem::replace(&mut self.effects, Effects::none()).and(effects);
        }
    }

    fn add_unknown(&mut self, name: String) {
        self.unknown.get_or_insert(name);
        self.effects = Effects::opaque();
    }
}

/// The files that a command's redirections name; `plain` counts them itself.
fn redirections(command: &Invocation<'_>) -> Effects {
    let mut effects = Effects::none();
    for (is_written, path) in &command.redirects {
        let paths = path.as_ref().map_or(Paths::All, |path| Paths::below(vec![path.clone()]));
        let side = if *is_written { &mut effects.writes } else { &mut effects.reads };
        *side = std::mem::replace(side, Paths::none()).and(paths);
    }
    effects
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
                effects.files.writes = target.map_or(Paths::All, |target| Paths::below(vec![target]));
            }
            Keyword::Workdir => {
                let path = argument(instruction).and_then(|path| step.state.path(&path.text, escape));
                effects.files.writes = path.map_or(Paths::All, |path| Paths::below(vec![path]));
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
