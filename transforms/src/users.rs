//! Users that a stage makes itself: what its commands tell of them, where the base image's list does not.

use dockfix_ecosystems::plain::NewUser;
use dockfix_model::User;
use dockfix_model::build::{Build, Step};
use dockfix_model::commands::{Action, Chain};
use dockfix_syntax::Keyword;

use crate::failure::fails_with;

/// Finds the users whom stages make and then run commands as, and makes known what is told of them.
pub(crate) fn find(build: &mut Build<'_>) {
    for index in 0..build.stages.len() {
        let stage = &build.stages[index];
        let users =
            stage.steps.iter().enumerate().filter(|(_, step)| step.instruction.keyword() == Keyword::User);
        for (at, _) in users.map(|(at, step)| (at, step.instruction.index())).collect::<Vec<_>>() {
            if let Some(user) = made(build, index, at) {
                build.runs_as(index, at + 1, &user);
            }
        }
    }
}

/// The user of the USER in step `at` of stage `index`, as the one command above that makes him tells of him.
fn made(build: &Build<'_>, index: usize, at: usize) -> Option<User> {
    let stage = build.stages.get(index)?;
    let after = stage.steps.get(at + 1).map_or(&stage.end, |next| &next.state);
    let User::Other { name, uid, gid, home: None } = &after.user else { return None };
    let (bare, group) = name.split_once(':').map_or((&**name, None), |(bare, group)| (bare, Some(group)));
    let number = bare.parse::<u32>().ok();
    let mut made = build
        .steps_before(index, at)
        .flat_map(makes)
        .filter(|new| new.name == bare || number.is_some() && new.uid == number);
    // Of two of one name one fails, unless a third command comes between.
    let new = made.next().filter(|_| made.next().is_none())?;
    let gid = gid.or(new.gid.filter(|_| group.is_none()));
    Some(User::Other { name: name.clone(), uid: uid.or(new.uid), gid, home: Some(new.home) })
}

/// The users whom a RUN makes, or fails.
fn makes(step: &Step<'_>) -> Vec<NewUser> {
    let text = step.instruction.text();
    // Reading commands is dear, and few RUNs make users.
    if step.instruction.keyword() != Keyword::Run
        || !PROGRAMS.iter().any(|program| memchr::memmem::find(text, program.as_bytes()).is_some())
    {
        return Vec::new();
    }
    let Ok(chain) = Chain::of(&step.instruction, &step.state) else { return Vec::new() };
    let made = chain.links.iter().enumerate().filter_map(|(number, link)| match &link.action {
        Action::Pipeline(commands) => match &commands[..] {
            [command] if fails_with(&chain, number) => NewUser::of(command),
            _ => None,
        },
        _ => None,
    });
    made.collect()
}

const PROGRAMS: [&str; 2] = ["useradd", "adduser"];
