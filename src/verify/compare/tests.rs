use std::io::Write as _;

use serde_json::json;

use super::*;
use crate::verify::archive::Archive;

/// What a layer holds: path, mode, owner, and content or `-> target`, `=> hard link`, `/` for a directory.
type File = (&'static str, u32, u64, &'static str);

fn tar(files: &[File]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, mode, owner, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        header.set_mode(*mode);
        header.set_uid(*owner);
        header.set_gid(*owner);
        header.set_mtime(u64::from(*mode));
        if let Some(target) = content.strip_prefix("-> ") {
            header.set_entry_type(tar::EntryType::Symlink);
            builder.append_link(&mut header, path, target).unwrap();
        } else if let Some(target) = content.strip_prefix("=> ") {
            header.set_entry_type(tar::EntryType::Link);
            builder.append_link(&mut header, path, target).unwrap();
        } else if *content == "/" {
            header.set_entry_type(tar::EntryType::Directory);
            builder.append_data(&mut header, path, &[][..]).unwrap();
        } else {
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
    }
    builder.into_inner().unwrap()
}

fn document(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// An archive with one image for each list of layers, tagged `1:x`, `2:x`, ..., as `docker save` writes it.
fn archive(images: &[(Value, Vec<Vec<u8>>)]) -> Archive {
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |name: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, content).unwrap();
    };
    let mut manifest = Vec::new();
    for (index, (config, layers)) in images.iter().enumerate() {
        let number = index + 1;
        let names: Vec<String> =
            (0..layers.len()).map(|layer| format!("{number}/{layer}/layer.tar")).collect();
        for (name, layer) in names.iter().zip(layers) {
            add(name, layer);
        }
        let configuration = json!({"os": "linux", "created": number, "config": config});
        add(&format!("{number}.json"), &document(&configuration));
        let tags = [format!("localhost/{number}:x")];
        manifest.push(json!({"Config": format!("{number}.json"), "RepoTags": tags, "Layers": names}));
    }
    add("manifest.json", &document(&json!(manifest)));
    let bytes = builder.into_inner().unwrap();
    let mut archive = Archive::default();
    archive.read(&bytes[..]).unwrap();
    archive
}

fn compared(archive: &Archive) -> Comparison {
    let images = [archive.image("1:x").unwrap(), archive.image("2:x").unwrap()];
    let ignored = |path: &str, _: &Entry| path == "app/.git/HEAD";
    compare(&images[0], &images[1], &Expected { mounted: Mounted::default(), ignored: &ignored, label: "l" })
}

/// Compares two images of one layer each.
fn between(before: &[File], after: &[File]) -> Comparison {
    compared(&archive(&[(json!({}), vec![tar(before)]), (json!({}), vec![tar(after)])]))
}

fn shown(comparison: &Comparison) -> Vec<String> {
    let of = |difference: &Difference| {
        let names: Vec<&str> = difference.fields.iter().map(|field| &*field.name).collect();
        format!("{} {}", difference.path.as_deref().unwrap_or("configuration"), names.join(" "))
    };
    comparison.differences.iter().map(of).collect()
}

const APP: [File; 4] = [
    ("app/", 0o755, 0, "/"),
    ("app/a", 0o644, 0, "a"),
    ("app/b", 0o644, 0, "b"),
    ("app/c", 0o777, 0, "-> a"),
];

#[test]
fn every_difference_is_found() {
    let with = |path: &str, file: File| APP.map(|old| if old.0 == path { file } else { old });
    assert_eq!(shown(&between(&APP, &APP)), [""; 0]);
    for (path, file, expected) in [
        ("app/a", ("app/a", 0o644, 0, "A"), "/app/a content"),
        ("app/a", ("app/a", 0o600, 0, "a"), "/app/a mode"),
        ("app/a", ("app/a", 0o644, 7, "a"), "/app/a owner"),
        ("app/c", ("app/c", 0o777, 0, "-> b"), "/app/c target"),
        ("app/b", ("app/b", 0o777, 0, "-> a"), "/app/b mode type"),
        ("app/b", ("app/b", 0o644, 0, "/"), "/app/b type"),
    ] {
        assert_eq!(shown(&between(&APP, &with(path, file))), [expected]);
    }
    assert_eq!(shown(&between(&APP, &APP[..3])), ["/app/c file"]);
    assert_eq!(shown(&between(&APP[..3], &APP)), ["/app/c file"]);
}

#[test]
fn times_and_hard_links_are_no_difference() {
    let copies = [("a", 0o644, 0, "a"), ("b", 0o644, 0, "a")];
    let linked = [("./b", 0o644, 0, "a"), ("./a", 0o644, 0, "=> ./b")];
    assert_eq!(shown(&between(&copies, &linked)), [""; 0]);
}

#[test]
fn layers_lie_on_each_other() {
    let base: [File; 5] = [
        ("d/", 0o755, 0, "/"),
        ("d/old", 0o644, 0, "1"),
        ("d/gone/", 0o755, 0, "/"),
        ("d/gone/x", 0o644, 0, "1"),
        ("e/x", 0o644, 0, "1"),
    ];
    let top: [File; 5] = [
        ("d/.wh.gone", 0o600, 0, ""),
        ("d/old", 0o644, 0, "2"),
        ("e/.wh..wh..opq", 0o600, 0, ""),
        ("e/y", 0o644, 0, "1"),
        ("f", 0o644, 0, "=> d/old"),
    ];
    let flat: [File; 4] =
        [("d/", 0o755, 0, "/"), ("d/old", 0o644, 0, "2"), ("e/y", 0o644, 0, "1"), ("f", 0o644, 0, "2")];
    let archive = archive(&[(json!({}), vec![tar(&base), tar(&top)]), (json!({}), vec![tar(&flat)])]);
    assert_eq!(shown(&compared(&archive)), [""; 0]);
}

#[test]
fn compressed_layers_are_read() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar(&APP)).unwrap();
    let zstd = ruzstd::encoding::compress_to_vec(&tar(&APP)[..], ruzstd::encoding::CompressionLevel::Fastest);
    let archive = archive(&[
        (json!({}), vec![gzip.finish().unwrap()]),
        (json!({}), vec![zstd]),
        (json!({}), vec![tar(&APP)]),
    ]);
    assert_eq!(shown(&compared(&archive)), [""; 0]);
    assert_eq!(compared(&archive).files, 4);
}

#[test]
fn the_configuration_is_compared_by_name() {
    let before = json!({"Env": ["A=1", "B=2"], "Cmd": ["x"], "Labels": {"l": "1", "m": "2"}, "User": ""});
    let after = json!({"Env": ["B=3", "A=1"], "Cmd": ["y"], "Labels": {"l": "2", "m": "2"}, "Volumes": null});
    let comparison = compared(&archive(&[(before, vec![]), (after, vec![])]));
    assert_eq!(shown(&comparison), ["configuration Cmd Env B"]);
    let fields = &comparison.differences[0].fields;
    assert_eq!((fields[1].before.as_deref(), fields[1].after.as_deref()), (Some("\"2\""), Some("\"3\"")));
}

#[test]
fn exceptions_are_counted() {
    let before: [File; 4] = [
        ("app/.git/", 0o755, 0, "/"),
        ("app/.git/HEAD", 0o644, 0, "x"),
        ("app/a.pyc", 0o644, 0, "1"),
        ("root/.npm/a/b", 0o644, 0, "x"),
    ];
    let comparison = between(&before, &[("app/a.pyc", 0o644, 0, "2")]);
    assert_eq!(shown(&comparison), [""; 0]);
    let excepted = comparison.excepted.iter().map(|(name, excepted)| (*name, excepted.paths));
    let expected = [
        ("directories-of-exceptions", 1),
        ("ignored-files", 1),
        ("package-caches", 1),
        ("python-bytecode", 1),
    ];
    assert_eq!(excepted.collect::<Vec<_>>(), expected);
    // An empty directory is there for its own sake.
    assert_eq!(shown(&between(&before[..1], &[])), ["/app/.git file"]);
}

#[test]
fn what_differs_between_two_builds_of_the_original_is_excused() {
    let mut comparison =
        between(&[("a", 0o644, 0, "1"), ("b", 0o644, 0, "1")], &[("a", 0o644, 0, "2"), ("b", 0o600, 0, "2")]);
    comparison.excuse(&between(
        &[("a", 0o644, 0, "1"), ("b", 0o644, 0, "1")],
        &[("a", 0o644, 0, "3"), ("b", 0o644, 0, "3")],
    ));
    assert_eq!(shown(&comparison), ["/b mode content"]);
    assert_eq!(comparison.unstable.len(), 1);
}

#[test]
fn an_archive_that_breaks_off_is_an_error() {
    let whole = tar(&APP);
    assert!(Archive::default().read(&whole[..700]).is_err());
    assert!(Archive::default().image("1:x").is_err());
}
