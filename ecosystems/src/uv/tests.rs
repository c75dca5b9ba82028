use super::Uv;
use crate::testing;

const PACKAGE: &str = "[project]\nname = \"My.App\"\nversion = \"1\"\ndependencies = [\"flask\"]\n[build-system]\nrequires = []\n";
const LOCK: &str = "version = 1\n\n[[package]]\nname = \"flask\"\nsource = { registry = \"https://x\" }\n\n\
                    [[package]]\nname = \"my-app\"\nsource = { editable = \".\" }\n";
const FILES: &[(&str, &str)] = &[
    ("pyproject.toml", PACKAGE),
    ("uv.lock", LOCK),
    ("requirements.txt", "-r more.txt\n"),
    ("more.txt", ""),
    ("src/x.py", ""),
];

fn needs(run: &str, files: &[(&str, &str)]) -> String {
    testing::needs(&Uv, &format!("FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN {run}\n"), files)
}

#[test]
fn leaves_the_project_out_of_the_prefetch() {
    for (run, prefetch) in [
        ("uv sync", "uv sync --frozen --no-install-project"),
        ("uv sync --frozen --no-dev", "uv sync --frozen --no-install-project --no-dev"),
        (
            "uv sync --locked --extra=a --group b --compile-bytecode",
            "uv sync --frozen --no-install-project --extra=a --group b --compile-bytecode",
        ),
        (
            "uv --quiet sync -q --no-editable",
            "uv --quiet sync --frozen --no-install-project -q --no-editable",
        ),
        ("uv sync --upgrade --reinstall-package flask", "uv sync --frozen --no-install-project"),
        (
            "UV_COMPILE_BYTECODE=1 /bin/uv sync",
            "UV_COMPILE_BYTECODE=1 /bin/uv sync --frozen --no-install-project",
        ),
        ("python -m uv sync -p 3.12", "python -m uv sync --frozen --no-install-project -p 3.12"),
    ] {
        let expected =
            format!("install /app; files pyproject.toml uv.lock; outputs .venv; prefetch {prefetch}");
        assert_eq!(needs(run, FILES), expected, "{run}");
    }
    let below = [("web/pyproject.toml", PACKAGE), ("web/uv.lock", LOCK), (".python-version", "3.12")];
    for run in ["cd web && uv sync", "uv --directory web sync", "uv sync --project=web"] {
        let expected = "install /app/web; files /app/.python-version pyproject.toml uv.lock; outputs .venv; \
                        prefetch uv sync --frozen --no-install-project";
        assert_eq!(needs(run, &below), expected, "{run}");
    }
}

#[test]
fn needs_no_prefetch_where_the_project_is_left_out() {
    let plain = "install /app; files pyproject.toml uv.lock; outputs .venv";
    assert_eq!(needs("uv sync --frozen --no-install-project", FILES), plain);
    assert_eq!(needs("uv sync --locked --no-install-project --no-dev", FILES), plain);
    assert_eq!(needs("uv sync --no-install-project", FILES), format!("{plain}; rewritten uv.lock"));
    let lock = LOCK.replace("editable", "virtual");
    let application = [("pyproject.toml", "[project]\nname = \"my_app\"\n"), ("uv.lock", lock.as_str())];
    assert_eq!(needs("uv sync --frozen", &application), plain);
    let dynamic = [("pyproject.toml", "[project]\nname = \"my-app\"\ndynamic = [\"version\"]\n"), FILES[1]];
    assert_eq!(
        needs("uv sync --locked --no-install-project", &dynamic),
        format!("{plain}; prefetch uv sync --frozen --no-install-project")
    );
}

#[test]
fn workspaces_and_paths_are_left_out_too() {
    let lock = format!(
        "{LOCK}\n[[package]]\nname = \"lib\"\nsource = {{ editable = \"packages/lib\" }}\n\n\
         [[package]]\nname = \"wheel\"\nsource = {{ path = \"x.whl\" }}\n\n\
         [manifest]\nmembers = [\n  \"lib\",\n  \"my-app\",\n]\n"
    );
    let pyproject = format!("{PACKAGE}\n[tool.uv.workspace]\nmembers = [\"packages/*\"]\n");
    let files = [
        ("pyproject.toml", pyproject.as_str()),
        ("uv.lock", &lock),
        ("packages/lib/pyproject.toml", "[project]\nname = \"lib\"\n"),
    ];
    assert_eq!(
        needs("uv sync --locked --all-packages", &files),
        "install /app; files pyproject.toml uv.lock; outputs .venv; \
         prefetch uv sync --frozen --no-install-workspace --no-install-package wheel --all-packages"
    );
    assert_eq!(
        needs("uv sync --frozen --no-install-local", &files),
        "install /app; files pyproject.toml uv.lock; outputs .venv"
    );
    assert_eq!(
        needs("cd packages/lib && uv sync", &files),
        "install /app/packages/lib; files /app/pyproject.toml /app/uv.lock pyproject.toml; outputs /app/.venv; \
         prefetch uv sync --frozen --no-install-workspace --no-install-package wheel"
    );
}

#[test]
fn without_a_lock_file_the_metadata_must_stand_in_pyproject() {
    let with = |run: &str, extra: &str| {
        let pyproject = format!("{PACKAGE}{extra}");
        needs(run, &[("pyproject.toml", pyproject.as_str())])
    };
    assert_eq!(
        with("uv sync", ""),
        "install /app; files pyproject.toml; outputs .venv; prefetch uv sync --no-install-project"
    );
    assert_eq!(
        with("uv sync", "[tool.uv]\npackage = false\n"),
        "install /app; files pyproject.toml; outputs .venv"
    );
    for (extra, expected) in [
        ("[tool.uv.workspace]\nmembers = []\n", "pyproject.toml:7 declares a workspace"),
        ("[tool.uv.sources]\nx = { path = \"../x\" }\n", "pyproject.toml:8 takes x from a path"),
        ("[project.x]\n[tool.uv.sources]\nx = [{ path = \"x\" }]\n", "pyproject.toml:9 takes x from a path"),
    ] {
        let expected = format!("refused: {expected}, and without uv.lock that needs the sources");
        assert_eq!(with("uv sync", extra), expected, "{extra}");
    }
    assert_eq!(
        with("uv sync --frozen", ""),
        "refused: uv.lock is not in the build context, and the command asks for it"
    );
    let dynamic = [("pyproject.toml", "[project]\nname = \"x\"\ndynamic = [\"dependencies\"]\n")];
    assert_eq!(
        needs("uv sync", &dynamic),
        "refused: pyproject.toml:3 declares dynamic metadata, and without uv.lock that needs the sources"
    );
    assert_eq!(needs("uv sync", &[("x", "")]), "refused: pyproject.toml is not in the build context");
}

#[test]
fn settings_around_the_project_are_read() {
    let mut files = FILES.to_vec();
    files.extend([
        ("uv.toml", "[[index]]\nurl = \"./wheels\"\n[[index]]\nurl = \"https://x\"\n"),
        ("wheels/x.whl", ""),
        (".python-version", "3.12"),
    ]);
    assert_eq!(
        needs("uv sync --frozen --no-install-project", &files),
        "install /app; files .python-version pyproject.toml uv.lock uv.toml; directories wheels; outputs .venv"
    );
}

#[test]
fn pip_looks_for_settings_around_it() {
    let mut files = FILES.to_vec();
    assert_eq!(needs("uv pip install --system flask", &files), "install /app");
    files[0] = ("pyproject.toml", "[tool.uv]\nindex-url = \"https://x\"\n");
    assert_eq!(needs("uv pip install --system flask", &files), "install /app; files pyproject.toml");
    assert_eq!(
        needs("cd src && uv pip install --system flask", &files),
        "install /app/src; files /app/pyproject.toml"
    );
}

#[test]
fn pip_reads_requirements_as_pip_does() {
    for (run, expected) in [
        ("uv pip install --system -r requirements.txt", "install /app; files more.txt requirements.txt"),
        ("uv pip install -r requirements.txt", "install /app; files more.txt requirements.txt"),
        ("uv pip sync --system requirements.txt", "install /app; files more.txt requirements.txt"),
        ("uv pip install --system -c more.txt flask", "install /app; files more.txt"),
        ("uv pip install --system -r pyproject.toml --extra x", "install /app; files pyproject.toml"),
        ("uv pip install --system --overrides=more.txt -b more.txt x", "install /app; files more.txt"),
        ("uv pip install --system flask 'uvicorn[standard]'", "install /app"),
        ("uv pip install --system --python /opt/venv/bin/python flask==$V", "install /app"),
        ("uv pip install --system /wheels/*.whl", "install /app"),
        // As pip has them.
        (
            "uv pip install --no-cache-dir --disable-pip-version-check --trusted-host x --no-color --isolated flask",
            "install /app",
        ),
        ("uv pip install --no-compile --no-upgrade --no-reinstall --no-refresh flask", "install /app"),
        ("uv pip list", "packages"),
        (
            "uv pip install --system .",
            "refused: uv builds the project in .: it cannot install the dependencies without the sources",
        ),
        (
            "uv pip install -e '.[dev]'",
            "refused: uv builds the project in .[dev]: it cannot install the dependencies without the sources",
        ),
        ("uv pip install -r $X", "refused: what `-r $X` names is only known when uv runs"),
        ("uv pip sync $X", "refused: what `$X` names is only known when uv runs"),
        ("uv pip install -r setup.py", "refused: setup.py is not in the build context"),
        ("uv pip compile requirements.in", "opaque"),
        ("uv pip install --nonsense x", "opaque"),
    ] {
        assert_eq!(needs(run, FILES), expected, "{run}");
    }
    let with = |pyproject: &str| {
        needs("uv pip install --system -r pyproject.toml", &[("pyproject.toml", pyproject)])
    };
    assert_eq!(
        with("[project]\ndynamic = [\"version\",\n \"dependencies\"]\n"),
        "refused: pyproject.toml:3 declares dynamic dependencies, which the build back end takes from the sources"
    );
    assert_eq!(
        with("[tool.uv.sources]\nx = { workspace = true }\n"),
        "refused: pyproject.toml:2 takes x from the workspace"
    );
    let lock = [("pylock.toml", "[[packages]]\nname = \"x\"\ndirectory = { path = \"lib\" }\n")];
    assert_eq!(needs("uv pip sync pylock.toml", &lock), "refused: pylock.toml:3 installs lib");
}

#[test]
fn tools_are_neutral_and_the_rest_is_opaque() {
    for run in ["uv --version", "uv tool install ruff@latest", "uv python install 3.12", "uv self version"] {
        assert_eq!(needs(run, FILES), "packages", "{run}");
    }
    for run in ["uv cache clean", "uv cache prune --ci", "uv clean"] {
        assert_eq!(needs(run, FILES), "clean-cache", "{run}");
    }
    for run in [
        "uv",
        "uv run app.py",
        "uv lock",
        "uv build",
        "uv add flask",
        "uv export --frozen",
        "uv sync x",
        "uv sync --script x.py",
        "uv sync --dry-run",
        "uv sync --nonsense",
        "uv sync $OPTIONS --$X",
        "uv sync --index ./wheels",
        "uv sync --config-file x",
        "uv tool install ./x",
        "uv python install",
        "uv $COMMAND",
        "UV_PROJECT=x uv sync",
        "UV_CONSTRAINT=$X uv sync",
        "uvx ruff",
    ] {
        assert_eq!(needs(run, FILES), "opaque", "{run}");
    }
}

#[test]
fn the_cache_is_where_this_user_has_it() {
    let caches = |text: &str| testing::caches(&Uv, text, &[]);
    for (text, expected) in [
        ("FROM python\nRUN uv sync", "/root/.cache/uv pure shared"),
        ("FROM python\nRUN uv sync --no-cache", "/root/.cache/uv pure shared; remove --no-cache"),
        ("FROM python\nRUN uv -n pip install x", "/root/.cache/uv pure shared; remove -n"),
        (
            "FROM python\nRUN uv pip install --no-cache-dir x",
            "/root/.cache/uv pure shared; remove --no-cache-dir",
        ),
        ("FROM python\nRUN uv --no-cache-dir sync", "/root/.cache/uv pure shared; remove --no-cache-dir"),
        ("FROM python\nRUN uv tool install ruff", "/root/.cache/uv pure shared"),
        ("FROM python\nENV UV_CACHE_DIR=/c\nRUN uv sync", "/c pure shared"),
        ("FROM python\nRUN uv --cache-dir /c sync", "/c pure shared"),
        ("FROM python\nENV XDG_CACHE_HOME=/c\nRUN uv sync", "/c/uv pure shared"),
        ("FROM python\nENV UV_NO_CACHE=0\nRUN uv sync", "/root/.cache/uv pure shared"),
        ("FROM node\nUSER node\nRUN uv sync", "/home/node/.cache/uv pure shared"),
        ("FROM python\nENV UV_NO_CACHE=1\nRUN uv sync", "refused: UV_NO_CACHE turns uv's cache off"),
        (
            "FROM python\nENV UV_LINK_MODE=symlink\nRUN uv sync",
            "refused: UV_LINK_MODE=symlink links the environment into uv's cache, so that cannot be a mount",
        ),
        ("FROM python\nENV UV_LINK_MODE=copy\nRUN uv sync", "/root/.cache/uv pure shared"),
        ("FROM python\nRUN uv python install 3.12", ""),
    ] {
        assert_eq!(caches(text), expected, "{text}");
    }
    let text = "FROM python\nWORKDIR /app\nCOPY . .\nRUN uv sync";
    for (settings, expected) in [
        ("cache-dir = \"x\"\n", "refused: uv.toml:1 moves uv's cache"),
        ("no-cache = true\n", "refused: uv.toml:1 turns uv's cache off"),
        (
            "link-mode = \"symlink\"\n",
            "refused: uv.toml:1 links the environment into uv's cache, so that cannot be a mount",
        ),
        ("link-mode = \"copy\"\n", "/root/.cache/uv pure shared"),
    ] {
        assert_eq!(testing::caches(&Uv, text, &[("uv.toml", settings)]), expected, "{settings}");
    }
}

#[test]
fn malformed_files_are_no_panic() {
    for text in
        ["", "[", "x = 1\n[[package]]\nsource = 1\n", "package = 1\nmanifest = 2\n", "\u{feff}[tool]\nuv=1\n"]
    {
        for run in ["uv sync", "uv pip install -r pyproject.toml -r uv.lock", "uv pip sync pylock.toml"] {
            let _ = needs(
                run,
                &[("pyproject.toml", text), ("uv.lock", text), ("uv.toml", text), ("pylock.toml", text)],
            );
        }
    }
}

/// The README is a part of the project, which the prefetch leaves out, and so is what the build back end makes up.
#[test]
fn a_readme_is_no_manifest() {
    let project = "[project]\nname = \"a\"\nreadme = \"README.md\"\ndynamic = [\"version\"]\n\n[build-system]\nrequires = []\n";
    let files = [("pyproject.toml", project), ("uv.lock", ""), ("README.md", ""), ("a.py", "")];
    assert_eq!(
        needs("uv sync", &files),
        "install /app; files pyproject.toml uv.lock; outputs .venv; prefetch uv sync --frozen --no-install-project"
    );
    // Where nothing is built the ignore file may keep it out.
    let application = "[project]\nname = \"a\"\nreadme = \"README.md\"\n";
    let files = [
        ("pyproject.toml", application),
        ("uv.lock", "version = 1\n"),
        ("README.md", ""),
        (".dockerignore", "*.md\n"),
        ("a.py", ""),
    ];
    assert_eq!(
        needs("uv sync --frozen", &files),
        "install /app; files pyproject.toml uv.lock; outputs .venv"
    );
}

fn synced(copies: &str, run: &str, files: &[(&str, &str)]) -> String {
    let text = format!("FROM python\nWORKDIR /app\n{copies}\nRUN {run}");
    testing::caches(&Uv, &text, files)
}

/// uv takes an old wheel of a directory as long as its manifest has the same change time.
#[test]
fn what_is_copied_into_the_environment_is_built_without_a_mount() {
    const MOUNTED: &str = "/root/.cache/uv pure shared";
    const OLD: &str = "refused: uv copies my-app into the environment: as long as pyproject.toml is not copied anew, it \
                       would take an old wheel from the mount, whatever the sources are";
    let package = format!("{PACKAGE}build-backend = \"hatchling.build\"\n");
    let files = [("pyproject.toml", package.as_str()), ("uv.lock", LOCK), ("src/x.py", "")];
    let apart = "COPY pyproject.toml uv.lock ./\nCOPY src src";
    for (run, expected) in [
        ("uv sync --frozen --no-editable", OLD),
        ("uv sync --no-editable-package my_app", OLD),
        ("UV_NO_EDITABLE=1 uv sync", OLD),
        ("uv sync --frozen", MOUNTED),
        ("uv sync --no-editable --no-install-project", MOUNTED),
        ("uv sync --no-editable --no-install-workspace", MOUNTED),
        ("uv sync --no-editable --no-install-local", MOUNTED),
        ("uv sync --no-editable --no-install-package my-app", MOUNTED),
        ("uv sync --no-editable --only-group docs", MOUNTED),
    ] {
        assert_eq!(synced(apart, run, &files), expected, "{run}");
    }
    // A RUN or a COPY from another stage may change the sources while the manifest stays.
    assert_eq!(synced("COPY . .", "uv sync --no-editable", &files), OLD);
    let without_lock = [files[0], files[2]];
    assert_eq!(synced(apart.replace(" uv.lock", "").as_str(), "uv sync --no-editable", &without_lock), OLD);
    let application = [("pyproject.toml", "[project]\nname = \"my-app\"\n"), files[2]];
    assert_eq!(synced("COPY . .", "uv sync --no-editable", &application), MOUNTED);
    let lock = format!(
        "{LOCK}\n[[package]]\nname = \"lib\"\nsource = {{ directory = \"libs/lib\" }}\n\n[[package]]\nname = \"x\"\n\
         source = {{ path = \"x.whl\" }}\n\n[manifest]\nmembers = [\"lib\", \"my-app\"]\n"
    );
    let files =
        [files[0], ("uv.lock", lock.as_str()), ("libs/lib/pyproject.toml", "[project]\nname = \"lib\"\n")];
    assert_eq!(
        synced("COPY . .", "uv sync", &files),
        "refused: uv copies lib into the environment: as long as libs/lib/pyproject.toml is not copied anew, it would \
         take an old wheel from the mount, whatever the sources are"
    );
    assert_eq!(synced("COPY . .", "uv sync --no-install-workspace", &files), MOUNTED);
    assert_eq!(synced("COPY . .", "uv sync --no-install-package lib", &files), MOUNTED);
}

/// What an editable install takes of the sources is as old as the cache.
#[test]
fn editable_installs_are_mounted_where_they_have_nothing_of_the_sources() {
    const MOUNTED: &str = "/root/.cache/uv pure shared";
    let with = |copies: &str, project: &str, build: &str| {
        let pyproject =
            format!("[project]\nname = \"my-app\"\n{project}\n[build-system]\nrequires = []\n{build}\n");
        let files = [("pyproject.toml", pyproject.as_str()), ("uv.lock", LOCK), ("src/x.py", "")];
        synced(copies, "uv sync", &files)
    };
    let apart = "COPY pyproject.toml uv.lock ./\nCOPY src src";
    for (project, build, expected) in [
        ("version = \"1\"", "build-backend = \"hatchling.build\"", MOUNTED),
        ("version = \"1\"", "build-backend = \"uv_build\"", MOUNTED),
        (
            "dynamic = [\"version\"]",
            "build-backend = \"hatchling.build\"",
            "refused: pyproject.toml:3 declares dynamic metadata, which uv would take from the mount as it was for older \
             sources",
        ),
        (
            "",
            "build-backend = \"maturin\"",
            "refused: pyproject.toml:6 names maturin, which may compile into the sources, and uv does not do that again \
             where its cache is a mount",
        ),
        (
            "",
            "build-backend = \"hatchling.build\"\n[tool.hatch.build.hooks.vcs]\nversion-file = \"x\"",
            "refused: pyproject.toml:7 may make files among the sources, which uv does not do again where its cache is a \
             mount",
        ),
    ] {
        assert_eq!(with(apart, project, build), expected, "{project} {build}");
    }
    let setuptools = "build-backend = \"setuptools.build_meta\"";
    assert_eq!(with("COPY . .", "", setuptools), MOUNTED);
    let refused = "refused: pyproject.toml does not come by the COPY of the last sources: as long as it is not copied anew, \
                   uv would take what it built of older ones from the mount";
    assert_eq!(with(apart, "", setuptools), refused);
    let keys = format!("{setuptools}\n[tool.uv]\ncache-keys = [{{ file = \"src/x.py\" }}]");
    assert_eq!(with("COPY . .", "", &keys), refused);
    let keys = keys.replace("src/x.py", "pyproject.toml");
    assert_eq!(with("COPY . .", "", &keys), MOUNTED);
}

/// Directories of the command line are built again only since 0.6.7.
#[test]
fn pip_builds_directories_without_a_mount_unless_the_manifest_is_as_new_as_they() {
    const MOUNTED: &str = "/root/.cache/uv pure shared";
    let old = |uv: &str| {
        format!(
            "refused: pyproject.toml does not come by the COPY of the last sources: as long as it is not copied anew, {uv} \
             would take what it built of older ones from the mount"
        )
    };
    let unknown = old("uv, which is not known to be 0.6.7 or later,");
    let package = format!("{PACKAGE}build-backend = \"hatchling.build\"\n");
    let files = [
        ("pyproject.toml", package.as_str()),
        ("src/x.py", ""),
        ("dot.txt", ".\n"),
        ("editable.txt", "-e .[x]\n"),
        ("later", ""),
    ];
    let apart = "COPY pyproject.toml *.txt ./\nCOPY src src";
    for run in [
        "uv pip install --system .",
        "uv pip install '.[dev]'",
        "uv pip install .[dev]",
        "uv pip install \".[$EXTRAS]\"",
        "uv pip install x@.",
        "uv pip install -r dot.txt",
        "uv pip sync dot.txt",
    ] {
        let refused = if run.contains(".txt") { &old("uv") } else { &unknown };
        assert_eq!(synced(apart, run, &files), *refused, "{run}");
        assert_eq!(synced("COPY . .", run, &files), MOUNTED, "{run}");
    }
    for run in [
        "uv pip install -e .",
        "uv pip install -r editable.txt",
        "uv pip install flask",
        "uv pip install /w/*.whl",
    ] {
        assert_eq!(synced(apart, run, &files), MOUNTED, "{run}");
    }
    assert_eq!(synced("COPY . .\nCOPY src src", "uv pip install .", &files), unknown);
}

/// Since 0.6.7 uv builds again what stands on the command line, but nothing else.
#[test]
fn pip_builds_directories_of_the_command_line_anew() {
    const MOUNTED: &str = "/root/.cache/uv pure shared";
    let package = format!("{PACKAGE}build-backend = \"hatchling.build\"\n");
    let lib = format!("{package}[tool.uv.sources]\nlib = {{ path = \"../lib\" }}\n");
    let direct = package.replace("\"flask\"", "\"lib @ file:///app/lib\"");
    let files = [
        ("pyproject.toml", package.as_str()),
        ("src/x.py", ""),
        ("dot.txt", ".\n"),
        ("x/pyproject.toml", lib.as_str()),
        ("y/pyproject.toml", direct.as_str()),
        ("lib/pyproject.toml", package.as_str()),
        ("lib/src/x.py", ""),
    ];
    let apart = "COPY pyproject.toml *.txt ./\nCOPY lib/pyproject.toml lib/\nCOPY lib/src lib/src\nCOPY x x\nCOPY y y\nCOPY src src";
    let old = |manifest: &str, uv: &str| {
        format!(
            "refused: {manifest} does not come by the COPY of the last sources: as long as it is not copied anew, {uv} \
             would take what it built of older ones from the mount"
        )
    };
    let unknown = old("pyproject.toml", "uv, which is not known to be 0.6.7 or later,");
    let from =
        |image: &str, run: &str| synced(&format!("COPY --from={image} /uv /uvx /bin/\n{apart}"), run, &files);
    for run in [
        "uv pip install .",
        "uv pip install '.[dev]'",
        "uv pip install file:///app",
        "uv pip install my-app@.",
    ] {
        assert_eq!(from("ghcr.io/astral-sh/uv:0.8.0", run), MOUNTED, "{run}");
        assert_eq!(from("ghcr.io/astral-sh/uv", run), MOUNTED, "{run}");
        assert_eq!(from("ghcr.io/astral-sh/uv:0.6.6", run), unknown, "{run}");
        assert_eq!(from("company/tools", run), unknown, "{run}");
        assert_eq!(synced(apart, run, &files), unknown, "{run}");
    }
    let new = "ghcr.io/astral-sh/uv:0.8.0";
    assert_eq!(from(new, "python -m uv pip install ."), unknown);
    assert_eq!(from(new, "uv pip install -r dot.txt"), old("pyproject.toml", "uv"));
    assert_eq!(from(new, "uv pip install ./x"), old("lib/pyproject.toml", "uv"));
    assert_eq!(from(new, "uv pip install -e ./x"), old("lib/pyproject.toml", "uv"));
    assert_eq!(from(new, "uv pip install ./y"), old("lib/pyproject.toml", "uv"));
    assert_eq!(
        synced(&format!("COPY --from={new} /uv /bin/\nCOPY . ."), "uv pip install ./x", &files),
        MOUNTED
    );
    let base = format!("FROM {new}-python3.12-bookworm\nWORKDIR /app\n{apart}\nRUN uv pip install .");
    assert_eq!(testing::caches(&Uv, &base, &files), MOUNTED);
}

#[test]
fn pip_builds_members_of_a_workspace_anew_where_all_of_it_is_copied() {
    let root = format!(
        "{PACKAGE}[tool.uv.workspace]\nmembers = [\"lib\"]\n[tool.uv.sources]\nlib = {{ workspace = true }}\n"
    );
    let files = [("pyproject.toml", root.as_str()), ("lib/pyproject.toml", PACKAGE), ("lib/src/x.py", "")];
    let with = |copies: &str| {
        synced(&format!("COPY --from=ghcr.io/astral-sh/uv /uv /bin/\n{copies}"), "uv pip install .", &files)
    };
    assert_eq!(with("COPY . ."), "/root/.cache/uv pure shared");
    assert_eq!(
        with("COPY lib lib\nCOPY pyproject.toml ."),
        "refused: pyproject.toml does not come by the COPY of the last sources: as long as it is not copied anew, uv would \
         take what it built of older ones from the mount"
    );
}

/// A requirements file may name a directory.
#[test]
fn pip_builds_without_a_mount_what_only_it_knows() {
    const MOUNTED: &str = "/root/.cache/uv pure shared";
    let files = [("requirements.txt", "/pkg\n"), ("pkg/pyproject.toml", PACKAGE), ("pkg/src/x.py", "")];
    let apart = "COPY pkg/pyproject.toml /pkg/\nCOPY pkg/src /pkg/src\nCOPY requirements.txt .";
    for (run, word) in [
        ("set -- -r requirements.txt && uv pip install --no-cache \"$@\"", "\"$@\""),
        ("uv pip install $REQUIREMENTS", "$REQUIREMENTS"),
        ("uv pip install -r $FILE", "-r $FILE"),
        ("uv pip install -c $FILE x", "-c $FILE"),
        ("uv pip install flask -r \"$DIR\"/x.txt", "-r \"$DIR\"/x.txt"),
        ("uv pip sync $FILE", "$FILE"),
        ("uv pip install --override $FILE flask", "--override $FILE"),
        ("uv pip install ./libs/*", "./libs/*"),
    ] {
        let refused = format!(
            "refused: what `{word}` names is only known when uv runs: of a directory in a requirements file it would take \
             from the mount what it built of older sources"
        );
        assert_eq!(synced(apart, run, &files), refused, "{run}");
    }
    for run in
        ["uv pip install flask==$V", "uv pip install ./wheels/*.whl", "uv pip install git+https://x/$Y"]
    {
        assert_eq!(synced(apart, run, &files), MOUNTED, "{run}");
    }
    // Without a context it is not known what is copied there.
    for run in ["uv pip install $X", "uv pip install .", "uv pip install -e ./x"] {
        let told = testing::caches(&Uv, &format!("FROM python\nRUN {run}"), &[]);
        assert!(told.starts_with("refused: what `"), "{run}: {told}");
    }
    // What is not copied here is not edited here.
    assert_eq!(synced("", "uv pip install $PACKAGES", &files), MOUNTED);
}

/// `--frozen` may not stand beside `UV_LOCKED`.
#[test]
fn the_prefetch_is_locked_where_the_environment_says_so() {
    let with = |set: &str, run: &str, files: &[(&str, &str)]| {
        testing::needs(&Uv, &format!("FROM python:3.12\n{set}\nWORKDIR /app\nCOPY . .\nRUN {run}\n"), files)
    };
    let locked =
        "build /app; files pyproject.toml uv.lock; outputs .venv; prefetch uv sync --no-install-project";
    let frozen = "install /app; files pyproject.toml uv.lock; outputs .venv; prefetch uv sync --frozen --no-install-project";
    assert_eq!(with("ENV UV_LOCKED=1", "uv sync", FILES), locked);
    assert_eq!(with("ENV UV_LOCKED=1", "uv sync --locked --no-dev", FILES), format!("{locked} --no-dev"));
    assert_eq!(with("ARG UV_LOCKED", "uv sync", FILES), locked);
    assert_eq!(with("ENV UV_FROZEN=1", "uv sync", FILES), frozen);
    assert_eq!(with("ENV UV_LOCKED=1", "uv sync --frozen", FILES), frozen);
    let dynamic = format!("{PACKAGE}\n").replace("version = \"1\"", "dynamic = [\"version\"]");
    assert_eq!(
        with("ENV UV_LOCKED=1", "uv sync", &[("pyproject.toml", dynamic.as_str()), FILES[1]]),
        "refused: UV_LOCKED makes uv compare uv.lock with what the sources say, and --frozen may not stand beside it"
    );
    // The form that the prefetch has itself.
    assert_eq!(
        with("ENV UV_LOCKED=1", "uv sync --no-install-project", FILES),
        "install /app; files pyproject.toml uv.lock; outputs .venv; rewritten uv.lock"
    );
}

#[test]
fn what_is_compiled_here_does_not_come_from_a_mount() {
    for (set, run, what) in [
        ("", "uv pip install --no-binary lxml lxml", "--no-binary"),
        ("", "uv sync --no-build-isolation-package flash-attn", "--no-build-isolation-package"),
        ("", "uv pip install -C--x=y flask", "-C"),
        ("ENV UV_NO_BINARY=1", "uv sync", "ENV UV_NO_BINARY on line 2"),
        ("ARG TORCH_CUDA_ARCH_LIST", "uv sync", "ARG TORCH_CUDA_ARCH_LIST on line 2"),
        ("", "CMAKE_ARGS=-DX=on uv sync", "CMAKE_ARGS="),
    ] {
        let expected = format!(
            "refused: {what} says how to compile in this image, and uv would take from the mount what was compiled in \
             another"
        );
        assert_eq!(testing::caches(&Uv, &format!("FROM python\n{set}\nRUN {run}"), &[]), expected, "{run}");
    }
}

/// uv asks for an archive again when the headers of the last answer say so, and not before.
#[test]
fn archives_by_address_are_asked_for_each_time() {
    let take = "of which uv would take from the mount what it has built before, whatever lies there by now";
    let with = |run: &str, files: &[(&str, &str)]| {
        testing::caches(&Uv, &format!("FROM python\nWORKDIR /app\nCOPY . .\nRUN {run}"), files)
    };
    let address = "https://e.com/archive/main.zip";
    let line = format!("six\nx @ {address}\n");
    for run in ["uv pip install --no-cache -r requirements.txt", "uv pip sync requirements.txt"] {
        assert_eq!(
            with(run, &[("requirements.txt", &line)]),
            format!("refused: requirements.txt:2 installs {address}, {take}"),
            "{run}"
        );
    }
    assert_eq!(
        with(&format!("uv pip install {address}"), &[]),
        format!("refused: it installs {address}, {take}")
    );
}
