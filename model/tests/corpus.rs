//! The trees of real repositories as build contexts.
#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use dockfix_model::context::{Context, FileType, Files, Presence};

/// The archives of the corpus, or nothing where it is not at hand.
fn archives() -> Option<Vec<PathBuf>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let corpus = std::env::var_os("DOCKFIX_CORPUS").map_or(beside, PathBuf::from);
    let Ok(found) = fs::read_dir(corpus.join("repos")) else {
        eprintln!("skipped: no corpus; set DOCKFIX_CORPUS to its directory");
        return None;
    };
    Some(found.map(|entry| entry.unwrap().path()).collect())
}

/// What an archive holds below `tree/`, and the paths of it.
fn unpack(archive: &Path) -> (Files, Vec<String>) {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(archive).unwrap()));
    let (mut files, mut paths) = (Files::new(), Vec::new());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        let Some(path) = path.trim_start_matches("./").strip_prefix("tree/").map(str::to_owned) else {
            continue;
        };
        let header = entry.header().clone();
        files = if header.entry_type().is_symlink() {
            files.symlink(&path, &entry.link_name().unwrap().unwrap().to_string_lossy())
        } else if header.entry_type().is_dir() {
            files.dir(&path)
        } else {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.file_with_mode(&path, header.mode().unwrap(), bytes)
        };
        paths.push(path.trim_end_matches('/').to_owned());
    }
    (files, paths)
}

fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    name == "dockerfile" || name.starts_with("dockerfile.") || name.ends_with(".dockerfile")
}

#[test]
fn a_walk_of_a_real_tree_is_a_filter() {
    let Some(archives) = archives() else { return };
    let (mut contexts, mut kept_files, mut excluded_files) = (0, 0, 0);
    for archive in &archives {
        let (files, paths) = unpack(archive);
        let mut ignore_files = BTreeSet::new();
        for dockerfile in paths.iter().filter(|path| is_dockerfile(path) && !path.ends_with(".dockerignore"))
        {
            let context = Context::from_files(files.clone(), dockerfile);
            // Dockerfiles with the same ignore file have the same context.
            if !ignore_files.insert(context.ignore().path().map(str::to_owned)) {
                continue;
            }
            let rules = context.ignore().rules();
            assert_eq!(rules.problems(), [], "{archive:?} {dockerfile}");
            let walk: Vec<_> = context.walk("").map(Result::unwrap).collect();
            let walked: BTreeSet<_> =
                walk.iter().filter(|e| e.file_type != FileType::Dir).map(|e| e.path.as_str()).collect();
            for path in &paths {
                match context.presence(path).unwrap() {
                    Presence::Excluded(exclusion) => {
                        assert!(rules.is_excluded(path) && !walked.contains(path.as_str()), "{exclusion}");
                        excluded_files += 1;
                    }
                    Presence::Present(_) => {
                        let is_dir = context.list(path).is_ok() && !walked.contains(path.as_str());
                        assert!(is_dir || walked.contains(path.as_str()), "{archive:?} {path}");
                        assert!(is_dir || !rules.is_excluded(path), "{archive:?} {path}");
                        assert!(!rules.arrives_empty(path), "{archive:?} {path}");
                        kept_files += 1;
                    }
                    Presence::Absent => panic!("{archive:?} {path}"),
                }
            }
            contexts += 1;
        }
    }
    eprintln!("{contexts} contexts, {kept_files} paths kept, {excluded_files} excluded");
    assert!(contexts >= archives.len() / 2 && kept_files > excluded_files && excluded_files > 0);
}
