use super::*;
use crate::testing;

const APP: &str = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN ";
const V1: (&str, &str) = ("yarn.lock", "# yarn lockfile v1\n");
const V8: (&str, &str) = ("yarn.lock", "__metadata:\n  version: 8\n");
const MODULES: (&str, &str) = (".yarnrc.yml", "nodeLinker: node-modules\n");

fn needs(run: &str, files: &[(&str, &str)]) -> String {
    testing::needs(&Yarn, &format!("{APP}{run}"), files)
}

fn caches(dockerfile: &str, files: &[(&str, &str)]) -> String {
    testing::caches(&Yarn, dockerfile, files)
}

#[test]
fn recognises_installs_in_every_form() {
    let files = &[("package.json", "{}"), V1, ("src/a.js", "")];
    for run in [
        "yarn --frozen-lockfile",
        "yarn install --frozen-lockfile --production --network-timeout 100000",
        "yarn --pure-lockfile --non-interactive",
        "yarn install --prod --frozen-lockfile --cache-folder /dev/shm/yarn",
        "yarn --silent --no-progress --frozen-lockfile --ignore-engines install",
        "yarn install --production=true --frozen-lockfile",
        "yarn install --frozen-lockfile --production true",
        "NODE_ENV=production yarn --frozen-lockfile",
        "yarnpkg --frozen-lockfile",
        "yarn --cwd /app install --frozen-lockfile",
        "yarn --registry=$R --frozen-lockfile",
    ] {
        assert_eq!(
            needs(run, files),
            "install /app; files package.json yarn.lock; outputs node_modules",
            "{run}"
        );
    }
    for run in ["yarn", "yarn install", "yarn install --production", "yarn --check-files"] {
        assert_eq!(
            needs(run, files),
            "install /app; files package.json yarn.lock; outputs node_modules; rewritten yarn.lock",
            "{run}"
        );
    }
    assert_eq!(
        needs("yarn --frozen-lockfile --modules-folder=/m", files),
        "install /app; files package.json yarn.lock; outputs /m node_modules"
    );
}

#[test]
fn leaves_everything_else_opaque() {
    for run in [
        "yarn build",
        "yarn run build",
        "yarn test",
        "yarn i",
        "yarn install x",
        "yarn install --flat",
        "yarn install --har",
        "yarn install --use-yarnrc ./x",
        "yarn install --unknown",
        "yarn $X",
        "yarn global add ./x",
        "yarn global add",
        "yarn link",
        "yarn upgrade",
        "yarn set version berry",
        "yarn dlx x",
        "yarn workspace a install",
        "yarn workspaces run build",
        "yarn --production build",
        "YARN_RC_FILENAME=x yarn",
        "YARN_PLUGINS=x yarn",
        "NODE_OPTIONS=--require=./pnp yarn",
        "npm ci",
    ] {
        assert_eq!(needs(run, &[("package.json", "{}"), V1]), "opaque", "{run}");
    }
}

#[test]
fn tells_packages_and_cleaning() {
    for run in ["yarn global add serve@14", "yarn global add serve@$V"] {
        assert_eq!(needs(run, &[("package.json", "{}")]), "packages", "{run}");
    }
    for run in ["yarn --version", "yarn config set network-timeout 300000"] {
        assert_eq!(needs(run, &[("package.json", "{}")]), "settings", "{run}");
    }
    for run in ["yarn cache clean", "yarn cache clean --all", "yarn cache clean --mirror"] {
        assert_eq!(needs(run, &[("package.json", "{}")]), "clean-cache", "{run}");
    }
}

#[test]
fn finds_the_project() {
    let files = &[("web/package.json", "{}"), ("web/yarn.lock", V1.1), ("README", "")];
    let expected = "install /app/web; files package.json yarn.lock; outputs node_modules";
    for run in [
        "cd web && yarn --frozen-lockfile",
        "yarn --cwd web install --frozen-lockfile",
        "yarn --cwd=web --immutable",
    ] {
        assert_eq!(needs(run, files), expected, "{run}");
    }
    assert_eq!(needs("yarn", files), "refused: no package.json is copied from the build context to /app");
}

#[test]
fn classic_reads_configuration_of_all_directories_above() {
    let files = &[
        ("web/package.json", "{}"),
        ("web/.yarnrc", "yarn-path \".yarn/releases/yarn-1.22.19.js\"\n"),
        ("web/.yarn/releases/yarn-1.22.19.js", ""),
        (".npmrc", "//x/:_authToken=${TOKEN}\nyarn-offline-mirror=./mirror\n"),
        ("mirror/a.tgz", ""),
        (".yarnrc", "registry \"https://x\"\n"),
    ];
    assert_eq!(
        needs("cd web && yarn", files),
        "install /app/web; files .yarn/releases/yarn-1.22.19.js .yarnrc /app/.npmrc /app/.yarnrc package.json; \
         directories /app/mirror; outputs node_modules; variables TOKEN"
    );
    for (yarnrc, reason) in [
        ("a b\nyarn-path x.js", ".yarnrc:2 hands over to x.js, which is not in the build context"),
        (
            "yarn-offline-mirror-pruning true",
            ".yarnrc:1 has the install remove archives, which a later COPY would bring back",
        ),
        ("--install.modules-folder ../m", ".yarnrc:1 sets --install.modules-folder, which may name any file"),
    ] {
        assert_eq!(
            needs("yarn", &[("package.json", "{}"), (".yarnrc", yarnrc)]),
            format!("refused: {reason}")
        );
    }
}

#[test]
fn classic_knows_its_workspaces() {
    let files = &[
        (
            "package.json",
            r#"{"private": true, "workspaces": {"packages": ["packages/*"], "nohoist": ["**"]}}"#,
        ),
        V1,
        ("packages/a/package.json", r#"{"dependencies": {"x": "file:./x", "l": "link:../b"}}"#),
        ("packages/b/package.json", "{}"),
        ("packages/b/src/y.js", ""),
        ("x/package.json", "{}"),
        ("x/index.js", ""),
    ];
    let expected = "install /app; files package.json packages/a/package.json packages/b/package.json yarn.lock; \
                    directories x; outputs node_modules packages/a/node_modules packages/b/node_modules x/node_modules";
    assert_eq!(needs("yarn --frozen-lockfile", files), expected);
    let member = needs("cd packages/a && yarn --frozen-lockfile", files);
    assert!(member.contains("/app/packages/b/package.json /app/yarn.lock"), "{member}");
}

#[test]
fn classic_finds_local_packages_in_the_lock_file() {
    let lock = "# yarn lockfile v1\n\n\"deep@file:vendor/deep\", \"deep@file:gone\":\n  version \"1.0.0\"\n";
    let files = &[
        ("package.json", "{}"),
        ("yarn.lock", lock),
        ("vendor/deep/package.json", "{}"),
        ("vendor/deep/x.js", ""),
    ];
    assert_eq!(
        needs("yarn --frozen-lockfile", files),
        "install /app; files package.json yarn.lock; directories vendor/deep; outputs node_modules \
         vendor/deep/node_modules"
    );
}

#[test]
fn classic_runs_less_in_production() {
    let prepare = ("package.json", r#"{"scripts": {"prepare": "tsc"}}"#);
    let refusal = "refused: package.json:1 runs \"tsc\" on install (prepare), which may read any source file";
    assert_eq!(needs("yarn --frozen-lockfile", &[prepare, V1]), refusal);
    let plain = "install /app; files package.json yarn.lock; outputs node_modules";
    assert_eq!(needs("yarn --frozen-lockfile --production", &[prepare, V1]), plain);
    assert_eq!(needs("yarn --frozen-lockfile --production=false", &[prepare, V1]), refusal);
    assert_eq!(needs("NODE_ENV=production yarn --frozen-lockfile", &[prepare, V1]), plain);
    assert_eq!(
        needs("NODE_ENV=production yarn --frozen-lockfile --production=false", &[prepare, V1]),
        refusal
    );
    assert_eq!(needs("yarn --frozen-lockfile --ignore-scripts", &[prepare, V1]), plain);
    let postinstall = ("package.json", r#"{"scripts": {"postinstall": "tsc"}}"#);
    assert!(needs("yarn --production", &[postinstall, V1]).starts_with("refused"));
    let quiet = needs("yarn --frozen-lockfile", &[postinstall, V1, (".yarnrc", "ignore-scripts true")]);
    assert_eq!(quiet, "install /app; files .yarnrc package.json yarn.lock; outputs node_modules");
}

#[test]
fn berry_reads_its_configuration() {
    let files = &[
        (
            "package.json",
            r#"{"packageManager": "yarn@4.1.0", "scripts": {"postinstall": "husky", "prepare": "tsc"}}"#,
        ),
        V8,
        (
            ".yarnrc.yml",
            "nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-4.1.0.cjs\nplugins:\n  - path: \
             .yarn/plugins/@yarnpkg/plugin-x.cjs\n    spec: \"@yarnpkg/plugin-x\"\nnpmAuthToken: \"${NPM_TOKEN:-}\"\n",
        ),
        (".yarn/releases/yarn-4.1.0.cjs", ""),
        (".yarn/plugins/@yarnpkg/plugin-x.cjs", ""),
        (".yarn/patches/a.patch", ""),
        (".yarn/cache/a.zip", ""),
        (".env.yarn", ""),
        ("src/x", ""),
    ];
    let expected = "install /app; files .env.yarn .yarn/plugins/@yarnpkg/plugin-x.cjs .yarn/releases/yarn-4.1.0.cjs \
                    .yarnrc.yml package.json yarn.lock; directories .yarn/patches; outputs .yarn/install-state.gz \
                    node_modules; variables NPM_TOKEN";
    for run in [
        "yarn install --immutable",
        "yarn --immutable --inline-builds",
        "yarn workspaces focus --production --immutable",
    ] {
        assert_eq!(needs(run, files), expected, "{run}");
    }
    assert_eq!(
        needs("yarn", files),
        format!(
            "{}; rewritten yarn.lock; variables NPM_TOKEN",
            expected.split("; variables").next().unwrap()
        )
    );
    for (yarnrc, reason) in [
        ("yarnPath: x.cjs", ".yarnrc.yml:1 hands over to x.cjs, which is not in the build context"),
        ("plugins:\n  - p.cjs", ".yarnrc.yml:2 loads the plugin p.cjs, which may read any source file"),
        (
            "plugins:\n  - path: p.cjs\n    spec: '@yarnpkg/plugin-x'",
            ".yarnrc.yml:2 loads p.cjs, which is not in the build context",
        ),
        ("a: [", ".yarnrc.yml:2 is not valid YAML"),
        ("- a", ".yarnrc.yml:1 is not a YAML mapping"),
    ] {
        let found = needs("yarn", &[("package.json", "{}"), V8, (".yarnrc.yml", yarnrc)]);
        assert_eq!(found, format!("refused: {reason}"));
    }
}

#[test]
fn berry_follows_workspaces_and_protocols() {
    let files = &[
        ("package.json", r#"{"workspaces": ["a"]}"#),
        V8,
        MODULES,
        (
            "a/package.json",
            r#"{"workspaces": ["b"], "dependencies": {"p": "portal:../p", "l": "link:../gone", "x": "file:../x",
            "q": "patch:q@npm%3A1.0.0#~/patches/q.patch"}}"#,
        ),
        ("a/b/package.json", "{}"),
        ("p/package.json", "{}"),
        ("p/index.js", ""),
        ("x/package.json", "{}"),
        ("patches/q.patch", ""),
    ];
    assert_eq!(
        needs("yarn --immutable", files),
        "install /app; files .yarnrc.yml a/b/package.json a/package.json p/package.json package.json patches/q.patch \
         yarn.lock; directories x; outputs .yarn/install-state.gz a/b/node_modules a/node_modules node_modules \
         p/node_modules x/node_modules"
    );
    let exec = ("package.json", "{\n \"dependencies\": {\"x\": \"exec:./gen.js\"}\n}");
    assert_eq!(
        needs("yarn", &[exec, V8]),
        "refused: package.json:2 depends on exec:./gen.js, which runs a script"
    );
    let patch = ("package.json", r#"{"resolutions": {"x": "patch:x@npm:1#./x.patch"}}"#);
    assert_eq!(
        needs("yarn", &[patch, V8]),
        "refused: package.json:1 depends on patch:x@npm:1#./x.patch, which is not in the build context"
    );
}

#[test]
fn berry_links_programs_of_the_root_too() {
    let manifest = ("package.json", r#"{"bin": "cli.js"}"#);
    assert!(
        needs("yarn", &[manifest, V8, MODULES, ("cli.js", "")]).starts_with("refused: package.json:1 names")
    );
    let linked = needs("yarn --immutable", &[manifest, V8, MODULES, ("cli.js +x", "")]);
    assert!(linked.contains("files .yarnrc.yml cli.js package.json"), "{linked}");
    assert!(needs("yarn", &[manifest, V8, ("cli.js", "")]).starts_with("install"));
}

#[test]
fn zero_installs_are_not_pruned() {
    let v6 = ("yarn.lock", "__metadata:\n  version: 6\n");
    let files = &[("package.json", "{}"), v6, MODULES, (".yarn/cache/a.zip", "")];
    assert_eq!(
        needs("yarn --immutable", files),
        "refused: .yarn/cache is part of the build context: the install may remove archives from it, which a later \
         COPY would bring back"
    );
    assert_eq!(
        needs("yarn --immutable --immutable-cache", files),
        "install /app; files .yarnrc.yml package.json yarn.lock; directories .yarn/cache; outputs \
         .yarn/install-state.gz node_modules"
    );
    let pnp = needs("yarn --immutable", &[("package.json", "{}"), V8]);
    assert_eq!(
        pnp,
        "install /app; files package.json yarn.lock; outputs .pnp.cjs .pnp.loader.mjs .yarn/install-state.gz \
         .yarn/unplugged node_modules"
    );
    // Version 4 keeps its archives there only where it is told to.
    let local = (".yarnrc.yml", "nodeLinker: node-modules\nenableGlobalCache: false\n");
    let files = &[("package.json", "{}"), V8, local, (".yarn/cache/a.zip", "")];
    assert!(
        needs("yarn --immutable", files).starts_with("refused: .yarn/cache is part of the build context")
    );
    assert_eq!(
        needs("yarn --immutable --immutable-cache", files),
        "install /app; files .yarnrc.yml package.json yarn.lock; directories .yarn/cache; outputs \
         .yarn/install-state.gz node_modules"
    );
}

#[test]
fn aims_the_cache_at_the_user() {
    let classic = &[("package.json", "{}"), V1];
    for (dockerfile, expected) in [
        ("FROM node:20\nRUN yarn", "/usr/local/share/.cache/yarn pure locked"),
        ("FROM node:20\nENV XDG_CACHE_HOME=/x\nRUN yarn", "/x/yarn pure locked"),
        ("FROM node:20\nENV YARN_CACHE_FOLDER=/y\nRUN yarn", "/y pure locked"),
        ("FROM node:20\nRUN yarn --cache-folder /z", "/z pure locked"),
        ("FROM node:20\nRUN yarn global add serve", "/usr/local/share/.cache/yarn pure locked"),
        ("FROM node:20\nUSER node\nRUN yarn --ignore-scripts", "/home/node/.cache/yarn pure locked"),
        (
            "FROM node:20\nUSER node\nRUN yarn",
            "refused: a mount at /home/node/.cache/yarn would leave its parent to root, and install scripts may write \
             beside it",
        ),
        (
            "FROM node:20\nUSER node\nENV YARN_CACHE_FOLDER=/home/node/.yarn\nRUN yarn",
            "/home/node/.yarn pure locked",
        ),
        ("FROM node:20\nRUN yarn cache clean", ""),
        ("FROM node:20\nRUN yarn config set x y", ""),
        (
            "FROM node:20\nARG C\nRUN yarn --cache-folder=$C",
            "refused: --cache-folder names a directory that is only known in the build",
        ),
    ] {
        let dockerfile = dockerfile.replacen('\n', "\nCOPY package.json yarn.lock /\n", 1);
        assert_eq!(caches(&dockerfile, classic), expected, "{dockerfile}");
    }
    let dockerfile = format!("{APP}yarn");
    assert_eq!(
        caches(&dockerfile, &[classic[0], V1, (".yarnrc", "cache-folder \".c\"")]),
        "/app/.c pure locked"
    );
    // Of a project that `turbo prune` made in another stage, only the options tell which yarn installs it.
    let refused = "refused: the project's files are not known, and";
    for files in [&[][..], &[("src/x", "")]] {
        let plan = |run: &str| caches(&format!("FROM node:20\nWORKDIR /app\nRUN {run}"), files);
        for run in ["yarn --frozen-lockfile", "yarn install --production", "yarn global add x"] {
            assert_eq!(plan(run), "/usr/local/share/.cache/yarn pure locked", "{run}");
        }
        for run in ["yarn", "yarn install", "yarn add x"] {
            let reason = format!("{refused} yarn 1 keeps its cache elsewhere than later versions");
            assert_eq!(plan(run), reason, "{run}");
        }
        for run in ["yarn --immutable", "yarn workspaces focus --production", "yarn --mode=skip-build"] {
            let reason = format!("{refused} with Plug'n'Play programs read their packages from yarn's cache");
            assert_eq!(plan(run), reason, "{run}");
        }
    }
}

#[test]
fn berry_shares_one_cache() {
    let dockerfile = format!("{APP}yarn");
    let berry = &[("package.json", "{}"), V8, MODULES];
    assert_eq!(caches(&dockerfile, berry), "/root/.yarn/berry/cache pure locked");
    let user = "FROM node:20\nUSER node\nWORKDIR /app\nCOPY . .\nRUN yarn";
    assert_eq!(caches(user, berry), "/home/node/.yarn/berry pure locked");
    let v6 = ("yarn.lock", "__metadata:\n  version: 6\n");
    assert_eq!(caches(&dockerfile, &[berry[0], v6]), "/root/.yarn/berry/cache pure locked");
    for (yarnrc, reason) in [
        ("", "with Plug'n'Play, programs read their packages from yarn's cache when they run"),
        (
            "nodeLinker: node-modules\nnmMode: hardlinks-global",
            "nmMode: hardlinks-global keeps packages in yarn's global folder",
        ),
        (
            "nodeLinker: node-modules\nglobalFolder: ./g",
            "globalFolder names the cache in a way that dockfix does not read",
        ),
        (
            "nodeLinker: node-modules\nglobalFolder: ${GLOBAL}/g",
            "globalFolder names the cache in a way that dockfix does not read",
        ),
    ] {
        assert_eq!(
            caches(&dockerfile, &[berry[0], V8, (".yarnrc.yml", yarnrc)]),
            format!("refused: {reason}")
        );
    }
    let home = (".yarnrc.yml", "nodeLinker: pnpm\nglobalFolder: ${HOME}/yg");
    assert_eq!(caches(&dockerfile, &[berry[0], V8, home]), "/root/yg/cache pure locked");
    let off = (".yarnrc.yml", "nodeLinker: pnpm\nenableGlobalCache: false\nenableMirror: false");
    assert_eq!(caches(&dockerfile, &[berry[0], V8, off]), "");
}

/// Yarn 2 and later do not run `prepare`.
#[test]
fn every_lifecycle_script_counts() {
    let classic = &["preinstall", "install", "postinstall", "prepublish", "prepare"][..];
    for (lock, scripts) in [(V1, classic), (V8, &classic[..3])] {
        for script in scripts {
            let manifest = format!(r#"{{"scripts": {{"{script}": "tsc"}}}}"#);
            let found = needs("yarn", &[("package.json", &manifest), lock]);
            assert!(
                found.starts_with(&format!("refused: package.json:1 runs \"tsc\" on install ({script})")),
                "{found}"
            );
            let quiet = needs("yarn --ignore-scripts", &[("package.json", &manifest), lock]);
            assert!(quiet.starts_with("install /app"), "{quiet}");
        }
    }
    let prepare = needs("yarn", &[("package.json", r#"{"scripts": {"prepare": "tsc"}}"#), V8]);
    assert!(prepare.starts_with("install /app"), "{prepare}");
}

#[test]
fn patch_package_needs_its_patches() {
    let manifest = ("package.json", r#"{"scripts": {"postinstall": "yarn patch-package"}}"#);
    let patch = ("patches/a+1.0.0.patch", "");
    assert_eq!(
        needs("yarn --frozen-lockfile", &[manifest, V1, patch, ("src/x.js", "")]),
        "install /app; files package.json yarn.lock; directories patches; outputs node_modules"
    );
    assert_eq!(
        needs("yarn --immutable", &[manifest, V8, MODULES, patch, ("src/x.js", "")]),
        "install /app; files .yarnrc.yml package.json yarn.lock; directories patches; outputs \
         .yarn/install-state.gz node_modules"
    );
}
