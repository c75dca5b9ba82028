//! `dockfix cache --history --html`: the page, and what a browser makes of it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::history::{commit, edit, repository};
use crate::sandbox::{Outcome, Sandbox, run};

/// A history of three commits that count, one of them with a subject that would be markup.
fn with_page() -> Sandbox {
    let sandbox = repository();
    edit(&sandbox, "server.js", "1");
    sandbox.file("server.js", "2");
    commit(&sandbox, "</title></svg><script>document.title='broken'</script><img src=x onerror=alert(1)>");
    edit(&sandbox, "package.json", "{\"name\": \"a\", \"version\": \"1.0.1\"}");
    sandbox.dockfix(&["cache", "Dockerfile", "--history", "--html", "page.html"]).expect(0);
    sandbox
}

#[test]
fn the_page_stands_alone() {
    let sandbox = with_page();
    let page = sandbox.read("page.html");
    for foreign in ["<script", "<img", "<link", "src=", "url(", "http://", "https://", "@import"] {
        let quoted = page.replace("&lt;", "").replace("src=x onerror", "");
        assert!(!quoted.contains(foreign), "{foreign}");
    }
    assert!(page.contains("<b>3</b> of 3 commits &rarr; <b class=\"less\">1</b>"), "{page}");
    // It is written over the last one, and nothing is left beside it.
    sandbox.dockfix(&["cache", "Dockerfile", "--history", "1", "--html", "page.html"]).expect(0);
    assert!(sandbox.read("page.html").contains("<p>1 commit, "));
    let names = fs::read_dir(sandbox.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!names.into_iter().any(|name| name.to_string_lossy().contains(".tmp")));
}

#[test]
fn says_in_a_line_why_there_is_no_page() {
    let sandbox = repository();
    for path in ["missing/page.html", "."] {
        let outcome = sandbox.dockfix(&["cache", "Dockerfile", "--history", "--html", path]).expect(2);
        assert!(outcome.stderr.starts_with(&format!("--html {path}: ")), "{}", outcome.stderr);
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    }
    sandbox.dockfix(&["cache", "Dockerfile", "--html", "page.html"]).expect(2);
}

/// Runs a headless Chromium on the page; `None` if there is none.
#[allow(clippy::print_stdout, reason = "what is skipped is told")]
fn chromium(sandbox: &Sandbox, arguments: &[&str]) -> Option<Outcome> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let is_there = |name: &&&str| {
        let mut command = Command::new(name);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let Some(name) = names.iter().find(is_there) else {
        println!("skipped: there is no Chromium");
        return None;
    };
    let mut command = sandbox.command(name);
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--enable-logging=stderr",
    ]);
    command.arg(format!("--user-data-dir={}", sandbox.path("profile").display())).args(arguments);
    command.arg(format!("file://{}", sandbox.path("page.html").display()));
    Some(run(&mut command, ""))
}

#[test]
fn a_browser_shows_every_step_and_commit() {
    let sandbox = with_page();
    let Some(outcome) = chromium(&sandbox, &["--dump-dom"]) else { return };
    let outcome = outcome.expect(0);
    let dom = &outcome.stdout;
    let count = |what: &str| dom.matches(what).count();
    // 3 steps before and 4 after; 3 commits.
    assert_eq!(count("class=\"strip\""), 7, "{dom}");
    assert_eq!(count("<rect "), 3, "{dom}");
    assert!(dom.contains("aria-label=\"ran again in 3 of 3 commits\""), "{dom}");
    assert!(dom.contains("<title>Build cache of Dockerfile</title>"), "{dom}");
    assert_eq!(count("<script") + count("<img"), 0, "{dom}");
    // Whatever the browser objects to, it says to its console.
    assert!(!outcome.stderr.contains("CONSOLE"), "{}", outcome.stderr);
}

#[test]
fn a_browser_draws_it_at_any_width() {
    let sandbox = with_page();
    for (width, height) in [(1200, 700), (500, 900)] {
        let picture: PathBuf = sandbox.path(&format!("{width}.png"));
        let arguments =
            [format!("--window-size={width},{height}"), format!("--screenshot={}", picture.display())];
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let Some(outcome) = chromium(&sandbox, &arguments) else { return };
        outcome.expect(0);
        let png = fs::read(picture).unwrap();
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!((number(16), number(20)), (width, height));
    }
}
