//! `cache-mount`: what stands beside a command in its RUN, or in a later one, and would miss what lies in the mount.

use super::{Files, check, check_refused};

const ONLY: &[&str] = &["cache-mount"];

/// `uvx`, `uv run --with` and scripts with dependencies of their own keep their environments in the cache.
#[test]
fn environments_in_the_cache_of_uv_stay_in_the_image() {
    const SCRIPT: &str = "# /// script\n# dependencies = [\"rich\"]\n# ///\nimport rich\n";
    let files: Files<'_> = &[
        ("pyproject.toml", "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = []\n"),
        (
            "uv.lock",
            "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { virtual = \".\" }\n",
        ),
        ("s.py", SCRIPT),
        ("tools/s.py", SCRIPT),
        ("manage.py", "import sys\n"),
    ];
    let file = |run: &str| {
        format!(
            "FROM ghcr.io/astral-sh/uv:python3.12-bookworm\nWORKDIR /app\nCOPY . .\nRUN {run}\nCMD [\"x\"]\n"
        )
    };
    for run in [
        "uvx alembic --help",
        "uv tool run alembic --help",
        "uv -q tool run alembic",
        "python -m uv tool run alembic",
        "uv run --with rich python -c 1",
        "uv run -w rich manage.py",
        "uv run s.py",
        "uv run --frozen ./s.py --warm",
        "uv --directory tools run s.py",
        "uv run --script s",
        "uv run https://x/s.py",
        "uv run generated.py",
        "uv sync --script s.py",
    ] {
        let shown =
            format!("4: `{run}` beside it installs into the cache of uv, where the image would not find it");
        check_refused(ONLY, files, &file(&format!("uv sync --frozen && {run}")), &[&shown]);
    }
    check_refused(
        ONLY,
        files,
        &file("uv sync --frozen && if true; then uvx ruff; fi"),
        &["4: `uvx ruff` beside it installs into the cache of uv, where the image would not find it"],
    );
    for run in [
        "uvx --version",
        "uvx --no-cache ruff",
        "uv run manage.py collectstatic",
        "uv run python s.py",
        "uv run --no-dev --extra x manage.py",
        "uv run -m app",
        "uv run alembic --with x",
        "uv tool list",
    ] {
        let run = format!("uv sync --frozen && {run}");
        let after = format!("--mount=type=cache,target=/root/.cache/uv {run}");
        check(ONLY, files, &file(&run), &file(&after));
    }
}
