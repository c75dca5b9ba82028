//! The applications, one test each.

mod languages;
mod stages;

use crate::Application;

const PACKAGE: (&str, &str) = (
    "package.json",
    r#"{
  "name": "demo",
  "version": "1.0.0",
  "description": "@NONCE@",
  "scripts": { "build": "node build.js" },
  "dependencies": { "is-odd": "3.0.1", "left-pad": "1.3.0" },
  "devDependencies": { "semver": "7.6.0" }
}
"#,
);
const JAVASCRIPT: [(&str, &str); 3] = [
    PACKAGE,
    ("src/index.js", "console.log(require('is-odd')(3));\n"),
    ("build.js", "require('fs').cpSync('src', 'dist', { recursive: true, preserveTimestamps: true });\n"),
];

#[test]
#[ignore = "builds with a real engine"]
fn npm_with_a_build_in_the_same_run() {
    Application {
        name: "npm",
        base: "node:20",
        dockerfile: r#"WORKDIR /app
COPY . .
RUN npm ci && npm run build
EXPOSE 3000
CMD ["node", "dist/index.js"]
"#,
        files: &JAVASCRIPT,
        lock: Some(("npm install --package-lock-only", "package-lock.json")),
        install: "npm ci",
        source: "src/index.js",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn npm_as_another_user() {
    Application {
        name: "npm-user",
        base: "node:20",
        dockerfile: r#"ENV NODE_ENV=production
RUN mkdir /app && chown node:node /app
WORKDIR /app
USER node
COPY --chown=node:node . .
RUN npm ci --omit=dev && npm cache clean --force
LABEL maintained="yes"
ENTRYPOINT ["node"]
CMD ["src/index.js"]
"#,
        files: &JAVASCRIPT,
        lock: Some(("npm install --package-lock-only", "package-lock.json")),
        install: "npm ci",
        source: "src/index.js",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn yarn() {
    Application {
        name: "yarn",
        base: "node:20-slim",
        dockerfile: r#"WORKDIR /app
COPY . .
RUN yarn install --frozen-lockfile && yarn cache clean
RUN yarn build
CMD ["yarn", "start"]
"#,
        files: &JAVASCRIPT,
        lock: Some(("yarn install", "yarn.lock")),
        install: "yarn install",
        source: "src/index.js",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn pnpm() {
    Application {
        name: "pnpm",
        base: "node:20",
        dockerfile: r#"WORKDIR /app
COPY . .
RUN pnpm install --frozen-lockfile
RUN pnpm run build
CMD ["node", "dist/index.js"]
"#,
        files: &JAVASCRIPT,
        lock: Some(("pnpm install --lockfile-only", "pnpm-lock.yaml")),
        install: "install --frozen-lockfile",
        source: "src/index.js",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn pip_with_an_included_file() {
    Application {
        name: "pip",
        base: "python:3.11",
        dockerfile: r#"WORKDIR /app
COPY . .
RUN pip install -r requirements/production.txt
CMD ["python", "main.py"]
"#,
        files: &[
            ("requirements/base.txt", "# @NONCE@\nsix==1.16.0\n"),
            ("requirements/production.txt", "-r base.txt\nidna==3.7\n"),
            ("main.py", "import idna, six\n"),
        ],
        lock: None,
        install: "pip install",
        source: "main.py",
        original_reruns: true,
    }
    .check();
}

/// Files by their names: one goes below the system packages, of the others one below what is installed from it.
#[test]
#[ignore = "builds with a real engine"]
fn pip_with_files_in_one_copy() {
    Application {
        name: "pip-files",
        base: "python:3.11",
        dockerfile: r#"WORKDIR /app
COPY start.sh /start.sh
COPY requirements.txt main.py settings/app.ini ./
RUN chmod +x /start.sh
RUN apt-get update && apt-get install -y tree && rm -rf /var/lib/apt/lists/*
RUN pip install -r requirements.txt
RUN python main.py
CMD ["/start.sh"]
"#,
        files: &[
            ("requirements.txt", "# @NONCE@\nsix==1.16.0\n"),
            ("main.py", "import six\n"),
            ("settings/app.ini", "[app]\n"),
            ("start.sh", "#!/bin/sh\nexec python /app/main.py\n"),
        ],
        lock: None,
        install: "pip install",
        source: "main.py",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn pip_without_its_cache() {
    Application {
        name: "pip-no-cache",
        base: "python:3.11-slim",
        dockerfile: r#"WORKDIR /app
ENV PYTHONUNBUFFERED=1
ADD . /app
RUN pip install --no-cache-dir -r requirements.txt
USER nobody
CMD ["python", "main.py"]
"#,
        files: &[
            ("requirements.txt", "# @NONCE@\ndocopt==0.6.2\nsix==1.16.0\n"),
            ("main.py", "import docopt\n"),
        ],
        lock: None,
        install: "pip install",
        source: "main.py",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn poetry() {
    Application {
        name: "poetry",
        base: "python:3.11",
        dockerfile: r#"ENV POETRY_VIRTUALENVS_CREATE=false
WORKDIR /app
COPY . .
RUN poetry install --only main --no-interaction
CMD ["demo"]
"#,
        files: &[
            (
                "pyproject.toml",
                r#"[project]
name = "demo"
version = "0.1.0"
description = "@NONCE@"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["six==1.16.0"]

[project.scripts]
demo = "demo:main"

[[tool.poetry.source]]
name = "simple"
url = "@INDEX@"
priority = "primary"

[build-system]
requires = ["poetry-core>=1.0"]
build-backend = "poetry.core.masonry.api"
"#,
            ),
            ("README.md", "Demo\n"),
            ("demo/__init__.py", "def main():\n    import six\n"),
        ],
        lock: Some(("poetry lock", "poetry.lock")),
        install: "poetry install",
        source: "demo/__init__.py",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn uv() {
    Application {
        name: "uv",
        base: "python:3.11-slim",
        dockerfile: r#"WORKDIR /app
COPY . .
RUN uv sync --frozen --no-dev
CMD ["/app/.venv/bin/demo"]
"#,
        files: &[
            (
                "pyproject.toml",
                r#"[project]
name = "demo"
version = "0.1.0"
description = "@NONCE@"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["six==1.16.0", "idna==3.7"]

[project.scripts]
demo = "demo:main"

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"#,
            ),
            ("README.md", "Demo\n"),
            ("demo/__init__.py", "def main():\n    import six\n"),
        ],
        lock: Some(("uv lock", "uv.lock")),
        install: "uv sync",
        source: "demo/__init__.py",
        original_reruns: true,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn apt_with_an_update_of_its_own() {
    Application {
        name: "apt",
        base: "debian:bookworm",
        dockerfile: r#"ENV BUILD=@NONCE@
RUN apt-get update
RUN apt-get install -y --no-install-recommends jq
WORKDIR /app
COPY . .
CMD ["jq", "."]
"#,
        files: &[("main.jq", ".\n")],
        lock: None,
        install: "install -y",
        source: "main.jq",
        original_reruns: false,
    }
    .check();
}

#[test]
#[ignore = "builds with a real engine"]
fn apt_below_the_sources() {
    Application {
        name: "apt-lists",
        base: "debian:bookworm-slim",
        dockerfile: r#"ENV BUILD=@NONCE@
WORKDIR /app
COPY . .
RUN apt-get update \
 && apt-get install -y --no-install-recommends jq nano \
 && rm -rf /var/lib/apt/lists/*
CMD ["jq", "."]
"#,
        files: &[("main.jq", ".\n")],
        lock: None,
        install: "install -y",
        source: "main.jq",
        original_reruns: true,
    }
    .check();
}
