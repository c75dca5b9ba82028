//! What the transforms ask of a package manager.

use std::ops::Range;
use std::sync::LazyLock;

use dockfix_model::commands::Invocation;
use dockfix_model::effects::{Effects, Names};
use dockfix_model::project::Project;
use dockfix_model::{ImagePath, State};
use dockfix_syntax::Span;
use rustc_hash::FxHashMap;

use crate::SettingsFiles;

/// A package manager.
pub trait Ecosystem: Sync {
    /// Its name in messages and in the documentation: `npm`, `pip`.
    fn name(&self) -> &'static str;

    /// The names of its programs, and of those that run them (`python`); behind each of them a version may stand
    /// (`pip3.12`). A command of any other program is none of this manager's.
    fn programs(&self) -> &'static [&'static str];

    /// What `command` does, if it is one of this manager's; `state` is what holds at its RUN. `None` for any other
    /// command, and for commands of this manager that may read or write anything (`npm run build`): those are opaque.
    fn recognise(&self, command: &Invocation<'_>, state: &State) -> Option<Usage>;

    /// What an [`UsageKind::Install`] or [`UsageKind::Build`] needs from its project; `state` is what holds at its RUN.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] when the command reads more than can be told, or what cannot be copied apart from the sources.
    /// The reason names file and line. A manager of whole systems has no projects, and is never asked.
    fn needs(&self, _: &Invocation<'_>, _: &Usage, _: &State, _: &Project<'_>) -> Result<Needs, Refusal> {
        Err(Refusal::new(format!("it is not known what {} reads of a project", self.name())))
    }

    /// Whether `other`, another command of the same image, makes `command` read more of its project than [`Self::needs`] tells: it
    /// installs plugins for all of a user's projects. Asked of commands of [`Self::programs`].
    fn is_extended_by(&self, _: &Invocation<'_>, _other: &Invocation<'_>, _: &Project<'_>) -> bool {
        false
    }

    /// The caches the command fills and how to make it use them; an empty plan where it has none worth mounting.
    /// `project` is given where the command has one and the build context is known.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] when the directory cannot be told or a mount would do harm.
    fn caches(
        &self,
        _command: &Invocation<'_>,
        _usage: &Usage,
        _state: &State,
        _project: Option<&Project<'_>>,
    ) -> Result<CachePlan, Refusal> {
        Ok(CachePlan::default())
    }

    /// What follows the names of its programs in commands that download: `install`, `mod download`. Where such a command is not
    /// [recognised](Self::recognise), it is told of.
    fn downloads_by(&self) -> &'static [&'static str] {
        &[]
    }

    /// Why such a command is not recognised, where that is not a matter of its words: `Go 1.9 has no modules`.
    fn unread_because(&self, _: &Invocation<'_>, _: &State) -> Option<String> {
        None
    }

    /// The names of the programs, of this manager or another, whose commands write its settings; without any version, as in
    /// [`Self::programs`]. None for a manager whose caches no command moves.
    fn configured_by(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether a command of one of [`Self::configured_by`] writes settings that may put the manager's caches elsewhere, switch
    /// them off, or change what is kept in them: `npm config set cache /c`. [`Self::caches`] does not see what such a command
    /// has left behind.
    fn is_moved_by(&self, _: &Invocation<'_>) -> bool {
        false
    }

    /// The files in which people write where its caches lie, for files that a COPY brings.
    fn settings_files(&self) -> SettingsFiles {
        SettingsFiles::NONE
    }

    /// Whether `other`, a command of the same image, leaves it open what a mount for a cache of `command` would do: it may
    /// move the cache, or keep something beside it that the mount would move. Asked of every command of one of
    /// [`Self::configured_by`].
    fn unsettles(
        &self,
        _command: &Invocation<'_>,
        _state: &State,
        _cache: &Cache,
        _other: &Invocation<'_>,
    ) -> bool {
        false
    }

    /// What the command does with an index of packages that lies in the image and may be too old one day; `None` where
    /// it looks after that itself.
    fn index_use(&self, _: &Invocation<'_>) -> Option<IndexUse> {
        None
    }

    /// Whether its [`UsageKind::CleanCache`] empties the index too, and not only what was downloaded.
    fn cleans_index(&self) -> bool {
        false
    }

    /// Whether `command`, another of this manager's or one that is not read further, would fail or download again if what
    /// `earlier` leaves in its caches were gone; the same command stands for both where it needs what was there before.
    fn lives_off(&self, _command: &Invocation<'_>, _: &State, _earlier: &Invocation<'_>) -> bool {
        false
    }

    /// Whether `other`, a command of the same RUN, installs what it runs into the manager's cache, to find it there when the image
    /// is run: with a mount the image would not have it, and another image would. `project` is that of the root directory, where
    /// the build context is known.
    fn installs_into_cache(&self, _other: &Invocation<'_>, _project: Option<&Project<'_>>) -> bool {
        false
    }

    /// Fails where the command would take from the cache what was built before of something else: for another machine, or of what
    /// an address held at that time. Part of [`Self::caches`], and asked of the other commands of a RUN that gets the mount.
    ///
    /// # Errors
    ///
    /// What it would take.
    fn check_built(&self, _: &Invocation<'_>, _: &State, _: Option<&Project<'_>>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Whether `command`, one that gets no options for a mount, would take from the cache what it fetches anew as long as there is
    /// none: an index that another build has left there, of another platform or some days old.
    fn trusts_cache(&self, _command: &Invocation<'_>) -> bool {
        false
    }

    /// Whether its caches also keep what it has compiled, for whatever image takes it: not only downloads. What was compiled
    /// with one C library does not run with another.
    fn keeps_compiled(&self) -> bool {
        false
    }

    /// The package that `earlier`, a command of the same image, installs and against which `command` may compile what it keeps in
    /// its caches, so that it must not take what was compiled against another version.
    fn compiles_against(
        &self,
        _command: &Invocation<'_>,
        _project: Option<&Project<'_>>,
        _earlier: &Invocation<'_>,
    ) -> Option<&'static str> {
        None
    }

    /// Whether a directory of [`Self::caches`] holds no packages, but what the manager knows of those that there are. Unlike an
    /// [`CacheKind::Index`], it looks after that itself.
    fn keeps_catalogue_in(&self, _directory: &ImagePath) -> bool {
        false
    }

    /// Other places where people mount a cache for this manager: who has one there needs no other.
    fn other_caches(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether the command installs packages by that index, or by one that it fetches itself.
    fn installs(&self, command: &Invocation<'_>) -> bool {
        self.index_use(command) == Some(IndexUse::Reads)
    }

    /// Whether the command replaces what is installed by what is newest: `apt-get upgrade`. Its result is another one each day,
    /// and that is what it is for.
    fn upgrades(&self, _: &Invocation<'_>) -> bool {
        false
    }

    /// Whether an install of a project removes packages that an earlier one there has installed and that it does not ask for
    /// itself: development dependencies.
    fn removes_extraneous(&self, _: &Invocation<'_>) -> bool {
        false
    }

    /// What the command compiles and keeps beside its project, for the next time; `None` where it keeps nothing.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] when where it lies cannot be told.
    fn compiled(
        &self,
        _: &Invocation<'_>,
        _: &Usage,
        _: &State,
        _: &Project<'_>,
    ) -> Result<Option<Compiled>, Refusal> {
        Ok(None)
    }

    /// The tool by which what a command takes from others can be compiled in a step of its own, before the sources are
    /// there.
    fn planner(&self) -> Option<&'static Planner> {
        None
    }

    /// How the [`Planner`] does that for a command; `None` where the command compiles nothing.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] when the tool would not do for this command or this project.
    fn planned(
        &self,
        _: &Invocation<'_>,
        _: &Usage,
        _: &State,
        _: &Project<'_>,
    ) -> Result<Option<Planned>, Refusal> {
        Ok(None)
    }

    /// Whether a path below the directory of [`Self::compiled`] is that of a file which the command makes for others to
    /// use: a program, a library.
    fn makes(&self, _: &Invocation<'_>, _: &str) -> bool {
        false
    }

    /// Entries of `.dockerignore` for what the manager writes into a project (`**/node_modules`): files that an install
    /// in the image makes itself and that must not come from the host.
    fn ignored(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether settings decide if its [`Needs::outputs`] are made at all, or elsewhere.
    fn may_put_outputs_elsewhere(&self) -> bool {
        false
    }

    /// The names of the files in which people write what a project needs, as patterns of file names
    /// ([`dockfix_model::pattern`]); none for a manager of whole systems. They tell of what kind a file is when somebody
    /// edits it, not what an install reads: that is [`Self::needs`].
    fn manifests(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether its commands name the manifests they read, as pip's `-r` does, so that another one beside those is none of
    /// theirs.
    fn names_manifests(&self) -> bool {
        false
    }

    /// The names of the files in which the manager itself writes the versions it chose.
    fn lock_files(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether the manager works as root alone, through `sudo` or otherwise, so that its caches are root's whoever USER
    /// is.
    fn is_for_root(&self) -> bool {
        false
    }
}

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Which kind of command it is.
    pub kind: UsageKind,
    /// The project's directory, where the command works on one and the directory is known.
    pub directory: Option<ImagePath>,
    /// What it reads and writes besides what [`Needs`] names: system directories, caches, the user's home; and the
    /// variables it reads. For a kind that has no project this is all.
    pub effects: Effects,
    /// It runs code of the packages it installs (install scripts, build back ends, maintainer scripts), which may read
    /// any variable, though none of the file's own unless somebody named it there.
    pub runs_package_code: bool,
}

/// The kinds of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageKind {
    /// Installs what the project's manifests ask for and reads nothing of the project but what [`Needs`] lists.
    Install,
    /// Reads the project's sources, but first downloads what its manifests ask for, which a command of its own can do
    /// before the sources are there ([`Needs::prefetch`]).
    Build,
    /// Installs packages that the command line names, or refreshes an index; reads no project.
    Packages,
    /// Shows or changes the manager's settings: downloads nothing.
    Settings,
    /// Empties the manager's caches, where they lie for every other command too, and does nothing else.
    CleanCache,
}

/// What a command needs from its project, in paths of the image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Files it reads. Every one of them is in the project; those that must not be there are not listed.
    pub files: Vec<ImagePath>,
    /// Directories it reads as a whole.
    pub directories: Vec<ImagePath>,
    /// What it writes into the project: a later COPY must not bring these paths from the context.
    pub outputs: Vec<ImagePath>,
    /// Files among `files` that it may write again with other contents, such as a lock file it completes.
    pub rewritten: Vec<ImagePath>,
    /// Those among `rewritten` that do not fit the manifests: it is certain to write them again, and they say something else
    /// then.
    pub stale: Vec<Stale>,
    /// The command that downloads without sources, run in the project's directory. For an `Install` it is a form of the
    /// command that leaves out the project itself (`poetry install --no-root`), and the original command stays below
    /// the sources; `None` where the install needs no sources at all. A `Build` always has one.
    pub prefetch: Option<String>,
    /// Names of environment variables that its configuration files mention (`${NPM_TOKEN}` in .npmrc).
    pub variables: Vec<String>,
}

/// A lock file that does not fit the manifests any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The lock file.
    pub lock: ImagePath,
    /// What it lacks: `package.json:5 asks for left-pad ^2.0.0, which package-lock.json does not list`.
    pub why: String,
}

/// What a command compiles and keeps beside its project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// What the project calls itself.
    pub name: String,
    /// The directory that holds all its sources: `/app`.
    pub sources: ImagePath,
    /// The pattern of the names of source files, whose time stamps decide what is compiled anew.
    pub source_names: &'static str,
    /// Where the output lies: `/app/target`.
    pub directory: ImagePath,
    /// The variable that puts it elsewhere; `None` where the command says itself where it goes.
    pub variable: Option<&'static str>,
    /// A directory outside of every project where it may lie instead.
    pub elsewhere: ImagePath,
    /// The command itself copies what it makes to where it is used.
    pub is_installed: bool,
}

/// A tool that compiles what the commands of a manager take from others, by a plan that it makes of the manifests.
#[derive(Debug, PartialEq, Eq)]
pub struct Planner {
    /// What it is called: `cargo-chef`.
    pub name: &'static str,
    /// What every file says in some instruction that uses it, in lower case.
    pub mark: &'static str,
    /// The command that makes the plan of the project's files, in their directory.
    pub prepare: &'static str,
    /// The file that holds the plan, below that directory.
    pub plan: &'static str,
    /// What to call the stages that have the tool and that make the plan.
    pub stages: [&'static str; 2],
    /// The variables that the tool itself reads, as patterns of names.
    pub variables: &'static [&'static str],
}

/// How a [`Planner`] compiles what a command takes from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The command that installs the tool in the base image.
    pub install: &'static str,
    /// Where the program of the tool is after its installation.
    pub program: ImagePath,
    /// The directory of the project, in which all of the commands run.
    pub directory: ImagePath,
    /// Where the output lies.
    pub output: ImagePath,
    /// The command that compiles by the plan, with what the original command is told.
    pub cook: String,
}

/// Caches to mount for a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CachePlan {
    /// The directories.
    pub caches: Vec<Cache>,
    /// Changes of the command that the mounts want: a flag that turns the cache off goes, one that keeps downloads
    /// comes.
    pub edits: Vec<CommandEdit>,
}

/// A cache directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// The directory to mount.
    pub directory: ImagePath,
    /// Whether anything else reads it.
    pub kind: CacheKind,
    /// Whether the manager can stand other builds in the directory at the same time.
    pub sharing: Sharing,
}

/// Who reads a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheKind {
    /// Nobody but the manager, which can do without: may always be mounted.
    Pure,
    /// Nobody but the manager, for which it holds what was compiled: it can do without, but begins anew each time. May be
    /// mounted where no later command that is not known may compile with it.
    Compiled,
    /// Later commands, or the running image: may be mounted only where every later reader has the same mount.
    Store,
    /// Commands of the manager, which fail without what another of its commands fetched: package lists. A mount hides
    /// what earlier layers hold there and leaves nothing for later ones. So it may be mounted only in a RUN whose first
    /// command to use it fills it, and only where no RUN after that, here or in a stage built on this one, reads it
    /// before filling it itself; a RUN that removes its contents again leaves nothing to read anyway.
    Index(IndexUse),
}

/// What a command does with an index that its manager keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexUse {
    /// Brings it up to date: `apt-get update`.
    Fills,
    /// Relies on what is there: `apt-get install`.
    Reads,
}

/// The `sharing` of a cache mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Several builds at once.
    Shared,
    /// One after the other.
    Locked,
}

/// A change within a command; spans are those of its [`Invocation`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandEdit {
    /// This argument goes.
    Remove(Span),
    /// This argument becomes another.
    Replace(Span, String),
    /// These words come right after this one.
    InsertAfter(Span, String),
}

/// Why something is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// One sentence without a full stop, naming file and line of the build context where there is one:
    /// `requirements.txt:3 installs ./vendored/lib, which lies outside the manifests`.
    pub reason: String,
    /// The directory that will not be mounted, where a cache is refused and it is known: who has a mount there himself needs no
    /// advice.
    pub cache: Option<ImagePath>,
}

impl Refusal {
    /// A refusal for this reason.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), cache: None }
    }

    /// The same for a cache in this directory.
    #[must_use]
    pub fn of_cache(self, directory: &ImagePath) -> Self {
        Self { cache: Some(directory.clone()), ..self }
    }
}

/// The manager whose command this is, and what it does.
#[must_use]
pub fn recognise(command: &Invocation<'_>, state: &State) -> Option<(&'static dyn Ecosystem, Usage)> {
    let (ecosystem, mut usage) = managers_of(&command.program)
        .iter()
        .find_map(|ecosystem| ecosystem.recognise(command, state).map(|usage| (*ecosystem, usage)))?;
    if usage.kind == UsageKind::CleanCache && names_a_place(command) {
        usage = Usage { kind: UsageKind::Settings, effects: Effects::opaque(), ..usage };
    }
    Some((ecosystem, usage))
}

/// A command that downloads, but is not read.
pub struct Unread {
    /// The manager for which it downloads.
    pub manager: &'static dyn Ecosystem,
    /// The words without which it would be read, by their numbers among its arguments; `None` where it is not a matter of a few
    /// words.
    pub words: Option<Range<usize>>,
}

/// Whether a command downloads by its name and its first words, and is none that is [recognised](recognise).
#[must_use]
pub fn unread(command: &Invocation<'_>, state: &State) -> Option<Unread> {
    let managers = managers_of(&command.program);
    let manager = managers.iter().find(|manager| begins_with(command, manager.downloads_by()))?;
    if recognise(command, state).is_some() {
        return None;
    }
    let is_read_without = |words: &Range<usize>| {
        let mut shorter = command.clone();
        shorter.arguments.drain(words.clone());
        recognise(&shorter, state).is_some_and(|(_, usage)| {
            matches!(usage.kind, UsageKind::Install | UsageKind::Build | UsageKind::Packages)
        })
    };
    let count = command.arguments.len();
    let mut parts = (1..=2).flat_map(|length| (length..=count).map(move |end| end - length..end));
    Some(Unread { manager: *manager, words: parts.find(is_read_without) })
}

/// Whether the words of a command begin with one of `phrases`. An option may stand before them, with a value.
pub(crate) fn begins_with(command: &Invocation<'_>, phrases: &[&str]) -> bool {
    let is_option = |word: &&str| word.starts_with('-');
    let mut words: Vec<_> =
        command.arguments.iter().map(|argument| argument.value.as_deref().unwrap_or_default()).collect();
    // What follows python's options is a module or a script.
    let may_have_value = words.first().is_some_and(|first| is_option(first) && !first.contains('='))
        && !matches!(without_version(&command.program), "python" | "pypy");
    words.retain(|word| !is_option(word));
    let begins = |words: &[&str]| {
        phrases.iter().any(|phrase| {
            let mut words = words.iter();
            phrase.split(' ').all(|part| words.next() == Some(&part))
        })
    };
    let is_verb = |word: &str| phrases.iter().any(|phrase| phrase.split(' ').next() == Some(word));
    let behind_value = words.split_first().filter(|(first, _)| may_have_value && !is_verb(first));
    begins(&words) || behind_value.is_some_and(|(_, rest)| begins(rest))
}

/// Whether a word of a command may be a place of its own: `dnf --installroot /mnt clean all`, `apt-get -o Dir=/mnt clean`.
fn names_a_place(command: &Invocation<'_>) -> bool {
    command.arguments.iter().any(|word| word.value.as_deref().is_none_or(|value| value.contains('/')))
}

/// Whether a word of a script, wherever it stands, names a program of a manager that writes into projects what must not come
/// from the host ([`Ecosystem::ignored`]). Where none does, [`recognise`] finds no such manager in the script, unless the
/// program's name is made of quoted pieces or comes out of a variable.
#[must_use]
pub fn names_a_project_manager(script: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let mut words = script.split(|byte| !is_part(byte)).filter(|word| !word.is_empty());
    words.any(|word| {
        let managers = std::str::from_utf8(word).map_or(&[][..], managers_of);
        managers.iter().any(|manager| !manager.ignored().is_empty())
    })
}

/// The managers whose command a program may be ([`Ecosystem::programs`]), in the order of [`crate::ALL`]. Most programs are of
/// no manager.
#[must_use]
pub fn managers_of(program: &str) -> &'static [&'static dyn Ecosystem] {
    static MANAGERS: LazyLock<FxHashMap<&str, Vec<&dyn Ecosystem>>> = LazyLock::new(|| {
        let mut managers: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for ecosystem in crate::ALL {
            for program in ecosystem.programs() {
                managers.entry(*program).or_default().push(*ecosystem);
            }
        }
        managers
    });
    MANAGERS.get(without_version(program)).map_or(&[], Vec::as_slice)
}

/// The name of a program without the version that may stand behind it: `pip` for `pip3.12`.
#[must_use]
pub fn without_version(program: &str) -> &str {
    program.trim_end_matches(|ch: char| ch.is_ascii_digit() || ch == '.')
}

/// The variables that any program may be steered by: proxies, locale, temporary directory, home and search path.
pub const COMMON_VARIABLES: &[&str] =
    &["*_proxy", "HOME", "PATH", "TMPDIR", "LANG", "LANGUAGE", "LC_*", "TZ", "SSL_CERT_*", "LD_*", "CI"];

/// The variables that git reads (git(1), "Environment Variables", git-config(1), git-lfs-config(5)). Not `GIT_*`: `GIT_SHA` and
/// its like are what people call build arguments.
pub const GIT_VARIABLES: &str = "GIT_DIR GIT_WORK_TREE GIT_COMMON_DIR GIT_INDEX_* GIT_OBJECT_DIRECTORY GIT_ALTERNATE_* \
    GIT_CEILING_DIRECTORIES GIT_DISCOVERY_* GIT_DEFAULT_* GIT_CONFIG* GIT_EXEC_PATH GIT_TEMPLATE_DIR GIT_NAMESPACE \
    GIT_SSH* GIT_ASKPASS GIT_TERMINAL_PROMPT GIT_PROXY_* GIT_PROTOCOL* GIT_ALLOW_PROTOCOL GIT_HTTP_* GIT_SSL_* GIT_CURL_* \
    GIT_TRACE* GIT_TR2_* GIT_REDACT_* GIT_REDIRECT_* GIT_AUTHOR_* GIT_COMMITTER_* GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_PAGER \
    GIT_EXTERNAL_DIFF GIT_DIFF_OPTS GIT_ATTR_* GIT_FLUSH GIT_OPTIONAL_LOCKS GIT_REF_* GIT_REPLACE_* GIT_NO_* GIT_PREFIX \
    GIT_QUARANTINE_* GIT_LITERAL_* GIT_GLOB_* GIT_NOGLOB_* GIT_ICASE_* GIT_ADVICE GIT_LFS_* GIT_TEST_*";

/// The names under which people hand tokens and passwords to a build. A credential helper or an `url.insteadOf` in the
/// settings of git may read any of them (gitcredentials(7), "CUSTOM HELPERS": a helper is a command of the shell), and where
/// those settings come from, the Dockerfile need not tell.
pub const GIT_CREDENTIALS: &str = "*TOKEN* *PASSWORD* *PASSWD* *PASSPHRASE* *SECRET* *CREDENTIAL* *APIKEY* *USERNAME* \
    KEY KEY_* *_KEY *_KEY_* *_KEYS AUTH AUTH_* *_AUTH *_AUTH_* USER USER_* *_USER *_USER_* LOGIN *_LOGIN PASS PASS_* \
    *_PASS *_PASS_* PAT PAT_* *_PAT *_PAT_* PWD *_PWD CREDS *_CREDS GH_* GITHUB_* GITLAB_* BITBUCKET_* GITEA_* AZURE_* \
    CI_JOB_* CI_DEPLOY_*";

/// The names that match `patterns`, and [`COMMON_VARIABLES`]. An item may be several patterns, with white space between
/// them.
#[must_use]
pub fn names(patterns: &[&'static str]) -> Names {
    Names::Matching([COMMON_VARIABLES, patterns].concat().into())
}
