//! The build context on a real disk.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use dockfix_model::context::{Context, ContextError, FileType, IgnoreFile, Kind, MAX_FILE_SIZE, Presence};
use dockfix_model::dockerignore::Dockerignore;
use tempfile::TempDir;

/// A directory with these files; a path with ` -> ` is a link, one with a slash at the end a directory.
fn tree(paths: &[&str]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for path in paths {
        let (path, target) =
            path.split_once(" -> ").map_or((*path, None), |(path, target)| (path, Some(target)));
        let real = dir.path().join(path);
        fs::create_dir_all(if path.ends_with('/') { &real } else { real.parent().unwrap() }).unwrap();
        match target {
            Some(target) => symlink(target, real).unwrap(),
            None if path.ends_with('/') => {}
            None => fs::write(real, path).unwrap(),
        }
    }
    dir
}

fn walked(context: &Context) -> Vec<String> {
    context.walk("").map(|entry| entry.unwrap().path).collect()
}

#[test]
fn files_links_and_modes() {
    let dir = tree(&["a", "bin/run", "empty/", "link -> bin/run", ".dockerignore"]);
    fs::write(dir.path().join(".dockerignore"), "a\n").unwrap();
    fs::set_permissions(dir.path().join("bin/run"), fs::Permissions::from_mode(0o751)).unwrap();
    let context = Context::open_for(dir.path(), &dir.path().join("Dockerfile")).unwrap();
    assert_eq!(walked(&context), [".dockerignore", "bin", "bin/run", "empty", "link"]);
    assert_eq!(context.kind("bin/run").unwrap(), Some(Kind::File { size: 7, mode: 0o751 }));
    assert_eq!(context.kind("link").unwrap(), Some(Kind::Symlink { target: "bin/run".into() }));
    assert_eq!(context.kind("empty").unwrap(), Some(Kind::Dir));
    assert_eq!(context.kind("EMPTY").unwrap(), None);
    assert_eq!(&*context.read("link").unwrap(), b"bin/run");
    assert!(matches!(context.presence("a").unwrap(), Presence::Excluded(_)));
    assert!(matches!(context.read("bin"), Err(ContextError::NotAFile { .. })));
    assert!(matches!(context.list("link"), Err(ContextError::NotADirectory { .. })));
    assert!(matches!(context.walk("a/b").next(), Some(Err(ContextError::NotFound { .. }))));
}

#[test]
fn dockerfiles_of_one_context_each_have_their_own_ignore_file() {
    let dir = tree(&["a", "b", ".dockerignore", "Dockerfile.dockerignore"]);
    fs::write(dir.path().join(".dockerignore"), "a\n").unwrap();
    fs::write(dir.path().join("Dockerfile.dockerignore"), "b\n").unwrap();
    let context = Context::open(dir.path(), IgnoreFile::none()).unwrap();
    let ignore = |name: &str| {
        let context = context.for_dockerfile(&dir.path().join(name)).unwrap();
        (context.ignore().path().unwrap().to_owned(), context.is_excluded("a").unwrap())
    };
    assert_eq!(ignore("Dockerfile"), ("Dockerfile.dockerignore".into(), false));
    assert_eq!(ignore("other"), (".dockerignore".into(), true));
}

#[test]
fn nothing_outside_is_ever_read() {
    let outside = tree(&["secret", "dir/secret"]);
    let path = outside.path().to_str().unwrap();
    let links = [
        format!("abs -> {path}/secret"),
        format!("dir -> {path}/dir"),
        format!("x/up -> ../../..{path}/secret"),
    ];
    let dir = tree(&links.iter().map(String::as_str).chain([".dockerignore -> abs"]).collect::<Vec<_>>());
    let context = Context::open_for(dir.path(), &dir.path().join("Dockerfile")).unwrap();
    for link in ["abs", "dir/secret", "x/up"] {
        assert!(
            matches!(context.read_ignoring_dockerignore(link), Err(ContextError::NotFound { .. })),
            "{link}"
        );
        assert!(context.copy_sources(link).is_err(), "{link}");
    }
    assert!(context.list("dir").is_err());
    assert_eq!(context.ignore().path(), None);
    assert_eq!(walked(&context), [".dockerignore", "abs", "dir", "x", "x/up"]);
}

#[test]
fn the_root_may_be_a_link() {
    let dir = tree(&["real/a", "link -> real"]);
    let context = Context::open(&dir.path().join("link"), IgnoreFile::none()).unwrap();
    assert_eq!(walked(&context), ["a"]);
    assert_eq!(context.root().unwrap().file_name().unwrap(), "real");
}

#[test]
fn what_is_no_root_is_refused() {
    let dir = tree(&["file"]);
    let open = |name: &str| Context::open(&dir.path().join(name), Dockerignore::default());
    assert!(matches!(open("file"), Err(ContextError::NotADirectory { .. })));
    assert!(matches!(open("nothing"), Err(ContextError::Io { .. })));
}

#[test]
fn large_files_and_pipes_are_not_read() {
    let dir = tree(&["big", "fits"]);
    fs::File::create(dir.path().join("big")).unwrap().set_len(MAX_FILE_SIZE + 1).unwrap();
    fs::File::create(dir.path().join("fits")).unwrap().set_len(MAX_FILE_SIZE).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(dir.path().join("pipe")).status();
    let context = Context::open(dir.path(), IgnoreFile::none()).unwrap();
    assert!(
        matches!(context.read("big"), Err(ContextError::TooLarge { size, .. }) if size == MAX_FILE_SIZE + 1)
    );
    assert_eq!(context.read("fits").unwrap().len() as u64, MAX_FILE_SIZE);
    if pipe.is_ok_and(|status| status.success()) {
        assert_eq!(context.kind("pipe").unwrap(), Some(Kind::Other));
        assert!(matches!(context.read("pipe"), Err(ContextError::NotAFile { .. })));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn names_that_are_no_text_are_listed_and_flagged() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tree(&["a"]);
    let odd = dir.path().join(std::ffi::OsStr::from_bytes(b"odd\xff"));
    fs::create_dir(&odd).unwrap();
    fs::write(odd.join("inside"), "x").unwrap();
    let context = Context::open(dir.path(), IgnoreFile::none()).unwrap();
    let entries = context.list("").unwrap();
    assert_eq!((entries[1].name.as_str(), entries[1].exact_name), ("odd\u{fffd}", false));
    assert!(entries[0].exact_name);
    assert_eq!(walked(&context), ["a", "odd\u{fffd}", "odd\u{fffd}/inside"]);
    assert_eq!(&*context.read("odd\u{fffd}/inside").unwrap(), b"x");
}

#[test]
fn ignore_files_are_picked_as_buildkit_does() {
    let dir = tree(&[
        "ctx/.dockerignore",
        "ctx/docker/app.Dockerfile.dockerignore",
        "out/Dockerfile.dockerignore",
        "ctx/d -> docker",
    ]);
    let pick = |dockerfile: &str| {
        let context = Context::open_for(&dir.path().join("ctx"), &dir.path().join(dockerfile)).unwrap();
        context.ignore().path().map(str::to_owned)
    };
    assert_eq!(pick("ctx/Dockerfile").as_deref(), Some(".dockerignore"));
    assert_eq!(pick("ctx/docker/app.Dockerfile").as_deref(), Some("docker/app.Dockerfile.dockerignore"));
    assert_eq!(pick("ctx/d/app.Dockerfile").as_deref(), Some("docker/app.Dockerfile.dockerignore"));
    assert_eq!(pick("out/../ctx/docker/Dockerfile").as_deref(), Some(".dockerignore"));
    assert_eq!(pick("out/other.Dockerfile").as_deref(), Some(".dockerignore"));
    assert_eq!(pick("missing/Dockerfile").as_deref(), Some(".dockerignore"));
    let outside = pick("out/Dockerfile").unwrap();
    assert!(
        Path::new(&outside).is_absolute() && outside.ends_with("out/Dockerfile.dockerignore"),
        "{outside}"
    );

    let context = Context::open_for(&dir.path().join("ctx"), &dir.path().join("out/Dockerfile")).unwrap();
    let written = context.with_file(".dockerignore", "docker").unwrap();
    assert_eq!(written.ignore().path(), Some(outside.as_str()), "the one outside is still preferred");
}

#[test]
fn unreadable_directories_stop_nobody_who_does_not_need_them() {
    let dir = tree(&["a/x", "shut/y"]);
    let shut = dir.path().join("shut");
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o0)).unwrap();
    let readable = fs::read_dir(&shut).is_ok();
    let walk = |lines: &str| {
        let context = Context::open(dir.path(), Dockerignore::parse(lines.as_bytes())).unwrap();
        let (fine, failed): (Vec<_>, Vec<_>) = context.walk("").partition(Result::is_ok);
        (fine.len(), failed.len())
    };
    let found = [walk(""), walk("shut"), walk("shut\n!shut/z")];
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o755)).unwrap();
    if readable {
        eprintln!("skipped: this user may read everything");
    } else {
        assert_eq!(found, [(2, 1), (2, 0), (2, 0)]);
    }
}

#[test]
fn threads_see_the_same_tree() {
    let dir = tree(&["a/b/c/1", "a/b/c/2", "a/d/3", "e/4"]);
    let context = Context::open(dir.path(), IgnoreFile::none()).unwrap();
    let expected = walked(&context);
    let fresh = Context::open(dir.path(), IgnoreFile::none()).unwrap();
    std::thread::scope(|scope| {
        let walks: Vec<_> = (0..8).map(|_| scope.spawn(|| walked(&fresh))).collect();
        for walk in walks {
            assert_eq!(walk.join().unwrap(), expected);
        }
    });
    assert!(expected.contains(&"a/b/c/2".to_owned()));
    assert!(context.walk("a/b/c").all(|entry| entry.unwrap().file_type == FileType::File));
}
