//! The report for people.

use std::collections::HashSet;
use std::io::{self, Write};

use super::report::{Heredoc, Node, Report, Shell};

/// Writes the report: each instruction behind its lines, and what belongs to it below.
pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let last = report.instructions.last().map_or(0, |node| node.end_line);
    let width = 2 * last.to_string().len() + 1;
    writeln!(out, "{}", visible(&report.path))?;
    for directive in &report.directives {
        writeln!(out, "{:>width$}  # {}={}", directive.line, directive.name, visible(&directive.value))?;
    }
    for node in &report.instructions {
        write_node(node, width, out)?;
    }
    // The others stand with their instructions.
    let told: HashSet<usize> = report
        .instructions
        .iter()
        .filter(|node| node.problem.is_some())
        .map(|node| node.start_line)
        .collect();
    for problem in report.problems.iter().filter(|problem| !told.contains(&problem.line)) {
        writeln!(out, "{:>width$}  ! {}", problem.line, visible(&problem.message))?;
    }
    Ok(())
}

fn write_node(node: &Node, width: usize, out: &mut impl Write) -> io::Result<()> {
    let lines = match (node.start_line, node.end_line) {
        (start, end) if start == end => start.to_string(),
        (start, end) => format!("{start}-{end}"),
    };
    write!(out, "{lines:>width$}  {}", visible(&node.cmd))?;
    if let Some(deferred) = &node.sub_cmd {
        write!(out, " {}", visible(deferred))?;
    }
    let (flags, arguments) = &node.written;
    // The commands of a script stand below, one by one.
    let has_commands = matches!(&node.shell, Some(Shell::Commands { commands }) if !commands.is_empty());
    if !has_commands && !arguments.is_empty() {
        write!(out, " {}", visible(arguments))?;
    }
    writeln!(out)?;
    let mut below = |text: String| writeln!(out, "{:width$}    {text}", "");
    flags.iter().try_for_each(|flag| below(visible(flag)))?;
    for Heredoc { name, content, .. } in &node.heredocs {
        let lines = content.lines().count();
        below(format!("heredoc {}: {lines} line{}", visible(name), if lines == 1 { "" } else { "s" }))?;
    }
    match &node.shell {
        Some(Shell::Commands { commands }) => {
            for command in commands {
                writeln!(out, "{:>width$}    $ {}", command.line, visible(command.text()))?;
            }
        }
        Some(Shell::Opaque { opaque }) => {
            writeln!(out, "{:width$}    ? not read: {} (byte {})", "", opaque.reason, opaque.at)?;
        }
        None => {}
    }
    if let Some(problem) = &node.problem {
        writeln!(out, "{:width$}    ! {}", "", visible(problem))?;
    }
    Ok(())
}

/// The text with control characters escaped: a Dockerfile must not steer the reader's terminal.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for ch in text.chars() {
        if ch.is_control() && ch != '\t' {
            out.extend(ch.escape_default());
        } else {
            out.push(ch);
        }
    }
    out
}
