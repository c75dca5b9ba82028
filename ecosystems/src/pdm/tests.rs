use super::Pdm;
use crate::testing;

const PROJECT: &str = "[project]\nname = \"x\"\ndependencies = [\"flask\"]\n";
const LOCK: &str = "[metadata]\nlock_version = \"4.5.0\"\n\n[[package]]\nname = \"flask\"\n";
const FILES: &[(&str, &str)] = &[("pyproject.toml", PROJECT), ("pdm.lock", LOCK), ("src/x.py", "")];

fn needs(run: &str, files: &[(&str, &str)]) -> String {
    testing::needs(&Pdm, &format!("FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN {run}\n"), files)
}

#[test]
fn leaves_the_project_out_of_the_prefetch() {
    for (run, prefetch) in [
        ("pdm install", "pdm sync --no-self"),
        ("pdm sync --prod --no-editable", "pdm sync --no-self --prod --no-editable"),
        ("pdm install --frozen-lockfile -G a -dv", "pdm sync --no-self -G a -dv"),
        ("pdm install --check --no-default", "pdm sync --no-self --no-default"),
        ("python -m pdm sync --clean", "python -m pdm sync --no-self"),
    ] {
        let expected = format!(
            "install /app; files pdm.lock pyproject.toml; outputs .pdm-python .venv; prefetch {prefetch}"
        );
        assert_eq!(needs(run, FILES), expected, "{run}");
    }
    let below = [("web/pyproject.toml", PROJECT), ("web/pdm.lock", LOCK)];
    assert_eq!(
        needs("pdm sync -p web", &below),
        "install /app/web; files pdm.lock pyproject.toml; outputs .pdm-python .venv; prefetch pdm sync --no-self"
    );
}

#[test]
fn hooks_run_scripts_of_the_project() {
    let pyproject = format!("{PROJECT}[tool.pdm.scripts]\npost_install = \"python x.py\"\n");
    let files = [("pyproject.toml", pyproject.as_str()), FILES[1]];
    assert_eq!(
        needs("pdm install", &files),
        "install /app; files pdm.lock pyproject.toml; outputs .pdm-python .venv; \
         prefetch pdm sync --no-self --skip :all"
    );
    assert_eq!(
        needs("pdm install --no-self", &files),
        "refused: pyproject.toml:5 makes pdm run a script of the project"
    );
    assert_eq!(
        needs("pdm sync --no-self -k :all", &files),
        "install /app; files pdm.lock pyproject.toml; outputs .pdm-python .venv"
    );
}

#[test]
fn needs_no_prefetch_where_the_project_is_left_out() {
    let plain = "install /app; files pdm.lock pyproject.toml; outputs .pdm-python .venv";
    assert_eq!(needs("pdm sync --no-self", FILES), plain);
    assert_eq!(needs("pdm install --no-self", FILES), format!("{plain}; rewritten pdm.lock"));
    let pyproject = format!("{PROJECT}[tool.pdm]\ndistribution = false\n");
    assert_eq!(needs("pdm sync", &[("pyproject.toml", &pyproject), FILES[1]]), plain);
}

#[test]
fn refuses_what_has_no_way_around() {
    let lock = |extra: &str| {
        let lock = format!("{LOCK}{extra}");
        needs("pdm install", &[FILES[0], ("pdm.lock", &lock), ("lib/pyproject.toml", "")])
    };
    assert_eq!(
        lock("path = \"./lib\"\n"),
        "refused: pdm.lock:6 installs ./lib, a directory of the build context, so it needs the sources"
    );
    assert_eq!(
        lock("url = \"file:///${PROJECT_ROOT}/lib\"\n"),
        "refused: pdm.lock:6 names a file by a variable: file:///${PROJECT_ROOT}/lib"
    );
    assert_eq!(
        needs("pdm install", &FILES[..1]),
        "refused: pdm.lock is not in the build context, so pdm resolves anew"
    );
    assert_eq!(
        needs("pdm install", &[FILES[0], ("pdm.lock", "[metadata]\nlock_version = \"3.1\"\n")]),
        "refused: pdm.lock:2 is not of PDM 2, whose options are other ones"
    );
    let dynamic = [("pyproject.toml", "[project]\ndynamic = [\"version\", \"dependencies\"]\n"), FILES[1]];
    assert_eq!(
        needs("pdm install", &dynamic),
        "refused: pyproject.toml:2 declares dynamic dependencies, which the build back end takes from the sources"
    );
}

#[test]
fn the_rest_is_neutral_or_opaque() {
    for run in ["pdm --version", "pdm self add x"] {
        assert_eq!(needs(run, FILES), "packages", "{run}");
    }
    assert_eq!(needs("pdm config install.cache true", FILES), "settings");
    assert_eq!(needs("pdm cache clear", FILES), "clean-cache");
    for run in [
        "pdm",
        "pdm run x",
        "pdm lock",
        "pdm use 3.12",
        "pdm config --local x y",
        "pdm install -g",
        "pdm install --plugins",
        "pdm install --override x.txt",
        "PDM_PROJECT=x pdm install",
    ] {
        assert_eq!(needs(run, FILES), "opaque", "{run}");
    }
}

#[test]
fn the_cache_must_not_be_linked_into() {
    let caches = |text: &str| testing::caches(&Pdm, text, &[]);
    assert_eq!(caches("FROM python\nRUN pdm install"), "/root/.cache/pdm pure locked");
    assert_eq!(caches("FROM python\nENV PDM_CACHE_DIR=/c\nRUN pdm sync"), "/c pure locked");
    assert_eq!(
        caches("FROM python\nENV PDM_NO_CACHE=1\nRUN pdm sync"),
        "refused: PDM_NO_CACHE turns pdm's cache off"
    );
    assert_eq!(
        caches("FROM python\nRUN pdm -c /etc/pdm.toml sync"),
        "refused: what the file of --config says of pdm's cache is not known"
    );
    let text = "FROM python\nWORKDIR /app\nCOPY . .\nRUN pdm install";
    let with = |settings: &str| testing::caches(&Pdm, text, &[("pdm.toml", settings)]);
    assert_eq!(
        with("[install]\ncache = true\n"),
        "refused: pdm.toml:2 links the environment into pdm's cache"
    );
    assert_eq!(with("cache_dir = \"x\"\n"), "refused: pdm.toml:1 moves pdm's cache");
    assert_eq!(with("[install]\nparallel = false\n"), "/root/.cache/pdm pure locked");
}

/// The README is a part of the project, which the prefetch leaves out.
#[test]
fn a_readme_is_no_manifest() {
    let pyproject = "[project]\nname = \"x\"\nreadme = \"README.md\"\ndynamic = [\"version\"]\ndependencies = [\"flask\"]\n";
    let files = [("pyproject.toml", pyproject), FILES[1], ("README.md", ""), ("x.py", "")];
    assert_eq!(
        needs("pdm install", &files),
        "install /app; files pdm.lock pyproject.toml; outputs .pdm-python .venv; prefetch pdm sync --no-self"
    );
}

#[test]
fn tells_what_moves_its_caches() {
    for run in
        ["pdm config cache_dir /c", "pdm config install.cache on", "python3 -m pdm config -g cache_dir $D"]
    {
        assert!(testing::moves_caches(&Pdm, run), "{run}");
    }
    for run in ["pdm config check_update false", "pdm install", "pdm config pypi.url https://x"] {
        assert!(!testing::moves_caches(&Pdm, run), "{run}");
    }
}
