mod scripts;

use super::*;
use crate::testing;

const APP: &str = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN ";

fn needs(run: &str, files: &[(&str, &str)]) -> String {
    testing::needs(&Npm, &format!("{APP}{run}"), files)
}

fn caches(dockerfile: &str) -> String {
    testing::caches(&Npm, dockerfile, &[("package.json", "{}")])
}

const SIMPLE: &[(&str, &str)] = &[("package.json", "{}"), ("package-lock.json", "{}"), ("src/a.js", "")];

#[test]
fn recognises_installs_in_every_form() {
    for run in [
        "npm ci",
        "npm clean-install",
        "npm ci --only=production",
        "npm ci --omit dev --no-audit --no-fund",
        "npm --quiet ci",
        "npm -q ci -ddd",
        "npm ci --production --silent",
        "npm ci --loglevel verbose",
        "npm ci --registry=$URL",
        "npm ci --unsafe-perm=true --allow-root",
        "npm ci --some-binary-host=https://x",
        "NODE_ENV=production npm ci",
        "npm ci --progress false",
        "npm ci --no-optional && npm cache verify",
        "/usr/local/bin/npm ci > /dev/null 2>&1",
        "sudo npm ci",
        "sh -c 'npm ci'",
        "npm ci -w web",
    ] {
        let expected = "install /app; files package-lock.json package.json; outputs node_modules";
        assert_eq!(needs(run, SIMPLE), expected, "{run}");
    }
    for run in
        ["npm install", "npm i", "npm i .", "npm install --production", "npm isntall -f", "npm i --no-save"]
    {
        let expected = "install /app; files package-lock.json package.json; outputs node_modules; rewritten \
                        package-lock.json";
        assert_eq!(needs(run, SIMPLE), expected, "{run}");
    }
}

/// What they do to the project is not told.
#[test]
fn tells_what_adds_to_a_project() {
    for run in ["npm install express", "npm i ./lib", "npm i lib.tgz", "npm install x@$V"] {
        assert_eq!(needs(run, SIMPLE), "packages", "{run}");
        assert_eq!(testing::touches(&Npm, &format!("FROM node\nRUN {run}"), "/x"), "rw", "{run}");
    }
}

#[test]
fn leaves_everything_else_opaque() {
    for run in [
        "npm run build",
        "npm test",
        "npm start",
        "npx tsc",
        "node x",
        "npm i -g .",
        "npm i -g ./x.tgz",
        "npm i -g owner/repo",
        "npm i -g x@file:../x",
        "npm i -g",
        "npm i -g $PACKAGE",
        "npm i -g x@$V/y",
        "npm i -g x$V",
        "npm i -g file:x@$V",
        "npm i -g ./x@$V",
        "npm install $FLAGS",
        "npm ci --unknown word",
        "npm ci --userconfig ./npmrc",
        "npm ci --node-options=--require=./x",
        "NODE_OPTIONS='--require ./x' npm ci",
        "NODE_OPTIONS=$X npm ci",
        "npm_config_userconfig=./x npm ci",
        "npm ci --global=$X",
        "npm link",
        "npm rebuild",
        "npm prune --production",
        "npm install-test",
        "npm update",
        "npm audit fix",
        "npm config set registry x --location=project",
        "npm",
        "pnpm i",
    ] {
        assert_eq!(needs(run, SIMPLE), "opaque", "{run}");
    }
}

#[test]
fn tells_packages_and_cleaning() {
    for run in [
        "npm install -g pnpm@9",
        "npm i -g @angular/cli@~1.2 typescript",
        "npm -g install npm@latest",
        "npm install --global yarn",
        "npm install --location=global serve",
        "npm i -g https://example.com/x.tgz",
        "npm i -gf serve",
        "npm update -g npm",
        "npm install -g pnpm@$PNPM_VERSION",
        "npm i -g \"@scope/x@^${VERSION:-1}\" y",
    ] {
        assert_eq!(needs(run, SIMPLE), "packages", "{run}");
    }
    for run in ["npm set progress=false", "npm config set registry https://x", "npm --version"] {
        assert_eq!(needs(run, SIMPLE), "settings", "{run}");
    }
    for run in ["npm cache clean --force", "npm cache clear", "npm cache rm -f"] {
        assert_eq!(needs(run, SIMPLE), "clean-cache", "{run}");
    }
}

#[test]
fn finds_the_project() {
    let files =
        &[("web/package.json", "{}"), ("web/package-lock.json", "{}"), ("web/src/a.js", ""), ("README", "")];
    let expected = "install /app/web; files package-lock.json package.json; outputs node_modules";
    for run in ["cd web && npm ci", "npm ci --prefix web", "npm --prefix=./web ci", "npm -C web ci"] {
        assert_eq!(needs(run, files), expected, "{run}");
    }
    let below = "install /app/web/src; files /app/web/package-lock.json /app/web/package.json; outputs \
                 /app/web/node_modules";
    assert_eq!(needs("cd web/src && npm ci", files), below);
    assert_eq!(
        needs("npm ci --prefix web/src", files),
        "refused: no package.json is copied from the build context to /app/web/src"
    );
    assert_eq!(needs("npm ci", files), "refused: no package.json is copied from the build context to /app");
    assert_eq!(needs("cd $X && npm ci", files), "install ?");
}

#[test]
fn locks_may_be_missing_or_many() {
    let files = &[("package.json", "{}"), ("src/a.js", "")];
    assert_eq!(needs("npm install", files), "install /app; files package.json; outputs node_modules");
    assert_eq!(
        needs("npm ci", files),
        "refused: npm ci needs a package-lock.json, and none is copied from the build context to /app"
    );
    let files = &[
        ("package.json", "{}"),
        ("npm-shrinkwrap.json", "{}"),
        ("package-lock.json", "{}"),
        ("yarn.lock", ""),
        ("pnpm-lock.yaml", ""),
    ];
    assert_eq!(
        needs("npm ci", files),
        "install /app; files npm-shrinkwrap.json package-lock.json package.json yarn.lock; outputs node_modules"
    );
    let excluded =
        &[("package.json", "{}"), ("package-lock.json", "{}"), (".dockerignore", "package-lock.json")];
    assert_eq!(needs("npm i", excluded), "install /app; files package.json; outputs node_modules");
}

#[test]
fn lists_every_member() {
    let files = &[
        ("package.json", r#"{"workspaces": ["packages/*", "!packages/old", "tools/cli"]}"#),
        ("package-lock.json", "{}"),
        ("packages/a/package.json", "{}"),
        ("packages/a/src/x.js", ""),
        ("packages/a/node_modules/z/package.json", "{}"),
        ("packages/old/package.json", "{}"),
        ("packages/none/x", ""),
        ("tools/cli/package.json", "{}"),
    ];
    let expected = "install /app; files package-lock.json package.json packages/a/package.json \
                    tools/cli/package.json; outputs node_modules packages/a/node_modules tools/cli/node_modules";
    assert_eq!(needs("npm ci", files), expected);
    let from_member = needs("cd packages/a && npm ci", files);
    assert!(
        from_member.contains("/app/package-lock.json /app/package.json /app/tools/cli/package.json"),
        "{from_member}"
    );
    let files =
        &[("package.json", r#"{"workspaces": {"packages": ["@(a|b)"]}}"#), ("package-lock.json", "{}")];
    assert_eq!(
        needs("npm ci", files),
        "refused: package.json:1 workspaces pattern \"@(a|b)\" uses a kind of glob that dockfix does not read"
    );
}

#[test]
fn the_lock_file_names_members_too() {
    let files = &[
        ("package.json", "{}"),
        (
            "package-lock.json",
            r#"{"packages": {"": {}, "lib": {}, "node_modules/lib": {"resolved": "lib", "link": true}}}"#,
        ),
        ("lib/package.json", "{}"),
    ];
    assert_eq!(
        needs("npm ci", files),
        "install /app; files lib/package.json package-lock.json package.json; outputs lib/node_modules node_modules"
    );
}

/// What git or another server brings needs no file of the project.
#[test]
fn dependencies_from_elsewhere_bring_no_files() {
    let files = [
        (
            "package.json",
            r#"{"dependencies": {"a": "github:o/a", "b": "git+https://x/b.git#v1", "c": "https://x/c.tgz"}}"#,
        ),
        ("package-lock.json", "{}"),
    ];
    for run in ["npm ci", "npm install"] {
        let found = needs(run, &files);
        assert!(
            found.starts_with("install /app; files package-lock.json package.json; outputs node_modules"),
            "{found}"
        );
    }
}

#[test]
fn follows_local_dependencies() {
    let files = &[
        ("package.json", r#"{"dependencies": {"lib": "file:lib", "t": "./vendor/t.tgz"}}"#),
        ("package-lock.json", r#"{"packages": {"node_modules/lib": {"resolved": "lib", "link": true}}}"#),
        ("lib/package.json", r#"{"dependencies": {"deep": "file:../deep"}}"#),
        ("lib/src/x.js", ""),
        ("deep/package.json", "{}"),
        ("vendor/t.tgz", ""),
    ];
    let linked = "install /app; files lib/package.json package-lock.json package.json vendor/t.tgz; directories deep; \
                  outputs deep/node_modules lib/node_modules node_modules";
    assert_eq!(needs("npm ci", files), linked);
    let copied = "install /app; files package-lock.json package.json vendor/t.tgz; directories deep lib; outputs \
                  deep/node_modules lib/node_modules node_modules; rewritten package-lock.json";
    assert_eq!(needs("npm install", files), copied);
    for (specifier, why) in [
        ("file:../outside", "which no COPY from the build context brings"),
        ("file:lib", "which is not in the build context"),
        ("file:.", "which holds the project itself"),
        ("file:~/lib", "which lies in the home directory"),
    ] {
        let manifest = format!("{{\n  \"dependencies\": {{\n    \"lib\": \"{specifier}\"\n  }}\n}}");
        let found = needs("npm install", &[("package.json", &manifest)]);
        assert_eq!(found, format!("refused: package.json:3 depends on {specifier}, {why}"));
    }
}

/// What another manager fetches in the image is not in the build context, as `deps` of a Phoenix application.
#[test]
fn dependencies_that_only_the_image_has_are_refused() {
    let lock = r#"{"packages": {"": {}, "../deps/phoenix": {}, "node_modules/phoenix": {"resolved": "../deps/phoenix",
        "link": true}}}"#;
    let files = &[
        ("mix.exs", ""),
        ("assets/package.json", "{\n \"dependencies\": {\n  \"phoenix\": \"file:../deps/phoenix\"\n }\n}"),
        ("assets/package-lock.json", lock),
    ];
    for run in
        ["npm ci --prefix assets", "npm ci --prefix ./assets --progress=false", "cd assets && npm install"]
    {
        assert_eq!(
            needs(run, files),
            "refused: assets/package.json:3 depends on file:../deps/phoenix, which is not in the build context",
            "{run}"
        );
    }
}

#[test]
fn reads_the_configuration() {
    let files = &[
        ("package.json", "{}"),
        (".npmrc", "//registry.npmjs.org/:_authToken=${NPM_TOKEN}\ncafile=certs/ca.pem\n"),
        ("certs/ca.pem", ""),
        ("packages/.npmrc", ""),
    ];
    assert_eq!(
        needs("npm i", files),
        "install /app; files .npmrc certs/ca.pem package.json; outputs node_modules; variables NPM_TOKEN"
    );
    for (npmrc, reason) in [
        ("a=b\nnode-options=--require ./x", ".npmrc:2 makes every node process load code"),
        ("script-shell=./sh", ".npmrc:1 sets script-shell, which may name any file"),
    ] {
        assert_eq!(
            needs("npm i", &[("package.json", "{}"), (".npmrc", npmrc)]),
            format!("refused: {reason}")
        );
    }
}

#[test]
fn programs_of_members_must_be_executable() {
    let root = ("package.json", r#"{"workspaces": ["a"], "bin": "./not-linked.js"}"#);
    let member = ("a/package.json", "{\n \"name\": \"a\",\n \"bin\": {\"a\": \"./cli.js\"}\n}");
    assert_eq!(
        needs("npm i", &[root, member, ("a/cli.js", "")]),
        "refused: a/package.json:3 names the program ./cli.js, which npm makes executable, and a later COPY would give \
         it back its mode 0644"
    );
    let plain =
        "install /app; files a/cli.js a/package.json package.json; outputs a/node_modules node_modules";
    assert_eq!(needs("npm i", &[root, member, ("a/cli.js +x", "#!/usr/bin/env node\n")]), plain);
    assert_eq!(
        needs("npm i", &[root, member, ("a/cli.js +x", "#!/usr/bin/env node\r\n")]),
        "refused: a/package.json:3 names the program ./cli.js, whose first line npm rewrites, and a later COPY would \
         bring it back"
    );
    let absent = "install /app; files a/package.json package.json; outputs a/node_modules node_modules";
    assert_eq!(needs("npm i", &[root, member, ("src/x", "")]), absent);
    let directory = ("a/package.json", r#"{"directories": {"bin": "bin"}}"#);
    assert!(
        needs("npm i", &[root, directory, ("a/bin/x", "")]).starts_with("refused: a/package.json:1 names")
    );
}

#[test]
fn compiles_nothing_early() {
    assert_eq!(
        needs("npm i", &[("package.json", "{}"), ("binding.gyp", "{}")]),
        "refused: binding.gyp:1 has the sources compiled on install"
    );
}

#[test]
fn says_what_cannot_be_read() {
    for (manifest, reason) in [
        ("{\n  x\n}", "package.json:2 is not valid JSON"),
        ("[]", "package.json:1 is not a JSON object"),
        ("", "package.json:1 is not valid JSON"),
    ] {
        assert_eq!(needs("npm i", &[("package.json", manifest)]), format!("refused: {reason}"), "{manifest}");
    }
    let marked = needs("npm i", &[("package.json", "\u{feff}{}")]);
    assert_eq!(marked, "install /app; files package.json; outputs node_modules");
}

#[test]
fn patches_of_npm_itself() {
    let files = &[
        ("package.json", r#"{"patchedDependencies": {"a@1": "patches/a.patch"}}"#),
        ("package-lock.json", "{}"),
        ("patches/a.patch", ""),
        (".npm-extension.mjs", "export const x = 1"),
    ];
    assert_eq!(
        needs("npm ci", files),
        "install /app; files .npm-extension.mjs package-lock.json package.json patches/a.patch; outputs node_modules"
    );
}

#[test]
fn aims_the_cache_at_the_user() {
    for (dockerfile, expected) in [
        ("FROM node:20\nRUN npm ci", "/root/.npm pure locked"),
        ("FROM node:20\nUSER node\nRUN npm ci", "/home/node/.npm pure locked"),
        ("FROM node:20\nENV HOME=/srv\nRUN npm ci", "/srv/.npm pure locked"),
        ("FROM node:20\nENV NPM_CONFIG_CACHE=/c\nRUN npm ci", "/c pure locked"),
        ("FROM node:20\nENV npm_config_cache=/c\nRUN npm i -g x", "/c pure locked"),
        ("FROM node:20\nRUN npm ci --cache /tmp/c", "/tmp/c pure locked"),
        ("FROM node:20\nWORKDIR /app\nRUN npm ci --cache .c", "/app/.c pure locked"),
        ("FROM node:20\nRUN npm_config_cache=/d npm ci", "/d pure locked"),
        ("FROM node:20\nRUN npm i -g pnpm", "/root/.npm pure locked"),
        ("FROM node:20\nRUN npm config set x y", ""),
        ("FROM node:20\nRUN npm ci --dry-run", ""),
        ("FROM node:20\nRUN npm cache clean --force", ""),
        (
            "FROM node:20\nUSER app\nRUN npm ci",
            "refused: the home directory of user app is not known, so its cache is not either",
        ),
        (
            "FROM company/node\nRUN npm ci",
            "refused: it is not known which user runs it, so the cache directory is not either",
        ),
        (
            "FROM node:20\nARG C\nENV npm_config_cache=$C\nRUN npm ci",
            "refused: npm_config_cache is only known in the build",
        ),
        ("FROM node:20\nRUN npm ci --no-cache", "refused: --no-cache leaves it open where the cache is"),
        (
            "FROM node:20\nUSER node\nRUN sudo npm i -g x",
            "refused: it runs as another user than the RUN itself, so the cache directory is not known",
        ),
    ] {
        assert_eq!(caches(dockerfile), expected, "{dockerfile}");
    }
    let files = &[("package.json", "{}"), (".npmrc", "cache=/n\n")];
    assert_eq!(testing::caches(&Npm, &format!("{APP}npm i"), files), "/n pure locked");
}

#[test]
fn malformed_input_is_no_panic() {
    for text in [
        "{",
        "{\"workspaces\": 3}",
        "{\"workspaces\": [1, \"**/..\"]}",
        "{\"bin\": [1]}",
        "\u{0}",
        "{\"scripts\": []}",
    ] {
        needs("npm i", &[("package.json", text), ("package-lock.json", text), (".npmrc", text)]);
    }
}
