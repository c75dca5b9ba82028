//! The text of a move.

use std::collections::BTreeMap;

use dockfix_model::build::Stage;
use dockfix_syntax::rewrite::RewriteError;
use dockfix_syntax::rewrite::{self, Comments, Place};
use dockfix_syntax::shell::Operator;
use dockfix_syntax::view::Copy;
use dockfix_syntax::{Edits, Instruction, ItemKind, Span};

use super::files::{Files, Late};
use super::plan::{Below, Manifests, Plan};
use super::{destination, parents};
use crate::placing;
use crate::transform::Input;

/// The edits that carry out a plan.
pub(super) fn edits(input: &Input<'_>, stage: &Stage<'_>, plan: &Plan) -> Result<Edits, RewriteError> {
    let file = input.file();
    let copy = &stage.steps[plan.copy].instruction;
    let mut edits = Edits::new();
    if let (Some(Files { with, .. }), Below::Step(step)) = (&plan.files, &plan.below)
        && !with.is_empty()
    {
        let steps = with.iter().chain([&plan.copy]);
        let indices: Vec<_> = steps.map(|&step| stage.steps[step].instruction.index()).collect();
        let after = Place::After(stage.steps[*step].instruction.index());
        placing::move_with_blank_line(&mut edits, file, &indices, after)?;
        return Ok(edits);
    }
    let Some(written) = Copy::of(copy).map(|copy| copy.destination.text) else { return Ok(edits) };
    // Copied in another place, a relative destination may lead elsewhere.
    let is_moved = matches!(plan.below, Below::Prefetch { after: Some(_), .. });
    let destination = plan.destination.as_deref().filter(|_| is_moved).unwrap_or(&written);
    let mut above = manifest_copies(input, stage, plan.copy, &plan.manifests, destination).join("\n");
    if let Below::Prefetch { flags, command, directory, after, early } = &plan.below {
        let prefix = directory.as_ref().map_or(String::new(), |directory| format!("cd {directory} && "));
        let flags: String = flags.iter().map(|flag| format!("{flag} ")).collect();
        let run = format!("RUN {flags}{prefix}{command}");
        above = if above.is_empty() { run } else { format!("{above}\n{run}") };
        let Some(step) = after else {
            rewrite::insert(&mut edits, file, place_of_manifests(copy), above.as_bytes())?;
            return Ok(edits);
        };
        let early = manifest_copies(input, stage, plan.copy, early, &written).join("\n");
        if !early.is_empty() {
            rewrite::insert(&mut edits, file, place_of_manifests(copy), early.as_bytes())?;
        }
        above.push_str(file.line_end());
        let below = stage.steps[*step].instruction.index();
        let text = [above.as_bytes(), &moved(copy, plan, true)].concat();
        rewrite::insert(&mut edits, file, Place::After(below), &text)?;
        placing::delete_with_blank_line(&mut edits, file, copy.index())?;
        return Ok(edits);
    }
    // What the comment heads starts with the manifests then.
    let heads_first_gain = || {
        let line = copy.file().instruction(copy.index() + 1).map(|next| next.start_line());
        plan.gained.iter().any(|(gained, _)| Some(*gained) == line) && !tells_of_a_copy(copy)
    };
    let keeps_comment = heads_an_install(copy) && (!above.is_empty() || heads_first_gain());
    let reader = plan.above.filter(|_| !keeps_comment).map(|step| &stage.steps[step].instruction);
    if !above.is_empty() {
        let place = match &reader {
            Some(reader) if tells_of_an_install(reader) => Place::Before(reader.index()),
            Some(reader) => Place::Above(reader.index()),
            None => place_of_manifests(copy),
        };
        rewrite::insert(&mut edits, file, place, above.as_bytes())?;
    }
    let leaves_nothing = above.is_empty() || reader.is_some();
    let late = match &plan.files {
        Some(Files { late: Late::Sources(late), .. }) => Some(&late[..]),
        _ => None,
    };
    let leave = |edits: &mut Edits| match (keeps_comment, leaves_nothing) {
        _ if late.is_some() => rewrite::remove(edits, copy, &spans_of(copy, late.unwrap_or_default())),
        (true, _) => rewrite::delete(edits, file, copy.index(), Comments::Stay),
        (false, true) => placing::delete_with_blank_line(edits, file, copy.index()),
        (false, false) => rewrite::delete(edits, file, copy.index(), Comments::Go),
    };
    let moved_copy = |with_comments| match late {
        Some(late) => parted(copy, plan, late),
        None => moved(copy, plan, with_comments),
    };
    match &plan.below {
        Below::Step(step) => {
            let below = stage.steps[*step].instruction.index();
            let after = Place::After(below);
            let starts_anew = placing::starts_anew(file, copy.index(), below);
            match &plan.destination {
                None if late.is_none() && !keeps_comment && leaves_nothing => {
                    placing::move_with_blank_line(&mut edits, file, &[copy.index()], after)?;
                }
                None if late.is_none() && !keeps_comment && !starts_anew => {
                    rewrite::move_to(&mut edits, file, copy.index(), after)?;
                }
                _ => {
                    let blank = if starts_anew { file.line_end().as_bytes() } else { b"" };
                    let text = [blank, &moved_copy(!keeps_comment)].concat();
                    rewrite::insert(&mut edits, file, after, &text)?;
                    leave(&mut edits)?;
                }
            }
        }
        Below::Split { step, at, state } => {
            let run = &stage.steps[*step];
            let Ok(analysis) = input.reading.run(run) else {
                return Err(RewriteError::NoSuchItem(run.instruction.index()));
            };
            let links = &analysis.chain.links;
            let end = analysis.chain.source_span(&run.instruction, links[at - 1].span);
            let start = analysis.chain.source_span(&run.instruction, links[*at].span);
            let (Some(end), Some(start)) = (end, start) else {
                return Err(RewriteError::NoSuchItem(run.instruction.index()));
            };
            let gap = Span::new(end.end, start.start);
            let line_end = file.line_end();
            let mut text = line_end.as_bytes().to_vec();
            text.extend(moved_copy(!keeps_comment));
            text.extend(comments_in(gap.of(file.source()), line_end));
            let joins = match links[at - 1].operator {
                Some((Operator::Semicolon, _)) => "; ",
                _ => " && ",
            };
            text.extend(second_run(&run.instruction, state, joins).as_bytes());
            edits.replace(gap, text)?;
            leave(&mut edits)?;
        }
        Below::Prefetch { .. } => {}
    }
    Ok(edits)
}

/// Where manifests are copied early: above the copy and its comments, or below these where they tell of the install.
fn place_of_manifests(copy: &Instruction<'_>) -> Place {
    if heads_an_install(copy) { Place::Before(copy.index()) } else { Place::Above(copy.index()) }
}

/// Whether the comment above a copy tells of the install below it and not of the copy: it says so, and nothing stands
/// between the two.
fn heads_an_install(copy: &Instruction<'_>) -> bool {
    let is_one_line = copy.start_line() == copy.end_line();
    is_one_line && copy.file().instruction(copy.index() + 1).is_some() && tells_of_an_install(copy)
}

/// Whether the comment above an instruction speaks of an install.
fn tells_of_an_install(instruction: &Instruction<'_>) -> bool {
    let file = instruction.file();
    let comment = instruction.index().checked_sub(1).map(|above| &file.items()[above]);
    let Some(comment) = comment.filter(|item| matches!(item.kind, ItemKind::Comment)) else { return false };
    let text = String::from_utf8_lossy(comment.span.of(file.source())).to_lowercase();
    ["install", "dependenc"].iter().any(|word| text.contains(word))
}

/// The copy, with its comments or without, in whole lines, its destination written anew where the plan says so.
fn moved(copy: &Instruction<'_>, plan: &Plan, with_comments: bool) -> Vec<u8> {
    let file = copy.file();
    let source = file.source();
    let items = file.items();
    let mut first = copy.index();
    while with_comments && first > 0 && matches!(items[first - 1].kind, ItemKind::Comment) {
        first -= 1;
    }
    let start = items[first].span.start;
    let mut text = source[start..copy.span().end].to_vec();
    let written = Copy::of(copy).and_then(|copy| copy.destination.span);
    if let (Some(destination), Some(written)) = (&plan.destination, written) {
        let span = copy.source_span(written);
        text.splice(span.start - start..span.end - start, destination.bytes());
    }
    if !text.ends_with(b"\n") {
        text.extend_from_slice(file.line_end().as_bytes());
    }
    text
}

/// Where the sources of these numbers stand in the logical text of a COPY.
fn spans_of(copy: &Instruction<'_>, sources: &[usize]) -> Vec<Span> {
    let copy = Copy::of(copy);
    let all = copy.iter().flat_map(|copy| copy.sources.iter().enumerate());
    all.filter(|(number, _)| sources.contains(number)).filter_map(|(_, source)| source.span).collect()
}

/// A COPY of some of the sources of another, on a line of its own.
fn parted(copy: &Instruction<'_>, plan: &Plan, sources: &[usize]) -> Vec<u8> {
    let written = Copy::of(copy).and_then(|copy| copy.destination.span);
    let flags = copy.flags().iter().map(|flag| flag.span);
    let words = std::iter::once(copy.keyword_span()).chain(flags).chain(spans_of(copy, sources));
    let mut words: Vec<&[u8]> = words.map(|span| span.of(copy.text())).collect();
    words.extend(match &plan.destination {
        Some(destination) => Some(destination.as_bytes()),
        None => written.map(|span| span.of(copy.text())),
    });
    [&words.join(&b" "[..]), copy.file().line_end().as_bytes()].concat()
}

/// Whether the comment above a COPY speaks of copying.
fn tells_of_a_copy(copy: &Instruction<'_>) -> bool {
    let comment = copy.index().checked_sub(1).map(|above| &copy.file().items()[above]);
    comment.is_some_and(|comment| {
        let text = String::from_utf8_lossy(comment.span.of(copy.file().source())).to_lowercase();
        ["copy", "copies", "add "].iter().any(|word| text.contains(word))
    })
}

/// Keyword and flags of a RUN once more, on lines of their own where they are so in the first part, and the commands that its
/// second part has to repeat.
fn second_run(run: &Instruction<'_>, state: &[String], joins: &str) -> String {
    let lossy = |span: Span| String::from_utf8_lossy(span.of(run.text())).into_owned();
    let mut text = lossy(run.keyword_span());
    let mut last = run.source_span(run.keyword_span()).end;
    for flag in run.flags() {
        let span = run.source_span(flag.span);
        text.push_str(&white_space(run, Span::new(last, span.start)));
        text.push_str(&lossy(flag.span));
        last = span.end;
    }
    let command = run.source_span(run.args_span()).start;
    text.push_str(&if run.flags().is_empty() {
        " ".to_owned()
    } else {
        white_space(run, Span::new(last, command))
    });
    for command in state {
        text.push_str(command.trim());
        text.push_str(joins);
    }
    text
}

/// White space like that of a gap between two words: a blank, or a line break and the indentation behind it.
fn white_space(instruction: &Instruction<'_>, gap: Span) -> String {
    let file = instruction.file();
    let gap = String::from_utf8_lossy(gap.of(file.source()));
    match gap.rsplit_once('\n') {
        Some((_, indent)) => format!(" {}{}{indent}", char::from(file.escape()), file.line_end()),
        None => " ".to_owned(),
    }
}

/// The comment lines between two commands, as lines of their own.
fn comments_in(gap: &[u8], line_end: &str) -> Vec<u8> {
    let lines =
        gap.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| line.starts_with(b"#"));
    lines.flat_map(|line| [line, line_end.as_bytes()].concat()).collect()
}

/// Whether a file is one in which a manager writes the versions it chose: people name it behind the manifest.
pub(super) fn is_lock_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    dockfix_ecosystems::ALL.iter().any(|manager| manager.lock_files().contains(&name))
}

/// One COPY for the manifests of each directory, or one for all of them, to `written` as the copy has it.
fn manifest_copies(
    input: &Input<'_>,
    stage: &Stage<'_>,
    copy: usize,
    Manifests { files, directories }: &Manifests,
    written: &str,
) -> Vec<String> {
    let step = &stage.steps[copy];
    let instruction = &step.instruction;
    let Some(copy) = Copy::of(instruction) else { return Vec::new() };
    let target = step.state.path(&copy.destination.text, instruction.file().escape());
    let Some(target) = target else { return Vec::new() };
    let mut flags = String::new();
    for (flag, value) in &copy.flags {
        flags.push_str(&format!(" --{flag}={}", value.as_deref().unwrap_or_default()));
    }
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, image) in files {
        if let Some((below, _)) = destination::split(image, &target) {
            groups.entry(below).or_default().push(path);
        }
    }
    let top = destination::directory(written, "");
    let together =
        if destination::needs_json(&top) { None } else { parents::copy(input, files, &target, &flags, &top) };
    if together.is_some() {
        groups.clear();
    }
    let mut lines: Vec<_> = groups
        .into_iter()
        .map(|(below, mut paths)| {
            paths.sort_by_key(|path| (is_lock_file(path), path.len(), *path));
            format!("COPY{flags} {}", destination::words(&paths, &destination::directory(written, below)))
        })
        .collect();
    lines.extend(together);
    for (path, image) in directories {
        if let Some(below) = image.below(&target) {
            let words = destination::words(&[path], &destination::directory(written, below));
            lines.push(format!("COPY{flags} {words}"));
        }
    }
    lines
}
