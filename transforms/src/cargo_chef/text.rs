//! The text of the two stages and of the RUN.

use dockfix_syntax::rewrite::{self, Place, RewriteError};
use dockfix_syntax::view::From;
use dockfix_syntax::{Edits, Instruction, ItemKind};

use super::{Compiler, Plan};

/// The edits that carry out a plan.
pub(super) fn edits(compiler: &Compiler<'_, '_>, plan: &Plan) -> Result<Edits, RewriteError> {
    let (file, from) = (compiler.input.file(), &compiler.stage.from);
    let mut edits = Edits::new();
    rewrite::insert(&mut edits, file, above(from), stages(compiler, plan)?.as_bytes())?;
    let first = &compiler.stage.steps[plan.copies[0]].instruction;
    for &index in &plan.raised {
        let raised = compiler.stage.steps[index].instruction.index();
        rewrite::move_to(&mut edits, file, raised, Place::Above(first.index()))?;
    }
    rewrite::insert(&mut edits, file, Place::Above(first.index()), cook(compiler, plan).as_bytes())?;
    Ok(edits)
}

/// A comment above a FROM belongs to its stage, but the head of a file to the file.
fn above(from: &Instruction<'_>) -> Place {
    let items = from.file().items();
    let comments = items[..from.index()].iter().rev();
    let comments = comments.take_while(|item| matches!(item.kind, ItemKind::Comment)).count();
    let mut above = items[..from.index() - comments].iter();
    let is_head = comments > 1 && above.all(|item| matches!(item.kind, ItemKind::Shebang));
    if is_head { Place::Before(from.index()) } else { Place::Above(from.index()) }
}

/// The keywords of new instructions, in the case of the stage's own FROM.
fn keyword(from: &Instruction<'_>, name: &str) -> String {
    if from.keyword_text().iter().any(u8::is_ascii_uppercase) { name.to_owned() } else { name.to_lowercase() }
}

fn stages(compiler: &Compiler<'_, '_>, plan: &Plan) -> Result<String, RewriteError> {
    let from = &compiler.stage.from;
    let image = From::of(from).ok_or(RewriteError::NoSuchItem(from.index()))?.image;
    let base = String::from_utf8_lossy(from.text().get(..image.span.end).unwrap_or_default()).into_owned();
    let keyword = |name| keyword(from, name);
    let [tool, planner] = compiler.planner.stages;
    let mut text = format!("{base} {} {tool}\n", keyword("AS"));
    text.push_str(&format!("{} {}\n\n", keyword("RUN"), plan.planned.install));
    text.push_str(&format!("{} {tool} {} {planner}\n", keyword("FROM"), keyword("AS")));
    let start = compiler.stage.steps.first().and_then(|step| step.state.workdir.as_ref());
    if start != Some(&plan.planned.directory) {
        text.push_str(&format!("{} {}\n", keyword("WORKDIR"), plan.planned.directory));
    }
    for &index in &plan.copies {
        text.push_str(&copy(&compiler.stage.steps[index].instruction));
        text.push('\n');
    }
    text.push_str(&format!("{} {}\n\n", keyword("RUN"), compiler.planner.prepare));
    Ok(text)
}

/// A copy for a stage that has no users of its own, on one line.
fn copy(copy: &Instruction<'_>) -> String {
    let owner = copy.flag("chown").map(|flag| flag.span);
    let text = copy.text();
    let text = match owner {
        Some(span) => [&text[..span.start], &text[span.end..]].concat(),
        None => text.to_vec(),
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    if text.contains(['"', '\'']) {
        return text.trim().to_owned();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The RUN that compiles by the plan.
fn cook(compiler: &Compiler<'_, '_>, plan: &Plan) -> String {
    let (planner, planned) = (compiler.planner, &plan.planned);
    let [tool, plans] = planner.stages;
    let program = &planned.program;
    let (made, name) = (planned.directory.join(planner.plan), planner.plan);
    let mut lines = vec![
        format!("--mount=type=bind,from={tool},source={program},target={program}"),
        format!("--mount=type=bind,from={plans},source={made},target={name}"),
    ];
    lines.extend(plan.flags.iter().cloned());
    let joint = format!(" {}\n    ", char::from(compiler.input.file().escape()));
    lines.push(plan.cooks.join(&format!(" &&{joint}")));
    // What the comment above the copy says is not about this.
    let first = &compiler.stage.steps[plan.copies[0]].instruction;
    let above = first.index().checked_sub(1).and_then(|above| first.file().items().get(above));
    let gap = if above.is_some_and(|item| matches!(item.kind, ItemKind::Comment)) { "\n" } else { "" };
    format!("{} {}\n{gap}", keyword(&compiler.stage.from, "RUN"), lines.join(&joint))
}
