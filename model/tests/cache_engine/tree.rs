//! The files of the scenarios, and what may happen to them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dockfix_model::context::{Context, Files};

/// A file, directory or link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// The content is this text; `Self::SALTED` files get something of their own besides.
    File {
        text: String,
        mode: u32,
    },
    Dir {
        mode: u32,
    },
    Link {
        target: String,
    },
}

/// By path.
pub(crate) type Tree = BTreeMap<String, Node>;

pub(crate) fn file(text: &str) -> Node {
    Node::File { text: text.to_owned(), mode: 0o644 }
}

/// What every scenario begins with.
pub(crate) fn tree(ignore: &str) -> Tree {
    let mut tree = Tree::new();
    for path in [
        "README.md",
        "build.log",
        "config/app.conf",
        "docs/guide.md",
        "docs/keep.md",
        "my file.txt",
        "node_modules/x.js",
        "package-lock.json",
        "package.json",
        "src/lib/util.c",
        "src/main.c",
        "data.tar",
    ] {
        tree.insert(path.to_owned(), file("1"));
    }
    tree.insert("src/run.sh".to_owned(), Node::File { text: "1".to_owned(), mode: 0o755 });
    tree.insert("config/empty".to_owned(), Node::Dir { mode: 0o755 });
    tree.insert("link".to_owned(), Node::Link { target: "config".to_owned() });
    tree.insert("lnk.txt".to_owned(), Node::Link { target: "README.md".to_owned() });
    if !ignore.is_empty() {
        tree.insert(".dockerignore".to_owned(), file(ignore));
    }
    tree
}

pub(crate) const IGNORES: &[&str] = &[
    "",
    "",
    "node_modules\n*.log\n",
    "docs\n!docs/keep.md\n",
    "**/*.md\n!README.md\nbuild.log\n",
    ".dockerignore\nDockerfile\n",
    "**/lib\nnode_modules\nDockerfile\n",
];

/// Applies an operation, written as in the data. Nothing where it does not fit.
pub(crate) fn apply(tree: &mut Tree, operation: &str) -> Option<()> {
    let (verb, rest) = operation.split_once(' ')?;
    let words: Vec<&str> = match verb {
        // These take one path, which may have spaces.
        "touch" | "edit" | "add" | "remove" | "mkdir" => vec![verb, rest],
        _ => operation.splitn(3, ' ').collect(),
    };
    match words[..] {
        ["touch", path] => tree.get(path).map(|_| ())?,
        ["edit", path] => match tree.get_mut(path)? {
            Node::File { text, .. } => text.push_str("\n# edited"),
            _ => return None,
        },
        ["add", path] => {
            if tree.insert(path.to_owned(), file("new")).is_some() {
                return None;
            }
        }
        ["remove", path] => {
            let gone: Vec<_> = tree.keys().filter(|other| is_in(other, path)).cloned().collect();
            gone.iter().for_each(|path| _ = tree.remove(path));
            (!gone.is_empty()).then_some(())?;
        }
        ["mkdir", path] => {
            if tree.insert(path.to_owned(), Node::Dir { mode: 0o755 }).is_some() {
                return None;
            }
        }
        ["chmod", to, path] => {
            let to = u32::from_str_radix(to, 8).ok()?;
            match tree.entry(path.to_owned()).or_insert(Node::Dir { mode: 0o755 }) {
                Node::File { mode, .. } | Node::Dir { mode } if *mode != to => *mode = to,
                _ => return None,
            }
        }
        ["rename", from, to] => {
            let moved: Vec<_> = tree.keys().filter(|other| is_in(other, from)).cloned().collect();
            (!moved.is_empty() && !tree.contains_key(to)).then_some(())?;
            for path in moved {
                let node = tree.remove(&path)?;
                tree.insert(format!("{to}{}", &path[from.len()..]), node);
            }
        }
        ["link", path, target] => {
            tree.insert(path.to_owned(), Node::Link { target: target.to_owned() });
        }
        ["write", path, text] => {
            tree.insert(path.to_owned(), file(text));
        }
        _ => panic!("{operation:?}"),
    }
    Some(())
}

fn is_in(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The operations that a scenario may have. No directory gets another mode: the engine notices that in a directory which
/// it sees for the first time, and not in one that it got before, perhaps from another build.
pub(crate) const OPERATIONS: &[&str] = &[
    "edit README.md",
    "edit build.log",
    "edit config/app.conf",
    "edit docs/guide.md",
    "edit docs/keep.md",
    "edit my file.txt",
    "edit node_modules/x.js",
    "edit package-lock.json",
    "edit package.json",
    "edit src/lib/util.c",
    "edit src/main.c",
    "edit src/run.sh",
    "edit data.tar",
    "edit .dockerignore",
    "touch src/main.c",
    "touch README.md",
    "touch src",
    "add src/new.c",
    "add package-new.json",
    "add top.txt",
    "add docs/new.md",
    "add src/lib/deep/x.c",
    "add config/empty/x",
    "remove docs/guide.md",
    "remove src/lib/util.c",
    "remove build.log",
    "remove node_modules",
    "remove docs",
    "remove src/lib",
    "chmod 755 src/main.c",
    "chmod 644 src/run.sh",
    "chmod 600 README.md",
    "chmod 600 node_modules/x.js",
    "rename src/lib src/core",
    "rename src/lib/util.c src/lib/tool.c",
    "rename docs/guide.md src/guide.md",
    "rename build.log build.txt",
    "mkdir src/empty",
    "mkdir fresh",
    "mkdir docs/empty",
    "link link docs",
    "link lnk.txt package.json",
    "link src/new-link main.c",
    "write .dockerignore src/lib\n",
    "write .dockerignore # nothing\n",
    "write .dockerignore *\n!src\n!package*.json\n!config\n!README.md\n",
    "write .dockerignore README.md\ndocs/guide.md\n",
    "write .dockerignore **/*.c\n!src/main.c\n",
    "write .dockerignore docs\n!docs/keep.md\nbuild.log\n",
];

/// The tree as the model sees it.
pub(crate) fn context(tree: &Tree, dockerfile: &str) -> Context {
    let files =
        tree.iter().fold(Files::new().file("Dockerfile", dockerfile), |files, (path, node)| match node {
            Node::File { text, mode } => files.file_with_mode(path, *mode, text.as_str()),
            Node::Dir { .. } => files.dir(path),
            Node::Link { target } => files.symlink(path, target),
        });
    Context::from_files(files, "Dockerfile")
}

/// The tree on disk; `salt` makes its files unlike those of any other scenario.
#[cfg(unix)]
pub(crate) fn write(tree: &Tree, dockerfile: &str, root: &Path, salt: &str) {
    use std::os::unix::fs::{PermissionsExt, symlink};
    fs::create_dir(root).unwrap();
    fs::write(root.join("Dockerfile"), dockerfile).unwrap();
    let chmod = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for (path, node) in tree {
        let real = root.join(path);
        fs::create_dir_all(real.parent().unwrap()).unwrap();
        match node {
            Node::File { text, mode } => {
                if path == "data.tar" {
                    let mut archive = tar::Builder::new(Vec::new());
                    let text = format!("{text} {salt}");
                    let mut header = tar::Header::new_gnu();
                    header.set_size(text.len() as u64);
                    header.set_mode(0o644);
                    archive.append_data(&mut header, "in-archive", text.as_bytes()).unwrap();
                    fs::write(&real, archive.into_inner().unwrap()).unwrap();
                } else {
                    fs::write(&real, format!("{text}\n# {salt}\n")).unwrap();
                }
                chmod(&real, *mode);
            }
            Node::Dir { .. } => fs::create_dir_all(&real).unwrap(),
            Node::Link { target } => symlink(target, &real).unwrap(),
        }
    }
    for (path, node) in tree {
        if let Node::Dir { mode } = node {
            chmod(&root.join(path), *mode);
        }
    }
}
