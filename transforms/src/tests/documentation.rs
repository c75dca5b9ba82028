//! The examples in the pages of the transforms are run.
//!
//! A page holds fenced blocks: `text context` lists the files of the build context, a path or `path: content` on each
//! line; `dockerfile before` is what is rewritten (`dockerfile before --unsafe` with that option), `dockerfile after` what must come out; `text refused` after a `before`
//! gives the refusals instead, `line: reason` each; `text ignore` the ignore file that is written.

use super::run_with;
use crate::registry;

struct Block {
    kind: String,
    text: String,
    line: usize,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(kind)) => {
                open = Some(Block { kind: kind.to_owned(), text: String::new(), line: number + 1 });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

#[test]
fn examples_hold() {
    for transform in registry() {
        let mut examples = 0;
        let mut files: Vec<(String, String)> = Vec::new();
        let mut before: Option<Block> = None;
        for block in blocks(transform.documentation) {
            let place = format!("{}.md:{}", transform.id, block.line);
            if block.kind == "text context" {
                files = block
                    .text
                    .lines()
                    .map(|line| line.split_once(": ").map_or((line, ""), |(path, content)| (path, content)))
                    .map(|(path, content)| (path.to_owned(), content.replace("\\n", "\n")))
                    .collect();
                continue;
            }
            if block.kind.starts_with("dockerfile before") {
                before = Some(block);
                continue;
            }
            let Some(before) = &before else { continue };
            let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
            // A change that needs a syntax line brings it along.
            let mounts = matches!(transform.id, "cache-mount" | "cargo-chef");
            let only = [transform.id, if mounts { "syntax-directive" } else { transform.id }];
            let only = if transform.id == "syntax-directive" { &[][..] } else { &only[..] };
            let allow_unsafe = before.kind.ends_with("--unsafe");
            let outcome = run_with(only, &files, &before.text, allow_unsafe);
            let file = &outcome.files[0];
            assert_eq!(file.bug, None, "{place}");
            let refusals: String = file
                .refusals
                .iter()
                .map(|refusal| format!("{}: {}\n", refusal.line, refusal.reason))
                .collect();
            match block.kind.as_str() {
                "dockerfile after" => {
                    let after = String::from_utf8_lossy(&file.after);
                    assert!(
                        after == block.text,
                        "{place}\n--- wanted\n{}--- got\n{after}--- {refusals}",
                        block.text
                    );
                }
                "text refused" => {
                    assert_eq!(String::from_utf8_lossy(&file.after), before.text, "{place}");
                    assert_eq!(refusals, block.text, "{place}");
                }
                "text ignore" => {
                    let ignore = outcome.ignore_files.first().expect("an ignore file");
                    assert_eq!(String::from_utf8_lossy(&ignore.after), block.text, "{place}");
                }
                kind => panic!("{place}: a block of kind `{kind}`"),
            }
            examples += 1;
        }
        assert!(examples > 0, "{} has no example", transform.id);
    }
}
