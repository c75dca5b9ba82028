//! What messages call things.

use super::{dockerfile, run};

#[test]
fn a_command_is_named_without_what_a_rewrite_has_put_into_it() {
    let files = &[
        (".dockerignore", "node_modules\n"),
        ("package.json", r#"{"packageManager": "pnpm@8.0.0", "dependencies": {"a": "1.0.0"}}"#),
        ("pnpm-lock.yaml", "lockfileVersion: '6.0'\n"),
    ];
    let before = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN touch .env\nRUN pnpm install --frozen-lockfile\n";
    let outcome = run(&["manifest-first", "cache-mount"], files, before);
    let file = dockerfile(&outcome);
    let after = String::from_utf8_lossy(&file.after);
    assert!(after.contains(" pnpm --config.side-effects-cache=false install --frozen-lockfile\n"), "{after}");
    let told: Vec<_> = file.refusals.iter().map(|refusal| &*refusal.reason).collect();
    assert!(
        matches!(told[..], [told] if told.starts_with("pnpm install --frozen-lockfile stays below the sources: ")),
        "{told:?}"
    );
}
