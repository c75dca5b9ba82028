//! How Python tools are called, and the variables that steer them.

use dockfix_model::commands::Invocation;
use dockfix_model::{Origin, State};

use crate::options::Words;
use crate::rebuilt::Rebuilt;

/// The index of the first argument that is `tool`'s own, where `command` calls it: `tool ...`, `python3 -m tool ...`.
pub(crate) fn arguments_of(command: &Invocation<'_>, tool: &str) -> Option<usize> {
    let program = &*command.program;
    if program == tool {
        return Some(0);
    }
    if !is_interpreter(program) {
        return None;
    }
    let mut at = 0;
    loop {
        match command.arguments.get(at)?.value.as_deref()? {
            "-m" => {
                let module = command.arguments.get(at + 1)?.value.as_deref()?;
                return (module == tool).then_some(at + 2);
            }
            "-W" | "-X" => at += 2,
            // `-c` and a script end the interpreter's own options.
            "-u" | "-B" | "-I" | "-E" | "-s" | "-S" | "-O" | "-OO" | "-q" => at += 1,
            _ => return None,
        }
    }
}

/// Whether a program of this name is Python: `python`, `python3.12`, `pypy3`.
pub(crate) fn is_interpreter(program: &str) -> bool {
    ["python", "pypy"].iter().any(|name| is_versioned(program, name))
}

/// Whether `program` is `name`, with a version behind it or not: `pip`, `pip3`, `pip3.12`.
pub(crate) fn is_versioned(program: &str, name: &str) -> bool {
    program
        .strip_prefix(name)
        .is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// Where a variable comes from, for messages: `ENV PIP_NO_CACHE_DIR on line 3`.
pub(crate) fn origin(command: &Invocation<'_>, state: &State, name: &str) -> String {
    if command.assignments.iter().any(|(assigned, _)| assigned == name) {
        return format!("{name}=");
    }
    match state.variables.get(name) {
        Some(variable) if variable.line > 0 => {
            let keyword = if variable.origin == Origin::Arg { "ARG" } else { "ENV" };
            format!("{keyword} {name} on line {}", variable.line)
        }
        _ => format!("{name} of the base image"),
    }
}

/// Repeats the options that `keeps` wants, as they were written; letters that stand together go together.
pub(crate) fn push_options(rebuilt: &mut Rebuilt, words: &Words<'_>, keeps: impl Fn(&str) -> bool) {
    let mut last = None;
    for option in words.options.iter().filter(|option| keeps(option.name)) {
        let place = option.words.as_ptr();
        if last != Some(place) {
            rebuilt.push_option(option);
        }
        last = Some(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_part_of_names() {
        assert!(is_versioned("pip3.12", "pip") && is_versioned("pip", "pip"));
        assert!(!is_versioned("pipenv", "pip") && !is_versioned("pipx", "pip"));
        assert!(is_interpreter("python3") && is_interpreter("pypy3") && !is_interpreter("pythonx"));
    }
}
