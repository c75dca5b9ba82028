use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn names(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.name.as_str()).collect()
}

fn walked(context: &Context, dir: &str) -> Vec<String> {
    context.walk(dir).map(|entry| entry.unwrap().path).collect()
}

/// The paths that a source takes, with where they lead if that differs.
fn taken(context: &Context, source: &str) -> Vec<String> {
    let show = |found: &Match| match found.path == found.resolved {
        true => found.path.clone(),
        false => format!("{} -> {}", found.path, found.resolved),
    };
    context.copy_sources(source).unwrap().iter().map(show).collect()
}

fn small() -> Context {
    Context::in_memory([
        (".dockerignore", "# what\n*.md\nnode_modules\n!docs/keep.md\nsecret/*\n!secret/public\n"),
        ("README.md", "readme"),
        ("docs/a.md", "a"),
        ("node_modules/left-pad/index.js", ""),
        ("secret/key", "k"),
        ("secret/public/cert", "c"),
        ("src/main.rs", "fn main() {}"),
    ])
}

#[test]
fn both_views_of_a_tree() {
    let context = small();
    assert_eq!(names(&context.list("").unwrap()), [".dockerignore", "docs", "secret", "src"]);
    assert_eq!(
        names(&context.list_ignoring_dockerignore("").unwrap()),
        [".dockerignore", "README.md", "docs", "node_modules", "secret", "src"]
    );
    assert_eq!(
        walked(&context, ""),
        [
            ".dockerignore",
            "docs",
            "docs/a.md",
            "secret",
            "secret/public",
            "secret/public/cert",
            "src",
            "src/main.rs"
        ]
    );
    assert_eq!(walked(&context, "secret"), ["secret/public", "secret/public/cert"]);
    assert_eq!(&*context.read("src/main.rs").unwrap(), b"fn main() {}");
    assert_eq!(&*context.read_ignoring_dockerignore("README.md").unwrap(), b"readme");
}

#[test]
fn excluded_is_not_missing() {
    let context = small();
    let Presence::Excluded(exclusion) = context.presence("README.md").unwrap() else { panic!() };
    assert_eq!(exclusion.to_string(), "`README.md` is excluded by .dockerignore:2 `*.md`");
    assert_eq!(context.presence("READ.me").unwrap(), Presence::Absent);
    assert_eq!(context.presence("src").unwrap(), Presence::Present(Kind::Dir));
    assert_eq!(context.kind("README.md").unwrap(), None);
    assert_eq!(
        context.kind_ignoring_dockerignore("README.md").unwrap(),
        Some(Kind::File { size: 6, mode: 0o644 })
    );
    let message = context.read("README.md").unwrap_err().to_string();
    assert_eq!(
        message,
        "`README.md` is excluded by .dockerignore:2 `*.md`; change that pattern or put an exception below it"
    );
}

#[test]
fn an_excluded_directory_is_there_if_something_in_it_is() {
    let context =
        Context::in_memory([(".dockerignore", "*\n!a/b/c"), ("a/b/c", ""), ("a/x", ""), ("d/e", "")]);
    assert_eq!(walked(&context, ""), ["a", "a/b", "a/b/c"]);
    assert_eq!(context.kind("a").unwrap(), Some(Kind::Dir));
    assert_eq!(context.kind("d").unwrap(), None);
    assert_eq!(names(&context.list("").unwrap()), ["a"]);
    assert_eq!(names(&context.list("a").unwrap()), ["b"]);
    // The pattern says so of the directory, whatever is in it.
    assert!(context.is_excluded("a").unwrap());
}

#[test]
fn names_are_exact() {
    let context = Context::in_memory([("Makefile", "")]);
    assert_eq!(context.kind("makefile").unwrap(), None);
    assert_eq!(context.kind("Makefile/").unwrap(), Some(Kind::File { size: 0, mode: 0o644 }));
    assert_eq!(context.kind("Makefile/x").unwrap(), None);
    assert_eq!(context.kind(r"src\Makefile").unwrap(), None);
}

#[test]
fn no_path_leads_out() {
    let context = Context::in_memory([("a", ""), ("b/c", "")]);
    for path in ["..", "../a", "b/../../a", "/../a/../.."] {
        let outside = !path.starts_with('/');
        assert_eq!(matches!(context.kind(path), Err(ContextError::Outside { .. })), outside, "{path}");
        assert!(!context.is_excluded(path).unwrap());
    }
    assert!(context.kind("b/../a").unwrap().is_some());
    assert!(context.with_file("../x", "").is_err());
    // COPY stops at the root instead.
    assert_eq!(taken(&context, "../../a"), ["a"]);
}

#[test]
fn links_are_resolved_inside_the_root() {
    let files = Files::new()
        .file("dir/x", "x")
        .file("etc/passwd", "ours")
        .symlink("up", "../../etc/passwd")
        .symlink("abs", "/etc/passwd")
        .symlink("d", "dir")
        .symlink("dir/back", "../d/x")
        .symlink("chain", "d/back")
        .symlink("broken", "nowhere")
        .symlink("loop", "loop")
        .symlink("ping", "pong")
        .symlink("pong", "ping/x")
        .symlink("root", "/");
    let context = Context::from_files(files, "Dockerfile");
    for link in ["up", "abs", "root/root/abs"] {
        assert_eq!(&*context.read(link).unwrap(), b"ours", "{link}");
    }
    for link in ["chain", "d/x", "dir/back", "d/back"] {
        assert_eq!(&*context.read(link).unwrap(), b"x", "{link}");
    }
    for link in ["broken", "loop", "ping", "pong", "broken/x", "dir/x/y"] {
        assert!(matches!(context.read(link), Err(ContextError::NotFound { .. })), "{link}");
    }
    assert_eq!(context.kind("d").unwrap(), Some(Kind::Symlink { target: "dir".into() }));
    assert_eq!(context.kind("broken").unwrap(), Some(Kind::Symlink { target: "nowhere".into() }));
    assert_eq!(context.kind("broken/x").unwrap(), None);
    assert_eq!(walked(&context, "d"), ["dir/back", "dir/x"]);
    assert_eq!(names(&context.list("root/d").unwrap()), ["back", "x"]);
}

#[test]
fn a_long_chain_of_links_ends() {
    let chain = |length: usize| {
        let files = Files::new().file("0", "end");
        (1..=length).fold(files, |files, i| files.symlink(&i.to_string(), &(i - 1).to_string()))
    };
    let context = Context::from_files(chain(300), "Dockerfile");
    assert!(context.read("255").is_ok());
    assert!(context.read("256").is_err());
}

#[test]
fn an_excluded_link_or_target_breaks_the_path() {
    let files = Files::new().file("dir/x", "").symlink("link", "dir").symlink("other", "dir/x");
    let with = |lines: &str| Context::from_files(files.clone().file(".dockerignore", lines), "Dockerfile");
    let path = |context: &Context, path: &str| match context.read(path) {
        Err(ContextError::Excluded(exclusion)) => exclusion.path,
        other => panic!("{other:?}"),
    };
    assert_eq!(path(&with("link"), "link/x"), "link");
    assert_eq!(path(&with("dir"), "link/x"), "dir/x");
    assert_eq!(path(&with("dir/x"), "other"), "dir/x");
    assert!(with("link/x").read("link/x").is_ok(), "patterns are held against real paths");
    assert!(with("dir\n!dir/x").read("link/x").is_ok());
}

#[test]
fn sources() {
    let context = Context::in_memory([
        ("a.txt", ""),
        ("b.txt", ""),
        ("dir/x.txt", ""),
        ("dir/sub/y.txt", ""),
        ("dir/sub/z.md", ""),
        ("other/x.txt", ""),
        (".env", ""),
    ]);
    for (source, expected) in [
        (".", vec![""]),
        ("/", vec![""]),
        ("", vec![""]),
        ("a.txt", vec!["a.txt"]),
        ("./a.txt/", vec!["a.txt"]),
        ("dir/../a.txt", vec!["a.txt"]),
        ("dir/", vec!["dir"]),
        ("*.txt", vec!["a.txt", "b.txt"]),
        ("*", vec![".env", "a.txt", "b.txt", "dir", "other"]),
        ("**", vec![".env", "a.txt", "b.txt", "dir", "other"]),
        ("*/x.txt", vec!["dir/x.txt", "other/x.txt"]),
        ("**/*.txt", vec!["dir/x.txt", "other/x.txt"]),
        ("dir/s*", vec!["dir/sub"]),
        ("d*/sub/?.m[d]", vec!["dir/sub/z.md"]),
        ("dir[^x]x.txt", vec!["dir/x.txt"]),
        ("d*[.-/]*.txt", vec!["dir/x.txt"]),
        ("*.nope", vec![]),
        ("a.txt/*", vec![]),
        ("[!a]*", vec!["a.txt"]),
    ] {
        assert_eq!(taken(&context, source), expected, "{source:?}");
    }
    for source in ["nope", "nope/*.txt", r"dir\x.txt", r"a\*b", r"C:\a.txt", "dir/sub/y.txt/z"] {
        assert!(matches!(context.copy_sources(source), Err(ContextError::NotFound { .. })), "{source:?}");
    }
    for source in ["[", "a[", "*[", "dir/*/a[]b"] {
        assert!(matches!(context.copy_sources(source), Err(ContextError::BadPattern { .. })), "{source:?}");
    }
}

#[test]
fn sources_with_links() {
    let files = Files::new()
        .file("dir/x", "")
        .file("dir/sub/y", "")
        .symlink("link", "dir")
        .symlink("file", "dir/x")
        .symlink("dir/inner", "sub")
        .symlink("dir/broken", "nowhere");
    let context = Context::from_files(files, "Dockerfile");
    assert_eq!(taken(&context, "link"), ["link -> dir"]);
    assert_eq!(taken(&context, "file"), ["file -> dir/x"]);
    assert_eq!(taken(&context, "link/x"), ["link/x -> dir/x"]);
    assert_eq!(taken(&context, "link/x*"), ["dir/x"]);
    assert_eq!(taken(&context, "*i*"), ["dir", "file -> dir/x", "link -> dir"]);
    assert_eq!(taken(&context, "dir/in*"), ["dir/inner -> dir/sub"]);
    assert_eq!(taken(&context, "l*/x"), Vec::<String>::new(), "a link is no way into a directory");
    assert!(context.copy_sources("dir/b*").is_err());
    let file = &context.copy_sources("file").unwrap()[0];
    assert_eq!(context.kind_of(file).unwrap(), Kind::File { size: 0, mode: 0o644 });
}

#[test]
fn sources_respect_the_ignore_file() {
    let context = small();
    assert_eq!(taken(&context, "*"), [".dockerignore", "docs", "secret", "src"]);
    assert_eq!(taken(&context, "*.md"), Vec::<String>::new());
    assert_eq!(taken(&context, "*/*"), ["docs/a.md", "secret/public", "src/main.rs"]);
    assert!(matches!(context.copy_sources("README.md"), Err(ContextError::Excluded(_))));
    assert!(matches!(context.copy_sources("node_modules/*"), Err(ContextError::Excluded(_))));
}

#[test]
fn the_ignore_file_beside_the_dockerfile_is_preferred() {
    let files = Files::new()
        .file(".dockerignore", "a")
        .file("docker/app.Dockerfile.dockerignore", "b")
        .file("docker/.dockerignore", "c")
        .file("empty.dockerignore", "")
        .file("dangling.dockerignore/x", "");
    let ignore = |dockerfile: &str| {
        let context = Context::from_files(files.clone(), dockerfile);
        let text = String::from_utf8(context.ignore().rules().source().to_vec()).unwrap();
        (context.ignore().path().unwrap().to_owned(), text)
    };
    assert_eq!(ignore("docker/app.Dockerfile"), ("docker/app.Dockerfile.dockerignore".into(), "b".into()));
    assert_eq!(ignore("./docker//app.Dockerfile").1, "b");
    assert_eq!(ignore("docker/Dockerfile"), (".dockerignore".into(), "a".into()));
    assert_eq!(ignore("empty"), ("empty.dockerignore".into(), "".into()));
    assert_eq!(ignore("dangling").1, "a");
    assert_eq!(ignore("../elsewhere/Dockerfile").1, "a");
    assert_eq!(Context::in_memory([("a", "")]).ignore().path(), None);
}

#[test]
fn an_ignore_file_may_be_a_link_but_not_out_of_its_directory() {
    let files = Files::new()
        .file(".gitignore", "a")
        .symlink(".dockerignore", ".gitignore")
        .file("docker/rules", "b")
        .symlink("docker/in.dockerignore", "rules")
        .symlink("docker/out.dockerignore", "../docker/rules")
        .symlink("docker/up.dockerignore", "../rules");
    let rules =
        |dockerfile: &str| Context::from_files(files.clone(), dockerfile).ignore().rules().source().to_vec();
    assert_eq!(rules("Dockerfile"), b"a");
    assert_eq!(rules("docker/in"), b"b");
    // BuildKit is given the Dockerfile's directory alone, so `..` ends there.
    assert_eq!(rules("docker/up"), b"b");
    assert_eq!(rules("docker/out"), b"a");
}

#[test]
fn writing_a_file_makes_another_context() {
    let before = small();
    let after = before.with_file("src/new/lib.rs", "lib").unwrap().with_file("src/main.rs", "other").unwrap();
    assert_eq!(&*after.read("src/new/lib.rs").unwrap(), b"lib");
    assert_eq!(&*after.read("src/main.rs").unwrap(), b"other");
    assert_eq!(walked(&after, "src"), ["src/main.rs", "src/new", "src/new/lib.rs"]);
    assert_eq!(walked(&before, "src"), ["src/main.rs"]);
    assert_eq!(after.kind("src/main.rs").unwrap(), Some(Kind::File { size: 5, mode: 0o644 }));
    assert!(matches!(after.with_file("src/new", ""), Err(ContextError::NotAFile { .. })));
    assert!(matches!(after.with_file("", ""), Err(ContextError::NotAFile { .. })));
    assert!(matches!(after.with_file("src/main.rs/x", ""), Err(ContextError::NotADirectory { .. })));
}

#[test]
fn writing_goes_through_links() {
    let files = Files::new()
        .file("real/x", "")
        .symlink("dir", "real")
        .symlink("file", "real/x")
        .symlink("gone", "no");
    let context = Context::from_files(files, "Dockerfile");
    let write = |path: &str| walked(&context.with_file(path, "new").unwrap(), "");
    assert_eq!(&*context.with_file("file", "new").unwrap().read("real/x").unwrap(), b"new");
    assert!(write("dir/y").contains(&"real/y".to_owned()));
    let replaced = context.with_file("gone", "new").unwrap();
    assert_eq!(replaced.kind("gone").unwrap(), Some(Kind::File { size: 3, mode: 0o644 }));
}

#[test]
fn writing_the_ignore_file_puts_it_in_force() {
    let files = Files::new()
        .file("a", "")
        .file("b", "")
        .file("app.dockerignore", "a")
        .symlink("link.dockerignore", "rules")
        .file("rules", "");
    let plain = Context::from_files(files.clone(), "Dockerfile");
    assert_eq!(plain.ignore().path(), None);
    let written = plain.with_file(".dockerignore", "b\n").unwrap();
    assert_eq!(written.ignore().path(), Some(".dockerignore"));
    assert!(written.is_excluded("b").unwrap());
    assert!(!plain.is_excluded("b").unwrap());

    let named = Context::from_files(files.clone(), "app");
    assert!(
        !named.with_file(".dockerignore", "b").unwrap().is_excluded("b").unwrap(),
        "the other one is preferred"
    );
    assert!(named.with_file("app.dockerignore", "b").unwrap().is_excluded("b").unwrap());

    let linked = Context::from_files(files, "link").with_file("rules", "b").unwrap();
    assert!(linked.is_excluded("b").unwrap());
    assert_eq!(linked.ignore().path(), Some("link.dockerignore"));
}

#[test]
fn an_ignore_file_given_by_hand_stays_until_it_is_written() {
    let by_hand = Context::in_memory([(".dockerignore", "a"), ("a", ""), ("b", "")])
        .with_ignore(Dockerignore::parse(b"b"));
    assert!(by_hand.with_file("x", "").unwrap().is_excluded("b").unwrap());
    let written = by_hand.with_file(".dockerignore", "x").unwrap();
    assert!(written.is_excluded("x").unwrap() && !written.is_excluded("b").unwrap());
    assert_eq!(by_hand.exclusion("b").unwrap().unwrap().file, None);
}

#[test]
fn of_an_unknown_context_nothing_is_known() {
    let context = Context::unknown();
    let unknown = |result: Result<(), ContextError>| matches!(result, Err(ContextError::Unknown { .. }));
    assert!(!context.is_known());
    assert!(unknown(context.kind("a").map(drop)));
    assert!(unknown(context.presence("a").map(drop)));
    assert!(unknown(context.read("a").map(drop)));
    assert!(unknown(context.read_ignoring_dockerignore("a").map(drop)));
    assert!(unknown(context.list("").map(drop)));
    assert!(unknown(context.walk("").next().unwrap().map(drop)));
    assert!(unknown(context.is_excluded("a").map(drop)));
    assert!(unknown(context.copy_sources("a").map(drop)));
    assert!(unknown(context.copy_sources("*").map(drop)));
    let some = context.with_file("a", "x").unwrap();
    assert_eq!(&*some.read("a").unwrap(), b"x");
    assert!(unknown(some.read("b").map(drop)));
    let ignored = context.with_file(".dockerignore", "b").unwrap();
    assert!(ignored.is_excluded("b").unwrap());
    assert!(unknown(ignored.kind("b").map(drop)));
}

#[test]
fn every_error_is_one_line_with_the_path() {
    let path = || "some/path".to_owned();
    let exclusion = Exclusion { path: path(), file: None, line: 3, pattern: "some".into() };
    for error in [
        ContextError::Unknown { path: path() },
        ContextError::Outside { path: path() },
        ContextError::NotFound { path: path() },
        ContextError::Excluded(exclusion),
        ContextError::NotAFile { path: path() },
        ContextError::NotADirectory { path: path() },
        ContextError::TooLarge { path: path(), size: 1 },
        ContextError::BadPattern { pattern: path() },
        ContextError::Io { path: path(), source: std::io::ErrorKind::PermissionDenied.into() },
    ] {
        let message = error.to_string();
        assert!(
            message.contains("`some/path`") && message.contains("; ") && !message.contains('\n'),
            "{message}"
        );
    }
}

#[test]
fn contexts_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Context>();
}

#[test]
fn excluded_directories_are_never_listed() {
    let dir = tempfile::TempDir::new().unwrap();
    for path in ["node_modules/a/b", "src/x", "vendor/keep/y", "vendor/drop/z"] {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    let context =
        Context::open(dir.path(), Dockerignore::parse(b"**/node_modules\nvendor\n!vendor/keep")).unwrap();
    let Base::Disk(disk) = context.tree.base() else { panic!() };
    assert_eq!(disk.listed(), Vec::<String>::new());
    assert_eq!(walked(&context, ""), ["src", "src/x", "vendor", "vendor/keep", "vendor/keep/y"]);
    assert_eq!(taken(&context, "*/*"), ["src/x", "vendor/keep"]);
    assert_eq!(context.kind("node_modules").unwrap(), None);
    assert_eq!(disk.listed(), ["", "src", "vendor", "vendor/keep"]);
}

/// Trees and ignore files over a small alphabet, so that patterns meet paths.
fn tree() -> impl Strategy<Value = (Vec<String>, String)> {
    let path = prop::collection::vec("[ab]{1,2}", 1..4).prop_map(|names| names.join("/"));
    let pattern =
        prop::collection::vec(prop::sample::select(vec!["a", "b", "/", "*", "**", "?", "[^a]"]), 1..5)
            .prop_map(|parts| parts.concat());
    let line = (any::<bool>(), pattern)
        .prop_map(|(exception, p)| format!("{}{p}\n", if exception { "!" } else { "" }));
    (prop::collection::vec(path, 0..12), prop::collection::vec(line, 0..5).prop_map(|lines| lines.concat()))
}

/// What a COPY of everything takes: whatever is not excluded, and the directories above.
fn by_filter(context: &Context) -> BTreeSet<String> {
    fn everything(context: &Context, dir: &str, found: &mut Vec<String>) {
        for entry in context.list_ignoring_dockerignore(dir).unwrap().iter() {
            let path = join(dir, &entry.name);
            if entry.file_type == FileType::Dir {
                everything(context, &path, found);
            }
            found.push(path);
        }
    }
    let mut all = Vec::new();
    everything(context, "", &mut all);
    let rules = context.ignore().rules();
    let mut kept = BTreeSet::new();
    for path in all.iter().filter(|path| !rules.is_excluded(path)) {
        kept.extend(path.match_indices('/').map(|(at, _)| path[..at].to_owned()));
        kept.insert(path.clone());
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_walk_is_a_filter((paths, lines) in tree()) {
        let files = paths.iter().map(|path| (path.as_str(), "")).chain([(".dockerignore", lines.as_str())]);
        let context = Context::in_memory(files);
        let walk = walked(&context, "");
        prop_assert!(walk.iter().collect::<BTreeSet<_>>().len() == walk.len(), "twice: {:?}", walk);
        prop_assert_eq!(&walk.iter().cloned().collect::<BTreeSet<_>>(), &by_filter(&context));
        // Parents come first, and every question tells the same.
        for (index, path) in walk.iter().enumerate() {
            prop_assert!(context.kind(path).unwrap().is_some());
            let (dir, name) = split(path);
            prop_assert!(dir.is_empty() || walk[..index].contains(&dir.to_owned()));
            prop_assert!(names(&context.list(dir).unwrap()).contains(&name));
            prop_assert_eq!(taken(&context, path), [path.clone()]);
        }
        for path in &paths {
            prop_assert_eq!(context.kind(path).unwrap().is_some(), walk.contains(path), "{}", path);
        }
        if !context.is_excluded("a").unwrap() && context.kind("a").unwrap() == Some(Kind::Dir) {
            let below: Vec<_> = walk.iter().filter(|path| path.starts_with("a/")).cloned().collect();
            prop_assert_eq!(walked(&context, "a"), below);
        }
    }

    #[test]
    fn wildcards_match_what_the_pattern_matches((paths, lines) in tree(), source in "[ab*?/]{1,6}|a\\[\\^b\\]b|\\*\\[\\.-0\\]\\*") {
        let files = paths.iter().map(|path| (path.as_str(), "")).chain([(".dockerignore", lines.as_str())]);
        let context = Context::in_memory(files);
        let pattern = normalise_inside(&source);
        prop_assume!(crate::pattern::has_wildcard(&pattern));
        let matching: Vec<_> = walked(&context, "")
            .into_iter()
            .filter(|path| crate::pattern::matches(&pattern, path).unwrap())
            .collect();
        let outermost: Vec<_> = matching
            .iter()
            .filter(|path| !matching.iter().any(|other| path.starts_with(&format!("{other}/"))))
            .cloned()
            .collect();
        match context.copy_sources(&source) {
            Ok(found) => prop_assert_eq!(found.iter().map(|f| f.path.clone()).collect::<Vec<_>>(), outermost),
            Err(_) => prop_assert_eq!(outermost, Vec::<String>::new()),
        }
    }
}

#[test]
fn files_from_elsewhere_are_a_tree_like_any_other() {
    #[derive(Debug)]
    struct Elsewhere;
    impl ForeignFiles for Elsewhere {
        fn list(&self, dir: &str) -> std::io::Result<Option<Vec<Entry>>> {
            let names: &[&str] = match dir {
                "" => &["src", ".dockerignore", "a.md"],
                "src" => &["a.rs"],
                _ => return Ok(None),
            };
            let entry = |name: &&str| Entry {
                name: (*name).to_owned(),
                file_type: if *name == "src" { FileType::Dir } else { FileType::File },
                exact_name: true,
            };
            Ok(Some(names.iter().map(entry).collect()))
        }
        fn kind(&self, path: &str) -> std::io::Result<Option<Kind>> {
            Ok((path != "src").then_some(Kind::File { size: 1, mode: 0o755 }))
        }
        fn read(&self, path: &str) -> std::io::Result<Option<Vec<u8>>> {
            Ok((path == ".dockerignore").then(|| b"*.md".to_vec()))
        }
    }
    let context = Context::from_foreign(Arc::new(Elsewhere), "Dockerfile").unwrap();
    assert_eq!(walked(&context, ""), [".dockerignore", "src", "src/a.rs"]);
    assert_eq!(context.kind("src/a.rs").unwrap(), Some(Kind::File { size: 1, mode: 0o755 }));
}
