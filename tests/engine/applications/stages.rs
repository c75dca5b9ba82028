//! Workspaces, environments and several stages.

use crate::Application;

#[test]
#[ignore = "builds with a real engine"]
fn yarn_workspaces_as_another_user() {
    Application {
        name: "yarn-workspaces",
        base: "node:20-slim",
        dockerfile: r#"ENV NODE_ENV=development
RUN mkdir /app && chown node:node /app
USER node
WORKDIR /app
COPY --chown=node:node . .
RUN yarn install --frozen-lockfile --non-interactive
RUN yarn build
CMD ["node", "packages/web/index.js"]
"#,
        files: &[
            ("package.json", r#"{
  "name": "demo",
  "private": true,
  "description": "@NONCE@",
  "workspaces": ["packages/*"],
  "scripts": { "build": "node packages/web/index.js" }
}
"#),
            ("packages/web/package.json", r#"{ "name": "web", "version": "1.0.0", "dependencies": { "lib": "1.0.0", "is-odd": "3.0.1" } }
"#),
            ("packages/web/index.js", "console.log(require('lib'), require('is-odd')(3));\n"),
            ("packages/lib/package.json", r#"{ "name": "lib", "version": "1.0.0", "main": "lib.js" }
"#),
            ("packages/lib/lib.js", "module.exports = 1;\n"),
        ],
        lock: Some(("yarn install", "yarn.lock")),
        install: "yarn install",
        source: "packages/lib/lib.js",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn pnpm_with_a_patch_and_two_stages() {
    Application {
        name: "pnpm-patch",
        base: "node:20",
        dockerfile: r#"WORKDIR /app
COPY . .
RUN pnpm install --frozen-lockfile
RUN pnpm --recursive run build

FROM node:20
WORKDIR /app
COPY --from=0 /app ./
CMD ["node", "packages/web/index.js"]
"#,
        files: &[
            ("package.json", r#"{
  "name": "demo",
  "private": true,
  "description": "@NONCE@",
  "pnpm": { "patchedDependencies": { "is-odd@3.0.1": "patches/is-odd.patch" } }
}
"#),
            ("pnpm-workspace.yaml", r#"packages:
  - packages/*
"#),
            ("patches/is-odd.patch", r#"diff --git a/patched.txt b/patched.txt
new file mode 100644
index 0000000..ce01362
--- /dev/null
+++ b/patched.txt
@@ -0,0 +1 @@
+hello
"#),
            ("packages/web/package.json", r#"{ "name": "web", "version": "1.0.0", "dependencies": { "is-odd": "3.0.1", "lib": "workspace:*" }, "scripts": { "build": "node index.js" } }
"#),
            ("packages/web/index.js", "console.log(require('lib'), require('is-odd')(3));\n"),
            ("packages/lib/package.json", r#"{ "name": "lib", "version": "1.0.0", "main": "lib.js" }
"#),
            ("packages/lib/lib.js", "module.exports = 1;\n"),
        ],
        lock: Some(("pnpm install --lockfile-only", "pnpm-lock.yaml")),
        install: "install --frozen-lockfile",
        source: "packages/lib/lib.js",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn poetry_without_a_package() {
    Application {
        name: "poetry-venv",
        base: "python:3.11",
        dockerfile: r#"COPY . /app
ENV POETRY_VIRTUALENVS_IN_PROJECT=true
RUN cd /app && poetry install --no-interaction --without dev

FROM python:3.11
COPY --from=0 /app /app
CMD ["/app/.venv/bin/python", "/app/main.py"]
"#,
        files: &[
            (
                "pyproject.toml",
                r#"[project]
name = "demo"
version = "0.1.0"
description = "@NONCE@"
requires-python = ">=3.11"
dependencies = ["six==1.16.0"]

[tool.poetry]
package-mode = false

[tool.poetry.group.dev.dependencies]
idna = "3.7"

[[tool.poetry.source]]
name = "simple"
url = "@INDEX@"
priority = "primary"
"#,
            ),
            ("main.py", "import six\n"),
            ("README.md", "x\n"),
        ],
        lock: Some(("poetry lock", "poetry.lock")),
        install: "poetry install",
        source: "main.py",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn uv_workspace() {
    Application {
        name: "uv-ws",
        base: "python:3.11",
        dockerfile: r#"WORKDIR /app
COPY . .
RUN uv sync --frozen --no-dev --all-packages --no-editable

FROM python:3.11
COPY --from=0 /app/.venv /app/.venv
CMD ["/app/.venv/bin/demo"]
"#,
        files: &[
            (
                "pyproject.toml",
                r#"[project]
name = "demo"
version = "0.1.0"
description = "@NONCE@"
requires-python = ">=3.11"
dependencies = ["lib", "six==1.16.0"]

[project.scripts]
demo = "demo:main"

[tool.uv.workspace]
members = ["packages/*"]

[tool.uv.sources]
lib = { workspace = true }

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"#,
            ),
            (
                "demo/__init__.py",
                r#"def main():
    import lib
"#,
            ),
            (
                "packages/lib/pyproject.toml",
                r#"[project]
name = "lib"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["idna==3.7"]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"#,
            ),
            ("packages/lib/lib/__init__.py", "import idna\n"),
        ],
        lock: Some(("uv lock", "uv.lock")),
        install: "uv sync",
        source: "packages/lib/lib/__init__.py",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn pipenv_for_the_system() {
    Application {
        name: "pipenv",
        base: "python:3.11",
        dockerfile: r#"WORKDIR /app
COPY . .
RUN pipenv install --system --deploy
CMD ["python", "main.py"]
"#,
        files: &[
            (
                "Pipfile",
                r#"[[source]]
name = "pypi"
url = "@INDEX@"
verify_ssl = true

[packages]
six = "==1.16.0"

[dev-packages]
idna = "==3.7"

[pipenv]
allow_prereleases = false
# @NONCE@
"#,
            ),
            ("main.py", "import six\n"),
        ],
        lock: Some(("pipenv lock", "Pipfile.lock")),
        install: "pipenv install",
        source: "main.py",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn pipenv_with_an_environment_of_its_own() {
    Application {
        name: "pipenv-venv",
        base: "python:3.11",
        dockerfile: r#"WORKDIR /app
ENV PIPENV_VENV_IN_PROJECT=1 PYTHONDONTWRITEBYTECODE=1
ADD . /app/
RUN pipenv sync --dev

FROM python:3.11
WORKDIR /app
COPY --from=0 /app ./
CMD [".venv/bin/python", "main.py"]
"#,
        files: &[
            (
                "Pipfile",
                r#"[[source]]
name = "pypi"
url = "@INDEX@"
verify_ssl = true

[packages]
six = "==1.16.0"

[dev-packages]
idna = "==3.7"

[pipenv]
allow_prereleases = false
# @NONCE@
"#,
            ),
            ("main.py", "import six\n"),
        ],
        lock: Some(("pipenv lock", "Pipfile.lock")),
        install: "pipenv sync",
        source: "main.py",
        original_reruns: true,
    }
    .check();
}
