//! What the model says against what a real engine did: `tests/data/*_engine.tsv`, recorded once. The ignored tests
//! repeat the recording with the engine at hand (`docker buildx build`) and fail where it does something else.
#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::collections::{BTreeMap, BTreeSet};

use dockfix_model::context::{Context, ContextError, FileType, Files, Kind};
use dockfix_model::dockerignore::{Dockerignore, Problem};

const IGNORE_CASES: &str = include_str!("data/dockerignore_engine.tsv");
const COPY_CASES: &str = include_str!("data/copy_engine.tsv");

/// Sources of which the engine takes less than the model says, and why: see [`Context::copy_sources`].
const ENGINE_TAKES_LESS: [(&str, &str); 8] = [
    // BuildKit transfers only what the sources of the Dockerfile name. With a `COPY . /` beside it, each of these does
    // what the model says (tried with the same engine).
    // - The directory before the wildcard does not get there, since nothing in it does.
    ("a.txt/*", ""),
    ("dir/*.txt", "**/*.txt"),
    // - A link behind a wildcard directory is not followed when the files are chosen.
    ("d*/up", ""),
    ("o*/lx", ""),
    // - A wildcard directory holds a link to a file that no source names. (A broken link fails in any company.)
    ("o*", ""),
    ("d*", ""),
    // - The files are chosen in the language of ignore files, where this class means something else.
    ("a[?]c", ""),
    // This one fails in any company: BuildKit does not find its way through a link to the root.
    ("root/a.txt", ""),
];

fn unescape(text: &str) -> String {
    ["\\n", "\\r", "\\t", "\\u{feff}"]
        .iter()
        .zip(["\n", "\r", "\t", "\u{feff}"])
        .fold(
            // A backslash of its own is set aside first.
            text.replace("\\\\", "\u{1}"),
            |text, (escape, c)| text.replace(escape, c),
        )
        .replace('\u{1}', "\\")
}

/// The rows of a kind, cut at the tabs.
fn rows<'a>(data: &'a str, kind: &'a str) -> impl Iterator<Item = Vec<&'a str>> {
    data.lines()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(move |row| row[0] == kind)
        .map(|row| row[1..].to_vec())
}

/// A tree of files that hold their own paths.
fn files<'a>(paths: impl IntoIterator<Item = &'a str>) -> Files {
    paths.into_iter().fold(Files::new(), |files, path| match path.split_once(" -> ") {
        Some((path, target)) => files.symlink(path, target),
        None if path.ends_with('/') => files.dir(path),
        None => files.file(path, path),
    })
}

/// How the data write what is at a path.
fn shown(context: &Context, path: &str, with_content: bool) -> String {
    match context.kind_ignoring_dockerignore(path).unwrap().unwrap() {
        Kind::Dir => "/".to_owned(),
        Kind::Symlink { target } => format!(" -> {target}"),
        Kind::File { .. } if with_content => {
            let bytes = context.read_ignoring_dockerignore(path).unwrap();
            format!(" = {}", String::from_utf8_lossy(&bytes))
        }
        Kind::File { .. } | Kind::Other => String::new(),
    }
}

/// Excluded paths and paths without content, as the data write them.
fn excluded(lines: &str) -> (String, String) {
    let ignore = Dockerignore::parse(lines.as_bytes());
    if !ignore.problems().is_empty() {
        return ("error".to_owned(), String::new());
    }
    let tree = files(rows(IGNORE_CASES, "tree").map(|row| row[0]));
    let whole = Context::from_files(tree, "Dockerfile");
    let context = whole.with_ignore(ignore);
    let walk = |context: &Context| context.walk("").map(|e| e.unwrap().path).collect::<BTreeSet<_>>();
    let kept = walk(&context);
    let name = |path: &String| format!("{path}{}", shown(&whole, path, false));
    let excluded: BTreeSet<String> = walk(&whole).difference(&kept).map(name).collect();
    let is_file = |path: &&String| matches!(whole.kind(path).unwrap(), Some(Kind::File { .. }));
    let emptied = kept.iter().filter(is_file).filter(|path| context.ignore().rules().arrives_empty(path));
    let lines = |paths: Vec<String>| paths.join("|");
    (lines(excluded.into_iter().collect()), lines(emptied.cloned().collect()))
}

#[test]
fn ignore_files_exclude_what_the_engine_excludes() {
    let mut cases = 0;
    for row in rows(IGNORE_CASES, "case") {
        let lines = unescape(row[0]);
        let (expected, emptied) = (row.get(1).copied().unwrap_or(""), row.get(2).copied().unwrap_or(""));
        if matches!(Dockerignore::parse(lines.as_bytes()).problems(), [Problem::Unmodelled { .. }]) {
            assert_eq!(lines, r"x\p{N}y", "more is not modelled than is said");
            continue;
        }
        assert_eq!(excluded(&lines), (expected.to_owned(), emptied.to_owned()), "{lines:?}");
        cases += 1;
    }
    assert!(cases > 300, "{cases}");
}

/// What `COPY source /o/` makes of `/o`, as the data write it.
fn copied(context: &Context, source: &str) -> Result<String, ContextError> {
    let mut result = BTreeMap::new();
    for found in context.copy_sources(source)?.iter() {
        result.insert(String::new(), "/".to_owned());
        if found.file_type != FileType::Dir {
            let name = found.path.rsplit('/').next().unwrap_or_default();
            result.insert(name.to_owned(), shown(context, &found.resolved, true));
            continue;
        }
        for entry in context.walk(&found.resolved) {
            let path = entry?.path;
            let below = path.strip_prefix(&found.resolved).unwrap().trim_start_matches('/');
            result.insert(below.to_owned(), shown(context, &path, true));
        }
    }
    let mut lines: Vec<_> = result.into_iter().map(|(path, content)| path + &content).collect();
    lines.sort();
    Ok(if lines.is_empty() { "nothing".to_owned() } else { lines.join("|") })
}

fn copy_context(tree: &str, lines: &str) -> Context {
    let paths = rows(COPY_CASES, "tree").filter(|row| row[0] == tree).map(|row| row[1]);
    Context::from_files(files(paths), "Dockerfile").with_ignore(Dockerignore::parse(lines.as_bytes()))
}

#[test]
fn sources_take_what_the_engine_takes() {
    let (mut same, mut different) = (0, BTreeSet::new());
    for row in rows(COPY_CASES, "case") {
        let [tree, source, lines, expected] = row.try_into().unwrap();
        let (source, lines) = (unescape(source), unescape(lines));
        let found = copied(&copy_context(tree, &lines), &source);
        let found = found.unwrap_or_else(|_| "error".to_owned());
        if ENGINE_TAKES_LESS.contains(&(source.as_str(), lines.as_str())) && found != expected {
            assert!(["error", "nothing"].contains(&expected), "{source:?} {lines:?}: {expected}");
            different.insert((source, lines));
        } else {
            assert_eq!(found, expected, "{source:?} {lines:?}");
            same += 1;
        }
    }
    assert_eq!(same, 134);
    assert_eq!(different.len(), ENGINE_TAKES_LESS.len(), "{different:?}");
}

mod live {
    use std::fs;
    use std::io::Read;
    use std::path::Path;
    use std::process::Command;

    use tempfile::TempDir;

    use super::*;

    fn write(root: &Path, paths: &[&str]) {
        for path in paths {
            let (path, target) = path.split_once(" -> ").map_or((*path, None), |(path, to)| (path, Some(to)));
            let real = root.join(path);
            fs::create_dir_all(if path.ends_with('/') { &real } else { real.parent().unwrap() }).unwrap();
            match target {
                #[cfg(unix)]
                Some(target) => std::os::unix::fs::symlink(target, real).unwrap(),
                #[cfg(not(unix))]
                Some(_) => panic!("needs links"),
                None if path.ends_with('/') => {}
                None => fs::write(real, path).unwrap(),
            }
        }
    }

    /// Builds and tells what the image holds, or nothing if the build fails.
    fn build(context: &Path, copy: &str, lines: &str) -> Option<BTreeMap<String, String>> {
        let beside = TempDir::new().unwrap();
        fs::write(beside.path().join("D"), format!("FROM scratch\n{copy}\n")).unwrap();
        fs::write(beside.path().join("D.dockerignore"), lines).unwrap();
        let output = Command::new("docker")
            .args(["buildx", "build", "--quiet", "--no-cache", "--output", "type=tar,dest=-", "--file"])
            .args([&beside.path().join("D"), context])
            .output()
            .unwrap();
        output.status.success().then(|| {
            let mut archive = tar::Archive::new(&*output.stdout);
            let entries = archive.entries().unwrap().map(|entry| {
                let mut entry = entry.unwrap();
                let path = entry.path().unwrap().to_string_lossy().trim_end_matches('/').to_owned();
                let kind = entry.header().entry_type();
                let content = if kind.is_dir() {
                    "/".to_owned()
                } else if kind.is_symlink() {
                    format!(" -> {}", entry.link_name().unwrap().unwrap().to_string_lossy())
                } else {
                    let mut content = String::from(" = ");
                    entry.read_to_string(&mut content).unwrap();
                    content
                };
                (path, content)
            });
            entries.collect()
        })
    }

    #[test]
    #[ignore = "needs a Docker Engine; takes minutes"]
    fn the_engine_excludes_as_recorded() {
        let paths: Vec<_> = rows(IGNORE_CASES, "tree").map(|row| row[0]).collect();
        // BuildKit keeps the content of files that it has seen, so every build gets files that it has not.
        let build_anew = |lines: &str| {
            let dir = TempDir::new().unwrap();
            write(dir.path(), &paths);
            build(dir.path(), "COPY . /", lines)
        };
        let whole = build_anew("").unwrap();
        for row in rows(IGNORE_CASES, "case") {
            let kept = build_anew(&unescape(row[0]));
            let excluded = kept.as_ref().map_or("error".to_owned(), |kept| {
                let missing = whole.iter().filter(|(path, _)| !kept.contains_key(*path));
                let name = |(path, content): (&String, &String)| match content.starts_with(" =") {
                    true => path.clone(),
                    false => format!("{path}{content}"),
                };
                missing.map(name).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join("|")
            });
            let kept = kept.unwrap_or_default();
            let emptied: Vec<_> =
                kept.iter().filter(|(_, content)| *content == " = ").map(|(path, _)| path.as_str()).collect();
            let recorded = (row.get(1).copied().unwrap_or(""), row.get(2).copied().unwrap_or(""));
            assert_eq!((excluded.as_str(), emptied.join("|").as_str()), recorded, "{}", row[0]);
        }
    }

    #[test]
    #[ignore = "needs a Docker Engine; takes minutes"]
    fn the_engine_copies_as_recorded() {
        for tree in ["plain", "links", "broken"] {
            let dir = TempDir::new().unwrap();
            let paths = rows(COPY_CASES, "tree").filter(|row| row[0] == tree).map(|row| row[1]);
            write(dir.path(), &paths.collect::<Vec<_>>());
            for row in rows(COPY_CASES, "case").filter(|row| row[0] == tree) {
                // The source goes through JSON and through the Dockerfile's own escapes.
                let source = unescape(row[1]).replace('\\', r"\\\\");
                let image = build(dir.path(), &format!(r#"COPY ["{source}", "/o/"]"#), &unescape(row[2]));
                let found = image.map_or("error".to_owned(), |image| {
                    let mut lines: Vec<_> = image
                        .iter()
                        .map(|(path, content)| {
                            format!("{}{content}", path.strip_prefix('o').unwrap().trim_start_matches('/'))
                        })
                        .collect();
                    lines.sort();
                    if lines.is_empty() { "nothing".to_owned() } else { lines.join("|") }
                });
                assert_eq!(found, row[3], "{tree} {source} {}", row[2]);
            }
        }
    }

    /// The trees of the corpus, as the context of a `COPY . /`.
    #[test]
    #[ignore = "needs a Docker Engine and the corpus; takes minutes"]
    fn the_engine_sends_the_files_of_the_corpus() {
        let corpus = std::env::var("DOCKFIX_CORPUS").unwrap_or_else(|_| "../../shared/corpus".to_owned());
        let mut compared = 0;
        for archive in fs::read_dir(Path::new(&corpus).join("repos")).unwrap() {
            let dir = TempDir::new().unwrap();
            let archive = fs::File::open(archive.unwrap().path()).unwrap();
            tar::Archive::new(flate2::read::GzDecoder::new(archive)).unpack(dir.path()).unwrap();
            let root = dir.path().join("tree");
            let context = Context::open_for(&root, &root.join("Dockerfile")).unwrap();
            let lines = String::from_utf8_lossy(context.ignore().rules().source()).into_owned();
            let image = build(&root, "COPY . /", &lines).unwrap();
            let walk: Vec<_> = context.walk("").map(Result::unwrap).collect();
            let ours: BTreeSet<_> = walk.iter().map(|entry| entry.path.as_str()).collect();
            let theirs: BTreeSet<_> = image.keys().map(String::as_str).collect();
            assert_eq!(
                ours.symmetric_difference(&theirs).collect::<Vec<_>>(),
                Vec::<&&str>::new(),
                "{lines}"
            );
            compared += walk.iter().filter(|entry| entry.file_type != FileType::Dir).count();
        }
        eprintln!("{compared} files compared");
        assert!(compared > 10_000);
    }
}
