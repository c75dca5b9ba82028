use super::Pipenv;
use crate::testing;

const PIPFILE: &str = "[[source]]\nurl = \"https://${TOKEN}@x/simple\"\n\n[packages]\nflask = \"*\"\n";
const LOCK: &str = "{\n  \"_meta\": {},\n  \"default\": {\"flask\": {\"version\": \"==3\"}}\n}\n";
const FILES: &[(&str, &str)] = &[("Pipfile", PIPFILE), ("Pipfile.lock", LOCK), ("app.py", "")];

fn needs(run: &str, files: &[(&str, &str)]) -> String {
    testing::needs(&Pipenv, &format!("FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN {run}\n"), files)
}

#[test]
fn needs_the_pipfile_and_its_lock() {
    for (run, rest) in [
        ("pipenv install --system --deploy", "; variables TOKEN"),
        ("pipenv install --deploy --ignore-pipfile --dev", "; outputs .venv; variables TOKEN"),
        ("pipenv sync", "; outputs .venv; variables TOKEN"),
        ("python3 -m pipenv sync --system", "; variables TOKEN"),
        ("pipenv install", "; outputs .venv; rewritten Pipfile.lock; variables TOKEN"),
        ("PIPENV_VENV_IN_PROJECT=1 pipenv --python 3.12 sync -v", "; outputs .venv; variables TOKEN"),
    ] {
        assert_eq!(needs(run, FILES), format!("install /app; files Pipfile Pipfile.lock{rest}"), "{run}");
    }
    let mut files = FILES.to_vec();
    files.push((".env", "A=1"));
    assert_eq!(
        needs("pipenv sync --system", &files),
        "install /app; files .env Pipfile Pipfile.lock; variables TOKEN"
    );
}

#[test]
fn paths_are_files_or_refused() {
    let with = |entry: &str| {
        let pipfile = format!("[packages]\n{entry}\n");
        let files = [("Pipfile", pipfile.as_str()), ("lib/setup.py", ""), ("x-1.0.whl", "")];
        needs("pipenv install --system --skip-lock", &files)
    };
    for (entry, expected) in [
        ("x = { file = \"./x-1.0.whl\" }", "install /app; files Pipfile x-1.0.whl"),
        ("x = { file = \"https://x/y.zip\" }", "install /app; files Pipfile"),
        ("x = { git = \"https://x/y.git\" }", "install /app; files Pipfile"),
        (
            "x = { path = \"./lib\", editable = true }",
            "refused: Pipfile:2 installs ./lib, a directory of the build context, so it needs the sources",
        ),
        (
            "x = { path = \".\" }",
            "refused: Pipfile:2 installs ., the project itself, so it needs the sources",
        ),
        (
            "x = { path = \"../x\" }",
            "refused: Pipfile:2 installs ../x, which no COPY brings from the build context",
        ),
        ("x = {", "refused: Pipfile:2 is not valid TOML"),
    ] {
        assert_eq!(with(entry), expected, "{entry}");
    }
    let lock = "{\n \"develop\": {\n  \"x\": {\"path\": \"lib\"}\n }\n}";
    let files = [FILES[0], ("Pipfile.lock", lock), ("lib/setup.py", "")];
    assert_eq!(
        needs("pipenv sync", &files),
        "refused: Pipfile.lock:3 installs lib, a directory of the build context, so it needs the sources"
    );
    let files = [FILES[0], ("Pipfile.lock", "{\n")];
    assert_eq!(needs("pipenv sync", &files), "refused: Pipfile.lock:2 is not valid JSON");
}

#[test]
fn a_missing_pipfile_is_made() {
    assert_eq!(
        needs("pipenv install", &[("requirements.txt", "")]),
        "refused: there is no Pipfile, so pipenv makes one of requirements.txt"
    );
    assert_eq!(needs("pipenv install", &[("x", "")]), "refused: Pipfile is not in the build context");
}

#[test]
fn the_rest_is_opaque() {
    assert_eq!(needs("pipenv --version", FILES), "packages");
    assert_eq!(needs("pipenv --clear", FILES), "clean-cache");
    for run in [
        "pipenv install flask",
        "pipenv install -r requirements.txt",
        "pipenv install $X",
        "pipenv run pytest",
        "pipenv lock",
        "pipenv requirements",
        "pipenv --rm",
        "pipenv install --nonsense",
        "pipenv",
        "PIPENV_PIPFILE=x pipenv sync",
    ] {
        assert_eq!(needs(run, FILES), "opaque", "{run}");
    }
}

#[test]
fn the_cache_is_pipenvs_own() {
    let caches = |text: &str| testing::caches(&Pipenv, text, &[]);
    for (text, expected) in [
        ("FROM python\nRUN pipenv sync", "/root/.cache/pipenv pure locked"),
        ("FROM python\nENV PIP_CACHE_DIR=/c\nRUN pipenv sync", "/root/.cache/pipenv pure locked"),
        ("FROM python\nENV PIPENV_CACHE_DIR=/c\nRUN pipenv install", "/c pure locked"),
        (
            "FROM python\nENV PIP_NO_CACHE_DIR=1\nRUN pipenv sync",
            "refused: PIP_NO_CACHE_DIR turns the cache of pipenv's pip off, whatever its value",
        ),
        (
            "FROM python\nRUN pipenv install --clear",
            "refused: --clear removes pipenv's cache directory, which fails under a mount",
        ),
        (
            "FROM python\nRUN pipenv install --extra-pip-args=\"--no-cache-dir\"",
            "refused: --extra-pip-args sets the cache of pipenv's pip",
        ),
        ("FROM python\nRUN pipenv --version", ""),
    ] {
        assert_eq!(caches(text), expected, "{text}");
    }
}
